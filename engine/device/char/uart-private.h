/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the UART's registers (uart.c) and its line (uart-line.c) know of each other. All with the device's
 * lock held. */

#include "uart.h"

enum { UART_IER_ERBFI = 0x01, UART_IER_ETBEI = 0x02, UART_IER_ELSI = 0x04, UART_IER_EDSSI = 0x08 };
enum {
  UART_IIR_MODEM = 0x00,
  UART_IIR_NONE = 0x01,
  UART_IIR_THR_EMPTY = 0x02,
  UART_IIR_RX_DATA = 0x04,
  UART_IIR_LINE_STATUS = 0x06,
  UART_IIR_RX_TIMEOUT = 0x0c,
  UART_IIR_FIFOS = 0xc0,
};
enum { UART_FCR_ENABLE = 0x01, UART_FCR_CLEAR_RX = 0x02, UART_FCR_CLEAR_TX = 0x04, UART_FCR_KEPT = 0xc9 };
enum {
  UART_LCR_WORD_LENGTH = 0x03,
  UART_LCR_STOP = 0x04,
  UART_LCR_PARITY = 0x08,
  UART_LCR_BREAK = 0x40,
  UART_LCR_DLAB = 0x80
};
enum {
  UART_MCR_DTR = 0x01,
  UART_MCR_RTS = 0x02,
  UART_MCR_OUT1 = 0x04,
  UART_MCR_OUT2 = 0x08,
  UART_MCR_LOOP = 0x10
};
enum {
  UART_LSR_DR = 0x01,
  UART_LSR_OE = 0x02,
  UART_LSR_PE = 0x04,
  UART_LSR_FE = 0x08,
  UART_LSR_BI = 0x10,
  UART_LSR_THRE = 0x20,
  UART_LSR_TEMT = 0x40,
  UART_LSR_FIFO_ERROR = 0x80,
  UART_LSR_ERRORS = UART_LSR_OE | UART_LSR_PE | UART_LSR_FE | UART_LSR_BI,
};
enum {
  UART_MSR_DCTS = 0x01,
  UART_MSR_DDSR = 0x02,
  UART_MSR_TERI = 0x04,
  UART_MSR_DDCD = 0x08,
  UART_MSR_DELTAS = 0x0f,
  UART_MSR_CTS = 0x10,
  UART_MSR_DSR = 0x20,
  UART_MSR_RI = 0x40,
  UART_MSR_DCD = 0x80,
};

/* Sets the interrupt line from the state (uart.c). */
void uart_update_irq (Uart *uart);

/* The line (uart-line.c). */
extern const ChardevFrontend uart_frontend;
void uart_line_init (Uart *uart);
void uart_line_free (Uart *uart);
void uart_transmit (Uart *uart, uint8_t byte);
/* Hands the back end what it takes of the transmit FIFO. */
void uart_flush (Uart *uart);
/* The oldest character received. */
uint8_t uart_take (Uart *uart);
/* LSR's errors have been read: those of the oldest character and overrun. */
void uart_forget_errors (Uart *uart);
void uart_clear_rx (Uart *uart);
void uart_clear_tx (Uart *uart);
/* One character from the line or the loop, with the LSR bits that go with it. */
void uart_put (Uart *uart, uint8_t byte, uint8_t errors);
/* How many characters raise the received-data interrupt. */
unsigned uart_rx_trigger (const Uart *uart);
