/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory.h"

static uint64_t
remap (uint64_t old, uint64_t old_size, uint64_t size, int flags, uint64_t new)
{
  int64_t at = user_mremap (old, old_size, size, flags, new);
  g_assert_cmpint (at, >, 0);
  return (uint64_t)at;
}

static void
assert_byte (uint64_t at, char want)
{
  char c = 0;
  g_assert_cmpint (user_read (&c, at, 1), ==, 0);
  g_assert_cmpint (c, ==, want);
}

static void
test_errors (void)
{
  uint64_t at = map_anon (0x1000000, PAGES (4), RW);
  g_assert_cmpint (user_mremap (at + 1, PAGES (1), PAGES (2), 0, 0), ==, -EINVAL);
  g_assert_cmpint (user_mremap (at, PAGES (1), 0, 0, 0), ==, -EINVAL);
  g_assert_cmpint (user_mremap (at, PAGES (1), PAGES (2), 0x10, 0), ==, -EINVAL);
  g_assert_cmpint (user_mremap (at, PAGES (1), PAGES (2), MREMAP_FIXED, 0x2000000), ==, -EINVAL);
  g_assert_cmpint (user_mremap (at, PAGES (1), PAGES (2), MREMAP_FIXED | MREMAP_MAYMOVE, at), ==, -EINVAL);
  g_assert_cmpint (user_mremap (at, PAGES (1), PAGES (1), MREMAP_FIXED | MREMAP_MAYMOVE, user_task_size ()),
                   ==, -EINVAL);
  g_assert_cmpint (user_mremap (at, PAGES (8), PAGES (9), MREMAP_MAYMOVE, 0), ==, -EFAULT);
  g_assert_cmpint (user_mremap (0x2000000, PAGES (1), PAGES (2), MREMAP_MAYMOVE, 0), ==, -EFAULT);
  /* No room to grow, and it must not move. */
  g_assert_cmpint (user_mremap (at, PAGES (1), PAGES (2), 0, 0), ==, -ENOMEM);
  g_assert_cmpint (user_mremap (at, PAGES (4), user_task_size (), MREMAP_MAYMOVE, 0), ==, -ENOMEM);
  g_assert_cmpint (user_mremap (at, 0, PAGES (4), MREMAP_MAYMOVE, 0), ==, -EINVAL);
  user_munmap (at, PAGES (4));
}

static void
test_in_place (void)
{
  uint64_t at = map_anon (0x1000000, PAGES (2), RW);
  user_write (at, "a", 1);
  g_assert_cmphex (remap (at, PAGES (2), PAGES (6), 0, 0), ==, at);
  g_assert_cmpint (user_write (at + PAGES (5), "b", 1), ==, 0);
  g_assert_cmphex (remap (at, PAGES (6), PAGES (1), 0, 0), ==, at);
  g_assert_cmpint (user_page_prot (at + PAGES (1)), ==, -1);
  char c;
  g_assert_cmpint (user_read (&c, at + PAGES (5), 1), ==, -EFAULT);
  assert_byte (at, 'a');
  user_munmap (at, PAGES (1));
}

static void
test_move (void)
{
  uint64_t at = map_anon (0x1000000, PAGES (2), RW), next = map_anon (0x1002000, PAGES (1), PROT_READ);
  user_write (at + PAGES (1), "m", 1);
  uint64_t moved = remap (at, PAGES (2), PAGES (3), MREMAP_MAYMOVE, 0);
  g_assert_cmphex (moved, !=, at);
  assert_byte (moved + PAGES (1), 'm');
  g_assert_cmpint (user_page_prot (at), ==, -1);
  g_assert_cmpint (user_page_prot (next), ==, PROT_READ);
  /* Over something else, which goes. */
  g_assert_cmphex (remap (moved, PAGES (3), PAGES (3), MREMAP_MAYMOVE | MREMAP_FIXED, next), ==, next);
  assert_byte (next + PAGES (1), 'm');
  g_assert_cmpint (user_page_prot (next), ==, RW);
  g_assert_cmpint (user_page_prot (moved), ==, -1);
  /* The old place is free for a new mapping, and empty. */
  g_assert_cmphex (map_anon (moved, PAGES (3), RW), ==, moved);
  assert_byte (moved + PAGES (1), 0);
  user_munmap (moved, PAGES (3));
  user_munmap (next, PAGES (3));
}

static void
test_keep_old (void)
{
  uint64_t at = map_anon (0x1000000, PAGES (1), RW);
  user_write (at, "k", 1);
  uint64_t moved = remap (at, PAGES (1), PAGES (1), MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
  assert_byte (moved, 'k');
  assert_byte (at, 0);
  g_assert_cmpint (user_page_prot (at), ==, RW);
  user_munmap (at, PAGES (1));
  user_munmap (moved, PAGES (1));
}

static void
test_second_view (void)
{
  int64_t at = user_mmap (0, PAGES (1), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_cmpint (at, >, 0);
  uint64_t view = remap ((uint64_t)at, 0, PAGES (1), MREMAP_MAYMOVE, 0);
  user_write (view, "v", 1);
  assert_byte ((uint64_t)at, 'v');
  user_munmap ((uint64_t)at, PAGES (1));
  user_munmap (view, PAGES (1));
}

static void
test_code (void)
{
  uint64_t at = map_anon (0x1000000, PAGES (1), PROT_READ | PROT_EXEC);
  invalidations = 0;
  uint64_t moved = remap (at, PAGES (1), PAGES (1), MREMAP_MAYMOVE | MREMAP_FIXED, 0x2000000);
  g_assert_cmpuint (invalidations, ==, 1);
  g_assert_cmphex (invalidated_start, ==, at);
  g_assert_cmpint (user_page_prot (moved), ==, PROT_READ | PROT_EXEC);
  user_munmap (moved, PAGES (1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  memory_init (64);
  g_test_add_func ("/mremap/errors", test_errors);
  g_test_add_func ("/mremap/in-place", test_in_place);
  g_test_add_func ("/mremap/move", test_move);
  g_test_add_func ("/mremap/keep-old", test_keep_old);
  g_test_add_func ("/mremap/second-view", test_second_view);
  g_test_add_func ("/mremap/code", test_code);
  return g_test_run ();
}
