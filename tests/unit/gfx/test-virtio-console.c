/* SPDX-License-Identifier: GPL-3.0-or-later */

/* virtio-serial: ports, control messages, data and back pressure. */

#include "chardev.h"
#include "gfx-guest.h"
#include "virtio-console.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <linux/virtio_console.h>
#include <string.h>

#define SERIAL    "virtio-serial-device"
#define MULTIPORT (UINT64_C (1) << VIRTIO_CONSOLE_F_MULTIPORT)

/* Queues (§5.3.2). */
enum { RX0, TX0, CONTROL_RX, CONTROL_TX, RX1, TX1, RX2, TX2 };

static Chardev *
open_chardev (const char *options)
{
  g_autoptr (GError) error = NULL;
  Chardev *chr = chardev_new (options, &error);
  g_assert_no_error (error);
  return chr;
}

static Device *
attach (Gfx *gfx, const char *class_name, const char *props, GError **error)
{
  g_auto (GStrv) list = g_strsplit (props, ",", -1);
  static unsigned n;
  /* A restored machine's devices have the paths they had. */
  g_autofree char *path =
      strcmp (props, "chardev=c2") == 0 ? g_strdup ("/saved") : g_strdup_printf ("/port%u", n++);
  Device *port = device_new (device_class_find (class_name), path);
  for (unsigned i = 0; list[i] != NULL && list[i][0] != '\0'; i++) {
    char *value = strchr (list[i], '=');
    *value++ = '\0';
    g_assert_true (device_set (port, list[i], value, NULL));
  }
  return virtio_serial_attach (gfx->guest.dev, port, error) ? port : NULL;
}

static Device *
add_port (Gfx *gfx, const char *class_name, const char *props)
{
  g_autoptr (GError) error = NULL;
  Device *port = attach (gfx, class_name, props, &error);
  g_assert_no_error (error);
  return port;
}

/* Runs the main thread's part until `done` says so. */
static void
run_until (bool (*done) (void *opaque), void *opaque)
{
  const gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  while (!done (opaque)) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (200);
  }
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* ---- Control messages ---- */

static void
say (Gfx *gfx, uint32_t id, uint16_t event, uint16_t value)
{
  const struct virtio_console_control message = { id, event, value };
  gfx_request (gfx, CONTROL_TX, &message, sizeof message, NULL, 0);
}

static void
assert_message (Gfx *gfx, uint32_t id, uint16_t event, uint16_t value, const void *data, size_t size)
{
  uint32_t written;
  struct virtio_console_control message;
  const uint64_t addr = gfx_await (gfx, CONTROL_RX, &written);
  g_assert_cmpuint (written, ==, sizeof message + size);
  memcpy (&message, guest_host (&gfx->guest, addr), sizeof message);
  g_assert_cmpuint (message.id, ==, id);
  g_assert_cmpuint (message.event, ==, event);
  g_assert_cmpuint (message.value, ==, value);
  g_assert_cmpmem (guest_host (&gfx->guest, addr + sizeof message), size, data, size);
}

static void
assert_no_message (Gfx *gfx)
{
  uint32_t written;
  g_assert_cmphex (gfx_poll (gfx, CONTROL_RX, &written), ==, 0);
}

static void
start (Gfx *gfx, RingForm form, unsigned buffers)
{
  gfx_start (gfx, form, MULTIPORT, 8);
  for (unsigned i = 0; i < buffers; i++)
    gfx_give (gfx, CONTROL_RX, 64);
}

/* A port comes up as Linux brings it up. */
static void
bring_up (Gfx *gfx, uint32_t id)
{
  say (gfx, id, VIRTIO_CONSOLE_PORT_READY, 1);
  say (gfx, id, VIRTIO_CONSOLE_PORT_OPEN, 1);
}

