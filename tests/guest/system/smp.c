/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Two harts: atomics, LR/SC, interrupts between harts, address translations withdrawn by another hart, order
 * of memory. -smp 2 */

#include "paging.h"

#define HARTS  2
#define ROUNDS 5000
#define VA     0x2000000000ul

static volatile uint64_t started, phase, arrived;
static struct {
  uint64_t sum_amo, sum_lrsc, sum_plain, max;
  uint32_t lock, swaps;
  uint8_t bytes[8];
} shared __attribute__ ((aligned (64)));

static void
barrier (void)
{
  uint64_t now = phase;
  if (__atomic_add_fetch (&arrived, 1, __ATOMIC_SEQ_CST) == HARTS) {
    arrived = 0;
    __atomic_store_n (&phase, now + 1, __ATOMIC_SEQ_CST);
  } else {
    while (__atomic_load_n (&phase, __ATOMIC_SEQ_CST) == now)
      ;
  }
}

static void
add_reserved (uint64_t *at, uint64_t n)
{
  uint64_t old, failed;
  __asm__ volatile ("1: lr.d.aqrl %0, (%2)\n add %0, %0, %3\n sc.d.aqrl %1, %0, (%2)\n bnez %1, 1b"
                    : "=&r"(old), "=&r"(failed)
                    : "r"(at), "r"(n)
                    : "memory");
}

static void
counting (void)
{
  for (unsigned i = 0; i < ROUNDS; i++) {
    __atomic_fetch_add (&shared.sum_amo, i, __ATOMIC_RELAXED);
    add_reserved (&shared.sum_lrsc, i);
    while (__atomic_exchange_n (&shared.lock, 1, __ATOMIC_ACQUIRE))
      ;
    shared.sum_plain += i;
    __atomic_store_n (&shared.lock, 0, __ATOMIC_RELEASE);
    uint64_t candidate = i * HARTS + hart ();
    __asm__ volatile ("amomaxu.d zero, %0, (%1)" ::"r"(candidate), "r"(&shared.max) : "memory");
  }
  barrier ();
  uint64_t each = (uint64_t)ROUNDS * (ROUNDS - 1) / 2;
  CHECK_EQUAL (shared.sum_amo, HARTS * each);
  CHECK_EQUAL (shared.sum_lrsc, HARTS * each);
  CHECK_EQUAL (shared.sum_plain, HARTS * each);
  CHECK_EQUAL (shared.max, ROUNDS * HARTS - 1);
  barrier ();
}

/* A reservation ends with another hart's store. */
static void
reservations (void)
{
  static volatile uint64_t word, turn;
  uint64_t failed = 7;
  if (hart () == 0) {
    __asm__ volatile ("lr.d zero, (%0)" ::"r"(&word) : "memory");
    __atomic_store_n (&turn, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n (&turn, __ATOMIC_SEQ_CST) != 2)
      ;
    __asm__ volatile ("sc.d %0, %1, (%2)" : "=&r"(failed) : "r"(99ul), "r"(&word) : "memory");
    CHECK (failed != 0);
    CHECK_EQUAL (word, 5);
  } else if (hart () == 1) {
    while (__atomic_load_n (&turn, __ATOMIC_SEQ_CST) != 1)
      ;
    word = 5;
    __atomic_store_n (&turn, 2, __ATOMIC_SEQ_CST);
  }
  barrier ();
  /* One without a reservation fails and does not store. */
  static uint64_t own[HARTS];
  __asm__ volatile ("sc.d %0, %1, (%2)" : "=&r"(failed) : "r"(1ul), "r"(&own[hart ()]) : "memory");
  CHECK (failed != 0);
  CHECK_EQUAL (own[hart ()], 0);
}

/* What is released is seen by who acquires. */
static void
message_passing (void)
{
  static volatile uint64_t data[HARTS], flag[HARTS];
  for (unsigned i = 1; i <= 300; i++) {
    unsigned me = hart (), other = (me + 1) % HARTS;
    data[me] = i;
    __asm__ volatile ("fence rw, w" ::: "memory");
    flag[me] = i;
    while (flag[other] < i)
      ;
    __asm__ volatile ("fence r, rw" ::: "memory");
    CHECK (data[other] >= i);
  }
  barrier ();
}

/* Store buffering: with full fences one of two sees the other's store. */
static void
store_buffering (void)
{
  static volatile uint64_t x[2], seen[2];
  for (unsigned i = 0; i < 200; i++) {
    x[0] = x[1] = 0;
    barrier ();
    if (hart () < 2) {
      x[hart ()] = 1;
      __asm__ volatile ("fence rw, rw" ::: "memory");
      seen[hart ()] = x[1 - hart ()];
    }
    barrier ();
    if (hart () == 0)
      CHECK (seen[0] || seen[1]);
    barrier ();
  }
}

/* ---- Interrupts between harts ---- */

