/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The distributor: its registers, and its life as a device. */

#include "gicv3-private.h"
#include <gio/gio.h>

#define GIC(dev)    ((Gicv3 *)(dev))
#define IROUTER_ANY (UINT64_C (1) << 31)

/* GICD_TYPER. */
enum {
  TYPER_SECURITY = 1 << 10,
  TYPER_LPIS = 1 << 17,
  TYPER_IDBITS_SHIFT = 19,
  TYPER_A3V = 1 << 24,
  TYPER_RSS = 1 << 26,
};

/* SPEC: IHI 0069, GICD_CTLR: three forms. Non-secure software has its group's enable and ARE_NS in other
 * places. */
static uint64_t
ctlr_read (Device *dev, unsigned index, uint64_t stored)
{
  Gicv3 *gic = GIC (dev);
  if (gicv3_one_state (gic))
    return gic->ctlr | GICD_CTLR_ARE;
  if (gicv3_sees_all (gic))
    return gic->ctlr | GICD_CTLR_ARE | GICD_CTLR_ARE_NS;
  return (gic->ctlr & GICD_CTLR_GRP1NS) | GICD_CTLR_ARE;
}

static void
ctlr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Gicv3 *gic = GIC (dev);
  uint32_t writable = GICD_CTLR_GRP1NS;
  if (gicv3_one_state (gic))
    writable |= GICD_CTLR_GRP0;
  else if (gicv3_sees_all (gic))
    writable |= GICD_CTLR_GRP0 | GICD_CTLR_GRP1S | (written & GICD_CTLR_DS);
  gic->ctlr = (gic->ctlr & ~writable) | ((uint32_t)written & writable);
  if (gicv3_one_state (gic))
    gic->ctlr &= ~(uint32_t)GICD_CTLR_GRP1S;
  gicv3_route_any (gic);
  gicv3_touch_all (gic);
  gicv3_update (gic);
}

static uint64_t
typer_read (Device *dev, unsigned index, uint64_t stored)
{
  const Gicv3 *gic = GIC (dev);
  uint32_t bits = gic->has_lpi ? GICV3_LPI_BITS : 10;
  return ((gicv3_intids (gic) + 31) / 32 - 1) | (gicv3_one_state (gic) ? 0 : TYPER_SECURITY) |
         (gic->has_lpi ? TYPER_LPIS : 0) | (bits - 1) << TYPER_IDBITS_SHIFT | TYPER_A3V | TYPER_RSS;
}

static uint64_t
iidr_read (Device *dev, unsigned index, uint64_t stored)
{
  return GICV3_IIDR;
}

static uint64_t
zero_read (Device *dev, unsigned index, uint64_t stored)
{
  return 0;
}

static uint64_t
id_read (Device *dev, unsigned index, uint64_t stored)
{
  return gicv3_read_id (index, 0x92);
}

/* What is of the first 32 INTIDs, the private ones', is in the redistributors, and nothing here. */
#define BITS(name, KIND, CHANGE)                                                                             \
  static uint64_t name##_read (Device *dev, unsigned index, uint64_t stored)                                 \
  {                                                                                                          \
    return index == 0 ? 0 : gicv3_read_bits (GIC (dev), NULL, KIND, index);                                  \
  }                                                                                                          \
  static void name##_write (Device *dev, unsigned index, uint64_t written, uint64_t old)                     \
  {                                                                                                          \
    if (index != 0)                                                                                          \
      gicv3_write_bits (GIC (dev), NULL, KIND, index, CHANGE, (uint32_t)written);                            \
  }
BITS (igroupr, GICV3_GROUP, GICV3_WRITE)
BITS (igrpmodr, GICV3_GRPMOD, GICV3_WRITE)
BITS (isenabler, GICV3_ENABLED, GICV3_SET)
BITS (icenabler, GICV3_ENABLED, GICV3_CLEAR)
BITS (ispendr, GICV3_LATCH, GICV3_SET)
BITS (icpendr, GICV3_LATCH, GICV3_CLEAR)
BITS (isactiver, GICV3_ACTIVE, GICV3_SET)
BITS (icactiver, GICV3_ACTIVE, GICV3_CLEAR)

static uint64_t
ipriorityr_read (Device *dev, unsigned id, uint64_t stored)
{
  return id < 32 ? 0 : gicv3_read_priority (GIC (dev), NULL, id);
}

static void
ipriorityr_write (Device *dev, unsigned id, uint64_t written, uint64_t old)
{
  if (id >= 32)
    gicv3_write_priority (GIC (dev), NULL, id, (uint8_t)written);
}

static uint64_t
icfgr_read (Device *dev, unsigned index, uint64_t stored)
{
  return index < 2 ? 0 : gicv3_read_config (GIC (dev), NULL, index);
}

