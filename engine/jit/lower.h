/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Lowering: one pass over a region's ops that emits host code. */

#include "ir-move.h"
#include "jit-private.h"

/* An operand as the host sees it. */
typedef struct {
  enum { OPND_REG, OPND_MEM, OPND_IMM, OPND_WIDE /* a vector constant */ } kind;
  int8_t reg; /* GPR or XMM number */
  Mem mem;
  int64_t imm, high;
} Opnd;

/* Where a temporary lives. */
typedef struct {
  enum { LOC_NONE, LOC_GPR, LOC_XMM, LOC_SPILL, LOC_SPILL_FP, LOC_SPILL_WIDE, LOC_VAR } kind;
  uint8_t at; /* register, spill slot, or the FP variable it is a copy of */
  bool wide;  /* it is a vector: as a number, there is something above it */
} TempLoc;

/* Code for the rare cases, emitted behind the region. */
typedef enum {
  COLD_EXIT,      /* restore the pinned map, leave with pc and reason */
  COLD_BRANCH,    /* leave with `reason` and the pc that `block` branches to */
  COLD_EDGE,      /* restore the pinned map (unless `pinned`), go to guest pc */
  COLD_NAN,       /* the result in xmm r[0] is a NaN: make it canonical */
  COLD_NAN_FMA,   /* the same after r[0] += r[1] * r[2], where infinity times zero must raise invalid */
  COLD_EVAL,      /* evaluate `desc` on the xmm registers in[0] and in[1], result to xmm r[0] */
  COLD_EVAL_WIDE, /* evaluate `desc`, an op of which operands or result are vectors or numbers in vector
                     registers, on wide_in[]; result to xmm r[0] */
  COLD_RETURN,    /* a return that does not match its call: target in GPR r[0] */
  COLD_INDIRECT,  /* an indirect jump, or call where r[0] is 1, that missed; target in rax */
  COLD_HOT,       /* the execution counter ran out */
  COLD_FAR_EDGE,  /* system mode: a conditional edge to pc in another page */
  COLD_FAR_MISS,  /* system mode: the guard of a jump or call (r[0] is 1) to pc in another page failed */
  COLD_LOAD,      /* system mode: no TLB entry for the load at base + disp, result to GPR or XMM r[0] */
  COLD_STORE,     /* the same for the store of `value` */
  COLD_SPAN, /* no one entry for all accesses of a span: ask, then go on at `resume` with rcx, or by a look-up
                of its own */
  COLD_SINGLE, /* no addend for the span: a look-up for this access alone */
  COLD_FILL,   /* the same for an atomic: make an entry and try again at `resume`, or leave it to the
                  interpreter */
} ColdKind;

typedef struct Lower Lower;

/* System mode: accesses at base + lo to base + hi - 1 share the addend in JitState.span[slot]. */
typedef struct {
  IrVal base;
  bool write;
  uint8_t slot;
  int32_t lo, hi;
} Span;

typedef struct {
  ColdKind kind;
  IrType type;
  int8_t r[3], in[2];
  uint8_t align;
  bool pinned;
  uint32_t reason;
  const IrBlock *block;
  bool pc_in_rax; /* COLD_EXIT: instead of pc */
  IrVal link;     /* COLD_EXIT: IR_NONE, or the variable that first gets link_pc: the call is done */
  uint64_t pc, link_pc, desc;
  uint8_t *from;    /* rel32 that jumps here */
  uint8_t *resume;  /* RW address to go on at */
  uint8_t *page_id; /* COLD_EDGE, COLD_FAR_MISS: RW address of the page id that guards the jump, or NULL */
  uint8_t *after;   /* COLD_FAR_MISS: RW address behind the call */
  Opnd base, value;
  Opnd wide_in[3];
  uint8_t n_wide; /* how many of them */
  int32_t disp;
  uint32_t mem_kind; /* JIT_KIND_* */
  uint8_t span;      /* its slot */
  const IrOp *op;
  uint8_t *done; /* COLD_SPAN: RW address behind the access */
} Cold;

