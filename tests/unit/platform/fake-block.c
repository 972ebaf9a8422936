/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "fake-block.h"
#include <string.h>

uint64_t
block_size (Block *block)
{
  return block->size;
}

bool
block_read_only (Block *block)
{
  return block->read_only;
}

const char *
block_path (Block *block)
{
  return "fake.img";
}

static bool
in_range (Block *block, uint64_t offset, uint64_t size)
{
  return offset % 512 == 0 && size % 512 == 0 && offset + size <= block->size;
}

int
block_pread (Block *block, uint64_t offset, void *buffer, uint64_t size)
{
  g_assert_true (in_range (block, offset, size));
  if (block->fail != 0)
    return block->fail;
  memcpy (buffer, block->data + offset, size);
  return (int)size;
}

int
block_pwrite (Block *block, uint64_t offset, const void *buffer, uint64_t size)
{
  g_assert_true (in_range (block, offset, size));
  g_assert_false (block->read_only);
  if (block->fail != 0)
    return block->fail;
  memcpy (block->data + offset, buffer, size);
  block->writes++;
  return (int)size;
}
