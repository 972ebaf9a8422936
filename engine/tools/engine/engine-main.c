/* SPDX-License-Identifier: GPL-3.0-or-later */

/* vitrine-engine: the service, started by the session bus when somebody asks for it. */

#include "service.h"

#include <glib-unix.h>
#include <stdio.h>

typedef struct {
  GMainLoop *loop;
  int status;
} Program;

static void
on_ready (VtService *service, const GError *error, void *opaque)
{
  Program *program = opaque;
  if (error == NULL)
    return;
  fprintf (stderr, "vitrine-engine: %s\n", error->message);
  program->status = 1;
  g_main_loop_quit (program->loop);
}

static void
on_idle (void *opaque)
{
  Program *program = opaque;
  g_main_loop_quit (program->loop);
}

static gboolean
on_signal (gpointer data)
{
  Program *program = data;
  g_main_loop_quit (program->loop);
  return G_SOURCE_CONTINUE;
}

/* The app's preferences, if they are installed; they say where machines are kept. */
static GSettings *
open_settings (void)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema =
      source ? g_settings_schema_source_lookup (source, "org.vitrine.Vitrine", TRUE) : NULL;
  return schema && g_settings_schema_has_key (schema, "machines-folder")
             ? g_settings_new_full (schema, NULL, NULL)
             : NULL;
}

/* Who needs it starts it again, and it finds the machines of the other folder. */
static void
on_folder_changed (GSettings *settings, const char *key, Program *program)
{
  g_main_loop_quit (program->loop);
}

static int
run (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  Program program = { NULL, 0 };
  VtServiceOptions options = { .version = VITRINE_VERSION, .idle = on_idle, .opaque = &program };
  g_autoptr (GSettings) settings = open_settings ();
  g_autofree char *folder = settings ? g_settings_get_string (settings, "machines-folder") : NULL;
  program.loop = g_main_loop_new (NULL, FALSE);
  if (folder && g_path_is_absolute (folder))
    options.folder = folder;
  if (settings)
    g_signal_connect (settings, "changed::machines-folder", G_CALLBACK (on_folder_changed), &program);
  VtService *service = bus ? vt_service_new (bus, &options, on_ready, &error) : NULL;
  if (service == NULL) {
    if (bus != NULL)
      fprintf (stderr, "vitrine-engine: %s\n", error->message);
    else
      fprintf (
          stderr,
          "vitrine-engine: there is no session bus: %s.\nLog in to a session, or use dbus-run-session.\n",
          error->message);
    g_main_loop_unref (program.loop);
    return 1;
  }
  g_unix_signal_add (SIGTERM, on_signal, &program);
  g_unix_signal_add (SIGINT, on_signal, &program);
  g_main_loop_run (program.loop);
  vt_service_free (service);
  g_dbus_connection_flush_sync (bus, NULL, NULL);
  g_main_loop_unref (program.loop);
  return program.status;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_set_summary (context,
                                "The service that keeps and runs Vitrine's machines. The session bus "
                                "starts it when it is needed; it ends when it is not.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc > 1) {
    fprintf (stderr, "vitrine-engine: %s; --help says what there is\n",
             error ? error->message : "it takes no arguments");
    return 2;
  }
  if (version) {
    puts ("vitrine-engine " VITRINE_VERSION);
    return 0;
  }
  return run ();
}
