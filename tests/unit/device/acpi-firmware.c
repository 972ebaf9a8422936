/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "acpi-firmware.h"
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

enum { HEADER_SIZE = 36, COMMAND_SIZE = 128 };

uint64_t
acpi_number (const uint8_t *at, unsigned size)
{
  uint64_t value = 0;

  for (unsigned i = 0; i < size; i++)
    value |= (uint64_t)at[i] << (8 * i);
  return value;
}

static uint8_t
sum_of (const uint8_t *at, size_t size)
{
  uint8_t sum = 0;

  for (size_t i = 0; i < size; i++)
    sum = (uint8_t)(sum + at[i]);
  return sum;
}

static GByteArray *
file (FwCfg *fw, const char *name)
{
  g_autoptr (GBytes) content = fw_cfg_find_file (fw, name);
  gsize size;

  g_assert_nonnull (content);
  const uint8_t *data = g_bytes_get_data (content, &size);
  GByteArray *copy = g_byte_array_new ();
  return g_byte_array_append (copy, data, (guint)size);
}

/* The memory of the file that a command names. */
static GByteArray *
named (AcpiFirmware *f, const uint8_t *name, uint64_t *ret_base)
{
  g_assert_nonnull (memchr (name, 0, FW_CFG_NAME_SIZE));
  if (strcmp ((const char *)name, "etc/acpi/rsdp") == 0) {
    *ret_base = ACPI_FIRMWARE_BASE - 0x1000;
    return f->rsdp;
  }
  g_assert_cmpstr ((const char *)name, ==, "etc/acpi/tables");
  *ret_base = ACPI_FIRMWARE_BASE;
  return f->tables;
}

static void
add_pointer (AcpiFirmware *f, const uint8_t *command)
{
  uint64_t unused, base;
  GByteArray *in = named (f, command + 4, &unused), *to = named (f, command + 60, &base);
  uint64_t at = acpi_number (command + 116, 4);

  g_assert_cmpuint (command[120], ==, 8);
  g_assert_cmpuint (at + 8, <=, in->len);
  uint64_t offset = acpi_number (in->data + at, 8);
  g_assert_cmpuint (offset, <, to->len);
  for (unsigned i = 0; i < 8; i++)
    in->data[at + i] = (uint8_t)((base + offset) >> (8 * i));
}

static void
add_checksum (AcpiFirmware *f, const uint8_t *command)
{
  uint64_t unused, at = acpi_number (command + 60, 4), start = acpi_number (command + 64, 4),
                   length = acpi_number (command + 68, 4);
  GByteArray *in = named (f, command + 4, &unused);

  g_assert_cmpuint (start + length, <=, in->len);
  g_assert_cmpuint (at, >=, start);
  g_assert_cmpuint (at, <, start + length);
  g_assert_cmpuint (in->data[at], ==, 0);
  in->data[at] = (uint8_t)-sum_of (in->data + start, length);
}

AcpiFirmware *
acpi_firmware_run (FwCfg *fw)
{
  g_autoptr (GByteArray) commands = file (fw, "etc/table-loader");
  AcpiFirmware *f = g_new0 (AcpiFirmware, 1);
  unsigned allocated = 0;
  uint64_t base;

  f->rsdp = file (fw, "etc/acpi/rsdp");
  f->tables = file (fw, "etc/acpi/tables");
  g_assert_cmpuint (commands->len % COMMAND_SIZE, ==, 0);
  for (const uint8_t *c = commands->data; c < commands->data + commands->len; c += COMMAND_SIZE)
    switch (acpi_number (c, 4)) {
      case 1:
        named (f, c + 4, &base);
        g_assert_cmpuint (base % acpi_number (c + 60, 4), ==, 0);
        g_assert_cmpuint (c[64], >=, 1);
        g_assert_cmpuint (c[64], <=, 2);
        allocated++;
        break;
      case 2:
        g_assert_cmpuint (allocated, ==, 2);
        add_pointer (f, c);
        break;
      case 3:
        g_assert_cmpuint (allocated, ==, 2);
        add_checksum (f, c);
        break;
      default: g_assert_not_reached ();
    }
  return f;
}

void
acpi_firmware_free (AcpiFirmware *f)
{
  g_byte_array_unref (f->rsdp);
  g_byte_array_unref (f->tables);
  g_free (f);
}

static const uint8_t *
table_at (const AcpiFirmware *f, uint64_t address)
{
  const uint64_t offset = address - ACPI_FIRMWARE_BASE;

  g_assert_cmpuint (offset + HEADER_SIZE, <=, f->tables->len);
  g_assert_cmpuint (offset % 8, ==, 0);
  const uint8_t *table = f->tables->data + offset;
  uint64_t length = acpi_number (table + 4, 4);
  g_assert_cmpuint (length, >=, HEADER_SIZE);
  g_assert_cmpuint (offset + length, <=, f->tables->len);
  g_assert_cmpuint (sum_of (table, length), ==, 0);
  return table;
}

