/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The just-in-time compiler: regions of IR become host code that keeps guest variables in host registers.
 *
 * A fixed map of the hottest variables to host registers (the pinned map) holds at every entry and exit of
 * compiled code, so code links to code without glue.  Regions with loops use a map of their own inside.  All
 * other state is in IrState.  The caller owns the run loop: it looks code up, compiles what is missing, and
 * enters it.
 */

#include "ir-state.h"
#include <signal.h>

typedef struct JitThread JitThread;
typedef struct JitCode JitCode;

#define JIT_JUMPS 4096

typedef struct {
  uint64_t pc;
  const void *entry;
} JitJump;

/* System mode: how compiled code finds guest memory.  An address space has a TLB for loads, one for stores
 * (and atomics), and one for instruction fetch; the embedder fills them and takes entries away.  A data entry
 * stands for one guest page of host memory: host address = guest address + addend.  What is not there, or
 * must not be accessed directly, has no matching tag, and the access goes to JitSoftmmu's functions. */
#define JIT_PAGE_BITS 12
#define JIT_TLB_SIZE  4096
#define JIT_EXEC_SIZE 1024
#define JIT_TLB_NONE  UINT64_MAX /* a tag or page that matches nothing */

typedef struct {
  uint64_t tag; /* guest page address, or JIT_TLB_NONE */
  uint64_t addend;
} JitTlbEntry;

/* Where the guest page `page` is executed from.  `id` is jit_page_id (page, ram): what jumps between pages
 * compare. */
typedef struct {
  uint64_t page, ram;
  uint32_t id;
  uint32_t reserved[3];
} JitExecEntry;

typedef struct {
  JitTlbEntry read[JIT_TLB_SIZE], write[JIT_TLB_SIZE];
  JitExecEntry exec[JIT_EXEC_SIZE];
  JitJump jumps[JIT_JUMPS];
} JitSpace;

static inline unsigned
jit_tlb_index (uint64_t addr)
{
  return addr >> JIT_PAGE_BITS & (JIT_TLB_SIZE - 1);
}
static inline unsigned
jit_exec_index (uint64_t addr)
{
  return addr >> JIT_PAGE_BITS & (JIT_EXEC_SIZE - 1);
}

/* Accesses that found no entry. All state is exact while they run, and they may leave by ir_leave(). `kind`:
 * see JIT_KIND. Loads return the value as the op delivers it. */
typedef struct {
  uint64_t (*load) (IrState *s, uint64_t addr, uint32_t kind);
  void (*store) (IrState *s, uint64_t addr, uint32_t kind, uint64_t value);
  /* Makes an entry for an atomic of that size; false: none can be made, the interpreter is to do it. */
  bool (*fill_write) (IrState *s, uint64_t addr, uint32_t kind);
  /* For the first of several accesses near addr: the addend that serves all bytes from JIT_KIND_BELOW below
   * it to JIT_KIND_ABOVE above it, or JIT_NO_ADDEND where no single one does. The access at addr itself may
   * fault. */
  uint64_t (*span) (IrState *s, uint64_t addr, uint32_t kind);
} JitSoftmmu;
#define JIT_NO_ADDEND 1
enum {
  JIT_KIND_LOG2 = 3,    /* mask: log2 of the size in bytes */
  JIT_KIND_SIGNED = 4,  /* a load of an integer sign-extends, */
  JIT_KIND_WIDE = 8,    /* to 64 bits; else to 32 */
  JIT_KIND_WRITE = 16,  /* span: of stores */
  JIT_KIND_USER = 32,   /* IR_F_USER: not in the current space but in the user's */
  JIT_KIND_WIDE16 = 64, /* 16 bytes (log2 is 0), which are in JitState.wide_arg[0] */
  JIT_KIND_BELOW = 8,   /* shifts of 12-bit fields */
  JIT_KIND_ABOVE = 20,
};
/* Addends that a block of compiled code keeps while it runs; a flush of the TLB makes them JIT_NO_ADDEND. */
#define JIT_SPANS 8

