/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "error.h"
#include "machine-start.h"
#include "replace-file.h"

#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Starting, stopping, and all that happens in between. */

/* ---- The process ---- */

static void
drop_saved_state (VtMachineItem *item)
{
  g_autofree char *path = vt_machine_item_file (item, VT_SAVED_FILE),
                  *conf = vt_machine_item_file (item, VT_SAVED_CONF_FILE);
  const bool was_there = g_unlink (path) == 0;
  g_unlink (conf);
  /* A machine that goes on makes it void: it must not come back after the host has lost power. */
  if (was_there)
    vt_folder_sync (item->folder);
}

static bool
is_saved (const VtMachineItem *item)
{
  g_autofree char *path = vt_machine_item_file (item, VT_SAVED_FILE);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* Of a machine that an engine had stopped, or was about to, when it was killed. */
#define HALF_SAVED "Vitrine’s engine ended while it saved the machine.\nLet it go on, or save it again."

static void
on_state (VtProcess *process, const char *state, const char *reason, VtMachineItem *item)
{
  if (item->state == ITEM_SAVING)
    return;
  if (strcmp (state, "running") == 0)
    vt_machine_item_set_state (item, ITEM_RUNNING, NULL);
  else if (strcmp (state, "paused") == 0 || strcmp (state, "prelaunch") == 0 ||
           strcmp (state, "postmigrate") == 0 || strcmp (state, "io-error") == 0 ||
           strcmp (state, "guest-panicked") == 0 || strcmp (state, "internal-error") == 0)
    vt_machine_item_set_state (item, ITEM_PAUSED, reason != NULL || !item->half_saved ? reason : HALF_SAVED);
}

static void
write_screenshot (VtMachineItem *item)
{
  g_autofree char *path = vt_machine_item_file (item, VT_SCREENSHOT_FILE);
  g_autoptr (GError) error = NULL;
  gsize size;
  if (item->screenshot == NULL || item->gone)
    return;
  const char *data = g_bytes_get_data (item->screenshot, &size);
  if (!vt_replace_file (path, data, size, false, &error))
    g_message ("%s", error->message);
  g_clear_pointer (&item->screenshot, g_bytes_unref);
}

static void
answer_ending (VtMachineItem *item)
{
  g_autoptr (GPtrArray) calls = item->ending;
  item->ending = g_ptr_array_new ();
  for (unsigned i = 0; i < calls->len; i++)
    g_dbus_method_invocation_return_value (calls->pdata[i], NULL);
}

static void
on_ended (VtProcess *process, const GError *why, VtMachineItem *item)
{
  g_autoptr (VtMachineItem) held = vt_machine_item_ref (item);
  g_signal_handlers_disconnect_by_data (process, item);
  bool crashed = why != NULL && !item->told_to_end && !item->saved;
  ItemState state = item->saved ? ITEM_SAVED : crashed ? ITEM_CRASHED : ITEM_OFF;
  write_screenshot (item);
  g_clear_object (&item->process);
  g_clear_pointer (&item->running, vt_conf_free);
  item->told_to_end = item->saved = false;
  vt_machine_statistics_stop (item);
  vt_machine_item_set_state (item, state, crashed ? why->message : NULL);
  vt_machine_item_refresh (item);
  answer_ending (item);
  vt_service_release (item->service);
}

/* Takes the process, which is this machine's from now on. */
static void
vt_machine_item_take_process (VtMachineItem *item, VtProcess *process, VtConf *running)
{
  item->process = process;
  item->running = running;
  item->told_to_end = item->saved = false;
  vt_service_hold (item->service);
  g_signal_connect (process, "state", G_CALLBACK (on_state), item);
  g_signal_connect (process, "ended", G_CALLBACK (on_ended), item);
  vt_machine_item_set_state (item, ITEM_RUNNING, NULL);
  on_state (process, vt_process_state (process), NULL, item);
  vt_machine_item_refresh (item);
}

/* A saved state is removed before the machine goes on from it: while there is one, nothing has happened
 * since. */
static void
settle_crash (VtMachineItem *item, const char *why)
{
  const bool saved = is_saved (item);
  vt_machine_item_set_state (item, saved ? ITEM_SAVED : ITEM_CRASHED, saved ? NULL : why);
}

/* With what it was started, which its settings may not be any more. */
static VtConf *
running_conf (const VtMachineItem *item)
{
  g_autofree char *path = vt_machine_running_conf_path (item->conf->uuid);
  VtConf *conf = vt_conf_load (path, NULL);
  return conf ? conf : vt_conf_copy (item->conf);
}

typedef struct {
  VtMachineItem *item;
  void (*done) (void *opaque);
  void *opaque;
} Adoption;

static void
adoption_done (Adoption *adoption)
{
  adoption->done (adoption->opaque);
  vt_machine_item_unref (adoption->item);
  g_free (adoption);
}

static void
on_saved_ended (VtProcess *process, const GError *why, Adoption *adoption)
{
  g_signal_handlers_disconnect_by_data (process, adoption);
  adoption_done (adoption);
}

/* An engine that was killed while it saved the machine had either written all, and only the process's end was
 * missing, or not, and the machine stands still; one that was killed while it restored it had not let it go
 * on. */
static void
settle_life (Adoption *adoption, VtProcess *process)
{
  VtMachineItem *item = adoption->item;
  vt_machine_item_take_process (item, process, running_conf (item));
  if (!is_saved (item)) {
    adoption_done (adoption);
    return;
  }
  item->saved = true;
  g_signal_connect (process, "ended", G_CALLBACK (on_saved_ended), adoption);
  vt_process_kill (process);
}

static void
on_adopted (GObject *source, GAsyncResult *result, gpointer data)
{
  Adoption *adoption = data;
  VtMachineItem *item = adoption->item;
  g_autoptr (GError) error = NULL;
  VtProcess *process = vt_process_adopt_finish (result, &error);
  item->half_saved = item->half_saved && process != NULL;
  if (process != NULL) {
    settle_life (adoption, process);
    return;
  }
  if (error != NULL) {
    vt_error_adopt (&error, "The machine's process could not be found again");
    if (g_error_matches (error, VT_ERROR, VT_ERROR_CRASHED))
      settle_crash (item, error->message);
    else
      vt_machine_item_set_state (item, ITEM_CRASHED, error->message);
  }
  adoption_done (adoption);
}

void
vt_machine_item_adopt (VtMachineItem *item, void (*done) (void *opaque), void *opaque)
{
  if (item->conf == NULL) {
    done (opaque);
    return;
  }
  Adoption *adoption = g_new0 (Adoption, 1);
  *adoption = (Adoption){ vt_machine_item_ref (item), done, opaque };
  vt_process_adopt (item->conf->uuid, item->folder, NULL, on_adopted, adoption);
}

/* ---- Starting ---- */

typedef struct {
  VtMachineItem *item;
  GDBusMethodInvocation *invocation; /* or NULL */
  VtConf *conf;
  VtProcessOptions options;
  char *boot_drive, *restore;
  bool goes_on; /* at once, when its saved state is removed */
  ItemState before;
} Start;

static void
start_free (Start *start)
{
  vt_machine_item_unref (start->item);
  vt_conf_free (start->conf);
  g_free (start->boot_drive);
  g_free (start->restore);
  g_free (start);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Start, start_free)

static void
start_failed (Start *start, GError *error)
{
  VtMachineItem *item = start->item;
  vt_error_adopt (&error, "The machine could not be started");
  if (!item->gone) {
    bool show = start->invocation == NULL && !g_error_matches (error, VT_ERROR, VT_ERROR_CANCELLED);
    vt_machine_item_set_state (item, show && !is_saved (item) ? ITEM_CRASHED : start->before,
                               show ? error->message : NULL);
  }
  if (start->invocation != NULL)
    g_dbus_method_invocation_take_error (start->invocation, error);
  else
    g_error_free (error);
}

static void
on_gone_on (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Start) start = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply = vt_process_command_finish (VT_PROCESS (source), result, &error);
  /* What it said of its state before that may have come after we said so. */
  if (error == NULL && start->item->state == ITEM_PAUSED)
    vt_machine_item_set_state (start->item, ITEM_RUNNING, NULL);
  if (error == NULL)
    g_dbus_method_invocation_return_value (start->invocation, NULL);
  else
    g_dbus_method_invocation_take_error (start->invocation, error);
}

