/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "preferences.h"

struct _VtPreferences {
  AdwPreferencesDialog parent_instance;
  GtkWidget *confirm_row, *inhibit_row, *memory_row;
  GSettings *settings;
};

G_DEFINE_FINAL_TYPE (VtPreferences, vt_preferences, ADW_TYPE_PREFERENCES_DIALOG)

static void
dispose (GObject *object)
{
  VtPreferences *self = VT_PREFERENCES (object);
  g_clear_object (&self->settings);
  gtk_widget_dispose_template (GTK_WIDGET (self), VT_TYPE_PREFERENCES);
  G_OBJECT_CLASS (vt_preferences_parent_class)->dispose (object);
}

static void
vt_preferences_class_init (VtPreferencesClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/preferences.ui");
  gtk_widget_class_bind_template_child (widget_class, VtPreferences, confirm_row);
  gtk_widget_class_bind_template_child (widget_class, VtPreferences, inhibit_row);
  gtk_widget_class_bind_template_child (widget_class, VtPreferences, memory_row);
}

static void
vt_preferences_init (VtPreferences *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->settings = g_settings_new ("org.vitrine.Vitrine");
  g_settings_bind (self->settings, "confirm", self->confirm_row, "active", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, "inhibit-suspend", self->inhibit_row, "active", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, "memory-limit", self->memory_row, "value", G_SETTINGS_BIND_DEFAULT);
}

AdwDialog *
vt_preferences_new (void)
{
  return g_object_new (VT_TYPE_PREFERENCES, NULL);
}
