/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Delivery of what the slots hold: order, masks, flags of the action, and signals the kernel gets back. */

#include "guest-thread.h"

enum { HANDLER = 0x5000 };

static UserThread *
new_thread (void)
{
  UserThread *thread = guest_thread_new (64);
  user_signal_stack_init ();
  thread->cpu->state.pc = 0x1000;
  return thread;
}

static void
end_thread (UserThread *thread)
{
  user_signal_set_host (0);
  user_self = NULL;
  user_thread_free (thread);
}

static void
handle (int sig, uint64_t flags, uint64_t mask)
{
  user_process.sighand->action[sig] =
      (UserSigaction){ .handler = HANDLER + sig * 16, .flags = flags, .mask = mask };
  user_signal_update_host (user_process.sighand, sig);
}

/* As the host's handler leaves it. */
static void
put_sync (UserThread *thread, int slot, int sig)
{
  thread->queue->sync[slot] = (siginfo_t){ .si_signo = sig, .si_code = SI_TKILL };
  thread->pending |= USER_SIGBIT (sig);
  thread->attention = 1;
}

static void
put_async (UserThread *thread, int sig)
{
  thread->queue->async = (siginfo_t){ .si_signo = sig, .si_code = SI_TKILL };
  thread->queue->async.si_pid = getpid ();
  thread->queue->async_signo = sig;
  thread->pending |= USER_SIGBIT (sig);
  thread->host_blocked = true;
  thread->attention = 1;
}

static uint64_t
host_mask (void)
{
  uint64_t mask = 0;
  syscall (__NR_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof mask);
  return mask;
}

static void
test_mask (void)
{
  UserThread *thread = new_thread ();
  handle (SIGUSR1, 0, USER_SIGBIT (SIGUSR2) | USER_UNBLOCKABLE);
  put_async (thread, SIGUSR1);
  user_signal_deliver (thread);
  g_assert_cmpuint (thread->cpu->state.pc, ==, HANDLER + SIGUSR1 * 16);
  g_assert_cmpuint (thread->sigmask, ==, USER_SIGBIT (SIGUSR1) | USER_SIGBIT (SIGUSR2));
  g_assert_cmpuint (host_mask (), ==, thread->sigmask);
  g_assert_cmpint (thread->queue->async_signo, ==, 0);
  g_assert_cmpuint (thread->attention, ==, 0);
  g_assert_true (user_frame_pop (thread));
  user_signal_deliver (thread);
  g_assert_cmpuint (thread->sigmask, ==, 0);
  g_assert_cmpuint (host_mask (), ==, 0);
  g_assert_cmpuint (thread->cpu->state.pc, ==, 0x1000);
  end_thread (thread);
}

static void
test_flags (void)
{
  UserThread *thread = new_thread ();
  handle (SIGUSR1, SA_NODEFER | SA_RESETHAND, 0);
  put_async (thread, SIGUSR1);
  user_signal_deliver (thread);
  g_assert_cmpuint (thread->sigmask, ==, 0);
  g_assert_cmpuint (user_process.sighand->action[SIGUSR1].handler, ==, USER_SIG_DFL);
  /* Ignored by default, and by choice. */
  uint64_t pc = thread->cpu->state.pc;
  handle (SIGUSR1, 0, 0);
  user_process.sighand->action[SIGUSR1].handler = USER_SIG_IGN;
  put_async (thread, SIGUSR1);
  user_signal_deliver (thread);
  put_async (thread, SIGCHLD);
  user_signal_deliver (thread);
  g_assert_cmpuint (thread->cpu->state.pc, ==, pc);
  end_thread (thread);
}

/* Synchronous signals first; the one built last runs first, and its frame returns to the other. */
static void
test_order (void)
{
  UserThread *thread = new_thread ();
  handle (SIGSEGV, 0, 0);
  handle (SIGBUS, 0, 0);
  handle (SIGUSR1, 0, 0);
  put_async (thread, SIGUSR1);
  put_sync (thread, 1, SIGBUS);
  put_sync (thread, 0, SIGSEGV);
  user_signal_deliver (thread);
  static const int order[] = { SIGUSR1, SIGBUS, SIGSEGV };
  for (unsigned i = 0; i < G_N_ELEMENTS (order); i++) {
    g_assert_cmpuint (thread->cpu->state.pc, ==, HANDLER + order[i] * 16);
    g_assert_cmpuint (*guest_x (thread, 10), ==, order[i]);
    g_assert_true (user_frame_pop (thread));
  }
  g_assert_cmpuint (thread->cpu->state.pc, ==, 0x1000);
  g_assert_cmpuint (thread->pending, ==, 0);
  end_thread (thread);
}

