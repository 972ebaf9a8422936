/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The identification of a screen (VESA E-EDID 1.4): a base block, and for timings it cannot hold a DisplayID
 * extension block. */

#include <stddef.h>
#include <stdint.h>

#define EDID_BLOCK    128
#define EDID_MAX_SIZE (2 * EDID_BLOCK)

typedef struct {
  uint32_t width, height; /* of the preferred timing, at 60 Hz: 1 to 16384 */
  const char *name;       /* at most 13 characters are shown */
  uint32_t serial;
} EdidScreen;

/* Writes EDID_BLOCK or EDID_MAX_SIZE bytes and returns how many. */
size_t edid_make (const EdidScreen *screen, uint8_t *edid);
