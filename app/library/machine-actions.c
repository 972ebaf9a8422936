/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-actions.h"
#include "feedback.h"
#include "machine-dialogs.h"

#include <glib/gi18n.h>

#define IN(state) (1u << VT_MACHINE_##state)

enum {
  RESTING = IN (OFF) | IN (SAVED) | IN (CRASHED),
  ACTIVE = IN (STARTING) | IN (RUNNING) | IN (PAUSED) | IN (STOPPING),
};

typedef struct {
  VtMachine *machine;
  GListModel *machines;
  GtkWidget *parent;         /* weak */
  GSimpleActionGroup *group; /* its owner */
} Actions;

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

static void
run (Actions *self, const char *method, GVariant *arguments, const char *done)
{
  Call *call = g_new0 (Call, 1);
  /* A row goes with its machine; the window stays. */
  GtkRoot *root = self->parent ? gtk_widget_get_root (self->parent) : NULL;
  set_weak (&call->parent, root ? GTK_WIDGET (root) : self->parent);
  call->what = g_strdup_printf ("%s: %s", method, vt_machine_get_name (self->machine));
  call->done = done;
  vt_machine_call (self->machine, method, arguments, NULL, on_called, call);
}

static GVariant *
options (const char *key)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  if (key)
    g_variant_dict_insert (&dict, key, "b", TRUE);
  return g_variant_new ("(@a{sv})", g_variant_dict_end (&dict));
}

static guint64
memory_of (VtMachine *machine)
{
  g_autoptr (GVariant) settings = vt_machine_get_settings (machine);
  guint64 memory = 0;
  g_variant_lookup (settings, "memory", "t", &memory);
  return memory;
}

/* How much this machine would bring running machines over the limit of the preferences; 0: not at all. */
static guint64
over_limit (Actions *self)
{
  g_autoptr (GSettings) settings = g_settings_new ("org.vitrine.Vitrine");
  guint64 limit = (guint64)g_settings_get_uint (settings, "memory-limit") << 20;
  guint64 sum = memory_of (self->machine);
  for (guint i = 0; self->machines && i < g_list_model_get_n_items (self->machines); i++) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (self->machines, i);
    if (machine != self->machine && vt_machine_is_alive (machine))
      sum += memory_of (machine);
  }
  return limit && sum > limit ? sum - limit : 0;
}

static void
start_anyway (const char *answer, gpointer data)
{
  run (data, "Start", options (NULL), NULL);
}

static void
unref_group (gpointer data)
{
  g_object_unref (((Actions *)data)->group);
}

/* Questions may outlive the widget whose actions these are. */
static Actions *
held (Actions *self)
{
  g_object_ref (self->group);
  return self;
}

static void
start (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Actions *self = data;
  if (vt_machine_get_state (self->machine) == VT_MACHINE_PAUSED) {
    run (self, "Resume", NULL, NULL);
    return;
  }
  guint64 over = over_limit (self);
  if (!over) {
    start_anyway (NULL, self);
    return;
  }
  g_autofree char *size = g_format_size_full (over, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *body =
      g_strdup_printf (_ ("The running machines would have %s more memory than the limit in the preferences. "
                          "Pause or shut down another machine first, or raise the limit."),
                       size);
  vt_confirm_always (self->parent, _ ("Over the Memory Limit"), body, _ ("_Start Anyway"), start_anyway,
                     held (self), unref_group);
}

static void
discard_answered (const char *answer, gpointer data)
{
  run (data, "Start", options ("discard-saved"), NULL);
}

static void
start_afresh (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Actions *self = data;
  g_autofree char *heading = g_strdup_printf (_ ("Start “%s” Afresh?"), vt_machine_get_name (self->machine));
  vt_confirm_always (self->parent, heading,
                     _ ("What was in its memory when it was saved is lost, as if its power had failed then."),
                     _ ("_Start Afresh"), discard_answered, held (self), unref_group);
}

static void
pause_machine (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  run (data, "Pause", NULL, NULL);
}

static void
shutdown (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  run (data, "Shutdown", NULL, _ ("The guest was asked to shut down"));
}

static void
save (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  run (data, "Save", NULL, NULL);
}

static void
power_off_answered (const char *answer, gpointer data)
{
  run (data, "PowerOff", NULL, NULL);
}

static void
power_off (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Actions *self = data;
  g_autofree char *heading = g_strdup_printf (_ ("Power Off “%s”?"), vt_machine_get_name (self->machine));
  vt_confirm (self->parent, heading,
              _ ("As by pulling the plug: what the guest has not written to its disks is lost."),
              _ ("_Power Off"), power_off_answered, held (self), unref_group);
}

static void
reset_answered (const char *answer, gpointer data)
{
  run (data, "Reset", NULL, NULL);
}

static void
reset (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Actions *self = data;
  g_autofree char *heading = g_strdup_printf (_ ("Reset “%s”?"), vt_machine_get_name (self->machine));
  vt_confirm (self->parent, heading,
              _ ("It starts again at once: what the guest has not written to its disks is lost."),
              _ ("_Reset"), reset_answered, held (self), unref_group);
}

static void
change (Actions *self, const char *key, const char *text)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&dict, key, "s", stripped);
  run (self, "Change", g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), NULL);
}

static void
rename_answered (const char *answer, gpointer data)
{
  change (data, "name", answer);
}

static void
rename_machine (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Actions *self = data;
  vt_ask_text (self->parent, _ ("Rename Machine"), _ ("Its folder is renamed, too."), _ ("Name"),
               vt_machine_get_name (self->machine), _ ("_Rename"), FALSE, rename_answered, held (self),
               unref_group);
}

