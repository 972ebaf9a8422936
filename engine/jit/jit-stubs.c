/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "jit-private.h"

#include "ir-interp.h"

/* Code made once: the ways into and out of translated code.
 *
 * Calls to C switch to the C stack that jit_enter() was called on, since the JIT stack is small and holds
 * nothing but guest return addresses.  All of it may be abandoned at any moment by ir_leave(), so jit_rsp
 * always holds the value the region expects. */

const int8_t jit_pinned_gpr[N_PINNED_GPR] = { RBX, RSI, RDI, R8, R9, R10, R11, R12, R14, R15, R13 };
const int8_t jit_pinned_xmm[N_PINNED_XMM] = { 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 };
VarMap jit_pinned_map;
JitStubs jit_stubs;

/* The value no guest returns to, at the bottom of the JIT stack. */
#define STACK_SENTINEL UINT64_C (0x8000000000000001)
#define STACK_BOTTOM   64

static const int8_t callee_saved[] = { RBX, RBP, R12, R13, R14, R15 };
static const int8_t caller_saved[] = { RDX, RSI, RDI, R8, R9, R10, R11 };

void
stubs_move_pinned (Asm *a, bool store)
{
  for (unsigned v = 0; v < jit_config.n_vars; v++) {
    int gpr = jit_pinned_map.gpr[v], xmm = jit_pinned_map.xmm[v];
    if (gpr >= 0)
      asm_rm (a, OP0 (store ? 0x89 : 0x8b), true, gpr, var_mem (v));
    if (xmm >= 0)
      store ? asm_xstore (a, var_is_wide (v), var_mem (v), xmm)
            : asm_xload (a, var_is_wide (v), xmm, var_mem (v));
  }
}

static const uint8_t *
emit_enter (Asm *a)
{
  const uint8_t *at = asm_rx (a);
  for (unsigned i = 0; i < G_N_ELEMENTS (callee_saved); i++)
    asm_push (a, callee_saved[i]);
  asm_alu_ri (a, ALU_SUB, true, RSP, 8);
  asm_lea (a, true, RBP, mem_base (RDI, STATE_BIAS));
  asm_store64 (a, STATE (c_rsp), RSP);
  asm_load64 (a, RSP, STATE (jit_rsp));
  asm_mov_rr (a, true, RAX, RSI);
  if (jit_config.softmmu != NULL)
    asm_load64 (a, R13, STATE (space));
  stubs_move_pinned (a, false);
  asm_vex_rr (a, V_PCMPEQD, false, XMM_ONES, XMM_ONES, XMM_ONES);
  asm_rr (a, OP0 (0xff), false, 4, RAX); /* jmp rax */
  return at;
}

/* Back to jit_enter()'s caller with eax; `leave` stores the variables first, `leave_fault` does not. */
static const uint8_t *
emit_leave (Asm *a, const uint8_t **ret_leave_fault)
{
  const uint8_t *at = asm_rx (a);
  stubs_move_pinned (a, true);
  *ret_leave_fault = asm_rx (a);
  asm_store64 (a, STATE (jit_rsp), RSP);
  asm_load64 (a, RSP, STATE (c_rsp));
  asm_alu_ri (a, ALU_ADD, true, RSP, 8);
  for (unsigned i = G_N_ELEMENTS (callee_saved); i-- > 0;)
    asm_pop (a, callee_saved[i]);
  asm_u8 (a, 0xc3);
  return at;
}

static void
emit_leave_with (Asm *a, unsigned reason, const uint8_t *leave)
{
  asm_mov_ri (a, RAX, reason);
  asm_jmp (a, leave);
}

