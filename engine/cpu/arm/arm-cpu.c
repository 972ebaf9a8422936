/* SPDX-License-Identifier: GPL-3.0-or-later */

/* CPU models. */

#include "arm-cpu.h"
#include <string.h>
#include <sys/random.h>

typedef struct {
  const char *name;
  unsigned version;
  ArmId id;
  unsigned field, value;
  int hwcap;
} Ext;

static const Ext exts[ARM_N_EXTS] = {
#define ARM_EXT(NAME, name, version, id, field, value, hwcap)                                                \
  { name, version, ARM_ID_##id, field, value, hwcap },
#include "arm-ext.def"
#undef ARM_EXT
};

#define E(NAME) (UINT64_C (1) << ARM_EXT_##NAME)
#define CRYPTO  (E (AES) | E (PMULL) | E (SHA1) | E (SHA256))
#define A76     (CRYPTO | E (FP16) | E (DOTPROD) | E (LRCPC) | E (HAFDBS) | E (VMID16))

/* What a feature cannot be without. */
static const struct {
  ArmExt ext;
  uint64_t needs;
} needs[] = {
  { ARM_EXT_FP, E (ASIMD) },      { ARM_EXT_ASIMD, E (FP) },     { ARM_EXT_AES, E (ASIMD) },
  { ARM_EXT_PMULL, E (AES) },     { ARM_EXT_SHA1, E (ASIMD) },   { ARM_EXT_SHA256, E (SHA1) },
  { ARM_EXT_RDM, E (ASIMD) },     { ARM_EXT_FP16, E (FP) },      { ARM_EXT_SHA512, E (SHA256) | E (SHA3) },
  { ARM_EXT_SHA3, E (SHA512) },   { ARM_EXT_SM3, E (SM4) },      { ARM_EXT_SM4, E (SM3) | E (ASIMD) },
  { ARM_EXT_DOTPROD, E (ASIMD) }, { ARM_EXT_FHM, E (FP16) },     { ARM_EXT_FCMA, E (ASIMD) },
  { ARM_EXT_JSCVT, E (FP) },      { ARM_EXT_LRCPC2, E (LRCPC) }, { ARM_EXT_FLAGM2, E (FLAGM) },
  { ARM_EXT_FRINTTS, E (FP) },    { ARM_EXT_DPB2, E (DPB) },
};

/* A model is an architecture version and what it has besides, and the parts of ID registers that no feature
 * of arm-ext.def says. */
static const struct {
  const char *name;
  unsigned version;
  uint64_t extra;
  uint64_t id[ARM_N_IDS];
  uint32_t clidr, cache[3]; /* CCSIDR_EL1 of L1 data, L1 instruction, L2 */
} models[] = {
  { "max",
    85,
    ~UINT64_C (0),
    { [ARM_ID_MIDR] = 0x000f0510, /* Lines for IC IVAU are pages: a line costs as much as a range. */
      [ARM_ID_CTR] = 0x9444c00a,
      [ARM_ID_PFR0] = UINT64_C (0x1100000000001111),
      [ARM_ID_DFR0] = 0x10305106,
      [ARM_ID_MMFR0] = 0x00101025 },
    0x0a200023,
    { 0x701fe00a, 0x201fe012, 0x70ffe07a } },
  { "cortex-a53",
    80,
    CRYPTO | E (CRC32),
    { [ARM_ID_MIDR] = 0x410fd034,
      [ARM_ID_CTR] = 0x84448004,
      [ARM_ID_PFR0] = 0x2222,
      [ARM_ID_DFR0] = 0x10305106,
      [ARM_ID_MMFR0] = 0x1122 },
    0x0a200023,
    { 0x700fe01a, 0x201fe00a, 0x707fe07a } },
  { "cortex-a57",
    80,
    CRYPTO | E (CRC32),
    { [ARM_ID_MIDR] = 0x411fd070,
      [ARM_ID_CTR] = 0x8444c004,
      [ARM_ID_PFR0] = 0x2222,
      [ARM_ID_DFR0] = 0x10305106,
      [ARM_ID_MMFR0] = 0x1124 },
    0x0a200023,
    { 0x701fe00a, 0x201fe012, 0x70ffe07a } },
  { "cortex-a72",
    80,
    CRYPTO | E (CRC32),
    { [ARM_ID_MIDR] = 0x410fd083,
      [ARM_ID_CTR] = 0x8444c004,
      [ARM_ID_PFR0] = 0x2222,
      [ARM_ID_DFR0] = 0x10305106,
      [ARM_ID_MMFR0] = 0x1124 },
    0x0a200023,
    { 0x701fe00a, 0x201fe012, 0x707fe07a } },
  { "cortex-a76",
    82,
    A76,
    { [ARM_ID_MIDR] = 0x414fd0b1,
      [ARM_ID_CTR] = 0x8444c004,
      [ARM_ID_PFR0] = UINT64_C (0x1100000010002222),
      [ARM_ID_PFR1] = 0x10, /* PSTATE.SSBS, but not the instructions */
      [ARM_ID_DFR0] = 0x10305408,
      [ARM_ID_MMFR0] = 0x101122,
      [ARM_ID_MMFR1] = 0x10202122,
      [ARM_ID_MMFR2] = 0x1011 },
    0x82000023,
    { 0x701fe01a, 0x201fe01a, 0x707fe03a } },
  { "neoverse-n1",
    82,
    A76 | E (SSBS),
    { [ARM_ID_MIDR] = 0x414fd0c1,
      [ARM_ID_CTR] = 0x8444c004,
      [ARM_ID_PFR0] = UINT64_C (0x1100000010002222),
      [ARM_ID_DFR0] = UINT64_C (0x110305408),
      [ARM_ID_MMFR0] = 0x101125,
      [ARM_ID_MMFR1] = 0x10202122,
      [ARM_ID_MMFR2] = 0x1011 },
    0x82000023,
    { 0x701fe01a, 0x201fe01a, 0x70ffe03a } },
};

static uint64_t
exts_of_version (unsigned version)
{
  uint64_t bits = 0;
  for (unsigned i = 0; i < ARM_N_EXTS; i++)
    if (exts[i].version != 0 && exts[i].version <= version)
      bits |= UINT64_C (1) << i;
  return bits;
}

/* Adds what `set` cannot be without, or (`!on`) all that cannot be without `set`. */
static uint64_t
closure (uint64_t set, bool on)
{
  for (uint64_t before = 0; before != set;) {
    before = set;
    for (unsigned i = 0; i < G_N_ELEMENTS (needs); i++) {
      uint64_t ext = UINT64_C (1) << needs[i].ext;
      if (on && set & ext)
        set |= needs[i].needs;
      else if (!on && set & needs[i].needs)
        set |= ext;
    }
  }
  return set;
}

static bool
apply_option (ArmCpu *arm, const char *option, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (option, "=", 2);
  bool on = parts[0] != NULL && parts[1] != NULL && strcmp (parts[1], "on") == 0;

  if (!on && (parts[0] == NULL || parts[1] == NULL || strcmp (parts[1], "off") != 0)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "CPU option '%s' is not of the form feature=on|off", option);
    return false;
  }
  for (unsigned i = ARM_EXT_A64 + 1; i < ARM_N_EXTS; i++)
    if (g_ascii_strcasecmp (parts[0], exts[i].name) == 0) {
      uint64_t set = closure (UINT64_C (1) << i, on);
      arm->exts = on ? arm->exts | set : arm->exts & ~set;
      return true;
    }
  if (!on) /* what does not exist is off */
    return true;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "CPU feature '%s' is not implemented; -cpu help lists what is", parts[0]);
  return false;
}

