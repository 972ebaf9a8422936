/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs random-cases' cases on an AArch64 processor (or what passes for one: qemu-aarch64), from standard
 * input to standard output. */

#include "random-cases.h"
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Loads all registers from the case, which sp points to meanwhile, jumps to the code, and stores them from
 * there. */
extern char code_area[], code_end[];
void run_case (RandomCase *c);

asm (".pushsection .text\n"
     ".balign 4096\n"
     ".globl run_case\n"
     "run_case:\n"
     "  stp x29, x30, [sp, #-176]!\n"
     "  stp x19, x20, [sp, #16]\n"
     "  stp x21, x22, [sp, #32]\n"
     "  stp x23, x24, [sp, #48]\n"
     "  stp x25, x26, [sp, #64]\n"
     "  stp x27, x28, [sp, #80]\n"
     "  stp d8, d9, [sp, #96]\n"
     "  stp d10, d11, [sp, #112]\n"
     "  stp d12, d13, [sp, #128]\n"
     "  stp d14, d15, [sp, #144]\n"
     "  adrp x1, saved_sp\n"
     "  mov x2, sp\n"
     "  str x2, [x1, :lo12:saved_sp]\n"
     "  mov sp, x0\n"
     "  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "
     "16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
     "  ldr q\\n, [sp, #16 * \\n]\n"
     "  .endr\n"
     "  ldr x0, [sp, #760]\n"
     "  msr nzcv, x0\n"
     "  ldr x0, [sp, #768]\n"
     "  msr fpcr, x0\n"
     "  ldr x0, [sp, #776]\n"
     "  msr fpsr, x0\n"
     "  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, "
     "25, 26, 27, 28, 29, 30\n"
     "  ldr x\\n, [sp, #512 + 8 * \\n]\n"
     "  .endr\n"
     "  b code_area\n"
     "code_done:\n"
     "  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, "
     "25, 26, 27, 28, 29, 30\n"
     "  str x\\n, [sp, #512 + 8 * \\n]\n"
     "  .endr\n"
     "  mrs x0, nzcv\n"
     "  str x0, [sp, #760]\n"
     "  mrs x0, fpcr\n"
     "  str x0, [sp, #768]\n"
     "  mrs x0, fpsr\n"
     "  str x0, [sp, #776]\n"
     "  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, "
     "25, 26, 27, 28, 29, 30, 31\n"
     "  str q\\n, [sp, #16 * \\n]\n"
     "  .endr\n"
     "  msr fpcr, xzr\n"
     "  adrp x1, saved_sp\n"
     "  ldr x2, [x1, :lo12:saved_sp]\n"
     "  mov sp, x2\n"
     "  ldp x19, x20, [sp, #16]\n"
     "  ldp x21, x22, [sp, #32]\n"
     "  ldp x23, x24, [sp, #48]\n"
     "  ldp x25, x26, [sp, #64]\n"
     "  ldp x27, x28, [sp, #80]\n"
     "  ldp d8, d9, [sp, #96]\n"
     "  ldp d10, d11, [sp, #112]\n"
     "  ldp d12, d13, [sp, #128]\n"
     "  ldp d14, d15, [sp, #144]\n"
     "  ldp x29, x30, [sp], #176\n"
     "  ret\n"
     ".balign 4096\n"
     ".globl code_area, code_end\n"
     "code_area:\n"
     "  .space 64\n"
     "  b code_done\n"
     ".balign 4096\n"
     "code_end:\n"
     ".popsection\n"
     ".pushsection .bss\n"
     ".balign 16\n"
     "saved_sp: .space 16\n"
     ".popsection\n");

static sigjmp_buf undefined;

static void
on_sigill (int signo)
{
  siglongjmp (undefined, 1);
}

static int
transfer (ssize_t (*call) (int, void *, size_t), int fd, char *at, size_t size)
{
  while (size > 0) {
    ssize_t n = call (fd, at, size);
    if (n <= 0)
      return 0;
    at += n;
    size -= (size_t)n;
  }
  return 1;
}

int
main (void)
{
  static RandomCase c __attribute__ ((aligned (16)));
  static char stack[65536];
  const uint32_t nop = 0xd503201f;
  sigaltstack (&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
  sigaction (SIGILL, &(struct sigaction){ .sa_handler = on_sigill, .sa_flags = SA_ONSTACK }, NULL);
  mprotect (code_area, (size_t)(code_end - code_area), PROT_READ | PROT_WRITE | PROT_EXEC);
  while (transfer (read, 0, (char *)&c, sizeof c)) {
    uint32_t *code = (uint32_t *)code_area;
    for (unsigned i = 0; i < 16; i++)
      code[i] = i < c.n_insns && i < CASE_INSNS ? c.insns[i] : nop;
    __builtin___clear_cache (code_area, code_area + 64);
    if (sigsetjmp (undefined, 1) == 0)
      run_case (&c);
    else
      c.illegal = 1;
    transfer ((ssize_t (*) (int, void *, size_t))write, 1, (char *)&c, sizeof c);
  }
  return 0;
}
