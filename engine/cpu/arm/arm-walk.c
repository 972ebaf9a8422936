/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Translation table walks: VMSAv8-64, stages 1 and 2 (DDI 0487, D8). */

#include "arm-walk.h"
#include "arm-bits.h"

/* Descriptors. */
#define DESC_VALID ARM_BIT (0)
#define DESC_TABLE ARM_BIT (1) /* at level 3: a page */
#define DESC_AP1   ARM_BIT (6) /* accessible at EL0; of stage 2: readable */
#define DESC_AP2   ARM_BIT (7) /* read-only; of stage 2: writable */
#define DESC_AF    ARM_BIT (10)
#define DESC_NG    ARM_BIT (11)
#define DESC_DBM   ARM_BIT (51)
#define DESC_GP    ARM_BIT (50)
#define DESC_PXN   ARM_BIT (53)
#define DESC_XN    ARM_BIT (54) /* UXN where there is an EL0 */
#define TABLE_PXN  ARM_BIT (59)
#define TABLE_XN   ARM_BIT (60)
#define TABLE_AP0  ARM_BIT (61) /* none of it is EL0's */
#define TABLE_AP1  ARM_BIT (62) /* all of it is read-only */

/* One range of addresses of a regime, or stage 2's. */
typedef struct {
  bool stage2;
  unsigned granule, in_bits, out_bits; /* log2 of the size of a table; of addresses */
  unsigned level;                      /* to begin with */
  uint64_t base;                       /* TTBR */
  bool ha, hd, hpd;
  bool has_user, wxn;
  uint64_t mair;
} Range;

typedef struct {
  ArmCpu *arm;
  ArmView view;
  CpuAccess access;
  ArmWalkKind kind;
  struct ArmFault fault;
  uint64_t ipa;
} Walk;

/* A leaf as the table has it, and where it lies. */
typedef struct {
  uint64_t desc, address; /* of the descriptor, physical */
  uint64_t ipa;           /* the same before stage 2 */
  uint64_t table;         /* what the tables above say: TABLE_* */
  unsigned level;
} Found;

typedef enum { STEP_OK, STEP_FAULT, STEP_AGAIN } Step;

static bool
fault (Walk *w, unsigned status)
{
  w->fault.status = (uint8_t)status;
  return false;
}

static uint64_t
field (uint64_t value, unsigned shift, unsigned bits)
{
  return value >> shift & ((UINT64_C (1) << bits) - 1);
}

static uint64_t
low_mask (unsigned bits)
{
  return bits >= 64 ? UINT64_MAX : (UINT64_C (1) << bits) - 1;
}

/* ---- What control registers say. ---- */

/* ID_AA64MMFR0_EL1.PARange and TCR_ELx.PS. */
static unsigned
size_of_field (unsigned value)
{
  static const uint8_t sizes[] = { 32, 36, 40, 42, 44, 48, 52 };
  return sizes[MIN (value, G_N_ELEMENTS (sizes) - 1)];
}

unsigned
arm_phys_bits (const ArmCpu *arm)
{
  return size_of_field (arm_id_field (arm, ARM_ID_MMFR0, 0));
}

static const struct {
  ArmSysregId sctlr, tcr, mair, ttbr0, ttbr1;
} registers[] = {
  [ARM_REGIME_EL10] = { ARM_SR_SCTLR_EL1, ARM_SR_TCR_EL1, ARM_SR_MAIR_EL1, ARM_SR_TTBR0_EL1,
                        ARM_SR_TTBR1_EL1 },
  [ARM_REGIME_EL2] = { ARM_SR_SCTLR_EL2, ARM_SR_TCR_EL2, ARM_SR_MAIR_EL2, ARM_SR_TTBR0_EL2,
                       ARM_SR_TTBR0_EL2 },
  [ARM_REGIME_EL20] = { ARM_SR_SCTLR_EL2, ARM_SR_TCR_EL2, ARM_SR_MAIR_EL2, ARM_SR_TTBR0_EL2,
                        ARM_SR_TTBR1_EL2 },
  [ARM_REGIME_EL3] = { ARM_SR_SCTLR_EL3, ARM_SR_TCR_EL3, ARM_SR_MAIR_EL3, ARM_SR_TTBR0_EL3,
                       ARM_SR_TTBR0_EL3 },
};

