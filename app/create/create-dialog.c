/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "create-dialog-private.h"
#include "feedback.h"

#include <glib/gi18n.h>

G_DEFINE_FINAL_TYPE (VtCreateDialog, vt_create_dialog, ADW_TYPE_DIALOG)

void
vt_create_dialog_update (VtCreateDialog *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gtk_widget_action_set_enabled (widget, "create.create",
                                 !self->creating && vt_create_form_is_good (self->form));
  gtk_widget_action_set_enabled (widget, "create.choose", !self->creating);
  gtk_widget_action_set_enabled (widget, "create.empty", !self->creating);
}

void
vt_create_dialog_show_page (VtCreateDialog *self, const char *name)
{
  gboolean asks = g_str_equal (name, "ask");
  gtk_stack_set_visible_child_name (self->stack, name);
  gtk_widget_set_visible (self->create_button, !asks);
  adw_dialog_set_default_widget (ADW_DIALOG (self), asks ? self->choose_button : self->create_button);
}

GCancellable *
vt_create_renew (GCancellable **token)
{
  g_cancellable_cancel (*token);
  g_clear_object (token);
  *token = g_cancellable_new ();
  return *token;
}

/* ---- What it is made from ---- */

static void
ask (VtCreateDialog *self, const char *icon, const char *title, const char *text)
{
  g_autofree char *title_markup = g_markup_escape_text (title, -1),
                  *text_markup = g_markup_escape_text (text, -1);
  adw_status_page_set_icon_name (self->ask_page, icon);
  adw_status_page_set_title (self->ask_page, title_markup);
  adw_status_page_set_description (self->ask_page, text_markup);
  vt_create_dialog_show_page (self, "ask");
  vt_create_dialog_update (self);
}

/* What was there before stays: one wrong file costs nothing. */
static void
refuse (VtCreateDialog *self, const GError *error)
{
  g_autofree char *cause = vt_error_cause (error), *remedy = vt_error_remedy (error);
  if (vt_create_form_go_back (self->form)) {
    vt_show_error (GTK_WIDGET (self), _ ("New Machine"), error);
    vt_create_dialog_update (self);
    return;
  }
  ask (self, "dialog-warning-symbolic", cause, remedy);
  gtk_widget_grab_focus (self->choose_button);
  g_autofree char *all = g_strdup_printf ("%s\n%s", cause, remedy);
  gtk_accessible_announce (GTK_ACCESSIBLE (self), all, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_HIGH);
}

static char *
title_of (GFile *file)
{
  g_autofree char *name = file ? g_file_get_basename (file) : NULL;
  return name ? g_filename_display_name (name) : g_strdup (_ ("Empty Machine"));
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtCreateDialog) self = data;
  g_autoptr (GError) error = NULL;
  VtCreateFacts *facts = vt_create_probe_finish (result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->probing);
  if (!facts) {
    refuse (self, error);
    return;
  }
  g_autofree char *title = title_of (self->wanted_file);
  g_set_object (&self->file, self->wanted_file);
  vt_create_form_fill (self->form, title, facts);
  vt_create_dialog_show_page (self, "form");
  vt_create_dialog_check (self);
  vt_create_dialog_update (self);
  vt_create_form_focus (self->form);
}

/* The engine may still be starting: then it goes on when it is there, and says so if it does not come. */
static void
go_on (VtCreateDialog *self)
{
  g_autofree char *trouble = NULL;
  if (vt_engine_get_connected (self->engine)) {
    if (self->waiting)
      vt_create_probe (self->engine, self->wanted_file, vt_create_renew (&self->probing), on_probed,
                       g_object_ref (self));
    else if (vt_create_form_is_good (self->form) && !self->creating)
      vt_create_dialog_check (self);
    self->waiting = FALSE;
    return;
  }
  g_object_get (self->engine, "error", &trouble, NULL);
  if (self->waiting && trouble) {
    g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, trouble);
    refuse (self, error);
  }
}

void
vt_create_dialog_use (VtCreateDialog *self, GFile *file)
{
  if (self->creating)
    return;
  g_autofree char *title = title_of (file);
  g_set_object (&self->wanted_file, file);
  g_cancellable_cancel (self->probing);
  g_clear_object (&self->probing);
  vt_create_form_look (self->form, title);
  vt_create_dialog_show_page (self, "form");
  self->waiting = TRUE;
  vt_create_dialog_update (self);
  go_on (self);
}

static void
make_empty (GtkWidget *widget, const char *name, GVariant *parameter)
{
  vt_create_dialog_use (VT_CREATE_DIALOG (widget), NULL);
}

static void
on_file_chosen (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtCreateDialog) self = data;
  g_autoptr (GFile) file = gtk_file_dialog_open_finish (GTK_FILE_DIALOG (source), result, NULL);
  if (file && !g_cancellable_is_cancelled (self->cancellable))
    vt_create_dialog_use (self, file);
}

static GListModel *
new_filters (void)
{
  static const char *const suffixes[] = { "iso", "img", "raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx" };
  GListStore *filters = g_list_store_new (GTK_TYPE_FILE_FILTER);
  g_autoptr (GtkFileFilter) images = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();
  gtk_file_filter_set_name (images, _ ("ISO and Disk Images"));
  for (size_t i = 0; i < G_N_ELEMENTS (suffixes); i++)
    gtk_file_filter_add_suffix (images, suffixes[i]);
  gtk_file_filter_set_name (all, _ ("All Files"));
  gtk_file_filter_add_pattern (all, "*");
  g_list_store_append (filters, images);
  g_list_store_append (filters, all);
  return G_LIST_MODEL (filters);
}

