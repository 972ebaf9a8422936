/* SPDX-License-Identifier: GPL-3.0-or-later */

/* MRS, MSR and SYS where more than a move is needed: what traps them, and their execution by helpers. */

#include "arm-bits.h"
#include "arm-helpers.h"
#include "arm-sysreg.h"

#define UNDEFINED 4 /* instead of a level */

/* What an access is, as the translator passes it. */
typedef struct {
  unsigned reg, rt;
  ArmSysregId id; /* or ARM_N_SYSREGS */
  bool reads;
} Access;

static Access
unpack (uint64_t what, bool reads)
{
  return (Access){
    .reg = what & 0xffff, .rt = what >> 16 & 31, .id = (ArmSysregId)(what >> 24 & 0xffff), .reads = reads
  };
}

/* SPEC: DDI 0487, ESR_ELx, ISS of a trapped MSR, MRS or system instruction. */
static uint64_t
trap_syndrome (const Access *a)
{
  uint32_t iss = ARM_REG_OP0 (a->reg) << 20 | ARM_REG_OP2 (a->reg) << 17 | ARM_REG_OP1 (a->reg) << 14 |
                 ARM_REG_CRN (a->reg) << 10 | a->rt << 5 | ARM_REG_CRM (a->reg) << 1 | (a->reads ? 1 : 0);
  return arm_syndrome (ARM_EC_SYSREG, iss);
}

/* ---- Traps of EL0 to the level above. ---- */

/* SCTLR of what runs at EL0. */
static uint64_t
sctlr_of_el0 (const ArmCpu *arm)
{
  return arm->sysreg[arm_in_host (arm) ? ARM_SR_SCTLR_EL2 : ARM_SR_SCTLR_EL1];
}

static bool
timer_denied (const ArmCpu *arm, ArmSysregId id)
{
  uint64_t control = arm->sysreg[arm_in_host (arm) ? ARM_SR_CNTHCTL_EL2 : ARM_SR_CNTKCTL_EL1];
  switch (id) {
    case ARM_SR_CNTFRQ_EL0: return !(control & (CNTKCTL_EL0PCTEN | CNTKCTL_EL0VCTEN));
    case ARM_SR_CNTPCT_EL0: return !(control & CNTKCTL_EL0PCTEN);
    case ARM_SR_CNTVCT_EL0: return !(control & CNTKCTL_EL0VCTEN);
    case ARM_SR_CNTP_TVAL_EL0:
    case ARM_SR_CNTP_CTL_EL0:
    case ARM_SR_CNTP_CVAL_EL0: return !(control & CNTKCTL_EL0PTEN);
    default: return !(control & CNTKCTL_EL0VTEN);
  }
}

static bool
pmu_denied (const ArmCpu *arm, const Access *a)
{
  enum { EN = 1, SW = 2, CR = 4, ER = 8 };
  uint64_t enabled = arm->sysreg[ARM_SR_PMUSERENR_EL0];
  switch (a->id) {
    case ARM_SR_PMUSERENR_EL0: return false;
    case ARM_SR_PMSWINC_EL0: return !(enabled & (EN | SW));
    case ARM_SR_PMCCNTR_EL0: return !(enabled & (a->reads ? EN | CR : EN));
    case ARM_SR_PMSELR_EL0: return !(enabled & (EN | ER));
    case ARM_SR_PMEVCNTR0_EL0:
    case ARM_SR_PMEVCNTR1_EL0:
    case ARM_SR_PMEVCNTR2_EL0:
    case ARM_SR_PMEVCNTR3_EL0:
    case ARM_SR_PMXEVCNTR_EL0: return !(enabled & (a->reads ? EN | ER : EN));
    default: return !(enabled & EN);
  }
}

static bool
denied_at_el0 (const ArmCpu *arm, const Access *a, uint32_t flags)
{
  if (flags & SR_TIMER || a->id == ARM_SR_CNTFRQ_EL0)
    return timer_denied (arm, a->id);
  if (flags & SR_PMU)
    return pmu_denied (arm, a);
  if (flags & SR_DEBUG)
    return arm->sysreg[ARM_SR_MDSCR_EL1] & MDSCR_TDCC;
  if (flags & SR_SCXT)
    return sctlr_of_el0 (arm) & SCTLR_TSCXT;
  return a->id == ARM_SR_CTR_EL0 && !(sctlr_of_el0 (arm) & SCTLR_UCT);
}

/* ---- Traps of EL1 and EL0 to EL2. ---- */

