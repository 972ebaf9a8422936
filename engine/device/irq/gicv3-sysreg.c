/* SPDX-License-Identifier: GPL-3.0-or-later */

/* System registers of a PE's interface, by their numbers.  What traps an access was checked before, but for
 * the choice between physical and virtual registers at EL1. */

#include "gicv3-private.h"

#define REG(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

enum {
  ICC_PMR_EL1 = REG (3, 0, 4, 6, 0),
  ICC_IAR0_EL1 = REG (3, 0, 12, 8, 0),
  ICC_EOIR0_EL1 = REG (3, 0, 12, 8, 1),
  ICC_HPPIR0_EL1 = REG (3, 0, 12, 8, 2),
  ICC_BPR0_EL1 = REG (3, 0, 12, 8, 3),
  ICC_AP0R0_EL1 = REG (3, 0, 12, 8, 4),
  ICC_AP1R0_EL1 = REG (3, 0, 12, 9, 0),
  ICC_DIR_EL1 = REG (3, 0, 12, 11, 1),
  ICC_RPR_EL1 = REG (3, 0, 12, 11, 3),
  ICC_SGI1R_EL1 = REG (3, 0, 12, 11, 5),
  ICC_ASGI1R_EL1 = REG (3, 0, 12, 11, 6),
  ICC_SGI0R_EL1 = REG (3, 0, 12, 11, 7),
  ICC_IAR1_EL1 = REG (3, 0, 12, 12, 0),
  ICC_EOIR1_EL1 = REG (3, 0, 12, 12, 1),
  ICC_HPPIR1_EL1 = REG (3, 0, 12, 12, 2),
  ICC_BPR1_EL1 = REG (3, 0, 12, 12, 3),
  ICC_CTLR_EL1 = REG (3, 0, 12, 12, 4),
  ICC_SRE_EL1 = REG (3, 0, 12, 12, 5),
  ICC_IGRPEN0_EL1 = REG (3, 0, 12, 12, 6),
  ICC_IGRPEN1_EL1 = REG (3, 0, 12, 12, 7),
  ICC_SRE_EL2 = REG (3, 4, 12, 9, 5),
  ICC_CTLR_EL3 = REG (3, 6, 12, 12, 4),
  ICC_SRE_EL3 = REG (3, 6, 12, 12, 5),
  ICC_IGRPEN1_EL3 = REG (3, 6, 12, 12, 7),
};

/* There is no other interface than this one: SRE, DFB and DIB are 1, at EL2 and EL3 Enable, too. */
enum { SRE_EL1 = 7, SRE_ABOVE = 15 };

enum { HCR_FMO = 1 << 3, HCR_IMO = 1 << 4 };
enum { SCR_NS = 1 << 0, SCR_FIQ = 1 << 2 };

static Gicv3Access
access_of (Gicv3Cpu *cpu)
{
  const Gicv3CpuEdges *edges = cpu->edges;
  uint64_t hcr = edges->hcr != NULL ? edges->hcr (edges->pe) : 0;
  uint64_t scr = edges->scr != NULL ? edges->scr (edges->pe) : SCR_NS;
  Gicv3Access a = {
    .cpu = cpu,
    .gic = cpu->gic,
    .el = edges->el != NULL ? edges->el (edges->pe) : 1,
    .el3 = edges->scr != NULL,
    .bank = scr & SCR_NS ? GICV3_NS : GICV3_S,
  };
  a.secure = a.el == 3 || a.bank == GICV3_S;
  a.masks = !a.secure && scr & SCR_FIQ;
  a.virtual0 = a.el == 1 && hcr & HCR_FMO;
  a.virtual1 = a.el == 1 && hcr & HCR_IMO;
  return a;
}

/* ---- The virtual ones. ---- */

/* Registers of one group; false: it is none. */
static bool
is_of_group (unsigned reg, unsigned *ret_group)
{
  unsigned crm = reg >> 3 & 15, op2 = reg & 7;
  if (reg >> 7 != REG (3, 0, 12, 0, 0) >> 7)
    return false;
  *ret_group = crm == 8 || (crm == 12 && op2 == 6) ? 0 : 1;
  return crm == 8 || crm == 9 || (crm == 12 && op2 <= 3) || (crm == 12 && op2 >= 6);
}

