/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Random requests on images of all geometries, held against a copy in memory; the images against qemu-img. */

#include "block-test.h"

#include <string.h>

typedef struct {
  const char *name, *options;
  uint64_t size, cluster;
  const char *backing; /* format of a backing file, smaller than the image */
  BlockCache cache;
  bool v2, compress;
} Geometry;

static const Geometry geometries[] = {
  { "default", "", 6 << 20 | 1536, 65536 },
  { "clusters-512", "cluster_size=512", 1 << 20 | 512, 512, .compress = true },
  { "clusters-512-refcounts-64", "cluster_size=512,refcount_bits=64", 1 << 20, 512 },
  { "clusters-4k-refcounts-1", "cluster_size=4096,refcount_bits=1", 3 << 20, 4096, .compress = true },
  { "clusters-4k-refcounts-2", "cluster_size=4096,refcount_bits=2", 3 << 20, 4096, .compress = true },
  { "clusters-2m", "cluster_size=2M", 21 << 20 | 1024, 2 << 20 },
  { "v2", "compat=0.10", 6 << 20, 65536, .v2 = true, .compress = true },
  { "v2-backing", "compat=0.10,cluster_size=4096", 2 << 20, 4096, .backing = "raw", .v2 = true },
  { "lazy", "lazy_refcounts=on,cluster_size=4096", 2 << 20, 4096, .compress = true },
  { "extended", "extended_l2=on,cluster_size=16k", 4 << 20 | 512, 16384, .compress = true },
  { "extended-backing", "extended_l2=on", 6 << 20, 65536, .backing = "qcow2" },
  { "zstd", "compression_type=zstd", 6 << 20, 65536, .compress = true },
  { "backing-raw", "cluster_size=4096", 3 << 20, 4096, .backing = "raw", .compress = true },
  { "backing-qcow2", "", 6 << 20, 65536, .backing = "qcow2" },
  { "writethrough", "cluster_size=4096", 1 << 20, 4096, .cache = BLOCK_CACHE_WRITETHROUGH },
  { "direct", "cluster_size=4096", 2 << 20, 4096, .cache = BLOCK_CACHE_NONE, .compress = true },
  { "direct-512", "cluster_size=512", 1 << 20, 512, .cache = BLOCK_CACHE_NONE, .compress = true },
  { "preallocated", "preallocation=metadata", 6 << 20, 65536 },
  { "preallocated-extended", "preallocation=full,extended_l2=on", 4 << 20, 65536 },
};

typedef struct {
  const Geometry *geometry;
  char *path;
  Block *block;
  uint8_t *model, *buffer;
  uint64_t size, capacity;
  GRand *random;
} State;

static void
open_image (State *t)
{
  BlockOptions options = { .format = "qcow2",
                           .cache = t->geometry->cache,
                           .discard = true,
                           .detect_zeroes = g_rand_int_range (t->random, 0, 2),
                           .l2_cache_size = 1 };
  g_autoptr (GError) error = NULL;
  t->block = block_open (t->path, &options, &error);
  g_assert_no_error (error);
}

static uint64_t
below (State *t, uint64_t n)
{
  return (((uint64_t)g_rand_int (t->random) << 32) | g_rand_int (t->random)) % n;
}

static void
range (State *t, uint64_t most, uint64_t *ret_offset, uint64_t *ret_size)
{
  uint64_t sectors = t->size / 512;
  *ret_offset = below (t, sectors) * 512;
  uint64_t size = (1 + below (t, most / 512)) * 512;
  *ret_size = MIN (size, t->size - *ret_offset);
}

static void
do_write (State *t)
{
  uint64_t offset, size;
  range (t, below (t, 4) ? 16384 : 400 << 10, &offset, &size);
  if (below (t, 8))
    test_fill (t->buffer, size, g_rand_int (t->random));
  else
    memset (t->buffer, 0, size);
  g_assert_cmpint (block_pwrite (t->block, offset, t->buffer, size), ==, (int)size);
  memcpy (t->model + offset, t->buffer, size);
}

static void
do_read (State *t)
{
  uint64_t offset, size;
  range (t, 400 << 10, &offset, &size);
  g_assert_cmpint (block_pread (t->block, offset, t->buffer, size), ==, (int)size);
  g_assert_cmpmem (t->buffer, size, t->model + offset, size);
}

static void
do_zeroes (State *t)
{
  uint64_t offset, size;
  range (t, 600 << 10, &offset, &size);
  g_assert_cmpint (block_pwrite_zeroes (t->block, offset, size, below (t, 2) ? BLOCK_REQ_MAY_UNMAP : 0), ==,
                   0);
  memset (t->model + offset, 0, size);
}

