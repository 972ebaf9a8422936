/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory.h"

#include <string.h>

typedef struct {
  uint64_t offset, value;
  unsigned size, reads, writes;
} Probe;

static uint64_t
probe_read (void *opaque, uint64_t offset, unsigned size)
{
  Probe *probe = opaque;
  probe->offset = offset;
  probe->size = size;
  probe->reads++;
  return UINT64_C (0x8877665544332211);
}

static void
probe_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  Probe *probe = opaque;
  *probe = (Probe){ offset, value, size, probe->reads, probe->writes + 1 };
}

static const MmioOps any_ops = { probe_read, probe_write, .unaligned = true };
static const MmioOps word_ops = { probe_read, probe_write, .min_size = 4, .max_size = 4 };

static RamBlock *
new_block (uint64_t size)
{
  g_autoptr (GError) error = NULL;
  RamBlock *block = ram_block_new ("test", size, &error);
  g_assert_no_error (error);
  return block;
}

static MemoryRegion
ram_region (const char *name, RamBlock *block, MemoryKind kind)
{
  return (MemoryRegion){ .name = name, .kind = kind, .size = block->size, .ram = block };
}

static uint64_t
read_ok (MemoryMap *map, uint64_t addr, unsigned size)
{
  uint64_t value = 0;
  g_assert_cmpint (memory_read (map, addr, size, &value), ==, MEMORY_OK);
  return value;
}

static void
test_ram (void)
{
  MemoryMap *map = memory_map_new (64);
  RamBlock *block = new_block (2 * RAM_PAGE_SIZE);
  MemoryRegion region = ram_region ("ram", block, MEMORY_RAM);
  uint64_t value = 1;
  g_assert_cmpint (memory_read (map, 0, 8, &value), ==, MEMORY_NOTHING);
  g_assert_cmpuint (value, ==, 0);
  memory_region_map (map, &region, 0x80000000);
  for (unsigned i = 0; i < 32; i++)
    block->host[i] = (uint8_t)(i + 1);
  g_assert_cmphex (read_ok (map, 0x80000000, 1), ==, 0x01);
  g_assert_cmphex (read_ok (map, 0x80000001, 2), ==, 0x0302);
  g_assert_cmphex (read_ok (map, 0x80000003, 4), ==, 0x07060504);
  g_assert_cmphex (read_ok (map, 0x80000007, 8), ==, 0x0f0e0d0c0b0a0908);
  for (unsigned size = 1; size <= 8; size *= 2) {
    g_assert_cmpint (memory_write (map, 0x80000101, size, 0xf1f2f3f4f5f6f7f8), ==, MEMORY_OK);
    uint64_t expected =
        size == 8 ? 0xf1f2f3f4f5f6f7f8 : 0xf1f2f3f4f5f6f7f8 & ((UINT64_C (1) << 8 * size) - 1);
    g_assert_cmphex (read_ok (map, 0x80000101, 8), ==, expected);
  }
  for (unsigned size = 0; size < 20; size++)
    if (size != 1 && size != 2 && size != 4 && size != 8) {
      g_assert_cmpint (memory_read (map, 0x80000000, size, &value), ==, MEMORY_REFUSED);
      g_assert_cmpint (memory_write (map, 0x80000000, size, 0), ==, MEMORY_REFUSED);
    }
  g_assert_cmpint (memory_read (map, 0x80000000 + block->size - 4, 8, &value), ==, MEMORY_NOTHING);
  g_assert_cmpint (memory_read (map, 0x7fffffff, 2, &value), ==, MEMORY_NOTHING);
  memory_region_unmap (&region);
  memory_region_unmap (&region);
  g_assert_cmpint (memory_read (map, 0x80000000, 1, &value), ==, MEMORY_NOTHING);
  memory_map_free (map);
  ram_block_free (block);
}

