/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the machine's TLBs ask of the architecture: address spaces, translations, and the aborts that they end
 * in. */

#include "arm-bits.h"
#include "arm-helpers.h"
#include "arm-walk.h"
#include <string.h>

/* ---- Address spaces. ---- */

/* For a load or store with EL0's permission (LDTR, STTR) where `as_user`. */
static ArmView
view_of (const ArmCpu *arm, bool as_user)
{
  ArmRegime regime = arm_regime (arm);
  bool user = arm->el == 0 || as_user;
  return (ArmView){ .regime = regime,
                    .user = user,
                    .pan = arm->pan && !user && (regime == ARM_REGIME_EL10 || regime == ARM_REGIME_EL20),
                    .stage2 = arm_stage2_on (arm, regime) };
}

static CpuSpaceKey
space_of (const ArmCpu *arm, bool as_user)
{
  const uint64_t cnp = 1;
  ArmView view = view_of (arm, as_user);
  uint64_t hcr = arm_hcr (arm);
  CpuSpaceKey key = { .flags = view.regime | (view.user ? ARM_SPACE_USER : 0) |
                               (view.pan ? ARM_SPACE_PAN : 0) | (arm_secure (arm) ? ARM_SPACE_SECURE : 0) |
                               (as_user ? ARM_SPACE_VIEW : 0) | (view.stage2 ? ARM_SPACE_STAGE2 : 0) };

  if (view.regime == ARM_REGIME_EL10) {
    key.flags |= (hcr & HCR_DC ? ARM_SPACE_HCR_DC : 0) | (hcr & HCR_TGE ? ARM_SPACE_HCR_TGE : 0);
    key.more[1] = view.stage2 ? arm->sysreg[ARM_SR_VTTBR_EL2] & ~cnp : 0;
    if (arm_el2_enabled (arm))
      key.flags |= (uint64_t)arm_vmid (arm) << ARM_SPACE_VMID_SHIFT;
  }
  if (!arm_mmu_on (arm, view.regime))
    return key;
  key.flags |= (uint64_t)arm_asid (arm, view.regime) << ARM_SPACE_ASID_SHIFT;
  static const ArmSysregId ttbr0[] = { ARM_SR_TTBR0_EL1, ARM_SR_TTBR0_EL2, ARM_SR_TTBR0_EL2,
                                       ARM_SR_TTBR0_EL3 };
  key.root = arm->sysreg[ttbr0[view.regime]] & ~cnp;
  if (view.regime == ARM_REGIME_EL10)
    key.more[0] = arm->sysreg[ARM_SR_TTBR1_EL1] & ~cnp;
  else if (view.regime == ARM_REGIME_EL20)
    key.more[0] = arm->sysreg[ARM_SR_TTBR1_EL2] & ~cnp;
  return key;
}

CpuSpaceKey
arm_space (const Cpu *cpu)
{
  return space_of ((const ArmCpu *)cpu, false);
}

CpuSpaceKey
arm_user_space (const Cpu *cpu)
{
  return space_of ((const ArmCpu *)cpu, true);
}

bool
arm_space_moved (ArmCpu *arm)
{
  CpuSpaceKey key = arm_space (&arm->cpu);
  uint64_t now[4] = { key.root, key.flags, key.more[0], key.more[1] };
  bool moved = memcmp (now, arm->space, sizeof now) != 0;
  memcpy (arm->space, now, sizeof now);
  return moved;
}

/* Without translation all data is Device memory, where no access is misaligned. */
uint32_t
arm_mmu_mode (const ArmCpu *arm)
{
  ArmRegime regime = arm_regime (arm);
  bool device = !arm_mmu_on (arm, regime) && !(regime == ARM_REGIME_EL10 && arm_hcr (arm) & HCR_DC);
  bool aligned = device || arm_regime_sctlr (arm, regime) & SCTLR_A;
  bool user = (arm->el == 1 || (arm->el == 2 && arm_in_host (arm))) && !arm->uao;
  return (aligned ? ARM_MODE_ALIGNED : 0) | (user ? ARM_MODE_USER : 0);
}

