/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "aclint.h"
#include "register.h"
#include <inttypes.h>

/* The last tick whose time in nanoseconds the clock can express. */
#define LAST_TICK ((uint64_t)INT64_MAX / ACLINT_TICK_NS)

static uint64_t
clock_ticks (Aclint *aclint)
{
  return (uint64_t)clock_now (aclint->clock) / ACLINT_TICK_NS;
}

static uint64_t
mtime_now (Aclint *aclint)
{
  return clock_ticks (aclint) + aclint->mtime_offset;
}

static void
update_mtip (Aclint *aclint, unsigned hart)
{
  /* Looked at once: what is not due must not become due before the timer is armed for it. */
  uint64_t ticks = clock_ticks (aclint);
  uint64_t mtime = ticks + aclint->mtime_offset;
  uint64_t mtimecmp = aclint->mtimecmp[hart];
  bool due = mtime >= mtimecmp;
  if (due || mtimecmp - mtime > LAST_TICK - ticks)
    clock_timer_cancel (aclint->timers[hart].timer);
  else
    clock_timer_set (aclint->timers[hart].timer, (int64_t)((ticks + (mtimecmp - mtime)) * ACLINT_TICK_NS));
  device_trace (aclint, "hart %u: mtip %d, %" PRId64 " ticks to go", hart, due, (int64_t)(mtimecmp - mtime));
  irq_set (&aclint->mtip_out[hart], due);
}

static void
timer_expired (void *opaque)
{
  AclintTimer *timer = opaque;
  g_rec_mutex_lock (&timer->aclint->dev.lock);
  /* mtimecmp may have been written between the expiry and the lock: what it says now counts. */
  update_mtip (timer->aclint, timer->hart);
  g_rec_mutex_unlock (&timer->aclint->dev.lock);
}

static bool
hart_exists (Aclint *aclint, unsigned hart, const char *reg)
{
  if (hart < aclint->num_harts)
    return true;
  device_guest_error (&aclint->dev, "%s of hart %u, which does not exist", reg, hart);
  return false;
}

static void
msip_write (Device *dev, unsigned hart, uint64_t written, uint64_t old)
{
  Aclint *aclint = (Aclint *)dev;
  if (hart_exists (aclint, hart, "msip"))
    irq_set (&aclint->msip_out[hart], aclint->msip[hart] & 1);
}

static void
mtimecmp_write (Device *dev, unsigned hart, uint64_t written, uint64_t old)
{
  Aclint *aclint = (Aclint *)dev;
  if (hart_exists (aclint, hart, "mtimecmp"))
    update_mtip (aclint, hart);
}

static uint64_t
mtime_read (Device *dev, unsigned index, uint64_t stored)
{
  return mtime_now ((Aclint *)dev);
}

static void
mtime_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Aclint *aclint = (Aclint *)dev;
  aclint->mtime_offset = written - clock_ticks (aclint);
  for (unsigned hart = 0; hart < aclint->num_harts; hart++)
    update_mtip (aclint, hart);
}

static const Register aclint_registers[] = {
  { .name = "msip",
    .offset = ACLINT_MSIP_BASE,
    .size = 4,
    .count = ACLINT_MAX_HARTS,
    .stride = 4,
    REGISTER_AT (Aclint, msip),
    .writable = 1,
    .write = msip_write },
  { .name = "mtimecmp",
    .offset = ACLINT_MTIMECMP_BASE,
    .size = 8,
    .count = ACLINT_MAX_HARTS,
    .stride = 8,
    REGISTER_AT (Aclint, mtimecmp),
    .reset = UINT64_MAX,
    .writable = UINT64_MAX,
    .write = mtimecmp_write },
  { .name = "mtime",
    .offset = ACLINT_MTIME_BASE,
    .size = 8,
    .writable = UINT64_MAX,
    .read = mtime_read,
    .write = mtime_write },
  { 0 },
};

static const RegisterBank aclint_bank = {
  .name = "aclint",
  .size = ACLINT_SIZE,
  .min_access = 4,
  .max_access = 8,
  .wide_halves = true,
  .regs = aclint_registers,
};

static void
aclint_init (Device *dev)
{
  Aclint *aclint = (Aclint *)dev;
  aclint->region = device_add_bank (dev, &aclint_bank);
}

static bool
aclint_realize (Device *dev, GError **error)
{
  Aclint *aclint = (Aclint *)dev;
  for (unsigned hart = 0; hart < aclint->num_harts; hart++) {
    AclintTimer *timer = &aclint->timers[hart];
    timer->aclint = aclint;
    timer->hart = hart;
    timer->timer = clock_timer_new (aclint->clock, timer_expired, timer);
  }
  return true;
}

static void
aclint_unrealize (Device *dev)
{
  Aclint *aclint = (Aclint *)dev;
  for (unsigned hart = 0; hart < aclint->num_harts; hart++)
    clock_timer_free (aclint->timers[hart].timer);
}

static bool
aclint_loaded (Device *dev, GError **error)
{
  Aclint *aclint = (Aclint *)dev;
  for (unsigned hart = 0; hart < aclint->num_harts; hart++) {
    irq_set (&aclint->msip_out[hart], aclint->msip[hart] & 1);
    update_mtip (aclint, hart);
  }
  return true;
}

static void
aclint_reset (Device *dev)
{
  Aclint *aclint = (Aclint *)dev;
  aclint->mtime_offset = 0;
  aclint_loaded (dev, NULL);
}

static const DeviceProp aclint_props[] = {
  { "num-harts", DEVICE_PROP_UINT32, offsetof (Aclint, num_harts), 1, ACLINT_MAX_HARTS,
    "harts that have a timer and a software interrupt" },
  { 0 },
};

static const DeviceSave aclint_saved[] = {
  { "mtime-offset", DEVICE_SAVE_U64, offsetof (Aclint, mtime_offset) },
  { 0 },
};

const DeviceClass aclint_class = {
  .name = "riscv-aclint",
  .bus = "system",
  .category = "Interrupt controllers",
  .help = "RISC-V timer and software interrupts (CLINT)",
  .size = sizeof (Aclint),
  .props = aclint_props,
  .saved = aclint_saved,
  .init = aclint_init,
  .realize = aclint_realize,
  .unrealize = aclint_unrealize,
  .reset = aclint_reset,
  .loaded = aclint_loaded,
};