static void
icfgr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  if (index >= 2)
    gicv3_write_config (GIC (dev), NULL, index, (uint32_t)written);
}

static bool
may_route (Gicv3 *gic, uint32_t id)
{
  return id < gicv3_intids (gic) && gicv3_visible (gic, NULL, id / 32) >> id % 32 & 1;
}

static uint64_t
irouter_read (Device *dev, unsigned index, uint64_t stored)
{
  Gicv3 *gic = GIC (dev);
  uint32_t id = index + 32;
  return may_route (gic, id) ? gic->irouter[id] : 0;
}

static void
irouter_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Gicv3 *gic = GIC (dev);
  uint32_t id = index + 32;
  if (!may_route (gic, id))
    return;
  gic->n_any += (written & IROUTER_ANY ? 1u : 0) - (gic->irouter[id] & IROUTER_ANY ? 1u : 0);
  gic->irouter[id] = written & UINT64_C (0xff80ffffff);
  gicv3_route (gic, id);
  gicv3_update (gic);
}

#define BITS_REGISTER(NAME, OFFSET)                                                                          \
  { .name = #NAME,                                                                                           \
    .offset = OFFSET,                                                                                        \
    .size = 4,                                                                                               \
    .count = GICV3_WORDS,                                                                                    \
    .writable = UINT32_MAX,                                                                                  \
    .read = NAME##_read,                                                                                     \
    .write = NAME##_write }

static const Register dist_registers[] = {
  { .name = "ctlr", .offset = 0, .size = 4, .writable = UINT32_MAX, .read = ctlr_read, .write = ctlr_write },
  { .name = "typer", .offset = 4, .size = 4, .read = typer_read },
  { .name = "iidr", .offset = 8, .size = 4, .read = iidr_read },
  { .name = "typer2", .offset = 0xc, .size = 4, .read = zero_read },
  BITS_REGISTER (igroupr, 0x80),
  BITS_REGISTER (isenabler, 0x100),
  BITS_REGISTER (icenabler, 0x180),
  BITS_REGISTER (ispendr, 0x200),
  BITS_REGISTER (icpendr, 0x280),
  BITS_REGISTER (isactiver, 0x300),
  BITS_REGISTER (icactiver, 0x380),
  { .name = "ipriorityr",
    .offset = 0x400,
    .size = 1,
    .count = GICV3_INTIDS,
    .writable = UINT8_MAX,
    .read = ipriorityr_read,
    .write = ipriorityr_write },
  { .name = "icfgr",
    .offset = 0xc00,
    .size = 4,
    .count = 2 * GICV3_WORDS,
    .writable = UINT32_MAX,
    .read = icfgr_read,
    .write = icfgr_write },
  BITS_REGISTER (igrpmodr, 0xd00),
  { .name = "irouter",
    .offset = 0x6100,
    .size = 8,
    .count = GICV3_MAX_SPIS,
    .writable = UINT64_MAX,
    .read = irouter_read,
    .write = irouter_write },
  { .name = "id", .offset = 0xffd0, .size = 4, .count = 12, .read = id_read },
  { 0 },
};

static const RegisterBank dist_bank = {
  .name = "gicd",
  .size = GICV3_DIST_SIZE,
  .min_access = 1,
  .max_access = 8,
  .wide_halves = true,
  .regs = dist_registers,
};

static void
gicv3_init (Device *dev)
{
  GIC (dev)->region = device_add_bank (dev, &dist_bank);
}

static bool
check_edges (Gicv3 *gic, GError **error)
{
  if (gic->num_spis % 32 != 0 && gic->num_spis != GICV3_MAX_SPIS) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: num-spis=%u is neither a multiple of 32 nor %u; give one that is", gic->dev.path,
                 gic->num_spis, GICV3_MAX_SPIS);
    return false;
  }
  if (gic->num_cpus == 0 || gic->num_spis == 0 || (gic->has_lpi && gic->map == NULL)) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "%s: a GICv3 needs a CPU, a shared interrupt, and for has-lpi=on memory; set num-cpus and num-spis",
        gic->dev.path);
    return false;
  }
  return true;
}

static uint32_t
affinity_key (uint64_t affinity)
{
  return (uint32_t)(affinity >> 8 & 0xff000000) | (uint32_t)(affinity & 0xffffff);
}

