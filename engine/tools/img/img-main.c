/* SPDX-License-Identifier: GPL-3.0-or-later */

/* vitrine-img: makes, converts, checks and describes disk images. */

#include "img.h"
#include "suggest.h"

#include <stdio.h>
#include <string.h>

static const ImgCommand *const commands[] = { &img_bench,  &img_check,   &img_compare, &img_convert,
                                              &img_create, &img_info,    &img_map,     &img_measure,
                                              &img_resize, &img_snapshot };

static const ImgCommand *
find_command (const char *name)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (commands); i++) {
    if (strcmp (commands[i]->name, name) == 0)
      return commands[i];
  }
  return NULL;
}

static void
print_help (void)
{
  puts ("vitrine-img " VITRINE_VERSION "\n"
        "Disk image utility. Usage:\n\n"
        "  vitrine-img [--add-file path=PATH,fd=N]... COMMAND [OPTION]... ARGUMENT...\n\n"
        "  -h, --help     this text; after a command, the command's\n"
        "  -V, --version  the version\n"
        "  --add-file     PATH is the file that the descriptor N has open; others cannot be opened then\n\n"
        "Commands:\n");
  for (unsigned i = 0; i < G_N_ELEMENTS (commands); i++)
    printf ("  %-10s %s\n", commands[i]->name, commands[i]->summary);
  puts ("\nImage formats: raw (also ISO images), qcow2");
}

static int
unknown (const char *what, const char *word, const char *const *known)
{
  g_autofree char *hint = suggest_hint (word, known);
  img_error ("%s: %s%s", what, word, hint);
  fprintf (stderr, "Try 'vitrine-img --help' for more information.\n");
  return 1;
}

static int
unknown_command (const char *name)
{
  const char *names[G_N_ELEMENTS (commands) + 1] = { NULL };
  for (unsigned i = 0; i < G_N_ELEMENTS (commands); i++)
    names[i] = commands[i]->name;
  return unknown ("Command not found", name, names);
}

int
main (int argc, char **argv)
{
  static const char *const options[] = { "--add-file", "--help", "--version", NULL };
  bool confined = false;
  for (; argc > 2 && strcmp (argv[1], "--add-file") == 0; argc -= 2, argv += 2) {
    if (!img_add_file (argv[2]))
      return 1;
    confined = true;
  }
  if (confined)
    img_confine ();
  if (argc < 2) {
    img_error ("Not enough arguments");
    fprintf (stderr, "Try 'vitrine-img --help' for more information.\n");
    return 1;
  }
  const char *name = argv[1];
  if (strcmp (name, "-h") == 0 || strcmp (name, "--help") == 0) {
    print_help ();
    return 0;
  }
  if (strcmp (name, "-V") == 0 || strcmp (name, "--version") == 0) {
    puts ("vitrine-img version " VITRINE_VERSION);
    return 0;
  }
  if (name[0] == '-')
    return unknown ("Unknown option", name, options);
  const ImgCommand *command = find_command (name);
  if (!command)
    return unknown_command (name);
  ImgArgs args = { .command = command, .argc = argc - 1, .argv = argv + 1 };
  int status = command->run (&args);
  g_free (args.letters);
  g_free (args.longs);
  /* What could not be written, as to a full disk, must not pass for an answer. */
  if (fflush (stdout) != 0 || ferror (stdout)) {
    img_error ("Standard output cannot be written");
    return status ? status : 1;
  }
  return status;
}
