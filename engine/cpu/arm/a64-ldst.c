/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Loads and stores of one register or two (DDI 0487, C4.1.96).  Write-back follows the access: if that
 * faults, the base is as it was. */

#include "arm-trans.h"

/* What an access moves. */
typedef struct {
  bool vector, load, is_signed;
  bool user;     /* with EL0's permission, as IrState.mode says */
  bool wide;     /* an integer load extends to 64 bits */
  unsigned log2; /* bytes */
} Access;

/* An operand for the address: base + disp. */
typedef struct {
  IrVal base;
  int32_t disp;
} Address;

static unsigned
mem_flags (const A64Trans *t, const Access *access)
{
  return (t->mode & ARM_MODE_ALIGNED && access->log2 > 0 ? IR_F_ALIGNED : 0) |
         (access->user && t->mode & ARM_MODE_USER ? IR_F_USER : 0);
}

/* PRFM is `load` of nothing: *ret_prefetch. False: not allocated. */
static bool
integer_access (unsigned size, unsigned opc, Access *ret, bool *ret_prefetch)
{
  *ret_prefetch = size == 3 && opc == 2;
  *ret = (Access){ .load = opc != 0, .is_signed = opc >= 2, .wide = opc == 2 || size == 3, .log2 = size };
  return opc < 2 || size < 2 || (size == 2 && opc == 2) || *ret_prefetch;
}

static bool
vector_access (unsigned size, unsigned opc, Access *ret)
{
  *ret = (Access){ .vector = true, .load = opc & 1, .log2 = opc & 2 ? 4 : size };
  return !(opc & 2) || size == 0;
}

static IrVal
load_vector (A64Trans *t, const Access *access, Address at)
{
  static const IrType types[] = { IR_F32, IR_F16, IR_F32, IR_F64, IR_V128 };
  if (access->log2 == 0) {
    IrVal byte = ir_load (t->b, IR_I32, IR_MEM (0, 0), at.base, at.disp);
    return ir_op1 (t->b, IR_BITSF, IR_F32, byte);
  }
  IrDesc d =
      IR_DESC (.op = IR_LOAD, .type = types[access->log2], .sub = IR_MEM (access->log2, 0), .imm = at.disp);
  d.flags = (uint8_t)(mem_flags (t, access) | (d.type != IR_V128 ? IR_F_UNBOXED : 0));
  return ir_emit (t->b, d, at.base, IR_NONE, IR_NONE);
}

static IrVal
load (A64Trans *t, const Access *access, Address at)
{
  if (access->vector)
    return load_vector (t, access, at);
  IrDesc d = IR_DESC (.op = IR_LOAD, .type = access->wide ? IR_I64 : IR_I32,
                      .sub = IR_MEM (access->log2, access->is_signed),
                      .flags = (uint8_t)mem_flags (t, access), .imm = at.disp);
  return ir_emit (t->b, d, at.base, IR_NONE, IR_NONE);
}

static void
set_loaded (A64Trans *t, const Access *access, unsigned rt, IrVal value)
{
  if (!access->vector)
    a64_set_x (t, rt, value);
  else if (access->log2 == 4)
    ir_set_wide (t->b, a64_v (rt), value);
  else
    ir_set (t->b, a64_v (rt), value);
}

static void
store (A64Trans *t, const Access *access, unsigned rt, Address at)
{
  static const IrType types[] = { IR_F32, IR_F16, IR_F32, IR_F64, IR_V128 };
  IrDesc d =
      IR_DESC (.op = IR_STORE, .type = access->log2 == 3 ? IR_I64 : IR_I32, .sub = IR_MEM (access->log2, 0),
               .flags = (uint8_t)mem_flags (t, access), .imm = at.disp);
  if (!access->vector) {
    ir_emit (t->b, d, at.base, a64_x (t, rt), IR_NONE);
  } else if (access->log2 == 0) {
    IrDesc lane = IR_DESC (.op = IR_VGETL, .type = IR_V128, .sub = IR_LANE (0, 0));
    IrVal byte = ir_emit (t->b, lane, a64_v (rt), IR_NONE, IR_NONE);
    ir_store (t->b, IR_I32, IR_MEM (0, 0), at.base, at.disp, byte);
  } else {
    d.type = types[access->log2];
    ir_emit (t->b, d, at.base, a64_v (rt), IR_NONE);
  }
}

static void
access_one (A64Trans *t, const Access *access, unsigned rt, Address at)
{
  if (access->load)
    set_loaded (t, access, rt, load (t, access, at));
  else
    store (t, access, rt, at);
}

/* Before write-back, where the base is also what is loaded, or nothing is loaded yet. */
static IsaFlow
access_and_update (A64Trans *t, const Access *access, const A64Args *a, bool pre)
{
  IrVal base = a64_base (t, a->rn), loaded = IR_NONE;
  Address at = { base, pre ? a->imm : 0 };
  if (access->load)
    loaded = load (t, access, at);
  else
    store (t, access, a->rt, at);
  /* The loaded value is set first: that of the same register is replaced by the new base, or the other way
   * round, as the architecture leaves open. */
  if (access->load)
    set_loaded (t, access, a->rt, loaded);
  ir_set (t->b, base, ir_op2 (t->b, IR_ADD, IR_I64, base, ir_const (t->b, a->imm)));
  return ISA_NEXT;
}

