/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A connection to a machine's screens, keyboard, pointer and agent: a SPICE session whose channels run over
 * sockets that somebody else opens. */

#include <gtk/gtk.h>
#include <spice-client.h>

#define VT_TYPE_SESSION (vt_session_get_type ())
G_DECLARE_FINAL_TYPE (VtSession, vt_session, VT, SESSION, GObject)

typedef enum {
  VT_SESSION_CLOSED,
  VT_SESSION_CONNECTING,
  VT_SESSION_OPEN,
} VtSessionState;

/* A channel needs a socket: sooner or later it must be given one, or vt_session_fail() be called. */
typedef void (*VtSessionOpen) (VtSession *session, SpiceChannel *channel, gpointer data);

/* Signals: "changed" (state, channels, mouse mode or agent), "failed" (const GError *; it is closed by then).
 * `data` must outlive the session's last use, which vt_session_close() is. */
VtSession *vt_session_new (VtSessionOpen open, gpointer data);
void vt_session_connect (VtSession *session);
/* Nothing is called any more. */
void vt_session_close (VtSession *session);
/* Takes the socket. */
void vt_session_give (VtSession *session, SpiceChannel *channel, int fd);
void vt_session_fail (VtSession *session, const GError *error);

VtSessionState vt_session_get_state (VtSession *session);
SpiceMainChannel *vt_session_get_main (VtSession *session);
SpiceInputsChannel *vt_session_get_inputs (VtSession *session);
/* One past the highest number of a screen. */
guint vt_session_get_n_screens (VtSession *session);
SpiceDisplayChannel *vt_session_get_screen (VtSession *session, guint screen);
SpiceCursorChannel *vt_session_get_cursor (VtSession *session, guint screen);
/* The guest takes positions; otherwise it wants motion. */
gboolean vt_session_takes_positions (VtSession *session);
gboolean vt_session_has_agent (VtSession *session);
/* Asks the machine for another size of a screen, in device pixels; nothing while there is no agent, the
 * guest's or the server's stand-in. */
void vt_session_request_size (VtSession *session, guint screen, int width, int height);
