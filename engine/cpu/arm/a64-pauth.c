/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Pointer authentication (DDI 0487, D8.10). */

#include "arm-helpers.h"
#include "arm-trans.h"

typedef A64Trans PauthContext;
typedef IrVal PauthValue;

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

static IrVal
select_of (A64Trans *t, IrVal test, IrVal if_nonzero, IrVal if_zero)
{
  return ir_select (t->b, IR_I64, test, if_nonzero, if_zero);
}

static IrVal
differ (A64Trans *t, IrVal x, IrVal y)
{
  return ir_setcc (t->b, IR_NE, IR_I64, x, y);
}

static IrVal
state (A64Trans *t, size_t offset)
{
  return ir_emit (t->b, IR_DESC (.op = IR_STATE, .type = IR_I64, .imm = (int32_t)offset), IR_NONE, IR_NONE,
                  IR_NONE);
}

static IrVal
key_half (A64Trans *t, unsigned key, unsigned half)
{
  return state (t, offsetof (ArmCpu, pauth_key) + 16 * key + 8 * half);
}

static bool
has_wide (const A64Trans *t)
{
  return t->arm->system && arm_has (t->arm, ARM_EXT_LVA);
}

static IrVal
wide_flags (A64Trans *t)
{
  return state (t, offsetof (ArmCpu, pauth_wide));
}

#include "a64-pauth-code.h"

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
  if (t->brief) /* Inline it is longer than all else of a small function. */
    return ir_helper (t->b, check ? ARM_HELPER_PAUTH_CHECK : ARM_HELPER_PAUTH_SIGN, true, pointer, modifier,
                      number (t, key));
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
