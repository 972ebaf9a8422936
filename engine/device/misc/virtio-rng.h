/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The virtio entropy device (virtio 1.3, §5.4): "virtio-rng-device" and "virtio-rng-pci". Random bytes are
 * the host kernel's. */

/* Registers the classes. Once. */
void virtio_rng_register (void);
