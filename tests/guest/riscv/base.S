/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"
START
RR (add, 0, -1, 1)
RR (sub, -1, 0, 1)
RR (sll, 1 << 63, 1, 127)
RR (srl, 1, 1 << 63, 63)
RR (sra, -1, 1 << 63, 63)
RR (slt, 1, 1 << 63, 0)
RR (sltu, 0, 1 << 63, 0)
RR (xor, 0xff, 0xf0, 0x0f)
RR (or, 0xff, 0xf0, 0x0f)
RR (and, 0x30, 0xf0, 0x3f)
RI (addi, -1, 0, -1)
RI (slti, 1, -5, -4)
RI (sltiu, 1, 5, -1)
RI (xori, ~5, 5, -1)
RI (slli, 1 << 63, 1, 63)
RI (srli, 1, 1 << 63, 63)
RI (srai, -2, 1 << 63, 62)
RI (addiw, -0x80000000, 0x7fffffff, 1)
RI (slliw, -0x80000000, 1, 31)
RI (srliw, -0x80000000, 0x80000000, 0)
RI (sraiw, -1, 0x80000000, 31)
RR (addw, -0x80000000, 0x7fffffff, 1)
RR (subw, -1, 1 << 63, 1)
RR (sllw, -0x80000000, 1, 63)
RR (srlw, 1, -0x80000000, 31)
RR (sraw, -1, 0x80000000, 63)

/* x0 stays zero. */
CASE
li a1, 5
add zero, a1, a1
lui zero, 5
EXPECT (zero, 0)

/* Loads and their extension. */
CASE
la a1, data
lb a0, 0(a1)
EXPECT (a0, -0x78)
lbu a0, 0(a1)
EXPECT (a0, 0x88)
lh a0, 0(a1)
EXPECT (a0, -0x7878)
lhu a0, 0(a1)
EXPECT (a0, 0x8788)
lw a0, 0(a1)
EXPECT (a0, 0xffffffff85868788)
lwu a0, 0(a1)
EXPECT (a0, 0x85868788)
ld a0, 0(a1)
EXPECT (a0, 0x8182838485868788)
/* Misaligned, and into the base register. */
ld a0, 1(a1)
EXPECT (a0, 0x1181828384858687)
lw a1, 7(a1)
EXPECT (a1, 0x13121181)

/* Stores touch their bytes only. */
CASE
la a1, scratch
li a0, -1
sd a0, 0(a1)
li a0, 0x11223344
sb a0, 1(a1)
sh a0, 2(a1)
ld a2, 0(a1)
EXPECT (a2, 0xffffffff334444ff)
sw a0, 3(a1)
ld a2, 0(a1)
EXPECT (a2, 0xff112233444444ff)

/* Calls, returns, links. */
CASE
jal a0, 1f
3: j 2f
1: jr a0
2: la a1, 4f
jalr a1, 1(a1)
3: j fail
4: la a2, 3b
bne a1, a2, bad
call function
li a0, 1
call function
EXPECT (a0, 3)
la t0, 5f
jalr t0, t0
j fail
5: la ra, 6f
jalr ra, 0(ra)
bad: j fail
6:

/* Branches. */
#define BRANCH(insn, x, y, taken)                                                                            \
  CASE;                                                                                                      \
  li a1, x;                                                                                                  \
  li a2, y;                                                                                                  \
  li a0, 1;                                                                                                  \
  insn a1, a2, 2f;                                                                                           \
  li a0, 0;                                                                                                  \
  2: EXPECT (a0, taken)
BRANCH (beq, 1, 1, 1)
BRANCH (beq, 1, 2, 0)
BRANCH (bne, 1 << 32, 0, 1)
BRANCH (blt, -1, 0, 1)
BRANCH (bge, -1, 0, 0)
BRANCH (bltu, -1, 0, 0)
BRANCH (bgeu, -1, 0, 1)
BRANCH (bge, 3, 3, 1)

/* A loop. */
CASE
li a0, 0
li a1, 1000
1: add a0, a0, a1
addi a1, a1, -1
bnez a1, 1b
EXPECT (a0, 500500)

/* Fences and hints are passed. */
CASE
fence
fence rw, w
fence.tso
.word 0x0100000f /* pause */
fence.i
li a0, 7
EXPECT (a0, 7)

/* Instructions written at run time, after fence.i. */
CASE
li a6, 3
1: la a1, patched
li a0, 0x00a00513 /* li a0, 10 */
sw a0, 0(a1)
fence.i
call patched
EXPECT (a0, 10)
la a1, patched
li a0, 0x01400513 /* li a0, 20 */
sw a0, 0(a1)
fence.i
call patched
EXPECT (a0, 20)
addi a6, a6, -1
bnez a6, 1b
FINISH

function:
addi a0, a0, 2
ret

.section .wtext, "awx"
.balign 4
patched:
.word 0
ret

.data
.balign 8
data: .dword 0x8182838485868788, 0x1817161514131211
scratch: .dword 0
