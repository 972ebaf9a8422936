/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A root port and a device behind it, as firmware and a guest's kernel see them. */

#include "board.h"

#include <string.h>

/* The port is in slot 3, the device behind it in the slot of its bus. */
typedef struct {
  Board board;
  PciDevice *port;
  Toy *toy;
  unsigned express;
} Fixture;

static PciDevice *
new_port (PciBus *bus, const char *id, const char *addr)
{
  g_autofree char *path = g_strdup_printf ("/port-%s", id != NULL ? id : addr);
  PciDevice *port = (PciDevice *)device_new (&pcie_root_port_class, path);
  port->bus = bus;
  port->addr = g_strdup (addr);
  port->dev.id = g_strdup (id);
  return port;
}

static void
fixture_open (Fixture *f, bool msi)
{
  g_autoptr (GError) error = NULL;
  board_open (&f->board, msi);
  f->port = new_port (f->board.bus, "rp0", "3");
  device_realize (&f->port->dev, &error);
  g_assert_no_error (error);
  f->toy = toy_new (f->port->secondary, NULL);
  device_realize (&f->toy->pci.dev, &error);
  g_assert_no_error (error);
  device_add_child (&f->port->dev, &f->toy->pci.dev);
  device_reset (&f->port->dev);
  f->express = find_capability (&f->board, 3, PCI_CAP_ID_EXP);
}

static void
fixture_close (Fixture *f)
{
  device_free (&f->port->dev);
  board_close (&f->board);
}

static uint64_t
port_get (Fixture *f, unsigned reg, unsigned size)
{
  return get (&f->board, config_at (3, reg), size);
}

static void
port_put (Fixture *f, unsigned reg, unsigned size, uint64_t value)
{
  put (&f->board, config_at (3, reg), size, value);
}

static void
set_buses (Fixture *f, unsigned secondary, unsigned subordinate)
{
  port_put (f, PCI_PRIMARY_BUS, 4, secondary << 8 | subordinate << 16);
}

static const uint64_t toy_config = ECAM + (5 << 20); /* the device's, on bus 5 */

