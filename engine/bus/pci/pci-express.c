/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The PCI Express capability (PCI Express Base 4.0, §7.5.3) of endpoints and root ports, and the link between
 * them. */

#include "pci-internal.h"

#define LINK_SPEED PCI_EXP_LNKCAP_SLS_16_0GB
#define LINK_SPEEDS                                                                                          \
  (PCI_EXP_LNKCAP2_SLS_2_5GB | PCI_EXP_LNKCAP2_SLS_5_0GB | PCI_EXP_LNKCAP2_SLS_8_0GB |                       \
   PCI_EXP_LNKCAP2_SLS_16_0GB)
#define LINK_WIDTH 16
/* "ASPM Optionality Compliance": a link without power states of its own is right. */
#define LNKCAP_ASPMOC UINT32_C (0x400000)

/* Version 2 has registers up to Slot Status 2. */
static unsigned
add_capability (PciDevice *pci, unsigned type)
{
  const unsigned cap = pci_add_capability (pci, PCI_CAP_ID_EXP, 0x3c);
  if (cap == 0)
    return 0;
  pci->express = cap;
  pci_put16 (pci->config + cap + PCI_EXP_FLAGS, (uint16_t)(2 | type << 4));
  pci_put32 (pci->config + cap + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER);
  pci_put16 (pci->writable + cap + PCI_EXP_DEVCTL,
             PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE);
  return cap;
}

/* What both ends of a link have. */
static void
add_link (PciDevice *pci, uint32_t capabilities, uint16_t control)
{
  const unsigned cap = pci->express;
  pci_put32 (pci->config + cap + PCI_EXP_LNKCAP,
             LINK_SPEED | LINK_WIDTH << PCI_EXP_LNKSTA_NLW_SHIFT | LNKCAP_ASPMOC | capabilities);
  pci_put32 (pci->config + cap + PCI_EXP_LNKCAP2, LINK_SPEEDS);
  pci_put16 (pci->writable + cap + PCI_EXP_LNKCTL,
             PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES | control);
  pci_put16 (pci->writable + cap + PCI_EXP_LNKCTL2, PCI_EXP_LNKCTL2_TLS);
  pci_put16 (pci->own + cap + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW);
}

void
pci_add_express (PciDevice *pci)
{
  /* The registers of links and slots are zero in an endpoint that is part of the root complex. */
  const bool integrated = pci->bus == NULL || pci->bus->bridge == NULL;
  if (add_capability (pci, integrated ? PCI_EXP_TYPE_RC_END : PCI_EXP_TYPE_ENDPOINT) != 0 && !integrated)
    add_link (pci, 0, PCI_EXP_LNKCTL_RCB);
}

void
pci_add_express_root_port (PciDevice *port, uint8_t number, uint16_t slot)
{
  const unsigned cap = add_capability (port, PCI_EXP_TYPE_ROOT_PORT);
  if (cap == 0)
    return;
  add_link (port, PCI_EXP_LNKCAP_DLLLARC | PCI_EXP_LNKCAP_LBNC | (uint32_t)number << 24,
            PCI_EXP_LNKCTL_LD | PCI_EXP_LNKCTL_RL | PCI_EXP_LNKCTL_LBMIE | PCI_EXP_LNKCTL_LABIE);
  pci_put16 (port->own + cap + PCI_EXP_LNKSTA,
             PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW | PCI_EXP_LNKSTA_DLLLA);
  pci_put16 (port->w1c + cap + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_LBMS | PCI_EXP_LNKSTA_LABS);
  pci_put16 (port->config + cap + PCI_EXP_FLAGS,
             pci_get16 (port->config + cap + PCI_EXP_FLAGS) | PCI_EXP_FLAGS_SLOT);
  /* Nothing about hot plug: there is no controller that commands would have to be waited for. */
  pci_put32 (port->config + cap + PCI_EXP_SLTCAP, PCI_EXP_SLTCAP_NCCS | (uint32_t)slot << 19);
  pci_put16 (port->own + cap + PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_PDS);
  pci_put16 (port->writable + cap + PCI_EXP_RTCTL,
             PCI_EXP_RTCTL_SECEE | PCI_EXP_RTCTL_SENFEE | PCI_EXP_RTCTL_SEFEE | PCI_EXP_RTCTL_PMEIE);
}

/* Replaces the bits of a register that its device changes. */
static void
set_own (PciDevice *pci, unsigned offset, uint16_t value)
{
  for (unsigned i = 0; i < 2; i++) {
    uint8_t *byte = &pci->config[pci->express + offset + i], own = pci->own[pci->express + offset + i];
    __atomic_store_n (byte, (uint8_t)((*byte & ~own) | ((value >> 8 * i) & own)), __ATOMIC_RELEASE);
  }
}

bool
pci_express_train (PciDevice *port)
{
  PciDevice *device = pci_bus_device (port->secondary, 0);
  const bool up = device != NULL && !__atomic_load_n (&port->secondary->down, __ATOMIC_ACQUIRE);
  const uint16_t target = pci_load16 (port, port->express + PCI_EXP_LNKCTL2) & PCI_EXP_LNKCTL2_TLS;
  const uint16_t status = (uint16_t)(CLAMP (target, PCI_EXP_LNKSTA_CLS_2_5GB, LINK_SPEED) |
                                     LINK_WIDTH << PCI_EXP_LNKSTA_NLW_SHIFT);
  set_own (port, PCI_EXP_LNKSTA, up ? status | PCI_EXP_LNKSTA_DLLLA : 0);
  set_own (port, PCI_EXP_SLTSTA, device != NULL ? PCI_EXP_SLTSTA_PDS : 0);
  return up;
}

void
pci_express_reading (PciDevice *pci, unsigned offset, unsigned size)
{
  const PciBus *bus = pci_bus_of (pci);
  const PciDevice *port = bus != NULL ? bus->bridge : NULL;
  if (port != NULL && pci->express != 0 && pci_overlaps (offset, size, pci->express + PCI_EXP_LNKSTA, 2))
    set_own (pci, PCI_EXP_LNKSTA, pci_load16 (port, port->express + PCI_EXP_LNKSTA));
}
