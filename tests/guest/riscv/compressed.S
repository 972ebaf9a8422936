/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"
START
.option rvc
CASE
li a0, 5
li a1, 3
c.add a0, a1
EXPECT (a0, 8)
c.mv a0, a1
EXPECT (a0, 3)
c.sub a0, a1
EXPECT (a0, 0)
c.li a0, -32
EXPECT (a0, -32)
c.addi a0, 31
EXPECT (a0, -1)
c.addiw a0, 1
EXPECT (a0, 0)
c.lui a0, 0xfffe0
EXPECT (a0, -0x20000)
c.srai a0, 17
EXPECT (a0, -1)
c.srli a0, 63
EXPECT (a0, 1)
c.slli a0, 63
EXPECT (a0, 1 << 63)
li a0, 0xff
c.andi a0, -16
EXPECT (a0, 0xf0)
li a1, 0x3c
c.xor a0, a1
EXPECT (a0, 0xcc)
c.or a0, a1
EXPECT (a0, 0xfc)
c.and a0, a1
EXPECT (a0, 0x3c)
li a0, 0x7fffffff
li a1, 1
c.addw a0, a1
EXPECT (a0, -0x80000000)
c.subw a0, a1
EXPECT (a0, 0x7fffffff)

/* The stack pointer's forms. */
CASE
la sp, stack
mv s9, sp
c.addi4spn a0, sp, 16
c.addi16sp sp, 16
beq a0, sp, 2f
j fail
2: mv sp, s9
li a0, -2
c.sdsp a0, 8(sp)
c.lwsp a1, 12(sp)
EXPECT (a1, -1)
c.swsp zero, 8(sp)
c.ldsp a1, 8(sp)
EXPECT (a1, 0xffffffff00000000)

/* Memory through x8-x15. */
CASE
la a5, stack
li a4, 0x8182838485868788
c.sd a4, 0(a5)
c.lw a0, 4(a5)
EXPECT (a0, 0xffffffff81828384)
c.ld a0, 0(a5)
EXPECT (a0, 0x8182838485868788)
c.sw a4, 4(a5)
c.ld a0, 0(a5)
EXPECT (a0, 0x8586878885868788)
c.fld fa0, 0(a5)
c.fsd fa0, 8(a5)
c.ld a0, 8(a5)
EXPECT (a0, 0x8586878885868788)
c.lbu a0, 1(a5)
EXPECT (a0, 0x87)
c.lhu a0, 2(a5)
EXPECT (a0, 0x8586)
c.lh a0, 2(a5)
EXPECT (a0, -0x7a7a)
li a0, 0x1234
c.sb a0, 3(a5)
c.sh a0, 0(a5)
c.lw a0, 0(a5)
EXPECT (a0, 0x34861234)
/* Zcb arithmetic. */
CASE
li a0, -1
c.zext.b a0
EXPECT (a0, 0xff)
c.sext.b a0
EXPECT (a0, -1)
c.zext.h a0
EXPECT (a0, 0xffff)
c.sext.h a0
EXPECT (a0, -1)
c.zext.w a0
EXPECT (a0, 0xffffffff)
c.not a0
EXPECT (a0, 0xffffffff00000000)
li a0, 7
li a1, -3
c.mul a0, a1
EXPECT (a0, -21)

/* Control transfer. */
CASE
li a0, 0
c.beqz a0, 1f
j fail
1: c.bnez a0, bad
c.j 2f
bad: j fail
2: la a1, function
c.jalr a1
EXPECT (a0, 9)
la a1, 3f
c.jr a1
j fail
3: c.nop
FINISH
function:
c.addi a0, 9
c.jr ra

.bss
.balign 16
stack: .skip 64
