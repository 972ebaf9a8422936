/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Register tables: the one statement of a register's offset, width, reset value, masks and saved state.
 *
 * A bank is a `static const RegisterBank`; its registers' values are members of the device's struct.
 * device_add_bank() gives a MemoryRegion whose accesses are checked, traced and dispatched from the table,
 * under the device's lock. */

#include "device.h"

typedef struct {
  const char *name;       /* the specification's */
  uint32_t offset;        /* first byte in the bank */
  uint8_t size;           /* bytes: 1, 2, 4 or 8 */
  uint32_t count, stride; /* an array of registers, `stride` bytes apart; count 0: one */
  size_t member;          /* offset in the device's struct of its value (an array of uintN_t of `size`) */
  bool stored;            /* false: no member; the hooks are all there is */
  uint64_t reset;
  uint64_t writable;   /* bits a write sets */
  uint64_t w1c;        /* bits that writing one clears */
  uint64_t read_clear; /* bits that reading clears */
  /* `index` is the element of an array (else 0). A read hook gives the value (the stored one is passed); a
   * write hook gets what was written, after the masks were applied to the stored value. */
  uint64_t (*read) (Device *dev, unsigned index, uint64_t stored);
  void (*write) (Device *dev, unsigned index, uint64_t written, uint64_t old);
  bool no_reset; /* survives reset */
} Register;

struct RegisterBank {
  const char *name;
  uint64_t size; /* bytes of address space */
  unsigned min_access,
      max_access; /* 1, 4, 8: sizes the bus accepts (0: 1 and 8); registers may be accessed in parts only
                     when narrow_parts, those of 8 bytes in halves also when wide_halves */
  bool narrow_parts, wide_halves;
  const Register *regs; /* sorted by offset, ended by name NULL */
};

/* REGISTER_AT (Uart, lcr): member and stored of a Register. */
#define REGISTER_AT(type, field) .member = offsetof (type, field), .stored = true

/* Adds the bank, whose registers get their reset values; returns its region, to be mapped by the board (owned
 * by the device). `bank` must live as long as the device. */
MemoryRegion *device_add_bank (Device *dev, const RegisterBank *bank);
/* The region of the bank with that name, or NULL. */
MemoryRegion *device_bank_region (Device *dev, const char *bank);
/* The same dispatch for banks that are reached otherwise (PCI capabilities, tests).
 *
 * An access may cover several registers; where there is none it reads 0. When a part of a register is
 * written, its write hook gets the other bytes as they are stored (w1c bits as 0); of a register that is not
 * stored, as 0, but the other half of a wide one as its read hook gives it. */
uint64_t register_bank_read (Device *dev, const RegisterBank *bank, uint64_t offset, unsigned size);
void register_bank_write (Device *dev, const RegisterBank *bank, uint64_t offset, unsigned size,
                          uint64_t value);
/* All to their reset values; no hooks run. Done by device_reset() for added banks. */
void register_bank_reset (Device *dev, const RegisterBank *bank);

/* Typed fields: a mask of one register used on another does not compile.
 *   REGISTER_FIELD (UartLcr, uint8_t, DLAB, 7, 1)
 * defines UartLcr_DLAB_get (UartLcr) and _set; the value type is struct UartLcr { uint8_t bits; }, to be
 * declared with REGISTER_TYPE (UartLcr, uint8_t) first. */
#define REGISTER_TYPE(T, U)                                                                                  \
  typedef struct {                                                                                           \
    U bits;                                                                                                  \
  } T;
#define REGISTER_FIELD(T, U, F, shift, width)                                                                \
  static inline U T##_##F##_get (T r)                                                                        \
  {                                                                                                          \
    return (                                                                                                 \
        U)((r.bits >> (shift)) &                                                                             \
           ((width) >= 8 * sizeof (U) ? (U) ~(U)0 : (U)(((U)1 << ((width) & (8 * sizeof (U) - 1))) - 1)));   \
  }                                                                                                          \
  static inline T T##_##F##_set (T r, U value)                                                               \
  {                                                                                                          \
    const U mask =                                                                                           \
        (width) >= 8 * sizeof (U) ? (U) ~(U)0 : (U)(((U)1 << ((width) & (8 * sizeof (U) - 1))) - 1);         \
    r.bits = (U)((r.bits & (U) ~(U)(mask << (shift))) | (U)((value & mask) << (shift)));                     \
    return r;                                                                                                \
  }                                                                                                          \
  G_STATIC_ASSERT ((shift) + (width) <= 8 * sizeof (U))
