/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Run state: start, stop, reset, and what other threads ask for. */

#include "machine-private.h"

/* Requests wait for nothing but the I/O that is being looked at. */
#define REQUEST_PRIORITY (G_PRIORITY_HIGH)

static const char *const state_names[] = {
  [MACHINE_PRELAUNCH] = "prelaunch", [MACHINE_RUNNING] = "running",     [MACHINE_PAUSED] = "paused",
  [MACHINE_IO_ERROR] = "io-error",   [MACHINE_DEBUG] = "debug",         [MACHINE_SHUTDOWN] = "shutdown",
  [MACHINE_SAVED] = "postmigrate",   [MACHINE_RESTORING] = "inmigrate",
};

/* The machine that drive errors stop: there is one per process. */
static Machine *the_machine;

const char *
machine_state_name (MachineState state)
{
  return state_names[state];
}

void
machine_add_listener (Machine *machine, const MachineListener *listener)
{
  g_array_append_val (machine->priv->listeners, *listener);
}

void
machine_set_state (Machine *machine, MachineState state)
{
  GArray *listeners = machine->priv->listeners;

  if (machine->state == state)
    return;
  machine->state = state;
  for (unsigned i = 0; i < listeners->len; i++) {
    const MachineListener *l = &g_array_index (listeners, MachineListener, i);
    if (l->state)
      l->state (l->opaque, state);
  }
}

static void
pause_vcpus (Machine *machine)
{
  for (unsigned i = 0; i < machine->vcpus->len; i++)
    vcpu_pause (machine->vcpus->pdata[i]);
  for (unsigned i = 0; i < machine->vcpus->len; i++)
    vcpu_wait_paused (machine->vcpus->pdata[i]);
}

static void
pause_nets (bool paused)
{
  g_autoptr (GPtrArray) nets = net_backend_list ();

  for (unsigned i = 0; i < nets->len; i++)
    net_backend_pause (nets->pdata[i], paused);
}

/* What the guest was told is written shall be so when the machine stands. */
static void
drain_drives (void)
{
  g_autoptr (GPtrArray) drives = drive_list ();

  for (unsigned i = 0; i < drives->len; i++) {
    Block *block = drive_block (drives->pdata[i]);
    if (block == NULL)
      continue;
    block_drain (block);
    if (!block_read_only (block))
      block_flush (block);
  }
}

void
machine_halt (Machine *machine)
{
  if (machine->priv->halted)
    return;
  machine->priv->halted = true;
  pause_vcpus (machine);
  clock_stop (machine->clock);
  pause_nets (true);
  device_quiesce (machine->root);
  drain_drives ();
}

void
machine_unhalt (Machine *machine)
{
  if (!machine->priv->halted)
    return;
  machine->priv->halted = false;
  device_resume (machine->root);
  pause_nets (false);
  clock_start (machine->clock);
  for (unsigned i = 0; i < machine->vcpus->len; i++)
    vcpu_resume (machine->vcpus->pdata[i]);
}

static gboolean handle_requests (void *opaque);

/* What was asked for before the machine goes on, now rather than after some more instructions of the guest.
 */
static void
handle_requests_now (Machine *machine)
{
  struct MachinePrivate *priv = machine->priv;

  g_mutex_lock (&priv->lock);
  bool pending = priv->source != NULL;
  if (pending)
    g_source_destroy (priv->source);
  g_mutex_unlock (&priv->lock);
  if (pending)
    handle_requests (machine);
}

void
machine_start (Machine *machine)
{
  handle_requests_now (machine);
  /* A guest that has powered off runs again after a reset only, one that is being restored when that is done.
   */
  if (machine->state == MACHINE_RUNNING || machine->state == MACHINE_SHUTDOWN ||
      machine->state == MACHINE_RESTORING || machine->priv->ended)
    return;
  if (!machine->priv->reset_done)
    machine_reset_halted (machine);
  machine_set_state (machine, MACHINE_RUNNING);
  machine_unhalt (machine);
}

void
machine_stop (Machine *machine, MachineState why)
{
  bool interruption = why == MACHINE_PAUSED || why == MACHINE_IO_ERROR || why == MACHINE_DEBUG;

  machine_halt (machine);
  /* A machine that stands for another reason keeps that. */
  if (machine->state == MACHINE_RUNNING || !interruption)
    machine_set_state (machine, why);
}

void
machine_reset_halted (Machine *machine)
{
  device_reset (machine->root);
  for (unsigned i = 0; i < machine->vcpus->len; i++) {
    Cpu *cpu = machine_cpu (machine, i);
    cpu->isa->system->reset (cpu);
    cpu_tlb_flush_remote (cpu);
  }
  machine->priv->reset_done = true;
  if (machine->board->reset)
    machine->board->reset (machine);
}

void
machine_reset (Machine *machine)
{
  GArray *listeners = machine->priv->listeners;
  bool moving = !machine->priv->halted;

  machine_halt (machine);
  machine_reset_halted (machine);
  for (unsigned i = 0; i < listeners->len; i++) {
    const MachineListener *l = &g_array_index (listeners, MachineListener, i);
    if (l->reset)
      l->reset (l->opaque);
  }
  if (moving)
    machine_unhalt (machine);
  else if (machine->state != MACHINE_RESTORING)
    machine_set_state (machine, MACHINE_PRELAUNCH);
}

static void
end (Machine *machine, int exit_code)
{
  machine->priv->exit_code = exit_code;
  machine->priv->ended = true;
  if (machine->priv->loop)
    g_main_loop_quit (machine->priv->loop);
}

