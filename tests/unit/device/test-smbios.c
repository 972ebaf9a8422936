/* SPDX-License-Identifier: GPL-3.0-or-later */

/* SMBIOS's structures, and what -smbios makes of them. */

#include "smbios.h"
#include <string.h>

typedef struct {
  GBytes *tables, *anchor;
} Made;

static Made
make (const SmbiosConfig *c, ...)
{
  FwCfg *fw = (FwCfg *)device_new (&fw_cfg_class, "/fw-cfg");
  g_autoptr (GPtrArray) options = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, c);
  for (const char *option; (option = va_arg (args, const char *));)
    g_ptr_array_add (options, (gpointer)option);
  va_end (args);
  g_assert_true (device_realize (&fw->dev, NULL));
  g_assert_true (smbios_add (fw, c, options, &error));
  g_assert_no_error (error);
  Made m = { fw_cfg_find_file (fw, "etc/smbios/smbios-tables"),
             fw_cfg_find_file (fw, "etc/smbios/smbios-anchor") };
  device_free (&fw->dev);
  return m;
}

static void
clear (Made *m)
{
  g_bytes_unref (m->tables);
  g_bytes_unref (m->anchor);
}

static const uint8_t *
after (const uint8_t *structure)
{
  const uint8_t *p = structure + structure[1];

  if (*p == 0)
    p++;
  else
    while (*p)
      p += strlen ((const char *)p) + 1;
  return p + 1;
}

/* The n-th structure of a type, or NULL. */
static const uint8_t *
find (const Made *m, uint8_t type, unsigned n)
{
  gsize size;
  const uint8_t *p = g_bytes_get_data (m->tables, &size), *end = p + size;

  while (p < end) {
    g_assert_cmpuint (p[1], >=, 4);
    if (p[0] == type && n-- == 0)
      return p;
    p = after (p);
  }
  g_assert_true (p == end);
  return NULL;
}

static const char *
text (const uint8_t *structure, unsigned offset)
{
  const char *p = (const char *)structure + structure[1];
  unsigned number = structure[offset];

  g_assert_cmpuint (offset, <, structure[1]);
  if (number == 0)
    return NULL;
  while (--number)
    p += strlen (p) + 1;
  return p;
}

static uint64_t
number (const uint8_t *structure, unsigned offset, unsigned size)
{
  uint64_t value = 0;

  g_assert_cmpuint (offset + size, <=, structure[1]);
  for (unsigned i = 0; i < size; i++)
    value |= (uint64_t)structure[offset + i] << (8 * i);
  return value;
}

static SmbiosConfig
config (void)
{
  return (SmbiosConfig){
    .product = "Machine",
    .version = "virt",
    .uuid = "33db4d5b-1ff7-401c-9657-7441c03dd766",
    .sockets = 2,
    .cores = 2,
    .threads = 2,
    .processor_family = SMBIOS_FAMILY_ARMV8,
    .processor_id = 0x411fd070,
    .ram_base = 0x40000000,
    .ram_size = UINT64_C (4) << 30,
  };
}

