/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A redistributor: its registers, and what is saved and reset of a PE.  Accesses come with the lock of this
 * device, which says nothing; they take the distributor's. */

#include "gicv3-icv.h"
#include <gio/gio.h>

#define CPU(dev) ((Gicv3Cpu *)(dev))
#define SGI_BASE 0x10000

enum { CTLR_LPIS = 1 << 0, CTLR_CES = 1 << 1 };
enum { WAKER_SLEEP = 1 << 1, WAKER_ASLEEP = 1 << 2 };
enum { TYPER_PLPIS = 1 << 0, TYPER_LAST = 1 << 4 };
#define PROPBASER_WRITABLE UINT64_C (0x070fffffffffff9f)
#define PENDBASER_WRITABLE UINT64_C (0x470fffffffff0f80)
#define PENDBASER_PTZ      (UINT64_C (1) << 62)

static Gicv3 *
lock (Device *dev)
{
  gicv3_lock (CPU (dev)->gic);
  return CPU (dev)->gic;
}

static uint64_t
ctlr_read (Device *dev, unsigned index, uint64_t stored)
{
  const Gicv3Cpu *cpu = CPU (dev);
  return (cpu->lpis ? CTLR_LPIS : 0) | (cpu->gic->has_lpi ? CTLR_CES : 0);
}

static void
ctlr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Gicv3 *gic = lock (dev);
  gicv3_lpi_enable (CPU (dev), written & CTLR_LPIS);
  gicv3_update (gic);
  gicv3_unlock (gic);
}

static uint64_t
iidr_read (Device *dev, unsigned index, uint64_t stored)
{
  return GICV3_IIDR;
}

static uint64_t
typer_read (Device *dev, unsigned index, uint64_t stored)
{
  const Gicv3Cpu *cpu = CPU (dev);
  const Gicv3 *gic = cpu->gic;
  uint64_t affinity = cpu->edges->affinity;
  bool last = cpu->index + 1 == gic->num_cpus || cpu->index + 1 == gic->region_cpus;
  return (affinity >> 32 & 0xff) << 56 | (affinity & 0xffffff) << 32 | (uint64_t)cpu->index << 8 |
         (last ? TYPER_LAST : 0) | (gic->has_lpi ? TYPER_PLPIS : 0);
}

/* Power is the PE's own matter: interrupts are signalled in any case, which is what would wake it. */
static uint64_t
waker_read (Device *dev, unsigned index, uint64_t stored)
{
  Gicv3 *gic = lock (dev);
  uint64_t value = gicv3_sees_all (gic) ? CPU (dev)->waker : 0;
  gicv3_unlock (gic);
  return value;
}

static void
waker_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Gicv3 *gic = lock (dev);
  if (gicv3_sees_all (gic))
    CPU (dev)->waker = written & WAKER_SLEEP ? WAKER_SLEEP | WAKER_ASLEEP : 0;
  gicv3_unlock (gic);
}

static uint64_t
propbaser_read (Device *dev, unsigned index, uint64_t stored)
{
  return CPU (dev)->propbaser;
}

static void
propbaser_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Gicv3 *gic = lock (dev);
  if (gic->has_lpi && !CPU (dev)->lpis)
    CPU (dev)->propbaser = written & PROPBASER_WRITABLE;
  gicv3_unlock (gic);
}

static uint64_t
pendbaser_read (Device *dev, unsigned index, uint64_t stored)
{
  return CPU (dev)->pendbaser & ~PENDBASER_PTZ;
}

static void
pendbaser_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Gicv3 *gic = lock (dev);
  if (gic->has_lpi && !CPU (dev)->lpis)
    CPU (dev)->pendbaser = written & PENDBASER_WRITABLE;
  gicv3_unlock (gic);
}

static uint64_t
id_read (Device *dev, unsigned index, uint64_t stored)
{
  return gicv3_read_id (index % 12, 0x93);
}

