/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Where the guest's address space lies in the host's, how it is laid out, and what others ask about a page.
 */

#include "user-map.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

/* Below, Linux lets nobody map by default. */
#define LOWEST UINT64_C (0x10000)
/* Where a moved guest space is tried first: low enough that the host's own mappings, which Linux places
 * top-down, stay clear of the part of it that is not reserved. */
#define MOVED_BASE UINT64_C (0x200000000000)

/* Whether the host has nothing mapped in [start, end). */
static bool
host_range_free (uint64_t start, uint64_t end)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents ("/proc/self/maps", &text, NULL, NULL))
    return false;
  for (char *line = text; *line;) {
    uint64_t low = g_ascii_strtoull (line, &line, 16);
    uint64_t high = g_ascii_strtoull (line + 1, &line, 16);
    if (low < end && high > start)
      return false;
    char *newline = strchr (line, '\n');
    if (!newline)
      break;
    line = newline + 1;
  }
  return true;
}

/* Reserves host addresses for the guest's whole space, leaving the stack's part free for the host to grow it
 * in. */
static void
reserve_elsewhere (void)
{
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  uint64_t size = guest_space_size;
  void *base = mmap ((void *)MOVED_BASE, size, PROT_NONE, flags | MAP_FIXED_NOREPLACE, -1, 0);
  if (base == MAP_FAILED)
    base = mmap (NULL, size, PROT_NONE, flags, -1, 0);
  if (base == MAP_FAILED)
    g_error ("cannot reserve %" G_GUINT64_FORMAT " MiB of address space for the program; raise 'ulimit -v'",
             size >> 20);
  guest_base = (uintptr_t)base;
  uint64_t stack_part = user_map_space.base;
  munmap (g2h (stack_part), size - stack_part);
}

static bool
randomize (void)
{
  return !(personality (0xffffffff) & ADDR_NO_RANDOMIZE);
}

uint64_t
user_random_below (uint64_t limit)
{
  uint64_t x = 0;
  if (!randomize () || getrandom (&x, sizeof x, GRND_NONBLOCK) != sizeof x)
    return 0;
  return x % limit;
}

/* A random number of pages below 2^bits, in bytes. */
static uint64_t
random_pages (unsigned bits)
{
  return user_random_below (UINT64_C (1) << bits) * USER_PAGE;
}

static bool
is_64bit (void)
{
  return guest_space_size > UINT64_C (1) << 32;
}

/* Top-down placement starts below the room a stack may grow to. */
static uint64_t
placement_top (void)
{
  struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
  getrlimit (RLIMIT_STACK, &limit);
  uint64_t end = user_map_space.end;
  uint64_t stack_random = (is_64bit () ? UINT64_C (0x3ffff) : 0x7ff) * USER_PAGE;
  uint64_t least = UINT64_C (128) << 20, most = end / 6 * 5;
  /* An unlimited stack need not take everything. */
  uint64_t gap = limit.rlim_cur == RLIM_INFINITY ? end / 8 : MIN (limit.rlim_cur, most);
  gap = CLAMP (gap + USER_STACK_GAP + stack_random, least, most);
  return (end - gap - random_pages (is_64bit () ? 18 : 8)) & ~(uint64_t)(USER_PAGE - 1);
}

void
user_mmap_init (unsigned space_bits)
{
  UserMapSpace *space = &user_map_space;
  guest_space_size = UINT64_C (1) << space_bits;
  guest_base = 0;
  space->min = LOWEST;
  /* The highest 32-bit addresses are error numbers when returned by a system call. */
  space->end = space_bits == 32 ? guest_space_size - USER_PAGE : guest_space_size;
  space->base = placement_top ();
  if (user_process.options.move_guest || !host_range_free (LOWEST, guest_space_size))
    reserve_elsewhere ();
  user_map_init ();
}

uint64_t
user_stack_top (void)
{
  return user_map_space.end - random_pages (is_64bit () ? 18 : 11);
}

uint64_t
user_pie_base (void)
{
  uint64_t base = user_map_space.end / 3 * 2;
  return (base & ~(uint64_t)(USER_PAGE - 1)) + random_pages (is_64bit () ? 18 : 8);
}

uint64_t
user_brk_random (void)
{
  return random_pages (is_64bit () ? 18 : 13);
}

/* The mapping a thread asked about last; the translator asks for each instruction. */
static _Thread_local struct {
  uint64_t start, end;
  int prot;
  unsigned generation;
} last_page;

int
user_page_prot (uint64_t addr)
{
  unsigned generation = __atomic_load_n (&user_map_space.generation, __ATOMIC_ACQUIRE);
  if (addr >= last_page.start && addr < last_page.end && generation == last_page.generation)
    return last_page.prot;

  int prot = -1;
  g_mutex_lock (&user_map_space.lock);
  UserMap *map = user_map_find (addr);
  if (map && map->start <= addr) {
    prot = map->prot;
    last_page.start = map->start;
    last_page.end = map->end;
    last_page.prot = prot;
    last_page.generation = __atomic_load_n (&user_map_space.generation, __ATOMIC_ACQUIRE);
  }
  g_mutex_unlock (&user_map_space.lock);
  return prot;
}

bool
user_is_below_mapping (uint64_t addr)
{
  g_mutex_lock (&user_map_space.lock);
  bool found = user_map_find (addr) != NULL;
  g_mutex_unlock (&user_map_space.lock);
  return found;
}

int
user_fault_code (uint64_t addr)
{
  return addr < guest_space_size && user_page_prot (addr) >= 0 ? SEGV_ACCERR : SEGV_MAPERR;
}
