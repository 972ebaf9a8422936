/* SPDX-License-Identifier: GPL-3.0-or-later */

/* New processes.
 *
 * fork: the host's fork.  libc's own function is used where it can express the request, since it puts libc's locks in
 * order; anything else (namespaces, other exit signals, ...) is the raw call with all other guest threads at rest, so
 * that none of them holds a lock the child would need.
 *
 * vfork, and any other CLONE_VM without CLONE_THREAD: a host process in our memory, made with CLONE_VM and CLONE_VFORK
 * on a host stack of its own.  It runs with the thread-local storage of the host thread that made it, which the
 * kernel suspends until the child executes a program or ends; so user_self is set to the child's thread meanwhile, and
 * the child leaves by raw system calls only.  Where the guest did not ask for CLONE_VFORK and wants to go on, a helper
 * host thread makes the process and is the one that is suspended.  A child killed while it holds a lock of ours leaves
 * it held. */

#include "user-thread.h"

#include "syscall/syscall.h"
#include "user-abi.h"
#include "user-debug.h"
#include "user-signal.h"
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CHILD_STACK = 512 * 1024 };

/* ---- fork ---- */

static bool
plain_fork (const UserClone *args)
{
  uint64_t simple = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | CLONE_SETTLS;
  return (args->flags & ~simple) == 0 && args->exit_signal == SIGCHLD && args->set_tid_size == 0;
}

/* Other parts of the program have their own pthread_atfork() handlers. */
static void
lock_all (UserThread *thread)
{
  g_mutex_lock (&thread->sighand->lock);
  g_mutex_lock (&user_process.lock);
  cpu_before_fork ();
}

static void
unlock_all (UserThread *thread)
{
  cpu_after_fork_parent ();
  g_mutex_unlock (&user_process.lock);
  g_mutex_unlock (&thread->sighand->lock);
}

/* The raw call: all that the guest asks for goes to the host kernel. */
static int64_t
raw_fork (const UserClone *args)
{
  struct clone_args c = {
    .flags = args->flags & ~(uint64_t)(CLONE_SETTLS | CLONE_CLEAR_SIGHAND),
    .pidfd = (args->flags & CLONE_PIDFD) ? (uintptr_t)user_ptr (args->pidfd, 4) : 0,
    .child_tid = (uintptr_t)user_ptr (args->ctid, 4),
    .parent_tid = (uintptr_t)user_ptr (args->ptid, 4),
    .exit_signal = (uint64_t)args->exit_signal,
    .set_tid = (uintptr_t)user_ptr (args->set_tid, args->set_tid_size * sizeof (pid_t)),
    .set_tid_size = args->set_tid_size,
    .cgroup = args->cgroup < 0 ? 0 : (uint64_t)args->cgroup,
  };
  return HOST_CALL (SYS_clone3, &c, sizeof c);
}

/* CLONE_CLEAR_SIGHAND: handlers go, ignored signals stay ignored. */
static void
clear_handlers (UserThread *thread)
{
  for (int sig = 1; sig <= USER_NSIG; sig++) {
    UserSigaction *action = &thread->sighand->action[sig];
    if (action->handler != USER_SIG_IGN)
      *action = (UserSigaction){ 0 };
  }
  user_signal_update_all (thread);
}

/* Registers of the child's cpu that clone sets. */
static void
child_registers (Cpu *cpu, const UserClone *args)
{
  if (args->stack)
    user_process.abi->set_stack (cpu, args->stack);
  if (args->flags & CLONE_SETTLS)
    user_process.abi->set_tls (cpu, args->tls);
}

/* The other threads are not in this process; what they own in memory is left alone, for it may be in use half-way. */
static void
become_only_thread (UserThread *thread)
{
  g_list_free (user_process.threads);
  user_process.threads = g_list_append (NULL, thread);
  user_process.n_threads = 1;
  thread->tid = (pid_t)syscall (SYS_gettid);
  thread->vm_process = false;
  thread->robust_list = 0;
  thread->clear_child_tid = 0;
  user_stop_after_fork (thread);
  user_signal_thread_reset (thread);
  cpu_after_fork_child (thread->cpu);
}

static void
child_of_fork (UserThread *thread, const UserClone *args, bool plain)
{
  become_only_thread (thread);
  child_registers (thread->cpu, args);
  if (args->flags & CLONE_CLEAR_SIGHAND)
    clear_handlers (thread);
  if (plain && (args->flags & CLONE_CHILD_SETTID))
    user_write (args->ctid, &thread->tid, sizeof thread->tid);
  if (args->flags & CLONE_CHILD_CLEARTID)
    thread->clear_child_tid = args->ctid;
  if (user_debugger && user_debugger->forked_child)
    user_debugger->forked_child (thread);
}

int64_t
user_fork (UserThread *parent, const UserClone *args)
{
  bool plain = plain_fork (args);
  bool was_vm = parent->vm_process;
  user_signal_block_all (parent);
  if (parent->queue->async_signo)
    return -USER_ERESTARTSYS;
  if (!plain && !was_vm)
    user_stop_others ();
  lock_all (parent);
  int64_t pid;
  if (plain) {
    pid = fork ();
    if (pid < 0)
      pid = -errno;
  } else
    pid = raw_fork (args);
  unlock_all (parent);
  if (pid == 0) {
    child_of_fork (parent, args, plain);
    return 0;
  }
  if (!plain && !was_vm)
    user_resume_others ();
  if (plain && pid > 0 && (args->flags & CLONE_PARENT_SETTID))
    user_write (args->ptid, &(pid_t){ (pid_t)pid }, sizeof (pid_t));
  return pid;
}

/* ---- a process in the same memory ---- */

