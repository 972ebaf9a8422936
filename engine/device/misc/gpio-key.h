/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A button on a GPIO pin ("gpio-key"): pressed, it is high for 100 ms. */

#include "device.h"

typedef struct {
  Device dev;
  /* Edges, set by the board before realize. */
  IrqLine out;
  Clock *clock;
  /* State. */
  ClockTimer *timer;
  bool pressed;
} GpioKey;

extern const DeviceClass gpio_key_class;

/* Any thread. */
void gpio_key_press (GpioKey *key);