ArmRegime
arm_regime (const ArmCpu *arm)
{
  switch (arm->el) {
    case 3: return ARM_REGIME_EL3;
    case 2: return arm_hcr (arm) & HCR_E2H ? ARM_REGIME_EL20 : ARM_REGIME_EL2;
    case 0: return arm_in_host (arm) ? ARM_REGIME_EL20 : ARM_REGIME_EL10;
    default: return ARM_REGIME_EL10;
  }
}

/* SPEC: DDI 0487, HCR_EL2.DC: VM behaves as 1. */
bool
arm_stage2_on (const ArmCpu *arm, ArmRegime regime)
{
  return regime == ARM_REGIME_EL10 && arm_hcr (arm) & (HCR_VM | HCR_DC);
}

uint64_t
arm_regime_sctlr (const ArmCpu *arm, ArmRegime regime)
{
  return arm->sysreg[registers[regime].sctlr];
}

/* SPEC: DDI 0487, HCR_EL2.DC and TGE: SCTLR_EL1.M behaves as 0. */
bool
arm_mmu_on (const ArmCpu *arm, ArmRegime regime)
{
  if (regime == ARM_REGIME_EL10 && arm_hcr (arm) & (HCR_DC | HCR_TGE))
    return false;
  return arm_regime_sctlr (arm, regime) & SCTLR_M;
}

static bool
has_two_ranges (ArmRegime regime)
{
  return regime == ARM_REGIME_EL10 || regime == ARM_REGIME_EL20;
}

unsigned
arm_asid (const ArmCpu *arm, ArmRegime regime)
{
  uint64_t tcr = arm->sysreg[registers[regime].tcr];
  if (!has_two_ranges (regime))
    return 0;
  bool wide = tcr & ARM_BIT (36) && arm_id_field (arm, ARM_ID_MMFR0, 4) == 2;
  uint64_t ttbr = arm->sysreg[tcr & ARM_BIT (22) ? registers[regime].ttbr1 : registers[regime].ttbr0];
  return (unsigned)field (ttbr, 48, wide ? 16 : 8);
}

unsigned
arm_vmid (const ArmCpu *arm)
{
  bool wide = arm->sysreg[ARM_SR_VTCR_EL2] & ARM_BIT (19) && arm_has (arm, ARM_EXT_VMID16);
  return (unsigned)field (arm->sysreg[ARM_SR_VTTBR_EL2], 48, wide ? 16 : 8);
}

/* A granule the vCPU lacks is 4 KiB, which the architecture leaves open. */
static unsigned
granule (const ArmCpu *arm, unsigned log2)
{
  bool missing = (log2 == 14 && arm_id_field (arm, ARM_ID_MMFR0, 20) == 0) ||
                 (log2 == 16 && arm_id_field (arm, ARM_ID_MMFR0, 24) != 0);
  return missing ? 12 : log2;
}

static unsigned
output_bits (const ArmCpu *arm, unsigned ps, unsigned granule)
{
  unsigned bits = MIN (size_of_field (ps), arm_phys_bits (arm));
  return granule == 16 ? bits : MIN (bits, 48);
}

/* Levels have 2^(granule - 3) entries each, the first may have fewer. */
static unsigned
first_level (unsigned granule, unsigned in_bits)
{
  return 4 - (1 + (in_bits - granule - 1) / (granule - 3));
}

/* SPEC: DDI 0487, TCR_ELx.TxSZ: what is out of range counts as the nearest that is in. */
static unsigned
input_bits (const ArmCpu *arm, unsigned tsz, unsigned granule)
{
  unsigned least = granule == 16 && arm_has (arm, ARM_EXT_LVA) ? 12 : 16;
  return 64 - CLAMP (tsz, least, 39u);
}

static bool
ignores_top (const Walk *w, uint64_t tcr, bool two, bool upper)
{
  /* What is executed has no tag: arm_exception() takes it from the PC. */
  return w->access != CPU_EXEC && (two ? tcr >> (37 + upper) & 1 : tcr >> 20 & 1);
}

/* The address without its tag, all bits above its range alike; false where they are not what they must be. */
static bool
is_canonical (uint64_t vaddr, bool tagged, bool upper, unsigned in_bits)
{
  int64_t value = tagged ? (int64_t)(vaddr << 8) >> 8 : (int64_t)vaddr;
  return value >> in_bits == (upper ? -1 : 0);
}

