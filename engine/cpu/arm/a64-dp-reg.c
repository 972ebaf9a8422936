/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Data processing of registers (DDI 0487, C4.1.95). */

#include "a64-dp.h"

/* ShiftReg(): LSL, LSR, ASR, ROR by a constant. */
static IrVal
shifted (A64Trans *t, IrType type, unsigned rm, unsigned shift, unsigned amount)
{
  static const IrOpcode ops[] = { IR_SHL, IR_SHR, IR_SAR, IR_ROTR };
  IrVal x = a64_x (t, rm);
  return amount == 0 ? x : ir_op2 (t->b, ops[shift], type, x, ir_const (t->b, amount));
}

static bool
amount_is_bad (const A64Args *a)
{
  return !a->sf && a->imm > 31;
}

void
a64_set_logic_flags (A64Trans *t, IrType type, unsigned rd, IrVal result)
{
  if (rd == 31) {
    a64_set_flags (t, ir_op1 (t->b, IR_CCLOGIC, type, result));
    return;
  }
  a64_set_x (t, rd, result);
  a64_set_flags (t, ir_op1 (t->b, IR_CCLOGIC, type, ARM_VAR_X + rd));
}

static IsaFlow
logical (A64Trans *t, const A64Args *a, IrOpcode op, bool flags)
{
  IrType type = a64_type (a->sf);
  if (amount_is_bad (a))
    return a64_undefined (t);
  IrVal y = shifted (t, type, a->rm, a->shift, (unsigned)a->imm), result;
  if (op == IR_OR && a->rn == 31)
    result = ir_op1 (t->b, IR_MOV, type, y);
  else
    result = ir_op2 (t->b, op, type, a64_x (t, a->rn), y);
  if (flags)
    a64_set_logic_flags (t, type, a->rd, result);
  else
    a64_set_x (t, a->rd, result);
  return ISA_NEXT;
}

#define LOGICAL(insn, op, flags)                                                                             \
  IsaFlow a64_trans_##insn (A64Trans *t, const A64Args *a)                                                   \
  {                                                                                                          \
    return logical (t, a, op, flags);                                                                        \
  }
LOGICAL (and, IR_AND, false)
LOGICAL (bic, IR_ANDN, false)
LOGICAL (orr, IR_OR, false)
LOGICAL (orn, IR_ORN, false)
LOGICAL (eor, IR_XOR, false)
LOGICAL (eon, IR_XNOR, false)
LOGICAL (ands, IR_AND, true)
LOGICAL (bics, IR_ANDN, true)

/* Register 31 is XZR here, as a result too. */
static IsaFlow
add_shifted (A64Trans *t, const A64Args *a, bool subtract, bool flags)
{
  IrType type = a64_type (a->sf);
  if (amount_is_bad (a))
    return a64_undefined (t);
  IrVal y = shifted (t, type, a->rm, a->shift, (unsigned)a->imm), x = a64_x (t, a->rn);
  if (flags)
    return a64_add_sub (t, type, subtract, true, a->rd, x, y);
  if (!subtract && a->shift == 0 && a->imm <= 3 && type == IR_I64)
    a64_set_x (t, a->rd, ir_shladd (t->b, type, a64_x (t, a->rm), (unsigned)a->imm, x));
  else
    a64_set_x (t, a->rd, ir_op2 (t->b, subtract ? IR_SUB : IR_ADD, type, x, y));
  return ISA_NEXT;
}

/* ExtendReg(): UXTB to SXTX, then shifted left. */
static IrVal
extended (A64Trans *t, IrType type, const A64Args *a)
{
  unsigned bits = 8u << (a->option & 3), width = type == IR_I64 ? 64 : 32;
  IrVal x = a64_x (t, a->rm);
  if (bits < width)
    x = ir_ext (t->b, type, x, bits, a->option & 4);
  return a->imm == 0 ? x : ir_op2 (t->b, IR_SHL, type, x, ir_const (t->b, a->imm));
}

