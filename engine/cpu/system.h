/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* System mode's part of a vCPU, shared by the files that implement softmmu.h. */

#include "softmmu.h"

#define SYSTEM_SPACES 16
#define SYSTEM_LARGE  4
#define PAGE_MASK     (RAM_PAGE_SIZE - 1)

/* An address space and its TLBs. */
typedef struct {
  CpuSpaceKey key;
  uint32_t mode;                         /* IrState.mode: translated code depends on it, so a space has one */
  JitSpace *tlb;                         /* NULL: unused so far */
  uint64_t stamp;                        /* when it was last current */
  bool used_read, used_write, used_exec; /* something was entered since it was cleared */
  uint64_t
      exec_pages[JIT_EXEC_SIZE / 64]; /* by jit_exec_index(): pages whose code may be in the jump cache */
  /* Guest pages larger than ours have been entered from these ranges. */
  struct {
    uint64_t start, end;
  } large[SYSTEM_LARGE];
  unsigned n_large;
} Space;

typedef struct CpuSystem {
  const IsaSystem *isa;
  MemoryMap *memory;
  Vcpu *vcpu;
  const CpuSemihosting *semihosting; /* NULL: none */
  Space spaces[SYSTEM_SPACES];
  Space *space;         /* the current one; NULL until first run */
  Space *user;          /* that of accesses with IR_F_USER; NULL until the first since `space` changed */
  uint64_t clock;       /* counts changes of space */
  bool returns_void;    /* return addresses of another space, or of before a flush, are on the JIT's stack */
  bool flush_requested; /* atomic: by other threads */
  struct SystemMail *mail; /* what other vCPUs have sent (softmmu-mail.c) */
  uint64_t seen;           /* see system_settle() */
  unsigned epoch;          /* of the JIT's latest flush its execute TLBs know of */
} CpuSystem;

/* softmmu-space.c */
/* Brings the current space in step with the vCPU's state, and does what other threads have asked for. To be
 * called before code is looked up or run. */
void system_sync (Cpu *cpu);
/* Flushes the TLBs if the memory map has changed. */
void system_flush_requested (Cpu *cpu);
/* All code is gone: so are page ids and jumps. */
void system_forget_code (Cpu *cpu);
/* The space of accesses with IR_F_USER; NULL: nothing can be kept. */
Space *system_user_space (Cpu *cpu);
void space_note_large (Space *space, uint64_t vaddr, unsigned log2_size);
/* Calls fn for each system-mode vCPU, which cannot end meanwhile. */
void system_each_cpu (void (*fn) (Cpu *cpu, void *opaque), void *opaque);
bool system_any_cpu (void);

/* softmmu-mail.c */
void system_mail_init (Cpu *cpu);
void system_mail_free (Cpu *cpu);
/* Does what was sent; true if there was something. */
bool system_mail_read (Cpu *cpu);

/* softmmu-fill.c */
/* Where an access that stays inside one page goes. */
typedef struct {
  uint8_t *host;   /* NULL: a device */
  RamBlock *block; /* with host */
  uint64_t offset; /* in the block */
  uint64_t phys;
} Place;
/* Finds it, entering it in the TLB where that is allowed; leaves with a fault. `user`: of IR_F_USER. */
Place system_place (Cpu *cpu, uint64_t vaddr, unsigned size, CpuAccess access, bool user);
typedef enum { SYSTEM_EXEC_OK, SYSTEM_EXEC_FAULT, SYSTEM_EXEC_ONCE } SystemExec;
/* The RAM address of the code at pc. ONCE: it must not be remembered. */
SystemExec system_exec (Cpu *cpu, uint64_t pc, uint64_t *ret_ram);
/* A CpuFetch. */
size_t system_fetch (Cpu *cpu, uint64_t pc, uint8_t *out, size_t want, IrFault *ret_fault);
/* Bytes at a RAM address, within one block. */
bool system_read_ram (uint64_t ram, void *out, size_t size);

/* softmmu-mem.c */
extern const IrMemOps mem_soft;
extern const JitSoftmmu system_softmmu;

/* Compiled code calls with the guest's floating-point settings, under which the host's own code might trap.
 * What is not a matter of a few instructions runs between these, with the host's. */
static inline unsigned
host_fp_begin (void)
{
  unsigned csr = __builtin_ia32_stmxcsr ();
  __builtin_ia32_ldmxcsr (0x1f80);
  return csr;
}
static inline void
host_fp_end (unsigned csr)
{
  __builtin_ia32_ldmxcsr (csr);
}

/* softmmu-code.c */
void system_code_init (void);
/* Before code in the page of RAM address `ram` is read: stores to it will be noticed. */
void system_watch_code (uint64_t ram);
/* Code was made from these bytes: stores to them drop it. */
void system_note_code (uint64_t ram, uint64_t size);
/* A store has changed [offset, offset + size) of a watched page. */
void system_stored (RamBlock *block, uint64_t offset, unsigned size);
/* The vCPU is outside of compiled code; it is about to enter it, or (`running` false) will not for a while.
 */
void system_settle (Cpu *cpu, bool running);
/* The guest's fence.i: code made while another vCPU's unchecked store may have been under way is compared. */
void system_fence_code (Cpu *cpu);

/* vcpu.c: cpu_wait_kick(). */
bool vcpu_wait_kick (Vcpu *vcpu);

/* softmmu-signal.c */
/* On each thread before it first runs a system-mode vCPU. */
void system_thread_begin (void);
