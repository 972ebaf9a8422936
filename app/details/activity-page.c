/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "activity-page.h"

#include "graph-card.h"

#include <glib/gi18n.h>

struct _VtActivityPage {
  AdwBin parent_instance;
  GtkStack *stack;
  AdwStatusPage *off_page;
  VtGraphCard *cpu_card, *memory_card, *disk_card, *network_card;
  VtSettingsEditor *editor;
  VtMachine *watched; /* it sends samples, or NULL */
};

G_DEFINE_FINAL_TYPE (VtActivityPage, vt_activity_page, ADW_TYPE_BIN)

static void
on_sample (VtActivityPage *self, gint64 time, double cpu, guint64 memory, guint64 disk_read,
           guint64 disk_write, guint64 net_receive, guint64 net_send)
{
  vt_graph_card_add (self->cpu_card, time, &cpu);
  vt_graph_card_add (self->memory_card, time, (const double[]){ (double)memory });
  vt_graph_card_add (self->disk_card, time, (const double[]){ (double)disk_read, (double)disk_write });
  vt_graph_card_add (self->network_card, time, (const double[]){ (double)net_receive, (double)net_send });
}

static void
unwatch (VtActivityPage *self)
{
  if (!self->watched)
    return;
  g_signal_handlers_disconnect_by_data (self->watched, self);
  vt_machine_unwatch (self->watched);
  g_clear_object (&self->watched);
}

static void
clear (VtActivityPage *self)
{
  VtGraphCard *const cards[] = { self->cpu_card, self->memory_card, self->disk_card, self->network_card };
  for (size_t i = 0; i < G_N_ELEMENTS (cards); i++)
    vt_graph_card_clear (cards[i]);
}

/* The engine has samples of a machine with a process only, and forgets who watched when that ends. */
static gboolean
has_samples (VtMachine *machine)
{
  VtMachineState state = vt_machine_get_state (machine);
  return vt_machine_is_alive (machine) && state != VT_MACHINE_STARTING;
}

static void
update_watch (VtActivityPage *self)
{
  VtMachine *machine = self->editor ? vt_settings_editor_get_machine (self->editor) : NULL;
  if (machine && (!gtk_widget_get_mapped (GTK_WIDGET (self)) || !has_samples (machine)))
    machine = NULL;
  if (machine == self->watched)
    return;
  unwatch (self);
  if (!machine)
    return;
  clear (self);
  self->watched = g_object_ref (machine);
  g_signal_connect_swapped (machine, "sample", G_CALLBACK (on_sample), self);
  vt_machine_watch (machine);
}

static void
update (VtActivityPage *self)
{
  VtMachine *machine = vt_settings_editor_get_machine (self->editor);
  GVariant *settings = vt_settings_editor_get_settings (self->editor);
  gboolean alive = machine && vt_machine_is_alive (machine);
  vt_graph_card_set_least (self->cpu_card, (double)MAX (vt_settings_get_number (settings, "cpus"), 1));
  vt_graph_card_set_least (self->memory_card,
                           (double)MAX (vt_settings_get_number (settings, "memory"), 1 << 20));
  gtk_stack_set_visible_child_name (self->stack, alive ? "graphs" : "off");
  update_watch (self);
}

void
vt_activity_page_set_editor (VtActivityPage *self, VtSettingsEditor *editor)
{
  self->editor = editor;
  g_signal_connect_object (editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (vt_activity_page_parent_class)->map (widget);
  update_watch (VT_ACTIVITY_PAGE (widget));
}

static void
unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (vt_activity_page_parent_class)->unmap (widget);
  update_watch (VT_ACTIVITY_PAGE (widget));
}

static void
dispose (GObject *object)
{
  unwatch (VT_ACTIVITY_PAGE (object));
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_ACTIVITY_PAGE);
  G_OBJECT_CLASS (vt_activity_page_parent_class)->dispose (object);
}

static void
vt_activity_page_class_init (VtActivityPageClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  widget_class->map = map;
  widget_class->unmap = unmap;
  g_type_ensure (VT_TYPE_GRAPH_CARD);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/activity-page.ui");
  gtk_widget_class_bind_template_child (widget_class, VtActivityPage, stack);
  gtk_widget_class_bind_template_child (widget_class, VtActivityPage, off_page);
  gtk_widget_class_bind_template_child (widget_class, VtActivityPage, cpu_card);
  gtk_widget_class_bind_template_child (widget_class, VtActivityPage, memory_card);
  gtk_widget_class_bind_template_child (widget_class, VtActivityPage, disk_card);
  gtk_widget_class_bind_template_child (widget_class, VtActivityPage, network_card);
}

static void
vt_activity_page_init (VtActivityPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  adw_status_page_set_title (self->off_page, _ ("Not Running"));
  adw_status_page_set_description (self->off_page,
                                   _ ("While the machine runs, this shows what it uses of this computer."));
  vt_graph_card_setup (self->cpu_card, _ ("Processor"), VT_UNIT_CORES, (const char *const[]){ "", NULL });
  vt_graph_card_setup (self->memory_card, _ ("Memory"), VT_UNIT_BYTES, (const char *const[]){ "", NULL });
  vt_graph_card_setup (self->disk_card, _ ("Disks"), VT_UNIT_RATE,
                       (const char *const[]){ _ ("Read"), _ ("Write"), NULL });
  vt_graph_card_setup (self->network_card, _ ("Network"), VT_UNIT_RATE,
                       (const char *const[]){ _ ("In"), _ ("Out"), NULL });
  vt_graph_card_set_least (self->disk_card, 64 << 10);
  vt_graph_card_set_least (self->network_card, 16 << 10);
}
