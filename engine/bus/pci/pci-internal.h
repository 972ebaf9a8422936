/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of this room share. */

#include "pci.h"

#include <inttypes.h>
#include <linux/pci_regs.h>

struct PciBus {
  char *name;
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

/* Maps, moves and unmaps the BARs as command register and base addresses say. */
void pci_update_bars (PciDevice *pci);
/* Drives the interrupt pin as level and command register say. */
void pci_update_intx (PciDevice *pci);
/* A memory write by the device: a message signalled interrupt. */
void pci_send_message (PciDevice *pci, uint64_t address, uint32_t data);

/* Sends what is pending and no longer masked. */
void pci_msix_flush (PciDevice *pci);
void pci_msix_reset (PciDevice *pci);
void pci_msix_free (PciDevice *pci);
void pci_msix_save (PciDevice *pci, GVariantBuilder *state);
bool pci_msix_load (PciDevice *pci, GVariant *state, GError **error);
