/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The device: properties, features, configuration space, life and saved state. */

#include "virtio-blk-private.h"

#include <gio/gio.h>
#include <string.h>

#define PCI_CLASS_STORAGE_SCSI 0x0100

unsigned virtio_blk_default_queues = 1;

/* ---- Features and configuration (§5.2.3, §5.2.4) ---- */

static uint64_t
blk_features (VirtioDevice *vdev)
{
  const VirtioBlk *blk = (VirtioBlk *)vdev;
  const bool read_only = blk->block != NULL && block_read_only (blk->block);
  uint64_t features = UINT64_C (1) << VIRTIO_BLK_F_SEG_MAX | UINT64_C (1) << VIRTIO_BLK_F_GEOMETRY |
                      UINT64_C (1) << VIRTIO_BLK_F_BLK_SIZE | UINT64_C (1) << VIRTIO_BLK_F_FLUSH |
                      UINT64_C (1) << VIRTIO_BLK_F_TOPOLOGY | UINT64_C (1) << VIRTIO_BLK_F_CONFIG_WCE;
  features |= (uint64_t)(blk->num_queues > 1) << VIRTIO_BLK_F_MQ;
  features |= (uint64_t)read_only << VIRTIO_BLK_F_RO;
  features |= (uint64_t)(blk->discard && !read_only) << VIRTIO_BLK_F_DISCARD;
  features |= (uint64_t)(blk->write_zeroes && !read_only) << VIRTIO_BLK_F_WRITE_ZEROES;
  return features;
}

/* A driver that knows of no cache cannot flush it: its writes are durable when they complete (§5.2.5.2). */
static void
choose_cache (VirtioBlk *blk, uint64_t features)
{
  const bool can_flush = features >> VIRTIO_BLK_F_FLUSH & 1,
             can_choose = features >> VIRTIO_BLK_F_CONFIG_WCE & 1;
  __atomic_store_n (&blk->fua, !(can_choose ? blk->writeback : can_flush && blk->write_cache),
                    __ATOMIC_RELAXED);
}

static bool
blk_set_features (VirtioDevice *vdev, uint64_t features)
{
  choose_cache ((VirtioBlk *)vdev, features);
  return true;
}

static uint64_t
capacity (const VirtioBlk *blk)
{
  return blk->block == NULL
             ? 0
             : (block_size (blk->block) & ~(uint64_t)(blk->logical_block_size - 1)) >> SECTOR_BITS;
}

static void
blk_config_read (VirtioDevice *vdev)
{
  const VirtioBlk *blk = (VirtioBlk *)vdev;
  const uint64_t sectors = capacity (blk), cylinders = sectors / (16 * 63);
  const uint32_t lbs = blk->logical_block_size;
  const struct virtio_blk_config config = {
    .capacity = GUINT64_TO_LE (sectors),
    .seg_max = GUINT32_TO_LE (MAX (blk->queue_size, 4) - 2),
    .geometry = { .cylinders = GUINT16_TO_LE (CLAMP (cylinders, 2, 16383)), .heads = 16, .sectors = 63 },
    .blk_size = GUINT32_TO_LE (lbs),
    .physical_block_exp = (uint8_t)__builtin_ctz (blk->physical_block_size / lbs),
    .min_io_size = GUINT16_TO_LE (blk->min_io_size / lbs),
    .opt_io_size = GUINT32_TO_LE (blk->opt_io_size / lbs),
    .wce = blk->writeback,
    .num_queues = GUINT16_TO_LE (blk->num_queues),
    .max_discard_sectors = GUINT32_TO_LE (BLK_MAX_RANGE_SECTORS & ~(lbs / SECTOR_SIZE - 1)),
    .max_discard_seg = GUINT32_TO_LE (BLK_MAX_RANGES),
    .discard_sector_alignment = GUINT32_TO_LE (lbs / SECTOR_SIZE),
    .max_write_zeroes_sectors = GUINT32_TO_LE (BLK_MAX_RANGE_SECTORS & ~(lbs / SECTOR_SIZE - 1)),
    .max_write_zeroes_seg = GUINT32_TO_LE (BLK_MAX_RANGES),
    .write_zeroes_may_unmap = 1,
  };
  memcpy (vdev->config, &config, vdev->vclass->config_size);
}

static void
blk_config_written (VirtioDevice *vdev, unsigned offset, unsigned size)
{
  VirtioBlk *blk = (VirtioBlk *)vdev;
  const unsigned at = offsetof (struct virtio_blk_config, wce);
  if (offset > at || at - offset >= size || !virtio_has (vdev, VIRTIO_BLK_F_CONFIG_WCE)) {
    device_guest_error (&vdev->dev, "a write to read-only configuration at 0x%x", offset);
    return;
  }
  blk->writeback = vdev->config[at] & 1;
  choose_cache (blk, vdev->features);
}