/* Takes `start`. What was saved is the past from now on. */
static void
go_on (Start *start)
{
  VtMachineItem *item = start->item;
  g_autofree char *path = vt_machine_running_conf_path (item->conf->uuid);
  g_autoptr (GError) error = NULL;
  drop_saved_state (item);
  if (!vt_conf_save (item->running, path, &error) || !vt_machine_item_save_conf (item, &error))
    g_message ("%s", error->message);
  if (start->goes_on) {
    vt_machine_item_set_state (item, ITEM_RUNNING, NULL);
    vt_process_command (item->process, "cont", NULL, -1, NULL, start->invocation ? on_gone_on : NULL, start);
  } else if (start->invocation != NULL) {
    g_dbus_method_invocation_return_value (start->invocation, NULL);
  }
  if (!start->goes_on || start->invocation == NULL)
    start_free (start);
}

/* The state that was to be restored stays. */
static void
blame_saved_state (GError **error)
{
  g_auto (GStrv) lines = g_strsplit ((*error)->message, "\n", 2);
  const char *why = strstr (lines[0], ": ");
  g_autofree char *cause = g_strdup_printf ("The saved state cannot be used%s", why ? why : ".");
  g_clear_error (error);
  vt_error_set (error, VT_ERROR_FAILED, cause, "Start the machine afresh, without what was saved.");
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Start) start = data;
  VtMachineItem *item = start->item;
  GError *error = NULL;
  VtProcess *process = vt_process_start_finish (result, &error);
  bool cancelled = g_cancellable_is_cancelled (item->starting);
  g_clear_object (&item->starting);
  if (process != NULL && (cancelled || item->gone)) {
    vt_process_kill (process);
    g_object_unref (process);
    error = g_error_new (VT_ERROR, VT_ERROR_CANCELLED,
                         "The start was cancelled.\nStart it again when you want to.");
  } else if (error != NULL && start->restore != NULL && strstr (error->message, VT_SAVED_FILE))
    blame_saved_state (&error);
  if (error != NULL) {
    start_failed (start, error);
  } else {
    item->conf->last_started = g_get_real_time () / G_USEC_PER_SEC;
    vt_machine_item_take_process (item, process, g_steal_pointer (&start->conf));
    go_on (g_steal_pointer (&start));
  }
  answer_ending (item);
  vt_service_release (item->service);
}

