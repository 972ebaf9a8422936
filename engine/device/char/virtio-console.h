/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The virtio console device (virtio 1.3 §5.3): "virtio-serial-device" and "virtio-serial-pci", whose bus
 * ("virtio-serial-bus") takes ports: "virtconsole", a terminal (/dev/hvcN), and "virtserialport", a channel
 * with a name (/dev/virtio-ports/NAME). */

#include "device.h"

/* Registers the classes, those of the ports too. Once. */
void virtio_console_register (void);
/* Whether the device is such a bus, or wraps one: what a device of bus "virtio-serial-bus" can be attached
 * to.
 */
bool virtio_serial_is_bus (Device *dev);
/* Plugs a port into a realized device and realizes it; a running driver is told. Takes the port over; on
 * failure it is freed. */
bool virtio_serial_attach (Device *bus, Device *port, GError **error);

/* The size of a virtconsole's terminal, in characters; 0: unknown. Any thread. */
void virtio_console_resize (Device *port, uint16_t cols, uint16_t rows);
/* Whether a program in the guest has the port open. Any thread. */
bool virtio_serial_port_open (Device *port);
/* Called when that changes, on the device's I/O thread or where it is reset, with locks held: it hands on the
 * news and calls nothing of this header. Set once at start; may be NULL. */
extern void (*virtio_serial_port_changed) (Device *port, bool open);
