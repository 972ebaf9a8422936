/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What all back ends share: their life, the thread they run on, and the way of a frame from and to the client
 * with the offloads one side lacks done in between. */

#include "keyval.h"
#include "net.h"
#include "vnet.h"

typedef struct {
  const char *name; /* "user" */
  /* Reads its settings and opens what it needs on the host. What it has made so far is freed by close(). */
  bool (*open) (NetBackend *net, Keyval *kv, GError **error);
  void (*close) (NetBackend *net);
  /* Adds its sources to net->context, and removes them. Called on that context's thread, or before it runs.
   */
  void (*start) (NetBackend *net);
  void (*stop) (NetBackend *net);
  /* The rest runs on the context's thread too, but for `features`, which any thread may call. Those up to
   * `load` may be NULL. */
  bool (*writable) (NetBackend *net); /* false: no room, net_sent() will be called */
  void (*features) (NetBackend *net, unsigned features);
  void (*resume) (NetBackend *net); /* the client has room again */
  bool (*hostfwd) (NetBackend *net, const char *rule, bool add, GError **error);
  GVariant *(*save) (NetBackend *net);
  bool (*load) (NetBackend *net, GVariant *state, GError **error);
  void (*describe) (NetBackend *net, GString *out, bool connections);
  /* One frame, always taken (after `writable`) or dropped: with the header and in several parts where
   * `native` has NET_VNET_HDR, else without and in one. */
  void (*send) (NetBackend *net, const struct iovec *iov, int n_iov);
} NetOps;

typedef struct NetThread NetThread;

struct NetBackend {
  char *id;
  const NetOps *ops;
  void *priv;      /* the back end's own */
  unsigned native; /* NET_* that it does without our help */
  bool unlimited;  /* takes and gives TCP frames larger than the link's MTU with complete checksums */
  unsigned mtu;

  const NetClient *client;
  void *client_opaque;
  gint features; /* what the client takes; atomic */
  void (*sent) (void *opaque);
  void *sent_opaque;

  GMainContext *given_context; /* net_backend_use_context() */
  NetThread *thread;           /* without one given */
  GMainContext *context;
  GSource *ready_source;
  bool started, paused;
  gint admin_down, no_carrier; /* why the link is down; atomic */

  GQueue queue; /* frames that the client had no room for: GBytes with the client's header */
  size_t queued;
  bool unflushed;
  VnetMerge *merge;
  uint8_t *scratch; /* VNET_FRAME_MAX + 1 bytes: the frame being sent */
  bool use_merge;
  uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes, rx_dropped, tx_dropped;
};

extern const NetOps net_user_ops, net_tap_ops, net_stream_ops, net_dgram_ops, net_socket_ops;

/* Runs fn on the back end's thread and waits for it; at once where that is this thread or it does not run
 * yet. */
void net_run_sync (NetBackend *net, void (*fn) (void *data), void *data);
NetThread *net_thread_new (const char *name);
GMainContext *net_thread_context (NetThread *thread);
void net_thread_free (NetThread *thread);

/* A frame from the outside without a header. It may be changed. `valid`: its checksums are known to be right.
 */
void net_receive (NetBackend *net, uint8_t *frame, size_t size, bool valid);
/* A frame with the header, by a back end whose offloads the client has set. */
void net_receive_native (NetBackend *net, uint8_t *data, size_t size);
/* A VnetEmit whose opaque is the back end: a frame in its final form, but for offloads that the client does
 * not know. */
void net_deliver (void *opaque, const VnetHdr *hdr, uint8_t *frame, size_t size);
/* After the last frame of a batch. */
void net_receive_done (NetBackend *net);
/* Whether the client takes frames; those it does not take are kept, within limits. */
bool net_can_receive (const NetBackend *net);
/* Tries what was kept once more. */
void net_receive_retry (NetBackend *net);
void net_receive_drop_all (NetBackend *net);
GVariant *net_receive_save (NetBackend *net);
void net_receive_load (NetBackend *net, GVariant *frames);

/* The back end has room for frames again. */
void net_sent (NetBackend *net);
/* It is connected, or not. Any thread. */
void net_set_carrier (NetBackend *net, bool up);

/* A descriptor watched on the back end's context. The callback may stop and free it. */
typedef struct NetFd NetFd;
typedef void (*NetFdCallback) (NetBackend *net, GIOCondition condition);
NetFd *net_fd_new (NetBackend *net, int fd, NetFdCallback callback);
void net_fd_free (NetFd *watch); /* does not close; NULL is fine */
/* What is waited for; 0: nothing. */
void net_fd_set (NetFd *watch, GIOCondition condition);

#define NET_ERROR net_error_quark ()
GQuark net_error_quark (void);
void net_set_error (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);
