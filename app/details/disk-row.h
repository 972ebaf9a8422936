/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One of the machine's disks. */

#include "settings-editor.h"

#include <adwaita.h>

#define VT_TYPE_DISK_ROW (vt_disk_row_get_type ())
G_DECLARE_FINAL_TYPE (VtDiskRow, vt_disk_row, VT, DISK_ROW, AdwExpanderRow)

GtkWidget *vt_disk_row_new (VtSettingsEditor *editor, const char *id);
