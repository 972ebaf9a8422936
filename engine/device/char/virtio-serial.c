/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The device that the ports are plugged into: features, configuration space, life and saved state. */

#include "virtio-serial-private.h"

#include <gio/gio.h>
#include <string.h>

#define PCI_CLASS_COMMUNICATION_OTHER 0x0780
#define DATA_QUEUE_SIZE               128
#define CONTROL_QUEUE_SIZE            64

/* ---- Features and configuration (§5.3.3, §5.3.4) ---- */

/* With the lock: the terminal that the configuration space speaks of, if its size is known. */
static const SerialPort *
sized_console (const VirtioSerial *serial)
{
  const SerialPort *port = serial->ports[0];
  return port != NULL && port->console && port->cols != 0 && port->rows != 0 ? port : NULL;
}

static uint64_t
serial_features (VirtioDevice *vdev)
{
  VirtioSerial *serial = (VirtioSerial *)vdev;
  g_mutex_lock (&serial->lock);
  const bool sized = sized_console (serial) != NULL;
  g_mutex_unlock (&serial->lock);
  return (uint64_t)sized << VIRTIO_CONSOLE_F_SIZE |
         (uint64_t)(serial->max_ports > 1) << VIRTIO_CONSOLE_F_MULTIPORT |
         (uint64_t)serial->emergency_write << VIRTIO_CONSOLE_F_EMERG_WRITE;
}

static void
serial_config_read (VirtioDevice *vdev)
{
  VirtioSerial *serial = (VirtioSerial *)vdev;
  struct virtio_console_config config = { .max_nr_ports = GUINT32_TO_LE (serial->max_ports) };
  g_mutex_lock (&serial->lock);
  const SerialPort *port = sized_console (serial);
  if (port != NULL) {
    config.cols = GUINT16_TO_LE ((uint16_t)port->cols);
    config.rows = GUINT16_TO_LE ((uint16_t)port->rows);
  }
  g_mutex_unlock (&serial->lock);
  memcpy (vdev->config, &config, sizeof config);
}

/* A kernel in distress writes characters there, at any time, one at a time. */
static void
serial_config_written (VirtioDevice *vdev, unsigned offset, unsigned size)
{
  VirtioSerial *serial = (VirtioSerial *)vdev;
  const unsigned at = offsetof (struct virtio_console_config, emerg_wr);
  if (offset != at || !serial->emergency_write) {
    device_guest_error (&vdev->dev, "a write to read-only configuration at 0x%x", offset);
    return;
  }
  g_mutex_lock (&serial->lock);
  const SerialPort *port = serial->ports[0];
  if (port != NULL && port->chr != NULL && chardev_writable (port->chr))
    chardev_write (port->chr, vdev->config + at, 1);
  g_mutex_unlock (&serial->lock);
}

static void
serial_queue_reset (VirtioDevice *vdev, unsigned queue)
{
  VirtioSerial *serial = (VirtioSerial *)vdev;
  g_mutex_lock (&serial->lock);
  for (unsigned nr = 0; nr < serial->max_ports; nr++) {
    SerialPort *port = serial->ports[nr];
    if (port != NULL && virtqueue_index (port->tx) == queue)
      serial_port_drop_held (port, false);
  }
  g_mutex_unlock (&serial->lock);
}

static const VirtioClass serial_virtio = {
  .id = 3,
  .name = "virtio-serial",
  .pci_class = PCI_CLASS_COMMUNICATION_OTHER,
  .config_size = sizeof (struct virtio_console_config),
  .features = serial_features,
  .config_read = serial_config_read,
  .config_written = serial_config_written,
  .queue_reset = serial_queue_reset,
};

/* ---- Life ---- */

static void
serial_init (Device *dev)
{
  virtio_init ((VirtioDevice *)dev, &serial_virtio);
}

