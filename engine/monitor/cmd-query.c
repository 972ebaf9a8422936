/* SPDX-License-Identifier: GPL-3.0-or-later */

/* QMP's questions. */

#include "monitor-private.h"

#include "display.h"
#include <string.h>

static JsonNode *
query_status (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonObject *o = json_object_new ();
  json_object_set_boolean_member (o, "running", ctx->machine->state == MACHINE_RUNNING);
  json_object_set_string_member (o, "status", machine_state_name (ctx->machine->state));
  return node_of_object (o);
}

static JsonNode *
query_version (MonitorContext *ctx, JsonObject *args, GError **error)
{
  return node_of_object (monitor_version ());
}

static JsonNode *
query_name (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonObject *o = json_object_new ();
  if (ctx->machine->config->name)
    json_object_set_string_member (o, "name", ctx->machine->config->name);
  return node_of_object (o);
}

static JsonNode *
query_uuid (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonObject *o = json_object_new ();
  const char *uuid = ctx->machine->config->uuid;
  json_object_set_string_member (o, "UUID", uuid ? uuid : "00000000-0000-0000-0000-000000000000");
  return node_of_object (o);
}

static JsonNode *
query_commands (MonitorContext *ctx, JsonObject *args, GError **error)
{
  return qmp_list_commands ();
}

static JsonNode *
query_cpus (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonArray *list = json_array_new ();
  for (unsigned i = 0; i < ctx->machine->vcpus->len; i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    JsonObject *o = json_object_new (), *props = json_object_new ();
    vcpu_describe (ctx->machine->vcpus->pdata[i], text);
    const char *tid = strstr (text->str, "thread_id=");
    g_autofree char *path = g_strdup_printf ("/machine/unattached/cpu[%u]", i);
    json_object_set_int_member (o, "cpu-index", i);
    json_object_set_string_member (o, "qom-path", path);
    json_object_set_int_member (o, "thread-id", tid ? g_ascii_strtoll (tid + 10, NULL, 10) : 0);
    json_object_set_string_member (o, "target", ctx->machine->board->isa);
    json_object_set_int_member (props, "core-id", i);
    json_object_set_object_member (o, "props", props);
    json_array_add_object_element (list, o);
  }
  return node_of_array (list);
}

static JsonNode *
query_kvm (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonObject *o = json_object_new ();
  json_object_set_boolean_member (o, "enabled", FALSE);
  json_object_set_boolean_member (o, "present", FALSE);
  return node_of_object (o);
}

static JsonNode *
query_machines (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonArray *list = json_array_new ();
  for (const Board *const *board = board_list (); *board; board++) {
    if (strcmp ((*board)->isa, ctx->machine->board->isa))
      continue;
    JsonObject *o = json_object_new ();
    json_object_set_string_member (o, "name", (*board)->name);
    json_object_set_int_member (o, "cpu-max", (*board)->max_cpus);
    if ((*board)->default_cpu)
      json_object_set_string_member (o, "default-cpu-type", (*board)->default_cpu);
    if (board == board_list ())
      json_object_set_boolean_member (o, "is-default", TRUE);
    json_object_set_boolean_member (o, "hotpluggable-cpus", FALSE);
    json_object_set_boolean_member (o, "numa-mem-supported", FALSE);
    json_object_set_boolean_member (o, "deprecated", FALSE);
    json_array_add_object_element (list, o);
  }
  return node_of_array (list);
}

static JsonNode *
query_mice (MonitorContext *ctx, JsonObject *args, GError **error)
{
  static const struct {
    InputKind kind;
    const char *name;
  } mice[] = { { INPUT_POINTER_ABS, "tablet" }, { INPUT_POINTER_REL, "mouse" } };
  JsonArray *list = json_array_new ();
  for (unsigned i = 0; i < G_N_ELEMENTS (mice); i++) {
    if (!input_has (mice[i].kind))
      continue;
    JsonObject *o = json_object_new ();
    json_object_set_string_member (o, "name", mice[i].name);
    json_object_set_int_member (o, "index", i);
    /* Absolute positions are preferred where both are possible. */
    json_object_set_boolean_member (o, "current", json_array_get_length (list) == 0);
    json_object_set_boolean_member (o, "absolute", mice[i].kind == INPUT_POINTER_ABS);
    json_array_add_object_element (list, o);
  }
  return node_of_array (list);
}

static JsonNode *
query_balloon (MonitorContext *ctx, JsonObject *args, GError **error)
{
  uint64_t bytes;
  if (!monitor_hooks.balloon || !monitor_hooks.balloon (monitor_hooks.opaque, &bytes)) {
    monitor_fail (error, MONITOR_ERROR_DEVICE_NOT_ACTIVE, "No balloon device has been activated");
    return NULL;
  }
  JsonObject *o = json_object_new ();
  json_object_set_int_member (o, "actual", (gint64)bytes);
  return node_of_object (o);
}

static JsonNode *
query_migrate (MonitorContext *ctx, JsonObject *args, GError **error)
{
  return node_of_object (monitor_query_migrate ());
}

static JsonNode *
query_target (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonObject *o = json_object_new ();
  json_object_set_string_member (o, "arch", ctx->machine->board->isa);
  return node_of_object (o);
}

static JsonNode *
query_memory (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonObject *o = json_object_new ();
  json_object_set_int_member (o, "base-memory", (gint64)ctx->machine->ram->size);
  json_object_set_int_member (o, "plugged-memory", 0);
  return node_of_object (o);
}

const QmpCommand qmp_query_commands[] = {
  { "query-status", query_status },
  { "query-version", query_version },
  { "query-name", query_name },
  { "query-uuid", query_uuid },
  { "query-commands", query_commands },
  { "query-cpus-fast", query_cpus },
  { "query-kvm", query_kvm },
  { "query-machines", query_machines },
  { "query-mice", query_mice },
  { "query-balloon", query_balloon },
  { "query-migrate", query_migrate },
  { "query-target", query_target },
  { "query-memory-size-summary", query_memory },
  { NULL },
};
