/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine-private.h"
#include "machine-private.h"
#include "task.h"

#include <glib/gi18n.h>

enum { PROP_MACHINES = 1, PROP_CONNECTED, PROP_ERROR, PROP_TASKS, N_PROPS };

/* Of an engine that ends again and again, before a person is asked; one that ran for a while may start anew.
 */
enum { MOST_RESTARTS = 5, CALM = 60 * G_USEC_PER_SEC };

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VtEngine, vt_engine, G_TYPE_OBJECT)

static void connect_manager (VtEngine *self);

static void
set_error (VtEngine *self, const GError *error)
{
  g_clear_pointer (&self->error, g_free);
  if (error) {
    g_autofree char *cause = vt_error_cause (error), *remedy = vt_error_remedy (error);
    self->error = g_strdup_printf ("%s\n%s", cause, remedy);
  }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ERROR]);
}

static VtMachine *
find_path (VtEngine *self, const char *path, guint *position)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->machines));
  for (guint i = 0; i < n; i++) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (G_LIST_MODEL (self->machines), i);
    if (position)
      *position = i;
    if (g_str_equal (vt_machine_get_object_path (machine), path))
      return machine; /* The list holds it. */
  }
  return NULL;
}

/* Into the list at once, or into `found`, if the caller adds many. */
static void
attach_machine (VtEngine *self, VtObject *object, GPtrArray *found)
{
  g_autoptr (VtMachine1) proxy = vt_object_get_machine1 (object);
  g_autoptr (VtStatistics1) statistics = vt_object_get_statistics1 (object);
  const char *path = g_dbus_object_get_object_path (G_DBUS_OBJECT (object));
  VtMachine *known = find_path (self, path, NULL);
  if (known) {
    vt_machine_attach (known, proxy, statistics);
    return;
  }
  g_autoptr (VtMachine) machine = vt_machine_new (path);
  vt_machine_attach (machine, proxy, statistics);
  if (found)
    g_ptr_array_add (found, g_steal_pointer (&machine));
  else
    g_list_store_append (self->machines, machine);
}

static void
attach_job (VtEngine *self, VtJob1 *proxy)
{
  g_autoptr (VtTask) task = vt_task_new (proxy);
  if (vt_task_is_running (task))
    g_list_store_append (self->tasks, task);
}

static void
attach_object (VtEngine *self, GDBusObject *object, GPtrArray *found)
{
  VtObject *typed = VT_OBJECT (object);
  VtEngine1 *engine = vt_object_peek_engine1 (typed);
  VtJob1 *job = vt_object_peek_job1 (typed);
  if (engine)
    g_set_object (&self->proxy, engine);
  if (job)
    attach_job (self, job);
  if (vt_object_peek_machine1 (typed))
    attach_machine (self, typed, found);
}

static void
on_object_added (VtEngine *self, GDBusObject *object)
{
  attach_object (self, object, NULL);
}

static void
remove_task (VtEngine *self, const char *path)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->tasks));
  for (guint i = n; i-- > 0;) {
    g_autoptr (VtTask) task = g_list_model_get_item (G_LIST_MODEL (self->tasks), i);
    if (g_str_equal (vt_task_get_path (task), path))
      g_list_store_remove (self->tasks, i);
  }
}

static gboolean
is_owned (VtEngine *self)
{
  if (!self->manager)
    return FALSE;
  g_autofree char *owner =
      g_dbus_object_manager_client_get_name_owner (G_DBUS_OBJECT_MANAGER_CLIENT (self->manager));
  return owner != NULL;
}

/* An engine that goes away takes its objects with it, but the machines are still there: what has really gone
 * is told when it is back. */
static void
on_object_removed (VtEngine *self, GDBusObject *object)
{
  const char *path = g_dbus_object_get_object_path (object);
  guint position;
  remove_task (self, path);
  VtMachine *found = find_path (self, path, &position);
  if (!found)
    return;
  g_autoptr (VtMachine) machine = g_object_ref (found);
  if (is_owned (self)) {
    g_list_store_remove (self->machines, position);
    vt_machine_set_gone (machine);
  } else {
    vt_machine_detach (machine);
  }
}

/* Machines that the engine that came back has no longer. */
static void
drop_gone (VtEngine *self)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->machines)); i-- > 0;) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (G_LIST_MODEL (self->machines), i);
    g_autoptr (GDBusObject) object =
        g_dbus_object_manager_get_object (self->manager, vt_machine_get_object_path (machine));
    if (object)
      continue;
    g_list_store_remove (self->machines, i);
    vt_machine_set_gone (machine);
  }
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (!value && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    set_error (VT_ENGINE (data), error);
}

static gboolean
restart (gpointer data)
{
  VtEngine *self = data;
  self->retry_timer = 0;
  if (!self->manager) {
    connect_manager (self);
    return G_SOURCE_REMOVE;
  }
  GDBusConnection *bus =
      g_dbus_object_manager_client_get_connection (G_DBUS_OBJECT_MANAGER_CLIENT (self->manager));
  g_dbus_connection_call (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "StartServiceByName", g_variant_new ("(su)", VT_ENGINE_BUS_NAME, 0), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable, on_started, self);
  return G_SOURCE_REMOVE;
}

