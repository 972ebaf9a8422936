/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The virtio SCSI host bus adapter (virtio 1.3, §5.6): "virtio-scsi-device" and "virtio-scsi-pci", and the
 * units that plug into its bus: "scsi-hd" and "scsi-cd". */

#include "device.h"

/* Registers the classes, those of the units too. Once. */
void virtio_scsi_register (void);
/* Whether the device is an adapter, or wraps one: what a device of bus "SCSI" can be attached to. */
bool virtio_scsi_is_adapter (Device *dev);
/* Plugs a unit into a realized adapter and realizes it. Takes the unit over; on failure it is freed. The
 * machine must not be running commands on the unit's address: before it starts, or stopped. */
bool virtio_scsi_attach (Device *adapter, Device *unit, GError **error);
/* Request queues of an adapter that is told no number: the machine sets its number of vCPUs. */
extern unsigned virtio_scsi_default_queues;
