/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "pl011-private.h"
#include "register.h"

void
pl011_update_irq (Pl011 *uart)
{
  irq_set (&uart->irq, uart->ris & uart->imsc);
}

static uint64_t
dr_read (Device *dev, unsigned index, uint64_t stored)
{
  Pl011 *uart = (Pl011 *)dev;
  uint16_t character = pl011_take (uart);

  pl011_update_irq (uart);
  return character;
}

static void
dr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Pl011 *uart = (Pl011 *)dev;

  if ((uart->cr & (PL011_CR_UARTEN | PL011_CR_TXE)) != (PL011_CR_UARTEN | PL011_CR_TXE))
    device_guest_error (dev, "a character is sent while the transmitter is disabled");
  pl011_transmit (uart, (uint8_t)written);
  pl011_update_irq (uart);
}

/* Any value clears the errors. */
static void
ecr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  ((Pl011 *)dev)->rsr = 0;
}

static uint64_t
fr_read (Device *dev, unsigned index, uint64_t stored)
{
  const Pl011 *uart = (const Pl011 *)dev;
  unsigned depth = pl011_depth (uart);

  return uart->modem | (uart->n_rx == 0 ? PL011_FR_RXFE : 0) | (uart->n_rx >= depth ? PL011_FR_RXFF : 0) |
         (uart->n_tx == 0 ? PL011_FR_TXFE : PL011_FR_BUSY) | (uart->n_tx >= depth ? PL011_FR_TXFF : 0);
}

static void
lcr_h_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Pl011 *uart = (Pl011 *)dev;

  if ((written ^ old) & PL011_LCR_FEN)
    pl011_clear (uart);
  if (written & ~old & PL011_LCR_BRK) {
    device_trace (dev, "the guest sends a break");
    if (uart->cr & PL011_CR_LBE)
      pl011_put (uart, PL011_DR_BE);
  }
  pl011_update_irq (uart);
}

/* What the modem inputs are: the outputs in loopback mode, a connected line otherwise. */
static uint32_t
modem_inputs (const Pl011 *uart)
{
  if (!(uart->cr & PL011_CR_LBE))
    return PL011_MODEM_CONNECTED;
  return (
      uint32_t)((uart->cr & PL011_CR_RTS ? PL011_FR_CTS : 0) | (uart->cr & PL011_CR_DTR ? PL011_FR_DSR : 0) |
                (uart->cr & PL011_CR_OUT1 ? PL011_FR_DCD : 0) | (uart->cr & PL011_CR_OUT2 ? PL011_FR_RI : 0));
}

static void
cr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Pl011 *uart = (Pl011 *)dev;
  uint32_t now = modem_inputs (uart), changed = uart->modem ^ now;

  uart->modem = now;
  uart->ris |=
      (uint32_t)((changed & PL011_FR_CTS ? PL011_INT_CTS : 0) | (changed & PL011_FR_DSR ? PL011_INT_DSR : 0) |
                 (changed & PL011_FR_DCD ? PL011_INT_DCD : 0) | (changed & PL011_FR_RI ? PL011_INT_RI : 0));
  pl011_update_irq (uart);
  if (old & ~written & PL011_CR_LBE && uart->input_stalled && uart->n_rx < pl011_depth (uart)) {
    uart->input_stalled = false;
    chardev_accept_input (uart->chr);
  }
}

static void
imsc_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  pl011_update_irq ((Pl011 *)dev);
}

static uint64_t
mis_read (Device *dev, unsigned index, uint64_t stored)
{
  const Pl011 *uart = (const Pl011 *)dev;

  return uart->ris & uart->imsc;
}

static void
icr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Pl011 *uart = (Pl011 *)dev;

  uart->ris &= ~(uint32_t)written;
  pl011_update_irq (uart);
}

