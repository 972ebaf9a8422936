/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Registers the classes of this room: virtio-gpu-device, virtio-gpu-pci, ramfb. */
void device_display_register (void);
