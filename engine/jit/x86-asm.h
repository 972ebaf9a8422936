/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An assembler for the x86-64 instructions the JIT uses (Intel SDM volume 2: legacy, REX and VEX encodings).
 * Code is written through the RW view; `delta` added to a write pointer gives the address it will run at. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
  uint8_t *p;     /* next byte, RW view */
  uint8_t *limit; /* end of the room: whoever emits sees to it that there is enough */
  intptr_t delta; /* RX address - RW address */
  /* NULL, or uint32_t: how far behind `start` the rel32s lie that lead out of what is being written. */
  GArray *outward;
  uint8_t *start;
} Asm;

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };
enum {
  CC_O,
  CC_NO,
  CC_B,
  CC_AE,
  CC_E,
  CC_NE,
  CC_BE,
  CC_A,
  CC_S,
  CC_NS,
  CC_P,
  CC_NP,
  CC_L,
  CC_GE,
  CC_LE,
  CC_G
};

/* A memory operand. */
typedef struct {
  int8_t base;    /* register, or -1: absolute disp32, or MEM_RIP: disp relative to the next instruction */
  int8_t index;   /* register, or -1 */
  uint8_t scale;  /* log2 */
  uint8_t prefix; /* MEM_* */
  int32_t disp;
} Mem;
enum { MEM_GS = 1, MEM_ADDR32 = 2 };
#define MEM_RIP (-2)

static inline Mem
mem_base (int base, int32_t disp)
{
  return (Mem){ .base = base, .index = -1, .disp = disp };
}

static inline void
asm_u8 (Asm *a, uint8_t v)
{
  *a->p++ = v;
}
static inline void
asm_u32 (Asm *a, uint32_t v)
{
  memcpy (a->p, &v, 4);
  a->p += 4;
}
static inline void
asm_u64 (Asm *a, uint64_t v)
{
  memcpy (a->p, &v, 8);
  a->p += 8;
}
static inline const uint8_t *
asm_rx (const Asm *a)
{
  return a->p + a->delta;
}

/* Opcodes: bits 0-7 the opcode byte, bits 8-11 the map (0: one-byte, 1: 0F, 2: 0F38, 3: 0F3A), bits 12-13 the
 * mandatory prefix (0 none, 1: 66, 2: F3, 3: F2). */
#define OP0(x)    (x)
#define OP0F(x)   (0x100 | (x))
#define OP_66(op) ((op) | 0x1000)
#define OP_F3(op) ((op) | 0x2000)
#define OP_F2(op) ((op) | 0x3000)
#define OP0F38(x) (0x200 | (x))
#define OP0F3A(x) (0x300 | (x))

static inline void
asm_mandatory (Asm *a, unsigned op)
{
  static const uint8_t byte[4] = { 0, 0x66, 0xf3, 0xf2 };
  if ((op >> 12) & 3)
    asm_u8 (a, byte[(op >> 12) & 3]);
}

static inline void
asm_opcode (Asm *a, unsigned op)
{
  switch ((op >> 8) & 15) {
    case 1: asm_u8 (a, 0x0f); break;
    case 2: asm_u8 (a, 0x0f), asm_u8 (a, 0x38); break;
    case 3: asm_u8 (a, 0x0f), asm_u8 (a, 0x3a); break;
    default: break;
  }
  asm_u8 (a, op);
}

static inline void
asm_modrm_mem (Asm *a, int reg, Mem m)
{
  unsigned r = (reg & 7) << 3;
  if (m.base == MEM_RIP) {
    asm_u8 (a, r | 5);
    asm_u32 (a, m.disp);
    return;
  }
  if (m.base < 0) { /* [disp32] or [index*s + disp32] */
    asm_u8 (a, r | 4);
    asm_u8 (a, m.scale << 6 | (m.index < 0 ? 4 : m.index & 7) << 3 | 5);
    asm_u32 (a, m.disp);
    return;
  }
  unsigned mod = m.disp == 0 && (m.base & 7) != RBP ? 0 : m.disp == (int8_t)m.disp ? 1 : 2;
  if (m.index >= 0 || (m.base & 7) == RSP) {
    asm_u8 (a, mod << 6 | r | 4);
    asm_u8 (a, m.scale << 6 | (m.index < 0 ? 4 : m.index & 7) << 3 | (m.base & 7));
  } else {
    asm_u8 (a, mod << 6 | r | (m.base & 7));
  }
  if (mod == 1)
    asm_u8 (a, m.disp);
  else if (mod == 2)
    asm_u32 (a, m.disp);
}

