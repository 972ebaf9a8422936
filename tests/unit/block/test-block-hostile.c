/* SPDX-License-Identifier: GPL-3.0-or-later */

/* qcow2 images that lie: refused with a reason, or an I/O error; and nothing is written to them. */

#include "block-test.h"

#include <errno.h>
#include <string.h>

enum { SIZE = 4 << 20, CLUSTER = 4096 };

/* A small image: header 0, refcount table 1, refcount block 2, L1 table 3, then L2 tables and data. */
static char *path;
static char *original;
static gsize original_size;

static void
make_original (void)
{
  path = test_path ("hostile.qcow2");
  test_create (path, "qcow2", SIZE, "cluster_size=4096");
  Block *block = test_open (path, NULL);
  g_autofree uint8_t *data = g_malloc (200 << 10);
  test_fill (data, 200 << 10, 1);
  g_assert_cmpint (block_pwrite (block, 0, data, 200 << 10), ==, 200 << 10);
  g_assert_cmpint (block_pwrite (block, 3 << 20, data, 100 << 10), ==, 100 << 10);
  memset (data, 1, CLUSTER);
  g_assert_cmpint (block_pwrite_compressed (block, 2 << 20, data, CLUSTER), ==, CLUSTER);
  block_close (block);
  g_assert_true (g_file_get_contents (path, &original, &original_size, NULL));
}

static void
put (char *image, uint64_t at, unsigned bytes, uint64_t value)
{
  for (unsigned i = 0; i < bytes; i++)
    image[at + i] = (char)(value >> (8 * (bytes - 1 - i)));
}

static uint64_t
get (const char *image, uint64_t at, unsigned bytes)
{
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes; i++)
    value = value << 8 | (uint8_t)image[at + i];
  return value;
}

static void
assert_untouched (const char *image)
{
  g_autofree char *now = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (path, &now, &size, NULL));
  g_assert_cmpmem (now, size, image, original_size);
}

/* ---- What opening refuses ---- */

typedef struct {
  const char *name;
  uint64_t at;
  unsigned bytes;
  uint64_t value;
  const char *text; /* of the error */
  bool readable;    /* with readonly=on */
} Lie;

static const Lie lies[] = {
  { "version", 4, 4, 4, "version 4" },
  { "backing-beyond-cluster", 8, 8, 1 << 20, NULL, true }, /* with a length, below */
  { "cluster-bits-small", 20, 4, 8, "2^8" },
  { "cluster-bits-large", 20, 4, 22, "2^22" },
  { "cluster-bits-huge", 20, 4, 0xffffffff, "2^4294967295" },
  { "size-huge", 24, 8, UINT64_MAX, "absurd" },
  { "size-beyond-l1", 24, 8, UINT64_C (1) << 40, "L1 table is too small" },
  { "encrypted", 32, 4, 1, "encrypted" },
  { "l1-size-huge", 36, 4, 0xffffffff, "absurdly large" },
  { "l1-size-beyond-file", 36, 4, 1 << 20, "beyond the end" },
  { "l1-size-zero", 36, 4, 0, "too small" },
  { "l1-offset-odd", 40, 8, 3 * CLUSTER + 512, "not at a cluster" },
  { "l1-offset-beyond", 40, 8, UINT64_C (1) << 50, "beyond the end" },
  { "l1-offset-wraps", 40, 8, UINT64_MAX - CLUSTER + 1, "beyond the end" },
  { "l1-offset-zero", 40, 8, 0, "beyond the end" },
  { "l1-on-refcounts", 40, 8, CLUSTER, "overlaps", true },
  { "reftable-odd", 48, 8, CLUSTER + 8, "not at a cluster" },
  { "reftable-on-l1", 48, 8, 3 * CLUSTER, NULL, true },
  { "reftable-empty", 56, 4, 0, "impossible size" },
  { "reftable-huge", 56, 4, 0xffffffff, "impossible size" },
  { "reftable-beyond", 56, 4, 200, "beyond the end" },
  { "snapshots-many", 60, 4, 0xffffffff, "absurd number" },
  { "snapshots-beyond", 60, 4, 1, "beyond the end" },
  { "feature", 72, 8, UINT64_C (1) << 40, "bit 40" },
  { "data-file", 72, 8, 4, "external file" },
  { "corrupt", 72, 8, 2, "marked as corrupt", true },
  { "compression-flag", 72, 8, 8, "contradict" },
  { "extended-small", 72, 8, 16, "16 KiB" },
  { "refcount-order", 96, 4, 7, "2^7" },
  { "header-length-small", 100, 4, 96, "impossible length" },
  { "header-length-odd", 100, 4, 109, "impossible length" },
  { "header-length-huge", 100, 4, 0xfffffff8, "impossible length" },
  { "compression-unknown", 104, 1, 7, "compressed in a way" },
  { "extension-endless", 116, 4, 0xffffff00, "does not end" },
  {
      "refcount-block-odd",
      CLUSTER,
      8,
      2 * CLUSTER + 1,
      "makes no sense",
  },
  { "refcount-block-beyond", CLUSTER, 8, UINT64_C (1) << 40, "makes no sense" },
  { "refcount-block-on-header", CLUSTER + 8, 8, 0x8000000000000000, "makes no sense" },
  { "refcount-block-twice", CLUSTER + 8, 8, 2 * CLUSTER, "overlaps", true },
  { "l2-odd", 3 * CLUSTER, 8, UINT64_C (0x8000000000000000) + 4 * CLUSTER + 8, "makes no sense" },
  { "l2-reserved", 3 * CLUSTER, 8, UINT64_C (0xc000000000000000) + 4 * CLUSTER, "makes no sense" },
  { "l2-on-header", 3 * CLUSTER, 8, UINT64_C (0x8000000000000000), "makes no sense" },
  { "l2-on-l1", 3 * CLUSTER, 8, UINT64_C (0x8000000000000000) + 3 * CLUSTER, "overlaps", true },
  { "l2-beyond", 3 * CLUSTER, 8, UINT64_C (0x8000000000000000) + (1 << 30), "makes no sense" },
};

