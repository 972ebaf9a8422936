/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include <string.h>

static const struct {
  char plain, shifted;
  const char *key;
} punctuation[] = {
  { '1', '!', "1" },
  { '2', '@', "2" },
  { '3', '#', "3" },
  { '4', '$', "4" },
  { '5', '%', "5" },
  { '6', '^', "6" },
  { '7', '&', "7" },
  { '8', '*', "8" },
  { '9', '(', "9" },
  { '0', ')', "0" },
  { '-', '_', "minus" },
  { '=', '+', "equal" },
  { '[', '{', "bracket_left" },
  { ']', '}', "bracket_right" },
  { ';', ':', "semicolon" },
  { '\'', '"', "apostrophe" },
  { '`', '~', "grave_accent" },
  { '\\', '|', "backslash" },
  { ',', '<', "comma" },
  { '.', '>', "dot" },
  { '/', '?', "slash" },
  { ' ', 0, "spc" },
  { '\n', 0, "ret" },
  { '\t', 0, "tab" },
  { '\b', 0, "backspace" },
  { '\033', 0, "esc" },
};

const char *
vt_key_of_character (gunichar c, bool *ret_shift)
{
  static const char *const letters[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m",
                                         "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z" };
  *ret_shift = c >= 'A' && c <= 'Z';
  if (*ret_shift || (c >= 'a' && c <= 'z'))
    return letters[(c | 0x20) - 'a'];
  for (unsigned i = 0; i < G_N_ELEMENTS (punctuation); i++) {
    if (c == (gunichar)punctuation[i].plain)
      return punctuation[i].key;
    *ret_shift = punctuation[i].shifted != 0 && c == (gunichar)punctuation[i].shifted;
    if (*ret_shift)
      return punctuation[i].key;
  }
  return NULL;
}