#define BITS(name, KIND, CHANGE)                                                                             \
  static uint64_t name##_read (Device *dev, unsigned index, uint64_t stored)                                 \
  {                                                                                                          \
    Gicv3 *gic = lock (dev);                                                                                 \
    uint64_t value = gicv3_read_bits (gic, CPU (dev), KIND, 0);                                              \
    gicv3_unlock (gic);                                                                                      \
    return value;                                                                                            \
  }                                                                                                          \
  static void name##_write (Device *dev, unsigned index, uint64_t written, uint64_t old)                     \
  {                                                                                                          \
    Gicv3 *gic = lock (dev);                                                                                 \
    gicv3_write_bits (gic, CPU (dev), KIND, 0, CHANGE, (uint32_t)written);                                   \
    gicv3_unlock (gic);                                                                                      \
  }
BITS (igroupr0, GICV3_GROUP, GICV3_WRITE)
BITS (igrpmodr0, GICV3_GRPMOD, GICV3_WRITE)
BITS (isenabler0, GICV3_ENABLED, GICV3_SET)
BITS (icenabler0, GICV3_ENABLED, GICV3_CLEAR)
BITS (ispendr0, GICV3_LATCH, GICV3_SET)
BITS (icpendr0, GICV3_LATCH, GICV3_CLEAR)
BITS (isactiver0, GICV3_ACTIVE, GICV3_SET)
BITS (icactiver0, GICV3_ACTIVE, GICV3_CLEAR)

static uint64_t
ipriorityr_read (Device *dev, unsigned index, uint64_t stored)
{
  Gicv3 *gic = lock (dev);
  uint64_t value = gicv3_read_priority (gic, CPU (dev), index);
  gicv3_unlock (gic);
  return value;
}

static void
ipriorityr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Gicv3 *gic = lock (dev);
  gicv3_write_priority (gic, CPU (dev), index, (uint8_t)written);
  gicv3_unlock (gic);
}

static uint64_t
icfgr_read (Device *dev, unsigned index, uint64_t stored)
{
  Gicv3 *gic = lock (dev);
  uint64_t value = gicv3_read_config (gic, CPU (dev), index);
  gicv3_unlock (gic);
  return value;
}

static void
icfgr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Gicv3 *gic = lock (dev);
  gicv3_write_config (gic, CPU (dev), index, (uint32_t)written);
  gicv3_unlock (gic);
}

