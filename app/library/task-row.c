/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "task-row.h"

#include <glib/gi18n.h>

struct _VtTaskRow {
  GtkListBoxRow parent_instance;
  GtkLabel *label;
  GtkProgressBar *bar;
  VtTask *task;
};

G_DEFINE_FINAL_TYPE (VtTaskRow, vt_task_row, GTK_TYPE_LIST_BOX_ROW)

static void
update (VtTaskRow *self)
{
  g_autofree char *description = NULL;
  double fraction;
  gboolean running;
  g_object_get (self->task, "description", &description, "fraction", &fraction, "running", &running, NULL);
  gtk_widget_set_visible (GTK_WIDGET (self), running);
  const char *text = description && *description ? description : _ ("Working");
  gtk_label_set_text (self->label, text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  /* Progress that cannot be told is shown as a step whenever there is news: nothing moves while nothing
   * happens. */
  if (fraction < 0)
    gtk_progress_bar_pulse (self->bar);
  else
    gtk_progress_bar_set_fraction (self->bar, MIN (fraction, 1));
}

static void
on_cancel_clicked (VtTaskRow *self)
{
  vt_task_cancel (self->task);
}

static void
dispose (GObject *object)
{
  VtTaskRow *self = VT_TASK_ROW (object);
  if (self->task)
    g_signal_handlers_disconnect_by_data (self->task, self);
  g_clear_object (&self->task);
  gtk_widget_dispose_template (GTK_WIDGET (self), VT_TYPE_TASK_ROW);
  G_OBJECT_CLASS (vt_task_row_parent_class)->dispose (object);
}

static void
vt_task_row_class_init (VtTaskRowClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/task-row.ui");
  gtk_widget_class_bind_template_child (widget_class, VtTaskRow, label);
  gtk_widget_class_bind_template_child (widget_class, VtTaskRow, bar);
  gtk_widget_class_bind_template_callback (widget_class, on_cancel_clicked);
}

static void
vt_task_row_init (VtTaskRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
vt_task_row_new (VtTask *task)
{
  VtTaskRow *self = g_object_new (VT_TYPE_TASK_ROW, NULL);
  self->task = g_object_ref (task);
  g_signal_connect_swapped (task, "notify::fraction", G_CALLBACK (update), self);
  update (self);
  return GTK_WIDGET (self);
}
