/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display-private.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

enum {
  SIZE_DELAY = 300,    /* ms: a window that is being resized asks the guest once it rests */
  MAX_RECTANGLES = 32, /* of damage; beyond, one around them all is cheaper */
  MAX_SIDE = 16384,    /* pixels */
  BAND = 512 * 1024,   /* bytes: larger areas come in bands of that size, and a last one that is smaller */
  BAND_DELAY = 20,     /* ms: the next one should be there much sooner */
};

enum { PROP_FIT = 1, PROP_RESIZE_GUEST, PROP_CAPTURED, PROP_LOCKED, PROP_PICTURE, N_PROPS };
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VtDisplay, vt_display, GTK_TYPE_WIDGET)

void
vt_display_notify_captured (VtDisplay *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CAPTURED]);
}

void
vt_display_notify_locked (VtDisplay *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOCKED]);
}

/* ---- The picture ---- */

static void
drop_picture (VtDisplay *self)
{
  const gboolean had = self->canvas != NULL;
  self->canvas = NULL;
  self->width = self->height = 0;
  g_clear_pointer (&self->pixels, g_bytes_unref);
  g_clear_object (&self->texture);
  g_clear_pointer (&self->tiles, vt_tiles_free);
  g_clear_handle_id (&self->band_timer, g_source_remove);
  g_clear_pointer (&self->damage, cairo_region_destroy);
  gtk_widget_queue_resize (GTK_WIDGET (self));
  gtk_widget_queue_draw (GTK_WIDGET (self));
  if (had)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PICTURE]);
}

static int
bytes_per_pixel (int format)
{
  switch (format) {
    case SPICE_SURFACE_FMT_32_xRGB:
    case SPICE_SURFACE_FMT_32_ARGB: return 4;
    case SPICE_SURFACE_FMT_16_555:
    case SPICE_SURFACE_FMT_16_565: return 2;
    default: return 0;
  }
}

static void
on_primary (SpiceDisplayChannel *channel, int format, int width, int height, int stride, int shmid,
            const guint8 *data, VtDisplay *self)
{
  drop_picture (self);
  const int bytes = bytes_per_pixel (format);
  if (!data || !bytes || width <= 0 || height <= 0 || width > MAX_SIDE || height > MAX_SIDE ||
      ABS (stride) < bytes * width)
    return;
  self->format = format;
  self->width = width;
  self->height = height;
  self->stride = stride;
  self->canvas = data;
  self->damage = cairo_region_create ();
  self->sent_x = self->sent_y = -1;
  gtk_widget_queue_resize (GTK_WIDGET (self));
  gtk_widget_queue_draw (GTK_WIDGET (self));
  vt_display_cursor_update (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PICTURE]);
}

static void
on_primary_gone (SpiceDisplayChannel *channel, VtDisplay *self)
{
  drop_picture (self);
}

static gboolean
on_band_timer (gpointer data)
{
  VtDisplay *self = data;
  self->band_timer = 0;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  return G_SOURCE_REMOVE;
}

/* What belongs together is shown together: while more of it is to come, nothing is drawn. */
static void
draw_soon (VtDisplay *self, gboolean more_comes)
{
  if (more_comes && !self->band_timer) {
    self->band_timer = g_timeout_add (BAND_DELAY, on_band_timer, self);
  } else if (!more_comes) {
    g_clear_handle_id (&self->band_timer, g_source_remove);
    gtk_widget_queue_draw (GTK_WIDGET (self));
  }
}

static void
on_invalidate (SpiceDisplayChannel *channel, int x, int y, int width, int height, VtDisplay *self)
{
  if (!self->canvas)
    return;
  const cairo_rectangle_int_t all = { 0, 0, self->width, self->height };
  cairo_rectangle_int_t area;
  if (!gdk_rectangle_intersect (&(GdkRectangle){ x, y, width, height }, &all, &area))
    return;
  cairo_region_union_rectangle (self->damage, &area);
  if (cairo_region_num_rectangles (self->damage) > MAX_RECTANGLES) {
    cairo_region_get_extents (self->damage, &area);
    cairo_region_union_rectangle (self->damage, &area);
  }
  const gboolean more_comes = 4 * width * (height + 1) > BAND;
  draw_soon (self, more_comes);
  if (!more_comes)
    g_debug ("the picture changed, the last of it at %i,%i to %i,%i", x, y, x + width, y + height);
}

