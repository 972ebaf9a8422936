/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Address translation: Sv32, Sv39, Sv48, Sv57 with Svadu, Svnapot and Svpbmt. */

#include "riscv-system.h"

enum {
  PTE_V = 1 << 0,
  PTE_R = 1 << 1,
  PTE_W = 1 << 2,
  PTE_X = 1 << 3,
  PTE_U = 1 << 4,
  PTE_A = 1 << 6,
  PTE_D = 1 << 7,
};
#define PTE_PPN_SHIFT 10
#define PTE64_PPN     (UINT64_C (0xfffffffffff) << PTE_PPN_SHIFT)
#define PTE64_RSW     (UINT64_C (0x7f) << 54) /* reserved */
#define PTE64_PBMT    (UINT64_C (3) << 61)
#define PTE64_N       (UINT64_C (1) << 63)

/* SPEC: RISC-V privileged §12 (Svnapot): the one size there is, by the low bits of its PPN. */
#define NAPOT_LOG2 16
#define NAPOT_PPN  UINT64_C (8)

typedef enum { WALK_OK, WALK_PAGE_FAULT, WALK_ACCESS_FAULT, WALK_AGAIN } WalkResult;

/* A leaf entry, and where it lies. */
typedef struct {
  uint64_t pte, pte_addr;
  uint64_t phys; /* of the address asked for */
  unsigned log2_size;
} Leaf;

/* CpuSpaceKey.flags */
enum {
  SPACE_FETCH_PRIV = 3 << 0,
  SPACE_DATA_PRIV_SHIFT = 2,
  SPACE_SUM = 1 << 4,
  SPACE_MXR = 1 << 5,
};

int
riscv_satp_levels (const RiscvCpu *rv, uint64_t satp)
{
  if (rv->rv32)
    return satp & SATP32_MODE ? 2 : 0;
  /* SPEC: RISC-V privileged §10.1.11: 8, 9 and 10 stand for Sv39, Sv48 and Sv57. */
  unsigned mode = (unsigned)(satp >> SATP64_MODE_SHIFT);
  if (mode == 0)
    return 0;
  return mode >= 8 && mode - 5 <= rv->va_levels ? (int)mode - 5 : -1;
}

CpuSpaceKey
riscv_space (const Cpu *cpu)
{
  const RiscvCpu *rv = (const RiscvCpu *)cpu;
  RiscvPriv data = riscv_data_priv (rv);
  CpuSpaceKey key = { .flags = rv->priv | (uint64_t)data << SPACE_DATA_PRIV_SHIFT };
  uint64_t mstatus = cpu->state.var[RV_VAR_MSTATUS];

  if (data == RV_PRIV_M || riscv_satp_levels (rv, rv->satp) == 0)
    return key;
  key.root = rv->satp;
  if (data == RV_PRIV_S && mstatus & MSTATUS_SUM)
    key.flags |= SPACE_SUM;
  if (mstatus & MSTATUS_MXR)
    key.flags |= SPACE_MXR;
  return key;
}

static bool
read_pte (Cpu *cpu, uint64_t addr, uint64_t *ret_pte)
{
  uint32_t pte32;

  if (!RV_CPU (cpu)->rv32)
    return cpu_phys_read64 (cpu, addr, ret_pte);
  if (!cpu_phys_read32 (cpu, addr, &pte32))
    return false;
  *ret_pte = pte32;
  return true;
}

static bool
replace_pte (Cpu *cpu, const Leaf *leaf, uint64_t desired, bool *ret_same)
{
  if (RV_CPU (cpu)->rv32)
    return cpu_phys_cas32 (cpu, leaf->pte_addr, (uint32_t)leaf->pte, (uint32_t)desired, ret_same);
  return cpu_phys_cas64 (cpu, leaf->pte_addr, leaf->pte, desired, ret_same);
}

/* Whether bits that must be zero are not. */
static bool
is_reserved (const RiscvCpu *rv, uint64_t pte, bool is_leaf)
{
  if (!is_leaf && pte & (PTE_U | PTE_A | PTE_D))
    return true;
  if (rv->rv32)
    return false;
  if (pte & PTE64_RSW || (pte & PTE64_PBMT) == PTE64_PBMT)
    return true;
  if (!is_leaf)
    return (pte & (PTE64_PBMT | PTE64_N)) != 0;
  return (pte & PTE64_PBMT && !(rv->menvcfg & ENVCFG_PBMTE)) ||
         (pte & PTE64_N && !(rv->exts >> RV_EXT_SVNAPOT & 1));
}

/* Whether S mode may access the entry: all of it, by one entry of the PMP. */
static bool
pmp_permits_pte (const RiscvCpu *rv, uint64_t pte_addr, CpuAccess access)
{
  RiscvPmpRule rule = riscv_pmp_rule (rv, pte_addr, RV_PRIV_S);
  return rule.prot >> access & 1 && rule.bytes >= (rv->rv32 ? 4 : 8);
}

