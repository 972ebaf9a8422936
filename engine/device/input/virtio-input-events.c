/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Events on their way to the driver, and what it says about lights. */

#include "virtio-input-private.h"

#include <string.h>

/* Events kept for a driver that gives no buffers. Releases come on top: at most one for each key. */
#define PENDING_MAX 1024
#define BATCH_MAX   64

/* ---- From the viewer: on the main thread ---- */

/* Lights and repetition are settings of the driver's. */
static bool
is_supported (const VirtioInput *input, uint16_t type, uint16_t code)
{
  return (type == EV_KEY || type == EV_REL || type == EV_ABS) &&
         virtio_input_bit (input->supported[type], code);
}

/* Adds what the driver is to see of a batch. With the lock. */
static void
keep_batch (VirtioInput *input)
{
  const bool room = input->running && input->pending->len + input->batch->len < PENDING_MAX;
  unsigned n = 0;
  for (unsigned i = 0; i < input->batch->len; i++) {
    const InputEvent event = g_array_index (input->batch, InputEvent, i);
    const bool key = event.type == EV_KEY, release = key && event.value == 0;
    const bool held = key && virtio_input_bit (input->pressed, event.code);
    if (release ? !held : !room)
      continue;
    if (key)
      virtio_input_set_bit (input->pressed, event.code, !release);
    g_array_append_val (input->pending, event);
    n++;
  }
  const InputEvent end = { EV_SYN, SYN_REPORT, 0 };
  if (n != 0)
    g_array_append_val (input->pending, end);
  g_array_set_size (input->batch, 0);
}

void
virtio_input_event (void *opaque, uint16_t type, uint16_t code, int32_t value)
{
  VirtioInput *input = opaque;
  const InputEvent event = { type, code, value };
  const bool end = type == EV_SYN && code == SYN_REPORT;
  g_rec_mutex_lock (&input->vdev.dev.lock);
  if (end)
    keep_batch (input);
  else if (is_supported (input, type, code) && input->batch->len < BATCH_MAX)
    g_array_append_val (input->batch, event);
  g_rec_mutex_unlock (&input->vdev.dev.lock);
  if (end)
    virtqueue_schedule (input->events);
}

/* ---- To the driver: on the queue's thread ---- */

/* Gives what there are buffers for. True if nothing is left. */
static bool
deliver (VirtioInput *input)
{
  VirtQueue *queue = input->events;
  unsigned done = 0;
  g_rec_mutex_lock (&input->vdev.dev.lock);
  while (done < input->pending->len) {
    VirtqElement *element = virtqueue_pop (queue, sizeof *element);
    if (element == NULL)
      break;
    const InputEvent *from = &g_array_index (input->pending, InputEvent, done);
    const struct virtio_input_event event = { .type = GUINT16_TO_LE (from->type),
                                              .code = GUINT16_TO_LE (from->code),
                                              .value = GUINT32_TO_LE ((uint32_t)from->value) };
    if (element->in_size < sizeof event)
      virtio_break (&input->vdev, "a buffer for events has no room for one");
    else
      virtqueue_fill (queue, element,
                      (uint32_t)virtio_iov_from_buf (element->in, element->n_in, 0, &event, sizeof event));
    virtqueue_element_free (element);
    done++;
  }
  if (done != 0)
    g_array_remove_range (input->pending, 0, done);
  const bool all = input->pending->len == 0;
  g_rec_mutex_unlock (&input->vdev.dev.lock);
  if (done != 0) {
    virtqueue_flush (queue);
    virtqueue_notify (queue);
  }
  return all;
}

/* New buffers are of no interest unless events wait for them. */
void
virtio_input_handle_events (VirtioDevice *vdev, VirtQueue *queue)
{
  VirtioInput *input = (VirtioInput *)vdev;
  do
    virtqueue_disable_kick (queue);
  while (!deliver (input) && virtqueue_enable_kick (queue));
}

static void
take_status (VirtioInput *input, const VirtqElement *element)
{
  struct virtio_input_event event;
  if (virtio_iov_to_buf (element->out, element->n_out, 0, &event, sizeof event) != sizeof event) {
    device_guest_error (&input->vdev.dev, "a status event of %" G_GUINT64_FORMAT " bytes", element->out_size);
    return;
  }
  const uint16_t type = GUINT16_FROM_LE (event.type), code = GUINT16_FROM_LE (event.code);
  if (type != EV_LED || !virtio_input_bit (input->supported[EV_LED], code))
    return;
  g_rec_mutex_lock (&input->vdev.dev.lock);
  const uint16_t bit = (uint16_t)(1u << code);
  input->leds = (uint16_t)(event.value != 0 ? input->leds | bit : input->leds & ~bit);
  device_trace (&input->vdev.dev, "lights 0x%x", input->leds);
  const unsigned leds = input->leds;
  g_rec_mutex_unlock (&input->vdev.dev.lock);
  input_report_leds (leds);
}

void
virtio_input_handle_status (VirtioDevice *vdev, VirtQueue *queue)
{
  do {
    VirtqElement *element;
    virtqueue_disable_kick (queue);
    while ((element = virtqueue_pop (queue, sizeof *element)) != NULL) {
      take_status ((VirtioInput *)vdev, element);
      virtqueue_push (queue, element, 0);
      virtqueue_element_free (element);
    }
    virtqueue_notify (queue);
  } while (virtqueue_enable_kick (queue));
}

/* ---- Reset and saved state ---- */

void
virtio_input_drop (VirtioInput *input)
{
  g_array_set_size (input->batch, 0);
  g_array_set_size (input->pending, 0);
  memset (input->pressed, 0, sizeof input->pressed);
}

GVariant *
virtio_input_save_events (const VirtioInput *input)
{
  GVariantBuilder pending, pressed;
  g_variant_builder_init (&pending, G_VARIANT_TYPE ("a(qqi)"));
  g_variant_builder_init (&pressed, G_VARIANT_TYPE ("aq"));
  for (unsigned i = 0; i < input->pending->len; i++) {
    const InputEvent *event = &g_array_index (input->pending, InputEvent, i);
    g_variant_builder_add (&pending, "(qqi)", event->type, event->code, event->value);
  }
  for (unsigned code = 0; code < KEY_CNT; code++)
    if (virtio_input_bit (input->pressed, code))
      g_variant_builder_add (&pressed, "q", (uint16_t)code);
  return g_variant_new (VIRTIO_INPUT_STATE_TYPE, &pending, &pressed);
}

/* Nobody is known to hold down the keys that were held when the state was saved, so they are released. */
bool
virtio_input_load_events (VirtioInput *input, GVariant *state)
{
  g_autoptr (GVariantIter) pending = NULL;
  g_autoptr (GVariantIter) pressed = NULL;
  InputEvent event;
  uint16_t code;
  g_variant_get (state, VIRTIO_INPUT_STATE_TYPE, &pending, &pressed);
  virtio_input_drop (input);
  while (g_variant_iter_next (pending, "(qqi)", &event.type, &event.code, &event.value)) {
    const bool end = event.type == EV_SYN && event.code == SYN_REPORT;
    if ((!end && !is_supported (input, event.type, event.code)) || input->pending->len == 2 * PENDING_MAX)
      return false;
    g_array_append_val (input->pending, event);
  }
  while (g_variant_iter_next (pressed, "q", &code)) {
    const InputEvent release = { EV_KEY, code, 0 };
    if (!is_supported (input, EV_KEY, code))
      return false;
    virtio_input_set_bit (input->pressed, code, true);
    g_array_append_val (input->batch, release);
  }
  keep_batch (input);
  return true;
}
