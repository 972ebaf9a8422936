/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Loads and stores of structures to and from vectors (DDI 0487, C4.1.96).  A structure is one to four
 * elements, which go to as many registers, each to a lane of its own or to all. */

#include "arm-helpers.h"
#include "arm-trans.h"
#include <string.h>

/* What moves: `n` registers of `bytes` each, of lanes of 1 << log2 bytes. */
typedef struct {
  unsigned rt, n, bytes, log2;
} Registers;

/* The i-th register. */
static IrVal
reg (const Registers *v, unsigned i)
{
  return a64_v ((v->rt + i) % 32);
}

static uint8_t
half (const Registers *v)
{
  return v->bytes == 8 ? IR_F_HALF : 0;
}

/* base += what was accessed, or register rm. */
static void
write_back (A64Trans *t, const A64Args *a, unsigned bytes)
{
  IrVal base = a64_xsp (a->rn), step = a->rm == 31 ? ir_const (t->b, bytes) : a64_x (t, a->rm);
  ir_set (t->b, base, ir_op2 (t->b, IR_ADD, IR_I64, base, step));
}

/* SPEC: DDI 0487, B2.5.2: it is elements that are to be aligned, whatever is accessed at once. */
static void
check_elements (A64Trans *t, const A64Args *a, unsigned log2)
{
  if (!(t->mode & ARM_MODE_ALIGNED) || log2 == 0)
    return;
  IrVal base = a64_base (t, a->rn);
  IrVal low = ir_op2 (t->b, IR_AND, IR_I64, base, ir_const (t->b, (1 << log2) - 1));
  ir_trap (t->b, a->l ? ARM_HELPER_MISALIGNED_LOAD : ARM_HELPER_MISALIGNED_STORE, low, base);
}

/* ---- Whole registers as they lie in memory. ---- */

static void
load_whole (A64Trans *t, const Registers *v, unsigned rn)
{
  for (unsigned i = 0; i < v->n; i++) {
    bool wide = v->bytes == 16;
    IrDesc d = IR_DESC (.op = IR_LOAD, .type = wide ? IR_V128 : IR_F64, .sub = IR_MEM (wide ? 4 : 3, false),
                        .flags = wide ? 0 : IR_F_UNBOXED, .imm = (int32_t)(v->bytes * i));
    IrVal value = ir_emit (t->b, d, a64_base (t, rn), IR_NONE, IR_NONE);
    if (wide)
      ir_set_wide (t->b, reg (v, i), value);
    else
      ir_set (t->b, reg (v, i), value);
  }
}

static IrVal
get_lane (A64Trans *t, unsigned log2, IrVal vector, unsigned index)
{
  IrDesc d = IR_DESC (.op = IR_VGETL, .type = IR_V128, .sub = IR_LANE (log2, false), .imm = (int32_t)index);
  return ir_emit (t->b, d, vector, IR_NONE, IR_NONE);
}

static void
store_whole (A64Trans *t, const Registers *v, unsigned rn, const IrVal *value)
{
  for (unsigned i = 0; i < v->n; i++) {
    int32_t disp = (int32_t)(v->bytes * i);
    if (v->bytes == 16)
      ir_store (t->b, IR_V128, IR_MEM (4, false), a64_base (t, rn), disp, value[i]);
    else
      ir_store (t->b, IR_I64, IR_MEM (3, false), a64_base (t, rn), disp, get_lane (t, 3, value[i], 0));
  }
}

/* ---- Structures of two and four: lanes drawn apart, and by turns. ---- */

static IrVal
rearranged (A64Trans *t, const Registers *v, IrOpcode op, unsigned second, IrVal x, IrVal y)
{
  IrDesc d = IR_DESC (.op = op, .type = IR_V128, .sub = IR_LANE (v->log2, false), .flags = half (v),
                      .imm = (int32_t)second);
  return ir_emit (t->b, d, x, y, IR_NONE);
}

static void
set_all (A64Trans *t, const Registers *v, const IrVal *value)
{
  for (unsigned i = 0; i < v->n; i++)
    ir_set_wide (t->b, reg (v, i), value[i]);
}

/* x[i], y[i]: even and odd lanes of a pair of vectors. */
static void
draw_apart (A64Trans *t, const Registers *v, IrVal first, IrVal second, IrVal *ret_even, IrVal *ret_odd)
{
  *ret_even = rearranged (t, v, IR_VUZP, 0, first, second);
  *ret_odd = rearranged (t, v, IR_VUZP, 1, first, second);
}

