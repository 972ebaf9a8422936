/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"
START
/* Cache blocks. */
CASE
la a1, block
cbo.clean (a1)
cbo.flush (a1)
prefetch.r 0(a1)
addi a1, a1, 13
cbo.zero (a1)
ld a0, -13(a1)
EXPECT (a0, 0)
ld a0, 43(a1)
EXPECT (a0, 0)
ld a0, 51(a1)
EXPECT (a0, -1)
FINISH

.data
.balign 64
block:
.rept 16
.dword -1
.endr
