/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Exclusive and ordered accesses, and atomic operations (DDI 0487, C4.1.96; B2.3 for their order).
 *
 * A load-exclusive remembers its address and what it loaded; the store-exclusive is a compare-and-swap
 * against that. Read-modify-write operations and compare-and-swap are sequentially consistent in the IR, so
 * acquire and release need nothing more there. */

#include "arm-helpers.h"
#include "arm-trans.h"

#define ACQUIRE (IR_FENCE_LL | IR_FENCE_LS)
#define RELEASE (IR_FENCE_LS | IR_FENCE_SS)

static IrType
value_type (unsigned log2)
{
  return log2 == 3 ? IR_I64 : IR_I32;
}

static IrVal
aligned_load (A64Trans *t, IrType type, unsigned mem, unsigned rn, int32_t disp)
{
  IrDesc d = IR_DESC (.op = IR_LOAD, .type = type, .sub = mem, .flags = IR_F_ALIGNED, .imm = disp);
  return ir_emit (t->b, d, a64_base (t, rn), IR_NONE, IR_NONE);
}

IsaFlow
a64_trans_ldxr (A64Trans *t, const A64Args *a)
{
  IrVal value = aligned_load (t, value_type (a->size), IR_MEM (a->size, false), a->rn, 0);
  if (a->o0)
    ir_fence (t->b, ACQUIRE);
  ir_set (t->b, ARM_VAR_EXCL_LOW, value);
  ir_set (t->b, ARM_VAR_EXCL_ADDR, a64_xsp (a->rn));
  a64_set_x (t, a->rt, ARM_VAR_EXCL_LOW);
  return ISA_NEXT;
}

/* Compares and swaps at rn, if that is where the load-exclusive was; rs = 0 where it stored, else 1.  Without
 * exclusive access the swap writes back what it compared with: nobody can tell. */
static void
store_exclusive (A64Trans *t, unsigned log2, unsigned rs, unsigned rn, IrVal value)
{
  IrBuilder *b = t->b;
  IrType type = value_type (log2);
  IrVal addr = a64_base (t, rn);

  IrVal exclusive = ir_setcc (b, IR_EQ, IR_I64, addr, ARM_VAR_EXCL_ADDR);
  value = ir_select (b, type, exclusive, value, ARM_VAR_EXCL_LOW);
  IrVal old = ir_cas (b, type, IR_MEM (log2, false), addr, ARM_VAR_EXCL_LOW, value, 0);
  IrVal same = ir_setcc (b, IR_EQ, type, old, ARM_VAR_EXCL_LOW);
  IrVal stored = ir_op2 (b, IR_AND, IR_I32, exclusive, same);
  IrVal failed = ir_op2 (b, IR_XOR, IR_I32, stored, ir_const (b, 1));
  ir_set (b, ARM_VAR_EXCL_ADDR, ir_const (b, (int64_t)ARM_NOT_EXCLUSIVE));
  a64_set_x (t, rs, failed);
}

IsaFlow
a64_trans_stxr (A64Trans *t, const A64Args *a)
{
  store_exclusive (t, a->size, a->rs, a->rn, a64_x (t, a->rt));
  return ISA_NEXT;
}

/* Two W registers as what they are in memory. */
static IrVal
joined (A64Trans *t, unsigned low, unsigned high)
{
  IrVal low_part = ir_ext (t->b, IR_I64, a64_x (t, low), 32, false);
  IrVal high_part = ir_op2 (t->b, IR_SHL, IR_I64, a64_x (t, high), ir_const (t->b, 32));
  return ir_op2 (t->b, IR_OR, IR_I64, low_part, high_part);
}

static void
set_parted (A64Trans *t, unsigned low, unsigned high, IrVal value)
{
  IrVal high_part = ir_op2 (t->b, IR_SHR, IR_I64, value, ir_const (t->b, 32));
  IrVal low_part = ir_ext (t->b, IR_I64, value, 32, false);
  a64_set_x (t, low, low_part);
  a64_set_x (t, high, high_part);
}

