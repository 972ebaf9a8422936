/* SPDX-License-Identifier: GPL-3.0-or-later */

/* AES-128 (FIPS 197) encryption with one table of 32-bit columns, in counter mode. The tables are computed.
 */

#include "../bench.h"

static uint8_t sbox[256];
static uint32_t column[256];

static uint8_t
times_two (uint8_t x)
{
  return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0));
}

static uint8_t
rotate8 (uint8_t x, int n)
{
  return (uint8_t)(x << n | x >> (8 - n));
}

/* Walks the field by powers of the generator 3 and of its inverse, so that p * q stays 1. */
static void
make_tables (void)
{
  uint8_t p = 1, q = 1;

  do {
    p ^= times_two (p);
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    if (q & 0x80)
      q ^= 0x09;
    sbox[p] = q ^ rotate8 (q, 1) ^ rotate8 (q, 2) ^ rotate8 (q, 3) ^ rotate8 (q, 4) ^ 0x63;
  } while (p != 1);
  sbox[0] = 0x63;
  for (int i = 0; i < 256; i++) {
    uint32_t s = sbox[i], s2 = times_two (sbox[i]);
    column[i] = s2 << 24 | s << 16 | s << 8 | (s2 ^ s);
  }
}

static inline uint32_t
rotate_right (uint32_t x, int n)
{
  return x >> n | x << (32 - n);
}

static void
expand_key (uint32_t w[44], const uint8_t key[16])
{
  uint8_t round = 1;

  for (int i = 0; i < 4; i++)
    w[i] = (uint32_t)key[4 * i] << 24 | (uint32_t)key[4 * i + 1] << 16 | (uint32_t)key[4 * i + 2] << 8 |
           key[4 * i + 3];
  for (int i = 4; i < 44; i++) {
    uint32_t t = w[i - 1];
    if (i % 4 == 0) {
      t = (uint32_t)sbox[t >> 16 & 255] << 24 | (uint32_t)sbox[t >> 8 & 255] << 16 |
          (uint32_t)sbox[t & 255] << 8 | sbox[t >> 24];
      t ^= (uint32_t)round << 24;
      round = times_two (round);
    }
    w[i] = w[i - 4] ^ t;
  }
}

static void
encrypt (const uint32_t w[44], uint32_t state[4])
{
  uint32_t s[4], t[4];

  for (int i = 0; i < 4; i++)
    s[i] = state[i] ^ w[i];
  for (int round = 1; round < 10; round++) {
    for (int i = 0; i < 4; i++)
      t[i] = column[s[i] >> 24] ^ rotate_right (column[s[(i + 1) & 3] >> 16 & 255], 8) ^
             rotate_right (column[s[(i + 2) & 3] >> 8 & 255], 16) ^
             rotate_right (column[s[(i + 3) & 3] & 255], 24) ^ w[4 * round + i];
    memcpy (s, t, sizeof s);
  }
  for (int i = 0; i < 4; i++)
    state[i] = ((uint32_t)sbox[s[i] >> 24] << 24 | (uint32_t)sbox[s[(i + 1) & 3] >> 16 & 255] << 16 |
                (uint32_t)sbox[s[(i + 2) & 3] >> 8 & 255] << 8 | sbox[s[(i + 3) & 3] & 255]) ^
               w[40 + i];
}

int
main (int argc, char **argv)
{
  unsigned blocks = bench_work (argc, argv, 3500000);
  uint8_t key[16];
  uint32_t w[44], chain[4] = { 0x00112233, 0x44556677, 0x8899aabb, 0xccddeeff };
  uint64_t sum = 0;

  for (int i = 0; i < 16; i++)
    key[i] = (uint8_t)i;
  make_tables ();
  expand_key (w, key);
  encrypt (w, chain);
  printf ("check %08" PRIx32 "%08" PRIx32 "%08" PRIx32 "%08" PRIx32 "\n", chain[0], chain[1], chain[2],
          chain[3]);
  for (unsigned i = 0; i < blocks; i++) {
    uint32_t counter[4] = { chain[0], chain[1], 0, i };
    encrypt (w, counter);
    sum += counter[0] ^ (uint64_t)counter[3] << 32;
  }
  bench_result ("aes", sum);
  return 0;
}
