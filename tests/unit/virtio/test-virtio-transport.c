/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Registers, the initialisation protocol, resets, properties and saved state, over both transports. */

#include "guest.h"

#include <linux/virtio_mmio.h>
#include <linux/virtio_pci.h>
#include <string.h>

#define VERSION_1 (UINT64_C (1) << VIRTIO_F_VERSION_1)

static void
test_features (gconstpointer data)
{
  Guest guest;
  guest_open (&guest, GPOINTER_TO_UINT (data), NULL);
  g_assert_cmphex (guest_features (&guest), ==,
                   5 | VERSION_1 | UINT64_C (1) << VIRTIO_F_RING_RESET | 1 << VIRTIO_F_INDIRECT_DESC |
                       1 << VIRTIO_F_EVENT_IDX);
  /* Not offered, not complete, not liked by the device. */
  static const uint64_t refused[] = { VERSION_1 | 2, VERSION_1 | UINT64_C (1) << VIRTIO_F_RING_PACKED, 5, 0,
                                      UINT64_MAX };
  for (unsigned i = 0; i < G_N_ELEMENTS (refused); i++) {
    guest_set_status (&guest, 0);
    guest_set_status (&guest, 3);
    guest_set_features (&guest, refused[i]);
    guest_set_status (&guest, 11);
    g_assert_cmphex (guest_status (&guest), ==, 3);
    guest_set_status (&guest, 15); /* still none, so no DRIVER_OK */
    g_assert_cmphex (guest_status (&guest), ==, 3);
  }
  guest_set_features (&guest, VERSION_1 | 4); /* the driver may try again */
  guest_set_status (&guest, 11);
  g_assert_cmphex (guest_status (&guest), ==, 11);
  guest_set_features (&guest, VERSION_1 | 1); /* too late */
  g_assert_true (virtio_has (&guest.echo->vdev, 2));
  guest_set_status (&guest, 15);
  g_assert_cmphex (guest.echo->vdev.features, ==, VERSION_1 | 4);
  g_assert_true (guest.echo->run_state);
  guest_set_status (&guest, 4); /* bits do not go away one by one */
  g_assert_cmphex (guest_status (&guest), ==, 15);
  guest_set_status (&guest, 128);
  g_assert_cmphex (guest_status (&guest), ==, 15 | 128);
  guest_set_status (&guest, 0);
  g_assert_false (guest.echo->run_state);
  guest.echo->refuse = true;
  guest_set_status (&guest, 3);
  guest_set_features (&guest, VERSION_1);
  guest_set_status (&guest, 11);
  g_assert_cmphex (guest_status (&guest), ==, 3);
  guest_close (&guest);
}

static void
test_config (gconstpointer data)
{
  Guest guest;
  guest_open (&guest, GPOINTER_TO_UINT (data), "answer=77");
  g_assert_cmpuint (guest_config (&guest, 0, 4), ==, 77);
  g_assert_cmpuint (guest_config (&guest, 0, 1), ==, 77);
  guest_set_config (&guest, 0, 4, 5);
  g_assert_cmpuint (guest_config (&guest, 0, 4), ==, 77);
  guest_set_config (&guest, 4, 4, 0x11223344);
  guest_set_config (&guest, 6, 1, 0xaa);
  g_assert_cmphex (guest_config (&guest, 4, 4), ==, 0x11aa3344);
  guest_config (&guest, 8, 4); /* half outside */
  guest_set_config (&guest, 8, 4, 1);
  guest_config (&guest, 100, 4);
  guest_set_config (&guest, 100, 4, 1);
  /* Changes are told once the driver is there. */
  virtio_config_changed (&guest.echo->vdev);
  guest_begin (&guest, guest_form (0));
  guest_interrupts (&guest);
  g_assert_cmpuint (guest.config_interrupts, ==, 0);
  guest_driver_ok (&guest);
  const uint32_t generation = guest.echo->vdev.config_generation;
  virtio_config_changed (&guest.echo->vdev);
  guest_interrupts (&guest);
  g_assert_cmpuint (guest.config_interrupts, ==, 1);
  g_assert_cmpuint (guest.echo->vdev.config_generation, !=, generation);
  g_assert_false (guest.level);
  guest_close (&guest);
}

