/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest.h"

#include <linux/pci_regs.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_pci.h>
#include <string.h>

#define ECAM     UINT64_C (0x30000000)
#define SLOT     UINT64_C (0x10001000)
#define DOORBELL UINT64_C (0x28000000)
#define BAR_MSIX UINT64_C (0x40000000)
#define BAR_REGS UINT64_C (0x400000000)
#define CONFIG   (ECAM + (1 << 15))

RingForm
guest_form (unsigned n)
{
  return (RingForm){ n & 1, n & 2, n & 4 };
}

uint64_t
guest_alloc (Guest *guest, uint64_t size, uint64_t align)
{
  const uint64_t addr = (guest->next_free + align - 1) & ~(align - 1);
  guest->next_free = addr + size;
  g_assert_cmpuint (guest->next_free, <=, GUEST_RAM + GUEST_SIZE);
  return addr;
}

uint8_t *
guest_host (Guest *guest, uint64_t addr)
{
  return guest->ram->host + (addr - GUEST_RAM);
}

uint64_t
guest_read (Guest *guest, uint64_t addr, unsigned size)
{
  uint64_t value = 0;
  g_assert_cmpint (memory_read (guest->map, addr, size, &value), ==, MEMORY_OK);
  return value;
}

void
guest_write (Guest *guest, uint64_t addr, unsigned size, uint64_t value)
{
  g_assert_cmpint (memory_write (guest->map, addr, size, value), ==, MEMORY_OK);
}

/* ---- Interrupts ---- */

static uint64_t
doorbell_read (void *opaque, uint64_t offset, unsigned size)
{
  return 0;
}

/* Data 0 is the configuration's vector. */
static void
doorbell_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  Guest *guest = opaque;
  g_mutex_lock (&guest->lock);
  ++*(value == 0 ? &guest->config_interrupts : &guest->interrupts);
  g_cond_broadcast (&guest->cond);
  g_mutex_unlock (&guest->lock);
}

static const MmioOps doorbell_ops = { .read = doorbell_read, .write = doorbell_write };

static void
set_line (void *opaque, unsigned n, bool level)
{
  Guest *guest = opaque;
  g_mutex_lock (&guest->lock);
  guest->level = level;
  g_cond_broadcast (&guest->cond);
  g_mutex_unlock (&guest->lock);
}

/* What a driver's interrupt routine does. */
static void
acknowledge (Guest *guest)
{
  uint32_t status;
  if (guest->transport == TRANSPORT_MMIO) {
    status = (uint32_t)guest_read (guest, SLOT + VIRTIO_MMIO_INTERRUPT_STATUS, 4);
    guest_write (guest, SLOT + VIRTIO_MMIO_INTERRUPT_ACK, 4, status);
  } else {
    status = (uint32_t)guest_read (guest, guest->isr, 1);
  }
  g_mutex_lock (&guest->lock);
  guest->interrupts += status & 1;
  guest->config_interrupts += status >> 1 & 1;
  g_mutex_unlock (&guest->lock);
}

unsigned
guest_interrupts (Guest *guest)
{
  g_mutex_lock (&guest->lock);
  const bool level = guest->level;
  g_mutex_unlock (&guest->lock);
  if (level)
    acknowledge (guest);
  g_mutex_lock (&guest->lock);
  const unsigned n = guest->interrupts;
  g_mutex_unlock (&guest->lock);
  return n;
}

unsigned
guest_wait (Guest *guest, unsigned seen)
{
  const gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  for (;;) {
    const unsigned n = guest_interrupts (guest);
    if (n != seen)
      return n;
    g_mutex_lock (&guest->lock);
    if (!guest->level && guest->interrupts == seen && !g_cond_wait_until (&guest->cond, &guest->lock, end))
      g_error ("no interrupt came");
    g_mutex_unlock (&guest->lock);
  }
}

/* ---- The machine ---- */

static void
set_props (Device *dev, const char *props)
{
  g_auto (GStrv) list = g_strsplit (props != NULL ? props : "", ",", -1);
  g_autoptr (GError) error = NULL;
  for (unsigned i = 0; list[i] != NULL && list[i][0] != '\0'; i++) {
    char *value = strchr (list[i], '=');
    *value++ = '\0';
    device_set (dev, list[i], value, &error);
    g_assert_no_error (error);
  }
}

