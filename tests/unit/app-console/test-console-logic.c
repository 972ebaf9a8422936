/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What of the console needs no screen: where the picture stands, the keys' codes, what can be typed. */

#include "console-private.h"
#include "display-geometry.h"
#include "scancodes.h"

#include <linux/input-event-codes.h>
#include <math.h>

static const double scales[] = { 1, 1.25, 1.5, 1.75, 2, 2.25, 3 };

static void
assert_whole (double value)
{
  g_assert_cmpfloat (fabs (value - round (value)), <, 1e-6);
}

/* Every corner of the picture is a corner of a device pixel, wherever in the window the widget stands. */
static void
test_alignment (void)
{
  static const double origins[] = { 0, 1, 47, 46.5, 113 };
  for (guint s = 0; s < G_N_ELEMENTS (scales); s++)
    for (guint o = 0; o < G_N_ELEMENTS (origins); o++)
      for (int fit = 0; fit <= 1; fit++) {
        VtGeometry g;
        g_assert_true (vt_geometry_compute (&g, 800, 601, 1001, 703, scales[s], origins[o], origins[o], fit));
        assert_whole ((origins[o] + g.x) * scales[s]);
        assert_whole ((origins[o] + g.y) * scales[s]);
        assert_whole (g.width * scales[s]);
        assert_whole (g.height * scales[s]);
        if (!fit) {
          g_assert_cmpint (g.filter, ==, VT_FILTER_NONE);
          g_assert_cmpfloat_with_epsilon (g.width * scales[s], 800, 1e-6);
          g_assert_cmpfloat_with_epsilon (g.height * scales[s], 601, 1e-6);
        }
      }
}

/* The middle and both ends of every device pixel of a guest's pixel belong to it; positions are rounded down
 * to 1/256 as on Wayland. */
static void
test_exact (void)
{
  for (guint s = 0; s < G_N_ELEMENTS (scales); s++) {
    VtGeometry g;
    const double scale = scales[s];
    g_assert_true (vt_geometry_compute (&g, 640, 400, 900, 500, scale, 13, 47, FALSE));
    for (int pixel = 0; pixel < 640; pixel++) {
      int x, y;
      const double left = g.x + pixel / scale, last = g.x + (pixel + 0.95) / scale;
      g_assert_true (vt_geometry_to_guest (&g, floor (left * 256) / 256, g.y + 0.5 / scale, &x, &y));
      g_assert_cmpint (x, ==, pixel);
      g_assert_cmpint (y, ==, 0);
      g_assert_true (vt_geometry_to_guest (&g, last, g.y + 399.5 / scale, &x, &y));
      g_assert_cmpint (x, ==, pixel);
      g_assert_cmpint (y, ==, 399);
    }
  }
}

/* Scaled to fit, a point and the pixel under it agree with each other, and all pixels can be reached. */
static void
test_fit (void)
{
  for (guint s = 0; s < G_N_ELEMENTS (scales); s++) {
    VtGeometry g;
    int x, y, before = -1;
    g_assert_true (
        vt_geometry_compute (&g, 640, 480, 1920 / scales[s], 1080 / scales[s], scales[s], 0, 0, TRUE));
    g_assert_cmpfloat_with_epsilon (g.factor, 2.25, 1e-6);
    g_assert_cmpfloat_with_epsilon (g.x * scales[s], 240, 1e-6);
    for (int device = 0; device < 1440; device++) {
      g_assert_true (vt_geometry_to_guest (&g, g.x + (device + 0.5) / scales[s], g.y + 1, &x, &y));
      g_assert_cmpint (x, ==, (int)floor ((device + 0.5) / 2.25));
      g_assert_cmpint (x - before, <=, 1);
      before = x;
    }
    g_assert_cmpint (before, ==, 639);
    double back_x, back_y;
    vt_geometry_from_guest (&g, 640, 480, &back_x, &back_y);
    g_assert_cmpfloat_with_epsilon (back_x, g.x + g.width, 1e-6);
    g_assert_cmpfloat_with_epsilon (back_y, g.y + g.height, 1e-6);
  }
}

