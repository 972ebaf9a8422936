/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A guest is taken for hostile, and its machine's process for its next victim: what it may do to the host is
 * what it was handed over. */

#include "system-options.h"

#include "confine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is refused later is told of, where the log is read. */
static void
tell (char *missing)
{
  if (missing)
    fprintf (stderr, "%s\n", missing);
  free (missing);
}

/* libslirp asks the host's resolver, whose file may be a link to a folder in which it is replaced. */
void
system_confine_files (void)
{
  char *resolver = realpath ("/etc/resolv.conf", NULL);
  g_autofree char *folder = resolver ? g_path_get_dirname (resolver) : NULL;
  const bool own_folder = folder && strcmp (folder, "/etc") && strcmp (folder, "/");
  const char *const readable[] = { "/etc/hosts",   "/etc/resolv.conf",         "/etc/localtime",
                                   "/dev/urandom", own_folder ? folder : NULL, NULL };
  tell (confine_files (&(ConfineRules){ .no_reading = true, .readable = readable }));
  free (resolver);
}

void
system_confine_calls (void)
{
  tell (confine_calls (&(ConfineRules){ .internet = true, .tell = true }));
}
