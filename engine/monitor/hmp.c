/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A line for the human monitor: words, the command they name, and how it becomes one of QMP's. */

#include "monitor-private.h"

#include "keyval.h"
#include "suggest.h"
#include <string.h>

/* Words are separated by blanks; "a word" may hold them, with \" and \\ for these two. */
static GPtrArray *
split (const char *line, GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  for (const char *p = line;;) {
    p += strspn (p, " \t\r\n");
    if (!*p)
      break;
    g_autoptr (GString) word = g_string_new (NULL);
    const bool quoted = *p == '"';
    for (p += quoted; *p && (quoted ? *p != '"' : !strchr (" \t\r\n", *p)); p++) {
      if (quoted && *p == '\\' && p[1])
        p++;
      g_string_append_c (word, *p);
    }
    if (quoted && *p++ != '"') {
      monitor_fail (error, MONITOR_ERROR_GENERIC, "a closing \" is missing");
      return NULL;
    }
    g_ptr_array_add (words, g_string_free (g_steal_pointer (&word), FALSE));
  }
  g_ptr_array_add (words, NULL);
  return g_steal_pointer (&words);
}

static bool
is_called (const HmpCommand *command, const char *name, size_t length)
{
  for (const char *p = command->name; *p;) {
    const size_t n = strcspn (p, "|");
    if (n == length && !strncmp (p, name, n))
      return true;
    p += n + (p[n] == '|');
  }
  return false;
}

static const HmpCommand *
find_in (const HmpCommand *commands, const char *name, size_t length)
{
  for (const HmpCommand *c = commands; c->name; c++)
    if (is_called (c, name, length))
      return c;
  return NULL;
}

static void
add_names (GPtrArray *words, const HmpCommand *commands, const char *beginning)
{
  for (const HmpCommand *c = commands; c->name; c++) {
    g_auto (GStrv) names = g_strsplit (c->name, "|", -1);
    for (unsigned i = 0; names[i]; i++)
      if (g_str_has_prefix (names[i], beginning))
        g_ptr_array_add (words, g_strdup (names[i]));
  }
}

static char *
hint_in (const HmpCommand *commands, const HmpCommand *more, const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  add_names (names, commands, "");
  if (more)
    add_names (names, more, "");
  g_ptr_array_add (names, NULL);
  return suggest_hint (name, (const char *const *)names->pdata);
}

/* What QEMU's monitor has and this one has not, where there is another way; NULL: nothing is known of it. */
static char *
why_not (const char *name)
{
  static const char snapshots[] =
      "snapshots inside an image are not made here; 'migrate file:PATH' saves the "
      "machine, -incoming file:PATH goes on with it.";
  static const char at_once[] = "a machine is saved at once, and there is nothing to tune or cancel.";
  static const struct {
    const char *names, *why;
  } missing[] = {
    { "savevm|loadvm|delvm|info snapshots", snapshots },
    { "migrate_cancel|migrate_set_parameter|migrate_set_capability|migrate_pause|migrate_continue", at_once },
    { "commit|drive_add|drive_del", "drives are declared on the command line (-drive, -blockdev)." },
    { "object_add|object_del", "objects are declared on the command line (-object)." },
    { "trace-event|info trace-events", "devices are traced with 'log trace:PATTERN'." },
    { "info usb|info usbhost", "this machine has no USB." },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (missing); i++) {
    g_auto (GStrv) names = g_strsplit (missing[i].names, "|", -1);
    if (g_strv_contains ((const char *const *)names, name))
      return g_strconcat (": ", missing[i].why, NULL);
  }
  return NULL;
}

static const QmpCommand *
find_shared (const char *name, GError **error)
{
  for (const QmpCommand *c = hmp_input_commands; c->name; c++)
    if (!strcmp (c->name, name))
      return c;
  return qmp_find (name, error);
}

static bool
set_arg (MonitorContext *ctx, JsonObject *args, const QmpArg *arg, const char *word, GError **error)
{
  uint64_t number;
  bool flag;
  switch (arg->type & ARG_TYPE) {
    case ARG_INT:
      if (!hmp_eval (ctx, word, &number, error))
        return false;
      json_object_set_int_member (args, arg->name, (gint64)number);
      return true;
    case ARG_BOOL:
      if (!keyval_parse_bool (word, &flag, error))
        return false;
      json_object_set_boolean_member (args, arg->name, flag);
      return true;
    default: {
      g_autofree char *valid = g_utf8_make_valid (word, -1);
      json_object_set_string_member (args, arg->name, valid);
      return true;
    }
  }
}

static const QmpArg *
find_arg (const QmpCommand *qmp, const char *name)
{
  for (const QmpArg *a = qmp->args; a->name; a++)
    if (!strcmp (a->name, name))
      return a;
  return NULL;
}

/* "-f" among the names as "-f=force" sets that. */
static bool
set_flag (JsonObject *args, char **names, const char *word)
{
  for (unsigned i = 0; names[i]; i++) {
    if (names[i][0] == '-' && g_str_has_prefix (names[i], word) && names[i][strlen (word)] == '=') {
      json_object_set_boolean_member (args, names[i] + strlen (word) + 1, TRUE);
      return true;
    }
  }
  return false;
}

