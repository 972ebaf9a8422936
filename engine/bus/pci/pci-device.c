/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The base class of PCI devices: identity, reset, saved state. */

#include "pci-internal.h"

#include <gio/gio.h>
#include <string.h>

static const DeviceProp pci_props[] = {
  { "addr", DEVICE_PROP_STRING, offsetof (PciDevice, addr),
    .help = "slot on the bus, as in 3 or 3.0 (hexadecimal)" },
  { NULL },
};

static void
pci_init (Device *dev)
{
  PciDevice *pci = (PciDevice *)dev;
  uint8_t *writable = pci->writable;
  pci_put16 (writable + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
                                         PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
  writable[PCI_CACHE_LINE_SIZE] = 0xff;
  writable[PCI_INTERRUPT_LINE] = 0xff;
  pci->next_capability = PCI_STD_HEADER_SIZEOF;
}

static bool
pci_realize (Device *dev, GError **error)
{
  PciDevice *pci = (PciDevice *)dev;
  if (pci->bus == NULL || pci_bus_device (pci->bus, pci->devfn) == pci)
    return true;
  return pci_device_plug (pci->bus, pci, error);
}

static void
pci_unrealize (Device *dev)
{
  PciDevice *pci = (PciDevice *)dev;
  pci_device_unplug (pci);
  pci_msi_free (pci);
  pci_msix_free (pci);
}

static void
pci_reset (Device *dev)
{
  PciDevice *pci = (PciDevice *)dev;
  pci_set_intx (pci, false);
  for (unsigned i = 0; i < sizeof pci->config; i++)
    __atomic_store_n (&pci->config[i],
                      pci->config[i] & (uint8_t)~(pci->writable[i] | pci->w1c[i] | pci->own[i]),
                      __ATOMIC_RELEASE);
  pci_msi_reset (pci);
  pci_msix_reset (pci);
  if (pci->secondary != NULL)
    pci_bridge_update (pci, false);
  pci_update_bars (pci);
}

static void
pci_save (Device *dev, GVariantBuilder *state)
{
  PciDevice *pci = (PciDevice *)dev;
  GVariant *config = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, pci->config, sizeof pci->config, 1);
  g_variant_builder_add (state, "{sv}", "pci-config", config);
  g_variant_builder_add (state, "{sv}", "pci-intx", g_variant_new_boolean (pci->intx_level));
  pci_msi_save (pci, state);
  pci_msix_save (pci, state);
}

/* What the guest cannot have written must be as it is here: another device's state does not fit. */
static bool
load_config (PciDevice *pci, const uint8_t *saved, GError **error)
{
  for (unsigned i = 0; i < sizeof pci->config; i++) {
    const uint8_t changing = pci->writable[i] | pci->w1c[i] | pci->own[i];
    if ((saved[i] ^ pci->config[i]) & (uint8_t)~changing) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "%s: the saved machine has another device here (byte 0x%x of PCI configuration space is "
                   "0x%02x, not "
                   "0x%02x); start with the options it was saved with",
                   pci->dev.path, i, saved[i], pci->config[i]);
      return false;
    }
  }
  for (unsigned i = 0; i < sizeof pci->config; i++)
    __atomic_store_n (&pci->config[i], saved[i], __ATOMIC_RELEASE);
  return true;
}

static bool
pci_load (Device *dev, GVariant *state, GError **error)
{
  PciDevice *pci = (PciDevice *)dev;
  g_autoptr (GVariant) config = g_variant_lookup_value (state, "pci-config", G_VARIANT_TYPE_BYTESTRING);
  gboolean intx = false;
  gsize size = 0;
  const uint8_t *bytes = config != NULL ? g_variant_get_fixed_array (config, &size, 1) : NULL;
  if (size != sizeof pci->config || !g_variant_lookup (state, "pci-intx", "b", &intx)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the saved state has no PCI configuration space", dev->path);
    return false;
  }
  if (!load_config (pci, bytes, error) || !pci_msi_load (pci, state, error) ||
      !pci_msix_load (pci, state, error))
    return false;
  __atomic_store_n (&pci->intx_level, intx && pci->ids.intx, __ATOMIC_RELAXED);
  return true;
}

static bool
pci_loaded (Device *dev, GError **error)
{
  PciDevice *pci = (PciDevice *)dev;
  if (pci->secondary != NULL)
    pci_bridge_update (pci, false);
  pci_update_bars (pci);
  pci_update_intx (pci);
  return true;
}

const DeviceClass pci_device_class = {
  .name = "pci-device",
  .bus = "PCI",
  .category = "Misc devices",
  .help = "what all PCI devices have in common",
  .size = sizeof (PciDevice),
  .props = pci_props,
  .init = pci_init,
  .realize = pci_realize,
  .unrealize = pci_unrealize,
  .reset = pci_reset,
  .save = pci_save,
  .load = pci_load,
  .loaded = pci_loaded,
};
