/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "job.h"
#include "machine-private.h"

typedef struct {
  VtJob1 *proxy;
  VtProgress progress;
  gpointer progress_data;
  gulong cancel_handler;
  guint cancel_source; /* the main loop's: the token may be cancelled in its own handlers */
} Wait;

static void
wait_free (gpointer data)
{
  Wait *wait = data;
  g_clear_object (&wait->proxy);
  g_free (wait);
}

static void
finish (GTask *task)
{
  Wait *wait = g_task_get_task_data (task);
  g_signal_handlers_disconnect_by_data (wait->proxy, task);
  if (wait->cancel_handler)
    g_cancellable_disconnect (g_task_get_cancellable (task), wait->cancel_handler);
  g_clear_handle_id (&wait->cancel_source, g_source_remove);
}

/* As the bus would have made it of a method's error, so that callers need not tell them apart. */
static GError *
job_error (VtJob1 *proxy)
{
  const char *name = vt_job1_get_error_name (proxy), *message = vt_job1_get_error_message (proxy);
  GError *error = g_dbus_error_new_for_dbus_error (
      name && g_dbus_is_name (name) ? name : "org.vitrine.Error.Failed", message ? message : "");
  g_dbus_error_strip_remote_error (error);
  return error;
}

static void
check (GTask *task)
{
  Wait *wait = g_task_get_task_data (task);
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (wait->proxy));
  const char *state = vt_job1_get_state (wait->proxy);
  if (!owner || !state) {
    finish (task);
    g_task_return_error (task, vt_machine_away_error ());
  } else if (g_str_equal (state, "running")) {
    if (wait->progress)
      wait->progress (vt_job1_get_progress (wait->proxy), vt_job1_get_description (wait->proxy),
                      wait->progress_data);
    return;
  } else if (g_str_equal (state, "done")) {
    GVariant *value = vt_job1_get_result (wait->proxy);
    finish (task);
    g_task_return_pointer (task,
                           value ? g_variant_get_variant (value) : g_variant_ref_sink (g_variant_new ("()")),
                           (GDestroyNotify)g_variant_unref);
  } else if (g_str_equal (state, "cancelled")) {
    finish (task);
    g_task_return_new_error_literal (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled");
  } else {
    GError *error = job_error (wait->proxy);
    finish (task);
    g_task_return_error (task, error);
  }
  g_object_unref (task);
}

static gboolean
cancel_soon (gpointer data)
{
  Wait *wait = g_task_get_task_data (G_TASK (data));
  wait->cancel_source = 0;
  vt_job1_call_cancel (wait->proxy, NULL, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Wait *wait = g_task_get_task_data (G_TASK (data));
  if (!wait->cancel_source)
    wait->cancel_source = g_idle_add (cancel_soon, data);
}

static void
on_proxy (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Wait *wait = g_task_get_task_data (task);
  GError *error = NULL;
  wait->proxy = vt_job1_proxy_new_finish (result, &error);
  if (!wait->proxy) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  g_signal_connect_swapped (wait->proxy, "g-properties-changed", G_CALLBACK (check), task);
  g_signal_connect_swapped (wait->proxy, "notify::g-name-owner", G_CALLBACK (check), task);
  if (g_task_get_cancellable (task))
    wait->cancel_handler =
        g_cancellable_connect (g_task_get_cancellable (task), G_CALLBACK (on_cancelled), task, NULL);
  check (task);
}

void
vt_job_wait (GDBusConnection *connection, const char *path, VtProgress progress, gpointer progress_data,
             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Wait *wait = g_new0 (Wait, 1);
  wait->progress = progress;
  wait->progress_data = progress_data;
  g_task_set_task_data (task, wait, wait_free);
  /* A cancelled job ends as such by itself, or has ended already. */
  g_task_set_check_cancellable (task, FALSE);
  vt_job1_proxy_new (connection, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, "org.vitrine.Vitrine.Engine", path,
                     NULL, on_proxy, task);
}

GVariant *
vt_job_wait_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
