/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console-private.h"
#include "engine.h"
#include "text-console.h"

#include <glib/gi18n.h>
#include <unistd.h>

enum {
  NOTE_TIME = 4,    /* seconds that the way out is shown */
  EDGE = 2,         /* at the top of a full screen: the bar comes */
  RETRY_TIME = 500, /* ms until a lost connection to a running machine is made again */
  MAX_RETRIES = 5,
};

enum { PROP_MACHINE = 1, PROP_FIT, PROP_RESIZE_GUEST, N_PROPS };
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VtConsolePage, vt_console_page, ADW_TYPE_BIN)

VtDisplay *
vt_console_page_display (VtConsolePage *self)
{
  GtkWidget *child = gtk_stack_get_visible_child (self->screens);
  if (!GTK_IS_SCROLLED_WINDOW (child) ||
      !g_str_equal (gtk_stack_get_visible_child_name (self->states), "screens"))
    return NULL;
  child = gtk_scrolled_window_get_child (GTK_SCROLLED_WINDOW (child));
  if (GTK_IS_VIEWPORT (child))
    child = gtk_viewport_get_child (GTK_VIEWPORT (child));
  return VT_IS_DISPLAY (child) ? VT_DISPLAY (child) : NULL;
}

/* ---- The connection ---- */

typedef struct {
  VtSession *session;
  SpiceChannel *channel;
} Opening;

static void
on_open (GObject *source, GAsyncResult *result, gpointer data)
{
  Opening *opening = data;
  g_autoptr (GError) error = NULL;
  const int fd = vt_machine_open_finish (VT_MACHINE (source), result, &error);
  if (fd >= 0)
    vt_session_give (opening->session, opening->channel, fd);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    vt_session_fail (opening->session, error);
  g_object_unref (opening->session);
  g_object_unref (opening->channel);
  g_free (opening);
}

static void
open_channel (VtSession *session, SpiceChannel *channel, gpointer data)
{
  VtConsolePage *self = data;
  Opening *opening = g_new (Opening, 1);
  *opening = (Opening){ g_object_ref (session), g_object_ref (channel) };
  vt_machine_open (self->machine, NULL, self->cancellable, on_open, opening);
}

static void update (VtConsolePage *self);
static void on_machine (VtConsolePage *self);

static void
on_failed (VtSession *session, const GError *error, VtConsolePage *self)
{
  g_free (self->failure);
  self->failure = vt_error_cause (error);
  update (self);
}

/* ---- The bar, and what is shown of the capture ---- */

static gboolean
on_note_timer (gpointer data)
{
  VtConsolePage *self = data;
  self->note_timer = 0;
  gtk_widget_set_visible (self->release_note, FALSE);
  return G_SOURCE_REMOVE;
}

static gboolean
is_full (VtConsolePage *self)
{
  return self->window && gtk_window_is_fullscreen (self->window);
}

/* Where the bar does not say how to get out, and where the pointer has gone, it is said for a moment on the
 * picture. */
static void
show_note (VtConsolePage *self, gboolean show)
{
  g_clear_handle_id (&self->note_timer, g_source_remove);
  gtk_widget_set_visible (self->release_note, show);
  if (show)
    self->note_timer = g_timeout_add_seconds (NOTE_TIME, on_note_timer, self);
}

static void
on_capture (VtConsolePage *self)
{
  VtDisplay *display = vt_console_page_display (self);
  gboolean captured = FALSE, locked = FALSE;
  if (display)
    g_object_get (display, "captured", &captured, "locked", &locked, NULL);
  gtk_label_set_label (GTK_LABEL (self->hint), !captured ? ""
                                               : locked ? _ ("Press Ctrl+Alt to release keyboard and pointer")
                                                        : _ ("Press Ctrl+Alt to release the keyboard"));
  show_note (self, captured && (locked || is_full (self)));
  vt_clipboard_set_active (self->clipboard, captured);
}

static void
on_full (VtConsolePage *self)
{
  const gboolean full = is_full (self);
  adw_toolbar_view_set_extend_content_to_top_edge (self->view, full);
  adw_toolbar_view_set_reveal_top_bars (self->view, !full);
  on_capture (self);
}

static void
on_pointer (GtkEventControllerMotion *controller, double x, double y, VtConsolePage *self)
{
  if (!is_full (self))
    return;
  const gboolean shown = adw_toolbar_view_get_reveal_top_bars (self->view);
  const int height = adw_toolbar_view_get_top_bar_height (self->view);
  if (!shown && y < EDGE)
    adw_toolbar_view_set_reveal_top_bars (self->view, TRUE);
  else if (shown && y > 2 * MAX (height, EDGE))
    adw_toolbar_view_set_reveal_top_bars (self->view, FALSE);
}

