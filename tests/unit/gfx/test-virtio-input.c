/* SPDX-License-Identifier: GPL-3.0-or-later */

/* virtio-input: what the devices say of themselves, events, lights. */

#include "display.h"
#include "gfx-guest.h"

#include <linux/input-event-codes.h>
#include <linux/virtio_input.h>
#include <string.h>

#define KEYBOARD "virtio-keyboard-device"
#define MOUSE    "virtio-mouse-device"
#define TABLET   "virtio-tablet-device"

/* Reads the configuration of that selection; its size. */
static uint8_t
select_config (Gfx *gfx, uint8_t select, uint8_t subsel, uint8_t *ret_data)
{
  Guest *guest = &gfx->guest;
  guest_set_config (guest, 0, 1, select);
  guest_set_config (guest, 1, 1, subsel);
  g_assert_cmphex (guest_config (guest, 0, 1), ==, select);
  g_assert_cmphex (guest_config (guest, 1, 1), ==, subsel);
  for (unsigned i = 0; i < 128; i++)
    ret_data[i] = (uint8_t)guest_config (guest, 8 + i, 1);
  return (uint8_t)guest_config (guest, 2, 1);
}

static bool
has_bit (const uint8_t *bits, unsigned n)
{
  return bits[n / 8] >> n % 8 & 1;
}

static void
assert_text (Gfx *gfx, uint8_t select, const char *text)
{
  uint8_t data[128];
  const uint8_t size = select_config (gfx, select, 0, data);
  g_assert_cmpmem (data, size, text, strlen (text));
}

static void
test_keyboard_config (void)
{
  Gfx gfx;
  uint8_t data[128];
  gfx_open (&gfx, KEYBOARD, "serial=K-1");
  assert_text (&gfx, VIRTIO_INPUT_CFG_ID_NAME, "Vitrine Virtio Keyboard");
  assert_text (&gfx, VIRTIO_INPUT_CFG_ID_SERIAL, "K-1");
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_ID_DEVIDS, 0, data), ==, 8);
  g_assert_cmphex (data[0] | data[1] << 8, ==, 6); /* BUS_VIRTUAL */
  g_assert_cmphex (data[4] | data[5] << 8, ==, 1);
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_PROP_BITS, 0, data), ==, 0);
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_EV_BITS, EV_KEY, data), >, KEY_LEFTMETA / 8);
  g_assert_true (has_bit (data, KEY_A) && has_bit (data, KEY_ESC) && has_bit (data, KEY_RIGHTALT));
  g_assert_false (has_bit (data, KEY_RESERVED) || has_bit (data, BTN_LEFT));
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_EV_BITS, EV_LED, data), ==, 1);
  g_assert_cmphex (data[0], ==, 7);
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_EV_BITS, EV_REP, data), ==, 1);
  /* What there is not. */
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_EV_BITS, EV_REL, data), ==, 0);
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_EV_BITS, 0xff, data), ==, 0);
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_ABS_INFO, 0, data), ==, 0);
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_ABS_INFO, 0xff, data), ==, 0);
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_ID_NAME, 1, data), ==, 0);
  g_assert_cmpuint (select_config (&gfx, 0, 0, data), ==, 0);
  g_assert_cmpuint (select_config (&gfx, 0x7f, 3, data), ==, 0);
  /* The rest cannot be written. */
  select_config (&gfx, VIRTIO_INPUT_CFG_ID_NAME, 0, data);
  guest_set_config (&gfx.guest, 2, 1, 99);
  guest_set_config (&gfx.guest, 0, 4, 0);
  guest_set_config (&gfx.guest, 8, 1, 'x');
  assert_text (&gfx, VIRTIO_INPUT_CFG_ID_NAME, "Vitrine Virtio Keyboard");
  gfx_close (&gfx);
}