static void
test_structures (void)
{
  static const uint8_t types[] = { 1, 3, 4, 4, 16, 17, 19, 32, 127 };
  static const uint8_t uuid[] = { 0x5b, 0x4d, 0xdb, 0x33, 0xf7, 0x1f, 0x1c, 0x40,
                                  0x96, 0x57, 0x74, 0x41, 0xc0, 0x3d, 0xd7, 0x66 };
  SmbiosConfig c = config ();
  Made m = make (&c, NULL);
  gsize size, anchor_size;
  const uint8_t *p = g_bytes_get_data (m.tables, &size), *anchor = g_bytes_get_data (m.anchor, &anchor_size);
  uint8_t sum = 0;

  for (unsigned i = 0; i < anchor_size; i++)
    sum = (uint8_t)(sum + anchor[i]);
  g_assert_cmpuint (anchor_size, ==, 24);
  g_assert_cmpmem (anchor, 5, "_SM3_", 5);
  g_assert_cmpuint (sum, ==, 0);
  g_assert_cmpuint (anchor[12] | anchor[13] << 8, ==, size);
  for (unsigned i = 0; i < G_N_ELEMENTS (types); i++, p = after (p))
    g_assert_cmpuint (p[0], ==, types[i]);

  const uint8_t *system = find (&m, 1, 0), *cpu = find (&m, 4, 1);
  g_assert_cmpuint (system[1], ==, 0x1b);
  g_assert_cmpstr (text (system, 4), ==, "Vitrine");
  g_assert_cmpstr (text (system, 5), ==, "Machine");
  g_assert_null (text (system, 7));
  g_assert_cmpmem (system + 8, 16, uuid, 16);
  g_assert_cmpuint (find (&m, 3, 0)[1], ==, 0x16);
  g_assert_cmpuint (cpu[1], ==, 0x30);
  g_assert_cmphex (number (cpu, 2, 2), ==, 0x401);
  g_assert_cmpstr (text (cpu, 4), ==, "CPU 1");
  g_assert_cmphex (number (cpu, 8, 8), ==, 0x411fd070);
  g_assert_cmpuint (cpu[0x23], ==, 2);
  g_assert_cmpuint (cpu[0x25], ==, 4);
  g_assert_cmphex (number (cpu, 0x28, 2), ==, 0x101);
  g_assert_cmpuint (number (cpu, 0x2e, 2), ==, 4);
  g_assert_cmpuint (find (&m, 16, 0)[1], ==, 0x17);
  g_assert_cmpuint (number (find (&m, 16, 0), 7, 4), ==, 4 << 20);
  g_assert_cmpuint (find (&m, 17, 0)[1], ==, 0x28);
  g_assert_cmpuint (number (find (&m, 17, 0), 12, 2), ==, 4096);
  g_assert_cmpuint (find (&m, 19, 0)[1], ==, 0x1f);
  g_assert_cmphex (number (find (&m, 19, 0), 4, 4), ==, 0x40000000 >> 10);
  g_assert_cmphex (number (find (&m, 19, 0), 8, 4), ==, (UINT64_C (0x140000000) >> 10) - 1);
  g_assert_cmpuint (find (&m, 32, 0)[1], ==, 11);
  clear (&m);
}

static void
test_large (void)
{
  SmbiosConfig c = config ();

  c.sockets = 1;
  c.cores = 300;
  c.threads = 1;
  c.ram_size = UINT64_C (5) << 40;
  Made m = make (&c, NULL);
  const uint8_t *cpu = find (&m, 4, 0);
  g_assert_cmpuint (cpu[0x23], ==, 255);
  g_assert_cmpuint (number (cpu, 0x2a, 2), ==, 300);
  g_assert_cmphex (number (find (&m, 16, 0), 7, 4), ==, 0x80000000);
  g_assert_cmphex (number (find (&m, 16, 0), 15, 8), ==, UINT64_C (5) << 40);
  g_assert_cmphex (number (find (&m, 17, 0), 12, 2), ==, 0x7fff);
  g_assert_cmphex (number (find (&m, 17, 0), 28, 4), ==, 5 << 20);
  g_assert_cmphex (number (find (&m, 19, 0), 4, 4), ==, UINT32_MAX);
  g_assert_cmphex (number (find (&m, 19, 0), 23, 8), ==, (UINT64_C (5) << 40) + 0x40000000 - 1);
  clear (&m);
}

