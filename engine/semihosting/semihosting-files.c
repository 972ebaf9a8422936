/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The guest's handles: files of the host, the console, and the list of features. */

#include "semihosting-private.h"

#include "hostfile.h"
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* SPEC: "Special path name :semihosting-features": a magic number, then bits: SYS_EXIT_EXTENDED is there, and
 * :tt opened for appending is standard error. */
static const uint8_t features[] = { 'S', 'H', 'F', 'B', 1 | 2 };

static void
set_file (Handle *handle, int fd, bool ours)
{
  struct stat st;
  bool known = fstat (fd, &st) == 0;
  int mode = fcntl (fd, F_GETFL) & O_ACCMODE;
  *handle = (Handle){ .kind = HANDLE_FILE, .fd = fd, .ours = ours };
  handle->readable = mode != O_WRONLY;
  handle->writable = mode != O_RDONLY;
  handle->always_ready = known && (S_ISREG (st.st_mode) || S_ISBLK (st.st_mode) || S_ISDIR (st.st_mode));
}

static void
set_console (Semihosting *s, Handle *handle, int fd)
{
  if (s->config.console)
    *handle = (Handle){ .kind = HANDLE_CONSOLE };
  else
    set_file (handle, fd, false);
  /* A terminal or a socket may be the same for all three. */
  handle->readable = fd == STDIN_FILENO;
  handle->writable = fd != STDIN_FILENO;
}

void
semihosting_init_handles (Semihosting *s)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    set_console (s, &s->handles[SEMIHOSTING_STDIN + fd], fd);
}

static void
clear (Handle *handle)
{
  if (handle->kind == HANDLE_FILE && handle->ours)
    close (handle->fd);
  *handle = (Handle){ HANDLE_FREE };
}

void
semihosting_close_all (Semihosting *s)
{
  g_mutex_lock (&s->lock);
  for (unsigned i = 0; i < SEMIHOSTING_HANDLES; i++)
    clear (&s->handles[i]);
  g_mutex_unlock (&s->lock);
}

/* With the lock held; one of them all, or NULL and EBADF. */
static Handle *
find (Semihosting *s, uint64_t number)
{
  if (number < SEMIHOSTING_ALL_HANDLES && s->handles[number].kind != HANDLE_FREE)
    return &s->handles[number];
  errno = EBADF;
  return NULL;
}

/* Nothing that is opened makes the vCPU wait: a FIFO is waited for where it is read. */
static bool
open_file (Handle *handle, const char *name, uint64_t mode)
{
  static const int flags[] = { O_RDONLY,
                               O_RDWR,
                               O_WRONLY | O_CREAT | O_TRUNC,
                               O_RDWR | O_CREAT | O_TRUNC,
                               O_WRONLY | O_CREAT | O_APPEND,
                               O_RDWR | O_CREAT | O_APPEND };
  int fd = host_file_open (name, flags[mode / 2] | O_NONBLOCK | O_NOCTTY, 0666);
  if (fd >= 0)
    set_file (handle, fd, true);
  return fd >= 0;
}

static bool
open_features (Handle *handle, uint64_t mode)
{
  *handle = (Handle){ .kind = HANDLE_FEATURES, .readable = true };
  errno = EACCES;
  return mode < 2;
}

/* SPEC: SYS_OPEN: of :tt, reading is standard input, writing standard output, appending standard error. */
int64_t
semihosting_open (Semihosting *s, const char *name, uint64_t mode)
{
  Handle handle = { HANDLE_FREE };
  bool ok = false;
  errno = EINVAL;
  if (mode > 11)
    return -1;
  if (strcmp (name, ":tt") == 0) {
    set_console (s, &handle, STDIN_FILENO + (int)(mode / 4));
    ok = true;
  } else if (strcmp (name, ":semihosting-features") == 0)
    ok = open_features (&handle, mode);
  else
    ok = open_file (&handle, name, mode);
  if (!ok)
    return -1;
  g_mutex_lock (&s->lock);
  unsigned i = 1;
  while (i < SEMIHOSTING_HANDLES && s->handles[i].kind != HANDLE_FREE)
    i++;
  if (i < SEMIHOSTING_HANDLES)
    s->handles[i] = handle;
  g_mutex_unlock (&s->lock);
  if (i < SEMIHOSTING_HANDLES)
    return i;
  clear (&handle);
  errno = EMFILE;
  return -1;
}

int
semihosting_close (Semihosting *s, uint64_t number)
{
  g_mutex_lock (&s->lock);
  Handle *handle = find (s, number);
  if (handle)
    clear (handle);
  g_mutex_unlock (&s->lock);
  return handle ? 0 : -1;
}

static bool
is_ready (const Handle *handle, short events)
{
  struct pollfd p = { .fd = handle->fd, .events = events };
  return handle->always_ready || poll (&p, 1, 0) != 0;
}

/* With the lock held: the same as find(), for a direction. Where nothing can ever come nobody is to wait. */
static Handle *
find_for (Semihosting *s, uint64_t number, bool output)
{
  Handle *handle = find (s, number);
  if (handle == NULL || (output ? handle->writable : handle->readable))
    return handle;
  errno = EBADF;
  return NULL;
}

