/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

#define N_SPILL G_N_ELEMENTS (((JitState *)0)->spill)

bool
var_is_fp (unsigned var)
{
  return jit_config.var_types[var] == IR_F64 || var_is_wide (var);
}

static Mem
spill_mem (unsigned slot)
{
  return state_mem (STATE_OFF (spill) + 8 * slot);
}

static Opnd
in_reg (int reg)
{
  return (Opnd){ .kind = OPND_REG, .reg = reg };
}

static Opnd
in_mem (Mem m)
{
  return (Opnd){ .kind = OPND_MEM, .mem = m };
}

static TempLoc *
temp_loc (Lower *l, IrVal v)
{
  return &l->temps[v - IR_TEMP_BASE];
}

Opnd
opnd_int (Lower *l, IrVal v)
{
  if (IR_IS_VAR (v))
    return l->map->gpr[v] >= 0 ? in_reg (l->map->gpr[v]) : in_mem (var_mem (v));
  if (IR_IS_TEMP (v)) {
    const TempLoc *t = temp_loc (l, v);
    return t->kind == LOC_GPR ? in_reg (t->at) : in_mem (spill_mem (t->at));
  }
  return (Opnd){ .kind = OPND_IMM, .imm = ir_const_value (l->r, v) };
}

static Opnd
fp_var (Lower *l, unsigned var)
{
  return l->map->xmm[var] >= 0 ? in_reg (l->map->xmm[var]) : in_mem (var_mem (var));
}

Opnd
opnd_fp (Lower *l, IrVal v)
{
  if (IR_IS_VAR (v))
    return fp_var (l, v);
  const TempLoc *t = temp_loc (l, v);
  switch (t->kind) {
    case LOC_XMM: return in_reg (t->at);
    case LOC_VAR: return fp_var (l, t->at);
    default: return in_mem (spill_mem (t->at));
  }
}

void
int_to (Lower *l, bool w, int reg, Opnd o)
{
  switch (o.kind) {
    case OPND_REG:
      if (o.reg != reg)
        asm_mov_rr (&l->a, w, reg, o.reg);
      break;
    case OPND_MEM: asm_rm (&l->a, OP0 (0x8b), w, reg, o.mem); break;
    default:
      if (l->movable && ir_is_near (l->r, o.imm)) {
        l->movable &= w;
        asm_mov_pc (l, reg, (uint64_t)o.imm);
        break;
      }
      asm_mov_ri (&l->a, reg, w ? o.imm : (int64_t)(uint32_t)o.imm);
      break;
  }
}

int
int_reg (Lower *l, bool w, Opnd o, int scratch)
{
  if (o.kind == OPND_REG)
    return o.reg;
  int_to (l, w, scratch, o);
  return scratch;
}

void
fp_to (Lower *l, int reg, Opnd o)
{
  if (o.kind == OPND_MEM)
    asm_fload64 (&l->a, reg, o.mem);
  else if (o.reg != reg)
    asm_fmov (&l->a, reg, o.reg);
}

int
fp_reg (Lower *l, Opnd o, int scratch)
{
  if (o.kind == OPND_REG)
    return o.reg;
  fp_to (l, scratch, o);
  return scratch;
}

Opnd
opnd_vec (Lower *l, IrVal v)
{
  if (IR_IS_CONST (v))
    return (Opnd){ .kind = OPND_WIDE, .imm = ir_const_value (l->r, v), .high = ir_const_value (l->r, v + 1) };
  return opnd_fp (l, v);
}

void
vec_to (Lower *l, int reg, Opnd o)
{
  if (o.kind == OPND_MEM)
    asm_xload (&l->a, true, reg, o.mem);
  else if (o.kind == OPND_WIDE && (o.imm | o.high) == 0)
    asm_vex_rr (&l->a, V_XORPD, false, reg, reg, reg);
  else if (o.kind == OPND_WIDE && (o.imm & o.high) == -1)
    asm_fmov (&l->a, reg, XMM_ONES);
  else if (o.kind == OPND_WIDE)
    literal_load (l, reg, (uint64_t)o.imm, (uint64_t)o.high);
  else if (o.reg != reg)
    asm_fmov (&l->a, reg, o.reg);
}

