/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

void
net_address_clear (NetAddress *address)
{
  g_clear_pointer (&address->text, g_free);
}

static bool
resolve (const char *host, const char *port, int type, bool passive, NetAddress *ret, GError **error)
{
  const struct addrinfo hints = { .ai_socktype = type, .ai_flags = passive ? AI_PASSIVE : 0 };
  struct addrinfo *found;
  const int problem = getaddrinfo (host && *host ? host : NULL, port, &hints, &found);
  if (problem) {
    net_set_error (error, "the address %s:%s is not known: %s", host ? host : "", port,
                   gai_strerror (problem));
    return false;
  }
  memcpy (&ret->addr, found->ai_addr, found->ai_addrlen);
  ret->size = found->ai_addrlen;
  freeaddrinfo (found);
  ret->fd = -1;
  ret->text = g_strdup_printf ("%s:%s", host ? host : "", port);
  return true;
}

static bool
unix_address (const char *path, NetAddress *ret, GError **error)
{
  struct sockaddr_un *un = (struct sockaddr_un *)&ret->addr;
  if (strlen (path) >= sizeof un->sun_path) {
    net_set_error (error, "the path '%s' is too long for a Unix socket; at most %zu bytes fit", path,
                   sizeof un->sun_path - 1);
    return false;
  }
  un->sun_family = AF_UNIX;
  strcpy (un->sun_path, path);
  ret->size = sizeof *un;
  ret->fd = -1;
  ret->text = g_strdup_printf ("unix:%s", path);
  return true;
}

bool
net_address_from_fd (uint64_t fd, int type, NetAddress *ret, GError **error)
{
  int actual = 0;
  socklen_t size = sizeof actual;
  *ret = (NetAddress){ .fd = -1 };
  if (fd > G_MAXINT || getsockopt ((int)fd, SOL_SOCKET, SO_TYPE, &actual, &size) < 0 || actual != type) {
    net_set_error (error, "descriptor %" G_GUINT64_FORMAT " is not an open %s socket", fd,
                   type == SOCK_STREAM ? "stream" : "datagram");
    return false;
  }
  ret->fd = (int)fd;
  ret->text = g_strdup_printf ("fd:%d", ret->fd);
  return true;
}

bool
net_address_parse (const char *text, int type, bool passive, NetAddress *ret, GError **error)
{
  const char *colon = strrchr (text, ':');
  *ret = (NetAddress){ .fd = -1 };
  if (!colon || !colon[1]) {
    net_set_error (error, "'%s' is not of the form HOST:PORT", text);
    return false;
  }
  const bool bracket = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
  g_autofree char *host = g_strndup (text + bracket, (size_t)(colon - text) - 2u * bracket);
  return resolve (host, colon + 1, type, passive, ret, error);
}

static const char *
get (Keyval *kv, const char *prefix, const char *name)
{
  g_autofree char *key = g_strdup_printf ("%s.%s", prefix, name);
  return keyval_get (kv, key);
}

bool
net_address_get (Keyval *kv, const char *prefix, int type, bool passive, NetAddress *ret, bool *ret_given,
                 GError **error)
{
  static const char *const kinds[] = { "inet", "unix", "fd", NULL };
  unsigned kind;
  uint64_t fd;
  g_autofree char *type_key = g_strdup_printf ("%s.type", prefix);
  g_autofree char *str_key = g_strdup_printf ("%s.str", prefix);
  const char *host = get (kv, prefix, "host"), *port = get (kv, prefix, "port");
  const char *path = get (kv, prefix, "path"), *str = keyval_get (kv, str_key);
  *ret = (NetAddress){ .fd = -1 };
  *ret_given = keyval_get (kv, type_key) != NULL;
  if (!*ret_given)
    return true;
  if (!keyval_get_choice (kv, type_key, kinds, 0, &kind, error))
    return false;
  if (kind == 0 && port && !path && !str)
    return resolve (host, port, type, passive, ret, error);
  if (kind == 1 && path && !host && !port && !str)
    return unix_address (path, ret, error);
  if (kind == 2 && str && !host && !port && !path)
    return keyval_get_uint (kv, str_key, 0, &fd, error) && net_address_from_fd (fd, type, ret, error);
  net_set_error (error, "%s.type=%s needs %s and nothing else", prefix, kinds[kind],
                 kind == 0   ? ".host and .port"
                 : kind == 1 ? ".path"
                             : ".str (a descriptor's number)");
  return false;
}

/* Whether the file of a Unix socket is one that a process of the past has left. */
static bool
is_stale (const NetAddress *address, int type)
{
  if (address->addr.ss_family != AF_UNIX)
    return false;
  const int fd = socket (AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool stale = fd >= 0 && connect (fd, (const struct sockaddr *)&address->addr, address->size) < 0 &&
                     errno == ECONNREFUSED;
  if (fd >= 0)
    close (fd);
  return stale;
}

int
net_address_bind (const NetAddress *address, int type, GError **error)
{
  const struct sockaddr *addr = (const struct sockaddr *)&address->addr;
  const int yes = 1;
  const int fd = socket (addr->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0 && addr->sa_family != AF_UNIX)
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  bool ok = fd >= 0 && bind (fd, addr, address->size) == 0;
  if (!ok && fd >= 0 && errno == EADDRINUSE && is_stale (address, type)) {
    net_address_unlink (address);
    ok = bind (fd, addr, address->size) == 0;
  }
  if (ok)
    return fd;
  net_set_error (error, "%s: %s%s", address->text, g_strerror (errno),
                 errno == EADDRINUSE ? "; another process has it, choose another address" : "");
  if (fd >= 0)
    close (fd);
  return -1;
}

void
net_address_unlink (const NetAddress *address)
{
  if (address->addr.ss_family == AF_UNIX)
    unlink (((const struct sockaddr_un *)&address->addr)->sun_path);
}
