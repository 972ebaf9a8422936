/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Guest threads: each is a host thread. */

#include "user-thread.h"

#include "syscall/syscall.h"
#include "user-abi.h"
#include "user-debug.h"
#include "user-signal.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

#if defined __SANITIZE_ADDRESS__
enum { HOST_STACK = 1024 * 1024 };
#else
enum { HOST_STACK = 256 * 1024 };
#endif

void (*user_exit_hook) (void);

UserThread *
user_thread_new (Cpu *cpu)
{
  UserThread *thread = g_new0 (UserThread, 1);
  thread->cpu = cpu;
  thread->sighand = user_process.sighand;
  thread->altstack_flags = SS_DISABLE;
  cpu->owner = thread;
  user_signal_thread_reset (thread);
  return thread;
}

void
user_thread_free (UserThread *thread)
{
  cpu_free (thread->cpu);
  user_signal_thread_free (thread);
  g_free (thread);
}

void
user_thread_enter (UserThread *thread)
{
  user_self = thread;
  thread->tid = (pid_t)syscall (SYS_gettid);
  user_signal_stack_init ();
  user_signal_mask_changed (thread);
  user_signal_set_host (~UINT64_C (0));
  g_mutex_lock (&user_process.lock);
  user_process.threads = g_list_append (user_process.threads, thread);
  user_process.n_threads++;
  g_mutex_unlock (&user_process.lock);
}

/* ---- creation ---- */

typedef struct {
  UserThread *thread;
  const UserClone *args; /* valid until `result` is set */
  GMutex lock;
  GCond done;
  int64_t result; /* 0: not yet; the thread's id, or -errno */
} Start;

static void
report (Start *start, int64_t result)
{
  g_mutex_lock (&start->lock);
  start->result = result;
  g_cond_signal (&start->done);
  g_mutex_unlock (&start->lock);
}

/* What clone's flags do not share, and libc's threads always do. */
static int
stop_sharing (uint64_t flags)
{
  int apart = (int)(~flags & (CLONE_FS | CLONE_FILES | CLONE_SYSVSEM));
  apart |= (int)(flags & (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP));
  return apart && unshare (apart) < 0 ? -errno : 0;
}

static void
store_tid (uint64_t addr, pid_t tid)
{
  /* The kernel does not report a bad address either. */
  if (user_write (addr, &tid, sizeof tid) < 0)
    return;
}

static int64_t
make_pidfd (const UserClone *args, pid_t tid)
{
  int64_t fd = HOST_CALL (SYS_pidfd_open, tid, PIDFD_THREAD);
  if (fd >= 0 && user_write (args->pidfd, &(int){ (int)fd }, sizeof (int)) < 0) {
    close ((int)fd);
    return -EFAULT;
  }
  return fd;
}

/* The new thread's part of clone; its id or -errno. */
static G_NO_INLINE int64_t
settle_in (UserThread *thread, const UserClone *args)
{
  pid_t tid = (pid_t)syscall (SYS_gettid);
  int error = stop_sharing (args->flags);
  if (error)
    return error;
  if (args->flags & CLONE_PIDFD) {
    int64_t fd = make_pidfd (args, tid);
    if (fd < 0)
      return fd;
  }
  if (args->flags & CLONE_PARENT_SETTID)
    store_tid (args->ptid, tid);
  if (args->flags & CLONE_CHILD_SETTID)
    store_tid (args->ctid, tid);
  if (args->flags & CLONE_CHILD_CLEARTID)
    thread->clear_child_tid = args->ctid;
  user_thread_enter (thread);
  return tid;
}

static void *
thread_main (void *data)
{
  Start *start = data;
  UserThread *thread = start->thread;
  sigjmp_buf leave;
  int64_t result = settle_in (thread, start->args);
  if (result < 0) {
    report (start, result);
    return NULL;
  }
  if (sigsetjmp (leave, 0) == 0) {
    thread->leave = &leave;
    report (start, result);
    if (user_debugger && user_debugger->thread_started)
      user_debugger->thread_started (thread);
    user_loop (thread);
  }
  return NULL;
}

