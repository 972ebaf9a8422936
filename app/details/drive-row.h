/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One of the machine's optical drives: what is in it, and buttons and a place to drop an image to change
 * that, also while the machine runs. */

#include "settings-editor.h"

#include <adwaita.h>

#define VT_TYPE_DRIVE_ROW (vt_drive_row_get_type ())
G_DECLARE_FINAL_TYPE (VtDriveRow, vt_drive_row, VT, DRIVE_ROW, AdwActionRow)

GtkWidget *vt_drive_row_new (VtSettingsEditor *editor, const char *id);