static IrVal
lane (A64Trans *t, IrVal vector, int32_t index)
{
  return ir_emit (t->b, IR_DESC (.op = IR_VGETL, .type = IR_V128, .sub = IR_LANE (3, false), .imm = index),
                  vector, IR_NONE, IR_NONE);
}

IsaFlow
a64_trans_ldxp (A64Trans *t, const A64Args *a)
{
  if (!a->sz) {
    IrVal value = aligned_load (t, IR_I64, IR_MEM (3, false), a->rn, 0);
    ir_set (t->b, ARM_VAR_EXCL_LOW, value);
    ir_set (t->b, ARM_VAR_EXCL_ADDR, a64_xsp (a->rn));
    set_parted (t, a->rt, a->rt2, ARM_VAR_EXCL_LOW);
  } else {
    IrVal value = aligned_load (t, IR_V128, IR_MEM (4, false), a->rn, 0);
    IrVal low = lane (t, value, 0), high = lane (t, value, 1);
    ir_set (t->b, ARM_VAR_EXCL_LOW, low);
    ir_set (t->b, ARM_VAR_EXCL_HIGH, high);
    ir_set (t->b, ARM_VAR_EXCL_ADDR, a64_xsp (a->rn));
    a64_set_x (t, a->rt, ARM_VAR_EXCL_LOW);
    a64_set_x (t, a->rt2, ARM_VAR_EXCL_HIGH);
  }
  if (a->o0)
    ir_fence (t->b, ACQUIRE);
  return ISA_NEXT;
}

IsaFlow
a64_trans_stxp (A64Trans *t, const A64Args *a)
{
  if (a->sz)
    a64_set_x (
        t, a->rs,
        ir_helper (t->b, ARM_HELPER_STXP, true, a64_base (t, a->rn), a64_x (t, a->rt), a64_x (t, a->rt2)));
  else
    store_exclusive (t, 3, a->rs, a->rn, joined (t, a->rt, a->rt2));
  return ISA_NEXT;
}

uint64_t
arm_stxp (IrState *s, uint64_t addr, uint64_t low, uint64_t high)
{
  const uint64_t desired[2] = { low, high };
  uint64_t *seen = &s->var[ARM_VAR_EXCL_LOW], old[2];
  bool exclusive = addr == s->var[ARM_VAR_EXCL_ADDR];

  s->mem->cas16 (s, addr, seen, exclusive ? desired : seen, old);
  s->var[ARM_VAR_EXCL_ADDR] = ARM_NOT_EXCLUSIVE;
  return !exclusive || old[0] != seen[0] || old[1] != seen[1];
}

/* Acquire and release need no instruction of an x86 host; that a load-acquire stays behind an earlier
 * store-release does, and the store pays for it. */
static IsaFlow
store_release (A64Trans *t, unsigned log2, unsigned rt, unsigned rn, int32_t disp)
{
  IrDesc d = IR_DESC (.op = IR_STORE, .type = value_type (log2), .sub = IR_MEM (log2, false),
                      .flags = IR_F_ALIGNED, .imm = disp);
  ir_fence (t->b, RELEASE);
  ir_emit (t->b, d, a64_base (t, rn), a64_x (t, rt), IR_NONE);
  ir_fence (t->b, IR_FENCE_SL);
  return ISA_NEXT;
}

IsaFlow
a64_trans_stlr (A64Trans *t, const A64Args *a)
{
  return store_release (t, a->size, a->rt, a->rn, 0);
}

static IsaFlow
load_acquire (A64Trans *t, IrType type, unsigned mem, unsigned rt, unsigned rn, int32_t disp)
{
  IrVal value = aligned_load (t, type, mem, rn, disp);
  ir_fence (t->b, ACQUIRE);
  a64_set_x (t, rt, value);
  return ISA_NEXT;
}

IsaFlow
a64_trans_ldar (A64Trans *t, const A64Args *a)
{
  return load_acquire (t, value_type (a->size), IR_MEM (a->size, false), a->rt, a->rn, 0);
}

