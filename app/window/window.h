/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The main window: the list of machines and the chosen one.
 * Actions: win.toast (s), win.search, win.show-page (s), win.fullscreen; win.create (s: a file's URI),
 * win.use-file (s: the same; asks if it is for the chosen machine's CD drive); and the chosen machine's, as
 * machine.* */

#include "engine.h"

#include <adwaita.h>

#define VT_TYPE_WINDOW (vt_window_get_type ())
G_DECLARE_FINAL_TYPE (VtWindow, vt_window, VT, WINDOW, AdwApplicationWindow)

VtWindow *vt_window_new (AdwApplication *application, VtEngine *engine);
gboolean vt_window_show_machine (VtWindow *window, VtMachine *machine);
/* It is looked at: shown, in a window that is used. */
gboolean vt_window_is_watched (VtWindow *window, VtMachine *machine);
#ifdef VT_HAVE_CREATE
/* The dialog that makes a machine; `file` may be NULL. */
void vt_window_create (VtWindow *window, GFile *file);
#endif
