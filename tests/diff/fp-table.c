/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A guest program: every floating-point instruction on a grid of special operands, in every rounding mode.
 * Without argument it prints a hash of results and flags for each instruction and rounding mode; with an
 * instruction's name, every case: rounding mode, operands, result, flags. */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  uint64_t result;
  unsigned flags;
} Outcome;
typedef Outcome Instruction (uint64_t a, uint64_t b, uint64_t c);
/* What operands an instruction takes, one letter each: h s d a floating-point format, i an integer, or - for
 * none. */
typedef struct {
  const char *name, *operands;
  Instruction *run;
} Entry;

#define BODY(text, result_move)                                                                              \
  (uint64_t a, uint64_t b, uint64_t c)                                                                       \
  {                                                                                                          \
    Outcome o;                                                                                               \
    __asm__ volatile (".option push\n.option arch, +zfa, +zfh\n"                                             \
                      "mv a1, %2\nfmv.d.x fa1, %2\nfmv.d.x fa2, %3\nfmv.d.x fa3, %4\nfsflags zero\n" text    \
                      "\nfrflags %1\n" result_move "\n.option pop"                                           \
                      : "=&r"(o.result), "=&r"(o.flags)                                                      \
                      : "r"(a), "r"(b), "r"(c)                                                               \
                      : "fa0", "fa1", "fa2", "fa3", "a1", "a2");                                             \
    return o;                                                                                                \
  }
