/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* For devices' fuzz targets: bytes as a sequence of reads, writes, resets, and saves and restores of a
 * device. */

#include "register.h"

/* `dev` is realized. Accesses go to the banks of the device and its children, and to the `n_extra` regions.
 * Mapped regions are accessed where they are; the others are mapped meanwhile. What was saved must load
 * again. */
void mmio_fuzz_run (Device *dev, MemoryRegion *const *extra, unsigned n_extra, const uint8_t *data,
                    size_t size);
