/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clipboard.h"
#include "guest-content.h"

#include <spice/vd_agent.h>
#include <string.h>

enum { MAX_TYPES = 8, SELECTION = VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD, MAX_BYTES = 64 << 20 };

struct _VtClipboard {
  GObject parent_instance;
  VtSession *session;
  GdkClipboard *clipboard;
  SpiceMainChannel *main; /* NULL: there is none */
  gboolean active;
  gboolean offered;            /* to the guest */
  GdkContentProvider *content; /* the guest's, if it has offered any last */
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (VtClipboard, vt_clipboard, G_TYPE_OBJECT)

/* ---- From us to the guest ---- */

static guint
offer_types (GdkClipboard *clipboard, guint32 types[MAX_TYPES])
{
  GdkContentFormats *formats = gdk_clipboard_get_formats (clipboard);
  gsize n_mimes;
  const char *const *mimes = gdk_content_formats_get_mime_types (formats, &n_mimes);
  gboolean text = gdk_content_formats_contain_gtype (formats, G_TYPE_STRING);
  gboolean image = gdk_content_formats_contain_gtype (formats, GDK_TYPE_TEXTURE);
  for (gsize i = 0; i < n_mimes; i++) {
    text |= vt_clipboard_type_from_mime (mimes[i]) == VD_AGENT_CLIPBOARD_UTF8_TEXT;
    image |= vt_clipboard_type_from_mime (mimes[i]) == VD_AGENT_CLIPBOARD_IMAGE_PNG;
  }
  guint n = 0;
  if (text)
    types[n++] = VD_AGENT_CLIPBOARD_UTF8_TEXT;
  if (image)
    types[n++] = VD_AGENT_CLIPBOARD_IMAGE_PNG;
  return n;
}

static gboolean
guest_can (VtClipboard *self)
{
  return self->main && vt_session_has_agent (self->session) &&
         spice_main_channel_agent_test_capability (self->main, VD_AGENT_CAP_CLIPBOARD_BY_DEMAND);
}

/* What came from the guest is not offered to it. */
static gboolean
is_guests (VtClipboard *self)
{
  return self->content && gdk_clipboard_get_content (self->clipboard) == self->content;
}

static void
offer (VtClipboard *self)
{
  guint32 types[MAX_TYPES];
  if (!self->active || !guest_can (self) || is_guests (self))
    return;
  const guint n = offer_types (self->clipboard, types);
  if (n) {
    spice_main_channel_clipboard_selection_grab (self->main, SELECTION, types, (int)n);
    self->offered = TRUE;
  } else if (self->offered) {
    spice_main_channel_clipboard_selection_release (self->main, SELECTION);
    self->offered = FALSE;
  }
}

static void
on_changed (VtClipboard *self)
{
  /* Somebody has copied since the guest did. */
  if (self->content && !is_guests (self)) {
    g_autoptr (GdkContentProvider) old = g_steal_pointer (&self->content);
    vt_guest_content_end (VT_GUEST_CONTENT (old));
  }
  offer (self);
}

static void
answer (VtClipboard *self, guint32 type, const guint8 *data, gsize size)
{
  int limit = -1;
  /* An agent may ask without having told what it can. */
  if (!guest_can (self))
    return;
  g_object_get (self->main, "max-clipboard", &limit, NULL);
  if (!data || size > MAX_BYTES || (limit >= 0 && size > (gsize)limit))
    spice_main_channel_clipboard_selection_notify (self->main, SELECTION, VD_AGENT_CLIPBOARD_NONE, NULL, 0);
  else
    spice_main_channel_clipboard_selection_notify (self->main, SELECTION, type, data, size);
}

static void
on_text (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtClipboard) self = data;
  g_autofree char *text = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, NULL);
  if (text && self->main &&
      spice_main_channel_agent_test_capability (self->main, VD_AGENT_CAP_GUEST_LINEEND_CRLF)) {
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    g_free (text);
    text = g_strjoinv ("\r\n", lines);
  }
  answer (self, VD_AGENT_CLIPBOARD_UTF8_TEXT, (const guint8 *)text, text ? strlen (text) : 0);
}

static void
on_texture (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtClipboard) self = data;
  g_autoptr (GdkTexture) texture = gdk_clipboard_read_texture_finish (GDK_CLIPBOARD (source), result, NULL);
  g_autoptr (GBytes) png = texture ? gdk_texture_save_to_png_bytes (texture) : NULL;
  answer (self, VD_AGENT_CLIPBOARD_IMAGE_PNG, png ? g_bytes_get_data (png, NULL) : NULL,
          png ? g_bytes_get_size (png) : 0);
}

