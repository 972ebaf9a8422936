/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "host-x86.h"
#include <string.h>

enum { MXCSR_DEFAULT = 0x1f80 };

static uint32_t
mxcsr_for (SfRound round)
{
  static const uint8_t control[] = { [SF_RNE] = 0, [SF_RDN] = 1, [SF_RUP] = 2, [SF_RTZ] = 3 };

  return MXCSR_DEFAULT | (uint32_t)control[round] << 13;
}

static unsigned
flags_of_mxcsr (uint32_t mxcsr)
{
  return (mxcsr & 1 ? FP_INVALID : 0) | (mxcsr & 4 ? FP_DIVZERO : 0) | (mxcsr & 8 ? FP_OVERFLOW : 0) |
         (mxcsr & 16 ? FP_UNDERFLOW : 0) | (mxcsr & 32 ? FP_INEXACT : 0);
}

/* Every value, of whatever format, sits in the low bits of an XMM register; a double is how C names one. */
static double
to_register (uint64_t bits)
{
  double x;

  memcpy (&x, &bits, sizeof x);
  return x;
}

static uint64_t
from_register (double x)
{
  uint64_t bits;

  memcpy (&bits, &x, sizeof bits);
  return bits;
}

/* Runs `text` on the operands x (a, result), y (b), z (c) and n (a as an integer, result). */
#define RUN(text)                                                                                            \
  double x = to_register (a), y = to_register (b), z = to_register (c);                                      \
  uint64_t n = a;                                                                                            \
  uint32_t control = mxcsr_for (round), status, normal = MXCSR_DEFAULT;                                      \
  __asm__ volatile ("ldmxcsr %[control]\n\t" text "\n\tstmxcsr %[status]\n\tldmxcsr %[normal]"               \
                    : [x] "+x"(x), [n] "+r"(n), [status] "=m"(status)                                        \
                    : [y] "x"(y), [z] "x"(z), [control] "m"(control), [normal] "m"(normal))

#define HOST(name, text, result)                                                                             \
  static HostResult name (uint64_t a, uint64_t b, uint64_t c, SfRound round)                                 \
  {                                                                                                          \
    RUN (text);                                                                                              \
    return (HostResult){ (result), flags_of_mxcsr (status) };                                                \
  }

#define LOW(width) (from_register (x) & (~UINT64_C (0) >> (64 - (width))))

#define HOST_FORMAT(s, width)                                                                                \
  HOST (add_##s, "adds" #s " %[y], %[x]", LOW (width))                                                       \
  HOST (sub_##s, "subs" #s " %[y], %[x]", LOW (width))                                                       \
  HOST (mul_##s, "muls" #s " %[y], %[x]", LOW (width))                                                       \
  HOST (div_##s, "divs" #s " %[y], %[x]", LOW (width))                                                       \
  HOST (sqrt_##s, "sqrts" #s " %[x], %[x]", LOW (width))                                                     \
  HOST (fma_##s, "vfmadd132s" #s " %[y], %[z], %[x]", LOW (width))                                           \
  HOST (to_int64_##s, "cvts" #s "2si %[x], %[n]", n)                                                         \
  HOST (from_int64_##s, "cvtsi2s" #s " %[n], %[x]", LOW (width))                                             \
  HOST (round_exact_##s, "rounds" #s " $4, %[x], %[x]", LOW (width))                                         \
  HOST (round_quiet_##s, "rounds" #s " $12, %[x], %[x]", LOW (width))                                        \
  HOST (eq_quiet_##s, "vcmps" #s " $0x00, %[y], %[x], %[x]", LOW (width))                                    \
  HOST (eq_signaling_##s, "vcmps" #s " $0x10, %[y], %[x], %[x]", LOW (width))                                \
  HOST (lt_quiet_##s, "vcmps" #s " $0x11, %[y], %[x], %[x]", LOW (width))                                    \
  HOST (lt_signaling_##s, "vcmps" #s " $0x01, %[y], %[x], %[x]", LOW (width))                                \
  HOST (le_quiet_##s, "vcmps" #s " $0x12, %[y], %[x], %[x]", LOW (width))                                    \
  HOST (le_signaling_##s, "vcmps" #s " $0x02, %[y], %[x], %[x]", LOW (width))                                \
  const HostFormat host_f##width = {                                                                         \
    .add = add_##s,                                                                                          \
    .sub = sub_##s,                                                                                          \
    .mul = mul_##s,                                                                                          \
    .div = div_##s,                                                                                          \
    .sqrt = sqrt_##s,                                                                                        \
    .fma = fma_##s,                                                                                          \
    .to_int64 = to_int64_##s,                                                                                \
    .from_int64 = from_int64_##s,                                                                            \
    .round_exact = round_exact_##s,                                                                          \
    .round_quiet = round_quiet_##s,                                                                          \
    .compare = { { eq_quiet_##s, eq_signaling_##s },                                                         \
                 { lt_quiet_##s, lt_signaling_##s },                                                         \
                 { le_quiet_##s, le_signaling_##s } },                                                       \
  };

HOST_FORMAT (s, 32)
HOST_FORMAT (d, 64)

HOST (widen, "cvtss2sd %[x], %[x]", from_register (x))
HOST (narrow, "cvtsd2ss %[x], %[x]", LOW (32))
HOST (widen_half, "vcvtph2ps %[x], %[x]", LOW (32))
HOST (narrow_to_half, "vcvtps2ph $4, %[x], %[x]", LOW (16))

HostResult
host_f32_to_f64 (uint64_t a, SfRound round)
{
  return widen (a, 0, 0, round);
}

HostResult
host_f64_to_f32 (uint64_t a, SfRound round)
{
  return narrow (a, 0, 0, round);
}

HostResult
host_f16_to_f32 (uint64_t a, SfRound round)
{
  return widen_half (a, 0, 0, round);
}

HostResult
host_f32_to_f16 (uint64_t a, SfRound round)
{
  return narrow_to_half (a, 0, 0, round);
}

bool
host_usable (void)
{
  return __builtin_cpu_supports ("sse4.1") && __builtin_cpu_supports ("avx") &&
         __builtin_cpu_supports ("fma") && __builtin_cpu_supports ("f16c");
}
