/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "job.h"

#include "error.h"

#define SIGNAL_INTERVAL_MS 100
#define KEEP_SECONDS       60

struct _VtJob {
  VtJob1Skeleton parent;
  GDBusObjectManagerServer *manager;
  char *path;
  GCancellable *cancellable;
  bool ended;
  GMutex lock; /* of what follows, which any thread sets */
  double fraction;
  char *description;
  guint update; /* the source that will put it on the bus */
};
G_DEFINE_TYPE (VtJob, vt_job, VT_TYPE_JOB1_SKELETON)

static void
vt_job_finalize (GObject *object)
{
  VtJob *job = VT_JOB (object);
  g_clear_object (&job->cancellable);
  g_clear_object (&job->manager);
  g_free (job->path);
  g_free (job->description);
  g_mutex_clear (&job->lock);
  G_OBJECT_CLASS (vt_job_parent_class)->finalize (object);
}

static void
vt_job_class_init (VtJobClass *class)
{
  G_OBJECT_CLASS (class)->finalize = vt_job_finalize;
}

static void
vt_job_init (VtJob *job)
{
  g_mutex_init (&job->lock);
  job->cancellable = g_cancellable_new ();
}

static gboolean
on_cancel (VtJob1 *api, GDBusMethodInvocation *invocation, gpointer data)
{
  VtJob *job = VT_JOB (api);
  if (!job->ended)
    g_cancellable_cancel (job->cancellable);
  vt_job1_complete_cancel (api, invocation);
  return TRUE;
}

VtJob *
vt_job_new (GDBusObjectManagerServer *manager, const char *kind, const char *machine)
{
  static unsigned last;
  VtJob *job = g_object_new (VT_TYPE_JOB, NULL);
  VtJob1 *api = VT_JOB1 (job);
  job->manager = g_object_ref (manager);
  job->path = g_strdup_printf (
      "%s/jobs/%u", g_dbus_object_manager_get_object_path (G_DBUS_OBJECT_MANAGER (manager)), ++last);
  vt_job1_set_kind (api, kind);
  vt_job1_set_machine (api, machine ? machine : "/");
  vt_job1_set_state (api, "running");
  vt_job1_set_progress (api, -1);
  vt_job1_set_description (api, "");
  vt_job1_set_error_name (api, "");
  vt_job1_set_error_message (api, "");
  vt_job1_set_result (api, g_variant_new_variant (g_variant_new_string ("")));
  g_signal_connect (job, "handle-cancel", G_CALLBACK (on_cancel), NULL);
  g_autoptr (VtObjectSkeleton) object = vt_object_skeleton_new (job->path);
  vt_object_skeleton_set_job1 (object, api);
  g_dbus_object_manager_server_export (manager, G_DBUS_OBJECT_SKELETON (object));
  return job;
}

const char *
vt_job_path (VtJob *job)
{
  return job->path;
}

GCancellable *
vt_job_cancellable (VtJob *job)
{
  return job->cancellable;
}

static gboolean
put_on_bus (gpointer data)
{
  VtJob *job = data;
  g_mutex_lock (&job->lock);
  double fraction = job->fraction;
  g_autofree char *description = g_steal_pointer (&job->description);
  job->update = 0;
  g_mutex_unlock (&job->lock);
  if (!job->ended) {
    vt_job1_set_progress (VT_JOB1 (job), fraction);
    if (description != NULL)
      vt_job1_set_description (VT_JOB1 (job), description);
  }
  return G_SOURCE_REMOVE;
}

void
vt_job_progress (VtJob *job, double fraction, const char *description)
{
  g_mutex_lock (&job->lock);
  job->fraction = fraction;
  if (description != NULL) {
    g_free (job->description);
    job->description = g_strdup (description);
  }
  if (job->update == 0)
    job->update = g_timeout_add_full (G_PRIORITY_DEFAULT, SIGNAL_INTERVAL_MS, put_on_bus, g_object_ref (job),
                                      g_object_unref);
  g_mutex_unlock (&job->lock);
}

static gboolean
take_from_bus (gpointer data)
{
  VtJob *job = data;
  g_dbus_object_manager_server_unexport (job->manager, job->path);
  return G_SOURCE_REMOVE;
}

/* The state comes last: who waits for it finds the rest. */
static void
end (VtJob *job, const char *state)
{
  job->ended = true;
  vt_job1_set_state (VT_JOB1 (job), state);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (job));
  g_timeout_add_seconds_full (G_PRIORITY_LOW, KEEP_SECONDS, take_from_bus, g_object_ref (job),
                              g_object_unref);
}

void
vt_job_done (VtJob *job, GVariant *result)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (result ? result : g_variant_new_string (""));
  if (job->ended)
    return;
  vt_job1_set_result (VT_JOB1 (job), g_variant_new_variant (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
    vt_job1_set_machine (VT_JOB1 (job), g_variant_get_string (value, NULL));
  vt_job1_set_progress (VT_JOB1 (job), 1);
  end (job, "done");
}

void
vt_job_fail (VtJob *job, GError *error)
{
  g_autoptr (GError) taken = error;
  if (job->ended)
    return;
  bool cancelled = g_error_matches (taken, VT_ERROR, VT_ERROR_CANCELLED) ||
                   g_error_matches (taken, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (!cancelled) {
    vt_error_adopt (&taken, "It could not be done");
    g_autofree char *name = g_dbus_error_encode_gerror (taken);
    vt_job1_set_error_name (VT_JOB1 (job), name);
    vt_job1_set_error_message (VT_JOB1 (job), taken->message);
  }
  end (job, cancelled ? "cancelled" : "failed");
}
