/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A guest thread for tests that run no guest code: processor, memory, handlers. */

#include "riscv-cpu.h"
#include "syscall.h"
#include "user-abi.h"
#include "user-mmap.h"
#include "user-signal.h"
#include "user-thread.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline uint64_t
map_memory (uint64_t size)
{
  int64_t at = user_mmap (0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_cmpint (at, >, 0);
  return (uint64_t)at;
}

/* The process's first thread, of a guest with `bits`; its stack pointer is at the end of fresh memory. */
static inline UserThread *
guest_thread_new (unsigned bits)
{
  const GuestIsa *isa = bits == 32 ? &riscv32_isa : &riscv64_isa;
  user_process.isa = isa;
  user_process.abi = user_abi_find (isa);
  user_mmap_init (user_process.abi->space_bits);
  if (!user_process.sighand)
    user_signal_init ();
  memset (user_process.sighand->action, 0, sizeof user_process.sighand->action);
  UserThread *thread = user_thread_new (cpu_new (isa, NULL, NULL));
  thread->tid = gettid ();
  user_self = thread;
  user_process.abi->set_stack (thread->cpu, map_memory (65536) + 65536);
  return thread;
}

static inline uint64_t *
guest_x (UserThread *thread, unsigned n)
{
  return &thread->cpu->state.var[RV_VAR_X + n];
}
