/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Building a region.  The builder folds constants, tracks variables known to hold a constant inside a block,
 * and retargets results straight into variables, so that front ends may be written as plain semantics. */

#include "ir-state.h"

typedef struct {
  IrRegion *region;
  IrBlock *block;          /* the open block (moves when blocks are added: do not keep) */
  const IrHelper *helpers; /* the ISA's table; NULL: every helper is taken to be IR_H_STATE. Set after init */
  bool dead;               /* unused by the builder; true once the block has ended */
  unsigned facts; /* the front end's, of what the code so far has made sure of; forgotten with `known` */
  bool untag;     /* addresses of memory may have a tag in their top byte, which is to be ignored */
  uint64_t known_mask[IR_MAX_VARS / 64]; /* variables whose value is the constant known[] */
  int64_t known[IR_MAX_VARS];
  uint16_t const_hash[64]; /* pool index by hash of the value; a wrong guess only costs a duplicate */
} IrBuilder;

IrRegion *ir_region_new (void);
void ir_region_free (IrRegion *r);
/* Empties a region for reuse, keeping its memory. */
void ir_region_reset (IrRegion *r, uint64_t pc, uint32_t mode, bool addr32);

void ir_builder_init (IrBuilder *b, IrRegion *r);
/* Opens a block at `pc`. Keeps the known constants if `fallthrough` (its only predecessor is the block just
 * ended). */
void ir_block_begin (IrBuilder *b, uint64_t pc, bool fallthrough);
/* Marks the start of a guest instruction of `len` bytes at pc. */
void ir_insn (IrBuilder *b, uint64_t pc, unsigned len);
/* The instruction begun last reads the flags, though no op of it does. */
void ir_insn_reads_flags (IrBuilder *b);

/* Ends of the open block. */
void ir_goto (IrBuilder *b, uint64_t pc);
void ir_branch (IrBuilder *b, IrCond cond, IrType type, IrVal x, IrVal y, uint64_t taken, uint64_t not_taken);
void ir_call (IrBuilder *b, uint64_t target, IrVal link, uint64_t ret_pc);
void ir_call_indirect (IrBuilder *b, IrVal target, unsigned align, IrVal link, uint64_t ret_pc);
void ir_ret (IrBuilder *b, IrVal target, unsigned align);
void ir_indirect (IrBuilder *b, IrVal target, unsigned align);
void ir_exit (IrBuilder *b, IrExit reason, uint64_t pc);

/* Values. */
IrVal ir_const (IrBuilder *b, int64_t value);
/* The same of an address that is the pc more or less something. */
IrVal ir_const_pc (IrBuilder *b, uint64_t address);
/* A vector. */
IrVal ir_const_wide (IrBuilder *b, uint64_t low, uint64_t high);
/* The variable as an operand: itself, or the constant it is known to hold where that is the cheaper operand
 * (it fits 32 bits). Emitting does the same with variables passed as they are, so front ends seldom need
 * this; a value's constancy is asked with ir_is_const(). */
IrVal ir_get (IrBuilder *b, IrVal var);
/* var = value (of a narrow variable: zero-extended).  A temporary that the latest op defined is retargeted:
 * after ir_set (b, v, t), use v, not t. For FP variables of F16/F32 type the value is a typed FP result and
 * the container is written boxed. */
void ir_set (IrBuilder *b, IrVal var, IrVal value);
/* The same for a V128 variable and a vector. */
void ir_set_wide (IrBuilder *b, IrVal var, IrVal value);
/* True if v is a constant or a variable known to hold one. */
bool ir_is_const (IrBuilder *b, IrVal v, int64_t *ret_value);

/* Generic emit: returns the new temporary (IR_NONE for ops without dst). Folds constants for PURE integer
 * ops; an op that changes nothing becomes a MOV, so that the result never aliases a variable or another
 * temporary. */
IrVal ir_emit (IrBuilder *b, IrDesc d, IrVal x, IrVal y, IrVal z);
#define IR_DESC(...) ((IrDesc){ { __VA_ARGS__ } })

static inline IrVal
ir_op2 (IrBuilder *b, IrOpcode op, IrType type, IrVal x, IrVal y)
{
  return ir_emit (b, IR_DESC (.op = op, .type = type), x, y, IR_NONE);
}
static inline IrVal
ir_op1 (IrBuilder *b, IrOpcode op, IrType type, IrVal x)
{
  return ir_emit (b, IR_DESC (.op = op, .type = type), x, IR_NONE, IR_NONE);
}
/* The I32 value x (a result of the latest op, or any operand) as a sign-extended 64-bit value. Where the
 * latest op defined x this only sets IR_F_SX on it. */
IrVal ir_sx32 (IrBuilder *b, IrVal x);
IrVal ir_ext (IrBuilder *b, IrType type, IrVal x, unsigned bits, bool is_signed);
IrVal ir_setcc (IrBuilder *b, IrCond cond, IrType type, IrVal x, IrVal y);
IrVal ir_select (IrBuilder *b, IrType type, IrVal test, IrVal if_nonzero, IrVal if_zero);
IrVal ir_shladd (IrBuilder *b, IrType type, IrVal x, unsigned shift, IrVal y);
IrVal ir_load (IrBuilder *b, IrType type, unsigned mem, IrVal addr, int32_t disp);
void ir_store (IrBuilder *b, IrType type, unsigned mem, IrVal addr, int32_t disp, IrVal value);
IrVal ir_rmw (IrBuilder *b, IrType type, unsigned mem, IrRmw op, IrVal addr, IrVal value, unsigned flags);
IrVal ir_cas (IrBuilder *b, IrType type, unsigned mem, IrVal addr, IrVal expected, IrVal desired,
              unsigned flags);
void ir_fence (IrBuilder *b, unsigned mask);
/* Calls helper `index`; with no result wanted pass want_dst false. A helper flagged IR_H_STATE forgets known
 * values. */
IrVal ir_helper (IrBuilder *b, unsigned index, bool want_dst, IrVal x, IrVal y, IrVal z);
/* Calls helper `index` with `arg` if test is not 0, seldom. The helper leaves, or changes nothing. */
void ir_trap (IrBuilder *b, unsigned index, IrVal test, IrVal arg);
/* Forgets what is known of variables (after something the builder cannot see wrote them). */
void ir_forget (IrBuilder *b);
