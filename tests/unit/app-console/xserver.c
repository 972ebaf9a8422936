/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xserver.h"

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static GPid server;
static Display *connection;

static void
on_child (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

void
xserver_start (int width, int height)
{
  int pipe_fds[2];
  char number[16] = "";
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (pipe (pipe_fds), ==, 0);
  g_autofree char *fd = g_strdup_printf ("%d", pipe_fds[1]);
  g_autofree char *size = g_strdup_printf ("%dx%dx24", width, height);
  char *arguments[] = {
    "Xvfb", "-displayfd", fd, "-screen", "0", size, "-nolisten", "tcp", "-noreset", NULL
  };
  g_spawn_async (NULL, arguments, NULL,
                 G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN | G_SPAWN_DO_NOT_REAP_CHILD |
                     G_SPAWN_STDERR_TO_DEV_NULL,
                 on_child, NULL, &server, &error);
  g_assert_no_error (error);
  close (pipe_fds[1]);
  for (gsize n = 0; n < sizeof number - 1 && !strchr (number, '\n');) {
    const gssize got = read (pipe_fds[0], number + n, sizeof number - 1 - n);
    g_assert_cmpint (got, >, 0);
    n += (gsize)got;
  }
  close (pipe_fds[0]);
  g_autofree char *display = g_strdup_printf (":%d", atoi (number));
  g_setenv ("DISPLAY", display, TRUE);
  g_setenv ("GDK_BACKEND", "x11", TRUE);
  g_setenv ("GTK_A11Y", "none", TRUE);
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  connection = XOpenDisplay (NULL);
  g_assert_nonnull (connection);
}

void
xserver_stop (void)
{
  XCloseDisplay (connection);
  kill (server, SIGTERM);
  waitpid (server, NULL, 0);
}

void
xserver_do (const char *format, ...)
{
  va_list arguments;
  int status;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = NULL;
  va_start (arguments, format);
  g_autofree char *rest = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *line = g_strconcat ("xdotool ", rest, NULL);
  g_assert_true (g_shell_parse_argv (line, NULL, &argv, &error));
  g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
  run_for (30);
}

guint32 *
xserver_pixels (int *ret_width)
{
  const int screen = DefaultScreen (connection);
  const int width = DisplayWidth (connection, screen), height = DisplayHeight (connection, screen);
  XImage *image = XGetImage (connection, DefaultRootWindow (connection), 0, 0, (guint)width, (guint)height,
                             AllPlanes, ZPixmap);
  g_assert_nonnull (image);
  guint32 *pixels = g_new (guint32, (gsize)width * (gsize)height);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      pixels[y * width + x] = (guint32)XGetPixel (image, x, y) & 0xffffff;
  XDestroyImage (image);
  *ret_width = width;
  return pixels;
}

static gboolean
on_timeout (gpointer over)
{
  *(gboolean *)over = TRUE;
  return G_SOURCE_REMOVE;
}

void
run_for (guint ms)
{
  gboolean over = FALSE;
  g_timeout_add (ms, on_timeout, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}
