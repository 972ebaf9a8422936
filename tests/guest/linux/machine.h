/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What tests need of the guest's processor: instructions, and registers in a signal's context. */

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#if defined __riscv

#define MACHINE_NAME "riscv64"
#define MACHINE_ELF  243
#define MACHINE_TRAP "ebreak"

#define CONTEXT_PC(uc)      ((uc)->uc_mcontext.__gregs[REG_PC])
#define CONTEXT_RETURN(uc)  ((uc)->uc_mcontext.__gregs[REG_RA])
#define CONTEXT_SCRATCH(uc) ((uc)->uc_mcontext.__gregs[28]) /* t3 */

/* ft0. */
static inline void
context_set_float (ucontext_t *uc, uint64_t bits)
{
  uc->uc_mcontext.__fpregs.__d.__f[0] = bits;
}

static inline unsigned
insn_length (uintptr_t pc)
{
  return (*(const uint16_t *)pc & 3) == 3 ? 4 : 2;
}

/* Loads from `address` with *scratch in the scratch register, and gives back what is in it and in the
 * floating-point register afterwards, and where the load was. */
static inline double
load_traced (uintptr_t address, uintptr_t *scratch, uintptr_t *ret_at)
{
  register uintptr_t t3 __asm__ ("t3") = *scratch;
  register uintptr_t a5 __asm__ ("a5") = address;
  uintptr_t at;
  double f;
  __asm__ volatile ("fmv.d.x ft0, zero\n la %1, 1f\n 1: lw zero, 0(%3)\n fmv.d %2, ft0"
                    : "+r"(t3), "=&r"(at), "=f"(f)
                    : "r"(a5)
                    : "memory", "ft0");
  *scratch = t3;
  *ret_at = at;
  return f;
}

#define UNDEFINED_AT(at)                                                                                     \
  __asm__ volatile ("la %0, 1f\n .balign 4\n 1: .word 0xffffffff" : "=&r"(at) : : "t3", "ft0", "memory")
#define TRAP_AT(at)                                                                                          \
  __asm__ volatile ("la %0, 1f\n .option push\n .option norvc\n 1: ebreak\n .option pop"                     \
                    : "=&r"(at)                                                                              \
                    :                                                                                        \
                    : "t3", "ft0", "memory")
#define FAULT_WITHOUT_STACK() __asm__ volatile ("li sp, 64\n lw zero, 0(zero)")
#define RETURN_FOREVER()                                                                                     \
  __asm__ volatile (".option push\n.option norvc\n1: la ra, 1b\nret\n.option pop" ::: "ra", "memory")

typedef uint16_t Insn;
enum { INSN_RET = 0x8082, INSN_NOP = 0x0001 };
#define INSN_SET(value) (0x4501 | (value) << 2) /* li a0, value */
#define INSN_COUNT      0x0505                  /* addi a0, a0, 1 */
#define INSN_BACK_2     0xbff5                  /* j -4 */
/* lui t0, 0x1000; slli t0, t0, 12; jr t0. */
#define CODE_JUMP_FAR { 0x010002b7, 0x00c29293, 0x00028067 }
/* The third instruction, lw a0, 0(x0), faults. */
#define CODE_FAULT { 0x00000013, 0x00000013, 0x00002503, 0x00008067 }

#elif defined __aarch64__

#define MACHINE_NAME "aarch64"
#define MACHINE_ELF  183
#define MACHINE_TRAP "brk #0"

#define CONTEXT_PC(uc)      ((uc)->uc_mcontext.pc)
#define CONTEXT_RETURN(uc)  ((uc)->uc_mcontext.regs[30])
#define CONTEXT_SCRATCH(uc) ((uc)->uc_mcontext.regs[9])

/* d0: the first record is that of the vector registers. */
static inline void
context_set_float (ucontext_t *uc, uint64_t bits)
{
  struct fpsimd_context *fp = (struct fpsimd_context *)uc->uc_mcontext.__reserved;
  fp->vregs[0] = bits;
}

static inline unsigned
insn_length (uintptr_t pc)
{
  return 4;
}

static inline double
load_traced (uintptr_t address, uintptr_t *scratch, uintptr_t *ret_at)
{
  register uintptr_t x9 __asm__ ("x9") = *scratch;
  uintptr_t at;
  double f;
  __asm__ volatile ("movi v0.2d, #0\n adr %1, 1f\n 1: ldr wzr, [%3]\n fmov %d2, d0"
                    : "+r"(x9), "=&r"(at), "=w"(f)
                    : "r"(address)
                    : "memory", "v0");
  *scratch = x9;
  *ret_at = at;
  return f;
}

#define UNDEFINED_AT(at) __asm__ volatile ("adr %0, 1f\n 1: udf #0" : "=&r"(at) : : "x9", "v0", "memory")
#define TRAP_AT(at)      __asm__ volatile ("adr %0, 1f\n 1: brk #0" : "=&r"(at) : : "x9", "v0", "memory")
#define FAULT_WITHOUT_STACK()                                                                                \
  __asm__ volatile ("mov x9, #64\n mov sp, x9\n mov x9, #0\n ldr wzr, [x9]" ::: "x9")
#define RETURN_FOREVER() __asm__ volatile ("1: adr x30, 1b\n ret" ::: "x30", "memory")

typedef uint32_t Insn;
#define INSN_RET         0xd65f03c0u
#define INSN_NOP         0xd503201fu
#define INSN_SET(value)  (0xd2800000u | (unsigned)(value) << 5) /* mov x0, #value */
#define INSN_COUNT       0x91000400u                            /* add x0, x0, #1 */
#define INSN_BACK_2      0x17fffffeu                            /* b .-8 */
/* mov x9, #0x1000000000; br x9. */
#define CODE_JUMP_FAR    { 0xd2c00209u, 0xd61f0120u }
/* The third instruction, ldr w0, [x9], faults. */
#define CODE_FAULT       { 0xd503201fu, 0xd2800009u, 0xb9400120u, 0xd65f03c0u }

#endif
