/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The intermediate representation.
 *
 * A front end turns guest code into an IrRegion: a control-flow graph of basic blocks over 16-byte ops.
 * Operands are 16-bit numbers: a guest variable (a register of the guest, held in IrState.var), a temporary
 * (single assignment, local to its block) or a constant (an index into the region's pool).  Ops read and
 * write variables directly.  Nothing here knows a guest architecture.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
  IR_I32,
  IR_I64,
  IR_F16,
  IR_F32,
  IR_F64,
  IR_V128, /* 128 bits: two neighbouring variables, temporaries or constants, the low half first */
} IrType;
#define IR_UNSIGNED 0x80 /* with an integer IrType in FTOI and ITOF's sub */

typedef enum {
#define IR_OP(NAME, name, shape, props) IR_##NAME,
#include "ir-ops.def"
#undef IR_OP
  IR_N_OPS
} IrOpcode;

typedef enum { IR_EQ, IR_NE, IR_LTS, IR_GES, IR_LTU, IR_GEU, IR_LES, IR_GTS, IR_LEU, IR_GTU } IrCond;
typedef enum { IR_DIV0_ONES, IR_DIV0_ZERO } IrDivRule; /* x/0: all ones (x%0 = x), or 0 (x%0 = x) */
typedef enum {
  IR_RMW_SWAP,
  IR_RMW_ADD,
  IR_RMW_AND,
  IR_RMW_OR,
  IR_RMW_XOR,
  IR_RMW_MINS,
  IR_RMW_MAXS,
  IR_RMW_MINU,
  IR_RMW_MAXU
} IrRmw;
/* Flags of CCADD and its like. */
enum { IR_CC_V = 1, IR_CC_C = 2, IR_CC_Z = 4, IR_CC_N = 8 };
/* Which orders a FENCE keeps, each bit "earlier kind before later kind". */
typedef enum { IR_FENCE_LL = 1, IR_FENCE_LS = 2, IR_FENCE_SL = 4, IR_FENCE_SS = 8 } IrFence;
enum { IR_MINMAX_NUMBER, IR_MINMAX_NAN };
/* imm of vector ops. */
enum {
  IR_SHIFT_ROUND = 1,
  IR_SHIFT_SATURATE = 2,
  IR_SHIFT_TO_UNSIGNED = 4 /* a signed lane saturates to unsigned */
};
typedef enum { IR_NARROW_CUT, IR_NARROW_SS, IR_NARROW_UU, IR_NARROW_SU } IrNarrow; /* saturation: from, to */
typedef enum {
  IR_AES_SUB_SHIFT,     /* SubBytes and ShiftRows */
  IR_AES_INV_SUB_SHIFT, /* their inverses */
  IR_AES_MIX,           /* MixColumns */
  IR_AES_INV_MIX,
} IrAesStep;
enum { IR_VF_RULE = 1 << 16, IR_VF_UNSIGNED = 1 << 17, IR_VF_HIGH = 1 << 18, IR_VF_COND = 20 };
/* The five sticky flags as bits 0 to 4 of an integer: as FP_* has them, invalid lowest, or the other way
 * round. */
typedef enum { IR_FPFLAGS_INVALID_LOW, IR_FPFLAGS_INVALID_HIGH } IrFpFlagOrder;
static inline unsigned
ir_fpflags_reverse (unsigned flags)
{
  return (flags & 1) << 4 | (flags & 2) << 2 | (flags & 4) | (flags & 8) >> 2 | (flags & 16) >> 4;
}

/* IrOp.flags */
enum {
  IR_F_HALF = 1,        /* vectors: the low half counts */
  IR_F_READS_FLAGS = 1, /* INSN: reads the flags, though its ops look at what they were computed from */
  IR_F_SX = 1,          /* I32 result sign-extended into a 64-bit destination */
  IR_F_NEGP = 2,        /* FMA */
  IR_F_NEGC = 4,        /* FMA */
  IR_F_SIGNALING = 8,   /* FSETCC */
  IR_F_EXACT = 16,      /* FROUND */
  IR_F_USER = 4,        /* LOAD, STORE: with the permission of less privileged code (system mode) */
  IR_F_BE = 32,         /* LOAD, STORE */
  IR_F_UNBOXED = 64,    /* LOAD of F16 or F32: the container's higher bits become zero, not one */
  IR_F_ALIGNED = 128,   /* LOAD, STORE: a misaligned address faults as it does for an atomic */
};

/* Op properties, see ir-ops.def. */
enum { IR_P_PURE = 1, IR_P_FLAGS = 2, IR_P_LEAVE = 4, IR_P_MEM = 8, IR_P_COMM = 16 };

