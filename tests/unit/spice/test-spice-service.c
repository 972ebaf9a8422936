/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Who may connect, what they type and point at, the agent's channel, and clients that do not behave. */

#include "spice-rig.h"

#include "chardev.h"
#include "monitor.h"
#include <glib/gstdio.h>
#include <linux/input-event-codes.h>
#include <spice/vd_agent.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOCAL "disable-ticketing=on,image-compression=off,streaming-video=off"
#define ALL   (INPUT_KEYBOARD | INPUT_POINTER_REL | INPUT_POINTER_ABS)

static void
open_all (Rig *rig, RigClient *client, unsigned kinds)
{
  rig_open (rig, LOCAL, 1, kinds);
  rig_connect (client, rig, NULL, false);
  g_assert_true (rig_wait (rig_same (client, 0) && client->channels >= 4, 5000));
}

static void
close_all (Rig *rig, RigClient *client)
{
  rig_disconnect (client);
  rig_close (rig);
}

static bool
has_event (const GArray *list, uint16_t type, uint16_t code, int32_t value)
{
  for (unsigned i = 0; i < list->len; i++) {
    const RigEvent *e = &g_array_index (list, RigEvent, i);
    if (e->type == type && e->code == code && e->value == value)
      return true;
  }
  return false;
}

/* ---- Input ---- */

static void
test_keys (void)
{
  static const struct {
    unsigned scan_code;
    uint16_t key;
  } keys[] = { { 0x1e, KEY_A },         { 0x01, KEY_ESC },      { 0x39, KEY_SPACE }, { 0x57, KEY_F11 },
               { 0x56, KEY_102ND },     { 0x11c, KEY_KPENTER }, { 0x148, KEY_UP },   { 0x15b, KEY_LEFTMETA },
               { 0x138, KEY_RIGHTALT }, { 0x153, KEY_DELETE },  { 0x53, KEY_KPDOT }, { 0x73, KEY_RO } };
  Rig rig;
  RigClient client;
  open_all (&rig, &client, ALL);
  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_array_set_size (rig.keys, 0);
    spice_inputs_channel_key_press (client.inputs, keys[i].scan_code);
    g_assert_true (rig_wait (has_event (rig.keys, EV_KEY, keys[i].key, 1), 2000));
    spice_inputs_channel_key_release (client.inputs, keys[i].scan_code);
    g_assert_true (rig_wait (has_event (rig.keys, EV_KEY, keys[i].key, 0), 2000));
    g_assert_cmpuint (rig.keys->len, ==, 2);
  }
  /* A key held by who goes away is released. */
  spice_inputs_channel_key_press (client.inputs, 0x2a);
  g_assert_true (rig_wait (has_event (rig.keys, EV_KEY, KEY_LEFTSHIFT, 1), 2000));
  rig_disconnect (&client);
  g_assert_true (rig_wait (has_event (rig.keys, EV_KEY, KEY_LEFTSHIFT, 0), 2000));
  rig_close (&rig);
}

static void
test_leds (void)
{
  Rig rig;
  RigClient client;
  unsigned modifiers = 0;
  open_all (&rig, &client, ALL);
  input_report_leds (1u << LED_CAPSL | 1u << LED_NUML);
  g_assert_true (rig_wait ((g_object_get (client.inputs, "key-modifiers", &modifiers, NULL),
                            modifiers == (SPICE_INPUTS_CAPS_LOCK | SPICE_INPUTS_NUM_LOCK)),
                           2000));
  input_report_leds (0);
  g_assert_true (
      rig_wait ((g_object_get (client.inputs, "key-modifiers", &modifiers, NULL), modifiers == 0), 2000));
  close_all (&rig, &client);
}

