/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Zicbom and Zicboz.  Linux lets user space clean, flush and zero blocks, but not invalidate them.  On a
 * machine's hart menvcfg and senvcfg say what is let through. */

#include "riscv-trans.h"

static bool
permitted (const RvTrans *t, uint32_t mode_bit)
{
  return !t->rv->system || t->mode & mode_bit;
}

/* The host keeps its caches coherent; what remains is that the block must be accessible. */
static IsaFlow
touch_block (RvTrans *t, const RvArgs *a)
{
  if (!permitted (t, RV_MODE_CBO_CLEAN))
    return rv_illegal (t);
  ir_load (t->b, t->xt, IR_MEM (0, false), rv_x (t, a->rs1), 0);
  return ISA_NEXT;
}

IsaFlow
rv_trans_cbo_clean (RvTrans *t, const RvArgs *a)
{
  return touch_block (t, a);
}

IsaFlow
rv_trans_cbo_flush (RvTrans *t, const RvArgs *a)
{
  return touch_block (t, a);
}

IsaFlow
rv_trans_cbo_inval (RvTrans *t, const RvArgs *a)
{
  if (!(t->mode & RV_MODE_CBO_INVAL))
    return rv_illegal (t);
  ir_load (t->b, t->xt, IR_MEM (0, false), rv_x (t, a->rs1), 0);
  return ISA_NEXT;
}

IsaFlow
rv_trans_cbo_zero (RvTrans *t, const RvArgs *a)
{
  if (!permitted (t, RV_MODE_CBO_ZERO))
    return rv_illegal (t);
  ir_emit (t->b, IR_DESC (.op = IR_ZEROLINE, .imm = RV_CBO_SIZE), rv_x (t, a->rs1), IR_NONE, IR_NONE);
  return ISA_NEXT;
}
