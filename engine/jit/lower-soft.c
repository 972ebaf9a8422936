/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Guest memory in system mode: each access looks in the current space's TLB, eight instructions more than the
 * access itself. What is not there goes to the embedder, out of line. */

/* rcx = the offset of address o + disp's entry in a TLB, rax = the page of its last byte. The address is in a
 * register, or is computed in rax. */
static void
index_and_page (Lower *l, Opnd o, int32_t disp, unsigned size)
{
  Asm *a = &l->a;
  bool w = !l->r->addr32;
  int base = o.kind == OPND_REG ? o.reg : RAX;
  if (o.kind != OPND_REG)
    int_to (l, w, RAX, o);
  if (disp != 0)
    asm_lea (a, false, RCX, mem_base (base, disp));
  else
    asm_mov_rr (a, false, RCX, base);
  asm_shift_ri (a, 5, false, RCX, JIT_PAGE_BITS - 4);
  asm_alu_ri (a, ALU_AND, false, RCX, (JIT_TLB_SIZE - 1) << 4);
  if (disp + (int32_t)size - 1 != 0)
    asm_lea (a, w, RAX, mem_base (base, disp + (int32_t)size - 1));
  else if (base != RAX)
    asm_mov_rr (a, w, RAX, base);
  asm_alu_ri (a, ALU_AND, w, RAX, -(1 << JIT_PAGE_BITS));
}

static Mem
tlb_mem (bool write, size_t member)
{
  size_t array = write ? offsetof (JitSpace, write) : offsetof (JitSpace, read);
  return (Mem){ .base = R13, .index = RCX, .disp = (int32_t)(array + member) };
}

/* The host operand for the `size` bytes at guest address o + disp. A miss goes to the cold path returned,
 * whose place is its index in l->cold. rax is free afterwards. */
static Mem
look_up (Lower *l, Opnd o, int32_t disp, unsigned size, bool write, ColdKind kind, unsigned *ret_cold)
{
  Asm *a = &l->a;
  index_and_page (l, o, disp, size);
  asm_alu_rm (a, ALU_CMP, true, RAX, tlb_mem (write, offsetof (JitTlbEntry, tag)));
  *ret_cold = l->cold->len;
  Cold *cold = cold_new (l, kind, asm_jcc (a, CC_NE, NULL));
  cold->pc = l->insn_pc;
  cold->base = o;
  cold->disp = disp;
  cold->mem_kind = (uint32_t)__builtin_ctz (size);
  Mem m = { .base = RCX, .index = -1, .disp = disp };
  if (l->r->addr32) { /* The sum wraps before it is a host address. */
    int base = int_reg (l, false, o, RAX);
    asm_lea (a, false, RAX, mem_base (base, disp));
    asm_alu_rm (a, ALU_ADD, true, RAX, tlb_mem (write, offsetof (JitTlbEntry, addend)));
    asm_mov_rr (a, true, RCX, RAX);
    m.disp = 0;
    return m;
  }
  asm_load64 (a, RCX, tlb_mem (write, offsetof (JitTlbEntry, addend)));
  if (o.kind == OPND_REG) {
    m.base = o.reg;
    m.index = RCX;
  } else if (o.kind == OPND_MEM) {
    asm_alu_rm (a, ALU_ADD, true, RCX, o.mem);
  } else {
    asm_mov_ri (a, RAX, o.imm);
    asm_alu_rr (a, ALU_ADD, true, RCX, RAX);
  }
  return m;
}

static Cold *
cold_at (Lower *l, unsigned index)
{
  return &g_array_index (l->cold, Cold, index);
}

