/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "virtio-net.h"
#include "virtio-net-private.h"

#include <string.h>

/* §5.1.4. */
typedef struct {
  uint8_t mac[6];
  uint16_t status;
  uint16_t max_virtqueue_pairs;
  uint16_t mtu;
} VirtioNetConfig;
G_STATIC_ASSERT (sizeof (VirtioNetConfig) == 12);
enum { STATUS_LINK_UP = 1 };

static bool
offers_mq (const VirtioNet *n)
{
  return n->mq && n->ctrl_vq && n->n_pairs > 1;
}

static uint64_t
features (VirtioDevice *vdev)
{
  const VirtioNet *n = (const VirtioNet *)vdev;
  const unsigned net = n->net ? net_backend_features (n->net) : NET_CSUM | NET_TSO4 | NET_TSO6;
  const bool host_csum = n->csum && net & NET_CSUM, guest_csum = n->guest_csum && net & NET_CSUM;
  const bool tso4 = n->gso && net & NET_TSO4, tso6 = n->gso && net & NET_TSO6;
  const struct {
    bool offered;
    unsigned feature;
  } table[] = {
    { host_csum, VIRTIO_NET_F_CSUM },
    { guest_csum, VIRTIO_NET_F_GUEST_CSUM },
    { n->ctrl_vq && n->ctrl_guest_offloads && guest_csum, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS },
    { n->host_mtu != 0, VIRTIO_NET_F_MTU },
    { true, VIRTIO_NET_F_MAC },
    { guest_csum && tso4 && n->guest_tso4, VIRTIO_NET_F_GUEST_TSO4 },
    { guest_csum && tso6 && n->guest_tso6, VIRTIO_NET_F_GUEST_TSO6 },
    { guest_csum && ((tso4 && n->guest_tso4) || (tso6 && n->guest_tso6)) && n->guest_ecn,
      VIRTIO_NET_F_GUEST_ECN },
    { host_csum && tso4 && n->host_tso4, VIRTIO_NET_F_HOST_TSO4 },
    { host_csum && tso6 && n->host_tso6, VIRTIO_NET_F_HOST_TSO6 },
    { host_csum && ((tso4 && n->host_tso4) || (tso6 && n->host_tso6)) && n->host_ecn, VIRTIO_NET_F_HOST_ECN },
    { n->mrg_rxbuf, VIRTIO_NET_F_MRG_RXBUF },
    { n->status, VIRTIO_NET_F_STATUS },
    { n->ctrl_vq, VIRTIO_NET_F_CTRL_VQ },
    { n->ctrl_vq && n->ctrl_rx, VIRTIO_NET_F_CTRL_RX },
    { n->ctrl_vq && n->ctrl_vlan, VIRTIO_NET_F_CTRL_VLAN },
    { n->ctrl_vq && n->ctrl_rx_extra, VIRTIO_NET_F_CTRL_RX_EXTRA },
    { offers_mq (n), VIRTIO_NET_F_MQ },
    { n->ctrl_vq && n->ctrl_mac_addr, VIRTIO_NET_F_CTRL_MAC_ADDR },
  };
  uint64_t set = 0;
  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++)
    set |= (uint64_t)table[i].offered << table[i].feature;
  return set;
}

/* §5.1.3.1: what needs what. */
static bool
set_features (VirtioDevice *vdev, uint64_t set)
{
  static const struct {
    uint8_t feature, needs;
  } needs[] = {
    { VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_CSUM },
    { VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_CSUM },
    { VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_CSUM },
    { VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_CSUM },
    { VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VQ },
    { VIRTIO_NET_F_CTRL_RX_EXTRA, VIRTIO_NET_F_CTRL_VQ },
    { VIRTIO_NET_F_CTRL_VLAN, VIRTIO_NET_F_CTRL_VQ },
    { VIRTIO_NET_F_CTRL_MAC_ADDR, VIRTIO_NET_F_CTRL_VQ },
    { VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, VIRTIO_NET_F_CTRL_VQ },
    { VIRTIO_NET_F_MQ, VIRTIO_NET_F_CTRL_VQ },
  };
  VirtioNet *n = (VirtioNet *)vdev;
  for (unsigned i = 0; i < G_N_ELEMENTS (needs); i++)
    if ((set >> needs[i].feature & 1) && !(set >> needs[i].needs & 1))
      return false;
  g_mutex_lock (&n->lock);
  n->filter.filter_vlans = set >> VIRTIO_NET_F_CTRL_VLAN & 1;
  virtio_net_apply_offloads (n, set & VIRTIO_NET_GUEST_OFFLOADS);
  g_mutex_unlock (&n->lock);
  return true;
}

