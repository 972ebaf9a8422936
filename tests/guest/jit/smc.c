/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Programs that write code: whatever way Linux offers to make new code visible, the new code runs, in loops
 * so hot that the old code has been compiled, linked to and called from everywhere. */

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUNDS 60
#define CALLS  3000

typedef long Function (long);

static void
fail (const char *what, int round, long got, long want)
{
  printf ("%s, round %d: %ld, not %ld\n", what, round, got, want);
  exit (1);
}

static void *
map_code (void *at)
{
  int fixed = at ? MAP_FIXED : 0;
  void *code =
      mmap (at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
  if (code == MAP_FAILED)
    exit (2);
  return code;
}

/* a0 + k: "addi a0, a0, k; ret" */
static void
write_add (uint32_t *code, int k)
{
  code[0] = (uint32_t)k << 20 | 10 << 15 | 10 << 7 | 0x13;
  code[1] = 0x00008067;
}

/* A loop of a0 rounds that adds k each time: hot inside one call. */
static void
write_loop (uint32_t *code, int k)
{
  code[0] = 0x00000593;                                    /* li a1, 0 */
  code[1] = (uint32_t)k << 20 | 11 << 15 | 11 << 7 | 0x13; /* addi a1, a1, k */
  code[2] = 0xfff50513;                                    /* addi a0, a0, -1 */
  code[3] = 0xfe051ce3;                                    /* bnez a0, -8 */
  code[4] = 0x00058513;                                    /* mv a0, a1 */
  code[5] = 0x00008067;
}

static void
barrier (void *code, int how)
{
  if (how == 0)
    __asm__ volatile ("fence.i" ::: "memory");
  else if (how == 1)
    syscall (259 /* riscv_flush_icache */, code, (char *)code + 4096, 0);
  else
    __builtin___clear_cache (code, (char *)code + 4096);
}

static long
call_often (Function *f)
{
  long x = 0;
  for (int i = 0; i < CALLS; i++)
    x = f (x);
  return x;
}

static void
test_rewrite (void)
{
  uint32_t *code = map_code (NULL);
  for (int round = 0; round < ROUNDS; round++) {
    write_add (code, round);
    barrier (code, round % 3);
    long got = call_often ((Function *)(uintptr_t)code);
    if (got != (long)round * CALLS)
      fail ("rewritten function", round, got, (long)round * CALLS);
    write_loop (code + 16, round);
    barrier (code, (round + 1) % 3);
    got = ((Function *)(uintptr_t)(code + 16)) (CALLS);
    if (got != (long)round * CALLS)
      fail ("rewritten loop", round, got, (long)round * CALLS);
  }
  munmap (code, 4096);
}

/* The page is replaced: also by unmapping it first, where no other thread could take its place meanwhile. */
static void
test_remap (int alone)
{
  uint32_t *code = map_code (NULL);
  for (int round = 0; round < ROUNDS; round++) {
    write_add (code, round);
    if (round % 2)
      mprotect (code, 4096, PROT_READ | PROT_EXEC);
    __builtin___clear_cache ((char *)code, (char *)code + 4096);
    long got = call_often ((Function *)(uintptr_t)code);
    if (got != (long)round * CALLS)
      fail ("mapped anew", round, got, (long)round * CALLS);
    if (alone && round % 3 == 0)
      munmap (code, 4096);
    map_code (code);
  }
  munmap (code, 4096);
}

/* The function that is changed is called by another that is not: what links the two must give way. */
static void
test_callee (void)
{
  uint32_t *code = map_code (NULL);
  const uint32_t caller[] = {
    0xff010113, 0x00113423,             /* addi sp, sp, -16; sd ra, 8(sp) */
    0x00813023, 0x00050413,             /* sd s0, 0(sp); mv s0, a0 */
    0x00000513,                         /* li a0, 0 */
    0x1ec000ef, 0xfff40413, 0xfe041ce3, /* jal ra, +0x1ec; addi s0, s0, -1; bnez s0, -8 */
    0x00013403, 0x00813083, 0x01010113, 0x00008067,
  };
  memcpy (code, caller, sizeof caller);
  for (int round = 0; round < ROUNDS; round++) {
    write_add (code + (0x14 + 0x1ec) / 4, round);
    barrier (code, round % 3);
    long got = ((Function *)(uintptr_t)code) (CALLS);
    if (got != (long)round * CALLS)
      fail ("changed callee", round, got, (long)round * CALLS);
  }
  munmap (code, 4096);
}

/* A thread runs code of its own page while others write theirs. */
static void *
thread (void *data)
{
  for (int i = 0; i < 3; i++) {
    test_rewrite ();
    test_remap (data != NULL);
    test_callee ();
  }
  return NULL;
}

int
main (void)
{
  pthread_t threads[4];
  thread (threads);
  for (int i = 0; i < 4; i++)
    pthread_create (&threads[i], NULL, thread, NULL);
  for (int i = 0; i < 4; i++)
    pthread_join (threads[i], NULL);
  puts ("ok");
  return 0;
}