static bool
serial_realize (Device *dev, GError **error)
{
  VirtioSerial *serial = (VirtioSerial *)dev;
  VirtioDevice *vdev = &serial->vdev;
  if (serial->max_ports == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s (%s): max_ports must be 1 to %u",
                 dev->path, dev->class->name, SERIAL_MAX_PORTS);
    return false;
  }
  g_mutex_init (&serial->lock);
  /* The control queues come after those of port 0 (§5.3.2). */
  for (unsigned nr = 0; nr < serial->max_ports; nr++) {
    virtio_add_queue (vdev, DATA_QUEUE_SIZE, serial_handle_rx);
    virtio_add_queue (vdev, DATA_QUEUE_SIZE, serial_handle_tx);
    if (nr == 0 && serial->max_ports > 1) {
      serial->control_in = virtio_add_queue (vdev, CONTROL_QUEUE_SIZE, serial_handle_control_in);
      serial->control_out = virtio_add_queue (vdev, CONTROL_QUEUE_SIZE, serial_handle_control_out);
    }
  }
  return true;
}

static void
serial_unrealize (Device *dev)
{
  VirtioSerial *serial = (VirtioSerial *)dev;
  virtio_stop (&serial->vdev);
  g_mutex_clear (&serial->lock);
}

static void
serial_reset (Device *dev)
{
  VirtioSerial *serial = (VirtioSerial *)dev;
  g_mutex_lock (&serial->lock);
  serial->driver_ready = false;
  memset (serial->pending, 0, sizeof serial->pending);
  for (unsigned nr = 0; nr < serial->max_ports; nr++) {
    SerialPort *port = serial->ports[nr];
    if (port == NULL)
      continue;
    serial_port_drop_held (port, false);
    serial_port_set_guest_open (port, false);
    g_byte_array_set_size (port->input, 0);
    port->ready = false;
  }
  g_mutex_unlock (&serial->lock);
}

/* ---- Saved state ---- */

#define PORT_TYPE  "(ubbbaya" VIRTQ_ELEMENT_TYPE "t)"
#define STATE_TYPE "(baya" PORT_TYPE ")"

static GVariant *
save_port (const SerialPort *port)
{
  GVariantBuilder held;
  g_variant_builder_init (&held, G_VARIANT_TYPE ("a" VIRTQ_ELEMENT_TYPE));
  if (port->held != NULL)
    g_variant_builder_add_value (&held, virtqueue_element_save (port->held));
  GVariant *input = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, port->input->data, port->input->len, 1);
  return g_variant_new ("(ubbb@aya" VIRTQ_ELEMENT_TYPE "t)", port->nr, port->ready, port->guest_open,
                        port->host_open, input, &held, port->held_at);
}

static void
serial_save (Device *dev, GVariantBuilder *state)
{
  VirtioSerial *serial = (VirtioSerial *)dev;
  GVariantBuilder ports;
  g_variant_builder_init (&ports, G_VARIANT_TYPE ("a" PORT_TYPE));
  g_mutex_lock (&serial->lock);
  for (unsigned nr = 0; nr < serial->max_ports; nr++)
    if (serial->ports[nr] != NULL)
      g_variant_builder_add_value (&ports, save_port (serial->ports[nr]));
  GVariant *pending = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, serial->pending, serial->max_ports, 1);
  g_variant_builder_add (state, "{sv}", "serial",
                         g_variant_new ("(b@aya" PORT_TYPE ")", serial->driver_ready, pending, &ports));
  g_mutex_unlock (&serial->lock);
}

static bool
load_held (SerialPort *port, GVariant *held)
{
  const gsize n = g_variant_n_children (held);
  if (n == 0)
    return port->held_at == 0;
  g_autoptr (GVariant) element = g_variant_get_child_value (held, 0);
  port->held = virtqueue_element_load (port->tx, element, sizeof *port->held);
  return n == 1 && port->held != NULL && port->held_at <= port->held->out_size;
}

