/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rng-backend.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct RngBackend {
  char *id;
  int fd; /* -1: the kernel's generator */
};

static GPtrArray *backends; /* in the order of their creation; main thread only */

/* A source that waits would stop the machine's thread, a regular file would give the same bytes to each
 * machine. */
static int
open_source (const char *filename, GError **error)
{
  struct stat st;
  if (stat (filename, &st) == 0 && !S_ISCHR (st.st_mode) && !S_ISFIFO (st.st_mode)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "'%s' is neither a character device nor a FIFO; use /dev/urandom or /dev/hwrng", filename);
    return -1;
  }
  int fd = open (filename, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot read '%s': %s", filename,
                 g_strerror (errno));
  return fd;
}

RngBackend *
rng_backend_new (const char *id, const char *filename, GError **error)
{
  const int fd = filename ? open_source (filename, error) : -1;
  if (filename && fd < 0)
    return NULL;
  RngBackend *rng = g_new (RngBackend, 1);
  *rng = (RngBackend){ .id = g_strdup (id), .fd = fd };
  if (backends == NULL)
    backends = g_ptr_array_new ();
  g_ptr_array_add (backends, rng);
  return rng;
}

void
rng_backend_free (RngBackend *rng)
{
  if (rng == NULL)
    return;
  g_ptr_array_remove (backends, rng);
  if (rng->fd >= 0)
    close (rng->fd);
  g_free (rng->id);
  g_free (rng);
}

RngBackend *
rng_backend_find (const char *id)
{
  for (unsigned i = 0; backends && i < backends->len; i++) {
    RngBackend *rng = backends->pdata[i];
    if (strcmp (rng->id, id) == 0)
      return rng;
  }
  return NULL;
}

RngBackend *
rng_backend_builtin (void)
{
  static RngBackend builtin = { .fd = -1 };
  return &builtin;
}

size_t
rng_backend_read (RngBackend *rng, uint8_t *bytes, size_t size)
{
  size_t done = 0;
  while (done < size) {
    const ssize_t n =
        rng->fd < 0 ? getrandom (bytes + done, size - done, 0) : read (rng->fd, bytes + done, size - done);
    if (n > 0)
      done += (size_t)n;
    else if (n == 0 || errno != EINTR)
      break;
  }
  return done;
}
