/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Adds or changes a port forward; it takes effect at once, or the dialog says why not. */

#include "forwards.h"
#include "settings-editor.h"

#include <adwaita.h>

#define VT_TYPE_FORWARD_DIALOG (vt_forward_dialog_get_type ())
G_DECLARE_FINAL_TYPE (VtForwardDialog, vt_forward_dialog, VT, FORWARD_DIALOG, AdwDialog)

/* `forward` is to be changed; NULL: a new one. */
void vt_forward_dialog_present (VtSettingsEditor *editor, const char *nic, const VtForward *forward,
                                GtkWidget *parent);