static void
load_int (Lower *l, const IrOp *op)
{
  bool wide;
  unsigned code = load_opcode (op, &wide), index;
  Opnd o = opnd_int (l, op->a);
  if (op->flags & IR_F_ALIGNED && IR_MEM_LOG2 (op->sub) > 0) {
    Mem plain = mem_base (int_reg (l, true, o, RAX), op->imm);
    check_aligned (l, plain, IR_MEM_BYTES (op->sub));
  }
  Mem m = look_up (l, o, op->imm, IR_MEM_BYTES (op->sub), false, COLD_LOAD, &index);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  asm_rm (&l->a, code, wide, d, m);
  Cold *cold = cold_at (l, index);
  cold->type = op->type;
  cold->r[0] = d;
  cold->mem_kind |=
      (IR_MEM_SIGNED (op->sub) ? JIT_KIND_SIGNED : 0) | (op->type == IR_I64 ? JIT_KIND_WIDE : 0);
  cold->resume = l->a.p;
  if (op->flags & IR_F_SX && op->type == IR_I32)
    asm_movsxd (&l->a, d, d);
  dst_int_done (l, op->dst, d);
}

static void
load_fp (Lower *l, const IrOp *op)
{
  unsigned index;
  Mem m = look_up (l, opnd_int (l, op->a), op->imm, IR_MEM_BYTES (op->sub), false, COLD_LOAD, &index);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  if (op->type == IR_F64) {
    asm_fload64 (&l->a, d, m);
  } else if (op->type == IR_F32) {
    asm_vex_rm (&l->a, V_INSERTPS, false, d, XMM_ONES, m);
    asm_u8 (&l->a, 0);
  } else {
    asm_rm (&l->a, OP0F (0xb7), false, RAX, m);
    asm_alu_ri (&l->a, ALU_OR, true, RAX, -65536);
    asm_vex_rr (&l->a, V_MOVD_TO_X, true, d, 0, RAX);
  }
  Cold *cold = cold_at (l, index);
  cold->type = op->type;
  cold->r[0] = d;
  cold->mem_kind |= JIT_KIND_WIDE;
  cold->resume = l->a.p;
  dst_fp_done (l, op->dst, d, op->type == IR_F32);
}

static void
store_imm (Lower *l, unsigned log2, Mem m, int64_t value)
{
  unsigned prefix = log2 == 1 ? 0x1000 : 0;
  asm_rm (&l->a, (log2 == 0 ? OP0 (0xc6) : OP0 (0xc7)) | prefix, log2 == 3, 0, m);
  if (log2 == 0)
    asm_u8 (&l->a, value);
  else if (log2 == 1)
    asm_u8 (&l->a, value), asm_u8 (&l->a, value >> 8);
  else
    asm_u32 (&l->a, value);
}

static void
store_int (Lower *l, const IrOp *op)
{
  unsigned log2 = IR_MEM_LOG2 (op->sub), index;
  Opnd v = opnd_int (l, op->b);
  Mem m = look_up (l, opnd_int (l, op->a), op->imm, IR_MEM_BYTES (op->sub), true, COLD_STORE, &index);
  free_dying (l, op);
  if (v.kind == OPND_IMM && (log2 < 3 || v.imm == (int32_t)v.imm)) {
    store_imm (l, log2, m, v.imm);
  } else {
    int reg = int_reg (l, true, v, RAX);
    asm_rm_n (&l->a, (log2 == 0 ? OP0 (0x88) : OP0 (0x89)) | (log2 == 1 ? 0x1000 : 0), log2 == 3, reg, m,
              1u << log2);
  }
  Cold *cold = cold_at (l, index);
  cold->type = IR_I64;
  cold->value = v;
  cold->resume = l->a.p;
}

static void
store_fp (Lower *l, const IrOp *op)
{
  unsigned index;
  Opnd v = opnd_fp (l, op->b);
  Mem m = look_up (l, opnd_int (l, op->a), op->imm, IR_MEM_BYTES (op->sub), true, COLD_STORE, &index);
  int x = fp_reg (l, v, 0);
  free_dying (l, op);
  if (op->type == IR_F16) {
    asm_vex_rr (&l->a, V_MOVD_FROM_X, false, x, 0, RAX);
    asm_rm (&l->a, OP_66 (OP0 (0x89)), false, RAX, m);
  } else {
    asm_vex_rm (&l->a, op->type == IR_F64 ? V_MOVSD_STORE : V_MOVSS_STORE, false, x, 0, m);
  }
  Cold *cold = cold_at (l, index);
  cold->type = op->type;
  cold->value = v;
  cold->resume = l->a.p;
}

