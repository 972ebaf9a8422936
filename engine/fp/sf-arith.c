/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Sum, product, quotient, square root, and the fused sum of a product.
 *
 * Sums are right for operands of up to 120 significant bits.  The others rely on less: products on 64 (the
 * low half of the significand is zero), a fused product on 63 (its exact value leaves room in the 128),
 * quotients on 60 and roots on 58.  Double has 53; a format beyond these limits needs wider arithmetic in
 * multiply(), divide() and square_root(), and nowhere else.
 */

#include "sf-internal.h"

static SfNum
nan_of_two (const SfNum *a, const SfNum *b, SfEnv *env)
{
  return sf_propagate_nan ((const SfNum *const[]){ a, b }, 2, env);
}

/* The sum where one operand or both are not finite and non-zero. */
static SfNum
add_special (const SfNum *a, const SfNum *b, SfEnv *env)
{
  if (sf_is_nan (a) || sf_is_nan (b))
    return nan_of_two (a, b, env);
  if (a->kind == SF_INF)
    return b->kind == SF_INF && a->sign != b->sign ? sf_invalid (env) : *a;
  if (b->kind == SF_INF || b->kind == SF_FINITE)
    return *b;
  if (a->kind == SF_FINITE)
    return *a;
  return (SfNum){ .kind = SF_ZERO, .sign = a->sign == b->sign ? a->sign : env->round == SF_RDN };
}

static inline SfNum
add (const SfNum *a, const SfNum *b, SfEnv *env)
{
  if (a->kind != SF_FINITE || b->kind != SF_FINITE)
    return add_special (a, b, env);
  if (a->exp < b->exp || (a->exp == b->exp && a->sig < b->sig)) {
    const SfNum *t = a;
    a = b;
    b = t;
  }

  /* One bit of room for the carry.  Where the exponents differ by two or more at most one leading bit
   * cancels, where they differ less nothing is shifted out: the sticky bit stays low enough. */
  SfSig x = a->sig >> 1, y = sf_shift_right_sticky (b->sig, a->exp - b->exp + 1);
  SfNum sum = { .kind = SF_FINITE, .sign = a->sign, .exp = a->exp + 1 };

  sum.sig = a->sign == b->sign ? x + y : x - y;
  if (sum.sig == 0)
    return (SfNum){ .kind = SF_ZERO, .sign = env->round == SF_RDN };
  sf_normalize (&sum);
  return sum;
}

uint64_t
sf_add (const SfFormat *f, uint64_t a, uint64_t b, SfEnv *env)
{
  SfNum x = sf_unpack_operand (f, a, env), y = sf_unpack_operand (f, b, env);
  SfNum sum = add (&x, &y, env);

  return sf_pack (f, &sum, env);
}

uint64_t
sf_sub (const SfFormat *f, uint64_t a, uint64_t b, SfEnv *env)
{
  SfNum x = sf_unpack_operand (f, a, env), y = sf_unpack_operand (f, b, env);

  if (!sf_is_nan (&y))
    y.sign = !y.sign;

  SfNum sum = add (&x, &y, env);

  return sf_pack (f, &sum, env);
}

/* Multiplies two numbers that are not NaNs, without loss. */
static inline SfNum
multiply (const SfNum *a, const SfNum *b, SfEnv *env)
{
  SfNum product = { .kind = SF_FINITE, .sign = a->sign != b->sign };

  if (a->kind == SF_FINITE && b->kind == SF_FINITE) {
    product.exp = a->exp + b->exp + 1;
    product.sig = (SfSig)(uint64_t)(a->sig >> 64) * (uint64_t)(b->sig >> 64);
    sf_normalize (&product);
  } else if (a->kind == SF_INF || b->kind == SF_INF) {
    if (a->kind == SF_ZERO || b->kind == SF_ZERO)
      return sf_invalid (env);
    product.kind = SF_INF;
  } else {
    product.kind = SF_ZERO;
  }
  return product;
}

uint64_t
sf_mul (const SfFormat *f, uint64_t a, uint64_t b, SfEnv *env)
{
  SfNum x = sf_unpack_operand (f, a, env), y = sf_unpack_operand (f, b, env);
  SfNum product = sf_is_nan (&x) || sf_is_nan (&y) ? nan_of_two (&x, &y, env) : multiply (&x, &y, env);

  return sf_pack (f, &product, env);
}

/* The fused sum under SF_NAN_SIGNALING_FIRST. */
static SfNum
fma_signaling_first (SfNum *x, const SfNum *y, SfNum *z, unsigned negate, SfEnv *env)
{
  bool nan = sf_is_nan (x) || sf_is_nan (y);

  x->sign ^= (negate & SF_NEG_PRODUCT) != 0;
  z->sign ^= (negate & SF_NEG_ADDEND) != 0;
  if (nan || z->kind == SF_SNAN)
    return sf_propagate_nan ((const SfNum *const[]){ z, x, y }, 3, env);

  SfNum product = multiply (x, y, env);

  if (sf_is_nan (&product))
    return product;
  if (sf_is_nan (z))
    return *z;
  return add (&product, z, env);
}

