/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The registers of a CPU's interface (IHI 0048, 4.4). */

#include "gicv2-private.h"
#include <inttypes.h>

/* GICC_CTLR as non-secure accesses see it: Group 1's enable and bypass, and their own EOImode. */
#define CTLR_NS_BYPASS (3u << 5)
#define CTLR_ONE_STATE 0x3ff
#define CTLR_SECURE    0x7ff

static uint32_t *
active_priorities (GicV2 *gic, unsigned cpu, bool group1)
{
  return &gic->apr[2 * cpu + group1];
}

/* ---- Control. ---- */

static uint64_t
ctlr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  uint32_t ctlr = gic->cpu_ctlr[who.cpu];
  if (who.secure)
    return ctlr;
  return (ctlr & GICC_ENABLE1) >> 1 | (ctlr >> 2 & CTLR_NS_BYPASS) | (ctlr & GICC_EOIMODE_NS) >> 1;
}

static void
ctlr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  uint32_t *ctlr = &gic->cpu_ctlr[who.cpu], value = (uint32_t)written;

  if (who.secure)
    *ctlr = value & (gic->security ? CTLR_SECURE : CTLR_ONE_STATE);
  else
    *ctlr = (*ctlr & ~(GICC_ENABLE1 | CTLR_NS_BYPASS << 2 | GICC_EOIMODE_NS)) | (value & 1) << 1 |
            (value & CTLR_NS_BYPASS) << 2 | (value & GICC_EOIMODE) << 1;
  gicv2_update (gic, who.cpu);
}

/* SPEC: IHI 0048, 3.8.6: non-secure accesses have the lower half of priorities, and no say while the mask is
 * in the other. */
static uint64_t
pmr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  uint8_t pmr = gic->pmr[who.cpu];
  return who.secure ? pmr : pmr & 0x80 ? (uint8_t)(pmr << 1) : 0;
}

static void
pmr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  uint8_t *pmr = &gic->pmr[who.cpu];
  if (who.secure)
    *pmr = written & 0xf8;
  else if (*pmr & 0x80)
    *pmr = (uint8_t)(0x80 | (written >> 1 & 0x78));
  gicv2_update (gic, who.cpu);
}

/* What a non-secure access sees of GICC_BPR is Group 1's. */
static uint64_t
bpr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  if (who.secure)
    return gic->bpr[who.cpu];
  return gic->cpu_ctlr[who.cpu] & GICC_CBPR ? MIN (gic->bpr[who.cpu] + 1, 7) : gic->abpr[who.cpu];
}

static void
bpr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  if (who.secure)
    gic->bpr[who.cpu] = (uint8_t)MAX (written & 7, GICV2_MIN_BPR);
  else if (!(gic->cpu_ctlr[who.cpu] & GICC_CBPR))
    gic->abpr[who.cpu] = (uint8_t)MAX (written & 7, GICV2_MIN_BPR + 1);
  gicv2_update (gic, who.cpu);
}

static uint64_t
abpr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  return who.secure ? gic->abpr[who.cpu] : 0;
}

static void
abpr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  if (!who.secure)
    return;
  gic->abpr[who.cpu] = (uint8_t)MAX (written & 7, GICV2_MIN_BPR + 1);
  gicv2_update (gic, who.cpu);
}

static uint64_t
rpr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  unsigned running =
      gicv2_running (*active_priorities (gic, who.cpu, false) | *active_priorities (gic, who.cpu, true));
  if (running == GICV2_IDLE)
    return 0xff;
  return who.secure ? running : running & 0x80 ? (uint8_t)(running << 1) : 0;
}

static uint64_t
iidr_read (Device *dev, unsigned index, uint64_t stored)
{
  return GICV2_CPU_IIDR;
}

/* ---- Active priorities, for saving and restoring by the guest. ---- */

static uint64_t
apr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  return who.secure ? *active_priorities (gic, who.cpu, false)
                    : *active_priorities (gic, who.cpu, true) >> 16;
}

static void
apr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  uint32_t *apr = active_priorities (gic, who.cpu, !who.secure);
  *apr = who.secure ? (uint32_t)written : (*apr & 0xffff) | (uint32_t)written << 16;
  gicv2_update (gic, who.cpu);
}

static uint64_t
nsapr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  return who.secure ? *active_priorities (gic, who.cpu, true) : 0;
}

static void
nsapr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  if (!who.secure)
    return;
  *active_priorities (gic, who.cpu, true) = (uint32_t)written;
  gicv2_update (gic, who.cpu);
}

/* ---- Acknowledging. ---- */

/* What a register shows of interrupt `n`: aliased ones know Group 1 only, the others acknowledge it by the
 * leave of AckCtl or to non-secure accesses. */
static unsigned
shown (GicV2 *gic, const GicV2Requester *who, unsigned n, bool alias)
{
  if (n == GICV2_NONE)
    return n;
  bool group1 = gicv2_bit (gic, GICV2_GROUP, who->cpu, n);
  if (!group1)
    return alias || !who->secure ? GICV2_NONE : n;
  return alias || !who->secure || gic->cpu_ctlr[who->cpu] & GICC_ACKCTL ? n : GICV2_OTHER;
}

