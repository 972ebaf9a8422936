/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The ITS's registers, its messages, and its life as a device. */

#include "gic-its-private.h"
#include "gicv3-private.h"
#include <gio/gio.h>

#define ITS(dev) ((GicIts *)(dev))

/* GITS_TYPER: physical LPIs, entries of eight bytes, 16 bits of EventID and of DeviceID; PEs by number;
 * collections of 16 bits in memory. */
#define TYPER                                                                                                \
  (UINT64_C (1) | (ITS_ENTRY_SIZE - 1) << 4 | (ITS_EVENT_BITS - 1) << 8 | (ITS_DEVICE_BITS - 1) << 13)
#define CTLR_QUIESCENT UINT32_C (0x80000000)

#define CBASER_WRITABLE UINT64_C (0xb8effffffffffcff)
#define QUEUE_OFFSET    UINT64_C (0xfffe0)
#define BASER_WRITABLE  UINT64_C (0xf8e0ffffffffffff)

static const uint64_t baser_fixed[8] = {
  [ITS_DEVICES] = UINT64_C (1) << 56 | (uint64_t)(ITS_ENTRY_SIZE - 1) << 48,
  [ITS_COLLECTIONS] = UINT64_C (4) << 56 | (uint64_t)(ITS_ENTRY_SIZE - 1) << 48,
};

/* ---- Messages. ---- */

void
gic_its_msi (GicIts *its, uint32_t device_id, uint32_t event)
{
  g_rec_mutex_lock (&its->dev.lock);
  GicItsTranslation *t = &its->cache[(device_id * 31 + event) % GIC_ITS_CACHE];
  bool hit = t->lpi != 0 && t->device == device_id && t->event == event;
  device_trace (its, "message %u of device 0x%x", event, device_id);
  if (!(its->ctlr & ITS_CTLR_ENABLED)) {
    device_guest_error (&its->dev, "a message comes while the ITS is off");
  } else if (hit || its_translate (its, device_id, event, &t->lpi, &t->cpu)) {
    t->device = device_id;
    t->event = event;
    gicv3_lpi_set_pending (its->gic, t->cpu, t->lpi, true);
    gicv3_lpi_commit (its->gic);
  } else {
    t->lpi = 0;
    device_guest_error (&its->dev, "event %u of device 0x%x is not mapped", event, device_id);
  }
  g_rec_mutex_unlock (&its->dev.lock);
}

static void
translater_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  device_guest_error (dev, "a message to GITS_TRANSLATER comes from no device");
}

/* ---- Registers. ---- */

static bool
is_enabled (const GicIts *its)
{
  return its->ctlr & ITS_CTLR_ENABLED;
}

static uint64_t
ctlr_read (Device *dev, unsigned index, uint64_t stored)
{
  return is_enabled (ITS (dev)) ? ITS_CTLR_ENABLED : CTLR_QUIESCENT;
}

static void
ctlr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicIts *its = ITS (dev);
  its->ctlr = written & ITS_CTLR_ENABLED;
  its_forget (its);
  its_run_commands (its);
}

static uint64_t
iidr_read (Device *dev, unsigned index, uint64_t stored)
{
  return GICV3_IIDR;
}

static uint64_t
typer_read (Device *dev, unsigned index, uint64_t stored)
{
  return TYPER;
}

static uint64_t
cbaser_read (Device *dev, unsigned index, uint64_t stored)
{
  return ITS (dev)->cbaser;
}

static void
cbaser_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicIts *its = ITS (dev);
  if (is_enabled (its)) {
    device_guest_error (dev, "GITS_CBASER is written while the ITS is on");
    return;
  }
  its->cbaser = written & CBASER_WRITABLE;
  its->creadr = 0;
}

static uint64_t
cwriter_read (Device *dev, unsigned index, uint64_t stored)
{
  return ITS (dev)->cwriter;
}

static void
cwriter_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicIts *its = ITS (dev);
  its->cwriter = written & QUEUE_OFFSET;
  its_run_commands (its);
}

static uint64_t
creadr_read (Device *dev, unsigned index, uint64_t stored)
{
  return ITS (dev)->creadr;
}

