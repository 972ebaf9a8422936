/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The privileged instructions.  In user mode all are illegal: its IrState.mode permits nothing. */

#include "riscv-trans.h"

bool
rv_fp_enabled (RvTrans *t, bool writes, IsaFlow *ret_flow)
{
  if (t->mode & RV_MODE_FS_DIRTY)
    return true;
  ir_helper (t->b, RV_HELPER_USE_FP, false, ir_const_pc (t->b, t->pc), ir_const (t->b, writes), IR_NONE);
  if (!writes)
    return true;
  ir_exit (t->b, IR_EXIT_MODE, t->pc); /* the helper has left */
  *ret_flow = ISA_END;
  return false;
}

static IsaFlow
trap_return (RvTrans *t, RiscvPriv from)
{
  ir_helper (t->b, RV_HELPER_XRET, false, ir_const (t->b, from), IR_NONE, IR_NONE);
  ir_exit (t->b, IR_EXIT_MODE, t->next_pc); /* the helper has left */
  return ISA_END;
}

IsaFlow
rv_trans_mret (RvTrans *t, const RvArgs *a)
{
  return RV_MODE_PRIV (t->mode) == RV_PRIV_M ? trap_return (t, RV_PRIV_M) : rv_illegal (t);
}

IsaFlow
rv_trans_sret (RvTrans *t, const RvArgs *a)
{
  return t->mode & RV_MODE_SRET ? trap_return (t, RV_PRIV_S) : rv_illegal (t);
}

IsaFlow
rv_trans_wfi (RvTrans *t, const RvArgs *a)
{
  if (!(t->mode & RV_MODE_WFI))
    return rv_illegal (t);
  ir_exit (t->b, IR_EXIT_WAIT, t->next_pc);
  return ISA_END;
}

static IsaFlow
fence_vma (RvTrans *t, const RvArgs *a)
{
  /* SPEC: RISC-V privileged §10.2.1: x0 stands for all addresses, or all address spaces, not for zero. */
  unsigned which = (a->rs1 != 0 ? 1 : 0) | (a->rs2 != 0 ? 2 : 0);

  if (!(t->mode & RV_MODE_SATP))
    return rv_illegal (t);
  ir_helper (t->b, RV_HELPER_FENCE_VMA, false, rv_x (t, a->rs1), rv_x (t, a->rs2), ir_const (t->b, which));
  ir_exit (t->b, IR_EXIT_MODE, t->next_pc);
  return ISA_END;
}

IsaFlow
rv_trans_sfence_vma (RvTrans *t, const RvArgs *a)
{
  return fence_vma (t, a);
}

/* Svinval splits the fence in parts; the middle one does it all here, whatever order the others have. */
IsaFlow
rv_trans_sinval_vma (RvTrans *t, const RvArgs *a)
{
  return t->rv->exts >> RV_EXT_SVINVAL & 1 ? fence_vma (t, a) : rv_illegal (t);
}

/* SPEC: RISC-V privileged §12: these two may be executed in S mode whatever mstatus.TVM is. */
static IsaFlow
invalidation_fence (RvTrans *t)
{
  bool there = t->rv->exts >> RV_EXT_SVINVAL & 1;
  return there && RV_MODE_PRIV (t->mode) >= RV_PRIV_S ? ISA_NEXT : rv_illegal (t);
}

IsaFlow
rv_trans_sfence_w_inval (RvTrans *t, const RvArgs *a)
{
  return invalidation_fence (t);
}

IsaFlow
rv_trans_sfence_inval_ir (RvTrans *t, const RvArgs *a)
{
  return invalidation_fence (t);
}
