/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "device-test.h"
#include "fw-cfg.h"
#include "platform.h"
#include <string.h>

#define BASE     0x10100000
#define DATA     BASE
#define SELECTOR (BASE + 8)
#define DMA      (BASE + 16)
#define RAM      UINT64_C (0x80000000)
#define RAM_SIZE (64 * 1024)

enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };

static FwCfg *fw;
static RamBlock *ram;
static MemoryRegion ram_region;
static uint8_t writable[64];
static size_t written_offset, written_size, n_writes;

static void
on_write (void *opaque, size_t offset, size_t size)
{
  written_offset = offset;
  written_size = size;
  n_writes++;
}

static FwCfg *
make (bool dma)
{
  FwCfg *dev = (FwCfg *)device_new (&fw_cfg_class, "/fw_cfg");
  dev->memory = dma ? test_map : NULL;
  fw_cfg_add_u32 (dev, FW_CFG_NB_CPUS, 0x11223344);
  fw_cfg_add_string (dev, FW_CFG_CMDLINE_DATA, "console=ttyS0");
  g_autoptr (GBytes) text = g_bytes_new_static ("0123456789", 10);
  g_assert_true (fw_cfg_add_file (dev, "opt/b", text, NULL));
  g_assert_true (fw_cfg_add_file (dev, "etc/z", text, NULL));
  g_assert_true (
      fw_cfg_add_writable_file (dev, "etc/ramfb", writable, sizeof writable, on_write, NULL, NULL));
  g_assert_true (device_realize (&dev->dev, NULL));
  device_reset (&dev->dev);
  return dev;
}

static void
setup (void)
{
  platform_begin ();
  ram = ram_block_new ("ram", RAM_SIZE, NULL);
  ram_region = (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = RAM_SIZE, .ram = ram };
  memory_region_map (test_map, &ram_region, RAM);
  memset (writable, 0, sizeof writable);
  n_writes = 0;
  fw = make (true);
  memory_region_map (test_map, &fw->region, BASE);
}

static void
teardown (void)
{
  device_free (&fw->dev);
  memory_region_unmap (&ram_region);
  memory_quiesce (test_map);
  ram_block_free (ram);
  platform_end ();
}

static void
select_key (uint16_t key)
{
  test_write (SELECTOR, 2, GUINT16_SWAP_LE_BE (key));
}

static void
test_traditional (void)
{
  setup ();
  select_key (FW_CFG_SIGNATURE);
  g_assert_cmphex (test_read (DATA, 4), ==, 0x554d4551); /* "QEMU" in memory order */
  select_key (FW_CFG_ID);
  g_assert_cmphex (test_read (DATA, 4), ==, 3);
  g_assert_cmphex (test_read (DATA, 4), ==, 0);
  /* All sizes give the bytes in turn; zeroes follow them. */
  select_key (FW_CFG_CMDLINE_DATA);
  g_assert_cmphex (test_read (DATA, 1), ==, 'c');
  g_assert_cmphex (test_read (DATA, 2), ==, 'o' | 'n' << 8);
  g_assert_cmphex (test_read (DATA, 8), ==, UINT64_C (0x7974743d656c6f73)); /* "sole=tty" */
  g_assert_cmphex (test_read (DATA, 8), ==, 'S' | '0' << 8);
  g_assert_cmphex (test_read (DATA, 8), ==, 0);
  /* Keys without an item, and bit 14, which is none of the key. */
  select_key (0x1234);
  g_assert_cmphex (test_read (DATA, 8), ==, 0);
  select_key (0x4000 | FW_CFG_NB_CPUS);
  g_assert_cmphex (test_read (DATA, 4), ==, 0x11223344);
  select_key (0x8000 | FW_CFG_NB_CPUS);
  g_assert_cmphex (test_read (DATA, 4), ==, 0);
  /* The data port is for reading. */
  select_key (FW_CFG_NB_CPUS);
  test_write (DATA, 4, 0);
  g_assert_cmphex (test_read (DATA, 4), ==, 0x11223344);
  /* The interface identifies itself. */
  g_assert_cmphex (test_read (DMA, 8), ==, GUINT64_SWAP_LE_BE (UINT64_C (0x51454d5520434647)));
  g_assert_cmphex (test_read (DMA, 4), ==, 0x554d4551);
  g_assert_cmphex (test_read (DMA + 4, 4), ==, 0x47464320);
  teardown ();
}

