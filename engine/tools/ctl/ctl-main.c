/* SPDX-License-Identifier: GPL-3.0-or-later */

/* vitrinectl: the engine's machines from a terminal. */

#include "ctl.h"

#include "suggest.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

CtlOptions ctl_options;

static const GOptionEntry all_options[] = {
  { "json", 0, 0, G_OPTION_ARG_NONE, &ctl_options.json, NULL, NULL },
  { "names", 0, 0, G_OPTION_ARG_NONE, &ctl_options.names, NULL, NULL },
  { "iso", 0, 0, G_OPTION_ARG_FILENAME, &ctl_options.iso, NULL, NULL },
  { "start", 0, 0, G_OPTION_ARG_NONE, &ctl_options.start, NULL, NULL },
  { "in-place", 0, 0, G_OPTION_ARG_NONE, &ctl_options.in_place, NULL, NULL },
  { "paused", 0, 0, G_OPTION_ARG_NONE, &ctl_options.paused, NULL, NULL },
  { "discard-saved", 0, 0, G_OPTION_ARG_NONE, &ctl_options.discard_saved, NULL, NULL },
  { "boot", 0, 0, G_OPTION_ARG_STRING, &ctl_options.boot_drive, NULL, NULL },
  { "no-wait", 0, 0, G_OPTION_ARG_NONE, &ctl_options.no_wait, NULL, NULL },
  { "timeout", 0, 0, G_OPTION_ARG_INT, &ctl_options.timeout, NULL, NULL },
  { "forever", 0, 0, G_OPTION_ARG_NONE, &ctl_options.forever, NULL, NULL },
  { "drive", 0, 0, G_OPTION_ARG_STRING, &ctl_options.drive, NULL, NULL },
  { "force", 0, 0, G_OPTION_ARG_NONE, &ctl_options.force, NULL, NULL },
  { "console", 0, 0, G_OPTION_ARG_STRING, &ctl_options.console, NULL, NULL },
  { "width", 0, 0, G_OPTION_ARG_INT, &ctl_options.width, NULL, NULL },
};

static void
print_commands (FILE *out)
{
  fputs ("Usage: vitrinectl COMMAND [OPTION…] [OPERAND…]\n\n", out);
  for (const CtlCommand *command = ctl_commands; command->name != NULL; command++)
    fprintf (out, "  %-14s %s\n", command->name, command->summary);
  fputs ("\nA MACHINE is given by its name, its UUID, or the beginning of that.\n"
         "--json prints what a program can read; COMMAND --help explains a command.\n",
         out);
}

static void
ctl_print_help (const CtlCommand *command)
{
  printf ("Usage: vitrinectl %s%s%s\n\n%s.\n", command->name, *command->operands ? " " : "",
          command->operands, command->summary);
  if (command->details != NULL)
    printf ("\n%s", command->details);
}

static const CtlCommand *
find_or_complain (const char *name)
{
  const CtlCommand *command = ctl_find (name);
  if (command != NULL)
    return command;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (const CtlCommand *each = ctl_commands; each->name != NULL; each++)
    g_ptr_array_add (names, (char *)each->name);
  g_ptr_array_add (names, NULL);
  g_autofree char *hint = suggest_hint (name, (const char *const *)names->pdata);
  ctl_complain ("there is no command '%s'%s\n`vitrinectl help` lists them.", name, hint);
  return NULL;
}

int
ctl_help (char **operands)
{
  if (operands[0] == NULL) {
    print_commands (stdout);
    return 0;
  }
  const CtlCommand *command = find_or_complain (operands[0]);
  if (command == NULL)
    return 1;
  ctl_print_help (command);
  return 0;
}

/* The command's own options, and those of all. */
static GOptionContext *
context_for (const CtlCommand *command)
{
  GOptionContext *context = g_option_context_new (NULL);
  g_auto (GStrv) own = g_strsplit (command->options, " ", -1);
  for (unsigned i = 0; i < G_N_ELEMENTS (all_options); i++) {
    g_autofree char *dashed = g_strconcat ("--", all_options[i].long_name, NULL);
    const GOptionEntry entries[] = { all_options[i], { NULL } };
    if (i == 0 || g_strv_contains ((const char *const *)own, dashed))
      g_option_context_add_main_entries (context, entries, NULL);
  }
  g_option_context_set_help_enabled (context, FALSE);
  return context;
}

static bool
wants_help (char **words)
{
  for (; *words != NULL && strcmp (*words, "--") != 0; words++)
    if (strcmp (*words, "--help") == 0 || strcmp (*words, "-h") == 0)
      return true;
  return false;
}

static int
run (const CtlCommand *command, char ***words)
{
  g_autoptr (GOptionContext) context = context_for (command);
  g_autoptr (GError) error = NULL;
  if (!g_option_context_parse_strv (context, words, &error))
    return ctl_complain ("%s: %s\n`vitrinectl %s --help` shows its options.", command->name, error->message,
                         command->name);
  /* Text that begins with a dash follows "--". */
  char **operands = *words + 1;
  if (*operands != NULL && strcmp (*operands, "--") == 0)
    operands++;
  int n = (int)g_strv_length (operands);
  if (n < command->least || (command->most >= 0 && n > command->most))
    return ctl_complain ("%s: too %s operands.\nUsage: vitrinectl %s %s", command->name,
                         n < command->least ? "few" : "many", command->name, command->operands);
  return command->run (operands);
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  g_auto (GStrv) words = g_strdupv (argv);
  /* --json may come first, too. */
  unsigned first = 1;
  if (argc > 1 && strcmp (words[1], "--json") == 0) {
    ctl_options.json = TRUE;
    first = 2;
  }
  if (words[first] == NULL || strcmp (words[first], "--help") == 0 || strcmp (words[first], "-h") == 0) {
    print_commands (words[first] ? stdout : stderr);
    return words[first] ? 0 : 1;
  }
  if (strcmp (words[first], "--version") == 0) {
    puts ("vitrinectl " VITRINE_VERSION);
    return 0;
  }
  const CtlCommand *command = find_or_complain (words[first]);
  if (command == NULL)
    return 1;
  if (wants_help (words + first)) {
    ctl_print_help (command);
    return 0;
  }
  g_auto (GStrv) rest = g_strdupv (words + first);
  return run (command, &rest);
}
