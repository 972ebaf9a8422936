/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Pointer authentication (DDI 0487, D8.10).  A user address has 48 bits and a tag in its top byte, so the
 * code lies in bits 54 to 48.  The algorithm is our own, as ID_AA64ISAR1_EL1.API says. */

#include "arm-helpers.h"
#include "arm-trans.h"

#define CODE_LOW   48
#define CODE_TOP   55 /* not of the code: the bit that chooses the upper half of the address space */
#define CODE_MASK  (UINT64_C (0x7f) << CODE_LOW)
#define UPPER_MASK (CODE_MASK | UINT64_C (1) << CODE_TOP)

static uint64_t
mix (uint64_t x, uint64_t factor)
{
  unsigned __int128 product = (unsigned __int128)x * factor;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
code_of (const IrState *s, uint64_t pointer, uint64_t modifier, unsigned key)
{
  const uint64_t *k = ((const ArmCpu *)s)->pauth_key[key];
  return mix (mix (pointer ^ k[0], UINT64_C (0x9e3779b97f4a7c15)) ^ modifier ^ k[1],
              UINT64_C (0xd6e8feb86659fd93));
}

/* The pointer as it was before it was signed. */
static uint64_t
stripped (uint64_t pointer)
{
  return pointer >> CODE_TOP & 1 ? pointer | CODE_MASK : pointer & ~CODE_MASK;
}

/* AddPAC(). What was no address before is none afterwards. */
uint64_t
arm_pauth_sign (IrState *s, uint64_t pointer, uint64_t modifier, uint64_t key)
{
  uint64_t plain = stripped (pointer), code = code_of (s, plain, modifier, (unsigned)key) & CODE_MASK;
  uint64_t upper = pointer & UPPER_MASK;

  if (upper != 0 && upper != UPPER_MASK)
    code ^= UINT64_C (1) << (CODE_TOP - 1);
  return (plain & ~CODE_MASK) | code;
}

/* Auth(). A wrong code leaves an address that faults where it is used. */
uint64_t
arm_pauth_check (IrState *s, uint64_t pointer, uint64_t modifier, uint64_t key)
{
  uint64_t plain = stripped (pointer);

  if (((pointer ^ code_of (s, plain, modifier, (unsigned)key)) & CODE_MASK) == 0)
    return plain;
  uint64_t error = key & 1 ? 2 : 1;
  return (plain & ~(UINT64_C (3) << (CODE_TOP - 2))) | error << (CODE_TOP - 2);
}

uint64_t
arm_pauth_generic (IrState *s, uint64_t x, uint64_t y, uint64_t c)
{
  return code_of (s, x, y, ARM_KEY_GA) & ~UINT64_C (0xffffffff);
}

static IrVal
transformed (A64Trans *t, bool check, IrVal pointer, IrVal modifier, unsigned key)
{
  return ir_helper (t->b, check ? ARM_HELPER_PAUTH_CHECK : ARM_HELPER_PAUTH_SIGN, true, pointer, modifier,
                    ir_const (t->b, key));
}

/* Register rd is signed or checked. */
static IsaFlow
transform (A64Trans *t, bool check, unsigned rd, IrVal modifier, unsigned key)
{
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
  IrVal x = a64_x (t, a->rd), code = ir_const (t->b, (int64_t)CODE_MASK);
  IrVal upper = ir_op2 (t->b, IR_SHL, IR_I64, x, ir_const (t->b, 63 - CODE_TOP));
  upper = ir_op2 (t->b, IR_SAR, IR_I64, upper, ir_const (t->b, 63));
  upper = ir_op2 (t->b, IR_AND, IR_I64, upper, code);
  a64_set_x (t, a->rd, ir_op2 (t->b, IR_OR, IR_I64, ir_op2 (t->b, IR_ANDN, IR_I64, x, code), upper));
  return ISA_NEXT;
}

IsaFlow
a64_trans_pacga (A64Trans *t, const A64Args *a)
{
  IrVal x = a64_x (t, a->rn), modifier = a64_xsp (a->rm);
  a64_set_x (t, a->rd, ir_helper (t->b, ARM_HELPER_PAUTH_GENERIC, true, x, modifier, IR_NONE));
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
  ir_indirect (t->b, target (t, a, a64_xsp (a->rm)), 0);
  return ISA_END;
}

IsaFlow
a64_trans_braaz (A64Trans *t, const A64Args *a)
{
  ir_indirect (t->b, target (t, a, ir_const (t->b, 0)), 0);
  return ISA_END;
}

IsaFlow
a64_trans_blraa (A64Trans *t, const A64Args *a)
{
  ir_call_indirect (t->b, target (t, a, a64_xsp (a->rm)), 0, ARM_VAR_X + 30, t->next_pc);
  return ISA_END;
}

IsaFlow
a64_trans_blraaz (A64Trans *t, const A64Args *a)
{
  ir_call_indirect (t->b, target (t, a, ir_const (t->b, 0)), 0, ARM_VAR_X + 30, t->next_pc);
  return ISA_END;
}

IsaFlow
a64_trans_retaa (A64Trans *t, const A64Args *a)
{
  ir_ret (t->b, transformed (t, true, ARM_VAR_X + 30, ARM_VAR_SP, a->m), 0);
  return ISA_END;
}

/* The base is checked with a data key and no modifier. */
IsaFlow
a64_trans_ldraa (A64Trans *t, const A64Args *a)
{
  IrVal base = transformed (t, true, a64_xsp (a->rn), ir_const (t->b, 0), ARM_KEY_DA + a->m);
  IrVal addr = ir_op2 (t->b, IR_ADD, IR_I64, base, ir_const (t->b, a->imm));
  IrVal value = ir_load (t->b, IR_I64, IR_MEM (3, false), addr, 0);
  a64_set_x (t, a->rt, value);
  if (a->pre)
    ir_set (t->b, a64_xsp (a->rn), addr);
  return ISA_NEXT;
}