int
vec_reg (Lower *l, Opnd o, int scratch)
{
  if (o.kind == OPND_REG)
    return o.reg;
  if (o.kind == OPND_WIDE && (o.imm & o.high) == -1)
    return XMM_ONES;
  vec_to (l, scratch, o);
  return scratch;
}

/* A variable's second number stands for the narrower of its two facts. */
bool
is_clean (const Lower *l, IrVal v, IrType type)
{
  if (IR_IS_VAR (v) && var_is_wide (v))
    return bit_get (l->boxed, type == IR_F64 ? v : v + 1u);
  return true;
}

int
fp_first (Lower *l, IrVal v, IrType type, int scratch)
{
  Opnd o = opnd_fp (l, v);
  if (IR_IS_VAR (v) ? !var_is_wide (v) : !temp_loc (l, v)->wide)
    return fp_reg (l, o, scratch);
  if (o.kind == OPND_MEM) {
    asm_vex_rm (&l->a, type == IR_F64 ? V_MOVSD_LOAD : V_MOVSS_LOAD, false, scratch, 0, o.mem);
    return scratch;
  }
  if (IR_IS_VAR (v) && is_clean (l, v, type))
    return o.reg;
  if (type == IR_F64) {
    asm_vex_rr (&l->a, V_MOVQ, false, scratch, 0, o.reg);
  } else { /* lane 0 only */
    asm_vex_rr (&l->a, V_INSERTPS, false, scratch, o.reg, o.reg);
    asm_u8 (&l->a, 0x0e);
  }
  return scratch;
}

static unsigned
spill_slot_pair (Lower *l)
{
  uint64_t free = ~l->spill_used & UINT64_C (0x5555555555555555);
  free &= ~(l->spill_used >> 1);
  unsigned slot = __builtin_ctzll (free);
  l->spill_used |= UINT64_C (3) << slot;
  return slot;
}

static unsigned
spill_slot (Lower *l)
{
  unsigned slot = __builtin_ctzll (~l->spill_used);
  l->spill_used |= UINT64_C (1) << slot;
  return slot;
}

int
dst_int (Lower *l, IrVal dst)
{
  if (dst == IR_NONE)
    return RAX;
  if (IR_IS_VAR (dst))
    return l->map->gpr[dst] >= 0 ? l->map->gpr[dst] : RAX;
  TempLoc *t = temp_loc (l, dst);
  if (l->free_gpr != 0) {
    t->kind = LOC_GPR;
    t->at = __builtin_ctz (l->free_gpr);
    l->free_gpr &= l->free_gpr - 1;
    return t->at;
  }
  t->kind = LOC_SPILL;
  t->at = spill_slot (l);
  return RAX;
}

void
dst_int_done (Lower *l, IrVal dst, int reg)
{
  if (dst == IR_NONE)
    return;
  Opnd o = opnd_int (l, dst);
  if (o.kind == OPND_MEM)
    asm_store64 (&l->a, o.mem, reg);
  else if (o.reg != reg)
    asm_mov_rr (&l->a, true, o.reg, reg);
}

void
save_aliases (Lower *l, IrVal var)
{
  for (unsigned i = 0; i < l->n_alias; i++) {
    IrVal temp = l->alias[i];
    TempLoc *t = temp_loc (l, temp);
    if (t->kind != LOC_VAR || (t->at != var && var != IR_NONE) ||
        l->last_use[temp - IR_TEMP_BASE] <= l->op_index)
      continue;
    int x = fp_reg (l, fp_var (l, t->at), 1);
    t->kind = LOC_SPILL_FP;
    t->at = spill_slot (l);
    asm_fstore64 (&l->a, spill_mem (t->at), x);
  }
}

