/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "graph.h"

#include <adwaita.h>

#define MIN_HEIGHT 112
#define GRID_LINES 4

struct _VtGraph {
  GtkWidget parent_instance;
  VtSamples lines[VT_GRAPH_LINES];
  guint n_lines;
  VtUnit unit;
  double least, end;
};

G_DEFINE_FINAL_TYPE (VtGraph, vt_graph, GTK_TYPE_WIDGET)

/* The person's accent, and next to it one that differs in lightness, too: colors alone tell nothing to many.
 */
void
vt_graph_get_color (GtkWidget *widget, guint line, GdkRGBA *ret)
{
  AdwStyleManager *style = adw_style_manager_get_for_display (gtk_widget_get_display (widget));
  g_autoptr (GdkRGBA) accent = adw_style_manager_get_accent_color_rgba (style);
  gboolean dark = adw_style_manager_get_dark (style);
  if (line == 0) {
    adw_rgba_to_standalone (accent, dark, ret);
    return;
  }
  AdwAccentColor other = adw_style_manager_get_accent_color (style) == ADW_ACCENT_COLOR_ORANGE
                             ? ADW_ACCENT_COLOR_BLUE
                             : ADW_ACCENT_COLOR_ORANGE;
  adw_accent_color_to_standalone_rgba (other, dark, ret);
}

static void
draw_grid (VtGraph *self, GtkSnapshot *snapshot, float width, float height)
{
  GdkRGBA color;
  gtk_widget_get_color (GTK_WIDGET (self), &color);
  color.alpha *= 0.12f;
  for (int i = 0; i <= GRID_LINES; i++) {
    float y = (float)i * (height - 1) / GRID_LINES;
    gtk_snapshot_append_color (snapshot, &color, &GRAPHENE_RECT_INIT (0, (float)(int)y, width, 1));
  }
}

static graphene_point_t
place_of (VtGraph *self, const VtSamples *samples, guint index, float width, float height)
{
  const VtSample *sample = vt_samples_get (samples, index);
  float x = (float)vt_samples_position (samples, sample->time) * width;
  if (gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL)
    x = width - x;
  return GRAPHENE_POINT_INIT (x, (height - 2) * (float)(1 - MIN (sample->value / self->end, 1)) + 1);
}

static void
draw_line (VtGraph *self, guint line, GtkSnapshot *snapshot, float width, float height)
{
  const VtSamples *samples = &self->lines[line];
  if (samples->n < 2)
    return;
  GskPathBuilder *area = gsk_path_builder_new (), *edge = gsk_path_builder_new ();
  graphene_point_t first = place_of (self, samples, 0, width, height), point = first;
  gsk_path_builder_move_to (area, first.x, height);
  gsk_path_builder_line_to (area, first.x, first.y);
  gsk_path_builder_move_to (edge, first.x, first.y);
  for (guint i = 1; i < samples->n; i++) {
    point = place_of (self, samples, i, width, height);
    gsk_path_builder_line_to (area, point.x, point.y);
    gsk_path_builder_line_to (edge, point.x, point.y);
  }
  gsk_path_builder_line_to (area, point.x, height);
  gsk_path_builder_close (area);
  g_autoptr (GskPath) area_path = gsk_path_builder_free_to_path (area),
                      edge_path = gsk_path_builder_free_to_path (edge);
  g_autoptr (GskStroke) stroke = gsk_stroke_new (2);
  GdkRGBA color;
  vt_graph_get_color (GTK_WIDGET (self), line, &color);
  gsk_stroke_set_line_join (stroke, GSK_LINE_JOIN_ROUND);
  if (line > 0)
    gsk_stroke_set_dash (stroke, (const float[]){ 5, 3 }, 2);
  gtk_snapshot_append_stroke (snapshot, edge_path, stroke, &color);
  color.alpha *= 0.18f;
  gtk_snapshot_append_fill (snapshot, area_path, GSK_FILL_RULE_WINDING, &color);
}

static void
snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  VtGraph *self = VT_GRAPH (widget);
  float width = (float)gtk_widget_get_width (widget), height = (float)gtk_widget_get_height (widget);
  draw_grid (self, snapshot, width, height);
  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  for (guint line = 0; line < self->n_lines; line++)
    draw_line (self, line, snapshot, width, height);
  gtk_snapshot_pop (snapshot);
}

static void
measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
         int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_VERTICAL ? MIN_HEIGHT : 0;
}

static void
update_end (VtGraph *self)
{
  double max = 0;
  for (guint line = 0; line < self->n_lines; line++)
    max = MAX (max, vt_samples_max (&self->lines[line]));
  self->end = max <= self->least ? self->least : vt_axis_end (self->unit, max, self->least);
}

void
vt_graph_set_axis (VtGraph *self, VtUnit unit, double least)
{
  if (self->unit == unit && self->least >= least && self->least <= least)
    return;
  self->unit = unit;
  self->least = least;
  update_end (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
vt_graph_add (VtGraph *self, gint64 time, const double *values, guint n_values)
{
  gboolean same = n_values == self->n_lines;
  self->n_lines = MIN (n_values, VT_GRAPH_LINES);
  for (guint line = 0; line < self->n_lines; line++) {
    VtSamples *samples = &self->lines[line];
    /* A line that is flat from edge to edge stays as it is. */
    gboolean whole = samples->n > 2 && vt_samples_position (samples, vt_samples_get (samples, 0)->time) <= 0;
    gboolean flat = vt_samples_is_flat (samples);
    vt_samples_add (samples, time, values[line]);
    same = same && whole && flat && vt_samples_is_flat (samples);
  }
  if (same)
    return;
  update_end (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
vt_graph_clear (VtGraph *self)
{
  for (guint line = 0; line < VT_GRAPH_LINES; line++)
    vt_samples_clear (&self->lines[line]);
  update_end (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

double
vt_graph_get_end (VtGraph *self)
{
  return self->end;
}

static void
vt_graph_class_init (VtGraphClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  widget_class->snapshot = snapshot;
  widget_class->measure = measure;
  gtk_widget_class_set_css_name (widget_class, "graph");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
vt_graph_init (VtGraph *self)
{
  AdwStyleManager *style = adw_style_manager_get_default ();
  self->least = self->end = 1;
  g_signal_connect_object (style, "notify::dark", G_CALLBACK (gtk_widget_queue_draw), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (style, "notify::accent-color", G_CALLBACK (gtk_widget_queue_draw), self,
                           G_CONNECT_SWAPPED);
}
