/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-start.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a machine's process leaves where others find it: its socket and its log. */

enum { TAIL_BYTES = 2048, TAIL_LINES = 4 };

char *
vt_machine_socket_path (const char *uuid)
{
  g_autofree char *name = g_strconcat (uuid, ".sock", NULL);
  return g_build_filename (g_get_user_runtime_dir (), "vitrine", name, NULL);
}

char *
vt_machine_end_path (const char *uuid)
{
  g_autofree char *name = g_strconcat (uuid, ".end", NULL);
  return g_build_filename (g_get_user_runtime_dir (), "vitrine", name, NULL);
}

char *
vt_machine_running_conf_path (const char *uuid)
{
  g_autofree char *name = g_strconcat (uuid, ".conf", NULL);
  return g_build_filename (g_get_user_runtime_dir (), "vitrine", name, NULL);
}

bool
vt_machine_has_said_end (const char *uuid)
{
  g_autofree char *path = vt_machine_end_path (uuid);
  struct stat st;
  return stat (path, &st) == 0 && st.st_size > 0;
}

char *
vt_machine_log_end (const char *folder, size_t most)
{
  g_autofree char *path = g_build_filename (folder, "machine.log", NULL);
  g_autofree char *end = g_malloc (most);
  struct stat st;
  const int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  ssize_t n = 0;
  if (fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    n = pread (fd, end, most, MAX (0, st.st_size - (off_t)most));
  if (fd >= 0)
    close (fd);
  return g_utf8_make_valid (end, MAX (n, 0));
}

char *
vt_machine_log_tail (const char *folder)
{
  g_autofree char *all = vt_machine_log_end (folder, TAIL_BYTES);
  const char *mark = g_strrstr (all, VT_LOG_MARK), *end = mark ? strchr (mark, '\n') : NULL;
  g_autofree char *tail = g_strstrip (g_strdup (end ? end : mark ? "" : all));
  g_auto (GStrv) lines = g_strsplit (tail, "\n", -1);
  const unsigned n = g_strv_length (lines);
  return g_strjoinv (" ", lines + (n > TAIL_LINES ? n - TAIL_LINES : 0));
}
