/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Zicsr, the floating-point CSRs and, as programs of user mode see them, the counters of Zicntr. */

#include "rv-csr.h"
#include <time.h>

#define RV(s) ((RiscvCpu *)(s))

uint64_t
rv_read_frm (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  return RV (s)->frm;
}

uint64_t
rv_read_fcsr (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  return riscv_cpu_fcsr (RV (s));
}

/* Writes frm or fcsr, giving what it was. */
static unsigned
swap_fcsr (IrState *s, unsigned csr, uint64_t value)
{
  unsigned old = csr == CSR_fcsr ? riscv_cpu_fcsr (RV (s)) : RV (s)->frm;

  if (csr == CSR_fcsr)
    riscv_cpu_set_fcsr (RV (s), value & 0xff);
  else
    riscv_cpu_set_frm (RV (s), value & 7);
  return old;
}

uint64_t
rv_swap_fcsr (IrState *s, uint64_t value, uint64_t csr, uint64_t c)
{
  return swap_fcsr (s, (unsigned)csr, value);
}

/* A write to frm or fcsr that may change the mode: `where` is the CSR's number and the register that receives
 * the old value, shifted by 12.  Where the mode changes, the code being run is no longer right, and is left.
 */
uint64_t
rv_update_fcsr (IrState *s, uint64_t value, uint64_t next_pc, uint64_t where)
{
  uint32_t mode = s->mode;
  unsigned rd = (unsigned)where >> 12, old = swap_fcsr (s, where & 0xfff, value);

  if (rd != 0)
    s->var[RV_VAR_X + rd] = old;
  if (s->mode != mode) {
    s->pc = next_pc;
    ir_leave (s, IR_EXIT_MODE);
  }
  return 0;
}

/* The host's monotonic clock in units of 1/frequency seconds; RV32 reads it in two halves. */
static uint64_t
read_clock (IrState *s, uint64_t frequency, uint64_t shift)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  uint64_t value = (uint64_t)now.tv_sec * frequency + (uint64_t)now.tv_nsec / (1000000000 / frequency);
  return RV (s)->rv32 ? (uint32_t)(value >> shift) : value;
}

uint64_t
rv_read_time (IrState *s, uint64_t shift, uint64_t b, uint64_t c)
{
  return read_clock (s, RV_TIME_FREQUENCY, shift);
}

/* Cycles and retired instructions of a hart that executes one instruction per nanosecond. */
uint64_t
rv_read_cycle (IrState *s, uint64_t shift, uint64_t b, uint64_t c)
{
  return read_clock (s, 1000000000, shift);
}

static IrVal
read_helper (RvTrans *t, RvHelper helper)
{
  return ir_helper (t->b, helper, true, IR_NONE, IR_NONE, IR_NONE);
}

static IsaFlow
access_fflags (RvTrans *t, const CsrAccess *access)
{
  IrVal old = IR_NONE;

  if (access->op != RV_CSR_WRITE || access->rd != 0)
    old = ir_emit (t->b, IR_DESC (.op = IR_FPFLAGS, .type = IR_I64, .sub = IR_FPFLAGS_INVALID_HIGH), IR_NONE,
                   IR_NONE, IR_NONE);
  if (access->writes)
    ir_emit (t->b, IR_DESC (.op = IR_SETFPFLAGS, .type = IR_I64, .sub = IR_FPFLAGS_INVALID_HIGH),
             csr_new_value (t, access, IR_I64, old), IR_NONE, IR_NONE);
  rv_set_x (t, access->rd, old);
  return ISA_NEXT;
}

/* The mode that a value of frm gives. */
static uint32_t
mode_of_frm (unsigned frm)
{
  return frm < IR_RMM ? 0 : frm == IR_RMM ? IR_MODE_FP_EXACT : RV_MODE_FRM_INVALID;
}

