/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "choices.h"

#include <glib/gi18n.h>

static const struct {
  const char *key, *name, *label;
} labels[] = {
  { "architecture", "aarch64", N_ ("Arm (64-bit)") },
  { "architecture", "arm", N_ ("Arm (32-bit)") },
  { "architecture", "i386", N_ ("x86 (32-bit)") },
  { "architecture", "riscv32", N_ ("RISC-V (32-bit)") },
  { "architecture", "riscv64", N_ ("RISC-V (64-bit)") },
  { "architecture", "x86_64", N_ ("x86 (64-bit)") },
  { "board", "virt", N_ ("Virt: made for virtual machines") },
  { "cpu", "max", N_ ("Everything there is") },
  { "cpu", "rv64", N_ ("Basic 64-bit") },
  /* Names of products are the same in all languages. */
  { "cpu", "cortex-a53", "Cortex-A53" },
  { "cpu", "cortex-a57", "Cortex-A57" },
  { "cpu", "cortex-a72", "Cortex-A72" },
  { "cpu", "cortex-a76", "Cortex-A76" },
  { "cpu", "neoverse-n1", "Neoverse N1" },
  { "firmware", "efi", N_ ("EFI") },
  { "firmware", "uboot", N_ ("U-Boot") },
  { "firmware", "bios", N_ ("BIOS") },
  { "firmware", "none", N_ ("None") },
  { "input", "tablet", N_ ("Tablet: pointers move together") },
  { "input", "mouse", N_ ("Mouse: is captured by the screen") },
  { "input", "none", N_ ("None") },
  { "display", "virtio", N_ ("Virtio: several screens, any size") },
  { "display", "ramfb", N_ ("Simple frame buffer") },
  { "display", "none", N_ ("None: text console only") },
  { "bus", "virtio", N_ ("Virtio: fast") },
  { "bus", "scsi", N_ ("SCSI: widely understood") },
  { "cache", "writeback", N_ ("Write back: fast and safe") },
  { "cache", "none", N_ ("None: past this computer’s cache") },
  { "cache", "writethrough", N_ ("Write through: slow, safe") },
  { "cache", "directsync", N_ ("Direct: slowest, safest") },
  { "cache", "unsafe", N_ ("Unsafe: a crash may lose the disk") },
  { "mode", "user", N_ ("Shared with this computer") },
  { "mode", "none", N_ ("Not connected") },
};

const char *
vt_choice_label (const char *key, const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (labels); i++)
    if (g_str_equal (labels[i].key, key) && g_str_equal (labels[i].name, name))
      return _ (labels[i].label);
  return name;
}

void
vt_choice_row_fill (VtChoiceRow *row, const char *key)
{
  for (size_t i = 0; i < G_N_ELEMENTS (labels); i++)
    if (g_str_equal (labels[i].key, key))
      vt_choice_row_add (row, labels[i].name, _ (labels[i].label), NULL);
}
