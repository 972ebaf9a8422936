/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-user.h"

#include <string.h>

/* The guest's TCP connections, which end on sockets of the host that no other process can go on with. A guest
 * restored elsewhere that waits for data of such a connection, and has nothing to send, would wait for ever.
 * So it is made to speak: a segment outside of its window must be acknowledged (RFC 9293 §3.10.7.4), and
 * libslirp, which does not know the connection, resets what was acknowledged so. Two segments with sequence
 * numbers half the space apart cannot both be in the window. */
enum { FLOWS_MAX = 8192, MAC = 6, PROTOCOL_TCP = 6, TTL = 64, IPV4_HLEN = 20 };

/* From the guest's point of view, as in its frames. Bytes only, so that it has no padding. */
typedef struct {
  uint8_t version; /* 4, 6 */
  uint8_t guest[16], host[16];
  uint8_t guest_port[2], host_port[2];
} Key;

typedef struct {
  Key key; /* must be first */
  uint8_t guest_mac[MAC], host_mac[MAC];
  uint8_t guest_fin, host_fin;
} Flow;
G_STATIC_ASSERT (sizeof (Flow) == 51);

struct UserFlows {
  GHashTable *table; /* Flow, by its key */
};

static guint
hash_key (gconstpointer opaque)
{
  const uint8_t *key = opaque;
  guint hash = 5381;
  for (unsigned i = 0; i < sizeof (Key); i++)
    hash = hash * 33 + key[i];
  return hash;
}

static gboolean
same_key (gconstpointer a, gconstpointer b)
{
  return !memcmp (a, b, sizeof (Key));
}

UserFlows *
user_flows_new (void)
{
  UserFlows *flows = g_new0 (UserFlows, 1);
  flows->table = g_hash_table_new_full (hash_key, same_key, NULL, g_free);
  return flows;
}

void
user_flows_free (UserFlows *flows)
{
  if (!flows)
    return;
  g_hash_table_unref (flows->table);
  g_free (flows);
}

static Flow
get_flow (const uint8_t *frame, const VnetPacket *packet, bool from_guest)
{
  Flow flow = { .key.version = packet->version };
  const size_t size = packet->version == 4 ? 4 : 16;
  const uint8_t *src = frame + packet->l3 + (packet->version == 4 ? 12 : 8), *dst = src + size;
  const uint8_t *tcp = frame + packet->l4;
  memcpy (flow.key.guest, from_guest ? src : dst, size);
  memcpy (flow.key.host, from_guest ? dst : src, size);
  memcpy (flow.key.guest_port, tcp + (from_guest ? 0 : 2), 2);
  memcpy (flow.key.host_port, tcp + (from_guest ? 2 : 0), 2);
  memcpy (flow.guest_mac, frame + (from_guest ? MAC : 0), MAC);
  memcpy (flow.host_mac, frame + (from_guest ? 0 : MAC), MAC);
  return flow;
}

/* A connection begins with the answer to its SYN, from either side, and ends with a reset or two FINs. */
void
user_flows_see (UserFlows *flows, const uint8_t *frame, const VnetPacket *packet, bool from_guest)
{
  const uint8_t flags = packet->protocol == PROTOCOL_TCP && packet->l4 ? frame[packet->l4 + 13] : 0;
  if (!(flags & (VNET_TCP_SYN | VNET_TCP_FIN | VNET_TCP_RST)) || packet->l3 != VNET_ETH_HLEN)
    return;
  const Flow flow = get_flow (frame, packet, from_guest);
  Flow *known = g_hash_table_lookup (flows->table, &flow.key);
  if ((flags & VNET_TCP_SYN) && (flags & VNET_TCP_ACK)) {
    if (!known && g_hash_table_size (flows->table) < FLOWS_MAX) {
      known = g_memdup2 (&flow, sizeof flow);
      g_hash_table_insert (flows->table, known, known);
    }
  } else if (known) {
    known->guest_fin |= from_guest && (flags & VNET_TCP_FIN);
    known->host_fin |= !from_guest && (flags & VNET_TCP_FIN);
    if ((flags & VNET_TCP_RST) || (known->guest_fin && known->host_fin))
      g_hash_table_remove (flows->table, &flow.key);
  }
}

GVariant *
user_flows_save (const UserFlows *flows)
{
  GVariantBuilder out;
  GHashTableIter iter;
  gpointer flow;
  g_variant_builder_init (&out, G_VARIANT_TYPE ("aay"));
  g_hash_table_iter_init (&iter, flows->table);
  while (g_hash_table_iter_next (&iter, &flow, NULL))
    g_variant_builder_add_value (&out,
                                 g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, flow, sizeof (Flow), 1));
  return g_variant_builder_end (&out);
}

static size_t
put_ip (uint8_t *ip, const Flow *flow)
{
  if (flow->key.version == 4) {
    memcpy (ip, (uint8_t[]){ 0x45, 0, 0, IPV4_HLEN + VNET_TCP_HLEN, 0, 0, 0, 0, TTL, PROTOCOL_TCP, 0, 0 },
            12);
    memcpy (ip + 12, flow->key.host, 4);
    memcpy (ip + 16, flow->key.guest, 4);
    return IPV4_HLEN;
  }
  memcpy (ip, (uint8_t[]){ 0x60, 0, 0, 0, 0, VNET_TCP_HLEN, PROTOCOL_TCP, TTL }, 8);
  memcpy (ip + 8, flow->key.host, 16);
  memcpy (ip + 24, flow->key.guest, 16);
  return VNET_IPV6_HLEN;
}

/* An empty acknowledgement from the host's side of a connection. */
static void
send_probe (NetBackend *net, const Flow *flow, uint32_t seq)
{
  uint8_t frame[VNET_ETH_HLEN + VNET_IPV6_HLEN + VNET_TCP_HLEN] = { 0 };
  VnetPacket packet;
  memcpy (frame, flow->guest_mac, MAC);
  memcpy (frame + MAC, flow->host_mac, MAC);
  vnet_put_be16 (frame + 12, flow->key.version == 4 ? VNET_ETH_IPV4 : VNET_ETH_IPV6);
  const size_t l4 = VNET_ETH_HLEN + put_ip (frame + VNET_ETH_HLEN, flow);
  memcpy (frame + l4, flow->key.host_port, 2);
  memcpy (frame + l4 + 2, flow->key.guest_port, 2);
  vnet_put_be32 (frame + l4 + 4, seq);
  frame[l4 + 12] = VNET_TCP_HLEN / 4 << 4;
  frame[l4 + 13] = VNET_TCP_ACK;
  if (!vnet_parse (frame, l4 + VNET_TCP_HLEN, &packet))
    return;
  vnet_ip_csum (frame, &packet);
  vnet_tcp_csum (frame, &packet);
  net_receive (net, frame, l4 + VNET_TCP_HLEN, true);
}

bool
user_flows_reset_saved (NetBackend *net, GVariant *saved)
{
  const gsize n = g_variant_n_children (saved);
  if (n > FLOWS_MAX)
    return false;
  for (gsize i = 0; i < n; i++) {
    g_autoptr (GVariant) one = g_variant_get_child_value (saved, i);
    const Flow *flow = g_variant_get_data (one);
    if (g_variant_get_size (one) != sizeof *flow || (flow->key.version != 4 && flow->key.version != 6))
      return false;
    send_probe (net, flow, 0);
    send_probe (net, flow, UINT32_C (1) << 31);
  }
  net_receive_done (net);
  return true;
}
