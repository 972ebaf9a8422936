/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The server: its life, who may connect, and who is connected. */

#include "spice-private.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

enum { SEND_BUFFER = 4 << 20 };

SpiceService *spice_service;

static bool refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static bool
refuse (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, text);
  return false;
}

/* ---- Settings ---- */

static bool
set_channels (SpiceServer *server, const GPtrArray *channels, int security, GError **error)
{
  for (unsigned i = 0; i < channels->len; i++) {
    const char *name = channels->pdata[i];
    if (spice_server_set_channel_security (server, strcmp (name, "default") ? name : NULL, security))
      return refuse (error, "the SPICE library does not know the channel '%s'; leave it out", name);
  }
  return true;
}

/* Clients of this machine only: to squeeze pictures costs both sides more than to copy them. What the options
 * say holds all the same. */
static void
set_local_quality (SpiceServer *server)
{
  spice_server_set_image_compression (server, SPICE_IMAGE_COMPRESSION_OFF);
  spice_server_set_jpeg_compression (server, SPICE_WAN_COMPRESSION_NEVER);
  spice_server_set_zlib_glz_compression (server, SPICE_WAN_COMPRESSION_NEVER);
  spice_server_set_streaming_video (server, SPICE_STREAM_VIDEO_OFF);
}

static void
set_quality (SpiceServer *server, const SpiceOptions *o)
{
  if (o->port < 0 && o->tls_port < 0)
    set_local_quality (server);
  if (o->image_compression)
    spice_server_set_image_compression (server, o->image_compression);
  if (o->jpeg)
    spice_server_set_jpeg_compression (server, o->jpeg);
  if (o->zlib_glz)
    spice_server_set_zlib_glz_compression (server, o->zlib_glz);
  if (o->streaming)
    spice_server_set_streaming_video (server, o->streaming);
  spice_server_set_playback_compression (server, o->playback_compression);
  spice_server_set_agent_mouse (server, o->agent_mouse);
  spice_server_set_agent_copypaste (server, o->copy_paste);
  spice_server_set_agent_file_xfer (server, o->file_transfer);
}

static void
set_identity (SpiceServer *server, const MachineConfig *config)
{
  spice_server_set_name (server, config->name ? config->name : "Vitrine");
  if (!config->uuid)
    return;
  uint8_t uuid[16] = { 0 };
  unsigned n = 0;
  for (const char *p = config->uuid; p[0] && n < 2 * sizeof uuid; p++)
    if (g_ascii_isxdigit (*p)) {
      uuid[n / 2] = (uint8_t)(uuid[n / 2] << 4 | g_ascii_xdigit_value (*p));
      n++;
    }
  spice_server_set_uuid (server, uuid);
}

static bool
start_server (SpiceService *s, GError **error)
{
  const SpiceOptions *o = &s->options;
  spice_server_set_addr (s->server, o->address, o->address_flags);
  if (o->port >= 0)
    spice_server_set_port (s->server, o->port);
  if (o->tls_port >= 0)
    spice_server_set_tls (s->server, o->tls_port, o->ca_file, o->cert_file, o->key_file, o->key_password,
                          o->dh_file, o->ciphers);
  if (!o->ticketing)
    spice_server_set_noauth (s->server);
  set_quality (s->server, o);
  set_identity (s->server, s->machine->config);
  if (!set_channels (s->server, o->secure, SPICE_CHANNEL_SECURITY_SSL, error) ||
      !set_channels (s->server, o->plain, SPICE_CHANNEL_SECURITY_NONE, error))
    return false;
  static SpiceCoreInterface core; /* The library wants one that is not constant. */
  core = spice_loop_interface;
  if (spice_server_init (s->server, &core) == 0)
    return true;
  if (o->tls_port >= 0)
    return refuse (error,
                   "TLS cannot be set up with '%s', '%s' and '%s'; they have to be PEM files of a key, its "
                   "certificate and the authority's (x509-key-password=… if the key is locked)%s",
                   o->key_file, o->cert_file, o->ca_file,
                   o->ciphers ? ", and tls-ciphers OpenSSL's names" : "");
  return refuse (error, "the SPICE server does not start; what the library said stands above");
}

/* ---- Channels ---- */

static void
channel_free (void *data)
{
  SpiceChannel *channel = data;
  g_free (channel->peer);
  g_free (channel->peer_port);
  g_free (channel->family);
  g_free (channel);
}