static void
test_ports (void)
{
  for (unsigned n = 0; n < FORM_COUNT; n++) {
    Gfx gfx;
    Chardev *chr = open_chardev ("ringbuf,id=c0");
    gfx_open (&gfx, SERIAL, "");
    Device *console = add_port (&gfx, "virtconsole", "chardev=c0,cols=80,rows=25");
    Device *channel = add_port (&gfx, "virtserialport", "name=org.vitrine.test");
    g_assert_cmphex (guest_features (&gfx.guest) & 7, ==, 7);
    g_assert_cmpuint (guest_config (&gfx.guest, 0, 2), ==, 80);
    g_assert_cmpuint (guest_config (&gfx.guest, 2, 2), ==, 25);
    g_assert_cmpuint (guest_config (&gfx.guest, 4, 4), ==, 31);
    start (&gfx, guest_form (n), 32);
    say (&gfx, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1);
    assert_message (&gfx, 0, VIRTIO_CONSOLE_PORT_ADD, 1, "", 0);
    assert_message (&gfx, 1, VIRTIO_CONSOLE_PORT_ADD, 1, "", 0);
    say (&gfx, 0, VIRTIO_CONSOLE_PORT_READY, 1);
    assert_message (&gfx, 0, VIRTIO_CONSOLE_CONSOLE_PORT, 1, "", 0);
    assert_message (&gfx, 0, VIRTIO_CONSOLE_RESIZE, 0, "\120\0\031\0", 4);
    assert_message (&gfx, 0, VIRTIO_CONSOLE_PORT_OPEN, 1, "", 0);
    say (&gfx, 1, VIRTIO_CONSOLE_PORT_READY, 1);
    assert_message (&gfx, 1, VIRTIO_CONSOLE_PORT_NAME, 1, "org.vitrine.test", 16);
    g_assert_false (virtio_serial_port_open (channel));
    say (&gfx, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    g_assert_true (virtio_serial_port_open (channel));
    say (&gfx, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
    g_assert_false (virtio_serial_port_open (channel));
    virtio_console_resize (console, 132, 43);
    assert_message (&gfx, 0, VIRTIO_CONSOLE_RESIZE, 0, "\204\0\053\0", 4);
    g_assert_cmpuint (guest_config (&gfx.guest, 0, 2), ==, 132);
    /* Ports come and go while the driver runs. */
    Device *other = add_port (&gfx, "virtserialport", "");
    assert_message (&gfx, 2, VIRTIO_CONSOLE_PORT_ADD, 1, "", 0);
    device_free (other);
    assert_message (&gfx, 2, VIRTIO_CONSOLE_PORT_REMOVE, 1, "", 0);
    say (&gfx, 2, VIRTIO_CONSOLE_PORT_READY, 1);
    assert_no_message (&gfx);
    gfx_close (&gfx);
    chardev_free (chr);
  }
}

static void
test_hostile_control (void)
{
  Gfx gfx;
  gfx_open (&gfx, SERIAL, "max_ports=4");
  add_port (&gfx, "virtserialport", "name=a");
  start (&gfx, guest_form (2), 0);
  const uint8_t short_message[7] = { 0 };
  gfx_request (&gfx, CONTROL_TX, short_message, sizeof short_message, NULL, 0);
  say (&gfx, 0, VIRTIO_CONSOLE_PORT_READY, 1);
  say (&gfx, 4, VIRTIO_CONSOLE_PORT_READY, 1);
  say (&gfx, UINT32_MAX, VIRTIO_CONSOLE_PORT_OPEN, 1);
  say (&gfx, 1, VIRTIO_CONSOLE_PORT_ADD, 1);
  say (&gfx, 1, 0xffff, 1);
  say (&gfx, 0, VIRTIO_CONSOLE_DEVICE_READY, 0);
  /* Before the device is said to be ready, nothing is sent. */
  say (&gfx, 1, VIRTIO_CONSOLE_PORT_READY, 1);
  gfx_give (&gfx, CONTROL_RX, 64);
  assert_no_message (&gfx);
  /* Asking for the same a thousand times makes no thousand answers. */
  for (unsigned i = 0; i < 1000; i++) {
    say (&gfx, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    say (&gfx, 1, VIRTIO_CONSOLE_PORT_READY, 1);
  }
  for (unsigned i = 0; i < 8; i++)
    gfx_give (&gfx, CONTROL_RX, 64);
  unsigned n = 0;
  for (uint32_t written; gfx_poll (&gfx, CONTROL_RX, &written) != 0;)
    n++;
  g_assert_cmpuint (n, >=, 2);
  g_assert_cmpuint (n, <=, 9);
  /* Too little room for a message. */
  uint32_t written;
  gfx_start (&gfx, guest_form (2), MULTIPORT, 8);
  gfx_give (&gfx, CONTROL_RX, 3);
  say (&gfx, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
  gfx_await (&gfx, CONTROL_RX, &written);
  g_assert_cmpuint (written, ==, 3);
  gfx_close (&gfx);
}

/* ---- Data ---- */

static bool
has_sent (void *opaque)
{
  uint32_t written;
  return gfx_poll (opaque, RX1, &written) != 0;
}

static void
test_data (void)
{
  Gfx gfx;
  Chardev *chr = open_chardev ("ringbuf,id=c0");
  gfx_open (&gfx, SERIAL, "");
  add_port (&gfx, "virtserialport", "chardev=c0");
  start (&gfx, guest_form (2), 8);
  say (&gfx, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
  /* Nobody in the guest listens yet. */
  g_assert_false (chardev_ringbuf_send (chr, (const uint8_t *)"x", 1));
  bring_up (&gfx, 1);
  g_assert_cmpuint (gfx_request (&gfx, TX1, "hello, host", 11, NULL, 0), ==, 0);
  g_autoptr (GBytes) out = chardev_ringbuf_read (chr, 100);
  g_assert_cmpmem (g_bytes_get_data (out, NULL), g_bytes_get_size (out), "hello, host", 11);
  /* Input in the pieces that the buffers allow. */
  uint32_t written;
  const uint64_t first = gfx_give (&gfx, RX1, 5);
  g_assert_true (chardev_ringbuf_send (chr, (const uint8_t *)"hello, guest", 12));
  g_assert_cmphex (gfx_await (&gfx, RX1, &written), ==, first);
  g_assert_cmpmem (guest_host (&gfx.guest, first), written, "hello", 5);
  const uint64_t second = gfx_give (&gfx, RX1, 100);
  g_assert_cmphex (gfx_await (&gfx, RX1, &written), ==, second);
  g_assert_cmpmem (guest_host (&gfx.guest, second), written, ", guest", 7);
  /* Up to a limit without buffers; then the back end waits. */
  const uint8_t block[1024] = { 1, 2, 3 };
  unsigned n = 0;
  while (n < 1000 && chardev_ringbuf_send (chr, block, sizeof block))
    n++;
  g_assert_cmpuint (n, ==, 16);
  gfx_give (&gfx, RX1, 4096);
  run_until (has_sent, &gfx);
  g_assert_true (chardev_ringbuf_send (chr, block, sizeof block));
  /* What was not read goes with who closes the port. */
  say (&gfx, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
  g_assert_false (chardev_ringbuf_send (chr, block, sizeof block));
  gfx_give (&gfx, RX1, 4096);
  g_assert_cmphex (gfx_poll (&gfx, RX1, &written), ==, 0);
  gfx_close (&gfx);
  chardev_free (chr);
}

/* A driver that knows of one console and nothing else: firmware. */
static void
test_single (void)
{
  for (unsigned ports = 1; ports <= 2; ports++) {
    Gfx gfx;
    Chardev *chr = open_chardev ("ringbuf,id=c0");
    gfx_open (&gfx, SERIAL, ports == 1 ? "max_ports=1" : "max_ports=2,emergency-write=off");
    add_port (&gfx, "virtconsole", "chardev=c0");
    g_assert_cmphex (guest_features (&gfx.guest) & 7, ==, ports == 1 ? 4 : 2);
    g_assert_cmpuint (guest_queue_max (&gfx.guest, 2) != 0, ==, ports == 2);
    g_assert_false (chardev_ringbuf_send (chr, (const uint8_t *)"x", 1));
    guest_set_config (&gfx.guest, 8, 4, 'E');
    gfx_start (&gfx, guest_form (2), 0, 2);
    gfx_settle (&gfx);
    gfx_request (&gfx, TX0, "boot", 4, NULL, 0);
    g_autoptr (GBytes) out = chardev_ringbuf_read (chr, 100);
    const char *text = ports == 1 ? "Eboot" : "boot";
    g_assert_cmpmem (g_bytes_get_data (out, NULL), g_bytes_get_size (out), text, strlen (text));
    uint32_t written;
    const uint64_t addr = gfx_give (&gfx, RX0, 8);
    g_assert_true (chardev_ringbuf_send (chr, (const uint8_t *)"key", 3));
    g_assert_cmphex (gfx_await (&gfx, RX0, &written), ==, addr);
    g_assert_cmpmem (guest_host (&gfx.guest, addr), written, "key", 3);
    gfx_close (&gfx);
    chardev_free (chr);
  }
}

/* ---- A slow reader ---- */

typedef struct {
  Gfx gfx;
  GSocket *socket;
  uint64_t received, expected;
} Slow;

static uint8_t
pattern (uint64_t i)
{
  return (uint8_t)(i * 7 + (i >> 11));
}

static bool
read_some (void *opaque)
{
  Slow *slow = opaque;
  uint8_t bytes[8192];
  g_autoptr (GError) error = NULL;
  const gssize n = g_socket_receive (slow->socket, (char *)bytes, sizeof bytes, NULL, &error);
  for (gssize i = 0; i < n; i++)
    g_assert_cmphex (bytes[i], ==, pattern (slow->received++));
  return slow->received >= slow->expected;
}

static GSocket *
connect_to (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  GSocket *socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_no_error (error);
  g_socket_connect (socket, address, NULL, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (socket, FALSE);
  return socket;
}

static bool
is_connected (void *opaque)
{
  return chardev_connected (opaque);
}

static bool
is_disconnected (void *opaque)
{
  return !chardev_connected (opaque);
}

static void
add_output (Gfx *gfx, uint64_t *sent, uint32_t size)
{
  const uint64_t addr = guest_alloc (&gfx->guest, size, 8);
  for (uint32_t i = 0; i < size; i++)
    *guest_host (&gfx->guest, addr + i) = pattern (*sent + i);
  *sent += size;
  g_assert_true (ring_add (&gfx->rings[TX1], &(Segment){ addr, size }, 1, 0, (void *)(uintptr_t)addr));
  ring_kick (&gfx->rings[TX1]);
}

/* Nothing is lost when nobody reads for long, nor when the machine is saved and restored meanwhile. */
static void
test_back_pressure (void)
{
  g_autofree char *dir = g_dir_make_tmp ("vitrine-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "socket", NULL);
  g_autofree char *options = g_strdup_printf ("socket,id=c1,path=%s,server=on,wait=off", path);
  Chardev *chr = open_chardev (options);
  Slow slow = { 0 };
  Gfx *gfx = &slow.gfx;
  gfx_open (gfx, SERIAL, "");
  add_port (gfx, "virtserialport", "chardev=c1");
  start (gfx, guest_form (3), 8);
  say (gfx, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
  assert_message (gfx, 1, VIRTIO_CONSOLE_PORT_ADD, 1, "", 0);
  bring_up (gfx, 1);
  assert_no_message (gfx);
  slow.socket = connect_to (path);
  run_until (is_connected, chr);
  iterate ();
  assert_message (gfx, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, "", 0);
  /* One buffer larger than all that can be kept on the way, and some more. */
  add_output (gfx, &slow.expected, 3 << 20);
  for (unsigned i = 0; i < 20; i++)
    add_output (gfx, &slow.expected, 1000 + 997 * i);
  gfx_settle (gfx);
  g_assert_false (chardev_writable (chr));
  uint32_t written;
  g_assert_cmphex (gfx_poll (gfx, TX1, &written), ==, 0);
  for (unsigned i = 0; i < 100; i++) {
    read_some (&slow);
    iterate ();
  }
  g_assert_cmpuint (slow.received, <, slow.expected);
  run_until (read_some, &slow);
  for (unsigned i = 0; i < 21; i++)
    gfx_await (gfx, TX1, &written);
  g_object_unref (slow.socket);
  run_until (is_disconnected, chr);
  iterate ();
  assert_message (gfx, 1, VIRTIO_CONSOLE_PORT_OPEN, 0, "", 0);
  /* Nobody is there: it goes nowhere, and the driver is not kept waiting. */
  add_output (gfx, &slow.expected, 3 << 20);
  gfx_await (gfx, TX1, &written);
  gfx_close (gfx);
  chardev_free (chr);
  g_unlink (path);
  g_rmdir (dir);
}

/* Memory named a thousand times over makes a buffer of gigabytes: the queue can be stopped all the same. */
static void
test_endless (void)
{
  Gfx gfx;
  Chardev *chr = open_chardev ("null,id=c0");
  gfx_open (&gfx, SERIAL, "");
  add_port (&gfx, "virtserialport", "chardev=c0");
  start (&gfx, guest_form (6), 8);
  say (&gfx, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
  bring_up (&gfx, 1);
  Segment segments[RING_INDIRECT];
  for (unsigned i = 0; i < G_N_ELEMENTS (segments); i++)
    segments[i] = (Segment){ GUEST_RAM, GUEST_SIZE };
  for (unsigned i = 0; i < 32; i++)
    g_assert_true (ring_add (&gfx.rings[TX1], segments, RING_INDIRECT, 0, segments));
  ring_kick (&gfx.rings[TX1]);
  const gint64 before = g_get_monotonic_time ();
  guest_set_status (&gfx.guest, 0);
  g_assert_cmpint (g_get_monotonic_time () - before, <, 5 * G_TIME_SPAN_SECOND);
  gfx_close (&gfx);
  chardev_free (chr);
}

/* ---- Saved state ---- */

static void
add_later (Gfx *gfx)
{
  add_port (gfx, "virtserialport", "chardev=c2");
}

static void
test_save (void)
{
  Gfx gfx;
  Chardev *chr = open_chardev ("ringbuf,id=c2");
  gfx_open (&gfx, SERIAL, "");
  Device *port = add_port (&gfx, "virtserialport", "chardev=c2");
  start (&gfx, guest_form (2), 8);
  say (&gfx, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
  bring_up (&gfx, 1);
  g_assert_true (virtio_serial_port_open (port));
  g_assert_true (chardev_ringbuf_send (chr, (const uint8_t *)"kept", 4));
  uint32_t written;
  while (gfx_poll (&gfx, CONTROL_RX, &written) != 0)
    ;
  gfx_move (&gfx, SERIAL, "", add_later);
  g_assert_true (virtio_serial_port_open (((Device *)gfx.dev)->children->pdata[0]));
  assert_no_message (&gfx);
  const uint64_t addr = gfx_give (&gfx, RX1, 64);
  gfx_settle (&gfx);
  g_assert_cmpmem (guest_host (&gfx.guest, addr), 4, "kept", 4);
  gfx_request (&gfx, TX1, "more", 4, NULL, 0);
  g_autoptr (GBytes) out = chardev_ringbuf_read (chr, 100);
  g_assert_cmpmem (g_bytes_get_data (out, NULL), g_bytes_get_size (out), "more", 4);
  gfx_close (&gfx);
  chardev_free (chr);
}

static unsigned changes;

static void
count_change (Device *port, bool open)
{
  changes++;
}

static void
test_refused (void)
{
  static const char *const bad[][2] = {
    { "virtserialport", "nr=0" },       { "virtserialport", "nr=4" },
    { "virtserialport", "nr=1" },       { "virtserialport", "chardev=nobody" },
    { "virtserialport", "chardev=c0" }, { "virtconsole", "nr=4000000000" }
  };
  Gfx gfx;
  g_autoptr (GError) error = NULL;
  Chardev *chr = open_chardev ("ringbuf,id=c0");
  gfx_open (&gfx, SERIAL, "max_ports=4");
  add_port (&gfx, "virtserialport", "chardev=c0,nr=1");
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_null (attach (&gfx, bad[i][0], bad[i][1], &error));
    g_assert_nonnull (error);
    g_clear_error (&error);
  }
  g_assert_true (virtio_serial_is_bus (gfx.guest.dev));
  add_port (&gfx, "virtserialport", "name=b");
  add_port (&gfx, "virtserialport", "name=c");
  g_assert_null (attach (&gfx, "virtserialport", "name=d", &error));
  add_port (&gfx, "virtconsole", "");
  /* A port without a bus. */
  Device *port = device_new (device_class_find ("virtconsole"), "/lost");
  g_clear_error (&error);
  g_assert_false (device_realize (port, &error));
  device_free (port);
  /* Who waits for a port to be opened hears of it once, and of the end at a reset. */
  virtio_serial_port_changed = count_change;
  start (&gfx, guest_form (2), 0);
  for (unsigned i = 0; i < 3; i++)
    say (&gfx, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
  g_assert_cmpuint (changes, ==, 1);
  guest_set_status (&gfx.guest, 0);
  g_assert_cmpuint (changes, ==, 2);
  virtio_serial_port_changed = NULL;
  gfx_close (&gfx);
  gfx_open (&gfx, "virtio-gpu-device", "");
  g_assert_false (virtio_serial_is_bus (gfx.guest.dev));
  g_clear_error (&error);
  g_assert_null (attach (&gfx, "virtconsole", "", &error));
  gfx_close (&gfx);
  chardev_free (chr);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/virtio-console/ports", test_ports);
  g_test_add_func ("/virtio-console/hostile-control", test_hostile_control);
  g_test_add_func ("/virtio-console/data", test_data);
  g_test_add_func ("/virtio-console/single", test_single);
  g_test_add_func ("/virtio-console/back-pressure", test_back_pressure);
  g_test_add_func ("/virtio-console/endless", test_endless);
  g_test_add_func ("/virtio-console/save", test_save);
  g_test_add_func ("/virtio-console/refused", test_refused);
  return g_test_run ();
}
