/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Clients of the machine's screens: passwords, and descriptors that a QMP client passes on. */

#include "monitor-private.h"

#include <string.h>
#include <unistd.h>

enum { NAMED_MAX = 64 };

static MonitorSpice spice; /* all NULL: there is no server */
static GHashTable *named;  /* char * -> fd + 1 */

void
monitor_set_spice (const MonitorSpice *commands)
{
  spice = commands ? *commands : (MonitorSpice){ 0 };
}

static bool
need_spice (GError **error)
{
  return spice.query || monitor_fail (error, MONITOR_ERROR_DEVICE_NOT_ACTIVE,
                                      "No SPICE server is in use; start the machine with -spice");
}

static bool
is_spice (const char *protocol, GError **error)
{
  return !strcmp (protocol, "spice")
             ? need_spice (error)
             : monitor_fail (error, MONITOR_ERROR_GENERIC,
                             "Parameter 'protocol' expects 'spice', which is what there is");
}

static JsonNode *
query_spice (MonitorContext *ctx, JsonObject *args, GError **error)
{
  if (!spice.query) {
    JsonObject *o = json_object_new ();
    json_object_set_boolean_member (o, "enabled", FALSE);
    return node_of_object (o);
  }
  g_autoptr (GVariant) answer = g_variant_ref_sink (spice.query (spice.opaque));
  return json_gvariant_serialize (answer);
}

/* Clients that are connected stay so. */
static JsonNode *
set_password (MonitorContext *ctx, JsonObject *args, GError **error)
{
  const char *connected = arg_string (args, "connected");
  if (!is_spice (arg_string (args, "protocol"), error))
    return NULL;
  if (connected && strcmp (connected, "keep"))
    monitor_fail (error, MONITOR_ERROR_GENERIC, "Parameter 'connected' expects 'keep'");
  else
    spice.set_password (spice.opaque, arg_string (args, "password"), error);
  return NULL;
}

static JsonNode *
expire_password (MonitorContext *ctx, JsonObject *args, GError **error)
{
  if (is_spice (arg_string (args, "protocol"), error))
    spice.expire_password (spice.opaque, arg_string (args, "time"), error);
  return NULL;
}

static void
close_named (void *number)
{
  close (GPOINTER_TO_INT (number) - 1);
}

static JsonNode *
getfd (MonitorContext *ctx, JsonObject *args, GError **error)
{
  const char *name = arg_string (args, "fdname");
  if (!named)
    named = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, close_named);
  const int fd = ctx->monitor ? chardev_take_fd (ctx->monitor->chr) : -1;
  const char *problem = fd < 0 ? "No file descriptor supplied via SCM_RIGHTS"
                        : g_ascii_isdigit (*name)
                            ? "Parameter 'fdname' expects a name not starting with a digit"
                        : g_hash_table_size (named) >= NAMED_MAX && !g_hash_table_contains (named, name)
                            ? "Too many descriptors are kept; close some with closefd"
                            : NULL;
  if (problem) {
    if (fd >= 0)
      close (fd);
    monitor_fail (error, MONITOR_ERROR_GENERIC, "%s", problem);
    return NULL;
  }
  g_hash_table_replace (named, g_strdup (name), GINT_TO_POINTER (fd + 1));
  return NULL;
}

int
monitor_take_fd (const char *name, GError **error)
{
  void *key, *value;
  if (named && g_hash_table_steal_extended (named, name, &key, &value)) {
    g_free (key);
    return GPOINTER_TO_INT (value) - 1;
  }
  monitor_fail (error, MONITOR_ERROR_GENERIC, "File descriptor named '%s' not found", name);
  return -1;
}

static JsonNode *
closefd (MonitorContext *ctx, JsonObject *args, GError **error)
{
  const int fd = monitor_take_fd (arg_string (args, "fdname"), error);
  if (fd >= 0)
    close (fd);
  return NULL;
}

static JsonNode *
add_client (MonitorContext *ctx, JsonObject *args, GError **error)
{
  Chardev *console = chardev_find (arg_string (args, "protocol"));
  if (console && chardev_is_hub (console)) {
    const int client = monitor_take_fd (arg_string (args, "fdname"), error);
    if (client >= 0)
      chardev_hub_add (console, client, error);
    return NULL;
  }
  if (!is_spice (arg_string (args, "protocol"), error))
    return NULL;
  if (arg_bool (args, "tls", false)) {
    monitor_fail (error, MONITOR_ERROR_GENERIC,
                  "Connections that are handed over have no TLS; leave 'tls' out");
    return NULL;
  }
  const int fd = monitor_take_fd (arg_string (args, "fdname"), error);
  if (fd >= 0)
    spice.add_client (spice.opaque, fd, arg_bool (args, "skipauth", false), error);
  return NULL;
}

bool
monitor_info_spice (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  if (spice.describe)
    spice.describe (spice.opaque, out);
  else
    g_string_append (out, "Server: disabled\n");
  return true;
}

const QmpCommand qmp_spice_commands[] = {
  { "query-spice", query_spice },
  { "set_password",
    set_password,
    { { "protocol", ARG_STRING }, { "password", ARG_STRING }, { "connected", ARG_STRING | ARG_OPTIONAL } } },
  { "expire_password", expire_password, { { "protocol", ARG_STRING }, { "time", ARG_STRING } } },
  { "getfd", getfd, { { "fdname", ARG_STRING } } },
  { "closefd", closefd, { { "fdname", ARG_STRING } } },
  { "add_client",
    add_client,
    { { "protocol", ARG_STRING },
      { "fdname", ARG_STRING },
      { "skipauth", ARG_BOOL | ARG_OPTIONAL },
      { "tls", ARG_BOOL | ARG_OPTIONAL } } },
  { NULL },
};