int
dst_fp (Lower *l, IrVal dst)
{
  if (IR_IS_VAR (dst))
    return l->map->xmm[dst] >= 0 ? l->map->xmm[dst] : 0;
  TempLoc *t = temp_loc (l, dst);
  if (l->free_xmm != 0) {
    t->kind = LOC_XMM;
    t->at = __builtin_ctz (l->free_xmm);
    l->free_xmm &= l->free_xmm - 1;
    return t->at;
  }
  t->kind = LOC_SPILL_FP;
  t->at = spill_slot (l);
  return 0;
}

int
dst_vec (Lower *l, IrVal dst)
{
  if (IR_IS_VAR (dst))
    return l->map->xmm[dst] >= 0 ? l->map->xmm[dst] : 0;
  TempLoc *t = temp_loc (l, dst);
  t->wide = true;
  if (l->free_xmm != 0)
    return dst_fp (l, dst);
  t->kind = LOC_SPILL_WIDE;
  t->at = spill_slot_pair (l);
  return 0;
}

void
dst_vec_done (Lower *l, IrVal dst, int reg, bool low_only)
{
  Opnd o = opnd_fp (l, dst);
  if (o.kind == OPND_MEM)
    asm_xstore (&l->a, true, o.mem, reg);
  else if (o.reg != reg)
    asm_fmov (&l->a, o.reg, reg);
  if (!IR_IS_VAR (dst))
    return;
  bit_clear (l->boxed, dst + 1u);
  if (low_only)
    bit_set (l->boxed, dst);
  else
    bit_clear (l->boxed, dst);
}

/* After a scalar result in a V128 variable: zero above it. `narrow`: it is not a F64. */
static void
note_clean (Lower *l, IrVal dst, bool narrow)
{
  bit_set (l->boxed, dst);
  if (narrow)
    bit_set (l->boxed, dst + 1u);
  else
    bit_clear (l->boxed, dst + 1u);
}

void
dst_fp_done (Lower *l, IrVal dst, int reg, bool boxed)
{
  Opnd o = opnd_fp (l, dst);
  if (IR_IS_VAR (dst) && var_is_wide (dst)) {
    if (o.kind == OPND_MEM)
      asm_xstore (&l->a, true, o.mem, reg);
    else if (o.reg != reg)
      asm_fmov (&l->a, o.reg, reg);
    note_clean (l, dst, boxed);
    return;
  }
  if (o.kind == OPND_MEM)
    asm_fstore64 (&l->a, o.mem, reg);
  else if (o.reg != reg)
    asm_fmov (&l->a, o.reg, reg);
  if (!IR_IS_VAR (dst))
    return;
  if (boxed)
    bit_set (l->boxed, dst);
  else
    bit_clear (l->boxed, dst);
}

void
temp_alias (Lower *l, IrVal temp, unsigned var)
{
  TempLoc *t = temp_loc (l, temp);
  if (l->n_alias == G_N_ELEMENTS (l->alias)) {
    int x = dst_fp (l, temp);
    fp_to (l, x, fp_var (l, var));
    dst_fp_done (l, temp, x, true);
    return;
  }
  t->kind = LOC_VAR;
  t->at = var;
  l->alias[l->n_alias++] = temp;
}

static void
give_back (Lower *l, IrVal v)
{
  const TempLoc *t = temp_loc (l, v);
  switch (t->kind) {
    case LOC_GPR: l->free_gpr |= 1u << t->at; break;
    case LOC_XMM: l->free_xmm |= 1u << t->at; break;
    case LOC_SPILL:
    case LOC_SPILL_FP: l->spill_used &= ~(UINT64_C (1) << t->at); break;
    case LOC_SPILL_WIDE: l->spill_used &= ~(UINT64_C (3) << t->at); break;
    case LOC_VAR:
      for (unsigned i = 0; i < l->n_alias; i++)
        if (l->alias[i] == v)
          l->alias[i] = l->alias[--l->n_alias];
      break;
    default: break;
  }
}