static void
put_by_turns (A64Trans *t, const Registers *v, IrVal x, IrVal y, IrVal *ret_low, IrVal *ret_high)
{
  *ret_low = rearranged (t, v, IR_VZIP, 0, x, y);
  *ret_high = rearranged (t, v, IR_VZIP, 1, x, y);
}

static void
deinterleave2 (A64Trans *t, const Registers *v)
{
  IrVal out[2];
  draw_apart (t, v, reg (v, 0), reg (v, 1), &out[0], &out[1]);
  set_all (t, v, out);
}

static void
interleave2 (A64Trans *t, const Registers *v, IrVal *ret)
{
  put_by_turns (t, v, reg (v, 0), reg (v, 1), &ret[0], &ret[1]);
}

static void
deinterleave4 (A64Trans *t, const Registers *v)
{
  IrVal even[2], odd[2], out[4];
  draw_apart (t, v, reg (v, 0), reg (v, 1), &even[0], &odd[0]);
  draw_apart (t, v, reg (v, 2), reg (v, 3), &even[1], &odd[1]);
  draw_apart (t, v, even[0], even[1], &out[0], &out[2]);
  draw_apart (t, v, odd[0], odd[1], &out[1], &out[3]);
  set_all (t, v, out);
}

static void
interleave4 (A64Trans *t, const Registers *v, IrVal *ret)
{
  IrVal even[2], odd[2];
  put_by_turns (t, v, reg (v, 0), reg (v, 2), &even[0], &even[1]);
  put_by_turns (t, v, reg (v, 1), reg (v, 3), &odd[0], &odd[1]);
  put_by_turns (t, v, even[0], odd[0], &ret[0], &ret[1]);
  put_by_turns (t, v, even[1], odd[1], &ret[2], &ret[3]);
}

/* ---- Structures of three: bytes picked by table. ---- */

/* Which byte of which register is byte `at` of the three as they lie in memory. */
static void
place_in_registers (const Registers *v, unsigned at, unsigned *ret_reg, unsigned *ret_byte)
{
  unsigned element = at >> v->log2;
  *ret_reg = element % 3;
  *ret_byte = (element / 3 << v->log2) | (at & ((1u << v->log2) - 1));
}

/* The table that picks from vector `from` what vector `to` takes of it. */
static IrVal
table_of (A64Trans *t, const Registers *v, bool load, unsigned from, unsigned to)
{
  IrV128 table;
  memset (&table, 0xff, sizeof table);
  for (unsigned at = 0; at < 3 * v->bytes; at++) {
    unsigned n, byte, memory = at / v->bytes, offset = at % v->bytes;
    place_in_registers (v, at, &n, &byte);
    if (load && memory == from && n == to)
      table.b[byte] = (uint8_t)offset;
    else if (!load && n == from && memory == to)
      table.b[offset] = (uint8_t)byte;
  }
  return ir_const_wide (t->b, table.d[0], table.d[1]);
}

static void
rearrange3 (A64Trans *t, const Registers *v, bool load, IrVal *ret)
{
  for (unsigned to = 0; to < 3; to++) {
    ret[to] = IR_NONE;
    for (unsigned from = 0; from < 3; from++) {
      IrVal part = ir_op2 (t->b, IR_VTBL, IR_V128, reg (v, from), table_of (t, v, load, from, to));
      ret[to] = from == 0 ? part : ir_op2 (t->b, IR_VOR, IR_V128, ret[to], part);
    }
  }
}

/* ---- Multiple structures. ---- */

static void
load_structures (A64Trans *t, const Registers *v, unsigned elements, unsigned rn)
{
  load_whole (t, v, rn);
  if (elements == 2) {
    deinterleave2 (t, v);
  } else if (elements == 4) {
    deinterleave4 (t, v);
  } else if (elements == 3) {
    IrVal out[3];
    rearrange3 (t, v, true, out);
    set_all (t, v, out);
  }
}

static void
store_structures (A64Trans *t, const Registers *v, unsigned elements, unsigned rn)
{
  IrVal value[4];
  for (unsigned i = 0; i < v->n; i++)
    value[i] = reg (v, i);
  if (elements == 2)
    interleave2 (t, v, value);
  else if (elements == 4)
    interleave4 (t, v, value);
  else if (elements == 3)
    rearrange3 (t, v, false, value);
  store_whole (t, v, rn, value);
}

/* Registers and elements of a structure by opcode; no registers: not allocated. */
static const struct {
  uint8_t n, elements;
} multiple[16] = { [0] = { 4, 4 }, [2] = { 4, 1 }, [4] = { 3, 3 }, [6] = { 3, 1 },
                   [7] = { 1, 1 }, [8] = { 2, 2 }, [10] = { 2, 1 } };

