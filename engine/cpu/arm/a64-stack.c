/* SPDX-License-Identifier: GPL-3.0-or-later */

/* SP alignment checking (DDI 0487, D1.3.10.2 and CheckSPAlignment()): where SCTLR_ELx.SA or SA0 asks for it,
 * SP as the base of a load or store has to be a multiple of 16.
 *
 * Systems ask for it always, so it has to be next to free: code looks once and goes by that until SP is given
 * something else than a multiple of 16 more or less. */

#include "arm-helpers.h"
#include "arm-system.h"
#include "arm-trans.h"
#include <signal.h>

/* IrBuilder.facts: SP is a multiple of 16. */
enum { STACK_ALIGNED = 1 };
#define STACK_UNIT 16

/* SP was misaligned at the access of the instruction at `pc`. A program's fault is as Linux reports it. */
uint64_t
arm_refuse_stack (IrState *s, uint64_t pc, uint64_t b, uint64_t c)
{
  s->pc = pc;
  if (!((const ArmCpu *)s)->system) {
    s->fault = (IrFault){ .addr = s->var[ARM_VAR_SP], .si_code = BUS_ADRALN, .signo = SIGBUS };
    ir_leave (s, IR_EXIT_FAULT);
  }
  s->var[ARM_VAR_SYNDROME] = arm_syndrome (ARM_EC_SP_ALIGNMENT, 0);
  ir_leave (s, IR_EXIT_ILLEGAL);
}

IrVal
a64_base (A64Trans *t, unsigned n)
{
  if (n == 31 && t->mode & ARM_MODE_STACK && !(t->b->facts & STACK_ALIGNED)) {
    IrVal test = ir_op2 (t->b, IR_AND, IR_I64, ARM_VAR_SP, ir_const (t->b, STACK_UNIT - 1));
    ir_trap (t->b, ARM_HELPER_REFUSE_STACK, test, ir_const_pc (t->b, t->pc));
    t->b->facts |= STACK_ALIGNED;
  }
  return a64_xsp (n);
}

/* Whether SP is a multiple of 16 after the op, which writes it, if it was one before. */
static bool
keeps_aligned (A64Trans *t, const IrOp *op)
{
  int64_t value;
  if (op->type != IR_I64 || !ir_is_const (t->b, op->b, &value) || value % STACK_UNIT != 0)
    return false;
  return op->op == IR_AND || ((op->op == IR_ADD || op->op == IR_SUB) && op->a == ARM_VAR_SP);
}

void
a64_note_stack (A64Trans *t, uint32_t first_op)
{
  const IrRegion *r = t->b->region;
  for (uint32_t i = first_op; i < r->n_ops && t->b->facts & STACK_ALIGNED; i++)
    if (r->ops[i].dst == ARM_VAR_SP && !keeps_aligned (t, &r->ops[i]))
      t->b->facts &= ~(unsigned)STACK_ALIGNED;
}
