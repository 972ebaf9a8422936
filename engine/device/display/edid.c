/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edid.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

enum { REFRESH = 60, DOTS_PER_INCH = 100, DESCRIPTOR = 18 };

typedef struct {
  uint32_t width, height;
  uint32_t h_front, h_sync, h_blank;
  uint32_t v_front, v_sync, v_blank;
  uint64_t clock; /* Hz */
} Timing;

/* VESA CVT with reduced blanking, version 1: 160 dots and at least 460 microseconds are dark. */
static Timing
reduced_blanking (uint32_t width, uint32_t height)
{
  Timing t = { .width = width, .height = height, .h_front = 48, .h_sync = 32, .h_blank = 160 };
  const uint64_t picture_ns = 1000000000 / REFRESH - 460000;
  t.v_front = 3;
  /* CVT tells the aspect ratio by the length of the pulse. */
  t.v_sync = width * 3 == height * 4     ? 4
             : width * 9 == height * 16  ? 5
             : width * 10 == height * 16 ? 6
             : width * 4 == height * 5   ? 7
                                         : 10;
  t.v_blank = (uint32_t)MAX (UINT64_C (460000) * height / picture_ns + 1, t.v_front + t.v_sync + 6);
  t.clock = (uint64_t)(width + t.h_blank) * (height + t.v_blank) * REFRESH;
  return t;
}

static uint32_t
millimetres (uint32_t dots)
{
  return dots * 254 / (10 * DOTS_PER_INCH);
}

static void
put_timing (uint8_t *d, const Timing *t)
{
  const uint32_t clock = (uint32_t)((t->clock + 5000) / 10000);
  const uint32_t mm_w = MIN (millimetres (t->width), 0xfff), mm_h = MIN (millimetres (t->height), 0xfff);
  d[0] = (uint8_t)clock;
  d[1] = (uint8_t)(clock >> 8);
  d[2] = (uint8_t)t->width;
  d[3] = (uint8_t)t->h_blank;
  d[4] = (uint8_t)((t->width >> 8) << 4 | t->h_blank >> 8);
  d[5] = (uint8_t)t->height;
  d[6] = (uint8_t)t->v_blank;
  d[7] = (uint8_t)((t->height >> 8) << 4 | t->v_blank >> 8);
  d[8] = (uint8_t)t->h_front;
  d[9] = (uint8_t)t->h_sync;
  d[10] = (uint8_t)((t->v_front & 15) << 4 | (t->v_sync & 15));
  d[11] = 0;
  d[12] = (uint8_t)mm_w;
  d[13] = (uint8_t)mm_h;
  d[14] = (uint8_t)((mm_w >> 8) << 4 | mm_h >> 8);
  d[17] = 0x1a; /* separate pulses, the horizontal one positive */
}

static void
put_text (uint8_t *d, uint8_t tag, const char *text)
{
  const size_t n = MIN (strlen (text), 13);
  d[3] = tag;
  memset (d + 5, ' ', 13);
  memcpy (d + 5, text, n);
  if (n < 13)
    d[5 + n] = '\n';
}

static void
put_range_limits (uint8_t *d)
{
  d[3] = 0xfd;
  d[5] = 50; /* Hz */
  d[6] = 125;
  d[7] = 30; /* kHz */
  d[8] = 255;
  d[9] = 255; /* 10 MHz */
  d[10] = 1;  /* no more is said than that */
  d[11] = '\n';
  memset (d + 12, ' ', 6);
}

static void
put_standard_timings (uint8_t *d)
{
  enum { RATIO_16_10 = 0, RATIO_4_3 = 1, RATIO_5_4 = 2, RATIO_16_9 = 3 };
  static const struct {
    uint16_t width;
    uint8_t ratio;
  } modes[8] = { { 1280, RATIO_16_9 }, { 1280, RATIO_16_10 }, { 1280, RATIO_5_4 },  { 1440, RATIO_16_10 },
                 { 1600, RATIO_4_3 },  { 1680, RATIO_16_10 }, { 1920, RATIO_16_9 }, { 1920, RATIO_16_10 } };
  for (unsigned i = 0; i < G_N_ELEMENTS (modes); i++) {
    d[2 * i] = (uint8_t)(modes[i].width / 8 - 31);
    d[2 * i + 1] = (uint8_t)(modes[i].ratio << 6 | (REFRESH - 60));
  }
}

