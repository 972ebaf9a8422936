/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Data processing with an immediate (DDI 0487, C4.1.93), and the additions that the register forms share. */

#include "a64-dp.h"
#include "bits.h"

IsaFlow
a64_trans_adr (A64Trans *t, const A64Args *a)
{
  a64_set_x (t, a->rd, ir_const_pc (t->b, t->pc + (uint64_t)(int64_t)a->imm));
  return ISA_NEXT;
}

IsaFlow
a64_trans_adrp (A64Trans *t, const A64Args *a)
{
  uint64_t page = t->pc & ~UINT64_C (0xfff);
  a64_set_x (t, a->rd, ir_const_pc (t->b, page + ((uint64_t)(int64_t)a->imm << 12)));
  return ISA_NEXT;
}

/* The flags come first: they are of the operands as they are before the result replaces one.  Where it does,
 * the flags keep a copy, which goes where nothing reads them. */
IsaFlow
a64_add_sub (A64Trans *t, IrType type, bool subtract, bool flags, unsigned rd, IrVal x, IrVal y)
{
  if (!flags) {
    a64_set_xsp (t, rd, ir_op2 (t->b, subtract ? IR_SUB : IR_ADD, type, x, y));
    return ISA_NEXT;
  }
  if (rd != 31 && x == ARM_VAR_X + rd)
    x = ir_op1 (t->b, IR_MOV, IR_I64, x);
  if (rd != 31 && y == ARM_VAR_X + rd)
    y = ir_op1 (t->b, IR_MOV, IR_I64, y);
  a64_set_flags (t, ir_op2 (t->b, subtract ? IR_CCSUB : IR_CCADD, type, x, y));
  a64_set_x (t, rd, ir_op2 (t->b, subtract ? IR_SUB : IR_ADD, type, x, y));
  return ISA_NEXT;
}

static IsaFlow
add_sub_imm (A64Trans *t, const A64Args *a, bool subtract, bool flags)
{
  return a64_add_sub (t, a64_type (a->sf), subtract, flags, a->rd, a64_xsp (a->rn),
                      ir_const (t->b, (int64_t)a->imm << (a->sh ? 12 : 0)));
}

IsaFlow
a64_trans_add_imm (A64Trans *t, const A64Args *a)
{
  return add_sub_imm (t, a, false, false);
}

IsaFlow
a64_trans_adds_imm (A64Trans *t, const A64Args *a)
{
  return add_sub_imm (t, a, false, true);
}

IsaFlow
a64_trans_sub_imm (A64Trans *t, const A64Args *a)
{
  return add_sub_imm (t, a, true, false);
}

IsaFlow
a64_trans_subs_imm (A64Trans *t, const A64Args *a)
{
  return add_sub_imm (t, a, true, true);
}

bool
a64_bitmask (unsigned n, unsigned imms, unsigned immr, unsigned width, uint64_t *ret_mask)
{
  unsigned selector = n << 6 | (~imms & 0x3f);
  if (selector < 2 || (n && width == 32))
    return false;
  unsigned size = 1u << (31 - (unsigned)__builtin_clz (selector));
  unsigned ones = imms & (size - 1), rotation = immr & (size - 1);
  if (ones == size - 1)
    return false;
  uint64_t element = bits_mask (ones + 1);
  if (rotation != 0)
    element = bits_zext (element >> rotation | element << (size - rotation), size);
  for (; size < 64; size *= 2)
    element |= element << size;
  *ret_mask = bits_zext (element, width);
  return true;
}

static IsaFlow
logical_imm (A64Trans *t, const A64Args *a, IrOpcode op, bool flags)
{
  uint64_t mask;
  IrType type = a64_type (a->sf);
  if (!a64_bitmask (a->n, a->imms, a->immr, a->sf ? 64 : 32, &mask))
    return a64_undefined (t);
  IrVal result = ir_op2 (t->b, op, type, a64_x (t, a->rn), ir_const (t->b, (int64_t)mask));
  if (!flags) {
    a64_set_xsp (t, a->rd, result);
    return ISA_NEXT;
  }
  a64_set_logic_flags (t, type, a->rd, result);
  return ISA_NEXT;
}

IsaFlow
a64_trans_and_imm (A64Trans *t, const A64Args *a)
{
  return logical_imm (t, a, IR_AND, false);
}

IsaFlow
a64_trans_orr_imm (A64Trans *t, const A64Args *a)
{
  return logical_imm (t, a, IR_OR, false);
}

IsaFlow
a64_trans_eor_imm (A64Trans *t, const A64Args *a)
{
  return logical_imm (t, a, IR_XOR, false);
}

IsaFlow
a64_trans_ands_imm (A64Trans *t, const A64Args *a)
{
  return logical_imm (t, a, IR_AND, true);
}

