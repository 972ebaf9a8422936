/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Removal of dead ops.  One walk from the last op of each block to its first carries two sets: temporaries
 * used further on, and variables certainly written further on before anything can see them.  A guest compiled
 * by an ordinary compiler has few dead writes; most of what goes are constants the builder folded into later
 * ops, and results of flag-like computations nobody asked for. */

#include "ir-opt.h"
#include <string.h>

#define VAR_WORDS  (IR_MAX_VARS / 64)
#define TEMP_WORDS ((IR_CONST_BASE - IR_TEMP_BASE + 63) / 64)

typedef struct {
  uint64_t overwritten[VAR_WORDS];
  uint64_t *used; /* of the whole region: temporaries are local to their block, so nothing is ever cleared */
} Liveness;

static const IrOp removed = { .op = IR_MOV, .dst = IR_NONE, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE };

static inline void
note_read (Liveness *l, IrVal v)
{
  if (IR_IS_VAR (v))
    l->overwritten[v / 64] &= ~(UINT64_C (1) << (v % 64));
  else if (IR_IS_TEMP (v))
    l->used[(v - IR_TEMP_BASE) / 64] |= UINT64_C (1) << ((v - IR_TEMP_BASE) % 64);
}

/* Whether nothing can see what is written to v here. */
static inline bool
is_dead (const Liveness *l, IrVal v)
{
  if (IR_IS_VAR (v))
    return l->overwritten[v / 64] >> (v % 64) & 1;
  if (IR_IS_TEMP (v))
    return !(l->used[(v - IR_TEMP_BASE) / 64] >> ((v - IR_TEMP_BASE) % 64) & 1);
  return true;
}

static inline void
note_write (Liveness *l, IrVal v)
{
  if (IR_IS_VAR (v))
    l->overwritten[v / 64] |= UINT64_C (1) << (v % 64);
}

/* ---- The flags, across blocks. ---- */

typedef enum { FLAGS_PASS, FLAGS_READ, FLAGS_WRITTEN } FlagsUse;

/* What the block does to the flags first. A helper may look at them; what leaves seldom, for an exception, is
 * no reason to make flags that nobody goes by. */
static FlagsUse
flags_use (const IrRegion *r, const IrBlock *block)
{
  IrVal v = r->flags_var;
  for (uint32_t i = block->first_op; i < block->first_op + block->n_ops; i++) {
    const IrOp *op = &r->ops[i];
    if (op->a == v || op->b == v || op->c == v || op->op == IR_HELPER)
      return FLAGS_READ;
    if (op->dst == v)
      return FLAGS_WRITTEN;
  }
  return block->a == v || block->b == v ? FLAGS_READ : FLAGS_PASS;
}

/* Whether somebody reads them behind the block: elsewhere, unless it is known better. */
static bool
flags_live_out (const IrBlock *block, const bool *live_in)
{
  unsigned n = block->end == IR_END_BRANCH                              ? 2
               : block->end == IR_END_GOTO || block->end == IR_END_CALL ? 1
                                                                        : 0;
  for (unsigned t = 0; t < n; t++) {
    int32_t to = block->end == IR_END_CALL ? -1 : block->target[t].block;
    if (to >= 0 ? live_in[to] : !(block->flags_dead >> t & 1))
      return true;
  }
  return n == 0;
}

/* live_out[i] for each block; backward until nothing changes. */
static void
analyse_flags (const IrRegion *r, FlagsUse *use, bool *live_in, bool *live_out)
{
  memset (live_in, 0, r->n_blocks * sizeof *live_in);
  for (uint32_t i = 0; i < r->n_blocks; i++)
    use[i] = flags_use (r, &r->blocks[i]);
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = r->n_blocks; i-- > 0;) {
      live_out[i] = flags_live_out (&r->blocks[i], live_in);
      bool in = use[i] == FLAGS_READ || (use[i] == FLAGS_PASS && live_out[i]);
      changed |= in != live_in[i];
      live_in[i] = in;
    }
  }
}

/* Of a comparison of numbers that sets flags which nobody reads, only the exceptions are left.  `later` is a
 * comparison that raises the same, or NULL. */
static bool
is_repeated (const IrOp *op, const IrOp *later)
{
  return op->op == IR_FCC && later != NULL && op->type == later->type && op->flags == later->flags &&
         op->imm == later->imm &&
         ((op->a == later->a && op->b == later->b) || (op->a == later->b && op->b == later->a));
}

