/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files: 64-bit offsets in register pairs, statx, directories, vectors. */
#include "runtime.h"

#include <asm/statfs.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <linux/uio.h>

#define BIG 0x123456789aULL

static char dir[] = "/tmp/rv32-file-000000";

static void
make_dir (void)
{
  uint32_t pid = (uint32_t)CALL (getpid);
  for (char *p = dir + sizeof dir - 2; *p == '0'; p--, pid /= 10)
    *p = (char)('0' + pid % 10);
  CHECK_OK (CALL (mkdirat, AT_FDCWD, dir, 0700));
  CHECK_OK (CALL (chdir, dir));
}

static long
open_file (const char *name, int flags)
{
  return CALL (openat, AT_FDCWD, name, flags, 0600);
}

static void
test_offsets (void)
{
  char text[8];
  uint64_t where = 1;
  long fd = open_file ("big", O_RDWR | O_CREAT);
  CHECK_OK (fd);
  CHECK_EQ (CALL (pwrite64, fd, "hello", 5, PAIR (BIG)), 5);
  CHECK_EQ (CALL (pread64, fd, text, 8, PAIR (BIG)), 5);
  CHECK (memcmp (text, "hello", 5) == 0);
  CHECK_EQ (CALL (pread64, fd, text, 8, PAIR (BIG + 3)), 2);
  CHECK_EQ (CALL (llseek, fd, BIG >> 32, (uint32_t)BIG, &where, SEEK_SET), 0);
  CHECK (where == BIG);
  CHECK_EQ (CALL (read, fd, text, 3), 3);
  CHECK_EQ (CALL (llseek, fd, 0, 0, &where, SEEK_CUR), 0);
  CHECK (where == BIG + 3);
  CHECK_EQ (CALL (llseek, fd, 0, 0, &where, SEEK_END), 0);
  CHECK (where == BIG + 5);
  CHECK_EQ (CALL (llseek, fd, 0xffffffff, 0xffffffff, &where, SEEK_SET), -EINVAL);
  CHECK_OK (CALL (ftruncate64, fd, PAIR (BIG + 1)));
  CHECK_EQ (CALL (pread64, fd, text, 8, PAIR (BIG)), 1);
  CHECK_OK (CALL (truncate64, "big", PAIR (0x100000003ULL)));
  CHECK_EQ (CALL (llseek, fd, 0, 0, &where, SEEK_END), 0);
  CHECK (where == 0x100000003ULL);
  CHECK_OK (CALL (fallocate, fd, FALLOC_FL_KEEP_SIZE, PAIR (4096), PAIR (4096)));
  CHECK_EQ (CALL (fallocate, fd, FALLOC_FL_KEEP_SIZE, PAIR (4096), PAIR (0)), -EINVAL);
  CHECK_OK (CALL (fadvise64_64, fd, PAIR (0x100000000ULL), PAIR (4096), POSIX_FADV_WILLNEED));
  CHECK_EQ (CALL (fadvise64_64, fd, PAIR (0), PAIR (4096), 77), -EINVAL);
  CHECK_OK (CALL (sync_file_range, fd, PAIR (0x100000000ULL), PAIR (4096), 0));
  CHECK_EQ (CALL (sync_file_range, fd, PAIR (0), PAIR (4096), 0x80), -EINVAL);
  CHECK_OK (CALL (readahead, fd, PAIR (0x100000000ULL), 4096));
  CHECK_OK (CALL (close, fd));
  CHECK_EQ (CALL (close, fd), -EBADF);
}

static void
test_stat (void)
{
  struct statx stat;
  struct statfs64 fs;
  _Static_assert (sizeof stat == 256, "struct statx");
  long fd = open_file ("s", O_RDWR | O_CREAT);
  CHECK_EQ (CALL (write, fd, "four", 4), 4);
  CHECK_OK (CALL (ftruncate64, fd, PAIR (BIG)));
  memset (&stat, 0xff, sizeof stat);
  CHECK_OK (CALL (statx, AT_FDCWD, "s", 0, STATX_BASIC_STATS, &stat));
  CHECK (stat.stx_size == BIG);
  CHECK ((stat.stx_mode & 0170000) == 0100000);
  CHECK_EQ (stat.stx_nlink, 1);
  CHECK_OK (CALL (statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stat));
  CHECK (stat.stx_size == BIG);
  CHECK_EQ (CALL (statx, AT_FDCWD, "absent", 0, STATX_BASIC_STATS, &stat), -ENOENT);
  CHECK_EQ (CALL (statx, AT_FDCWD, "s", 0, STATX_BASIC_STATS, 8), -EFAULT);
  struct __kernel_timespec times[2] = { { 5000000000LL, 7 }, { 6000000000LL, 9 } };
  long result = CALL (utimensat_time64, AT_FDCWD, "s", times, 0);
  CHECK_OK (result);
  CHECK_OK (CALL (statx, AT_FDCWD, "s", 0, STATX_BASIC_STATS, &stat));
  CHECK (stat.stx_atime.tv_sec == 5000000000LL && stat.stx_atime.tv_nsec == 7);
  CHECK (stat.stx_mtime.tv_sec == 6000000000LL && stat.stx_mtime.tv_nsec == 9);
  memset (&fs, 0xff, sizeof fs);
  CHECK_OK (CALL (statfs64, "/proc", sizeof fs, &fs));
  CHECK_EQ (fs.f_type, 0x9fa0);
  CHECK_EQ (fs.f_namelen, 255);
  CHECK_OK (CALL (fstatfs64, fd, sizeof fs, &fs));
  CHECK (fs.f_bsize >= 512 && fs.f_type != 0x9fa0);
  if (!under_qemu) /* It ignores the size. */
    CHECK_EQ (CALL (statfs64, "/proc", sizeof fs - 4, &fs), -EINVAL);
  CHECK_OK (CALL (close, fd));
}