static void
test_queues (gconstpointer data)
{
  Guest guest;
  guest_open (&guest, GPOINTER_TO_UINT (data), NULL);
  g_assert_cmpuint (guest_queue_max (&guest, 0), ==, 256);
  g_assert_cmpuint (guest_queue_max (&guest, 1), ==, 1024);
  g_assert_cmpuint (guest_queue_max (&guest, 3), ==, 0);
  g_assert_cmpuint (guest_queue_max (&guest, 0xffff), ==, 0);
  guest_set_queue (&guest, 0, 16, GUEST_RAM, GUEST_RAM, GUEST_RAM); /* before FEATURES_OK: refused */
  g_assert_false (guest_queue_enabled (&guest, 0));
  guest_begin (&guest, guest_form (0));
  guest_set_queue (&guest, 3, 16, GUEST_RAM, GUEST_RAM, GUEST_RAM);
  g_assert_false (guest_queue_enabled (&guest, 3));
  guest_set_queue (&guest, 0, 16, GUEST_RAM, GUEST_RAM + 0x1000, GUEST_RAM + 0x2000);
  g_assert_true (guest_queue_enabled (&guest, 0));
  guest_set_queue (&guest, 0, 32, GUEST_RAM + 0x4000, GUEST_RAM + 0x1000,
                   GUEST_RAM + 0x2000); /* enabled: ignored */
  guest_driver_ok (&guest);
  g_assert_cmphex (guest_status (&guest), ==, 15);
  guest_notify (&guest, 9);
  guest_reset_queue (&guest, 0);
  g_assert_false (guest_queue_enabled (&guest, 0));
  g_assert_cmpuint (guest.echo->queue_resets, ==, 1);
  guest_reset_queue (&guest, 9);
  guest_set_queue (&guest, 0, 32, GUEST_RAM + 0x4000, GUEST_RAM + 0x1000, GUEST_RAM + 0x2000);
  g_assert_true (guest_queue_enabled (&guest, 0));
  const unsigned resets = guest.echo->resets;
  guest_set_status (&guest, 0);
  g_assert_cmpuint (guest.echo->resets, ==, resets + 1);
  g_assert_false (guest_queue_enabled (&guest, 0));
  guest_close (&guest);
}

static void
test_mmio_registers (void)
{
  Guest guest;
  guest_open (&guest, TRANSPORT_MMIO, NULL);
  const uint64_t slot = virtio_mmio_region (guest.dev)->base;
  g_assert_cmphex (guest_read (&guest, slot, 4), ==, 0x74726976);
  g_assert_cmphex (guest_read (&guest, slot + VIRTIO_MMIO_VERSION, 4), ==, 2);
  g_assert_cmphex (guest_read (&guest, slot + VIRTIO_MMIO_DEVICE_ID, 4), ==, 63);
  guest_write (&guest, slot + VIRTIO_MMIO_SHM_SEL, 4, 3);
  g_assert_cmphex (guest_read (&guest, slot + VIRTIO_MMIO_SHM_LEN_LOW, 4), ==, 0xffffffff);
  g_assert_cmphex (guest_read (&guest, slot + VIRTIO_MMIO_SHM_LEN_HIGH, 4), ==, 0xffffffff);
  static const unsigned sizes[] = { 1, 2, 4, 8 };
  for (unsigned offset = 0; offset < 0x1000; offset++)
    for (unsigned i = 0; i < 4; i++)
      if (offset % sizes[i] == 0) {
        guest_read (&guest, slot + offset, sizes[i]);
        guest_write (&guest, slot + offset, sizes[i], 0x0101010101010101);
      }
  /* A slot without a device. */
  const IrqLine none = { 0 };
  Device *empty = virtio_mmio_new ("/virtio-mmio1", guest.map, &none);
  memory_region_map (guest.map, virtio_mmio_region (empty), slot + 0x1000);
  g_assert_cmphex (guest_read (&guest, slot + 0x1000, 4), ==, 0x74726976);
  g_assert_cmphex (guest_read (&guest, slot + 0x1000 + VIRTIO_MMIO_DEVICE_ID, 4), ==, 0);
  for (unsigned offset = 0; offset < 0x1000; offset += 4) {
    guest_read (&guest, slot + 0x1000 + offset, 4);
    guest_write (&guest, slot + 0x1000 + offset, 4, 1);
  }
  device_reset (empty);
  /* A slot takes one device. */
  g_autoptr (GError) error = NULL;
  g_assert_false (virtio_mmio_plug (guest.dev, device_new (&echo_class, "/second"), &error));
  g_assert_nonnull (error);
  memory_region_unmap (virtio_mmio_region (empty));
  device_free (empty);
  guest_close (&guest);
}

