/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Shared by the files of this room. */

#include "jit.h"
#include "x86-asm.h"
#include <stddef.h>

/* Host register conventions.  rbp: JitState + STATE_BIAS.  rsp: the thread's JIT stack, 16-byte aligned at
 * region boundaries.  rax, rcx: scratch inside one op.  rdx: temporaries.  r13: the JitSpace in system mode.
 * The others hold variables. xmm0, xmm1: scratch.  xmm2, xmm3: temporaries.  xmm15: all ones.  The others
 * hold variables; where there are vectors, xmm14 is scratch too, and xmm13 holds temporaries. */
#define STATE_BIAS   128
#define N_PINNED_GPR 11
#define N_PINNED_XMM 11
#define XMM_ONES     15
#define XMM_SCRATCH  14                           /* where there are vectors */
extern const int8_t jit_pinned_gpr[N_PINNED_GPR]; /* the last one is r13 */
extern const int8_t jit_pinned_xmm[N_PINNED_XMM];

/* Indices into JitState.consts. */
enum {
  JIT_C_NAN32 = 0,  /* boxed canonical NaN */
  JIT_C_NAN64 = 2,  /* each constant fills 16 bytes: packed operands are 128-bit */
  JIT_C_SIGN32 = 4, /* low lane's sign bit */
  JIT_C_SIGN64 = 6,
  JIT_C_BOX32 = 8,  /* 0xffffffff00000000 */
  JIT_C_ABS32 = 10, /* ~SIGN32 */
  JIT_C_ABS64 = 12,
  JIT_C_ABOVE32 = 14, /* all bits above a number of 32, and of 64 */
  JIT_C_ABOVE64 = 16,
  JIT_C_ABS32S = 18, /* all but the sign, of each lane */
  JIT_C_ABS64S = 20,
  JIT_C_MIN32S = 22, /* the smallest normal number, in each lane */
  JIT_C_MIN64S = 24,
  JIT_C_INF64X2 = 26, /* the encoding of infinity, shifted left */
};

extern JitConfig jit_config;
extern bool jit_has_wide; /* there are V128 variables */
extern bool jit_has_aes, jit_has_gfni;

#define STATE_OFF(field) ((int32_t)offsetof (JitState, field) - STATE_BIAS)
static inline Mem
state_mem (int32_t offset)
{
  return mem_base (RBP, offset);
}
#define STATE(field) state_mem (STATE_OFF (field))
/* One of JIT_C_*. */
static inline Mem
const_mem (int index)
{
  return state_mem (STATE_OFF (consts) + 8 * index);
}
static inline Mem
var_mem (unsigned var)
{
  return mem_base (RBP, (int32_t)var * 8 - STATE_BIAS);
}

static inline bool
var_is_wide (unsigned var)
{
  return jit_config.var_types[var] == IR_V128;
}

/* Where each variable lives inside a region: a host register, or -1 for its slot in IrState. */
typedef struct {
  int8_t gpr[IR_MAX_VARS];
  int8_t xmm[IR_MAX_VARS];
  /* Vector registers, or -1, of two constants with the lanes below: all but the sign, the smallest normal
   * number. */
  int8_t magnitude, smallest;
  bool f64;
} VarMap;
extern VarMap jit_pinned_map;

static inline unsigned
n_pinned_gpr (void)
{
  return jit_config.softmmu != NULL ? N_PINNED_GPR - 1 : N_PINNED_GPR;
}
static inline unsigned
n_pinned_xmm (void)
{
  return jit_has_wide ? N_PINNED_XMM - 2 : N_PINNED_XMM;
}
/* The vector registers that hold temporaries. */
static inline unsigned
temp_xmm (void)
{
  return jit_has_wide ? 1u << 2 | 1u << 3 | 1u << 13 : 1u << 2 | 1u << 3;
}
/* A member of the current JitSpace. */
static inline Mem
space_mem (size_t offset)
{
  return mem_base (R13, (int32_t)offset);
}

/* A host address range -> guest pc entry: code from `offset` on belongs to the instruction at region pc + pc.
 */
typedef struct {
  uint32_t offset;
  int32_t pc;
} FaultPoint;