static void
choose (GtkWidget *widget, const char *name, GVariant *parameter)
{
  VtCreateDialog *self = VT_CREATE_DIALOG (widget);
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GListModel) filters = new_filters ();
  const char *downloads = g_get_user_special_dir (G_USER_DIRECTORY_DOWNLOAD);
  g_autoptr (GFile) folder = self->file  ? g_file_get_parent (self->file)
                             : downloads ? g_file_new_for_path (downloads)
                                         : NULL;
  gtk_file_dialog_set_title (dialog, _ ("Choose an ISO or Disk Image"));
  gtk_file_dialog_set_filters (dialog, filters);
  gtk_file_dialog_set_initial_folder (dialog, folder);
  gtk_file_dialog_open (dialog, GTK_WINDOW (gtk_widget_get_root (widget)), self->cancellable, on_file_chosen,
                        g_object_ref (self));
}

static gboolean
on_drop (VtCreateDialog *self, const GValue *value)
{
  GSList *files = g_value_get_boxed (value);
  if (!files || self->creating)
    return FALSE;
  vt_create_dialog_use (self, files->data);
  return TRUE;
}

/* ---- The dialog ---- */

static void
on_form_changed (VtCreateDialog *self)
{
  vt_create_dialog_check_soon (self);
}

static void
create (GtkWidget *widget, const char *name, GVariant *parameter)
{
  vt_create_dialog_make (VT_CREATE_DIALOG (widget));
}

static void
cancel (GtkWidget *widget, const char *name, GVariant *parameter)
{
  adw_dialog_close (ADW_DIALOG (widget));
}

/* What is being made is given up first: the job undoes what it did, then the page is back. */
static void
close_attempt (AdwDialog *dialog)
{
  vt_create_dialog_stop (VT_CREATE_DIALOG (dialog));
}

static void
end (VtCreateDialog *self)
{
  g_clear_handle_id (&self->check_timer, g_source_remove);
  g_clear_handle_id (&self->progress_timer, g_source_remove);
  g_clear_handle_id (&self->pulse_timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_cancellable_cancel (self->probing);
  g_cancellable_cancel (self->checking);
  if (self->engine)
    g_signal_handlers_disconnect_by_data (self->engine, self);
}

static void
closed (AdwDialog *dialog)
{
  end (VT_CREATE_DIALOG (dialog));
}

static void
dispose (GObject *object)
{
  VtCreateDialog *self = VT_CREATE_DIALOG (object);
  end (self);
  gtk_widget_dispose_template (GTK_WIDGET (self), VT_TYPE_CREATE_DIALOG);
  g_clear_object (&self->engine);
  g_clear_object (&self->file);
  g_clear_object (&self->wanted_file);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->probing);
  g_clear_object (&self->checking);
  g_clear_object (&self->creating);
  G_OBJECT_CLASS (vt_create_dialog_parent_class)->dispose (object);
}

static void
vt_create_dialog_class_init (VtCreateDialogClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  ADW_DIALOG_CLASS (class)->closed = closed;
  ADW_DIALOG_CLASS (class)->close_attempt = close_attempt;
  g_type_ensure (VT_TYPE_CREATE_FORM);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/create-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, VtCreateDialog, form);
  gtk_widget_class_bind_template_child (widget_class, VtCreateDialog, stack);
  gtk_widget_class_bind_template_child (widget_class, VtCreateDialog, ask_page);
  gtk_widget_class_bind_template_child (widget_class, VtCreateDialog, choose_button);
  gtk_widget_class_bind_template_child (widget_class, VtCreateDialog, create_button);
  gtk_widget_class_bind_template_child (widget_class, VtCreateDialog, progress_page);
  gtk_widget_class_bind_template_child (widget_class, VtCreateDialog, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, VtCreateDialog, drop_target);
  gtk_widget_class_bind_template_callback (widget_class, on_form_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_drop);
  gtk_widget_class_install_action (widget_class, "create.choose", NULL, choose);
  gtk_widget_class_install_action (widget_class, "create.empty", NULL, make_empty);
  gtk_widget_class_install_action (widget_class, "create.create", NULL, create);
  gtk_widget_class_install_action (widget_class, "create.cancel", NULL, cancel);
}

static void
vt_create_dialog_init (VtCreateDialog *self)
{
  GType types[] = { GDK_TYPE_FILE_LIST };
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_drop_target_set_gtypes (self->drop_target, types, G_N_ELEMENTS (types));
  ask (self, "media-optical-symbolic", _ ("Start with an Image"),
       _ ("Drop an ISO or disk image here, or choose one"));
  adw_dialog_set_focus (ADW_DIALOG (self), self->choose_button);
}

AdwDialog *
vt_create_dialog_new (VtEngine *engine)
{
  VtCreateDialog *self = g_object_new (VT_TYPE_CREATE_DIALOG, NULL);
  self->engine = g_object_ref (engine);
  g_signal_connect_swapped (engine, "notify::connected", G_CALLBACK (go_on), self);
  g_signal_connect_swapped (engine, "notify::error", G_CALLBACK (go_on), self);
  return ADW_DIALOG (self);
}
