/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session.h"

#include <glib/gi18n.h>
#include <unistd.h>

/* More than any machine of ours has; what a server offers beyond is not used. */
enum { MAX_SCREENS = 16 };
/* Systems draw for no less: a smaller window shows it smaller. */
enum { MIN_WIDTH = 640, MIN_HEIGHT = 480, MAX_SIZE = 16384 };

struct _VtSession {
  GObject parent_instance;
  VtSessionOpen open;
  gpointer open_data;
  SpiceSession *spice; /* NULL: closed */
  VtSessionState state;
  SpiceMainChannel *main;
  SpiceInputsChannel *inputs;
  SpiceDisplayChannel *screens[MAX_SCREENS];
  SpiceCursorChannel *cursors[MAX_SCREENS];
};

enum { CHANGED, FAILED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VtSession, vt_session, G_TYPE_OBJECT)

static void
changed (VtSession *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
set_state (VtSession *self, VtSessionState state)
{
  self->state = state;
  changed (self);
}

/* ---- Channels ---- */

static void
on_open_fd (SpiceChannel *channel, int tls, VtSession *self)
{
  self->open (self, channel, self->open_data);
}

static void
on_main_event (SpiceChannel *channel, SpiceChannelEvent event, VtSession *self)
{
  if (event == SPICE_CHANNEL_OPENED) {
    set_state (self, VT_SESSION_OPEN);
    return;
  }
  if (event == SPICE_CHANNEL_CLOSED || event == SPICE_CHANNEL_SWITCHING) {
    if (event == SPICE_CHANNEL_CLOSED)
      vt_session_close (self);
    return;
  }
  const GError *cause = spice_channel_get_error (channel);
  g_autoptr (GError) error =
      g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                   /* Translators: two lines, the cause and what to do. %s is a technical reason. */
                   _ ("The connection to the machine’s screen was lost: %s\nTry again; if that does not "
                      "help, restart the machine."),
                   cause ? cause->message : _ ("its other end closed it"));
  vt_session_fail (self, error);
}

static void
on_main_changed (VtSession *self)
{
  changed (self);
}

static gpointer *
slot_for (VtSession *self, SpiceChannel *channel)
{
  int id = -1;
  g_object_get (channel, "channel-id", &id, NULL);
  if (SPICE_IS_MAIN_CHANNEL (channel))
    return (gpointer *)&self->main;
  if (SPICE_IS_INPUTS_CHANNEL (channel))
    return (gpointer *)&self->inputs;
  if (id < 0 || id >= MAX_SCREENS)
    return NULL;
  if (SPICE_IS_DISPLAY_CHANNEL (channel))
    return (gpointer *)&self->screens[id];
  if (SPICE_IS_CURSOR_CHANNEL (channel))
    return (gpointer *)&self->cursors[id];
  return NULL;
}

static void
on_channel (SpiceSession *spice, SpiceChannel *channel, VtSession *self)
{
  gpointer *slot = slot_for (self, channel);
  if (!slot || *slot)
    return;
  *slot = g_object_ref (channel);
  g_signal_connect (channel, "open-fd", G_CALLBACK (on_open_fd), self);
  if (SPICE_IS_MAIN_CHANNEL (channel)) {
    /* The page arranges screens, not the guest's agent. */
    g_object_set (channel, "disable-display-position", TRUE, "disable-display-align", TRUE, NULL);
    g_signal_connect (channel, "channel-event", G_CALLBACK (on_main_event), self);
    g_signal_connect_object (channel, "notify::mouse-mode", G_CALLBACK (on_main_changed), self,
                             G_CONNECT_SWAPPED);
    g_signal_connect_object (channel, "notify::agent-connected", G_CALLBACK (on_main_changed), self,
                             G_CONNECT_SWAPPED);
  } else {
    spice_channel_connect (channel);
  }
  changed (self);
}

static void
drop_channel (VtSession *self, gpointer *slot)
{
  if (!*slot)
    return;
  g_signal_handlers_disconnect_by_data (*slot, self);
  g_clear_object (slot);
}

static void
on_channel_gone (SpiceSession *spice, SpiceChannel *channel, VtSession *self)
{
  gpointer *slot = slot_for (self, channel);
  if (!slot || *slot != channel || SPICE_IS_MAIN_CHANNEL (channel))
    return;
  drop_channel (self, slot);
  changed (self);
}

void
vt_session_give (VtSession *self, SpiceChannel *channel, int fd)
{
  gpointer *slot = self->spice ? slot_for (self, channel) : NULL;
  if (slot && *slot == channel)
    spice_channel_open_fd (channel, fd);
  else
    close (fd);
}

