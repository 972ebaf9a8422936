/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Options that say what the machine starts with. */

#include "system-option-table.h"

#include "keyval.h"
#include <string.h>

#define FILE_OPTION(name)                                                                                    \
  static bool set_##name (SystemParse *p, const char *value, GError **error)                                 \
  {                                                                                                          \
    return system_set_once (&p->config->name, value, error);                                                 \
  }
FILE_OPTION (kernel)
FILE_OPTION (initrd)
FILE_OPTION (append)
FILE_OPTION (dtb)
FILE_OPTION (bios)
FILE_OPTION (incoming)

/* Letters of QEMU's drives, each at most once, for which a board has something. */
static bool
set_order (char **at, const char *key, const char *order, GError **error)
{
  if (order == NULL)
    return true;
  for (const char *letter = order; *letter; letter++)
    if (!strchr ("acdn", *letter) || strchr (letter + 1, *letter))
      return system_bad (error,
                         "%s=%s: each letter is a drive, said once: c the disks, d the CD-ROM, n the network",
                         key, order);
  system_replace (at, order);
  return true;
}

static bool
set_boot (SystemParse *p, const char *value, GError **error)
{
  MachineConfig *c = p->config;
  g_autoptr (Keyval) kv = keyval_parse (value, "order", error);
  return kv != NULL && keyval_get_bool (kv, "menu", c->boot_menu, &c->boot_menu, error) &&
         keyval_get_bool (kv, "strict", c->boot_strict, &c->boot_strict, error) &&
         set_order (&c->boot_order, "order", keyval_get (kv, "order"), error) &&
         set_order (&c->boot_once, "once", keyval_get (kv, "once"), error) &&
         keyval_finish (kv, "-boot", error);
}

static bool
add_fw_cfg (SystemParse *p, const char *value, GError **error)
{
  g_ptr_array_add (p->config->fw_cfg, g_strdup (value));
  return true;
}

static bool
add_smbios (SystemParse *p, const char *value, GError **error)
{
  g_ptr_array_add (p->config->smbios, g_strdup (value));
  return true;
}

/* Before what the environment says. */
static bool
add_data_dir (SystemParse *p, const char *value, GError **error)
{
  static const char variable[] = "VITRINE_FIRMWARE";
  const char *before = g_getenv (variable);
  if (!g_file_test (value, G_FILE_TEST_IS_DIR))
    return system_bad (error, "not a directory; name one that firmware is found in");
  g_autofree char *both =
      before ? g_strjoin (G_SEARCHPATH_SEPARATOR_S, before, value, NULL) : g_strdup (value);
  g_setenv (variable, both, TRUE);
  return true;
}

const SystemOption system_boot_options[] = {
  { "bios", "FILE|none", "firmware (default: the board's)", set_bios },
  { "kernel", "FILE", "kernel to start", set_kernel },
  { "initrd", "FILE", "its initial RAM disk", set_initrd },
  { "append", "TEXT", "its command line", set_append },
  { "dtb", "FILE", "device tree to use instead of the board's", set_dtb },
  { "boot", "[order=LETTERS][,once=LETTERS][,menu=on|off][,strict=on|off]",
    "what firmware tries: c disks, d CD-ROM, n network; once: up to the first reset", set_boot },
  { "fw_cfg", "[name=]NAME,file=FILE|string=TEXT", "an item for the firmware", add_fw_cfg },
  { "smbios", "type=0|1|2|3|4|11|17[,KEY=VALUE]...", "what the machine says that it is (aarch64)",
    add_smbios },
  { "L", "DIR", "look for firmware there first", add_data_dir },
  { "incoming", "file:PATH|defer",
    "go on with a machine that the monitor's migrate has saved; defer: that migrate_incoming will name",
    set_incoming },
  { NULL },
};
