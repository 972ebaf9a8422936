/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* The host operand for guest address a + disp. May use rax. */
static Mem
guest_mem (Lower *l, IrVal a, int32_t disp)
{
  Mem m = { .base = -1, .index = -1, .disp = disp, .prefix = jit_config.guest_base != 0 ? MEM_GS : 0 };
  const IrOp *sum = deferred_address (l, a);
  if (sum != NULL) {
    m.base = opnd_int (l, sum->b).reg;
    m.index = opnd_int (l, sum->a).reg;
    m.scale = sum->op == IR_SHLADD ? sum->imm : 0;
    return m;
  }
  Opnd o = opnd_int (l, a);
  if (l->r->addr32)
    m.prefix |= MEM_ADDR32;
  if (o.kind == OPND_IMM) {
    int64_t at = l->r->addr32 ? (int64_t)(uint32_t)(o.imm + disp) : o.imm + disp;
    if (at >= 0 && at <= INT32_MAX) {
      m.disp = at;
      m.prefix &= ~MEM_ADDR32;
      return m;
    }
    asm_mov_ri (&l->a, RAX, at);
    m.base = RAX;
    m.disp = 0;
    return m;
  }
  m.base = int_reg (l, !l->r->addr32, o, RAX);
  return m;
}

unsigned
load_opcode (const IrOp *op, bool *ret_wide)
{
  bool is_signed = IR_MEM_SIGNED (op->sub), w = op->type == IR_I64;
  *ret_wide = is_signed && w;
  switch (IR_MEM_LOG2 (op->sub)) {
    case 0: return is_signed ? OP0F (0xbe) : OP0F (0xb6);
    case 1: return is_signed ? OP0F (0xbf) : OP0F (0xb7);
    case 2: return is_signed && w ? OP0 (0x63) : OP0 (0x8b);
    default: *ret_wide = true; return OP0 (0x8b);
  }
}

/* A misaligned address is the interpreter's case: it reports the fault. */
void
check_aligned (Lower *l, Mem m, unsigned size)
{
  int reg = m.base;
  if (m.disp != 0 || m.base < 0) {
    m.prefix = 0;
    asm_lea (&l->a, true, RCX, m);
    reg = RCX;
  }
  asm_rr_n (&l->a, OP0 (0xf6), false, 0, reg, 1); /* test reg8, imm8 */
  asm_u8 (&l->a, size - 1);
  bail_if (l, CC_NE);
}

static void
lower_load_int (Lower *l, const IrOp *op)
{
  bool wide;
  unsigned code = load_opcode (op, &wide);
  Mem m = guest_mem (l, op->a, op->imm);
  if (op->flags & IR_F_ALIGNED && IR_MEM_LOG2 (op->sub) > 0)
    check_aligned (l, m, IR_MEM_BYTES (op->sub));
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  fault_point (l);
  asm_rm (&l->a, code, wide, d, m);
  if (op->flags & IR_F_SX && op->type == IR_I32)
    asm_movsxd (&l->a, d, d);
  dst_int_done (l, op->dst, d);
}

static bool
lower_load_fp (Lower *l, const IrOp *op)
{
  Mem m = guest_mem (l, op->a, op->imm);
  if (op->type == IR_F16) {
    free_dying (l, op);
    fault_point (l);
    asm_rm (&l->a, OP0F (0xb7), false, RAX, m);
    if (!jit_has_wide)
      asm_alu_ri (&l->a, ALU_OR, true, RAX, -65536);
    int d = dst_fp (l, op->dst);
    asm_vex_rr (&l->a, V_MOVD_TO_X, true, d, 0, RAX);
    dst_fp_done (l, op->dst, d, jit_has_wide);
    return true;
  }
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  fault_point (l);
  if (op->type == IR_F64) {
    asm_fload64 (&l->a, d, m);
  } else if (jit_has_wide) {
    asm_vex_rm (&l->a, V_MOVSS_LOAD, false, d, 0, m);
  } else {
    asm_vex_rm (&l->a, V_INSERTPS, false, d, XMM_ONES, m);
    asm_u8 (&l->a, 0);
  }
  dst_fp_done (l, op->dst, d, op->type == IR_F32);
  return true;
}

