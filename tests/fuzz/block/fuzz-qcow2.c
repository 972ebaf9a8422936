/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The input is a qcow2 image: it is checked, opened, read, written to and checked again. */

#include "block.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { PIECE = 8192, MOST = 1 << 20 };

/* Places worth a look: the ends, and some in between. */
static uint64_t
place (Block *block, unsigned i)
{
  uint64_t size = block_size (block);
  uint64_t at = i == 0 ? 0 : i == 1 ? size - MIN (size, PIECE) : size / 7 * (i - 1);
  return at & ~UINT64_C (511);
}

static void
read_all (Block *block)
{
  static uint8_t buffer[PIECE];
  for (unsigned i = 0; i < 8; i++) {
    BlockExtent extent;
    uint64_t at = place (block, i);
    block_pread (block, at, buffer, MIN (PIECE, block_size (block) - at));
    block_extent (block, at, block_size (block) - at, &extent);
  }
  g_autoptr (BlockInfo) info = block_info (block, NULL);
}

static void
write_some (Block *block)
{
  static uint8_t buffer[PIECE];
  memset (buffer, 0x5a, sizeof buffer);
  for (unsigned i = 0; i < 8; i++) {
    uint64_t at = place (block, i), n = MIN (PIECE, block_size (block) - at);
    switch (i % 4) {
      case 0: block_pwrite (block, at, buffer, n); break;
      case 1: block_pwrite_zeroes (block, at, n, BLOCK_REQ_MAY_UNMAP); break;
      case 2: block_discard (block, at, n); break;
      case 3: block_pwrite_compressed (block, at, buffer, MIN (n, 512)); break;
    }
  }
  block_flush (block);
  if (block_size (block) < MOST)
    block_resize (block, MOST, false, NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  int fd = memfd_create ("image", MFD_CLOEXEC);
  if (fd < 0 || write (fd, data, size) != (ssize_t)size)
    abort ();
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  BlockCheck check;
  BlockOptions options = { .format = "qcow2", .read_only = true, .no_backing = true };
  block_check (path, &(BlockOptions){ .format = "qcow2" }, 0, NULL, NULL, NULL, &check, NULL);
  Block *block = block_open (path, &options, NULL);
  if (block) {
    read_all (block);
    block_close (block);
  }
  options.read_only = false;
  options.discard = true;
  block = block_open (path, &options, NULL);
  if (block) {
    write_some (block);
    read_all (block);
    block_close (block);
  }
  block_check (path, &(BlockOptions){ .format = "qcow2" }, BLOCK_REPAIR_ALL, NULL, NULL, NULL, &check, NULL);
  close (fd);
  return 0;
}