/* The range of stage 1 that the address lies in. */
static bool
stage1_range (Walk *w, uint64_t vaddr, Range *r)
{
  static const uint8_t tg0[] = { 12, 16, 14, 12 }, tg1[] = { 12, 14, 12, 16 };
  ArmRegime regime = w->view.regime;
  const ArmCpu *arm = w->arm;
  uint64_t tcr = arm->sysreg[registers[regime].tcr], sctlr = arm_regime_sctlr (arm, regime);
  bool two = has_two_ranges (regime), upper = two && vaddr >> 55 & 1;

  r->stage2 = false;
  r->granule = granule (arm, upper ? tg1[field (tcr, 30, 2)] : tg0[field (tcr, 14, 2)]);
  r->in_bits = input_bits (arm, (unsigned)field (tcr, upper ? 16 : 0, 6), r->granule);
  r->out_bits = output_bits (arm, (unsigned)field (tcr, two ? 32 : 16, 3), r->granule);
  r->level = first_level (r->granule, r->in_bits);
  r->base = arm->sysreg[upper ? registers[regime].ttbr1 : registers[regime].ttbr0];
  r->ha = tcr >> (two ? 39 : 21) & 1 && arm_has (arm, ARM_EXT_HAFDBS);
  r->hd = r->ha && tcr >> (two ? 40 : 22) & 1;
  r->hpd = tcr >> (two ? 41 + upper : 24) & 1 && arm_has (arm, ARM_EXT_HPDS);
  r->has_user = two;
  r->wxn = sctlr & SCTLR_WXN;
  r->mair = arm->sysreg[registers[regime].mair];
  bool disabled = two && (tcr >> (upper ? 23 : 7) & 1 /* EPDn */ ||
                          (w->view.user && tcr & (upper ? TCR_E0PD1 : TCR_E0PD0)));
  if (disabled || !is_canonical (vaddr, ignores_top (w, tcr, two, upper), upper, r->in_bits))
    return fault (w, ARM_STATUS_TRANSLATION);
  return true;
}

/* SPEC: DDI 0487, VTCR_EL2.SL0: which combinations with T0SZ and the physical size are there. */
static bool
stage2_range (Walk *w, uint64_t ipa, Range *r)
{
  static const uint8_t tg0[] = { 12, 16, 14, 12 };
  const ArmCpu *arm = w->arm;
  uint64_t vtcr = arm->sysreg[ARM_SR_VTCR_EL2];
  unsigned sl0 = (unsigned)field (vtcr, 6, 2), phys_bits = arm_phys_bits (arm);

  *r = (Range){ .stage2 = true, .granule = granule (arm, tg0[field (vtcr, 14, 2)]) };
  r->in_bits = MIN (input_bits (arm, (unsigned)field (vtcr, 0, 6), r->granule), phys_bits);
  r->out_bits = output_bits (arm, (unsigned)field (vtcr, 16, 3), r->granule);
  r->base = arm->sysreg[ARM_SR_VTTBR_EL2];
  r->ha = vtcr & ARM_BIT (21) && arm_has (arm, ARM_EXT_HAFDBS);
  r->hd = r->ha && vtcr & ARM_BIT (22);
  unsigned needed = r->granule == 14 ? 41 : 43; /* physical bits, for the highest level */
  if (sl0 == 3 || (sl0 == 2 && phys_bits < needed))
    return fault (w, ARM_STATUS_TRANSLATION);
  r->level = (r->granule == 12 ? 2 : 3) - sl0;
  /* Bits that the first table resolves: at least one, and at most sixteen tables next to each other. */
  int first = (int)r->in_bits - (int)((3 - r->level) * (r->granule - 3) + r->granule);
  if (first < 1 || first > (int)r->granule - 3 + 4 || ipa >> r->in_bits != 0)
    return fault (w, ARM_STATUS_TRANSLATION);
  return true;
}

/* ---- The walk itself. ---- */

static bool stage2 (Walk *w, uint64_t ipa, CpuAccess access, bool of_walk, ArmLeaf *ret);

/* The address in a descriptor or TTBR of a table or page with so many bits of offset. Of 52 bits the highest
 * four lie below the others. */