static void
test_writes_are_noted (void)
{
  MemoryMap *map = memory_map_new (64);
  RamBlock *block = new_block (4 * RAM_PAGE_SIZE);
  MemoryRegion region = ram_region ("ram", block, MEMORY_RAM);
  uint64_t bits, size;
  memory_region_map (map, &region, 0);
  ram_log_start (block);
  ram_clean (block, 0, block->size, NULL);
  memory_write (map, RAM_PAGE_SIZE - 1, 2, 0);
  ram_clean (block, 0, block->size, &bits);
  g_assert_cmphex (bits, ==, 3);
  memory_dma_write (map, 2 * RAM_PAGE_SIZE, "x", 1);
  ram_clean (block, 0, block->size, &bits);
  g_assert_cmphex (bits, ==, 4);
  g_assert_nonnull (memory_dma_map (map, RAM_PAGE_SIZE, 3 * RAM_PAGE_SIZE, true, &size));
  memory_dma_done (map, RAM_PAGE_SIZE, size);
  ram_clean (block, 0, block->size, &bits);
  g_assert_cmphex (bits, ==, 14);
  memory_dma_done (map, 3 * RAM_PAGE_SIZE, UINT64_MAX);
  memory_dma_done (map, UINT64_MAX, UINT64_MAX);
  ram_clean (block, 0, block->size, &bits);
  g_assert_cmphex (bits, ==, 8);
  memory_map_free (map);
  ram_block_free (block);
}

static void
test_kinds (void)
{
  MemoryMap *map = memory_map_new (40);
  RamBlock *block = new_block (RAM_PAGE_SIZE);
  Probe probe = { 0 };
  MemoryRegion region = ram_region ("flash", block, MEMORY_ROM);
  region.ops = &word_ops;
  region.opaque = &probe;
  block->host[8] = 77;
  memory_region_set_kind (&region, MEMORY_ROMD);
  memory_region_set_kind (&region, MEMORY_ROM);
  memory_region_map (map, &region, 0x1000);
  g_assert_cmpint (memory_write (map, 0x1008, 4, 5), ==, MEMORY_OK);
  g_assert_cmpuint (read_ok (map, 0x1008, 4), ==, 77);
  g_assert_cmpuint (probe.writes, ==, 0);
  memory_region_set_kind (&region, MEMORY_ROMD);
  g_assert_cmpuint (read_ok (map, 0x1008, 1), ==, 77);
  g_assert_cmpint (memory_write (map, 0x1008, 4, 5), ==, MEMORY_OK);
  g_assert_cmpint (memory_write (map, 0x1008, 8, 5), ==, MEMORY_REFUSED);
  g_assert_cmpuint (probe.writes, ==, 1);
  g_assert_cmpuint (block->host[8], ==, 77);
  memory_region_set_kind (&region, MEMORY_MMIO);
  g_assert_cmphex (read_ok (map, 0x1008, 4), ==, 0x44332211);
  g_assert_cmpuint (probe.offset, ==, 8);
  memory_map_free (map);
  g_assert_null (region.map);
  ram_block_free (block);
}

