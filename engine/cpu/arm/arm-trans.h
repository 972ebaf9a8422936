/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of semantics share: the instruction being translated, and access to its operands. */

#include "arm-cpu.h"
#include "a64-decode.h"

struct A64Trans {
  IrBuilder *b;
  const ArmCpu *arm;
  uint64_t pc, next_pc;
  uint32_t mode; /* IrState.mode the code is for */
};

/* For the ISA's table. */
IsaFlow a64_translate (IsaInsn *insn);

/* The type of an operation on X (sf 1) or W registers. A W result is zero-extended by itself. */
static inline IrType
a64_type (unsigned sf)
{
  return sf ? IR_I64 : IR_I32;
}

/* Register n as an operand, 31 being XZR. */
static inline IrVal
a64_x (A64Trans *t, unsigned n)
{
  return n == 31 ? ir_const (t->b, 0) : ARM_VAR_X + n;
}

/* The same, 31 being SP. */
static inline IrVal
a64_xsp (unsigned n)
{
  return ARM_VAR_X + n;
}

/* Register n = value, a result of the width that was operated on; a write to XZR is dropped. */
static inline void
a64_set_x (A64Trans *t, unsigned n, IrVal value)
{
  if (n != 31)
    ir_set (t->b, ARM_VAR_X + n, value);
}

static inline void
a64_set_xsp (A64Trans *t, unsigned n, IrVal value)
{
  ir_set (t->b, ARM_VAR_X + n, value);
}

static inline IrVal
a64_v (unsigned n)
{
  return ARM_VAR_V + 2 * n;
}

static inline IsaFlow
a64_undefined (A64Trans *t)
{
  ir_exit (t->b, IR_EXIT_ILLEGAL, t->pc);
  return ISA_END;
}

/* A hint of pointer authentication, by its number CRm:op2 (a64-pauth.c). */
IsaFlow a64_pauth_hint (A64Trans *t, unsigned number);

/* ---- Conditions (a64-flags.c). ---- */

/* A comparison that is true where the flags satisfy a condition. */
typedef struct {
  IrCond cond;
  IrType type;
  IrVal x, y;
} A64Test;

/* `cond`: the encoding's four bits; 14 and 15 are always true, and callers deal with them.  Where the flags
 * are known to come from a comparison in the same block, the test is of its operands. May emit ops; its
 * operands are good until the next variable is written. */
A64Test a64_test (A64Trans *t, unsigned cond);
/* The test as a number, 0 or 1. */
IrVal a64_test_value (A64Trans *t, unsigned cond);
/* Whether the flags nzcv (N 8, Z 4, C 2, V 1) satisfy the condition. */
bool a64_holds (unsigned cond, unsigned nzcv);
static inline void
a64_set_flags (A64Trans *t, IrVal nzcv)
{
  ir_set (t->b, ARM_VAR_NZCV, nzcv);
}
