/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The machine's screens and text consoles, and which of them is shown. */

#include "console-private.h"
#include "text-console.h"

#include <glib/gi18n.h>
#include <string.h>

#define SCREEN "screen"
static const char first_screen[] = SCREEN "0";

static VtDisplay *
display_in (GtkWidget *child)
{
  if (!GTK_IS_SCROLLED_WINDOW (child))
    return NULL;
  child = gtk_scrolled_window_get_child (GTK_SCROLLED_WINDOW (child));
  if (GTK_IS_VIEWPORT (child))
    child = gtk_viewport_get_child (GTK_VIEWPORT (child));
  return VT_IS_DISPLAY (child) ? VT_DISPLAY (child) : NULL;
}

VtDisplay *
vt_console_page_display (VtConsolePage *self)
{
  if (!g_str_equal (gtk_stack_get_visible_child_name (self->states), "screens"))
    return NULL;
  return display_in (gtk_stack_get_visible_child (self->screens));
}

/* ---- One for each ---- */

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, VtConsolePage *self)
{
  GSList *files = g_value_get_boxed (value);
  g_autofree char *uri = files ? g_file_get_uri (files->data) : NULL;
  /* A disc, and what the guest does not take, is the window's. */
  return uri && ((!g_str_has_suffix (uri, ".iso") && vt_console_drop_files (self, files)) ||
                 gtk_widget_activate_action (GTK_WIDGET (self), "win.use-file", "s", uri));
}

/* Where the guest takes no files, the window may have a use for them. */
static gboolean
on_accept (GtkDropTarget *target, GdkDrop *drop, VtConsolePage *self)
{
  return gdk_content_formats_contain_gtype (gdk_drop_get_formats (drop), GDK_TYPE_FILE_LIST) &&
         vt_console_takes_files (self);
}

static void
add_display (VtConsolePage *self, guint screen)
{
  GtkWidget *display = vt_display_new (self->session, screen);
  GtkWidget *room = gtk_scrolled_window_new ();
  g_autofree char *name = g_strdup_printf (SCREEN "%u", screen);
  g_autofree char *label = g_strdup_printf (_ ("Screen of %s"), vt_machine_get_name (self->machine));
  gtk_accessible_update_property (GTK_ACCESSIBLE (display), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (room), display);
  g_object_bind_property (self, "fit", display, "fit", G_BINDING_SYNC_CREATE);
  g_object_bind_property (self, "resize-guest", display, "resize-guest", G_BINDING_SYNC_CREATE);
  g_signal_connect_object (display, "notify::captured", G_CALLBACK (vt_console_capture_update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (display, "notify::locked", G_CALLBACK (vt_console_capture_update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (display, "notify::picture", G_CALLBACK (vt_console_page_update), self,
                           G_CONNECT_SWAPPED);
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  g_signal_connect (drop, "accept", G_CALLBACK (on_accept), self);
  g_signal_connect (drop, "drop", G_CALLBACK (on_drop), self);
  gtk_widget_add_controller (display, GTK_EVENT_CONTROLLER (drop));
  gtk_stack_add_named (self->screens, room, name);
}

static void
update_displays (VtConsolePage *self)
{
  const guint n = vt_session_get_n_screens (self->session);
  for (; self->n_displays < n; self->n_displays++)
    add_display (self, self->n_displays);
  for (; self->n_displays > n; self->n_displays--) {
    g_autofree char *name = g_strdup_printf (SCREEN "%u", self->n_displays - 1);
    gtk_stack_remove (self->screens, gtk_stack_get_child_by_name (self->screens, name));
  }
}

/* Those of a machine that has ended stay: what it printed last can be read. */
static void
update_text_consoles (VtConsolePage *self)
{
  g_auto (GStrv) ids = NULL;
  g_object_get (self->machine, "consoles", &ids, NULL);
  for (guint i = 0; ids && ids[i]; i++) {
    if (gtk_stack_get_child_by_name (self->screens, ids[i]))
      continue;
    g_autofree char *title = g_strdup_printf (_ ("Text Console %s"), ids[i]);
    gtk_stack_add_titled (self->screens, vt_text_console_new (self->machine, ids[i]), ids[i], title);
  }
}

/* ---- Choosing ---- */

static char *
title_of_screen (guint screen)
{
  return g_strdup_printf (_ ("Screen %u"), screen + 1);
}

static void
append (GMenu *menu, const char *title, const char *name)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (title, NULL);
  g_menu_item_set_action_and_target (item, "console.screen", "s", name);
  g_menu_append_item (menu, item);
}

static guint
append_screens (VtConsolePage *self, GMenu *menu)
{
  guint n = 0;
  if (self->machine)
    g_object_get (self->machine, "displays", &n, NULL);
  n = MAX (n, self->n_displays);
  for (guint screen = 0; screen < n; screen++) {
    g_autofree char *title = title_of_screen (screen), *name = g_strdup_printf (SCREEN "%u", screen);
    append (menu, title, name);
  }
  return n;
}

static guint
append_text_consoles (VtConsolePage *self, GMenu *menu)
{
  guint n = 0;
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->screens)); child;
       child = gtk_widget_get_next_sibling (child)) {
    GtkStackPage *page = gtk_stack_get_page (self->screens, child);
    if (display_in (child))
      continue;
    append (menu, gtk_stack_page_get_title (page), gtk_stack_page_get_name (page));
    n++;
  }
  return n;
}

