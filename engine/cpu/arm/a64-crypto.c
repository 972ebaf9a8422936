/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Cryptographic instructions (DDI 0487, C4.1.97).  The rounds of hashes are functions that compiled code
 * calls. */

#include "a64-simd.h"
#include "arm-vector-helpers.h"

static const Lanes words = { .log2 = 2 }, doublewords = { .log2 = 3 };

/* ---- AES. ---- */

static IrVal
aes (A64Trans *t, IrAesStep step, IrVal x)
{
  return simd_op1 (t, (Lanes){ 0 }, IR_VAES, false, (int32_t)step, x);
}

static IsaFlow
aes_round (A64Trans *t, const A64Args *a, IrAesStep step)
{
  IrVal keyed = simd_op2 (t, doublewords, IR_VXOR, false, 0, a64_v (a->rd), a64_v (a->rn));
  ir_set_wide (t->b, a64_v (a->rd), aes (t, step, keyed));
  return ISA_NEXT;
}

static IsaFlow
aes_mix (A64Trans *t, const A64Args *a, IrAesStep step)
{
  ir_set_wide (t->b, a64_v (a->rd), aes (t, step, a64_v (a->rn)));
  return ISA_NEXT;
}

#define INSN(insn, call)                                                                                     \
  IsaFlow a64_trans_##insn (A64Trans *t, const A64Args *a)                                                   \
  {                                                                                                          \
    return call;                                                                                             \
  }
INSN (aese, aes_round (t, a, IR_AES_SUB_SHIFT))
INSN (aesd, aes_round (t, a, IR_AES_INV_SUB_SHIFT))
INSN (aesmc, aes_mix (t, a, IR_AES_MIX))
INSN (aesimc, aes_mix (t, a, IR_AES_INV_MIX))

/* ---- Functions of Vd, Vn and Vm, called. ---- */

static IsaFlow
call (A64Trans *t, const A64Args *a, ArmVectorHelper helper, unsigned sub, IrVal third)
{
  IrDesc d = IR_DESC (.op = IR_VHELPER, .type = IR_V128, .sub = (uint8_t)sub, .imm = (int32_t)helper);
  ir_set_wide (t->b, a64_v (a->rd), ir_emit (t->b, d, a64_v (a->rd), a64_v (a->rn), third));
  return ISA_NEXT;
}

#define CALL2(insn, HELPER)      INSN (insn, call (t, a, ARM_VECTOR_##HELPER, 0, a64_v (a->rn)))
#define CALL3(insn, HELPER)      INSN (insn, call (t, a, ARM_VECTOR_##HELPER, 0, a64_v (a->rm)))
#define CALL4(insn, HELPER, sub) INSN (insn, call (t, a, ARM_VECTOR_##HELPER, sub, a64_v (a->rm)))
CALL3 (sha1c, SHA1C)
CALL3 (sha1p, SHA1P)
CALL3 (sha1m, SHA1M)
CALL2 (sha1su1, SHA1SU1)
CALL3 (sha256h, SHA256H)
CALL3 (sha256h2, SHA256H2)
CALL2 (sha256su0, SHA256SU0)
CALL3 (sha256su1, SHA256SU1)
CALL3 (sha512h, SHA512H)
CALL3 (sha512h2, SHA512H2)
CALL2 (sha512su0, SHA512SU0)
CALL3 (sha512su1, SHA512SU1)
CALL4 (sm3tt1a, SM3TT1, a->imm2)
CALL4 (sm3tt1b, SM3TT1, a->imm2 | ARM_SM3_B)
CALL4 (sm3tt2a, SM3TT2, a->imm2)
CALL4 (sm3tt2b, SM3TT2, a->imm2 | ARM_SM3_B)
CALL3 (sm3partw1, SM3PARTW1)
CALL3 (sm3partw2, SM3PARTW2)
CALL2 (sm4e, SM4E)
CALL3 (sm4ekey, SM4EKEY)

IsaFlow
a64_trans_sm3ss1 (A64Trans *t, const A64Args *a)
{
  IrDesc d = IR_DESC (.op = IR_VHELPER, .type = IR_V128, .imm = ARM_VECTOR_SM3SS1);
  ir_set_wide (t->b, a64_v (a->rd), ir_emit (t->b, d, a64_v (a->rn), a64_v (a->rm), a64_v (a->ra)));
  return ISA_NEXT;
}

/* ---- What IR says. ---- */

static IrVal
bits (A64Trans *t, IrOpcode op, IrVal x, IrVal y)
{
  return simd_op2 (t, doublewords, op, false, 0, x, y);
}

IsaFlow
a64_trans_sha1h (A64Trans *t, const A64Args *a)
{
  IrVal x = simd_op1 (t, words, IR_VGETL, false, 0, a64_v (a->rn));
  x = ir_op2 (t->b, IR_ROTL, IR_I32, x, ir_const (t->b, 30));
  ir_set (t->b, a64_v (a->rd), ir_op1 (t->b, IR_BITSF, IR_F32, x));
  return ISA_NEXT;
}

IsaFlow
a64_trans_sha1su0 (A64Trans *t, const A64Args *a)
{
  IrVal x = simd_op2 (t, (Lanes){ 0 }, IR_VEXT, false, 8, a64_v (a->rd), a64_v (a->rn));
  x = bits (t, IR_VXOR, x, a64_v (a->rd));
  ir_set_wide (t->b, a64_v (a->rd), bits (t, IR_VXOR, x, a64_v (a->rm)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_eor3 (A64Trans *t, const A64Args *a)
{
  IrVal x = bits (t, IR_VXOR, a64_v (a->rn), a64_v (a->rm));
  ir_set_wide (t->b, a64_v (a->rd), bits (t, IR_VXOR, x, a64_v (a->ra)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_bcax (A64Trans *t, const A64Args *a)
{
  IrVal x = bits (t, IR_VANDN, a64_v (a->rm), a64_v (a->ra));
  ir_set_wide (t->b, a64_v (a->rd), bits (t, IR_VXOR, a64_v (a->rn), x));
  return ISA_NEXT;
}

/* Both lanes rotated to the left; 1 to 63. */
static IrVal
rotated (A64Trans *t, IrVal x, int count)
{
  IrVal left = simd_op1 (t, doublewords, IR_VSHL, false, count, x);
  return bits (t, IR_VOR, left, simd_op1 (t, doublewords, IR_VSHR, false, 64 - count, x));
}

IsaFlow
a64_trans_rax1 (A64Trans *t, const A64Args *a)
{
  IrVal x = rotated (t, a64_v (a->rm), 1);
  ir_set_wide (t->b, a64_v (a->rd), bits (t, IR_VXOR, a64_v (a->rn), x));
  return ISA_NEXT;
}

IsaFlow
a64_trans_xar (A64Trans *t, const A64Args *a)
{
  IrVal x = bits (t, IR_VXOR, a64_v (a->rn), a64_v (a->rm));
  ir_set_wide (t->b, a64_v (a->rd), a->imm == 0 ? x : rotated (t, x, 64 - (int)a->imm));
  return ISA_NEXT;
}
