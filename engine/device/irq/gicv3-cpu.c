/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A PE's interface for physical interrupts: priorities, acknowledgement and end of interrupts, SGIs. */

#include "gicv3-private.h"

#define BPR0_MIN 2 /* with five bits of group priority */

enum {
  CTLR_CBPR = 1 << 0,
  CTLR_EOIMODE = 1 << 1,
  CTLR_PRIBITS = 4 << 8, /* minus one */
  CTLR_IDBITS = 0 << 11, /* 16 */
  CTLR_A3V = 1 << 15,
  CTLR_RSS = 1 << 18,
};
enum {
  CTLR_EL3_CBPR_S = 1 << 0,
  CTLR_EL3_CBPR_NS = 1 << 1,
  CTLR_EL3_EOIMODE_EL3 = 1 << 2,
  CTLR_EL3_EOIMODE_S = 1 << 3,
  CTLR_EL3_EOIMODE_NS = 1 << 4,
};

/* ---- Lines. ---- */

void
gicv3_set_line (const IrqLine *line, bool *level, bool value)
{
  if (*level == value)
    return;
  *level = value;
  irq_set (line, value);
}

/* The bits of a priority that decide of preemption. */
static uint8_t
group_mask (const Gicv3Cpu *cpu, unsigned group)
{
  unsigned bpr = cpu->bpr0;
  if (group == GICV3_G1S && !(cpu->ctlr[GICV3_S] & CTLR_CBPR))
    bpr = cpu->bpr1[GICV3_S];
  /* SPEC: IHI 0069, 4.8.2: Non-secure Group 1's binary point stands one bit higher. */
  if (group == GICV3_G1NS && !(cpu->ctlr[GICV3_NS] & CTLR_CBPR))
    bpr = cpu->bpr1[GICV3_NS] - 1u;
  return (uint8_t)(0xffu << (bpr + 1));
}

static uint8_t
running_priority (const Gicv3Cpu *cpu)
{
  return gicv3_lowest_active (cpu->apr[GICV3_G0] | cpu->apr[GICV3_G1S] | cpu->apr[GICV3_G1NS]);
}

static bool
preempts (const Gicv3Cpu *cpu)
{
  const Gicv3Best *best = &cpu->best;
  return best->priority < cpu->pmr &&
         (best->priority & group_mask (cpu, best->group)) < running_priority (cpu);
}

/* SPEC: IHI 0069, 4.6.2: Group 0 comes as FIQ; Group 1 as IRQ where the PE is in the state that it is meant
 * for. */
static bool
comes_as_fiq (const Gicv3Cpu *cpu)
{
  switch (cpu->best.group) {
    case GICV3_G0: return true;
    case GICV3_G1S: return cpu->at_el3 || cpu->ns;
    default: return cpu->at_el3 || !cpu->ns;
  }
}

void
gicv3_signal (Gicv3Cpu *cpu)
{
  bool due = cpu->best.priority != GICV3_IDLE && preempts (cpu), fiq = due && comes_as_fiq (cpu);
  gicv3_set_line (&cpu->edges->irq, &cpu->irq, due && !fiq);
  gicv3_set_line (&cpu->edges->fiq, &cpu->fiq, fiq);
}

/* ---- Taking interrupts. ---- */

/* SPEC: IHI 0069, 4.8.8, the pseudocode of ICC_HPPIR0_EL1 and ICC_HPPIR1_EL1: what is of the other group, or
 * of the other state, is hidden; at EL3 a special number says whose it is. */
static uint32_t
visible_best (const Gicv3Access *a, unsigned group)
{
  const Gicv3Best *best = &a->cpu->best;
  if (best->priority == GICV3_IDLE)
    return GICV3_SPURIOUS;
  if (group == 1) {
    bool mine =
        best->group == (a->secure ? GICV3_G1S : GICV3_G1NS) || (a->el == 3 && best->group != GICV3_G0);
    return mine ? best->id : GICV3_SPURIOUS;
  }
  if (best->group == GICV3_G0)
    return best->id;
  if (a->el < 3)
    return GICV3_SPURIOUS;
  return best->group == GICV3_G1S ? 1020 : 1021;
}

