/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disc-offer.h"
#include "feedback.h"

#include <glib/gi18n.h>

typedef struct {
  GtkWidget *window;
  VtMachine *machine;
  GFile *file;
  char *name; /* for people */
} Offer;

static void
offer_free (Offer *offer)
{
  g_clear_object (&offer->window);
  g_clear_object (&offer->machine);
  g_clear_object (&offer->file);
  g_free (offer->name);
  g_free (offer);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Offer, offer_free)

/* The first optical drive's id; NULL: it has none. */
static char *
first_drive (VtMachine *machine)
{
  g_autoptr (GVariant) settings = vt_machine_get_settings (machine), drives = NULL;
  char *id = NULL;
  if (settings)
    drives = g_variant_lookup_value (settings, "drives", G_VARIANT_TYPE ("aa{sv}"));
  if (drives && g_variant_n_children (drives)) {
    g_autoptr (GVariant) drive = g_variant_get_child_value (drives, 0);
    g_variant_lookup (drive, "id", "s", &id);
  }
  return id;
}

gboolean
vt_can_take_disc (VtMachine *machine)
{
  g_autofree char *drive = machine && vt_machine_is_alive (machine) ? first_drive (machine) : NULL;
  return drive != NULL;
}

gboolean
vt_is_iso (GFile *file)
{
  g_autofree char *name = g_file_get_basename (file), *lower = name ? g_ascii_strdown (name, -1) : NULL;
  return lower && g_str_has_suffix (lower, ".iso");
}

static void
on_inserted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Offer) offer = data;
  g_autoptr (GError) error = NULL;
  if (vt_machine_insert_finish (offer->machine, result, &error)) {
    g_autofree char *text = g_strdup_printf (_ ("“%s” is in the drive"), offer->name);
    vt_show_toast (offer->window, text);
  } else {
    vt_show_error (offer->window, _ ("Insert a disc"), error);
  }
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Offer) offer = data;
  const char *answer = adw_alert_dialog_choose_finish (ADW_ALERT_DIALOG (source), result);
  g_autofree char *drive = first_drive (offer->machine);
  if (g_str_equal (answer, "new")) {
    g_autofree char *uri = g_file_get_uri (offer->file);
    gtk_widget_activate_action (offer->window, "win.create", "s", uri);
  } else if (g_str_equal (answer, "insert") && drive) {
    Offer *inserted = g_steal_pointer (&offer);
    vt_machine_insert (inserted->machine, drive, inserted->file, NULL, on_inserted, inserted);
  }
}

void
vt_offer_disc (GtkWidget *window, VtMachine *machine, GFile *file)
{
  Offer *offer = g_new0 (Offer, 1);
  g_autofree char *name = g_file_get_basename (file);
  offer->window = g_object_ref (window);
  offer->machine = g_object_ref (machine);
  offer->file = g_object_ref (file);
  offer->name = g_filename_display_name (name);
  /* Translators: a file's name. */
  g_autofree char *heading = g_strdup_printf (_ ("Use “%s” for What?"), offer->name);
  /* Translators: a machine's name. */
  g_autofree char *body = g_strdup_printf (
      _ ("It can be inserted into the CD drive of “%s”, or a new machine can be made from it."),
      vt_machine_get_name (machine));
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (heading, body));
  adw_alert_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "new", _ ("_New Machine"), "insert",
                                  _ ("_Insert into Drive"), NULL);
  adw_alert_dialog_set_response_appearance (dialog, "insert", ADW_RESPONSE_SUGGESTED);
  adw_alert_dialog_set_default_response (dialog, "insert");
  adw_alert_dialog_set_close_response (dialog, "cancel");
  adw_alert_dialog_choose (dialog, window, NULL, on_answer, offer);
}
