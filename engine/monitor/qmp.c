/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A QMP session: greeting, negotiation, commands and their answers. */

#include "monitor-private.h"

#include "drive.h"
#include "suggest.h"
#include <stdio.h>
#include <string.h>

#define QMP_NEGOTIATE "qmp_capabilities"

JsonNode *
node_of_object (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (node, object);
  return node;
}

JsonNode *
node_of_array (JsonArray *array)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (node, array);
  return node;
}

const char *
arg_string (JsonObject *args, const char *name)
{
  return json_object_get_string_member_with_default (args, name, NULL);
}

int64_t
arg_int (JsonObject *args, const char *name, int64_t initial)
{
  return json_object_get_int_member_with_default (args, name, initial);
}

bool
arg_bool (JsonObject *args, const char *name, bool initial)
{
  return json_object_get_boolean_member_with_default (args, name, initial);
}

static const QmpCommand *const tables[] = { qmp_machine_commands,      qmp_query_commands,
                                            qmp_query_device_commands, qmp_device_commands,
                                            qmp_input_commands,        qmp_memory_commands,
                                            qmp_spice_commands };

const QmpCommand *
qmp_find (const char *name, GError **error)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const QmpCommand *c = tables[i]; c->name; c++)
      if (!strcmp (c->name, name))
        return c;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (unsigned i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const QmpCommand *c = tables[i]; c->name; c++)
      g_ptr_array_add (names, (char *)c->name);
  g_ptr_array_add (names, (char *)QMP_NEGOTIATE);
  g_ptr_array_add (names, NULL);
  g_autofree char *hint = suggest_hint (name, (const char *const *)names->pdata);
  monitor_fail (error, MONITOR_ERROR_COMMAND_NOT_FOUND, "The command %s has not been found%s", name, hint);
  return NULL;
}

JsonNode *
qmp_list_commands (void)
{
  JsonArray *list = json_array_new ();
  /* The session's own: execute(). */
  JsonObject *first = json_object_new ();
  json_object_set_string_member (first, "name", QMP_NEGOTIATE);
  json_array_add_object_element (list, first);
  for (unsigned i = 0; i < G_N_ELEMENTS (tables); i++) {
    for (const QmpCommand *c = tables[i]; c->name; c++) {
      JsonObject *entry = json_object_new ();
      json_object_set_string_member (entry, "name", c->name);
      json_array_add_object_element (list, entry);
    }
  }
  return node_of_array (list);
}

static bool
type_fits (unsigned type, JsonNode *node)
{
  const bool is_value = JSON_NODE_HOLDS_VALUE (node);
  const GType value = is_value ? json_node_get_value_type (node) : G_TYPE_INVALID;
  switch (type & ARG_TYPE) {
    case ARG_STRING: return value == G_TYPE_STRING;
    case ARG_INT: return value == G_TYPE_INT64;
    case ARG_BOOL: return value == G_TYPE_BOOLEAN;
    default: return true;
  }
}

static bool
check_args (const QmpCommand *command, JsonObject *args, GError **error)
{
  static const char *const types[] = { "string", "integer", "boolean", "any" };
  unsigned known = 0;
  for (const QmpArg *a = command->args; a->name; a++) {
    JsonNode *node = json_object_get_member (args, a->name);
    known += node != NULL;
    if (!node && !(a->type & ARG_OPTIONAL))
      return monitor_fail (error, MONITOR_ERROR_GENERIC, "Parameter '%s' is missing", a->name);
    if (node && !type_fits (a->type, node))
      return monitor_fail (error, MONITOR_ERROR_GENERIC, "Invalid parameter type for '%s', expected: %s",
                           a->name, types[a->type & ARG_TYPE]);
  }
  if (command->open_args || known == json_object_get_size (args))
    return true;
  g_autoptr (GList) names = json_object_get_members (args);
  for (const GList *l = names; l; l = l->next) {
    bool found = false;
    for (const QmpArg *a = command->args; a->name; a++)
      found = found || !strcmp (a->name, l->data);
    if (!found)
      return monitor_fail (error, MONITOR_ERROR_GENERIC, "Parameter '%s' is unexpected",
                           (const char *)l->data);
  }
  return true;
}

JsonNode *
qmp_run (MonitorContext *ctx, const QmpCommand *command, JsonObject *args, GError **error)
{
  GError *problem = NULL;
  JsonNode *result = check_args (command, args, &problem) ? command->run (ctx, args, &problem) : NULL;
  if (problem)
    g_propagate_error (error, problem);
  else if (!result)
    result = node_of_object (json_object_new ());
  return result;
}

void
qmp_send (Monitor *monitor, JsonNode *node)
{
  g_autoptr (JsonNode) owned = node;
  g_autofree char *text = json_to_string (node, monitor->pretty);
  g_autofree char *line = g_strconcat (text, "\r\n", NULL);
  monitor_write (monitor, line, strlen (line));
}

static const char *
class_name (const GError *error)
{
  static const char *const names[] = { "GenericError", "CommandNotFound", "DeviceNotFound",
                                       "DeviceNotActive" };
  /* These two are not QEMU's: whoever asked can do something about them. */
  if (error->domain == DRIVE_LOCKED)
    return "TrayLocked";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    return "AddressInUse";
  return error->domain == MONITOR_ERROR ? names[error->code] : names[0];
}