/* STLUR, LDAPUR, and LDAPURS to X or W.  */
IsaFlow
a64_trans_ldapur (A64Trans *t, const A64Args *a)
{
  if (a->opc >= 2 && a->size + a->opc >= 5)
    return a64_undefined (t);
  if (a->opc == 0)
    return store_release (t, a->size, a->rt, a->rn, a->imm);
  IrType type = a->opc == 2 || a->size == 3 ? IR_I64 : IR_I32;
  return load_acquire (t, type, IR_MEM (a->size, a->opc >= 2), a->rt, a->rn, a->imm);
}

static IsaFlow
read_modify_write (A64Trans *t, const A64Args *a, IrRmw op, IrVal value)
{
  a64_set_x (t, a->rt,
             ir_rmw (t->b, value_type (a->size), IR_MEM (a->size, false), op, a64_base (t, a->rn), value, 0));
  return ISA_NEXT;
}

/* LDADD, LDCLR, LDEOR, LDSET, LDSMAX, LDSMIN, LDUMAX, LDUMIN in this order. */
IsaFlow
a64_trans_ldop (A64Trans *t, const A64Args *a)
{
  static const uint8_t ops[] = { IR_RMW_ADD,  IR_RMW_AND,  IR_RMW_XOR,  IR_RMW_OR,
                                 IR_RMW_MAXS, IR_RMW_MINS, IR_RMW_MAXU, IR_RMW_MINU };
  IrVal value = a64_x (t, a->rs);
  if (ops[a->opc] == IR_RMW_AND)
    value = ir_op2 (t->b, IR_XOR, IR_I64, value, ir_const (t->b, -1));
  return read_modify_write (t, a, ops[a->opc], value);
}

IsaFlow
a64_trans_swp (A64Trans *t, const A64Args *a)
{
  return read_modify_write (t, a, IR_RMW_SWAP, a64_x (t, a->rs));
}

IsaFlow
a64_trans_cas (A64Trans *t, const A64Args *a)
{
  a64_set_x (t, a->rs,
             ir_cas (t->b, value_type (a->size), IR_MEM (a->size, false), a64_base (t, a->rn),
                     a64_x (t, a->rs), a64_x (t, a->rt), 0));
  return ISA_NEXT;
}

IsaFlow
a64_trans_casp (A64Trans *t, const A64Args *a)
{
  if (a->rs & 1 || a->rt & 1)
    return a64_undefined (t);
  if (a->sz) {
    ir_helper (t->b, ARM_HELPER_CASP, false, a64_base (t, a->rn), ir_const (t->b, a->rs),
               ir_const (t->b, a->rt));
    return ISA_NEXT;
  }
  IrVal expected = joined (t, a->rs, a->rs + 1u), desired = joined (t, a->rt, a->rt + 1u);
  IrVal old = ir_cas (t->b, IR_I64, IR_MEM (3, false), a64_base (t, a->rn), expected, desired, 0);
  set_parted (t, a->rs, a->rs + 1u, old);
  return ISA_NEXT;
}

/* The registers n and n + 1, n even. */
static void
get_pair (const IrState *s, uint64_t n, uint64_t *ret)
{
  ret[0] = s->var[ARM_VAR_X + n];
  ret[1] = n == 30 ? 0 : s->var[ARM_VAR_X + n + 1];
}

/* CASP of X registers: the number of the first expected one, which receives what was there, and of the first
 * desired. */
uint64_t
arm_casp (IrState *s, uint64_t addr, uint64_t rs, uint64_t rt)
{
  uint64_t expected[2], desired[2], old[2];

  get_pair (s, rs, expected);
  get_pair (s, rt, desired);
  s->mem->cas16 (s, addr, expected, desired, old);
  s->var[ARM_VAR_X + rs] = old[0];
  if (rs != 30)
    s->var[ARM_VAR_X + rs + 1] = old[1];
  return 0;
}
