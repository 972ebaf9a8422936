/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Configuration space, BARs and interrupts of two root ports and a device behind one of them, by a guest made
 * of the input's bytes: each byte is a command, which takes its operands from the bytes after it. */

#include "board.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
  const uint8_t *at, *end;
} Input;

typedef struct {
  Board board;
  PciDevice *ports[2];
  Toy *toy;
} Tree;

#define SAVES_MAX 8 /* of one input: they cost far more time than accesses */

static uint64_t
take (Input *input, unsigned bytes)
{
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes && input->at < input->end; i++)
    value |= (uint64_t)*input->at++ << 8 * i;
  return value;
}

static void
must_realize (PciDevice *pci)
{
  g_autoptr (GError) error = NULL;
  if (!device_realize (&pci->dev, &error))
    g_error ("%s", error->message);
}

static void
tree_open (Tree *tree)
{
  board_open (&tree->board, true);
  for (unsigned i = 0; i < G_N_ELEMENTS (tree->ports); i++) {
    g_autofree char *path = g_strdup_printf ("/port%u", i);
    PciDevice *port = tree->ports[i] = (PciDevice *)device_new (&pcie_root_port_class, path);
    port->bus = tree->board.bus;
    port->addr = g_strdup_printf ("%u", 3 + i);
    must_realize (port);
  }
  tree->toy = toy_new (tree->ports[0]->secondary, NULL);
  tree->toy->msi_vectors = 8;
  tree->toy->msi_64bit = tree->toy->msi_maskable = true;
  must_realize (&tree->toy->pci);
  device_add_child (&tree->ports[0]->dev, &tree->toy->pci.dev);
  device_reset (&tree->ports[0]->dev);
  device_reset (&tree->ports[1]->dev);
}

static void
tree_close (Tree *tree)
{
  device_free (&tree->ports[0]->dev);
  device_free (&tree->ports[1]->dev);
  board_close (&tree->board);
}

/* A port's function, or what is at a bus number. */
static uint64_t
take_function (Input *input)
{
  const unsigned which = (unsigned)take (input, 1);
  return which < 2 ? config_at (3 + which, 0) : config_on (which, 0, 0);
}

static void
access_config (Tree *tree, Input *input, bool write)
{
  const uint64_t function = take_function (input), raw = take (input, 2);
  const unsigned size = 1u << (raw >> 14);
  const uint64_t addr = function + (raw & 0xfff & -(uint64_t)size);
  uint64_t value;
  if (write)
    memory_write (tree->board.map, addr, size, take (input, size));
  else
    memory_read (tree->board.map, addr, size, &value);
}

static void
access_bar (Tree *tree, Input *input, bool write)
{
  const MemoryRegion *bars[] = { &tree->toy->small, &tree->toy->large, &tree->toy->ports };
  const MemoryRegion *bar = bars[take (input, 1) % G_N_ELEMENTS (bars)];
  const uint64_t raw = take (input, 2);
  const unsigned size = 1u << (raw >> 14);
  uint64_t value;
  if (bar->map == NULL)
    return;
  const uint64_t addr = bar->base + (raw & 0x3fff & -(uint64_t)size) % bar->size;
  if (write)
    memory_write (tree->board.map, addr, size, take (input, size));
  else
    memory_read (tree->board.map, addr, size, &value);
}

/* What firmware does, so that inputs get further. */
static void
enumerate (Tree *tree)
{
  Board *board = &tree->board;
  const uint64_t port = config_at (3, 0), toy = config_on (5, 0, 0);
  put (board, port + PCI_PRIMARY_BUS, 4, 0x00050500);
  put (board, port + PCI_BRIDGE_CONTROL, 2, 0);
  put (board, port + PCI_MEMORY_BASE, 4, 0x40f04000);
  put (board, port + PCI_PREF_MEMORY_BASE, 4, 0x7ff07000);
  put (board, port + PCI_IO_BASE, 2, 0x2020);
  put (board, port + PCI_COMMAND, 2, 7);
  memory_write (board->map, toy + PCI_BASE_ADDRESS_0, 4, 0x40000000);
  memory_write (board->map, toy + PCI_BASE_ADDRESS_1, 4, 0x2000);
  memory_write (board->map, toy + PCI_BASE_ADDRESS_2, 8, 0x40100000);
  memory_write (board->map, toy + PCI_COMMAND, 2, 7);
}

/* What was saved fits what saved it. */
static void
save_and_restore (Tree *tree)
{
  g_autoptr (GError) error = NULL;
  Device *dev = &tree->ports[0]->dev;
  g_autoptr (GVariant) state = device_save (dev);
  device_reset (dev);
  if (!device_load (dev, state, &error))
    g_error ("a state that was just saved is refused: %s", error->message);
  g_autoptr (GVariant) again = device_save (dev);
  g_assert (g_variant_equal (state, again));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Input input = { data, data + size };
  Tree tree;
  unsigned saves = 0;
  tree_open (&tree);
  while (input.at < input.end)
    switch (take (&input, 1) % 10) {
      case 0: access_config (&tree, &input, true); break;
      case 1: access_config (&tree, &input, false); break;
      case 2: access_bar (&tree, &input, true); break;
      case 3: access_bar (&tree, &input, false); break;
      case 4: pci_set_intx (&tree.toy->pci, take (&input, 1) & 1); break;
      case 5: pci_msix_notify (&tree.toy->pci, (unsigned)take (&input, 1)); break;
      case 6: pci_msi_notify (&tree.toy->pci, (unsigned)take (&input, 1)); break;
      case 7: enumerate (&tree); break;
      case 8: device_reset (&tree.ports[take (&input, 1) & 1]->dev); break;
      default:
        if (saves++ < SAVES_MAX)
          save_and_restore (&tree);
    }
  tree_close (&tree);
  return 0;
}