#define READ_WRITE(NAME, OFFSET, SIZE, COUNT)                                                                \
  { .name = #NAME,                                                                                           \
    .offset = OFFSET,                                                                                        \
    .size = SIZE,                                                                                            \
    .count = COUNT,                                                                                          \
    .writable = UINT64_MAX >> (64 - 8 * SIZE),                                                               \
    .read = NAME##_read,                                                                                     \
    .write = NAME##_write }

static const Register redist_registers[] = {
  READ_WRITE (ctlr, 0, 4, 0),
  { .name = "iidr", .offset = 4, .size = 4, .read = iidr_read },
  { .name = "typer", .offset = 8, .size = 8, .read = typer_read },
  READ_WRITE (waker, 0x14, 4, 0),
  READ_WRITE (propbaser, 0x70, 8, 0),
  READ_WRITE (pendbaser, 0x78, 8, 0),
  { .name = "id", .offset = 0xffd0, .size = 4, .count = 12, .read = id_read },
  READ_WRITE (igroupr0, SGI_BASE + 0x80, 4, 0),
  READ_WRITE (isenabler0, SGI_BASE + 0x100, 4, 0),
  READ_WRITE (icenabler0, SGI_BASE + 0x180, 4, 0),
  READ_WRITE (ispendr0, SGI_BASE + 0x200, 4, 0),
  READ_WRITE (icpendr0, SGI_BASE + 0x280, 4, 0),
  READ_WRITE (isactiver0, SGI_BASE + 0x300, 4, 0),
  READ_WRITE (icactiver0, SGI_BASE + 0x380, 4, 0),
  READ_WRITE (ipriorityr, SGI_BASE + 0x400, 1, 32),
  READ_WRITE (icfgr, SGI_BASE + 0xc00, 4, 2),
  READ_WRITE (igrpmodr0, SGI_BASE + 0xd00, 4, 0),
  { 0 },
};

static const RegisterBank redist_bank = {
  .name = "gicr",
  .size = GICV3_REDIST_SIZE,
  .min_access = 1,
  .max_access = 8,
  .wide_halves = true,
  .regs = redist_registers,
};

MemoryRegion *
gicv3_redist_region (Gicv3 *gic, unsigned cpu)
{
  return cpu < gic->num_cpus ? gic->cpus[cpu]->region : NULL;
}

Gicv3Cpu *
gicv3_cpu (Gicv3 *gic, unsigned cpu)
{
  return cpu < gic->num_cpus ? gic->cpus[cpu] : NULL;
}

static void
redist_init (Device *dev)
{
  CPU (dev)->region = device_add_bank (dev, &redist_bank);
}

/* Both lines and what software last told them. */
static void
restate (Gicv3Cpu *cpu)
{
  const Gicv3CpuEdges *edges = cpu->edges;
  gicv3_lpi_restate (cpu);
  gicv3_route_any (cpu->gic);
  gicv3_touch_cpu (cpu);
  gicv3_update (cpu->gic);
  gicv3_virt_update (cpu);
  irq_set (&edges->irq, cpu->irq);
  irq_set (&edges->fiq, cpu->fiq);
  irq_set (&edges->virq, cpu->virq);
  irq_set (&edges->vfiq, cpu->vfiq);
}

static void
reset_interface (Gicv3Cpu *cpu)
{
  cpu->pmr = 0;
  cpu->bpr0 = cpu->bpr1[GICV3_S] = 2;
  cpu->bpr1[GICV3_NS] = 3;
  cpu->ctlr[GICV3_S] = cpu->ctlr[GICV3_NS] = cpu->ctlr_el3 = 0;
  cpu->igrpen0 = cpu->igrpen1[GICV3_S] = cpu->igrpen1[GICV3_NS] = false;
  memset (cpu->apr, 0, sizeof cpu->apr);
  cpu->ich_hcr = 0;
  cpu->vmcr = gicv3_vmcr_legal (0);
  memset (cpu->ich_apr, 0, sizeof cpu->ich_apr);
  memset (cpu->lr, 0, sizeof cpu->lr);
  /* The PE resets to its highest level. */
  cpu->ns = cpu->edges->scr == NULL;
  cpu->at_el3 = cpu->edges->scr != NULL;
}

static void
redist_reset (Device *dev)
{
  Gicv3Cpu *cpu = CPU (dev);
  Gicv3 *gic = lock (dev);
  for (unsigned kind = 0; kind < GICV3_N_BITS; kind++)
    if (kind != GICV3_LEVEL)
      cpu->bits[kind] = 0;
  cpu->bits[GICV3_EDGE] = 0xffff;
  memset (cpu->priority, 0, sizeof cpu->priority);
  cpu->waker = WAKER_SLEEP | WAKER_ASLEEP;
  cpu->lpis = false;
  cpu->propbaser = cpu->pendbaser = 0;
  reset_interface (cpu);
  restate (cpu);
  gicv3_unlock (gic);
}

/* Most machines have no LPIs that would be worth the space. */
static void
redist_save (Device *dev, GVariantBuilder *state)
{
  const Gicv3Cpu *cpu = CPU (dev);
  if (cpu->lpis)
    g_variant_builder_add (state, "{sv}", "lpi-pending",
                           g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, cpu->lpi_pending,
                                                      GICV3_LPI_WORDS, sizeof (uint64_t)));
}

static bool
redist_load (Device *dev, GVariant *state, GError **error)
{
  Gicv3Cpu *cpu = CPU (dev);
  g_autoptr (GVariant) pending = g_variant_lookup_value (state, "lpi-pending", G_VARIANT_TYPE ("at"));
  gsize n = 0;
  const uint64_t *words = pending != NULL ? g_variant_get_fixed_array (pending, &n, sizeof *words) : NULL;
  if (n != (cpu->lpis ? GICV3_LPI_WORDS : 0)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the saved LPIs are not %u words; the file is damaged", dev->path, GICV3_LPI_WORDS);
    return false;
  }
  memset (cpu->lpi_pending, 0, sizeof cpu->lpi_pending);
  if (n != 0)
    memcpy (cpu->lpi_pending, words, sizeof cpu->lpi_pending);
  return true;
}

