/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The machines as the list shows them: searched, in groups, sorted, and kept so when they change. */

#include "machine.h"

#include <gtk/gtk.h>

#define VT_TYPE_LIBRARY_LIST (vt_library_list_get_type ())
G_DECLARE_FINAL_TYPE (VtLibraryList, vt_library_list, VT, LIBRARY_LIST, GObject)

/* Property "grouped": a machine is in a group. */
VtLibraryList *vt_library_list_new (GListModel *machines);
GListModel *vt_library_list_get_model (VtLibraryList *list); /* with sections */
/* Machines whose name, system, group or architecture has all words of it. */
void vt_library_list_set_search (VtLibraryList *list, const char *text);
/* "name", "state" or "recent". */
void vt_library_list_set_order (VtLibraryList *list, const char *order);
gboolean vt_library_list_is_grouped (VtLibraryList *list);
