/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Returns that do not match their calls, or match too many: deep recursion, longjmp, coroutines, exact state
 * at a fault in a hot loop. */

#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>

static void
check (int fact, const char *what)
{
  if (fact)
    return;
  printf ("wrong: %s\n", what);
  exit (1);
}

/* ---- A million frames, on a stack of their own. ---- */

static __attribute__ ((noinline)) long
depth (long n)
{
  return n == 0 ? 0 : 1 + depth (n - 1) + (n & 0);
}

static __attribute__ ((noinline)) long
zigzag (long n, long (*self) (long, void *))
{
  return n == 0 ? 0 : 1 + self (n - 1, (void *)self);
}

static __attribute__ ((noinline)) long
zag (long n, void *self)
{
  return n == 0 ? 0 : 1 + zigzag (n - 1, self);
}

static ucontext_t main_context, deep_context;

static void
run_deep (void)
{
  for (int i = 0; i < 3; i++) {
    check (depth (1000000) == 1000000, "deep recursion");
    check (zag (1000000, (void *)zag) == 1000000, "deep recursion through pointers");
  }
}

static void
test_depth (void)
{
  size_t size = (size_t)512 << 20;
  void *stack = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  check (stack != MAP_FAILED, "stack");
  getcontext (&deep_context);
  deep_context.uc_stack.ss_sp = stack;
  deep_context.uc_stack.ss_size = size;
  deep_context.uc_link = &main_context;
  makecontext (&deep_context, run_deep, 0);
  swapcontext (&main_context, &deep_context);
  munmap (stack, size);
}

/* ---- longjmp out of many frames, again and again. ---- */

static jmp_buf escape;

static __attribute__ ((noinline)) int
descend (int n)
{
  if (n == 0)
    longjmp (escape, 1);
  return descend (n - 1) + 1;
}

static void
test_longjmp (void)
{
  for (volatile int i = 0; i < 3000; i++)
    if (setjmp (escape) == 0) {
      descend (i % 50);
      check (0, "longjmp came back");
    }
}

/* ---- Coroutines: each returns into frames that another thread of control has pushed over. ---- */

enum { COROUTINES = 5, SWITCHES = 4000 };
static ucontext_t contexts[COROUTINES];
static long sums[COROUTINES];

static __attribute__ ((noinline)) void
yield_deep (int self, int n)
{
  if (n > 0)
    yield_deep (self, n - 1);
  else
    swapcontext (&contexts[self], &contexts[(self + 1) % COROUTINES]);
  sums[self]++;
}

static void
coroutine (int self)
{
  for (int i = 0; i < SWITCHES; i++)
    yield_deep (self, (self * 7 + i) % 11);
}

static void
test_coroutines (void)
{
  static char stacks[COROUTINES][65536];
  for (int i = 0; i < COROUTINES; i++) {
    getcontext (&contexts[i]);
    contexts[i].uc_stack.ss_sp = stacks[i];
    contexts[i].uc_stack.ss_size = sizeof stacks[i];
    contexts[i].uc_link = &main_context;
    makecontext (&contexts[i], (void (*) (void))coroutine, 1, i);
  }
  swapcontext (&main_context, &contexts[0]);
  long want = 0;
  for (int i = 0; i < SWITCHES; i++)
    want += (0 * 7 + i) % 11 + 1;
  check (sums[0] == want, "coroutines");
}

/* ---- Every register at a fault inside a hot loop. ---- */

#define PAGES 64
static char *area;
static volatile int faults;
static sigjmp_buf recover;

static void
on_fault (int sig, siginfo_t *info, void *data)
{
  ucontext_t *uc = data;
  unsigned long *x = uc->uc_mcontext.__gregs;
  unsigned long n = x[10]; /* accesses done: each register is a function of it */
  char *want = area + 8 * n;
  check (info->si_addr == want, "the fault's address");
  check (x[11] == (unsigned long)want && x[12] == n * 3 && x[13] == (n ^ 0x55) && x[14] == ~n, "a1-a4");
  check (x[5] == n + 1 && x[6] == n << 3 && x[7] == 7 * n && x[28] == n + 28 && x[31] == -n, "temporaries");
  check (x[8] == 1000 + n && x[9] == 2000 + n && x[18] == 3000 + n && x[27] == 4000 + n, "saved registers");
  double d0, d7, f9;
  memcpy (&d0, &uc->uc_mcontext.__fpregs.__d.__f[10], 8);
  memcpy (&d7, &uc->uc_mcontext.__fpregs.__d.__f[31], 8);
  memcpy (&f9, &uc->uc_mcontext.__fpregs.__d.__f[9], 8);
  check (d0 == (double)n && d7 == (double)n * 0.5 && f9 == (double)n + 0.25, "floating-point registers");
  uint64_t boxed = uc->uc_mcontext.__fpregs.__d.__f[20];
  float single = (float)n;
  uint32_t bits;
  memcpy (&bits, &single, 4);
  check (boxed == (UINT64_C (0xffffffff) << 32 | bits), "a boxed single");
  faults++;
  siglongjmp (recover, 1);
}

/* Stores to area[0], area[1] ... until it faults; in s registers and others are functions of the count. */
static void
hot_loop (void)
{
  __asm__ volatile ("li a0, 0\n"
                    "1: slli t1, a0, 3\n"
                    "add a1, %0, t1\n"
                    "slli a2, a0, 1\n add a2, a2, a0\n"
                    "xori a3, a0, 0x55\n"
                    "not a4, a0\n"
                    "addi t0, a0, 1\n"
                    "slli t2, a0, 3\n sub t2, t2, a0\n"
                    "addi t3, a0, 28\n"
                    "neg t6, a0\n"
                    "addi s0, a0, 1000\n addi s1, a0, 2000 - 1000\n addi s1, s1, 1000\n"
                    "li s2, 3000\n add s2, s2, a0\n"
                    "li s11, 4000\n add s11, s11, a0\n"
                    "fcvt.d.l fa0, a0\n"
                    "li t4, 0x3fe0000000000000\n fmv.d.x ft8, t4\n fmul.d ft11, fa0, ft8\n"
                    "fmul.d fs1, ft8, ft8\n fadd.d fs1, fs1, fa0\n"
                    "fcvt.s.l fs4, a0\n"
                    "sd a0, 0(a1)\n"
                    "addi a0, a0, 1\n"
                    "j 1b\n"
                    :
                    : "r"(area)
                    : "memory", "t0", "t1", "t2", "t3", "t4", "t6", "a0", "a1", "a2", "a3", "a4", "s1", "s2",
                      "s11", "fa0", "ft8", "ft11", "fs1", "fs4");
}

static void
test_fault (void)
{
  struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
  sigaction (SIGSEGV, &action, NULL);
  area = mmap (NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check (area != MAP_FAILED, "memory");
  for (volatile int page = PAGES - 1; page > 0; page--) {
    mprotect (area + page * 4096, 4096, PROT_NONE);
    if (sigsetjmp (recover, 1) == 0)
      hot_loop ();
  }
  check (faults == PAGES - 1, "as many faults as pages");
}

int
main (void)
{
  test_depth ();
  test_longjmp ();
  test_coroutines ();
  test_fault ();
  puts ("ok");
  return 0;
}
