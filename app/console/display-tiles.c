/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display-tiles.h"

#include <math.h>

/* Pixels of the picture. Smaller ones cost more nodes, larger ones more pixels that have not changed. */
enum { TILE_WIDTH = 512, TILE_HEIGHT = 128 };

typedef struct {
  guint8 *pixels; /* NULL: gone */
  int width, height, stride;
} Memory;

struct VtTiles {
  Memory *memory; /* shared with the nodes' patterns */
  int columns, rows;
  VtGeometry geometry; /* of the nodes */
  GskRenderNode *nodes[];
};

/* ---- The source of all nodes ----
 *
 * cairo would keep copies of an image surface, and not notice that it changes; a raster source is asked for
 * its pixels each time it is drawn. */

static cairo_surface_t *
acquire (cairo_pattern_t *pattern, void *data, cairo_surface_t *target, const cairo_rectangle_int_t *extents)
{
  const Memory *memory = data;
  return memory->pixels ? cairo_image_surface_create_for_data (memory->pixels, CAIRO_FORMAT_RGB24,
                                                               memory->width, memory->height, memory->stride)
                        : cairo_image_surface_create (CAIRO_FORMAT_RGB24, memory->width, memory->height);
}

static void
release (cairo_pattern_t *pattern, void *data, cairo_surface_t *surface)
{
  cairo_surface_destroy (surface);
}

static cairo_status_t
copy (cairo_pattern_t *pattern, void *data, const cairo_pattern_t *other)
{
  g_rc_box_acquire (data);
  return CAIRO_STATUS_SUCCESS;
}

static void
finish (cairo_pattern_t *pattern, void *data)
{
  g_rc_box_release (data);
}

static cairo_filter_t
cairo_filter (VtFilter filter)
{
  switch (filter) {
    case VT_FILTER_NONE:
    case VT_FILTER_NEAREST: return CAIRO_FILTER_NEAREST;
    case VT_FILTER_SMALL: return CAIRO_FILTER_GOOD;
    default: return CAIRO_FILTER_BILINEAR;
  }
}

static cairo_pattern_t *
new_source (VtTiles *self)
{
  const VtGeometry *g = &self->geometry;
  cairo_pattern_t *pattern = cairo_pattern_create_raster_source (
      g_rc_box_acquire (self->memory), CAIRO_CONTENT_COLOR, self->memory->width, self->memory->height);
  cairo_raster_source_pattern_set_acquire (pattern, acquire, release);
  cairo_raster_source_pattern_set_copy (pattern, copy);
  cairo_raster_source_pattern_set_finish (pattern, finish);
  cairo_matrix_t matrix;
  cairo_matrix_init_scale (&matrix, g->guest_width / g->width, g->guest_height / g->height);
  cairo_matrix_translate (&matrix, -g->x, -g->y);
  cairo_pattern_set_matrix (pattern, &matrix);
  cairo_pattern_set_filter (pattern, cairo_filter (g->filter));
  cairo_pattern_set_extend (pattern, CAIRO_EXTEND_PAD);
  return pattern;
}

/* ---- Tiles ---- */

/* A tile's edge lies between two device pixels, so that neighbours meet without a seam. */
static float
edge (double origin, int pixel, int pixels, double length, double scale)
{
  return (float)(origin + (pixel >= pixels ? length : round (pixel * length / pixels * scale) / scale));
}

static GskRenderNode *
new_node (VtTiles *self, cairo_pattern_t *source, int column, int row)
{
  const VtGeometry *g = &self->geometry;
  const float left = edge (g->x, column * TILE_WIDTH, g->guest_width, g->width, g->scale);
  const float right = edge (g->x, (column + 1) * TILE_WIDTH, g->guest_width, g->width, g->scale);
  const float top = edge (g->y, row * TILE_HEIGHT, g->guest_height, g->height, g->scale);
  const float bottom = edge (g->y, (row + 1) * TILE_HEIGHT, g->guest_height, g->height, g->scale);
  GskRenderNode *node = gsk_cairo_node_new (&GRAPHENE_RECT_INIT (left, top, right - left, bottom - top));
  cairo_t *cr = gsk_cairo_node_get_draw_context (node);
  cairo_set_operator (cr, CAIRO_OPERATOR_SOURCE);
  cairo_set_source (cr, source);
  cairo_paint (cr);
  cairo_destroy (cr);
  return node;
}

static void
drop_nodes (VtTiles *self, int left, int top, int right, int bottom)
{
  for (int row = MAX (top, 0); row < MIN (bottom, self->rows); row++)
    for (int column = MAX (left, 0); column < MIN (right, self->columns); column++)
      g_clear_pointer (&self->nodes[row * self->columns + column], gsk_render_node_unref);
}

/* A pixel shows in its neighbours as well where the picture is scaled. */
static void
drop_damaged (VtTiles *self, const cairo_region_t *damage)
{
  const int reach = self->geometry.filter == VT_FILTER_NONE ? 0 : 1 + (int)ceil (1 / self->geometry.factor);
  for (int i = 0; i < cairo_region_num_rectangles (damage); i++) {
    cairo_rectangle_int_t r;
    cairo_region_get_rectangle (damage, i, &r);
    drop_nodes (self, (r.x - reach) / TILE_WIDTH, (r.y - reach) / TILE_HEIGHT,
                (r.x + r.width + reach + TILE_WIDTH - 1) / TILE_WIDTH,
                (r.y + r.height + reach + TILE_HEIGHT - 1) / TILE_HEIGHT);
  }
}

static gboolean
stands_as (const VtGeometry *a, const VtGeometry *b)
{
  return a->x == b->x && a->y == b->y && a->width == b->width && a->height == b->height &&
         a->scale == b->scale && a->filter == b->filter;
}

void
vt_tiles_snapshot (VtTiles *self, GtkSnapshot *snapshot, const VtGeometry *geometry,
                   const cairo_region_t *damage)
{
  if (stands_as (geometry, &self->geometry)) {
    drop_damaged (self, damage);
  } else {
    drop_nodes (self, 0, 0, self->columns, self->rows);
    self->geometry = *geometry;
  }
  cairo_pattern_t *source = new_source (self);
  for (int i = 0; i < self->columns * self->rows; i++) {
    if (!self->nodes[i])
      self->nodes[i] = new_node (self, source, i % self->columns, i / self->columns);
    gtk_snapshot_append_node (snapshot, self->nodes[i]);
  }
  cairo_pattern_destroy (source);
}

VtTiles *
vt_tiles_new (const guint8 *pixels, int width, int height, int stride)
{
  const int columns = (width + TILE_WIDTH - 1) / TILE_WIDTH, rows = (height + TILE_HEIGHT - 1) / TILE_HEIGHT;
  VtTiles *self = g_malloc0 (sizeof *self + sizeof self->nodes[0] * (gsize)(columns * rows));
  self->memory = g_rc_box_new0 (Memory);
  /* cairo wants memory that could be written to, and does not. */
  *self->memory = (Memory){ (guint8 *)pixels, width, height, stride };
  self->columns = columns;
  self->rows = rows;
  return self;
}

void
vt_tiles_free (VtTiles *self)
{
  drop_nodes (self, 0, 0, self->columns, self->rows);
  self->memory->pixels = NULL;
  g_rc_box_release (self->memory);
  g_free (self);
}
