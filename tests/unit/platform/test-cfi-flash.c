/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Command sequences as EDK2's VirtNorFlashDxe and Linux's cfi_cmdset_0001 send them. */

#include "cfi-flash.h"
#include "device-test.h"
#include "fake-block.h"
#include "platform.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define BASE UINT64_C (0x20000000)
#define SIZE (1024 * 1024)

static CfiFlash *flash;

static CfiFlash *
make (Block *block)
{
  CfiFlash *dev = (CfiFlash *)device_new (&cfi_flash_class, "/flash0");
  g_assert_true (device_set (&dev->dev, "size", "1M", NULL));
  dev->block = block;
  g_assert_true (device_realize (&dev->dev, NULL));
  device_reset (&dev->dev);
  return dev;
}

static void
setup (Block *block)
{
  platform_begin ();
  flash = make (block);
  memory_region_map (test_map, &flash->region, BASE);
}

static void
teardown (void)
{
  device_free (&flash->dev);
  platform_end ();
}

/* A command to both chips. */
static void
command (uint64_t offset, uint32_t value)
{
  test_write (BASE + offset, 4, value << 16 | value);
}

static uint32_t
status (void)
{
  command (0, 0x70);
  return (uint32_t)test_read (BASE, 4);
}

static void
erase (uint64_t offset)
{
  command (offset, 0x20);
  command (offset, 0xd0);
}

static void
test_query (void)
{
  setup (NULL);
  command (0x55 * 4, 0x98);
  g_assert_cmpint (flash->region.kind, ==, MEMORY_MMIO);
  static const struct {
    unsigned index, value;
  } table[] = {
    { 0x10, 'Q' }, { 0x11, 'R' }, { 0x12, 'Y' }, { 0x13, 1 },   { 0x14, 0 },   { 0x15, 0x31 },
    { 0x27, 19 },  { 0x28, 2 },   { 0x2a, 11 },  { 0x2c, 1 },   { 0x2d, 3 },   { 0x2e, 0 },
    { 0x2f, 0 },   { 0x30, 2 },   { 0x31, 'P' }, { 0x32, 'R' }, { 0x33, 'I' }, { 0x34, '1' },
    { 0x35, '0' }, { 0x3f, 1 },   { 0x40, 0 },   { 0x1000, 0 },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++)
    g_assert_cmphex (test_read (BASE + 4 * table[i].index, 4), ==, table[i].value << 16 | table[i].value);
  /* Each chip answers in its own half. */
  g_assert_cmphex (test_read (BASE + 0x40, 1), ==, 'Q');
  g_assert_cmphex (test_read (BASE + 0x41, 1), ==, 0);
  g_assert_cmphex (test_read (BASE + 0x42, 2), ==, 'Q');
  g_assert_cmphex (test_read (BASE + 0x40, 8), ==, UINT64_C (0x0052005200510051));
  command (0, 0x90);
  g_assert_cmphex (test_read (BASE, 4), ==, 0x00890089);
  g_assert_cmphex (test_read (BASE + 4, 4), ==, 0x00180018);
  g_assert_cmphex (test_read (BASE + 8, 4), ==, 0);
  command (0, 0xff);
  g_assert_cmpint (flash->region.kind, ==, MEMORY_ROMD);
  g_assert_cmphex (test_read (BASE + 0x40, 4), ==, 0);
  teardown ();
}

