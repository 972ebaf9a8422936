/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Operands worth trying: the corners of a format, and random ones that meet near those corners. */

#include "softfloat.h"
#include <glib.h>

enum { FP_N_SPECIALS = 40 };

/* The same corners of any format, both signs of each. */
void fp_specials (const SfFormat *f, uint64_t ret_specials[FP_N_SPECIALS]);

/* A random encoding, with exponents and fractions drawn towards the places where rounding is hard. */
uint64_t fp_random (const SfFormat *f, GRand *rand);

/* A random integer of a random length. */
uint64_t fp_random_int (GRand *rand);

/* How many random cases per operation: n, times the number in the environment's VITRINE_FP_TEST_SCALE if set.
 */
unsigned fp_case_count (unsigned n);

bool fp_is_nan (const SfFormat *f, uint64_t a);
bool fp_is_signaling (const SfFormat *f, uint64_t a);
uint64_t fp_infinity (const SfFormat *f);
const char *fp_format_name (const SfFormat *f);

/* The value with NaNs replaced by the canonical one. */
uint64_t fp_canonical (const SfFormat *f, uint64_t a);

extern const char *const fp_round_names[5];