static bool
redist_loaded (Device *dev, GError **error)
{
  Gicv3Cpu *cpu = CPU (dev);
  Gicv3 *gic = lock (dev);
  cpu->bits[GICV3_EDGE] |= 0xffff;
  for (unsigned id = 0; id < 32; id++)
    cpu->priority[id] &= GICV3_PRIORITY_MASK;
  cpu->pmr &= GICV3_PRIORITY_MASK;
  cpu->bpr0 = MAX (cpu->bpr0, 2);
  cpu->bpr1[GICV3_S] = MAX (cpu->bpr1[GICV3_S], 2);
  cpu->bpr1[GICV3_NS] = MAX (cpu->bpr1[GICV3_NS], 3);
  cpu->lpis &= gic->has_lpi;
  cpu->propbaser &= PROPBASER_WRITABLE;
  cpu->pendbaser &= PENDBASER_WRITABLE;
  cpu->vmcr = gicv3_vmcr_legal (cpu->vmcr);
  for (unsigned i = 0; i < GICV3_N_LRS; i++)
    cpu->lr[i] &= LR_WRITABLE;
  cpu->ns |= cpu->edges->scr == NULL;
  cpu->at_el3 &= cpu->edges->scr != NULL;
  restate (cpu);
  gicv3_unlock (gic);
  return true;
}

static const DeviceSave redist_saved[] = {
  { "bits", DEVICE_SAVE_U32, offsetof (Gicv3Cpu, bits), GICV3_N_BITS },
  { "priority", DEVICE_SAVE_U8, offsetof (Gicv3Cpu, priority), 32 },
  { "waker", DEVICE_SAVE_U32, offsetof (Gicv3Cpu, waker), 1, 6 },
  { "lpis", DEVICE_SAVE_BOOL, offsetof (Gicv3Cpu, lpis) },
  { "propbaser", DEVICE_SAVE_U64, offsetof (Gicv3Cpu, propbaser) },
  { "pendbaser", DEVICE_SAVE_U64, offsetof (Gicv3Cpu, pendbaser) },
  { "pmr", DEVICE_SAVE_U8, offsetof (Gicv3Cpu, pmr) },
  { "bpr0", DEVICE_SAVE_U8, offsetof (Gicv3Cpu, bpr0), 1, 7 },
  { "bpr1", DEVICE_SAVE_U8, offsetof (Gicv3Cpu, bpr1), GICV3_N_BANKS, 7 },
  { "icc-ctlr", DEVICE_SAVE_U32, offsetof (Gicv3Cpu, ctlr), GICV3_N_BANKS, 3 },
  { "icc-ctlr-el3", DEVICE_SAVE_U32, offsetof (Gicv3Cpu, ctlr_el3), 1, 4 },
  { "igrpen0", DEVICE_SAVE_BOOL, offsetof (Gicv3Cpu, igrpen0) },
  { "igrpen1", DEVICE_SAVE_BOOL, offsetof (Gicv3Cpu, igrpen1), GICV3_N_BANKS },
  { "apr", DEVICE_SAVE_U32, offsetof (Gicv3Cpu, apr), GICV3_N_GROUPS },
  { "ich-hcr", DEVICE_SAVE_U32, offsetof (Gicv3Cpu, ich_hcr) },
  { "ich-vmcr", DEVICE_SAVE_U32, offsetof (Gicv3Cpu, vmcr) },
  { "ich-apr", DEVICE_SAVE_U32, offsetof (Gicv3Cpu, ich_apr), 2 },
  { "ich-lr", DEVICE_SAVE_U64, offsetof (Gicv3Cpu, lr), GICV3_N_LRS },
  { "non-secure", DEVICE_SAVE_BOOL, offsetof (Gicv3Cpu, ns) },
  { "at-el3", DEVICE_SAVE_BOOL, offsetof (Gicv3Cpu, at_el3) },
  { 0 },
};

const DeviceClass gicv3_redist_class = {
  .name = "arm-gicv3-redist",
  .bus = "system",
  .category = "Interrupt controllers",
  .help = "a CPU's part of the GICv3",
  .size = sizeof (Gicv3Cpu),
  .saved = redist_saved,
  .init = redist_init,
  .reset = redist_reset,
  .save = redist_save,
  .load = redist_load,
  .loaded = redist_loaded,
};
