/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "harness.h"
#include <signal.h>
#include <string.h>

static uint8_t memory[MEM_SIZE];

static uint8_t *
mem_at (IrState *s, uint64_t addr, unsigned size, bool aligned)
{
  if (addr < MEM_BASE || addr + size > MEM_BASE + MEM_SIZE || (aligned && addr % size != 0)) {
    bool bus = addr >= MEM_BASE && addr + size <= MEM_BASE + MEM_SIZE;
    s->fault = (IrFault){ .addr = addr, .signo = bus ? SIGBUS : SIGSEGV };
    ir_leave (s, IR_EXIT_FAULT);
  }
  return memory + (addr - MEM_BASE);
}

uint64_t
mem_get (uint64_t addr, unsigned size)
{
  uint64_t value = 0;
  memcpy (&value, memory + (addr - MEM_BASE), size);
  return value;
}

void
mem_set (uint64_t addr, unsigned size, uint64_t value)
{
  memcpy (memory + (addr - MEM_BASE), &value, size);
}

static uint64_t
test_load (IrState *s, uint64_t addr, unsigned size)
{
  mem_at (s, addr, size, false);
  return mem_get (addr, size);
}

static void
test_store (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
  mem_at (s, addr, size, false);
  mem_set (addr, size, value);
}

static int64_t
sign (uint64_t x, unsigned size)
{
  return (int64_t)(x << (64 - 8 * size)) >> (64 - 8 * size);
}

static uint64_t
test_rmw (IrState *s, uint64_t addr, unsigned size, IrRmw op, uint64_t value)
{
  mem_at (s, addr, size, true);
  uint64_t old = mem_get (addr, size), result = value;
  switch (op) {
    case IR_RMW_SWAP: break;
    case IR_RMW_ADD: result = old + value; break;
    case IR_RMW_AND: result = old & value; break;
    case IR_RMW_OR: result = old | value; break;
    case IR_RMW_XOR: result = old ^ value; break;
    case IR_RMW_MINS: result = sign (old, size) < sign (value, size) ? old : value; break;
    case IR_RMW_MAXS: result = sign (old, size) > sign (value, size) ? old : value; break;
    case IR_RMW_MINU: result = MIN (old, value); break;
    case IR_RMW_MAXU: result = MAX (old, value); break;
  }
  mem_set (addr, size, result);
  return old;
}

static uint64_t
test_cas (IrState *s, uint64_t addr, unsigned size, uint64_t expected, uint64_t desired)
{
  mem_at (s, addr, size, true);
  uint64_t old = mem_get (addr, size);
  if (old == expected)
    mem_set (addr, size, desired);
  return old;
}

static void
test_cas16 (IrState *s, uint64_t addr, const uint64_t *expected, const uint64_t *desired, uint64_t *ret_old)
{
  uint8_t *p = mem_at (s, addr, 16, true);
  uint64_t old[2];
  memcpy (old, p, 16);
  if (memcmp (old, expected, 16) == 0)
    memcpy (p, desired, 16);
  memcpy (ret_old, old, 16);
}

static const IrMemOps test_mem = { test_load, test_store, test_rmw, test_cas, test_cas16 };

Hart *
hart_new (unsigned bits, const char *model)
{
  const GuestIsa *isa = bits == 32 ? &riscv32_isa : &riscv64_isa;
  g_autoptr (GError) error = NULL;
  Hart *h = g_new0 (Hart, 1);

  h->rv = g_malloc0 (isa->cpu_size);
  h->rv->cpu.isa = isa;
  h->s = &h->rv->cpu.state;
  h->s->mem = &test_mem;
  h->s->helpers = isa->helpers;
  isa->cpu_init (&h->rv->cpu, model, &error);
  g_assert_no_error (error);
  return h;
}

void
hart_free (Hart *h)
{
  g_free (h->rv);
  g_free (h);
}

