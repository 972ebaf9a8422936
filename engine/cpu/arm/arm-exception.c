/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Entry to exceptions and return from them (DDI 0487, D1.3 and D1.4), and PSTATE. */

#include "arm-bits.h"
#include "arm-pmu.h"
#include "arm-helpers.h"
#include "arm-sysreg.h"
#include "log.h"

/* ---- PSTATE. ---- */

uint64_t
arm_pstate (const ArmCpu *arm)
{
  const uint64_t *var = arm->cpu.state.var;
  return (var[ARM_VAR_NZCV] & 15) << 28 | var[ARM_VAR_PSTATE] | var[ARM_VAR_DAIF] | (uint64_t)arm->el << 2 |
         (arm->spsel ? PSTATE_SP : 0) | (arm->pan ? PSTATE_PAN : 0) | (arm->uao ? PSTATE_UAO : 0) |
         (arm->il ? PSTATE_IL : 0) | (arm->ss ? PSTATE_SS : 0) | arm_cpu_btype (arm) << PSTATE_BTYPE_SHIFT;
}

/* The variable that keeps the current SP while another one is current. */
static unsigned
banked_sp (const ArmCpu *arm)
{
  return ARM_VAR_SP_EL0 + (arm->spsel ? arm->el : 0);
}

static void
set_level (ArmCpu *arm, unsigned el, bool spsel)
{
  uint64_t *var = arm->cpu.state.var;
  var[banked_sp (arm)] = var[ARM_VAR_SP];
  arm->el = (uint8_t)el;
  arm->spsel = spsel;
  var[ARM_VAR_SP] = var[banked_sp (arm)];
}

/* All but the level, SP, IL and SS. */
static void
set_flags (ArmCpu *arm, uint64_t value)
{
  uint64_t *var = arm->cpu.state.var;
  bool ssbs = arm_id_field (arm, ARM_ID_PFR1, 4) != 0;
  var[ARM_VAR_NZCV] = value >> 28 & 15;
  var[ARM_VAR_DAIF] = value & PSTATE_DAIF;
  var[ARM_VAR_PSTATE] =
      (ssbs ? value & PSTATE_SSBS : 0) | (arm_has (arm, ARM_EXT_DIT) ? value & PSTATE_DIT : 0);
  arm->pan = value & PSTATE_PAN && arm_has (arm, ARM_EXT_PAN);
  arm->uao = value & PSTATE_UAO && arm_has (arm, ARM_EXT_UAO);
}

void
arm_set_pstate (ArmCpu *arm, uint64_t value)
{
  unsigned el = PSTATE_EL (value);
  bool spsel = value & PSTATE_SP;

  set_flags (arm, value);
  arm->il = value & PSTATE_IL;
  arm->ss = value & PSTATE_SS;
  arm_cpu_set_btype (arm, value >> PSTATE_BTYPE_SHIFT & 3);
  if (!(value & PSTATE_NRW) && el <= arm->highest_el && (el != 2 || arm->has_el2) && (el != 0 || !spsel))
    set_level (arm, el, spsel);
  arm_update_mode (arm);
  arm_irqs_changed (arm);
}

/* ---- Entry. ---- */

static const ArmSysregId sctlr_of[] = { ARM_N_SYSREGS, ARM_SR_SCTLR_EL1, ARM_SR_SCTLR_EL2, ARM_SR_SCTLR_EL3 };
static const ArmSysregId vbar_of[] = { ARM_N_SYSREGS, ARM_SR_VBAR_EL1, ARM_SR_VBAR_EL2, ARM_SR_VBAR_EL3 };