static void
emit_exits (Asm *a, const uint8_t *leave)
{
  jit_stubs.link = asm_rx (a);
  asm_pop (a, RAX);
  asm_store64 (a, STATE (exit_info), RAX);
  asm_load64 (a, RCX, mem_base (RAX, 8));
  asm_store64 (a, STATE (state.pc), RCX);
  emit_leave_with (a, JIT_EXIT_LINK, leave);

  jit_stubs.exit = asm_rx (a);
  asm_pop (a, RAX);
  asm_load64 (a, RCX, mem_base (RAX, 0));
  asm_store64 (a, STATE (state.pc), RCX);
  asm_rm (a, OP0 (0x8b), false, RAX, mem_base (RAX, 8));
  asm_jmp (a, leave);

  jit_stubs.request = asm_rx (a);
  asm_store64 (a, STATE (state.pc), RAX);
  emit_leave_with (a, IR_EXIT_REQUEST, leave);

  jit_stubs.hot = asm_rx (a);
  asm_pop (a, RAX);
  asm_load64 (a, RCX, mem_base (RAX, 0));
  asm_store64 (a, STATE (exit_info), RCX);
  asm_load64 (a, RCX, mem_base (RAX, 8));
  asm_store64 (a, STATE (state.pc), RCX);
  emit_leave_with (a, JIT_EXIT_HOT, leave);

  jit_stubs.underflow = asm_rx (a);
  asm_alu_ri (a, ALU_SUB, true, RSP, 8);
  asm_mov_ri (a, RAX, (int64_t)(STACK_SENTINEL & ~UINT64_C (1)));
  jit_stubs.indirect_miss = asm_rx (a);
  asm_store64 (a, STATE (state.pc), RAX);
  emit_leave_with (a, JIT_EXIT_LOOKUP, leave);
}

Mem
jump_cache_mem (int index)
{
  if (jit_config.softmmu != NULL)
    return (Mem){ .base = R13, .index = index, .disp = offsetof (JitSpace, jumps) };
  return (Mem){ .base = RBP, .index = index, .disp = STATE_OFF (jumps) };
}

/* For returns that do not match their call. They may close a loop, so they look for requests. */
static const uint8_t *
emit_indirect (Asm *a)
{
  const uint8_t *at = asm_rx (a);
  asm_alu_mi (a, ALU_CMP, false, STATE (state.exit_request), 0);
  asm_jcc (a, CC_NE, jit_stubs.request);
  asm_mov_rr (a, false, RCX, RAX);
  asm_shift_ri (a, 4, false, RCX, 3);
  asm_alu_ri (a, ALU_AND, false, RCX, (JIT_JUMPS - 1) << 4);
  Mem jump = jump_cache_mem (RCX);
  asm_alu_rm (a, ALU_CMP, true, RAX, jump);
  asm_jcc (a, CC_NE, jit_stubs.indirect_miss);
  jump.disp += offsetof (JitJump, entry);
  asm_rm (a, OP0 (0xff), false, 4, jump);
  return at;
}

/* Saves or restores what C may clobber: the scratch registers excepted. */
static void
move_caller_saved (Asm *a, bool store)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (caller_saved); i++)
    asm_rm (a, OP0 (store ? 0x89 : 0x8b), true, caller_saved[i], state_mem (STATE_OFF (saved_gpr) + 8 * i));
  for (unsigned x = 2; x < XMM_ONES; x++) {
    Mem slot = state_mem (STATE_OFF (saved_xmm) + 16 * (int32_t)x);
    store ? asm_xstore (a, jit_has_wide, slot, x) : asm_xload (a, jit_has_wide, x, slot);
  }
  if (!store)
    asm_vex_rr (a, V_PCMPEQD, false, XMM_ONES, XMM_ONES, XMM_ONES);
}

/* A routine that calls C with the state and arg[]. `first` is the register of the first operand; rax goes to
 * `extra`; `fn` NULL: rax is the function. */
