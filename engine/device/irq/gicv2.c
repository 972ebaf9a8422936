/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The GICv2 as a device: its inputs and its life. */

#include "gicv2-private.h"
#include <string.h>

#define PRIORITY_BITS 0xf8
#define NONSECURE     0x80 /* the first priority that Group 1 can have */

/* ---- Inputs. ---- */

#define INPUT_CPU_SHIFT 16

static void
input_set (void *opaque, unsigned n, bool level)
{
  GicV2 *gic = opaque;
  unsigned cpu = n >> INPUT_CPU_SHIFT, intid = n & ((1u << INPUT_CPU_SHIFT) - 1);

  g_rec_mutex_lock (&gic->dev.lock);
  device_trace (gic, "interrupt %u (CPU %u): level %d", intid, cpu, level);
  gicv2_set_level (gic, cpu, intid, level);
  g_rec_mutex_unlock (&gic->dev.lock);
}

IrqLine
gicv2_spi_input (GicV2 *gic, unsigned n)
{
  g_return_val_if_fail (n < gic->num_spis, (IrqLine){ 0 });
  return (IrqLine){ input_set, gic, GICV2_PRIVATE + n };
}

IrqLine
gicv2_ppi_input (GicV2 *gic, unsigned cpu, unsigned n)
{
  g_return_val_if_fail (cpu < gic->num_cpus && n < GICV2_PRIVATE - GICV2_SGIS, (IrqLine){ 0 });
  return (IrqLine){ input_set, gic, cpu << INPUT_CPU_SHIFT | (GICV2_SGIS + n) };
}

/* ---- Reset. ---- */

/* The levels are the other devices' outputs and survive. */
static void
reset_dist (GicV2 *gic)
{
  bool nonsecure = gic->security && gic->reset_nonsecure;
  uint8_t priority = nonsecure ? NONSECURE : 0;

  gic->dist_ctlr = 0;
  for (unsigned kind = 0; kind < GICV2_N_BITS; kind++) {
    if (kind == GICV2_LEVEL)
      continue;
    memset (gic->bits[kind], nonsecure && kind == GICV2_GROUP ? 0xff : 0, sizeof gic->bits[kind]);
    for (unsigned cpu = 0; cpu < GICV2_MAX_CPUS; cpu++)
      gic->private_bits[kind][cpu] = nonsecure && kind == GICV2_GROUP ? UINT32_MAX : 0;
  }
  for (unsigned cpu = 0; cpu < GICV2_MAX_CPUS; cpu++)
    gic->private_bits[GICV2_ENABLED][cpu] = 0xffff; /* SGIs */
  for (unsigned word = 1; word < GICV2_WORDS; word++)
    gic->bits[GICV2_GROUP][word] &= gicv2_valid (gic, word);
  memset (gic->priority, priority, sizeof gic->priority);
  memset (gic->private_priority, priority, sizeof gic->private_priority);
  memset (gic->target, gic->num_cpus == 1, sizeof gic->target);
  memset (gic->sgi_source, 0, sizeof gic->sgi_source);
}

static void
reset_cpu (GicV2 *gic, unsigned cpu)
{
  gic->cpu_ctlr[cpu] = 0;
  gic->pmr[cpu] = gic->security && gic->reset_nonsecure ? NONSECURE : 0;
  gic->bpr[cpu] = GICV2_MIN_BPR;
  gic->abpr[cpu] = GICV2_MIN_BPR + 1;
  gic->apr[2 * cpu] = gic->apr[2 * cpu + 1] = 0;
  gicv2_reset_virtual (gic, cpu);
}

/* What follows from the state, and the lines, news or not. */
static void
restate (GicV2 *gic)
{
  memset (gic->queue, 0, sizeof gic->queue);
  gicv2_refresh_all (gic);
  for (unsigned cpu = 0; cpu < gic->num_cpus; cpu++) {
    gicv2_update_virtual (gic, cpu);
    uint8_t out = gic->out[cpu];
    gic->out[cpu] = (uint8_t)~out;
    gicv2_set_out (gic, cpu, UINT8_MAX, out);
  }
}

static void
gicv2_reset (Device *dev)
{
  GicV2 *gic = (GicV2 *)dev;
  reset_dist (gic);
  for (unsigned cpu = 0; cpu < GICV2_MAX_CPUS; cpu++)
    reset_cpu (gic, cpu);
  restate (gic);
}

/* ---- Restore. ---- */

static void
clean_dist (GicV2 *gic)
{
  uint8_t cpus = (uint8_t)((1u << gic->num_cpus) - 1);

  gic->dist_ctlr &= 3;
  for (unsigned kind = 0; kind < GICV2_N_BITS; kind++)
    for (unsigned word = 1; word < GICV2_WORDS; word++)
      gic->bits[kind][word] &= gicv2_valid (gic, word);
  for (unsigned n = 0; n < GICV2_INTIDS; n++) {
    gic->priority[n] &= PRIORITY_BITS;
    gic->target[n] &= cpus;
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (gic->private_priority); i++)
    gic->private_priority[i] &= PRIORITY_BITS;
  for (unsigned i = 0; i < G_N_ELEMENTS (gic->sgi_source); i++)
    gic->sgi_source[i] &= cpus;
}

