/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The UART's FIFOs between its registers and the back end. */

#include "pl011-private.h"
#include <string.h>

#define DEFAULT_BAUD 38400 /* for software that has set none */
#define TIMEOUT_BITS 32
#define NANOSECONDS  INT64_C (1000000000)

unsigned
pl011_depth (const Pl011 *uart)
{
  return uart->lcr_h & PL011_LCR_FEN ? PL011_FIFO_SIZE : 1;
}

/* How many characters in the receive FIFO raise its interrupt. */
static unsigned
rx_trigger (const Pl011 *uart)
{
  static const uint8_t eighths[] = { 1, 2, 4, 6, 7, 7, 7, 7 }; /* the last three are reserved */

  return MAX (pl011_depth (uart) * eighths[uart->ifls >> 3 & 7] / 8, 1);
}

/* Nanoseconds without another character after which the ones that wait are told of. */
static int64_t
timeout (const Pl011 *uart)
{
  uint64_t divisor = (uint64_t)uart->ibrd << 6 | uart->fbrd; /* in 64ths */

  if (divisor < 64 || uart->clock_frequency == 0)
    return TIMEOUT_BITS * NANOSECONDS / DEFAULT_BAUD;
  return (int64_t)(divisor * TIMEOUT_BITS * 16 * (uint64_t)NANOSECONDS / 64 / uart->clock_frequency);
}

static void
restart_rx_timer (Pl011 *uart)
{
  if (uart->n_rx > 0)
    clock_timer_set (uart->rx_timer, clock_now (uart->clock) + timeout (uart));
  else
    clock_timer_cancel (uart->rx_timer);
}

static void
rx_timer_expired (void *opaque)
{
  Pl011 *uart = opaque;

  g_rec_mutex_lock (&uart->dev.lock);
  /* A character may have come or gone in the meantime: then the timer runs again. */
  if (uart->n_rx > 0 && clock_timer_when (uart->rx_timer) < 0) {
    uart->ris |= PL011_INT_RT;
    pl011_update_irq (uart);
  }
  g_rec_mutex_unlock (&uart->dev.lock);
}

static void
accept_input (Pl011 *uart)
{
  if (uart->input_stalled && uart->n_rx < pl011_depth (uart)) {
    uart->input_stalled = false;
    chardev_accept_input (uart->chr);
  }
}

void
pl011_put (Pl011 *uart, uint16_t character)
{
  if (uart->n_rx >= pl011_depth (uart)) {
    /* The character is lost; the FIFO's content is not. */
    uart->rsr |= PL011_RSR_OE;
    uart->ris |= PL011_INT_OE;
    return;
  }
  uart->rx[uart->n_rx++] = character;
  if (character & PL011_DR_BE)
    uart->ris |= PL011_INT_BE;
  if (uart->n_rx >= rx_trigger (uart))
    uart->ris |= PL011_INT_RX;
  restart_rx_timer (uart);
}

uint16_t
pl011_take (Pl011 *uart)
{
  if (uart->n_rx == 0)
    return 0;
  uint16_t character = uart->rx[0];
  uart->n_rx--;
  memmove (uart->rx, uart->rx + 1, uart->n_rx * sizeof uart->rx[0]);
  /* Overrun stays until it is cleared; the others are those of the character read. */
  uart->rsr = (uart->rsr & PL011_RSR_OE) | character >> PL011_RSR_SHIFT;
  if (uart->n_rx < rx_trigger (uart))
    uart->ris &= ~(uint32_t)PL011_INT_RX;
  if (uart->n_rx == 0)
    uart->ris &= ~(uint32_t)PL011_INT_RT;
  restart_rx_timer (uart);
  accept_input (uart);
  return character;
}

void
pl011_clear (Pl011 *uart)
{
  uart->n_rx = uart->n_tx = 0;
  uart->ris &= ~(uint32_t)(PL011_INT_RX | PL011_INT_RT);
  restart_rx_timer (uart);
  accept_input (uart);
}

static void
output_ready (void *opaque)
{
  Pl011 *uart = opaque;

  g_rec_mutex_lock (&uart->dev.lock);
  uart->output_stalled = false;
  pl011_flush (uart);
  pl011_update_irq (uart);
  g_rec_mutex_unlock (&uart->dev.lock);
}

void
pl011_flush (Pl011 *uart)
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
  /* The FIFO has gone down through whatever level was chosen. */
  uart->n_tx = 0;
  uart->ris |= PL011_INT_TX;
}

void
pl011_transmit (Pl011 *uart, uint8_t byte)
{
  if (uart->cr & PL011_CR_LBE) {
    pl011_put (uart, byte);
    uart->ris |= PL011_INT_TX;
    return;
  }
  if (uart->n_tx >= pl011_depth (uart)) {
    device_guest_error (&uart->dev, "a character was written to a full transmitter and is lost");
    return;
  }
  uart->ris &= ~(uint32_t)PL011_INT_TX;
  uart->tx[uart->n_tx++] = byte;
  pl011_flush (uart);
}

static size_t
can_receive (void *opaque)
{
  Pl011 *uart = opaque;

  g_rec_mutex_lock (&uart->dev.lock);
  /* In loopback mode the receiver is cut off from the line. */
  unsigned depth = pl011_depth (uart);
  size_t room = uart->cr & PL011_CR_LBE || uart->n_rx >= depth ? 0 : depth - uart->n_rx;
  uart->input_stalled = room == 0;
  g_rec_mutex_unlock (&uart->dev.lock);
  return room;
}

static void
receive (void *opaque, const uint8_t *data, size_t size)
{
  Pl011 *uart = opaque;

  g_rec_mutex_lock (&uart->dev.lock);
  for (size_t i = 0; i < size; i++)
    pl011_put (uart, data[i]);
  pl011_update_irq (uart);
  g_rec_mutex_unlock (&uart->dev.lock);
}

/* The line is held in the break state for a character's time. */
static void
receive_break (void *opaque)
{
  Pl011 *uart = opaque;

  g_rec_mutex_lock (&uart->dev.lock);
  if (!(uart->cr & PL011_CR_LBE)) {
    pl011_put (uart, PL011_DR_BE);
    pl011_update_irq (uart);
  }
  g_rec_mutex_unlock (&uart->dev.lock);
}

const ChardevFrontend pl011_frontend = { .can_receive = can_receive,
                                         .receive = receive,
                                         .line_break = receive_break };

void
pl011_line_init (Pl011 *uart)
{
  uart->rx_timer = clock_timer_new (uart->clock, rx_timer_expired, uart);
}

void
pl011_line_free (Pl011 *uart)
{
  clock_timer_free (uart->rx_timer);
}
