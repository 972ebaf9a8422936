/* SPDX-License-Identifier: GPL-3.0-or-later */

/* 64-bit Arm Linux: registers of calls and threads, and struct sigcontext. */

#include "user-abi.h"
#include "user-mmap.h"

#include "arm-cpu.h"
#include <string.h>

enum { FP = 29, LR = 30 };

/* struct sigcontext: fault_address, x0 to x30, sp, pc, pstate; then, 16-aligned, room for records that each
 * begin with their magic number and size. */
enum { MC_FAULT = 0, MC_X = 8, MC_SP = MC_X + 31 * 8, MC_PC = MC_SP + 8, MC_PSTATE = MC_PC + 8 };
enum { MC_RECORDS = 288, RECORDS_SIZE = 4096, MC_SIZE = MC_RECORDS + RECORDS_SIZE };

enum { HEAD_SIZE = 8, FPSIMD_SIZE = 528, ESR_SIZE = 16 };
#define FPSIMD_MAGIC 0x46508001u
#define ESR_MAGIC    0x45535201u

/* Bits of PSTATE that a program's own instructions can set, besides the condition flags. */
#define PSTATE_DIT         (UINT64_C (1) << 24)
#define PSTATE_SSBS        (UINT64_C (1) << 12)
#define PSTATE_BTYPE_SHIFT 10
/* Anything but EL0 in AArch64 state, or masked interrupts: no program can have been there. */
#define PSTATE_NOT_USER UINT64_C (0x3df)

static uint64_t
stack (const Cpu *cpu)
{
  return cpu->state.var[ARM_VAR_SP];
}

static void
set_stack (Cpu *cpu, uint64_t sp)
{
  cpu->state.var[ARM_VAR_SP] = sp;
}

static void
set_tls (Cpu *cpu, uint64_t tls)
{
  cpu->state.var[ARM_VAR_TPIDR_EL0] = tls;
}

static void
finish_syscall (Cpu *cpu, int64_t result)
{
  cpu->state.var[ARM_VAR_X] = (uint64_t)result;
  cpu->state.pc += 4;
}

static void
put32 (uint8_t *p, uint32_t value)
{
  memcpy (p, &value, sizeof value);
}

static void
put64 (uint8_t *p, uint64_t value)
{
  memcpy (p, &value, sizeof value);
}

static uint32_t
get32 (const uint8_t *p)
{
  uint32_t value;
  memcpy (&value, p, sizeof value);
  return value;
}

static uint64_t
get64 (const uint8_t *p)
{
  uint64_t value;
  memcpy (&value, p, sizeof value);
  return value;
}

/* ---- records ---- */

static uint8_t *
put_fpsimd (const ArmCpu *arm, uint8_t *p)
{
  put32 (p, FPSIMD_MAGIC);
  put32 (p + 4, FPSIMD_SIZE);
  put32 (p + 8, arm_cpu_fpsr (arm));
  put32 (p + 12, arm_cpu_fpcr (arm));
  memcpy (p + 16, &arm->cpu.state.var[ARM_VAR_V], 32 * 16);
  return p + FPSIMD_SIZE;
}

static void
load_fpsimd (ArmCpu *arm, const uint8_t *p)
{
  memcpy (&arm->cpu.state.var[ARM_VAR_V], p + 16, 32 * 16);
  arm_cpu_set_fpcr (arm, get32 (p + 12));
  arm_cpu_set_fpsr (arm, get32 (p + 8));
}

/* The syndrome as the kernel shows it: exception class, instruction length, whether it was a write, and the
 * fault's status code at the last level of the page tables.  0: the kernel shows none. */
