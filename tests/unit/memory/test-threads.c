/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Readers on several threads while the map changes: they see the old view or the new one, and never a region
 * that memory_quiesce() has let be freed. */

#include "memory.h"

#include <string.h>

#define N_READERS 3

typedef struct {
  MemoryRegion region;
  MmioOps ops;
  uint64_t magic;
  unsigned inside; /* threads in the callback */
} Victim;

static MemoryMap *map;
static bool quit;
static uint64_t n_reads;

static uint64_t
victim_read (void *opaque, uint64_t offset, unsigned size)
{
  Victim *victim = opaque;
  __atomic_fetch_add (&victim->inside, 1, __ATOMIC_SEQ_CST);
  uint64_t magic = __atomic_load_n (&victim->magic, __ATOMIC_SEQ_CST);
  for (unsigned i = 0; i < 200; i++)
    __asm__ volatile ("" ::: "memory");
  __atomic_fetch_sub (&victim->inside, 1, __ATOMIC_SEQ_CST);
  return magic;
}

static gpointer
reader_thread (gpointer data)
{
  uint64_t value, n = 0;
  MemorySection section;
  for (; !__atomic_load_n (&quit, __ATOMIC_RELAXED); n++) {
    MemoryResult result = memory_read (map, 0x1000, 8, &value);
    if (result == MEMORY_OK)
      g_assert_cmphex (value, ==, 0xfeedface);
    else
      g_assert_cmpint (result, ==, MEMORY_NOTHING);
    /* RAM stays where it is. */
    g_assert_true (memory_find (map, 0x100000, &section));
    g_assert_cmpint (memory_read (map, 0x100008, 8, &value), ==, MEMORY_OK);
    g_assert_cmpuint (value, ==, 42);
  }
  __atomic_fetch_add (&n_reads, n, __ATOMIC_RELAXED);
  return NULL;
}

static Victim *
victim_new (void)
{
  Victim *victim = g_new0 (Victim, 1);
  victim->magic = 0xfeedface;
  victim->ops = (MmioOps){ .read = victim_read };
  victim->region = (MemoryRegion){
    .name = "victim", .kind = MEMORY_MMIO, .size = 0x100, .ops = &victim->ops, .opaque = victim
  };
  return victim;
}

static void
test_quiesce (void)
{
  g_autoptr (GError) error = NULL;
  RamBlock *block = ram_block_new ("ram", RAM_PAGE_SIZE, &error);
  g_assert_no_error (error);
  MemoryRegion ram = { .name = "ram", .kind = MEMORY_RAM, .size = block->size, .ram = block };
  GThread *threads[N_READERS];
  map = memory_map_new (64);
  block->host[8] = 42;
  memory_region_map (map, &ram, 0x100000);
  for (unsigned i = 0; i < N_READERS; i++)
    threads[i] = g_thread_new ("reader", reader_thread, NULL);
  int64_t until = g_get_monotonic_time () + G_USEC_PER_SEC;
  while (g_get_monotonic_time () < until) {
    Victim *victim = victim_new ();
    memory_region_map (map, &victim->region, 0x1000);
    g_usleep (20);
    memory_region_unmap (&victim->region);
    memory_quiesce (map);
    g_assert_cmpuint (__atomic_load_n (&victim->inside, __ATOMIC_SEQ_CST), ==, 0);
    memset (victim, 0xdd, sizeof *victim);
    g_free (victim);
  }
  __atomic_store_n (&quit, true, __ATOMIC_RELAXED);
  for (unsigned i = 0; i < N_READERS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (n_reads, >, 0);
  memory_map_free (map);
  ram_block_free (block);
}

/* Blocks come and go while others are looked for. */
static gpointer
finder_thread (gpointer data)
{
  RamBlock *block = data;
  while (!__atomic_load_n (&quit, __ATOMIC_RELAXED)) {
    g_assert_true (ram_block_find (block->start + 5) == block);
    g_assert_null (ram_block_find (block->start + block->size));
  }
  return NULL;
}

static void
test_find_race (void)
{
  RamBlock *first = ram_block_new ("first", 1, NULL), *block = ram_block_new ("block", 1, NULL);
  quit = false;
  GThread *thread = g_thread_new ("finder", finder_thread, block);
  int64_t until = g_get_monotonic_time () + G_USEC_PER_SEC / 4;
  while (g_get_monotonic_time () < until) {
    ram_block_free (first);
    first = ram_block_new ("first", 1, NULL);
    g_assert_nonnull (first);
  }
  __atomic_store_n (&quit, true, __ATOMIC_RELAXED);
  g_thread_join (thread);
  ram_block_free (first);
  ram_block_free (block);
}

/* Threads that have ended hold nothing up, and their records serve others. */
static gpointer
short_thread (gpointer data)
{
  MemorySection section;
  return GINT_TO_POINTER (memory_find (data, 0, &section));
}

static void
test_ended_threads (void)
{
  map = memory_map_new (64);
  for (unsigned i = 0; i < 300; i++)
    g_assert_null (g_thread_join (g_thread_new ("short", short_thread, map)));
  memory_quiesce (map);
  memory_map_free (map);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/quiesce", test_quiesce);
  g_test_add_func ("/memory/find-race", test_find_race);
  g_test_add_func ("/memory/ended-threads", test_ended_threads);
  return g_test_run ();
}
