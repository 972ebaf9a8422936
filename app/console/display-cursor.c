/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display-private.h"

#include <math.h>
#include <string.h>

enum { MAX_CURSOR = 1024 }; /* pixels a side */

/* ---- The picture the system draws at the pointer ---- */

typedef struct {
  GdkTexture *texture;
  int hot_x, hot_y;
  double factor, scale; /* as in VtGeometry */
} Shape;

static void
shape_free (gpointer data)
{
  Shape *shape = data;
  g_object_unref (shape->texture);
  g_free (shape);
}

/* The cursor is as much larger as the screen around it. */
static GdkTexture *
get_texture (GdkCursor *cursor, int size, double scale, int *width, int *height, int *hot_x, int *hot_y,
             gpointer data)
{
  const Shape *shape = data;
  const double units = shape->factor / shape->scale;
  const int texture_width = gdk_texture_get_width (shape->texture),
            texture_height = gdk_texture_get_height (shape->texture);
  *width = MAX (1, (int)round (texture_width * units));
  *height = MAX (1, (int)round (texture_height * units));
  *hot_x = CLAMP ((int)floor (shape->hot_x * units), 0, *width - 1);
  *hot_y = CLAMP ((int)floor (shape->hot_y * units), 0, *height - 1);
  const int device_width = (int)round (*width * scale), device_height = (int)round (*height * scale);
  if (device_width == texture_width && device_height == texture_height)
    return g_object_ref (shape->texture);
  cairo_surface_t *small = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, texture_width, texture_height);
  cairo_surface_t *large = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, device_width, device_height);
  gdk_texture_download (shape->texture, cairo_image_surface_get_data (small),
                        (gsize)cairo_image_surface_get_stride (small));
  cairo_surface_mark_dirty (small);
  cairo_t *cr = cairo_create (large);
  cairo_scale (cr, (double)device_width / texture_width, (double)device_height / texture_height);
  cairo_set_source_surface (cr, small, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_GOOD);
  cairo_paint (cr);
  cairo_destroy (cr);
  cairo_surface_flush (large);
  const gsize stride = (gsize)cairo_image_surface_get_stride (large);
  g_autoptr (GBytes) bytes =
      g_bytes_new (cairo_image_surface_get_data (large), stride * (gsize)device_height);
  cairo_surface_destroy (small);
  cairo_surface_destroy (large);
  return gdk_memory_texture_new (device_width, device_height, GDK_MEMORY_DEFAULT, bytes, stride);
}

static GdkCursor *
make_cursor (VtDisplay *self)
{
  VtGeometry geometry;
  if (self->lock || self->cursor_hidden)
    return gdk_cursor_new_from_name ("none", NULL);
  if (!self->cursor_texture || !vt_session_takes_positions (self->session) ||
      !vt_display_geometry (self, &geometry))
    return NULL;
  g_autoptr (GdkCursor) fallback = gdk_cursor_new_from_name ("default", NULL);
  if (fabs (geometry.factor / geometry.scale - 1) < 0.01)
    return gdk_cursor_new_from_texture (self->cursor_texture, self->hot_x, self->hot_y, fallback);
  Shape *shape = g_new (Shape, 1);
  *shape = (Shape){ g_object_ref (self->cursor_texture), self->hot_x, self->hot_y, geometry.factor,
                    geometry.scale };
  return gdk_cursor_new_from_callback (get_texture, shape, shape_free, fallback);
}

void
vt_display_cursor_update (VtDisplay *self)
{
  g_autoptr (GdkCursor) cursor = make_cursor (self);
  gtk_widget_set_cursor (GTK_WIDGET (self), cursor);
}

/* ---- The picture we draw where the guest has its pointer ---- */

void
vt_display_cursor_snapshot (VtDisplay *self, GtkSnapshot *snapshot, const VtGeometry *geometry)
{
  if (!self->cursor_texture || self->cursor_hidden || vt_session_takes_positions (self->session))
    return;
  double x, y;
  vt_geometry_from_guest (geometry, self->cursor_x - self->hot_x, self->cursor_y - self->hot_y, &x, &y);
  const float units = (float)(geometry->factor / geometry->scale);
  const graphene_rect_t bounds =
      GRAPHENE_RECT_INIT ((float)x, (float)y, units * (float)gdk_texture_get_width (self->cursor_texture),
                          units * (float)gdk_texture_get_height (self->cursor_texture));
  gtk_snapshot_append_texture (snapshot, self->cursor_texture, &bounds);
}

static void
redraw (VtDisplay *self)
{
  if (!vt_session_takes_positions (self->session))
    gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* ---- The channel ---- */

static void
on_shape (VtDisplay *self)
{
  SpiceCursorShape *shape = NULL;
  g_object_get (self->cursor, "cursor", &shape, NULL);
  g_clear_object (&self->cursor_texture);
  self->cursor_hidden = FALSE;
  if (shape && shape->data && shape->width && shape->height && shape->width <= MAX_CURSOR &&
      shape->height <= MAX_CURSOR) {
    const gsize stride = 4 * (gsize)shape->width;
    g_autoptr (GBytes) bytes = g_bytes_new (shape->data, stride * shape->height);
    self->cursor_texture = gdk_memory_texture_new (shape->width, shape->height,
                                                   GDK_MEMORY_R8G8B8A8_PREMULTIPLIED, bytes, stride);
    self->hot_x = MIN (shape->hot_spot_x, shape->width - 1);
    self->hot_y = MIN (shape->hot_spot_y, shape->height - 1);
  }
  if (shape)
    g_boxed_free (SPICE_TYPE_CURSOR_SHAPE, shape);
  vt_display_cursor_update (self);
  redraw (self);
}

static void
on_move (SpiceCursorChannel *channel, int x, int y, VtDisplay *self)
{
  self->cursor_x = x;
  self->cursor_y = y;
  redraw (self);
}

static void
on_hide (SpiceCursorChannel *channel, VtDisplay *self)
{
  self->cursor_hidden = TRUE;
  vt_display_cursor_update (self);
  redraw (self);
}

static void
on_reset (SpiceCursorChannel *channel, VtDisplay *self)
{
  g_clear_object (&self->cursor_texture);
  self->cursor_hidden = FALSE;
  vt_display_cursor_update (self);
  redraw (self);
}

void
vt_display_cursor_attach (VtDisplay *self, SpiceCursorChannel *channel)
{
  if (self->cursor == channel)
    return;
  if (self->cursor)
    g_signal_handlers_disconnect_by_data (self->cursor, self);
  g_clear_object (&self->cursor_texture);
  self->cursor_hidden = FALSE;
  g_set_object (&self->cursor, channel);
  if (!channel)
    return;
  g_signal_connect_swapped (channel, "notify::cursor", G_CALLBACK (on_shape), self);
  g_signal_connect (channel, "cursor-move", G_CALLBACK (on_move), self);
  g_signal_connect (channel, "cursor-hide", G_CALLBACK (on_hide), self);
  g_signal_connect (channel, "cursor-reset", G_CALLBACK (on_reset), self);
  on_shape (self);
}
