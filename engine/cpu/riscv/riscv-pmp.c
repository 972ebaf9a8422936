/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Physical memory protection. */

#include "riscv-system.h"

enum { PMP_R = 1, PMP_W = 2, PMP_X = 4, PMP_A = 3 << 3, PMP_L = 0x80 };
enum { PMP_OFF = 0 << 3, PMP_TOR = 1 << 3, PMP_NA4 = 2 << 3, PMP_NAPOT = 3 << 3 };

static unsigned
entries_per_register (const RiscvCpu *rv)
{
  return rv->rv32 ? 4 : 8;
}

/* The first entry that pmpcfg register `number` is about. */
static unsigned
first_entry (unsigned number)
{
  return (number - CSR_pmpcfg) * 4;
}

uint64_t
riscv_pmpcfg (RiscvCpu *rv, unsigned number)
{
  unsigned first = first_entry (number);
  uint64_t value = 0;

  for (unsigned i = 0; i < entries_per_register (rv); i++)
    value |= (uint64_t)rv->pmpcfg[first + i] << 8 * i;
  return value;
}

static RiscvPmpRange
range_of (const RiscvCpu *rv, unsigned i)
{
  static const RiscvPmpRange none = { .start = 1, .last = 0 };
  uint64_t addr = rv->pmpaddr[i], start = addr << 2;

  switch (rv->pmpcfg[i] & PMP_A) {
    case PMP_TOR: {
      uint64_t from = i > 0 ? rv->pmpaddr[i - 1] << 2 : 0;
      return from < start ? (RiscvPmpRange){ from, start - 1 } : none;
    }
    case PMP_NA4: return (RiscvPmpRange){ start, start + 3 };
    case PMP_NAPOT: {
      /* Ones from the lowest bit up say how large it is: bit n clear, 8 << n bytes. */
      uint64_t size = addr ^ (addr + 1);
      return (RiscvPmpRange){ (addr & ~size) << 2, ((addr | size) << 2) + 3 };
    }
    default: return none;
  }
}

void
riscv_pmp_update (RiscvCpu *rv)
{
  rv->pmp_used = 0;
  for (unsigned i = 0; i < RV_PMP_ENTRIES; i++) {
    rv->pmp[i] = range_of (rv, i);
    if (rv->pmpcfg[i] & PMP_A)
      rv->pmp_used = i + 1;
  }
}

static void
changed (RiscvCpu *rv)
{
  riscv_pmp_update (rv);
  cpu_tlb_flush (&rv->cpu, 0, 0);
}

void
riscv_set_pmpcfg (RiscvCpu *rv, unsigned number, uint64_t value)
{
  unsigned first = first_entry (number);

  for (unsigned i = 0; i < entries_per_register (rv); i++) {
    uint8_t cfg = (uint8_t)(value >> 8 * i) & (PMP_R | PMP_W | PMP_X | PMP_A | PMP_L);
    if (rv->pmpcfg[first + i] & PMP_L)
      continue;
    /* Writable and not readable is reserved. */
    if ((cfg & (PMP_R | PMP_W)) == PMP_W)
      cfg &= (uint8_t)~PMP_W;
    rv->pmpcfg[first + i] = cfg;
  }
  changed (rv);
}

void
riscv_set_pmpaddr (RiscvCpu *rv, unsigned number, uint64_t value)
{
  unsigned i = number - CSR_pmpaddr;
  uint8_t next = i + 1 < RV_PMP_ENTRIES ? rv->pmpcfg[i + 1] : 0;

  /* SPEC: RISC-V privileged §3.7.1: a locked top-of-range entry locks the address below it too. */
  if (rv->pmpcfg[i] & PMP_L || (next & PMP_L && (next & PMP_A) == PMP_TOR))
    return;
  rv->pmpaddr[i] = value & (rv->rv32 ? UINT32_MAX : UINT64_C (0x3fffffffffffff));
  changed (rv);
}

/* SPEC: RISC-V privileged §3.7.1.3: the lowest entry that matches any byte of an access must match all of
 * them.
 */
RiscvPmpRule
riscv_pmp_rule (const RiscvCpu *rv, uint64_t phys, RiscvPriv priv)
{
  const uint8_t all = 1 << CPU_READ | 1 << CPU_WRITE | 1 << CPU_EXEC;
  uint64_t page = phys & ~UINT64_C (0xfff), page_last = page | 0xfff, last = page_last;
  RiscvPmpRule rule = { .prot = priv == RV_PRIV_M ? all : 0, .uniform = true };

  for (unsigned i = 0; i < rv->pmp_used; i++) {
    const RiscvPmpRange *r = &rv->pmp[i];
    uint8_t cfg = rv->pmpcfg[i];
    if (r->start > r->last || r->last < page || r->start > page_last)
      continue;
    if (r->start > page || r->last < page_last)
      rule.uniform = false;
    if (phys < r->start) {
      last = MIN (last, r->start - 1);
    } else if (phys <= r->last) {
      last = MIN (last, r->last);
      if (priv != RV_PRIV_M || cfg & PMP_L)
        rule.prot = (cfg & PMP_R ? 1 << CPU_READ : 0) | (cfg & PMP_W ? 1 << CPU_WRITE : 0) |
                    (cfg & PMP_X ? 1 << CPU_EXEC : 0);
      break;
    }
  }
  rule.bytes = (uint16_t)(last - phys + 1);
  return rule;
}
