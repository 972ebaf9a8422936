/* SPDX-License-Identifier: GPL-3.0-or-later */

/* In the place of machine-process.c: a process that runs no guest. It is real so far as that it survives the
 * engine, and is found again by a file in the runtime directory. */

#include "error.h"
#include "machine-process.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct _VtProcess {
  GObject parent;
  GPid pid;
  char *pid_file;
  bool ended;
  const char *state;
  guint watch;
};
G_DEFINE_TYPE (VtProcess, vt_process, G_TYPE_OBJECT)

static void
vt_process_finalize (GObject *object)
{
  VtProcess *process = VT_PROCESS (object);
  if (process->watch != 0)
    g_source_remove (process->watch);
  g_free (process->pid_file);
  G_OBJECT_CLASS (vt_process_parent_class)->finalize (object);
}

static void
vt_process_class_init (VtProcessClass *class)
{
  GType type = G_TYPE_FROM_CLASS (class);
  G_OBJECT_CLASS (class)->finalize = vt_process_finalize;
  g_signal_new ("state", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
                G_TYPE_STRING);
  g_signal_new ("ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
  g_signal_new ("event", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
                G_TYPE_VARIANT);
}

static void
vt_process_init (VtProcess *process)
{
  process->state = "running";
}

static char *
pid_file (const char *uuid)
{
  return g_strdup_printf ("%s/vitrine/%s.pid", g_get_user_runtime_dir (), uuid);
}

static void
end (VtProcess *process, GError *why)
{
  if (process->ended)
    return;
  process->ended = true;
  g_unlink (process->pid_file);
  g_signal_emit_by_name (process, "ended", why);
  g_clear_error (&why);
}

/* A child is reaped; one of an earlier engine is looked at. */
static gboolean
look (gpointer data)
{
  VtProcess *process = data;
  if (kill (process->pid, 0) == 0 || process->ended)
    return G_SOURCE_CONTINUE;
  process->watch = 0;
  g_object_ref (process);
  end (process,
       g_error_new (VT_ERROR, VT_ERROR_CRASHED, "The machine's process was killed.\nStart it again."));
  g_object_unref (process);
  return G_SOURCE_REMOVE;
}

static VtProcess *
process_new (GPid pid, const char *uuid)
{
  VtProcess *process = g_object_new (VT_TYPE_PROCESS, NULL);
  process->pid = pid;
  process->pid_file = pid_file (uuid);
  process->watch = g_timeout_add (20, look, process);
  return process;
}

void
vt_process_start (const VtConf *conf, const char *folder, const VtProcessOptions *options,
                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  char *argv[] = { "sleep", "30", NULL };
  GError *error = NULL;
  GPid pid;
  g_autofree char *file = pid_file (conf->uuid), *log = g_build_filename (folder, "machine.log", NULL);
  g_file_set_contents (log, "fake\n", -1, NULL);
  if (strcmp (conf->cpu, "refused") == 0) {
    vt_error_set (&error, VT_ERROR_INVALID_ARGUMENT, "There is no such CPU.", "Choose another.");
    g_task_return_error (task, error);
    return;
  }
  if (!g_spawn_async (NULL, argv, NULL,
                      G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                      NULL, &pid, &error)) {
    g_task_return_error (task, error);
    return;
  }
  g_autofree char *number = g_strdup_printf ("%d", pid);
  g_file_set_contents (file, number, -1, NULL);
  VtProcess *process = process_new (pid, conf->uuid);
  process->state = options->paused ? "paused" : "running";
  g_task_return_pointer (task, process, g_object_unref);
}

VtProcess *
vt_process_start_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
vt_process_adopt (const char *uuid, const char *folder, GCancellable *cancellable,
                  GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autofree char *file = pid_file (uuid), *text = NULL;
  int pid = g_file_get_contents (file, &text, NULL, NULL) ? atoi (text) : 0;
  if (pid == 0)
    g_task_return_pointer (task, NULL, NULL);
  else if (kill (pid, 0) == 0)
    g_task_return_pointer (task, process_new (pid, uuid), g_object_unref);
  else {
    g_unlink (file);
    g_task_return_new_error (task, VT_ERROR, VT_ERROR_CRASHED,
                             "The machine's process has ended.\nStart it again.");
  }
}

VtProcess *
vt_process_adopt_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

char *
vt_machine_forward_rule (const VtConfForward *forward, bool to_guest)
{
  return g_strdup_printf ("tcp:%u-", forward->host_port);
}

int
vt_process_pid (VtProcess *process)
{
  return process->pid;
}

const char *
vt_process_state (VtProcess *process)
{
  return process->state;
}

static void
set_state (VtProcess *process, const char *state)
{
  process->state = state;
  g_signal_emit_by_name (process, "state", state, NULL);
}

/* A picture of 4 by 2 pixels. */
static void
draw (int fd)
{
  char picture[64] = "P6\n4 2\n255\n";
  g_assert_cmpint (write (fd, picture, strlen (picture) + 24), >, 0);
}

static gboolean
refuse_later (gpointer data)
{
  g_autoptr (GTask) task = data;
  g_task_return_new_error (task, VT_ERROR, VT_ERROR_FAILED, "The port is in use.\nChoose another.");
  return G_SOURCE_REMOVE;
}

void
vt_process_command (VtProcess *process, const char *command, GVariant *arguments, int fd,
                    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (process, cancellable, callback, data);
  g_autoptr (GVariant) held = arguments ? g_variant_ref_sink (arguments) : NULL;
  GVariant *reply = g_variant_new ("a{sv}", NULL);
  if (strcmp (command, "screendump") == 0)
    draw (fd);
  if (fd >= 0)
    close (fd);
  if (strcmp (command, "stop") == 0)
    set_state (process, "paused");
  else if (strcmp (command, "cont") == 0)
    set_state (process, "running");
  const char *rule = NULL;
  if (strcmp (command, "hostfwd-add") == 0 && g_variant_lookup (held, "rule", "&s", &rule) &&
      strstr (rule, ":6666-")) {
    g_variant_unref (g_variant_ref_sink (reply));
    g_timeout_add (50, refuse_later, g_steal_pointer (&task));
    return;
  }
  g_task_return_pointer (task, g_variant_ref_sink (reply), (GDestroyNotify)g_variant_unref);
}

GVariant *
vt_process_command_finish (VtProcess *process, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* What is written comes back. */
static gpointer
echo (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  char buffer[512];
  ssize_t n = write (fd, "hello\n", 6);
  while (n > 0 && (n = read (fd, buffer, sizeof buffer)) > 0)
    n = send (fd, buffer, (size_t)n, MSG_NOSIGNAL);
  close (fd);
  return NULL;
}

void
vt_process_open (VtProcess *process, const char *protocol, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (process, cancellable, callback, data);
  int fds[2];
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_thread_unref (g_thread_new ("echo", echo, GINT_TO_POINTER (fds[1])));
  g_task_return_int (task, fds[0]);
}

int
vt_process_open_finish (VtProcess *process, GAsyncResult *result, GError **error)
{
  return (int)g_task_propagate_int (G_TASK (result), error);
}

static gboolean
end_later (gpointer data)
{
  end (data, NULL);
  return G_SOURCE_REMOVE;
}

void
vt_process_kill (VtProcess *process)
{
  kill (process->pid, SIGKILL);
  g_idle_add_full (G_PRIORITY_HIGH, end_later, g_object_ref (process), g_object_unref);
}

void
vt_process_sample (VtProcess *process, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (process, NULL, callback, data);
  g_task_return_boolean (task, TRUE);
}

bool
vt_process_sample_finish (VtProcess *process, GAsyncResult *result, VtSample *ret_sample, GError **error)
{
  *ret_sample = (VtSample){ g_get_monotonic_time (), 0.5, 1 << 20, 1, 2, 3, 4 };
  return g_task_propagate_boolean (G_TASK (result), error);
}