/* What translations depend on that neither the space's key nor the tables hold. */
void
arm_mmu_changed (ArmCpu *arm)
{
  static const struct {
    ArmSysregId id;
    uint64_t bits;
  } controls[ARM_N_MMU_CONTROLS] = {
    { ARM_SR_SCTLR_EL1, SCTLR_M | SCTLR_WXN },
    { ARM_SR_SCTLR_EL2, SCTLR_M | SCTLR_WXN },
    { ARM_SR_SCTLR_EL3, SCTLR_M | SCTLR_WXN },
    { ARM_SR_TCR_EL1, UINT64_MAX },
    { ARM_SR_TCR_EL2, UINT64_MAX },
    { ARM_SR_TCR_EL3, UINT64_MAX },
    { ARM_SR_VTCR_EL2, UINT64_MAX },
    { ARM_SR_MAIR_EL1, UINT64_MAX },
    { ARM_SR_MAIR_EL2, UINT64_MAX },
    { ARM_SR_MAIR_EL3, UINT64_MAX },
    { ARM_SR_HCR_EL2, HCR_PTW },
    { ARM_SR_MDSCR_EL1, UINT64_MAX },
    { ARM_SR_DBGWVR0_EL1, UINT64_MAX },
    { ARM_SR_DBGWVR1_EL1, UINT64_MAX },
    { ARM_SR_DBGWCR0_EL1, UINT64_MAX },
    { ARM_SR_DBGWCR1_EL1, UINT64_MAX },
  };
  bool changed = false;

  for (unsigned i = 0; i < ARM_N_MMU_CONTROLS; i++) {
    uint64_t value = arm->sysreg[controls[i].id] & controls[i].bits;
    changed |= value != arm->mmu_control[i];
    arm->mmu_control[i] = value;
  }
  if (changed && arm->cpu.system != NULL)
    cpu_tlb_flush (&arm->cpu, 0, 0);
}

/* ---- Translation. ---- */

static void
note_fault (ArmCpu *arm, uint64_t vaddr, const struct ArmFault *fault, uint64_t ipa)
{
  arm->fault = *fault;
  arm->cpu.state.fault = (IrFault){ .addr = vaddr, .write = fault->write };
  if (fault->stage2) /* SPEC: DDI 0487, HPFAR_EL2.FIPA. */
    arm->sysreg[ARM_SR_HPFAR_EL2] = ipa >> 12 << 4;
}

static bool
translate (ArmCpu *arm, ArmView view, uint64_t vaddr, CpuAccess access, CpuTranslation *ret)
{
  ArmLeaf leaf;
  struct ArmFault fault;
  uint64_t ipa;

  if (!arm_walk (arm, view, vaddr, access, ARM_WALK_ACCESS, &leaf, &fault, &ipa)) {
    note_fault (arm, vaddr, &fault, ipa);
    return false;
  }
  /* Without stage 1's translation the code itself says what has to be aligned. */
  bool device = arm_is_device (leaf.attributes) && (arm_mmu_on (arm, view.regime) || view.stage2);
  *ret = (CpuTranslation){ .phys = leaf.phys,
                           .prot = leaf.prot,
                           .log2_size = leaf.log2_size,
                           .guarded = leaf.guarded,
                           .aligned = access != CPU_EXEC && device };
  arm->global_low |= leaf.global && !(vaddr >> 55 & 1);
  return true;
}

bool
arm_translate (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret)
{
  return translate (ARM_CPU (cpu), view_of (ARM_CPU (cpu), false), vaddr, access, ret);
}

bool
arm_translate_user (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret)
{
  return translate (ARM_CPU (cpu), view_of (ARM_CPU (cpu), true), vaddr, access, ret);
}

