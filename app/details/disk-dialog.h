/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Asks for a new disk's size, and adds it. */

#include "settings-editor.h"

#include <adwaita.h>

#define VT_TYPE_DISK_DIALOG (vt_disk_dialog_get_type ())
G_DECLARE_FINAL_TYPE (VtDiskDialog, vt_disk_dialog, VT, DISK_DIALOG, AdwDialog)

void vt_disk_dialog_present (VtSettingsEditor *editor, GtkWidget *parent);
