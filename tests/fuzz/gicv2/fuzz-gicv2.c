/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Accesses by several CPUs of both security states, and changes of inputs, resets, saves and restores of a
 * GICv2 and its frame for messages.  Afterwards the queues must be what the registers say. */

#include "gicv2-private.h"
#include "gicv2m.h"
#include "mmio-fuzz.h"
#include <string.h>

#define SLICE 16 /* bytes between changes of who asks and of inputs */
#define SPIS  64

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static GicV2Requester who;

static GicV2Requester
tell_requester (void *opaque)
{
  return who;
}

/* A search through everything comes to the same as the queue. */
static void
check_queues (GicV2 *gic)
{
  for (unsigned cpu = 0; cpu < gic->num_cpus; cpu++) {
    unsigned best = GICV2_NONE, priority = GICV2_IDLE;
    for (unsigned n = 0; n < gicv2_intids (gic); n++) {
      bool ready = gicv2_bit (gic, GICV2_ENABLED, cpu, n) && gicv2_pending (gic, cpu, n) &&
                   !gicv2_bit (gic, GICV2_ACTIVE, cpu, n) &&
                   (n < GICV2_PRIVATE || gic->target[n] >> cpu & 1) &&
                   gic->dist_ctlr >> gicv2_bit (gic, GICV2_GROUP, cpu, n) & 1;
      if (ready && *gicv2_priority (gic, cpu, n) < priority) {
        best = n;
        priority = *gicv2_priority (gic, cpu, n);
      }
    }
    if (gicv2_best (gic, cpu) != best)
      g_error ("CPU %u is offered interrupt %u, not %u", cpu, gicv2_best (gic, cpu), best);
    if (((gic->out[cpu] & (GICV2_OUT_IRQ | GICV2_OUT_FIQ)) != 0) != gicv2_signals (gic, cpu, best))
      g_error ("CPU %u is not told what it should be", cpu);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  GicV2 *gic = (GicV2 *)device_new (&gicv2_class, "/gic");
  GicV2m *frame = (GicV2m *)device_new (&gicv2m_class, "/v2m");
  bool security = size > 0 && data[0] & 1;

  device_set (&gic->dev, "num-cpus", size > 0 && data[0] & 2 ? "1" : "3", NULL);
  device_set (&gic->dev, "has-security-extensions", security ? "on" : "off", NULL);
  device_set (&gic->dev, "irq-reset-nonsecure", size > 0 && data[0] & 4 ? "on" : "off", NULL);
  gic->num_spis = SPIS;
  gic->requester = tell_requester;
  frame->num_spis = SPIS;
  for (unsigned i = 0; i < SPIS; i++)
    frame->out[i] = gicv2_spi_input (gic, i);
  if (!device_realize (&gic->dev, NULL) || !device_realize (&frame->dev, NULL))
    g_error ("a GICv2 cannot be realized");
  device_reset (&gic->dev);
  MemoryRegion *extra[] = { frame->region };
  for (size_t at = 1; at < size; at += SLICE) {
    uint8_t how = data[at];
    IrqLine line = how & 1 ? gicv2_spi_input (gic, how >> 2)
                           : gicv2_ppi_input (gic, how >> 6 & (gic->num_cpus - 1), how >> 2 & 15);
    who = (GicV2Requester){ how & 3, how & 0x80 };
    mmio_fuzz_run (&gic->dev, extra, 1, data + at, MIN (SLICE, size - at));
    irq_set (&line, how & 2);
    check_queues (gic);
  }
  device_free (&frame->dev);
  device_free (&gic->dev);
  return 0;
}