static uint64_t
baser_read (Device *dev, unsigned index, uint64_t stored)
{
  return ITS (dev)->baser[index] | baser_fixed[index];
}

static void
baser_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicIts *its = ITS (dev);
  if (index >= ITS_N_TABLES)
    return;
  if (is_enabled (its)) {
    device_guest_error (dev, "GITS_BASER%u is written while the ITS is on", index);
    return;
  }
  its->baser[index] = written & BASER_WRITABLE;
  its_forget (its);
}

static uint64_t
id_read (Device *dev, unsigned index, uint64_t stored)
{
  return gicv3_read_id (index, 0x94);
}

static const Register its_registers[] = {
  { .name = "ctlr", .offset = 0, .size = 4, .writable = UINT32_MAX, .read = ctlr_read, .write = ctlr_write },
  { .name = "iidr", .offset = 4, .size = 4, .read = iidr_read },
  { .name = "typer", .offset = 8, .size = 8, .read = typer_read },
  { .name = "cbaser",
    .offset = 0x80,
    .size = 8,
    .writable = UINT64_MAX,
    .read = cbaser_read,
    .write = cbaser_write },
  { .name = "cwriter",
    .offset = 0x88,
    .size = 8,
    .writable = UINT64_MAX,
    .read = cwriter_read,
    .write = cwriter_write },
  { .name = "creadr", .offset = 0x90, .size = 8, .read = creadr_read },
  { .name = "baser",
    .offset = 0x100,
    .size = 8,
    .count = 8,
    .writable = UINT64_MAX,
    .read = baser_read,
    .write = baser_write },
  { .name = "id", .offset = 0xffd0, .size = 4, .count = 12, .read = id_read },
  { .name = "translater",
    .offset = GIC_ITS_TRANSLATER,
    .size = 4,
    .writable = UINT32_MAX,
    .write = translater_write },
  { 0 },
};

static const RegisterBank its_bank = {
  .name = "gits",
  .size = GIC_ITS_SIZE,
  .min_access = 4,
  .max_access = 8,
  .wide_halves = true,
  .regs = its_registers,
};

/* ---- Its life. ---- */

static void
its_init (Device *dev)
{
  ITS (dev)->region = device_add_bank (dev, &its_bank);
}

static bool
its_realize (Device *dev, GError **error)
{
  const GicIts *its = ITS (dev);
  if (its->gic != NULL && its->gic->has_lpi && its->map != NULL)
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "%s: an ITS needs a GICv3 with LPIs, and memory; make one with has-lpi=on", dev->path);
  return false;
}

static void
its_reset (Device *dev)
{
  GicIts *its = ITS (dev);
  its->ctlr = 0;
  its->cbaser = its->cwriter = its->creadr = 0;
  memset (its->baser, 0, sizeof its->baser);
  its_forget (its);
}

static bool
its_loaded (Device *dev, GError **error)
{
  GicIts *its = ITS (dev);
  its->cbaser &= CBASER_WRITABLE;
  its->cwriter &= QUEUE_OFFSET;
  its->creadr &= QUEUE_OFFSET;
  for (unsigned i = 0; i < G_N_ELEMENTS (its->baser); i++)
    its->baser[i] &= i < ITS_N_TABLES ? BASER_WRITABLE : 0;
  its_forget (its);
  return true;
}

static const DeviceSave its_saved[] = {
  { "ctlr", DEVICE_SAVE_U32, offsetof (GicIts, ctlr), 1, 1 },
  { "cbaser", DEVICE_SAVE_U64, offsetof (GicIts, cbaser) },
  { "cwriter", DEVICE_SAVE_U64, offsetof (GicIts, cwriter) },
  { "creadr", DEVICE_SAVE_U64, offsetof (GicIts, creadr) },
  { "baser", DEVICE_SAVE_U64, offsetof (GicIts, baser), 8 },
  { 0 },
};

const DeviceClass gic_its_class = {
  .name = "arm-gicv3-its",
  .bus = "system",
  .category = "Interrupt controllers",
  .help = "Arm Interrupt Translation Service: messages become interrupts of a GICv3",
  .size = sizeof (GicIts),
  .saved = its_saved,
  .init = its_init,
  .realize = its_realize,
  .reset = its_reset,
  .loaded = its_loaded,
};
