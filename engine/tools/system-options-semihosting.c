/* SPDX-License-Identifier: GPL-3.0-or-later */

/* -semihosting and -semihosting-config. */

#include "system-option-table.h"

#include "hostfile.h"
#include "keyval.h"

static bool
check_target (Keyval *kv, GError **error)
{
  static const char *const targets[] = { "auto", "native", "gdb", NULL };
  unsigned target;

  if (!keyval_get_choice (kv, "target", targets, 0, &target, error))
    return false;
  return target != 2 || system_bad (error, "target=gdb: gdb is not asked here; use target=native");
}

static bool
set_config (MachineConfig *config, Keyval *kv, GError **error)
{
  g_autoptr (GPtrArray) args = keyval_get_all (kv, "arg");
  const char *chardev = keyval_get (kv, "chardev");

  if (!keyval_get_bool (kv, "enable", true, &config->semihosting, error) ||
      !keyval_get_bool (kv, "userspace", config->semihosting_user, &config->semihosting_user, error) ||
      !check_target (kv, error) || !keyval_finish (kv, "-semihosting-config", error))
    return false;
  if (chardev)
    system_replace (&config->semihosting_chardev, chardev);
  for (unsigned i = 0; i < args->len; i++)
    g_ptr_array_add (config->semihosting_args, g_strdup (args->pdata[i]));
  return true;
}

bool
system_set_semihosting (SystemParse *p, const char *value, GError **error)
{
  if (!host_file_others_allowed ())
    return system_bad (error, "a confined machine has no way to the host's files; leave it out");
  p->config->semihosting = true;
  g_autoptr (Keyval) kv = value ? keyval_parse (value, "enable", error) : NULL;
  return value == NULL || (kv != NULL && set_config (p->config, kv, error));
}
