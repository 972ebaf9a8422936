/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "window.h"
#include "library-view.h"
#include "machine-actions.h"
#include "machine-page.h"

#ifdef VT_HAVE_CREATE
#include "create-dialog.h"
#include "disc-offer.h"
#endif

#include <glib/gi18n.h>

struct _VtWindow {
  AdwApplicationWindow parent_instance;
  AdwToastOverlay *toast_overlay;
  AdwNavigationSplitView *split_view;
  VtLibraryView *library;
  AdwNavigationPage *content_page;
  GtkStack *content_stack;
  AdwStatusPage *none_page;
  VtMachinePage *machine_page;
  GtkRevealer *drop_revealer;
  AdwStatusPage *drop_page;

  AdwDialog *create_dialog; /* weak; NULL: it is not open */

  GSettings *settings;
  VtEngine *engine;
};

G_DEFINE_FINAL_TYPE (VtWindow, vt_window, ADW_TYPE_APPLICATION_WINDOW)

static void
update_title (VtWindow *self)
{
  VtMachine *machine = vt_machine_page_get_machine (self->machine_page);
  adw_navigation_page_set_title (self->content_page, machine ? vt_machine_get_name (machine) : _ ("Machine"));
}

static void
on_selected (VtWindow *self)
{
  VtMachine *machine = vt_library_view_get_selected (self->library);
  if (machine == vt_machine_page_get_machine (self->machine_page))
    return;
  vt_machine_page_set_machine (self->machine_page, machine);
  g_autoptr (GSimpleActionGroup) actions =
      machine ? vt_machine_actions_new (machine, vt_engine_get_machines (self->engine), GTK_WIDGET (self))
              : NULL;
  gtk_widget_insert_action_group (GTK_WIDGET (self), "machine", actions ? G_ACTION_GROUP (actions) : NULL);
  gtk_stack_set_visible_child_name (self->content_stack, machine ? "machine" : "none");
  update_title (self);
  if (!machine)
    adw_navigation_split_view_set_show_content (self->split_view, FALSE);
}

static void
on_chosen (VtWindow *self)
{
  if (!vt_library_view_get_selected (self->library))
    return;
  adw_navigation_split_view_set_show_content (self->split_view, TRUE);
  /* Who opens a machine wants to type to it, not to search the list. */
  vt_machine_page_focus (self->machine_page);
}

gboolean
vt_window_show_machine (VtWindow *self, VtMachine *machine)
{
  gboolean found = vt_library_view_select (self->library, machine);
  if (found)
    vt_machine_page_show (self->machine_page, "console");
  return found;
}

gboolean
vt_window_is_watched (VtWindow *self, VtMachine *machine)
{
  return gtk_window_is_active (GTK_WINDOW (self)) &&
         vt_machine_page_get_machine (self->machine_page) == machine;
}

static void
toast (GtkWidget *widget, const char *name, GVariant *text)
{
  AdwToast *item = adw_toast_new (g_variant_get_string (text, NULL));
  adw_toast_set_use_markup (item, FALSE);
  adw_toast_overlay_add_toast (VT_WINDOW (widget)->toast_overlay, item);
}

static void
search (GtkWidget *widget, const char *name, GVariant *parameter)
{
  VtWindow *self = VT_WINDOW (widget);
  adw_navigation_split_view_set_show_content (self->split_view, FALSE);
  vt_library_view_search (self->library);
}

static void
show_page (GtkWidget *widget, const char *name, GVariant *page)
{
  vt_machine_page_show (VT_WINDOW (widget)->machine_page, g_variant_get_string (page, NULL));
}

static void
toggle_fullscreen (GtkWidget *widget, const char *name, GVariant *parameter)
{
  if (gtk_window_is_fullscreen (GTK_WINDOW (widget)))
    gtk_window_unfullscreen (GTK_WINDOW (widget));
  else if (vt_machine_page_get_machine (VT_WINDOW (widget)->machine_page))
    gtk_window_fullscreen (GTK_WINDOW (widget));
}

/* A full screen is the chosen machine's alone. */
static void
on_fullscreened (VtWindow *self)
{
  gboolean full = gtk_window_is_fullscreen (GTK_WINDOW (self));
  int width = gtk_widget_get_width (GTK_WIDGET (self));
  g_object_set (self->machine_page, "bare", full, NULL);
  adw_navigation_split_view_set_collapsed (self->split_view, full || (width > 0 && width <= 720));
  if (full)
    adw_navigation_split_view_set_show_content (self->split_view, TRUE);
}

#ifdef VT_HAVE_CREATE
static void
on_create_closed (VtWindow *self)
{
  g_clear_weak_pointer (&self->create_dialog);
}

void
vt_window_create (VtWindow *self, GFile *file)
{
  gboolean open = self->create_dialog != NULL;
  if (!open) {
    g_set_weak_pointer (&self->create_dialog, vt_create_dialog_new (self->engine));
    g_signal_connect_object (self->create_dialog, "closed", G_CALLBACK (on_create_closed), self,
                             G_CONNECT_SWAPPED);
  }
  if (file)
    vt_create_dialog_use (VT_CREATE_DIALOG (self->create_dialog), file);
  if (!open)
    adw_dialog_present (self->create_dialog, GTK_WIDGET (self));
}

/* A file that is dropped: on a running machine it may be a disc for it. */
static void
use_file (VtWindow *self, GFile *file)
{
  VtMachine *machine = vt_machine_page_get_machine (self->machine_page);
  if (!self->create_dialog && vt_is_iso (file) && vt_can_take_disc (machine))
    vt_offer_disc (GTK_WIDGET (self), machine, file);
  else
    vt_window_create (self, file);
}