static void
test_pointer_config (void)
{
  Gfx gfx;
  uint8_t data[128];
  gfx_open (&gfx, MOUSE, "");
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_ID_SERIAL, 0, data), ==, 0);
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_PROP_BITS, 0, data), ==, 1);
  select_config (&gfx, VIRTIO_INPUT_CFG_EV_BITS, EV_REL, data);
  g_assert_true (has_bit (data, REL_X) && has_bit (data, REL_Y) && has_bit (data, REL_WHEEL));
  select_config (&gfx, VIRTIO_INPUT_CFG_EV_BITS, EV_KEY, data);
  g_assert_true (has_bit (data, BTN_LEFT) && has_bit (data, BTN_RIGHT) && has_bit (data, BTN_MIDDLE));
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_EV_BITS, EV_ABS, data), ==, 0);
  gfx_close (&gfx);

  gfx_open (&gfx, TABLET, "");
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_EV_BITS, EV_ABS, data), ==, 1);
  g_assert_cmphex (data[0], ==, 3);
  select_config (&gfx, VIRTIO_INPUT_CFG_EV_BITS, EV_REL, data);
  g_assert_true (!has_bit (data, REL_X) && has_bit (data, REL_WHEEL));
  for (uint8_t axis = ABS_X; axis <= ABS_Y; axis++) {
    struct virtio_input_absinfo info;
    g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_ABS_INFO, axis, data), ==, sizeof info);
    memcpy (&info, data, sizeof info);
    g_assert_cmpuint (info.min, ==, 0);
    g_assert_cmpuint (info.max, ==, 0x7fff);
  }
  g_assert_cmpuint (select_config (&gfx, VIRTIO_INPUT_CFG_ABS_INFO, ABS_Z, data), ==, 0);
  gfx_close (&gfx);
}

static void
assert_event (Gfx *gfx, uint16_t type, uint16_t code, int32_t value)
{
  uint32_t written;
  struct virtio_input_event event;
  const uint64_t addr = gfx_await (gfx, 0, &written);
  g_assert_cmpuint (written, ==, sizeof event);
  memcpy (&event, guest_host (&gfx->guest, addr), sizeof event);
  g_assert_cmpuint (event.type, ==, type);
  g_assert_cmpuint (event.code, ==, code);
  g_assert_cmpint ((int32_t)event.value, ==, value);
}

static void
give (Gfx *gfx, unsigned n)
{
  while (n-- > 0)
    gfx_give (gfx, 0, sizeof (struct virtio_input_event));
}

static void
send_key (uint16_t code, int32_t value)
{
  g_assert_true (input_send (INPUT_KEYBOARD, EV_KEY, code, value));
  g_assert_true (input_send (INPUT_KEYBOARD, EV_SYN, SYN_REPORT, 0));
}

static void
assert_key (Gfx *gfx, uint16_t code, int32_t value)
{
  assert_event (gfx, EV_KEY, code, value);
  assert_event (gfx, EV_SYN, SYN_REPORT, 0);
}

static void
test_events (void)
{
  for (unsigned n = 0; n < FORM_COUNT; n++) {
    Gfx gfx;
    gfx_open (&gfx, KEYBOARD, "");
    gfx_start (&gfx, guest_form (n), 0, 2);
    give (&gfx, 16);
    send_key (KEY_A, 1);
    assert_key (&gfx, KEY_A, 1);
    send_key (KEY_A, 0);
    assert_key (&gfx, KEY_A, 0);
    /* Not a key of the device, not an event of a keyboard, a light. */
    send_key (BTN_LEFT, 1);
    send_key (0xffff, 1);
    input_send (INPUT_KEYBOARD, EV_REL, REL_X, 1);
    input_send (INPUT_KEYBOARD, EV_LED, LED_CAPSL, 1);
    input_send (INPUT_KEYBOARD, 0xffff, 0, 1);
    input_send (INPUT_KEYBOARD, EV_SYN, SYN_REPORT, 0);
    send_key (KEY_B, 1);
    assert_key (&gfx, KEY_B, 1);
    uint32_t written;
    g_assert_cmphex (gfx_poll (&gfx, 0, &written), ==, 0);
    gfx_close (&gfx);
    g_assert_false (input_has (INPUT_KEYBOARD));
  }
}

