/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

#include "disassembler.h"

bool
op_dst_is_fp (const IrOp *op)
{
  switch (op->op) {
    case IR_MOV:
    case IR_LOAD: return op->type >= IR_F16;
    case IR_FADD:
    case IR_FSUB:
    case IR_FMUL:
    case IR_FDIV:
    case IR_FSQRT:
    case IR_FMA:
    case IR_FMIN:
    case IR_FMAX:
    case IR_FSGNJ:
    case IR_FSGNJN:
    case IR_FSGNJX:
    case IR_FCVT:
    case IR_ITOF:
    case IR_FROUND:
    case IR_BITSF:
    case IR_UNBOX: return true;
    case IR_SELECT: return op->type >= IR_F16;
    case IR_VGETL: return false;
    case IR_HELPER: return IR_IS_VAR (op->dst) && var_is_fp (op->dst);
    default: return op->type == IR_V128 && op->op != IR_STORE;
  }
}

bool
op_src_is_fp (const IrOp *op)
{
  switch (op->op) {
    case IR_FSETCC:
    case IR_FCC:
    case IR_FCLASS:
    case IR_FTOI:
    case IR_FTOIMOD:
    case IR_FBITS: return true;
    case IR_ITOF:
    case IR_BITSF:
    case IR_LOAD:
    case IR_HELPER: return false;
    default: return op_dst_is_fp (op);
  }
}

void
fault_point (Lower *l)
{
  uint32_t offset = l->a.p - l->start;
  int32_t pc = l->insn_pc - l->r->pc;
  if (l->faults->len > 0 && g_array_index (l->faults, FaultPoint, l->faults->len - 1).pc == pc)
    return;
  FaultPoint point = { offset, pc };
  g_array_append_val (l->faults, point);
}

/* The rel32 of a jump or call that will be patched while other threads run it must not straddle 8 bytes. */
static void
align_rel32 (Lower *l, unsigned opcode_bytes)
{
  unsigned at = ((uintptr_t)l->a.p + opcode_bytes) & 7;
  if (at > 4)
    asm_nop (&l->a, 8 - at);
}

void
note_move (Lower *l, JitMoveKind kind, unsigned bytes, const uint8_t *way)
{
  if (!l->movable)
    return;
  JitMove move = { .offset = (uint32_t)(l->a.p - l->start) - bytes, .kind = kind };
  move.way = way != NULL ? (uint32_t)(way - l->start) : 0;
  g_array_append_val (l->moves, move);
}

/* Addresses of movable code are too large for a shorter instruction. */
void
asm_mov_pc (Lower *l, int reg, uint64_t pc)
{
  asm_mov_ri (&l->a, reg, (int64_t)pc);
  note_move (l, MOVE_PC, 8, NULL);
}

void
asm_pc (Lower *l, uint64_t pc)
{
  asm_u64 (&l->a, pc);
  note_move (l, MOVE_PC, 8, NULL);
}

bool
is_far (const Lower *l, uint64_t pc)
{
  return jit_config.softmmu != NULL && (pc ^ l->r->pc) >> JIT_PAGE_BITS != 0;
}

uint64_t
ram_of (const Lower *l, uint64_t pc)
{
  return jit_config.softmmu != NULL ? l->r->ram + (pc - l->r->pc) : 0;
}

/* A direct jump out of the region; code that exists already is linked at once. */
static void
external_site (Lower *l, uint8_t *site, uint64_t pc)
{
  if (l->map == &jit_pinned_map && !jit_config.count && !l->movable) {
    const JitCode *to = jit_lookup (pc, ram_of (l, pc), l->r->mode);
    if (to != NULL) {
      asm_patch_rel32 (&l->a, site, to->entry);
      return;
    }
  }
  Cold *cold = cold_new (l, COLD_EDGE, site);
  cold->pc = pc;
  cold->pinned = l->map == &jit_pinned_map;
}

/* cmp dword [id of pc's page in the execute TLB], imm32, with the number where one store can change it.
 * Returns its place in the RW view. */