static void
test_edges (void)
{
  VtGeometry g;
  int x, y;
  g_assert_false (vt_geometry_compute (&g, 0, 100, 100, 100, 1, 0, 0, TRUE));
  g_assert_false (vt_geometry_compute (&g, 100, 100, 0, 100, 1, 0, 0, TRUE));
  g_assert_true (vt_geometry_compute (&g, 16384, 1, 1, 1, 1, 0, 0, TRUE));
  g_assert_cmpfloat (g.height, >=, 1);
  g_assert_true (vt_geometry_compute (&g, 100, 100, 200, 100, 1, 0, 0, TRUE));
  g_assert_false (vt_geometry_to_guest (&g, 0, -50, &x, &y));
  g_assert_cmpint (x, ==, 0);
  g_assert_cmpint (y, ==, 0);
  g_assert_false (vt_geometry_to_guest (&g, 1e9, 1e9, &x, &y));
  g_assert_cmpint (x, ==, 99);
  g_assert_cmpint (y, ==, 99);
  /* A guest that was given the window's size rounded down is shown as it is, not stretched by a pixel. */
  g_assert_true (vt_geometry_compute (&g, 1001, 701, 801, 561, 1.25, 0, 0, TRUE));
  g_assert_cmpint (g.filter, ==, VT_FILTER_NONE);
  g_assert_true (vt_geometry_compute (&g, 100, 100, 400, 300, 1, 0, 0, TRUE));
  g_assert_cmpint (g.filter, ==, VT_FILTER_NEAREST);
  g_assert_true (vt_geometry_compute (&g, 1000, 1000, 400, 400, 1, 0, 0, TRUE));
  g_assert_cmpint (g.filter, ==, VT_FILTER_SMALL);
}

static void
test_scancodes (void)
{
  static const struct {
    guint key, scancode;
  } known[] = {
    { KEY_ESC, 0x01 },       { KEY_A, 0x1e },        { KEY_F1, 0x3b },         { KEY_F11, 0x57 },
    { KEY_F12, 0x58 },       { KEY_102ND, 0x56 },    { KEY_RIGHTCTRL, 0x11d }, { KEY_RIGHTALT, 0x138 },
    { KEY_LEFTMETA, 0x15b }, { KEY_UP, 0x148 },      { KEY_DELETE, 0x153 },    { KEY_KPENTER, 0x11c },
    { KEY_KPSLASH, 0x135 },  { KEY_SYSRQ, 0x137 },   { KEY_PAUSE, 0x146 },     { KEY_RO, 0x73 },
    { KEY_YEN, 0x7d },       { KEY_COMPOSE, 0x15d }, { KEY_RESERVED, 0 },      { KEY_MICMUTE, 0 },
    { KEY_MAX, 0 },          { G_MAXUINT, 0 },       { KEY_LINEFEED, 0 },      { KEY_NUMLOCK, 0x45 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    g_assert_cmphex (vt_scancode (known[i].key), ==, known[i].scancode);
  /* No two keys are one to the guest. */
  guint owner[VT_SCANCODES] = { 0 };
  for (guint key = 1; key <= KEY_MAX; key++) {
    const guint scancode = vt_scancode (key);
    g_assert_cmpuint (scancode, <, VT_SCANCODES);
    g_assert_cmphex (scancode & 0x80, ==, 0);
    if (scancode)
      g_assert_cmpuint (owner[scancode], ==, 0);
    owner[scancode] = key;
  }
}

static void
assert_text (const char *text, const char *typable, const char *untypable)
{
  g_autofree char *can = vt_typable (text), *cannot = vt_untypable (text);
  g_assert_cmpstr (can, ==, typable);
  g_assert_cmpstr (cannot, ==, untypable);
}

static void
test_typable (void)
{
  assert_text ("", "", NULL);
  assert_text ("ls -l ~\tx\n", "ls -l ~\tx\n", NULL);
  assert_text ("a\r\nb\rc", "a\nb\nc", NULL);
  assert_text ("Grüße, Jürgen", "Gre, Jrgen", "ü ß");
  assert_text ("€\x01", "", "€ U+0001");
  assert_text ("äöüßéèàçñøåæ", "", "ä ö ü ß é è à ç ñ ø …");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/console/geometry/alignment", test_alignment);
  g_test_add_func ("/console/geometry/exact", test_exact);
  g_test_add_func ("/console/geometry/fit", test_fit);
  g_test_add_func ("/console/geometry/edges", test_edges);
  g_test_add_func ("/console/scancodes", test_scancodes);
  g_test_add_func ("/console/typable", test_typable);
  return g_test_run ();
}
