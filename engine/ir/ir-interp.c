/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The interpreter: ops one after another, guest memory through IrState.mem. */

#include "ir-interp.h"
#include "ir-eval.h"
#include "bits.h"

typedef struct {
  IrState *s;
  const IrRegion *r;
  uint64_t *temps;
} Frame;

void
ir_leave (IrState *s, IrExit reason)
{
  siglongjmp (*s->leave, (int)reason);
}

static inline uint64_t
value_of (const Frame *f, IrVal v)
{
  if (IR_IS_VAR (v))
    return f->s->var[v];
  if (IR_IS_TEMP (v))
    return f->temps[v - IR_TEMP_BASE];
  return v == IR_NONE ? 0 : (uint64_t)ir_const_value (f->r, v);
}

static inline void
set_value (const Frame *f, IrVal dst, uint64_t value)
{
  if (IR_IS_VAR (dst)) {
    f->s->var[dst] = value;
    if (f->s->wide[dst / 64] >> (dst % 64) & 1)
      f->s->var[dst + 1] = 0;
  } else if (IR_IS_TEMP (dst))
    f->temps[dst - IR_TEMP_BASE] = value;
}

static IrV128
wide_value_of (const Frame *f, IrVal v)
{
  IrV128 value = { .d = { value_of (f, v), v == IR_NONE ? 0 : value_of (f, v + 1) } };
  return value;
}

static void
set_wide_value (const Frame *f, IrVal dst, const IrV128 *value)
{
  uint64_t *to = IR_IS_VAR (dst) ? &f->s->var[dst] : &f->temps[dst - IR_TEMP_BASE];
  to[0] = value->d[0];
  to[1] = value->d[1];
}

static inline uint64_t
wrap (const IrRegion *r, uint64_t addr)
{
  return r->addr32 ? (uint32_t)addr : addr;
}

/* The low `size` bytes of x, their order reversed. */
static uint64_t
swap_bytes (uint64_t x, unsigned size)
{
  return __builtin_bswap64 (x) >> (64 - 8 * size);
}

/* A value of sub's size from memory, as the destination of a memory op receives it. */
static uint64_t
extend_loaded (const IrOp *op, uint64_t x)
{
  unsigned bits = 8 * IR_MEM_BYTES (op->sub);

  if (op->type >= IR_F16)
    return op->flags & IR_F_UNBOXED ? bits_zext (x, bits) : x | ~bits_mask (bits);
  x = IR_MEM_SIGNED (op->sub) ? (uint64_t)bits_sext (x, bits) : bits_zext (x, bits);
  return op->type == IR_I32 ? ir_extend32 (x, op->flags) : x;
}

static uint64_t
load (const Frame *f, const IrOp *op, uint64_t addr, unsigned size)
{
  const IrMemOps *mem = f->s->mem;
  return (op->flags & IR_F_USER ? mem->load_user : mem->load) (f->s, addr, size);
}

static void
store (const Frame *f, const IrOp *op, uint64_t addr, unsigned size, uint64_t value)
{
  const IrMemOps *mem = f->s->mem;
  (op->flags & IR_F_USER ? mem->store_user : mem->store) (f->s, addr, size, value);
}

/* An atomic at a misaligned address only faults. */
static void
check_aligned (const Frame *f, const IrOp *op, uint64_t addr)
{
  static const uint64_t zero[2];
  uint64_t old[2];
  unsigned size = IR_MEM_BYTES (op->sub);

  if (!(op->flags & IR_F_ALIGNED) || (addr & (size - 1)) == 0)
    return;
  if (f->s->mem->misaligned != NULL)
    f->s->mem->misaligned (f->s, addr, op->op == IR_STORE);
  else if (size == 16)
    f->s->mem->cas16 (f->s, addr, zero, zero, old);
  else
    f->s->mem->rmw (f->s, addr, size, IR_RMW_OR, 0);
}

static void
run_wide_load (const Frame *f, const IrOp *op)
{
  uint64_t addr = value_of (f, op->a) + (uint64_t)(int64_t)op->imm;
  IrV128 value;
  check_aligned (f, op, wrap (f->r, addr));
  for (unsigned i = 0; i < 2; i++)
    value.d[i] = load (f, op, wrap (f->r, addr + 8 * i), 8);
  set_wide_value (f, op->dst, &value);
}