static uint64_t
address_in (const Walk *w, const Range *r, uint64_t desc, unsigned offset_bits)
{
  uint64_t address = desc & low_mask (48) & ~low_mask (offset_bits);
  if (r->granule == 16 && arm_phys_bits (w->arm) == 52)
    address = (address & ~low_mask (16)) | field (desc, 12, 4) << 48;
  return address;
}

static uint64_t
first_table (const Walk *w, const Range *r)
{
  unsigned entries = r->in_bits - ((3 - r->level) * (r->granule - 3) + r->granule), low = entries + 3;
  uint64_t base = r->base & low_mask (48) & ~low_mask (low);
  if (r->out_bits == 52 && r->granule == 16) /* SPEC: DDI 0487, TTBR0_EL1.BADDR: bits 51:48 are in 5:2. */
    base = (r->base & low_mask (48) & ~low_mask (MAX (low, 6))) | field (r->base, 2, 4) << 48;
  return base;
}

/* Where the entry of a stage 1 table lies in physical memory. */
static bool
locate_entry (Walk *w, const Range *r, CpuAccess access, Found *f)
{
  ArmLeaf leaf;
  f->address = f->ipa;
  if (r->stage2 || !w->view.stage2)
    return true;
  if (!stage2 (w, f->ipa, access, true, &leaf))
    return false;
  f->address = leaf.phys;
  return true;
}

/* Blocks are there at levels 1 and 2, but for larger granules at 2 only, except with 52 bits. */
static bool
may_be_block (const Walk *w, const Range *r, unsigned level)
{
  return level == 2 ||
         (level == 1 && (r->granule == 12 || (r->granule == 16 && arm_phys_bits (w->arm) == 52)));
}

static bool
is_leaf (unsigned level, uint64_t desc)
{
  return level == 3 || !(desc & DESC_TABLE);
}

/* Follows the tables down to a leaf: at most four. */
static bool
find_leaf (Walk *w, const Range *r, uint64_t vaddr, Found *f)
{
  uint64_t table = first_table (w, r);
  unsigned top = r->in_bits;

  f->table = 0;
  if (table >> r->out_bits != 0)
    return fault (w, ARM_STATUS_ADDRESS_SIZE);
  for (f->level = r->level;; f->level++) {
    unsigned low = (3 - f->level) * (r->granule - 3) + r->granule;
    f->ipa = table + field (vaddr, low, top - low) * 8;
    if (!locate_entry (w, r, CPU_READ, f))
      return false;
    if (!cpu_phys_read64 (&w->arm->cpu, f->address, &f->desc)) {
      w->fault.external = true;
      return fault (w, ARM_STATUS_EXTERNAL_WALK + f->level);
    }
    bool leaf = is_leaf (f->level, f->desc);
    if (!(f->desc & DESC_VALID) || (f->level == 3 && !(f->desc & DESC_TABLE)) ||
        (f->level < 3 && leaf && !may_be_block (w, r, f->level)))
      return fault (w, ARM_STATUS_TRANSLATION + f->level);
    table = address_in (w, r, f->desc, leaf ? low : r->granule);
    if (table >> r->out_bits != 0)
      return fault (w, ARM_STATUS_ADDRESS_SIZE + f->level);
    if (leaf)
      return true;
    if (!r->stage2 && !r->hpd)
      f->table |= f->desc & (TABLE_PXN | TABLE_XN | TABLE_AP0 | TABLE_AP1);
    top = low;
  }
}

/* ---- Permission. ---- */

/* With HD, DBM means that the page is writable: the entry says whether it is dirty. */
static bool
is_clean (const Range *r, uint64_t desc)
{
  bool read_only = r->stage2 ? !(desc & DESC_AP2) : (desc & DESC_AP2) != 0;
  return r->hd && desc & DESC_DBM && read_only;
}

static unsigned
stage1_prot (const Walk *w, const Range *r, const Found *f)
{
  bool writable = !(f->table & TABLE_AP1) && (!(f->desc & DESC_AP2) || is_clean (r, f->desc));
  bool user = r->has_user && f->desc & DESC_AP1 && !(f->table & TABLE_AP0);
  bool xn = f->desc & DESC_XN || f->table & TABLE_XN, pxn = f->desc & DESC_PXN || f->table & TABLE_PXN;
  bool data, exec;

  if (w->view.user) {
    data = user;
    exec = !xn && !(r->wxn && user && writable);
  } else {
    data = !(w->view.pan && user);
    exec = !(r->wxn && writable);
    /* What EL0 can write to is never executed above it. */
    exec = exec && (r->has_user ? !pxn && !(user && writable) : !xn);
  }
  return (data ? 1u << CPU_READ : 0) | (data && writable ? 1u << CPU_WRITE : 0) | (exec ? 1u << CPU_EXEC : 0);
}

