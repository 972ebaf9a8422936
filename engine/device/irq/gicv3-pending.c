/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Which interrupts are pending, and for which PE.  Each PE has its SPIs that could be signalled in a set of
 * bits of its own, so that finding the most urgent one looks at those only, and most often at one word. */

#include "gicv3-private.h"

static Gicv3Group
group_of (const Gicv3 *gic, bool group, bool modifier)
{
  if (group)
    return GICV3_G1NS;
  return modifier && !gicv3_one_state (gic) ? GICV3_G1S : GICV3_G0;
}

Gicv3Group
gicv3_group (Gicv3 *gic, Gicv3Cpu *cpu, uint32_t id)
{
  if (id >= GICV3_FIRST_LPI)
    return GICV3_G1NS;
  unsigned word = id / 32, bit = id % 32;
  return group_of (gic, *gicv3_bits (gic, cpu, GICV3_GROUP, word) >> bit & 1,
                   *gicv3_bits (gic, cpu, GICV3_GRPMOD, word) >> bit & 1);
}

/* ---- Where SPIs go. ---- */

Gicv3Cpu *
gicv3_find_cpu (Gicv3 *gic, uint64_t affinity)
{
  uint32_t key = (uint32_t)(affinity >> 8 & 0xff000000) | (uint32_t)(affinity & 0xffffff);
  unsigned found = GPOINTER_TO_UINT (g_hash_table_lookup (gic->by_affinity, GUINT_TO_POINTER (key)));
  return found != 0 ? gic->cpus[found - 1] : NULL;
}

static bool
takes_group (const Gicv3Cpu *cpu, Gicv3Group group)
{
  return group == GICV3_G0 ? cpu->igrpen0 : cpu->igrpen1[group == GICV3_G1S ? GICV3_S : GICV3_NS];
}

/* SPEC: IHI 0069, 4.7.1: of the PEs that take the group, the choice is the implementation's. */
static uint16_t
any_target (Gicv3 *gic, uint32_t id)
{
  Gicv3Group group = gicv3_group (gic, NULL, id);
  for (unsigned i = 0; i < gic->num_cpus; i++) {
    unsigned cpu = (id + i) % gic->num_cpus;
    if (takes_group (gic->cpus[cpu], group))
      return (uint16_t)cpu;
  }
  return GICV3_NO_CPU;
}

#define IROUTER_ANY (UINT64_C (1) << 31)

static void
mark_dirty (Gicv3 *gic, unsigned cpu)
{
  gic->dirty[cpu / 64] |= UINT64_C (1) << cpu % 64;
}

static void
set_ready (Gicv3 *gic, uint16_t index, uint32_t id, bool value)
{
  if (index == GICV3_NO_CPU)
    return;
  Gicv3Cpu *cpu = gic->cpus[index];
  unsigned word = id / 32;
  uint32_t bit = UINT32_C (1) << id % 32, word_bit = UINT32_C (1) << word;
  cpu->ready[word] = value ? cpu->ready[word] | bit : cpu->ready[word] & ~bit;
  cpu->ready_words = cpu->ready[word] != 0 ? cpu->ready_words | word_bit : cpu->ready_words & ~word_bit;
  mark_dirty (gic, index);
}

static uint32_t
ready_bits (Gicv3 *gic, Gicv3Cpu *cpu, unsigned word)
{
  return gicv3_pending (gic, cpu, word) & *gicv3_bits (gic, cpu, GICV3_ENABLED, word) &
         ~*gicv3_bits (gic, cpu, GICV3_ACTIVE, word);
}

/* Puts the SPI where it belongs. */
static void
place (Gicv3 *gic, uint32_t id)
{
  bool ready = ready_bits (gic, gic->cpus[0] /* not looked at */, id / 32) >> id % 32 & 1;
  uint16_t to = ready ? gic->target[id] : GICV3_NO_CPU;
  if (gic->placed[id] != to)
    set_ready (gic, gic->placed[id], id, false);
  set_ready (gic, to, id, true);
  gic->placed[id] = to;
}

