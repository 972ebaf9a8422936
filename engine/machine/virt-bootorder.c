/* SPDX-License-Identifier: GPL-3.0-or-later */

/* In which order firmware is to try the devices: fw_cfg's file "bootorder", a list of OpenFirmware paths.  It
 * comes from the devices' bootindex= and, behind these, from -boot order= and once=. */

#include "virt-common.h"
#include <string.h>

#define BOOTORDER_FILE "bootorder"
#define NO_BOOTINDEX   UINT64_MAX

typedef enum { BOOT_NONE, BOOT_DISK, BOOT_CDROM, BOOT_NET } BootKind;

typedef struct {
  uint64_t index; /* smaller ones first */
  char *path;
} BootEntry;

/* What has no drive is no disk but may have some behind it. */
static BootKind
drive_kind (const Device *dev)
{
  g_autofree char *id = device_get ((Device *)dev, "drive");
  Drive *drive = id && *id ? drive_find (id) : NULL;
  return drive == NULL ? BOOT_NONE : drive_is_cdrom (drive) ? BOOT_CDROM : BOOT_DISK;
}

static BootKind
boot_kind (const PciDevice *pci)
{
  enum { CLASS_STORAGE_SCSI = 0x0100, CLASS_NETWORK_ETHERNET = 0x0200 };

  if (pci->ids.class == CLASS_NETWORK_ETHERNET)
    return BOOT_NET;
  return pci->ids.class == CLASS_STORAGE_SCSI ? drive_kind (&pci->dev) : BOOT_NONE;
}

/* Appends the nodes of the bus's bridges, the host's first. */
static void
append_bridges (GString *path, const PciBus *bus)
{
  const PciDevice *bridge = pci_bus_bridge (bus);

  if (bridge == NULL)
    return;
  append_bridges (path, bridge->bus);
  g_string_append_printf (path, "pci-bridge@%x/", bridge->devfn >> 3);
}

/* Of a function, from the host bridge on and with what `unit` says of the part of it. */
static char *
open_firmware_path (const PciDevice *pci, const char *name, const char *unit)
{
  GString *path = g_string_new (NULL);

  append_bridges (path, pci->bus);
  g_string_append_printf (path, "%s@%x/%s", name, pci->devfn >> 3, unit);
  return g_string_free (path, FALSE);
}

static uint64_t
boot_index (const char *order, Device *dev, BootKind kind)
{
  static const char letters[] = { [BOOT_DISK] = 'c', [BOOT_CDROM] = 'd', [BOOT_NET] = 'n' };
  g_autofree char *text = device_get (dev, "bootindex");
  uint64_t index;

  if (text && g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT32, &index, NULL))
    return index;
  const char *at = order ? strchr (order, letters[kind]) : NULL;
  return at ? G_MAXUINT32 + (uint64_t)(at - order) : NO_BOOTINDEX;
}

static int
compare_entries (const void *a, const void *b)
{
  const BootEntry *x = a, *y = b;

  return x->index < y->index ? -1 : x->index > y->index;
}

static void
clear_entry (void *entry)
{
  g_free (((BootEntry *)entry)->path);
}

/* Takes the path. */
static void
add_entry (GArray *entries, uint64_t index, char *path)
{
  BootEntry entry = { index, path };
  if (index != NO_BOOTINDEX)
    g_array_append_val (entries, entry);
  else
    g_free (path);
}

/* The disks and drives behind a SCSI controller. */
static void
add_units (const PciDevice *pci, const Device *dev, const char *order, GArray *entries)
{
  for (unsigned i = 0; dev->children && i < dev->children->len; i++) {
    Device *unit = dev->children->pdata[i];
    g_autofree char *target = device_get (unit, "scsi-id"), *lun = device_get (unit, "lun");
    const BootKind kind = target && lun ? drive_kind (unit) : BOOT_NONE;
    if (kind != BOOT_NONE) {
      g_autofree char *name =
          g_strdup_printf ("channel@0/disk@%" G_GINT64_MODIFIER "x,%" G_GINT64_MODIFIER "x",
                           g_ascii_strtoull (target, NULL, 0), g_ascii_strtoull (lun, NULL, 0));
      add_entry (entries, boot_index (order, unit, kind), open_firmware_path (pci, "scsi", name));
    }
    add_units (pci, unit, order, entries);
  }
}

/* Those of the bus that one can boot from, and of the buses behind it. */
static void
add_entries (PciBus *bus, const char *order, GArray *entries)
{
  for (unsigned slot = 0; slot < PCI_SLOT_COUNT; slot++) {
    PciDevice *pci = pci_bus_device (bus, slot << 3);
    if (pci == NULL)
      continue;
    const BootKind kind = boot_kind (pci);
    const bool net = kind == BOOT_NET;
    if (kind != BOOT_NONE)
      add_entry (entries, boot_index (order, &pci->dev, kind),
                 open_firmware_path (pci, net ? "ethernet" : "scsi", net ? "ethernet-phy@0" : "disk@0,0"));
    if (pci->secondary)
      add_entries (pci->secondary, order, entries);
    else
      add_units (pci, &pci->dev, order, entries);
  }
}

void
virt_set_bootorder (Machine *machine)
{
  const MachineConfig *config = machine->config;
  bool once = config->boot_once != NULL && !virt_common (machine)->booted;
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (BootEntry));
  g_autoptr (GString) list = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_array_set_clear_func (entries, clear_entry);
  add_entries (machine->pci, once ? config->boot_once : config->boot_order, entries);
  g_array_sort (entries, compare_entries); /* keeps the order of equals */
  for (unsigned i = 0; i < entries->len; i++)
    g_string_append_printf (list, "%s/pci@%016" G_GINT64_MODIFIER "x/%s", i ? "\n" : "",
                            virt_common (machine)->layout.ecam, g_array_index (entries, BootEntry, i).path);
  virt_common (machine)->booted = true;
  if (entries->len > 0 && config->boot_strict)
    g_string_append (list, "\nHALT");
  if (entries->len == 0 && config->boot_once == NULL)
    return;
  g_autoptr (GBytes) content = g_bytes_new (list->str, list->len + 1);
  if (!fw_cfg_add_file (virt_common (machine)->fw_cfg, BOOTORDER_FILE, content, &error))
    g_printerr ("The boot order cannot be told to firmware: %s\n", error->message);
}