static void
test_mmio_sizes (void)
{
  MemoryMap *map = memory_map_new (64);
  Probe probe = { 0 };
  MemoryRegion any = { .name = "any", .kind = MEMORY_MMIO, .size = 0x100, .ops = &any_ops, .opaque = &probe };
  MemoryRegion word = {
    .name = "word", .kind = MEMORY_MMIO, .size = 0x100, .ops = &word_ops, .opaque = &probe
  };
  static const MmioOps no_ops = { 0 };
  MemoryRegion none = { .name = "none", .kind = MEMORY_MMIO, .size = 0x100, .ops = &no_ops };
  uint64_t value;
  memory_region_map (map, &any, 0x1000);
  memory_region_map (map, &word, 0x2000);
  memory_region_map (map, &none, 0x3000);
  g_assert_cmphex (read_ok (map, 0x1003, 8), ==, 0x8877665544332211);
  g_assert_cmphex (read_ok (map, 0x1003, 2), ==, 0x2211);
  g_assert_cmpint (memory_write (map, 0x1005, 2, 0xabcdef), ==, MEMORY_OK);
  g_assert_cmphex (probe.value, ==, 0xcdef);
  g_assert_cmphex (read_ok (map, 0x20fc, 4), ==, 0x44332211);
  g_assert_cmpuint (probe.offset, ==, 0xfc);
  for (unsigned size = 1; size <= 8; size *= 2)
    if (size != 4)
      g_assert_cmpint (memory_read (map, 0x2000, size, &value), ==, MEMORY_REFUSED);
  g_assert_cmpint (memory_read (map, 0x2002, 4, &value), ==, MEMORY_REFUSED);
  g_assert_cmpint (memory_write (map, 0x20fe, 4, 0), ==, MEMORY_REFUSED);
  g_assert_cmpint (memory_read (map, 0x3000, 1, &value), ==, MEMORY_REFUSED);
  g_assert_cmpint (memory_write (map, 0x3000, 1, 0), ==, MEMORY_REFUSED);
  memory_map_free (map);
}

static void
test_across (void)
{
  MemoryMap *map = memory_map_new (64);
  RamBlock *low = new_block (RAM_PAGE_SIZE), *high = new_block (RAM_PAGE_SIZE);
  MemoryRegion a = ram_region ("low", low, MEMORY_RAM), b = ram_region ("high", high, MEMORY_RAM);
  Probe probe = { 0 };
  MemoryRegion io = { .name = "io", .kind = MEMORY_MMIO, .size = 0x100, .ops = &any_ops, .opaque = &probe };
  MemoryRegion word = {
    .name = "word", .kind = MEMORY_MMIO, .size = 0x100, .ops = &word_ops, .opaque = &probe
  };
  uint64_t value;
  memory_region_map (map, &b, 2 * RAM_PAGE_SIZE);
  memory_region_map (map, &a, RAM_PAGE_SIZE);
  memory_region_map (map, &io, 3 * RAM_PAGE_SIZE);
  memory_region_map (map, &word, 3 * RAM_PAGE_SIZE + 0x100);
  g_assert_cmpint (memory_write (map, 2 * RAM_PAGE_SIZE - 3, 8, 0x0807060504030201), ==, MEMORY_OK);
  g_assert_cmpuint (low->host[RAM_PAGE_SIZE - 1], ==, 3);
  g_assert_cmpuint (high->host[0], ==, 4);
  g_assert_cmphex (read_ok (map, 2 * RAM_PAGE_SIZE - 3, 8), ==, 0x0807060504030201);
  /* From RAM into a device that takes bytes, and on into one that does not. */
  high->host[RAM_PAGE_SIZE - 1] = 0xee;
  g_assert_cmphex (read_ok (map, 3 * RAM_PAGE_SIZE - 1, 2), ==, 0x11ee);
  g_assert_cmpuint (probe.size, ==, 1);
  g_assert_cmpint (memory_read (map, 3 * RAM_PAGE_SIZE + 0xfe, 4, &value), ==, MEMORY_REFUSED);
  g_assert_cmpint (memory_write (map, 3 * RAM_PAGE_SIZE + 0xfe, 4, 0), ==, MEMORY_REFUSED);
  g_assert_cmpint (memory_write (map, 3 * RAM_PAGE_SIZE + 0x1fe, 4, 0), ==, MEMORY_REFUSED);
  memory_map_free (map);
  ram_block_free (low);
  ram_block_free (high);
}

static void
expect_region (MemoryMap *map, uint64_t addr, const MemoryRegion *region, uint64_t start, uint64_t size)
{
  MemorySection section;
  bool found = memory_find (map, addr, &section);
  g_assert_true (found == (region != NULL));
  if (!found)
    return;
  g_assert_true (section.region == region);
  g_assert_cmphex (section.start, ==, start);
  g_assert_cmphex (section.size, ==, size);
  g_assert_cmphex (section.offset, ==, start - region->base);
  g_assert_cmpint (section.kind, ==, region->kind);
  g_assert_true (section.ram == region->ram);
  if (section.ram != NULL)
    g_assert_cmphex (section.ram_offset, ==, region->ram_offset + section.offset);
}

