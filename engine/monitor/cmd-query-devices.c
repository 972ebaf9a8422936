/* SPDX-License-Identifier: GPL-3.0-or-later */

/* QMP's questions about devices and what these are connected to. */

#include "monitor-private.h"

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

static JsonObject *
describe_drive (const Machine *machine, const Drive *drive)
{
  JsonObject *o = json_object_new ();
  const Device *user = monitor_find_user (machine, "drive", drive_id (drive));
  Block *block = drive_block (drive);
  json_object_set_string_member (o, "device", drive_id (drive));
  if (user)
    json_object_set_string_member (o, "qdev", user->id ? user->id : user->path);
  json_object_set_string_member (o, "type", "unknown");
  json_object_set_boolean_member (o, "removable", drive_is_removable (drive));
  json_object_set_boolean_member (o, "locked", drive_is_locked (drive));
  if (drive_is_removable (drive))
    json_object_set_boolean_member (o, "tray_open", block == NULL);
  if (block)
    json_object_set_object_member (o, "inserted", describe_medium (block));
  return o;
}

static JsonNode *
query_block (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonArray *list = json_array_new ();
  g_autoptr (GPtrArray) drives = drive_list ();
  for (unsigned i = 0; i < drives->len; i++)
    json_array_add_object_element (list, describe_drive (ctx->machine, drives->pdata[i]));
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
query_netstats (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonArray *list = json_array_new ();
  g_autoptr (GPtrArray) nets = net_backend_list ();
  for (unsigned i = 0; i < nets->len; i++) {
    NetStats stats;
    JsonObject *o = json_object_new ();
    net_backend_stats (nets->pdata[i], &stats);
    json_object_set_string_member (o, "id", net_backend_id (nets->pdata[i]));
    json_object_set_int_member (o, "rx-packets", (gint64)stats.receive_packets);
    json_object_set_int_member (o, "rx-bytes", (gint64)stats.receive_bytes);
    json_object_set_int_member (o, "tx-packets", (gint64)stats.send_packets);
    json_object_set_int_member (o, "tx-bytes", (gint64)stats.send_bytes);
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

static JsonArray *pci_devices (PciBus *bus);

static void
set_window (JsonObject *o, const char *name, PciWindow window)
{
  JsonObject *range = json_object_new ();
  json_object_set_int_member (range, "base", (gint64)window.base);
  json_object_set_int_member (range, "limit", (gint64)window.limit);
  json_object_set_object_member (o, name, range);
}

static JsonObject *
pci_bridge (const PciDevice *pci)
{
  enum { PRIMARY_BUS = 0x18, SUBORDINATE_BUS = 0x1a }; /* registers */
  JsonObject *o = json_object_new (), *bus = json_object_new ();
  json_object_set_int_member (bus, "number", pci->config[PRIMARY_BUS]);
  json_object_set_int_member (bus, "secondary", pci_bus_number (pci->secondary));
  json_object_set_int_member (bus, "subordinate", pci->config[SUBORDINATE_BUS]);
  set_window (bus, "io_range", pci_bridge_io_window (pci));
  set_window (bus, "memory_range", pci_bridge_memory_window (pci));
  set_window (bus, "prefetchable_range", pci_bridge_prefetchable_window (pci));
  json_object_set_object_member (o, "bus", bus);
  json_object_set_array_member (o, "devices", pci_devices (pci->secondary));
  return o;
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
  json_object_set_int_member (o, "bus", pci_bus_number (pci->bus));
  json_object_set_int_member (o, "slot", pci->devfn >> 3);
  json_object_set_int_member (o, "function", pci->devfn & 7);
  json_object_set_object_member (o, "class_info", class);
  json_object_set_object_member (o, "id", id);
  json_object_set_int_member (o, "irq_pin", pci->ids.intx ? 1 : 0);
  json_object_set_string_member (o, "qdev_id", pci->dev.id ? pci->dev.id : "");
  json_object_set_array_member (o, "regions", pci_regions (pci));
  if (pci->secondary)
    json_object_set_object_member (o, "pci_bridge", pci_bridge (pci));
  return o;
}

static JsonArray *
pci_devices (PciBus *bus)
{
  JsonArray *devices = json_array_new ();
  for (unsigned devfn = 0; devfn < 8 * PCI_SLOT_COUNT; devfn++) {
    const PciDevice *pci = pci_bus_device (bus, devfn);
    if (pci)
      json_array_add_object_element (devices, pci_function (pci));
  }
  return devices;
}

static JsonNode *
query_pci (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonArray *buses = json_array_new ();
  if (!ctx->machine->pci)
    return node_of_array (buses);
  JsonObject *bus = json_object_new ();
  json_object_set_int_member (bus, "bus", 0);
  json_object_set_array_member (bus, "devices", pci_devices (ctx->machine->pci));
  json_array_add_object_element (buses, bus);
  return node_of_array (buses);
}

static JsonNode *
query_chardev_backends (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonArray *list = json_array_new ();
  g_autoptr (GPtrArray) kinds = chardev_kinds ();
  for (unsigned i = 0; i < kinds->len; i++) {
    JsonObject *o = json_object_new ();
    json_object_set_string_member (o, "name", kinds->pdata[i]);
    json_array_add_object_element (list, o);
  }
  return node_of_array (list);
}

const QmpCommand qmp_query_device_commands[] = {
  { "query-block", query_block },
  { "query-blockstats", query_blockstats },
  { "query-chardev", query_chardev },
  { "query-chardev-backends", query_chardev_backends },
  { "query-netstats", query_netstats },
  { "query-pci", query_pci },
  { NULL },
};
