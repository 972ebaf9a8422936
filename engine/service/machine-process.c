/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-process.h"

#include "error.h"
#include "machine-start.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdmessage.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SIGNAL_STATE, SIGNAL_ENDED, SIGNAL_EVENT, SIGNALS };
/* No answer is longer: what a machine that is not what it was sends without end is not kept. */
enum {
  QUIT_SECONDS = 3,
  CONNECT_SECONDS = 20,
  ADOPT_SECONDS = 4,
  ADOPT_AGAIN_MS = 100,
  ANSWER_MAX = 256 * 1024
};
static unsigned signals[SIGNALS];

struct _VtProcess {
  GObject parent_instance;
  char *uuid, *folder, *state, *reason;
  int pid;
  GSubprocess *child; /* NULL: an earlier engine's */
  GSource *watch;     /* on the pidfd of such a one */
  GSocketConnection *connection;
  GInputStream *input; /* buffered */
  GCancellable *cancel;
  GHashTable *pending; /* id -> GTask */
  int64_t last_id;
  GTask *starting; /* until it has said what state it is in */
  unsigned kill_timer, start_timer;
  bool told, shut_down, ended; /* told to end; said that it ends; has ended */
  GError *why;                 /* it has; NULL: as it should */
  VtSample last;
  uint64_t last_cpu, last_disk[2], last_net[2];
};
G_DEFINE_FINAL_TYPE (VtProcess, vt_process, G_TYPE_OBJECT)

static void
vt_process_init (VtProcess *self)
{
  self->state = g_strdup ("prelaunch");
  self->cancel = g_cancellable_new ();
  self->pending = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
}

static void
disconnect (VtProcess *self)
{
  g_cancellable_cancel (self->cancel);
  g_clear_object (&self->input);
  g_clear_object (&self->connection);
}

/* The machine goes on; it is only that nobody here listens to it any more. */
static void
vt_process_dispose (GObject *object)
{
  VtProcess *self = VT_PROCESS (object);
  disconnect (self);
  g_clear_handle_id (&self->kill_timer, g_source_remove);
  g_clear_handle_id (&self->start_timer, g_source_remove);
  if (self->watch) {
    g_source_destroy (self->watch);
    g_clear_pointer (&self->watch, g_source_unref);
  }
  g_clear_object (&self->child);
  G_OBJECT_CLASS (vt_process_parent_class)->dispose (object);
}

static void
vt_process_finalize (GObject *object)
{
  VtProcess *self = VT_PROCESS (object);
  g_object_unref (self->cancel);
  g_hash_table_unref (self->pending);
  g_free (self->uuid);
  g_free (self->folder);
  g_free (self->state);
  g_free (self->reason);
  g_clear_error (&self->why);
  G_OBJECT_CLASS (vt_process_parent_class)->finalize (object);
}

