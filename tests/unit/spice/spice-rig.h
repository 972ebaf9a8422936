/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A service with screens and input devices that the test makes, and a client of it in the same process,
 * connected by socket pairs. */

#include "display.h"
#include "fake-machine.h"
#include "spice.h"

#include <spice-client-glib-2.0/spice-client.h>

/* A screen of the test's, with memory of its own. */
typedef struct {
  Display *display;
  DisplaySurface surface;
  unsigned wanted_width, wanted_height, wanted;
} RigScreen;

typedef struct {
  uint16_t type, code;
  int32_t value;
} RigEvent;

typedef struct {
  Machine *machine;
  SpiceService *service;
  RigScreen screens[2];
  unsigned n_screens;
  GArray *keys, *motion, *positions; /* RigEvent, without SYN */
} Rig;

#define RIG_CLIENT_SCREENS 2
/* What a client sees of a screen. */
typedef struct {
  SpiceDisplayChannel *channel;
  int width, height, stride;
  const uint8_t *pixels; /* NULL: there is no picture */
  unsigned creations, invalidations;
  uint64_t invalidated; /* pixels */
} RigView;

typedef struct {
  Rig *rig;
  SpiceSession *session;
  SpiceMainChannel *main;
  SpiceInputsChannel *inputs;
  SpiceCursorChannel *cursor;
  SpicePortChannel *port;
  RigView views[RIG_CLIENT_SCREENS];
  bool opened, failed, auth_failed, skip_auth;
  bool relayed;      /* set before rig_connect_more(): connections go through threads that can be held */
  GPtrArray *relays; /* GThread */
  gint held;         /* atomic: nothing reaches the client */
  unsigned channels; /* open */
  unsigned cursor_sets, cursor_hides;
  int cursor_hot_x;
  uint32_t cursor_pixel;
} RigClient;

/* `screens` of 640×400 pixels. The keyboard, mouse and tablet are there as asked for. */
void rig_open (Rig *rig, const char *options, unsigned screens, unsigned kinds);
void rig_close (Rig *rig);
/* Another size; 0: off. Its pixels are 0. */
void rig_resize (RigScreen *screen, uint32_t width, uint32_t height);
/* Fills a rectangle and tells of it. */
void rig_fill (RigScreen *screen, uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t colour);

void rig_connect (RigClient *client, Rig *rig, const char *password, bool skip_auth);
/* The same for a client of which the caller has set `rig`, `skip_auth` and `relayed`. */
void rig_connect_more (RigClient *client, const char *password);
void rig_disconnect (RigClient *client);
/* Whether the client shows what the screen has. */
bool rig_same (const RigClient *client, unsigned screen);

/* Runs the main context until the condition holds; false: it did not in that time. */
#define rig_wait(condition, ms)                                                                              \
  ({                                                                                                         \
    const int64_t end_ = g_get_monotonic_time () + 1000 * INT64_C (1) * (ms);                                \
    bool holds_;                                                                                             \
    while (!(holds_ = (condition)) && g_get_monotonic_time () < end_)                                        \
      rig_run (5);                                                                                           \
    holds_;                                                                                                  \
  })
void rig_run (unsigned ms);
