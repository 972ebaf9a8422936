/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-test.h"
#include "sample-device.h"

#include <string.h>

static Sample *sample;

static uint64_t
rd (uint64_t offset, unsigned size)
{
  return register_bank_read (&sample->dev, &sample_bank, offset, size);
}

static void
wr (uint64_t offset, unsigned size, uint64_t value)
{
  register_bank_write (&sample->dev, &sample_bank, offset, size, value);
}

static void
test_initial (void)
{
  Sample *fresh = sample_new ("/fresh", NULL);
  g_assert_cmphex (fresh->control.bits, ==, 0x10);
  g_assert_cmphex (fresh->channel_b[3], ==, 1);
  g_assert_cmphex (fresh->kept, ==, 99);
  fresh->kept = 5;
  fresh->control.bits = 0;
  device_reset (&fresh->dev);
  g_assert_cmphex (fresh->control.bits, ==, 0x10);
  g_assert_cmphex (fresh->kept, ==, 5);
  g_assert_cmpuint (fresh->n_reset, ==, 1);
  device_free (&fresh->dev);
}

static void
test_masks (void)
{
  wr (0, 4, 0xffffffff);
  g_assert_cmphex (rd (0, 4), ==, 0x71);
  g_assert_cmphex (sample->written, ==, 0xffffffff);
  g_assert_cmphex (sample->old, ==, 0x10);
  g_assert_cmpuint (SampleControl_MODE_get (sample->control), ==, 7);
  sample->control = SampleControl_MODE_set (sample->control, 10);
  g_assert_cmpuint (SampleControl_MODE_get (sample->control), ==, 2);
  g_assert_cmpuint (SampleControl_ENABLE_get (sample->control), ==, 1);
  wr (12, 4, 0);
  g_assert_cmphex (rd (12, 4), ==, 0x12345678);
}

static void
test_w1c (void)
{
  sample->status = 0xff;
  wr (4, 4, 0xab0f);
  g_assert_cmphex (rd (4, 4), ==, 0xabf0);
  wr (5, 1, 0xcd); /* a part without w1c bits clears none */
  g_assert_cmphex (rd (4, 4), ==, 0xcdf0);
  wr (4, 1, 0x80);
  g_assert_cmphex (rd (4, 4), ==, 0xcd70);
}

static void
test_read_clear (void)
{
  sample->event = 0x12345678;
  g_assert_cmphex (rd (9, 1), ==, 0x56);
  g_assert_cmphex (sample->event, ==, 0x12340078);
  g_assert_cmphex (rd (8, 4), ==, 0x12340078);
  g_assert_cmphex (sample->event, ==, 0x12340000);
}

static void
test_parts (void)
{
  sample->control.bits = 0x31;
  sample->n_writes = 0;
  wr (1, 1, 0xff);
  g_assert_cmpuint (sample->n_writes, ==, 1);
  g_assert_cmphex (sample->written, ==, 0xff31); /* the other bytes as they are */
  wr (0, 2, 0x40);
  g_assert_cmphex (sample->control.bits, ==, 0x40);
  wr (28, 4, 0x11111111);
  g_assert_cmphex (rd (24, 8), ==, UINT64_C (0x11111111ffffffff));
  wr (24, 4, 0x22222222);
  g_assert_cmphex (rd (24, 8), ==, UINT64_C (0x11111111ffff2222));
  g_assert_cmphex (rd (28, 2), ==, 0x1111);
  sample->counter = UINT64_C (0x1111111122222222);
  g_assert_cmphex (rd (36, 4), ==, 0x11111111);
  wr (32, 4, 0x33333333); /* its other half is read first */
  g_assert_cmphex (sample->counter, ==, UINT64_C (0x1111111133333333));
  /* Writing to a FIFO's low byte must not take from the FIFO. */
  wr (40, 1, 0x41);
  wr (40, 1, 0x42);
  g_assert_cmpuint (sample->level, ==, 2);
  g_assert_cmphex (rd (40, 1), ==, 0x42);
  g_assert_cmphex (rd (40, 4), ==, 0x41);
  g_assert_cmphex (rd (40, 4), ==, 0);
}

static void
test_several (void)
{
  wr (16, 4, 0x04030201);
  g_assert_cmpuint (sample->bytes[0], ==, 1);
  g_assert_cmpuint (sample->bytes[3], ==, 4);
  g_assert_cmphex (rd (16, 2), ==, 0x0201);
  /* Four bytes, a half-word that takes 15 bits, and a hole. */
  wr (16, 8, UINT64_C (0xffffffff0d0c0b0a));
  g_assert_cmphex (rd (16, 8), ==, UINT64_C (0x00007fff0d0c0b0a));
  g_assert_cmphex (rd (22, 2), ==, 0);
}

