/* SPDX-License-Identifier: GPL-3.0-or-later */

/* PCI through the ECAM window, as a guest sees it. */

#include "board.h"

#include <string.h>

static void
test_config (void)
{
  Board board;
  board_open (&board, true);
  Toy *toy = plug_toy (&board, "3");
  g_assert_cmphex (get (&board, config_at (0, 0), 4), ==, 0x00081b36);
  g_assert_cmphex (get (&board, config_at (3, 0), 4), ==, 0x56781234);
  g_assert_cmphex (get (&board, config_at (3, 0), 8) & 0xffffffff, ==, 0x56781234);
  g_assert_cmphex (get (&board, config_at (3, PCI_REVISION_ID), 1), ==, 9);
  g_assert_cmphex (get (&board, config_at (3, PCI_CLASS_DEVICE), 2), ==, 0x0880);
  g_assert_cmphex (get (&board, config_at (3, PCI_INTERRUPT_PIN), 1), ==, 1);
  /* Absent: other slots, functions and buses. */
  g_assert_cmphex (get (&board, config_at (4, 0), 4), ==, 0xffffffff);
  g_assert_cmphex (get (&board, config_at (4, 0), 8), ==, UINT64_MAX);
  g_assert_cmphex (get (&board, config_at (3, 0) + 0x1000, 4), ==, 0xffffffff);
  g_assert_cmphex (get (&board, ECAM + (1 << 20) + (3 << 15), 2), ==, 0xffff);
  put (&board, config_at (4, 4), 4, 7);
  /* Read-only bytes stay; the command register takes its bits. */
  put (&board, config_at (3, 0), 4, 0);
  g_assert_cmphex (get (&board, config_at (3, 0), 4), ==, 0x56781234);
  put (&board, config_at (3, PCI_COMMAND), 2, 0xffff);
  g_assert_cmphex (get (&board, config_at (3, PCI_COMMAND), 2), ==, 0x547);
  g_assert_true (pci_can_dma (&toy->pci));
  put (&board, config_at (3, PCI_COMMAND), 1, 0);
  g_assert_false (pci_can_dma (&toy->pci));
  put (&board, config_at (3, PCI_INTERRUPT_LINE), 1, 0x2a);
  g_assert_cmphex (get (&board, config_at (3, PCI_INTERRUPT_LINE), 1), ==, 0x2a);
  const unsigned express = find_capability (&board, 3, PCI_CAP_ID_EXP);
  g_assert_cmphex (get (&board, config_at (3, express + PCI_EXP_FLAGS), 2), ==, 0x92);
  g_assert_cmpuint (find_capability (&board, 3, PCI_CAP_ID_MSIX), !=, 0);
  g_assert_cmpuint (find_capability (&board, 3, PCI_CAP_ID_AGP), ==, 0);
  device_free (&toy->pci.dev);
  g_assert_cmphex (get (&board, config_at (3, 0), 4), ==, 0xffffffff);
  board_close (&board);
}

