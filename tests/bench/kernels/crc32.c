/* SPDX-License-Identifier: GPL-3.0-or-later */

/* CRC-32 by table (the reflected 0x04c11db7 polynomial of Ethernet and gzip) and the Adler-32 sum. */

#include "../bench.h"

static uint32_t crc_table[256];

static void
make_table (void)
{
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++)
      crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    crc_table[i] = crc;
  }
}

static uint32_t
crc32 (uint32_t crc, const uint8_t *data, size_t size)
{
  crc = ~crc;
  for (size_t i = 0; i < size; i++)
    crc = crc_table[(crc ^ data[i]) & 0xff] ^ crc >> 8;
  return ~crc;
}

static uint32_t
adler32 (const uint8_t *data, size_t size)
{
  uint32_t a = 1, b = 0;

  for (size_t i = 0; i < size; i++) {
    a = (a + data[i]) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 1300);
  size_t size = 100000;
  uint8_t *data = bench_alloc (size, 1);
  uint32_t seed = 1, crc = 0;
  uint64_t sum = 0;

  make_table ();
  printf ("check %08" PRIx32 "\n", crc32 (0, (const uint8_t *)"123456789", 9));
  for (size_t i = 0; i < size; i++)
    data[i] = (uint8_t)bench_random (&seed);
  for (unsigned i = 0; i < rounds; i++) {
    crc = crc32 (crc, data + i % 64, size - i % 64);
    if (i % 3 == 0)
      sum = bench_mix (sum, adler32 (data, size));
    data[i % size] ^= (uint8_t)crc;
  }
  bench_result ("crc32", bench_mix (sum, crc));
  free (data);
  return 0;
}
