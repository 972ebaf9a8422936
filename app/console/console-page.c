/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console-private.h"

#include <glib/gi18n.h>

enum { PROP_MACHINE = 1, PROP_FIT, PROP_RESIZE_GUEST, PROP_SCREEN, N_PROPS };
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VtConsolePage, vt_console_page, ADW_TYPE_BIN)

/* ---- What the page shows ---- */

static void
update_actions (VtConsolePage *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  const gboolean runs = self->machine && vt_machine_is_alive (self->machine);
  VtDisplay *display = vt_console_page_display (self);
  gboolean picture = FALSE;
  if (display)
    g_object_get (display, "picture", &picture, NULL);
  gtk_widget_action_set_enabled (widget, "console.send-keys", runs);
  gtk_widget_action_set_enabled (widget, "console.type-clipboard", runs && !self->typing);
  gtk_widget_action_set_enabled (widget, "console.screenshot", picture);
  gtk_widget_action_set_enabled (widget, "console.copy-screenshot", picture);
  gtk_widget_set_sensitive (self->keys_button, runs);
}

/* `text`: two lines, the cause and what to do. */
static void
show_trouble (VtConsolePage *self, const char *title, const char *text)
{
  const gboolean alive = vt_machine_is_alive (self->machine);
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", 2);
  g_autofree char *whole = g_strjoinv ("\n\n", lines);
  g_autofree char *markup = g_markup_escape_text (whole, -1);
  adw_status_page_set_title (self->trouble, title);
  adw_status_page_set_description (self->trouble, markup);
  gtk_widget_set_visible (self->trouble_start,
                          !alive && vt_machine_get_state (self->machine) != VT_MACHINE_BROKEN);
  gtk_widget_set_visible (self->trouble_folder, !alive);
  gtk_widget_set_visible (self->trouble_retry, alive);
  gtk_stack_set_visible_child_name (self->states, "trouble");
}

static void
show_alive (VtConsolePage *self)
{
  if (vt_console_screens_ready (self))
    gtk_stack_set_visible_child_name (self->states, "screens");
  else if (self->failure)
    show_trouble (self, _ ("No Connection to the Screen"), self->failure);
  else
    gtk_stack_set_visible_child_name (self->states, "wait");
}

static void
show_dead (VtConsolePage *self)
{
  const VtMachineState state = vt_machine_get_state (self->machine);
  const char *reason = vt_machine_get_state_reason (self->machine);
  if (state == VT_MACHINE_CRASHED) {
    show_trouble (self, _ ("The Machine Has Crashed"), reason);
  } else if (state == VT_MACHINE_BROKEN) {
    show_trouble (self, _ ("The Machine Cannot Be Used"), reason);
  } else {
    gtk_label_set_label (self->off_text, state == VT_MACHINE_SAVED ? _ ("Saved") : _ ("Off"));
    gtk_button_set_label (GTK_BUTTON (self->start_button),
                          state == VT_MACHINE_SAVED ? _ ("_Go On") : _ ("_Start"));
    gtk_stack_set_visible_child_name (self->states, "off");
  }
}

/* The last picture is only wanted while it can be seen. */
static void
hold_thumbnail (VtConsolePage *self, gboolean hold)
{
  if (hold == self->holds_thumbnail)
    return;
  self->holds_thumbnail = hold;
  if (hold)
    vt_machine_hold_thumbnail (self->machine);
  else
    vt_machine_release_thumbnail (self->machine);
}

/* A machine that was only just opened is typed to as soon as its screen is there. */
static void
give_focus (VtConsolePage *self)
{
  if (!self->focus_wanted || !self->window)
    return;
  if (gtk_window_get_focus (self->window) != self->focus_was)
    self->focus_wanted = FALSE;
  else
    vt_console_screens_focus (self);
}

void
vt_console_page_update (VtConsolePage *self)
{
  if (!self->machine)
    return;
  const gboolean alive = vt_machine_is_alive (self->machine);
  if (!alive)
    g_clear_pointer (&self->failure, g_free);
  vt_console_screens_update (self);
  if (alive)
    show_alive (self);
  else
    show_dead (self);
  gtk_widget_set_visible (self->dimmed, vt_machine_get_state (self->machine) == VT_MACHINE_PAUSED);
  hold_thumbnail (self, !alive && gtk_widget_get_mapped (GTK_WIDGET (self)));
  update_actions (self);
  vt_console_capture_update (self);
  give_focus (self);
}

static void
on_machine (VtConsolePage *self)
{
  vt_console_connection_update (self);
  vt_console_page_update (self);
}

static void
leave_machine (VtConsolePage *self)
{
  vt_console_stop_typing (self);
  hold_thumbnail (self, FALSE);
  g_signal_handlers_disconnect_by_data (self->machine, self);
  g_clear_pointer (&self->thumbnail_binding, g_binding_unbind);
  vt_console_connection_end (self);
  vt_console_screens_clear (self);
}

void
vt_console_page_set_machine (VtConsolePage *self, VtMachine *machine)
{
  if (self->machine == machine)
    return;
  if (self->machine)
    leave_machine (self);
  g_set_object (&self->machine, machine);
  gtk_picture_set_paintable (self->thumbnail, NULL);
  if (machine) {
    const char *const notified[] = { "notify::state", "notify::state-reason", "notify::consoles",
                                     "notify::displays" };
    for (guint i = 0; i < G_N_ELEMENTS (notified); i++)
      g_signal_connect_swapped (machine, notified[i], G_CALLBACK (on_machine), self);
    self->thumbnail_binding =
        g_object_bind_property (machine, "thumbnail", self->thumbnail, "paintable", G_BINDING_SYNC_CREATE);
    on_machine (self);
  }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MACHINE]);
}