static const uint8_t *
emit_c_call (Asm *a, const int8_t operands[3], int extra, const void *fn)
{
  const uint8_t *at = asm_rx (a);
  move_caller_saved (a, true);
  asm_lea (a, true, RCX, mem_base (RSP, 8));
  asm_store64 (a, STATE (jit_rsp), RCX);
  asm_load64 (a, RSP, STATE (c_rsp));
  asm_lea (a, true, RDI, mem_base (RBP, -STATE_BIAS));
  if (extra >= 0)
    asm_mov_rr (a, true, extra, RAX);
  for (unsigned i = 0; i < 3; i++)
    asm_load64 (a, operands[i], state_mem (STATE_OFF (arg) + 8 * i));
  if (fn != NULL)
    asm_mov_ri (a, RAX, (intptr_t)fn);
  asm_rr (a, OP0 (0xff), false, 2, RAX); /* call rax */
  asm_load64 (a, RSP, STATE (jit_rsp));
  asm_alu_ri (a, ALU_SUB, true, RSP, 8);
  move_caller_saved (a, false);
  asm_u8 (a, 0xc3);
  return at;
}

static uint64_t
call_eval_wide (IrState *s, uint64_t desc)
{
  ir_eval_wide (s, desc, ((JitState *)s)->wide_arg);
  return 0;
}

static uint64_t
call_fp_helper (IrState *s, uint64_t x, uint64_t y, uint64_t z, IrHelperFn fn)
{
  JitState *js = (JitState *)s;
  fpflags_fold (js, __builtin_ia32_stmxcsr ());
  __builtin_ia32_ldmxcsr (MXCSR_DEFAULT); /* The helper may leave: flags it has cleared must not come back. */
  uint64_t result = fn (s, x, y, z);
  __builtin_ia32_ldmxcsr (fpflags_mxcsr (js));
  return result;
}

void
stubs_init (JitThread *t)
{
  const Chunk *room = code_cache_room (t, false, CHUNK_SIZE);
  Asm a = { .p = room->p, .limit = room->end, .delta = code_cache_delta () };
  static const int8_t eval_operands[3] = { RDX, RCX, R8 }, helper_operands[3] = { RSI, RDX, RCX };
  jit_stubs.enter = emit_enter (&a);
  const uint8_t *leave = emit_leave (&a, &jit_stubs.leave_fault);
  emit_exits (&a, leave);
  jit_stubs.indirect = emit_indirect (&a);
  jit_stubs.eval = emit_c_call (&a, eval_operands, RSI, ir_eval);
  jit_stubs.eval_wide = emit_c_call (&a, eval_operands, RSI, call_eval_wide);
  jit_stubs.helper = emit_c_call (&a, helper_operands, -1, NULL);
  jit_stubs.helper_fp = emit_c_call (&a, helper_operands, R8, call_fp_helper);
  if (jit_config.softmmu != NULL)
    stubs_init_soft (&a);
  t->chunk[false] = (Chunk){ NULL, NULL }; /* The first chunk is the stubs' own. */
}

void
stack_reset (JitThread *t)
{
  uint64_t *bottom = (uint64_t *)(t->stack + t->stack_size - STACK_BOTTOM);
  bottom[0] = (uintptr_t)jit_stubs.underflow;
  bottom[1] = STACK_SENTINEL;
  t->js->jit_rsp = (uintptr_t)bottom;
}

unsigned
jit_enter (JitThread *t, const JitCode *code)
{
  JitState *js = t->js;
  if (G_UNLIKELY (t->mode != code->mode && js->space == NULL)) {
    jit_clear_jumps (t);
    stack_reset (t);
    t->mode = code->mode;
  }
  unsigned host = __builtin_ia32_stmxcsr () & ~MXCSR_STICKY;
  __builtin_ia32_ldmxcsr (fpflags_mxcsr (js));
  unsigned (*enter) (JitState *, const void *) = (void *)jit_stubs.enter;
  unsigned reason = enter (js, code->entry);
  if (js->fp_lazy)
    fpflags_fold (js, __builtin_ia32_stmxcsr ());
  __builtin_ia32_ldmxcsr (host);
  return reason;
}
