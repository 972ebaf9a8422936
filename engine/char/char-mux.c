/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Several devices on one back end: all write to it, one at a time has the keyboard, Ctrl-A begins a command.
 */

#include "chardev-private.h"

#include <gio/gio.h>
#include <string.h>

enum { ESCAPE = 1, QUEUE = 4096 };

typedef struct {
  ChardevFrontend frontend;
  void *opaque;
  GByteArray *queue; /* typed, and not yet taken */
} MuxPort;

typedef struct {
  Chardev chr; /* must be first */
  Chardev *inner;
  GPtrArray *ports; /* MuxPort; main thread */
  unsigned focus;
  bool escaped; /* Ctrl-A was typed */
  void (*quit) (void *opaque);
  void *quit_opaque;
  /* With the lock: */
  bool timestamps, line_start;
  gint64 start;
} MuxChardev;

static MuxPort *
focused (MuxChardev *mux)
{
  return mux->focus < mux->ports->len ? mux->ports->pdata[mux->focus] : NULL;
}

static void
port_free (void *data)
{
  MuxPort *port = data;
  g_byte_array_unref (port->queue);
  g_free (port);
}

static size_t
port_room (MuxChardev *mux, MuxPort *port)
{
  size_t room = port->frontend.can_receive (port->opaque);
  if (room == 0) {
    g_atomic_int_set (&mux->chr.paused, 1);
    room = port->frontend.can_receive (port->opaque);
  }
  return room;
}

/* Gives the focused device what it takes. It may detach itself at any call. */
static void
feed (MuxChardev *mux)
{
  MuxPort *port;
  size_t room;
  while ((port = focused (mux)) && port->queue->len && (room = port_room (mux, port))) {
    uint8_t some[256];
    const size_t n = MIN (MIN (room, sizeof some), port->queue->len);
    memcpy (some, port->queue->data, n);
    g_byte_array_remove_range (port->queue, 0, (unsigned)n);
    port->frontend.receive (port->opaque, some, n);
  }
}

static size_t
mux_can_receive (void *opaque)
{
  MuxChardev *mux = opaque;
  const MuxPort *port = focused (mux);
  return port ? QUEUE - MIN (port->queue->len, QUEUE) : QUEUE;
}

static void
set_focus (MuxChardev *mux, unsigned focus)
{
  const MuxPort *old = focused (mux);
  mux->focus = focus;
  if (old && old->frontend.focus)
    old->frontend.focus (old->opaque, false);
  const MuxPort *port = focused (mux);
  if (port && port->frontend.focus)
    port->frontend.focus (port->opaque, true);
}

static void
say (MuxChardev *mux, const char *text)
{
  chardev_write (mux->inner, (const uint8_t *)text, strlen (text));
}

static void
help (MuxChardev *mux)
{
  say (mux, "\r\nC-a h    print this help\r\n");
  if (mux->quit)
    say (mux, "C-a x    end the machine\r\n");
  say (mux, "C-a t    toggle timestamps\r\nC-a b    send a break\r\n");
  if (mux->ports->len > 1)
    say (mux, "C-a c    switch between console and monitor\r\n");
  say (mux, "C-a C-a  send C-a\r\n");
}

static void
command (MuxChardev *mux, uint8_t key)
{
  const MuxPort *port = focused (mux);
  switch (g_ascii_tolower ((char)key)) {
    case 'h':
    case '?': help (mux); break;
    case 'x':
      if (mux->quit) {
        say (mux, "\r\nVitrine: ended by Ctrl-A X\r\n");
        mux->quit (mux->quit_opaque);
      }
      break;
    case 't':
      g_mutex_lock (&mux->chr.lock);
      mux->timestamps = !mux->timestamps;
      mux->line_start = false;
      g_mutex_unlock (&mux->chr.lock);
      break;
    case 'b':
      if (port && port->frontend.line_break)
        port->frontend.line_break (port->opaque);
      break;
    case 'c':
      if (mux->ports->len)
        set_focus (mux, (mux->focus + 1) % mux->ports->len);
      break;
    default: break;
  }
}

static void
mux_receive (void *opaque, const uint8_t *data, size_t size)
{
  MuxChardev *mux = opaque;
  mux->chr.refs++;
  for (size_t i = 0; i < size; i++) {
    const bool was_escaped = mux->escaped;
    mux->escaped = !was_escaped && data[i] == ESCAPE;
    const MuxPort *port = focused (mux);
    if (was_escaped && data[i] != ESCAPE) {
      feed (mux);
      command (mux, data[i]);
    } else if (!mux->escaped && port) {
      g_byte_array_append (port->queue, &data[i], 1);
    }
  }
  feed (mux);
  chardev_free (&mux->chr);
}

