/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Commands that add, remove and change devices and what they are connected to. */

#include "monitor-private.h"

#include "hostfile.h"
#include <string.h>

static Device *
find_below (Device *dev, const char *id)
{
  for (unsigned i = 0; dev->children && i < dev->children->len; i++) {
    Device *child = dev->children->pdata[i];
    Device *found = child->id && !strcmp (child->id, id) ? child : find_below (child, id);
    if (found)
      return found;
  }
  return NULL;
}

static Device *
find_device (Machine *machine, const char *id)
{
  return machine->root ? find_below (machine->root, id) : NULL;
}

/* The device that has `value` for its property. */
static Device *
find_user (const Device *dev, const char *prop, const char *value)
{
  for (unsigned i = 0; dev->children && i < dev->children->len; i++) {
    Device *child = dev->children->pdata[i];
    g_autofree char *has = device_get (child, prop);
    Device *found = has && !strcmp (has, value) ? child : find_user (child, prop, value);
    if (found)
      return found;
  }
  return NULL;
}

Device *
monitor_find_user (const Machine *machine, const char *prop, const char *value)
{
  return machine->root ? find_user (machine->root, prop, value) : NULL;
}

/* By the drive's id, or that of the device that has it. */
static Drive *
find_drive (Machine *machine, const char *id, GError **error)
{
  Drive *drive = drive_find (id);
  Device *dev = drive ? NULL : find_device (machine, id);
  g_autofree char *name = dev ? device_get (dev, "drive") : NULL;
  if (name)
    drive = drive_find (name);
  if (!drive)
    monitor_fail (error, MONITOR_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found; info block lists the drives",
                  id);
  return drive;
}

NetBackend *
monitor_find_net (Machine *machine, const char *id, GError **error)
{
  NetBackend *net = net_backend_find (id);
  Device *dev = net ? NULL : find_device (machine, id);
  g_autofree char *name = dev ? device_get (dev, "netdev") : NULL;
  if (name)
    net = net_backend_find (name);
  if (!net)
    monitor_fail (error, MONITOR_ERROR_DEVICE_NOT_FOUND,
                  "Device '%s' not found; info network lists the networks", id);
  return net;
}

/* One "key=value" of command line syntax. False for what has no such form. */
static bool
append_setting (GString *text, const char *key, JsonNode *value, GError **error)
{
  const GType type = JSON_NODE_HOLDS_VALUE (value) ? json_node_get_value_type (value) : G_TYPE_INVALID;
  if (strpbrk (key, ",="))
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "'%s' is not a name", key);
  g_string_append_printf (text, "%s%s=", text->len ? "," : "", key);
  if (type == G_TYPE_INT64) {
    g_string_append_printf (text, "%" G_GINT64_FORMAT, json_node_get_int (value));
  } else if (type == G_TYPE_BOOLEAN) {
    g_string_append (text, json_node_get_boolean (value) ? "on" : "off");
  } else if (type == G_TYPE_STRING) {
    g_auto (GStrv) parts = g_strsplit (json_node_get_string (value), ",", -1);
    g_autofree char *escaped = g_strjoinv (",,", parts);
    g_string_append (text, escaped);
  } else {
    return monitor_fail (error, MONITOR_ERROR_GENERIC,
                         "Invalid parameter type for '%s', expected: a simple value", key);
  }
  return true;
}

/* A list as QAPI has it for repeated keys: [{"str": "tcp::2222-:22"}]. */
static bool
append_list (GString *text, const char *key, JsonArray *list, GError **error)
{
  for (unsigned i = 0; i < json_array_get_length (list); i++) {
    JsonNode *node = json_array_get_element (list, i);
    if (JSON_NODE_HOLDS_OBJECT (node) && json_object_get_size (json_node_get_object (node)) == 1 &&
        json_object_has_member (json_node_get_object (node), "str"))
      node = json_object_get_member (json_node_get_object (node), "str");
    if (!append_setting (text, key, node, error))
      return false;
  }
  return true;
}

