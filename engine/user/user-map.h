/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The table of the guest's mappings, behind user-mmap.h. Everything here needs user_map_lock held. */

#include "user-mmap.h"

#define USER_PAGE 4096u
/* Linux keeps this much free below a mapping that grows down. */
#define USER_STACK_GAP (256 * USER_PAGE)

enum {
  USER_MAP_SHARED = 1 << 0,
  USER_MAP_GROWSDOWN = 1 << 1,
};

typedef struct {
  uint64_t start, end;
  int prot; /* the guest's */
  unsigned flags;
  UserMapKind kind;
  uint32_t shm; /* number of the shmat() that made it, or 0 */
} UserMap;

/* A page that code is branched to only where that allows it: AArch64's PROT_BTI. */
#define USER_PROT_GUARDED 0x10

typedef struct {
  GMutex lock;   /* a fork takes it before, so that the child finds the table whole */
  uint64_t min;  /* lowest address that may be used */
  uint64_t base; /* where top-down placement starts: the space above is the stack's */
  uint64_t end;  /* first address that may not be used */
  int guard;     /* USER_PROT_GUARDED where the port has that, else 0 */
  /* Called once, with the lock held, before the first guarded page. */
  void (*guard_first) (void);
  /* Changes with each change of the table: what a thread remembers of it is valid for one generation. */
  unsigned generation;
} UserMapSpace;
extern UserMapSpace user_map_space;

static inline uint64_t
user_page_up (uint64_t x)
{
  return (x + USER_PAGE - 1) & ~(uint64_t)(USER_PAGE - 1);
}

void user_map_init (void);

/* The lowest mapping that ends above addr, or NULL. A stack is first brought up to date with its growth. */
UserMap *user_map_find (uint64_t addr);
UserMap *user_map_next (const UserMap *map);
/* Whether something, or something executable, is mapped in the range. */
bool user_map_any (uint64_t start, uint64_t end);
bool user_map_any_exec (uint64_t start, uint64_t end);
/* End of the run of mappings without a hole that holds addr; addr itself if nothing is mapped there. */
uint64_t user_map_run_end (uint64_t addr, uint64_t limit);

/* Puts a mapping in place of whatever is in its range; joins it with equal neighbours. */
void user_map_insert (const UserMap *map);
void user_map_clear (uint64_t start, uint64_t end);
void user_map_protect (uint64_t start, uint64_t end, int prot);
/* Brings every stack in the table up to date with its growth. */
void user_map_sync_stacks (void);

/* Linux's may_expand_vm(): whether the guest's limits let `added` more bytes be mapped, `data` if private and
 * writable. What is mapped in [start, end) makes room for them. */
bool user_map_may_expand (uint64_t added, bool data, uint64_t start, uint64_t end);

/* The highest free place for `size` bytes as Linux chooses it, or 0. */
uint64_t user_map_gap (uint64_t size, uint64_t align);
/* Whether Linux would take a hint: free, and clear of the gap below a stack. */
bool user_map_free (uint64_t start, uint64_t size);

/* user-mmap.c: gives host memory of a guest range back, or to the reservation of guest_base. 0 or negative
 * errno. */
int user_map_release (uint64_t start, uint64_t end);
