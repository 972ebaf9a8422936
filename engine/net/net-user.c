/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-user.h"

#include "log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

typedef struct {
  UserOptions options;
  Slirp *slirp;
  UserPoll *poll;
  UserFlows *flows;
} User;

static slirp_ssize_t
send_packet (const void *frame, size_t size, void *opaque)
{
  const NetBackend *net = opaque;
  VnetPacket packet;
  if (vnet_parse (frame, size, &packet))
    user_flows_see (((User *)net->priv)->flows, frame, &packet, false);
  /* libslirp is done with the buffer after this. */
  net_receive (opaque, (uint8_t *)frame, size, true);
  return (slirp_ssize_t)size;
}

static void
guest_error (const char *message, void *opaque)
{
  const NetBackend *net = opaque;
  vlog (VLOG_UNIMP, "network %s: %s\n", net->id, message);
}

/* One clock for all networks of the process, as libslirp has it. Its TCP timers count its own ticks, so a
 * machine that was stopped does not find its connections timed out. */
static int64_t
clock_get_ns (void *opaque)
{
  return g_get_monotonic_time () * 1000;
}

static void *
timer_new (SlirpTimerId id, void *timer_opaque, void *opaque)
{
  const NetBackend *net = opaque;
  return user_poll_timer_new (((User *)net->priv)->poll, id, timer_opaque);
}

static void
timer_free (void *timer, void *opaque)
{
  const NetBackend *net = opaque;
  user_poll_timer_free (((User *)net->priv)->poll, timer);
}

static void
timer_mod (void *timer, int64_t expire_ms, void *opaque)
{
  const NetBackend *net = opaque;
  user_poll_timer_set (((User *)net->priv)->poll, timer, expire_ms);
}

static void
forget_fd (int fd, void *opaque)
{
  const NetBackend *net = opaque;
  user_poll_forget_fd (((User *)net->priv)->poll, fd);
}

/* What waits is looked at anyway before the thread sleeps. */
static void
notify (void *opaque)
{
}

static const SlirpCb callbacks = {
  .send_packet = send_packet,
  .guest_error = guest_error,
  .clock_get_ns = clock_get_ns,
  .timer_free = timer_free,
  .timer_mod = timer_mod,
  .register_poll_fd = forget_fd,
  .unregister_poll_fd = forget_fd,
  .notify = notify,
  .timer_new_opaque = timer_new,
};

static socklen_t
address_size (const struct sockaddr_storage *address)
{
  return address->ss_family == AF_INET6 ? sizeof (struct sockaddr_in6) : sizeof (struct sockaddr_in);
}

static bool
user_hostfwd (NetBackend *net, const char *rule, bool add, GError **error)
{
  const User *user = net->priv;
  HostForward forward;
  if (!user_parse_hostfwd (rule, add, &forward, error))
    return false;
  struct sockaddr_in *guest = (struct sockaddr_in *)&forward.guest;
  if (guest->sin_family == AF_INET && !guest->sin_addr.s_addr)
    guest->sin_addr = user->options.config.vdhcp_start;
  const int flags =
      (forward.udp ? SLIRP_HOSTFWD_UDP : 0) | (forward.host.ss_family == AF_INET6 ? SLIRP_HOSTFWD_V6ONLY : 0);
  const socklen_t host_size = address_size (&forward.host), guest_size = address_size (&forward.guest);
  g_mutex_lock (&user_slirp_lock);
  errno = 0;
  const int result =
      add ? slirp_add_hostxfwd (user->slirp, (struct sockaddr *)&forward.host, host_size,
                                (struct sockaddr *)&forward.guest, guest_size, flags)
          : slirp_remove_hostxfwd (user->slirp, (struct sockaddr *)&forward.host, host_size, flags);
  const int problem = errno;
  g_mutex_unlock (&user_slirp_lock);
  if (result == 0)
    return true;
  if (!add)
    net_set_error (error, "hostfwd: there is no forwarding '%s' to remove", rule);
  else if (problem == EADDRINUSE)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
                 "hostfwd: the host's port in '%s' is in use; choose another or end the program that has it",
                 rule);
  else if (problem == EACCES)
    net_set_error (error, "hostfwd: only root may open the host's port in '%s'; choose one above 1023", rule);
  else
    net_set_error (error, "hostfwd: '%s' cannot be set up: %s", rule,
                   problem ? g_strerror (problem) : "bad address");
  return false;
}

