/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Models, their options, and what they tell of themselves. */

#include "arm-cpu.h"

static ArmCpu *
cpu_of (const char *model)
{
  g_autoptr (GError) error = NULL;
  Cpu *cpu = cpu_new (&aarch64_isa, model, &error);
  g_assert_no_error (error);
  return (ArmCpu *)cpu;
}

static void
test_models (void)
{
  static const struct {
    const char *name;
    uint64_t midr, isar0, isar1, pfr0, hwcap;
  } models[] = {
    { "cortex-a53", 0x410fd034, 0x00011120, 0, 0x2222, 0x8fb },
    { "cortex-a57", 0x411fd070, 0x00011120, 0, 0x2222, 0x8fb },
    { "cortex-a72", 0x410fd083, 0x00011120, 0, 0x2222, 0x8fb },
    { "cortex-a76", 0x414fd0b1, 0x0000100010211120, 0x00100001, 0x1100000010112222, 0x119ffb },
    { "neoverse-n1", 0x414fd0c1, 0x0000100010211120, 0x00100001, 0x1100000010112222, 0x10119ffb },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (models); i++) {
    ArmCpu *arm = cpu_of (models[i].name);
    g_assert_cmphex (arm_cpu_id_register (arm, ARM_ID_MIDR), ==, models[i].midr);
    g_assert_cmphex (arm_cpu_id_register (arm, ARM_ID_ISAR0), ==, models[i].isar0);
    g_assert_cmphex (arm_cpu_id_register (arm, ARM_ID_ISAR1), ==, models[i].isar1);
    g_assert_cmphex (arm_cpu_id_register (arm, ARM_ID_PFR0), ==, models[i].pfr0);
    g_assert_cmphex (arm_cpu_hwcap (arm), ==, models[i].hwcap);
    g_assert_cmphex (arm_cpu_hwcap2 (arm), ==, 0);
    cpu_free (&arm->cpu);
  }
}

static void
test_max (void)
{
  ArmCpu *arm = cpu_of (NULL);
  /* The kernel's HWCAP_PACA and PACG; HWCAP2_FLAGM2, FRINT, RNG and BTI. */
  g_assert_cmphex (arm_cpu_hwcap (arm) >> 30, ==, 3);
  g_assert_cmphex (arm_cpu_hwcap2 (arm), ==, 1 | 1 << 7 | 1 << 8 | 1 << 16 | 1 << 17);
  g_assert_cmphex (arm_cpu_id_register (arm, ARM_ID_ISAR1) & 0xf0000ff0, ==, 0x10000100);
  cpu_free (&arm->cpu);
}

/* What needs what is off goes too, and what is needed comes along. */
static void
test_options (void)
{
  ArmCpu *arm = cpu_of ("max,asimd=off");
  g_assert_false (arm_has (arm, ARM_EXT_FP) || arm_has (arm, ARM_EXT_FHM) || arm_has (arm, ARM_EXT_SHA3));
  g_assert_true (arm_has (arm, ARM_EXT_LSE));
  g_assert_cmphex (arm_cpu_id_register (arm, ARM_ID_PFR0) & 0xff0000, ==, 0xff0000);
  cpu_free (&arm->cpu);

  arm = cpu_of ("cortex-a53,sha3=on,lse=on,aes=off");
  g_assert_true (arm_has (arm, ARM_EXT_SHA512) && arm_has (arm, ARM_EXT_LSE) &&
                 arm_has (arm, ARM_EXT_SHA256));
  g_assert_false (arm_has (arm, ARM_EXT_AES) || arm_has (arm, ARM_EXT_PMULL));
  g_assert_cmphex (arm_cpu_id_register (arm, ARM_ID_ISAR0), ==, 0x0000000100212100);
  cpu_free (&arm->cpu);
}

static void
test_errors (void)
{
  static const char *const wrong[] = { "cortex-z80", "max,fp", "max,fp=maybe", "max,flux=on",
                                       "" /* the default */ };
  for (unsigned i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;
    Cpu *cpu = cpu_new (&aarch64_isa, wrong[i], &error);
    g_assert_true ((cpu == NULL) == (error != NULL));
    g_assert_true ((cpu != NULL) == (*wrong[i] == 0));
    if (cpu != NULL)
      cpu_free (cpu);
  }
}

static void
test_keys (void)
{
  ArmCpu *arm = cpu_of (NULL), *other = cpu_of (NULL);
  uint64_t ia = arm->pauth_key[ARM_KEY_IA][0], ga = arm->pauth_key[ARM_KEY_GA][0];
  g_assert_true (ia != other->pauth_key[ARM_KEY_IA][0] && ga != other->pauth_key[ARM_KEY_GA][0]);
  arm_cpu_reset_keys (arm, 1u << ARM_KEY_GA);
  g_assert_true (ia == arm->pauth_key[ARM_KEY_IA][0] && ga != arm->pauth_key[ARM_KEY_GA][0]);
  cpu_free (&arm->cpu);
  cpu_free (&other->cpu);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/arm/models", test_models);
  g_test_add_func ("/arm/max", test_max);
  g_test_add_func ("/arm/options", test_options);
  g_test_add_func ("/arm/errors", test_errors);
  g_test_add_func ("/arm/keys", test_keys);
  return g_test_run ();
}