static void
vt_process_class_init (VtProcessClass *class)
{
  G_OBJECT_CLASS (class)->dispose = vt_process_dispose;
  G_OBJECT_CLASS (class)->finalize = vt_process_finalize;
  signals[SIGNAL_STATE] = g_signal_new ("state", VT_TYPE_PROCESS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  signals[SIGNAL_ENDED] = g_signal_new ("ended", VT_TYPE_PROCESS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 1, G_TYPE_ERROR);
  signals[SIGNAL_EVENT] = g_signal_new ("event", VT_TYPE_PROCESS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_VARIANT);
}

static VtProcess *
process_new (const char *uuid, const char *folder)
{
  VtProcess *self = g_object_new (VT_TYPE_PROCESS, NULL);
  self->uuid = g_strdup (uuid);
  self->folder = g_strdup (folder);
  return self;
}

/* ---- Its end ---- */

static GError *
crash_error (VtProcess *self, const char *how, const char *remedy)
{
  GError *error = NULL;
  g_autofree char *tail = vt_machine_log_tail (self->folder);
  g_autofree char *cause = g_strdup_printf ("The machine's process %s%s%s", how, *tail ? ": " : ".", tail);
  vt_error_set (&error, VT_ERROR_CRASHED, cause,
                remedy ? remedy : "Start the machine again; its log may say more.");
  return error;
}

/* Of the block layer's "PATH: in use by another process…" the file's name, for people; NULL: it says
 * something else. */
static char *
busy_file (const char *line)
{
  const char *end = strstr (line, ": in use by ");
  if (end == NULL)
    return NULL;
  g_autofree char *before = g_strndup (line, (size_t)(end - line));
  const char *path = strstr (before, ": /");
  return g_path_get_basename (path ? path + 2 : before);
}

/* It has refused to start and said why, as its programs do: "PROGRAM: CAUSE; REMEDY". */
static GError *
refusal (VtProcess *self)
{
  GError *error = NULL;
  g_autofree char *all = g_strstrip (vt_machine_log_end (self->folder, LINE_MAX));
  const char *last = strrchr (all, '\n'), *name = strstr (last ? last : all, ": ");
  g_autofree char *line = g_strdup (name ? name + 2 : last ? last + 1 : all);
  char *remedy = strrchr (line, ';');
  g_autofree char *busy = busy_file (line);
  const bool port = strstr (line, "hostfwd: the host's port in ") != NULL;
  if (busy != NULL) {
    g_autofree char *cause = g_strdup_printf ("“%s” is in use by another process.", busy);
    vt_error_set (&error, VT_ERROR_IN_USE, cause,
                  "Stop the machine or the program that uses it, or use a copy.");
    return error;
  }
  if (*line == '\0' || g_str_has_prefix (line, VT_LOG_MARK))
    return crash_error (self, "ended before it was ready", NULL);
  if (remedy != NULL)
    *remedy++ = '\0';
  g_autofree char *cause = g_strdup_printf ("The machine cannot be started: %s.", line);
  g_autofree char *last_line = remedy ? g_strdup_printf ("%s.", g_strstrip (remedy)) : NULL;
  vt_error_set (&error, port ? VT_ERROR_PORT_IN_USE : VT_ERROR_FAILED, cause,
                last_line ? last_line : "Change its settings, or look at its log.");
  return error;
}

static void
fail_pending (VtProcess *self)
{
  g_autoptr (GHashTable) pending = self->pending;
  GHashTableIter iter;
  gpointer task;
  self->pending = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
  g_hash_table_iter_init (&iter, pending);
  while (g_hash_table_iter_next (&iter, NULL, &task)) {
    GError *error = NULL;
    vt_error_set (&error, VT_ERROR_CRASHED, "The machine's process does not answer any more.",
                  "Start the machine again.");
    g_task_return_error (task, error);
  }
}

/* Nobody needs to know any more how it ended. */
static void
remove_traces (VtProcess *self)
{
  g_autofree char *path = vt_machine_socket_path (self->uuid), *end = vt_machine_end_path (self->uuid),
                  *conf = vt_machine_running_conf_path (self->uuid);
  unlink (path);
  unlink (end);
  unlink (conf);
}

/* After whoever has started or adopted it has got it, which takes a moment, too. */
static gboolean
say_ended (gpointer data)
{
  VtProcess *self = data;
  g_signal_emit (self, signals[SIGNAL_ENDED], 0, self->why);
  return G_SOURCE_REMOVE;
}

/* `how` NULL: as it should. */
static void
has_ended (VtProcess *self, const char *how, const char *remedy)
{
  if (self->ended)
    return;
  g_autoptr (VtProcess) held = g_object_ref (self);
  g_autoptr (GError) why = how && !self->told ? crash_error (self, how, remedy) : NULL;
  self->ended = true;
  remove_traces (self);
  g_clear_handle_id (&self->kill_timer, g_source_remove);
  g_clear_handle_id (&self->start_timer, g_source_remove);
  disconnect (self);
  fail_pending (self);
  if (self->starting) {
    g_autoptr (GTask) task = g_steal_pointer (&self->starting);
    if (self->child && (!why || g_subprocess_get_if_exited (self->child)))
      g_task_return_error (task, refusal (self));
    else if (why)
      g_task_return_error (task, g_steal_pointer (&why));
    else
      g_task_return_pointer (task, NULL, NULL);
    return;
  }
  self->why = g_steal_pointer (&why);
  g_idle_add_full (G_PRIORITY_DEFAULT, say_ended, g_object_ref (self), g_object_unref);
}

static void
on_child_end (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtProcess) self = data;
  GSubprocess *child = G_SUBPROCESS (source);
  g_autofree char *how = NULL;
  const char *remedy = NULL;
  if (!g_subprocess_wait_finish (child, result, NULL))
    return;
  const bool said = self->shut_down || vt_machine_has_said_end (self->uuid);
  if (g_subprocess_get_if_signaled (child)) {
    const int number = g_subprocess_get_term_sig (child);
    how = g_strdup_printf ("was killed by signal %d (%s)", number, g_strsignal (number));
    remedy = number == SIGKILL
                 ? "If nobody did that, the host had no memory left: close other programs or give "
                   "the machine less, and start it again."
                 : NULL;
  } else if (g_subprocess_get_exit_status (child) != 0 && !said) {
    /* A guest that powers off may choose the status. */
    how = g_strdup_printf ("ended with status %d", g_subprocess_get_exit_status (child));
  }
  has_ended (self, how, remedy);
}