static uint64_t
cfg_access (Guest *guest, uint64_t config, unsigned offset, unsigned size, bool write, uint32_t value)
{
  const uint64_t cap = config + guest->cfg_cap;
  guest_write (guest, cap + VIRTIO_PCI_CAP_BAR, 1, 4);
  guest_write (guest, cap + VIRTIO_PCI_CAP_OFFSET, 4, offset);
  guest_write (guest, cap + VIRTIO_PCI_CAP_LENGTH, 4, size);
  if (!write)
    return guest_read (guest, cap + sizeof (struct virtio_pci_cap), size == 8 || size == 0 ? 4 : size);
  guest_write (guest, cap + sizeof (struct virtio_pci_cap), size, value);
  return 0;
}

static void
test_pci_registers (void)
{
  Guest guest;
  guest_open (&guest, TRANSPORT_PCI, NULL);
  const uint64_t config = guest.host->ecam.base + (((PciDevice *)guest.dev)->devfn << 12);
  g_assert_cmphex (guest_read (&guest, config, 4), ==, 0x107f1af4);
  g_assert_cmphex (guest_read (&guest, config + 8, 4), ==, 0xff000001);
  g_assert_cmphex (guest_read (&guest, config + guest.msix_cap + 2, 2) & 0x7ff, ==,
                   3); /* one per queue and one */
  const uint64_t common = guest.common;
  g_assert_cmpuint (guest_read (&guest, common + VIRTIO_PCI_COMMON_NUMQ, 2), ==, 3);
  g_assert_cmphex (guest_read (&guest, common + VIRTIO_PCI_COMMON_MSIX, 2), ==, 0xffff);
  guest_write (&guest, common + VIRTIO_PCI_COMMON_MSIX, 2, 3);
  g_assert_cmphex (guest_read (&guest, common + VIRTIO_PCI_COMMON_MSIX, 2), ==, 3);
  guest_write (&guest, common + VIRTIO_PCI_COMMON_MSIX, 2, 4); /* not there */
  g_assert_cmphex (guest_read (&guest, common + VIRTIO_PCI_COMMON_MSIX, 2), ==, 0xffff);
  guest_write (&guest, common + VIRTIO_PCI_COMMON_Q_SELECT, 2, 2);
  guest_write (&guest, common + VIRTIO_PCI_COMMON_Q_MSIX, 2, 1);
  g_assert_cmphex (guest_read (&guest, common + VIRTIO_PCI_COMMON_Q_MSIX, 2), ==, 1);
  g_assert_cmpuint (guest_read (&guest, common + VIRTIO_PCI_COMMON_Q_NOFF, 2), ==, 2);
  guest_write (&guest, common + VIRTIO_PCI_COMMON_Q_DESCLO, 8, UINT64_C (0x123456789abcdef0));
  g_assert_cmphex (guest_read (&guest, common + VIRTIO_PCI_COMMON_Q_DESCLO, 8), ==,
                   UINT64_C (0x123456789abcdef0));
  /* The window in configuration space. */
  g_assert_cmphex (cfg_access (&guest, config, VIRTIO_PCI_COMMON_NUMQ, 2, false, 0), ==, 3);
  cfg_access (&guest, config, VIRTIO_PCI_COMMON_STATUS, 1, true, 3);
  g_assert_cmphex (guest_status (&guest), ==, 3);
  cfg_access (&guest, config, VIRTIO_PCI_COMMON_STATUS, 1, true, 0);
  g_assert_cmphex (guest_status (&guest), ==, 0);
  g_assert_cmphex (guest_read (&guest, common + VIRTIO_PCI_COMMON_Q_SELECT, 2), ==, 0);
  cfg_access (&guest, config, 0xffffffff, 4, false, 0);
  cfg_access (&guest, config, 3, 4, true, 1);
  cfg_access (&guest, config, 0x4000, 4, true, 1);
  cfg_access (&guest, config, 0, 8, false, 0);
  cfg_access (&guest, config, 0, 0, false, 0);
  static const unsigned sizes[] = { 1, 2, 4, 8 };
  for (unsigned offset = 0; offset < 0x4000; offset += offset < 0x80 ? 1 : 64)
    for (unsigned i = 0; i < 4; i++)
      if (offset % sizes[i] == 0) {
        guest_read (&guest, common + offset, sizes[i]);
        guest_write (&guest, common + offset, sizes[i], 0x0101010101010101);
      }
  guest_close (&guest);
}

