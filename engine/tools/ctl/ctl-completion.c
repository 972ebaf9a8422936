/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

/* Completion for shells, made of the table of commands. */

static bool
has_machine (const CtlCommand *command)
{
  return command->completes == CTL_A_MACHINE || command->completes == CTL_MACHINE_AND_FILE;
}

static void
print_names (const char *separator)
{
  for (const CtlCommand *command = ctl_commands; command->name != NULL; command++)
    printf ("%s%s", command == ctl_commands ? "" : separator, command->name);
}

static void
print_bash (void)
{
  fputs ("_vitrinectl ()\n{\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} machines\n"
         "  local IFS=$'\\n'\n  COMPREPLY=()\n"
         "  if ((COMP_CWORD == 1)); then\n    mapfile -t COMPREPLY < <(IFS=' ' compgen -W '",
         stdout);
  print_names (" ");
  fputs ("' -- \"$word\")\n    return\n  fi\n  case $command in\n", stdout);
  for (const CtlCommand *command = ctl_commands; command->name != NULL; command++)
    printf ("    %s)\n      [[ $word == -* ]] && mapfile -t COMPREPLY < <(IFS=' ' compgen -W '%s --json "
            "--help' -- \"$word\")\n%s%s      ;;\n",
            command->name, command->options,
            has_machine (command)
                ? "      [[ $word == -* ]] || mapfile -t COMPREPLY < <(vitrinectl list --names 2>/dev/null | "
                  "while read -r name; do [[ $name == \"$word\"* ]] && printf '%q\\n' \"$name\"; done)\n"
                : "",
            command->completes == CTL_A_FILE || command->completes == CTL_MACHINE_AND_FILE ||
                    strcmp (command->name, "create") == 0
                ? "      [[ $word == -* || ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f "
                  "-- \"$word\")\n"
                : "");
  fputs ("  esac\n}\ncomplete -F _vitrinectl vitrinectl\n", stdout);
}

static void
print_zsh (void)
{
  fputs ("#compdef vitrinectl\n_vitrinectl ()\n{\n  local -a commands machines\n  commands=(\n", stdout);
  for (const CtlCommand *command = ctl_commands; command->name != NULL; command++) {
    g_autoptr (GString) text = g_string_new (command->summary);
    g_string_replace (text, "'", "'\\''", 0);
    g_string_replace (text, "`", "", 0);
    printf ("    '%s:%s'\n", command->name, text->str);
  }
  fputs ("  )\n  if ((CURRENT == 2)); then\n    _describe command commands\n    return\n  fi\n  case "
         "$words[2] in\n",
         stdout);
  for (const CtlCommand *command = ctl_commands; command->name != NULL; command++)
    printf (
        "    %s)\n      [[ $PREFIX == -* ]] && compadd -- %s --json --help\n%s%s      ;;\n", command->name,
        command->options,
        has_machine (command)
            ? "      machines=(${(f)\"$(vitrinectl list --names 2>/dev/null)\"})\n      compadd -a machines\n"
            : "",
        command->completes == CTL_A_FILE || command->completes == CTL_MACHINE_AND_FILE ? "      _files\n"
                                                                                       : "");
  fputs ("  esac\n}\n_vitrinectl \"$@\"\n", stdout);
}

static void
print_fish (void)
{
  fputs ("complete -c vitrinectl -f\ncomplete -c vitrinectl -l json -d 'print JSON'\n", stdout);
  for (const CtlCommand *command = ctl_commands; command->name != NULL; command++) {
    g_auto (GStrv) options = g_strsplit (command->options, " ", -1);
    g_autoptr (GString) text = g_string_new (command->summary);
    g_string_replace (text, "'", "\\'", 0);
    printf ("complete -c vitrinectl -n __fish_use_subcommand -a %s -d '%s'\n", command->name, text->str);
    for (char **option = options; *option != NULL; option++)
      if (**option != '\0')
        printf ("complete -c vitrinectl -n '__fish_seen_subcommand_from %s' -l %s\n", command->name,
                *option + 2);
    if (has_machine (command))
      printf ("complete -c vitrinectl -n '__fish_seen_subcommand_from %s' -a '(vitrinectl list --names "
              "2>/dev/null)'\n",
              command->name);
    if (command->completes == CTL_A_FILE || command->completes == CTL_MACHINE_AND_FILE)
      printf ("complete -c vitrinectl -n '__fish_seen_subcommand_from %s' -F\n", command->name);
  }
}

int
ctl_completion (char **operands)
{
  if (strcmp (operands[0], "bash") == 0)
    print_bash ();
  else if (strcmp (operands[0], "zsh") == 0)
    print_zsh ();
  else if (strcmp (operands[0], "fish") == 0)
    print_fish ();
  else
    return ctl_complain ("there is no completion for '%s'.\nThere is one for bash, zsh and fish.",
                         operands[0]);
  return 0;
}
