/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "library-view.h"
#include "library-list.h"
#include "library-rows.h"
#include "machine-row.h"
#include "task-row.h"

#include <glib/gi18n.h>

struct _VtLibraryView {
  AdwNavigationPage parent_instance;
  GtkWidget *new_button;
  GtkSearchBar *search_bar;
  GtkEditable *search_entry;
  AdwBanner *banner;
  GtkStack *stack;
  AdwStatusPage *empty_page;
  GtkListView *list_view;
  GtkListBox *task_list;

  GSettings *settings;
  VtEngine *engine;
  VtLibraryList *list;
  GtkSingleSelection *selection;
  VtMachine *selected; /* also while a search hides it; NULL: there is none */
  guint position;      /* where it was in the list last */
  gboolean filled;     /* with all machines, and one of them chosen */
  guint scroll;        /* the callback that will scroll to it */
};

enum { PROP_SELECTED = 1 };

static GParamSpec *selected_spec;
static guint chosen_signal;

G_DEFINE_FINAL_TYPE (VtLibraryView, vt_library_view, ADW_TYPE_NAVIGATION_PAGE)

static void
update_page (VtLibraryView *self)
{
  const char *page = "list";
  gboolean any = g_list_model_get_n_items (vt_engine_get_machines (self->engine)) > 0;
  if (any && g_list_model_get_n_items (G_LIST_MODEL (self->selection)) == 0)
    page = "nothing-found";
  else if (!any)
    page = vt_engine_get_connected (self->engine) || adw_banner_get_revealed (self->banner) ? "empty"
                                                                                            : "loading";
  gtk_stack_set_visible_child_name (self->stack, page);
}

/* ---- Scrolling ---- */

/* A list that was only just filled cannot be scrolled before it has been laid out. */
static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  VtLibraryView *self = data;
  guint position = gtk_single_selection_get_selected (self->selection);
  if (!gtk_widget_get_mapped (widget) || gtk_widget_get_height (widget) <= 0)
    return G_SOURCE_CONTINUE;
  self->scroll = 0;
  if (position != GTK_INVALID_LIST_POSITION)
    gtk_list_view_scroll_to (self->list_view, position, GTK_LIST_SCROLL_NONE, NULL);
  /* The group's name above the first machine is to be seen, too. */
  if (position == 0)
    gtk_adjustment_set_value (gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (self->list_view)), 0);
  return G_SOURCE_REMOVE;
}

static void
scroll_to_selected (VtLibraryView *self)
{
  if (!self->scroll)
    self->scroll = gtk_widget_add_tick_callback (GTK_WIDGET (self->list_view), on_tick, self, NULL);
}

/* ---- What is shown ---- */

/* The engine comes and goes in moments when it is restarted: only what lasts is told. */
static void
update_connection (VtLibraryView *self)
{
  g_autofree char *error = NULL;
  g_object_get (self->engine, "error", &error, NULL);
  if (error) {
    g_auto (GStrv) lines = g_strsplit (error, "\n", 2);
    adw_banner_set_title (self->banner, lines[0]);
    gtk_widget_set_tooltip_text (GTK_WIDGET (self->banner), lines[1]);
  }
  adw_banner_set_revealed (self->banner, error != NULL);
  /* Machines come in no order: the one that came first, and was selected, is not the first. */
  if (!self->filled && vt_engine_get_connected (self->engine)) {
    self->filled = TRUE;
    gtk_single_selection_set_selected (self->selection, 0);
    scroll_to_selected (self);
  }
  update_page (self);
}

static void
on_retry_clicked (VtLibraryView *self)
{
  vt_engine_retry (self->engine);
}

static void
on_search_changed (VtLibraryView *self)
{
  if (self->list)
    vt_library_list_set_search (self->list, gtk_editable_get_text (self->search_entry));
}

static void
on_search_stopped (VtLibraryView *self)
{
  gtk_search_bar_set_search_mode (self->search_bar, FALSE);
}

/* ---- The chosen machine ---- */

static guint
position_of (VtLibraryView *self, VtMachine *machine)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->selection));
  for (guint i = 0; i < n; i++) {
    g_autoptr (VtMachine) other = g_list_model_get_item (G_LIST_MODEL (self->selection), i);
    if (other == machine)
      return i;
  }
  return GTK_INVALID_LIST_POSITION;
}

/* What a search hides stays chosen: it is still looked at. */
static void
on_selected (VtLibraryView *self)
{
  VtMachine *machine = gtk_single_selection_get_selected_item (self->selection);
  if (!machine)
    return;
  self->position = gtk_single_selection_get_selected (self->selection);
  if (g_set_object (&self->selected, machine))
    g_object_notify_by_pspec (G_OBJECT (self), selected_spec);
}

