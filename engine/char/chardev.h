/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Character back ends: where a serial port's bytes go.  All run on the main context's thread; a device's
 * calls come from any thread. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Chardev Chardev;

/* The device's side. Called on the main thread, without locks. */
typedef struct {
  /* How many bytes it takes now; 0: none until chardev_accept_input(). */
  size_t (*can_receive) (void *opaque);
  void (*receive) (void *opaque, const uint8_t *data, size_t size);
  void (*event) (void *opaque, bool connected); /* may be NULL */
  /* On a mux: what is typed comes here from now on, or no longer. May be NULL. */
  void (*focus) (void *opaque, bool focused);
  /* A break condition (Ctrl-A B on a mux). May be NULL. */
  void (*line_break) (void *opaque);
} ChardevFrontend;

/* From QEMU's syntax: "stdio", "mon:stdio", "pty", "null", "file:PATH", "pipe:PATH",
 * "unix:PATH,server=on,wait=off", "tcp:HOST:PORT,server=on,…", "vc", "/dev/ttyUSB0", "chardev:ID" (another
 * reference to that one) and, with -chardev, "KIND,id=ID,key=value…". NULL and an error with cause and
 * remedy. "none" is for the caller: there is no device. */
Chardev *chardev_new_legacy (const char *text, GError **error);
Chardev *chardev_new (const char *options, GError **error);
GPtrArray *chardev_kinds (void);                    /* their names; free the array only */
void chardev_free (Chardev *chr);                   /* gives up a reference */
const char *chardev_id (const Chardev *chr);        /* may be NULL */
void chardev_set_id (Chardev *chr, const char *id); /* "serial0", for those made without one */
const char *chardev_describe (const Chardev *chr);  /* "file:/tmp/x", for info chardev */
bool chardev_connected (const Chardev *chr);
bool chardev_attached (const Chardev *chr); /* a device has it */
/* By the id of -chardev; NULL if none. */
Chardev *chardev_find (const char *id);
GPtrArray *chardev_list (void); /* of all; free the array only */

/* Attaches the device (one at a time, but see chardev_mux). False and an error when another is attached. */
bool chardev_attach (Chardev *chr, const ChardevFrontend *frontend, void *opaque, GError **error);
void chardev_detach (Chardev *chr);                   /* all of a mux */
void chardev_detach_one (Chardev *chr, void *opaque); /* the device attached with `opaque` */
/* Never blocks: what the host does not take at once is kept, up to 64 KiB, then chardev_writable() is false.
 * A write of up to 64 KiB while it was true is kept whole. What nobody is connected to receive is dropped. */
void chardev_write (Chardev *chr, const uint8_t *data, size_t size);
bool chardev_writable (Chardev *chr);
/* Calls `ready` once on the main thread when writable again. */
void chardev_notify_writable (Chardev *chr, void (*ready) (void *opaque), void *opaque);
/* The device takes input again. */
void chardev_accept_input (Chardev *chr);
/* Whether somebody in the guest uses the device. An attached one is taken to be in use unless it says
 * otherwise here. Any thread. */
void chardev_set_frontend_open (Chardev *chr, bool open);
/* The descriptor that came with the input last read from a Unix socket, which is the caller's now; -1: none.
 */
int chardev_take_fd (Chardev *chr);

/* A multiplexer on `chr` (takes ownership): several front ends share it, Ctrl-A C goes to the next, Ctrl-A X
 * asks to quit, Ctrl-A H helps, Ctrl-A T shows timestamps, Ctrl-A B sends a break, Ctrl-A Ctrl-A sends one.
 * The first one attached has the keyboard. */
Chardev *chardev_mux_new (Chardev *chr);
void chardev_mux_set_quit (Chardev *mux, void (*quit) (void *opaque), void *opaque);
bool chardev_is_mux (const Chardev *chr);
/* A ring buffer (kind "ringbuf" or "vc"): takes out what was written last, at most `max` bytes; and bytes for
 * the device, false when it does not take them now. */
bool chardev_is_ringbuf (const Chardev *chr);
GBytes *chardev_ringbuf_read (Chardev *chr, size_t max);
bool chardev_ringbuf_send (Chardev *chr, const uint8_t *data, size_t size);
/* A hub (kind "hub", size=): keeps what was written last, and takes any number of clients, stream sockets
 * that it takes over whatever the outcome. Each gets what was kept, then what comes; a slow one loses some.
 * Main thread. */
bool chardev_is_hub (const Chardev *chr);
bool chardev_hub_add (Chardev *chr, int fd, GError **error);
/* Restores the terminal: at exit and on fatal signals. Async-signal-safe. */
void chardev_restore_terminal (void);