static guint32
from_16 (guint16 pixel, int format)
{
  const guint32 blue = pixel & 0x1f;
  guint32 green, red;
  if (format == SPICE_SURFACE_FMT_16_565) {
    green = pixel >> 5 & 0x3f;
    green = green << 2 | green >> 4;
    red = pixel >> 11;
  } else {
    green = pixel >> 5 & 0x1f;
    green = green << 3 | green >> 2;
    red = pixel >> 10 & 0x1f;
  }
  return (red << 3 | red >> 2) << 16 | green << 8 | blue << 3 | blue >> 2;
}

static void
copy_area (VtDisplay *self, guint32 *to, const cairo_rectangle_int_t *area)
{
  const int bytes = bytes_per_pixel (self->format);
  for (int y = area->y; y < area->y + area->height; y++) {
    const guint8 *from = self->canvas + (gssize)y * self->stride + (gssize)area->x * bytes;
    guint32 *row = to + (gsize)y * (gsize)self->width + area->x;
    if (bytes == 4) {
      memcpy (row, from, 4 * (gsize)area->width);
      continue;
    }
    for (int x = 0; x < area->width; x++)
      row[x] = from_16 (((const guint16 *)from)[x], self->format);
  }
}

static GBytes *
copy_all (VtDisplay *self)
{
  const gsize size = 4 * (gsize)self->width * (gsize)self->height;
  guint32 *to = g_malloc (size);
  copy_area (self, to, &(cairo_rectangle_int_t){ 0, 0, self->width, self->height });
  return g_bytes_new_take (to, size);
}

static GdkTexture *
new_texture (VtDisplay *self, GBytes *pixels)
{
  return gdk_memory_texture_new (self->width, self->height,
                                 G_BYTE_ORDER == G_LITTLE_ENDIAN ? GDK_MEMORY_B8G8R8X8 : GDK_MEMORY_X8R8G8B8,
                                 pixels, 4 * (gsize)self->width);
}

/* Every texture of a picture shares the copy's memory: GTK looks into the newest only, and takes from the
 * older ones no more than what differs. */
static GdkTexture *
next_texture (VtDisplay *self)
{
  g_autoptr (GdkMemoryTextureBuilder) builder = gdk_memory_texture_builder_new ();
  gdk_memory_texture_builder_set_bytes (builder, self->pixels);
  gdk_memory_texture_builder_set_stride (builder, 4 * (gsize)self->width);
  gdk_memory_texture_builder_set_width (builder, self->width);
  gdk_memory_texture_builder_set_height (builder, self->height);
  gdk_memory_texture_builder_set_format (builder, gdk_texture_get_format (self->texture));
  gdk_memory_texture_builder_set_update_texture (builder, self->texture);
  gdk_memory_texture_builder_set_update_region (builder, self->damage);
  return gdk_memory_texture_builder_build (builder);
}

static void
forget_damage (VtDisplay *self)
{
  cairo_region_destroy (self->damage);
  self->damage = cairo_region_create ();
}

/* Brings copy and texture up to date. */
static void
update_texture (VtDisplay *self)
{
  g_autoptr (GdkTexture) texture = NULL;
  cairo_rectangle_int_t area;
  if (!self->texture) {
    self->pixels = copy_all (self);
    texture = new_texture (self, self->pixels);
  } else if (!cairo_region_is_empty (self->damage)) {
    for (int i = 0; i < cairo_region_num_rectangles (self->damage); i++) {
      cairo_region_get_rectangle (self->damage, i, &area);
      copy_area (self, (guint32 *)g_bytes_get_data (self->pixels, NULL), &area);
    }
    texture = next_texture (self);
  } else {
    return;
  }
  g_set_object (&self->texture, texture);
  forget_damage (self);
}

