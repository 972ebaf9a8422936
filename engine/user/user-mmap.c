/* SPDX-License-Identifier: GPL-3.0-or-later */

/* mmap, munmap, mprotect and brk, with Linux's checks against the guest's own address space: no call of the
 * guest reaches a mapping of the host. */

#include "user-map.h"
#include "user-limits.h"
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HUGE_PAGE (UINT64_C (2) << 20)
/* Flags of the host's alone, with no meaning in the generic Linux ABI: MAP_32BIT and MAP_ABOVE4G. */
#define HOST_ONLY_FLAGS 0xc0

/* The host protection for a guest one: code is read by the translator, never run. */
static int
user_host_prot (int prot)
{
  return (prot & (PROT_READ | PROT_WRITE)) | (prot & PROT_EXEC ? PROT_READ : 0);
}

uint64_t
user_task_size (void)
{
  return user_map_space.end;
}

int
user_map_release (uint64_t start, uint64_t end)
{
  uint64_t reserved = guest_base ? CLAMP (user_map_space.base, start, end) : start;
  if (start < reserved && mmap (g2h (start), reserved - start, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
    return -errno;
  if (reserved < end && munmap (g2h (reserved), end - reserved) < 0)
    return -errno;
  return 0;
}

static uint64_t
huge_page_size (int flags)
{
  unsigned log2_size = (unsigned)flags >> MAP_HUGE_SHIFT & 63;
  return log2_size >= 12 && log2_size < 38 ? UINT64_C (1) << log2_size : HUGE_PAGE;
}

/* Linux's get_unmapped_area(): the address a mapping of `size` bytes gets, or negative errno. */
static int64_t
choose_place (uint64_t addr, uint64_t size, int flags)
{
  UserMapSpace *space = &user_map_space;
  if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
    if (addr > space->end || size > space->end - addr)
      return -ENOMEM;
    if (addr & (USER_PAGE - 1))
      return -EINVAL;
    /* At guest_base 0 the host knows who may map so low. */
    if (addr < space->min && guest_base)
      return -EPERM;
    if (flags & MAP_FIXED_NOREPLACE && user_map_any (addr, addr + size))
      return -EEXIST;
    return (int64_t)addr;
  }
  uint64_t align = flags & MAP_HUGETLB && flags & MAP_ANONYMOUS ? huge_page_size (flags) : USER_PAGE;
  if (addr) {
    uint64_t hint = MAX (user_page_up (addr), space->min);
    if (!(hint & (align - 1)) && hint <= space->end && size <= space->end - hint &&
        user_map_free (hint, size))
      return (int64_t)hint;
  }
  /* Whole huge pages may become such if they are aligned. */
  uint64_t place = 0;
  if (align == USER_PAGE && flags & MAP_ANONYMOUS && size >= HUGE_PAGE && !(size & (HUGE_PAGE - 1)))
    place = user_map_gap (size, HUGE_PAGE);
  if (!place)
    place = user_map_gap (size, align);
  return place ? (int64_t)place : -ENOMEM;
}

static int64_t
check_mmap (uint64_t *size, int prot, int flags, int fd, uint64_t offset)
{
  if (!*size || offset & (USER_PAGE - 1))
    return -EINVAL;
  uint64_t whole = user_page_up (*size);
  if (flags & MAP_HUGETLB && flags & MAP_ANONYMOUS)
    whole = (whole + huge_page_size (flags) - 1) & ~(huge_page_size (flags) - 1);
  if (whole < *size || whole > user_map_space.end)
    return -ENOMEM;
  if (offset + whole < offset)
    return -EOVERFLOW;
  if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && flags & HOST_ONLY_FLAGS)
    return -EOPNOTSUPP;
  /* The host never maps it executable, so it would not notice. */
  struct statvfs fs;
  if (prot & PROT_EXEC && !(flags & MAP_ANONYMOUS) && fstatvfs (fd, &fs) == 0 && fs.f_flag & ST_NOEXEC)
    return -EPERM;
  *size = whole;
  return 0;
}

