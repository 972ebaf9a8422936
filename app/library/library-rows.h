/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What makes the list's rows and the names of the groups above them. */

#include <gtk/gtk.h>

/* `chosen` (gpointer data) is called when a row is clicked; `data` must outlive the list. */
GtkListItemFactory *vt_library_row_factory_new (GListModel *machines, GCallback chosen, gpointer data);
GtkListItemFactory *vt_library_header_factory_new (void);
