/* SPDX-License-Identifier: GPL-3.0-or-later */

/* AArch64 as the translator and debugger see it. */

#include "arm-helpers.h"
#include "arm-trans.h"
#include "arm-vector-helpers.h"
#include "disassembler.h"
#include <elf.h>
#include <string.h>

/* Instructions on V registers, in a mode where CPACR_EL1 or its like keeps them from it. */
#define EXT(NAME) (UINT64_C (1) << ARM_EXT_##NAME)
#define ARM_FP_EXTS                                                                                          \
  (EXT (FP) | EXT (ASIMD) | EXT (AES) | EXT (PMULL) | EXT (SHA1) | EXT (SHA256) | EXT (SHA512) |             \
   EXT (SHA3) | EXT (SM3) | EXT (SM4) | EXT (RDM) | EXT (FP16) | EXT (DOTPROD) | EXT (FHM) | EXT (FCMA) |    \
   EXT (JSCVT) | EXT (FRINTTS))

IsaFlow
a64_translate (IsaInsn *insn)
{
  A64Args args;
  uint32_t word;

  if (insn->len < 4) {
    insn->len = 4;
    return ISA_NEXT;
  }
  insn->len = 4;
  memcpy (&word, insn->code, 4);
  A64Trans t = { .b = insn->b,
                 .arm = (const ArmCpu *)insn->cpu,
                 .pc = insn->pc,
                 .next_pc = insn->pc + 4,
                 .mode = insn->mode,
                 .brief = insn->brief };
  word = GUINT32_FROM_LE (word);
  ir_insn (insn->b, insn->pc, 4);
  if (G_UNLIKELY (t.mode & (ARM_MODE_STEP | ARM_MODE_ILLEGAL)) || (t.arm->system && t.pc & 3))
    if (!a64_begins (&t, word))
      return ISA_END;
  if (insn->pc == insn->b->region->pc)
    a64_check_landing (&t, word);
  A64Op op = a64_decode_a64_32 (word, &args);
  if (G_UNLIKELY (op == A64_OP_ILLEGAL || !decode_enabled (&a64_insns[op], t.arm->exts)))
    return a64_undefined (&t);
  if (t.mode & ARM_MODE_NO_FP && a64_insns[op].needs[0] & ARM_FP_EXTS)
    return a64_fp_trap (&t);
  uint32_t first_op = t.b->region->n_ops;
  IsaFlow flow = a64_trans_table[op](&t, &args);
  a64_note_stack (&t, first_op);
  return flow;
}

static unsigned
disassemble (const uint8_t *code, size_t len, uint64_t pc, char *out, size_t out_size)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (disassembler_print (DISASSEMBLER_A64, code, MIN (len, 4), pc, text) == 0) {
    uint32_t word = 0;
    memcpy (&word, code, MIN (len, 4));
    g_string_printf (text, ".inst 0x%08x", GUINT32_FROM_LE (word));
  }
  g_strlcpy (out, text->str, out_size);
  return 4;
}

static void
dump (const Cpu *cpu, GString *out)
{
  const IrState *s = &cpu->state;

  for (unsigned i = 0; i < 31; i++)
    g_string_append_printf (out, " x%-2u %016" G_GINT64_MODIFIER "x%s", i, s->var[ARM_VAR_X + i],
                            i % 4 == 3 ? "\n" : "");
  g_string_append_printf (out, " sp  %016" G_GINT64_MODIFIER "x\n pc  %016" G_GINT64_MODIFIER "x nzcv %x\n",
                          s->var[ARM_VAR_SP], s->pc, (unsigned)s->var[ARM_VAR_NZCV]);
  for (unsigned i = 0; i < 32; i++)
    g_string_append_printf (out, " v%-2u %016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x%s", i,
                            s->var[ARM_VAR_V + 2 * i + 1], s->var[ARM_VAR_V + 2 * i], i % 2 ? "\n" : "");
}

static uint64_t
get_var (const Cpu *cpu, unsigned index)
{
  return cpu->state.var[index];
}

static void
set_var (Cpu *cpu, unsigned index, uint64_t value)
{
  cpu->state.var[index] = value;
}

static uint64_t
get_pc (const Cpu *cpu, unsigned index)
{
  return cpu->state.pc;
}

static void
set_pc (Cpu *cpu, unsigned index, uint64_t value)
{
  cpu->state.pc = value;
}

static uint64_t
get_cpsr (const Cpu *cpu, unsigned index)
{
  return cpu->state.var[ARM_VAR_NZCV] << 28;
}