static bool
add_guestfwd (User *user, const char *rule, GError **error)
{
  GuestForward forward;
  if (!user_parse_guestfwd (rule, &forward, error))
    return false;
  g_autofree char *command = forward.command, *path = forward.unix_path;
  g_mutex_lock (&user_slirp_lock);
  const int result = command ? slirp_add_exec (user->slirp, command, &forward.address, forward.port)
                             : slirp_add_unix (user->slirp, path, &forward.address, forward.port);
  g_mutex_unlock (&user_slirp_lock);
  if (result == 0)
    return true;
  net_set_error (
      error,
      "guestfwd: '%s': the address must be one of the network other than host, dns and guest, and the "
      "port a free one",
      rule);
  return false;
}

static bool
add_forwards (NetBackend *net, Keyval *kv, GError **error)
{
  g_autoptr (GPtrArray) host = keyval_get_all (kv, "hostfwd"), guest = keyval_get_all (kv, "guestfwd");
  for (unsigned i = 0; i < host->len; i++)
    if (!user_hostfwd (net, host->pdata[i], true, error))
      return false;
  for (unsigned i = 0; i < guest->len; i++)
    if (!add_guestfwd (net->priv, guest->pdata[i], error))
      return false;
  return true;
}

static bool
user_open (NetBackend *net, Keyval *kv, GError **error)
{
  User *user = net->priv = g_new0 (User, 1);
  net->unlimited = net->use_merge = true;
  user->poll = user_poll_new (net);
  user->flows = user_flows_new ();
  if (!user_options_parse (&user->options, net, kv, error))
    return false;
  g_mutex_lock (&user_slirp_lock);
  user->slirp = slirp_new (&user->options.config, &callbacks, net);
  g_mutex_unlock (&user_slirp_lock);
  if (!user->slirp) {
    net_set_error (error, "libslirp refuses these settings; check net=, dnssearch= and the others");
    return false;
  }
  user_poll_set_slirp (user->poll, user->slirp);
  return add_forwards (net, kv, error);
}

static void
user_close (NetBackend *net)
{
  User *user = net->priv;
  if (!user)
    return;
  g_mutex_lock (&user_slirp_lock);
  if (user->slirp)
    slirp_cleanup (user->slirp);
  g_mutex_unlock (&user_slirp_lock);
  user_poll_free (user->poll);
  user_flows_free (user->flows);
  user_options_clear (&user->options);
  g_free (user);
}

static void
user_start (NetBackend *net)
{
  user_poll_start (((User *)net->priv)->poll, net->context);
}

static void
user_stop (NetBackend *net)
{
  user_poll_stop (((User *)net->priv)->poll);
}

/* libslirp is told that its link carries 64 KiB and, where it listens to that, that the guest takes such
 * segments. It then moves a window with one segment instead of 45, which the guest gets as one frame to be
 * segmented by the link's MTU. A guest that asks for smaller segments than its link has may need them for
 * what is behind it, so that is not touched. (libslirp forgets what the guest asks for when it is the guest
 * that connects: these connections have segments of the link's MTU whatever we do.) */
