/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The UART's FIFOs between its registers and the back end. */

#include "uart-private.h"
#include <string.h>

static unsigned
rx_capacity (const Uart *uart)
{
  return uart->fcr & UART_FCR_ENABLE ? UART_FIFO_SIZE : 1;
}

unsigned
uart_rx_trigger (const Uart *uart)
{
  static const uint8_t triggers[] = { 1, 4, 8, 14 };
  return uart->fcr & UART_FCR_ENABLE ? triggers[uart->fcr >> 6] : 1;
}

/* Nanoseconds from a character's start bit to its last stop bit. */
static int64_t
character_time (const Uart *uart)
{
  unsigned divisor = uart->dlm << 8 | uart->dll;
  unsigned bits = 1 + 5 + (uart->lcr & UART_LCR_WORD_LENGTH) + !!(uart->lcr & UART_LCR_PARITY) + 1 +
                  !!(uart->lcr & UART_LCR_STOP);
  return (int64_t)bits * MAX (divisor, 1) * 16 * 1000000000 / MAX (uart->clock_frequency, 1);
}

/* The timeout runs while characters below the trigger wait, and starts over when one comes or goes. */
static void
restart_rx_timer (Uart *uart)
{
  uart->rx_timeout = false;
  if (uart->n_rx > 0 && uart->fcr & UART_FCR_ENABLE)
    clock_timer_set (uart->rx_timer, clock_now (uart->clock) + 4 * character_time (uart));
  else
    clock_timer_cancel (uart->rx_timer);
}

static void
rx_timer_expired (void *opaque)
{
  Uart *uart = opaque;
  g_rec_mutex_lock (&uart->dev.lock);
  /* A character may have come or gone in the meantime: then the timer runs again. */
  if (uart->n_rx > 0 && clock_timer_when (uart->rx_timer) < 0) {
    uart->rx_timeout = true;
    uart_update_irq (uart);
  }
  g_rec_mutex_unlock (&uart->dev.lock);
}

/* LSR shows the oldest character's errors from the moment it is the oldest. */
static void
show_oldest (Uart *uart)
{
  uart->lsr &= (uint8_t)~(UART_LSR_DR | UART_LSR_FIFO_ERROR);
  if (uart->n_rx == 0)
    return;
  uart->lsr |= UART_LSR_DR | uart->rx_errors[0];
  for (unsigned i = 0; i < uart->n_rx; i++)
    if (uart->rx_errors[i] != 0 && uart->fcr & UART_FCR_ENABLE)
      uart->lsr |= UART_LSR_FIFO_ERROR;
}

void
uart_forget_errors (Uart *uart)
{
  uart->lsr &= (uint8_t)~UART_LSR_ERRORS;
  if (uart->n_rx > 0)
    uart->rx_errors[0] = 0;
  show_oldest (uart);
}

static void
accept_input (Uart *uart)
{
  if (uart->input_stalled && uart->n_rx < rx_capacity (uart)) {
    uart->input_stalled = false;
    chardev_accept_input (uart->chr);
  }
}

void
uart_put (Uart *uart, uint8_t byte, uint8_t errors)
{
  if (uart->n_rx >= rx_capacity (uart)) {
    uart->lsr |= UART_LSR_OE;
    /* Without FIFOs the new character takes the old one's place, with them it is lost. */
    if (uart->fcr & UART_FCR_ENABLE)
      return;
    uart->n_rx = 0;
  }
  uart->rx[uart->n_rx] = byte;
  uart->rx_errors[uart->n_rx] = errors;
  uart->n_rx++;
  if (uart->n_rx == 1)
    show_oldest (uart);
  else if (errors != 0)
    uart->lsr |= UART_LSR_FIFO_ERROR;
  restart_rx_timer (uart);
}