static void
config_read (VirtioDevice *vdev)
{
  VirtioNet *n = (VirtioNet *)vdev;
  const bool up = n->net && net_backend_link (n->net);
  VirtioNetConfig config = {
    .status = GUINT16_TO_LE (up ? STATUS_LINK_UP : 0),
    .max_virtqueue_pairs = GUINT16_TO_LE ((uint16_t)n->n_pairs),
    .mtu = GUINT16_TO_LE ((uint16_t)n->host_mtu),
  };
  g_mutex_lock (&n->lock);
  memcpy (config.mac, n->filter.mac, sizeof config.mac);
  g_mutex_unlock (&n->lock);
  memcpy (vdev->config, &config, sizeof config);
}

static void
running (VirtioDevice *vdev, bool on)
{
  VirtioNet *n = (VirtioNet *)vdev;
  g_mutex_lock (&n->lock);
  n->running = on;
  for (unsigned i = 0; i < n->n_pairs && !on; i++) {
    virtio_net_release_held (&n->pairs[i]);
    n->pairs[i].tx_blocked = n->pairs[i].pushed = false;
  }
  g_mutex_unlock (&n->lock);
  /* Frames may have come while the machine stood; after a reset they are not for this driver any more. */
  if (n->net)
    net_backend_ready (n->net);
}

static void
queue_reset (VirtioDevice *vdev, unsigned queue)
{
  VirtioNet *n = (VirtioNet *)vdev;
  if (queue / 2 >= n->n_pairs || queue % 2)
    return;
  g_mutex_lock (&n->lock);
  virtio_net_release_held (&n->pairs[queue / 2]);
  g_mutex_unlock (&n->lock);
}

static const VirtioClass virtio_net = {
  .id = 1,
  .name = "virtio-net",
  .pci_class = 0x0200,
  .config_size = sizeof (VirtioNetConfig),
  .features = features,
  .set_features = set_features,
  .config_read = config_read,
  .running = running,
  .queue_reset = queue_reset,
};

/* Without VIRTIO_NET_F_MQ the control queue comes after the first pair (§5.1.2). */
static void
handle_queue (VirtioDevice *vdev, VirtQueue *queue)
{
  const VirtioNet *n = (const VirtioNet *)vdev;
  const unsigned index = virtqueue_index (queue), pairs = virtio_has (vdev, VIRTIO_NET_F_MQ) ? n->n_pairs : 1;
  if (index < 2 * pairs)
    (index % 2 ? virtio_net_handle_tx : virtio_net_handle_rx) (vdev, queue);
  else if (index == 2 * pairs && virtio_has (vdev, VIRTIO_NET_F_CTRL_VQ))
    virtio_net_handle_ctrl (vdev, queue);
}

static void
init (Device *dev)
{
  VirtioNet *n = (VirtioNet *)dev;
  virtio_init (&n->vdev, &virtio_net);
  g_mutex_init (&n->lock);
}

/* 52:54:00:12:34:56 for the first device without an address, one more for each that follows. */
static void
choose_mac (VirtioNet *n)
{
  static const uint8_t none[6];
  static unsigned chosen;
  if (memcmp (n->mac, none, sizeof none))
    return;
  const uint32_t low = 0x123456 + chosen++;
  memcpy (n->mac, (uint8_t[]){ 0x52, 0x54, 0, (uint8_t)(low >> 16), (uint8_t)(low >> 8), (uint8_t)low }, 6);
}

