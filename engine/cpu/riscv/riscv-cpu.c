/* SPDX-License-Identifier: GPL-3.0-or-later */

/* CPU models and what a hart tells of itself. */

#include "riscv-cpu.h"
#include <string.h>

#define E(NAME) (1ull << RV_EXT_##NAME)
static const struct {
  const char *name;
  uint64_t needs;
  int hwprobe;
} exts[RV_N_EXTS] = {
#define RV_EXT(NAME, name, needs, hwprobe) { name, needs, hwprobe },
#include "riscv-ext.def"
#undef RV_EXT
};

#define EXTS_G      (E (I) | E (M) | E (A) | E (F) | E (D) | E (ZICSR) | E (ZIFENCEI))
#define EXTS_RVA20U (E (I) | E (M) | E (A) | E (F) | E (D) | E (C) | E (ZICSR) | E (ZICNTR) | E (ZIFENCEI))
#define EXTS_RVA22U                                                                                          \
  (EXTS_RVA20U | E (ZA64RS) | E (ZIHINTPAUSE) | E (ZBA) | E (ZBB) | E (ZBS) | E (ZICBOM) | E (ZICBOP) |      \
   E (ZICBOZ) | E (ZFHMIN) | E (ZKT))
#define EXTS_GENERIC                                                                                         \
  (EXTS_G | E (C) | E (ZICNTR) | E (ZBA) | E (ZBB) | E (ZBC) | E (ZBS) | E (ZAWRS) | E (ZFA) | E (ZICBOM) |  \
   E (ZICBOP) | E (ZICBOZ) | E (ZIHINTNTL) | E (ZIHINTPAUSE))
/* Of the privileged architecture. The AIA is the board's choice. */
#define EXTS_PRIVILEGED_ON (E (SSTC) | E (SVADU) | E (SVINVAL) | E (SVNAPOT) | E (SVPBMT))
#define EXTS_PRIVILEGED    (EXTS_PRIVILEGED_ON | E (SMAIA) | E (SSAIA))
#define EXTS_MAX           (((1ull << RV_N_EXTS) - 1) & ~EXTS_PRIVILEGED)

static const struct {
  const char *name;
  unsigned bits; /* 0: either */
  uint64_t exts;
} models[] = {
  { "max", 0, EXTS_MAX },          { "rv64", 64, EXTS_GENERIC },    { "rv32", 32, EXTS_GENERIC },
  { "rva20u64", 64, EXTS_RVA20U }, { "rva22u64", 64, EXTS_RVA22U },
};

/* What `bits` needs, and what that needs. */
static uint64_t
with_requirements (uint64_t bits)
{
  for (uint64_t before = 0; before != bits;) {
    before = bits;
    for (unsigned i = 0; i < RV_N_EXTS; i++)
      if (bits >> i & 1)
        bits |= exts[i].needs;
  }
  return bits;
}

/* What is left of `bits` without `removed` and all that needs it. */
static uint64_t
without_dependants (uint64_t bits, uint64_t removed)
{
  bits &= ~removed;
  for (uint64_t before = 0; before != bits;) {
    before = bits;
    for (unsigned i = 0; i < RV_N_EXTS; i++)
      if (exts[i].needs & ~bits)
        bits &= ~(1ull << i);
  }
  return bits;
}

static uint64_t
ext_by_name (const char *name)
{
  if (strcmp (name, "g") == 0)
    return EXTS_G;
  for (unsigned i = 0; i < RV_N_EXTS; i++)
    if (g_ascii_strcasecmp (name, exts[i].name) == 0)
      return 1ull << i;
  return 0;
}

static bool
parse_switch (const char *text, bool *ret_on)
{
  static const char *const on[] = { "on", "true", "yes", "y", NULL }, *const off[] = { "off", "false", "no",
                                                                                       "n", NULL };
  *ret_on = g_strv_contains (on, text);
  return *ret_on || g_strv_contains (off, text);
}

static const char *const translation_modes[] = { "sv39", "sv48", "sv57" };
#define SV39_LEVELS 3

/* Which of translation_modes[] were named. */
typedef struct {
  unsigned on, off;
} ModeOptions;

static int
translation_mode_by_name (const char *name)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (translation_modes); i++)
    if (g_ascii_strcasecmp (name, translation_modes[i]) == 0)
      return (int)i;
  return -1;
}

/* SPEC: RISC-V privileged §10.5, §10.6: who has Sv48 has Sv39, who has Sv57 has both. What is switched on is
 * the widest mode, unless nothing is. */
