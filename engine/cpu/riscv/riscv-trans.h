/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of semantics share: the instruction being translated, and access to its operands. */

#include "riscv-cpu.h"
#include "rv-decode.h"

struct RvTrans {
  IrBuilder *b;
  const RiscvCpu *rv;
  uint64_t pc, next_pc;
  uint32_t mode; /* IrState.mode the code is for */
  IrType xt;     /* of the x registers: IR_I32 or IR_I64 */
};

/* Indices of rv_helpers[]. */
typedef enum {
  RV_HELPER_READ_FRM,
  RV_HELPER_READ_FCSR,
  RV_HELPER_SWAP_FCSR,
  RV_HELPER_UPDATE_FCSR,
  RV_HELPER_READ_TIME,
  RV_HELPER_READ_CYCLE,
  RV_HELPER_CAS_Q,
  RV_HELPER_ZIP,
  RV_HELPER_UNZIP,
  RV_N_HELPERS,
  /* Of rv_system_helpers[] only, which starts with those above. */
  RV_HELPER_SYSTEM_TIME = RV_N_HELPERS,
  RV_HELPER_SYSTEM_COUNTER,
  RV_HELPER_USE_FP,
  RV_HELPER_CSR_READ,
  RV_HELPER_CSR_ACCESS,
  RV_HELPER_IRQ_ENABLED,
  RV_HELPER_XRET,
  RV_HELPER_FENCE_VMA,
  RV_N_SYSTEM_HELPERS
} RvHelper;
extern const IrHelper rv_helpers[RV_N_HELPERS];
uint64_t rv_read_frm (IrState *s, uint64_t a, uint64_t b, uint64_t c);
uint64_t rv_read_fcsr (IrState *s, uint64_t a, uint64_t b, uint64_t c);
uint64_t rv_swap_fcsr (IrState *s, uint64_t a, uint64_t b, uint64_t c);
uint64_t rv_update_fcsr (IrState *s, uint64_t a, uint64_t b, uint64_t c);
uint64_t rv_read_time (IrState *s, uint64_t a, uint64_t b, uint64_t c);
uint64_t rv_read_cycle (IrState *s, uint64_t a, uint64_t b, uint64_t c);
uint64_t rv_cas_q (IrState *s, uint64_t a, uint64_t b, uint64_t c);
uint64_t rv_zip (IrState *s, uint64_t a, uint64_t b, uint64_t c);
uint64_t rv_unzip (IrState *s, uint64_t a, uint64_t b, uint64_t c);

/* For the ISAs' tables. */
extern const IrHelper rv_system_helpers[RV_N_SYSTEM_HELPERS];

/* What a CSR instruction makes of the old value. */
typedef enum { RV_CSR_WRITE, RV_CSR_SET, RV_CSR_CLEAR } RvCsrOp;
/* The third operand of RV_HELPER_CSR_ACCESS: the CSR's number, rd, the operation, whether there is a write,
 * and whether the block ends after it (the helper leaves otherwise where it must). */
#define RV_CSR_ACCESS(csr, rd, op, writes)                                                                   \
  ((csr) | (rd) << 12 | (unsigned)(op) << 17 | (unsigned)(writes) << 19)
#define RV_CSR_ACCESS_ENDS (1u << 20)

/* Emits what a floating-point instruction must do first on a machine's hart. False: the instruction is done
 * with, as *ret_flow says. */
bool rv_fp_enabled (RvTrans *t, bool writes, IsaFlow *ret_flow);

#define RV_IS_RV32(t) ((t)->xt == IR_I32)

/* A constant of the x registers' width. */
static inline IrVal
rv_const (RvTrans *t, int64_t value)
{
  return ir_const (t->b, RV_IS_RV32 (t) ? (int64_t)(uint32_t)value : value);
}

/* The value of x register n. */
static inline IrVal
rv_x (RvTrans *t, unsigned n)
{
  return n == 0 ? ir_const (t->b, 0) : RV_VAR_X + n;
}

/* x register n = value; a write to x0 is dropped, what computed the value stays. */
static inline void
rv_set_x (RvTrans *t, unsigned n, IrVal value)
{
  if (n != 0)
    ir_set (t->b, RV_VAR_X + n, value);
}

static inline IrVal
rv_f (unsigned n)
{
  return RV_VAR_F + n;
}

/* A pc of this instruction's width. */
static inline uint64_t
rv_pc (const RvTrans *t, uint64_t pc)
{
  return RV_IS_RV32 (t) ? (uint32_t)pc : pc;
}

static inline IsaFlow
rv_illegal (RvTrans *t)
{
  ir_exit (t->b, IR_EXIT_ILLEGAL, t->pc);
  return ISA_END;
}