/* id, name, operand formats, assembly after the name, and how the result is moved out. */
#define F "fmv.x.d %0, fa0"
#define X "mv %0, a2"
#define SIZED(OP, s)                                                                                         \
  OP (fadd_##s, "fadd." #s, #s #s "-", "fa0, fa1, fa2", F)                                                   \
  OP (fsub_##s, "fsub." #s, #s #s "-", "fa0, fa1, fa2", F)                                                   \
  OP (fmul_##s, "fmul." #s, #s #s "-", "fa0, fa1, fa2", F)                                                   \
  OP (fdiv_##s, "fdiv." #s, #s #s "-", "fa0, fa1, fa2", F)                                                   \
  OP (fsqrt_##s, "fsqrt." #s, #s "--", "fa0, fa1", F)                                                        \
  OP (fmadd_##s, "fmadd." #s, #s #s #s, "fa0, fa1, fa2, fa3", F)                                             \
  OP (fmsub_##s, "fmsub." #s, #s #s #s, "fa0, fa1, fa2, fa3", F)                                             \
  OP (fnmadd_##s, "fnmadd." #s, #s #s #s, "fa0, fa1, fa2, fa3", F)                                           \
  OP (fnmsub_##s, "fnmsub." #s, #s #s #s, "fa0, fa1, fa2, fa3", F)                                           \
  OP (fmin_##s, "fmin." #s, #s #s "-", "fa0, fa1, fa2", F)                                                   \
  OP (fmax_##s, "fmax." #s, #s #s "-", "fa0, fa1, fa2", F)                                                   \
  OP (fminm_##s, "fminm." #s, #s #s "-", "fa0, fa1, fa2", F)                                                 \
  OP (fmaxm_##s, "fmaxm." #s, #s #s "-", "fa0, fa1, fa2", F)                                                 \
  OP (fsgnj_##s, "fsgnj." #s, #s #s "-", "fa0, fa1, fa2", F)                                                 \
  OP (fsgnjn_##s, "fsgnjn." #s, #s #s "-", "fa0, fa1, fa2", F)                                               \
  OP (fsgnjx_##s, "fsgnjx." #s, #s #s "-", "fa0, fa1, fa2", F)                                               \
  OP (fround_##s, "fround." #s, #s "--", "fa0, fa1", F)                                                      \
  OP (froundnx_##s, "froundnx." #s, #s "--", "fa0, fa1", F)                                                  \
  OP (feq_##s, "feq." #s, #s #s "-", "a2, fa1, fa2", X)                                                      \
  OP (flt_##s, "flt." #s, #s #s "-", "a2, fa1, fa2", X)                                                      \
  OP (fle_##s, "fle." #s, #s #s "-", "a2, fa1, fa2", X)                                                      \
  OP (fltq_##s, "fltq." #s, #s #s "-", "a2, fa1, fa2", X)                                                    \
  OP (fleq_##s, "fleq." #s, #s #s "-", "a2, fa1, fa2", X)                                                    \
  OP (fclass_##s, "fclass." #s, #s "--", "a2, fa1", X)                                                       \
  OP (fcvt_w_##s, "fcvt.w." #s, #s "--", "a2, fa1, dyn", X)                                                  \
  OP (fcvt_wu_##s, "fcvt.wu." #s, #s "--", "a2, fa1, dyn", X)                                                \
  OP (fcvt_l_##s, "fcvt.l." #s, #s "--", "a2, fa1, dyn", X)                                                  \
  OP (fcvt_lu_##s, "fcvt.lu." #s, #s "--", "a2, fa1, dyn", X)                                                \
  OP (fcvt_##s##_w, "fcvt." #s ".w", "i--", "fa0, a1", F)                                                    \
  OP (fcvt_##s##_wu, "fcvt." #s ".wu", "i--", "fa0, a1", F)                                                  \
  OP (fcvt_##s##_l, "fcvt." #s ".l", "i--", "fa0, a1", F)                                                    \
  OP (fcvt_##s##_lu, "fcvt." #s ".lu", "i--", "fa0, a1", F)
/* Conversions round as their own field says, too. */
#define STATIC(OP, s, rm)                                                                                    \
  OP (fcvt_w_##s##_##rm, "fcvt.w." #s, #s "--", "a2, fa1, " #rm, X)                                          \
  OP (fcvt_wu_##s##_##rm, "fcvt.wu." #s, #s "--", "a2, fa1, " #rm, X)                                        \
  OP (fcvt_l_##s##_##rm, "fcvt.l." #s, #s "--", "a2, fa1, " #rm, X)                                          \
  OP (fcvt_lu_##s##_##rm, "fcvt.lu." #s, #s "--", "a2, fa1, " #rm, X)                                        \
  OP (fround_##s##_##rm, "fround." #s, #s "--", "fa0, fa1, " #rm, F)                                         \
  OP (froundnx_##s##_##rm, "froundnx." #s, #s "--", "fa0, fa1, " #rm, F)                                     \
  OP (fadd_##s##_##rm, "fadd." #s, #s #s "-", "fa0, fa1, fa2, " #rm, F)                                      \
  OP (fmul_##s##_##rm, "fmul." #s, #s #s "-", "fa0, fa1, fa2, " #rm, F)                                      \
  OP (fdiv_##s##_##rm, "fdiv." #s, #s #s "-", "fa0, fa1, fa2, " #rm, F)                                      \
  OP (fcvt_##s##_l_##rm, "fcvt." #s ".l", "i--", "fa0, a1, " #rm, F)                                         \
  OP (fcvt_##s##_lu_##rm, "fcvt." #s ".lu", "i--", "fa0, a1, " #rm, F)
#define EACH_STATIC(OP, s)                                                                                   \
  STATIC (OP, s, rne) STATIC (OP, s, rtz) STATIC (OP, s, rdn) STATIC (OP, s, rup) STATIC (OP, s, rmm)
/* clang-format off */
#define ALL(OP)                                                                                              \
  SIZED (OP, h)                                                                                              \
  SIZED (OP, s)                                                                                              \
  SIZED (OP, d)                                                                                              \
  EACH_STATIC (OP, h)                                                                                        \
  EACH_STATIC (OP, s)                                                                                        \
  EACH_STATIC (OP, d)                                                                                        \
  OP (fcvt_s_d, "fcvt.s.d", "d--", "fa0, fa1", F)                                                            \
  OP (fcvt_d_s, "fcvt.d.s", "s--", "fa0, fa1", F)                                                            \
  OP (fcvt_s_h, "fcvt.s.h", "h--", "fa0, fa1", F)                                                            \
  OP (fcvt_h_s, "fcvt.h.s", "s--", "fa0, fa1", F)                                                            \
  OP (fcvt_d_h, "fcvt.d.h", "h--", "fa0, fa1", F)                                                            \
  OP (fcvt_h_d, "fcvt.h.d", "d--", "fa0, fa1", F)                                                            \
  OP (fcvtmod_w_d, "fcvtmod.w.d", "d--", "a2, fa1, rtz", X)                                                  \
  OP (fmv_x_h, "fmv.x.h", "h--", "a2, fa1", X)                                                               \
  OP (fmv_x_w, "fmv.x.w", "s--", "a2, fa1", X)                                                               \
  OP (fmv_h_x, "fmv.h.x", "i--", "fa0, a1", F)                                                               \
  OP (fmv_w_x, "fmv.w.x", "i--", "fa0, a1", F)
/* clang-format on */

#define DEFINE(id, name, operands, text, move) static Outcome id BODY (name " " text, move)
ALL (DEFINE)
#define ENTRY(id, name, operands, text, move) { #id, operands, id },
static const Entry entries[] = { ALL (ENTRY) };

static const uint64_t integers[] = {
  0,
  1,
  2,
  3,
  -1ull,
  -2ull,
  0x7fffffff,
  0x80000000,
  0x80000001,
  0xffffffff,
  0x100000000,
  0xffffffff7fffffff,
  0xffffffff80000000,
  0x7fffffffffffffff,
  0x8000000000000000,
  0x8000000000000001,
  0xfffffffffffffc00,
  0x1000001,
  0x2000003,
  0x20000000000001,
  0x20000000000003,
  0x40000000000002,
  65504,
  65519,
  65520,
  65536,
  2049,
  2051,
  0x123456789abcdef,
  0x7ffffffffffffdff,
  0x7ffffffffffffe00,
  0xfffffffffffffbff,
  0x7fffffbfffffffff,
  0x7fffffc000000000,
};

/* Special values of a format and some ordinary ones; the last ones of narrow formats are not boxed. */
static unsigned
values_of (char format, uint64_t *out)
{
  unsigned n = 0, bits = format == 'h' ? 16 : format == 's' ? 32 : 64;
  unsigned fraction = format == 'h' ? 10 : format == 's' ? 23 : 52;
  if (format == '-') {
    out[0] = 0;
    return 1;
  }
  if (format == 'i') {
    memcpy (out, integers, sizeof integers);
    return sizeof integers / sizeof integers[0];
  }
  uint64_t bias = (1ull << (bits - 2 - fraction)) - 1, unit = 1ull << fraction, one = bias << fraction;
  uint64_t infinity = (2 * bias + 1) << fraction;
  const uint64_t magnitudes[] = {
    0,
    1,
    2,
    unit / 2,
    unit - 1,
    unit,
    unit + 1,
    one - unit,
    one - unit - 1,
    one - unit + 1,
    one - 1,
    one,
    one + 1,
    one + unit / 2,
    one + unit,
    one + unit + unit / 4,
    one + 3 * unit + unit / 8 * 5,
    infinity - 1,
    infinity - unit,
    infinity,
    infinity + 1,
    infinity + unit / 2,
    infinity + unit / 2 + 1,
    one + (unit / 3),
    one + fraction * unit + 1,
    one + (fraction - 1) * unit + 3,
    (one - (fraction + 2) * unit) | 5,
    one + 7 * unit + 1,
    one + 30 * unit + (unit - 1),
    one + 31 * unit,
    one + 32 * unit,
  };
  unsigned count = sizeof magnitudes / sizeof magnitudes[0] - (format == 'h' ? 4 : 0);
  for (unsigned i = 0; i < count; i++)
    for (unsigned sign = 0; sign < 2; sign++)
      out[n++] = (magnitudes[i] & ((unit * 2 * (2 * bias + 1)) | (unit - 1)) & ((1ull << (bits - 1)) - 1)) |
                 (uint64_t)sign << (bits - 1);
  if (format == 'd') {
    static const uint64_t edges[] = {
      0x41dfffffffc00000, 0x41dfffffffe00000, 0x41e0000000000000, 0xc1e0000000100000, 0xc1e0000000200000,
      0x41efffffffe00000, 0x41efffffffffffff, 0x41f0000000000000, 0x43dfffffffffffff, 0x43e0000000000000,
      0xc3e0000000000000, 0xc3e0000000000001, 0x43efffffffffffff, 0x43f0000000000000, 0x36a0000000000000,
      0x380fffffffffffff, 0x380fffffe0000000, 0x47efffffefffffff, 0x47effffff0000000, 0x3f0ffe0000000000,
      0x40effdffffffffff, 0x40effe0000000000, 0xbfefffffffffffff
    };
    memcpy (out + n, edges, sizeof edges);
    n += sizeof edges / sizeof edges[0];
    return n;
  }
  for (unsigned i = 0; i < n; i++)
    out[i] |= -1ull << bits;
  out[n++] = one;                       /* not boxed at all */
  out[n++] = one | -1ull << (bits + 1); /* almost */
  out[n++] = one | 1ull << 63;
  return n;
}

static const char *wanted;

static void
run (const Entry *e, unsigned rounding)
{
  uint64_t v[3][128], hash = 0;
  unsigned n[3];
  for (unsigned i = 0; i < 3; i++)
    n[i] = values_of (e->operands[i], v[i]);
  unsigned step = e->operands[2] != '-' ? 3 : 1; /* of three operands not all combinations */
  __asm__ volatile ("fsrm %0" : : "r"(rounding));
  for (unsigned i = 0; i < n[0]; i++)
    for (unsigned j = 0; j < n[1]; j++)
      for (unsigned k = (i + j) % step; k < n[2]; k += step) {
        Outcome o = e->run (v[0][i], v[1][j], v[2][k]);
        hash = (hash ^ o.result) * 0x100000001b3;
        hash = (hash ^ o.flags) * 0x100000001b3 ^ hash >> 47;
        if (wanted)
          printf ("%u %016lx %016lx %016lx = %016lx %02x\n", rounding, v[0][i], v[1][j], v[2][k], o.result,
                  o.flags);
      }
  __asm__ volatile ("fsrm zero");
  if (!wanted)
    printf ("%s %u %016lx\n", e->name, rounding, hash);
}

int
main (int argc, char **argv)
{
  wanted = argc > 1 ? argv[1] : NULL;
  for (unsigned i = 0; i < sizeof entries / sizeof entries[0]; i++)
    for (unsigned rounding = 0; rounding < 5; rounding++)
      if (!wanted || !strcmp (wanted, entries[i].name))
        run (&entries[i], rounding);
  return 0;
}
