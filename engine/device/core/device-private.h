/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of the device core share. */

#include "register.h"

/* An element of Device.banks. */
typedef struct {
  RegisterBank bank; /* must be first: a copy of the device's */
  MemoryRegion region;
  MmioOps ops;
  Device *dev;
  unsigned n;      /* registers */
  uint64_t *reach; /* where regs[0] to regs[i] end at most: how far back a search must look (arrays may
                      interleave) */
} DeviceBank;

void device_bank_free (gpointer bank);

/* Registers as the saved state sees them. */
static inline unsigned
register_count (const Register *reg)
{
  return reg->count == 0 ? 1 : reg->count;
}

static inline uint64_t
register_size_mask (unsigned size)
{
  return size >= 8 ? ~UINT64_C (0) : (UINT64_C (1) << 8 * size) - 1;
}

uint64_t register_load (const void *member, unsigned size);
void register_store (void *member, unsigned size, uint64_t value);

/* The members' defaults, and what they own. */
void device_props_init (Device *dev);
void device_props_free (Device *dev);