static void
group_answered (const char *answer, gpointer data)
{
  change (data, "group", answer);
}

static void
group (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Actions *self = data;
  g_autofree char *old = NULL;
  g_object_get (self->machine, "group", &old, NULL);
  vt_ask_text (self->parent, _ ("Group"),
               _ ("Machines of one group stand together in the list. Empty: in no group."), _ ("Group"), old,
               _ ("_Apply"), TRUE, group_answered, held (self), unref_group);
}

static void
duplicate_answered (const char *answer, gpointer data)
{
  g_autofree char *name = g_strstrip (g_strdup (answer));
  run (data, "Duplicate", g_variant_new ("(s)", name), _ ("Machine duplicated"));
}

static void
duplicate (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Actions *self = data;
  g_autofree char *name = g_strdup_printf (_ ("%s (copy)"), vt_machine_get_name (self->machine));
  vt_ask_text (
      self->parent, _ ("Duplicate Machine"),
      _ ("The copy has disks of its own, which takes as much space again, and network addresses of its own."),
      _ ("Name of the copy"), name, _ ("_Duplicate"), FALSE, duplicate_answered, held (self), unref_group);
}

static void
delete_answered (const char *answer, gpointer data)
{
  gboolean forever = g_str_equal (answer, "forever");
  run (data, "Delete", g_variant_new ("(b)", forever),
       forever ? _ ("Machine deleted") : _ ("Machine moved to the trash"));
}

static void
delete_machine (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Actions *self = data;
  vt_ask_delete (self->parent, self->machine, delete_answered, held (self), unref_group);
}

static void
on_folder_shown (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) parent = data;
  g_autoptr (GError) error = NULL;
  if (!gtk_file_launcher_launch_finish (GTK_FILE_LAUNCHER (source), result, &error) &&
      !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED))
    vt_show_error (parent, "Show folder", error);
}

static void
show_folder (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Actions *self = data;
  g_autofree char *folder = NULL;
  g_object_get (self->machine, "folder", &folder, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  g_autoptr (GtkFileLauncher) launcher = gtk_file_launcher_new (file);
  GtkRoot *root = gtk_widget_get_root (self->parent);
  if (GTK_IS_WINDOW (root))
    gtk_file_launcher_launch (launcher, GTK_WINDOW (root), NULL, on_folder_shown,
                              g_object_ref (GTK_WIDGET (root)));
}

static const struct {
  GActionEntry entry;
  unsigned states; /* in which it can work */
} table[] = {
  { { "start", start }, RESTING | IN (PAUSED) },
  { { "start-afresh", start_afresh }, IN (SAVED) },
  { { "pause", pause_machine }, IN (RUNNING) | IN (STOPPING) },
  { { "shutdown", shutdown }, IN (RUNNING) | IN (STOPPING) },
  { { "power-off", power_off }, ACTIVE },
  { { "reset", reset }, IN (RUNNING) | IN (PAUSED) | IN (STOPPING) },
  { { "save", save }, IN (RUNNING) | IN (PAUSED) | IN (STOPPING) },
  { { "rename", rename_machine }, RESTING },
  { { "duplicate", duplicate }, RESTING },
  { { "group", group }, ACTIVE | RESTING | IN (SAVING) },
  { { "delete", delete_machine }, RESTING | IN (BROKEN) },
  { { "show-folder", show_folder }, ~0u },
};

static void
update (Actions *self)
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
  Actions *self = data;
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
  Actions *self = g_new0 (Actions, 1);
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

static void
append (GMenu *menu, const char *label, const char *action)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, action);
  /* A menu shows what can be done now, not all that could ever be. */
  g_menu_item_set_attribute (item, "hidden-when", "s", "action-disabled");
  g_menu_append_item (menu, item);
}

GMenuModel *
vt_machine_menu_new (void)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) run_section = g_menu_new (), folder = g_menu_new (), end = g_menu_new ();
  append (run_section, _ ("_Start"), "machine.start");
  append (run_section, _ ("Start _Afresh"), "machine.start-afresh");
  append (run_section, _ ("_Pause"), "machine.pause");
  append (run_section, _ ("Sa_ve"), "machine.save");
  append (run_section, _ ("Shut _Down"), "machine.shutdown");
  append (run_section, _ ("_Reset"), "machine.reset");
  append (run_section, _ ("Power _Off"), "machine.power-off");
  append (folder, _ ("Re_name…"), "machine.rename");
  append (folder, _ ("D_uplicate…"), "machine.duplicate");
  append (folder, _ ("_Group…"), "machine.group");
  append (folder, _ ("Show _Folder"), "machine.show-folder");
  append (end, _ ("De_lete…"), "machine.delete");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (run_section));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (folder));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (end));
  return G_MENU_MODEL (menu);
}

const char *
vt_machine_state_icon (VtMachineState state)
{
  switch (state) {
    case VT_MACHINE_STARTING: return "content-loading-symbolic";
    case VT_MACHINE_RUNNING: return "media-playback-start-symbolic";
    case VT_MACHINE_PAUSED: return "media-playback-pause-symbolic";
    case VT_MACHINE_STOPPING: return "system-shutdown-symbolic";
    case VT_MACHINE_SAVING:
    case VT_MACHINE_SAVED: return "document-save-symbolic";
    case VT_MACHINE_CRASHED: return "dialog-error-symbolic";
    case VT_MACHINE_BROKEN: return "dialog-warning-symbolic";
    default: return "media-playback-stop-symbolic";
  }
}
