/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Socket addresses in settings: "addr.type=inet,addr.host=…,addr.port=…", and the older HOST:PORT. */

#include "net-internal.h"

#include <sys/socket.h>

typedef struct {
  struct sockaddr_storage addr;
  socklen_t size;
  int fd;     /* of type fd; else -1 */
  char *text; /* as people write it */
} NetAddress;

/* From the keys that begin with `prefix` ("addr"). *ret_given is false where there are none. `passive`: to
 * bind to. `type` is SOCK_STREAM or SOCK_DGRAM. */
bool net_address_get (Keyval *kv, const char *prefix, int type, bool passive, NetAddress *ret,
                      bool *ret_given, GError **error);
/* "HOST:PORT", ":PORT", "[ADDRESS6]:PORT". */
bool net_address_parse (const char *text, int type, bool passive, NetAddress *ret, GError **error);
bool net_address_from_fd (uint64_t fd, int type, NetAddress *ret, GError **error);
void net_address_clear (NetAddress *address);
/* A non-blocking socket bound to the address; a Unix socket's file that nobody listens at is replaced. -1 and
 * an error. */
int net_address_bind (const NetAddress *address, int type, GError **error);
/* Removes the file of a Unix socket. */
void net_address_unlink (const NetAddress *address);
