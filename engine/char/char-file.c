/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The kinds that are a descriptor or less: null, file, pipe, serial, stdio; and the ring buffer. */

#include "chardev-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

typedef struct {
  Chardev chr; /* must be first */
  int fds[2];  /* input, output: to be closed; -1: none */
} FileChardev;

/* A reader that goes away is an error to us, not the end of the machine. */
static void
ignore_sigpipe (void)
{
  struct sigaction old;
  if (sigaction (SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
    signal (SIGPIPE, SIG_IGN);
}

static void
describe (Chardev *chr, const char *path)
{
  g_free (chr->text);
  chr->text = g_strconcat (chr->kind->name, ":", path, NULL);
}

static int
open_path (const char *path, int flags, GError **error)
{
  const int fd = open (path, flags | O_CLOEXEC | O_NOCTTY, 0666);
  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot open '%s': %s", path,
                 g_strerror (errno));
  return fd;
}

static const char *
need_path (Chardev *chr, Keyval *kv, GError **error)
{
  const char *path = keyval_get (kv, "path");
  if (!path || !*path) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "the character back end '%s' needs a path; write path=FILE", chr->kind->name);
    return NULL;
  }
  describe (chr, path);
  return path;
}

static void
use (FileChardev *file, int in_fd, int out_fd)
{
  file->fds[0] = in_fd;
  file->fds[1] = out_fd;
  ignore_sigpipe ();
  chardev_set_fds (&file->chr, in_fd, out_fd);
  chardev_set_connected (&file->chr, true);
}

static void
file_close (Chardev *chr)
{
  FileChardev *file = (FileChardev *)chr;
  /* A failed open has left zeroes, and a descriptor 0 of ours is not to be had while stdin is open. */
  if (file->fds[0] > 0)
    close (file->fds[0]);
  if (file->fds[1] > 0 && file->fds[1] != file->fds[0])
    close (file->fds[1]);
}

static bool
null_open (Chardev *chr, Keyval *kv, GError **error)
{
  chr->connected = true;
  return true;
}

static bool
file_open (Chardev *chr, Keyval *kv, GError **error)
{
  bool append;
  const char *path = need_path (chr, kv, error), *input = keyval_get (kv, "input-path");
  int in_fd = -1;
  if (!path || !keyval_get_bool (kv, "append", false, &append, error))
    return false;
  if (input && (in_fd = open_path (input, O_RDONLY | O_NONBLOCK, error)) < 0)
    return false;
  const int out_fd = open_path (path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), error);
  if (out_fd < 0) {
    if (in_fd >= 0)
      close (in_fd);
    return false;
  }
  use ((FileChardev *)chr, in_fd, out_fd);
  return true;
}

/* Open for reading and writing at both ends, so that neither waits for a peer nor sees its end of file. */
static bool
pipe_open (Chardev *chr, Keyval *kv, GError **error)
{
  const char *path = need_path (chr, kv, error);
  if (!path)
    return false;
  g_autofree char *in = g_strconcat (path, ".in", NULL), *out = g_strconcat (path, ".out", NULL);
  const int in_fd = open (in, O_RDWR | O_NONBLOCK | O_CLOEXEC),
            out_fd = open (out, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (in_fd >= 0 && out_fd >= 0) {
    use ((FileChardev *)chr, in_fd, out_fd);
    return true;
  }
  if (in_fd >= 0)
    close (in_fd);
  if (out_fd >= 0)
    close (out_fd);
  const int fd = open (path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 "cannot open '%s.in' and '%s.out', nor '%s': %s; make them with mkfifo", path, path, path,
                 g_strerror (errno));
    return false;
  }
  use ((FileChardev *)chr, fd, fd);
  return true;
}

static bool
serial_open (Chardev *chr, Keyval *kv, GError **error)
{
  struct termios settings;
  const char *path = need_path (chr, kv, error);
  const int fd = path ? open_path (path, O_RDWR | O_NONBLOCK, error) : -1;
  if (fd < 0)
    return false;
  if (tcgetattr (fd, &settings)) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "'%s' is not a serial port: %s", path,
                 g_strerror (errno));
    close (fd);
    return false;
  }
  cfmakeraw (&settings);
  tcsetattr (fd, TCSANOW, &settings);
  use ((FileChardev *)chr, fd, fd);
  return true;
}

/* Our own open file of what standard input or output is: O_NONBLOCK on the one we were given would be seen by
 * all programs that share it. -1 where it cannot be had, or must not: a file's position would be its own too.
 */
static int
reopen (int fd, int flags)
{
  struct stat st;
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  if (fstat (fd, &st) || !(S_ISFIFO (st.st_mode) || isatty (fd)))
    return -1;
  return open (path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static Chardev *stdio_owner;

static bool
stdio_open (Chardev *chr, Keyval *kv, GError **error)
{
  bool signals;
  FileChardev *file = (FileChardev *)chr;
  if (!keyval_get_bool (kv, "signal", true, &signals, error))
    return false;
  if (stdio_owner) {
    g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_BUSY,
        "standard input is in use by another character back end; share it with mon:stdio or mux=on");
    return false;
  }
  if (isatty (STDIN_FILENO) && !chardev_terminal_raw (STDIN_FILENO, signals, error))
    return false;
  stdio_owner = chr;
  const int in_fd = reopen (STDIN_FILENO, O_RDONLY), out_fd = reopen (STDOUT_FILENO, O_WRONLY);
  use (file, in_fd >= 0 ? in_fd : STDIN_FILENO, out_fd >= 0 ? out_fd : STDOUT_FILENO);
  chr->out_polls = out_fd < 0;
  file->fds[0] = in_fd;
  file->fds[1] = out_fd;
  return true;
}

static void
stdio_close (Chardev *chr)
{
  if (stdio_owner != chr)
    return;
  stdio_owner = NULL;
  chardev_restore_terminal ();
  file_close (chr);
}

static void
null_write (Chardev *chr, const uint8_t *data, size_t size)
{
}

const ChardevKind chardev_null = { "null", sizeof (Chardev), null_open, .write = null_write };
const ChardevKind chardev_file = { "file", sizeof (FileChardev), file_open, file_close };
const ChardevKind chardev_pipe = { "pipe", sizeof (FileChardev), pipe_open, file_close };
const ChardevKind chardev_serial = { "serial", sizeof (FileChardev), serial_open, file_close };
const ChardevKind chardev_stdio = { "stdio", sizeof (FileChardev), stdio_open, stdio_close };
