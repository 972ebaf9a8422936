/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Network back ends: where a NIC's frames go.  Frames may carry a virtio-net header (struct
 * virtio_net_hdr_v1, 12 bytes, little-endian) when both sides agree; the queue layer segments and checksums
 * for peers that do not. */

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct NetBackend NetBackend;

/* The NIC's side; called on the back end's I/O thread (net_backend_attach). Returns false when it has no
 * room: the back end keeps the frame and waits for net_backend_ready(). */
typedef struct {
  bool (*receive) (void *opaque, const struct iovec *iov, int n_iov);
  void (*link) (void *opaque, bool up); /* may be NULL */
  void (*flush) (void *opaque);         /* the last frame of a batch has been received; may be NULL */
} NetClient;

/* What a back end can take and give beyond plain Ethernet frames. */
enum { NET_VNET_HDR = 1, NET_CSUM = 2, NET_TSO4 = 4, NET_TSO6 = 8 };

/* From "user,id=net0,hostfwd=tcp::2222-:22,…", "tap,ifname=…", "stream,…", "socket,…", "dgram,…" and -nic's
 * forms. */
NetBackend *net_backend_new (const char *options, GError **error);
void net_backend_free (NetBackend *net);
const char *net_backend_id (const NetBackend *net);
NetBackend *net_backend_find (const char *id);
GPtrArray *net_backend_list (void);
GPtrArray *net_backend_kinds (void); /* "user", …: what net_backend_new() takes; free the array only */
bool net_backend_attached (const NetBackend *net);
unsigned net_backend_features (const NetBackend *net);
/* What the client takes: with NET_VNET_HDR each frame has the header in both directions, and what the client
 * sends may use all of net_backend_features(). Any thread. */
bool net_backend_set_features (NetBackend *net, unsigned features);
/* The back end runs from attach to detach: on `context` from net_backend_use_context() (which must outlive
 * that and be iterated by one thread), or else on a thread of its own. */
void net_backend_use_context (NetBackend *net, GMainContext *context);
bool net_backend_attach (NetBackend *net, const NetClient *client, void *opaque, GError **error);
void net_backend_detach (NetBackend *net);
/* From the thread the back end runs on: sends one frame; false: no room now (try again when `sent` is
 * called). What is malformed is dropped. Not from within NetClient.receive. */
bool net_backend_send (NetBackend *net, const struct iovec *iov, int n_iov);
void net_backend_notify_sent (NetBackend *net, void (*sent) (void *opaque), void *opaque);
/* The client has room again. Any thread. */
void net_backend_ready (NetBackend *net);
/* Text of settings and connections, for info network and info usernet. */
void net_backend_describe (NetBackend *net, GString *out, bool connections);
/* "tcp::2222-:22" added or removed while running. */
bool net_backend_hostfwd (NetBackend *net, const char *rule, bool add, GError **error);
/* What the guest has received and sent. Any thread. */
typedef struct {
  uint64_t receive_packets, receive_bytes, send_packets, send_bytes;
} NetStats;
void net_backend_stats (const NetBackend *net, NetStats *ret_stats);
/* Saved with the machine (not floating: to be unreferenced). Connections to the host are saved as far as
 * libslirp can. */
GVariant *net_backend_save (NetBackend *net);
bool net_backend_load (NetBackend *net, GVariant *state, GError **error);
/* While the machine is stopped no frame is delivered. */
void net_backend_pause (NetBackend *net, bool paused);
/* set_link: a cable that is pulled. The client is told; frames are dropped in both directions. */
void net_backend_set_link (NetBackend *net, bool up);
bool net_backend_link (NetBackend *net);
