/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "firmware.h"
#include <glib/gstdio.h>
#include <string.h>

static void
test_find (void)
{
  g_autofree char *dir = g_dir_make_tmp ("vitrine-firmware-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "my.bin", NULL);

  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  g_autofree char *by_path = firmware_find (path, NULL);
  g_assert_cmpstr (by_path, ==, path);
  g_assert_null (firmware_find ("my.bin", NULL));
  g_autofree char *dirs = g_strconcat ("/nowhere::", dir, NULL);
  g_setenv ("VITRINE_FIRMWARE", dirs, TRUE);
  g_autofree char *by_name = firmware_find ("my.bin", NULL);
  g_assert_cmpstr (by_name, ==, path);
  g_unsetenv ("VITRINE_FIRMWARE");
  g_autofree char *before = g_get_current_dir ();
  g_assert_cmpint (g_chdir (dir), ==, 0);
  g_autofree char *here = firmware_find ("my.bin", NULL);
  g_assert_cmpstr (here, ==, "my.bin");
  g_assert_null (firmware_find_installed ("my.bin", NULL));
  g_autofree char *installed = firmware_find_installed (path, NULL);
  g_assert_cmpstr (installed, ==, path);
  g_assert_cmpint (g_chdir (before), ==, 0);
  g_unlink (path);
  g_rmdir (dir);
}

static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (firmware_find ("no-such-firmware.bin", &error));
  g_assert_nonnull (strstr (error->message, "no-such-firmware.bin"));
  g_clear_error (&error);
  g_assert_null (firmware_find ("/no/such/path", &error));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/machine/firmware/find", test_find);
  g_test_add_func ("/machine/firmware/missing", test_missing);
  return g_test_run ();
}
