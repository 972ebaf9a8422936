/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "firmware.h"
#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* QEMU's names of firmware files, where packages of their own have the same firmware, and which package to
 * install. */
static const struct {
  const char *name, *package;
  const char *paths[5];
} known[] = {
  { "opensbi-riscv64-generic-fw_dynamic.bin",
    "opensbi",
    { "/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin",
      "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin",
      "/usr/share/opensbi/lp64/generic/firmware/fw_dynamic.bin", "/usr/share/opensbi/fw_dynamic.bin" } },
  { "opensbi-riscv32-generic-fw_dynamic.bin",
    "opensbi",
    { "/usr/share/qemu/opensbi-riscv32-generic-fw_dynamic.bin",
      "/usr/lib/riscv32-linux-gnu/opensbi/generic/fw_dynamic.bin",
      "/usr/share/opensbi/ilp32/generic/firmware/fw_dynamic.bin" } },
  { "RISCV_VIRT_CODE.fd",
    "qemu-efi-riscv64",
    { "/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd", "/usr/share/edk2/riscv/RISCV_VIRT_CODE.fd",
      "/usr/share/qemu/edk2-riscv-code.fd" } },
  { "RISCV_VIRT_VARS.fd",
    "qemu-efi-riscv64",
    { "/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd", "/usr/share/edk2/riscv/RISCV_VIRT_VARS.fd",
      "/usr/share/qemu/edk2-riscv-vars.fd" } },
  { "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin", "u-boot-qemu", { NULL } },
  { "AAVMF_CODE.fd",
    "qemu-efi-aarch64",
    { "/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw",
      "/usr/share/edk2/aarch64/QEMU_CODE.fd", "/usr/share/qemu/edk2-aarch64-code.fd" } },
  { "AAVMF_VARS.fd",
    "qemu-efi-aarch64",
    { "/usr/share/AAVMF/AAVMF_VARS.fd", "/usr/share/edk2/aarch64/vars-template-pflash.raw",
      "/usr/share/edk2/aarch64/QEMU_VARS.fd", "/usr/share/qemu/edk2-arm-vars.fd" } },
  { "QEMU_EFI.fd",
    "qemu-efi-aarch64",
    { "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd", "/usr/share/edk2/aarch64/QEMU_EFI.fd" } },
  { "/usr/lib/u-boot/qemu_arm64/u-boot.bin", "u-boot-qemu", { NULL } },
};

static const char *const subdirs[] = { "vitrine/firmware", "qemu", "qemu-firmware", "seabios", "opensbi" };

static char *
if_file (char *path)
{
  if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return path;
  g_free (path);
  return NULL;
}

/* In each subdirectory of a data directory. */
static char *
find_below (const char *dir, const char *name)
{
  char *found = NULL;

  for (unsigned i = 0; i < G_N_ELEMENTS (subdirs) && found == NULL; i++)
    found = if_file (g_build_filename (dir, subdirs[i], name, NULL));
  return found;
}

static char *
find_in_environment (const char *name)
{
  const char *dirs = g_getenv ("VITRINE_FIRMWARE");
  g_auto (GStrv) list = g_strsplit (dirs ? dirs : "", G_SEARCHPATH_SEPARATOR_S, -1);
  char *found = NULL;

  for (char **dir = list; *dir && found == NULL; dir++)
    if (**dir)
      found = if_file (g_build_filename (*dir, name, NULL));
  return found;
}

static char *
find_in_data_dirs (const char *name)
{
  const char *const *dirs = g_get_system_data_dirs ();
  char *found = find_below (g_get_user_data_dir (), name);

  for (unsigned i = 0; dirs[i] && found == NULL; i++)
    found = find_below (dirs[i], name);
  /* The variable may leave these out. */
  if (found == NULL)
    found = find_below ("/usr/local/share", name);
  return found ? found : find_below ("/usr/share", name);
}

static char *
find (const char *name, bool here, GError **error)
{
  const char *package = NULL;
  char *found = find_in_environment (name);

  if (found == NULL && (here || g_path_is_absolute (name)))
    found = if_file (g_strdup (name));
  if (found == NULL && strchr (name, '/') == NULL)
    found = find_in_data_dirs (name);
  for (unsigned i = 0; i < G_N_ELEMENTS (known); i++)
    if (strcmp (known[i].name, name) == 0) {
      package = known[i].package;
      for (unsigned j = 0; j < G_N_ELEMENTS (known[i].paths) && known[i].paths[j] && found == NULL; j++)
        found = if_file (g_strdup (known[i].paths[j]));
    }
  if (found == NULL && package)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                 "the firmware '%s' was not found; install the package %s, or name the file with -bios PATH",
                 name, package);
  else if (found == NULL)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                 "the firmware '%s' was not found %sin $VITRINE_FIRMWARE, or in qemu's data directories; "
                 "give its path",
                 name, here ? "here, " : "");
  return found;
}

char *
firmware_find (const char *name, GError **error)
{
  return find (name, true, error);
}

char *
firmware_find_installed (const char *name, GError **error)
{
  return find (name, false, error);
}
