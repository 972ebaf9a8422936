/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The tiles that GTK's renderer on the processor draws: what they show, and which of them are drawn anew. */

#include "display-tiles.h"

#include <math.h>

enum { WIDTH = 1100, HEIGHT = 300, MARGIN = 3 };

typedef struct {
  guint32 *pixels;
  VtTiles *tiles;
  VtGeometry geometry;
} Fixture;

static void
open_tiles (Fixture *f, double factor, VtFilter filter)
{
  f->pixels = g_new (guint32, WIDTH * HEIGHT);
  for (int i = 0; i < WIDTH * HEIGHT; i++)
    f->pixels[i] = 0x336699;
  f->tiles = vt_tiles_new ((const guint8 *)f->pixels, WIDTH, HEIGHT, 4 * WIDTH);
  f->geometry = (VtGeometry){ WIDTH,  HEIGHT, MARGIN, MARGIN, round (WIDTH * factor), round (HEIGHT * factor),
                              factor, 1,      filter };
}

static void
close_tiles (Fixture *f)
{
  vt_tiles_free (f->tiles);
  g_free (f->pixels);
}

static GskRenderNode *
take (Fixture *f, int x, int y, int width, int height)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  cairo_region_t *damage = cairo_region_create_rectangle (&(cairo_rectangle_int_t){ x, y, width, height });
  vt_tiles_snapshot (f->tiles, snapshot, &f->geometry, damage);
  cairo_region_destroy (damage);
  return gtk_snapshot_free_to_node (snapshot);
}

static cairo_surface_t *
draw (const Fixture *f, GskRenderNode *node)
{
  cairo_surface_t *image = cairo_image_surface_create (
      CAIRO_FORMAT_RGB24, (int)f->geometry.width + 2 * MARGIN, (int)f->geometry.height + 2 * MARGIN);
  cairo_t *cr = cairo_create (image);
  gsk_render_node_draw (node, cr);
  cairo_destroy (cr);
  cairo_surface_flush (image);
  return image;
}

static guint32
pixel (cairo_surface_t *image, int x, int y)
{
  const guint8 *data = cairo_image_surface_get_data (image);
  return ((const guint32 *)(const void *)(data + y * cairo_image_surface_get_stride (image)))[x] & 0xffffff;
}

/* Where tiles meet, too. */
static void
check_uniform (const Fixture *f, cairo_surface_t *image, guint32 colour)
{
  for (int y = MARGIN; y < MARGIN + (int)f->geometry.height; y++)
    for (int x = MARGIN; x < MARGIN + (int)f->geometry.width; x++)
      g_assert_cmphex (pixel (image, x, y), ==, colour);
  g_assert_cmphex (pixel (image, MARGIN - 1, MARGIN), ==, 0);
  g_assert_cmphex (pixel (image, MARGIN + (int)f->geometry.width, MARGIN), ==, 0);
}

static void
test_seams (void)
{
  static const struct {
    double factor;
    VtFilter filter;
  } cases[] = {
    { 1, VT_FILTER_NONE }, { 2, VT_FILTER_NEAREST }, { 0.731, VT_FILTER_LINEAR }, { 0.3, VT_FILTER_SMALL }
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture f;
    open_tiles (&f, cases[i].factor, cases[i].filter);
    g_autoptr (GskRenderNode) node = take (&f, 0, 0, 0, 0);
    cairo_surface_t *image = draw (&f, node);
    check_uniform (&f, image, 0x336699);
    cairo_surface_destroy (image);
    close_tiles (&f);
  }
}

static guint
count_same (GskRenderNode *a, GskRenderNode *b)
{
  guint same = 0;
  g_assert_cmpuint (gsk_container_node_get_n_children (a), ==, gsk_container_node_get_n_children (b));
  for (guint i = 0; i < gsk_container_node_get_n_children (a); i++)
    same += gsk_container_node_get_child (a, i) == gsk_container_node_get_child (b, i);
  return same;
}

static void
test_damage (void)
{
  Fixture f;
  open_tiles (&f, 1, VT_FILTER_NONE);
  g_autoptr (GskRenderNode) first = take (&f, 0, 0, 0, 0);
  g_assert_cmpuint (gsk_container_node_get_n_children (first), ==, 9);
  g_autoptr (GskRenderNode) same = take (&f, 0, 0, 0, 0);
  g_assert_cmpuint (count_same (first, same), ==, 9);
  f.pixels[200 * WIDTH + 700] = 0xffeedd;
  g_autoptr (GskRenderNode) other = take (&f, 700, 200, 1, 1);
  g_assert_cmpuint (count_same (first, other), ==, 8);
  cairo_surface_t *image = draw (&f, other);
  g_assert_cmphex (pixel (image, MARGIN + 700, MARGIN + 200), ==, 0xffeedd);
  g_assert_cmphex (pixel (image, MARGIN + 701, MARGIN + 200), ==, 0x336699);
  cairo_surface_destroy (image);
  /* At another place all of them are others. */
  f.geometry.x++;
  g_autoptr (GskRenderNode) moved = take (&f, 0, 0, 0, 0);
  g_assert_cmpuint (count_same (other, moved), ==, 0);
  close_tiles (&f);
}

/* A window draws the nodes it has once more, although the picture has gone. */
static void
test_outlived (void)
{
  Fixture f;
  open_tiles (&f, 1, VT_FILTER_NONE);
  g_autoptr (GskRenderNode) node = take (&f, 0, 0, 0, 0);
  close_tiles (&f);
  cairo_surface_t *image = draw (&f, node);
  check_uniform (&f, image, 0);
  cairo_surface_destroy (image);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gtk_init_check (); /* Nodes need no display, but their types. */
  g_test_add_func ("/console/tiles/seams", test_seams);
  g_test_add_func ("/console/tiles/damage", test_damage);
  g_test_add_func ("/console/tiles/outlived", test_outlived);
  return g_test_run ();
}
