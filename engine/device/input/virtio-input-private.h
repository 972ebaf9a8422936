/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The parts of virtio-input (virtio 1.3 §5.8). */

#include "display.h"
#include "virtio.h"

#include <linux/input-event-codes.h>
#include <linux/virtio_input.h>

#define VIRTIO_INPUT_BITMAP 128 /* bytes */

typedef struct {
  uint16_t type, code;
  int32_t value;
} InputEvent;

/* What a device says of itself and takes. */
typedef struct {
  VirtioClass virtio; /* must be first */
  const char *name;
  uint16_t product;
  InputKind kind;
  bool all_keys;                              /* EV_KEY: those of a keyboard, else `buttons` */
  const uint16_t *buttons, *rel, *abs, *leds; /* ended by 0xffff; NULL: none */
  bool repeats;                               /* the guest repeats keys held down */
  bool pointer;
} VirtioInputKind;

typedef struct {
  VirtioDevice vdev;
  char *serial; /* property */
  VirtQueue *events, *status;
  uint8_t select, subsel; /* of the configuration space */
  uint8_t supported[EV_CNT][VIRTIO_INPUT_BITMAP];
  uint16_t leds; /* bits as the driver has set them */
  /* With Device.lock. */
  bool running;
  GArray *batch;   /* InputEvent: up to the next EV_SYN */
  GArray *pending; /* InputEvent: the guest has no buffers for them yet */
  uint8_t pressed[VIRTIO_INPUT_BITMAP];
} VirtioInput;

/* Keeps events until the driver has room; a press that there is no room for is lost, a release is not. */
void virtio_input_event (void *opaque, uint16_t type, uint16_t code, int32_t value);
void virtio_input_handle_events (VirtioDevice *vdev, VirtQueue *queue);
void virtio_input_handle_status (VirtioDevice *vdev, VirtQueue *queue);
void virtio_input_drop (VirtioInput *input);
GVariant *virtio_input_save_events (const VirtioInput *input);
bool virtio_input_load_events (VirtioInput *input, GVariant *state);
#define VIRTIO_INPUT_STATE_TYPE "(a(qqi)aq)"

static inline bool
virtio_input_bit (const uint8_t *bits, unsigned n)
{
  return n < 8 * VIRTIO_INPUT_BITMAP && (bits[n / 8] >> n % 8 & 1);
}

static inline void
virtio_input_set_bit (uint8_t *bits, unsigned n, bool on)
{
  const uint8_t bit = (uint8_t)(1u << n % 8);
  bits[n / 8] = (uint8_t)(on ? bits[n / 8] | bit : bits[n / 8] & ~bit);
}
