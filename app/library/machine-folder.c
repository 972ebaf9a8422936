/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What concerns the machine as a folder: its name, copies, its end. */

#include "machine-actions-private.h"
#include "machine-dialogs.h"
#include "feedback.h"

#include <glib/gi18n.h>

static void
change (VtMachineActions *self, const char *key, const char *text)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&dict, key, "s", stripped);
  vt_machine_run (self, "Change", g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), NULL);
}

static void
rename_answered (const char *answer, gpointer data)
{
  change (data, "name", answer);
}

void
vt_act_rename (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VtMachineActions *self = data;
  vt_ask_text (self->parent, _ ("Rename Machine"), _ ("Its folder is renamed, too."), _ ("Name"),
               vt_machine_get_name (self->machine), _ ("_Rename"), FALSE, rename_answered,
               vt_machine_actions_held (self), vt_machine_actions_unref);
}

static void
group_answered (const char *answer, gpointer data)
{
  change (data, "group", answer);
}

void
vt_act_group (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VtMachineActions *self = data;
  g_autofree char *old = NULL;
  g_object_get (self->machine, "group", &old, NULL);
  vt_ask_text (self->parent, _ ("Group"),
               _ ("Machines of one group stand together in the list. Empty: in no group."), _ ("Group"), old,
               _ ("_Apply"), TRUE, group_answered, vt_machine_actions_held (self), vt_machine_actions_unref);
}

static void
duplicate_answered (const char *answer, gpointer data)
{
  g_autofree char *name = g_strstrip (g_strdup (answer));
  vt_machine_run (data, "Duplicate", g_variant_new ("(s)", name), _ ("Machine duplicated"));
}

void
vt_act_duplicate (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VtMachineActions *self = data;
  g_autofree char *name = g_strdup_printf (_ ("%s (copy)"), vt_machine_get_name (self->machine));
  vt_ask_text (
      self->parent, _ ("Duplicate Machine"),
      _ ("The copy has disks of its own, which takes as much space again, and network addresses of its own."),
      _ ("Name of the copy"), name, _ ("_Duplicate"), FALSE, duplicate_answered,
      vt_machine_actions_held (self), vt_machine_actions_unref);
}

static void
delete_answered (const char *answer, gpointer data)
{
  gboolean forever = g_str_equal (answer, "forever");
  vt_machine_run (data, "Delete", g_variant_new ("(b)", forever),
                  forever ? _ ("Machine deleted") : _ ("Machine moved to the trash"));
}

void
vt_act_delete (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VtMachineActions *self = data;
  vt_ask_delete (self->parent, self->machine, delete_answered, vt_machine_actions_held (self),
                 vt_machine_actions_unref);
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

void
vt_act_show_folder (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VtMachineActions *self = data;
  g_autofree char *folder = NULL;
  g_object_get (self->machine, "folder", &folder, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  g_autoptr (GtkFileLauncher) launcher = gtk_file_launcher_new (file);
  GtkRoot *root = gtk_widget_get_root (self->parent);
  if (GTK_IS_WINDOW (root))
    gtk_file_launcher_launch (launcher, GTK_WINDOW (root), NULL, on_folder_shown,
                              g_object_ref (GTK_WIDGET (root)));
}
