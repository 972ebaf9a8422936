/* SPDX-License-Identifier: GPL-3.0-or-later */

/* QEMU's names of keys (QKeyCode), and the numbers it takes for them: scan codes of set 1, of which those
 * after 0xe0 have bit 7 set. The others are Linux's codes. */

#include "display.h"

#include "keyval.h"
#include "suggest.h"
#include <gio/gio.h>
#include <linux/input-event-codes.h>
#include <string.h>

typedef struct {
  const char *name;
  uint16_t code;
  uint8_t extended; /* its scan code with bit 7; 0: the code itself */
} Key;

static const Key keys[] = {
  { "shift", KEY_LEFTSHIFT, 0 },
  { "shift_r", KEY_RIGHTSHIFT, 0 },
  { "alt", KEY_LEFTALT, 0 },
  { "alt_r", KEY_RIGHTALT, 0xb8 },
  { "ctrl", KEY_LEFTCTRL, 0 },
  { "ctrl_r", KEY_RIGHTCTRL, 0x9d },
  { "menu", KEY_COMPOSE, 0xdd },
  { "esc", KEY_ESC, 0 },
  { "1", KEY_1, 0 },
  { "2", KEY_2, 0 },
  { "3", KEY_3, 0 },
  { "4", KEY_4, 0 },
  { "5", KEY_5, 0 },
  { "6", KEY_6, 0 },
  { "7", KEY_7, 0 },
  { "8", KEY_8, 0 },
  { "9", KEY_9, 0 },
  { "0", KEY_0, 0 },
  { "minus", KEY_MINUS, 0 },
  { "equal", KEY_EQUAL, 0 },
  { "backspace", KEY_BACKSPACE, 0 },
  { "tab", KEY_TAB, 0 },
  { "q", KEY_Q, 0 },
  { "w", KEY_W, 0 },
  { "e", KEY_E, 0 },
  { "r", KEY_R, 0 },
  { "t", KEY_T, 0 },
  { "y", KEY_Y, 0 },
  { "u", KEY_U, 0 },
  { "i", KEY_I, 0 },
  { "o", KEY_O, 0 },
  { "p", KEY_P, 0 },
  { "bracket_left", KEY_LEFTBRACE, 0 },
  { "bracket_right", KEY_RIGHTBRACE, 0 },
  { "ret", KEY_ENTER, 0 },
  { "a", KEY_A, 0 },
  { "s", KEY_S, 0 },
  { "d", KEY_D, 0 },
  { "f", KEY_F, 0 },
  { "g", KEY_G, 0 },
  { "h", KEY_H, 0 },
  { "j", KEY_J, 0 },
  { "k", KEY_K, 0 },
  { "l", KEY_L, 0 },
  { "semicolon", KEY_SEMICOLON, 0 },
  { "apostrophe", KEY_APOSTROPHE, 0 },
  { "grave_accent", KEY_GRAVE, 0 },
  { "backslash", KEY_BACKSLASH, 0 },
  { "z", KEY_Z, 0 },
  { "x", KEY_X, 0 },
  { "c", KEY_C, 0 },
  { "v", KEY_V, 0 },
  { "b", KEY_B, 0 },
  { "n", KEY_N, 0 },
  { "m", KEY_M, 0 },
  { "comma", KEY_COMMA, 0 },
  { "dot", KEY_DOT, 0 },
  { "slash", KEY_SLASH, 0 },
  { "asterisk", KEY_KPASTERISK, 0 },
  { "spc", KEY_SPACE, 0 },
  { "caps_lock", KEY_CAPSLOCK, 0 },
  { "f1", KEY_F1, 0 },
  { "f2", KEY_F2, 0 },
  { "f3", KEY_F3, 0 },
  { "f4", KEY_F4, 0 },
  { "f5", KEY_F5, 0 },
  { "f6", KEY_F6, 0 },
  { "f7", KEY_F7, 0 },
  { "f8", KEY_F8, 0 },
  { "f9", KEY_F9, 0 },
  { "f10", KEY_F10, 0 },
  { "num_lock", KEY_NUMLOCK, 0 },
  { "scroll_lock", KEY_SCROLLLOCK, 0 },
  { "kp_divide", KEY_KPSLASH, 0xb5 },
  { "kp_multiply", KEY_KPASTERISK, 0 },
  { "kp_subtract", KEY_KPMINUS, 0 },
  { "kp_add", KEY_KPPLUS, 0 },
  { "kp_enter", KEY_KPENTER, 0x9c },
  { "kp_decimal", KEY_KPDOT, 0 },
  { "sysrq", KEY_SYSRQ, 0xb7 },
  { "print", KEY_SYSRQ, 0xb7 },
  { "kp_0", KEY_KP0, 0 },
  { "kp_1", KEY_KP1, 0 },
  { "kp_2", KEY_KP2, 0 },
  { "kp_3", KEY_KP3, 0 },
  { "kp_4", KEY_KP4, 0 },
  { "kp_5", KEY_KP5, 0 },
  { "kp_6", KEY_KP6, 0 },
  { "kp_7", KEY_KP7, 0 },
  { "kp_8", KEY_KP8, 0 },
  { "kp_9", KEY_KP9, 0 },
  { "less", KEY_102ND, 0 },
  { "f11", KEY_F11, 0 },
  { "f12", KEY_F12, 0 },
  { "home", KEY_HOME, 0xc7 },
  { "pgup", KEY_PAGEUP, 0xc9 },
  { "pgdn", KEY_PAGEDOWN, 0xd1 },
  { "end", KEY_END, 0xcf },
  { "left", KEY_LEFT, 0xcb },
  { "up", KEY_UP, 0xc8 },
  { "down", KEY_DOWN, 0xd0 },
  { "right", KEY_RIGHT, 0xcd },
  { "insert", KEY_INSERT, 0xd2 },
  { "delete", KEY_DELETE, 0xd3 },
  { "stop", KEY_STOP, 0 },
  { "again", KEY_AGAIN, 0 },
  { "props", KEY_PROPS, 0 },
  { "undo", KEY_UNDO, 0 },
  { "front", KEY_FRONT, 0 },
  { "copy", KEY_COPY, 0 },
  { "open", KEY_OPEN, 0 },
  { "paste", KEY_PASTE, 0 },
  { "find", KEY_FIND, 0 },
  { "cut", KEY_CUT, 0 },
  { "lf", KEY_LINEFEED, 0 },
  { "help", KEY_HELP, 0 },
  { "meta_l", KEY_LEFTMETA, 0xdb },
  { "meta_r", KEY_RIGHTMETA, 0xdc },
  { "compose", KEY_COMPOSE, 0xdd },
  { "pause", KEY_PAUSE, 0xc6 },
  { "ro", KEY_RO, 0 },
  { "hiragana", KEY_HIRAGANA, 0 },
  { "henkan", KEY_HENKAN, 0 },
  { "yen", KEY_YEN, 0 },
  { "katakanahiragana", KEY_KATAKANAHIRAGANA, 0 },
  { "muhenkan", KEY_MUHENKAN, 0 },
  { "kp_comma", KEY_KPCOMMA, 0 },
  { "kp_equals", KEY_KPEQUAL, 0 },
  { "lang1", KEY_HANGEUL, 0 },
  { "lang2", KEY_HANJA, 0 },
  { "power", KEY_POWER, 0 },
  { "sleep", KEY_SLEEP, 0 },
  { "wake", KEY_WAKEUP, 0 },
  { "volumedown", KEY_VOLUMEDOWN, 0 },
  { "volumeup", KEY_VOLUMEUP, 0 },
  { "audiomute", KEY_MUTE, 0 },
  { "audionext", KEY_NEXTSONG, 0 },
  { "audioprev", KEY_PREVIOUSSONG, 0 },
  { "audiostop", KEY_STOPCD, 0 },
  { "audioplay", KEY_PLAYPAUSE, 0 },
  { "mediaselect", KEY_MEDIA, 0 },
  { "mail", KEY_MAIL, 0 },
  { "calculator", KEY_CALC, 0 },
  { "computer", KEY_COMPUTER, 0 },
  { "ac_home", KEY_HOMEPAGE, 0 },
  { "ac_back", KEY_BACK, 0 },
  { "ac_forward", KEY_FORWARD, 0 },
  { "ac_refresh", KEY_REFRESH, 0 },
  { "ac_bookmarks", KEY_BOOKMARKS, 0 },
  { "f13", KEY_F13, 0 },
  { "f14", KEY_F14, 0 },
  { "f15", KEY_F15, 0 },
  { "f16", KEY_F16, 0 },
  { "f17", KEY_F17, 0 },
  { "f18", KEY_F18, 0 },
  { "f19", KEY_F19, 0 },
  { "f20", KEY_F20, 0 },
  { "f21", KEY_F21, 0 },
  { "f22", KEY_F22, 0 },
  { "f23", KEY_F23, 0 },
  { "f24", KEY_F24, 0 },
};

