/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the machine uses of this computer, live. The engine samples only while this is seen. */

#include "settings-editor.h"

#include <adwaita.h>

#define VT_TYPE_ACTIVITY_PAGE (vt_activity_page_get_type ())
G_DECLARE_FINAL_TYPE (VtActivityPage, vt_activity_page, VT, ACTIVITY_PAGE, AdwBin)

void vt_activity_page_set_editor (VtActivityPage *page, VtSettingsEditor *editor);
