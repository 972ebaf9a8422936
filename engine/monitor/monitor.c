/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A monitor's life and its bytes; events from the machine to all of them. */

#include "monitor-private.h"

#include <errno.h>
#include <string.h>

/* Unread output up to which input is taken, and events are sent. A client that does not read is not to fill
 * our memory, and gets what it asked for all the same. */
enum { OUT_BUSY = 1 << 20, OUT_FULL = 8 << 20, CHUNK = 32 * 1024 };

MonitorHooks monitor_hooks;
static GPtrArray *monitors;
static Machine *watched;

G_DEFINE_QUARK (vitrine_monitor_error, monitor_error)

bool
monitor_fail (GError **error, MonitorErrorCode code, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, MONITOR_ERROR, (int)code, text);
  return false;
}

void
monitor_set_hooks (const MonitorHooks *hooks)
{
  monitor_hooks = *hooks;
}

static void
unref (Monitor *monitor)
{
  if (--monitor->refs)
    return;
  if (monitor->splitter)
    qmp_splitter_free (monitor->splitter);
  if (monitor->editor)
    hmp_editor_free (monitor->editor);
  g_byte_array_unref (monitor->out);
  g_free (monitor);
}

static void
flush (void *opaque)
{
  Monitor *monitor = opaque;
  unsigned done = 0;
  monitor->waits = false;
  while (done < monitor->out->len && chardev_writable (monitor->chr)) {
    const unsigned n = MIN (monitor->out->len - done, CHUNK);
    chardev_write (monitor->chr, monitor->out->data + done, n);
    done += n;
  }
  const bool was_busy = monitor->out->len >= OUT_BUSY;
  g_byte_array_remove_range (monitor->out, 0, done);
  if (monitor->out->len) {
    monitor->waits = true;
    chardev_notify_writable (monitor->chr, flush, monitor);
  }
  if (was_busy && monitor->out->len < OUT_BUSY)
    chardev_accept_input (monitor->chr);
}

void
monitor_write (Monitor *monitor, const char *text, size_t size)
{
  if (monitor->freed)
    return;
  g_byte_array_append (monitor->out, (const uint8_t *)text, (unsigned)MIN (size, 1u << 30));
  if (!monitor->waits)
    flush (monitor);
}

static size_t
can_receive (void *opaque)
{
  const Monitor *monitor = opaque;
  return monitor->out->len < OUT_BUSY ? 4096 : 0;
}

static void
receive (void *opaque, const uint8_t *data, size_t size)
{
  Monitor *monitor = opaque;
  monitor->refs++;
  if (monitor->splitter)
    qmp_splitter_feed (monitor->splitter, data, size);
  else
    hmp_editor_feed (monitor->editor, data, size);
  unref (monitor);
}

static void
greet (Monitor *monitor)
{
  static const char text[] = "Vitrine " VITRINE_VERSION " monitor - type 'help' for more information\r\n";
  monitor_write (monitor, text, sizeof text - 1);
  hmp_editor_show (monitor->editor);
}

static void
on_event (void *opaque, bool connected)
{
  Monitor *monitor = opaque;
  if (monitor->splitter) {
    qmp_splitter_reset (monitor->splitter);
    monitor->negotiated = false;
  } else {
    hmp_editor_reset (monitor->editor);
  }
  /* Who was there before may have left something unread. */
  if (!connected || monitor->splitter)
    g_byte_array_set_size (monitor->out, 0);
  if (!connected)
    return;
  if (monitor->splitter)
    qmp_session_start (monitor);
  else if (!chardev_is_mux (monitor->chr)) /* There it shows itself when it has the keyboard. */
    greet (monitor);
}

static void
on_focus (void *opaque, bool focused)
{
  Monitor *monitor = opaque;
  if (!focused || !monitor->editor)
    return;
  monitor_write (monitor, "\r\n", 2);
  greet (monitor);
}

static void
write_text (void *opaque, const char *text, size_t size)
{
  monitor_write (opaque, text, size);
}

static void
run_line (void *opaque, const char *line)
{
  Monitor *monitor = opaque;
  g_autoptr (GString) out = g_string_new (NULL);
  hmp_run (&monitor->ctx, line, out);
  g_string_replace (out, "\n", "\r\n", 0);
  monitor_write (monitor, out->str, out->len);
}

/* Events. */

void
monitor_event (const char *name, JsonObject *data)
{
  const gint64 now = g_get_real_time ();
  JsonObject *stamp = json_object_new (), *event = json_object_new ();
  json_object_set_int_member (stamp, "seconds", now / G_USEC_PER_SEC);
  json_object_set_int_member (stamp, "microseconds", now % G_USEC_PER_SEC);
  json_object_set_object_member (event, "timestamp", stamp);
  json_object_set_string_member (event, "event", name);
  if (data)
    json_object_set_object_member (event, "data", data);
  for (unsigned i = 0; monitors && i < monitors->len; i++) {
    Monitor *monitor = monitors->pdata[i];
    if (monitor->negotiated && monitor->out->len < OUT_FULL)
      qmp_send (monitor, node_of_object (json_object_ref (event)));
  }
  json_object_unref (event);
}