static bool
has_boot_drive (const VtConf *conf, const char *id, GError **error)
{
  for (unsigned i = 0; i < conf->disks->len; i++)
    if (strcmp (((VtConfDisk *)conf->disks->pdata[i])->id, id) == 0)
      return true;
  for (unsigned i = 0; i < conf->drives->len; i++)
    if (strcmp (((VtConfDrive *)conf->drives->pdata[i])->id, id) == 0)
      return true;
  g_autofree char *cause = g_strdup_printf ("The machine has neither a disk nor a drive “%s”.", id);
  vt_error_set (error, VT_ERROR_NOT_FOUND, cause, "Name one of those in its settings.");
  return false;
}

static bool
prepare (Start *start, GVariant *dict, GError **error)
{
  static const char *const known[] = { "paused", "discard-saved", "boot-drive", NULL };
  VtMachineItem *item = start->item;
  gboolean paused = FALSE, discard = FALSE;
  if (!vt_machine_item_check_conf (item, error) || !vt_machine_item_check_stopped (item, error))
    return false;
  if (dict != NULL &&
      (!vt_dict_check (dict, known, error) || !vt_dict_get (dict, "paused", "b", &paused, error) ||
       !vt_dict_get (dict, "discard-saved", "b", &discard, error) ||
       !vt_dict_get (dict, "boot-drive", "s", &start->boot_drive, error)))
    return false;
  if (start->boot_drive != NULL && !has_boot_drive (item->conf, start->boot_drive, error))
    return false;
  const bool saved = is_saved (item);
  if (saved && !discard)
    start->restore = vt_machine_item_file (item, VT_SAVED_FILE);
  start->goes_on = saved && !paused;
  start->options = (VtProcessOptions){ .paused = paused || saved,
                                       .boot_drive = start->boot_drive,
                                       .restore = start->restore };
  return true;
}

