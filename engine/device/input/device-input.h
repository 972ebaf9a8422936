/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Registers the classes of this room: virtio-keyboard, virtio-mouse and virtio-tablet, each as -device and
 * -pci (virtio 1.3 §5.8). Each takes the input of its kind while it is the newest one. */
void device_input_register (void);