static void
test_pointers (void)
{
  Gfx mouse, tablet;
  gfx_open (&mouse, MOUSE, "");
  gfx_start (&mouse, guest_form (2), 0, 2);
  gfx_open (&tablet, TABLET, "");
  gfx_start (&tablet, guest_form (2), 0, 2);
  give (&mouse, 8);
  give (&tablet, 8);
  input_send (INPUT_POINTER_REL, EV_REL, REL_X, -7);
  input_send (INPUT_POINTER_REL, EV_REL, REL_WHEEL, -1);
  input_send (INPUT_POINTER_REL, EV_SYN, SYN_REPORT, 0);
  assert_event (&mouse, EV_REL, REL_X, -7);
  assert_event (&mouse, EV_REL, REL_WHEEL, -1);
  assert_event (&mouse, EV_SYN, SYN_REPORT, 0);
  input_send (INPUT_POINTER_ABS, EV_ABS, ABS_X, 0x7fff);
  input_send (INPUT_POINTER_ABS, EV_ABS, ABS_Y, 12);
  input_send (INPUT_POINTER_ABS, EV_KEY, BTN_LEFT, 1);
  input_send (INPUT_POINTER_ABS, EV_SYN, SYN_REPORT, 0);
  assert_event (&tablet, EV_ABS, ABS_X, 0x7fff);
  assert_event (&tablet, EV_ABS, ABS_Y, 12);
  assert_event (&tablet, EV_KEY, BTN_LEFT, 1);
  assert_event (&tablet, EV_SYN, SYN_REPORT, 0);
  gfx_close (&mouse);
  gfx_close (&tablet);
}

/* Without buffers, events wait; when there are too many, no release is lost. */
static void
test_full (void)
{
  Gfx gfx;
  gfx_open (&gfx, KEYBOARD, "");
  /* No driver: what is typed goes nowhere. */
  send_key (KEY_Z, 1);
  gfx_start (&gfx, guest_form (2), 0, 2);
  send_key (KEY_Z, 0);
  send_key (KEY_LEFTSHIFT, 1);
  for (unsigned i = 0; i < 2000; i++) {
    send_key (KEY_A, 1);
    send_key (KEY_A, 0);
  }
  send_key (KEY_LEFTSHIFT, 0);
  give (&gfx, 4);
  assert_key (&gfx, KEY_LEFTSHIFT, 1);
  assert_key (&gfx, KEY_A, 1);
  bool shift = true, a = true;
  unsigned events = 4;
  for (uint64_t addr; events < 3000; events++) {
    uint32_t written;
    give (&gfx, 1);
    if ((addr = gfx_poll (&gfx, 0, &written)) == 0)
      break;
    struct virtio_input_event event;
    memcpy (&event, guest_host (&gfx.guest, addr), sizeof event);
    if (event.type == EV_KEY)
      *(event.code == KEY_LEFTSHIFT ? &shift : &a) = event.value;
  }
  g_assert_cmpuint (events, >, 500);
  g_assert_cmpuint (events, <, 1200);
  g_assert_false (shift || a);
  gfx_close (&gfx);
}

static void
send_led (Gfx *gfx, uint16_t type, uint16_t code, uint32_t value, size_t size)
{
  const struct virtio_input_event event = { type, code, value };
  g_assert_cmpuint (gfx_request (gfx, 1, &event, size, NULL, 0), ==, 0);
}

static uint64_t
saved_leds (Gfx *gfx)
{
  uint64_t leds;
  g_autoptr (GVariant) state = device_save (gfx->dev);
  g_assert_true (g_variant_lookup (state, "leds", "t", &leds));
  return leds;
}

