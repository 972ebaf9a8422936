/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Code that is written, overwritten and jumped to in unusual ways, and what must not get lost meanwhile:
 * signals, the place of a fault, other threads' changes. RISC-V instructions are written as numbers. */

#include "check.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>

enum { PAGE = 4096 };
enum { RET = 0x8082, NOP = 0x0001 }; /* 16-bit instructions */

static void *
code_pages (void *where, size_t size)
{
  int fixed = where != NULL ? MAP_FIXED_NOREPLACE : 0;
  void *p =
      mmap (where, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
  return p != MAP_FAILED ? p : NULL;
}

static void
flush (void *start, size_t size)
{
  __builtin___clear_cache (start, (char *)start + size);
}

/* ---- A loop of returns that no call precedes. ---- */

static sigjmp_buf out_of_loop;

static void
on_alarm (int sig)
{
  siglongjmp (out_of_loop, 1);
}

static void
start_timer (void)
{
  struct itimerval soon = { .it_value = { .tv_usec = 200000 } };
  signal (SIGALRM, on_alarm);
  setitimer (ITIMER_REAL, &soon, NULL);
}

static void
test_return_loop (void)
{
  start_timer ();
  if (sigsetjmp (out_of_loop, 1) == 0)
    __asm__ volatile (".option push\n.option norvc\n"
                      "1: la ra, 1b\n"
                      "ret\n"
                      ".option pop" ::
                          : "ra", "memory");
  CHECK (1);
}

/* ---- A fault behind a jump over more than 2 GiB. ---- */

static uintptr_t fault_pc;

static void
on_fault (int sig, siginfo_t *info, void *context)
{
  fault_pc = ((ucontext_t *)context)->uc_mcontext.__gregs[0];
  siglongjmp (out_of_loop, 1);
}

/* lui t0, high; slli t0, t0, shift; jr t0 goes where lw a0, 0(x0) is the third instruction. */
static void
test_far_fault (void)
{
  uint32_t *near = code_pages (NULL, PAGE), *far = code_pages ((void *)0x1000000000, PAGE);
  CHECK (near != NULL && far != NULL);
  if (near == NULL || far == NULL)
    return;
  const uint32_t jump[] = { 0x010002b7 /* lui t0, 0x1000 */, 0x00c29293 /* slli t0, t0, 12 */,
                            0x00028067 /* jr t0 */ };
  const uint32_t load[] = { 0x00000013, 0x00000013, 0x00002503 /* lw a0, 0(x0) */, 0x00008067 };
  memcpy (near, jump, sizeof jump);
  memcpy (far, load, sizeof load);
  flush (near, PAGE);
  flush (far, PAGE);
  struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
  sigaction (SIGSEGV, &action, NULL);
  for (int i = 0; i < 3; i++) {
    fault_pc = 0;
    if (sigsetjmp (out_of_loop, 1) == 0)
      ((void (*) (void))near) ();
    CHECK_EQ (fault_pc, (uintptr_t)(far + 2));
  }
  munmap (near, PAGE);
  munmap (far, PAGE);
}

/* ---- Another thread's loop is changed. ---- */

static int stopped;

static void *
run_loop (void *code)
{
  ((void (*) (void))code) ();
  __atomic_store_n (&stopped, 1, __ATOMIC_RELEASE);
  return NULL;
}

static void
test_loop_changed (void)
{
  uint16_t *code = code_pages (NULL, PAGE);
  pthread_t thread;
  const uint16_t loop[] = { NOP, 0x0505 /* addi a0, a0, 1 */, NOP, 0xbff5 /* j -4 */ };
  for (int round = 0; round < 20; round++) {
    memcpy (code, loop, sizeof loop);
    flush (code, PAGE);
    stopped = 0;
    CHECK_EQ (pthread_create (&thread, NULL, run_loop, code), 0);
    usleep (20000);
    __atomic_store_n (code + 3, RET, __ATOMIC_RELAXED);
    flush (code, PAGE);
    for (int i = 0; i < 2000 && !__atomic_load_n (&stopped, __ATOMIC_ACQUIRE); i++)
      usleep (1000);
    CHECK (stopped);
    if (!stopped)
      return;
    pthread_join (thread, NULL);
  }
  munmap (code, PAGE);
}

/* ---- A function is changed while another thread translates it. ---- */

static uint16_t *functions;
static int go_on = 1;

static void *
run_functions (void *unused)
{
  while (__atomic_load_n (&go_on, __ATOMIC_ACQUIRE))
    for (int i = 0; i < 64; i++)
      ((long (*) (void)) (functions + 32 * i)) ();
  return NULL;
}

static void
set_function (int i, int value)
{
  functions[32 * i + 1] = RET;
  __atomic_store_n (functions + 32 * i, (uint16_t)(0x4501 | value << 2), __ATOMIC_RELAXED); /* li a0, value */
}

static void
test_function_changed (void)
{
  pthread_t thread;
  functions = code_pages (NULL, PAGE);
  for (int i = 0; i < 64; i++)
    set_function (i, 0);
  flush (functions, PAGE);
  CHECK_EQ (pthread_create (&thread, NULL, run_functions, NULL), 0);
  int bad = 0;
  for (int round = 1; round < 3000 && bad == 0; round++) {
    int wanted = round & 31;
    for (int i = 0; i < 64; i++)
      set_function (i, wanted);
    flush (functions, PAGE);
    for (int i = 0; i < 64; i++)
      bad += ((long (*) (void)) (functions + 32 * i)) () != wanted;
  }
  CHECK_EQ (bad, 0);
  __atomic_store_n (&go_on, 0, __ATOMIC_RELEASE);
  pthread_join (thread, NULL);
}

/* ---- More functions than a translator has seen in one program. ---- */

static void
test_many_functions (void)
{
  enum { N = 1100000 };
  uint16_t *code = code_pages (NULL, 2 * N);
  for (int i = 0; i < N; i++)
    code[i] = RET;
  flush (code, 2 * N);
  for (int i = 0; i < N; i++)
    ((void (*) (void)) (code + i)) ();
  munmap (code, 2 * N);
}

int
main (int argc, char **argv)
{
  const char *only = argc > 1 ? argv[1] : "";
  if (!*only || !strcmp (only, "return"))
    test_return_loop ();
  if (!*only || !strcmp (only, "far"))
    test_far_fault ();
  if (!*only || !strcmp (only, "loop"))
    test_loop_changed ();
  if (!*only || !strcmp (only, "function"))
    test_function_changed ();
  if (!*only || !strcmp (only, "many"))
    test_many_functions ();
  return check_end ();
}
