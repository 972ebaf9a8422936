/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Advanced SIMD on integers: products, whose second factor is a vector or one of its elements. */

#include "a64-simd.h"
#include "arm-vector-helpers.h"

/* Each of these is Vd = f (Vn, y), and for sums of products Vd too. */
typedef IsaFlow Product (A64Trans *t, const A64Args *a, IrVal y);

/* The element that by-element forms name, in all lanes. */
static IsaFlow
by_element (A64Trans *t, const A64Args *a, Product *product)
{
  unsigned index = (unsigned)a->index_h << 1 | a->index_l, rm = (unsigned)a->index_m << 4 | a->rm;
  if (a->size == 1) {
    index = index << 1 | a->index_m;
    rm = a->rm;
  }
  return product (t, a,
                  simd_op1 (t, (Lanes){ .log2 = a->size }, IR_VDUPL, false, (int32_t)index, a64_v (rm)));
}

#define BY_VECTOR(insn)                                                                                      \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return insn (t, a, a64_v (a->rm));                                                                       \
  }
#define BY_BOTH(insn)                                                                                        \
  BY_VECTOR (insn)                                                                                           \
  IsaFlow a64_trans_v_##insn##_e (A64Trans *t, const A64Args *a)                                             \
  {                                                                                                          \
    return by_element (t, a, insn);                                                                          \
  }
#define PRODUCT(insn, call)                                                                                  \
  static IsaFlow insn (A64Trans *t, const A64Args *a, IrVal y)                                               \
  {                                                                                                          \
    return call;                                                                                             \
  }                                                                                                          \
  BY_BOTH (insn)

/* ---- Lanes as wide as the factors'. ---- */

static IsaFlow
plain (A64Trans *t, const A64Args *a, IrVal y)
{
  Lanes lanes;
  simd_lanes (a, &lanes);
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VMUL, false, 0, a64_v (a->rn), y));
  return ISA_NEXT;
}

static IsaFlow
accumulated (A64Trans *t, const A64Args *a, IrVal y, IrOpcode op)
{
  Lanes lanes;
  simd_lanes (a, &lanes);
  IrVal x = simd_op2 (t, lanes, IR_VMUL, false, 0, a64_v (a->rn), y);
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, op, false, 0, a64_v (a->rd), x));
  return ISA_NEXT;
}

PRODUCT (mul, plain (t, a, y))
PRODUCT (mla, accumulated (t, a, y, IR_VADD))
PRODUCT (mls, accumulated (t, a, y, IR_VSUB))

/* The one product that is out of range is that of the smallest number with itself. */
static IsaFlow
high_half (A64Trans *t, const A64Args *a, IrVal y, bool round)
{
  Lanes lanes;
  simd_lanes (a, &lanes);
  IrVal smallest = simd_const (t, lanes.log2, UINT64_C (1) << ((8u << lanes.log2) - 1));
  IrVal first = simd_op2 (t, lanes, IR_VCMP, false, IR_EQ, a64_v (a->rn), smallest);
  IrVal second = simd_op2 (t, lanes, IR_VCMP, false, IR_EQ, y, smallest);
  simd_saturated (t, lanes, simd_op2 (t, lanes, IR_VAND, false, 0, first, second));
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VQDMULH, true, round, a64_v (a->rn), y));
  return ISA_NEXT;
}

PRODUCT (sqdmulh, high_half (t, a, y, false))
PRODUCT (sqrdmulh, high_half (t, a, y, true))

static IsaFlow
high_half_accumulated (A64Trans *t, const A64Args *a, IrVal y, bool subtract)
{
  Lanes lanes;
  simd_lanes (a, &lanes);
  IrDesc d = IR_DESC (.op = IR_VHELPER, .type = IR_V128,
                      .sub = (uint8_t)(lanes.log2 | (subtract ? ARM_SQRDMLAH_SUBTRACT : 0)),
                      .imm = ARM_VECTOR_SQRDMLAH);
  IrDesc overflow = d;
  overflow.sub |= ARM_SQRDMLAH_OVERFLOW;
  IrVal half = lanes.flags & IR_F_HALF ? ir_const_wide (t->b, UINT64_MAX, 0) : simd_const (t, 0, 0xff);
  IrVal out_of_range = ir_emit (t->b, overflow, a64_v (a->rn), y, a64_v (a->rd));
  simd_saturated (t, lanes, simd_op2 (t, lanes, IR_VAND, false, 0, out_of_range, half));
  IrVal x = ir_emit (t->b, d, a64_v (a->rn), y, a64_v (a->rd));
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VAND, false, 0, x, half));
  return ISA_NEXT;
}

PRODUCT (sqrdmlah, high_half_accumulated (t, a, y, false))
PRODUCT (sqrdmlsh, high_half_accumulated (t, a, y, true))

