/* SPDX-License-Identifier: GPL-3.0-or-later */

/* RV32I and RV64I: integer computation, control transfer, memory ordering, environment. */

#include "riscv-trans.h"

/* Register with register, of the x registers' width. */
#define BINARY(insn, op)                                                                                     \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    rv_set_x (t, a->rd, ir_op2 (t->b, op, t->xt, rv_x (t, a->rs1), rv_x (t, a->rs2)));                       \
    return ISA_NEXT;                                                                                         \
  }
/* Register with immediate. */
#define BINARY_IMM(insn, op)                                                                                 \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    rv_set_x (t, a->rd, ir_op2 (t->b, op, t->xt, rv_x (t, a->rs1), rv_const (t, a->imm)));                   \
    return ISA_NEXT;                                                                                         \
  }
/* The same on the low 32 bits, sign-extended. */
#define BINARY_W(insn, op)                                                                                   \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    IrVal x = ir_op2 (t->b, op, IR_I32, rv_x (t, a->rs1), rv_x (t, a->rs2));                                 \
    rv_set_x (t, a->rd, ir_sx32 (t->b, x));                                                                  \
    return ISA_NEXT;                                                                                         \
  }
#define BINARY_IMM_W(insn, op)                                                                               \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    IrVal x = ir_op2 (t->b, op, IR_I32, rv_x (t, a->rs1), ir_const (t->b, a->imm));                          \
    rv_set_x (t, a->rd, ir_sx32 (t->b, x));                                                                  \
    return ISA_NEXT;                                                                                         \
  }

BINARY (add, IR_ADD)
BINARY (sub, IR_SUB)
BINARY (sll, IR_SHL)
BINARY (srl, IR_SHR)
BINARY (sra, IR_SAR)
BINARY (xor, IR_XOR)
BINARY (or, IR_OR)
BINARY (and, IR_AND)
BINARY_IMM (addi, IR_ADD)
BINARY_IMM (xori, IR_XOR)
BINARY_IMM (ori, IR_OR)
BINARY_IMM (andi, IR_AND)
BINARY_IMM (slli, IR_SHL)
BINARY_IMM (srli, IR_SHR)
BINARY_IMM (srai, IR_SAR)
BINARY_W (addw, IR_ADD)
BINARY_W (subw, IR_SUB)
BINARY_W (sllw, IR_SHL)
BINARY_W (srlw, IR_SHR)
BINARY_W (sraw, IR_SAR)
BINARY_IMM_W (addiw, IR_ADD)
BINARY_IMM_W (slliw, IR_SHL)
BINARY_IMM_W (srliw, IR_SHR)
BINARY_IMM_W (sraiw, IR_SAR)

static IsaFlow
set_compare (RvTrans *t, unsigned rd, IrCond cond, IrVal x, IrVal y)
{
  rv_set_x (t, rd, ir_setcc (t->b, cond, t->xt, x, y));
  return ISA_NEXT;
}

IsaFlow
rv_trans_slt (RvTrans *t, const RvArgs *a)
{
  return set_compare (t, a->rd, IR_LTS, rv_x (t, a->rs1), rv_x (t, a->rs2));
}

IsaFlow
rv_trans_sltu (RvTrans *t, const RvArgs *a)
{
  /* seqz's sibling snez is sltu from x0. */
  if (a->rs1 == 0)
    return set_compare (t, a->rd, IR_NE, rv_x (t, a->rs2), rv_const (t, 0));
  return set_compare (t, a->rd, IR_LTU, rv_x (t, a->rs1), rv_x (t, a->rs2));
}

IsaFlow
rv_trans_slti (RvTrans *t, const RvArgs *a)
{
  return set_compare (t, a->rd, IR_LTS, rv_x (t, a->rs1), rv_const (t, a->imm));
}

IsaFlow
rv_trans_sltiu (RvTrans *t, const RvArgs *a)
{
  if (a->imm == 1)
    return set_compare (t, a->rd, IR_EQ, rv_x (t, a->rs1), rv_const (t, 0));
  return set_compare (t, a->rd, IR_LTU, rv_x (t, a->rs1), rv_const (t, a->imm));
}

IsaFlow
rv_trans_lui (RvTrans *t, const RvArgs *a)
{
  rv_set_x (t, a->rd, rv_const (t, a->imm));
  return ISA_NEXT;
}

IsaFlow
rv_trans_auipc (RvTrans *t, const RvArgs *a)
{
  rv_set_x (t, a->rd, ir_const_pc (t->b, t->pc + (uint64_t)(int64_t)a->imm));
  return ISA_NEXT;
}

IsaFlow
rv_trans_nop (RvTrans *t, const RvArgs *a)
{
  return ISA_NEXT;
}

/* SPEC: RISC-V unprivileged §2.5.1: x1 and x5 are link registers, for the prediction of returns. */
static bool
is_link (unsigned reg)
{
  return reg == 1 || reg == 5;
}

static IsaFlow
jump (RvTrans *t, unsigned rd, uint64_t target)
{
  if (is_link (rd)) {
    ir_call (t->b, target, RV_VAR_X + rd, t->next_pc);
    return ISA_END;
  }
  rv_set_x (t, rd, ir_const_pc (t->b, t->next_pc));
  ir_goto (t->b, target);
  return ISA_END;
}

