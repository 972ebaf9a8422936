/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <zlib.h>

typedef struct {
  unsigned resized, updated, cursor;
  uint32_t x, y, width, height;
} Watcher;

static void
on_resized (void *opaque, Display *display)
{
  ((Watcher *)opaque)->resized++;
}

static void
on_updated (void *opaque, Display *display, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
  Watcher *w = opaque;
  *w = (Watcher){ w->resized, w->updated + 1, w->cursor, x, y, width, height };
}

static void
on_cursor (void *opaque, Display *display)
{
  ((Watcher *)opaque)->cursor++;
}

static const DisplayListener listener = { on_resized, on_updated, on_cursor };

enum { WIDTH = 3, HEIGHT = 2, STRIDE = 20 };
static uint8_t pixels[HEIGHT * STRIDE];

static Display *
new_screen (void)
{
  Display *display = display_new ("screen", 0);
  for (unsigned i = 0; i < sizeof pixels; i++)
    pixels[i] = (uint8_t)(i * 7);
  display_set_surface (display, &(DisplaySurface){ WIDTH, HEIGHT, STRIDE, pixels });
  return display;
}

static void
test_registry (void)
{
  Display *a = display_new ("gpu", 0), *b = display_new ("gpu", 1);
  g_autoptr (GPtrArray) list = display_list ();
  g_assert_cmpuint (list->len, ==, 2);
  g_assert_cmpstr (display_name (list->pdata[0]), ==, "gpu");
  g_assert_cmpstr (display_name (list->pdata[1]), ==, "gpu.1");
  display_free (a);
  display_free (b);
  g_autoptr (GPtrArray) empty = display_list ();
  g_assert_cmpuint (empty->len, ==, 0);
}

static void
test_listener (void)
{
  Display *display = new_screen ();
  Watcher w = { 0 };
  DisplaySurface surface;
  display_add_listener (display, &listener, &w);
  display_update (display, 1, 0, UINT32_MAX, UINT32_MAX);
  g_assert_cmpuint (w.updated, ==, 1);
  g_assert_cmpuint (w.x, ==, 1);
  g_assert_cmpuint (w.width, ==, 2);
  g_assert_cmpuint (w.height, ==, 2);
  display_update (display, WIDTH, 0, 1, 1);
  display_update (display, 0, UINT32_MAX, 1, 1);
  display_update (display, 0, 0, 0, 1);
  g_assert_cmpuint (w.updated, ==, 1);
  g_assert_true (display_lock (display, &surface));
  g_assert_cmpuint (surface.width, ==, WIDTH);
  display_unlock (display);
  display_set_surface (display, NULL);
  g_assert_cmpuint (w.resized, ==, 1);
  g_assert_false (display_lock (display, &surface));
  display_update (display, 0, 0, 1, 1);
  g_assert_cmpuint (w.updated, ==, 1);
  display_set_surface (display, &(DisplaySurface){ WIDTH, HEIGHT, WIDTH, pixels });
  g_assert_false (display_lock (display, &surface));
  display_remove_listener (display, &w);
  display_set_surface (display, NULL);
  g_assert_cmpuint (w.resized, ==, 2);
  display_free (display);
}

static void
test_cursor (void)
{
  Display *display = new_screen ();
  Watcher w = { 0 };
  static uint32_t shape[64 * 64], got[64 * 64];
  uint32_t hot_x, hot_y;
  int32_t x, y;
  shape[5] = 0x80ff0000;
  display_add_listener (display, &listener, &w);
  display_set_cursor (display, shape, 1000, 2);
  display_move_cursor (display, -5, 7);
  g_assert_true (display_cursor (display, got, &hot_x, &hot_y, &x, &y));
  g_assert_cmpmem (got, sizeof got, shape, sizeof shape);
  g_assert_true (hot_x == 63 && hot_y == 2 && x == -5 && y == 7 && w.cursor == 2);
  display_set_cursor (display, NULL, 0, 0);
  g_assert_false (display_cursor (display, got, &hot_x, &hot_y, &x, &y));
  display_free (display);
}

