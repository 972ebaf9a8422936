/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine-private.h"
#include "job.h"
#include "machine-private.h"
#include "open-file.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GVariant) value =
      g_dbus_proxy_call_with_unix_fd_list_finish (G_DBUS_PROXY (source), NULL, result, &error);
  if (value)
    g_task_return_pointer (task, g_variant_get_child_value (value, 0), (GDestroyNotify)g_variant_unref);
  else
    g_task_return_error (task, error);
}

/* Ends `task` with the method's only result. Takes over the task and floating arguments. */
static void
call (VtEngine *self, const char *method, GVariant *arguments, GUnixFDList *files,
      GAsyncReadyCallback callback, GTask *task)
{
  g_autoptr (GVariant) held = arguments ? g_variant_ref_sink (arguments) : NULL;
  if (self->proxy) {
    g_dbus_proxy_call_with_unix_fd_list (G_DBUS_PROXY (self->proxy), method, held, G_DBUS_CALL_FLAGS_NONE, -1,
                                         files, g_task_get_cancellable (task), callback, task);
    return;
  }
  g_task_return_error (task, vt_machine_away_error ());
  g_object_unref (task);
}

static GVariant *
call_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_detect_opened (GObject *source, GAsyncResult *result, gpointer data)
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
  call (g_task_get_source_object (task), "DetectMedia", g_variant_new ("(hs)", 0, name), list, on_called,
        task);
}

void
vt_engine_detect (VtEngine *self, GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback,
                  gpointer data)
{
  vt_open_file (file, FALSE, cancellable, on_detect_opened, g_task_new (self, cancellable, callback, data));
}

GVariant *
vt_engine_detect_finish (VtEngine *self, GAsyncResult *result, GError **error)
{
  return call_finish (result, error);
}

void
vt_engine_get_defaults (VtEngine *self, GVariant *settings, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data)
{
  call (self, "GetDefaults", g_variant_new ("(@a{sv})", settings), NULL, on_called,
        g_task_new (self, cancellable, callback, data));
}

GVariant *
vt_engine_get_defaults_finish (VtEngine *self, GAsyncResult *result, GError **error)
{
  return call_finish (result, error);
}

void
vt_engine_check (VtEngine *self, GVariant *settings, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer data)
{
  call (self, "CheckSettings", g_variant_new ("(@a{sv})", settings), NULL, on_called,
        g_task_new (self, cancellable, callback, data));
}

GVariant *
vt_engine_check_finish (VtEngine *self, GAsyncResult *result, GError **error)
{
  return call_finish (result, error);
}

void
vt_engine_get_capabilities (VtEngine *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer data)
{
  call (self, "GetCapabilities", NULL, NULL, on_called, g_task_new (self, cancellable, callback, data));
}

GVariant *
vt_engine_get_capabilities_finish (VtEngine *self, GAsyncResult *result, GError **error)
{
  return call_finish (result, error);
}

/* ---- CreateMachine ---- */

typedef struct {
  GVariant *settings;
  char *role;
  VtProgress progress;
  gpointer progress_data;
  char *path; /* of the machine, once it is made but not seen yet */
  gulong handler;
} Create;

static void
create_free (gpointer data)
{
  Create *create = data;
  g_variant_unref (create->settings);
  g_free (create->role);
  g_free (create->path);
  g_free (create);
}

/* The job's end and the new object come in two signals, in either order. */
static gboolean
return_if_there (GTask *task)
{
  VtEngine *self = g_task_get_source_object (task);
  Create *create = g_task_get_task_data (task);
  VtMachine *machine = vt_engine_find (self, create->path);
  if (!machine)
    return FALSE;
  if (create->handler)
    g_signal_handler_disconnect (self->machines, create->handler);
  g_task_return_pointer (task, g_object_ref (machine), g_object_unref);
  g_object_unref (task);
  return TRUE;
}

static void
on_machines_changed (GListModel *machines, guint position, guint removed, guint added, gpointer data)
{
  return_if_there (G_TASK (data));
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Create *create = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GVariant) value = vt_job_wait_finish (result, &error);
  if (value && !g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
    error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                                 "CreateMachine: the job's result is no object path");
  if (error) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  create->path = g_variant_dup_string (value, NULL);
  if (!return_if_there (task))
    create->handler = g_signal_connect (vt_engine_get_machines (g_task_get_source_object (task)),
                                        "items-changed", G_CALLBACK (on_machines_changed), task);
}

static void
on_create_called (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Create *create = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GVariant) value =
      g_dbus_proxy_call_with_unix_fd_list_finish (G_DBUS_PROXY (source), NULL, result, &error);
  if (!value) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  const char *path;
  g_variant_get (value, "(&o)", &path);
  vt_job_wait (g_dbus_proxy_get_connection (G_DBUS_PROXY (source)), path, create->progress,
               create->progress_data, g_task_get_cancellable (task), on_created, task);
}

static void
send_create (GTask *task, const char *name, GUnixFDList *list)
{
  Create *create = g_task_get_task_data (task);
  g_auto (GVariantBuilder) files = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sh}"));
  g_auto (GVariantBuilder) names = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  if (list) {
    g_variant_builder_add (&files, "{sh}", create->role, 0);
    g_variant_builder_add (&names, "{ss}", create->role, name);
  }
  VtEngine *self = g_task_get_source_object (task);
  g_autoptr (GVariant) arguments =
      g_variant_ref_sink (g_variant_new ("(@a{sv}a{sh}a{ss})", create->settings, &files, &names));
  if (!self->proxy) {
    g_task_return_error (task, vt_machine_away_error ());
    g_object_unref (task);
    return;
  }
  /* Not to be cancelled: whoever does not hear of the job cannot stop it. */
  g_dbus_proxy_call_with_unix_fd_list (G_DBUS_PROXY (self->proxy), "CreateMachine", arguments,
                                       G_DBUS_CALL_FLAGS_NONE, -1, list, NULL, on_create_called, task);
}

static void
on_create_opened (GObject *source, GAsyncResult *result, gpointer data)
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
  send_create (task, name, list);
}

void
vt_engine_create (VtEngine *self, GVariant *settings, const char *role, GFile *file, VtProgress progress,
                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);
  Create *create = g_new0 (Create, 1);
  create->settings = g_variant_ref_sink (settings);
  create->role = g_strdup (role);
  create->progress = progress;
  create->progress_data = data;
  g_task_set_task_data (task, create, create_free);
  g_task_set_check_cancellable (task, FALSE);
  if (role && file)
    vt_open_file (file, g_str_equal (role, "import-in-place"), cancellable, on_create_opened, task);
  else
    send_create (task, NULL, NULL);
}

VtMachine *
vt_engine_create_finish (VtEngine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