/* Everything on, the device's BARs inside the windows. */
static void
set_up (Fixture *f)
{
  set_buses (f, 5, 5);
  port_put (f, PCI_IO_BASE, 2, 0x2020);
  port_put (f, PCI_MEMORY_BASE, 4, 0x40104010);
  port_put (f, PCI_PREF_MEMORY_BASE, 4, 0x00100010);
  port_put (f, PCI_PREF_BASE_UPPER32, 4, 4);
  port_put (f, PCI_PREF_LIMIT_UPPER32, 4, 4);
  port_put (f, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  put (&f->board, toy_config + PCI_BASE_ADDRESS_0, 4, 0x40100000);
  put (&f->board, toy_config + PCI_BASE_ADDRESS_1, 4, 0x2000);
  put (&f->board, toy_config + PCI_BASE_ADDRESS_2, 4, 0x00100000);
  put (&f->board, toy_config + PCI_BASE_ADDRESS_3, 4, 4);
  put (&f->board, toy_config + PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void
test_header (void)
{
  Fixture f;
  fixture_open (&f, true);
  g_assert_cmphex (port_get (&f, PCI_CLASS_DEVICE, 2), ==, 0x0604);
  g_assert_cmphex (port_get (&f, PCI_HEADER_TYPE, 1), ==, PCI_HEADER_TYPE_BRIDGE);
  for (unsigned reg = PCI_BASE_ADDRESS_0; reg < PCI_CAPABILITY_LIST; reg += 4)
    port_put (&f, reg, 4, 0xffffffff);
  port_put (&f, PCI_ROM_ADDRESS1, 4, 0xffffffff);
  g_assert_cmphex (port_get (&f, PCI_BASE_ADDRESS_0, 8), ==, 0);
  g_assert_cmphex (port_get (&f, PCI_PRIMARY_BUS, 4), ==, 0x00ffffff);
  g_assert_cmphex (port_get (&f, PCI_IO_BASE, 4), ==, 0x0000f0f0);
  g_assert_cmphex (port_get (&f, PCI_MEMORY_BASE, 4), ==, 0xfff0fff0);
  g_assert_cmphex (port_get (&f, PCI_PREF_MEMORY_BASE, 4), ==, 0xfff1fff1);
  g_assert_cmphex (port_get (&f, PCI_PREF_BASE_UPPER32, 8), ==, UINT64_MAX);
  g_assert_cmphex (port_get (&f, PCI_IO_BASE_UPPER16, 4), ==, 0);
  g_assert_cmphex (port_get (&f, PCI_ROM_ADDRESS1, 4), ==, 0);
  g_assert_cmphex (port_get (&f, PCI_INTERRUPT_PIN, 1), ==, 1);
  device_reset (&f.port->dev);
  g_assert_cmphex (port_get (&f, PCI_PREF_MEMORY_BASE, 4), ==, 0x00010001);
  g_assert_cmphex (port_get (&f, PCI_SUBORDINATE_BUS, 1), ==, 0);
  g_assert_cmpuint (find_capability (&f.board, 3, PCI_CAP_ID_MSI), !=, 0);
  fixture_close (&f);
}

static void
test_express (void)
{
  Fixture f;
  fixture_open (&f, true);
  set_up (&f);
  const uint64_t flags = port_get (&f, f.express + PCI_EXP_FLAGS, 2);
  g_assert_cmphex (flags, ==, 2 | PCI_EXP_TYPE_ROOT_PORT << 4 | PCI_EXP_FLAGS_SLOT);
  const uint64_t slot = port_get (&f, f.express + PCI_EXP_SLTCAP, 4);
  g_assert_cmphex (slot & (PCI_EXP_SLTCAP_HPS | PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_PCP), ==, 0);
  g_assert_cmphex (port_get (&f, f.express + PCI_EXP_SLTSTA, 2), ==, PCI_EXP_SLTSTA_PDS);
  port_put (&f, f.express + PCI_EXP_SLTCTL, 2, 0xffff);
  g_assert_cmphex (port_get (&f, f.express + PCI_EXP_SLTCTL, 2), ==, 0);
  g_assert_cmphex (port_get (&f, f.express + PCI_EXP_LNKSTA, 2), ==, PCI_EXP_LNKSTA_DLLLA | 16 << 4 | 4);
  const unsigned toy = capability_of (&f.board, toy_config, PCI_CAP_ID_EXP);
  g_assert_cmphex (get (&f.board, toy_config + toy + PCI_EXP_FLAGS, 2), ==, 2);
  g_assert_cmphex (get (&f.board, toy_config + toy + PCI_EXP_LNKSTA, 2), ==, 16 << 4 | 4);
  g_assert_cmphex (get (&f.board, toy_config + toy + PCI_EXP_LNKCAP, 4) & 0x3ff, ==, 16 << 4 | 4);
  fixture_close (&f);
}

/* Trained anew the link is as fast as was asked, both ends say so, and who wants to know is told. */
static void
test_training (void)
{
  for (unsigned msi = 0; msi < 2; msi++) {
    Fixture f;
    fixture_open (&f, true);
    set_up (&f);
    const unsigned toy = capability_of (&f.board, toy_config, PCI_CAP_ID_EXP);
    const unsigned cap = find_capability (&f.board, 3, PCI_CAP_ID_MSI);
    port_put (&f, cap + PCI_MSI_ADDRESS_LO, 4, DOORBELL);
    port_put (&f, cap + PCI_MSI_DATA_64, 2, 0x99);
    port_put (&f, cap + PCI_MSI_FLAGS, 2, msi);
    port_put (&f, f.express + PCI_EXP_LNKCTL2, 2, 2);
    g_assert_cmphex (port_get (&f, f.express + PCI_EXP_LNKSTA, 2) & 15, ==, 4);
    port_put (&f, f.express + PCI_EXP_LNKCTL, 2, PCI_EXP_LNKCTL_RL | PCI_EXP_LNKCTL_LBMIE);
    g_assert_cmphex (port_get (&f, f.express + PCI_EXP_LNKCTL, 2), ==, PCI_EXP_LNKCTL_LBMIE);
    g_assert_cmphex (port_get (&f, f.express + PCI_EXP_LNKSTA, 2), ==,
                     PCI_EXP_LNKSTA_LBMS | PCI_EXP_LNKSTA_DLLLA | 16 << 4 | 2);
    g_assert_cmphex (get (&f.board, toy_config + toy + PCI_EXP_LNKSTA, 2), ==, 16 << 4 | 2);
    g_assert_cmpuint (f.board.messages, ==, msi);
    g_assert_cmpuint (f.board.pins[3], ==, !msi);
    /* Once until it is acknowledged. */
    port_put (&f, f.express + PCI_EXP_LNKCTL, 2, PCI_EXP_LNKCTL_RL | PCI_EXP_LNKCTL_LBMIE);
    g_assert_cmpuint (f.board.messages, ==, msi);
    port_put (&f, f.express + PCI_EXP_LNKSTA, 2, PCI_EXP_LNKSTA_LBMS);
    g_assert_false (f.board.pins[3]);
    /* Speeds that do not exist. */
    port_put (&f, f.express + PCI_EXP_LNKCTL2, 2, 15);
    port_put (&f, f.express + PCI_EXP_LNKCTL, 2, PCI_EXP_LNKCTL_RL);
    g_assert_cmphex (port_get (&f, f.express + PCI_EXP_LNKSTA, 2) & 15, ==, 4);
    port_put (&f, f.express + PCI_EXP_LNKCTL2, 2, 0);
    port_put (&f, f.express + PCI_EXP_LNKCTL, 2, PCI_EXP_LNKCTL_RL);
    g_assert_cmphex (port_get (&f, f.express + PCI_EXP_LNKSTA, 2) & 15, ==, 1);
    fixture_close (&f);
  }
}

static bool
is_toy (Fixture *f, unsigned bus, unsigned slot)
{
  const uint64_t ids = get (&f->board, config_on (bus, slot, 0), 4);
  g_assert_true (ids == 0x56781234 || ids == 0xffffffff || (bus == 0 && (slot == 0 || slot == 3)));
  return ids == 0x56781234;
}

static void
test_buses (void)
{
  Fixture f;
  fixture_open (&f, true);
  for (unsigned bus = 0; bus < 256; bus++)
    g_assert_false (is_toy (&f, bus, 0));
  set_buses (&f, 5, 7);
  for (unsigned bus = 0; bus < 256; bus++)
    for (unsigned slot = 0; slot < 4; slot++)
      g_assert_true (is_toy (&f, bus, slot) == (bus == 5 && slot == 0));
  g_assert_cmphex (get (&f.board, toy_config + (1 << 12), 4), ==, 0xffffffff); /* another function */
  set_buses (&f, 255, 255);
  g_assert_true (is_toy (&f, 255, 0));
  set_buses (&f, 5, 4); /* none */
  g_assert_false (is_toy (&f, 5, 0));
  set_buses (&f, 0, 255); /* the root's number is the root's */
  for (unsigned bus = 0; bus < 256; bus++)
    g_assert_false (is_toy (&f, bus, 0));
  fixture_close (&f);
}

static void
test_windows (void)
{
  Fixture f;
  fixture_open (&f, true);
  set_up (&f);
  g_assert_true (mapped_at (&f.board, 0x40100000, &f.toy->small));
  g_assert_true (mapped_at (&f.board, PIO + 0x2000, &f.toy->ports));
  g_assert_true (mapped_at (&f.board, UINT64_C (0x400100000), &f.toy->large));
  get (&f.board, 0x40100010, 4);
  g_assert_cmphex (f.toy->last_read, ==, 0x10);
  /* A window moves away, and comes back; is turned inside out; is switched off. */
  port_put (&f, PCI_MEMORY_BASE, 4, 0x41104110);
  g_assert_null (f.toy->small.map);
  g_assert_nonnull (f.toy->large.map);
  port_put (&f, PCI_MEMORY_BASE, 4, 0x40204000);
  g_assert_nonnull (f.toy->small.map);
  port_put (&f, PCI_MEMORY_BASE, 4, 0x40004020);
  g_assert_null (f.toy->small.map);
  port_put (&f, PCI_PREF_LIMIT_UPPER32, 4, 3);
  g_assert_null (f.toy->large.map);
  port_put (&f, PCI_PREF_LIMIT_UPPER32, 1, 4);
  g_assert_nonnull (f.toy->large.map);
  port_put (&f, PCI_IO_BASE, 2, 0x3030);
  g_assert_null (f.toy->ports.map);
  port_put (&f, PCI_IO_BASE, 2, 0xf000);
  g_assert_nonnull (f.toy->ports.map);
  port_put (&f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
  g_assert_null (f.toy->ports.map);
  g_assert_nonnull (f.toy->large.map);
  port_put (&f, PCI_COMMAND, 2, 0);
  g_assert_null (f.toy->large.map);
  /* Prefetchable or not, either window lets memory through; a BAR that only begins in one is not forwarded.
   */
  port_put (&f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
  port_put (&f, PCI_PREF_MEMORY_BASE, 4, 0x40104010);
  port_put (&f, PCI_PREF_BASE_UPPER32, 8, 0);
  g_assert_true (mapped_at (&f.board, 0x40100000, &f.toy->small));
  put (&f.board, toy_config + PCI_BASE_ADDRESS_0, 4, 0x40200000);
  g_assert_null (f.toy->small.map);
  put (&f.board, toy_config + PCI_BASE_ADDRESS_0, 4, 0x401fe000);
  g_assert_nonnull (f.toy->small.map);
  /* Everything. */
  port_put (&f, PCI_PREF_MEMORY_BASE, 4, 0xfff00000);
  port_put (&f, PCI_PREF_LIMIT_UPPER32, 4, 0xffffffff);
  g_assert_nonnull (f.toy->small.map);
  g_assert_nonnull (f.toy->large.map);
  fixture_close (&f);
}

static void
test_mastering (void)
{
  Fixture f;
  fixture_open (&f, true);
  set_up (&f);
  const unsigned cap = capability_of (&f.board, toy_config, PCI_CAP_ID_MSIX);
  put (&f.board, toy_config + cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
  put (&f.board, 0x40101000, 8, DOORBELL);
  put (&f.board, 0x40101008, 8, 0x77);
  g_assert_true (pci_can_dma (&f.toy->pci));
  port_put (&f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
  g_assert_false (pci_can_dma (&f.toy->pci));
  pci_msix_notify (&f.toy->pci, 0);
  g_assert_cmpuint (f.board.messages, ==, 0);
  const unsigned woken = f.toy->woken;
  port_put (&f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  g_assert_cmpuint (f.toy->woken, ==, woken + 1);
  g_assert_cmphex (f.board.last_message, ==, 0x77);
  put (&f.board, toy_config + PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
  g_assert_false (pci_can_dma (&f.toy->pci));
  port_put (&f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  g_assert_cmpuint (f.toy->woken, ==, woken + 1);
  fixture_close (&f);
}

/* INTA of the device is INTA of the port, whose slot says which line that is. */
static void
test_intx (void)
{
  Fixture f;
  fixture_open (&f, false);
  set_up (&f);
  g_assert_cmpuint (find_capability (&f.board, 3, PCI_CAP_ID_MSI), ==, 0);
  Toy *seven = plug_toy (&f.board, "7");
  pci_set_intx (&f.toy->pci, true);
  g_assert_true (f.board.pins[3]);
  g_assert_cmphex (port_get (&f, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, ==, 0);
  pci_set_intx (&seven->pci, true);
  port_put (&f, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE); /* not of what passes through */
  pci_set_intx (&seven->pci, false);
  g_assert_true (f.board.pins[3]);
  put (&f.board, toy_config + PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
  g_assert_false (f.board.pins[3]);
  g_assert_cmpuint (f.board.pin_changes, ==, 2);
  device_free (&seven->pci.dev);
  fixture_close (&f);
}

/* While its bus is in reset or its link disabled the device cannot be reached, and it is reset. */
static void
test_reset (void)
{
  for (unsigned form = 0; form < 2; form++) {
    Fixture f;
    fixture_open (&f, true);
    set_up (&f);
    const unsigned at = form ? f.express + PCI_EXP_LNKCTL : PCI_BRIDGE_CONTROL;
    const unsigned bit = form ? PCI_EXP_LNKCTL_LD : PCI_BRIDGE_CTL_BUS_RESET;
    pci_set_intx (&f.toy->pci, true);
    port_put (&f, at, 2, bit);
    g_assert_false (is_toy (&f, 5, 0));
    g_assert_false (f.board.pins[3]);
    g_assert_null (f.toy->small.map);
    g_assert_cmphex (port_get (&f, f.express + PCI_EXP_LNKSTA, 2), ==, 0);
    put (&f.board, toy_config + PCI_COMMAND, 2, 7); /* does not arrive */
    g_autoptr (GVariant) state = device_save (&f.port->dev);
    port_put (&f, at, 2, 0);
    g_assert_cmphex (port_get (&f, f.express + PCI_EXP_LNKSTA, 2) & PCI_EXP_LNKSTA_DLLLA, !=, 0);
    g_assert_true (is_toy (&f, 5, 0));
    g_assert_cmphex (get (&f.board, toy_config + PCI_COMMAND, 2), ==, 0);
    g_assert_true (device_load (&f.port->dev, state, NULL));
    g_assert_false (is_toy (&f, 5, 0));
    device_reset (&f.port->dev);
    set_buses (&f, 5, 5);
    g_assert_true (is_toy (&f, 5, 0));
    fixture_close (&f);
  }
}

static void
test_save (void)
{
  g_autoptr (GError) error = NULL;
  Fixture f;
  fixture_open (&f, true);
  set_up (&f);
  port_put (&f, f.express + PCI_EXP_LNKCTL2, 2, 3);
  port_put (&f, f.express + PCI_EXP_LNKCTL, 2, PCI_EXP_LNKCTL_RL | PCI_EXP_LNKCTL_LBMIE);
  pci_set_intx (&f.toy->pci, true);
  g_autoptr (GVariant) state = device_save (&f.port->dev);
  device_reset (&f.port->dev);
  g_assert_null (f.toy->small.map);
  g_assert_false (f.board.pins[3]);
  g_assert_true (device_load (&f.port->dev, state, &error));
  g_assert_no_error (error);
  g_assert_true (is_toy (&f, 5, 0));
  g_assert_true (mapped_at (&f.board, 0x40100000, &f.toy->small));
  g_assert_true (mapped_at (&f.board, UINT64_C (0x400100000), &f.toy->large));
  g_assert_true (f.board.pins[3]);
  g_autoptr (GVariant) again = device_save (&f.port->dev);
  g_assert_true (g_variant_equal (state, again));
  fixture_close (&f);
}

static void
test_places (void)
{
  static const struct {
    const char *id, *addr, *slot;
    bool below, ok;
  } ports[] = {
    { "rp1", "4", NULL, false, true },  { NULL, "5", NULL, false, true }, { "rp0", "6", NULL, false, false },
    { "rp2", "6", "0", false, false },  { "rp2", "6", "9", false, true }, { "rp3", "7", "9", false, false },
    { "rp4", NULL, NULL, true, false },
  };
  GPtrArray *made = g_ptr_array_new ();
  Fixture f;
  fixture_open (&f, true);
  for (unsigned i = 0; i < G_N_ELEMENTS (ports); i++) {
    g_autoptr (GError) error = NULL;
    PciDevice *port = new_port (ports[i].below ? f.port->secondary : f.board.bus, ports[i].id, ports[i].addr);
    if (ports[i].slot != NULL)
      g_assert_true (device_set (&port->dev, "slot", ports[i].slot, NULL));
    g_assert_true (device_realize (&port->dev, &error) == ports[i].ok);
    g_assert_true ((error == NULL) == ports[i].ok);
    if (ports[i].ok)
      g_ptr_array_add (made, port);
    else
      device_free (&port->dev);
  }
  g_autofree char *slot = device_get (made->pdata[1], "slot");
  g_assert_cmpstr (slot, ==, "2"); /* after 0 and 1 */
  g_assert_true (pci_bus_find (f.board.bus, "rp0") == f.port->secondary);
  g_assert_true (pci_bus_find (f.board.bus, "pcie.5") == ((PciDevice *)made->pdata[1])->secondary);
  g_assert_null (pci_bus_find (f.board.bus, "rp9"));
  /* The slot behind the port is taken, and there is but one. */
  static const char *const addrs[] = { NULL, "0", "1" };
  for (unsigned i = 0; i < G_N_ELEMENTS (addrs); i++) {
    g_autoptr (GError) error = NULL;
    Toy *toy = toy_new (f.port->secondary, addrs[i]);
    g_assert_false (device_realize (&toy->pci.dev, &error));
    g_assert_nonnull (error);
    device_free (&toy->pci.dev);
  }
  set_up (&f);
  g_autoptr (GString) text = g_string_new (NULL);
  pci_bus_print (f.board.bus, text);
  g_assert_nonnull (strstr (text->str, "secondary bus 5"));
  g_assert_nonnull (strstr (text->str, "memory range [0x40100000, 0x401fffff]"));
  g_assert_nonnull (strstr (text->str, "Bus  5, device   0, function 0:"));
  for (unsigned i = 0; i < made->len; i++)
    device_free (made->pdata[i]);
  g_ptr_array_unref (made);
  fixture_close (&f);
}

/* Any access to both configuration spaces is survived, and what cannot change does not. */
static void
test_random (void)
{
  Fixture f;
  fixture_open (&f, true);
  for (unsigned n = 0; n < 20000; n++) {
    const unsigned size = 1u << g_test_rand_int_range (0, 4);
    const unsigned reg = (unsigned)g_test_rand_int_range (0, n & 1 ? 0x40 : 0x100) & ~(size - 1);
    const uint64_t value = (uint64_t)(uint32_t)g_test_rand_int () << 32 | (uint32_t)g_test_rand_int ();
    if (n % 64 == 0)
      set_up (&f);
    else if (n & 2)
      put (&f.board, (n & 4 ? toy_config : config_at (3, 0)) + reg, size, value);
    else
      get (&f.board, (n & 4 ? toy_config : config_at (3, 0)) + reg, size);
    pci_set_intx (&f.toy->pci, n & 8);
    pci_msix_notify (&f.toy->pci, 0);
    pci_msi_notify (f.port, 0);
  }
  g_assert_cmphex (port_get (&f, PCI_CLASS_DEVICE, 2), ==, 0x0604);
  device_reset (&f.port->dev);
  set_buses (&f, 5, 5);
  g_assert_true (is_toy (&f, 5, 0));
  fixture_close (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pcie-root-port/header", test_header);
  g_test_add_func ("/pcie-root-port/express", test_express);
  g_test_add_func ("/pcie-root-port/training", test_training);
  g_test_add_func ("/pcie-root-port/buses", test_buses);
  g_test_add_func ("/pcie-root-port/windows", test_windows);
  g_test_add_func ("/pcie-root-port/mastering", test_mastering);
  g_test_add_func ("/pcie-root-port/intx", test_intx);
  g_test_add_func ("/pcie-root-port/reset", test_reset);
  g_test_add_func ("/pcie-root-port/save", test_save);
  g_test_add_func ("/pcie-root-port/places", test_places);
  g_test_add_func ("/pcie-root-port/random", test_random);
  return g_test_run ();
}