static bool
call_shared (MonitorContext *ctx, const HmpCommand *command, char **words, GError **error)
{
  const QmpCommand *qmp = find_shared (command->qmp, error);
  g_autoptr (JsonObject) args = json_object_new ();
  g_auto (GStrv) names = g_strsplit (command->args ? command->args : "", " ", -1);
  unsigned next = 0;
  if (!qmp)
    return false;
  for (; *words; words++) {
    if ((*words)[0] == '-' && (*words)[1] && set_flag (args, names, *words))
      continue;
    while (names[next] && names[next][0] == '-')
      next++;
    if (!names[next])
      return monitor_fail (error, MONITOR_ERROR_GENERIC, "'%s' is one word too many; the command is: %s %s",
                           *words, command->name, command->params);
    if (!set_arg (ctx, args, find_arg (qmp, names[next++]), *words, error))
      return false;
  }
  g_autoptr (JsonNode) result = qmp_run (ctx, qmp, args, error);
  return result != NULL;
}

bool
hmp_unknown (const char *name, GError **error)
{
  g_autofree char *hint = why_not (name);
  if (!hint)
    hint = hint_in (hmp_commands, hmp_memory_commands, name);
  return monitor_fail (error, MONITOR_ERROR_COMMAND_NOT_FOUND, "unknown command: '%s'%s%s", name, hint,
                       g_str_has_suffix (hint, ".") ? " 'help' lists them" : "");
}

static bool
run_words (MonitorContext *ctx, GPtrArray *words, GString *out, GError **error)
{
  const char *name = words->pdata[0];
  const size_t length = strcspn (name, "/");
  const HmpCommand *command = find_in (hmp_commands, name, length);
  if (!command)
    command = find_in (hmp_memory_commands, name, length);
  if (!command)
    return hmp_unknown (name, error);
  if (name[length]) { /* "x/4i": the format is a word of its own. */
    g_ptr_array_insert (words, 1, g_strdup (name + length));
    if (command->qmp)
      return monitor_fail (error, MONITOR_ERROR_GENERIC, "%s takes no format", command->name);
  }
  char **rest = (char **)words->pdata + 1;
  return command->qmp ? call_shared (ctx, command, rest, error) : command->run (ctx, rest, out, error);
}

void
hmp_run (MonitorContext *ctx, const char *line, GString *out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) words = split (line, &error);
  if (words && words->pdata[0])
    run_words (ctx, words, out, &error);
  if (error)
    g_string_append_printf (out, "Error: %s\n", error->message);
}

char *
monitor_run_line (Machine *machine, const char *line)
{
  MonitorContext ctx = { .machine = machine };
  GString *out = g_string_new (NULL);
  hmp_run (&ctx, line, out);
  return g_string_free_and_steal (out);
}

bool
hmp_info (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  if (!words[0]) {
    hmp_help_for (hmp_info_commands, "info ", NULL, out);
    return true;
  }
  const HmpCommand *command = find_in (hmp_info_commands, words[0], strlen (words[0]));
  if (!command) {
    g_autofree char *name = g_strconcat ("info ", words[0], NULL), *hint = why_not (name);
    if (!hint)
      hint = hint_in (hmp_info_commands, NULL, words[0]);
    return monitor_fail (error, MONITOR_ERROR_COMMAND_NOT_FOUND, "there is no 'info %s'%s 'info' lists them",
                         words[0], hint);
  }
  if (words[1] && !*command->params)
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "'%s' is one word too many; the command is: info %s",
                         words[1], command->name);
  return command->run (ctx, words + 1, out, error);
}

void
hmp_help_for (const HmpCommand *commands, const char *prefix, const char *name, GString *out)
{
  for (const HmpCommand *c = commands; c->name; c++)
    if (!name || is_called (c, name, strlen (name)))
      g_string_append_printf (out, "%s%s%s%s -- %s\n", prefix, c->name, *c->params ? " " : "", c->params,
                              c->help);
}

static int
by_text (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

GPtrArray *
hmp_complete (const char *line)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  line += strspn (line, " ");
  const char *blank = strrchr (line, ' '), *beginning = blank ? blank + 1 : line;
  const size_t first = strcspn (line, " ");
  const HmpCommand *command = blank ? find_in (hmp_commands, line, first) : NULL;
  const bool second = command && line + first + strspn (line + first, " ") >= beginning;
  if (!blank) {
    add_names (words, hmp_commands, beginning);
    add_names (words, hmp_memory_commands, beginning);
  } else if (second && command->run == hmp_info) {
    add_names (words, hmp_info_commands, beginning);
  } else if (second && command->complete) {
    for (const char *const *word = command->complete (); *word; word++)
      if (g_str_has_prefix (*word, beginning))
        g_ptr_array_add (words, g_strdup (*word));
  }
  g_ptr_array_sort (words, by_text);
  return words;
}
