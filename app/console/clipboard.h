/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The clipboard, shared with the guest's agent both ways: text and PNG images.
 *
 * Only while it is active is anything offered to the guest or taken from it: other windows' secrets are none
 * of a guest's business that nobody is looking at. Nothing is sent before it is asked for. */

#include "session.h"

#define VT_TYPE_CLIPBOARD (vt_clipboard_get_type ())
G_DECLARE_FINAL_TYPE (VtClipboard, vt_clipboard, VT, CLIPBOARD, GObject)

VtClipboard *vt_clipboard_new (VtSession *session, GdkClipboard *clipboard);
void vt_clipboard_set_active (VtClipboard *clipboard, gboolean active);
