/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads: clone, thread pointers, futexes, robust lists, and atomics between them. */
#include "runtime.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/wait.h>

#define THREAD                                                                                               \
  (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |         \
   CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
enum { N_THREADS = 4, ROUNDS = 20000 };

typedef struct {
  char stack[16384] __attribute__ ((aligned (16)));
  uint32_t ptid, ctid;
  void (*run) (int);
  int number;
  uint32_t tls_word;
} Thread;
static Thread threads[N_THREADS];

/* Starts on the new stack with the thread in s0. */
static void
thread_start (Thread *t)
{
  uint32_t tp;
  __asm__ volatile ("mv %0, tp" : "=r"(tp));
  CHECK_EQ (tp, &t->tls_word);
  t->run (t->number);
  CALL (exit, 0);
}

static long
start (int n, void (*run) (int))
{
  Thread *t = &threads[n];
  t->run = run, t->number = n, t->ctid = 1;
  register long a0 __asm__ ("a0") = THREAD;
  register void *a1 __asm__ ("a1") = t->stack + sizeof t->stack;
  register void *a2 __asm__ ("a2") = &t->ptid;
  register void *a3 __asm__ ("a3") = &t->tls_word;
  register void *a4 __asm__ ("a4") = &t->ctid;
  register long a7 __asm__ ("a7") = __NR_clone;
  register void *s2 __asm__ ("s2") = t;
  register void *s3 __asm__ ("s3") = (void *)thread_start;
  __asm__ volatile ("ecall\n bnez a0, 1f\n mv a0, %5\n jalr %6\n 1:"
                    : "+r"(a0)
                    : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(s2), "r"(s3), "r"(a7)
                    : "memory");
  return a0;
}

static long
futex_wait (volatile uint32_t *word, uint32_t value, const struct __kernel_timespec *time)
{
  return CALL (futex_time64, word, FUTEX_WAIT, value, time, 0, 0);
}

/* The kernel clears the id and wakes who waits for it. */
static void
join (int n)
{
  volatile uint32_t *ctid = &threads[n].ctid;
  for (uint32_t id; (id = *ctid);)
    futex_wait (ctid, id, NULL);
}

static uint32_t counter, spin_counter, amo_counter, lock;
static uint64_t pair = 0x0000000100000001;

static void
count (int n)
{
  for (int i = 0; i < ROUNDS; i++) {
    uint32_t t;
    __atomic_fetch_add (&amo_counter, 1, __ATOMIC_RELAXED);
    __asm__ volatile ("1: lr.w %0, (%1)\n addi %0, %0, 1\n sc.w %0, %0, (%1)\n bnez %0, 1b"
                      : "=&r"(t)
                      : "r"(&counter)
                      : "memory");
    while (__atomic_exchange_n (&lock, 1, __ATOMIC_ACQUIRE))
      CALL (futex_time64, &lock, FUTEX_WAIT, 1, 0, 0, 0);
    spin_counter++;
    __atomic_store_n (&lock, 0, __ATOMIC_RELEASE);
    CALL (futex_time64, &lock, FUTEX_WAKE, 1, 0, 0, 0);
  }
}

static void
test_threads (void)
{
  for (int i = 0; i < N_THREADS; i++) {
    long tid = start (i, count);
    CHECK (tid > 0 && threads[i].ptid == (uint32_t)tid);
  }
  for (int i = 0; i < N_THREADS; i++)
    join (i);
  CHECK_EQ (counter, N_THREADS * ROUNDS);
  CHECK_EQ (amo_counter, N_THREADS * ROUNDS);
  CHECK_EQ (spin_counter, N_THREADS * ROUNDS);
  CHECK (pair == 0x0000000100000001);
}

static void
test_futex (void)
{
  volatile uint32_t word = 5;
  struct __kernel_timespec soon = { 0, 10000000 }, bad = { 0, 1000000000 };
  CHECK_EQ (futex_wait (&word, 6, NULL), -EAGAIN);
  CHECK_EQ (futex_wait (&word, 5, &soon), -ETIMEDOUT);
  CHECK_EQ (futex_wait (&word, 5, &bad), -EINVAL);
  CHECK_EQ (CALL (futex_time64, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &soon, 0, 1), -ETIMEDOUT);
  CHECK_EQ (CALL (futex_time64, &word, FUTEX_WAKE, 1, 0, 0, 0), 0);
  CHECK_EQ (CALL (futex_time64, 8, FUTEX_WAIT, 5, 0, 0, 0), -EFAULT);
}

/* ---- robust lists ---- */

typedef struct {
  struct robust_list link;
  uint32_t futex;
} RobustLock;
static struct robust_list_head head;
static RobustLock robust[2];
static RobustLock pending;

static void
die_holding (int n)
{
  uint32_t tid = (uint32_t)CALL (gettid);
  head.list.next = &robust[0].link;
  robust[0].link.next = &robust[1].link;
  robust[1].link.next = &head.list;
  head.futex_offset = offsetof (RobustLock, futex);
  head.list_op_pending = &pending.link;
  robust[0].futex = tid;
  robust[1].futex = tid | FUTEX_WAITERS;
  pending.futex = tid;
  CHECK_OK (CALL (set_robust_list, &head, sizeof head));
}

static void
test_robust (void)
{
  struct robust_list_head *got = NULL;
  size_t size = 0;
  _Static_assert (sizeof head == 12, "robust_list_head");
  if (under_qemu) /* It has none. */
    return;
  CHECK_EQ (CALL (set_robust_list, &head, 24), -EINVAL);
  CHECK (start (0, die_holding) > 0);
  join (0);
  CHECK_EQ (robust[0].futex, FUTEX_OWNER_DIED);
  CHECK_EQ (robust[1].futex, FUTEX_OWNER_DIED | FUTEX_WAITERS);
  CHECK_EQ (pending.futex, FUTEX_OWNER_DIED);
  CHECK_OK (CALL (set_robust_list, &head, sizeof head));
  CHECK_OK (CALL (get_robust_list, 0, &got, &size));
  CHECK (got == &head && size == sizeof head);
  head.list.next = &head.list;
  head.list_op_pending = NULL;

  /* A whole process that ends lets go of its locks too. */
  RobustLock *both =
      (RobustLock *)CALL (mmap2, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int how = 0; how < 2; how++) {
    long pid = fork_process ();
    if (pid == 0) {
      head.list.next = &both->link;
      both->link.next = &head.list;
      both->futex = (uint32_t)CALL (gettid);
      CALL (set_robust_list, &head, sizeof head);
      if (how == 1)
        *(volatile int *)8 = 0;
      exit_process (0);
    }
    CALL (waitid, P_PID, pid, 0, WEXITED, 0);
    CHECK_EQ (both->futex, FUTEX_OWNER_DIED);
  }
}

/* ---- clone3, and a child in its parent's memory ---- */

static volatile int shared;

static void
test_clone3 (void)
{
  struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
  int pidfd = -1;
  if (under_qemu)
    return;
  args.pidfd = (uint64_t)(uint32_t)&pidfd;
  long pid = CALL (clone3, &args, sizeof args);
  if (pid == 0)
    exit_process (0);
  CHECK (pid > 0 && pidfd >= 0);
  CHECK_CHILD (pid);
  CHECK_OK (CALL (close, pidfd));
  pid = CALL (clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    shared = 42;
    exit_process (0);
  }
  CHECK_EQ (shared, 42);
  CHECK_CHILD (pid);
}

int
guest_main (int argc, char **argv, char **envp)
{
  test_threads ();
  test_futex ();
  test_robust ();
  test_clone3 ();
  return check_end ();
}
