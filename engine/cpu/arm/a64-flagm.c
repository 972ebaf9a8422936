/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The flags as numbers: FEAT_FlagM and FEAT_FlagM2 (DDI 0487, C6.2). */

#include "arm-trans.h"

static IrVal
op (A64Trans *t, IrOpcode opcode, IrVal x, int64_t y)
{
  return ir_op2 (t->b, opcode, IR_I64, x, ir_const (t->b, y));
}

static IrVal or (A64Trans * t, IrVal x, IrVal y)
{
  return ir_op2 (t->b, IR_OR, IR_I64, x, y);
}

IsaFlow
a64_trans_cfinv (A64Trans *t, const A64Args *a)
{
  a64_set_flags (t, op (t, IR_XOR, ARM_VAR_NZCV, IR_CC_C));
  return ISA_NEXT;
}

/* The flags become table's four bits that they number. */
static IsaFlow
look_up (A64Trans *t, uint64_t table)
{
  IrVal shift = op (t, IR_SHL, ARM_VAR_NZCV, 2);
  IrVal entry = ir_op2 (t->b, IR_SHR, IR_I64, ir_const (t->b, (int64_t)table), shift);
  a64_set_flags (t, op (t, IR_AND, entry, 15));
  return ISA_NEXT;
}

/* From the flags of a floating-point comparison in the alternative form to ours. */
static unsigned
from_alternative (unsigned nzcv)
{
  bool z = nzcv & IR_CC_Z, c = nzcv & IR_CC_C;
  return (!c && !z ? IR_CC_N : 0u) | (z && c ? IR_CC_Z : 0u) | (c || z ? IR_CC_C : 0u) |
         (!c && z ? IR_CC_V : 0u);
}

static unsigned
to_alternative (unsigned nzcv)
{
  bool z = nzcv & IR_CC_Z, c = nzcv & IR_CC_C, v = nzcv & IR_CC_V;
  return (z || v ? IR_CC_Z : 0u) | (c && !v ? IR_CC_C : 0u);
}

static uint64_t
table_of (unsigned (*fn) (unsigned nzcv))
{
  uint64_t table = 0;
  for (unsigned nzcv = 0; nzcv < 16; nzcv++)
    table |= (uint64_t)fn (nzcv) << (4 * nzcv);
  return table;
}

IsaFlow
a64_trans_xaflag (A64Trans *t, const A64Args *a)
{
  return look_up (t, table_of (from_alternative));
}

IsaFlow
a64_trans_axflag (A64Trans *t, const A64Args *a)
{
  return look_up (t, table_of (to_alternative));
}

IsaFlow
a64_trans_rmif (A64Trans *t, const A64Args *a)
{
  IrVal rotated = op (t, IR_ROTR, a64_x (t, a->rn), a->imm);
  IrVal taken = op (t, IR_AND, rotated, a->mask), kept = op (t, IR_AND, ARM_VAR_NZCV, ~a->mask & 15);
  a64_set_flags (t, or (t, taken, kept));
  return ISA_NEXT;
}

/* N and Z of the low `width` bits, V where the bit above differs from their sign; C stays. */
static IsaFlow
set_flags_of (A64Trans *t, unsigned rn, unsigned width)
{
  IrVal x = a64_x (t, rn);
  IrVal sign = op (t, IR_AND, op (t, IR_SHR, x, width - 4), IR_CC_N);
  IrVal above = op (t, IR_SHR, ir_op2 (t->b, IR_XOR, IR_I64, x, op (t, IR_SHR, x, 1)), width - 1);
  IrVal overflow = op (t, IR_AND, above, IR_CC_V);
  IrVal is_zero = ir_setcc (t->b, IR_EQ, IR_I64, ir_ext (t->b, IR_I64, x, width, false), ir_const (t->b, 0));
  IrVal zero = op (t, IR_SHL, is_zero, 2), carry = op (t, IR_AND, ARM_VAR_NZCV, IR_CC_C);
  a64_set_flags (t, or (t, or (t, sign, overflow), or (t, zero, carry)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_setf8 (A64Trans *t, const A64Args *a)
{
  return set_flags_of (t, a->rn, 8);
}

IsaFlow
a64_trans_setf16 (A64Trans *t, const A64Args *a)
{
  return set_flags_of (t, a->rn, 16);
}
