/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "jit-private.h"

/* System mode's shared code: accesses that compiled code does not do itself. */

/* From a stub that was called, with the address in rax and the return address in rcx: all variables go to
 * their slots, where the embedder's function sees them and from where it may leave; temporaries (rdx, xmm2,
 * xmm3) are kept aside, rdx by the caller.  The function runs with the guest's MXCSR.  `pc` and `kind` are
 * offsets from the return address of what is passed; without an offset, kind is `fixed`. Goes on at the
 * return address plus `skip`. */
static void
emit_call_out (Asm *a, const void *fn, int pc, int kind, unsigned fixed, int skip)
{
  stubs_move_pinned (a, true);
  asm_store64 (a, STATE (exit_info), RCX);
  for (unsigned x = 2; x < 14; x++)
    if (temp_xmm () >> x & 1)
      asm_xstore (a, jit_has_wide, state_mem (STATE_OFF (saved_xmm) + 16 * (int32_t)x), x);
  asm_load64 (a, RDX, mem_base (RCX, pc));
  asm_store64 (a, STATE (state.pc), RDX);
  asm_store64 (a, STATE (jit_rsp), RSP);
  asm_load64 (a, RSP, STATE (c_rsp));
  asm_lea (a, true, RDI, mem_base (RBP, -STATE_BIAS));
  asm_mov_rr (a, true, RSI, RAX);
  if (kind >= 0)
    asm_rm (a, OP0 (0x8b), false, RDX, mem_base (RCX, kind));
  else
    asm_mov_ri (a, RDX, fixed);
  asm_load64 (a, RCX, STATE (slow_value));
  asm_mov_ri (a, RAX, (intptr_t)fn);
  asm_rr (a, OP0 (0xff), false, 2, RAX); /* call rax */
  asm_load64 (a, RSP, STATE (jit_rsp));
  stubs_move_pinned (a, false);
  asm_vex_rr (a, V_PCMPEQD, false, XMM_ONES, XMM_ONES, XMM_ONES);
  for (unsigned x = 2; x < 14; x++)
    if (temp_xmm () >> x & 1)
      asm_xload (a, jit_has_wide, x, state_mem (STATE_OFF (saved_xmm) + 16 * (int32_t)x));
  asm_load64 (a, RDX, STATE (saved_gpr[0]));
  asm_load64 (a, RCX, STATE (exit_info));
  if (skip != 0)
    asm_alu_ri (a, ALU_ADD, true, RCX, skip);
  asm_rr (a, OP0 (0xff), false, 4, RCX); /* jmp rcx */
}

static const uint8_t *
emit_slow (Asm *a, const void *fn)
{
  const uint8_t *at = asm_rx (a);
  asm_pop (a, RCX);
  asm_store64 (a, STATE (saved_gpr[0]), RDX);
  emit_call_out (a, fn, 0, 8, 0, 12);
  return at;
}

/* The look-up of address rax: its addend is added to it, or the jump returned is taken. */
static uint8_t *
emit_look_up (Asm *a, unsigned log2, size_t array)
{
  Mem entry = { .base = R13, .index = RCX, .disp = (int32_t)(array + offsetof (JitTlbEntry, tag)) };
  asm_mov_rr (a, false, RCX, RAX);
  asm_shift_ri (a, 5, false, RCX, JIT_PAGE_BITS - 4);
  asm_alu_ri (a, ALU_AND, false, RCX, (JIT_TLB_SIZE - 1) << 4);
  asm_store64 (a, STATE (saved_gpr[0]), RDX);
  asm_lea (a, true, RDX, mem_base (RAX, (1 << log2) - 1));
  asm_alu_ri (a, ALU_AND, true, RDX, -(1 << JIT_PAGE_BITS));
  asm_alu_rm (a, ALU_CMP, true, RDX, entry);
  asm_load64 (a, RDX, STATE (saved_gpr[0]));
  uint8_t *miss = asm_jcc (a, CC_NE, NULL);
  entry.disp = (int32_t)(array + offsetof (JitTlbEntry, addend));
  asm_alu_rm (a, ALU_ADD, true, RAX, entry);
  return miss;
}

static void
emit_quick_miss (Asm *a, uint8_t *miss, const void *fn, unsigned kind)
{
  asm_patch_rel32 (a, miss, asm_rx (a));
  asm_pop (a, RCX);
  emit_call_out (a, fn, 2, -1, kind, 0);
}

static const uint8_t *
emit_quick_load (Asm *a, unsigned kind)
{
  static const unsigned codes[2][4] = { { OP0F (0xb6), OP0F (0xb7), OP0 (0x8b), OP0 (0x8b) },
                                        { OP0F (0xbe), OP0F (0xbf), OP0 (0x63), OP0 (0x8b) } };
  unsigned log2 = kind & JIT_KIND_LOG2;
  bool wide = kind & JIT_KIND_WIDE, is_signed = kind & JIT_KIND_SIGNED && (wide || log2 < 2);
  const uint8_t *at = asm_rx (a);
  uint8_t *miss = emit_look_up (a, log2, offsetof (JitSpace, read));
  asm_rm (a, codes[is_signed][log2], log2 == 3 || (is_signed && wide), RAX, mem_base (RAX, 0));
  asm_u8 (a, 0xc3);
  emit_quick_miss (a, miss, jit_config.softmmu->load, kind);
  return at;
}

static const uint8_t *
emit_quick_store (Asm *a, unsigned log2)
{
  const uint8_t *at = asm_rx (a);
  uint8_t *miss = emit_look_up (a, log2, offsetof (JitSpace, write));
  asm_load64 (a, RCX, STATE (slow_value));
  asm_rm_n (a, (log2 == 0 ? OP0 (0x88) : OP0 (0x89)) | (log2 == 1 ? 0x1000 : 0), log2 == 3, RCX,
            mem_base (RAX, 0), 1u << log2);
  asm_u8 (a, 0xc3);
  emit_quick_miss (a, miss, jit_config.softmmu->store, log2);
  return at;
}

void
stubs_init_soft (Asm *a)
{
  jit_stubs.slow_load = emit_slow (a, jit_config.softmmu->load);
  jit_stubs.slow_store = emit_slow (a, jit_config.softmmu->store);
  jit_stubs.slow_fill = emit_slow (a, jit_config.softmmu->fill_write);
  jit_stubs.slow_span = emit_slow (a, jit_config.softmmu->span);
  for (unsigned kind = 0; kind < G_N_ELEMENTS (jit_stubs.quick_load); kind++)
    jit_stubs.quick_load[kind] = emit_quick_load (a, kind);
  for (unsigned log2 = 0; log2 < G_N_ELEMENTS (jit_stubs.quick_store); log2++)
    jit_stubs.quick_store[log2] = emit_quick_store (a, log2);
}