static void
lower_store_int (Lower *l, const IrOp *op)
{
  unsigned log2 = IR_MEM_LOG2 (op->sub);
  if (op->flags & IR_F_ALIGNED && log2 > 0)
    check_aligned (l, guest_mem (l, op->a, op->imm), 1u << log2);
  Opnd v = opnd_int (l, op->b);
  Mem m = guest_mem (l, op->a, op->imm);
  bool direct = v.kind == OPND_IMM && (log2 < 3 || v.imm == (int32_t)v.imm);
  int reg = direct ? 0 : int_reg (l, true, v, RCX);
  free_dying (l, op);
  fault_point (l);
  unsigned prefix = log2 == 1 ? 0x1000 : 0;
  if (!direct) {
    asm_rm_n (&l->a, (log2 == 0 ? OP0 (0x88) : OP0 (0x89)) | prefix, log2 == 3, reg, m, 1u << log2);
    return;
  }
  asm_rm (&l->a, (log2 == 0 ? OP0 (0xc6) : OP0 (0xc7)) | prefix, log2 == 3, 0, m);
  if (log2 == 0)
    asm_u8 (&l->a, v.imm);
  else if (log2 == 1)
    asm_u8 (&l->a, v.imm), asm_u8 (&l->a, v.imm >> 8);
  else
    asm_u32 (&l->a, v.imm);
}

static void
lower_store_fp (Lower *l, const IrOp *op)
{
  Opnd v = opnd_fp (l, op->b);
  Mem m = guest_mem (l, op->a, op->imm);
  int x = fp_reg (l, v, 0);
  free_dying (l, op);
  if (op->type == IR_F16) {
    asm_vex_rr (&l->a, V_MOVD_FROM_X, false, x, 0, RCX);
    fault_point (l);
    asm_rm (&l->a, OP_66 (OP0 (0x89)), false, RCX, m);
    return;
  }
  fault_point (l);
  asm_vex_rm (&l->a, op->type == IR_F64 ? V_MOVSD_STORE : V_MOVSS_STORE, false, x, 0, m);
}

static bool
lower_wide_mem (Lower *l, const IrOp *op)
{
  Mem m = guest_mem (l, op->a, op->imm);
  if (op->op == IR_STORE) {
    int x = vec_reg (l, opnd_vec (l, op->b), 0);
    free_dying (l, op);
    fault_point (l);
    asm_xstore (&l->a, true, m, x);
    return true;
  }
  if (op->flags & IR_F_ALIGNED)
    check_aligned (l, m, 16);
  free_dying (l, op);
  int d = dst_vec (l, op->dst);
  fault_point (l);
  asm_xload (&l->a, true, d, m);
  dst_vec_done (l, op->dst, d, false);
  return true;
}

static bool
is_fp (IrType type)
{
  return type >= IR_F16;
}

/* The address in a register other than rax, checked for natural alignment (a bad one is left to the
 * interpreter, which reports it). */
static Mem
atomic_mem (Lower *l, const IrOp *op)
{
  unsigned size = IR_MEM_BYTES (op->sub);
  Opnd o = opnd_int (l, op->a);
  int reg = int_reg (l, true, o, RCX);
  Mem m = mem_base (reg, 0);
  if (size > 1)
    check_aligned (l, m, size);
  if (jit_config.softmmu != NULL)
    return soft_atomic_mem (l, op->a, size);
  m.prefix = (jit_config.guest_base != 0 ? MEM_GS : 0) | (l->r->addr32 ? MEM_ADDR32 : 0);
  return m;
}

/* Whether the code being made may do without what only others could notice. */
static bool
is_alone (Lower *l)
{
  if (!jit_alone)
    return false;
  l->code->alone = true;
  return true;
}

static void
lock_prefix (Lower *l)
{
  if (!is_alone (l))
    asm_u8 (&l->a, 0xf0);
}

/* Extends the old value in rax as a load of its size would, and delivers it. */
static void
deliver_old (Lower *l, const IrOp *op)
{
  bool is_signed = IR_MEM_SIGNED (op->sub) || op->flags & IR_F_SX;
  unsigned log2 = IR_MEM_LOG2 (op->sub);
  if (op->dst == IR_NONE)
    return;
  bool wide = op->type == IR_I64 || op->flags & IR_F_SX;
  if (log2 == 0)
    asm_rr_n (&l->a, is_signed ? OP0F (0xbe) : OP0F (0xb6), is_signed && wide, RAX, RAX, 1);
  else if (log2 == 1)
    asm_rr (&l->a, is_signed ? OP0F (0xbf) : OP0F (0xb7), is_signed && wide, RAX, RAX);
  else if (log2 == 2 && is_signed && wide)
    asm_movsxd (&l->a, RAX, RAX);
  else if (log2 == 2)
    asm_mov_rr (&l->a, false, RAX, RAX);
  dst_int_done (l, op->dst, RAX);
}