/* A forward jump inside the region. */
typedef struct {
  uint8_t *from;
  uint32_t block;
} Fixup;

/* A vector constant that code loads from behind the region. */
typedef struct {
  uint8_t *at; /* RW: disp32 relative to its own end */
  uint64_t d[2];
} Literal;

#define MAX_BLOCKS IR_MAX_BLOCKS

/* Bytes of code that the host fetches at once. */
#define JIT_LINE 64

/* Among the facts known at a point, besides which variables are boxed: no plain store since the latest full
 * barrier, so another one orders nothing. No front end has so many variables. */
#define FACT_FENCED (IR_MAX_VARS - 1)

struct Lower {
  Asm a;
  JitThread *thread;
  const IrRegion *r;
  const VarMap *map;
  JitTier tier;
  uint8_t *start;   /* RW address of the entry */
  uint64_t insn_pc; /* guest instruction being lowered */
  const IrBlock *block;
  uint32_t op_index;
  TempLoc *temps;
  uint32_t *last_use; /* op index of each temporary's last use */
  uint32_t cap_temps;
  uint16_t free_gpr, free_xmm;
  uint64_t spill_used;
  uint64_t boxed[2]; /* FP variables known to hold a boxed F32; bit FACT_FENCED */
  uint64_t boxed_in[MAX_BLOCKS][2];
  Span span[JIT_SPANS]; /* known in this block */
  unsigned n_spans, next_span;
  uint32_t n_alias; /* live LOC_VAR temporaries */
  uint32_t alias[8];
  uint8_t *label[MAX_BLOCKS];
  uint8_t *loop_head; /* RW: where back-edges to block 0 land */
  GArray *fixups, *cold, *faults, *returns, *literals;
  bool movable; /* the code is to be copied to other addresses: what depends on its own is noted */
  GArray *moves, *outward;
  bool fp_inline; /* FP ops may use the host FPU */
  int32_t *counter;
  uint8_t *count_site[MAX_BLOCKS]; /* RW: where a block's host instruction count goes, with JitConfig.count */
  JitCode *code, *slow_path;
};

static inline bool
bit_get (const uint64_t *bits, unsigned i)
{
  return bits[i >> 6] >> (i & 63) & 1;
}
static inline void
bit_set (uint64_t *bits, unsigned i)
{
  bits[i >> 6] |= UINT64_C (1) << (i & 63);
}
static inline void
bit_clear (uint64_t *bits, unsigned i)
{
  bits[i >> 6] &= ~(UINT64_C (1) << (i & 63));
}

/* lower-opnd.c: operands, destinations, temporaries. */
bool var_is_fp (unsigned var);
Opnd opnd_int (Lower *l, IrVal v);
Opnd opnd_fp (Lower *l, IrVal v);
/* The operand in a register: its own, or `scratch` loaded with it. */
int int_reg (Lower *l, bool w, Opnd o, int scratch);
int fp_reg (Lower *l, Opnd o, int scratch);
void int_to (Lower *l, bool w, int reg, Opnd o);
void fp_to (Lower *l, int reg, Opnd o);
/* The register to compute an op's result in: the destination's own, or a scratch one that dst_done stores. */
int dst_int (Lower *l, IrVal dst);
void dst_int_done (Lower *l, IrVal dst, int reg);
/* The same, extending an I32 result as the op says. */
void dst_int_finish (Lower *l, const IrOp *op, int reg);
int dst_fp (Lower *l, IrVal dst);
/* `boxed`: the container holds a boxed F32 (its upper half is all ones). */
void dst_fp_done (Lower *l, IrVal dst, int reg, bool boxed);
/* Vectors.  A register operand is its own; memory and constants are loaded into `scratch`. */
Opnd opnd_vec (Lower *l, IrVal v);
void vec_to (Lower *l, int reg, Opnd o);
int vec_reg (Lower *l, Opnd o, int scratch);
int dst_vec (Lower *l, IrVal dst);
/* `low_only`: the upper half is zero. */
void dst_vec_done (Lower *l, IrVal dst, int reg, bool low_only);
/* The operand of a scalar op as the host's first source, from which the result gets all above the number:
 * those bits are zero in a V128 container's register then. */
