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
    json_object_set_int_member (o, "cpu-index", i);
    json_object_set_int_member (o, "thread-id", tid ? g_ascii_strtoll (tid + 10, NULL, 10) : 0);
    json_object_set_string_member (o, "target", ctx->machine->board->isa);
    json_object_set_int_member (props, "core-id", i);
    json_object_set_object_member (o, "props", props);
    json_array_add_object_element (list, o);
  }
  return node_of_array (list);
}

static JsonObject *
describe_medium (Block *block)
{
  JsonObject *o = json_object_new (), *image = json_object_new ();
  json_object_set_string_member (o, "file", block_path (block));
  json_object_set_string_member (o, "drv", block_format (block));
  json_object_set_boolean_member (o, "ro", block_read_only (block));
  json_object_set_string_member (image, "filename", block_path (block));
  json_object_set_string_member (image, "format", block_format (block));
  json_object_set_int_member (image, "virtual-size", (gint64)block_size (block));
  json_object_set_object_member (o, "image", image);
  return o;
}

static JsonNode *
query_block (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonArray *list = json_array_new ();
  g_autoptr (GPtrArray) drives = drive_list ();
  for (unsigned i = 0; i < drives->len; i++) {
    const Drive *drive = drives->pdata[i];
    JsonObject *o = json_object_new ();
    Block *block = drive_block (drive);
    json_object_set_string_member (o, "device", drive_id (drive) ? drive_id (drive) : "");
    json_object_set_string_member (o, "type", "unknown");
    json_object_set_boolean_member (o, "removable", drive_is_cdrom (drive));
    if (block)
      json_object_set_object_member (o, "inserted", describe_medium (block));
    json_array_add_object_element (list, o);
  }
  return node_of_array (list);
}

static JsonNode *
query_blockstats (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonArray *list = json_array_new ();
  g_autoptr (GPtrArray) drives = drive_list ();
  for (unsigned i = 0; i < drives->len; i++) {
    Block *block = drive_block (drives->pdata[i]);
    BlockStats stats = { 0 };
    JsonObject *o = json_object_new (), *s = json_object_new ();
    if (block)
      block_stats (block, &stats);
    const struct {
      const char *name;
      uint64_t value;
    } members[] = { { "rd_bytes", stats.read_bytes },        { "wr_bytes", stats.write_bytes },
                    { "rd_operations", stats.read_ops },     { "wr_operations", stats.write_ops },
                    { "flush_operations", stats.flush_ops }, { "unmap_operations", stats.discard_ops } };
    for (unsigned m = 0; m < G_N_ELEMENTS (members); m++)
      json_object_set_int_member (s, members[m].name, (gint64)members[m].value);
    json_object_set_string_member (o, "device",
                                   drive_id (drives->pdata[i]) ? drive_id (drives->pdata[i]) : "");
    json_object_set_object_member (o, "stats", s);
    json_array_add_object_element (list, o);
  }
  return node_of_array (list);
}

static JsonNode *
query_chardev (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonArray *list = json_array_new ();
  g_autoptr (GPtrArray) chardevs = chardev_list ();
  for (unsigned i = 0; i < chardevs->len; i++) {
    const Chardev *chr = chardevs->pdata[i];
    JsonObject *o = json_object_new ();
    json_object_set_string_member (o, "label", chardev_id (chr) ? chardev_id (chr) : "");
    json_object_set_string_member (o, "filename", chardev_describe (chr));
    json_object_set_boolean_member (o, "frontend-open", chardev_attached (chr));
    json_array_add_object_element (list, o);
  }
  return node_of_array (list);
}

static JsonArray *
pci_regions (const PciDevice *pci)
{
  JsonArray *list = json_array_new ();
  for (unsigned i = 0; i < PCI_BARS; i++) {
    const MemoryRegion *region = pci->bar[i].region;
    if (!region)
      continue;
    JsonObject *o = json_object_new ();
    const bool io = pci->bar[i].type & 1;
    json_object_set_int_member (o, "bar", i);
    json_object_set_string_member (o, "type", io ? "io" : "memory");
    json_object_set_int_member (o, "address", region->map ? (gint64)region->base : -1);
    json_object_set_int_member (o, "size", (gint64)pci->bar[i].size);
    if (!io) {
      json_object_set_boolean_member (o, "prefetch", (pci->bar[i].type & 8) != 0);
      json_object_set_boolean_member (o, "mem_type_64", (pci->bar[i].type & 6) == 4);
    }
    json_array_add_object_element (list, o);
  }
  return list;
}

static JsonObject *
pci_function (const PciDevice *pci)
{
  JsonObject *o = json_object_new (), *class = json_object_new (), *id = json_object_new ();
  json_object_set_int_member (class, "class", pci->ids.class);
  json_object_set_int_member (id, "vendor", pci->ids.vendor);
  json_object_set_int_member (id, "device", pci->ids.device);
  json_object_set_int_member (id, "subsystem-vendor", pci->ids.subsystem_vendor);
  json_object_set_int_member (id, "subsystem", pci->ids.subsystem);
  json_object_set_int_member (o, "bus", 0);
  json_object_set_int_member (o, "slot", pci->devfn >> 3);
  json_object_set_int_member (o, "function", pci->devfn & 7);
  json_object_set_object_member (o, "class_info", class);
  json_object_set_object_member (o, "id", id);
  json_object_set_int_member (o, "irq_pin", pci->ids.intx ? 1 : 0);
  json_object_set_string_member (o, "qdev_id", pci->dev.id ? pci->dev.id : "");
  json_object_set_array_member (o, "regions", pci_regions (pci));
  return o;
}

static JsonNode *
query_pci (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonArray *buses = json_array_new (), *devices = json_array_new ();
  if (!ctx->machine->pci) {
    json_array_unref (devices);
    return node_of_array (buses);
  }
  for (unsigned devfn = 0; devfn < 8 * PCI_SLOT_COUNT; devfn++) {
    const PciDevice *pci = pci_bus_device (ctx->machine->pci, devfn);
    if (pci)
      json_array_add_object_element (devices, pci_function (pci));
  }
  JsonObject *bus = json_object_new ();
  json_object_set_int_member (bus, "bus", 0);
  json_object_set_array_member (bus, "devices", devices);
  json_array_add_object_element (buses, bus);
  return node_of_array (buses);
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

const QmpCommand qmp_query_commands[] = {
  { "query-status", query_status },     { "query-version", query_version },
  { "query-name", query_name },         { "query-uuid", query_uuid },
  { "query-commands", query_commands }, { "query-cpus-fast", query_cpus },
  { "query-block", query_block },       { "query-blockstats", query_blockstats },
  { "query-chardev", query_chardev },   { "query-pci", query_pci },
  { "query-kvm", query_kvm },           { "query-machines", query_machines },
  { "query-mice", query_mice },         { "query-balloon", query_balloon },
  { "query-migrate", query_migrate },   { NULL },
};