static void
test_program (void)
{
  setup (NULL);
  erase (CFI_FLASH_BLOCK_SIZE + 0x1000);
  g_assert_cmphex (status (), ==, 0x00800080);
  command (0, 0xff);
  g_assert_cmphex (test_read (BASE + CFI_FLASH_BLOCK_SIZE - 4, 4), ==, 0);
  g_assert_cmphex (test_read (BASE + CFI_FLASH_BLOCK_SIZE, 4), ==, 0xffffffff);
  g_assert_cmphex (test_read (BASE + 2 * CFI_FLASH_BLOCK_SIZE - 4, 4), ==, 0xffffffff);
  g_assert_cmphex (test_read (BASE + 2 * CFI_FLASH_BLOCK_SIZE, 4), ==, 0);
  uint64_t at = CFI_FLASH_BLOCK_SIZE + 8;
  command (at, 0x40);
  test_write (BASE + at, 4, 0x12345678);
  g_assert_cmphex (test_read (BASE + at, 4), ==, 0x00800080);
  g_assert_cmphex (status (), ==, 0x00800080);
  command (at, 0x10);
  test_write (BASE + at, 2, 0x0ff0);
  command (at, 0x50);
  command (0, 0xff);
  /* Programming clears bits only. */
  g_assert_cmphex (test_read (BASE + at, 4), ==, 0x12340670);
  /* A write cycle that erasing does not expect. */
  command (0, 0x20);
  command (0, 0x55);
  g_assert_cmphex (status (), ==, 0x00b000b0);
  command (0, 0x50);
  g_assert_cmphex (status (), ==, 0x00800080);
  g_assert_cmphex (test_read (BASE, 4), ==, 0x00800080);
  teardown ();
}

static void
test_buffer (void)
{
  setup (NULL);
  erase (0);
  command (0x80, 0xe8);
  g_assert_cmphex (test_read (BASE + 0x80, 4), ==, 0x00800080);
  command (0x80, 31);
  for (unsigned i = 0; i < 32; i++)
    test_write (BASE + 0x80 + 4 * i, 4, 0x01010101 * i);
  command (0, 0xd0);
  g_assert_cmphex (status (), ==, 0x00800080);
  command (0, 0xff);
  for (unsigned i = 0; i < 32; i++)
    g_assert_cmphex (test_read (BASE + 0x80 + 4 * i, 4), ==, 0x01010101 * i);
  g_assert_cmphex (test_read (BASE + 0x7c, 4), ==, 0xffffffff);
  g_assert_cmphex (test_read (BASE + 0x100, 4), ==, 0xffffffff);
  /* The largest, in wide accesses; one more is none. */
  command (0x1000, 0xe8);
  command (0x1000, 1023);
  for (unsigned i = 0; i < 512; i++)
    test_write (BASE + 0x1000 + 8 * i, 8, i);
  command (0x1000, 0xd0);
  command (0, 0xff);
  g_assert_cmphex (test_read (BASE + 0x1ff8, 8), ==, 511);
  command (0x2000, 0xe8);
  command (0x2000, 1024);
  g_assert_cmphex (status (), ==, 0x00b000b0);
  command (0, 0x50);
  /* Not confirmed; strayed out of the buffer: nothing is programmed. */
  command (0x3000, 0xe8);
  command (0x3000, 0);
  test_write (BASE + 0x3000, 4, 0);
  command (0x3000, 0xff);
  g_assert_cmphex (status (), ==, 0x00b000b0);
  command (0, 0x50);
  static const uint64_t strays[] = { 0, 0x2ffc, 0x4000, SIZE - 4 };
  for (unsigned i = 0; i < G_N_ELEMENTS (strays); i++) {
    command (0x3000, 0xe8);
    command (0x3000, 1);
    test_write (BASE + 0x3000, 4, 0);
    test_write (BASE + strays[i], 4, 0);
    command (0x3000, 0xd0);
    g_assert_cmphex (status (), ==, 0x00b000b0);
    command (0, 0x50);
  }
  g_assert_cmphex (test_read (BASE + 0x3000, 4), ==, 0xffffffff);
  teardown ();
}