static void
test_lie (const void *data)
{
  const Lie *lie = data;
  g_autofree char *image = g_memdup2 (original, original_size);
  put (image, lie->at, lie->bytes, lie->value);
  if (!lie->text && lie->bytes == 8)
    put (image, 16, 4, 5); /* a backing file's name of 5 bytes, where it says nothing about refusing */
  g_assert_true (g_file_set_contents (path, image, (gssize)original_size, NULL));
  g_autoptr (GError) error = NULL;
  Block *block = block_open (path, &(BlockOptions){ .format = "qcow2", .no_backing = true }, &error);
  g_assert_null (block);
  if (lie->text && !strstr (error->message, lie->text))
    g_error ("'%s' is not in: %s", lie->text, error->message);
  g_clear_error (&error);
  block =
      block_open (path, &(BlockOptions){ .format = "qcow2", .no_backing = true, .read_only = true }, &error);
  if (lie->text && !lie->readable)
    g_assert_null (block);
  if (block) {
    uint8_t sector[512];
    block_pread (block, 0, sector, 512);
    block_close (block);
  }
  assert_untouched (image);
}

/* ---- What is found later ---- */

static void
test_bad_l2 (void)
{
  uint64_t l2 = get (original, 3 * CLUSTER, 8) & 0xffffffffffff;
  uint64_t good = get (original, l2, 8);
  const uint64_t bad[] = {
    good + 512, /* not at a cluster */
    good | 4,   /* reserved bits */
    good | UINT64_C (1) << 60,
    UINT64_C (0x8000000000000000),                        /* the header */
    UINT64_C (0x8000000000000000) + (UINT64_C (1) << 40), /* beyond the file */
    UINT64_C (0x8000000000000000) + CLUSTER,              /* the refcount table */
    UINT64_C (0x8000000000000000) + 3 * CLUSTER,          /* the L1 table */
    UINT64_C (0x8000000000000000) + l2,                   /* its own table */
    UINT64_C (0x4000000000000000) + (UINT64_C (1) << 45), /* compressed, beyond */
    UINT64_C (0xc000000000000000) + 5 * CLUSTER,          /* compressed and copied */
    UINT64_C (0x4000000000000000),                        /* compressed, nowhere */
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *image = g_memdup2 (original, original_size);
    put (image, l2, 8, bad[i]);
    g_assert_true (g_file_set_contents (path, image, (gssize)original_size, NULL));
    Block *block = test_open (path, &(BlockOptions){ .format = "qcow2", .discard = true });
    uint8_t data[2 * CLUSTER];
    /* What is well stays readable. */
    g_assert_cmpint (block_pread (block, CLUSTER, data, CLUSTER), ==, CLUSTER);
    g_assert_cmpint (block_pread (block, 0, data, 2 * CLUSTER), ==, -EIO);
    g_assert_cmpint (block_pwrite (block, 0, data, CLUSTER), ==, -EIO);
    g_assert_cmpint (block_pwrite (block, 3 << 20, data, CLUSTER), ==, -EIO);
    g_assert_cmpint (block_pwrite (block, 1 << 20, data, CLUSTER), ==, -EIO);
    g_assert_cmpint (block_discard (block, 0, CLUSTER), ==, -EIO);
    g_assert_cmpint (block_pwrite_zeroes (block, 0, CLUSTER, 0), ==, -EIO);
    BlockExtent extent;
    g_assert_cmpint (block_extent (block, 0, CLUSTER, &extent), ==, -EIO);
    block_close (block);
    assert_untouched (image);
    BlockCheck check;
    g_assert_true (
        block_check (path, &(BlockOptions){ .format = "qcow2" }, 0, NULL, NULL, NULL, &check, NULL));
    g_assert_cmpuint (check.corruptions, >, 0);
  }
}

