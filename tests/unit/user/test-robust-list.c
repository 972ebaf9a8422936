/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The walk over a dying thread's robust futexes, on lists that are right, broken or hostile. */

#include "guest-thread.h"

#include <linux/futex.h>

enum { N_LOCKS = 8, LOCK_SIZE = 64, FUTEX_AT = 32 };

typedef struct {
  UserThread *thread;
  uint64_t base, head;
  unsigned word;
} List;

static void
put (const List *l, uint64_t at, uint64_t value)
{
  g_assert_cmpint (user_write (at, &value, l->word), ==, 0);
}

static uint64_t
lock (const List *l, unsigned n)
{
  return l->base + n * LOCK_SIZE;
}

static uint32_t
futex (const List *l, unsigned n)
{
  uint32_t value = 0;
  g_assert_cmpint (user_read (&value, lock (l, n) + FUTEX_AT, 4), ==, 0);
  return value;
}

static void
set_futex (const List *l, unsigned n, uint32_t value)
{
  g_assert_cmpint (user_write (lock (l, n) + FUTEX_AT, &value, 4), ==, 0);
}

/* The first n locks in a ring, all held. */
static List
new_list (unsigned bits, unsigned n)
{
  List l = { .thread = guest_thread_new (bits), .word = bits / 8 };
  l.base = map_memory (8192);
  l.head = l.base + 4096;
  for (unsigned i = 0; i < N_LOCKS; i++)
    set_futex (&l, i, (uint32_t)l.thread->tid);
  for (unsigned i = 0; i < n; i++)
    put (&l, lock (&l, i), i + 1 < n ? lock (&l, i + 1) : l.head);
  put (&l, l.head, n ? lock (&l, 0) : l.head);
  put (&l, l.head + l.word, FUTEX_AT);
  put (&l, l.head + 2 * l.word, 0);
  l.thread->robust_list = l.head;
  return l;
}

static void
walk (List *l)
{
  user_robust_list_exit (l->thread);
  g_assert_cmpuint (l->thread->robust_list, ==, 0);
}

static void
expect_dead (const List *l, unsigned n, bool dead)
{
  g_assert_cmphex (futex (l, n), ==, dead ? FUTEX_OWNER_DIED : (uint32_t)l->thread->tid);
}

static void
test_ring (const void *data)
{
  List l = new_list (GPOINTER_TO_UINT (data), 3);
  set_futex (&l, 1, (uint32_t)l.thread->tid | FUTEX_WAITERS);
  put (&l, l.head + 2 * l.word, lock (&l, 5));
  walk (&l);
  expect_dead (&l, 0, true);
  g_assert_cmphex (futex (&l, 1), ==, FUTEX_OWNER_DIED | FUTEX_WAITERS);
  expect_dead (&l, 2, true);
  expect_dead (&l, 3, false);
  expect_dead (&l, 5, true); /* the pending one */
  user_thread_free (l.thread);
}

static void
test_others (const void *data)
{
  List l = new_list (GPOINTER_TO_UINT (data), 3);
  set_futex (&l, 1, (uint32_t)l.thread->tid + 1);
  put (&l, l.head + 2 * l.word, lock (&l, 5));
  set_futex (&l, 5, 0); /* unlocked, but nobody was woken */
  walk (&l);
  expect_dead (&l, 0, true);
  g_assert_cmphex (futex (&l, 1), ==, (uint32_t)l.thread->tid + 1);
  expect_dead (&l, 2, true);
  g_assert_cmphex (futex (&l, 5), ==, 0);
  user_thread_free (l.thread);
}

/* The lowest bit marks a lock with priority inheritance; it is no part of the address. */
static void
test_pi (const void *data)
{
  List l = new_list (GPOINTER_TO_UINT (data), 2);
  put (&l, l.head, lock (&l, 0) | 1);
  put (&l, lock (&l, 0), lock (&l, 1) | 1);
  walk (&l);
  expect_dead (&l, 0, true);
  expect_dead (&l, 1, true);
  user_thread_free (l.thread);
}

static void
test_broken (const void *data)
{
  unsigned bits = GPOINTER_TO_UINT (data);
  /* A link into nowhere: what comes before it is let go. */
  List l = new_list (bits, 3);
  put (&l, lock (&l, 0), 16);
  walk (&l);
  expect_dead (&l, 0, true);
  expect_dead (&l, 1, false);
  user_thread_free (l.thread);
  /* A ring without the head must end. */
  l = new_list (bits, 3);
  put (&l, lock (&l, 2), lock (&l, 0));
  walk (&l);
  expect_dead (&l, 2, true);
  user_thread_free (l.thread);
  /* A word that is not aligned, one that is read-only, no head. */
  l = new_list (bits, 1);
  put (&l, l.head + l.word, FUTEX_AT + 1);
  walk (&l);
  expect_dead (&l, 0, false);
  user_thread_free (l.thread);
  l = new_list (bits, 1);
  g_assert_cmpint (user_mprotect (l.base, 4096, PROT_READ), ==, 0);
  walk (&l);
  expect_dead (&l, 0, false);
  l.thread->robust_list = 8;
  walk (&l);
  user_thread_free (l.thread);
}

static void
test_negative_offset (const void *data)
{
  List l = new_list (GPOINTER_TO_UINT (data), 2);
  put (&l, l.head, lock (&l, 1));
  put (&l, lock (&l, 1), l.head);
  put (&l, l.head + l.word, (uint64_t)(FUTEX_AT - LOCK_SIZE));
  walk (&l);
  expect_dead (&l, 0, true);
  expect_dead (&l, 1, false);
  user_thread_free (l.thread);
}

/* Our own handler answers for faults of the walk. */
static void
on_fault (int sig, siginfo_t *info, void *context)
{
  if (!user_mem_fault (context) && !user_robust_fault (context))
    signal (sig, SIG_DFL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  user_signal_init ();
  struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
  sigaction (SIGSEGV, &action, NULL);
  static const struct {
    const char *name;
    void (*run) (const void *);
  } tests[] = {
    { "ring", test_ring },
    { "others", test_others },
    { "pi", test_pi },
    { "broken", test_broken },
    { "negative-offset", test_negative_offset },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    for (unsigned bits = 32; bits <= 64; bits += 32) {
      g_autofree char *path = g_strdup_printf ("/user/robust/%s/%u", tests[i].name, bits);
      g_test_add_data_func (path, GUINT_TO_POINTER (bits), tests[i].run);
    }
  return g_test_run ();
}