static uint32_t
be32 (const char *at)
{
  uint32_t value;
  memcpy (&value, at, 4);
  return GUINT32_FROM_BE (value);
}

static void
assert_png (const char *data, gsize size)
{
  uint8_t idat[1000], rows[HEIGHT * (1 + 3 * WIDTH)];
  uLongf rows_size = sizeof rows;
  size_t idat_size = 0;
  g_assert_cmpmem (data, 8, "\x89PNG\r\n\x1a\n", 8);
  gsize at = 8;
  for (; at + 12 <= size;) {
    const uint32_t length = be32 (data + at);
    g_assert_cmpuint (length, <=, size - at - 12);
    g_assert_cmpuint (crc32 (0, (const Bytef *)data + at + 4, length + 4), ==, be32 (data + at + 8 + length));
    if (!memcmp (data + at + 4, "IDAT", 4)) {
      memcpy (idat + idat_size, data + at + 8, length);
      idat_size += length;
    } else if (!memcmp (data + at + 4, "IHDR", 4)) {
      g_assert_true (length == 13 && be32 (data + at + 8) == WIDTH && be32 (data + at + 12) == HEIGHT);
      g_assert_cmpmem (data + at + 16, 5, "\x08\x02\0\0\0", 5);
    }
    at += 12 + length;
  }
  g_assert_cmpuint (at, ==, size);
  g_assert_cmpint (uncompress (rows, &rows_size, idat, idat_size), ==, Z_OK);
  g_assert_cmpuint (rows_size, ==, sizeof rows);
  g_assert_cmpuint (rows[0], ==, 0);
  g_assert_cmpuint (rows[1], ==, pixels[2]);
  g_assert_cmpuint (rows[sizeof rows - 1], ==, pixels[STRIDE + 4 * (WIDTH - 1)]);
}

static void
refresh (void *opaque)
{
  pixels[2] = 0xaa;
}

