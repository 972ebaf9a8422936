/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of this room share.
 *
 * libspice-server calls the QXL interface's command functions on the worker thread that it has for each
 * screen, and everything else on the main thread. Devices tell of changes on any thread; they only note them,
 * so that no client can hold a device up. */

#include "spice.h"

#include "display.h"

#include <spice-server/spice.h>
#include <spice/protocol.h>

/* ---- The options (spice-options.c) ---- */

typedef struct {
  int port, tls_port; /* -1: none */
  char *address;
  int address_flags; /* SPICE_ADDR_FLAG_* */
  char *key_file, *cert_file, *ca_file, *dh_file, *key_password, *ciphers;
  char *password; /* NULL: none yet */
  bool ticketing, copy_paste, file_transfer, agent_mouse, playback_compression;
  /* What the options leave unsaid is 0, the library's to choose. */
  SpiceImageCompression image_compression;
  spice_wan_compression_t jpeg, zlib_glz;
  int streaming;
  GPtrArray *secure, *plain; /* char *: channels */
} SpiceOptions;
/* Checks the settings, and that files and addresses can be used. */
bool spice_options_parse (SpiceOptions *options, const char *text, GError **error);
void spice_options_clear (SpiceOptions *options);

/* ---- Clients that leave too early (spice-hasty.c) ---- */

/* Before the first server is made: from here on no client ends the process by leaving while its display
 * channel is being set up. */
void spice_outlast_hasty_clients (void);

/* ---- What has changed on a screen (spice-dirty.c) ---- */

typedef struct {
  uint32_t left, top, right, bottom;
} SpiceArea;
enum { SPICE_DIRTY_AREAS = 16, SPICE_SPARES = 36 };
/* Disjoint or not, all together they cover what has changed. */
typedef struct {
  unsigned n;
  SpiceArea areas[SPICE_DIRTY_AREAS];
} SpiceDirty;
/* Joins it to others where that costs few pixels more, or where there is no room. */
void spice_dirty_add (SpiceDirty *dirty, SpiceArea area);
void spice_dirty_move (SpiceDirty *to, SpiceDirty *from); /* adds all of `from`, and empties it */

/* ---- Screens (spice-screen.c, spice-commands.c) ---- */

typedef struct SpiceCommand SpiceCommand;

typedef struct {
  QXLInstance qxl; /* must be first */
  SpiceService *service;
  unsigned index;
  /* Main thread. */
  GSource *tick;
  uint8_t *primary; /* the library's canvas; NULL: there is none */
  bool drains;      /* the canvas is about to go */
  int viewers;      /* clients */
  int64_t idle_us;  /* of a screen that has to be looked at: until the next look */
  bool told_memory;

  GMutex display_lock; /* guards `display` against its end; taken before Display's own lock */
  Display *display;    /* NULL: gone */

  GMutex lock;  /* guards the rest; taken last */
  bool watched; /* there is a client */
  bool ready;   /* `primary` may be drawn to; it has this size: */
  uint32_t width, height;
  bool drained;
  SpiceDirty dirty, batch;         /* since the last tick; up to it */
  bool cursor_shape, cursor_place; /* have changed */
  bool cursor_shape_due, cursor_place_due;
  bool ticks;     /* the next tick is arranged */
  bool starved;   /* something is due but too much is under way */
  int64_t due;    /* when the last tick should have come */
  uint64_t bytes; /* of commands that the library holds */
  unsigned commands;
  SpiceCommand *spare[SPICE_SPARES];
} SpiceScreen;

SpiceScreen *spice_screen_new (SpiceService *service, SpiceServer *server, Display *display, unsigned index);
void spice_screen_free (SpiceScreen *screen);
/* Something has changed that a tick sees to. With the lock. */
void spice_screen_arrange (SpiceScreen *screen, bool soon);
/* Clients have come or gone. */
void spice_screen_add_viewers (SpiceScreen *screen, int n);
/* Somebody does something: what is polled is looked at more often. */
void spice_screen_attend (SpiceScreen *screen);

/* The commands the worker takes, and gives back. */
int spice_screen_next_draw (QXLInstance *qxl, QXLCommandExt *ext);
int spice_screen_next_cursor (QXLInstance *qxl, QXLCommandExt *ext);
void spice_screen_release (QXLInstance *qxl, QXLReleaseInfoExt info);
/* Frees what is kept for the next commands. With the lock. */
void spice_screen_drop_spare (SpiceScreen *screen);

/* ---- Input (spice-keyboard.c, spice-pointer.c) ---- */

typedef struct {
  SpiceKbdInstance spice; /* must be first */
  uint8_t prefix[2];      /* 0xe0, or 0xe1 and the byte after it */
  unsigned n_prefix;
  uint8_t pressed[96]; /* bits by KEY_* */
} SpiceKeyboard;
void spice_keyboard_open (SpiceKeyboard *keyboard, SpiceServer *server);
void spice_keyboard_close (SpiceKeyboard *keyboard);
/* Nobody holds a key any more. */
void spice_keyboard_release (SpiceKeyboard *keyboard);
/* The next byte of a scan code of set 1. */
void spice_keyboard_byte (SpiceKeyboard *keyboard, uint8_t byte);

typedef struct {
  SpiceMouseInstance mouse; /* must be first */
  SpiceTabletInstance tablet;
  SpiceServer *server;
  bool has_tablet;
  int width, height;
  uint32_t buttons;
  InputKind buttons_kind; /* who was told of them */
} SpicePointer;
void spice_pointer_open (SpicePointer *pointer, SpiceServer *server);
void spice_pointer_close (SpicePointer *pointer);
/* Positions are offered while the machine has a device for them. */
void spice_pointer_update (SpicePointer *pointer);
void spice_pointer_release (SpicePointer *pointer);

/* ---- The agent's and other channels (spice-agent.c) ---- */

/* Offers those whose port is open to the server, or takes them all back (NULL). `agent_mouse`: the guest's
 * agent may be told the pointer's positions. */
void spice_agent_serve (SpiceServer *server, bool agent_mouse);
/* spice-stand-in.c: an agent for the server while the guest has none; NULL: it has one now. */
void spice_stand_in_serve (SpiceServer *server, bool agent_mouse);

/* ---- The library's events on the main context (spice-loop.c) ---- */

extern const SpiceCoreInterface spice_loop_interface;
/* After the server: the library leaves watches of connections that were being made, which nobody may serve.
 */
void spice_loop_end (void);

/* ---- The service ---- */

typedef struct {
  int connection, type, id;
  bool tls;
  char *peer, *peer_port, *family;
} SpiceChannel;

struct SpiceService {
  SpiceServer *server;
  SpiceOptions options;
  Machine *machine;
  GPtrArray *screens;  /* SpiceScreen */
  GPtrArray *channels; /* SpiceChannel: connected ones */
  SpiceKeyboard keyboard;
  SpicePointer pointer;
  int64_t expires; /* real time in seconds; 0: never */
  char *password;
};

extern SpiceService *spice_service; /* the only one, or NULL */

/* The library tells of a channel; the main thread. */
void spice_service_channel_event (int event, const SpiceChannelEventInfo *info);
/* Commands and questions of the monitor. */
void spice_monitor_open (SpiceService *service);
void spice_monitor_close (void);
/* SPICE_CONNECTED, SPICE_INITIALIZED or SPICE_DISCONNECTED. */
void spice_monitor_tell (SpiceService *service, const char *event, const SpiceChannel *channel);