/* A saved machine goes on as what it was; its settings may have changed since. */
static VtConf *
conf_to_start (VtMachineItem *item, bool restore)
{
  g_autofree char *path = vt_machine_item_file (item, VT_SAVED_CONF_FILE);
  VtConf *conf = restore ? vt_conf_load (path, NULL) : NULL;
  if (conf == NULL)
    return vt_conf_copy (item->conf);
  vt_conf_take_live (conf, item->conf);
  return conf;
}

void
vt_machine_item_start (VtMachineItem *item, GVariant *options, GDBusMethodInvocation *invocation)
{
  g_autoptr (Start) start = g_new0 (Start, 1);
  GError *error = NULL;
  start->item = vt_machine_item_ref (item);
  if (!prepare (start, options, &error)) {
    if (invocation != NULL)
      g_dbus_method_invocation_take_error (invocation, error);
    else
      g_clear_error (&error);
    return;
  }
  start->invocation = invocation;
  start->conf = conf_to_start (item, start->restore != NULL);
  start->before = item->state;
  item->starting = g_cancellable_new ();
  vt_service_hold (item->service);
  vt_machine_item_set_state (item, ITEM_STARTING, NULL);
  Start *going = g_steal_pointer (&start);
  vt_process_start (going->conf, item->folder, &going->options, item->starting, on_started, going);
}

static gboolean
on_start (VtMachine1 *api, GDBusMethodInvocation *invocation, GVariant *options, VtMachineItem *item)
{
  vt_machine_item_start (item, options, invocation);
  return TRUE;
}

/* ---- Stopping ---- */

static gboolean
on_power_off (VtMachine1 *api, GDBusMethodInvocation *invocation, VtMachineItem *item)
{
  GError *error = NULL;
  if (item->starting == NULL && !vt_machine_item_check_running (item, &error)) {
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  g_ptr_array_add (item->ending, invocation);
  if (item->starting != NULL) {
    g_cancellable_cancel (item->starting);
    return TRUE;
  }
  item->told_to_end = true;
  vt_process_kill (item->process);
  return TRUE;
}

/* ---- Commands that only need passing on ---- */

typedef struct {
  VtMachineItem *item;
  GDBusMethodInvocation *invocation;
  const char *what;
  ItemState state;
  bool sets_state;
} Command;

static void
on_commanded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Command *command = data;
  g_autoptr (VtMachineItem) item = command->item;
  GError *error = NULL;
  g_autoptr (GVariant) reply = vt_process_command_finish (VT_PROCESS (source), result, &error);
  if (error != NULL) {
    vt_error_adopt (&error, command->what);
    g_dbus_method_invocation_take_error (command->invocation, error);
    return;
  }
  if (command->sets_state && item->process != NULL && item->state != ITEM_SAVING)
    vt_machine_item_set_state (item, command->state, NULL);
  g_dbus_method_invocation_return_value (command->invocation, NULL);
}