GdkTexture *
vt_display_copy_picture (VtDisplay *self)
{
  if (!self->canvas)
    return NULL;
  g_autoptr (GBytes) pixels = copy_all (self);
  return new_texture (self, pixels);
}

/* ---- Drawing ---- */

static double
device_scale (VtDisplay *self)
{
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (self));
  GdkSurface *surface = native ? gtk_native_get_surface (native) : NULL;
  return surface ? gdk_surface_get_scale (surface) : gtk_widget_get_scale_factor (GTK_WIDGET (self));
}

gboolean
vt_display_geometry (VtDisplay *self, VtGeometry *geometry)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkNative *native = gtk_widget_get_native (widget);
  graphene_point_t origin = { 0, 0 };
  double shift_x = 0, shift_y = 0;
  if (native) {
    gtk_native_get_surface_transform (native, &shift_x, &shift_y);
    if (!gtk_widget_compute_point (widget, GTK_WIDGET (native), &origin, &origin))
      origin = GRAPHENE_POINT_INIT (0, 0);
  }
  return vt_geometry_compute (geometry, self->width, self->height, gtk_widget_get_width (widget),
                              gtk_widget_get_height (widget), device_scale (self), shift_x + origin.x,
                              shift_y + origin.y, self->fit);
}

static void
append_texture (VtDisplay *self, GtkSnapshot *snapshot, const VtGeometry *geometry)
{
  update_texture (self);
  const graphene_rect_t bounds = GRAPHENE_RECT_INIT ((float)geometry->x, (float)geometry->y,
                                                     (float)geometry->width, (float)geometry->height);
  switch (geometry->filter) {
    case VT_FILTER_NEAREST:
      /* In device pixels, since GTK would make it that large in its own units, and that larger by smooth
       * scaling. */
      gtk_snapshot_save (snapshot);
      gtk_snapshot_translate (snapshot, &bounds.origin);
      gtk_snapshot_scale (snapshot, (float)(1 / geometry->scale), (float)(1 / geometry->scale));
      gtk_snapshot_append_scaled_texture (snapshot, self->texture, GSK_SCALING_FILTER_NEAREST,
                                          &GRAPHENE_RECT_INIT (0, 0,
                                                               (float)(geometry->width * geometry->scale),
                                                               (float)(geometry->height * geometry->scale)));
      gtk_snapshot_restore (snapshot);
      break;
    case VT_FILTER_SMALL:
      gtk_snapshot_append_scaled_texture (snapshot, self->texture, GSK_SCALING_FILTER_TRILINEAR, &bounds);
      break;
    default: gtk_snapshot_append_texture (snapshot, self->texture, &bounds);
  }
}

static gboolean
wants_tiles (VtDisplay *self)
{
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (self));
  return native && GSK_IS_CAIRO_RENDERER (gtk_native_get_renderer (native)) &&
         bytes_per_pixel (self->format) == 4 && self->stride > 0;
}

static void
append_picture (VtDisplay *self, GtkSnapshot *snapshot, const VtGeometry *geometry)
{
  if (!wants_tiles (self)) {
    g_clear_pointer (&self->tiles, vt_tiles_free);
    append_texture (self, snapshot, geometry);
    return;
  }
  g_clear_object (&self->texture);
  g_clear_pointer (&self->pixels, g_bytes_unref);
  if (!self->tiles)
    self->tiles = vt_tiles_new (self->canvas, self->width, self->height, self->stride);
  vt_tiles_snapshot (self->tiles, snapshot, geometry, self->damage);
  forget_damage (self);
}

