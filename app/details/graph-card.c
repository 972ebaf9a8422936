/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "graph-card.h"

#include <adwaita.h>
#include <glib/gi18n.h>

struct _VtGraphCard {
  GtkBox parent_instance;
  GtkLabel *title_label, *end_label;
  VtGraph *graph;
  GtkBox *legend;
  VtUnit unit;
  guint n_lines;
  char *names[VT_GRAPH_LINES];
  GtkLabel *labels[VT_GRAPH_LINES];
};

G_DEFINE_FINAL_TYPE (VtGraphCard, vt_graph_card, GTK_TYPE_BOX)

/* A short line in the color of the graph's. */
static void
draw_mark (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  GdkRGBA color;
  guint line = GPOINTER_TO_UINT (data);
  vt_graph_get_color (GTK_WIDGET (area), line, &color);
  gdk_cairo_set_source_rgba (cr, &color);
  if (line > 0)
    cairo_set_dash (cr, (const double[]){ 5, 3 }, 2, 0);
  cairo_set_line_width (cr, 3);
  cairo_move_to (cr, 0, height / 2.0);
  cairo_line_to (cr, width, height / 2.0);
  cairo_stroke (cr);
}

static void
add_line (VtGraphCard *self, guint line, const char *name, gboolean alone)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6), *label = gtk_label_new (NULL);
  if (!alone) {
    GtkWidget *mark = gtk_drawing_area_new ();
    gtk_drawing_area_set_content_width (GTK_DRAWING_AREA (mark), 13);
    gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (mark), draw_mark, GUINT_TO_POINTER (line), NULL);
    g_signal_connect_object (adw_style_manager_get_default (), "notify::dark",
                             G_CALLBACK (gtk_widget_queue_draw), mark, G_CONNECT_SWAPPED);
    gtk_box_append (GTK_BOX (box), mark);
  }
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_add_css_class (label, "numeric");
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (self->legend, box);
  self->labels[line] = GTK_LABEL (label);
  self->names[line] = g_strdup (name);
}

/* The values as a sentence, for those who hear the graph. */
static void
describe (VtGraphCard *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint line = 0; line < self->n_lines; line++)
    g_string_append_printf (text, "%s%s", line ? ", " : "", gtk_label_get_text (self->labels[line]));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->graph), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  text->str, -1);
}

static gboolean
show_value (VtGraphCard *self, guint line, char *value)
{
  g_autofree char *held = value;
  g_autofree char *text =
      *self->names[line] ? g_strdup_printf ("%s %s", self->names[line], value) : g_strdup (value);
  if (g_str_equal (gtk_label_get_text (self->labels[line]), text))
    return FALSE;
  gtk_label_set_text (self->labels[line], text);
  return TRUE;
}

static void
show_end (VtGraphCard *self)
{
  g_autofree char *text = vt_unit_text (self->unit, vt_graph_get_end (self->graph));
  if (!g_str_equal (gtk_label_get_text (self->end_label), text))
    gtk_label_set_text (self->end_label, text);
}

void
vt_graph_card_setup (VtGraphCard *self, const char *title, VtUnit unit, const char *const *lines)
{
  self->unit = unit;
  self->n_lines = MIN (g_strv_length ((char **)lines), VT_GRAPH_LINES);
  gtk_label_set_text (self->title_label, title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->graph), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  for (guint line = 0; line < self->n_lines; line++)
    add_line (self, line, lines[line], self->n_lines == 1);
  gtk_box_set_homogeneous (self->legend, TRUE);
  vt_graph_card_clear (self);
}

void
vt_graph_card_set_least (VtGraphCard *self, double least)
{
  vt_graph_set_axis (self->graph, self->unit, least);
  show_end (self);
}

void
vt_graph_card_add (VtGraphCard *self, gint64 time, const double *values)
{
  gboolean changed = FALSE;
  vt_graph_add (self->graph, time, values, self->n_lines);
  for (guint line = 0; line < self->n_lines; line++)
    changed |= show_value (self, line, vt_unit_text (self->unit, values[line]));
  if (changed)
    describe (self);
  show_end (self);
}

void
vt_graph_card_clear (VtGraphCard *self)
{
  vt_graph_clear (self->graph);
  for (guint line = 0; line < self->n_lines; line++)
    show_value (self, line, g_strdup ("–"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->graph), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  _ ("No values yet"), -1);
  show_end (self);
}

static void
dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_GRAPH_CARD);
  G_OBJECT_CLASS (vt_graph_card_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  VtGraphCard *self = VT_GRAPH_CARD (object);
  for (guint line = 0; line < VT_GRAPH_LINES; line++)
    g_free (self->names[line]);
  G_OBJECT_CLASS (vt_graph_card_parent_class)->finalize (object);
}

static void
vt_graph_card_class_init (VtGraphCardClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  G_OBJECT_CLASS (class)->finalize = finalize;
  g_type_ensure (VT_TYPE_GRAPH);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/graph-card.ui");
  gtk_widget_class_bind_template_child (widget_class, VtGraphCard, title_label);
  gtk_widget_class_bind_template_child (widget_class, VtGraphCard, end_label);
  gtk_widget_class_bind_template_child (widget_class, VtGraphCard, graph);
  gtk_widget_class_bind_template_child (widget_class, VtGraphCard, legend);
}

static void
vt_graph_card_init (VtGraphCard *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
