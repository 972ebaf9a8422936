/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "jit-private.h"

#include <sched.h>

/* Which code exists: by guest pc for the run loop, by guest page for invalidation.  Look-ups take no lock:
 * entries are only ever added in front of a chain or unlinked, and their memory is not reused before a flush,
 * which waits until every thread is out of the code.  A flush may keep the code that lasts: nothing else is
 * jumped to from there, as jumps that are linked lead to code of the same mode. */

#define N_BUCKETS     (1u << 17)
#define N_ORIGINALS   (1u << 14)
#define PAGE_BITS     12
#define MAX_FORWARDED 32
#define MAX_PAGE_IDS  (1u << 18) /* then code and ids are dropped: a guest may make any number of them */

static JitCode *buckets[N_BUCKETS];
static JitCode *originals[N_ORIGINALS]; /* code that can be copied, by what it was made from */
/* protects everything below, and writes to buckets */
static GMutex lock;
static GHashTable *pages;   /* guest page number -> GSList of JitCode with source there */
static GHashTable *retired; /* guest pc -> latest invalid JitCode there */
static GPtrArray *all;      /* every JitCode since the last flush */
static GPtrArray *threads;  /* of JitThread */
/* The latest ranges of guest memory whose code was invalidated: code being made meanwhile was not in the
 * tables. */
static struct {
  uint64_t start, size;
} changes[16];
static unsigned n_changes;
/* System mode: PageKey -> its own id. */
static GHashTable *page_ids;
typedef struct {
  uint64_t page, ram;
  uint32_t id;
} PageKey;
static unsigned flush_epoch;
static unsigned emptied_epoch; /* of the latest flush that kept nothing */
static bool flushing;
static GCond flush_done;
bool jit_alone = true;

static JitCode **
bucket_of (uint64_t pc, uint64_t ram, uint32_t mode)
{
  uint64_t h =
      (pc ^ mode) * UINT64_C (0x9e3779b97f4a7c15) + (ram >> JIT_PAGE_BITS) * UINT64_C (0xd6e8feb86659fd93);
  h = (h ^ h >> 32) * UINT64_C (0xd6e8feb86659fd93);
  return &buckets[h >> 40 & (N_BUCKETS - 1)];
}

JitCode *
jit_lookup (uint64_t pc, uint64_t ram, uint32_t mode)
{
  JitCode *code = __atomic_load_n (bucket_of (pc, ram, mode), __ATOMIC_ACQUIRE);
  while (code != NULL && (code->pc != pc || code->ram != ram || code->mode != mode))
    code = __atomic_load_n (&code->chain, __ATOMIC_ACQUIRE);
  return code;
}

static JitCode **
originals_of (uint64_t ram, uint32_t mode)
{
  uint64_t h = (ram ^ (uint64_t)mode << 32) * UINT64_C (0x9e3779b97f4a7c15);
  return &originals[h >> 40 & (N_ORIGINALS - 1)];
}

JitCode *
table_original (uint64_t ram, uint32_t mode)
{
  JitCode *code = __atomic_load_n (originals_of (ram, mode), __ATOMIC_ACQUIRE);
  while (code != NULL && (code->ram != ram || code->mode != mode || !jit_code_valid (code)))
    code = __atomic_load_n (&code->alike, __ATOMIC_ACQUIRE);
  return code;
}

bool
jit_code_valid (const JitCode *code)
{
  return __atomic_load_n (&code->valid, __ATOMIC_RELAXED);
}

static guint
page_key_hash (gconstpointer key)
{
  const PageKey *k = key;
  uint64_t h = (k->page + (k->ram >> JIT_PAGE_BITS)) * UINT64_C (0x9e3779b97f4a7c15);
  return (guint)(h >> 32);
}

static gboolean
page_key_equal (gconstpointer x, gconstpointer y)
{
  const PageKey *a = x, *b = y;
  return a->page == b->page && a->ram == b->ram;
}

uint32_t
jit_page_id (uint64_t page, uint64_t ram)
{
  PageKey key = { page, ram, 0 };
  g_mutex_lock (&lock);
  if (page_ids == NULL)
    page_ids = g_hash_table_new_full (page_key_hash, page_key_equal, g_free, NULL);
  const PageKey *known = g_hash_table_lookup (page_ids, &key);
  if (known == NULL) {
    key.id = g_hash_table_size (page_ids) + 1;
    PageKey *copy = g_memdup2 (&key, sizeof key);
    g_hash_table_add (page_ids, copy);
    known = copy;
  }
  uint32_t id = known->id;
  g_mutex_unlock (&lock);
  return id;
}