bool
arm_cpu_init (Cpu *cpu, const char *model, GError **error)
{
  ArmCpu *arm = (ArmCpu *)cpu;
  g_auto (GStrv) words = g_strsplit (model && *model ? model : "max", ",", -1);

  cpu->state.var[ARM_VAR_EXCL_ADDR] = ARM_NOT_EXCLUSIVE;
  for (unsigned i = 0; i < G_N_ELEMENTS (models); i++)
    if (strcmp (words[0], models[i].name) == 0) {
      arm->exts =
          (exts_of_version (models[i].version) | models[i].extra) & ((UINT64_C (1) << ARM_N_EXTS) - 1);
      arm->model = i;
    }
  if (arm->exts == 0) {
    g_autofree char *known = arm_cpu_models ();
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "unknown CPU model '%s'; %s", words[0],
                 known);
    return false;
  }
  for (char **option = words + 1; *option; option++)
    if (!apply_option (arm, *option, error))
      return false;
  arm_cpu_reset_keys (arm, (1u << ARM_N_KEYS) - 1);
  return true;
}

void
arm_cpu_reset_keys (ArmCpu *arm, unsigned keys)
{
  uint64_t random[ARM_N_KEYS][2];
  if (getrandom (random, sizeof random, 0) != sizeof random)
    for (unsigned i = 0; i < 2 * ARM_N_KEYS; i++)
      random[i / 2][i % 2] = (uint64_t)g_random_int () << 32 | g_random_int ();
  for (unsigned i = 0; i < ARM_N_KEYS; i++)
    if (keys >> i & 1)
      memcpy (arm->pauth_key[i], random[i], sizeof random[i]);
}

