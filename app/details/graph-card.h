/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A graph with its title, its values now as text, and how far its axis reaches. */

#include "graph.h"

#define VT_TYPE_GRAPH_CARD (vt_graph_card_get_type ())
G_DECLARE_FINAL_TYPE (VtGraphCard, vt_graph_card, VT, GRAPH_CARD, GtkBox)

/* Names of its lines, NULL-terminated; a single one may be "". */
void vt_graph_card_setup (VtGraphCard *card, const char *title, VtUnit unit, const char *const *lines);
void vt_graph_card_set_least (VtGraphCard *card, double least);
void vt_graph_card_add (VtGraphCard *card, gint64 time, const double *values);
void vt_graph_card_clear (VtGraphCard *card);