static volatile uint64_t *translation; /* the entry of VA */
static volatile uint64_t ipis[HARTS], fenced;

static void
on_interrupt (uint64_t cause)
{
  if (cause != 3)
    finish (__LINE__);
  ((volatile uint32_t *)CLINT)[hart ()] = 0;
  sfence ();
  __atomic_fetch_add (&ipis[hart ()], 1, __ATOMIC_SEQ_CST);
  __atomic_fetch_add (&fenced, 1, __ATOMIC_SEQ_CST);
}

static void
send_ipis (void)
{
  fenced = 0;
  for (unsigned i = 0; i < HARTS; i++)
    if (i != hart ())
      ((volatile uint32_t *)CLINT)[i] = 1;
  while (__atomic_load_n (&fenced, __ATOMIC_SEQ_CST) != HARTS - 1)
    ;
}

static uint64_t pages[2][512] __attribute__ ((aligned (4096)));
static volatile uint64_t withdrawing, mistakes, looks[HARTS];

/* After all harts have fenced, none sees the old page. */
static uint64_t
look (uint64_t unused)
{
  while (!__atomic_load_n (&withdrawing, __ATOMIC_SEQ_CST))
    ;
  uint64_t last = 0;
  while (__atomic_load_n (&withdrawing, __ATOMIC_SEQ_CST) == 1) {
    uint64_t low = __atomic_load_n (&shared.sum_plain, __ATOMIC_SEQ_CST);
    uint64_t now = *(volatile uint64_t *)VA;
    if (now < low || now < last)
      __atomic_fetch_add (&mistakes, 1, __ATOMIC_SEQ_CST);
    last = now;
    looks[hart ()]++;
  }
  return 0;
}

/* Interrupts that follow on each other leave a hart no time to look, so that it gets some now and then. */
static void
await_looks (void)
{
  uint64_t before[HARTS];
  for (unsigned i = 0; i < HARTS; i++)
    before[i] = looks[i];
  for (unsigned i = 0; i < HARTS; i++)
    while (i != hart () && looks[i] == before[i])
      ;
}

/* The mapping changes from page to page, each newer than the one before; sum_plain is what is certain. */
static void
withdraw (void)
{
  shared.sum_plain = 0;
  pages[0][0] = 1;
  *translation = pte_of ((uint64_t)pages[0], PTE_RW);
  send_ipis ();
  __atomic_store_n (&withdrawing, 1, __ATOMIC_SEQ_CST);
  for (uint64_t i = 2; i < 300; i++) {
    pages[i % 2][0] = i;
    *translation = pte_of ((uint64_t)pages[i % 2], PTE_RW);
    send_ipis ();
    __atomic_store_n (&shared.sum_plain, i, __ATOMIC_SEQ_CST);
    for (unsigned n = 0; n < 50; n++)
      __asm__ volatile ("nop");
    if (i % 32 == 0)
      await_looks ();
  }
  __atomic_store_n (&withdrawing, 2, __ATOMIC_SEQ_CST);
}

static void
shootdown (void)
{
  static uint64_t *root;
  bare_interrupt = on_interrupt;
  csr_write (mie, 8);
  if (hart () == 0) {
    root = new_space (3);
    translation = entry_at (root, 3, VA, 0);
  }
  barrier ();
  csr_write (satp, satp_of (root, 3, 0));
  sfence ();
  if (hart () == 0)
    withdraw ();
  else
    run_in (MODE_S, look, 0);
  barrier ();
  if (hart () == 0)
    CHECK_EQUAL (mistakes, 0);
  else
    CHECK (looks[hart ()] > 0);
  csr_write (satp, 0);
  sfence ();
}

/* A waiting hart is woken each time; nothing gets lost. */
static void
ping_pong (void)
{
  static volatile uint64_t ball;
  unsigned me = hart ();
  if (me < 2)
    for (uint64_t i = me; i < 1000; i += 2) {
      while (__atomic_load_n (&ball, __ATOMIC_SEQ_CST) != i) {
        __asm__ volatile ("wfi");
        ((volatile uint32_t *)CLINT)[me] = 0;
      }
      __atomic_store_n (&ball, i + 1, __ATOMIC_SEQ_CST);
      ((volatile uint32_t *)CLINT)[1 - me] = 1;
    }
  if (me < 2)
    CHECK (ball >= 999);
  barrier ();
}

static void
all_harts (void)
{
  __atomic_fetch_add (&started, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n (&started, __ATOMIC_SEQ_CST) != HARTS)
    ;
  counting ();
  reservations ();
  message_passing ();
  store_buffering ();
  ((volatile uint32_t *)CLINT)[hart ()] = 0;
  shootdown ();
  csr_clear (mstatus, MSTATUS_MIE);
  barrier ();
  ping_pong ();
}

void
bare_secondary (uint64_t hart_id)
{
  all_harts ();
}

void
test_main (void)
{
  bare_ready = 1;
  all_harts ();
}
