/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Rare paths, laid out behind a region's code so that they cost nothing on the common one. */

Cold *
cold_new (Lower *l, ColdKind kind, uint8_t *from)
{
  g_array_set_size (l->cold, l->cold->len + 1);
  Cold *cold = &g_array_index (l->cold, Cold, l->cold->len - 1);
  *cold = (Cold){ .kind = kind, .from = from, .link = IR_NONE };
  return cold;
}

void
bail_if (Lower *l, int cc)
{
  Cold *cold = cold_new (l, COLD_EXIT, asm_jcc (&l->a, cc, NULL));
  cold->pc = l->insn_pc;
  cold->reason = JIT_EXIT_INTERPRET;
}

static void
resume (Lower *l, const Cold *cold)
{
  asm_jmp (&l->a, cold->resume + l->a.delta);
}

static void
emit_exit (Lower *l, const Cold *cold)
{
  restore_pinned (l, true);
  if (cold->link != IR_NONE)
    write_link (l, cold->link, cold->link_pc);
  if (cold->pc_in_rax) {
    asm_jmp (&l->a, jit_stubs.request);
    return;
  }
  asm_call (&l->a, jit_stubs.exit);
  asm_pc (l, cold->pc);
  asm_u32 (&l->a, cold->reason);
}

/* Ways that still have something to compute do so, and go on: they lead out of the loop that the request is
 * looked for in. */
static void
leave_by_edge (Lower *l, const Cold *cold, const IrEdge *edge)
{
  Cold exit = *cold;
  exit.pc = edge->pc;
  if (edge->block >= 0 && l->r->blocks[edge->block].split)
    asm_jmp (&l->a, l->label[edge->block] + l->a.delta);
  else
    emit_exit (l, &exit);
}

/* Nothing but the poll has run since the block's last op. */
static void
emit_branch (Lower *l, const Cold *cold)
{
  const IrBlock *b = cold->block;
  uint8_t *taken = asm_jcc (&l->a, lower_branch_test (l, b), NULL);
  leave_by_edge (l, cold, &b->target[1]);
  asm_patch_rel32 (&l->a, taken, asm_rx (&l->a));
  leave_by_edge (l, cold, &b->target[0]);
}

/* The jump at `site` leads here until it is linked. Of movable code that is so at first; where the code that
 * it is for exists already, it is linked now. */
static void
note_site (Lower *l, const Cold *cold, uint8_t *site)
{
  if (!l->movable)
    return;
  note_move (l, MOVE_SITE, (unsigned)(l->a.p - site), l->a.p);
  const JitCode *to = cold->page_id == NULL ? jit_lookup (cold->pc, ram_of (l, cold->pc), l->r->mode) : NULL;
  if (to != NULL)
    asm_patch_rel32 (&l->a, site, to->entry);
}

static void
emit_edge (Lower *l, const Cold *cold)
{
  uint8_t *site = cold->from;
  if (l->map != &jit_pinned_map && !cold->pinned) {
    restore_pinned (l, true);
    unsigned at = ((uintptr_t)l->a.p + 1) & 7;
    if (at > 4)
      asm_nop (&l->a, 8 - at);
    const JitCode *to = jit_lookup (cold->pc, ram_of (l, cold->pc), l->r->mode);
    site = asm_jmp (&l->a, to != NULL ? to->entry : asm_rx (&l->a) + 5);
    if (to != NULL)
      return;
  }
  note_site (l, cold, site);
  asm_call (&l->a, jit_stubs.link);
  const uint8_t *data = l->a.p;
  asm_u32 (&l->a, (uint32_t)(site - data));
  asm_u32 (&l->a, cold->page_id != NULL ? (uint32_t)(cold->page_id - data) : 0);
  asm_pc (l, cold->pc);
}

static void
emit_far_edge (Lower *l, const Cold *cold)
{
  restore_pinned (l, true);
  far_jump (l, cold->pc, false);
}

/* While the jump is not linked, the way is the exit that links it: not by the jump, which another thread may
 * be linking to what its own space has there. After that the page is another one than the linked code is for:
 * the jump cache knows. */
