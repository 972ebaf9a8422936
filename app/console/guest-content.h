/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a guest has in its clipboard, as a content for ours: fetched when somebody pastes. */

#include <gtk/gtk.h>
#include <spice-client.h>

#define VT_TYPE_GUEST_CONTENT (vt_guest_content_get_type ())
G_DECLARE_FINAL_TYPE (VtGuestContent, vt_guest_content, VT, GUEST_CONTENT, GdkContentProvider)

/* `types`: VD_AGENT_CLIPBOARD_*; those that are not known are left out. NULL: none is known. */
GdkContentProvider *vt_guest_content_new (SpiceMainChannel *main, const guint32 *types, guint n);
/* The guest has nothing any more: whoever waits gets an error. */
void vt_guest_content_end (VtGuestContent *content);

/* VD_AGENT_CLIPBOARD_* for a MIME type; 0: none. */
guint32 vt_clipboard_type_from_mime (const char *mime);
