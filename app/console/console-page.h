/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The chosen machine's screens and text consoles, and what can be done with them.
 *
 * Properties: "machine" (VtMachine or NULL); "fit", "resize-guest" (gboolean, as VtDisplay has them);
 * "screen" (string: what is shown or will be, "screen0" or a text console's id). Actions: console.send-keys
 * (s: QEMU's names, "ctrl alt delete"), console.type-clipboard, console.screenshot, console.copy-screenshot,
 * console.screen (s), console.fit, console.resize-guest, console.show-log; it uses the window's
 * machine.start, machine.show-folder, win.fullscreen and win.toast. What is shown gets the focus with the
 * page, as soon as it is there. */

#include "machine.h"

#include <adwaita.h>

#define VT_TYPE_CONSOLE_PAGE (vt_console_page_get_type ())
G_DECLARE_FINAL_TYPE (VtConsolePage, vt_console_page, VT, CONSOLE_PAGE, AdwBin)

GtkWidget *vt_console_page_new (VtMachine *machine);
void vt_console_page_set_machine (VtConsolePage *page, VtMachine *machine);
VtMachine *vt_console_page_get_machine (VtConsolePage *page);
