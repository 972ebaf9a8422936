/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system.h"

#include <signal.h>
#include <string.h>

/* Host signals that compiled code raises in system mode: a floating-point flag for the first time (SIGFPE),
 * the guard page of its return stack (SIGSEGV). Any other is a defect of ours, and is left to what
 * was there before: the default action, or a sanitizer. */

#define STACK_SIZE (64 * 1024)

/* What was to be done about SIGSEGV and SIGFPE before. */
static struct sigaction earlier[2];

static void
handler (int signo, siginfo_t *info, void *context)
{
  Cpu *cpu = cpu_running ();
  if (cpu != NULL && cpu->jit != NULL) {
    if (signo == SIGFPE && jit_host_fpe (cpu->jit, info, context))
      return;
    if (signo == SIGSEGV && jit_host_fault (cpu->jit, info, context, IR_EXIT_FAULT) == JIT_FAULT_RETRY)
      return;
  }
  /* What raised it does so again, and the core dump shows where; a signal that was sent has to be sent again.
   */
  sigaction (signo, &earlier[signo == SIGFPE], NULL);
  if (info->si_code <= 0)
    raise (signo);
}

static void
free_stack (gpointer stack)
{
  stack_t none = { .ss_flags = SS_DISABLE };
  sigaltstack (&none, NULL);
  g_free (stack);
}

/* The return stack is too small for a signal frame. */
static GPrivate stack_key = G_PRIVATE_INIT (free_stack);

void
system_thread_begin (void)
{
  static gsize once;
  if (g_once_init_enter (&once)) {
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigemptyset (&action.sa_mask);
    sigaction (SIGSEGV, &action, &earlier[0]);
    sigaction (SIGFPE, &action, &earlier[1]);
    g_once_init_leave (&once, 1);
  }
  if (g_private_get (&stack_key) != NULL)
    return;
  void *memory = g_malloc (STACK_SIZE);
  stack_t stack = { .ss_sp = memory, .ss_size = STACK_SIZE };
  sigaltstack (&stack, NULL);
  g_private_set (&stack_key, memory);
}
