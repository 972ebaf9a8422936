/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the application does about machines whether or not anybody looks: it tells of crashes, and keeps the
 * computer awake. */

#include "engine.h"

#include <gtk/gtk.h>

#define VT_TYPE_NOTIFIER (vt_notifier_get_type ())
G_DECLARE_FINAL_TYPE (VtNotifier, vt_notifier, VT, NOTIFIER, GObject)

VtNotifier *vt_notifier_new (GtkApplication *application, VtEngine *engine);