static void
raise_field (uint64_t *reg, unsigned field, uint64_t value)
{
  uint64_t now = *reg >> field & 15;
  *reg = (*reg & ~(UINT64_C (15) << field)) | MAX (now, value) << field;
}

static void
set_field (uint64_t *reg, unsigned field, uint64_t value)
{
  *reg = (*reg & ~(UINT64_C (15) << field)) | value << field;
}

/* What a machine has differs: no AArch32, no big-endian data, the levels and the GIC of its board, and debug
 * registers of the least number. */
static uint64_t
of_machine (const ArmCpu *arm, ArmId id, uint64_t reg)
{
  switch (id) {
    case ARM_ID_PFR0:
      set_field (&reg, 0, 1);
      set_field (&reg, 4, 1);
      set_field (&reg, 8, arm->has_el2);
      set_field (&reg, 12, arm->has_el3);
      set_field (&reg, 24, arm->gic_version >= 3);
      set_field (&reg, 28, 0); /* RAS */
      break;
    case ARM_ID_DFR0:
      set_field (&reg, 4, 0);  /* trace */
      set_field (&reg, 12, 1); /* two breakpoints */
      set_field (&reg, 20, 1); /* two watchpoints */
      set_field (&reg, 28, 0);
      set_field (&reg, 32, 0); /* SPE */
      break;
    case ARM_ID_MMFR0:
      set_field (&reg, 8, 0);
      set_field (&reg, 16, 0);
      break;
    case ARM_ID_MMFR1:
      if (!arm->has_el2) {
        set_field (&reg, 4, 0);
        set_field (&reg, 8, 0);
      }
      break;
    default: break;
  }
  return reg;
}

uint32_t
arm_cpu_cache (const ArmCpu *arm, unsigned level, bool instructions)
{
  if (level == 0)
    return models[arm->model].cache[instructions];
  return level == 1 && !instructions ? models[arm->model].cache[2] : 0;
}

uint64_t
arm_cpu_clidr (const ArmCpu *arm)
{
  return models[arm->model].clidr;
}

uint64_t
arm_cpu_id_register (const ArmCpu *arm, ArmId id)
{
  uint64_t reg = models[arm->model].id[id];

  for (unsigned i = 0; i < ARM_N_EXTS; i++)
    if (exts[i].id == id && arm_has (arm, i))
      raise_field (&reg, exts[i].field, exts[i].value);
  if (id == ARM_ID_PFR0 && !arm_has (arm, ARM_EXT_FP))
    reg |= 0xff0000; /* neither FP nor ASIMD */
  else if (id == ARM_ID_PFR0 && arm_has (arm, ARM_EXT_FP16))
    raise_field (&reg, 20, 1);
  else if (id == ARM_ID_ISAR1 && arm_has (arm, ARM_EXT_PAUTH))
    raise_field (&reg, 28, 1); /* PACGA */
  return arm->system ? of_machine (arm, id, reg) : reg;
}

/* Bits 64 * word to 64 * word + 63. */
static uint64_t
hwcap_word (const ArmCpu *arm, int word)
{
  uint64_t bits = 0;
  for (unsigned i = 0; i < ARM_N_EXTS; i++)
    if (exts[i].hwcap >= 0 && exts[i].hwcap / 64 == word && arm_has (arm, i))
      bits |= UINT64_C (1) << exts[i].hwcap % 64;
  return bits;
}

uint64_t
arm_cpu_hwcap (const ArmCpu *arm)
{
  enum { ASIMDHP = 10, CPUID = 11, PACG = 31 };
  return hwcap_word (arm, 0) | 1u << CPUID | (uint64_t)arm_has (arm, ARM_EXT_FP16) << ASIMDHP |
         (uint64_t)arm_has (arm, ARM_EXT_PAUTH) << PACG;
}

uint64_t
arm_cpu_hwcap2 (const ArmCpu *arm)
{
  return hwcap_word (arm, 1);
}

char *
arm_cpu_models (void)
{
  GString *out = g_string_new ("models:");

  for (unsigned i = 0; i < G_N_ELEMENTS (models); i++)
    g_string_append_printf (out, " %s%s", models[i].name, i == 0 ? " (default)" : "");
  g_string_append (out, "\noptions (=on or =off):");
  for (unsigned i = ARM_EXT_A64 + 1; i < ARM_N_EXTS; i++)
    g_string_append_printf (out, " %s", exts[i].name);
  return g_string_free_and_steal (out);
}
