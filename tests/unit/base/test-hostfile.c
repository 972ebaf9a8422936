/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Files by name: opened, handed over, or refused. */

#include "hostfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *folder;

static char *
new_file (const char *name, const char *content)
{
  char *path = g_build_filename (folder, name, NULL);
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
  return path;
}

static void
expect_content (int fd, const char *content)
{
  char buffer[64] = "";
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pread (fd, buffer, sizeof buffer - 1, 0), ==, (ssize_t)strlen (content));
  g_assert_cmpstr (buffer, ==, content);
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, FD_CLOEXEC);
  close (fd);
}

static void
expect_error (const char *path, int flags, int error)
{
  errno = 0;
  g_assert_cmpint (host_file_open (path, flags, 0), ==, -1);
  g_assert_cmpint (errno, ==, error);
}

static void
test_opened (void)
{
  g_autofree char *path = new_file ("plain", "plain"), *other = g_build_filename (folder, "new", NULL);
  expect_content (host_file_open (path, O_RDONLY, 0), "plain");
  expect_error (other, O_RDONLY, ENOENT);
  int fd = host_file_open (other, O_RDWR | O_CREAT, 0600);
  g_assert_cmpint (write (fd, "x", 1), ==, 1);
  expect_content (fd, "x");
}

/* The name need not exist: it only names the descriptor. */
static void
test_provided (void)
{
  g_autofree char *reading = new_file ("reading", "reading"), *writing = new_file ("writing", "writing");
  host_file_provide ("/nowhere/reading", open (reading, O_RDONLY));
  host_file_provide ("/nowhere/writing", open (writing, O_RDWR));
  expect_content (host_file_open ("/nowhere/reading", O_RDONLY, 0), "reading");
  expect_error ("/nowhere/reading", O_RDWR, EACCES);
  expect_error ("/nowhere/reading", O_WRONLY, EACCES);
  expect_content (host_file_open ("/nowhere/writing", O_RDONLY, 0), "writing");
  int fd = host_file_open ("/nowhere/writing", O_RDWR | O_APPEND, 0);
  g_assert_true (fcntl (fd, F_GETFL) & O_APPEND);
  g_assert_cmpint (write (fd, "!", 1), ==, 1);
  expect_content (fd, "writing!");
  expect_content (host_file_open ("/nowhere/writing", O_RDWR | O_TRUNC, 0), "");
  /* Once more, with the access that was missing. */
  host_file_provide ("/nowhere/reading", open (reading, O_RDWR));
  close (host_file_open ("/nowhere/reading", O_RDWR, 0));
  expect_content (host_file_open ("/nowhere/reading", O_RDONLY, 0), "reading");
  expect_error ("/nowhere/other", O_RDONLY, ENOENT);
}

static void
test_forbidden (void)
{
  g_autofree char *path = new_file ("there", "there");
  g_assert_true (host_file_others_allowed ());
  host_file_forbid_others ();
  g_assert_false (host_file_others_allowed ());
  expect_error (path, O_RDONLY, EACCES);
  host_file_provide (path, open (path, O_RDONLY));
  expect_content (host_file_open (path, O_RDONLY, 0), "there");
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "plain", "new", "reading", "writing", "there" };
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("vitrine-hostfile-XXXXXX", NULL);
  g_test_add_func ("/hostfile/opened", test_opened);
  g_test_add_func ("/hostfile/provided", test_provided);
  g_test_add_func ("/hostfile/forbidden", test_forbidden);
  int status = g_test_run ();
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (folder, names[i], NULL);
    g_remove (path);
  }
  g_rmdir (folder);
  g_free (folder);
  return status;
}
