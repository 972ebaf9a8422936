/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Options that add devices, and what these are connected to on the host. */

#include "system-option-table.h"

#include "keyval.h"
#include <stdio.h>
#include <string.h>

#define LIST(name)                                                                                           \
  static bool add_##name (SystemParse *p, const char *value, GError **error)                                 \
  {                                                                                                          \
    if (system_is_help (value)) {                                                                            \
      help_##name ();                                                                                        \
      p->done = true;                                                                                        \
    } else                                                                                                   \
      g_ptr_array_add (p->command->name##s, g_strdup (value));                                               \
    return true;                                                                                             \
  }

static void
help_drive (void)
{
  g_autoptr (GString) text = g_string_new ("drive options:\n");
  drive_help (text);
  fputs (text->str, stdout);
}

static void
help_blockdev (void)
{
  g_autoptr (GString) text = g_string_new ("blockdev options (or the same as a JSON object):\n");
  drive_help_blockdev (text);
  fputs (text->str, stdout);
}

static void
help_netdev (void)
{
  system_print_names ("Available netdev backend types:", net_backend_kinds ());
}

static void
help_object (void)
{
  system_print_objects ();
}

LIST (drive)
LIST (blockdev)
LIST (object)

static bool
add_netdev (SystemParse *p, const char *value, GError **error)
{
  if (system_is_help (value)) {
    help_netdev ();
    p->done = true;
    return true;
  }
  g_autoptr (Keyval) kv = keyval_parse (value, "type", error);
  if (kv == NULL)
    return false;
  if (keyval_get (kv, "id") == NULL)
    return system_bad (error, "give it an id, for -device …,netdev=ID; or use -nic, which needs none");
  g_ptr_array_add (p->command->netdevs, g_strdup (value));
  return true;
}

static bool
add_device (SystemParse *p, const char *value, GError **error)
{
  if (system_is_help (value)) {
    system_print_devices ();
    p->done = true;
    return true;
  }
  const char *help = strstr (value, ",help");
  if (help != NULL && help[5] == '\0') {
    g_autofree char *name = g_strndup (value, (gsize)(help - value));
    p->done = true;
    return system_print_device_properties (name, error);
  }
  g_ptr_array_add (p->config->devices, g_strdup (value));
  return true;
}

static bool
add_image (SystemParse *p, const char *file, const char *settings)
{
  g_autofree char *name = system_escaped (file);
  g_ptr_array_add (p->command->drives, g_strconcat ("file=", name, settings, NULL));
  return true;
}

#define IMAGE(name, settings)                                                                                \
  static bool add_##name (SystemParse *p, const char *value, GError **error)                                 \
  {                                                                                                          \
    return add_image (p, value, settings);                                                                   \
  }
IMAGE (hda, ",media=disk,index=0")
IMAGE (hdb, ",media=disk,index=1")
IMAGE (hdc, ",media=disk,index=2")
IMAGE (hdd, ",media=disk,index=3")
IMAGE (cdrom, ",media=cdrom,index=2")
IMAGE (pflash, ",if=pflash")

static bool
set_snapshot (SystemParse *p, const char *value, GError **error)
{
  p->config->snapshot = true;
  return true;
}

static bool
set_nodefaults (SystemParse *p, const char *value, GError **error)
{
  p->config->no_default_devices = true;
  return true;
}

/* The settings of `kv` that belong to the NIC go to `nic`, the others to `netdev`. */
static void
split_nic (Keyval *kv, GString *netdev, GString *nic)
{
  static const char *const of_nic[] = { "mac", "macaddr", "addr", "vectors", NULL };
  g_autoptr (GPtrArray) rest = keyval_prefix (kv, "");
  for (unsigned i = 0; i < rest->len; i++) {
    const KeyvalPair *pair = rest->pdata[i];
    g_autofree char *value = system_escaped (pair->value);
    bool is_mac = strcmp (pair->key, "macaddr") == 0;
    GString *to = g_strv_contains (of_nic, pair->key) ? nic : netdev;
    g_string_append_printf (to, ",%s=%s", is_mac ? "mac" : pair->key, value);
  }
}

/* Only devices that have a network can be a NIC. "virtio" is the usual one. */
static bool
check_model (const char **model, GError **error)
{
  if (strcmp (*model, "virtio") == 0)
    *model = "virtio-net-pci";
  g_autofree char *pci = g_strconcat (*model, "-pci", NULL);
  const DeviceClass *class = device_class_find (*model);
  if (class == NULL || !class->user_creatable)
    class = device_class_find (pci);
  return (class && class->user_creatable && device_prop_find (class, "netdev")) ||
         system_bad (error, "model=%s is no network card; use virtio-net-pci, or leave it out", *model);
}

/* TYPE,model=MODEL,… declares a back end and a NIC in one. */
static bool
add_nic (SystemParse *p, const char *value, GError **error)
{
  static unsigned count;
  if (system_is_help (value)) {
    help_netdev ();
    p->done = true;
    return true;
  }
  if (strcmp (value, "none") == 0) {
    p->config->no_default_net = true;
    return true;
  }
  g_autoptr (Keyval) kv = keyval_parse (value, "type", error);
  if (kv == NULL)
    return false;
  const char *type = keyval_get (kv, "type"), *model = keyval_get (kv, "model"), *id = keyval_get (kv, "id");
  g_autofree char *own = g_strdup_printf ("__nic%u", count++);
  id = id ? id : own;
  if (type == NULL)
    return system_bad (error, "say which back end: user, tap, stream, …, or none");
  if (model && !check_model (&model, error))
    return false;
  g_autoptr (GString) netdev = g_string_new (type), nic = g_string_new (model ? model : "");
  g_string_append_printf (netdev, ",id=%s", id);
  g_string_append_printf (nic, "%snetdev=%s", model ? "," : "", id);
  split_nic (kv, netdev, nic);
  g_ptr_array_add (p->command->netdevs, g_strdup (netdev->str));
  g_ptr_array_add (p->config->nics, g_strdup (nic->str));
  return true;
}

static bool
set_net (SystemParse *p, const char *value, GError **error)
{
  if (strcmp (value, "none") == 0)
    return add_nic (p, value, error);
  return system_bad (error, "-net joins everything in one hub, which is not there; use -nic BACKEND,model=…, "
                            "or -netdev with -device");
}

const SystemOption system_device_options[] = {
  { "drive", "file=FILE,format=raw|qcow2,if=virtio|pflash|none,id=ID,…", "a disk or CD ('-drive help')",
    add_drive },
  { "blockdev", "driver=…,node-name=ID,… or JSON", "a disk image for -device", add_blockdev },
  { "cdrom", "FILE", "a CD image", add_cdrom },
  { "hda", "FILE", "a disk image; so do -hdb, -hdc, -hdd", add_hda },
  { "hdb", "FILE", NULL, add_hdb },
  { "hdc", "FILE", NULL, add_hdc },
  { "hdd", "FILE", NULL, add_hdd },
  { "pflash", "FILE", "a flash chip's content", add_pflash },
  { "snapshot", NULL, "write to temporary files instead of the disk images", set_snapshot },
  { "device", "NAME[,PROPERTY=VALUE…]", "add a device ('-device help', '-device NAME,help')", add_device },
  { "netdev", "user|tap|stream|dgram|socket,id=ID,…", "a network back end for -device ('-netdev help')",
    add_netdev },
  { "nic", "user|tap|…[,model=NAME,mac=…]|none", "a network back end and its card", add_nic },
  { "net", "none", "no network", set_net },
  { "object", "KIND,id=ID,…", "something that devices share ('-object help')", add_object },
  { "nodefaults", NULL, "no devices but those asked for", set_nodefaults },
  { NULL },
};
