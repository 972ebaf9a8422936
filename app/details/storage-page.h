/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The machine's disks and optical drives. */

#include "settings-editor.h"

#include <adwaita.h>

#define VT_TYPE_STORAGE_PAGE (vt_storage_page_get_type ())
G_DECLARE_FINAL_TYPE (VtStoragePage, vt_storage_page, VT, STORAGE_PAGE, AdwPreferencesPage)

void vt_storage_page_set_editor (VtStoragePage *page, VtSettingsEditor *editor);