static int
host_flags (int flags)
{
  flags = (flags & ~(HOST_ONLY_FLAGS | MAP_FIXED_NOREPLACE)) | MAP_FIXED;
  /* Inside a reservation the host has no room to let it grow. */
  return guest_base ? flags & ~MAP_GROWSDOWN : flags;
}

int64_t
user_mmap_kind (uint64_t addr, uint64_t size, int prot, int flags, int fd, uint64_t offset, UserMapKind kind)
{
  int64_t error = check_mmap (&size, prot, flags, fd, offset);
  if (error < 0)
    return error;

  g_mutex_lock (&user_map_space.lock);
  int64_t place = choose_place (addr, size, flags);
  bool data = prot & PROT_WRITE && (flags & MAP_TYPE) == MAP_PRIVATE && kind != USER_MAP_STACK;
  if (place >= 0 && !user_map_may_expand (size, data, (uint64_t)place, (uint64_t)place + size))
    place = -ENOMEM;
  bool had_code = false;
  if (place >= 0) {
    uint64_t start = (uint64_t)place, end = start + size;
    int real_flags = host_flags (flags);
    if (kind == USER_MAP_STACK && start >= user_map_space.base)
      real_flags |= flags & MAP_GROWSDOWN;
    void *host = mmap (g2h (start), size, user_host_prot (prot), real_flags, fd, (off_t)offset);
    if (host == MAP_FAILED) {
      place = -errno;
    } else {
      had_code = user_map_any_exec (start, end);
      UserMap map = { .start = start,
                      .end = end,
                      .prot = prot & (PROT_READ | PROT_WRITE | PROT_EXEC | user_map_space.guard),
                      .kind = kind };
      map.flags = ((flags & MAP_TYPE) != MAP_PRIVATE ? USER_MAP_SHARED : 0) |
                  (real_flags & MAP_GROWSDOWN ? USER_MAP_GROWSDOWN : 0);
      user_map_insert (&map);
    }
  }
  g_mutex_unlock (&user_map_space.lock);

  if (had_code)
    cpu_invalidate ((uint64_t)place, size);
  vlog (VLOG_PAGE, "mmap: %#" PRIx64 " +%#" PRIx64 " prot %d flags %#x -> %#" PRIx64 "\n", addr, size, prot,
        flags, (uint64_t)place);
  return place;
}

int64_t
user_mmap (uint64_t addr, uint64_t size, int prot, int flags, int fd, uint64_t offset)
{
  return user_mmap_kind (addr, size, prot, flags, fd, offset, USER_MAP_PLAIN);
}

int64_t
user_munmap (uint64_t addr, uint64_t size)
{
  uint64_t task_size = user_map_space.end;
  if (addr & (USER_PAGE - 1) || addr > task_size || !size || size > task_size - addr)
    return -EINVAL;
  uint64_t end = addr + user_page_up (size);

  g_mutex_lock (&user_map_space.lock);
  bool had_code = user_map_any_exec (addr, end);
  int error = user_map_release (addr, end);
  if (!error)
    user_map_clear (addr, end);
  g_mutex_unlock (&user_map_space.lock);

  if (had_code && !error)
    cpu_invalidate (addr, end - addr);
  vlog (VLOG_PAGE, "munmap: %#" PRIx64 " +%#" PRIx64 " -> %d\n", addr, size, error);
  return error;
}

/* Whether `size` bytes of `map` may be made writable: then they count as data. */
static bool
may_become_data (const UserMap *map, uint64_t size)
{
  return map->prot & PROT_WRITE || map->flags & (USER_MAP_SHARED | USER_MAP_GROWSDOWN) ||
         user_map_may_expand (size, true, map->start, map->start + size) ||
         !user_map_may_expand (0, false, 0, 0);
}

