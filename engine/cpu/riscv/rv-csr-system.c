/* SPDX-License-Identifier: GPL-3.0-or-later */

/* CSR instructions of a machine's hart.  What depends on the privilege and on settings that seldom change is
 * decided here, for IrState.mode says them; CSRs that are variables are moves. */

#include "rv-csr.h"

/* Bits of mstatus that change neither translation of code nor of addresses. */
#define STATUS_LIGHT (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_MIE | MSTATUS_MPIE)

/* What the current privilege is kept from by mcounteren, mstatus.TVM and their like. */
static bool
allowed_now (const RvTrans *t, const RiscvCsr *csr)
{
  switch (csr->number) {
    case CSR_cycle:
    case CSR_cycleh: return t->mode & RV_MODE_CYCLE;
    case CSR_time:
    case CSR_timeh: return t->mode & RV_MODE_TIME;
    case CSR_instret:
    case CSR_instreth: return t->mode & RV_MODE_INSTRET;
    case CSR_hpmcounter:
    case CSR_hpmcounterh: return RV_MODE_PRIV (t->mode) == RV_PRIV_M;
    case CSR_stimecmp:
    case CSR_stimecmph: return t->mode & RV_MODE_STIMECMP;
    case CSR_satp: return t->mode & RV_MODE_SATP;
    default: return true;
  }
}

static IsaFlow
access_by_helper (RvTrans *t, const CsrAccess *access, bool ends)
{
  unsigned what = RV_CSR_ACCESS (access->csr, access->rd, access->op, access->writes);

  if (ends)
    what |= RV_CSR_ACCESS_ENDS;
  ir_helper (t->b, RV_HELPER_CSR_ACCESS, false, access->source, ir_const_pc (t->b, t->next_pc),
             ir_const (t->b, what));
  if (!ends)
    return ISA_NEXT;
  ir_exit (t->b, IR_EXIT_MODE, t->next_pc);
  return ISA_END;
}

static IsaFlow
access_variable (RvTrans *t, const CsrAccess *access, const RiscvCsr *csr)
{
  uint64_t mask = riscv_csr_writable (t->rv, csr), all = RV_IS_RV32 (t) ? UINT32_MAX : UINT64_MAX;
  IrVal old = csr->var;

  if (!access->writes) {
    rv_set_x (t, access->rd, old);
    return ISA_NEXT;
  }
  if (access->rd != 0)
    old = ir_op1 (t->b, IR_MOV, t->xt, csr->var);
  IrVal value = csr_new_value (t, access, t->xt, csr->var);
  if (mask != all)
    value = ir_op2 (t->b, IR_AND, t->xt, value, rv_const (t, (int64_t)mask));
  ir_set (t->b, csr->var, value);
  rv_set_x (t, access->rd, old);
  return ISA_NEXT;
}

/* sstatus and mstatus.  Setting and clearing of known bits is what kernels do all the time, above all of SIE.
 */
static IsaFlow
access_status (RvTrans *t, const CsrAccess *access)
{
  bool m = access->csr == CSR_mstatus, known;
  uint64_t writable = m ? MSTATUS_WRITABLE : SSTATUS_WRITABLE;
  int64_t value;

  known = ir_is_const (t->b, access->source, &value) && access->op != RV_CSR_WRITE;
  uint64_t bits = known ? (uint64_t)value & writable : writable;
  /* SUM alone is what opens and closes the user's memory, and changes each time; what else there is, the
   * helper finds out, and mostly it is as it was. */
  if (access->writes && bits & ~STATUS_LIGHT)
    return access_by_helper (t, access, known && (bits & ~STATUS_LIGHT) == MSTATUS_SUM);
  IrVal old = IR_NONE;
  if (access->rd != 0 && m)
    old = ir_op1 (t->b, IR_MOV, t->xt, RV_VAR_MSTATUS);
  else if (access->rd != 0)
    old = ir_op2 (t->b, IR_AND, t->xt, RV_VAR_MSTATUS, rv_const (t, (int64_t)sstatus_mask (t->rv)));
  if (access->writes && bits != 0) {
    CsrAccess masked = *access;
    masked.source = rv_const (t, (int64_t)bits);
    ir_set (t->b, RV_VAR_MSTATUS, csr_new_value (t, &masked, t->xt, RV_VAR_MSTATUS));
  }
  rv_set_x (t, access->rd, old);
  if (access->writes && access->op == RV_CSR_SET && bits & (MSTATUS_SIE | MSTATUS_MIE))
    ir_helper (t->b, RV_HELPER_IRQ_ENABLED, false, ir_const_pc (t->b, t->next_pc), IR_NONE, IR_NONE);
  return ISA_NEXT;
}

static IsaFlow
read_only (RvTrans *t, const CsrAccess *access, RvHelper helper, unsigned x, unsigned y)
{
  if (access->rd != 0)
    rv_set_x (t, access->rd, ir_helper (t->b, helper, true, ir_const (t->b, x), ir_const (t->b, y), IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
access_fp (RvTrans *t, const CsrAccess *access)
{
  IsaFlow flow;

  return rv_fp_enabled (t, access->writes, &flow) ? rv_access_fp_csr (t, access) : flow;
}

IsaFlow
rv_access_system_csr (RvTrans *t, const CsrAccess *access)
{
  const RiscvCsr *csr = riscv_csr_find (t->rv, access->csr);
  unsigned privilege = access->csr >> 8 & 3;
  bool refused = access->writes && access->csr >> 10 == 3;

  /* SPEC: RISC-V privileged §2.1: bits 9 and 8 of the number are the least privilege. */
  if (csr == NULL || refused || privilege > RV_MODE_PRIV (t->mode) || !allowed_now (t, csr))
    return rv_illegal (t);
  switch (access->csr) {
    case CSR_fflags:
    case CSR_frm:
    case CSR_fcsr: return access_fp (t, access);
    case CSR_sstatus:
    case CSR_mstatus: return access_status (t, access);
    case CSR_time: return read_only (t, access, RV_HELPER_SYSTEM_TIME, 0, 0);
    case CSR_timeh: return read_only (t, access, RV_HELPER_SYSTEM_TIME, 32, 0);
    case CSR_cycle: return read_only (t, access, RV_HELPER_SYSTEM_COUNTER, 0, CSR_mcycle);
    case CSR_cycleh: return read_only (t, access, RV_HELPER_SYSTEM_COUNTER, 32, CSR_mcycle);
    case CSR_instret: return read_only (t, access, RV_HELPER_SYSTEM_COUNTER, 0, CSR_minstret);
    case CSR_instreth: return read_only (t, access, RV_HELPER_SYSTEM_COUNTER, 32, CSR_minstret);
    default: break;
  }
  if (csr->var != 0)
    return access_variable (t, access, csr);
  if (!access->writes && !(csr->flags & RV_CSR_DYNAMIC))
    return read_only (t, access, RV_HELPER_CSR_READ, access->csr, 0);
  return access_by_helper (t, access, access->writes && csr->flags & RV_CSR_ENDS);
}
