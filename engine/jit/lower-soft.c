/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Guest memory in system mode: each access looks in the current space's TLB, eight instructions more than the
 * access itself. What is not there goes to the embedder, out of line. */

/* rcx = the offset of address o + lo's entry in a TLB, rax = the page of o + hi - 1. The address is in a
 * register, or is computed in rax. */
static void
index_and_page (Lower *l, Opnd o, int32_t lo, int32_t hi)
{
  Asm *a = &l->a;
  bool w = !l->r->addr32;
  int base = o.kind == OPND_REG ? o.reg : RAX;
  if (o.kind != OPND_REG)
    int_to (l, w, RAX, o);
  if (lo != 0)
    asm_lea (a, false, RCX, mem_base (base, lo));
  else
    asm_mov_rr (a, false, RCX, base);
  asm_shift_ri (a, 5, false, RCX, JIT_PAGE_BITS - 4);
  asm_alu_ri (a, ALU_AND, false, RCX, (JIT_TLB_SIZE - 1) << 4);
  if (hi - 1 != 0)
    asm_lea (a, w, RAX, mem_base (base, hi - 1));
  else if (base != RAX)
    asm_mov_rr (a, w, RAX, base);
  asm_alu_ri (a, ALU_AND, w, RAX, -(1 << JIT_PAGE_BITS));
}

/* Which TLB. */
typedef struct {
  bool write;
  bool user; /* of the user's space: rcx is not an offset but in the space then */
} Tlb;

static Mem
tlb_mem (Tlb tlb, size_t member)
{
  int32_t disp = (int32_t)((tlb.write ? offsetof (JitSpace, write) : offsetof (JitSpace, read)) + member);
  return tlb.user ? mem_base (RCX, disp) : (Mem){ .base = R13, .index = RCX, .disp = disp };
}

static uint32_t
size_kind (unsigned size)
{
  return size == 16 ? JIT_KIND_WIDE16 : (uint32_t)__builtin_ctz (size);
}

static Cold *
cold_at (Lower *l, unsigned index)
{
  return &g_array_index (l->cold, Cold, index);
}

/* The host operand for guest address o + disp, whose addend is in rcx. Leaves rax free. */
static Mem
with_addend (Lower *l, Opnd o, int32_t disp)
{
  Mem m = { .base = RCX, .index = -1, .disp = disp };
  if (o.kind == OPND_REG) {
    m.base = o.reg;
    m.index = RCX;
  } else if (o.kind == OPND_MEM) {
    asm_alu_rm (&l->a, ALU_ADD, true, RCX, o.mem);
  } else {
    int_to (l, true, RAX, o);
    asm_alu_rr (&l->a, ALU_ADD, true, RCX, RAX);
  }
  return m;
}

/* Looks for [o + lo, o + hi); a miss goes to a cold path of the kind given, returned as its index in l->cold.
 */
static unsigned
check (Lower *l, Opnd o, int32_t lo, int32_t hi, Tlb tlb, ColdKind kind)
{
  index_and_page (l, o, lo, hi);
  if (tlb.user)
    asm_alu_rm (&l->a, ALU_ADD, true, RCX, STATE (user_space));
  asm_alu_rm (&l->a, ALU_CMP, true, RAX, tlb_mem (tlb, offsetof (JitTlbEntry, tag)));
  unsigned index = l->cold->len;
  Cold *cold = cold_new (l, kind, asm_jcc (&l->a, CC_NE, NULL));
  cold->pc = l->insn_pc;
  cold->base = o;
  return index;
}

/* The host operand for the `size` bytes at guest address o + disp. rax is free afterwards. */
static Mem
look_up (Lower *l, Opnd o, int32_t disp, unsigned size, Tlb tlb, ColdKind kind, unsigned *ret_cold)
{
  *ret_cold = check (l, o, disp, disp + (int32_t)size, tlb, kind);
  cold_at (l, *ret_cold)->disp = disp;
  cold_at (l, *ret_cold)->mem_kind = size_kind (size) | (tlb.user ? JIT_KIND_USER : 0);
  if (l->r->addr32) { /* The sum wraps before it is a host address. */
    int base = int_reg (l, false, o, RAX);
    asm_lea (&l->a, false, RAX, mem_base (base, disp));
    asm_alu_rm (&l->a, ALU_ADD, true, RAX, tlb_mem (tlb, offsetof (JitTlbEntry, addend)));
    asm_mov_rr (&l->a, true, RCX, RAX);
    return mem_base (RCX, 0);
  }
  asm_load64 (&l->a, RCX, tlb_mem (tlb, offsetof (JitTlbEntry, addend)));
  return with_addend (l, o, disp);
}

