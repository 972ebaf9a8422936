/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The machine's name and notes, and what it is made of but for disks and networks. */

#include "settings-editor.h"

#include <adwaita.h>

#define VT_TYPE_SYSTEM_PAGE (vt_system_page_get_type ())
G_DECLARE_FINAL_TYPE (VtSystemPage, vt_system_page, VT, SYSTEM_PAGE, AdwPreferencesPage)

void vt_system_page_set_editor (VtSystemPage *page, VtSettingsEditor *editor);
