/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the machine's process printed, and why it ended. It is read when it is seen, and when the machine's
 * state changes. */

#include "settings-editor.h"

#include <adwaita.h>

#define VT_TYPE_LOG_PAGE (vt_log_page_get_type ())
G_DECLARE_FINAL_TYPE (VtLogPage, vt_log_page, VT, LOG_PAGE, AdwBin)

void vt_log_page_set_editor (VtLogPage *page, VtSettingsEditor *editor);