static void
run_load (const Frame *f, const IrOp *op)
{
  unsigned size = IR_MEM_BYTES (op->sub);
  if (op->type == IR_V128) {
    run_wide_load (f, op);
    return;
  }
  uint64_t addr = wrap (f->r, value_of (f, op->a) + (uint64_t)(int64_t)op->imm);

  check_aligned (f, op, addr);
  uint64_t x = load (f, op, addr, size);
  if (op->flags & IR_F_BE)
    x = swap_bytes (x, size);
  set_value (f, op->dst, extend_loaded (op, x));
}

/* All or nothing of it is written: what lies in another page is tried first. */
static void
run_wide_store (const Frame *f, const IrOp *op)
{
  uint64_t addr = value_of (f, op->a) + (uint64_t)(int64_t)op->imm;
  IrV128 value = wide_value_of (f, op->b);
  check_aligned (f, op, wrap (f->r, addr));
  bool crosses = ((addr + 15) ^ addr) >> 12 != 0;
  for (unsigned i = 0; i < 2; i++) {
    unsigned half = crosses ? 1 - i : i;
    store (f, op, wrap (f->r, addr + 8 * half), 8, value.d[half]);
  }
}

static void
run_store (const Frame *f, const IrOp *op)
{
  unsigned size = IR_MEM_BYTES (op->sub);
  uint64_t x = value_of (f, op->b);
  if (op->type == IR_V128) {
    run_wide_store (f, op);
    return;
  }

  x = op->flags & IR_F_BE ? swap_bytes (x, size) : bits_zext (x, 8 * size);
  uint64_t addr = wrap (f->r, value_of (f, op->a) + (uint64_t)(int64_t)op->imm);
  check_aligned (f, op, addr);
  store (f, op, addr, size, x);
}

static void
run_atomic (const Frame *f, const IrOp *op)
{
  unsigned size = IR_MEM_BYTES (op->sub);
  uint64_t addr = wrap (f->r, value_of (f, op->a));
  uint64_t b = bits_zext (value_of (f, op->b), 8 * size), old;

  if (op->op == IR_RMW)
    old = f->s->mem->rmw (f->s, addr, size, (IrRmw)op->imm, b);
  else
    old = f->s->mem->cas (f->s, addr, size, b, bits_zext (value_of (f, op->c), 8 * size));
  set_value (f, op->dst, extend_loaded (op, old));
}

static void
run_zeroline (const Frame *f, const IrOp *op)
{
  uint64_t line = (uint64_t)op->imm, start = wrap (f->r, value_of (f, op->a)) & ~(line - 1);
  unsigned step = (unsigned)MIN (line, 8);

  for (uint64_t i = 0; i < line; i += step)
    f->s->mem->store (f->s, start + i, step, 0);
}

static void
run_helper (const Frame *f, const IrOp *op)
{
  uint64_t a = value_of (f, op->a), b = value_of (f, op->b), c = value_of (f, op->c);
  set_value (f, op->dst, f->s->helpers[op->imm].fn (f->s, a, b, c));
}

uint64_t
ir_eval (IrState *s, uint64_t desc_bits, uint64_t a, uint64_t b, uint64_t c)
{
  IrDesc d = { .bits = desc_bits };
  return ir_op_is_pure_int (d.op) ? ir_eval_int (d, a, b, c) : ir_eval_fp (s, d, a, b, c);
}

void
ir_eval_wide (IrState *s, uint64_t desc_bits, IrV128 arg[3])
{
  IrDesc d = { .bits = desc_bits };
  if (d.type != IR_V128)
    arg[0] = (IrV128){ .d = { ir_eval (s, desc_bits, arg[0].d[0], arg[1].d[0], arg[2].d[0]), 0 } };
  else if (d.op == IR_VHELPER)
    s->vector_helpers[d.imm].fn (&arg[0], &arg[0], &arg[1], &arg[2], d.sub);
  else if (d.op >= IR_VFADD && d.op <= IR_VFNARROW)
    ir_eval_vector_fp (s, d, &arg[0], &arg[0], &arg[1], &arg[2]);
  else
    ir_eval_vector (d, &arg[0], &arg[0], &arg[1], &arg[2]);
}