static void
open_mmio (Guest *guest, const char *props)
{
  g_autoptr (GError) error = NULL;
  const IrqLine irq = { set_line, guest, 0 };
  guest->dev = virtio_mmio_new ("/virtio-mmio0", guest->map, &irq);
  memory_region_map (guest->map, virtio_mmio_region (guest->dev), SLOT);
  Device *dev = device_new (device_class_find ("virtio-echo-device"), "/echo");
  set_props (dev, props);
  virtio_mmio_plug (guest->dev, dev, &error);
  g_assert_no_error (error);
}

static void
read_capabilities (Guest *guest)
{
  static const unsigned guest_member[] = {
    [VIRTIO_PCI_CAP_COMMON_CFG] = offsetof (Guest, common),
    [VIRTIO_PCI_CAP_NOTIFY_CFG] = offsetof (Guest, notify),
    [VIRTIO_PCI_CAP_ISR_CFG] = offsetof (Guest, isr),
    [VIRTIO_PCI_CAP_DEVICE_CFG] = offsetof (Guest, config),
  };
  for (uint64_t at = guest_read (guest, CONFIG + PCI_CAPABILITY_LIST, 1); at != 0;
       at = guest_read (guest, CONFIG + at + 1, 1)) {
    const unsigned id = (unsigned)guest_read (guest, CONFIG + at, 1);
    if (id == PCI_CAP_ID_MSIX)
      guest->msix_cap = (unsigned)at;
    if (id != PCI_CAP_ID_VNDR)
      continue;
    const unsigned type = (unsigned)guest_read (guest, CONFIG + at + VIRTIO_PCI_CAP_CFG_TYPE, 1);
    if (type == VIRTIO_PCI_CAP_PCI_CFG) {
      guest->cfg_cap = (unsigned)at;
      continue;
    }
    g_assert_cmpuint (guest_read (guest, CONFIG + at + VIRTIO_PCI_CAP_BAR, 1), ==, 4);
    *(uint64_t *)((uint8_t *)guest + guest_member[type]) =
        BAR_REGS + guest_read (guest, CONFIG + at + VIRTIO_PCI_CAP_OFFSET, 4);
  }
  g_assert_true (guest->common && guest->notify && guest->isr && guest->config);
}