static void
user_send (NetBackend *net, const struct iovec *iov, int n_iov)
{
  enum { IPV4_TCP = 40, IPV6_TCP = 60, LARGEST = 65521 };
  const User *user = net->priv;
  uint8_t *frame = iov[0].iov_base;
  const size_t size = iov[0].iov_len;
  VnetPacket packet;
  if (vnet_parse (frame, size, &packet) && packet.protocol == 6) {
    const unsigned headers = packet.version == 4 ? IPV4_TCP : IPV6_TCP;
    vnet_raise_mss (frame, &packet, net->mtu - headers, LARGEST - headers);
    user_flows_see (user->flows, frame, &packet, true);
  } else {
    user_poll_soon (user->poll);
  }
  g_mutex_lock (&user_slirp_lock);
  slirp_input (user->slirp, frame, (int)size);
  g_mutex_unlock (&user_slirp_lock);
}

static void
user_describe (NetBackend *net, GString *out, bool connections)
{
  const User *user = net->priv;
  char network[INET_ADDRSTRLEN], mask[INET_ADDRSTRLEN];
  const SlirpConfig *config = &user->options.config;
  if (connections) {
    g_mutex_lock (&user_slirp_lock);
    g_autofree char *text = slirp_connection_info (user->slirp);
    g_mutex_unlock (&user_slirp_lock);
    g_string_append_printf (out, "%s:\n%s", net->id, text);
    return;
  }
  inet_ntop (AF_INET, &config->vnetwork, network, sizeof network);
  inet_ntop (AF_INET, &config->vnetmask, mask, sizeof mask);
  g_string_append_printf (out, ",net=%s,mask=%s,restrict=%s,mtu=%u", network, mask,
                          config->restricted ? "on" : "off", net->mtu);
}

static slirp_ssize_t
write_state (const void *data, size_t size, void *opaque)
{
  g_byte_array_append (opaque, data, (unsigned)size);
  return (slirp_ssize_t)size;
}

static GVariant *
user_save (NetBackend *net)
{
  const User *user = net->priv;
  GByteArray *state = g_byte_array_new ();
  g_mutex_lock (&user_slirp_lock);
  slirp_state_save (user->slirp, write_state, state);
  g_mutex_unlock (&user_slirp_lock);
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (state);
  return g_variant_new ("(i@ay@aay)", slirp_state_version (),
                        g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE),
                        user_flows_save (user->flows));
}

typedef struct {
  const uint8_t *data;
  size_t left;
} Reader;

static slirp_ssize_t
read_state (void *buffer, size_t size, void *opaque)
{
  Reader *reader = opaque;
  const size_t length = MIN (size, reader->left);
  memset (buffer, 0, size);
  if (length)
    memcpy (buffer, reader->data, length);
  reader->data += length;
  reader->left -= length;
  return (slirp_ssize_t)length;
}

static bool
damaged (const NetBackend *net, GError **error)
{
  net_set_error (error, "the saved state of network %s is damaged", net->id);
  return false;
}

static bool
user_load (NetBackend *net, GVariant *state, GError **error)
{
  const User *user = net->priv;
  if (!g_variant_is_of_type (state, G_VARIANT_TYPE ("(iayaay)")))
    return damaged (net, error);
  gint32 version;
  g_autoptr (GVariant) bytes = NULL, flows = NULL;
  g_variant_get (state, "(i@ay@aay)", &version, &bytes, &flows);
  Reader reader = { g_variant_get_data (bytes), g_variant_get_size (bytes) };
  if (version > slirp_state_version ()) {
    net_set_error (error,
                   "network %s was saved with a newer libslirp (state %d, this one has %d); install that",
                   net->id, version, slirp_state_version ());
    return false;
  }
  g_mutex_lock (&user_slirp_lock);
  const int result = slirp_state_load (user->slirp, version, read_state, &reader);
  g_mutex_unlock (&user_slirp_lock);
  if (result >= 0)
    return user_flows_reset_saved (net, flows) || damaged (net, error);
  net_set_error (error, "libslirp refuses the saved state of network %s: %s", net->id, g_strerror (-result));
  return false;
}

const NetOps net_user_ops = {
  .name = "user",
  .open = user_open,
  .close = user_close,
  .start = user_start,
  .stop = user_stop,
  .send = user_send,
  .hostfwd = user_hostfwd,
  .describe = user_describe,
  .save = user_save,
  .load = user_load,
};