static IsaFlow
access_frm (RvTrans *t, const CsrAccess *access)
{
  IrVal old = IR_NONE, csr = ir_const (t->b, access->csr);
  int64_t known;

  if (access->op != RV_CSR_WRITE || !access->writes)
    old = read_helper (t, access->csr == CSR_fcsr ? RV_HELPER_READ_FCSR : RV_HELPER_READ_FRM);
  if (!access->writes) {
    rv_set_x (t, access->rd, old);
    return ISA_NEXT;
  }
  IrVal value = csr_new_value (t, access, IR_I64, old);
  if (ir_is_const (t->b, value, &known)) {
    unsigned frm = (unsigned)(access->csr == CSR_fcsr ? known >> 5 : known) & 7;
    if (mode_of_frm (frm) == (t->mode & (RV_MODE_FRM_INVALID | IR_MODE_FP_EXACT))) {
      old = ir_helper (t->b, RV_HELPER_SWAP_FCSR, access->rd != 0, value, csr, IR_NONE);
      rv_set_x (t, access->rd, old);
      return ISA_NEXT;
    }
  }
  ir_helper (t->b, RV_HELPER_UPDATE_FCSR, false, value, ir_const_pc (t->b, t->next_pc),
             ir_const (t->b, access->csr | access->rd << 12));
  return ISA_NEXT;
}

IsaFlow
rv_access_fp_csr (RvTrans *t, const CsrAccess *access)
{
  return access->csr == CSR_fflags ? access_fflags (t, access) : access_frm (t, access);
}

static IsaFlow
access_counter (RvTrans *t, const CsrAccess *access, RvHelper helper, unsigned shift)
{
  if (access->rd != 0)
    rv_set_x (t, access->rd, ir_helper (t->b, helper, true, ir_const (t->b, shift), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
access_csr (RvTrans *t, const CsrAccess *access)
{
  bool f = t->rv->exts >> RV_EXT_F & 1, counters = t->rv->exts >> RV_EXT_ZICNTR & 1;
  bool high = RV_IS_RV32 (t);

  if (t->rv->system)
    return rv_access_system_csr (t, access);
  /* SPEC: RISC-V privileged §2.1: the top two bits of a read-only CSR's number are ones. */
  if (access->writes && access->csr >> 10 == 3)
    return rv_illegal (t);
  switch (access->csr) {
    case CSR_fflags:
    case CSR_frm:
    case CSR_fcsr: return f ? rv_access_fp_csr (t, access) : rv_illegal (t);
    case CSR_time: return counters ? access_counter (t, access, RV_HELPER_READ_TIME, 0) : rv_illegal (t);
    case CSR_cycle:
    case CSR_instret: return counters ? access_counter (t, access, RV_HELPER_READ_CYCLE, 0) : rv_illegal (t);
    case CSR_timeh:
      return counters && high ? access_counter (t, access, RV_HELPER_READ_TIME, 32) : rv_illegal (t);
    case CSR_cycleh:
    case CSR_instreth:
      return counters && high ? access_counter (t, access, RV_HELPER_READ_CYCLE, 32) : rv_illegal (t);
    default: return rv_illegal (t);
  }
}

/* csrrs and csrrc with x0, or with the immediate 0, do not write. */
#define CSR(insn, operation)                                                                                 \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    return access_csr (t, &(CsrAccess){ .op = operation,                                                     \
                                        .csr = a->csr,                                                       \
                                        .rd = a->rd,                                                         \
                                        .source = rv_x (t, a->rs1),                                          \
                                        .writes = operation == RV_CSR_WRITE || a->rs1 != 0 });               \
  }                                                                                                          \
  IsaFlow rv_trans_##insn##i (RvTrans *t, const RvArgs *a)                                                   \
  {                                                                                                          \
    return access_csr (t, &(CsrAccess){ .op = operation,                                                     \
                                        .csr = a->csr,                                                       \
                                        .rd = a->rd,                                                         \
                                        .source = ir_const (t->b, a->imm),                                   \
                                        .writes = operation == RV_CSR_WRITE || a->imm != 0 });               \
  }
CSR (csrrw, RV_CSR_WRITE)
CSR (csrrs, RV_CSR_SET)
CSR (csrrc, RV_CSR_CLEAR)
