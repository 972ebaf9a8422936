/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings-path.h"

/* Reading single settings, and the patches that change them. */

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
  g_assert_no_error (error);
  return value;
}

static GVariant *
machine (void)
{
  return parse ("{'memory': <uint64 1024>, 'cpus': <uint32 2>, 'agent': <true>, 'name': <'One'>,"
                " 'boot-order': <['disk1', 'gone']>,"
                " 'disks': <[{'id': <'disk0'>, 'cache': <'none'>}, {'id': <'disk1'>, 'cache': <'unsafe'>}]>,"
                " 'drives': <[{'id': <'cdrom0'>, 'file': <''>}]>,"
                " 'nics': <[{'id': <'net0'>, 'link': <true>}]>,"
                " 'display': <{'kind': <'virtio'>, 'width': <uint32 800>}>}");
}

/* The same keys and values, in whatever order. */
static void
assert_same (GVariant *a, const char *expected)
{
  g_autoptr (GVariant) b = parse (expected);
  g_assert_cmpuint (g_variant_n_children (a), ==, g_variant_n_children (b));
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_iter_init (&iter, b);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value)) {
    g_autoptr (GVariant) other = g_variant_lookup_value (a, key, NULL);
    g_assert_nonnull (other);
    if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT)) {
      g_autofree char *text = g_variant_print (value, TRUE);
      assert_same (other, text);
    } else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}"))) {
      g_assert_cmpuint (g_variant_n_children (other), ==, g_variant_n_children (value));
      for (gsize i = 0; i < g_variant_n_children (value); i++) {
        g_autoptr (GVariant) part = g_variant_get_child_value (value, i);
        g_autoptr (GVariant) other_part = g_variant_get_child_value (other, i);
        g_autofree char *text = g_variant_print (part, TRUE);
        assert_same (other_part, text);
      }
    } else {
      g_assert_cmpvariant (other, value);
    }
  }
}

static void
test_get (void)
{
  g_autoptr (GVariant) settings = machine ();
  g_autofree char *cache = vt_settings_dup_string (settings, "disks/disk1/cache");
  g_autofree char *kind = vt_settings_dup_string (settings, "display/kind");
  g_autofree char *none = vt_settings_dup_string (settings, "disks/disk7/cache");
  g_autofree char *number = vt_settings_dup_string (settings, "memory");
  g_autofree char *key = vt_settings_key ("disks/disk1/cache");
  g_assert_cmpstr (cache, ==, "unsafe");
  g_assert_cmpstr (kind, ==, "virtio");
  g_assert_cmpstr (none, ==, "");
  g_assert_cmpstr (number, ==, "");
  g_assert_cmpstr (key, ==, "disks");
  g_assert_cmpuint (vt_settings_get_number (settings, "memory"), ==, 1024);
  g_assert_cmpuint (vt_settings_get_number (settings, "cpus"), ==, 2);
  g_assert_cmpuint (vt_settings_get_number (settings, "name"), ==, 0);
  g_assert_true (vt_settings_get_boolean (settings, "nics/net0/link"));
  g_assert_false (vt_settings_get_boolean (settings, "nothing"));
  g_assert_null (vt_settings_get (settings, "memory/of"));
  g_assert_null (vt_settings_get (settings, "name/of/it"));
}

static void
test_patch (void)
{
  g_autoptr (GVariant) settings = machine ();
  g_autoptr (GVariant) top = vt_settings_patch (settings, "memory", g_variant_new_uint64 (5));
  g_autoptr (GVariant) display = vt_settings_patch (settings, "display/kind", g_variant_new_string ("none"));
  g_autoptr (GVariant) disk =
      vt_settings_patch (settings, "disks/disk1/cache", g_variant_new_string ("none"));
  assert_same (top, "{'memory': <uint64 5>}");
  assert_same (display, "{'display': <{'kind': <'none'>}>}");
  assert_same (disk, "{'disks': <[{'id': <'disk0'>}, {'id': <'disk1'>, 'cache': <'none'>}]>}");
  g_autoptr (GVariant) after = vt_settings_apply (settings, disk);
  g_autoptr (GVariant) both = vt_settings_apply (after, display);
  g_autofree char *changed = vt_settings_dup_string (both, "disks/disk1/cache");
  g_autofree char *other = vt_settings_dup_string (both, "disks/disk0/cache");
  g_assert_cmpstr (changed, ==, "none");
  g_assert_cmpstr (other, ==, "none");
  g_assert_cmpuint (vt_settings_get_number (both, "display/width"), ==, 800);
  g_assert_cmpuint (vt_settings_get_number (both, "memory"), ==, 1024);
}

