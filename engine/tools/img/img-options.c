/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"
#include "suggest.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Command lines. */

/* All commands have these; what they would say is refused with the reason. */
enum { OPT_HELP = 'h', OPT_OBJECT = 1000, OPT_IMAGE_OPTS };
static const ImgOption common[] = {
  { OPT_HELP, "help", NULL, "this text" },
  { OPT_OBJECT, "object", "OBJECT", NULL },
  { OPT_IMAGE_OPTS, "image-opts", NULL, NULL },
};

static const ImgOption *
find_option (const ImgCommand *command, int id)
{
  for (const ImgOption *option = command->options; option->name; option++) {
    if (option->id == id)
      return option;
  }
  return NULL;
}

/* "-f, -b, -U, -h" */
static char *
list_letters (const ImgCommand *command)
{
  GString *text = g_string_new (NULL);
  for (const ImgOption *option = command->options; option->name; option++) {
    if (option->id < IMG_LONG && !option->refusal)
      g_string_append_printf (text, "-%c, ", option->id);
  }
  g_string_append_printf (text, "-%c", OPT_HELP);
  return g_string_free (text, FALSE);
}

static void
add_option (ImgArgs *args, GString *letters, unsigned at, const ImgOption *option)
{
  args->longs[at] =
      (struct option){ option->name, option->argument ? required_argument : no_argument, NULL, option->id };
  if (option->id >= IMG_LONG)
    return;
  g_string_append_c (letters, (char)option->id);
  if (option->argument)
    g_string_append_c (letters, ':');
}

static void
prepare (ImgArgs *args)
{
  const ImgOption *options = args->command->options;
  unsigned n = 0;
  while (options[n].name)
    n++;
  args->longs = g_new0 (struct option, n + G_N_ELEMENTS (common) + 1);
  GString *letters = g_string_new (":");
  for (unsigned i = 0; i < n; i++)
    add_option (args, letters, i, &options[i]);
  for (unsigned i = 0; i < G_N_ELEMENTS (common); i++)
    add_option (args, letters, n + i, &common[i]);
  args->letters = g_string_free (letters, FALSE);
  opterr = 0;
  optind = 1;
}

int
img_usage_error (ImgArgs *args, const char *format, ...)
{
  va_list ap;
  va_start (ap, format);
  g_autofree char *text = g_strdup_vprintf (format, ap);
  va_end (ap);
  img_error ("%s", text);
  fprintf (stderr, "Try 'vitrine-img %s --help' for more information.\n", args->command->name);
  return 1;
}

static void
complain (ImgArgs *args, int letter)
{
  if (letter > 0 && letter < IMG_LONG) {
    g_autofree char *letters = list_letters (args->command);
    img_usage_error (args, "%s: unknown option '-%c'; there are %s", args->command->name, letter, letters);
    return;
  }
  const char *word = args->argv[optind - 1];
  g_autofree char *name = g_strndup (word, strcspn (word, "="));
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (const struct option *option = args->longs; option->name; option++) {
    const ImgOption *known = find_option (args->command, option->val);
    if (!known || !known->refusal)
      g_ptr_array_add (names, g_strdup_printf ("--%s", option->name));
  }
  g_ptr_array_add (names, NULL);
  g_autofree char *hint = suggest_hint (name, (const char *const *)names->pdata);
  img_usage_error (args, "%s: unknown option '%s'%s", args->command->name, name, hint);
}

static void
print_option (const ImgOption *option)
{
  if (!option->help)
    return;
  g_autofree char *letter = option->id < IMG_LONG ? g_strdup_printf ("-%c, ", option->id) : g_strdup ("    ");
  g_autofree char *left = g_strdup_printf ("%s--%s%s%s", letter, option->name, option->argument ? " " : "",
                                           option->argument ? option->argument : "");
  printf ("  %-34s %s\n", left, option->help);
}

static void
print_command_help (const ImgCommand *command)
{
  printf ("%s. Usage:\n\n  vitrine-img %s %s\n\n", command->summary, command->name, command->usage);
  for (const ImgOption *option = command->options; option->name; option++)
    print_option (option);
  print_option (&common[0]);
}

int
img_next_option (ImgArgs *args, const char **ret_value)
{
  if (!args->longs)
    prepare (args);
  int id = getopt_long (args->argc, args->argv, args->letters, args->longs, NULL);
  *ret_value = optarg;
  switch (id) {
    case -1: return IMG_END;
    case '?':
      /* A known option that was given a value it has no use for is named as well. */
      if (optopt >= IMG_LONG || (optopt && strchr (args->argv[optind - 1], '=')))
        img_usage_error (args, "%s: '%s': the option takes no value", args->command->name,
                         args->argv[optind - 1]);
      else
        complain (args, optopt);
      return IMG_BAD;
    case ':':
      img_usage_error (args, "%s: option '%s' needs a value", args->command->name, args->argv[optind - 1]);
      return IMG_BAD;
    case OPT_HELP: print_command_help (args->command); return IMG_HELP;
    case OPT_OBJECT:
      img_usage_error (args, "--object is not supported: encrypted images and throttling groups are not");
      return IMG_BAD;
    case OPT_IMAGE_OPTS:
      img_usage_error (args, "--image-opts is not supported: name the file, and its format with -f");
      return IMG_BAD;
    default: break;
  }
  const ImgOption *option = find_option (args->command, id);
  if (!option->refusal)
    return id;
  img_usage_error (args, "%s: --%s is not supported: %s", args->command->name, option->name, option->refusal);
  return IMG_BAD;
}

int
img_option_status (int id)
{
  return id == IMG_HELP ? 0 : 1;
}

char **
img_operands (ImgArgs *args, int *ret_n)
{
  *ret_n = args->argc - optind;
  return args->argv + optind;
}

bool
img_parse_output (ImgArgs *args, const char *value, bool *ret_json)
{
  *ret_json = strcmp (value, "json") == 0;
  if (*ret_json || strcmp (value, "human") == 0)
    return true;
  img_usage_error (args, "--output expects 'human' or 'json' not '%s'", value);
  return false;
}