static uint32_t
syndrome (const UserFault *fault)
{
  enum { FETCH = 0x20, PC_ALIGNMENT = 0x22, DATA = 0x24, SP_ALIGNMENT = 0x26 };
  enum { TRANSLATION = 0x07, PERMISSION = 0x0f, ALIGNMENT = 0x21 };
  const uint32_t il = 1u << 25, write = (fault->write ? 1u << 6 : 0) | (fault->cache ? 1u << 8 : 0);
  if (fault->signo == 0 || fault->signo == SIGILL)
    return 0;
  if (fault->stack)
    return (uint32_t)SP_ALIGNMENT << 26 | il;
  if (fault->signo == SIGBUS && fault->si_code == BUS_ADRALN)
    return fault->fetch ? (uint32_t)PC_ALIGNMENT << 26 | il : (uint32_t)DATA << 26 | il | write | ALIGNMENT;
  uint32_t status = fault->signo == SIGSEGV && fault->si_code == SEGV_ACCERR ? PERMISSION : TRANSLATION;
  return (uint32_t)(fault->fetch ? FETCH : DATA) << 26 | il | write | status;
}

/* SPEC: DDI 0487, FAR_EL1 and ESR_EL1: the address of a DC instruction is the one in its register, not that
 * of the line or of what was accessed of it; and all of them count as writes, of which the syndrome tells DC
 * ZVA from the others.  A misaligned SP is what an instruction looks at first. */
static void
refine_fault (const Cpu *cpu, UserFault *fault)
{
  enum { DC = 0xd50b7000, DC_ZVA = 0xd50b7420, RT = 31, RN = 31 << 5 };
  uint32_t insn;
  if (fault->fetch || user_read (&insn, cpu->state.pc, sizeof insn) < 0)
    return;
  fault->stack = fault->signo == SIGBUS && fault->si_code == BUS_ADRALN && (insn & RN) == RN &&
                 cpu->state.var[ARM_VAR_SP] % 16 != 0;
  if ((insn & 0xfffff000) != DC)
    return;
  fault->addr = (insn & RT) == RT ? 0 : cpu->state.var[ARM_VAR_X + (insn & RT)];
  fault->write = true;
  fault->cache = (insn & ~(uint32_t)RT) != DC_ZVA;
}

/* Those of the kernel that say nothing of where an access went leave the address 0. */
static bool
has_address (const UserFault *fault)
{
  return fault->signo == SIGSEGV ||
         (fault->signo == SIGBUS && !fault->stack && !(fault->fetch && fault->si_code == BUS_ADRALN));
}

static void
save_mcontext (const Cpu *cpu, const UserFault *fault, void *mcontext)
{
  const uint64_t *var = cpu->state.var;
  uint8_t *p = mcontext, *record = p + MC_RECORDS;
  memset (p, 0, MC_SIZE);
  put64 (p + MC_FAULT, has_address (fault) ? fault->addr : 0);
  memcpy (p + MC_X, &var[ARM_VAR_X], 31 * 8);
  put64 (p + MC_SP, var[ARM_VAR_SP]);
  put64 (p + MC_PC, cpu->state.pc);
  put64 (p + MC_PSTATE, var[ARM_VAR_NZCV] << 28 | (var[ARM_VAR_PSTATE] & (PSTATE_DIT | PSTATE_SSBS)) |
                            arm_cpu_btype ((const ArmCpu *)cpu) << PSTATE_BTYPE_SHIFT);
  record = put_fpsimd ((const ArmCpu *)cpu, record);
  if (syndrome (fault) != 0) {
    put32 (record, ESR_MAGIC);
    put32 (record + 4, ESR_SIZE);
    put64 (record + 8, syndrome (fault));
  }
}

/* The list must be well-formed, of records this processor has, and hold the vector registers once. */
static const uint8_t *
find_fpsimd (const uint8_t *records)
{
  const uint8_t *fpsimd = NULL;
  for (uint32_t at = 0; RECORDS_SIZE - at >= HEAD_SIZE && at % 16 == 0;) {
    uint32_t magic = get32 (records + at), size = get32 (records + at + 4);
    if (magic == 0)
      return size == 0 ? fpsimd : NULL;
    if (size < HEAD_SIZE || size > RECORDS_SIZE - at)
      return NULL;
    if (magic == FPSIMD_MAGIC && fpsimd == NULL && size == FPSIMD_SIZE)
      fpsimd = records + at;
    else if (magic != ESR_MAGIC)
      return NULL;
    at += size;
  }
  return NULL;
}

