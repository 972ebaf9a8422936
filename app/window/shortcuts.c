/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shortcuts.h"

#include <glib/gi18n.h>

enum { MAX_ACCELS = 2 };

typedef struct {
  const char *title;
  const char *action; /* NULL: somebody else listens to the keys */
  const char *accels[MAX_ACCELS + 1];
} Shortcut;

static const Shortcut general[] = {
#ifdef VT_HAVE_CREATE
  { N_ ("New machine"), "app.new", { "<Control>n" } },
#endif
  { N_ ("Search"), "win.search", { "<Control>f" } },
  { N_ ("Preferences"), "app.preferences", { "<Control>comma" } },
  { N_ ("Keyboard shortcuts"), "app.shortcuts", { "<Control>question", "F1" } },
  { N_ ("Main menu"), NULL, { "F10" } },
  { N_ ("Close the window"), "window.close", { "<Control>w" } },
  { N_ ("Quit; machines go on running"), "app.quit", { "<Control>q" } },
  { NULL },
};

static const Shortcut machine[] = {
  { N_ ("Start, or go on"), "machine.start", { "<Control>Return" } },
  { N_ ("Pause"), "machine.pause", { "<Control>p" } },
  { N_ ("Shut down"), "machine.shutdown", { "<Control>d" } },
  { N_ ("Rename"), "machine.rename", { "F2" } },
  { N_ ("Delete"), "machine.delete", { "<Control>Delete" } },
  { N_ ("Menu of the machine"), NULL, { "Menu", "<Shift>F10" } },
  { N_ ("Full screen"), "win.fullscreen", { "F11" } },
  { NULL },
};

static const Shortcut text_console[] = {
  { N_ ("Copy"), NULL, { "<Control><Shift>c" } },
  { N_ ("Paste"), NULL, { "<Control><Shift>v" } },
  { N_ ("Find in the text"), NULL, { "<Control><Shift>f" } },
  { N_ ("Find next"), NULL, { "<Control><Shift>g" } },
  { N_ ("Find previous"), NULL, { "<Control><Shift>h" } },
  { NULL },
};

static const struct {
  const char *title, *description;
  const Shortcut *shortcuts;
} groups[] = {
  { N_ ("General"),
    N_ ("While the guest has the keyboard, all keys are its own: press Ctrl+Alt to release it."), general },
  { N_ ("Machine"), NULL, machine },
  { N_ ("Text Console"), NULL, text_console },
};

void
vt_shortcuts_install (GtkApplication *application)
{
  for (size_t i = 0; i < G_N_ELEMENTS (groups); i++)
    for (const Shortcut *shortcut = groups[i].shortcuts; shortcut->title; shortcut++)
      if (shortcut->action)
        gtk_application_set_accels_for_action (application, shortcut->action,
                                               (const char *const *)shortcut->accels);
}

static char *
keys_of (const Shortcut *shortcut)
{
  GString *keys = g_string_new (NULL);
  for (size_t i = 0; shortcut->accels[i]; i++) {
    guint key;
    GdkModifierType modifiers;
    if (!gtk_accelerator_parse (shortcut->accels[i], &key, &modifiers))
      continue;
    g_autofree char *label = gtk_accelerator_get_label (key, modifiers);
    /* Translators: between two keys of which either will do. */
    g_string_append_printf (keys, "%s%s", keys->len ? _ (" or ") : "", label);
  }
  return g_string_free (keys, FALSE);
}

static GtkWidget *
new_row (const Shortcut *shortcut)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *keys = keys_of (shortcut);
  GtkWidget *label = gtk_label_new (keys);
  gtk_widget_add_css_class (label, "dim-label");
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (shortcut->title));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, keys, -1);
  return row;
}

AdwDialog *
vt_shortcuts_dialog_new (void)
{
  AdwDialog *dialog = adw_preferences_dialog_new ();
  GtkWidget *page = adw_preferences_page_new ();
  for (size_t i = 0; i < G_N_ELEMENTS (groups); i++) {
    GtkWidget *group = adw_preferences_group_new ();
    adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), _ (groups[i].title));
    if (groups[i].description)
      adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (group), _ (groups[i].description));
    for (const Shortcut *shortcut = groups[i].shortcuts; shortcut->title; shortcut++)
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), new_row (shortcut));
    adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (group));
  }
  adw_preferences_dialog_add (ADW_PREFERENCES_DIALOG (dialog), ADW_PREFERENCES_PAGE (page));
  adw_preferences_dialog_set_search_enabled (ADW_PREFERENCES_DIALOG (dialog), TRUE);
  adw_dialog_set_title (dialog, _ ("Keyboard Shortcuts"));
  return dialog;
}
