/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The virtio graphics adapter (virtio 1.3 §5.7), 2D: "virtio-gpu-device" and "virtio-gpu-pci". Its screens
 * are Displays named after the device's id ("virtio-gpu" if it has none); all but the first are plugged in
 * when a viewer asks for a size. */
void virtio_gpu_register (void);
