/* SPDX-License-Identifier: GPL-3.0-or-later */

/* fork: the host's fork.  libc's own function is used where it can express the request, since it puts libc's
 * locks in order; anything else (namespaces, other exit signals, ...) is the raw call with all other guest
 * threads at rest, so that none of them holds a lock the child would need. */

#include "user-thread.h"

#include "syscall/syscall.h"
#include "user-abi.h"
#include "user-debug.h"
#include "user-map.h"
#include "user-signal.h"
#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
plain_fork (const UserClone *args)
{
  uint64_t simple = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | CLONE_SETTLS;
  return (args->flags & ~simple) == 0 && args->exit_signal == SIGCHLD && args->set_tid_size == 0;
}

/* All locks of ours a child may need, in the order in which they nest anywhere. */
static void
lock_all (UserThread *thread)
{
  g_mutex_lock (&thread->sighand->lock);
  g_mutex_lock (&user_map_space.lock);
  g_mutex_lock (&user_process.lock);
  cpu_before_fork ();
}

static void
unlock_all (UserThread *thread)
{
  cpu_after_fork_parent ();
  g_mutex_unlock (&user_process.lock);
  g_mutex_unlock (&user_map_space.lock);
  g_mutex_unlock (&thread->sighand->lock);
}

/* The child's translations are those of the parent, in memory both still share: the parent must not go on,
 * and change them, before the child has taken its copy.  The word is in shared memory of its own. */
static uint32_t *
copied_new (void)
{
  void *word = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return word == MAP_FAILED ? NULL : word;
}

static void
copied_tell (uint32_t *word)
{
  __atomic_store_n (word, 1, __ATOMIC_RELEASE);
  HOST_CALL (SYS_futex, word, FUTEX_WAKE, 1);
  munmap (word, 4096);
}

static void
copied_wait (uint32_t *word, pid_t child)
{
  const struct timespec slice = { 0, 50000000 };
  while (!__atomic_load_n (word, __ATOMIC_ACQUIRE)) {
    siginfo_t info = { 0 };
    HOST_CALL (SYS_futex, word, FUTEX_WAIT, 0, &slice);
    /* It may have been killed before it got so far. */
    if (HOST_CALL (SYS_waitid, P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 ||
        info.si_pid == child)
      break;
  }
  munmap (word, 4096);
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
void
user_clear_handlers (UserThread *thread)
{
  for (int sig = 1; sig <= USER_NSIG; sig++) {
    UserSigaction *action = &thread->sighand->action[sig];
    if (action->handler != USER_SIG_IGN)
      *action = (UserSigaction){ 0 };
  }
  user_signal_update_all (thread);
}

/* Registers of the child's cpu that clone sets. */
void
user_clone_registers (Cpu *cpu, const UserClone *args)
{
  if (args->stack)
    user_process.abi->set_stack (cpu, args->stack);
  if (args->flags & CLONE_SETTLS)
    user_process.abi->set_tls (cpu, args->tls);
}

/* The other threads are not in this process; what they own in memory is left alone, for it may be in use
 * half-way. */
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
  user_clone_registers (thread->cpu, args);
  if (args->flags & CLONE_CLEAR_SIGHAND)
    user_clear_handlers (thread);
  if (plain && (args->flags & CLONE_CHILD_SETTID))
    user_write (args->ctid, &thread->tid, sizeof thread->tid);
  if (args->flags & CLONE_CHILD_CLEARTID)
    thread->clear_child_tid = args->ctid;
  if (user_debugger && user_debugger->forked_child)
    user_debugger->forked_child (thread);
}

/* Host threads of this process that run, those included that have ended for the guest. */
static unsigned
host_threads (void)
{
  unsigned n = 0;
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  for (const char *name; dir != NULL && (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *path = g_strdup_printf ("/proc/self/task/%s/stat", name), *text = NULL;
    const char *state = NULL;
    if (g_file_get_contents (path, &text, NULL, NULL))
      state = strrchr (text, ')');
    n += state != NULL && state[1] != '\0' && state[2] != 'Z';
  }
  return n;
}

/* A thread that has ended for the guest is still giving its memory back, under libc's locks: the raw call
 * must not copy them held. Without an end where a debugger's thread is one too many. */
static void
wait_for_ended (void)
{
  for (unsigned i = 0; i < 50 && host_threads () > user_process.n_threads; i++)
    g_usleep (1000);
}

int64_t
user_fork (UserThread *parent, const UserClone *args)
{
  bool plain = plain_fork (args);
  bool was_vm = parent->vm_process;
  user_signal_block_all (parent);
  if (parent->queue->async_signo)
    return -USER_ERESTARTSYS;
  uint32_t *copied = copied_new ();
  if (copied == NULL)
    return -ENOMEM;
  if (!plain && !was_vm) {
    user_stop_others ();
    wait_for_ended ();
  }
  lock_all (parent);
  int64_t pid;
  if (plain) {
    pid = fork ();
    if (pid < 0)
      pid = -errno;
  } else
    pid = raw_fork (args);
  if (pid == 0) {
    unlock_all (parent);
    child_of_fork (parent, args, plain);
    copied_tell (copied);
    return 0;
  }
  if (pid > 0)
    copied_wait (copied, (pid_t)pid);
  else
    munmap (copied, 4096);
  unlock_all (parent);
  if (!plain && !was_vm)
    user_resume_others ();
  if (plain && pid > 0 && (args->flags & CLONE_PARENT_SETTID))
    user_write (args->ptid, &(pid_t){ (pid_t)pid }, sizeof (pid_t));
  return pid;
}
