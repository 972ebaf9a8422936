/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The connection to the machine's screens. */

#include "console-private.h"
#include "engine.h"

#include <glib/gi18n.h>

enum {
  RETRY_TIME = 500, /* ms until a lost connection to a running machine is made again */
  MAX_RETRIES = 5,
  CALM = 5 * G_USEC_PER_SEC, /* one that lasted may be made again as often */
};

typedef struct {
  VtSession *session;
  SpiceChannel *channel;
} Opening;

static void
on_open (GObject *source, GAsyncResult *result, gpointer data)
{
  Opening *opening = data;
  g_autoptr (GError) error = NULL;
  const int fd = vt_machine_open_finish (VT_MACHINE (source), result, &error);
  if (fd >= 0)
    vt_session_give (opening->session, opening->channel, fd);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    vt_session_fail (opening->session, error);
  g_object_unref (opening->session);
  g_object_unref (opening->channel);
  g_free (opening);
}

static void
open_channel (VtSession *session, SpiceChannel *channel, gpointer data)
{
  VtConsolePage *self = data;
  Opening *opening = g_new (Opening, 1);
  *opening = (Opening){ g_object_ref (session), g_object_ref (channel) };
  vt_machine_open (self->machine, NULL, self->cancellable, on_open, opening);
}

static void
on_failed (VtSession *session, const GError *error, VtConsolePage *self)
{
  g_autofree char *cause = vt_error_cause (error), *remedy = vt_error_remedy (error);
  g_free (self->failure);
  self->failure = g_strconcat (cause, *remedy ? "\n" : NULL, remedy, NULL);
  vt_console_page_update (self);
}

/* A screen that nobody looks at costs nothing. */
void
vt_console_connection_update (VtConsolePage *self)
{
  /* There is nothing to connect to before its process runs. */
  const gboolean wanted = self->machine && vt_machine_is_alive (self->machine) &&
                          vt_machine_get_state (self->machine) != VT_MACHINE_STARTING &&
                          gtk_widget_get_mapped (GTK_WIDGET (self));
  if (wanted && !self->failure && vt_session_get_state (self->session) == VT_SESSION_CLOSED) {
    g_cancellable_cancel (self->cancellable);
    g_clear_object (&self->cancellable);
    self->cancellable = g_cancellable_new ();
    vt_session_connect (self->session);
  } else if (!wanted) {
    g_cancellable_cancel (self->cancellable);
    g_clear_handle_id (&self->retry_timer, g_source_remove);
    self->retries = 0;
    vt_session_close (self->session);
  }
}

void
vt_console_connection_end (VtConsolePage *self)
{
  g_cancellable_cancel (self->cancellable);
  vt_session_close (self->session);
  g_clear_handle_id (&self->retry_timer, g_source_remove);
  self->retries = 0;
  g_clear_pointer (&self->failure, g_free);
}

static gboolean
on_retry_timer (gpointer data)
{
  VtConsolePage *self = data;
  self->retry_timer = 0;
  vt_console_connection_update (self);
  return G_SOURCE_REMOVE;
}

void
vt_console_retry (GtkWidget *widget, const char *name, GVariant *parameter)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (widget);
  self->retries = 0;
  g_clear_pointer (&self->failure, g_free);
  vt_console_connection_update (self);
  vt_console_page_update (self);
}

/* The other end may close the connection of a machine that goes on running: another viewer took it, or its
 * server started anew. A machine that ends is told of by the engine a moment later. */
static void
on_closed (VtConsolePage *self)
{
  if (self->since && g_get_monotonic_time () - self->since > CALM)
    self->retries = 0;
  self->since = 0;
  if (self->retry_timer || self->failure || !vt_machine_is_alive (self->machine) ||
      !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  if (self->retries++ < MAX_RETRIES)
    self->retry_timer = g_timeout_add (RETRY_TIME, on_retry_timer, self);
  else
    self->failure = g_strdup (_ ("The machine closes every connection to its screen\n"
                                 "Perhaps another program shows it now: close that, then try again."));
}

static void
on_session (VtConsolePage *self)
{
  if (!self->machine)
    return;
  const VtSessionState state = vt_session_get_state (self->session);
  if (state == VT_SESSION_OPEN && !self->since)
    self->since = g_get_monotonic_time ();
  if (state == VT_SESSION_CLOSED)
    on_closed (self);
  vt_console_page_update (self);
}

void
vt_console_connection_init (VtConsolePage *self)
{
  self->session = vt_session_new (open_channel, self);
  self->clipboard = vt_clipboard_new (self->session, gdk_display_get_clipboard (gdk_display_get_default ()));
  g_signal_connect_swapped (self->session, "changed", G_CALLBACK (on_session), self);
  g_signal_connect (self->session, "failed", G_CALLBACK (on_failed), self);
}