VtMachine *
vt_console_page_get_machine (VtConsolePage *self)
{
  return self->machine;
}

/* ---- The widget ---- */

static void
map (GtkWidget *widget)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (widget);
  GTK_WIDGET_CLASS (vt_console_page_parent_class)->map (widget);
  /* Coming back to it is a way to try again. */
  g_clear_pointer (&self->failure, g_free);
  on_machine (self);
}

static void
unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (vt_console_page_parent_class)->unmap (widget);
  on_machine (VT_CONSOLE_PAGE (widget));
}

static void
root (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (vt_console_page_parent_class)->root (widget);
  GtkRoot *window = gtk_widget_get_root (widget);
  vt_console_set_window (VT_CONSOLE_PAGE (widget), GTK_IS_WINDOW (window) ? GTK_WINDOW (window) : NULL);
}

static void
unroot (GtkWidget *widget)
{
  vt_console_set_window (VT_CONSOLE_PAGE (widget), NULL);
  GTK_WIDGET_CLASS (vt_console_page_parent_class)->unroot (widget);
}

/* Of a machine that runs, what is shown; else the button that starts it. */
static gboolean
grab_focus (GtkWidget *widget)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (widget);
  if (self->machine && vt_machine_is_alive (self->machine))
    return vt_console_screens_focus (self);
  return gtk_widget_grab_focus (gtk_widget_get_mapped (self->start_button) ? self->start_button
                                                                           : self->trouble_start);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (object);
  switch (id) {
    case PROP_MACHINE: g_value_set_object (value, self->machine); break;
    case PROP_FIT: g_value_set_boolean (value, self->fit); break;
    case PROP_RESIZE_GUEST: g_value_set_boolean (value, self->resize_guest); break;
    case PROP_SCREEN: g_value_set_string (value, self->wanted); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (object);
  switch (id) {
    case PROP_MACHINE: vt_console_page_set_machine (self, g_value_get_object (value)); break;
    case PROP_FIT: self->fit = g_value_get_boolean (value); break;
    case PROP_RESIZE_GUEST: self->resize_guest = g_value_get_boolean (value); break;
    case PROP_SCREEN: vt_console_screens_show (self, g_value_get_string (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
dispose (GObject *object)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (object);
  g_clear_handle_id (&self->note_timer, g_source_remove);
  if (self->session) {
    vt_console_page_set_machine (self, NULL);
    g_signal_handlers_disconnect_by_data (self->session, self);
  }
  if (self->screens)
    g_signal_handlers_disconnect_by_data (self->screens, self);
  g_clear_object (&self->clipboard);
  g_clear_object (&self->session);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->wanted, g_free);
  adw_bin_set_child (ADW_BIN (self), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), VT_TYPE_CONSOLE_PAGE);
  G_OBJECT_CLASS (vt_console_page_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget)
{
  gtk_widget_class_set_template_from_resource (widget, "/org/vitrine/Vitrine/ui/console-page.ui");
  gtk_widget_class_bind_template_child (widget, VtConsolePage, view);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, chooser);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, hint);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, release_note);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, dimmed);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, keys_button);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, typing_banner);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, trouble);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, trouble_start);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, trouble_retry);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, trouble_folder);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, states);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, screens);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, thumbnail);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, start_button);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, off_text);
}

static void
install_actions (GtkWidgetClass *widget)
{
  gtk_widget_class_install_property_action (widget, "console.fit", "fit");
  gtk_widget_class_install_property_action (widget, "console.resize-guest", "resize-guest");
  gtk_widget_class_install_property_action (widget, "console.screen", "screen");
  gtk_widget_class_install_action (widget, "console.send-keys", "s", vt_console_send_keys);
  gtk_widget_class_install_action (widget, "console.type-clipboard", NULL, vt_console_type_clipboard);
  gtk_widget_class_install_action (widget, "console.screenshot", NULL, vt_console_screenshot);
  gtk_widget_class_install_action (widget, "console.copy-screenshot", NULL, vt_console_copy_screenshot);
  gtk_widget_class_install_action (widget, "console.retry", NULL, vt_console_retry);
  gtk_widget_class_install_action (widget, "console.show-log", NULL, vt_console_show_log);
}

static void
vt_console_page_class_init (VtConsolePageClass *class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object = G_OBJECT_CLASS (class);
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (class);
  object->get_property = get_property;
  object->set_property = set_property;
  object->dispose = dispose;
  widget->map = map;
  widget->unmap = unmap;
  widget->root = root;
  widget->unroot = unroot;
  widget->grab_focus = grab_focus;
  props[PROP_MACHINE] =
      g_param_spec_object ("machine", NULL, NULL, VT_TYPE_MACHINE, flags | G_PARAM_EXPLICIT_NOTIFY);
  props[PROP_FIT] = g_param_spec_boolean ("fit", NULL, NULL, TRUE, flags);
  props[PROP_RESIZE_GUEST] = g_param_spec_boolean ("resize-guest", NULL, NULL, TRUE, flags);
  props[PROP_SCREEN] = g_param_spec_string ("screen", NULL, NULL, "", flags | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object, N_PROPS, props);
  bind_children (widget);
  install_actions (widget);
}

static void
vt_console_page_init (VtConsolePage *self)
{
  self->fit = self->resize_guest = TRUE;
  vt_console_connection_init (self);
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->typing_banner, "button-clicked", G_CALLBACK (vt_console_stop_typing), self);
  vt_console_screens_init (self);
  vt_console_capture_init (self);
  update_actions (self);
}

GtkWidget *
vt_console_page_new (VtMachine *machine)
{
  return g_object_new (VT_TYPE_CONSOLE_PAGE, "machine", machine, NULL);
}