/* sub of a memory op. */
#define IR_MEM(log2size, is_signed) ((log2size) | ((is_signed) ? 8 : 0))
#define IR_MEM_LOG2(sub)            ((sub) & 7)
#define IR_MEM_BYTES(sub)           (1u << ((sub) & 7))
#define IR_MEM_SIGNED(sub)          (((sub) & 8) != 0)
/* sub of an op on integer lanes. */
#define IR_LANE(log2size, is_signed) IR_MEM (log2size, is_signed)
#define IR_LANE_BITS(sub)            (8u << ((sub) & 7))

/* Rounding: a static direction, or the one in IrState.fp.round. */
typedef enum { IR_RNE, IR_RTZ, IR_RDN, IR_RUP, IR_RMM, IR_ROD, IR_RDYN = 7 } IrRound;

/* Floating-point semantics class: what IEEE 754 leaves to the architecture. */
typedef enum {
  IR_FPC_NAN_CANONICAL = 1, /* every NaN result is the positive quiet NaN with empty payload */
  IR_FPC_TINY_BEFORE = 2,   /* tininess is detected before rounding (else after) */
  IR_FPC_BOXED = 4,         /* a narrow value in a 64-bit container has all higher bits one (else zero) */
  IR_FPC_CVT_NAN_MAX = 8,   /* NaN to integer gives the largest value (else 0); out of range saturates */
  /* As SfFpClass has them.  The last two are for modes with IR_MODE_FP_EXACT. */
  IR_FPC_NAN_SIGNALING_FIRST = 16,
  IR_FPC_FLUSH = 32,
  IR_FPC_ALT_HALF = 64,
} IrFpClass;
#define IR_FP(round, class) ((round) | ((class) << 8))
#define IR_FP_ROUND(imm)    ((IrRound)((imm) & 7))
#define IR_FP_CLASS(imm)    (((imm) >> 8) & 0xff)
/* FTOI, ITOF and their vector forms: the integer is a fixed-point number with so many fraction bits, 0 to 64.
 */
#define IR_FP_FRACTION(imm) (((imm) >> 20) & 0x7f)
#define IR_FP_FIXED(bits)   ((bits) << 20)

typedef uint16_t IrVal;
#define IR_MAX_VARS    128
#define IR_TEMP_BASE   0x0100
#define IR_CONST_BASE  0x8000
#define IR_NONE        ((IrVal)0xffff)
#define IR_IS_VAR(v)   ((v) < IR_MAX_VARS)
#define IR_IS_TEMP(v)  ((v) >= IR_TEMP_BASE && (v) < IR_CONST_BASE)
#define IR_IS_CONST(v) ((v) >= IR_CONST_BASE && (v) != IR_NONE)

/* What an op does, without its operands: enough to evaluate it out of line. */
typedef union {
  struct {
    uint8_t op, type, sub, flags;
    int32_t imm;
  };
  uint64_t bits;
} IrDesc;

typedef struct {
  union {
    struct {
      uint8_t op, type, sub, flags;
      int32_t imm;
    };
    IrDesc desc;
  };
  IrVal dst, a, b, c;
} IrOp;
G_STATIC_ASSERT (sizeof (IrOp) == 16);

typedef struct {
  const char *name;
  uint8_t shape; /* IR_SHAPE_* */
  uint8_t props; /* IR_P_* */
} IrOpInfo;
enum { IR_SHAPE_D = 8, IR_SHAPE_A = 4, IR_SHAPE_B = 2, IR_SHAPE_C = 1 };
extern const IrOpInfo ir_op_info[IR_N_OPS];
/* The type of what an op with a dst writes there (IR_I64 for a helper's result). */
IrType ir_op_dst_type (const IrOp *op);
/* Which of the op's operands are vectors: a set of IR_SHAPE_*. */
unsigned ir_op_wide (IrDesc d);

/* How a block ends. */
typedef enum {
  IR_END_NONE,     /* still open (builder only) */
  IR_END_GOTO,     /* to target[0] */
  IR_END_BRANCH,   /* if a cond b (type): target[0], else target[1] */
  IR_END_CALL,     /* a guest call: to target[0], or to (a & ~align) where a is not IR_NONE; `link` is the
                      variable     that receives the return address target[1].pc (the end writes it, no op does)
                    */
  IR_END_RET,      /* a guest return: to a & ~align, paired with the latest call */
  IR_END_INDIRECT, /* to a & ~align */
  IR_END_EXIT,     /* leave to the embedder with `reason`; pc = target[0].pc */
} IrEndKind;

