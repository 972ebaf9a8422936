/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "jit-private.h"

#include <ucontext.h>

/* From a host signal frame back to guest state: registers by the code's map, the pc by its fault points. */

/* ucontext's index of each host register. */
static const int8_t greg_of[16] = {
  [RAX] = REG_RAX, [RCX] = REG_RCX, [RDX] = REG_RDX, [RBX] = REG_RBX, [RSP] = REG_RSP, [RBP] = REG_RBP,
  [RSI] = REG_RSI, [RDI] = REG_RDI, [R8] = REG_R8,   [R9] = REG_R9,   [R10] = REG_R10, [R11] = REG_R11,
  [R12] = REG_R12, [R13] = REG_R13, [R14] = REG_R14, [R15] = REG_R15,
};

static uint64_t
xmm_half (const ucontext_t *uc, int x, unsigned half)
{
  const struct _libc_xmmreg *reg = &uc->uc_mcontext.fpregs->_xmm[x];
  return reg->element[2 * half] | (uint64_t)reg->element[2 * half + 1] << 32;
}

static void
recover_vars (JitState *js, const VarMap *map, const ucontext_t *uc)
{
  for (unsigned v = 0; v < jit_config.n_vars; v++) {
    if (map->gpr[v] >= 0)
      js->state.var[v] = uc->uc_mcontext.gregs[greg_of[map->gpr[v]]];
    if (map->xmm[v] >= 0)
      js->state.var[v] = xmm_half (uc, map->xmm[v], 0);
    if (map->xmm[v] >= 0 && var_is_wide (v))
      js->state.var[v + 1] = xmm_half (uc, map->xmm[v], 1);
  }
}

static bool
recover_pc (const JitCode *code, uint32_t offset, uint64_t *ret_pc)
{
  const FaultPoint *found = NULL;
  for (unsigned i = 0; i < code->n_faults && code->faults[i].offset <= offset; i++)
    found = &code->faults[i];
  if (found == NULL)
    return false;
  *ret_pc = code->pc + found->pc;
  return true;
}

JitFault
jit_host_fault (JitThread *t, const siginfo_t *info, void *ucontext, unsigned reason)
{
  ucontext_t *uc = ucontext;
  const uint8_t *at = (const uint8_t *)uc->uc_mcontext.gregs[REG_RIP];
  const uint8_t *addr = info->si_addr;
  if (!code_cache_contains (at))
    return JIT_FAULT_NONE;
  /* The guard page: deep recursion has used up the return stack. Start it afresh; returns that no longer find
   * their entry take the slower way. */
  if (info->si_signo == SIGSEGV && addr >= t->stack && addr < t->stack + 4096) {
    stack_reset (t);
    uc->uc_mcontext.gregs[REG_RSP] = t->js->jit_rsp;
    return JIT_FAULT_RETRY;
  }
  const JitCode *code = code_cache_find_host (at);
  uint64_t pc;
  if (code == NULL || !recover_pc (code, at - code->entry, &pc))
    return JIT_FAULT_NONE;
  recover_vars (t->js, code->map != NULL ? code->map : &jit_pinned_map, uc);
  t->js->state.pc = pc;
  uc->uc_mcontext.gregs[REG_RAX] = reason;
  uc->uc_mcontext.gregs[REG_RIP] = (greg_t)jit_stubs.leave_fault;
  return JIT_FAULT_GUEST;
}

void
jit_abandon (JitThread *t, const void *ucontext)
{
  const ucontext_t *uc = ucontext;
  fpflags_fold (t->js, uc != NULL ? uc->uc_mcontext.fpregs->mxcsr : __builtin_ia32_stmxcsr ());
  __builtin_ia32_ldmxcsr (MXCSR_DEFAULT);
}