static void
trace_entry (const ArmCpu *arm, unsigned el, ArmVector vector, uint64_t syndrome, uint64_t far)
{
  static const char *const names[] = { "sync", "irq", "fiq", "serror" };
  vlog_always ("cpu %" G_GINT64_MODIFIER "x: %s from EL%u to EL%u, pc %" G_GINT64_MODIFIER
               "x esr %" G_GINT64_MODIFIER "x far %" G_GINT64_MODIFIER "x\n",
               arm->mpidr, names[vector / 0x80], arm->el, el, arm->cpu.state.pc, syndrome, far);
}

static void
enter_level (ArmCpu *arm, unsigned el)
{
  uint64_t sctlr = arm->sysreg[sctlr_of[el]], *pstate = &arm->cpu.state.var[ARM_VAR_PSTATE];
  bool has_ssbs = arm_id_field (arm, ARM_ID_PFR1, 4) != 0;

  set_level (arm, el, true);
  if (arm_has (arm, ARM_EXT_PAN) && !(sctlr & SCTLR_SPAN) && (el == 1 || (el == 2 && arm_in_host (arm))))
    arm->pan = true;
  arm->uao = arm->il = arm->ss = false;
  arm->cpu.state.var[ARM_VAR_DAIF] = PSTATE_DAIF;
  if (has_ssbs)
    *pstate = (*pstate & ~PSTATE_SSBS) | (sctlr & SCTLR_DSSBS ? PSTATE_SSBS : 0);
}

void
arm_take_exception (ArmCpu *arm, unsigned el, ArmVector vector, uint64_t syndrome, bool with_far,
                    uint64_t far)
{
  IrState *s = &arm->cpu.state;
  uint64_t *var = s->var;
  unsigned from = arm->el, part = el > from ? 0x400 : arm->spsel ? 0x200 : 0;

  if (vlog_enabled (VLOG_INT))
    trace_entry (arm, el, vector, syndrome, with_far ? far : 0);
  var[ARM_VAR_SPSR_EL1 + el - 1] = arm_pstate (arm);
  var[ARM_VAR_ELR_EL1 + el - 1] = s->pc;
  if (vector == ARM_VECTOR_SYNC || vector == ARM_VECTOR_SERROR)
    var[ARM_VAR_ESR_EL1 + el - 1] = syndrome;
  if (with_far)
    var[ARM_VAR_FAR_EL1 + el - 1] = far;
  enter_level (arm, el);
  s->pc = arm->sysreg[vbar_of[el]] + part + vector;
  arm_cpu_set_btype (arm, 0);
  arm_update_mode (arm);
  arm_pmu_level_changed (arm);
}

/* What code was left with, by IR_EXIT_ILLEGAL, IR_EXIT_BREAKPOINT or IR_EXIT_SYSCALL. */
static void
take_noted (ArmCpu *arm)
{
  uint64_t syndrome = arm->cpu.state.var[ARM_VAR_SYNDROME];
  unsigned el = arm_default_target (arm);
  bool with_far = false;

  switch (syndrome >> ESR_EC_SHIFT) {
    case ARM_EC_FP: el = MAX (el, arm_fp_trap (arm)); break;
    case ARM_EC_BRK: el = MAX (el, arm->el <= 1 ? arm_debug_target (arm) : el); break;
    case ARM_EC_PC_ALIGNMENT: with_far = true; break;
    default: break;
  }
  if (syndrome >> ESR_EC_SHIFT == ARM_EC_FP && el == 2 && arm_hcr (arm) & HCR_TGE && !arm_in_host (arm) &&
      arm->el == 0) /* SPEC: CPACR_EL1: reported as unknown where TGE diverts it. */
    syndrome = arm_syndrome (ARM_EC_UNKNOWN, 0);
  arm_take_exception (arm, el, ARM_VECTOR_SYNC, syndrome, with_far, arm->cpu.state.pc);
}

/* Where a branch to `addr` leads: of an address whose top byte is ignored, that byte does not reach the PC.
 */
static uint64_t
branch_target (const ArmCpu *arm, uint64_t addr)
{
  bool upper = addr >> 55 & 1;
  uint64_t ignored = arm_ignored_bits (arm, addr, true);
  return upper ? addr | ignored : addr & ~ignored;
}