void
monitor_send_event (const char *name, GVariant *data)
{
  g_autoptr (GVariant) owned = data ? g_variant_ref_sink (data) : NULL;
  g_autoptr (JsonNode) node = data ? json_gvariant_serialize (owned) : NULL;
  monitor_event (name, node ? json_node_dup_object (node) : NULL);
}

static bool running, reset_by_user;

void
monitor_note_reset (void)
{
  reset_by_user = true;
}

static void
on_state (void *opaque, MachineState state)
{
  if (running != (state == MACHINE_RUNNING))
    monitor_event (running ? "STOP" : "RESUME", NULL);
  running = state == MACHINE_RUNNING;
}

static void
on_reset (void *opaque)
{
  JsonObject *data = json_object_new ();
  json_object_set_boolean_member (data, "guest", !reset_by_user);
  json_object_set_string_member (data, "reason", reset_by_user ? "host-qmp-system-reset" : "guest-reset");
  reset_by_user = false;
  monitor_event ("RESET", data);
}

static void
on_shutdown (void *opaque, int exit_code, bool guest)
{
  JsonObject *data = json_object_new ();
  json_object_set_boolean_member (data, "guest", guest);
  json_object_set_string_member (data, "reason", guest ? "guest-shutdown" : "host-qmp-quit");
  monitor_event ("SHUTDOWN", data);
}

static void
on_device (void *opaque, const char *event, const char *id)
{
  JsonObject *data = json_object_new ();
  if (id)
    json_object_set_string_member (data, "device", id);
  if (id && !strcmp (event, "DEVICE_DELETED")) {
    g_autofree char *path = g_strconcat ("/machine/peripheral/", id, NULL);
    json_object_set_string_member (data, "path", path);
  }
  monitor_event (event, data);
}

typedef struct {
  char *id;
  bool write;
  int error;
} IoError;

static gboolean
tell_io_error (void *opaque)
{
  IoError *e = opaque;
  JsonObject *data = json_object_new ();
  json_object_set_string_member (data, "device", e->id);
  json_object_set_string_member (data, "operation", e->write ? "write" : "read");
  json_object_set_string_member (data, "action", "stop");
  json_object_set_boolean_member (data, "nospace", e->error == -ENOSPC);
  json_object_set_string_member (data, "reason", g_strerror (ABS (e->error)));
  monitor_event ("BLOCK_IO_ERROR", data);
  g_free (e->id);
  g_free (e);
  return G_SOURCE_REMOVE;
}

static void (*stop_machine) (Drive *drive, bool write, int error);

/* The machine's own, and an event before its STOP. Any thread. */
static void
on_io_error (Drive *drive, bool write, int error)
{
  IoError *e = g_new (IoError, 1);
  *e = (IoError){ g_strdup (drive_id (drive) ? drive_id (drive) : ""), write, error };
  g_idle_add_full (G_PRIORITY_HIGH, tell_io_error, e, NULL);
  stop_machine (drive, write, error);
}

/* A machine has its listeners for life. */
static void
watch (Machine *machine)
{
  const MachineListener listener = { on_state, on_reset, on_shutdown, on_device, NULL };
  if (machine == watched)
    return;
  watched = machine;
  running = machine->state == MACHINE_RUNNING;
  reset_by_user = false;
  machine_add_listener (machine, &listener);
  if (drive_stop_machine && drive_stop_machine != on_io_error) {
    stop_machine = drive_stop_machine;
    drive_stop_machine = on_io_error;
  }
}

static Monitor *
monitor_new (Machine *machine, Chardev *chr, bool qmp, GError **error)
{
  static const ChardevFrontend frontend = { can_receive, receive, on_event, on_focus, NULL };
  Monitor *monitor = g_new0 (Monitor, 1);
  monitor->refs = 1;
  monitor->ctx.machine = machine;
  monitor->ctx.monitor = monitor;
  monitor->chr = chr;
  monitor->out = g_byte_array_new ();
  if (qmp)
    monitor->splitter = qmp_splitter_new (qmp_session_value, monitor);
  else
    monitor->editor = hmp_editor_new (write_text, run_line, monitor);
  if (!chardev_attach (chr, &frontend, monitor, error)) {
    unref (monitor);
    return NULL;
  }
  if (!monitors)
    monitors = g_ptr_array_new ();
  g_ptr_array_add (monitors, monitor);
  watch (machine);
  return monitor;
}

Monitor *
monitor_hmp_new (Machine *machine, Chardev *chr, GError **error)
{
  return monitor_new (machine, chr, false, error);
}

Monitor *
monitor_qmp_new (Machine *machine, Chardev *chr, bool pretty, GError **error)
{
  Monitor *monitor = monitor_new (machine, chr, true, error);
  if (monitor)
    monitor->pretty = pretty;
  return monitor;
}

void
monitor_free (Monitor *monitor)
{
  if (!monitor)
    return;
  monitor->freed = true;
  g_ptr_array_remove (monitors, monitor);
  chardev_detach_one (monitor->chr, monitor);
  if (monitors->len == 0)
    watched = NULL; /* The next machine may have the same address. */
  unref (monitor);
}
