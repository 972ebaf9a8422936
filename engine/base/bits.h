/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Bit manipulation that C has no operator for. */

#include <stdint.h>

/* The low `n` bits set, n 0..64. */
static inline uint64_t
bits_mask (unsigned n)
{
  return n >= 64 ? ~UINT64_C (0) : (UINT64_C (1) << n) - 1;
}

/* The low `n` bits of x (1..64) read as a signed number. */
static inline int64_t
bits_sext (uint64_t x, unsigned n)
{
  return (int64_t)(x << (64 - n)) >> (64 - n);
}

static inline uint64_t
bits_zext (uint64_t x, unsigned n)
{
  return x & bits_mask (n);
}

/* Rotates the low `width` bits of x (32 or 64; higher bits clear) left by n, 0 .. width - 1. */
static inline uint64_t
bits_rotl (uint64_t x, unsigned n, unsigned width)
{
  return n == 0 ? x : bits_zext (x << n | x >> (width - n), width);
}

/* Reverses the bits inside each byte. */
static inline uint64_t
bits_brev8 (uint64_t x)
{
  x = (x >> 1 & UINT64_C (0x5555555555555555)) | (x & UINT64_C (0x5555555555555555)) << 1;
  x = (x >> 2 & UINT64_C (0x3333333333333333)) | (x & UINT64_C (0x3333333333333333)) << 2;
  return (x >> 4 & UINT64_C (0x0f0f0f0f0f0f0f0f)) | (x & UINT64_C (0x0f0f0f0f0f0f0f0f)) << 4;
}

/* Each byte becomes 0xff where any of its bits is set. */
static inline uint64_t
bits_orcb (uint64_t x)
{
  x |= (x >> 1 & UINT64_C (0x7f7f7f7f7f7f7f7f)) | (x << 1 & UINT64_C (0xfefefefefefefefe));
  x |= (x >> 2 & UINT64_C (0x3f3f3f3f3f3f3f3f)) | (x << 2 & UINT64_C (0xfcfcfcfcfcfcfcfc));
  return x | (x >> 4 & UINT64_C (0x0f0f0f0f0f0f0f0f)) | (x << 4 & UINT64_C (0xf0f0f0f0f0f0f0f0));
}

/* Carry-less (polynomial over GF(2)) product. */
static inline unsigned __int128
bits_clmul (uint64_t a, uint64_t b)
{
  unsigned __int128 product = 0;
  for (; b != 0; b &= b - 1)
    product ^= (unsigned __int128)a << __builtin_ctzll (b);
  return product;
}