static void
shut_down (Machine *machine, int exit_code, bool guest)
{
  GArray *listeners = machine->priv->listeners;

  if (machine->priv->ended)
    return;
  machine_stop (machine, MACHINE_SHUTDOWN);
  for (unsigned i = 0; i < listeners->len; i++) {
    const MachineListener *l = &g_array_index (listeners, MachineListener, i);
    if (l->shutdown)
      l->shutdown (l->opaque, exit_code, guest);
  }
  if (!guest || !machine->config->no_shutdown)
    end (machine, exit_code);
}

static gboolean
handle_requests (void *opaque)
{
  Machine *machine = opaque;
  struct MachinePrivate *priv = machine->priv;

  g_mutex_lock (&priv->lock);
  unsigned pending = priv->pending;
  int shutdown_code = priv->shutdown_code, quit_code = priv->quit_code;
  MachineState why = priv->stop_why;
  Vcpu *debug_vcpu = priv->debug_vcpu;
  priv->pending = 0;
  priv->debug_vcpu = NULL;
  g_clear_pointer (&priv->source, g_source_unref);
  g_mutex_unlock (&priv->lock);

  if (pending & MACHINE_REQ_QUIT)
    shut_down (machine, quit_code, false);
  else if (pending & MACHINE_REQ_SHUTDOWN)
    shut_down (machine, shutdown_code, true);
  else if (pending & MACHINE_REQ_RESET && machine->config->no_reboot)
    shut_down (machine, 0, true);
  else if (pending & MACHINE_REQ_RESET)
    machine_reset (machine);
  if (pending & MACHINE_REQ_STOP && machine->state == MACHINE_RUNNING && !priv->ended)
    machine_stop (machine, why);
  if (debug_vcpu && machine->state == MACHINE_DEBUG && priv->debug_hit)
    priv->debug_hit (priv->debug_opaque, debug_vcpu);
  return G_SOURCE_REMOVE;
}

/* With the lock held. */
static void
request (Machine *machine, unsigned bits)
{
  struct MachinePrivate *priv = machine->priv;

  priv->pending |= bits;
  if (priv->source == NULL) {
    priv->source = g_idle_source_new ();
    g_source_set_priority (priv->source, REQUEST_PRIORITY);
    g_source_set_callback (priv->source, handle_requests, machine, NULL);
    g_source_attach (priv->source, NULL);
  }
}

/* A vCPU whose instruction has switched the machine off, or reset it, executes no more. */
static void
pause_requester (void)
{
  Vcpu *current = vcpu_current ();

  if (current)
    vcpu_pause (current);
}

void
machine_request_reset (Machine *machine)
{
  g_mutex_lock (&machine->priv->lock);
  request (machine, MACHINE_REQ_RESET);
  pause_requester ();
  g_mutex_unlock (&machine->priv->lock);
}

void
machine_request_shutdown (Machine *machine, int exit_code)
{
  g_mutex_lock (&machine->priv->lock);
  machine->priv->shutdown_code = exit_code;
  request (machine, MACHINE_REQ_SHUTDOWN);
  pause_requester ();
  g_mutex_unlock (&machine->priv->lock);
}

void
machine_request_stop (Machine *machine, MachineState why)
{
  g_mutex_lock (&machine->priv->lock);
  machine->priv->stop_why = why;
  request (machine, MACHINE_REQ_STOP);
  g_mutex_unlock (&machine->priv->lock);
}

void
machine_request_quit (Machine *machine, int exit_code)
{
  g_mutex_lock (&machine->priv->lock);
  machine->priv->quit_code = exit_code;
  request (machine, MACHINE_REQ_QUIT);
  g_mutex_unlock (&machine->priv->lock);
}

void
machine_set_debug_hook (Machine *machine, void (*hit) (void *opaque, Vcpu *vcpu), void *opaque)
{
  machine->priv->debug_hit = hit;
  machine->priv->debug_opaque = opaque;
}

void
machine_vcpu_debug (void *opaque, Vcpu *vcpu)
{
  Machine *machine = opaque;

  g_mutex_lock (&machine->priv->lock);
  machine->priv->debug_vcpu = vcpu;
  machine->priv->stop_why = MACHINE_DEBUG;
  request (machine, MACHINE_REQ_STOP);
  g_mutex_unlock (&machine->priv->lock);
}

static void
stop_for_drive (Drive *drive, bool write, int error)
{
  if (the_machine)
    machine_request_stop (the_machine, MACHINE_IO_ERROR);
}

void
machine_init_run_state (Machine *machine)
{
  struct MachinePrivate *priv = machine->priv;

  g_mutex_init (&priv->lock);
  priv->listeners = g_array_new (FALSE, FALSE, sizeof (MachineListener));
  priv->halted = true;
  pause_nets (true);
  the_machine = machine;
  drive_stop_machine = stop_for_drive;
}

void
machine_free_run_state (Machine *machine)
{
  struct MachinePrivate *priv = machine->priv;

  if (the_machine == machine)
    the_machine = NULL;
  g_mutex_lock (&priv->lock);
  if (priv->source) {
    g_source_destroy (priv->source);
    g_clear_pointer (&priv->source, g_source_unref);
  }
  g_mutex_unlock (&priv->lock);
  g_array_unref (priv->listeners);
  g_mutex_clear (&priv->lock);
}

int
machine_run (Machine *machine)
{
  struct MachinePrivate *priv = machine->priv;

  if (!priv->ended) {
    priv->loop = g_main_loop_new (NULL, FALSE);
    g_main_loop_run (priv->loop);
    g_clear_pointer (&priv->loop, g_main_loop_unref);
  }
  return priv->exit_code;
}
