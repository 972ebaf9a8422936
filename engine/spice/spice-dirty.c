/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What has changed on a screen, in a few rectangles: a client pays for each one as well as for its pixels. */

#include "spice-private.h"

/* Pixels that one more rectangle is worth. */
#define SLACK 4096

static uint64_t
pixels (SpiceArea a)
{
  return (uint64_t)(a.right - a.left) * (a.bottom - a.top);
}

static SpiceArea
around (SpiceArea a, SpiceArea b)
{
  return (SpiceArea){ MIN (a.left, b.left), MIN (a.top, b.top), MAX (a.right, b.right),
                      MAX (a.bottom, b.bottom) };
}

/* Pixels that joining them adds to what is sent; negative where they overlap much. */
static int64_t
price (SpiceArea a, SpiceArea b)
{
  return (int64_t)pixels (around (a, b)) - (int64_t)pixels (a) - (int64_t)pixels (b);
}

void
spice_dirty_add (SpiceDirty *dirty, SpiceArea area)
{
  for (;;) {
    unsigned best = 0;
    int64_t lowest = INT64_MAX;
    for (unsigned i = 0; i < dirty->n; i++) {
      const int64_t p = price (dirty->areas[i], area);
      if (p < lowest) {
        lowest = p;
        best = i;
      }
    }
    if (dirty->n < SPICE_DIRTY_AREAS && lowest > SLACK)
      break;
    /* The joined one may now touch others. */
    area = around (area, dirty->areas[best]);
    dirty->areas[best] = dirty->areas[--dirty->n];
  }
  dirty->areas[dirty->n++] = area;
}

void
spice_dirty_move (SpiceDirty *to, SpiceDirty *from)
{
  for (unsigned i = 0; i < from->n; i++)
    spice_dirty_add (to, from->areas[i]);
  from->n = 0;
}
