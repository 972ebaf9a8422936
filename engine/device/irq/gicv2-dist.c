/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The distributor's registers (IHI 0048, 4.3). */

#include "gicv2-private.h"

#define DIST_IIDR          UINT32_C (0x0200143b) /* GIC-400 */
#define TYPER_SECURITY     (1u << 10)
#define SGI_ENABLED        UINT32_C (0xffff) /* in ISENABLER0: SGIs cannot be disabled */
#define SGIR_NSATT         (UINT32_C (1) << 15)
#define PRIORITY_BITS      0xf8
#define PRIORITY_NONSECURE 0x80

/* The bits of a word that the requester knows of. */
static uint32_t
visible_word (GicV2 *gic, const GicV2Requester *who, unsigned word)
{
  return gicv2_valid (gic, word) &
         (who->secure ? UINT32_MAX : *gicv2_word (gic, GICV2_GROUP, who->cpu, word));
}

/* Sets or clears bits of one kind. */
static void
change_bits (GicV2 *gic, GicV2Bits kind, const GicV2Requester *who, unsigned word, uint32_t bits, bool value)
{
  for (bits &= gicv2_valid (gic, word); bits != 0; bits &= bits - 1) {
    unsigned n = word * 32 + (unsigned)__builtin_ctz (bits);
    gicv2_set_bit (gic, kind, who->cpu, n, value);
    gicv2_refresh (gic, who->cpu, n);
  }
}

/* ---- Control. ---- */

static uint64_t
ctlr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return gicv2_requester (gic).secure ? gic->dist_ctlr : gic->dist_ctlr >> 1;
}

/* Non-secure accesses see Group 1's enable alone, in the other's place. */
static void
ctlr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  if (gicv2_requester (gic).secure)
    gic->dist_ctlr = written & 3;
  else
    gic->dist_ctlr = (gic->dist_ctlr & 1) | (written & 1) << 1;
  gicv2_refresh_all (gic);
}

static uint64_t
typer_read (Device *dev, unsigned index, uint64_t stored)
{
  const GicV2 *gic = (const GicV2 *)dev;
  return ((gicv2_intids (gic) + 31) / 32 - 1) | (gic->num_cpus - 1) << 5 |
         (gic->security ? TYPER_SECURITY : 0);
}

static uint64_t
iidr_read (Device *dev, unsigned index, uint64_t stored)
{
  return DIST_IIDR;
}

/* PIDR4 to 7, PIDR0 to 3, CIDR0 to 3: the architecture's version is in PIDR2. */
static uint64_t
id_read (Device *dev, unsigned index, uint64_t stored)
{
  static const uint8_t ids[] = { 0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1 };
  return ids[index];
}

/* ---- A bit for each interrupt. ---- */

static uint64_t
igroupr_read (Device *dev, unsigned word, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  return who.secure ? *gicv2_word (gic, GICV2_GROUP, who.cpu, word) : 0;
}

static void
igroupr_write (Device *dev, unsigned word, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  if (!who.secure)
    return;
  change_bits (gic, GICV2_GROUP, &who, word, (uint32_t)written, true);
  change_bits (gic, GICV2_GROUP, &who, word, ~(uint32_t)written, false);
}

static uint64_t
enabled_read (Device *dev, unsigned word, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  return *gicv2_word (gic, GICV2_ENABLED, who.cpu, word) & visible_word (gic, &who, word);
}

static void
isenabler_write (Device *dev, unsigned word, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  change_bits (gic, GICV2_ENABLED, &who, word, (uint32_t)written & visible_word (gic, &who, word), true);
}

static void
icenabler_write (Device *dev, unsigned word, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  uint32_t bits = (uint32_t)written & visible_word (gic, &who, word) & ~(word == 0 ? SGI_ENABLED : 0);
  change_bits (gic, GICV2_ENABLED, &who, word, bits, false);
}

static uint64_t
pending_read (Device *dev, unsigned word, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  uint32_t pending =
      *gicv2_word (gic, GICV2_LATCH, who.cpu, word) |
      (*gicv2_word (gic, GICV2_LEVEL, who.cpu, word) & ~*gicv2_word (gic, GICV2_EDGE, who.cpu, word));

  for (unsigned n = 0; word == 0 && n < GICV2_SGIS; n++)
    pending |= (uint32_t)gicv2_pending (gic, who.cpu, n) << n;
  return pending & visible_word (gic, &who, word);
}

/* SGIs have registers of their own. */
static void
write_latch (Device *dev, unsigned word, uint64_t written, bool value)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  uint32_t bits = (uint32_t)written & visible_word (gic, &who, word) & ~(word == 0 ? SGI_ENABLED : 0);
  change_bits (gic, GICV2_LATCH, &who, word, bits, value);
}

