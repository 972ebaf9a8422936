/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Character back ends whose other end is at the clients: "spicevmc" for the agent in the guest (clipboard,
 * resolution, files), "spiceport" for a channel of any name. */

#include "spice-private.h"

#include "chardev-private.h"
#include <gio/gio.h>
#include <string.h>

typedef struct {
  Chardev chr; /* must be first */
  SpiceCharDeviceInstance spice;
  char *name; /* of a port */
  bool agent;
  bool open;   /* the guest uses the port */
  bool served; /* the library has it */
  bool read;   /* something was read last */
  bool lost;   /* and it has perhaps dropped the agent for that, by itself */
} SpiceChardev;

static GPtrArray *all; /* SpiceChardev */
static SpiceServer *server;
static bool mouse; /* the guest's agent may be told positions */

static SpiceChardev *
of_instance (SpiceCharDeviceInstance *instance)
{
  return (SpiceChardev *)((char *)instance - G_STRUCT_OFFSET (SpiceChardev, spice));
}

/* ---- The library's side: all on the main thread ---- */

static void
on_state (SpiceCharDeviceInstance *instance, int connected)
{
  SpiceChardev *s = of_instance (instance);
  Chardev *chr = &s->chr;
  s->lost = !connected && s->read;
  if (chr->connected != (connected != 0))
    chardev_set_connected (chr, connected != 0);
}

/* The client's bytes for the guest. */
static int
on_write (SpiceCharDeviceInstance *instance, const uint8_t *data, int size)
{
  Chardev *chr = &of_instance (instance)->chr;
  int done = 0;
  while (done < size) {
    const size_t n = MIN (chardev_room (chr), (size_t)(size - done));
    if (n == 0)
      break;
    chr->frontend.receive (chr->opaque, data + done, n);
    done += (int)n;
  }
  return done;
}

/* The guest's bytes for the client. */
static int
on_read (SpiceCharDeviceInstance *instance, uint8_t *data, int size)
{
  SpiceChardev *s = of_instance (instance);
  Chardev *chr = &s->chr;
  g_mutex_lock (&chr->lock);
  const unsigned n = MIN (chr->pending->len, (unsigned)MAX (size, 0));
  if (n)
    memcpy (data, chr->pending->data, n);
  g_byte_array_remove_range (chr->pending, 0, n);
  if (chr->waiting && chr->pending->len < CHARDEV_PENDING / 2)
    chardev_kick (chr, CHARDEV_DO_READY);
  g_mutex_unlock (&chr->lock);
  s->read = n != 0;
  return (int)n;
}

static void
on_event (SpiceCharDeviceInstance *instance, uint8_t event)
{
  Chardev *chr = &of_instance (instance)->chr;
  if (event == SPICE_PORT_EVENT_BREAK && chr->attached && chr->frontend.line_break)
    chr->frontend.line_break (chr->opaque);
}

static const SpiceCharDeviceInterface interface = {
  .base = { SPICE_INTERFACE_CHAR_DEVICE, "character device", SPICE_INTERFACE_CHAR_DEVICE_MAJOR,
            SPICE_INTERFACE_CHAR_DEVICE_MINOR },
  .state = on_state,
  .write = on_write,
  .read = on_read,
  .event = on_event,
  .flags = SPICE_CHAR_DEVICE_NOTIFY_WRITABLE,
};

/* ---- When it is offered ---- */

/* An agent that has sent nonsense is none to the library any more, which then does not like to be told so. */
static void
take_back (SpiceChardev *s)
{
  if (s->agent && s->lost)
    spice_server_add_interface (server, &s->spice.base);
  spice_server_remove_interface (&s->spice.base);
  s->served = s->lost = s->read = false;
}

static void
update_stand_in (void)
{
  bool agent = false;
  for (unsigned i = 0; all && i < all->len; i++) {
    const SpiceChardev *s = all->pdata[i];
    agent |= s->agent && s->served;
  }
  spice_stand_in_serve (agent ? NULL : server, mouse);
}

/* The agent is there while somebody in the guest has its port open; a port is always there, and open or not.
 */
