/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "architecture.h"

#include "error.h"
#include "service.h"

#include <string.h>

#define MIB(n) (UINT64_C (n) << 20)

const char *const vt_architecture_names[] = { "riscv64", "aarch64", NULL };

static const char *const virt_only[] = { "virt", NULL };
/* Where OpenSBI comes first there can be nothing else. */
static const char *const after_sbi[] = { "efi", "uboot", "none", NULL };
static const char *const efi_or_uboot[] = { "efi", "uboot", NULL };
static const char *const riscv64_cpus[] = { "max", "rv64", NULL };
static const char *const aarch64_cpus[] = { "max",        "neoverse-n1", "cortex-a76", "cortex-a72",
                                            "cortex-a57", "cortex-a53",  NULL };

static const VtArchitecture architectures[] = {
  { .name = "riscv64",
    .title = "RISC-V (64-bit)",
    .boards = virt_only,
    .firmware = after_sbi,
    .cpus = riscv64_cpus,
    .max_cpus = 32,
    .board_options = "",
    .bios = "opensbi-riscv64-generic-fw_dynamic.bin",
    .uboot = "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin",
    .uboot_option = "-kernel",
    .efi_code = "RISCV_VIRT_CODE.fd",
    .efi_variables = "RISCV_VIRT_VARS.fd",
    .flash_size = MIB (32) },
  /* The board's own interrupt controller is the one for eight processors at most. */
  { .name = "aarch64",
    .title = "Arm (64-bit)",
    .boards = virt_only,
    .firmware = efi_or_uboot,
    .cpus = aarch64_cpus,
    .max_cpus = 32,
    .board_options = ",gic-version=3",
    .uboot = "/usr/lib/u-boot/qemu_arm64/u-boot.bin",
    .uboot_option = "-bios",
    .efi_code = "AAVMF_CODE.fd",
    .efi_variables = "AAVMF_VARS.fd",
    .flash_size = MIB (64) },
};

const VtArchitecture *
vt_architecture_find (const char *name)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (architectures); i++)
    if (strcmp (architectures[i].name, name) == 0)
      return &architectures[i];
  return NULL;
}

static char *
program_of (const char *name)
{
  return g_strconcat ("vitrine-machine-", name, NULL);
}

bool
vt_architecture_is_installed (const VtArchitecture *architecture)
{
  g_autofree char *program = program_of (architecture->name), *path = vt_program_find (program);
  return g_file_test (path, G_FILE_TEST_IS_EXECUTABLE);
}

char **
vt_architecture_installed_names (void)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (const char *const *name = vt_architecture_names; *name != NULL; name++)
    if (vt_architecture_is_installed (vt_architecture_find (*name)))
      g_strv_builder_add (names, *name);
  return g_strv_builder_end (names);
}

const VtArchitecture *
vt_architecture_usual (void)
{
  g_auto (GStrv) installed = vt_architecture_installed_names ();
  return vt_architecture_find (*installed ? *installed : vt_architecture_names[0]);
}

bool
vt_architecture_check_installed (const char *name, GError **error)
{
  const VtArchitecture *architecture = vt_architecture_find (name);
  if (architecture != NULL && vt_architecture_is_installed (architecture))
    return true;
  g_auto (GStrv) installed = vt_architecture_installed_names ();
  g_autofree char *program = program_of (name), *others = g_strjoinv (", ", installed);
  g_autofree char *cause = g_strdup_printf (
      "Machines of the architecture %s cannot run here: %s is not installed.", name, program);
  g_autofree char *remedy =
      *installed ? g_strdup_printf ("Install it, or use a machine of another architecture: %s.", others)
                 : g_strdup ("Install Vitrine with its machines.");
  vt_error_set (error, VT_ERROR_NOT_SUPPORTED, cause, remedy);
  return false;
}

GVariant *
vt_architecture_to_variant (const VtArchitecture *architecture)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert_value (&dict, "boards", g_variant_new_strv (architecture->boards, -1));
  g_variant_dict_insert_value (&dict, "firmware", g_variant_new_strv (architecture->firmware, -1));
  g_variant_dict_insert_value (&dict, "cpus", g_variant_new_strv (architecture->cpus, -1));
  g_variant_dict_insert (&dict, "max-cpus", "u", (guint32)architecture->max_cpus);
  g_variant_dict_insert (&dict, "kvm", "b", FALSE);
  g_variant_dict_insert (&dict, "name", "s", architecture->title);
  return g_variant_dict_end (&dict);
}
