/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A process that writes to an image is killed at any moment: the image is clean, and what was flushed is
 * there. */

#include "block-test.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECTOR = 512, SLOT = 6144, N_SLOTS = 700, N_THREADS = 2, SIZE = SLOT * N_SLOTS };

/* What the writer says about each slot, in memory it shares with its parent. Versions count up. */
typedef struct {
  uint32_t issued, completed, flushed;
  uint32_t zeroed; /* the latest version that is all zeroes */
} SlotState;

typedef struct {
  uint8_t sector[SECTOR - 8];
  uint32_t slot, version;
} Sector;

static SlotState *states;

static void
fill_slot (Sector *sectors, uint32_t slot, uint32_t version)
{
  for (unsigned i = 0; i < SLOT / SECTOR; i++) {
    test_fill (sectors[i].sector, sizeof sectors[i].sector, slot * 131 + version + i);
    sectors[i].slot = slot;
    sectors[i].version = version;
  }
}

static void
write_slot (Block *block, uint32_t slot, uint32_t what)
{
  SlotState *state = &states[slot];
  Sector sectors[SLOT / SECTOR];
  uint32_t version = state->issued + 1;
  int result;
  if (what < 3)
    state->zeroed = version;
  state->issued = version;
  if (what == 0)
    result = block_discard (block, (uint64_t)slot * SLOT, SLOT);
  else if (what < 3)
    result = block_pwrite_zeroes (block, (uint64_t)slot * SLOT, SLOT, what == 1 ? BLOCK_REQ_MAY_UNMAP : 0);
  else {
    fill_slot (sectors, slot, version);
    result = block_pwrite (block, (uint64_t)slot * SLOT, sectors, SLOT);
  }
  if (result < 0)
    _exit (1);
  /* A discard need not do anything. */
  if (what != 0)
    state->completed = version;
}

typedef struct {
  Block *block;
  unsigned first;
  GRand *random;
} Writer;

static void *
write_on (void *data)
{
  Writer *writer = data;
  uint32_t completed[N_SLOTS];
  for (;;) {
    for (unsigned i = 0; i < 40; i++) {
      uint32_t slot =
          (uint32_t)g_rand_int_range (writer->random, 0, N_SLOTS / N_THREADS) * N_THREADS + writer->first;
      write_slot (writer->block, slot, (uint32_t)g_rand_int_range (writer->random, 0, 20));
    }
    for (unsigned i = writer->first; i < N_SLOTS; i += N_THREADS)
      completed[i] = states[i].completed;
    if (block_flush (writer->block) < 0)
      _exit (1);
    for (unsigned i = writer->first; i < N_SLOTS; i += N_THREADS)
      states[i].flushed = completed[i];
  }
  return NULL;
}

static void
run_writer (const char *path, BlockCache cache)
{
  g_autoptr (GError) error = NULL;
  Block *block = block_open (
      path, &(BlockOptions){ .format = "qcow2", .cache = cache, .discard = true, .l2_cache_size = 1 },
      &error);
  if (!block)
    _exit (2);
  Writer writers[N_THREADS];
  for (unsigned i = 0; i < N_THREADS; i++) {
    writers[i] = (Writer){ block, i, g_rand_new_with_seed ((uint32_t)getpid () + i) };
    g_thread_new ("writer", write_on, &writers[i]);
  }
  for (;;)
    pause ();
}

static void
verify_slot (const Sector *sectors, uint32_t slot)
{
  const SlotState *state = &states[slot];
  for (unsigned i = 0; i < SLOT / SECTOR; i++) {
    Sector expected[SLOT / SECTOR];
    bool zero = true;
    for (unsigned j = 0; j < SECTOR; j++)
      zero = zero && ((const uint8_t *)&sectors[i])[j] == 0;
    if (zero) {
      if (state->flushed > 0 && state->zeroed < state->flushed)
        g_error ("slot %u: version %u was flushed and is gone", slot, state->flushed);
      continue;
    }
    uint32_t version = sectors[i].version;
    if (sectors[i].slot != slot || version < state->flushed || version > state->issued)
      g_error ("slot %u has version %u of slot %u; %u was flushed and %u the last", slot, version,
               sectors[i].slot, state->flushed, state->issued);
    fill_slot (expected, slot, version);
    g_assert_cmpmem (&sectors[i], SECTOR, &expected[i], SECTOR);
  }
}

static void
verify (const char *path)
{
  Block *block = test_open (path, &(BlockOptions){ .format = "qcow2" });
  Sector sectors[SLOT / SECTOR];
  for (uint32_t slot = 0; slot < N_SLOTS; slot++) {
    g_assert_cmpint (block_pread (block, (uint64_t)slot * SLOT, sectors, SLOT), ==, SLOT);
    verify_slot (sectors, slot);
  }
  block_close (block);
}

/* The next round starts from what is there. */
static void
settle (const char *path)
{
  Block *block = test_open (path, &(BlockOptions){ .format = "qcow2" });
  Sector sectors[SLOT / SECTOR];
  for (uint32_t slot = 0; slot < N_SLOTS; slot++) {
    uint32_t version = ++states[slot].issued;
    fill_slot (sectors, slot, version);
    if (slot % 3 == 0)
      g_assert_cmpint (block_pwrite (block, (uint64_t)slot * SLOT, sectors, SLOT), ==, SLOT);
    states[slot].completed = states[slot].flushed = slot % 3 == 0 ? version : 0;
    if (slot % 3 != 0) {
      g_assert_cmpint (block_pwrite_zeroes (block, (uint64_t)slot * SLOT, SLOT, 0), ==, 0);
      states[slot].zeroed = states[slot].flushed = version;
    }
  }
  block_close (block);
}

static unsigned rounds = 4;

typedef struct {
  const char *name, *options;
  BlockCache cache;
  bool lazy; /* the refcounts are repaired when the image is opened again */
} Kind;

static const Kind kinds[] = {
  { "default", "", BLOCK_CACHE_WRITEBACK },
  { "clusters-512", "cluster_size=512", BLOCK_CACHE_WRITEBACK },
  { "v2", "compat=0.10,cluster_size=4096", BLOCK_CACHE_WRITETHROUGH },
  { "extended", "extended_l2=on,cluster_size=16k", BLOCK_CACHE_WRITEBACK },
  { "lazy", "lazy_refcounts=on,cluster_size=4096", BLOCK_CACHE_WRITEBACK, .lazy = true },
  { "direct", "cluster_size=4096", BLOCK_CACHE_NONE },
};

static void
test_kill (const void *data)
{
  const Kind *kind = data;
  g_autofree char *path = test_path ("killed.qcow2");
  states = mmap (NULL, N_SLOTS * sizeof *states, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (states != MAP_FAILED);
  test_create (path, "qcow2", SIZE, kind->options);
  for (unsigned i = 0; i < rounds; i++) {
    pid_t pid = fork ();
    if (pid == 0)
      run_writer (path, kind->cache);
    g_usleep ((gulong)g_test_rand_int_range (3000, 60000));
    kill (pid, SIGKILL);
    int status;
    g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
    g_assert_true (WIFSIGNALED (status));
    if (!kind->lazy)
      test_check_clean (path, true);
    verify (path);
    test_check_clean (path, true);
    settle (path);
  }
  munmap (states, N_SLOTS * sizeof *states);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (g_test_slow ())
    rounds = 200;
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree char *name = g_strconcat ("/block/kill/", kinds[i].name, NULL);
    g_test_add_data_func (name, &kinds[i], test_kill);
  }
  return g_test_run ();
}