static inline void
asm_mem_prefix (Asm *a, Mem m)
{
  if (m.prefix & MEM_GS)
    asm_u8 (a, 0x65);
  if (m.prefix & MEM_ADDR32)
    asm_u8 (a, 0x67);
}

/* reg, r/m: register forms. `bytes` 1 makes a REX prefix where a byte register needs it. */
static inline void
asm_rr_n (Asm *a, unsigned op, bool w, int reg, int rm, unsigned bytes)
{
  asm_mandatory (a, op);
  unsigned rex = w << 3 | (reg >> 3) << 2 | (rm >> 3);
  if (rex || (bytes == 1 && (reg >= 4 || rm >= 4)))
    asm_u8 (a, 0x40 | rex);
  asm_opcode (a, op);
  asm_u8 (a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}
static inline void
asm_rr (Asm *a, unsigned op, bool w, int reg, int rm)
{
  asm_rr_n (a, op, w, reg, rm, 8);
}
static inline void
asm_rm_n (Asm *a, unsigned op, bool w, int reg, Mem m, unsigned bytes)
{
  asm_mem_prefix (a, m);
  asm_mandatory (a, op);
  unsigned rex = w << 3 | (reg >> 3) << 2 | (m.index >= 8) << 1 | (m.base >= 8);
  if (rex || (bytes == 1 && reg >= 4))
    asm_u8 (a, 0x40 | rex);
  asm_opcode (a, op);
  asm_modrm_mem (a, reg, m);
}
static inline void
asm_rm (Asm *a, unsigned op, bool w, int reg, Mem m)
{
  asm_rm_n (a, op, w, reg, m, 8);
}

static inline void
asm_mov_rr (Asm *a, bool w, int dst, int src)
{
  asm_rr (a, OP0 (0x8b), w, dst, src);
}
static inline void
asm_load64 (Asm *a, int dst, Mem m)
{
  asm_rm (a, OP0 (0x8b), true, dst, m);
}
static inline void
asm_store64 (Asm *a, Mem m, int src)
{
  asm_rm (a, OP0 (0x89), true, src, m);
}
/* dst = imm without touching flags. */
static inline void
asm_mov_ri (Asm *a, int dst, int64_t imm)
{
  if (imm == (int64_t)(uint32_t)imm) {
    if (dst >= 8)
      asm_u8 (a, 0x41);
    asm_u8 (a, 0xb8 | (dst & 7));
    asm_u32 (a, imm);
  } else if (imm == (int32_t)imm) {
    asm_rr (a, OP0 (0xc7), true, 0, dst);
    asm_u32 (a, imm);
  } else {
    asm_u8 (a, 0x48 | (dst >> 3));
    asm_u8 (a, 0xb8 | (dst & 7));
    asm_u64 (a, imm);
  }
}

/* The eight classic ALU ops, by their /digit. */
enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };
static inline void
asm_alu_rr (Asm *a, int alu, bool w, int dst, int src)
{
  asm_rr (a, OP0 (alu << 3 | 3), w, dst, src);
}
static inline void
asm_alu_rm (Asm *a, int alu, bool w, int dst, Mem m)
{
  asm_rm (a, OP0 (alu << 3 | 3), w, dst, m);
}
static inline void
asm_alu_mr (Asm *a, int alu, bool w, Mem m, int src)
{
  asm_rm (a, OP0 (alu << 3 | 1), w, src, m);
}
static inline void
asm_alu_ri (Asm *a, int alu, bool w, int dst, int32_t imm)
{
  bool small = imm == (int8_t)imm;
  asm_rr (a, OP0 (small ? 0x83 : 0x81), w, alu, dst);
  if (small)
    asm_u8 (a, imm);
  else
    asm_u32 (a, imm);
}
static inline void
asm_alu_mi (Asm *a, int alu, bool w, Mem m, int32_t imm)
{
  bool small = imm == (int8_t)imm;
  asm_rm (a, OP0 (small ? 0x83 : 0x81), w, alu, m);
  if (small)
    asm_u8 (a, imm);
  else
    asm_u32 (a, imm);
}
static inline void
asm_test_rr (Asm *a, bool w, int x, int y)
{
  asm_rr (a, OP0 (0x85), w, x, y);
}
static inline void
asm_lea (Asm *a, bool w, int dst, Mem m)
{
  asm_rm (a, OP0 (0x8d), w, dst, m);
}
/* Shift or rotate by an immediate: digit 0 rol, 1 ror, 4 shl, 5 shr, 7 sar. */
static inline void
asm_shift_ri (Asm *a, int digit, bool w, int dst, unsigned count)
{
  asm_rr (a, OP0 (0xc1), w, digit, dst);
  asm_u8 (a, count);
}
static inline void
asm_movsxd (Asm *a, int dst, int src)
{
  asm_rr (a, OP0 (0x63), true, dst, src);
}
static inline void
asm_setcc (Asm *a, int cc, int dst)
{
  asm_rr_n (a, OP0F (0x90 | cc), false, 0, dst, 1);
}
static inline void
asm_push (Asm *a, int reg)
{
  if (reg >= 8)
    asm_u8 (a, 0x41);
  asm_u8 (a, 0x50 | (reg & 7));
}
static inline void
asm_pop (Asm *a, int reg)
{
  if (reg >= 8)
    asm_u8 (a, 0x41);
  asm_u8 (a, 0x58 | (reg & 7));
}