/* The physical address that a leaf at `level` gives; false where its page number is misaligned or reserved.
 */
static bool
finish_leaf (const RiscvCpu *rv, uint64_t vaddr, unsigned level, Leaf *leaf)
{
  uint64_t ppn = (rv->rv32 ? leaf->pte : leaf->pte & PTE64_PPN) >> PTE_PPN_SHIFT;
  uint64_t base = ppn << 12;

  leaf->log2_size = 12 + level * (rv->rv32 ? 10 : 9);
  if (!rv->rv32 && leaf->pte & PTE64_N) {
    if (level != 0 || (ppn & 0xf) != NAPOT_PPN)
      return false;
    leaf->log2_size = NAPOT_LOG2;
    base &= ~((UINT64_C (1) << NAPOT_LOG2) - 1);
  }
  uint64_t offset = (UINT64_C (1) << leaf->log2_size) - 1;
  leaf->phys = base | (vaddr & offset);
  return (base & offset) == 0;
}

/* SPEC: RISC-V privileged §10.3.2, steps 1 to 5 but for permissions.  `protect`: PMP is asked, as for S mode.
 */
static WalkResult
find_leaf (Cpu *cpu, uint64_t satp, uint64_t vaddr, bool protect, Leaf *ret)
{
  const RiscvCpu *rv = RV_CPU (cpu);
  unsigned levels = (unsigned)riscv_satp_levels (rv, satp);
  unsigned vpn_bits = rv->rv32 ? 10 : 9, pte_size = rv->rv32 ? 4 : 8;
  uint64_t table = (satp & (rv->rv32 ? SATP32_PPN : SATP64_PPN)) << 12;
  unsigned unused = 64 - (12 + levels * 9);

  if (!rv->rv32 && (uint64_t)((int64_t)(vaddr << unused) >> unused) != vaddr)
    return WALK_PAGE_FAULT;
  for (unsigned level = levels; level-- > 0;) {
    uint64_t vpn = vaddr >> (12 + level * vpn_bits) & ((1u << vpn_bits) - 1);
    ret->pte_addr = table + vpn * pte_size;
    if (protect && !pmp_permits_pte (rv, ret->pte_addr, CPU_READ))
      return WALK_ACCESS_FAULT;
    if (!read_pte (cpu, ret->pte_addr, &ret->pte))
      return WALK_ACCESS_FAULT;
    uint64_t pte = ret->pte;
    bool is_leaf = pte & (PTE_R | PTE_X);
    if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W || is_reserved (rv, pte, is_leaf))
      return WALK_PAGE_FAULT;
    if (is_leaf)
      return finish_leaf (rv, vaddr, level, ret) ? WALK_OK : WALK_PAGE_FAULT;
    table = (rv->rv32 ? pte : pte & PTE64_PPN) >> PTE_PPN_SHIFT << 12;
  }
  return WALK_PAGE_FAULT;
}

/* The accesses (1 << CpuAccess) that the entry permits now. D is not looked at. */
static unsigned
permitted (const RiscvCpu *rv, uint64_t pte)
{
  uint64_t mstatus = rv->cpu.state.var[RV_VAR_MSTATUS];
  RiscvPriv data = riscv_data_priv (rv);
  bool user = pte & PTE_U, data_ok = user ? data == RV_PRIV_U || mstatus & MSTATUS_SUM : data == RV_PRIV_S;
  unsigned access = 0;

  if (data_ok && (pte & PTE_R || (pte & PTE_X && mstatus & MSTATUS_MXR)))
    access |= 1 << CPU_READ;
  if (data_ok && pte & PTE_W)
    access |= 1 << CPU_WRITE;
  /* S mode never executes what is the user's. */
  if (pte & PTE_X && user == (rv->priv == RV_PRIV_U))
    access |= 1 << CPU_EXEC;
  return access;
}

/* Sets A, and D for a write, where they are not: with Svadu in the entry, otherwise by the page fault's
 * handler. */
static WalkResult
mark_accessed (Cpu *cpu, CpuAccess access, Leaf *leaf)
{
  const RiscvCpu *rv = RV_CPU (cpu);
  uint64_t pte = leaf->pte | PTE_A | (access == CPU_WRITE ? PTE_D : 0);
  bool same;

  if (pte == leaf->pte)
    return WALK_OK;
  if (!(rv->menvcfg & ENVCFG_ADUE))
    return WALK_PAGE_FAULT;
  if (!pmp_permits_pte (rv, leaf->pte_addr, CPU_WRITE))
    return WALK_ACCESS_FAULT;
  if (!replace_pte (cpu, leaf, pte, &same))
    return WALK_ACCESS_FAULT;
  leaf->pte = pte;
  return same ? WALK_OK : WALK_AGAIN;
}

