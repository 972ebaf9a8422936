/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "job.h"
#include "machine-private.h"
#include "open-file.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <unistd.h>

/* Methods whose result is a job that is waited for. */
static const char *const job_methods[] = { "Save", "Delete", "Duplicate", "TypeText", NULL };

GError *
vt_machine_away_error (void)
{
  return g_error_new_literal (G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER, "The engine is not there");
}

static GTask *
new_task (VtMachine *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);
  if (self->proxy)
    return task;
  g_task_return_error (task, vt_machine_away_error ());
  g_object_unref (task);
  return NULL;
}

static void
return_variant (GTask *task, GVariant *value, GError *error)
{
  if (value)
    g_task_return_pointer (task, value, (GDestroyNotify)g_variant_unref);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void
on_job_done (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  GVariant *value = vt_job_wait_finish (result, &error);
  return_variant (G_TASK (data), value, error);
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  GError *error = NULL;
  GVariant *value = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);
  if (!value || !g_task_get_task_data (task)) {
    return_variant (task, value, error);
    return;
  }
  const char *path = NULL;
  g_variant_get (value, "(&o)", &path);
  vt_job_wait (g_dbus_proxy_get_connection (G_DBUS_PROXY (source)), path, NULL, NULL,
               g_task_get_cancellable (task), on_job_done, task);
  g_variant_unref (value);
}

void
vt_machine_call (VtMachine *self, const char *method, GVariant *arguments, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GVariant) held = arguments ? g_variant_ref_sink (arguments) : NULL;
  GTask *task = new_task (self, cancellable, callback, data);
  if (!task)
    return;
  if (g_strv_contains (job_methods, method)) {
    g_task_set_task_data (task, (gpointer)method, NULL);
    g_task_set_check_cancellable (task, FALSE);
  }
  /* No time limit: a start may wait for a disk, and what hangs can be cancelled. */
  g_dbus_proxy_call (G_DBUS_PROXY (self->proxy), method, held, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, cancellable,
                     on_called, task);
}

GVariant *
vt_machine_call_finish (VtMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GUnixFDList) list = NULL;
  GError *error = NULL;
  g_autoptr (GVariant) value =
      g_dbus_proxy_call_with_unix_fd_list_finish (G_DBUS_PROXY (source), &list, result, &error);
  gint32 handle = 0;
  if (value)
    g_variant_get (value, "(h)", &handle);
  int fd = value && list ? g_unix_fd_list_get (list, handle, &error) : -1;
  if (fd >= 0)
    g_task_return_int (task, fd);
  else
    g_task_return_error (task, error ? error
                                     : g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                                                            _ ("The engine sent no connection")));
}

void
vt_machine_open (VtMachine *self, const char *console, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = new_task (self, cancellable, callback, data);
  if (task)
    g_dbus_proxy_call_with_unix_fd_list (G_DBUS_PROXY (self->proxy), console ? "OpenConsole" : "OpenDisplay",
                                         console ? g_variant_new ("(s)", console) : NULL,
                                         G_DBUS_CALL_FLAGS_NONE, -1, NULL, cancellable, on_opened, task);
}

int
vt_machine_open_finish (VtMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

typedef struct {
  char *drive, *name;
} Insert;

static void
insert_free (gpointer data)
{
  Insert *insert = data;
  g_free (insert->drive);
  g_free (insert->name);
  g_free (insert);
}

static void
on_inserted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  if (vt_machine1_call_insert_medium_finish (VT_MACHINE1 (source), NULL, result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_insert_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  VtMachine *self = g_task_get_source_object (task);
  Insert *insert = g_task_get_task_data (task);
  GError *error = NULL;
  int fd = vt_open_file_finish (result, &error);
  if (fd >= 0 && !self->proxy)
    error = vt_machine_away_error ();
  if (error) {
    if (fd >= 0)
      close (fd);
    g_task_return_error (task, error);
    return;
  }
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (&fd, 1);
  vt_machine1_call_insert_medium (self->proxy, insert->drive, g_variant_new_handle (0), insert->name, list,
                                  g_task_get_cancellable (task), on_inserted, g_object_ref (task));
}

void
vt_machine_insert (VtMachine *self, const char *drive, GFile *file, GCancellable *cancellable,
                   GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = new_task (self, cancellable, callback, data);
  if (!task)
    return;
  Insert *insert = g_new0 (Insert, 1);
  insert->drive = g_strdup (drive);
  insert->name = vt_file_name (file);
  g_task_set_task_data (task, insert, insert_free);
  vt_open_file (file, FALSE, cancellable, on_insert_opened, task);
}

gboolean
vt_machine_insert_finish (VtMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