static bool
physical_timer_trapped (const ArmCpu *arm, ArmSysregId id)
{
  uint64_t control = arm->sysreg[ARM_SR_CNTHCTL_EL2], hcr = arm_hcr (arm);
  unsigned shift = hcr & HCR_E2H ? 10 : 0;
  if (arm_in_host (arm))
    return false;
  switch (id) {
    case ARM_SR_CNTPCT_EL0: return !(control >> shift & 1);
    case ARM_SR_CNTP_TVAL_EL0:
    case ARM_SR_CNTP_CTL_EL0:
    case ARM_SR_CNTP_CVAL_EL0: return !(control >> shift & 2);
    default: return false;
  }
}

static bool
is_os_lock (ArmSysregId id)
{
  return id == ARM_SR_OSLAR_EL1 || id == ARM_SR_OSLSR_EL1 || id == ARM_SR_OSDLR_EL1 ||
         id == ARM_SR_DBGPRCR_EL1;
}

static bool
debug_trapped_to_el2 (const ArmCpu *arm, ArmSysregId id)
{
  uint64_t mdcr = arm->sysreg[ARM_SR_MDCR_EL2];
  if (mdcr & MDCR_EL2_TDE || arm_hcr (arm) & HCR_TGE)
    return true;
  return mdcr & (id == ARM_SR_MDRAR_EL1 ? MDCR_EL2_TDRA : is_os_lock (id) ? MDCR_EL2_TDOSA : MDCR_EL2_TDA);
}

static bool
trapped_to_el2 (const ArmCpu *arm, const Access *a, uint32_t flags)
{
  uint64_t hcr = arm_hcr (arm), mdcr = arm->sysreg[ARM_SR_MDCR_EL2];

  if ((flags & SR_VM && hcr & (a->reads ? HCR_TRVM : HCR_TVM)) || (flags & SR_TID1 && hcr & HCR_TID1) ||
      (flags & SR_TID2 && hcr & HCR_TID2) || (flags & SR_TID3 && hcr & HCR_TID3))
    return true;
  if (flags & SR_DEBUG)
    return debug_trapped_to_el2 (arm, a->id);
  if (flags & SR_PMU)
    return mdcr & MDCR_EL2_TPM || (a->id == ARM_SR_PMCR_EL0 && mdcr & MDCR_EL2_TPMCR);
  if (flags & SR_TIMER)
    return physical_timer_trapped (arm, a->id);
  if (flags & SR_PAUTH)
    return !(hcr & HCR_APK);
  if (flags & SR_LOR)
    return hcr & HCR_TLOR;
  if (flags & SR_SCXT)
    return !(hcr & HCR_ENSCXT) && !arm_in_host (arm);
  if (a->id == ARM_SR_ACTLR_EL1)
    return hcr & HCR_TACR;
  return a->id == ARM_SR_CPACR_EL1 && arm->sysreg[ARM_SR_CPTR_EL2] & ARM_BIT (31);
}

/* ---- Traps to EL3. ---- */

static bool
trapped_to_el3 (const ArmCpu *arm, const Access *a, uint32_t flags)
{
  uint64_t mdcr = arm->sysreg[ARM_SR_MDCR_EL3], scr = arm->sysreg[ARM_SR_SCR_EL3];

  if (flags & SR_DEBUG)
    return mdcr & (is_os_lock (a->id) ? MDCR_EL3_TDOSA : MDCR_EL3_TDA);
  if (flags & SR_PMU)
    return mdcr & MDCR_EL3_TPM;
  if (flags & SR_PAUTH)
    return !(scr & SCR_APK);
  if (flags & SR_LOR)
    return scr & SCR_TLOR;
  if (flags & SR_SCXT)
    return !(scr & SCR_ENSCXT);
  return (a->id == ARM_SR_CPACR_EL1 || a->id == ARM_SR_CPTR_EL2) &&
         arm->sysreg[ARM_SR_CPTR_EL3] & ARM_BIT (31);
}

