/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "platform.h"

MemoryMap *test_map;
Clock *test_clock;

void
platform_begin (void)
{
  test_map = memory_map_new (56);
  test_clock = clock_new ();
}

void
platform_end (void)
{
  g_clear_pointer (&test_clock, clock_free);
  g_clear_pointer (&test_map, memory_map_free);
}

uint64_t
test_read (uint64_t addr, unsigned size)
{
  uint64_t value = 0;
  g_assert_cmpint (memory_read (test_map, addr, size, &value), ==, MEMORY_OK);
  return value;
}

void
test_write (uint64_t addr, unsigned size, uint64_t value)
{
  g_assert_cmpint (memory_write (test_map, addr, size, value), ==, MEMORY_OK);
}

static void
probe_set (void *opaque, unsigned n, bool level)
{
  IrqProbe *probe = opaque;
  if (level && !g_atomic_int_get (&probe->level))
    g_atomic_int_inc (&probe->rises);
  g_atomic_int_set (&probe->level, level);
}

IrqLine
irq_probe_line (IrqProbe *probe)
{
  return (IrqLine){ probe_set, probe, 0 };
}

bool
irq_wait (IrqProbe *probe, bool level)
{
  for (int64_t end = g_get_monotonic_time () + 5 * G_USEC_PER_SEC; g_get_monotonic_time () < end;
       g_usleep (100))
    if (irq_level (probe) == level)
      return true;
  return false;
}

void
test_restore (Device *from, Device *to)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) state = device_save (from);
  device_reset (from);
  g_assert_true (device_load (to, state, &error));
  g_assert_no_error (error);
  g_autoptr (GVariant) again = device_save (to);
  g_assert_true (g_variant_equal (state, again));
}

void
test_refuse (Device *dev, const char *member, GVariant *value)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) state = device_save (dev);
  GVariantDict dict;
  g_variant_dict_init (&dict, state);
  g_variant_dict_insert_value (&dict, member, value);
  g_autoptr (GVariant) changed = g_variant_ref_sink (g_variant_dict_end (&dict));
  g_assert_false (device_load (dev, changed, &error));
  g_assert_nonnull (error);
  g_assert_true (device_load (dev, state, NULL));
}
