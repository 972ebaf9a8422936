/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Self-hosted debug: software step and breakpoints (DDI 0487, D2).  While either may be due, each instruction
 * asks first. */

#include "arm-bits.h"
#include "arm-helpers.h"
#include "arm-sysreg.h"

#define DEBUG_STATUS 0x22 /* IFSC of debug exceptions */

unsigned
arm_debug_target (const ArmCpu *arm)
{
  bool to_el2 =
      arm_el2_enabled (arm) && (arm_hcr (arm) & HCR_TGE || arm->sysreg[ARM_SR_MDCR_EL2] & MDCR_EL2_TDE);
  return to_el2 ? 2 : 1;
}

/* Whether debug exceptions are generated at `el`, but for PSTATE.D, which counts at the level they go to
 * only. */
static bool
debug_possible (const ArmCpu *arm, unsigned el)
{
  unsigned target = arm_debug_target (arm);
  if (arm->sysreg[ARM_SR_OSLSR_EL1] & OSLSR_OSLK || arm->sysreg[ARM_SR_OSDLR_EL1] & 1)
    return false;
  return el < target || (el == target && arm->sysreg[ARM_SR_MDSCR_EL1] & MDSCR_KDE);
}

bool
arm_debug_enabled (const ArmCpu *arm, unsigned el, bool masked)
{
  return debug_possible (arm, el) && (el < arm_debug_target (arm) || !masked);
}

static bool
is_masked (const ArmCpu *arm)
{
  return arm->cpu.state.var[ARM_VAR_DAIF] & PSTATE_D;
}

/* ---- Breakpoints. ---- */

enum { BREAKPOINTS = 2 };

static uint64_t
breakpoint_control (const ArmCpu *arm, unsigned n)
{
  return arm->sysreg[ARM_SR_DBGBCR0_EL1 + n];
}

bool
arm_debug_looks (const ArmCpu *arm)
{
  uint64_t mdscr = arm->sysreg[ARM_SR_MDSCR_EL1];
  bool any = mdscr & MDSCR_MDE && (breakpoint_control (arm, 0) | breakpoint_control (arm, 1)) & 1;
  return (mdscr & MDSCR_SS || any) && debug_possible (arm, arm->el);
}

/* SPEC: DDI 0487, D2.8.3: the levels and security states that SSC, HMC and PMC of a control register choose.
 */
bool
arm_debug_state_matches (const ArmCpu *arm, uint64_t control)
{
  unsigned pmc = control >> 1 & 3, hmc = control >> 13 & 1, ssc = control >> 14 & 3;
  bool secure = arm_secure (arm);
  if ((ssc == 1 && secure) || (ssc == 2 && !secure))
    return false;
  switch (arm->el) {
    case 0: return pmc & 2;
    case 1: return pmc & 1;
    case 2: return hmc;
    default: return false;
  }
}

static bool
context_matches (const ArmCpu *arm, unsigned n)
{
  unsigned type = breakpoint_control (arm, n) >> 20 & 15;
  ArmSysregId context = arm_in_host (arm) ? ARM_SR_CONTEXTIDR_EL2 : ARM_SR_CONTEXTIDR_EL1;
  bool there = arm->el <= 1 || (arm->el == 2 && arm_hcr (arm) & HCR_E2H);
  return (type & ~1u) == 2 && there &&
         (uint32_t)arm->sysreg[context] == (uint32_t)arm->sysreg[ARM_SR_DBGBVR0_EL1 + n];
}

/* What an address match of a break- or watchpoint is linked to: the last breakpoint alone knows contexts. */
bool
arm_debug_link_matches (const ArmCpu *arm, unsigned link)
{
  const unsigned n = BREAKPOINTS - 1, linked_context = 3;
  uint64_t control = breakpoint_control (arm, n);
  return link == n && control & 1 && (control >> 20 & 15) == linked_context && context_matches (arm, n);
}

static bool
breakpoint_matches (const ArmCpu *arm, unsigned n, uint64_t pc)
{
  uint64_t control = breakpoint_control (arm, n), address = arm->sysreg[ARM_SR_DBGBVR0_EL1 + n];
  if (!(control & 1) || !arm_debug_state_matches (arm, control))
    return false;
  switch (control >> 20 & 15) {
    case 0: return pc == address;
    case 1: return pc == address && arm_debug_link_matches (arm, control >> 16 & 15);
    case 2: return n == BREAKPOINTS - 1 && context_matches (arm, n);
    default: return false;
  }
}

/* ---- Watchpoints. ---- */

enum { WATCHPOINTS = 2 };

/* The bytes that a watchpoint watches. */
typedef struct {
  uint64_t first, last;
} Watched;

