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
send_some (GdbMachine *m)
{
  while (m->out->len > 0 && chardev_writable (m->chr)) {
    guint n = MIN (m->out->len, PIECE);
    chardev_write (m->chr, m->out->data, n);
    g_byte_array_remove_range (m->out, 0, n);
  }
  if (m->out->len > 0 && !m->waits) {
    m->waits = true;
    chardev_notify_writable (m->chr, flush, m);
  }
}

static void
flush (void *opaque)
{
  GdbMachine *m = opaque;
  m->waits = false;
  send_some (m);
}

void
gdb_machine_send (GdbServer *s, const char *data, size_t size)
{
  GdbMachine *m = (GdbMachine *)s;
  if (m->chr == NULL)
    return;
  g_byte_array_append (m->out, (const guint8 *)data, (guint)size);
  send_some (m);
}

static void
obey (GdbMachine *m, GdbNext next)
{
  switch (next) {
    case GDB_RESUME: gdb_machine_run (m); break;
    case GDB_INTERRUPT: gdb_machine_interrupt (m); break;
    case GDB_DETACH:
      gdb_machine_let_go (m);
      m->attached = false;
      /* With -S it is gdb that the machine has waited for. */
      if (m->machine->state == MACHINE_PRELAUNCH)
        machine_start (m->machine);
      break;
    case GDB_KILL: machine_request_quit (m->machine, 0); break;
    case GDB_STAY: break;
  }
}

/* ---- the character back end ---- */

static void
release (GdbMachine *m)
{
  gdb_server_clear (&m->server);
  g_byte_array_unref (m->out);
  g_free (m->vcpus);
  g_free (m);
}

static size_t
can_receive (void *opaque)
{
  return 4096;
}

static void
receive (void *opaque, const uint8_t *data, size_t size)
{
  GdbMachine *m = opaque;
  m->busy = true;
  for (size_t i = 0; i < size && m->attached; i++)
    obey (m, gdb_server_byte (&m->server, data[i]));
  m->busy = false;
  if (m->chr == NULL)
    release (m);
}

static void
attach (GdbMachine *m)
{
  gdb_server_restart (&m->server);
  g_byte_array_set_size (m->out, 0);
  m->physical = false;
  m->attached = true;
  m->stopping = true;
  machine_stop (m->machine, MACHINE_DEBUG);
  m->stopping = false;
}

static void
on_connection (void *opaque, bool connected)
{
  GdbMachine *m = opaque;
  if (connected) {
    attach (m);
  } else if (m->attached) {
    m->attached = false;
    gdb_machine_let_go (m);
  }
}

/* ---- the machine ---- */

/* Started or stopped by others: the monitor, an error of a disk. */
static void
on_state (void *opaque, MachineState state)
{
  GdbMachine *m = gdb_machine;
  if (m == NULL || !m->attached || m->stopping)
    return;
  GdbServer *s = &m->server;
  if (state == MACHINE_RUNNING && !s->running) {
    for (unsigned i = 0; i < m->n_vcpus; i++)
      m->vcpus[i].gdb.action = GDB_CONTINUE;
    gdb_sync_breakpoints (s);
    s->running = true;
  } else if (s->running && (state == MACHINE_PAUSED || state == MACHINE_SAVED)) {
    gdb_machine_report (m, (GdbVcpu *)s->current, GDB_SIGNAL_INT);
  } else if (s->running && state == MACHINE_IO_ERROR) {
    gdb_machine_report (m, (GdbVcpu *)s->current, GDB_SIGNAL_STOP);
  }
}

static void
on_shutdown (void *opaque, int exit_code, bool guest)
{
  const GdbStop end = { .kind = GDB_STOP_EXITED, .value = (unsigned)exit_code };
  GdbMachine *m = gdb_machine;
  if (m == NULL || !m->attached)
    return;
  if (!guest || !m->machine->config->no_shutdown)
    gdb_server_tell (&m->server, m->server.current, &end);
  else if (m->server.running)
    gdb_machine_report (m, (GdbVcpu *)m->server.current, GDB_SIGNAL_QUIT);
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
add_vcpus (GdbMachine *m)
{
  m->n_vcpus = m->machine->vcpus->len;
  m->vcpus = g_new0 (GdbVcpu, m->n_vcpus);
  for (unsigned i = 0; i < m->n_vcpus; i++) {
    GdbVcpu *v = &m->vcpus[i];
    v->vcpu = m->machine->vcpus->pdata[i];
    gdb_server_add (&m->server, &v->gdb, (int)i + 1, vcpu_cpu (v->vcpu));
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
  GdbMachine *m = g_new0 (GdbMachine, 1);
  m->machine = machine;
  m->chr = chr;
  m->out = g_byte_array_new ();
  gdb_server_init (&m->server, &gdb_machine_target, 1);
  add_vcpus (m);
  gdb_machine = m;
  listen_to_machine (machine);
  machine_set_debug_hook (machine, gdb_machine_on_debug, m);
  if (!chardev_attach (chr, &frontend, m, error)) {
    gdb_machine_free (m);
    return NULL;
  }
  /* stdio and its like are connected from the start. */
  if (chardev_connected (chr) && !m->attached)
    attach (m);
  return m;
}

void
gdb_machine_free (GdbMachine *m)
{
  if (m == NULL)
    return;
  if (m->attached)
    gdb_machine_let_go (m);
  machine_set_debug_hook (m->machine, NULL, NULL);
  chardev_detach_one (m->chr, m);
  chardev_free (g_steal_pointer (&m->chr));
  gdb_machine = NULL;
  /* It may be gdb itself that ends the server: monitor gdbserver none. */
  m->attached = false;
  if (!m->busy)
    release (m);
}