static void
test_overlap (void)
{
  MemoryMap *map = memory_map_new (64);
  MemoryRegion wide = { .name = "wide", .kind = MEMORY_MMIO, .size = 0x1000, .ops = &any_ops };
  MemoryRegion inner = { .name = "inner", .kind = MEMORY_MMIO, .size = 0x100, .ops = &any_ops };
  MemoryRegion above = { .name = "above", .kind = MEMORY_MMIO, .size = 0x80, .priority = 1, .ops = &any_ops };
  memory_region_map (map, &inner, 0x1800);
  memory_region_map (map, &wide, 0x1000);
  expect_region (map, 0x1800, &wide, 0x1000, 0x1000); /* mapped later */
  memory_region_map (map, &inner, 0x1400);            /* moving counts */
  expect_region (map, 0x13ff, &wide, 0x1000, 0x400);
  expect_region (map, 0x1400, &inner, 0x1400, 0x100);
  expect_region (map, 0x1500, &wide, 0x1500, 0xb00);
  memory_region_map (map, &above, 0x1480);
  memory_region_map (map, &inner, 0x1440);
  expect_region (map, 0x1440, &inner, 0x1440, 0x40);
  expect_region (map, 0x1480, &above, 0x1480, 0x80);
  expect_region (map, 0x1500, &inner, 0x1500, 0x40);
  expect_region (map, 0xfff, NULL, 0, 0);
  expect_region (map, 0x2000, NULL, 0, 0);
  memory_region_unmap (&above);
  expect_region (map, 0x14ff, &inner, 0x1440, 0x100);
  memory_map_free (map);
}

static void
test_ends_of_space (void)
{
  MemoryMap *map = memory_map_new (64), *small = memory_map_new (32);
  RamBlock *block = new_block (RAM_PAGE_SIZE);
  MemoryRegion top = ram_region ("top", block, MEMORY_RAM), bottom = ram_region ("bottom", block, MEMORY_RAM);
  MemoryRegion huge = {
    .name = "huge", .kind = MEMORY_MMIO, .size = UINT64_MAX, .priority = -1, .ops = &any_ops
  };
  MemoryRegion empty = { .name = "empty", .kind = MEMORY_MMIO, .ops = &any_ops };
  uint8_t buffer[16];
  uint64_t value, size;
  memory_region_map (map, &top, UINT64_MAX - 0x7ff); /* half of it is beyond */
  memory_region_map (map, &bottom, 0);
  memory_region_map (map, &empty, 0x123456);
  expect_region (map, UINT64_MAX, &top, UINT64_MAX - 0x7ff, 0x800);
  expect_region (map, 0x123456, NULL, 0, 0);
  g_assert_cmpint (memory_read (map, UINT64_MAX - 3, 8, &value), ==, MEMORY_NOTHING);
  g_assert_cmpint (memory_write (map, UINT64_MAX, 2, 0), ==, MEMORY_NOTHING);
  g_assert_cmpint (memory_read (map, UINT64_MAX - 7, 8, &value), ==, MEMORY_OK);
  g_assert_cmpint (memory_dma_read (map, UINT64_MAX - 7, buffer, 16), ==, MEMORY_NOTHING);
  g_assert_cmpint (memory_dma_read (map, UINT64_MAX - 7, buffer, 8), ==, MEMORY_OK);
  g_assert_nonnull (memory_dma_map (map, UINT64_MAX - 7, UINT64_MAX, true, &size));
  g_assert_cmpuint (size, ==, 8);
  memory_region_map (map, &huge, 0x800);
  expect_region (map, UINT64_C (1) << 50, &huge, 0x1000, UINT64_MAX - 0x7ff - 0x1000);

  /* A region moves to another map; what is beyond its space is not seen. */
  memory_region_map (small, &huge, 0xfffff000);
  expect_region (map, UINT64_C (1) << 50, NULL, 0, 0);
  expect_region (small, 0xffffffff, &huge, 0xfffff000, 0x1000);
  expect_region (small, UINT64_C (0x100000000), NULL, 0, 0);
  memory_region_map (small, &huge, UINT64_C (0x100000000));
  expect_region (small, UINT64_C (0x100000000), NULL, 0, 0);
  memory_map_free (small);
  memory_map_free (map);
  ram_block_free (block);
}