/* cmpxchg and friends of 1, 2, 4, 8 bytes: opcode of the byte form. */
static void
locked_rm (Lower *l, unsigned code, unsigned log2, int reg, Mem m)
{
  asm_rm_n (&l->a, (log2 == 0 ? code : code + 1) | (log2 == 1 ? 0x1000 : 0), log2 == 3, reg, m, 1u << log2);
}

/* dst is chosen but not computed in: rax carries the old value, so make sure a register is assigned. */
static void
reserve_dst (Lower *l, const IrOp *op)
{
  if (op->dst != IR_NONE)
    dst_int (l, op->dst);
}

static bool
lower_cas (Lower *l, const IrOp *op)
{
  unsigned log2 = IR_MEM_LOG2 (op->sub);
  Mem m = atomic_mem (l, op);
  vacate_rdx (l);
  /* The address may have been a temporary in rdx. */
  if (m.base == RDX) {
    asm_mov_rr (&l->a, true, RCX, RDX);
    m.base = RCX;
  }
  int desired = int_reg (l, true, opnd_int (l, op->c), RDX);
  int_to (l, true, RAX, opnd_int (l, op->b));
  fault_point (l);
  lock_prefix (l);
  locked_rm (l, OP0F (0xb0), log2, desired, m);
  free_dying (l, op);
  reserve_dst (l, op);
  deliver_old (l, op);
  return true;
}

static bool
lower_rmw_simple (Lower *l, const IrOp *op, Mem m)
{
  unsigned log2 = IR_MEM_LOG2 (op->sub);
  static const int8_t direct[] = {
    [IR_RMW_ADD] = ALU_ADD, [IR_RMW_AND] = ALU_AND, [IR_RMW_OR] = ALU_OR, [IR_RMW_XOR] = ALU_XOR
  };
  bool is_alu = op->imm >= IR_RMW_ADD && op->imm <= IR_RMW_XOR;
  if (op->dst == IR_NONE && is_alu) {
    int v = int_reg (l, true, opnd_int (l, op->b), RAX);
    fault_point (l);
    lock_prefix (l);
    locked_rm (l, OP0 (direct[op->imm] << 3), log2, v, m);
    return true;
  }
  if (op->imm != IR_RMW_SWAP && op->imm != IR_RMW_ADD)
    return false;
  int_to (l, true, RAX, opnd_int (l, op->b));
  fault_point (l);
  if (op->imm == IR_RMW_SWAP && m.base != RCX && is_alone (l)) { /* xchg with memory is always locked */
    asm_rm (&l->a, log2 == 0 ? OP0F (0xb6) : log2 == 1 ? OP0F (0xb7) : OP0 (0x8b), log2 == 3, RCX, m);
    locked_rm (l, OP0 (0x88), log2, RAX, m);
    asm_mov_rr (&l->a, true, RAX, RCX);
  } else {
    if (op->imm == IR_RMW_ADD)
      lock_prefix (l);
    locked_rm (l, op->imm == IR_RMW_ADD ? OP0F (0xc0) : OP0 (0x86), log2, RAX, m);
  }
  reserve_dst (l, op);
  deliver_old (l, op);
  return true;
}

/* op reg, operand. */
static void
with_operand (Lower *l, unsigned code, bool w, int reg, Opnd v)
{
  if (v.kind == OPND_REG)
    asm_rr (&l->a, code, w, reg, v.reg);
  else
    asm_rm (&l->a, code, w, reg, v.mem);
}

