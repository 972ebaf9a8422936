/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Input and output: vectors, positions, copies inside the kernel, sealed memory files, inotify. */

#include "check.h"
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>

static int
memory_file (const char *text)
{
  int fd = memfd_create ("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  CHECK (fd >= 0);
  CHECK_EQ (write (fd, text, strlen (text)), (long)strlen (text));
  lseek (fd, 0, SEEK_SET);
  return fd;
}

static void
vectors (void)
{
  int fd = memory_file ("0123456789");
  char a[4] = "", b[8] = "";
  struct iovec iov[3] = { { a, 3 }, { NULL, 0 }, { b, 5 } }, many[200];
  char cells[200];

  CHECK_EQ (readv (fd, iov, 3), 8);
  CHECK (memcmp (a, "012", 3) == 0 && memcmp (b, "34567", 5) == 0);
  CHECK_EQ (lseek (fd, 0, SEEK_CUR), 8);
  CHECK_EQ (preadv (fd, iov, 3, 4), 6);
  CHECK (memcmp (a, "456", 3) == 0 && memcmp (b, "789", 3) == 0);
  CHECK_EQ (lseek (fd, 0, SEEK_CUR), 8);
  CHECK_EQ (pwritev (fd, iov, 1, 1LL << 33), 3);
  CHECK_EQ (lseek (fd, 0, SEEK_END), (1LL << 33) + 3);
  CHECK_OK (ftruncate (fd, 10));
  lseek (fd, 0, SEEK_SET);
  CHECK_EQ (preadv2 (fd, iov, 1, -1, 0), 3);
  CHECK_EQ (lseek (fd, 0, SEEK_CUR), 3);
  CHECK_ERRNO (preadv2 (fd, iov, 1, 0, 0x40000000), EOPNOTSUPP);
  CHECK_ERRNO (preadv (fd, iov, 1, -5), EINVAL);
  CHECK_EQ (readv (fd, NULL, 0), 0);
  for (int i = 0; i < 200; i++) {
    cells[i] = 'a' + i % 26;
    many[i] = (struct iovec){ &cells[i], 1 };
  }
  lseek (fd, 0, SEEK_SET);
  CHECK_EQ (writev (fd, many, 200), 200);
  memset (cells, 0, sizeof cells);
  CHECK_EQ (preadv (fd, many, 200, 0), 200);
  CHECK_EQ (cells[27], 'b');
  CHECK_EQ (pread (fd, a, 2, 198), 2);
  CHECK_EQ (pwrite (fd, "ZZ", 2, 0), 2);
  CHECK_ERRNO (pread (fd, a, 2, -1), EINVAL);
  close (fd);
}

static void
copies (void)
{
  int from = memory_file ("abcdefghij"), to = memory_file (""), pipes[2], second[2];
  off_t at = 2, out = 5;
  char buf[32];
  struct iovec iov = { "vmsplice", 8 };

  CHECK_OK (pipe (pipes));
  CHECK_OK (pipe (second));
  CHECK_EQ (sendfile (to, from, &at, 4), 4);
  CHECK_EQ (at, 6);
  CHECK_EQ (lseek (from, 0, SEEK_CUR), 0);
  CHECK_EQ (pread (to, buf, 10, 0), 4);
  CHECK (memcmp (buf, "cdef", 4) == 0);
  at = 0;
  CHECK_EQ (copy_file_range (from, &at, to, &out, 3, 0), 3);
  CHECK_EQ (at, 3);
  CHECK_EQ (out, 8);
  at = 1;
  CHECK_EQ (splice (from, &at, pipes[1], NULL, 5, 0), 5);
  CHECK_EQ (at, 6);
  CHECK_EQ (tee (pipes[0], second[1], 5, 0), 5);
  CHECK_EQ (read (second[0], buf, sizeof buf), 5);
  CHECK (memcmp (buf, "bcdef", 5) == 0);
  CHECK_EQ (read (pipes[0], buf, sizeof buf), 5);
  CHECK_EQ (vmsplice (pipes[1], &iov, 1, 0), 8);
  CHECK_EQ (read (pipes[0], buf, sizeof buf), 8);
  CHECK (memcmp (buf, "vmsplice", 8) == 0);
  CHECK_ERRNO (splice (from, &at, to, &out, 5, 0), EINVAL);
  CHECK_ERRNO (sendfile (to, pipes[0], NULL, 5), EINVAL);
  CHECK_OK (fallocate (to, 0, 0, 8192));
  CHECK_EQ (lseek (to, 0, SEEK_END), 8192);
  CHECK_ERRNO (fallocate (to, 0, 0, 0), EINVAL);
  CHECK_OK (posix_fadvise (to, 0, 100, POSIX_FADV_WILLNEED));
  CHECK_EQ (syscall (SYS_fadvise64, to, 0L, 100L, 99), -1);
  CHECK_OK (sync_file_range (to, 0, 4096, SYNC_FILE_RANGE_WRITE));
  CHECK_OK (fsync (to));
  CHECK_OK (fdatasync (to));
  CHECK_OK (syncfs (to));
  close (from);
  close (to);
}

static void
seals (void)
{
  int fd = memory_file ("sealed");

  CHECK_EQ (fcntl (fd, F_GET_SEALS), 0);
  CHECK_OK (fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE));
  CHECK_EQ (fcntl (fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_WRITE);
  CHECK_ERRNO (write (fd, "x", 1), EPERM);
  CHECK_ERRNO (ftruncate (fd, 0), EPERM);
  CHECK (mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
  close (fd);
}

static void
events (void)
{
  int fd = eventfd (3, EFD_NONBLOCK | EFD_SEMAPHORE), watch = inotify_init1 (IN_NONBLOCK), wd, value;
  uint64_t count;
  char name[] = "/tmp/vitrine-io-XXXXXX", path[64], buf[512];
  struct inotify_event *event = (struct inotify_event *)buf;

  CHECK_EQ (read (fd, &count, 8), 8);
  CHECK_EQ (count, 1);
  CHECK_EQ (read (fd, &count, 8), 8);
  CHECK_EQ (read (fd, &count, 8), 8);
  CHECK_ERRNO (read (fd, &count, 8), EAGAIN);
  CHECK_ERRNO (read (fd, &count, 4), EINVAL);
  CHECK (mkdtemp (name) != NULL);
  wd = inotify_add_watch (watch, name, IN_CREATE | IN_DELETE);
  CHECK (wd >= 0);
  CHECK_ERRNO (read (watch, buf, sizeof buf), EAGAIN);
  snprintf (path, sizeof path, "%s/born", name);
  CHECK_OK (close (open (path, O_CREAT | O_WRONLY, 0600)));
  CHECK_OK (ioctl (watch, FIONREAD, &value));
  CHECK (value >= (int)sizeof *event);
  CHECK_EQ (read (watch, buf, sizeof buf), value);
  CHECK_EQ (event->wd, wd);
  CHECK_EQ (event->mask, IN_CREATE);
  CHECK (strcmp (event->name, "born") == 0);
  CHECK_OK (unlink (path));
  CHECK_OK (inotify_rm_watch (watch, wd));
  CHECK_ERRNO (inotify_rm_watch (watch, wd), EINVAL);
  CHECK_OK (rmdir (name));
  close (watch);
  close (fd);
}

static void
terminals (void)
{
  int master = open ("/dev/ptmx", O_RDWR | O_NOCTTY), number, slave, zero = 0;
  struct winsize size = { .ws_row = 24, .ws_col = 80 }, got = { 0 };
  struct termios t;
  char path[32], locked[36]; /* the kernel's struct termios */

  CHECK_ERRNO (ioctl (open ("/dev/null", O_RDONLY), TCGETS, &t), ENOTTY);
  CHECK_ERRNO (ioctl (-1, TCGETS, &t), EBADF);
  CHECK_ERRNO (ioctl (-1, 0xdeadbeef, &t), EBADF);
  CHECK_ERRNO (ioctl (master, 0xdeadbeef, &t), ENOTTY);
  if (master < 0 || ioctl (master, TIOCGPTN, &number) < 0)
    return; /* no pseudo terminals here */
  CHECK_OK (ioctl (master, TIOCSPTLCK, &zero));
  snprintf (path, sizeof path, "/dev/pts/%d", number);
  slave = open (path, O_RDWR | O_NOCTTY);
  if (slave < 0)
    return;
  CHECK_OK (ioctl (master, TIOCSWINSZ, &size));
  CHECK_OK (ioctl (slave, TIOCGWINSZ, &got));
  CHECK_EQ (got.ws_row, 24);
  CHECK_EQ (got.ws_col, 80);
  CHECK_OK (tcgetattr (slave, &t));
  CHECK (t.c_lflag & ICANON);
  CHECK_EQ (t.c_cc[VINTR], 3);
  cfmakeraw (&t);
  CHECK_OK (tcsetattr (slave, TCSANOW, &t));
  CHECK_OK (tcgetattr (slave, &t));
  CHECK_EQ (t.c_lflag & (ICANON | ECHO | ISIG), 0);
  memset (locked, 0xff, sizeof locked);
  CHECK_OK (ioctl (slave, TIOCGLCKTRMIOS, locked));
  for (unsigned i = 0; i < sizeof locked; i++)
    CHECK_EQ (locked[i], 0);
  CHECK_EQ (write (master, "q", 1), 1);
  CHECK_EQ (read (slave, path, 8), 1);
  CHECK_OK (tcflush (slave, TCIOFLUSH));
  CHECK_EQ (isatty (slave), 1);
  close (slave);
  close (master);
}

int
main (void)
{
  vectors ();
  copies ();
  seals ();
  events ();
  terminals ();
  return check_end ();
}
