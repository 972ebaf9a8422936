/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "jit-private.h"

#include <ucontext.h>

/* The guest's sticky floating-point flags.
 *
 * Reading MXCSR costs a wait for every floating-point operation in flight, and compilers read the flags
 * around each comparison.  So state.fp.flags is kept complete without reading it: while compiled code runs,
 * each exception whose flag is not set yet is unmasked. The first operation that raises it traps; the handler
 * notes the flag, masks the exception and repeats the operation. A program that clears flags again and again
 * would trap again and again: after some thousand times all stay masked, and the flags are read from MXCSR as
 * needed (fp_lazy).
 *
 * The host reports an unmasked underflow for any tiny result, but the flag is for inexact ones only: after
 * such a trap the flag must be read from MXCSR too, until the code is next entered. */

#define MAX_TRAPS  2000
#define MASK_SHIFT 7
#define CSR_UE     16u

/* MXCSR has a denormal flag between FP_*'s bits 0 and 1. */
static unsigned
csr_of_flags (unsigned flags)
{
  return (flags & 1) | (flags & 0x1e) << 1;
}

static unsigned
flags_of_csr (unsigned csr)
{
  return (csr & 1) | (csr >> 1 & 0x1e);
}

unsigned
fpflags_mxcsr (const JitState *js)
{
  /* MXCSR.RC: 0 nearest, 1 down, 2 up, 3 to zero. */
  static const uint8_t rc[8] = { [IR_RNE] = 0, [IR_RTZ] = 3, [IR_RDN] = 1, [IR_RUP] = 2 };
  const FpStatus *fp = &js->state.fp;
  unsigned masked = js->fp_lazy ? MXCSR_STICKY : 2 | csr_of_flags (fp->flags);
  return masked << MASK_SHIFT | (unsigned)rc[fp->round & 7] << 13;
}

void
fpflags_fold (JitState *js, unsigned csr)
{
  if (js->fp_lazy)
    js->state.fp.flags |= flags_of_csr (csr & csr >> MASK_SHIFT);
  js->fp_lazy = js->fp_traps >= MAX_TRAPS;
}

bool
jit_host_fpe (JitThread *t, const siginfo_t *info, void *ucontext)
{
  ucontext_t *uc = ucontext;
  JitState *js = t->js;
  if (info->si_code <= 0 || !code_cache_contains ((const void *)uc->uc_mcontext.gregs[REG_RIP]))
    return false;
  uint32_t *csr = &uc->uc_mcontext.fpregs->mxcsr;
  unsigned raised = *csr & ~(*csr >> MASK_SHIFT) & MXCSR_STICKY;
  if (raised == 0)
    return false;
  js->state.fp.flags |= flags_of_csr (raised & ~CSR_UE);
  *csr = (*csr | raised << MASK_SHIFT) & ~raised; /* an underflow noted in MXCSR alone stays */
  if (raised & CSR_UE)
    js->fp_lazy = true;
  if (++js->fp_traps >= MAX_TRAPS) {
    js->fp_lazy = true;
    *csr |= MXCSR_STICKY << MASK_SHIFT;
  }
  return true;
}
