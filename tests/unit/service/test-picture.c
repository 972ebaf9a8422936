/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Pictures of screens, which a machine that is not what it was may have made. */

#include "machine-item.h"

#include <string.h>

static GBytes *
convert (unsigned width, unsigned height, size_t bytes, unsigned max_width)
{
  g_autofree char *head = g_strdup_printf ("P6\n%u %u\n255\n", width, height);
  const size_t size = strlen (head) + bytes;
  g_autofree uint8_t *data = g_malloc0 (size);
  memcpy (data, head, strlen (head));
  return vt_picture_from_ppm (data, size, max_width, NULL);
}

static void
check_size (GBytes *png, uint32_t width, uint32_t height)
{
  uint32_t size[2];
  gsize length;
  const uint8_t *data = g_bytes_get_data (png, &length);
  g_assert_cmpuint (length, >, 33);
  g_assert_cmpmem (data, 4, "\x89PNG", 4);
  memcpy (size, data + 16, sizeof size);
  g_assert_cmpuint (GUINT32_FROM_BE (size[0]), ==, width);
  g_assert_cmpuint (GUINT32_FROM_BE (size[1]), ==, height);
  g_assert_cmpmem (data + length - 8, 4, "IEND", 4);
}

static void
test_sizes (void)
{
  g_autoptr (GBytes) whole = convert (40, 30, 40 * 30 * 3, 0);
  g_autoptr (GBytes) half = convert (40, 30, 40 * 30 * 3, 20);
  g_autoptr (GBytes) flat = convert (4000, 1, 12000, 10);
  g_autoptr (GBytes) wider = convert (40, 30, 40 * 30 * 3, 400);
  check_size (whole, 40, 30);
  check_size (half, 20, 15);
  check_size (flat, 10, 1);
  check_size (wider, 40, 30);
}

static void
test_refused (void)
{
  g_assert_null (convert (40, 30, 40 * 30 * 3 - 1, 0));
  g_assert_null (convert (0, 30, 100, 0));
  g_assert_null (convert (16385, 1, 16385 * 3, 0));
  /* All of it is there, but nobody has such a screen. */
  g_assert_null (convert (16384, 4097, (size_t)16384 * 4097 * 3, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/picture/sizes", test_sizes);
  g_test_add_func ("/picture/refused", test_refused);
  return g_test_run ();
}
