/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb-packet.h"

#include <string.h>

#define INTERRUPT_BYTE 3
#define ESCAPE_XOR     0x20

static void
begin (GdbReader *r)
{
  r->state = GDB_DATA;
  r->sum = 0;
  r->size = 0;
  r->too_long = false;
}

static void
put (GdbReader *r, uint8_t byte)
{
  if (r->size < GDB_PACKET_MAX)
    r->data[r->size++] = (char)byte;
  else
    r->too_long = true;
}

static GdbIn
between (GdbReader *r, uint8_t byte)
{
  switch (byte) {
    case '$': begin (r); return GDB_IN_NOTHING;
    case '-': return GDB_IN_REPEAT;
    case INTERRUPT_BYTE: return GDB_IN_INTERRUPT;
    default: return GDB_IN_NOTHING; /* acknowledgements, and noise */
  }
}

static GdbIn
finish (GdbReader *r, int low)
{
  r->state = GDB_BETWEEN;
  if (r->claimed < 0 || low < 0 || (r->claimed << 4 | low) != r->sum)
    return GDB_IN_DAMAGED;
  r->data[r->size] = '\0';
  return r->too_long ? GDB_IN_TOO_LONG : GDB_IN_PACKET;
}

GdbIn
gdb_reader_byte (GdbReader *r, uint8_t byte)
{
  switch (r->state) {
    case GDB_BETWEEN: return between (r, byte);
    case GDB_DATA:
      if (byte == '#') {
        r->state = GDB_SUM_HIGH;
        break;
      }
      /* The rest of the packet that this one interrupts was lost. */
      if (byte == '$') {
        begin (r);
        break;
      }
      r->sum += byte;
      if (byte == '}')
        r->state = GDB_ESCAPED;
      else
        put (r, byte);
      break;
    case GDB_ESCAPED:
      r->sum += byte;
      put (r, byte ^ ESCAPE_XOR);
      r->state = GDB_DATA;
      break;
    case GDB_SUM_HIGH:
      r->claimed = g_ascii_xdigit_value ((char)byte);
      r->state = GDB_SUM_LOW;
      break;
    case GDB_SUM_LOW: return finish (r, g_ascii_xdigit_value ((char)byte));
  }
  return GDB_IN_NOTHING;
}

void
gdb_frame (GString *out, const void *data, size_t size)
{
  const uint8_t *bytes = data;
  g_string_append_c (out, '$');
  gsize start = out->len;
  for (size_t i = 0; i < size; i++) {
    bool escape = bytes[i] == '$' || bytes[i] == '#' || bytes[i] == '}' || bytes[i] == '*';
    if (escape)
      g_string_append_c (out, '}');
    g_string_append_c (out, (char)(escape ? bytes[i] ^ ESCAPE_XOR : bytes[i]));
  }
  uint8_t sum = 0;
  for (gsize i = start; i < out->len; i++)
    sum += (uint8_t)out->str[i];
  g_string_append_printf (out, "#%02x", sum);
}

bool
gdb_parse_hex (const char **text, uint64_t *ret)
{
  const char *p = *text;
  uint64_t value = 0;
  for (; g_ascii_isxdigit (*p); p++) {
    if (value >> 60)
      return false;
    value = value << 4 | (unsigned)g_ascii_xdigit_value (*p);
  }
  if (p == *text)
    return false;
  *text = p;
  *ret = value;
  return true;
}

bool
gdb_parse_hex_end (const char **text, char end, uint64_t *ret)
{
  if (!gdb_parse_hex (text, ret) || **text != end)
    return false;
  if (end != '\0')
    ++*text;
  return true;
}

bool
gdb_parse_bytes (const char **text, void *out, size_t size)
{
  uint8_t *bytes = out;
  for (size_t i = 0; i < size; i++) {
    int high = g_ascii_xdigit_value ((*text)[0]);
    int low = high < 0 ? -1 : g_ascii_xdigit_value ((*text)[1]);
    if (low < 0)
      return false;
    bytes[i] = (uint8_t)(high << 4 | low);
    *text += 2;
  }
  return true;
}

char *
gdb_parse_string (const char **text, char end)
{
  size_t digits = 0;
  while (g_ascii_isxdigit ((*text)[digits]))
    digits++;
  if (digits % 2 != 0 || ((*text)[digits] != end && (*text)[digits] != '\0'))
    return NULL;
  char *string = g_malloc0 (digits / 2 + 1);
  gdb_parse_bytes (text, string, digits / 2);
  if (**text == end && end != '\0')
    ++*text;
  return string;
}

void
gdb_append_hex (GString *out, const void *bytes, size_t size)
{
  static const char digits[] = "0123456789abcdef";
  const uint8_t *p = bytes;
  for (size_t i = 0; i < size; i++) {
    g_string_append_c (out, digits[p[i] >> 4]);
    g_string_append_c (out, digits[p[i] & 15]);
  }
}
