/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-user.h"

#include <arpa/inet.h>
#include <string.h>

enum { BOOTFILE_MAX = 127, MTU_MIN = 576, MTU_MAX = 65521 };

static bool
parse_ipv4 (const char *text, const char *key, struct in_addr *ret, GError **error)
{
  if (!text || inet_pton (AF_INET, text, ret) == 1)
    return true;
  net_set_error (error, "%s: '%s' is not an IPv4 address such as 10.0.2.2", key, text);
  return false;
}

static bool
parse_ipv6 (const char *text, const char *key, struct in6_addr *ret, GError **error)
{
  if (!text || inet_pton (AF_INET6, text, ret) == 1)
    return true;
  net_set_error (error, "%s: '%s' is not an IPv6 address such as fec0::2", key, text);
  return false;
}

/* "10.0.2.0/24" or "10.0.2.0/255.255.255.0". */
static bool
parse_network (const char *text, SlirpConfig *config, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", 2);
  uint64_t bits = 0;
  if (inet_pton (AF_INET, parts[0], &config->vnetwork) != 1)
    goto bad;
  if (!parts[1]) {
    const uint32_t first = ntohl (config->vnetwork.s_addr) >> 24;
    bits = first < 128 ? 8 : first < 192 ? 16 : 24;
  } else if (keyval_parse_uint (parts[1], &bits, NULL)) {
    if (bits < 4 || bits > 30)
      goto bad;
  } else if (inet_pton (AF_INET, parts[1], &config->vnetmask) != 1) {
    goto bad;
  }
  if (bits)
    config->vnetmask.s_addr = htonl (UINT32_MAX << (32 - bits));
  config->vnetwork.s_addr &= config->vnetmask.s_addr;
  const uint32_t hosts = ~ntohl (config->vnetmask.s_addr);
  if (hosts >= 3 && (hosts & (hosts + 1)) == 0)
    return true;
bad:
  net_set_error (error, "net: '%s' is not a network of IPv4 such as 10.0.2.0/24 (/4 to /30)", text);
  return false;
}

/* The address with number n in the network, or the highest there is room for. */
static struct in_addr
nth_host (const SlirpConfig *config, uint32_t n)
{
  const uint32_t hosts = ~ntohl (config->vnetmask.s_addr);
  return (struct in_addr){ htonl (ntohl (config->vnetwork.s_addr) | MIN (n, hosts - 1)) };
}

static bool
in_network (const SlirpConfig *config, struct in_addr address, const char *key, GError **error)
{
  char network[INET_ADDRSTRLEN];
  const uint32_t mask = config->vnetmask.s_addr;
  const bool host_part = (address.s_addr & ~mask) && (address.s_addr & ~mask) != ~mask;
  if ((address.s_addr & mask) == config->vnetwork.s_addr && host_part)
    return true;
  inet_ntop (AF_INET, &config->vnetwork, network, sizeof network);
  net_set_error (error, "%s: the address is not one of a host in the network %s (net=)", key, network);
  return false;
}

static bool
parse_v4_options (SlirpConfig *config, Keyval *kv, GError **error)
{
  const char *network = keyval_get (kv, "net");
  if (!parse_network (network ? network : "10.0.2.0/24", config, error))
    return false;
  config->vhost = nth_host (config, 2);
  config->vnameserver = nth_host (config, 3);
  config->vdhcp_start = nth_host (config, 15);
  const char *dhcpstart = keyval_get (kv, "dhcpstart");
  if (!parse_ipv4 (keyval_get (kv, "host"), "host", &config->vhost, error) ||
      !parse_ipv4 (keyval_get (kv, "dns"), "dns", &config->vnameserver, error) ||
      !parse_ipv4 (dhcpstart, "dhcpstart", &config->vdhcp_start, error))
    return false;
  if (!in_network (config, config->vhost, "host", error) ||
      !in_network (config, config->vdhcp_start, "dhcpstart", error) ||
      !in_network (config, config->vnameserver, "dns", error))
    return false;
  if (config->vhost.s_addr == config->vnameserver.s_addr ||
      config->vhost.s_addr == config->vdhcp_start.s_addr ||
      config->vdhcp_start.s_addr == config->vnameserver.s_addr) {
    net_set_error (error,
                   "host, dns and dhcpstart must be three different addresses; give them, or a larger net=");
    return false;
  }
  return true;
}