bool
arm_translate_debug (Cpu *cpu, uint64_t vaddr, uint64_t *ret_phys)
{
  ArmLeaf leaf;
  struct ArmFault fault;
  uint64_t ipa;

  if (!arm_walk (ARM_CPU (cpu), view_of (ARM_CPU (cpu), false), vaddr, CPU_READ, ARM_WALK_DEBUG, &leaf,
                 &fault, &ipa))
    return false;
  *ret_phys = leaf.phys;
  return true;
}

void
arm_bus_error (Cpu *cpu, uint64_t vaddr, CpuAccess access)
{
  struct ArmFault fault = { .status = ARM_STATUS_EXTERNAL, .write = access == CPU_WRITE, .external = true };
  note_fault (ARM_CPU (cpu), vaddr, &fault, 0);
}

void
arm_misaligned (Cpu *cpu, uint64_t vaddr, CpuAccess access)
{
  struct ArmFault fault = { .status = ARM_STATUS_ALIGNMENT, .write = access == CPU_WRITE };
  note_fault (ARM_CPU (cpu), vaddr, &fault, 0);
}

/* For code with ARM_MODE_ALIGNED: a structure that is not aligned as its elements have to be. The interpreter
 * has noted the pc. */
uint64_t
arm_misaligned_load (IrState *s, uint64_t addr, uint64_t b, uint64_t c)
{
  arm_misaligned ((Cpu *)s, addr, CPU_READ);
  ir_leave (s, IR_EXIT_FAULT);
}

uint64_t
arm_misaligned_store (IrState *s, uint64_t addr, uint64_t b, uint64_t c)
{
  arm_misaligned ((Cpu *)s, addr, CPU_WRITE);
  ir_leave (s, IR_EXIT_FAULT);
}

/* ---- Syndromes. ---- */

static bool
instruction_at (ArmCpu *arm, uint64_t pc, uint32_t *ret_word)
{
  uint32_t word;
  if (!cpu_debug_read (&arm->cpu, pc, &word, sizeof word))
    return false;
  *ret_word = GUINT32_FROM_LE (word);
  return true;
}

enum {
  ISS_ISV = 1 << 24,
  ISS_SSE = 1 << 21,
  ISS_SF = 1 << 15,
  ISS_AR = 1 << 14,
  ISS_EA = 1 << 9,
  ISS_CM = 1 << 8,
  ISS_S1PTW = 1 << 7,
  ISS_WNR = 1 << 6
};

/* SPEC: DDI 0487, ESR_ELx, ISS of a data abort, ISV: loads and stores of one general register without
 * write-back, the exclusive ones excepted. Zero where it is not one. */
static uint32_t
access_syndrome (uint32_t word)
{
  unsigned size = word >> 30, opc = word >> 22 & 3;
  bool is_signed = false, wide = size == 3, ordered = false;

  if ((word & 0x3f000000) == 0x39000000 ||                        /* unsigned offset */
      ((word & 0x3f200000) == 0x38000000 && !(word >> 10 & 1)) || /* LDUR, LDTR, and stores */
      (word & 0x3f200c00) == 0x38200800) {                        /* register offset */
    is_signed = opc >= 2;
    wide = opc == 2 || size == 3;
  } else if ((word & 0x3f200c00) == 0x19000000) { /* LDAPUR, STLUR */
    is_signed = opc >= 2;
    wide = opc == 2 || size == 3;
    ordered = true;
  } else if ((word & 0x3fa00000) == 0x08800000) { /* LDAR, STLR, LDLAR, STLLR */
    ordered = true;
  } else if ((word & 0x3ffffc00) == 0x38bfc000) { /* LDAPR */
    ordered = true;
  } else if ((word & 0x3f000000) == 0x18000000 && size != 3) { /* literal */
    is_signed = size == 2;
    wide = size != 0;
    size = size == 1 ? 3 : 2;
  } else {
    return 0;
  }
  return ISS_ISV | size << 22 | (is_signed ? ISS_SSE : 0) | (word & 31) << 16 | (wide ? ISS_SF : 0) |
         (ordered ? ISS_AR : 0);
}