static void
test_leds (void)
{
  Gfx gfx;
  gfx_open (&gfx, KEYBOARD, "");
  gfx_start (&gfx, guest_form (2), 0, 2);
  send_led (&gfx, EV_LED, LED_CAPSL, 1, 8);
  send_led (&gfx, EV_LED, LED_NUML, 1, 8);
  g_assert_cmphex (saved_leds (&gfx), ==, 1 << LED_CAPSL | 1 << LED_NUML);
  send_led (&gfx, EV_LED, LED_CAPSL, 0, 8);
  send_led (&gfx, EV_LED, LED_MUTE, 1, 8);
  send_led (&gfx, EV_LED, 0xffff, 1, 8);
  send_led (&gfx, EV_REP, REP_DELAY, 250, 8);
  send_led (&gfx, EV_LED, LED_SCROLLL, 1, 7);
  g_assert_cmphex (saved_leds (&gfx), ==, 1 << LED_NUML);
  gfx_close (&gfx);
}

static void
test_small_buffer (void)
{
  Gfx gfx;
  gfx_open (&gfx, KEYBOARD, "");
  gfx_start (&gfx, guest_form (2), 0, 2);
  gfx_give (&gfx, 0, 7);
  send_key (KEY_A, 1);
  gfx_settle (&gfx);
  g_assert_cmphex (guest_status (&gfx.guest) & 0x40, ==, 0x40);
  gfx_start (&gfx, guest_form (2), 0, 2);
  give (&gfx, 2);
  send_key (KEY_B, 1);
  assert_key (&gfx, KEY_B, 1);
  gfx_close (&gfx);
}

static void
test_save (void)
{
  Gfx gfx;
  uint8_t data[128];
  gfx_open (&gfx, KEYBOARD, "");
  gfx_start (&gfx, guest_form (3), 0, 2);
  select_config (&gfx, VIRTIO_INPUT_CFG_EV_BITS, EV_LED, data);
  send_key (KEY_A, 1);
  send_key (KEY_A, 0);
  send_key (KEY_LEFTCTRL, 1);
  gfx_move (&gfx, KEYBOARD, "", NULL);
  g_assert_cmphex (guest_config (&gfx.guest, 0, 1), ==, VIRTIO_INPUT_CFG_EV_BITS);
  g_assert_cmphex (guest_config (&gfx.guest, 8, 1), ==, 7);
  give (&gfx, 8);
  assert_key (&gfx, KEY_A, 1);
  assert_key (&gfx, KEY_A, 0);
  assert_key (&gfx, KEY_LEFTCTRL, 1);
  /* Nobody holds it any more. */
  assert_key (&gfx, KEY_LEFTCTRL, 0);
  gfx_close (&gfx);
}

static void
test_bad_state (void)
{
  static const char *const bad[] = { "([(1, 272, 1)], [])", "([(17, 0, 1)], [])", "([(65535, 65535, 1)], [])",
                                     "([], [272])", "([], [65535])" };
  Gfx gfx;
  gfx_open (&gfx, KEYBOARD, "");
  device_quiesce (gfx.guest.dev);
  g_autoptr (GVariant) good = device_save (gfx.dev);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariantDict) dict = g_variant_dict_new (good);
    g_autoptr (GVariant) value = g_variant_parse (G_VARIANT_TYPE ("(a(qqi)aq)"), bad[i], NULL, NULL, &error);
    g_assert_no_error (error);
    g_variant_dict_insert_value (dict, "events", value);
    g_autoptr (GVariant) state = g_variant_ref_sink (g_variant_dict_end (dict));
    g_assert_false (device_load (gfx.dev, state, &error));
    g_assert_nonnull (error);
    device_reset (gfx.dev);
  }
  gfx_close (&gfx);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/virtio-input/keyboard-config", test_keyboard_config);
  g_test_add_func ("/virtio-input/pointer-config", test_pointer_config);
  g_test_add_func ("/virtio-input/events", test_events);
  g_test_add_func ("/virtio-input/pointers", test_pointers);
  g_test_add_func ("/virtio-input/full", test_full);
  g_test_add_func ("/virtio-input/leds", test_leds);
  g_test_add_func ("/virtio-input/small-buffer", test_small_buffer);
  g_test_add_func ("/virtio-input/save", test_save);
  g_test_add_func ("/virtio-input/bad-state", test_bad_state);
  return g_test_run ();
}
