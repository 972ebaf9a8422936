/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What guest threads have to tell, and where they wait for gdb's answer. */

#include "gdb-process.h"

#include "user-thread.h"
#include <errno.h>
#include <unistd.h>

_Thread_local GdbUserThread *gdb_self;
GdbProcess gdb_process = { .socket = -1, .wake = -1 };

static void
wake_stub (void)
{
  const uint64_t one = 1;
  while (write (gdb_process.wake, &one, sizeof one) < 0 && errno == EINTR)
    ;
}

int
gdb_report (GdbUserThread *t, const UserStop *stop)
{
  user_rest_begin (t->user);
  g_mutex_lock (&gdb_lock);
  t->stop = *stop;
  t->reported = t->decided = t->released = false;
  t->deliver = stop->kind == USER_STOP_SIGNAL ? stop->info.si_signo : 0;
  wake_stub ();
  while (!t->released && !gdb_process.gone)
    g_cond_wait (&gdb_process.released, &gdb_lock);
  t->stop.kind = USER_STOP_NONE;
  int deliver = t->deliver;
  g_mutex_unlock (&gdb_lock);
  user_rest_end (t->user);
  return deliver;
}

/* A process in its parent's memory is not debugged, but shares breakpoints with who is: it runs past them. */
static void
run_undisturbed (Cpu *cpu)
{
  gdb_watch_cpu (cpu, false);
  cpu->single_step = false;
  cpu->interpret = cpu->ignore_breakpoints = true;
  cpu_invalidate (cpu->state.pc, 1);
}

static void
leave_handler_start (GdbUserThread *t)
{
  if (t->entering != 0)
    cpu_breakpoint_remove (t->entering);
  t->entering = 0;
}

static void
on_stopped (UserThread *user)
{
  GdbUserThread *t = gdb_self;
  Cpu *cpu = user->cpu;
  UserStop stop = { .kind = USER_STOP_NONE };
  if (user->vm_process || t == NULL) {
    run_undisturbed (cpu);
    return;
  }
  const GdbServer *s = &gdb_process.server;
  bool watched = gdb_watch_stopped (&t->gdb), entered = t->entering != 0;
  leave_handler_start (t);
  cpu->single_step = gdb_thread_steps (&t->gdb);
  if (watched && t->gdb.hit != 0)
    stop = (UserStop){ .kind = USER_STOP_WATCH, .watch = t->gdb.hit, .watch_addr = t->gdb.hit_addr };
  else if (!watched && cpu->single_step && (entered || gdb_step_done (s, &t->gdb)))
    stop.kind = USER_STOP_STEP;
  else if (!watched && !cpu->single_step && gdb_has_breakpoint (s, cpu->state.pc))
    stop.kind = USER_STOP_BREAKPOINT;
  if (stop.kind == USER_STOP_NONE)
    return;
  gdb_watch_cancel (&t->gdb);
  gdb_report (t, &stop);
}

/* A step over the start of a handler ends there. */
static void
expect_handler (GdbUserThread *t, int sig)
{
  UserSighand *hand = t->user->sighand;
  g_mutex_lock (&hand->lock);
  uint64_t handler = hand->action[sig].handler;
  g_mutex_unlock (&hand->lock);
  leave_handler_start (t);
  if (handler == (uintptr_t)SIG_DFL || handler == (uintptr_t)SIG_IGN)
    return;
  t->entering = handler;
  cpu_breakpoint_insert (handler);
}

static int
on_signal (UserThread *user, const siginfo_t *info)
{
  GdbUserThread *t = gdb_self;
  int sig = info->si_signo;
  uint64_t bit = UINT64_C (1) << (sig - 1);
  if (user->vm_process || t == NULL)
    return sig;
  gdb_watch_cancel (&t->gdb);
  user->cpu->single_step = gdb_thread_steps (&t->gdb);
  bool injected = (__atomic_fetch_and (&t->inject, ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
  if (!injected && !(gdb_process.pass & bit)) {
    UserStop stop = { .kind = USER_STOP_SIGNAL, .info = *info };
    sig = gdb_report (t, &stop);
  }
  if (sig != 0 && user->cpu->single_step)
    expect_handler (t, sig);
  return sig;
}

static void
on_thread_started (UserThread *user)
{
  user->cpu->single_step = false;
  gdb_self = gdb_thread_add (&gdb_process, user);
}

static void
report_exit (int status, int sig)
{
  UserStop stop = { .kind = USER_STOP_EXIT, .status = status, .exit_sig = sig };
  if (gdb_self != NULL && !user_self->vm_process)
    gdb_report (gdb_self, &stop);
}

static void
on_thread_exiting (UserThread *user)
{
  GdbUserThread *t = gdb_self;
  if (t == NULL)
    return;
  g_mutex_lock (&gdb_lock);
  bool last = gdb_process.server.threads->len == 1;
  g_mutex_unlock (&gdb_lock);
  if (last)
    report_exit (user->exit_status, 0);
  leave_handler_start (t);
  gdb_self = NULL;
  gdb_thread_remove (&gdb_process, t);
  __atomic_store_n (&gdb_process.recheck, true, __ATOMIC_SEQ_CST);
  wake_stub ();
}

/* The child has no stub thread; it keeps the two descriptors' numbers hidden. */
static void
on_forked_child (UserThread *user)
{
  close (gdb_process.socket);
  close (gdb_process.wake);
  user->cpu->single_step = false;
  user->cpu->ignore_breakpoints = false;
  gdb_watch_cpu (user->cpu, false);
  cpu_breakpoints_forget ();
  gdb_self = NULL;
  user_debugger_set (NULL);
}

const UserDebugger gdb_debugger = {
  .stopped = on_stopped,
  .signal = on_signal,
  .thread_started = on_thread_started,
  .thread_exiting = on_thread_exiting,
  .exiting = report_exit,
  .forked_child = on_forked_child,
};