static void
test_options (void)
{
  SmbiosConfig c = config ();
  Made m = make (
      &c, "type=0,vendor=Me,version=1,date=01/02/2026,release=4.11,uefi=off",
      "type=1,serial=A1,uuid=00112233-4455-6677-8899-aabbccddeeff,family=F", "type=1,serial=A2,sku=a,,b",
      "type=2,product=Board", "type=3,asset=T", "type=4,sock_pfx=S,max-speed=3000,processor-id=0x12",
      "type=11,value=io.systemd.credential:x=y,value=z", "type=17,loc_pfx=L,bank=B,speed=2400", NULL);
  const uint8_t *firmware = find (&m, 0, 0), *system = find (&m, 1, 0), *oem = find (&m, 11, 0);

  g_assert_cmpuint (firmware[1], ==, 0x18);
  g_assert_cmpstr (text (firmware, 4), ==, "Me");
  g_assert_cmpstr (text (firmware, 8), ==, "01/02/2026");
  g_assert_cmpuint (firmware[0x13], ==, 0x10);
  g_assert_cmpuint (firmware[0x14], ==, 4);
  g_assert_cmpuint (firmware[0x15], ==, 11);
  g_assert_cmpstr (text (system, 7), ==, "A2");
  g_assert_cmphex (number (system, 8, 8), ==, UINT64_C (0x6677445500112233));
  g_assert_cmpstr (text (system, 0x19), ==, "a,b");
  g_assert_cmpstr (text (system, 0x1a), ==, "F");
  g_assert_cmpuint (find (&m, 2, 0)[1], ==, 0x0f);
  g_assert_cmpstr (text (find (&m, 2, 0), 5), ==, "Board");
  g_assert_cmpstr (text (find (&m, 3, 0), 8), ==, "T");
  g_assert_cmpstr (text (find (&m, 4, 1), 4), ==, "S1");
  g_assert_cmpuint (number (find (&m, 4, 0), 0x14, 2), ==, 3000);
  g_assert_cmpuint (number (find (&m, 4, 0), 8, 8), ==, 0x12);
  g_assert_cmpuint (oem[4], ==, 2);
  g_assert_cmpstr ((const char *)oem + 5, ==, "io.systemd.credential:x=y");
  g_assert_cmpstr ((const char *)oem + 5 + strlen ("io.systemd.credential:x=y") + 1, ==, "z");
  g_assert_cmpstr (text (find (&m, 17, 0), 0x10), ==, "L0");
  g_assert_cmpuint (number (find (&m, 17, 0), 0x15, 2), ==, 2400);
  clear (&m);
}

static void
test_mistakes (void)
{
  static const char *const texts[][2] = {
    { "serial=1", "which structure" },
    { "type=x", "x" },
    { "type=5,serial=1", "types 0, 1, 2, 3, 4, 11 and 17" },
    { "type=18446744073709551616", "18446744073709551616" },
    { "type=1,seral=1", "seral" },
    { "type=1,uuid=1234", "uuidgen" },
    { "type=1,serial=", "empty" },
    { "type=0,release=1", "1.0" },
    { "type=0,release=1.256", "255" },
    { "type=0,uefi=maybe", "on or off" },
    { "type=4,max-speed=65536", "65535" },
    { "type=11,vaule=x", "vaule" },
    { "file=/etc/passwd", "files" },
  };
  FwCfg *fw = (FwCfg *)device_new (&fw_cfg_class, "/fw-cfg");
  SmbiosConfig c = config ();

  g_assert_true (device_realize (&fw->dev, NULL));
  for (unsigned i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GPtrArray) options = g_ptr_array_new ();
    g_autoptr (GError) error = NULL;
    g_ptr_array_add (options, (gpointer)texts[i][0]);
    g_assert_false (smbios_add (fw, &c, options, &error));
    if (!strstr (error->message, texts[i][1]))
      g_error ("%s: %s", texts[i][0], error->message);
  }
  g_autoptr (GString) many = g_string_new ("type=11");
  for (unsigned i = 0; i < 256; i++)
    g_string_append (many, ",value=x");
  g_autoptr (GPtrArray) options = g_ptr_array_new ();
  g_ptr_array_add (options, many->str);
  g_assert_false (smbios_add (fw, &c, options, NULL));
  device_free (&fw->dev);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/smbios/structures", test_structures);
  g_test_add_func ("/smbios/large", test_large);
  g_test_add_func ("/smbios/options", test_options);
  g_test_add_func ("/smbios/mistakes", test_mistakes);
  return g_test_run ();
}
