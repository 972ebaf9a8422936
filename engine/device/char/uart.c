/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "register.h"
#include "uart-private.h"

#define MODEM_CONNECTED (UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD)

/* IIR's identification of the most urgent enabled interrupt. */
static uint8_t
interrupt_id (const Uart *uart)
{
  if (uart->ier & UART_IER_ELSI && uart->lsr & UART_LSR_ERRORS)
    return UART_IIR_LINE_STATUS;
  if (uart->ier & UART_IER_ERBFI && uart->n_rx >= uart_rx_trigger (uart))
    return UART_IIR_RX_DATA;
  if (uart->ier & UART_IER_ERBFI && uart->rx_timeout)
    return UART_IIR_RX_TIMEOUT;
  if (uart->ier & UART_IER_ETBEI && uart->thr_interrupt)
    return UART_IIR_THR_EMPTY;
  if (uart->ier & UART_IER_EDSSI && uart->msr & UART_MSR_DELTAS)
    return UART_IIR_MODEM;
  return UART_IIR_NONE;
}

void
uart_update_irq (Uart *uart)
{
  irq_set (&uart->irq, interrupt_id (uart) != UART_IIR_NONE);
}

static bool
dlab (const Uart *uart)
{
  return uart->lcr & UART_LCR_DLAB;
}

static uint64_t
rbr_read (Device *dev, unsigned index, uint64_t stored)
{
  Uart *uart = (Uart *)dev;
  if (dlab (uart))
    return uart->dll;
  uint8_t byte = uart_take (uart);
  uart_update_irq (uart);
  return byte;
}

static void
thr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Uart *uart = (Uart *)dev;
  if (dlab (uart)) {
    uart->dll = (uint8_t)written;
    return;
  }
  uart_transmit (uart, (uint8_t)written);
  uart_update_irq (uart);
}

static uint64_t
ier_read (Device *dev, unsigned index, uint64_t stored)
{
  Uart *uart = (Uart *)dev;
  return dlab (uart) ? uart->dlm : uart->ier;
}

static void
ier_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Uart *uart = (Uart *)dev;
  if (dlab (uart)) {
    uart->dlm = (uint8_t)written;
    return;
  }
  uint8_t before = uart->ier;
  uart->ier = written & 0x0f;
  /* Enabling the transmitter's interrupt while it is empty raises it: drivers start output with that. */
  if (uart->ier & ~before & UART_IER_ETBEI && uart->lsr & UART_LSR_THRE)
    uart->thr_interrupt = true;
  uart_update_irq (uart);
}

static uint64_t
iir_read (Device *dev, unsigned index, uint64_t stored)
{
  Uart *uart = (Uart *)dev;
  uint8_t id = interrupt_id (uart);
  /* Being told is what takes this one back, and only when it is the one told. */
  if (id == UART_IIR_THR_EMPTY) {
    uart->thr_interrupt = false;
    uart_update_irq (uart);
  }
  return id | (uart->fcr & UART_FCR_ENABLE ? UART_IIR_FIFOS : 0);
}

static void
fcr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Uart *uart = (Uart *)dev;
  bool toggled = (written ^ uart->fcr) & UART_FCR_ENABLE;
  /* The other bits are not programmed unless the FIFOs are enabled with them. */
  uart->fcr = written & UART_FCR_ENABLE ? written & UART_FCR_KEPT : 0;
  if (toggled || (uart->fcr != 0 && written & UART_FCR_CLEAR_RX))
    uart_clear_rx (uart);
  if (toggled || (uart->fcr != 0 && written & UART_FCR_CLEAR_TX))
    uart_clear_tx (uart);
  uart_update_irq (uart);
}

static void
lcr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Uart *uart = (Uart *)dev;
  if (!(written & ~old & UART_LCR_BREAK))
    return;
  device_trace (dev, "the guest sends a break");
  if (uart->mcr & UART_MCR_LOOP) {
    uart_put (uart, 0, UART_LSR_BI);
    uart_update_irq (uart);
  }
}