static SpiceChannel *
find_channel (const SpiceService *s, const SpiceChannelEventInfo *info)
{
  for (unsigned i = 0; i < s->channels->len; i++) {
    SpiceChannel *c = s->channels->pdata[i];
    if (c->connection == info->connection_id && c->type == info->type && c->id == info->id)
      return c;
  }
  return NULL;
}

static SpiceChannel *
channel_new (const SpiceChannelEventInfo *info)
{
  char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
  const int family = info->paddr_ext.ss_family;
  SpiceChannel *c = g_new0 (SpiceChannel, 1);
  c->connection = info->connection_id;
  c->type = info->type;
  c->id = info->id;
  c->tls = info->flags & SPICE_CHANNEL_EVENT_FLAG_TLS;
  if (family != AF_UNIX && info->flags & SPICE_CHANNEL_EVENT_FLAG_ADDR_EXT)
    getnameinfo ((const struct sockaddr *)&info->paddr_ext, info->plen_ext, host, sizeof host, port,
                 sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
  c->family = g_strdup (family == AF_INET    ? "ipv4"
                        : family == AF_INET6 ? "ipv6"
                        : family == AF_UNIX  ? "unix"
                                             : "unknown");
  c->peer = g_strdup (host);
  c->peer_port = g_strdup (port);
  return c;
}

static void
count_viewers (SpiceService *s, const SpiceChannel *c, int n)
{
  if (c->type == SPICE_CHANNEL_DISPLAY && c->id >= 0 && (unsigned)c->id < s->screens->len)
    spice_screen_add_viewers (s->screens->pdata[c->id], n);
}

void
spice_service_channel_event (int event, const SpiceChannelEventInfo *info)
{
  SpiceService *s = spice_service;
  if (!s)
    return;
  SpiceChannel *known = find_channel (s, info), *c = known ? known : channel_new (info);
  if (event == SPICE_CHANNEL_EVENT_CONNECTED) {
    /* Which channel it will be is not known yet. */
    spice_pointer_update (&s->pointer);
    spice_monitor_tell (s, "SPICE_CONNECTED", c);
  } else if (event == SPICE_CHANNEL_EVENT_INITIALIZED) {
    if (!known) {
      g_ptr_array_add (s->channels, known = c);
      count_viewers (s, c, 1);
    }
    spice_monitor_tell (s, "SPICE_INITIALIZED", c);
  } else if (event == SPICE_CHANNEL_EVENT_DISCONNECTED) {
    spice_monitor_tell (s, "SPICE_DISCONNECTED", c);
    if (known && c->type == SPICE_CHANNEL_INPUTS) {
      spice_keyboard_release (&s->keyboard);
      spice_pointer_release (&s->pointer);
    }
    unsigned at;
    if (known && g_ptr_array_find (s->channels, known, &at)) {
      count_viewers (s, c, -1);
      g_ptr_array_steal_index (s->channels, at);
    }
    known = NULL;
  }
  if (!known)
    channel_free (c);
}

/* ---- Life ---- */

/* A tablet may have come or gone. */
static void
on_device (void *opaque, const char *event, const char *id)
{
  if (spice_service)
    spice_pointer_update (&spice_service->pointer);
}

static void
open_interfaces (SpiceService *s)
{
  const MachineListener listener = { .device = on_device };
  g_autoptr (GPtrArray) displays = display_list ();
  for (unsigned i = 0; i < displays->len; i++)
    g_ptr_array_add (s->screens, spice_screen_new (s, s->server, displays->pdata[i], i));
  /* The library has no way to remove a keyboard or a mouse, and does not free what it made for them. */
#ifdef __SANITIZE_ADDRESS__
  __lsan_disable ();
#endif
  spice_keyboard_open (&s->keyboard, s->server);
  spice_pointer_open (&s->pointer, s->server);
#ifdef __SANITIZE_ADDRESS__
  __lsan_enable ();
#endif
  spice_agent_serve (s->server, s->options.agent_mouse);
  /* It never stands, also when the machine does: stopping it would wait for the slowest client. */
  spice_server_vm_start (s->server);
  machine_add_listener (s->machine, &listener);
  spice_monitor_open (s);
}

SpiceService *
spice_service_new (Machine *machine, const char *options, GError **error)
{
  if (spice_service) {
    refuse (error, "the SPICE server runs already; there can be one");
    return NULL;
  }
  SpiceService *s = g_new0 (SpiceService, 1);
  s->machine = machine;
  s->screens = g_ptr_array_new_with_free_func ((GDestroyNotify)spice_screen_free);
  s->channels = g_ptr_array_new_with_free_func (channel_free);
  bool ok = spice_options_parse (&s->options, options, error);
  if (ok) {
    /* The library writes to sockets whose other end may have gone. */
    signal (SIGPIPE, SIG_IGN);
    spice_outlast_hasty_clients ();
    s->server = spice_server_new ();
    ok = start_server (s, error);
  }
  if (ok && s->options.password)
    ok = spice_service_set_password (s, s->options.password, 0, error);
  if (!ok) {
    spice_service_free (s);
    return NULL;
  }
  spice_service = s;
  open_interfaces (s);
  return s;
}

void
spice_service_free (SpiceService *s)
{
  if (!s)
    return;
  if (spice_service == s) {
    spice_monitor_close ();
    spice_agent_serve (NULL, false);
    spice_keyboard_close (&s->keyboard);
    spice_pointer_close (&s->pointer);
    spice_service = NULL;
  }
  if (s->server) {
    spice_server_destroy (s->server);
    spice_loop_end ();
  }
  if (s->options.address_flags == SPICE_ADDR_FLAG_UNIX_ONLY && s->server && s->options.address)
    unlink (s->options.address);
  g_ptr_array_unref (s->screens);
  g_ptr_array_unref (s->channels);
  spice_options_clear (&s->options);
  g_free (s->password);
  g_free (s);
}

/* ---- Who may connect ---- */

bool
spice_service_add_client (SpiceService *s, int fd, bool skip_auth, GError **error)
{
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_STREAM) {
    close (fd);
    return refuse (error, "a SPICE client's connection has to be a stream socket");
  }
  g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  /* As much as the kernel lets us have: each time it is full costs both sides a turn. */
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &(int){ SEND_BUFFER }, sizeof (int));
  if (spice_server_add_client (s->server, fd, skip_auth) == 0)
    return true;
  close (fd);
  return refuse (error, "the SPICE server does not take the connection");
}

