/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Files: opening, attributes, directories, links, locks. */

#include "check.h"
#include "machine.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static char dir[] = "/tmp/vitrine-file-XXXXXX";
static const char *const made[] = { "a", "s", "l", "sym", "d/f", "d/h", "d" };

static void
opening (void)
{
  int fd = open ("a", O_RDWR | O_CREAT | O_EXCL, 0640);
  struct open_how how = { .flags = O_RDONLY };

  CHECK (fd >= 0);
  CHECK_ERRNO (open ("a", O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST);
  CHECK_ERRNO (open ("missing", O_RDONLY), ENOENT);
  CHECK_ERRNO (open ("a/b", O_RDONLY), ENOTDIR);
  CHECK_ERRNO (open ("a", O_RDONLY | O_DIRECTORY), ENOTDIR);
  CHECK_ERRNO (open (".", O_WRONLY), EISDIR);
  CHECK_ERRNO (open ("", O_RDONLY), ENOENT);
  CHECK_ERRNO (syscall (SYS_openat, -7, "a", O_RDONLY, 0), EBADF);
  CHECK_EQ (fcntl (fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR);
  CHECK_EQ (fcntl (fd, F_GETFD), 0);
  close (fd);
  fd = open ("a", O_RDONLY | O_CLOEXEC);
  CHECK_EQ (fcntl (fd, F_GETFD), FD_CLOEXEC);
  close (fd);
  fd = syscall (SYS_openat2, AT_FDCWD, "a", &how, sizeof how);
  CHECK (fd >= 0);
  close (fd);
  CHECK_ERRNO (syscall (SYS_openat2, AT_FDCWD, "a", &how, 8), EINVAL);
  how.resolve = RESOLVE_BENEATH;
  CHECK_ERRNO (syscall (SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof how), EXDEV);
  how.flags = 1ULL << 63;
  CHECK_ERRNO (syscall (SYS_openat2, AT_FDCWD, "a", &how, sizeof how), EINVAL);
  CHECK_ERRNO (close (-1), EBADF);
  CHECK_ERRNO (close (100000), EBADF);
}

static void
attributes (void)
{
  int fd = open ("s", O_RDWR | O_CREAT, 0600);
  struct timespec times[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
  struct stat st, link_st;
  struct statx stx;
  struct statfs fs;

  CHECK_EQ (write (fd, "hello world", 11), 11);
  CHECK_OK (fchmod (fd, 0754));
  CHECK_OK (futimens (fd, times));
  CHECK_OK (fstat (fd, &st));
  CHECK_EQ (st.st_size, 11);
  CHECK_EQ (st.st_mode, S_IFREG | 0754);
  CHECK_EQ (st.st_nlink, 1);
  CHECK_EQ (st.st_uid, getuid ());
  CHECK_EQ (st.st_gid, getgid ());
  CHECK_EQ (st.st_atim.tv_sec, 1000000000);
  CHECK_EQ (st.st_atim.tv_nsec, 123456789);
  CHECK_EQ (st.st_mtim.tv_sec, 1100000000);
  CHECK_EQ (st.st_mtim.tv_nsec, 987654321);
  CHECK (st.st_blksize >= 512);
  CHECK (st.st_ino != 0);
  CHECK_OK (statx (AT_FDCWD, "s", 0, STATX_BASIC_STATS, &stx));
  CHECK_EQ (stx.stx_size, 11);
  CHECK_EQ (stx.stx_mode, S_IFREG | 0754);
  CHECK_EQ (stx.stx_ino, st.st_ino);
  CHECK_EQ (makedev (stx.stx_dev_major, stx.stx_dev_minor), st.st_dev);
  CHECK_EQ (stx.stx_mtime.tv_nsec, 987654321);
  CHECK_OK (symlink ("s", "l"));
  CHECK_OK (lstat ("l", &link_st));
  CHECK (S_ISLNK (link_st.st_mode));
  CHECK_EQ (link_st.st_size, 1);
  CHECK_OK (stat ("l", &link_st));
  CHECK_EQ (link_st.st_ino, st.st_ino);
  CHECK_OK (fstatat (fd, "", &link_st, AT_EMPTY_PATH));
  CHECK_EQ (link_st.st_ino, st.st_ino);
  CHECK_ERRNO (fstatat (AT_FDCWD, "s", &link_st, 0x40000000), EINVAL);
  CHECK_OK (stat ("/dev/null", &st));
  CHECK (S_ISCHR (st.st_mode) && st.st_rdev == makedev (1, 3));
  CHECK_OK (statfs (".", &fs));
  CHECK (fs.f_bsize > 0 && fs.f_namelen >= 255);
  CHECK_OK (ftruncate (fd, 4));
  CHECK_OK (fstat (fd, &st));
  CHECK_EQ (st.st_size, 4);
  CHECK_ERRNO (ftruncate (fd, -1), EINVAL);
  CHECK_ERRNO (truncate ("missing", 0), ENOENT);
  CHECK_EQ (lseek (fd, 0, SEEK_END), 4);
  CHECK_EQ (lseek (fd, 1LL << 32, SEEK_SET), 1LL << 32);
  CHECK_ERRNO (lseek (fd, -1, SEEK_SET), EINVAL);
  CHECK_ERRNO (lseek (fd, 0, 77), EINVAL);
  CHECK_ERRNO (faccessat (AT_FDCWD, "missing", R_OK, 0), ENOENT);
  CHECK_OK (access ("s", R_OK | W_OK));
  close (fd);
}

static void
names (void)
{
  char buf[4096];
  struct stat st;

  CHECK_OK (mkdir ("d", 0755));
  CHECK_ERRNO (mkdir ("d", 0755), EEXIST);
  CHECK_ERRNO (rmdir ("missing"), ENOENT);
  CHECK_OK (close (open ("d/f", O_CREAT | O_WRONLY, 0600)));
  CHECK_ERRNO (rmdir ("d"), ENOTEMPTY);
  CHECK_OK (link ("d/f", "d/g"));
  CHECK_OK (stat ("d/g", &st));
  CHECK_EQ (st.st_nlink, 2);
  CHECK_OK (rename ("d/g", "d/h"));
  CHECK_ERRNO (syscall (SYS_renameat2, AT_FDCWD, "d/f", AT_FDCWD, "d/h", RENAME_NOREPLACE), EEXIST);
  CHECK_OK (syscall (SYS_renameat2, AT_FDCWD, "d/f", AT_FDCWD, "d/h", RENAME_EXCHANGE));
  CHECK_OK (symlink ("target", "sym"));
  CHECK_EQ (readlink ("sym", buf, sizeof buf), 6);
  CHECK (memcmp (buf, "target", 6) == 0);
  CHECK_EQ (readlink ("sym", buf, 3), 3);
  CHECK_ERRNO (readlink ("d/f", buf, sizeof buf), EINVAL);
  CHECK_ERRNO (syscall (SYS_readlinkat, AT_FDCWD, "sym", buf, 0), EINVAL);
  CHECK_OK (mknod ("fifo", S_IFIFO | 0600, 0));
  CHECK_OK (unlink ("fifo"));
  memset (buf, 'x', 300);
  buf[300] = 0;
  CHECK_ERRNO (open (buf, O_RDONLY), ENAMETOOLONG);
  CHECK_ERRNO (unlinkat (AT_FDCWD, "d", 0), EISDIR);
}

static void
directories (void)
{
  int fd = open ("d", O_RDONLY | O_DIRECTORY), n, seen = 0;
  char buf[1024], cwd[4096], big[4096];

  n = syscall (SYS_getdents64, fd, buf, sizeof buf);
  CHECK (n > 0);
  for (int at = 0; at < n;) {
    struct dirent64 *e = (struct dirent64 *)(buf + at);

    if (strcmp (e->d_name, ".") == 0 || strcmp (e->d_name, "..") == 0)
      CHECK_EQ (e->d_type, DT_DIR);
    else
      CHECK (strcmp (e->d_name, "f") == 0 || strcmp (e->d_name, "h") == 0);
    CHECK (e->d_reclen % 8 == 0 && e->d_ino != 0);
    at += e->d_reclen;
    seen++;
  }
  CHECK_EQ (seen, 4);
  CHECK_EQ (syscall (SYS_getdents64, fd, buf, sizeof buf), 0);
  CHECK_EQ (lseek (fd, 0, SEEK_SET), 0);
  CHECK_ERRNO (syscall (SYS_getdents64, fd, buf, 8), EINVAL);
  CHECK_ERRNO (syscall (SYS_getdents64, -1, buf, 8), EBADF);
  CHECK_OK (fchdir (fd));
  CHECK (getcwd (cwd, sizeof cwd) != NULL);
  snprintf (big, sizeof big, "%s/d", dir);
  CHECK (strcmp (cwd, big) == 0);
  CHECK_EQ (syscall (SYS_getcwd, cwd, sizeof cwd), (long)strlen (big) + 1);
  CHECK_ERRNO (syscall (SYS_getcwd, cwd, 2), ERANGE);
  CHECK_OK (chdir (".."));
  CHECK_ERRNO (chdir ("s"), ENOTDIR);
  close (fd);
}

static void
descriptors (void)
{
  int fd = open ("s", O_RDWR), copy, pipes[2];
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };
  struct f_owner_ex owner = { F_OWNER_PID, getpid () };

  copy = fcntl (fd, F_DUPFD, 50);
  CHECK_EQ (copy, 50);
  CHECK_EQ (dup2 (fd, 51), 51);
  CHECK_ERRNO (syscall (SYS_dup3, fd, fd, 0), EINVAL);
  CHECK_ERRNO (syscall (SYS_dup3, fd, 52, O_APPEND), EINVAL);
  CHECK_ERRNO (dup2 (999, 52), EBADF);
  CHECK_EQ (fcntl (fd, F_DUPFD_CLOEXEC, 60), 60);
  CHECK_EQ (fcntl (60, F_GETFD), FD_CLOEXEC);
  CHECK_OK (syscall (SYS_close_range, 50, 60, 4 /* CLOSE_RANGE_CLOEXEC */));
  CHECK_EQ (fcntl (50, F_GETFD), FD_CLOEXEC);
  CHECK_OK (syscall (SYS_close_range, 50, 60, 0));
  CHECK_ERRNO (fcntl (50, F_GETFD), EBADF);
  CHECK_ERRNO (syscall (SYS_close_range, 60, 50, 0), EINVAL);
  CHECK_ERRNO (syscall (SYS_close_range, 60, 61, 0x80), EINVAL);
  CHECK_OK (syscall (SYS_close_range, 200, ~0u, 0));
  CHECK_OK (fcntl (fd, F_SETLK, &lock));
  lock.l_type = F_RDLCK;
  CHECK_OK (fcntl (fd, F_OFD_GETLK, (lock.l_pid = 0, &lock)));
  CHECK_EQ (lock.l_type, F_WRLCK);
  CHECK_EQ (lock.l_pid, getpid ());
  CHECK_EQ (lock.l_start, 10);
  CHECK_EQ (lock.l_len, 5);
  CHECK_OK (fcntl (fd, F_SETOWN_EX, &owner));
  owner.pid = 0;
  CHECK_OK (fcntl (fd, F_GETOWN_EX, &owner));
  CHECK_EQ (owner.pid, getpid ());
  CHECK_EQ (fcntl (fd, F_GETOWN), getpid ());
  CHECK_ERRNO (fcntl (fd, 9999), EINVAL);
  CHECK_ERRNO (fcntl (-1, F_GETFD), EBADF);
  CHECK_OK (pipe2 (pipes, O_NONBLOCK));
  CHECK_EQ (fcntl (pipes[0], F_SETPIPE_SZ, 8192), 8192);
  CHECK_EQ (fcntl (pipes[1], F_GETPIPE_SZ), 8192);
  CHECK_ERRNO (pipe2 (pipes, 0x1), EINVAL);
  CHECK_OK (flock (fd, LOCK_EX | LOCK_NB));
  copy = open ("s", O_RDWR);
  CHECK_ERRNO (flock (copy, LOCK_EX | LOCK_NB), EWOULDBLOCK);
  CHECK_ERRNO (flock (copy, 0x55), EINVAL);
  CHECK_OK (flock (fd, LOCK_UN));
  close (copy);
  close (fd);
}

static void
extended (void)
{
  char value[16];

  if (setxattr ("s", "user.colour", "blue", 4, 0) < 0)
    return; /* a file system without them */
  CHECK_EQ (getxattr ("s", "user.colour", value, sizeof value), 4);
  CHECK (memcmp (value, "blue", 4) == 0);
  CHECK_EQ (getxattr ("s", "user.colour", NULL, 0), 4);
  CHECK_ERRNO (getxattr ("s", "user.colour", value, 2), ERANGE);
  CHECK_ERRNO (getxattr ("s", "user.none", value, 2), ENODATA);
  CHECK_ERRNO (setxattr ("s", "user.colour", "red", 3, XATTR_CREATE), EEXIST);
  CHECK (listxattr ("s", value, sizeof value) >= 12);
  CHECK_OK (removexattr ("s", "user.colour"));
}

static void
own_files (void)
{
  char buf[4096], link[4096], cwd_link[4096];
  int fd, n;

  n = readlink ("/proc/self/exe", link, sizeof link - 1);
  CHECK (n > 0);
  link[n < 0 ? 0 : n] = 0;
  CHECK (strstr (link, "vitrine-") == NULL && strchr (link, '/') == link);
  fd = open ("/proc/self/exe", O_RDONLY);
  CHECK_EQ (read (fd, buf, 20), 20);
  CHECK (memcmp (buf, "\177ELF", 4) == 0);
#if defined(MACHINE_ELF)
  CHECK_EQ (buf[18], (char)MACHINE_ELF);
#endif
  close (fd);
  fd = open ("/proc/self/maps", O_RDONLY);
  CHECK (fd >= 0);
  n = read (fd, buf, sizeof buf - 1);
  CHECK (n > 0);
  buf[n < 0 ? 0 : n] = 0;
  CHECK (strchr (buf, '-') != NULL && strchr (buf, '\n') != NULL);
  close (fd);
  fd = open ("/proc/self/cmdline", O_RDONLY);
  n = read (fd, buf, sizeof buf);
  CHECK (n > 0 && buf[n - 1] == 0 && strstr (buf, "file") != NULL);
  close (fd);
  snprintf (buf, sizeof buf, "/proc/%d/exe", getpid ());
  n = readlink (buf, cwd_link, sizeof cwd_link);
  CHECK_EQ (n, (int)strlen (link));
  CHECK (n > 0 && memcmp (cwd_link, link, n) == 0);
  fd = open ("/proc/self/auxv", O_RDONLY);
  n = read (fd, buf, sizeof buf);
  CHECK (n > 0 && n % (2 * sizeof (long)) == 0);
  close (fd);
  fd = open ("/proc/self/stat", O_RDONLY);
  n = read (fd, buf, sizeof buf - 1);
  CHECK (n > 0 && atoi (buf) == getpid ());
  close (fd);
}

int
main (void)
{
  if (mkdtemp (dir) == NULL || chdir (dir) < 0)
    return 2;
  opening ();
  attributes ();
  names ();
  directories ();
  descriptors ();
  extended ();
  own_files ();
  for (unsigned i = 0; i < sizeof made / sizeof made[0]; i++)
    remove (made[i]);
  CHECK_OK (chdir ("/"));
  CHECK_OK (rmdir (dir));
  return check_end ();
}
