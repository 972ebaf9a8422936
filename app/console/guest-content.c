/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-content.h"

#include <glib/gi18n.h>
#include <spice/vd_agent.h>
#include <string.h>

enum { PATIENCE = 5 }; /* seconds a guest has for an answer */

/* The first of a type is what it is to be called. */
static const struct {
  const char *mime;
  guint32 type;
} kinds[] = {
  { "text/plain;charset=utf-8", VD_AGENT_CLIPBOARD_UTF8_TEXT },
  { "UTF8_STRING", VD_AGENT_CLIPBOARD_UTF8_TEXT },
  { "text/plain", VD_AGENT_CLIPBOARD_UTF8_TEXT },
  { "image/png", VD_AGENT_CLIPBOARD_IMAGE_PNG },
};

struct _VtGuestContent {
  GdkContentProvider parent_instance;
  SpiceMainChannel *main; /* NULL: it has ended */
  guint32 types[G_N_ELEMENTS (kinds)];
  guint n;
  GList *waiting; /* GTask, whose data is the VD_AGENT_CLIPBOARD_* it is for */
};

G_DEFINE_FINAL_TYPE (VtGuestContent, vt_guest_content, GDK_TYPE_CONTENT_PROVIDER)

guint32
vt_clipboard_type_from_mime (const char *mime)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_ascii_strcasecmp (kinds[i].mime, mime) == 0)
      return kinds[i].type;
  return 0;
}

static GdkContentFormats *
ref_formats (GdkContentProvider *provider)
{
  VtGuestContent *self = VT_GUEST_CONTENT (provider);
  GdkContentFormatsBuilder *builder = gdk_content_formats_builder_new ();
  for (guint i = 0; i < self->n; i++)
    for (guint kind = 0; kind < G_N_ELEMENTS (kinds); kind++)
      if (kinds[kind].type == self->types[i])
        gdk_content_formats_builder_add_mime_type (builder, kinds[kind].mime);
  return gdk_content_formats_builder_free_to_formats (builder);
}

/* ---- Answers ---- */

typedef struct {
  guint32 type;
  GOutputStream *stream;
  GSource *timer;
  GBytes *bytes;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;
  if (request->timer)
    g_source_destroy (request->timer);
  g_clear_pointer (&request->timer, g_source_unref);
  g_clear_pointer (&request->bytes, g_bytes_unref);
  g_object_unref (request->stream);
  g_free (request);
}

static void
fail (GTask *task)
{
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "%s",
                           _ ("The guest’s clipboard gave no answer.\nCopy again in the guest."));
  g_object_unref (task);
}

static void
fail_all (VtGuestContent *self)
{
  GList *waiting = g_steal_pointer (&self->waiting);
  for (GList *item = waiting; item; item = item->next)
    fail (item->data);
  g_list_free (waiting);
}

static gboolean
on_patience (gpointer data)
{
  VtGuestContent *self = VT_GUEST_CONTENT (g_task_get_source_object (data));
  self->waiting = g_list_remove (self->waiting, data);
  fail (data);
  return G_SOURCE_REMOVE;
}

static void
on_written (GObject *stream, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (stream), result, NULL, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Windows ends lines with two characters; and an agent may end its text with a NUL. */
static GBytes *
plain_text (VtGuestContent *self, const guint8 *data, gsize size)
{
  const gboolean crlf =
      spice_main_channel_agent_test_capability (self->main, VD_AGENT_CAP_GUEST_LINEEND_CRLF);
  GByteArray *text = g_byte_array_sized_new ((guint)size);
  for (gsize i = 0; i < size && data[i]; i++)
    if (!crlf || data[i] != '\r' || i + 1 == size || data[i + 1] != '\n')
      g_byte_array_append (text, &data[i], 1);
  return g_byte_array_free_to_bytes (text);
}

static void
on_data (SpiceMainChannel *main, guint selection, guint type, const guint8 *data, guint size,
         VtGuestContent *self)
{
  if (selection != VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD)
    return;
  GList *item = self->waiting;
  while (item && ((Request *)g_task_get_task_data (item->data))->type != type)
    item = item->next;
  if (!item) {
    /* "None" is the answer to any question. */
    if (type == VD_AGENT_CLIPBOARD_NONE)
      fail_all (self);
    return;
  }
  GTask *task = item->data;
  Request *request = g_task_get_task_data (task);
  self->waiting = g_list_delete_link (self->waiting, item);
  g_source_destroy (request->timer);
  request->bytes =
      type == VD_AGENT_CLIPBOARD_UTF8_TEXT ? plain_text (self, data, size) : g_bytes_new (data, size);
  gsize length;
  gconstpointer bytes = g_bytes_get_data (request->bytes, &length);
  g_output_stream_write_all_async (request->stream, bytes, length, G_PRIORITY_DEFAULT,
                                   g_task_get_cancellable (task), on_written, task);
}

/* ---- Questions ---- */

static void
write_async (GdkContentProvider *provider, const char *mime, GOutputStream *stream, int priority,
             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  VtGuestContent *self = VT_GUEST_CONTENT (provider);
  GTask *task = g_task_new (self, cancellable, callback, data);
  Request *request = g_new0 (Request, 1);
  request->type = vt_clipboard_type_from_mime (mime);
  request->stream = g_object_ref (stream);
  g_task_set_task_data (task, request, request_free);
  if (!self->main || !request->type) {
    fail (task);
    return;
  }
  request->timer = g_timeout_source_new_seconds (PATIENCE);
  g_source_set_callback (request->timer, on_patience, task, NULL);
  g_source_attach (request->timer, NULL);
  self->waiting = g_list_append (self->waiting, task);
  spice_main_channel_clipboard_selection_request (self->main, VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD,
                                                  request->type);
}

static gboolean
write_finish (GdkContentProvider *provider, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- The object ---- */

void
vt_guest_content_end (VtGuestContent *self)
{
  if (!self->main)
    return;
  g_signal_handlers_disconnect_by_data (self->main, self);
  g_clear_object (&self->main);
  fail_all (self);
}

GdkContentProvider *
vt_guest_content_new (SpiceMainChannel *main, const guint32 *types, guint n)
{
  g_autoptr (VtGuestContent) self = g_object_new (VT_TYPE_GUEST_CONTENT, NULL);
  for (guint kind = 0; kind < G_N_ELEMENTS (kinds); kind++) {
    if (kind && kinds[kind].type == kinds[kind - 1].type)
      continue;
    for (guint i = 0; i < n; i++) {
      if (types[i] != kinds[kind].type)
        continue;
      self->types[self->n++] = types[i];
      break;
    }
  }
  if (!self->n)
    return NULL;
  self->main = g_object_ref (main);
  g_signal_connect (main, "main-clipboard-selection", G_CALLBACK (on_data), self);
  return GDK_CONTENT_PROVIDER (g_steal_pointer (&self));
}

static void
dispose (GObject *object)
{
  vt_guest_content_end (VT_GUEST_CONTENT (object));
  G_OBJECT_CLASS (vt_guest_content_parent_class)->dispose (object);
}

static void
vt_guest_content_class_init (VtGuestContentClass *class)
{
  GdkContentProviderClass *provider = GDK_CONTENT_PROVIDER_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  provider->ref_formats = ref_formats;
  provider->write_mime_type_async = write_async;
  provider->write_mime_type_finish = write_finish;
}

static void
vt_guest_content_init (VtGuestContent *self)
{
}
