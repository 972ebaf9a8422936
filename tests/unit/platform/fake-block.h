/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "block.h"

/* An image in memory. */
struct Block {
  uint8_t *data;
  uint64_t size;
  bool read_only;
  int fail; /* negative errno of all accesses, or 0 */
  unsigned writes;
};
