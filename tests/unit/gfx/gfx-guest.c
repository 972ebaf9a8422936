/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gfx-guest.h"

#include "device-display.h"
#include "device-input.h"
#include "virtio-console.h"
#include <string.h>

#define SLOT UINT64_C (0x10001000)

static void
set_line (void *opaque, unsigned n, bool level)
{
  Guest *guest = opaque;
  g_mutex_lock (&guest->lock);
  guest->level = level;
  g_cond_broadcast (&guest->cond);
  g_mutex_unlock (&guest->lock);
}

static void
register_classes (void)
{
  static bool registered;
  if (registered)
    return;
  registered = true;
  device_display_register ();
  device_input_register ();
  virtio_console_register ();
}

static bool
set_props (Device *dev, const char *props, GError **error)
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
plug (Gfx *gfx, const char *class_name, const char *props, GError **error)
{
  Guest *guest = &gfx->guest;
  const IrqLine irq = { set_line, guest, 0 };
  register_classes ();
  guest->dev = virtio_mmio_new ("/virtio-mmio0", guest->map, &irq);
  memory_region_map (guest->map, virtio_mmio_region (guest->dev), SLOT);
  Device *dev = device_new (device_class_find (class_name), "/gfx");
  if (!set_props (dev, "packed=on", error) || !set_props (dev, props, error)) {
    device_free (dev);
    return false;
  }
  if (!virtio_mmio_plug (guest->dev, dev, error) || !device_realize (guest->dev, error))
    return false;
  gfx->dev = &virtio_device_of (guest->dev)->dev;
  return true;
}

void
gfx_open (Gfx *gfx, const char *class_name, const char *props)
{
  g_autoptr (GError) error = NULL;
  *gfx = (Gfx){ 0 };
  open_memory (&gfx->guest);
  gfx->out = guest_alloc (&gfx->guest, GFX_BUFFER, 16);
  gfx->in = guest_alloc (&gfx->guest, GFX_BUFFER, 16);
  plug (gfx, class_name, props, &error);
  g_assert_no_error (error);
  device_reset (gfx->guest.dev);
}

static void
unplug (Guest *guest)
{
  memory_region_unmap (virtio_mmio_region (guest->dev));
  device_free (guest->dev);
}

static void
close_rings (Gfx *gfx)
{
  for (unsigned i = 0; i < gfx->n_rings; i++)
    ring_close (&gfx->rings[i]);
  gfx->n_rings = 0;
}

static void
close_memory (Guest *guest)
{
  memory_map_free (guest->map);
  ram_block_free (guest->ram);
  g_mutex_clear (&guest->lock);
  g_cond_clear (&guest->cond);
}

void
gfx_close (Gfx *gfx)
{
  close_rings (gfx);
  unplug (&gfx->guest);
  close_memory (&gfx->guest);
}

char *
gfx_open_error (const char *class_name, const char *props)
{
  Gfx gfx = { 0 };
  g_autoptr (GError) error = NULL;
  open_memory (&gfx.guest);
  const bool ok = plug (&gfx, class_name, props, &error);
  g_assert_true (ok == (error == NULL));
  gfx_close (&gfx);
  return ok ? NULL : g_strdup (error->message);
}

void
gfx_start (Gfx *gfx, RingForm form, uint64_t features, unsigned n_rings)
{
  Guest *guest = &gfx->guest;
  close_rings (gfx);
  guest_set_status (guest, 0);
  guest_set_status (guest, 3);
  features |= UINT64_C (1) << VIRTIO_F_VERSION_1 | UINT64_C (1) << VIRTIO_F_RING_RESET |
              (uint64_t)form.packed << VIRTIO_F_RING_PACKED | (uint64_t)form.event_idx << VIRTIO_F_EVENT_IDX |
              (uint64_t)form.indirect << VIRTIO_F_INDIRECT_DESC;
  guest_set_features (guest, features);
  guest_set_status (guest, 11);
  g_assert_cmphex (guest_status (guest), ==, 11);
  gfx->form = form;
  gfx->n_rings = n_rings;
  for (unsigned i = 0; i < n_rings; i++)
    ring_open (&gfx->rings[i], guest, i, MIN (guest_queue_max (guest, i), 64), form);
  guest_driver_ok (guest);
}

uint32_t
gfx_request (Gfx *gfx, unsigned queue, const void *request, size_t size, void *answer, size_t answer_size)
{
  Guest *guest = &gfx->guest;
  uint32_t written = 0;
  g_assert_cmpuint (size, <=, GFX_BUFFER);
  if (size != 0)
    memcpy (guest_host (guest, gfx->out), request, size);
  memset (guest_host (guest, gfx->in), 0xee, answer_size);
  /* In two parts, as a driver whose buffer crosses pages would. */
  const uint32_t first = (uint32_t)(size > 10 ? 10 : size);
  Segment segments[3];
  unsigned n_out = 0, n_in = 0;
  if (first != 0)
    segments[n_out++] = (Segment){ gfx->out, first };
  if (size > first)
    segments[n_out++] = (Segment){ gfx->out + first, (uint32_t)size - first };
  if (answer_size != 0)
    segments[n_out + n_in++] = (Segment){ gfx->in, (uint32_t)answer_size };
  g_assert_true (ring_add (&gfx->rings[queue], segments, n_out, n_in, gfx));
  ring_kick (&gfx->rings[queue]);
  ring_await (&gfx->rings[queue], &written);
  if (answer_size != 0)
    memcpy (answer, guest_host (guest, gfx->in), answer_size);
  return written;
}

uint64_t
gfx_give (Gfx *gfx, unsigned queue, uint32_t size)
{
  const Segment segment = { guest_alloc (&gfx->guest, size, 8), size };
  g_assert_true (ring_add (&gfx->rings[queue], &segment, 0, 1, (void *)(uintptr_t)segment.addr));
  ring_kick (&gfx->rings[queue]);
  return segment.addr;
}

uint64_t
gfx_await (Gfx *gfx, unsigned queue, uint32_t *ret_written)
{
  return (uintptr_t)ring_await (&gfx->rings[queue], ret_written);
}

uint64_t
gfx_poll (Gfx *gfx, unsigned queue, uint32_t *ret_written)
{
  gfx_settle (gfx);
  return (uintptr_t)ring_get (&gfx->rings[queue], ret_written);
}

static void
nothing (void *opaque)
{
}

/* A handler that is to run again does so before what comes after it. */
void
gfx_settle (Gfx *gfx)
{
  VirtQueue *queue = ((VirtioDevice *)gfx->dev)->queues[0];
  for (unsigned i = 0; i < 4; i++)
    iothread_run_sync (virtqueue_iothread (queue), nothing, NULL);
}

void
gfx_move (Gfx *gfx, const char *class_name, const char *props, void (*add) (Gfx *gfx))
{
  g_autoptr (GError) error = NULL;
  device_quiesce (gfx->guest.dev);
  g_autoptr (GVariant) state = device_save (gfx->guest.dev);
  unplug (&gfx->guest);
  plug (gfx, class_name, props, &error);
  g_assert_no_error (error);
  if (add != NULL)
    add (gfx);
  device_reset (gfx->guest.dev);
  device_load (gfx->guest.dev, state, &error);
  g_assert_no_error (error);
  g_autoptr (GVariant) again = device_save (gfx->guest.dev);
  g_assert_cmpuint (g_variant_n_children (again), ==, g_variant_n_children (state));
  device_resume (gfx->guest.dev);
}
