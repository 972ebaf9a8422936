/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The machine's network adapters. */

#include "settings-editor.h"

#include <adwaita.h>

#define VT_TYPE_NETWORK_PAGE (vt_network_page_get_type ())
G_DECLARE_FINAL_TYPE (VtNetworkPage, vt_network_page, VT, NETWORK_PAGE, AdwPreferencesPage)

void vt_network_page_set_editor (VtNetworkPage *page, VtSettingsEditor *editor);
