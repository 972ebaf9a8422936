/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the tests of device trees ask of them. */

#include <glib.h>
#include <libfdt.h>

static inline const void *
prop (const void *tree, const char *path, const char *name, int *ret_size)
{
  int node = fdt_path_offset (tree, path);

  g_assert_cmpint (node, >=, 0);
  const void *data = fdt_getprop (tree, node, name, ret_size);
  if (data == NULL)
    g_error ("%s has no %s", path, name);
  return data;
}

static inline void
assert_cells (const void *tree, const char *path, const char *name, const uint32_t *cells, size_t n)
{
  int size;
  const fdt32_t *data = prop (tree, path, name, &size);

  g_assert_cmpint (size, ==, (int)(4 * n));
  for (size_t i = 0; i < n; i++)
    g_assert_cmphex (fdt32_to_cpu (data[i]), ==, cells[i]);
}
#define assert_list(tree, path, name, ...)                                                                   \
  assert_cells (tree, path, name, (const uint32_t[]){ __VA_ARGS__ },                                         \
                sizeof ((const uint32_t[]){ __VA_ARGS__ }) / 4)

static inline void
assert_bytes (const void *tree, const char *path, const char *name, const char *bytes, int n)
{
  int size;
  const void *data = prop (tree, path, name, &size);

  g_assert_cmpmem (data, size, bytes, n);
}
/* With the string literal's own zero, and zeroes inside. */
#define assert_text(tree, path, name, text) assert_bytes (tree, path, name, text, sizeof text)

static inline uint32_t
cell (const void *tree, const char *path, const char *name)
{
  int size;
  const fdt32_t *data = prop (tree, path, name, &size);

  g_assert_cmpint (size, ==, 4);
  return fdt32_to_cpu (*data);
}

static inline const void *
tree_of (GBytes *fdt)
{
  gsize size;
  const void *tree = g_bytes_get_data (fdt, &size);

  g_assert_cmpint (fdt_check_full (tree, size), ==, 0);
  return tree;
}
