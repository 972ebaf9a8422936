/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "spice-rig.h"

#include <glib-unix.h>
#include <linux/input-event-codes.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Devices ---- */

static void
on_wanted (void *opaque, uint32_t width, uint32_t height)
{
  RigScreen *screen = opaque;
  screen->wanted_width = width;
  screen->wanted_height = height;
  screen->wanted++;
}

void
rig_resize (RigScreen *screen, uint32_t width, uint32_t height)
{
  uint8_t *old = screen->surface.pixels;
  screen->surface = (DisplaySurface){ width, height, 4 * width, NULL };
  if (width)
    screen->surface.pixels = g_malloc0 (UINT64_C (4) * width * height);
  display_set_surface (screen->display, width ? &screen->surface : NULL);
  g_free (old);
}

void
rig_fill (RigScreen *screen, uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t colour)
{
  DisplaySurface s;
  if (!display_lock (screen->display, &s))
    return;
  for (uint32_t row = y; row < y + height; row++)
    for (uint32_t column = x; column < x + width; column++)
      memcpy (s.pixels + (uint64_t)row * s.stride + UINT64_C (4) * column, &colour, 4);
  display_unlock (screen->display);
  display_update (screen->display, x, y, width, height);
}

static void
note_event (void *opaque, uint16_t type, uint16_t code, int32_t value)
{
  const RigEvent event = { type, code, value };
  if (type != EV_SYN)
    g_array_append_val ((GArray *)opaque, event);
}

static const InputSink sink = { note_event, NULL };

/* ---- The service ---- */

void
rig_open (Rig *rig, const char *options, unsigned screens, unsigned kinds)
{
  static const char *const names[] = { "one", "two" };
  GArray **lists[] = { &rig->keys, &rig->motion, &rig->positions };
  g_autoptr (GError) error = NULL;
  *rig = (Rig){ .n_screens = screens };
  rig->machine = fake_machine_new ();
  for (unsigned i = 0; i < screens; i++) {
    RigScreen *screen = &rig->screens[i];
    screen->display = display_new (names[i], 0);
    display_set_resize_hook (screen->display, on_wanted, screen);
    rig_resize (screen, 640, 400);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (lists); i++) {
    *lists[i] = g_array_new (FALSE, FALSE, sizeof (RigEvent));
    if (kinds >> i & 1)
      input_sink_add ((InputKind)(1u << i), &sink, *lists[i]);
  }
  rig->service = spice_service_new (rig->machine, options, &error);
  g_assert_no_error (error);
  g_assert_nonnull (rig->service);
}

void
rig_close (Rig *rig)
{
  GArray *lists[] = { rig->keys, rig->motion, rig->positions };
  spice_service_free (rig->service);
  for (unsigned i = 0; i < G_N_ELEMENTS (lists); i++) {
    input_sink_remove (lists[i]);
    g_array_unref (lists[i]);
  }
  for (unsigned i = 0; i < rig->n_screens; i++) {
    display_free (rig->screens[i].display);
    g_free (rig->screens[i].surface.pixels);
  }
  fake_machine_free (rig->machine);
}

static gboolean
on_timeout (void *opaque)
{
  *(bool *)opaque = true;
  return G_SOURCE_REMOVE;
}

