/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Options that say where consoles and monitors are. */

#include "system-option-table.h"

#include "keyval.h"
#include "spice.h"
#include <stdio.h>
#include <string.h>

static bool
help_kinds (SystemParse *p, const char *value)
{
  if (!system_is_help (value))
    return false;
  system_print_names ("Available chardev backend types:", chardev_kinds ());
  p->done = true;
  return true;
}

static bool
add_chardev (SystemParse *p, const char *value, GError **error)
{
  if (!help_kinds (p, value))
    g_ptr_array_add (p->command->chardevs, g_strdup (value));
  return true;
}

static bool
add_serial (SystemParse *p, const char *value, GError **error)
{
  if (!help_kinds (p, value))
    g_ptr_array_add (p->config->serials, g_strdup (value));
  return true;
}

static bool
add (SystemParse *p, const char *value, bool control, bool pretty)
{
  if (help_kinds (p, value))
    return true;
  if (strcmp (value, "none") == 0) {
    p->command->no_monitor |= !control;
  } else {
    const SystemMonitor monitor = { g_strdup (value), control, pretty };
    g_array_append_val (p->command->monitors, monitor);
  }
  return true;
}

static bool
add_monitor (SystemParse *p, const char *value, GError **error)
{
  return add (p, value, false, false);
}

static bool
add_qmp (SystemParse *p, const char *value, GError **error)
{
  return add (p, value, true, false);
}

static bool
add_qmp_pretty (SystemParse *p, const char *value, GError **error)
{
  return add (p, value, true, true);
}

/* chardev=ID,mode=readline|control */
static bool
add_mon (SystemParse *p, const char *value, GError **error)
{
  static const char *const modes[] = { "readline", "control", NULL };
  unsigned mode;
  bool pretty;
  g_autoptr (Keyval) kv = keyval_parse (value, "chardev", error);
  if (kv == NULL || !keyval_get_choice (kv, "mode", modes, 0, &mode, error) ||
      !keyval_get_bool (kv, "pretty", false, &pretty, error))
    return false;
  const char *id = keyval_get (kv, "chardev");
  if (id == NULL)
    return system_bad (error, "say which -chardev with chardev=ID");
  if (pretty && mode == 0)
    return system_bad (error, "pretty=on is for mode=control; leave it out");
  g_autofree char *text = g_strconcat ("chardev:", id, NULL);
  return add (p, text, mode == 1, pretty) && keyval_finish (kv, "-mon", error);
}

static bool
set_nographic (SystemParse *p, const char *value, GError **error)
{
  p->command->nographic = true;
  return true;
}

static bool
set_display (SystemParse *p, const char *value, GError **error)
{
  if (system_is_help (value)) {
    puts ("Available display backend types:\nnone");
    p->done = true;
    return true;
  }
  return strcmp (value, "none") == 0 ||
         system_bad (error, "this program has no window; use -display none (with -nographic for a console in "
                            "the terminal)");
}

/* Said again, it adds to what was said before. */
static bool
add_spice (SystemParse *p, const char *value, GError **error)
{
  if (system_is_help (value)) {
    g_autofree char *text = spice_options_help ();
    fputs (text, stdout);
    p->done = true;
    return true;
  }
  char **at = &p->command->spice, *old = *at;
  *at = old ? g_strconcat (old, ",", value, NULL) : g_strdup (value);
  g_free (old);
  return true;
}

const SystemOption system_console_options[] = {
  { "nographic", NULL, "no display; console and monitor in this terminal (Ctrl-A H helps)", set_nographic },
  { "display", "none", "no display", set_display },
  { "spice",
    "port=PORT|tls-port=PORT,x509-dir=DIR|unix=on,addr=PATH[,disable-ticketing=on|password-secret=ID]…",
    "show screens to remote-viewer and the like ('-spice help')", add_spice },
  { "serial", "stdio|mon:stdio|pty|file:…|pipe:…|unix:…|tcp:…|chardev:ID|null|none",
    "where the serial port goes", add_serial },
  { "chardev", "KIND,id=ID,…", "a character back end ('-chardev help')", add_chardev },
  { "monitor", "stdio|unix:…|none|…", "where the monitor listens", add_monitor },
  { "qmp", "unix:PATH,server=on,wait=off|…", "where QMP listens", add_qmp },
  { "qmp-pretty", "unix:PATH,server=on,wait=off|…", "the same, with JSON for people to read",
    add_qmp_pretty },
  { "mon", "chardev=ID[,mode=readline|control][,pretty=on]", "a monitor on a -chardev", add_mon },
  { NULL },
};