static void
test_bars (void)
{
  Board board;
  board_open (&board, true);
  Toy *toy = plug_toy (&board, NULL);
  const unsigned slot = toy->pci.devfn >> 3;
  g_assert_cmpuint (slot, ==, 1);
  /* Sizing, with decoding off and with it on. */
  for (unsigned command = 0; command <= 3; command += 3) {
    put (&board, config_at (slot, PCI_COMMAND), 2, command);
    for (unsigned i = 0; i < 6; i++)
      put (&board, config_at (slot, PCI_BASE_ADDRESS_0 + 4 * i), 4, 0xffffffff);
    g_assert_cmphex (get (&board, config_at (slot, PCI_BASE_ADDRESS_0), 4), ==, 0xffffe000);
    g_assert_cmphex (get (&board, config_at (slot, PCI_BASE_ADDRESS_1), 4), ==, 0xffffffe1);
    g_assert_cmphex (get (&board, config_at (slot, PCI_BASE_ADDRESS_2), 4), ==, 0xfff0000c);
    g_assert_cmphex (get (&board, config_at (slot, PCI_BASE_ADDRESS_3), 4), ==, 0xffffffff);
    g_assert_cmphex (get (&board, config_at (slot, PCI_BASE_ADDRESS_4), 4), ==, 0);
    g_assert_null (toy->small.map);
    g_assert_null (toy->large.map);
    g_assert_null (toy->ports.map);
  }
  put (&board, config_at (slot, PCI_BASE_ADDRESS_0), 4, 0x40001fff);
  put (&board, config_at (slot, PCI_BASE_ADDRESS_1), 4, 0x1000);
  put (&board, config_at (slot, PCI_BASE_ADDRESS_2), 4, 0x00100000);
  put (&board, config_at (slot, PCI_BASE_ADDRESS_3), 4, 0x4);
  g_assert_true (mapped_at (&board, 0x40000000, &toy->small));
  g_assert_true (mapped_at (&board, UINT64_C (0x4001fffff), &toy->large));
  g_assert_true (mapped_at (&board, PIO + 0x1000, &toy->ports));
  g_assert_cmphex (get (&board, UINT64_C (0x400100008), 4), ==, 0x55667788);
  g_assert_cmphex (toy->last_read, ==, 8);
  put (&board, config_at (slot, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
  g_assert_null (toy->ports.map);
  g_assert_nonnull (toy->small.map);
  /* Over RAM: the RAM is seen. Over another device's BAR: no harm. */
  put (&board, config_at (slot, PCI_BASE_ADDRESS_0), 4, 0x80000000);
  g_assert_true (mapped_at (&board, 0x80000000, &board.ram_region));
  put (&board, config_at (slot, PCI_BASE_ADDRESS_0), 4, 0x00102000);
  put (&board, config_at (slot, PCI_BASE_ADDRESS_3), 4, 0);
  g_assert_true (mapped_at (&board, 0x00103000, &toy->large) || mapped_at (&board, 0x00103000, &toy->small));
  /* The highest addresses, and beyond them. */
  put (&board, config_at (slot, PCI_BASE_ADDRESS_2), 4, 0xfff00000);
  put (&board, config_at (slot, PCI_BASE_ADDRESS_3), 4, 0xffffffff);
  g_assert_null (toy->large.map);
  device_reset (&toy->pci.dev);
  g_assert_null (toy->small.map);
  g_assert_cmphex (get (&board, config_at (slot, PCI_BASE_ADDRESS_2), 4), ==, 0xc);
  device_free (&toy->pci.dev);
  board_close (&board);
}

static void
test_intx (void)
{
  Board board;
  board_open (&board, false);
  Toy *one = plug_toy (&board, "1"), *five = plug_toy (&board, "5.0"), *two = plug_toy (&board, "2");
  g_assert_cmpuint (find_capability (&board, 1, PCI_CAP_ID_MSIX), ==, 0);
  pci_set_intx (&one->pci, true);
  g_assert_true (board.pins[1]);
  g_assert_cmphex (get (&board, config_at (1, PCI_STATUS), 2) & PCI_STATUS_INTERRUPT, ==,
                   PCI_STATUS_INTERRUPT);
  g_assert_cmphex (get (&board, config_at (5, PCI_STATUS), 2) & PCI_STATUS_INTERRUPT, ==, 0);
  pci_set_intx (&five->pci, true);
  pci_set_intx (&two->pci, true);
  g_assert_true (board.pins[2]);
  pci_set_intx (&one->pci, false);
  g_assert_true (board.pins[1]);
  /* Disabled, the pin falls; the status stays. */
  put (&board, config_at (5, PCI_COMMAND), 2, PCI_COMMAND_INTX_DISABLE);
  g_assert_false (board.pins[1]);
  g_assert_cmphex (get (&board, config_at (5, PCI_STATUS), 2) & PCI_STATUS_INTERRUPT, ==,
                   PCI_STATUS_INTERRUPT);
  put (&board, config_at (5, PCI_COMMAND), 2, 0);
  g_assert_true (board.pins[1]);
  device_free (&five->pci.dev);
  g_assert_false (board.pins[1]);
  device_reset (&two->pci.dev);
  g_assert_false (board.pins[2]);
  device_free (&one->pci.dev);
  device_free (&two->pci.dev);
  board_close (&board);
}

/* Sets a vector up at BAR 0 + 0x1000. */
static void
set_vector (Board *board, unsigned n, uint64_t address, uint32_t data, bool masked)
{
  const uint64_t entry = 0x40001000 + 16 * n;
  put (board, entry, 8, address);
  put (board, entry + 8, 4, data);
  put (board, entry + 12, 4, masked);
}

static void
test_msix (void)
{
  Board board;
  board_open (&board, true);
  Toy *toy = plug_toy (&board, "2");
  put (&board, config_at (2, PCI_BASE_ADDRESS_0), 4, 0x40000000);
  put (&board, config_at (2, PCI_COMMAND), 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  const unsigned cap = find_capability (&board, 2, PCI_CAP_ID_MSIX);
  g_assert_cmphex (get (&board, config_at (2, cap + PCI_MSIX_FLAGS), 2), ==, 64);
  g_assert_cmphex (get (&board, config_at (2, cap + PCI_MSIX_TABLE), 4), ==, 0x1000);
  g_assert_cmphex (get (&board, 0x4000100c, 4), ==, 1); /* masked after reset */
  pci_msix_notify (&toy->pci, 0);                       /* not enabled: nothing, not even pending */
  put (&board, config_at (2, cap + PCI_MSIX_FLAGS), 2, PCI_MSIX_FLAGS_ENABLE);
  g_assert_true (pci_msix_enabled (&toy->pci));
  set_vector (&board, 64, DOORBELL, 0x77, false);
  pci_msix_notify (&toy->pci, 64);
  g_assert_cmpuint (board.messages, ==, 1);
  g_assert_cmphex (board.last_message, ==, 0x77);
  pci_msix_notify (&toy->pci, 65);
  pci_msix_notify (&toy->pci, 0);
  g_assert_cmpuint (board.messages, ==, 1);
  g_assert_cmphex (get (&board, 0x40001800, 8), ==, 1);
  put (&board, 0x40001800, 8, 0); /* read-only */
  set_vector (&board, 0, DOORBELL, 0x11, false);
  g_assert_cmpuint (board.messages, ==, 2);
  g_assert_cmphex (get (&board, 0x40001800, 8), ==, 0);
  /* The function's mask, and bus mastering. */
  put (&board, config_at (2, cap + PCI_MSIX_FLAGS), 2, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
  pci_msix_notify (&toy->pci, 64);
  g_assert_cmphex (get (&board, 0x40001808, 8), ==, 1);
  put (&board, config_at (2, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
  put (&board, config_at (2, cap + PCI_MSIX_FLAGS), 2, PCI_MSIX_FLAGS_ENABLE);
  g_assert_cmpuint (board.messages, ==, 2);
  put (&board, config_at (2, PCI_COMMAND), 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  g_assert_cmpuint (board.messages, ==, 3);
  /* Around the tables the device's own registers are. */
  get (&board, 0x40000010, 4);
  g_assert_cmphex (toy->last_read, ==, 0x10);
  put (&board, 0x40001ff0, 2, 1);
  g_assert_cmphex (toy->last_written, ==, 0x1ff0);
  device_free (&toy->pci.dev);
  board_close (&board);
}

/* Messages that go to the device's own table, to configuration space, to nowhere. */
static void
test_msix_hostile (void)
{
  Board board;
  board_open (&board, true);
  Toy *toy = plug_toy (&board, "2");
  put (&board, config_at (2, PCI_BASE_ADDRESS_0), 4, 0x40000000);
  put (&board, config_at (2, PCI_COMMAND), 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  const unsigned cap = find_capability (&board, 2, PCI_CAP_ID_MSIX);
  put (&board, config_at (2, cap + PCI_MSIX_FLAGS), 2, PCI_MSIX_FLAGS_ENABLE);
  set_vector (&board, 0, 0x4000100c, 1, false); /* its own mask */
  set_vector (&board, 1, config_at (2, PCI_COMMAND), 0, false);
  set_vector (&board, 2, UINT64_C (0xfffffffffffffffc), 0, false);
  set_vector (&board, 3, 0x80000003, 0x5a5a5a5a, false);
  for (unsigned n = 0; n < 4; n++)
    pci_msix_notify (&toy->pci, n);
  g_assert_cmphex (get (&board, 0x4000100c, 4), ==, 0);
  g_assert_cmphex (get (&board, config_at (2, PCI_COMMAND), 2), ==, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  put (&board, 0x4000100e, 2, 0xffff); /* narrow writes of the table are dropped */
  g_assert_cmphex (get (&board, 0x4000100c, 4), ==, 0);
  device_free (&toy->pci.dev);
  board_close (&board);
}

static void
test_save (void)
{
  Board board;
  g_autoptr (GError) error = NULL;
  board_open (&board, true);
  Toy *toy = plug_toy (&board, "2");
  put (&board, config_at (2, PCI_BASE_ADDRESS_0), 4, 0x40000000);
  put (&board, config_at (2, PCI_COMMAND), 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  const unsigned cap = find_capability (&board, 2, PCI_CAP_ID_MSIX);
  put (&board, config_at (2, cap + PCI_MSIX_FLAGS), 2, PCI_MSIX_FLAGS_ENABLE);
  set_vector (&board, 3, DOORBELL, 0x33, true);
  pci_msix_notify (&toy->pci, 3);
  pci_set_intx (&toy->pci, true);
  g_autoptr (GVariant) state = device_save (&toy->pci.dev);
  device_reset (&toy->pci.dev);
  g_assert_null (toy->small.map);
  g_assert_false (board.pins[2]);
  g_assert_true (device_load (&toy->pci.dev, state, &error));
  g_assert_no_error (error);
  g_assert_true (mapped_at (&board, 0x40000000, &toy->small));
  g_assert_true (board.pins[2]);
  g_assert_cmphex (get (&board, 0x40001800, 8), ==, 8);
  put (&board, 0x4000103c, 4, 0);
  g_assert_cmphex (board.last_message, ==, 0x33);
  g_autoptr (GVariant) again = device_save (&toy->pci.dev);
  g_assert_false (g_variant_equal (state, again));
  /* Another device's state does not fit. */
  toy->pci.config[PCI_DEVICE_ID]++;
  g_assert_false (device_load (&toy->pci.dev, state, &error));
  g_assert_nonnull (error);
  device_free (&toy->pci.dev);
  board_close (&board);
}

static void
test_places (void)
{
  Board board;
  board_open (&board, true);
  Toy *toy = plug_toy (&board, "1f");
  static const char *const bad[] = { "0", "20", "1f", "1.1", "x", "1f.0", "-1", "1.", " 1" };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    Toy *other = toy_new (board.bus, bad[i]);
    g_assert_false (device_realize (&other->pci.dev, &error));
    g_assert_nonnull (error);
    device_free (&other->pci.dev);
  }
  Toy *toys[PCI_SLOT_COUNT];
  for (unsigned i = 1; i < 31; i++) {
    toys[i] = plug_toy (&board, NULL);
    g_assert_cmpuint (toys[i]->pci.devfn, ==, i << 3);
  }
  g_autoptr (GError) error = NULL;
  Toy *last = toy_new (board.bus, NULL);
  g_assert_false (device_realize (&last->pci.dev, &error));
  g_assert_nonnull (error);
  device_free (&last->pci.dev);
  g_autoptr (GString) text = g_string_new (NULL);
  pci_bus_print (board.bus, text);
  g_assert_nonnull (strstr (text->str, "1234:5678"));
  for (unsigned i = 1; i < 31; i++)
    device_free (&toys[i]->pci.dev);
  /* A realize that fails leaves the slot free. */
  Toy *many = toy_new (board.bus, NULL);
  many->vectors = 2000; /* the table does not fit the BAR */
  g_assert_false (device_realize (&many->pci.dev, NULL));
  g_assert_null (pci_bus_device (board.bus, 1 << 3));
  device_free (&many->pci.dev);
  device_free (&toy->pci.dev);
  board_close (&board);
}

/* Any access to configuration space and BARs is survived, and what cannot change does not. */
static void
test_random (void)
{
  Board board;
  board_open (&board, true);
  Toy *toy = plug_toy (&board, "2");
  static const unsigned sizes[] = { 1, 2, 4, 8 };
  for (unsigned n = 0; n < 20000; n++) {
    const unsigned size = sizes[g_test_rand_int_range (0, 4)];
    const unsigned reg = (unsigned)g_test_rand_int_range (0, n & 1 ? 0x100 : 0x1000) & ~(size - 1);
    const uint64_t value = (uint64_t)(uint32_t)g_test_rand_int () << 32 | (uint32_t)g_test_rand_int ();
    if (n & 2)
      put (&board, config_at (2, reg), size, value);
    else
      get (&board, config_at (2, reg), size);
    if (toy->small.map != NULL && mapped_at (&board, toy->small.base, &toy->small))
      put (&board, toy->small.base + (value & 0x1ff8), 8, value);
    pci_msix_notify (&toy->pci, (unsigned)g_test_rand_int_range (0, 70));
  }
  g_assert_cmphex (get (&board, config_at (2, 0), 4), ==, 0x56781234);
  device_free (&toy->pci.dev);
  board_close (&board);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pci/config", test_config);
  g_test_add_func ("/pci/bars", test_bars);
  g_test_add_func ("/pci/intx", test_intx);
  g_test_add_func ("/pci/msix", test_msix);
  g_test_add_func ("/pci/msix-hostile", test_msix_hostile);
  g_test_add_func ("/pci/save", test_save);
  g_test_add_func ("/pci/places", test_places);
  g_test_add_func ("/pci/random", test_random);
  return g_test_run ();
}
