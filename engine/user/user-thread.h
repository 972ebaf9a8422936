/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Threads and processes between the files of this folder. */

#include "user.h"
#include "safe-syscall.h"

/* What clone, clone3, fork and vfork ask for, in guest terms. */
typedef struct {
  uint64_t flags;             /* CLONE_*, without the exit signal */
  uint64_t stack;             /* the new stack pointer; 0: the parent's */
  uint64_t ptid, ctid, pidfd; /* guest addresses */
  uint64_t tls;
  int exit_signal;
  uint64_t set_tid, set_tid_size;
  int cgroup;
} UserClone;

/* ---- thread.c ---- */

/* A thread structure around `cpu` with nothing pending; the caller sets tid. */
UserThread *user_thread_new (Cpu *cpu);
void user_thread_free (UserThread *thread);
/* Makes the calling host thread `thread`: user_self, handler stack, list of threads. */
void user_thread_enter (UserThread *thread);
int64_t user_thread_create (UserThread *parent, const UserClone *args);
/* What a process does before it ends by itself; set by main. NULL: nothing. */
extern void (*user_exit_hook) (void);

/* ---- robust-list.c ---- */

/* What the kernel does with a dying thread's robust futexes. */
void user_robust_list_exit (UserThread *thread);
/* The same for the process `thread` ends, where the host kernel cannot see to it. */
void user_robust_lists_exit (UserThread *thread);
/* Like user_mem_fault(), for that walk. */
bool user_robust_fault (void *ucontext);

/* ---- fork.c ---- */

int64_t user_fork (UserThread *parent, const UserClone *args);
/* Registers that clone sets in the child's cpu. */
void user_clone_registers (Cpu *cpu, const UserClone *args);
/* CLONE_CLEAR_SIGHAND: handlers go, ignored signals stay ignored. */
void user_clear_handlers (UserThread *thread);

/* ---- vm-process.c ---- */

/* A new process in the same memory. */
int64_t user_vm_process (UserThread *parent, const UserClone *args);

/* ---- thread-stop.c ---- */

/* Brings all other guest threads to rest outside guest code and outside our locks, and keeps them there.  The
 * caller holds none of our locks.  Nests. */
void user_stop_others (void);
void user_resume_others (void);
/* To be called by a thread at a place where it may rest, with no lock held. */
void user_stop_point (UserThread *thread);
/* Brackets a host call that cannot be interrupted: the thread counts as resting in it. */
void user_rest_begin (UserThread *thread);
void user_rest_end (UserThread *thread);
/* A held thread that rests goes on resting when the others resume.  To be called while all threads rest. */
void user_thread_hold (UserThread *thread, bool hold);
/* In a forked child: nobody else is left. */
void user_stop_after_fork (UserThread *thread);

/* ---- system calls ---- */

int64_t sys_clone (UserThread *thread, const uint64_t *a);
int64_t sys_clone3 (UserThread *thread, const uint64_t *a);
int64_t sys_set_tid_address (UserThread *thread, const uint64_t *a);
int64_t sys_set_robust_list (UserThread *thread, const uint64_t *a);
int64_t sys_get_robust_list (UserThread *thread, const uint64_t *a);
int64_t sys_exit (UserThread *thread, const uint64_t *a);
int64_t sys_exit_group (UserThread *thread, const uint64_t *a);
/* Of 64-bit guests alone. */
int64_t sys_wait4 (UserThread *thread, const uint64_t *a);
int64_t sys_waitid (UserThread *thread, const uint64_t *a);
/* futex_time64 of 32-bit guests too: the guest's timespec has 64-bit members in either. */
int64_t sys_futex (UserThread *thread, const uint64_t *a);
int64_t sys_futex_waitv (UserThread *thread, const uint64_t *a);