/* Jumps with a rel32 to an RX address; each returns the place of the rel32 in the RW view. */
static inline uint8_t *
asm_rel32 (Asm *a, const void *target)
{
  uint8_t *at = a->p;
  const uint8_t *to = (const uint8_t *)target - a->delta;
  if (a->outward != NULL && target != NULL && (to < a->start || to >= a->limit)) {
    uint32_t offset = (uint32_t)(at - a->start);
    g_array_append_val (a->outward, offset);
  }
  asm_u32 (a, (uint32_t)((intptr_t)target - (intptr_t)(asm_rx (a) + 4)));
  return at;
}
static inline uint8_t *
asm_jmp (Asm *a, const void *target)
{
  asm_u8 (a, 0xe9);
  return asm_rel32 (a, target);
}
static inline uint8_t *
asm_call (Asm *a, const void *target)
{
  asm_u8 (a, 0xe8);
  return asm_rel32 (a, target);
}
static inline uint8_t *
asm_jcc (Asm *a, int cc, const void *target)
{
  asm_u8 (a, 0x0f);
  asm_u8 (a, 0x80 | cc);
  return asm_rel32 (a, target);
}
/* Makes the rel32 at `at` (RW view) point to the RX address. */
static inline void
asm_patch_rel32 (const Asm *a, uint8_t *at, const void *target)
{
  int32_t rel = (intptr_t)target - (intptr_t)(at + a->delta + 4);
  memcpy (at, &rel, 4);
}
/* A short forward jump over code to come; close with asm_short_end. */
static inline uint8_t *
asm_short_jcc (Asm *a, int cc)
{
  asm_u8 (a, 0x70 | cc);
  asm_u8 (a, 0);
  return a->p;
}
static inline uint8_t *
asm_short_jmp (Asm *a)
{
  asm_u8 (a, 0xeb);
  asm_u8 (a, 0);
  return a->p;
}
static inline void
asm_short_end (Asm *a, uint8_t *from)
{
  from[-1] = a->p - from;
}

