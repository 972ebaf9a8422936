/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forwards.h"

#include "settings-path.h"

#include <string.h>

/* Port forwards: what may be asked for, and what may not. */

static GVariant *
machine (void)
{
  g_autoptr (GError) error = NULL;
  GVariant *value =
      g_variant_parse (G_VARIANT_TYPE_VARDICT,
                       "{'nics': <[{'id': <'net0'>, 'forward': <[('tcp', uint16 2222, '', uint16 22)]>},"
                       " {'id': <'net1'>, 'forward': <[('udp', uint16 5353, '10.0.2.15', uint16 53)]>}]>}",
                       NULL, NULL, &error);
  g_assert_no_error (error);
  return value;
}

/* Whether it is refused, and for which field. */
static void
expect (const char *protocol, guint host, const char *address, guint guest, const VtForward *replaced,
        int field, const char *word)
{
  g_autoptr (GVariant) settings = machine ();
  g_autoptr (VtForward) forward = vt_forward_new (protocol, host, address, guest);
  VtForwardField which = VT_FORWARD_HOST_PORT;
  g_autofree char *problem = vt_forward_check (forward, replaced, settings, 1024, &which);
  if (field < 0) {
    g_assert_null (problem);
    return;
  }
  g_assert_nonnull (problem);
  g_assert_cmpint ((int)which, ==, field);
  g_assert_nonnull (strstr (problem, word));
}

static void
test_check (void)
{
  g_autoptr (VtForward) ssh = vt_forward_new ("tcp", 2222, "", 22);
  expect ("tcp", 8080, "", 80, NULL, -1, NULL);
  expect ("tcp", 65535, "10.0.2.15", 65535, NULL, -1, NULL);
  expect ("tcp", 1024, "", 1, NULL, -1, NULL);
  expect ("tcp", 0, "", 80, NULL, VT_FORWARD_HOST_PORT, "65535");
  expect ("tcp", 65536, "", 80, NULL, VT_FORWARD_HOST_PORT, "65535");
  expect ("tcp", 8080, "", 0, NULL, VT_FORWARD_GUEST_PORT, "65535");
  expect ("tcp", 8080, "", 65536, NULL, VT_FORWARD_GUEST_PORT, "65535");
  expect ("tcp", 80, "", 80, NULL, VT_FORWARD_HOST_PORT, "8080");
  expect ("tcp", 1023, "", 80, NULL, VT_FORWARD_HOST_PORT, "1024");
  expect ("tcp", 8080, "guest", 80, NULL, VT_FORWARD_GUEST_ADDRESS, "IPv4");
  expect ("tcp", 8080, "fe80::1", 80, NULL, VT_FORWARD_GUEST_ADDRESS, "IPv4");
  /* Taken, by this adapter or another; the same number of the other protocol is free. */
  expect ("tcp", 2222, "", 23, NULL, VT_FORWARD_HOST_PORT, "net0");
  expect ("udp", 5353, "", 53, NULL, VT_FORWARD_HOST_PORT, "net1");
  expect ("udp", 2222, "", 22, NULL, -1, NULL);
  /* What is changed is not in its own way. */
  expect ("tcp", 2222, "", 23, ssh, -1, NULL);
}

static void
test_ports (void)
{
  g_assert_cmpuint (vt_port_from_text ("22"), ==, 22);
  g_assert_cmpuint (vt_port_from_text ("65535"), ==, 65535);
  const char *const wrong[] = { "",    "0",          "65536",
                                "-1",  "22 ",        "0x16",
                                "ssh", "4294967318", "99999999999999999999999" };
  for (size_t i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_cmpuint (vt_port_from_text (wrong[i]), ==, 0);
}

static void
test_suggest (void)
{
  g_autoptr (GVariant) settings = machine ();
  g_assert_cmpuint (vt_forward_suggest (settings, "tcp", 80), ==, 8080);
  g_assert_cmpuint (vt_forward_suggest (settings, "tcp", 3389), ==, 3389);
  g_assert_cmpuint (vt_forward_suggest (settings, "tcp", 22), ==, 2223);
  g_assert_cmpuint (vt_forward_suggest (settings, "udp", 22), ==, 2222);
  g_assert_cmpuint (vt_forward_suggest (settings, "tcp", 65535), ==, 65535);
  g_assert_cmpuint (vt_forward_suggest (settings, "tcp", 0), >=, 1024);
}

static void
test_variants (void)
{
  g_autoptr (GVariant) settings = machine ();
  g_autoptr (GPtrArray) forwards = vt_forwards_get (settings, "net1");
  g_autoptr (GPtrArray) none = vt_forwards_get (settings, "net7");
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_cmpuint (forwards->len, ==, 1);
  g_autoptr (VtForward) same = vt_forward_new ("udp", 5353, "10.0.2.15", 53);
  g_autoptr (VtForward) other = vt_forward_new ("udp", 5353, "10.0.2.15", 54);
  g_assert_true (vt_forward_equal (forwards->pdata[0], same));
  g_assert_false (vt_forward_equal (forwards->pdata[0], other));
  g_autoptr (GVariant) value = g_variant_ref_sink (vt_forwards_to_variant (forwards));
  g_autoptr (GVariant) there = vt_settings_get (settings, "nics/net1/forward");
  g_assert_cmpvariant (value, there);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forwards/check", test_check);
  g_test_add_func ("/forwards/ports", test_ports);
  g_test_add_func ("/forwards/suggest", test_suggest);
  g_test_add_func ("/forwards/variants", test_variants);
  return g_test_run ();
}
