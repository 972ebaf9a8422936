/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A key's place on the keyboard as SPICE wants it: a scan code of the AT keyboard's set 1, with 0x100 for
 * those after 0xe0. What the key means is for the guest's own layout to say. */

#include <glib.h>

/* Keycodes of X and Wayland are Linux's key codes plus this. */
enum { VT_KEYCODE_OFFSET = 8, VT_SCANCODES = 0x200 };

/* From Linux's code (KEY_*); 0: an AT keyboard has no such key. */
guint vt_scancode (guint key);
