/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "application.h"
#include "menu-names.h"
#include "notifier.h"
#include "preferences.h"
#include "shortcuts.h"
#include "window.h"

#include <glib/gi18n.h>

struct _VtApplication {
  AdwApplication parent_instance;
  VtEngine *engine;
  VtNotifier *notifier;
  VtWindow *window; /* weak */
  char *wanted;     /* UUID or name of a machine to show as soon as it is there */
};

G_DEFINE_FINAL_TYPE (VtApplication, vt_application, ADW_TYPE_APPLICATION)

static VtWindow *
present (VtApplication *self)
{
  if (!self->window)
    g_set_weak_pointer (&self->window, vt_window_new (ADW_APPLICATION (self), self->engine));
  gtk_window_present (GTK_WINDOW (self->window));
  return self->window;
}

static VtMachine *
find_by_name (VtApplication *self, const char *name)
{
  GListModel *machines = vt_engine_get_machines (self->engine);
  for (guint i = 0; i < g_list_model_get_n_items (machines); i++) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (machines, i);
    if (g_str_equal (vt_machine_get_name (machine), name))
      return machine; /* The list holds it. */
  }
  return NULL;
}

/* The engine may have to be started first: until it is there, the wish stands. */
static void
show_wanted (VtApplication *self)
{
  if (!self->wanted)
    return;
  VtMachine *machine = vt_engine_find (self->engine, self->wanted);
  if (!machine)
    machine = find_by_name (self, self->wanted);
  VtWindow *window = present (self);
  if (machine && vt_window_show_machine (window, machine)) {
    g_clear_pointer (&self->wanted, g_free);
  } else if (vt_engine_get_connected (self->engine)) {
    g_autofree char *text = g_strdup_printf (_ ("There is no machine “%s”"), self->wanted);
    g_clear_pointer (&self->wanted, g_free);
    gtk_widget_activate_action (GTK_WIDGET (window), "win.toast", "s", text);
  }
}

static void
want (VtApplication *self, const char *machine)
{
  g_free (self->wanted);
  self->wanted = g_strdup (machine);
  show_wanted (self);
}

static void
show_machine (GSimpleAction *action, GVariant *uuid, gpointer data)
{
  want (VT_APPLICATION (data), g_variant_get_string (uuid, NULL));
}

static void
show_preferences (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VtApplication *self = VT_APPLICATION (data);
  adw_dialog_present (vt_preferences_new (self->engine), GTK_WIDGET (present (self)));
}

static void
show_shortcuts (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  adw_dialog_present (vt_shortcuts_dialog_new (), GTK_WIDGET (present (VT_APPLICATION (data))));
}

static void
show_about (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  adw_show_about_dialog (
      GTK_WIDGET (present (VT_APPLICATION (data))), "application-name", _ ("Vitrine"), "application-icon",
      "org.vitrine.Vitrine", "version", VITRINE_VERSION, "developer-name", _ ("The Vitrine developers"),
      "license-type", GTK_LICENSE_GPL_3_0, "comments",
      _ ("Machines of any architecture, in a window. Drop an ISO image on it, and press Create."),
      /* Translators: your name, and those before you, one in each line. */
      "translator-credits", _ ("translator-credits"), NULL);
}

static void
quit (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VtApplication *self = VT_APPLICATION (data);
  if (self->window)
    gtk_window_close (GTK_WINDOW (self->window));
  g_application_quit (G_APPLICATION (self));
}

#ifdef VT_HAVE_CREATE
static void
new_machine (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vt_window_create (present (VT_APPLICATION (data)), NULL);
}
#endif

static const GActionEntry actions[] = {
#ifdef VT_HAVE_CREATE
  { "new", new_machine },
#endif
  { "show-machine", show_machine, "s" },
  { "preferences", show_preferences },
  { "shortcuts", show_shortcuts },
  { "about", show_about },
  { "quit", quit },
};

