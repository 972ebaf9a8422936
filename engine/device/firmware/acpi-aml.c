/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "acpi-aml.h"
#include "acpi-bytes.h"

enum {
  ZERO_OP = 0x00,
  ONE_OP = 0x01,
  NAME_OP = 0x08,
  BYTE_PREFIX = 0x0a,
  WORD_PREFIX = 0x0b,
  DWORD_PREFIX = 0x0c,
  STRING_PREFIX = 0x0d,
  QWORD_PREFIX = 0x0e,
  SCOPE_OP = 0x10,
  BUFFER_OP = 0x11,
  PACKAGE_OP = 0x12,
  VAR_PACKAGE_OP = 0x13,
  METHOD_OP = 0x14,
  DUAL_NAME_PREFIX = 0x2e,
  MULTI_NAME_PREFIX = 0x2f,
  EXT_PREFIX = 0x5b,
  EXT_REGION_OP = 0x80,
  EXT_FIELD_OP = 0x81,
  EXT_DEVICE_OP = 0x82,
  LOCAL0_OP = 0x60,
  ARG0_OP = 0x68,
  CREATE_DWORD_FIELD_OP = 0x8a,
  IF_OP = 0xa0,
  ELSE_OP = 0xa1,
};
/* What is begun. */
enum { PLAIN, BUFFER, RESOURCES };

void
aml_init (AmlWriter *w, GByteArray *out)
{
  *w = (AmlWriter){ .out = out };
}

static void
begin (AmlWriter *w, uint8_t kind)
{
  g_assert (w->depth < AML_DEPTH);
  w->open[w->depth].start = w->out->len;
  w->open[w->depth++].kind = kind;
}

static void
insert (GByteArray *out, guint at, const uint8_t *bytes, guint n)
{
  const guint behind = out->len - at;

  g_byte_array_set_size (out, out->len + n);
  memmove (out->data + at + n, out->data + at, behind);
  memcpy (out->data + at, bytes, n);
}

/* PkgLength, which counts itself: one byte up to 63, else four bits in the first one and up to three more. */
static void
insert_length (GByteArray *out, guint at)
{
  const uint32_t content = out->len - at;
  uint8_t bytes[4];
  unsigned more = content + 1 < 1 << 6 ? 0 : content + 2 < 1 << 12 ? 1 : content + 3 < 1 << 20 ? 2 : 3;
  uint32_t length = content + 1 + more;

  bytes[0] = (uint8_t)(more ? more << 6 | (length & 15) : length);
  for (unsigned i = 0; i < more; i++)
    bytes[1 + i] = (uint8_t)(length >> (4 + 8 * i));
  insert (out, at, bytes, 1 + more);
}

/* BufferSize is a number of its own, before the bytes. */
static void
insert_buffer_size (GByteArray *out, guint at)
{
  g_autoptr (GByteArray) size = g_byte_array_new ();
  AmlWriter w;

  aml_init (&w, size);
  aml_int (&w, out->len - at);
  insert (out, at, size->data, size->len);
}

void
aml_end (AmlWriter *w)
{
  enum { END_TAG = 0x79 };

  g_assert (w->depth > 0);
  guint start = w->open[--w->depth].start;
  uint8_t kind = w->open[w->depth].kind;
  if (kind == RESOURCES)
    put_u16 (w->out, END_TAG); /* with 0 for "no checksum" */
  if (kind != PLAIN)
    insert_buffer_size (w->out, start);
  insert_length (w->out, start);
}

static void
put_segment (GByteArray *out, const char *name, size_t length)
{
  char segment[] = "____";

  g_assert (length > 0 && length <= 4);
  memcpy (segment, name, length);
  put_text (out, segment, 4, '_');
}

void
aml_path (AmlWriter *w, const char *path)
{
  unsigned n = 0;

  for (; *path == '\\' || *path == '^'; path++)
    put_u8 (w->out, (uint8_t)*path);
  for (const char *p = path; *p; p++)
    n += *p == '.';
  n += *path != 0;
  if (n == 0)
    put_u8 (w->out, 0);
  else if (n == 2)
    put_u8 (w->out, DUAL_NAME_PREFIX);
  else if (n > 2) {
    put_u8 (w->out, MULTI_NAME_PREFIX);
    put_u8 (w->out, (uint8_t)n);
  }
  for (size_t length; n > 0; n--, path += length + (n > 0)) {
    length = strcspn (path, ".");
    put_segment (w->out, path, length);
  }
}

static void
begin_extended (AmlWriter *w, uint8_t op)
{
  put_u8 (w->out, EXT_PREFIX);
  put_u8 (w->out, op);
}

void
aml_begin_scope (AmlWriter *w, const char *path)
{
  put_u8 (w->out, SCOPE_OP);
  begin (w, PLAIN);
  aml_path (w, path);
}

void
aml_begin_device (AmlWriter *w, const char *name)
{
  begin_extended (w, EXT_DEVICE_OP);
  begin (w, PLAIN);
  aml_path (w, name);
}

void
aml_begin_method (AmlWriter *w, const char *name, unsigned args, bool serialized)
{
  put_u8 (w->out, METHOD_OP);
  begin (w, PLAIN);
  aml_path (w, name);
  put_u8 (w->out, (uint8_t)(args | (unsigned)serialized << 3));
}