/* ---- Spans: accesses of one block near the same base ask for the page once. ---- */

/* Further apart, the chance that they lie in two pages is too high. */
#define SPAN_MAX 512

static bool
kills_base (const IrOp *op, IrVal base)
{
  if (op->op == IR_HELPER && jit_config.helpers[op->imm].flags & IR_H_STATE)
    return true;
  return op->dst == base && IR_IS_VAR (base);
}

/* What the accesses from op on, up to the next change of the base, have in common; how many they are. A span
 * of stores serves loads too. */
static unsigned
scan_span (const Lower *l, const IrOp *op, Span *span)
{
  const IrOp *end = &l->r->ops[l->block->first_op + l->block->n_ops];
  bool write = op->op == IR_STORE;
  unsigned n = 0;
  *span = (Span){ .base = op->a, .write = write, .lo = op->imm, .hi = op->imm };
  for (const IrOp *at = op; at < end; at++) {
    if ((at->op == IR_LOAD || (at->op == IR_STORE && write)) && at->a == op->a &&
        !(at->flags & (IR_F_ALIGNED | IR_F_USER))) {
      int32_t lo = MIN (span->lo, at->imm), hi = MAX (span->hi, at->imm + (int32_t)IR_MEM_BYTES (at->sub));
      if (hi - lo <= SPAN_MAX) {
        span->lo = lo;
        span->hi = hi;
        n++;
      }
    }
    if (kills_base (at, op->a))
      break;
  }
  return n;
}

static const Span *
known_span (const Lower *l, const IrOp *op)
{
  for (unsigned i = 0; i < l->n_spans; i++) {
    const Span *span = &l->span[i];
    if (span->base == op->a && span->lo <= op->imm && op->imm + (int32_t)IR_MEM_BYTES (op->sub) <= span->hi &&
        (span->write || op->op == IR_LOAD))
      return span;
  }
  return NULL;
}

void
span_step (Lower *l, const IrOp *op)
{
  for (unsigned i = l->n_spans; i-- > 0;)
    if (kills_base (op, l->span[i].base))
      l->span[i] = l->span[--l->n_spans];
}

static Mem
span_mem (unsigned slot)
{
  return state_mem (STATE_OFF (span) + 8 * (int32_t)slot);
}

static void
add_span (Lower *l, Span *span)
{
  span->slot = l->next_span++ % JIT_SPANS;
  for (unsigned i = l->n_spans; i-- > 0;)
    if (l->span[i].slot == span->slot)
      l->span[i] = l->span[--l->n_spans];
  l->span[l->n_spans++] = *span;
}

static Tlb
tlb_of (const IrOp *op)
{
  return (Tlb){ .write = op->op == IR_STORE, .user = op->flags & IR_F_USER };
}

/* The host operand of a load or store, by whichever way is the cheapest. `ret_retry` is where rcx, once it
 * holds an addend, serves the access. */
static Mem
access_mem (Lower *l, const IrOp *op, unsigned *ret_cold)
{
  Opnd o = opnd_int (l, op->a);
  bool write = op->op == IR_STORE;
  unsigned size = IR_MEM_BYTES (op->sub);
  Span span;
  bool single = l->r->addr32 || IR_IS_CONST (op->a) || op->flags & IR_F_USER;
  const Span *known = single ? NULL : known_span (l, op);
  if (known != NULL) {
    asm_load64 (&l->a, RCX, span_mem (known->slot));
    asm_rr_n (&l->a, OP0 (0xf6), false, 0, RCX, 1); /* test cl, JIT_NO_ADDEND */
    asm_u8 (&l->a, JIT_NO_ADDEND);
    *ret_cold = l->cold->len;
    cold_new (l, COLD_SINGLE, asm_jcc (&l->a, CC_NE, NULL));
  } else if (single || op->flags & IR_F_ALIGNED || scan_span (l, op, &span) < 2) {
    return look_up (l, o, op->imm, size, tlb_of (op), write ? COLD_STORE : COLD_LOAD, ret_cold);
  } else {
    add_span (l, &span);
    *ret_cold = check (l, o, span.lo, span.hi, tlb_of (op), COLD_SPAN);
    asm_load64 (&l->a, RCX, tlb_mem (tlb_of (op), offsetof (JitTlbEntry, addend)));
    asm_store64 (&l->a, span_mem (span.slot), RCX);
    cold_at (l, *ret_cold)->span = span.slot;
    cold_at (l, *ret_cold)->mem_kind = (uint32_t)(op->imm - span.lo) << JIT_KIND_BELOW |
                                       (uint32_t)(span.hi - op->imm) << JIT_KIND_ABOVE |
                                       (write ? JIT_KIND_WRITE : 0);
  }
  Cold *cold = cold_at (l, *ret_cold);
  cold->pc = l->insn_pc;
  cold->base = o;
  cold->disp = op->imm;
  cold->mem_kind |= size_kind (size);
  cold->op = op;
  cold->resume = l->a.p;
  return with_addend (l, o, op->imm);
}