static void
select_again (VtLibraryView *self)
{
  const guint position = self->selected ? position_of (self, self->selected) : 0;
  gtk_single_selection_set_selected (self->selection, position);
  if (position != GTK_INVALID_LIST_POSITION)
    scroll_to_selected (self);
}

static void
on_listed (VtLibraryView *self)
{
  if (gtk_single_selection_get_selected_item (self->selection))
    self->position = gtk_single_selection_get_selected (self->selection);
  else if (self->filled)
    select_again (self);
  update_page (self);
}

/* After one that is gone comes the one that took its place. */
static void
on_machines_changed (VtLibraryView *self)
{
  if (!self->selected ||
      g_list_store_find (G_LIST_STORE (vt_engine_get_machines (self->engine)), self->selected, NULL))
    return;
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (self->selection));
  g_clear_object (&self->selected);
  if (n)
    gtk_single_selection_set_selected (self->selection, MIN (self->position, n - 1));
  if (!self->selected)
    g_object_notify_by_pspec (G_OBJECT (self), selected_spec);
}

static void
choose (gpointer data)
{
  g_autoptr (VtLibraryView) self = data;
  g_signal_emit (self, chosen_signal, 0);
}

static void
on_activated (VtLibraryView *self, guint position)
{
  gtk_single_selection_set_selected (self->selection, position);
  choose (g_object_ref (self));
}

/* The list hears of the click after the row, and selects it then. */
static void
on_row_chosen (VtLibraryView *self)
{
  g_idle_add_once (choose, g_object_ref (self));
}

/* Enter in the search opens what was looked for. */
static void
on_search_activated (VtLibraryView *self)
{
  if (!g_list_model_get_n_items (G_LIST_MODEL (self->selection)))
    return;
  if (!gtk_single_selection_get_selected_item (self->selection))
    gtk_single_selection_set_selected (self->selection, 0);
  choose (g_object_ref (self));
}

static void
on_order_changed (VtLibraryView *self)
{
  g_autofree char *order = g_settings_get_string (self->settings, "order");
  if (self->list)
    vt_library_list_set_order (self->list, order);
}

static void
update_headers (VtLibraryView *self)
{
  g_autoptr (GtkListItemFactory) factory =
      vt_library_list_is_grouped (self->list) ? vt_library_header_factory_new () : NULL;
  gtk_list_view_set_header_factory (self->list_view, factory);
}

/* ---- Keys ---- */

static VtMachineRow *
find_row (GtkWidget *widget)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child;
       child = gtk_widget_get_next_sibling (child))
    if (VT_IS_MACHINE_ROW (child))
      return VT_MACHINE_ROW (child);
  return NULL;
}

static gboolean
on_menu_key (GtkWidget *widget, GVariant *arguments, gpointer data)
{
  GtkWidget *focus = gtk_widget_get_focus_child (widget);
  VtMachineRow *row = focus ? find_row (focus) : NULL;
  if (row)
    vt_machine_row_popup_menu (row);
  return row != NULL;
}

static void
focus_selected (gpointer data)
{
  g_autoptr (VtLibraryView) self = data;
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root ? gtk_root_get_focus (root) : NULL;
  const guint position =
      self->selection ? gtk_single_selection_get_selected (self->selection) : GTK_INVALID_LIST_POSITION;
  if (position != GTK_INVALID_LIST_POSITION && focus &&
      gtk_widget_is_ancestor (focus, GTK_WIDGET (self->list_view)))
    gtk_list_view_scroll_to (self->list_view, position, GTK_LIST_SCROLL_FOCUS, NULL);
}

/* Whoever comes to the list comes to the machine that is shown. */
static void
on_list_entered (VtLibraryView *self)
{
  g_idle_add_once (focus_selected, g_object_ref (self));
}

static void
listen_to_keys (VtLibraryView *self)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();
  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (controller),
      gtk_shortcut_new (gtk_shortcut_trigger_parse_string ("Menu|<Shift>F10"),
                        gtk_callback_action_new (on_menu_key, NULL, NULL)));
  gtk_widget_add_controller (GTK_WIDGET (self->list_view), controller);
  GtkEventController *focus = gtk_event_controller_focus_new ();
  g_signal_connect_swapped (focus, "enter", G_CALLBACK (on_list_entered), self);
  gtk_widget_add_controller (GTK_WIDGET (self->list_view), focus);
}

/* ---- */

static GtkWidget *
new_task_row (gpointer item, gpointer data)
{
  return vt_task_row_new (item);
}

static void
update_tasks (VtLibraryView *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self->task_list),
                          g_list_model_get_n_items (vt_engine_get_tasks (self->engine)) > 0);
}