/* Without bus mastering nothing moves; with it, what was missed is caught up on. */
static void
test_bus_master (void)
{
  Guest guest;
  Ring ring;
  guest_open (&guest, TRANSPORT_PCI_INTX, NULL);
  const uint64_t config = guest.host->ecam.base + (((PciDevice *)guest.dev)->devfn << 12);
  guest_begin (&guest, guest_form (0));
  ring_open (&ring, &guest, 0, 16, guest_form (0));
  guest_driver_ok (&guest);
  guest_write (&guest, config + 4, 2, 2);
  const Segment segment = { GUEST_RAM + 0x100000, 64 };
  ring_add (&ring, &segment, 1, 0, &ring);
  ring_kick (&ring);
  g_usleep (20000);
  g_assert_cmpuint (guest.echo->handled, ==, 0);
  guest_write (&guest, config + 4, 2, 6);
  uint32_t written;
  g_assert_true (ring_await (&ring, &written) == &ring);
  ring_close (&ring);
  guest_close (&guest);
}

/* The memory map changes under the rings: they move to the other block of RAM. */
static void
test_map_change (void)
{
  Guest guest;
  Ring ring;
  g_autoptr (GError) error = NULL;
  uint32_t written;
  guest_open (&guest, TRANSPORT_MMIO, NULL);
  guest_begin (&guest, guest_form (0));
  ring_open (&ring, &guest, 0, 16, guest_form (0));
  guest_driver_ok (&guest);
  const Segment segment = { GUEST_RAM + 0x100000, 64 };
  ring_add (&ring, &segment, 1, 0, &ring);
  ring_kick (&ring);
  g_assert_true (ring_await (&ring, &written) == &ring);
  RamBlock *old = guest.ram;
  RamBlock *copy = ram_block_new ("copy", GUEST_SIZE, &error);
  memcpy (copy->host, old->host, 0x200000);
  MemoryRegion region = {
    .name = "copy", .kind = MEMORY_RAM, .size = GUEST_SIZE, .ram = copy, .priority = 1
  };
  memory_region_map (guest.map, &region, GUEST_RAM);
  guest.ram = copy;
  ring_add (&ring, &segment, 1, 0, &ring);
  ring_kick (&ring);
  g_assert_true (ring_await (&ring, &written) == &ring);
  g_assert_cmpint (memcmp (copy->host, old->host, 0x2000), !=, 0);
  memory_region_unmap (&region);
  guest.ram = old;
  ring_close (&ring);
  guest_close (&guest);
  ram_block_free (copy);
}

