/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The Interrupt Translation Service of a GICv3 ("arm,gic-v3-its", IHI 0069, chapter 5): a message from device
 * D with event E becomes an LPI at a redistributor, by tables that it keeps in guest memory and that commands
 * in a queue there change. */

#include "gicv3.h"

#define GIC_ITS_SIZE       0x20000 /* the control frame, and the frame with GITS_TRANSLATER */
#define GIC_ITS_TRANSLATER 0x10040 /* where messages are written to */
#define GIC_ITS_CACHE      256

typedef struct {
  uint32_t device, event;
  uint32_t lpi; /* 0: nothing is cached here */
  uint32_t cpu;
} GicItsTranslation;

typedef struct {
  Device dev;
  /* Edges, set by the board before realize. */
  Gicv3 *gic;     /* with has-lpi */
  MemoryMap *map; /* where the tables and the queue are */
  /* State. */
  MemoryRegion *region;
  uint32_t ctlr;
  uint64_t cbaser, cwriter, creadr;
  uint64_t baser[8];
  GicItsTranslation cache[GIC_ITS_CACHE];
} GicIts;

extern const DeviceClass gic_its_class; /* "arm-gicv3-its" */

/* A message: what a write of `event` by `device_id` to GITS_TRANSLATER is. Writes that come by the memory map
 * do not say whose they are, and are dropped. Any thread. */
void gic_its_msi (GicIts *its, uint32_t device_id, uint32_t event);