/* Compressed data that is none. */
static void
test_bad_compressed (void)
{
  uint64_t l2 = get (original, 3 * CLUSTER + 8, 8) & 0xffffffffffff, entry = get (original, l2, 8);
  g_assert_cmpuint (entry >> 62, ==, 1);
  uint64_t host = entry & ((UINT64_C (1) << (62 - (12 - 8))) - 1);
  g_autofree char *image = g_memdup2 (original, original_size);
  memset (image + host, 0xff, MIN (16, original_size - host));
  g_assert_true (g_file_set_contents (path, image, (gssize)original_size, NULL));
  Block *block = test_open (path, &(BlockOptions){ .format = "qcow2" });
  uint8_t data[CLUSTER];
  g_assert_cmpint (block_pread (block, 2 << 20, data, CLUSTER), ==, -EIO);
  g_assert_cmpint (block_pread (block, 0, data, CLUSTER), ==, CLUSTER);
  block_close (block);
}

/* Refcounts of 0 for what is in use: found before metadata is overwritten. */
static void
test_refcount_lie (void)
{
  for (unsigned cluster = 0; cluster < 5; cluster++) {
    g_autofree char *image = g_memdup2 (original, original_size);
    put (image, 2 * CLUSTER + cluster * 2, 2, 0);
    g_assert_true (g_file_set_contents (path, image, (gssize)original_size, NULL));
    Block *block = test_open (path, &(BlockOptions){ .format = "qcow2" });
    uint8_t data[CLUSTER] = { 1 };
    g_assert_cmpint (block_pwrite (block, 1 << 20, data, CLUSTER), ==, -EIO);
    block_close (block);
    assert_untouched (image);
    /* Which can be repaired. */
    BlockCheck check;
    g_assert_true (block_check (path, &(BlockOptions){ .format = "qcow2" }, BLOCK_REPAIR_ALL, NULL, NULL,
                                NULL, &check, NULL));
    g_assert_cmpuint (check.corruptions, ==, 1);
    g_assert_cmpuint (check.corruptions_fixed, ==, 1);
    test_check_clean (path, false);
  }
}

/* ---- Repair ---- */

