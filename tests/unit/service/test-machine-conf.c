/* SPDX-License-Identifier: GPL-3.0-or-later */

/* machine.conf and the settings on the bus. */

#include "error.h"
#include "machine-conf.h"

#include <glib/gstdio.h>
#include <string.h>

static char *folder, *path;

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
  g_assert_no_error (error);
  return value;
}

static VtConf *
new_conf (const char *text)
{
  g_autoptr (GVariant) settings = parse (text);
  g_autoptr (GError) error = NULL;
  VtConf *conf = vt_conf_new (settings, &error);
  g_assert_no_error (error);
  return conf;
}

static void
expect_error (const GError *error, VtError code)
{
  g_assert_error (error, VT_ERROR, (int)code);
  const char *newline = strchr (error->message, '\n');
  g_assert_nonnull (newline);
  g_assert_cmpuint (newline - error->message, >, 10);
  g_assert_cmpuint (strlen (newline + 1), >, 5);
  g_assert_null (strchr (newline + 1, '\n'));
}

static void
test_defaults (void)
{
  g_autoptr (VtConf) conf = vt_conf_new (NULL, NULL);
  g_assert_true (g_uuid_string_is_valid (conf->uuid));
  g_assert_cmpuint (conf->cpus, >=, 1);
  g_assert_cmpuint (conf->memory, >=, UINT64_C (1) << 30);
  g_assert_cmpuint (conf->disks->len, ==, 1);
  const VtConfNic *nic = conf->nics->pdata[0];
  g_assert_true (g_str_has_prefix (nic->mac, "52:54:00:") && strlen (nic->mac) == 17);
  g_autoptr (VtConf) other = vt_conf_new (NULL, NULL);
  g_assert_cmpstr (conf->uuid, !=, other->uuid);
}

static const char full[] =
    "{'name': <'Ünïcode; [name] = #1'>, 'group': <'work'>, 'notes': <'two\\nlines'>, 'cpus': <uint32 3>,"
    " 'memory': <uint64 1610612736>, 'autostart': <true>, 'boot-order': <['cd1', 'disk-a']>,"
    " 'display': <{'kind': <'ramfb'>, 'width': <uint32 1920>}>,"
    " 'disks': <[{'id': <'disk-a'>, 'size': <uint64 5368709120>}, {'id': <'disk_b'>, 'file': <'/data/b.img'>,"
    "            'format': <'raw'>, 'readonly': <true>, 'backing': <['a.qcow2', '/data/c,d.raw']>}]>,"
    " 'drives': <[{'id': <'cd1'>, 'file': <'/isos/a=b;c.iso'>, 'name': <'a.iso'>}]>,"
    " 'nics': <[{'id': <'net0'>, 'mac': <'52:54:00:00:00:01'>, 'forward': <[('tcp', uint16 2222, '', uint16 "
    "22),"
    "           ('udp', 53, '10.0.2.15', 53)]>}, {'id': <'net1'>, 'mode': <'none'>}]>}";

static void
expect_same (const VtConf *a, const VtConf *b)
{
  g_autoptr (GVariant) x = g_variant_ref_sink (vt_conf_to_variant (a));
  g_autoptr (GVariant) y = g_variant_ref_sink (vt_conf_to_variant (b));
  g_autofree char *s = g_variant_print (x, TRUE), *t = g_variant_print (y, TRUE);
  g_assert_cmpstr (s, ==, t);
}

static void
test_round_trip (void)
{
  g_autoptr (VtConf) conf = new_conf (full);
  g_autoptr (GError) error = NULL;
  g_assert_true (vt_conf_save (conf, path, &error));
  g_autoptr (VtConf) loaded = vt_conf_load (path, &error);
  g_assert_no_error (error);
  expect_same (conf, loaded);
  g_autoptr (VtConf) copy = vt_conf_copy (loaded);
  expect_same (conf, copy);
  g_autofree char *text = NULL;
  g_file_get_contents (path, &text, NULL, NULL);
  g_assert_nonnull (strstr (text, "memory=1536 MiB\n"));
  g_assert_nonnull (strstr (text, "[nic net0]\n"));
  g_assert_nonnull (strstr (text, "forward=tcp:2222::22;udp:53:10.0.2.15:53\n"));
  g_assert_null (strstr (text, "id=net0"));
}

