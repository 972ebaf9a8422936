/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The virtio block device (virtio 1.3, §5.2): "virtio-blk-device" and "virtio-blk-pci".
 *
 * Each queue has its own I/O thread with its own BlockQueue, unless iothread= names one for all. */

/* Registers the classes. Once. */
void virtio_blk_register (void);
/* How many queues a device gets that is told none (num-queues=0): the machine sets its number of vCPUs. */
extern unsigned virtio_blk_default_queues;