/* Of a process that is not our child nobody tells how it ended, but it says when it ends as it should. */
static void
adopted_has_ended (VtProcess *self)
{
  const bool said = self->shut_down || vt_machine_has_said_end (self->uuid);
  has_ended (self, said ? NULL : "ended unexpectedly", NULL);
}

static gboolean
on_pidfd (int fd, GIOCondition condition, gpointer data)
{
  adopted_has_ended (data);
  return G_SOURCE_REMOVE;
}

static void
close_fd (gpointer fd)
{
  close (GPOINTER_TO_INT (fd));
}

static bool
watch_pid (VtProcess *self)
{
  const int fd = (int)syscall (SYS_pidfd_open, self->pid, 0);
  if (fd < 0)
    return false;
  self->watch = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_callback (self->watch, G_SOURCE_FUNC (on_pidfd), self, NULL);
  g_object_set_data_full (G_OBJECT (self), "pidfd", GINT_TO_POINTER (fd), close_fd);
  g_source_attach (self->watch, NULL);
  return true;
}

static void
kill_now (VtProcess *self)
{
  if (self->ended)
    return;
  if (self->child)
    g_subprocess_force_exit (self->child);
  else if (self->watch)
    syscall (SYS_pidfd_send_signal, GPOINTER_TO_INT (g_object_get_data (G_OBJECT (self), "pidfd")), SIGKILL,
             NULL, 0);
}

static gboolean
on_kill_timer (gpointer data)
{
  VtProcess *self = data;
  self->kill_timer = 0;
  kill_now (self);
  return G_SOURCE_REMOVE;
}

void
vt_process_kill (VtProcess *self)
{
  self->told = true;
  if (self->ended || self->kill_timer)
    return;
  if (self->connection == NULL) {
    kill_now (self);
    return;
  }
  self->kill_timer = g_timeout_add_seconds (QUIT_SECONDS, on_kill_timer, self);
  vt_process_command (self, "quit", NULL, -1, NULL, NULL, NULL);
}

/* ---- QMP ---- */

static bool
send_text (VtProcess *self, const char *text, int fd, GError **error)
{
  GOutputVector vector = { text, strlen (text) };
  g_autoptr (GSocketControlMessage) message = NULL;
  if (self->connection == NULL) {
    vt_error_set (error, VT_ERROR_INVALID_STATE, "The machine's process cannot be reached.",
                  "Wait a moment and try again, or end the machine.");
    return false;
  }
  if (fd >= 0) {
    message = g_unix_fd_message_new ();
    if (!g_unix_fd_message_append_fd (G_UNIX_FD_MESSAGE (message), fd, error))
      return false;
  }
  GSocket *socket = g_socket_connection_get_socket (self->connection);
  const gssize n = g_socket_send_message (socket, NULL, &vector, 1, message ? &message : NULL,
                                          message ? 1 : 0, G_SOCKET_MSG_NONE, NULL, error);
  /* What is said is far smaller than a socket's buffer: a machine that leaves it full hangs. */
  if (n >= 0 && n < (gssize)vector.size)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "it does not listen");
  vt_error_adopt (error, "The machine's process does not take commands");
  return n == (gssize)vector.size;
}