/* Why generated code came back to cpu_run()'s caller. */
typedef enum {
  IR_EXIT_NONE,
  IR_EXIT_REQUEST,     /* exit_request was set */
  IR_EXIT_SYSCALL,     /* environment call; pc is the instruction's own */
  IR_EXIT_BREAKPOINT,  /* the guest's breakpoint instruction; pc is its own */
  IR_EXIT_DEBUG,       /* a debugger's breakpoint or a completed single step; pc is the next to run */
  IR_EXIT_ILLEGAL,     /* illegal instruction at pc */
  IR_EXIT_FAULT,       /* memory access fault: see IrState.fault */
  IR_EXIT_FETCH_FAULT, /* the instruction at pc cannot be fetched; fault.addr is the first bad address */
  IR_EXIT_ICACHE,      /* instruction-fetch barrier; pc is after it (handled inside cpu_run) */
  IR_EXIT_PAUSE,       /* the guest waits for another hart's store; pc is after it (handled inside cpu_run) */
  IR_EXIT_MODE, /* IrState.mode or the address space changed; pc is the next to run (handled inside cpu_run)
                 */
  IR_EXIT_WAIT, /* the guest waits for an interrupt; pc is after it */
} IrExit;

typedef struct {
  uint64_t pc;
  int32_t block; /* index in the region, or -1: outside */
} IrEdge;

typedef struct {
  uint64_t pc;   /* guest pc of its first instruction */
  uint32_t size; /* bytes of guest code */
  uint32_t n_insns;
  uint32_t first_op, n_ops;
  uint8_t end;    /* IrEndKind */
  uint8_t cond;   /* IrCond */
  uint8_t type;   /* of BRANCH's operands */
  uint8_t reason; /* IrExit */
  uint8_t align;  /* low bits cleared from an indirect target */
  bool inherits;  /* only the preceding block flows into it: what is known there holds here */
  bool
      split; /* an edge's own: ops that only one of a branch's ways needs, and a GOTO; no guest instruction */
  bool crosses; /* system mode: it is one instruction that goes on in the next page, at IrRegion.next_ram */
  IrVal a, b, link;
  IrEdge target[2];
  uint8_t flags_dead; /* bit n: the code at target[n].pc writes IrRegion.flags_var before anything reads it */
} IrBlock;

/* Beside a RAM address: the page is mapped as one whose code has to be branched to where it allows that. */
#define IR_RAM_GUARDED   (UINT64_C (1) << 62)
#define IR_RAM_ADDR(ram) ((ram) & ~IR_RAM_GUARDED)

/* Of a region; so many bits fit a word. */
#define IR_MAX_BLOCKS 64

typedef struct {
  uint64_t pc; /* of block 0, the only entry */
  /* System mode: RAM address of the code at pc; all blocks start in the same page.  Else 0.  With
   * IR_RAM_GUARDED where that holds: the same bytes mean something else then. */
  uint64_t ram;
  uint64_t next_ram; /* the same of the page that follows it, where a block crosses */
  uint32_t mode;     /* IrState.mode the code was translated for */
  bool addr32;       /* guest addresses wrap at 32 bits */
  bool movable;      /* its code serves the same bytes at other addresses: see ir-move.h */
  /* The guest's condition flags, or IR_NONE.  What is written there and overwritten before any instruction
   * reads it is not computed: where the guest is left at such a point (a fault, a request), the variable
   * holds an older value.  Nor is what only instructions with IR_F_READS_FLAGS read, unless the guest may be
   * left before them. */
  IrVal flags_var;
  IrOp *ops;
  uint32_t n_ops, cap_ops;
  IrBlock *blocks;
  uint32_t n_blocks, cap_blocks;
  int64_t *consts;
  uint32_t n_consts, cap_consts;
  uint8_t
      *source; /* the guest bytes of all blocks in their order, where the region was translated from some */
  uint32_t n_source, cap_source;
  uint32_t n_temps; /* numbers IR_TEMP_BASE .. IR_TEMP_BASE + n_temps - 1; unique in the region */
} IrRegion;

static inline int64_t
ir_const_value (const IrRegion *r, IrVal v)
{
  return r->consts[v - IR_CONST_BASE];
}

/* True when the region may run out of operand numbers within the next guest instruction or two: whoever
 * builds it asks between instructions, and ends it there. */
static inline bool
ir_region_full (const IrRegion *r)
{
  return r->n_temps > 0x7000 || r->n_consts > 0x7000;
}

/* Room for one more op, behind all others. */
IrOp *ir_region_op (IrRegion *r);
/* Adds a block that does the one op and then goes where the edge leads; returns its index. The caller makes
 * the branch lead there. Pointers into the region's blocks and ops are invalid afterwards. */
uint32_t ir_region_split (IrRegion *r, const IrOp *op, IrEdge edge);
/* Adds a constant to the region's pool, without looking whether it is there. */
IrVal ir_region_const (IrRegion *r, int64_t value);
/* Verifies what every executor takes for granted: operand numbers in range and present as the shape says,
 * temporaries defined once and before use in the same block, blocks ended, edges inside the region. For tests
 * and debugging. Returns NULL, or a newly allocated description of the first defect. */
char *ir_region_check (const IrRegion *r);

/* A readable dump of the region, for -d ir and tests. `var_name (v)` may be NULL. */
char *ir_region_print (const IrRegion *r, const char *(*var_name) (IrVal v));
