/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "smbios-private.h"
#include "acpi-bytes.h"
#include "keyval.h"

#define TABLES_FILE "etc/smbios/smbios-tables"
#define ANCHOR_FILE "etc/smbios/smbios-anchor"

#define MANUFACTURER "Vitrine"

/* Handles: a structure's type, and its number among those. */
#define HANDLE(type, n) ((uint16_t)((type) << 8 | (n)))
#define NO_HANDLE       0xffff
#define NO_ERROR_HANDLE 0xfffe

typedef struct {
  const SmbiosConfig *config;
  SmbiosOptions options;
  GByteArray *out;
  /* Of the structure that is begun. */
  unsigned type, start;
  GPtrArray *strings;
} Smbios;

static void
begin (Smbios *s, unsigned type, unsigned n)
{
  s->type = type;
  s->start = s->out->len;
  g_ptr_array_set_size (s->strings, 0);
  put_u8 (s->out, (uint8_t)type);
  put_u8 (s->out, 0); /* length, in the end */
  put_u16 (s->out, HANDLE (type, n));
}

static void
end (Smbios *s)
{
  s->out->data[s->start + 1] = (uint8_t)(s->out->len - s->start);
  for (unsigned i = 0; i < s->strings->len; i++)
    put_text (s->out, s->strings->pdata[i], (unsigned)strlen (s->strings->pdata[i]) + 1, 0);
  put_zeroes (s->out, s->strings->len ? 1 : 2);
}

/* A text is kept behind the structure; its number stands here, 0 for none. */
static void
put_string (Smbios *s, const char *text)
{
  if (text)
    g_ptr_array_add (s->strings, g_strdup (text));
  put_u8 (s->out, text ? (uint8_t)s->strings->len : 0);
}

static void
put_option (Smbios *s, const char *key, const char *initial)
{
  put_string (s, smbios_option (&s->options, s->type, key, initial));
}

/* Firmware describes itself, unless users want it to be something else. */
static void
put_firmware (Smbios *s)
{
  enum { NOT_SUPPORTED = 1 << 3, UEFI = 1 << 3, VIRTUAL_MACHINE = 1 << 4 };
  const char *text = smbios_option (&s->options, 0, "release", NULL);
  uint64_t release[2];
  bool uefi = true;

  if (!(s->options.types & 1))
    return;
  keyval_parse_bool (smbios_option (&s->options, 0, "uefi", "on"), &uefi, NULL);
  if (text == NULL || !smbios_release (text, release))
    release[0] = release[1] = 255; /* not said */
  begin (s, 0, 0);
  put_option (s, "vendor", MANUFACTURER);
  put_option (s, "version", NULL);
  put_u16 (s->out, 0); /* of a PC's address space */
  put_option (s, "date", NULL);
  put_u8 (s->out, 0);
  put_u64 (s->out, NOT_SUPPORTED);
  put_u8 (s->out, 0);
  put_u8 (s->out, uefi ? UEFI | VIRTUAL_MACHINE : VIRTUAL_MACHINE);
  put_u8 (s->out, (uint8_t)release[0]);
  put_u8 (s->out, (uint8_t)release[1]);
  put_u16 (s->out, 0xffff); /* no embedded controller */
  end (s);
}

static void
put_system (Smbios *s)
{
  enum { POWER_SWITCH = 6 };
  uint8_t uuid[16];

  smbios_uuid (smbios_option (&s->options, 1, "uuid", s->config->uuid), uuid);
  begin (s, 1, 0);
  put_option (s, "manufacturer", MANUFACTURER);
  put_option (s, "product", s->config->product);
  put_option (s, "version", s->config->version);
  put_option (s, "serial", NULL);
  g_byte_array_append (s->out, uuid, sizeof uuid);
  put_u8 (s->out, POWER_SWITCH);
  put_option (s, "sku", NULL);
  put_option (s, "family", NULL);
  end (s);
}

static void
put_board (Smbios *s)
{
  enum { HOSTING = 1 << 0, MOTHERBOARD = 10 };

  if (!(s->options.types & 1 << 2))
    return;
  begin (s, 2, 0);
  put_option (s, "manufacturer", MANUFACTURER);
  put_option (s, "product", s->config->product);
  put_option (s, "version", s->config->version);
  put_option (s, "serial", NULL);
  put_option (s, "asset", NULL);
  put_u8 (s->out, HOSTING);
  put_option (s, "location", NULL);
  put_u16 (s->out, HANDLE (3, 0));
  put_u8 (s->out, MOTHERBOARD);
  put_u8 (s->out, 0);
  end (s);
}

