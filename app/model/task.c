/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "task.h"

enum { PROP_KIND = 1, PROP_MACHINE, PROP_DESCRIPTION, PROP_FRACTION, PROP_RUNNING, N_PROPS };

struct _VtTask {
  GObject parent_instance;
  VtJob1 *proxy;
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VtTask, vt_task, G_TYPE_OBJECT)

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VtTask *self = VT_TASK (object);
  switch (id) {
    case PROP_KIND: g_value_set_string (value, vt_job1_get_kind (self->proxy)); break;
    case PROP_MACHINE: g_value_set_string (value, vt_job1_get_machine (self->proxy)); break;
    case PROP_DESCRIPTION: g_value_set_string (value, vt_job1_get_description (self->proxy)); break;
    case PROP_FRACTION: g_value_set_double (value, vt_job1_get_progress (self->proxy)); break;
    case PROP_RUNNING: g_value_set_boolean (value, vt_task_is_running (self)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
on_changed (VtTask *self)
{
  g_object_freeze_notify (G_OBJECT (self));
  for (unsigned id = 1; id < N_PROPS; id++)
    g_object_notify_by_pspec (G_OBJECT (self), props[id]);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
dispose (GObject *object)
{
  VtTask *self = VT_TASK (object);
  if (self->proxy)
    g_signal_handlers_disconnect_by_data (self->proxy, self);
  g_clear_object (&self->proxy);
  G_OBJECT_CLASS (vt_task_parent_class)->dispose (object);
}

static void
vt_task_class_init (VtTaskClass *class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->get_property = get_property;
  object_class->dispose = dispose;
  props[PROP_KIND] = g_param_spec_string ("kind", NULL, NULL, "", flags);
  props[PROP_MACHINE] = g_param_spec_string ("machine", NULL, NULL, "", flags);
  props[PROP_DESCRIPTION] = g_param_spec_string ("description", NULL, NULL, "", flags);
  props[PROP_FRACTION] = g_param_spec_double ("fraction", NULL, NULL, -1, 1, -1, flags);
  props[PROP_RUNNING] = g_param_spec_boolean ("running", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vt_task_init (VtTask *self)
{
}

VtTask *
vt_task_new (VtJob1 *proxy)
{
  VtTask *self = g_object_new (VT_TYPE_TASK, NULL);
  self->proxy = g_object_ref (proxy);
  g_signal_connect_swapped (proxy, "g-properties-changed", G_CALLBACK (on_changed), self);
  return self;
}

gboolean
vt_task_is_running (VtTask *self)
{
  return g_strcmp0 (vt_job1_get_state (self->proxy), "running") == 0;
}

const char *
vt_task_get_path (VtTask *self)
{
  return g_dbus_proxy_get_object_path (G_DBUS_PROXY (self->proxy));
}

void
vt_task_cancel (VtTask *self)
{
  vt_job1_call_cancel (self->proxy, NULL, NULL, NULL);
}
