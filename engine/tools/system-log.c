/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine's log stays small however much is written: of one run its beginning is kept, where mistakes are
 * explained, and its end, where the reason of a crash is. What writes to it writes to the file itself, so
 * that the last words of a process that dies are there. */

#include "system-options.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 64 << 10, TAIL = 192 << 10, MOST = 512 << 10 };

/* Where this run began in the file. */
static off_t begin;

/* Whatever is written between our reading and our writing is lost with the rest. */
static void
shorten (void)
{
  struct stat st;
  if (fstat (STDERR_FILENO, &st) < 0 || st.st_size - begin <= MOST)
    return;
  g_autofree char *tail = g_malloc (TAIL);
  const ssize_t n = pread (STDERR_FILENO, tail, TAIL, st.st_size - TAIL);
  if (n <= 0 || ftruncate (STDERR_FILENO, begin + HEAD) < 0)
    return;
  const char *line = memchr (tail, '\n', (size_t)n);
  const char *from = line ? line + 1 : tail;
  fprintf (stderr, "\n[%" G_GINT64_FORMAT " bytes were left out here]\n",
           (gint64)(st.st_size - begin - HEAD - (n - (from - tail))));
  for (const char *p = from; p < tail + n;) {
    const ssize_t written = write (STDERR_FILENO, p, (size_t)(tail + n - p));
    if (written <= 0)
      return;
    p += written;
  }
}

static gboolean
on_written (int fd, GIOCondition condition, void *opaque)
{
  char events[1024];
  while (read (fd, events, sizeof events) > 0)
    ;
  shorten ();
  return G_SOURCE_CONTINUE;
}

void
system_log_bound (void)
{
  struct stat st;
  const int flags = fcntl (STDERR_FILENO, F_GETFL);
  if (fstat (STDERR_FILENO, &st) < 0 || !S_ISREG (st.st_mode) || (flags & O_ACCMODE) != O_RDWR)
    return;
  const int fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0 || inotify_add_watch (fd, "/proc/self/fd/2", IN_MODIFY) < 0) {
    fprintf (stderr, "the log cannot be kept short: %s\n", g_strerror (errno));
    if (fd >= 0)
      close (fd);
    return;
  }
  begin = st.st_size;
  g_unix_fd_add (fd, G_IO_IN, on_written, NULL);
}