static void
test_tablet (void)
{
  Rig rig;
  RigClient client;
  int mode = 0;
  open_all (&rig, &client, ALL);
  g_assert_true (rig_wait ((g_object_get (client.main, "mouse-mode", &mode, NULL), mode == 2), 3000));
  spice_inputs_channel_position (client.inputs, 639, 0, 0, 0);
  g_assert_true (rig_wait (has_event (rig.positions, EV_ABS, ABS_X, 0x7fff), 2000));
  g_assert_true (has_event (rig.positions, EV_ABS, ABS_Y, 0));
  spice_inputs_channel_button_press (client.inputs, SPICE_MOUSE_BUTTON_RIGHT, SPICE_MOUSE_BUTTON_MASK_RIGHT);
  g_assert_true (rig_wait (has_event (rig.positions, EV_KEY, BTN_RIGHT, 1), 2000));
  spice_inputs_channel_button_release (client.inputs, SPICE_MOUSE_BUTTON_RIGHT, 0);
  g_assert_true (rig_wait (has_event (rig.positions, EV_KEY, BTN_RIGHT, 0), 2000));
  spice_inputs_channel_button_press (client.inputs, SPICE_MOUSE_BUTTON_UP, 0);
  g_assert_true (rig_wait (has_event (rig.positions, EV_REL, REL_WHEEL, 1), 2000));
  /* Without a tablet, motion is what is left. */
  input_sink_remove (rig.positions);
  fake_device_event (rig.machine, "DEVICE_DELETED", "tablet");
  g_assert_true (rig_wait ((g_object_get (client.main, "mouse-mode", &mode, NULL), mode == 1), 3000));
  close_all (&rig, &client);
}

static void
test_mouse (void)
{
  Rig rig;
  RigClient client;
  open_all (&rig, &client, INPUT_KEYBOARD | INPUT_POINTER_REL);
  spice_inputs_channel_motion (client.inputs, 12, -7, SPICE_MOUSE_BUTTON_MASK_MIDDLE);
  g_assert_true (rig_wait (has_event (rig.motion, EV_REL, REL_X, 12), 2000));
  g_assert_true (has_event (rig.motion, EV_REL, REL_Y, -7));
  spice_inputs_channel_button_press (client.inputs, SPICE_MOUSE_BUTTON_MIDDLE,
                                     SPICE_MOUSE_BUTTON_MASK_MIDDLE);
  g_assert_true (rig_wait (has_event (rig.motion, EV_KEY, BTN_MIDDLE, 1), 2000));
  spice_inputs_channel_button_press (client.inputs, SPICE_MOUSE_BUTTON_DOWN, SPICE_MOUSE_BUTTON_MASK_MIDDLE);
  g_assert_true (rig_wait (has_event (rig.motion, EV_REL, REL_WHEEL, -1), 2000));
  close_all (&rig, &client);
}

/* ---- Who may connect ---- */

static void
try_password (Rig *rig, const char *password, bool skip_auth, bool expected)
{
  RigClient client;
  rig_connect (&client, rig, password, skip_auth);
  g_assert_true (rig_wait (client.opened || client.auth_failed || client.failed, 5000));
  g_assert_true (client.opened == expected);
  g_assert_true (client.auth_failed == !expected);
  rig_disconnect (&client);
}

static void
test_password (void)
{
  Rig rig;
  g_autoptr (GError) error = NULL;
  g_autofree char *long_one = g_strnfill (100, 'x');
  rig_open (&rig, "password=right", 1, 0);
  try_password (&rig, "right", false, true);
  try_password (&rig, "wrong", false, false);
  try_password (&rig, NULL, false, false);
  try_password (&rig, NULL, true, true);
  g_assert_true (spice_service_set_password (rig.service, "other", 0, NULL));
  try_password (&rig, "right", false, false);
  try_password (&rig, "other", false, true);
  g_assert_true (spice_service_set_password (rig.service, NULL, 0, NULL));
  try_password (&rig, "other", false, false);
  try_password (&rig, "", false, false);
  g_assert_false (spice_service_set_password (rig.service, long_one, 0, &error));
  g_assert_nonnull (strstr (error->message, "too long"));
  rig_close (&rig);
}

static void
expect_refusal (const char *options, const char *part)
{
  g_autoptr (GError) error = NULL;
  Machine *machine = fake_machine_new ();
  g_assert_null (spice_service_new (machine, options, &error));
  g_assert_nonnull (error);
  if (!strstr (error->message, part))
    g_error ("'%s' was refused with: %s", options, error->message);
  fake_machine_free (machine);
}

