/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "block-int.h"
#include "create.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* raw: the file's bytes are the disk's. */

static bool
raw_open (Block *block, GError **error)
{
  int64_t length = file_length (block->file);
  if (length < 0) {
    set_error_errno (error, (int)-length, "%s: its size cannot be found", block->path);
    return false;
  }
  block->size = ((uint64_t)length + SECTOR_SIZE - 1) & ~(uint64_t)(SECTOR_SIZE - 1);
  return true;
}

static int
raw_close (Block *block)
{
  return file_sync (block->file);
}

/* Sector 0 of an image whose format was guessed. */
static bool
is_guarded (Block *block, uint64_t offset)
{
  return block->probed && offset < SECTOR_SIZE;
}

static unsigned
raw_map (Block *block, bool write, uint64_t offset, uint64_t size, BlockSegment *segments, unsigned max)
{
  if (write && is_guarded (block, offset))
    return 0;
  segments[0] = (BlockSegment){ block->file, offset, size };
  return 1;
}

static int
raw_preadv (Block *block, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov)
{
  return file_preadv (block->file, offset, iov, n_iov);
}

/* A guest must not make its raw disk look like an image in a format that can name other files of the host:
 * whoever guessed "raw" now would guess otherwise next time. */
static int
check_guard (Block *block, uint64_t offset, const struct iovec *iov, int n_iov)
{
  uint8_t head[SECTOR_SIZE];
  const char *foreign;
  uint64_t size = MIN (iov_size (iov, n_iov), SECTOR_SIZE - offset);
  int result = file_pread (block->file, 0, head, sizeof head);
  if (result < 0)
    return result;
  iov_to_buffer (iov, n_iov, 0, head + offset, size);
  return block_format_probe (head, sizeof head, &foreign) || foreign ? -EPERM : 0;
}

static int
raw_pwritev (Block *block, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov)
{
  int result = is_guarded (block, offset) ? check_guard (block, offset, iov, n_iov) : 0;
  return result < 0 ? result : file_pwritev (block->file, offset, iov, n_iov);
}

static int
raw_write_zeroes (Block *block, uint64_t offset, uint64_t size, bool may_unmap)
{
  return file_write_zeroes (block->file, offset, size, may_unmap);
}

static int
raw_discard (Block *block, uint64_t offset, uint64_t size)
{
  file_punch (block->file, offset, size);
  return 0;
}

static int
raw_flush (Block *block)
{
  return file_sync (block->file);
}

static bool
raw_is_clean (Block *block)
{
  return true;
}

static int
raw_extent (Block *block, uint64_t offset, uint64_t size, BlockExtent *ret_extent)
{
  bool data;
  ret_extent->size = file_extent (block->file, offset, size, &data);
  ret_extent->flags = BLOCK_OFFSET_VALID | BLOCK_ALLOCATED | (data ? BLOCK_DATA : BLOCK_ZERO);
  ret_extent->file_offset = offset;
  return 0;
}

static bool
raw_resize (Block *block, uint64_t size, bool shrink, GError **error)
{
  int result = file_truncate (block->file, size);
  if (result < 0) {
    set_error_errno (error, -result, "%s: cannot be resized", block->path);
    return false;
  }
  __atomic_store_n (&block->size, size, __ATOMIC_RELAXED);
  return true;
}

static bool
raw_create (const char *path, const BlockCreate *create, GError **error)
{
  static const char *const names[] = { "size", "preallocation", NULL };
  CreateOptions options;
  if (!create_parse (path, create, names, &options, error))
    return false;
  bool ok = false;
  if (options.preallocation == PREALLOCATION_METADATA)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: a raw image has no metadata to preallocate (preallocation=off, falloc or full)", path);
  else {
    BlockFile *file = create_file (path, error);
    ok = file && create_space (file, options.size, options.preallocation, error);
    ok = create_finish (file, ok);
  }
  create_options_clear (&options);
  return ok;
}

const BlockFormat block_format_raw = {
  .name = "raw",
  .open = raw_open,
  .close = raw_close,
  .map = raw_map,
  .preadv = raw_preadv,
  .pwritev = raw_pwritev,
  .write_zeroes = raw_write_zeroes,
  .discard = raw_discard,
  .flush = raw_flush,
  .is_clean = raw_is_clean,
  .extent = raw_extent,
  .resize = raw_resize,
  .create = raw_create,
};