static void
test_locks (void)
{
  setup (NULL);
  erase (0);
  command (0, 0x60);
  command (0, 0x01);
  command (8, 0x90);
  g_assert_cmphex (test_read (BASE + 8, 4), ==, 0x00010001);
  g_assert_cmphex (test_read (BASE + CFI_FLASH_BLOCK_SIZE + 8, 4), ==, 0);
  command (0, 0x40);
  test_write (BASE, 4, 0);
  g_assert_cmphex (status (), ==, 0x00920092);
  command (0, 0x50);
  erase (0x100);
  g_assert_cmphex (status (), ==, 0x00a200a2);
  command (0, 0x50);
  command (0, 0x60);
  command (0, 0xd0);
  command (0, 0x40);
  test_write (BASE, 4, 0);
  g_assert_cmphex (status (), ==, 0x00800080);
  /* Locked down stays locked until reset. */
  command (0, 0x60);
  command (0, 0x2f);
  command (0, 0x60);
  command (0, 0xd0);
  command (8, 0x90);
  g_assert_cmphex (test_read (BASE + 8, 4), ==, 0x00030003);
  command (0, 0x60);
  command (0, 0x77);
  g_assert_cmphex (status (), ==, 0x00b000b0);
  device_reset (&flash->dev);
  erase (0);
  g_assert_cmphex (status (), ==, 0x00800080);
  teardown ();
}

static void
test_image (void)
{
  g_autofree uint8_t *data = g_malloc0 (SIZE);
  Block block = { .data = data, .size = SIZE };
  memcpy (data + 0x5000, "firmware", 8);
  setup (&block);
  g_assert_cmpint (memcmp (flash->ram->host, data, SIZE), ==, 0);
  command (0x5000, 0x40);
  test_write (BASE + 0x5000, 4, 0);
  g_assert_cmpint (memcmp (data + 0x5000, "\0\0\0\0ware", 8), ==, 0);
  erase (SIZE - 4);
  g_assert_cmphex (data[SIZE - 1], ==, 0xff);
  g_assert_cmphex (data[SIZE - CFI_FLASH_BLOCK_SIZE], ==, 0xff);
  g_assert_cmphex (data[SIZE - CFI_FLASH_BLOCK_SIZE - 1], ==, 0);
  g_assert_cmpint (memcmp (flash->ram->host, data, SIZE), ==, 0);
  /* A disk that fails is a flash that fails. */
  block.fail = -EIO;
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*fake.img*");
  erase (0);
  g_test_assert_expected_messages ();
  g_assert_cmphex (status (), ==, 0x00a000a0);
  block.fail = 0;
  teardown ();
  /* Read-only: locked for good, and nothing is written. */
  block.read_only = true;
  block.size = SIZE / 2;
  data[0] = 0x5a;
  setup (&block);
  command (8, 0x90);
  g_assert_cmphex (test_read (BASE + 8, 4), ==, 0x00010001);
  command (0, 0x60);
  command (0, 0xd0);
  erase (0);
  g_assert_cmphex (status (), ==, 0x00a200a2);
  command (0, 0xff);
  g_assert_cmphex (test_read (BASE, 1), ==, 0x5a);
  teardown ();
}

static void
refuse (const char *size, Block *block)
{
  g_autoptr (GError) error = NULL;
  CfiFlash *dev = (CfiFlash *)device_new (&cfi_flash_class, "/flash1");
  g_assert_true (device_set (&dev->dev, "size", size, NULL));
  dev->block = block;
  g_assert_false (device_realize (&dev->dev, &error));
  g_assert_nonnull (error);
  device_free (&dev->dev);
}

static void
test_sizes (void)
{
  refuse ("128k", NULL);
  refuse ("128M", NULL);
  refuse ("768k", NULL);
  refuse ("0", NULL);
  g_autofree uint8_t *data = g_malloc0 (SIZE);
  Block block = { .data = data, .size = SIZE / 2 };
  refuse ("1M", &block);
  block.size = SIZE;
  refuse ("512k", &block);
  block.fail = -EIO;
  refuse ("1M", &block);
}