static void
on_owner_changed (VtEngine *self)
{
  if (is_owned (self)) {
    self->since = g_get_monotonic_time ();
    drop_gone (self);
    set_error (self, NULL);
  } else {
    g_clear_object (&self->proxy);
    g_list_store_remove_all (self->tasks);
    g_autoptr (GError) error = vt_machine_away_error ();
    if (self->since && g_get_monotonic_time () - self->since > CALM)
      self->failures = 0;
    self->since = 0;
    if (self->failures++ < MOST_RESTARTS && !self->retry_timer)
      self->retry_timer = g_timeout_add_seconds (self->failures, restart, self);
    else
      set_error (self, error);
  }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONNECTED]);
}

static void
on_manager (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusObjectManager) manager = vt_object_manager_client_new_for_bus_finish (result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* The engine object is gone. */
  VtEngine *self = VT_ENGINE (data);
  if (!manager) {
    set_error (self, error);
    return;
  }
  self->manager = g_steal_pointer (&manager);
  g_signal_connect_object (self->manager, "object-added", G_CALLBACK (on_object_added), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->manager, "object-removed", G_CALLBACK (on_object_removed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->manager, "notify::name-owner", G_CALLBACK (on_owner_changed), self,
                           G_CONNECT_SWAPPED);
  g_autolist (GDBusObject) objects = g_dbus_object_manager_get_objects (self->manager);
  /* Together, since whoever shows them sorts them anew for each change of the list. */
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_object_unref);
  for (GList *l = objects; l; l = l->next)
    attach_object (self, l->data, found);
  g_list_store_splice (self->machines, g_list_model_get_n_items (G_LIST_MODEL (self->machines)), 0,
                       found->pdata, found->len);
  on_owner_changed (self);
}

static void
connect_manager (VtEngine *self)
{
  vt_object_manager_client_new_for_bus (G_BUS_TYPE_SESSION, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE,
                                        VT_ENGINE_BUS_NAME, VT_ENGINE_PATH, self->cancellable, on_manager,
                                        self);
}

void
vt_engine_retry (VtEngine *self)
{
  self->failures = 0;
  g_clear_handle_id (&self->retry_timer, g_source_remove);
  set_error (self, NULL);
  restart (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VtEngine *self = VT_ENGINE (object);
  switch (id) {
    case PROP_MACHINES: g_value_set_object (value, self->machines); break;
    case PROP_CONNECTED: g_value_set_boolean (value, vt_engine_get_connected (self)); break;
    case PROP_ERROR: g_value_set_string (value, self->error); break;
    case PROP_TASKS: g_value_set_object (value, self->tasks); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
dispose (GObject *object)
{
  VtEngine *self = VT_ENGINE (object);
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->retry_timer, g_source_remove);
  g_clear_object (&self->proxy);
  g_clear_object (&self->manager);
  g_clear_object (&self->machines);
  g_clear_object (&self->tasks);
  G_OBJECT_CLASS (vt_engine_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  VtEngine *self = VT_ENGINE (object);
  g_object_unref (self->cancellable);
  g_free (self->error);
  G_OBJECT_CLASS (vt_engine_parent_class)->finalize (object);
}

static void
vt_engine_class_init (VtEngineClass *class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->get_property = get_property;
  object_class->dispose = dispose;
  object_class->finalize = finalize;
  props[PROP_MACHINES] = g_param_spec_object ("machines", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  props[PROP_CONNECTED] = g_param_spec_boolean ("connected", NULL, NULL, FALSE, flags);
  props[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, NULL, flags);
  props[PROP_TASKS] = g_param_spec_object ("tasks", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vt_engine_init (VtEngine *self)
{
  self->cancellable = g_cancellable_new ();
  self->machines = g_list_store_new (VT_TYPE_MACHINE);
  self->tasks = g_list_store_new (VT_TYPE_TASK);
}

VtEngine *
vt_engine_new (void)
{
  VtEngine *self = g_object_new (VT_TYPE_ENGINE, NULL);
  connect_manager (self);
  return self;
}

GListModel *
vt_engine_get_machines (VtEngine *self)
{
  return G_LIST_MODEL (self->machines);
}

GListModel *
vt_engine_get_tasks (VtEngine *self)
{
  return G_LIST_MODEL (self->tasks);
}

gboolean
vt_engine_get_connected (VtEngine *self)
{
  return self->proxy && is_owned (self);
}

VtMachine *
vt_engine_find (VtEngine *self, const char *uuid_or_path)
{
  if (*uuid_or_path == '/')
    return find_path (self, uuid_or_path, NULL);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->machines));
  for (guint i = 0; i < n; i++) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (G_LIST_MODEL (self->machines), i);
    if (g_str_equal (vt_machine_get_uuid (machine), uuid_or_path))
      return machine; /* The list holds it. */
  }
  return NULL;
}
