/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Locality-specific peripheral interrupts.  Which are pending is kept here while the redistributor has them
 * enabled, and written to the guest's table when it has not any more; how they are configured is read from
 * the guest's table when one becomes pending or the guest says that something has changed. */

#include "gicv3-private.h"

#define TABLE_ADDRESS UINT64_C (0x000ffffffffff000)
#define TABLE_IDBITS  0x1f
#define PENDING_PTZ   (UINT64_C (1) << 62)
#define ENABLED       1

/* The first INTID that there is no configuration for. */
static uint32_t
lpi_end (const Gicv3Cpu *cpu)
{
  unsigned bits = MIN ((cpu->propbaser & TABLE_IDBITS) + 1, GICV3_LPI_BITS);
  return UINT32_C (1) << bits;
}

static bool
exists (const Gicv3Cpu *cpu, uint32_t lpi)
{
  return cpu->lpis && lpi >= GICV3_FIRST_LPI && lpi < lpi_end (cpu);
}

static uint64_t
pending_table (const Gicv3Cpu *cpu)
{
  return cpu->pendbaser & TABLE_ADDRESS & ~UINT64_C (0xffff);
}

/* SPEC: IHI 0069, 5.1.1: with two security states they have the priorities of Non-secure interrupts. */
static void
consider (Gicv3Cpu *cpu, uint32_t lpi, uint8_t config)
{
  if (!(config & ENABLED))
    return;
  uint8_t priority = config & 0xfc;
  if (!gicv3_one_state (cpu->gic))
    priority = 0x80 | priority >> 1;
  priority &= GICV3_PRIORITY_MASK;
  if (priority < cpu->lpi_best.priority || (priority == cpu->lpi_best.priority && lpi < cpu->lpi_best.id))
    cpu->lpi_best = (Gicv3Best){ .id = lpi, .priority = priority, .group = GICV3_G1NS };
}

/* Configuration of `n` LPIs; where there is no memory they are disabled. */
static void
read_config (const Gicv3Cpu *cpu, uint32_t lpi, uint8_t *config, unsigned n)
{
  uint64_t at = (cpu->propbaser & TABLE_ADDRESS) + lpi - GICV3_FIRST_LPI;
  if (memory_dma_read (cpu->gic->map, at, config, n) != MEMORY_OK)
    memset (config, 0, n);
}

void
gicv3_lpi_find (Gicv3Cpu *cpu)
{
  uint8_t config[64];
  cpu->lpi_stale = false;
  cpu->lpi_best = (Gicv3Best){ .priority = GICV3_IDLE };
  for (unsigned i = 0; i < G_N_ELEMENTS (cpu->lpi_words); i++) {
    for (uint64_t words = cpu->lpi_words[i]; words != 0; words &= words - 1) {
      unsigned word = i * 64 + (unsigned)__builtin_ctzll (words);
      read_config (cpu, word * 64, config, sizeof config);
      for (uint64_t bits = cpu->lpi_pending[word]; bits != 0; bits &= bits - 1) {
        unsigned bit = (unsigned)__builtin_ctzll (bits);
        consider (cpu, word * 64 + bit, config[bit]);
      }
    }
  }
}

static void
note_word (Gicv3Cpu *cpu, unsigned word)
{
  uint64_t bit = UINT64_C (1) << word % 64, *words = &cpu->lpi_words[word / 64];
  *words = cpu->lpi_pending[word] != 0 ? *words | bit : *words & ~bit;
}

static bool
is_pending (const Gicv3Cpu *cpu, uint32_t lpi)
{
  return cpu->lpi_pending[lpi / 64] >> lpi % 64 & 1;
}

static void
set_pending (Gicv3Cpu *cpu, uint32_t lpi, bool pending)
{
  if (!exists (cpu, lpi) || is_pending (cpu, lpi) == pending)
    return;
  cpu->lpi_pending[lpi / 64] ^= UINT64_C (1) << lpi % 64;
  note_word (cpu, lpi / 64);
  if (!pending) {
    cpu->lpi_stale |= cpu->lpi_best.priority != GICV3_IDLE && cpu->lpi_best.id == lpi;
  } else if (!cpu->lpi_stale) {
    uint8_t config;
    read_config (cpu, lpi, &config, 1);
    consider (cpu, lpi, config);
  }
  gicv3_touch_cpu (cpu);
}

void
gicv3_lpi_take (Gicv3Cpu *cpu, uint32_t lpi)
{
  set_pending (cpu, lpi, false);
}

