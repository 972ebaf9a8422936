/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Cases of freestanding test programs.  A program starts with START, holds cases, and ends with FINISH; it
 * exits with 0, or with the number of the first case that failed.  Cases use a0-a7, fa0-fa3, s10; s11 holds
 * the case's number. */

#define EXIT_NUMBER 93

#define START                                                                                                \
  .option arch, +zicbom, +zicboz, +zicbop, +zawrs, +zacas, +zabha, +zfh, +zfa, +zba, +zbb, +zbs, +zbc,       \
      +zbkb, +zcb, +zcmop, +zimop, +zicond;                                                                  \
  .text;                                                                                                     \
  .globl _start;                                                                                             \
  _start:                                                                                                    \
  .option push;                                                                                              \
  .option norelax;                                                                                           \
  la gp, __global_pointer$;                                                                                  \
  .option pop

#define FINISH                                                                                               \
  li s11, 0;                                                                                                 \
  fail:                                                                                                      \
  mv a0, s11;                                                                                                \
  li a7, EXIT_NUMBER;                                                                                        \
  ecall

#define CASE li s11, (__COUNTER__ + 1)

/* The register holds the value, or the case has failed. */
#define EXPECT(reg, want)                                                                                    \
  li s10, want;                                                                                              \
  beq reg, s10, 1f;                                                                                          \
  j fail;                                                                                                    \
  1:

/* insn a0, a1, a2, also with the destination being a source. */
#define RR(insn, want, x, y)                                                                                 \
  CASE;                                                                                                      \
  li a1, x;                                                                                                  \
  li a2, y;                                                                                                  \
  insn a0, a1, a2;                                                                                           \
  EXPECT (a0, want);                                                                                         \
  mv a3, a1;                                                                                                 \
  insn a3, a3, a2;                                                                                           \
  EXPECT (a3, want);                                                                                         \
  insn a2, a1, a2;                                                                                           \
  EXPECT (a2, want)
/* insn a0, a1, immediate. */
#define RI(insn, want, x, imm)                                                                               \
  CASE;                                                                                                      \
  li a1, x;                                                                                                  \
  insn a0, a1, imm;                                                                                          \
  EXPECT (a0, want)
/* insn a0, a1. */
#define R(insn, want, x)                                                                                     \
  CASE;                                                                                                      \
  li a1, x;                                                                                                  \
  insn a0, a1;                                                                                               \
  EXPECT (a0, want)

/* Exception flags, as in fflags. */
#define NX 1
#define UF 2
#define OF 4
#define DZ 8
#define NV 16

#define BOX32(x) (0xffffffff00000000 + (x))
#define BOX16(x) (0xffffffffffff0000 + (x))

/* Floating-point cases take and compare whole 64-bit containers, then the flags.
 * `...` is the instruction on fa0 from fa1, fa2, fa3. */
#define FP(want, flags, v1, v2, v3, ...)                                                                     \
  CASE;                                                                                                      \
  li a1, v1;                                                                                                 \
  li a2, v2;                                                                                                 \
  li a3, v3;                                                                                                 \
  fmv.d.x fa1, a1;                                                                                           \
  fmv.d.x fa2, a2;                                                                                           \
  fmv.d.x fa3, a3;                                                                                           \
  fsflags zero;                                                                                              \
  __VA_ARGS__;                                                                                               \
  frflags a4;                                                                                                \
  fmv.x.d a0, fa0;                                                                                           \
  EXPECT (a0, want);                                                                                         \
  EXPECT (a4, flags)
/* The same with a result in a0. */
#define FPX(want, flags, v1, v2, ...)                                                                        \
  CASE;                                                                                                      \
  li a1, v1;                                                                                                 \
  li a2, v2;                                                                                                 \
  fmv.d.x fa1, a1;                                                                                           \
  fmv.d.x fa2, a2;                                                                                           \
  fsflags zero;                                                                                              \
  __VA_ARGS__;                                                                                               \
  frflags a4;                                                                                                \
  EXPECT (a0, want);                                                                                         \
  EXPECT (a4, flags)
/* From the integer in a1 to fa0. */
#define XFP(want, flags, v1, ...)                                                                            \
  CASE;                                                                                                      \
  li a1, v1;                                                                                                 \
  fsflags zero;                                                                                              \
  __VA_ARGS__;                                                                                               \
  frflags a4;                                                                                                \
  fmv.x.d a0, fa0;                                                                                           \
  EXPECT (a0, want);                                                                                         \
  EXPECT (a4, flags)
