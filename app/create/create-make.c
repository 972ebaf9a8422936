/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "create-dialog-private.h"
#include "feedback.h"

#include <glib/gi18n.h>

/* Most machines are made in a moment: a page that only flashes would be noise. */
enum { CHECK_DELAY_MS = 150, PROGRESS_DELAY_MS = 300, PULSE_MS = 120 };

/* What the engine says that it does. */
static const char *const steps[] = { N_ ("Making disks"), N_ ("Copying the disk image"),
                                     N_ ("Looking at the disk image") };

static gboolean
is_closed (VtCreateDialog *self)
{
  return g_cancellable_is_cancelled (self->cancellable);
}

/* ---- Checking ---- */

static gboolean
take_remarks (VtCreateDialog *self, GObject *source, GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) remarks = vt_engine_check_finish (VT_ENGINE (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || is_closed (self))
    return FALSE;
  if (remarks && g_variant_is_of_type (remarks, G_VARIANT_TYPE ("a(sss)")))
    vt_create_form_show_remarks (self->form, remarks);
  /* Without an answer nothing is known to be wrong: creating it will tell. */
  else if (error)
    g_debug ("CheckSettings: %s", error->message);
  return TRUE;
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtCreateDialog) self = data;
  if (take_remarks (self, source, result))
    vt_create_dialog_update (self);
}

void
vt_create_dialog_check (VtCreateDialog *self)
{
  g_clear_handle_id (&self->check_timer, g_source_remove);
  vt_engine_check (self->engine, vt_create_form_collect (self->form), vt_create_renew (&self->checking),
                   on_checked, g_object_ref (self));
}

static gboolean
on_check_timer (gpointer data)
{
  VtCreateDialog *self = data;
  self->check_timer = 0;
  vt_create_dialog_check (self);
  return G_SOURCE_REMOVE;
}

void
vt_create_dialog_check_soon (VtCreateDialog *self)
{
  if (self->creating)
    return;
  g_clear_handle_id (&self->check_timer, g_source_remove);
  self->check_timer = g_timeout_add (CHECK_DELAY_MS, on_check_timer, self);
}

/* ---- Progress ---- */

static gboolean
pulse (gpointer data)
{
  gtk_progress_bar_pulse (VT_CREATE_DIALOG (data)->progress_bar);
  return G_SOURCE_CONTINUE;
}

static void
on_progress (double fraction, const char *what, gpointer data)
{
  VtCreateDialog *self = data;
  for (size_t i = 0; what && i < G_N_ELEMENTS (steps); i++)
    if (g_str_equal (what, steps[i]))
      what = _ (steps[i]);
  if (what && *what && !g_cancellable_is_cancelled (self->creating))
    adw_status_page_set_description (self->progress_page, what);
  if (fraction >= 0) {
    g_clear_handle_id (&self->pulse_timer, g_source_remove);
    gtk_progress_bar_set_fraction (self->progress_bar, MIN (fraction, 1));
  } else if (!self->pulse_timer) {
    self->pulse_timer = g_timeout_add (PULSE_MS, pulse, self);
  }
}

static void
show_progress (gpointer data)
{
  VtCreateDialog *self = data;
  self->progress_timer = 0;
  vt_create_dialog_show_page (self, "progress");
}

static void
begin (VtCreateDialog *self)
{
  const char *name = vt_create_form_get_name (self->form);
  g_autofree char *title = g_markup_printf_escaped (_ ("Creating “%s”"), name);
  adw_status_page_set_title (self->progress_page, title);
  adw_status_page_set_description (self->progress_page, "");
  gtk_progress_bar_set_fraction (self->progress_bar, 0);
  g_clear_handle_id (&self->check_timer, g_source_remove);
  g_cancellable_cancel (self->checking);
  self->creating = g_cancellable_new ();
  self->progress_timer = g_timeout_add_once (PROGRESS_DELAY_MS, show_progress, self);
  adw_dialog_set_can_close (ADW_DIALOG (self), FALSE);
  gtk_widget_set_can_target (GTK_WIDGET (self->form), FALSE);
  vt_create_dialog_update (self);
}

static void
end (VtCreateDialog *self)
{
  g_clear_handle_id (&self->progress_timer, g_source_remove);
  g_clear_handle_id (&self->pulse_timer, g_source_remove);
  g_clear_object (&self->creating);
  adw_dialog_set_can_close (ADW_DIALOG (self), TRUE);
  gtk_widget_set_can_target (GTK_WIDGET (self->form), TRUE);
  vt_create_dialog_show_page (self, "form");
  vt_create_dialog_update (self);
}

/* ---- Creating ---- */

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtCreateDialog) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (VtMachine) machine = vt_engine_create_finish (VT_ENGINE (source), result, &error);
  if (is_closed (self))
    return;
  if (machine) {
    GtkWidget *window = GTK_WIDGET (gtk_widget_get_root (GTK_WIDGET (self)));
    /* A dialog that closes gives the keyboard back to where it was: the machine takes it after that. */
    adw_dialog_force_close (ADW_DIALOG (self));
    gtk_widget_activate_action (window, "app.show-machine", "s", vt_machine_get_uuid (machine));
    return;
  }
  end (self);
  vt_create_form_focus (self->form);
  vt_show_error (GTK_WIDGET (self), _ ("New Machine"), error);
  vt_create_dialog_check (self);
}

/* Numbers that were still being typed have not been checked before. */
static void
on_checked_last (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtCreateDialog) self = data;
  gboolean cancelled = g_cancellable_is_cancelled (self->creating);
  if (!take_remarks (self, source, result) && is_closed (self))
    return;
  if (cancelled || !vt_create_form_is_good (self->form)) {
    end (self);
    return;
  }
  vt_engine_create (self->engine, vt_create_form_collect (self->form), vt_create_form_get_role (self->form),
                    self->file, on_progress, self->creating, on_created, g_object_ref (self));
}

void
vt_create_dialog_make (VtCreateDialog *self)
{
  begin (self);
  vt_engine_check (self->engine, vt_create_form_collect (self->form), self->creating, on_checked_last,
                   g_object_ref (self));
}

void
vt_create_dialog_stop (VtCreateDialog *self)
{
  if (!self->creating)
    return;
  adw_status_page_set_description (self->progress_page, _ ("Cancelling…"));
  g_cancellable_cancel (self->creating);
}