/* Runs a command at RAM + 0x100 and gives its control word afterwards. */
static uint32_t
dma (uint32_t control, uint32_t length, uint64_t address)
{
  struct {
    uint32_t control, length;
    uint64_t address;
  } command = { GUINT32_TO_BE (control), GUINT32_TO_BE (length), GUINT64_TO_BE (address) };
  memcpy (ram->host + 0x100, &command, sizeof command);
  test_write (DMA, 8, GUINT64_SWAP_LE_BE (RAM + 0x100));
  uint32_t result;
  memcpy (&result, ram->host + 0x100, sizeof result);
  return GUINT32_FROM_BE (result);
}

static void
test_directory (void)
{
  setup ();
  memset (ram->host, 0xee, RAM_SIZE);
  g_assert_cmphex (dma (FW_CFG_FILE_DIR << 16 | DMA_SELECT | DMA_READ, 4 + 3 * 64 + 8, RAM + 0x1000), ==, 0);
  static const struct {
    const char *name;
    uint32_t size;
  } expected[] = { { "etc/ramfb", 64 }, { "etc/z", 10 }, { "opt/b", 10 } };
  const uint8_t *at = ram->host + 0x1000;
  g_assert_cmphex (at[3], ==, 3);
  for (unsigned i = 0; i < 3; i++) {
    const uint8_t *entry = at + 4 + 64 * i;
    g_assert_cmpstr ((const char *)entry + 8, ==, expected[i].name);
    g_assert_cmpuint (entry[3], ==, expected[i].size);
    g_assert_cmpuint (entry[4] << 8 | entry[5], ==, FW_CFG_FILE_FIRST + i);
  }
  /* Beyond the item come zeroes, and nothing beyond what was asked for. */
  for (unsigned i = 0; i < 8; i++)
    g_assert_cmphex (at[4 + 3 * 64 + i], ==, 0);
  g_assert_cmphex (at[4 + 3 * 64 + 8], ==, 0xee);
  /* Reading goes on where it was, skipping moves on. */
  select_key (FW_CFG_FILE_FIRST + 2);
  g_assert_cmphex (dma (DMA_SKIP, 3, 0), ==, 0);
  g_assert_cmphex (dma (DMA_READ, 2, RAM + 0x2000), ==, 0);
  g_assert_cmpint (memcmp (ram->host + 0x2000, "34\xee", 3), ==, 0);
  g_assert_cmphex (test_read (DATA, 1), ==, '5');
  /* The two halves of the address register, the low one last. */
  test_write (DMA, 4, 0);
  test_write (DMA + 4, 4, GUINT32_SWAP_LE_BE ((uint32_t)RAM + 0x100));
  g_assert_cmphex (ram->host[0x103], ==, 0);
  teardown ();
}

