/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"
START
/* fflags, frm and fcsr are views of one register. */
CASE
fscsr zero
li a1, 0xff
fscsr a0, a1
EXPECT (a0, 0)
frflags a0
EXPECT (a0, 0x1f)
frrm a0
EXPECT (a0, 7)
fsrmi a0, 2
EXPECT (a0, 7)
frcsr a0
EXPECT (a0, 0x5f)
csrci fflags, 0x11
frflags a0
EXPECT (a0, 0x0e)
csrrsi a0, fcsr, 1
EXPECT (a0, 0x4e)
li a0, 0xfff
csrrc a0, fflags, a0
EXPECT (a0, 0x0f)
frcsr a0
EXPECT (a0, 0x40)
li a0, -1
csrrw a0, frm, a0
EXPECT (a0, 2)
csrr a0, fcsr
EXPECT (a0, 0xe0)
fscsr zero

/* Dynamic rounding follows frm. */
#define ROUNDED(mode, want)                                                                                  \
  CASE;                                                                                                      \
  li a1, mode;                                                                                               \
  fsrm a1;                                                                                                   \
  li a1, 0x3ff0000000000000;                                                                                 \
  fmv.d.x fa1, a1;                                                                                           \
  li a1, 0x3ca0000000000000;                                                                                 \
  fmv.d.x fa2, a1;                                                                                           \
  fadd.d fa0, fa1, fa2;                                                                                      \
  fmv.x.d a0, fa0;                                                                                           \
  fsrm zero;                                                                                                 \
  EXPECT (a0, want)
ROUNDED (0, 0x3ff0000000000000)
ROUNDED (1, 0x3ff0000000000000)
ROUNDED (2, 0x3ff0000000000000)
ROUNDED (3, 0x3ff0000000000001)
ROUNDED (4, 0x3ff0000000000001)

/* Flags accumulate over a loop, and are read inside it. */
CASE
fsflags zero
li a1, 3
fcvt.d.w fa1, a1
li a2, 100
1: fcvt.d.w fa2, a2
fdiv.d fa0, fa2, fa1
frflags a0
addi a2, a2, -1
bnez a2, 1b
EXPECT (a0, NX)

/* Counters run. */
CASE
rdtime a0
rdcycle a1
li a2, 100000
1: addi a2, a2, -1
bnez a2, 1b
rdtime a3
rdcycle a4
bgtu a4, a1, 2f
j fail
2: bgeu a3, a0, 3f
j fail
3:
FINISH