/* What compiled code reaches from its state register, after the guest's own state. */
typedef struct {
  IrState state;           /* must be first */
  uint64_t arg[3];         /* operands of out-of-line calls */
  IrV128 wide_arg[3];      /* the same of calls with vectors, and their result */
  uint64_t c_rsp, jit_rsp; /* the other stack, while one is in use */
  uint64_t exit_info;      /* of the latest exit: see JitExit */
  uint64_t saved_gpr[8];
  IrV128 saved_xmm[16];
  uint32_t mxcsr_saved, mxcsr_masked;
  uint64_t consts[28];        /* JIT_C_* */
  uint8_t flags_reversed[32]; /* the order of IR_FPFLAGS_INVALID_HIGH */
  uint8_t fp_lazy;            /* flags may be in MXCSR that are not in state.fp.flags: see jit-fpflags.c */
  uint32_t fp_traps;
  uint64_t spill[64];                           /* temporaries without a host register */
  uint64_t executed_insns, executed_host_insns; /* kept by code compiled with JitConfig.count */
  JitSpace *space;                              /* system mode: the current one; NULL in user mode */
  JitSpace *user_space;                         /* and where accesses with IR_F_USER look; never NULL there */
  uint64_t span[JIT_SPANS];
  uint64_t slow_value;      /* a store's value on its way to JitSoftmmu.store */
  JitJump jumps[JIT_JUMPS]; /* user mode: cache of indirect jump targets, by pc */
} JitState;

typedef struct {
  unsigned n_vars;
  const uint8_t
      *var_types; /* IrType of each variable; floating-point ones are IR_F64 or IR_V128 containers */
  unsigned n_hot_int, n_hot_fp;
  const uint8_t *hot_int, *hot_fp; /* hottest first */
  const IrHelper *helpers;
  uintptr_t guest_base;
  bool addr32;
  const JitSoftmmu *softmmu; /* NULL: user mode */
  /* Guest bytes at a guest address (user mode) or RAM address; false: not readable. */
  bool (*read) (uint64_t addr, void *out, size_t size);
  size_t cache_size; /* bytes of code; 0: default */
  /* Bits of IrState.mode: what has one of them is code that lasts (a kernel's), while other code comes and
   * goes. */
  uint32_t lasting_mode;
  unsigned hot_threshold;
  bool count, perf_map;
} JitConfig;

/* FALSE where the host CPU lacks what the code generator needs (x86-64-v3). */
bool jit_supported (void);
/* Once per process, before the first thread. FALSE and an error if the code cache cannot be made. */
bool jit_init (const JitConfig *config, GError **error);
/* Forgets what a copied state says about another vCPU's code. */
void jit_state_clear (JitState *js);
/* Per vCPU; `js` must stay valid. */
JitThread *jit_thread_new (JitState *js);
void jit_thread_free (JitThread *t);

/* Results of jit_enter() besides the values of IrExit. */
enum {
  JIT_EXIT_LINK = 0x100, /* a direct jump to state.pc that is not linked yet; exit_info: for jit_link() */
  JIT_EXIT_LOOKUP,       /* an indirect jump to state.pc missed the cache */
  JIT_EXIT_HOT,          /* the block at state.pc has run often: worth a region; exit_info: its JitCode */
  JIT_EXIT_INTERPRET,    /* the instruction at state.pc is a rare case the code does not cover */
};

/* Runs `code` until it exits. The state is exact on return. */
unsigned jit_enter (JitThread *t, const JitCode *code);

/* The valid code for (pc, mode), or NULL; in system mode made from the bytes at RAM address `ram` (else 0).
 */
JitCode *jit_lookup (uint64_t pc, uint64_t ram, uint32_t mode);

/* System mode: the id of guest page `page` executed from RAM page `ram`; not 0 or UINT32_MAX. Good until a
 * flush. */
uint32_t jit_page_id (uint64_t page, uint64_t ram);
/* There are so many ids that it is time for a flush. */
bool jit_page_ids_full (void);
/* System mode: how often everything was flushed. After a change all of a vCPU's exec entries and jumps are
 * void. */
unsigned jit_epoch (JitThread *t);
/* The current space has changed: returns find their way by look-up. */
void jit_space_changed (JitThread *t);

/* Before guest code is read to be compiled: if any of it is invalidated from here on, jit_compile() returns
 * code that leads to a look-up. */
