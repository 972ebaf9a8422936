/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The adapter: configuration space, life, saved state, and its bus. */

#include "virtio-scsi-private.h"

#include <gio/gio.h>
#include <string.h>

#define PCI_CLASS_STORAGE_SCSI 0x0100
#define EVENT_SIZE             16

unsigned virtio_scsi_default_queues = 1;

/* ---- Configuration (§5.6.4) ---- */

static void
vscsi_config_read (VirtioDevice *vdev)
{
  const VirtioScsi *scsi = (VirtioScsi *)vdev;
  const struct virtio_scsi_config config = {
    .num_queues = GUINT32_TO_LE (scsi->num_queues),
    .seg_max = GUINT32_TO_LE (MAX (scsi->queue_size, 4) - 2),
    .max_sectors = GUINT32_TO_LE (scsi->max_sectors),
    .cmd_per_lun = GUINT32_TO_LE (scsi->cmd_per_lun),
    .event_info_size = GUINT32_TO_LE (EVENT_SIZE),
    .sense_size = GUINT32_TO_LE (scsi->sense_size),
    .cdb_size = GUINT32_TO_LE (scsi->cdb_size),
    .max_channel = 0,
    .max_target = GUINT16_TO_LE (SCSI_MAX_TARGETS - 1),
    .max_lun = GUINT32_TO_LE (SCSI_MAX_LUNS - 1),
  };
  memcpy (vdev->config, &config, sizeof config);
}

static void
vscsi_config_written (VirtioDevice *vdev, unsigned offset, unsigned size)
{
  VirtioScsi *scsi = (VirtioScsi *)vdev;
  struct virtio_scsi_config config;
  uint8_t written[8];
  memcpy (written, vdev->config + offset, MIN (size, sizeof written));
  vscsi_config_read (vdev);
  memcpy (&config, vdev->config, sizeof config);
  memcpy ((uint8_t *)&config + offset, written, MIN (size, sizeof written));
  const uint32_t sense_size = GUINT32_FROM_LE (config.sense_size),
                 cdb_size = GUINT32_FROM_LE (config.cdb_size);
  const unsigned first = offsetof (struct virtio_scsi_config, sense_size),
                 end = offsetof (struct virtio_scsi_config, max_channel);
  if (offset < first || offset + size > end || sense_size > VSCSI_SENSE_MAX || cdb_size > VSCSI_CDB_MAX) {
    device_guest_error (&vdev->dev, "a write to configuration at 0x%x that cannot be", offset);
    return;
  }
  __atomic_store_n (&scsi->sense_size, sense_size, __ATOMIC_RELAXED);
  __atomic_store_n (&scsi->cdb_size, cdb_size, __ATOMIC_RELAXED);
}

/* ---- Running ---- */

static void
drain (VirtioScsi *scsi)
{
  for (unsigned i = 0; i < scsi->num_queues; i++)
    storage_queue_drain (&scsi->queues[i]);
  storage_queue_drain (&scsi->control);
}

static void
vscsi_running (VirtioDevice *vdev, bool running)
{
  VirtioScsi *scsi = (VirtioScsi *)vdev;
  if (running)
    scsi->retry = scsi->stopped.first != NULL;
  else
    drain (scsi);
}

typedef struct {
  VirtioScsi *scsi;
  const StorageQueue *queue;
} DropCall;

static void
drop_on_thread (void *opaque)
{
  const DropCall *call = opaque;
  vscsi_drop_stopped (call->scsi, call->queue);
}

static void
vscsi_queue_reset (VirtioDevice *vdev, unsigned index)
{
  VirtioScsi *scsi = (VirtioScsi *)vdev;
  if (index == VSCSI_EVENT)
    return;
  StorageQueue *queue = index == VSCSI_CONTROL ? &scsi->control : &scsi->queues[index - VSCSI_REQUESTS];
  storage_queue_drain (queue);
  /* The other queues go on, whose requests are in the same lists. */
  DropCall call = { scsi, queue };
  iothread_run_sync (virtqueue_iothread (queue->vq), drop_on_thread, &call);
}

static void
vscsi_reset (Device *dev)
{
  VirtioScsi *scsi = (VirtioScsi *)dev;
  vscsi_drop_stopped (scsi, NULL);
  scsi->retry = false;
  scsi->sense_size = VIRTIO_SCSI_SENSE_DEFAULT_SIZE;
  scsi->cdb_size = VIRTIO_SCSI_CDB_DEFAULT_SIZE;
}

static const VirtioClass vscsi_virtio = {
  .id = 8,
  .name = "virtio-scsi",
  .pci_class = PCI_CLASS_STORAGE_SCSI,
  .config_size = sizeof (struct virtio_scsi_config),
  .config_read = vscsi_config_read,
  .config_written = vscsi_config_written,
  .running = vscsi_running,
  .queue_reset = vscsi_queue_reset,
};