static uint8_t *
compare_page_id (Lower *l, uint64_t pc, uint32_t id)
{
  size_t entry = offsetof (JitSpace, exec) + jit_exec_index (pc) * sizeof (JitExecEntry);
  asm_nop (&l->a, -((uintptr_t)l->a.p + 7) & 3);
  asm_rm (&l->a, OP0 (0x81), false, ALU_CMP, space_mem (entry + offsetof (JitExecEntry, id)));
  asm_u32 (&l->a, id);
  note_move (l, MOVE_PAGE_ID, 4, NULL);
  return l->a.p - 4;
}

void
far_jump (Lower *l, uint64_t pc, bool call)
{
  uint8_t *id = compare_page_id (l, pc, 0);
  uint8_t *miss_site = asm_jcc (&l->a, CC_NE, NULL);
  if (call)
    asm_nop (&l->a, -((uintptr_t)l->a.p + 5) & 7); /* The return point is to be a multiple of 8. */
  else
    align_rel32 (l, 1);
  uint8_t *at = l->a.p;
  uint8_t *site = call ? asm_call (&l->a, NULL) : asm_jmp (&l->a, NULL);
  uint8_t *after = l->a.p;
  Cold *edge = cold_new (l, COLD_EDGE, site);
  edge->pc = pc;
  edge->pinned = true;
  edge->page_id = id;
  Cold *miss = cold_new (l, COLD_FAR_MISS, miss_site);
  miss->pc = pc;
  miss->r[0] = call;
  miss->page_id = id;
  miss->resume = at;
  miss->after = after;
}

/* A block whose only instruction goes on in the next page runs only where that is the page it was made from.
 */
static void
guard_crossing (Lower *l)
{
  const uint64_t page = UINT64_C (1) << JIT_PAGE_BITS;
  uint64_t next = (l->block->pc & -page) + page;
  compare_page_id (l, next, jit_page_id (next, l->r->next_ram));
  bail_if (l, CC_NE);
}

void
edge_jcc (Lower *l, int cc, uint64_t pc)
{
  if (is_far (l, pc)) {
    cold_new (l, COLD_FAR_EDGE, asm_jcc (&l->a, cc, NULL))->pc = pc;
    return;
  }
  align_rel32 (l, 2);
  external_site (l, asm_jcc (&l->a, cc, NULL), pc);
}

void
edge_jump (Lower *l, uint64_t pc)
{
  if (l->map != &jit_pinned_map)
    restore_pinned (l, true);
  if (is_far (l, pc)) {
    far_jump (l, pc, false);
    return;
  }
  align_rel32 (l, 1);
  uint8_t *site = asm_jmp (&l->a, NULL);
  const VarMap *map = l->map;
  l->map = &jit_pinned_map; /* The jump itself already runs under the pinned map. */
  external_site (l, site, pc);
  l->map = map;
}

/* Registers whose variable differs between the region's map and the pinned one are exchanged through the
 * slots. */
void
restore_pinned (Lower *l, bool to_pinned)
{
  const VarMap *from = to_pinned ? l->map : &jit_pinned_map, *to = to_pinned ? &jit_pinned_map : l->map;
  if (l->map == &jit_pinned_map)
    return;
  for (unsigned v = 0; v < jit_config.n_vars; v++) {
    if (from->gpr[v] >= 0 && to->gpr[v] < 0)
      asm_store64 (&l->a, var_mem (v), from->gpr[v]);
    if (from->xmm[v] >= 0 && to->xmm[v] < 0)
      asm_xstore (&l->a, var_is_wide (v), var_mem (v), from->xmm[v]);
  }
  for (unsigned v = 0; v < jit_config.n_vars; v++) {
    if (to->gpr[v] >= 0 && from->gpr[v] < 0)
      asm_load64 (&l->a, to->gpr[v], var_mem (v));
    if (to->xmm[v] >= 0 && from->xmm[v] < 0)
      asm_xload (&l->a, var_is_wide (v), to->xmm[v], var_mem (v));
  }
}

