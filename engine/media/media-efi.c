/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Boot loaders where UEFI firmware looks for them on removable media. (UEFI 2.10, 3.5.1.1) */

#include "media-private.h"

typedef struct {
  Probe *probe;
  Tree *tree;
  bool found;
  unsigned left;
} EfiSearch;

/* The program's own header is surer than its name, but may be cut off. */
static Arch
arch_of_name (const char *name)
{
  static const struct {
    const char *name;
    Arch arch;
  } names[] = {
    { "bootx64.efi", ARCH_X86_64 },
    { "bootia32.efi", ARCH_I386 },
    { "bootaa64.efi", ARCH_AARCH64 },
    { "bootarm.efi", ARCH_ARM },
    { "bootriscv64.efi", ARCH_RISCV64 },
    { "bootriscv32.efi", ARCH_RISCV32 },
    { "bootloongarch64.efi", ARCH_LOONGARCH64 },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++) {
    if (!strcmp (name, names[i].name))
      return names[i].arch;
  }
  return ARCH_NONE;
}

static bool
take_loader (void *opaque, const TreeNode *node)
{
  EfiSearch *search = opaque;
  uint8_t head[4096];
  size_t n = search->tree->read (search->tree, node, 0, head, sizeof head);
  Arch arch = kernel_pe_arch (head, n);
  if (!arch)
    arch = arch_of_name (node->name);
  if (arch) {
    probe_evidence (search->probe, arch, EVIDENCE_LOADER);
    search->found = true;
  }
  return --search->left;
}

bool
efi_probe_tree (Probe *probe, Tree *tree)
{
  EfiSearch search = { probe, tree, false, 32 };
  if (tree_glob (tree, "efi/boot/boot*.efi", take_loader, &search) && !search.found) {
    /* Installed systems have folders of their own; unified kernels lie in EFI/Linux. */
    tree_glob (tree, "efi/*/*.efi", take_loader, &search);
  }
  return search.found;
}

bool
efi_probe_image (Probe *probe, const View *view)
{
  Fat fat;
  return fat_open (&fat, view) && efi_probe_tree (probe, &fat.tree);
}
