/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-test.h"
#include "sample-device.h"

#include <string.h>

static Clock *the_clock;

static void
fill (Sample *s)
{
  s->status = 0x1234;
  s->wide = 77;
  memcpy (s->bytes, "\1\2\3\4", 4);
  s->channel_b[2] = 0xf0;
  s->kept = 1234;
  s->flag = true;
  s->flags[1] = true;
  s->level = 16;
  memcpy (s->fifo, "0123456789abcdef", 16);
  s->word = 0xabcd;
  s->index = 4;
  s->table[4] = 1000;
  s->big = UINT64_MAX;
  s->counter = 99;
  clock_timer_set (s->timer, 1000);
  clock_timer_set (s->timers[1], INT64_MAX);
}

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  Sample *a = sample_new ("/s", the_clock), *b = sample_new ("/s", the_clock);
  Sample *child_a = sample_new ("/s/c", NULL), *child_b = sample_new ("/s/c", NULL);
  device_add_child (&a->dev, &child_a->dev);
  device_add_child (&b->dev, &child_b->dev);
  fill (a);
  child_a->index = 2;
  clock_timer_set (b->timers[0], 5); /* is not armed in the saved state */
  g_autoptr (GVariant) state = device_save (&a->dev);
  g_assert_false (g_variant_is_floating (state));
  g_autoptr (GVariant) file = device_test_through_file (state);
  bool ok = device_load (&b->dev, file, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmphex (b->status, ==, 0x1234);
  g_assert_cmpuint (b->wide, ==, 77);
  g_assert_cmpuint (b->bytes[3], ==, 4);
  g_assert_cmpuint (b->channel_b[2], ==, 0xf0);
  g_assert_cmpuint (b->kept, ==, 1234);
  g_assert_true (b->flag && b->flags[1] && !b->flags[0]);
  g_assert_cmpmem (b->fifo, 16, "0123456789abcdef", 16);
  g_assert_cmphex (b->word, ==, 0xabcd);
  g_assert_cmpuint (b->index, ==, 4);
  g_assert_cmpuint (b->table[4], ==, 1000);
  g_assert_cmpuint (b->big, ==, UINT64_MAX);
  g_assert_cmpuint (b->counter, ==, 99);
  g_assert_cmpint (clock_timer_when (b->timer), ==, 1000);
  g_assert_cmpint (clock_timer_when (b->timers[0]), ==, -1);
  g_assert_cmpint (clock_timer_when (b->timers[1]), ==, INT64_MAX);
  g_assert_cmpuint (child_b->index, ==, 2);
  g_assert_cmpuint (b->n_loaded, ==, 1);
  g_assert_cmpuint (child_b->n_loaded, ==, 1);
  device_free (&a->dev);
  device_free (&b->dev);
}

/* The state of a sample with one member replaced (NULL: left out). */
static GVariant *
state_with (const char *member, GVariant *value)
{
  Sample *s = sample_new ("/s", the_clock);
  g_autoptr (GVariant) state = device_save (&s->dev);
  GVariantDict dict;
  g_variant_dict_init (&dict, state);
  g_assert_true (g_variant_dict_remove (&dict, member) || member[0] == '/');
  if (value != NULL)
    g_variant_dict_insert_value (&dict, member, value);
  device_free (&s->dev);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
expect_refused (const char *member, GVariant *value, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) state = state_with (member, value);
  Sample *s = sample_new ("/s", the_clock);
  g_assert_false (device_load (&s->dev, state, &error));
  g_assert_nonnull (error);
  g_assert_cmpuint (s->n_loaded, ==, 0);
  if (part != NULL && (strstr (error->message, part) == NULL || strstr (error->message, "/s") == NULL ||
                       strstr (error->message, member) == NULL))
    g_error ("‘%s’ does not name ‘%s’ or say ‘%s’", error->message, member, part);
  device_free (&s->dev);
}

static GVariant *
numbers (unsigned n, uint64_t value)
{
  uint64_t values[16];
  for (unsigned i = 0; i < n; i++)
    values[i] = value;
  return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, values, n, 8);
}

static void
test_refused (void)
{
  expect_refused ("main.status", NULL, "missing");
  expect_refused ("other.kept", NULL, "missing");
  expect_refused ("flag", NULL, "missing");
  expect_refused ("counter", NULL, NULL); /* the class's own message */
  expect_refused ("main.status", g_variant_new_uint32 (1), "type");
  expect_refused ("main.status", g_variant_new_uint64 (UINT64_C (1) << 32), "too large");
  expect_refused ("main.bytes", g_variant_new_bytestring ("ab"), "number of elements");
  expect_refused ("main.bytes", g_variant_new_string ("abcd"), "type");
  expect_refused ("main.channel_a", numbers (3, 0), "number of elements");
  expect_refused ("main.channel_a", numbers (5, 0), "number of elements");
  expect_refused ("main.channel_a", numbers (4, UINT64_C (1) << 32), "too large");
  expect_refused ("flag", g_variant_new_uint64 (1), "type");
  expect_refused ("flags", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, "\0\2\0", 3, 1), "too large");
  expect_refused ("level", g_variant_new_uint64 (17), "too large");
  expect_refused ("word", g_variant_new_uint64 (65536), "too large");
  expect_refused ("index", g_variant_new_uint64 (5), "too large");
  expect_refused ("table", numbers (5, 1001), "too large");
  expect_refused ("timer", g_variant_new_int64 (-2), "before");
  expect_refused ("timers", numbers (2, 0), "type");
  expect_refused ("/s/c", g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0), NULL);
}

static void
test_children_differ (void)
{
  g_autoptr (GError) error = NULL;
  Sample *with = sample_new ("/s", the_clock), *without = sample_new ("/s", the_clock);
  device_add_child (&with->dev, &sample_new ("/s/c", NULL)->dev);
  g_autoptr (GVariant) state = device_save (&without->dev);
  g_assert_false (device_load (&with->dev, state, &error));
  g_assert_nonnull (strstr (error->message, "/s/c"));
  g_clear_error (&error);
  g_autoptr (GVariant) more = device_save (&with->dev);
  g_assert_false (device_load (&without->dev, more, &error));
  g_assert_nonnull (error);
  /* A timer that runs, for a device that has none. */
  g_clear_error (&error);
  clock_timer_set (without->timer, 5);
  g_autoptr (GVariant) timer = device_save (&without->dev);
  Sample *no_clock = sample_new ("/s", NULL);
  g_assert_false (device_load (&no_clock->dev, timer, &error));
  g_assert_nonnull (strstr (error->message, "timer"));
  g_clear_error (&error);
  g_autoptr (GVariant) string = g_variant_ref_sink (g_variant_new_string ("x"));
  g_assert_false (device_load (&no_clock->dev, string, &error));
  g_assert_nonnull (error);
  device_free (&with->dev);
  device_free (&without->dev);
  device_free (&no_clock->dev);
}

static void
test_harness (void)
{
  Sample *a = sample_new ("/s", the_clock), *b = sample_new ("/s", the_clock);
  device_add_child (&a->dev, &sample_new ("/s/c", NULL)->dev);
  device_add_child (&b->dev, &sample_new ("/s/c", NULL)->dev);
  device_test_all (&a->dev, &b->dev);
  device_free (&a->dev);
  device_free (&b->dev);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  the_clock = clock_new ();
  g_test_add_func ("/save/round-trip", test_round_trip);
  g_test_add_func ("/save/refused", test_refused);
  g_test_add_func ("/save/children-differ", test_children_differ);
  g_test_add_func ("/save/harness", test_harness);
  int result = g_test_run ();
  clock_free (the_clock);
  return result;
}
