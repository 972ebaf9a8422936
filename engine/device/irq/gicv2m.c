/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "gicv2m.h"
#include "register.h"
#include <inttypes.h>

#define FIRST_SPI 32
#define LAST_SPI  1019

static uint64_t
typer_read (Device *dev, unsigned index, uint64_t stored)
{
  const GicV2m *frame = (const GicV2m *)dev;
  return (uint64_t)frame->base_spi << 16 | frame->num_spis;
}

static void
setspi_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  const GicV2m *frame = (const GicV2m *)dev;
  uint64_t n = (written & 0x3ff) - frame->base_spi;

  if (n >= frame->num_spis) {
    device_guest_error (dev, "a message for interrupt %" PRIu64 ", which is not of this frame",
                        written & 0x3ff);
    return;
  }
  irq_set (&frame->out[n], true);
  irq_set (&frame->out[n], false);
}

/* Halves may be written: PCI's messages have 32 bits, of which the specification uses 10. */
static const Register gicv2m_registers[] = {
  { .name = "MSI_TYPER", .offset = 0x008, .size = 4, .read = typer_read },
  { .name = "MSI_SETSPI_NS", .offset = 0x040, .size = 4, .writable = UINT32_MAX, .write = setspi_write },
  { .name = "MSI_IIDR", .offset = 0xfcc, .size = 4 },
  { 0 },
};

static const RegisterBank gicv2m_bank = {
  .name = "gicv2m",
  .size = GICV2M_SIZE,
  .min_access = 2,
  .max_access = 4,
  .narrow_parts = true,
  .regs = gicv2m_registers,
};

static void
gicv2m_init (Device *dev)
{
  ((GicV2m *)dev)->region = device_add_bank (dev, &gicv2m_bank);
}

static bool
gicv2m_realize (Device *dev, GError **error)
{
  const GicV2m *frame = (const GicV2m *)dev;
  if (frame->num_spis == 0 || frame->base_spi < FIRST_SPI ||
      frame->base_spi + frame->num_spis > LAST_SPI + 1) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                 "a GICv2m frame cannot have %u interrupts from %u on; give some within %d to %d",
                 frame->num_spis, frame->base_spi, FIRST_SPI, LAST_SPI);
    return false;
  }
  return true;
}

static const DeviceProp gicv2m_props[] = {
  { "base-spi", DEVICE_PROP_UINT32, offsetof (GicV2m, base_spi), FIRST_SPI, LAST_SPI,
    "number (INTID) of the first interrupt" },
  { "num-spi", DEVICE_PROP_UINT32, offsetof (GicV2m, num_spis), 64, GICV2M_MAX_SPIS,
    "how many interrupts it has" },
  { 0 },
};

const DeviceClass gicv2m_class = {
  .name = "arm-gicv2m",
  .bus = "system",
  .category = "Interrupt controllers",
  .help = "Arm GICv2m frame: messages of PCI devices (MSI) as interrupts",
  .size = sizeof (GicV2m),
  .props = gicv2m_props,
  .init = gicv2m_init,
  .realize = gicv2m_realize,
};