void
vt_session_fail (VtSession *self, const GError *error)
{
  if (!self->spice)
    return;
  g_autoptr (VtSession) keep = g_object_ref (self);
  g_autoptr (GError) copy = g_error_copy (error);
  vt_session_close (self);
  g_signal_emit (self, signals[FAILED], 0, copy);
}

/* ---- The session ---- */

void
vt_session_connect (VtSession *self)
{
  if (self->spice)
    return;
  self->spice = spice_session_new ();
  /* No channel is asked for that nobody would use. */
  g_object_set (self->spice, "enable-audio", FALSE, "enable-usbredir", FALSE, "enable-smartcard", FALSE,
                "gl-scanout", FALSE, NULL);
  g_signal_connect (self->spice, "channel-new", G_CALLBACK (on_channel), self);
  g_signal_connect (self->spice, "channel-destroy", G_CALLBACK (on_channel_gone), self);
  set_state (self, VT_SESSION_CONNECTING);
  spice_session_open_fd (self->spice, -1);
}

/* A session must not end while it calls: from an event of its main channel, for one. */
static gboolean
end_spice (gpointer spice)
{
  spice_session_disconnect (spice);
  return G_SOURCE_REMOVE;
}

void
vt_session_close (VtSession *self)
{
  if (!self->spice)
    return;
  g_signal_handlers_disconnect_by_data (self->spice, self);
  drop_channel (self, (gpointer *)&self->main);
  drop_channel (self, (gpointer *)&self->inputs);
  for (guint i = 0; i < MAX_SCREENS; i++) {
    drop_channel (self, (gpointer *)&self->screens[i]);
    drop_channel (self, (gpointer *)&self->cursors[i]);
  }
  g_idle_add_full (G_PRIORITY_DEFAULT, end_spice, g_steal_pointer (&self->spice), g_object_unref);
  set_state (self, VT_SESSION_CLOSED);
}

VtSessionState
vt_session_get_state (VtSession *self)
{
  return self->state;
}

SpiceMainChannel *
vt_session_get_main (VtSession *self)
{
  return self->main;
}

SpiceInputsChannel *
vt_session_get_inputs (VtSession *self)
{
  return self->inputs;
}

guint
vt_session_get_n_screens (VtSession *self)
{
  guint n = MAX_SCREENS;
  while (n && !self->screens[n - 1])
    n--;
  return n;
}

SpiceDisplayChannel *
vt_session_get_screen (VtSession *self, guint screen)
{
  return screen < MAX_SCREENS ? self->screens[screen] : NULL;
}

SpiceCursorChannel *
vt_session_get_cursor (VtSession *self, guint screen)
{
  return screen < MAX_SCREENS ? self->cursors[screen] : NULL;
}

gboolean
vt_session_takes_positions (VtSession *self)
{
  int mode = SPICE_MOUSE_MODE_SERVER;
  if (self->main)
    g_object_get (self->main, "mouse-mode", &mode, NULL);
  return mode == SPICE_MOUSE_MODE_CLIENT;
}

gboolean
vt_session_has_agent (VtSession *self)
{
  gboolean connected = FALSE;
  if (self->main)
    g_object_get (self->main, "agent-connected", &connected, NULL);
  return connected;
}

void
vt_session_request_size (VtSession *self, guint screen, int width, int height)
{
  if (screen >= MAX_SCREENS || !vt_session_has_agent (self))
    return;
  spice_main_channel_update_display_enabled (self->main, (int)screen, TRUE, FALSE);
  spice_main_channel_update_display (self->main, (int)screen, 0, 0, CLAMP (width, MIN_WIDTH, MAX_SIZE),
                                     CLAMP (height, MIN_HEIGHT, MAX_SIZE), FALSE);
  spice_main_channel_send_monitor_config (self->main);
}

VtSession *
vt_session_new (VtSessionOpen open, gpointer data)
{
  VtSession *self = g_object_new (VT_TYPE_SESSION, NULL);
  self->open = open;
  self->open_data = data;
  return self;
}

static void
dispose (GObject *object)
{
  vt_session_close (VT_SESSION (object));
  G_OBJECT_CLASS (vt_session_parent_class)->dispose (object);
}

static void
vt_session_class_init (VtSessionClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dispose;
  signals[CHANGED] =
      g_signal_new ("changed", VT_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[FAILED] = g_signal_new ("failed", VT_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
vt_session_init (VtSession *self)
{
}
