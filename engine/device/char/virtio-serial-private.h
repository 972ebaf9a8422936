/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The parts of the virtio console device (virtio 1.3 §5.3). */

#include "chardev.h"
#include "virtio-console.h"
#include "virtio.h"

#include <linux/virtio_console.h>

/* Two queues each, and two for control messages. */
#define SERIAL_MAX_PORTS (VIRTIO_MAX_QUEUES / 2 - 1)

/* Messages that wait for a buffer of the driver's. What they say is looked up when they are sent, so that
 * none can pile up. They are sent in this order. */
enum {
  SERIAL_SEND_REMOVE = 1,
  SERIAL_SEND_ADD = 2,
  SERIAL_SEND_CONSOLE = 4,
  SERIAL_SEND_NAME = 8,
  SERIAL_SEND_RESIZE = 16,
  SERIAL_SEND_OPEN = 32,
  SERIAL_SEND_ALL = 63,
};

typedef struct VirtioSerial VirtioSerial;

typedef struct {
  Device dev; /* must be first */
  /* Properties. */
  char *chardev, *name;
  uint32_t nr;         /* UINT32_MAX: the first free one */
  uint32_t cols, rows; /* virtconsole: with serial->lock */
  /* */
  bool console;
  VirtioSerial *serial; /* NULL: not attached */
  Chardev *chr;         /* NULL: none */
  VirtQueue *rx, *tx;
  /* With serial->lock. */
  bool ready;      /* the driver has said so */
  bool guest_open; /* as the driver says; without MULTIPORT there is nothing to say */
  bool host_open;
  GByteArray *input;  /* for the driver */
  bool input_stalled; /* the back end waits for chardev_accept_input() */
  VirtqElement *held; /* output the back end has not taken all of */
  uint64_t held_at;   /* bytes it has */
} SerialPort;

struct VirtioSerial {
  VirtioDevice vdev;
  /* Properties. */
  uint32_t max_ports;
  bool emergency_write;
  /* */
  VirtQueue *control_in, *control_out; /* NULL without MULTIPORT */
  /* Guards all that follows and the ports. Taken after Device.lock. */
  GMutex lock;
  bool driver_ready;
  SerialPort *ports[SERIAL_MAX_PORTS];
  uint8_t pending[SERIAL_MAX_PORTS]; /* SERIAL_SEND_*: for each port, also one that has gone */
};

extern const DeviceClass serial_port_class, serial_console_class, serial_channel_class;

/* ---- Data (virtio-serial-data.c) ---- */

void serial_handle_rx (VirtioDevice *vdev, VirtQueue *queue);
void serial_handle_tx (VirtioDevice *vdev, VirtQueue *queue);
/* With the lock: whether the guest takes input. */
bool serial_port_listens (const SerialPort *port);
/* With the lock: input that had to wait may come. */
void serial_port_accept (SerialPort *port);
/* With the lock: drops the output held, giving the buffer back if it is still the driver's. */
void serial_port_drop_held (SerialPort *port, bool give_back);
bool serial_port_connect (SerialPort *port, GError **error);
void serial_port_disconnect (SerialPort *port);

/* ---- Control messages (virtio-serial-control.c) ---- */

void serial_handle_control_in (VirtioDevice *vdev, VirtQueue *queue);
void serial_handle_control_out (VirtioDevice *vdev, VirtQueue *queue);
/* With the lock: the messages are sent as soon as may be, if there is a driver to take them. */
void serial_send (VirtioSerial *serial, unsigned nr, unsigned messages);
/* With the lock. */
void serial_port_set_guest_open (SerialPort *port, bool open);
