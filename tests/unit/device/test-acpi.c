/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the builders of AML and resources write, byte by byte, and what firmware makes of tables. */

#include "acpi-aml.h"
#include "acpi-bytes.h"
#include "acpi-common.h"
#include "acpi-firmware.h"
#include "acpi-resource.h"

typedef struct {
  GByteArray *out;
  AmlWriter w;
} Aml;

static AmlWriter *
aml (Aml *a)
{
  a->out = g_byte_array_new ();
  aml_init (&a->w, a->out);
  return &a->w;
}

static void
assert_bytes (Aml *a, const char *bytes, size_t n)
{
  g_assert_cmpmem (a->out->data, a->out->len, bytes, n);
  g_byte_array_unref (a->out);
}
#define assert_aml(a, bytes) assert_bytes (a, bytes, sizeof bytes - 1)

static void
test_numbers (void)
{
  Aml a;
  static const uint64_t numbers[] = { 0, 1, 2, 0xff, 0x100, 0x10000, UINT64_C (0x100000000), UINT64_MAX };

  AmlWriter *w = aml (&a);
  for (unsigned i = 0; i < G_N_ELEMENTS (numbers); i++)
    aml_int (w, numbers[i]);
  assert_aml (&a,
              "\x00\x01\x0a\x02\x0a\xff\x0b\x00\x01\x0c\x00\x00\x01\x00\x0e\x00\x00\x00\x00\x01\x00\x00\x00"
              "\x0e\xff\xff\xff\xff\xff\xff\xff\xff");
}

static void
test_names (void)
{
  Aml a;

  aml_path (aml (&a), "\\_SB");
  assert_aml (&a, "\\_SB_");
  aml_path (aml (&a), "\\");
  assert_aml (&a, "\\\0");
  aml_path (aml (&a), "^^A.B");
  assert_aml (&a, "^^\x2e"
                  "A___B___");
  aml_path (aml (&a), "\\_SB.PCI0.LNKA");
  assert_aml (&a, "\\\x2f\x03_SB_PCI0LNKA");
  aml_string (aml (&a), "");
  assert_aml (&a, "\x0d\0");
  aml_eisaid (aml (&a), "PNP0A08");
  assert_aml (&a, "\x0c\x41\xd0\x0a\x08");
  aml_uuid (aml (&a), "33DB4D5B-1FF7-401C-9657-7441C03DD766");
  assert_aml (&a, "\x11\x13\x0a\x10\x5b\x4d\xdb\x33\xf7\x1f\x1c\x40\x96\x57\x74\x41\xc0\x3d\xd7\x66");
}

static void
test_lengths (void)
{
  static const struct {
    unsigned content, bytes;
    uint8_t first[4];
  } cases[] = {
    /* With the four bytes of the scope's name. */
    { 58, 1, { 63 } },
    { 59, 2, { 0x41, 0x04 } }, /* 65: two of it are the length itself */
    { 4093 - 4, 2, { 0x4f, 0xff } },
    { 4094 - 4, 3, { 0x81, 0x00, 0x01 } }, /* 4097 */
    { (1 << 20) - 4 - 4, 3, { 0x8f, 0xff, 0xff } },
    { (1 << 20) - 3 - 4, 4, { 0xc1, 0x00, 0x00, 0x01 } },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    Aml a;
    AmlWriter *w = aml (&a);
    aml_begin_scope (w, "ABCD");
    put_zeroes (w->out, cases[i].content);
    aml_end (w);
    g_assert_cmpuint (a.out->len, ==, 1 + cases[i].bytes + 4 + cases[i].content);
    g_assert_cmpmem (a.out->data + 1, cases[i].bytes, cases[i].first, cases[i].bytes);
    g_assert_cmpmem (a.out->data + 1 + cases[i].bytes, 4, "ABCD", 4);
    g_byte_array_unref (a.out);
  }
}

static void
test_packages (void)
{
  Aml a;
  AmlWriter *w = aml (&a);

  aml_begin_package (w, 2);
  aml_int (w, 1);
  aml_string (w, "x");
  aml_end (w);
  assert_aml (&a, "\x12\x06\x02\x01\x0dx\0");
  w = aml (&a);
  aml_begin_package (w, 256);
  aml_end (w);
  assert_aml (&a, "\x13\x04\x0b\x00\x01");
  w = aml (&a);
  aml_begin_buffer (w);
  put_u8 (w->out, 7);
  aml_end (w);
  assert_aml (&a, "\x11\x03\x01\x07");
}

