/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-row.h"
#include "machine-actions.h"

struct _VtMachineRow {
  GtkBox parent_instance;
  GtkImage *icon, *state_icon;
  GtkPicture *picture;
  GtkLabel *name, *state;
  GtkWidget *popover;
  VtMachine *machine;
  GListModel *machines;
  gboolean holding;
  GtkWindow *window; /* the one it is in */
};

static guint chosen_signal;

G_DEFINE_FINAL_TYPE (VtMachineRow, vt_machine_row, GTK_TYPE_BOX)

static void
set_class (GtkWidget *widget, const char *name, gboolean on)
{
  if (on)
    gtk_widget_add_css_class (widget, name);
  else
    gtk_widget_remove_css_class (widget, name);
}

static void
update (VtMachineRow *self)
{
  VtMachineState state = vt_machine_get_state (self->machine);
  g_autoptr (GdkPaintable) thumbnail = NULL;
  g_autofree char *state_text = NULL;
  g_object_get (self->machine, "thumbnail", &thumbnail, "state-text", &state_text, NULL);
  gtk_label_set_text (self->name, vt_machine_get_name (self->machine));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->name), vt_machine_get_name (self->machine));
  gtk_label_set_text (self->state, state_text);
  gtk_image_set_from_icon_name (self->state_icon, vt_machine_state_icon (state));
  gtk_image_set_from_icon_name (self->icon, thumbnail ? NULL : "computer-symbolic");
  gtk_picture_set_paintable (self->picture, thumbnail);

  gboolean bad = state == VT_MACHINE_CRASHED || state == VT_MACHINE_BROKEN;
  GtkWidget *colored[] = { GTK_WIDGET (self->state_icon), GTK_WIDGET (self->state) };
  for (size_t i = 0; i < G_N_ELEMENTS (colored); i++) {
    set_class (colored[i], "error", bad);
    set_class (colored[i], "success", state == VT_MACHINE_RUNNING);
    set_class (colored[i], "dim-label", !bad && state != VT_MACHINE_RUNNING);
  }
  /* A picture of what was is told apart from one of what is. */
  set_class (GTK_WIDGET (self->picture), "vt-past", !vt_machine_is_alive (self->machine));
}

/* Pictures are fetched of the machines that are seen only. */
static void
update_hold (VtMachineRow *self)
{
  gboolean hold = self->machine && gtk_widget_get_mapped (GTK_WIDGET (self)) && self->window &&
                  !gtk_window_is_suspended (self->window);
  if (hold == self->holding)
    return;
  self->holding = hold;
  if (hold)
    vt_machine_hold_thumbnail (self->machine);
  else
    vt_machine_release_thumbnail (self->machine);
}

void
vt_machine_row_set_machine (VtMachineRow *self, VtMachine *machine)
{
  if (self->machine) {
    g_signal_handlers_disconnect_by_data (self->machine, self);
    if (self->holding)
      vt_machine_release_thumbnail (self->machine);
    self->holding = FALSE;
  }
  g_set_object (&self->machine, machine);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "machine", NULL);
  if (!machine)
    return;
  const char *const notified[] = { "notify::name", "notify::state", "notify::thumbnail" };
  for (size_t i = 0; i < G_N_ELEMENTS (notified); i++)
    g_signal_connect_swapped (machine, notified[i], G_CALLBACK (update), self);
  update (self);
  update_hold (self);
}

VtMachine *
vt_machine_row_get_machine (VtMachineRow *self)
{
  return self->machine;
}

static void
popup (VtMachineRow *self, double x, double y)
{
  if (!self->machine)
    return;
  g_autoptr (GSimpleActionGroup) actions =
      vt_machine_actions_new (self->machine, self->machines, GTK_WIDGET (self));
  gtk_widget_insert_action_group (GTK_WIDGET (self), "machine", G_ACTION_GROUP (actions));
  if (!self->popover) {
    g_autoptr (GMenuModel) menu = vt_machine_menu_new ();
    self->popover = gtk_popover_menu_new_from_model (menu);
    gtk_popover_set_has_arrow (GTK_POPOVER (self->popover), FALSE);
    gtk_widget_set_halign (self->popover, GTK_ALIGN_START);
    gtk_widget_set_parent (self->popover, GTK_WIDGET (self));
  }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->popover), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  vt_machine_get_name (self->machine), -1);
  gtk_popover_set_pointing_to (GTK_POPOVER (self->popover), &(GdkRectangle){ (int)x, (int)y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->popover));
}