/* A GIC's registers: SPEC: IHI 0069, the pseudocode of each. What ICH_HCR_EL2 traps is looked up there. */
static unsigned
gic_trap (ArmCpu *arm, const Access *a)
{
  enum { TC = 1 << 10, TALL0 = 1 << 11, TALL1 = 1 << 12, TDIR = 1 << 14 };
  unsigned crm = ARM_REG_CRM (a->reg), op2 = ARM_REG_OP2 (a->reg);
  bool pmr = ARM_REG_CRN (a->reg) == 4, sgi = crm == 11 && op2 >= 5, dir = crm == 11 && op2 == 1;
  bool group0 = crm == 8 || (crm == 12 && op2 == 6);
  uint64_t hcr = arm_hcr (arm), ich = 0, scr = arm->sysreg[ARM_SR_SCR_EL3];
  /* These and what is of both groups. */
  bool common = pmr || (crm == 11 && op2 == 3) || (crm == 12 && op2 == 4) || dir || sgi;

  if (ARM_REG_OP1 (a->reg) != 0 || (crm == 12 && op2 == 5)) /* ICC_SRE_EL1: the GIC's own matter */
    return 0;
  if (arm->el == 1 && sgi && hcr & (HCR_IMO | HCR_FMO))
    return 2;
  if (arm->el == 1 && arm_el2_enabled (arm) &&
      arm->gic->read (arm->gic_opaque, ARM_REG (3, 4, 12, 11, 0), &ich))
    if ((common && ich & TC) || (dir && ich & TDIR) || (!common && ich & (group0 ? TALL0 : TALL1)))
      return 2;
  if (arm->el == 3 || !arm->has_el3)
    return 0;
  /* Where both are routed to EL3, or the group's is, and no virtual register is meant. */
  uint64_t needed = common ? SCR_IRQ | SCR_FIQ : group0 ? SCR_FIQ : SCR_IRQ;
  bool virtual = arm->el == 1 && hcr & (common ? HCR_IMO | HCR_FMO : group0 ? HCR_FMO : HCR_IMO);
  return !virtual && (scr & needed) == needed ? 3 : 0;
}

/* SPEC: DDI 0487, CNTPS_*: at EL3, and at Secure EL1 with SCR_EL3.ST. */
static unsigned
secure_timer_trap (const ArmCpu *arm)
{
  if (arm->el == 3)
    return 0;
  if (arm->el != 1 || !arm_secure (arm))
    return UNDEFINED;
  return arm->sysreg[ARM_SR_SCR_EL3] & SCR_ST ? 0 : 3;
}

/* The level that the access is trapped to, 0, or UNDEFINED. */
static unsigned
trap_of (ArmCpu *arm, const Access *a)
{
  if (a->id == ARM_N_SYSREGS)
    return arm_reg_is_gic (a->reg) && arm->gic != NULL ? gic_trap (arm, a)
           : arm->el == 1 && arm_hcr (arm) & HCR_TID3  ? 2
                                                       : 0;
  uint32_t flags = arm_sysregs[a->id].flags;
  if (ARM_REG_OP1 (a->reg) == 7)
    return secure_timer_trap (arm);
  if (arm->el == 0 && denied_at_el0 (arm, a, flags))
    return arm_default_target (arm);
  if (arm->el <= 1 && arm_el2_enabled (arm) && trapped_to_el2 (arm, a, flags))
    return 2;
  return arm->el <= 2 && arm->has_el3 && trapped_to_el3 (arm, a, flags) ? 3 : 0;
}

G_NORETURN static void
undefined (ArmCpu *arm, uint64_t pc)
{
  arm_raise (arm, arm_default_target (arm), arm_syndrome (ARM_EC_UNKNOWN, 0), pc);
}

static void
check (ArmCpu *arm, const Access *a, uint64_t pc)
{
  unsigned level = trap_of (arm, a);
  if (level == UNDEFINED)
    undefined (arm, pc);
  if (level != 0)
    arm_raise (arm, level, trap_syndrome (a), pc);
}

/* At EL0 of a host, the names of EL1's timers mean EL2's. */
static ArmSysregId
meant_at_el0 (const ArmCpu *arm, ArmSysregId id)
{
  if (arm->el != 0 || !(arm_sysregs[id].flags & SR_VHE) || !arm_in_host (arm))
    return id;
  if (id >= ARM_SR_CNTP_TVAL_EL0 && id <= ARM_SR_CNTP_CVAL_EL0)
    return id - ARM_SR_CNTP_TVAL_EL0 + ARM_SR_CNTHP_TVAL_EL2;
  return id - ARM_SR_CNTV_TVAL_EL0 + ARM_SR_CNTHV_TVAL_EL2;
}

uint64_t
arm_sysreg_read_insn (IrState *s, uint64_t what, uint64_t pc, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  Access a = unpack (what, true);
  uint64_t value = 0;

  check (arm, &a, pc);
  if (a.id != ARM_N_SYSREGS)
    return arm_sysreg_read (arm, meant_at_el0 (arm, a.id));
  if (!arm_reg_is_gic (a.reg))
    return 0; /* of the space of ID registers */
  if (arm->gic == NULL || !arm->gic->read (arm->gic_opaque, a.reg, &value))
    undefined (arm, pc);
  return value;
}

