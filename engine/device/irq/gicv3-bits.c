/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Registers with a bit, two or eight for each interrupt: those of private ones are in each redistributor,
 * those of shared ones in the distributor. */

#include "gicv3-private.h"

bool
gicv3_sees_all (const Gicv3 *gic)
{
  return gicv3_one_state (gic) || (gic->secure_access != NULL && gic->secure_access (gic->secure_opaque));
}

uint32_t
gicv3_visible (Gicv3 *gic, Gicv3Cpu *cpu, unsigned word)
{
  return gicv3_sees_all (gic) ? UINT32_MAX : *gicv3_bits (gic, cpu, GICV3_GROUP, word);
}

/* Bits of a word for which there are interrupts. */
static uint32_t
existing (const Gicv3 *gic, unsigned word)
{
  uint32_t n = gicv3_intids (gic);
  return word * 32 >= n ? 0 : n - word * 32 >= 32 ? UINT32_MAX : (UINT32_C (1) << n % 32) - 1;
}

uint32_t
gicv3_read_bits (Gicv3 *gic, Gicv3Cpu *cpu, Gicv3Bits kind, unsigned word)
{
  if (existing (gic, word) == 0)
    return 0;
  if (kind == GICV3_GROUP || kind == GICV3_GRPMOD)
    return gicv3_sees_all (gic) ? *gicv3_bits (gic, cpu, kind, word) : 0;
  uint32_t value = kind == GICV3_LATCH ? gicv3_pending (gic, cpu, word) : *gicv3_bits (gic, cpu, kind, word);
  return value & gicv3_visible (gic, cpu, word);
}

void
gicv3_write_bits (Gicv3 *gic, Gicv3Cpu *cpu, Gicv3Bits kind, unsigned word, Gicv3Change change,
                  uint32_t value)
{
  uint32_t mask = existing (gic, word);
  if (mask == 0)
    return;
  if (kind == GICV3_GROUP || kind == GICV3_GRPMOD)
    mask = gicv3_sees_all (gic) ? mask : 0;
  else
    mask &= gicv3_visible (gic, cpu, word);
  uint32_t *bits = gicv3_bits (gic, cpu, kind, word), old = *bits;
  switch (change) {
    case GICV3_WRITE: *bits = (old & ~mask) | (value & mask); break;
    case GICV3_SET: *bits |= value & mask; break;
    case GICV3_CLEAR: *bits &= ~(value & mask); break;
  }
  if (*bits == old)
    return;
  gicv3_touch (gic, cpu, word, *bits ^ old);
  if (kind == GICV3_GROUP || kind == GICV3_GRPMOD)
    gicv3_route_any (gic);
  gicv3_update (gic);
}

/* The upper one of each pair of bits is the interrupt's; edge-triggered with 1. */
uint32_t
gicv3_read_config (Gicv3 *gic, Gicv3Cpu *cpu, unsigned index)
{
  unsigned word = index / 2;
  if (existing (gic, word) == 0)
    return 0;
  uint32_t edges = *gicv3_bits (gic, cpu, GICV3_EDGE, word) & gicv3_visible (gic, cpu, word), value = 0;
  for (unsigned i = 0; i < 16; i++)
    value |= (edges >> (index % 2 * 16 + i) & 1) << (2 * i + 1);
  return value;
}

void
gicv3_write_config (Gicv3 *gic, Gicv3Cpu *cpu, unsigned index, uint32_t value)
{
  if (index == 0) /* SGIs have no wire */
    return;
  uint32_t edges = 0;
  for (unsigned i = 0; i < 16; i++)
    edges |= (value >> (2 * i + 1) & 1) << i;
  unsigned word = index / 2;
  uint32_t mask = existing (gic, word) & gicv3_visible (gic, cpu, word) & UINT32_C (0xffff) << index % 2 * 16;
  uint32_t *bits = gicv3_bits (gic, cpu, GICV3_EDGE, word), old = *bits;
  *bits = (old & ~mask) | (edges << index % 2 * 16 & mask);
  gicv3_touch (gic, cpu, word, *bits ^ old);
  gicv3_update (gic);
}

static uint8_t *
priority_of (Gicv3 *gic, Gicv3Cpu *cpu, uint32_t id)
{
  if (id >= gicv3_intids (gic) || !(gicv3_visible (gic, cpu, id / 32) >> id % 32 & 1))
    return NULL;
  return id < 32 ? &cpu->priority[id] : &gic->priority[id];
}

/* SPEC: IHI 0069, 4.8.6: Non-secure software sees the upper half of the priorities as if it were all. */
uint8_t
gicv3_read_priority (Gicv3 *gic, Gicv3Cpu *cpu, uint32_t id)
{
  const uint8_t *at = priority_of (gic, cpu, id);
  if (at == NULL)
    return 0;
  return gicv3_sees_all (gic) ? *at : (uint8_t)(*at << 1);
}

void
gicv3_write_priority (Gicv3 *gic, Gicv3Cpu *cpu, uint32_t id, uint8_t value)
{
  uint8_t *at = priority_of (gic, cpu, id);
  if (at == NULL)
    return;
  uint8_t wanted = (gicv3_sees_all (gic) ? value : 0x80 | value >> 1) & GICV3_PRIORITY_MASK;
  if (*at == wanted)
    return;
  *at = wanted;
  gicv3_touch (gic, cpu, id / 32, UINT32_C (1) << id % 32);
  gicv3_update (gic);
}

/* Of Arm's CoreLink parts: PIDR4 to PIDR7, PIDR0 to PIDR3 (architecture revision 3 in PIDR2), CIDR0 to CIDR3.
 */
uint64_t
gicv3_read_id (unsigned index, uint8_t part)
{
  static const uint8_t ids[12] = { 0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };
  return index >= G_N_ELEMENTS (ids) ? 0 : index == 4 ? part : ids[index];
}
