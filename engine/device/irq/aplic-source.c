/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The APLIC's sources: wires, pending bits and delivery. */

#include "aplic-private.h"
#include <inttypes.h>

static unsigned
mode (const AplicDomain *domain, unsigned n)
{
  uint32_t sourcecfg = domain->sourcecfg[n];
  return sourcecfg & APLIC_SOURCECFG_D ? APLIC_INACTIVE : sourcecfg & APLIC_SOURCECFG_SM;
}

bool
aplic_active (const AplicDomain *domain, unsigned n)
{
  return n >= 1 && n <= APLIC_SOURCES && mode (domain, n) != APLIC_INACTIVE;
}

static bool
is_level (unsigned source_mode)
{
  return source_mode == APLIC_LEVEL1 || source_mode == APLIC_LEVEL0;
}

bool
aplic_rectified (const AplicDomain *domain, unsigned n)
{
  bool level = aplic_bit (domain->aplic->level, n);
  switch (mode (domain, n)) {
    case APLIC_EDGE1:
    case APLIC_LEVEL1: return level;
    case APLIC_EDGE0:
    case APLIC_LEVEL0: return !level;
    default: return false;
  }
}

/* The rectified input was `before` and may be something else now. */
static void
input_changed (AplicDomain *domain, unsigned n, bool before)
{
  bool now = aplic_rectified (domain, n);
  bool level = is_level (mode (domain, n));
  if (level && !aplic_by_msi (domain->aplic))
    aplic_set_bit (domain->pending, n, now);
  else if (now && !before)
    aplic_set_bit (domain->pending, n, true);
  else if (!now && level)
    aplic_set_bit (domain->pending, n, false);
}

static void
input_set (void *opaque, unsigned n, bool level)
{
  Aplic *aplic = opaque;
  g_rec_mutex_lock (&aplic->dev.lock);
  AplicDomain *domain =
      aplic->machine.sourcecfg[n] & APLIC_SOURCECFG_D ? &aplic->supervisor : &aplic->machine;
  bool before = aplic_rectified (domain, n);
  aplic_set_bit (aplic->level, n, level);
  if (aplic_rectified (domain, n) != before) {
    device_trace (aplic, "source %u: level %d", n, level);
    input_changed (domain, n, before);
    aplic_deliver (domain);
  }
  g_rec_mutex_unlock (&aplic->dev.lock);
}

IrqLine
aplic_input (Aplic *aplic, unsigned n)
{
  g_return_val_if_fail (n >= 1 && n <= APLIC_SOURCES, (IrqLine){ 0 });
  return (IrqLine){ input_set, aplic, n };
}

void
aplic_write_sourcecfg (AplicDomain *domain, unsigned n, uint32_t value)
{
  Aplic *aplic = domain->aplic;
  AplicDomain *child = &aplic->supervisor;
  bool before = aplic_rectified (domain, n);
  if (domain == child) {
    /* What was not delegated to it a child cannot configure, and it has no child itself. */
    bool delegated = aplic->machine.sourcecfg[n] & APLIC_SOURCECFG_D;
    value = delegated && !(value & APLIC_SOURCECFG_D) ? value & APLIC_SOURCECFG_SM : 0;
  } else {
    value &= value & APLIC_SOURCECFG_D ? APLIC_SOURCECFG_D : APLIC_SOURCECFG_SM;
  }
  if (value == 2 || value == 3) /* reserved modes */
    value = APLIC_INACTIVE;
  domain->sourcecfg[n] = value;
  if (domain != child && !(value & APLIC_SOURCECFG_D) && child->sourcecfg[n] != 0)
    aplic_write_sourcecfg (child, n, 0);
  if (aplic_active (domain, n)) {
    input_changed (domain, n, before);
  } else {
    aplic_set_bit (domain->pending, n, false);
    aplic_set_bit (domain->enabled, n, false);
    domain->target[n] = 0;
  }
  aplic_deliver (domain);
}

void
aplic_write_pending (AplicDomain *domain, unsigned n, bool pending)
{
  if (!aplic_active (domain, n))
    return;
  if (is_level (mode (domain, n)) &&
      (!aplic_by_msi (domain->aplic) || (pending && !aplic_rectified (domain, n))))
    return;
  aplic_set_bit (domain->pending, n, pending);
}

/* Priority 0 does not exist: it is the highest there is, 1. */
static uint32_t
priority (const AplicDomain *domain, unsigned n)
{
  return MAX (APLIC_TARGET_PRIO (domain->target[n]), 1);
}

