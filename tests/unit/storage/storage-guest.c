/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "storage-guest.h"

#include <glib/gstdio.h>
#include <linux/virtio_mmio.h>
#include <string.h>
#include <unistd.h>

#define SLOT UINT64_C (0x10001000)

StorageFault storage_fault;

/* ---- Requests on images: linked in place of block_submit() ---- */

void __real_block_submit (BlockQueue *queue, BlockRequest *request);
void __wrap_block_submit (BlockQueue *queue, BlockRequest *request);

typedef struct {
  BlockQueue *queue;
  BlockRequest *request;
} Delayed;

static gboolean
submit_delayed (gpointer data)
{
  Delayed *delayed = data;
  __real_block_submit (delayed->queue, delayed->request);
  block_kick (delayed->queue);
  g_free (delayed);
  return G_SOURCE_REMOVE;
}

static bool
fails (const BlockRequest *request)
{
  if (__atomic_load_n (&storage_fault.count, __ATOMIC_SEQ_CST) == 0 || request->op != storage_fault.op)
    return false;
  __atomic_fetch_sub (&storage_fault.count, 1, __ATOMIC_SEQ_CST);
  return true;
}

void
__wrap_block_submit (BlockQueue *queue, BlockRequest *request)
{
  __atomic_fetch_add (&storage_fault.seen, 1, __ATOMIC_SEQ_CST);
  if (request->op == BLOCK_WRITE || request->op == BLOCK_WRITE_ZEROES)
    __atomic_store_n (&storage_fault.flags, request->flags, __ATOMIC_SEQ_CST);
  const unsigned delay = __atomic_load_n (&storage_fault.delay, __ATOMIC_SEQ_CST);
  if (fails (request)) {
    request->done (request, storage_fault.error);
  } else if (delay != 0) {
    Delayed *delayed = g_new (Delayed, 1);
    *delayed = (Delayed){ queue, request };
    g_autoptr (GSource) source = g_timeout_source_new (delay);
    g_source_set_callback (source, submit_delayed, delayed, NULL);
    g_source_attach (source, g_main_context_get_thread_default ());
  } else {
    __real_block_submit (queue, request);
  }
}

static void
stop_machine (Drive *drive, bool write, int error)
{
  __atomic_fetch_add (&storage_fault.stops, 1, __ATOMIC_SEQ_CST);
}

/* ---- Drives ---- */

Drive *
storage_drive (const char *id, uint64_t size, const char *more)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  const int fd = g_file_open_tmp ("vitrine-storage-XXXXXX.img", &path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (ftruncate (fd, (off_t)size), ==, 0);
  close (fd);
  g_autofree char *options = g_strdup_printf ("file=%s,format=raw,if=none,id=%s%s", path, id, more);
  Drive *drive = drive_new (options, false, &error);
  g_assert_no_error (error);
  storage_fault = (StorageFault){ 0 };
  drive_stop_machine = stop_machine;
  return drive;
}

void
storage_drive_free (Drive *drive)
{
  g_autofree char *path = drive_block (drive) != NULL ? g_strdup (block_path (drive_block (drive))) : NULL;
  drive_free (drive);
  if (path != NULL)
    g_unlink (path);
}

/* ---- The guest ---- */

static void
set_line (void *opaque, unsigned n, bool level)
{
  Guest *guest = opaque;
  g_mutex_lock (&guest->lock);
  guest->level = level;
  g_cond_broadcast (&guest->cond);
  g_mutex_unlock (&guest->lock);
}

bool
storage_set_props (Device *dev, const char *props, GError **error)
{
  g_auto (GStrv) list = g_strsplit (props, ",", -1);
  for (unsigned i = 0; list[i] != NULL && list[i][0] != '\0'; i++) {
    char *value = strchr (list[i], '=');
    *value++ = '\0';
    if (!device_set (dev, list[i], value, error))
      return false;
  }
  return true;
}

static void
open_memory (Guest *guest)
{
  *guest = (Guest){ .transport = TRANSPORT_MMIO, .next_free = GUEST_RAM };
  g_mutex_init (&guest->lock);
  g_cond_init (&guest->cond);
  guest->map = memory_map_new (56);
  guest->ram = ram_block_new ("ram", GUEST_SIZE, NULL);
  g_assert_nonnull (guest->ram);
  guest->ram_region =
      (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = GUEST_SIZE, .ram = guest->ram };
  memory_region_map (guest->map, &guest->ram_region, GUEST_RAM);
}

static bool
plug (Guest *guest, const char *class_name, const char *props, GError **error)
{
  const IrqLine irq = { set_line, guest, 0 };
  open_memory (guest);
  guest->dev = virtio_mmio_new ("/virtio-mmio0", guest->map, &irq);
  memory_region_map (guest->map, virtio_mmio_region (guest->dev), SLOT);
  Device *dev = device_new (device_class_find (class_name), "/storage");
  if (!storage_set_props (dev, "packed=on", error) || !storage_set_props (dev, props, error)) {
    device_free (dev);
    return false;
  }
  return virtio_mmio_plug (guest->dev, dev, error) && device_realize (guest->dev, error);
}

void
storage_open (Guest *guest, const char *class_name, const char *props)
{
  g_autoptr (GError) error = NULL;
  plug (guest, class_name, props, &error);
  g_assert_no_error (error);
  guest->echo = (Echo *)virtio_device_of (guest->dev);
  device_reset (guest->dev);
}

void
storage_close (Guest *guest)
{
  memory_region_unmap (virtio_mmio_region (guest->dev));
  device_free (guest->dev);
  memory_map_free (guest->map);
  ram_block_free (guest->ram);
  g_mutex_clear (&guest->lock);
  g_cond_clear (&guest->cond);
}

char *
storage_open_error (const char *class_name, const char *props)
{
  Guest guest;
  g_autoptr (GError) error = NULL;
  const bool ok = plug (&guest, class_name, props, &error);
  g_assert_true (ok == (error == NULL));
  storage_close (&guest);
  return ok ? NULL : g_strdup (error->message);
}

bool
storage_begin (Guest *guest, RingForm form, uint64_t features)
{
  guest_set_status (guest, 0);
  guest_set_status (guest, 3);
  features |= UINT64_C (1) << VIRTIO_F_VERSION_1 | UINT64_C (1) << VIRTIO_F_RING_RESET |
              (uint64_t)form.packed << VIRTIO_F_RING_PACKED | (uint64_t)form.event_idx << VIRTIO_F_EVENT_IDX |
              (uint64_t)form.indirect << VIRTIO_F_INDIRECT_DESC;
  guest_set_features (guest, features);
  guest_set_status (guest, 11);
  return guest_status (guest) == 11;
}

uint64_t
storage_config64 (Guest *guest, unsigned offset)
{
  return guest_config (guest, offset, 4) | (uint64_t)guest_config (guest, offset + 4, 4) << 32;
}
