/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Where gdb connects. */

#include "gdb-process.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int
fail (GError **error, int fd, const char *what, const char *where)
{
  g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (errno), "-g: %s %s: %s", what, where,
               g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Only from this machine: whoever connects can do what the program can. */
static int
listen_tcp (unsigned port, const char *where, GError **error)
{
  struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons ((uint16_t)port) };
  socklen_t size = sizeof addr;
  const int on = 1;
  addr.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      bind (fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen (fd, 1) < 0 ||
      getsockname (fd, (struct sockaddr *)&addr, &size) < 0)
    return fail (error, fd, "cannot listen on port", where);
  if (port == 0)
    fprintf (stderr, "waiting for gdb on port %u\n", ntohs (addr.sin_port));
  return fd;
}

/* A socket that a program has left behind, and nobody listens on. */
static bool
is_abandoned (const struct sockaddr_un *addr)
{
  struct stat st;
  if (lstat (addr->sun_path, &st) < 0 || !S_ISSOCK (st.st_mode))
    return false;
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool refused =
      fd >= 0 && connect (fd, (const struct sockaddr *)addr, sizeof *addr) < 0 && errno == ECONNREFUSED;
  if (fd >= 0)
    close (fd);
  return refused;
}

static int
listen_unix (const char *path, GError **error)
{
  struct sockaddr_un addr = { .sun_family = AF_UNIX };
  if (strlen (path) >= sizeof addr.sun_path) {
    errno = ENAMETOOLONG;
    return fail (error, -1, "cannot listen on", path);
  }
  strcpy (addr.sun_path, path);
  if (is_abandoned (&addr))
    unlink (path);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind (fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen (fd, 1) < 0)
    return fail (error, fd, "cannot listen on", path);
  return fd;
}

int
gdb_accept (const char *where, GError **error)
{
  bool tcp = *where != '\0' && where[strspn (where, "0123456789")] == '\0';
  guint64 port = 0;
  const int on = 1;
  if (tcp && !g_ascii_string_to_unsigned (where, 10, 0, 65535, &port, NULL)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "-g: %s: a port is at most 65535", where);
    return -1;
  }
  int listener = tcp ? listen_tcp ((unsigned)port, where, error) : listen_unix (where, error);
  if (listener < 0)
    return -1;
  int fd;
  do
    fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd < 0)
    return fail (error, listener, "no connection on", where);
  close (listener);
  if (tcp)
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  else
    unlink (where);
  return fd;
}