void
vt_process_command (VtProcess *self, const char *command, GVariant *arguments, int fd,
                    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_autoptr (GVariant) owned = arguments ? g_variant_ref_sink (arguments) : NULL;
  g_autofree char *json = owned ? json_gvariant_serialize_data (owned, NULL) : NULL;
  GError *error = NULL;
  const int64_t id = ++self->last_id;
  /* Who hands it over himself has another name for it. */
  const bool named = fd >= 0 && strcmp (command, "getfd") != 0;
  g_autofree char *text =
      g_strdup_printf ("%s{\"execute\":\"%s\",\"id\":%" G_GINT64_FORMAT "%s%s}\n",
                       named ? "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"fd\"}}\n" : "", command,
                       id, json ? ",\"arguments\":" : "", json ? json : "");
  const bool sent = send_text (self, text, fd, &error);
  if (fd >= 0)
    close (fd);
  if (sent)
    g_hash_table_insert (self->pending, g_memdup2 (&id, sizeof id), g_object_ref (task));
  else
    g_task_return_error (task, error);
}

GVariant *
vt_process_command_finish (VtProcess *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* A guest may have taken its process over: what it says need not have the types it should. */
static JsonObject *
member_object (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static const char *
member_text (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  return node && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
}

/* What it has refused; what the class of the error says is told by the error's code. */
static GError *
refused_command (JsonObject *problem)
{
  GError *error = NULL;
  const char *class = problem ? member_text (problem, "class") : NULL;
  const char *reason = problem ? member_text (problem, "desc") : NULL;
  if (g_strcmp0 (class, "TrayLocked") == 0) {
    vt_error_set (&error, VT_ERROR_TRAY_LOCKED, "The guest has locked the tray.",
                  "Eject the medium in the guest, or take it out by force.");
    return error;
  }
  g_set_error_literal (&error, G_IO_ERROR,
                       g_strcmp0 (class, "AddressInUse") == 0 ? G_IO_ERROR_ADDRESS_IN_USE : G_IO_ERROR_FAILED,
                       reason ? reason : "it gives no reason");
  vt_error_adopt (&error, "The machine has refused");
  return error;
}

static void
take_reply (VtProcess *self, JsonObject *reply)
{
  const int64_t id = json_object_get_int_member_with_default (reply, "id", 0);
  gpointer key, value;
  if (!g_hash_table_steal_extended (self->pending, &id, &key, &value))
    return;
  g_autoptr (GTask) task = value;
  g_free (key);
  GError *error = NULL;
  JsonNode *node = json_object_get_member (reply, "return");
  GVariant *result = node ? json_gvariant_deserialize (node, NULL, &error) : NULL;
  if (result) {
    g_task_return_pointer (task, g_variant_ref_sink (result), (GDestroyNotify)g_variant_unref);
    return;
  }
  if (error)
    vt_error_adopt (&error, "The machine has refused");
  else
    error = refused_command (member_object (reply, "error"));
  g_task_return_error (task, error);
}

static void
set_state (VtProcess *self, const char *state)
{
  if (strcmp (state, "running") == 0)
    g_clear_pointer (&self->reason, g_free);
  g_free (self->state);
  self->state = g_strdup (state);
  if (self->starting) {
    g_autoptr (GTask) task = g_steal_pointer (&self->starting);
    g_clear_handle_id (&self->start_timer, g_source_remove);
    g_task_return_pointer (task, g_object_ref (self), g_object_unref);
  }
  g_signal_emit (self, signals[SIGNAL_STATE], 0, self->state, self->reason);
}

static void
on_status (GObject *source, GAsyncResult *result, gpointer data)
{
  VtProcess *self = VT_PROCESS (source);
  g_autoptr (GVariant) status = vt_process_command_finish (self, result, NULL);
  const char *state;
  if (status && g_variant_lookup (status, "status", "&s", &state) && !self->ended)
    set_state (self, state);
}

static void
ask_state (VtProcess *self)
{
  vt_process_command (self, "query-status", NULL, -1, NULL, on_status, NULL);
}

static void
note_disk_error (VtProcess *self, JsonObject *data)
{
  const bool full = data && json_object_get_boolean_member_with_default (data, "nospace", FALSE);
  g_free (self->reason);
  self->reason = g_strdup (
      full ? "The disk on which the machine is kept is full.\nFree some space, then let it go on."
           : "A disk of the machine cannot be read or written.\nLook at its log, then let it go on.");
}

static void
take_event (VtProcess *self, const char *name, JsonObject *event)
{
  JsonObject *data = member_object (event, "data");
  if (strcmp (name, "STOP") == 0 || strcmp (name, "RESUME") == 0)
    ask_state (self);
  else if (strcmp (name, "SHUTDOWN") == 0)
    self->shut_down = true;
  else if (strcmp (name, "BLOCK_IO_ERROR") == 0)
    note_disk_error (self, data);
  JsonNode *node = data ? json_object_get_member (event, "data") : NULL;
  GVariant *parsed = node ? json_gvariant_deserialize (node, NULL, NULL) : NULL;
  g_autoptr (GVariant) value = parsed ? g_variant_ref_sink (parsed) : NULL;
  g_signal_emit (self, signals[SIGNAL_EVENT], 0, name, value);
}

static void
take_line (VtProcess *self, const char *line)
{
  g_autoptr (JsonNode) node = json_from_string (line, NULL);
  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    return;
  JsonObject *object = json_node_get_object (node);
  const char *event = member_text (object, "event");
  if (json_object_has_member (object, "QMP")) {
    send_text (self, "{\"execute\":\"qmp_capabilities\"}\n", -1, NULL);
    ask_state (self);
  } else if (event) {
    take_event (self, event, object);
  } else {
    take_reply (self, object);
  }
}

static void read_more (VtProcess *self);

/* The next whole line of what has been read; NULL: there is none yet. */
static char *
next_line (GInputStream *input)
{
  gsize size;
  const char *bytes = g_buffered_input_stream_peek_buffer (G_BUFFERED_INPUT_STREAM (input), &size);
  const char *end = size ? memchr (bytes, '\n', size) : NULL;
  if (end == NULL)
    return NULL;
  char *line = g_strndup (bytes, (gsize)(end - bytes));
  g_input_stream_skip (input, (gsize)(end - bytes) + 1, NULL, NULL);
  return line;
}

static void
on_filled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtProcess) self = data;
  g_autoptr (GInputStream) input = g_object_ref (G_INPUT_STREAM (source));
  const gssize n = g_buffered_input_stream_fill_finish (G_BUFFERED_INPUT_STREAM (source), result, NULL);
  char *line;
  while (n > 0 && self->input && (line = next_line (input))) {
    take_line (self, line);
    g_free (line);
  }
  if (self->input == NULL)
    return;
  if (n > 0 && g_buffered_input_stream_get_available (G_BUFFERED_INPUT_STREAM (input)) < ANSWER_MAX) {
    read_more (self);
    return;
  }
  disconnect (self);
  fail_pending (self);
}