uint32_t
aplic_topi (const AplicDomain *domain, unsigned hart)
{
  uint32_t best = 0, best_priority = 256;
  for (unsigned word = 0; word < APLIC_WORDS; word++) {
    for (uint32_t bits = domain->pending[word] & domain->enabled[word]; bits != 0; bits &= bits - 1) {
      unsigned n = word * 32 + (unsigned)__builtin_ctz (bits);
      if (n <= APLIC_SOURCES && APLIC_TARGET_HART (domain->target[n]) == hart &&
          priority (domain, n) < best_priority) {
        best = n;
        best_priority = priority (domain, n);
      }
    }
  }
  uint32_t threshold = domain->ithreshold[hart];
  if (best == 0 || (threshold != 0 && best_priority >= threshold))
    return 0;
  return best << 16 | best_priority;
}

uint32_t
aplic_claim (AplicDomain *domain, unsigned hart)
{
  uint32_t topi = aplic_topi (domain, hart);
  unsigned n = topi >> 16;
  device_trace (domain->aplic, "hart index %u claims %u", hart, n);
  if (n == 0)
    domain->iforce[hart] = 0;
  else if (!is_level (mode (domain, n)))
    aplic_set_bit (domain->pending, n, false);
  aplic_deliver (domain);
  return topi;
}

/* SPEC: AIA §4.9.1: where the interrupt file of a hart is, from the root domain's address configuration. */
static uint64_t
msi_address (const AplicDomain *domain, uint32_t hart)
{
  const Aplic *aplic = domain->aplic;
  uint32_t layout = aplic->mmsiaddrcfgh;
  bool machine = domain == &aplic->machine;
  unsigned hhxs = layout >> 24 & 0x1f, hhxw = layout >> 16 & 0x7, lhxw = layout >> 12 & 0xf;
  uint32_t own = machine ? aplic->mmsiaddrcfgh : aplic->smsiaddrcfgh;
  unsigned lhxs = own >> 20 & 0x7;
  uint64_t base = (uint64_t)(own & 0xfff) << 32 | (machine ? aplic->mmsiaddrcfg : aplic->smsiaddrcfg);
  uint64_t group = hart >> lhxw & ((1u << hhxw) - 1), index = hart & ((1u << lhxw) - 1);
  return (base | group << (hhxs + 12) | index << lhxs) << 12;
}

void
aplic_send_msi (AplicDomain *domain, uint32_t hart, uint32_t identity)
{
  Aplic *aplic = domain->aplic;
  uint64_t address = msi_address (domain, hart);
  device_trace (aplic, "message %u to 0x%" PRIx64, identity, address);
  for (unsigned i = 0; i < aplic->n_imsics; i++) {
    const MemoryRegion *region = aplic->imsics[i]->region;
    if (region->map != NULL && region->base == address) {
      imsic_set_pending (aplic->imsics[i], identity);
      return;
    }
  }
  device_guest_error (&aplic->dev, "there is no interrupt file at 0x%" PRIx64 " for hart index %u", address,
                      hart);
}

static void
send_pending (AplicDomain *domain)
{
  if (!(domain->domaincfg & APLIC_DOMAINCFG_IE))
    return;
  for (unsigned n = 1; n <= APLIC_SOURCES; n++) {
    if (!aplic_bit (domain->pending, n) || !aplic_bit (domain->enabled, n))
      continue;
    uint32_t target = domain->target[n];
    aplic_set_bit (domain->pending, n, false);
    aplic_send_msi (domain, APLIC_TARGET_HART (target), APLIC_TARGET_EIID (target));
  }
}

void
aplic_deliver (AplicDomain *domain)
{
  if (aplic_by_msi (domain->aplic)) {
    send_pending (domain);
    return;
  }
  for (unsigned hart = 0; hart < domain->aplic->num_harts; hart++) {
    bool level = domain->domaincfg & APLIC_DOMAINCFG_IE && domain->idelivery[hart] &&
                 (domain->iforce[hart] || aplic_topi (domain, hart) != 0);
    if (level == domain->out_level[hart])
      continue;
    domain->out_level[hart] = level;
    irq_set (&domain->out[hart], level);
  }
}

void
aplic_restate (AplicDomain *domain)
{
  aplic_deliver (domain);
  for (unsigned hart = 0; hart < domain->aplic->num_harts && !aplic_by_msi (domain->aplic); hart++)
    irq_set (&domain->out[hart], domain->out_level[hart]);
}