static void
test_parts (void)
{
  g_autoptr (GVariant) settings = machine ();
  GVariantDict nic = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&nic, "mode", "s", "user");
  g_autoptr (GVariant) added = vt_settings_add_part (settings, "nics", "net", &nic);
  assert_same (added, "{'nics': <[{'id': <'net0'>}, {'id': <'net1'>, 'mode': <'user'>}]>}");
  /* An id counts wherever it is. */
  GVariantDict odd = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) drive = vt_settings_add_part (settings, "drives", "disk", &odd);
  assert_same (drive, "{'drives': <[{'id': <'cdrom0'>}, {'id': <'disk2'>}]>}");
  g_autoptr (GVariant) removed = vt_settings_remove_part (settings, "disks", "disk1");
  assert_same (removed, "{'disks': <[{'id': <'disk0'>}]>, 'boot-order': <['gone']>}");
  g_autoptr (GVariant) unnamed = vt_settings_remove_part (settings, "nics", "net0");
  assert_same (unnamed, "{'nics': <@aa{sv} []>}");
  g_autoptr (GVariant) after = vt_settings_apply (settings, unnamed);
  g_auto (GStrv) ids = vt_settings_ids (after, "nics");
  g_assert_cmpuint (g_strv_length (ids), ==, 0);
}

static void
assert_order (GVariant *settings, const char *expected)
{
  g_auto (GStrv) order = vt_settings_boot_order (settings);
  g_autofree char *text = g_strjoinv (" ", order);
  g_assert_cmpstr (text, ==, expected);
}

/* The settings after a move, or NULL. */
static GVariant *
moved (GVariant *settings, guint from, guint to)
{
  g_autoptr (GVariant) patch = vt_settings_move_boot (settings, from, to);
  return patch ? vt_settings_apply (settings, patch) : NULL;
}

static void
test_boot_order (void)
{
  g_autoptr (GVariant) settings = machine ();
  assert_order (settings, "disk1 disk0 cdrom0 net0");
  g_assert_true (vt_settings_is_booted (settings, "cdrom0"));
  g_assert_false (vt_settings_is_booted (settings, "net0"));
  g_autoptr (GVariant) drive_first = moved (settings, 2, 0);
  assert_order (drive_first, "cdrom0 disk1 disk0 net0");
  g_assert_false (vt_settings_is_booted (drive_first, "net0"));
  g_autoptr (GVariant) net_first = moved (settings, 3, 0);
  assert_order (net_first, "net0 disk1 disk0 cdrom0");
  g_assert_true (vt_settings_is_booted (net_first, "net0"));
  /* At the end an adapter is not started from any more. */
  g_autoptr (GVariant) net_last = moved (net_first, 0, 3);
  assert_order (net_last, "disk1 disk0 cdrom0 net0");
  g_assert_false (vt_settings_is_booted (net_last, "net0"));
  g_assert_null (moved (settings, 0, 4));
  g_assert_null (moved (settings, 4, 0));
}

static void
test_empty (void)
{
  g_autoptr (GVariant) settings = parse ("@a{sv} {}");
  g_auto (GStrv) ids = vt_settings_ids (settings, "disks");
  g_assert_cmpuint (g_strv_length (ids), ==, 0);
  assert_order (settings, "");
  g_assert_null (vt_settings_get (settings, "disks/disk0/cache"));
  g_assert_null (vt_settings_move_boot (settings, 0, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/settings-path/get", test_get);
  g_test_add_func ("/settings-path/patch", test_patch);
  g_test_add_func ("/settings-path/parts", test_parts);
  g_test_add_func ("/settings-path/boot-order", test_boot_order);
  g_test_add_func ("/settings-path/empty", test_empty);
  return g_test_run ();
}