/* The pc's top byte is looked at only where it made a difference: nothing is mapped at such an address. */
static bool
corrected_pc (ArmCpu *arm)
{
  uint64_t pc = branch_target (arm, arm->cpu.state.pc);
  bool wrong = pc != arm->cpu.state.pc;
  arm->cpu.state.pc = pc;
  return wrong;
}

/* A step's instruction that did not complete is to be stepped again. */
static void
undo_step (ArmCpu *arm)
{
  if (arm->cpu.state.mode & ARM_MODE_STEP && arm->sysreg[ARM_SR_MDSCR_EL1] & MDSCR_SS &&
      arm_debug_enabled (arm, arm->el, arm->cpu.state.var[ARM_VAR_DAIF] & PSTATE_D))
    arm->ss = true;
}

static void
take_abort (ArmCpu *arm, bool fetch)
{
  uint64_t far = arm->cpu.state.fault.addr;
  unsigned el;

  if (fetch && arm->cpu.state.pc & 3) {
    far = arm->cpu.state.pc;
    arm_take_exception (arm, arm_default_target (arm), ARM_VECTOR_SYNC, arm_syndrome (ARM_EC_PC_ALIGNMENT, 0),
                        true, far);
    return;
  }
  uint64_t syndrome =
      !fetch && arm->fault.watchpoint ? arm_watch_syndrome (arm, &el) : arm_abort_syndrome (arm, fetch, &el);
  if (!fetch)
    undo_step (arm);
  arm_take_exception (arm, el, ARM_VECTOR_SYNC, syndrome, true, far);
}

void
arm_exception (Cpu *cpu, IrExit reason)
{
  ArmCpu *arm = ARM_CPU (cpu);

  switch (reason) {
    case IR_EXIT_SYSCALL: /* returns to the next instruction */
      cpu->state.pc += 4;
      take_noted (arm);
      break;
    case IR_EXIT_ILLEGAL:
      if (arm_is_semihosting (arm)) {
        if (!arm_semihost (arm))
          undo_step (arm);
        break;
      }
      G_GNUC_FALLTHROUGH;
    case IR_EXIT_BREAKPOINT:
      undo_step (arm);
      take_noted (arm);
      break;
    case IR_EXIT_FETCH_FAULT:
      if (corrected_pc (arm))
        break;
      take_abort (arm, true);
      break;
    case IR_EXIT_FAULT: take_abort (arm, false); break;
    default: g_return_if_reached ();
  }
}

/* An exception from within a helper: the instruction at pc does not complete. */
G_NORETURN void
arm_raise (ArmCpu *arm, unsigned el, uint64_t syndrome, uint64_t pc)
{
  IrState *s = &arm->cpu.state;
  s->pc = pc;
  undo_step (arm);
  arm_take_exception (arm, el, ARM_VECTOR_SYNC, syndrome, false, 0);
  ir_leave (s, IR_EXIT_MODE);
}

/* ---- Return. ---- */

static bool
is_illegal_return (const ArmCpu *arm, uint64_t spsr)
{
  unsigned to = PSTATE_EL (spsr);
  if (spsr & (PSTATE_NRW | 2) || to > arm->el || (to == 0 && spsr & PSTATE_SP))
    return true;
  if (to == 2 && !arm_el2_enabled (arm))
    return true;
  return to == 1 && arm_hcr (arm) & HCR_TGE;
}

/* SPEC: DDI 0487, DebugExceptionReturnSS(). */
static bool
step_after_return (const ArmCpu *arm, uint64_t spsr, unsigned to)
{
  bool source = arm_debug_enabled (arm, arm->el, arm->cpu.state.var[ARM_VAR_DAIF] & PSTATE_D);
  if (!(arm->sysreg[ARM_SR_MDSCR_EL1] & MDSCR_SS) || source)
    return false;
  return arm_debug_enabled (arm, to, spsr & PSTATE_D) && spsr & PSTATE_SS;
}

