/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The devices: properties, life, and media that come and go. */

#include "scsi.h"

#include <gio/gio.h>
#include <string.h>

#define CD_BLOCK_SIZE 2048

/* ---- Media ---- */

/* On the bus's thread. */
static void
close_when_idle (void *opaque)
{
  ScsiDevice *unit = opaque;
  unit->block = NULL;
  if (unit->io == NULL || unit->in_flight != 0)
    return;
  block_queue_free (unit->io);
  unit->io = NULL;
}

/* Commands fail from the first look on, so what is on its way comes to an end soon. */
static void
close_medium (ScsiDevice *unit)
{
  if (unit->thread == NULL)
    return;
  iothread_run_sync (unit->thread, close_when_idle, unit);
  while (unit->io != NULL) {
    g_usleep (500);
    iothread_run_sync (unit->thread, close_when_idle, unit);
  }
}

static void
medium_removed (void *opaque)
{
  ScsiDevice *unit = opaque;
  unit->tray_open = true;
  unit->media_event = 3;
}

static void
medium_inserted (void *opaque)
{
  ScsiDevice *unit = opaque;
  unit->block = drive_block (unit->drive);
  unit->tray_open = false;
  unit->media_event = 2;
  unit->unit_attention |= UA_MEDIUM_CHANGED;
}

/* On the main thread. */
static void
medium_changed (void *opaque)
{
  ScsiDevice *unit = opaque;
  Block *block = drive_block (unit->drive);
  if (unit->thread == NULL)
    return;
  if (block == NULL) {
    close_medium (unit);
    iothread_run_sync (unit->thread, medium_removed, unit);
    return;
  }
  g_autoptr (GError) error = NULL;
  BlockQueue *io = block_queue_new (block, iothread_context (unit->thread), &error);
  if (io == NULL) {
    g_warning ("%s: the new medium cannot be used: %s", unit->dev.path, error->message);
    return;
  }
  unit->io = io; /* not looked at while there is no block */
  iothread_run_sync (unit->thread, medium_inserted, unit);
}

/* ---- Life ---- */

static void
copy_text (char *to, size_t size, const char *text, const char *otherwise)
{
  g_strlcpy (to, text != NULL ? text : otherwise, size);
  for (; *to != '\0'; to++)
    if (!g_ascii_isprint (*to))
      *to = ' ';
}

static void
set_texts (ScsiDevice *unit)
{
  const char *serial = unit->serial_text != NULL ? unit->serial_text : drive_serial (unit->drive);
  copy_text (unit->serial, sizeof unit->serial, serial, "");
  copy_text (unit->vendor, sizeof unit->vendor, unit->vendor_text, "VITRINE");
  copy_text (unit->product, sizeof unit->product, unit->product_text,
             unit->is_cd ? "VITRINE CD-ROM" : "VITRINE HARDDISK");
  copy_text (unit->version, sizeof unit->version, unit->version_text, "1.0");
}

static bool
disk_realize (Device *dev, GError **error)
{
  ScsiDevice *unit = (ScsiDevice *)dev;
  StorageSizes sizes;
  if (unit->thread == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                 "%s (%s) needs a SCSI bus; add -device virtio-scsi-pci,id=scsi0 before it", dev->path,
                 dev->class->name);
    return false;
  }
  if (!storage_sizes (dev, unit->is_cd ? CD_BLOCK_SIZE : unit->logical_block, unit->physical_block,
                      unit->min_io, unit->opt_io, &sizes, error))
    return false;
  unit->block_size = sizes.logical;
  unit->physical_block_size = sizes.physical;
  unit->min_io_size = sizes.min_io;
  unit->opt_io_size = sizes.opt_io;
  unit->drive = storage_attach_drive (dev, unit->drive_name, error);
  if (unit->drive == NULL)
    return false;
  Block *block = drive_block (unit->drive);
  unit->io = block != NULL ? block_queue_new (block, iothread_context (unit->thread), error) : NULL;
  if (block != NULL && unit->io == NULL) {
    drive_detach (unit->drive);
    unit->drive = NULL;
    return false;
  }
  unit->block = block;
  set_texts (unit);
  if (unit->is_cd)
    drive_set_change_hook (unit->drive, medium_changed, unit);
  return true;
}

static void
disk_unrealize (Device *dev)
{
  ScsiDevice *unit = (ScsiDevice *)dev;
  unit->gone (unit);
  close_medium (unit);
  drive_detach (unit->drive);
  unit->drive = NULL;
}