static gboolean
pass_on (VtMachineItem *item, GDBusMethodInvocation *invocation, const char *name, const char *what,
         ItemState state)
{
  GError *error = NULL;
  if (!vt_machine_item_check_running (item, &error)) {
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  item->half_saved = false;
  Command *command = g_new0 (Command, 1);
  *command = (Command){ vt_machine_item_ref (item), invocation, what, state, state != ITEM_OFF };
  vt_process_command (item->process, name, NULL, -1, NULL, on_commanded, command);
  return TRUE;
}

static gboolean
on_shutdown (VtMachine1 *api, GDBusMethodInvocation *invocation, VtMachineItem *item)
{
  if (item->process != NULL && item->state == ITEM_PAUSED) {
    GError *error = NULL;
    g_autofree char *cause =
        g_strdup_printf ("“%s” is paused and cannot hear its power button.", vt_machine_item_name (item));
    vt_error_set (&error, VT_ERROR_INVALID_STATE, cause, "Resume it first, or power it off.");
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  vt_machine_item_keep_screen (item);
  return pass_on (item, invocation, "system_powerdown", "It could not be shut down", ITEM_STOPPING);
}

static gboolean
on_reset (VtMachine1 *api, GDBusMethodInvocation *invocation, VtMachineItem *item)
{
  return pass_on (item, invocation, "system_reset", "It could not be reset",
                  item->state == ITEM_STOPPING ? ITEM_RUNNING : ITEM_OFF);
}

static gboolean
on_pause (VtMachine1 *api, GDBusMethodInvocation *invocation, VtMachineItem *item)
{
  vt_machine_item_keep_screen (item);
  return pass_on (item, invocation, "stop", "It could not be paused", ITEM_PAUSED);
}

static gboolean
on_resume (VtMachine1 *api, GDBusMethodInvocation *invocation, VtMachineItem *item)
{
  return pass_on (item, invocation, "cont", "It could not go on", ITEM_RUNNING);
}

/* ---- Channels ---- */

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  GDBusMethodInvocation *invocation = data;
  GError *error = NULL;
  int fd = vt_process_open_finish (VT_PROCESS (source), result, &error);
  if (fd < 0) {
    vt_error_adopt (&error, "The connection could not be made");
    g_dbus_method_invocation_take_error (invocation, error);
    return;
  }
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);
  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0), fds);
}

static gboolean
on_open_display (VtMachine1 *api, GDBusMethodInvocation *invocation, GUnixFDList *fds, VtMachineItem *item)
{
  GError *error = NULL;
  if (vt_machine_item_check_running (item, &error) && strcmp (item->running->display, "none") == 0)
    vt_error_set (&error, VT_ERROR_NOT_FOUND, "The machine has no display.",
                  "Give it one in its settings and start it again, or use its console.");
  if (error != NULL)
    g_dbus_method_invocation_take_error (invocation, error);
  else
    vt_process_open (item->process, "spice", NULL, on_opened, invocation);
  return TRUE;
}

static gboolean
on_open_console (VtMachine1 *api, GDBusMethodInvocation *invocation, GUnixFDList *fds, const char *id,
                 VtMachineItem *item)
{
  GError *error = NULL;
  if (vt_machine_item_check_running (item, &error) && !g_strv_contains (vt_machine1_get_consoles (api), id)) {
    g_autofree char *cause = g_strdup_printf ("The machine has no console “%s”.", id);
    vt_error_set (&error, VT_ERROR_NOT_FOUND, cause, "Name one of its Consoles; the first is serial0.");
  }
  if (error != NULL)
    g_dbus_method_invocation_take_error (invocation, error);
  else
    vt_process_open (item->process, id, NULL, on_opened, invocation);
  return TRUE;
}

void
vt_machine_run_connect (VtMachineItem *item)
{
  g_signal_connect (item->api, "handle-start", G_CALLBACK (on_start), item);
  g_signal_connect (item->api, "handle-shutdown", G_CALLBACK (on_shutdown), item);
  g_signal_connect (item->api, "handle-power-off", G_CALLBACK (on_power_off), item);
  g_signal_connect (item->api, "handle-reset", G_CALLBACK (on_reset), item);
  g_signal_connect (item->api, "handle-pause", G_CALLBACK (on_pause), item);
  g_signal_connect (item->api, "handle-resume", G_CALLBACK (on_resume), item);
  g_signal_connect (item->api, "handle-open-display", G_CALLBACK (on_open_display), item);
  g_signal_connect (item->api, "handle-open-console", G_CALLBACK (on_open_console), item);
}