static void
ispendr_write (Device *dev, unsigned word, uint64_t written, uint64_t old)
{
  write_latch (dev, word, written, true);
}

static void
icpendr_write (Device *dev, unsigned word, uint64_t written, uint64_t old)
{
  write_latch (dev, word, written, false);
}

static uint64_t
active_read (Device *dev, unsigned word, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  return *gicv2_word (gic, GICV2_ACTIVE, who.cpu, word) & visible_word (gic, &who, word);
}

static void
isactiver_write (Device *dev, unsigned word, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  change_bits (gic, GICV2_ACTIVE, &who, word, (uint32_t)written & visible_word (gic, &who, word), true);
}

static void
icactiver_write (Device *dev, unsigned word, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  change_bits (gic, GICV2_ACTIVE, &who, word, (uint32_t)written & visible_word (gic, &who, word), false);
}

/* ---- More of each interrupt. ---- */

/* Non-secure priorities are the lower half: a view without their highest bit. */
static uint64_t
ipriorityr_read (Device *dev, unsigned n, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  if (!gicv2_visible (gic, &who, n))
    return 0;
  uint8_t priority = *gicv2_priority (gic, who.cpu, n);
  return who.secure ? priority : (uint8_t)(priority << 1);
}

static void
ipriorityr_write (Device *dev, unsigned n, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  if (!gicv2_visible (gic, &who, n))
    return;
  uint8_t priority = who.secure ? (uint8_t)written : (uint8_t)(PRIORITY_NONSECURE | written >> 1);
  *gicv2_priority (gic, who.cpu, n) = priority & PRIORITY_BITS;
  gicv2_refresh (gic, who.cpu, n);
}

/* SPEC: IHI 0048, GICD_ITARGETSR: of private interrupts, the CPU that reads; nothing where there is only one
 * CPU. */
static uint64_t
itargetsr_read (Device *dev, unsigned n, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  if (gic->num_cpus == 1 || !gicv2_visible (gic, &who, n))
    return 0;
  return n < GICV2_PRIVATE ? 1u << who.cpu : gic->target[n];
}

static void
itargetsr_write (Device *dev, unsigned n, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  if (gic->num_cpus == 1 || n < GICV2_PRIVATE || !gicv2_visible (gic, &who, n))
    return;
  gic->target[n] = written & ((1u << gic->num_cpus) - 1);
  gicv2_refresh (gic, who.cpu, n);
}

#define PER_ICFGR 16 /* interrupts of a word: the upper bit of two says edge */

static uint64_t
icfgr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  uint32_t value = 0;
  for (unsigned i = 0; i < PER_ICFGR; i++) {
    unsigned n = index * PER_ICFGR + i;
    if (gicv2_visible (gic, &who, n) && (n < GICV2_SGIS || gicv2_bit (gic, GICV2_EDGE, who.cpu, n)))
      value |= UINT32_C (2) << 2 * i;
  }
  return value;
}

static void
icfgr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  for (unsigned i = 0; i < PER_ICFGR; i++) {
    unsigned n = index * PER_ICFGR + i;
    if (n < GICV2_SGIS || !gicv2_visible (gic, &who, n))
      continue;
    gicv2_set_bit (gic, GICV2_EDGE, who.cpu, n, written >> (2 * i + 1) & 1);
    gicv2_refresh (gic, who.cpu, n);
  }
}

/* ---- Software generated interrupts. ---- */

static void
send_sgi (GicV2 *gic, unsigned source, unsigned cpu, unsigned n)
{
  *gicv2_sgi_source (gic, cpu, n) |= (uint8_t)(1u << source);
  gicv2_refresh (gic, cpu, n);
}

/* SPEC: IHI 0048, 4.3.15: with security extensions, NSATT says which group of the target's is meant; a
 * non-secure access reaches Group 1 only. */
static bool
sgi_is_meant (GicV2 *gic, const GicV2Requester *who, unsigned cpu, unsigned n, uint32_t sgir)
{
  bool group1 = gicv2_bit (gic, GICV2_GROUP, cpu, n);
  if (!gic->security)
    return true;
  return group1 == (who->secure ? (sgir & SGIR_NSATT) != 0 : true);
}

static void
sgir_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  enum { LISTED, OTHERS, SELF, RESERVED };
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  uint32_t sgir = (uint32_t)written, targets = 0;
  unsigned n = sgir & 15;

  switch (sgir >> 24 & 3) {
    case LISTED: targets = sgir >> 16 & 0xff; break;
    case OTHERS: targets = ~(1u << who.cpu); break;
    case SELF: targets = 1u << who.cpu; break;
    case RESERVED: device_guest_error (dev, "SGI %u to a reserved kind of targets", n); break;
  }
  for (unsigned cpu = 0; cpu < gic->num_cpus; cpu++)
    if (targets >> cpu & 1 && sgi_is_meant (gic, &who, cpu, n, sgir))
      send_sgi (gic, who.cpu, cpu, n);
}