static void
test_options (void)
{
  g_autofree char *folder = g_dir_make_tmp (NULL, NULL), *file = g_build_filename (folder, "file", NULL);
  g_autofree char *in_the_way = g_strdup_printf ("unix=on,addr=%s", file);
  g_autofree char *no_keys = g_strdup_printf ("tls-port=59999,x509-dir=%s", folder);
  g_assert_true (g_file_set_contents (file, "precious", -1, NULL));
  expect_refusal ("prot=5930", "'port'");
  expect_refusal ("port=0", "not between 1 and 65535");
  expect_refusal ("port=70000", "not between 1 and 65535");
  expect_refusal ("unix=on", "addr=PATH");
  expect_refusal ("unix=on,ipv4=on", "exclude");
  expect_refusal (in_the_way, "not a socket");
  expect_refusal ("unix=on,addr=/nowhere/at/all", "No such file");
  expect_refusal (no_keys, "server-key.pem");
  expect_refusal ("x509-dir=/tmp", "tls-port");
  expect_refusal ("seamless-migration=on", "leave it out");
  expect_refusal ("tls-channel=main", "tls-port");
  expect_refusal ("plaintext-channel=mian", "no such channel");
  expect_refusal ("image-compression=of", "off");
  expect_refusal ("password=a,disable-ticketing=on", "leave one");
  expect_refusal ("password-secret=nothing", "-object secret");
  g_assert_true (g_file_test (file, G_FILE_TEST_IS_REGULAR));
  unlink (file);
  g_rmdir (folder);
}

