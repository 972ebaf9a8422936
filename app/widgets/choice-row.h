/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A combo row whose items have names of the engine's and labels for people. An item that cannot be had stays
 * in the list, and says why. */

#include <adwaita.h>

#define VT_TYPE_CHOICE_ROW (vt_choice_row_get_type ())
G_DECLARE_FINAL_TYPE (VtChoiceRow, vt_choice_row, VT, CHOICE_ROW, AdwComboRow)

/* Property "choice" (the chosen item's name, notified; NULL: nothing is chosen). */
GtkWidget *vt_choice_row_new (const char *title);
void vt_choice_row_clear (VtChoiceRow *row);
/* `reason`: why it cannot be had, or NULL. A name that is there already is left as it is. */
void vt_choice_row_add (VtChoiceRow *row, const char *name, const char *label, const char *reason);
const char *vt_choice_row_get (VtChoiceRow *row);
/* A name that is not among the items is added under itself: what a machine has must be shown. */
void vt_choice_row_set (VtChoiceRow *row, const char *name);
/* Why what is chosen cannot be had, or NULL. */
const char *vt_choice_row_get_reason (VtChoiceRow *row);
