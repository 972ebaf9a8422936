/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "storage.h"

#include <gio/gio.h>

#define BLOCK_SIZE_MAX (2u << 20)

Drive *
storage_attach_drive (Device *dev, const char *name, GError **error)
{
  if (name == NULL || *name == '\0') {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s (%s) has no drive; say drive=ID, with the id of a -drive if=none,id=ID,file=…",
                 dev->path, dev->class->name);
    return NULL;
  }
  Drive *drive = drive_find (name);
  if (drive == NULL) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
        "%s (%s): there is no drive ‘%s’; declare it with -drive if=none,id=%s,file=… before the device",
        dev->path, dev->class->name, name, name);
    return NULL;
  }
  return drive_attach (drive, dev->path, error) ? drive : NULL;
}

static bool
is_block_size (uint64_t size)
{
  return size >= 512 && size <= BLOCK_SIZE_MAX && (size & (size - 1)) == 0;
}

bool
storage_bad_prop (Device *dev, const char *prop, const char *want, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s (%s): %s must be %s", dev->path,
               dev->class->name, prop, want);
  return false;
}

bool
storage_sizes (Device *dev, uint64_t logical, uint64_t physical, uint64_t min_io, uint64_t opt_io,
               StorageSizes *ret_sizes, GError **error)
{
  if (physical == 0)
    physical = MAX (logical, 512);
  if (!is_block_size (logical))
    return storage_bad_prop (dev, "logical_block_size", "a power of two from 512 to 2 MiB", error);
  if (!is_block_size (physical) || physical < logical)
    return storage_bad_prop (dev, "physical_block_size",
                             "a power of two from the logical block size to 2 MiB", error);
  if (min_io % logical != 0 || min_io / logical > UINT16_MAX)
    return storage_bad_prop (dev, "min_io_size", "a multiple of the logical block size, at most 65535 blocks",
                             error);
  if (opt_io % logical != 0 || opt_io > UINT32_MAX)
    return storage_bad_prop (dev, "opt_io_size", "a multiple of the logical block size below 4 GiB", error);
  *ret_sizes = (StorageSizes){ (uint32_t)logical, (uint32_t)physical, (uint32_t)min_io, (uint32_t)opt_io };
  return true;
}

const struct iovec *
storage_payload (const struct iovec *iov, unsigned n, size_t skip, size_t size, int *ret_n,
                 struct iovec **ret_copy)
{
  while (n != 0 && skip >= iov->iov_len) {
    skip -= iov->iov_len;
    iov++;
    n--;
  }
  size_t whole = 0;
  unsigned used = 0;
  while (used < n && whole < size + skip)
    whole += iov[used++].iov_len;
  *ret_n = (int)used;
  *ret_copy = NULL;
  if (G_LIKELY (used == 0 || (skip == 0 && whole == size)))
    return iov;
  struct iovec *copy = g_memdup2 (iov, used * sizeof *iov);
  copy[used - 1].iov_len -= whole - skip - size;
  copy[0].iov_base = (uint8_t *)copy[0].iov_base + skip;
  copy[0].iov_len -= skip;
  return *ret_copy = copy;
}
