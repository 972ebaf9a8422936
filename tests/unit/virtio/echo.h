/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A virtio device for tests: queue 0 gives back what it is given; queue 1 keeps buffers until told to give
 * them back; queue 2 is fed by echo_feed(). */

#include "virtio.h"

typedef struct {
  VirtioDevice vdev;
  VirtQueue *echo, *keep, *feed;
  GPtrArray *kept;  /* VirtqElement */
  uint32_t answer;  /* property, the first word of configuration space */
  uint32_t scratch; /* the second, which the driver may write */
  bool busy;        /* the handler takes long */
  bool refuse;      /* set_features says no */
  bool run_state;   /* of the last running() */
  unsigned starts, stops, queue_resets, resets, handled;
} Echo;

extern const DeviceClass echo_class;
extern const VirtioClass echo_virtio;

/* Gives all that was kept back, with one byte written each. */
void echo_release (Echo *echo);
/* Puts `size` bytes of `data` into buffers of queue 2; false if there is no room. Any thread. */
bool echo_feed (Echo *echo, const void *data, uint32_t size);