static void
set_up_function (Guest *guest)
{
  guest_write (guest, CONFIG + PCI_BASE_ADDRESS_1, 4, BAR_MSIX);
  guest_write (guest, CONFIG + PCI_BASE_ADDRESS_4, 4, (uint32_t)BAR_REGS);
  guest_write (guest, CONFIG + PCI_BASE_ADDRESS_5, 4, BAR_REGS >> 32);
  guest_write (guest, CONFIG + PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  read_capabilities (guest);
  if (guest->msix_cap == 0)
    return;
  const unsigned last = (unsigned)guest_read (guest, CONFIG + guest->msix_cap + PCI_MSIX_FLAGS, 2);
  guest_write (guest, CONFIG + guest->msix_cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
  for (unsigned n = 0; n <= last; n++) {
    guest_write (guest, BAR_MSIX + 16 * n, 8, DOORBELL);
    guest_write (guest, BAR_MSIX + 16 * n + 8, 4, n);
    guest_write (guest, BAR_MSIX + 16 * n + 12, 4, 0);
  }
}

static void
open_pci (Guest *guest, const char *props)
{
  g_autoptr (GError) error = NULL;
  PciBusConfig config = { .map = guest->map, .msi = guest->transport == TRANSPORT_PCI };
  for (unsigned i = 0; i < 4; i++)
    config.intx[i] = (IrqLine){ set_line, guest, i };
  guest->bus = pci_bus_new ("pcie.0", &config);
  guest->host = (PciHost *)device_new (&pci_host_class, "/pcie");
  guest->host->bus = guest->bus;
  g_assert_true (device_realize (&guest->host->dev, NULL));
  memory_region_map (guest->map, &guest->host->ecam, ECAM);
  guest->dev = device_new (device_class_find ("virtio-echo-pci"), "/echo");
  ((PciDevice *)guest->dev)->bus = guest->bus;
  set_props (guest->dev, props);
  device_realize (guest->dev, &error);
  g_assert_no_error (error);
}

void
guest_open (Guest *guest, Transport transport, const char *props)
{
  static bool registered;
  if (!registered)
    virtio_register (&echo_class, &echo_virtio);
  registered = true;
  g_autoptr (GError) error = NULL;
  *guest = (Guest){ .transport = transport, .next_free = GUEST_RAM };
  g_mutex_init (&guest->lock);
  g_cond_init (&guest->cond);
  guest->map = memory_map_new (56);
  guest->ram = ram_block_new ("ram", GUEST_SIZE, &error);
  g_assert_no_error (error);
  guest->ram_region =
      (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = GUEST_SIZE, .ram = guest->ram };
  memory_region_map (guest->map, &guest->ram_region, GUEST_RAM);
  guest->doorbell = (MemoryRegion){
    .name = "doorbell", .kind = MEMORY_MMIO, .size = 4096, .ops = &doorbell_ops, .opaque = guest
  };
  memory_region_map (guest->map, &guest->doorbell, DOORBELL);
  if (transport == TRANSPORT_MMIO)
    open_mmio (guest, props);
  else
    open_pci (guest, props);
  guest->echo = (Echo *)virtio_device_of (guest->dev);
  g_assert_true (device_realize (guest->dev, NULL));
  guest_restart (guest);
}

void
guest_restart (Guest *guest)
{
  device_reset (guest->dev);
  if (guest->transport != TRANSPORT_MMIO)
    set_up_function (guest);
}

void
guest_close (Guest *guest)
{
  if (guest->transport == TRANSPORT_MMIO)
    memory_region_unmap (virtio_mmio_region (guest->dev));
  device_free (guest->dev);
  if (guest->host != NULL) {
    memory_region_unmap (&guest->host->ecam);
    device_free (&guest->host->dev);
    pci_bus_free (guest->bus);
  }
  memory_map_free (guest->map);
  ram_block_free (guest->ram);
  g_mutex_clear (&guest->lock);
  g_cond_clear (&guest->cond);
}

/* ---- Registers ---- */

static bool
is_mmio (const Guest *guest)
{
  return guest->transport == TRANSPORT_MMIO;
}

uint64_t
guest_registers (Guest *guest)
{
  return is_mmio (guest) ? SLOT : BAR_REGS;
}

uint64_t
guest_function (Guest *guest)
{
  return is_mmio (guest) ? 0 : CONFIG;
}

uint8_t
guest_status (Guest *guest)
{
  if (is_mmio (guest))
    return (uint8_t)guest_read (guest, SLOT + VIRTIO_MMIO_STATUS, 4);
  return (uint8_t)guest_read (guest, guest->common + VIRTIO_PCI_COMMON_STATUS, 1);
}

void
guest_set_status (Guest *guest, uint8_t status)
{
  if (is_mmio (guest))
    guest_write (guest, SLOT + VIRTIO_MMIO_STATUS, 4, status);
  else
    guest_write (guest, guest->common + VIRTIO_PCI_COMMON_STATUS, 1, status);
}

uint64_t
guest_features (Guest *guest)
{
  const uint64_t select =
      is_mmio (guest) ? SLOT + VIRTIO_MMIO_DEVICE_FEATURES_SEL : guest->common + VIRTIO_PCI_COMMON_DFSELECT;
  const uint64_t word =
      is_mmio (guest) ? SLOT + VIRTIO_MMIO_DEVICE_FEATURES : guest->common + VIRTIO_PCI_COMMON_DF;
  guest_write (guest, select, 4, 2);
  g_assert_cmphex (guest_read (guest, word, 4), ==, 0);
  guest_write (guest, select, 4, 1);
  const uint64_t high = guest_read (guest, word, 4);
  guest_write (guest, select, 4, 0);
  return high << 32 | guest_read (guest, word, 4);
}

void
guest_set_features (Guest *guest, uint64_t features)
{
  const uint64_t select =
      is_mmio (guest) ? SLOT + VIRTIO_MMIO_DRIVER_FEATURES_SEL : guest->common + VIRTIO_PCI_COMMON_GFSELECT;
  const uint64_t word =
      is_mmio (guest) ? SLOT + VIRTIO_MMIO_DRIVER_FEATURES : guest->common + VIRTIO_PCI_COMMON_GF;
  for (unsigned i = 0; i < 2; i++) {
    guest_write (guest, select, 4, i);
    guest_write (guest, word, 4, features >> 32 * i & 0xffffffff);
  }
}

uint32_t
guest_config (Guest *guest, unsigned offset, unsigned size)
{
  return (uint32_t)guest_read (guest, (is_mmio (guest) ? SLOT + VIRTIO_MMIO_CONFIG : guest->config) + offset,
                               size);
}

void
guest_set_config (Guest *guest, unsigned offset, unsigned size, uint32_t value)
{
  guest_write (guest, (is_mmio (guest) ? SLOT + VIRTIO_MMIO_CONFIG : guest->config) + offset, size, value);
}

static void
select_queue (Guest *guest, unsigned queue)
{
  if (is_mmio (guest))
    guest_write (guest, SLOT + VIRTIO_MMIO_QUEUE_SEL, 4, queue);
  else
    guest_write (guest, guest->common + VIRTIO_PCI_COMMON_Q_SELECT, 2, queue);
}

unsigned
guest_queue_max (Guest *guest, unsigned queue)
{
  select_queue (guest, queue);
  return (unsigned)(is_mmio (guest) ? guest_read (guest, SLOT + VIRTIO_MMIO_QUEUE_NUM_MAX, 4)
                                    : guest_read (guest, guest->common + VIRTIO_PCI_COMMON_Q_SIZE, 2));
}

static void
write_halves (Guest *guest, uint64_t reg, uint64_t value)
{
  guest_write (guest, reg, 4, (uint32_t)value);
  guest_write (guest, reg + 4, 4, value >> 32);
}

void
guest_set_queue (Guest *guest, unsigned queue, unsigned size, uint64_t desc, uint64_t driver, uint64_t device)
{
  select_queue (guest, queue);
  if (is_mmio (guest)) {
    guest_write (guest, SLOT + VIRTIO_MMIO_QUEUE_NUM, 4, size);
    write_halves (guest, SLOT + VIRTIO_MMIO_QUEUE_DESC_LOW, desc);
    write_halves (guest, SLOT + VIRTIO_MMIO_QUEUE_AVAIL_LOW, driver);
    write_halves (guest, SLOT + VIRTIO_MMIO_QUEUE_USED_LOW, device);
    guest_write (guest, SLOT + VIRTIO_MMIO_QUEUE_READY, 4, 1);
    return;
  }
  guest_write (guest, guest->common + VIRTIO_PCI_COMMON_Q_SIZE, 2, size);
  write_halves (guest, guest->common + VIRTIO_PCI_COMMON_Q_DESCLO, desc);
  write_halves (guest, guest->common + VIRTIO_PCI_COMMON_Q_AVAILLO, driver);
  write_halves (guest, guest->common + VIRTIO_PCI_COMMON_Q_USEDLO, device);
  guest_write (guest, guest->common + VIRTIO_PCI_COMMON_Q_MSIX, 2, queue + 1);
  guest_write (guest, guest->common + VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
}

bool
guest_queue_enabled (Guest *guest, unsigned queue)
{
  select_queue (guest, queue);
  return (is_mmio (guest) ? guest_read (guest, SLOT + VIRTIO_MMIO_QUEUE_READY, 4)
                          : guest_read (guest, guest->common + VIRTIO_PCI_COMMON_Q_ENABLE, 2)) == 1;
}

void
guest_reset_queue (Guest *guest, unsigned queue)
{
  select_queue (guest, queue);
  if (is_mmio (guest))
    guest_write (guest, SLOT + 0xc0, 4, 1);
  else
    guest_write (guest, guest->common + VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
}

void
guest_notify (Guest *guest, unsigned queue)
{
  if (is_mmio (guest))
    guest_write (guest, SLOT + VIRTIO_MMIO_QUEUE_NOTIFY, 4, queue);
  else
    guest_write (guest, guest->notify + 4 * queue, 2, queue);
}

bool
guest_begin (Guest *guest, RingForm form)
{
  guest_set_status (guest, 0);
  g_assert_cmphex (guest_status (guest), ==, 0);
  guest_set_status (guest, 1);
  guest_set_status (guest, 3);
  const uint64_t features = UINT64_C (1) << VIRTIO_F_VERSION_1 | UINT64_C (1) << VIRTIO_F_RING_RESET |
                            (uint64_t)form.packed << VIRTIO_F_RING_PACKED |
                            (uint64_t)form.event_idx << VIRTIO_F_EVENT_IDX |
                            (uint64_t)form.indirect << VIRTIO_F_INDIRECT_DESC;
  guest_set_features (guest, features);
  guest_set_status (guest, 11);
  if (!is_mmio (guest))
    guest_write (guest, guest->common + VIRTIO_PCI_COMMON_MSIX, 2, 0);
  return guest_status (guest) == 11;
}

void
guest_driver_ok (Guest *guest)
{
  guest_set_status (guest, 15);
}
