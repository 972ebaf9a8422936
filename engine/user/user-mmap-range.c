/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Calls on ranges of memory that already is mapped, and System V shared memory. Each works on the runs of the
 * guest's mappings in the range, so neither the host's mappings nor the reservation of guest_base count as
 * the guest's. */

#include "user-map.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct {
  uint64_t start, end;
} Run;

/* The parts of [start, end) that are mapped. *ret_hole: whether there are others. */
static GArray *
mapped_runs (uint64_t start, uint64_t end, bool *ret_hole)
{
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (Run));
  uint64_t limit = MIN (end, user_map_space.end);
  *ret_hole = limit < end;
  g_mutex_lock (&user_map_space.lock);
  for (uint64_t addr = start; addr < limit;) {
    UserMap *map = user_map_find (addr);
    if (!map || map->start > addr)
      *ret_hole = true;
    if (!map || map->start >= limit)
      break;
    Run run = { MAX (addr, map->start) };
    run.end = user_map_run_end (run.start, limit);
    g_array_append_val (runs, run);
    addr = run.end;
  }
  g_mutex_unlock (&user_map_space.lock);
  return runs;
}

typedef long (*RangeCall) (void *host, uint64_t size, int arg);

/* Makes the call on each run. Where the range has holes the result is -ENOMEM, but for Linux's calls that
 * stop at the first one what lies beyond is left alone. */
static int64_t
on_runs (uint64_t addr, uint64_t size, RangeCall call, int arg, bool stop_at_hole)
{
  uint64_t end = addr + user_page_up (size);
  if (end < addr || user_page_up (size) < size)
    return -EINVAL;
  if (!size)
    return call (g2h (addr), 0, arg) < 0 ? -errno : 0;
  bool hole;
  g_autoptr (GArray) runs = mapped_runs (addr, end, &hole);
  for (guint i = 0; i < runs->len; i++) {
    const Run *run = &g_array_index (runs, Run, i);
    if (stop_at_hole && run->start > addr)
      return -ENOMEM;
    if (call (g2h (run->start), run->end - run->start, arg) < 0)
      return -errno;
    addr = run->end;
  }
  return hole ? -ENOMEM : 0;
}

static long
call_madvise (void *host, uint64_t size, int advice)
{
  return madvise (host, size, advice);
}

int64_t
user_madvise (uint64_t addr, uint64_t size, int advice)
{
  if (addr & (USER_PAGE - 1))
    return -EINVAL;
  return on_runs (addr, size, call_madvise, advice, false);
}

static long
call_mlock (void *host, uint64_t size, int flags)
{
  return flags ? syscall (SYS_mlock2, host, size, flags) : mlock (host, size);
}

static long
call_munlock (void *host, uint64_t size, int unused)
{
  return munlock (host, size);
}

int64_t
user_mlock (uint64_t addr, uint64_t size, unsigned flags)
{
  uint64_t in_page = addr & (USER_PAGE - 1);
  return on_runs (addr - in_page, size + in_page, call_mlock, (int)flags, true);
}

int64_t
user_munlock (uint64_t addr, uint64_t size)
{
  uint64_t in_page = addr & (USER_PAGE - 1);
  return on_runs (addr - in_page, size + in_page, call_munlock, 0, true);
}

static long
call_msync (void *host, uint64_t size, int flags)
{
  return msync (host, size, flags);
}

int64_t
user_msync (uint64_t addr, uint64_t size, int flags)
{
  if (addr & (USER_PAGE - 1))
    return -EINVAL;
  if (user_page_up (size) < size || addr + user_page_up (size) < addr)
    return -ENOMEM;
  return on_runs (addr, size, call_msync, flags, false);
}

