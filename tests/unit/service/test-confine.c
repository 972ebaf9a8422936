/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a confined process may still open. */

#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

static char *folder;

static char *
write_file (const char *below, const char *name)
{
  g_autofree char *parent = g_build_filename (folder, below, NULL);
  char *path = g_build_filename (parent, name, NULL);
  g_mkdir_with_parents (parent, 0700);
  g_assert_true (g_file_set_contents (path, name, -1, NULL));
  return path;
}

static bool
can_open (const char *path, int flags)
{
  const int fd = open (path, flags | O_CLOEXEC);
  if (fd >= 0)
    close (fd);
  else
    g_assert_cmpint (errno, ==, EACCES);
  return fd >= 0;
}

/* Of a folder that may be read, also what gets another's name there later, as /etc/resolv.conf does. */
static void
test_replaced (void)
{
  g_autofree char *known = write_file ("read", "known"), *secret = write_file ("other", "secret");
  g_autofree char *fresh = write_file ("read", "fresh"), *below = g_path_get_dirname (known);
  if (!g_test_subprocess ()) {
    g_setenv ("VITRINE_TEST_CONFINED", folder, TRUE);
    g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed ();
    return;
  }
  const char *const readable[] = { below, NULL };
  int go[2];
  g_assert_cmpint (pipe (go), ==, 0);
  const pid_t child = fork ();
  if (child == 0) {
    char byte;
    _exit (read (go[0], &byte, 1) == 1 && rename (fresh, known) == 0 ? 0 : 1);
  }
  g_autofree char *missing = confine_files (&(ConfineRules){ .no_reading = true, .readable = readable });
  if (missing != NULL)
    return;
  g_assert_true (can_open (known, O_RDONLY));
  g_assert_cmpint (write (go[1], "", 1), ==, 1);
  while (access (fresh, F_OK) == 0)
    g_usleep (1000);
  g_assert_true (can_open (known, O_RDONLY));
  g_assert_false (can_open (known, O_RDWR));
  g_assert_false (can_open (secret, O_RDONLY));
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  for (const char *name; dir != NULL && (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *each = g_build_filename (path, name, NULL);
    remove_all (each);
  }
  g_remove (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  const char *given = g_getenv ("VITRINE_TEST_CONFINED");
  folder = given ? g_strdup (given) : g_dir_make_tmp ("vitrine-confine-XXXXXX", NULL);
  g_test_add_func ("/confine/replaced", test_replaced);
  const int status = g_test_run ();
  if (given == NULL)
    remove_all (folder);
  g_free (folder);
  return status;
}