static bool
parse_v6_options (SlirpConfig *config, Keyval *kv, GError **error)
{
  g_auto (GStrv) parts = NULL;
  const char *network = keyval_get (kv, "ipv6-net"), *prefix = keyval_get (kv, "ipv6-prefix");
  uint64_t bits = 64;
  if (network) {
    parts = g_strsplit (network, "/", 2);
    prefix = parts[0];
  }
  if (!keyval_get_uint (kv, "ipv6-prefixlen", 64, &bits, error) ||
      (parts && parts[1] && !keyval_parse_uint (parts[1], &bits, error)) ||
      !parse_ipv6 (prefix ? prefix : "fec0::", "ipv6-net", &config->vprefix_addr6, error))
    return false;
  if (bits < 3 || bits > 126) {
    net_set_error (error,
                   "ipv6-net: the prefix length must be 3 to 126; 64 lets guests configure themselves");
    return false;
  }
  config->vprefix_len = (uint8_t)bits;
  config->vhost6 = config->vnameserver6 = config->vprefix_addr6;
  config->vhost6.s6_addr[15] |= 2;
  config->vnameserver6.s6_addr[15] |= 3;
  return parse_ipv6 (keyval_get (kv, "ipv6-host"), "ipv6-host", &config->vhost6, error) &&
         parse_ipv6 (keyval_get (kv, "ipv6-dns"), "ipv6-dns", &config->vnameserver6, error);
}

static bool
parse_families (SlirpConfig *config, Keyval *kv, GError **error)
{
  bool v4, v6, restricted;
  const bool only_v6 = keyval_get (kv, "ipv6") && !keyval_get (kv, "ipv4");
  const bool only_v4 = keyval_get (kv, "ipv4") && !keyval_get (kv, "ipv6");
  if (!keyval_get_bool (kv, "ipv4", true, &v4, error) || !keyval_get_bool (kv, "ipv6", true, &v6, error) ||
      !keyval_get_bool (kv, "restrict", false, &restricted, error))
    return false;
  /* "ipv6=on" alone means no IPv4, as "ipv4=on" alone means no IPv6. */
  if (only_v6 && v6)
    v4 = false;
  else if (only_v4 && v4)
    v6 = false;
  if (!v4 && !v6) {
    net_set_error (error, "both ipv4 and ipv6 are off; leave one of them on");
    return false;
  }
  config->in_enabled = v4;
  config->in6_enabled = v6;
  config->restricted = restricted;
  return true;
}

static bool
parse_texts (UserOptions *options, Keyval *kv, GError **error)
{
  g_autoptr (GPtrArray) search = keyval_get_all (kv, "dnssearch");
  options->hostname = g_strdup (keyval_get (kv, "hostname"));
  options->domainname = g_strdup (keyval_get (kv, "domainname"));
  options->tftp = g_strdup (keyval_get (kv, "tftp"));
  options->tftp_server_name = g_strdup (keyval_get (kv, "tftp-server-name"));
  options->bootfile = g_strdup (keyval_get (kv, "bootfile"));
  options->dnssearch = g_new0 (char *, search->len + 1);
  for (unsigned i = 0; i < search->len; i++)
    options->dnssearch[i] = g_strdup (search->pdata[i]);
  const struct {
    const char *key, *value;
    size_t max;
  } limits[] = { { "bootfile", options->bootfile, BOOTFILE_MAX },
                 { "hostname", options->hostname, 32 },
                 { "domainname", options->domainname, 255 },
                 { "tftp-server-name", options->tftp_server_name, 255 } };
  for (unsigned i = 0; i < G_N_ELEMENTS (limits); i++) {
    if (limits[i].value && strlen (limits[i].value) > limits[i].max) {
      net_set_error (error, "%s: the text is too long for DHCP; at most %zu bytes fit", limits[i].key,
                     limits[i].max);
      return false;
    }
  }
  return true;
}

bool
user_options_parse (UserOptions *options, NetBackend *net, Keyval *kv, GError **error)
{
  SlirpConfig *config = &options->config;
  uint64_t mtu;
  if (!parse_families (config, kv, error) || !parse_v4_options (config, kv, error) ||
      !parse_v6_options (config, kv, error) || !parse_texts (options, kv, error) ||
      !keyval_get_uint (kv, "mtu", 1500, &mtu, error))
    return false;
  if (mtu < MTU_MIN || mtu > MTU_MAX) {
    net_set_error (error, "mtu: %" G_GUINT64_FORMAT " is not between %d and %d", mtu, MTU_MIN, MTU_MAX);
    return false;
  }
  net->mtu = (unsigned)mtu;
  config->version = 4;
  /* The largest there is, whatever the link's: see user_send(). */
  config->if_mtu = config->if_mru = MTU_MAX;
  config->vhostname = options->hostname;
  config->vdomainname = options->domainname;
  config->tftp_path = options->tftp;
  config->tftp_server_name = options->tftp_server_name;
  config->bootfile = options->bootfile;
  config->vdnssearch = options->dnssearch[0] ? (const char **)options->dnssearch : NULL;
  return true;
}

void
user_options_clear (UserOptions *options)
{
  g_strfreev (options->dnssearch);
  g_free (options->hostname);
  g_free (options->domainname);
  g_free (options->tftp);
  g_free (options->tftp_server_name);
  g_free (options->bootfile);
}
