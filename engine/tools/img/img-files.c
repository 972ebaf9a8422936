/* SPDX-License-Identifier: GPL-3.0-or-later */

/* For a caller that trusts no image: it opens the files, and nothing else can be opened or done by code of an
 * image's that has taken this process over. */

#include "confine.h"
#include "hostfile.h"
#include "img.h"
#include "keyval.h"

#include <fcntl.h>
#include <limits.h>

bool
img_add_file (const char *value)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Keyval) kv = keyval_parse (value, "path", &error);
  const char *path = kv ? keyval_get (kv, "path") : NULL;
  uint64_t fd = INT_MAX;
  const bool good = path != NULL && keyval_get_uint (kv, "fd", INT_MAX, &fd, &error) &&
                    keyval_finish (kv, "--add-file", &error);
  if (!good || fd >= INT_MAX || fcntl ((int)fd, F_SETFD, FD_CLOEXEC) < 0) {
    img_error ("--add-file: %s",
               error ? error->message : "say path=PATH,fd=N, where N is a descriptor that is open");
    return false;
  }
  host_file_provide (path, (int)fd);
  return true;
}

void
img_confine (void)
{
  const ConfineRules rules = { .no_reading = true };
  host_file_forbid_others ();
  g_free (confine_files (&rules));
  g_free (confine_calls (&rules));
}