typedef struct {
  uint64_t ino;
  int64_t off;
  uint16_t len;
  uint8_t type;
  char name[];
} Dirent;

static void
test_directory (void)
{
  char buffer[512] __attribute__ ((aligned (8)));
  unsigned seen = 0;
  long fd = CALL (openat, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0), n;
  while ((n = CALL (getdents64, fd, buffer, sizeof buffer)) > 0)
    for (long at = 0; at < n; at += ((Dirent *)(buffer + at))->len) {
      const Dirent *entry = (Dirent *)(buffer + at);
      seen |= same (entry->name, ".") ? 1 : same (entry->name, "..") ? 2 : same (entry->name, "big") ? 4 : 0;
      if (same (entry->name, "big"))
        CHECK_EQ (entry->type, 8);
    }
  CHECK_EQ (n, 0);
  CHECK_EQ (seen, 7);
  CHECK_OK (CALL (llseek, fd, 0, 0, buffer, SEEK_SET));
  CHECK_EQ (CALL (getdents64, fd, buffer, 8), -EINVAL);
  CHECK_OK (CALL (close, fd));
}

static void
test_vectors (void)
{
  char a[4], b[4];
  long fd = open_file ("v", O_RDWR | O_CREAT);
  struct iovec out[2] = { { "abcd", 4 }, { "ef", 2 } }, in[2] = { { a, 4 }, { b, 4 } };
  CHECK_EQ (CALL (writev, fd, out, 2), 6);
  CHECK_EQ (CALL (preadv, fd, in, 2, PAIR (0)), 6);
  CHECK (memcmp (a, "abcd", 4) == 0 && memcmp (b, "ef", 2) == 0);
  CHECK_EQ (CALL (pwritev, fd, out, 2, PAIR (BIG)), 6);
  CHECK_EQ (CALL (preadv, fd, in, 1, PAIR (BIG + 2)), 4);
  CHECK (memcmp (a, "cdef", 4) == 0);
  CHECK_EQ (CALL (preadv2, fd, in, 1, PAIR (BIG + 1), 0), 4);
  CHECK (memcmp (a, "bcde", 4) == 0);
  CHECK_EQ (CALL (pwritev2, fd, out + 1, 1, PAIR (BIG), 0), 2);
  CHECK_EQ (CALL (writev, fd, out, -1), -EINVAL);
  in[1].iov_len = (size_t)-1;
  CHECK_EQ (CALL (readv, fd, in, 2), -EINVAL);
  uint64_t from = BIG, to = 1;
  long copy = open_file ("copy", O_RDWR | O_CREAT);
  CHECK_EQ (CALL (sendfile64, copy, fd, &from, 3), 3);
  CHECK (from == BIG + 3);
  from = BIG;
  CHECK_EQ (CALL (copy_file_range, fd, &from, copy, &to, 4, 0), 4);
  CHECK (from == BIG + 4 && to == 5);
  CHECK_EQ (CALL (pread64, copy, a, 4, PAIR (1)), 4);
  CHECK (memcmp (a, "efcd", 4) == 0);
  CHECK_OK (CALL (close, copy));
  CHECK_OK (CALL (close, fd));
}

static void
test_locks (void)
{
  long fd = open_file ("v", O_RDWR);
  struct flock small = { .l_type = F_WRLCK, .l_start = 2, .l_len = 3 };
  struct flock64 large = { .l_type = F_WRLCK, .l_start = BIG, .l_len = 3 };
  CHECK_OK (CALL (fcntl64, fd, F_SETLK, &small));
  CHECK_OK (CALL (fcntl64, fd, F_SETLK64, &large));
  long pid = fork_process ();
  if (pid == 0) {
    small.l_start = 0, small.l_len = 100;
    if (CALL (fcntl64, fd, F_GETLK, &small) || small.l_type != F_WRLCK || small.l_start != 2 ||
        small.l_len != 3)
      exit_process (1);
    if (small.l_pid != CALL (getppid))
      exit_process (2);
    large.l_len = 1;
    if (CALL (fcntl64, fd, F_GETLK64, &large) || large.l_start != BIG || large.l_len != 3)
      exit_process (3);
    exit_process (CALL (fcntl64, fd, F_SETLK64, &large) == -EAGAIN ? 0 : 4);
  }
  CHECK_CHILD (pid);
  CHECK_OK (CALL (fcntl64, fd, F_SETFD, FD_CLOEXEC));
  CHECK_EQ (CALL (fcntl64, fd, F_GETFD), FD_CLOEXEC);
  CHECK_OK (CALL (close, fd));
}

static void
remove_all (void)
{
  static const char *const names[] = { "big", "s", "v", "copy" };
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    CHECK_OK (CALL (unlinkat, AT_FDCWD, names[i], 0));
  CHECK_OK (CALL (chdir, "/"));
  CHECK_OK (CALL (unlinkat, AT_FDCWD, dir, 0x200));
}

int
guest_main (int argc, char **argv, char **envp)
{
  make_dir ();
  test_offsets ();
  test_stat ();
  test_directory ();
  test_vectors ();
  test_locks ();
  remove_all ();
  return check_end ();
}
