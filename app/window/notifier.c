/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "notifier.h"
#include "window.h"

#include <glib/gi18n.h>

struct _VtNotifier {
  GObject parent_instance;
  GtkApplication *application; /* its owner */
  GListModel *machines;
  GSettings *settings;
  guint cookie; /* of what keeps the computer awake; 0: nothing */
};

G_DEFINE_FINAL_TYPE (VtNotifier, vt_notifier, G_TYPE_OBJECT)

static void
update_inhibit (VtNotifier *self)
{
  gboolean wanted = FALSE;
  guint n = g_settings_get_boolean (self->settings, "inhibit-suspend")
                ? g_list_model_get_n_items (self->machines)
                : 0;
  for (guint i = 0; i < n && !wanted; i++) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (self->machines, i);
    wanted = vt_machine_is_alive (machine) && vt_machine_get_state (machine) != VT_MACHINE_PAUSED;
  }
  if (wanted && !self->cookie) {
    self->cookie = gtk_application_inhibit (self->application, NULL, GTK_APPLICATION_INHIBIT_SUSPEND,
                                            _ ("A machine is running"));
  } else if (!wanted && self->cookie) {
    gtk_application_uninhibit (self->application, self->cookie);
    self->cookie = 0;
  }
}

/* Who looks at it sees it. */
static void
notify_crash (VtNotifier *self, VtMachine *machine)
{
  GtkWindow *window = gtk_application_get_active_window (self->application);
  if (VT_IS_WINDOW (window) && vt_window_is_watched (VT_WINDOW (window), machine))
    return;
  g_autofree char *title = g_strdup_printf (_ ("“%s” has crashed"), vt_machine_get_name (machine));
  g_auto (GStrv) lines = g_strsplit (vt_machine_get_state_reason (machine), "\n", 2);
  g_autoptr (GNotification) notification = g_notification_new (title);
  if (lines[0])
    g_notification_set_body (notification, lines[0]);
  g_notification_set_priority (notification, G_NOTIFICATION_PRIORITY_HIGH);
  g_notification_set_default_action_and_target (notification, "app.show-machine", "s",
                                                vt_machine_get_uuid (machine));
  g_notification_add_button_with_target (notification, _ ("Show"), "app.show-machine", "s",
                                         vt_machine_get_uuid (machine));
  g_application_send_notification (G_APPLICATION (self->application), vt_machine_get_uuid (machine),
                                   notification);
}

static void
on_state (VtNotifier *self, GParamSpec *pspec, VtMachine *machine)
{
  if (vt_machine_get_state (machine) == VT_MACHINE_CRASHED)
    notify_crash (self, machine);
  else
    g_application_withdraw_notification (G_APPLICATION (self->application), vt_machine_get_uuid (machine));
  update_inhibit (self);
}

static void
on_items_changed (VtNotifier *self, guint position, guint removed, guint added)
{
  for (guint i = position; i < position + added; i++) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (self->machines, i);
    g_signal_connect_object (machine, "notify::state", G_CALLBACK (on_state), self, G_CONNECT_SWAPPED);
  }
  update_inhibit (self);
}

static void
finalize (GObject *object)
{
  VtNotifier *self = VT_NOTIFIER (object);
  g_object_unref (self->machines);
  g_object_unref (self->settings);
  G_OBJECT_CLASS (vt_notifier_parent_class)->finalize (object);
}

static void
vt_notifier_class_init (VtNotifierClass *class)
{
  G_OBJECT_CLASS (class)->finalize = finalize;
}

static void
vt_notifier_init (VtNotifier *self)
{
}

VtNotifier *
vt_notifier_new (GtkApplication *application, VtEngine *engine)
{
  VtNotifier *self = g_object_new (VT_TYPE_NOTIFIER, NULL);
  self->application = application;
  self->machines = g_object_ref (vt_engine_get_machines (engine));
  self->settings = g_settings_new ("org.vitrine.Vitrine");
  g_signal_connect_object (self->machines, "items-changed", G_CALLBACK (on_items_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->settings, "changed::inhibit-suspend", G_CALLBACK (update_inhibit), self,
                           G_CONNECT_SWAPPED);
  on_items_changed (self, 0, 0, g_list_model_get_n_items (self->machines));
  return self;
}