/* ---- Life ---- */

static void
vscsi_init (Device *dev)
{
  virtio_init ((VirtioDevice *)dev, &vscsi_virtio);
}

static bool
vscsi_realize (Device *dev, GError **error)
{
  VirtioScsi *scsi = (VirtioScsi *)dev;
  if (scsi->num_queues == 0)
    scsi->num_queues = CLAMP (virtio_scsi_default_queues, 1, VIRTIO_MAX_QUEUES - VSCSI_REQUESTS);
  if (scsi->num_queues > VIRTIO_MAX_QUEUES - VSCSI_REQUESTS)
    return storage_bad_prop (dev, "num_queues", "from 1 to 62, or 0 for one per CPU", error);
  if (scsi->queue_size < 4 || scsi->queue_size > VIRTIO_QUEUE_MAX ||
      (scsi->queue_size & (scsi->queue_size - 1)) != 0)
    return storage_bad_prop (dev, "virtqueue_size", "a power of two from 4 to 1024", error);
  scsi->units = g_ptr_array_new ();
  storage_queue_open (&scsi->control, virtio_add_queue (&scsi->vdev, scsi->queue_size, vscsi_handle_control));
  virtio_add_queue (&scsi->vdev, scsi->queue_size, NULL);
  scsi->queues = g_new0 (StorageQueue, scsi->num_queues);
  for (unsigned i = 0; i < scsi->num_queues; i++)
    storage_queue_open (&scsi->queues[i],
                        virtio_add_queue (&scsi->vdev, scsi->queue_size, vscsi_handle_requests));
  return true;
}

static void
vscsi_unrealize (Device *dev)
{
  VirtioScsi *scsi = (VirtioScsi *)dev;
  virtio_stop (&scsi->vdev);
  vscsi_drop_stopped (scsi, NULL);
  for (unsigned i = 0; i < scsi->num_queues; i++)
    storage_queue_close (&scsi->queues[i]);
  storage_queue_close (&scsi->control);
  g_clear_pointer (&scsi->queues, g_free);
  g_clear_pointer (&scsi->units, g_ptr_array_unref);
}

/* ---- Saved state ---- */

#define STOPPED_TYPE "a(u" VIRTQ_ELEMENT_TYPE ")"

static void
vscsi_save (Device *dev, GVariantBuilder *state)
{
  VirtioScsi *scsi = (VirtioScsi *)dev;
  GVariantBuilder stopped;
  g_variant_builder_init (&stopped, G_VARIANT_TYPE (STOPPED_TYPE));
  for (VscsiRequest *r = scsi->stopped.first; r != NULL; r = r->next)
    g_variant_builder_add (&stopped, "(u@" VIRTQ_ELEMENT_TYPE ")", (uint32_t)(r->queue - scsi->queues),
                           virtqueue_element_save (&r->element));
  g_variant_builder_add (state, "{sv}", "stopped", g_variant_builder_end (&stopped));
}

static bool
load_stopped (VirtioScsi *scsi, GVariant *state)
{
  uint32_t index;
  g_autoptr (GVariant) element = NULL;
  g_variant_get (state, "(u@" VIRTQ_ELEMENT_TYPE ")", &index, &element);
  if (index >= scsi->num_queues)
    return false;
  VscsiRequest *r = virtqueue_element_load (scsi->queues[index].vq, element, sizeof *r);
  if (r == NULL)
    return false;
  r->scsi = scsi;
  r->queue = &scsi->queues[index];
  vscsi_list_add (&scsi->stopped, r);
  return true;
}

static bool
vscsi_load (Device *dev, GVariant *state, GError **error)
{
  VirtioScsi *scsi = (VirtioScsi *)dev;
  g_autoptr (GVariant) stopped = g_variant_lookup_value (state, "stopped", G_VARIANT_TYPE (STOPPED_TYPE));
  bool ok = stopped != NULL;
  for (gsize i = 0; ok && i < g_variant_n_children (stopped); i++) {
    g_autoptr (GVariant) one = g_variant_get_child_value (stopped, i);
    ok = load_stopped (scsi, one);
  }
  if (!ok)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the saved requests on its disks cannot be; the file is damaged", dev->path);
  return ok;
}

/* ---- The bus ---- */

static VirtioScsi *
adapter_of (Device *dev)
{
  VirtioDevice *vdev = virtio_device_of (dev);
  return vdev != NULL && vdev->vclass == &vscsi_virtio ? (VirtioScsi *)vdev : NULL;
}

bool
virtio_scsi_is_adapter (Device *dev)
{
  return adapter_of (dev) != NULL;
}

