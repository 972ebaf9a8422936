/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a picture of 1920×1080 that changes as a whole sixty times a second costs the app, and what an idle
 * one does. The server in this process is measured, too: it is a thread and the main loop's other half. */

#include "display.h"
#include "guest.h"
#include "xserver.h"

#include <stdio.h>
#include <sys/resource.h>

enum { WIDTH = 1920, HEIGHT = 1080, SECONDS = 5 };

static void
open_channel (VtSession *session, SpiceChannel *channel, gpointer data)
{
  vt_session_give (session, channel, guest_connect ());
}

static double
cpu_of (int who)
{
  struct rusage usage;
  getrusage (who, &usage);
  return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
         1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

typedef struct {
  guint frames, changes, arrived;
  gint64 longest, last;
} Count;

static void
on_paint (GdkFrameClock *clock, Count *count)
{
  const gint64 now = g_get_monotonic_time ();
  if (count->last)
    count->longest = MAX (count->longest, now - count->last);
  count->last = now;
  count->frames++;
}

static void
on_invalidate (SpiceDisplayChannel *channel, int x, int y, int width, int height, Count *count)
{
  count->arrived += width == WIDTH && height == HEIGHT;
}

static gboolean
on_tick (gpointer data)
{
  Count *count = data;
  guest_fill (0, 0, WIDTH, HEIGHT, 0x10101u * (++count->changes & 0xff));
  return G_SOURCE_CONTINUE;
}

static void
measure (const char *what, Count *count)
{
  const double before = cpu_of (RUSAGE_SELF), thread = cpu_of (RUSAGE_THREAD);
  run_for (1000 * SECONDS);
  printf ("%s: %.1f changes/s, %.1f arrived/s, %.1f frames/s, longest gap %.1f ms, CPU %.1f %% (main thread "
          "%.1f %%)\n",
          what, (double)count->changes / SECONDS, (double)count->arrived / SECONDS,
          (double)count->frames / SECONDS, 1e-3 * (double)count->longest,
          100 * (cpu_of (RUSAGE_SELF) - before) / SECONDS, 100 * (cpu_of (RUSAGE_THREAD) - thread) / SECONDS);
}

int
main (int argc, char **argv)
{
  Count count = { 0 };
  xserver_start (WIDTH, HEIGHT);
  gtk_init ();
  guest_open (WIDTH, HEIGHT, TRUE);
  VtSession *session = vt_session_new (open_channel, NULL);
  GtkWidget *window = gtk_window_new (), *display = vt_display_new (session, 0);
  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_window_set_default_size (GTK_WINDOW (window), WIDTH, HEIGHT);
  gtk_window_set_child (GTK_WINDOW (window), display);
  gtk_window_present (GTK_WINDOW (window));
  vt_session_connect (session);
  run_for (1500);
  printf ("renderer %s\n", G_OBJECT_TYPE_NAME (gtk_native_get_renderer (GTK_NATIVE (window))));
  g_signal_connect (gtk_widget_get_frame_clock (display), "paint", G_CALLBACK (on_paint), &count);
  g_signal_connect (vt_session_get_screen (session, 0), "display-invalidate", G_CALLBACK (on_invalidate),
                    &count);
  measure ("idle", &count);
  count = (Count){ 0 };
  const guint tick = g_timeout_add (16, on_tick, &count);
  measure ("full changes", &count);
  g_source_remove (tick);
  vt_session_close (session);
  gtk_window_destroy (GTK_WINDOW (window));
  run_for (50);
  guest_close ();
  xserver_stop ();
  return 0;
}
