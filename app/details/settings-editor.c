/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings-editor.h"

struct _VtSettingsEditor {
  GObject parent_instance;
  VtMachine *machine;
  GVariant *settings, *capabilities;
  GQueue sent; /* patches that the engine has not answered yet, the oldest first */
  GStrv pending;
  GCancellable *cancellable; /* of questions about this machine */
  guint epoch;
};

enum { CHANGED, FLUSH, N_SIGNALS };

static guint signals[N_SIGNALS];

/* What is no part of the hardware. */
static const char *const soft[] = { "name", "group", "notes", "autostart", NULL };

G_DEFINE_FINAL_TYPE (VtSettingsEditor, vt_settings_editor, G_TYPE_OBJECT)

static void
set_settings (VtSettingsEditor *self, GVariant *settings)
{
  g_clear_pointer (&self->settings, g_variant_unref);
  self->settings = settings;
}

static void
apply (VtSettingsEditor *self, GVariant *patch)
{
  set_settings (self, vt_settings_apply (self->settings, patch));
}

static void
emit_changed (VtSettingsEditor *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

/* The engine's settings, with what it will have heard of soon. */
static void
read_settings (VtSettingsEditor *self)
{
  set_settings (self, self->machine ? vt_machine_get_settings (self->machine)
                                    : g_variant_ref_sink (g_variant_new ("a{sv}", NULL)));
  for (GList *link = self->sent.head; link; link = link->next)
    apply (self, link->data);
}

static void
on_settings (VtSettingsEditor *self)
{
  read_settings (self);
  emit_changed (self);
}

static void
read_pending (VtSettingsEditor *self)
{
  g_clear_pointer (&self->pending, g_strfreev);
  if (self->machine)
    g_object_get (self->machine, "pending", &self->pending, NULL);
}

static void
on_pending (VtSettingsEditor *self)
{
  read_pending (self);
  emit_changed (self);
}

static void
on_capabilities (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) capabilities =
      vt_machine_ask_capabilities_finish (VT_MACHINE (source), result, &error);
  /* Without them the rows show what the machine has, and nothing else to choose from. */
  if (!capabilities)
    return;
  VtSettingsEditor *self = data;
  g_clear_pointer (&self->capabilities, g_variant_unref);
  self->capabilities = g_steal_pointer (&capabilities);
  emit_changed (self);
}

static void
leave_machine (VtSettingsEditor *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->machine)
    g_signal_handlers_disconnect_by_data (self->machine, self);
  g_queue_clear_full (&self->sent, (GDestroyNotify)g_variant_unref);
  g_clear_object (&self->machine);
}

void
vt_settings_editor_set_machine (VtSettingsEditor *self, VtMachine *machine)
{
  if (self->machine == machine)
    return;
  vt_settings_editor_flush (self);
  leave_machine (self);
  self->epoch++;
  self->cancellable = g_cancellable_new ();
  if (machine) {
    self->machine = g_object_ref (machine);
    g_signal_connect_swapped (machine, "notify::settings", G_CALLBACK (on_settings), self);
    g_signal_connect_swapped (machine, "notify::pending", G_CALLBACK (on_pending), self);
    g_signal_connect_swapped (machine, "notify::state", G_CALLBACK (emit_changed), self);
    g_signal_connect_swapped (machine, "notify::media", G_CALLBACK (emit_changed), self);
    vt_machine_ask_capabilities (machine, self->cancellable, on_capabilities, self);
  }
  read_settings (self);
  read_pending (self);
  emit_changed (self);
}

VtMachine *
vt_settings_editor_get_machine (VtSettingsEditor *self)
{
  return self->machine;
}

guint
vt_settings_editor_get_epoch (VtSettingsEditor *self)
{
  return self->epoch;
}

void
vt_settings_editor_flush (VtSettingsEditor *self)
{
  g_signal_emit (self, signals[FLUSH], 0);
}

GVariant *
vt_settings_editor_get_settings (VtSettingsEditor *self)
{
  return self->settings;
}

GVariant *
vt_settings_editor_get_capabilities (VtSettingsEditor *self)
{
  return self->capabilities;
}

gboolean
vt_settings_editor_is_pending (VtSettingsEditor *self, const char *path)
{
  g_autofree char *key = vt_settings_key (path);
  return self->pending && g_strv_contains ((const char *const *)self->pending, key);
}

gboolean
vt_settings_editor_may_change (VtSettingsEditor *self, const char *path)
{
  VtMachineState state = self->machine ? vt_machine_get_state (self->machine) : VT_MACHINE_BROKEN;
  if (state == VT_MACHINE_BROKEN)
    return FALSE;
  return (state != VT_MACHINE_SAVED && state != VT_MACHINE_SAVING) || g_strv_contains (soft, path);
}

/* ---- Changes ---- */

typedef struct {
  GVariant *patch;
  guint epoch;
} Sent;

static void
sent_free (gpointer data)
{
  Sent *sent = data;
  g_variant_unref (sent->patch);
  g_free (sent);
}

/* After success the settings stay as they are shown: the engine's own word of them may still be on its way.
 */
static void
on_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  VtSettingsEditor *self = g_task_get_source_object (task);
  Sent *sent = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GVariant) reply = vt_machine_call_finish (VT_MACHINE (source), result, &error);
  GList *link = self->epoch == sent->epoch ? g_queue_find (&self->sent, sent->patch) : NULL;
  if (link) {
    g_variant_unref (link->data);
    g_queue_delete_link (&self->sent, link);
  }
  if (link && error)
    on_settings (self);
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

void
vt_settings_editor_change (VtSettingsEditor *self, GVariant *patch, GAsyncReadyCallback callback,
                           gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  Sent *sent = g_new0 (Sent, 1);
  sent->patch = g_variant_ref_sink (patch);
  sent->epoch = self->epoch;
  g_task_set_task_data (task, sent, sent_free);
  g_queue_push_tail (&self->sent, g_variant_ref (patch));
  apply (self, patch);
  vt_machine_call (self->machine, "Change", g_variant_new ("(@a{sv})", patch), NULL, on_changed, task);
  emit_changed (self);
}

gboolean
vt_settings_editor_change_finish (VtSettingsEditor *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
dispose (GObject *object)
{
  leave_machine (VT_SETTINGS_EDITOR (object));
  G_OBJECT_CLASS (vt_settings_editor_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  VtSettingsEditor *self = VT_SETTINGS_EDITOR (object);
  g_variant_unref (self->settings);
  g_clear_pointer (&self->capabilities, g_variant_unref);
  g_strfreev (self->pending);
  G_OBJECT_CLASS (vt_settings_editor_parent_class)->finalize (object);
}

static void
vt_settings_editor_class_init (VtSettingsEditorClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dispose;
  G_OBJECT_CLASS (class)->finalize = finalize;
  signals[CHANGED] = g_signal_new ("changed", VT_TYPE_SETTINGS_EDITOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[FLUSH] =
      g_signal_new ("flush", VT_TYPE_SETTINGS_EDITOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vt_settings_editor_init (VtSettingsEditor *self)
{
  g_queue_init (&self->sent);
  read_settings (self);
}

VtSettingsEditor *
vt_settings_editor_new (void)
{
  return g_object_new (VT_TYPE_SETTINGS_EDITOR, NULL);
}
