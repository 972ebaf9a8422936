/* SPDX-License-Identifier: GPL-3.0-or-later */

/* -smbios type=N,KEY=VALUE,…: what users say that the machine is. */

#include "smbios-private.h"
#include "keyval.h"
#include <gio/gio.h>
#include <string.h>

typedef enum { TEXT, NUMBER, RELEASE, SWITCH, UUID } Kind;

/* QEMU's names, and how large numbers may be. */
static const struct {
  uint8_t type;
  const char *name;
  Kind kind;
  uint64_t max;
} keys[] = {
  { 0, "vendor" },
  { 0, "version" },
  { 0, "date" },
  { 0, "release", RELEASE },
  { 0, "uefi", SWITCH },
  { 1, "manufacturer" },
  { 1, "product" },
  { 1, "version" },
  { 1, "serial" },
  { 1, "uuid", UUID },
  { 1, "sku" },
  { 1, "family" },
  { 2, "manufacturer" },
  { 2, "product" },
  { 2, "version" },
  { 2, "serial" },
  { 2, "asset" },
  { 2, "location" },
  { 3, "manufacturer" },
  { 3, "version" },
  { 3, "serial" },
  { 3, "asset" },
  { 3, "sku" },
  { 4, "sock_pfx" },
  { 4, "manufacturer" },
  { 4, "version" },
  { 4, "serial" },
  { 4, "asset" },
  { 4, "part" },
  { 4, "max-speed", NUMBER, UINT16_MAX },
  { 4, "current-speed", NUMBER, UINT16_MAX },
  { 4, "processor-id", NUMBER, UINT64_MAX },
  { 17, "loc_pfx" },
  { 17, "bank" },
  { 17, "manufacturer" },
  { 17, "serial" },
  { 17, "asset" },
  { 17, "part" },
  { 17, "speed", NUMBER, UINT16_MAX },
};

void
smbios_options_init (SmbiosOptions *o)
{
  *o = (SmbiosOptions){
    .values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
    .oem_strings = g_ptr_array_new_with_free_func (g_free),
  };
}

void
smbios_options_clear (SmbiosOptions *o)
{
  g_hash_table_unref (o->values);
  g_ptr_array_unref (o->oem_strings);
}

bool
smbios_release (const char *text, uint64_t release[2])
{
  g_auto (GStrv) parts = g_strsplit (text, ".", 3);

  if (g_strv_length (parts) != 2)
    return false;
  for (unsigned i = 0; i < 2; i++)
    if (!keyval_parse_uint (parts[i], &release[i], NULL) || release[i] > UINT8_MAX)
      return false;
  return true;
}

/* NULL, or what it has to be. */
static const char *
what_is_wrong (unsigned key, const char *value)
{
  uint64_t number, release[2];
  bool flag;

  switch (keys[key].kind) {
    case TEXT: return *value ? NULL : "is empty; leave it out";
    case NUMBER:
      return keyval_parse_uint (value, &number, NULL) && number <= keys[key].max ? NULL
             : keys[key].max == UINT16_MAX ? "has to be a number up to 65535"
                                           : "has to be a number";
    case RELEASE:
      return smbios_release (value, release) ? NULL : "has to be two numbers up to 255, as in 1.0";
    case SWITCH: return keyval_parse_bool (value, &flag, NULL) ? NULL : "is either on or off";
    case UUID: return g_uuid_string_is_valid (value) ? NULL : "has to be one as uuidgen prints it";
  }
  return NULL;
}

static bool
fail (GError **error, const char *text, const char *format, const char *name, const char *rest)
{
  g_autofree char *why = g_strdup_printf (format, name, rest);

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-smbios %s: %s", text, why);
  return false;
}

static bool
take_oem_strings (SmbiosOptions *o, const char *text, Keyval *kv, GError **error)
{
  g_autoptr (GPtrArray) values = keyval_get_all (kv, "value");

  for (unsigned i = 0; i < values->len; i++)
    if (*(const char *)values->pdata[i])
      g_ptr_array_add (o->oem_strings, g_strdup (values->pdata[i]));
  if (o->oem_strings->len > UINT8_MAX)
    return fail (error, text, "there is room for 255 values%s%s", "", "");
  return keyval_finish (kv, "-smbios type=11", error);
}

static bool
read_one (SmbiosOptions *o, const char *text, GError **error)
{
  g_autoptr (Keyval) kv = keyval_parse (text, NULL, error);
  uint64_t type;
  bool known = false;

  if (kv == NULL)
    return false;
  if (keyval_get (kv, "file"))
    return fail (error, text, "structures are not read from files; say what is in them%s%s", "", "");
  if (keyval_get (kv, "type") == NULL)
    return fail (error, text, "say which structure it is about, as in type=1,serial=…%s%s", "", "");
  if (!keyval_get_uint (kv, "type", 0, &type, error))
    return false;
  if (type == 11)
    return take_oem_strings (o, text, kv, error);
  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (keys[i].type != type)
      continue;
    const char *value = keyval_get (kv, keys[i].name), *wrong = value ? what_is_wrong (i, value) : NULL;
    known = true;
    if (wrong)
      return fail (error, text, "%s %s", keys[i].name, wrong);
    if (value)
      g_hash_table_replace (o->values, g_strdup_printf ("%u.%s", keys[i].type, keys[i].name),
                            g_strdup (value));
  }
  if (!known)
    return fail (error, text, "there is nothing to say about type %s%s", keyval_get (kv, "type"),
                 "; types 0, 1, 2, 3, 4, 11 and 17 are there");
  o->types |= 1u << type;
  g_autofree char *what = g_strdup_printf ("-smbios type=%u", (unsigned)type);
  return keyval_finish (kv, what, error);
}

bool
smbios_options_read (SmbiosOptions *o, const GPtrArray *options, GError **error)
{
  for (unsigned i = 0; options && i < options->len; i++)
    if (!read_one (o, options->pdata[i], error))
      return false;
  return true;
}

const char *
smbios_option (const SmbiosOptions *o, unsigned type, const char *key, const char *initial)
{
  g_autofree char *name = g_strdup_printf ("%u.%s", type, key);
  const char *value = g_hash_table_lookup (o->values, name);

  return value ? value : initial;
}

uint64_t
smbios_option_number (const SmbiosOptions *o, unsigned type, const char *key, uint64_t initial)
{
  const char *text = smbios_option (o, type, key, NULL);
  uint64_t value;

  return text && keyval_parse_uint (text, &value, NULL) ? value : initial;
}

/* As in ACPI, the first three parts are little-endian numbers. */
void
smbios_uuid (const char *text, uint8_t bytes[16])
{
  static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
  unsigned n = 0;

  memset (bytes, 0, 16);
  for (const char *p = text ? text : ""; p[0] && p[1] && n < 16; p += 2) {
    p += *p == '-';
    bytes[order[n++]] = (uint8_t)(g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]));
  }
}