static void
put_chassis (Smbios *s)
{
  enum { OTHER = 1, UNKNOWN = 2, SAFE = 3 };

  begin (s, 3, 0);
  put_option (s, "manufacturer", MANUFACTURER);
  put_u8 (s->out, OTHER);
  put_option (s, "version", s->config->version);
  put_option (s, "serial", NULL);
  put_option (s, "asset", NULL);
  put_u8 (s->out, SAFE); /* start-up, power supply, temperature */
  put_u8 (s->out, SAFE);
  put_u8 (s->out, SAFE);
  put_u8 (s->out, UNKNOWN); /* security */
  put_u32 (s->out, 0);
  put_zeroes (s->out, 4); /* height, power cords, what is in it */
  put_option (s, "sku", NULL);
  end (s);
}

/* Counts have a byte, and 16 bits further on for those of 256 and more. */
static void
put_count (Smbios *s, unsigned n)
{
  put_u8 (s->out, (uint8_t)MIN (n, 255));
}

static void
put_processor (Smbios *s, unsigned n)
{
  enum { CENTRAL = 3, SEE_FAMILY_2 = 0xfe, POPULATED_AND_ENABLED = 0x41, UPGRADE_OTHER = 1 };
  enum { CAPABLE_OF_64_BITS = 1 << 2, MULTI_CORE = 1 << 3, HARDWARE_THREAD = 1 << 4 };
  const SmbiosConfig *c = s->config;
  const SmbiosOptions *o = &s->options;
  const unsigned threads = c->cores * c->threads;
  g_autofree char *socket = g_strdup_printf ("%s%u", smbios_option (o, 4, "sock_pfx", "CPU "), n);

  begin (s, 4, n);
  put_string (s, socket);
  put_u8 (s->out, CENTRAL);
  put_u8 (s->out, SEE_FAMILY_2);
  put_option (s, "manufacturer", MANUFACTURER);
  put_u64 (s->out, smbios_option_number (o, 4, "processor-id", c->processor_id));
  put_option (s, "version", c->version);
  put_u8 (s->out, 0);  /* voltage, */
  put_u16 (s->out, 0); /* clock: who knows */
  put_u16 (s->out, (uint16_t)smbios_option_number (o, 4, "max-speed", 0));
  put_u16 (s->out, (uint16_t)smbios_option_number (o, 4, "current-speed", 0));
  put_u8 (s->out, POPULATED_AND_ENABLED);
  put_u8 (s->out, UPGRADE_OTHER);
  for (unsigned cache = 0; cache < 3; cache++)
    put_u16 (s->out, NO_HANDLE);
  put_option (s, "serial", NULL);
  put_option (s, "asset", NULL);
  put_option (s, "part", NULL);
  put_count (s, c->cores);
  put_count (s, c->cores);
  put_count (s, threads);
  put_u16 (s->out, (uint16_t)(CAPABLE_OF_64_BITS | (c->cores > 1 ? MULTI_CORE : 0) |
                              (c->threads > 1 ? HARDWARE_THREAD : 0)));
  put_u16 (s->out, c->processor_family);
  put_u16 (s->out, (uint16_t)c->cores);
  put_u16 (s->out, (uint16_t)c->cores);
  put_u16 (s->out, (uint16_t)threads);
  end (s);
}

static void
put_oem_strings (Smbios *s)
{
  const GPtrArray *strings = s->options.oem_strings;

  if (strings->len == 0)
    return;
  begin (s, 11, 0);
  put_u8 (s->out, (uint8_t)strings->len);
  for (unsigned i = 0; i < strings->len; i++)
    g_ptr_array_add (s->strings, g_strdup (strings->pdata[i]));
  end (s);
}

