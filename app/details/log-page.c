/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log-page.h"

#include "engine.h"
#include "feedback.h"

#include <glib/gi18n.h>

struct _VtLogPage {
  AdwBin parent_instance;
  GtkStack *stack;
  AdwStatusPage *empty_page;
  GtkScrolledWindow *scroller;
  GtkTextView *view;
  VtSettingsEditor *editor;
  GCancellable *cancellable; /* of the reading that is on its way */
  char *text;
  /* What was last read for. */
  VtMachineState state;
  guint epoch;
};

G_DEFINE_FINAL_TYPE (VtLogPage, vt_log_page, ADW_TYPE_BIN)

static gboolean
is_at_end (VtLogPage *self)
{
  GtkAdjustment *place = gtk_scrolled_window_get_vadjustment (self->scroller);
  return gtk_adjustment_get_value (place) + gtk_adjustment_get_page_size (place) >=
         gtk_adjustment_get_upper (place) - 24;
}

static void
show_text (VtLogPage *self, const char *text)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);
  gboolean follow = is_at_end (self) || !self->text;
  GtkTextIter end;
  gtk_stack_set_visible_child_name (self->stack, *text ? "log" : "empty");
  if (g_strcmp0 (text, self->text) == 0)
    return;
  gtk_text_buffer_get_end_iter (buffer, &end);
  /* What is selected stays so if there is just more of it. */
  if (self->text && g_str_has_prefix (text, self->text))
    gtk_text_buffer_insert (buffer, &end, text + strlen (self->text), -1);
  else
    gtk_text_buffer_set_text (buffer, text, -1);
  g_free (self->text);
  self->text = g_strdup (text);
  if (!follow)
    return;
  gtk_text_buffer_get_end_iter (buffer, &end);
  g_autoptr (GtkTextMark) mark = g_object_ref (gtk_text_buffer_create_mark (buffer, NULL, &end, FALSE));
  gtk_text_view_scroll_to_mark (self->view, mark, 0, FALSE, 0, 0);
  gtk_text_buffer_delete_mark (buffer, mark);
}

static void
show_empty (VtLogPage *self, const char *title, const char *description)
{
  adw_status_page_set_title (self->empty_page, title);
  adw_status_page_set_description (self->empty_page, description);
}

static void
on_log (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtLogPage) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = vt_machine_call_finish (VT_MACHINE (source), result, &error);
  const char *text = "";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || !self->editor)
    return;
  if (error) {
    g_autofree char *cause = vt_error_cause (error), *remedy = vt_error_remedy (error);
    show_empty (self, cause, remedy);
  } else {
    show_empty (self, _ ("Nothing Yet"), _ ("What the machine’s process says while it runs is kept here."));
    g_variant_get (reply, "(&s)", &text);
  }
  show_text (self, text);
}

static void
read_log (VtLogPage *self)
{
  VtMachine *machine = vt_settings_editor_get_machine (self->editor);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (!machine)
    return;
  self->state = vt_machine_get_state (machine);
  self->epoch = vt_settings_editor_get_epoch (self->editor);
  self->cancellable = g_cancellable_new ();
  vt_machine_call (machine, "GetLog", NULL, self->cancellable, on_log, g_object_ref (self));
}

static void
update (VtLogPage *self)
{
  VtMachine *machine = vt_settings_editor_get_machine (self->editor);
  gboolean other = self->epoch != vt_settings_editor_get_epoch (self->editor);
  if (other)
    g_clear_pointer (&self->text, g_free);
  if (machine && gtk_widget_get_mapped (GTK_WIDGET (self)) &&
      (other || self->state != vt_machine_get_state (machine)))
    read_log (self);
}

static void
on_refresh (VtLogPage *self)
{
  read_log (self);
}

static void
on_copy (VtLogPage *self)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), self->text ? self->text : "");
  vt_show_toast (GTK_WIDGET (self), _ ("Log copied"));
}

void
vt_log_page_set_editor (VtLogPage *self, VtSettingsEditor *editor)
{
  self->editor = editor;
  g_signal_connect_object (editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}

static void
map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (vt_log_page_parent_class)->map (widget);
  read_log (VT_LOG_PAGE (widget));
}

static void
dispose (GObject *object)
{
  VtLogPage *self = VT_LOG_PAGE (object);
  self->editor = NULL;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_LOG_PAGE);
  g_clear_pointer (&self->text, g_free);
  G_OBJECT_CLASS (vt_log_page_parent_class)->dispose (object);
}

static void
vt_log_page_class_init (VtLogPageClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  widget_class->map = map;
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/log-page.ui");
  gtk_widget_class_bind_template_child (widget_class, VtLogPage, stack);
  gtk_widget_class_bind_template_child (widget_class, VtLogPage, empty_page);
  gtk_widget_class_bind_template_child (widget_class, VtLogPage, scroller);
  gtk_widget_class_bind_template_child (widget_class, VtLogPage, view);
  gtk_widget_class_bind_template_callback (widget_class, on_refresh);
  gtk_widget_class_bind_template_callback (widget_class, on_copy);
}

static void
vt_log_page_init (VtLogPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