static void
test_write_dma (void)
{
  setup ();
  memcpy (ram->host + 0x1000, "hello", 5);
  g_assert_cmphex (dma (FW_CFG_FILE_FIRST << 16 | DMA_SELECT | DMA_WRITE, 5, RAM + 0x1000), ==, 0);
  g_assert_cmpstr ((char *)writable, ==, "hello");
  g_assert_cmpuint (n_writes, ==, 1);
  g_assert_cmphex (dma (DMA_SKIP, 50, 0), ==, 0);
  g_assert_cmphex (dma (DMA_WRITE, 9, RAM + 0x1000), ==, 0);
  g_assert_cmpuint (written_offset, ==, 55);
  g_assert_cmpuint (written_size, ==, 9);
  /* At the end, over the end, and to what is not writable. */
  g_assert_cmphex (dma (DMA_WRITE, 1, RAM + 0x1000), ==, DMA_ERROR);
  g_assert_cmphex (dma (FW_CFG_FILE_FIRST << 16 | DMA_SELECT | DMA_WRITE, 65, RAM + 0x1000), ==, DMA_ERROR);
  g_assert_cmphex (dma ((FW_CFG_FILE_FIRST + 1) << 16 | DMA_SELECT | DMA_WRITE, 1, RAM + 0x1000), ==,
                   DMA_ERROR);
  g_assert_cmphex (dma (0x99u << 16 | DMA_SELECT | DMA_WRITE, 1, RAM + 0x1000), ==, DMA_ERROR);
  g_assert_cmpuint (n_writes, ==, 2);
  teardown ();
}

/* Commands and data where there is no RAM, or too little of it. */
static void
test_nowhere (void)
{
  setup ();
  static const uint64_t bad[] = { 0,       BASE,           BASE + 16, RAM + RAM_SIZE, RAM + RAM_SIZE - 8,
                                  RAM - 8, UINT64_MAX - 4, UINT64_MAX };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    test_write (DMA, 8, GUINT64_SWAP_LE_BE (bad[i]));
    uint32_t read = FW_CFG_FILE_DIR << 16 | DMA_SELECT | DMA_READ;
    g_assert_cmphex (dma (read, 16, bad[i]), ==, DMA_ERROR);
    g_assert_cmphex (dma (FW_CFG_FILE_FIRST << 16 | DMA_SELECT | DMA_WRITE, 16, bad[i]), ==, DMA_ERROR);
    g_assert_cmphex (dma (0x99u << 16 | DMA_SELECT | DMA_READ, 16, bad[i]), ==, DMA_ERROR);
  }
  g_assert_cmpuint (n_writes, ==, 0);
  g_assert_cmphex (dma (DMA_SELECT | DMA_READ, UINT32_MAX, RAM), ==, DMA_ERROR);
  g_assert_cmphex (dma (DMA_READ, UINT32_MAX, UINT64_MAX - 100), ==, DMA_ERROR);
  /* Skipping beyond all bounds is reading zeroes. */
  select_key (FW_CFG_NB_CPUS);
  for (unsigned i = 0; i < 3; i++)
    g_assert_cmphex (dma (DMA_SKIP, UINT32_MAX - 1, 0), ==, 0);
  g_assert_cmphex (test_read (DATA, 8), ==, 0);
  g_assert_cmphex (dma (DMA_READ, 8, RAM + 0x3000), ==, 0);
  /* The command may be overwritten by its own data; odd controls do nothing. */
  dma (DMA_READ | DMA_SELECT | FW_CFG_FILE_DIR << 16, 100, RAM + 0x100);
  g_assert_cmphex (dma (0, 100, 0), ==, 0);
  g_assert_cmphex (dma (0xffe0, 100, 0), ==, 0);
  teardown ();
}

static GBytes *
get_content (void *opaque)
{
  return g_bytes_ref (opaque);
}

