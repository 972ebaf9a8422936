/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A root port of the root complex. Its one interrupt tells that the link was trained anew. */

#include "pci-internal.h"

#include <gio/gio.h>

enum { CLASS_BRIDGE_PCI = 0x0604 };

#define SLOT_NEXT UINT32_MAX /* the first number that is free in the chassis */
#define SLOT_MAX  0x1fff

typedef struct {
  PciDevice pci;
  uint32_t port, chassis, slot; /* properties */
  bool interrupting;            /* the condition for an interrupt holds */
} RootPort;

/* Whether another port has the number of the slot. */
static bool
slot_taken (const RootPort *port, uint32_t slot)
{
  for (unsigned n = 0; n < PCI_SLOT_COUNT; n++) {
    const PciDevice *pci = pci_bus_device (port->pci.bus, n << 3);
    if (pci == NULL || pci == &port->pci || pci->dev.class != port->pci.dev.class)
      continue;
    const RootPort *other = (const RootPort *)pci;
    if (other->chassis == port->chassis && other->slot == slot)
      return true;
  }
  return false;
}

static bool
choose_slot (RootPort *port, GError **error)
{
  if (port->slot != SLOT_NEXT && slot_taken (port, port->slot)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "%s: chassis %u has a slot %u already; give another slot= or chassis=, or leave slot= out",
                 port->pci.dev.path, port->chassis, port->slot);
    return false;
  }
  if (port->slot == SLOT_NEXT)
    for (port->slot = 0; slot_taken (port, port->slot);)
      port->slot++;
  return true;
}

/* The bus is the port's: its id, or "pcie.N" with the place of the port. */
static char *
bus_name (const PciDevice *pci)
{
  return pci->dev.id != NULL ? g_strdup (pci->dev.id) : g_strdup_printf ("pcie.%u", pci->devfn >> 3);
}

static void
port_init (Device *dev)
{
  PciDevice *pci = (PciDevice *)dev;
  pci->ids = (PciIds){ .vendor = 0x1b36, .device = 0x000c, .class = CLASS_BRIDGE_PCI, .intx = true };
  pci_bridge_init (pci);
}

/* SPEC: PCI Express Base 4.0, §6.1.6 and §7.5.3.8: an interrupt while a status bit and its enable are set; a
 * message each time that begins. */
static void
update_interrupt (RootPort *port)
{
  PciDevice *pci = &port->pci;
  const uint16_t status = pci_load16 (pci, pci->express + PCI_EXP_LNKSTA),
                 control = pci_load16 (pci, pci->express + PCI_EXP_LNKCTL);
  const bool now = (status & PCI_EXP_LNKSTA_LBMS && control & PCI_EXP_LNKCTL_LBMIE) ||
                   (status & PCI_EXP_LNKSTA_LABS && control & PCI_EXP_LNKCTL_LABIE);
  const bool begins = now && !port->interrupting;
  port->interrupting = now;
  pci_set_intx (pci, now && !pci_msi_enabled (pci));
  if (begins)
    pci_msi_notify (pci, 0);
}

static void
port_config_written (PciDevice *pci, unsigned offset, unsigned size)
{
  uint8_t *control = &pci->config[pci->express + PCI_EXP_LNKCTL],
          *status = &pci->config[pci->express + PCI_EXP_LNKSTA + 1];
  const bool retrain = *control & PCI_EXP_LNKCTL_RL, active = *status & PCI_EXP_LNKSTA_DLLLA >> 8;
  /* The bit is a command, which reads as zero. */
  __atomic_store_n (control, *control & (uint8_t)~PCI_EXP_LNKCTL_RL, __ATOMIC_RELEASE);
  /* A link also comes up, or goes down, with the reset of the bus and when it is disabled. */
  if ((retrain || active == pci->secondary->down) && pci_express_train (pci) && retrain)
    __atomic_store_n (status, *status | PCI_EXP_LNKSTA_LBMS >> 8, __ATOMIC_RELEASE);
  update_interrupt ((RootPort *)pci);
}

static bool
port_realize (Device *dev, GError **error)
{
  RootPort *port = (RootPort *)dev;
  PciDevice *pci = &port->pci;
  if (pci->bus == NULL || pci->bus->bridge != NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: a root port is part of the root complex; leave bus= out, or use the root's", dev->path);
    return false;
  }
  g_autofree char *name = bus_name (pci);
  if (pci_bus_find (pci->bus->root, name) != NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "%s: there is a bus %s already; give the port another id=", dev->path, name);
    return false;
  }
  if (!choose_slot (port, error))
    return false;
  pci_add_express_root_port (pci, (uint8_t)port->port, (uint16_t)port->slot);
  if (!pci_msi_init (pci, 1, true, true, error))
    return false;
  pci->config_written = port_config_written;
  pci->secondary = pci_bus_new_secondary (pci, name, 1);
  return true;
}

static void
port_unrealize (Device *dev)
{
  g_clear_pointer (&((PciDevice *)dev)->secondary, pci_bus_free);
}

static void
port_reset (Device *dev)
{
  RootPort *port = (RootPort *)dev;
  PciDevice *pci = &port->pci;
  port->interrupting = false;
  pci->config[pci->express + PCI_EXP_LNKCTL2] = PCI_EXP_LNKCTL2_TLS_16_0GT;
  pci_express_train (pci);
}

static const DeviceProp port_props[] = {
  { "port", DEVICE_PROP_UINT32, offsetof (RootPort, port), .max = 0xff, .help = "number of the port" },
  { "chassis", DEVICE_PROP_UINT32, offsetof (RootPort, chassis), .max = 0xff,
    .help = "number of the chassis that the slot is in" },
  { "slot", DEVICE_PROP_UINT32, offsetof (RootPort, slot), .initial = SLOT_NEXT, .max = SLOT_MAX,
    .help = "physical number of the slot, one of its own in each chassis (default: the next)" },
  { NULL },
};

static const DeviceSave port_saved[] = {
  { "interrupting", DEVICE_SAVE_BOOL, offsetof (RootPort, interrupting) },
  { NULL },
};

const DeviceClass pcie_root_port_class = {
  .name = "pcie-root-port",
  .bus = "PCI",
  .category = "Controller/Bridge/Hub devices",
  .help = "PCI Express root port: a bus with one slot for bus=ID",
  .size = sizeof (RootPort),
  .base = &pci_device_class,
  .props = port_props,
  .saved = port_saved,
  .user_creatable = true,
  .init = port_init,
  .realize = port_realize,
  .unrealize = port_unrealize,
  .reset = port_reset,
};

void
pci_register (void)
{
  device_class_register (&pcie_root_port_class);
}