uint64_t
arm_eret (IrState *s, uint64_t elr, uint64_t pc, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  uint64_t spsr = s->var[ARM_VAR_SPSR_EL1 + arm->el - 1];
  bool illegal = is_illegal_return (arm, spsr);
  unsigned to = illegal ? arm->el : PSTATE_EL (spsr);

  arm->ss = step_after_return (arm, spsr, to);
  set_flags (arm, spsr);
  arm->il = illegal || spsr & PSTATE_IL;
  if (!illegal)
    set_level (arm, to, spsr & PSTATE_SP);
  s->var[ARM_VAR_EXCL_ADDR] = ARM_NOT_EXCLUSIVE;
  s->pc = branch_target (arm, elr);
  arm_cpu_set_btype (arm, illegal ? 0 : spsr >> PSTATE_BTYPE_SHIFT & 3);
  arm_update_mode (arm);
  arm_pmu_level_changed (arm);
  arm_irqs_changed (arm);
  ir_leave (s, IR_EXIT_MODE);
}

/* ---- Helpers of a64-sysreg.c. ---- */

uint64_t
arm_hvc (IrState *s, uint64_t imm, uint64_t pc, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  bool enabled =
      arm->has_el3 ? (arm->sysreg[ARM_SR_SCR_EL3] & SCR_HCE) != 0 : !(arm->sysreg[ARM_SR_HCR_EL2] & HCR_HCD);

  s->pc = pc + 4;
  if (arm->conduit == ARM_PSCI_HVC && arm_psci_call (arm))
    return 0;
  if (!arm->has_el2 || !enabled || (arm->el == 1 && !arm_el2_enabled (arm)))
    arm_raise (arm, arm_default_target (arm), arm_syndrome (ARM_EC_UNKNOWN, 0), pc);
  arm_take_exception (arm, MAX (arm->el, 2), ARM_VECTOR_SYNC, arm_syndrome (ARM_EC_HVC, (uint32_t)imm), false,
                      0);
  ir_leave (s, IR_EXIT_MODE);
}

uint64_t
arm_smc (IrState *s, uint64_t imm, uint64_t pc, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  uint64_t syndrome = arm_syndrome (ARM_EC_SMC, (uint32_t)imm);

  if (arm->el == 1 && arm_hcr (arm) & HCR_TSC && (arm->has_el3 || arm->conduit == ARM_PSCI_SMC))
    arm_raise (arm, 2, syndrome, pc);
  s->pc = pc + 4;
  if (arm->conduit == ARM_PSCI_SMC && arm_psci_call (arm))
    return 0;
  if (!arm->has_el3 || arm->sysreg[ARM_SR_SCR_EL3] & SCR_SMD)
    arm_raise (arm, arm_default_target (arm), arm_syndrome (ARM_EC_UNKNOWN, 0), pc);
  arm_take_exception (arm, 3, ARM_VECTOR_SYNC, syndrome, false, 0);
  ir_leave (s, IR_EXIT_MODE);
}

uint64_t
arm_set_spsel (IrState *s, uint64_t spsel, uint64_t b, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  set_level (arm, arm->el, spsel & 1);
  arm_update_mode (arm);
  return 0;
}

uint64_t
arm_set_pan (IrState *s, uint64_t pan, uint64_t b, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  arm->pan = pan & 1;
  arm_update_mode (arm);
  return 0;
}

uint64_t
arm_set_uao (IrState *s, uint64_t uao, uint64_t b, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  arm->uao = uao & 1;
  arm_update_mode (arm);
  return 0;
}

uint64_t
arm_get_pstate (IrState *s, uint64_t bits, uint64_t b, uint64_t c)
{
  return arm_pstate ((const ArmCpu *)s) & bits;
}
