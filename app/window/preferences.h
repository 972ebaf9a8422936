/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "engine.h"

#include <adwaita.h>

#define VT_TYPE_PREFERENCES (vt_preferences_get_type ())
G_DECLARE_FINAL_TYPE (VtPreferences, vt_preferences, VT, PREFERENCES, AdwPreferencesDialog)

AdwDialog *vt_preferences_new (VtEngine *engine);
