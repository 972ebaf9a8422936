/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Commands about the machine as a whole: run state, saving, the log. */

#include "monitor-private.h"

#include "log.h"
#include <poll.h>
#include <string.h>
#include <unistd.h>

static JsonNode *
run_stop (MonitorContext *ctx, JsonObject *args, GError **error)
{
  if (ctx->machine->state == MACHINE_RUNNING)
    machine_stop (ctx->machine, MACHINE_PAUSED);
  return NULL;
}

static JsonNode *
run_cont (MonitorContext *ctx, JsonObject *args, GError **error)
{
  const MachineState state = ctx->machine->state;
  if (state == MACHINE_SHUTDOWN)
    monitor_fail (error, MONITOR_ERROR_GENERIC,
                  "The guest has powered off; reset the machine first (system_reset)");
  else if (state == MACHINE_RESTORING)
    monitor_fail (error, MONITOR_ERROR_GENERIC,
                  "The machine waits for a saved one; name it with migrate_incoming file:PATH");
  else if (state != MACHINE_RUNNING)
    machine_start (ctx->machine);
  return NULL;
}

static JsonNode *
run_reset (MonitorContext *ctx, JsonObject *args, GError **error)
{
  monitor_note_reset ();
  machine_request_reset (ctx->machine);
  return NULL;
}

static JsonNode *
run_powerdown (MonitorContext *ctx, JsonObject *args, GError **error)
{
  if (!ctx->machine->board->power_button) {
    monitor_fail (error, MONITOR_ERROR_GENERIC,
                  "The board '%s' has no power button; shut the guest down from inside, or quit",
                  ctx->machine->board->name);
    return NULL;
  }
  ctx->machine->board->power_button (ctx->machine);
  monitor_event ("POWERDOWN", NULL);
  return NULL;
}

static JsonNode *
run_quit (MonitorContext *ctx, JsonObject *args, GError **error)
{
  machine_request_quit (ctx->machine, 0);
  return NULL;
}

/* Saving. */

static struct {
  const char *status; /* NULL: never */
  gint64 start;       /* µs; while active */
  gint64 total_ms;
  char *why;   /* it has failed */
  char *later; /* where to, soon */
} migration;

static void
set_status (const char *status)
{
  JsonObject *data = json_object_new ();
  migration.status = status;
  json_object_set_string_member (data, "status", status);
  monitor_event ("MIGRATION", data);
}

typedef struct {
  gint64 told;
  int cancel; /* a descriptor, which becomes readable or loses its other end; -1: none */
} Save;

/* Events reach a client while the machine is being saved: they are written at once. It cannot be heard:
 * whoever may want to cancel gives a descriptor for that. */
static bool
report_save (void *opaque, uint64_t done, uint64_t total)
{
  enum { INTERVAL = G_USEC_PER_SEC / 5 };
  Save *save = opaque;
  const gint64 now = g_get_monotonic_time ();
  struct pollfd cancel = { save->cancel, POLLIN, 0 };
  if (save->cancel >= 0 && poll (&cancel, 1, 0) > 0)
    return false;
  if (now - save->told < INTERVAL)
    return true;
  save->told = now;
  JsonObject *data = json_object_new ();
  json_object_set_int_member (data, "done", (gint64)done);
  json_object_set_int_member (data, "total", (gint64)total);
  monitor_event ("SAVE_PROGRESS", data);
  return true;
}

/* Takes over `cancel`, which may be -1. */
static bool
migrate (Machine *machine, const char *uri, int cancel, GError **error)
{
  GError *problem = NULL;
  Save save = { 0, cancel };
  const BlockProgress progress = { report_save, &save };
  const bool named = g_str_has_prefix (uri, "fd:");
  const int fd = named ? monitor_take_fd (uri + 3, error) : -1;
  if (named && fd < 0) {
    if (cancel >= 0)
      close (cancel);
    return false;
  }
  if (!named && !g_str_has_prefix (uri, "file:"))
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "'%s' is no place to save to; write file:PATH", uri);
  migration.start = g_get_monotonic_time ();
  g_clear_pointer (&migration.why, g_free);
  set_status ("active");
  const bool ok = named ? machine_save_fd (machine, fd, &progress, &problem)
                        : machine_save (machine, uri, &progress, &problem);
  migration.total_ms = (g_get_monotonic_time () - migration.start) / 1000;
  if (cancel >= 0)
    close (cancel);
  if (!ok)
    migration.why = g_strdup (problem->message);
  set_status (ok ? "completed" : "failed");
  if (problem)
    g_propagate_error (error, problem);
  return ok;
}

