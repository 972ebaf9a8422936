/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The steps of AES (FIPS 197 §5).  The state's byte r + 4c is row r of column c. */

#include "ir-eval.h"

/* Product in GF(2^8), §4.2. */
static uint8_t
multiply (uint8_t a, uint8_t b)
{
  uint8_t product = 0;
  for (; b != 0; b >>= 1) {
    if (b & 1)
      product ^= a;
    a = (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1b : 0));
  }
  return product;
}

typedef struct {
  uint8_t forward[256], inverse[256];
} SBox;

/* The multiplicative inverse (a^254), then the affine map of §5.1.1. */
static uint8_t
substitute (uint8_t a)
{
  uint8_t x = 1;
  for (unsigned i = 0; i < 254; i++)
    x = multiply (x, a);
  unsigned twice = (unsigned)x << 8 | x;
  return (uint8_t)(x ^ twice >> 4 ^ twice >> 5 ^ twice >> 6 ^ twice >> 7 ^ 0x63);
}

static const SBox *
sbox (void)
{
  static SBox box;
  static gsize made;
  if (g_once_init_enter (&made)) {
    for (unsigned i = 0; i < 256; i++) {
      box.forward[i] = substitute ((uint8_t)i);
      box.inverse[box.forward[i]] = (uint8_t)i;
    }
    g_once_init_leave (&made, 1);
  }
  return &box;
}

static void
mix_columns (IrV128 *out, const IrV128 *a, const uint8_t row[4])
{
  for (unsigned i = 0; i < 16; i++) {
    out->b[i] = 0;
    for (unsigned k = 0; k < 4; k++)
      out->b[i] ^= multiply (a->b[(i & ~3u) | ((i + k) & 3)], row[k]);
  }
}

void
ir_eval_aes (IrAesStep step, IrV128 *ret_out, const IrV128 *a)
{
  static const uint8_t mix[4] = { 2, 3, 1, 1 }, inv_mix[4] = { 14, 11, 13, 9 };

  switch (step) {
    case IR_AES_SUB_SHIFT:
      for (unsigned i = 0; i < 16; i++)
        ret_out->b[i] = sbox ()->forward[a->b[(i + 4 * (i & 3)) & 15]];
      break;
    case IR_AES_INV_SUB_SHIFT:
      for (unsigned i = 0; i < 16; i++)
        ret_out->b[i] = sbox ()->inverse[a->b[(i - 4 * (i & 3)) & 15]];
      break;
    case IR_AES_MIX: mix_columns (ret_out, a, mix); break;
    default: mix_columns (ret_out, a, inv_mix);
  }
}
