/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Timers and watches of the library as sources of the default main context. */

#include "spice-private.h"

#include <string.h>

struct SpiceTimer {
  GSource source; /* must be first */
  SpiceTimerFunc func;
  void *opaque;
};

struct SpiceWatch {
  GSource source; /* must be first */
  SpiceWatchFunc func;
  void *opaque;
  int fd, mask;
  gpointer tag; /* NULL: the descriptor is not looked at */
};

static GHashTable *sources; /* GSource: all there are */

static void
source_add (GSource *source)
{
  if (!sources)
    sources = g_hash_table_new (NULL, NULL);
  g_hash_table_add (sources, source);
  g_source_attach (source, NULL);
}

static void
source_remove (GSource *source)
{
  g_hash_table_remove (sources, source);
  g_source_destroy (source);
  g_source_unref (source);
}

void
spice_loop_end (void)
{
  GHashTableIter i;
  void *source;
  if (!sources)
    return;
  g_hash_table_iter_init (&i, sources);
  while (g_hash_table_iter_next (&i, &source, NULL)) {
    g_source_destroy (source);
    g_source_unref (source);
  }
  g_clear_pointer (&sources, g_hash_table_unref);
}

static gboolean
timer_dispatch (GSource *source, GSourceFunc unused, gpointer none)
{
  SpiceTimer *timer = (SpiceTimer *)source;
  g_source_set_ready_time (source, -1);
  timer->func (timer->opaque); /* It may remove the timer. */
  return G_SOURCE_CONTINUE;
}

static SpiceTimer *
timer_add (SpiceTimerFunc func, void *opaque)
{
  static GSourceFuncs funcs = { .dispatch = timer_dispatch };
  SpiceTimer *timer = (SpiceTimer *)g_source_new (&funcs, sizeof (SpiceTimer));
  timer->func = func;
  timer->opaque = opaque;
  source_add (&timer->source);
  return timer;
}

static void
timer_start (SpiceTimer *timer, uint32_t ms)
{
  g_source_set_ready_time (&timer->source, g_get_monotonic_time () + INT64_C (1000) * ms);
}

static void
timer_cancel (SpiceTimer *timer)
{
  g_source_set_ready_time (&timer->source, -1);
}

static void
timer_remove (SpiceTimer *timer)
{
  source_remove (&timer->source);
}

static gboolean
watch_dispatch (GSource *source, GSourceFunc unused, gpointer none)
{
  SpiceWatch *watch = (SpiceWatch *)source;
  const GIOCondition condition = watch->tag ? g_source_query_unix_fd (source, watch->tag) : 0;
  int event = condition & (G_IO_IN | G_IO_HUP | G_IO_ERR) ? SPICE_WATCH_EVENT_READ : 0;
  if (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR))
    event |= SPICE_WATCH_EVENT_WRITE;
  event &= watch->mask;
  if (event)
    watch->func (watch->fd, event, watch->opaque); /* It may remove the watch. */
  return G_SOURCE_CONTINUE;
}

static void
watch_update_mask (SpiceWatch *watch, int mask)
{
  const int wanted =
      (mask & SPICE_WATCH_EVENT_READ ? G_IO_IN : 0) | (mask & SPICE_WATCH_EVENT_WRITE ? G_IO_OUT : 0);
  watch->mask = mask;
  /* A descriptor in which nobody is interested would still wake us up for ever once it is hung up. */
  if (!wanted && watch->tag) {
    g_source_remove_unix_fd (&watch->source, watch->tag);
    watch->tag = NULL;
  } else if (wanted && watch->tag) {
    g_source_modify_unix_fd (&watch->source, watch->tag, wanted);
  } else if (wanted) {
    watch->tag = g_source_add_unix_fd (&watch->source, watch->fd, wanted);
  }
}

static SpiceWatch *
watch_add (int fd, int mask, SpiceWatchFunc func, void *opaque)
{
  static GSourceFuncs funcs = { .dispatch = watch_dispatch };
  SpiceWatch *watch = (SpiceWatch *)g_source_new (&funcs, sizeof (SpiceWatch));
  watch->fd = fd;
  watch->func = func;
  watch->opaque = opaque;
  watch->tag = NULL;
  watch_update_mask (watch, mask);
  source_add (&watch->source);
  return watch;
}

static void
watch_remove (SpiceWatch *watch)
{
  source_remove (&watch->source);
}

typedef struct {
  int event;
  SpiceChannelEventInfo info;
} ChannelEvent;

static gboolean
tell_channel_event (void *opaque)
{
  const ChannelEvent *e = opaque;
  spice_service_channel_event (e->event, &e->info);
  return G_SOURCE_REMOVE;
}

/* On the main thread, but for ends of screens' channels in some versions of the library. The order is kept;
 * `info` is freed after the call. */
static void
channel_event (int event, SpiceChannelEventInfo *info)
{
  ChannelEvent *e = g_new (ChannelEvent, 1);
  *e = (ChannelEvent){ event, *info };
  g_idle_add_full (G_PRIORITY_DEFAULT, tell_channel_event, e, g_free);
}

const SpiceCoreInterface spice_loop_interface = {
  .base = { SPICE_INTERFACE_CORE, "main context", SPICE_INTERFACE_CORE_MAJOR, SPICE_INTERFACE_CORE_MINOR },
  .timer_add = timer_add,
  .timer_start = timer_start,
  .timer_cancel = timer_cancel,
  .timer_remove = timer_remove,
  .watch_add = watch_add,
  .watch_update_mask = watch_update_mask,
  .watch_remove = watch_remove,
  .channel_event = channel_event,
};