/* Screens first, whatever came first; also those that are not connected, so that one can go back to them. */
static void
update_chooser (VtConsolePage *self)
{
  g_autoptr (GMenu) menu = g_menu_new (), screens = g_menu_new (), texts = g_menu_new ();
  const guint n_screens = append_screens (self, screens), n_texts = append_text_consoles (self, texts);
  g_menu_append_section (menu, NULL, G_MENU_MODEL (screens));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (texts));
  if (self->listed_screens != n_screens || self->listed_texts != n_texts) {
    self->listed_screens = n_screens;
    self->listed_texts = n_texts;
    gtk_menu_button_set_menu_model (self->chooser, G_MENU_MODEL (menu));
  }
  gtk_widget_set_visible (GTK_WIDGET (self->chooser), n_screens + n_texts > 1);
}

/* What is wanted may come late, or come again: a text console that is read stays where it is when the screens
 * are connected anew. A machine without a screen has its text console in that place. */
static GtkWidget *
best_child (VtConsolePage *self)
{
  guint expected = 0;
  GtkWidget *wanted = gtk_stack_get_child_by_name (self->screens, self->wanted);
  g_object_get (self->machine, "displays", &expected, NULL);
  if (wanted || expected || vt_machine_get_state (self->machine) == VT_MACHINE_STARTING)
    return wanted;
  return gtk_widget_get_first_child (GTK_WIDGET (self->screens));
}

gboolean
vt_console_screens_ready (VtConsolePage *self)
{
  GtkWidget *child = best_child (self);
  if (!child)
    return FALSE;
  gtk_stack_set_visible_child (self->screens, child);
  return TRUE;
}

/* The label is of what was asked for, which may be still to come. */
static void
update_label (VtConsolePage *self)
{
  g_autofree char *title = NULL;
  GtkWidget *child = gtk_stack_get_child_by_name (self->screens, self->wanted);
  if (g_str_has_prefix (self->wanted, SCREEN) && (!child || display_in (child)))
    title = title_of_screen ((guint)g_ascii_strtoull (self->wanted + strlen (SCREEN), NULL, 10));
  gtk_menu_button_set_label (
      self->chooser, title ? title : gtk_stack_page_get_title (gtk_stack_get_page (self->screens, child)));
}

static void
set_wanted (VtConsolePage *self, const char *name)
{
  g_free (self->wanted);
  self->wanted = g_strdup (name);
  update_label (self);
  g_object_notify (G_OBJECT (self), "screen");
}

void
vt_console_screens_show (VtConsolePage *self, const char *name)
{
  if (!g_str_has_prefix (name, SCREEN) && !gtk_stack_get_child_by_name (self->screens, name))
    return;
  set_wanted (self, name);
  vt_console_page_update (self);
  vt_console_screens_focus (self);
}

gboolean
vt_console_screens_focus (VtConsolePage *self)
{
  GtkWidget *child = gtk_stack_get_visible_child (self->screens);
  self->focus_wanted = FALSE;
  if (child && g_str_equal (gtk_stack_get_visible_child_name (self->states), "screens")) {
    VtDisplay *display = display_in (child);
    return gtk_widget_grab_focus (display ? GTK_WIDGET (display) : child);
  }
  if (self->machine && vt_machine_is_alive (self->machine) && !self->failure && self->window) {
    self->focus_wanted = TRUE;
    self->focus_was = gtk_window_get_focus (self->window);
  }
  return FALSE;
}

/* ---- Life ---- */

void
vt_console_screens_update (VtConsolePage *self)
{
  update_displays (self);
  update_text_consoles (self);
  update_chooser (self);
}

void
vt_console_screens_clear (VtConsolePage *self)
{
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->screens))))
    gtk_stack_remove (self->screens, child);
  self->n_displays = 0;
  self->focus_wanted = FALSE;
  set_wanted (self, first_screen);
}

void
vt_console_screens_init (VtConsolePage *self)
{
  set_wanted (self, first_screen);
  g_signal_connect_swapped (self->screens, "notify::visible-child", G_CALLBACK (vt_console_capture_update),
                            self);
}
