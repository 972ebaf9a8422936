/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Ports as devices: where they are plugged in, and their classes. */

#include "virtio-serial-private.h"

#include <gio/gio.h>

static bool
is_a (const Device *dev, const DeviceClass *wanted)
{
  for (const DeviceClass *class = dev->class; class != NULL; class = class->base)
    if (class == wanted)
      return true;
  return false;
}

static bool
refuse (const SerialPort *port, const char *why, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s (%s): nr=%u: %s", port->dev.path,
               port->dev.class->name, port->nr, why);
  return false;
}

/* Port 0 is what a driver without MULTIPORT takes for the console, so no channel is put there. */
static bool
choose_nr (VirtioSerial *serial, SerialPort *port, GError **error)
{
  if (port->nr == UINT32_MAX) {
    unsigned nr = port->console ? 0 : 1;
    while (nr < serial->max_ports && serial->ports[nr] != NULL)
      nr++;
    if (nr >= serial->max_ports)
      return refuse (port, "no port is free; add another virtio-serial device, or raise its max_ports",
                     error);
    port->nr = nr;
  }
  if (port->nr >= serial->max_ports)
    return refuse (port, "the device has not so many ports; raise its max_ports, or leave nr out", error);
  if (serial->ports[port->nr] != NULL)
    return refuse (port, "another port has this number; leave nr out", error);
  if (port->nr == 0 && !port->console)
    return refuse (port, "port 0 is for a virtconsole; use another number, or leave nr out", error);
  return true;
}

/* The serial device as the port's bus; NULL if it is none. */
static VirtioSerial *
serial_of (Device *bus)
{
  return virtio_serial_is_bus (bus) ? (VirtioSerial *)virtio_device_of (bus) : NULL;
}

bool
virtio_serial_attach (Device *bus, Device *dev, GError **error)
{
  VirtioSerial *serial = serial_of (bus);
  SerialPort *port = (SerialPort *)dev;
  if (serial == NULL || !serial->vdev.dev.realized || !is_a (dev, &serial_port_class)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s (%s) cannot be plugged into %s (%s); virtconsole and virtserialport go with "
                 "virtio-serial-pci",
                 dev->path, dev->class->name, bus->path, bus->class->name);
    device_free (dev);
    return false;
  }
  port->serial = serial;
  if (!choose_nr (serial, port, error) || !device_realize (dev, error)) {
    device_free (dev);
    return false;
  }
  device_add_child (&serial->vdev.dev, dev);
  return true;
}

bool
virtio_serial_port_open (Device *dev)
{
  SerialPort *port = (SerialPort *)dev;
  g_mutex_lock (&port->serial->lock);
  const bool open = serial_port_listens (port);
  g_mutex_unlock (&port->serial->lock);
  return open;
}

void
virtio_console_resize (Device *dev, uint16_t cols, uint16_t rows)
{
  SerialPort *port = (SerialPort *)dev;
  VirtioSerial *serial = port->serial;
  g_mutex_lock (&serial->lock);
  const bool changed = port->cols != cols || port->rows != rows;
  port->cols = cols;
  port->rows = rows;
  if (changed && port->ready)
    serial_send (serial, port->nr, SERIAL_SEND_RESIZE);
  g_mutex_unlock (&serial->lock);
  if (changed && port->nr == 0)
    virtio_config_changed (&serial->vdev);
}

/* ---- Life ---- */

static void
console_init (Device *dev)
{
  ((SerialPort *)dev)->console = true;
}

static bool
port_realize (Device *dev, GError **error)
{
  SerialPort *port = (SerialPort *)dev;
  VirtioSerial *serial = port->serial;
  if (serial == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                 "%s (%s) is on no bus; add -device virtio-serial-pci before it", dev->path,
                 dev->class->name);
    return false;
  }
  const unsigned queue = port->nr == 0 ? 0 : 2 * (port->nr + 1);
  port->rx = serial->vdev.queues[queue];
  port->tx = serial->vdev.queues[queue + 1];
  port->input = g_byte_array_new ();
  if (!serial_port_connect (port, error)) {
    g_clear_pointer (&port->input, g_byte_array_unref);
    return false;
  }
  g_mutex_lock (&serial->lock);
  serial->ports[port->nr] = port;
  serial_send (serial, port->nr, SERIAL_SEND_ADD);
  g_mutex_unlock (&serial->lock);
  virtqueue_schedule (port->rx);
  virtqueue_schedule (port->tx);
  return true;
}

static void
port_unrealize (Device *dev)
{
  SerialPort *port = (SerialPort *)dev;
  VirtioSerial *serial = port->serial;
  g_mutex_lock (&serial->lock);
  serial_port_drop_held (port, true);
  serial->ports[port->nr] = NULL;
  serial->pending[port->nr] = 0;
  serial_send (serial, port->nr, SERIAL_SEND_REMOVE);
  g_mutex_unlock (&serial->lock);
  serial_port_disconnect (port);
  g_clear_pointer (&port->input, g_byte_array_unref);
}

#define AT(member) offsetof (SerialPort, member)
static const DeviceProp port_props[] = {
  { "chardev", DEVICE_PROP_BACKEND, AT (chardev), .help = "id of the -chardev at the other end" },
  { "name", DEVICE_PROP_STRING, AT (name), .help = "what the guest finds the port by" },
  { "nr", DEVICE_PROP_UINT32, AT (nr), .initial = UINT32_MAX,
    .help = "number of the port (default: the first free one)" },
  { NULL },
};

static const DeviceProp console_props[] = {
  { "cols", DEVICE_PROP_UINT32, AT (cols), .max = UINT16_MAX, .help = "width of the terminal (0: unknown)" },
  { "rows", DEVICE_PROP_UINT32, AT (rows), .max = UINT16_MAX, .help = "height of the terminal (0: unknown)" },
  { NULL },
};

/* Its state is part of the serial device's, whose queues it uses. */
const DeviceClass serial_port_class = {
  .name = "virtio-serial-port",
  .bus = "virtio-serial-bus",
  .category = "Input devices",
  .help = "what the ports of virtio-serial have in common",
  .size = sizeof (SerialPort),
  .props = port_props,
  .realize = port_realize,
  .unrealize = port_unrealize,
};

const DeviceClass serial_console_class = {
  .name = "virtconsole",
  .bus = "virtio-serial-bus",
  .category = "Input devices",
  .help = "terminal on virtio-serial",
  .size = sizeof (SerialPort),
  .base = &serial_port_class,
  .props = console_props,
  .init = console_init,
  .user_creatable = true,
};

const DeviceClass serial_channel_class = {
  .name = "virtserialport",
  .bus = "virtio-serial-bus",
  .category = "Input devices",
  .help = "channel to a program in the guest, on virtio-serial",
  .size = sizeof (SerialPort),
  .base = &serial_port_class,
  .user_creatable = true,
};