static void
set_cpsr (Cpu *cpu, unsigned index, uint64_t value)
{
  cpu->state.var[ARM_VAR_NZCV] = value >> 28 & 15;
}

static uint64_t
get_fp_control (const Cpu *cpu, unsigned index)
{
  const ArmCpu *arm = (const ArmCpu *)cpu;
  return index == ARM_VAR_QC ? arm_cpu_fpsr (arm) : arm_cpu_fpcr (arm);
}

static void
set_fp_control (Cpu *cpu, unsigned index, uint64_t value)
{
  ArmCpu *arm = (ArmCpu *)cpu;
  if (index == ARM_VAR_QC)
    arm_cpu_set_fpsr (arm, (uint32_t)value);
  else
    arm_cpu_set_fpcr (arm, (uint32_t)value);
}

/* Where pointers hold their authentication codes: gdb takes them away from return addresses. */
static uint64_t
get_pauth_mask (const Cpu *cpu, unsigned index)
{
  return arm_has ((const ArmCpu *)cpu, ARM_EXT_PAUTH) ? UINT64_C (0x7f) << 48 : 0;
}

static void
set_pauth_mask (Cpu *cpu, unsigned index, uint64_t value)
{
}

#define CORE    "org.gnu.gdb.aarch64.core"
#define FPU     "org.gnu.gdb.aarch64.fpu"
#define PAC     "org.gnu.gdb.aarch64.pauth"
#define X(n)    { "x" #n, "int", "general", CORE, 64, get_var, set_var, ARM_VAR_X + n }
#define VREG(n) { "v" #n, "aarch64v", "vector", FPU, 128, get_var, set_var, ARM_VAR_V + 2 * n }
static const IsaRegister registers[] = {
  X (0),
  X (1),
  X (2),
  X (3),
  X (4),
  X (5),
  X (6),
  X (7),
  X (8),
  X (9),
  X (10),
  X (11),
  X (12),
  X (13),
  X (14),
  X (15),
  X (16),
  X (17),
  X (18),
  X (19),
  X (20),
  X (21),
  X (22),
  X (23),
  X (24),
  X (25),
  X (26),
  X (27),
  X (28),
  X (29),
  X (30),
  { "sp", "data_ptr", "general", CORE, 64, get_var, set_var, ARM_VAR_SP },
  { "pc", "code_ptr", "general", CORE, 64, get_pc, set_pc, 0 },
  { "cpsr", "int", "general", CORE, 32, get_cpsr, set_cpsr, 0 },
  VREG (0),
  VREG (1),
  VREG (2),
  VREG (3),
  VREG (4),
  VREG (5),
  VREG (6),
  VREG (7),
  VREG (8),
  VREG (9),
  VREG (10),
  VREG (11),
  VREG (12),
  VREG (13),
  VREG (14),
  VREG (15),
  VREG (16),
  VREG (17),
  VREG (18),
  VREG (19),
  VREG (20),
  VREG (21),
  VREG (22),
  VREG (23),
  VREG (24),
  VREG (25),
  VREG (26),
  VREG (27),
  VREG (28),
  VREG (29),
  VREG (30),
  VREG (31),
  { "fpsr", "int", "float", FPU, 32, get_fp_control, set_fp_control, ARM_VAR_QC },
  { "fpcr", "int", "float", FPU, 32, get_fp_control, set_fp_control, ARM_VAR_FPCR },
  { "pauth_dmask", "int", "system", PAC, 64, get_pauth_mask, set_pauth_mask, 0 },
  { "pauth_cmask", "int", "system", PAC, 64, get_pauth_mask, set_pauth_mask, 0 },
};