static void
test_arrays (void)
{
  for (unsigned i = 0; i < 4; i++) {
    wr (64 + 16 * i, 4, 0xa00 + i);
    wr (68 + 16 * i, 4, 0xb00 | i << 4);
  }
  for (unsigned i = 0; i < 4; i++) {
    g_assert_cmphex (rd (64 + 16 * i, 4), ==, 0xa00 + i);
    g_assert_cmphex (sample->channel_b[i], ==, 0xb01 | i << 4);
    g_assert_cmphex (rd (64 + 16 * i, 8), ==, (0xb01 | (uint64_t)i << 4) << 32 | (0xa00 + i));
    g_assert_cmphex (rd (72 + 16 * i, 8), ==, 0);
  }
  g_assert_cmphex (rd (128, 4), ==, 0);
}

static void
test_not_there (void)
{
  uint8_t before[sizeof (Sample)];
  memcpy (before, sample, sizeof before);
  for (unsigned size = 0; size < 18; size++) {
    static const uint64_t offsets[] = { 0x80, 0xff, 0x100, 0x101, 0xfffffff8, UINT64_MAX, UINT64_MAX - 7, 3 };
    for (unsigned i = 0; i < G_N_ELEMENTS (offsets); i++) {
      if (offsets[i] == 3 && size == 1)
        continue;
      g_assert_cmphex (rd (offsets[i], size), ==, 0);
      wr (offsets[i], size, ~UINT64_C (0));
    }
  }
  g_assert_true (!memcmp (before, sample, sizeof before));
}

static void
test_strict_bank (void)
{
  Device *dev = &sample->dev;
  sample->counter = UINT64_C (0x5555555566666666);
  g_assert_cmphex (register_bank_read (dev, &sample_other_bank, 8, 4), ==, 0x66666666);
  g_assert_cmphex (register_bank_read (dev, &sample_other_bank, 12, 4), ==, 0x55555555);
  register_bank_write (dev, &sample_other_bank, 12, 4, 7);
  g_assert_cmphex (sample->counter, ==, UINT64_C (0x0000000766666666));
  sample->kept = 0x01020304;
  for (unsigned size = 1; size <= 8; size *= 2)
    g_assert_cmphex (register_bank_read (dev, &sample_other_bank, 0, size), ==, size == 4 ? 0x01020304 : 0);
  register_bank_write (dev, &sample_other_bank, 0, 2, 0xffff);
  g_assert_cmphex (sample->kept, ==, 0x01020304);

  /* Without wide_halves and narrow_parts, only whole. */
  RegisterBank whole = sample_bank;
  whole.wide_halves = whole.narrow_parts = false;
  Sample *fresh = (Sample *)device_new (&sample_base_class, "/none");
  fresh->wide = 5;
  fresh->ident = 0x12345678;
  g_assert_cmphex (register_bank_read (&fresh->dev, &whole, 24, 8), ==, 5);
  g_assert_cmphex (register_bank_read (&fresh->dev, &whole, 24, 4), ==, 0);
  g_assert_cmphex (register_bank_read (&fresh->dev, &whole, 12, 4), ==, 0x12345678);
  g_assert_cmphex (register_bank_read (&fresh->dev, &whole, 12, 2), ==, 0);
  device_free (&fresh->dev);
}

static void
test_mapped (void)
{
  MemoryMap *map = memory_map_new (64);
  uint64_t value;
  memory_region_map (map, device_bank_region (&sample->dev, "main"), 0x1000);
  memory_region_map (map, device_bank_region (&sample->dev, "other"), 0x2000);
  g_assert_null (device_bank_region (&sample->dev, "none"));
  g_assert_cmpint (memory_read (map, 0x100c, 4, &value), ==, MEMORY_OK);
  g_assert_cmphex (value, ==, 0x12345678);
  g_assert_cmpint (memory_read (map, 0x100d, 4, &value), ==, MEMORY_REFUSED);
  g_assert_cmpint (memory_read (map, 0x2000, 8, &value), ==, MEMORY_REFUSED);
  g_assert_cmpint (memory_read (map, 0x2000, 2, &value), ==, MEMORY_REFUSED);
  g_assert_cmpint (memory_write (map, 0x2000, 4, 0x77), ==, MEMORY_OK);
  g_assert_cmpuint (sample->kept, ==, 0x77);
  memory_map_free (map);
}

static void
test_harness (void)
{
  Sample *fresh = sample_new ("/s", NULL);
  device_test_all (&sample->dev, &fresh->dev);
  device_free (&fresh->dev);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  sample = sample_new ("/s", NULL);
  g_test_add_func ("/register/initial", test_initial);
  g_test_add_func ("/register/masks", test_masks);
  g_test_add_func ("/register/w1c", test_w1c);
  g_test_add_func ("/register/read-clear", test_read_clear);
  g_test_add_func ("/register/parts", test_parts);
  g_test_add_func ("/register/several", test_several);
  g_test_add_func ("/register/arrays", test_arrays);
  g_test_add_func ("/register/not-there", test_not_there);
  g_test_add_func ("/register/strict-bank", test_strict_bank);
  g_test_add_func ("/register/mapped", test_mapped);
  g_test_add_func ("/register/harness", test_harness);
  int result = g_test_run ();
  device_free (&sample->dev);
  return result;
}