static void
run_wide (const Frame *f, const IrOp *op, unsigned wide)
{
  static const uint8_t shape[3] = { IR_SHAPE_A, IR_SHAPE_B, IR_SHAPE_C };
  const IrVal in[3] = { op->a, op->b, op->c };
  IrV128 arg[3];
  for (unsigned i = 0; i < 3; i++) {
    if (wide & shape[i])
      arg[i] = wide_value_of (f, in[i]);
    else
      arg[i] = (IrV128){ .d = { value_of (f, in[i]), 0 } };
  }
  ir_eval_wide (f->s, op->desc.bits, arg);
  if (wide & IR_SHAPE_D)
    set_wide_value (f, op->dst, &arg[0]);
  else
    set_value (f, op->dst, arg[0].d[0]);
}

static void
run_narrow (const Frame *f, const IrOp *op)
{
  uint64_t x = ir_eval (f->s, op->desc.bits, value_of (f, op->a), value_of (f, op->b), value_of (f, op->c));
  bool copies = op->op == IR_MOV || op->op == IR_SELECT;
  /* Where containers are vectors a number is copied, not what happens to be above it. */
  if (copies && (op->type == IR_F16 || op->type == IR_F32) && (f->s->wide[0] | f->s->wide[1]) != 0)
    x = bits_zext (x, op->type == IR_F16 ? 16 : 32);
  set_value (f, op->dst, x);
}

static unsigned
flag_order (unsigned flags, IrFpFlagOrder order)
{
  return order == IR_FPFLAGS_INVALID_LOW ? flags & 31 : ir_fpflags_reverse (flags);
}

static void
run_op (const Frame *f, const IrOp *op)
{
  switch (op->op) {
    case IR_INSN: f->s->pc = wrap (f->r, f->r->pc + (uint64_t)(int64_t)op->imm); break;
    case IR_LOAD: run_load (f, op); break;
    case IR_STORE: run_store (f, op); break;
    case IR_RMW:
    case IR_CAS: run_atomic (f, op); break;
    /* One full fence serves for all kinds. */
    case IR_FENCE: __atomic_thread_fence (__ATOMIC_SEQ_CST); break;
    case IR_ZEROLINE: run_zeroline (f, op); break;
    case IR_HELPER: run_helper (f, op); break;
    case IR_TRAP:
      if (value_of (f, op->a) != 0)
        f->s->helpers[op->imm].fn (f->s, value_of (f, op->b), 0, 0);
      break;
    case IR_STATE:
      set_value (f, op->dst, *(const uint64_t *)(const void *)((const char *)f->s + op->imm));
      break;
    case IR_FPFLAGS: set_value (f, op->dst, flag_order (f->s->fp.flags, op->sub)); break;
    case IR_SETFPFLAGS: f->s->fp.flags = flag_order ((unsigned)value_of (f, op->a), op->sub); break;
    default:
      if (op->dst == IR_NONE)
        break;
      if (op->type == IR_V128)
        run_wide (f, op, ir_op_wide (op->desc));
      else
        run_narrow (f, op);
  }
}

static IrExit
run_end (const Frame *f, const IrBlock *block)
{
  uint64_t a = value_of (f, block->a);
  uint64_t indirect = wrap (f->r, a & ~(uint64_t)block->align);

  switch (block->end) {
    case IR_END_BRANCH: {
      bool taken = ir_eval_cond (block->cond, block->type, a, value_of (f, block->b));
      const IrEdge *edge = &block->target[taken ? 0 : 1];
      f->s->pc = edge->pc;
      return edge->block >= 0 && f->r->blocks[edge->block].split
                 ? ir_interp_block (f->s, f->r, (uint32_t)edge->block)
                 : IR_EXIT_NONE;
    }
    case IR_END_CALL:
      set_value (f, block->link, block->target[1].pc);
      f->s->pc = block->a != IR_NONE ? indirect : block->target[0].pc;
      break;
    case IR_END_RET:
    case IR_END_INDIRECT: f->s->pc = indirect; break;
    case IR_END_EXIT: f->s->pc = block->target[0].pc; return block->reason;
    default: f->s->pc = block->target[0].pc;
  }
  return IR_EXIT_NONE;
}

IrExit
ir_interp_block (IrState *s, const IrRegion *r, uint32_t index)
{
  const IrBlock *block = &r->blocks[index];
  /* At most 254 KiB. On the stack, so that ir_leave() leaks nothing and helpers may run guest code
   * themselves. */
  Frame f = { s, r, g_newa (uint64_t, r->n_temps + 1) };

  for (const IrOp *op = r->ops + block->first_op, *end = op + block->n_ops; op < end; op++)
    run_op (&f, op);
  return run_end (&f, block);
}
