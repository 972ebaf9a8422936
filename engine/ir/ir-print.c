/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The readable dump of a region. One op a line: dst = name.type.details a, b, c. */

#include "ir.h"

typedef struct {
  GString *out;
  const IrRegion *r;
  const char *(*var_name) (IrVal v);
} Printer;

static const char *const type_names[] = { "i32", "i64", "f16", "f32", "f64", "v128" };
static const char *const cond_names[] = {
  "eq", "ne", "lts", "ges", "ltu", "geu", "les", "gts", "leu", "gtu"
};
static const char *const rmw_names[] = { "swap", "add", "and", "or", "xor", "mins", "maxs", "minu", "maxu" };
static const char *const round_names[] = { "rne", "rtz", "rdn", "rup", "rmm", "rod", "?", "dyn" };
static const char *const exit_names[] = { "none",  "request",     "syscall", "breakpoint", "debug", "illegal",
                                          "fault", "fetch-fault", "icache",  "pause",      "mode" };

/* A name, or a mark where the number has none: dumps are also read when something is wrong. */
#define NAME(table, i) ((size_t)(i) < G_N_ELEMENTS (table) ? (table)[i] : "?")

static void
print_value (const Printer *p, IrVal v)
{
  if (IR_IS_VAR (v)) {
    const char *name = p->var_name != NULL ? p->var_name (v) : NULL;
    if (name != NULL)
      g_string_append (p->out, name);
    else
      g_string_append_printf (p->out, "v%u", v);
  } else if (IR_IS_TEMP (v)) {
    g_string_append_printf (p->out, "t%u", v - IR_TEMP_BASE);
  } else if (v == IR_NONE) {
    g_string_append (p->out, "-");
  } else {
    int64_t k = ir_const_value (p->r, v);
    g_string_append_printf (p->out,
                            k >= -4096 && k <= 4096 ? "%" G_GINT64_FORMAT : "0x%" G_GINT64_MODIFIER "x", k);
  }
}

/* What sub and imm mean for this op. */
static void
print_details (const Printer *p, const IrOp *op)
{
  switch (op->op) {
    case IR_SETCC:
    case IR_FSETCC: g_string_append_printf (p->out, ".%s", NAME (cond_names, op->sub)); break;
    case IR_DIVS:
    case IR_DIVU:
    case IR_REMS:
    case IR_REMU: g_string_append (p->out, op->sub == IR_DIV0_ONES ? ".ones" : ".zero"); break;
    case IR_RMW: g_string_append_printf (p->out, ".%s", NAME (rmw_names, op->imm)); G_GNUC_FALLTHROUGH;
    case IR_LOAD:
    case IR_STORE:
    case IR_CAS:
      g_string_append_printf (p->out, ".%c%u", IR_MEM_SIGNED (op->sub) ? 's' : 'u',
                              8 * IR_MEM_BYTES (op->sub));
      break;
    case IR_EXTS:
    case IR_EXTZ:
    case IR_SHLADD:
    case IR_STATE:
    case IR_ZEROLINE: g_string_append_printf (p->out, ".%d", op->imm); break;
    case IR_FPFLAGS:
    case IR_SETFPFLAGS:
    case IR_FENCE: g_string_append_printf (p->out, ".%u", op->sub); break;
    case IR_TRAP:
    case IR_HELPER: g_string_append_printf (p->out, ".%d", op->imm); break;
    case IR_FCVT: g_string_append_printf (p->out, ".%s", NAME (type_names, op->sub)); break;
    case IR_FMIN:
    case IR_FMAX: g_string_append (p->out, op->sub == IR_MINMAX_NAN ? ".nan" : ".number"); break;
    case IR_FTOI:
    case IR_ITOF:
      g_string_append_printf (p->out, ".%s%s", NAME (type_names, op->sub & ~IR_UNSIGNED),
                              op->sub & IR_UNSIGNED ? "u" : "");
      break;
  }
  if (op->op >= IR_VADD && op->op <= IR_VNARROW)
    g_string_append_printf (p->out, ".%c%u.%d", IR_MEM_SIGNED (op->sub) ? 's' : 'u', IR_LANE_BITS (op->sub),
                            op->imm);
  if (op->op >= IR_VFADD && op->op <= IR_VFNARROW)
    g_string_append_printf (p->out, ".%s.%s.%x", NAME (type_names, op->sub),
                            round_names[IR_FP_ROUND (op->imm)], (unsigned)op->imm >> 8);
  if (op->op == IR_VAES || op->op == IR_VHELPER)
    g_string_append_printf (p->out, ".%d", op->imm);
  if (op->op >= IR_FADD && op->op <= IR_UNBOX)
    g_string_append_printf (p->out, ".%s.%x", round_names[IR_FP_ROUND (op->imm)], IR_FP_CLASS (op->imm));
}

