/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The rest of the guest's memory calls: what syscalls need beyond user.h, and what the loader lays out. */

#include "user.h"

/* What a mapping is, for /proc/self/maps. */
typedef enum {
  USER_MAP_PLAIN,
  USER_MAP_HEAP,
  USER_MAP_STACK,
  USER_MAP_VDSO,
} UserMapKind;

/* First address beyond what a mapping may use (Linux's TASK_SIZE). */
uint64_t user_task_size (void);
/* This port's programs may guard pages by mmap(), mprotect() and their ELF notes; `first` is called once,
 * before the first is there. */
void user_guard_init (void (*first) (void));
/* Whether addr is in a guarded page. */
bool user_page_guarded (uint64_t addr);

/* Whether [addr, addr + size) lies in the guest's address space: Linux's access_ok(). Pointers handed through
 * to the host must pass it, or a guest could name host memory. */
static inline bool
user_range_ok (uint64_t addr, uint64_t size)
{
  return size <= guest_space_size && addr <= guest_space_size - size;
}

/* user_mmap() for the loader: the mapping is listed as `kind`. */
int64_t user_mmap_kind (uint64_t addr, uint64_t size, int prot, int flags, int fd, uint64_t offset,
                        UserMapKind kind);
/* Where the stack's top and a position-independent program go, randomised unless the personality forbids it.
 */
uint64_t user_stack_top (void);
uint64_t user_pie_base (void);
/* What the heap's start is moved by, in whole pages. */
uint64_t user_brk_random (void);
/* A random number below `limit`; 0 if the personality forbids. */
uint64_t user_random_below (uint64_t limit);
/* Sets the heap's start, after the program is mapped. */
void user_brk_init (uint64_t start);

/* Linux's calls on ranges: 0 or a negative errno. `vec` and `addr` are guest addresses. */
int64_t user_madvise (uint64_t addr, uint64_t size, int advice);
int64_t user_mlock (uint64_t addr, uint64_t size, unsigned flags); /* mlock2's flags */
int64_t user_munlock (uint64_t addr, uint64_t size);
int64_t user_msync (uint64_t addr, uint64_t size, int flags);
int64_t user_mincore (uint64_t addr, uint64_t size, uint64_t vec);
/* System V shared memory: the guest address, or a negative errno. */
int64_t user_shmat (int shmid, uint64_t addr, int flags);
int64_t user_shmdt (uint64_t addr);

/* si_code (SEGV_MAPERR or SEGV_ACCERR) the guest must see for a SIGSEGV at guest address `addr`. */
int user_fault_code (uint64_t addr);
/* Whether anything is mapped at `addr` or above it. */
bool user_is_below_mapping (uint64_t addr);

/* user-mem.c: to be called first by the host's SIGSEGV and SIGBUS handler. When the fault happened inside
 * user_read(), user_write(), user_fetch() or user_read_string(), makes that call return -EFAULT and returns
 * true. */
bool user_mem_fault (void *ucontext);
