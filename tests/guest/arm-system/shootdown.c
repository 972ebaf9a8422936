/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Four CPUs withdraw pages from each other: when TLBI and DSB are over, nobody uses what was mapped before.
 * -smp 4 */

#include "bare.h"
#include "paging.h"

#define CPUS   4
#define ROUNDS 400
#define VA     0x4000000000ul
#define PAGE   4096ul
#define FRESH  0x600d000000000000ul
#define STALE  0xdead000000000000ul

/* Each CPU moves a page of its own back and forth between two, while the others read and write it. */
static uint64_t pages[CPUS][2][512] __attribute__ ((aligned (4096)));
static volatile uint64_t running, ended, moves[CPUS], seen[CPUS];

static uint64_t
va_of (unsigned cpu)
{
  return VA + cpu * PAGE;
}

static void
move (unsigned me, unsigned round)
{
  volatile uint64_t *old = pages[me][round % 2], *new = pages[me][(round + 1) % 2];
  paging_map (va_of (me), 0);
  dsb ();
  tlbi (vae1is, va_of (me) >> 12);
  /* From here on the old page is this CPU's alone. */
  uint64_t touched[CPUS];
  old[0] = STALE | round;
  for (unsigned cpu = 0; cpu < CPUS; cpu++)
    touched[cpu] = old[8 + cpu];
  new[0] = FRESH | round;
  for (unsigned i = 0; i < 50; i++)
    __asm__ volatile ("yield");
  for (unsigned cpu = 0; cpu < CPUS; cpu++)
    CHECK_EQUAL (old[8 + cpu], touched[cpu]);
  CHECK_EQUAL (old[0], STALE | round);
  paging_map (va_of (me), (uint64_t)new | PAGE_EL1);
  dsb ();
  moves[me]++;
}

/* 0xbad: just now there was no page. */
static void
look (unsigned me, unsigned at)
{
  uint64_t value = load64 (va_of (at));
  if (value == 0xbad)
    return;
  if (value >> 48 != FRESH >> 48) {
    put_string ("CPU ");
    put_hex (me);
    put_string (" saw ");
    put_hex (value);
    put_string ("\n");
    finish (__LINE__);
  }
  seen[me]++;
  store64 (va_of (at) + 64 + 8 * me, value);
}

static void
work (unsigned me)
{
  for (unsigned round = 0; round < ROUNDS; round++) {
    move (me, round);
    for (unsigned i = 0; i < 16; i++)
      look (me, (me + i) % CPUS);
    if (round % 64 == 63) /* all of them, in a burst that fills what keeps them */
      for (unsigned i = 0; i < 200; i++)
        __asm__ volatile ("tlbi vaae1is, %0" ::"r"((VA >> 12) + i));
  }
  __atomic_add_fetch (&ended, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n (&ended, __ATOMIC_SEQ_CST) < CPUS)
    look (me, (me + 1) % CPUS);
}

void
bare_secondary (unsigned cpu)
{
  paging_on ();
  __atomic_add_fetch (&running, 1, __ATOMIC_SEQ_CST);
  work (cpu);
  __atomic_add_fetch (&running, 1, __ATOMIC_SEQ_CST);
}

void
test_main (void)
{
  for (unsigned cpu = 0; cpu < CPUS; cpu++)
    pages[cpu][0][0] = FRESH;
  paging_on ();
  for (unsigned cpu = 1; cpu < CPUS; cpu++)
    CHECK_EQUAL (start_cpu (cpu), 0);
  while (running < CPUS - 1)
    ;
  work (0);
  while (running < 2 * (CPUS - 1))
    ;
  /* All of them wait now, and a broadcast does not wait for them. */
  for (unsigned i = 0; i < 100; i++)
    tlbi (vae1is, VA >> 12);
  for (unsigned cpu = 0; cpu < CPUS; cpu++) {
    CHECK_EQUAL (moves[cpu], ROUNDS);
    CHECK (seen[cpu] > ROUNDS);
  }
}
