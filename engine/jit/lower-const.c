/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Constants that floating point's checks of results compare with.  A loop that does little else waits for the
 * host's two loads of vectors in a cycle: a region with a map of its own keeps the constants in registers
 * that its loops have no variables for. */

static bool
checks_tiny (const IrOp *op, bool *ret_f64)
{
  bool vector = op->op == IR_VFMUL || op->op == IR_VFDIV || op->op == IR_VFMA;
  if (!vector && op->op != IR_FMUL && op->op != IR_FDIV && op->op != IR_FMA)
    return false;
  IrType type = vector ? op->sub : op->type;
  *ret_f64 = type == IR_F64;
  return (type == IR_F64 || type == IR_F32) && IR_FP_CLASS (op->imm & 0xffff) & IR_FPC_TINY_BEFORE;
}

/* The pinned variable with a vector register that is used least. */
static int
least_used (const uint32_t *uses, const VarMap *map)
{
  int least = -1;
  for (unsigned v = 0; v < jit_config.n_vars; v++)
    if (map->xmm[v] >= 0 && (least < 0 || uses[v] < uses[least]))
      least = (int)v;
  return least;
}

bool
map_constants (const IrRegion *r, const uint32_t *weight, const uint32_t *uses, uint32_t cost, VarMap *map)
{
  uint32_t checks[2] = { 0 };
  for (uint32_t i = 0; jit_has_wide && i < r->n_blocks; i++) {
    const IrBlock *b = &r->blocks[i];
    bool f64;
    for (uint32_t k = b->first_op; k < b->first_op + b->n_ops; k++)
      if (checks_tiny (&r->ops[k], &f64))
        checks[f64] += weight[i];
  }
  map->f64 = checks[1] > checks[0];
  int8_t *const registers[2] = { &map->magnitude, &map->smallest };
  bool any = false;
  for (unsigned i = 0; i < 2; i++) {
    int v = least_used (uses, map);
    if (v < 0 || checks[map->f64] <= uses[v] + cost)
      break;
    *registers[i] = map->xmm[v];
    map->xmm[v] = -1;
    any = true;
  }
  return any;
}

static Mem
constant (bool smallest, bool f64)
{
  if (smallest)
    return const_mem (f64 ? JIT_C_MIN64S : JIT_C_MIN32S);
  return const_mem (f64 ? JIT_C_ABS64S : JIT_C_ABS32S);
}

void
load_constants (Lower *l)
{
  if (l->map->magnitude >= 0)
    asm_xload (&l->a, true, l->map->magnitude, constant (false, l->map->f64));
  if (l->map->smallest >= 0)
    asm_xload (&l->a, true, l->map->smallest, constant (true, l->map->f64));
}

void
emit_with_constant (Lower *l, unsigned code, int d, int x, bool smallest, bool f64)
{
  int reg = smallest ? l->map->smallest : l->map->magnitude;
  if (reg >= 0 && l->map->f64 == f64)
    asm_vex_rr (&l->a, code, false, d, x, reg);
  else
    asm_vex_rm (&l->a, code, false, d, x, constant (smallest, f64));
}