static int
start_host_thread (Start *start)
{
  pthread_attr_t attr;
  pthread_t handle;
  if (pthread_attr_init (&attr))
    return -EAGAIN;
  pthread_attr_setdetachstate (&attr, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize (&attr, HOST_STACK);
  /* Until it has its handler stack, the thread must not be one the kernel could choose for a signal. */
  user_signal_block_entirely ();
  int error = pthread_create (&handle, &attr, thread_main, start);
  user_signal_set_host (~UINT64_C (0));
  pthread_attr_destroy (&attr);
  return error ? -EAGAIN : 0;
}

int64_t
user_thread_create (UserThread *parent, const UserClone *args)
{
  const UserAbi *abi = user_process.abi;
  Start start = { .args = args };
  if (args->set_tid_size)
    return -EPERM;
  /* libc's state of this host thread is the parent process's: see user_vm_process(). */
  if (parent->vm_process)
    return -EAGAIN;
  user_signal_block_all (parent);
  if (parent->queue->async_signo)
    return -USER_ERESTARTSYS;
  UserThread *thread = user_thread_new (cpu_clone (parent->cpu));
  thread->sighand = parent->sighand;
  thread->sigmask = parent->sigmask;
  thread->tagged_pointers = parent->tagged_pointers;
  abi->finish_syscall (thread->cpu, 0);
  if (args->stack)
    abi->set_stack (thread->cpu, args->stack);
  if (args->flags & CLONE_SETTLS)
    abi->set_tls (thread->cpu, args->tls);
  start.thread = thread;
  g_mutex_init (&start.lock);
  g_cond_init (&start.done);
  int64_t result = start_host_thread (&start);
  if (result == 0) {
    g_mutex_lock (&start.lock);
    while (start.result == 0)
      g_cond_wait (&start.done, &start.lock);
    result = start.result;
    g_mutex_unlock (&start.lock);
  }
  if (result < 0)
    user_thread_free (thread);
  g_mutex_clear (&start.lock);
  g_cond_clear (&start.done);
  return result;
}

/* ---- end ---- */

/* True for the last thread. */
static bool
leave_list (UserThread *thread)
{
  g_mutex_lock (&user_process.lock);
  user_process.threads = g_list_remove (user_process.threads, thread);
  bool last = --user_process.n_threads == 0;
  g_mutex_unlock (&user_process.lock);
  user_rest_begin (thread);
  if (last && user_exit_hook)
    user_exit_hook ();
  return last;
}

/* Futexes in the order of the kernel: locks are given up before the thread's id says that it is gone. */
static void
release_futexes (UserThread *thread)
{
  const int zero = 0;
  if (thread->robust_list) {
    user_robust_list_exit (thread);
    HOST_CALL (SYS_set_robust_list, NULL, 24);
  }
  if (thread->clear_child_tid == 0)
    return;
  if (user_write (thread->clear_child_tid, &zero, sizeof zero) == 0)
    HOST_CALL (SYS_futex, g2h (thread->clear_child_tid), FUTEX_WAKE, 1);
}

G_NORETURN static void
user_thread_exit (UserThread *thread, int status)
{
  /* The kernel clears this one's tid itself. */
  if (thread->vm_process) {
    user_robust_list_exit (thread);
    for (;;)
      syscall (SYS_exit_group, status);
  }
  thread->exit_status = status;
  thread->exited = true;
  if (user_debugger && user_debugger->thread_exiting)
    user_debugger->thread_exiting (thread);
  /* Signals for the process go to other threads from here on. */
  user_signal_set_host (~UINT64_C (0));
  if (thread->queue->async_signo)
    user_signal_give_back (&thread->queue->async);
  bool last = leave_list (thread);
  release_futexes (thread);
  if (last || thread->leave == NULL) {
    /* The process's status is the last thread's, or the first one's on older kernels.  The first one's memory
     * stays in use. */
    for (;;)
      syscall (SYS_exit, status);
  }
  sigjmp_buf *leave = thread->leave;
  user_signal_stack_free ();
  user_self = NULL;
  user_thread_free (thread);
  siglongjmp (*leave, 1);
}

G_NORETURN static void
user_exit_group (int status)
{
  UserThread *thread = user_self;
  if (thread == NULL || !thread->vm_process) {
    if (user_debugger && user_debugger->exiting)
      user_debugger->exiting (status, 0);
    if (user_exit_hook)
      user_exit_hook ();
  }
  if (thread)
    user_robust_lists_exit (thread);
  /* Ends all threads at once, in whatever they are. */
  for (;;)
    syscall (SYS_exit_group, status);
}

int64_t
sys_exit (UserThread *thread, const uint64_t *a)
{
  user_thread_exit (thread, (int)a[0] & 0xff);
}

int64_t
sys_exit_group (UserThread *thread, const uint64_t *a)
{
  user_exit_group ((int)a[0] & 0xff);
}

int64_t
sys_set_tid_address (UserThread *thread, const uint64_t *a)
{
  thread->clear_child_tid = a[0];
  /* In a process of its own, nobody but the kernel sees it end when it is killed. */
  if (thread->vm_process)
    return HOST_CALL (SYS_set_tid_address, user_ptr (a[0], 4));
  return thread->tid;
}
