/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A pseudo-terminal that another program opens. While nobody has it open, the kernel reports it as hung up;
 * that is looked at twice a second, since nothing tells us of the opening. */

#include "chardev-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

typedef struct {
  Chardev chr; /* must be first */
  int fd;
  unsigned timer;
} PtyChardev;

enum { LOOK_MS = 500 };

static gboolean
on_timer (void *opaque)
{
  PtyChardev *pty = opaque;
  struct pollfd p = { .fd = pty->fd, .events = POLLIN };
  poll (&p, 1, 0);
  if (p.revents & POLLHUP)
    return G_SOURCE_CONTINUE;
  pty->timer = 0;
  chardev_set_fds (&pty->chr, pty->fd, pty->fd);
  chardev_set_connected (&pty->chr, true);
  return G_SOURCE_REMOVE;
}

static void
pty_hangup (Chardev *chr)
{
  PtyChardev *pty = (PtyChardev *)chr;
  chardev_set_fds (chr, -1, -1);
  chardev_set_connected (chr, false);
  if (!pty->timer)
    pty->timer = g_timeout_add (LOOK_MS, on_timer, pty);
}

static bool
pty_open (Chardev *chr, Keyval *kv, GError **error)
{
  PtyChardev *pty = (PtyChardev *)chr;
  char name[128];
  struct termios settings;
  pty->fd = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  const int slave = pty->fd >= 0 && grantpt (pty->fd) == 0 && unlockpt (pty->fd) == 0 &&
                            ptsname_r (pty->fd, name, sizeof name) == 0
                        ? open (name, O_RDWR | O_NOCTTY | O_CLOEXEC)
                        : -1;
  if (slave < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot make a pseudo-terminal: %s",
                 g_strerror (errno));
    return false;
  }
  if (tcgetattr (slave, &settings) == 0) {
    cfmakeraw (&settings);
    tcsetattr (slave, TCSAFLUSH, &settings);
  }
  close (slave); /* Opened and closed once: hung up from now on. */
  g_free (chr->text);
  chr->text = g_strconcat ("pty:", name, NULL);
  fprintf (stderr, "char device redirected to %s%s%s%s\n", name, chr->id ? " (label " : "",
           chr->id ? chr->id : "", chr->id ? ")" : "");
  pty->timer = g_timeout_add (LOOK_MS, on_timer, pty);
  return true;
}

static void
pty_close (Chardev *chr)
{
  PtyChardev *pty = (PtyChardev *)chr;
  if (pty->timer)
    g_source_remove (pty->timer);
  if (pty->fd > 0)
    close (pty->fd);
}

const ChardevKind chardev_pty = { "pty", sizeof (PtyChardev), pty_open, pty_close, .hangup = pty_hangup };