/* The comparison of numbers that comes next and, as nothing leaves the block or changes its operands before
 * that, makes an equal one at `op` idle. */
static const IrOp *
next_comparison (const IrOp *op, const IrOp *later)
{
  if (op->op == IR_FSETCC)
    return op;
  if (later == NULL || ir_op_info[op->op].props & (IR_P_LEAVE | IR_P_MEM))
    return NULL;
  return op->dst != IR_NONE && (op->dst == later->a || op->dst == later->b) ? NULL : later;
}

/* `flags_dead`: nobody reads the flags behind it.  `sunk`: where the op was that writes them for one way out,
 * or NULL. */
static void
optimise_block (IrRegion *r, const IrBlock *block, Liveness *l, bool flags_dead, const IrOp *sunk)
{
  memset (l->overwritten, 0, sizeof l->overwritten);
  if (flags_dead)
    note_write (l, r->flags_var);
  /* The end of a call writes the link, but may be left before that, when somebody wants the vCPU. */
  note_read (l, block->a);
  note_read (l, block->b);
  const IrOp *comparison = NULL;
  bool read_later = false; /* what the flags are here is what an instruction further on goes by */

  for (uint32_t i = block->n_ops; i-- > 0;) {
    IrOp *op = &r->ops[block->first_op + i];
    unsigned props = ir_op_info[op->op].props;

    if (op == sunk)
      read_later = false;
    if ((props & IR_P_PURE || is_repeated (op, comparison)) && is_dead (l, op->dst)) {
      read_later &= op->dst != r->flags_var || op->dst == IR_NONE;
      *op = removed;
      continue;
    }
    comparison = next_comparison (op, comparison);
    if (op->op == IR_INSN && op->flags & IR_F_READS_FLAGS)
      read_later = true;
    else if (op->dst == r->flags_var)
      read_later = false;
    /* If the op leaves, it has not written its dst yet and every variable is looked at. */
    if (props & IR_P_LEAVE) {
      bool keep = r->flags_var != IR_NONE && op->op != IR_HELPER && !read_later && is_dead (l, r->flags_var);
      memset (l->overwritten, 0, sizeof l->overwritten);
      if (keep)
        note_write (l, r->flags_var);
    } else
      note_write (l, op->dst);
    note_read (l, op->a);
    note_read (l, op->b);
    note_read (l, op->c);
  }
}

static bool
is_const_in (const IrRegion *r, IrVal v, int64_t low, int64_t high)
{
  return IR_IS_CONST (v) && ir_const_value (r, v) >= low && ir_const_value (r, v) <= high;
}

/* v = x << 32; v = v >> (32 - k), k 0 to 3: an unsigned 32-bit index scaled. Becomes v = zero-extended x; v =
 * v << k, whose second half the next rule can take. */
static void
split_scaled_index (IrRegion *r, IrOp *shl, IrOp *shr)
{
  if (shl->op != IR_SHL || shr->op != IR_SHR || shl->type != IR_I64 || shr->type != IR_I64 ||
      shr->a != shl->dst || shr->dst != shl->dst || !is_const_in (r, shl->b, 32, 32) ||
      !is_const_in (r, shr->b, 29, 31))
    return;
  unsigned scale = 32 - (unsigned)ir_const_value (r, shr->b);
  if (ir_region_full (r))
    return;
  *shl = (IrOp){
    .op = IR_EXTZ, .type = IR_I64, .imm = 32, .dst = shl->dst, .a = shl->a, .b = IR_NONE, .c = IR_NONE
  };
  shr->op = IR_SHL;
  shr->b = ir_region_const (r, scale);
}

/* v = x << k; v = v + y: an element's address. */
static bool
fuse_scaled_add (IrRegion *r, IrOp *shl, IrOp *add)
{
  if (shl->op != IR_SHL || add->op != IR_ADD || shl->type != IR_I64 || add->type != IR_I64 ||
      add->dst != shl->dst || !is_const_in (r, shl->b, 1, 3) || (add->a == shl->dst) == (add->b == shl->dst))
    return false;
  IrVal base = add->a == shl->dst ? add->b : add->a;
  *add = (IrOp){ .op = IR_SHLADD,
                 .type = IR_I64,
                 .imm = (int32_t)ir_const_value (r, shl->b),
                 .dst = add->dst,
                 .a = shl->a,
                 .b = base,
                 .c = IR_NONE };
  *shl = removed;
  return true;
}