static bool
gicv2_loaded (Device *dev, GError **error)
{
  GicV2 *gic = (GicV2 *)dev;

  clean_dist (gic);
  for (unsigned cpu = 0; cpu < GICV2_MAX_CPUS; cpu++) {
    gic->private_bits[GICV2_ENABLED][cpu] |= 0xffff;
    gic->cpu_ctlr[cpu] &= gic->security ? 0x7ff : 0x3ff;
    gic->pmr[cpu] &= PRIORITY_BITS;
    gic->bpr[cpu] = (uint8_t)CLAMP (gic->bpr[cpu], GICV2_MIN_BPR, 7);
    gic->abpr[cpu] = (uint8_t)CLAMP (gic->abpr[cpu], GICV2_MIN_BPR + 1, 7);
    gicv2_clean_virtual (gic, cpu);
  }
  restate (gic);
  return true;
}

/* ---- Life. ---- */

static void
gicv2_init (Device *dev)
{
  GicV2 *gic = (GicV2 *)dev;
  gic->dist = device_add_bank (dev, &gicv2_dist_bank);
  gic->cpu = device_add_bank (dev, &gicv2_cpu_bank);
  gic->hyp = device_add_bank (dev, &gicv2_hyp_bank);
  gic->vcpu = device_add_bank (dev, &gicv2_vcpu_bank);
}

static bool
gicv2_realize (Device *dev, GError **error)
{
  const GicV2 *gic = (const GicV2 *)dev;
  if (gic->num_cpus < 1) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "a GICv2 needs a CPU; it may have up to %d",
                 GICV2_MAX_CPUS);
    return false;
  }
  if (gic->num_spis % 32 != 0 && gic->num_spis != GICV2_MAX_SPIS) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                 "a GICv2 cannot have %u shared interrupts; their number is a multiple of 32, or %d",
                 gic->num_spis, GICV2_MAX_SPIS);
    return false;
  }
  return true;
}

static const DeviceProp gicv2_props[] = {
  { "num-cpus", DEVICE_PROP_UINT32, offsetof (GicV2, num_cpus), 1, GICV2_MAX_CPUS, "CPUs that it serves" },
  { "num-spis", DEVICE_PROP_UINT32, offsetof (GicV2, num_spis), 64, GICV2_MAX_SPIS, "shared interrupts" },
  { "has-security-extensions", DEVICE_PROP_BOOL, offsetof (GicV2, security), 0, 0, "two security states" },
  { "irq-reset-nonsecure", DEVICE_PROP_BOOL, offsetof (GicV2, reset_nonsecure), 0, 0,
    "interrupts belong to the non-secure state at first" },
  { "maintenance-ppi", DEVICE_PROP_UINT32, offsetof (GicV2, maintenance), 9, GICV2_PRIVATE - GICV2_SGIS - 1,
    "private interrupt that tells a hypervisor of its list registers" },
  { 0 },
};

static const DeviceSave gicv2_saved[] = {
  { "ctlr", DEVICE_SAVE_U32, offsetof (GicV2, dist_ctlr), 1 },
  { "bits", DEVICE_SAVE_U32, offsetof (GicV2, bits), GICV2_N_BITS *GICV2_WORDS },
  { "private-bits", DEVICE_SAVE_U32, offsetof (GicV2, private_bits), GICV2_N_BITS *GICV2_MAX_CPUS },
  { "priority", DEVICE_SAVE_U8, offsetof (GicV2, priority), GICV2_INTIDS },
  { "private-priority", DEVICE_SAVE_U8, offsetof (GicV2, private_priority), GICV2_MAX_CPUS *GICV2_PRIVATE },
  { "target", DEVICE_SAVE_U8, offsetof (GicV2, target), GICV2_INTIDS },
  { "sgi-source", DEVICE_SAVE_U8, offsetof (GicV2, sgi_source), GICV2_MAX_CPUS *GICV2_SGIS },
  { "cpu-ctlr", DEVICE_SAVE_U32, offsetof (GicV2, cpu_ctlr), GICV2_MAX_CPUS },
  { "pmr", DEVICE_SAVE_U8, offsetof (GicV2, pmr), GICV2_MAX_CPUS },
  { "bpr", DEVICE_SAVE_U8, offsetof (GicV2, bpr), GICV2_MAX_CPUS },
  { "abpr", DEVICE_SAVE_U8, offsetof (GicV2, abpr), GICV2_MAX_CPUS },
  { "apr", DEVICE_SAVE_U32, offsetof (GicV2, apr), 2 * GICV2_MAX_CPUS },
  { "hcr", DEVICE_SAVE_U32, offsetof (GicV2, hcr), GICV2_MAX_CPUS },
  { "vmcr", DEVICE_SAVE_U32, offsetof (GicV2, vmcr), GICV2_MAX_CPUS },
  { "vapr", DEVICE_SAVE_U32, offsetof (GicV2, vapr), GICV2_MAX_CPUS },
  { "lr", DEVICE_SAVE_U32, offsetof (GicV2, lr), GICV2_MAX_CPUS *GICV2_LRS },
  { 0 },
};

const DeviceClass gicv2_class = {
  .name = "arm-gicv2",
  .bus = "system",
  .category = "Interrupt controllers",
  .help = "Arm Generic Interrupt Controller, version 2",
  .size = sizeof (GicV2),
  .props = gicv2_props,
  .saved = gicv2_saved,
  .init = gicv2_init,
  .realize = gicv2_realize,
  .reset = gicv2_reset,
  .loaded = gicv2_loaded,
};
