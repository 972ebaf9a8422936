/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Screens and what people do at them: between graphics and input devices and whoever shows them (SPICE,
 * screendump, tests). */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Display Display; /* one screen (scanout) */

/* Pixels are 32-bit xRGB (bytes B G R x). */
typedef struct {
  uint32_t width, height, stride;
  uint8_t *pixels; /* owned by the device, valid between display_lock() and display_unlock() */
} DisplaySurface;

/* Called on the thread the device's change came from. A listener may lock the display, but not remove itself.
 */
typedef struct {
  void (*resized) (void *opaque, Display *display);
  void (*updated) (void *opaque, Display *display, uint32_t x, uint32_t y, uint32_t width, uint32_t height);
  void (*cursor) (void *opaque, Display *display); /* shape or position: display_cursor() */
  /* The screen is about to be freed, and the listener removed. On the main thread; may be NULL. */
  void (*gone) (void *opaque, Display *display);
} DisplayListener;

/* The device's side. */
Display *display_new (const char *name, unsigned head);
void display_free (Display *display);
/* Gives the screen its pixels (NULL: switched off). The memory must stay until the next call has returned. */
void display_set_surface (Display *display, const DisplaySurface *surface);
void display_update (Display *display, uint32_t x, uint32_t y, uint32_t width, uint32_t height);
/* 64×64 ARGB premultiplied, or NULL: hidden. */
void display_set_cursor (Display *display, const uint32_t *argb, uint32_t hot_x, uint32_t hot_y);
void display_move_cursor (Display *display, int32_t x, int32_t y);
/* Called when the viewer wants another size or is gone (0): the device changes its EDID and tells the guest.
 */
void display_set_resize_hook (Display *display,
                              void (*resize) (void *opaque, uint32_t width, uint32_t height), void *opaque);
/* Called on demand, for devices that have no updates of their own (ramfb): brings the surface up to date. */
void display_set_refresh_hook (Display *display, void (*refresh) (void *opaque), void *opaque);

/* The viewer's side. */
GPtrArray *display_list (void); /* all screens; free the array only */
void display_add_listener (Display *display, const DisplayListener *listener, void *opaque);
void display_remove_listener (Display *display, void *opaque);
bool display_lock (Display *display, DisplaySurface *ret_surface); /* false: off (and not locked) */
void display_unlock (Display *display);
void display_refresh (Display *display);
/* Whether its changes are seen by display_refresh() only. */
bool display_needs_refresh (const Display *display);
void display_request_size (Display *display, uint32_t width, uint32_t height);
bool display_cursor (Display *display, uint32_t *ret_argb, uint32_t *ret_hot_x, uint32_t *ret_hot_y,
                     int32_t *ret_x, int32_t *ret_y);
const char *display_name (const Display *display);
/* Writes a PPM, or PNG where the name ends in .png. */
bool display_screendump (Display *display, const char *path, GError **error);
bool display_screendump_as (Display *display, const char *path, bool png, GError **error);
/* Into a descriptor, which is taken over; scaled down to `max_width` unless that is 0. */
bool display_screendump_fd (Display *display, int fd, bool png, uint32_t max_width, GError **error);

/* Input, on the main thread: events in Linux's codes (KEY_*, BTN_*, REL_*, ABS_*); absolute axes run from 0
 * to 0x7fff. */
typedef enum { INPUT_KEYBOARD = 1, INPUT_POINTER_REL = 2, INPUT_POINTER_ABS = 4 } InputKind;
typedef struct {
  void (*event) (void *opaque, uint16_t type, uint16_t code, int32_t value); /* EV_SYN ends a batch */
  void (*leds) (void *opaque);                                               /* unused by devices */
} InputSink;
void input_sink_add (InputKind kind, const InputSink *sink, void *opaque);
void input_sink_remove (void *opaque);
/* To the newest sink of the kind; false: there is none. */
bool input_send (InputKind kind, uint16_t type, uint16_t code, int32_t value);
bool input_has (InputKind kind);
/* The keyboard's lights as the guest has set them, one bit for each LED_*. Reported from any thread;
 * `changed` is called on the main thread (one at a time; NULL: none). */
void input_report_leds (unsigned leds);
unsigned input_leds (void);
void input_watch_leds (void (*changed) (void *opaque, unsigned leds), void *opaque);
/* One of QEMU's key names to its code; an error names the nearest. NULL-terminated: all of them. */
bool input_key_find (const char *name, uint16_t *ret_code, GError **error);
const char *const *input_key_names (void);
/* QEMU's key names ("ctrl-alt-delete", "ret", "0x1c") to a NULL-free list of codes; false for an unknown one.
 */
bool input_parse_keys (const char *text, uint16_t *ret_codes, unsigned max, unsigned *ret_n, GError **error);
/* Presses all, then releases them after `hold_ms`. What is asked for meanwhile comes afterwards. */
void input_send_keys (const uint16_t *codes, unsigned n, unsigned hold_ms);