static gboolean
on_request (SpiceMainChannel *main, guint selection, guint type, VtClipboard *self)
{
  if (selection != SELECTION)
    return FALSE;
  if (!self->active || is_guests (self))
    answer (self, VD_AGENT_CLIPBOARD_NONE, NULL, 0);
  else if (type == VD_AGENT_CLIPBOARD_UTF8_TEXT)
    gdk_clipboard_read_text_async (self->clipboard, self->cancellable, on_text, g_object_ref (self));
  else if (type == VD_AGENT_CLIPBOARD_IMAGE_PNG)
    gdk_clipboard_read_texture_async (self->clipboard, self->cancellable, on_texture, g_object_ref (self));
  else
    answer (self, VD_AGENT_CLIPBOARD_NONE, NULL, 0);
  return TRUE;
}

/* ---- From the guest to us ---- */

/* Ours is emptied, too: what pasting would ask for is gone. */
static void
drop_content (VtClipboard *self)
{
  if (!self->content)
    return;
  g_autoptr (GdkContentProvider) content = g_steal_pointer (&self->content);
  if (gdk_clipboard_get_content (self->clipboard) == content)
    gdk_clipboard_set_content (self->clipboard, NULL);
  vt_guest_content_end (VT_GUEST_CONTENT (content));
}

/* The guest may copy while nobody looks: that is taken when somebody does. */
static void
take (VtClipboard *self)
{
  if (self->active && self->content && gdk_clipboard_get_content (self->clipboard) != self->content)
    gdk_clipboard_set_content (self->clipboard, self->content);
}

static gboolean
on_grab (SpiceMainChannel *main, guint selection, const guint32 *types, guint n, VtClipboard *self)
{
  if (selection != SELECTION)
    return FALSE;
  g_autoptr (GdkContentProvider) old = g_steal_pointer (&self->content);
  self->offered = FALSE;
  self->content = vt_guest_content_new (main, types, n);
  take (self);
  if (old)
    vt_guest_content_end (VT_GUEST_CONTENT (old));
  return TRUE;
}

static void
on_release (SpiceMainChannel *main, guint selection, VtClipboard *self)
{
  if (selection == SELECTION)
    drop_content (self);
}

/* ---- The object ---- */

static void
on_agent (VtClipboard *self)
{
  self->offered = FALSE;
  if (!vt_session_has_agent (self->session))
    drop_content (self);
  offer (self);
}

static void
attach (VtClipboard *self, SpiceMainChannel *main)
{
  if (self->main == main)
    return;
  if (self->main)
    g_signal_handlers_disconnect_by_data (self->main, self);
  drop_content (self);
  self->offered = FALSE;
  if (!g_set_object (&self->main, main) || !main)
    return;
  g_signal_connect (main, "main-clipboard-selection-grab", G_CALLBACK (on_grab), self);
  g_signal_connect (main, "main-clipboard-selection-request", G_CALLBACK (on_request), self);
  g_signal_connect (main, "main-clipboard-selection-release", G_CALLBACK (on_release), self);
  /* The agent's capabilities come after the agent. */
  g_signal_connect_swapped (main, "main-agent-update", G_CALLBACK (on_agent), self);
}

static void
on_session (VtClipboard *self)
{
  attach (self, vt_session_get_main (self->session));
}

void
vt_clipboard_set_active (VtClipboard *self, gboolean active)
{
  if (self->active == active)
    return;
  self->active = active;
  take (self);
  offer (self);
}

VtClipboard *
vt_clipboard_new (VtSession *session, GdkClipboard *clipboard)
{
  VtClipboard *self = g_object_new (VT_TYPE_CLIPBOARD, NULL);
  self->session = g_object_ref (session);
  self->clipboard = g_object_ref (clipboard);
  self->cancellable = g_cancellable_new ();
  g_signal_connect_object (clipboard, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "changed", G_CALLBACK (on_session), self, G_CONNECT_SWAPPED);
  on_session (self);
  return self;
}

static void
dispose (GObject *object)
{
  VtClipboard *self = VT_CLIPBOARD (object);
  g_cancellable_cancel (self->cancellable);
  if (self->clipboard)
    attach (self, NULL);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->clipboard);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (vt_clipboard_parent_class)->dispose (object);
}

static void
vt_clipboard_class_init (VtClipboardClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dispose;
}

static void
vt_clipboard_init (VtClipboard *self)
{
}