/* ---- Running ---- */

static void
blk_running (VirtioDevice *vdev, bool running)
{
  VirtioBlk *blk = (VirtioBlk *)vdev;
  for (unsigned i = 0; i < blk->num_queues; i++)
    if (running)
      blk->queues[i].retry = blk->queues[i].stopped != NULL;
    else
      storage_queue_drain (&blk->queues[i].q);
}

static void
blk_queue_reset (VirtioDevice *vdev, unsigned queue)
{
  VirtioBlk *blk = (VirtioBlk *)vdev;
  storage_queue_drain (&blk->queues[queue].q);
  blk_queue_drop_stopped (&blk->queues[queue]);
}

static void
blk_reset (Device *dev)
{
  VirtioBlk *blk = (VirtioBlk *)dev;
  for (unsigned i = 0; i < blk->num_queues; i++)
    blk_queue_drop_stopped (&blk->queues[i]);
  blk->writeback = blk->write_cache;
  choose_cache (blk, 0);
}

static const VirtioClass blk_virtio = {
  .id = 2,
  .name = "virtio-blk",
  .pci_class = PCI_CLASS_STORAGE_SCSI,
  .config_size = offsetof (struct virtio_blk_config, unused1) + 3,
  .features = blk_features,
  .set_features = blk_set_features,
  .config_read = blk_config_read,
  .config_written = blk_config_written,
  .running = blk_running,
  .queue_reset = blk_queue_reset,
};

/* ---- Life ---- */

static void
blk_init (Device *dev)
{
  virtio_init ((VirtioDevice *)dev, &blk_virtio);
}

static bool
check_props (VirtioBlk *blk, GError **error)
{
  Device *dev = &blk->vdev.dev;
  StorageSizes sizes;
  if (blk->num_queues == 0)
    blk->num_queues = CLAMP (virtio_blk_default_queues, 1, VIRTIO_MAX_QUEUES);
  if (blk->num_queues > VIRTIO_MAX_QUEUES)
    return storage_bad_prop (dev, "num-queues", "from 1 to 64, or 0 for one per CPU", error);
  if (blk->queue_size < 4 || blk->queue_size > VIRTIO_QUEUE_MAX ||
      (blk->queue_size & (blk->queue_size - 1)) != 0)
    return storage_bad_prop (dev, "queue-size", "a power of two from 4 to 1024", error);
  if (!storage_sizes (dev, blk->logical_block, blk->physical_block, blk->min_io, blk->opt_io, &sizes, error))
    return false;
  blk->logical_block_size = sizes.logical;
  blk->physical_block_size = sizes.physical;
  blk->min_io_size = sizes.min_io;
  blk->opt_io_size = sizes.opt_io;
  return true;
}

static void
close_all (VirtioBlk *blk)
{
  for (unsigned i = 0; i < blk->num_queues; i++)
    blk_queue_close (&blk->queues[i]);
  g_clear_pointer (&blk->queues, g_free);
  blk->block = NULL;
  drive_detach (blk->drive);
  blk->drive = NULL;
}

/* Copying from the page cache is the thread's work, so several queues have several threads. */
static bool
open_queues (VirtioBlk *blk, GError **error)
{
  const bool own_threads =
      blk->num_queues > 1 && (blk->vdev.iothread == NULL || blk->vdev.iothread[0] == '\0');
  blk->queues = g_new0 (BlkQueue, blk->num_queues);
  for (unsigned i = 0; i < blk->num_queues; i++) {
    BlkQueue *queue = &blk->queues[i];
    queue->blk = blk;
    VirtQueue *vq = virtio_add_queue (&blk->vdev, blk->queue_size, blk_handle);
    if (own_threads) {
      IoThread *thread = iothread_new (NULL);
      virtqueue_set_iothread (vq, thread);
      iothread_unref (thread);
    }
    if (!blk_queue_open (queue, vq, error))
      return false;
  }
  return true;
}

static bool
blk_realize (Device *dev, GError **error)
{
  VirtioBlk *blk = (VirtioBlk *)dev;
  if (!check_props (blk, error))
    return false;
  blk->drive = storage_attach_drive (dev, blk->drive_name, error);
  if (blk->drive == NULL)
    return false;
  blk->block = drive_block (blk->drive);
  const char *serial = blk->serial_text != NULL ? blk->serial_text : drive_serial (blk->drive);
  if (serial != NULL)
    memcpy (blk->serial, serial, strnlen (serial, sizeof blk->serial));
  blk->writeback = blk->write_cache;
  choose_cache (blk, 0);
  if (open_queues (blk, error))
    return true;
  close_all (blk);
  return false;
}