bool
jit_page_ids_full (void)
{
  return page_ids != NULL && g_hash_table_size (page_ids) >= MAX_PAGE_IDS;
}

unsigned
jit_epoch (JitThread *t)
{
  return t->epoch;
}

static void
unlink_code (JitCode *code)
{
  JitCode **at = bucket_of (code->pc, code->ram, code->mode);
  while (*at != NULL && *at != code)
    at = &(*at)->chain;
  if (*at == code)
    __atomic_store_n (at, code->chain, __ATOMIC_RELEASE);
}

static void
page_add (JitCode *code, const SourceRange *source)
{
  for (uint64_t page = source->addr >> PAGE_BITS; page <= (source->addr + source->size - 1) >> PAGE_BITS;
       page++) {
    GSList *list = g_hash_table_lookup (pages, GSIZE_TO_POINTER (page));
    if (list != NULL && list->data == code)
      continue;
    g_hash_table_insert (pages, GSIZE_TO_POINTER (page), g_slist_prepend (list, code));
  }
}

uint64_t
jit_measuring_us (const JitThread *t)
{
  return t->measuring_us;
}

void
jit_translating (JitThread *t)
{
  t->translating = true;
  t->changes_seen = __atomic_load_n (&n_changes, __ATOMIC_ACQUIRE);
}

static void
note_change (uint64_t start, uint64_t size)
{
  changes[n_changes % G_N_ELEMENTS (changes)].start = start;
  changes[n_changes % G_N_ELEMENTS (changes)].size = size;
  __atomic_store_n (&n_changes, n_changes + 1, __ATOMIC_RELEASE);
}

static bool
overlaps (const JitCode *code, uint64_t start, uint64_t size)
{
  for (unsigned i = 0; i < code->n_sources; i++)
    if (code->sources[i].addr < start + size && start < code->sources[i].addr + code->sources[i].size)
      return true;
  return false;
}

/* Whether guest code that `code` is made from may have changed since jit_translating(). */
static bool
changed_meanwhile (const JitThread *t, const JitCode *code)
{
  if (!t->translating || t->changes_seen == n_changes)
    return false;
  if (n_changes - t->changes_seen > G_N_ELEMENTS (changes))
    return true;
  for (unsigned n = t->changes_seen; n != n_changes; n++)
    if (overlaps (code, changes[n % G_N_ELEMENTS (changes)].start, changes[n % G_N_ELEMENTS (changes)].size))
      return true;
  return false;
}

static void retire (JitCode *code);

JitCode *
table_publish (JitThread *t, JitCode *code, JitCode *replaces)
{
  g_mutex_lock (&lock);
  if (all == NULL) {
    all = g_ptr_array_new ();
    pages = g_hash_table_new (NULL, NULL);
    retired = g_hash_table_new (g_int64_hash, g_int64_equal);
  }
  g_ptr_array_add (all, code);
  JitCode *existing = jit_lookup (code->pc, code->ram, code->mode);
  if (existing != NULL && existing != replaces) {
    code->valid = false;
    g_mutex_unlock (&lock);
    return existing;
  }
  if (changed_meanwhile (t, code) || (replaces != NULL && (!replaces->valid || replaces->ram != code->ram))) {
    retire (code); /* Whoever enters it looks its pc up again. */
    g_mutex_unlock (&lock);
    return code;
  }
  if (replaces != NULL) {
    unlink_code (replaces);
    code_cache_patch_jump (replaces->entry, code->entry);
  }
  /* Links to the old code go on to the new one: from code that is older still, by way of what replaced that.
   */
  JitCode *old = g_hash_table_lookup (retired, &code->pc);
  for (unsigned n = 0; n < MAX_FORWARDED && old != NULL; old = old->retired, n++)
    if (old->mode == code->mode && old->ram == code->ram)
      code_cache_patch_jump (old->entry, code->entry);
  JitCode **bucket = bucket_of (code->pc, code->ram, code->mode);
  code->chain = *bucket;
  __atomic_store_n (bucket, code, __ATOMIC_RELEASE);
  for (unsigned i = 0; i < code->n_sources; i++)
    page_add (code, &code->sources[i]);
  if (code->moves != NULL) {
    JitCode **alike = originals_of (code->ram, code->mode);
    code->alike = *alike;
    __atomic_store_n (alike, code, __ATOMIC_RELEASE);
  }
  g_mutex_unlock (&lock);
  return code;
}

