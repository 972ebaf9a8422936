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
  bool brief;    /* IsaInsn.brief */
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

/* Leaves for an exception of the instruction: in a machine, of class `ec` with that ISS. */
static inline IsaFlow
a64_exception (A64Trans *t, IrExit reason, unsigned ec, uint32_t iss)
{
  if (t->arm->system)
    ir_set (t->b, ARM_VAR_SYNDROME, ir_const (t->b, (int64_t)((uint64_t)ec << 26 | 1u << 25 | iss)));
  ir_exit (t->b, reason, t->pc);
  return ISA_END;
}

static inline IsaFlow
a64_undefined (A64Trans *t)
{
  return a64_exception (t, IR_EXIT_ILLEGAL, 0, 0);
}

/* What comes before an instruction in a machine. False: it is not executed, and the block has ended. */
bool a64_begins (A64Trans *t, uint32_t word);
/* In a mode with ARM_MODE_NO_FP. */
IsaFlow a64_fp_trap (A64Trans *t);

/* What machines do otherwise (a64-sysreg.c): MRS, MSR with op0 2 or 3, SYS, ERET, WFE and WFI. */
IsaFlow a64_system_mrs (A64Trans *t, const A64Args *a, unsigned op0);
IsaFlow a64_system_msr (A64Trans *t, const A64Args *a, unsigned op0);
IsaFlow a64_system_sys (A64Trans *t, const A64Args *a);
IsaFlow a64_system_eret (A64Trans *t, IrVal elr);
IsaFlow a64_system_wait (A64Trans *t, bool event);
/* Indirect branches (a64-branch.c); rn is the register that the instruction names. */
IsaFlow a64_branch_to (A64Trans *t, unsigned rn, IrVal target);
IsaFlow a64_call_to (A64Trans *t, IrVal target);

/* Branch target identification (a64-bti.c).  BTYPE of PSTATE, the manual's numbers. */
enum { A64_BTYPE_VENEER = 1, A64_BTYPE_CALL = 2, A64_BTYPE_JUMP = 3 };
/* Whether the instruction is in a guarded page. */
bool a64_guarded (const A64Trans *t);
void a64_note_branch (A64Trans *t, IrVal target, unsigned btype);
/* At the first instruction of a region: whatever was branched to is one. */
void a64_check_landing (A64Trans *t, uint32_t word);
/* SP alignment checking (a64-stack.c). Register n as the base of an access, 31 being SP, before anything else
 * of the instruction is done. */
IrVal a64_base (A64Trans *t, unsigned n);
/* After an instruction: what its ops, from that one on, have made of SP. */
void a64_note_stack (A64Trans *t, uint32_t first_op);
/* The code at addr has changed: known at the next DSB (a64-system.c). */
void a64_invalidate_code (A64Trans *t, IrVal addr);

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