static void
test_block_shorter_than_region (void)
{
  MemoryMap *map = memory_map_new (64);
  RamBlock *block = new_block (RAM_PAGE_SIZE);
  MemoryRegion region = ram_region ("long", block, MEMORY_RAM);
  region.size = 1 << 20;
  region.ram_offset = 0x800;
  memory_region_map (map, &region, 0);
  expect_region (map, 0, &region, 0, 0x800);
  expect_region (map, 0x800, NULL, 0, 0);
  memory_write (map, 4, 1, 9);
  g_assert_cmpuint (block->host[0x804], ==, 9);
  memory_map_free (map);
  ram_block_free (block);
}

static void
test_dma (void)
{
  MemoryMap *map = memory_map_new (64);
  RamBlock *ram = new_block (RAM_PAGE_SIZE), *rom = new_block (RAM_PAGE_SIZE);
  MemoryRegion a = ram_region ("ram", ram, MEMORY_RAM), b = ram_region ("rom", rom, MEMORY_ROM);
  Probe probe = { 0 };
  MemoryRegion io = { .name = "io", .kind = MEMORY_MMIO, .size = 0x1000, .ops = &any_ops, .opaque = &probe };
  g_autofree uint8_t *buffer = g_malloc0 (3 * RAM_PAGE_SIZE);
  uint64_t size;
  memory_region_map (map, &a, 0x1000);
  memory_region_map (map, &b, 0x2000);
  memory_region_map (map, &io, 0x3000);
  rom->host[0] = 5;
  g_assert_cmpint (memory_dma_read (map, 0x1000, buffer, 0x2000), ==, MEMORY_OK);
  g_assert_cmpuint (buffer[0x1000], ==, 5);
  g_assert_cmpint (memory_dma_read (map, 0x1000, buffer, 0x2001), ==, MEMORY_NOTHING);
  g_assert_cmpint (memory_dma_read (map, 0x3000, buffer, 1), ==, MEMORY_NOTHING);
  g_assert_cmpint (memory_dma_read (map, 0x9000, buffer, 0), ==, MEMORY_OK);
  g_assert_cmpint (memory_dma_write (map, 0x3000, buffer, 4), ==, MEMORY_NOTHING);
  g_assert_cmpint (memory_dma_write (map, 0xfff, buffer, 4), ==, MEMORY_NOTHING);
  g_assert_cmpuint (probe.reads + probe.writes, ==, 0);
  memset (buffer, 1, 0x1000);
  g_assert_cmpint (memory_dma_write (map, 0x1ffe, buffer, 4), ==, MEMORY_REFUSED);
  g_assert_cmpuint (ram->host[0xfff], ==, 1); /* the part before it */
  g_assert_cmpuint (rom->host[0], ==, 5);
  g_assert_cmpint (memory_debug_write (map, 0x1ffe, buffer, 4), ==, MEMORY_OK);
  g_assert_cmpuint (rom->host[1], ==, 1);
  g_assert_cmpint (memory_debug_write (map, 0x3000, buffer, 4), ==, MEMORY_NOTHING);
  g_assert_true (memory_dma_map (map, 0x1800, 0x10000, true, &size) == ram->host + 0x800);
  g_assert_cmpuint (size, ==, 0x800);
  g_assert_null (memory_dma_map (map, 0x2000, 1, true, &size));
  g_assert_cmpuint (size, ==, 0);
  g_assert_true (memory_dma_map (map, 0x2000, 1, false, &size) == rom->host);
  g_assert_cmpuint (size, ==, 1);
  g_assert_null (memory_dma_map (map, 0x3000, 1, false, &size));
  g_assert_null (memory_dma_map (map, 0x1000, 0, false, &size));
  memory_map_free (map);
  ram_block_free (ram);
  ram_block_free (rom);
}