static int64_t
operand (const Ops *ops, RvArg arg)
{
  switch (arg) {
    case RV_ARG_imm: return ops->imm;
    case RV_ARG_csr: return ops->csr;
    case RV_ARG_aq: return ops->aq;
    case RV_ARG_rl: return ops->rl;
    case RV_ARG_fm: return ops->fm;
    case RV_ARG_pred: return ops->pred;
    case RV_ARG_succ: return ops->succ;
    case RV_ARG_rd: return ops->rd;
    case RV_ARG_rm: return ops->rm;
    case RV_ARG_rs1: return ops->rs1;
    case RV_ARG_rs2: return ops->rs2;
    case RV_ARG_rs3: return ops->rs3;
  }
  g_assert_not_reached ();
}

uint32_t
encode (RvOp op, const Ops *ops)
{
  const DecodeInsn *insn = &rv_insns[op];
  uint32_t w = insn->value;

  for (unsigned i = 0; i < insn->n_fields; i++) {
    w = decode_place (&insn->fields[i], w, operand (ops, insn->fields[i].arg));
    g_assert_cmpint (decode_extract (&insn->fields[i], w), ==, operand (ops, insn->fields[i].arg));
  }
  return w;
}

void
hart_add_word (Hart *h, uint32_t word)
{
  unsigned size = (word & 3) == 3 ? 4 : 2;
  memcpy (h->code + h->code_size, &word, size);
  h->code_size += size;
}

void
hart_add (Hart *h, RvOp op, const Ops *ops)
{
  hart_add_word (h, encode (op, ops));
}

/* Translates from pc to the end of a block or of the code, which starts at `start`. */
static void
translate_block (Hart *h, IrBuilder *b, IrRegion *r, const uint8_t *code, uint64_t start, uint64_t end)
{
  const GuestIsa *isa = h->rv->cpu.isa;
  uint64_t pc = h->s->pc;
  IsaFlow flow = ISA_NEXT;

  ir_region_reset (r, pc, h->s->mode, isa->bits == 32);
  ir_builder_init (b, r);
  b->helpers = isa->helpers;
  ir_block_begin (b, pc, false);
  while (flow == ISA_NEXT && pc < end) {
    IsaInsn insn = {
      .b = b, .cpu = &h->rv->cpu, .pc = pc, .mode = h->s->mode, .len = (unsigned)MIN (4, end - pc)
    };
    memcpy (insn.code, code + (pc - start), insn.len);
    flow = isa->translate (&insn);
    pc += insn.len;
  }
  if (flow == ISA_NEXT)
    ir_goto (b, pc);
  g_autofree char *defect = ir_region_check (r);
  g_assert_cmpstr (defect, ==, NULL);
}

/* Like ir_interp_block(), with ir_leave() caught. */
static IrExit
run_block (Hart *h, const IrRegion *r)
{
  sigjmp_buf leave;
  int left = sigsetjmp (leave, 0);

  if (left != 0)
    return (IrExit)left;
  h->s->leave = &leave;
  return ir_interp_block (h->s, r, 0);
}

static IrExit
run (Hart *h, const uint8_t *code, uint64_t start, uint64_t end)
{
  IrRegion *r = ir_region_new ();
  IrBuilder b;
  IrExit exit = IR_EXIT_NONE;

  while ((exit == IR_EXIT_NONE || exit == IR_EXIT_MODE || exit == IR_EXIT_ICACHE) && h->s->pc >= start &&
         h->s->pc < end) {
    translate_block (h, &b, r, code, start, end);
    exit = run_block (h, r);
  }
  ir_region_free (r);
  return exit;
}

IrExit
hart_run (Hart *h)
{
  h->s->pc = CODE_PC;
  IrExit exit = run (h, h->code, CODE_PC, CODE_PC + h->code_size);
  h->code_size = 0;
  return exit;
}

IrExit
hart_run_memory (Hart *h, uint64_t pc)
{
  h->s->pc = pc;
  return run (h, memory, MEM_BASE, MEM_BASE + MEM_SIZE);
}
