/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Conversions of double to integers at the ends of their ranges, as tables written by hand. */

#include "softfloat.h"
#include <glib.h>

static void
test_to_int (void)
{
  static const struct {
    uint64_t a; /* double */
    unsigned width;
    bool is_signed;
    SfRound round;
    uint64_t result;
    unsigned flags;
  } table[] = {
    { 0x41dfffffffc00000, 32, true, SF_RTZ, 0x7fffffff, 0 },          /* 2^31 - 1 */
    { 0x41dfffffffe00000, 32, true, SF_RTZ, 0x7fffffff, FP_INEXACT }, /* 2^31 - 0.5 */
    { 0x41dfffffffe00000, 32, true, SF_RNE, 0x7fffffff, FP_INVALID },
    { 0xc1e0000000000000, 32, true, SF_RNE, 0x80000000, 0 },          /* -2^31 */
    { 0xc1e0000000100000, 32, true, SF_RMM, 0x80000000, FP_INVALID }, /* -2^31 - 0.5 */
    { 0xc1e0000000100000, 32, true, SF_RNE, 0x80000000, FP_INEXACT },
    { 0xc1e0000000100000, 32, true, SF_RDN, 0x80000000, FP_INVALID },
    { 0xbfe0000000000000, 32, false, SF_RNE, 0, FP_INEXACT }, /* -0.5 */
    { 0xbfe0000000000000, 32, false, SF_RMM, 0, FP_INVALID },
    { 0xbfe0000000000000, 64, false, SF_RUP, 0, FP_INEXACT },
    { 0xbff0000000000000, 64, false, SF_RTZ, 0, FP_INVALID },        /* -1 */
    { 0x8000000000000000, 64, false, SF_RDN, 0, 0 },                 /* -0 */
    { 0x43e0000000000000, 64, true, SF_RTZ, INT64_MAX, FP_INVALID }, /* 2^63 */
    { 0x43e0000000000000, 64, false, SF_RTZ, UINT64_C (1) << 63, 0 },
    { 0x43f0000000000000, 64, false, SF_RTZ, UINT64_MAX, FP_INVALID },        /* 2^64 */
    { 0xc3e0000000000000, 64, true, SF_RTZ, UINT64_C (1) << 63, 0 },          /* -2^63 */
    { 0xfff0000000000000, 64, true, SF_RTZ, UINT64_C (1) << 63, FP_INVALID }, /* -inf */
    { 0xfff0000000000000, 32, false, SF_RTZ, 0, FP_INVALID },
    { 0xfff8000000000000, 64, true, SF_RTZ, INT64_MAX, FP_INVALID }, /* NaN, of either sign */
    { 0x7ff0000000000001, 32, false, SF_RTZ, UINT32_MAX, FP_INVALID },
    { 0x4004000000000000, 64, true, SF_RMM, 3, FP_INEXACT }, /* 2.5 */
    { 0x4004000000000000, 64, true, SF_RNE, 2, FP_INEXACT },
    { 0xc004000000000000, 64, true, SF_RMM, (uint64_t)-3, FP_INEXACT },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++) {
    SfEnv env = { .round = table[i].round, .fp_class = SF_CVT_NAN_MAX };

    g_assert_cmphex (sf_to_int (&sf_f64, table[i].a, table[i].width, table[i].is_signed, &env), ==,
                     table[i].result);
    g_assert_cmphex (env.flags, ==, table[i].flags);
  }

  SfEnv zero = { 0 };

  g_assert_cmphex (sf_to_int (&sf_f64, 0x7ff8000000000000, 64, true, &zero), ==, 0);
  g_assert_cmphex (zero.flags, ==, FP_INVALID);
}

static void
test_to_int_modulo (void)
{
  static const struct {
    uint64_t a;
    uint32_t result;
    unsigned flags;
  } table[] = {
    { 0xbff8000000000000, (uint32_t)-1, FP_INEXACT }, /* -1.5 */
    { 0x41dfffffffe00000, INT32_MAX, FP_INEXACT },    /* 2^31 - 0.5 */
    { 0x41e0000000000000, 0x80000000, FP_INVALID },   /* 2^31 */
    { 0xc1e0000000000000, 0x80000000, 0 },            /* -2^31 */
    { 0xc1e0000000300000, 0x7fffffff, FP_INVALID },   /* -2^31 - 1.5 */
    { 0x41f0000000180000, 1, FP_INVALID },            /* 2^32 + 1.5 */
    { 0xc1f0000000180000, (uint32_t)-1, FP_INVALID },
    { 0x4340000000000001, 2, FP_INVALID },          /* 2^53 + 2 */
    { 0x4520000000000001, 0x80000000, FP_INVALID }, /* 2^83 + 2^31 */
    { 0x4530000000000001, 0, FP_INVALID },          /* 2^84 + 2^32 */
    { 0x7fefffffffffffff, 0, FP_INVALID },
    { 0xfff0000000000000, 0, FP_INVALID },
    { 0x7ff8000000000000, 0, FP_INVALID },
    { 0x0000000000000001, 0, FP_INEXACT },
    { 0x8000000000000000, 0, 0 },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++)
    for (SfRound round = SF_RNE; round <= SF_RMM; round++) {
      SfEnv env = { .round = round };

      g_assert_cmphex (sf_to_int_modulo (&sf_f64, table[i].a, &env), ==, table[i].result);
      g_assert_cmphex (env.flags, ==, table[i].flags);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fp/integers/to-int", test_to_int);
  g_test_add_func ("/fp/integers/to-int-modulo", test_to_int_modulo);
  return g_test_run ();
}