static void
update_actions (VtConsolePage *self)
{
  const gboolean runs = self->machine && vt_machine_is_alive (self->machine);
  VtDisplay *display = vt_console_page_display (self);
  gboolean picture = FALSE;
  if (display)
    g_object_get (display, "picture", &picture, NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "console.send-keys", runs);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "console.type-clipboard", runs && !self->typing);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "console.screenshot", picture);
  gtk_widget_set_sensitive (self->keys_button, runs);
}

/* ---- Screens and text consoles ---- */

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, VtConsolePage *self)
{
  return vt_console_drop_files (self, g_value_get_boxed (value));
}

static void
add_display (VtConsolePage *self, guint screen)
{
  GtkWidget *display = vt_display_new (self->session, screen);
  GtkWidget *room = gtk_scrolled_window_new ();
  g_autofree char *name = g_strdup_printf ("screen%u", screen);
  g_autofree char *title = screen ? g_strdup_printf (_ ("Screen %u"), screen + 1) : g_strdup (_ ("Screen"));
  g_autofree char *label = g_strdup_printf (_ ("Screen of %s"), vt_machine_get_name (self->machine));
  gtk_accessible_update_property (GTK_ACCESSIBLE (display), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (room), display);
  g_object_bind_property (self, "fit", display, "fit", G_BINDING_SYNC_CREATE);
  g_object_bind_property (self, "resize-guest", display, "resize-guest", G_BINDING_SYNC_CREATE);
  g_signal_connect_object (display, "notify::captured", G_CALLBACK (on_capture), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (display, "notify::locked", G_CALLBACK (on_capture), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (display, "notify::picture", G_CALLBACK (update_actions), self, G_CONNECT_SWAPPED);
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  g_signal_connect (drop, "drop", G_CALLBACK (on_drop), self);
  gtk_widget_add_controller (display, GTK_EVENT_CONTROLLER (drop));
  gtk_stack_add_titled (self->screens, room, name, title);
  /* The screen is what one wants to see first, whenever it comes. */
  if (screen == 0)
    gtk_stack_set_visible_child (self->screens, room);
}

static void
update_displays (VtConsolePage *self)
{
  const guint n = vt_session_get_n_screens (self->session);
  for (; self->n_displays < n; self->n_displays++)
    add_display (self, self->n_displays);
  for (; self->n_displays > n; self->n_displays--) {
    g_autofree char *name = g_strdup_printf ("screen%u", self->n_displays - 1);
    gtk_stack_remove (self->screens, gtk_stack_get_child_by_name (self->screens, name));
  }
}

static void
update_text_consoles (VtConsolePage *self)
{
  g_auto (GStrv) ids = NULL;
  if (self->machine)
    g_object_get (self->machine, "consoles", &ids, NULL);
  for (guint i = 0; ids && ids[i]; i++) {
    if (gtk_stack_get_child_by_name (self->screens, ids[i]))
      continue;
    g_autofree char *title = g_strdup_printf (_ ("Text Console %s"), ids[i]);
    gtk_stack_add_titled (self->screens, vt_text_console_new (self->machine, ids[i]), ids[i], title);
  }
}

static void
remove_all (VtConsolePage *self)
{
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->screens))))
    gtk_stack_remove (self->screens, child);
  self->n_displays = 0;
}

static void
on_chosen (VtConsolePage *self)
{
  g_autoptr (GtkSelectionModel) pages = gtk_stack_get_pages (self->screens);
  const guint chosen = gtk_drop_down_get_selected (GTK_DROP_DOWN (self->chooser));
  if (chosen != GTK_INVALID_LIST_POSITION && !gtk_selection_model_is_selected (pages, chosen))
    gtk_selection_model_select_item (pages, chosen, TRUE);
}

static void
on_shown (VtConsolePage *self)
{
  g_autoptr (GtkSelectionModel) pages = gtk_stack_get_pages (self->screens);
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (pages));
  gtk_widget_set_visible (self->chooser, n > 1);
  for (guint i = 0; i < n; i++)
    if (gtk_selection_model_is_selected (pages, i) &&
        gtk_drop_down_get_selected (GTK_DROP_DOWN (self->chooser)) != i)
      gtk_drop_down_set_selected (GTK_DROP_DOWN (self->chooser), i);
  update_actions (self);
  on_capture (self);
}

/* ---- What the page shows ---- */