/* SPEC: DDI 0487, table of stage 2 XN[1:0] (FEAT_XNX): 1 EL0 alone executes it, 3 EL1 alone. */
static unsigned
stage2_prot (const Walk *w, const Range *r, const Found *f)
{
  unsigned xn = (unsigned)field (f->desc, 53, 2);
  bool exec = xn == 0;
  if (!arm_has (w->arm, ARM_EXT_XNX))
    exec = !(xn & 2);
  else if (xn & 1)
    exec = (xn == 1) == w->view.user;
  return (f->desc & DESC_AP1 ? 1u << CPU_READ : 0) |
         (f->desc & DESC_AP2 || is_clean (r, f->desc) ? 1u << CPU_WRITE : 0) | (exec ? 1u << CPU_EXEC : 0);
}

/* Sets AF, and notes that the page is dirty, where hardware is to. */
static Step
update (Walk *w, const Range *r, CpuAccess access, Found *f)
{
  uint64_t desc = f->desc | DESC_AF;
  bool same;

  if (access == CPU_WRITE && w->kind == ARM_WALK_ACCESS && is_clean (r, desc))
    desc ^= DESC_AP2;
  if (desc == f->desc)
    return STEP_OK;
  if (!locate_entry (w, r, CPU_WRITE, f))
    return STEP_FAULT;
  if (!cpu_phys_cas64 (&w->arm->cpu, f->address, f->desc, desc, &same)) {
    w->fault.external = true;
    fault (w, ARM_STATUS_EXTERNAL_WALK + f->level);
    return STEP_FAULT;
  }
  f->desc = desc;
  return same ? STEP_OK : STEP_AGAIN;
}

/* One attempt at a translation: another vCPU may change the entry before its flags are set. */
static Step
attempt (Walk *w, const Range *r, uint64_t vaddr, CpuAccess access, Found *f, unsigned *ret_prot)
{
  if (!find_leaf (w, r, vaddr, f))
    return STEP_FAULT;
  if (w->kind == ARM_WALK_DEBUG)
    return STEP_OK;
  if (!(f->desc & DESC_AF) && !r->ha) {
    fault (w, ARM_STATUS_ACCESS_FLAG + f->level);
    return STEP_FAULT;
  }
  *ret_prot = r->stage2 ? stage2_prot (w, r, f) : stage1_prot (w, r, f);
  if (!(*ret_prot >> access & 1)) {
    fault (w, ARM_STATUS_PERMISSION + f->level);
    return STEP_FAULT;
  }
  Step step = update (w, r, access, f);
  if (is_clean (r, f->desc))
    *ret_prot &= ~(1u << CPU_WRITE);
  return step;
}

static bool
walk_range (Walk *w, const Range *r, uint64_t vaddr, CpuAccess access, Found *f, ArmLeaf *ret)
{
  unsigned prot = 0;
  Step step;

  do
    step = attempt (w, r, vaddr, access, f, &prot);
  while (step == STEP_AGAIN);
  if (step != STEP_OK)
    return false;
  unsigned bits = (3 - f->level) * (r->granule - 3) + r->granule;
  ret->phys = address_in (w, r, f->desc, bits) | (vaddr & low_mask (bits));
  ret->log2_size = (uint8_t)bits;
  ret->prot = (uint8_t)prot;
  ret->shareability = (uint8_t)field (f->desc, 8, 2);
  ret->guarded = false;
  return true;
}

/* ---- Stage 2. ---- */

/* SPEC: DDI 0487, stage 2 MemAttr[3:0], as MAIR_ELx would say it. */
static uint8_t
stage2_attributes (uint64_t desc)
{
  static const uint8_t policy[] = { 0, 4, 0xb, 0xf };
  unsigned attr = (unsigned)field (desc, 2, 4);
  return attr >> 2 == 0 ? (uint8_t)((attr & 3) << 2) : (uint8_t)(policy[attr >> 2] << 4 | policy[attr & 3]);
}

