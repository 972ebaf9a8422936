/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "block-int.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Requests done by the calling thread, and what formats answer at once. */

static int
do_write (Block *block, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov)
{
  if (block->options.detect_zeroes && iov_is_zero (iov, n_iov))
    return block->format->write_zeroes (block, offset, size, block->options.discard);
  return block->format->pwritev (block, offset, size, iov, n_iov);
}

int
block_do (Block *block, BlockOp op, unsigned flags, uint64_t offset, uint64_t size, const struct iovec *iov,
          int n_iov)
{
  const BlockFormat *format = block->format;
  bool may_unmap = flags & BLOCK_REQ_MAY_UNMAP && block->options.discard;
  int result = 0;
  switch (op) {
    case BLOCK_READ: return format->preadv (block, offset, size, iov, n_iov);
    case BLOCK_FLUSH: return format->flush (block);
    case BLOCK_DISCARD: return block->options.discard ? format->discard (block, offset, size) : 0;
    case BLOCK_WRITE: result = do_write (block, offset, size, iov, n_iov); break;
    case BLOCK_WRITE_ZEROES: result = format->write_zeroes (block, offset, size, may_unmap); break;
  }
  if (result == 0 && (flags & BLOCK_REQ_FUA || block->writethrough))
    result = format->flush (block);
  return result;
}

int
block_request_error (Block *block, BlockOp op, uint64_t offset, uint64_t size)
{
  if (op == BLOCK_FLUSH)
    return 0;
  uint64_t end = block_bytes (block);
  if (offset > end || size > end - offset)
    return -EIO;
  return op != BLOCK_READ && block->read_only ? -EROFS : 0;
}

int
block_read_chain (Block *block, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov)
{
  uint64_t end = block_bytes (block), here = offset < end ? MIN (size, end - offset) : 0;
  if (here < size)
    iov_zero (iov, n_iov, here, size - here);
  if (here == 0)
    return 0;
  if (here == size)
    return block->format->preadv (block, offset, size, iov, n_iov);
  g_autofree struct iovec *part = g_new (struct iovec, n_iov);
  int n = iov_slice (part, iov, n_iov, 0, here);
  return block->format->preadv (block, offset, here, part, n);
}

static int
sync_request (Block *block, BlockOp op, unsigned flags, uint64_t offset, const void *buffer, uint64_t size)
{
  int result = block_request_error (block, op, offset, size);
  if (result < 0 || (size == 0 && op != BLOCK_FLUSH))
    return result;
  block_count (block, op, size);
  struct iovec iov = { (void *)buffer, size };
  return block_do (block, op, flags, offset, size, &iov, buffer ? 1 : 0);
}

/* Bytes as an int: a buffer of 2 GiB and more is not for these. */
static int
bytes_or_error (int result, uint64_t size)
{
  return result < 0 ? result : (int)size;
}

int
block_pread (Block *block, uint64_t offset, void *buffer, uint64_t size)
{
  return size > INT_MAX ? -EINVAL
                        : bytes_or_error (sync_request (block, BLOCK_READ, 0, offset, buffer, size), size);
}

int
block_pwrite (Block *block, uint64_t offset, const void *buffer, uint64_t size)
{
  return size > INT_MAX ? -EINVAL
                        : bytes_or_error (sync_request (block, BLOCK_WRITE, 0, offset, buffer, size), size);
}

int
block_pwrite_zeroes (Block *block, uint64_t offset, uint64_t size, unsigned flags)
{
  return sync_request (block, BLOCK_WRITE_ZEROES, flags, offset, NULL, size);
}

int
block_discard (Block *block, uint64_t offset, uint64_t size)
{
  return sync_request (block, BLOCK_DISCARD, 0, offset, NULL, size);
}

int
block_flush (Block *block)
{
  return sync_request (block, BLOCK_FLUSH, 0, 0, NULL, 0);
}

int
block_pwrite_compressed (Block *block, uint64_t offset, const void *buffer, uint64_t size)
{
  int result = size > INT_MAX ? -EINVAL : block_request_error (block, BLOCK_WRITE, offset, size);
  if (result < 0 || size == 0)
    return result;
  if (!block->format->pwrite_compressed)
    return -ENOTSUP;
  block_count (block, BLOCK_WRITE, size);
  return bytes_or_error (block->format->pwrite_compressed (block, offset, buffer, size), size);
}

int
block_extent (Block *block, uint64_t offset, uint64_t size, BlockExtent *ret_extent)
{
  uint64_t end = block_bytes (block);
  if (offset >= end)
    return -EINVAL;
  *ret_extent = (BlockExtent){ .start = offset, .size = MIN (size, end - offset), .path = block->path };
  return block->format->extent (block, offset, ret_extent->size, ret_extent);
}

int
block_resize (Block *block, uint64_t size, bool shrink, GError **error)
{
  const char *problem = NULL;
  if (block->read_only)
    problem = "opened read-only";
  else if (size % SECTOR_SIZE != 0)
    problem = "the new size is not a multiple of 512 bytes";
  else if (size == 0 || size > BLOCK_MAX_SIZE)
    problem = "the new size is not possible";
  else if (size < block_bytes (block) && !shrink)
    problem = "shrinking loses what lies beyond the new end, and must be asked for (--shrink)";
  if (problem) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s: cannot be resized: %s", block->path,
                 problem);
    return -EINVAL;
  }
  block_drain (block);
  return block->format->resize (block, size, shrink, error) ? 0 : -EIO;
}

BlockInfo *
block_info (Block *block, GError **error)
{
  int64_t length = file_length (block->file);
  BlockInfo *info = g_new0 (BlockInfo, 1);
  *info = (BlockInfo){ .format = block->format->name,
                       .virtual_size = block_bytes (block),
                       .disk_size = file_disk_size (block->file),
                       .file_size = length > 0 ? (uint64_t)length : 0,
                       .backing_file = g_strdup (block->backing_name),
                       .backing_path = block->backing ? g_strdup (block->backing->path)
                                                      : block_backing_path (block, NULL),
                       .backing_format = g_strdup (block->backing_format) };
  info->snapshots = g_ptr_array_new ();
  info->bitmaps = g_ptr_array_new ();
  if (block->format->info && !block->format->info (block, info, error)) {
    block_info_free (info);
    return NULL;
  }
  return info;
}

void
block_info_free (BlockInfo *info)
{
  if (!info)
    return;
  for (unsigned i = 0; i < info->snapshots->len; i++) {
    BlockSnapshot *snapshot = info->snapshots->pdata[i];
    g_free (snapshot->id);
    g_free (snapshot->name);
    g_free (snapshot);
  }
  for (unsigned i = 0; i < info->bitmaps->len; i++) {
    BlockBitmap *bitmap = info->bitmaps->pdata[i];
    g_free (bitmap->name);
    g_free (bitmap);
  }
  g_ptr_array_unref (info->snapshots);
  g_ptr_array_unref (info->bitmaps);
  g_free (info->backing_file);
  g_free (info->backing_path);
  g_free (info->backing_format);
  g_free (info);
}
