/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the UART's registers (pl011.c) and its line (pl011-line.c) know of each other. All with the device's
 * lock held. */

#include "pl011.h"

enum {
  PL011_DR_FE = 1 << 8,
  PL011_DR_PE = 1 << 9,
  PL011_DR_BE = 1 << 10,
  PL011_DR_OE = 1 << 11,
};
/* UARTRSR has DR's error bits, shifted. */
enum { PL011_RSR_SHIFT = 8, PL011_RSR_OE = PL011_DR_OE >> PL011_RSR_SHIFT };
enum {
  PL011_FR_CTS = 1 << 0,
  PL011_FR_DSR = 1 << 1,
  PL011_FR_DCD = 1 << 2,
  PL011_FR_BUSY = 1 << 3,
  PL011_FR_RXFE = 1 << 4,
  PL011_FR_TXFF = 1 << 5,
  PL011_FR_RXFF = 1 << 6,
  PL011_FR_TXFE = 1 << 7,
  PL011_FR_RI = 1 << 8,
};
enum {
  PL011_LCR_BRK = 1 << 0,
  PL011_LCR_FEN = 1 << 4,
};
enum {
  PL011_CR_UARTEN = 1 << 0,
  PL011_CR_LBE = 1 << 7,
  PL011_CR_TXE = 1 << 8,
  PL011_CR_RXE = 1 << 9,
  PL011_CR_DTR = 1 << 10,
  PL011_CR_RTS = 1 << 11,
  PL011_CR_OUT1 = 1 << 12,
  PL011_CR_OUT2 = 1 << 13,
};
/* UARTIMSC, UARTRIS, UARTMIS, UARTICR. */
enum {
  PL011_INT_RI = 1 << 0,
  PL011_INT_CTS = 1 << 1,
  PL011_INT_DCD = 1 << 2,
  PL011_INT_DSR = 1 << 3,
  PL011_INT_RX = 1 << 4,
  PL011_INT_TX = 1 << 5,
  PL011_INT_RT = 1 << 6,
  PL011_INT_FE = 1 << 7,
  PL011_INT_PE = 1 << 8,
  PL011_INT_BE = 1 << 9,
  PL011_INT_OE = 1 << 10,
  PL011_INT_ALL = (1 << 11) - 1,
};
#define PL011_MODEM_CONNECTED (PL011_FR_CTS | PL011_FR_DSR | PL011_FR_DCD)

/* Sets the interrupt line from the state (pl011.c). */
void pl011_update_irq (Pl011 *uart);

/* The line (pl011-line.c). */
extern const ChardevFrontend pl011_frontend;
void pl011_line_init (Pl011 *uart);
void pl011_line_free (Pl011 *uart);
/* How many characters the FIFOs hold: one when they are disabled. */
unsigned pl011_depth (const Pl011 *uart);
void pl011_transmit (Pl011 *uart, uint8_t byte);
/* Hands the back end what it takes of the transmit FIFO. */
void pl011_flush (Pl011 *uart);
/* The oldest character received, as UARTDR shows it. */
uint16_t pl011_take (Pl011 *uart);
/* Both FIFOs are empty. */
void pl011_clear (Pl011 *uart);
/* One character from the line or the loop, with DR's error bits. */
void pl011_put (Pl011 *uart, uint16_t character);
