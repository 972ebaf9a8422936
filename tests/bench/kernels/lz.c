/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Compression in the manner of LZ77: a hash-chain match finder, byte-oriented output, and the decompressor.
 *
 * A token is a byte: below 128, that many plus one literals follow; else a match of (token & 127) + 4 bytes
 * at the 16-bit distance that follows. */

#include "../bench.h"

enum { HASH_BITS = 14, MIN_MATCH = 4, MAX_MATCH = 131, WINDOW = 65535, MAX_CHAIN = 24, MAX_LITERALS = 128 };

typedef struct {
  int32_t head[1 << HASH_BITS];
  int32_t *previous;
} Finder;

typedef struct {
  unsigned length, distance;
} Match;

static unsigned
hash_at (const uint8_t *p)
{
  uint32_t word;

  memcpy (&word, p, 4);
  return word * 2654435761u >> (32 - HASH_BITS);
}

static unsigned
match_length (const uint8_t *a, const uint8_t *b, unsigned limit)
{
  unsigned n = 0;

  while (n < limit && a[n] == b[n])
    n++;
  return n;
}

static Match
find_match (const Finder *f, const uint8_t *data, size_t at, size_t size)
{
  Match best = { 0 };
  unsigned limit = size - at < MAX_MATCH ? (unsigned)(size - at) : MAX_MATCH;
  int32_t candidate = f->head[hash_at (data + at)];

  for (int chain = 0; chain < MAX_CHAIN && candidate >= 0 && at - (size_t)candidate <= WINDOW; chain++) {
    unsigned length = match_length (data + candidate, data + at, limit);
    if (length > best.length)
      best = (Match){ length, (unsigned)(at - (size_t)candidate) };
    candidate = f->previous[candidate];
  }
  return best;
}

static void
insert (Finder *f, const uint8_t *data, size_t at, size_t size)
{
  if (at + MIN_MATCH > size)
    return;
  unsigned hash = hash_at (data + at);
  f->previous[at] = f->head[hash];
  f->head[hash] = (int32_t)at;
}

static uint8_t *
put_literals (uint8_t *out, const uint8_t *from, const uint8_t *to)
{
  while (from < to) {
    size_t n = to - from < MAX_LITERALS ? (size_t)(to - from) : MAX_LITERALS;
    *out++ = (uint8_t)(n - 1);
    memcpy (out, from, n);
    out += n;
    from += n;
  }
  return out;
}

static size_t
compress (Finder *f, uint8_t *out, const uint8_t *data, size_t size)
{
  uint8_t *start = out;
  size_t at = 0, literals = 0;

  memset (f->head, 0xff, sizeof f->head);
  while (at + MIN_MATCH <= size) {
    Match match = find_match (f, data, at, size);
    if (match.length < MIN_MATCH) {
      insert (f, data, at++, size);
      continue;
    }
    out = put_literals (out, data + literals, data + at);
    *out++ = (uint8_t)(128 | (match.length - MIN_MATCH));
    *out++ = (uint8_t)match.distance;
    *out++ = (uint8_t)(match.distance >> 8);
    for (unsigned i = 0; i < match.length; i++)
      insert (f, data, at++, size);
    literals = at;
  }
  return (size_t)(put_literals (out, data + literals, data + size) - start);
}

static size_t
decompress (uint8_t *out, const uint8_t *in, size_t size)
{
  uint8_t *start = out;
  const uint8_t *end = in + size;

  while (in < end) {
    unsigned token = *in++;
    if (token < 128) {
      memcpy (out, in, token + 1);
      in += token + 1;
      out += token + 1;
      continue;
    }
    unsigned length = (token & 127) + MIN_MATCH;
    const uint8_t *from = out - (in[0] | in[1] << 8);
    in += 2;
    for (unsigned i = 0; i < length; i++)
      *out++ = *from++;
  }
  return (size_t)(out - start);
}

/* Something between text and a table: phrases repeat with small changes. */
static void
fill (uint8_t *data, size_t size, uint32_t *seed)
{
  for (size_t at = 0; at < size;) {
    uint32_t r = bench_random (seed);
    size_t length = 4 + r % 40;
    if (at > 4000 && r >> 30 != 0) {
      size_t from = at - 50 - (r >> 6) % 3900;
      for (size_t i = 0; i < length && at < size; i++)
        data[at++] = data[from + i];
    } else {
      for (size_t i = 0; i < length && at < size; i++)
        data[at++] = (uint8_t)('a' + bench_random (seed) % 26);
    }
  }
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 130);
  size_t size = 200000;
  Finder *finder = bench_alloc (1, sizeof *finder);
  uint8_t *data = bench_alloc (size, 1), *back = bench_alloc (size, 1);
  uint8_t *packed = bench_alloc (size + size / MAX_LITERALS + 16, 1);
  uint32_t seed = 31337;
  uint64_t sum = 0;

  finder->previous = bench_alloc (size, sizeof *finder->previous);
  for (unsigned i = 0; i < rounds; i++) {
    if (i % 4 == 0)
      fill (data, size, &seed);
    size_t packed_size = compress (finder, packed, data, size);
    for (int j = 0; j < 4; j++)
      if (decompress (back, packed, packed_size) != size || memcmp (data, back, size) != 0)
        return 1;
    sum = bench_mix (sum, packed_size);
    data[i * 100] ^= 1;
  }
  bench_result ("lz", sum);
  free (packed);
  free (back);
  free (data);
  free (finder->previous);
  free (finder);
  return 0;
}
