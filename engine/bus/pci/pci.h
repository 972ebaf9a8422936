/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* PCI Express: configuration space, BARs, capabilities, INTx, MSI and MSI-X; the generic ECAM host bridge and
 * root ports. PCI Local Bus 3.0, PCI-to-PCI Bridge 1.2, PCI Express Base 4.0. */

#include "device.h"

typedef struct PciBus PciBus;
typedef struct PciDevice PciDevice;

typedef struct {
  uint16_t vendor, device, subsystem_vendor, subsystem;
  uint8_t revision, prog_if;
  uint16_t class; /* base class and subclass */
  bool intx;      /* has an interrupt pin (INTA) */
} PciIds;

#define PCI_BARS 6
struct PciDevice {
  Device dev; /* must be first */
  PciIds ids; /* set before pci_device_plug() */
  PciBus *bus;
  uint8_t devfn;
  /* Bytes of configuration space, what writes may change or clear, and what only the device itself changes: a
   * reset makes these 0. */
  _Alignas (8) uint8_t config[4096], writable[4096], w1c[4096], own[4096];
  struct {
    MemoryRegion *region;
    uint64_t size;
    uint8_t type; /* PCI_BASE_ADDRESS_* bits */
  } bar[PCI_BARS];
  bool intx_level;  /* what the device asked for; guarded by the bus, as is the next */
  bool intx_driven; /* what of it reaches the pin */
  struct PciMsi *msi;
  struct PciMsix *msix;
  PciBus *secondary;        /* a bridge's; NULL: this is none */
  char *addr;               /* property "addr": "3", "3.0" */
  unsigned last_capability; /* where the next one is linked in */
  unsigned next_capability; /* where the next one goes */
  unsigned express;         /* where the PCI Express capability is, or 0 */
  /* Before a read of configuration space, for bytes that change by themselves, and after a write to it. With
   * the device's lock; may be NULL. */
  void (*config_reading) (PciDevice *pci, unsigned offset, unsigned size);
  void (*config_written) (PciDevice *pci, unsigned offset, unsigned size);
  /* DMA may have become possible: bus mastering is on here and in the bridges above. Any thread; may be NULL.
   */
  void (*dma_possible) (PciDevice *pci);
};

/* The base class: DeviceClass.base of every PCI device; property addr. A device's class->init fills `ids`.
 * Its realize sets BARs and capabilities; by then it is on the bus, if `bus` was set before device_realize()
 * or the caller plugged it. Unrealize takes it off the bus. */
extern const DeviceClass pci_device_class;

/* The bus's edges to its host. */
typedef struct {
  MemoryMap *map;       /* where BARs are mapped and DMA goes */
  uint64_t mmio_offset; /* bus address 0 of memory BARs at this address: 0 on virt */
  uint64_t pio_base;    /* where I/O port 0 is mapped, or 0: no I/O BARs */
  IrqLine intx[4];      /* INTA to INTD, after swizzling */
  bool msi;             /* there is somebody who takes MSI writes */
  /* For who tells senders of messages apart, by requester id (bus, device and function): true when it has
   * taken this one. The others are written to the map. Any thread; may be NULL. */
  bool (*message) (void *opaque, uint16_t requester, uint64_t address, uint32_t data);
  void *message_opaque;
} PciBusConfig;
PciBus *pci_bus_new (const char *name, const PciBusConfig *config);
void pci_bus_free (PciBus *bus);
/* Puts the device on the bus at its addr, or the next free slot. pci_device_class does it at realize for a
 * device whose `bus` is set; whoever plugs a device before that unplugs it if realize fails. */
