/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The two ISAs as the translator and debugger see them. */

#include "riscv-trans.h"
#include "riscv-disas.h"
#include <elf.h>
#include <string.h>

const IrHelper rv_helpers[RV_N_HELPERS] = {
#include "riscv-helpers.def"
};

#define E(NAME) (1ull << RV_EXT_##NAME)
static bool
uses_fp (const DecodeInsn *insn)
{
  return ((insn->needs[0] | insn->needs[1]) & (E (F) | E (D) | E (ZFH) | E (ZFHMIN) | E (ZFA))) != 0;
}

/* Whether it may change the floating-point registers or flags. */
static bool
writes_fp (RvOp op)
{
  static RvTransFn *const reading[] = {
    rv_trans_fsh,     rv_trans_fsw,      rv_trans_fsd,      rv_trans_fmv_x_h,  rv_trans_fmv_x_w,
    rv_trans_fmv_x_d, rv_trans_fmvh_x_d, rv_trans_fclass_h, rv_trans_fclass_s, rv_trans_fclass_d,
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (reading); i++)
    if (rv_trans_table[op] == reading[i])
      return false;
  return true;
}

static IsaFlow
rv_translate (IsaInsn *insn)
{
  const RiscvCpu *rv = (const RiscvCpu *)insn->cpu;
  RvArgs args;
  unsigned size = insn->len < 2 ? 2 : (insn->code[0] & 3) == 3 ? 4 : 2;

  if (insn->len < size) {
    insn->len = size;
    return ISA_NEXT;
  }
  RvOp op = rv_decode (rv->rv32, insn->code, &args, &insn->len);
  RvTrans t = {
    .b = insn->b, .rv = rv, .pc = insn->pc, .mode = insn->mode, .xt = rv->rv32 ? IR_I32 : IR_I64
  };
  t.next_pc = rv_pc (&t, insn->pc + insn->len);
  ir_insn (insn->b, insn->pc, insn->len);
  if (G_UNLIKELY (op == RV_OP_ILLEGAL || !decode_enabled (&rv_insns[op], rv->exts)))
    return rv_illegal (&t);
  if (G_UNLIKELY (rv->system) && uses_fp (&rv_insns[op])) {
    IsaFlow flow;
    if (!rv_fp_enabled (&t, writes_fp (op), &flow))
      return flow;
  }
  return rv_trans_table[op](&t, &args);
}

static unsigned
disassemble (bool rv32, const uint8_t *code, size_t len, uint64_t pc, char *out, size_t out_size)
{
  g_autoptr (GString) text = g_string_sized_new (64);
  unsigned size = rv_disassemble (rv32, code, len, pc, text);
  g_strlcpy (out, text->str, out_size);
  return size;
}

static unsigned
disassemble32 (const uint8_t *code, size_t len, uint64_t pc, char *out, size_t out_size)
{
  return disassemble (true, code, len, pc, out, out_size);
}

static unsigned
disassemble64 (const uint8_t *code, size_t len, uint64_t pc, char *out, size_t out_size)
{
  return disassemble (false, code, len, pc, out, out_size);
}

static void
dump (const Cpu *cpu, GString *out)
{
  const IrState *s = &cpu->state;
  int digits = cpu->isa->bits / 4;

  g_string_append_printf (out, " pc       %0*" G_GINT64_MODIFIER "x\n", digits, s->pc);
  for (unsigned i = 0; i < 32; i++)
    g_string_append_printf (out, " x%-2u/%-4s %0*" G_GINT64_MODIFIER "x%s", i, rv_x_names[i], digits,
                            i ? s->var[RV_VAR_X + i] : 0, i % 4 == 3 ? "\n" : "");
  for (unsigned i = 0; i < 32; i++)
    g_string_append_printf (out, " f%-2u/%-4s %016" G_GINT64_MODIFIER "x%s", i, rv_f_names[i],
                            s->var[RV_VAR_F + i], i % 4 == 3 ? "\n" : "");
  g_string_append_printf (out, " fcsr     %02x\n", riscv_cpu_fcsr ((const RiscvCpu *)cpu));
}

static char *
models32 (void)
{
  return riscv_cpu_models (true, false);
}

static char *
models64 (void)
{
  return riscv_cpu_models (false, false);
}

/* Registers for the debugger. */
static uint64_t
get_var (const Cpu *cpu, unsigned index)
{
  return index == RV_VAR_X ? 0 : cpu->state.var[index];
}

