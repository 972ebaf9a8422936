/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"
START
RR (sh1add, 16, 3, 10)
RR (sh2add, 22, 3, 10)
RR (sh3add, 10, 1 << 63, 10)
RR (add.uw, 1 << 32, -1, 1)
RR (sh1add.uw, 0x1ffffffff, -1, 1)
RR (sh2add.uw, 0x3fffffffd, -1, 1)
RR (sh3add.uw, 0x7fffffff9, -1, 1)
RI (slli.uw, 0xffffffff0, -1, 4)
R (zext.w, 0xffffffff, -1)
R (clz, 64, 0)
R (ctz, 64, 0)
R (clz, 0, -1)
R (clzw, 32, 0xf00000000)
R (ctzw, 32, 0xf00000000)
R (cpop, 64, -1)
R (cpopw, 32, -1)
R (sext.b, -0x80, 0x180)
R (sext.h, -0x8000, 0x18000)
R (zext.h, 0xffff, -1)
RR (min, 1 << 63, 1 << 63, 1)
RR (minu, 1, 1 << 63, 1)
RR (max, 1, 1 << 63, 1)
RR (maxu, 1 << 63, 1 << 63, 1)
RR (andn, 0xf0, 0xff, 0x0f)
RR (orn, ~0x0f, 0, 0x0f)
RR (xnor, ~0xf0, 0xff, 0x0f)
RR (rol, 1, 1 << 63, 65)
RR (ror, 1 << 63, 1, 65)
RI (rori, 1 << 63, 1, 1)
RR (rolw, 1, 0x80000000, 33)
RR (rorw, -0x80000000, 1, 33)
RI (roriw, -0x80000000, 1, 1)
R (orc.b, 0xff00ff0000ff00ff, 0x0100800000ff0010)
R (rev8, 0x0807060504030201, 0x0102030405060708)
R (brev8, 0x8040201008040201, 0x0102040810204080)
RR (pack, 0x4444444422222222, 0x1111111122222222, 0x3333333344444444)
RR (packh, 0xeeff, 0x1ff, 0x1ee)
RR (packw, 0xffffffff87651234, 0x1234, 0x8765)
RR (clmul, 5, 3, 3)
RR (clmulh, 1, 1 << 63, 2)
RR (clmulr, 1, 1 << 63, 1)
RR (clmul, 0x5555555555555555, -1, -1)
RR (bclr, 0x7fffffffffffffff, -1, 127)
RR (bext, 1, 1 << 63, 127)
RR (binv, 1 << 63, 0, 63)
RR (bset, 1 << 32, 0, 32)
RI (bclri, -2, -1, 0)
RI (bexti, 1, 1 << 63, 63)
RI (binvi, 1 << 63, 0, 63)
RI (bseti, 1 << 32, 0, 32)
RR (czero.eqz, 0, 5, 0)
RR (czero.eqz, 5, 5, 1 << 63)
RR (czero.nez, 5, 5, 0)
RR (czero.nez, 0, 5, 1 << 63)

/* May-be-operations give zero. */
CASE
li a1, 5
li a0, 6
mop.r.0 a0, a1
EXPECT (a0, 0)
li a0, 6
mop.rr.7 a0, a1, a1
EXPECT (a0, 0)
c.mop.1
FINISH