uint64_t
gicv3_icc_highest (const Gicv3Access *a, unsigned group)
{
  return visible_best (a, group);
}

uint64_t
gicv3_icc_acknowledge (const Gicv3Access *a, unsigned group)
{
  Gicv3Cpu *cpu = a->cpu;
  uint32_t id = preempts (cpu) ? visible_best (a, group) : GICV3_SPURIOUS;
  if (id >= GICV3_SPECIAL && id <= GICV3_SPURIOUS)
    return id;
  const Gicv3Best best = cpu->best;
  cpu->apr[best.group] |= UINT32_C (1) << ((best.priority & group_mask (cpu, best.group)) >> 3);
  gicv3_activate (cpu, id);
  gicv3_touch_cpu (cpu);
  gicv3_update (a->gic);
  return id;
}

static bool
eoi_is_split (const Gicv3Access *a)
{
  return a->el == 3 ? a->cpu->ctlr_el3 & CTLR_EL3_EOIMODE_EL3 : a->cpu->ctlr[a->bank] & CTLR_EOIMODE;
}

/* Which group the running priority is of, or GICV3_N_GROUPS. */
static unsigned
running_group (const Gicv3Cpu *cpu)
{
  unsigned best = GICV3_N_GROUPS;
  uint8_t priority = GICV3_IDLE;
  for (unsigned group = 0; group < GICV3_N_GROUPS; group++) {
    if (gicv3_lowest_active (cpu->apr[group]) < priority) {
      best = group;
      priority = gicv3_lowest_active (cpu->apr[group]);
    }
  }
  return best;
}

/* Whether the access may end an interrupt of that group. */
static bool
may_end (const Gicv3Access *a, unsigned by_group, unsigned group)
{
  switch (group) {
    case GICV3_G0: return by_group == 0 && (a->secure || !a->el3 || gicv3_one_state (a->gic));
    case GICV3_G1S: return by_group == 1 && a->secure;
    case GICV3_G1NS: return by_group == 1 && (!a->secure || a->el == 3);
    default: return false;
  }
}

void
gicv3_icc_end (const Gicv3Access *a, unsigned group, uint64_t value)
{
  Gicv3Cpu *cpu = a->cpu;
  uint32_t id = value & 0xffffff;
  if (id >= gicv3_intids (a->gic) && id < GICV3_FIRST_LPI)
    return;
  unsigned running = running_group (cpu);
  if (!may_end (a, group, running))
    return;
  cpu->apr[running] &= cpu->apr[running] - 1;
  if (!eoi_is_split (a))
    gicv3_deactivate (cpu, id);
  gicv3_update (a->gic);
  gicv3_signal (cpu);
}

void
gicv3_icc_deactivate (const Gicv3Access *a, uint64_t value)
{
  uint32_t id = value & 0xffffff;
  if (id >= gicv3_intids (a->gic) || !eoi_is_split (a))
    return;
  if (!a->secure && !gicv3_one_state (a->gic) && gicv3_group (a->gic, a->cpu, id) != GICV3_G1NS)
    return;
  gicv3_deactivate (a->cpu, id);
  gicv3_update (a->gic);
}

/* ---- Priorities. ---- */

/* SPEC: IHI 0069, 4.8.6: to Non-secure software the upper half of the priorities is all there is. */
uint64_t
gicv3_icc_running (const Gicv3Access *a)
{
  uint8_t priority = running_priority (a->cpu);
  if (!a->masks || priority == GICV3_IDLE)
    return priority;
  return priority & 0x80 ? (uint8_t)(priority << 1) : 0;
}