IsaFlow
a64_trans_ldst_v_multiple (A64Trans *t, const A64Args *a)
{
  Registers v = { a->rt, multiple[a->opc].n, a->q ? 16 : 8, a->size };
  unsigned elements = multiple[a->opc].elements;
  if (v.n == 0 || (elements > 1 && a->size == 3 && !a->q))
    return a64_undefined (t);
  check_elements (t, a, v.log2);
  if (a->l)
    load_structures (t, &v, elements, a->rn);
  else
    store_structures (t, &v, elements, a->rn);
  return ISA_NEXT;
}

IsaFlow
a64_trans_ldst_v_multiple_post (A64Trans *t, const A64Args *a)
{
  IsaFlow flow = a64_trans_ldst_v_multiple (t, a);
  if (flow == ISA_NEXT)
    write_back (t, a, multiple[a->opc].n * (a->q ? 16u : 8u));
  return flow;
}

/* ---- A single structure. ---- */

static IrVal
load_element (A64Trans *t, const Registers *v, unsigned i, unsigned rn)
{
  return ir_load (t->b, v->log2 == 3 ? IR_I64 : IR_I32, IR_MEM (v->log2, false), a64_base (t, rn),
                  (int32_t)(i << v->log2));
}

static void
load_lane (A64Trans *t, const Registers *v, unsigned i, unsigned rn, unsigned lane)
{
  IrDesc d = IR_DESC (.op = IR_VINSI, .type = IR_V128, .sub = IR_LANE (v->log2, false), .imm = (int32_t)lane);
  IrVal element = load_element (t, v, i, rn);
  ir_set_wide (t->b, reg (v, i), ir_emit (t->b, d, reg (v, i), element, IR_NONE));
}

static void
load_to_all_lanes (A64Trans *t, const Registers *v, unsigned i, unsigned rn)
{
  IrDesc d = IR_DESC (.op = IR_VDUP, .type = IR_V128, .sub = IR_LANE (v->log2, false), .flags = half (v));
  IrVal element = load_element (t, v, i, rn);
  ir_set_wide (t->b, reg (v, i), ir_emit (t->b, d, element, IR_NONE, IR_NONE));
}

static void
store_lane (A64Trans *t, const Registers *v, unsigned i, unsigned rn, unsigned lane)
{
  ir_store (t->b, v->log2 == 3 ? IR_I64 : IR_I32, IR_MEM (v->log2, false), a64_base (t, rn),
            (int32_t)(i << v->log2), get_lane (t, v->log2, reg (v, i), lane));
}

/* The size of an element and the lane, from Q:S:size; false: not allocated. */
static bool
lane_of (const A64Args *a, unsigned *ret_log2, unsigned *ret_lane)
{
  unsigned bits = (unsigned)a->q << 3 | (unsigned)a->s << 2 | a->size, log2 = a->opc >> 1;
  if ((log2 == 1 && bits & 1) || (log2 == 2 && (bits & 2 || (bits & 5) == 5)))
    return false;
  if (log2 == 2 && bits & 1)
    log2 = 3;
  *ret_log2 = log2;
  *ret_lane = bits >> log2;
  return true;
}

static unsigned
elements_of (const A64Args *a)
{
  return 1u + a->r + 2u * (a->opc & 1);
}

IsaFlow
a64_trans_ldst_v_single (A64Trans *t, const A64Args *a)
{
  Registers v = { .rt = a->rt, .n = elements_of (a), .bytes = a->q ? 16 : 8, .log2 = a->size };
  unsigned lane = 0;
  bool to_all = a->opc >> 1 == 3;
  if (to_all ? !a->l || a->s : !lane_of (a, &v.log2, &lane))
    return a64_undefined (t);
  check_elements (t, a, v.log2);
  for (unsigned i = 0; i < v.n; i++)
    if (to_all)
      load_to_all_lanes (t, &v, i, a->rn);
    else if (a->l)
      load_lane (t, &v, i, a->rn, lane);
    else
      store_lane (t, &v, i, a->rn, lane);
  return ISA_NEXT;
}

IsaFlow
a64_trans_ldst_v_single_post (A64Trans *t, const A64Args *a)
{
  unsigned log2 = a->size, lane;
  IsaFlow flow = a64_trans_ldst_v_single (t, a);
  if (flow != ISA_NEXT)
    return flow;
  if (a->opc >> 1 != 3)
    lane_of (a, &log2, &lane);
  write_back (t, a, elements_of (a) << log2);
  return ISA_NEXT;
}