/* The register offset: extended, and scaled by the size if S is set. */
static Address
register_address (A64Trans *t, const A64Args *a, unsigned log2)
{
  IrVal index = a64_x (t, a->rm);
  if ((a->option & 3) == 2)
    index = ir_ext (t->b, IR_I64, index, 32, a->option & 4);
  unsigned shift = a->s ? log2 : 0;
  if (shift > 3) {
    index = ir_op2 (t->b, IR_SHL, IR_I64, index, ir_const (t->b, shift));
    shift = 0;
  }
  return (Address){ ir_shladd (t->b, IR_I64, index, shift, a64_base (t, a->rn)), 0 };
}

typedef enum { OFFSET, UNSCALED, POST, PRE, REGISTER } Form;

static IsaFlow
access_in_form (A64Trans *t, const Access *access, const A64Args *a, Form form)
{
  switch (form) {
    case OFFSET:
      access_one (t, access, a->rt, (Address){ a64_base (t, a->rn), a->imm << access->log2 });
      break;
    case UNSCALED: access_one (t, access, a->rt, (Address){ a64_base (t, a->rn), a->imm }); break;
    case REGISTER: access_one (t, access, a->rt, register_address (t, a, access->log2)); break;
    default: return access_and_update (t, access, a, form == PRE);
  }
  return ISA_NEXT;
}

static IsaFlow
integer (A64Trans *t, const A64Args *a, Form form)
{
  Access access;
  bool prefetch;
  if (!integer_access (a->size, a->opc, &access, &prefetch))
    return a64_undefined (t);
  if (prefetch)
    return form == POST || form == PRE ? a64_undefined (t) : ISA_NEXT;
  return access_in_form (t, &access, a, form);
}

static IsaFlow
vector (A64Trans *t, const A64Args *a, Form form)
{
  Access access;
  if (!vector_access (a->size, a->opc, &access))
    return a64_undefined (t);
  return access_in_form (t, &access, a, form);
}

#define FORM(insn, kind, form)                                                                               \
  IsaFlow a64_trans_##insn (A64Trans *t, const A64Args *a)                                                   \
  {                                                                                                          \
    return kind (t, a, form);                                                                                \
  }
IsaFlow
a64_trans_ldst_user (A64Trans *t, const A64Args *a)
{
  Access access;
  bool prefetch;
  if (!integer_access (a->size, a->opc, &access, &prefetch) || prefetch)
    return a64_undefined (t);
  access.user = true;
  return access_in_form (t, &access, a, UNSCALED);
}

FORM (ldst_uimm, integer, OFFSET)
FORM (ldst_unscaled, integer, UNSCALED)
FORM (ldst_post, integer, POST)
FORM (ldst_pre, integer, PRE)
FORM (ldst_register, integer, REGISTER)
FORM (ldst_v_uimm, vector, OFFSET)
FORM (ldst_v_unscaled, vector, UNSCALED)
FORM (ldst_v_post, vector, POST)
FORM (ldst_v_pre, vector, PRE)
FORM (ldst_v_register, vector, REGISTER)

/* `mode` (the encoding's bits 24:23): 0 and 2 offset (0: non-temporal), 1 post-index, 3 pre-index. Both
 * registers are loaded before either changes. */
static IsaFlow
pair (A64Trans *t, const Access *access, const A64Args *a)
{
  IrVal base = a64_base (t, a->rn);
  int32_t offset = a->imm * (1 << access->log2), first = a->mode == 1 ? 0 : offset,
          second = first + (1 << access->log2);
  if (access->load) {
    IrVal low = load (t, access, (Address){ base, first }),
          high = load (t, access, (Address){ base, second });
    set_loaded (t, access, a->rt, low);
    set_loaded (t, access, a->rt2, high);
  } else {
    store (t, access, a->rt, (Address){ base, first });
    store (t, access, a->rt2, (Address){ base, second });
  }
  if (a->mode & 1)
    ir_set (t->b, base, ir_op2 (t->b, IR_ADD, IR_I64, base, ir_const (t->b, offset)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_ldst_pair (A64Trans *t, const A64Args *a)
{
  bool ldpsw = a->size == 1;
  Access access = { .load = a->l, .is_signed = ldpsw, .wide = a->size != 0, .log2 = a->size == 2 ? 3 : 2 };
  if (a->size == 3 || (ldpsw && (!a->l || a->mode == 0)))
    return a64_undefined (t);
  return pair (t, &access, a);
}

IsaFlow
a64_trans_ldst_v_pair (A64Trans *t, const A64Args *a)
{
  Access access = { .vector = true, .load = a->l, .log2 = 2u + a->size };
  if (a->size == 3)
    return a64_undefined (t);
  return pair (t, &access, a);
}

static IsaFlow
literal (A64Trans *t, const Access *access, const A64Args *a)
{
  access_one (t, access, a->rt, (Address){ ir_const_pc (t->b, t->pc + (uint64_t)(int64_t)a->imm), 0 });
  return ISA_NEXT;
}

IsaFlow
a64_trans_ldr_literal (A64Trans *t, const A64Args *a)
{
  Access access = {
    .load = true, .is_signed = a->size == 2, .wide = a->size != 0, .log2 = a->size == 1 ? 3 : 2
  };
  return a->size == 3 ? ISA_NEXT /* PRFM */ : literal (t, &access, a);
}

IsaFlow
a64_trans_ldr_v_literal (A64Trans *t, const A64Args *a)
{
  Access access = { .vector = true, .load = true, .log2 = 2u + a->size };
  return a->size == 3 ? a64_undefined (t) : literal (t, &access, a);
}
