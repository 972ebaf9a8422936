/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The disassembler: operand syntax from the instruction tables, in the notation of objdump -M no-aliases. */

#include "riscv-disas.h"
#include "riscv-csr.h"
#include <string.h>

const char *const rv_x_names[32] = {
  "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
  "a6",   "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};
const char *const rv_f_names[32] = {
  "ft0", "ft1", "ft2", "ft3", "ft4",  "ft5",  "ft6", "ft7", "fs0",  "fs1",  "fa0",
  "fa1", "fa2", "fa3", "fa4", "fa5",  "fa6",  "fa7", "fs2", "fs3",  "fs4",  "fs5",
  "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
};

/* The instruction being printed. */
typedef struct {
  const RvArgs *a;
  uint64_t pc;
  bool rv32;
} Printed;

static void
print_csr (GString *out, unsigned number)
{
  const RiscvCsr *csr = riscv_csr_by_number (number);
  char name[16];

  if (csr != NULL) {
    riscv_csr_name (csr, number, name);
    g_string_append (out, name);
  } else {
    g_string_append_printf (out, "0x%x", number);
  }
}

/* Which kinds of access a fence orders. */
static void
print_access (GString *out, unsigned set)
{
  static const char letters[] = "iorw";

  if (set == 0)
    g_string_append (out, "unknown");
  for (unsigned i = 0; i < 4; i++)
    if (set >> (3 - i) & 1)
      g_string_append_c (out, letters[i]);
}

/* A rounding mode after the last operand; `usual` is not mentioned. */
static void
print_rounding (GString *out, unsigned rm, unsigned usual)
{
  static const char *const names[8] = { "rne", "rtz", "rdn", "rup", "rmm", "?", "?", "dyn" };

  if (rm != usual)
    g_string_append_printf (out, ",%s", names[rm]);
}

static void
print_fli (GString *out, unsigned n)
{
  static const char *const values[32] = {
    "-0x1p+0", "min",      "0x1p-16",  "0x1p-15",  "0x1p-8",  "0x1p-7",   "0x1p-4",   "0x1p-3",
    "0x1p-2",  "0x1.4p-2", "0x1.8p-2", "0x1.cp-2", "0x1p-1",  "0x1.4p-1", "0x1.8p-1", "0x1.cp-1",
    "0x1p+0",  "0x1.4p+0", "0x1.8p+0", "0x1.cp+0", "0x1p+1",  "0x1.4p+1", "0x1.8p+1", "0x1p+2",
    "0x1p+3",  "0x1p+4",   "0x1p+7",   "0x1p+8",   "0x1p+15", "0x1p+16",  "inf",      "nan",
  };
  g_string_append (out, values[n & 31]);
}

static void
print_operand (GString *out, const Printed *p, const char *name)
{
  const RvArgs *a = p->a;
  uint64_t target = p->pc + (uint64_t)(int64_t)a->imm;
  static const char *const ordering[4] = { "", ".rl", ".aq", ".aqrl" };

#define IS(text) (strcmp (name, text) == 0)
  if (IS ("rd"))
    g_string_append (out, rv_x_names[a->rd]);
  else if (IS ("rs1"))
    g_string_append (out, rv_x_names[a->rs1]);
  else if (IS ("rs2"))
    g_string_append (out, rv_x_names[a->rs2]);
  else if (IS ("fd"))
    g_string_append (out, rv_f_names[a->rd]);
  else if (IS ("fs1"))
    g_string_append (out, rv_f_names[a->rs1]);
  else if (IS ("fs2"))
    g_string_append (out, rv_f_names[a->rs2]);
  else if (IS ("fs3"))
    g_string_append (out, rv_f_names[a->rs3]);
  else if (IS ("imm") || IS ("n"))
    g_string_append_printf (out, "%d", a->imm);
  else if (IS ("odd"))
    g_string_append_printf (out, "%d", 2 * a->imm + 1);
  else if (IS ("shamt"))
    g_string_append_printf (out, "0x%x", a->imm);
  else if (IS ("upper"))
    g_string_append_printf (out, "0x%x", (uint32_t)a->imm >> 12);
  else if (IS ("target"))
    g_string_append_printf (out, "%" G_GINT64_MODIFIER "x", p->rv32 ? (uint32_t)target : target);
  else if (IS ("csr"))
    print_csr (out, a->csr);
  else if (IS ("pred"))
    print_access (out, a->pred);
  else if (IS ("succ"))
    print_access (out, a->succ);
  else if (IS ("aqrl"))
    g_string_append (out, ordering[a->aq << 1 | a->rl]);
  else if (IS ("rm"))
    print_rounding (out, a->rm, IR_RDYN);
  else if (IS ("rmx"))
    print_rounding (out, a->rm, IR_RNE);
  else if (IS ("fli"))
    print_fli (out, a->imm);
#undef IS
}

/* The syntax text with its {operand}s replaced. Suffixes of the mnemonic come before the first space. */
static void
print_syntax (GString *out, const Printed *p, const char *syntax)
{
  if (*syntax != '\0' && *syntax != '.' && !g_str_has_prefix (syntax, "{aqrl}"))
    g_string_append_c (out, '\t');
  for (const char *c = syntax; *c; c++) {
    const char *end = *c == '{' ? strchr (c, '}') : NULL;
    if (end) {
      char name[16];
      g_strlcpy (name, c + 1, MIN (sizeof name, (size_t)(end - c)));
      print_operand (out, p, name);
      c = end;
    } else {
      g_string_append_c (out, *c == ' ' ? '\t' : *c);
    }
  }
}

unsigned
rv_disassemble (bool rv32, const uint8_t *code, size_t len, uint64_t pc, GString *out)
{
  RvArgs args = { 0 };
  unsigned size;
  RvOp op;

  if (len < 2 || ((code[0] & 3) == 3 && len < 4)) {
    g_string_append (out, ".byte");
    for (size_t i = 0; i < len; i++)
      g_string_append_printf (out, "%s0x%02x", i ? "," : "\t", code[i]);
    return (unsigned)MAX (len, 1);
  }
  op = rv_decode (rv32, code, &args, &size);
  if (op == RV_OP_ILLEGAL) {
    uint32_t word = (uint32_t)(code[0] | code[1] << 8);
    if (size == 4)
      word |= (uint32_t)(code[2] | code[3] << 8) << 16;
    g_string_append_printf (out, ".insn\t%u, 0x%0*x", size, (int)size * 2, word);
    return size;
  }
  g_string_append (out, rv_insns[op].name);
  print_syntax (out, &(Printed){ .a = &args, .pc = pc, .rv32 = rv32 }, rv_insns[op].syntax);
  return size;
}
