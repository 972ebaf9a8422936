/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "user-option-table.h"

#include "suggest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option *
find_option (const char *name)
{
  if (!strcmp (name, "?"))
    name = "h";
  for (unsigned i = 0; i < user_n_options; i++)
    if (!strcmp (user_options[i].name, name))
      return &user_options[i];
  return NULL;
}

static char *
hint_for (const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (unsigned i = 0; i < user_n_options; i++)
    if (!(user_options[i].flags & OPTION_HIDDEN))
      g_ptr_array_add (names, g_strconcat ("-", user_options[i].name, NULL));
  g_ptr_array_add (names, NULL);
  g_autofree char *dashed = g_strconcat ("-", name, NULL);
  return suggest_hint (dashed, (const char *const *)names->pdata);
}

static int
error_exit (Parse *p, const char *where)
{
  fprintf (stderr, "%s: %s: %s\n", p->program, where, p->why);
  g_free (p->why);
  return 1;
}

static void
pass_on (Parse *p, const Option *option, const char *value)
{
  if (!(option->flags & OPTION_PASS_ON))
    return;
  g_ptr_array_add (p->command->passed_on, g_strconcat ("-", option->name, NULL));
  if (option->argument)
    /* The program may change directory. */
    g_ptr_array_add (p->command->passed_on,
                     option->flags & OPTION_PATH ? g_canonicalize_filename (value, NULL) : g_strdup (value));
}

static int
parse_environment (Parse *p)
{
  for (unsigned i = 0; i < user_n_options; i++) {
    const Option *o = &user_options[i];
    const char *value = o->variable ? getenv (o->variable) : NULL;
    if (!value || !*value)
      continue;
    if (!o->handler (p, value))
      return error_exit (p, o->variable);
    pass_on (p, o, value);
    if (p->done)
      return 0;
  }
  return -1;
}

/* Parses options up to the program's name; *ret_next is its index. */
static int
parse_arguments (Parse *p, int argc, char **argv, int *ret_next)
{
  int i = 1;
  for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
    if (!strcmp (argv[i], "--")) {
      i++;
      break;
    }
    const char *name = argv[i] + (argv[i][1] == '-' ? 2 : 1);
    const Option *o = find_option (name);
    if (!o) {
      g_autofree char *hint = hint_for (name);
      fprintf (stderr, "%s: there is no option '%s'%s See -h.\n", p->program, argv[i], hint);
      return 1;
    }
    if (o->argument && i + 1 == argc) {
      fprintf (stderr, "%s: -%s needs an argument: %s\n", p->program, o->name, o->argument);
      return 1;
    }
    const char *value = o->argument ? argv[++i] : NULL;
    if (!o->handler (p, value)) {
      g_autofree char *where = g_strconcat ("-", o->name, NULL);
      return error_exit (p, where);
    }
    pass_on (p, o, value);
    if (p->done)
      return 0;
  }
  *ret_next = i;
  return -1;
}

static bool
is_reentry (int argc, char **argv)
{
  return argc > 1 && !strcmp (argv[1], "-reentry");
}

int
user_command_parse (UserCommand *command, const GuestIsa *isa, int argc, char **argv)
{
  g_autofree char *name = g_strconcat ("vitrine-", isa->name, NULL);
  Parse p = { .command = command, .isa = isa, .program = name };
  *command = (UserCommand){ .exec_fd = -1 };
  command->changes = g_ptr_array_new_with_free_func (g_free);
  command->passed_on = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (command->passed_on, g_strdup ("-reentry"));

  int status = is_reentry (argc, argv) ? -1 : parse_environment (&p);
  int next = argc;
  if (status < 0)
    status = parse_arguments (&p, argc, argv, &next);
  g_ptr_array_add (command->passed_on, NULL);
  if (status >= 0)
    return status;
  if (next >= argc) {
    fprintf (stderr, "%s: no program to run; give its name, or see -h\n", name);
    return 1;
  }
  command->program = argv[next];
  command->argv = g_strdupv (argv + next);
  if (command->options.argv0) {
    g_free (command->argv[0]);
    command->argv[0] = g_strdup (command->options.argv0);
  }
  return -1;
}
