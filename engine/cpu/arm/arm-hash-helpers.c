/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Rounds and message schedules of SHA-1, SHA-256 and SHA-512 (FIPS 180-4), as the instructions cut them into
 * pieces: a is the old destination, b and c are the sources. */

#include "arm-vector-helpers.h"

static uint32_t
rol32 (uint32_t x, unsigned n)
{
  return x << n | x >> (32 - n);
}

static uint32_t
ror32 (uint32_t x, unsigned n)
{
  return x >> n | x << (32 - n);
}

static uint64_t
ror64 (uint64_t x, unsigned n)
{
  return x >> n | x << (64 - n);
}

/* ---- SHA-1. ---- */

typedef uint32_t Mixer (uint32_t x, uint32_t y, uint32_t z);

static uint32_t
choose (uint32_t x, uint32_t y, uint32_t z)
{
  return ((y ^ z) & x) ^ z;
}

static uint32_t
parity (uint32_t x, uint32_t y, uint32_t z)
{
  return x ^ y ^ z;
}

static uint32_t
majority (uint32_t x, uint32_t y, uint32_t z)
{
  return (x & y) | ((x | y) & z);
}

static void
sha1_rounds (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, Mixer *mix)
{
  IrV128 x = *a;
  uint32_t y = b->s[0];

  for (unsigned i = 0; i < 4; i++) {
    uint32_t sum = y + rol32 (x.s[0], 5) + mix (x.s[1], x.s[2], x.s[3]) + c->s[i];
    y = x.s[3];
    x.s[3] = x.s[2];
    x.s[2] = rol32 (x.s[1], 30);
    x.s[1] = x.s[0];
    x.s[0] = sum;
  }
  *out = x;
}

void
arm_v_sha1c (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  sha1_rounds (out, a, b, c, choose);
}

void
arm_v_sha1p (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  sha1_rounds (out, a, b, c, parity);
}

void
arm_v_sha1m (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  sha1_rounds (out, a, b, c, majority);
}

void
arm_v_sha1su1 (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 x;
  for (unsigned i = 0; i < 4; i++)
    x.s[i] = rol32 (a->s[i] ^ (i < 3 ? b->s[i + 1] : 0), 1);
  x.s[3] ^= rol32 (x.s[0], 1);
  *out = x;
}

/* ---- SHA-256. ---- */

/* Four rounds on a to d (x) and e to h (y). */
static void
sha256_rounds (IrV128 *x, IrV128 *y, const IrV128 *schedule)
{
  for (unsigned i = 0; i < 4; i++) {
    uint32_t e = y->s[0], a = x->s[0];
    uint32_t t = y->s[3] + (ror32 (e, 6) ^ ror32 (e, 11) ^ ror32 (e, 25)) + choose (e, y->s[1], y->s[2]) +
                 schedule->s[i];
    uint32_t next_e = x->s[3] + t;
    uint32_t next_a = t + (ror32 (a, 2) ^ ror32 (a, 13) ^ ror32 (a, 22)) + majority (a, x->s[1], x->s[2]);
    for (unsigned k = 3; k > 0; k--) {
      x->s[k] = x->s[k - 1];
      y->s[k] = y->s[k - 1];
    }
    x->s[0] = next_a;
    y->s[0] = next_e;
  }
}

void
arm_v_sha256h (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 x = *a, y = *b;
  sha256_rounds (&x, &y, c);
  *out = x;
}

void
arm_v_sha256h2 (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 x = *b, y = *a;
  sha256_rounds (&x, &y, c);
  *out = y;
}

void
arm_v_sha256su0 (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 x;
  for (unsigned i = 0; i < 4; i++) {
    uint32_t w = i < 3 ? a->s[i + 1] : b->s[0];
    x.s[i] = a->s[i] + (ror32 (w, 7) ^ ror32 (w, 18) ^ w >> 3);
  }
  *out = x;
}

void
arm_v_sha256su1 (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 x;
  for (unsigned i = 0; i < 4; i++) {
    uint32_t w = i < 2 ? c->s[i + 2] : x.s[i - 2];
    x.s[i] = a->s[i] + (i < 3 ? b->s[i + 1] : c->s[0]) + (ror32 (w, 17) ^ ror32 (w, 19) ^ w >> 10);
  }
  *out = x;
}

/* ---- SHA-512. ---- */

static uint64_t
sha512_sum1 (uint64_t x)
{
  return ror64 (x, 14) ^ ror64 (x, 18) ^ ror64 (x, 41);
}

static uint64_t
sha512_sum0 (uint64_t x)
{
  return ror64 (x, 28) ^ ror64 (x, 34) ^ ror64 (x, 39);
}

void
arm_v_sha512h (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 x = *b, y = *c, result;
  result.d[1] = ((y.d[1] & x.d[0]) ^ (~y.d[1] & x.d[1])) + sha512_sum1 (y.d[1]) + a->d[1];
  uint64_t e = result.d[1] + y.d[0];
  result.d[0] = ((e & y.d[1]) ^ (~e & x.d[0])) + sha512_sum1 (e) + a->d[0];
  *out = result;
}

void
arm_v_sha512h2 (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 x = *b, y = *c, result;
  result.d[1] = ((x.d[0] & y.d[1]) ^ (x.d[0] & y.d[0]) ^ (y.d[1] & y.d[0])) + sha512_sum0 (y.d[0]) + a->d[1];
  result.d[0] = ((result.d[1] & y.d[0]) ^ (result.d[1] & y.d[1]) ^ (y.d[1] & y.d[0])) +
                sha512_sum0 (result.d[1]) + a->d[0];
  *out = result;
}

void
arm_v_sha512su0 (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 x;
  for (unsigned i = 0; i < 2; i++) {
    uint64_t w = i == 0 ? a->d[1] : b->d[0];
    x.d[i] = a->d[i] + (ror64 (w, 1) ^ ror64 (w, 8) ^ w >> 7);
  }
  *out = x;
}

void
arm_v_sha512su1 (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 x;
  for (unsigned i = 0; i < 2; i++) {
    uint64_t w = b->d[i];
    x.d[i] = a->d[i] + c->d[i] + (ror64 (w, 19) ^ ror64 (w, 61) ^ w >> 6);
  }
  *out = x;
}
