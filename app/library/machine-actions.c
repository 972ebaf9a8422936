/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-actions-private.h"
#include "feedback.h"

#define IN(state) (1u << VT_MACHINE_##state)

enum {
  RESTING = IN (OFF) | IN (SAVED) | IN (CRASHED),
  ACTIVE = IN (STARTING) | IN (RUNNING) | IN (PAUSED) | IN (STOPPING),
};

/* One call under way: the words for an error, and where it is shown. */
typedef struct {
  GtkWidget *parent; /* weak */
  char *what;
  const char *done; /* a toast's text, or NULL */
} Call;

static void
set_weak (GtkWidget **place, GtkWidget *widget)
{
  *place = widget;
  if (widget)
    g_object_add_weak_pointer (G_OBJECT (widget), (gpointer *)place);
}

static void
clear_weak (GtkWidget **place)
{
  if (*place)
    g_object_remove_weak_pointer (G_OBJECT (*place), (gpointer *)place);
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = vt_machine_call_finish (VT_MACHINE (source), result, &error);
  if (error && call->parent)
    vt_show_error (call->parent, call->what, error);
  else if (!error && call->done && call->parent)
    vt_show_toast (call->parent, call->done);
  clear_weak (&call->parent);
  g_free (call->what);
  g_free (call);
}

void
vt_machine_run (VtMachineActions *self, const char *method, GVariant *arguments, const char *done)
{
  Call *call = g_new0 (Call, 1);
  /* A row goes with its machine; the window stays. */
  GtkRoot *root = self->parent ? gtk_widget_get_root (self->parent) : NULL;
  set_weak (&call->parent, root ? GTK_WIDGET (root) : self->parent);
  call->what = g_strdup_printf ("%s: %s", method, vt_machine_get_name (self->machine));
  call->done = done;
  vt_machine_call (self->machine, method, arguments, NULL, on_called, call);
}

void
vt_machine_actions_unref (gpointer data)
{
  g_object_unref (((VtMachineActions *)data)->group);
}

VtMachineActions *
vt_machine_actions_held (VtMachineActions *self)
{
  g_object_ref (self->group);
  return self;
}

static const struct {
  GActionEntry entry;
  unsigned states; /* in which it can work */
} table[] = {
  { { "start", vt_act_start }, RESTING | IN (PAUSED) },
  { { "start-afresh", vt_act_start_afresh }, IN (SAVED) },
  { { "pause", vt_act_pause }, IN (RUNNING) | IN (STOPPING) },
  { { "shutdown", vt_act_shutdown }, IN (RUNNING) | IN (STOPPING) },
  { { "power-off", vt_act_power_off }, ACTIVE },
  { { "reset", vt_act_reset }, IN (RUNNING) | IN (PAUSED) | IN (STOPPING) },
  { { "save", vt_act_save }, IN (RUNNING) | IN (PAUSED) | IN (STOPPING) },
  { { "rename", vt_act_rename }, RESTING },
  { { "duplicate", vt_act_duplicate }, RESTING },
  { { "group", vt_act_group }, ACTIVE | RESTING | IN (SAVING) },
  { { "delete", vt_act_delete }, RESTING | IN (BROKEN) },
  { { "show-folder", vt_act_show_folder }, ~0u },
};

static void
update (VtMachineActions *self)
{
  unsigned state = 1u << vt_machine_get_state (self->machine);
  for (size_t i = 0; i < G_N_ELEMENTS (table); i++) {
    GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->group), table[i].entry.name);
    g_simple_action_set_enabled (G_SIMPLE_ACTION (action), (table[i].states & state) != 0);
  }
}

static void
actions_free (gpointer data)
{
  VtMachineActions *self = data;
  g_signal_handlers_disconnect_by_data (self->machine, self);
  g_object_unref (self->machine);
  g_clear_object (&self->machines);
  clear_weak (&self->parent);
  g_free (self);
}

GSimpleActionGroup *
vt_machine_actions_new (VtMachine *machine, GListModel *machines, GtkWidget *parent)
{
  GSimpleActionGroup *action_group = g_simple_action_group_new ();
  VtMachineActions *self = g_new0 (VtMachineActions, 1);
  self->machine = g_object_ref (machine);
  self->machines = machines ? g_object_ref (machines) : NULL;
  self->group = action_group;
  set_weak (&self->parent, parent);
  g_object_set_data_full (G_OBJECT (action_group), "vt-actions", self, actions_free);
  for (size_t i = 0; i < G_N_ELEMENTS (table); i++)
    g_action_map_add_action_entries (G_ACTION_MAP (action_group), &table[i].entry, 1, self);
  g_signal_connect_swapped (machine, "notify::state", G_CALLBACK (update), self);
  update (self);
  return action_group;
}