static void
test_save (gconstpointer data)
{
  for (unsigned n = 0; n < FORM_COUNT; n++) {
    const RingForm form = guest_form (n);
    Guest guest;
    Ring ring, kept;
    g_autoptr (GError) error = NULL;
    uint32_t written;
    guest_open (&guest, GPOINTER_TO_UINT (data), "packed=on");
    g_assert_true (guest_begin (&guest, form));
    ring_open (&ring, &guest, 0, 8, form);
    ring_open (&kept, &guest, 1, 8, form);
    guest_driver_ok (&guest);
    guest_set_config (&guest, 4, 4, 0x5555aaaa);
    const uint64_t arena = guest_alloc (&guest, 4096, 16);
    const Segment segments[] = { { arena, 64 }, { arena + 64, 128 }, { arena + 1024, 5 } };
    for (unsigned i = 0; i < 11; i++) {
      ring_add (&ring, segments, 1, 2, &ring);
      ring_kick (&ring);
      g_assert_true (ring_await (&ring, &written) == &ring);
    }
    ring_add (&kept, segments, 1, 1, &kept);
    ring_add (&kept, segments + 1, 0, 1, &ring);
    ring_kick (&kept);
    for (unsigned i = 0; i < 5000; i++) {
      g_rec_mutex_lock (&guest.echo->vdev.dev.lock);
      const bool both = guest.echo->kept->len == 2;
      g_rec_mutex_unlock (&guest.echo->vdev.dev.lock);
      if (both)
        break;
      g_usleep (1000);
    }
    device_quiesce (guest.dev);
    g_assert_false (guest.echo->run_state);
    g_autoptr (GVariant) state = device_save (guest.dev);
    device_reset (guest.dev);
    g_assert_cmphex (guest.echo->vdev.status, ==, 0);
    device_load (guest.dev, state, &error);
    g_assert_no_error (error);
    g_autoptr (GVariant) again = device_save (guest.dev);
    g_assert_true (g_variant_equal (state, again));
    g_assert_false (guest.echo->run_state);
    device_resume (guest.dev);
    g_assert_true (guest.echo->run_state);
    g_assert_cmphex (guest_status (&guest), ==, 15);
    g_assert_cmphex (guest_config (&guest, 4, 4), ==, 0x5555aaaa);
    for (unsigned i = 0; i < 11; i++) {
      ring_add (&ring, segments, 1, 2, &ring);
      ring_kick (&ring);
      g_assert_true (ring_await (&ring, &written) == &ring);
      g_assert_cmpuint (written, ==, 64);
    }
    echo_release (guest.echo);
    g_assert_true (ring_await (&kept, &written) == &kept);
    g_assert_cmpuint (written, ==, 1);
    g_assert_true (ring_await (&kept, &written) == &ring);
    g_assert_cmphex (*guest_host (&guest, arena + 64), ==, 0x77);
    ring_close (&ring);
    ring_close (&kept);
    guest_close (&guest);
  }
}

/* The dictionary with one entry replaced; NULL: left out. */
static GVariant *
with_entry (GVariant *state, const char *name, GVariant *value)
{
  g_autoptr (GVariantDict) dict = g_variant_dict_new (state);
  if (value != NULL)
    g_variant_dict_insert_value (dict, name, value);
  else
    g_variant_dict_remove (dict, name);
  return g_variant_ref_sink (g_variant_dict_end (dict));
}

