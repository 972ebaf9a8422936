/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

/* memory holds `before`; insn a0, a2, (a1) gives the old value and leaves `after`. */
#define AMO(insn, old, before, operand, after)                                                               \
  CASE;                                                                                                      \
  la a1, cell;                                                                                               \
  li a2, before;                                                                                             \
  sd a2, 0(a1);                                                                                              \
  li a2, operand;                                                                                            \
  insn a0, a2, (a1);                                                                                         \
  EXPECT (a0, old);                                                                                          \
  ld a0, 0(a1);                                                                                              \
  EXPECT (a0, after)
/* The same with the expected value in a0. */
#define CAS(insn, old, before, expected, operand, after)                                                     \
  CASE;                                                                                                      \
  la a1, cell;                                                                                               \
  li a2, before;                                                                                             \
  sd a2, 0(a1);                                                                                              \
  li a2, operand;                                                                                            \
  li a0, expected;                                                                                           \
  insn a0, a2, (a1);                                                                                         \
  EXPECT (a0, old);                                                                                          \
  ld a0, 0(a1);                                                                                              \
  EXPECT (a0, after)

START
AMO (amoswap.w, -0x80000000, 0x1180000000, 7, 0x1100000007)
AMO (amoadd.w, -1, 0x11ffffffff, 2, 0x1100000001)
AMO (amoand.w.aq, 0xff, 0xff, -241, 0x0f)
AMO (amoor.w.rl, 0xf0, 0xf0, 0x0f, 0xff)
AMO (amoxor.w.aqrl, 0xff, 0xff, 0x0f, 0xf0)
AMO (amomin.w, -0x80000000, 0x80000000, 1, 0x80000000)
AMO (amomax.w, -0x80000000, 0x80000000, 1, 1)
AMO (amominu.w, -0x80000000, 0x80000000, 1, 1)
AMO (amomaxu.w, -0x80000000, 0x80000000, 1, 0x80000000)
AMO (amoswap.d, 1 << 63, 1 << 63, 7, 7)
AMO (amoadd.d, -1, -1, 2, 1)
AMO (amomin.d, 1 << 63, 1 << 63, 1, 1 << 63)
AMO (amomax.d, 1 << 63, 1 << 63, 1, 1)
AMO (amominu.d, 1 << 63, 1 << 63, 1, 1)
AMO (amomaxu.d, 1 << 63, 1 << 63, 1, 1 << 63)
AMO (amoadd.b, -1, 0x11ff, 2, 0x1101)
AMO (amoswap.h, -0x8000, 0x118000, 0x1234, 0x111234)
AMO (amomin.h, -0x8000, 0x118000, 1, 0x118000)
AMO (amomaxu.b, -0x80, 0x1180, 1, 0x1180)
CAS (amocas.w, -0x80000000, 0x80000000, 0x80000000, 9, 9)
CAS (amocas.w, 5, 5, 4, 9, 5)
CAS (amocas.d, 5, 5, 5, 1 << 63, 1 << 63)
CAS (amocas.b, -1, 0x11ff, 0xff, 1, 0x1101)
CAS (amocas.h, -1, 0x11ffff, 0, 1, 0x11ffff)

/* A pair of registers, first different, then equal. */
CASE
la a1, pair
li a2, 1
li a3, 2
li a4, 0
li a5, 0
amocas.q a4, a2, (a1)
EXPECT (a4, 0x1234)
EXPECT (a5, 0x5678)
ld a0, 8(a1)
EXPECT (a0, 0x5678)
amocas.q.aqrl a4, a2, (a1)
EXPECT (a4, 0x1234)
ld a0, 0(a1)
EXPECT (a0, 1)
ld a0, 8(a1)
EXPECT (a0, 2)

/* Load-reserved and store-conditional. */
CASE
la a1, cell
li a2, 0x80000000
sd a2, 0(a1)
lr.w a0, (a1)
EXPECT (a0, -0x80000000)
li a2, 5
sc.w a3, a2, (a1)
EXPECT (a3, 0)
ld a0, 0(a1)
EXPECT (a0, 5)
/* Spent. */
sc.w a3, a2, (a1)
EXPECT (a3, 1)
/* Elsewhere. */
lr.d.aqrl a0, (a1)
la a4, pair
sc.d.rl a3, zero, (a4)
EXPECT (a3, 1)
ld a0, 0(a4)
EXPECT (a0, 1)

/* A counting loop with both destinations over their sources. */
CASE
li a4, 1000
1: la a1, cell
lr.d.aq a2, (a1)
addi a2, a2, 1
sc.d.rl a2, a2, (a1)
bnez a2, 1b
addi a4, a4, -1
bnez a4, 1b
ld a0, 0(a1)
EXPECT (a0, 1005)

FINISH

.data
.balign 64
cell: .dword 0, 0
pair: .dword 0x1234, 0x5678