const char *const *
input_key_names (void)
{
  static const char *names[G_N_ELEMENTS (keys) + 1];
  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++)
    names[i] = keys[i].name;
  return names;
}

static bool
find_number (const char *text, uint16_t *ret_code)
{
  uint64_t number;
  if (!g_str_has_prefix (text, "0x") || !keyval_parse_uint (text, &number, NULL) || number == 0 ||
      number > 0xff)
    return false;
  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (number == (keys[i].extended ? keys[i].extended : keys[i].code)) {
      *ret_code = keys[i].code;
      return true;
    }
  }
  return false;
}

bool
input_key_find (const char *name, uint16_t *ret_code, GError **error)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (!strcmp (keys[i].name, name)) {
      *ret_code = keys[i].code;
      return true;
    }
  }
  if (find_number (name, ret_code))
    return true;
  g_autofree char *hint = suggest_hint (name, input_key_names ());
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "there is no key '%s'%s", name, hint);
  return false;
}

bool
input_parse_keys (const char *text, uint16_t *ret_codes, unsigned max, unsigned *ret_n, GError **error)
{
  /* "minus" has no short name, but '-' alone is the key of that sign to people. */
  g_auto (GStrv) names = g_strsplit (strcmp (text, "-") ? text : "minus", "-", -1);
  *ret_n = 0;
  if (!names[0]) /* Of nothing, no names come. */
    return input_key_find (text, ret_codes, error);
  for (unsigned i = 0; names[i]; i++) {
    if (*ret_n == max) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "too many keys: %u at once are possible",
                   max);
      return false;
    }
    if (!input_key_find (names[i], &ret_codes[*ret_n], error))
      return false;
    ++*ret_n;
  }
  return true;
}
