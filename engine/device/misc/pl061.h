/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The PrimeCell General Purpose Input/Output PL061 ("pl061"), after Arm's Technical Reference Manual DDI
 * 0190: eight pins, each of them an input with an interrupt or an output. Hardware control (GPIOAFSEL) has no
 * hardware here. */

#include "device.h"

#define PL061_SIZE 0x1000
#define PL061_PINS 8

typedef struct {
  Device dev;
  /* Edges, set by the board before realize. */
  IrqLine irq;
  IrqLine out[PL061_PINS];
  /* State. */
  MemoryRegion *region;
  uint32_t data; /* what was written to outputs */
  uint32_t dir, is, ibe, iev, ie, edges, afsel;
  uint8_t input; /* what drives the pins from outside; nothing: low */
  uint8_t pins;  /* as they were looked at last */
} Pl061;

extern const DeviceClass pl061_class;

/* The line that drives a pin. */
IrqLine pl061_input (Pl061 *gpio, unsigned pin);
