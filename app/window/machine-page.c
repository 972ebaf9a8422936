/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-page.h"
#include "machine-actions.h"

#ifdef VT_HAVE_CONSOLE
#include "console-page.h"
#endif
#ifdef VT_HAVE_DETAILS
#include "details-page.h"
#endif

#include <glib/gi18n.h>

struct _VtMachinePage {
  AdwNavigationPage parent_instance;
  AdwToolbarView *toolbar_view;
  GtkWidget *start_button, *pause_button, *stop_button, *menu_button, *switcher, *window_title, *switcher_bar;
  AdwViewStack *view_stack;
  GtkWidget *console, *details; /* NULL: not part of this build, or not looked at yet */
  VtMachine *machine;
  gboolean narrow, bare;
};

enum { PROP_MACHINE = 1, PROP_NARROW, PROP_BARE, N_PROPS };

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VtMachinePage, vt_machine_page, ADW_TYPE_NAVIGATION_PAGE)

static void
update (VtMachinePage *self)
{
  VtMachine *machine = self->machine;
  if (!machine)
    return;
  VtMachineState state = vt_machine_get_state (machine);
  gboolean alive = vt_machine_is_alive (machine), paused = state == VT_MACHINE_PAUSED;
  adw_navigation_page_set_title (ADW_NAVIGATION_PAGE (self), vt_machine_get_name (machine));
  gtk_widget_set_visible (self->start_button, !alive || paused);
  gtk_widget_set_tooltip_text (self->start_button, paused ? _ ("Go On") : _ ("Start"));
  gtk_widget_set_visible (self->pause_button, alive && !paused);
  /* The menu has it as well, and a narrow window no place for both. */
  gtk_widget_set_visible (self->stop_button, alive && !self->narrow);
}

/* One page needs no switcher; a narrow window has it at the bottom; a full screen has neither. */
static void
update_switchers (VtMachinePage *self)
{
  g_autoptr (GtkSelectionModel) pages = adw_view_stack_get_pages (self->view_stack);
  gboolean several = g_list_model_get_n_items (G_LIST_MODEL (pages)) > 1;
  gtk_widget_set_visible (self->switcher, several && !self->narrow);
  gtk_widget_set_visible (self->window_title, !several || self->narrow);
  adw_view_switcher_bar_set_reveal (ADW_VIEW_SWITCHER_BAR (self->switcher_bar), several && self->narrow);
  adw_toolbar_view_set_reveal_top_bars (self->toolbar_view, !self->bare);
  adw_toolbar_view_set_reveal_bottom_bars (self->toolbar_view, !self->bare);
}

void
vt_machine_page_set_machine (VtMachinePage *self, VtMachine *machine)
{
  if (self->machine == machine)
    return;
  if (self->machine)
    g_signal_handlers_disconnect_by_data (self->machine, self);
  g_set_object (&self->machine, machine);
  if (self->console)
    g_object_set (self->console, "machine", machine, NULL);
  if (self->details)
    g_object_set (self->details, "machine", machine, NULL);
  if (machine) {
    const char *const notified[] = { "notify::name", "notify::state" };
    for (size_t i = 0; i < G_N_ELEMENTS (notified); i++)
      g_signal_connect_swapped (machine, notified[i], G_CALLBACK (update), self);
  }
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MACHINE]);
}

VtMachine *
vt_machine_page_get_machine (VtMachinePage *self)
{
  return self->machine;
}

