/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-user.h"

#include <arpa/inet.h>
#include <string.h>

static bool
parse_port (const char *text, bool zero_ok, uint16_t *ret)
{
  uint64_t port;
  if (!keyval_parse_uint (text, &port, NULL) || port > UINT16_MAX || (!port && !zero_ok))
    return false;
  *ret = (uint16_t)port;
  return true;
}

/* "ADDRESS:PORT", "[ADDRESS6]:PORT", ":PORT". */
static bool
parse_endpoint (const char *text, bool zero_ok, struct sockaddr_storage *ret)
{
  struct sockaddr_in *in = (struct sockaddr_in *)ret;
  struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
  const char *colon = strrchr (text, ':');
  uint16_t port;
  *ret = (struct sockaddr_storage){ 0 };
  if (!colon || !parse_port (colon + 1, zero_ok, &port))
    return false;
  const size_t length = (size_t)(colon - text);
  if (text[0] == '[' && length > 2 && colon[-1] == ']') {
    g_autofree char *address = g_strndup (text + 1, length - 2);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons (port);
    return inet_pton (AF_INET6, address, &in6->sin6_addr) == 1;
  }
  g_autofree char *address = g_strndup (text, length);
  in->sin_family = AF_INET;
  in->sin_port = htons (port);
  return !*address || inet_pton (AF_INET, address, &in->sin_addr) == 1;
}

/* Cuts "tcp:" or "udp:" off; nothing before the colon means TCP. */
static const char *
parse_protocol (const char *rule, bool *udp)
{
  *udp = g_str_has_prefix (rule, "udp:");
  if (*udp || g_str_has_prefix (rule, "tcp:"))
    return rule + 4;
  return rule[0] == ':' ? rule + 1 : NULL;
}

bool
user_parse_hostfwd (const char *rule, bool guest_needed, HostForward *ret, GError **error)
{
  *ret = (HostForward){ 0 };
  const char *at = parse_protocol (rule, &ret->udp);
  if (at) {
    const char *dash = strchr (at, '-');
    g_autofree char *host = g_strndup (at, dash ? (size_t)(dash - at) : strlen (at));
    ret->has_guest = dash != NULL;
    if ((dash || !guest_needed) && parse_endpoint (host, guest_needed, &ret->host) &&
        (!dash || parse_endpoint (dash + 1, false, &ret->guest)))
      return true;
  }
  net_set_error (error, "hostfwd: '%s' is not of the form %s", rule,
                 guest_needed
                     ? "tcp:[HOSTADDRESS]:HOSTPORT-[GUESTADDRESS]:GUESTPORT (or udp:…), as in tcp::2222-:22"
                     : "tcp:[HOSTADDRESS]:HOSTPORT (or udp:…), as in tcp::2222");
  return false;
}

bool
user_parse_guestfwd (const char *rule, GuestForward *ret, GError **error)
{
  bool udp;
  struct sockaddr_storage server = { 0 };
  *ret = (GuestForward){ 0 };
  const char *at = parse_protocol (rule, &udp), *dash = at ? strchr (at, '-') : NULL;
  if (dash && !udp) {
    g_autofree char *endpoint = g_strndup (at, (size_t)(dash - at));
    const struct sockaddr_in *in = (const struct sockaddr_in *)&server;
    if (parse_endpoint (endpoint, false, &server) && in->sin_family == AF_INET && in->sin_addr.s_addr) {
      ret->address = in->sin_addr;
      ret->port = ntohs (in->sin_port);
      if (g_str_has_prefix (dash + 1, "cmd:") && dash[5])
        ret->command = g_strdup (dash + 5);
      else if (g_str_has_prefix (dash + 1, "unix:") && dash[6])
        ret->unix_path = g_strdup (dash + 6);
      if (ret->command || ret->unix_path)
        return true;
    }
  }
  net_set_error (
      error, "guestfwd: '%s' is neither tcp:ADDRESS:PORT-cmd:COMMAND nor tcp:ADDRESS:PORT-unix:PATH", rule);
  return false;
}
