/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What random-cases and its peer exchange: a stream of cases in, each with the registers before and after in
 * its place. */

#include <stdint.h>

enum { CASE_INSNS = 8 };

typedef struct {
  uint64_t v[32][2];
  uint64_t x[31];
  uint64_t nzcv; /* bits 31 to 28 */
  uint64_t fpcr, fpsr;
  uint32_t n_insns, illegal; /* how many; whether one was undefined: then the rest says nothing */
  uint32_t insns[CASE_INSNS];
} RandomCase;