/* The part of mprotect() under the lock. Like Linux it works up to the first hole, and then fails. */
static int64_t
protect_range (uint64_t addr, uint64_t end, int prot, int grows)
{
  UserMap *map = user_map_find (addr);
  if (!map || map->start >= end || (map->start > addr && grows != PROT_GROWSDOWN))
    return -ENOMEM;
  if (grows == PROT_GROWSDOWN) {
    if (!(map->flags & USER_MAP_GROWSDOWN))
      return -EINVAL;
    addr = map->start;
  } else if (grows == PROT_GROWSUP) {
    return -EINVAL;
  }
  uint64_t mapped = user_map_run_end (addr, end);
  if (prot & PROT_WRITE && !may_become_data (map, MIN (map->end, mapped) - addr))
    return -ENOMEM;
  if (mprotect (g2h (addr), mapped - addr, user_host_prot (prot)) < 0)
    return -errno;
  user_map_protect (addr, mapped, prot);
  return mapped < end ? -ENOMEM : 0;
}

void
user_guard_init (void (*first) (void))
{
  user_map_space.guard = USER_PROT_GUARDED;
  user_map_space.guard_first = first;
}

bool
user_page_guarded (uint64_t addr)
{
  g_mutex_lock (&user_map_space.lock);
  const UserMap *map = user_map_find (addr);
  bool guarded = map != NULL && addr >= map->start && map->prot & USER_PROT_GUARDED;
  g_mutex_unlock (&user_map_space.lock);
  return guarded;
}

int64_t
user_mprotect (uint64_t addr, uint64_t size, int prot)
{
  const int known = PROT_READ | PROT_WRITE | PROT_EXEC | user_map_space.guard | 8 /* PROT_SEM */;
  int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
  prot &= ~grows;
  if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || addr & (USER_PAGE - 1))
    return -EINVAL;
  if (!size)
    return 0;
  uint64_t end = addr + user_page_up (size);
  if (end <= addr)
    return -ENOMEM;
  if (prot & ~known)
    return -EINVAL;

  g_mutex_lock (&user_map_space.lock);
  uint64_t limit = MIN (end, user_map_space.end);
  bool had_code = addr < limit && user_map_any_exec (addr, limit);
  int64_t error = addr < limit ? protect_range (addr, limit, prot & ~8, grows) : -ENOMEM;
  if (!error && limit < end)
    error = -ENOMEM;
  g_mutex_unlock (&user_map_space.lock);

  if (had_code)
    cpu_invalidate (addr, limit - addr);
  vlog (VLOG_PAGE, "mprotect: %#" PRIx64 " +%#" PRIx64 " prot %d -> %d\n", addr, size, prot, (int)error);
  return error;
}

void
user_brk_init (uint64_t start)
{
  user_process.brk_start = user_process.brk = start;
}

/* Whether the heap may end at `end`: below its limit, and not in or next to another mapping. */
static bool
heap_fits (uint64_t old_end, uint64_t end)
{
  if (end - user_process.brk_start > user_limit_soft (RLIMIT_DATA))
    return false;
  return end < user_map_space.end && user_map_free (old_end, end - old_end + USER_PAGE) &&
         user_map_may_expand (end - old_end, true, 0, 0);
}

static bool
heap_grow (uint64_t start, uint64_t end)
{
  const int prot = PROT_READ | PROT_WRITE;
  if (!heap_fits (start, end) ||
      mmap (g2h (start), end - start, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
    return false;
  user_map_insert (&(UserMap){ .start = start, .end = end, .prot = prot, .kind = USER_MAP_HEAP });
  return true;
}

int64_t
user_brk (uint64_t addr)
{
  g_mutex_lock (&user_map_space.lock);
  uint64_t old_end = user_page_up (user_process.brk), end = user_page_up (addr);
  bool ok = addr >= user_process.brk_start && addr < user_map_space.end;
  if (ok && end > old_end) {
    ok = heap_grow (old_end, end);
  } else if (ok && end < old_end) {
    ok = user_map_release (end, old_end) == 0;
    if (ok)
      user_map_clear (end, old_end);
  }
  if (ok)
    user_process.brk = addr;
  int64_t brk = (int64_t)user_process.brk;
  g_mutex_unlock (&user_map_space.lock);
  return brk;
}