static IsaFlow
add_extended (A64Trans *t, const A64Args *a, bool subtract, bool flags)
{
  IrType type = a64_type (a->sf);
  return a64_add_sub (t, type, subtract, flags, a->rd, a64_xsp (a->rn), extended (t, type, a));
}

#define ADD(insn, subtract, flags)                                                                           \
  IsaFlow a64_trans_##insn (A64Trans *t, const A64Args *a)                                                   \
  {                                                                                                          \
    return add_shifted (t, a, subtract, flags);                                                              \
  }                                                                                                          \
  IsaFlow a64_trans_##insn##_ext (A64Trans *t, const A64Args *a)                                             \
  {                                                                                                          \
    return add_extended (t, a, subtract, flags);                                                             \
  }
ADD (add, false, false)
ADD (adds, false, true)
ADD (sub, true, false)
ADD (subs, true, true)

/* x + y + C, y inverted for a subtraction. */
static IsaFlow
add_carry (A64Trans *t, const A64Args *a, bool subtract, bool flags)
{
  IrType type = a64_type (a->sf);
  IrVal x = a64_x (t, a->rn), y = a64_x (t, a->rm), carry = a64_test_value (t, 2);
  IrVal not_y = subtract ? ir_op2 (t->b, IR_XOR, type, y, ir_const (t->b, -1)) : y;
  IrVal sum = ir_op2 (t->b, IR_ADD, type, ir_op2 (t->b, IR_ADD, type, x, not_y), carry);
  if (flags)
    a64_set_flags (t,
                   ir_emit (t->b, IR_DESC (.op = subtract ? IR_CCSBC : IR_CCADC, .type = type), x, y, carry));
  a64_set_x (t, a->rd, sum);
  return ISA_NEXT;
}

IsaFlow
a64_trans_adc (A64Trans *t, const A64Args *a)
{
  return add_carry (t, a, false, false);
}

IsaFlow
a64_trans_adcs (A64Trans *t, const A64Args *a)
{
  return add_carry (t, a, false, true);
}

IsaFlow
a64_trans_sbc (A64Trans *t, const A64Args *a)
{
  return add_carry (t, a, true, false);
}

IsaFlow
a64_trans_sbcs (A64Trans *t, const A64Args *a)
{
  return add_carry (t, a, true, true);
}

