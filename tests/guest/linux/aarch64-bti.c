/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Guarded pages: which instructions each kind of branch may lead to, and what a program is told of a refusal.
 */

#include "../arm/branch-targets.h"
#include "check.h"
#include <asm/hwcap.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PROT_BTI        0x10
#define PSTATE_BTYPE(p) ((unsigned)((p) >> 10 & 3))

static sigjmp_buf recover;
static siginfo_t seen;
static uint64_t seen_pstate, seen_esr;

static void
on_illegal (int sig, siginfo_t *info, void *context)
{
  ucontext_t *uc = context;
  seen = *info;
  seen_pstate = uc->uc_mcontext.pstate;
  seen_esr = 0;
  struct _aarch64_ctx *head = (void *)uc->uc_mcontext.__reserved;
  for (; head->magic != 0; head = (void *)((char *)head + head->size))
    if (head->magic == ESR_MAGIC)
      seen_esr = ((struct esr_context *)head)->esr;
  siglongjmp (recover, 1);
}

static int
refused (void (*go) (void *), void *target)
{
  if (sigsetjmp (recover, 1))
    return 1;
  go (target);
  return 0;
}

static void
check_all (int guarded)
{
  for (unsigned w = 0; w < sizeof ways / sizeof *ways; w++)
    for (unsigned i = 0; i < N_LANDINGS; i++) {
      void *target = code + i * STEP;
      unsigned btype = ways[w].btype;
      int expected = guarded && btype != 0 && !(landings[i].allows >> btype & 1);
      CHECK (refused (ways[w].go, target) == expected);
      if (!expected)
        continue;
      CHECK (seen.si_signo == SIGILL && seen.si_code == ILL_ILLOPC && seen.si_addr == target);
      CHECK (PSTATE_BTYPE (seen_pstate) == btype);
      CHECK (seen_esr == 0); /* Linux tells none */
    }
}

int
main (void)
{
  CHECK (getauxval (AT_HWCAP2) & HWCAP2_BTI);
  struct sigaction action = { .sa_sigaction = on_illegal, .sa_flags = SA_SIGINFO };
  sigaction (SIGILL, &action, NULL);
  code = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  fill ();
  __builtin___clear_cache ((char *)code, (char *)code + 4096);
  CHECK (mprotect (code, 4096, PROT_READ | PROT_EXEC) == 0);
  check_all (0);
  CHECK (mprotect (code, 4096, PROT_READ | PROT_EXEC | PROT_BTI) == 0);
  for (unsigned n = 0; n < 20; n++)
    check_all (1);
  CHECK (mprotect (code, 4096, PROT_READ | PROT_EXEC) == 0);
  check_all (0);
  uint32_t *other =
      mmap (NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_BTI, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  code = other;
  fill ();
  __builtin___clear_cache ((char *)code, (char *)code + 4096);
  check_all (1);
  return check_end ();
}
