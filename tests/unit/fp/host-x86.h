/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The host's SSE unit as an oracle: one instruction under a given rounding direction, with the flags it
 * raises.
 *
 * Operands and results are raw encodings.  Each function sets MXCSR, runs its instruction and restores MXCSR
 * within one asm statement, so no compiler can move or fold anything.
 */

#include "softfloat.h"

typedef struct {
  uint64_t bits;
  unsigned flags; /* FP_* */
} HostResult;

typedef HostResult (*HostFn) (uint64_t a, uint64_t b, uint64_t c, SfRound round);

typedef struct {
  HostFn add, sub, mul, div, sqrt, fma;
  HostFn to_int64;   /* cvt..2si */
  HostFn from_int64; /* cvtsi2.. */
  HostFn round_exact, round_quiet;
  HostFn compare[3][2]; /* [eq lt le][quiet signaling]: all ones or zero */
} HostFormat;

extern const HostFormat host_f32, host_f64;

HostResult host_f32_to_f64 (uint64_t a, SfRound round);
HostResult host_f64_to_f32 (uint64_t a, SfRound round);
HostResult host_f16_to_f32 (uint64_t a, SfRound round);
HostResult host_f32_to_f16 (uint64_t a, SfRound round);

/* False where this CPU lacks one of the instructions used (SSE4.1, AVX, FMA, F16C). */
bool host_usable (void);
