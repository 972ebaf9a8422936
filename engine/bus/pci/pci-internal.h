/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of this room share. */

#include "pci.h"

#include <inttypes.h>
#include <linux/pci_regs.h>

struct PciBus {
  char *name;
  PciBus *root;      /* whose locks and pins are used; itself at the top */
  PciDevice *bridge; /* to the bus above, or NULL */
  unsigned slots;
  bool down; /* atomic: a bridge's link, on which nothing answers */
  PciBusConfig config;
  /* Held for reading during a configuration access, so that a device is not freed under it. */
  GRWLock devices_lock;
  PciDevice *devices[256]; /* by devfn */
  /* The interrupt pins are wired-OR: how many devices drive each. The lock is a leaf but for the interrupt
   * controller's. */
  GMutex intx_lock;
  unsigned intx_drivers[4];
};

/* For other threads than the one that unplugs: the bus outlives its devices. */
static inline PciBus *
pci_bus_of (const PciDevice *pci)
{
  return __atomic_load_n (&pci->bus, __ATOMIC_ACQUIRE);
}

/* A register that another thread may be writing, bytewise. */
static inline uint16_t
pci_load16 (const PciDevice *pci, unsigned offset)
{
  return (uint16_t)(__atomic_load_n (&pci->config[offset], __ATOMIC_ACQUIRE) |
                    __atomic_load_n (&pci->config[offset + 1], __ATOMIC_ACQUIRE) << 8);
}

static inline uint32_t
pci_load32 (const PciDevice *pci, unsigned offset)
{
  return pci_load16 (pci, offset) | (uint32_t)pci_load16 (pci, offset + 2) << 16;
}

static inline uint16_t
pci_get16 (const uint8_t *bytes)
{
  return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t
pci_get32 (const uint8_t *bytes)
{
  return pci_get16 (bytes) | (uint32_t)pci_get16 (bytes + 2) << 16;
}

static inline void
pci_put16 (uint8_t *bytes, uint16_t value)
{
  bytes[0] = (uint8_t)value;
  bytes[1] = (uint8_t)(value >> 8);
}

static inline void
pci_put32 (uint8_t *bytes, uint32_t value)
{
  pci_put16 (bytes, (uint16_t)value);
  pci_put16 (bytes + 2, (uint16_t)(value >> 16));
}

/* Whether an access to one area of configuration space touches another. */
static inline bool
pci_overlaps (unsigned offset, unsigned size, unsigned start, unsigned length)
{
  return offset < start + length && start < offset + size;
}

/* Maps, moves and unmaps the BARs as command register, base addresses and the bridges above say; a bridge's,
 * and those of everything behind it. */
void pci_update_bars (PciDevice *pci);
/* Drives the interrupt pin as level and command register say. */
void pci_update_intx (PciDevice *pci);

/* pci-bus.c: of a bridge. Freed by pci_bus_free(). */
PciBus *pci_bus_new_secondary (PciDevice *bridge, const char *name, unsigned slots);
/* The bus that configuration requests for a number reach, or NULL. With devices_lock. */
PciBus *pci_bus_numbered (PciBus *root, unsigned number);

/* pci-bridge.c */
/* From the class's init. */
void pci_bridge_init (PciDevice *bridge);
/* Whether the bus behind can be reached, as registers say; with `resets` what is on it is reset when it no
 * longer can. */
void pci_bridge_update (PciDevice *bridge, bool resets);
bool pci_bridge_forwards_io (const PciDevice *bridge, uint64_t port, uint64_t size);
bool pci_bridge_forwards_memory (const PciDevice *bridge, uint64_t address, uint64_t size);

/* pci-express.c */
void pci_add_express_root_port (PciDevice *port, uint8_t number, uint16_t slot);
/* Trains the port's link anew. False: there is nobody at the other end. */
bool pci_express_train (PciDevice *port);
/* Before a configuration read: a device's link is in the state that its port says. */
void pci_express_reading (PciDevice *pci, unsigned offset, unsigned size);

/* pci-msi.c */
/* A memory write by the device: a message signalled interrupt. */
void pci_send_message (PciDevice *pci, uint64_t address, uint32_t data);
void pci_msi_flush (PciDevice *pci);
void pci_msi_reset (PciDevice *pci);
void pci_msi_free (PciDevice *pci);
void pci_msi_save (PciDevice *pci, GVariantBuilder *state);
bool pci_msi_load (PciDevice *pci, GVariant *state, GError **error);

/* pci-msix.c */
/* Sends what is pending and no longer masked. */
void pci_msix_flush (PciDevice *pci);
void pci_msix_reset (PciDevice *pci);
void pci_msix_free (PciDevice *pci);
void pci_msix_save (PciDevice *pci, GVariantBuilder *state);
bool pci_msix_load (PciDevice *pci, GVariant *state, GError **error);
