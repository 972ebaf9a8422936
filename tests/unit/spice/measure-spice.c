/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Frames of 1920×1080 pixels that all change, 60 times a second, through a socket pair to a client in another
 * process: how many arrive, and what they cost the server. Usage: measure-spice [SECONDS] */

#include "spice-rig.h"

#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WIDTH = 1920, HEIGHT = 1080 };

typedef struct {
  int control; /* descriptors of connections come from there */
  SpiceSession *session;
  unsigned frames;
  const uint32_t *pixels;
  uint32_t last;
} Viewer;

static int
take_fd (int control)
{
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } space;
  char byte = 1;
  struct iovec iov = { &byte, 1 };
  struct msghdr message = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof space
  };
  if (write (control, &byte, 1) != 1 || recvmsg (control, &message, 0) != 1)
    exit (1);
  int fd;
  memcpy (&fd, CMSG_DATA (CMSG_FIRSTHDR (&message)), sizeof fd);
  return fd;
}

static void
on_primary (SpiceDisplayChannel *channel, int format, int width, int height, int stride, int shmid,
            void *data, Viewer *viewer)
{
  viewer->pixels = data;
}

/* A frame is one colour, which counts them. */
static void
on_invalidate (SpiceDisplayChannel *channel, int x, int y, int width, int height, Viewer *viewer)
{
  const uint32_t now = viewer->pixels[(HEIGHT - 1) * WIDTH + WIDTH - 1] & 0xffffff;
  if (now != viewer->last)
    viewer->frames++;
  viewer->last = now;
}

static void
on_open_fd (SpiceChannel *channel, int tls, Viewer *viewer)
{
  spice_channel_open_fd (channel, take_fd (viewer->control));
}

static void
on_channel (SpiceSession *session, SpiceChannel *channel, Viewer *viewer)
{
  g_signal_connect (channel, "open-fd", G_CALLBACK (on_open_fd), viewer);
  if (SPICE_IS_MAIN_CHANNEL (channel))
    return;
  if (SPICE_IS_DISPLAY_CHANNEL (channel)) {
    g_signal_connect (channel, "display-primary-create", G_CALLBACK (on_primary), viewer);
    g_signal_connect (channel, "display-invalidate", G_CALLBACK (on_invalidate), viewer);
  }
  spice_channel_connect (channel);
}

static double
cpu_seconds (void)
{
  struct rusage used;
  getrusage (RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void
view (int control, double seconds)
{
  Viewer viewer = { .control = control };
  viewer.session = spice_session_new ();
  g_object_set (viewer.session, "enable-audio", FALSE, "enable-usbredir", FALSE, NULL);
  g_signal_connect (viewer.session, "channel-new", G_CALLBACK (on_channel), &viewer);
  spice_session_open_fd (viewer.session, take_fd (control));
  while (viewer.frames < 10)
    g_main_context_iteration (NULL, TRUE);
  const int64_t begun = g_get_monotonic_time ();
  const double before = cpu_seconds ();
  viewer.frames = 0;
  while (g_get_monotonic_time () - begun < (int64_t)(seconds * 1e6))
    g_main_context_iteration (NULL, TRUE);
  printf ("client: %.1f frames per second, %.0f %% of a processor\n", viewer.frames / seconds,
          100 * (cpu_seconds () - before) / seconds);
}

typedef struct {
  Rig *rig;
  int control;
  unsigned frame;
  gint ends; /* atomic */
} Server;

static gboolean
on_request (int fd, GIOCondition condition, void *opaque)
{
  Server *server = opaque;
  char byte;
  if (read (fd, &byte, 1) != 1)
    return G_SOURCE_REMOVE;
  int fds[2];
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } space = { 0 };
  struct iovec iov = { &byte, 1 };
  struct msghdr message = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof space
  };
  struct cmsghdr *c = CMSG_FIRSTHDR (&message);
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
    exit (1);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN (sizeof (int));
  memcpy (CMSG_DATA (c), &fds[1], sizeof (int));
  if (!spice_service_add_client (server->rig->service, fds[0], true, NULL) || sendmsg (fd, &message, 0) != 1)
    exit (1);
  close (fds[1]);
  return G_SOURCE_CONTINUE;
}

/* The guest: paints, and says so. What that costs is not the server's, so it is measured apart. */
static double painting;

static void
paint (Server *server)
{
  RigScreen *screen = &server->rig->screens[0];
  DisplaySurface s;
  struct timespec begun, ended;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &begun);
  if (display_lock (screen->display, &s)) {
    const uint32_t colour = ++server->frame & 0xffffff;
    for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
      ((uint32_t *)(void *)s.pixels)[i] = colour;
    display_unlock (screen->display);
  }
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &ended);
  painting += (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
  display_update (screen->display, 0, 0, WIDTH, HEIGHT);
}

static void *
guest (void *opaque)
{
  Server *server = opaque;
  int64_t next = g_get_monotonic_time ();
  while (!g_atomic_int_get (&server->ends)) {
    paint (server);
    next += 16667;
    g_usleep ((gulong)MAX (next - g_get_monotonic_time (), 1));
  }
  return NULL;
}

int
main (int argc, char **argv)
{
  const double seconds = argc > 1 ? g_ascii_strtod (argv[1], NULL) : 5;
  int control[2];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control))
    return 1;
  const pid_t child = fork ();
  if (child == 0) {
    close (control[0]);
    view (control[1], seconds);
    return 0;
  }
  close (control[1]);
  Rig rig;
  Server server = { &rig, control[0], 0, 0 };
  rig_open (&rig, "disable-ticketing=on,image-compression=off,streaming-video=off", 1, 0);
  rig_resize (&rig.screens[0], WIDTH, HEIGHT);
  g_unix_fd_add (control[0], G_IO_IN | G_IO_HUP, on_request, &server);
  GThread *thread = g_thread_new ("guest", guest, &server);
  rig_run (1000);
  const double before = cpu_seconds () - painting;
  const unsigned frame = server.frame;
  const int64_t begun = g_get_monotonic_time ();
  rig_run ((unsigned)(seconds * 1000));
  const double took = (double)(g_get_monotonic_time () - begun) / 1e6;
  printf ("server: %.1f frames per second painted, %.0f %% of a processor without painting\n",
          (server.frame - frame) / took, 100 * (cpu_seconds () - painting - before) / took);
  waitpid (child, NULL, 0);
  g_atomic_int_set (&server.ends, 1);
  g_thread_join (thread);
  rig_close (&rig);
  return 0;
}
