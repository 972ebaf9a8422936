/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Little-endian numbers at the end of an array of bytes: what ACPI's and SMBIOS's tables are made of. */

#include <glib.h>
#include <stdint.h>
#include <string.h>

static inline void
put_le (GByteArray *out, uint64_t value, unsigned size)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (out, (const uint8_t *)&value, size);
}

static inline void
put_u8 (GByteArray *out, uint8_t value)
{
  put_le (out, value, 1);
}

static inline void
put_u16 (GByteArray *out, uint16_t value)
{
  put_le (out, value, 2);
}

static inline void
put_u32 (GByteArray *out, uint32_t value)
{
  put_le (out, value, 4);
}

static inline void
put_u64 (GByteArray *out, uint64_t value)
{
  put_le (out, value, 8);
}

static inline void
put_zeroes (GByteArray *out, unsigned n)
{
  while (n-- > 0)
    put_u8 (out, 0);
}

/* Exactly `size` bytes: the text, and `fill` behind it. */
static inline void
put_text (GByteArray *out, const char *text, unsigned size, char fill)
{
  const unsigned length = (unsigned)MIN (strlen (text), size);

  g_byte_array_append (out, (const uint8_t *)text, length);
  for (unsigned i = length; i < size; i++)
    put_u8 (out, (uint8_t)fill);
}

/* Over what was written before. */
static inline void
set_u32 (GByteArray *out, unsigned at, uint32_t value)
{
  value = GUINT32_TO_LE (value);
  memcpy (out->data + at, &value, sizeof value);
}