static IsaFlow
move_wide (A64Trans *t, const A64Args *a, bool invert)
{
  uint64_t value = (uint64_t)a->imm << 16 * a->hw;
  if (!a->sf && a->hw > 1)
    return a64_undefined (t);
  if (invert)
    value = ~value;
  a64_set_x (t, a->rd, ir_const (t->b, (int64_t)(a->sf ? value : (uint32_t)value)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_movn (A64Trans *t, const A64Args *a)
{
  return move_wide (t, a, true);
}

IsaFlow
a64_trans_movz (A64Trans *t, const A64Args *a)
{
  return move_wide (t, a, false);
}

IsaFlow
a64_trans_movk (A64Trans *t, const A64Args *a)
{
  unsigned at = 16u * a->hw;
  if (!a->sf && a->hw > 1)
    return a64_undefined (t);
  IrType type = a64_type (a->sf);
  IrVal rest =
      ir_op2 (t->b, IR_AND, type, a64_x (t, a->rd), ir_const (t->b, (int64_t)~(UINT64_C (0xffff) << at)));
  a64_set_x (t, a->rd, ir_op2 (t->b, IR_OR, type, rest, ir_const (t->b, (int64_t)((uint64_t)a->imm << at))));
  return ISA_NEXT;
}

/* Bits immr to imms go down to bit 0, or (imms below immr) the low bits up to bit width - immr. */
static IsaFlow
bitfield_move (A64Trans *t, const A64Args *a, bool is_signed)
{
  unsigned width = a->sf ? 64 : 32;
  IrType type = a64_type (a->sf);
  IrVal x = a64_x (t, a->rn);
  IrOpcode right = is_signed ? IR_SAR : IR_SHR;
  if (a->n != a->sf || a->immr >= width || a->imms >= width)
    return a64_undefined (t);
  if (a->imms >= a->immr) {
    unsigned length = a->imms - a->immr + 1u;
    if (a->immr == 0 && (length == 8 || length == 16 || length == 32)) {
      a64_set_x (t, a->rd, ir_ext (t->b, type, x, length, is_signed));
      return ISA_NEXT;
    }
    if (a->imms != width - 1)
      x = ir_op2 (t->b, IR_SHL, type, x, ir_const (t->b, width - 1 - a->imms));
    x = ir_op2 (t->b, right, type, x, ir_const (t->b, width - length));
  } else {
    unsigned length = a->imms + 1u;
    if (length != width)
      x = ir_op2 (t->b, IR_SHL, type, x, ir_const (t->b, width - length));
    x = ir_op2 (t->b, right, type, x, ir_const (t->b, a->immr - length));
  }
  a64_set_x (t, a->rd, x);
  return ISA_NEXT;
}

IsaFlow
a64_trans_sbfm (A64Trans *t, const A64Args *a)
{
  return bitfield_move (t, a, true);
}

IsaFlow
a64_trans_ubfm (A64Trans *t, const A64Args *a)
{
  return bitfield_move (t, a, false);
}

IsaFlow
a64_trans_bfm (A64Trans *t, const A64Args *a)
{
  unsigned width = a->sf ? 64 : 32;
  IrType type = a64_type (a->sf);
  if (a->n != a->sf || a->immr >= width || a->imms >= width)
    return a64_undefined (t);
  bool extract = a->imms >= a->immr;
  unsigned length = extract ? a->imms - a->immr + 1u : a->imms + 1u, at = extract ? 0 : width - a->immr;
  uint64_t mask = bits_mask (length) << at;
  IrVal x = a64_x (t, a->rn);
  if (extract && a->immr != 0)
    x = ir_op2 (t->b, IR_SHR, type, x, ir_const (t->b, a->immr));
  else if (!extract)
    x = ir_op2 (t->b, IR_SHL, type, x, ir_const (t->b, at));
  x = ir_op2 (t->b, IR_AND, type, x, ir_const (t->b, (int64_t)mask));
  IrVal rest = ir_op2 (t->b, IR_AND, type, a64_x (t, a->rd), ir_const (t->b, (int64_t)~mask));
  a64_set_x (t, a->rd, ir_op2 (t->b, IR_OR, type, rest, x));
  return ISA_NEXT;
}

IsaFlow
a64_trans_extr (A64Trans *t, const A64Args *a)
{
  unsigned width = a->sf ? 64 : 32;
  IrType type = a64_type (a->sf);
  if (a->n != a->sf || a->imms >= width)
    return a64_undefined (t);
  IrVal low = a64_x (t, a->rm), high = a64_x (t, a->rn), x;
  if (a->imms == 0) {
    x = ir_op1 (t->b, IR_MOV, type, low);
  } else if (a->rn == a->rm) {
    x = ir_op2 (t->b, IR_ROTR, type, low, ir_const (t->b, a->imms));
  } else {
    low = ir_op2 (t->b, IR_SHR, type, low, ir_const (t->b, a->imms));
    high = ir_op2 (t->b, IR_SHL, type, high, ir_const (t->b, width - a->imms));
    x = ir_op2 (t->b, IR_OR, type, low, high);
  }
  a64_set_x (t, a->rd, x);
  return ISA_NEXT;
}
