/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The guest's signal frame in the layout most Linux ports share: siginfo, then ucontext { flags, link, stack,
 * mask padded to 1024 bits, machine context }.  The machine context is the ISA's. */

#include "user-signal.h"

#include "syscall/syscall.h"
#include "user-abi.h"
#include <errno.h>
#include <string.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif
#define INFO_SIZE 128
#define FLAG_BITS ((uint32_t)SS_AUTODISARM)

typedef struct {
  unsigned word;                              /* bytes of a guest long */
  unsigned link, stack, mask, mcontext, size; /* offsets in ucontext, and its size */
} Layout;

static Layout
layout_of (const UserAbi *abi)
{
  unsigned word = user_is_32 () ? 4 : 8;
  Layout l = { .word = word, .link = word, .stack = 2 * word };
  l.mask = l.stack + 3 * word;
  l.mcontext = l.mask + 1024 / 8;
  l.mcontext = (l.mcontext + abi->mcontext_align - 1) & ~(abi->mcontext_align - 1);
  l.size = (l.mcontext + abi->mcontext_size + abi->mcontext_align - 1) & ~(abi->mcontext_align - 1);
  return l;
}

unsigned
user_frame_size (const UserAbi *abi)
{
  return INFO_SIZE + layout_of (abi).size + abi->link_size;
}

static void
put_word (uint8_t *p, unsigned word, uint64_t value)
{
  memcpy (p, &value, word);
}

static uint64_t
get_word (const uint8_t *p, unsigned word)
{
  uint64_t value = 0;
  memcpy (&value, p, word);
  return value;
}

/* stack_t: pointer, int, size, each at a word's offset. */
static void
put_stack (uint8_t *p, unsigned word, uint64_t sp, uint32_t flags, uint64_t size)
{
  memset (p, 0, 3 * word);
  put_word (p, word, sp);
  memcpy (p + word, &flags, 4);
  put_word (p + 2 * word, word, size);
}

/* ---- the alternate stack ---- */

static bool
on_altstack (const UserThread *thread, uint64_t sp)
{
  /* With SS_AUTODISARM the stack is switched off while in use, so nobody can be on it. */
  if (thread->altstack_flags & FLAG_BITS)
    return false;
  return sp > thread->altstack_sp && sp - thread->altstack_sp <= thread->altstack_size;
}

uint32_t
user_altstack_state (const UserThread *thread, uint64_t sp)
{
  if (thread->altstack_size == 0)
    return SS_DISABLE;
  return on_altstack (thread, sp) ? SS_ONSTACK : 0;
}

int
user_altstack_set (UserThread *thread, uint64_t sp, uint64_t ss_sp, uint32_t ss_flags, uint64_t ss_size)
{
  uint32_t mode = ss_flags & ~FLAG_BITS;
  if (on_altstack (thread, sp))
    return -EPERM;
  if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
    return -EINVAL;
  if (mode == SS_DISABLE)
    ss_sp = ss_size = 0;
  else if (ss_size < user_process.abi->min_stack)
    return -ENOMEM;
  thread->altstack_sp = ss_sp;
  thread->altstack_size = ss_size;
  thread->altstack_flags = ss_flags;
  return 0;
}

static void
altstack_reset (UserThread *thread)
{
  thread->altstack_sp = thread->altstack_size = 0;
  thread->altstack_flags = SS_DISABLE;
}

int64_t
sys_sigaltstack (UserThread *thread, const uint64_t *a)
{
  unsigned word = user_is_32 () ? 4 : 8;
  uint64_t sp = user_process.abi->stack (thread->cpu);
  uint8_t new_stack[24], old_stack[24];
  put_stack (old_stack, word, thread->altstack_sp,
             user_altstack_state (thread, sp) | (thread->altstack_flags & FLAG_BITS), thread->altstack_size);
  if (a[0]) {
    if (user_read (new_stack, a[0], 3 * word) < 0)
      return -EFAULT;
    int error =
        user_altstack_set (thread, sp, get_word (new_stack, word), (uint32_t)get_word (new_stack + word, 4),
                           get_word (new_stack + 2 * word, word));
    if (error)
      return error;
  }
  return a[1] ? user_write (a[1], old_stack, 3 * word) : 0;
}

/* ---- building ---- */

/* The frame's address, or 0 where none can be. */
static uint64_t
frame_address (UserThread *thread, const UserSigaction *action, unsigned size)
{
  const UserAbi *abi = user_process.abi;
  uint64_t sp = abi->stack (thread->cpu);
  /* A frame that would run off the alternate stack must not land below it. */
  if (on_altstack (thread, sp) && !on_altstack (thread, sp - size))
    return 0;
  if ((action->flags & SA_ONSTACK) && user_altstack_state (thread, sp) == 0)
    sp = thread->altstack_sp + thread->altstack_size;
  return (sp - size) & ~(uint64_t)(abi->stack_align - 1);
}

bool
user_frame_push (UserThread *thread, const UserSigaction *action, const siginfo_t *info, uint64_t mask)
{
  const UserAbi *abi = user_process.abi;
  Layout l = layout_of (abi);
  unsigned link = INFO_SIZE + l.size, size = link + abi->link_size;
  uint64_t frame = frame_address (thread, action, size);
  if (frame == 0 || frame % abi->stack_align)
    return false;
  g_autofree uint8_t *bytes = g_malloc0 (size);
  uint8_t *uc = bytes + INFO_SIZE;
  user_kind_to_guest (K_SIGINFO, bytes, info);
  put_stack (uc + l.stack, l.word, thread->altstack_sp,
             user_altstack_state (thread, abi->stack (thread->cpu)) | (thread->altstack_flags & FLAG_BITS),
             thread->altstack_size);
  memcpy (uc + l.mask, &mask, sizeof mask);
  abi->save_mcontext (thread->cpu, &thread->fault, uc + l.mcontext);
  if (abi->link_size > 0)
    abi->save_link (thread->cpu, bytes + link);
  if (user_write (frame, bytes, size) < 0)
    return false;
  if (thread->altstack_flags & FLAG_BITS)
    altstack_reset (thread);
  UserSignalEntry entry = {
    .handler = action->handler,
    .restorer = action->flags & USER_SA_RESTORER ? action->restorer : user_process.vdso_sigreturn,
    .sp = frame,
    .info = frame,
    .context = frame + INFO_SIZE,
    .link = frame + link,
    .signo = info->si_signo,
  };
  abi->enter_handler (thread->cpu, &entry);
  return true;
}

bool
user_frame_pop (UserThread *thread)
{
  const UserAbi *abi = user_process.abi;
  Layout l = layout_of (abi);
  uint64_t frame = abi->stack (thread->cpu);
  g_autofree uint8_t *uc = g_malloc (l.size);
  if (abi->bad_frame_is_fault && frame % abi->stack_align)
    return false;
  if (user_read (uc, frame + INFO_SIZE, l.size) < 0)
    return false;
  memcpy (&thread->sigmask, uc + l.mask, sizeof thread->sigmask);
  thread->sigmask &= ~USER_UNBLOCKABLE;
  user_signal_mask_changed (thread);
  if (!abi->load_mcontext (thread->cpu, uc + l.mcontext))
    return false;
  /* An alternate stack that cannot be put back is not an error, as in the kernel. */
  user_altstack_set (thread, abi->stack (thread->cpu), get_word (uc + l.stack, l.word),
                     (uint32_t)get_word (uc + l.stack + l.word, 4),
                     get_word (uc + l.stack + 2 * l.word, l.word));
  return true;
}