static void
snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  VtDisplay *self = VT_DISPLAY (widget);
  VtGeometry geometry;
  const graphene_rect_t all =
      GRAPHENE_RECT_INIT (0, 0, (float)gtk_widget_get_width (widget), (float)gtk_widget_get_height (widget));
  if (!self->canvas || !vt_display_geometry (self, &geometry))
    return;
  gtk_snapshot_push_clip (snapshot, &all);
  append_picture (self, snapshot, &geometry);
  vt_display_cursor_snapshot (self, snapshot, &geometry);
  gtk_snapshot_pop (snapshot);
}

static void
measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
         int *minimum_baseline, int *natural_baseline)
{
  VtDisplay *self = VT_DISPLAY (widget);
  const int pixels = orientation == GTK_ORIENTATION_HORIZONTAL ? self->width : self->height;
  const int units = (int)ceil (pixels / device_scale (self));
  *natural = MAX (1, units);
  *minimum = self->fit ? 1 : *natural;
}

/* ---- The guest's size ---- */

static gboolean
on_size_timer (gpointer data)
{
  VtDisplay *self = data;
  self->size_timer = 0;
  /* In a viewport of a fixed size; what is beyond is scrolled to. */
  GtkWidget *room = gtk_widget_get_ancestor (GTK_WIDGET (self), GTK_TYPE_SCROLLED_WINDOW);
  if (!room)
    room = GTK_WIDGET (self);
  const double scale = device_scale (self);
  const int width = (int)floor (gtk_widget_get_width (room) * scale);
  const int height = (int)floor (gtk_widget_get_height (room) * scale);
  if (!self->resize_guest || !gtk_widget_get_mapped (GTK_WIDGET (self)) || width <= 0 || height <= 0 ||
      !vt_session_has_agent (self->session) || (width == self->asked_width && height == self->asked_height))
    return G_SOURCE_REMOVE;
  self->asked_width = width;
  self->asked_height = height;
  vt_session_request_size (self->session, self->screen, width, height);
  return G_SOURCE_REMOVE;
}

static void
request_size (VtDisplay *self)
{
  g_clear_handle_id (&self->size_timer, g_source_remove);
  if (self->resize_guest)
    self->size_timer = g_timeout_add (SIZE_DELAY, on_size_timer, self);
}

static void
size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  VtDisplay *self = VT_DISPLAY (widget);
  vt_display_cursor_update (self);
  request_size (self);
}

/* ---- Channels ---- */

static void
attach_channel (VtDisplay *self, SpiceDisplayChannel *channel)
{
  if (self->channel == channel)
    return;
  if (self->channel)
    g_signal_handlers_disconnect_by_data (self->channel, self);
  drop_picture (self);
  self->asked_width = self->asked_height = 0;
  if (!g_set_object (&self->channel, channel) || !channel)
    return;
  g_signal_connect (channel, "display-primary-create", G_CALLBACK (on_primary), self);
  g_signal_connect (channel, "display-primary-destroy", G_CALLBACK (on_primary_gone), self);
  g_signal_connect (channel, "display-invalidate", G_CALLBACK (on_invalidate), self);
  SpiceDisplayPrimary primary;
  if (spice_display_channel_get_primary (SPICE_CHANNEL (channel), 0, &primary))
    on_primary (channel, (int)primary.format, primary.width, primary.height, primary.stride, primary.shmid,
                primary.data, self);
}

static void
on_session_changed (VtDisplay *self)
{
  attach_channel (self, vt_session_get_screen (self->session, self->screen));
  vt_display_cursor_attach (self, vt_session_get_cursor (self->session, self->screen));
  vt_display_input_session (self);
  vt_display_cursor_update (self);
  if (vt_session_has_agent (self->session) && !self->asked_width)
    request_size (self);
}

/* ---- The widget ---- */

static void
root (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (vt_display_parent_class)->root (widget);
  vt_display_input_root (VT_DISPLAY (widget));
}

static void
unroot (GtkWidget *widget)
{
  vt_display_input_unroot (VT_DISPLAY (widget));
  GTK_WIDGET_CLASS (vt_display_parent_class)->unroot (widget);
}