static bool
check_properties (const VirtioNet *n, GError **error)
{
  const uint32_t sizes[] = { n->rx_queue_size, n->tx_queue_size };
  for (unsigned i = 0; i < 2; i++) {
    if (sizes[i] < 64 || sizes[i] > VIRTIO_QUEUE_MAX || (sizes[i] & (sizes[i] - 1))) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%s: %s_queue_size=%u is not a power of two between 64 and %d", n->vdev.dev.path,
                   i ? "tx" : "rx", sizes[i], VIRTIO_QUEUE_MAX);
      return false;
    }
  }
  if (n->n_pairs < 1 || (n->host_mtu && n->host_mtu < 68)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s: %s", n->vdev.dev.path,
                 n->n_pairs < 1 ? "queues=0: at least one pair of queues is needed"
                                : "host_mtu must be 68 to 65535");
    return false;
  }
  if (n->mac[0] & 1) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: mac= is a group address; the first byte of a device's is even, as in 52:54:00:12:34:56",
                 n->vdev.dev.path);
    return false;
  }
  return true;
}

static bool
connect (VirtioNet *n, GError **error)
{
  if (!n->netdev || !n->netdev[0])
    return true;
  NetBackend *net = net_backend_find (n->netdev);
  if (!net) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "%s: there is no network “%s”; add -netdev user,id=%s before the device", n->vdev.dev.path,
                 n->netdev, n->netdev);
    return false;
  }
  net_backend_set_features (net, NET_VNET_HDR);
  net_backend_use_context (net, iothread_context (virtqueue_iothread (n->pairs[0].rx)));
  if (!net_backend_attach (net, &virtio_net_client, n, error))
    return false;
  n->net = net;
  net_backend_notify_sent (net, virtio_net_sent, n);
  return true;
}

static bool
realize (Device *dev, GError **error)
{
  VirtioNet *n = (VirtioNet *)dev;
  if (!check_properties (n, error))
    return false;
  choose_mac (n);
  for (unsigned i = 0; i < n->n_pairs; i++) {
    n->pairs[i].rx = virtio_add_queue (&n->vdev, n->rx_queue_size, handle_queue);
    n->pairs[i].tx = virtio_add_queue (&n->vdev, n->tx_queue_size, handle_queue);
  }
  if (n->ctrl_vq)
    virtio_add_queue (&n->vdev, 64, handle_queue);
  virtio_net_filter_reset (&n->filter, n->mac);
  n->used_pairs = 1;
  return connect (n, error);
}

static void
unrealize (Device *dev)
{
  VirtioNet *n = (VirtioNet *)dev;
  if (n->net && net_backend_find (n->netdev) == n->net)
    net_backend_detach (n->net);
  n->net = NULL;
  g_mutex_clear (&n->lock);
}

static void
reset (Device *dev)
{
  VirtioNet *n = (VirtioNet *)dev;
  g_mutex_lock (&n->lock);
  virtio_net_filter_reset (&n->filter, n->mac);
  memset (n->flow_pair, 0, sizeof n->flow_pair);
  n->used_pairs = 1;
  virtio_net_apply_offloads (n, 0);
  g_mutex_unlock (&n->lock);
}

static void
save (Device *dev, GVariantBuilder *state)
{
  VirtioNet *n = (VirtioNet *)dev;
  g_mutex_lock (&n->lock);
  g_variant_builder_add (state, "{sv}", "filter", virtio_net_filter_save (&n->filter));
  g_variant_builder_add (state, "{sv}", "used-pairs", g_variant_new_uint32 (n->used_pairs));
  g_variant_builder_add (state, "{sv}", "guest-offloads", g_variant_new_uint64 (n->guest_offloads));
  g_mutex_unlock (&n->lock);
}

static bool
load (Device *dev, GVariant *state, GError **error)
{
  VirtioNet *n = (VirtioNet *)dev;
  g_autoptr (GVariant) filter = g_variant_lookup_value (state, "filter", NULL);
  guint32 pairs = 0;
  guint64 offloads = 0;
  const bool complete = filter && g_variant_lookup (state, "used-pairs", "u", &pairs) &&
                        g_variant_lookup (state, "guest-offloads", "t", &offloads);
  bool ok = complete && pairs >= 1 && pairs <= n->n_pairs &&
            !(offloads & ~(n->vdev.features & VIRTIO_NET_GUEST_OFFLOADS));
  g_mutex_lock (&n->lock);
  ok = ok && virtio_net_filter_load (&n->filter, filter);
  if (ok) {
    n->used_pairs = pairs;
    virtio_net_apply_offloads (n, offloads);
  }
  g_mutex_unlock (&n->lock);
  if (!ok)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the saved state is not that of a network device with %u pairs of queues", dev->path,
                 n->n_pairs);
  return ok;
}

