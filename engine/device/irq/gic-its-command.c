/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The ITS's commands (IHI 0069, 5.3).  One that cannot be executed is passed over, as the architecture
 * allows. */

#include "gic-its-private.h"

#define COMMAND_SIZE 32

typedef struct {
  uint64_t word[COMMAND_SIZE / 8];
} Command;

static uint32_t
device_of (const Command *c)
{
  return (uint32_t)(c->word[0] >> 32);
}

static uint32_t
event_of (const Command *c)
{
  return (uint32_t)c->word[1];
}

static uint32_t
collection_of (const Command *c)
{
  return c->word[2] & 0xffff;
}

/* GITS_TYPER.PTA is 0: a PE is named by its number. */
static uint32_t
cpu_of (uint64_t word)
{
  return (uint32_t)(word >> 16 & UINT64_C (0xffffffff));
}

static bool
map_device (GicIts *its, const Command *c)
{
  bool valid = c->word[2] & ITS_VALID;
  uint64_t bits = c->word[1] & 31;
  its_forget (its);
  if (device_of (c) >> ITS_DEVICE_BITS != 0 || (valid && bits >= ITS_EVENT_BITS))
    return false;
  uint64_t entry = valid ? ITS_VALID | (c->word[2] & ITS_ADDRESS) | bits : 0;
  return its_write_entry (its, ITS_DEVICES, device_of (c), entry);
}

static bool
map_collection (GicIts *its, const Command *c)
{
  bool valid = c->word[2] & ITS_VALID;
  uint32_t cpu = cpu_of (c->word[2] & ~ITS_VALID);
  its_forget (its);
  if (valid && cpu >= its->gic->num_cpus)
    return false;
  return its_write_entry (its, ITS_COLLECTIONS, collection_of (c), valid ? ITS_VALID | cpu : 0);
}

static bool
map_event (GicIts *its, const Command *c, uint32_t lpi)
{
  uint64_t address, entry;
  its_forget (its);
  if (lpi < ITS_FIRST_LPI || lpi >= ITS_LPI_END ||
      !its_read_event (its, device_of (c), event_of (c), &address, &entry))
    return false;
  return its_write_event (its, address, ITS_VALID | (uint64_t)collection_of (c) << 32 | lpi);
}

static bool
move_event (GicIts *its, const Command *c)
{
  uint64_t address, entry;
  uint32_t from, to;
  its_forget (its);
  if (!its_read_event (its, device_of (c), event_of (c), &address, &entry) || !(entry & ITS_VALID) ||
      !its_collection_cpu (its, collection_of (c), &to))
    return false;
  bool was_mapped = its_collection_cpu (its, entry >> 32 & 0xffff, &from);
  if (!its_write_event (its, address, ITS_VALID | (uint64_t)collection_of (c) << 32 | (uint32_t)entry))
    return false;
  if (was_mapped && (uint32_t)entry != 0)
    gicv3_lpi_move (its->gic, from, to, (uint32_t)entry);
  return true;
}

static bool
discard_event (GicIts *its, const Command *c)
{
  uint64_t address, entry;
  uint32_t cpu;
  its_forget (its);
  if (!its_read_event (its, device_of (c), event_of (c), &address, &entry) || !(entry & ITS_VALID))
    return false;
  if (its_collection_cpu (its, entry >> 32 & 0xffff, &cpu))
    gicv3_lpi_set_pending (its->gic, cpu, (uint32_t)entry, false);
  return its_write_event (its, address, 0);
}

static bool
set_event (GicIts *its, const Command *c, bool pending)
{
  uint32_t lpi, cpu;
  if (!its_translate (its, device_of (c), event_of (c), &lpi, &cpu))
    return false;
  gicv3_lpi_set_pending (its->gic, cpu, lpi, pending);
  return true;
}

static bool
invalidate (GicIts *its, const Command *c)
{
  uint32_t lpi, cpu;
  if (!its_translate (its, device_of (c), event_of (c), &lpi, &cpu) || lpi == 0)
    return false;
  gicv3_lpi_invalidate (its->gic, cpu, lpi);
  return true;
}

static bool
invalidate_all (GicIts *its, const Command *c)
{
  uint32_t cpu;
  if (!its_collection_cpu (its, collection_of (c), &cpu))
    return false;
  gicv3_lpi_invalidate (its->gic, cpu, 0);
  return true;
}

static bool
move_all (GicIts *its, const Command *c)
{
  uint32_t from = cpu_of (c->word[2]), to = cpu_of (c->word[3]);
  if (from >= its->gic->num_cpus || to >= its->gic->num_cpus)
    return false;
  gicv3_lpi_move (its->gic, from, to, 0);
  return true;
}

enum {
  MOVI = 0x01,
  INT = 0x03,
  CLEAR = 0x04,
  SYNC = 0x05,
  MAPD = 0x08,
  MAPC = 0x09,
  MAPTI = 0x0a,
  MAPI = 0x0b,
  INV = 0x0c,
  INVALL = 0x0d,
  MOVALL = 0x0e,
  DISCARD = 0x0f,
};

static bool
execute (GicIts *its, const Command *c)
{
  switch (c->word[0] & 0xff) {
    case MOVI: return move_event (its, c);
    case INT: return set_event (its, c, true);
    case CLEAR: return set_event (its, c, false);
    case SYNC: return true; /* commands are complete when they have been executed */
    case MAPD: return map_device (its, c);
    case MAPC: return map_collection (its, c);
    case MAPTI: return map_event (its, c, (uint32_t)(c->word[1] >> 32));
    case MAPI: return map_event (its, c, event_of (c));
    case INV: return invalidate (its, c);
    case INVALL: return invalidate_all (its, c);
    case MOVALL: return move_all (its, c);
    case DISCARD: return discard_event (its, c);
    default: return false;
  }
}

static bool
read_command (GicIts *its, Command *ret)
{
  uint64_t base = its->cbaser & UINT64_C (0x000ffffffffff000);
  if (memory_dma_read (its->map, base + its->creadr, ret->word, COMMAND_SIZE) != MEMORY_OK)
    return false;
  for (unsigned i = 0; i < G_N_ELEMENTS (ret->word); i++)
    ret->word[i] = GUINT64_FROM_LE (ret->word[i]);
  return true;
}

void
its_run_commands (GicIts *its)
{
  uint64_t size = ((its->cbaser & 0xff) + 1) * 0x1000;
  Command c;
  if (!(its->ctlr & ITS_CTLR_ENABLED) || !(its->cbaser & ITS_VALID))
    return;
  if (its->cwriter >= size || its->creadr >= size) {
    device_guest_error (&its->dev, "GITS_CWRITER is beyond the queue's end");
    return;
  }
  while (its->creadr != its->cwriter) {
    if (!read_command (its, &c))
      device_guest_error (&its->dev, "there is no memory for the command queue");
    else if (!execute (its, &c))
      device_guest_error (&its->dev,
                          "command 0x%02x cannot be executed: device 0x%x, 0x%" G_GINT64_MODIFIER
                          "x, 0x%" G_GINT64_MODIFIER "x",
                          (unsigned)(c.word[0] & 0xff), device_of (&c), c.word[1], c.word[2]);
    else
      device_trace (its, "command 0x%02x: device 0x%x, 0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER "x",
                    (unsigned)(c.word[0] & 0xff), device_of (&c), c.word[1], c.word[2]);
    its->creadr = (its->creadr + COMMAND_SIZE) % size;
  }
  gicv3_lpi_commit (its->gic);
}