/* What is promised of a discard here: whole clusters read as zeroes, but for version 2 with a backing file.
 */
static void
do_discard (State *t)
{
  uint64_t offset, size, cluster = t->geometry->cluster;
  range (t, 600 << 10, &offset, &size);
  g_assert_cmpint (block_discard (t->block, offset, size), ==, 0);
  uint64_t first = (offset + cluster - 1) / cluster * cluster, end = offset + size;
  if (end != t->size)
    end = end / cluster * cluster;
  if (end > first && !(t->geometry->v2 && t->geometry->backing))
    memset (t->model + first, 0, end - first);
}

static void
do_compressed (State *t)
{
  uint64_t cluster = t->geometry->cluster, offset = below (t, (t->size + cluster - 1) / cluster) * cluster;
  uint64_t size = MIN (cluster, t->size - offset);
  test_fill (t->buffer, size, g_rand_int (t->random));
  /* A part of it compresses well, and then there is what does not. */
  if (below (t, 4))
    memset (t->buffer + size / 4, 7, size - size / 4);
  g_assert_cmpint (block_pwrite_compressed (t->block, offset, t->buffer, size), ==, (int)size);
  memcpy (t->model + offset, t->buffer, size);
}

static void
do_resize (State *t)
{
  uint64_t size = 4096 + below (t, t->capacity / 512 - 8) * 512;
  g_autoptr (GError) error = NULL;
  block_resize (t->block, size, true, &error);
  g_assert_no_error (error);
  if (size < t->size)
    memset (t->model + size, 0, t->size - size);
  t->size = size;
}

static void
do_reopen (State *t)
{
  block_close (t->block);
  test_check_clean (t->path, false);
  open_image (t);
  test_same (t->block, t->model, t->size);
}

static void
do_something (State *t)
{
  switch (below (t, 40)) {
    case 0: g_assert_cmpint (block_flush (t->block), ==, 0); break;
    case 1:
      if (!below (t, 12))
        do_reopen (t);
      break;
    case 2:
      if (!below (t, 4))
        do_resize (t);
      break;
    case 3 ... 5: do_zeroes (t); break;
    case 6 ... 8: do_discard (t); break;
    case 9 ... 12:
      if (t->geometry->compress)
        do_compressed (t);
      break;
    case 13 ... 22: do_read (t); break;
    default: do_write (t); break;
  }
}

static void
make_backing (State *t, const char *path)
{
  uint64_t size = t->size / 2 / 512 * 512 + 512;
  test_create (path, t->geometry->backing, size, "");
  test_fill (t->model, size, 99);
  memset (t->model + size / 4, 0, size / 4);
  Block *block = test_open (path, &(BlockOptions){ .format = t->geometry->backing });
  g_assert_cmpint (block_pwrite (block, 0, t->model, size), ==, (int)size);
  block_close (block);
}

static void
test_model (const void *data)
{
  const Geometry *geometry = data;
  State t = { .geometry = geometry, .size = geometry->size, .random = g_rand_new_with_seed (1) };
  if (g_test_slow ())
    g_rand_set_seed (t.random, g_random_int ());
  t.capacity = t.size * 2;
  t.model = g_malloc0 (t.capacity);
  t.buffer = g_malloc (4 << 20);
  t.path = test_path ("model.qcow2");
  g_autofree char *backing = test_path ("model-backing"), *raw = test_path ("model.raw");
  if (geometry->backing) {
    make_backing (&t, backing);
    test_create_backed (t.path, t.size, "model-backing", geometry->backing, geometry->options);
  } else
    test_create (t.path, "qcow2", t.size, geometry->options);
  test_check_clean (t.path, false);
  open_image (&t);
  test_same (t.block, t.model, t.size);
  unsigned rounds = g_test_slow () ? 6000 : 300;
  for (unsigned i = 0; i < rounds; i++)
    do_something (&t);
  do_reopen (&t);
  block_close (t.block);
  g_autofree char *program = g_find_program_in_path ("qemu-img");
  g_autofree char *output = NULL;
  g_file_set_contents (raw, (const char *)t.model, (gssize)t.size, NULL);
  if (program && test_command (&output, "qemu-img compare -f qcow2 -F raw %s %s", t.path, raw) != 0)
    g_error ("qemu-img compare: %s", output);
  g_rand_free (t.random);
  g_free (t.model);
  g_free (t.buffer);
  g_free (t.path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (geometries); i++) {
    g_autofree char *name = g_strconcat ("/block/model/", geometries[i].name, NULL);
    g_test_add_data_func (name, &geometries[i], test_model);
  }
  return g_test_run ();
}
