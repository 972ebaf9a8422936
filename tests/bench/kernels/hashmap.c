/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Hash maps: open addressing with integer keys, deletion and growth, and chaining with string keys. */

#include "../bench.h"

typedef struct {
  uint64_t key; /* 0: free, 1: deleted */
  uint64_t value;
} Slot;

typedef struct {
  Slot *slot;
  size_t capacity, used, filled; /* a power of two; live entries; live and deleted ones */
} Map;

static size_t
hash_int (uint64_t x)
{
  x ^= x >> 33;
  x *= UINT64_C (0xff51afd7ed558ccd);
  x ^= x >> 33;
  return (size_t)x;
}

static Slot *
map_find (const Map *m, uint64_t key)
{
  Slot *deleted = NULL;

  for (size_t i = hash_int (key) & (m->capacity - 1);; i = (i + 1) & (m->capacity - 1)) {
    Slot *slot = &m->slot[i];
    if (slot->key == key)
      return slot;
    if (slot->key == 1)
      deleted = deleted != NULL ? deleted : slot;
    else if (slot->key == 0)
      return deleted != NULL ? deleted : slot;
  }
}

static void
map_resize (Map *m, size_t capacity)
{
  Map old = *m;

  *m = (Map){
    .slot = bench_alloc (capacity, sizeof (Slot)), .capacity = capacity, .used = old.used, .filled = old.used
  };
  for (size_t i = 0; i < old.capacity; i++)
    if (old.slot[i].key > 1)
      *map_find (m, old.slot[i].key) = old.slot[i];
  free (old.slot);
}

static void
map_add (Map *m, uint64_t key, uint64_t value)
{
  if ((m->filled + 1) * 4 > m->capacity * 3)
    map_resize (m, m->used * 2 > m->capacity ? m->capacity * 2 : m->capacity);
  Slot *slot = map_find (m, key);
  if (slot->key != key) {
    m->used++;
    m->filled += slot->key == 0;
    *slot = (Slot){ key, 0 };
  }
  slot->value += value;
}

static bool
map_remove (Map *m, uint64_t key)
{
  Slot *slot = map_find (m, key);

  if (slot->key != key)
    return false;
  slot->key = 1;
  m->used--;
  return true;
}

static uint64_t
count_ints (unsigned n, uint32_t *seed)
{
  Map map = { 0 };
  uint64_t sum = 0;

  map_resize (&map, 16);
  for (unsigned i = 0; i < n; i++) {
    uint32_t r = bench_random (seed);
    map_add (&map, 2 + r % (n / 2), r >> 28);
    if ((r & 7) == 0)
      sum += map_remove (&map, 2 + (r >> 3) % (n / 2));
  }
  for (size_t i = 0; i < map.capacity; i++)
    sum += map.slot[i].key > 1 ? map.slot[i].key * map.slot[i].value : 0;
  free (map.slot);
  return bench_mix (sum, map.used);
}

typedef struct Entry Entry;

struct Entry {
  Entry *next;
  unsigned count;
  char key[];
};

enum { BUCKETS = 2048 };

static unsigned
hash_text (const char *text)
{
  unsigned hash = 5381;

  for (; *text != '\0'; text++)
    hash = hash * 33 + (unsigned char)*text;
  return hash;
}

static void
count_word (Entry **bucket, const char *word)
{
  Entry **link = &bucket[hash_text (word) % BUCKETS], *entry;

  for (entry = *link; entry != NULL; entry = entry->next)
    if (strcmp (entry->key, word) == 0) {
      entry->count++;
      return;
    }
  entry = bench_alloc (1, sizeof *entry + strlen (word) + 1);
  strcpy (entry->key, word);
  entry->count = 1;
  entry->next = *link;
  *link = entry;
}

static uint64_t
count_words (unsigned n, uint32_t *seed)
{
  static Entry *bucket[BUCKETS];
  uint64_t sum = 0;

  for (unsigned i = 0; i < n; i++) {
    char word[16];
    uint32_t r = bench_random (seed) % 4096;
    int length = 0;
    for (uint32_t rest = r * r; rest > 0 && length < 15; rest /= 19)
      word[length++] = (char)('a' + rest % 19);
    word[length] = '\0';
    count_word (bucket, word);
  }
  for (int i = 0; i < BUCKETS; i++)
    while (bucket[i] != NULL) {
      Entry *entry = bucket[i];
      sum = bench_mix (sum, entry->count + hash_text (entry->key));
      bucket[i] = entry->next;
      free (entry);
    }
  return sum;
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 65);
  uint32_t seed = 271828;
  uint64_t sum = 0;

  for (unsigned i = 0; i < rounds; i++) {
    sum = bench_mix (sum, count_ints (120000, &seed));
    sum = bench_mix (sum, count_words (40000, &seed));
  }
  bench_result ("hashmap", sum);
  return 0;
}
