/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The guest's mappings, sorted by address, and Linux's placement: top-down, first fit. */

#include "user-map.h"
#include "user-limits.h"

#include <sys/mman.h>

UserMapSpace user_map_space;

static GTree *maps; /* of UserMap, by its start */

/* No gap above gap_top is larger than gap_largest, so a search for more may start at gap_top. */
static uint64_t gap_top, gap_largest;

static int
compare_start (const void *a, const void *b, void *data)
{
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

void
user_map_init (void)
{
  if (maps)
    g_tree_unref (maps);
  maps = g_tree_new_full (compare_start, NULL, NULL, g_free);
  gap_top = user_map_space.base;
  gap_largest = 0;
}

static UserMap *
node_map (GTreeNode *node)
{
  return node ? g_tree_node_value (node) : NULL;
}

static GTreeNode *
node_before (uint64_t addr)
{
  GTreeNode *above = g_tree_lower_bound (maps, &addr);
  return above ? g_tree_node_previous (above) : g_tree_node_last (maps);
}

/* The host's kernel grows stacks by itself; extends the table's entry over what it added. */
static void
sync_stack (UserMap *map)
{
  UserMap *below = node_map (node_before (map->start));
  uint64_t low = guest_base ? user_map_space.base : user_map_space.min;
  if (below && below->end > low)
    low = below->end;
  for (uint64_t step = 16 * USER_PAGE; step; step = step > USER_PAGE ? USER_PAGE : 0) {
    unsigned char resident[16];
    while (map->start - low >= step && mincore (g2h (map->start - step), step, resident) == 0)
      map->start -= step;
  }
}

UserMap *
user_map_find (uint64_t addr)
{
  GTreeNode *above = g_tree_upper_bound (maps, &addr);
  UserMap *map = node_map (above ? g_tree_node_previous (above) : g_tree_node_last (maps));
  if (map && map->end > addr)
    return map;
  map = node_map (above);
  if (map && map->flags & USER_MAP_GROWSDOWN)
    sync_stack (map);
  return map;
}

UserMap *
user_map_next (const UserMap *map)
{
  return node_map (g_tree_upper_bound (maps, &map->start));
}

void
user_map_sync_stacks (void)
{
  for (GTreeNode *node = g_tree_node_first (maps); node; node = g_tree_node_next (node))
    if (node_map (node)->flags & USER_MAP_GROWSDOWN)
      sync_stack (node_map (node));
}

bool
user_map_any (uint64_t start, uint64_t end)
{
  UserMap *map = user_map_find (start);
  return map && map->start < end;
}

bool
user_map_any_exec (uint64_t start, uint64_t end)
{
  for (UserMap *map = user_map_find (start); map && map->start < end; map = user_map_next (map))
    if (map->prot & PROT_EXEC)
      return true;
  return false;
}

uint64_t
user_map_run_end (uint64_t addr, uint64_t limit)
{
  for (UserMap *map = user_map_find (addr); map && map->start <= addr && addr < limit;
       map = user_map_next (map))
    addr = map->end;
  return MIN (addr, limit);
}

/* The key points into the value, so an entry's start may only change while the order stays. */
static void
add (const UserMap *map)
{
  UserMap *copy = g_memdup2 (map, sizeof *map);
  g_tree_insert (maps, &copy->start, copy);
}

static void
changed (void)
{
  __atomic_add_fetch (&user_map_space.generation, 1, __ATOMIC_RELEASE);
}

/* Makes `addr` a boundary between mappings. */
static void
split (uint64_t addr)
{
  UserMap *map = user_map_find (addr);
  if (!map || map->start >= addr)
    return;
  UserMap upper = *map;
  upper.start = addr;
  map->end = addr;
  add (&upper);
}

void
user_map_clear (uint64_t start, uint64_t end)
{
  split (start);
  split (end);
  UserMap *map;
  while ((map = user_map_find (start)) && map->start < end)
    g_tree_remove (maps, &map->start);
  if (end > gap_top) {
    map = user_map_find (start);
    gap_top = map && map->start < user_map_space.base ? map->start : user_map_space.base;
  }
  changed ();
}

static bool
can_join (const UserMap *low, const UserMap *high)
{
  return low->end == high->start && low->prot == high->prot && low->flags == high->flags &&
         low->kind == high->kind && low->shm == high->shm && !(low->flags & USER_MAP_GROWSDOWN);
}

static void
join_below (UserMap *map)
{
  UserMap *below = node_map (node_before (map->start));
  if (!below || !can_join (below, map))
    return;
  uint64_t end = map->end;
  g_tree_remove (maps, &map->start);
  below->end = end;
}

static void
join_around (uint64_t start, uint64_t end)
{
  UserMap *above = user_map_find (end);
  if (above && above->start == end)
    join_below (above);
  UserMap *map = user_map_find (start);
  if (map && map->start == start)
    join_below (map);
}

/* Whoever else has a shared mapping may not be a thread of ours. What cannot be written to needs no care:
 * that others' stores are seen in order is a matter of the loads. */
static void
note_kind (const UserMap *map)
{
  if (map->flags & USER_MAP_SHARED && map->prot & PROT_WRITE)
    cpu_memory_shared ();
  if (map->prot & USER_PROT_GUARDED && user_map_space.guard_first != NULL) {
    user_map_space.guard_first ();
    user_map_space.guard_first = NULL;
  }
}

void
user_map_insert (const UserMap *map)
{
  note_kind (map);
  user_map_clear (map->start, map->end);
  add (map);
  join_around (map->start, map->end);
  changed ();
}

void
user_map_protect (uint64_t start, uint64_t end, int prot)
{
  split (start);
  split (end);
  for (UserMap *map = user_map_find (start); map && map->start < end; map = user_map_next (map)) {
    map->prot = prot;
    note_kind (map);
  }
  for (uint64_t addr = end; addr > start;) {
    UserMap *map = node_map (node_before (addr));
    if (!map || map->end <= start)
      break;
    addr = map->start;
    UserMap *above = user_map_find (map->end);
    if (above && above->start == map->end)
      join_below (above);
  }
  UserMap *first = user_map_find (start);
  if (first && first->start == start)
    join_below (first);
  changed ();
}

/* Searches downwards from `top`. *largest becomes the largest gap seen that did not do. */
static uint64_t
search_down (uint64_t top, uint64_t low, uint64_t size, uint64_t align, uint64_t *largest)
{
  uint64_t high = top;
  UserMap *above = user_map_find (high);
  if (above && above->start < high)
    high = above->start;
  for (GTreeNode *node = node_before (high);; node = g_tree_node_previous (node)) {
    UserMap *below = node_map (node);
    uint64_t bottom = MAX (low, below ? below->end : 0);
    uint64_t usable = high;
    if (above && above->start == high && above->flags & USER_MAP_GROWSDOWN)
      usable = high > USER_STACK_GAP ? high - USER_STACK_GAP : 0;
    if (usable >= bottom && usable - bottom >= size) {
      uint64_t place = (usable - size) & ~(align - 1);
      if (place >= bottom)
        return place;
    }
    if (usable > bottom)
      *largest = MAX (*largest, usable - bottom);
    if (!below || below->start <= low)
      return 0;
    high = below->start;
    above = below;
  }
}

uint64_t
user_map_gap (uint64_t size, uint64_t align)
{
  UserMapSpace *space = &user_map_space;
  bool from_cache = size > gap_largest;
  uint64_t largest = from_cache ? gap_largest : 0;
  uint64_t place = search_down (from_cache ? gap_top : space->base, space->min, size, align, &largest);
  if (place && align == USER_PAGE) {
    gap_top = place + size;
    gap_largest = largest;
  }
  if (!place)
    place = search_down (space->end, space->base, size, align, &largest);
  return place;
}

bool
user_map_free (uint64_t start, uint64_t size)
{
  UserMap *above = user_map_find (start);
  if (!above)
    return true;
  uint64_t gap = above->flags & USER_MAP_GROWSDOWN ? USER_STACK_GAP : 0;
  return above->start >= start + size && above->start - (start + size) >= gap;
}

/* Linux calls private writable memory data, but for stacks. */
static bool
is_data (const UserMap *map)
{
  return map->prot & PROT_WRITE && !(map->flags & (USER_MAP_SHARED | USER_MAP_GROWSDOWN));
}

bool
user_map_may_expand (uint64_t added, bool data, uint64_t start, uint64_t end)
{
  uint64_t as_limit = user_limit_soft (RLIMIT_AS),
           data_limit = data ? user_limit_soft (RLIMIT_DATA) : RLIM64_INFINITY;
  if (as_limit == RLIM64_INFINITY && data_limit == RLIM64_INFINITY)
    return true;
  uint64_t all = added, all_data = added;
  for (GTreeNode *node = g_tree_node_first (maps); node; node = g_tree_node_next (node)) {
    const UserMap *map = node_map (node);
    uint64_t size = map->end - map->start, low = MAX (map->start, start), high = MIN (map->end, end);
    all += size - (low < high ? high - low : 0);
    if (is_data (map))
      all_data += size;
  }
  return all <= as_limit && all_data <= data_limit;
}
