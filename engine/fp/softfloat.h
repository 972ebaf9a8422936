/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Exact binary floating point in integer arithmetic: the reference for every guest's floating point.
 *
 * Each operation gives the correctly rounded result of IEEE 754-2019 and raises exactly its flags, whatever
 * the host and the state of its FPU.  Values travel as raw encodings: the low bits of a uint64_t hold the
 * value, higher bits are ignored in operands and zero in results.  What the standard leaves to the
 * architecture (the choice of NaN, when tininess is detected, what a failed conversion gives) is said by the
 * semantics class in SfEnv.
 */

#include <stdbool.h>
#include <stdint.h>

/* Sticky exception flags: the five of IEEE 754, and that a subnormal operand was taken for zero. */
enum { FP_INVALID = 1, FP_DIVZERO = 2, FP_OVERFLOW = 4, FP_UNDERFLOW = 8, FP_INEXACT = 16, FP_DENORMAL = 32 };

/* Rounding directions: nearest with ties to even, to zero, down, up, nearest with ties away from zero, and to
 * whichever neighbour is odd. */
typedef enum { SF_RNE, SF_RTZ, SF_RDN, SF_RUP, SF_RMM, SF_ROD } SfRound;

/* Semantics class: a set of these.  The bit of value 4 says how callers box narrow values and means nothing
 * here. */
typedef enum {
  /* Every NaN result is the positive quiet NaN with empty payload.  Without it the result is the first NaN
   * operand, made quiet, or that canonical one where no operand is a NaN. */
  SF_NAN_CANONICAL = 1,
  /* Tininess is detected before rounding; else after, as if the exponent range were unbounded. */
  SF_TINY_BEFORE = 2,
  /* NaN to integer gives the largest value; else 0. */
  SF_CVT_NAN_MAX = 8,
  /* Arm's rules.  The NaN that propagates is the first signalling one, or else the first; of a fused
   * operation the addend counts as the first operand, its negations apply to NaNs too, and infinity times
   * zero plus a quiet NaN gives the canonical NaN.  minimumNumber and maximumNumber prefer a number to a
   * quiet NaN only. */
  SF_NAN_SIGNALING_FIRST = 16,
  /* Subnormal operands are taken for zeros, and raise denormal (but for sf_f16's).  Results that are tiny
   * before rounding become zeros, and raise underflow alone. */
  SF_FLUSH = 32,
  /* sf_convert() from and to sf_f16: Arm's alternative half precision, which has larger numbers in place of
   * infinities and NaNs.  Too large a number, and what it lacks, raise invalid alone. */
  SF_ALT_HALF = 64,
} SfFpClass;

/* What an operation runs under, and the flags it adds to.  A `round` that is no SfRound means SF_RNE. */
typedef struct {
  uint8_t round;    /* SfRound */
  uint8_t fp_class; /* SfFpClass bits */
  uint8_t flags;    /* FP_*: operations set bits, never clear them */
} SfEnv;

/* An IEEE interchange format: sign, biased exponent, fraction with hidden leading bit. */
typedef struct {
  uint8_t bits;      /* width of the encoding */
  uint8_t exp_bits;  /* width of the exponent field */
  uint8_t frac_bits; /* width of the fraction field: the precision less one */
  int32_t bias;      /* of the exponent; also the largest exponent of a finite value */
  bool finite;       /* there are only numbers: the largest exponent field is one like others */
} SfFormat;

extern const SfFormat sf_f16, sf_f32, sf_f64;

/* Arithmetic. */
uint64_t sf_add (const SfFormat *f, uint64_t a, uint64_t b, SfEnv *env);
uint64_t sf_sub (const SfFormat *f, uint64_t a, uint64_t b, SfEnv *env);
uint64_t sf_mul (const SfFormat *f, uint64_t a, uint64_t b, SfEnv *env);
uint64_t sf_div (const SfFormat *f, uint64_t a, uint64_t b, SfEnv *env);
uint64_t sf_sqrt (const SfFormat *f, uint64_t a, SfEnv *env);

/* a * b + c, rounded once.  The product and the addend are negated exactly, before the sum, as `negate` says;
 * a NaN operand keeps its sign.  Infinity times zero raises invalid even where c is a quiet NaN, which is
 * then still the NaN that propagates.  With SF_HALVE the sum is halved before it is rounded. */
