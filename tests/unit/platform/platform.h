/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the platform devices' tests stand on: an address space, a clock, and stand-ins for what devices are
 * wired to. */

#include "device.h"
#include "register.h"

/* A fresh address space and a stopped clock at 0, and their end. */
extern MemoryMap *test_map;
extern Clock *test_clock;
void platform_begin (void);
void platform_end (void);

/* Accesses as a vCPU makes them; they must be accepted. */
uint64_t test_read (uint64_t addr, unsigned size);
void test_write (uint64_t addr, unsigned size, uint64_t value);

/* The other end of an interrupt line. */
typedef struct {
  gint level; /* atomic */
  gint rises;
} IrqProbe;
IrqLine irq_probe_line (IrqProbe *probe);
#define irq_level(probe) (g_atomic_int_get (&(probe)->level) != 0)
/* Waits for the level for up to five seconds. */
bool irq_wait (IrqProbe *probe, bool level);

/* Saves `from`, resets it, and loads the state into `to`, which may be the same. */
void test_restore (Device *from, Device *to);
/* The state with one member replaced must be refused. */
void test_refuse (Device *dev, const char *member, GVariant *value);