/* Neighbouring ops (INSN markers aside) that make one. Nothing can look at the state between them. */
static void
fuse_pairs (IrRegion *r, const IrBlock *block)
{
  IrOp *previous = NULL;
  for (uint32_t i = block->first_op; i < block->first_op + block->n_ops; i++) {
    IrOp *op = &r->ops[i];
    if (op->op == IR_INSN)
      continue;
    if (previous != NULL) {
      split_scaled_index (r, previous, op);
      fuse_scaled_add (r, previous, op);
    }
    previous = op;
  }
}

/* ---- Flags that one way of a branch needs. ----
 *
 * A loop counts down to its end by a comparison whose flags are overwritten on the way back, but on the way
 * out somebody may read them.  They are computed on that way then, in a block of its own. */

/* The op that gives the flags at the block's end, if it can as well be done behind the branch: nothing leaves
 * the block after it, or changes its operands. */
static IrOp *
movable_writer (const IrRegion *r, const IrBlock *block)
{
  uint64_t written[IR_MAX_VARS / 64] = { 0 };
  IrVal flags = r->flags_var;
  for (uint32_t i = block->n_ops; i-- > 0;) {
    IrOp *op = &r->ops[block->first_op + i];
    const IrVal in[3] = { op->a, op->b, op->c };
    bool writer = op->dst == flags;
    if (!writer && (ir_op_info[op->op].props & IR_P_LEAVE || op->op == IR_HELPER))
      return NULL;
    for (unsigned k = 0; k < 3; k++)
      if (in[k] == flags ||
          (writer && (IR_IS_TEMP (in[k]) || (IR_IS_VAR (in[k]) && written[in[k] / 64] >> (in[k] % 64) & 1))))
        return NULL;
    if (writer)
      return ir_op_info[op->op].props & IR_P_PURE && op->op != IR_INSN ? op : NULL;
    if (IR_IS_VAR (op->dst))
      written[op->dst / 64] |= UINT64_C (1) << (op->dst % 64);
  }
  return NULL;
}

/* Where the op was that gave them; NULL: they are needed as they were.  Nobody reads the flags behind the
 * block any more. */
static const IrOp *
sink_flags (IrRegion *r, uint32_t index, const bool *live_in)
{
  const IrBlock *block = &r->blocks[index];
  if (block->end != IR_END_BRANCH || r->n_blocks >= IR_MAX_BLOCKS || block->a == r->flags_var ||
      block->b == r->flags_var)
    return NULL;
  bool live[2];
  for (unsigned t = 0; t < 2; t++) {
    int32_t to = block->target[t].block;
    live[t] = to >= 0 ? live_in[to] : !(block->flags_dead >> t & 1);
  }
  unsigned way = live[1];
  /* Who wants the vCPU waits where the loop goes round. */
  if (live[0] == live[1] || block->target[way].pc < block->pc + block->size)
    return NULL;
  IrOp *writer = movable_writer (r, block);
  if (writer == NULL)
    return NULL;
  IrOp op = *writer;
  *writer = removed;
  ptrdiff_t at = writer - r->ops; /* which may move */
  IrEdge edge = block->target[way];
  uint32_t split = ir_region_split (r, &op, edge);
  r->blocks[index].target[way].block = (int32_t)split;
  return &r->ops[at];
}

void
ir_optimise (IrRegion *r)
{
  for (uint32_t i = 0; i < r->n_blocks; i++)
    fuse_pairs (r, &r->blocks[i]);
  uint64_t used[TEMP_WORDS];
  Liveness l = { .used = used };
  bool *live_in = g_newa (bool, r->n_blocks + 1), *live_out = g_newa (bool, r->n_blocks + 1);
  FlagsUse *use = g_newa (FlagsUse, r->n_blocks + 1);
  if (r->flags_var != IR_NONE)
    analyse_flags (r, use, live_in, live_out);

  memset (used, 0, (r->n_temps + 63) / 64 * sizeof used[0]);
  for (uint32_t i = 0, n = r->n_blocks; i < n; i++) {
    const IrOp *sunk = r->flags_var != IR_NONE && live_out[i] ? sink_flags (r, i, live_in) : NULL;
    bool flags_dead = r->flags_var != IR_NONE && (!live_out[i] || sunk != NULL);
    optimise_block (r, &r->blocks[i], &l, flags_dead, sunk);
  }
}