bool
monitor_migrate (Machine *machine, const char *uri, GError **error)
{
  return migrate (machine, uri, -1, error);
}

static gboolean
migrate_now (void *machine)
{
  g_autofree char *uri = g_steal_pointer (&migration.later);
  monitor_migrate (machine, uri, NULL);
  return G_SOURCE_REMOVE;
}

bool
monitor_migrate_later (Machine *machine, const char *uri, GError **error)
{
  if (migration.later)
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "There's a migration process in progress");
  if (!g_str_has_prefix (uri, "file:"))
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "'%s' is no place to save to; write file:PATH", uri);
  migration.later = g_strdup (uri);
  set_status ("setup");
  g_idle_add (migrate_now, machine);
  return true;
}

/* After -incoming defer. */
static JsonNode *
run_migrate_incoming (MonitorContext *ctx, JsonObject *args, GError **error)
{
  Machine *machine = ctx->machine;
  if (machine->state != MACHINE_RESTORING)
    monitor_fail (error, MONITOR_ERROR_GENERIC,
                  "The machine does not wait for a saved one; start the program with -incoming defer");
  else if (machine_restore (machine, arg_string (args, "uri"), error) && !machine->config->start_paused)
    machine_start (machine);
  return NULL;
}

static JsonNode *
run_migrate (MonitorContext *ctx, JsonObject *args, GError **error)
{
  const char *uri = arg_string (args, "uri"), *name = arg_string (args, "cancel");
  const bool named = g_str_has_prefix (uri, "fd:");
  const int cancel = named && name ? monitor_take_fd (name, error) : -1;
  if (named && name && cancel < 0)
    return NULL;
  /* Whoever hands a descriptor over waits for the answer. */
  if (named)
    migrate (ctx->machine, uri, cancel, error);
  else
    monitor_migrate_later (ctx->machine, uri, error);
  return NULL;
}

JsonObject *
monitor_query_migrate (void)
{
  JsonObject *info = json_object_new ();
  if (!migration.status)
    return info;
  json_object_set_string_member (info, "status", migration.status);
  if (!strcmp (migration.status, "completed"))
    json_object_set_int_member (info, "total-time", migration.total_ms);
  if (migration.why)
    json_object_set_string_member (info, "error-desc", migration.why);
  return info;
}

void
monitor_info_migrate (GString *out)
{
  if (!migration.status) {
    g_string_append (out, "The machine has not been saved.\n");
    return;
  }
  g_string_append_printf (out, "Migration status: %s\n", migration.status);
  if (migration.why)
    g_string_append_printf (out, "error: %s\n", migration.why);
  else if (!strcmp (migration.status, "completed"))
    g_string_append_printf (out, "total time: %" G_GINT64_FORMAT " ms\n", migration.total_ms);
}

bool
monitor_set_log (const char *items, GError **error)
{
  g_auto (GStrv) names = g_strsplit (items, ",", -1);
  g_autofree char *unknown = NULL;
  if (!strcmp (items, "none")) {
    vlog_mask = 0;
    device_log_none ();
    return true;
  }
  for (unsigned i = 0; names[i]; i++)
    if (!device_log_item (names[i]) && !vlog_parse (names[i], MONITOR_LOG_ITEMS, &unknown))
      return monitor_fail (error, MONITOR_ERROR_GENERIC, "there is no log item '%s'; 'log' lists them",
                           unknown);
  return true;
}

const QmpCommand qmp_machine_commands[] = {
  { "stop", run_stop },
  { "cont", run_cont },
  { "system_reset", run_reset },
  { "system_powerdown", run_powerdown },
  { "quit", run_quit },
  /* The other keys are those clients send by habit. */
  { "migrate-incoming", run_migrate_incoming, { { "uri", ARG_STRING } } },
  { "migrate",
    run_migrate,
    { { "uri", ARG_STRING },
      { "detach", ARG_BOOL | ARG_OPTIONAL },
      { "cancel", ARG_STRING | ARG_OPTIONAL } } },
  { NULL },
};