static void
disk_reset (Device *dev)
{
  ScsiDevice *unit = (ScsiDevice *)dev;
  unit->unit_attention = 0;
  unit->media_event = 0;
  unit->tray_open = unit->is_cd && unit->block == NULL && unit->tray_open;
  scsi_unit_reset (unit, UA_POWER_ON);
}

static bool
disk_loaded (Device *dev, GError **error)
{
  ScsiDevice *unit = (ScsiDevice *)dev;
  if (unit->is_cd)
    drive_set_locked (unit->drive, unit->locked);
  return true;
}

static void
cd_init (Device *dev)
{
  ((ScsiDevice *)dev)->is_cd = true;
}

#define AT(member) offsetof (ScsiDevice, member)
static const DeviceProp disk_props[] = {
  { "drive", DEVICE_PROP_BACKEND, AT (drive_name), .help = "id of the -drive or node name of the -blockdev" },
  { "serial", DEVICE_PROP_STRING, AT (serial_text), .help = "serial number (default: the drive's)" },
  { "vendor", DEVICE_PROP_STRING, AT (vendor_text), .help = "INQUIRY's vendor, 8 characters" },
  { "product", DEVICE_PROP_STRING, AT (product_text), .help = "INQUIRY's product, 16 characters" },
  { "ver", DEVICE_PROP_STRING, AT (version_text), .help = "INQUIRY's version, 4 characters" },
  { "channel", DEVICE_PROP_UINT32, AT (channel), .help = "0" },
  { "scsi-id", DEVICE_PROP_UINT32, AT (target), .initial = SCSI_ID_AUTO,
    .help = "target (default: the first free one)" },
  { "lun", DEVICE_PROP_UINT32, AT (lun), .max = SCSI_MAX_LUNS - 1, .help = "logical unit number" },
  { "physical_block_size", DEVICE_PROP_SIZE, AT (physical_block), .help = "unit of efficient access" },
  { "write-cache", DEVICE_PROP_BOOL, AT (write_cache), .initial = true, .help = "writes wait for a flush" },
  { "bootindex", DEVICE_PROP_UINT32, AT (bootindex), .initial = UINT32_MAX,
    .help = "place in the boot order" },
  { NULL },
};

static const DeviceProp hd_props[] = {
  { "logical_block_size", DEVICE_PROP_SIZE, AT (logical_block), .initial = 512,
    .help = "smallest unit of access" },
  { "min_io_size", DEVICE_PROP_SIZE, AT (min_io), .help = "smallest efficient request" },
  { "opt_io_size", DEVICE_PROP_SIZE, AT (opt_io), .help = "best size of requests" },
  { NULL },
};

static const DeviceSave disk_saved[] = {
  { "unit_attention", DEVICE_SAVE_U8, AT (unit_attention), .max = 15 },
  { "media_event", DEVICE_SAVE_U8, AT (media_event), .max = 3 },
  { "tray_open", DEVICE_SAVE_BOOL, AT (tray_open) },
  { "locked", DEVICE_SAVE_BOOL, AT (locked) },
  { "stopped", DEVICE_SAVE_BOOL, AT (stopped) },
  { "write_cache_on", DEVICE_SAVE_BOOL, AT (write_cache_on) },
  { NULL },
};

static const DeviceClass scsi_disk_class = {
  .name = "scsi-disk",
  .bus = "SCSI",
  .category = "Storage devices",
  .help = "what SCSI disks have in common",
  .size = sizeof (ScsiDevice),
  .props = disk_props,
  .saved = disk_saved,
  .realize = disk_realize,
  .unrealize = disk_unrealize,
  .reset = disk_reset,
  .loaded = disk_loaded,
};

static const DeviceClass scsi_hd_class = {
  .name = "scsi-hd",
  .bus = "SCSI",
  .category = "Storage devices",
  .help = "SCSI disk",
  .size = sizeof (ScsiDevice),
  .base = &scsi_disk_class,
  .props = hd_props,
  .user_creatable = true,
};

static const DeviceClass scsi_cd_class = {
  .name = "scsi-cd",
  .bus = "SCSI",
  .category = "Storage devices",
  .help = "SCSI CD-ROM drive",
  .size = sizeof (ScsiDevice),
  .base = &scsi_disk_class,
  .init = cd_init,
  .user_creatable = true,
};

void
scsi_register (void)
{
  device_class_register (&scsi_hd_class);
  device_class_register (&scsi_cd_class);
}

ScsiDevice *
scsi_device_of (Device *dev)
{
  for (const DeviceClass *class = dev->class; class != NULL; class = class->base)
    if (class == &scsi_disk_class)
      return (ScsiDevice *)dev;
  return NULL;
}
