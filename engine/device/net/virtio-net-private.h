/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the parts of the device share. All its queues are served by one I/O thread, on which its back end runs
 * too: frames go both ways without changing threads. */

#include "net.h"
#include "virtio.h"

/* §5.1.3. */
enum {
  VIRTIO_NET_F_CSUM = 0,
  VIRTIO_NET_F_GUEST_CSUM = 1,
  VIRTIO_NET_F_CTRL_GUEST_OFFLOADS = 2,
  VIRTIO_NET_F_MTU = 3,
  VIRTIO_NET_F_MAC = 5,
  VIRTIO_NET_F_GUEST_TSO4 = 7,
  VIRTIO_NET_F_GUEST_TSO6 = 8,
  VIRTIO_NET_F_GUEST_ECN = 9,
  VIRTIO_NET_F_HOST_TSO4 = 11,
  VIRTIO_NET_F_HOST_TSO6 = 12,
  VIRTIO_NET_F_HOST_ECN = 13,
  VIRTIO_NET_F_MRG_RXBUF = 15,
  VIRTIO_NET_F_STATUS = 16,
  VIRTIO_NET_F_CTRL_VQ = 17,
  VIRTIO_NET_F_CTRL_RX = 18,
  VIRTIO_NET_F_CTRL_VLAN = 19,
  VIRTIO_NET_F_CTRL_RX_EXTRA = 20,
  VIRTIO_NET_F_MQ = 22,
  VIRTIO_NET_F_CTRL_MAC_ADDR = 23,
};

/* struct virtio_net_hdr_v1. */
enum { VIRTIO_NET_HLEN = 12, VIRTIO_NET_NUM_BUFFERS = 10 };
enum { VIRTIO_NET_PAIRS_MAX = 16, VIRTIO_NET_MACS_MAX = 64, VIRTIO_NET_VLANS = 4096, VIRTIO_NET_FLOWS = 256 };

/* Which frames the driver wants (§5.1.6.5.1 to .3). */
typedef struct {
  uint8_t mac[6];
  bool promiscuous, all_multicast, all_unicast, no_multicast, no_unicast, no_broadcast;
  bool filter_vlans;                         /* VIRTIO_NET_F_CTRL_VLAN was negotiated */
  bool unicast_overflow, multicast_overflow; /* the driver has named more than there is room for: all pass */
  unsigned n_unicast, n_multicast;
  uint8_t unicast[VIRTIO_NET_MACS_MAX][6], multicast[VIRTIO_NET_MACS_MAX][6];
  uint64_t vlans[VIRTIO_NET_VLANS / 64];
} VirtioNetFilter;

typedef struct {
  VirtQueue *rx, *tx;
  /* Popped for a frame that they were too few for; they are the beginning of its place. */
  VirtqElement *held[VIRTIO_QUEUE_MAX];
  unsigned n_held;
  uint64_t held_room;
  bool pushed;     /* the driver is to be told */
  bool tx_blocked; /* the back end had no room */
} VirtioNetPair;

typedef struct {
  VirtioDevice vdev; /* must be first */
  /* Properties. */
  char *netdev;
  uint8_t mac[6];
  uint32_t n_pairs, rx_queue_size, tx_queue_size, host_mtu;
  bool mq, csum, guest_csum, gso, guest_tso4, guest_tso6, guest_ecn, host_tso4, host_tso6, host_ecn,
      mrg_rxbuf, status;
  bool ctrl_vq, ctrl_rx, ctrl_vlan, ctrl_rx_extra, ctrl_mac_addr, ctrl_guest_offloads;

  NetBackend *net;
  VirtioNetPair pairs[VIRTIO_NET_PAIRS_MAX];
  /* Held while a frame is received or a command carried out. What follows changes under it; the I/O thread is
   * the only one while the queues run. */
  GMutex lock;
  bool running;
  unsigned used_pairs;
  uint64_t guest_offloads; /* feature bits in effect */
  VirtioNetFilter filter;
  uint8_t flow_pair[VIRTIO_NET_FLOWS]; /* by hash: the pair that the driver last sent the flow's other
                                          direction on */
} VirtioNet;

/* virtio-net-filter.c */
void virtio_net_filter_reset (VirtioNetFilter *filter, const uint8_t *mac);
bool virtio_net_filter_accepts (const VirtioNetFilter *filter, const uint8_t *frame, size_t size);
GVariant *virtio_net_filter_save (const VirtioNetFilter *filter);
bool virtio_net_filter_load (VirtioNetFilter *filter, GVariant *state);

/* virtio-net-ctrl.c */
void virtio_net_handle_ctrl (VirtioDevice *vdev, VirtQueue *queue);
/* Tells the back end what the driver takes. */
void virtio_net_apply_offloads (VirtioNet *n, uint64_t offloads);
#define VIRTIO_NET_GUEST_OFFLOADS                                                                            \
  (UINT64_C (1) << VIRTIO_NET_F_GUEST_CSUM | UINT64_C (1) << VIRTIO_NET_F_GUEST_TSO4 |                       \
   UINT64_C (1) << VIRTIO_NET_F_GUEST_TSO6 | UINT64_C (1) << VIRTIO_NET_F_GUEST_ECN)

/* virtio-net-queue.c */
void virtio_net_handle_rx (VirtioDevice *vdev, VirtQueue *queue);
void virtio_net_handle_tx (VirtioDevice *vdev, VirtQueue *queue);
extern const NetClient virtio_net_client;
void virtio_net_sent (void *opaque);
/* Gives back what is held, as if it had never been popped. */
void virtio_net_release_held (VirtioNetPair *pair);

/* virtio-net-flow.c: the same number for both directions of a flow, below VIRTIO_NET_FLOWS. */
unsigned virtio_net_flow_hash (const uint8_t *frame, size_t size);
enum { VIRTIO_NET_FLOW_BYTES = 128 }; /* of a frame are enough for it */
