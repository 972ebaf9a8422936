/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The identification of a screen, read as a driver reads it. */

#include "edid.h"

#include <glib.h>
#include <string.h>

static void
assert_checksum (const uint8_t *bytes, size_t size)
{
  uint8_t sum = 0;
  for (size_t i = 0; i < size; i++)
    sum += bytes[i];
  g_assert_cmphex (sum, ==, 0);
}

typedef struct {
  uint32_t width, height, h_total, v_total, h_front, h_sync, v_front, v_sync;
  uint64_t clock;
} Mode;

/* §3.10.2: detailed timing descriptor. */
static Mode
read_timing (const uint8_t *d)
{
  Mode mode = { .clock = (d[0] | (uint64_t)d[1] << 8) * 10000 };
  mode.width = d[2] | (d[4] & 0xf0) << 4;
  mode.h_total = mode.width + (d[3] | (d[4] & 15) << 8);
  mode.height = d[5] | (d[7] & 0xf0) << 4;
  mode.v_total = mode.height + (d[6] | (d[7] & 15) << 8);
  mode.h_front = d[8] | (d[11] & 0xc0) << 2;
  mode.h_sync = d[9] | (d[11] & 0x30) << 4;
  mode.v_front = d[10] >> 4 | (d[11] & 12) << 2;
  mode.v_sync = (d[10] & 15) | (d[11] & 3) << 4;
  return mode;
}

static uint32_t
le (const uint8_t *d, unsigned bytes)
{
  uint32_t value = 0;
  while (bytes-- > 0)
    value = value << 8 | d[bytes];
  return value;
}

/* DisplayID 1.3 §4.4.2. */
static Mode
read_display_id (const uint8_t *d)
{
  Mode mode = { .clock = ((uint64_t)le (d, 3) + 1) * 10000 };
  g_assert_cmphex (d[3] & 0x80, ==, 0x80);
  mode.width = le (d + 4, 2) + 1;
  mode.h_total = mode.width + le (d + 6, 2) + 1;
  mode.h_front = (le (d + 8, 2) & 0x7fff) + 1;
  mode.h_sync = le (d + 10, 2) + 1;
  mode.height = le (d + 12, 2) + 1;
  mode.v_total = mode.height + le (d + 14, 2) + 1;
  mode.v_front = (le (d + 16, 2) & 0x7fff) + 1;
  mode.v_sync = le (d + 18, 2) + 1;
  return mode;
}

static void
assert_mode (const Mode *mode, uint32_t width, uint32_t height)
{
  g_assert_cmpuint (mode->width, ==, width);
  g_assert_cmpuint (mode->height, ==, height);
  g_assert_cmpuint (mode->h_front + mode->h_sync, <, mode->h_total - width);
  g_assert_cmpuint (mode->v_front + mode->v_sync, <, mode->v_total - height);
  const double rate = (double)mode->clock / mode->h_total / mode->v_total;
  g_assert_cmpfloat (rate, >, 59.5);
  g_assert_cmpfloat (rate, <, 60.5);
}

static void
assert_base_block (const uint8_t *edid)
{
  static const uint8_t header[] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
  g_assert_cmpmem (edid, 8, header, 8);
  g_assert_cmpuint (edid[18], ==, 1);
  g_assert_cmpuint (edid[19], ==, 4);
  g_assert_cmphex (edid[20] & 0x80, ==, 0x80); /* digital */
  g_assert_cmphex (edid[24] & 2, ==, 2);       /* the first timing is preferred */
  g_assert_cmphex (edid[54] | edid[55], !=, 0);
  g_assert_cmpmem (edid + 90, 5, "\0\0\0\xfc", 5);
  g_assert_cmpmem (edid + 95, 8, "Vitrine\n", 8);
  assert_checksum (edid, EDID_BLOCK);
}

static void
test_sizes (void)
{
  static const uint32_t sizes[][2] = { { 1, 1 },       { 640, 480 },   { 1280, 800 },  { 1366, 768 },
                                       { 1920, 1080 }, { 2560, 1440 }, { 3840, 2160 }, { 4095, 2160 },
                                       { 1080, 1920 }, { 800, 4095 } };
  for (unsigned i = 0; i < G_N_ELEMENTS (sizes); i++) {
    uint8_t edid[EDID_MAX_SIZE];
    const EdidScreen screen = { sizes[i][0], sizes[i][1], "Vitrine", i };
    g_assert_cmpuint (edid_make (&screen, edid), ==, EDID_BLOCK);
    assert_base_block (edid);
    g_assert_cmpuint (edid[126], ==, 0);
    g_assert_cmpuint (le (edid + 12, 4), ==, i);
    const Mode mode = read_timing (edid + 54);
    g_assert_cmpuint (mode.width, ==, sizes[i][0]);
    /* A clock in steps of 10 kHz is too coarse for the rate of a tiny screen. */
    if (sizes[i][0] >= 640)
      assert_mode (&mode, sizes[i][0], sizes[i][1]);
  }
}

static void
test_large (void)
{
  static const uint32_t sizes[][2] = { { 4096, 2160 }, { 5120, 2880 }, { 7680, 4320 }, { 16384, 16384 } };
  for (unsigned i = 0; i < G_N_ELEMENTS (sizes); i++) {
    uint8_t edid[EDID_MAX_SIZE];
    const EdidScreen screen = { sizes[i][0], sizes[i][1], "Vitrine", i };
    g_assert_cmpuint (edid_make (&screen, edid), ==, EDID_MAX_SIZE);
    assert_base_block (edid);
    g_assert_cmpuint (edid[126], ==, 1);
    const uint8_t *block = edid + EDID_BLOCK, *section = block + 1;
    g_assert_cmphex (block[0], ==, 0x70);
    assert_checksum (block, EDID_BLOCK);
    assert_checksum (section, 4 + section[1] + 1u);
    g_assert_cmphex (section[4], ==, 3);
    g_assert_cmpuint (section[6], ==, 20);
    const Mode mode = read_display_id (section + 7);
    assert_mode (&mode, sizes[i][0], sizes[i][1]);
  }
}

static void
test_name (void)
{
  uint8_t edid[EDID_MAX_SIZE];
  const EdidScreen screen = { 800, 600, "A name that is too long", 0 };
  edid_make (&screen, edid);
  g_assert_cmpmem (edid + 95, 13, "A name that i", 13);
  assert_checksum (edid, EDID_BLOCK);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edid/sizes", test_sizes);
  g_test_add_func ("/edid/large", test_large);
  g_test_add_func ("/edid/name", test_name);
  return g_test_run ();
}