uint64_t
gicv3_icc_read_pmr (const Gicv3Access *a)
{
  uint8_t pmr = a->cpu->pmr;
  if (!a->masks)
    return pmr;
  return pmr & 0x80 ? (uint8_t)(pmr << 1) : 0;
}

void
gicv3_icc_write_pmr (const Gicv3Access *a, uint64_t value)
{
  uint8_t pmr = (uint8_t)value;
  if (a->masks) {
    if (!(a->cpu->pmr & 0x80))
      return;
    pmr = 0x80 | pmr >> 1;
  }
  a->cpu->pmr = pmr & GICV3_PRIORITY_MASK;
  gicv3_signal (a->cpu);
}

/* SPEC: IHI 0069, ICC_CTLR_EL1.CBPR: Group 1 has Group 0's binary point; at EL3 the register is its own. */
static bool
common_bpr (const Gicv3Access *a)
{
  return a->el < 3 && a->cpu->ctlr[a->bank] & CTLR_CBPR;
}

uint64_t
gicv3_icc_read_bpr (const Gicv3Access *a, unsigned group)
{
  if (group == 0)
    return a->cpu->bpr0;
  if (!common_bpr (a))
    return a->cpu->bpr1[a->bank];
  return a->bank == GICV3_S ? a->cpu->bpr0 : MIN (a->cpu->bpr0 + 1, 7);
}

void
gicv3_icc_write_bpr (const Gicv3Access *a, unsigned group, uint64_t value)
{
  Gicv3Cpu *cpu = a->cpu;
  uint8_t bpr = value & 7;
  if (group == 1 && common_bpr (a)) {
    if (a->bank == GICV3_NS)
      return;
    group = 0;
  }
  if (group == 0)
    cpu->bpr0 = MAX (bpr, BPR0_MIN);
  else
    cpu->bpr1[a->bank] = MAX (bpr, BPR0_MIN + (a->bank == GICV3_NS ? 1 : 0));
  gicv3_signal (cpu);
}

static Gicv3Group
bank_group (const Gicv3Access *a, unsigned group)
{
  return group == 0 ? GICV3_G0 : a->bank == GICV3_S ? GICV3_G1S : GICV3_G1NS;
}

uint64_t
gicv3_icc_read_apr (const Gicv3Access *a, unsigned group)
{
  return a->cpu->apr[bank_group (a, group)];
}

void
gicv3_icc_write_apr (const Gicv3Access *a, unsigned group, uint64_t value)
{
  a->cpu->apr[bank_group (a, group)] = (uint32_t)value;
  gicv3_signal (a->cpu);
}

/* ---- Controls. ---- */

uint64_t
gicv3_icc_read_ctlr (const Gicv3Access *a)
{
  return a->cpu->ctlr[a->bank] | CTLR_PRIBITS | CTLR_IDBITS | CTLR_A3V | CTLR_RSS;
}

void
gicv3_icc_write_ctlr (const Gicv3Access *a, uint64_t value)
{
  uint32_t writable = CTLR_EOIMODE;
  if (!a->el3 || gicv3_one_state (a->gic) || a->secure)
    writable |= CTLR_CBPR;
  uint32_t *ctlr = &a->cpu->ctlr[a->bank];
  *ctlr = (*ctlr & ~writable) | ((uint32_t)value & writable);
  gicv3_signal (a->cpu);
}

uint64_t
gicv3_icc_read_ctlr_el3 (const Gicv3Access *a)
{
  const Gicv3Cpu *cpu = a->cpu;
  uint32_t s = cpu->ctlr[GICV3_S], ns = cpu->ctlr[GICV3_NS];
  return cpu->ctlr_el3 | (s & CTLR_CBPR ? CTLR_EL3_CBPR_S : 0) | (ns & CTLR_CBPR ? CTLR_EL3_CBPR_NS : 0) |
         (s & CTLR_EOIMODE ? CTLR_EL3_EOIMODE_S : 0) | (ns & CTLR_EOIMODE ? CTLR_EL3_EOIMODE_NS : 0) |
         CTLR_PRIBITS | CTLR_IDBITS | CTLR_A3V | CTLR_RSS;
}