void
gicv3_route (Gicv3 *gic, uint32_t id)
{
  if (gic->irouter[id] & IROUTER_ANY) {
    gic->target[id] = any_target (gic, id);
  } else {
    const Gicv3Cpu *cpu = gicv3_find_cpu (gic, gic->irouter[id]);
    gic->target[id] = cpu != NULL ? (uint16_t)cpu->index : GICV3_NO_CPU;
  }
  place (gic, id);
}

void
gicv3_route_any (Gicv3 *gic)
{
  if (gic->n_any == 0)
    return;
  for (uint32_t id = 32; id < gicv3_intids (gic); id++)
    if (gic->irouter[id] & IROUTER_ANY)
      gicv3_route (gic, id);
}

void
gicv3_route_all (Gicv3 *gic)
{
  gic->n_any = 0;
  for (unsigned i = 0; i < gic->num_cpus; i++) {
    memset (gic->cpus[i]->ready, 0, sizeof gic->cpus[i]->ready);
    gic->cpus[i]->ready_words = 0;
  }
  for (uint32_t id = 32; id < gicv3_intids (gic); id++) {
    gic->n_any += gic->irouter[id] & IROUTER_ANY ? 1 : 0;
    gic->placed[id] = GICV3_NO_CPU;
    gicv3_route (gic, id);
  }
}

/* ---- News. ---- */

void
gicv3_touch_cpu (Gicv3Cpu *cpu)
{
  mark_dirty (cpu->gic, cpu->index);
}

void
gicv3_touch_all (Gicv3 *gic)
{
  for (unsigned i = 0; i < gic->num_cpus; i++)
    mark_dirty (gic, i);
}

void
gicv3_touch (Gicv3 *gic, Gicv3Cpu *cpu, unsigned word, uint32_t changed)
{
  if (word == 0) {
    if (changed != 0)
      gicv3_touch_cpu (cpu);
    return;
  }
  for (; changed != 0; changed &= changed - 1)
    place (gic, word * 32 + (unsigned)__builtin_ctz (changed));
}

/* ---- The most urgent one. ---- */

/* Of the interrupts of a word, those whose group may be signalled to the PE. */
static uint32_t
enabled_groups (Gicv3Cpu *cpu, unsigned word)
{
  Gicv3 *gic = cpu->gic;
  uint32_t group = *gicv3_bits (gic, cpu, GICV3_GROUP, word);
  uint32_t modifier = gicv3_one_state (gic) ? 0 : *gicv3_bits (gic, cpu, GICV3_GRPMOD, word);
  uint32_t mask = 0;
  if (gic->ctlr & GICD_CTLR_GRP0 && cpu->igrpen0)
    mask |= ~group & ~modifier;
  if (gic->ctlr & GICD_CTLR_GRP1S && cpu->igrpen1[GICV3_S])
    mask |= ~group & modifier;
  if (gic->ctlr & GICD_CTLR_GRP1NS && cpu->igrpen1[GICV3_NS])
    mask |= group;
  return mask;
}

static void
consider (Gicv3Cpu *cpu, unsigned word, uint32_t bits, Gicv3Best *best)
{
  const uint8_t *priority = word == 0 ? cpu->priority : cpu->gic->priority;
  for (bits &= enabled_groups (cpu, word); bits != 0; bits &= bits - 1) {
    uint32_t id = word * 32 + (unsigned)__builtin_ctz (bits);
    if (priority[id] < best->priority)
      *best = (Gicv3Best){ .id = id, .priority = priority[id] };
  }
}

static void
update_cpu (Gicv3Cpu *cpu)
{
  Gicv3 *gic = cpu->gic;
  Gicv3Best best = { .priority = GICV3_IDLE };
  uint32_t own = ready_bits (gic, cpu, 0);
  if (own != 0)
    consider (cpu, 0, own, &best);
  for (uint32_t words = cpu->ready_words; words != 0; words &= words - 1) {
    unsigned word = (unsigned)__builtin_ctz (words);
    consider (cpu, word, cpu->ready[word], &best);
  }
  if (best.priority != GICV3_IDLE)
    best.group = (uint8_t)gicv3_group (gic, cpu, best.id);
  if (cpu->lpis) {
    if (cpu->lpi_stale)
      gicv3_lpi_find (cpu);
    if (cpu->lpi_best.priority < best.priority && gic->ctlr & GICD_CTLR_GRP1NS && cpu->igrpen1[GICV3_NS])
      best = cpu->lpi_best;
  }
  cpu->best = best;
  gicv3_signal (cpu);
}

