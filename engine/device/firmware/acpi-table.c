/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "acpi-table.h"
#include "acpi-bytes.h"

#define TABLES_FILE   "etc/acpi/tables"
#define RSDP_FILE     "etc/acpi/rsdp"
#define COMMANDS_FILE "etc/table-loader"

#define OEM_ID "VITRIN"

enum { HEADER_LENGTH = 4, HEADER_CHECKSUM = 9, HEADER_SIZE = 36 };

/* Commands of the loader are 128 bytes each. */
enum { COMMAND_SIZE = 128 };
enum { ALLOCATE = 1, ADD_POINTER = 2, ADD_CHECKSUM = 3 };
enum { ZONE_HIGH = 1, ZONE_FSEG = 2 };

static void
end_command (AcpiTables *t)
{
  put_zeroes (t->commands, COMMAND_SIZE - t->commands->len % COMMAND_SIZE);
}

static void
add_allocate (AcpiTables *t, const char *file, uint32_t alignment, uint8_t zone)
{
  put_u32 (t->commands, ALLOCATE);
  put_text (t->commands, file, FW_CFG_NAME_SIZE, 0);
  put_u32 (t->commands, alignment);
  put_u8 (t->commands, zone);
  end_command (t);
}

/* Eight bytes of `file` are an offset in `pointee`, and become an address. */
static void
add_pointer (AcpiTables *t, const char *file, const char *pointee, uint32_t offset)
{
  put_u32 (t->commands, ADD_POINTER);
  put_text (t->commands, file, FW_CFG_NAME_SIZE, 0);
  put_text (t->commands, pointee, FW_CFG_NAME_SIZE, 0);
  put_u32 (t->commands, offset);
  put_u8 (t->commands, 8);
  end_command (t);
}

static void
add_checksum (AcpiTables *t, const char *file, uint32_t at, uint32_t start, uint32_t length)
{
  put_u32 (t->commands, ADD_CHECKSUM);
  put_text (t->commands, file, FW_CFG_NAME_SIZE, 0);
  put_u32 (t->commands, at);
  put_u32 (t->commands, start);
  put_u32 (t->commands, length);
  end_command (t);
}

AcpiTables *
acpi_tables_new (void)
{
  AcpiTables *t = g_new0 (AcpiTables, 1);

  t->tables = g_byte_array_new ();
  t->commands = g_byte_array_new ();
  t->listed = g_array_new (FALSE, FALSE, sizeof (guint32));
  /* Memory comes before what is done with it. */
  add_allocate (t, RSDP_FILE, 16, ZONE_FSEG);
  add_allocate (t, TABLES_FILE, 64, ZONE_HIGH);
  return t;
}

void
acpi_tables_free (AcpiTables *t)
{
  g_byte_array_unref (t->tables);
  g_byte_array_unref (t->commands);
  g_array_unref (t->listed);
  g_free (t);
}

GByteArray *
acpi_begin_table (AcpiTables *t, const char *signature, uint8_t revision)
{
  GByteArray *out = t->tables;

  put_zeroes (out, (0u - out->len) % 8);
  t->start = out->len;
  put_text (out, signature, 4, 0);
  put_u32 (out, 0); /* length and checksum come in the end */
  put_u8 (out, revision);
  put_u8 (out, 0);
  put_text (out, OEM_ID, 6, 0);
  put_text (out, "VITRINE", 8, ' ');
  put_u32 (out, 1);
  put_text (out, "VTRN", 4, 0);
  put_u32 (out, 1);
  return out;
}

guint32
acpi_end_table (AcpiTables *t)
{
  const guint32 start = t->start, length = t->tables->len - start;

  set_u32 (t->tables, start + HEADER_LENGTH, length);
  add_checksum (t, TABLES_FILE, start + HEADER_CHECKSUM, start, length);
  if (memcmp (t->tables->data + start, "DSDT", 4) != 0)
    g_array_append_val (t->listed, start);
  return start;
}

void
acpi_put_table_address (AcpiTables *t, guint32 offset)
{
  add_pointer (t, TABLES_FILE, TABLES_FILE, t->tables->len);
  put_u64 (t->tables, offset);
}

void
acpi_put_memory_address (GByteArray *out, unsigned bits, uint64_t address)
{
  enum { SYSTEM_MEMORY = 0 };

  put_u8 (out, SYSTEM_MEMORY);
  put_u8 (out, (uint8_t)bits);
  put_u8 (out, 0);
  put_u8 (out, bits == 64 ? 4 : bits == 32 ? 3 : bits == 16 ? 2 : 1); /* of one access, as a power of two */
  put_u64 (out, address);
}

static guint32
put_xsdt (AcpiTables *t)
{
  acpi_begin_table (t, "XSDT", 1);
  for (unsigned i = 0; i < t->listed->len; i++)
    acpi_put_table_address (t, g_array_index (t->listed, guint32, i));
  return acpi_end_table (t);
}

static void
put_rsdp (AcpiTables *t, GByteArray *out, guint32 xsdt)
{
  enum { CHECKSUM = 8, SIZE_1 = 20, XSDT_ADDRESS = 24, EXTENDED_CHECKSUM = 32, SIZE = 36 };

  put_text (out, "RSD PTR ", 8, 0);
  put_u8 (out, 0);
  put_text (out, OEM_ID, 6, 0);
  put_u8 (out, 2);  /* of ACPI 2.0 and later */
  put_u32 (out, 0); /* no RSDT */
  put_u32 (out, SIZE);
  put_u64 (out, xsdt);
  put_zeroes (out, SIZE - out->len);
  add_pointer (t, RSDP_FILE, TABLES_FILE, XSDT_ADDRESS);
  add_checksum (t, RSDP_FILE, CHECKSUM, 0, SIZE_1);
  add_checksum (t, RSDP_FILE, EXTENDED_CHECKSUM, 0, SIZE);
}

static bool
add_file (FwCfg *fw, const char *name, const GByteArray *bytes, GError **error)
{
  g_autoptr (GBytes) content = g_bytes_new (bytes->data, bytes->len);

  return fw_cfg_add_file (fw, name, content, error);
}

bool
acpi_tables_finish (AcpiTables *t, FwCfg *fw, GError **error)
{
  g_autoptr (GByteArray) rsdp = g_byte_array_new ();

  put_rsdp (t, rsdp, put_xsdt (t));
  return add_file (fw, TABLES_FILE, t->tables, error) && add_file (fw, RSDP_FILE, rsdp, error) &&
         add_file (fw, COMMANDS_FILE, t->commands, error);
}