void jit_translating (JitThread *t);

typedef enum { JIT_BLOCK, JIT_REGION } JitTier;
/* Compiles the region and publishes it (if another thread was faster, that code is returned). A JIT_REGION
 * replaces the JIT_BLOCK code `cold` of the same pc. NULL if the code cache is full: call jit_flush() and try
 * again. */
JitCode *jit_compile (JitThread *t, const IrRegion *r, JitTier tier, JitCode *cold);

/* System mode, after jit_translating(): code for the bytes at RAM address `ram`, that was made for another
 * guest address, copied for this one and published. NULL: there is none, or no room. */
JitCode *jit_copy (JitThread *t, uint64_t pc, uint64_t ram, uint32_t mode);
/* For tests: whether the copy is what compiling the region gives. */
bool jit_copy_is_exact (JitThread *t, const JitCode *copy, const IrRegion *r);

/* A thread brackets its use of code (jit_enter, jit_lookup, jit_compile) with these: a flush waits for
 * threads in between. jit_begin returns false if a flush has made every JitCode pointer of before stale. */
bool jit_begin (JitThread *t);
void jit_end (JitThread *t);
/* After leaving code by ir_leave() from C that it called: takes over the guest's FP flags from MXCSR (or from
 * the signal frame's) and gives MXCSR back to the host. */
void jit_abandon (JitThread *t, const void *ucontext);

/* Makes the direct jump that led to the latest JIT_EXIT_LINK go straight to `to`. */
void jit_link (JitThread *t, const JitCode *to);
/* Enters `to` in the thread's indirect jump cache. */
void jit_cache_jump (JitThread *t, const JitCode *to);
void jit_clear_jumps (JitThread *t);
uint64_t jit_code_pc (const JitCode *code);
/* False: entering it leads to a look-up. */
bool jit_code_valid (const JitCode *code);
/* Resets the execution counter so that `code` becomes hot again only after `n` more runs. */
void jit_cool (JitCode *code, int n);

/* Drops all code made from [start, start + size) of guest memory. */
void jit_invalidate (uint64_t start, uint64_t size);
/* Drops code in the range whose guest bytes differ from those it was made from. */
void jit_invalidate_changed (uint64_t start, uint64_t size);
/* User mode: from now on guest memory is seen by other threads or processes.  Until the first call, atomic
 * accesses and fences are compiled without what only these could notice; such code is dropped.  No other
 * thread runs code at the first call. */
void jit_memory_shared (void);
/* Drops everything and reuses the memory. Waits until no other thread runs code. */
void jit_flush (JitThread *t);
/* In a forked child: makes the code cache private again. Only `t` survives. */
bool jit_after_fork_child (JitThread *t);
/* Around fork(): no other thread is changing the tables while the child is made. */
void jit_fork_lock (bool take);

/* From a host SIGFPE handler: if compiled code raised a floating-point flag for the first time, notes it and
 * lets the code go on (true). */
bool jit_host_fpe (JitThread *t, const siginfo_t *info, void *ucontext);

/* From a host SIGSEGV/SIGBUS handler: if the host pc is in compiled code, and the fault is a guest access,
 * recovers the exact guest state into the thread's state (fault is left to the caller) and makes the
 * handler's return continue as an exit with `reason`. If the fault is the host stack's guard page, fixes that
 * and lets the code go on (JIT_FAULT_RETRY). */
typedef enum { JIT_FAULT_NONE, JIT_FAULT_GUEST, JIT_FAULT_RETRY } JitFault;
JitFault jit_host_fault (JitThread *t, const siginfo_t *info, void *ucontext, unsigned reason);

typedef struct {
  uint64_t regions[2], insns[2], host_bytes;
  uint64_t flushes;
} JitCounters;
extern JitCounters jit_counters;
/* Microseconds the thread has spent on counting host instructions, with JitConfig.count: no part of the work.
 */
uint64_t jit_measuring_us (const JitThread *t);
/* Instructions executed by all threads, those that have ended included; kept with JitConfig.count. */
void jit_executed (uint64_t *ret_guest, uint64_t *ret_host);

/* Host code as text, for -d out_asm. */
char *jit_disassemble (const JitCode *code);