bool
spice_service_set_password (SpiceService *s, const char *password, unsigned seconds, GError **error)
{
  const bool none = !password || !*password;
  if (!none && strlen (password) > SPICE_MAX_PASSWORD_LENGTH)
    return refuse (error, "the password is too long: %d bytes are the most", SPICE_MAX_PASSWORD_LENGTH);
  if (spice_server_set_ticket (s->server, none ? NULL : password, (int)MIN (seconds, INT32_MAX), FALSE,
                               FALSE))
    return refuse (error, "the SPICE server does not take the password");
  char *copy = none ? NULL : g_strdup (password);
  g_free (s->password);
  s->password = copy;
  s->options.ticketing = true;
  s->expires = seconds ? g_get_real_time () / G_USEC_PER_SEC + seconds : 0;
  return true;
}

void
spice_service_describe (SpiceService *s, GString *out)
{
  const SpiceOptions *o = &s->options;
  g_string_append (out, "Server:\n");
  if (o->address_flags == SPICE_ADDR_FLAG_UNIX_ONLY)
    g_string_append_printf (out, "     address: unix:%s\n", o->address);
  if (o->port >= 0)
    g_string_append_printf (out, "     address: %s:%d\n", *o->address ? o->address : "*", o->port);
  if (o->tls_port >= 0)
    g_string_append_printf (out, "     address: %s:%d [tls]\n", *o->address ? o->address : "*", o->tls_port);
  if (o->address_flags != SPICE_ADDR_FLAG_UNIX_ONLY && o->port < 0 && o->tls_port < 0)
    g_string_append (out, "     address: none; connections are handed over\n");
  g_string_append_printf (out, "        auth: %s\n",
                          !o->ticketing ? "none"
                          : s->password ? "spice"
                                        : "spice; no password is set, nobody may connect");
  g_string_append_printf (out, "  mouse-mode: %s\n",
                          spice_server_is_server_mouse (s->server) ? "server" : "client");
  g_string_append_printf (out, "     screens: %u\n", s->screens->len);
  if (!s->channels->len)
    g_string_append (out, "Channels: none\n");
  for (unsigned i = 0; i < s->channels->len; i++) {
    const SpiceChannel *c = s->channels->pdata[i];
    g_string_append_printf (out, "Channel:\n     address: %s%s%s%s\n     session: %d\n     channel: %d:%d\n",
                            *c->peer ? c->peer : c->family, *c->peer_port ? ":" : "", c->peer_port,
                            c->tls ? " [tls]" : "", c->connection, c->type, c->id);
  }
}
