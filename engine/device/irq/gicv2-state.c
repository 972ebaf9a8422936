/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Which interrupts may go to which CPU, and whether a CPU is told. */

#include "gicv2-private.h"
#include <string.h>

GicV2Requester
gicv2_requester (GicV2 *gic)
{
  GicV2Requester who = { 0, true };
  if (gic->requester != NULL)
    who = gic->requester (gic->requester_opaque);
  if (who.cpu >= gic->num_cpus)
    who.cpu = 0;
  who.secure |= !gic->security;
  return who;
}

bool
gicv2_visible (GicV2 *gic, const GicV2Requester *who, unsigned n)
{
  return n < gicv2_intids (gic) && (who->secure || gicv2_bit (gic, GICV2_GROUP, who->cpu, n));
}

bool
gicv2_pending (GicV2 *gic, unsigned cpu, unsigned n)
{
  if (n < GICV2_SGIS)
    return *gicv2_sgi_source (gic, cpu, n) != 0;
  return gicv2_bit (gic, GICV2_LATCH, cpu, n) ||
         (gicv2_bit (gic, GICV2_LEVEL, cpu, n) && !gicv2_bit (gic, GICV2_EDGE, cpu, n));
}

/* ---- The queues. ---- */

/* Whether the distributor forwards it to the CPU. */
static bool
is_ready (GicV2 *gic, unsigned cpu, unsigned n)
{
  return gicv2_bit (gic, GICV2_ENABLED, cpu, n) && gicv2_pending (gic, cpu, n) &&
         !gicv2_bit (gic, GICV2_ACTIVE, cpu, n) && (n < GICV2_PRIVATE || gic->target[n] >> cpu & 1) &&
         gic->dist_ctlr >> gicv2_bit (gic, GICV2_GROUP, cpu, n) & 1;
}

static void
take_out (GicV2Queue *queue, unsigned n)
{
  unsigned level = queue->at[n] - 1u;
  queue->at[n] = 0;
  queue->bits[level][n / 32] &= ~(UINT32_C (1) << n % 32);
  if (queue->bits[level][n / 32] == 0)
    queue->words[level] &= ~(UINT32_C (1) << n / 32);
  if (queue->words[level] == 0)
    queue->levels &= ~(UINT32_C (1) << level);
}

static void
put_in (GicV2Queue *queue, unsigned n, unsigned level)
{
  queue->at[n] = (uint8_t)(level + 1);
  queue->bits[level][n / 32] |= UINT32_C (1) << n % 32;
  queue->words[level] |= UINT32_C (1) << n / 32;
  queue->levels |= UINT32_C (1) << level;
}

static void
place (GicV2 *gic, unsigned cpu, unsigned n)
{
  GicV2Queue *queue = &gic->queue[cpu];
  unsigned level = *gicv2_priority (gic, cpu, n) >> 3;
  uint8_t at = is_ready (gic, cpu, n) ? (uint8_t)(level + 1) : 0;

  if (queue->at[n] == at)
    return;
  if (queue->at[n] != 0)
    take_out (queue, n);
  if (at != 0)
    put_in (queue, n, level);
  gicv2_update (gic, cpu);
}

void
gicv2_refresh (GicV2 *gic, unsigned cpu, unsigned n)
{
  if (n < GICV2_PRIVATE) {
    place (gic, cpu, n);
    return;
  }
  for (unsigned i = 0; i < gic->num_cpus; i++)
    place (gic, i, n);
}

void
gicv2_refresh_all (GicV2 *gic)
{
  for (unsigned cpu = 0; cpu < gic->num_cpus; cpu++) {
    for (unsigned n = 0; n < gicv2_intids (gic); n++)
      place (gic, cpu, n);
    gicv2_update (gic, cpu);
  }
}

unsigned
gicv2_best (const GicV2 *gic, unsigned cpu)
{
  const GicV2Queue *queue = &gic->queue[cpu];
  if (queue->levels == 0)
    return GICV2_NONE;
  unsigned level = (unsigned)__builtin_ctz (queue->levels),
           word = (unsigned)__builtin_ctz (queue->words[level]);
  return word * 32 + (unsigned)__builtin_ctz (queue->bits[level][word]);
}

/* ---- Signals. ---- */

/* SPEC: IHI 0048, 3.3.3: the binary point of Group 1, where it is not common, is one higher for the same
 * split. */
unsigned
gicv2_group_priority (GicV2 *gic, unsigned cpu, unsigned n)
{
  bool own = gicv2_bit (gic, GICV2_GROUP, cpu, n) && !(gic->cpu_ctlr[cpu] & GICC_CBPR);
  return *gicv2_priority (gic, cpu, n) & gicv2_group_mask (own ? gic->abpr[cpu] - 1u : gic->bpr[cpu]);
}

bool
gicv2_signals (GicV2 *gic, unsigned cpu, unsigned n)
{
  if (n == GICV2_NONE || !(gic->cpu_ctlr[cpu] >> gicv2_bit (gic, GICV2_GROUP, cpu, n) & 1))
    return false;
  return *gicv2_priority (gic, cpu, n) < gic->pmr[cpu] &&
         gicv2_group_priority (gic, cpu, n) < gicv2_running (gic->apr[2 * cpu] | gic->apr[2 * cpu + 1]);
}

void
gicv2_set_out (GicV2 *gic, unsigned cpu, uint8_t which, uint8_t levels)
{
  const IrqLine *lines[] = { &gic->irq[cpu], &gic->fiq[cpu], &gic->virq[cpu], &gic->vfiq[cpu] };
  uint8_t changed = (gic->out[cpu] ^ levels) & which;

  gic->out[cpu] ^= changed;
  for (unsigned i = 0; i < G_N_ELEMENTS (lines); i++)
    if (changed >> i & 1)
      irq_set (lines[i], levels >> i & 1);
}

void
gicv2_update (GicV2 *gic, unsigned cpu)
{
  unsigned n = gicv2_best (gic, cpu);
  uint8_t out = 0;

  if (gicv2_signals (gic, cpu, n)) {
    bool fiq = gic->cpu_ctlr[cpu] & GICC_FIQEN && !gicv2_bit (gic, GICV2_GROUP, cpu, n);
    out = fiq ? GICV2_OUT_FIQ : GICV2_OUT_IRQ;
  }
  gicv2_set_out (gic, cpu, GICV2_OUT_IRQ | GICV2_OUT_FIQ, out);
}

void
gicv2_deactivate (GicV2 *gic, unsigned cpu, unsigned n)
{
  gicv2_set_bit (gic, GICV2_ACTIVE, cpu, n, false);
  gicv2_refresh (gic, cpu, n);
}

void
gicv2_set_level (GicV2 *gic, unsigned cpu, unsigned n, bool level)
{
  if (gicv2_bit (gic, GICV2_LEVEL, cpu, n) == level)
    return;
  gicv2_set_bit (gic, GICV2_LEVEL, cpu, n, level);
  if (level && gicv2_bit (gic, GICV2_EDGE, cpu, n))
    gicv2_set_bit (gic, GICV2_LATCH, cpu, n, true);
  gicv2_refresh (gic, cpu, n);
}