#define SWITCH(name_, member, help_)                                                                         \
  { name_, DEVICE_PROP_BOOL, offsetof (VirtioNet, member), .initial = true, .help = help_ }
static const DeviceProp props[] = {
  { "netdev", DEVICE_PROP_BACKEND, offsetof (VirtioNet, netdev),
    .help = "id of the -netdev the device is connected to" },
  { "mac", DEVICE_PROP_MAC, offsetof (VirtioNet, mac),
    .help = "Ethernet address (default: 52:54:00:12:34:56 and up)" },
  { "queues", DEVICE_PROP_UINT32, offsetof (VirtioNet, n_pairs), .initial = 1, .max = VIRTIO_NET_PAIRS_MAX,
    .help = "pairs of receive and transmit queues" },
  { "rx_queue_size", DEVICE_PROP_UINT32, offsetof (VirtioNet, rx_queue_size), .initial = 256,
    .max = VIRTIO_QUEUE_MAX, .help = "size of a receive queue" },
  { "tx_queue_size", DEVICE_PROP_UINT32, offsetof (VirtioNet, tx_queue_size), .initial = 256,
    .max = VIRTIO_QUEUE_MAX, .help = "size of a transmit queue" },
  { "host_mtu", DEVICE_PROP_UINT32, offsetof (VirtioNet, host_mtu), .max = UINT16_MAX,
    .help = "largest packet the driver is to send (0: does not say)" },
  SWITCH ("mq", mq, "offer to use more than one pair of queues"),
  SWITCH ("csum", csum, "take frames without checksums"),
  SWITCH ("guest_csum", guest_csum, "give frames without checksums"),
  SWITCH ("gso", gso, "take or give frames to be segmented at all"),
  SWITCH ("guest_tso4", guest_tso4, "give TCP over IPv4 to be segmented"),
  SWITCH ("guest_tso6", guest_tso6, "give TCP over IPv6 to be segmented"),
  SWITCH ("guest_ecn", guest_ecn, "give TCP with congestion notification to be segmented"),
  SWITCH ("host_tso4", host_tso4, "take TCP over IPv4 to be segmented"),
  SWITCH ("host_tso6", host_tso6, "take TCP over IPv6 to be segmented"),
  SWITCH ("host_ecn", host_ecn, "take TCP with congestion notification to be segmented"),
  SWITCH ("mrg_rxbuf", mrg_rxbuf, "spread a frame over receive buffers"),
  SWITCH ("status", status, "tell whether the link is up"),
  SWITCH ("ctrl_vq", ctrl_vq, "have a control queue"),
  SWITCH ("ctrl_rx", ctrl_rx, "let the driver choose what it receives"),
  SWITCH ("ctrl_vlan", ctrl_vlan, "filter by VLAN"),
  SWITCH ("ctrl_rx_extra", ctrl_rx_extra, "let the driver choose more precisely"),
  SWITCH ("ctrl_mac_addr", ctrl_mac_addr, "let the driver set the Ethernet address"),
  SWITCH ("ctrl_guest_offloads", ctrl_guest_offloads, "let the driver change what it is given"),
  { NULL },
};

static const DeviceClass virtio_net_device_class = {
  .name = "virtio-net-device",
  .bus = "virtio-bus",
  .category = "Network devices",
  .help = "virtio network device",
  .size = sizeof (VirtioNet),
  .props = props,
  .user_creatable = true,
  .base = &virtio_device_class,
  .init = init,
  .realize = realize,
  .unrealize = unrealize,
  .reset = reset,
  .save = save,
  .load = load,
};

void
virtio_net_register (void)
{
  virtio_register (&virtio_net_device_class, &virtio_net);
}