static const uint8_t *
xsdt (const AcpiFirmware *f)
{
  const uint8_t *rsdp = f->rsdp->data;

  g_assert_cmpuint (f->rsdp->len, ==, 36);
  g_assert_cmpmem (rsdp, 8, "RSD PTR ", 8);
  g_assert_cmpuint (rsdp[15], ==, 2);
  g_assert_cmpuint (acpi_number (rsdp + 20, 4), ==, 36);
  g_assert_cmpuint (sum_of (rsdp, 20), ==, 0);
  g_assert_cmpuint (sum_of (rsdp, 36), ==, 0);
  const uint8_t *table = table_at (f, acpi_number (rsdp + 24, 8));
  g_assert_cmpmem (table, 4, "XSDT", 4);
  return table;
}

const uint8_t *
acpi_firmware_find (const AcpiFirmware *f, const char *signature, uint32_t *ret_length)
{
  const uint8_t *root = xsdt (f), *end = root + acpi_number (root + 4, 4), *found = NULL;

  for (const uint8_t *entry = root + HEADER_SIZE; entry < end; entry += 8) {
    const uint8_t *table = table_at (f, acpi_number (entry, 8));
    if (memcmp (table, signature, 4) == 0)
      found = table;
    else if (memcmp (table, "FACP", 4) == 0 && strcmp (signature, "DSDT") == 0)
      found = table_at (f, acpi_number (table + 140, 8));
  }
  if (found && ret_length)
    *ret_length = (uint32_t)acpi_number (found + 4, 4);
  return found;
}

char *
acpi_firmware_list (const AcpiFirmware *f)
{
  const uint8_t *root = xsdt (f), *end = root + acpi_number (root + 4, 4);
  GString *names = g_string_new (NULL);

  for (const uint8_t *entry = root + HEADER_SIZE; entry < end; entry += 8) {
    g_string_append_len (names, (const char *)table_at (f, acpi_number (entry, 8)), 4);
    g_string_append_c (names, ' ');
  }
  return g_string_free (names, FALSE);
}

/* What the program prints, which is also to be its whole success. */
static char *
run_iasl (const char *directory, const char *option, const char *name)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autoptr (GError) error = NULL;
  char *output = NULL;

  g_subprocess_launcher_set_cwd (launcher, directory);
  g_autoptr (GSubprocess) iasl = g_subprocess_launcher_spawn (launcher, &error, "iasl", option, name, NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (iasl, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  if (!g_subprocess_get_successful (iasl))
    g_error ("iasl %s %s: %s", option, name, output);
  return output;
}

/* But for what the compiler signs its work with: the creator's id and revision, and thus the checksum. */
static void
assert_same (const char *name, const uint8_t *table, gsize length, const uint8_t *again, gsize size)
{
  if (size != length)
    g_error ("%s: of %" G_GSIZE_FORMAT " bytes, %" G_GSIZE_FORMAT " after iasl", name, length, size);
  for (gsize i = 0; i < size; i++)
    if (i != 9 && (i < 28 || i >= HEADER_SIZE) && again[i] != table[i])
      g_error ("%s: byte %" G_GSIZE_FORMAT " is %02x, and %02x after iasl", name, i, table[i], again[i]);
}

static void
check_table (const char *directory, const uint8_t *table)
{
  g_autofree char *name = g_strdup_printf ("%.4s", (const char *)table);
  g_autofree char *aml = g_strconcat (name, ".aml", NULL), *dsl = g_strconcat (name, ".dsl", NULL);
  g_autofree char *path = g_build_filename (directory, aml, NULL), *again = NULL;
  const gsize length = acpi_number (table + 4, 4);
  gsize size;
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, (const char *)table, (gssize)length, &error);
  g_assert_no_error (error);
  g_autofree char *disassembled = run_iasl (directory, "-d", aml);
  if (strstr (disassembled, "Error") || strstr (disassembled, "Warning") || strstr (disassembled, "nvalid"))
    g_error ("iasl -d %s: %s", aml, disassembled);
  g_autofree char *compiled = run_iasl (directory, "-oa", dsl);
  if (!strstr (compiled, " 0 Errors"))
    g_error ("iasl %s: %s", dsl, compiled);
  if (strstr (compiled, "Warnings") && !strstr (compiled, " 0 Warnings"))
    g_error ("iasl %s: %s", dsl, compiled);
  g_file_get_contents (path, &again, &size, &error);
  g_assert_no_error (error);
  /* Releases up to 2025 give every GICC the length that it has in ACPI 6.5, whatever the table's revision. */
  if (strcmp (name, "APIC") != 0)
    assert_same (name, table, length, (const uint8_t *)again, size);
  g_autofree char *source = g_build_filename (directory, dsl, NULL);
  g_unlink (source);
  g_unlink (path);
}

bool
acpi_firmware_check (const AcpiFirmware *f)
{
  const uint8_t *root = xsdt (f), *end = root + acpi_number (root + 4, 4);
  g_autofree char *program = g_find_program_in_path ("iasl");
  g_autoptr (GError) error = NULL;

  if (program == NULL)
    return false;
  g_autofree char *directory = g_dir_make_tmp ("acpi-XXXXXX", &error);
  g_assert_no_error (error);
  for (const uint8_t *entry = root + HEADER_SIZE; entry < end; entry += 8)
    check_table (directory, table_at (f, acpi_number (entry, 8)));
  check_table (directory, acpi_firmware_find (f, "DSDT", NULL));
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  return true;
}
