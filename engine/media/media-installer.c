/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a CD's files say: its kernels, where boot loaders are told to find them and where distributions put
 * them; the files by which it describes itself; boot loaders of firmware that El Torito does not name. */

#include "media-private.h"

enum { KERNELS_MAX = 16, CONFIGS_MAX = 12, CONFIG_SIZE = 32 << 10, DESCRIPTION_MAX = 200 };

static const char *const configs[] = {
  "boot/grub/grub.cfg",  "boot/grub2/grub.cfg", "efi/boot/grub.cfg",   "boot/grub/loopback.cfg",
  "isolinux/*.cfg",      "boot/isolinux/*.cfg", "boot/syslinux/*.cfg", "loader/entries/*.conf",
  "boot/*/loader/*.cfg", "install/yaboot.conf", "etc/yaboot.conf",     "boot/extlinux/extlinux.conf",
};

static const char *const kernels[] = {
  "casper/vmlinu*",
  "live*/vmlinu*",
  "install*/vmlinu*",
  "install*/linux",
  "install*/*/vmlinu*",
  "boot/vmlinu*",
  "boot/bzimage",
  "boot/image*",
  "images/pxeboot/vmlinuz",
  "isolinux/vmlinuz*",
  "isolinux/linux",
  "boot/*/linux",
  "boot/*/vmlinu*",
  "boot/*/loader/linux",
  "arch/boot/*/vmlinuz*",
  "ppc/*/vmlinuz",
  "boot/kernel/kernel",
  "*/*/bsd.rd",
  "netbsd",
  "vmlinu*",
  "install*/yaboot",
};

/* Programs with a kernel's header that say nothing of the system. */
static const char *const others[] = { "memtest", "mt86", "ipxe", ".c32" };

/* Firmware of other families: files that only they start from. */
static const struct {
  const char *pattern;
  Arch arch;
} loaders[] = {
  { "ppc/bootinfo.txt", ARCH_NONE },
  { "install*/yaboot", ARCH_PPC },
  { "suseboot/yaboot*", ARCH_PPC64 },
  { "boot/grub/powerpc*", ARCH_NONE },
  { "boot/grub/powerpc-ieee1275/*.*", ARCH_NONE },
  { "boot/grub/sparc64-ieee1275/*.*", ARCH_SPARC64 },
  { "boot/second.b", ARCH_NONE },
  { "images/generic.ins", ARCH_S390X },
  { "boot/*/*.ins", ARCH_S390X },
};

typedef struct {
  Probe *probe;
  Tree *tree;
  unsigned kernels, configs; /* looked at */
  uint8_t *head;
  GHashTable *paths; /* named by a configuration */
} Installer;

static bool
take_kernel (void *opaque, const TreeNode *node)
{
  Installer *installer = opaque;
  for (unsigned i = 0; i < G_N_ELEMENTS (others); i++) {
    if (strstr (node->name, others[i]))
      return true;
  }
  if (installer->kernels++ >= KERNELS_MAX)
    return false;
  KernelKind kind;
  size_t n = installer->tree->read (installer->tree, node, 0, installer->head, KERNEL_HEAD);
  if (kernel_recognise (installer->head, n, &kind) && kind.arch)
    probe_evidence (installer->probe, kind.arch, kind.kernel ? EVIDENCE_KERNEL : EVIDENCE_LOADER);
  return true;
}

/* "linux /install/vmlinuz quiet" of GRUB and of boot loader entries, "kernel /casper/vmlinuz" of ISOLINUX,
 * "image=/install/vmlinux" of yaboot. */
static void
take_config_line (Installer *installer, const char *line)
{
  static const char *const words[] = { "linux", "linuxefi", "linux16", "kernel", "image", NULL };
  g_auto (GStrv) fields = g_strsplit_set (line, " \t=", 3);
  g_autofree char *word = fields[0] ? g_ascii_strdown (fields[0], -1) : NULL;
  if (!word || !g_strv_contains (words, word) || !fields[1] || fields[1][0] == '(' || strchr (fields[1], '$'))
    return;
  const char *path = fields[1];
  /* A path is no pattern here, nor does matching a hostile one end soon. */
  if (strpbrk (path, "*?") || strlen (path) > TREE_NAME_MAX)
    return;
  if (g_hash_table_size (installer->paths) < KERNELS_MAX)
    g_hash_table_add (installer->paths, g_ascii_strdown (path + strspn (path, "/"), -1));
}

