/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The A extension, Zabha and Zacas.
 *
 * A load-reserved remembers its address and what it loaded; the store-conditional is a compare-and-swap
 * against that. Read-modify-write operations and compare-and-swap are sequentially consistent in the IR, so
 * their aq and rl bits need nothing more; a load-reserved is a plain load with fences. */

#include "riscv-trans.h"

static IsaFlow
load_reserved (RvTrans *t, const RvArgs *a, unsigned log2size)
{
  IrDesc load = IR_DESC (.op = IR_LOAD, .type = t->xt, .sub = IR_MEM (log2size, true), .flags = IR_F_ALIGNED);

  if (a->rl)
    ir_fence (t->b, IR_FENCE_LL | IR_FENCE_SL);
  IrVal value = ir_emit (t->b, load, rv_x (t, a->rs1), IR_NONE, IR_NONE);
  if (a->aq)
    ir_fence (t->b, IR_FENCE_LL | IR_FENCE_LS);
  ir_set (t->b, RV_VAR_RES_VALUE, value);
  ir_set (t->b, RV_VAR_RES_ADDR, rv_x (t, a->rs1));
  rv_set_x (t, a->rd, RV_VAR_RES_VALUE);
  return ISA_NEXT;
}

static IsaFlow
store_conditional (RvTrans *t, const RvArgs *a, unsigned log2size)
{
  IrBuilder *b = t->b;
  IrType type = log2size == 3 ? IR_I64 : IR_I32;
  IrVal addr = rv_x (t, a->rs1);

  /* Without a reservation of this address the swap writes back what it compared with: no other hart can tell.
   */
  IrVal reserved = ir_setcc (b, IR_EQ, t->xt, addr, RV_VAR_RES_ADDR);
  IrVal value = ir_select (b, t->xt, reserved, rv_x (t, a->rs2), RV_VAR_RES_VALUE);
  IrVal old = ir_cas (b, t->xt, IR_MEM (log2size, true), addr, RV_VAR_RES_VALUE, value, 0);
  IrVal same = ir_setcc (b, IR_EQ, type, old, RV_VAR_RES_VALUE);
  IrVal stored = ir_op2 (b, IR_AND, IR_I32, reserved, same);
  IrVal failed = ir_op2 (b, IR_XOR, IR_I32, stored, ir_const (b, 1));
  ir_set (b, RV_VAR_RES_ADDR, ir_const (b, RV_NO_RESERVATION));
  rv_set_x (t, a->rd, failed);
  return ISA_NEXT;
}

IsaFlow
rv_trans_lr_w (RvTrans *t, const RvArgs *a)
{
  return load_reserved (t, a, 2);
}

IsaFlow
rv_trans_lr_d (RvTrans *t, const RvArgs *a)
{
  return load_reserved (t, a, 3);
}

IsaFlow
rv_trans_sc_w (RvTrans *t, const RvArgs *a)
{
  return store_conditional (t, a, 2);
}

IsaFlow
rv_trans_sc_d (RvTrans *t, const RvArgs *a)
{
  return store_conditional (t, a, 3);
}

static IsaFlow
amo (RvTrans *t, const RvArgs *a, IrRmw op, unsigned log2size)
{
  IrVal old = ir_rmw (t->b, t->xt, IR_MEM (log2size, true), op, rv_x (t, a->rs1), rv_x (t, a->rs2), 0);
  rv_set_x (t, a->rd, old);
  return ISA_NEXT;
}

#define AMO(insn, op)                                                                                        \
  IsaFlow rv_trans_##insn##_b (RvTrans *t, const RvArgs *a)                                                  \
  {                                                                                                          \
    return amo (t, a, op, 0);                                                                                \
  }                                                                                                          \
  IsaFlow rv_trans_##insn##_h (RvTrans *t, const RvArgs *a)                                                  \
  {                                                                                                          \
    return amo (t, a, op, 1);                                                                                \
  }                                                                                                          \
  IsaFlow rv_trans_##insn##_w (RvTrans *t, const RvArgs *a)                                                  \
  {                                                                                                          \
    return amo (t, a, op, 2);                                                                                \
  }                                                                                                          \
  IsaFlow rv_trans_##insn##_d (RvTrans *t, const RvArgs *a)                                                  \
  {                                                                                                          \
    return amo (t, a, op, 3);                                                                                \
  }

