/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "block-int.h"

#include "hostfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The host's file, and what O_DIRECT asks of memory and offsets. */

#define BOUNCE_SIZE       (1u << 20)
#define DEFAULT_ALIGNMENT 4096u

void
set_error_errno (GError **error, int saved_errno, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s: %s", text,
               g_strerror (saved_errno));
}

static void
open_error (const char *path, bool writable, BlockCache cache, int saved_errno, GError **error)
{
  const char *remedy = "";
  if (saved_errno == ENOENT)
    remedy = " (create it with vitrine-img create, or correct the path)";
  else if (saved_errno == EACCES || saved_errno == EPERM)
    remedy = writable ? " (give write permission, or open it with readonly=on)" : " (give read permission)";
  else if (saved_errno == EROFS)
    remedy = " (open it with readonly=on)";
  else if (saved_errno == EINVAL && (cache == BLOCK_CACHE_NONE || cache == BLOCK_CACHE_DIRECTSYNC))
    remedy = " (its file system has no direct I/O: use cache=writeback)";
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s: cannot be opened: %s%s", path,
               g_strerror (saved_errno), remedy);
}

/* What direct I/O on the file must be aligned to: asked of the kernel, which older ones cannot say. */
static uint32_t
direct_alignment (int fd)
{
#ifdef STATX_DIOALIGN
  struct statx stx;
  if (statx (fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 && stx.stx_mask & STATX_DIOALIGN &&
      stx.stx_dio_offset_align)
    return MAX (MAX (stx.stx_dio_offset_align, stx.stx_dio_mem_align), SECTOR_SIZE);
#endif
  return DEFAULT_ALIGNMENT;
}

static bool
check_type (int fd, const char *path, bool *ret_device, GError **error)
{
  struct stat st;
  if (fstat (fd, &st) < 0) {
    set_error_errno (error, errno, "%s", path);
    return false;
  }
  *ret_device = S_ISBLK (st.st_mode);
  if (S_ISREG (st.st_mode) || S_ISBLK (st.st_mode))
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "%s: %s, not a disk image", path,
               S_ISDIR (st.st_mode) ? "a directory" : "neither a file nor a block device");
  return false;
}

