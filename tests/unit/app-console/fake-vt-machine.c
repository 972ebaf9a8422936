/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-vt-machine.h"
#include "guest.h"

#include <gdk/gdk.h>
#include <sys/socket.h>
#include <unistd.h>

struct _VtMachine {
  GObject parent_instance;
  char *name, *reason, *call;
  VtMachineState state;
  gboolean refuse;
  int serial;
};

enum { PROP_STATE = 1, PROP_REASON, PROP_ALIVE, PROP_CONSOLES, PROP_DISPLAYS, PROP_THUMBNAIL, N_PROPS };

G_DEFINE_FINAL_TYPE (VtMachine, vt_machine, G_TYPE_OBJECT)

GType
vt_machine_state_get_type (void)
{
  return G_TYPE_INT;
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  static const char *const consoles[] = { "serial0", NULL };
  VtMachine *self = VT_MACHINE (object);
  switch (id) {
    case PROP_STATE: g_value_set_int (value, (int)self->state); break;
    case PROP_REASON: g_value_set_string (value, self->reason); break;
    case PROP_ALIVE: g_value_set_boolean (value, vt_machine_is_alive (self)); break;
    case PROP_CONSOLES: g_value_set_boxed (value, vt_machine_is_alive (self) ? consoles : NULL); break;
    case PROP_DISPLAYS: g_value_set_uint (value, vt_machine_is_alive (self) ? 1 : 0); break;
    default: break;
  }
}

static void
finalize (GObject *object)
{
  VtMachine *self = VT_MACHINE (object);
  if (self->serial >= 0)
    close (self->serial);
  g_free (self->name);
  g_free (self->reason);
  g_free (self->call);
  G_OBJECT_CLASS (vt_machine_parent_class)->finalize (object);
}

static void
vt_machine_class_init (VtMachineClass *class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object = G_OBJECT_CLASS (class);
  object->get_property = get_property;
  object->finalize = finalize;
  g_object_class_install_property (object, PROP_STATE,
                                   g_param_spec_int ("state", NULL, NULL, 0, G_MAXINT, 0, flags));
  g_object_class_install_property (object, PROP_REASON,
                                   g_param_spec_string ("state-reason", NULL, NULL, NULL, flags));
  g_object_class_install_property (object, PROP_ALIVE,
                                   g_param_spec_boolean ("alive", NULL, NULL, FALSE, flags));
  g_object_class_install_property (object, PROP_CONSOLES,
                                   g_param_spec_boxed ("consoles", NULL, NULL, G_TYPE_STRV, flags));
  g_object_class_install_property (object, PROP_DISPLAYS,
                                   g_param_spec_uint ("displays", NULL, NULL, 0, G_MAXUINT, 0, flags));
  g_object_class_install_property (object, PROP_THUMBNAIL,
                                   g_param_spec_object ("thumbnail", NULL, NULL, GDK_TYPE_PAINTABLE, flags));
}

static void
vt_machine_init (VtMachine *self)
{
  self->serial = -1;
}

VtMachine *
fake_vt_machine_new (const char *name)
{
  VtMachine *self = g_object_new (VT_TYPE_MACHINE, NULL);
  self->name = g_strdup (name);
  self->reason = g_strdup ("");
  return self;
}

void
fake_vt_machine_set_state (VtMachine *self, VtMachineState state, const char *reason)
{
  self->state = state;
  g_free (self->reason);
  self->reason = g_strdup (reason);
  g_object_notify (G_OBJECT (self), "state");
  g_object_notify (G_OBJECT (self), "state-reason");
  g_object_notify (G_OBJECT (self), "alive");
  g_object_notify (G_OBJECT (self), "consoles");
  g_object_notify (G_OBJECT (self), "displays");
}

char *
fake_vt_machine_take_call (VtMachine *self)
{
  return g_steal_pointer (&self->call);
}

int
fake_vt_machine_serial (VtMachine *self)
{
  return self->serial;
}

void
fake_vt_machine_refuse (VtMachine *self, gboolean refuse)
{
  self->refuse = refuse;
}

/* ---- What the console uses of a VtMachine ---- */

const char *
vt_machine_get_name (VtMachine *self)
{
  return self->name;
}

VtMachineState
vt_machine_get_state (VtMachine *self)
{
  return self->state;
}

const char *
vt_machine_get_state_reason (VtMachine *self)
{
  return self->reason;
}

gboolean
vt_machine_is_alive (VtMachine *self)
{
  return self->state != VT_MACHINE_OFF && self->state < VT_MACHINE_SAVED;
}

void
vt_machine_hold_thumbnail (VtMachine *self)
{
}

void
vt_machine_release_thumbnail (VtMachine *self)
{
}

void
vt_machine_call (VtMachine *self, const char *method, GVariant *arguments, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_autoptr (GVariant) taken = arguments ? g_variant_ref_sink (arguments) : NULL;
  g_autofree char *text = taken ? g_variant_print (taken, FALSE) : NULL;
  g_free (self->call);
  self->call = g_strdup_printf ("%s%s%s", method, text ? " " : "", text ? text : "");
  if (g_str_equal (method, "GetLog"))
    g_task_return_pointer (task, g_variant_ref_sink (g_variant_new ("(s)", "first line\nlast line\n")),
                           (GDestroyNotify)g_variant_unref);
  else
    g_task_return_pointer (task, NULL, NULL);
}

GVariant *
vt_machine_call_finish (VtMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
vt_machine_open (VtMachine *self, const char *console, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer data)
{
  int fds[2];
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  if (self->refuse) {
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", "It is refused.\nDo not ask.");
    return;
  }
  if (!console) {
    g_task_return_int (task, guest_connect ());
    return;
  }
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  if (self->serial >= 0)
    close (self->serial);
  self->serial = fds[0];
  g_task_return_int (task, fds[1]);
}

int
vt_machine_open_finish (VtMachine *self, GAsyncResult *result, GError **error)
{
  return (int)g_task_propagate_int (G_TASK (result), error);
}