void
gicv3_lpi_restate (Gicv3Cpu *cpu)
{
  uint32_t end = cpu->lpis ? lpi_end (cpu) : 0;
  for (unsigned word = 0; word < GICV3_LPI_WORDS; word++) {
    if (word < GICV3_FIRST_LPI / 64 || word * 64 >= end)
      cpu->lpi_pending[word] = 0;
    note_word (cpu, word);
  }
  cpu->lpi_stale = true;
  cpu->lpi_best = (Gicv3Best){ .priority = GICV3_IDLE };
}

/* SPEC: IHI 0069, 5.1.2: a bit an INTID, from INTID 0 on; the first kilobyte is not ours. */
static void
load_pending (Gicv3Cpu *cpu)
{
  memset (cpu->lpi_pending, 0, sizeof cpu->lpi_pending);
  uint32_t end = lpi_end (cpu);
  const uint64_t first = GICV3_FIRST_LPI / 8;
  if (cpu->pendbaser & PENDING_PTZ || end <= GICV3_FIRST_LPI)
    return;
  uint8_t *bytes = (uint8_t *)cpu->lpi_pending;
  if (memory_dma_read (cpu->gic->map, pending_table (cpu) + first, bytes + first, end / 8 - first) !=
      MEMORY_OK)
    device_guest_error (&cpu->dev, "there is no memory at GICR_PENDBASER");
  for (unsigned word = 0; word < GICV3_LPI_WORDS; word++)
    cpu->lpi_pending[word] = GUINT64_FROM_LE (cpu->lpi_pending[word]);
}

static void
store_pending (Gicv3Cpu *cpu)
{
  uint32_t end = lpi_end (cpu);
  const uint64_t first = GICV3_FIRST_LPI / 8;
  if (end <= GICV3_FIRST_LPI)
    return;
  for (unsigned word = 0; word < GICV3_LPI_WORDS; word++)
    cpu->lpi_pending[word] = GUINT64_TO_LE (cpu->lpi_pending[word]);
  const uint8_t *bytes = (const uint8_t *)cpu->lpi_pending;
  if (memory_dma_write (cpu->gic->map, pending_table (cpu) + first, bytes + first, end / 8 - first) !=
      MEMORY_OK)
    device_guest_error (&cpu->dev, "there is no memory at GICR_PENDBASER");
}

void
gicv3_lpi_enable (Gicv3Cpu *cpu, bool enable)
{
  if (!cpu->gic->has_lpi || enable == cpu->lpis)
    return;
  if (enable)
    load_pending (cpu);
  else
    store_pending (cpu);
  cpu->lpis = enable;
  gicv3_lpi_restate (cpu);
  gicv3_touch_cpu (cpu);
}

/* ---- For the ITS. ---- */

void
gicv3_lpi_set_pending (Gicv3 *gic, unsigned cpu, uint32_t lpi, bool pending)
{
  if (cpu >= gic->num_cpus)
    return;
  gicv3_lock (gic);
  set_pending (gic->cpus[cpu], lpi, pending);
  gicv3_unlock (gic);
}

void
gicv3_lpi_invalidate (Gicv3 *gic, unsigned cpu, uint32_t lpi)
{
  if (cpu >= gic->num_cpus)
    return;
  gicv3_lock (gic);
  Gicv3Cpu *at = gic->cpus[cpu];
  if (at->lpis && (lpi == 0 || (exists (at, lpi) && is_pending (at, lpi)))) {
    at->lpi_stale = true;
    gicv3_touch_cpu (at);
  }
  gicv3_unlock (gic);
}

static void
move_all (Gicv3Cpu *from, Gicv3Cpu *to)
{
  uint32_t words = lpi_end (to) / 64;
  for (unsigned word = 0; word < GICV3_LPI_WORDS; word++) {
    if (to->lpis && word < words)
      to->lpi_pending[word] |= from->lpi_pending[word];
    from->lpi_pending[word] = 0;
    note_word (from, word);
    note_word (to, word);
  }
  from->lpi_stale = to->lpi_stale = true;
  gicv3_touch_cpu (from);
  gicv3_touch_cpu (to);
}

void
gicv3_lpi_move (Gicv3 *gic, unsigned from, unsigned to, uint32_t lpi)
{
  if (from >= gic->num_cpus || to >= gic->num_cpus || from == to)
    return;
  gicv3_lock (gic);
  Gicv3Cpu *source = gic->cpus[from], *target = gic->cpus[to];
  if (lpi == 0) {
    move_all (source, target);
  } else if (exists (source, lpi) && is_pending (source, lpi)) {
    set_pending (source, lpi, false);
    set_pending (target, lpi, true);
  }
  gicv3_unlock (gic);
}

void
gicv3_lpi_commit (Gicv3 *gic)
{
  gicv3_lock (gic);
  gicv3_update (gic);
  gicv3_unlock (gic);
}