static void
show_trouble (VtConsolePage *self, const char *title, const char *text)
{
  g_autofree char *markup = g_markup_escape_text (text ? text : "", -1);
  adw_status_page_set_title (self->trouble, title);
  adw_status_page_set_description (self->trouble, markup);
  gtk_stack_set_visible_child_name (self->states, "trouble");
  gtk_widget_set_visible (self->trouble_start, !vt_machine_is_alive (self->machine) &&
                                                   vt_machine_get_state (self->machine) != VT_MACHINE_BROKEN);
  gtk_widget_set_visible (self->trouble_retry, vt_machine_is_alive (self->machine));
}

static void
show_alive (VtConsolePage *self)
{
  const gboolean something = gtk_widget_get_first_child (GTK_WIDGET (self->screens)) != NULL;
  if (self->failure && !self->n_displays)
    show_trouble (self, _ ("No Connection to the Screen"), self->failure);
  else
    gtk_stack_set_visible_child_name (self->states, something ? "screens" : "wait");
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

static void
update (VtConsolePage *self)
{
  if (!self->machine)
    return;
  const gboolean alive = vt_machine_is_alive (self->machine);
  if (!alive)
    g_clear_pointer (&self->failure, g_free);
  update_text_consoles (self);
  if (alive)
    show_alive (self);
  else
    show_dead (self);
  gtk_widget_set_visible (self->dimmed, vt_machine_get_state (self->machine) == VT_MACHINE_PAUSED);
  hold_thumbnail (self, !alive && gtk_widget_get_mapped (GTK_WIDGET (self)));
  on_shown (self);
}

/* It is connected while it is seen and the machine runs: a screen that nobody looks at costs nothing. */
static void
update_connection (VtConsolePage *self)
{
  const gboolean wanted =
      self->machine && vt_machine_is_alive (self->machine) && gtk_widget_get_mapped (GTK_WIDGET (self));
  if (wanted && !self->failure && vt_session_get_state (self->session) == VT_SESSION_CLOSED) {
    g_cancellable_cancel (self->cancellable);
    g_clear_object (&self->cancellable);
    self->cancellable = g_cancellable_new ();
    vt_session_connect (self->session);
  } else if (!wanted) {
    g_cancellable_cancel (self->cancellable);
    vt_session_close (self->session);
  }
}

static gboolean
on_retry_timer (gpointer data)
{
  VtConsolePage *self = data;
  self->retry_timer = 0;
  update_connection (self);
  return G_SOURCE_REMOVE;
}

static void
retry (GtkWidget *widget, const char *name, GVariant *parameter)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (widget);
  self->retries = 0;
  g_clear_pointer (&self->failure, g_free);
  on_machine (self);
}

/* The other end may close the connection of a machine that goes on running: another viewer took it, or its
 * server started anew. A machine that ends is told of by the engine a moment later. */
static void
on_session (VtConsolePage *self)
{
  if (!self->machine)
    return;
  if (vt_session_get_state (self->session) == VT_SESSION_OPEN)
    self->retries = 0;
  if (vt_session_get_state (self->session) == VT_SESSION_CLOSED && !self->retry_timer &&
      self->retries < MAX_RETRIES) {
    self->retries++;
    self->retry_timer = g_timeout_add (RETRY_TIME, on_retry_timer, self);
  }
  update_displays (self);
  update (self);
}

static void
on_machine (VtConsolePage *self)
{
  update_connection (self);
  update (self);
}

void
vt_console_page_set_machine (VtConsolePage *self, VtMachine *machine)
{
  if (self->machine == machine)
    return;
  if (self->machine) {
    vt_console_stop_typing (self);
    hold_thumbnail (self, FALSE);
    g_signal_handlers_disconnect_by_data (self->machine, self);
    g_cancellable_cancel (self->cancellable);
    vt_session_close (self->session);
    g_clear_handle_id (&self->retry_timer, g_source_remove);
    self->retries = 0;
    remove_all (self);
    g_clear_pointer (&self->failure, g_free);
  }
  g_set_object (&self->machine, machine);
  gtk_picture_set_paintable (self->thumbnail, NULL);
  if (machine) {
    const char *const notified[] = { "notify::state", "notify::state-reason", "notify::consoles" };
    for (guint i = 0; i < G_N_ELEMENTS (notified); i++)
      g_signal_connect_swapped (machine, notified[i], G_CALLBACK (on_machine), self);
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
  VtConsolePage *self = VT_CONSOLE_PAGE (widget);
  GTK_WIDGET_CLASS (vt_console_page_parent_class)->root (widget);
  GtkRoot *window = gtk_widget_get_root (widget);
  if (!GTK_IS_WINDOW (window))
    return;
  self->window = GTK_WINDOW (window);
  g_signal_connect_swapped (window, "notify::fullscreened", G_CALLBACK (on_full), self);
  on_full (self);
}

static void
unroot (GtkWidget *widget)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (widget);
  if (self->window)
    g_signal_handlers_disconnect_by_data (self->window, self);
  self->window = NULL;
  GTK_WIDGET_CLASS (vt_console_page_parent_class)->unroot (widget);
}