/* Makes every way into the code lead to a look-up of its guest pc instead. */
static void
retire (JitCode *code)
{
  if (!code->valid)
    return;
  code->valid = false;
  unlink_code (code);
  code->retired = g_hash_table_lookup (retired, &code->pc);
  g_hash_table_insert (retired, &code->pc, code);
  code_cache_patch_jump (code->entry, code->entry + code->stale_entry);
  for (unsigned i = 0; i < code->n_returns; i++)
    code_cache_patch_jump (code->entry + code->returns[i].offset, code->entry + code->returns[i].stale);
}

/* Returns the list without the codes that are invalid by now. */
static GSList *
collect_page (GSList *list, uint64_t start, uint64_t size, GPtrArray *found)
{
  for (GSList **at = &list; *at != NULL;) {
    JitCode *code = (*at)->data;
    if (!code->valid) {
      *at = g_slist_delete_link (*at, *at);
      continue;
    }
    if (overlaps (code, start, size))
      g_ptr_array_add (found, code);
    at = &(*at)->next;
  }
  return list;
}

/* The valid codes made from the range (some maybe more than once); NULL if none. Called with the lock held.
 */
static GPtrArray *
collect (uint64_t start, uint64_t size)
{
  if (pages == NULL || size == 0 || g_hash_table_size (pages) == 0)
    return NULL;
  uint64_t first = start >> PAGE_BITS, last = (start + size - 1) >> PAGE_BITS;
  GPtrArray *found = g_ptr_array_new ();
  if (last - first < g_hash_table_size (pages)) {
    for (uint64_t page = first; page <= last; page++) {
      GSList *list = g_hash_table_lookup (pages, GSIZE_TO_POINTER (page));
      if (list != NULL)
        g_hash_table_insert (pages, GSIZE_TO_POINTER (page), collect_page (list, start, size, found));
    }
    return found;
  }
  GHashTableIter iter;
  gpointer page, list;
  g_hash_table_iter_init (&iter, pages);
  while (g_hash_table_iter_next (&iter, &page, &list))
    if (GPOINTER_TO_SIZE (page) >= first && GPOINTER_TO_SIZE (page) <= last)
      g_hash_table_iter_replace (&iter, collect_page (list, start, size, found));
  return found;
}

/* The one of this host thread, between jit_begin() and jit_end(). */
static _Thread_local const JitThread *self;

/* Asks all threads but `t` that are in code to leave it; whether there are any. Called with the lock held. */
static bool
others_in_code (const JitThread *t)
{
  bool any = false;
  for (unsigned i = 0; threads != NULL && i < threads->len; i++) {
    JitThread *other = g_ptr_array_index (threads, i);
    if (other == t || !__atomic_load_n (&other->in_code, __ATOMIC_SEQ_CST))
      continue;
    __atomic_store_n (&other->js->state.exit_request, 1, __ATOMIC_RELEASE);
    any = true;
  }
  return any;
}

/* Threads inside the code leave it at their next poll: a loop may hold them there for ever. */
static void
retire_all (GPtrArray *codes)
{
  for (unsigned i = 0; codes != NULL && i < codes->len; i++)
    retire (g_ptr_array_index (codes, i));
  if (codes != NULL && codes->len > 0)
    others_in_code (self);
}

void
jit_invalidate (uint64_t start, uint64_t size)
{
  size = MIN (size, UINT64_MAX - start);
  g_mutex_lock (&lock);
  note_change (start, size);
  GPtrArray *found = collect (start, size);
  retire_all (found);
  g_mutex_unlock (&lock);
  if (found != NULL)
    g_ptr_array_unref (found);
}

void
jit_memory_shared (void)
{
  if (!__atomic_load_n (&jit_alone, __ATOMIC_ACQUIRE))
    return;
  g_mutex_lock (&lock);
  __atomic_store_n (&jit_alone, false, __ATOMIC_RELEASE);
  for (unsigned i = 0; all != NULL && i < all->len; i++) {
    JitCode *code = g_ptr_array_index (all, i);
    if (code->alone)
      retire (code);
  }
  g_mutex_unlock (&lock);
}

