/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine-private.h"
#include "machine-private.h"
#include "open-file.h"

#include <gio/gunixfdlist.h>

/* Questions about a machine that the engine's own object answers. */

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GVariant) value =
      g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), NULL, result, &error);
  if (value)
    g_task_return_pointer (task, g_variant_get_child_value (value, 0), (GDestroyNotify)g_variant_unref);
  else
    g_task_return_error (task, error);
}

/* Takes over the task and floating arguments. */
static void
ask (GTask *task, const char *method, GVariant *arguments, GUnixFDList *files)
{
  g_autoptr (GVariant) held = arguments ? g_variant_ref_sink (arguments) : NULL;
  VtMachine *self = g_task_get_source_object (task);
  if (self->proxy) {
    g_dbus_connection_call_with_unix_fd_list (
        g_dbus_proxy_get_connection (G_DBUS_PROXY (self->proxy)), VT_ENGINE_BUS_NAME,
        VT_ENGINE_PATH "/Engine", "org.vitrine.Engine1", method, held, G_VARIANT_TYPE ("(a{sv})"),
        G_DBUS_CALL_FLAGS_NONE, -1, files, g_task_get_cancellable (task), on_answered, task);
    return;
  }
  g_task_return_error (task, vt_machine_away_error ());
  g_object_unref (task);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  GError *error = NULL;
  int fd = vt_open_file_finish (result, &error);
  if (fd < 0) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (&fd, 1);
  g_autofree char *name = vt_file_name (G_FILE (source));
  ask (task, "DetectMedia", g_variant_new ("(hs)", 0, name), list);
}

void
vt_machine_ask_capabilities (VtMachine *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer data)
{
  ask (g_task_new (self, cancellable, callback, data), "GetCapabilities", NULL, NULL);
}

GVariant *
vt_machine_ask_capabilities_finish (VtMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
vt_machine_ask_media (VtMachine *self, GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data)
{
  vt_open_file (file, FALSE, cancellable, on_opened, g_task_new (self, cancellable, callback, data));
}

GVariant *
vt_machine_ask_media_finish (VtMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
