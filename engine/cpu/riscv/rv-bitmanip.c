/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Bit manipulation: Zba, Zbb, Zbc, Zbs, Zbkb; and Zicond. */

#include "riscv-trans.h"

static IsaFlow
binary (RvTrans *t, const RvArgs *a, IrOpcode op)
{
  rv_set_x (t, a->rd, ir_op2 (t->b, op, t->xt, rv_x (t, a->rs1), rv_x (t, a->rs2)));
  return ISA_NEXT;
}

static IsaFlow
unary (RvTrans *t, const RvArgs *a, IrOpcode op)
{
  rv_set_x (t, a->rd, ir_op1 (t->b, op, t->xt, rv_x (t, a->rs1)));
  return ISA_NEXT;
}

static IsaFlow
binary_w (RvTrans *t, const RvArgs *a, IrOpcode op, IrVal y)
{
  IrVal x = ir_op2 (t->b, op, IR_I32, rv_x (t, a->rs1), y);
  rv_set_x (t, a->rd, ir_sx32 (t->b, x));
  return ISA_NEXT;
}

static IsaFlow
unary_w (RvTrans *t, const RvArgs *a, IrOpcode op)
{
  rv_set_x (t, a->rd, ir_op1 (t->b, op, IR_I32, rv_x (t, a->rs1)));
  return ISA_NEXT;
}

static IsaFlow
extend (RvTrans *t, const RvArgs *a, unsigned bits, bool is_signed)
{
  rv_set_x (t, a->rd, ir_ext (t->b, t->xt, rv_x (t, a->rs1), bits, is_signed));
  return ISA_NEXT;
}

#define BINARY(insn, op)                                                                                     \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    return binary (t, a, op);                                                                                \
  }
#define UNARY(insn, op)                                                                                      \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    return unary (t, a, op);                                                                                 \
  }
#define UNARY_W(insn, op)                                                                                    \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    return unary_w (t, a, op);                                                                               \
  }
#define EXTEND(insn, bits, is_signed)                                                                        \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    return extend (t, a, bits, is_signed);                                                                   \
  }

BINARY (andn, IR_ANDN)
BINARY (orn, IR_ORN)
BINARY (xnor, IR_XNOR)
BINARY (min, IR_MINS)
BINARY (minu, IR_MINU)
BINARY (max, IR_MAXS)
BINARY (maxu, IR_MAXU)
BINARY (rol, IR_ROTL)
BINARY (ror, IR_ROTR)
BINARY (clmul, IR_CLMUL)
BINARY (clmulh, IR_CLMULH)
BINARY (clmulr, IR_CLMULR)
UNARY (clz, IR_CLZ)
UNARY (ctz, IR_CTZ)
UNARY (cpop, IR_POPCNT)
UNARY (orc_b, IR_ORCB)
UNARY (rev8, IR_BSWAP)
UNARY (brev8, IR_BREV8)
UNARY_W (clzw, IR_CLZ)
UNARY_W (ctzw, IR_CTZ)
UNARY_W (cpopw, IR_POPCNT)
EXTEND (sext_b, 8, true)
EXTEND (sext_h, 16, true)
EXTEND (zext_b, 8, false)
EXTEND (zext_h, 16, false)
EXTEND (zext_w, 32, false)

IsaFlow
rv_trans_not (RvTrans *t, const RvArgs *a)
{
  rv_set_x (t, a->rd, ir_op2 (t->b, IR_XOR, t->xt, rv_x (t, a->rs1), rv_const (t, -1)));
  return ISA_NEXT;
}

IsaFlow
rv_trans_rori (RvTrans *t, const RvArgs *a)
{
  rv_set_x (t, a->rd, ir_op2 (t->b, IR_ROTR, t->xt, rv_x (t, a->rs1), ir_const (t->b, a->imm)));
  return ISA_NEXT;
}

IsaFlow
rv_trans_rolw (RvTrans *t, const RvArgs *a)
{
  return binary_w (t, a, IR_ROTL, rv_x (t, a->rs2));
}

IsaFlow
rv_trans_rorw (RvTrans *t, const RvArgs *a)
{
  return binary_w (t, a, IR_ROTR, rv_x (t, a->rs2));
}

IsaFlow
rv_trans_roriw (RvTrans *t, const RvArgs *a)
{
  return binary_w (t, a, IR_ROTR, ir_const (t->b, a->imm));
}

static IsaFlow
shift_add (RvTrans *t, const RvArgs *a, unsigned shift)
{
  rv_set_x (t, a->rd, ir_shladd (t->b, t->xt, rv_x (t, a->rs1), shift, rv_x (t, a->rs2)));
  return ISA_NEXT;
}

/* The same with the low 32 bits of rs1. */
static IsaFlow
shift_add_uw (RvTrans *t, const RvArgs *a, unsigned shift)
{
  IrVal x = ir_ext (t->b, IR_I64, rv_x (t, a->rs1), 32, false);
  if (a->rs2 == 0 && shift == 0)
    rv_set_x (t, a->rd, x);
  else
    rv_set_x (t, a->rd, ir_shladd (t->b, IR_I64, x, shift, rv_x (t, a->rs2)));
  return ISA_NEXT;
}

#define SHIFT_ADD(n)                                                                                         \
  IsaFlow rv_trans_sh##n##add (RvTrans *t, const RvArgs *a)                                                  \
  {                                                                                                          \
    return shift_add (t, a, n);                                                                              \
  }                                                                                                          \
  IsaFlow rv_trans_sh##n##add_uw (RvTrans *t, const RvArgs *a)                                               \
  {                                                                                                          \
    return shift_add_uw (t, a, n);                                                                           \
  }