static uint64_t
sgi_source_read (Device *dev, unsigned n, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  return gicv2_visible (gic, &who, n) ? *gicv2_sgi_source (gic, who.cpu, n) : 0;
}

static void
write_sgi_source (Device *dev, unsigned n, uint64_t clear, uint64_t set)
{
  GicV2 *gic = (GicV2 *)dev;
  GicV2Requester who = gicv2_requester (gic);
  uint8_t *sources = gicv2_sgi_source (gic, who.cpu, n);
  if (!gicv2_visible (gic, &who, n))
    return;
  *sources = (uint8_t)((*sources & ~clear) | (set & ((1u << gic->num_cpus) - 1)));
  gicv2_refresh (gic, who.cpu, n);
}

static void
cpendsgir_write (Device *dev, unsigned n, uint64_t written, uint64_t old)
{
  write_sgi_source (dev, n, written, 0);
}

static void
spendsgir_write (Device *dev, unsigned n, uint64_t written, uint64_t old)
{
  write_sgi_source (dev, n, 0, written);
}

/* ---- The table. ---- */

#define WORDS(NAME, at, read_hook, write_hook)                                                               \
  { .name = NAME,                                                                                            \
    .offset = at,                                                                                            \
    .size = 4,                                                                                               \
    .count = GICV2_WORDS,                                                                                    \
    .stride = 4,                                                                                             \
    .writable = UINT32_MAX,                                                                                  \
    .read = read_hook,                                                                                       \
    .write = write_hook }

static const Register dist_registers[] = {
  { .name = "GICD_CTLR", .offset = 0x000, .size = 4, .writable = 3, .read = ctlr_read, .write = ctlr_write },
  { .name = "GICD_TYPER", .offset = 0x004, .size = 4, .read = typer_read },
  { .name = "GICD_IIDR", .offset = 0x008, .size = 4, .read = iidr_read },
  WORDS ("GICD_IGROUPR", 0x080, igroupr_read, igroupr_write),
  WORDS ("GICD_ISENABLER", 0x100, enabled_read, isenabler_write),
  WORDS ("GICD_ICENABLER", 0x180, enabled_read, icenabler_write),
  WORDS ("GICD_ISPENDR", 0x200, pending_read, ispendr_write),
  WORDS ("GICD_ICPENDR", 0x280, pending_read, icpendr_write),
  WORDS ("GICD_ISACTIVER", 0x300, active_read, isactiver_write),
  WORDS ("GICD_ICACTIVER", 0x380, active_read, icactiver_write),
  { .name = "GICD_IPRIORITYR",
    .offset = 0x400,
    .size = 1,
    .count = GICV2_INTIDS,
    .stride = 1,
    .writable = PRIORITY_BITS,
    .read = ipriorityr_read,
    .write = ipriorityr_write },
  { .name = "GICD_ITARGETSR",
    .offset = 0x800,
    .size = 1,
    .count = GICV2_INTIDS,
    .stride = 1,
    .writable = UINT8_MAX,
    .read = itargetsr_read,
    .write = itargetsr_write },
  { .name = "GICD_ICFGR",
    .offset = 0xc00,
    .size = 4,
    .count = 64,
    .stride = 4,
    .writable = UINT32_C (0xaaaaaaaa),
    .read = icfgr_read,
    .write = icfgr_write },
  { .name = "GICD_SGIR", .offset = 0xf00, .size = 4, .writable = UINT32_MAX, .write = sgir_write },
  { .name = "GICD_CPENDSGIR",
    .offset = 0xf10,
    .size = 1,
    .count = GICV2_SGIS,
    .stride = 1,
    .writable = UINT8_MAX,
    .read = sgi_source_read,
    .write = cpendsgir_write },
  { .name = "GICD_SPENDSGIR",
    .offset = 0xf20,
    .size = 1,
    .count = GICV2_SGIS,
    .stride = 1,
    .writable = UINT8_MAX,
    .read = sgi_source_read,
    .write = spendsgir_write },
  { .name = "GICD_PIDR_CIDR", .offset = 0xfd0, .size = 4, .count = 12, .stride = 4, .read = id_read },
  { 0 },
};

const RegisterBank gicv2_dist_bank = {
  .name = "gicv2-dist",
  .size = GICV2_DIST_SIZE,
  .min_access = 1,
  .max_access = 4,
  .regs = dist_registers,
};