static bool
load_mcontext (Cpu *cpu, const void *mcontext)
{
  uint64_t *var = cpu->state.var;
  const uint8_t *p = mcontext, *fpsimd = find_fpsimd (p + MC_RECORDS);
  uint64_t pstate = get64 (p + MC_PSTATE);
  memcpy (&var[ARM_VAR_X], p + MC_X, 31 * 8);
  var[ARM_VAR_SP] = get64 (p + MC_SP);
  cpu->state.pc = get64 (p + MC_PC);
  var[ARM_VAR_NZCV] = pstate >> 28 & 15;
  var[ARM_VAR_PSTATE] = pstate & (PSTATE_DIT | PSTATE_SSBS);
  arm_cpu_set_btype ((ArmCpu *)cpu, pstate >> PSTATE_BTYPE_SHIFT & 3);
  var[ARM_VAR_EXCL_ADDR] = ARM_NOT_EXCLUSIVE;
  if (fpsimd == NULL || (pstate & PSTATE_NOT_USER))
    return false;
  load_fpsimd ((ArmCpu *)cpu, fpsimd);
  return true;
}

/* Debuggers and unwinders walk over a frame by it: what the interrupted code had as frame pointer and return
 * address. */
static void
save_link (const Cpu *cpu, void *link)
{
  put64 (link, cpu->state.var[ARM_VAR_X + FP]);
  put64 ((uint8_t *)link + 8, cpu->state.var[ARM_VAR_X + LR]);
}

/* SPEC: Linux, setup_return(): a handler is called, as BLR would. */
enum { HANDLER_BTYPE = 2 };

static void
enter_handler (Cpu *cpu, const UserSignalEntry *entry)
{
  uint64_t *var = cpu->state.var;
  var[ARM_VAR_X] = (uint64_t)entry->signo;
  var[ARM_VAR_X + 1] = entry->info;
  var[ARM_VAR_X + 2] = entry->context;
  var[ARM_VAR_X + FP] = entry->link;
  var[ARM_VAR_X + LR] = entry->restorer;
  var[ARM_VAR_SP] = entry->sp;
  var[ARM_VAR_EXCL_ADDR] = ARM_NOT_EXCLUSIVE;
  cpu->state.pc = entry->handler;
  arm_cpu_set_btype ((ArmCpu *)cpu, HANDLER_BTYPE);
}

/* Indirect branches are noted from now on. */
static void
first_guarded (void)
{
  arm_cpu_guard_pages (user_page_guarded);
  cpu_invalidate (0, UINT64_MAX);
}

static void
init_guard (const Cpu *cpu)
{
  if (arm_has ((const ArmCpu *)cpu, ARM_EXT_BTI))
    user_guard_init (first_guarded);
}

const UserAbi user_abi_aarch64 = {
  .isa = "aarch64",
  .space_bits = 39,
  .syscalls = &user_syscall_abi_aarch64,
  .finish_syscall = finish_syscall,
  .stack = stack,
  .set_stack = set_stack,
  .set_tls = set_tls,
  .sa_restorer = true,
  .mcontext_size = MC_SIZE,
  .mcontext_align = 16,
  .save_mcontext = save_mcontext,
  .load_mcontext = load_mcontext,
  .refine_fault = refine_fault,
  .bad_frame_is_fault = true,
  .link_size = 16,
  .save_link = save_link,
  .enter_handler = enter_handler,
  .init_guard = init_guard,
  .stack_align = 16,
  .min_stack = 5120,
};
