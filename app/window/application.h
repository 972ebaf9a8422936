/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The application, one for each session.
 * Actions: app.new, app.show-machine (s: a UUID), app.preferences, app.shortcuts, app.about, app.quit. */

#include <adwaita.h>

#define VT_TYPE_APPLICATION (vt_application_get_type ())
G_DECLARE_FINAL_TYPE (VtApplication, vt_application, VT, APPLICATION, AdwApplication)

VtApplication *vt_application_new (void);