static void
read_more (VtProcess *self)
{
  g_buffered_input_stream_fill_async (G_BUFFERED_INPUT_STREAM (self->input), -1, G_PRIORITY_DEFAULT,
                                      self->cancel, on_filled, g_object_ref (self));
}

static bool
connect_to (VtProcess *self, GError **error)
{
  g_autofree char *path = vt_machine_socket_path (self->uuid);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (socket)
    g_socket_set_blocking (socket, FALSE);
  if (!socket || !g_socket_connect (socket, address, NULL, error))
    return false;
  self->connection = g_socket_connection_factory_create_connection (socket);
  self->input = g_buffered_input_stream_new_sized (
      g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), ANSWER_MAX);
  read_more (self);
  return true;
}

/* ---- Start and adoption ---- */

/* Somebody is there, and is busy, as with reading a saved machine back: it says what state it is in when it
 * can. */
static void
be_patient (VtProcess *self)
{
  self->start_timer = 0;
  set_state (self, "inmigrate");
}

static gboolean
on_start_timer (gpointer data)
{
  VtProcess *self = data;
  self->start_timer = 0;
  if (self->watch) {
    be_patient (self);
  } else if (self->starting) {
    g_autoptr (GTask) task = g_steal_pointer (&self->starting);
    GError *error = NULL;
    vt_error_set (&error, VT_ERROR_FAILED, "The machine's process does not answer.",
                  "Start the machine again.");
    vt_process_kill (self);
    g_task_return_error (task, error);
  }
  return G_SOURCE_REMOVE;
}