static void
test_resources (void)
{
  Aml a;
  AmlWriter *w = aml (&a);

  acpi_memory32_fixed (w, 0x9000000, 0x1000);
  assert_aml (&a, "\x86\x09\x00\x01\x00\x00\x00\x09\x00\x10\x00\x00");
  acpi_interrupt (aml (&a), 33, ACPI_IRQ_LEVEL_HIGH);
  assert_aml (&a, "\x89\x06\x00\x01\x01\x21\x00\x00\x00");
  acpi_range (aml (&a), ACPI_RANGE_BUS, 0, 256, 0);
  assert_aml (&a, "\x88\x0d\x00\x02\x0c\x00\x00\x00\x00\x00\xff\x00\x00\x00\x00\x01");
  acpi_range (aml (&a), ACPI_RANGE_IO, 0x3eff0000, 0x10000, 0x3eff0000);
  assert_aml (&a, "\x87\x17\x00\x01\x0c\x03\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00\xff\x3e"
                  "\x00\x00\x01\x00");
  acpi_range (aml (&a), ACPI_RANGE_MEMORY, UINT64_C (0x8000000000), UINT64_C (0x8000000000), 0);
  assert_aml (
      &a, "\x8a\x2b\x00\x00\x0c\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00"
          "\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00");
  w = aml (&a);
  aml_begin_resources (w);
  aml_end (w);
  assert_aml (&a, "\x11\x05\x0a\x02\x79\x00");
}

static FwCfg *
fw_cfg (void)
{
  FwCfg *fw = (FwCfg *)device_new (&fw_cfg_class, "/fw-cfg");

  g_assert_true (device_realize (&fw->dev, NULL));
  return fw;
}

static void
test_loader (void)
{
  FwCfg *fw = fw_cfg ();
  g_autoptr (AcpiTables) t = acpi_tables_new ();
  g_autoptr (GError) error = NULL;
  AmlWriter w;
  uint32_t length;

  aml_init (&w, acpi_begin_table (t, "DSDT", 2));
  aml_name_int (&w, "\\TEST", 0x1234);
  uint32_t dsdt = acpi_end_table (t);
  acpi_add_fadt (t, &(AcpiFadt){ .minor = 5, .arm_boot_arch = ACPI_ARM_PSCI, .dsdt = dsdt });
  acpi_add_mcfg (t, UINT64_C (0x4010000000), 256 << 20);
  g_assert_true (acpi_tables_finish (t, fw, &error));
  g_assert_no_error (error);

  g_autoptr (AcpiFirmware) f = acpi_firmware_run (fw);
  g_autofree char *list = acpi_firmware_list (f);
  g_assert_cmpstr (list, ==, "FACP MCFG ");
  const uint8_t *table = acpi_firmware_find (f, "DSDT", &length);
  g_assert_cmpuint (length, ==, 36 + 9);
  g_assert_cmpmem (table + 36, 9, "\x08\\TEST\x0b\x34\x12", 9);
  table = acpi_firmware_find (f, "FACP", &length);
  g_assert_cmpuint (length, ==, 276);
  g_assert_cmphex (acpi_number (table + 112, 4), ==, 1 << 20 | 3 << 4);
  g_assert_cmphex (acpi_number (table + 129, 2), ==, 1);
  g_assert_cmphex (table[131], ==, 5);
  table = acpi_firmware_find (f, "MCFG", &length);
  g_assert_cmpuint (length, ==, 60);
  g_assert_cmphex (acpi_number (table + 44, 8), ==, UINT64_C (0x4010000000));
  g_assert_cmphex (table[55], ==, 255);
  device_free (&fw->dev);
}

static void
test_pptt (void)
{
  static const struct {
    unsigned cpus, cores, threads, packages, nodes;
  } cases[] = { { 1, 1, 1, 1, 2 }, { 4, 2, 1, 2, 6 }, { 8, 2, 2, 2, 14 }, { 3, 2, 2, 1, 6 } };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    FwCfg *fw = fw_cfg ();
    g_autoptr (AcpiTables) t = acpi_tables_new ();
    unsigned packages = 0, nodes = 0, leaves = 0;
    uint32_t length;

    acpi_add_pptt (t, cases[i].cpus, cases[i].cores, cases[i].threads);
    g_assert_true (acpi_tables_finish (t, fw, NULL));
    g_autoptr (AcpiFirmware) f = acpi_firmware_run (fw);
    const uint8_t *table = acpi_firmware_find (f, "PPTT", &length);
    for (const uint8_t *n = table + 36; n < table + length; n += n[1], nodes++) {
      uint64_t flags = acpi_number (n + 4, 4), parent = acpi_number (n + 8, 4);
      /* What is not a package belongs to a node before it. */
      g_assert_true (flags & 1 ? parent == 0 : parent >= 36 && table + parent < n);
      packages += flags & 1;
      if (flags & 8)
        g_assert_cmpuint (acpi_number (n + 12, 4), ==, leaves++);
    }
    g_assert_cmpuint (packages, ==, cases[i].packages);
    g_assert_cmpuint (nodes, ==, cases[i].nodes);
    g_assert_cmpuint (leaves, ==, cases[i].cpus);
    device_free (&fw->dev);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/acpi/numbers", test_numbers);
  g_test_add_func ("/acpi/names", test_names);
  g_test_add_func ("/acpi/lengths", test_lengths);
  g_test_add_func ("/acpi/packages", test_packages);
  g_test_add_func ("/acpi/resources", test_resources);
  g_test_add_func ("/acpi/loader", test_loader);
  g_test_add_func ("/acpi/pptt", test_pptt);
  return g_test_run ();
}