static void
emit_far_miss (Lower *l, const Cold *cold)
{
  int32_t rel; /* The jump leads to its exit now, which is in front of this path. */
  memcpy (&rel, cold->resume + 1, sizeof rel);
  const uint8_t *link = cold->resume + 5 + rel + l->a.delta;
  asm_u8 (&l->a, 0x83), asm_u8 (&l->a, 0x3d); /* cmp dword [rip + id], 0 */
  asm_u32 (&l->a, (uint32_t)(cold->page_id - (l->a.p + 5)));
  asm_u8 (&l->a, 0);
  if (!cold->r[0]) {
    asm_jcc (&l->a, CC_E, link);
    asm_mov_pc (l, RAX, cold->pc);
    asm_jmp (&l->a, jit_stubs.indirect);
    return;
  }
  uint8_t *linked = asm_short_jcc (&l->a, CC_NE);
  asm_call (&l->a, link);
  asm_jmp (&l->a, cold->after + l->a.delta);
  asm_short_end (&l->a, linked);
  asm_mov_pc (l, RAX, cold->pc);
  asm_call (&l->a, jit_stubs.indirect);
  asm_jmp (&l->a, cold->after + l->a.delta);
}

static void
canonical_nan (Lower *l, const Cold *cold)
{
  int index = cold->type == IR_F32 ? JIT_C_NAN32 : JIT_C_NAN64;
  asm_fload64 (&l->a, cold->r[0], const_mem (index));
  resume (l, cold);
}

/* a * b + c is a NaN. The host has raised invalid unless c is a quiet NaN and a * b is infinity times zero:
 * multiply again, with all exceptions masked, to see. */
static void
emit_nan_fma (Lower *l, const Cold *cold)
{
  bool f32 = cold->type == IR_F32;
  unsigned ucomis = f32 ? V_UCOMISS : V_UCOMISD;
  asm_vex_rr (&l->a, ucomis, false, cold->r[1], 0, cold->r[2]);
  uint8_t *inputs_nan = asm_short_jcc (&l->a, CC_P);
  asm_vex_rm (&l->a, OP0F (0xae), false, 3, 0, STATE (mxcsr_saved));  /* vstmxcsr */
  asm_vex_rm (&l->a, OP0F (0xae), false, 2, 0, STATE (mxcsr_masked)); /* vldmxcsr */
  asm_vex_rr (&l->a, f32 ? OP_F3 (OP0F (0x59)) : OP_F2 (OP0F (0x59)), false, cold->r[0], cold->r[1],
              cold->r[2]);
  asm_vex_rr (&l->a, ucomis, false, cold->r[0], 0, cold->r[0]);
  asm_vex_rm (&l->a, OP0F (0xae), false, 2, 0, STATE (mxcsr_saved));
  uint8_t *valid = asm_short_jcc (&l->a, CC_NP);
  asm_rm_n (&l->a, OP0 (0x80), false, 1, STATE (state.fp.flags), 1); /* or byte, imm8 */
  asm_u8 (&l->a, FP_INVALID);
  asm_short_end (&l->a, valid);
  asm_short_end (&l->a, inputs_nan);
  canonical_nan (l, cold);
}

static void
emit_eval (Lower *l, const Cold *cold)
{
  for (unsigned i = 0; i < 2; i++)
    asm_fstore64 (&l->a, state_mem (STATE_OFF (arg) + 8 * i), cold->in[i]);
  asm_mov_ri (&l->a, RAX, (int64_t)cold->desc);
  asm_call (&l->a, jit_stubs.eval);
  asm_vex_rr (&l->a, V_MOVD_TO_X, true, cold->r[0], 0, RAX);
  resume (l, cold);
}

static void
emit_eval_wide (Lower *l, const Cold *cold)
{
  for (unsigned i = 0; i < cold->n_wide; i++) {
    /* A number's slot may be only 64 bits: what is above it does not count. */
    bool whole = cold->wide_in[i].kind != OPND_MEM || cold->type == IR_V128;
    Mem slot = state_mem (STATE_OFF (wide_arg) + 16 * (int32_t)i);
    if (whole) {
      asm_xstore (&l->a, true, slot, vec_reg (l, cold->wide_in[i], 1));
    } else {
      asm_fload64 (&l->a, 1, cold->wide_in[i].mem);
      asm_xstore (&l->a, true, slot, 1);
    }
  }
  asm_mov_ri (&l->a, RAX, (int64_t)cold->desc);
  asm_call (&l->a, jit_stubs.eval_wide);
  asm_xload (&l->a, true, cold->r[0], STATE (wide_arg[0]));
  resume (l, cold);
}

void
literal_load (Lower *l, int x, uint64_t low, uint64_t high)
{
  asm_vex_rm (&l->a, V_MOVUPS_LOAD, false, x, 0, (Mem){ .base = MEM_RIP, .index = -1 });
  Literal literal = { l->a.p - 4, { low, high } };
  g_array_append_val (l->literals, literal);
}