static void
on_start_cancelled (GCancellable *cancellable, VtProcess *self)
{
  if (self->starting)
    kill_now (self);
}

/* Waits for its greeting; takes the task. */
static void
await_state (VtProcess *self, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  self->starting = task;
  /* Nobody else need hold it until the task has ended, which a connection that breaks does not do. */
  g_object_set_data_full (G_OBJECT (task), "process", g_object_ref (self), g_object_unref);
  if (cancellable)
    g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (on_start_cancelled), self, 0);
  if (g_cancellable_is_cancelled (cancellable))
    kill_now (self);
}

typedef struct {
  VtConf *conf;
  char *folder, *boot_drive, *restore;
  VtProcessOptions options;
} Start;

static void
free_start (void *data)
{
  Start *start = data;
  vt_conf_free (start->conf);
  g_free (start->folder);
  g_free (start->boot_drive);
  g_free (start->restore);
  g_free (start);
}

static void
spawn (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Start *start = data;
  GError *error = NULL;
  GSubprocess *child = vt_machine_spawn (start->conf, start->folder, &start->options, &error);
  if (child)
    g_task_return_pointer (task, child, g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
on_spawned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Start *start = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;
  GSubprocess *child = g_task_propagate_pointer (G_TASK (result), &error);
  if (child == NULL) {
    g_task_return_error (task, error);
    return;
  }
  g_autoptr (VtProcess) self = process_new (start->conf->uuid, start->folder);
  self->child = child;
  self->pid = atoi (g_subprocess_get_identifier (child) ? g_subprocess_get_identifier (child) : "0");
  g_subprocess_wait_async (child, NULL, on_child_end, g_object_ref (self));
  await_state (self, g_steal_pointer (&task));
  /* Reading a saved machine back takes as long as it takes. */
  if (start->restore == NULL)
    self->start_timer = g_timeout_add_seconds (CONNECT_SECONDS, on_start_timer, self);
  if (!connect_to (self, &error)) {
    task = g_steal_pointer (&self->starting);
    vt_error_adopt (&error, "The machine's process cannot be reached");
    kill_now (self);
    g_task_return_error (task, error);
  }
}

void
vt_process_start (const VtConf *conf, const char *folder, const VtProcessOptions *options,
                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  Start *start = g_new0 (Start, 1);
  start->conf = vt_conf_copy (conf);
  start->folder = g_strdup (folder);
  start->boot_drive = g_strdup (options->boot_drive);
  start->restore = g_strdup (options->restore);
  start->options = (VtProcessOptions){ options->paused, start->boot_drive, start->restore };
  g_autoptr (GTask) inner =
      g_task_new (NULL, NULL, on_spawned, g_task_new (NULL, cancellable, callback, data));
  g_task_set_task_data (inner, start, free_start);
  g_task_run_in_thread (inner, spawn);
}

VtProcess *
vt_process_start_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Who listens there: -1: nobody; 0: that cannot be told yet. */
static int
listener_of (const char *path)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GError) error = NULL;
  if (socket)
    g_socket_set_blocking (socket, FALSE);
  if (!socket || !g_socket_connect (socket, address, NULL, &error))
    return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING) ||
                   g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)
               ? 0
               : -1;
  g_autoptr (GCredentials) peer = g_socket_get_credentials (socket, NULL);
  return peer ? (int)g_credentials_get_unix_pid (peer, NULL) : 0;
}

