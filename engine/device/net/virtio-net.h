/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The network device of virtio 1.3 §5.1: classes virtio-net-device and virtio-net-pci. */

/* Makes the classes known. Once, at start. */
void virtio_net_register (void);