static ssize_t
result_of (ssize_t n)
{
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? SEMIHOSTING_WAIT : n;
}

static ssize_t
read_features (Handle *handle, void *buffer, size_t size)
{
  size_t n = MIN (size, sizeof features - handle->at);
  memcpy (buffer, features + handle->at, n);
  handle->at += n;
  return (ssize_t)n;
}

ssize_t
semihosting_read (Semihosting *s, Cpu *cpu, uint64_t number, void *buffer, size_t size)
{
  ssize_t n = SEMIHOSTING_ERROR;
  g_mutex_lock (&s->lock);
  Handle *handle = find_for (s, number, false);
  if (handle && handle->kind == HANDLE_FILE)
    n = is_ready (handle, POLLIN) ? result_of (read (handle->fd, buffer, size)) : SEMIHOSTING_WAIT;
  else if (handle && handle->kind == HANDLE_FEATURES)
    n = read_features (handle, buffer, size);
  else if (handle)
    n = semihosting_console_read (s, cpu, buffer, size);
  g_mutex_unlock (&s->lock);
  return n;
}

/* What is ready for output takes as much as a pipe takes at once, at least. */
static ssize_t
write_file (const Handle *handle, const void *data, size_t size)
{
  if (!is_ready (handle, POLLOUT))
    return SEMIHOSTING_WAIT;
  return result_of (write (handle->fd, data, handle->always_ready ? size : MIN (size, PIPE_BUF)));
}

ssize_t
semihosting_write (Semihosting *s, Cpu *cpu, uint64_t number, const void *data, size_t size)
{
  ssize_t n = SEMIHOSTING_ERROR;
  g_mutex_lock (&s->lock);
  Handle *handle = find_for (s, number, true);
  if (handle && handle->kind == HANDLE_FILE)
    n = write_file (handle, data, size);
  else if (handle)
    n = semihosting_console_write (s, cpu, data, size);
  g_mutex_unlock (&s->lock);
  return n;
}

bool
semihosting_always_ready (Semihosting *s, uint64_t number)
{
  g_mutex_lock (&s->lock);
  Handle *handle = find (s, number);
  bool ready = handle && handle->kind == HANDLE_FILE && handle->always_ready;
  g_mutex_unlock (&s->lock);
  return ready;
}

int
semihosting_is_tty (Semihosting *s, uint64_t number)
{
  int tty = -1;
  g_mutex_lock (&s->lock);
  Handle *handle = find (s, number);
  if (handle)
    tty = handle->kind == HANDLE_CONSOLE || (handle->kind == HANDLE_FILE && isatty (handle->fd));
  g_mutex_unlock (&s->lock);
  return tty;
}

int
semihosting_seek (Semihosting *s, uint64_t number, uint64_t position)
{
  int result = -1;
  g_mutex_lock (&s->lock);
  Handle *handle = find (s, number);
  if (handle && handle->kind == HANDLE_CONSOLE)
    errno = ESPIPE;
  else if (handle && position > (handle->kind == HANDLE_FEATURES ? sizeof features : INT64_MAX))
    errno = EINVAL;
  else if (handle && handle->kind == HANDLE_FEATURES) {
    handle->at = (size_t)position;
    result = 0;
  } else if (handle)
    result = lseek (handle->fd, (off_t)position, SEEK_SET) < 0 ? -1 : 0;
  g_mutex_unlock (&s->lock);
  return result;
}

int64_t
semihosting_length (Semihosting *s, uint64_t number)
{
  struct stat st;
  int64_t length = -1;
  g_mutex_lock (&s->lock);
  Handle *handle = find (s, number);
  if (handle && handle->kind == HANDLE_FEATURES)
    length = sizeof features;
  else if (handle && handle->kind == HANDLE_CONSOLE)
    errno = ESPIPE;
  else if (handle && fstat (handle->fd, &st) == 0)
    length = st.st_size;
  g_mutex_unlock (&s->lock);
  return length;
}

static gboolean
on_ready (gint fd, GIOCondition condition, gpointer cpu)
{
  cpu_kick (cpu);
  return G_SOURCE_REMOVE;
}

/* The main thread looks: the vCPU's own can be woken by others, too. */
bool
semihosting_wait (Semihosting *s, Cpu *cpu, uint64_t number, bool output)
{
  g_mutex_lock (&s->lock);
  Handle *handle = find (s, number);
  bool console = handle && handle->kind == HANDLE_CONSOLE;
  int fd = handle ? handle->fd : -1;
  g_mutex_unlock (&s->lock);
  if (console)
    return semihosting_console_wait (s, cpu);
  if (handle == NULL) /* another vCPU has closed it */
    return true;
  GSource *source =
      g_unix_fd_source_new (fd, (output ? G_IO_OUT : G_IO_IN) | G_IO_ERR | G_IO_HUP | G_IO_NVAL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_ready), cpu, NULL);
  g_source_attach (source, NULL);
  bool goes_on = cpu_wait_kick (cpu);
  g_source_destroy (source);
  g_source_unref (source);
  return goes_on;
}
