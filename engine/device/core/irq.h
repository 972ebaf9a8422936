/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An interrupt line: the edge a device is handed to tell an interrupt controller or a hart of its level. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  void (*set) (void *opaque, unsigned n, bool level); /* any thread; NULL: not connected */
  void *opaque;
  unsigned n;
} IrqLine;

static inline void
irq_set (const IrqLine *line, bool level)
{
  if (line->set != NULL)
    line->set (line->opaque, line->n, level);
}
