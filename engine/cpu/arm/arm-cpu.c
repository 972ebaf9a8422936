/* SPDX-License-Identifier: GPL-3.0-or-later */

/* CPU models. */

#include "arm-cpu.h"
#include <string.h>

static const struct {
  const char *name;
  unsigned version;
} exts[ARM_N_EXTS] = {
#define ARM_EXT(NAME, name, version, id, field, value, hwcap) { name, version },
#include "arm-ext.def"
#undef ARM_EXT
};

#define E(NAME) (UINT64_C (1) << ARM_EXT_##NAME)
#define CRYPTO  (E (AES) | E (PMULL) | E (SHA1) | E (SHA256))

/* A model is an architecture version and what it has besides. */
static const struct {
  const char *name;
  unsigned version;
  uint64_t extra, midr;
} models[] = {
  { "max", 85, ~UINT64_C (0), 0x000f0510 },
  { "cortex-a53", 80, CRYPTO | E (CRC32), 0x410fd034 },
  { "cortex-a57", 80, CRYPTO | E (CRC32), 0x411fd070 },
  { "cortex-a72", 80, CRYPTO | E (CRC32), 0x410fd083 },
  { "cortex-a76", 82, CRYPTO | E (FP16) | E (DOTPROD) | E (LRCPC) | E (SSBS), 0x414fd0b1 },
  { "neoverse-n1", 82, CRYPTO | E (FP16) | E (DOTPROD) | E (LRCPC) | E (SSBS), 0x414fd0c1 },
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

static bool
apply_option (ArmCpu *arm, const char *option, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (option, "=", 2);
  bool on = parts[0] != NULL && parts[1] != NULL && strcmp (parts[1], "on") == 0;

  if (!on && (parts[0] == NULL || parts[1] == NULL || strcmp (parts[1], "off") != 0)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "CPU option '%s' is not of the form feature=on|off",
                 option);
    return false;
  }
  for (unsigned i = ARM_EXT_A64 + 1; i < ARM_N_EXTS; i++)
    if (g_ascii_strcasecmp (parts[0], exts[i].name) == 0) {
      arm->exts = on ? arm->exts | UINT64_C (1) << i : arm->exts & ~(UINT64_C (1) << i);
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
      arm->exts = (exts_of_version (models[i].version) | models[i].extra) & ((UINT64_C (1) << ARM_N_EXTS) - 1);
      arm->midr = models[i].midr;
    }
  if (arm->exts == 0) {
    g_autofree char *known = arm_cpu_models ();
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "unknown CPU model '%s'; %s", words[0], known);
    return false;
  }
  for (char **option = words + 1; *option; option++)
    if (!apply_option (arm, *option, error))
      return false;
  return true;
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
