/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "setting-binding.h"

#include "choice-row.h"
#include "engine.h"
#include "feedback.h"

#include <glib/gi18n.h>

#define REST_MS 600 /* a number or text that has not changed for so long is sent */

typedef struct Binding Binding;

/* What can be bound. */
typedef struct {
  GType (*type) (void);
  const char *signal;
  gboolean rests;                                                 /* it is sent when it rests */
  GVariant *(*read) (Binding *binding, const GVariantType *type); /* floating, or NULL: nothing sensible */
  void (*show) (Binding *binding, GVariant *value);
} Kind;

struct Binding {
  VtSettingsEditor *editor; /* it lives as long as the page does */
  const Kind *kind;
  GtkWidget *row;
  VtRemarkRow *remark; /* NULL: errors are told by a dialog */
  char *path, *refusal, *advice, *shown_text;
  VtRemarkLevel advice_level;
  guint64 unit;
  guint epoch, timer, frozen;
};

/* ---- Kinds ---- */

static char *
text_of (Binding *self)
{
  GtkTextIter start, end;
  if (GTK_IS_EDITABLE (self->row))
    return g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->row)));
  if (!GTK_IS_TEXT_VIEW (self->row))
    return NULL;
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->row));
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
}

static GVariant *
read_text (Binding *self, const GVariantType *type)
{
  return g_variant_new_take_string (text_of (self));
}

/* The Apply button appears for changes that a person has made only. */
static void
show_entry (Binding *self, GVariant *value)
{
  AdwEntryRow *row = ADW_ENTRY_ROW (self->row);
  adw_entry_row_set_show_apply_button (row, FALSE);
  gtk_editable_set_text (GTK_EDITABLE (row), g_variant_get_string (value, NULL));
  adw_entry_row_set_show_apply_button (row, TRUE);
}

static void
show_text (Binding *self, GVariant *value)
{
  gtk_text_buffer_set_text (gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->row)),
                            g_variant_get_string (value, NULL), -1);
}

static GVariant *
read_choice (Binding *self, const GVariantType *type)
{
  const char *name = vt_choice_row_get (VT_CHOICE_ROW (self->row));
  return name && !vt_choice_row_get_reason (VT_CHOICE_ROW (self->row)) ? g_variant_new_string (name) : NULL;
}

static void
show_choice (Binding *self, GVariant *value)
{
  vt_choice_row_set (VT_CHOICE_ROW (self->row), g_variant_get_string (value, NULL));
}

static GVariant *
number_variant (const GVariantType *type, guint64 number)
{
  if (g_variant_type_equal (type, G_VARIANT_TYPE_BOOLEAN))
    return g_variant_new_boolean (number != 0);
  return g_variant_type_equal (type, G_VARIANT_TYPE_UINT64) ? g_variant_new_uint64 (number)
                                                            : g_variant_new_uint32 ((guint32)number);
}

static guint64
number_of (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_variant_get_boolean (value);
  return g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64) ? g_variant_get_uint64 (value)
                                                             : g_variant_get_uint32 (value);
}

static GVariant *
read_switch (Binding *self, const GVariantType *type)
{
  return number_variant (type, adw_switch_row_get_active (ADW_SWITCH_ROW (self->row)));
}

static void
show_switch (Binding *self, GVariant *value)
{
  adw_switch_row_set_active (ADW_SWITCH_ROW (self->row), number_of (value) != 0);
}

static GVariant *
read_number (Binding *self, const GVariantType *type)
{
  return number_variant (type, (guint64)adw_spin_row_get_value (ADW_SPIN_ROW (self->row)) * self->unit);
}

/* Its range grows as far as what the machine has. */
static void
show_number (Binding *self, GVariant *value)
{
  GtkAdjustment *adjustment = adw_spin_row_get_adjustment (ADW_SPIN_ROW (self->row));
  double number = (double)(number_of (value) / self->unit);
  if (number > gtk_adjustment_get_upper (adjustment))
    gtk_adjustment_set_upper (adjustment, number);
  if (number < gtk_adjustment_get_lower (adjustment))
    gtk_adjustment_set_lower (adjustment, number);
  adw_spin_row_set_value (ADW_SPIN_ROW (self->row), number);
}

