/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Advanced SIMD on floating-point numbers: products with an element, of complex numbers, and of half
 * precision numbers summed in single precision (DDI 0487, C4.1.97). */

#include "a64-vfp.h"
#include "arm-vector-helpers.h"

/* The element that by-element forms name, in all lanes. False where it is reserved. */
static bool
element (A64Trans *t, const A64Args *a, Lanes lanes, IrVal *ret_element)
{
  unsigned index = (unsigned)a->index_h << 1 | a->index_l, rm = (unsigned)a->index_m << 4 | a->rm;
  if (lanes.log2 == 1) {
    index = index << 1 | a->index_m;
    rm = a->rm;
  } else if (lanes.log2 == 3) {
    if (a->index_l)
      return false;
    index = a->index_h;
  }
  *ret_element = lanes.scalar && index == 0 ? a64_v (rm)
                                            : simd_op1 (t, (Lanes){ .log2 = lanes.log2 }, IR_VDUPL, false,
                                                        (int32_t)index, a64_v (rm));
  return true;
}

static IsaFlow
by_element (A64Trans *t, const A64Args *a, IrOpcode op, IrOpcode scalar_op, unsigned flags)
{
  Lanes lanes;
  IrVal y, z = op == IR_VFMA ? a64_v (a->rd) : IR_NONE;
  if (!simd_lanes (a, &lanes) || !element (t, a, lanes, &y))
    return a64_undefined (t);
  if (lanes.scalar)
    ir_set (t->b, a64_v (a->rd), vfp_scalar (t, lanes, scalar_op, 0, flags, a64_v (a->rn), y, z));
  else
    ir_set_wide (t->b, a64_v (a->rd), vfp_op (t, lanes, op, IR_RDYN, flags, 0, a64_v (a->rn), y, z));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_fmul_e (A64Trans *t, const A64Args *a)
{
  return by_element (t, a, IR_VFMUL, IR_FMUL, 0);
}

IsaFlow
a64_trans_v_fmla_e (A64Trans *t, const A64Args *a)
{
  return by_element (t, a, IR_VFMA, IR_FMA, 0);
}

IsaFlow
a64_trans_v_fmls_e (A64Trans *t, const A64Args *a)
{
  return by_element (t, a, IR_VFMA, IR_FMA, IR_F_NEGP);
}

static IrVal
multiply_extended (A64Trans *t, IrType type, unsigned which, IrVal x, IrVal y)
{
  return a64_fp_step (t, type, ARM_FP_MULX, x, y);
}

IsaFlow
a64_trans_v_fmulx_e (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  IrVal y;
  if (!simd_lanes (a, &lanes) || !element (t, a, lanes, &y))
    return a64_undefined (t);
  return vfp_by_lanes (t, a, multiply_extended, 0, a64_v (a->rn), y);
}

/* ---- Complex numbers: pairs of lanes, the real part first. ---- */

static bool
complex_lanes (A64Trans *t, const A64Args *a, Lanes *ret_lanes)
{
  return simd_lanes (a, ret_lanes) && (a->size != 1 || arm_has (t->arm, ARM_EXT_FP16));
}

/* x's pairs times i (quarter turns 1) or -i (3). */
static IrVal
turned (A64Trans *t, Lanes lanes, unsigned quarters, IrVal x)
{
  unsigned width = 8u << lanes.log2;
  uint64_t sign = UINT64_C (1) << (width - 1);
  Lanes all = { .log2 = lanes.log2 };
  IrVal swapped, signs;

  if (lanes.log2 == 3) {
    swapped = simd_op2 (t, all, IR_VEXT, false, 8, x, x);
    signs = ir_const_wide (t->b, quarters == 1 ? sign : 0, quarters == 1 ? 0 : sign);
  } else {
    swapped = simd_op1 (t, all, IR_VREV, false, 2 << lanes.log2, x);
    signs = simd_const (t, lanes.log2 + 1, quarters == 1 ? sign : sign << width);
  }
  return simd_op2 (t, all, IR_VXOR, false, 0, swapped, signs);
}

IsaFlow
a64_trans_v_fcadd (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  if (!complex_lanes (t, a, &lanes))
    return a64_undefined (t);
  IrVal y = turned (t, lanes, a->rot ? 3 : 1, a64_v (a->rm));
  ir_set_wide (t->b, a64_v (a->rd), vfp_op2 (t, lanes, IR_VFADD, a64_v (a->rn), y));
  return ISA_NEXT;
}

/* Vd plus y, turned, times the real parts of Vn, or times the imaginary ones after an odd number of quarter
 * turns. */
static IsaFlow
complex_multiply_add (A64Trans *t, const A64Args *a, Lanes lanes, IrVal y)
{
  Lanes all = { .log2 = lanes.log2 };
  IrVal x = simd_op2 (t, all, IR_VTRN, false, a->rot & 1, a64_v (a->rn), a64_v (a->rn));
  if (a->rot & 1)
    y = turned (t, lanes, a->rot, y);
  else if (a->rot == 2)
    y = simd_op2 (t, all, IR_VXOR, false, 0, y,
                  simd_const (t, lanes.log2, UINT64_C (1) << ((8u << lanes.log2) - 1)));
  ir_set_wide (t->b, a64_v (a->rd), vfp_op (t, lanes, IR_VFMA, IR_RDYN, 0, 0, x, y, a64_v (a->rd)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_fcmla (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  if (!complex_lanes (t, a, &lanes))
    return a64_undefined (t);
  return complex_multiply_add (t, a, lanes, a64_v (a->rm));
}

IsaFlow
a64_trans_v_fcmla_e (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  unsigned index = a->size == 1 ? (unsigned)a->index_h << 1 | a->index_l : a->index_h;
  bool reserved = a->size == 1 ? !a->q && a->index_h : !a->q || a->index_l;
  if (!complex_lanes (t, a, &lanes) || reserved)
    return a64_undefined (t);
  IrVal number = a64_v ((unsigned)a->index_m << 4 | a->rm);
  IrVal y = simd_op1 (t, (Lanes){ .log2 = a->size + 1u }, IR_VDUPL, false, (int32_t)index, number);
  return complex_multiply_add (t, a, lanes, y);
}

/* ---- Half precision. ---- */

/* The half precision lanes of x from `first` on, as single precision ones. */
static IrVal
halves (A64Trans *t, unsigned first, IrVal x)
{
  unsigned flush = t->mode & ARM_MODE_FZ16 ? ARM_WIDEN_HALF_FLUSH : 0;
  IrDesc d = IR_DESC (.op = IR_VHELPER, .type = IR_V128, .sub = (uint8_t)(first | flush),
                      .imm = ARM_VECTOR_WIDEN_HALF);
  return ir_emit (t->b, d, x, x, x);
}

static IsaFlow
add_half_products (A64Trans *t, const A64Args *a, unsigned flags, bool upper, bool is_by_element)
{
  Lanes lanes;
  unsigned first = !upper ? 0 : a->q ? 4 : 2;
  IrVal x, y;
  simd_lanes (a, &lanes);
  x = halves (t, first, a64_v (a->rn));
  if (is_by_element) {
    element (t, a, (Lanes){ .log2 = 1 }, &y);
    y = halves (t, 0, y);
  } else {
    y = halves (t, first, a64_v (a->rm));
  }
  ir_set_wide (t->b, a64_v (a->rd), vfp_op (t, lanes, IR_VFMA, IR_RDYN, flags, 0, x, y, a64_v (a->rd)));
  return ISA_NEXT;
}

#define HALF_PRODUCTS(insn, flags, upper)                                                                    \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return add_half_products (t, a, flags, upper, false);                                                    \
  }                                                                                                          \
  IsaFlow a64_trans_v_##insn##_e (A64Trans *t, const A64Args *a)                                             \
  {                                                                                                          \
    return add_half_products (t, a, flags, upper, true);                                                     \
  }
HALF_PRODUCTS (fmlal, 0, false)
HALF_PRODUCTS (fmlsl, IR_F_NEGP, false)
HALF_PRODUCTS (fmlal2, 0, true)
HALF_PRODUCTS (fmlsl2, IR_F_NEGP, true)
