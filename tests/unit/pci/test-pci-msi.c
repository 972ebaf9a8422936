/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The MSI capability (PCI Local Bus 3.0, §6.8.1), as a guest programs it. */

#include "board.h"

#include <gio/gio.h>

/* A device in slot 2 with that capability, bus mastering on. */
typedef struct {
  Board board;
  Toy *toy;
  unsigned cap, data, mask, pending; /* offsets of registers; the last two are 0 where there are none */
} Fixture;

static void
fixture_open (Fixture *f, unsigned vectors, bool is_64bit, bool maskable)
{
  board_open (&f->board, true);
  Toy *toy = f->toy = toy_new (f->board.bus, "2");
  toy->vectors = 0;
  toy->msi_vectors = vectors;
  toy->msi_64bit = is_64bit;
  toy->msi_maskable = maskable;
  toy_start (toy);
  f->cap = find_capability (&f->board, 2, PCI_CAP_ID_MSI);
  g_assert_cmpuint (f->cap, !=, 0);
  f->data = f->cap + (is_64bit ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32);
  f->mask = maskable ? f->cap + (is_64bit ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32) : 0;
  f->pending = maskable ? f->cap + (is_64bit ? PCI_MSI_PENDING_64 : PCI_MSI_PENDING_32) : 0;
  put (&f->board, config_at (2, PCI_COMMAND), 2, PCI_COMMAND_MASTER);
}

static void
fixture_close (Fixture *f)
{
  device_free (&f->toy->pci.dev);
  board_close (&f->board);
}

static uint64_t
reg (Fixture *f, unsigned offset, unsigned size)
{
  return get (&f->board, config_at (2, offset), size);
}

static void
set_reg (Fixture *f, unsigned offset, unsigned size, uint64_t value)
{
  put (&f->board, config_at (2, offset), size, value);
}

/* The doorbell as address, and 1 << mme vectors. */
static void
enable (Fixture *f, unsigned mme, uint16_t data)
{
  set_reg (f, f->cap + PCI_MSI_ADDRESS_LO, 4, DOORBELL);
  set_reg (f, f->data, 2, data);
  set_reg (f, f->cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE | mme << 4);
}