static void
test_bad_state (void)
{
  Guest guest;
  guest_open (&guest, TRANSPORT_MMIO, NULL);
  Device *dev = &guest.echo->vdev.dev;
  g_autoptr (GVariant) state = device_save (dev);
  static const char *const names[] = { "virtio", "virtio-config", "virtio-queues" };
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    for (unsigned odd = 0; odd < 2; odd++) {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) bad = with_entry (state, names[i], odd ? g_variant_new_string ("x") : NULL);
      g_assert_false (device_load (dev, bad, &error));
      g_assert_nonnull (error);
    }
  static const char *const queues[] = {
    "[(true, 3, (0,0,0), (0,0,0), (false,true,true), false)]",
    "[(true, 3, (0,0,0), (0,0,0), (false,true,true), false), (false, 0, (0,0,0), (0,0,0), (false,true,true), "
    "false),"
    " (false, 0, (0,0,0), (0,0,0), (false,true,true), false)]",
    "[(true, 8, (1,0,0), (0,0,0), (false,true,true), false), (false, 0, (0,0,0), (0,0,0), (false,true,true), "
    "false),"
    " (false, 0, (0,0,0), (0,0,0), (false,true,true), false)]",
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (queues); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) value =
        g_variant_parse (G_VARIANT_TYPE ("a(bu(ttt)(qqq)(bbb)b)"), queues[i], NULL, NULL, &error);
    g_assert_no_error (error);
    g_autoptr (GVariant) bad = with_entry (state, "virtio-queues", value);
    g_assert_false (device_load (dev, bad, &error));
    g_assert_nonnull (error);
  }
  static const char *const elements[] = { "(8, 1, [])", "(0, 0, [])", "(0, 9, [])",
                                          "(0, 1, [(0x1000, 16, false)])",
                                          "(0, 1, [(0x80000000, 16, true), (0x80000000, 16, false)])" };
  guest_begin (&guest, guest_form (0));
  guest_set_queue (&guest, 1, 8, GUEST_RAM, GUEST_RAM, GUEST_RAM);
  for (unsigned i = 0; i < G_N_ELEMENTS (elements); i++) {
    g_autoptr (GVariant) value =
        g_variant_parse (G_VARIANT_TYPE (VIRTQ_ELEMENT_TYPE), elements[i], NULL, NULL, NULL);
    g_assert_nonnull (value);
    g_assert_null (virtqueue_element_load (guest.echo->keep, value, sizeof (VirtqElement)));
  }
  guest_close (&guest);
}

static void
test_iothread (void)
{
  Guest guest;
  Ring ring;
  IoThread *thread = iothread_new ("io0");
  g_assert_nonnull (thread);
  g_assert_null (iothread_new ("io0"));
  g_assert_true (iothread_find ("io0") == thread);
  guest_open (&guest, TRANSPORT_PCI, "iothread=io0,event_idx=off,vectors=2");
  g_assert_true (virtqueue_iothread (guest.echo->echo) == thread);
  IoThread *other = iothread_new (NULL);
  const RingForm form = { false, false, true };
  for (unsigned i = 0; i < 4; i++) {
    guest_begin (&guest, form);
    virtqueue_set_iothread (guest.echo->echo, i & 1 ? NULL : other);
    ring_open (&ring, &guest, 0, 16, form);
    guest_driver_ok (&guest);
    const Segment segment = { GUEST_RAM + 0x100000, 64 };
    uint32_t written;
    ring_add (&ring, &segment, 1, 0, &ring);
    ring_kick (&ring);
    g_assert_true (ring_await (&ring, &written) == &ring);
    guest_set_status (&guest, 0);
    ring_close (&ring);
  }
  iothread_unref (other);
  guest_close (&guest);
  iothread_unref (thread);
  g_assert_null (iothread_find ("io0"));
}