static void
put_checksum (uint8_t *block)
{
  uint8_t sum = 0;
  for (unsigned i = 0; i < EDID_BLOCK - 1; i++)
    sum += block[i];
  block[EDID_BLOCK - 1] = (uint8_t)-sum;
}

static bool
fits_base_block (const Timing *t)
{
  return t->width <= 4095 && t->height <= 4095 && t->clock + 5000 < UINT64_C (65536) * 10000;
}

/* DisplayID 1.3 (§4.4.2): a type I timing has room for 16 bits each way and for 24 bits of 10 kHz. */
static void
put_display_id (uint8_t *block, const Timing *t)
{
  const uint32_t clock = (uint32_t)((t->clock + 5000) / 10000) - 1;
  const uint32_t numbers[] = { t->width - 1,   t->h_blank - 1, (t->h_front - 1) | 0x8000,
                               t->h_sync - 1,  t->height - 1,  t->v_blank - 1,
                               t->v_front - 1, t->v_sync - 1 };
  uint8_t *section = block + 1, *timing = section + 4 + 3, sum = 0;
  block[0] = 0x70; /* a DisplayID section follows */
  section[0] = 0x13;
  section[1] = 3 + 20; /* bytes of data blocks */
  section[4] = 0x03;   /* detailed timings of type I */
  section[6] = 20;
  timing[0] = (uint8_t)clock;
  timing[1] = (uint8_t)(clock >> 8);
  timing[2] = (uint8_t)(clock >> 16);
  timing[3] = 0x80 | 0x08; /* preferred; no aspect ratio is named */
  for (unsigned i = 0; i < G_N_ELEMENTS (numbers); i++) {
    timing[4 + 2 * i] = (uint8_t)numbers[i];
    timing[5 + 2 * i] = (uint8_t)(numbers[i] >> 8);
  }
  for (unsigned i = 0; i < 4 + 23; i++)
    sum += section[i];
  section[4 + 23] = (uint8_t)-sum;
  put_checksum (block);
}

size_t
edid_make (const EdidScreen *screen, uint8_t *edid)
{
  static const uint8_t header[] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
  static const uint8_t srgb[] = { 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54 };
  const uint16_t maker = ('V' - 64) << 10 | ('T' - 64) << 5 | ('R' - 64);
  const Timing wanted = reduced_blanking (screen->width, screen->height);
  const bool large = !fits_base_block (&wanted);
  const Timing base = large ? reduced_blanking (1920, 1080) : wanted;
  memset (edid, 0, EDID_MAX_SIZE);
  memcpy (edid, header, sizeof header);
  edid[8] = (uint8_t)(maker >> 8);
  edid[9] = (uint8_t)maker;
  edid[10] = 1; /* product */
  for (unsigned i = 0; i < 4; i++)
    edid[12 + i] = (uint8_t)(screen->serial >> 8 * i);
  edid[16] = 0xff; /* the next is the model's year */
  edid[17] = 2025 - 1990;
  edid[18] = 1;
  edid[19] = 4;
  edid[20] = 0xa5; /* DisplayPort, 8 bits a colour */
  edid[21] = (uint8_t)MIN (millimetres (screen->width) / 10, 255);
  edid[22] = (uint8_t)MIN (millimetres (screen->height) / 10, 255);
  edid[23] = 220 - 100; /* gamma */
  edid[24] = 0x06;      /* sRGB; the first timing is the native one */
  memcpy (edid + 25, srgb, sizeof srgb);
  edid[35] = 0x21; /* 640×480, 800×600 */
  edid[36] = 0x08; /* 1024×768 */
  put_standard_timings (edid + 38);
  put_timing (edid + 54, &base);
  put_range_limits (edid + 54 + DESCRIPTOR);
  put_text (edid + 54 + 2 * DESCRIPTOR, 0xfc, screen->name);
  edid[54 + 3 * DESCRIPTOR + 3] = 0x10; /* nothing */
  edid[126] = large;
  put_checksum (edid);
  if (large)
    put_display_id (edid + EDID_BLOCK, &wanted);
  return large ? EDID_MAX_SIZE : EDID_BLOCK;
}
