/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Pointer authentication (DDI 0487, D8.10).  An address has 48 bits, or 52 where a machine's TCR_ELx says so,
 * and a tag in its top byte, so the code lies in bits 54 to 48 or 52.  The algorithm is our own, as
 * ID_AA64ISAR1_EL1.API says. */

#include "arm-helpers.h"
#include "arm-trans.h"

#define CODE_TOP 55 /* not of the code: the bit that chooses the upper half of the address space */

#define CODE    (INT64_C (0x7f) << 48)
#define CODE_52 (INT64_C (0x7) << 52)

static IrVal
op2 (A64Trans *t, IrOpcode op, IrVal x, IrVal y)
{
  return ir_op2 (t->b, op, IR_I64, x, y);
}

static IrVal
number (A64Trans *t, int64_t value)
{
  return ir_const (t->b, value);
}

/* All ones where bit 55 of the pointer is one, or zero. */
static IrVal
upper_half (A64Trans *t, IrVal pointer)
{
  return op2 (t, IR_SAR, op2 (t, IR_SHL, pointer, number (t, 63 - CODE_TOP)), number (t, 63));
}

/* The bits of the code. */
static IrVal
code_mask (A64Trans *t, IrVal upper)
{
  if (!t->arm->system || !arm_has (t->arm, ARM_EXT_LVA))
    return number (t, CODE);
  const int32_t low = offsetof (ArmCpu, pauth_wide);
  IrVal flags =
      ir_emit (t->b, IR_DESC (.op = IR_STATE, .type = IR_I64, .imm = low), IR_NONE, IR_NONE, IR_NONE);
  IrVal flag = op2 (t, IR_SHR, flags, op2 (t, IR_AND, upper, number (t, 8)));
  flag = op2 (t, IR_AND, flag, number (t, 1));
  return ir_emit (t->b, IR_DESC (.op = IR_SELECT, .type = IR_I64), flag, number (t, CODE_52),
                  number (t, CODE));
}

static IrVal
key_half (A64Trans *t, unsigned key, unsigned half)
{
  const int32_t offset = (int32_t)(offsetof (ArmCpu, pauth_key) + 16 * key + 8 * half);
  return ir_emit (t->b, IR_DESC (.op = IR_STATE, .type = IR_I64, .imm = offset), IR_NONE, IR_NONE, IR_NONE);
}

/* ComputePAC(): in the upper half at least, all bits depend on all others. */
static IrVal
code_of (A64Trans *t, IrVal pointer, IrVal modifier, unsigned key)
{
  IrVal x = op2 (t, IR_XOR, pointer, key_half (t, key, 0));
  x = op2 (t, IR_MUL, x, number (t, (int64_t)UINT64_C (0x9e3779b97f4a7c15)));
  x = op2 (t, IR_XOR, x, op2 (t, IR_SHR, x, number (t, 32)));
  x = op2 (t, IR_XOR, op2 (t, IR_XOR, x, modifier), key_half (t, key, 1));
  x = op2 (t, IR_MUL, x, number (t, (int64_t)UINT64_C (0xd6e8feb86659fd93)));
  return op2 (t, IR_XOR, x, op2 (t, IR_SHR, x, number (t, 8)));
}

typedef struct {
  IrVal mask;  /* of the code */
  IrVal plain; /* the pointer as it was before it was signed */
} Parts;

static Parts
parts_of (A64Trans *t, IrVal pointer)
{
  IrVal upper = upper_half (t, pointer), mask = code_mask (t, upper);
  IrVal rest = op2 (t, IR_ANDN, pointer, mask);
  return (Parts){ mask, op2 (t, IR_OR, rest, op2 (t, IR_AND, upper, mask)) };
}

/* AddPAC(). What was no address before is none afterwards. */
static IrVal
signed_pointer (A64Trans *t, IrVal pointer, IrVal modifier, unsigned key)
{
  Parts p = parts_of (t, pointer);
  IrVal code = code_of (t, p.plain, modifier, key);
  IrVal bad = ir_setcc (t->b, IR_NE, IR_I64, p.plain, pointer);
  code = op2 (t, IR_XOR, code, op2 (t, IR_SHL, bad, number (t, CODE_TOP - 1)));
  return op2 (t, IR_OR, op2 (t, IR_ANDN, p.plain, p.mask), op2 (t, IR_AND, code, p.mask));
}

/* Auth(). A wrong code leaves an address that faults where it is used. */
static IrVal
checked_pointer (A64Trans *t, IrVal pointer, IrVal modifier, unsigned key)
{
  Parts p = parts_of (t, pointer);
  IrVal differ = op2 (t, IR_AND, op2 (t, IR_XOR, code_of (t, p.plain, modifier, key), pointer), p.mask);
  IrVal error = op2 (t, IR_ANDN, p.plain, number (t, INT64_C (3) << (CODE_TOP - 2)));
  error = op2 (t, IR_OR, error, number (t, (INT64_C (1) << (key & 1)) << (CODE_TOP - 2)));
  return ir_emit (t->b, IR_DESC (.op = IR_SELECT, .type = IR_I64), differ, error, p.plain);
}