int fp_first (Lower *l, IrVal v, IrType type, int scratch);
/* Whether the variable's register is known to be zero above a number of the type. */
bool is_clean (const Lower *l, IrVal v, IrType type);
/* Gives back the temporaries that op_index uses for the last time. */
void free_dying (Lower *l, const IrOp *op);
/* The same for a result that nothing uses. */
void free_unused (Lower *l, IrVal dst);
/* Before `var` is written (IR_NONE: any may be): live temporaries that stand for it get a copy of their own.
 * Takes xmm1. */
void save_aliases (Lower *l, IrVal var);
/* Makes the temporary stand for FP variable `var`, without a copy. */
void temp_alias (Lower *l, IrVal temp, unsigned var);
/* Moves a live temporary out of rdx (division, multiplication). */
void vacate_rdx (Lower *l);
void temps_prepare (Lower *l);
void temps_block_begin (Lower *l);
/* Stores or loads all variables that live in registers (map) to or from their slots. */
void sync_vars (Lower *l, bool store);

Cold *cold_new (Lower *l, ColdKind kind, uint8_t *from);
/* jcc to a cold exit that lets the interpreter do this guest instruction. */
void bail_if (Lower *l, int cc);
void fault_point (Lower *l);
/* The rel32 is filled in once the literal has its place. */
void literal_load (Lower *l, int x, uint64_t low, uint64_t high);
/* FALSE when they do not fit. */
bool cold_emit_all (Lower *l);
/* No op, block end or cold path takes more bytes. */
#define LOWER_MARGIN 4096
static inline bool
has_room (const Lower *l)
{
  return l->a.limit - l->a.p >= LOWER_MARGIN;
}
/* The whole job: from l->r to code at l->a.p. FALSE when that does not fit before l->a.limit. */
bool lower_region (Lower *l);
/* Whether guest address `pc` lies in another page than the region, and (where not) its RAM address. */
bool is_far (const Lower *l, uint64_t pc);
/* Of movable code: what `bytes` before l->a.p depends on where the code is. */
void note_move (Lower *l, JitMoveKind kind, unsigned bytes, const uint8_t *way);
/* A guest address into a register, or as data. */
void asm_mov_pc (Lower *l, int reg, uint64_t pc);
void asm_pc (Lower *l, uint64_t pc);
uint64_t ram_of (const Lower *l, uint64_t pc);
/* Under the pinned map: jumps or calls to pc in another page, if it is the page the code there was made for.
 */
void far_jump (Lower *l, uint64_t pc, bool call);

/* lower-soft.c: guest memory in system mode. */
/* The load or store at op_index. */
void lower_soft_mem (Lower *l);
/* The host operand (in rcx) of an atomic at an address known to be aligned, and of the line of `size` bytes
 * around one. Uses rax. */
Mem soft_atomic_mem (Lower *l, IrVal addr, unsigned size);
Mem soft_line_mem (Lower *l, IrVal addr, int32_t size);
unsigned load_opcode (const IrOp *op, bool *ret_wide);
/* Whether lower_mem () has code for the load or store. */
bool mem_is_inline (const IrOp *op);
/* A misaligned address is the interpreter's case. Uses rcx. */
void check_aligned (Lower *l, Mem m, unsigned size);
void emit_slow_access (Lower *l, const Cold *cold);
void emit_span (Lower *l, const Cold *cold);
void emit_single (Lower *l, const Cold *cold);
/* What the op does to the spans known. */
void span_step (Lower *l, const IrOp *op);
void edge_jump (Lower *l, uint64_t pc);
void edge_jcc (Lower *l, int cc, uint64_t pc);
void restore_pinned (Lower *l, bool to_pinned);