void
gicv3_update (Gicv3 *gic)
{
  for (unsigned i = 0; i < (gic->num_cpus + 63) / 64; i++) {
    while (gic->dirty[i] != 0) {
      unsigned bit = (unsigned)__builtin_ctzll (gic->dirty[i]);
      gic->dirty[i] &= gic->dirty[i] - 1;
      update_cpu (gic->cpus[i * 64 + bit]);
    }
  }
}

/* ---- States. ---- */

void
gicv3_make_pending (Gicv3 *gic, Gicv3Cpu *cpu, uint32_t id)
{
  uint32_t bit = UINT32_C (1) << id % 32;
  *gicv3_bits (gic, cpu, GICV3_LATCH, id / 32) |= bit;
  gicv3_touch (gic, cpu, id / 32, bit);
}

void
gicv3_activate (Gicv3Cpu *cpu, uint32_t id)
{
  Gicv3 *gic = cpu->gic;
  if (id >= GICV3_FIRST_LPI) {
    gicv3_lpi_take (cpu, id);
    return;
  }
  uint32_t bit = UINT32_C (1) << id % 32;
  *gicv3_bits (gic, cpu, GICV3_LATCH, id / 32) &= ~bit;
  *gicv3_bits (gic, cpu, GICV3_ACTIVE, id / 32) |= bit;
  gicv3_touch (gic, cpu, id / 32, bit);
}

void
gicv3_deactivate (Gicv3Cpu *cpu, uint32_t id)
{
  if (id >= gicv3_intids (cpu->gic))
    return;
  uint32_t bit = UINT32_C (1) << id % 32;
  *gicv3_bits (cpu->gic, cpu, GICV3_ACTIVE, id / 32) &= ~bit;
  gicv3_touch (cpu->gic, cpu, id / 32, bit);
}

/* ---- Inputs. ---- */

static void
set_input (Gicv3 *gic, Gicv3Cpu *cpu, uint32_t id, bool level)
{
  uint32_t bit = UINT32_C (1) << id % 32, *levels = gicv3_bits (gic, cpu, GICV3_LEVEL, id / 32);
  if (!(*levels & bit) == !level)
    return;
  device_trace (gic, "interrupt %u: level %d", id, level);
  *levels ^= bit;
  if (level && *gicv3_bits (gic, cpu, GICV3_EDGE, id / 32) & bit)
    *gicv3_bits (gic, cpu, GICV3_LATCH, id / 32) |= bit;
  gicv3_touch (gic, cpu, id / 32, bit);
  gicv3_update (gic);
}

static void
spi_set (void *opaque, unsigned id, bool level)
{
  Gicv3 *gic = opaque;
  gicv3_lock (gic);
  set_input (gic, NULL, id, level);
  gicv3_unlock (gic);
}

static void
ppi_set (void *opaque, unsigned id, bool level)
{
  Gicv3Cpu *cpu = opaque;
  gicv3_lock (cpu->gic);
  set_input (cpu->gic, cpu, id, level);
  gicv3_unlock (cpu->gic);
}

IrqLine
gicv3_spi_input (Gicv3 *gic, unsigned n)
{
  g_return_val_if_fail (n < gic->num_spis, (IrqLine){ 0 });
  return (IrqLine){ spi_set, gic, n + 32 };
}

IrqLine
gicv3_ppi_input (Gicv3 *gic, unsigned cpu, unsigned n)
{
  g_return_val_if_fail (cpu < gic->num_cpus && n < 16, (IrqLine){ 0 });
  return (IrqLine){ ppi_set, gic->cpus[cpu], n + 16 };
}
