/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BUFFER_SIZE = VNET_FRAME_MAX + sizeof (VnetHdr), BATCH = 64 };

typedef struct {
  int fd;
  NetFd *watch;
  char name[IFNAMSIZ];
  char *downscript;
  uint8_t *buffer;
} Tap;

static bool
fail_errno (GError **error, const char *what, const char *remedy)
{
  net_set_error (error, "%s: %s%s", what, g_strerror (errno), remedy);
  return false;
}

static bool
run_script (const char *script, const char *name, GError **error)
{
  const char *argv[] = { script, name, NULL };
  int status;
  if (!g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL, &status,
                     error))
    return false;
  return g_spawn_check_wait_status (status, error);
}

static bool
open_device (Tap *tap, const char *ifname, bool vnet_hdr, GError **error)
{
  struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
  if (vnet_hdr)
    request.ifr_flags |= IFF_VNET_HDR;
  if (ifname && strlen (ifname) >= IFNAMSIZ) {
    net_set_error (error, "ifname: '%s' is longer than the %d characters an interface may have", ifname,
                   IFNAMSIZ - 1);
    return false;
  }
  g_strlcpy (request.ifr_name, ifname ? ifname : "tap%d", IFNAMSIZ);
  tap->fd = open ("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (tap->fd < 0)
    return fail_errno (error, "/dev/net/tun cannot be opened",
                       "; load the module tun, or give the user access to the device, or use -netdev user");
  if (ioctl (tap->fd, TUNSETIFF, &request) < 0)
    return fail_errno (error, "the tap interface cannot be set up",
                       "; let an administrator make it for this user: ip tuntap add NAME mode tap user USER");
  g_strlcpy (tap->name, request.ifr_name, IFNAMSIZ);
  return true;
}

static bool
use_descriptor (Tap *tap, uint64_t fd, bool *vnet_hdr, GError **error)
{
  struct ifreq request = { 0 };
  if (fd > G_MAXINT || ioctl ((int)fd, TUNGETIFF, &request) < 0) {
    net_set_error (error, "fd: descriptor %" G_GUINT64_FORMAT " is not an open tap interface", fd);
    return false;
  }
  tap->fd = (int)fd;
  *vnet_hdr = request.ifr_flags & IFF_VNET_HDR;
  g_strlcpy (tap->name, request.ifr_name, IFNAMSIZ);
  return g_unix_set_fd_nonblocking (tap->fd, TRUE, error);
}

static void
tap_features (NetBackend *net, unsigned features)
{
  const Tap *tap = net->priv;
  const unsigned long offloads = (features & NET_CSUM ? TUN_F_CSUM : 0) |
                                 (features & NET_TSO4 ? TUN_F_TSO4 : 0) |
                                 (features & NET_TSO6 ? TUN_F_TSO6 : 0);
  if (net->native & NET_VNET_HDR)
    ioctl (tap->fd, TUNSETOFFLOAD, offloads);
}

static bool
set_up_headers (NetBackend *net, GError **error)
{
  const Tap *tap = net->priv;
  int size = sizeof (VnetHdr), little_endian = 1;
  if (ioctl (tap->fd, TUNSETVNETHDRSZ, &size) < 0 || ioctl (tap->fd, TUNSETVNETLE, &little_endian) < 0)
    return fail_errno (error, "the tap interface does not take virtio-net headers", "; add vnet_hdr=off");
  net->native = NET_VNET_HDR;
  if (ioctl (tap->fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) == 0)
    net->native |= NET_CSUM | NET_TSO4 | NET_TSO6;
  tap_features (net, 0);
  return true;
}

static bool
tap_open (NetBackend *net, Keyval *kv, GError **error)
{
  Tap *tap = net->priv = g_new0 (Tap, 1);
  tap->fd = -1;
  tap->buffer = g_malloc (BUFFER_SIZE);
  const char *ifname = keyval_get (kv, "ifname"), *script = keyval_get (kv, "script");
  const char *downscript = keyval_get (kv, "downscript"), *fd_text = keyval_get (kv, "fd");
  bool vnet_hdr;
  uint64_t fd;
  if (!keyval_get_bool (kv, "vnet_hdr", true, &vnet_hdr, error) || !keyval_get_uint (kv, "fd", 0, &fd, error))
    return false;
  if (fd_text && (ifname || script || downscript)) {
    net_set_error (error,
                   "fd= is an interface that is set up already; leave ifname=, script= and downscript= out");
    return false;
  }
  if (fd_text ? !use_descriptor (tap, fd, &vnet_hdr, error) : !open_device (tap, ifname, vnet_hdr, error))
    return false;
  net->use_merge = !vnet_hdr;
  if (vnet_hdr && !set_up_headers (net, error))
    return false;
  if (script && strcmp (script, "no") && *script && !run_script (script, tap->name, error)) {
    g_prefix_error (error, "script: %s: ", script);
    return false;
  }
  if (downscript && strcmp (downscript, "no") && *downscript)
    tap->downscript = g_strdup (downscript);
  return true;
}

static void
tap_close (NetBackend *net)
{
  Tap *tap = net->priv;
  if (!tap)
    return;
  if (tap->downscript) {
    g_autoptr (GError) error = NULL;
    if (!run_script (tap->downscript, tap->name, &error))
      g_warning ("network %s: downscript: %s", net->id, error->message);
  }
  if (tap->fd >= 0)
    close (tap->fd);
  g_free (tap->downscript);
  g_free (tap->buffer);
  g_free (tap);
}

static void
tap_ready (NetBackend *net, GIOCondition condition)
{
  const Tap *tap = net->priv;
  for (unsigned n = 0; n < BATCH && net_can_receive (net); n++) {
    const ssize_t size = read (tap->fd, tap->buffer, BUFFER_SIZE);
    if (size <= 0) {
      /* An interface that has gone reports an error for ever. */
      if (size < 0 && errno != EAGAIN && errno != EINTR)
        net_fd_set (tap->watch, 0);
      break;
    }
    if (net->native & NET_VNET_HDR)
      net_receive_native (net, tap->buffer, (size_t)size);
    else
      net_receive (net, tap->buffer, (size_t)size, false);
  }
  if (!net_can_receive (net))
    net_fd_set (tap->watch, 0);
  net_receive_done (net);
}

static void
tap_start (NetBackend *net)
{
  Tap *tap = net->priv;
  tap->watch = net_fd_new (net, tap->fd, tap_ready);
  net_fd_set (tap->watch, G_IO_IN);
}

static void
tap_stop (NetBackend *net)
{
  Tap *tap = net->priv;
  g_clear_pointer (&tap->watch, net_fd_free);
}

static void
tap_resume (NetBackend *net)
{
  net_fd_set (((Tap *)net->priv)->watch, G_IO_IN);
}

static void
tap_send (NetBackend *net, const struct iovec *iov, int n_iov)
{
  const Tap *tap = net->priv;
  ssize_t size;
  do
    size = writev (tap->fd, iov, n_iov);
  while (size < 0 && errno == EINTR);
  if (size < 0)
    net->tx_dropped++;
}

static void
tap_describe (NetBackend *net, GString *out, bool connections)
{
  if (!connections)
    g_string_append_printf (out, ",ifname=%s,vnet_hdr=%s", ((Tap *)net->priv)->name,
                            net->native & NET_VNET_HDR ? "on" : "off");
}

const NetOps net_tap_ops = {
  .name = "tap",
  .open = tap_open,
  .close = tap_close,
  .start = tap_start,
  .stop = tap_stop,
  .features = tap_features,
  .resume = tap_resume,
  .send = tap_send,
  .describe = tap_describe,
};
