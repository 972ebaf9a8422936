/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ram.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
  unsigned n;
  uint64_t addr[8], size[8];
} code_writes;
static unsigned n_watches;
static uint64_t last_watched;

static void
code_written (uint64_t ram_addr, uint64_t size)
{
  if (code_writes.n < G_N_ELEMENTS (code_writes.addr)) {
    code_writes.addr[code_writes.n] = ram_addr;
    code_writes.size[code_writes.n] = size;
  }
  code_writes.n++;
}

static void
watch (RamBlock *block, uint64_t page)
{
  n_watches++;
  last_watched = page;
}

static RamBlock *
new_block (uint64_t size)
{
  g_autoptr (GError) error = NULL;
  RamBlock *block = ram_block_new ("test", size, &error);
  g_assert_no_error (error);
  return block;
}

static void
test_block (void)
{
  RamBlock *block = new_block (3 * RAM_PAGE_SIZE - 5);
  g_assert_cmpuint (block->size, ==, 3 * RAM_PAGE_SIZE);
  g_assert_cmpstr (block->name, ==, "test");
  g_assert_cmpuint (block->start, >=, UINT64_C (1) << 40);
  for (uint64_t i = 0; i < block->size; i++)
    g_assert_cmpuint (block->host[i], ==, 0);
  block->host[5] = 42;
  uint8_t byte;
  g_assert_cmpint (pread (block->fd, &byte, 1, 5), ==, 1);
  g_assert_cmpuint (byte, ==, 42);
  /* Whoever else has the descriptor cannot take the memory away. */
  g_assert_cmpint (ftruncate (block->fd, 0), ==, -1);
  g_assert_true (fcntl (block->fd, F_GETFD) & FD_CLOEXEC);
  ram_block_free (block);
  ram_block_free (NULL);
}

static void
test_untouched_costs_nothing (void)
{
  RamBlock *block = new_block (UINT64_C (512) << 20);
  struct stat st;
  g_assert_cmpint (fstat (block->fd, &st), ==, 0);
  g_assert_cmpint (st.st_blocks, ==, 0);
  ram_block_free (block);
}

static void
test_find (void)
{
  RamBlock *a = new_block (RAM_PAGE_SIZE), *b = new_block (RAM_PAGE_SIZE * 2);
  uint64_t a_start = a->start;
  g_assert_true (ram_block_find (a->start) == a);
  g_assert_true (ram_block_find (a->start + a->size - 1) == a);
  g_assert_null (ram_block_find (a->start + a->size));
  g_assert_null (ram_block_find (a->start - 1));
  g_assert_true (ram_block_find (b->start + b->size - 1) == b);
  g_assert_null (ram_block_find (0));
  g_assert_null (ram_block_find (UINT64_MAX));
  /* There is room between blocks, and a place is never given twice. */
  g_assert_cmpuint (b->start - (a->start + a->size), >=, UINT64_C (1) << 30);
  ram_block_free (a);
  g_assert_null (ram_block_find (a_start));
  RamBlock *c = new_block (RAM_PAGE_SIZE);
  g_assert_cmpuint (c->start, >, b->start);
  g_assert_null (ram_block_find (a_start));
  g_assert_true (ram_block_find (c->start) == c);
  ram_block_free (b);
  ram_block_free (c);
}

