/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "pl061.h"
#include "register.h"

/* GPIORIS: edges are kept until they are cleared, levels are there as long as they last. */
static uint32_t
raw_interrupts (const Pl061 *gpio)
{
  uint32_t levels = ~(gpio->pins ^ gpio->iev) & gpio->is;

  return (levels | (gpio->edges & ~gpio->is)) & 0xff;
}

static void
update (Pl061 *gpio)
{
  uint32_t pins = (gpio->data & gpio->dir) | (gpio->input & ~gpio->dir);
  uint32_t changed = pins ^ gpio->pins, outputs = gpio->dir & gpio->data;

  gpio->edges |= changed & (gpio->ibe | ~(pins ^ gpio->iev)) & ~gpio->is & 0xff;
  gpio->pins = (uint8_t)pins;
  for (unsigned pin = 0; pin < PL061_PINS; pin++)
    irq_set (&gpio->out[pin], outputs >> pin & 1);
  irq_set (&gpio->irq, raw_interrupts (gpio) & gpio->ie);
}

static void
set_input (void *opaque, unsigned pin, bool level)
{
  Pl061 *gpio = opaque;

  g_rec_mutex_lock (&gpio->dev.lock);
  gpio->input = (uint8_t)((gpio->input & ~(1u << pin)) | (unsigned)level << pin);
  update (gpio);
  g_rec_mutex_unlock (&gpio->dev.lock);
}

IrqLine
pl061_input (Pl061 *gpio, unsigned pin)
{
  return (IrqLine){ set_input, gpio, pin };
}

/* Bits 9:2 of the address say which pins are meant. */
static uint64_t
data_read (Device *dev, unsigned index, uint64_t stored)
{
  return ((const Pl061 *)dev)->pins & index;
}

static void
data_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Pl061 *gpio = (Pl061 *)dev;
  uint32_t mask = index & gpio->dir;

  gpio->data = (gpio->data & ~mask) | ((uint32_t)written & mask);
  update (gpio);
}

static void
setting_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  update ((Pl061 *)dev);
}

static uint64_t
ris_read (Device *dev, unsigned index, uint64_t stored)
{
  return raw_interrupts ((const Pl061 *)dev);
}

static uint64_t
mis_read (Device *dev, unsigned index, uint64_t stored)
{
  const Pl061 *gpio = (const Pl061 *)dev;

  return raw_interrupts (gpio) & gpio->ie;
}

static void
ic_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Pl061 *gpio = (Pl061 *)dev;

  gpio->edges &= ~(uint32_t)written;
  update (gpio);
}

/* GPIOPeriphID0 to 3, GPIOPCellID0 to 3. */
static uint64_t
id_read (Device *dev, unsigned index, uint64_t stored)
{
  static const uint8_t ids[] = { 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

  return ids[index];
}

#define WORD(field) .size = 4, REGISTER_AT (Pl061, field), .writable = 0xff
static const Register pl061_registers[] = {
  { .name = "GPIODATA",
    .offset = 0x000,
    .size = 4,
    .count = 256,
    .stride = 4,
    .writable = 0xff,
    .read = data_read,
    .write = data_write },
  { .name = "GPIODIR", .offset = 0x400, WORD (dir), .write = setting_write },
  { .name = "GPIOIS", .offset = 0x404, WORD (is), .write = setting_write },
  { .name = "GPIOIBE", .offset = 0x408, WORD (ibe), .write = setting_write },
  { .name = "GPIOIEV", .offset = 0x40c, WORD (iev), .write = setting_write },
  { .name = "GPIOIE", .offset = 0x410, WORD (ie), .write = setting_write },
  { .name = "GPIORIS", .offset = 0x414, .size = 4, .read = ris_read },
  { .name = "GPIOMIS", .offset = 0x418, .size = 4, .read = mis_read },
  { .name = "GPIOIC", .offset = 0x41c, .size = 4, .writable = 0xff, .write = ic_write },
  { .name = "GPIOAFSEL", .offset = 0x420, WORD (afsel) },
  { .name = "ID", .offset = 0xfe0, .size = 4, .count = 8, .stride = 4, .read = id_read },
  { 0 },
};

static const RegisterBank pl061_bank = {
  .name = "pl061",
  .size = PL061_SIZE,
  .min_access = 1,
  .max_access = 4,
  .narrow_parts = true,
  .regs = pl061_registers,
};

static void
pl061_init (Device *dev)
{
  ((Pl061 *)dev)->region = device_add_bank (dev, &pl061_bank);
}

/* What drives the pins from outside stays. */
static void
pl061_reset (Device *dev)
{
  Pl061 *gpio = (Pl061 *)dev;

  gpio->data = gpio->edges = 0;
  gpio->pins = gpio->input;
  update (gpio);
}

static bool
pl061_loaded (Device *dev, GError **error)
{
  update ((Pl061 *)dev);
  return true;
}

static const DeviceSave pl061_saved[] = {
  { "data", DEVICE_SAVE_U32, offsetof (Pl061, data), 1, 0xff },
  { "edges", DEVICE_SAVE_U32, offsetof (Pl061, edges), 1, 0xff },
  { "input", DEVICE_SAVE_U8, offsetof (Pl061, input) },
  { "pins", DEVICE_SAVE_U8, offsetof (Pl061, pins) },
  { 0 },
};

const DeviceClass pl061_class = {
  .name = "pl061",
  .bus = "system",
  .category = "Misc devices",
  .help = "PrimeCell PL061 GPIO controller",
  .size = sizeof (Pl061),
  .saved = pl061_saved,
  .init = pl061_init,
  .reset = pl061_reset,
  .loaded = pl061_loaded,
};