static void
test_screendump (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("test-display-XXXXXX", &error);
  g_assert_no_error (error);
  g_autofree char *ppm = g_build_filename (folder, "a.ppm", NULL),
                  *png = g_build_filename (folder, "a.png", NULL);
  g_autofree char *ppm_data = NULL, *png_data = NULL;
  gsize size;
  Display *display = new_screen ();
  display_set_refresh_hook (display, refresh, NULL);
  g_assert_true (display_screendump (display, ppm, &error));
  g_assert_true (display_screendump (display, png, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (ppm, &ppm_data, &size, NULL));
  g_assert_cmpuint (size, ==, 11 + WIDTH * HEIGHT * 3);
  g_assert_cmpmem (ppm_data, 11, "P6\n3 2\n255\n", 11);
  g_assert_cmpint ((uint8_t)ppm_data[11], ==, 0xaa);
  g_assert_cmpint ((uint8_t)ppm_data[13], ==, pixels[0]);
  g_assert_true (g_file_get_contents (png, &png_data, &size, NULL));
  assert_png (png_data, size);

  g_assert_false (display_screendump (display, "/nonexistent/a.ppm", &error));
  g_assert_nonnull (strstr (error->message, "/nonexistent/a.ppm"));
  g_clear_error (&error);
  display_set_surface (display, NULL);
  g_assert_false (display_screendump (display, ppm, &error));
  g_assert_nonnull (strstr (error->message, "not switched it on"));
  display_free (display);
  g_unlink (ppm);
  g_unlink (png);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
note (void *opaque, uint16_t type, uint16_t code, int32_t value)
{
  g_string_append_printf (opaque, "%u/%u=%d ", type, code, value);
}

static const InputSink sink = { note, NULL };

static void
test_sinks (void)
{
  g_autoptr (GString) old = g_string_new (NULL);
  g_autoptr (GString) new = g_string_new (NULL);
  g_assert_false (input_send (INPUT_KEYBOARD, 1, 30, 1));
  g_assert_false (input_has (INPUT_KEYBOARD));
  input_sink_add (INPUT_KEYBOARD, &sink, old);
  input_sink_add (INPUT_KEYBOARD, &sink, new);
  input_sink_add (INPUT_POINTER_ABS, &sink, new);
  g_assert_true (input_send (INPUT_KEYBOARD, 1, 30, 1));
  g_assert_true (input_send (INPUT_POINTER_ABS, 3, 0, 0x7fff));
  g_assert_false (input_send (INPUT_POINTER_REL, 2, 0, 1));
  g_assert_cmpstr (new->str, ==, "1/30=1 3/0=32767 ");
  input_sink_remove (new);
  g_assert_false (input_has (INPUT_POINTER_ABS));
  g_assert_true (input_send (INPUT_KEYBOARD, 1, 30, 0));
  g_assert_cmpstr (old->str, ==, "1/30=0 ");
  input_sink_remove (old);
}

static void
test_chords (void)
{
  g_autoptr (GString) got = g_string_new (NULL);
  const uint16_t chord[] = { 29, 46 };
  input_sink_add (INPUT_KEYBOARD, &sink, got);
  input_send_keys (chord, 2, 5);
  input_send_keys (chord, 1, 5);
  input_send_keys (chord, 0, 5);
  g_assert_cmpstr (got->str, ==, "1/29=1 1/46=1 0/0=0 ");
  const char *const all = "1/29=1 1/46=1 0/0=0 1/46=0 1/29=0 0/0=0 1/29=1 0/0=0 1/29=0 0/0=0 ";
  const gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  while (got->len < strlen (all) && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (got->str, ==, all);
  input_sink_remove (got);
}

static void
test_key_names (void)
{
  uint16_t codes[3];
  unsigned n;
  g_autoptr (GError) error = NULL;
  g_assert_true (input_parse_keys ("ctrl-alt-delete", codes, 3, &n, NULL));
  g_assert_true (n == 3 && codes[0] == 29 && codes[1] == 56 && codes[2] == 111);
  g_assert_true (input_parse_keys ("0x1c", codes, 3, &n, NULL) && n == 1 && codes[0] == 28);
  g_assert_true (input_parse_keys ("0xd3", codes, 3, &n, NULL) && codes[0] == 111);
  g_assert_true (input_parse_keys ("1-f24-kp_enter", codes, 3, &n, NULL));
  g_assert_true (codes[0] == 2 && codes[1] == 194 && codes[2] == 96);
  g_assert_true (input_parse_keys ("-", codes, 3, &n, NULL) && codes[0] == 12);
  static const struct {
    const char *text, *why;
  } wrong[] = { { "crtl-a", "did you mean 'ctrl'" },
                { "a-b-c-d", "too many" },
                { "", "no key" },
                { "a--b", "no key" },
                { "0x", "no key" },
                { "0xfff", "no key" },
                { "0x0", "no key" } };
  for (unsigned i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_assert_false (input_parse_keys (wrong[i].text, codes, 3, &n, &error));
    g_assert_nonnull (strstr (error->message, wrong[i].why));
    g_clear_error (&error);
  }
  for (const char *const *name = input_key_names (); *name; name++)
    g_assert_true (input_key_find (*name, codes, NULL) && codes[0] != 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/display/registry", test_registry);
  g_test_add_func ("/display/listener", test_listener);
  g_test_add_func ("/display/cursor", test_cursor);
  g_test_add_func ("/display/screendump", test_screendump);
  g_test_add_func ("/input/sinks", test_sinks);
  g_test_add_func ("/input/chords", test_chords);
  g_test_add_func ("/input/key-names", test_key_names);
  return g_test_run ();
}
