/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The part of a vCPU that IR code reads and writes, whichever executor runs it. */

#include "ir.h"
#include "softfloat.h" /* FP_INVALID and the other flags */
#include <setjmp.h>

typedef struct IrState IrState;

/* A vector as the state holds it: by lanes, the lowest first. */
typedef union {
  uint64_t d[2];
  uint32_t s[4];
  uint16_t h[8];
  uint8_t b[16];
} IrV128;

typedef struct {
  uint8_t flags; /* FP_* raised so far */
  uint8_t round; /* IrRound, what IR_RDYN means */
} FpStatus;

/* Bits of IrState.mode that every guest shares; a front end's own start at IR_MODE_GUEST. */
enum {
  IR_MODE_FP_EXACT =
      1 << 0, /* the dynamic rounding mode is one the host FPU lacks: evaluate FP out of line */
  IR_MODE_GUEST = 1 << 8,
};

/* How the interpreter and helpers reach guest memory.  Little-endian, size 1 2 4 8.  A failing access does
 * not return: it records IrState.fault and leaves with IR_EXIT_FAULT. */
typedef struct {
  uint64_t (*load) (IrState *s, uint64_t addr, unsigned size);
  void (*store) (IrState *s, uint64_t addr, unsigned size, uint64_t value);
  uint64_t (*rmw) (IrState *s, uint64_t addr, unsigned size, IrRmw op, uint64_t value);
  uint64_t (*cas) (IrState *s, uint64_t addr, unsigned size, uint64_t expected, uint64_t desired);
  /* 16 bytes, low half first; for helpers. */
  void (*cas16) (IrState *s, uint64_t addr, const uint64_t *expected, const uint64_t *desired,
                 uint64_t *ret_old);
  /* Those of IR_F_USER; NULL: no code has any. */
  uint64_t (*load_user) (IrState *s, uint64_t addr, unsigned size);
  void (*store_user) (IrState *s, uint64_t addr, unsigned size, uint64_t value);
  /* Fails for a misaligned access with IR_F_ALIGNED. NULL: an atomic there does it. */
  void (*misaligned) (IrState *s, uint64_t addr, bool write);
} IrMemOps;

/* Signature of a helper: the op's operand values in, dst out.  FP operands travel as raw container bits. */
typedef uint64_t (*IrHelperFn) (IrState *s, uint64_t a, uint64_t b, uint64_t c);
enum {
  /* Reads flags of s->fp, clears some or changes the rounding: the executor folds host flags in before, and
   * reloads after.  A helper that only adds flags and computes with engine/fp does without. */
  IR_H_FP = 1,
  IR_H_STATE = 2, /* reads or writes s->var, or may leave: all variables are in memory during the call */
};
typedef struct {
  const char *name;
  IrHelperFn fn;
  unsigned flags; /* IR_H_* */
} IrHelper;

/* A vector helper (VHELPER): a function of its operands and `sub`. `out` may be one of the operands. */
typedef void (*IrVectorFn) (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub);
typedef struct {
  const char *name;
  IrVectorFn fn;
} IrVectorHelper;

typedef struct {
  uint64_t addr; /* guest address */
  int si_code;   /* as in siginfo: SEGV_MAPERR, SEGV_ACCERR, BUS_ADRALN, … */
  int signo;     /* SIGSEGV or SIGBUS */
  bool write;
} IrFault;

struct IrState {
  uint64_t var[IR_MAX_VARS]
      __attribute__ ((aligned (16))); /* guest variables; narrow ones are zero-extended */
  uint64_t pc;                        /* exact whenever C code outside a region's hot path sees it */
  uint32_t exit_request; /* polled on back-edges and indirect jumps: non-zero leaves with IR_EXIT_REQUEST */
  uint32_t mode;         /* IR_MODE_*: part of the key of translated code */
  FpStatus fp;
  IrFault fault;
  /* The guest code that IR_EXIT_ICACHE makes be looked at again; flush_end 0: all. */
  uint64_t flush_start, flush_end;
  const IrMemOps *mem;
  const IrHelper *helpers; /* the ISA's table */
  const IrVectorHelper *vector_helpers;
  uint64_t wide[IR_MAX_VARS / 64]; /* which variables are the first of a V128's two */
  sigjmp_buf *leave;               /* where ir_leave() goes; set by the executor */
};

/* Leaves the running code from a helper or memory function. State must be exact. `reason` is an IrExit. */
G_NORETURN void ir_leave (IrState *s, IrExit reason);