static void
emit_literals (Lower *l)
{
  asm_nop (&l->a, -(uintptr_t)l->a.p & 15);
  for (unsigned i = 0; i < l->literals->len && has_room (l); i++) {
    const Literal *literal = &g_array_index (l->literals, Literal, i);
    unsigned same = 0;
    while (memcmp (g_array_index (l->literals, Literal, same).d, literal->d, 16) != 0)
      same++;
    int32_t rel;
    if (same < i) {
      const uint8_t *other = g_array_index (l->literals, Literal, same).at;
      memcpy (&rel, other, 4);
      rel += (int32_t)(other - literal->at);
    } else {
      rel = (int32_t)(l->a.p - (literal->at + 4));
      asm_u64 (&l->a, literal->d[0]);
      asm_u64 (&l->a, literal->d[1]);
    }
    memcpy (literal->at, &rel, 4);
  }
}

static void
emit_return_miss (Lower *l, const Cold *cold)
{
  if (cold->r[0] != RAX)
    asm_mov_rr (&l->a, true, RAX, cold->r[0]);
  if (cold->align != 0)
    asm_alu_ri (&l->a, ALU_AND, true, RAX, ~(int32_t)cold->align);
  asm_jmp (&l->a, jit_stubs.indirect);
}

/* A call's miss is itself a call, so that the callee's return lands here and goes on behind the call site. */
static void
emit_indirect_miss (Lower *l, const Cold *cold)
{
  if (!cold->r[0]) {
    asm_jmp (&l->a, jit_stubs.indirect_miss);
    return;
  }
  asm_call (&l->a, jit_stubs.indirect_miss);
  resume (l, cold);
}

static void
emit_hot (Lower *l, const Cold *cold)
{
  asm_call (&l->a, jit_stubs.hot);
  asm_u64 (&l->a, (uintptr_t)l->code);
  note_move (l, MOVE_SELF, 8, NULL);
  asm_pc (l, cold->pc);
}

/* Looks a guest pc up through the run loop: what the ways into invalid code are made to jump to. */
static uint32_t
emit_stale (Lower *l, uint64_t pc, bool returned)
{
  uint32_t offset = l->a.p - l->start;
  if (returned) /* What the call pushed goes, as it does at the return point this stands for. */
    asm_lea (&l->a, true, RSP, mem_base (RSP, 8));
  asm_mov_pc (l, RAX, pc);
  asm_jmp (&l->a, jit_stubs.indirect_miss);
  return offset;
}

bool
cold_emit_all (Lower *l)
{
  for (unsigned i = 0; i < l->cold->len && has_room (l); i++) {
    const Cold copy = g_array_index (l->cold, Cold, i), *cold = &copy; /* The array may grow meanwhile. */
    asm_patch_rel32 (&l->a, cold->from, asm_rx (&l->a));
    switch (cold->kind) {
      case COLD_EXIT: emit_exit (l, cold); break;
      case COLD_BRANCH: emit_branch (l, cold); break;
      case COLD_EDGE: emit_edge (l, cold); break;
      case COLD_NAN: canonical_nan (l, cold); break;
      case COLD_NAN_FMA: emit_nan_fma (l, cold); break;
      case COLD_EVAL: emit_eval (l, cold); break;
      case COLD_EVAL_WIDE: emit_eval_wide (l, cold); break;
      case COLD_RETURN: emit_return_miss (l, cold); break;
      case COLD_INDIRECT: emit_indirect_miss (l, cold); break;
      case COLD_HOT: emit_hot (l, cold); break;
      case COLD_FAR_EDGE: emit_far_edge (l, cold); break;
      case COLD_FAR_MISS: emit_far_miss (l, cold); break;
      case COLD_LOAD:
      case COLD_STORE:
      case COLD_FILL: emit_slow_access (l, cold); break;
      case COLD_SPAN: emit_span (l, cold); break;
      case COLD_SINGLE: emit_single (l, cold); break;
    }
  }
  l->code->stale_entry = emit_stale (l, l->r->pc, false);
  for (unsigned i = 0; i < l->returns->len && has_room (l); i++) {
    ReturnPoint *point = &g_array_index (l->returns, ReturnPoint, i);
    point->stale = emit_stale (l, point->pc, true);
  }
  emit_literals (l);
  return has_room (l);
}