static void
blk_unrealize (Device *dev)
{
  virtio_stop ((VirtioDevice *)dev);
  close_all ((VirtioBlk *)dev);
}

/* ---- Saved state ---- */

#define STOPPED_TYPE "a(u" VIRTQ_ELEMENT_TYPE ")"

static void
blk_save (Device *dev, GVariantBuilder *state)
{
  VirtioBlk *blk = (VirtioBlk *)dev;
  GVariantBuilder stopped;
  g_variant_builder_init (&stopped, G_VARIANT_TYPE (STOPPED_TYPE));
  for (unsigned i = 0; i < blk->num_queues; i++)
    for (BlkRequest *r = blk->queues[i].stopped; r != NULL; r = r->next)
      g_variant_builder_add (&stopped, "(u@" VIRTQ_ELEMENT_TYPE ")", i, virtqueue_element_save (&r->element));
  g_variant_builder_add (state, "{sv}", "stopped", g_variant_builder_end (&stopped));
}

static bool
load_stopped (VirtioBlk *blk, GVariant *state)
{
  uint32_t index;
  g_autoptr (GVariant) element = NULL;
  g_variant_get (state, "(u@" VIRTQ_ELEMENT_TYPE ")", &index, &element);
  if (index >= blk->num_queues)
    return false;
  BlkQueue *queue = &blk->queues[index];
  BlkRequest *r = virtqueue_element_load (queue->q.vq, element, sizeof *r);
  if (r == NULL)
    return false;
  blk_queue_stop_request (queue, r);
  return true;
}

static bool
blk_load (Device *dev, GVariant *state, GError **error)
{
  VirtioBlk *blk = (VirtioBlk *)dev;
  g_autoptr (GVariant) stopped = g_variant_lookup_value (state, "stopped", G_VARIANT_TYPE (STOPPED_TYPE));
  bool ok = stopped != NULL;
  for (gsize i = 0; ok && i < g_variant_n_children (stopped); i++) {
    g_autoptr (GVariant) one = g_variant_get_child_value (stopped, i);
    ok = load_stopped (blk, one);
  }
  if (!ok) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the saved requests on the disk cannot be; the file is damaged", dev->path);
    return false;
  }
  choose_cache (blk, blk->vdev.features);
  return true;
}

#define AT(member) offsetof (VirtioBlk, member)
static const DeviceProp blk_props[] = {
  { "drive", DEVICE_PROP_BACKEND, AT (drive_name), .help = "id of the -drive or node name of the -blockdev" },
  { "serial", DEVICE_PROP_STRING, AT (serial_text),
    .help = "serial number, 20 characters (default: the drive's)" },
  { "num-queues", DEVICE_PROP_UINT32, AT (num_queues), .max = VIRTIO_MAX_QUEUES, .help = "0: one per CPU" },
  { "queue-size", DEVICE_PROP_UINT32, AT (queue_size), .initial = 256, .max = VIRTIO_QUEUE_MAX,
    .help = "places in each ring, a power of two" },
  { "logical_block_size", DEVICE_PROP_SIZE, AT (logical_block), .initial = 512,
    .help = "smallest unit of access" },
  { "physical_block_size", DEVICE_PROP_SIZE, AT (physical_block), .help = "unit of efficient access" },
  { "min_io_size", DEVICE_PROP_SIZE, AT (min_io), .help = "smallest efficient request" },
  { "opt_io_size", DEVICE_PROP_SIZE, AT (opt_io), .help = "best size of requests" },
  { "write-cache", DEVICE_PROP_BOOL, AT (write_cache), .initial = true, .help = "writes wait for a flush" },
  { "discard", DEVICE_PROP_BOOL, AT (discard), .initial = true, .help = "offer discards" },
  { "write-zeroes", DEVICE_PROP_BOOL, AT (write_zeroes), .initial = true,
    .help = "offer writing zeroes without data" },
  { "bootindex", DEVICE_PROP_UINT32, AT (bootindex), .initial = UINT32_MAX,
    .help = "place in the boot order" },
  { NULL },
};

static const DeviceSave blk_saved[] = {
  { "writeback", DEVICE_SAVE_U8, AT (writeback), .max = 1 },
  { NULL },
};

static const DeviceClass blk_class = {
  .name = "virtio-blk-device",
  .bus = "virtio-bus",
  .category = "Storage devices",
  .help = "virtio block device",
  .size = sizeof (VirtioBlk),
  .base = &virtio_device_class,
  .props = blk_props,
  .saved = blk_saved,
  .init = blk_init,
  .realize = blk_realize,
  .unrealize = blk_unrealize,
  .reset = blk_reset,
  .save = blk_save,
  .load = blk_load,
  .user_creatable = true,
};

void
virtio_blk_register (void)
{
  virtio_register (&blk_class, &blk_virtio);
}
