/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-dialogs.h"

#include <glib/gi18n.h>

typedef struct {
  VtAnswer answered;
  gpointer data;
  GDestroyNotify destroy;
  GtkEditable *entry; /* whose text is the answer, or NULL: the response is */
  gboolean may_be_empty;
} Question;

static void
question_free (gpointer data, GClosure *closure)
{
  Question *question = data;
  if (question->destroy)
    question->destroy (question->data);
  g_free (question);
}

static void
on_response (AdwAlertDialog *dialog, const char *response, Question *question)
{
  if (!g_str_equal (response, "cancel"))
    question->answered (question->entry ? gtk_editable_get_text (question->entry) : response, question->data);
}

static AdwAlertDialog *
new_dialog (const char *heading, const char *body, Question *question)
{
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (heading, body));
  adw_alert_dialog_add_response (dialog, "cancel", _ ("_Cancel"));
  adw_alert_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_data (dialog, "response", G_CALLBACK (on_response), question, question_free, 0);
  return dialog;
}

static Question *
new_question (VtAnswer answered, gpointer data, GDestroyNotify destroy)
{
  Question *question = g_new0 (Question, 1);
  question->answered = answered;
  question->data = data;
  question->destroy = destroy;
  return question;
}

void
vt_confirm_always (GtkWidget *parent, const char *heading, const char *body, const char *yes,
                   VtAnswer answered, gpointer data, GDestroyNotify destroy)
{
  AdwAlertDialog *dialog = new_dialog (heading, body, new_question (answered, data, destroy));
  adw_alert_dialog_add_response (dialog, "yes", yes);
  adw_alert_dialog_set_response_appearance (dialog, "yes", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (dialog, "cancel");
  adw_dialog_present (ADW_DIALOG (dialog), parent);
}

void
vt_confirm (GtkWidget *parent, const char *heading, const char *body, const char *yes, VtAnswer answered,
            gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GSettings) settings = g_settings_new ("org.vitrine.Vitrine");
  if (g_settings_get_boolean (settings, "confirm")) {
    vt_confirm_always (parent, heading, body, yes, answered, data, destroy);
    return;
  }
  answered ("yes", data);
  if (destroy)
    destroy (data);
}

static void
on_text_changed (GtkEditable *entry, AdwAlertDialog *dialog)
{
  Question *question = g_object_get_data (G_OBJECT (dialog), "question");
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (entry)));
  adw_alert_dialog_set_response_enabled (dialog, "yes", question->may_be_empty || *text);
}

void
vt_ask_text (GtkWidget *parent, const char *heading, const char *body, const char *label, const char *text,
             const char *yes, gboolean may_be_empty, VtAnswer answered, gpointer data, GDestroyNotify destroy)
{
  Question *question = new_question (answered, data, destroy);
  AdwAlertDialog *dialog = new_dialog (heading, body, question);
  GtkWidget *row = adw_entry_row_new (), *list = gtk_list_box_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), label);
  adw_entry_row_set_activates_default (ADW_ENTRY_ROW (row), TRUE);
  gtk_editable_set_text (GTK_EDITABLE (row), text);
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_list_box_append (GTK_LIST_BOX (list), row);
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  question->entry = GTK_EDITABLE (row);
  question->may_be_empty = may_be_empty;

  adw_alert_dialog_set_extra_child (dialog, list);
  adw_alert_dialog_add_response (dialog, "yes", yes);
  adw_alert_dialog_set_response_appearance (dialog, "yes", ADW_RESPONSE_SUGGESTED);
  adw_alert_dialog_set_default_response (dialog, "yes");
  g_object_set_data (G_OBJECT (dialog), "question", question);
  g_signal_connect (row, "changed", G_CALLBACK (on_text_changed), dialog);
  on_text_changed (GTK_EDITABLE (row), dialog);
  adw_dialog_present (ADW_DIALOG (dialog), parent);
  gtk_widget_grab_focus (row);
  gtk_editable_select_region (GTK_EDITABLE (row), 0, -1);
}

void
vt_ask_delete (GtkWidget *parent, VtMachine *machine, VtAnswer answered, gpointer data,
               GDestroyNotify destroy)
{
  g_autofree char *heading = g_strdup_printf (_ ("Delete “%s”?"), vt_machine_get_name (machine));
  AdwAlertDialog *dialog = new_dialog (
      heading,
      _ ("Its disks and everything on them are deleted with it. From the trash they can be brought back "
         "until it is "
         "emptied; deleted for good, nothing can be brought back. Disks outside the machine’s folder stay."),
      new_question (answered, data, destroy));
  adw_alert_dialog_add_responses (dialog, "trash", _ ("Move to _Trash"), "forever", _ ("Delete for _Good"),
                                  NULL);
  adw_alert_dialog_set_response_appearance (dialog, "forever", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (dialog, "cancel");
  adw_dialog_present (ADW_DIALOG (dialog), parent);
}