int64_t
user_mincore (uint64_t addr, uint64_t size, uint64_t vec)
{
  if (addr & (USER_PAGE - 1))
    return -EINVAL;
  if (!user_range_ok (addr, size))
    return -ENOMEM;
  uint64_t end = addr + user_page_up (size);
  if (!user_range_ok (vec, user_page_up (size) / USER_PAGE))
    return -EFAULT;
  bool hole;
  g_autoptr (GArray) runs = mapped_runs (addr, end, &hole);
  unsigned char resident[256];
  for (guint i = 0; i < runs->len && g_array_index (runs, Run, i).start == addr; i++) {
    for (uint64_t stop = g_array_index (runs, Run, i).end; addr < stop;) {
      uint64_t pages = MIN ((stop - addr) / USER_PAGE, sizeof resident);
      if (mincore (g2h (addr), pages * USER_PAGE, resident) < 0)
        return -errno;
      if (user_write (vec, resident, pages) < 0)
        return -EFAULT;
      vec += pages;
      addr += pages * USER_PAGE;
    }
  }
  return addr < end ? -ENOMEM : 0;
}

static uint32_t shm_count;

/* Where shmat() attaches, or negative errno. */
static int64_t
shm_place (uint64_t addr, uint64_t size, int flags)
{
  if (!addr) {
    uint64_t place = flags & SHM_REMAP ? 0 : user_map_gap (size, USER_PAGE);
    return place ? (int64_t)place : flags & SHM_REMAP ? -EINVAL : -ENOMEM;
  }
  if (addr & (USER_PAGE - 1)) {
    if (!(flags & SHM_RND))
      return -EINVAL;
    addr &= ~(uint64_t)(USER_PAGE - 1);
  }
  if (addr < user_map_space.min || addr > user_map_space.end || size > user_map_space.end - addr)
    return -EINVAL;
  if (!(flags & SHM_REMAP) && user_map_any (addr, addr + size))
    return -EINVAL;
  return (int64_t)addr;
}

int64_t
user_shmat (int shmid, uint64_t addr, int flags)
{
  struct shmid_ds segment;
  if (shmctl (shmid, IPC_STAT, &segment) < 0)
    return -errno;
  uint64_t size = user_page_up (segment.shm_segsz);

  g_mutex_lock (&user_map_space.lock);
  int64_t place = shm_place (addr, size, flags);
  if (place >= 0 && !user_map_may_expand (size, false, (uint64_t)place, (uint64_t)place + size))
    place = -ENOMEM;
  bool had_code = false;
  if (place >= 0) {
    UserMap map = { .start = (uint64_t)place, .end = (uint64_t)place + size, .flags = USER_MAP_SHARED };
    map.prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
    had_code = user_map_any_exec (map.start, map.end);
    if (shmat (shmid, g2h (map.start), (flags & SHM_RDONLY) | SHM_REMAP) == (void *)-1) {
      place = -errno;
    } else {
      map.shm = ++shm_count;
      user_map_insert (&map);
    }
  }
  g_mutex_unlock (&user_map_space.lock);
  if (had_code)
    cpu_invalidate ((uint64_t)place, size);
  return place;
}

/* Removes what is left of an attachment from the table. */
static void
forget_shm (uint64_t addr, uint32_t shm)
{
  UserMap *map = user_map_find (addr);
  while (map) {
    uint64_t start = map->start, end = map->end;
    if (map->shm == shm) {
      user_map_clear (start, end);
      if (guest_base)
        user_map_release (start, end);
    }
    map = user_map_find (end);
  }
}

int64_t
user_shmdt (uint64_t addr)
{
  int64_t result = -EINVAL;
  bool had_code = false;
  g_mutex_lock (&user_map_space.lock);
  UserMap *map = addr < user_map_space.end ? user_map_find (addr) : NULL;
  uint64_t size = 0;
  if (map && map->start == addr && map->shm) {
    had_code = map->prot & PROT_EXEC;
    size = map->end - addr;
    result = shmdt (g2h (addr)) < 0 ? -errno : 0;
    if (!result)
      forget_shm (addr, map->shm);
  }
  g_mutex_unlock (&user_map_space.lock);
  if (had_code)
    cpu_invalidate (addr, size);
  return result;
}
