/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-options.h"

#include "suggest.h"
#include <stdio.h>
#include <string.h>

static const SystemOption *
find_option (const char *name)
{
  for (unsigned i = 0; i < system_n_options; i++)
    if (strcmp (system_options[i].name, name) == 0)
      return &system_options[i];
  return NULL;
}

static int
unknown_option (const SystemCommand *command, const char *text, const char *name)
{
  g_autofree const char **names = g_new0 (const char *, system_n_options + 1);
  for (unsigned i = 0; i < system_n_options; i++)
    names[i] = system_options[i].name;
  fprintf (stderr, "%s: there is no option '%s'; did you mean '-%s'? -help lists all.\n", command->program,
           text, suggest_nearest (name, names));
  return 1;
}

static void
init (SystemCommand *command, const GuestIsa *isa, const char *program)
{
  MachineConfig *config = &command->config;
  *command = (SystemCommand){ .isa = isa, .program = program };
  GPtrArray **lists[] = { &command->chardevs, &command->drives,   &command->blockdevs, &command->netdevs,
                          &command->objects,  &command->monitors, &command->qmps,      &config->devices,
                          &config->serials,   &config->fw_cfg,    &config->smbios,     &config->nics };
  for (unsigned i = 0; i < G_N_ELEMENTS (lists); i++)
    *lists[i] = g_ptr_array_new_with_free_func (g_free);
  config->isa = isa;
  config->board_options = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

void
system_command_clear (SystemCommand *command)
{
  MachineConfig *config = &command->config;
  GPtrArray *lists[] = { command->chardevs, command->drives,   command->blockdevs, command->netdevs,
                         command->objects,  command->monitors, command->qmps,      config->devices,
                         config->serials,   config->fw_cfg,    config->smbios,     config->nics };
  char *texts[] = {
    config->board,    config->cpu_model,  config->bios,      config->kernel, config->initrd,
    config->append,   config->dtb,        config->dumpdtb,   config->name,   config->uuid,
    config->incoming, config->boot_order, command->log_file, command->gdb,   command->pidfile
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (lists); i++)
    g_ptr_array_unref (lists[i]);
  for (unsigned i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_hash_table_unref (config->board_options);
}

/* What QEMU does for those who say nothing about the console: -nographic shares the terminal between the
 * first serial port and the monitor. */
static void
default_console (SystemCommand *command)
{
  MachineConfig *config = &command->config;
  if (config->no_default_devices || config->serials->len > 0)
    return;
  bool share = command->nographic && command->monitors->len == 0 && !command->no_monitor;
  g_ptr_array_add (config->serials, g_strdup (share ? "mon:stdio" : command->nographic ? "stdio" : "vc"));
}

static bool
check (SystemCommand *command, GError **error)
{
  const MachineConfig *config = &command->config;
  if ((config->initrd || config->append) && !config->kernel) {
    g_set_error (
        error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "%s is only for a kernel given with -kernel; a system on a disk has its own boot loader's settings",
        config->initrd ? "-initrd" : "-append");
    return false;
  }
  return true;
}

int
system_command_parse (SystemCommand *command, const GuestIsa *isa, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  command->name = g_strconcat ("vitrine-system-", isa->name, NULL);
  char *program = command->name;
  init (command, isa, program);
  command->name = program;
  SystemParse p = { .command = command, .config = &command->config };
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i] + (g_str_has_prefix (argv[i], "--") ? 2 : 1);
    /* A word that is no option is a disk image. */
    const SystemOption *o = argv[i][0] == '-' ? find_option (name) : find_option ("hda");
    if (o == NULL)
      return unknown_option (command, argv[i], name);
    if (argv[i][0] == '-' && o->argument && i + 1 == argc) {
      fprintf (stderr, "%s: -%s needs an argument: %s\n", program, o->name, o->argument);
      return 1;
    }
    const char *value = !o->argument ? NULL : argv[i][0] == '-' ? argv[++i] : argv[i];
    if (!o->handler (&p, value, &error)) {
      fprintf (stderr, "%s: -%s%s%s: %s\n", program, o->name, value ? " " : "", value ? value : "",
               error->message);
      return 1;
    }
    if (p.done)
      return 0;
  }
  default_console (command);
  if (check (command, &error))
    return -1;
  fprintf (stderr, "%s: %s\n", program, error->message);
  return 1;
}
