/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A GICv3 with an ITS under a guest that writes whatever it likes: to system registers of two PEs at all
 * levels, to memory with the tables and the queue, to registers of the distributor, the redistributors and
 * the ITS. */

#include "gic-its.h"
#include "mmio-fuzz.h"

#include <string.h>

#define CPUS     2
#define RAM_SIZE 0x40000
#define STEPS    64 /* accesses to system registers, five bytes each */

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
  unsigned el;
  uint64_t hcr, scr;
} Pe;

static unsigned
pe_el (void *pe)
{
  return ((Pe *)pe)->el;
}

static uint64_t
pe_hcr (void *pe)
{
  return ((Pe *)pe)->hcr;
}

static uint64_t
pe_scr (void *pe)
{
  return ((Pe *)pe)->scr;
}

static Gicv3 *
gic_make (MemoryMap *map, Pe *pes, bool security)
{
  Gicv3 *gic = (Gicv3 *)device_new (&gicv3_class, "/gic");
  gic->map = map;
  gic->num_cpus = CPUS;
  gic->num_spis = 64;
  gic->security = security;
  gic->has_lpi = true;
  for (unsigned i = 0; i < CPUS; i++)
    gic->edges[i] = (Gicv3CpuEdges){
      .affinity = i,
      .el = pe_el,
      .hcr = pe_hcr,
      .scr = security ? pe_scr : NULL,
      .pe = &pes[i],
    };
  if (!device_realize (&gic->dev, NULL))
    g_error ("the GIC cannot be realized");
  for (unsigned i = 0; i < CPUS; i++)
    gic->edges[i].maintenance = gicv3_ppi_input (gic, i, 9);
  device_reset (&gic->dev);
  return gic;
}

/* A byte says which PE, at which level, and what it does; two name a register, two are the value. */
static void
step (Gicv3 *gic, Pe *pes, const uint8_t *bytes)
{
  static const uint64_t shifts[] = { 0, 8, 24, 32, 48, 56 };
  Pe *pe = &pes[bytes[0] & 1];
  unsigned reg =
      3u << 14 | (bytes[1] & 6u) << 11 | 12u << 7 | (8u + (bytes[1] >> 3 & 7)) << 3 | (bytes[2] & 7);
  uint64_t value = (uint64_t)bytes[3] << shifts[bytes[4] % 6] | bytes[4];
  pe->el = 1 + (bytes[0] >> 1 & 3) % 3;
  pe->hcr = bytes[0] & 0x18;
  pe->scr = bytes[0] >> 5 & 5;
  void *cpu = gicv3_cpu (gic, bytes[0] & 1);
  gicv3_cpu_security_changed (cpu);
  switch (bytes[2] >> 4 & 3) {
    case 0: gicv3_cpu_read (cpu, reg, &value); break;
    case 1: gicv3_cpu_write (cpu, reg, value); break;
    case 2: gicv3_cpu_write (cpu, bytes[2] & 8 ? 3u << 14 | 4u << 7 | 6u << 3 : reg, value); break;
    default: {
      IrqLine line =
          bytes[3] & 1 ? gicv3_spi_input (gic, bytes[3] % 64) : gicv3_ppi_input (gic, 0, bytes[3] % 16);
      irq_set (&line, bytes[4] & 1);
    }
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Pe pes[CPUS] = { { .el = 1 }, { .el = 1 } };
  MemoryMap *map = memory_map_new (48);
  RamBlock *ram = ram_block_new ("ram", RAM_SIZE, NULL);
  if (ram == NULL)
    g_error ("there is no memory");
  MemoryRegion region = { .name = "ram", .kind = MEMORY_RAM, .size = RAM_SIZE, .ram = ram };
  memory_region_map (map, &region, 0);
  memory_debug_write (map, 0, data, MIN (size, RAM_SIZE));
  Gicv3 *gic = gic_make (map, pes, size > 0 && data[0] & 1);
  GicIts *its = (GicIts *)device_new (&gic_its_class, "/its");
  its->gic = gic;
  its->map = map;
  if (!device_realize (&its->dev, NULL))
    g_error ("the ITS cannot be realized");
  device_reset (&its->dev);
  mmio_fuzz_run (&gic->dev, &its->region, 1, data, size);
  for (size_t i = 0; i < STEPS && 5 * i + 5 <= size; i++)
    step (gic, pes, data + 5 * i);
  for (size_t i = 0; i + 2 <= MIN (size, 32); i += 2)
    gic_its_msi (its, data[i], data[i + 1]);
  device_free (&its->dev);
  device_free (&gic->dev);
  memory_region_unmap (&region);
  memory_map_free (map);
  ram_block_free (ram);
  return 0;
}