typedef struct {
  UserThread *thread;   /* the child's */
  UserClone args;
  GMutex lock;          /* protects result, where a helper makes the process */
  GCond done;
  int64_t result;       /* 0: not yet */
  bool helper;
} VmStart;

static void
report (VmStart *start, int64_t result)
{
  g_mutex_lock (&start->lock);
  start->result = result;
  g_cond_signal (&start->done);
  g_mutex_unlock (&start->lock);
}

static int
vm_child_main (void *data)
{
  VmStart *start = data;
  UserThread *thread = start->thread;
  const UserClone args = start->args;
  user_self = thread;
  user_signal_set_host (~UINT64_C (0));
  thread->tid = (pid_t)syscall (SYS_gettid);
  if ((args.flags & CLONE_PIDFD) && (args.flags & CLONE_PARENT_SETTID))
    user_write (args.ptid, &thread->tid, sizeof thread->tid);
  if (args.flags & CLONE_CLEAR_SIGHAND)
    clear_handlers (thread);
  /* The maker's robust list is not this process's. */
  HOST_CALL (SYS_set_robust_list, NULL, 24);
  if (start->helper)
    report (start, thread->tid);
  user_loop (thread);
}

/* Makes the process and waits for its end or execve on the calling host thread: its id or -errno. */
static int64_t
run_vm_child (VmStart *start)
{
  const UserClone *args = &start->args;
  uint64_t both = CLONE_PIDFD | CLONE_PARENT_SETTID;
  uint64_t flags = args->flags & ~(uint64_t)(CLONE_SETTLS | CLONE_CLEAR_SIGHAND);
  uint64_t ptid = args->ptid;
  UserThread *self = user_self;
  if ((flags & both) == both)
    flags &= ~(uint64_t)CLONE_PARENT_SETTID;
  if (flags & CLONE_PIDFD)
    ptid = args->pidfd;
  uint8_t *stack = mmap (NULL, CHILD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK,
                         -1, 0);
  if (stack == MAP_FAILED)
    return -ENOMEM;
  mprotect (stack, 4096, PROT_NONE);
  int pid = clone (vm_child_main, stack + CHILD_STACK, (int)(flags | CLONE_VFORK) | args->exit_signal, start,
                   user_ptr (ptid, 4), NULL, user_ptr (args->ctid, 4));
  int64_t result = pid < 0 ? -errno : pid;
  user_self = self;
  munmap (stack, CHILD_STACK);
  return result;
}

static void
vm_start_free (VmStart *start)
{
  UserThread *thread = start->thread;
  if (!(start->args.flags & CLONE_SIGHAND))
    g_free (thread->sighand);
  user_thread_free (thread);
  g_mutex_clear (&start->lock);
  g_cond_clear (&start->done);
  g_free (start);
}

static void *
helper_main (void *data)
{
  VmStart *start = data;
  user_signal_stack_init ();
  int64_t result = run_vm_child (start);
  if (result < 0)
    report (start, result);
  else
    vm_start_free (start);
  user_signal_stack_free ();
  return NULL;
}

/* The guest goes on beside its child. */
static int64_t
start_helper (VmStart *start)
{
  pthread_attr_t attr;
  pthread_t handle;
  int64_t result;
  start->helper = true;
  if (pthread_attr_init (&attr))
    return -EAGAIN;
  pthread_attr_setdetachstate (&attr, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize (&attr, 64 * 1024);
  g_mutex_lock (&start->lock);
  user_signal_block_entirely ();
  int error = pthread_create (&handle, &attr, helper_main, start);
  user_signal_set_host (~UINT64_C (0));
  if (error)
    result = -EAGAIN;
  else {
    while (start->result == 0)
      g_cond_wait (&start->done, &start->lock);
    result = start->result;
  }
  g_mutex_unlock (&start->lock);
  pthread_attr_destroy (&attr);
  return result;
}

static UserThread *
vm_thread_new (UserThread *parent, const UserClone *args)
{
  UserThread *thread = user_thread_new (cpu_clone (parent->cpu));
  thread->vm_process = true;
  thread->sigmask = parent->sigmask;
  if (args->flags & CLONE_VFORK) {
    thread->altstack_sp = parent->altstack_sp;
    thread->altstack_size = parent->altstack_size;
    thread->altstack_flags = parent->altstack_flags;
  }
  if (args->flags & CLONE_SIGHAND)
    thread->sighand = parent->sighand;
  else {
    thread->sighand = g_new0 (UserSighand, 1);
    g_mutex_lock (&parent->sighand->lock);
    memcpy (thread->sighand->action, parent->sighand->action, sizeof thread->sighand->action);
    g_mutex_unlock (&parent->sighand->lock);
  }
  user_process.abi->finish_syscall (thread->cpu, 0);
  child_registers (thread->cpu, args);
  return thread;
}

int64_t
user_vm_process (UserThread *parent, const UserClone *args)
{
  if (args->set_tid_size)
    return -EPERM;
  user_signal_block_all (parent);
  if (parent->queue->async_signo)
    return -USER_ERESTARTSYS;
  VmStart *start = g_new0 (VmStart, 1);
  start->args = *args;
  start->thread = vm_thread_new (parent, args);
  g_mutex_init (&start->lock);
  g_cond_init (&start->done);
  if (!(args->flags & CLONE_VFORK) && !parent->vm_process) {
    int64_t result = start_helper (start);
    if (result < 0)
      vm_start_free (start);
    return result;
  }
  if (!parent->vm_process)
    user_rest_begin (parent);
  int64_t result = run_vm_child (start);
  if (!parent->vm_process)
    user_rest_end (parent);
  vm_start_free (start);
  return result;
}