/* All arguments as "FIRST,key=value,…", where FIRST is the value of `first`; NULL and an error. */
static char *
as_options (JsonObject *args, const char *first, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GList) names = json_object_get_members (args);
  if (!append_setting (text, first, json_object_get_member (args, first), error))
    return NULL;
  g_string_erase (text, 0, (gssize)strlen (first) + 1);
  for (const GList *l = names; l; l = l->next) {
    JsonNode *value = json_object_get_member (args, l->data);
    if (!strcmp (l->data, first))
      continue;
    if (JSON_NODE_HOLDS_ARRAY (value) ? !append_list (text, l->data, json_node_get_array (value), error)
                                      : !append_setting (text, l->data, value, error))
      return NULL;
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static JsonNode *
run_device_add (MonitorContext *ctx, JsonObject *args, GError **error)
{
  g_autofree char *text = as_options (args, "driver", error);
  if (text)
    machine_add_device (ctx->machine, text, error);
  return NULL;
}

static JsonNode *
run_device_del (MonitorContext *ctx, JsonObject *args, GError **error)
{
  const char *id = arg_string (args, "id");
  if (!find_device (ctx->machine, id))
    monitor_fail (error, MONITOR_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found; info qtree lists them", id);
  else
    machine_remove_device (ctx->machine, id, error);
  return NULL;
}

bool
monitor_add_netdev (const char *text, GError **error)
{
  return net_backend_new (text, error) != NULL;
}

static JsonNode *
run_netdev_add (MonitorContext *ctx, JsonObject *args, GError **error)
{
  g_autofree char *text = as_options (args, "type", error);
  if (text)
    monitor_add_netdev (text, error);
  return NULL;
}

static JsonNode *
run_netdev_del (MonitorContext *ctx, JsonObject *args, GError **error)
{
  const char *id = arg_string (args, "id");
  NetBackend *net = net_backend_find (id);
  const Device *user = net ? monitor_find_user (ctx->machine, "netdev", id) : NULL;
  if (!net)
    monitor_fail (error, MONITOR_ERROR_DEVICE_NOT_FOUND,
                  "Device '%s' not found; info network lists the networks", id);
  else if (user)
    monitor_fail (error, MONITOR_ERROR_GENERIC,
                  "The device '%s' uses the network '%s'; remove it first (device_del)",
                  user->id ? user->id : user->path, id);
  else
    net_backend_free (net);
  return NULL;
}

/* "device" is the older name of "id". */
static Drive *
drive_of (MonitorContext *ctx, JsonObject *args, GError **error)
{
  const char *id = arg_string (args, "id") ? arg_string (args, "id") : arg_string (args, "device");
  if (id)
    return find_drive (ctx->machine, id, error);
  monitor_fail (error, MONITOR_ERROR_GENERIC, "Parameter 'id' is missing");
  return NULL;
}

static JsonNode *
run_eject (MonitorContext *ctx, JsonObject *args, GError **error)
{
  Drive *drive = drive_of (ctx, args, error);
  if (drive)
    drive_eject (drive, arg_bool (args, "force", false), error);
  return NULL;
}

static JsonNode *
run_change (MonitorContext *ctx, JsonObject *args, GError **error)
{
  Drive *drive = drive_of (ctx, args, error);
  const char *path = arg_string (args, "filename");
  const bool named = g_str_has_prefix (path, "fd:");
  const int fd = drive && named ? monitor_take_fd (path + 3, error) : -1;
  if (!drive || (named && fd < 0))
    return NULL;
  if (named)
    host_file_provide (path, fd);
  drive_change (drive, path, arg_string (args, "format"), error);
  if (named)
    host_file_forget (path);
  return NULL;
}

static JsonNode *
forward (MonitorContext *ctx, JsonObject *args, bool add, GError **error)
{
  NetBackend *net = monitor_find_net (ctx->machine, arg_string (args, "id"), error);
  if (net)
    net_backend_hostfwd (net, arg_string (args, "rule"), add, error);
  return NULL;
}

static JsonNode *
run_hostfwd_add (MonitorContext *ctx, JsonObject *args, GError **error)
{
  return forward (ctx, args, true, error);
}

static JsonNode *
run_hostfwd_remove (MonitorContext *ctx, JsonObject *args, GError **error)
{
  return forward (ctx, args, false, error);
}

static JsonNode *
run_set_link (MonitorContext *ctx, JsonObject *args, GError **error)
{
  NetBackend *net = monitor_find_net (ctx->machine, arg_string (args, "name"), error);
  if (net)
    net_backend_set_link (net, arg_bool (args, "up", true));
  return NULL;
}

static JsonNode *
run_balloon (MonitorContext *ctx, JsonObject *args, GError **error)
{
  const int64_t value = arg_int (args, "value", 0);
  uint64_t bytes;
  if (!monitor_hooks.set_balloon || !monitor_hooks.balloon ||
      !monitor_hooks.balloon (monitor_hooks.opaque, &bytes))
    monitor_fail (error, MONITOR_ERROR_DEVICE_NOT_ACTIVE, "No balloon device has been activated");
  else if (value <= 0)
    monitor_fail (error, MONITOR_ERROR_GENERIC, "Parameter 'value' expects a size");
  else
    monitor_hooks.set_balloon (monitor_hooks.opaque, (uint64_t)value);
  return NULL;
}

const QmpCommand qmp_device_commands[] = {
  { "device_add", run_device_add, { { "driver", ARG_STRING } }, true },
  { "device_del", run_device_del, { { "id", ARG_STRING } } },
  { "netdev_add", run_netdev_add, { { "type", ARG_STRING }, { "id", ARG_STRING } }, true },
  { "netdev_del", run_netdev_del, { { "id", ARG_STRING } } },
  /* The rules are those of -netdev user,hostfwd=. */
  { "hostfwd-add", run_hostfwd_add, { { "id", ARG_STRING }, { "rule", ARG_STRING } } },
  { "hostfwd-remove", run_hostfwd_remove, { { "id", ARG_STRING }, { "rule", ARG_STRING } } },
  { "eject",
    run_eject,
    { { "device", ARG_STRING | ARG_OPTIONAL },
      { "id", ARG_STRING | ARG_OPTIONAL },
      { "force", ARG_BOOL | ARG_OPTIONAL } } },
  { "blockdev-change-medium",
    run_change,
    { { "device", ARG_STRING | ARG_OPTIONAL },
      { "id", ARG_STRING | ARG_OPTIONAL },
      { "filename", ARG_STRING },
      { "format", ARG_STRING | ARG_OPTIONAL } } },
  { "set_link", run_set_link, { { "name", ARG_STRING }, { "up", ARG_BOOL } } },
  { "balloon", run_balloon, { { "value", ARG_INT } } },
  { NULL },
};
