/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "samples.h"

#include <math.h>

/* The last minute of a value, and the axis it is drawn on. */

#define SECOND G_USEC_PER_SEC
#define CLOSE  1e-6

static void
test_a_minute_is_kept (void)
{
  VtSamples samples = { 0 };
  for (int second = 0; second < 200; second++)
    vt_samples_add (&samples, second * SECOND, second);
  /* The one at the edge stays, so that the line begins there. */
  g_assert_cmpuint (samples.n, ==, 61);
  g_assert_cmpint (vt_samples_get (&samples, 0)->time, ==, 139 * SECOND);
  g_assert_cmpfloat_with_epsilon (vt_samples_position (&samples, vt_samples_get (&samples, 0)->time), 0,
                                  CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_samples_position (&samples, 199 * SECOND), 1, CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_samples_position (&samples, 169 * SECOND), 0.5, CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_samples_last (&samples), 199, CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_samples_max (&samples), 199, CLOSE);
  vt_samples_clear (&samples);
  g_assert_cmpuint (samples.n, ==, 0);
  g_assert_cmpfloat_with_epsilon (vt_samples_last (&samples), 0, CLOSE);
}

static void
test_odd_times (void)
{
  VtSamples samples = { 0 };
  /* Faster than they can be kept. */
  for (int i = 0; i < 1000; i++)
    vt_samples_add (&samples, i * 1000, 1);
  g_assert_cmpuint (samples.n, ==, VT_SAMPLES_MAX);
  g_assert_cmpint (vt_samples_get (&samples, VT_SAMPLES_MAX - 1)->time, ==, 999000);
  /* After a long pause what was before is no part of the minute. */
  vt_samples_add (&samples, 1000 * SECOND, 2);
  g_assert_cmpuint (samples.n, ==, 1);
  /* Another machine's clock, or ours set back. */
  vt_samples_add (&samples, 5 * SECOND, 3);
  g_assert_cmpuint (samples.n, ==, 1);
  g_assert_cmpfloat_with_epsilon (vt_samples_last (&samples), 3, CLOSE);
}

static void
test_odd_values (void)
{
  VtSamples samples = { 0 };
  vt_samples_add (&samples, 1, (double)NAN);
  vt_samples_add (&samples, 2, (double)INFINITY);
  vt_samples_add (&samples, 3, -5);
  g_assert_true (vt_samples_is_flat (&samples));
  g_assert_cmpfloat_with_epsilon (vt_samples_max (&samples), 0, CLOSE);
  vt_samples_add (&samples, 4, 0.5);
  g_assert_false (vt_samples_is_flat (&samples));
}

static void
test_axis (void)
{
  g_assert_cmpfloat_with_epsilon (vt_axis_end (VT_UNIT_CORES, 0, 1), 1, CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_axis_end (VT_UNIT_CORES, 1.2, 1), 2, CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_axis_end (VT_UNIT_CORES, 4.1, 4), 5, CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_axis_end (VT_UNIT_CORES, 7, 1), 10, CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_axis_end (VT_UNIT_CORES, 10, 1), 10, CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_axis_end (VT_UNIT_CORES, 0, 0), 0.01, CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_axis_end (VT_UNIT_RATE, 0, 1024), 1024, CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_axis_end (VT_UNIT_RATE, 1025, 1024), 2048, CLOSE);
  g_assert_cmpfloat_with_epsilon (vt_axis_end (VT_UNIT_BYTES, 1 << 30, 0), 1 << 30, CLOSE);
  for (double value = 0.001; value < 1e15; value *= 1.7)
    for (int unit = VT_UNIT_CORES; unit <= VT_UNIT_RATE; unit++)
      g_assert_cmpfloat (vt_axis_end ((VtUnit)unit, value, 0) * (1 + CLOSE), >=, value);
}

static void
expect_text (VtUnit unit, double value, const char *expected)
{
  g_autofree char *text = vt_unit_text (unit, value);
  /* Between number and unit GLib has a space that does not break. */
  g_auto (GStrv) words = g_strsplit (text, "\xc2\xa0", -1);
  g_autofree char *plain = g_strjoinv (" ", words);
  g_assert_cmpstr (plain, ==, expected);
}

static void
test_texts (void)
{
  expect_text (VT_UNIT_CORES, 1.5, "1.50 cores");
  expect_text (VT_UNIT_CORES, 1, "1.00 core");
  expect_text (VT_UNIT_BYTES, 2147483648.0, "2.0 GiB");
  expect_text (VT_UNIT_RATE, 3565158, "3.4 MiB/s");
  expect_text (VT_UNIT_RATE, -1, "0 bytes/s");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/samples/minute", test_a_minute_is_kept);
  g_test_add_func ("/samples/times", test_odd_times);
  g_test_add_func ("/samples/values", test_odd_values);
  g_test_add_func ("/samples/axis", test_axis);
  g_test_add_func ("/samples/texts", test_texts);
  return g_test_run ();
}
