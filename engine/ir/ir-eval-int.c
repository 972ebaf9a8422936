/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Meaning of the PURE integer ops.  Each is written once for both widths: operands come normalised to the
 * width, as an unsigned and as a signed number, and the result is cut to the width afterwards. */

#include "ir-eval.h"
#include "ir-interp.h"
#include "bits.h"

typedef struct {
  unsigned width;
  uint64_t ua, ub;
  int64_t sa, sb;
} IntArgs;

static IntArgs
int_args (IrType type, uint64_t a, uint64_t b)
{
  if (type == IR_I32)
    return (IntArgs){ 32, (uint32_t)a, (uint32_t)b, (int32_t)a, (int32_t)b };
  return (IntArgs){ 64, a, b, (int64_t)a, (int64_t)b };
}

bool
ir_eval_cond (IrCond cond, IrType type, uint64_t a, uint64_t b)
{
  IntArgs v = int_args (type, a, b);

  switch (cond) {
    case IR_EQ: return v.ua == v.ub;
    case IR_NE: return v.ua != v.ub;
    case IR_LTS: return v.sa < v.sb;
    case IR_GES: return v.sa >= v.sb;
    case IR_LTU: return v.ua < v.ub;
    case IR_GEU: return v.ua >= v.ub;
    case IR_LES: return v.sa <= v.sb;
    case IR_GTS: return v.sa > v.sb;
    case IR_LEU: return v.ua <= v.ub;
    case IR_GTU: return v.ua > v.ub;
  }
  return false;
}

static uint64_t
eval_shift (IrOpcode op, const IntArgs *v)
{
  unsigned n = v->ub & (v->width - 1);

  switch (op) {
    case IR_SHL: return v->ua << n;
    case IR_SHR: return v->ua >> n;
    case IR_SAR: return (uint64_t)(v->sa >> n);
    case IR_ROTL: return bits_rotl (v->ua, n, v->width);
    default: return bits_rotl (v->ua, (v->width - n) & (v->width - 1), v->width);
  }
}

static uint64_t
eval_multiply (IrOpcode op, const IntArgs *v)
{
  switch (op) {
    case IR_MUL: return v->ua * v->ub;
    case IR_MULHS: return (uint64_t)(((__int128)v->sa * v->sb) >> v->width);
    case IR_MULHU: return (uint64_t)(((unsigned __int128)v->ua * v->ub) >> v->width);
    case IR_MULHSU: return (uint64_t)(((__int128)v->sa * (__int128)v->ub) >> v->width);
    case IR_CLMUL: return (uint64_t)bits_clmul (v->ua, v->ub);
    case IR_CLMULH: return (uint64_t)(bits_clmul (v->ua, v->ub) >> v->width);
    default: return (uint64_t)(bits_clmul (v->ua, v->ub) >> (v->width - 1));
  }
}

static uint64_t
eval_divide (IrOpcode op, IrDivRule rule, const IntArgs *v)
{
  bool remainder = op == IR_REMS || op == IR_REMU;

  if (v->ub == 0)
    return remainder ? v->ua : rule == IR_DIV0_ONES ? ~UINT64_C (0) : 0;
  switch (op) {
    case IR_DIVU: return v->ua / v->ub;
    case IR_REMU: return v->ua % v->ub;
    /* Dividing by -1 is a negation; the machine instruction would trap on the most negative number. */
    case IR_DIVS: return v->sb == -1 ? -v->ua : (uint64_t)(v->sa / v->sb);
    default: return v->sb == -1 ? 0 : (uint64_t)(v->sa % v->sb);
  }
}

static uint64_t
eval_bits (IrOpcode op, const IntArgs *v)
{
  switch (op) {
    case IR_CLZ: return v->ua == 0 ? v->width : (unsigned)__builtin_clzll (v->ua) - (64 - v->width);
    case IR_CTZ: return v->ua == 0 ? v->width : (unsigned)__builtin_ctzll (v->ua);
    case IR_POPCNT: return (unsigned)__builtin_popcountll (v->ua);
    case IR_BSWAP: return __builtin_bswap64 (v->ua) >> (64 - v->width);
    case IR_BREV8: return bits_brev8 (v->ua);
    default: return bits_orcb (v->ua);
  }
}

