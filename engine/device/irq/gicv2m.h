/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The frame that turns messages into interrupts of a GICv2 ("arm,gic-v2m-frame", Server Base System
 * Architecture, GICv2m):
 *
 *   0x008  MSI_TYPER      the first INTID in 25:16, their number in 9:0
 *   0x040  MSI_SETSPI_NS  makes the SPI pending whose INTID is written; the GIC is told of an edge
 *   0xfcc  MSI_IIDR */

#include "device.h"

#define GICV2M_SIZE     0x1000
#define GICV2M_MAX_SPIS 256

typedef struct {
  Device dev;
  /* Edges: of base-spi, and so on. */
  IrqLine out[GICV2M_MAX_SPIS];
  /* Properties: base-spi, num-spi. */
  uint32_t base_spi; /* INTID */
  uint32_t num_spis;
  MemoryRegion *region;
} GicV2m;

extern const DeviceClass gicv2m_class;
