/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "jit-private.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Shared memory, mapped twice: written through one view and run through the other, so no page is ever
 * writable and executable.  It is cut into chunks; a thread fills its own chunks without a lock, one of them
 * with code that lasts: when the cache is full, the others are emptied.  Next to the executable view lie the
 * execution counters, within reach of a rip-relative operand. */

#define DEFAULT_SIZE  (512u << 20)
#define MIN_CHUNKS    8 /* the stubs' own, and room for the largest region */
#define MAX_CHUNKS    8192
#define COUNTER_BYTES (4u << 20)

/* The stubs' chunk is never free. */
typedef enum { OWNER_NONE, OWNER_STUBS, OWNER_PASSING, OWNER_LASTING } ChunkOwner;

static struct {
  uint8_t *rw, *rx;
  size_t size;
  /* protects owner, used, next_counter and tails */
  GMutex lock;
  uint8_t owner[MAX_CHUNKS]; /* ChunkOwner */
  size_t used;               /* bytes up to the last chunk that was ever taken */
  /* What ended threads left of their chunks. */
  struct {
    Chunk chunk;
    bool lasting;
  } tails[64];
  unsigned n_tails;
  int32_t *counters;
  size_t next_counter;
  JitCode *top[MAX_CHUNKS]; /* the latest code of each chunk */
} cache;

/* Shared memory to write code to; NULL if there is none. Not a memfd: that would take a descriptor, of which
 * the guest may have left none. */
static uint8_t *
new_rw (size_t size)
{
  void *p = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p != MAP_FAILED ? p : NULL;
}

/* Maps the memory at `rw` a second time, at `rx`, to run code. (An old size of 0 asks mremap() for a copy.)
 */
static bool
map_rx (uint8_t *rw, uint8_t *rx, size_t size)
{
  return mremap (rw, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, rx) != MAP_FAILED &&
         mprotect (rx, size, PROT_READ | PROT_EXEC) == 0;
}

bool
code_cache_init (size_t size, GError **error)
{
  long page = sysconf (_SC_PAGESIZE);
  size = size != 0 ? (size + page - 1) / page * page : DEFAULT_SIZE;
  size = CLAMP (size, (size_t)MIN_CHUNKS * CHUNK_SIZE, (size_t)MAX_CHUNKS * CHUNK_SIZE);
  cache.size = size;
  cache.rw = new_rw (size);
  uint8_t *area = mmap (NULL, size + COUNTER_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (cache.rw == NULL || area == MAP_FAILED || !map_rx (cache.rw, area, size)) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
                 "no memory for translated code (%zu MiB): %s; raise the limit on address space (ulimit -v)",
                 size >> 20, g_strerror (errno));
    return false;
  }
  cache.rx = area;
  cache.counters = (int32_t *)(area + size);
  return true;
}

intptr_t
code_cache_delta (void)
{
  return cache.rx - cache.rw;
}

bool
code_cache_contains (const void *rx)
{
  return (const uint8_t *)rx >= cache.rx && (const uint8_t *)rx < cache.rx + cache.size;
}

static size_t
n_chunks (void)
{
  return cache.size / CHUNK_SIZE;
}

static bool
take_tail (Chunk *ret, bool lasting, size_t size)
{
  for (unsigned i = cache.n_tails; i-- > 0;)
    if (cache.tails[i].lasting == lasting &&
        (size_t)(cache.tails[i].chunk.end - cache.tails[i].chunk.p) >= size) {
      *ret = cache.tails[i].chunk;
      cache.tails[i] = cache.tails[--cache.n_tails];
      return true;
    }
  return false;
}

/* The first free ones in a row, of n_chunks() at the end if there are none. */
static size_t
find_chunks (size_t n)
{
  size_t free_ones = 0;
  for (size_t i = 0; i < n_chunks (); i++) {
    free_ones = cache.owner[i] == OWNER_NONE ? free_ones + 1 : 0;
    if (free_ones == n)
      return i + 1 - n;
  }
  return n_chunks ();
}

static bool
take_chunks (Chunk *ret, ChunkOwner owner, size_t size)
{
  size_t n = (size + CHUNK_SIZE - 1) / CHUNK_SIZE, first = find_chunks (n);
  if (first == n_chunks ())
    return false;
  memset (cache.owner + first, owner, n);
  ret->p = cache.rw + first * CHUNK_SIZE;
  ret->end = ret->p + n * CHUNK_SIZE;
  cache.used = MAX (cache.used, (first + n) * CHUNK_SIZE);
  return true;
}