static void
free_temp (Lower *l, IrVal v)
{
  if (IR_IS_TEMP (v) && l->last_use[v - IR_TEMP_BASE] == l->op_index)
    give_back (l, v);
}

void
free_unused (Lower *l, IrVal dst)
{
  if (IR_IS_TEMP (dst) && l->last_use[dst - IR_TEMP_BASE] == 0)
    give_back (l, dst);
}

void
free_dying (Lower *l, const IrOp *op)
{
  free_temp (l, op->a);
  if (op->b != op->a)
    free_temp (l, op->b);
  if (op->c != op->a && op->c != op->b)
    free_temp (l, op->c);
}

void
vacate_rdx (Lower *l)
{
  if (l->free_gpr & 1u << RDX)
    return;
  for (uint32_t i = 0; i < l->r->n_temps; i++) {
    TempLoc *t = &l->temps[i];
    if (t->kind != LOC_GPR || t->at != RDX || l->last_use[i] < l->op_index)
      continue;
    t->kind = LOC_SPILL;
    t->at = spill_slot (l);
    asm_store64 (&l->a, spill_mem (t->at), RDX);
    break;
  }
  l->free_gpr |= 1u << RDX;
}

/* The general registers that hold no variable under the map serve temporaries. */
static uint16_t
pool_gpr (const VarMap *map)
{
  uint16_t pool = 1u << RDX;
  for (unsigned i = 0; i < n_pinned_gpr (); i++)
    pool |= 1u << jit_pinned_gpr[i];
  for (unsigned v = 0; v < jit_config.n_vars; v++)
    if (map->gpr[v] >= 0)
      pool &= ~(1u << map->gpr[v]);
  return pool;
}

void
temps_block_begin (Lower *l)
{
  l->free_gpr = l->map == &jit_pinned_map ? 1u << RDX : pool_gpr (l->map);
  l->free_xmm = temp_xmm ();
  l->spill_used = 0;
  l->n_alias = 0;
}

static void
note_use (Lower *l, IrVal v, uint32_t i)
{
  if (IR_IS_TEMP (v) && l->last_use[v - IR_TEMP_BASE] == 0)
    l->last_use[v - IR_TEMP_BASE] = i;
}

void
temps_prepare (Lower *l)
{
  const IrRegion *r = l->r;
  if (l->cap_temps <= r->n_temps) { /* Never NULL, even without any. */
    l->cap_temps = r->n_temps + 64;
    l->temps = g_renew (TempLoc, l->temps, l->cap_temps);
    l->last_use = g_renew (uint32_t, l->last_use, l->cap_temps);
  }
  memset (l->last_use, 0, r->n_temps * sizeof *l->last_use);
  memset (l->temps, 0, r->n_temps * sizeof *l->temps);
  for (uint32_t n = r->n_blocks; n-- > 0;) {
    const IrBlock *block = &r->blocks[n];
    note_use (l, block->a, block->first_op + block->n_ops);
    note_use (l, block->b, block->first_op + block->n_ops);
    for (uint32_t i = block->first_op + block->n_ops; i-- > block->first_op;) {
      const IrOp *op = &r->ops[i];
      note_use (l, op->a, i);
      note_use (l, op->b, i);
      note_use (l, op->c, i);
    }
  }
}

void
sync_vars (Lower *l, bool store)
{
  for (unsigned v = 0; v < jit_config.n_vars; v++) {
    if (l->map->gpr[v] >= 0)
      asm_rm (&l->a, OP0 (store ? 0x89 : 0x8b), true, l->map->gpr[v], var_mem (v));
    if (l->map->xmm[v] >= 0)
      store ? asm_xstore (&l->a, var_is_wide (v), var_mem (v), l->map->xmm[v])
            : asm_xload (&l->a, var_is_wide (v), l->map->xmm[v], var_mem (v));
  }
}
