/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The connection, and what the machine does while gdb looks on. */

#include "gdb-machine-private.h"

#include <string.h>

/* Fits into what a character back end keeps while it is writable. */
#define PIECE 32768

GdbMachine *gdb_machine;

/* ---- bytes ---- */

static void flush (void *opaque);

static void
send_some (GdbMachine *s)
{
  while (s->out->len > 0 && chardev_writable (s->chr)) {
    guint n = MIN (s->out->len, PIECE);
    chardev_write (s->chr, s->out->data, n);
    g_byte_array_remove_range (s->out, 0, n);
  }
  if (s->out->len > 0 && !s->waits) {
    s->waits = true;
    chardev_notify_writable (s->chr, flush, s);
  }
}

static void
flush (void *opaque)
{
  GdbMachine *s = opaque;
  s->waits = false;
  send_some (s);
}

static void
send_bytes (GdbMachine *s, const char *data, size_t size)
{
  g_byte_array_append (s->out, (const guint8 *)data, (guint)size);
  send_some (s);
}

void
gdb_send (GdbMachine *s, const char *data, size_t size)
{
  g_string_truncate (s->sent, 0);
  gdb_frame (s->sent, data, size);
  send_bytes (s, s->sent->str, s->sent->len);
}

static void
run_command (GdbMachine *s)
{
  switch (gdb_command (s, s->reader.data, s->reader.size)) {
    case GDB_RESUME: gdb_run (s); break;
    case GDB_DETACH:
      gdb_let_go (s);
      s->attached = false;
      /* With -S it is gdb that the machine has waited for. */
      if (s->machine->state == MACHINE_PRELAUNCH)
        machine_start (s->machine);
      break;
    case GDB_KILL: machine_request_quit (s->machine, 0); break;
    case GDB_STAY: break;
  }
}

static void
take_byte (GdbMachine *s, uint8_t byte)
{
  GdbIn in = gdb_reader_byte (&s->reader, byte);
  bool whole = in == GDB_IN_PACKET || in == GDB_IN_TOO_LONG;
  if ((whole || in == GDB_IN_DAMAGED) && !s->no_ack)
    send_bytes (s, whole ? "+" : "-", 1);
  /* While the guest runs, gdb has nothing to say but that it should stop. */
  if (in == GDB_IN_INTERRUPT && s->running)
    gdb_interrupt (s);
  else if (in == GDB_IN_PACKET && !s->running)
    run_command (s);
  else if (in == GDB_IN_TOO_LONG)
    gdb_send (s, "E22", 3);
  else if (in == GDB_IN_REPEAT && !s->no_ack)
    send_bytes (s, s->sent->str, s->sent->len);
}

/* ---- the character back end ---- */

static size_t
can_receive (void *opaque)
{
  return 4096;
}

static void
receive (void *opaque, const uint8_t *data, size_t size)
{
  GdbMachine *s = opaque;
  /* A byte may be the end of the server: monitor gdbserver none. */
  for (size_t i = 0; i < size && gdb_machine == s && s->chr != NULL; i++)
    take_byte (s, data[i]);
}

static void
attach (GdbMachine *s)
{
  s->reader = (GdbReader){ 0 };
  g_byte_array_set_size (s->out, 0);
  s->no_ack = s->multiprocess = s->physical = s->running = false;
  s->general = s->resume = 0;
  s->current = 0;
  s->signal = GDB_SIGNAL_TRAP;
  s->watch = NULL;
  s->attached = true;
  s->stopping = true;
  machine_stop (s->machine, MACHINE_DEBUG);
  s->stopping = false;
}

static void
on_connection (void *opaque, bool connected)
{
  GdbMachine *s = opaque;
  if (connected) {
    attach (s);
  } else if (s->attached) {
    s->attached = false;
    gdb_let_go (s);
  }
}

/* ---- the machine ---- */