static void
mux_event (void *opaque, bool connected)
{
  MuxChardev *mux = opaque;
  mux->chr.connected = connected;
  g_free (mux->chr.text);
  mux->chr.text = g_strdup (mux->inner->text);
  for (unsigned i = 0; i < mux->ports->len; i++) {
    const MuxPort *port = mux->ports->pdata[i];
    if (port->frontend.event)
      port->frontend.event (port->opaque, connected);
  }
}

static void
mux_resume (Chardev *chr)
{
  MuxChardev *mux = (MuxChardev *)chr;
  g_atomic_int_set (&chr->paused, 0);
  feed (mux);
  chardev_accept_input (mux->inner);
}

static void
stamp (MuxChardev *mux, GString *out)
{
  const gint64 ms = (g_get_monotonic_time () - mux->start) / 1000;
  g_string_append_printf (out, "[%02d:%02d:%02d.%03d] ", (int)(ms / 3600000), (int)(ms / 60000 % 60),
                          (int)(ms / 1000 % 60), (int)(ms % 1000));
}

static void
mux_write (Chardev *chr, const uint8_t *data, size_t size)
{
  MuxChardev *mux = (MuxChardev *)chr;
  g_mutex_lock (&chr->lock);
  if (!mux->timestamps) {
    g_mutex_unlock (&chr->lock);
    chardev_write (mux->inner, data, size);
    return;
  }
  g_autoptr (GString) out = g_string_sized_new (size + 32);
  for (size_t i = 0; i < size; i++) {
    if (mux->line_start)
      stamp (mux, out);
    g_string_append_c (out, (char)data[i]);
    mux->line_start = data[i] == '\n';
  }
  g_mutex_unlock (&chr->lock);
  chardev_write (mux->inner, (const uint8_t *)out->str, out->len);
}

static bool
mux_writable (Chardev *chr)
{
  return chardev_writable (((MuxChardev *)chr)->inner);
}

static void
mux_notify_writable (Chardev *chr, void (*ready) (void *opaque), void *opaque)
{
  chardev_notify_writable (((MuxChardev *)chr)->inner, ready, opaque);
}

static bool
mux_attach (Chardev *chr, const ChardevFrontend *frontend, void *opaque, GError **error)
{
  MuxChardev *mux = (MuxChardev *)chr;
  MuxPort *port = g_new0 (MuxPort, 1);
  port->frontend = *frontend;
  port->opaque = opaque;
  port->queue = g_byte_array_new ();
  g_ptr_array_add (mux->ports, port);
  chr->attached = true;
  if (chr->connected && frontend->event)
    frontend->event (opaque, true);
  if (mux->ports->len == 1) {
    if (frontend->focus)
      frontend->focus (opaque, true);
    chardev_accept_input (mux->inner);
  }
  return true;
}

static void
mux_detach (Chardev *chr, void *opaque)
{
  MuxChardev *mux = (MuxChardev *)chr;
  for (unsigned i = mux->ports->len; i-- > 0;) {
    const MuxPort *port = mux->ports->pdata[i];
    if (opaque && port->opaque != opaque)
      continue;
    const bool had_focus = mux->focus == i;
    chardev_waiting_remove (mux->inner, port->opaque);
    g_ptr_array_remove_index (mux->ports, i);
    if (mux->focus > i)
      mux->focus--;
    if (had_focus && opaque && mux->ports->len) {
      mux->focus = G_MAXUINT; /* The one that had it is gone. */
      set_focus (mux, i % mux->ports->len);
    }
  }
  chr->attached = mux->ports->len > 0;
  if (!chr->attached)
    mux->focus = 0;
}

static void
mux_close (Chardev *chr)
{
  MuxChardev *mux = (MuxChardev *)chr;
  chardev_free (mux->inner);
  g_ptr_array_unref (mux->ports);
}

const ChardevKind chardev_mux = {
  "mux",        sizeof (MuxChardev), NULL,       mux_close,  mux_write, NULL, mux_resume,
  mux_writable, mux_notify_writable, mux_attach, mux_detach,
};

Chardev *
chardev_mux_new (Chardev *chr)
{
  static const ChardevFrontend frontend = { mux_can_receive, mux_receive, mux_event, NULL, NULL };
  MuxChardev *mux = (MuxChardev *)chardev_alloc (&chardev_mux);
  mux->inner = chr;
  mux->ports = g_ptr_array_new_with_free_func (port_free);
  mux->start = g_get_monotonic_time ();
  mux->chr.id = g_steal_pointer (&chr->id);
  mux->chr.text = g_strdup (chr->text);
  chardev_hide (chr);
  chardev_register (&mux->chr);
  chardev_attach (chr, &frontend, mux, NULL);
  return &mux->chr;
}

void
chardev_mux_set_quit (Chardev *chr, void (*quit) (void *opaque), void *opaque)
{
  MuxChardev *mux = (MuxChardev *)chr;
  g_return_if_fail (chardev_is_mux (chr));
  mux->quit = quit;
  mux->quit_opaque = opaque;
}

bool
chardev_is_mux (const Chardev *chr)
{
  return chr->kind == &chardev_mux;
}