/* What gdb calls the lanes of a vector register: $v0.s.f[1]. */
#define LANES(name, type, n) "<vector id=\"" name "\" type=\"" type "\" count=\"" #n "\"/>\n"
#define CHOICE(name, lanes)  "<field name=\"" name "\" type=\"" lanes "\"/>\n"
static const char gdb_types[] = LANES ("v2d", "ieee_double", 2) LANES ("v2u", "uint64", 2) LANES (
    "v2i", "int64", 2) LANES ("v4f", "ieee_single", 4) LANES ("v4u", "uint32", 4) LANES ("v4i", "int32", 4)
    LANES ("v8f", "ieee_half", 8) LANES ("v8u", "uint16", 8) LANES ("v8i", "int16", 8) LANES (
        "v16u", "uint8", 16) LANES ("v16i", "int8", 16) LANES ("v1u", "uint128", 1)
        LANES ("v1i", "int128", 1) "<union id=\"vnd\">" CHOICE ("f", "v2d") CHOICE ("u", "v2u") CHOICE (
            "s",
            "v2i") "</union>\n"
                   "<union id=\"vns\">" CHOICE (
                       "f",
                       "v4f") CHOICE ("u", "v4u")
                       CHOICE (
                           "s",
                           "v4i") "</union>\n"
                                  "<union id=\"vnh\">" CHOICE (
                                      "f",
                                      "v8f") CHOICE ("u", "v8u")
                                      CHOICE (
                                          "s",
                                          "v8i") "</union>\n"
                                                 "<union id=\"vnb\">" CHOICE ("u", "v16u") CHOICE (
                                                     "s",
                                                     "v16i") "</union>\n"
                                                             "<union id=\"vnq\">" CHOICE ("u", "v1u") CHOICE (
                                                                 "s",
                                                                 "v1i") "</union>\n"
                                                                        "<union id=\"aarch64v\">" CHOICE (
                                                                            "d", "vnd") CHOICE ("s", "vns")
                                                                            CHOICE ("h", "vnh")
                                                                                CHOICE ("b", "vnb") CHOICE (
                                                                                    "q", "vnq") "</union>\n";

#define I(name) { name, IR_I64 }
#define V(name)                                                                                              \
  { name, IR_V128 },                                                                                         \
  {                                                                                                          \
    name "-high", IR_I64                                                                                     \
  }
#define V4(a, b, c, d) V (a), V (b), V (c), V (d)
static const IsaVar vars[ARM_N_VARS] = {
  I ("x0"),
  I ("x1"),
  I ("x2"),
  I ("x3"),
  I ("x4"),
  I ("x5"),
  I ("x6"),
  I ("x7"),
  I ("x8"),
  I ("x9"),
  I ("x10"),
  I ("x11"),
  I ("x12"),
  I ("x13"),
  I ("x14"),
  I ("x15"),
  I ("x16"),
  I ("x17"),
  I ("x18"),
  I ("x19"),
  I ("x20"),
  I ("x21"),
  I ("x22"),
  I ("x23"),
  I ("x24"),
  I ("x25"),
  I ("x26"),
  I ("x27"),
  I ("x28"),
  I ("x29"),
  I ("x30"),
  I ("sp"),
  I ("nzcv"),
  I ("tpidr_el0"),
  I ("excl_addr"),
  I ("excl_low"),
  I ("excl_high"),
  I ("fpcr"),
  I ("pstate"),
  I ("spare"),
  V4 ("v0", "v1", "v2", "v3"),
  V4 ("v4", "v5", "v6", "v7"),
  V4 ("v8", "v9", "v10", "v11"),
  V4 ("v12", "v13", "v14", "v15"),
  V4 ("v16", "v17", "v18", "v19"),
  V4 ("v20", "v21", "v22", "v23"),
  V4 ("v24", "v25", "v26", "v27"),
  V4 ("v28", "v29", "v30", "v31"),
  V ("qc"),
  I ("branched"),
};

static const uint8_t hot_int[] = { 0,  1, 2,  3,  31, 19, 4,  20, 5,  8,  21, 6,  22, 29, 30, 9,
                                   23, 7, 10, 11, 24, 12, 16, 25, 13, 17, 14, 26, 15, 27, 28 };
static const uint8_t hot_fp[] = { 40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 72, 74, 76, 78, 102, 100 };

const GuestIsa aarch64_isa = {
  .name = "aarch64",
  .gdb_arch = "aarch64",
  .bits = 64,
  .elf_machine = EM_AARCH64,
  .tagged = true,
  .insn_align = 4,
  .insn_max = 4,
  .n_vars = ARM_N_VARS,
  .vars = vars,
  .n_hot_int = G_N_ELEMENTS (hot_int),
  .n_hot_fp = G_N_ELEMENTS (hot_fp),
  .hot_int = hot_int,
  .hot_fp = hot_fp,
  .flags_var = ARM_VAR_NZCV,
  .helpers = arm_helpers,
  .vector_helpers = arm_vector_helpers,
  .n_registers = G_N_ELEMENTS (registers),
  .registers = registers,
  .gdb_types = gdb_types,
  .gdb_types_feature = FPU,
  .cpu_size = sizeof (ArmCpu),
  .cpu_init = arm_cpu_init,
  .models = arm_cpu_models,
  .translate = a64_translate,
  .disassemble = disassemble,
  .dump = dump,
};