static gboolean
on_adopt_timer (gpointer data)
{
  VtProcess *self = data;
  if (self->watch)
    be_patient (self);
  else
    self->start_timer = g_timeout_add_seconds (CONNECT_SECONDS, on_start_timer, self);
  return G_SOURCE_REMOVE;
}

/* A process that was started a moment before its engine was killed does not listen itself yet: who seems to
 * is that engine, which is gone. */
static gboolean
try_adopt (gpointer data)
{
  VtProcess *self = data;
  g_autofree char *path = vt_machine_socket_path (self->uuid);
  if (self->ended || g_cancellable_is_cancelled (self->cancel))
    return G_SOURCE_REMOVE;
  if (self->watch == NULL) {
    self->pid = listener_of (path);
    if (self->pid < 0) {
      adopted_has_ended (self);
      return G_SOURCE_REMOVE;
    }
    if (self->pid == 0 || !watch_pid (self))
      return G_SOURCE_CONTINUE;
  }
  return connect_to (self, NULL) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

void
vt_process_adopt (const char *uuid, const char *folder, GCancellable *cancellable,
                  GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autofree char *path = vt_machine_socket_path (uuid);
  g_autoptr (VtProcess) self = process_new (uuid, folder);
  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_task_return_pointer (task, NULL, NULL);
    return;
  }
  await_state (self, g_steal_pointer (&task));
  self->start_timer = g_timeout_add_seconds (ADOPT_SECONDS, on_adopt_timer, self);
  if (try_adopt (self) == G_SOURCE_CONTINUE)
    g_timeout_add_full (G_PRIORITY_DEFAULT, ADOPT_AGAIN_MS, try_adopt, g_object_ref (self), g_object_unref);
}

VtProcess *
vt_process_adopt_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

int
vt_process_pid (VtProcess *self)
{
  return self->pid;
}

const char *
vt_process_state (VtProcess *self)
{
  return self->state;
}

/* ---- Streams ---- */

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply = vt_process_command_finish (VT_PROCESS (source), result, &error);
  const int fd = GPOINTER_TO_INT (g_task_get_task_data (task));
  if (reply) {
    g_task_return_int (task, fd);
  } else {
    close (fd);
    g_task_return_error (task, error);
  }
}

void
vt_process_open (VtProcess *self, const char *protocol, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);
  int fds[2];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
    g_task_return_new_error (task, G_IO_ERROR, g_io_error_from_errno (errno), "%s", g_strerror (errno));
    g_object_unref (task);
    return;
  }
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&dict, "protocol", "s", protocol);
  g_variant_dict_insert (&dict, "fdname", "s", "fd");
  g_variant_dict_insert (&dict, "skipauth", "b", TRUE);
  g_task_set_task_data (task, GINT_TO_POINTER (fds[0]), NULL);
  vt_process_command (self, "add_client", g_variant_dict_end (&dict), fds[1], NULL, on_opened, task);
}

int
vt_process_open_finish (VtProcess *self, GAsyncResult *result, GError **error)
{
  return (int)g_task_propagate_int (G_TASK (result), error);
}

/* ---- Samples ---- */

/* The sum of a number over a list of dictionaries, or of dictionaries in these. */
static uint64_t
sum_of (GVariant *list, const char *inner, const char *key)
{
  uint64_t sum = 0;
  for (gsize i = 0; list && g_variant_is_container (list) && i < g_variant_n_children (list); i++) {
    g_autoptr (GVariant) child = g_variant_get_child_value (list, i);
    g_autoptr (GVariant) item = g_variant_is_of_type (child, G_VARIANT_TYPE_VARIANT)
                                    ? g_variant_get_variant (child)
                                    : g_variant_ref (child);
    if (!g_variant_is_of_type (item, G_VARIANT_TYPE_VARDICT))
      continue;
    g_autoptr (GVariant) stats =
        inner ? g_variant_lookup_value (item, inner, G_VARIANT_TYPE_VARDICT) : g_variant_ref (item);
    int64_t number = 0;
    if (stats && g_variant_lookup (stats, key, "x", &number))
      sum += (uint64_t)number;
  }
  return sum;
}

