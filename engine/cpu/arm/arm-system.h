/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of the exception levels, the MMU, the timers and PSCI share (DDI 0487, part D). Only
 * machines link them. */

#include "arm-cpu.h"
#include "arm-machine.h"
#include "softmmu.h"

#define ARM_CPU(cpu) ((ArmCpu *)(cpu))

/* ---- System registers (arm-sysreg.def; arm-sysreg.c). ---- */

/* A register's name in an instruction: op0 is 2 or 3. */
#define ARM_REG(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/* Where the value of ARM_SR_x is. */
uint64_t *arm_sysreg (ArmCpu *arm, ArmSysregId id);
static inline uint64_t
arm_sysreg_get (const ArmCpu *arm, ArmSysregId id)
{
  return *arm_sysreg ((ArmCpu *)arm, id);
}

/* The CPU interface of a GIC: for ArmGicOps. */
bool arm_reg_is_gic (unsigned reg);
/* DC ZVA may be executed at the current level. */
bool arm_zva_allowed (const ArmCpu *arm);

/* ---- Exceptions (arm-exception.c, arm-mode.c). ---- */

/* ESR_ELx.EC. */
enum {
  ARM_EC_UNKNOWN = 0x00,
  ARM_EC_WFX = 0x01,
  ARM_EC_FP = 0x07, /* CPACR_EL1, CPTR_ELx */
  ARM_EC_PAUTH = 0x09,
  ARM_EC_BTI = 0x0d,
  ARM_EC_ILLEGAL_STATE = 0x0e,
  ARM_EC_SVC = 0x15,
  ARM_EC_HVC = 0x16,
  ARM_EC_SMC = 0x17,
  ARM_EC_SYSREG = 0x18,
  ARM_EC_INSN_ABORT_LOWER = 0x20, /* one more: from the same level */
  ARM_EC_PC_ALIGNMENT = 0x22,
  ARM_EC_DATA_ABORT_LOWER = 0x24,
  ARM_EC_SP_ALIGNMENT = 0x26,
  ARM_EC_SERROR = 0x2f,
  ARM_EC_BREAKPOINT_LOWER = 0x30,
  ARM_EC_STEP_LOWER = 0x32,
  ARM_EC_WATCHPOINT_LOWER = 0x34,
  ARM_EC_BRK = 0x3c,
};

/* Offsets in the vector table, within the part for the level that the exception comes from. */
typedef enum {
  ARM_VECTOR_SYNC = 0,
  ARM_VECTOR_IRQ = 0x80,
  ARM_VECTOR_FIQ = 0x100,
  ARM_VECTOR_SERROR = 0x180
} ArmVector;

/* Enters `el` (1 to 3) with ESR_ELx = syndrome (of SYNC and SERROR) and, where `with_far`, FAR_ELx = far; the
 * return address is state.pc. Brings the mode up to date. */
void arm_take_exception (ArmCpu *arm, unsigned el, ArmVector vector, uint64_t syndrome, bool with_far,
                         uint64_t far);
/* The level that a synchronous exception of the current level goes to that no trap names: at least EL1; EL2
 * with HCR_EL2.TGE. */
unsigned arm_default_target (const ArmCpu *arm);
/* PSTATE as SPSR_ELx holds it; and from there, for ERET and debuggers: all of it, banked SP included. */
uint64_t arm_pstate (const ArmCpu *arm);
void arm_set_pstate (ArmCpu *arm, uint64_t value);
/* Brings IrState.mode and the address space in step with PSTATE and the system registers; true if one of them
 * changed: then the code being run is no longer right, and its block must end (IR_EXIT_MODE). */
