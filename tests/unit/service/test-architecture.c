/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the service knows of architectures, and what it makes of those whose programs are here. */

#include "architecture.h"
#include "error.h"
#include "machine-conf.h"
#include "machine-start.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static char *folder;

static void
install (const char *name)
{
  g_autofree char *program = g_strconcat ("vitrine-machine-", name, NULL),
                  *path = g_build_filename (folder, program, NULL);
  g_assert_true (g_file_set_contents_full (path, "", 0, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
}

static void
remove_all (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name (dir));) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_unlink (path);
  }
}

static char *
installed (void)
{
  g_auto (GStrv) names = vt_architecture_installed_names ();
  return g_strjoinv (" ", names);
}

static void
test_table (void)
{
  for (const char *const *name = vt_architecture_names; *name; name++) {
    const VtArchitecture *architecture = vt_architecture_find (*name);
    g_assert_nonnull (architecture);
    g_assert_cmpstr (architecture->name, ==, *name);
    g_assert_nonnull (architecture->boards[0]);
    g_assert_nonnull (architecture->cpus[0]);
    /* The installer is given this. */
    g_assert_cmpstr (architecture->firmware[0], ==, "efi");
  }
  g_assert_null (vt_architecture_find ("z80"));
  g_assert_null (vt_architecture_find (""));
}

static void
test_installed (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *none = installed ();
  g_assert_cmpstr (none, ==, "");
  g_assert_cmpstr (vt_architecture_usual ()->name, ==, "riscv64");
  install ("aarch64");
  g_autofree char *one = installed ();
  g_assert_cmpstr (one, ==, "aarch64");
  g_assert_cmpstr (vt_architecture_usual ()->name, ==, "aarch64");
  g_assert_false (vt_architecture_check_installed ("riscv64", &error));
  g_assert_error (error, VT_ERROR, VT_ERROR_NOT_SUPPORTED);
  g_assert_cmpstr (
      error->message, ==,
      "Machines of the architecture riscv64 cannot run here: vitrine-machine-riscv64 is not installed.\n"
      "Install it, or use a machine of another architecture: aarch64.");
  g_clear_error (&error);
  install ("riscv64");
  g_autofree char *both = installed ();
  g_assert_cmpstr (both, ==, "riscv64 aarch64");
  g_assert_true (vt_architecture_check_installed ("riscv64", &error));
  g_assert_true (vt_architecture_check_installed ("aarch64", &error));
  g_assert_false (vt_architecture_check_installed ("z80", &error));
  remove_all ();
}

static VtConf *
conf_of (const char *text, GError **error)
{
  g_autoptr (GVariant) settings = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
  g_assert_nonnull (settings);
  return vt_conf_new (settings, error);
}

/* It is given when the machine is made, and stays. */
static void
test_settings (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VtConf) usual = conf_of ("{}", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (usual->architecture, ==, "riscv64");
  g_autoptr (VtConf) arm = conf_of ("{'architecture': <'aarch64'>, 'cpu': <'cortex-a72'>}", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (arm->architecture, ==, "aarch64");
  g_assert_cmpstr (arm->cpu, ==, "cortex-a72");
  g_assert_cmpstr (arm->firmware, ==, "efi");
  g_autoptr (GVariant) same =
      g_variant_parse (NULL, "{'architecture': <'aarch64'>, 'cpus': <uint32 2>}", NULL, NULL, NULL);
  g_assert_true (vt_conf_change (arm, same, NULL, &error));
  g_assert_cmpuint (arm->cpus, ==, 2);
  g_autoptr (GVariant) other = g_variant_parse (NULL, "{'architecture': <'riscv64'>}", NULL, NULL, NULL);
  g_assert_false (vt_conf_change (arm, other, NULL, &error));
  g_assert_error (error, VT_ERROR, VT_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (arm->architecture, ==, "aarch64");
}

/* Other boards than those of the architecture are refused, in a file too. */
static void
test_board (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VtConf) conf = conf_of ("{'architecture': <'aarch64'>}", NULL);
  g_set_str (&conf->board, "sifive_u");
  g_assert_false (vt_conf_check (conf, &error));
  g_assert_nonnull (strstr (error->message, "aarch64 cannot have the board “sifive_u”"));
  g_assert_nonnull (strstr (error->message, "Choose one of: virt."));
  g_clear_error (&error);
  g_assert_null (conf_of ("{'architecture': <'aarch64'>, 'firmware': <'none'>}", &error));
  g_assert_nonnull (strstr (error->message, "Choose one of: efi, uboot."));
}

static void
test_variables (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VtConf) conf = conf_of ("{'architecture': <'aarch64'>}", NULL);
  g_autofree char *template = g_build_filename (folder, "AAVMF_VARS.fd", NULL),
                  *path = g_build_filename (folder, "efi-vars.fd", NULL);
  char content[20000] = "_FVH";
  g_autofree char *data = NULL;
  gsize size;
  struct stat st;
  memcpy (content + 12286, "variable", 8);
  g_assert_true (g_file_set_contents (template, content, sizeof content, NULL));
  g_assert_true (vt_efi_variables_make (conf, folder, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  g_assert_cmpuint (size, ==, 64 << 20);
  g_assert_cmpmem (data, sizeof content, content, sizeof content);
  for (gsize i = sizeof content; i < size; i++)
    g_assert_cmpint (data[i], ==, 0);
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_blocks, <=, 128);
  g_assert_cmpint (st.st_mode & 0777, ==, 0600);
  /* What the firmware has written stays. */
  g_assert_true (g_file_set_contents (path, "mine", 4, NULL));
  g_assert_true (vt_efi_variables_make (conf, folder, &error));
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_size, ==, 4);
  g_unlink (path);
  g_set_str (&conf->firmware, "uboot");
  g_assert_true (vt_efi_variables_make (conf, folder, &error));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  /* Nothing is left of what could not be made. */
  g_set_str (&conf->firmware, "efi");
  g_assert_false (vt_efi_variables_make (conf, "/nowhere", &error));
  g_assert_error (error, VT_ERROR, VT_ERROR_NOT_FOUND);
  remove_all ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("vitrine-architecture-XXXXXX", NULL);
  g_setenv ("VITRINE_PROGRAMS", folder, TRUE);
  g_setenv ("VITRINE_FIRMWARE", folder, TRUE);
  g_test_add_func ("/architecture/table", test_table);
  g_test_add_func ("/architecture/installed", test_installed);
  g_test_add_func ("/architecture/settings", test_settings);
  g_test_add_func ("/architecture/board", test_board);
  g_test_add_func ("/architecture/variables", test_variables);
  const int status = g_test_run ();
  remove_all ();
  g_rmdir (folder);
  g_free (folder);
  return status;
}