static void
test_port_in_use (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  const uint16_t port = g_socket_listener_add_any_inet_port (listener, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *options = g_strdup_printf ("port=%u,disable-ticketing=on", port);
  expect_refusal (options, "choose another port");
}

/* ---- The agent ---- */

typedef struct {
  GByteArray *received;
  bool takes;
} Guest;

static size_t
can_receive (void *opaque)
{
  return ((Guest *)opaque)->takes ? 100 : 0;
}

static void
receive (void *opaque, const uint8_t *data, size_t size)
{
  g_byte_array_append (((Guest *)opaque)->received, data, (unsigned)size);
}

static const ChardevFrontend frontend = { .can_receive = can_receive, .receive = receive };

static void
ask_for_size (RigClient *client, int width, int height)
{
  spice_main_channel_update_display_enabled (client->main, 0, TRUE, FALSE);
  spice_main_channel_update_display (client->main, 0, 0, 0, width, height, FALSE);
  spice_main_channel_send_monitor_config (client->main);
}

static void
test_agent (void)
{
  Rig rig;
  RigClient client;
  g_autoptr (GError) error = NULL;
  Guest guest = { g_byte_array_new (), true };
  spice_register_chardevs ();
  Chardev *chr = chardev_new ("spicevmc,id=vdagent,name=vdagent", &error);
  g_assert_no_error (error);
  g_assert_null (chardev_new ("spicevmc,id=other,name=vdagent", NULL));
  g_assert_null (chardev_new ("spicevmc,id=other,name=smartcard", NULL));
  g_assert_null (chardev_new ("spiceport,id=other", NULL));
  g_assert_true (chardev_attach (chr, &frontend, &guest, NULL));
  chardev_set_frontend_open (chr, false);
  open_all (&rig, &client, ALL);
  /* While the guest has none, a stand-in takes sizes, and nothing else. */
  g_assert_true (rig_wait (
      spice_main_channel_agent_test_capability (client.main, VD_AGENT_CAP_FILE_XFER_DISABLED), 3000));
  g_assert_false (spice_main_channel_agent_test_capability (client.main, VD_AGENT_CAP_CLIPBOARD_BY_DEMAND));
  ask_for_size (&client, 900, 600);
  g_assert_true (rig_wait (rig.screens[0].wanted_width == 900, 3000));
  g_assert_cmpuint (rig.screens[0].wanted_height, ==, 600);
  g_assert_cmpuint (guest.received->len, ==, 0);
  chardev_set_frontend_open (chr, true);
  /* The client tells what it can. */
  g_assert_true (rig_wait (guest.received->len > 8, 3000));
  /* Sizes need no agent's help, but the client sends them only to one. */
  ask_for_size (&client, 1000, 700);
  g_assert_true (rig_wait (rig.screens[0].wanted_width == 1000, 3000));
  g_assert_cmpuint (rig.screens[0].wanted_height, ==, 700);
  /* What is no message of an agent's ends its connection and nothing else. */
  uint8_t garbage[4096];
  memset (garbage, 0xa5, sizeof garbage);
  chardev_write (chr, garbage, sizeof garbage);
  rig_run (200);
  rig_fill (&rig.screens[0], 0, 0, 100, 100, 0x445566);
  g_assert_true (rig_wait (rig_same (&client, 0), 3000));
  chardev_set_frontend_open (chr, false);
  rig_run (200);
  ask_for_size (&client, 800, 500);
  g_assert_true (rig_wait (rig.screens[0].wanted_width == 800, 3000));
  close_all (&rig, &client);
  chardev_free (chr);
  g_byte_array_unref (guest.received);
}

static void
on_port_data (SpicePortChannel *port, void *data, int size, GByteArray *to)
{
  g_byte_array_append (to, data, (unsigned)size);
}

static void
test_port (void)
{
  Rig rig;
  RigClient client;
  g_autoptr (GError) error = NULL;
  Guest guest = { g_byte_array_new (), true };
  GByteArray *out = g_byte_array_new ();
  gboolean opened = FALSE;
  spice_register_chardevs ();
  Chardev *chr = chardev_new ("spiceport,id=port,name=org.vitrine.test", &error);
  g_assert_no_error (error);
  g_assert_true (chardev_attach (chr, &frontend, &guest, NULL));
  open_all (&rig, &client, ALL);
  g_assert_true (
      rig_wait (client.port && (g_object_get (client.port, "port-opened", &opened, NULL), opened), 3000));
  g_signal_connect (client.port, "port-data", G_CALLBACK (on_port_data), out);
  g_assert_true (rig_wait (chardev_connected (chr), 3000));
  chardev_write (chr, (const uint8_t *)"from the guest", 14);
  g_assert_true (rig_wait (out->len == 14, 3000));
  g_assert_cmpmem (out->data, out->len, "from the guest", 14);
  /* A guest that takes nothing for a while. */
  guest.takes = false;
  uint8_t data[3000];
  for (unsigned i = 0; i < sizeof data; i++)
    data[i] = (uint8_t)(i * 7);
  spice_port_channel_write_async (client.port, data, sizeof data, NULL, NULL, NULL);
  rig_run (100);
  g_assert_cmpuint (guest.received->len, ==, 0);
  guest.takes = true;
  chardev_accept_input (chr);
  g_assert_true (rig_wait (guest.received->len == sizeof data, 3000));
  g_assert_cmpmem (guest.received->data, guest.received->len, data, sizeof data);
  close_all (&rig, &client);
  chardev_free (chr);
  g_byte_array_unref (guest.received);
  g_byte_array_unref (out);
}

/* ---- Clients that do not behave ---- */

static int
raw_connection (Rig *rig)
{
  int fds[2];
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  g_assert_true (spice_service_add_client (rig->service, fds[0], true, NULL));
  return fds[1];
}

static void
test_garbage (void)
{
  Rig rig;
  RigClient client;
  GRand *random = g_rand_new_with_seed (3);
  open_all (&rig, &client, ALL);
  for (unsigned round = 0; round < 100; round++) {
    uint8_t bytes[512];
    for (unsigned i = 0; i < sizeof bytes; i++)
      bytes[i] = (uint8_t)g_rand_int (random);
    /* Also with a right beginning: magic, version, and lengths that may be wrong. */
    if (round % 2) {
      const uint32_t start[] = { GUINT32_TO_LE (0x51444552), GUINT32_TO_LE (2), GUINT32_TO_LE (2),
                                 GUINT32_TO_LE (round % 4 == 1 ? 18 : g_rand_int (random)) };
      memcpy (bytes, start, sizeof start);
    }
    const int fd = raw_connection (&rig);
    g_assert_cmpint (write (fd, bytes, sizeof bytes - round), >, 0);
    rig_run (2);
    close (fd);
  }
  rig_run (50);
  rig_fill (&rig.screens[0], 0, 0, 100, 100, 0x99);
  g_assert_true (rig_wait (rig_same (&client, 0), 3000));
  const int not_a_socket = dup (0);
  g_assert_false (spice_service_add_client (rig.service, not_a_socket, true, NULL));
  g_rand_free (random);
  close_all (&rig, &client);
}

static void
test_reconnects (void)
{
  Rig rig;
  RigClient client;
  rig_open (&rig, LOCAL, 1, ALL);
  for (unsigned i = 0; i < 200; i++) {
    rig_connect (&client, &rig, NULL, false);
    rig_fill (&rig.screens[0], 0, 0, 640, 400, i);
    /* At any stage. */
    if (i % 10 == 0)
      g_assert_true (rig_wait (rig_same (&client, 0), 5000));
    else
      rig_run (i % 7);
    rig_fill (&rig.screens[0], 0, 0, 640, 400, i * 3);
    rig_disconnect (&client);
  }
  close_all (&rig, (rig_connect (&client, &rig, NULL, false), &client));
}

static uint64_t
resident (void)
{
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  return g_ascii_strtoull (strchr (text, ' '), NULL, 10) * 4096;
}

/* A client that reads nothing any more neither holds us up nor fills our memory, sees the last state when it
 * is there again, and makes way for another one. */
static void
test_slow (void)
{
  Rig rig;
  RigClient client, stuck = { .rig = &rig, .relayed = true };
  int64_t longest = 0;
  rig_open (&rig, LOCAL, 1, ALL);
  rig_resize (&rig.screens[0], 1280, 800);
  rig_connect_more (&stuck, NULL);
  rig_fill (&rig.screens[0], 0, 0, 1280, 800, 0x1234);
  g_assert_true (rig_wait (rig_same (&stuck, 0), 5000));
  g_atomic_int_set (&stuck.held, 1);
  const uint64_t before = resident ();
  for (unsigned i = 0; i < 300; i++) {
    const int64_t begun = g_get_monotonic_time ();
    rig_fill (&rig.screens[0], i * 7 % 900, i * 3 % 500, 300, 300, i);
    rig_run (5);
    longest = MAX (longest, g_get_monotonic_time () - begun);
  }
  g_test_message ("longest wait: %d us; grown by %d KiB", (int)longest,
                  (int)((int64_t)(resident () - before) / 1024));
  g_assert_cmpint (longest, <, 1000000);
  g_assert_cmpuint (resident (), <, before + (UINT64_C (48) << 20));
  g_assert_false (rig_same (&stuck, 0));
  /* Its screen changes under its hands. */
  const int64_t begun = g_get_monotonic_time ();
  rig_resize (&rig.screens[0], 800, 600);
  rig_fill (&rig.screens[0], 0, 0, 800, 600, 0xabcd);
  rig_run (100);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 1000000);
  g_atomic_int_set (&stuck.held, 0);
  g_assert_true (rig_wait (rig_same (&stuck, 0), 5000));
  g_atomic_int_set (&stuck.held, 1);
  for (unsigned i = 0; i < 50; i++) {
    rig_fill (&rig.screens[0], i, i, 300, 300, i);
    rig_run (5);
  }
  rig_connect (&client, &rig, NULL, false);
  g_assert_true (rig_wait (rig_same (&client, 0), 5000));
  rig_disconnect (&stuck);
  close_all (&rig, &client);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_test_add_func ("/spice/keys", test_keys);
  g_test_add_func ("/spice/leds", test_leds);
  g_test_add_func ("/spice/tablet", test_tablet);
  g_test_add_func ("/spice/mouse", test_mouse);
  g_test_add_func ("/spice/password", test_password);
  g_test_add_func ("/spice/options", test_options);
  g_test_add_func ("/spice/port-in-use", test_port_in_use);
  g_test_add_func ("/spice/agent", test_agent);
  g_test_add_func ("/spice/port", test_port);
  g_test_add_func ("/spice/garbage", test_garbage);
  g_test_add_func ("/spice/reconnects", test_reconnects);
  g_test_add_func ("/spice/slow", test_slow);
  return g_test_run ();
}