uint8_t
uart_take (Uart *uart)
{
  if (uart->n_rx == 0)
    return 0;
  uint8_t byte = uart->rx[0];
  uart->n_rx--;
  memmove (uart->rx, uart->rx + 1, uart->n_rx);
  memmove (uart->rx_errors, uart->rx_errors + 1, uart->n_rx);
  show_oldest (uart);
  restart_rx_timer (uart);
  accept_input (uart);
  return byte;
}

void
uart_clear_rx (Uart *uart)
{
  uart->n_rx = 0;
  uart_forget_errors (uart);
  restart_rx_timer (uart);
  accept_input (uart);
}

static void
output_ready (void *opaque)
{
  Uart *uart = opaque;
  g_rec_mutex_lock (&uart->dev.lock);
  uart->output_stalled = false;
  uart_flush (uart);
  uart_update_irq (uart);
  g_rec_mutex_unlock (&uart->dev.lock);
}

static void
tx_emptied (Uart *uart)
{
  uart->n_tx = 0;
  uart->lsr |= UART_LSR_THRE | UART_LSR_TEMT;
  uart->thr_interrupt = true;
}

void
uart_flush (Uart *uart)
{
  if (uart->n_tx == 0)
    return;
  if (uart->chr != NULL && !chardev_writable (uart->chr)) {
    if (!uart->output_stalled) {
      uart->output_stalled = true;
      chardev_notify_writable (uart->chr, output_ready, uart);
    }
    return;
  }
  if (uart->chr != NULL)
    chardev_write (uart->chr, uart->tx, uart->n_tx);
  tx_emptied (uart);
}

void
uart_transmit (Uart *uart, uint8_t byte)
{
  uart->thr_interrupt = false;
  if (uart->mcr & UART_MCR_LOOP) {
    uart_put (uart, byte, 0);
    tx_emptied (uart);
    return;
  }
  unsigned capacity = uart->fcr & UART_FCR_ENABLE ? UART_FIFO_SIZE : 1;
  if (uart->n_tx >= capacity) {
    device_guest_error (&uart->dev, "a character was written to a full transmitter and is lost");
    return;
  }
  uart->tx[uart->n_tx++] = byte;
  uart->lsr &= (uint8_t)~(UART_LSR_THRE | UART_LSR_TEMT);
  uart_flush (uart);
}

void
uart_clear_tx (Uart *uart)
{
  if (uart->n_tx > 0)
    tx_emptied (uart);
}

static size_t
can_receive (void *opaque)
{
  Uart *uart = opaque;
  g_rec_mutex_lock (&uart->dev.lock);
  /* In loopback mode the receiver is cut off from the line. */
  unsigned capacity = rx_capacity (uart);
  size_t room = uart->mcr & UART_MCR_LOOP || uart->n_rx >= capacity ? 0 : capacity - uart->n_rx;
  uart->input_stalled = room == 0;
  g_rec_mutex_unlock (&uart->dev.lock);
  return room;
}

static void
receive (void *opaque, const uint8_t *data, size_t size)
{
  Uart *uart = opaque;
  g_rec_mutex_lock (&uart->dev.lock);
  for (size_t i = 0; i < size; i++)
    uart_put (uart, data[i], 0);
  uart_update_irq (uart);
  g_rec_mutex_unlock (&uart->dev.lock);
}

/* The line is held in the break state for a character's time. */
static void
receive_break (void *opaque)
{
  Uart *uart = opaque;
  g_rec_mutex_lock (&uart->dev.lock);
  if (!(uart->mcr & UART_MCR_LOOP)) {
    uart_put (uart, 0, UART_LSR_BI);
    uart_update_irq (uart);
  }
  g_rec_mutex_unlock (&uart->dev.lock);
}

const ChardevFrontend uart_frontend = { .can_receive = can_receive,
                                        .receive = receive,
                                        .line_break = receive_break };

void
uart_line_init (Uart *uart)
{
  uart->rx_timer = clock_timer_new (uart->clock, rx_timer_expired, uart);
}

void
uart_line_free (Uart *uart)
{
  clock_timer_free (uart->rx_timer);
}
