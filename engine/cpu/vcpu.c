/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system.h"

#include <sys/syscall.h>
#include <unistd.h>

/* A vCPU's host thread: runs, takes interrupts and exceptions, sleeps while the guest waits, stands still on
 * request. */

struct Vcpu {
  Cpu *cpu;
  unsigned index;
  VcpuHooks hooks;
  GThread *thread;
  pid_t tid;
  /* protects what follows, and the wait for work */
  GMutex lock;
  GCond changed;
  bool pause, paused, quit;
  bool held;   /* stays paused when it is resumed */
  bool kicked; /* something happened since the thread last looked */
  bool waiting;
};

static _Thread_local Vcpu *current;

Vcpu *
vcpu_current (void)
{
  return current;
}

/* Sleeps until there is something to do for a guest that waits. */
static void
wait_for_work (Vcpu *vcpu)
{
  const IsaSystem *isa = vcpu->cpu->system->isa;
  system_settle (vcpu->cpu, false);
  g_mutex_lock (&vcpu->lock);
  vcpu->waiting = true;
  while (!vcpu->kicked && !vcpu->pause && !vcpu->quit && !isa->wakes (vcpu->cpu))
    g_cond_wait (&vcpu->changed, &vcpu->lock);
  vcpu->waiting = false;
  vcpu->kicked = false;
  g_mutex_unlock (&vcpu->lock);
}

bool
vcpu_wait_kick (Vcpu *vcpu)
{
  system_settle (vcpu->cpu, false);
  g_mutex_lock (&vcpu->lock);
  vcpu->waiting = true;
  while (!vcpu->kicked && !vcpu->pause && !vcpu->quit)
    g_cond_wait (&vcpu->changed, &vcpu->lock);
  vcpu->waiting = false;
  vcpu->kicked = false;
  bool goes_on = !vcpu->pause && !vcpu->quit;
  g_mutex_unlock (&vcpu->lock);
  return goes_on;
}

/* Stands still while asked to. False: the thread is to end. */
static bool
obey (Vcpu *vcpu)
{
  bool quit;
  system_settle (vcpu->cpu, false);
  g_mutex_lock (&vcpu->lock);
  while ((vcpu->pause || vcpu->held) && !vcpu->quit) {
    vcpu->paused = true;
    g_cond_broadcast (&vcpu->changed);
    g_cond_wait (&vcpu->changed, &vcpu->lock);
  }
  vcpu->paused = false;
  vcpu->kicked = false;
  quit = vcpu->quit;
  g_mutex_unlock (&vcpu->lock);
  return !quit;
}

static void
debug_stop (Vcpu *vcpu)
{
  vcpu_pause (vcpu);
  if (vcpu->hooks.debug != NULL)
    vcpu->hooks.debug (vcpu->hooks.opaque, vcpu);
}

/* A step of a vCPU that is switched off is over at once. */
static void
wait_off (Vcpu *vcpu)
{
  if (vcpu->cpu->single_step)
    debug_stop (vcpu);
  else
    wait_for_work (vcpu);
}

/* Runs until somebody wants the thread. A debugger's step is one instruction of the code it looks at: no
 * interrupt comes first, waiting is over at once, and a trap ends at its handler. */
static void
run (Vcpu *vcpu)
{
  Cpu *cpu = vcpu->cpu;
  const IsaSystem *isa = cpu->system->isa;
  for (;;) {
    if (isa->is_off != NULL && isa->is_off (cpu)) {
      wait_off (vcpu);
      return;
    }
    if (!cpu->single_step)
      isa->interrupt (cpu);
    IrExit reason = cpu_run (cpu);
    switch (reason) {
      case IR_EXIT_REQUEST: return;
      case IR_EXIT_WAIT:
        if (cpu->single_step)
          debug_stop (vcpu);
        else if (!isa->wakes (cpu))
          wait_for_work (vcpu);
        return;
      case IR_EXIT_DEBUG: debug_stop (vcpu); return;
      default:
        isa->exception (cpu, reason);
        if (!cpu->single_step)
          break;
        debug_stop (vcpu);
        return;
    }
  }
}

static gpointer
thread_main (gpointer data)
{
  Vcpu *vcpu = data;
  current = vcpu;
  g_mutex_lock (&vcpu->lock);
  vcpu->tid = (pid_t)syscall (SYS_gettid);
  g_cond_broadcast (&vcpu->changed);
  g_mutex_unlock (&vcpu->lock);
  while (obey (vcpu))
    run (vcpu);
  return NULL;
}