/* Takes `result` and `id`. */
static void
answer (Monitor *monitor, JsonNode *result, const GError *error, JsonNode *id)
{
  JsonObject *reply = json_object_new ();
  if (error) {
    JsonObject *what = json_object_new ();
    /* Messages quote what was given, which need not be text. */
    g_autofree char *valid = g_utf8_make_valid (error->message, -1);
    json_object_set_string_member (what, "class", class_name (error));
    json_object_set_string_member (what, "desc", valid);
    json_object_set_object_member (reply, "error", what);
  } else {
    json_object_set_member (reply, "return", result);
  }
  if (id)
    json_object_set_member (reply, "id", id);
  qmp_send (monitor, node_of_object (reply));
}

JsonObject *
monitor_version (void)
{
  int major = 0, minor = 0, micro = 0;
  JsonObject *numbers = json_object_new (), *v = json_object_new ();
  sscanf (VITRINE_VERSION, "%d.%d.%d", &major, &minor, &micro);
  json_object_set_int_member (numbers, "major", major);
  json_object_set_int_member (numbers, "minor", minor);
  json_object_set_int_member (numbers, "micro", micro);
  json_object_set_object_member (v, "qemu", numbers);
  json_object_set_string_member (v, "package", "Vitrine " VITRINE_VERSION);
  return v;
}

void
qmp_session_start (Monitor *monitor)
{
  JsonObject *greeting = json_object_new (), *qmp = json_object_new ();
  monitor->negotiated = false;
  json_object_set_object_member (qmp, "version", monitor_version ());
  json_object_set_array_member (qmp, "capabilities", json_array_new ());
  json_object_set_object_member (greeting, "QMP", qmp);
  qmp_send (monitor, node_of_object (greeting));
}

static bool
negotiate (Monitor *monitor, JsonObject *args, GError **error)
{
  JsonNode *enable = json_object_get_member (args, "enable");
  if (monitor->negotiated)
    return monitor_fail (error, MONITOR_ERROR_COMMAND_NOT_FOUND,
                         "Capabilities negotiation is already complete, command ignored");
  if (enable && (!JSON_NODE_HOLDS_ARRAY (enable) || json_array_get_length (json_node_get_array (enable))))
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "Capabilities other than none are not available");
  monitor->negotiated = true;
  return true;
}

static JsonNode *
execute (Monitor *monitor, const char *name, JsonObject *args, GError **error)
{
  if (!strcmp (name, QMP_NEGOTIATE))
    return negotiate (monitor, args, error) ? node_of_object (json_object_new ()) : NULL;
  if (!monitor->negotiated) {
    monitor_fail (error, MONITOR_ERROR_COMMAND_NOT_FOUND,
                  "Expecting capabilities negotiation with 'qmp_capabilities'");
    return NULL;
  }
  const QmpCommand *command = qmp_find (name, error);
  return command ? qmp_run (&monitor->ctx, command, args, error) : NULL;
}

/* The request's parts; false and an error for what is not one. */
static bool
take_apart (JsonNode *root, const char **ret_name, JsonObject **ret_args, GError **error)
{
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "QMP input must be a JSON object");
  JsonObject *request = json_node_get_object (root);
  g_autoptr (GList) names = json_object_get_members (request);
  for (const GList *l = names; l; l = l->next)
    if (strcmp (l->data, "execute") && strcmp (l->data, "arguments") && strcmp (l->data, "id"))
      return monitor_fail (error, MONITOR_ERROR_GENERIC, "QMP input member '%s' is unexpected",
                           (const char *)l->data);
  JsonNode *execute = json_object_get_member (request, "execute"),
           *arguments = json_object_get_member (request, "arguments");
  if (!execute)
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "QMP input lacks member 'execute'");
  if (!type_fits (ARG_STRING, execute))
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "QMP input member 'execute' must be a string");
  if (arguments && !JSON_NODE_HOLDS_OBJECT (arguments))
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "QMP input member 'arguments' must be an object");
  *ret_name = json_node_get_string (execute);
  *ret_args = arguments ? json_object_ref (json_node_get_object (arguments)) : json_object_new ();
  return true;
}

void
qmp_session_value (void *opaque, const char *text, size_t size, const char *problem)
{
  Monitor *monitor = opaque;
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) args = NULL;
  JsonNode *result = NULL, *id = NULL, *root = NULL;
  const char *name = NULL;
  if (!problem && (memchr (text, 0, size) || !g_utf8_validate (text, (gssize)size, NULL)))
    problem = "it is not UTF-8 text";
  if (!problem && json_parser_load_from_data (parser, text, (gssize)size, &error))
    root = json_parser_get_root (parser);
  if (!root) {
    g_autofree char *why = g_strdup (problem ? problem : error ? error->message : "nothing is there");
    g_clear_error (&error);
    monitor_fail (&error, MONITOR_ERROR_GENERIC, "JSON parse error: %s", why);
  } else {
    if (JSON_NODE_HOLDS_OBJECT (root) && json_object_has_member (json_node_get_object (root), "id"))
      id = json_node_copy (json_object_get_member (json_node_get_object (root), "id"));
    if (take_apart (root, &name, &args, &error))
      result = execute (monitor, name, args, &error);
  }
  answer (monitor, result, error, id);
}