void
vt_machine_row_popup_menu (VtMachineRow *self)
{
  popup (self, gtk_widget_get_width (GTK_WIDGET (self)) / 2.0,
         gtk_widget_get_height (GTK_WIDGET (self)) / 2.0);
}

static void
on_menu_pressed (VtMachineRow *self, int n_press, double x, double y, GtkGesture *gesture)
{
  gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
  popup (self, x, y);
}

static void
on_long_pressed (VtMachineRow *self, double x, double y, GtkGesture *gesture)
{
  gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
  popup (self, x, y);
}

static void
on_released (VtMachineRow *self, int n_press, double x, double y, GtkGesture *gesture)
{
  if (gtk_widget_contains (GTK_WIDGET (self), x, y))
    g_signal_emit (self, chosen_signal, 0);
}

static void
map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (vt_machine_row_parent_class)->map (widget);
  update_hold (VT_MACHINE_ROW (widget));
}

static void
unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (vt_machine_row_parent_class)->unmap (widget);
  update_hold (VT_MACHINE_ROW (widget));
}

static void
root (GtkWidget *widget)
{
  VtMachineRow *self = VT_MACHINE_ROW (widget);
  GTK_WIDGET_CLASS (vt_machine_row_parent_class)->root (widget);
  GtkRoot *window = gtk_widget_get_root (widget);
  self->window = GTK_IS_WINDOW (window) ? GTK_WINDOW (window) : NULL;
  if (self->window)
    g_signal_connect_swapped (self->window, "notify::suspended", G_CALLBACK (update_hold), self);
}

static void
unroot (GtkWidget *widget)
{
  VtMachineRow *self = VT_MACHINE_ROW (widget);
  if (self->window)
    g_signal_handlers_disconnect_by_data (self->window, self);
  self->window = NULL;
  update_hold (self);
  GTK_WIDGET_CLASS (vt_machine_row_parent_class)->unroot (widget);
}

static void
dispose (GObject *object)
{
  VtMachineRow *self = VT_MACHINE_ROW (object);
  vt_machine_row_set_machine (self, NULL);
  g_clear_pointer (&self->popover, gtk_widget_unparent);
  g_clear_object (&self->machines);
  gtk_widget_dispose_template (GTK_WIDGET (self), VT_TYPE_MACHINE_ROW);
  G_OBJECT_CLASS (vt_machine_row_parent_class)->dispose (object);
}

static void
vt_machine_row_class_init (VtMachineRowClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  widget_class->root = root;
  widget_class->unroot = unroot;
  widget_class->map = map;
  widget_class->unmap = unmap;
  chosen_signal =
      g_signal_new ("chosen", VT_TYPE_MACHINE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/machine-row.ui");
  gtk_widget_class_bind_template_child (widget_class, VtMachineRow, icon);
  gtk_widget_class_bind_template_child (widget_class, VtMachineRow, state_icon);
  gtk_widget_class_bind_template_child (widget_class, VtMachineRow, picture);
  gtk_widget_class_bind_template_child (widget_class, VtMachineRow, name);
  gtk_widget_class_bind_template_child (widget_class, VtMachineRow, state);
  gtk_widget_class_bind_template_callback (widget_class, on_released);
  gtk_widget_class_bind_template_callback (widget_class, on_menu_pressed);
  gtk_widget_class_bind_template_callback (widget_class, on_long_pressed);
}

static void
vt_machine_row_init (VtMachineRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
vt_machine_row_new (GListModel *machines)
{
  VtMachineRow *self = g_object_new (VT_TYPE_MACHINE_ROW, NULL);
  self->machines = g_object_ref (machines);
  return GTK_WIDGET (self);
}