static bool
gicv3_realize (Device *dev, GError **error)
{
  Gicv3 *gic = GIC (dev);
  if (!check_edges (gic, error))
    return false;
  gic->cpus = g_new0 (Gicv3Cpu *, gic->num_cpus);
  gic->by_affinity = g_hash_table_new (NULL, NULL);
  for (unsigned i = 0; i < gic->num_cpus; i++) {
    g_autofree char *name = g_strdup_printf ("/redist%u", i);
    Gicv3Cpu *cpu = (Gicv3Cpu *)device_new (&gicv3_redist_class, name);
    cpu->gic = gic;
    cpu->index = i;
    cpu->edges = &gic->edges[i];
    cpu->ns = cpu->edges->scr == NULL;
    gic->cpus[i] = cpu;
    device_add_child (dev, &cpu->dev);
    uint32_t key = affinity_key (cpu->edges->affinity);
    if (!g_hash_table_contains (gic->by_affinity, GUINT_TO_POINTER (key)))
      g_hash_table_insert (gic->by_affinity, GUINT_TO_POINTER (key), GUINT_TO_POINTER (i + 1));
  }
  return true;
}

static void
gicv3_unrealize (Device *dev)
{
  g_clear_pointer (&GIC (dev)->cpus, g_free);
  g_clear_pointer (&GIC (dev)->by_affinity, g_hash_table_unref);
}

/* The inputs keep their levels, which are the devices'. */
static void
gicv3_reset (Device *dev)
{
  Gicv3 *gic = GIC (dev);
  for (unsigned kind = 0; kind < GICV3_N_BITS; kind++)
    if (kind != GICV3_LEVEL)
      memset (gic->bits[kind], 0, sizeof gic->bits[kind]);
  memset (gic->priority, 0, sizeof gic->priority);
  memset (gic->irouter, 0, sizeof gic->irouter);
  gic->ctlr = gic->security ? 0 : GICD_CTLR_DS;
  gicv3_route_all (gic);
  gicv3_touch_all (gic);
  gicv3_update (gic);
}

static bool
gicv3_loaded (Device *dev, GError **error)
{
  Gicv3 *gic = GIC (dev);
  if (!gic->security)
    gic->ctlr |= GICD_CTLR_DS;
  for (unsigned id = 0; id < GICV3_INTIDS; id++)
    gic->priority[id] &= GICV3_PRIORITY_MASK;
  for (unsigned kind = 0; kind < GICV3_N_BITS && gic->num_spis == GICV3_MAX_SPIS; kind++)
    gic->bits[kind][GICV3_WORDS - 1] &= (UINT32_C (1) << GICV3_INTIDS % 32) - 1;
  gicv3_route_all (gic);
  gicv3_touch_all (gic);
  gicv3_update (gic);
  return true;
}

static const DeviceProp gicv3_props[] = {
  { "num-cpus", DEVICE_PROP_UINT32, offsetof (Gicv3, num_cpus), 1, GICV3_MAX_CPUS, "CPUs that it serves" },
  { "num-spis", DEVICE_PROP_UINT32, offsetof (Gicv3, num_spis), 256, GICV3_MAX_SPIS,
    "shared peripheral interrupts: a multiple of 32, or 988" },
  { "has-security-extensions", DEVICE_PROP_BOOL, offsetof (Gicv3, security), 0, 0,
    "two security states, for CPUs with EL3" },
  { "has-lpi", DEVICE_PROP_BOOL, offsetof (Gicv3, has_lpi), 0, 0, "LPIs, for an ITS" },
  { "redist-region-cpus", DEVICE_PROP_UINT32, offsetof (Gicv3, region_cpus), 0, GICV3_MAX_CPUS,
    "CPUs whose redistributors are in the first of two regions; 0: there is one region" },
  { 0 },
};

#define SAVED_BITS(name, KIND) { name, DEVICE_SAVE_U32, offsetof (Gicv3, bits[KIND]), GICV3_WORDS }

static const DeviceSave gicv3_saved[] = {
  { "ctlr", DEVICE_SAVE_U32, offsetof (Gicv3, ctlr), 1, 0x47 },
  SAVED_BITS ("group", GICV3_GROUP),
  SAVED_BITS ("grpmod", GICV3_GRPMOD),
  SAVED_BITS ("enabled", GICV3_ENABLED),
  SAVED_BITS ("latch", GICV3_LATCH),
  SAVED_BITS ("level", GICV3_LEVEL),
  SAVED_BITS ("active", GICV3_ACTIVE),
  SAVED_BITS ("edge", GICV3_EDGE),
  { "priority", DEVICE_SAVE_U8, offsetof (Gicv3, priority), GICV3_INTIDS },
  { "irouter", DEVICE_SAVE_U64, offsetof (Gicv3, irouter), GICV3_INTIDS, UINT64_C (0xff80ffffff) },
  { 0 },
};

const DeviceClass gicv3_class = {
  .name = "arm-gicv3",
  .bus = "system",
  .category = "Interrupt controllers",
  .help = "Arm Generic Interrupt Controller, version 3",
  .size = sizeof (Gicv3),
  .props = gicv3_props,
  .saved = gicv3_saved,
  .init = gicv3_init,
  .realize = gicv3_realize,
  .unrealize = gicv3_unrealize,
  .reset = gicv3_reset,
  .loaded = gicv3_loaded,
};