/* Operands to arg[]; FP values travel as raw container bits. */
static void
store_args (Lower *l, const IrOp *op)
{
  const IrVal in[3] = { op->a, op->b, op->c };
  for (unsigned i = 0; i < 3; i++) {
    Mem slot = state_mem (STATE_OFF (arg) + 8 * i);
    if (in[i] == IR_NONE)
      continue;
    bool fp = IR_IS_VAR (in[i])
                  ? var_is_fp (in[i])
                  : IR_IS_TEMP (in[i]) && (l->temps[in[i] - IR_TEMP_BASE].kind == LOC_XMM ||
                                           l->temps[in[i] - IR_TEMP_BASE].kind == LOC_SPILL_FP ||
                                           l->temps[in[i] - IR_TEMP_BASE].kind == LOC_VAR);
    if (fp)
      asm_fstore64 (&l->a, slot, fp_reg (l, opnd_fp (l, in[i]), 0));
    else
      asm_store64 (&l->a, slot, int_reg (l, true, opnd_int (l, in[i]), RAX));
  }
}

/* Vectors by wide_arg[], result in its first. */
void
lower_eval_wide (Lower *l, const IrOp *op)
{
  static const uint8_t shape[3] = { IR_SHAPE_A, IR_SHAPE_B, IR_SHAPE_C };
  const IrVal in[3] = { op->a, op->b, op->c };
  unsigned wide = ir_op_wide (op->desc);
  for (unsigned i = 0; i < 3; i++) {
    Mem slot = state_mem (STATE_OFF (wide_arg) + 16 * (int32_t)i);
    if (in[i] == IR_NONE)
      continue;
    if (wide & shape[i])
      asm_xstore (&l->a, true, slot, vec_reg (l, opnd_vec (l, in[i]), 0));
    else
      asm_store64 (&l->a, slot, int_reg (l, true, opnd_int (l, in[i]), RAX));
  }
  free_dying (l, op);
  asm_mov_ri (&l->a, RAX, (int64_t)op->desc.bits);
  asm_call (&l->a, jit_stubs.eval_wide);
  if (wide & IR_SHAPE_D) {
    int d = dst_vec (l, op->dst);
    asm_xload (&l->a, true, d, STATE (wide_arg[0]));
    dst_vec_done (l, op->dst, d, op->flags & IR_F_HALF);
  } else {
    int d = dst_int (l, op->dst);
    asm_load64 (&l->a, d, STATE (wide_arg[0]));
    dst_int_done (l, op->dst, d);
  }
}

static void
deliver_rax (Lower *l, const IrOp *op)
{
  if (op->dst == IR_NONE)
    return;
  if (op_dst_is_fp (op)) {
    int d = dst_fp (l, op->dst);
    asm_vex_rr (&l->a, V_MOVD_TO_X, true, d, 0, RAX);
    dst_fp_done (l, op->dst, d, op->op != IR_HELPER && op->type == IR_F32);
  } else {
    dst_int (l, op->dst);
    dst_int_done (l, op->dst, RAX);
  }
}

void
lower_eval (Lower *l, const IrOp *op)
{
  store_args (l, op);
  free_dying (l, op);
  asm_mov_ri (&l->a, RAX, (int64_t)op->desc.bits);
  asm_call (&l->a, jit_stubs.eval);
  deliver_rax (l, op);
}

static void
lower_helper (Lower *l, const IrOp *op)
{
  const IrHelper *helper = &jit_config.helpers[op->imm];
  bool state = helper->flags & IR_H_STATE;
  if (state)
    save_aliases (l, IR_NONE);
  store_args (l, op);
  free_dying (l, op);
  if (state) {
    sync_vars (l, true);
    asm_mov_pc (l, RAX, l->insn_pc);
    asm_store64 (&l->a, STATE (state.pc), RAX);
    fault_point (l);
  }
  asm_mov_ri (&l->a, RAX, (intptr_t)helper->fn);
  /* A machine's state is behind all sorts of C code, which must not meet the guest's MXCSR. */
  bool own_mxcsr = helper->flags & IR_H_FP || (state && jit_config.softmmu != NULL);
  asm_call (&l->a, own_mxcsr ? jit_stubs.helper_fp : jit_stubs.helper);
  if (state) {
    sync_vars (l, false);
    memset (l->boxed, 0, sizeof l->boxed);
  }
  deliver_rax (l, op);
}