static bool
choose_translation (RiscvCpu *rv, const ModeOptions *options, GError **error)
{
  unsigned modes = G_N_ELEMENTS (translation_modes), off = options->off, widest = modes;

  if (options->on != 0)
    widest = g_bit_storage (options->on);
  else if (off != 0)
    widest = (unsigned)g_bit_nth_lsf (off, -1);
  if (widest == 0 || off & ((1u << widest) - 1)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "the CPU cannot do without %s; switch off wider modes only",
                 translation_modes[g_bit_nth_lsf (off, -1)]);
    return false;
  }
  rv->va_levels = (uint8_t)(rv->rv32 ? 2 : SV39_LEVELS + widest - 1);
  return true;
}

/* One "name=on" or "name=off". */
static bool
apply_option (RiscvCpu *rv, const char *option, ModeOptions *modes, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (option, "=", 2);
  bool on;

  if (parts[0] == NULL || parts[1] == NULL || !parse_switch (parts[1], &on)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "CPU option '%s' is not of the form extension=on|off", option);
    return false;
  }
  int mode = translation_mode_by_name (parts[0]);
  if (mode >= 0) {
    *(on ? &modes->on : &modes->off) |= 1u << mode;
    *(on ? &modes->off : &modes->on) &= ~(1u << mode);
    return true;
  }
  uint64_t bits = ext_by_name (parts[0]);
  /* An extension that does not exist here is off already. */
  if (bits == 0 && !on)
    return true;
  if (bits == 0 || (!on && bits & E (I))) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 bits ? "the base instruction set '%s' cannot be switched off"
                      : "CPU extension '%s' is not implemented; -cpu help lists what is",
                 parts[0]);
    return false;
  }
  rv->exts = on ? with_requirements (rv->exts | bits) : without_dependants (rv->exts, bits);
  return true;
}

bool
riscv_cpu_init (Cpu *cpu, const char *model, GError **error)
{
  RiscvCpu *rv = (RiscvCpu *)cpu;
  g_auto (GStrv) words = g_strsplit (model && *model ? model : "max", ",", -1);
  ModeOptions modes = { 0 };

  rv->rv32 = cpu->isa->bits == 32;
  cpu->state.var[RV_VAR_RES_ADDR] = RV_NO_RESERVATION;
  for (unsigned i = 0; i < G_N_ELEMENTS (models); i++)
    if (strcmp (words[0], models[i].name) == 0 && (models[i].bits == 0 || models[i].bits == cpu->isa->bits))
      rv->exts = models[i].exts | (rv->system ? EXTS_PRIVILEGED_ON : 0);
  if (rv->exts == 0) {
    g_autofree char *known = riscv_cpu_models (rv->rv32, rv->system);
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "unknown CPU model '%s'; %s", words[0],
                 known);
    return false;
  }
  for (char **option = words + 1; *option; option++)
    if (!apply_option (rv, *option, &modes, error))
      return false;
  if (rv->system)
    return choose_translation (rv, &modes, error);
  /* Programs do not see these, whatever the options say. */
  rv->exts &= ~EXTS_PRIVILEGED;
  return true;
}

char *
riscv_cpu_models (bool rv32, bool system)
{
  GString *out = g_string_new ("models:");

  for (unsigned i = 0; i < G_N_ELEMENTS (models); i++)
    if (models[i].bits == 0 || models[i].bits == (rv32 ? 32 : 64))
      g_string_append_printf (out, " %s%s", models[i].name, i == 0 && !system ? " (default)" : "");
  g_string_append (out, "\noptions (=on or =off):");
  for (unsigned i = 0; i < RV_N_EXTS; i++)
    if (system || !(EXTS_PRIVILEGED >> i & 1))
      g_string_append_printf (out, " %s", exts[i].name);
  for (unsigned i = 0; i < G_N_ELEMENTS (translation_modes) && system && !rv32; i++)
    g_string_append_printf (out, " %s", translation_modes[i]);
  return g_string_free_and_steal (out);
}

char *
riscv_cpu_isa_string (const RiscvCpu *rv)
{
  GString *out = g_string_new (rv->rv32 ? "rv32" : "rv64");

  for (unsigned i = 0; i < RV_N_EXTS; i++)
    if (rv->exts >> i & 1)
      g_string_append_printf (out, "%s%s", exts[i].name[1] ? "_" : "", exts[i].name);
  return g_string_free_and_steal (out);
}

GStrv
riscv_cpu_isa_extensions (const RiscvCpu *rv)
{
  GStrvBuilder *names = g_strv_builder_new ();

  for (unsigned i = 0; i < RV_N_EXTS; i++)
    if (rv->exts >> i & 1)
      g_strv_builder_add (names, exts[i].name);
  return g_strv_builder_unref_to_strv (names);
}

const char *
riscv_cpu_mmu_type (const RiscvCpu *rv)
{
  static const char *const names[] = { "riscv,sv32", "riscv,sv39", "riscv,sv48", "riscv,sv57" };
  return names[rv->va_levels - 2];
}