/* UARTPeriphID0 to 3, UARTPCellID0 to 3. */
static uint64_t
id_read (Device *dev, unsigned index, uint64_t stored)
{
  static const uint8_t ids[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

  return ids[index];
}

#define WORD(field) .size = 4, REGISTER_AT (Pl011, field)
static const Register pl011_registers[] = {
  { .name = "UARTDR", .offset = 0x000, .size = 4, .writable = 0xff, .read = dr_read, .write = dr_write },
  { .name = "UARTRSR", .offset = 0x004, WORD (rsr), .write = ecr_write },
  { .name = "UARTFR", .offset = 0x018, .size = 4, .read = fr_read },
  { .name = "UARTILPR", .offset = 0x020, WORD (ilpr), .writable = 0xff },
  { .name = "UARTIBRD", .offset = 0x024, WORD (ibrd), .writable = 0xffff },
  { .name = "UARTFBRD", .offset = 0x028, WORD (fbrd), .writable = 0x3f },
  { .name = "UARTLCR_H", .offset = 0x02c, WORD (lcr_h), .writable = 0xff, .write = lcr_h_write },
  { .name = "UARTCR", .offset = 0x030, WORD (cr), .reset = 0x300, .writable = 0xff87, .write = cr_write },
  { .name = "UARTIFLS", .offset = 0x034, WORD (ifls), .reset = 0x12, .writable = 0x3f },
  { .name = "UARTIMSC", .offset = 0x038, WORD (imsc), .writable = PL011_INT_ALL, .write = imsc_write },
  { .name = "UARTRIS", .offset = 0x03c, WORD (ris) },
  { .name = "UARTMIS", .offset = 0x040, .size = 4, .read = mis_read },
  { .name = "UARTICR", .offset = 0x044, .size = 4, .writable = PL011_INT_ALL, .write = icr_write },
  { .name = "UARTDMACR", .offset = 0x048, WORD (dmacr), .writable = 7 },
  { .name = "ID", .offset = 0xfe0, .size = 4, .count = 8, .stride = 4, .read = id_read },
  { 0 },
};

static const RegisterBank pl011_bank = {
  .name = "pl011",
  .size = PL011_SIZE,
  .min_access = 1,
  .max_access = 4,
  .narrow_parts = true, /* the bus is 16 bits wide, and drivers choose either */
  .regs = pl011_registers,
};

static void
pl011_init (Device *dev)
{
  ((Pl011 *)dev)->region = device_add_bank (dev, &pl011_bank);
}

static bool
pl011_realize (Device *dev, GError **error)
{
  Pl011 *uart = (Pl011 *)dev;

  pl011_line_init (uart);
  if (uart->chr == NULL || chardev_attach (uart->chr, &pl011_frontend, uart, error))
    return true;
  pl011_line_free (uart);
  return false;
}

static void
pl011_unrealize (Device *dev)
{
  Pl011 *uart = (Pl011 *)dev;

  if (uart->chr != NULL)
    chardev_detach_one (uart->chr, uart);
  pl011_line_free (uart);
}

static void
pl011_reset (Device *dev)
{
  Pl011 *uart = (Pl011 *)dev;

  uart->modem = PL011_MODEM_CONNECTED;
  pl011_clear (uart);
  pl011_update_irq (uart);
}

static bool
pl011_loaded (Device *dev, GError **error)
{
  Pl011 *uart = (Pl011 *)dev;

  pl011_flush (uart);
  pl011_update_irq (uart);
  return true;
}

static const DeviceProp pl011_props[] = {
  { "clock-frequency", DEVICE_PROP_UINT32, offsetof (Pl011, clock_frequency), 24000000, 0,
    "input of the baud rate generator in Hz" },
  { 0 },
};

static const DeviceSave pl011_saved[] = {
  { "rx", DEVICE_SAVE_U16, offsetof (Pl011, rx), PL011_FIFO_SIZE, 0xfff },
  { "tx", DEVICE_SAVE_U8, offsetof (Pl011, tx), PL011_FIFO_SIZE },
  { "n-rx", DEVICE_SAVE_U32, offsetof (Pl011, n_rx), 1, PL011_FIFO_SIZE },
  { "n-tx", DEVICE_SAVE_U32, offsetof (Pl011, n_tx), 1, PL011_FIFO_SIZE },
  { "modem", DEVICE_SAVE_U32, offsetof (Pl011, modem), 1,
    PL011_FR_RI | PL011_FR_CTS | PL011_FR_DSR | PL011_FR_DCD },
  { "rx-timer", DEVICE_SAVE_TIMER, offsetof (Pl011, rx_timer) },
  { 0 },
};

const DeviceClass pl011_class = {
  .name = "pl011",
  .bus = "system",
  .category = "Character devices",
  .help = "PrimeCell PL011 serial port",
  .size = sizeof (Pl011),
  .props = pl011_props,
  .saved = pl011_saved,
  .init = pl011_init,
  .realize = pl011_realize,
  .unrealize = pl011_unrealize,
  .reset = pl011_reset,
  .loaded = pl011_loaded,
};