SHIFT_ADD (1)
SHIFT_ADD (2)
SHIFT_ADD (3)

IsaFlow
rv_trans_add_uw (RvTrans *t, const RvArgs *a)
{
  return shift_add_uw (t, a, 0);
}

IsaFlow
rv_trans_slli_uw (RvTrans *t, const RvArgs *a)
{
  IrVal x = ir_ext (t->b, IR_I64, rv_x (t, a->rs1), 32, false);
  rv_set_x (t, a->rd, ir_op2 (t->b, IR_SHL, IR_I64, x, ir_const (t->b, a->imm)));
  return ISA_NEXT;
}

/* rd = high << bits | low, with `bits` bits taken of each. */
static IrVal
packed (RvTrans *t, const RvArgs *a, IrType type, unsigned bits)
{
  IrVal low = ir_ext (t->b, type, rv_x (t, a->rs1), bits, false);
  IrVal high = ir_ext (t->b, type, rv_x (t, a->rs2), bits, false);
  high = ir_op2 (t->b, IR_SHL, type, high, ir_const (t->b, bits));
  return ir_op2 (t->b, IR_OR, type, low, high);
}

IsaFlow
rv_trans_pack (RvTrans *t, const RvArgs *a)
{
  rv_set_x (t, a->rd, packed (t, a, t->xt, RV_IS_RV32 (t) ? 16 : 32));
  return ISA_NEXT;
}

IsaFlow
rv_trans_packh (RvTrans *t, const RvArgs *a)
{
  rv_set_x (t, a->rd, packed (t, a, t->xt, 8));
  return ISA_NEXT;
}

IsaFlow
rv_trans_packw (RvTrans *t, const RvArgs *a)
{
  IrVal x = packed (t, a, IR_I32, 16);
  rv_set_x (t, a->rd, ir_sx32 (t->b, x));
  return ISA_NEXT;
}

/* The lower half of rs1 to the even bits, the upper half to the odd ones. */
uint64_t
rv_zip (IrState *s, uint64_t x, uint64_t b, uint64_t c)
{
  uint32_t r = 0;
  for (unsigned i = 0; i < 16; i++)
    r |= (uint32_t)(x >> i & 1) << 2 * i | (uint32_t)(x >> (i + 16) & 1) << (2 * i + 1);
  return r;
}

uint64_t
rv_unzip (IrState *s, uint64_t x, uint64_t b, uint64_t c)
{
  uint32_t r = 0;
  for (unsigned i = 0; i < 16; i++)
    r |= (uint32_t)(x >> 2 * i & 1) << i | (uint32_t)(x >> (2 * i + 1) & 1) << (i + 16);
  return r;
}

IsaFlow
rv_trans_zip (RvTrans *t, const RvArgs *a)
{
  rv_set_x (t, a->rd, ir_helper (t->b, RV_HELPER_ZIP, true, rv_x (t, a->rs1), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

IsaFlow
rv_trans_unzip (RvTrans *t, const RvArgs *a)
{
  rv_set_x (t, a->rd, ir_helper (t->b, RV_HELPER_UNZIP, true, rv_x (t, a->rs1), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

/* Zbs: one bit of rs1, by register or immediate index (taken modulo the width, as shifts do). */
static IsaFlow
single_bit (RvTrans *t, const RvArgs *a, IrOpcode op, IrVal index)
{
  IrVal bit = ir_op2 (t->b, IR_SHL, t->xt, rv_const (t, 1), index);
  rv_set_x (t, a->rd, ir_op2 (t->b, op, t->xt, rv_x (t, a->rs1), bit));
  return ISA_NEXT;
}

static IsaFlow
extract_bit (RvTrans *t, const RvArgs *a, IrVal index)
{
  IrVal x = ir_op2 (t->b, IR_SHR, t->xt, rv_x (t, a->rs1), index);
  rv_set_x (t, a->rd, ir_op2 (t->b, IR_AND, t->xt, x, rv_const (t, 1)));
  return ISA_NEXT;
}

#define SINGLE_BIT(insn, op)                                                                                 \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    return single_bit (t, a, op, rv_x (t, a->rs2));                                                          \
  }                                                                                                          \
  IsaFlow rv_trans_##insn##i (RvTrans *t, const RvArgs *a)                                                   \
  {                                                                                                          \
    return single_bit (t, a, op, ir_const (t->b, a->imm));                                                   \
  }
SINGLE_BIT (bclr, IR_ANDN)
SINGLE_BIT (binv, IR_XOR)
SINGLE_BIT (bset, IR_OR)

IsaFlow
rv_trans_bext (RvTrans *t, const RvArgs *a)
{
  return extract_bit (t, a, rv_x (t, a->rs2));
}

IsaFlow
rv_trans_bexti (RvTrans *t, const RvArgs *a)
{
  return extract_bit (t, a, ir_const (t->b, a->imm));
}

/* Zicond. */
IsaFlow
rv_trans_czero_eqz (RvTrans *t, const RvArgs *a)
{
  rv_set_x (t, a->rd, ir_select (t->b, t->xt, rv_x (t, a->rs2), rv_x (t, a->rs1), rv_const (t, 0)));
  return ISA_NEXT;
}

IsaFlow
rv_trans_czero_nez (RvTrans *t, const RvArgs *a)
{
  rv_set_x (t, a->rd, ir_select (t->b, t->xt, rv_x (t, a->rs2), rv_const (t, 0), rv_x (t, a->rs1)));
  return ISA_NEXT;
}
