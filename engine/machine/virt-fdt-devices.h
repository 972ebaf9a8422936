/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The nodes that the device trees of all "virt" boards have alike. */

#include "fdt-writer.h"
#include "virt-layout.h"

void virt_fdt_write_memory (DtWriter *w, const VirtLayout *at, uint64_t ram_size);
void virt_fdt_write_firmware (DtWriter *w, const VirtLayout *at); /* fw_cfg and flash */
void virt_fdt_write_virtio (DtWriter *w, const VirtLayout *at);
void virt_fdt_write_pci (DtWriter *w, const VirtLayout *at);
