/* SPDX-License-Identifier: GPL-3.0-or-later */

/* SHA-256 (FIPS 180-4) over a buffer, and over many short messages. */

#include "../bench.h"

static const uint32_t round_constant[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t initial_hash[8] = {
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static inline uint32_t
rotate_right (uint32_t x, int n)
{
  return x >> n | x << (32 - n);
}

static void
sha256_block (uint32_t hash[8], const uint8_t *data)
{
  uint32_t w[64];
  uint32_t a = hash[0], b = hash[1], c = hash[2], d = hash[3];
  uint32_t e = hash[4], f = hash[5], g = hash[6], h = hash[7];

  for (int i = 0; i < 16; i++, data += 4)
    w[i] = (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
  for (int i = 16; i < 64; i++) {
    uint32_t s0 = rotate_right (w[i - 15], 7) ^ rotate_right (w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t s1 = rotate_right (w[i - 2], 17) ^ rotate_right (w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  for (int i = 0; i < 64; i++) {
    uint32_t s1 = rotate_right (e, 6) ^ rotate_right (e, 11) ^ rotate_right (e, 25);
    uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constant[i] + w[i];
    uint32_t s0 = rotate_right (a, 2) ^ rotate_right (a, 13) ^ rotate_right (a, 22);
    uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  hash[0] += a;
  hash[1] += b;
  hash[2] += c;
  hash[3] += d;
  hash[4] += e;
  hash[5] += f;
  hash[6] += g;
  hash[7] += h;
}

static void
sha256 (const uint8_t *data, size_t size, uint32_t hash[8])
{
  uint8_t tail[128] = { 0 };
  size_t rest = size % 64, total = rest < 56 ? 64 : 128;

  memcpy (hash, initial_hash, sizeof initial_hash);
  for (size_t i = 0; i + 64 <= size; i += 64)
    sha256_block (hash, data + i);
  memcpy (tail, data + size - rest, rest);
  tail[rest] = 0x80;
  for (int i = 0; i < 8; i++)
    tail[total - 1 - i] = (uint8_t)((uint64_t)size * 8 >> (8 * i));
  for (size_t i = 0; i < total; i += 64)
    sha256_block (hash, tail + i);
}

static void
print_hash (const char *name, const uint32_t hash[8])
{
  printf ("%s ", name);
  for (int i = 0; i < 8; i++)
    printf ("%08" PRIx32, hash[i]);
  putchar ('\n');
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 1500);
  size_t size = 64 * 1024;
  uint8_t *data = bench_alloc (size, 1);
  uint32_t hash[8];

  sha256 ((const uint8_t *)"abc", 3, hash);
  print_hash ("abc", hash);
  for (unsigned i = 0; i < rounds; i++) {
    sha256 (data, size, hash);
    memcpy (data, hash, sizeof hash);
    for (size_t length = 1; length < 120; length++) {
      sha256 (data, length, hash);
      data[length * 7] ^= (uint8_t)hash[0];
    }
  }
  print_hash ("sha256", hash);
  free (data);
  return 0;
}