static void
update (SpiceChardev *s)
{
  const bool wanted = server && (s->open || !s->agent);
  if (wanted && !s->served) {
    if (s->agent)
      spice_stand_in_serve (NULL, mouse);
    s->spice.base.sif = &interface.base;
    s->spice.subtype = s->agent ? "vdagent" : "port";
    s->spice.portname = s->name;
    s->served = spice_server_add_interface (server, &s->spice.base) == 0;
  } else if (!wanted && s->served) {
    take_back (s);
  }
  if (s->agent)
    update_stand_in ();
  if (s->served && !s->agent)
    spice_server_port_event (&s->spice, s->open ? SPICE_PORT_EVENT_OPENED : SPICE_PORT_EVENT_CLOSED);
}

void
spice_agent_serve (SpiceServer *new_server, bool agent_mouse)
{
  for (unsigned i = 0; !new_server && all && i < all->len; i++)
    if (((const SpiceChardev *)all->pdata[i])->served)
      take_back (all->pdata[i]);
  server = new_server;
  mouse = agent_mouse;
  for (unsigned i = 0; all && i < all->len; i++)
    update (all->pdata[i]);
  update_stand_in ();
}

static void
frontend_open (Chardev *chr, bool open)
{
  SpiceChardev *s = (SpiceChardev *)chr;
  if (s->open == open)
    return;
  s->open = open;
  if (!open) {
    /* What was written before is not for the next one. */
    g_mutex_lock (&chr->lock);
    g_byte_array_set_size (chr->pending, 0);
    g_mutex_unlock (&chr->lock);
  }
  update (s);
}

/* ---- The chardev's side ---- */

/* Any thread. */
static void
write_pending (Chardev *chr, const uint8_t *data, size_t size)
{
  g_mutex_lock (&chr->lock);
  if (chr->connected) {
    const size_t room = CHARDEV_PENDING_HARD - MIN (chr->pending->len, CHARDEV_PENDING_HARD);
    g_byte_array_append (chr->pending, data, (unsigned)MIN (size, room));
    chardev_kick (chr, CHARDEV_DO_RESUME);
  }
  g_mutex_unlock (&chr->lock);
}

/* There is something to read, or room to write. */
static void
resume (Chardev *chr)
{
  SpiceChardev *s = (SpiceChardev *)chr;
  g_atomic_int_set (&chr->paused, 0);
  if (s->served)
    spice_server_char_device_wakeup (&s->spice);
}

static bool
add (SpiceChardev *s)
{
  if (!all)
    all = g_ptr_array_new ();
  g_ptr_array_add (all, s);
  update (s);
  return true;
}

static bool
open_agent (Chardev *chr, Keyval *kv, GError **error)
{
  SpiceChardev *s = (SpiceChardev *)chr;
  const char *name = keyval_get (kv, "name");
  if (g_strcmp0 (name, "vdagent") != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "name=%s: spicevmc is for the guest's agent, name=vdagent; other channels are spiceport's",
                 name ? name : "");
    return false;
  }
  for (unsigned i = 0; all && i < all->len; i++)
    if (((const SpiceChardev *)all->pdata[i])->agent) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                           "there is a channel of the guest's agent already; leave one of them out");
      return false;
    }
  s->agent = true;
  /* The guest finds its port connected: the agent waits for clients by itself. */
  chr->connected = true;
  return add (s);
}

static bool
open_port (Chardev *chr, Keyval *kv, GError **error)
{
  SpiceChardev *s = (SpiceChardev *)chr;
  const char *name = keyval_get (kv, "name");
  if (!name || !*name) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "spiceport needs name=NAME, by which clients know it");
    return false;
  }
  s->name = g_strdup (name);
  return add (s);
}

static void
close_chardev (Chardev *chr)
{
  SpiceChardev *s = (SpiceChardev *)chr;
  if (s->served)
    take_back (s);
  if (all)
    g_ptr_array_remove (all, s);
  if (s->agent)
    update_stand_in ();
  g_free (s->name);
}

void
spice_register_chardevs (void)
{
  static const ChardevKind agent = {
    "spicevmc",       sizeof (SpiceChardev),         open_agent, close_chardev, .write = write_pending,
    .resume = resume, .frontend_open = frontend_open
  };
  static const ChardevKind port = {
    "spiceport",      sizeof (SpiceChardev),         open_port, close_chardev, .write = write_pending,
    .resume = resume, .frontend_open = frontend_open
  };
  chardev_add_kind (&agent);
  chardev_add_kind (&port);
}