uint64_t
sf_fma (const SfFormat *f, uint64_t a, uint64_t b, uint64_t c, unsigned negate, SfEnv *env)
{
  SfNum x = sf_unpack_operand (f, a, env), y = sf_unpack_operand (f, b, env),
        z = sf_unpack_operand (f, c, env);

  if (env->fp_class & SF_NAN_SIGNALING_FIRST) {
    SfNum result = fma_signaling_first (&x, &y, &z, negate, env);
    result.exp -= negate & SF_HALVE ? 1 : 0;
    return sf_pack (f, &result, env);
  }
  if (sf_is_nan (&x) || sf_is_nan (&y)) {
    SfNum nan = sf_propagate_nan ((const SfNum *const[]){ &x, &y, &z }, 3, env);
    return sf_pack (f, &nan, env);
  }

  SfNum product = multiply (&x, &y, env);

  if (sf_is_nan (&z) || sf_is_nan (&product)) {
    /* Infinity times zero has raised invalid by now; its NaN comes last, as it was no operand. */
    SfNum nan = nan_of_two (&z, &product, env);
    return sf_pack (f, &nan, env);
  }
  product.sign ^= (negate & SF_NEG_PRODUCT) != 0;
  z.sign ^= (negate & SF_NEG_ADDEND) != 0;

  SfNum sum = add (&product, &z, env);

  sum.exp -= negate & SF_HALVE ? 1 : 0;
  return sf_pack (f, &sum, env);
}

/* The quotient of two finite non-zero numbers, to at least 63 digits. */
static SfNum
divide (const SfNum *a, const SfNum *b)
{
  uint64_t divisor = b->sig >> 64;
  SfSig dividend = a->sig >> 1; /* so that its high half is less than the divisor, and the quotient fits */
  uint64_t digits = dividend / divisor;
  bool sticky = dividend != (SfSig)digits * divisor;
  SfNum quotient = { .kind = SF_FINITE, .sign = a->sign != b->sign, .exp = a->exp - b->exp };

  quotient.sig = (SfSig)digits << 64 | sticky;
  sf_normalize (&quotient);
  return quotient;
}

static SfNum
divide_special (const SfNum *a, const SfNum *b, SfEnv *env)
{
  SfNum quotient = { .kind = SF_ZERO, .sign = a->sign != b->sign };

  if (sf_is_nan (a) || sf_is_nan (b))
    return nan_of_two (a, b, env);
  if (a->kind == b->kind)
    return sf_invalid (env);
  if (a->kind == SF_INF || b->kind == SF_ZERO) {
    quotient.kind = SF_INF;
    if (a->kind != SF_INF)
      env->flags |= FP_DIVZERO;
  }
  return quotient;
}

uint64_t
sf_div (const SfFormat *f, uint64_t a, uint64_t b, SfEnv *env)
{
  SfNum x = sf_unpack_operand (f, a, env), y = sf_unpack_operand (f, b, env);
  bool plain = x.kind == SF_FINITE && y.kind == SF_FINITE;
  SfNum quotient = plain ? divide (&x, &y) : divide_special (&x, &y, env);

  return sf_pack (f, &quotient, env);
}

/* The square root of a finite positive number to `digits` binary digits, with a sticky bit.  Digit by digit:
 * a digit of weight w is one where (root + w)^2 <= a, which is where remainder / w >= 2 root + w; `rest` is
 * remainder / w, always less than 8.  Bit 60 weighs one. */
static SfNum
square_root (const SfNum *a, unsigned digits)
{
  unsigned odd = a->exp & 1;
  uint64_t root = 0, rest = (uint64_t)(a->sig >> 67) << odd;

  for (uint64_t digit = UINT64_C (1) << 60; digits--; digit >>= 1) {
    /* A mask, not a branch: the digits are as good as random. */
    uint64_t trial = 2 * root + digit, taken = -(uint64_t)(rest >= trial);

    rest = (rest - (trial & taken)) << 1;
    root |= digit & taken;
  }

  SfSig sig = (SfSig)(root << 3 | (rest != 0)) << 64;

  return (SfNum){ .kind = SF_FINITE, .exp = (a->exp - (int32_t)odd) / 2, .sig = sig };
}

uint64_t
sf_sqrt (const SfFormat *f, uint64_t a, SfEnv *env)
{
  SfNum x = sf_unpack_operand (f, a, env);

  if (sf_is_nan (&x))
    x = sf_propagate_nan ((const SfNum *const[]){ &x }, 1, env);
  else if (x.sign && x.kind != SF_ZERO)
    x = sf_invalid (env);
  else if (x.kind == SF_FINITE)
    x = square_root (&x, f->frac_bits + 3);
  return sf_pack (f, &x, env);
}
