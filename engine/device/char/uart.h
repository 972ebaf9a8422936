/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The NS16550A UART ("ns16550a"): eight byte registers, FIFOs of 16, after National Semiconductor's PC16550D
 * data sheet.
 *
 *   0  RBR/THR (DLL with LCR.DLAB)   1  IER (DLM)   2  IIR/FCR   3  LCR   4  MCR   5  LSR   6  MSR   7  SCR
 *
 * Transmission takes no time: THRE goes down only while the back end takes no more.  Reception fills the FIFO
 * as the back end delivers, up to its 16 bytes; the rest waits in the back end.  The divisor matters for the
 * receive timeout alone.  The modem lines stand at connected. */

#include "chardev.h"
#include "device.h"

#define UART_FIFO_SIZE 16
#define UART_SIZE      0x100

typedef struct {
  Device dev;
  /* Edges, set by the board before realize. */
  IrqLine irq;
  Clock *clock;
  Chardev *chr; /* NULL: output is lost, no input comes */
  /* Properties. */
  uint32_t clock_frequency; /* Hz, of the baud generator's input */
  /* State. */
  MemoryRegion *region;
  uint8_t ier, fcr, lcr, mcr, lsr, msr, scr, dll, dlm;
  uint8_t rx[UART_FIFO_SIZE], rx_errors[UART_FIFO_SIZE]; /* the oldest first; LSR's bits of each */
  uint8_t tx[UART_FIFO_SIZE];                            /* what the back end has not taken yet */
  uint32_t n_rx, n_tx;
  bool thr_interrupt; /* THR has become empty and nobody has looked */
  bool rx_timeout;    /* characters have waited for four character times */
  ClockTimer *rx_timer;
  bool input_stalled;  /* the back end waits for chardev_accept_input() */
  bool output_stalled; /* chardev_notify_writable() is on its way */
} Uart;

extern const DeviceClass uart_class;
