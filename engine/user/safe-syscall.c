/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "safe-syscall.h"

#include "user.h"
#include <ucontext.h>

#ifndef __x86_64__
#error "safe-syscall.c: needs the window for this host"
#endif

/* Stack arguments: e at 8(%rsp), f at 16(%rsp).  No stack change between start and end, so the way out is a
 * plain return; the kernel's clobbers (rcx, r11) are the caller's to lose anyway. */
__asm__ (
    ".pushsection .text\n"
    ".globl user_safe_syscall_raw, user_safe_syscall_start, user_safe_syscall_end, user_safe_syscall_out\n"
    ".hidden user_safe_syscall_start, user_safe_syscall_end, user_safe_syscall_out\n"
    ".type user_safe_syscall_raw, @function\n"
    "user_safe_syscall_raw:\n"
    ".cfi_startproc\n"
    "  mov %rdi, %r11\n"
    "  mov %rsi, %rax\n"
    "  mov %rdx, %rdi\n"
    "  mov %rcx, %rsi\n"
    "  mov %r8, %rdx\n"
    "  mov %r9, %r10\n"
    "  mov 8(%rsp), %r8\n"
    "  mov 16(%rsp), %r9\n"
    "user_safe_syscall_start:\n"
    "  cmpl $0, (%r11)\n"
    "  jne user_safe_syscall_out\n"
    "  syscall\n"
    "user_safe_syscall_end:\n"
    "  ret\n"
    "user_safe_syscall_out:\n"
    "  mov $-512, %rax\n"
    "  ret\n"
    ".cfi_endproc\n"
    ".size user_safe_syscall_raw, . - user_safe_syscall_raw\n"
    ".popsection\n");

extern const char user_safe_syscall_start[], user_safe_syscall_end[], user_safe_syscall_out[];

_Static_assert (USER_ERESTARTSYS == 512, "the assembly above has the number in it");

long
user_safe_syscall6 (long nr, long a, long b, long c, long d, long e, long f)
{
  return user_safe_syscall_raw (&user_self->attention, nr, a, b, c, d, e, f);
}

void
user_safe_syscall_abort (void *ucontext)
{
  ucontext_t *uc = ucontext;
  uintptr_t pc = uc->uc_mcontext.gregs[REG_RIP];
  if (pc >= (uintptr_t)user_safe_syscall_start && pc < (uintptr_t)user_safe_syscall_end)
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)user_safe_syscall_out;
}
