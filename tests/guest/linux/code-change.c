/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Code that is written, overwritten and jumped to in unusual ways, and what must not get lost meanwhile:
 * signals, the place of a fault, other threads' changes. */

#include "check.h"
#include "machine.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

enum { PAGE = 4096 };

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
    RETURN_FOREVER ();
  CHECK (1);
}

/* ---- A fault behind a jump over more than 2 GiB. ---- */

static uintptr_t fault_pc;

static void
on_fault (int sig, siginfo_t *info, void *context)
{
  fault_pc = CONTEXT_PC ((ucontext_t *)context);
  siglongjmp (out_of_loop, 1);
}

static void
test_far_fault (void)
{
  uint32_t *near = code_pages (NULL, PAGE), *far = code_pages ((void *)0x1000000000, PAGE);
  CHECK (near != NULL && far != NULL);
  if (near == NULL || far == NULL)
    return;
  const uint32_t jump[] = CODE_JUMP_FAR;
  const uint32_t load[] = CODE_FAULT;
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
  Insn *code = code_pages (NULL, PAGE);
  pthread_t thread;
  const Insn loop[] = { INSN_NOP, INSN_COUNT, INSN_NOP, INSN_BACK_2 };
  for (int round = 0; round < 20; round++) {
    memcpy (code, loop, sizeof loop);
    flush (code, PAGE);
    stopped = 0;
    CHECK_EQ (pthread_create (&thread, NULL, run_loop, code), 0);
    usleep (20000);
    __atomic_store_n (code + 3, (Insn)INSN_RET, __ATOMIC_RELAXED);
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

static Insn *functions;
enum { SPACING = 64 / sizeof (Insn) };
static int go_on = 1;

static void *
run_functions (void *unused)
{
  while (__atomic_load_n (&go_on, __ATOMIC_ACQUIRE))
    for (int i = 0; i < 64; i++)
      ((long (*) (void)) (functions + SPACING * i)) ();
  return NULL;
}

static void
set_function (int i, int value)
{
  functions[SPACING * i + 1] = INSN_RET;
  __atomic_store_n (functions + SPACING * i, (Insn)INSN_SET (value), __ATOMIC_RELAXED);
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
      bad += ((long (*) (void)) (functions + SPACING * i)) () != wanted;
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
  Insn *code = code_pages (NULL, N * sizeof *code);
  for (int i = 0; i < N; i++)
    code[i] = (Insn)INSN_RET;
  flush (code, N * sizeof *code);
  for (int i = 0; i < N; i++)
    ((void (*) (void)) (code + i)) ();
  munmap (code, N * sizeof *code);
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