/* rdx = rax OP v for a read-modify-write. */
static void
rmw_compute (Lower *l, const IrOp *op, Opnd v)
{
  static const uint8_t take[] = {
    [IR_RMW_MINS] = CC_G, [IR_RMW_MAXS] = CC_L, [IR_RMW_MINU] = CC_A, [IR_RMW_MAXU] = CC_B
  };
  static const int8_t alu[] = { [IR_RMW_AND] = ALU_AND, [IR_RMW_OR] = ALU_OR, [IR_RMW_XOR] = ALU_XOR };
  bool w = IR_MEM_LOG2 (op->sub) == 3, is_const = v.kind == OPND_IMM;
  /* There may be no other register for a constant. */
  if (is_const) {
    asm_mov_ri (&l->a, RDX, v.imm);
    v = (Opnd){ .kind = OPND_REG, .reg = RAX };
  } else {
    asm_mov_rr (&l->a, true, RDX, RAX);
  }
  if (op->imm == IR_RMW_AND || op->imm == IR_RMW_OR || op->imm == IR_RMW_XOR) {
    with_operand (l, OP0 (alu[op->imm] << 3 | 3), w, RDX, v);
    return;
  }
  if (is_const)
    asm_alu_rr (&l->a, ALU_CMP, w, RAX, RDX);
  else
    with_operand (l, OP0 (ALU_CMP << 3 | 3), w, RAX, v);
  with_operand (l, OP0F (0x40 | (take[op->imm] ^ is_const)), w, RDX, v);
}

/* A compare-and-swap loop. */
static bool
lower_rmw (Lower *l, const IrOp *op)
{
  unsigned log2 = IR_MEM_LOG2 (op->sub);
  if (log2 < 2 && op->imm >= IR_RMW_MINS)
    return false;
  Mem m = atomic_mem (l, op);
  if (lower_rmw_simple (l, op, m)) {
    free_dying (l, op);
    return true;
  }
  vacate_rdx (l);
  if (m.base == RDX) {
    asm_mov_rr (&l->a, true, RCX, RDX);
    m.base = RCX;
  }
  Opnd value = opnd_int (l, op->b);
  fault_point (l);
  asm_rm_n (&l->a, (log2 == 0 ? OP0F (0xb6) : log2 == 1 ? OP0F (0xb7) : OP0 (0x8b)), log2 == 3, RAX, m, 8);
  uint8_t *again = l->a.p;
  rmw_compute (l, op, value);
  lock_prefix (l);
  locked_rm (l, OP0F (0xb0), log2, RDX, m);
  asm_u8 (&l->a, 0x75); /* jne again */
  asm_u8 (&l->a, again - (l->a.p + 1));
  free_dying (l, op);
  reserve_dst (l, op);
  deliver_old (l, op);
  return true;
}

static void
lower_zeroline (Lower *l, const IrOp *op)
{
  if (jit_config.softmmu == NULL) {
    int_to (l, true, RAX, opnd_int (l, op->a));
    asm_alu_ri (&l->a, ALU_AND, true, RAX, -op->imm);
  }
  Mem m = mem_base (RAX, 0);
  m.prefix = (jit_config.guest_base != 0 ? MEM_GS : 0) | (l->r->addr32 ? MEM_ADDR32 : 0);
  if (jit_config.softmmu != NULL)
    m = soft_line_mem (l, op->a, op->imm);
  free_dying (l, op);
  asm_vex_rr (&l->a, V_XORPD, false, 0, 0, 0);
  fault_point (l);
  for (; m.disp < op->imm; m.disp += 8)
    asm_fstore64 (&l->a, m, 0);
}

bool
mem_is_inline (const IrOp *op)
{
  return !(op->flags & IR_F_BE) && (jit_has_wide || !(op->flags & IR_F_UNBOXED));
}

bool
lower_mem (Lower *l, const IrOp *op)
{
  if (!mem_is_inline (op))
    return false;
  if (jit_config.softmmu != NULL && (op->op == IR_LOAD || op->op == IR_STORE)) {
    lower_soft_mem (l);
    return true;
  }
  if (op->type == IR_V128)
    return lower_wide_mem (l, op);
  switch (op->op) {
    case IR_LOAD:
      if (is_fp (op->type))
        return lower_load_fp (l, op);
      lower_load_int (l, op);
      return true;
    case IR_STORE:
      if (is_fp (op->type))
        lower_store_fp (l, op);
      else
        lower_store_int (l, op);
      return true;
    case IR_CAS: return lower_cas (l, op);
    case IR_RMW: return lower_rmw (l, op);
    case IR_FENCE:
      if (op->sub & IR_FENCE_SL && !bit_get (l->boxed, FACT_FENCED) && !is_alone (l)) {
        asm_u8 (&l->a, 0xf0); /* lock or dword [rsp - 64], 0 */
        asm_alu_mi (&l->a, ALU_OR, false, mem_base (RSP, -64), 0);
      }
      return true;
    case IR_ZEROLINE: lower_zeroline (l, op); return true;
    default: return false;
  }
}