/* The mask changed after the kernel had handed it over: it is the kernel's again, with all it says. */
static void
test_give_back (void)
{
  UserThread *thread = new_thread ();
  handle (SIGUSR1, 0, 0);
  user_signal_set_host (~UINT64_C (0));
  put_async (thread, SIGUSR1);
  thread->queue->async.si_code = SI_QUEUE;
  thread->queue->async.si_int = 4711;
  thread->sigmask = USER_SIGBIT (SIGUSR1);
  user_signal_deliver (thread);
  g_assert_cmpuint (thread->cpu->state.pc, ==, 0x1000);
  uint64_t set = USER_SIGBIT (SIGUSR1);
  siginfo_t info;
  struct timespec now = { 0, 0 };
  g_assert_cmpint (syscall (__NR_rt_sigtimedwait, &set, &info, &now, 8), ==, SIGUSR1);
  g_assert_cmpint (info.si_code, ==, SI_QUEUE);
  g_assert_cmpint (info.si_int, ==, 4711);
  end_thread (thread);
}

/* A fault whose signal is blocked or ignored cannot wait: it is taken with the default action, here seen as
 * the death of a child. */
static void
test_force_blocked (void)
{
  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, 0);
    g_test_trap_assert_failed ();
    return;
  }
  UserThread *thread = new_thread ();
  handle (SIGSEGV, 0, 0);
  thread->sigmask = USER_SIGBIT (SIGSEGV);
  user_signal_force (thread, &(siginfo_t){ .si_signo = SIGSEGV, .si_code = SEGV_MAPERR });
  exit (0);
}

static void
test_force (void)
{
  UserThread *thread = new_thread ();
  handle (SIGSEGV, 0, 0);
  user_signal_force (thread,
                     &(siginfo_t){ .si_signo = SIGSEGV, .si_code = SEGV_MAPERR, .si_addr = (void *)0x123 });
  g_assert_cmpuint (thread->cpu->state.pc, ==, HANDLER + SIGSEGV * 16);
  siginfo_t info;
  g_assert_cmpint (user_siginfo_read (&info, *guest_x (thread, 11)), ==, 0);
  g_assert_true (info.si_code == SEGV_MAPERR && info.si_addr == (void *)0x123);
  end_thread (thread);
}

/* An interrupted wait: its temporary mask holds in the handler and not after. */
static void
test_restore_mask (void)
{
  UserThread *thread = new_thread ();
  handle (SIGUSR1, 0, 0);
  thread->saved_sigmask = USER_SIGBIT (SIGUSR2);
  thread->sigmask = 0;
  thread->restore_sigmask = true;
  put_async (thread, SIGUSR1);
  user_signal_deliver (thread);
  g_assert_cmpuint (thread->sigmask, ==, USER_SIGBIT (SIGUSR1));
  g_assert_true (user_frame_pop (thread));
  g_assert_cmpuint (thread->sigmask, ==, USER_SIGBIT (SIGUSR2));
  /* Without a handler it is put back at once. */
  thread->sigmask = 0;
  thread->restore_sigmask = true;
  put_async (thread, SIGCHLD);
  user_signal_deliver (thread);
  g_assert_cmpuint (thread->sigmask, ==, USER_SIGBIT (SIGUSR2));
  end_thread (thread);
}

static void
test_defaults (void)
{
  g_assert_cmpint (user_signal_default (SIGCHLD), ==, USER_DEFAULT_IGNORE);
  g_assert_cmpint (user_signal_default (SIGCONT), ==, USER_DEFAULT_IGNORE);
  g_assert_cmpint (user_signal_default (SIGTSTP), ==, USER_DEFAULT_STOP);
  g_assert_cmpint (user_signal_default (SIGSTOP), ==, USER_DEFAULT_STOP);
  g_assert_cmpint (user_signal_default (SIGABRT), ==, USER_DEFAULT_CORE);
  g_assert_cmpint (user_signal_default (SIGTERM), ==, USER_DEFAULT_TERMINATE);
  g_assert_cmpint (user_signal_default (USER_NSIG), ==, USER_DEFAULT_TERMINATE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/user/queue/mask", test_mask);
  g_test_add_func ("/user/queue/flags", test_flags);
  g_test_add_func ("/user/queue/order", test_order);
  g_test_add_func ("/user/queue/give-back", test_give_back);
  g_test_add_func ("/user/queue/force", test_force);
  g_test_add_func ("/user/queue/force-blocked", test_force_blocked);
  g_test_add_func ("/user/queue/restore-mask", test_restore_mask);
  g_test_add_func ("/user/queue/defaults", test_defaults);
  return g_test_run ();
}