static void
print_flags (const Printer *p, unsigned flags)
{
  static const char *const names[] = {
    "sx", "negp", "negc", "signaling", "exact", "be", "unboxed", "aligned"
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    if (flags >> i & 1)
      g_string_append_printf (p->out, ".%s", names[i]);
}

static void
print_op (const Printer *p, const IrOp *op)
{
  const IrVal inputs[] = { op->a, op->b, op->c };
  const char *separator = " ";

  if (op->op >= IR_N_OPS || (op->op == IR_MOV && op->dst == IR_NONE))
    return;
  if (op->op == IR_INSN) {
    g_string_append_printf (p->out, " 0x%" G_GINT64_MODIFIER "x (%u)\n",
                            p->r->pc + (uint64_t)(int64_t)op->imm, op->sub);
    return;
  }
  g_string_append (p->out, "    ");
  if (op->dst != IR_NONE) {
    print_value (p, op->dst);
    g_string_append (p->out, " = ");
  }
  g_string_append (p->out, ir_op_info[op->op].name);
  if (ir_op_info[op->op].shape != 0 && op->op != IR_HELPER && op->op != IR_ZEROLINE)
    g_string_append_printf (p->out, ".%s", NAME (type_names, op->type));
  print_details (p, op);
  print_flags (p, op->flags);
  for (unsigned i = 0; i < G_N_ELEMENTS (inputs); i++) {
    if (inputs[i] == IR_NONE)
      continue;
    g_string_append (p->out, separator);
    print_value (p, inputs[i]);
    if (i == 0 && (op->op == IR_LOAD || op->op == IR_STORE) && op->imm != 0)
      g_string_append_printf (p->out, " %c %d", op->imm < 0 ? '-' : '+', ABS (op->imm));
    separator = ", ";
  }
  g_string_append_c (p->out, '\n');
}

static void
print_edge (const Printer *p, const IrEdge *edge)
{
  g_string_append_printf (p->out, " 0x%" G_GINT64_MODIFIER "x", edge->pc);
  if (edge->block >= 0)
    g_string_append_printf (p->out, " (block %d)", edge->block);
}

static void
print_indirect (const Printer *p, const IrBlock *block)
{
  g_string_append_c (p->out, ' ');
  print_value (p, block->a);
  if (block->align != 0)
    g_string_append_printf (p->out, " & ~%u", block->align);
}

static void
print_end (const Printer *p, const IrBlock *block)
{
  static const char *const names[] = { "open", "goto", "branch", "call", "ret", "indirect", "exit" };

  g_string_append_printf (p->out, "    %s", NAME (names, block->end));
  switch (block->end) {
    case IR_END_GOTO: print_edge (p, &block->target[0]); break;
    case IR_END_BRANCH:
      g_string_append_printf (p->out, ".%s.%s ", NAME (cond_names, block->cond),
                              NAME (type_names, block->type));
      print_value (p, block->a);
      g_string_append (p->out, ", ");
      print_value (p, block->b);
      g_string_append (p->out, " ->");
      print_edge (p, &block->target[0]);
      g_string_append (p->out, " else");
      print_edge (p, &block->target[1]);
      break;
    case IR_END_CALL:
      if (block->a != IR_NONE)
        print_indirect (p, block);
      else
        print_edge (p, &block->target[0]);
      g_string_append (p->out, ", ");
      print_value (p, block->link);
      g_string_append (p->out, " =");
      print_edge (p, &block->target[1]);
      break;
    case IR_END_RET:
    case IR_END_INDIRECT: print_indirect (p, block); break;
    case IR_END_EXIT:
      g_string_append_printf (p->out, ".%s", NAME (exit_names, block->reason));
      print_edge (p, &block->target[0]);
      break;
  }
  g_string_append_c (p->out, '\n');
}

char *
ir_region_print (const IrRegion *r, const char *(*var_name) (IrVal v))
{
  Printer p = { g_string_new (NULL), r, var_name };

  g_string_append_printf (p.out, "region 0x%" G_GINT64_MODIFIER "x mode 0x%x%s\n", r->pc, r->mode,
                          r->addr32 ? " addr32" : "");
  for (uint32_t i = 0; i < r->n_blocks; i++) {
    const IrBlock *block = &r->blocks[i];

    g_string_append_printf (p.out, "block %u: 0x%" G_GINT64_MODIFIER "x, %u bytes, %u instructions\n", i,
                            block->pc, block->size, block->n_insns);
    for (uint32_t j = 0; j < block->n_ops; j++)
      print_op (&p, &r->ops[block->first_op + j]);
    print_end (&p, block);
  }
  return g_string_free (p.out, FALSE);
}
