/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What people type and point at, handed to the device that took it up last. */

#include "display.h"

#include <linux/input-event-codes.h>

enum { KEYS = 16, QUEUE = 1024, GAP_MS = 10 };

typedef struct {
  InputKind kind;
  const InputSink *calls;
  void *opaque;
} Sink;

typedef struct {
  uint16_t codes[KEYS];
  unsigned n, hold_ms;
} Chord;

static GArray *sinks;                /* the newest last */
static GQueue chords = G_QUEUE_INIT; /* the first one is being pressed */
static unsigned chord_timer;

void
input_sink_add (InputKind kind, const InputSink *sink, void *opaque)
{
  const Sink s = { kind, sink, opaque };
  if (!sinks)
    sinks = g_array_new (FALSE, FALSE, sizeof (Sink));
  g_array_append_val (sinks, s);
}

void
input_sink_remove (void *opaque)
{
  for (unsigned i = sinks ? sinks->len : 0; i-- > 0;)
    if (g_array_index (sinks, Sink, i).opaque == opaque)
      g_array_remove_index (sinks, i);
}

static const Sink *
newest (InputKind kind)
{
  for (unsigned i = sinks ? sinks->len : 0; i-- > 0;)
    if (g_array_index (sinks, Sink, i).kind & kind)
      return &g_array_index (sinks, Sink, i);
  return NULL;
}

bool
input_has (InputKind kind)
{
  return newest (kind) != NULL;
}

bool
input_send (InputKind kind, uint16_t type, uint16_t code, int32_t value)
{
  const Sink *sink = newest (kind);
  if (sink)
    sink->calls->event (sink->opaque, type, code, value);
  return sink != NULL;
}

/* Lights. */

static gint leds, leds_to_tell; /* atomic */
static unsigned leds_told;      /* main thread */
static void (*leds_changed) (void *opaque, unsigned leds);
static void *leds_opaque;

static gboolean
tell_leds (void *unused)
{
  g_atomic_int_set (&leds_to_tell, 0);
  const unsigned now = input_leds ();
  if (leds_changed && now != leds_told)
    leds_changed (leds_opaque, now);
  leds_told = now;
  return G_SOURCE_REMOVE;
}

void
input_report_leds (unsigned now)
{
  g_atomic_int_set (&leds, (gint)now);
  if (g_atomic_int_compare_and_exchange (&leds_to_tell, 0, 1))
    g_idle_add_full (G_PRIORITY_DEFAULT, tell_leds, NULL, NULL);
}

unsigned
input_leds (void)
{
  return (unsigned)g_atomic_int_get (&leds);
}

void
input_watch_leds (void (*changed) (void *opaque, unsigned leds), void *opaque)
{
  leds_changed = changed;
  leds_opaque = opaque;
}

/* Keys pressed for somebody. */

static gboolean on_chord_timer (void *unused);

static void
press (void)
{
  const Chord *chord = g_queue_peek_head (&chords);
  for (unsigned i = 0; i < chord->n; i++)
    input_send (INPUT_KEYBOARD, EV_KEY, chord->codes[i], 1);
  input_send (INPUT_KEYBOARD, EV_SYN, SYN_REPORT, 0);
  chord_timer = g_timeout_add (chord->hold_ms, on_chord_timer, NULL);
}

static gboolean
on_gap (void *unused)
{
  press ();
  return G_SOURCE_REMOVE;
}

static gboolean
on_chord_timer (void *unused)
{
  g_autofree Chord *chord = g_queue_pop_head (&chords);
  for (unsigned i = chord->n; i-- > 0;)
    input_send (INPUT_KEYBOARD, EV_KEY, chord->codes[i], 0);
  input_send (INPUT_KEYBOARD, EV_SYN, SYN_REPORT, 0);
  chord_timer = g_queue_is_empty (&chords) ? 0 : g_timeout_add (GAP_MS, on_gap, NULL);
  return G_SOURCE_REMOVE;
}

void
input_send_keys (const uint16_t *codes, unsigned n, unsigned hold_ms)
{
  if (n == 0 || g_queue_get_length (&chords) >= QUEUE)
    return;
  Chord *chord = g_new0 (Chord, 1);
  chord->n = MIN (n, KEYS);
  chord->hold_ms = hold_ms;
  for (unsigned i = 0; i < chord->n; i++)
    chord->codes[i] = codes[i];
  g_queue_push_tail (&chords, chord);
  if (!chord_timer)
    press ();
}
