/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The side bar: all machines, and how to find one. */

#include "engine.h"

#include <adwaita.h>

#define VT_TYPE_LIBRARY_VIEW (vt_library_view_get_type ())
G_DECLARE_FINAL_TYPE (VtLibraryView, vt_library_view, VT, LIBRARY_VIEW, AdwNavigationPage)

/* Property "selected" (VtMachine); signal "chosen": a person wants to see the selected machine. */
void vt_library_view_set_engine (VtLibraryView *view, VtEngine *engine);
VtMachine *vt_library_view_get_selected (VtLibraryView *view);
/* False if it is not in the list. */
gboolean vt_library_view_select (VtLibraryView *view, VtMachine *machine);
void vt_library_view_search (VtLibraryView *view);