/* ---- The accesses themselves. ---- */

static void
load_to (Lower *l, const IrOp *op, int d, Mem m)
{
  bool wide;
  switch (op->type) {
    case IR_V128: asm_xload (&l->a, true, d, m); break;
    case IR_F64: asm_fload64 (&l->a, d, m); break;
    case IR_F32:
      if (jit_has_wide) {
        asm_vex_rm (&l->a, V_MOVSS_LOAD, false, d, 0, m);
        break;
      }
      asm_vex_rm (&l->a, V_INSERTPS, false, d, XMM_ONES, m);
      asm_u8 (&l->a, 0);
      break;
    case IR_F16:
      asm_rm (&l->a, OP0F (0xb7), false, RAX, m);
      if (!jit_has_wide)
        asm_alu_ri (&l->a, ALU_OR, true, RAX, -65536);
      asm_vex_rr (&l->a, V_MOVD_TO_X, true, d, 0, RAX);
      break;
    default: {
      unsigned code = load_opcode (op, &wide);
      asm_rm (&l->a, code, wide, d, m);
    }
  }
}

static uint32_t
load_kind (const IrOp *op)
{
  if (op->type >= IR_F16)
    return JIT_KIND_WIDE;
  return (IR_MEM_SIGNED (op->sub) ? JIT_KIND_SIGNED : 0) | (op->type == IR_I64 ? JIT_KIND_WIDE : 0);
}

/* Where the cold path goes on once it has done the access. */
static void
set_done (Cold *cold, uint8_t *done)
{
  cold->done = done;
  if (cold->kind != COLD_SPAN)
    cold->resume = done;
}

static void lower_quick_load (Lower *l, const IrOp *op);
static void lower_quick_store (Lower *l, const IrOp *op);

/* Code that has not run often yet is kept short: its accesses are calls. */
static bool
is_quick (const Lower *l, const IrOp *op)
{
  return l->tier == JIT_BLOCK && op->type != IR_V128 && !(op->flags & IR_F_USER);
}

static int
load_dst (Lower *l, const IrOp *op)
{
  if (op->type == IR_V128)
    return dst_vec (l, op->dst);
  return op->type >= IR_F16 ? dst_fp (l, op->dst) : dst_int (l, op->dst);
}

static void
load_done (Lower *l, const IrOp *op, int d)
{
  if (op->type == IR_V128)
    dst_vec_done (l, op->dst, d, false);
  else if (op->type >= IR_F16)
    dst_fp_done (l, op->dst, d, op->type == IR_F32);
  else
    dst_int_done (l, op->dst, d);
}

static void
check_alignment (Lower *l, const IrOp *op)
{
  if (op->flags & IR_F_ALIGNED && IR_MEM_LOG2 (op->sub) > 0)
    check_aligned (l, mem_base (int_reg (l, true, opnd_int (l, op->a), RAX), op->imm),
                   IR_MEM_BYTES (op->sub));
}

