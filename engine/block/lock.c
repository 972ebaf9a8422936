/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "block-int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A process holds read locks on byte 100 + n for each thing n it does with the image, and on 200 + n for each
 * it bears nobody else doing.  Read locks never collide, so taking them cannot fail; who has taken them asks
 * then whether somebody holds the byte opposite.  These are the places QEMU uses. */

enum { PERM_BASE = 100, UNSHARED_BASE = 200 };
enum { ORPHAN_WAIT_US = 3000000, ORPHAN_RETRY_US = 20000 };
enum { PERM_READ = 0, PERM_WRITE = 1, PERM_RESIZE = 3, N_PERMS = 4 };

static int
lock_byte (int fd, int command, short type, int at, struct flock *ret_lock)
{
  *ret_lock = (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
  return fcntl (fd, command, ret_lock) < 0 ? -errno : 0;
}

/* One lock line of /proc/PID/fdinfo/FD, as in "lock: 1: OFDLCK ADVISORY READ -1 fe:00:1234 101 101". */
static bool
has_lock_line (const char *fdinfo, const struct stat *st, int at)
{
  for (const char *line = strstr (fdinfo, "lock:"); line; line = strstr (line + 5, "lock:")) {
    unsigned major, minor;
    unsigned long long inode, start, end;
    if (sscanf (line, "lock: %*u: OFDLCK %*s %*s %*d %x:%x:%llu %llu %llu", &major, &minor, &inode, &start,
                &end) == 5 &&
        inode == st->st_ino && major == major (st->st_dev) && minor == minor (st->st_dev) &&
        start <= (unsigned)at && (unsigned)at <= end)
      return true;
  }
  return false;
}

static bool
process_holds (const char *pid, const struct stat *st, int own_fd, int at)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%s/fd", pid);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  bool self = atoi (pid) == (int)getpid ();
  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *link = g_build_filename (folder, name, NULL);
    struct stat other;
    if ((self && atoi (name) == own_fd) || stat (link, &other) < 0 || other.st_ino != st->st_ino ||
        other.st_dev != st->st_dev)
      continue;
    g_autofree char *info_path = g_strdup_printf ("/proc/%s/fdinfo/%s", pid, name);
    g_autofree char *info = NULL;
    if (g_file_get_contents (info_path, &info, NULL, NULL) && has_lock_line (info, st, at))
      return true;
  }
  return false;
}

/* Such locks belong to an open file and not to a process, so the kernel does not say whose they are; the
 * processes' descriptors do, as far as we may look at them. NULL if unknown. */
static char *
find_holder (int fd, int at)
{
  struct stat st;
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *pid;
  while (proc && fstat (fd, &st) == 0 && (pid = g_dir_read_name (proc))) {
    if (!g_ascii_isdigit (pid[0]) || !process_holds (pid, &st, fd, at))
      continue;
    g_autofree char *comm_path = g_strdup_printf ("/proc/%s/comm", pid);
    g_autofree char *comm = NULL;
    if (atoi (pid) == (int)getpid ())
      return g_strdup (" by this process itself");
    if (!g_file_get_contents (comm_path, &comm, NULL, NULL))
      return g_strdup_printf (" by process %s", pid);
    return g_strdup_printf (" by %s (process %s)", g_strchomp (comm), pid);
  }
  return NULL;
}

/* A process that was killed leaves requests behind in its io_uring, which hold the file and its locks a
 * moment longer than the process exists; who is quick to go on with its image waits for that. */
static bool
check_byte (BlockFile *file, int at, bool write, GError **error)
{
  const gint64 deadline = g_get_monotonic_time () + ORPHAN_WAIT_US;
  g_autofree char *holder = NULL;
  struct flock lock;
  for (;;) {
    if (lock_byte (file->fd, F_OFD_GETLK, F_WRLCK, at, &lock) < 0 || lock.l_type == F_UNLCK)
      return true;
    holder = find_holder (file->fd, at);
    if (holder || g_get_monotonic_time () > deadline)
      break;
    g_usleep (ORPHAN_RETRY_US);
  }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
               "%s: in use%s (%s; stop that, or use a copy or an overlay of the image)", file->path,
               holder ? holder : " by another process",
               write ? "only one may write to an image" : "it may be written to meanwhile");
  return false;
}

bool
file_lock (BlockFile *file, bool write, GError **error)
{
  static const int unshared[] = { PERM_WRITE, PERM_RESIZE };
  int held[N_PERMS], n_held = 0;
  held[n_held++] = PERM_READ;
  if (write) {
    held[n_held++] = PERM_WRITE;
    held[n_held++] = PERM_RESIZE;
  }
  struct flock lock;
  for (int i = 0; i < n_held; i++) {
    /* A file system without locks, such as some network ones: nobody else can take any there either. */
    if (lock_byte (file->fd, F_OFD_SETLK, F_RDLCK, PERM_BASE + held[i], &lock) < 0)
      return true;
  }
  for (int i = 0; i < G_N_ELEMENTS (unshared); i++) {
    if (lock_byte (file->fd, F_OFD_SETLK, F_RDLCK, UNSHARED_BASE + unshared[i], &lock) < 0)
      return true;
  }
  for (int i = 0; i < n_held; i++) {
    if (!check_byte (file, UNSHARED_BASE + held[i], write, error))
      return false;
  }
  for (int i = 0; i < G_N_ELEMENTS (unshared); i++) {
    if (!check_byte (file, PERM_BASE + unshared[i], write, error))
      return false;
  }
  return true;
}
