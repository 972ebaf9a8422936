/* SPDX-License-Identifier: GPL-3.0-or-later */

/* vfork, and any other CLONE_VM without CLONE_THREAD: a host process in our memory, made with CLONE_VM and
 * CLONE_VFORK on a host stack of its own.  It runs with the thread-local storage of the host thread that made
 * it, which the kernel suspends until the child executes a program or ends; so user_self is set to the
 * child's thread meanwhile, and the child leaves by raw system calls only.  Where the guest did not ask for
 * CLONE_VFORK and wants to go on, a helper host thread makes the process and is the one that is suspended.  A
 * child killed while it holds a lock of ours leaves it held. */

#include "host-stack.h"
#include "user-thread.h"

#include "syscall/syscall.h"
#include "user-abi.h"
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

typedef struct {
  int users;          /* the maker and its helper; the last one frees all this */
  UserThread *thread; /* the child's */
  HostStack stack;    /* of the host thread that makes the process */
  UserClone args;
  GMutex lock; /* protects result, where a helper makes the process */
  GCond done;
  int64_t result; /* 0: not yet */
  bool helper;
} VmStart;

/* The first report counts. */
static void
report (VmStart *start, int64_t result)
{
  g_mutex_lock (&start->lock);
  if (start->result == 0)
    start->result = result;
  g_cond_signal (&start->done);
  g_mutex_unlock (&start->lock);
}

static int
vm_child_main (void *data)
{
  VmStart *start = data;
  host_stack_enter (&start->stack);
  UserThread *thread = start->thread;
  const UserClone args = start->args;
  user_self = thread;
  user_signal_set_host (~UINT64_C (0));
  thread->tid = (pid_t)syscall (SYS_gettid);
  if ((args.flags & CLONE_PIDFD) && (args.flags & CLONE_PARENT_SETTID))
    user_write (args.ptid, &thread->tid, sizeof thread->tid);
  if (args.flags & CLONE_CLEAR_SIGHAND)
    user_clear_handlers (thread);
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
  uint8_t *stack = mmap (NULL, CHILD_STACK, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED)
    return -ENOMEM;
  mprotect (stack, 4096, PROT_NONE);
  host_stack_leave (&start->stack, stack, CHILD_STACK);
  int pid = clone (vm_child_main, stack + CHILD_STACK, (int)(flags | CLONE_VFORK) | args->exit_signal, start,
                   user_ptr (ptid, 4), NULL, user_ptr (args->ctid, 4));
  int64_t result = pid < 0 ? -errno : pid;
  host_stack_return (&start->stack);
  user_self = self;
  munmap (stack, CHILD_STACK);
  return result;
}

static void
vm_start_unref (VmStart *start)
{
  if (__atomic_sub_fetch (&start->users, 1, __ATOMIC_ACQ_REL) > 0)
    return;
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
  /* Nobody else reports a child that could not be made, or was killed before it ran. */
  report (start, run_vm_child (start));
  vm_start_unref (start);
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
  if (pthread_attr_init (&attr) != 0)
    return -EAGAIN;
  pthread_attr_setdetachstate (&attr, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize (&attr, 64 * 1024);
  g_mutex_lock (&start->lock);
  start->users = 2;
  user_signal_block_entirely ();
  int error = pthread_create (&handle, &attr, helper_main, start);
  user_signal_set_host (~UINT64_C (0));
  if (error) {
    start->users = 1;
    result = -EAGAIN;
  } else {
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
  thread->tagged_pointers = parent->tagged_pointers;
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
  user_clone_registers (thread->cpu, args);
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
  start->users = 1;
  start->args = *args;
  start->thread = vm_thread_new (parent, args);
  g_mutex_init (&start->lock);
  g_cond_init (&start->done);
  if (!(args->flags & CLONE_VFORK) && !parent->vm_process) {
    int64_t result = start_helper (start);
    vm_start_unref (start);
    return result;
  }
  if (!parent->vm_process)
    user_rest_begin (parent);
  int64_t result = run_vm_child (start);
  if (!parent->vm_process)
    user_rest_end (parent);
  vm_start_unref (start);
  return result;
}
