/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "jit-private.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Shared memory, mapped twice: written through one view and run through the other, so no page is ever
 * writable and executable.  It is cut into chunks; a thread fills its own chunk without a lock.  Next to the
 * executable view lie the execution counters, within reach of a rip-relative operand. */

#define DEFAULT_SIZE  (512u << 20)
#define MIN_CHUNKS    8 /* the stubs' own, and room for the largest region */
#define MAX_CHUNKS    8192
#define COUNTER_BYTES (4u << 20)

static struct {
  uint8_t *rw, *rx;
  size_t size;
  /* protects next_chunk, next_counter and tails */
  GMutex lock;
  size_t next_chunk; /* byte offset */
  /* What ended threads left of their chunks. */
  struct {
    uint8_t *p, *end;
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

static bool
take_tail (JitThread *t, size_t size)
{
  for (unsigned i = cache.n_tails; i-- > 0;)
    if ((size_t)(cache.tails[i].end - cache.tails[i].p) >= size) {
      t->chunk = cache.tails[i].p;
      t->chunk_end = cache.tails[i].end;
      cache.tails[i] = cache.tails[--cache.n_tails];
      return true;
    }
  return false;
}

void
code_cache_give_back (JitThread *t)
{
  g_mutex_lock (&cache.lock);
  if (t->chunk != t->chunk_end && cache.n_tails < G_N_ELEMENTS (cache.tails)) {
    cache.tails[cache.n_tails].p = t->chunk;
    cache.tails[cache.n_tails++].end = t->chunk_end;
  }
  g_mutex_unlock (&cache.lock);
  t->chunk = t->chunk_end = NULL;
}

uint8_t *
code_cache_room (JitThread *t, size_t size)
{
  if (t->chunk != NULL && (size_t)(t->chunk_end - t->chunk) >= size)
    return t->chunk;
  size_t want = (size + CHUNK_SIZE - 1) / CHUNK_SIZE * CHUNK_SIZE;
  g_mutex_lock (&cache.lock);
  bool fits = take_tail (t, size);
  if (!fits && cache.next_chunk + want <= cache.size) {
    fits = true;
    t->chunk = cache.rw + cache.next_chunk;
    t->chunk_end = t->chunk + want;
    cache.next_chunk += want;
  }
  g_mutex_unlock (&cache.lock);
  return fits ? t->chunk : NULL;
}

void
code_cache_commit (JitThread *t, JitCode *code, uint8_t *end)
{
  size_t chunk = (code->entry - cache.rx) / CHUNK_SIZE;
  code->below = cache.top[chunk];
  __atomic_store_n (&cache.top[chunk], code, __ATOMIC_RELEASE);
  t->chunk = (uint8_t *)(((uintptr_t)end + 15) & ~(uintptr_t)15);
  if (t->chunk > t->chunk_end)
    t->chunk = t->chunk_end;
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

void
code_cache_reset (void)
{
  cache.n_tails = 0;
  cache.next_chunk = CHUNK_SIZE; /* The stubs stay in the first chunk. */
  cache.next_counter = 0;
  memset (cache.top, 0, sizeof cache.top);
}

bool
code_cache_unshare (void)
{
  uint8_t *fresh = new_rw (cache.size);
  if (fresh == NULL)
    return false;
  g_mutex_init (&cache.lock); /* Another thread may have held it when the process was copied. */
  memcpy (fresh, cache.rw, cache.next_chunk);
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