static bool
lower_inline (Lower *l, const IrOp *op)
{
  if (op->type == IR_V128)
    return op->op == IR_LOAD || op->op == IR_STORE
               ? lower_mem (l, op)
               : lower_vector (l, op) || lower_vector_move (l, op) || lower_vector_fp (l, op);
  if (fp_is_wide_class (op))
    return lower_scalar (l, op);
  if (op_dst_is_fp (op) || op_src_is_fp (op)) {
    if (op->op == IR_LOAD || op->op == IR_STORE)
      return lower_mem (l, op);
    return lower_fp (l, op) || lower_fp_convert (l, op);
  }
  return lower_int (l, op) || lower_flags (l, op) || lower_muldiv (l, op) || lower_bits (l, op) ||
         lower_mem (l, op) || lower_fp_convert (l, op);
}

static void
lower_op (Lower *l, const IrOp *original)
{
  IrOp op = *original;
  if (op.op == IR_INSN) {
    l->insn_pc = l->r->pc + op.imm;
    return;
  }
  if (op.op == IR_MOV && op.dst == IR_NONE)
    return;
  if (test_is_deferred (l, l->block, l->op_index)) {
    test_defer (l, original);
    return;
  }
  if (address_is_deferred (l, l->block, l->op_index))
    return;
  if (IR_IS_TEMP (op.dst) && l->last_use[op.dst - IR_TEMP_BASE] == 0) {
    if (ir_op_info[op.op].props == IR_P_PURE || ir_op_info[op.op].props == (IR_P_PURE | IR_P_COMM)) {
      free_dying (l, &op);
      return;
    }
    if (op.op == IR_RMW || op.op == IR_CAS || op.op == IR_HELPER)
      op.dst = IR_NONE;
  }
  if (IR_IS_VAR (op.dst) && var_is_fp (op.dst))
    save_aliases (l, op.dst);
  if (op.op == IR_HELPER) {
    lower_helper (l, &op);
  } else if (op.op == IR_TRAP) {
    int cc = lower_test (l, l->block, op.a, l->op_index);
    if (cc < 0) {
      int test = int_reg (l, true, opnd_int (l, op.a), RAX);
      asm_test_rr (&l->a, true, test, test);
      cc = CC_NE;
    }
    bail_if (l, cc);
    free_dying (l, &op);
  } else if (!lower_inline (l, &op)) {
    if (ir_op_info[op.op].props & IR_P_MEM) {
      Cold *cold = cold_new (l, COLD_EXIT, asm_jmp (&l->a, NULL));
      cold->pc = l->insn_pc;
      cold->reason = JIT_EXIT_INTERPRET;
      if (IR_IS_TEMP (op.dst) || op.dst != IR_NONE)
        op_dst_is_fp (&op) ? dst_fp (l, op.dst) : dst_int (l, op.dst);
    } else if (op.type == IR_V128) {
      lower_eval_wide (l, &op);
    } else {
      lower_eval (l, &op);
    }
  }
  free_unused (l, op.dst);
}

/* Lowering looks at the facts before an op and updates them after. */
static void
lower_op_and_facts (Lower *l, const IrOp *op)
{
  lower_op (l, op);
  fence_step (op, l->boxed);
  span_step (l, op);
}

static void
begin_block (Lower *l, uint32_t index)
{
  const IrBlock *block = &l->r->blocks[index];
  l->block = block;
  l->insn_pc = block->pc;
  temps_block_begin (l);
  if (l->tier == JIT_REGION)
    memcpy (l->boxed, l->boxed_in[index], sizeof l->boxed);
  else if (!block->inherits)
    memset (l->boxed, 0, sizeof l->boxed);
  if (!block->inherits || l->tier == JIT_REGION)
    l->n_spans = 0;
  l->label[index] = l->a.p;
  if (jit_config.count) {
    asm_alu_mi (&l->a, ALU_ADD, true, STATE (executed_insns), block->n_insns);
    asm_alu_mi (&l->a, ALU_ADD, true, STATE (executed_host_insns), 0x7fffffff);
    l->count_site[index] = l->a.p - 4; /* filled in when the block is complete */
  }
  if (block->crosses)
    guard_crossing (l);
}

static void
lower_block (Lower *l, uint32_t index)
{
  begin_block (l, index);
  for (uint32_t i = 0; i < l->block->n_ops && has_room (l); i++) {
    l->op_index = l->block->first_op + i;
    lower_op_and_facts (l, &l->r->ops[l->op_index]);
  }
  l->op_index = l->block->first_op + l->block->n_ops;
  if (has_room (l))
    lower_end (l, index);
}

