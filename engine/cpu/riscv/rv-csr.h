/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the two files of CSR instructions share. */

#include "riscv-csr.h"
#include "riscv-trans.h"

/* What a CSR instruction asks for. */
typedef struct {
  RvCsrOp op;
  unsigned csr, rd;
  IrVal source;
  bool writes;
} CsrAccess;

/* What the access makes of the old value. */
static inline IrVal
csr_new_value (RvTrans *t, const CsrAccess *access, IrType type, IrVal old)
{
  if (access->op == RV_CSR_WRITE)
    return access->source;
  return ir_op2 (t->b, access->op == RV_CSR_SET ? IR_OR : IR_ANDN, type, old, access->source);
}

/* fflags, frm, fcsr, where they may be accessed. */
IsaFlow rv_access_fp_csr (RvTrans *t, const CsrAccess *access);
/* Any CSR of a machine's hart. */
IsaFlow rv_access_system_csr (RvTrans *t, const CsrAccess *access);
