/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Data of the ports, and back pressure in both directions. */

#include "virtio-serial-private.h"

#include <gio/gio.h>

#define INPUT_MAX 16384
/* Of one write, and of one run of the handler: a buffer's descriptors may cover the same memory thousands of
 * times, and the queue must be able to stop. */
#define WRITE_MAX  16384
#define OUTPUT_MAX (1u << 20)

static SerialPort *
port_of (VirtioSerial *serial, const VirtQueue *queue)
{
  const unsigned pair = virtqueue_index (queue) / 2;
  return pair == 0 ? serial->ports[0] : serial->ports[pair - 1];
}

bool
serial_port_listens (const SerialPort *port)
{
  const VirtioSerial *serial = port->serial;
  return virtio_has (&serial->vdev, VIRTIO_CONSOLE_F_MULTIPORT)
             ? port->guest_open
             : port == serial->ports[0] && virtqueue_ready (port->rx);
}

void
serial_port_accept (SerialPort *port)
{
  if (!port->input_stalled || !serial_port_listens (port) || port->input->len >= INPUT_MAX)
    return;
  port->input_stalled = false;
  chardev_accept_input (port->chr);
}

/* ---- To the guest ---- */

/* With the lock. True if all was given. */
static bool
give_input (SerialPort *port)
{
  bool given = false;
  while (port->input->len != 0) {
    VirtqElement *element = virtqueue_pop (port->rx, sizeof *element);
    if (element == NULL)
      break;
    const size_t n = virtio_iov_from_buf (element->in, element->n_in, 0, port->input->data, port->input->len);
    virtqueue_fill (port->rx, element, (uint32_t)n);
    virtqueue_element_free (element);
    if (n != 0)
      g_byte_array_remove_range (port->input, 0, (unsigned)n);
    given = true;
  }
  if (given) {
    virtqueue_flush (port->rx);
    virtqueue_notify (port->rx);
    serial_port_accept (port);
  }
  return port->input->len == 0;
}

/* Buffers are of no interest unless input waits for them. */
void
serial_handle_rx (VirtioDevice *vdev, VirtQueue *queue)
{
  VirtioSerial *serial = (VirtioSerial *)vdev;
  bool all;
  do {
    virtqueue_disable_kick (queue);
    g_mutex_lock (&serial->lock);
    SerialPort *port = port_of (serial, queue);
    all = port == NULL || give_input (port);
    /* A driver without control messages listens once the queue is there. */
    if (port != NULL)
      serial_port_accept (port);
    g_mutex_unlock (&serial->lock);
  } while (!all && virtqueue_enable_kick (queue));
}

/* ---- From the guest ---- */

void
serial_port_drop_held (SerialPort *port, bool give_back)
{
  if (port->held == NULL)
    return;
  if (give_back) {
    virtqueue_push (port->tx, port->held, 0);
    virtqueue_notify (port->tx);
  }
  virtqueue_element_free (g_steal_pointer (&port->held));
  port->held_at = 0;
}

static void
on_writable (void *opaque)
{
  virtqueue_schedule (((SerialPort *)opaque)->tx);
}

/* Writes on from where it stopped. False: the back end takes no more now, or the budget is used up. */
static bool
write_held (SerialPort *port, uint64_t *budget)
{
  const VirtqElement *element = port->held;
  uint64_t skip = port->held_at;
  for (unsigned i = 0; i < element->n_out && port->chr != NULL; i++) {
    const uint64_t size = element->out[i].iov_len;
    for (; skip < size; skip += MIN (size - skip, WRITE_MAX)) {
      const uint64_t n = MIN (size - skip, WRITE_MAX);
      if (!chardev_writable (port->chr)) {
        chardev_notify_writable (port->chr, on_writable, port);
        return false;
      }
      if (*budget < n) {
        virtqueue_schedule (port->tx);
        return false;
      }
      chardev_write (port->chr, (const uint8_t *)element->out[i].iov_base + skip, n);
      port->held_at += n;
      *budget -= n;
    }
    skip -= size;
  }
  return true;
}

/* With the lock. False: it goes on later. */
static bool
take_output (SerialPort *port)
{
  uint64_t budget = OUTPUT_MAX;
  for (;;) {
    if (port->held == NULL)
      port->held = virtqueue_pop (port->tx, sizeof *port->held);
    if (port->held == NULL)
      return true;
    if (!write_held (port, &budget))
      return false;
    serial_port_drop_held (port, true);
  }
}

static void
discard (VirtQueue *queue)
{
  VirtqElement *element;
  while ((element = virtqueue_pop (queue, sizeof *element)) != NULL) {
    virtqueue_push (queue, element, 0);
    virtqueue_element_free (element);
  }
  virtqueue_notify (queue);
}

void
serial_handle_tx (VirtioDevice *vdev, VirtQueue *queue)
{
  VirtioSerial *serial = (VirtioSerial *)vdev;
  bool all = true;
  do {
    virtqueue_disable_kick (queue);
    g_mutex_lock (&serial->lock);
    SerialPort *port = port_of (serial, queue);
    if (port != NULL)
      all = take_output (port);
    else
      discard (queue);
    g_mutex_unlock (&serial->lock);
  } while (all && virtqueue_enable_kick (queue));
}

/* ---- The back end ---- */

static size_t
can_receive (void *opaque)
{
  SerialPort *port = opaque;
  g_mutex_lock (&port->serial->lock);
  const size_t room = serial_port_listens (port) ? INPUT_MAX - MIN (INPUT_MAX, port->input->len) : 0;
  port->input_stalled = room == 0;
  g_mutex_unlock (&port->serial->lock);
  return room;
}

static void
receive (void *opaque, const uint8_t *data, size_t size)
{
  SerialPort *port = opaque;
  g_mutex_lock (&port->serial->lock);
  g_byte_array_append (port->input, data, (unsigned)MIN (size, INPUT_MAX));
  g_mutex_unlock (&port->serial->lock);
  virtqueue_schedule (port->rx);
}

/* A terminal is always there for the guest; a channel is open while somebody is at the other end. */
static void
event (void *opaque, bool connected)
{
  SerialPort *port = opaque;
  VirtioSerial *serial = port->serial;
  const bool open = connected || port->console;
  g_mutex_lock (&serial->lock);
  if (open != port->host_open) {
    port->host_open = open;
    if (port->ready)
      serial_send (serial, port->nr, SERIAL_SEND_OPEN);
  }
  g_mutex_unlock (&serial->lock);
}

bool
serial_port_connect (SerialPort *port, GError **error)
{
  static const ChardevFrontend frontend = { .can_receive = can_receive, .receive = receive, .event = event };
  const char *id = port->chardev;
  port->host_open = port->console;
  if (id == NULL || *id == '\0')
    return true;
  Chardev *chr = chardev_find (id);
  if (chr == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "%s (%s): there is no character back end “%s”; add -chardev KIND,id=%s before the device",
                 port->dev.path, port->dev.class->name, id, id);
    return false;
  }
  if (!chardev_attach (chr, &frontend, port, error)) {
    g_prefix_error (error, "%s (%s): ", port->dev.path, port->dev.class->name);
    return false;
  }
  port->chr = chr;
  if (!port->console)
    chardev_set_frontend_open (chr, port->guest_open);
  port->host_open = port->console || chardev_connected (chr);
  return true;
}

void
serial_port_disconnect (SerialPort *port)
{
  if (port->chr != NULL && chardev_find (port->chardev) == port->chr)
    chardev_detach_one (port->chr, port);
  port->chr = NULL;
}