enum { SF_HALVE = 1, SF_NEG_PRODUCT = 2, SF_NEG_ADDEND = 4 };
uint64_t sf_fma (const SfFormat *f, uint64_t a, uint64_t b, uint64_t c, unsigned negate, SfEnv *env);

/* The smaller or larger operand, -0 counting as less than +0.  A NaN loses against a number (minimumNumber,
 * maximumNumber) or wins (minimum, maximum); a signalling one raises invalid either way. */
typedef enum { SF_MINMAX_NUMBER, SF_MINMAX_NAN } SfMinMax;
uint64_t sf_min (const SfFormat *f, uint64_t a, uint64_t b, SfMinMax rule, SfEnv *env);
uint64_t sf_max (const SfFormat *f, uint64_t a, uint64_t b, SfMinMax rule, SfEnv *env);

/* How a stands to b.  A signalling NaN raises invalid; with `signaling` a quiet one does too. */
typedef enum { SF_LESS, SF_EQUAL, SF_GREATER, SF_UNORDERED } SfOrder;
SfOrder sf_order (const SfFormat *f, uint64_t a, uint64_t b, bool signaling, SfEnv *env);

/* The three predicates on sf_order(): false where unordered. */
bool sf_eq (const SfFormat *f, uint64_t a, uint64_t b, bool signaling, SfEnv *env);
bool sf_lt (const SfFormat *f, uint64_t a, uint64_t b, bool signaling, SfEnv *env);
bool sf_le (const SfFormat *f, uint64_t a, uint64_t b, bool signaling, SfEnv *env);

/* The class of a value: exactly one of these bits, raising nothing. */
enum {
  SF_IS_NEG_INF = 1 << 0,
  SF_IS_NEG_NORMAL = 1 << 1,
  SF_IS_NEG_SUBNORMAL = 1 << 2,
  SF_IS_NEG_ZERO = 1 << 3,
  SF_IS_POS_ZERO = 1 << 4,
  SF_IS_POS_SUBNORMAL = 1 << 5,
  SF_IS_POS_NORMAL = 1 << 6,
  SF_IS_POS_INF = 1 << 7,
  SF_IS_SNAN = 1 << 8,
  SF_IS_QNAN = 1 << 9,
};
unsigned sf_classify (const SfFormat *f, uint64_t a);

/* The canonical NaN of a format: positive, quiet, empty payload. */
uint64_t sf_canonical_nan (const SfFormat *f);

/* From one format to another.  A propagated NaN keeps its sign and the leading bits of its payload.  SF_FLUSH
 * means nothing for sf_f16. */
uint64_t sf_convert (const SfFormat *to, const SfFormat *from, uint64_t a, SfEnv *env);

/* To a signed or unsigned integer of `width` bits (1 to 64), rounded as env says; the result is zero above
 * `width`. A value whose rounding does not fit gives the nearest end of the range, a NaN what the class says,
 * and both raise invalid alone; otherwise a changed value raises inexact. */
uint64_t sf_to_int (const SfFormat *f, uint64_t a, unsigned width, bool is_signed, SfEnv *env);

/* The same of the number times 2^fraction (0 to 64), multiplied exactly: to a fixed-point number. */
uint64_t sf_to_fixed (const SfFormat *f, uint64_t a, unsigned width, bool is_signed, unsigned fraction,
                      SfEnv *env);

/* To a signed 32-bit integer towards zero, modulo 2^32; NaN and infinity give 0.  Flags are those of
 * sf_to_int (f, a, 32, true, …) rounding towards zero: invalid where that is out of range, else inexact. */
uint32_t sf_to_int_modulo (const SfFormat *f, uint64_t a, SfEnv *env);

/* From the low `width` bits (1 to 64) of a signed or unsigned integer. */
uint64_t sf_from_int (const SfFormat *f, uint64_t a, unsigned width, bool is_signed, SfEnv *env);

/* The same divided by 2^fraction (0 to 64) before it is rounded. */
uint64_t sf_from_fixed (const SfFormat *f, uint64_t a, unsigned width, bool is_signed, unsigned fraction,
                        SfEnv *env);

/* To an integral value in the same format, keeping the sign; `exact` asks for inexact where it differs. */
uint64_t sf_round_to_integral (const SfFormat *f, uint64_t a, bool exact, SfEnv *env);