/* What the modem inputs are: the outputs in loopback mode, a connected line otherwise. */
static uint8_t
modem_inputs (const Uart *uart)
{
  if (!(uart->mcr & UART_MCR_LOOP))
    return MODEM_CONNECTED;
  return (uint8_t)((uart->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
                   (uart->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
                   (uart->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
                   (uart->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0));
}

static void
mcr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Uart *uart = (Uart *)dev;
  uint8_t now = modem_inputs (uart);
  uint8_t changed = (uart->msr ^ now) & (uint8_t)~UART_MSR_DELTAS;
  uint8_t deltas = (uint8_t)(changed >> 4 & (UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_DDCD));
  /* The ring indicator tells its trailing edge only. */
  if (changed & UART_MSR_RI && !(now & UART_MSR_RI))
    deltas |= UART_MSR_TERI;
  uart->msr = (uint8_t)((uart->msr & UART_MSR_DELTAS) | deltas | now);
  uart_update_irq (uart);
  if (old & ~written & UART_MCR_LOOP && uart->input_stalled) {
    uart->input_stalled = false;
    chardev_accept_input (uart->chr);
  }
}

static uint64_t
lsr_read (Device *dev, unsigned index, uint64_t stored)
{
  Uart *uart = (Uart *)dev;
  uint8_t value = uart->lsr;
  if (value & UART_LSR_ERRORS) {
    uart_forget_errors (uart);
    uart_update_irq (uart);
  }
  return value;
}

static uint64_t
msr_read (Device *dev, unsigned index, uint64_t stored)
{
  Uart *uart = (Uart *)dev;
  uint8_t value = uart->msr;
  if (value & UART_MSR_DELTAS) {
    uart->msr &= (uint8_t)~UART_MSR_DELTAS;
    uart_update_irq (uart);
  }
  return value;
}

static const Register uart_registers[] = {
  { .name = "rbr", .offset = 0, .size = 1, .writable = 0xff, .read = rbr_read, .write = thr_write },
  { .name = "ier", .offset = 1, .size = 1, .writable = 0xff, .read = ier_read, .write = ier_write },
  { .name = "iir", .offset = 2, .size = 1, .writable = 0xff, .read = iir_read, .write = fcr_write },
  { .name = "lcr", .offset = 3, .size = 1, REGISTER_AT (Uart, lcr), .writable = 0xff, .write = lcr_write },
  { .name = "mcr", .offset = 4, .size = 1, REGISTER_AT (Uart, mcr), .writable = 0x1f, .write = mcr_write },
  { .name = "lsr",
    .offset = 5,
    .size = 1,
    REGISTER_AT (Uart, lsr),
    .reset = UART_LSR_THRE | UART_LSR_TEMT,
    .read = lsr_read },
  { .name = "msr",
    .offset = 6,
    .size = 1,
    REGISTER_AT (Uart, msr),
    .reset = MODEM_CONNECTED,
    .read = msr_read },
  { .name = "scr", .offset = 7, .size = 1, REGISTER_AT (Uart, scr), .writable = 0xff },
  { 0 },
};

static const RegisterBank uart_bank = {
  .name = "uart",
  .size = UART_SIZE,
  .min_access = 1,
  .max_access = 1,
  .regs = uart_registers,
};

static void
uart_init (Device *dev)
{
  Uart *uart = (Uart *)dev;
  uart->region = device_add_bank (dev, &uart_bank);
}

static bool
uart_realize (Device *dev, GError **error)
{
  Uart *uart = (Uart *)dev;
  uart_line_init (uart);
  if (uart->chr == NULL || chardev_attach (uart->chr, &uart_frontend, uart, error))
    return true;
  uart_line_free (uart);
  return false;
}

static void
uart_unrealize (Device *dev)
{
  Uart *uart = (Uart *)dev;
  if (uart->chr != NULL)
    chardev_detach_one (uart->chr, uart);
  uart_line_free (uart);
}

static void
uart_reset (Device *dev)
{
  Uart *uart = (Uart *)dev;
  uart->ier = uart->fcr = uart->dll = uart->dlm = 0;
  uart->n_tx = 0;
  uart->thr_interrupt = false;
  uart_clear_rx (uart);
  uart_update_irq (uart);
}

static bool
uart_loaded (Device *dev, GError **error)
{
  Uart *uart = (Uart *)dev;
  uart_flush (uart);
  uart_update_irq (uart);
  return true;
}

static const DeviceProp uart_props[] = {
  { "clock-frequency", DEVICE_PROP_UINT32, offsetof (Uart, clock_frequency), 3686400, 0,
    "input of the baud rate generator in Hz" },
  { 0 },
};

static const DeviceSave uart_saved[] = {
  { "ier", DEVICE_SAVE_U8, offsetof (Uart, ier), 1, 0x0f },
  { "fcr", DEVICE_SAVE_U8, offsetof (Uart, fcr), 1, UART_FCR_KEPT },
  { "dll", DEVICE_SAVE_U8, offsetof (Uart, dll) },
  { "dlm", DEVICE_SAVE_U8, offsetof (Uart, dlm) },
  { "rx", DEVICE_SAVE_U8, offsetof (Uart, rx), UART_FIFO_SIZE },
  { "rx-errors", DEVICE_SAVE_U8, offsetof (Uart, rx_errors), UART_FIFO_SIZE, UART_LSR_ERRORS },
  { "tx", DEVICE_SAVE_U8, offsetof (Uart, tx), UART_FIFO_SIZE },
  { "n-rx", DEVICE_SAVE_U32, offsetof (Uart, n_rx), 1, UART_FIFO_SIZE },
  { "n-tx", DEVICE_SAVE_U32, offsetof (Uart, n_tx), 1, UART_FIFO_SIZE },
  { "thr-interrupt", DEVICE_SAVE_BOOL, offsetof (Uart, thr_interrupt) },
  { "rx-timeout", DEVICE_SAVE_BOOL, offsetof (Uart, rx_timeout) },
  { "rx-timer", DEVICE_SAVE_TIMER, offsetof (Uart, rx_timer) },
  { 0 },
};

const DeviceClass uart_class = {
  .name = "ns16550a",
  .bus = "system",
  .category = "Character devices",
  .help = "NS16550A serial port",
  .size = sizeof (Uart),
  .props = uart_props,
  .saved = uart_saved,
  .init = uart_init,
  .realize = uart_realize,
  .unrealize = uart_unrealize,
  .reset = uart_reset,
  .loaded = uart_loaded,
};
