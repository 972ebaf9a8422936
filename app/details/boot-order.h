/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the machine starts from, in order; rows are moved by dragging, by their buttons, or with Alt and the
 * arrow keys. */

#include "settings-editor.h"

#include <adwaita.h>

#define VT_TYPE_BOOT_ORDER (vt_boot_order_get_type ())
G_DECLARE_FINAL_TYPE (VtBootOrder, vt_boot_order, VT, BOOT_ORDER, AdwPreferencesGroup)

void vt_boot_order_set_editor (VtBootOrder *order, VtSettingsEditor *editor);