static bool
stage2 (Walk *w, uint64_t ipa, CpuAccess access, bool of_walk, ArmLeaf *ret)
{
  Range r;
  Found f;
  bool ok = stage2_range (w, ipa, &r) && walk_range (w, &r, ipa, access, &f, ret);

  if (ok) {
    ret->attributes = stage2_attributes (f.desc);
    /* SPEC: DDI 0487, HCR_EL2.PTW. */
    bool protected = of_walk && arm_is_device (ret->attributes) && arm_hcr (w->arm) & HCR_PTW;
    if (!protected || w->kind == ARM_WALK_DEBUG)
      return true;
    fault (w, ARM_STATUS_PERMISSION + f.level);
  }
  w->fault.stage2 = true;
  w->fault.walk = of_walk;
  w->ipa = ipa;
  return false;
}

/* Of both stages the stricter counts: Device memory before Normal, the lesser of two cache policies. */
static void
combine (ArmLeaf *first, const ArmLeaf *second)
{
  uint8_t a = first->attributes, b = second->attributes;
  if (arm_is_device (a) || arm_is_device (b))
    first->attributes = arm_is_device (a) && arm_is_device (b) ? MIN (a, b) : arm_is_device (a) ? a : b;
  else
    first->attributes = (uint8_t)(MIN (a & 0xf0, b & 0xf0) | MIN (a & 15, b & 15));
  first->shareability = MAX (first->shareability, second->shareability);
  first->phys = second->phys;
  first->prot &= second->prot;
  first->log2_size = MIN (first->log2_size, second->log2_size);
}

/* ---- Stage 1. ---- */

/* SPEC: DDI 0487, D8.2.10: without translation addresses are physical, data is Device memory (Normal with
 * HCR_EL2.DC). */
static bool
stage1_off (Walk *w, uint64_t vaddr, ArmLeaf *ret)
{
  ArmRegime regime = w->view.regime;
  bool two = has_two_ranges (regime), upper = two && vaddr >> 55 & 1;
  uint64_t tcr = w->arm->sysreg[registers[regime].tcr];
  bool tagged = ignores_top (w, tcr, two, upper),
       cached = regime == ARM_REGIME_EL10 && arm_hcr (w->arm) & HCR_DC;

  *ret = (ArmLeaf){ .phys = tagged ? vaddr & low_mask (56) : vaddr,
                    .prot = 1 << CPU_READ | 1 << CPU_WRITE | 1 << CPU_EXEC,
                    .log2_size = 12,
                    .attributes = cached                  ? 0xff
                                  : w->access == CPU_EXEC ? 0xaa
                                                          : 0,
                    .shareability = cached ? 0 : 2,
                    .global = true };
  if (ret->phys >> arm_phys_bits (w->arm) != 0)
    return fault (w, ARM_STATUS_ADDRESS_SIZE);
  return true;
}

static bool
stage1 (Walk *w, uint64_t vaddr, ArmLeaf *ret)
{
  Range r;
  Found f;

  if (!arm_mmu_on (w->arm, w->view.regime))
    return stage1_off (w, vaddr, ret);
  if (!stage1_range (w, vaddr, &r) || !walk_range (w, &r, vaddr, w->access, &f, ret))
    return false;
  ret->attributes = (uint8_t)field (r.mair, 8 * (unsigned)field (f.desc, 2, 3), 8);
  ret->shareability = arm_is_device (ret->attributes) ? 2 : ret->shareability;
  ret->global = !r.has_user || !(f.desc & DESC_NG);
  ret->guarded = f.desc & DESC_GP && arm_has (w->arm, ARM_EXT_BTI);
  return true;
}

bool
arm_walk (ArmCpu *arm, ArmView view, uint64_t vaddr, CpuAccess access, ArmWalkKind kind, ArmLeaf *ret,
          struct ArmFault *ret_fault, uint64_t *ret_ipa)
{
  Walk w = { .arm = arm, .view = view, .access = access, .kind = kind };
  ArmLeaf second;
  bool ok = stage1 (&w, vaddr, ret);

  if (ok && view.stage2 && kind != ARM_WALK_AT_STAGE1) {
    ok = stage2 (&w, ret->phys, access, false, &second);
    if (ok)
      combine (ret, &second);
  }
  w.fault.write = access == CPU_WRITE;
  *ret_fault = w.fault;
  *ret_ipa = w.ipa;
  return ok;
}