static bool
is_virtual (const Gicv3Access *a, unsigned reg)
{
  unsigned group;
  if (G_LIKELY (!a->virtual0 && !a->virtual1))
    return false;
  if (is_of_group (reg, &group))
    return group == 0 ? a->virtual0 : a->virtual1;
  return reg == ICC_PMR_EL1 || reg == ICC_DIR_EL1 || reg == ICC_RPR_EL1 || reg == ICC_CTLR_EL1;
}

static bool
read_virtual (Gicv3Cpu *cpu, unsigned reg, uint64_t *ret_value)
{
  switch (reg) {
    case ICC_PMR_EL1: *ret_value = gicv3_icv_read_pmr (cpu); break;
    case ICC_IAR0_EL1: *ret_value = gicv3_icv_acknowledge (cpu, 0); break;
    case ICC_IAR1_EL1: *ret_value = gicv3_icv_acknowledge (cpu, 1); break;
    case ICC_HPPIR0_EL1: *ret_value = gicv3_icv_highest (cpu, 0); break;
    case ICC_HPPIR1_EL1: *ret_value = gicv3_icv_highest (cpu, 1); break;
    case ICC_BPR0_EL1: *ret_value = gicv3_icv_read_bpr (cpu, 0); break;
    case ICC_BPR1_EL1: *ret_value = gicv3_icv_read_bpr (cpu, 1); break;
    case ICC_AP0R0_EL1: *ret_value = cpu->ich_apr[0]; break;
    case ICC_AP1R0_EL1: *ret_value = cpu->ich_apr[1]; break;
    case ICC_RPR_EL1: *ret_value = gicv3_icv_running (cpu); break;
    case ICC_CTLR_EL1: *ret_value = gicv3_icv_read_ctlr (cpu); break;
    case ICC_IGRPEN0_EL1: *ret_value = gicv3_icv_read_igrpen (cpu, 0); break;
    case ICC_IGRPEN1_EL1: *ret_value = gicv3_icv_read_igrpen (cpu, 1); break;
    default: return false;
  }
  return true;
}

static bool
write_virtual (Gicv3Cpu *cpu, unsigned reg, uint64_t value)
{
  switch (reg) {
    case ICC_PMR_EL1: gicv3_icv_write_pmr (cpu, value); break;
    case ICC_EOIR0_EL1: gicv3_icv_end (cpu, 0, value); break;
    case ICC_EOIR1_EL1: gicv3_icv_end (cpu, 1, value); break;
    case ICC_BPR0_EL1: gicv3_icv_write_bpr (cpu, 0, value); break;
    case ICC_BPR1_EL1: gicv3_icv_write_bpr (cpu, 1, value); break;
    case ICC_AP0R0_EL1: cpu->ich_apr[0] = (uint32_t)value; break;
    case ICC_AP1R0_EL1: cpu->ich_apr[1] = (uint32_t)value; break;
    case ICC_DIR_EL1: gicv3_icv_deactivate (cpu, value); break;
    case ICC_CTLR_EL1: gicv3_icv_write_ctlr (cpu, value); break;
    case ICC_IGRPEN0_EL1: gicv3_icv_write_igrpen (cpu, 0, value); break;
    case ICC_IGRPEN1_EL1: gicv3_icv_write_igrpen (cpu, 1, value); break;
    default: return false;
  }
  gicv3_virt_update (cpu);
  return true;
}

/* ---- The physical ones. ---- */

static bool
read_physical (const Gicv3Access *a, unsigned reg, uint64_t *ret_value)
{
  switch (reg) {
    case ICC_PMR_EL1: *ret_value = gicv3_icc_read_pmr (a); break;
    case ICC_IAR0_EL1: *ret_value = gicv3_icc_acknowledge (a, 0); break;
    case ICC_IAR1_EL1: *ret_value = gicv3_icc_acknowledge (a, 1); break;
    case ICC_HPPIR0_EL1: *ret_value = gicv3_icc_highest (a, 0); break;
    case ICC_HPPIR1_EL1: *ret_value = gicv3_icc_highest (a, 1); break;
    case ICC_BPR0_EL1: *ret_value = gicv3_icc_read_bpr (a, 0); break;
    case ICC_BPR1_EL1: *ret_value = gicv3_icc_read_bpr (a, 1); break;
    case ICC_AP0R0_EL1: *ret_value = gicv3_icc_read_apr (a, 0); break;
    case ICC_AP1R0_EL1: *ret_value = gicv3_icc_read_apr (a, 1); break;
    case ICC_RPR_EL1: *ret_value = gicv3_icc_running (a); break;
    case ICC_CTLR_EL1: *ret_value = gicv3_icc_read_ctlr (a); break;
    case ICC_SRE_EL1: *ret_value = SRE_EL1; break;
    case ICC_IGRPEN0_EL1: *ret_value = gicv3_icc_read_igrpen (a, 0); break;
    case ICC_IGRPEN1_EL1: *ret_value = gicv3_icc_read_igrpen (a, 1); break;
    case ICC_SRE_EL2:
    case ICC_SRE_EL3: *ret_value = SRE_ABOVE; break;
    case ICC_CTLR_EL3: *ret_value = gicv3_icc_read_ctlr_el3 (a); break;
    case ICC_IGRPEN1_EL3: *ret_value = gicv3_icc_read_igrpen1_el3 (a); break;
    default: return gicv3_ich_read (a, reg, ret_value);
  }
  return true;
}

