/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A host bridge, somebody who takes messages, and devices to plug, as a guest sees them through the ECAM
 * window.
 */

#include "pci.h"

#include <linux/pci_regs.h>

#define ECAM       UINT64_C (0x30000000)
#define DOORBELL   UINT64_C (0x28000000)
#define TRANSLATER UINT64_C (0x7f000000) /* nothing is mapped there */
#define PIO        UINT64_C (0x03000000)

/* A device with a 32-bit BAR that has MSI-X inside, a 64-bit one and one of ports. */
typedef struct {
  PciDevice pci;
  MemoryRegion small, large, ports;
  uint64_t last_read, last_written;
  unsigned vectors;     /* of MSI-X; 0: none */
  unsigned msi_vectors; /* of MSI; 0: none */
  bool msi_64bit, msi_maskable;
  unsigned woken; /* how often DMA has become possible */
} Toy;

typedef struct {
  MemoryMap *map;
  RamBlock *ram;
  MemoryRegion ram_region, doorbell;
  PciBus *bus;
  PciHost *host;
  bool pins[4];
  unsigned pin_changes;
  unsigned messages;
  uint32_t last_message;
  uint64_t last_offset; /* of the doorbell */
  uint16_t last_requester;
} Board;

void board_open (Board *board, bool msi);
void board_close (Board *board);

/* On the root bus in slot `addr`, or the next one, realized and reset; or the same in two steps. */
Toy *plug_toy (Board *board, const char *addr);
Toy *toy_new (PciBus *bus, const char *addr);
Toy *toy_start (Toy *toy);

uint64_t get (Board *board, uint64_t addr, unsigned size);
void put (Board *board, uint64_t addr, unsigned size, uint64_t value);
/* Where a register of a slot is: on bus 0, or on another. */
uint64_t config_at (unsigned slot, unsigned reg);
uint64_t config_on (unsigned bus, unsigned slot, unsigned reg);
bool mapped_at (Board *board, uint64_t addr, const MemoryRegion *region);
/* By the config_at() or config_on() of a function's register 0; 0: it has none. */
unsigned capability_of (Board *board, uint64_t function, uint8_t id);
unsigned find_capability (Board *board, unsigned slot, uint8_t id);