static void
test_unknown_is_kept (void)
{
  g_autoptr (VtConf) conf = new_conf (full);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  vt_conf_save (conf, path, NULL);
  g_file_get_contents (path, &text, NULL, NULL);
  g_autofree char *more = g_strdup_printf ("# mine\n[other]\nkey=1\n\n%s", text);
  g_file_set_contents (path, more, -1, NULL);
  g_autoptr (VtConf) loaded = vt_conf_load (path, &error);
  g_assert_no_error (error);
  g_autoptr (GVariant) fewer = parse ("{'disks': <[{'id': <'disk-a'>}]>, 'boot-order': <@as []>}");
  g_assert_true (vt_conf_change (loaded, fewer, NULL, &error));
  g_assert_true (vt_conf_save (loaded, path, NULL));
  g_clear_pointer (&text, g_free);
  g_file_get_contents (path, &text, NULL, NULL);
  g_assert_nonnull (strstr (text, "# mine\n[other]\nkey=1\n"));
  g_assert_null (strstr (text, "[disk disk_b]"));
  g_assert_true (g_str_has_suffix (text, "[end]\ncomplete=true\n"));
}

/* Whatever is cut off, the file is refused or nothing is missing. */
static void
test_cut_off (void)
{
  g_autoptr (VtConf) conf = new_conf (full);
  g_autofree char *text = NULL;
  size_t length;
  vt_conf_save (conf, path, NULL);
  g_file_get_contents (path, &text, &length, NULL);
  for (size_t cut = 0; cut < length; cut += 3) {
    g_autoptr (GError) error = NULL;
    g_file_set_contents (path, text, (gssize)cut, NULL);
    g_autoptr (VtConf) loaded = vt_conf_load (path, &error);
    if (loaded != NULL) {
      expect_same (conf, loaded);
      continue;
    }
    expect_error (error, VT_ERROR_BAD_CONFIG);
    g_assert_nonnull (strstr (error->message, path));
  }
}

static void
expect_refused_file (const char *from, const char *to, VtError code)
{
  g_autoptr (VtConf) conf = new_conf (full);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  vt_conf_save (conf, path, NULL);
  g_file_get_contents (path, &text, NULL, NULL);
  g_assert_nonnull (strstr (text, from));
  g_auto (GStrv) parts = g_strsplit (text, from, 2);
  g_autofree char *changed = g_strjoinv (to, parts);
  g_file_set_contents (path, changed, -1, NULL);
  g_autoptr (VtConf) loaded = vt_conf_load (path, &error);
  g_assert_null (loaded);
  expect_error (error, code);
}

static void
test_bad_files (void)
{
  expect_refused_file ("version=1", "version=2", VT_ERROR_NEWER_VERSION);
  expect_refused_file ("version=1", "version=0", VT_ERROR_BAD_CONFIG);
  expect_refused_file ("[machine]", "machine", VT_ERROR_BAD_CONFIG);
  expect_refused_file ("memory=1536 MiB", "memory=much", VT_ERROR_BAD_CONFIG);
  expect_refused_file ("memory=1536 MiB", "memory=99999999999999999999 TiB", VT_ERROR_BAD_CONFIG);
  expect_refused_file ("cpus=3", "cpus=-3", VT_ERROR_BAD_CONFIG);
  expect_refused_file ("autostart=true", "autostart=maybe", VT_ERROR_BAD_CONFIG);
  expect_refused_file ("bus=virtio", "bus=floppy", VT_ERROR_BAD_CONFIG);
  expect_refused_file ("tcp:2222::22", "tcp:2222::222222", VT_ERROR_BAD_CONFIG);
  expect_refused_file ("[nic net1]", "[nic cd1]", VT_ERROR_BAD_CONFIG);
  expect_refused_file ("uuid=", "uuid=x", VT_ERROR_BAD_CONFIG);
  g_autoptr (GError) error = NULL;
  g_assert_null (vt_conf_load ("/nonexistent/machine.conf", &error));
  expect_error (error, VT_ERROR_NOT_FOUND);
}

static void
expect_refused (const char *settings)
{
  g_autoptr (VtConf) conf = new_conf (full), before = vt_conf_copy (conf);
  g_autoptr (GVariant) value = parse (settings);
  g_autoptr (GError) error = NULL;
  g_assert_false (vt_conf_change (conf, value, NULL, &error));
  expect_error (error, VT_ERROR_INVALID_ARGUMENT);
  expect_same (conf, before);
}