static const Kind kinds[] = {
  { vt_choice_row_get_type, "notify::choice", FALSE, read_choice, show_choice },
  { adw_switch_row_get_type, "notify::active", FALSE, read_switch, show_switch },
  { adw_spin_row_get_type, "notify::value", TRUE, read_number, show_number },
  { adw_entry_row_get_type, "apply", FALSE, read_text, show_entry },
  { gtk_text_view_get_type, "changed", TRUE, read_text, show_text },
};

/* ---- What is said below ---- */

static Binding *
binding_of (GtkWidget *row)
{
  return g_object_get_data (G_OBJECT (row), "vt-binding");
}

static void
update_remark (Binding *self)
{
  const char *next_start = _ ("Takes effect at the next start");
  if (!self->remark)
    return;
  gboolean alone = !strchr (self->path, '/');
  gboolean pending = alone && vt_settings_editor_is_pending (self->editor, self->path);
  g_autofree char *both =
      pending && self->advice ? g_strdup_printf ("%s\n%s", self->advice, next_start) : NULL;
  if (self->refusal)
    vt_remark_row_set (self->remark, VT_REMARK_ERROR, self->refusal);
  else if (self->advice)
    vt_remark_row_set (self->remark, self->advice_level, both ? both : self->advice);
  else
    vt_remark_row_set (self->remark, VT_REMARK_NOTE, pending ? next_start : NULL);
}

void
vt_setting_advise (GtkWidget *row, VtRemarkLevel level, const char *text)
{
  Binding *self = binding_of (row);
  g_free (self->advice);
  self->advice = g_strdup (text);
  self->advice_level = level;
  update_remark (self);
}

/* ---- From the engine ---- */

static gboolean
is_being_typed (Binding *self)
{
  g_autofree char *text = text_of (self);
  return self->timer != 0 || (text && self->shown_text && !g_str_equal (text, self->shown_text));
}

static void
show (Binding *self)
{
  GVariant *settings = vt_settings_editor_get_settings (self->editor);
  g_autoptr (GVariant) value = vt_settings_get (settings, self->path);
  g_autoptr (GVariant) now = value ? self->kind->read (self, g_variant_get_type (value)) : NULL;
  if (now)
    g_variant_ref_sink (now);
  gtk_widget_set_visible (self->row, value != NULL);
  if (!value)
    return;
  if (!now || !g_variant_equal (now, value) || !self->shown_text) {
    self->frozen++;
    self->kind->show (self, value);
    self->frozen--;
  }
  g_free (self->shown_text);
  self->shown_text = text_of (self);
}

static void
on_editor_changed (GtkWidget *row)
{
  Binding *self = binding_of (row);
  guint epoch = vt_settings_editor_get_epoch (self->editor);
  gboolean other = epoch != self->epoch;
  self->epoch = epoch;
  if (other) {
    g_clear_pointer (&self->refusal, g_free);
    g_clear_pointer (&self->shown_text, g_free);
  }
  if (self->frozen == 0 && (other || !is_being_typed (self)))
    show (self);
  gtk_widget_set_sensitive (row, vt_settings_editor_may_change (self->editor, self->path));
  update_remark (self);
}

/* ---- To the engine ---- */

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) row = data;
  g_autoptr (GError) error = NULL;
  Binding *self = binding_of (row);
  if (vt_settings_editor_change_finish (VT_SETTINGS_EDITOR (source), result, &error) || !self)
    return;
  /* Of a machine that is no longer looked at, or of a place without a line for it. */
  if (!self->remark || self->epoch != vt_settings_editor_get_epoch (self->editor)) {
    vt_show_error (row, self->path, error);
    return;
  }
  g_autofree char *cause = vt_error_cause (error), *remedy = vt_error_remedy (error);
  g_free (self->refusal);
  self->refusal = *remedy ? g_strdup_printf ("%s\n%s", cause, remedy) : g_strdup (cause);
  update_remark (self);
}