static void
count_change (void *opaque)
{
  ++*(unsigned *)opaque;
}

static void
test_transactions (void)
{
  MemoryMap *map = memory_map_new (64);
  unsigned changes = 0;
  MemoryRegion a = { .name = "a", .kind = MEMORY_MMIO, .size = 0x100, .ops = &any_ops };
  MemoryRegion b = { .name = "b", .kind = MEMORY_MMIO, .size = 0x100, .ops = &any_ops };
  memory_add_listener (map, count_change, &changes);
  memory_begin (map);
  memory_region_map (map, &a, 0);
  memory_begin (map);
  memory_region_map (map, &b, 0x100);
  memory_commit (map);
  expect_region (map, 0, NULL, 0, 0);
  g_assert_cmpuint (changes, ==, 0);
  memory_commit (map);
  g_assert_cmpuint (changes, ==, 1);
  expect_region (map, 0x100, &b, 0x100, 0x100);
  memory_region_map (map, &b, 0x100); /* no change */
  memory_region_set_kind (&b, MEMORY_MMIO);
  memory_begin (map);
  memory_region_unmap (&b);
  memory_region_map (map, &b, 0x100);
  memory_commit (map);
  g_assert_cmpuint (changes, ==, 1);
  memory_region_map (map, &b, 0x200);
  memory_region_unmap (&a);
  g_assert_cmpuint (changes, ==, 3);
  memory_map_free (map);
}

/* A device whose registers are reached by accessing the device. */
typedef struct {
  MemoryMap *map;
  MemoryResult result;
  unsigned depth, deepest;
} Circle;

static void
circle_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  Circle *circle = opaque;
  circle->deepest = MAX (circle->deepest, ++circle->depth);
  MemoryResult result = memory_write (circle->map, 0, 4, value);
  if (result != MEMORY_OK)
    circle->result = result;
  circle->depth--;
}

static void
test_circle (void)
{
  static const MmioOps circle_ops = { .write = circle_write };
  Circle circle = { .map = memory_map_new (64) };
  MemoryRegion region = {
    .name = "c", .kind = MEMORY_MMIO, .size = 4, .ops = &circle_ops, .opaque = &circle
  };
  memory_region_map (circle.map, &region, 0);
  g_assert_cmpint (memory_write (circle.map, 0, 4, 1), ==, MEMORY_OK);
  g_assert_cmpint (circle.result, ==, MEMORY_REFUSED);
  g_assert_cmpuint (circle.deepest, <, 100);
  memory_map_free (circle.map);
}

/* A device that moves itself when written, as a PCI BAR does. */
static void
moving_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  MemoryRegion *region = opaque;
  memory_region_map (region->map, region, value);
  memory_quiesce (region->map);
}

static void
test_change_from_inside (void)
{
  static const MmioOps moving_ops = { .write = moving_write };
  MemoryMap *map = memory_map_new (64);
  MemoryRegion region = { .name = "m", .kind = MEMORY_MMIO, .size = 0x1000, .ops = &moving_ops };
  region.opaque = &region;
  memory_region_map (map, &region, 0);
  for (uint64_t i = 0; i < 1000; i++)
    g_assert_cmpint (memory_write (map, i << 12, 8, (i + 1) << 12), ==, MEMORY_OK);
  expect_region (map, 1000 << 12, &region, 1000 << 12, 0x1000);
  memory_map_free (map);
}

