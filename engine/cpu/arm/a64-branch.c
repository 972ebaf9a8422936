/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Branches and calls of the kernel or debugger (DDI 0487, C4.1.94). */

#include "arm-system.h"
#include "arm-trans.h"

static uint64_t
target_of (const A64Trans *t, const A64Args *a)
{
  return t->pc + (uint64_t)(int64_t)a->imm;
}

IsaFlow
a64_trans_b (A64Trans *t, const A64Args *a)
{
  ir_goto (t->b, target_of (t, a));
  return ISA_END;
}

IsaFlow
a64_trans_bl (A64Trans *t, const A64Args *a)
{
  ir_call (t->b, target_of (t, a), ARM_VAR_X + 30, t->next_pc);
  return ISA_END;
}

IsaFlow
a64_trans_b_cond (A64Trans *t, const A64Args *a)
{
  if (a->cond >= 14)
    return a64_trans_b (t, a);
  A64Test test = a64_test (t, a->cond);
  ir_branch (t->b, test.cond, test.type, test.x, test.y, target_of (t, a), t->next_pc);
  return ISA_END;
}

static IsaFlow
compare_and_branch (A64Trans *t, const A64Args *a, IrCond cond)
{
  ir_branch (t->b, cond, a64_type (a->sf), a64_x (t, a->rt), ir_const (t->b, 0), target_of (t, a),
             t->next_pc);
  return ISA_END;
}

IsaFlow
a64_trans_cbz (A64Trans *t, const A64Args *a)
{
  return compare_and_branch (t, a, IR_EQ);
}

IsaFlow
a64_trans_cbnz (A64Trans *t, const A64Args *a)
{
  return compare_and_branch (t, a, IR_NE);
}

static IsaFlow
test_and_branch (A64Trans *t, const A64Args *a, IrCond cond)
{
  unsigned bit = (unsigned)a->b5 << 5 | a->b40;
  IrVal x = a64_x (t, a->rt), zero = ir_const (t->b, 0);
  if (bit == 63 || bit == 31) {
    ir_branch (t->b, cond == IR_EQ ? IR_GES : IR_LTS, bit == 63 ? IR_I64 : IR_I32, x, zero, target_of (t, a),
               t->next_pc);
    return ISA_END;
  }
  IrType type = bit < 31 ? IR_I32 : IR_I64;
  x = ir_op2 (t->b, IR_AND, type, x, ir_const (t->b, (int64_t)(UINT64_C (1) << bit)));
  ir_branch (t->b, cond, type, x, zero, target_of (t, a), t->next_pc);
  return ISA_END;
}

IsaFlow
a64_trans_tbz (A64Trans *t, const A64Args *a)
{
  return test_and_branch (t, a, IR_EQ);
}

IsaFlow
a64_trans_tbnz (A64Trans *t, const A64Args *a)
{
  return test_and_branch (t, a, IR_NE);
}

/* A misaligned target faults at its fetch. */
IsaFlow
a64_branch_to (A64Trans *t, unsigned rn, IrVal target)
{
  /* SPEC: DDI 0487, BR: anywhere from X16 and X17, as linkers' veneers do; else to where jumps may lead. */
  bool veneer = rn == 16 || rn == 17 || !a64_guarded (t);
  a64_note_branch (t, target, veneer ? A64_BTYPE_VENEER : A64_BTYPE_JUMP);
  ir_indirect (t->b, target, 0);
  return ISA_END;
}

IsaFlow
a64_call_to (A64Trans *t, IrVal target)
{
  a64_note_branch (t, target, A64_BTYPE_CALL);
  ir_call_indirect (t->b, target, 0, ARM_VAR_X + 30, t->next_pc);
  return ISA_END;
}

IsaFlow
a64_trans_br (A64Trans *t, const A64Args *a)
{
  return a64_branch_to (t, (unsigned)a->rn, a64_x (t, a->rn));
}

IsaFlow
a64_trans_blr (A64Trans *t, const A64Args *a)
{
  return a64_call_to (t, a64_x (t, a->rn));
}

IsaFlow
a64_trans_ret (A64Trans *t, const A64Args *a)
{
  if (a->rn == 30)
    ir_ret (t->b, ARM_VAR_X + 30, 0);
  else
    ir_indirect (t->b, a64_x (t, a->rn), 0);
  return ISA_END;
}

/* The address of the instruction itself goes with the exit. The return from it clears the exclusive monitor.
 */
IsaFlow
a64_trans_svc (A64Trans *t, const A64Args *a)
{
  ir_set (t->b, ARM_VAR_EXCL_ADDR, ir_const (t->b, (int64_t)ARM_NOT_EXCLUSIVE));
  return a64_exception (t, IR_EXIT_SYSCALL, ARM_EC_SVC, (unsigned)a->imm & 0xffff);
}

IsaFlow
a64_trans_brk (A64Trans *t, const A64Args *a)
{
  return a64_exception (t, IR_EXIT_BREAKPOINT, ARM_EC_BRK, (unsigned)a->imm & 0xffff);
}