static void
test_save (void)
{
  setup (NULL);
  erase (CFI_FLASH_BLOCK_SIZE);
  command (CFI_FLASH_BLOCK_SIZE, 0x40);
  test_write (BASE + CFI_FLASH_BLOCK_SIZE, 4, 0xcafe);
  /* In the middle of a buffer. */
  command (CFI_FLASH_BLOCK_SIZE + 0x2000, 0xe8);
  command (CFI_FLASH_BLOCK_SIZE + 0x2000, 1);
  test_write (BASE + CFI_FLASH_BLOCK_SIZE + 0x2000, 4, 0x11111111);
  CfiFlash *fresh = make (NULL);
  test_restore (&flash->dev, &fresh->dev);
  memory_region_map (test_map, &fresh->region, BASE);
  test_write (BASE + CFI_FLASH_BLOCK_SIZE + 0x2004, 4, 0x22222222);
  command (0, 0xd0);
  g_assert_cmphex (status (), ==, 0x00800080);
  command (0, 0xff);
  g_assert_cmphex (test_read (BASE + CFI_FLASH_BLOCK_SIZE, 4), ==, 0xcafe);
  g_assert_cmphex (test_read (BASE + CFI_FLASH_BLOCK_SIZE + 0x2000, 8), ==, UINT64_C (0x2222222211111111));
  g_assert_cmphex (test_read (BASE, 4), ==, 0);
  test_refuse (&fresh->dev, "blocks", g_variant_new_string ("none"));
  test_refuse (&fresh->dev, "mode", g_variant_new_uint64 (10));
  test_refuse (&fresh->dev, "buffer-base", g_variant_new_uint64 (SIZE));
  test_refuse (&fresh->dev, "buffer-base", g_variant_new_uint64 (4));
  test_refuse (&fresh->dev, "buffer-left", g_variant_new_uint64 (CFI_FLASH_BUFFER_SIZE + 1));
  device_test_hostile_load (&fresh->dev);
  device_free (&fresh->dev);
  teardown ();
}

/* A bank that is empty, or holds an image that is so for the most part, takes no memory for that. */
static void
test_memory (void)
{
  g_autofree uint8_t *data = g_malloc0 (SIZE);
  Block block = { .data = data, .size = SIZE };
  data[0x9000] = 1;
  for (unsigned i = 0; i < 2; i++) {
    struct stat st;
    setup (i == 0 ? NULL : &block);
    test_restore (&flash->dev, &flash->dev);
    g_assert_cmpint (fstat (flash->ram->fd, &st), ==, 0);
    g_assert_cmpint (st.st_blocks * 512, ==, i * RAM_PAGE_SIZE);
    teardown ();
  }
}

/* Anything may be written in any order: only the bank changes, and what is saved comes back. */
static void
test_random (void)
{
  static const uint8_t commands[] = { 0xff, 0x40, 0x20, 0x50, 0x60, 0x70, 0x90,
                                      0x98, 0xe8, 0xd0, 0x01, 0x2f, 0x00 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  setup (NULL);
  CfiFlash *fresh = make (NULL);
  for (unsigned i = 0; i < 100000; i++) {
    unsigned size = 1u << g_rand_int_range (rand, 0, 4);
    uint64_t offset = (g_rand_int (rand) % SIZE) & ~(uint64_t)(size - 1);
    uint64_t value =
        g_rand_boolean (rand) ? g_rand_int (rand) : commands[g_rand_int (rand) % sizeof commands];
    if (g_rand_boolean (rand))
      test_write (BASE + offset, size, value);
    else
      test_read (BASE + offset, size);
    if (i % 20000 == 0)
      test_restore (&flash->dev, &fresh->dev);
  }
  device_free (&fresh->dev);
  teardown ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cfi-flash/query", test_query);
  g_test_add_func ("/cfi-flash/program", test_program);
  g_test_add_func ("/cfi-flash/buffer", test_buffer);
  g_test_add_func ("/cfi-flash/locks", test_locks);
  g_test_add_func ("/cfi-flash/image", test_image);
  g_test_add_func ("/cfi-flash/sizes", test_sizes);
  g_test_add_func ("/cfi-flash/save", test_save);
  g_test_add_func ("/cfi-flash/memory", test_memory);
  g_test_add_func ("/cfi-flash/random", test_random);
  return g_test_run ();
}
