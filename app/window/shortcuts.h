/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The keys of the app's actions, and the dialog that tells them. */

#include <adwaita.h>

void vt_shortcuts_install (GtkApplication *application);
AdwDialog *vt_shortcuts_dialog_new (void);