static void
set_var (Cpu *cpu, unsigned index, uint64_t value)
{
  if (index != RV_VAR_X)
    cpu->state.var[index] = index < RV_VAR_F && cpu->isa->bits == 32 ? (uint32_t)value : value;
}

static uint64_t
get_pc (const Cpu *cpu, unsigned index)
{
  return cpu->state.pc;
}

static void
set_pc (Cpu *cpu, unsigned index, uint64_t value)
{
  cpu->state.pc = cpu->isa->bits == 32 ? (uint32_t)value : value;
}

static uint64_t
get_fcsr (const Cpu *cpu, unsigned index)
{
  const RiscvCpu *rv = (const RiscvCpu *)cpu;
  return index == 1 ? riscv_cpu_fflags (rv) : index == 2 ? rv->frm : riscv_cpu_fcsr (rv);
}

static void
set_fcsr (Cpu *cpu, unsigned index, uint64_t value)
{
  RiscvCpu *rv = (RiscvCpu *)cpu;
  if (index == 1)
    riscv_cpu_set_fflags (rv, (unsigned)value);
  else if (index == 2)
    riscv_cpu_set_frm (rv, (unsigned)value);
  else
    riscv_cpu_set_fcsr (rv, (unsigned)value);
}

#define CPU_FEATURE            "org.gnu.gdb.riscv.cpu"
#define FPU_FEATURE            "org.gnu.gdb.riscv.fpu"
#define X(name, n, type, bits) { name, type, "general", CPU_FEATURE, bits, get_var, set_var, RV_VAR_X + n }
#define F(name, n)             { name, "ieee_double", "float", FPU_FEATURE, 64, get_var, set_var, RV_VAR_F + n }
#define FCSR(name, n)          { name, "int", "float", FPU_FEATURE, 32, get_fcsr, set_fcsr, n }
#define REGISTERS(bits)                                                                                      \
  X ("zero", 0, "int", bits), X ("ra", 1, "code_ptr", bits), X ("sp", 2, "data_ptr", bits),                  \
      X ("gp", 3, "data_ptr", bits), X ("tp", 4, "data_ptr", bits), X ("t0", 5, "int", bits),                \
      X ("t1", 6, "int", bits), X ("t2", 7, "int", bits), X ("fp", 8, "data_ptr", bits),                     \
      X ("s1", 9, "int", bits), X ("a0", 10, "int", bits), X ("a1", 11, "int", bits),                        \
      X ("a2", 12, "int", bits), X ("a3", 13, "int", bits), X ("a4", 14, "int", bits),                       \
      X ("a5", 15, "int", bits), X ("a6", 16, "int", bits), X ("a7", 17, "int", bits),                       \
      X ("s2", 18, "int", bits), X ("s3", 19, "int", bits), X ("s4", 20, "int", bits),                       \
      X ("s5", 21, "int", bits), X ("s6", 22, "int", bits), X ("s7", 23, "int", bits),                       \
      X ("s8", 24, "int", bits), X ("s9", 25, "int", bits), X ("s10", 26, "int", bits),                      \
      X ("s11", 27, "int", bits), X ("t3", 28, "int", bits), X ("t4", 29, "int", bits),                      \
      X ("t5", 30, "int", bits), X ("t6", 31, "int", bits),                                                  \
      { "pc", "code_ptr", "general", CPU_FEATURE, bits, get_pc, set_pc, 0 }, F ("ft0", 0), F ("ft1", 1),     \
      F ("ft2", 2), F ("ft3", 3), F ("ft4", 4), F ("ft5", 5), F ("ft6", 6), F ("ft7", 7), F ("fs0", 8),      \
      F ("fs1", 9), F ("fa0", 10), F ("fa1", 11), F ("fa2", 12), F ("fa3", 13), F ("fa4", 14),               \
      F ("fa5", 15), F ("fa6", 16), F ("fa7", 17), F ("fs2", 18), F ("fs3", 19), F ("fs4", 20),              \
      F ("fs5", 21), F ("fs6", 22), F ("fs7", 23), F ("fs8", 24), F ("fs9", 25), F ("fs10", 26),             \
      F ("fs11", 27), F ("ft8", 28), F ("ft9", 29), F ("ft10", 30), F ("ft11", 31), FCSR ("fflags", 1),      \
      FCSR ("frm", 2), FCSR ("fcsr", 3)
static const IsaRegister registers32[] = { REGISTERS (32) }, registers64[] = { REGISTERS (64) };

/* The variables: names, and types that differ between the two widths for x registers only. */
#define V4(a, b, c, d, t)                                                                                    \
  { a, t }, { b, t }, { c, t },                                                                              \
  {                                                                                                          \
    d, t                                                                                                     \
  }