/* A level above may have it trapped. */
static void
check_trap (A64Trans *t)
{
  if (t->mode & ARM_MODE_NO_VM)
    ir_helper (t->b, ARM_HELPER_TRAPPED_PAUTH, false, ir_const_pc (t->b, t->pc), IR_NONE, IR_NONE);
}

/* A key that SCTLR_ELx has not enabled changes nothing, and is not trapped. */
static IrVal
transformed (A64Trans *t, bool check, IrVal pointer, IrVal modifier, unsigned key)
{
  if (t->mode >> ARM_MODE_NO_KEY_SHIFT >> key & 1)
    return pointer;
  check_trap (t);
  return check ? checked_pointer (t, pointer, modifier, key) : signed_pointer (t, pointer, modifier, key);
}

/* Register rd is signed or checked. */
static IsaFlow
transform (A64Trans *t, bool check, unsigned rd, IrVal modifier, unsigned key)
{
  if (!(t->mode >> ARM_MODE_NO_KEY_SHIFT >> key & 1))
    a64_set_x (t, rd, transformed (t, check, a64_x (t, rd), modifier, key));
  return ISA_NEXT;
}

IsaFlow
a64_trans_pauth (A64Trans *t, const A64Args *a)
{
  return transform (t, a->op, a->rd, a64_xsp (a->rn), a->m);
}

IsaFlow
a64_trans_pauthz (A64Trans *t, const A64Args *a)
{
  return transform (t, a->op, a->rd, ir_const (t->b, 0), a->m);
}

IsaFlow
a64_trans_xpac (A64Trans *t, const A64Args *a)
{
  a64_set_x (t, a->rd, parts_of (t, a64_x (t, a->rd)).plain);
  return ISA_NEXT;
}

IsaFlow
a64_trans_pacga (A64Trans *t, const A64Args *a)
{
  check_trap (t);
  IrVal code = code_of (t, a64_x (t, a->rn), a64_xsp (a->rm), ARM_KEY_GA);
  a64_set_x (t, a->rd, op2 (t, IR_ANDN, code, number (t, UINT32_MAX)));
  return ISA_NEXT;
}

/* The hints: numbers 8 to 14 work on X17 with X16, those from 24 on X30 with 0 or SP. */
IsaFlow
a64_pauth_hint (A64Trans *t, unsigned number)
{
  unsigned key = number >> 1 & 1;
  bool check = number & 4;
  if (!arm_has (t->arm, ARM_EXT_PAUTH))
    return ISA_NEXT;
  if (number == 7)
    return a64_trans_xpac (t, &(A64Args){ .rd = 30 });
  if (number < 16)
    return transform (t, check, 17, ARM_VAR_X + 16, key);
  return transform (t, check, 30, number & 1 ? ARM_VAR_SP : ir_const (t->b, 0), key);
}

static IrVal
target (A64Trans *t, const A64Args *a, IrVal modifier)
{
  return transformed (t, true, a64_x (t, a->rn), modifier, a->m);
}

IsaFlow
a64_trans_braa (A64Trans *t, const A64Args *a)
{
  return a64_branch_to (t, (unsigned)a->rn, target (t, a, a64_xsp (a->rm)));
}

IsaFlow
a64_trans_braaz (A64Trans *t, const A64Args *a)
{
  return a64_branch_to (t, (unsigned)a->rn, target (t, a, ir_const (t->b, 0)));
}

IsaFlow
a64_trans_blraa (A64Trans *t, const A64Args *a)
{
  return a64_call_to (t, target (t, a, a64_xsp (a->rm)));
}

IsaFlow
a64_trans_blraaz (A64Trans *t, const A64Args *a)
{
  return a64_call_to (t, target (t, a, ir_const (t->b, 0)));
}

IsaFlow
a64_trans_retaa (A64Trans *t, const A64Args *a)
{
  ir_ret (t->b, transformed (t, true, ARM_VAR_X + 30, ARM_VAR_SP, a->m), 0);
  return ISA_END;
}

IsaFlow
a64_trans_eretaa (A64Trans *t, const A64Args *a)
{
  unsigned el = ARM_MODE_EL (t->mode);
  if (!t->arm->system || el == 0)
    return a64_undefined (t);
  return a64_system_eret (t, transformed (t, true, ARM_VAR_ELR_EL1 + el - 1, ARM_VAR_SP, a->m));
}

/* The base is checked with a data key and no modifier. */
IsaFlow
a64_trans_ldraa (A64Trans *t, const A64Args *a)
{
  IrVal base = transformed (t, true, a64_base (t, a->rn), ir_const (t->b, 0), ARM_KEY_DA + a->m);
  IrVal addr = ir_op2 (t->b, IR_ADD, IR_I64, base, ir_const (t->b, a->imm));
  IrVal value = ir_load (t->b, IR_I64, IR_MEM (3, false), addr, 0);
  a64_set_x (t, a->rt, value);
  if (a->pre)
    ir_set (t->b, a64_xsp (a->rn), addr);
  return ISA_NEXT;
}