static inline void
asm_nop (Asm *a, unsigned n)
{
  static const uint8_t nops[9][9] = {
    { 0 },
    { 0x90 },
    { 0x66, 0x90 },
    { 0x0f, 0x1f, 0x00 },
    { 0x0f, 0x1f, 0x40, 0x00 },
    { 0x0f, 0x1f, 0x44, 0x00, 0x00 },
    { 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
    { 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
    { 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
  };
  while (n > 0) {
    unsigned k = n > 8 ? 8 : n;
    memcpy (a->p, nops[k], k);
    a->p += k;
    n -= k;
  }
}

/* VEX-encoded instructions (128-bit, or scalar).  `op` as above: map and mandatory prefix become VEX fields.
 */
static inline void
asm_vex_head (Asm *a, unsigned op, bool w, int reg, int vvvv, bool x, bool b)
{
  unsigned map = (op >> 8) & 15, pp = (op >> 12) & 3;
  unsigned last = (~vvvv & 15) << 3 | pp;
  if (map == 1 && !w && !x && !b) {
    asm_u8 (a, 0xc5);
    asm_u8 (a, (reg < 8) << 7 | last);
  } else {
    asm_u8 (a, 0xc4);
    asm_u8 (a, (reg < 8) << 7 | (!x) << 6 | (!b) << 5 | map);
    asm_u8 (a, w << 7 | last);
  }
  asm_u8 (a, op);
}
static inline void
asm_vex_rr (Asm *a, unsigned op, bool w, int reg, int vvvv, int rm)
{
  asm_vex_head (a, op, w, reg, vvvv, false, rm >= 8);
  asm_u8 (a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}
static inline void
asm_vex_rm (Asm *a, unsigned op, bool w, int reg, int vvvv, Mem m)
{
  asm_mem_prefix (a, m);
  asm_vex_head (a, op, w, reg, vvvv, m.index >= 8, m.base >= 8);
  asm_modrm_mem (a, reg, m);
}

/* Commonly used VEX opcodes. */
enum {
  V_MOVAPD = OP_66 (OP0F (0x28)),
  V_MOVSD_LOAD = OP_F2 (OP0F (0x10)),
  V_MOVSD_STORE = OP_F2 (OP0F (0x11)),
  V_MOVUPS_LOAD = OP0F (0x10),
  V_MOVUPS_STORE = OP0F (0x11),
  V_MOVQ = OP_F3 (OP0F (0x7e)), /* the low half; zero above */
  V_MOVSS_LOAD = OP_F3 (OP0F (0x10)),
  V_MOVSS_STORE = OP_F3 (OP0F (0x11)),
  V_MOVD_TO_X = OP_66 (OP0F (0x6e)), /* W: movq */
  V_MOVD_FROM_X = OP_66 (OP0F (0x7e)),
  V_UCOMISS = OP0F (0x2e),
  V_UCOMISD = OP_66 (OP0F (0x2e)),
  V_COMISS = OP0F (0x2f),
  V_COMISD = OP_66 (OP0F (0x2f)),
  V_ANDPD = OP_66 (OP0F (0x54)),
  V_ANDNPD = OP_66 (OP0F (0x55)),
  V_ORPD = OP_66 (OP0F (0x56)),
  V_XORPD = OP_66 (OP0F (0x57)),
  V_PTEST = OP_66 (OP0F38 (0x17)),
  V_INSERTPS = OP_66 (OP0F3A (0x21)),
  V_ROUNDSS = OP_66 (OP0F3A (0x0a)),
  V_ROUNDSD = OP_66 (OP0F3A (0x0b)),
  V_PCLMULQDQ = OP_66 (OP0F3A (0x44)),
  V_GF2P8AFFINEQB = OP_66 (OP0F3A (0xce)),
  V_PEXTRQ = OP_66 (OP0F3A (0x16)),
  V_PCMPEQB = OP_66 (OP0F (0x74)),
  V_PCMPEQD = OP_66 (OP0F (0x76)),
};

/* reg = 64-bit FP container at m, and back. */
static inline void
asm_fload64 (Asm *a, int x, Mem m)
{
  asm_vex_rm (a, V_MOVSD_LOAD, false, x, 0, m);
}
static inline void
asm_fstore64 (Asm *a, Mem m, int x)
{
  asm_vex_rm (a, V_MOVSD_STORE, false, x, 0, m);
}
/* The same of 128 bits, or as `wide` says. */
static inline void
asm_xload (Asm *a, bool wide, int x, Mem m)
{
  asm_vex_rm (a, wide ? V_MOVUPS_LOAD : V_MOVSD_LOAD, false, x, 0, m);
}
static inline void
asm_xstore (Asm *a, bool wide, Mem m, int x)
{
  asm_vex_rm (a, wide ? V_MOVUPS_STORE : V_MOVSD_STORE, false, x, 0, m);
}
static inline void
asm_fmov (Asm *a, int dst, int src)
{
  asm_vex_rr (a, V_MOVAPD, false, dst, 0, src);
}