#define VARS(xt)                                                                                             \
  V4 ("zero", "ra", "sp", "gp", xt), V4 ("tp", "t0", "t1", "t2", xt), V4 ("s0", "s1", "a0", "a1", xt),       \
      V4 ("a2", "a3", "a4", "a5", xt), V4 ("a6", "a7", "s2", "s3", xt), V4 ("s4", "s5", "s6", "s7", xt),     \
      V4 ("s8", "s9", "s10", "s11", xt), V4 ("t3", "t4", "t5", "t6", xt),                                    \
      V4 ("ft0", "ft1", "ft2", "ft3", IR_F64), V4 ("ft4", "ft5", "ft6", "ft7", IR_F64),                      \
      V4 ("fs0", "fs1", "fa0", "fa1", IR_F64), V4 ("fa2", "fa3", "fa4", "fa5", IR_F64),                      \
      V4 ("fa6", "fa7", "fs2", "fs3", IR_F64), V4 ("fs4", "fs5", "fs6", "fs7", IR_F64),                      \
      V4 ("fs8", "fs9", "fs10", "fs11", IR_F64), V4 ("ft8", "ft9", "ft10", "ft11", IR_F64),                  \
      { "res_addr", IR_I64 },                                                                                \
  {                                                                                                          \
    "res_value", xt                                                                                          \
  }
static const IsaVar vars32[RV_N_VARS] = { VARS (IR_I32) }, vars64[RV_N_VARS] = { VARS (IR_I64) };

/* Counted in loops of Debian's libc, libm and libstdc++, with what leaf functions use moved forward. */
static const uint8_t hot_int[] = {
  15 /* a5 */,  14 /* a4 */,  10 /* a0 */, 13 /* a3 */, 2 /* sp */,  11 /* a1 */, 12 /* a2 */, 8 /* s0 */,
  9 /* s1 */,   1 /* ra */,   16 /* a6 */, 18 /* s2 */, 17 /* a7 */, 19 /* s3 */, 6 /* t1 */,  20 /* s4 */,
  28 /* t3 */,  21 /* s5 */,  22 /* s6 */, 29 /* t4 */, 23 /* s7 */, 30 /* t5 */, 24 /* s8 */, 25 /* s9 */,
  26 /* s10 */, 27 /* s11 */, 31 /* t6 */, 5 /* t0 */,  7 /* t2 */,  4 /* tp */,
};
static const uint8_t hot_fp[] = {
  47 /* fa5 */, 42 /* fa0 */, 46 /* fa4 */, 45 /* fa3 */, 43 /* fa1 */, 44 /* fa2 */,
  40 /* fs0 */, 32 /* ft0 */, 33 /* ft1 */, 41 /* fs1 */, 34 /* ft2 */, 35 /* ft3 */,
  50 /* fs2 */, 36 /* ft4 */, 48 /* fa6 */, 37 /* ft5 */, 49 /* fa7 */, 51 /* fs3 */,
  38 /* ft6 */, 39 /* ft7 */, 52 /* fs4 */, 53 /* fs5 */,
};

#define ISA(width)                                                                                           \
  {                                                                                                          \
    .name = "riscv" #width,                                                                                  \
    .gdb_arch = "riscv:rv" #width,                                                                           \
    .bits = width,                                                                                           \
    .elf_machine = EM_RISCV,                                                                                 \
    .insn_align = 2,                                                                                         \
    .insn_max = 4,                                                                                           \
    .n_vars = RV_N_VARS,                                                                                     \
    .vars = vars##width,                                                                                     \
    .n_hot_int = G_N_ELEMENTS (hot_int),                                                                     \
    .n_hot_fp = G_N_ELEMENTS (hot_fp),                                                                       \
    .hot_int = hot_int,                                                                                      \
    .hot_fp = hot_fp,                                                                                        \
    .helpers = rv_helpers,                                                                                   \
    .n_registers = G_N_ELEMENTS (registers##width),                                                          \
    .registers = registers##width,                                                                           \
    .cpu_size = sizeof (RiscvCpu),                                                                           \
    .cpu_init = riscv_cpu_init,                                                                              \
    .models = models##width,                                                                                 \
    .translate = rv_translate,                                                                               \
    .disassemble = disassemble##width,                                                                       \
    .dump = dump,                                                                                            \
  }
const GuestIsa riscv64_isa = ISA (64);
const GuestIsa riscv32_isa = ISA (32);
