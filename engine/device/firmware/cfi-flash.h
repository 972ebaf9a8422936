/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A bank of NOR flash ("cfi-flash"): two chips of 16 bits side by side on a bus of 32, with Intel's command
 * set as the StrataFlash P30 family has it, described by a CFI table (JESD68, primary command set 0x0001).
 *
 * Both chips run the same command: a command or count stands in the low 16 bits of a bus word, a chip's
 * answer in both halves.  While the bank is read its region is MEMORY_ROMD; any other mode makes it
 * MEMORY_MMIO.  Operations take no time.  Programming clears bits and never sets any; erasing sets a block's.
 */

#include "block.h"
#include "device.h"

#define CFI_FLASH_BLOCK_SIZE  (256 * 1024) /* of both chips together */
#define CFI_FLASH_MAX_BLOCKS  256
#define CFI_FLASH_BUFFER_SIZE 4096 /* of both chips' program buffers together */

typedef struct {
  Device dev;
  /* Edge, set by the board before realize: the content, as large as the bank (or smaller, when read-only).
   * Programs and erasures are written through; all blocks are locked for good when it is read-only. NULL: the
   * content is lost with the machine and begins as zeroes. */
  Block *block;
  /* Property. */
  uint64_t size; /* bytes of the bank, a power of two */
  /* State. */
  MemoryRegion region;
  RamBlock *ram;
  bool locked_for_good;
  uint8_t mode;
  uint8_t status;                        /* register SR of both chips */
  uint8_t locks[CFI_FLASH_MAX_BLOCKS];   /* 1: locked, 2: locked down; zero after reset */
  uint8_t buffer[CFI_FLASH_BUFFER_SIZE]; /* ones where nothing is to be programmed */
  uint32_t buffer_base;                  /* where in the bank it is to go */
  uint32_t buffer_left;                  /* bytes announced and not written yet */
  bool buffer_begun, buffer_bad;
} CfiFlash;

extern const DeviceClass cfi_flash_class;