static void
repair_and_compare (char *image, uint64_t least_corruptions)
{
  g_assert_true (g_file_set_contents (path, image, (gssize)original_size, NULL));
  BlockCheck check;
  g_autoptr (GError) error = NULL;
  g_assert_true (block_check (path, &(BlockOptions){ .format = "qcow2" }, BLOCK_REPAIR_ALL, NULL, NULL, NULL,
                              &check, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (check.corruptions, >=, least_corruptions);
  test_check_clean (path, false);
  Block *block = test_open (path, NULL);
  uint8_t data[200 << 10], expected[200 << 10];
  test_fill (expected, sizeof expected, 1);
  g_assert_cmpint (block_pread (block, 0, data, sizeof data), ==, sizeof data);
  g_assert_cmpmem (data, sizeof data, expected, sizeof data);
  g_assert_cmpint (block_pwrite (block, 1 << 20, data, sizeof data), ==, sizeof data);
  block_close (block);
  test_check_clean (path, false);
}

static void
test_repair (void)
{
  g_autofree char *image = g_memdup2 (original, original_size);
  memset (image + 2 * CLUSTER, 0, CLUSTER); /* all refcounts gone */
  repair_and_compare (image, 5);
  memcpy (image, original, original_size);
  put (image, CLUSTER, 8, 0); /* the only refcount block gone */
  repair_and_compare (image, 5);
  memcpy (image, original, original_size);
  put (image, CLUSTER, 8, 4 * CLUSTER); /* it is an L2 table */
  repair_and_compare (image, 1);
  memcpy (image, original, original_size);
  for (unsigned i = 0; i < 40; i++) /* leaks, and too few */
    put (image, 2 * CLUSTER + i * 2, 2, i % 3);
  repair_and_compare (image, 10);
  memcpy (image, original, original_size);
  uint64_t l2 = get (image, 3 * CLUSTER, 8) & 0xffffffffffff;
  put (image, l2, 8, get (image, l2, 8) & INT64_MAX); /* flags */
  put (image, 3 * CLUSTER, 8, l2);
  repair_and_compare (image, 2);
  memcpy (image, original, original_size);
  put (image, 72, 8, 2); /* the corrupt bit, for no reason */
  repair_and_compare (image, 0);
}

/* ---- Noise ---- */

static void
use_and_close (Block *block, GRand *random)
{
  g_autofree uint8_t *data = g_malloc (64 << 10);
  uint64_t size = MIN (block_size (block), UINT64_C (1) << 40);
  for (unsigned i = 0; i < 12 && size >= 65536; i++) {
    uint64_t at = (uint64_t)(g_rand_double (random) * (double)(size / 512)) * 512;
    uint64_t n = MIN (65536, size - at);
    BlockExtent extent;
    switch (g_rand_int_range (random, 0, 6)) {
      case 0: block_pread (block, at, data, n); break;
      case 1: block_pwrite (block, at, data, n); break;
      case 2: block_pwrite_zeroes (block, at, n, BLOCK_REQ_MAY_UNMAP); break;
      case 3: block_discard (block, at, n); break;
      case 4: block_extent (block, at, n, &extent); break;
      default: block_flush (block); break;
    }
  }
  g_autoptr (BlockInfo) info = block_info (block, NULL);
  block_close (block);
}

static void
test_noise (void)
{
  GRand *random = g_rand_new_with_seed (3);
  unsigned opened = 0, rounds = g_test_slow () ? 20000 : 600;
  for (unsigned i = 0; i < rounds; i++) {
    g_autofree char *image = g_memdup2 (original, original_size);
    for (unsigned j = 0; j < 1 + i % 4; j++) {
      uint64_t at = (uint64_t)g_rand_int_range (random, 0, g_rand_boolean (random) ? 112 : 7 * CLUSTER);
      image[at] = (char)g_rand_int (random);
    }
    g_assert_true (g_file_set_contents (path, image, (gssize)original_size, NULL));
    Block *block =
        block_open (path,
                    &(BlockOptions){
                        .format = "qcow2", .no_backing = true, .discard = true, .cache = BLOCK_CACHE_UNSAFE },
                    NULL);
    if (block) {
      opened++;
      use_and_close (block, random);
    } else if (!(get (image, 72, 8) & 1)) /* of which the repair may have failed half-way */
      assert_untouched (image);
    BlockCheck check;
    block_check (path, &(BlockOptions){ .format = "qcow2" }, i % 2 ? BLOCK_REPAIR_ALL : 0, NULL, NULL, NULL,
                 &check, NULL);
  }
  g_assert_cmpuint (opened, >, rounds / 10);
  g_rand_free (random);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  make_original ();
  for (unsigned i = 0; i < G_N_ELEMENTS (lies); i++) {
    g_autofree char *name = g_strconcat ("/block/hostile/lie/", lies[i].name, NULL);
    g_test_add_data_func (name, &lies[i], test_lie);
  }
  g_test_add_func ("/block/hostile/bad-l2", test_bad_l2);
  g_test_add_func ("/block/hostile/bad-compressed", test_bad_compressed);
  g_test_add_func ("/block/hostile/refcount-lie", test_refcount_lie);
  g_test_add_func ("/block/hostile/repair", test_repair);
  g_test_add_func ("/block/hostile/noise", test_noise);
  int result = g_test_run ();
  g_free (path);
  g_free (original);
  return result;
}
