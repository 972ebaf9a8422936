/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A bytecode interpreter with switch dispatch: a stack machine with locals, an array and calls. */

#include "../bench.h"

/* clang-format off */
typedef enum {
  OP_PUSH, OP_LOAD, OP_STORE, OP_ADD, OP_SUB, OP_MUL, OP_MOD, OP_XOR, OP_SHR, OP_LESS, OP_EQUAL,
  OP_JUMP, OP_JUMP_IF_NOT, OP_GET, OP_PUT, OP_CALL, OP_RETURN, OP_DUP, OP_HALT,
} Opcode;
/* clang-format on */

typedef struct {
  uint8_t op;
  int32_t arg;
} Instruction;

enum { LOCALS = 16, ARRAY = 1024, STACK = 256, FRAMES = 64 };

typedef struct {
  int64_t local[LOCALS], array[ARRAY], stack[STACK];
  const Instruction *frame[FRAMES];
} Machine;

/* Locals: 0 = n, 1 = i, 2 = state, 3 = sum. Fills the array from a congruential generator, then sums the
 * entries that a subroutine finds odd. */
/* clang-format off */
static const Instruction program[] = {
  { OP_PUSH, 0 },      { OP_STORE, 1 },         /* 0: i = 0 */
  { OP_LOAD, 1 },      { OP_LOAD, 0 },          /* 2: while i < n */
  { OP_LESS, 0 },      { OP_JUMP_IF_NOT, 26 },
  { OP_LOAD, 2 },      { OP_PUSH, 1103515245 }, /* 6: state = (state * 1103515245 + 12345) % 2147483648 */
  { OP_MUL, 0 },       { OP_PUSH, 12345 },
  { OP_ADD, 0 },       { OP_PUSH, 2147483647 },
  { OP_MOD, 0 },       { OP_DUP, 0 },
  { OP_STORE, 2 },     { OP_PUSH, 7 },          /* 14: array[i % 1024] = state >> 7 */
  { OP_SHR, 0 },       { OP_LOAD, 1 },
  { OP_PUSH, ARRAY },  { OP_MOD, 0 },
  { OP_PUT, 0 },       { OP_LOAD, 1 },          /* 21: i = i + 1 */
  { OP_PUSH, 1 },      { OP_ADD, 0 },
  { OP_STORE, 1 },     { OP_JUMP, 2 },
  { OP_PUSH, 0 },      { OP_STORE, 1 },         /* 26: i = 0 */
  { OP_LOAD, 1 },      { OP_LOAD, 0 },          /* 28: while i < n */
  { OP_LESS, 0 },      { OP_JUMP_IF_NOT, 45 },
  { OP_LOAD, 1 },      { OP_PUSH, ARRAY },      /* 32: if odd (array[i % 1024]) */
  { OP_MOD, 0 },       { OP_CALL, 48 },
  { OP_JUMP_IF_NOT, 40 },
  { OP_LOAD, 3 },      { OP_LOAD, 1 },          /* 37: call 55 (sum, i) */
  { OP_CALL, 55 },
  { OP_LOAD, 1 },      { OP_PUSH, 1 },          /* 40: i = i + 1 */
  { OP_ADD, 0 },       { OP_STORE, 1 },
  { OP_JUMP, 28 },
  { OP_LOAD, 3 },      { OP_LOAD, 2 },          /* 45: the result */
  { OP_HALT, 0 },
  { OP_GET, 0 },       { OP_PUSH, 2 },          /* 48: odd (value) */
  { OP_MOD, 0 },       { OP_PUSH, 1 },
  { OP_EQUAL, 0 },     { OP_RETURN, 0 },
  { OP_HALT, 0 },
  { OP_ADD, 0 },       { OP_DUP, 0 },           /* 55: sum = (a + b) ^ ((a + b) >> 3) */
  { OP_PUSH, 3 },      { OP_SHR, 0 },
  { OP_XOR, 0 },       { OP_STORE, 3 },
  { OP_RETURN, 0 },
};
/* clang-format on */

#define BINARY(expression)                                                                                   \
  {                                                                                                          \
    int64_t b = *--sp, a = sp[-1];                                                                           \
    sp[-1] = (expression);                                                                                   \
    break;                                                                                                   \
  }

static __attribute__ ((noinline)) int64_t
run (Machine *m, const Instruction *code)
{
  const Instruction *pc = code;
  int64_t *sp = m->stack;
  unsigned depth = 0;

  for (;;) {
    const Instruction *in = pc++;
    switch (in->op) {
      case OP_PUSH: *sp++ = in->arg; break;
      case OP_LOAD: *sp++ = m->local[in->arg]; break;
      case OP_STORE: m->local[in->arg] = *--sp; break;
      case OP_ADD: BINARY (a + b)
      case OP_SUB: BINARY (a - b)
      case OP_MUL: BINARY (a * b)
      case OP_MOD: BINARY (a % b)
      case OP_XOR: BINARY (a ^ b)
      case OP_SHR: BINARY (a >> b)
      case OP_LESS: BINARY (a < b)
      case OP_EQUAL: BINARY (a == b)
      case OP_JUMP: pc = code + in->arg; break;
      case OP_JUMP_IF_NOT:
        if (*--sp == 0)
          pc = code + in->arg;
        break;
      case OP_GET: sp[-1] = m->array[sp[-1]]; break;
      case OP_PUT:
        sp -= 2;
        m->array[sp[1]] = sp[0];
        break;
      case OP_CALL:
        m->frame[depth++] = pc;
        pc = code + in->arg;
        break;
      case OP_RETURN: pc = m->frame[--depth]; break;
      case OP_DUP:
        *sp = sp[-1];
        sp++;
        break;
      case OP_HALT: return sp[-1] + sp[-2];
    }
  }
}

int
main (int argc, char **argv)
{
  static Machine machine;
  unsigned n = bench_work (argc, argv, 6000000);

  machine.local[0] = n;
  machine.local[2] = 42;
  bench_result ("interp", (uint64_t)run (&machine, program));
  return 0;
}
