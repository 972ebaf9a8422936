/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Robust futexes: the lists threads register, and what happens to them when a thread ends.
 *
 * Where guest and host lists have the same shape (64-bit guest, no offset), the host kernel has the guest's
 * list too, so that a process killed from outside still lets go of its locks.  A thread that ends by itself
 * walks the list here first, because its tid must be cleared after the locks and the host's thread exit comes
 * later than both.  Where the shapes differ, a process that ends by itself walks the lists of all its
 * threads. */

#include "user-thread.h"

#include "syscall/syscall.h"
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* Compare and exchange of guest memory: 0 and *old, or 1 when the access faulted. */
int user_robust_cas (uint32_t *word, uint32_t expected, uint32_t desired, uint32_t *old);
extern const char user_robust_access[], user_robust_failed[];

__asm__ (".pushsection .text\n"
         ".globl user_robust_cas, user_robust_access, user_robust_failed\n"
         ".hidden user_robust_cas, user_robust_access, user_robust_failed\n"
         ".type user_robust_cas, @function\n"
         "user_robust_cas:\n"
         "  mov %esi, %eax\n"
         "user_robust_access:\n"
         "  lock cmpxchg %edx, (%rdi)\n"
         "  mov %eax, (%rcx)\n"
         "  xor %eax, %eax\n"
         "  ret\n"
         "user_robust_failed:\n"
         "  mov $1, %eax\n"
         "  ret\n"
         ".size user_robust_cas, . - user_robust_cas\n"
         ".popsection\n");

bool
user_robust_fault (void *ucontext)
{
  greg_t *pc = &((ucontext_t *)ucontext)->uc_mcontext.gregs[REG_RIP];
  if (*pc != (greg_t)(uintptr_t)user_robust_access)
    return false;
  *pc = (greg_t)(uintptr_t)user_robust_failed;
  return true;
}

static void
wake_one (uint64_t addr)
{
  HOST_CALL (SYS_futex, user_ptr (addr, 4), FUTEX_WAKE, 1);
}

/* One lock of the dying thread `tid`.  False: the list is not to be trusted further. */
static bool
futex_death (uint64_t addr, uint32_t tid, bool pi, bool pending)
{
  uint32_t value, seen;
  if (addr % 4 || user_read (&value, addr, sizeof value) < 0)
    return false;
  for (;;) {
    /* The thread died between unlocking and waking. */
    if (pending && !pi && (value & FUTEX_TID_MASK) == 0) {
      wake_one (addr);
      return true;
    }
    if ((value & FUTEX_TID_MASK) != tid)
      return true;
    if (user_robust_cas (g2h (addr), value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &seen))
      return false;
    if (seen == value)
      break;
    value = seen;
  }
  if (!pi && (value & FUTEX_WAITERS))
    wake_one (addr);
  return true;
}

/* A list pointer; its lowest bit says that the lock is a PI one. */
static bool
fetch_entry (uint64_t addr, uint64_t *ret_entry, bool *ret_pi)
{
  uint64_t value = 0;
  if (user_read (&value, addr, user_is_32 () ? 4 : 8) < 0)
    return false;
  *ret_pi = value & 1;
  *ret_entry = value & ~UINT64_C (1);
  return true;
}

void
user_robust_list_exit (UserThread *thread)
{
  uint64_t head = thread->robust_list, word = user_is_32 () ? 4 : 8, entry, next, pending, raw = 0;
  bool pi, next_pi = false, pending_pi;
  if (head == 0)
    return;
  thread->robust_list = 0;
  if (!fetch_entry (head, &entry, &pi) || user_read (&raw, head + word, word) < 0 ||
      !fetch_entry (head + 2 * word, &pending, &pending_pi))
    return;
  int64_t offset = user_is_32 () ? (int32_t)raw : (int64_t)raw;
  uint64_t mask = user_is_32 () ? UINT32_MAX : UINT64_MAX;
  for (unsigned limit = ROBUST_LIST_LIMIT; entry != head && limit > 0; limit--) {
    /* Read before the lock is let go: then its owner may free it. */
    bool more = fetch_entry (entry, &next, &next_pi);
    if (entry != pending && !futex_death ((entry + offset) & mask, thread->tid, pi, false))
      return;
    if (!more)
      return;
    entry = next;
    pi = next_pi;
  }
  if (pending)
    futex_death ((pending + offset) & mask, thread->tid, pending_pi, true);
}

/* Whether the host kernel can walk the guest's lists. */
static bool
host_can_walk (void)
{
  return !user_is_32 () && guest_base == 0;
}

void
user_robust_lists_exit (UserThread *thread)
{
  if (host_can_walk ())
    return;
  if (thread->vm_process) {
    user_robust_list_exit (thread);
    return;
  }
  g_mutex_lock (&user_process.lock);
  for (GList *l = user_process.threads; l; l = l->next)
    user_robust_list_exit (l->data);
  g_mutex_unlock (&user_process.lock);
}

int64_t
sys_set_robust_list (UserThread *thread, const uint64_t *a)
{
  if (a[1] != (user_is_32 () ? 12 : 24))
    return -EINVAL;
  thread->robust_list = a[0];
  thread->robust_list_len = a[1];
  if (host_can_walk ())
    HOST_CALL (SYS_set_robust_list, user_ptr (a[0], a[1]), a[1]);
  return 0;
}

int64_t
sys_get_robust_list (UserThread *thread, const uint64_t *a)
{
  unsigned word = user_is_32 () ? 4 : 8;
  uint64_t head = thread->robust_list, len = word * 3;
  if ((pid_t)a[0] != 0 && (pid_t)a[0] != thread->tid) {
    UserThread *other = NULL;
    g_mutex_lock (&user_process.lock);
    for (GList *l = user_process.threads; l; l = l->next)
      if (((UserThread *)l->data)->tid == (pid_t)a[0])
        other = l->data;
    head = other ? other->robust_list : 0;
    g_mutex_unlock (&user_process.lock);
    if (other == NULL)
      return HOST_CALL (SYS_kill, a[0], 0) == -ESRCH ? -ESRCH : -EPERM;
  }
  if (user_write (a[2], &len, word) < 0)
    return -EFAULT;
  return user_write (a[1], &head, word);
}
