/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A SPICE server in the test's process, with a screen, a keyboard, a pointer and an agent that do what the
 * test says. Without the engine's headers, some of whose names are GTK's and X's, too. */

#include <glib.h>

/* `tablet`: it takes positions, otherwise motion. */
void guest_open (int width, int height, gboolean tablet);
void guest_close (void);
/* A socket for a channel. */
int guest_connect (void);
void guest_resize (int width, int height);
void guest_fill (int x, int y, int width, int height, guint32 colour);
/* 64×64 pixels of a colour (premultiplied ARGB). */
void guest_cursor (guint32 colour, int hot_x, int hot_y);

/* What it was told last: "+30 -30" for keys and buttons, and where its pointer is. */
char *guest_take_keys (void);
char *guest_take_buttons (void);
void guest_pointer (int *ret_x, int *ret_y);
/* The motion since the last time. */
void guest_take_motion (int *ret_dx, int *ret_dy, int *ret_wheel);
/* The size it was asked to have. */
void guest_wanted (int *ret_width, int *ret_height);

/* The agent. */
void guest_agent_start (void);
/* Tells what it can: sizes and the clipboard. */
void guest_agent_announce (void);
void guest_agent_send (guint32 type, gconstpointer data, gsize size);
/* The next message of the client's of this type, without its header; NULL: there was none. */
GBytes *guest_agent_take (guint32 type);
