/* SPDX-License-Identifier: GPL-3.0-or-later */

/* vCPUs go on, each by an action of its own, and what they stop for. */

#include "gdb-machine-private.h"

static void
start (GdbMachine *m)
{
  m->stopping = true;
  machine_start (m->machine);
  m->stopping = false;
}

static void
stop (GdbMachine *m)
{
  m->stopping = true;
  machine_stop (m->machine, MACHINE_DEBUG);
  m->stopping = false;
}

static void
set_running (GdbMachine *m)
{
  bool full_speed = false;
  for (unsigned i = 0; i < m->n_vcpus; i++) {
    GdbVcpu *v = &m->vcpus[i];
    bool hold = v->gdb.action == GDB_HOLD, step = gdb_thread_steps (&v->gdb);
    vcpu_hold (v->vcpu, hold);
    /* A step begins where a breakpoint may stand. */
    v->gdb.cpu->single_step = v->gdb.cpu->ignore_breakpoints = step;
    full_speed = full_speed || (!hold && !step);
  }
  if (full_speed)
    gdb_sync_breakpoints (&m->server);
  m->server.running = true;
  start (m);
}

/* After a stop no vCPU is special: others than gdb may let the machine go on. */
static void
set_standing (GdbMachine *m)
{
  for (unsigned i = 0; i < m->n_vcpus; i++) {
    Cpu *cpu = m->vcpus[i].gdb.cpu;
    vcpu_hold (m->vcpus[i].vcpu, false);
    cpu->single_step = cpu->ignore_breakpoints = false;
  }
}

void
gdb_machine_report (GdbMachine *m, GdbVcpu *v, unsigned signal)
{
  GdbThread *t = &v->gdb;
  GdbStop why = { .kind = GDB_STOP_SIGNAL, .value = signal };
  set_standing (m);
  if (t->hit != 0 && signal == GDB_SIGNAL_TRAP) {
    why = (GdbStop){ .kind = GDB_STOP_WATCH, .watch = t->hit, .addr = t->hit_addr };
    gdb_watch_cancel (t);
  }
  gdb_server_tell (&m->server, t, &why);
}

/* One whose access gdb has not heard of, as another vCPU's stop was told; or NULL. */
static GdbVcpu *
find_unreported (GdbMachine *m)
{
  for (unsigned i = 0; i < m->n_vcpus; i++) {
    const GdbThread *t = &m->vcpus[i].gdb;
    if (t->watch != GDB_WATCH_ARMED && t->hit != 0 && t->action != GDB_HOLD)
      return &m->vcpus[i];
  }
  return NULL;
}

void
gdb_machine_run (GdbMachine *m)
{
  GdbVcpu *unreported = find_unreported (m);
  if (unreported != NULL) {
    gdb_machine_report (m, unreported, GDB_SIGNAL_TRAP);
    return;
  }
  set_running (m);
  /* A guest that has powered off stays as it is. */
  if (m->machine->state != MACHINE_RUNNING && m->server.running)
    gdb_machine_report (m, (GdbVcpu *)m->server.current, GDB_SIGNAL_0);
}

void
gdb_machine_interrupt (GdbMachine *m)
{
  GdbVcpu *v = (GdbVcpu *)m->server.current;
  stop (m);
  /* The one that was told last, unless it was held. */
  for (unsigned i = 0; i < m->n_vcpus && v->gdb.action == GDB_HOLD; i++)
    v = &m->vcpus[i];
  gdb_machine_report (m, v, GDB_SIGNAL_INT);
}

/* Whether gdb hears of it. */
static bool
is_stop (GdbServer *s, GdbThread *t)
{
  bool stepped = t->cpu->single_step && t->action == GDB_STEP;
  if (gdb_watch_stopped (t))
    return t->watch != GDB_WATCH_PASSING;
  return gdb_has_breakpoint (s, t->cpu->state.pc) || (stepped && gdb_step_done (s, t));
}

void
gdb_machine_on_debug (void *opaque, Vcpu *vcpu)
{
  GdbMachine *m = opaque;
  GdbVcpu *v = &m->vcpus[vcpu_index (vcpu)];
  /* gdb has heard of another stop meanwhile: the breakpoint is come to again, the access done again. */
  if (!m->server.running)
    return;
  if (is_stop (&m->server, &v->gdb))
    gdb_machine_report (m, v, GDB_SIGNAL_TRAP);
  else
    set_running (m);
}

void
gdb_machine_let_go (GdbMachine *m)
{
  if (m->server.running)
    stop (m);
  m->server.running = false;
  set_standing (m);
  for (unsigned i = 0; i < m->n_vcpus; i++)
    gdb_watch_cancel (&m->vcpus[i].gdb);
  gdb_remove_points (&m->server);
  if (m->machine->state == MACHINE_DEBUG)
    start (m);
}