IsaFlow
rv_trans_jal (RvTrans *t, const RvArgs *a)
{
  return jump (t, a->rd, rv_pc (t, t->pc + (uint64_t)(int64_t)a->imm));
}

IsaFlow
rv_trans_jalr (RvTrans *t, const RvArgs *a)
{
  IrVal target = rv_x (t, a->rs1);
  int64_t base;

  if (ir_is_const (t->b, target, &base))
    return jump (t, a->rd, rv_pc (t, ((uint64_t)base + (uint64_t)(int64_t)a->imm) & ~1ull));
  /* The target is read before rd is written: a value that rd's write would change is taken out first. */
  if (a->imm != 0 || (a->rd == a->rs1 && a->rd != 0))
    target = ir_op2 (t->b, IR_ADD, t->xt, target, rv_const (t, a->imm));
  if (is_link (a->rd)) {
    ir_call_indirect (t->b, target, 1, RV_VAR_X + a->rd, t->next_pc);
  } else if (a->rd == 0 && is_link (a->rs1)) {
    ir_ret (t->b, target, 1);
  } else {
    rv_set_x (t, a->rd, ir_const_pc (t->b, t->next_pc));
    ir_indirect (t->b, target, 1);
  }
  return ISA_END;
}

static IsaFlow
branch (RvTrans *t, const RvArgs *a, IrCond cond)
{
  ir_branch (t->b, cond, t->xt, rv_x (t, a->rs1), rv_x (t, a->rs2),
             rv_pc (t, t->pc + (uint64_t)(int64_t)a->imm), t->next_pc);
  return ISA_END;
}

#define BRANCH(insn, cond)                                                                                   \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    return branch (t, a, cond);                                                                              \
  }
BRANCH (beq, IR_EQ)
BRANCH (bne, IR_NE)
BRANCH (blt, IR_LTS)
BRANCH (bge, IR_GES)
BRANCH (bltu, IR_LTU)
BRANCH (bgeu, IR_GEU)

/* A load happens, and may fault, even where its value goes to x0. */
#define LOAD(insn, type, log2size, is_signed)                                                                \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    rv_set_x (t, a->rd, ir_load (t->b, type, IR_MEM (log2size, is_signed), rv_x (t, a->rs1), a->imm));       \
    return ISA_NEXT;                                                                                         \
  }
#define STORE(insn, type, log2size)                                                                          \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    ir_store (t->b, type, IR_MEM (log2size, false), rv_x (t, a->rs1), a->imm, rv_x (t, a->rs2));             \
    return ISA_NEXT;                                                                                         \
  }
LOAD (lb, t->xt, 0, true)
LOAD (lh, t->xt, 1, true)
LOAD (lw, t->xt, 2, true)
LOAD (ld, IR_I64, 3, false)
LOAD (lbu, t->xt, 0, false)
LOAD (lhu, t->xt, 1, false)
LOAD (lwu, IR_I64, 2, false)
STORE (sb, t->xt, 0)
STORE (sh, t->xt, 1)
STORE (sw, t->xt, 2)
STORE (sd, IR_I64, 3)

IsaFlow
rv_trans_fence (RvTrans *t, const RvArgs *a)
{
  enum { W = 1, R = 2, O = 4, I = 8 };
  bool pr = a->pred & (R | I), pw = a->pred & (W | O), sr = a->succ & (R | I), sw = a->succ & (W | O);
  unsigned mask = (pr && sr ? IR_FENCE_LL : 0) | (pr && sw ? IR_FENCE_LS : 0) | (pw && sr ? IR_FENCE_SL : 0) |
                  (pw && sw ? IR_FENCE_SS : 0);

  if (mask != 0)
    ir_fence (t->b, mask);
  return ISA_NEXT;
}

IsaFlow
rv_trans_fence_tso (RvTrans *t, const RvArgs *a)
{
  ir_fence (t->b, IR_FENCE_LL | IR_FENCE_LS | IR_FENCE_SS);
  return ISA_NEXT;
}

IsaFlow
rv_trans_fence_i (RvTrans *t, const RvArgs *a)
{
  ir_exit (t->b, IR_EXIT_ICACHE, t->next_pc);
  return ISA_END;
}

IsaFlow
rv_trans_ecall (RvTrans *t, const RvArgs *a)
{
  /* A trap ends the reservation: the kernel's way out of it stores conditionally. */
  ir_set (t->b, RV_VAR_RES_ADDR, ir_const (t->b, RV_NO_RESERVATION));
  ir_exit (t->b, IR_EXIT_SYSCALL, t->pc);
  return ISA_END;
}

IsaFlow
rv_trans_ebreak (RvTrans *t, const RvArgs *a)
{
  ir_exit (t->b, IR_EXIT_BREAKPOINT, t->pc);
  return ISA_END;
}

IsaFlow
rv_trans_wrs (RvTrans *t, const RvArgs *a)
{
  ir_exit (t->b, IR_EXIT_PAUSE, t->next_pc);
  return ISA_END;
}

/* May-be-operations give zero until an extension redefines them. */
IsaFlow
rv_trans_mop_r (RvTrans *t, const RvArgs *a)
{
  rv_set_x (t, a->rd, ir_const (t->b, 0));
  return ISA_NEXT;
}

IsaFlow
rv_trans_mop_rr (RvTrans *t, const RvArgs *a)
{
  return rv_trans_mop_r (t, a);
}
