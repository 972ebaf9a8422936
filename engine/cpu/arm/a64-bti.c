/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Branch target identification (DDI 0487, D8.4.5 and BTypeCompatible()): code of a guarded page that an
 * indirect branch has led to must begin with an instruction that allows for that.
 *
 * An indirect branch notes its target and its type in one variable.  Only code in guarded pages looks at it,
 * where it begins with something else than what every branch may lead to. */

#include "arm-helpers.h"
#include "arm-system.h"
#include "arm-trans.h"

static bool (*page_guarded) (uint64_t addr);

void
arm_cpu_guard_pages (bool (*guarded) (uint64_t addr))
{
  page_guarded = guarded;
}

bool
a64_guarded (const A64Trans *t)
{
  if (!arm_has (t->arm, ARM_EXT_BTI))
    return false;
  return t->arm->system ? (t->b->region->ram & IR_RAM_GUARDED) != 0
                        : page_guarded != NULL && page_guarded (t->pc);
}

void
a64_note_branch (A64Trans *t, IrVal target, unsigned btype)
{
  if (!arm_has (t->arm, ARM_EXT_BTI) || (!t->arm->system && page_guarded == NULL))
    return;
  ir_set (t->b, ARM_VAR_BRANCHED, ir_op2 (t->b, IR_OR, IR_I64, target, ir_const (t->b, btype)));
}

/* Which types the instruction refuses, a bit each. */
static unsigned
refused_types (uint32_t word)
{
  enum { VENEER = 1 << A64_BTYPE_VENEER, CALL = 1 << A64_BTYPE_CALL, JUMP = 1 << A64_BTYPE_JUMP };

  switch (word) {
    case 0xd503245f: return JUMP; /* BTI c */
    case 0xd503249f: return CALL; /* BTI j */
    case 0xd50324df: return 0;    /* BTI jc */
    case 0xd503233f:              /* PACIASP */
    case 0xd503237f: return JUMP; /* PACIBSP: where SCTLR_ELx has it so, which is seen to at the trap */
    default: break;
  }
  bool brk = (word & 0xffe0001f) == 0xd4200000, hlt = (word & 0xffe0001f) == 0xd4400000;
  return brk || hlt ? 0 : VENEER | CALL | JUMP;
}

static bool
is_signing (uint32_t word)
{
  return word == 0xd503233f || word == 0xd503237f;
}

/* `at`: the pc, with bit 0 set at PACIxSP. As Linux has it, programs' jumps are refused there. */
uint64_t
arm_refuse_branch (IrState *s, uint64_t at, uint64_t b, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  unsigned btype = s->var[ARM_VAR_BRANCHED] & 3;

  if (at & 1 && arm->system && !arm->pac_refuses)
    return 0;
  s->pc = at & ~UINT64_C (1);
  s->var[ARM_VAR_SYNDROME] = arm_syndrome (ARM_EC_BTI, btype);
  ir_leave (s, IR_EXIT_ILLEGAL);
}

void
a64_check_landing (A64Trans *t, uint32_t word)
{
  unsigned refused = a64_guarded (t) ? refused_types (word) : 0;
  IrVal test;

  if (refused == 0)
    return;
  if ((refused & (refused - 1)) == 0) {
    IrVal at = ir_const_pc (t->b, t->pc | (unsigned)__builtin_ctz (refused));
    test = ir_setcc (t->b, IR_EQ, IR_I64, ARM_VAR_BRANCHED, at);
  } else {
    IrVal type = ir_op2 (t->b, IR_SUB, IR_I64, ARM_VAR_BRANCHED, ir_const_pc (t->b, t->pc + 1));
    test = ir_setcc (t->b, IR_LTU, IR_I64, type, ir_const (t->b, 3));
  }
  ir_trap (t->b, ARM_HELPER_REFUSE_BRANCH, test, ir_const_pc (t->b, t->pc | is_signing (word)));
}

unsigned
arm_cpu_btype (const ArmCpu *arm)
{
  uint64_t branched = arm->cpu.state.var[ARM_VAR_BRANCHED];
  return ((branched ^ arm->cpu.state.pc) & ~UINT64_C (3)) == 0 ? branched & 3 : 0;
}

void
arm_cpu_set_btype (ArmCpu *arm, unsigned btype)
{
  IrState *s = &arm->cpu.state;
  s->var[ARM_VAR_BRANCHED] =
      btype != 0 && arm_has (arm, ARM_EXT_BTI) ? (s->pc & ~UINT64_C (3)) | (btype & 3) : 0;
}