static unsigned
acknowledge (GicV2 *gic, const GicV2Requester *who, bool alias)
{
  unsigned best = gicv2_best (gic, who->cpu), cpu = who->cpu, source = 0;
  unsigned n = shown (gic, who, gicv2_signals (gic, cpu, best) ? best : GICV2_NONE, alias);

  if (n >= GICV2_INTIDS)
    return n;
  *active_priorities (gic, cpu, gicv2_bit (gic, GICV2_GROUP, cpu, n)) |=
      UINT32_C (1) << (gicv2_group_priority (gic, cpu, n) >> 3);
  if (n < GICV2_SGIS) {
    uint8_t *sources = gicv2_sgi_source (gic, cpu, n);
    source = (unsigned)__builtin_ctz (*sources);
    *sources &= (uint8_t)(*sources - 1);
  } else {
    gicv2_set_bit (gic, GICV2_LATCH, cpu, n, false);
  }
  gicv2_set_bit (gic, GICV2_ACTIVE, cpu, n, true);
  gicv2_refresh (gic, cpu, n);
  gicv2_update (gic, cpu);
  device_trace (gic, "CPU %u takes %u from %u", cpu, n, source);
  return n | source << 10;
}

static uint64_t
iar_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  return acknowledge (gic, &who, false);
}

static uint64_t
aiar_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  return who.secure ? acknowledge (gic, &who, true) : 0;
}

static unsigned
highest_pending (GicV2 *gic, const GicV2Requester *who, bool alias)
{
  unsigned n = shown (gic, who, gicv2_best (gic, who->cpu), alias);
  return n < GICV2_SGIS ? n | (unsigned)__builtin_ctz (*gicv2_sgi_source (gic, who->cpu, n)) << 10 : n;
}

static uint64_t
hppir_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  return highest_pending (gic, &who, false);
}

static uint64_t
ahppir_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  return who.secure ? highest_pending (gic, &who, true) : 0;
}

/* ---- End of interrupt. ---- */

static bool
drops_only (const GicV2 *gic, const GicV2Requester *who)
{
  return gic->cpu_ctlr[who->cpu] & (who->secure ? GICC_EOIMODE : GICC_EOIMODE_NS);
}

/* The interrupt that a write is about, or GICV2_NONE. Special numbers are written by software that has read
 * them. */
static unsigned
meant (GicV2 *gic, const GicV2Requester *who, uint64_t written, bool alias)
{
  unsigned n = written & 0x3ff;
  if (n >= GICV2_INTIDS || !gicv2_visible (gic, who, n))
    return GICV2_NONE;
  return alias && !gicv2_bit (gic, GICV2_GROUP, who->cpu, n) ? GICV2_NONE : n;
}

static void
end (GicV2 *gic, uint64_t written, bool alias)
{
  GicV2Requester who = gicv2_requester (gic);
  unsigned n = meant (gic, &who, written, alias);
  if (n == GICV2_NONE || (alias && !who.secure))
    return;
  uint32_t *active = active_priorities (gic, who.cpu, gicv2_bit (gic, GICV2_GROUP, who.cpu, n));
  if (*active == 0) {
    device_guest_error (&gic->dev, "CPU %u ends interrupt %u, but none is active there", who.cpu, n);
    return;
  }
  *active &= *active - 1;
  device_trace (gic, "CPU %u ends %u", who.cpu, n);
  if (!drops_only (gic, &who))
    gicv2_deactivate (gic, who.cpu, n);
  gicv2_update (gic, who.cpu);
}

static void
eoir_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  end ((GicV2 *)dev, written, false);
}

static void
aeoir_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  end ((GicV2 *)dev, written, true);
}

static void
dir_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  unsigned n = meant (gic, &who, written, false);
  if (!drops_only (gic, &who))
    device_guest_error (dev, "CPU %u deactivates interrupt %" PRIu64 " without EOImode", who.cpu,
                        written & 0x3ff);
  else if (n != GICV2_NONE)
    gicv2_deactivate (gic, who.cpu, n);
}

/* ---- The table. ---- */

static const Register cpu_registers[] = {
  { .name = "GICC_CTLR",
    .offset = 0x00,
    .size = 4,
    .writable = CTLR_SECURE,
    .read = ctlr_read,
    .write = ctlr_write },
  { .name = "GICC_PMR", .offset = 0x04, .size = 4, .writable = 0xf8, .read = pmr_read, .write = pmr_write },
  { .name = "GICC_BPR", .offset = 0x08, .size = 4, .writable = 7, .read = bpr_read, .write = bpr_write },
  { .name = "GICC_IAR", .offset = 0x0c, .size = 4, .read = iar_read },
  { .name = "GICC_EOIR", .offset = 0x10, .size = 4, .writable = UINT32_MAX, .write = eoir_write },
  { .name = "GICC_RPR", .offset = 0x14, .size = 4, .read = rpr_read },
  { .name = "GICC_HPPIR", .offset = 0x18, .size = 4, .read = hppir_read },
  { .name = "GICC_ABPR", .offset = 0x1c, .size = 4, .writable = 7, .read = abpr_read, .write = abpr_write },
  { .name = "GICC_AIAR", .offset = 0x20, .size = 4, .read = aiar_read },
  { .name = "GICC_AEOIR", .offset = 0x24, .size = 4, .writable = UINT32_MAX, .write = aeoir_write },
  { .name = "GICC_AHPPIR", .offset = 0x28, .size = 4, .read = ahppir_read },
  { .name = "GICC_APR0",
    .offset = 0xd0,
    .size = 4,
    .writable = UINT32_MAX,
    .read = apr_read,
    .write = apr_write },
  { .name = "GICC_NSAPR0",
    .offset = 0xe0,
    .size = 4,
    .writable = UINT32_MAX,
    .read = nsapr_read,
    .write = nsapr_write },
  { .name = "GICC_IIDR", .offset = 0xfc, .size = 4, .read = iidr_read },
  { .name = "GICC_DIR", .offset = 0x1000, .size = 4, .writable = UINT32_MAX, .write = dir_write },
  { 0 },
};

const RegisterBank gicv2_cpu_bank = {
  .name = "gicv2-cpu",
  .size = GICV2_CPU_SIZE,
  .min_access = 4,
  .max_access = 4,
  .regs = cpu_registers,
};