static void
test_print (void)
{
  MemoryMap *map = memory_map_new (64);
  RamBlock *block = new_block (RAM_PAGE_SIZE);
  MemoryRegion ram = ram_region ("dram", block, MEMORY_RAM);
  MemoryRegion io = { .name = "serial", .kind = MEMORY_MMIO, .size = 0x100, .priority = 2, .ops = &any_ops };
  g_autoptr (GString) text = g_string_new (NULL);
  memory_print (map, true, text);
  g_assert_nonnull (strstr (text->str, "No rendered FlatView"));
  memory_region_map (map, &ram, 0x80000000);
  memory_region_map (map, &io, 0x80000400);
  g_string_truncate (text, 0);
  memory_print (map, false, text);
  g_assert_nonnull (strstr (text->str, "    0000000080000000-0000000080000fff (prio 0, ram): dram\n"));
  g_assert_nonnull (strstr (text->str, "0000000080000400-00000000800004ff (prio 2, i/o): serial\n"));
  g_assert_null (strstr (text->str, "FlatView"));
  g_string_truncate (text, 0);
  memory_print (map, true, text);
  g_assert_nonnull (strstr (text->str, "FlatView"));
  g_assert_nonnull (
      strstr (text->str, "0000000080000500-0000000080000fff (prio 0, ram): dram @0000000000000500\n"));
  memory_map_free (map);
  ram_block_free (block);
}

/* Against a plain array of who is seen where. */
static void
test_random_maps (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  MemoryMap *map = memory_map_new (10);
  MemoryRegion regions[12] = { 0 };
  unsigned order[12] = { 0 }, next_order = 1;
  for (unsigned round = 0; round < 1500; round++) {
    unsigned r = g_rand_int (rand) % G_N_ELEMENTS (regions);
    MemoryRegion *region = &regions[r];
    if (region->map != NULL && g_rand_boolean (rand)) {
      memory_region_unmap (region);
    } else if (region->map == NULL) {
      *region = (MemoryRegion){ .name = "r", .kind = MEMORY_MMIO, .ops = &any_ops };
      region->size = g_rand_int (rand) % 400;
      region->priority = g_rand_int_range (rand, -1, 2);
      memory_region_map (map, region, g_rand_int (rand) % 1100);
      order[r] = next_order++;
    }
    for (uint64_t addr = 0; addr < 1100; addr += 1 + g_rand_int (rand) % 3) {
      MemoryRegion *seen = NULL;
      MemorySection section;
      for (unsigned i = 0; i < G_N_ELEMENTS (regions) && addr < 1024; i++) {
        MemoryRegion *other = &regions[i];
        if (other->map == NULL || addr - other->base >= other->size)
          continue;
        if (seen == NULL || other->priority > seen->priority ||
            (other->priority == seen->priority && order[i] > order[seen - regions]))
          seen = other;
      }
      g_assert_true (memory_find (map, addr, &section) == (seen != NULL));
      if (seen != NULL) {
        g_assert_true (section.region == seen);
        g_assert_cmpuint (addr - section.start, <, section.size);
        g_assert_cmpuint (section.offset, ==, section.start - seen->base);
      }
    }
  }
  memory_map_free (map);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/ram", test_ram);
  g_test_add_func ("/memory/writes-are-noted", test_writes_are_noted);
  g_test_add_func ("/memory/kinds", test_kinds);
  g_test_add_func ("/memory/mmio-sizes", test_mmio_sizes);
  g_test_add_func ("/memory/across", test_across);
  g_test_add_func ("/memory/overlap", test_overlap);
  g_test_add_func ("/memory/ends-of-space", test_ends_of_space);
  g_test_add_func ("/memory/block-shorter-than-region", test_block_shorter_than_region);
  g_test_add_func ("/memory/dma", test_dma);
  g_test_add_func ("/memory/transactions", test_transactions);
  g_test_add_func ("/memory/circle", test_circle);
  g_test_add_func ("/memory/change-from-inside", test_change_from_inside);
  g_test_add_func ("/memory/print", test_print);
  g_test_add_func ("/memory/random-maps", test_random_maps);
  return g_test_run ();
}