void
gicv3_icc_write_ctlr_el3 (const Gicv3Access *a, uint64_t value)
{
  Gicv3Cpu *cpu = a->cpu;
  cpu->ctlr_el3 = value & CTLR_EL3_EOIMODE_EL3;
  cpu->ctlr[GICV3_S] =
      (value & CTLR_EL3_CBPR_S ? CTLR_CBPR : 0) | (value & CTLR_EL3_EOIMODE_S ? CTLR_EOIMODE : 0);
  cpu->ctlr[GICV3_NS] =
      (value & CTLR_EL3_CBPR_NS ? CTLR_CBPR : 0) | (value & CTLR_EL3_EOIMODE_NS ? CTLR_EOIMODE : 0);
  gicv3_signal (cpu);
}

static void
groups_changed (Gicv3Cpu *cpu)
{
  gicv3_route_any (cpu->gic);
  gicv3_touch_cpu (cpu);
  gicv3_update (cpu->gic);
}

uint64_t
gicv3_icc_read_igrpen (const Gicv3Access *a, unsigned group)
{
  return group == 0 ? a->cpu->igrpen0 : a->cpu->igrpen1[a->bank];
}

void
gicv3_icc_write_igrpen (const Gicv3Access *a, unsigned group, uint64_t value)
{
  bool *enabled = group == 0 ? &a->cpu->igrpen0 : &a->cpu->igrpen1[a->bank];
  *enabled = value & 1;
  groups_changed (a->cpu);
}

uint64_t
gicv3_icc_read_igrpen1_el3 (const Gicv3Access *a)
{
  return (a->cpu->igrpen1[GICV3_NS] ? 1 : 0) | (a->cpu->igrpen1[GICV3_S] ? 2 : 0);
}

void
gicv3_icc_write_igrpen1_el3 (const Gicv3Access *a, uint64_t value)
{
  a->cpu->igrpen1[GICV3_NS] = value & 1;
  a->cpu->igrpen1[GICV3_S] = value & 2;
  groups_changed (a->cpu);
}

/* ---- SGIs. ---- */

/* SPEC: IHI 0069, 12.1.10: what is configured as Group 0 also comes of a request for Secure Group 1;
 * Non-secure software reaches Non-secure ones only. */
static void
send_to (const Gicv3Access *a, Gicv3Cpu *target, Gicv3Group group, uint32_t id)
{
  Gicv3Group configured = gicv3_group (a->gic, target, id);
  if (group != configured && !(group == GICV3_G1S && configured == GICV3_G0))
    return;
  if (!a->secure && !gicv3_one_state (a->gic) && configured != GICV3_G1NS)
    return;
  gicv3_make_pending (a->gic, target, id);
}

void
gicv3_icc_send (const Gicv3Access *a, Gicv3Group group, uint64_t value)
{
  uint32_t id = value >> 24 & 15;
  if (value >> 40 & 1) {
    for (unsigned i = 0; i < a->gic->num_cpus; i++)
      if (i != a->cpu->index)
        send_to (a, a->gic->cpus[i], group, id);
  } else {
    uint64_t affinity = (value >> 48 & 0xff) << 32 | (value >> 32 & 0xff) << 16 | (value >> 16 & 0xff) << 8 |
                        (value >> 44 & 15) << 4;
    for (uint32_t list = value & 0xffff; list != 0; list &= list - 1) {
      Gicv3Cpu *target = gicv3_find_cpu (a->gic, affinity | (unsigned)__builtin_ctz (list));
      if (target != NULL)
        send_to (a, target, group, id);
    }
  }
  gicv3_update (a->gic);
}