/* Started or stopped by others: the monitor, an error of a disk. */
static void
on_state (void *opaque, MachineState state)
{
  GdbMachine *s = gdb_machine;
  if (s == NULL || !s->attached || s->stopping)
    return;
  if (state == MACHINE_RUNNING && !s->running) {
    for (unsigned i = 0; i < s->n_vcpus; i++)
      s->vcpus[i].action = GDB_CONTINUE;
    gdb_sync_points (s);
    s->running = true;
  } else if (s->running && (state == MACHINE_PAUSED || state == MACHINE_SAVED)) {
    gdb_report (s, s->current, GDB_SIGNAL_INT);
  } else if (s->running && state == MACHINE_IO_ERROR) {
    gdb_report (s, s->current, GDB_SIGNAL_STOP);
  }
}

static void
on_shutdown (void *opaque, int exit_code, bool guest)
{
  GdbMachine *s = gdb_machine;
  if (s == NULL || !s->attached)
    return;
  if (guest && s->machine->config->no_shutdown) {
    if (s->running)
      gdb_report (s, s->current, GDB_SIGNAL_QUIT);
    return;
  }
  g_string_printf (s->reply, "W%02x", (unsigned)exit_code & 0xff);
  if (s->multiprocess)
    g_string_append (s->reply, ";process:1");
  gdb_send (s, s->reply->str, s->reply->len);
}

static void
listen_to_machine (Machine *machine)
{
  static const MachineListener listener = { .state = on_state, .shutdown = on_shutdown };
  static bool listening;
  if (!listening)
    machine_add_listener (machine, &listener);
  listening = true;
}

/* ---- start and end ---- */

/* Whoever reaches a debugger can do what the program can: by default only this computer does. */
static char *
chardev_text (const char *where)
{
  if (*where != '\0' && where[strspn (where, "0123456789")] == '\0')
    return g_strdup_printf ("tcp:127.0.0.1:%s,server=on,wait=off", where);
  if (g_str_has_prefix (where, "tcp::"))
    return g_strdup_printf ("tcp:127.0.0.1:%s%s", where + strlen ("tcp::"),
                            strchr (where, ',') ? "" : ",server=on,wait=off");
  if ((g_str_has_prefix (where, "tcp:") || g_str_has_prefix (where, "unix:")) && !strchr (where, ','))
    return g_strconcat (where, ",server=on,wait=off", NULL);
  return g_strdup (where);
}

static void
add_vcpus (GdbMachine *s)
{
  s->n_vcpus = s->machine->vcpus->len;
  s->vcpus = g_new0 (GdbVcpu, s->n_vcpus);
  for (unsigned i = 0; i < s->n_vcpus; i++) {
    s->vcpus[i].vcpu = s->machine->vcpus->pdata[i];
    s->vcpus[i].cpu = vcpu_cpu (s->vcpus[i].vcpu);
    s->vcpus[i].action = GDB_CONTINUE;
  }
}

GdbMachine *
gdb_machine_new (Machine *machine, const char *where, GError **error)
{
  static const ChardevFrontend frontend = { can_receive, receive, on_connection, NULL, NULL };
  g_autofree char *text = chardev_text (where);
  Chardev *chr = chardev_new_legacy (text, error);
  if (chr == NULL)
    return NULL;
  GdbMachine *s = g_new0 (GdbMachine, 1);
  s->machine = machine;
  s->chr = chr;
  s->out = g_byte_array_new ();
  s->sent = g_string_new (NULL);
  s->reply = g_string_sized_new (4096);
  s->wanted = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  s->inserted = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  add_vcpus (s);
  gdb_machine = s;
  listen_to_machine (machine);
  machine_set_debug_hook (machine, gdb_on_debug, s);
  if (!chardev_attach (chr, &frontend, s, error)) {
    gdb_machine_free (s);
    return NULL;
  }
  /* stdio and its like are connected from the start. */
  if (chardev_connected (chr) && !s->attached)
    attach (s);
  return s;
}

void
gdb_machine_free (GdbMachine *s)
{
  if (s == NULL)
    return;
  if (s->attached)
    gdb_let_go (s);
  machine_set_debug_hook (s->machine, NULL, NULL);
  chardev_detach_one (s->chr, s);
  chardev_free (g_steal_pointer (&s->chr));
  gdb_machine = NULL;
  g_byte_array_unref (s->out);
  g_string_free (s->sent, TRUE);
  g_string_free (s->reply, TRUE);
  g_hash_table_unref (s->wanted);
  g_hash_table_unref (s->inserted);
  g_free (s->vcpus);
  g_free (s);
}
