/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One or two values over the last minute, as lines over filled areas. The newest is at the end of the line of
 * reading. */

#include "samples.h"

#include <gtk/gtk.h>

#define VT_TYPE_GRAPH (vt_graph_get_type ())
G_DECLARE_FINAL_TYPE (VtGraph, vt_graph, VT, GRAPH, GtkWidget)

#define VT_GRAPH_LINES 2

/* How far the axis reaches at least, and how it is rounded beyond. */
void vt_graph_set_axis (VtGraph *graph, VtUnit unit, double least);
/* It draws anew only if that makes another picture. */
void vt_graph_add (VtGraph *graph, gint64 time, const double *values, guint n_values);
void vt_graph_clear (VtGraph *graph);
double vt_graph_get_end (VtGraph *graph);
/* The color of a line in this widget's theme. */
void vt_graph_get_color (GtkWidget *widget, guint line, GdkRGBA *ret);