BlockFile *
file_open (const char *path, bool writable, BlockCache cache, GError **error)
{
  bool direct = cache == BLOCK_CACHE_NONE || cache == BLOCK_CACHE_DIRECTSYNC;
  /* Without O_NONBLOCK a FIFO would be waited for. */
  int fd = host_file_open (path, (writable ? O_RDWR : O_RDONLY) | (direct ? O_DIRECT : 0) | O_NONBLOCK, 0);
  if (fd < 0) {
    open_error (path, writable, cache, errno, error);
    return NULL;
  }
  bool is_device;
  if (!check_type (fd, path, &is_device, error)) {
    close (fd);
    return NULL;
  }
  struct statfs fs;
  BlockFile *file = g_new0 (BlockFile, 1);
  *file = (BlockFile){ .fd = fd,
                       .path = g_strdup (path),
                       .writable = writable,
                       .direct = direct,
                       .in_memory = fstatfs (fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC,
                       .no_sync = cache == BLOCK_CACHE_UNSAFE,
                       .is_device = is_device,
                       .alignment = direct ? direct_alignment (fd) : 1 };
  g_mutex_init (&file->unaligned_lock);
  return file;
}

void
file_close (BlockFile *file)
{
  if (!file)
    return;
  close (file->fd);
  g_mutex_clear (&file->unaligned_lock);
  g_free (file->path);
  g_free (file);
}

int64_t
file_length (BlockFile *file)
{
  struct stat st;
  if (fstat (file->fd, &st) < 0)
    return -errno;
  if (!file->is_device)
    return st.st_size;
  uint64_t size;
  return ioctl (file->fd, BLKGETSIZE64, &size) < 0 ? -errno : (int64_t)MIN (size, INT64_MAX);
}

uint64_t
file_disk_size (BlockFile *file)
{
  struct stat st;
  return fstat (file->fd, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
}

bool
file_aligned (const BlockFile *file, uint64_t offset, const struct iovec *iov, int n_iov)
{
  if (!file->direct)
    return true;
  uint64_t bits = offset;
  for (int i = 0; i < n_iov; i++)
    bits |= (uintptr_t)iov[i].iov_base | iov[i].iov_len;
  return (bits & (file->alignment - 1)) == 0;
}

/* Moves [offset, offset + iov's size) whole, however few bytes the kernel moves at a time. */
static int
transfer (BlockFile *file, bool write, uint64_t offset, const struct iovec *iov, int n_iov)
{
  struct iovec stack[16];
  g_autofree struct iovec *heap = n_iov > G_N_ELEMENTS (stack) ? g_new (struct iovec, n_iov) : NULL;
  struct iovec *part = heap ? heap : stack;
  uint64_t total = iov_size (iov, n_iov), done = 0;
  while (done < total) {
    int n = MIN (iov_slice (part, iov, n_iov, done, total - done), IOV_MAX);
    ssize_t got = write ? pwritev (file->fd, part, n, (off_t)(offset + done))
                        : preadv (file->fd, part, n, (off_t)(offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return -errno;
    if (got == 0 && write)
      return -ENOSPC;
    if (got == 0) {
      iov_zero (iov, n_iov, done, total - done);
      return 0;
    }
    done += got;
    /* A short direct read ends at the file's end; going on from there would not be aligned. */
    if (!write && file->direct && done & (file->alignment - 1)) {
      iov_zero (iov, n_iov, done, total - done);
      return 0;
    }
  }
  return 0;
}

static int
transfer_buffer (BlockFile *file, bool write, uint64_t offset, void *buffer, size_t size)
{
  struct iovec iov = { buffer, size };
  return transfer (file, write, offset, &iov, 1);
}

/* Through a buffer that is aligned, one piece of it at a time. */
static int
transfer_bounced (BlockFile *file, bool write, uint64_t offset, const struct iovec *iov, int n_iov)
{
  uint64_t total = iov_size (iov, n_iov), mask = file->alignment - 1;
  uint8_t *buffer = aligned_alloc (MAX (file->alignment, 4096), BOUNCE_SIZE);
  if (!buffer)
    return -ENOMEM;
  int result = 0;
  for (uint64_t done = 0; done < total && result == 0;) {
    uint64_t at = offset + done, start = at & ~mask;
    uint64_t size = MIN (total - done, BOUNCE_SIZE - (at - start)),
             aligned = (at - start + size + mask) & ~mask;
    bool whole = start == at && aligned == size;
    if (write && !whole)
      g_mutex_lock (&file->unaligned_lock);
    if (!write || !whole)
      result = transfer_buffer (file, false, start, buffer, aligned);
    if (write && result == 0) {
      iov_to_buffer (iov, n_iov, done, buffer + (at - start), size);
      result = transfer_buffer (file, true, start, buffer, aligned);
    } else if (result == 0)
      iov_from_buffer (iov, n_iov, done, buffer + (at - start), size);
    if (write && !whole)
      g_mutex_unlock (&file->unaligned_lock);
    done += size;
  }
  free (buffer);
  return result;
}

static int
move (BlockFile *file, bool write, uint64_t offset, const struct iovec *iov, int n_iov)
{
  if (write && !file->writable)
    return -EROFS;
  if (offset > INT64_MAX || iov_size (iov, n_iov) > INT64_MAX - offset)
    return -EFBIG;
  return file_aligned (file, offset, iov, n_iov) ? transfer (file, write, offset, iov, n_iov)
                                                 : transfer_bounced (file, write, offset, iov, n_iov);
}

int
file_preadv (BlockFile *file, uint64_t offset, const struct iovec *iov, int n_iov)
{
  return move (file, false, offset, iov, n_iov);
}

int
file_pwritev (BlockFile *file, uint64_t offset, const struct iovec *iov, int n_iov)
{
  return move (file, true, offset, iov, n_iov);
}

int
file_pread (BlockFile *file, uint64_t offset, void *buffer, size_t size)
{
  struct iovec iov = { buffer, size };
  return file_preadv (file, offset, &iov, 1);
}

int
file_pwrite (BlockFile *file, uint64_t offset, const void *buffer, size_t size)
{
  struct iovec iov = { (void *)buffer, size };
  return file_pwritev (file, offset, &iov, 1);
}

/* After a failed fsync the kernel takes the lost pages for written: asking again would say all is well. */
int
file_sync (BlockFile *file)
{
  if (file->no_sync || !file->writable)
    return 0;
  int lost = g_atomic_int_get (&file->sync_error);
  if (lost)
    return -lost;
  int result;
  do
    result = fdatasync (file->fd);
  while (result < 0 && errno == EINTR);
  if (result == 0 || errno == EINVAL)
    return 0;
  int saved_errno = errno;
  if (!file->direct)
    g_atomic_int_set (&file->sync_error, saved_errno);
  return -saved_errno;
}

static int
write_zero_bytes (BlockFile *file, uint64_t offset, uint64_t size)
{
  size_t step = MIN (size, BOUNCE_SIZE);
  /* For direct I/O whole aligned units need no copy. */
  void *zeroes = aligned_alloc (4096, (step + 4095) & ~(size_t)4095);
  if (!zeroes)
    return -ENOMEM;
  memset (zeroes, 0, step);
  int result = 0;
  for (uint64_t done = 0; done < size && result == 0; done += step)
    result = file_pwrite (file, offset + done, zeroes, MIN (step, size - done));
  free (zeroes);
  return result;
}

/* True if fallocate() did it; false where the file or its system has no such thing. *ret_result is a real
 * failure. */
static bool
try_fallocate (BlockFile *file, int mode, uint64_t offset, uint64_t size, int *ret_result)
{
  int result;
  do
    result = fallocate (file->fd, mode, (off_t)offset, (off_t)size);
  while (result < 0 && errno == EINTR);
  *ret_result = result < 0 ? -errno : 0;
  return result == 0 ||
         !(errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL || errno == ENODEV || errno == EPERM);
}

int
file_write_zeroes (BlockFile *file, uint64_t offset, uint64_t size, bool may_unmap)
{
  if (!file->writable)
    return -EROFS;
  int result;
  int64_t length = file_length (file);
  if (length < 0)
    return (int)length;
  /* A hole punched beyond the end would not make the file longer. */
  if (may_unmap && offset + size <= (uint64_t)length &&
      try_fallocate (file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size, &result))
    return result;
  if (size >= 65536 && try_fallocate (file, FALLOC_FL_ZERO_RANGE, offset, size, &result))
    return result;
  return write_zero_bytes (file, offset, size);
}

int
file_reserve (BlockFile *file, uint64_t offset, uint64_t size)
{
  int result;
  try_fallocate (file, 0, offset, size, &result);
  return result;
}

void
file_punch (BlockFile *file, uint64_t offset, uint64_t size)
{
  int result;
  if (file->writable && size > 0)
    try_fallocate (file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size, &result);
}

int
file_truncate (BlockFile *file, uint64_t size)
{
  if (size > INT64_MAX)
    return -EFBIG;
  if (file->is_device) {
    int64_t length = file_length (file);
    return length < 0 ? (int)length : (uint64_t)length >= size ? 0 : -ENOSPC;
  }
  return ftruncate (file->fd, (off_t)size) < 0 ? -errno : 0;
}

uint64_t
file_extent (BlockFile *file, uint64_t offset, uint64_t size, bool *ret_data)
{
  *ret_data = true;
  off_t data = lseek (file->fd, (off_t)offset, SEEK_DATA);
  if (data < 0 && errno == ENXIO) {
    *ret_data = false;
    return size;
  }
  if (data < 0)
    return size;
  if ((uint64_t)data > offset) {
    *ret_data = false;
    return MIN (size, (uint64_t)data - offset);
  }
  off_t hole = lseek (file->fd, (off_t)offset, SEEK_HOLE);
  return hole <= data ? size : MIN (size, (uint64_t)hole - offset);
}
