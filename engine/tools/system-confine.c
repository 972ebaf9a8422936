/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A guest is taken for hostile, and its machine's process for its next victim: what it may do to the host is
 * what it was handed over. */

#include "system-options.h"

#include "confine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is refused later is told of, where the log is read. */
static void
tell (char *missing)
{
  if (missing)
    fprintf (stderr, "%s\n", missing);
  free (missing);
}

/* libslirp asks the host's resolver, whose file is replaced by another one when the host comes to another
 * network: what may be read is the folder, which is its own, or /etc. There nothing is a secret to a user,
 * but to root all is. */
void
system_confine_files (void)
{
  char *resolver = realpath ("/etc/resolv.conf", NULL);
  g_autofree char *folder = resolver ? g_path_get_dirname (resolver) : NULL;
  const bool open_folder = folder && strcmp (folder, "/") && (strcmp (folder, "/etc") || geteuid () != 0);
  const char *const readable[] = { "/etc/hosts",   "/etc/resolv.conf",          "/etc/localtime",
                                   "/dev/urandom", open_folder ? folder : NULL, NULL };
  tell (confine_files (&(ConfineRules){ .no_reading = true, .readable = readable }));
  free (resolver);
}

void
system_confine_calls (void)
{
  tell (confine_calls (&(ConfineRules){ .internet = true, .tell = true }));
}