static void
test_layout (void)
{
  for (unsigned form = 0; form < 4; form++)
    for (unsigned log2 = 0; log2 <= 5; log2++) {
      const bool is_64bit = form & 1, maskable = form & 2;
      const uint64_t all = (UINT64_C (1) << (1u << log2)) - 1;
      Fixture f;
      fixture_open (&f, 1u << log2, is_64bit, maskable);
      const uint64_t fixed =
          log2 << 1 | (is_64bit ? PCI_MSI_FLAGS_64BIT : 0) | (maskable ? PCI_MSI_FLAGS_MASKBIT : 0);
      g_assert_cmphex (reg (&f, f.cap + PCI_MSI_FLAGS, 2), ==, fixed);
      /* What is writable, and nothing else. */
      for (unsigned at = f.cap + PCI_MSI_FLAGS; at < f.cap + 24; at += 2)
        set_reg (&f, at, 2, 0xffff);
      g_assert_cmphex (reg (&f, f.cap + PCI_MSI_FLAGS, 2), ==,
                       fixed | PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
      g_assert_cmphex (reg (&f, f.cap + PCI_MSI_ADDRESS_LO, 4), ==, 0xfffffffc);
      if (is_64bit)
        g_assert_cmphex (reg (&f, f.cap + PCI_MSI_ADDRESS_HI, 4), ==, 0xffffffff);
      g_assert_cmphex (reg (&f, f.data, 4), ==, 0xffff);
      if (maskable) {
        g_assert_cmphex (reg (&f, f.mask, 4), ==, all);
        g_assert_cmphex (reg (&f, f.pending, 4), ==, 0);
      }
      device_reset (&f.toy->pci.dev);
      g_assert_cmphex (reg (&f, f.cap + PCI_MSI_FLAGS, 2), ==, fixed);
      g_assert_cmphex (reg (&f, f.cap + PCI_MSI_ADDRESS_LO, 4), ==, 0);
      fixture_close (&f);
    }
}

static void
test_vectors (void)
{
  Fixture f;
  fixture_open (&f, 8, true, false);
  pci_msi_notify (&f.toy->pci, 0);
  g_assert_false (pci_msi_enabled (&f.toy->pci));
  g_assert_cmpuint (pci_msi_vectors (&f.toy->pci), ==, 0);
  g_assert_cmpuint (f.board.messages, ==, 0);
  /* As many low bits of the data as there are vectors enabled say which it is. */
  enable (&f, 2, 0xbeef);
  g_assert_cmpuint (pci_msi_vectors (&f.toy->pci), ==, 4);
  for (unsigned n = 0; n < 4; n++) {
    pci_msi_notify (&f.toy->pci, n);
    g_assert_cmphex (f.board.last_message, ==, 0xbeec + n);
  }
  g_assert_cmpuint (f.board.messages, ==, 4);
  /* A vector that the guest has not enabled is the first one; more than there are, and reserved numbers of
   * them, are all there are. */
  pci_msi_notify (&f.toy->pci, 7);
  g_assert_cmphex (f.board.last_message, ==, 0xbeec);
  pci_msi_notify (&f.toy->pci, UINT_MAX);
  for (unsigned mme = 4; mme < 8; mme++) {
    enable (&f, mme, 0xffff);
    g_assert_cmpuint (pci_msi_vectors (&f.toy->pci), ==, 8);
    pci_msi_notify (&f.toy->pci, 5);
    g_assert_cmphex (f.board.last_message, ==, 0xfffd);
  }
  /* With one vector the data goes out as it is, in 32 bits. */
  enable (&f, 0, 0x8001);
  pci_msi_notify (&f.toy->pci, 0);
  g_assert_cmphex (f.board.last_message, ==, 0x8001);
  fixture_close (&f);
}

static void
test_addresses (void)
{
  Fixture f;
  fixture_open (&f, 1, true, false);
  enable (&f, 0, 1);
  set_reg (&f, f.cap + PCI_MSI_ADDRESS_LO, 4, DOORBELL + 0x107);
  pci_msi_notify (&f.toy->pci, 0);
  g_assert_cmphex (f.board.last_offset, ==, 0x104);
  /* Nowhere, to its own configuration space, to RAM. */
  set_reg (&f, f.cap + PCI_MSI_ADDRESS_HI, 4, 0xffffffff);
  pci_msi_notify (&f.toy->pci, 0);
  set_reg (&f, f.cap + PCI_MSI_ADDRESS_HI, 4, 0);
  set_reg (&f, f.cap + PCI_MSI_ADDRESS_LO, 4, config_at (2, PCI_COMMAND));
  pci_msi_notify (&f.toy->pci, 0);
  g_assert_cmphex (reg (&f, PCI_COMMAND, 2), ==, PCI_COMMAND_MASTER);
  set_reg (&f, f.cap + PCI_MSI_ADDRESS_LO, 4, 0x80000000);
  pci_msi_notify (&f.toy->pci, 0);
  g_assert_cmphex (get (&f.board, 0x80000000, 4), ==, 1);
  g_assert_cmpuint (f.board.messages, ==, 1);
  fixture_close (&f);
}

static void
test_masks (void)
{
  Fixture f;
  fixture_open (&f, 32, true, true);
  enable (&f, 5, 0x40);
  set_reg (&f, f.mask, 4, 0x80000002);
  pci_msi_notify (&f.toy->pci, 1);
  pci_msi_notify (&f.toy->pci, 31);
  pci_msi_notify (&f.toy->pci, 31);
  g_assert_cmpuint (f.board.messages, ==, 0);
  g_assert_cmphex (reg (&f, f.pending, 4), ==, 0x80000002);
  set_reg (&f, f.pending, 4, 0); /* read-only */
  g_assert_cmphex (reg (&f, f.pending, 4), ==, 0x80000002);
  pci_msi_notify (&f.toy->pci, 2);
  g_assert_cmphex (f.board.last_message, ==, 0x42);
  set_reg (&f, f.mask, 4, 2);
  g_assert_cmpuint (f.board.messages, ==, 2);
  g_assert_cmphex (f.board.last_message, ==, 0x5f);
  g_assert_cmphex (reg (&f, f.pending, 4), ==, 2);
  /* A vector that is taken away while it is pending has nowhere to go. */
  set_reg (&f, f.cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
  set_reg (&f, f.mask, 4, 0);
  g_assert_cmpuint (f.board.messages, ==, 2);
  g_assert_cmphex (reg (&f, f.pending, 4), ==, 0);
  fixture_close (&f);
}

/* Without bus mastering there are no messages, and none is lost, mask or no mask. */
static void
test_mastering (void)
{
  for (unsigned maskable = 0; maskable < 2; maskable++) {
    Fixture f;
    fixture_open (&f, 2, false, maskable);
    enable (&f, 1, 0x10);
    set_reg (&f, PCI_COMMAND, 2, 0);
    pci_msi_notify (&f.toy->pci, 1);
    g_assert_cmpuint (f.board.messages, ==, 0);
    set_reg (&f, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    g_assert_cmpuint (f.board.messages, ==, 1);
    g_assert_cmphex (f.board.last_message, ==, 0x11);
    fixture_close (&f);
  }
}

static void
test_save (void)
{
  for (unsigned maskable = 0; maskable < 2; maskable++) {
    g_autoptr (GError) error = NULL;
    Fixture f;
    fixture_open (&f, 4, true, maskable);
    enable (&f, 2, 0x20);
    set_reg (&f, PCI_COMMAND, 2, 0);
    pci_msi_notify (&f.toy->pci, 3);
    g_autoptr (GVariant) state = device_save (&f.toy->pci.dev);
    device_reset (&f.toy->pci.dev);
    set_reg (&f, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    enable (&f, 2, 0);
    g_assert_cmpuint (f.board.messages, ==, 0); /* the reset has forgotten it */
    g_assert_true (device_load (&f.toy->pci.dev, state, &error));
    g_assert_no_error (error);
    if (maskable)
      g_assert_cmphex (reg (&f, f.pending, 4), ==, 8);
    g_autoptr (GVariant) again = device_save (&f.toy->pci.dev);
    g_assert_true (g_variant_equal (state, again));
    set_reg (&f, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    g_assert_cmphex (f.board.last_message, ==, 0x23);
    /* Pending bits that the device cannot have. */
    g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (state);
    g_variant_dict_insert (&dict, "msi-pending", "u", 0x10);
    g_autoptr (GVariant) wrong = g_variant_ref_sink (g_variant_dict_end (&dict));
    g_assert_false (device_load (&f.toy->pci.dev, wrong, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    fixture_close (&f);
  }
}

static void
test_refused (void)
{
  static const unsigned bad[] = { 3, 33, 64 };
  Board board;
  board_open (&board, true);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    Toy *toy = toy_new (board.bus, NULL);
    toy->msi_vectors = bad[i];
    g_assert_false (device_realize (&toy->pci.dev, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    device_free (&toy->pci.dev);
  }
  board_close (&board);
  /* Where nobody takes messages there is no capability, and notifying does nothing. */
  board_open (&board, false);
  Toy *toy = toy_new (board.bus, "2");
  toy->msi_vectors = 1;
  toy_start (toy);
  g_assert_cmpuint (find_capability (&board, 2, PCI_CAP_ID_MSI), ==, 0);
  pci_msi_notify (&toy->pci, 0);
  g_assert_false (pci_msi_enabled (&toy->pci));
  device_free (&toy->pci.dev);
  board_close (&board);
}

/* Who tells senders apart is asked first. */
static void
test_requester (void)
{
  Fixture f;
  fixture_open (&f, 1, true, false);
  enable (&f, 0, 0x1234);
  pci_msi_notify (&f.toy->pci, 0);
  g_assert_cmphex (f.board.last_requester, ==, 2 << 3);
  g_assert_cmpuint (f.board.messages, ==, 1);
  set_reg (&f, f.cap + PCI_MSI_ADDRESS_LO, 4, TRANSLATER);
  pci_msi_notify (&f.toy->pci, 0);
  g_assert_cmpuint (f.board.messages, ==, 2);
  g_assert_cmphex (f.board.last_message, ==, 0x1234);
  fixture_close (&f);
}

/* Whatever is written to the capability: only the doorbell and RAM are reached, and bits that are fixed stay.
 */
static void
test_random (void)
{
  for (unsigned form = 0; form < 4; form++) {
    Fixture f;
    fixture_open (&f, 1u << g_test_rand_int_range (0, 6), form & 1, form & 2);
    const uint64_t fixed = reg (&f, f.cap, 4) & ~(uint64_t)(PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE) << 16;
    for (unsigned n = 0; n < 5000; n++) {
      const unsigned size = 1u << g_test_rand_int_range (0, 3);
      const unsigned at = (f.cap + (unsigned)g_test_rand_int_range (0, 24)) & ~(size - 1);
      set_reg (&f, at, size, (uint32_t)g_test_rand_int ());
      pci_msi_notify (&f.toy->pci, (unsigned)g_test_rand_int_range (0, 40));
      if (n % 16 == 0)
        set_reg (&f, PCI_COMMAND, 2, n & 16 ? PCI_COMMAND_MASTER : 0);
    }
    g_assert_cmphex (reg (&f, f.cap, 4) & ~(uint64_t)(PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE) << 16, ==,
                     fixed);
    fixture_close (&f);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pci/msi/layout", test_layout);
  g_test_add_func ("/pci/msi/vectors", test_vectors);
  g_test_add_func ("/pci/msi/addresses", test_addresses);
  g_test_add_func ("/pci/msi/masks", test_masks);
  g_test_add_func ("/pci/msi/mastering", test_mastering);
  g_test_add_func ("/pci/msi/save", test_save);
  g_test_add_func ("/pci/msi/refused", test_refused);
  g_test_add_func ("/pci/msi/requester", test_requester);
  g_test_add_func ("/pci/msi/random", test_random);
  return g_test_run ();
}