uint64_t
riscv_cpu_hwcap (const RiscvCpu *rv)
{
  uint64_t bits = 0;

  for (unsigned i = 0; i < RV_N_EXTS; i++)
    if (rv->exts >> i & 1 && exts[i].name[1] == '\0')
      bits |= 1ull << (exts[i].name[0] - 'a');
  return bits;
}

static uint64_t
hwprobe_ima_ext_0 (const RiscvCpu *rv)
{
  enum { IMA_FD = 0, ZCA = 43, ZCD = 45, ZCF = 46, ZAAMO = 56, ZALRSC = 57 };
  bool f = rv->exts & E (F), d = rv->exts & E (D), c = rv->exts & E (C), a = rv->exts & E (A);
  uint64_t bits = 0;

  for (unsigned i = 0; i < RV_N_EXTS; i++)
    if (rv->exts >> i & 1 && exts[i].hwprobe >= 0)
      bits |= 1ull << exts[i].hwprobe;
  bits |= (uint64_t)(f && d) << IMA_FD | (uint64_t)c << ZCA | (uint64_t)(c && d) << ZCD;
  bits |= (uint64_t)(c && f && rv->rv32) << ZCF | (uint64_t)a << ZAAMO | (uint64_t)a << ZALRSC;
  return bits;
}

bool
riscv_cpu_hwprobe (const RiscvCpu *rv, int64_t key, uint64_t *ret_value)
{
  enum { MISALIGNED_FAST = 3, MISALIGNED_VECTOR_UNSUPPORTED = 4 };
  uint64_t ima = E (I) | E (M) | E (A);

  switch (key) {
    case 0: /* MVENDORID, MARCHID, MIMPID: 0 stands for not implemented */
    case 1:
    case 2: *ret_value = 0; return true;
    case 3: *ret_value = (rv->exts & ima) == ima; return true;                  /* BASE_BEHAVIOR */
    case 4: *ret_value = hwprobe_ima_ext_0 (rv); return true;                   /* IMA_EXT_0 */
    case 5:                                                                     /* CPUPERF_0 */
    case 9: *ret_value = MISALIGNED_FAST; return true;                          /* MISALIGNED_SCALAR_PERF */
    case 6: *ret_value = rv->exts & E (ZICBOZ) ? RV_CBO_SIZE : 0; return true;  /* ZICBOZ_BLOCK_SIZE */
    case 7: *ret_value = (rv->rv32 ? 1ull << 32 : 1ull << 38) - 1; return true; /* HIGHEST_VIRT_ADDRESS */
    case 8: *ret_value = RV_TIME_FREQUENCY; return true;                        /* TIME_CSR_FREQ */
    case 10: *ret_value = MISALIGNED_VECTOR_UNSUPPORTED; return true;           /* MISALIGNED_VECTOR_PERF */
    case 12: *ret_value = rv->exts & E (ZICBOM) ? RV_CBO_SIZE : 0; return true; /* ZICBOM_BLOCK_SIZE */
    case 15: *ret_value = rv->exts & E (ZICBOP) ? RV_CBO_SIZE : 0; return true; /* ZICBOP_BLOCK_SIZE */
    default: return false;
  }
}

/* Our flags and RISC-V's are the same five in opposite order: NV DZ OF UF NX from bit 4 down. */
static unsigned
reverse_flags (unsigned x)
{
  return (x & 1) << 4 | (x & 2) << 2 | (x & 4) | (x & 8) >> 2 | (x & 16) >> 4;
}

unsigned
riscv_cpu_fflags (const RiscvCpu *rv)
{
  return reverse_flags (rv->cpu.state.fp.flags);
}

void
riscv_cpu_set_fflags (RiscvCpu *rv, unsigned value)
{
  rv->cpu.state.fp.flags = (uint8_t)reverse_flags (value & 31);
}

void
riscv_cpu_set_frm (RiscvCpu *rv, unsigned value)
{
  IrState *s = &rv->cpu.state;

  rv->frm = value & 7;
  s->fp.round = rv->frm <= IR_RMM ? rv->frm : IR_RNE;
  s->mode &= ~(uint32_t)(RV_MODE_FRM_INVALID | IR_MODE_FP_EXACT);
  if (rv->frm == IR_RMM)
    s->mode |= IR_MODE_FP_EXACT;
  else if (rv->frm > IR_RMM)
    s->mode |= RV_MODE_FRM_INVALID;
}

unsigned
riscv_cpu_fcsr (const RiscvCpu *rv)
{
  return (unsigned)rv->frm << 5 | riscv_cpu_fflags (rv);
}

void
riscv_cpu_set_fcsr (RiscvCpu *rv, unsigned value)
{
  riscv_cpu_set_fflags (rv, value);
  riscv_cpu_set_frm (rv, value >> 5);
}

void
riscv_cpu_clear_reservation (RiscvCpu *rv)
{
  rv->cpu.state.var[RV_VAR_RES_ADDR] = RV_NO_RESERVATION;
}
