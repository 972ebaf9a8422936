/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2-codec.h"

#include <glib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* Each thread keeps its streams, for setting one up takes longer than a small cluster does. */

static void
inflater_free (void *z)
{
  inflateEnd (z);
  g_free (z);
}

static void
deflater_free (void *z)
{
  deflateEnd (z);
  g_free (z);
}

static void
zstd_expander_free (void *context)
{
  ZSTD_freeDCtx (context);
}

static void
zstd_shrinker_free (void *context)
{
  ZSTD_freeCCtx (context);
}

static GPrivate inflater = G_PRIVATE_INIT (inflater_free), deflater = G_PRIVATE_INIT (deflater_free);
static GPrivate zstd_expander = G_PRIVATE_INIT (zstd_expander_free),
                zstd_shrinker = G_PRIVATE_INIT (zstd_shrinker_free);

static int
inflate_init (z_stream *z)
{
  return inflateInit2 (z, -15);
}

static int
deflate_init (z_stream *z)
{
  /* Readers exist that have a window of 4 KiB only. */
  return deflateInit2 (z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY);
}

/* The thread's stream of this kind; NULL if there is no memory. */
static z_stream *
stream_new (GPrivate *place, int (*init) (z_stream *z))
{
  z_stream *z = g_new0 (z_stream, 1);
  if (init (z) != Z_OK) {
    g_free (z);
    return NULL;
  }
  g_private_set (place, z);
  return z;
}

static void
stream_set (z_stream *z, const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
  z->next_in = (uint8_t *)in;
  z->avail_in = (uInt)in_size;
  z->next_out = out;
  z->avail_out = (uInt)out_size;
}

/* ---- From the image ---- */

/* zlib: a raw deflate stream. What follows the stream in its last sector belongs to others. */
static bool
inflate_cluster (const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
  z_stream *z = g_private_get (&inflater);
  if (z ? inflateReset (z) != Z_OK : !(z = stream_new (&inflater, inflate_init)))
    return false;
  stream_set (z, in, in_size, out, out_size);
  int result = inflate (z, Z_FINISH);
  return (result == Z_STREAM_END || result == Z_BUF_ERROR) && z->avail_out == 0;
}

static bool
unzstd_cluster (const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
  ZSTD_DCtx *context = g_private_get (&zstd_expander);
  if (!context) {
    context = ZSTD_createDCtx ();
    g_private_set (&zstd_expander, context);
  }
  ZSTD_inBuffer from = { in, in_size, 0 };
  ZSTD_outBuffer to = { out, out_size, 0 };
  if (!context || ZSTD_isError (ZSTD_DCtx_reset (context, ZSTD_reset_session_only)))
    return false;
  while (to.pos < to.size) {
    size_t before = from.pos + to.pos, result = ZSTD_decompressStream (context, &to, &from);
    if (ZSTD_isError (result) || from.pos + to.pos == before)
      break;
  }
  return to.pos == to.size;
}

bool
codec_expand (bool zstd, const uint8_t *in, size_t in_size, uint8_t *out, size_t size)
{
  return zstd ? unzstd_cluster (in, in_size, out, size) : inflate_cluster (in, in_size, out, size);
}

/* ---- To the image ---- */

/* Whether the bytes occur about equally often, as in what is compressed or encrypted already. `slack`, in
 * 256ths, is how much further from even they may be than chance makes them. */
static bool
is_even (const uint8_t *p, size_t size, unsigned slack)
{
  uint32_t counts[4][256] = { 0 };
  uint64_t squares = 0;
  for (size_t i = 0; i + 4 <= size; i += 4) {
    for (unsigned j = 0; j < 4; j++)
      counts[j][p[i + j]]++;
  }
  for (unsigned i = 0; i < 256; i++) {
    uint64_t count = (uint64_t)counts[0][i] + counts[1][i] + counts[2][i] + counts[3][i];
    squares += count * count;
  }
  /* For random bytes the sum of squares is size * size / 256 + size. */
  uint64_t even = (uint64_t)size * size / 256;
  return squares <= even + size + even * slack / 256;
}

/* Whether hardly any four bytes occur a second time within deflate's window. */
static bool
has_no_matches (const uint8_t *p, size_t size)
{
  enum { WINDOW = 4096, TABLE_BITS = 12 };
  uint32_t last[1 << TABLE_BITS] = { 0 };
  size_t matches = 0;
  for (size_t i = 0; i + 4 <= size; i++) {
    uint32_t word, other;
    memcpy (&word, p + i, 4);
    uint32_t *place = &last[word * 2654435761u >> (32 - TABLE_BITS)];
    /* Places are counted from 1: 0 is none. */
    if (*place && i + 1 - *place <= WINDOW) {
      memcpy (&other, p + *place - 1, 4);
      if (other == word && ++matches > size / 1024)
        return false;
    }
    *place = (uint32_t)i + 1;
  }
  return true;
}

/* Deflate saves bits by codes that are shorter for frequent bytes, which it chooses for about 32 KiB at a
 * time, and by referring to what came before.  Where the bytes of each such piece are even and hardly any
 * come again it would save less than a hundredth, after taking the longest: it has the most to look for
 * there. */
static bool
is_incompressible (const uint8_t *p, size_t size)
{
  enum { SAMPLE = 4096, PIECE = 32768 };
  if (size < SAMPLE || !is_even (p, SAMPLE, 12))
    return false;
  for (size_t at = 0; at < size; at += PIECE) {
    if (!is_even (p + at, MIN (PIECE, size - at), 3))
      return false;
  }
  return has_no_matches (p, size);
}

static size_t
deflate_cluster (const uint8_t *in, size_t size, uint8_t *out, size_t out_size)
{
  z_stream *z = g_private_get (&deflater);
  if (is_incompressible (in, size) ||
      (z ? deflateReset (z) != Z_OK : !(z = stream_new (&deflater, deflate_init))))
    return 0;
  stream_set (z, in, size, out, out_size);
  return deflate (z, Z_FINISH) == Z_STREAM_END ? out_size - z->avail_out : 0;
}

static size_t
zstd_cluster (const uint8_t *in, size_t size, uint8_t *out, size_t out_size)
{
  ZSTD_CCtx *context = g_private_get (&zstd_shrinker);
  if (!context) {
    context = ZSTD_createCCtx ();
    g_private_set (&zstd_shrinker, context);
  }
  size_t n = context ? ZSTD_compressCCtx (context, out, out_size, in, size, ZSTD_CLEVEL_DEFAULT) : 0;
  return ZSTD_isError (n) ? 0 : n;
}

size_t
codec_shrink (bool zstd, const uint8_t *in, size_t size, uint8_t *out)
{
  return zstd ? zstd_cluster (in, size, out, size - 1) : deflate_cluster (in, size, out, size - 1);
}