bool pci_device_plug (PciBus *bus, PciDevice *pci, GError **error);
void pci_device_unplug (PciDevice *pci);
PciDevice *pci_bus_device (PciBus *bus, unsigned devfn); /* or NULL */
const char *pci_bus_name (const PciBus *bus);
PciDevice *pci_bus_bridge (const PciBus *bus); /* to the bus above; NULL: this is the root's */
/* The number the guest gave it; 0 for the root's. */
unsigned pci_bus_number (const PciBus *bus);
/* The bus of that name at or below `root`, or NULL. */
PciBus *pci_bus_find (PciBus *root, const char *name);
void pci_bus_print (PciBus *bus, GString *out); /* info pci; the buses behind it too */
/* What a bridge passes on to its secondary bus. */
typedef struct {
  uint64_t base, limit; /* the last byte; below base: nothing is forwarded */
} PciWindow;
PciWindow pci_bridge_io_window (const PciDevice *bridge);
PciWindow pci_bridge_memory_window (const PciDevice *bridge);
PciWindow pci_bridge_prefetchable_window (const PciDevice *bridge);

/* Capabilities: a zeroed one of `size` bytes with its header; returns its offset in configuration space, 0
 * when there is no room. */
unsigned pci_add_capability (PciDevice *pci, uint8_t id, unsigned size);
/* The PCI Express capability of an endpoint: one integrated into the root complex, or behind a port. */
void pci_add_express (PciDevice *pci);
/* The region's size must be a power of two. It is mapped where the guest says, below whatever else is there.
 */
void pci_set_bar (PciDevice *pci, unsigned index, MemoryRegion *region, bool is_64bit, bool prefetchable,
                  bool io);
/* MSI with up to 32 vectors, a power of two; with the upper half of the address; with a mask and a pending
 * bit per vector. Does nothing, successfully, where nobody takes messages. The device is on a bus. */
bool pci_msi_init (PciDevice *pci, unsigned vectors, bool is_64bit, bool maskable, GError **error);
/* A message for vector n of those the guest has enabled, others' going to vector 0; pending when masked. Any
 * thread, as for pci_msix_notify(). */
void pci_msi_notify (PciDevice *pci, unsigned vector);
bool pci_msi_enabled (const PciDevice *pci);
/* How many of the device's vectors the guest has enabled. */
unsigned pci_msi_vectors (const PciDevice *pci);
/* MSI-X with its tables in the BAR region `in`, whose other offsets go on to its own ops; NULL: in a BAR of
 * their own. Does nothing, successfully, where nobody takes messages: the device then has its pin only. The
 * device is on a bus. */
bool pci_msix_init (PciDevice *pci, unsigned vectors, unsigned bar, uint32_t table_offset,
                    uint32_t pba_offset, MemoryRegion *in, GError **error);
/* A message for vector n, or pending when masked. Any thread, with no lock held that is needed to handle an
 * MMIO write. */
void pci_msix_notify (PciDevice *pci, unsigned vector);
/* True while this thread is delivering a message. The guest chooses its address: a device's BAR must ignore
 * writes that come this way if it may wait for other threads, lest a device waits for itself. */
bool pci_in_message (void);
bool pci_msix_enabled (const PciDevice *pci);
unsigned pci_msix_vectors (const PciDevice *pci);
void pci_set_intx (PciDevice *pci, bool level);
/* DMA as the device sees memory: refused while bus mastering is off. */
bool pci_can_dma (const PciDevice *pci);
MemoryMap *pci_map (const PciDevice *pci);
uint32_t pci_config_read (PciDevice *pci, unsigned offset, unsigned size);
void pci_config_write (PciDevice *pci, unsigned offset, unsigned size, uint32_t value);
/* A root port ("pcie-root-port"): a PCI-to-PCI bridge to a link with one device, slot 0 of the bus that has
 * the port's id as its name. There is no hot plug. */
extern const DeviceClass pcie_root_port_class;
/* Registers the device classes of this room that -device may name. */
void pci_register (void);
/* The generic host bridge (pci-host-ecam-generic): an ECAM window of 1 MiB per bus. Slot 0 of bus 0 holds the
 * bridge's own function. */
typedef struct {
  Device dev;
  PciBus *bus;
  MemoryRegion ecam; /* of 256 MiB; the board maps it, and may make it smaller before */
} PciHost;
extern const DeviceClass pci_host_class; /* "gpex-pcihost"; set `bus` before realize */
#define PCI_SLOT_COUNT 32