bool arm_update_mode (ArmCpu *arm);
/* HCR_EL2 as it takes effect: 0 without EL2. */
uint64_t arm_hcr (const ArmCpu *arm);
/* There is an EL2 for what runs at EL1 and EL0 now. */
bool arm_el2_enabled (const ArmCpu *arm);
/* EL3 is implemented, and SCR_EL3.NS is 0, or this is EL3. */
bool arm_secure (const ArmCpu *arm);
/* EL0 runs under EL2 (HCR_EL2.E2H and TGE). */
bool arm_in_host (const ArmCpu *arm);
/* The level that an instruction on floating point or vectors is trapped to, or 0. */
unsigned arm_fp_trap (const ArmCpu *arm);
/* ESR_ELx of an exception: class and ISS, with IL for a 32-bit instruction. */
static inline uint64_t
arm_syndrome (unsigned ec, uint32_t iss)
{
  return (uint64_t)ec << 26 | 1u << 25 | iss;
}
/* The same from a helper: the instruction at pc is not executed. */
G_NORETURN void arm_raise (ArmCpu *arm, unsigned el, uint64_t syndrome, uint64_t pc);
/* The bits of an address that translation ignores (TCR_ELx.TBI), or of a branch's target. */
uint64_t arm_ignored_bits (const ArmCpu *arm, uint64_t addr, bool instruction);
void arm_exception (Cpu *cpu, IrExit reason);
bool arm_interrupt (Cpu *cpu);
bool arm_wakes (Cpu *cpu);
/* To be called on the vCPU's thread after a change that may let an interrupt through. */
void arm_irqs_changed (ArmCpu *arm);
/* Whether an interrupt would be taken now. */
bool arm_interrupt_due (const ArmCpu *arm);
/* ISR_EL1. */
uint64_t arm_isr (const ArmCpu *arm);
/* One of ARM_LINE_*, from any thread. */
void arm_set_line (ArmCpu *arm, ArmLine line, bool level);

/* ---- Debug (arm-debug.c). ---- */

/* The level that debug exceptions go to. */
unsigned arm_debug_target (const ArmCpu *arm);
/* Whether they are generated at `el`; masked: PSTATE.D, which counts at the level they go to only. */
bool arm_debug_enabled (const ArmCpu *arm, unsigned el, bool masked);
/* Software step, or some breakpoint, may be due: each instruction asks. */
bool arm_debug_looks (const ArmCpu *arm);
/* What a control register of a break- or watchpoint says of the current state; and of the breakpoint it is
 * linked to. */
bool arm_debug_state_matches (const ArmCpu *arm, uint64_t control);
bool arm_debug_link_matches (const ArmCpu *arm, unsigned link);
/* After a translation: false where the access hits a watchpoint. */
bool arm_watch (ArmCpu *arm, uint64_t vaddr, CpuAccess access, CpuTranslation *t);
/* An access that goes on where it may not: whether a watchpoint is why. */
bool arm_watch_reached (ArmCpu *arm, uint64_t vaddr, CpuAccess access);
uint64_t arm_watch_syndrome (const ArmCpu *arm, unsigned *ret_el);

/* ---- Address translation (arm-mmu.c, arm-walk.c, arm-tlb.c). ---- */

CpuSpaceKey arm_space (const Cpu *cpu);
/* Whether it has changed since it was last asked. */
bool arm_space_moved (ArmCpu *arm);
/* The bits of IrState.mode that loads and stores depend on. */
uint32_t arm_mmu_mode (const ArmCpu *arm);
/* Those of LDTR and STTR. */
CpuSpaceKey arm_user_space (const Cpu *cpu);
bool arm_translate_user (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret);
bool arm_translate (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret);
bool arm_translate_debug (Cpu *cpu, uint64_t vaddr, uint64_t *ret_phys);
void arm_bus_error (Cpu *cpu, uint64_t vaddr, CpuAccess access);
void arm_misaligned (Cpu *cpu, uint64_t vaddr, CpuAccess access);
/* After one of them has failed: the level that takes the abort and its ESR_ELx (EC, IL and ISS; a data abort
 * that goes to EL2 by stage 2 with its ISV part). HPFAR_EL2 has been set by the walk. For IR_EXIT_FAULT and
 * IR_EXIT_FETCH_FAULT; the address is state.fault.addr. */
