/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A line below a row that says what is wrong with the row's value, or what is to be known of it. */

#include <adwaita.h>

#define VT_TYPE_REMARK_ROW (vt_remark_row_get_type ())
G_DECLARE_FINAL_TYPE (VtRemarkRow, vt_remark_row, VT, REMARK_ROW, AdwPreferencesRow)

typedef enum { VT_REMARK_NOTE, VT_REMARK_WARNING, VT_REMARK_ERROR } VtRemarkLevel;

/* Property "about" (construct only): the row it belongs to, or NULL. It stands right after it. */
GtkWidget *vt_remark_row_new (GtkWidget *about);
/* NULL or "": nothing is to be said, and it hides. New errors and warnings are announced to screen readers.
 */
void vt_remark_row_set (VtRemarkRow *row, VtRemarkLevel level, const char *text);
gboolean vt_remark_row_is_error (VtRemarkRow *row);