static IsaFlow
conditional_compare (A64Trans *t, const A64Args *a, bool subtract, IrVal y)
{
  IrType type = a64_type (a->sf);
  IrVal x = a64_x (t, a->rn);
  if (a->cond >= 14) {
    a64_set_flags (t, ir_op2 (t->b, subtract ? IR_CCSUB : IR_CCADD, type, x, y));
    return ISA_NEXT;
  }
  IrVal test = a64_test_value (t, a->cond);
  IrVal flags = ir_op2 (t->b, subtract ? IR_CCSUB : IR_CCADD, type, x, y);
  a64_set_flags (t, ir_select (t->b, IR_I64, test, flags, ir_const (t->b, a->nzcv)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_ccmn (A64Trans *t, const A64Args *a)
{
  return conditional_compare (t, a, false, a64_x (t, a->rm));
}

IsaFlow
a64_trans_ccmp (A64Trans *t, const A64Args *a)
{
  return conditional_compare (t, a, true, a64_x (t, a->rm));
}

IsaFlow
a64_trans_ccmn_imm (A64Trans *t, const A64Args *a)
{
  return conditional_compare (t, a, false, ir_const (t->b, a->imm));
}

IsaFlow
a64_trans_ccmp_imm (A64Trans *t, const A64Args *a)
{
  return conditional_compare (t, a, true, ir_const (t->b, a->imm));
}

/* rn where the condition holds, else rm: as it is, plus one, inverted, or negated. */
static IsaFlow
conditional_select (A64Trans *t, const A64Args *a, IrOpcode op, int64_t constant)
{
  IrType type = a64_type (a->sf);
  IrVal yes = a64_x (t, a->rn), no = a64_x (t, a->rm);
  if (a->cond >= 14) {
    a64_set_x (t, a->rd, ir_op1 (t->b, IR_MOV, type, yes));
    return ISA_NEXT;
  }
  IrVal test = a64_test_value (t, a->cond);
  if (a->rn == 31 && a->rm == 31 && op == IR_ADD) { /* cset */
    a64_set_x (t, a->rd, ir_op2 (t->b, IR_XOR, IR_I64, test, ir_const (t->b, 1)));
    return ISA_NEXT;
  }
  if (op == IR_SUB)
    no = ir_op2 (t->b, IR_SUB, type, ir_const (t->b, 0), no);
  else if (op != IR_MOV)
    no = ir_op2 (t->b, op, type, no, ir_const (t->b, constant));
  a64_set_x (t, a->rd, ir_select (t->b, type, test, yes, no));
  return ISA_NEXT;
}

IsaFlow
a64_trans_csel (A64Trans *t, const A64Args *a)
{
  return conditional_select (t, a, IR_MOV, 0);
}

IsaFlow
a64_trans_csinc (A64Trans *t, const A64Args *a)
{
  return conditional_select (t, a, IR_ADD, 1);
}

IsaFlow
a64_trans_csinv (A64Trans *t, const A64Args *a)
{
  return conditional_select (t, a, IR_XOR, -1);
}

IsaFlow
a64_trans_csneg (A64Trans *t, const A64Args *a)
{
  return conditional_select (t, a, IR_SUB, 0);
}

static IsaFlow
binary (A64Trans *t, const A64Args *a, IrOpcode op)
{
  IrDesc d =
      IR_DESC (.op = op, .type = a64_type (a->sf), .sub = op == IR_DIVS || op == IR_DIVU ? IR_DIV0_ZERO : 0);
  a64_set_x (t, a->rd, ir_emit (t->b, d, a64_x (t, a->rn), a64_x (t, a->rm), IR_NONE));
  return ISA_NEXT;
}

#define BINARY(insn, op)                                                                                     \
  IsaFlow a64_trans_##insn (A64Trans *t, const A64Args *a)                                                   \
  {                                                                                                          \
    return binary (t, a, op);                                                                                \
  }
BINARY (udiv, IR_DIVU)
BINARY (sdiv, IR_DIVS)
BINARY (lslv, IR_SHL)
BINARY (lsrv, IR_SHR)
BINARY (asrv, IR_SAR)
BINARY (rorv, IR_ROTR)

static IsaFlow
unary (A64Trans *t, const A64Args *a, IrOpcode op, IrType type)
{
  a64_set_x (t, a->rd, ir_op1 (t->b, op, type, a64_x (t, a->rn)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_rbit (A64Trans *t, const A64Args *a)
{
  IrType type = a64_type (a->sf);
  IrVal x = a64_x (t, a->rn);
  /* A CLZ that follows wants the number that was there: see ir-fold.c. */
  if (a->rd == a->rn)
    x = ir_op1 (t->b, IR_MOV, type, x);
  x = ir_op1 (t->b, IR_BSWAP, type, x);
  a64_set_x (t, a->rd, ir_op1 (t->b, IR_BREV8, type, x));
  return ISA_NEXT;
}

/* The bytes of each halfword exchanged. */
IsaFlow
a64_trans_rev16 (A64Trans *t, const A64Args *a)
{
  IrType type = a64_type (a->sf);
  IrVal x = a64_x (t, a->rn), low = ir_const (t->b, 0x00ff00ff00ff00ff), eight = ir_const (t->b, 8);
  IrVal up = ir_op2 (t->b, IR_SHL, type, ir_op2 (t->b, IR_AND, type, x, low), eight);
  IrVal down = ir_op2 (t->b, IR_AND, type, ir_op2 (t->b, IR_SHR, type, x, eight), low);
  a64_set_x (t, a->rd, ir_op2 (t->b, IR_OR, type, up, down));
  return ISA_NEXT;
}

IsaFlow
a64_trans_rev_w (A64Trans *t, const A64Args *a)
{
  return unary (t, a, IR_BSWAP, IR_I32);
}

IsaFlow
a64_trans_rev_x (A64Trans *t, const A64Args *a)
{
  return unary (t, a, IR_BSWAP, IR_I64);
}

/* The bytes of each word: all reversed, and the words put back. */
IsaFlow
a64_trans_rev32 (A64Trans *t, const A64Args *a)
{
  IrVal x = ir_op1 (t->b, IR_BSWAP, IR_I64, a64_x (t, a->rn));
  a64_set_x (t, a->rd, ir_op2 (t->b, IR_ROTR, IR_I64, x, ir_const (t->b, 32)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_clz (A64Trans *t, const A64Args *a)
{
  return unary (t, a, IR_CLZ, a64_type (a->sf));
}

/* Leading bits equal to the sign, after it: x ^ (x >> 1), arithmetically, has zeros there and at the sign. */
IsaFlow
a64_trans_cls (A64Trans *t, const A64Args *a)
{
  IrType type = a64_type (a->sf);
  IrVal x = a64_x (t, a->rn), one = ir_const (t->b, 1);
  IrVal differs = ir_op2 (t->b, IR_XOR, type, x, ir_op2 (t->b, IR_SAR, type, x, one));
  IrVal zeros = ir_op1 (t->b, IR_CLZ, type, differs);
  a64_set_x (t, a->rd, ir_op2 (t->b, IR_SUB, type, zeros, one));
  return ISA_NEXT;
}

/* ra + x * y, or less it. */
static IsaFlow
multiply_add (A64Trans *t, const A64Args *a, IrType type, bool subtract, IrVal x, IrVal y)
{
  IrVal product = ir_op2 (t->b, IR_MUL, type, x, y);
  if (a->ra == 31 && !subtract)
    a64_set_x (t, a->rd, product);
  else
    a64_set_x (t, a->rd, ir_op2 (t->b, subtract ? IR_SUB : IR_ADD, type, a64_x (t, a->ra), product));
  return ISA_NEXT;
}

IsaFlow
a64_trans_madd (A64Trans *t, const A64Args *a)
{
  return multiply_add (t, a, a64_type (a->sf), false, a64_x (t, a->rn), a64_x (t, a->rm));
}

IsaFlow
a64_trans_msub (A64Trans *t, const A64Args *a)
{
  return multiply_add (t, a, a64_type (a->sf), true, a64_x (t, a->rn), a64_x (t, a->rm));
}

static IsaFlow
multiply_long (A64Trans *t, const A64Args *a, bool is_signed, bool subtract)
{
  IrVal x = ir_ext (t->b, IR_I64, a64_x (t, a->rn), 32, is_signed),
        y = ir_ext (t->b, IR_I64, a64_x (t, a->rm), 32, is_signed);
  return multiply_add (t, a, IR_I64, subtract, x, y);
}

IsaFlow
a64_trans_smaddl (A64Trans *t, const A64Args *a)
{
  return multiply_long (t, a, true, false);
}

IsaFlow
a64_trans_smsubl (A64Trans *t, const A64Args *a)
{
  return multiply_long (t, a, true, true);
}

IsaFlow
a64_trans_umaddl (A64Trans *t, const A64Args *a)
{
  return multiply_long (t, a, false, false);
}

IsaFlow
a64_trans_umsubl (A64Trans *t, const A64Args *a)
{
  return multiply_long (t, a, false, true);
}

static IsaFlow
multiply_high (A64Trans *t, const A64Args *a, IrOpcode op)
{
  a64_set_x (t, a->rd, ir_op2 (t->b, op, IR_I64, a64_x (t, a->rn), a64_x (t, a->rm)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_smulh (A64Trans *t, const A64Args *a)
{
  return multiply_high (t, a, IR_MULHS);
}

IsaFlow
a64_trans_umulh (A64Trans *t, const A64Args *a)
{
  return multiply_high (t, a, IR_MULHU);
}
