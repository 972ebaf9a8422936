/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* PCI Express: configuration space, BARs, capabilities, INTx, MSI and MSI-X; the generic ECAM host bridge.
 * PCI Local Bus 3.0, PCI Express Base 4.0. */

#include "device.h"

typedef struct PciBus PciBus;
typedef struct PciDevice PciDevice;

typedef struct {
  uint16_t vendor, device, subsystem_vendor, subsystem;
  uint8_t revision, prog_if;
  uint16_t class; /* base class and subclass */
  bool intx; /* has an interrupt pin (INTA) */
} PciIds;

#define PCI_BARS 6
struct PciDevice {
  Device dev; /* must be first */
  PciIds ids; /* set before pci_device_plug() */
  PciBus *bus;
  uint8_t devfn;
  uint8_t config[4096], writable[4096], w1c[4096]; /* bytes of configuration space and what writes may change */
  struct {
    MemoryRegion *region;
    uint64_t size;
    uint8_t type; /* PCI_BASE_ADDRESS_* bits */
  } bar[PCI_BARS];
  MemoryRegion rom_region;
  bool intx_level;
  struct PciMsix *msix;
  struct PciMsi *msi;
  char *addr; /* property "addr": "3", "3.0" */
  /* After a write to configuration space (may be NULL). */
  void (*config_written) (PciDevice *pci, unsigned offset, unsigned size);
};

/* The base class: device_class.base of every PCI device; property addr. */
extern const DeviceClass pci_device_class;

/* The bus's edges to its host. */
typedef struct {
  MemoryMap *map;         /* where BARs are mapped and DMA goes */
  uint64_t mmio_offset;   /* bus address 0 of memory BARs at this address: 0 on virt */
  uint64_t pio_base;      /* where I/O port 0 is mapped, or 0: no I/O BARs */
  IrqLine intx[4];        /* INTA to INTD, after swizzling */
  bool msi;               /* there is somebody who takes MSI writes */
} PciBusConfig;
PciBus *pci_bus_new (const char *name, const PciBusConfig *config);
void pci_bus_free (PciBus *bus);
/* Puts the device (being realized) on the bus at its addr, or the next free slot. */
bool pci_device_plug (PciBus *bus, PciDevice *pci, GError **error);
void pci_device_unplug (PciDevice *pci);
PciDevice *pci_bus_device (PciBus *bus, unsigned devfn); /* or NULL */
void pci_bus_print (PciBus *bus, GString *out); /* info pci */

/* Capabilities: returns the offset in configuration space. */
unsigned pci_add_capability (PciDevice *pci, uint8_t id, unsigned size);
void pci_set_bar (PciDevice *pci, unsigned index, MemoryRegion *region, bool is_64bit, bool prefetchable, bool io);
bool pci_msix_init (PciDevice *pci, unsigned vectors, unsigned bar, uint32_t table_offset, uint32_t pba_offset, MemoryRegion *in, GError **error);
/* A message for vector n, or pending when masked. Any thread. */
void pci_msix_notify (PciDevice *pci, unsigned vector);
bool pci_msix_enabled (const PciDevice *pci);
void pci_set_intx (PciDevice *pci, bool level);
/* DMA as the device sees memory: refused while bus mastering is off. */
bool pci_can_dma (const PciDevice *pci);
MemoryMap *pci_map (const PciDevice *pci);
uint32_t pci_config_read (PciDevice *pci, unsigned offset, unsigned size);
void pci_config_write (PciDevice *pci, unsigned offset, unsigned size, uint32_t value);
/* Reset, saved state and restore of what is in this struct; called by pci_device_class's hooks. */

/* The generic host bridge (pci-host-ecam-generic): an ECAM window of 1 MiB per bus. */
typedef struct {
  Device dev;
  PciBus *bus;
  MemoryRegion ecam;
} PciHost;
extern const DeviceClass pci_host_class; /* "gpex-pcihost"; set `bus` before realize */
#define PCI_SLOT_COUNT 32
