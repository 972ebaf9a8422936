/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ctl.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* A machine's serial port in this terminal, and what it uses. */

#define LEAVE     0x1d /* Ctrl-] */
#define KEPT_TEXT 65536

static int
open_console (char **operands)
{
  g_autofree char *path = ctl_find_machine (operands[0], NULL);
  g_autoptr (GUnixFDList) fds = NULL;
  const char *id = ctl_options.console ? ctl_options.console : "serial0";
  GVariant *arguments = path ? g_variant_new ("(s)", id) : NULL;
  g_autoptr (GVariant) reply =
      path ? ctl_call_fds (path, CTL_MACHINE, "OpenConsole", arguments, NULL, &fds) : NULL;
  GError *error = NULL;
  if (reply == NULL)
    return -1;
  int fd = fds ? g_unix_fd_list_get (fds, 0, &error) : -1;
  if (fd < 0)
    error ? ctl_report (error) : ctl_complain ("the engine gave no stream.");
  return fd;
}

/* ---- console ---- */

static struct termios before;
static bool raw;

static void
restore_terminal (void)
{
  if (raw)
    tcsetattr (STDIN_FILENO, TCSAFLUSH, &before);
  raw = false;
}

static void
make_raw (void)
{
  struct termios mode;
  if (!isatty (STDIN_FILENO) || tcgetattr (STDIN_FILENO, &before) < 0)
    return;
  mode = before;
  cfmakeraw (&mode);
  raw = tcsetattr (STDIN_FILENO, TCSAFLUSH, &mode) == 0;
  atexit (restore_terminal);
  fputs ("Ctrl-] leaves.\r\n", stderr);
}

static bool
write_all (int fd, const char *data, ssize_t size)
{
  while (size > 0) {
    ssize_t n = write (fd, data, (size_t)size);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n <= 0)
      return false;
    data += n;
    size -= n;
  }
  return true;
}

/* From one to the other; 0: that was all, or Ctrl-]. */
static ssize_t
pass (int from, int to, bool keys)
{
  char buffer[4096];
  ssize_t n = read (from, buffer, sizeof buffer);
  if (n <= 0)
    return n < 0 && errno == EINTR ? 1 : 0;
  char *leave = keys ? memchr (buffer, LEAVE, (size_t)n) : NULL;
  ssize_t passed = leave ? leave - buffer : n;
  return write_all (to, buffer, passed) && leave == NULL ? 1 : 0;
}

