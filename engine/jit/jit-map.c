/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* What is decided about a whole region before any code is emitted: which variables get the host registers,
 * and which floating-point variables are known to hold boxed F32 values. */

static unsigned
successors (const IrBlock *b, int32_t out[2])
{
  unsigned n = 0, first = b->end == IR_END_CALL ? 1 : 0;
  unsigned count = b->end == IR_END_BRANCH || b->end == IR_END_CALL ? 2 : b->end == IR_END_GOTO ? 1 : 0;
  for (unsigned t = first; t < count; t++)
    if (b->target[t].block >= 0)
      out[n++] = b->target[t].block;
  return n;
}

static void
predecessors (const IrRegion *r, uint64_t *pred)
{
  memset (pred, 0, r->n_blocks * sizeof *pred);
  for (uint32_t i = 0; i < r->n_blocks; i++) {
    int32_t next[2];
    unsigned n = successors (&r->blocks[i], next);
    for (unsigned k = 0; k < n; k++)
      pred[next[k]] |= UINT64_C (1) << i;
  }
}

/* The blocks of the loop that the edge from `tail` to `head` closes: all that reach `tail` without passing
 * `head`. */
static uint64_t
loop_body (const uint64_t *pred, unsigned head, unsigned tail)
{
  uint64_t body = UINT64_C (1) << head | UINT64_C (1) << tail, todo = body & ~(UINT64_C (1) << head);
  while (todo != 0) {
    unsigned b = __builtin_ctzll (todo);
    todo &= todo - 1;
    todo |= pred[b] & ~body;
    body |= pred[b];
  }
  return body;
}

/* Estimated executions of each block: eight times more for each loop around it. Returns whether there is a
 * loop. */
static bool
block_weights (const IrRegion *r, uint32_t *weight)
{
  uint64_t pred[MAX_BLOCKS], body[MAX_BLOCKS] = { 0 };
  bool loops = false;
  predecessors (r, pred);
  for (uint32_t i = 0; i < r->n_blocks; i++) {
    int32_t next[2];
    unsigned n = successors (&r->blocks[i], next);
    for (unsigned k = 0; k < n; k++)
      if (next[k] <= (int32_t)i)
        body[next[k]] |= loop_body (pred, next[k], i);
  }
  for (uint32_t i = 0; i < r->n_blocks; i++)
    weight[i] = 1;
  for (uint32_t h = 0; h < r->n_blocks; h++) {
    loops |= body[h] != 0;
    for (uint64_t b = body[h]; b != 0; b &= b - 1)
      if (weight[__builtin_ctzll (b)] < 4096)
        weight[__builtin_ctzll (b)] *= 8;
  }
  return loops;
}

static void
count_uses (const IrRegion *r, const uint32_t *weight, uint32_t *uses)
{
  memset (uses, 0, IR_MAX_VARS * sizeof *uses);
  for (uint32_t i = 0; i < r->n_blocks; i++) {
    const IrBlock *b = &r->blocks[i];
    for (uint32_t k = b->first_op; k < b->first_op + b->n_ops; k++) {
      const IrOp *op = &r->ops[k];
      const IrVal v[4] = { op->dst, op->a, op->b, op->c };
      for (unsigned n = 0; n < 4; n++)
        if (IR_IS_VAR (v[n]))
          uses[v[n]] += weight[i] * (n == 0 ? 2 : 1);
    }
    if (IR_IS_VAR (b->a))
      uses[b->a] += weight[i];
    if (IR_IS_VAR (b->b) && b->end == IR_END_BRANCH)
      uses[b->b] += weight[i];
  }
}

/* Whether a way out is known to be taken: there is code, or (in another page) may be. */
static bool
leads_on (const IrRegion *r, uint64_t pc)
{
  if (jit_config.softmmu == NULL)
    return jit_lookup (pc, 0, r->mode) != NULL;
  return (pc ^ r->pc) >> JIT_PAGE_BITS != 0 || jit_lookup (pc, r->ram + (pc - r->pc), r->mode) != NULL;
}

/* What it costs to have one register hold another variable than the pinned one: an exchange at every way in
 * or out. A value that travels through memory at each of them can cost several times what the register saves,
 * as interpreters' dispatch loops show: FALSE where there is an indirect jump, and calls and returns weigh
 * heavily. */