/* The same for a V128 variable that it takes for zero above a number. */
static void
guard_clean (Lower *l, unsigned v)
{
  bool narrow = bit_get (l->boxed_in[0], v + 1);
  if (!narrow && !bit_get (l->boxed_in[0], v))
    return;
  int x = jit_pinned_map.xmm[v];
  if (x < 0) {
    x = 0;
    asm_xload (&l->a, true, 0, var_mem (v));
  }
  asm_vex_rm (&l->a, V_PTEST, false, x, 0, const_mem (narrow ? JIT_C_ABOVE32 : JIT_C_ABOVE64));
  asm_jcc (&l->a, CC_NE, l->slow_path->body);
}

/* Behind the entry of a region: the FP variables it takes for boxed must be, or the block's own code runs. */
static void
emit_guards (Lower *l)
{
  for (unsigned v = 0; v < jit_config.n_vars; v++) {
    if (var_is_wide (v)) {
      guard_clean (l, v);
      v++;
      continue;
    }
    if (!bit_get (l->boxed_in[0], v))
      continue;
    int x = jit_pinned_map.xmm[v];
    if (x < 0) {
      x = 0;
      asm_fload64 (&l->a, 0, var_mem (v));
    }
    asm_vex_rm (&l->a, V_PTEST, false, x, 0, const_mem (JIT_C_BOX32));
    asm_jcc (&l->a, CC_AE, l->slow_path->body);
  }
}

static void
emit_entry (Lower *l)
{
  if (l->tier == JIT_BLOCK) {
    /* sub dword [rip + counter], 1; js hot */
    asm_u8 (&l->a, 0x83), asm_u8 (&l->a, 0x2d);
    asm_u32 (&l->a, (uint32_t)((intptr_t)l->counter - (intptr_t)(asm_rx (&l->a) + 5)));
    note_move (l, MOVE_COUNTER, 4, NULL);
    asm_u8 (&l->a, 1);
    Cold *cold = cold_new (l, COLD_HOT, asm_jcc (&l->a, CC_S, NULL));
    cold->pc = l->r->pc;
    l->loop_head = l->start;
    l->code->body = (uint8_t *)asm_rx (&l->a);
    return;
  }
  asm_nop (&l->a, 5); /* room for a jump, should the region become stale */
  emit_guards (l);
  restore_pinned (l, false);
  load_constants (l);
  asm_nop (&l->a, -(uintptr_t)l->a.p & 15);
  l->loop_head = l->a.p;
}

/* The host instructions of each block, the two that count left out. */
static void
fill_counts (Lower *l)
{
  gint64 start = g_get_monotonic_time ();
  for (uint32_t i = 0; i < l->r->n_blocks; i++) {
    const uint8_t *end = i + 1 < l->r->n_blocks ? l->label[i + 1] : l->a.p;
    const uint8_t *start_of_block = l->count_site[i] + 4;
    uint32_t n = disassembler_count (DISASSEMBLER_X86_64, start_of_block, (size_t)(end - start_of_block));
    memcpy (l->count_site[i], &n, 4);
  }
  l->thread->measuring_us += (uint64_t)(g_get_monotonic_time () - start);
}

static void
resolve_fixups (Lower *l)
{
  for (unsigned i = 0; i < l->fixups->len; i++) {
    const Fixup *fix = &g_array_index (l->fixups, Fixup, i);
    asm_patch_rel32 (&l->a, fix->from, l->label[fix->block] + l->a.delta);
  }
}

bool
lower_region (Lower *l)
{
  l->start = l->a.p;
  l->next_span = 0; /* The same region is to become the same code. */
  l->fp_inline = !(l->r->mode & IR_MODE_FP_EXACT);
  memset (l->label, 0, sizeof l->label);
  memset (l->boxed, 0, sizeof l->boxed);
  temps_prepare (l);
  if (l->tier == JIT_REGION)
    boxed_analyse (l);
  emit_entry (l);
  for (uint32_t i = 0; i < l->r->n_blocks && has_room (l); i++)
    lower_block (l, i);
  if (!has_room (l))
    return false;
  if (jit_config.count)
    fill_counts (l);
  resolve_fixups (l);
  return cold_emit_all (l);
}