static void
test_files (void)
{
  setup ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) small = g_bytes_new_static ("ab", 2);
  g_autoptr (GBytes) large = g_bytes_new_static ("abcdef", 6);
  g_assert_true (fw_cfg_add_callback (fw, "etc/a", small, get_content, large, NULL));
  g_assert_cmphex (dma (FW_CFG_FILE_DIR << 16 | DMA_SELECT | DMA_READ, 12, RAM + 0x1000), ==, 0);
  g_assert_cmpuint (ram->host[0x1007], ==, 2);
  select_key (FW_CFG_FILE_FIRST); /* the first by name now */
  g_assert_cmphex (test_read (DATA, 8), ==, UINT64_C (0x666564636261));
  g_assert_cmphex (dma (FW_CFG_FILE_DIR << 16 | DMA_SELECT | DMA_READ, 12, RAM + 0x1000), ==, 0);
  g_assert_cmpuint (ram->host[0x1007], ==, 6);
  /* Replacing a file's content. */
  g_assert_true (fw_cfg_add_file (fw, "opt/b", small, NULL));
  g_autoptr (GBytes) found = fw_cfg_find_file (fw, "opt/b");
  g_assert_true (g_bytes_equal (found, small));
  g_assert_null (fw_cfg_find_file (fw, "opt/c"));
  g_autofree char *longest = g_strnfill (FW_CFG_NAME_SIZE - 1, 'x'),
                  *longer = g_strnfill (FW_CFG_NAME_SIZE, 'x');
  g_assert_true (fw_cfg_add_file (fw, longest, small, NULL));
  g_assert_false (fw_cfg_add_file (fw, longer, small, &error));
  g_clear_error (&error);
  g_assert_false (fw_cfg_add_file (fw, "", small, &error));
  g_clear_error (&error);
  g_assert_false (fw_cfg_add_file (fw, "etc/ramfb", small, &error));
  g_clear_error (&error);
  g_assert_false (fw_cfg_add_writable_file (fw, "opt/b", writable, 1, NULL, NULL, &error));
  g_clear_error (&error);
  for (unsigned i = 5; i < FW_CFG_MAX_FILES; i++) {
    g_autofree char *name = g_strdup_printf ("opt/%u", i);
    g_assert_true (fw_cfg_add_file (fw, name, small, NULL));
  }
  g_assert_false (fw_cfg_add_file (fw, "opt/last", small, &error));
  g_assert_nonnull (error);
  teardown ();
}

static void
test_save (void)
{
  setup ();
  memcpy (ram->host + 0x1000, "state", 5);
  dma (FW_CFG_FILE_FIRST << 16 | DMA_SELECT | DMA_WRITE, 5, RAM + 0x1000);
  select_key (FW_CFG_FILE_FIRST + 2);
  test_read (DATA, 4);
  g_autoptr (GVariant) state = device_save (&fw->dev);
  test_restore (&fw->dev, &fw->dev);
  g_assert_cmpuint (test_read (DATA, 1), ==, '4');
  g_assert_cmpuint (written_offset, ==, 0);
  g_assert_cmpuint (written_size, ==, sizeof writable);
  memset (writable, 0, sizeof writable);
  g_assert_true (device_load (&fw->dev, state, NULL));
  g_assert_cmpstr ((char *)writable, ==, "state");
  test_refuse (&fw->dev, "files", g_variant_new_array (G_VARIANT_TYPE ("{say}"), NULL, 0));
  test_refuse (&fw->dev, "files", g_variant_new_string ("nothing"));
  test_refuse (&fw->dev, "selector", g_variant_new_uint64 (0x10000));
  FwCfg *fresh = make (true);
  device_test_round_trip (&fw->dev, &fresh->dev);
  device_free (&fresh->dev);
  device_test_hostile_load (&fw->dev);
  teardown ();
}

static void
test_without_dma (void)
{
  setup ();
  FwCfg *plain = make (false);
  memory_region_map (test_map, &plain->region, 0x1000);
  test_write (0x1008, 2, GUINT16_SWAP_LE_BE (FW_CFG_ID));
  g_assert_cmphex (test_read (0x1000, 4), ==, 1);
  g_assert_cmphex (test_read (0x1010, 8), ==, 0);
  test_write (0x1010, 8, GUINT64_SWAP_LE_BE (RAM));
  device_free (&plain->dev);
  teardown ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fw-cfg/traditional", test_traditional);
  g_test_add_func ("/fw-cfg/directory", test_directory);
  g_test_add_func ("/fw-cfg/write", test_write_dma);
  g_test_add_func ("/fw-cfg/nowhere", test_nowhere);
  g_test_add_func ("/fw-cfg/files", test_files);
  g_test_add_func ("/fw-cfg/save", test_save);
  g_test_add_func ("/fw-cfg/without-dma", test_without_dma);
  return g_test_run ();
}