static void
test_bad_settings (void)
{
  static const char *const bad[] = {
    "{'nmae': <'x'>}",
    "{'name': <''>}",
    "{'name': <'a\\u0007b'>}",
    "{'name': <uint32 3>}",
    "{'uuid': <'00000000-0000-4000-8000-000000000000'>}",
    "{'cpus': <uint32 0>}",
    "{'cpus': <uint32 33>}",
    "{'memory': <uint64 1>}",
    "{'architecture': <'z80'>}",
    "{'disks': <'none'>}",
    "{'disks': <[{'id': <'disk-a'>, 'bsu': <'virtio'>}]>}",
    "{'disks': <[{'id': <'new'>}]>}",
    "{'disks': <[{'id': <'new'>, 'size': <uint64 10485760>}]>}", /* the boot order names disk-a */
    "{'disks': <[{'id': <'disk-a'>, 'file': <'../../secret'>}]>}",
    "{'disks': <[{'id': <'cd1'>, 'size': <uint64 10485760>}]>, 'boot-order': <@as []>}",
    "{'nics': <[{'id': <'net0'>, 'mac': <'53:54:00:00:00:01'>}]>}",
    "{'nics': <[{'id': <'net0'>, 'mac': <'nonsense'>}]>}",
    "{'nics': <[{'id': <'1net'>}]>}",
    "{'nics': <[{'id': <'net0'>, 'forward': <[('tcp', uint16 1, '', uint16 22), ('tcp', 1, '', 23)]>}]>}",
    "{'nics': <[{'id': <'net0'>, 'forward': <[('icmp', uint16 1, '', uint16 22)]>}]>}",
    "{'nics': <[{'id': <'net0'>, 'forward': <[('tcp', uint16 1, 'example.org', uint16 22)]>}]>}",
    "{'boot-order': <['floppy']>}",
    "{'display': <{'kind': <'cga'>}>}",
    "{'name': <'good'>, 'cpus': <uint32 0>}",
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    expect_refused (bad[i]);
}

static void
test_pending (void)
{
  static const struct {
    const char *settings, *pending;
  } cases[] = {
    { "{'name': <'other'>, 'autostart': <false>}", "" },
    { "{'memory': <uint64 2147483648>, 'name': <'other'>}", "memory" },
    { "{'cpus': <uint32 3>}", "" },
    { "{'drives': <[{'id': <'cd1'>, 'file': <''>}]>}", "" },
    { "{'drives': <@aa{sv} []>, 'boot-order': <@as []>}", "boot-order,drives" },
    { "{'display': <{'heads': <uint32 2>}>}", "display" },
    { "{'nics': <[{'id': <'net0'>, 'forward': <@a(sqsq) []>}, {'id': <'net1'>}]>}", "" },
    { "{'nics': <[{'id': <'net0'>, 'mode': <'none'>}, {'id': <'net1'>}]>}", "nics" },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (VtConf) conf = new_conf (full);
    g_autoptr (GVariant) settings = parse (cases[i].settings);
    g_autoptr (GError) error = NULL;
    g_auto (GStrv) pending = NULL;
    g_assert_true (vt_conf_change (conf, settings, &pending, &error));
    g_autofree char *text = g_strjoinv (",", pending);
    g_assert_cmpstr (text, ==, cases[i].pending);
  }
}

/* A machine that goes on from a saved state is what it was, but for what takes effect at once. */
static void
test_live (void)
{
  g_autoptr (VtConf) was = new_conf (full), now = vt_conf_copy (was);
  g_autoptr (GVariant) settings = parse (
      "{'name': <'renamed'>, 'memory': <uint64 2147483648>, 'drives': <[{'id': <'cd1'>, 'file': <''>}]>,"
      " 'nics': <[{'id': <'net1'>, 'link': <false>, 'model': <'virtio'>}]>}");
  g_autoptr (GError) error = NULL;
  g_assert_true (vt_conf_change (now, settings, NULL, &error));
  g_assert_no_error (error);
  vt_conf_take_live (was, now);
  g_assert_cmpstr (was->name, ==, "renamed");
  g_assert_cmpuint (was->memory, ==, UINT64_C (1536) << 20);
  g_assert_cmpstr (((VtConfDrive *)was->drives->pdata[0])->file, ==, "");
  g_assert_cmpuint (was->nics->len, ==, 2);
  g_assert_true (((VtConfNic *)was->nics->pdata[0])->link);
  g_assert_false (((VtConfNic *)was->nics->pdata[1])->link);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("vitrine-conf-XXXXXX", NULL);
  path = g_build_filename (folder, VT_CONF_FILE, NULL);
  g_test_add_func ("/conf/defaults", test_defaults);
  g_test_add_func ("/conf/round-trip", test_round_trip);
  g_test_add_func ("/conf/unknown-is-kept", test_unknown_is_kept);
  g_test_add_func ("/conf/cut-off", test_cut_off);
  g_test_add_func ("/conf/bad-files", test_bad_files);
  g_test_add_func ("/conf/bad-settings", test_bad_settings);
  g_test_add_func ("/conf/pending", test_pending);
  g_test_add_func ("/conf/live", test_live);
  int status = g_test_run ();
  g_remove (path);
  g_rmdir (folder);
  g_free (path);
  g_free (folder);
  return status;
}
