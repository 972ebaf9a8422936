/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The monitor's side: what it asks and commands, and the events it hears of. */

#include "spice-private.h"

#include "monitor.h"
#include <gio/gio.h>
#include <string.h>

#define BAD(...) (g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, __VA_ARGS__), false)

static bool
set_password (void *opaque, const char *password, GError **error)
{
  return spice_service_set_password (opaque, password, 0, error);
}

/* "never", "now", seconds from now with a '+', or since 1970. */
static bool
expire_password (void *opaque, const char *time, GError **error)
{
  SpiceService *s = opaque;
  const int64_t now = g_get_real_time () / G_USEC_PER_SEC;
  guint64 number = 0;
  const bool numeric =
      g_ascii_string_to_unsigned (time + (*time == '+'), 10, 0, INT32_MAX * UINT64_C (4), &number, NULL);
  if (strcmp (time, "never") && strcmp (time, "now") && !numeric)
    return BAD ("time '%s' is neither now, never, +SECONDS nor seconds since 1970", time);
  if (!s->password)
    return BAD ("there is no password that could expire; set one with set_password");
  const int64_t left = *time == '+' ? (int64_t)number : (int64_t)number - now;
  if (!strcmp (time, "never"))
    return spice_service_set_password (s, s->password, 0, error);
  if (!strcmp (time, "now") || left <= 0)
    return spice_service_set_password (s, NULL, 0, error);
  return spice_service_set_password (s, s->password, (unsigned)MIN (left, INT32_MAX), error);
}

static bool
add_client (void *opaque, int fd, bool skip_auth, GError **error)
{
  return spice_service_add_client (opaque, fd, skip_auth, error);
}

static void
describe (void *opaque, GString *out)
{
  spice_service_describe (opaque, out);
}

static GVariant *
describe_channel (const SpiceChannel *c)
{
  GVariantDict dict;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "host", "s", c->peer);
  g_variant_dict_insert (&dict, "port", "s", c->peer_port);
  g_variant_dict_insert (&dict, "family", "s", c->family);
  g_variant_dict_insert (&dict, "connection-id", "x", (gint64)c->connection);
  g_variant_dict_insert (&dict, "channel-type", "x", (gint64)c->type);
  g_variant_dict_insert (&dict, "channel-id", "x", (gint64)c->id);
  g_variant_dict_insert (&dict, "tls", "b", c->tls);
  return g_variant_dict_end (&dict);
}

static GVariant *
query (void *opaque)
{
  const SpiceService *s = opaque;
  const SpiceOptions *o = &s->options;
  GVariantDict dict;
  GVariantBuilder channels;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "enabled", "b", TRUE);
  g_variant_dict_insert (&dict, "migrated", "b", FALSE);
  if (o->address_flags == SPICE_ADDR_FLAG_UNIX_ONLY || o->port >= 0 || o->tls_port >= 0)
    g_variant_dict_insert (&dict, "host", "s", *o->address ? o->address : "*");
  if (o->port >= 0)
    g_variant_dict_insert (&dict, "port", "x", (gint64)o->port);
  if (o->tls_port >= 0)
    g_variant_dict_insert (&dict, "tls-port", "x", (gint64)o->tls_port);
  g_variant_dict_insert (&dict, "auth", "s", o->ticketing ? "spice" : "none");
  g_autofree char *version = g_strdup_printf ("%d.%d.%d", SPICE_SERVER_VERSION >> 16,
                                              SPICE_SERVER_VERSION >> 8 & 0xff, SPICE_SERVER_VERSION & 0xff);
  g_variant_dict_insert (&dict, "compiled-version", "s", version);
  g_variant_dict_insert (&dict, "mouse-mode", "s",
                         spice_server_is_server_mouse (s->server) ? "server" : "client");
  g_variant_builder_init (&channels, G_VARIANT_TYPE ("aa{sv}"));
  for (unsigned i = 0; i < s->channels->len; i++)
    g_variant_builder_add_value (&channels, describe_channel (s->channels->pdata[i]));
  g_variant_dict_insert_value (&dict, "channels", g_variant_builder_end (&channels));
  return g_variant_dict_end (&dict);
}

static GVariant *
own_end (const SpiceService *s, const SpiceChannel *c)
{
  GVariantDict dict;
  g_autofree char *port = g_strdup_printf ("%d", c->tls ? s->options.tls_port : s->options.port);
  const bool listens = *c->peer_port != 0;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "host", "s", s->options.address);
  g_variant_dict_insert (&dict, "port", "s", listens ? port : "");
  g_variant_dict_insert (&dict, "family", "s", c->family);
  g_variant_dict_insert (&dict, "auth", "s", s->options.ticketing ? "spice" : "none");
  return g_variant_dict_end (&dict);
}

static GVariant *
brief (const SpiceChannel *c)
{
  GVariantDict dict;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "host", "s", c->peer);
  g_variant_dict_insert (&dict, "port", "s", c->peer_port);
  g_variant_dict_insert (&dict, "family", "s", c->family);
  return g_variant_dict_end (&dict);
}

void
spice_monitor_tell (SpiceService *service, const char *event, const SpiceChannel *channel)
{
  const bool whole = !strcmp (event, "SPICE_INITIALIZED");
  GVariantDict dict;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "server", own_end (service, channel));
  g_variant_dict_insert_value (&dict, "client", whole ? describe_channel (channel) : brief (channel));
  monitor_send_event (event, g_variant_dict_end (&dict));
}

void
spice_monitor_open (SpiceService *service)
{
  const MonitorSpice commands = { set_password, expire_password, add_client, query, describe, service };
  monitor_set_spice (&commands);
}

void
spice_monitor_close (void)
{
  monitor_set_spice (NULL);
}