int
ctl_console (char **operands)
{
  int fd = open_console (operands);
  if (fd < 0)
    return 1;
  make_raw ();
  struct pollfd polls[] = { { fd, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };
  for (;;) {
    if (poll (polls, 2, -1) < 0) {
      if (errno != EINTR)
        break;
      continue;
    }
    if (polls[0].revents != 0 && pass (fd, STDOUT_FILENO, false) == 0)
      break;
    if (polls[1].revents == 0 || pass (STDIN_FILENO, fd, raw) != 0)
      continue;
    if (raw)
      break;
    polls[1].fd = -1; /* a file that is at its end; what the machine says is still read */
  }
  restore_terminal ();
  close (fd);
  return 0;
}

/* ---- wait-for-text ---- */

/* Adds what has come; whether the text is in there. What is long past is forgotten. */
static bool
find_text (GByteArray *seen, const char *wanted, const char *data, ssize_t size)
{
  g_byte_array_append (seen, (const guint8 *)data, (guint)size);
  if (memmem (seen->data, seen->len, wanted, strlen (wanted)) != NULL)
    return true;
  if (seen->len > KEPT_TEXT + strlen (wanted))
    g_byte_array_remove_range (seen, 0, seen->len - (guint)strlen (wanted));
  return false;
}

int
ctl_wait_for_text (char **operands)
{
  g_autoptr (GByteArray) seen = g_byte_array_new ();
  gint64 end = ctl_options.timeout > 0 ? g_get_monotonic_time () + ctl_options.timeout * G_TIME_SPAN_SECOND
                                       : G_MAXINT64;
  if (*operands[1] == '\0')
    return ctl_complain ("there is no text to wait for.");
  int fd = open_console (operands);
  if (fd < 0)
    return 1;
  for (;;) {
    char buffer[4096];
    struct pollfd wait = { fd, POLLIN, 0 };
    gint64 left = end == G_MAXINT64 ? -1 : MAX (0, (end - g_get_monotonic_time ()) / 1000);
    int ready = poll (&wait, 1, (int)MIN (left, G_MAXINT));
    if (ready < 0 && errno == EINTR)
      continue;
    ssize_t n = ready > 0 ? read (fd, buffer, sizeof buffer) : 0;
    if (n > 0 && !find_text (seen, operands[1], buffer, n))
      continue;
    close (fd);
    if (n > 0)
      return 0;
    return ready == 0
               ? ctl_complain ("'%s' has not come in %d seconds.\nGive it more with --timeout, or look with "
                               "`vitrinectl console`.",
                               operands[1], ctl_options.timeout)
               : ctl_complain ("the machine has stopped, and '%s' has not come.", operands[1]);
  }
}

/* ---- watch ---- */

typedef struct {
  GMainLoop *loop;
  int status;
} Watching;

static void
on_sample (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *arguments, gpointer data)
{
  gint64 time;
  double cpu;
  guint64 memory, read_rate, write_rate, in, out;
  if (!g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(xdttttt)")))
    return;
  if (ctl_options.json) {
    ctl_print_json_line (arguments);
    return;
  }
  g_variant_get (arguments, "(xdttttt)", &time, &cpu, &memory, &read_rate, &write_rate, &in, &out);
  g_autofree char *used = g_format_size_full (memory, G_FORMAT_SIZE_IEC_UNITS),
                  *r = g_format_size (read_rate), *w = g_format_size (write_rate), *i = g_format_size (in),
                  *o = g_format_size (out);
  printf ("CPU %3.0f %%  memory %s  disk read %s/s, write %s/s  network in %s/s, out %s/s\n", cpu * 100, used,
          r, w, i, o);
  fflush (stdout);
}

static void
on_state (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
          const char *signal, GVariant *arguments, gpointer data)
{
  static const char *const ends[] = { "off", "saved", "crashed", "broken", NULL };
  g_autoptr (GVariant) changed = g_variant_get_child_value (arguments, 1);
  const char *state;
  if (g_variant_lookup (changed, "State", "&s", &state) && g_strv_contains (ends, state))
    g_main_loop_quit (((Watching *)data)->loop);
}

static gboolean
on_interrupt (gpointer data)
{
  g_main_loop_quit (((Watching *)data)->loop);
  return G_SOURCE_CONTINUE;
}

int
ctl_watch (char **operands)
{
  g_autofree char *path = ctl_find_machine (operands[0], NULL);
  Watching watching = { g_main_loop_new (NULL, FALSE), 0 };
  if (path == NULL)
    return 1;
  g_dbus_connection_signal_subscribe (ctl_bus (), CTL_ENGINE_NAME, "org.vitrine.Statistics1", "Sample", path,
                                      NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_sample, &watching, NULL);
  g_dbus_connection_signal_subscribe (ctl_bus (), CTL_ENGINE_NAME, "org.freedesktop.DBus.Properties",
                                      "PropertiesChanged", path, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_state,
                                      &watching, NULL);
  g_unix_signal_add (SIGINT, on_interrupt, &watching);
  if (ctl_options.timeout > 0)
    g_timeout_add_seconds ((guint)ctl_options.timeout, on_interrupt, &watching);
  g_autoptr (GVariant) reply = ctl_call (path, "org.vitrine.Statistics1", "Watch", NULL);
  if (reply == NULL)
    return 1;
  g_main_loop_run (watching.loop);
  g_main_loop_unref (watching.loop);
  return watching.status;
}