/* a + b + carry, of the operands' width. */
static uint64_t
sum_flags (const IntArgs *v, uint64_t b, unsigned carry)
{
  unsigned __int128 sum = (unsigned __int128)v->ua + b + carry;
  uint64_t result = bits_zext ((uint64_t)sum, v->width), sign = UINT64_C (1) << (v->width - 1);
  bool overflow = ~(v->ua ^ b) & (v->ua ^ result) & sign;
  return (result & sign ? IR_CC_N : 0) | (result == 0 ? IR_CC_Z : 0) | (sum >> v->width & 1 ? IR_CC_C : 0) |
         (overflow ? IR_CC_V : 0);
}

static uint64_t
eval_flags (IrOpcode op, const IntArgs *v, uint64_t c)
{
  uint64_t not_b = bits_zext (~v->ub, v->width);

  switch (op) {
    case IR_CCADD: return sum_flags (v, v->ub, 0);
    case IR_CCSUB: return sum_flags (v, not_b, 1);
    case IR_CCADC: return sum_flags (v, v->ub, c & 1);
    case IR_CCSBC: return sum_flags (v, not_b, c & 1);
    default: return (v->sa < 0 ? IR_CC_N : 0) | (v->ua == 0 ? IR_CC_Z : 0);
  }
}

static uint64_t
eval_op (IrDesc d, const IntArgs *v)
{
  switch (d.op) {
    case IR_MOV: return v->ua;
    case IR_ADD: return v->ua + v->ub;
    case IR_SUB: return v->ua - v->ub;
    case IR_AND: return v->ua & v->ub;
    case IR_OR: return v->ua | v->ub;
    case IR_XOR: return v->ua ^ v->ub;
    case IR_ANDN: return v->ua & ~v->ub;
    case IR_ORN: return v->ua | ~v->ub;
    case IR_XNOR: return ~(v->ua ^ v->ub);
    case IR_SHL:
    case IR_SHR:
    case IR_SAR:
    case IR_ROTL:
    case IR_ROTR: return eval_shift (d.op, v);
    case IR_SHLADD: return (v->ua << (d.imm & 3)) + v->ub;
    case IR_MUL:
    case IR_MULHS:
    case IR_MULHU:
    case IR_MULHSU:
    case IR_CLMUL:
    case IR_CLMULH:
    case IR_CLMULR: return eval_multiply (d.op, v);
    case IR_DIVS:
    case IR_DIVU:
    case IR_REMS:
    case IR_REMU: return eval_divide (d.op, d.sub, v);
    case IR_MINS: return (uint64_t)MIN (v->sa, v->sb);
    case IR_MINU: return MIN (v->ua, v->ub);
    case IR_MAXS: return (uint64_t)MAX (v->sa, v->sb);
    case IR_MAXU: return MAX (v->ua, v->ub);
    case IR_EXTS: return (uint64_t)bits_sext (v->ua, (unsigned)d.imm);
    case IR_EXTZ: return bits_zext (v->ua, (unsigned)d.imm);
    default: return eval_bits (d.op, v);
  }
}

uint64_t
ir_eval_int (IrDesc d, uint64_t a, uint64_t b, uint64_t c)
{
  uint64_t result;

  if (d.op == IR_SETCC)
    return ir_eval_cond (d.sub, d.type, a, b);
  /* MOV and SELECT carry FP containers too: whole, with an integer as SELECT's test. */
  if (d.type >= IR_F16)
    return d.op == IR_SELECT ? (a != 0 ? b : c) : a;

  IntArgs v = int_args (d.type, a, b);
  if (d.op >= IR_CCADD && d.op <= IR_CCLOGIC)
    return eval_flags (d.op, &v, c);
  if (d.op == IR_SELECT)
    result = v.ua != 0 ? b : c;
  else
    result = eval_op (d, &v);
  return d.type == IR_I32 ? ir_extend32 (result, d.flags) : result;
}
