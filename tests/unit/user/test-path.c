/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "user-path.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *root;

static void
make (const char *name)
{
  g_autofree char *path = g_build_filename (root, name, NULL), *dir = g_path_get_dirname (path);
  g_mkdir_with_parents (dir, 0755);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

static void
make_link (const char *target, const char *name)
{
  g_autofree char *path = g_build_filename (root, name, NULL);
  g_assert_cmpint (symlink (target, path), ==, 0);
}

/* `below` is a name in the root, or NULL when the host's file is meant. */
static void
check (const char *guest, const char *below)
{
  char buf[PATH_MAX];
  g_autofree char *want = below ? g_build_filename (root, below, NULL) : g_strdup (guest);
  g_assert_cmpstr (user_path_at (AT_FDCWD, guest, buf), ==, want);
}

static void
test_lookup (void)
{
  check ("/opt/vitrine-test/file", "opt/vitrine-test/file");
  check ("/opt/vitrine-test", "opt/vitrine-test");
  check ("/opt/vitrine-test/none", NULL);
  check ("/opt/vitrine-test/file/x", NULL);
  check ("opt/vitrine-test/file", NULL);
  check ("", NULL);
  check ("/", NULL);
  /* The kernel's trees are the host's, whatever lies in the root. */
  check ("/proc/version", NULL);
  check ("/processes", "processes");
  /* A name that has the root's already. */
  g_autofree char *full = g_build_filename (root, "opt/vitrine-test/file", NULL);
  check (full, NULL);
}

static void
test_links (void)
{
  char buf[PATH_MAX];
  check ("/opt/vitrine-test/absolute", "opt/vitrine-test/file");
  check ("/opt/vitrine-test/relative", "opt/vitrine-test/file");
  check ("/opt/vitrine-test/chain", "opt/vitrine-test/file");
  g_assert_cmpstr (user_path_at (AT_FDCWD, "/opt/vitrine-test/outside", buf), ==, "/usr");
  g_autofree char *link = g_build_filename (root, "opt/vitrine-test/absolute", NULL);
  g_assert_cmpstr (user_path_at_nofollow (AT_FDCWD, "/opt/vitrine-test/absolute", buf), ==, link);
  /* A ring of links ends. */
  g_assert_nonnull (user_path_at (AT_FDCWD, "/opt/vitrine-test/ring", buf));
}

static void
test_back (void)
{
  g_autofree char *full = g_build_filename (root, "opt/vitrine-test/file", NULL);
  g_assert_cmpstr (user_path_to_guest (full), ==, "/opt/vitrine-test/file");
  g_assert_cmpstr (user_path_to_guest ("/usr/bin/env"), ==, "/usr/bin/env");
}

static void
test_long (void)
{
  g_autofree char *name = g_strnfill (PATH_MAX - 3, 'x');
  char buf[PATH_MAX];
  name[0] = '/';
  g_assert_true (user_path_at (AT_FDCWD, name, buf) == name);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  root = g_dir_make_tmp ("test-path-XXXXXX", NULL);
  make ("opt/vitrine-test/file");
  make ("proc/version");
  make ("processes");
  make_link ("/opt/vitrine-test/file", "opt/vitrine-test/absolute");
  make_link ("file", "opt/vitrine-test/relative");
  make_link ("/opt/vitrine-test/relative", "opt/vitrine-test/chain");
  make_link ("/usr", "opt/vitrine-test/outside");
  make_link ("ring", "opt/vitrine-test/ring");
  user_path_init (root);
  g_test_add_func ("/path/lookup", test_lookup);
  g_test_add_func ("/path/links", test_links);
  g_test_add_func ("/path/back", test_back);
  g_test_add_func ("/path/long", test_long);
  int status = g_test_run ();
  g_autofree char *clean = g_strdup_printf ("rm -rf '%s'", root);
  return system (clean) == 0 ? status : 1;
}
