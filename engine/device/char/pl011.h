/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The PrimeCell UART PL011 ("pl011"), after Arm's Technical Reference Manual DDI 0183: word registers, FIFOs
 * of 16, as revision r1p1 identifies itself.
 *
 * Transmission takes no time: the transmit FIFO holds characters only while the back end takes no more.  What
 * the back end sends goes to the receive FIFO as far as there is room and waits in the back end otherwise.
 * Characters pass while the UART is disabled too: software that was written for virtual machines may not have
 * enabled it.  The modem's lines stand at connected.  There is no DMA and no infrared. */

#include "chardev.h"
#include "device.h"

#define PL011_FIFO_SIZE 16
#define PL011_SIZE      0x1000

typedef struct {
  Device dev;
  /* Edges, set by the board before realize. */
  IrqLine irq;
  Clock *clock;
  Chardev *chr; /* NULL: output is lost, no input comes */
  /* Property. */
  uint32_t clock_frequency; /* Hz of UARTCLK */
  /* State. */
  MemoryRegion *region;
  uint32_t rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
  uint16_t rx[PL011_FIFO_SIZE]; /* as UARTDR shows them, the oldest first */
  uint8_t tx[PL011_FIFO_SIZE];  /* what the back end has not taken yet */
  uint32_t n_rx, n_tx;
  uint32_t modem;       /* the lines as UARTFR shows them */
  ClockTimer *rx_timer; /* of the receive timeout */
  bool input_stalled;   /* the back end waits for chardev_accept_input() */
  bool output_stalled;  /* chardev_notify_writable() is on its way */
} Pl011;

extern const DeviceClass pl011_class;
