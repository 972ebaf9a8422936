/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The chosen machine: its screen and its details, and the buttons that start and stop it. */

#include "machine.h"

#include <adwaita.h>

#define VT_TYPE_MACHINE_PAGE (vt_machine_page_get_type ())
G_DECLARE_FINAL_TYPE (VtMachinePage, vt_machine_page, VT, MACHINE_PAGE, AdwNavigationPage)

/* Properties: "machine" (VtMachine or NULL), "narrow" (the pages' switcher is at the bottom), "bare" (full
 * screen: no bars). */
void vt_machine_page_set_machine (VtMachinePage *page, VtMachine *machine);
VtMachine *vt_machine_page_get_machine (VtMachinePage *page);
/* "console" or "details". */
/* The keyboard to what the page shows. */
gboolean vt_machine_page_focus (VtMachinePage *page);
void vt_machine_page_show (VtMachinePage *page, const char *name);