static WalkResult
walk (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret)
{
  const RiscvCpu *rv = RV_CPU (cpu);
  WalkResult result;
  Leaf leaf;
  unsigned prot;

  do {
    result = find_leaf (cpu, rv->satp, vaddr, true, &leaf);
    if (result != WALK_OK)
      return result;
    prot = permitted (rv, leaf.pte);
    if (!(prot >> access & 1))
      return WALK_PAGE_FAULT;
    result = mark_accessed (cpu, access, &leaf);
  } while (result == WALK_AGAIN);
  if (!(leaf.pte & PTE_D))
    prot &= ~(1u << CPU_WRITE);
  *ret = (CpuTranslation){ .phys = leaf.phys, .prot = (uint8_t)prot, .log2_size = (uint8_t)leaf.log2_size };
  return result;
}

static bool
fault (RiscvCpu *rv, uint64_t vaddr, CpuAccess access, bool is_page_fault)
{
  static const uint8_t causes[2][3] = {
    { [CPU_READ] = RV_CAUSE_LOAD_ACCESS,
      [CPU_WRITE] = RV_CAUSE_STORE_ACCESS,
      [CPU_EXEC] = RV_CAUSE_FETCH_ACCESS },
    { [CPU_READ] = RV_CAUSE_LOAD_PAGE, [CPU_WRITE] = RV_CAUSE_STORE_PAGE, [CPU_EXEC] = RV_CAUSE_FETCH_PAGE },
  };

  rv->trap_cause = causes[is_page_fault][access];
  rv->cpu.state.fault = (IrFault){ .addr = vaddr, .write = access == CPU_WRITE };
  return false;
}

bool
riscv_translate (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret)
{
  RiscvCpu *rv = RV_CPU (cpu);
  RiscvPriv priv = access == CPU_EXEC ? rv->priv : riscv_data_priv (rv);
  const unsigned data = 1 << CPU_READ | 1 << CPU_WRITE, all = data | 1 << CPU_EXEC;

  if (priv == RV_PRIV_M || riscv_satp_levels (rv, rv->satp) == 0) {
    *ret = (CpuTranslation){ .phys = vaddr, .prot = (uint8_t)all, .log2_size = 12 };
  } else {
    WalkResult result = walk (cpu, vaddr, access, ret);
    if (result != WALK_OK)
      return fault (rv, vaddr, access, result == WALK_PAGE_FAULT);
  }
  RiscvPmpRule rule = riscv_pmp_rule (rv, ret->phys, priv);
  unsigned permits = rule.prot;
  if (!(permits >> access & 1))
    return fault (rv, vaddr, access, false);
  /* Where MPRV separates loads and stores from fetches, what holds for one says nothing of the other. */
  if (rv->priv != riscv_data_priv (rv))
    permits &= access == CPU_EXEC ? ~data : data;
  ret->prot &= permits;
  ret->once = !rule.uniform;
  ret->bytes = rule.bytes;
  return true;
}

bool
riscv_translate_debug (Cpu *cpu, uint64_t vaddr, uint64_t *ret_phys)
{
  const RiscvCpu *rv = RV_CPU (cpu);
  Leaf leaf;

  if (riscv_data_priv (rv) == RV_PRIV_M || riscv_satp_levels (rv, rv->satp) == 0) {
    *ret_phys = vaddr;
    return true;
  }
  if (find_leaf (cpu, rv->satp, vaddr, false, &leaf) != WALK_OK)
    return false;
  *ret_phys = leaf.phys;
  return true;
}

void
riscv_bus_error (Cpu *cpu, uint64_t vaddr, CpuAccess access)
{
  fault (RV_CPU (cpu), vaddr, access, false);
}

void
riscv_misaligned (Cpu *cpu, uint64_t vaddr, CpuAccess access)
{
  fault (RV_CPU (cpu), vaddr, access, false);
  RV_CPU (cpu)->trap_cause = access == CPU_READ ? RV_CAUSE_LOAD_MISALIGNED : RV_CAUSE_STORE_MISALIGNED;
}

uint64_t
riscv_fence_vma (IrState *s, uint64_t vaddr, uint64_t asid, uint64_t which)
{
  const RiscvCpu *rv = (const RiscvCpu *)s;
  uint64_t field = rv->rv32 ? SATP32_ASID : SATP64_ASID;
  unsigned shift = rv->rv32 ? SATP32_ASID_SHIFT : SATP64_ASID_SHIFT;
  uint64_t mask = which & 2 ? field << shift : 0, value = (asid & field) << shift & mask;

  /* Global entries go with the others: that is always permitted. */
  if (which & 1)
    cpu_tlb_flush_page ((Cpu *)s, vaddr, mask, value);
  else
    cpu_tlb_flush ((Cpu *)s, mask, value);
  return 0;
}