uint64_t arm_abort_syndrome (ArmCpu *arm, bool fetch, unsigned *ret_el);
/* TLBI: `reg` is its ARM_REG (1, …). The caller ends its block afterwards. Of the Inner Shareable and Outer
 * Shareable ones, all vCPUs are done when the next DSB of this vCPU is. */
void arm_tlbi (ArmCpu *arm, unsigned reg, uint64_t value);
void arm_tlb_work (Cpu *cpu, const CpuTlbWork *work);
/* Waits, on the vCPU's thread between blocks or in a helper, until the others have done what TLBI has asked
 * of them: true. False: something else is to be done first; the instruction that waits is executed again. */
bool arm_tlbi_done (ArmCpu *arm);
/* AT: sets PAR_EL1, or leaves with a fault of the instruction at state.pc. */
void arm_at (ArmCpu *arm, unsigned reg, uint64_t vaddr);
/* A change of a register that translation depends on and that no space key holds (TCR, SCTLR, MAIR, VTCR):
 * forgets. */
void arm_mmu_changed (ArmCpu *arm);

/* ---- Generic timers (arm-timer.c). ---- */

/* Registers of the timers, by ARM_REG: counters, CVAL, TVAL, CTL, offsets and controls of all levels. The
 * levels' permission was checked. */
uint64_t arm_timer_read (ArmCpu *arm, unsigned reg);
void arm_timer_write (ArmCpu *arm, unsigned reg, uint64_t value);
void arm_timer_init (ArmCpu *arm);
void arm_timer_free (ArmCpu *arm);
/* After reset or restore: arms the host's timers and sets the lines anew. */
void arm_timer_update (ArmCpu *arm);

/* ---- Performance monitors (arm-pmu.c). ---- */

/* Registers that arm-sysreg.def flags SR_PMU; the levels' permission was checked. */
uint64_t arm_pmu_read (ArmCpu *arm, unsigned reg);
void arm_pmu_write (ArmCpu *arm, unsigned reg, uint64_t value);

/* ---- Power (arm-power.c). ---- */

typedef enum { ARM_POWER_ON, ARM_POWER_OFF, ARM_POWER_STARTING } ArmPower;
/* ArmCpu.starting. */
enum { ARM_NOT_STARTING, ARM_START_CLAIMED, ARM_START_READY };
/* Any thread. */
ArmPower arm_power (const ArmCpu *arm);
/* Of a vCPU that is off, from any thread: it starts anew at pc with X0 = arg, at the highest Non-secure
 * level. False: it is not off. */
bool arm_power_on (ArmCpu *arm, uint64_t pc, uint64_t arg);
/* Of the vCPU itself, on its thread: in effect when the helper leaves with IR_EXIT_WAIT. */
void arm_power_off (ArmCpu *arm);
/* For IsaSystem, and what arm_interrupt() does first. */
bool arm_is_off (Cpu *cpu);
void arm_power_start (ArmCpu *arm);

/* ---- PSCI (arm-psci.c). ---- */

/* An HVC or SMC whose conduit is PSCI's: true when X0 held a function of SMCCC or PSCI and X0 to X3 hold the
 * answer. */
bool arm_psci_call (ArmCpu *arm);

/* ---- Semihosting (arm-semihosting.c). ---- */

/* Whether the undefined instruction at state.pc is one that the host answers. */
bool arm_is_semihosting (ArmCpu *arm);
/* Has it answered. False: it is to be executed again. */
bool arm_semihost (ArmCpu *arm);

/* ---- State (arm-save.c). ---- */

void arm_reset (Cpu *cpu);
/* All but the power state and the lines that devices hold. */
void arm_reset_registers (ArmCpu *arm);
GVariant *arm_save (Cpu *cpu);
bool arm_load (Cpu *cpu, GVariant *state, GError **error);
