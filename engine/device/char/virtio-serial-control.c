/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Control messages (§5.3.6.2): which ports there are, and who has them open. */

#include "virtio-serial-private.h"

#include <string.h>

void (*virtio_serial_port_changed) (Device *port, bool open);

void
serial_send (VirtioSerial *serial, unsigned nr, unsigned messages)
{
  if (!serial->driver_ready)
    return;
  serial->pending[nr] |= (uint8_t)messages;
  virtqueue_schedule (serial->control_in);
}

void
serial_port_set_guest_open (SerialPort *port, bool open)
{
  if (port->guest_open == open)
    return;
  port->guest_open = open;
  device_trace (&port->dev, "%s by the guest", open ? "opened" : "closed");
  /* What was meant for who has closed it is not for the next one. */
  if (open)
    serial_port_accept (port);
  else
    g_byte_array_set_size (port->input, 0);
  if (port->chr != NULL && !port->console)
    chardev_set_frontend_open (port->chr, open);
  if (virtio_serial_port_changed != NULL)
    virtio_serial_port_changed (&port->dev, open);
}

/* ---- To the driver ---- */

static void
write_message (VirtqElement *element, unsigned nr, uint16_t event, uint16_t value, const void *data,
               size_t size)
{
  const struct virtio_console_control message = { .id = GUINT32_TO_LE (nr),
                                                  .event = GUINT16_TO_LE (event),
                                                  .value = GUINT16_TO_LE (value) };
  size_t n = virtio_iov_from_buf (element->in, element->n_in, 0, &message, sizeof message);
  n += virtio_iov_from_buf (element->in, element->n_in, sizeof message, data, size);
  virtqueue_fill (element->queue, element, (uint32_t)n);
}

static void
write_resize (VirtqElement *element, const SerialPort *port)
{
  const uint16_t size[2] = { GUINT16_TO_LE ((uint16_t)port->cols), GUINT16_TO_LE ((uint16_t)port->rows) };
  write_message (element, port->nr, VIRTIO_CONSOLE_RESIZE, 0, size, sizeof size);
}

/* Sends one of the port's messages; the port may have gone. */
static void
send_one (VirtioSerial *serial, unsigned nr, VirtqElement *element)
{
  const SerialPort *port = serial->ports[nr];
  const unsigned bit = serial->pending[nr] & -(unsigned)serial->pending[nr];
  serial->pending[nr] &= (uint8_t)~bit;
  if (bit == SERIAL_SEND_REMOVE)
    write_message (element, nr, VIRTIO_CONSOLE_PORT_REMOVE, 1, "", 0);
  else if (bit == SERIAL_SEND_ADD)
    write_message (element, nr, VIRTIO_CONSOLE_PORT_ADD, 1, "", 0);
  else if (bit == SERIAL_SEND_CONSOLE)
    write_message (element, nr, VIRTIO_CONSOLE_CONSOLE_PORT, 1, "", 0);
  else if (bit == SERIAL_SEND_NAME)
    write_message (element, nr, VIRTIO_CONSOLE_PORT_NAME, 1, port->name, strlen (port->name));
  else if (bit == SERIAL_SEND_RESIZE)
    write_resize (element, port);
  else
    write_message (element, nr, VIRTIO_CONSOLE_PORT_OPEN, port->host_open, "", 0);
}

/* With the lock. True if nothing is left. */
static bool
send_pending (VirtioSerial *serial)
{
  bool sent = false, all = true;
  for (unsigned nr = 0; nr < serial->max_ports && all; nr++)
    while (serial->pending[nr] != 0 && all) {
      VirtqElement *element = virtqueue_pop (serial->control_in, sizeof *element);
      all = element != NULL;
      if (!all)
        break;
      send_one (serial, nr, element);
      virtqueue_element_free (element);
      sent = true;
    }
  if (sent) {
    virtqueue_flush (serial->control_in);
    virtqueue_notify (serial->control_in);
  }
  return all;
}

void
serial_handle_control_in (VirtioDevice *vdev, VirtQueue *queue)
{
  VirtioSerial *serial = (VirtioSerial *)vdev;
  bool all;
  do {
    virtqueue_disable_kick (queue);
    g_mutex_lock (&serial->lock);
    all = send_pending (serial);
    g_mutex_unlock (&serial->lock);
  } while (!all && virtqueue_enable_kick (queue));
}

/* ---- From the driver ---- */

static void
driver_ready (VirtioSerial *serial, bool ready)
{
  serial->driver_ready = ready;
  if (!ready) {
    device_guest_error (&serial->vdev.dev, "the driver could not set up the device");
    return;
  }
  for (unsigned nr = 0; nr < serial->max_ports; nr++)
    if (serial->ports[nr] != NULL)
      serial_send (serial, nr, SERIAL_SEND_ADD);
}

static void
port_ready (SerialPort *port, bool ready)
{
  VirtioSerial *serial = port->serial;
  unsigned messages = port->console ? SERIAL_SEND_CONSOLE : 0;
  port->ready = ready;
  if (!ready) {
    device_guest_error (&serial->vdev.dev, "the driver could not set up port %u", port->nr);
    return;
  }
  if (port->name != NULL && port->name[0] != '\0')
    messages |= SERIAL_SEND_NAME;
  if (port->console && port->cols != 0 && port->rows != 0)
    messages |= SERIAL_SEND_RESIZE;
  if (port->host_open)
    messages |= SERIAL_SEND_OPEN;
  serial_send (serial, port->nr, messages);
}

static void
take_message (VirtioSerial *serial, const VirtqElement *element)
{
  struct virtio_console_control message;
  Device *dev = &serial->vdev.dev;
  if (virtio_iov_to_buf (element->out, element->n_out, 0, &message, sizeof message) != sizeof message) {
    device_guest_error (dev, "a control message of %" G_GUINT64_FORMAT " bytes", element->out_size);
    return;
  }
  const uint32_t nr = GUINT32_FROM_LE (message.id);
  const uint16_t event = GUINT16_FROM_LE (message.event);
  const bool value = message.value != 0;
  if (event == VIRTIO_CONSOLE_DEVICE_READY) {
    driver_ready (serial, value);
    return;
  }
  SerialPort *port = nr < serial->max_ports ? serial->ports[nr] : NULL;
  if (port == NULL)
    device_guest_error (dev, "control message %u for port %u, which there is not", event, nr);
  else if (event == VIRTIO_CONSOLE_PORT_READY)
    port_ready (port, value);
  else if (event == VIRTIO_CONSOLE_PORT_OPEN)
    serial_port_set_guest_open (port, value);
  else
    device_guest_error (dev, "control message %u is not one of a driver's", event);
}

void
serial_handle_control_out (VirtioDevice *vdev, VirtQueue *queue)
{
  VirtioSerial *serial = (VirtioSerial *)vdev;
  do {
    VirtqElement *element;
    virtqueue_disable_kick (queue);
    while ((element = virtqueue_pop (queue, sizeof *element)) != NULL) {
      g_mutex_lock (&serial->lock);
      take_message (serial, element);
      g_mutex_unlock (&serial->lock);
      virtqueue_push (queue, element, 0);
      virtqueue_element_free (element);
    }
    virtqueue_notify (queue);
  } while (virtqueue_enable_kick (queue));
}