static bool
exchange_cost (const IrRegion *r, const uint32_t *weight, uint32_t *ret_cost)
{
  uint32_t cost = 2;
  for (uint32_t i = 0; i < r->n_blocks; i++) {
    const IrBlock *b = &r->blocks[i];
    switch (b->end) {
      case IR_END_BRANCH:
        for (unsigned t = 0; t < 2; t++)
          if (b->target[t].block < 0 && leads_on (r, b->target[t].pc))
            cost += 2 * MAX (weight[i] / 64, 1);
        break;
      case IR_END_GOTO:
        if (b->target[0].block < 0 && (!b->split || leads_on (r, b->target[0].pc)))
          cost += 2 * (b->split ? MAX (weight[i] / 64, 1) : weight[i]);
        break;
      case IR_END_CALL: cost += 16 * weight[i]; break;
      case IR_END_RET: cost += 8 * weight[i]; break;
      case IR_END_INDIRECT: return false;
      default: cost += 2; break;
    }
  }
  *ret_cost = cost;
  return true;
}

/* Gives the hottest variables without a register the registers of the coldest pinned ones, while that pays.
 */
static bool
exchange (const uint32_t *uses, uint32_t cost, bool fp, int8_t *map)
{
  bool any = false;
  for (;;) {
    int best = -1, worst = -1;
    for (unsigned v = 0; v < jit_config.n_vars; v++) {
      if (var_is_fp (v) != fp)
        continue;
      if (map[v] < 0 && (best < 0 || uses[v] > uses[best]))
        best = v;
      if (map[v] >= 0 && (worst < 0 || uses[v] < uses[worst]))
        worst = v;
    }
    if (best < 0 || worst < 0 || uses[best] <= uses[worst] + cost)
      return any;
    map[best] = map[worst];
    map[worst] = -1;
    any = true;
  }
}

void
map_region (const IrRegion *r, VarMap *map, bool *ret_own)
{
  uint32_t weight[MAX_BLOCKS], uses[IR_MAX_VARS];
  *ret_own = false;
  if (!block_weights (r, weight))
    return;
  uint32_t cost;
  if (!exchange_cost (r, weight, &cost))
    return;
  count_uses (r, weight, uses);
  *map = jit_pinned_map;
  bool own = exchange (uses, cost, false, map->gpr);
  own |= exchange (uses, cost, true, map->xmm);
  own |= map_constants (r, weight, uses, cost, map);
  *ret_own = own;
}

void
fence_step (const IrOp *op, uint64_t *facts)
{
  switch (op->op) {
    case IR_STORE:
    case IR_ZEROLINE:
    case IR_HELPER: bit_clear (facts, FACT_FENCED); break;
    case IR_RMW:
    case IR_CAS: bit_set (facts, FACT_FENCED); break;
    case IR_FENCE:
      if (op->sub & IR_FENCE_SL)
        bit_set (facts, FACT_FENCED);
      break;
    default: break;
  }
}

/* What an op leaves above a number in a V128 variable: lowering's dst_fp_done and dst_vec_done. */
static void
clean_step (const IrRegion *r, const IrOp *op, uint64_t *clean)
{
  bool low_only = op->type != IR_V128 || op->flags & IR_F_HALF,
       narrow = op->type == IR_F16 || op->type == IR_F32;
  if (op->op == IR_LOAD || op->op == IR_MOV || op->op == IR_SELECT)
    low_only = op->type != IR_V128;
  if (op->op == IR_MOV && !low_only && IR_IS_CONST (op->a)) {
    low_only = ir_const_value (r, op->a + 1u) == 0;
    narrow = low_only && (uint64_t)ir_const_value (r, op->a) <= UINT32_MAX;
  }
  if (low_only)
    bit_set (clean, op->dst);
  else
    bit_clear (clean, op->dst);
  if (narrow)
    bit_set (clean, op->dst + 1u);
  else
    bit_clear (clean, op->dst + 1u);
}

/* The effect of an op on what is known to be boxed; lowering keeps l->boxed in the same way. */
static void
boxed_step (const IrRegion *r, const IrOp *op, uint64_t *boxed)
{
  fence_step (op, boxed);
  if (op->op == IR_HELPER && jit_config.helpers[op->imm].flags & IR_H_STATE) {
    boxed[0] = boxed[1] = 0;
    return;
  }
  if (op->op == IR_UNBOX && op->type == IR_F32 && IR_IS_VAR (op->a))
    bit_set (boxed, op->a);
  if (!IR_IS_VAR (op->dst) || !op_dst_is_fp (op))
    return;
  if (var_is_wide (op->dst)) {
    clean_step (r, op, boxed);
    return;
  }
  bool is_boxed = op->op == IR_MOV ? IR_IS_VAR (op->a) && bit_get (boxed, op->a) : op->type == IR_F32;
  if (op->op == IR_HELPER)
    is_boxed = false;
  if (is_boxed)
    bit_set (boxed, op->dst);
  else
    bit_clear (boxed, op->dst);
}