bool
lower_soft_mem (Lower *l, const IrOp *op)
{
  bool fp = op->type >= IR_F16;
  if (op->op == IR_LOAD)
    fp ? load_fp (l, op) : load_int (l, op);
  else
    fp ? store_fp (l, op) : store_int (l, op);
  return true;
}

Mem
soft_atomic_mem (Lower *l, IrVal addr, unsigned size)
{
  unsigned index;
  uint8_t *again = l->a.p;
  Mem m = look_up (l, opnd_int (l, addr), 0, size, true, COLD_FILL, &index);
  cold_at (l, index)->resume = again;
  if (m.index >= 0) {
    asm_alu_rr (&l->a, ALU_ADD, true, RCX, m.base);
    m = mem_base (RCX, 0);
  }
  return m;
}

Mem
soft_line_mem (Lower *l, IrVal addr, int32_t size)
{
  unsigned index;
  uint8_t *again = l->a.p;
  Mem m = look_up (l, opnd_int (l, addr), 0, 1, true, COLD_FILL, &index);
  cold_at (l, index)->resume = again;
  if (m.index >= 0)
    asm_alu_rr (&l->a, ALU_ADD, true, RCX, m.base);
  asm_alu_ri (&l->a, ALU_AND, true, RCX, -size); /* Pages are aligned in both worlds. */
  return mem_base (RCX, 0);
}

static void
value_to_slot (Lower *l, const Cold *cold)
{
  Mem slot = STATE (slow_value);
  if (cold->type >= IR_F16)
    asm_fstore64 (&l->a, slot, fp_reg (l, cold->value, 0));
  else
    asm_store64 (&l->a, slot, int_reg (l, true, cold->value, RCX));
}

/* rax to the load's destination. */
static void
deliver (Lower *l, const Cold *cold)
{
  int d = cold->r[0];
  switch (cold->type) {
    case IR_F16:
      asm_alu_ri (&l->a, ALU_OR, true, RAX, -65536);
      asm_vex_rr (&l->a, V_MOVD_TO_X, true, d, 0, RAX);
      break;
    case IR_F32:
      asm_vex_rr (&l->a, V_MOVD_TO_X, false, 0, 0, RAX);
      asm_vex_rr (&l->a, V_INSERTPS, false, d, XMM_ONES, 0);
      asm_u8 (&l->a, 0);
      break;
    case IR_F64: asm_vex_rr (&l->a, V_MOVD_TO_X, true, d, 0, RAX); break;
    default:
      if (d != RAX)
        asm_mov_rr (&l->a, true, d, RAX);
      break;
  }
}

void
emit_slow_access (Lower *l, const Cold *cold)
{
  Asm *a = &l->a;
  if (cold->kind == COLD_STORE)
    value_to_slot (l, cold);
  int base = int_reg (l, true, cold->base, RAX);
  if (cold->disp != 0 || l->r->addr32)
    asm_lea (a, !l->r->addr32, RAX, mem_base (base, cold->disp));
  else if (base != RAX)
    asm_mov_rr (a, true, RAX, base);
  restore_pinned (l, true);
  asm_call (a, cold->kind == COLD_LOAD    ? jit_stubs.slow_load
               : cold->kind == COLD_STORE ? jit_stubs.slow_store
                                          : jit_stubs.slow_fill);
  asm_u64 (a, cold->pc);
  asm_u32 (a, cold->mem_kind);
  restore_pinned (l, false);
  if (cold->kind == COLD_LOAD)
    deliver (l, cold);
  if (cold->kind == COLD_FILL) {
    asm_rr_n (a, OP0 (0x84), false, RAX, RAX, 1); /* test al, al */
    asm_jcc (a, CC_NE, cold->resume + a->delta);
    restore_pinned (l, true);
    asm_call (a, jit_stubs.exit);
    asm_u64 (a, cold->pc);
    asm_u32 (a, JIT_EXIT_INTERPRET);
    return;
  }
  asm_jmp (a, cold->resume + a->delta);
}