/* A place a guest return comes back to. */
typedef struct {
  uint32_t offset;
  uint32_t stale; /* offset of the code that looks `pc` up, for when the code is invalid */
  uint64_t pc;
} ReturnPoint;

/* What has to be changed in a copy of code for another guest address. */
typedef enum {
  MOVE_PC,      /* u64: a guest address */
  MOVE_OUT,     /* rel32 to a stub */
  MOVE_COUNTER, /* rel32 from behind the next byte to the execution counter */
  MOVE_SELF,    /* u64: the JitCode */
  MOVE_SITE,    /* rel32 that is linked to other code; `way` is the offset of the code that has that done */
  MOVE_PAGE_ID, /* u32 that linking sets, behind the disp32 of the page's entry in the execute TLB */
} JitMoveKind;
typedef struct {
  uint32_t offset;
  uint32_t kind : 3, way : 29;
} JitMove;

typedef struct {
  uint64_t addr; /* guest address; RAM address in system mode */
  uint32_t size;
  uint32_t bytes; /* offset into JitCode.bytes */
} SourceRange;

struct JitCode {
  uint64_t pc;
  uint64_t ram;   /* system mode: RAM address of the bytes at pc; else 0 */
  JitCode *chain; /* in its hash bucket */
  uint32_t mode;
  JitTier tier;
  bool valid;
  bool alone;     /* good only until jit_memory_shared() */
  bool lasting;   /* JitConfig.lasting_mode */
  uint8_t *entry; /* RX */
  uint8_t *body;  /* RX: behind the execution counter (JIT_BLOCK) */
  uint32_t size;
  uint32_t stale_entry; /* as ReturnPoint.stale, for the entry */
  int32_t *counter;     /* JIT_BLOCK: counts down; negative: hot */
  VarMap *map;          /* NULL: the pinned map */
  uint32_t n_faults, n_returns, n_sources;
  FaultPoint *faults;
  ReturnPoint *returns;
  SourceRange *sources;
  uint8_t *bytes;   /* the guest bytes it was made from, or NULL */
  JitCode *retired; /* the next one in the list of invalid code of this pc */
  JitCode *below;   /* the code before it in the same chunk */
  JitMove *moves;   /* NULL, or how to copy it */
  uint32_t n_moves;
  JitCode *alike; /* the next one in its bucket of code that can be copied */
};

/* The free part of a piece of the arena: RW view. */
typedef struct {
  uint8_t *p, *end;
} Chunk;

struct JitThread {
  JitState *js;
  uint8_t *stack; /* host memory of the JIT stack: guard page first */
  size_t stack_size;
  Chunk chunk[2]; /* of code that does not last, and of code that does */
  bool in_code;
  uint32_t mode;         /* of the code its jump cache and its return stack lead to */
  unsigned epoch;        /* of the latest flush it has seen */
  bool translating;      /* jit_translating() was called, */
  unsigned changes_seen; /* when so many ranges had been invalidated */
  uint32_t host_mxcsr;
  uint64_t measuring_us; /* jit_measuring_us() */
  /* Scratch memory of the compiler, reused. */
  struct Lower *lower;
};

/* jit-cache.c */
#define CHUNK_SIZE (256 * 1024)
bool code_cache_init (size_t size, GError **error);
intptr_t code_cache_delta (void);
bool code_cache_contains (const void *rx);
/* Room for at least `size` bytes in the thread's arena: its chunk, until the next call. NULL when the cache
 * is full. */
const Chunk *code_cache_room (JitThread *t, bool lasting, size_t size);
/* Leaves the rest of an ending thread's chunk to others. */
void code_cache_give_back (JitThread *t);
/* Takes the bytes up to `end` and registers the code so that code_cache_find_host() finds it. */
void code_cache_commit (JitThread *t, JitCode *code, uint8_t *end);
JitCode *code_cache_find_host (const void *rx);
/* A new execution counter; NULL when there are no more. */
int32_t *code_cache_counter (int32_t start);
/* Makes room: everything goes, or all but what lasts. */
void code_cache_reset (bool keep_lasting);
/* Whether what lasts leaves enough room for the rest. */
bool code_cache_can_keep (void);
bool code_cache_unshare (void);
/* Writes a jump to RX `target` over the first 5 bytes at RX `at`, atomically. */
void code_cache_patch_jump (const void *at, const void *target);

