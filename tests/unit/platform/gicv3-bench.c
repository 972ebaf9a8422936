/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "gicv3-bench.h"

Gicv3 *bench_gic;
BenchPe bench_pe[BENCH_CPUS];
bool bench_secure;

static RamBlock *ram;
static MemoryRegion ram_region;

static unsigned
pe_el (void *pe)
{
  return ((BenchPe *)pe)->el;
}

static uint64_t
pe_hcr (void *pe)
{
  return ((BenchPe *)pe)->hcr;
}

static uint64_t
pe_scr (void *pe)
{
  return ((BenchPe *)pe)->scr;
}

static bool
is_secure (void *opaque)
{
  return bench_secure;
}

Gicv3 *
bench_new (BenchFlags flags)
{
  Gicv3 *gic = (Gicv3 *)device_new (&gicv3_class, "/gic");
  gic->num_cpus = BENCH_CPUS;
  gic->num_spis = BENCH_SPIS;
  gic->security = flags & BENCH_SECURITY;
  gic->has_lpi = flags & BENCH_LPIS;
  gic->map = test_map;
  gic->secure_access = is_secure;
  for (unsigned i = 0; i < BENCH_CPUS; i++) {
    BenchPe *pe = &bench_pe[i];
    gic->edges[i] = (Gicv3CpuEdges){
      /* Two clusters. */
      .affinity = UINT64_C (0x80000000) | (i / 2) << 8 | i % 2,
      .irq = irq_probe_line (&pe->irq),
      .fiq = irq_probe_line (&pe->fiq),
      .virq = irq_probe_line (&pe->virq),
      .vfiq = irq_probe_line (&pe->vfiq),
      .maintenance = irq_probe_line (&pe->maintenance),
      .el = pe_el,
      .hcr = pe_hcr,
      .scr = flags & BENCH_SECURITY ? pe_scr : NULL,
      .pe = pe,
    };
  }
  g_assert_true (device_realize (&gic->dev, NULL));
  device_reset (&gic->dev);
  return gic;
}

void
bench_begin (BenchFlags flags)
{
  platform_begin ();
  memset (bench_pe, 0, sizeof bench_pe);
  for (unsigned i = 0; i < BENCH_CPUS; i++)
    bench_pe[i].el = flags & BENCH_SECURITY ? 3 : 1;
  bench_secure = false;
  ram = ram_block_new ("ram", 0x200000, NULL);
  g_assert_nonnull (ram);
  ram_region = (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = 0x200000, .ram = ram };
  memory_region_map (test_map, &ram_region, BENCH_RAM);
  bench_gic = bench_new (flags);
  memory_region_map (test_map, bench_gic->region, BENCH_DIST);
  for (unsigned i = 0; i < BENCH_CPUS; i++)
    memory_region_map (test_map, gicv3_redist_region (bench_gic, i), BENCH_REDIST + i * GICV3_REDIST_SIZE);
}

void
bench_end (void)
{
  g_clear_pointer ((Device **)&bench_gic, device_free);
  memory_region_unmap (&ram_region);
  platform_end ();
  g_clear_pointer (&ram, ram_block_free);
}

void
bench_start (void)
{
  dist_set (0, 0x3);
  for (unsigned i = 32; i < BENCH_SPIS + 32; i += 32)
    dist_set (IGROUPR + i / 8, UINT32_MAX);
  for (unsigned i = 0; i < BENCH_CPUS; i++) {
    redist_set (i, 0x14, 0);
    redist_set (i, SGI_FRAME + IGROUPR, UINT32_MAX);
    reg_set (i, PMR, 0xff);
    reg_set (i, IGRPEN1, 1);
  }
}

uint64_t
reg_get (unsigned cpu, unsigned reg)
{
  uint64_t value;
  g_assert_true (gicv3_cpu_read (gicv3_cpu (bench_gic, cpu), reg, &value));
  return value;
}

void
reg_set (unsigned cpu, unsigned reg, uint64_t value)
{
  g_assert_true (gicv3_cpu_write (gicv3_cpu (bench_gic, cpu), reg, value));
}

uint32_t
dist_get (unsigned offset)
{
  return (uint32_t)test_read (BENCH_DIST + offset, 4);
}

void
dist_set (unsigned offset, uint32_t value)
{
  test_write (BENCH_DIST + offset, 4, value);
}

uint32_t
redist_get (unsigned cpu, unsigned offset)
{
  return (uint32_t)test_read (BENCH_REDIST + cpu * GICV3_REDIST_SIZE + offset, 4);
}

void
redist_set (unsigned cpu, unsigned offset, uint32_t value)
{
  test_write (BENCH_REDIST + cpu * GICV3_REDIST_SIZE + offset, 4, value);
}

void
bench_enable (unsigned cpu, unsigned id, unsigned priority)
{
  uint64_t base = id < 32 ? BENCH_REDIST + cpu * GICV3_REDIST_SIZE + SGI_FRAME : BENCH_DIST;
  test_write (base + IPRIORITYR + id, 1, priority);
  if (id >= 32)
    test_write (BENCH_DIST + IROUTER + 8 * id, 8, bench_gic->edges[cpu].affinity & UINT64_C (0xff00ffffff));
  test_write (base + ISENABLER + id / 32 * 4, 4, UINT32_C (1) << id % 32);
}