void
rig_run (unsigned ms)
{
  bool over = false;
  g_timeout_add (ms, on_timeout, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

/* ---- The client ---- */

static void
on_primary (SpiceDisplayChannel *channel, int format, int width, int height, int stride, int shmid,
            void *data, RigView *view)
{
  view->width = width;
  view->height = height;
  view->stride = stride;
  view->pixels = data;
  view->creations++;
}

static void
on_primary_gone (SpiceDisplayChannel *channel, RigView *view)
{
  view->pixels = NULL;
}

static void
on_invalidate (SpiceDisplayChannel *channel, int x, int y, int width, int height, RigView *view)
{
  view->invalidations++;
  view->invalidated += (uint64_t)width * (uint64_t)height;
}

static void
on_cursor_set (SpiceCursorChannel *channel, int width, int height, int hot_x, int hot_y, void *rgba,
               RigClient *client)
{
  client->cursor_sets++;
  client->cursor_hot_x = hot_x;
  if (rgba)
    memcpy (&client->cursor_pixel, rgba, 4);
}

static void
on_cursor_hide (SpiceCursorChannel *channel, RigClient *client)
{
  client->cursor_hides++;
}

typedef struct {
  int from, to;
  const gint *held;
} Relay;

/* Ends both when one has ended. */
static void *
relay (void *opaque)
{
  g_autofree Relay *r = opaque;
  uint8_t data[16384];
  ssize_t n;
  while ((n = read (r->from, data, sizeof data)) > 0) {
    while (r->held && g_atomic_int_get (r->held))
      g_usleep (1000);
    for (ssize_t done = 0, m; done < n; done += m)
      if ((m = send (r->to, data + done, (size_t)(n - done), MSG_NOSIGNAL)) <= 0)
        break;
  }
  shutdown (r->from, SHUT_RDWR);
  shutdown (r->to, SHUT_RDWR);
  return NULL;
}

/* The client's end of a connection whose other end is `fd`. */
static int
relayed (RigClient *client, int fd)
{
  int fds[2];
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  const Relay relays[] = { { fd, fds[0], &client->held }, { fds[0], fd, NULL } };
  for (unsigned i = 0; i < G_N_ELEMENTS (relays); i++)
    g_ptr_array_add (client->relays, g_thread_new ("relay", relay, g_memdup2 (&relays[i], sizeof (Relay))));
  return fds[1];
}

static int
connection (RigClient *client)
{
  int fds[2];
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  spice_service_add_client (client->rig->service, fds[0], client->skip_auth, &error);
  g_assert_no_error (error);
  return client->relayed ? relayed (client, fds[1]) : fds[1];
}

static void
on_open_fd (SpiceChannel *channel, int tls, RigClient *client)
{
  spice_channel_open_fd (channel, connection (client));
}

static void
on_channel_event (SpiceChannel *channel, SpiceChannelEvent event, RigClient *client)
{
  if (event == SPICE_CHANNEL_OPENED) {
    client->channels++;
    client->opened |= SPICE_IS_MAIN_CHANNEL (channel);
  } else if (event == SPICE_CHANNEL_ERROR_AUTH) {
    client->auth_failed = true;
  } else if (event != SPICE_CHANNEL_CLOSED) {
    client->failed = true;
  }
}

static void
on_channel (SpiceSession *session, SpiceChannel *channel, RigClient *client)
{
  int id = 0;
  g_object_get (channel, "channel-id", &id, NULL);
  g_signal_connect (channel, "channel-event", G_CALLBACK (on_channel_event), client);
  g_signal_connect (channel, "open-fd", G_CALLBACK (on_open_fd), client);
  if (SPICE_IS_MAIN_CHANNEL (channel)) {
    client->main = SPICE_MAIN_CHANNEL (channel);
    return;
  }
  if (SPICE_IS_DISPLAY_CHANNEL (channel) && id < RIG_CLIENT_SCREENS) {
    RigView *view = &client->views[id];
    view->channel = SPICE_DISPLAY_CHANNEL (channel);
    g_signal_connect (channel, "display-primary-create", G_CALLBACK (on_primary), view);
    g_signal_connect (channel, "display-primary-destroy", G_CALLBACK (on_primary_gone), view);
    g_signal_connect (channel, "display-invalidate", G_CALLBACK (on_invalidate), view);
  } else if (SPICE_IS_INPUTS_CHANNEL (channel)) {
    client->inputs = SPICE_INPUTS_CHANNEL (channel);
  } else if (SPICE_IS_CURSOR_CHANNEL (channel)) {
    client->cursor = SPICE_CURSOR_CHANNEL (channel);
    g_signal_connect (channel, "cursor-set", G_CALLBACK (on_cursor_set), client);
    g_signal_connect (channel, "cursor-hide", G_CALLBACK (on_cursor_hide), client);
  } else if (SPICE_IS_PORT_CHANNEL (channel)) {
    client->port = SPICE_PORT_CHANNEL (channel);
  }
  spice_channel_connect (channel);
}

void
rig_connect (RigClient *client, Rig *rig, const char *password, bool skip_auth)
{
  *client = (RigClient){ .rig = rig, .skip_auth = skip_auth };
  rig_connect_more (client, password);
}

void
rig_connect_more (RigClient *client, const char *password)
{
  client->relays = g_ptr_array_new ();
  client->session = spice_session_new ();
  g_object_set (client->session, "password", password, "enable-audio", FALSE, "enable-usbredir", FALSE, NULL);
  g_signal_connect (client->session, "channel-new", G_CALLBACK (on_channel), client);
  g_assert_true (spice_session_open_fd (client->session, connection (client)));
}

void
rig_disconnect (RigClient *client)
{
  g_signal_handlers_disconnect_by_data (client->session, client);
  g_autoptr (GList) channels = spice_session_get_channels (client->session);
  for (GList *l = channels; l; l = l->next) {
    g_signal_handlers_disconnect_by_data (l->data, client);
    for (unsigned i = 0; i < RIG_CLIENT_SCREENS; i++)
      g_signal_handlers_disconnect_by_data (l->data, &client->views[i]);
  }
  spice_session_disconnect (client->session);
  g_object_unref (client->session);
  client->session = NULL;
  g_atomic_int_set (&client->held, 0);
  rig_run (10);
  for (unsigned i = 0; i < client->relays->len; i++)
    g_thread_join (client->relays->pdata[i]);
  g_ptr_array_unref (client->relays);
}

bool
rig_same (const RigClient *client, unsigned screen)
{
  const RigView *view = &client->views[screen];
  const DisplaySurface *s = &client->rig->screens[screen].surface;
  if (!view->pixels || !s->pixels || view->width != (int)s->width || view->height != (int)s->height)
    return false;
  for (uint32_t y = 0; y < s->height; y++) {
    const uint32_t *a = (const uint32_t *)(view->pixels + (ptrdiff_t)y * view->stride);
    const uint32_t *b = (const uint32_t *)(s->pixels + (uint64_t)y * s->stride);
    for (uint32_t x = 0; x < s->width; x++)
      if ((a[x] ^ b[x]) & 0xffffff)
        return false;
  }
  return true;
}
