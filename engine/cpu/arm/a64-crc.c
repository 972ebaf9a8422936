/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Cyclic redundancy checks (DDI 0487, C4.1.95): a function that compiled code calls, eight bytes at a time
 * from tables, or for CRC32C the host's instruction where there is one. */

#include "arm-helpers.h"
#include "arm-trans.h"

/* tables[k][n]: what byte n does to the sum k bytes later. */
typedef struct {
  uint32_t at[8][256];
} CrcTables;

static void
fill (CrcTables *tables, uint32_t polynomial)
{
  for (unsigned n = 0; n < 256; n++) {
    uint32_t x = n;
    for (unsigned i = 0; i < 8; i++)
      x = x >> 1 ^ (x & 1 ? polynomial : 0);
    tables->at[0][n] = x;
  }
  for (unsigned k = 1; k < 8; k++)
    for (unsigned n = 0; n < 256; n++)
      tables->at[k][n] = tables->at[k - 1][n] >> 8 ^ tables->at[0][tables->at[k - 1][n] & 255];
}

/* The polynomials with the highest power in bit 0. */
static const CrcTables *
tables_of (bool castagnoli)
{
  static CrcTables tables[2];
  static gsize ready;

  if (g_once_init_enter (&ready)) {
    fill (&tables[0], 0xedb88320);
    fill (&tables[1], 0x82f63b78);
    g_once_init_leave (&ready, 1);
  }
  return &tables[castagnoli];
}

static uint64_t
update (const CrcTables *tables, uint32_t sum, uint64_t value, unsigned bytes)
{
  uint64_t x = value ^ sum;
  uint32_t result = bytes < 4 ? sum >> (8 * bytes) : 0;

  for (unsigned i = 0; i < bytes; i++)
    result ^= tables->at[bytes - 1 - i][x >> (8 * i) & 255];
  return result;
}

/* c: the number of bytes. */
uint64_t
arm_crc32 (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  return update (tables_of (false), (uint32_t)a, b, (unsigned)c);
}

#ifdef __x86_64__
__attribute__ ((target ("sse4.2"))) static uint64_t
update_on_host (uint32_t sum, uint64_t value, unsigned bytes)
{
  switch (bytes) {
    case 1: return __builtin_ia32_crc32qi (sum, (unsigned char)value);
    case 2: return __builtin_ia32_crc32hi (sum, (unsigned short)value);
    case 4: return __builtin_ia32_crc32si (sum, (unsigned)value);
    default: return __builtin_ia32_crc32di (sum, value);
  }
}
#endif

uint64_t
arm_crc32c (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
#ifdef __x86_64__
  if (__builtin_cpu_supports ("sse4.2"))
    return update_on_host ((uint32_t)a, b, (unsigned)c);
#endif
  return update (tables_of (true), (uint32_t)a, b, (unsigned)c);
}

static IsaFlow
crc (A64Trans *t, const A64Args *a, ArmHelper helper)
{
  if (a->rd != 31)
    a64_set_x (
        t, a->rd,
        ir_helper (t->b, helper, true, a64_x (t, a->rn), a64_x (t, a->rm), ir_const (t->b, 1 << a->size)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_crc32_w (A64Trans *t, const A64Args *a)
{
  return crc (t, a, ARM_HELPER_CRC32);
}

IsaFlow
a64_trans_crc32c_w (A64Trans *t, const A64Args *a)
{
  return crc (t, a, ARM_HELPER_CRC32C);
}