static bool
has_changed (const JitCode *code)
{
  bool same = true;
  for (unsigned i = 0; i < code->n_sources && same; i++) {
    const SourceRange *source = &code->sources[i];
    uint8_t *now = g_malloc (source->size);
    same = jit_config.read (source->addr, now, source->size) &&
           memcmp (now, code->bytes + source->bytes, source->size) == 0;
    g_free (now);
  }
  return !same;
}

/* Guest memory is read without the lock: reading takes the embedder's locks, under which it may invalidate.
 */
void
jit_invalidate_changed (uint64_t start, uint64_t size)
{
  size = MIN (size, UINT64_MAX - start);
  g_mutex_lock (&lock);
  note_change (start, size);
  GPtrArray *found = collect (start, size);
  g_mutex_unlock (&lock);
  if (found == NULL)
    return;
  for (unsigned i = found->len; i-- > 0;)
    if (!has_changed (g_ptr_array_index (found, i)))
      g_ptr_array_remove_index_fast (found, i);
  g_mutex_lock (&lock);
  retire_all (found);
  g_mutex_unlock (&lock);
  g_ptr_array_unref (found);
}

void
table_add_thread (JitThread *t)
{
  g_mutex_lock (&lock);
  if (threads == NULL)
    threads = g_ptr_array_new ();
  g_ptr_array_add (threads, t);
  t->epoch = flush_epoch;
  g_mutex_unlock (&lock);
}

static uint64_t ended_guest, ended_host;

void
jit_executed (uint64_t *ret_guest, uint64_t *ret_host)
{
  g_mutex_lock (&lock);
  *ret_guest = ended_guest;
  *ret_host = ended_host;
  for (unsigned i = 0; threads != NULL && i < threads->len; i++) {
    const JitThread *t = g_ptr_array_index (threads, i);
    *ret_guest += t->js->executed_insns;
    *ret_host += t->js->executed_host_insns;
  }
  g_mutex_unlock (&lock);
}

void
table_remove_thread (JitThread *t)
{
  g_mutex_lock (&lock);
  if (t->epoch == flush_epoch) /* else its chunk is not its own any more */
    code_cache_give_back (t);
  ended_guest += t->js->executed_insns;
  ended_host += t->js->executed_host_insns;
  g_ptr_array_remove_fast (threads, t);
  g_mutex_unlock (&lock);
}

/* Before and after running code or compiling into the arena: a flush waits for threads in between. Entering
 * catches up with flushes that happened meanwhile; false if one did, so that anything found before is stale.
 */
bool
jit_begin (JitThread *t)
{
  self = t;
  __atomic_store_n (&t->in_code, true, __ATOMIC_SEQ_CST);
  if (G_LIKELY (!__atomic_load_n (&flushing, __ATOMIC_SEQ_CST) && t->epoch == flush_epoch))
    return true;
  __atomic_store_n (&t->in_code, false, __ATOMIC_SEQ_CST);
  g_mutex_lock (&lock);
  while (flushing)
    g_cond_wait (&flush_done, &lock);
  bool same = t->epoch == flush_epoch;
  if (!same) {
    t->chunk[false] = (Chunk){ NULL, NULL };
    if (t->epoch < emptied_epoch)
      t->chunk[true] = (Chunk){ NULL, NULL };
    t->epoch = flush_epoch;
    jit_clear_jumps (t);
    stack_reset (t);
  }
  __atomic_store_n (&t->in_code, true, __ATOMIC_SEQ_CST);
  g_mutex_unlock (&lock);
  return same;
}

void
jit_end (JitThread *t)
{
  self = NULL;
  __atomic_store_n (&t->in_code, false, __ATOMIC_RELEASE);
}

static bool
is_kept (const JitCode *code, bool keep_lasting)
{
  return keep_lasting && code->lasting;
}

/* Of a chain of codes, each with the next one at `offset`, only those that are kept. */
static JitCode *
kept_of_chain (JitCode *code, size_t offset, bool keep_lasting)
{
  JitCode *first = NULL, **at = &first;
  for (; code != NULL; code = G_STRUCT_MEMBER (JitCode *, code, offset))
    if (is_kept (code, keep_lasting)) {
      *at = code;
      at = &G_STRUCT_MEMBER (JitCode *, code, offset);
    }
  *at = NULL;
  return first;
}