static void
send (Binding *self)
{
  GVariant *settings = vt_settings_editor_get_settings (self->editor);
  g_autoptr (GVariant) old = vt_settings_get (settings, self->path);
  g_autoptr (GVariant) value = old ? self->kind->read (self, g_variant_get_type (old)) : NULL;
  g_clear_handle_id (&self->timer, g_source_remove);
  if (!value || !vt_settings_editor_get_machine (self->editor))
    return;
  g_variant_ref_sink (value);
  g_free (self->shown_text);
  self->shown_text = text_of (self);
  g_clear_pointer (&self->refusal, g_free);
  if (g_variant_equal (value, old)) {
    update_remark (self);
    return;
  }
  g_autoptr (GVariant) patch = vt_settings_patch (settings, self->path, value);
  vt_settings_editor_change (self->editor, patch, on_sent, g_object_ref (self->row));
}

static gboolean
on_rest (gpointer data)
{
  Binding *self = data;
  self->timer = 0;
  send (self);
  return G_SOURCE_REMOVE;
}

static void
on_widget_changed (GtkWidget *row)
{
  Binding *self = binding_of (row);
  if (self->frozen)
    return;
  if (!self->kind->rests) {
    send (self);
    return;
  }
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (REST_MS, on_rest, self);
}

static void
on_flush (GtkWidget *row)
{
  Binding *self = binding_of (row);
  if (self->timer)
    send (self);
}

void
vt_setting_freeze (GtkWidget *row)
{
  binding_of (row)->frozen++;
}

void
vt_setting_thaw (GtkWidget *row)
{
  Binding *self = binding_of (row);
  if (--self->frozen == 0)
    show (self);
}

/* ---- Binding ---- */

static void
binding_free (gpointer data)
{
  Binding *self = data;
  g_clear_handle_id (&self->timer, g_source_remove);
  g_free (self->path);
  g_free (self->refusal);
  g_free (self->advice);
  g_free (self->shown_text);
  g_free (self);
}

static void
add_remark (Binding *self)
{
  GtkWidget *list = gtk_widget_get_parent (self->row);
  if (!GTK_IS_LIST_BOX (list))
    return;
  self->remark = VT_REMARK_ROW (vt_remark_row_new (self->row));
  gtk_list_box_insert (GTK_LIST_BOX (list), GTK_WIDGET (self->remark),
                       gtk_list_box_row_get_index (GTK_LIST_BOX_ROW (self->row)) + 1);
}

void
vt_setting_bind_unit (VtSettingsEditor *editor, const char *path, GtkWidget *row, guint64 unit)
{
  Binding *self = g_new0 (Binding, 1);
  self->editor = editor;
  self->row = row;
  self->path = g_strdup (path);
  self->unit = unit;
  for (size_t i = 0; i < G_N_ELEMENTS (kinds) && !self->kind; i++)
    if (g_type_is_a (G_OBJECT_TYPE (row), kinds[i].type ()))
      self->kind = &kinds[i];
  g_return_if_fail (self->kind);
  g_object_set_data_full (G_OBJECT (row), "vt-binding", self, binding_free);
  add_remark (self);
  GObject *source =
      GTK_IS_TEXT_VIEW (row) ? G_OBJECT (gtk_text_view_get_buffer (GTK_TEXT_VIEW (row))) : G_OBJECT (row);
  on_editor_changed (row);
  g_signal_connect_object (source, self->kind->signal, G_CALLBACK (on_widget_changed), row,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (editor, "changed", G_CALLBACK (on_editor_changed), row, G_CONNECT_SWAPPED);
  g_signal_connect_object (editor, "flush", G_CALLBACK (on_flush), row, G_CONNECT_SWAPPED);
}

void
vt_setting_bind (VtSettingsEditor *editor, const char *path, GtkWidget *row)
{
  vt_setting_bind_unit (editor, path, row, 1);
}

static void
update_note (VtSettingsEditor *editor, VtRemarkRow *remark)
{
  const char *key = g_object_get_data (G_OBJECT (remark), "vt-key");
  vt_remark_row_set (
      remark, VT_REMARK_NOTE,
      vt_settings_editor_is_pending (editor, key) ? _ ("Changes here take effect at the next start") : NULL);
}

void
vt_setting_note_pending (VtSettingsEditor *editor, const char *key, VtRemarkRow *remark)
{
  g_object_set_data_full (G_OBJECT (remark), "vt-key", g_strdup (key), g_free);
  g_signal_connect_object (editor, "changed", G_CALLBACK (update_note), remark, 0);
  update_note (editor, remark);
}