uint64_t
arm_sysreg_write_insn (IrState *s, uint64_t what, uint64_t value, uint64_t pc)
{
  ArmCpu *arm = (ArmCpu *)s;
  Access a = unpack (what, false);

  check (arm, &a, pc);
  if (a.id != ARM_N_SYSREGS)
    arm_sysreg_write (arm, meant_at_el0 (arm, a.id), value);
  else if (arm->gic == NULL || !arm->gic->write (arm->gic_opaque, a.reg, value))
    undefined (arm, pc);
  return 0;
}

/* PSTATE.DAIF at EL0: SCTLR_ELx.UMA grants it. */
uint64_t
arm_daif_insn (IrState *s, uint64_t what, uint64_t pc, uint64_t reads)
{
  ArmCpu *arm = (ArmCpu *)s;
  Access a = unpack (what, reads != 0);
  if (!(sctlr_of_el0 (arm) & SCTLR_UMA))
    arm_raise (arm, arm_default_target (arm), trap_syndrome (&a), pc);
  return 0;
}

/* DC ZVA where IrState.mode has ARM_MODE_NO_ZERO. */
uint64_t
arm_zero_trap_insn (IrState *s, uint64_t what, uint64_t pc, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  Access a = unpack (what, false);
  bool by_el0 = arm->el == 0 && !(sctlr_of_el0 (arm) & SCTLR_DZE);
  arm_raise (arm, by_el0 ? arm_default_target (arm) : 2, trap_syndrome (&a), pc);
}

uint64_t
arm_counter_insn (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  return arm_timer_read ((ArmCpu *)s, arm_sysregs[ARM_SR_CNTVCT_EL0].reg);
}

/* ---- TLBI, AT, DC and IC. ---- */

uint64_t
arm_tlbi_insn (IrState *s, uint64_t what, uint64_t value, uint64_t pc)
{
  ArmCpu *arm = (ArmCpu *)s;
  Access a = unpack (what, false);

  if (arm->el == 1 && arm_hcr (arm) & HCR_TTLB)
    arm_raise (arm, 2, trap_syndrome (&a), pc);
  arm_cpu_set_btype (arm, 0); /* what it was about may be a guarded page from now on */
  arm_tlbi (arm, a.reg, value);
  return 0;
}

uint64_t
arm_at_insn (IrState *s, uint64_t what, uint64_t vaddr, uint64_t pc)
{
  s->pc = pc;
  arm_at ((ArmCpu *)s, unpack (what, false).reg, vaddr);
  return 0;
}

/* HCR_EL2's bit for a cache instruction: those by set and way, to the point of unification, of coherency. */
static uint64_t
cache_trap (unsigned reg)
{
  unsigned crm = ARM_REG_CRM (reg), op2 = ARM_REG_OP2 (reg);
  if (op2 == 2)
    return HCR_TSW;
  return crm == 1 || crm == 5 || crm == 11 ? HCR_TPU : HCR_TPC;
}

/* The host keeps its caches coherent; what remains is that an address must be one. */
uint64_t
arm_cache_insn (IrState *s, uint64_t what, uint64_t addr, uint64_t pc)
{
  ArmCpu *arm = (ArmCpu *)s;
  Access a = unpack (what, false);
  CpuTranslation t;
  bool by_address = ARM_REG_OP2 (a.reg) == 1;

  if (arm->el == 0 && !(sctlr_of_el0 (arm) & SCTLR_UCI))
    arm_raise (arm, arm_default_target (arm), trap_syndrome (&a), pc);
  if (arm->el <= 1 && arm_hcr (arm) & cache_trap (a.reg))
    arm_raise (arm, 2, trap_syndrome (&a), pc);
  if (by_address && !arm_translate (&arm->cpu, addr, CPU_READ, &t)) {
    s->pc = pc;
    s->fault.addr = addr;
    arm->fault.cache = arm->fault.write = true;
    ir_leave (s, IR_EXIT_FAULT);
  }
  return 0;
}

uint64_t
arm_dsb_insn (IrState *s, uint64_t next_pc, uint64_t b, uint64_t c)
{
  if (!arm_tlbi_done ((ArmCpu *)s)) {
    s->pc = next_pc - 4;
    ir_leave (s, IR_EXIT_MODE);
  }
  return arm_complete_invalidation (s, next_pc, 0, 0);
}