static void
startup (GApplication *application)
{
  VtApplication *self = VT_APPLICATION (application);
  G_APPLICATION_CLASS (vt_application_parent_class)->startup (application);
  g_autoptr (GtkCssProvider) css = gtk_css_provider_new ();
  gtk_css_provider_load_from_string (css, ".vt-thumbnail { border-radius: 6px; } .vt-past { opacity: 0.5; }"
                                          ".vt-note { padding: 9px 18px; border-radius: 99px; }"
                                          ".vt-full { background: black; color: white; }");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (css),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  self->engine = vt_engine_new ();
  self->notifier = vt_notifier_new (GTK_APPLICATION (self), self->engine);
  g_signal_connect_object (self->engine, "notify::connected", G_CALLBACK (show_wanted), self,
                           G_CONNECT_SWAPPED);
  vt_menu_names_install ();
  vt_shortcuts_install (GTK_APPLICATION (self));
}

static void
activate (GApplication *application)
{
  present (VT_APPLICATION (application));
}

static void
shutdown (GApplication *application)
{
  VtApplication *self = VT_APPLICATION (application);
  g_clear_weak_pointer (&self->window);
  g_clear_object (&self->notifier);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->wanted, g_free);
  G_APPLICATION_CLASS (vt_application_parent_class)->shutdown (application);
}

#ifdef VT_HAVE_CREATE
static void
open_files (GApplication *application, GFile **files, int n_files, const char *hint)
{
  if (n_files > 0)
    vt_window_create (present (VT_APPLICATION (application)), files[0]);
}
#endif

static int
command_line (GApplication *application, GApplicationCommandLine *line)
{
  VtApplication *self = VT_APPLICATION (application);
  GVariantDict *options = g_application_command_line_get_options_dict (line);
  const char *machine = NULL;
  g_auto (GStrv) files = NULL;
  if (g_variant_dict_lookup (options, "machine", "&s", &machine)) {
    want (self, machine);
    return 0;
  }
#ifdef VT_HAVE_CREATE
  if (g_variant_dict_lookup (options, G_OPTION_REMAINING, "^aay", &files) && files[0]) {
    g_autoptr (GFile) file = g_application_command_line_create_file_for_arg (line, files[0]);
    open_files (application, &file, 1, "");
    return 0;
  }
#endif
  present (self);
  return 0;
}

static int
handle_local_options (GApplication *application, GVariantDict *options)
{
  if (!g_variant_dict_contains (options, "version"))
    return -1;
  g_print ("vitrine %s\n", VITRINE_VERSION);
  return 0;
}

static void
vt_application_class_init (VtApplicationClass *class)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (class);
  application_class->startup = startup;
  application_class->activate = activate;
  application_class->shutdown = shutdown;
  application_class->command_line = command_line;
  application_class->handle_local_options = handle_local_options;
#ifdef VT_HAVE_CREATE
  application_class->open = open_files;
#endif
}

static void
vt_application_init (VtApplication *self)
{
  static const GOptionEntry options[] = {
    { "version", 'v', 0, G_OPTION_ARG_NONE, NULL, N_ ("Print the version"), NULL },
    { "machine", 'm', 0, G_OPTION_ARG_STRING, NULL, N_ ("Show this machine"), N_ ("NAME-OR-UUID") },
#ifdef VT_HAVE_CREATE
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, NULL, NULL, N_ ("[FILE]") },
#endif
    { NULL },
  };
  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
}

VtApplication *
vt_application_new (void)
{
  GApplicationFlags flags = G_APPLICATION_HANDLES_COMMAND_LINE;
#ifdef VT_HAVE_CREATE
  flags |= G_APPLICATION_HANDLES_OPEN;
#endif
  return g_object_new (VT_TYPE_APPLICATION, "application-id", "org.vitrine.Vitrine", "resource-base-path",
                       "/org/vitrine/Vitrine", "flags", flags, NULL);
}
