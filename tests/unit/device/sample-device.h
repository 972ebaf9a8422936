/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A device with a register of each kind, and every kind of property and saved member. */

#include "register.h"

REGISTER_TYPE (SampleControl, uint32_t)
REGISTER_FIELD (SampleControl, uint32_t, ENABLE, 0, 1);
REGISTER_FIELD (SampleControl, uint32_t, MODE, 4, 3);

typedef struct {
  Device dev; /* must be first */
  /* Registers */
  SampleControl control;
  uint32_t status, event, ident;
  uint8_t bytes[4];
  uint16_t half;
  uint64_t wide, counter;
  uint32_t channel_a[4], channel_b[4];
  uint32_t kept;
  /* Saved members */
  bool flag, flags[3];
  uint8_t level, fifo[16];
  uint16_t word;
  uint32_t index, table[5];
  uint64_t big;
  ClockTimer *timer, *timers[2];
  /* Properties */
  bool on;
  uint32_t ports;
  uint64_t frequency, memory;
  char *label, *backend;
  uint8_t mac[6];
  /* Wiring and what tests look at */
  Clock *clock;
  unsigned n_reset, n_loaded, n_unrealized, n_writes;
  uint64_t written, old;
  bool fail_realize;
} Sample;

extern const RegisterBank sample_bank, sample_other_bank;
extern const DeviceClass sample_base_class; /* properties `on`, `ports`; member `flag` */
extern const DeviceClass sample_class;

/* Realized; `clock` may be NULL. */
Sample *sample_new (const char *path, Clock *clock);