static void
expect_refusal (uint64_t size, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (ram_block_new ("pc.ram", size, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "pc.ram"));
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_refused (void)
{
  struct rlimit before, limit;
  expect_refusal (0, "0 bytes");
  expect_refusal (UINT64_MAX, "64 TiB");
  expect_refusal ((UINT64_C (1) << 46) + 1, "64 TiB");
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  limit = (struct rlimit){ .rlim_cur = 1 << 20, .rlim_max = before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  expect_refusal (2 << 20, "ulimit -f");
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpint (getrlimit (RLIMIT_AS, &before), ==, 0);
  limit = (struct rlimit){ .rlim_cur = UINT64_C (1) << 30, .rlim_max = before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
  expect_refusal (UINT64_C (1) << 30, "ulimit -v");
  g_assert_cmpint (setrlimit (RLIMIT_AS, &before), ==, 0);
#endif
}

static void
test_too_many (void)
{
  g_autoptr (GPtrArray) blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)ram_block_free);
  g_autoptr (GError) error = NULL;
  RamBlock *block;
  while ((block = ram_block_new ("small", 1, &error)) != NULL && blocks->len < 10000)
    g_ptr_array_add (blocks, block);
  g_assert_nonnull (error);
  g_assert_cmpuint (blocks->len, >=, 200);
  for (guint i = 0; i < blocks->len; i++)
    g_assert_true (ram_block_find (((RamBlock *)blocks->pdata[i])->start) == blocks->pdata[i]);
}

static void
test_code_written (void)
{
  RamBlock *block = new_block (4 * RAM_PAGE_SIZE);
  block->pages[1].watch = RAM_WATCH_CODE;
  block->pages[1].code = UINT64_C (1) << 2 | UINT64_C (1) << 63; /* bytes 128 to 191, 4032 to 4095 */
  block->pages[2].code = ~UINT64_C (0);                          /* not watched */
  code_writes.n = 0;
  ram_written (block, RAM_PAGE_SIZE, 128);
  ram_written (block, RAM_PAGE_SIZE + 192, 8);
  ram_written (block, 0, RAM_PAGE_SIZE);
  ram_written (block, 2 * RAM_PAGE_SIZE, 2 * RAM_PAGE_SIZE);
  ram_written (block, RAM_PAGE_SIZE + 128, 0);
  ram_written (block, block->size, 100);
  ram_written (block, UINT64_MAX, UINT64_MAX);
  g_assert_cmpuint (code_writes.n, ==, 0);
  ram_written (block, RAM_PAGE_SIZE + 191, 1);
  ram_written (block, RAM_PAGE_SIZE + 120, 9);
  ram_written (block, RAM_PAGE_SIZE + 4095, UINT64_MAX);
  g_assert_cmpuint (code_writes.n, ==, 3);
  g_assert_cmpuint (code_writes.addr[0], ==, block->start + RAM_PAGE_SIZE + 191);
  g_assert_cmpuint (code_writes.size[0], ==, 1);
  g_assert_cmpuint (code_writes.addr[1], ==, block->start + RAM_PAGE_SIZE + 120);
  g_assert_cmpuint (code_writes.size[1], ==, 9);
  g_assert_cmpuint (code_writes.addr[2], ==, block->start + RAM_PAGE_SIZE + 4095);
  g_assert_cmpuint (code_writes.size[2], ==, 1);
  ram_block_free (block);
}

static void
test_log (void)
{
  RamBlock *block = new_block (130 * RAM_PAGE_SIZE);
  uint64_t bits[3];
  memset (bits, 0xff, sizeof bits);
  g_assert_cmpuint (ram_clean (block, 0, block->size, bits), ==, 0);
  g_assert_cmpuint (bits[0] | bits[1] | bits[2], ==, 0);
  ram_log_start (block);
  n_watches = 0;
  g_assert_cmpuint (ram_clean (block, 0, block->size, bits), ==, 130);
  g_assert_cmpuint (bits[0], ==, ~UINT64_C (0));
  g_assert_cmpuint (bits[2], ==, 3);
  g_assert_cmpuint (n_watches, ==, 130);
  for (unsigned i = 0; i < 130; i++)
    g_assert_cmpuint (block->pages[i].watch, ==, RAM_WATCH_DIRTY);
  g_assert_cmpuint (ram_clean (block, 0, block->size, NULL), ==, 0);

  /* A bulk write, and a page marked by a checked store: both end the watch. */
  ram_written (block, 70 * RAM_PAGE_SIZE - 1, 2);
  ram_mark_dirty (block, 129);
  ram_mark_dirty (block, 130);
  ram_mark_dirty (block, UINT64_MAX);
  g_assert_cmpuint (block->pages[69].watch | block->pages[70].watch | block->pages[129].watch, ==, 0);
  g_assert_cmpuint (block->pages[71].watch, ==, RAM_WATCH_DIRTY);

  /* Bits are numbered from the range's first page; others stay. */
  n_watches = 0;
  g_assert_cmpuint (ram_clean (block, 70 * RAM_PAGE_SIZE + 5, 60 * RAM_PAGE_SIZE, bits), ==, 2);
  g_assert_cmpuint (bits[0], ==, 1 | UINT64_C (1) << 59);
  g_assert_cmpuint (n_watches, ==, 2);
  g_assert_cmpuint (last_watched, ==, 129);
  g_assert_cmpuint (ram_clean (block, 0, UINT64_MAX, bits), ==, 1);
  g_assert_cmpuint (bits[1], ==, UINT64_C (1) << (69 - 64));
  g_assert_cmpuint (ram_clean (block, block->size, 1, bits), ==, 0);
  g_assert_cmpuint (ram_clean (block, 0, 0, bits), ==, 0);
  ram_log_stop (block);
  ram_written (block, 0, block->size); /* ends what watches are left */
  g_assert_cmpuint (block->pages[71].watch, ==, 0);
  ram_block_free (block);
}

static void
test_log_counts (void)
{
  RamBlock *block = new_block (RAM_PAGE_SIZE);
  ram_log_start (block);
  ram_clean (block, 0, block->size, NULL);
  ram_log_start (block);
  g_assert_cmpuint (ram_clean (block, 0, block->size, NULL), ==, 1);
  ram_log_stop (block);
  ram_written (block, 0, 1);
  g_assert_cmpuint (ram_clean (block, 0, block->size, NULL), ==, 1);
  ram_log_stop (block);
  g_assert_null (block->dirty);
  ram_log_stop (block);
  ram_log_start (block);
  g_assert_cmpuint (ram_clean (block, 0, block->size, NULL), ==, 1);
  ram_block_free (block);
}

/* One thread stores and says so, another takes the notes: what was stored last must be known in the end. */
typedef struct {
  RamBlock *block;
  bool quit;
} Race;

static gpointer
storing_thread (gpointer data)
{
  Race *race = data;
  for (unsigned i = 0; !__atomic_load_n (&race->quit, __ATOMIC_ACQUIRE); i++) {
    uint64_t page = i % 8;
    uint8_t *byte = &race->block->host[page * RAM_PAGE_SIZE];
    __atomic_store_n (byte, (uint8_t)(*byte + 1), __ATOMIC_RELEASE);
    if (i & 8)
      ram_written (race->block, page * RAM_PAGE_SIZE, 1);
    else
      ram_mark_dirty (race->block, page);
  }
  return NULL;
}

static void
test_log_race (void)
{
  Race race = { .block = new_block (8 * RAM_PAGE_SIZE) };
  uint8_t seen[8] = { 0 };
  ram_log_start (race.block);
  GThread *thread = g_thread_new ("store", storing_thread, &race);
  int64_t until = g_get_monotonic_time () + G_USEC_PER_SEC / 4;
  for (bool last = false; !last;) {
    uint64_t bits = 0;
    if (g_get_monotonic_time () > until) {
      __atomic_store_n (&race.quit, true, __ATOMIC_RELEASE);
      g_thread_join (thread);
      last = true;
    }
    ram_clean (race.block, 0, race.block->size, &bits);
    for (unsigned i = 0; i < 8; i++)
      if (bits >> i & 1)
        seen[i] = __atomic_load_n (&race.block->host[i * RAM_PAGE_SIZE], __ATOMIC_ACQUIRE);
  }
  for (unsigned i = 0; i < 8; i++)
    g_assert_cmpuint (seen[i], ==, race.block->host[i * RAM_PAGE_SIZE]);
  ram_block_free (race.block);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ram_hooks = (RamHooks){ code_written, watch };
  g_test_add_func ("/ram/block", test_block);
  g_test_add_func ("/ram/untouched-costs-nothing", test_untouched_costs_nothing);
  g_test_add_func ("/ram/find", test_find);
  g_test_add_func ("/ram/refused", test_refused);
  g_test_add_func ("/ram/too-many", test_too_many);
  g_test_add_func ("/ram/code-written", test_code_written);
  g_test_add_func ("/ram/log", test_log);
  g_test_add_func ("/ram/log-counts", test_log_counts);
  g_test_add_func ("/ram/log-race", test_log_race);
  return g_test_run ();
}