static bool
load_port (VirtioSerial *serial, GVariant *state)
{
  g_autoptr (GVariant) input = NULL;
  g_autoptr (GVariant) held = NULL;
  gboolean ready, guest_open, host_open;
  uint32_t nr;
  uint64_t held_at;
  gsize size;
  g_variant_get (state, "(ubbb@ay@a" VIRTQ_ELEMENT_TYPE "t)", &nr, &ready, &guest_open, &host_open, &input,
                 &held, &held_at);
  SerialPort *port = nr < serial->max_ports ? serial->ports[nr] : NULL;
  const uint8_t *bytes = g_variant_get_fixed_array (input, &size, 1);
  if (port == NULL || size > UINT16_MAX)
    return false;
  port->ready = ready;
  g_byte_array_set_size (port->input, 0);
  g_byte_array_append (port->input, bytes, (unsigned)size);
  port->held_at = held_at;
  if (!load_held (port, held)) {
    serial_port_drop_held (port, false);
    port->held_at = 0;
    return false;
  }
  serial_port_set_guest_open (port, guest_open);
  /* Who is at the other end may have come or gone. */
  if (ready && port->host_open != (bool)host_open)
    serial->pending[nr] |= SERIAL_SEND_OPEN;
  return true;
}

static bool
load_all (VirtioSerial *serial, GVariant *state)
{
  g_autoptr (GVariant) pending = NULL;
  g_autoptr (GVariant) ports = NULL;
  gboolean ready;
  gsize n;
  g_variant_get (state, "(b@ay@a" PORT_TYPE ")", &ready, &pending, &ports);
  const uint8_t *bits = g_variant_get_fixed_array (pending, &n, 1);
  bool ok = n == serial->max_ports;
  serial->driver_ready = ready && serial->control_in != NULL;
  for (unsigned nr = 0; ok && nr < serial->max_ports; nr++) {
    /* Of a port that is not there, there is nothing to tell but that. */
    const unsigned known = serial->ports[nr] != NULL ? SERIAL_SEND_ALL : SERIAL_SEND_REMOVE;
    ok = (bits[nr] & ~known) == 0 &&
         (!(bits[nr] & SERIAL_SEND_NAME) || (serial->ports[nr] && serial->ports[nr]->name != NULL));
    serial->pending[nr] = ok ? bits[nr] : 0;
  }
  for (gsize i = 0; ok && i < g_variant_n_children (ports); i++) {
    g_autoptr (GVariant) one = g_variant_get_child_value (ports, i);
    ok = load_port (serial, one);
  }
  return ok;
}

static bool
serial_load (Device *dev, GVariant *state, GError **error)
{
  VirtioSerial *serial = (VirtioSerial *)dev;
  g_autoptr (GVariant) all = g_variant_lookup_value (state, "serial", G_VARIANT_TYPE (STATE_TYPE));
  g_mutex_lock (&serial->lock);
  for (unsigned nr = 0; nr < serial->max_ports; nr++)
    if (serial->ports[nr] != NULL)
      serial_port_drop_held (serial->ports[nr], false);
  const bool ok = all != NULL && load_all (serial, all);
  g_mutex_unlock (&serial->lock);
  if (!ok)
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s: the saved ports are not those of this machine; start with the options it was saved with",
        dev->path);
  return ok;
}

#define AT(member) offsetof (VirtioSerial, member)
static const DeviceProp serial_props[] = {
  { "max_ports", DEVICE_PROP_UINT32, AT (max_ports), .initial = SERIAL_MAX_PORTS, .max = SERIAL_MAX_PORTS,
    .help = "ports there may be; 1: a console and nothing else" },
  { "emergency-write", DEVICE_PROP_BOOL, AT (emergency_write), .initial = true,
    .help = "offer output without queues, for a kernel in distress" },
  { NULL },
};

static const DeviceClass serial_class = {
  .name = "virtio-serial-device",
  .bus = "virtio-bus",
  .category = "Input devices",
  .help = "virtio console device, for virtconsole and virtserialport",
  .size = sizeof (VirtioSerial),
  .base = &virtio_device_class,
  .props = serial_props,
  .init = serial_init,
  .realize = serial_realize,
  .unrealize = serial_unrealize,
  .reset = serial_reset,
  .save = serial_save,
  .load = serial_load,
  .user_creatable = true,
};

bool
virtio_serial_is_bus (Device *dev)
{
  const VirtioDevice *vdev = virtio_device_of (dev);
  return vdev != NULL && vdev->vclass == &serial_virtio;
}

void
virtio_console_register (void)
{
  virtio_register (&serial_class, &serial_virtio);
  device_class_register (&serial_console_class);
  device_class_register (&serial_channel_class);
}
