/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A frame buffer in guest RAM, of which firmware tells by the fw_cfg file etc/ramfb:
 *
 *   addr u64, fourcc u32, flags u32, width u32, height u32, stride u32, all big-endian
 *
 * The guest draws without a word; the screen is brought up to date by display_refresh(). There is one in a
 * machine. */

#include "display.h"
#include "fw-cfg.h"
#include "ram-changes.h"

typedef struct {
  Device dev;
  FwCfg *fw_cfg; /* edge, set by the board before it is realized */
  Display *display;
  /* State, with the lock. */
  const struct RamfbFormat *format; /* NULL: off */
  uint64_t addr;
  uint32_t width, height, stride;
  uint8_t *pixels;     /* what the screen shows */
  RamChanges *changes; /* NULL: the frame buffer is not one piece of RAM, and is compared as a whole */
} Ramfb;

extern const DeviceClass ramfb_class;