/* SPEC: DDI 0487, D2.9: a power of two of bytes by MASK, or some of eight bytes by BAS. */
static bool
watched_bytes (const ArmCpu *arm, unsigned n, Watched *ret)
{
  uint64_t control = arm->sysreg[ARM_SR_DBGWCR0_EL1 + n], base = arm->sysreg[ARM_SR_DBGWVR0_EL1 + n];
  unsigned mask = control >> 24 & 31, bytes = control >> 5 & 0xff;

  if (!(control & 1) || !(arm->sysreg[ARM_SR_MDSCR_EL1] & MDSCR_MDE) || bytes == 0)
    return false;
  if (mask >= 3) {
    ret->first = base & ~((UINT64_C (1) << mask) - 1);
    ret->last = base | ((UINT64_C (1) << mask) - 1);
  } else {
    ret->first = base + (unsigned)__builtin_ctz (bytes);
    ret->last = base + 31 - (unsigned)__builtin_clz (bytes);
  }
  return true;
}

static bool
watchpoint_matches (const ArmCpu *arm, unsigned n, CpuAccess access)
{
  uint64_t control = arm->sysreg[ARM_SR_DBGWCR0_EL1 + n];
  bool linked = control >> 20 & 1;
  return control & (access == CPU_WRITE ? 16 : 8) && arm_debug_enabled (arm, arm->el, is_masked (arm)) &&
         arm_debug_state_matches (arm, control) &&
         (!linked || arm_debug_link_matches (arm, control >> 16 & 15));
}

static void
note_watched (ArmCpu *arm, uint64_t vaddr, CpuAccess access)
{
  arm->cpu.state.fault.addr = vaddr;
  arm->fault = (struct ArmFault){ .status = DEBUG_STATUS, .write = access == CPU_WRITE, .watchpoint = true };
}

/* Accesses to a page with watched bytes are not cached; of one that begins before them it is known too late
 * how far it reaches, so that is limited: arm_watch_reached(). */
bool
arm_watch (ArmCpu *arm, uint64_t vaddr, CpuAccess access, CpuTranslation *t)
{
  Watched w;

  for (unsigned n = 0; n < WATCHPOINTS; n++) {
    if (!watched_bytes (arm, n, &w) || w.first >> RAM_PAGE_BITS > vaddr >> RAM_PAGE_BITS ||
        w.last >> RAM_PAGE_BITS < vaddr >> RAM_PAGE_BITS)
      continue;
    t->once = true;
    if (access == CPU_EXEC || vaddr > w.last || !watchpoint_matches (arm, n, access))
      continue;
    if (vaddr >= w.first) {
      note_watched (arm, vaddr, access);
      return false;
    }
    uint64_t before = w.first - vaddr;
    t->bytes = (uint16_t)(t->bytes == 0 ? before : MIN (t->bytes, before));
  }
  return true;
}

bool
arm_watch_reached (ArmCpu *arm, uint64_t vaddr, CpuAccess access)
{
  Watched w;

  for (unsigned n = 0; n < WATCHPOINTS; n++)
    if (access != CPU_EXEC && watched_bytes (arm, n, &w) && vaddr < w.first &&
        w.first - vaddr < ARM_ZVA_SIZE && watchpoint_matches (arm, n, access)) {
      note_watched (arm, vaddr, access);
      return true;
    }
  return false;
}

uint64_t
arm_watch_syndrome (const ArmCpu *arm, unsigned *ret_el)
{
  *ret_el = arm_debug_target (arm);
  return arm_syndrome (ARM_EC_WATCHPOINT_LOWER + (arm->el == *ret_el),
                       DEBUG_STATUS | (arm->fault.write ? 1u << 6 : 0) | (arm->fault.cache ? 1u << 8 : 0));
}

/* ---- What instructions ask. ---- */

G_NORETURN static void
take (ArmCpu *arm, unsigned ec, uint32_t iss, uint64_t pc)
{
  unsigned target = arm_debug_target (arm);
  arm->cpu.state.pc = pc;
  arm_take_exception (arm, target, ARM_VECTOR_SYNC,
                      arm_syndrome (ec + (arm->el == target), iss | DEBUG_STATUS), false, 0);
  ir_leave (&arm->cpu.state, IR_EXIT_MODE);
}

/* Before an instruction. Where one has been executed since the return to here with PSTATE.SS, the step is
 * done. */
uint64_t
arm_debug_insn (IrState *s, uint64_t pc, uint64_t is_exclusive, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  uint64_t mdscr = arm->sysreg[ARM_SR_MDSCR_EL1];
  const uint32_t isv = 1u << 24, ex = 1u << 6;
  uint32_t stepped = arm->stepped;

  if (!arm_debug_enabled (arm, arm->el, is_masked (arm)))
    return 0;
  if (mdscr & MDSCR_SS && !arm->ss) {
    arm->stepped = 0;
    take (arm, ARM_EC_STEP_LOWER, stepped, pc);
  }
  for (unsigned n = 0; n < BREAKPOINTS; n++)
    if (mdscr & MDSCR_MDE && breakpoint_matches (arm, n, pc))
      take (arm, ARM_EC_BREAKPOINT_LOWER, 0, pc);
  if (mdscr & MDSCR_SS) {
    arm->ss = false;
    arm->stepped = is_exclusive ? isv | ex : isv;
  }
  return 0;
}