void
vt_machine_page_show (VtMachinePage *self, const char *name)
{
  if (adw_view_stack_get_child_by_name (self->view_stack, name))
    adw_view_stack_set_visible_child_name (self->view_stack, name);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VtMachinePage *self = VT_MACHINE_PAGE (object);
  switch (id) {
    case PROP_MACHINE: g_value_set_object (value, self->machine); break;
    case PROP_NARROW: g_value_set_boolean (value, self->narrow); break;
    case PROP_BARE: g_value_set_boolean (value, self->bare); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VtMachinePage *self = VT_MACHINE_PAGE (object);
  switch (id) {
    case PROP_MACHINE: vt_machine_page_set_machine (self, g_value_get_object (value)); break;
    case PROP_NARROW: self->narrow = g_value_get_boolean (value); break;
    case PROP_BARE: self->bare = g_value_get_boolean (value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  update (self);
  update_switchers (self);
}

#ifdef VT_HAVE_DETAILS
/* It is made when somebody looks at it: its hundreds of widgets would hold up the start of the app. */
static void
on_details_shown (VtMachinePage *self, GtkWidget *place)
{
  if (self->details)
    return;
  self->details = g_object_new (VT_TYPE_DETAILS_PAGE, "machine", self->machine, NULL);
  adw_bin_set_child (ADW_BIN (place), self->details);
}
#endif

static void
add_pages (VtMachinePage *self)
{
#ifdef VT_HAVE_CONSOLE
  self->console = g_object_new (VT_TYPE_CONSOLE_PAGE, NULL);
  adw_view_stack_add_titled_with_icon (self->view_stack, self->console, "console", _ ("Screen"),
                                       "video-display-symbolic");
#endif
#ifdef VT_HAVE_DETAILS
  GtkWidget *place = adw_bin_new ();
  g_signal_connect_swapped (place, "map", G_CALLBACK (on_details_shown), self);
  adw_view_stack_add_titled_with_icon (self->view_stack, place, "details", _ ("Details"),
                                       "preferences-system-symbolic");
#endif
}

gboolean
vt_machine_page_focus (VtMachinePage *self)
{
  GtkWidget *page = adw_view_stack_get_visible_child (self->view_stack);
  return page && (page == self->console ? gtk_widget_grab_focus (page)
                                        : gtk_widget_child_focus (page, GTK_DIR_TAB_FORWARD));
}

static void
dispose (GObject *object)
{
  VtMachinePage *self = VT_MACHINE_PAGE (object);
  if (self->machine)
    g_signal_handlers_disconnect_by_data (self->machine, self);
  g_clear_object (&self->machine);
  gtk_widget_dispose_template (GTK_WIDGET (self), VT_TYPE_MACHINE_PAGE);
  G_OBJECT_CLASS (vt_machine_page_parent_class)->dispose (object);
}

static void
vt_machine_page_class_init (VtMachinePageClass *class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->get_property = get_property;
  object_class->set_property = set_property;
  object_class->dispose = dispose;
  props[PROP_MACHINE] = g_param_spec_object ("machine", NULL, NULL, VT_TYPE_MACHINE, flags);
  props[PROP_NARROW] = g_param_spec_boolean ("narrow", NULL, NULL, FALSE, flags);
  props[PROP_BARE] = g_param_spec_boolean ("bare", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/machine-page.ui");
  gtk_widget_class_bind_template_child (widget_class, VtMachinePage, toolbar_view);
  gtk_widget_class_bind_template_child (widget_class, VtMachinePage, start_button);
  gtk_widget_class_bind_template_child (widget_class, VtMachinePage, pause_button);
  gtk_widget_class_bind_template_child (widget_class, VtMachinePage, stop_button);
  gtk_widget_class_bind_template_child (widget_class, VtMachinePage, menu_button);
  gtk_widget_class_bind_template_child (widget_class, VtMachinePage, switcher);
  gtk_widget_class_bind_template_child (widget_class, VtMachinePage, window_title);
  gtk_widget_class_bind_template_child (widget_class, VtMachinePage, switcher_bar);
  gtk_widget_class_bind_template_child (widget_class, VtMachinePage, view_stack);
}

static void
vt_machine_page_init (VtMachinePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_autoptr (GMenuModel) menu = vt_machine_menu_new ();
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (self->menu_button), menu);
  add_pages (self);
  update_switchers (self);
}
