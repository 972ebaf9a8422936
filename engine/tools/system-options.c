/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-option-table.h"

#include "suggest.h"
#include <stdio.h>
#include <string.h>

static const SystemOption *
find_option (const char *name)
{
  for (const SystemOptionGroup *g = system_option_groups; g->title; g++)
    for (const SystemOption *o = g->options; o->name; o++)
      if (strcmp (o->name, name) == 0)
        return o;
  return NULL;
}

static int
unknown_option (const SystemCommand *command, const char *text, const char *name)
{
  const char *why = system_option_why_not (name);
  if (why) {
    fprintf (stderr, "%s: there is no option '%s': %s\n", command->program, text, why);
    return 1;
  }
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (const SystemOptionGroup *g = system_option_groups; g->title; g++)
    for (const SystemOption *o = g->options; o->name; o++)
      g_ptr_array_add (names, g_strconcat ("-", o->name, NULL));
  g_ptr_array_add (names, NULL);
  g_autofree char *dashed = g_strconcat ("-", name, NULL);
  g_autofree char *hint = suggest_hint (dashed, (const char *const *)names->pdata);
  fprintf (stderr, "%s: there is no option '%s'%s -help lists all\n", command->program, text, hint);
  return 1;
}

static void
clear_monitor (void *monitor)
{
  g_free (((SystemMonitor *)monitor)->text);
}

static void
init (SystemCommand *command, const GuestIsa *isa, char *program)
{
  MachineConfig *config = &command->config;
  *command =
      (SystemCommand){ .isa = isa, .program = program, .name = program, .control_fd = -1, .end_fd = -1 };
  GPtrArray **lists[] = { &command->chardevs, &command->drives, &command->blockdevs,      &command->netdevs,
                          &command->objects,  &config->devices, &config->serials,         &config->fw_cfg,
                          &config->smbios,    &config->nics,    &config->semihosting_args };
  for (unsigned i = 0; i < G_N_ELEMENTS (lists); i++)
    *lists[i] = g_ptr_array_new_with_free_func (g_free);
  command->monitors = g_array_new (FALSE, FALSE, sizeof (SystemMonitor));
  g_array_set_clear_func (command->monitors, clear_monitor);
  config->isa = isa;
  config->board_options = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

void
system_command_clear (SystemCommand *command)
{
  MachineConfig *config = &command->config;
  GPtrArray *lists[] = { command->chardevs, command->drives, command->blockdevs,      command->netdevs,
                         command->objects,  config->devices, config->serials,         config->fw_cfg,
                         config->smbios,    config->nics,    config->semihosting_args };
  char *texts[] = { config->board,     config->cpu_model,     config->bios,     config->kernel,
                    config->initrd,    config->append,        config->dtb,      config->dumpdtb,
                    config->name,      config->uuid,          config->incoming, config->boot_order,
                    config->boot_once, command->log_file,     command->gdb,     command->pidfile,
                    command->name,     command->process_name, command->spice,   config->semihosting_chardev };
  for (unsigned i = 0; i < G_N_ELEMENTS (lists); i++)
    g_ptr_array_unref (lists[i]);
  for (unsigned i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_array_unref (command->monitors);
  g_hash_table_unref (config->board_options);
}

static bool
uses_stdio (const SystemCommand *command)
{
  const GPtrArray *serials = command->config.serials, *chardevs = command->chardevs;
  for (unsigned i = 0; i < serials->len; i++)
    if (strstr (serials->pdata[i], "stdio") || g_str_has_prefix (serials->pdata[i], "mon:"))
      return true;
  for (unsigned i = 0; i < chardevs->len; i++)
    if (g_str_has_prefix (chardevs->pdata[i], "stdio"))
      return true;
  return false;
}

/* What QEMU does for those who say nothing about the console: -nographic shares the terminal between the
 * first serial port and the monitor, or gives it to the monitor where the serial port goes elsewhere. */
static void
default_console (SystemCommand *command)
{
  MachineConfig *config = &command->config;
  bool monitor = command->nographic && command->monitors->len == 0 && !command->no_monitor;
  if (config->no_default_devices)
    return;
  if (config->serials->len == 0) {
    /* Of monitors only another one for people takes this one's place. */
    bool share = command->nographic && !command->no_monitor;
    for (unsigned i = 0; i < command->monitors->len; i++)
      share = share && g_array_index (command->monitors, SystemMonitor, i).control;
    g_ptr_array_add (config->serials, g_strdup (share ? "mon:stdio" : command->nographic ? "stdio" : "vc"));
  } else if (monitor && !uses_stdio (command)) {
    const SystemMonitor own = { g_strdup ("stdio"), false, false };
    g_array_append_val (command->monitors, own);
  }
}

static bool
check (SystemCommand *command, GError **error)
{
  const MachineConfig *config = &command->config;
  if ((config->initrd || config->append) && !config->kernel)
    return system_bad (
        error,
        "%s is only for a kernel given with -kernel; a system on a disk has its own boot loader's settings",
        config->initrd ? "-initrd" : "-append");
  if (command->daemonize && (command->nographic || uses_stdio (command)))
    return system_bad (error,
                       "-daemonize gives the terminal up, which %s needs; put consoles elsewhere, as "
                       "with -display none -serial file:PATH",
                       command->nographic ? "-nographic" : "stdio");
  return true;
}

/* One option, and its value; the index of the last word it takes. A status as system_command_parse(). */
static int
parse_word (SystemParse *p, int argc, char **argv, int *i)
{
  g_autoptr (GError) error = NULL;
  SystemCommand *command = p->command;
  const char *word = argv[*i], *name = word + (g_str_has_prefix (word, "--") ? 2 : 1);
  /* A word that is no option is a disk image. */
  const SystemOption *o = word[0] == '-' ? find_option (name) : find_option ("hda");
  if (o == NULL)
    return unknown_option (command, word, name);
  if (word[0] == '-' && o->argument && *i + 1 == argc) {
    fprintf (stderr, "%s: -%s needs an argument: %s\n", command->program, o->name, o->argument);
    return 1;
  }
  const char *value = !o->argument ? NULL : word[0] == '-' ? argv[++*i] : word;
  /* Of all that can be said, only a kernel's command line may be nothing. */
  if (value && *value == '\0' && strcmp (o->name, "append") != 0) {
    fprintf (stderr, "%s: -%s '' says nothing; give it an argument: %s\n", command->program, o->name,
             o->argument);
    return 1;
  }
  if (o->handler (p, value, &error))
    return p->done ? 0 : -1;
  fprintf (stderr, "%s: -%s%s%s: %s\n", command->program, o->name, value ? " " : "", value ? value : "",
           error->message);
  return 1;
}

int
system_command_parse (SystemCommand *command, const char *name, const GuestIsa *isa, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  init (command, isa, g_strconcat (name, "-", isa->name, NULL));
  SystemParse p = { .command = command, .config = &command->config };
  for (int i = 1; i < argc; i++) {
    const int status = parse_word (&p, argc, argv, &i);
    if (status >= 0)
      return status;
  }
  default_console (command);
  if (check (command, &error))
    return -1;
  fprintf (stderr, "%s: %s\n", command->program, error->message);
  return 1;
}