/* jit-stubs.c: code shared by all regions (RX addresses). */
typedef struct {
  const uint8_t *enter; /* (JitState *, entry): C calls it */
  /* `call`ed with inline data: int32 offset of the rel32 to patch from the data, int32 offset of the page id
   * to patch or 0, u64 pc */
  const uint8_t *link;
  const uint8_t *exit;          /* `call`ed with inline data: u64 pc, u32 reason */
  const uint8_t *request;       /* jumped to: guest pc in rax; leave with IR_EXIT_REQUEST */
  const uint8_t *hot;           /* `call`ed with inline data: u64 JitCode pointer, u64 pc */
  const uint8_t *indirect;      /* jumped to: guest pc in rax; looks in the jump cache */
  const uint8_t *indirect_miss; /* jumped to or called: guest pc in rax */
  const uint8_t *eval;          /* called: desc in rax, operands in arg[]: ir_eval; result in rax */
  const uint8_t
      *eval_wide; /* called: desc in rax, operands in wide_arg[]: ir_eval_wide; result in wide_arg[0] */
  const uint8_t *helper;    /* called: function in rax, operands in arg[]; result in rax */
  const uint8_t *helper_fp; /* the same for IR_H_FP helpers: function pointer in rax */
  /* System mode, `call`ed with inline data: u64 pc, u32 kind; address in rax. The load returns its value in
   * rax, the fill whether there is an entry; the store's value is in slow_value. */
  const uint8_t *slow_load, *slow_store, *slow_fill, *slow_span;
  /* System mode, `call`ed with an instruction after it whose imm64 from byte 2 on is the guest pc: the whole
   * load, by JIT_KIND_LOG2 | SIGNED | WIDE, of address rax to rax; the store, by log2 of its size, of
   * slow_value. */
  const uint8_t *quick_load[16], *quick_store[4];
  const uint8_t *underflow; /* where a return from the bottom of the JIT stack lands */
  const uint8_t
      *leave_fault; /* where the fault handler sends the thread: reason in rax, state already exact */
} JitStubs;
extern JitStubs jit_stubs;
/* The first entry of the jump cache, to be indexed by a register that holds 16 times the number. */
Mem jump_cache_mem (int index);
void stubs_init (JitThread *t);
/* Stores or loads all pinned variables to or from their slots. */
void stubs_move_pinned (Asm *a, bool store);
/* jit-stubs-soft.c */
void stubs_init_soft (Asm *a);
void stack_reset (JitThread *t);

/* jit.c: code that is valid once it is written and done with; what it replaces, or NULL. The latter returns
 * what table_publish() does. */
JitCode *jit_code_new (uint64_t pc, uint64_t ram, uint32_t mode, JitTier tier);
JitCode *jit_code_done (JitThread *t, JitCode *code, JitCode *replaces);
/* For tests: compiles a block to free room, and tells its entry, size and moves (allocated, NULL where it
 * does not move). False: there is no room. */
bool jit_lower_apart (JitThread *t, const IrRegion *r, JitCode *code);

/* jit-fpflags.c: MXCSR while compiled code runs, and taking over the flags it holds. */
#define MXCSR_DEFAULT 0x1f80u
#define MXCSR_STICKY  0x3fu
unsigned fpflags_mxcsr (const JitState *js);
void fpflags_fold (JitState *js, unsigned csr);

/* jit-table.c */
/* Nobody else sees guest memory: what atomic accesses and fences are for cannot be noticed. */
extern bool jit_alone;
/* Code that can be copied, made from the bytes at RAM address `ram`; or NULL. */
JitCode *table_original (uint64_t ram, uint32_t mode);
/* Makes the code known; where it is stale already, makes it lead to a look-up instead. */
JitCode *table_publish (JitThread *t, JitCode *code, JitCode *replaces);
void table_add_thread (JitThread *t);
void table_remove_thread (JitThread *t);
