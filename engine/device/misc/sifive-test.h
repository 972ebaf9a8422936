/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The SiFive test device ("sifive,test1", "sifive,test0"): a write of 32 bits to its first register ends or
 * restarts the machine.  The low half says what (0x5555 power off, 0x3333 power off with a failure, 0x7777
 * reset), the high half is the failure's code.  A write of 16 bits is one with code 0. */

#include "device.h"

#define SIFIVE_TEST_SIZE 0x1000

typedef struct {
  Device dev;
  /* Edges, set by the board. Called on the vCPU's thread with the device's lock held: they ask, and return.
   */
  void (*power_off) (void *opaque, int exit_code);
  void (*restart) (void *opaque);
  void *opaque;
  MemoryRegion *region;
} SifiveTest;

extern const DeviceClass sifive_test_class;