static gboolean
grab_focus (GtkWidget *widget)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (widget);
  VtDisplay *display = vt_console_page_display (self);
  GtkWidget *child = display ? GTK_WIDGET (display) : gtk_stack_get_visible_child (self->screens);
  return child && gtk_widget_grab_focus (child);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (object);
  switch (id) {
    case PROP_MACHINE: g_value_set_object (value, self->machine); break;
    case PROP_FIT: g_value_set_boolean (value, self->fit); break;
    case PROP_RESIZE_GUEST: g_value_set_boolean (value, self->resize_guest); break;
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
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
dispose (GObject *object)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (object);
  g_clear_handle_id (&self->note_timer, g_source_remove);
  g_clear_handle_id (&self->retry_timer, g_source_remove);
  if (self->session) {
    vt_console_page_set_machine (self, NULL);
    g_signal_handlers_disconnect_by_data (self->session, self);
  }
  /* The stack's list of pages does not outlive the stack, but asks it for its length whenever somebody lets
   * go of the list. */
  if (self->chooser) {
    g_signal_handlers_disconnect_by_data (self->chooser, self);
    g_signal_handlers_disconnect_by_data (self->screens, self);
    gtk_drop_down_set_model (GTK_DROP_DOWN (self->chooser), NULL);
  }
  g_clear_object (&self->clipboard);
  g_clear_object (&self->session);
  g_clear_object (&self->cancellable);
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
  gtk_widget_class_bind_template_child (widget, VtConsolePage, states);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, screens);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, thumbnail);
  gtk_widget_class_bind_template_child (widget, VtConsolePage, off_text);
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
  g_object_class_install_properties (object, N_PROPS, props);
  bind_children (widget);
  gtk_widget_class_install_property_action (widget, "console.fit", "fit");
  gtk_widget_class_install_property_action (widget, "console.resize-guest", "resize-guest");
  gtk_widget_class_install_action (widget, "console.send-keys", "s", vt_console_send_keys);
  gtk_widget_class_install_action (widget, "console.type-clipboard", NULL, vt_console_type_clipboard);
  gtk_widget_class_install_action (widget, "console.screenshot", NULL, vt_console_screenshot);
  gtk_widget_class_install_action (widget, "console.start", NULL, vt_console_start);
  gtk_widget_class_install_action (widget, "console.retry", NULL, retry);
  gtk_widget_class_install_action (widget, "console.resume", NULL, vt_console_resume);
  gtk_widget_class_install_action (widget, "console.show-log", NULL, vt_console_show_log);
}

static void
vt_console_page_init (VtConsolePage *self)
{
  self->fit = self->resize_guest = TRUE;
  self->session = vt_session_new (open_channel, self);
  self->clipboard = vt_clipboard_new (self->session, gdk_display_get_clipboard (gdk_display_get_default ()));
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->session, "changed", G_CALLBACK (on_session), self);
  g_signal_connect (self->session, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect_swapped (self->typing_banner, "button-clicked", G_CALLBACK (vt_console_stop_typing), self);
  g_autoptr (GtkSelectionModel) pages = gtk_stack_get_pages (self->screens);
  gtk_drop_down_set_expression (GTK_DROP_DOWN (self->chooser),
                                gtk_property_expression_new (GTK_TYPE_STACK_PAGE, NULL, "title"));
  gtk_drop_down_set_model (GTK_DROP_DOWN (self->chooser), G_LIST_MODEL (pages));
  g_signal_connect_swapped (self->chooser, "notify::selected", G_CALLBACK (on_chosen), self);
  g_signal_connect_swapped (self->screens, "notify::visible-child", G_CALLBACK (on_shown), self);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  gtk_event_controller_set_propagation_phase (motion, GTK_PHASE_CAPTURE);
  g_signal_connect (motion, "motion", G_CALLBACK (on_pointer), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  on_shown (self);
}

GtkWidget *
vt_console_page_new (VtMachine *machine)
{
  return g_object_new (VT_TYPE_CONSOLE_PAGE, "machine", machine, NULL);
}