static bool
take_config (void *opaque, const TreeNode *node)
{
  Installer *installer = opaque;
  if (installer->configs++ >= CONFIGS_MAX)
    return false;
  g_autofree char *text = g_malloc (CONFIG_SIZE + 1);
  text[installer->tree->read (installer->tree, node, 0, text, CONFIG_SIZE)] = '\0';
  if (!g_utf8_validate (text, -1, NULL))
    return true;
  g_auto (GStrv) lines = g_strsplit_set (text, "\r\n", -1);
  for (unsigned i = 0; lines[i]; i++)
    take_config_line (installer, g_strchug (lines[i]));
  return true;
}

static void
find_kernels (Installer *installer)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (configs); i++)
    tree_glob (installer->tree, configs[i], take_config, installer);
  GHashTableIter iter;
  gpointer path;
  g_hash_table_iter_init (&iter, installer->paths);
  while (g_hash_table_iter_next (&iter, &path, NULL)) {
    if (*(char *)path)
      tree_glob (installer->tree, path, take_kernel, installer);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (kernels); i++)
    tree_glob (installer->tree, kernels[i], take_kernel, installer);
}

static bool
take_other_loader (void *opaque, const TreeNode *node)
{
  *(bool *)opaque = true;
  return false;
}

static void
find_loaders (Installer *installer)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (loaders); i++) {
    bool found = false;
    tree_glob (installer->tree, loaders[i].pattern, take_other_loader, &found);
    if (!found)
      continue;
    installer->probe->info->boot |= MEDIA_BOOT_OTHER;
    if (loaders[i].arch)
      probe_evidence (installer->probe, loaders[i].arch, EVIDENCE_RECORD);
  }
}

/* ---- Descriptions ---- */

static void
set_description (Probe *probe, const char *text)
{
  if (!text || probe->info->description)
    return;
  size_t length = strcspn (text, "\r\n");
  g_autofree char *line = g_strstrip (probe_printable (text, MIN (length, DESCRIPTION_MAX)));
  if (*line)
    probe->info->description = g_steal_pointer (&line);
}

/* Red Hat's and its relatives' */
static void
take_treeinfo (Probe *probe, const char *text)
{
  static const char *const groups[] = { "general", "tree", "release" };
  g_autoptr (GKeyFile) file = g_key_file_new ();
  if (!g_key_file_load_from_data (file, text, strlen (text), G_KEY_FILE_NONE, NULL))
    return;
  for (unsigned i = 0; i < G_N_ELEMENTS (groups); i++) {
    g_autofree char *arch = g_key_file_get_string (file, groups[i], "arch", NULL);
    g_autofree char *family = g_key_file_get_string (file, groups[i], i == 2 ? "name" : "family", NULL);
    g_autofree char *version = g_key_file_get_string (file, groups[i], "version", NULL);
    if (arch)
      probe_words (probe, arch, EVIDENCE_STATED);
    if (family && version) {
      g_autofree char *description = g_strdup_printf ("%s %s", family, version);
      set_description (probe, description);
    }
  }
}

static void
find_descriptions (Installer *installer)
{
  static const char *const files[] = { ".disk/info", ".alpine-release" };
  for (unsigned i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *text = tree_text (installer->tree, files[i], 1024);
    set_description (installer->probe, text);
  }
  if (installer->probe->info->description)
    probe_words (installer->probe, installer->probe->info->description, EVIDENCE_STATED);
  g_autofree char *treeinfo = tree_text (installer->tree, ".treeinfo", CONFIG_SIZE);
  if (treeinfo && g_utf8_validate (treeinfo, -1, NULL))
    take_treeinfo (installer->probe, treeinfo);
}

void
installer_probe (Probe *probe, Tree *tree)
{
  g_autofree uint8_t *head = g_malloc (KERNEL_HEAD);
  g_autoptr (GHashTable) paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Installer installer = { .probe = probe, .tree = tree, .head = head, .paths = paths };
  find_descriptions (&installer);
  find_kernels (&installer);
  find_loaders (&installer);
}