static void
unmap (GtkWidget *widget)
{
  vt_display_release (VT_DISPLAY (widget));
  GTK_WIDGET_CLASS (vt_display_parent_class)->unmap (widget);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VtDisplay *self = VT_DISPLAY (object);
  switch (id) {
    case PROP_FIT: g_value_set_boolean (value, self->fit); break;
    case PROP_RESIZE_GUEST: g_value_set_boolean (value, self->resize_guest); break;
    case PROP_CAPTURED: g_value_set_boolean (value, self->captured); break;
    case PROP_LOCKED: g_value_set_boolean (value, self->lock != NULL); break;
    case PROP_PICTURE: g_value_set_boolean (value, self->canvas != NULL); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VtDisplay *self = VT_DISPLAY (object);
  switch (id) {
    case PROP_FIT:
      self->fit = g_value_get_boolean (value);
      gtk_widget_queue_resize (GTK_WIDGET (self));
      gtk_widget_queue_draw (GTK_WIDGET (self));
      vt_display_cursor_update (self);
      break;
    case PROP_RESIZE_GUEST:
      self->resize_guest = g_value_get_boolean (value);
      self->asked_width = self->asked_height = 0;
      request_size (self);
      break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
dispose (GObject *object)
{
  VtDisplay *self = VT_DISPLAY (object);
  g_clear_handle_id (&self->size_timer, g_source_remove);
  if (self->session) {
    g_signal_handlers_disconnect_by_data (self->session, self);
    vt_display_release (self);
    attach_channel (self, NULL);
    vt_display_cursor_attach (self, NULL);
  }
  g_clear_object (&self->session);
  G_OBJECT_CLASS (vt_display_parent_class)->dispose (object);
}

GtkWidget *
vt_display_new (VtSession *session, guint screen)
{
  VtDisplay *self = g_object_new (VT_TYPE_DISPLAY, NULL);
  self->session = g_object_ref (session);
  self->screen = screen;
  g_signal_connect_swapped (session, "changed", G_CALLBACK (on_session_changed), self);
  on_session_changed (self);
  return GTK_WIDGET (self);
}

gboolean
vt_display_is_captured (VtDisplay *self)
{
  return self->captured;
}

static void
vt_display_class_init (VtDisplayClass *class)
{
  GObjectClass *object = G_OBJECT_CLASS (class);
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (class);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  object->get_property = get_property;
  object->set_property = set_property;
  object->dispose = dispose;
  widget->snapshot = snapshot;
  widget->measure = measure;
  widget->size_allocate = size_allocate;
  widget->root = root;
  widget->unroot = unroot;
  widget->unmap = unmap;
  props[PROP_FIT] = g_param_spec_boolean ("fit", NULL, NULL, TRUE, readable | G_PARAM_WRITABLE);
  props[PROP_RESIZE_GUEST] =
      g_param_spec_boolean ("resize-guest", NULL, NULL, TRUE, readable | G_PARAM_WRITABLE);
  props[PROP_CAPTURED] = g_param_spec_boolean ("captured", NULL, NULL, FALSE, readable);
  props[PROP_LOCKED] = g_param_spec_boolean ("locked", NULL, NULL, FALSE, readable);
  props[PROP_PICTURE] = g_param_spec_boolean ("picture", NULL, NULL, FALSE, readable);
  g_object_class_install_properties (object, N_PROPS, props);
  gtk_widget_class_set_css_name (widget, "vtdisplay");
  /* Screen readers leave the keys to it. */
  gtk_widget_class_set_accessible_role (widget, GTK_ACCESSIBLE_ROLE_APPLICATION);
}

static void
vt_display_init (VtDisplay *self)
{
  self->fit = self->resize_guest = TRUE;
  self->sent_x = self->sent_y = -1;
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Screen of the machine"), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  _ ("Keys go to the machine. Ctrl+Alt gives them back to this window."), -1);
  vt_display_input_init (self);
}
