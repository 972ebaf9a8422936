/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The keyboard: scan codes of the AT keyboard's set 1, which clients send, to Linux's key codes. */

#include "spice-private.h"

#include <linux/input-event-codes.h>
#include <string.h>

/* Up to 0x53 a scan code is Linux's key code, but for these. */
static const uint16_t plain_keys[128] = {
  [0x54] = KEY_SYSRQ,
  [0x55] = KEY_F16,
  [0x56] = KEY_102ND,
  [0x57] = KEY_F11,
  [0x58] = KEY_F12,
  [0x59] = KEY_KPEQUAL,
  [0x5a] = KEY_F20,
  [0x5d] = KEY_F13,
  [0x5e] = KEY_F14,
  [0x5f] = KEY_F15,
  [0x6d] = KEY_F23,
  [0x6f] = KEY_F24,
  [0x70] = KEY_KATAKANAHIRAGANA,
  [0x71] = KEY_HANJA,
  [0x72] = KEY_HANGEUL,
  [0x73] = KEY_RO,
  [0x74] = KEY_F21,
  [0x76] = KEY_ZENKAKUHANKAKU,
  [0x77] = KEY_HIRAGANA,
  [0x78] = KEY_KATAKANA,
  [0x79] = KEY_HENKAN,
  [0x7b] = KEY_MUHENKAN,
  [0x7d] = KEY_YEN,
  [0x7e] = KEY_KPCOMMA,
};

/* After 0xe0. */
static const uint16_t extended_keys[128] = {
  [0x03] = KEY_F17,       [0x04] = KEY_F19,       [0x10] = KEY_PREVIOUSSONG, [0x19] = KEY_NEXTSONG,
  [0x1c] = KEY_KPENTER,   [0x1d] = KEY_RIGHTCTRL, [0x20] = KEY_MUTE,         [0x21] = KEY_CALC,
  [0x22] = KEY_PLAYPAUSE, [0x24] = KEY_STOPCD,    [0x2e] = KEY_VOLUMEDOWN,   [0x30] = KEY_VOLUMEUP,
  [0x32] = KEY_HOMEPAGE,  [0x35] = KEY_KPSLASH,   [0x37] = KEY_SYSRQ,        [0x38] = KEY_RIGHTALT,
  [0x46] = KEY_PAUSE,     [0x47] = KEY_HOME,      [0x48] = KEY_UP,           [0x49] = KEY_PAGEUP,
  [0x4b] = KEY_LEFT,      [0x4d] = KEY_RIGHT,     [0x4f] = KEY_END,          [0x50] = KEY_DOWN,
  [0x51] = KEY_PAGEDOWN,  [0x52] = KEY_INSERT,    [0x53] = KEY_DELETE,       [0x5b] = KEY_LEFTMETA,
  [0x5c] = KEY_RIGHTMETA, [0x5d] = KEY_COMPOSE,   [0x5e] = KEY_POWER,        [0x5f] = KEY_SLEEP,
  [0x63] = KEY_WAKEUP,    [0x65] = KEY_SEARCH,    [0x66] = KEY_BOOKMARKS,    [0x67] = KEY_REFRESH,
  [0x68] = KEY_STOP,      [0x69] = KEY_FORWARD,   [0x6a] = KEY_BACK,         [0x6b] = KEY_COMPUTER,
  [0x6c] = KEY_MAIL,      [0x6d] = KEY_MEDIA,     [0x77] = KEY_F18,          [0x79] = KEY_F22,
};

enum { EXTENDED = 0xe0, PAUSE = 0xe1, UP = 0x80, PLAIN_MAX = 0x53 };

static void
send_key (SpiceKeyboard *keyboard, uint16_t code, bool down)
{
  uint8_t *bits = &keyboard->pressed[code / 8];
  const uint8_t bit = (uint8_t)(1u << code % 8);
  /* Guests repeat keys by themselves. */
  if (code == 0 || down == ((*bits & bit) != 0))
    return;
  *bits ^= bit;
  input_send (INPUT_KEYBOARD, EV_KEY, code, down);
  input_send (INPUT_KEYBOARD, EV_SYN, SYN_REPORT, 0);
}

void
spice_keyboard_byte (SpiceKeyboard *keyboard, uint8_t byte)
{
  const unsigned n = keyboard->n_prefix;
  if (n == 0 && (byte == EXTENDED || byte == PAUSE)) {
    keyboard->prefix[keyboard->n_prefix++] = byte;
    return;
  }
  if (n == 1 && keyboard->prefix[0] == PAUSE && (byte & ~UP) == 0x1d) {
    keyboard->prefix[keyboard->n_prefix++] = byte;
    return;
  }
  const uint8_t key = byte & ~UP;
  uint16_t code = key <= PLAIN_MAX ? key : plain_keys[key];
  if (n == 2)
    code = key == 0x45 ? KEY_PAUSE : 0;
  else if (n == 1)
    code = keyboard->prefix[0] == EXTENDED ? extended_keys[key] : 0;
  keyboard->n_prefix = 0;
  send_key (keyboard, code, !(byte & UP));
}

void
spice_keyboard_release (SpiceKeyboard *keyboard)
{
  for (unsigned code = 0; code < 8 * sizeof keyboard->pressed; code++)
    send_key (keyboard, (uint16_t)code, false);
  keyboard->n_prefix = 0;
}

static void
push_scan_code (SpiceKbdInstance *instance, uint8_t byte)
{
  SpiceKeyboard *keyboard = (SpiceKeyboard *)instance;
  spice_keyboard_byte (keyboard, byte);
  for (unsigned i = 0; spice_service && i < spice_service->screens->len; i++)
    spice_screen_attend (spice_service->screens->pdata[i]);
}

/* ---- Lights ---- */

static uint8_t
spice_leds (unsigned leds)
{
  return (uint8_t)((leds >> LED_NUML & 1 ? SPICE_KEYBOARD_MODIFIER_FLAGS_NUM_LOCK : 0) |
                   (leds >> LED_CAPSL & 1 ? SPICE_KEYBOARD_MODIFIER_FLAGS_CAPS_LOCK : 0) |
                   (leds >> LED_SCROLLL & 1 ? SPICE_KEYBOARD_MODIFIER_FLAGS_SCROLL_LOCK : 0));
}

static uint8_t
get_leds (SpiceKbdInstance *instance)
{
  return spice_leds (input_leds ());
}

static void
leds_changed (void *opaque, unsigned leds)
{
  spice_server_kbd_leds (opaque, spice_leds (leds));
}

static const SpiceKbdInterface interface = {
  .base = { SPICE_INTERFACE_KEYBOARD, "keyboard", SPICE_INTERFACE_KEYBOARD_MAJOR,
            SPICE_INTERFACE_KEYBOARD_MINOR },
  .push_scan_freg = push_scan_code,
  .get_leds = get_leds,
};

void
spice_keyboard_open (SpiceKeyboard *keyboard, SpiceServer *server)
{
  keyboard->spice.base.sif = &interface.base;
  spice_server_add_interface (server, &keyboard->spice.base);
  input_watch_leds (leds_changed, &keyboard->spice);
}

void
spice_keyboard_close (SpiceKeyboard *keyboard)
{
  input_watch_leds (NULL, NULL);
  spice_keyboard_release (keyboard);
}