/* Processor time in microseconds, and memory in bytes. */
static void
read_proc (VtProcess *self, uint64_t *ret_cpu, uint64_t *ret_memory)
{
  g_autofree char *stat_path = g_strdup_printf ("/proc/%d/stat", self->pid), *stat = NULL;
  g_autofree char *statm_path = g_strdup_printf ("/proc/%d/statm", self->pid), *statm = NULL;
  unsigned long user = 0, system = 0, resident = 0;
  *ret_cpu = *ret_memory = 0;
  if (g_file_get_contents (stat_path, &stat, NULL, NULL) && strrchr (stat, ')') &&
      sscanf (strrchr (stat, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
              &system) == 2)
    *ret_cpu = (uint64_t)(user + system) * G_USEC_PER_SEC / (uint64_t)sysconf (_SC_CLK_TCK);
  if (g_file_get_contents (statm_path, &statm, NULL, NULL) && sscanf (statm, "%*u %lu", &resident) == 1)
    *ret_memory = (uint64_t)resident * (uint64_t)sysconf (_SC_PAGESIZE);
}

static uint64_t
rate (uint64_t *last, uint64_t now, int64_t elapsed)
{
  const uint64_t moved = elapsed > 0 && now > *last ? now - *last : 0;
  *last = now;
  return elapsed > 0 ? moved * G_USEC_PER_SEC / (uint64_t)elapsed : 0;
}

static void
on_net_sampled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  VtProcess *self = VT_PROCESS (source);
  GError *error = NULL;
  g_autoptr (GVariant) nets = vt_process_command_finish (self, result, &error);
  GVariant *disks = g_task_get_task_data (task);
  uint64_t cpu;
  if (!nets) {
    g_task_return_error (task, error);
    return;
  }
  VtSample *sample = g_new0 (VtSample, 1);
  sample->time = g_get_monotonic_time ();
  const int64_t elapsed = self->last.time ? sample->time - self->last.time : 0;
  read_proc (self, &cpu, &sample->memory);
  sample->cpu = elapsed > 0 && cpu > self->last_cpu ? (double)(cpu - self->last_cpu) / (double)elapsed : 0;
  self->last_cpu = cpu;
  sample->disk_read = rate (&self->last_disk[0], sum_of (disks, "stats", "rd_bytes"), elapsed);
  sample->disk_write = rate (&self->last_disk[1], sum_of (disks, "stats", "wr_bytes"), elapsed);
  sample->net_receive = rate (&self->last_net[0], sum_of (nets, NULL, "rx-bytes"), elapsed);
  sample->net_send = rate (&self->last_net[1], sum_of (nets, NULL, "tx-bytes"), elapsed);
  self->last = *sample;
  g_task_return_pointer (task, sample, g_free);
}

static void
on_disks_sampled (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  GError *error = NULL;
  GVariant *disks = vt_process_command_finish (VT_PROCESS (source), result, &error);
  if (!disks) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  g_task_set_task_data (task, disks, (GDestroyNotify)g_variant_unref);
  vt_process_command (VT_PROCESS (source), "query-netstats", NULL, -1, NULL, on_net_sampled, task);
}

void
vt_process_sample (VtProcess *self, GAsyncReadyCallback callback, gpointer data)
{
  vt_process_command (self, "query-blockstats", NULL, -1, NULL, on_disks_sampled,
                      g_task_new (self, NULL, callback, data));
}

bool
vt_process_sample_finish (VtProcess *self, GAsyncResult *result, VtSample *ret_sample, GError **error)
{
  g_autofree VtSample *sample = g_task_propagate_pointer (G_TASK (result), error);
  if (sample)
    *ret_sample = *sample;
  return sample != NULL;
}