AMO (amoswap, IR_RMW_SWAP)
AMO (amoadd, IR_RMW_ADD)
AMO (amoand, IR_RMW_AND)
AMO (amoor, IR_RMW_OR)
AMO (amoxor, IR_RMW_XOR)
AMO (amomin, IR_RMW_MINS)
AMO (amomax, IR_RMW_MAXS)
AMO (amominu, IR_RMW_MINU)
AMO (amomaxu, IR_RMW_MAXU)

static IsaFlow
compare_and_swap (RvTrans *t, const RvArgs *a, unsigned log2size)
{
  IrVal old =
      ir_cas (t->b, t->xt, IR_MEM (log2size, true), rv_x (t, a->rs1), rv_x (t, a->rd), rv_x (t, a->rs2), 0);
  rv_set_x (t, a->rd, old);
  return ISA_NEXT;
}

IsaFlow
rv_trans_amocas_b (RvTrans *t, const RvArgs *a)
{
  return compare_and_swap (t, a, 0);
}

IsaFlow
rv_trans_amocas_h (RvTrans *t, const RvArgs *a)
{
  return compare_and_swap (t, a, 1);
}

IsaFlow
rv_trans_amocas_w (RvTrans *t, const RvArgs *a)
{
  return compare_and_swap (t, a, 2);
}

IsaFlow
rv_trans_amocas_d (RvTrans *t, const RvArgs *a)
{
  return compare_and_swap (t, a, 3);
}

/* The 64-bit value of a pair of 32-bit registers; a pair that starts at x0 is zero. */
static IrVal
pair_value (RvTrans *t, unsigned n)
{
  if (n == 0)
    return ir_const (t->b, 0);
  IrVal low = ir_ext (t->b, IR_I64, rv_x (t, n), 32, false);
  IrVal high = ir_op2 (t->b, IR_SHL, IR_I64, rv_x (t, n + 1), ir_const (t->b, 32));
  return ir_op2 (t->b, IR_OR, IR_I64, low, high);
}

static void
compare_and_swap_pair32 (RvTrans *t, const RvArgs *a)
{
  IrVal expected = pair_value (t, a->rd), desired = pair_value (t, a->rs2);
  IrVal old = ir_cas (t->b, IR_I64, IR_MEM (3, false), rv_x (t, a->rs1), expected, desired, 0);

  if (a->rd == 0)
    return;
  IrVal high = ir_op2 (t->b, IR_SHR, IR_I64, old, ir_const (t->b, 32));
  IrVal low = ir_ext (t->b, IR_I64, old, 32, false);
  ir_set (t->b, RV_VAR_X + a->rd, low);
  ir_set (t->b, RV_VAR_X + a->rd + 1, high);
}

/* amocas.d of RV32 and amocas.q of RV64: the operands are pairs of registers. */
IsaFlow
rv_trans_amocas_pair (RvTrans *t, const RvArgs *a)
{
  if (RV_IS_RV32 (t))
    compare_and_swap_pair32 (t, a);
  else
    ir_helper (t->b, RV_HELPER_CAS_Q, false, rv_x (t, a->rs1), ir_const (t->b, a->rd),
               ir_const (t->b, a->rs2));
  return ISA_NEXT;
}

/* amocas.q: address, number of the expected pair (which receives the old value), number of the desired pair.
 */
uint64_t
rv_cas_q (IrState *s, uint64_t addr, uint64_t rd, uint64_t rs2)
{
  static const uint64_t zero[2];
  const uint64_t *expected = rd ? &s->var[RV_VAR_X + rd] : zero,
                 *desired = rs2 ? &s->var[RV_VAR_X + rs2] : zero;
  uint64_t old[2];

  s->mem->cas16 (s, addr, expected, desired, old);
  if (rd != 0) {
    s->var[RV_VAR_X + rd] = old[0];
    s->var[RV_VAR_X + rd + 1] = old[1];
  }
  return 0;
}