static IsaFlow
dot (A64Trans *t, const A64Args *a, IrVal y, bool is_signed)
{
  Lanes lanes;
  simd_lanes (a, &lanes);
  simd_set (t, lanes, a->rd,
            simd_op3 (t, lanes, IR_VDOT, false, is_signed ? 3 : 0, a64_v (a->rn), y, a64_v (a->rd)));
  return ISA_NEXT;
}

PRODUCT (sdot, dot (t, a, y, true))
PRODUCT (udot, dot (t, a, y, false))

IsaFlow
a64_trans_v_pmul (A64Trans *t, const A64Args *a)
{
  Lanes bytes = { 0 };
  IrVal low = simd_op2 (t, bytes, IR_VCLMUL, false, 0, a64_v (a->rn), a64_v (a->rm)), x;
  if (a->q) {
    IrVal high = simd_op2 (t, bytes, IR_VCLMUL, false, 1, a64_v (a->rn), a64_v (a->rm));
    x = simd_op2 (t, bytes, IR_VUZP, false, 0, low, high);
  } else {
    x = simd_op1 (t, (Lanes){ .log2 = 1 }, IR_VNARROW, false, IR_NARROW_CUT, low);
  }
  ir_set_wide (t->b, a64_v (a->rd), x);
  return ISA_NEXT;
}

/* ---- Lanes twice as wide. ---- */

IsaFlow
a64_trans_v_pmull (A64Trans *t, const A64Args *a)
{
  int32_t which = a->size == 3 && a->q ? 3 : a->q;
  IrVal x = simd_op2 (t, (Lanes){ .log2 = a->size }, IR_VCLMUL, false, which, a64_v (a->rn), a64_v (a->rm));
  ir_set_wide (t->b, a64_v (a->rd), x);
  return ISA_NEXT;
}

static IrVal
wide_product (A64Trans *t, const A64Args *a, IrVal y, bool is_signed)
{
  return simd_op2 (t, (Lanes){ .log2 = a->size }, IR_VMULW, is_signed, a->q, a64_v (a->rn), y);
}

static IsaFlow
wide (A64Trans *t, const A64Args *a, IrVal y, bool is_signed)
{
  ir_set_wide (t->b, a64_v (a->rd), wide_product (t, a, y, is_signed));
  return ISA_NEXT;
}

static IsaFlow
wide_accumulated (A64Trans *t, const A64Args *a, IrVal y, IrOpcode op, bool is_signed)
{
  IrVal x = wide_product (t, a, y, is_signed);
  ir_set_wide (t->b, a64_v (a->rd),
               simd_op2 (t, (Lanes){ .log2 = a->size + 1u }, op, false, 0, a64_v (a->rd), x));
  return ISA_NEXT;
}

PRODUCT (smull, wide (t, a, y, true))
PRODUCT (umull, wide (t, a, y, false))
PRODUCT (smlal, wide_accumulated (t, a, y, IR_VADD, true))
PRODUCT (umlal, wide_accumulated (t, a, y, IR_VADD, false))
PRODUCT (smlsl, wide_accumulated (t, a, y, IR_VSUB, true))
PRODUCT (umlsl, wide_accumulated (t, a, y, IR_VSUB, false))

static IsaFlow
doubled (A64Trans *t, const A64Args *a, IrVal y)
{
  Lanes lanes = simd_wider ((Lanes){ .log2 = a->size, .scalar = a->scalar });
  IrVal x = wide_product (t, a, y, true);
  simd_set_saturated (t, lanes, a->rd, IR_VQADD, IR_VADD, true, x, x);
  return ISA_NEXT;
}

/* Both the doubling and the sum may saturate. */
static IsaFlow
doubled_accumulated (A64Trans *t, const A64Args *a, IrVal y, IrOpcode op, IrOpcode plain_op)
{
  Lanes lanes = simd_wider ((Lanes){ .log2 = a->size, .scalar = a->scalar });
  IrVal x = wide_product (t, a, y, true);
  IrVal twice = simd_op2 (t, lanes, IR_VQADD, true, 0, x, x);
  IrVal wrapped = simd_op2 (t, lanes, IR_VADD, true, 0, x, x);
  simd_saturated (t, lanes, simd_op2 (t, lanes, IR_VXOR, false, 0, twice, wrapped));
  simd_set_saturated (t, lanes, a->rd, op, plain_op, true, a64_v (a->rd), twice);
  return ISA_NEXT;
}

PRODUCT (sqdmull, doubled (t, a, y))
PRODUCT (sqdmlal, doubled_accumulated (t, a, y, IR_VQADD, IR_VADD))
PRODUCT (sqdmlsl, doubled_accumulated (t, a, y, IR_VQSUB, IR_VSUB))