void
aml_begin_package (AmlWriter *w, unsigned count)
{
  put_u8 (w->out, count < 256 ? PACKAGE_OP : VAR_PACKAGE_OP);
  begin (w, PLAIN);
  if (count < 256)
    put_u8 (w->out, (uint8_t)count);
  else
    aml_int (w, count);
}

void
aml_begin_if (AmlWriter *w)
{
  put_u8 (w->out, IF_OP);
  begin (w, PLAIN);
}

void
aml_begin_else (AmlWriter *w)
{
  put_u8 (w->out, ELSE_OP);
  begin (w, PLAIN);
}

void
aml_begin_buffer (AmlWriter *w)
{
  put_u8 (w->out, BUFFER_OP);
  begin (w, BUFFER);
}

void
aml_begin_resources (AmlWriter *w)
{
  put_u8 (w->out, BUFFER_OP);
  begin (w, RESOURCES);
}

void
aml_begin_field (AmlWriter *w, const char *region)
{
  enum { DWORD_ACC = 3, WRITE_AS_ZEROS = 2 << 5 };

  begin_extended (w, EXT_FIELD_OP);
  begin (w, PLAIN);
  aml_path (w, region);
  put_u8 (w->out, DWORD_ACC | WRITE_AS_ZEROS);
}

/* The length of a field is encoded like one of a package, but does not count itself. */
static void
put_field_length (GByteArray *out, unsigned bits)
{
  if (bits < 1 << 6) {
    put_u8 (out, (uint8_t)bits);
    return;
  }
  g_assert (bits < 1 << 20);
  unsigned more = bits < 1 << 12 ? 1 : 2;
  put_u8 (out, (uint8_t)(more << 6 | (bits & 15)));
  put_le (out, bits >> 4, more);
}

void
aml_field (AmlWriter *w, const char *name, unsigned bits)
{
  put_segment (w->out, name, strlen (name));
  put_field_length (w->out, bits);
}

void
aml_field_gap (AmlWriter *w, unsigned bits)
{
  put_u8 (w->out, 0);
  put_field_length (w->out, bits);
}

void
aml_name (AmlWriter *w, const char *name)
{
  put_u8 (w->out, NAME_OP);
  aml_path (w, name);
}

void
aml_name_int (AmlWriter *w, const char *name, uint64_t value)
{
  aml_name (w, name);
  aml_int (w, value);
}

void
aml_name_string (AmlWriter *w, const char *name, const char *text)
{
  aml_name (w, name);
  aml_string (w, text);
}

void
aml_name_eisaid (AmlWriter *w, const char *name, const char *id)
{
  aml_name (w, name);
  aml_eisaid (w, id);
}

void
aml_memory_region (AmlWriter *w, const char *name, uint64_t base, uint64_t size)
{
  enum { SYSTEM_MEMORY = 0 };

  begin_extended (w, EXT_REGION_OP);
  aml_path (w, name);
  put_u8 (w->out, SYSTEM_MEMORY);
  aml_int (w, base);
  aml_int (w, size);
}

void
aml_dword_field_of_arg (AmlWriter *w, unsigned n, unsigned offset, const char *name)
{
  put_u8 (w->out, CREATE_DWORD_FIELD_OP);
  aml_arg (w, n);
  aml_int (w, offset);
  aml_path (w, name);
}

void
aml_int (AmlWriter *w, uint64_t value)
{
  const unsigned size = value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
  const uint8_t prefixes[] = { [1] = BYTE_PREFIX, [2] = WORD_PREFIX, [4] = DWORD_PREFIX, [8] = QWORD_PREFIX };

  if (value <= 1) {
    put_u8 (w->out, value ? ONE_OP : ZERO_OP);
    return;
  }
  put_u8 (w->out, prefixes[size]);
  put_le (w->out, value, size);
}

void
aml_string (AmlWriter *w, const char *text)
{
  put_u8 (w->out, STRING_PREFIX);
  put_text (w->out, text, (unsigned)strlen (text) + 1, 0);
}

/* Three letters in five bits each, four digits, all in the order of their bytes. */
void
aml_eisaid (AmlWriter *w, const char *id)
{
  uint32_t value = 0;

  for (unsigned i = 0; i < 3; i++)
    value = value << 5 | (uint32_t)(id[i] - '@');
  for (unsigned i = 3; i < 7; i++)
    value = value << 4 | (uint32_t)g_ascii_xdigit_value (id[i]);
  put_u8 (w->out, DWORD_PREFIX);
  put_u32 (w->out, GUINT32_SWAP_LE_BE (value));
}

/* The first three parts are little-endian numbers. */
void
aml_uuid (AmlWriter *w, const char *uuid)
{
  static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
  uint8_t bytes[16] = { 0 };
  unsigned n = 0;

  for (const char *p = uuid; p[0] && p[1] && n < 16; p += 2) {
    p += *p == '-';
    bytes[n++] = (uint8_t)(g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]));
  }
  aml_begin_buffer (w);
  for (unsigned i = 0; i < 16; i++)
    put_u8 (w->out, bytes[order[i]]);
  aml_end (w);
}

void
aml_arg (AmlWriter *w, unsigned n)
{
  put_u8 (w->out, (uint8_t)(ARG0_OP + n));
}

void
aml_local (AmlWriter *w, unsigned n)
{
  put_u8 (w->out, (uint8_t)(LOCAL0_OP + n));
}

void
aml_op (AmlWriter *w, AmlOp op)
{
  put_u8 (w->out, (uint8_t)op);
}