Vcpu *
vcpu_new (Cpu *cpu, unsigned index, const VcpuHooks *hooks, GError **error)
{
  Vcpu *vcpu = g_new0 (Vcpu, 1);
  vcpu->cpu = cpu;
  vcpu->index = index;
  vcpu->pause = true;
  if (hooks != NULL)
    vcpu->hooks = *hooks;
  g_mutex_init (&vcpu->lock);
  g_cond_init (&vcpu->changed);
  cpu->system->vcpu = vcpu;
  g_autofree char *name = g_strdup_printf ("vcpu%u", index);
  vcpu->thread = g_thread_try_new (name, thread_main, vcpu, error);
  if (vcpu->thread == NULL) {
    g_prefix_error (error, "no thread for vCPU %u: ", index);
    vcpu_free (vcpu);
    return NULL;
  }
  /* Whoever has the vCPU may ask for its thread's id. */
  g_mutex_lock (&vcpu->lock);
  while (vcpu->tid == 0)
    g_cond_wait (&vcpu->changed, &vcpu->lock);
  g_mutex_unlock (&vcpu->lock);
  return vcpu;
}

void
vcpu_free (Vcpu *vcpu)
{
  if (vcpu == NULL)
    return;
  if (vcpu->thread != NULL) {
    g_mutex_lock (&vcpu->lock);
    vcpu->quit = true;
    g_cond_broadcast (&vcpu->changed);
    g_mutex_unlock (&vcpu->lock);
    cpu_request_exit (vcpu->cpu);
    g_thread_join (vcpu->thread);
  }
  vcpu->cpu->system->vcpu = NULL;
  g_mutex_clear (&vcpu->lock);
  g_cond_clear (&vcpu->changed);
  g_free (vcpu);
}

Cpu *
vcpu_cpu (Vcpu *vcpu)
{
  return vcpu->cpu;
}

unsigned
vcpu_index (Vcpu *vcpu)
{
  return vcpu->index;
}

void
vcpu_resume (Vcpu *vcpu)
{
  g_mutex_lock (&vcpu->lock);
  vcpu->pause = false;
  g_cond_broadcast (&vcpu->changed);
  g_mutex_unlock (&vcpu->lock);
}

void
vcpu_hold (Vcpu *vcpu, bool held)
{
  g_mutex_lock (&vcpu->lock);
  vcpu->held = held;
  g_cond_broadcast (&vcpu->changed);
  g_mutex_unlock (&vcpu->lock);
}

void
vcpu_pause (Vcpu *vcpu)
{
  g_mutex_lock (&vcpu->lock);
  vcpu->pause = true;
  g_cond_broadcast (&vcpu->changed);
  g_mutex_unlock (&vcpu->lock);
  cpu_request_exit (vcpu->cpu);
}

void
vcpu_wait_paused (Vcpu *vcpu)
{
  if (vcpu == current)
    return;
  g_mutex_lock (&vcpu->lock);
  while (vcpu->pause && !vcpu->paused)
    g_cond_wait (&vcpu->changed, &vcpu->lock);
  g_mutex_unlock (&vcpu->lock);
}

bool
vcpu_is_paused (Vcpu *vcpu)
{
  g_mutex_lock (&vcpu->lock);
  bool paused = vcpu->paused;
  g_mutex_unlock (&vcpu->lock);
  return paused;
}

void
vcpu_kick (Vcpu *vcpu)
{
  cpu_request_exit (vcpu->cpu);
  g_mutex_lock (&vcpu->lock);
  vcpu->kicked = true;
  if (vcpu->waiting)
    g_cond_broadcast (&vcpu->changed);
  g_mutex_unlock (&vcpu->lock);
}

void
cpu_kick (Cpu *cpu)
{
  if (cpu->system != NULL && cpu->system->vcpu != NULL)
    vcpu_kick (cpu->system->vcpu);
}

void
vcpu_describe (Vcpu *vcpu, GString *out)
{
  g_mutex_lock (&vcpu->lock);
  const char *state = vcpu->paused ? "paused" : vcpu->waiting ? "halted" : "running";
  g_string_append_printf (out, "CPU #%u: thread_id=%d, %s", vcpu->index, (int)vcpu->tid, state);
  g_mutex_unlock (&vcpu->lock);
}