static void
test_errors (void)
{
  Guest guest;
  guest_open (&guest, TRANSPORT_PCI, NULL);
  static const struct {
    const char *prop, *value;
  } bad[] = {
    { "iothread", "nobody" }, { "disable-legacy", "off" }, { "disable-modern", "on" },
    { "vectors", "3000" },    { "romfile", "pxe.rom" },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    Device *dev = device_new (device_class_find ("virtio-echo-pci"), "/bad");
    ((PciDevice *)dev)->bus = guest.bus;
    g_assert_true (device_set (dev, bad[i].prop, bad[i].value, NULL));
    g_assert_false (device_realize (dev, &error));
    g_assert_nonnull (error);
    device_free (dev);
    g_assert_null (pci_bus_device (guest.bus, 2 << 3));
  }
  g_autoptr (GError) error = NULL;
  Device *nowhere = device_new (&echo_class, "/nowhere");
  g_assert_false (device_realize (nowhere, &error));
  g_assert_nonnull (error);
  device_free (nowhere);
  g_clear_error (&error);
  Device *no_bus = device_new (device_class_find ("virtio-echo-pci"), "/no-bus");
  g_assert_false (device_realize (no_bus, &error));
  g_assert_nonnull (error);
  device_free (no_bus);
  /* The wrapper has the properties of both, with the device's defaults. */
  Device *wrapper = device_new (device_class_find ("virtio-echo-pci"), "/wrapper");
  g_autofree char *answer = device_get (wrapper, "answer"), *event_idx = device_get (wrapper, "event_idx");
  g_assert_cmpstr (answer, ==, "42");
  g_assert_cmpstr (event_idx, ==, "on");
  g_assert_false (device_set (wrapper, "answer", "1001", NULL));
  g_assert_true (device_set (wrapper, "addr", "1e", NULL));
  device_free (wrapper);
  guest_close (&guest);
}

static gpointer
poke (gpointer data)
{
  Guest *guest = data;
  for (unsigned i = 0; i < 20000; i++) {
    memory_write (guest->map, guest->notify, 2, 0);
    memory_write (guest->map, guest->common + VIRTIO_PCI_COMMON_STATUS, 1, i & 15);
  }
  return NULL;
}

/* Unplugged while a vCPU is at its registers. */
static void
test_unplug (void)
{
  for (unsigned i = 0; i < 10; i++) {
    Guest guest;
    guest_open (&guest, TRANSPORT_PCI, NULL);
    GThread *thread = g_thread_new ("vcpu", poke, &guest);
    g_usleep (500);
    device_free (guest.dev);
    g_thread_join (thread);
    uint64_t value;
    g_assert_cmpint (memory_read (guest.map, guest.common, 4, &value), ==, MEMORY_NOTHING);
    guest.dev = device_new (device_class_find ("virtio-echo-pci"), "/never");
    guest_close (&guest);
  }
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "mmio", "pci", "pci-intx" };
  static const struct {
    const char *name;
    GTestDataFunc test;
  } tests[] = {
    { "features", test_features }, { "config", test_config }, { "queues", test_queues }, { "save", test_save }
  };
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    for (unsigned t = 0; t < TRANSPORT_COUNT; t++) {
      g_autofree char *path = g_strdup_printf ("/virtio/transport/%s/%s", tests[i].name, names[t]);
      g_test_add_data_func (path, GUINT_TO_POINTER (t), tests[i].test);
    }
  g_test_add_func ("/virtio/transport/mmio-registers", test_mmio_registers);
  g_test_add_func ("/virtio/transport/pci-registers", test_pci_registers);
  g_test_add_func ("/virtio/transport/bus-master", test_bus_master);
  g_test_add_func ("/virtio/transport/map-change", test_map_change);
  g_test_add_func ("/virtio/transport/bad-state", test_bad_state);
  g_test_add_func ("/virtio/transport/iothread", test_iothread);
  g_test_add_func ("/virtio/transport/errors", test_errors);
  g_test_add_func ("/virtio/transport/unplug", test_unplug);
  return g_test_run ();
}