/* One function per group of ops; each lowers op or returns false to have it evaluated out of line. */
bool lower_int (Lower *l, const IrOp *op);
bool lower_flags (Lower *l, const IrOp *op);
bool lower_muldiv (Lower *l, const IrOp *op);
bool lower_bits (Lower *l, const IrOp *op);
bool lower_mem (Lower *l, const IrOp *op);
bool lower_fp (Lower *l, const IrOp *op);
bool lower_fp_convert (Lower *l, const IrOp *op);
/* lower-scalar.c: floating point in V128 containers. */
bool lower_scalar (Lower *l, const IrOp *op);
bool fp_is_wide_class (const IrOp *op);
/* Of lower-fp.c and lower-convert.c, which serve both sorts of containers. */
bool lower_fcc (Lower *l, const IrOp *op);
bool lower_fsetcc (Lower *l, const IrOp *op);
bool lower_sgnj (Lower *l, const IrOp *op);
bool lower_ftoi (Lower *l, const IrOp *op);
bool lower_fbits (Lower *l, const IrOp *op);
/* lower-vec.c, lower-vec-int.c, lower-vec-shift.c, lower-vec-move.c, lower-vec-fp.c */
bool lower_vector (Lower *l, const IrOp *op);
bool lower_vector_int (Lower *l, const IrOp *op);
bool lower_vector_shift (Lower *l, const IrOp *op);
bool lower_vector_move (Lower *l, const IrOp *op);
bool lower_vector_fp (Lower *l, const IrOp *op);
void lower_eval_wide (Lower *l, const IrOp *op);
/* Register x = x with the upper half zero. */
void vec_cut (Lower *l, int x);
void lower_eval (Lower *l, const IrOp *op);
/* Compares a and b and returns the condition code for `cond`. */
int lower_compare (Lower *l, IrCond cond, IrType type, IrVal a, IrVal b);
/* lower-test.c */
/* Whether the op at this index is a comparison that is emitted by who goes by it, the next op or the block's
 * end. */
bool test_is_deferred (const Lower *l, const IrBlock *block, uint32_t index);
/* Whether the op at this index is a sum in registers that only the load or store behind it uses. */
bool address_is_deferred (const Lower *l, const IrBlock *block, uint32_t index);
/* The op that makes the address of the access at op_index, if it was deferred; or NULL. */
const IrOp *deferred_address (const Lower *l, IrVal address);
/* In a comparison's place: its operands are needed a little longer. */
void test_defer (Lower *l, const IrOp *op);
/* Emits the comparison that was deferred to `user` and gave `test`; returns the condition code for "not
 * zero". -1: none was. */
int lower_test (Lower *l, const IrBlock *block, IrVal test, uint32_t user);
/* What decides a branch: the condition code for its first way. */
int lower_branch_test (Lower *l, const IrBlock *block);
void lower_end (Lower *l, uint32_t block);
/* The variable gets the return address, under the pinned map; returns the register that holds it. */
int write_link (Lower *l, IrVal link, uint64_t pc);
bool op_dst_is_fp (const IrOp *op);
/* A NaN in xmm `x` becomes the canonical one of the op's type, out of line; returns that path. */
Cold *fp_check_nan (Lower *l, const IrOp *op, int x);
/* Whether the host FPU's results are those of the op's class. */
bool fp_inline_class (const IrOp *op);
void fp_round_away (Lower *l, bool f32, int r, int x, int scratch);
void fp_from_integer (Lower *l, const IrOp *op, int d, int upper, int r);
bool op_src_is_fp (const IrOp *op);

/* jit-map.c: the region's own register map and its FP facts. */
/* lower-const.c: gives the constants that FP checks need the registers of variables used less, while that
 * pays. False if it does for none. */
bool map_constants (const IrRegion *r, const uint32_t *weight, const uint32_t *uses, uint32_t cost,
                    VarMap *map);
/* Where the region is entered. */
void load_constants (Lower *l);
/* A VEX instruction with all but the sign, or the smallest normal number, of each lane as its last source. */
void emit_with_constant (Lower *l, unsigned code, int d, int x, bool smallest, bool f64);
void map_region (const IrRegion *r, VarMap *map, bool *ret_own);
void boxed_analyse (Lower *l);
/* What an op does to FACT_FENCED. */
void fence_step (const IrOp *op, uint64_t *facts);