static void
on_use_file (GtkWidget *widget, const char *name, GVariant *uri)
{
  g_autoptr (GFile) file = g_file_new_for_uri (g_variant_get_string (uri, NULL));
  use_file (VT_WINDOW (widget), file);
}

static void
on_create (GtkWidget *widget, const char *name, GVariant *uri)
{
  g_autoptr (GFile) file = g_file_new_for_uri (g_variant_get_string (uri, NULL));
  vt_window_create (VT_WINDOW (widget), file);
}

static gboolean
is_over_machine (VtWindow *self, double x, double y)
{
  GtkWidget *under = gtk_widget_pick (GTK_WIDGET (self), x, y, GTK_PICK_DEFAULT);
  return under && gtk_widget_is_ancestor (under, GTK_WIDGET (self->machine_page));
}

static gboolean
on_drop (VtWindow *self, const GValue *value, double x, double y)
{
  GSList *files = g_value_get_boxed (value);
  gtk_revealer_set_reveal_child (self->drop_revealer, FALSE);
  if (files && is_over_machine (self, x, y))
    use_file (self, files->data);
  else if (files)
    vt_window_create (self, files->data);
  return files != NULL;
}

static GdkDragAction
on_motion (VtWindow *self, double x, double y)
{
  VtMachine *machine = vt_machine_page_get_machine (self->machine_page);
  adw_status_page_set_title (self->drop_page, is_over_machine (self, x, y) && vt_can_take_disc (machine)
                                                  ? _ ("Drop to Insert a Disc or Make a Machine")
                                                  : _ ("Drop to Make a Machine"));
  gtk_revealer_set_reveal_child (self->drop_revealer, self->create_dialog == NULL);
  return GDK_ACTION_COPY;
}

static void
on_leave (VtWindow *self)
{
  gtk_revealer_set_reveal_child (self->drop_revealer, FALSE);
}

static void
accept_drops (VtWindow *self)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  g_signal_connect_swapped (target, "drop", G_CALLBACK (on_drop), self);
  g_signal_connect_swapped (target, "enter", G_CALLBACK (on_motion), self);
  g_signal_connect_swapped (target, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect_swapped (target, "leave", G_CALLBACK (on_leave), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}
#endif

static gboolean
close_request (GtkWindow *window)
{
  VtWindow *self = VT_WINDOW (window);
  int width, height;
  gtk_window_get_default_size (window, &width, &height);
  g_settings_set (self->settings, "window-size", "(ii)", width, height);
  g_settings_set_boolean (self->settings, "window-maximized", gtk_window_is_maximized (window));
  return GTK_WINDOW_CLASS (vt_window_parent_class)->close_request (window);
}

static void
dispose (GObject *object)
{
  VtWindow *self = VT_WINDOW (object);
  g_clear_weak_pointer (&self->create_dialog);
  g_clear_object (&self->settings);
  gtk_widget_dispose_template (GTK_WIDGET (self), VT_TYPE_WINDOW);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (vt_window_parent_class)->dispose (object);
}

static void
vt_window_class_init (VtWindowClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  GTK_WINDOW_CLASS (class)->close_request = close_request;
  g_type_ensure (VT_TYPE_LIBRARY_VIEW);
  g_type_ensure (VT_TYPE_MACHINE_PAGE);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/window.ui");
  gtk_widget_class_bind_template_child (widget_class, VtWindow, toast_overlay);
  gtk_widget_class_bind_template_child (widget_class, VtWindow, split_view);
  gtk_widget_class_bind_template_child (widget_class, VtWindow, library);
  gtk_widget_class_bind_template_child (widget_class, VtWindow, content_page);
  gtk_widget_class_bind_template_child (widget_class, VtWindow, content_stack);
  gtk_widget_class_bind_template_child (widget_class, VtWindow, none_page);
  gtk_widget_class_bind_template_child (widget_class, VtWindow, machine_page);
  gtk_widget_class_bind_template_child (widget_class, VtWindow, drop_revealer);
  gtk_widget_class_bind_template_child (widget_class, VtWindow, drop_page);
  gtk_widget_class_bind_template_callback (widget_class, on_selected);
  gtk_widget_class_bind_template_callback (widget_class, on_chosen);
  gtk_widget_class_install_action (widget_class, "win.toast", "s", toast);
  gtk_widget_class_install_action (widget_class, "win.search", NULL, search);
  gtk_widget_class_install_action (widget_class, "win.show-page", "s", show_page);
  gtk_widget_class_install_action (widget_class, "win.fullscreen", NULL, toggle_fullscreen);
#ifdef VT_HAVE_CREATE
  gtk_widget_class_install_action (widget_class, "win.create", "s", on_create);
  gtk_widget_class_install_action (widget_class, "win.use-file", "s", on_use_file);
#endif
}

static void
vt_window_init (VtWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->settings = g_settings_new ("org.vitrine.Vitrine");
  int width, height;
  g_settings_get (self->settings, "window-size", "(ii)", &width, &height);
  gtk_window_set_default_size (GTK_WINDOW (self), width, height);
  if (g_settings_get_boolean (self->settings, "window-maximized"))
    gtk_window_maximize (GTK_WINDOW (self));
  g_signal_connect (self, "notify::fullscreened", G_CALLBACK (on_fullscreened), NULL);
  g_signal_connect_swapped (self->machine_page, "notify::title", G_CALLBACK (update_title), self);
#ifdef VT_HAVE_CREATE
  accept_drops (self);
  adw_status_page_set_description (self->none_page, _ ("Drop an ISO image here, or press + to choose one"));
#endif
}

VtWindow *
vt_window_new (AdwApplication *application, VtEngine *engine)
{
  VtWindow *self = g_object_new (VT_TYPE_WINDOW, "application", application, NULL);
  self->engine = g_object_ref (engine);
  vt_library_view_set_engine (self->library, engine);
  return self;
}