static void
put_memory (Smbios *s)
{
  enum { OTHER = 1, SYSTEM_MEMORY = 3, NO_CORRECTION = 3, IN_EXTENDED_32 = 0x7fff, UNKNOWN = 0xffff };
  enum { DIMM = 9, RAM = 7, DETAIL_OTHER = 1 << 1 };
  const uint64_t kib = s->config->ram_size >> 10, mib = s->config->ram_size >> 20;
  const bool large = kib >= UINT32_C (0x80000000);
  g_autofree char *locator = g_strdup_printf ("%s0", smbios_option (&s->options, 17, "loc_pfx", "DIMM "));

  begin (s, 16, 0);
  put_u8 (s->out, OTHER);
  put_u8 (s->out, SYSTEM_MEMORY);
  put_u8 (s->out, NO_CORRECTION);
  put_u32 (s->out, large ? UINT32_C (0x80000000) : (uint32_t)kib);
  put_u16 (s->out, NO_ERROR_HANDLE);
  put_u16 (s->out, 1);
  put_u64 (s->out, large ? s->config->ram_size : 0);
  end (s);

  begin (s, 17, 0);
  put_u16 (s->out, HANDLE (16, 0));
  put_u16 (s->out, NO_ERROR_HANDLE);
  put_u16 (s->out, UNKNOWN); /* width */
  put_u16 (s->out, UNKNOWN);
  put_u16 (s->out, mib < IN_EXTENDED_32 ? (uint16_t)mib : IN_EXTENDED_32);
  put_u8 (s->out, DIMM);
  put_u8 (s->out, 0); /* of no set */
  put_string (s, locator);
  put_option (s, "bank", NULL);
  put_u8 (s->out, RAM);
  put_u16 (s->out, DETAIL_OTHER);
  put_u16 (s->out, (uint16_t)smbios_option_number (&s->options, 17, "speed", 0));
  put_option (s, "manufacturer", MANUFACTURER);
  put_option (s, "serial", NULL);
  put_option (s, "asset", NULL);
  put_option (s, "part", NULL);
  put_u8 (s->out, 0); /* of unknown rank */
  put_u32 (s->out, mib < IN_EXTENDED_32 ? 0 : (uint32_t)mib);
  put_u16 (s->out, (uint16_t)smbios_option_number (&s->options, 17, "speed", 0));
  put_zeroes (s->out, 6); /* voltages */
  end (s);
}

static void
put_memory_address (Smbios *s)
{
  const uint64_t first = s->config->ram_base, last = first + s->config->ram_size - 1;
  const bool large = last >> 10 >= UINT32_MAX;

  begin (s, 19, 0);
  put_u32 (s->out, large ? UINT32_MAX : (uint32_t)(first >> 10));
  put_u32 (s->out, large ? UINT32_MAX : (uint32_t)(last >> 10));
  put_u16 (s->out, HANDLE (16, 0));
  put_u8 (s->out, 1);
  put_u64 (s->out, large ? first : 0);
  put_u64 (s->out, large ? last : 0);
  end (s);
}

static void
put_rest (Smbios *s)
{
  begin (s, 32, 0);
  put_zeroes (s->out, 7); /* no errors at start */
  end (s);
  begin (s, 127, 0);
  end (s);
}

static GBytes *
anchor (const GByteArray *tables)
{
  enum { CHECKSUM = 5, SIZE = 24 };
  GByteArray *out = g_byte_array_new ();
  uint8_t sum = 0;

  put_text (out, "_SM3_", 5, 0);
  put_u8 (out, 0);
  put_u8 (out, SIZE);
  put_u8 (out, 3); /* SMBIOS 3.0 */
  put_u8 (out, 0);
  put_u8 (out, 0);
  put_u8 (out, 1); /* the entry point's own revision */
  put_u8 (out, 0);
  put_u32 (out, tables->len);
  put_u64 (out, 0); /* firmware knows where */
  for (unsigned i = 0; i < out->len; i++)
    sum = (uint8_t)(sum + out->data[i]);
  out->data[CHECKSUM] = (uint8_t)-sum;
  return g_byte_array_free_to_bytes (out);
}

bool
smbios_add (FwCfg *fw, const SmbiosConfig *config, const GPtrArray *options, GError **error)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GPtrArray) strings = g_ptr_array_new_with_free_func (g_free);
  Smbios s = { .config = config, .out = out, .strings = strings };

  smbios_options_init (&s.options);
  bool ok = smbios_options_read (&s.options, options, error);
  if (ok) {
    put_firmware (&s);
    put_system (&s);
    put_board (&s);
    put_chassis (&s);
    for (unsigned i = 0; i < config->sockets; i++)
      put_processor (&s, i);
    put_oem_strings (&s);
    put_memory (&s);
    put_memory_address (&s);
    put_rest (&s);
    g_autoptr (GBytes) tables = g_bytes_new (out->data, out->len), entry = anchor (out);
    ok = fw_cfg_add_file (fw, TABLES_FILE, tables, error) && fw_cfg_add_file (fw, ANCHOR_FILE, entry, error);
  }
  smbios_options_clear (&s.options);
  return ok;
}