static void
lower_load (Lower *l, const IrOp *op)
{
  unsigned index;
  check_alignment (l, op);
  if (is_quick (l, op)) {
    lower_quick_load (l, op);
    return;
  }
  Mem m = access_mem (l, op, &index);
  free_dying (l, op);
  int d = load_dst (l, op);
  load_to (l, op, d, m);
  Cold *cold = cold_at (l, index);
  cold->type = op->type;
  cold->r[0] = d;
  cold->mem_kind |= load_kind (op);
  set_done (cold, l->a.p);
  if (op->flags & IR_F_SX && op->type == IR_I32)
    asm_movsxd (&l->a, d, d);
  load_done (l, op, d);
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
store_from (Lower *l, const IrOp *op, Opnd v, Mem m)
{
  unsigned log2 = IR_MEM_LOG2 (op->sub);
  if (op->type == IR_V128) {
    asm_xstore (&l->a, true, m, vec_reg (l, v, 0));
  } else if (op->type >= IR_F16) {
    int x = fp_reg (l, v, 0);
    if (op->type == IR_F16) {
      asm_vex_rr (&l->a, V_MOVD_FROM_X, false, x, 0, RAX);
      asm_rm (&l->a, OP_66 (OP0 (0x89)), false, RAX, m);
    } else {
      asm_vex_rm (&l->a, op->type == IR_F64 ? V_MOVSD_STORE : V_MOVSS_STORE, false, x, 0, m);
    }
  } else if (v.kind == OPND_IMM && (log2 < 3 || v.imm == (int32_t)v.imm)) {
    store_imm (l, log2, m, v.imm);
  } else {
    int reg = int_reg (l, true, v, RAX);
    asm_rm_n (&l->a, (log2 == 0 ? OP0 (0x88) : OP0 (0x89)) | (log2 == 1 ? 0x1000 : 0), log2 == 3, reg, m,
              1u << log2);
  }
}

static void
lower_store (Lower *l, const IrOp *op)
{
  unsigned index;
  check_alignment (l, op);
  if (is_quick (l, op)) {
    lower_quick_store (l, op);
    return;
  }
  Opnd v = op->type == IR_V128  ? opnd_vec (l, op->b)
           : op->type >= IR_F16 ? opnd_fp (l, op->b)
                                : opnd_int (l, op->b);
  Mem m = access_mem (l, op, &index);
  store_from (l, op, v, m);
  free_dying (l, op);
  Cold *cold = cold_at (l, index);
  cold->type = op->type;
  cold->value = v;
  set_done (cold, l->a.p);
}

void
lower_soft_mem (Lower *l)
{
  const IrOp *op = &l->r->ops[l->op_index];
  if (op->op == IR_LOAD)
    lower_load (l, op);
  else
    lower_store (l, op);
}

Mem
soft_atomic_mem (Lower *l, IrVal addr, unsigned size)
{
  unsigned index;
  uint8_t *again = l->a.p;
  Mem m = look_up (l, opnd_int (l, addr), 0, size, (Tlb){ .write = true }, COLD_FILL, &index);
  cold_at (l, index)->resume = again;
  if (m.index >= 0)
    asm_alu_rr (&l->a, ALU_ADD, true, RCX, m.base);
  return mem_base (RCX, 0);
}

Mem
soft_line_mem (Lower *l, IrVal addr, int32_t size)
{
  Mem m = soft_atomic_mem (l, addr, 1);
  asm_alu_ri (&l->a, ALU_AND, true, RCX, -size); /* Pages are aligned in both worlds. */
  return m;
}

/* ---- Out of line. ---- */

/* rax = o + disp. */
static void
address_to_rax (Lower *l, Opnd o, int32_t disp)
{
  int base = int_reg (l, true, o, RAX);
  if (disp != 0 || l->r->addr32)
    asm_lea (&l->a, !l->r->addr32, RAX, mem_base (base, disp));
  else if (base != RAX)
    asm_mov_rr (&l->a, true, RAX, base);
}

static void
call_slow (Lower *l, const Cold *cold, const uint8_t *stub)
{
  address_to_rax (l, cold->base, cold->disp);
  restore_pinned (l, true);
  asm_call (&l->a, stub);
  asm_pc (l, cold->pc);
  asm_u32 (&l->a, cold->mem_kind);
  restore_pinned (l, false);
}

static void
value_to_slot (Lower *l, IrType type, Opnd value)
{
  Mem slot = STATE (slow_value);
  if (type == IR_V128)
    asm_xstore (&l->a, true, STATE (wide_arg[0]), vec_reg (l, value, 0));
  else if (type >= IR_F16)
    asm_fstore64 (&l->a, slot, fp_reg (l, value, 0));
  else
    asm_store64 (&l->a, slot, int_reg (l, true, value, RCX));
}

/* rax to the load's destination. */
static void
deliver (Lower *l, IrType type, int d)
{
  switch (type) {
    case IR_F16:
      if (!jit_has_wide)
        asm_alu_ri (&l->a, ALU_OR, true, RAX, -65536);
      asm_vex_rr (&l->a, V_MOVD_TO_X, true, d, 0, RAX);
      break;
    case IR_F32:
      if (jit_has_wide) {
        asm_vex_rr (&l->a, V_MOVD_TO_X, false, d, 0, RAX);
        break;
      }
      asm_vex_rr (&l->a, V_MOVD_TO_X, false, 0, 0, RAX);
      asm_vex_rr (&l->a, V_INSERTPS, false, d, XMM_ONES, 0);
      asm_u8 (&l->a, 0);
      break;
    case IR_F64: asm_vex_rr (&l->a, V_MOVD_TO_X, true, d, 0, RAX); break;
    case IR_V128: asm_xload (&l->a, true, d, STATE (wide_arg[0])); break;
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
    value_to_slot (l, cold->type, cold->value);
  call_slow (l, cold,
             cold->kind == COLD_LOAD    ? jit_stubs.slow_load
             : cold->kind == COLD_STORE ? jit_stubs.slow_store
                                        : jit_stubs.slow_fill);
  if (cold->kind == COLD_LOAD)
    deliver (l, cold->type, cold->r[0]);
  if (cold->kind == COLD_FILL) {
    asm_rr_n (a, OP0 (0x84), false, RAX, RAX, 1); /* test al, al */
    asm_jcc (a, CC_NE, cold->resume + a->delta);
    restore_pinned (l, true);
    asm_call (a, jit_stubs.exit);
    asm_pc (l, cold->pc);
    asm_u32 (a, JIT_EXIT_INTERPRET);
    return;
  }
  asm_jmp (a, cold->resume + a->delta);
}

void
emit_single (Lower *l, const Cold *cold)
{
  unsigned index;
  const IrOp *op = cold->op;
  bool write = op->op == IR_STORE;
  l->insn_pc = cold->pc;
  Mem m = look_up (l, cold->base, cold->disp, IR_MEM_BYTES (op->sub), tlb_of (op),
                   write ? COLD_STORE : COLD_LOAD, &index);
  if (write)
    store_from (l, op, cold->value, m);
  else
    load_to (l, op, cold->r[0], m);
  Cold *miss = cold_at (l, index);
  miss->type = cold->type;
  miss->value = cold->value;
  miss->r[0] = cold->r[0];
  miss->mem_kind = cold->mem_kind & 0xff;
  miss->resume = cold->done;
  asm_jmp (&l->a, cold->done + l->a.delta);
}

void
emit_span (Lower *l, const Cold *cold)
{
  call_slow (l, cold, jit_stubs.slow_span);
  asm_store64 (&l->a, span_mem (cold->span), RAX);
  asm_mov_rr (&l->a, true, RCX, RAX);
  asm_rr_n (&l->a, OP0 (0xf6), false, 0, RAX, 1); /* test al, JIT_NO_ADDEND */
  asm_u8 (&l->a, JIT_NO_ADDEND);
  asm_jcc (&l->a, CC_E, cold->resume + l->a.delta);
  emit_single (l, cold);
}

/* movabs rcx, pc: the stub takes the pc from here if it has to call out. */
static void
pc_for_stub (Lower *l)
{
  asm_u8 (&l->a, 0x48), asm_u8 (&l->a, 0xb9);
  asm_pc (l, l->insn_pc);
}

static void
lower_quick_load (Lower *l, const IrOp *op)
{
  bool fp = op->type >= IR_F16;
  address_to_rax (l, opnd_int (l, op->a), op->imm);
  asm_call (&l->a, jit_stubs.quick_load[IR_MEM_LOG2 (op->sub) | load_kind (op)]);
  pc_for_stub (l);
  free_dying (l, op);
  int d = fp ? dst_fp (l, op->dst) : dst_int (l, op->dst);
  deliver (l, op->type, d);
  if (op->flags & IR_F_SX && op->type == IR_I32)
    asm_movsxd (&l->a, d, d);
  if (fp)
    dst_fp_done (l, op->dst, d, op->type == IR_F32);
  else
    dst_int_done (l, op->dst, d);
}

static void
lower_quick_store (Lower *l, const IrOp *op)
{
  bool fp = op->type >= IR_F16;
  value_to_slot (l, op->type, fp ? opnd_fp (l, op->b) : opnd_int (l, op->b));
  address_to_rax (l, opnd_int (l, op->a), op->imm);
  asm_call (&l->a, jit_stubs.quick_store[IR_MEM_LOG2 (op->sub)]);
  pc_for_stub (l);
  free_dying (l, op);
}
