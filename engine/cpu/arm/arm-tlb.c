/* SPDX-License-Identifier: GPL-3.0-or-later */

/* TLBI. What is invalidated is found by the keys of the address spaces; other vCPUs do the same on their own
 * threads. */

#include "arm-bits.h"
#include "arm-walk.h"

#define REG_OP1(reg) ((reg) >> 11 & 7)
#define REG_CRM(reg) ((reg) >> 3 & 15)
#define REG_OP2(reg) ((reg) & 7)

/* What an instruction invalidates: entries of a regime, of one VMID and one ASID or of all. */
typedef struct {
  ArmRegime regime;
  bool one_vmid, one_asid, one_page;
  /* Whether spaces of other ASIDs may hold the page as a global one. */
  bool global;
  unsigned vmid, asid;
} Scope;

/* CpuTlbWork.context: what the sender's registers said. */
enum { CONTEXT_HOST = 1 << 16, CONTEXT_E2H = 1 << 17 };

static uint64_t
context_of (const ArmCpu *arm)
{
  uint64_t hcr = arm_el2_enabled (arm) ? arm_hcr (arm) : 0;
  bool host = arm->el >= 2 && arm_in_host (arm);
  return (arm_el2_enabled (arm) ? arm_vmid (arm) : 0) | (host ? CONTEXT_HOST : 0) |
         (hcr & HCR_E2H ? CONTEXT_E2H : 0);
}

static Scope
scope_of (unsigned reg, uint64_t value, uint64_t context)
{
  unsigned op1 = REG_OP1 (reg), op2 = REG_OP2 (reg), crm = REG_CRM (reg);
  Scope s = { .regime = ARM_REGIME_EL10, .vmid = context & 0xffff, .asid = value >> 48 };

  if (op1 == 6) {
    s.regime = ARM_REGIME_EL3;
    s.one_page = op2 & 1;
  } else if (op1 == 4 &&
             (crm == 0 || crm == 4)) { /* IPAS2E1: entries of both stages are not known by the IPA */
    s.one_vmid = true;
  } else if (op1 == 4 && op2 == 4) { /* ALLE1 */
  } else if (op1 == 4 && op2 == 6) { /* VMALLS12E1 */
    s.one_vmid = true;
  } else if (op1 == 4) {
    s.regime = context & CONTEXT_E2H ? ARM_REGIME_EL20 : ARM_REGIME_EL2;
    s.one_page = op2 & 1;
    s.one_asid = s.one_page && context & CONTEXT_E2H;
  } else {
    s.regime = context & CONTEXT_HOST ? ARM_REGIME_EL20 : ARM_REGIME_EL10;
    s.one_vmid = !(context & CONTEXT_HOST);
    s.one_page = op2 & 1;
    s.one_asid = op2 == 1 || op2 == 2 || op2 == 5;
  }
  return s;
}

static bool
is_meant (const CpuSpaceKey *key, const void *opaque)
{
  const Scope *s = opaque;
  if ((key->flags & ARM_SPACE_REGIME) != s->regime ||
      (s->one_vmid && (key->flags >> ARM_SPACE_VMID_SHIFT & 0xffff) != s->vmid))
    return false;
  /* With eight bits the upper ones of the operand are ignored; whoever uses sixteen is not hurt by the
   * difference. */
  unsigned asid = key->flags >> ARM_SPACE_ASID_SHIFT & 0xffff;
  return !s->one_asid || s->global || asid == s->asid || (asid < 0x100 && asid == (s->asid & 0xff));
}

static void
invalidate (ArmCpu *arm, unsigned reg, uint64_t value, uint64_t context)
{
  Scope s = scope_of (reg, value, context);

  if (s.one_page) {
    uint64_t vaddr = (uint64_t)((int64_t)(value << 20) >> 8);
    s.global = arm->global_low || vaddr >> 55 & 1;
    cpu_tlb_flush_page_if (&arm->cpu, vaddr, is_meant, &s);
    return;
  }
  cpu_tlb_flush_if (&arm->cpu, is_meant, &s);
  if (!s.one_asid)
    arm->global_low = false;
}

void
arm_tlb_work (Cpu *cpu, const CpuTlbWork *work)
{
  if (work == NULL)
    cpu_tlb_flush (cpu, 0, 0);
  else
    invalidate (ARM_CPU (cpu), (unsigned)work->what, work->value, work->context);
}

/* The Inner Shareable ones; with HCR_EL2.FB all of EL1 are. */
static bool
is_broadcast (const ArmCpu *arm, unsigned reg)
{
  unsigned crm = REG_CRM (reg);
  return crm == 0 || crm == 3 || (arm->el == 1 && arm_hcr (arm) & HCR_FB);
}

void
arm_tlbi (ArmCpu *arm, unsigned reg, uint64_t value)
{
  CpuTlbWork work = { reg, value, context_of (arm) };

  invalidate (arm, reg, value, work.context);
  if (is_broadcast (arm, reg))
    cpu_tlb_send (&arm->cpu, &work);
}

bool
arm_tlbi_done (ArmCpu *arm)
{
  return cpu_tlb_sent_done (&arm->cpu);
}