void
vt_library_view_set_engine (VtLibraryView *self, VtEngine *engine)
{
  g_return_if_fail (!self->engine);
  self->engine = g_object_ref (engine);
  self->list = vt_library_list_new (vt_engine_get_machines (engine));
  on_order_changed (self);
  self->selection = gtk_single_selection_new (g_object_ref (vt_library_list_get_model (self->list)));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  g_autoptr (GtkListItemFactory) factory =
      vt_library_row_factory_new (vt_engine_get_machines (engine), G_CALLBACK (on_row_chosen), self);
  gtk_list_view_set_factory (self->list_view, factory);
  gtk_list_view_set_model (self->list_view, GTK_SELECTION_MODEL (self->selection));
  gtk_list_box_bind_model (self->task_list, vt_engine_get_tasks (engine), new_task_row, self, NULL);

  g_signal_connect_object (self->list, "notify::grouped", G_CALLBACK (update_headers), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->selection, "notify::selected-item", G_CALLBACK (on_selected), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->selection, "items-changed", G_CALLBACK (on_listed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (vt_engine_get_machines (engine), "items-changed", G_CALLBACK (on_machines_changed),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (engine, "notify::connected", G_CALLBACK (update_connection), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (engine, "notify::error", G_CALLBACK (update_connection), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (vt_engine_get_tasks (engine), "items-changed", G_CALLBACK (update_tasks), self,
                           G_CONNECT_SWAPPED);
  update_headers (self);
  update_connection (self);
  update_tasks (self);
}

VtMachine *
vt_library_view_get_selected (VtLibraryView *self)
{
  return self->selected;
}

gboolean
vt_library_view_select (VtLibraryView *self, VtMachine *machine)
{
  guint position = position_of (self, machine);
  self->filled = TRUE;
  if (position == GTK_INVALID_LIST_POSITION && *gtk_editable_get_text (self->search_entry)) {
    gtk_search_bar_set_search_mode (self->search_bar, FALSE);
    vt_library_list_set_search (self->list, "");
    position = position_of (self, machine);
  }
  if (position == GTK_INVALID_LIST_POSITION)
    return FALSE;
  gtk_single_selection_set_selected (self->selection, position);
  update_page (self);
  scroll_to_selected (self);
  choose (g_object_ref (self));
  return TRUE;
}

void
vt_library_view_search (VtLibraryView *self)
{
  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object (value, vt_library_view_get_selected (VT_LIBRARY_VIEW (object)));
}

static void
dispose (GObject *object)
{
  VtLibraryView *self = VT_LIBRARY_VIEW (object);
  if (self->scroll && self->list_view)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self->list_view), self->scroll);
  self->scroll = 0;
  gtk_widget_dispose_template (GTK_WIDGET (self), VT_TYPE_LIBRARY_VIEW);
  g_clear_object (&self->selected);
  g_clear_object (&self->selection);
  g_clear_object (&self->list);
  g_clear_object (&self->engine);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (vt_library_view_parent_class)->dispose (object);
}

static void
vt_library_view_class_init (VtLibraryViewClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  G_OBJECT_CLASS (class)->get_property = get_property;
  selected_spec = g_param_spec_object ("selected", NULL, NULL, VT_TYPE_MACHINE,
                                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_property (G_OBJECT_CLASS (class), PROP_SELECTED, selected_spec);
  chosen_signal =
      g_signal_new ("chosen", VT_TYPE_LIBRARY_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/library-view.ui");
  gtk_widget_class_bind_template_child (widget_class, VtLibraryView, new_button);
  gtk_widget_class_bind_template_child (widget_class, VtLibraryView, search_bar);
  gtk_widget_class_bind_template_child (widget_class, VtLibraryView, search_entry);
  gtk_widget_class_bind_template_child (widget_class, VtLibraryView, banner);
  gtk_widget_class_bind_template_child (widget_class, VtLibraryView, stack);
  gtk_widget_class_bind_template_child (widget_class, VtLibraryView, empty_page);
  gtk_widget_class_bind_template_child (widget_class, VtLibraryView, list_view);
  gtk_widget_class_bind_template_child (widget_class, VtLibraryView, task_list);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_search_stopped);
  gtk_widget_class_bind_template_callback (widget_class, on_search_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_retry_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_activated);
}

static void
vt_library_view_init (VtLibraryView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->settings = g_settings_new ("org.vitrine.Vitrine");
  g_signal_connect_object (self->settings, "changed::order", G_CALLBACK (on_order_changed), self,
                           G_CONNECT_SWAPPED);
  g_autoptr (GSimpleActionGroup) actions = g_simple_action_group_new ();
  g_autoptr (GAction) order = g_settings_create_action (self->settings, "order");
  g_action_map_add_action (G_ACTION_MAP (actions), order);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "library", G_ACTION_GROUP (actions));
  listen_to_keys (self);
#ifdef VT_HAVE_CREATE
  adw_status_page_set_description (self->empty_page, _ ("Drop an ISO image here, or press + to choose one"));
#else
  gtk_widget_set_visible (self->new_button, FALSE);
#endif
}