static bool
write_physical (const Gicv3Access *a, unsigned reg, uint64_t value)
{
  Gicv3Group own = a->secure ? GICV3_G1S : GICV3_G1NS, other = own == GICV3_G1S ? GICV3_G1NS : GICV3_G1S;
  switch (reg) {
    case ICC_PMR_EL1: gicv3_icc_write_pmr (a, value); break;
    case ICC_EOIR0_EL1: gicv3_icc_end (a, 0, value); break;
    case ICC_EOIR1_EL1: gicv3_icc_end (a, 1, value); break;
    case ICC_BPR0_EL1: gicv3_icc_write_bpr (a, 0, value); break;
    case ICC_BPR1_EL1: gicv3_icc_write_bpr (a, 1, value); break;
    case ICC_AP0R0_EL1: gicv3_icc_write_apr (a, 0, value); break;
    case ICC_AP1R0_EL1: gicv3_icc_write_apr (a, 1, value); break;
    case ICC_DIR_EL1: gicv3_icc_deactivate (a, value); break;
    case ICC_SGI0R_EL1: gicv3_icc_send (a, GICV3_G0, value); break;
    case ICC_SGI1R_EL1: gicv3_icc_send (a, own, value); break;
    case ICC_ASGI1R_EL1: gicv3_icc_send (a, other, value); break;
    case ICC_CTLR_EL1: gicv3_icc_write_ctlr (a, value); break;
    case ICC_IGRPEN0_EL1: gicv3_icc_write_igrpen (a, 0, value); break;
    case ICC_IGRPEN1_EL1: gicv3_icc_write_igrpen (a, 1, value); break;
    case ICC_SRE_EL1:
    case ICC_SRE_EL2:
    case ICC_SRE_EL3: break;
    case ICC_CTLR_EL3: gicv3_icc_write_ctlr_el3 (a, value); break;
    case ICC_IGRPEN1_EL3: gicv3_icc_write_igrpen1_el3 (a, value); break;
    default: return gicv3_ich_write (a, reg, value);
  }
  return true;
}

bool
gicv3_cpu_read (void *opaque, unsigned reg, uint64_t *ret_value)
{
  Gicv3Cpu *cpu = opaque;
  gicv3_lock (cpu->gic);
  const Gicv3Access a = access_of (cpu);
  bool done = is_virtual (&a, reg) ? read_virtual (cpu, reg, ret_value) : read_physical (&a, reg, ret_value);
  device_trace (cpu, "read system register 0x%x -> 0x%" G_GINT64_MODIFIER "x", reg, done ? *ret_value : 0);
  gicv3_unlock (cpu->gic);
  return done;
}

bool
gicv3_cpu_write (void *opaque, unsigned reg, uint64_t value)
{
  Gicv3Cpu *cpu = opaque;
  gicv3_lock (cpu->gic);
  const Gicv3Access a = access_of (cpu);
  device_trace (cpu, "write system register 0x%x <- 0x%" G_GINT64_MODIFIER "x", reg, value);
  bool done = is_virtual (&a, reg) ? write_virtual (cpu, reg, value) : write_physical (&a, reg, value);
  gicv3_unlock (cpu->gic);
  return done;
}

void
gicv3_cpu_security_changed (void *opaque)
{
  Gicv3Cpu *cpu = opaque;
  gicv3_lock (cpu->gic);
  const Gicv3Access a = access_of (cpu);
  cpu->at_el3 = a.el == 3;
  cpu->ns = a.bank == GICV3_NS;
  gicv3_signal (cpu);
  gicv3_unlock (cpu->gic);
}
