/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log.h"
#include "sample-device.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

static void
test_classes (void)
{
  static const DeviceClass net = { .name = "anet", .category = "Network devices", .size = sizeof (Device) };
  static const DeviceClass misc = { .name = "zmisc", .category = "Misc devices", .size = sizeof (Device) };
  g_assert_null (device_class_find ("sample"));
  device_class_register (&net);
  device_class_register (&misc);
  device_class_register (&sample_class);
  device_class_register (&sample_class);
  g_assert_true (device_class_find ("sample") == &sample_class);
  g_assert_null (device_class_find ("sampl"));
  g_autoptr (GPtrArray) classes = device_classes ();
  g_assert_cmpuint (classes->len, ==, 3);
  g_assert_true (classes->pdata[0] == &sample_class);
  g_assert_true (classes->pdata[1] == &misc);
  g_assert_true (classes->pdata[2] == &net);
}

static void
expect_prop (Device *dev, const char *prop, const char *expected)
{
  g_autofree char *value = device_get (dev, prop);
  g_assert_cmpstr (value, ==, expected);
}

static void
expect_set (Device *dev, const char *prop, const char *value, const char *expected)
{
  g_autoptr (GError) error = NULL;
  bool ok = device_set (dev, prop, value, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  expect_prop (dev, prop, expected);
}

static void
expect_refused (Device *dev, const char *prop, const char *value, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = device_get (dev, prop);
  g_assert_false (device_set (dev, prop, value, &error));
  g_assert_nonnull (error);
  if (strstr (error->message, part) == NULL)
    g_error ("‘%s’ does not say ‘%s’", error->message, part);
  expect_prop (dev, prop, before);
}

static void
test_props (void)
{
  Device *dev = device_new (&sample_class, "/s");
  expect_prop (dev, "on", "on");
  expect_prop (dev, "ports", "2");
  expect_prop (dev, "memory", "4096");
  expect_prop (dev, "label", "");
  expect_prop (dev, "none", NULL);
  expect_set (dev, "on", "off", "off");
  expect_set (dev, "on", "yes", "on");
  expect_set (dev, "ports", "31", "31");
  expect_set (dev, "ports", "0x10", "16");
  expect_set (dev, "frequency", "18446744073709551615", "18446744073709551615");
  expect_set (dev, "memory", "64k", "65536");
  expect_set (dev, "memory", "2M", "2097152");
  expect_set (dev, "memory", "1024G", "1099511627776");
  expect_set (dev, "label", "a", "a");
  expect_set (dev, "label", "b", "b");
  expect_set (dev, "drive", "hd0", "hd0");
  expect_set (dev, "mac", "52:54:00:12:34:5F", "52:54:00:12:34:5f");
  g_assert_cmpuint (((Sample *)dev)->mac[5], ==, 0x5f);
  g_assert_cmpuint (((Sample *)dev)->memory, ==, UINT64_C (1) << 40);
  expect_refused (dev, "port", "1", "'ports'");
  expect_refused (dev, "ports", "32", "largest value is 31");
  expect_refused (dev, "ports", "4294967296", "largest");
  expect_refused (dev, "ports", "-1", "a number");
  expect_refused (dev, "ports", "1x", "a number");
  expect_refused (dev, "ports", "", "a number");
  expect_refused (dev, "frequency", "18446744073709551616", "a number");
  expect_refused (dev, "on", "maybe", "on or off");
  expect_refused (dev, "memory", "1Q", "a size");
  expect_refused (dev, "memory", "20000000E", "a size");
  expect_refused (dev, "memory", "2T", "largest");
  expect_refused (dev, "mac", "52:54:00:12:34", "52:54");
  expect_refused (dev, "mac", "52:54:00:12:34:5g", "52:54");
  expect_refused (dev, "mac", "52:54:00:12:34.56", "52:54");
  expect_refused (dev, "mac", "52:54:00:12:34:567", "52:54");
  g_assert_true (device_prop_find (&sample_class, "ports") == device_prop_find (&sample_base_class, "ports"));
  g_assert_null (device_prop_find (&sample_base_class, "label"));
  g_assert_true (device_realize (dev, NULL));
  expect_refused (dev, "ports", "1", "in use");
  device_free (dev);
}

/* What hooks ran, in order. */
static GString *events;

#define EVENT(who, what)                                                                                     \
  static void who##_##what (Device *dev)                                                                     \
  {                                                                                                          \
    g_string_append_printf (events, "%s:" #who "." #what " ", dev->path);                                    \
  }
EVENT (base, init)
EVENT (base, unrealize)
EVENT (base, reset)
EVENT (base, quiesce)
EVENT (base, resume)
EVENT (own, init)
EVENT (own, unrealize)
EVENT (own, reset)
EVENT (own, quiesce)
EVENT (own, resume)

static bool
base_realize (Device *dev, GError **error)
{
  g_string_append_printf (events, "%s:base.realize ", dev->path);
  return true;
}

static bool
own_realize (Device *dev, GError **error)
{
  g_string_append_printf (events, "%s:own.realize ", dev->path);
  if (strstr (dev->path, "bad") == NULL)
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "bad");
  return false;
}

static const DeviceClass event_base = {
  .name = "event-base",
  .size = sizeof (Device),
  .init = base_init,
  .realize = base_realize,
  .unrealize = base_unrealize,
  .reset = base_reset,
  .quiesce = base_quiesce,
  .resume = base_resume,
};
static const DeviceClass event_class = {
  .name = "event",
  .size = sizeof (Device),
  .base = &event_base,
  .init = own_init,
  .realize = own_realize,
  .unrealize = own_unrealize,
  .reset = own_reset,
  .quiesce = own_quiesce,
  .resume = own_resume,
};

static void
expect_events (const char *expected)
{
  g_assert_cmpstr (events->str, ==, expected);
  g_string_truncate (events, 0);
}

static void
test_life (void)
{
  events = g_string_new (NULL);
  Device *dev = device_new (&event_class, "/a");
  device_add_child (dev, device_new (&event_class, "/a/b"));
  expect_events ("/a:base.init /a:own.init /a/b:base.init /a/b:own.init ");
  g_assert_true (device_realize (dev, NULL));
  g_assert_true (device_realize (dev, NULL));
  expect_events ("/a:base.realize /a:own.realize /a/b:base.realize /a/b:own.realize ");
  device_reset (dev);
  expect_events ("/a:base.reset /a:own.reset /a/b:base.reset /a/b:own.reset ");
  device_quiesce (dev);
  expect_events ("/a/b:own.quiesce /a/b:base.quiesce /a:own.quiesce /a:base.quiesce ");
  device_resume (dev);
  expect_events ("/a:base.resume /a:own.resume /a/b:base.resume /a/b:own.resume ");
  device_free (dev->children->pdata[0]);
  g_assert_cmpuint (dev->children->len, ==, 0);
  expect_events ("/a/b:own.unrealize /a/b:base.unrealize ");
  device_free (dev);
  expect_events ("/a:own.unrealize /a:base.unrealize ");
  device_free (NULL);
  g_string_free (events, TRUE);
}

static void
test_realize_fails (void)
{
  g_autoptr (GError) error = NULL;
  events = g_string_new (NULL);
  Device *dev = device_new (&event_class, "/a");
  device_add_child (dev, device_new (&event_class, "/a/good"));
  device_add_child (dev, device_new (&event_class, "/a/bad"));
  g_string_truncate (events, 0);
  g_assert_false (device_realize (dev, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_false (dev->realized);
  expect_events ("/a:base.realize /a:own.realize /a/good:base.realize /a/good:own.realize "
                 "/a/bad:base.realize /a/bad:own.realize /a/bad:base.unrealize "
                 "/a/good:own.unrealize /a/good:base.unrealize /a:own.unrealize /a:base.unrealize ");
  device_free (dev);
  expect_events ("");
  g_string_free (events, TRUE);
}

static void
test_free_unmaps (void)
{
  MemoryMap *map = memory_map_new (64);
  Sample *sample = sample_new ("/s", NULL);
  uint64_t value;
  memory_region_map (map, device_bank_region (&sample->dev, "main"), 0x1000);
  g_assert_cmpint (memory_read (map, 0x100c, 4, &value), ==, MEMORY_OK);
  g_assert_cmphex (value, ==, 0x12345678);
  device_free (&sample->dev);
  g_assert_cmpint (memory_read (map, 0x100c, 4, &value), ==, MEMORY_NOTHING);
  memory_map_free (map);
}

static void
test_trace (void)
{
  g_autofree char *file = g_strdup_printf ("%s/vitrine-test-trace-%d", g_get_tmp_dir (), (int)getpid ());
  g_autofree char *text = NULL;
  Sample *sample = sample_new ("/uart0", NULL), *other = sample_new ("/uart1", NULL);
  g_assert_true (vlog_open (file));
  register_bank_read (&sample->dev, &sample_bank, 0x80, 4);
  g_assert_false (device_traced (&sample->dev));
  device_trace_enable ("none*");
  device_trace_enable ("/*0");
  g_assert_true (device_traced (&sample->dev));
  g_assert_false (device_traced (&other->dev));
  register_bank_read (&sample->dev, &sample_bank, 12, 4);
  register_bank_write (&sample->dev, &sample_bank, 80, 4, 0x1234);
  register_bank_write (&other->dev, &sample_bank, 80, 4, 0x99);
  device_log_guest_errors (true);
  register_bank_read (&other->dev, &sample_bank, 0x80, 4);
  device_log_guest_errors (false);
  register_bank_read (&other->dev, &sample_bank, 0x80, 4);
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  g_assert_cmpstr (text, ==,
                   "/uart0: read ident -> 0x12345678\n"
                   "/uart0: write channel_a[1] <- 0x1234\n"
                   "guest error: /uart1: main: no register is read with 4 bytes at 0x80\n");
  device_trace_enable ("sam*"); /* the class's name */
  g_assert_true (device_traced (&other->dev));
  unlink (file);
  device_free (&sample->dev);
  device_free (&other->dev);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device/classes", test_classes);
  g_test_add_func ("/device/props", test_props);
  g_test_add_func ("/device/life", test_life);
  g_test_add_func ("/device/realize-fails", test_realize_fails);
  g_test_add_func ("/device/free-unmaps", test_free_unmaps);
  g_test_add_func ("/device/trace", test_trace);
  return g_test_run ();
}