static bool
choose_address (VirtioScsi *scsi, ScsiDevice *unit, GError **error)
{
  Device *dev = &unit->dev;
  if (unit->target == SCSI_ID_AUTO)
    for (unit->target = 0; vscsi_has_target (scsi, unit->target);)
      unit->target++;
  if (unit->channel != 0)
    return storage_bad_prop (dev, "channel", "0", error);
  if (unit->target >= SCSI_MAX_TARGETS)
    return storage_bad_prop (dev, "scsi-id", "from 0 to 255, and one of them free", error);
  if (vscsi_find_unit (scsi, unit->target, unit->lun) == NULL)
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s (%s): scsi-id=%u,lun=%u is taken; choose another",
               dev->path, dev->class->name, unit->target, unit->lun);
  return false;
}

typedef struct {
  VirtioScsi *scsi;
  ScsiDevice *unit;
} UnitCall;

static int
by_address (gconstpointer a, gconstpointer b)
{
  const ScsiDevice *x = *(ScsiDevice *const *)a, *y = *(ScsiDevice *const *)b;
  return x->target != y->target ? (x->target < y->target ? -1 : 1) : x->lun < y->lun ? -1 : x->lun > y->lun;
}

static void
add_unit (void *opaque)
{
  const UnitCall *call = opaque;
  g_ptr_array_add (call->scsi->units, call->unit);
  g_ptr_array_sort (call->scsi->units, by_address);
}

static void
remove_unit (void *opaque)
{
  const UnitCall *call = opaque;
  g_ptr_array_remove (call->scsi->units, call->unit);
}

static void
unit_gone (ScsiDevice *unit)
{
  UnitCall call = { unit->bus, unit };
  iothread_run_sync (unit->thread, remove_unit, &call);
}

bool
virtio_scsi_attach (Device *adapter, Device *dev, GError **error)
{
  VirtioScsi *scsi = adapter_of (adapter);
  ScsiDevice *unit = scsi_device_of (dev);
  bool ok = scsi != NULL && scsi->vdev.dev.realized && unit != NULL;
  if (!ok)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s (%s) cannot be plugged into %s (%s); SCSI disks go with virtio-scsi-pci", dev->path,
                 dev->class->name, adapter->path, adapter->class->name);
  else if ((ok = choose_address (scsi, unit, error))) {
    unit->bus = scsi;
    unit->gone = unit_gone;
    unit->thread = virtqueue_iothread (scsi->control.vq);
    ok = device_realize (dev, error);
  }
  if (!ok) {
    device_free (dev);
    return false;
  }
  scsi_unit_reset (unit, UA_POWER_ON);
  device_add_child (&scsi->vdev.dev, dev);
  UnitCall call = { scsi, unit };
  iothread_run_sync (unit->thread, add_unit, &call);
  return true;
}

/* ---- Classes ---- */

#define AT(member) offsetof (VirtioScsi, member)
static const DeviceProp vscsi_props[] = {
  { "num_queues", DEVICE_PROP_UINT32, AT (num_queues), .max = VIRTIO_MAX_QUEUES - VSCSI_REQUESTS,
    .help = "request queues (0: one per CPU)" },
  { "virtqueue_size", DEVICE_PROP_UINT32, AT (queue_size), .initial = 256, .max = VIRTIO_QUEUE_MAX,
    .help = "places in each ring, a power of two" },
  { "max_sectors", DEVICE_PROP_UINT32, AT (max_sectors), .initial = 0xffff,
    .help = "largest transfer, 512-byte sectors" },
  { "cmd_per_lun", DEVICE_PROP_UINT32, AT (cmd_per_lun), .initial = 128,
    .help = "commands at once to each unit" },
  { NULL },
};

static const DeviceSave vscsi_saved[] = {
  { "sense_size", DEVICE_SAVE_U32, AT (sense_size), .max = VSCSI_SENSE_MAX },
  { "cdb_size", DEVICE_SAVE_U32, AT (cdb_size), .max = VSCSI_CDB_MAX },
  { NULL },
};

static const DeviceClass vscsi_class = {
  .name = "virtio-scsi-device",
  .bus = "virtio-bus",
  .category = "Storage devices",
  .help = "virtio SCSI adapter",
  .size = sizeof (VirtioScsi),
  .base = &virtio_device_class,
  .props = vscsi_props,
  .saved = vscsi_saved,
  .init = vscsi_init,
  .realize = vscsi_realize,
  .unrealize = vscsi_unrealize,
  .reset = vscsi_reset,
  .save = vscsi_save,
  .load = vscsi_load,
  .user_creatable = true,
};

void
virtio_scsi_register (void)
{
  virtio_register (&vscsi_class, &vscsi_virtio);
  scsi_register ();
}
