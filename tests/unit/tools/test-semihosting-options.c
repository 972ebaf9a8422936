/* SPDX-License-Identifier: GPL-3.0-or-later */

/* -semihosting and -semihosting-config. */

#include "system-options.h"

#include "arm-machine.h"
#include "hostfile.h"
#include <string.h>

/* Options as one text, their words divided by spaces. */
static int
parse (SystemCommand *command, const char *text)
{
  g_autofree char *line = g_strconcat ("vitrine-system-aarch64 ", text, NULL);
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  return system_command_parse (command, "vitrine-system", arm_system_isa (), (int)g_strv_length (words),
                               words);
}

static void
check (const char *text, bool on, bool user, const char *chardev, const char *args)
{
  SystemCommand command;
  g_assert_cmpint (parse (&command, text), ==, -1);
  const MachineConfig *c = &command.config;
  g_assert_cmpint (c->semihosting, ==, on);
  g_assert_cmpint (c->semihosting_user, ==, user);
  g_assert_cmpstr (c->semihosting_chardev, ==, chardev);
  g_autoptr (GString) all = g_string_new (NULL);
  for (unsigned i = 0; i < c->semihosting_args->len; i++)
    g_string_append_printf (all, "[%s]", (const char *)c->semihosting_args->pdata[i]);
  g_assert_cmpstr (all->str, ==, args);
  system_command_clear (&command);
}

static void
test_accepted (void)
{
  check ("-display none", false, false, NULL, "");
  check ("-semihosting", true, false, NULL, "");
  check ("-semihosting-config enable=on", true, false, NULL, "");
  check ("-semihosting-config on,target=native", true, false, NULL, "");
  check ("-semihosting-config target=auto", true, false, NULL, "");
  check ("-semihosting -semihosting-config enable=off", false, false, NULL, "");
  check ("-semihosting-config userspace=on,chardev=c", true, true, "c", "");
  check ("-semihosting-config arg=a,arg=b,,c,arg=", true, false, NULL, "[a][b,c][]");
  check ("-semihosting-config arg=a -semihosting-config chardev=d,arg=b", true, false, "d", "[a][b]");
}

static void
refused (const char *text)
{
  SystemCommand command;
  g_assert_cmpint (parse (&command, text), ==, 1);
  system_command_clear (&command);
}

static void
test_refused (void)
{
  refused ("-semihosting-config target=gdb");
  refused ("-semihosting-config target=elsewhere");
  refused ("-semihosting-config enable=maybe");
  refused ("-semihosting-config userspace=2");
  refused ("-semihosting-config chardv=c");
  refused ("-semihosting-config");
}

/* The last one: there is no way back. */
static void
test_confined (void)
{
  host_file_forbid_others ();
  refused ("-semihosting");
  refused ("-semihosting-config arg=a");
  refused ("-semihosting-config enable=off");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/semihosting-options/accepted", test_accepted);
  g_test_add_func ("/semihosting-options/refused", test_refused);
  g_test_add_func ("/semihosting-options/confined", test_confined);
  return g_test_run ();
}