void
code_cache_give_back (JitThread *t)
{
  g_mutex_lock (&cache.lock);
  for (unsigned lasting = 0; lasting < 2; lasting++) {
    Chunk *chunk = &t->chunk[lasting];
    if (chunk->p != chunk->end && cache.n_tails < G_N_ELEMENTS (cache.tails)) {
      cache.tails[cache.n_tails].chunk = *chunk;
      cache.tails[cache.n_tails++].lasting = lasting;
    }
    *chunk = (Chunk){ NULL, NULL };
  }
  g_mutex_unlock (&cache.lock);
}

const Chunk *
code_cache_room (JitThread *t, bool lasting, size_t size)
{
  Chunk *chunk = &t->chunk[lasting];
  if (chunk->p != NULL && (size_t)(chunk->end - chunk->p) >= size)
    return chunk;
  g_mutex_lock (&cache.lock);
  ChunkOwner owner = cache.used == 0 ? OWNER_STUBS : lasting ? OWNER_LASTING : OWNER_PASSING;
  bool fits = take_tail (chunk, lasting, size) || take_chunks (chunk, owner, size);
  g_mutex_unlock (&cache.lock);
  return fits ? chunk : NULL;
}

void
code_cache_commit (JitThread *t, JitCode *code, uint8_t *end)
{
  size_t chunk = (code->entry - cache.rx) / CHUNK_SIZE;
  code->below = cache.top[chunk];
  __atomic_store_n (&cache.top[chunk], code, __ATOMIC_RELEASE);
  Chunk *room = &t->chunk[code->lasting];
  room->p = (uint8_t *)(((uintptr_t)end + 15) & ~(uintptr_t)15);
  if (room->p > room->end)
    room->p = room->end;
}

JitCode *
code_cache_find_host (const void *rx)
{
  if (!code_cache_contains (rx))
    return NULL;
  const uint8_t *at = rx;
  for (ptrdiff_t chunk = (at - cache.rx) / CHUNK_SIZE; chunk >= 0; chunk--) {
    JitCode *code = __atomic_load_n (&cache.top[chunk], __ATOMIC_ACQUIRE);
    if (code == NULL)
      continue;
    while (code != NULL && code->entry > at)
      code = code->below;
    if (code != NULL)
      return at < code->entry + code->size ? code : NULL;
  }
  return NULL;
}

int32_t *
code_cache_counter (int32_t start)
{
  g_mutex_lock (&cache.lock);
  size_t i = cache.next_counter;
  bool fits = i < COUNTER_BYTES / sizeof (int32_t);
  if (fits)
    cache.next_counter++;
  g_mutex_unlock (&cache.lock);
  if (!fits)
    return NULL;
  cache.counters[i] = start;
  return &cache.counters[i];
}

static void
empty_chunks (bool keep_lasting)
{
  for (size_t i = 0; i < n_chunks (); i++) {
    if (cache.owner[i] == OWNER_STUBS || (keep_lasting && cache.owner[i] == OWNER_LASTING))
      continue;
    cache.owner[i] = OWNER_NONE;
    cache.top[i] = NULL;
  }
}

void
code_cache_reset (bool keep_lasting)
{
  unsigned n = 0;
  for (unsigned i = 0; i < cache.n_tails && keep_lasting; i++)
    if (cache.tails[i].lasting)
      cache.tails[n++] = cache.tails[i];
  cache.n_tails = n;
  empty_chunks (keep_lasting);
  if (!keep_lasting)
    cache.next_counter = 0;
}

/* Counters are not told apart: they are all given out once before everything goes. */
bool
code_cache_can_keep (void)
{
  size_t n = 0;
  for (size_t i = 0; i < n_chunks (); i++)
    n += cache.owner[i] == OWNER_LASTING;
  return n > 0 && 5 * n <= 3 * n_chunks () && cache.next_counter < COUNTER_BYTES / sizeof (int32_t) / 2;
}

bool
code_cache_unshare (void)
{
  uint8_t *fresh = new_rw (cache.size);
  if (fresh == NULL)
    return false;
  g_mutex_init (&cache.lock); /* Another thread may have held it when the process was copied. */
  memcpy (fresh, cache.rw, cache.used);
  return map_rx (fresh, cache.rx, cache.size) &&
         mremap (fresh, cache.size, cache.size, MREMAP_MAYMOVE | MREMAP_FIXED, cache.rw) != MAP_FAILED;
}

void
code_cache_patch_jump (const void *at, const void *target)
{
  uint8_t *rw = (uint8_t *)at - code_cache_delta ();
  uint8_t bytes[8];
  int32_t rel = (intptr_t)target - ((intptr_t)at + 5);
  memcpy (bytes, rw, 8);
  bytes[0] = 0xe9;
  memcpy (bytes + 1, &rel, 4);
  uint64_t word;
  memcpy (&word, bytes, 8);
  __atomic_store_n ((uint64_t *)rw, word, __ATOMIC_RELEASE);
}
