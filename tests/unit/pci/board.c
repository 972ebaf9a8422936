/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "board.h"

static uint64_t
toy_read (void *opaque, uint64_t offset, unsigned size)
{
  ((Toy *)opaque)->last_read = offset;
  return 0x1122334455667788 >> 8 * (offset & 7);
}

static void
toy_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  ((Toy *)opaque)->last_written = offset;
}

static const MmioOps toy_ops = { .read = toy_read, .write = toy_write };

static void
toy_dma_possible (PciDevice *pci)
{
  ((Toy *)pci)->woken++;
}

static void
toy_init (Device *dev)
{
  Toy *toy = (Toy *)dev;
  toy->pci.dma_possible = toy_dma_possible;
  toy->vectors = 65;
  toy->pci.ids = (PciIds){ .vendor = 0x1234, .device = 0x5678, .revision = 9, .class = 0x0880, .intx = true };
  toy->small =
      (MemoryRegion){ .name = "small", .kind = MEMORY_MMIO, .size = 0x2000, .ops = &toy_ops, .opaque = toy };
  toy->large = (MemoryRegion){
    .name = "large", .kind = MEMORY_MMIO, .size = 0x100000, .ops = &toy_ops, .opaque = toy
  };
  toy->ports =
      (MemoryRegion){ .name = "ports", .kind = MEMORY_MMIO, .size = 0x20, .ops = &toy_ops, .opaque = toy };
}

static bool
toy_realize (Device *dev, GError **error)
{
  Toy *toy = (Toy *)dev;
  pci_set_bar (&toy->pci, 0, &toy->small, false, false, false);
  pci_set_bar (&toy->pci, 1, &toy->ports, false, false, true);
  pci_set_bar (&toy->pci, 2, &toy->large, true, true, false);
  pci_add_express (&toy->pci);
  if (toy->msi_vectors != 0 &&
      !pci_msi_init (&toy->pci, toy->msi_vectors, toy->msi_64bit, toy->msi_maskable, error))
    return false;
  return toy->vectors == 0 || pci_msix_init (&toy->pci, toy->vectors, 0, 0x1000, 0x1800, &toy->small, error);
}

static const DeviceClass toy_class = { .name = "toy-pci",
                                       .bus = "PCI",
                                       .size = sizeof (Toy),
                                       .base = &pci_device_class,
                                       .init = toy_init,
                                       .realize = toy_realize };

static void
set_pin (void *opaque, unsigned n, bool level)
{
  Board *board = opaque;
  g_assert_cmpint (board->pins[n], !=, level);
  board->pins[n] = level;
  board->pin_changes++;
}

static uint64_t
doorbell_read (void *opaque, uint64_t offset, unsigned size)
{
  return 0;
}

static void
doorbell_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  Board *board = opaque;
  g_assert_true (pci_in_message ());
  board->messages++;
  board->last_message = (uint32_t)value;
  board->last_offset = offset;
}

static const MmioOps doorbell_ops = {
  .read = doorbell_read, .write = doorbell_write, .min_size = 4, .max_size = 4
};

/* Sees every message, and takes those to its own address. */
static bool
take_message (void *opaque, uint16_t requester, uint64_t address, uint32_t data)
{
  Board *board = opaque;
  board->last_requester = requester;
  if (address != TRANSLATER)
    return false;
  board->messages++;
  board->last_message = data;
  return true;
}

void
board_open (Board *board, bool msi)
{
  *board = (Board){ 0 };
  g_autoptr (GError) error = NULL;
  board->map = memory_map_new (56);
  board->ram = ram_block_new ("ram", 1 << 20, &error);
  g_assert_no_error (error);
  board->ram_region = (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = 1 << 20, .ram = board->ram };
  memory_region_map (board->map, &board->ram_region, 0x80000000);
  board->doorbell = (MemoryRegion){
    .name = "doorbell", .kind = MEMORY_MMIO, .size = 4096, .ops = &doorbell_ops, .opaque = board
  };
  memory_region_map (board->map, &board->doorbell, DOORBELL);
  PciBusConfig config = {
    .map = board->map, .pio_base = PIO, .msi = msi, .message = take_message, .message_opaque = board
  };
  for (unsigned i = 0; i < 4; i++)
    config.intx[i] = (IrqLine){ set_pin, board, i };
  board->bus = pci_bus_new ("pcie.0", &config);
  board->host = (PciHost *)device_new (&pci_host_class, "/pcie");
  board->host->bus = board->bus;
  g_assert_true (device_realize (&board->host->dev, &error));
  memory_region_map (board->map, &board->host->ecam, ECAM);
}

void
board_close (Board *board)
{
  memory_region_unmap (&board->host->ecam);
  device_free (&board->host->dev);
  pci_bus_free (board->bus);
  memory_map_free (board->map);
  ram_block_free (board->ram);
}

Toy *
toy_new (PciBus *bus, const char *addr)
{
  g_autofree char *path = g_strdup_printf ("/toy-%s-%s", pci_bus_name (bus), addr != NULL ? addr : "any");
  Toy *toy = (Toy *)device_new (&toy_class, path);
  toy->pci.bus = bus;
  toy->pci.addr = g_strdup (addr);
  return toy;
}

Toy *
toy_start (Toy *toy)
{
  g_autoptr (GError) error = NULL;
  device_realize (&toy->pci.dev, &error);
  g_assert_no_error (error);
  device_reset (&toy->pci.dev);
  return toy;
}

Toy *
plug_toy (Board *board, const char *addr)
{
  return toy_start (toy_new (board->bus, addr));
}

uint64_t
get (Board *board, uint64_t addr, unsigned size)
{
  uint64_t value = 0xdead;
  g_assert_cmpint (memory_read (board->map, addr, size, &value), ==, MEMORY_OK);
  return value;
}

void
put (Board *board, uint64_t addr, unsigned size, uint64_t value)
{
  g_assert_cmpint (memory_write (board->map, addr, size, value), ==, MEMORY_OK);
}

uint64_t
config_at (unsigned slot, unsigned reg)
{
  return config_on (0, slot, reg);
}

uint64_t
config_on (unsigned bus, unsigned slot, unsigned reg)
{
  return ECAM + (bus << 20) + (slot << 15) + reg;
}

bool
mapped_at (Board *board, uint64_t addr, const MemoryRegion *region)
{
  MemorySection section;
  return memory_find (board->map, addr, &section) && section.region == region;
}

unsigned
capability_of (Board *board, uint64_t function, uint8_t id)
{
  unsigned at = (unsigned)get (board, function + PCI_CAPABILITY_LIST, 1);
  for (unsigned n = 0; at != 0 && n < 48; n++) {
    if (get (board, function + at, 1) == id)
      return at;
    at = (unsigned)get (board, function + at + 1, 1);
  }
  return 0;
}

unsigned
find_capability (Board *board, unsigned slot, uint8_t id)
{
  return capability_of (board, config_at (slot, 0), id);
}
