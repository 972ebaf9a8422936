/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Functions on vectors of fixed-point and half precision numbers. */

#include "arm-vector-helpers.h"

/* RecipEstimate: a is a number from 1/2 to 1 in 512ths, the result from 1 to 2 in 256ths. */
static unsigned
reciprocal (unsigned a)
{
  return ((1u << 19) / (2 * a + 1) + 1) / 2;
}

/* RecipSqrtEstimate: of a from 1/4 to 1. */
static unsigned
reciprocal_root (unsigned a)
{
  unsigned x = a < 256 ? 2 * a + 1 : 2 * (a | 1), root = 512;
  while (x * (root + 1) * (root + 1) < 1u << 28)
    root++;
  return (root + 1) / 2;
}

void
arm_v_urecpe (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 result = { .d = { 0, 0 } };
  for (unsigned i = 0; i < sub; i++)
    result.s[i] = a->s[i] >> 31 ? reciprocal (a->s[i] >> 23) << 23 : UINT32_MAX;
  *out = result;
}

void
arm_v_ursqrte (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 result = { .d = { 0, 0 } };
  for (unsigned i = 0; i < sub; i++)
    result.s[i] = a->s[i] >> 30 ? reciprocal_root (a->s[i] >> 23) << 23 : UINT32_MAX;
  *out = result;
}

/* The same number, or a NaN as signalling as it is. */
static uint32_t
single_of_half (uint16_t x, bool flush)
{
  uint32_t sign = (uint32_t)(x & 0x8000) << 16, exp = x >> 10 & 31, fraction = x & 0x3ff;

  if (exp == 31)
    return sign | 0x7f800000 | fraction << 13;
  if (exp == 0) {
    if (fraction == 0 || flush)
      return sign;
    for (exp = 1; !(fraction & 0x400); exp--)
      fraction <<= 1;
    fraction &= 0x3ff;
  }
  return sign | (exp + 127 - 15) << 23 | fraction << 13;
}

void
arm_v_widen_half (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 result;
  for (unsigned i = 0; i < 4; i++)
    result.s[i] = single_of_half (a->h[((sub & 7) + i) & 7], sub & ARM_WIDEN_HALF_FLUSH);
  *out = result;
}