/* Whether the host takes the upper part of the op's result from variable v. */
static bool
wants_clean (const IrOp *op, IrVal *ret_var)
{
  switch (op->op) {
    case IR_FADD:
    case IR_FSUB:
    case IR_FMUL:
    case IR_FDIV:
    case IR_FROUND: *ret_var = op->a; break;
    case IR_FMA: *ret_var = op->c; break;
    default: return false;
  }
  return IR_IS_VAR (*ret_var) && var_is_wide (*ret_var) && (op->type == IR_F32 || op->type == IR_F64);
}

/* Whether the op is the shorter where what it copies is known to be zero above the number: worth knowing, but
 * no guard. */
static bool
copies_number (const IrOp *op)
{
  return (op->op == IR_SELECT || op->op == IR_MOV) && (op->type == IR_F32 || op->type == IR_F64);
}

/* Not where the region first makes the variable what it is, or takes it for a vector: what came in is of no
 * use then. */
static void
clean_wanted (const IrRegion *r, uint64_t *wanted)
{
  uint64_t decided[2] = { 0, 0 };
  IrVal var;
  for (uint32_t i = 0; i < r->n_ops; i++) {
    const IrOp *op = &r->ops[i];
    const IrVal in[3] = { op->a, op->b, op->c };
    if (wants_clean (op, &var) && !bit_get (decided, var))
      bit_set (wanted, op->type == IR_F64 ? var : var + 1u);
    for (unsigned k = 0; k < 3; k++)
      if (op->type == IR_V128 && IR_IS_VAR (in[k]))
        bit_set (decided, in[k]);
    if (IR_IS_VAR (op->dst))
      bit_set (decided, op->dst);
  }
}

/* Variables the region unboxes, or whose upper part an accumulation would carry along: worth a guard at its
 * entry. False: no op is the better for any fact. */
static bool
boxed_wanted (const IrRegion *r, uint64_t *wanted)
{
  bool any = false;
  IrVal var;
  wanted[0] = wanted[1] = 0;
  if (jit_has_wide)
    clean_wanted (r, wanted);
  for (uint32_t i = 0; i < r->n_ops; i++) {
    const IrOp *op = &r->ops[i];
    if (op->op == IR_FENCE)
      bit_set (wanted, FACT_FENCED);
    else if (op->op == IR_UNBOX && op->type == IR_F32 && IR_IS_VAR (op->a))
      bit_set (wanted, op->a);
    else if (!jit_has_wide || (!copies_number (op) && !wants_clean (op, &var)))
      continue;
    any = true;
  }
  return any;
}

/* Forward data flow, optimistic at first: at the entry what is wanted is assumed, and guarded there;
 * elsewhere everything is until a way there is found on which it is not so. */
void
boxed_analyse (Lower *l)
{
  const IrRegion *r = l->r;
  uint64_t wanted[2];
  if (!boxed_wanted (r, wanted)) {
    memset (l->boxed_in, 0, r->n_blocks * sizeof l->boxed_in[0]);
    return;
  }
  memcpy (l->boxed_in[0], wanted, sizeof wanted);
  memset (l->boxed_in[1], 0xff, (r->n_blocks - 1) * sizeof l->boxed_in[0]);
  bit_clear (l->boxed_in[0], FACT_FENCED); /* unlike the others, not guarded at the entry */
  for (uint32_t i = 0; i < r->n_blocks; i++)
    if (r->blocks[i].end == IR_END_CALL && r->blocks[i].target[1].block >= 0)
      memset (l->boxed_in[r->blocks[i].target[1].block], 0, sizeof wanted);
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 0; i < r->n_blocks; i++) {
      const IrBlock *b = &r->blocks[i];
      uint64_t out[2] = { l->boxed_in[i][0], l->boxed_in[i][1] };
      for (uint32_t k = b->first_op; k < b->first_op + b->n_ops; k++)
        boxed_step (r, &r->ops[k], out);
      int32_t next[2];
      unsigned n = successors (b, next);
      for (unsigned k = 0; k < n; k++)
        for (unsigned w = 0; w < 2; w++) {
          uint64_t meet = l->boxed_in[next[k]][w] & out[w];
          changed |= meet != l->boxed_in[next[k]][w];
          l->boxed_in[next[k]][w] = meet;
        }
    }
  }
}
