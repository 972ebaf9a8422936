/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A guest address space for tests, with the test in place of the translator. */

#include "user-map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static uint64_t invalidated_start, invalidated_size;
static unsigned invalidations;
static bool memory_shared;

void
cpu_memory_shared (void)
{
  memory_shared = true;
}

void
cpu_invalidate (uint64_t start, uint64_t size)
{
  invalidated_start = start;
  invalidated_size = size;
  invalidations++;
}

static void
on_fault (int sig, siginfo_t *info, void *ucontext)
{
  if (user_mem_fault (ucontext))
    return;
  signal (sig, SIG_DFL);
}

/* A guest of `bits`; at host address 0 unless the environment wants it moved. */
static void
memory_init (unsigned bits)
{
  if (getenv ("TEST_MOVE_GUEST"))
    g_assert_true (mmap ((void *)0x20000000, 4096, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED);
  user_mmap_init (bits == 32 ? 32 : 38);
#if !defined __SANITIZE_ADDRESS__
  g_assert_cmpint (guest_base != 0, ==, getenv ("TEST_MOVE_GUEST") != NULL);
#endif
  struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
  sigaction (SIGSEGV, &action, NULL);
  sigaction (SIGBUS, &action, NULL);
}

#define RW       (PROT_READ | PROT_WRITE)
#define ANON     (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGES(n) ((uint64_t)(n) * 4096)

static inline uint64_t
map_anon (uint64_t addr, uint64_t size, int prot)
{
  int64_t at = user_mmap (addr, size, prot, ANON | (addr ? MAP_FIXED : 0), -1, 0);
  g_assert_cmpint (at, >, 0);
  return (uint64_t)at;
}