/* Its keys lie in the codes. */
static void
sift_retired (bool keep_lasting)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer code;
  g_hash_table_iter_init (&iter, retired);
  while (keep_lasting && g_hash_table_iter_next (&iter, NULL, &code)) {
    JitCode *first = kept_of_chain (code, offsetof (JitCode, retired), keep_lasting);
    if (first != NULL)
      g_ptr_array_add (kept, first);
  }
  g_hash_table_remove_all (retired);
  for (unsigned i = 0; i < kept->len; i++) {
    JitCode *first = kept->pdata[i];
    g_hash_table_insert (retired, &first->pc, first);
  }
}

static void
sift_pages (bool keep_lasting)
{
  GHashTableIter iter;
  gpointer list;
  g_hash_table_iter_init (&iter, pages);
  while (g_hash_table_iter_next (&iter, NULL, &list)) {
    GSList *first = list, **at = &first;
    while (*at != NULL)
      if (is_kept ((*at)->data, keep_lasting))
        at = &(*at)->next;
      else
        *at = g_slist_delete_link (*at, *at);
    if (first == NULL)
      g_hash_table_iter_remove (&iter);
    else
      g_hash_table_iter_replace (&iter, first);
  }
}

static void
free_codes (bool keep_lasting)
{
  unsigned n = 0;
  for (unsigned i = 0; i < all->len; i++) {
    JitCode *code = g_ptr_array_index (all, i);
    if (is_kept (code, keep_lasting)) {
      all->pdata[n++] = code;
      continue;
    }
    g_free (code->returns);
    g_free (code->bytes);
    g_free (code->map);
    g_free (code->moves);
    g_free (code);
  }
  g_ptr_array_set_size (all, (int)n);
}

/* Ids of pages are in code that is kept, too. */
static void
forget_codes (bool keep_lasting)
{
  if (all == NULL)
    return;
  for (unsigned i = 0; i < N_BUCKETS; i++)
    if (buckets[i] != NULL)
      buckets[i] = kept_of_chain (buckets[i], offsetof (JitCode, chain), keep_lasting);
  for (unsigned i = 0; i < N_ORIGINALS; i++)
    if (originals[i] != NULL)
      originals[i] = kept_of_chain (originals[i], offsetof (JitCode, alike), keep_lasting);
  sift_retired (keep_lasting);
  sift_pages (keep_lasting);
  free_codes (keep_lasting);
  if (page_ids != NULL && !keep_lasting)
    g_hash_table_remove_all (page_ids);
}

/* What lasts goes now and then as well: much of it was for once. */
#define MAX_KEPT_FLUSHES 16

static bool
can_keep (void)
{
  return flush_epoch - emptied_epoch < MAX_KEPT_FLUSHES && code_cache_can_keep () &&
         (page_ids == NULL || g_hash_table_size (page_ids) < MAX_PAGE_IDS / 2);
}

void
jit_flush (JitThread *t)
{
  g_mutex_lock (&lock);
  if (flushing || t->epoch != flush_epoch) { /* Another thread is at it, or has just done it. */
    g_mutex_unlock (&lock);
    return;
  }
  __atomic_store_n (&flushing, true, __ATOMIC_SEQ_CST);
  while (others_in_code (t)) {
    g_mutex_unlock (&lock);
    sched_yield ();
    g_mutex_lock (&lock);
  }
  const bool keep_lasting = can_keep ();
  forget_codes (keep_lasting);
  code_cache_reset (keep_lasting);
  flush_epoch++;
  if (!keep_lasting)
    emptied_epoch = flush_epoch;
  jit_counters.flushes++;
  __atomic_store_n (&flushing, false, __ATOMIC_SEQ_CST);
  g_cond_broadcast (&flush_done);
  g_mutex_unlock (&lock);
}

bool
jit_after_fork_child (JitThread *t)
{
  g_mutex_init (&lock);
  g_cond_init (&flush_done);
  flushing = false;
  g_ptr_array_set_size (threads, 0);
  g_ptr_array_add (threads, t);
  /* Other threads' half-filled chunks are lost to the child until its next flush. */
  return code_cache_unshare ();
}

void
jit_fork_lock (bool take)
{
  if (take)
    g_mutex_lock (&lock);
  else
    g_mutex_unlock (&lock);
}
