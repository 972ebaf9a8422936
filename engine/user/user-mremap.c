/* SPDX-License-Identifier: GPL-3.0-or-later */

/* mremap: shrink and grow in place, move, move to a fixed place, and copies of shared mappings. */

#include "user-map.h"
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

typedef struct {
  uint64_t old, old_size, new, new_size; /* page-rounded */
  int flags;
} Remap;

static int64_t
check (const Remap *r)
{
  uint64_t task_size = user_map_space.end;
  if (r->flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
    return -EINVAL;
  if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(r->flags & MREMAP_MAYMOVE))
    return -EINVAL;
  if (r->flags & MREMAP_DONTUNMAP && r->old_size != r->new_size)
    return -EINVAL;
  if (r->old & (USER_PAGE - 1) || !r->new_size)
    return -EINVAL;
  if (r->flags & MREMAP_FIXED) {
    if (r->new &(USER_PAGE - 1) || r->new_size > task_size || r->new > task_size - r->new_size)
      return -EINVAL;
    if (r->old < r->new + r->new_size && r->new < r->old + r->old_size)
      return -EINVAL;
    if (r->new < user_map_space.min)
      return -EPERM;
  }
  if (r->old >= task_size || r->old_size > task_size - r->old)
    return -EFAULT;
  return r->new_size > task_size ? -ENOMEM : 0;
}

static void
resized (const UserMap *from, uint64_t start, uint64_t end)
{
  UserMap map = *from;
  map.start = start;
  map.end = end;
  user_map_insert (&map);
}

static int64_t
move (const Remap *r)
{
  UserMap attributes = *user_map_find (r->old);
  uint64_t place = r->flags & MREMAP_FIXED ? r->new : 0;
  if (!place && r->flags & MREMAP_DONTUNMAP && r->new) {
    uint64_t hint = user_page_up (r->new);
    if (hint >= user_map_space.min && hint <= user_map_space.end &&
        r->new_size <= user_map_space.end - hint && user_map_free (hint, r->new_size))
      place = hint;
  }
  if (!place)
    place = user_map_gap (r->new_size, USER_PAGE);
  if (!place)
    return -ENOMEM;

  void *host =
      mremap (g2h (r->old), r->old_size, r->new_size, r->flags | MREMAP_MAYMOVE | MREMAP_FIXED, g2h (place));
  if (host == MAP_FAILED)
    return -errno;
  if (r->old_size && !(r->flags & MREMAP_DONTUNMAP)) {
    user_map_clear (r->old, r->old + r->old_size);
    if (guest_base)
      user_map_release (r->old, r->old + r->old_size);
  }
  attributes.flags &= ~USER_MAP_GROWSDOWN;
  attributes.kind = USER_MAP_PLAIN;
  resized (&attributes, place, place + r->new_size);
  return (int64_t)place;
}

static int64_t
shrink (const Remap *r)
{
  uint64_t end = r->old + r->new_size, old_end = r->old + r->old_size;
  int error = end < old_end ? user_map_release (end, old_end) : 0;
  if (error)
    return error;
  user_map_clear (end, old_end);
  return (int64_t)r->old;
}

/* -ENOMEM when there is no room. */
static int64_t
grow_in_place (const Remap *r)
{
  uint64_t old_end = r->old + r->old_size, end = r->old + r->new_size;
  UserMap *map = user_map_find (old_end - 1);
  if (map->end != old_end || end > user_map_space.end || !user_map_free (old_end, end - old_end))
    return -ENOMEM;
  UserMap attributes = *map;
  /* A reservation would be in the way. */
  if (guest_base)
    munmap (g2h (old_end), end - old_end);
  if (mremap (g2h (r->old), r->old_size, r->new_size, 0) == MAP_FAILED) {
    int error = errno;
    if (guest_base)
      user_map_release (old_end, end);
    return -error;
  }
  resized (&attributes, old_end, end);
  return (int64_t)r->old;
}

static int64_t
remap (const Remap *r)
{
  UserMap *map = user_map_find (r->old);
  if (!map || map->start > r->old)
    return -EFAULT;
  if (user_map_run_end (r->old, r->old + r->old_size) < r->old + r->old_size)
    return -EFAULT;
  if (!r->old_size && (!(map->flags & USER_MAP_SHARED) || !(r->flags & MREMAP_MAYMOVE)))
    return -EINVAL;
  bool copy = r->flags & MREMAP_DONTUNMAP || !r->old_size;
  uint64_t added = copy ? r->new_size : r->new_size > r->old_size ? r->new_size - r->old_size : 0;
  bool data = map->prot & PROT_WRITE && !(map->flags & (USER_MAP_SHARED | USER_MAP_GROWSDOWN));
  uint64_t over = r->flags & MREMAP_FIXED ? r->new_size : 0;
  if (added && !user_map_may_expand (added, data, r->new, r->new + over))
    return -ENOMEM;
  if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) || !r->old_size)
    return move (r);
  if (r->new_size <= r->old_size)
    return shrink (r);
  int64_t result = grow_in_place (r);
  return result == -ENOMEM && r->flags & MREMAP_MAYMOVE ? move (r) : result;
}

int64_t
user_mremap (uint64_t old, uint64_t old_size, uint64_t new_size, int flags, uint64_t new_addr)
{
  Remap r = { old, user_page_up (old_size), new_addr, user_page_up (new_size), flags };
  if (r.old_size < old_size || r.new_size < new_size)
    return -EINVAL;
  int64_t result = check (&r);
  if (result < 0)
    return result;

  g_mutex_lock (&user_map_space.lock);
  bool had_code = user_map_any_exec (old, old + r.old_size);
  bool over_code = flags & MREMAP_FIXED && user_map_any_exec (new_addr, new_addr + r.new_size);
  result = remap (&r);
  g_mutex_unlock (&user_map_space.lock);

  if (had_code && result >= 0)
    cpu_invalidate (old, r.old_size);
  if (over_code && result >= 0)
    cpu_invalidate (new_addr, r.new_size);
  vlog (VLOG_PAGE, "mremap: %#" PRIx64 " +%#" PRIx64 " to +%#" PRIx64 " flags %d -> %#" PRIx64 "\n", old,
        old_size, new_size, flags, (uint64_t)result);
  return result;
}
