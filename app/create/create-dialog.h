/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Making a machine: from an ISO image, from a disk image, or empty. */

#include "engine.h"

#include <adwaita.h>

#define VT_TYPE_CREATE_DIALOG (vt_create_dialog_get_type ())
G_DECLARE_FINAL_TYPE (VtCreateDialog, vt_create_dialog, VT, CREATE_DIALOG, AdwDialog)

/* It asks what to make it from. The new machine is shown by the action app.show-machine. */
AdwDialog *vt_create_dialog_new (VtEngine *engine);
/* Makes it from this file; NULL: an empty machine. Nothing happens while a machine is being made. */
void vt_create_dialog_use (VtCreateDialog *dialog, GFile *file);