static unsigned
abort_level (const ArmCpu *arm)
{
  const struct ArmFault *fault = &arm->fault;
  unsigned el = fault->stage2 ? 2 : arm_default_target (arm);
  if (arm->el == 0 && arm_regime (arm) == ARM_REGIME_EL20)
    el = 2;
  if (fault->external && arm->has_el3 && arm->sysreg[ARM_SR_SCR_EL3] & SCR_EA)
    el = 3;
  return MAX (el, arm->el);
}

uint64_t
arm_abort_syndrome (ArmCpu *arm, bool fetch, unsigned *ret_el)
{
  const struct ArmFault *fault = &arm->fault;
  uint32_t iss = fault->status | (fault->walk ? ISS_S1PTW : 0), word;
  unsigned ec = fetch ? ARM_EC_INSN_ABORT_LOWER : ARM_EC_DATA_ABORT_LOWER;

  *ret_el = abort_level (arm);
  if (!fetch) {
    iss |= (fault->write ? ISS_WNR : 0) | (fault->cache ? ISS_CM : 0);
    if (fault->stage2 && !fault->walk && !fault->cache && instruction_at (arm, arm->cpu.state.pc, &word))
      iss |= access_syndrome (word);
  }
  return arm_syndrome (ec + (*ret_el == arm->el), iss);
}

/* ---- AT. ---- */

/* Whom the instruction asks for; false: stage 2 is left out of it. */
static bool
view_of_at (const ArmCpu *arm, unsigned reg, ArmView *ret)
{
  unsigned op1 = reg >> 11 & 7, op2 = reg & 7;
  bool with_pan = (reg >> 3 & 15) == 9, host = arm_in_host (arm) && arm->el >= 2;

  *ret = (ArmView){ .regime = ARM_REGIME_EL10 };
  if (op1 == 6) {
    ret->regime = ARM_REGIME_EL3;
  } else if (op1 == 4 && op2 < 4) {
    ret->regime = arm_hcr (arm) & HCR_E2H ? ARM_REGIME_EL20 : ARM_REGIME_EL2;
  } else {
    if (op1 == 0 && host)
      ret->regime = ARM_REGIME_EL20;
    ret->user = op2 & 2;
    ret->pan = with_pan && arm->pan;
    ret->stage2 = arm_stage2_on (arm, ret->regime);
  }
  return op1 == 4 && op2 >= 4;
}

/* SPEC: DDI 0487, PAR_EL1. */
static uint64_t
par_of_leaf (const ArmLeaf *leaf)
{
  return (uint64_t)leaf->attributes << 56 | (leaf->phys & UINT64_C (0xffffffffff000)) | 1u << 11 |
         (uint64_t)leaf->shareability << 7;
}

static uint64_t
par_of_fault (const struct ArmFault *fault)
{
  return 1 | (uint64_t)fault->status << 1 | (fault->walk ? 1u << 8 : 0) | (fault->stage2 ? 1u << 9 : 0) |
         1u << 11;
}

void
arm_at (ArmCpu *arm, unsigned reg, uint64_t vaddr)
{
  ArmView view;
  ArmLeaf leaf;
  struct ArmFault fault;
  uint64_t ipa;
  bool both = view_of_at (arm, reg, &view);
  CpuAccess access = reg & 1 ? CPU_WRITE : CPU_READ;
  bool ok = arm_walk (arm, view, vaddr, access, both ? ARM_WALK_AT : ARM_WALK_AT_STAGE1, &leaf, &fault, &ipa);

  /* SPEC: DDI 0487, D8.5: a fault of stage 2 on stage 1's tables is the hypervisor's, and an external abort
   * is taken. */
  if (!ok && (fault.external || (fault.stage2 && fault.walk && arm->el == 1))) {
    note_fault (arm, vaddr, &fault, ipa);
    ir_leave (&arm->cpu.state, IR_EXIT_FAULT);
  }
  arm->sysreg[ARM_SR_PAR_EL1] = ok ? par_of_leaf (&leaf) : par_of_fault (&fault);
}
