/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"

#include <signal.h>
#include <stdio.h>

static struct {
  bool show;
  GMutex lock;
  double share, shown;
} progress;

/* Atomic, which a handler may use. */
static gint stop_signal, asked;

static void
on_stop (int number)
{
  g_atomic_int_set (&stop_signal, number);
}

static void
on_ask (int number)
{
  g_atomic_int_set (&asked, 1);
}

static void catch (int number, void (*handler) (int), int flags)
{
  struct sigaction old, new = { .sa_handler = handler, .sa_flags = flags };
  /* What was ignored from the start, as by nohup, stays so. */
  if (sigaction (number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
    sigaction (number, &new, NULL);
}

static void
print (FILE *to, char end)
{
  fprintf (to, "    (%3.2f/100%%)%c", progress.share * 100, end);
  fflush (to);
}

void
img_progress_begin (bool show)
{
  progress.show = show;
  progress.share = progress.shown = 0;
  /* A second signal while the first one is being obeyed ends the program at once. */
  catch (SIGINT, on_stop, (int)SA_RESETHAND);
  catch (SIGTERM, on_stop, (int)SA_RESETHAND);
  catch (SIGHUP, on_stop, (int)SA_RESETHAND);
  catch (SIGUSR1, on_ask, SA_RESTART);
  if (show)
    print (stdout, '\r');
}

void
img_progress_set (double share)
{
  g_mutex_lock (&progress.lock);
  progress.share = MAX (progress.share, MIN (share, 1));
  if (progress.show &&
      (progress.share - progress.shown >= 0.01 || (progress.share >= 1 && progress.shown < 1))) {
    progress.shown = progress.share;
    print (stdout, '\r');
  }
  if (g_atomic_int_compare_and_exchange (&asked, 1, 0))
    print (stderr, '\n');
  g_mutex_unlock (&progress.lock);
}

void
img_progress_end (bool complete)
{
  if (complete)
    img_progress_set (1);
  if (progress.show)
    putchar ('\n');
  progress.show = false;
}

bool
img_cancelled (void)
{
  return g_atomic_int_get (&stop_signal) != 0;
}

void
img_die_if_cancelled (void)
{
  int number = g_atomic_int_get (&stop_signal);
  if (!number)
    return;
  fflush (stdout);
  signal (number, SIG_DFL);
  raise (number);
}
