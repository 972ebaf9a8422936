/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Integer semantics: RV32I, RV64I, M, bit manipulation, control transfer. */

#include "harness.h"

#define MIN64 0x8000000000000000u
#define MIN32 0xffffffff80000000u /* sign-extended */
#define ONES  UINT64_MAX

typedef struct {
  RvOp op;
  uint64_t x, y;
  int32_t imm;
  uint64_t want;
} Case;
#define OP(name) RV_OP_##name

static const Case cases64[] = {
  { OP (add), ONES, 1, 0, 0 },
  { OP (sub), 0, 1, 0, ONES },
  { OP (sll), 1, 64 + 63, 0, MIN64 },
  { OP (srl), MIN64, 63, 0, 1 },
  { OP (sra), MIN64, 63, 0, ONES },
  { OP (slt), MIN64, 0, 0, 1 },
  { OP (sltu), MIN64, 0, 0, 0 },
  { OP (slti), ONES, 0, 0, 1 },
  { OP (sltiu), 0, 0, 1, 1 },
  { OP (sltiu), 5, 0, -1, 1 },
  { OP (xori), 0x0f, 0, -1, ~0x0full },
  { OP (ori), 0, 0, -2048, (uint64_t)-2048 },
  { OP (andi), ONES, 0, 0x7ff, 0x7ff },
  { OP (slli_rv64), 1, 0, 63, MIN64 },
  { OP (srai_rv64), MIN64, 0, 62, (uint64_t)-2 },
  { OP (addiw), 0x7fffffff, 0, 1, MIN32 },
  { OP (addiw), 0x1234567880000000, 0, 0, MIN32 },
  { OP (addw), 0x7fffffff, 1, 0, MIN32 },
  { OP (subw), MIN64, 1, 0, ONES },
  { OP (sllw), 1, 32 + 31, 0, MIN32 },
  { OP (srlw), 0xffffffff80000000, 31, 0, 1 },
  { OP (srlw), MIN32, 32, 0, MIN32 },
  { OP (sraw), 0x80000000, 31, 0, ONES },
  { OP (slliw), 1, 0, 31, MIN32 },
  { OP (srliw), 0x80000000, 0, 0, MIN32 },
  { OP (sraiw), 0x80000000, 0, 31, ONES },
  { OP (mul), MIN64, ONES, 0, MIN64 },
  { OP (mulh), MIN64, MIN64, 0, 0x4000000000000000 },
  { OP (mulh), ONES, ONES, 0, 0 },
  { OP (mulhu), ONES, ONES, 0, ONES - 1 },
  { OP (mulhsu), ONES, ONES, 0, ONES },
  { OP (mulhsu), MIN64, ONES, 0, MIN64 },
  { OP (mulw), 0x80000000, ONES, 0, MIN32 },
  { OP (div), MIN64, ONES, 0, MIN64 },
  { OP (rem), MIN64, ONES, 0, 0 },
  { OP (div), 7, 0, 0, ONES },
  { OP (rem), 7, 0, 0, 7 },
  { OP (div), (uint64_t)-7, 2, 0, (uint64_t)-3 },
  { OP (rem), (uint64_t)-7, 2, 0, ONES },
  { OP (divu), 7, 0, 0, ONES },
  { OP (remu), 7, 0, 0, 7 },
  { OP (divw), 0x80000000, ONES, 0, MIN32 },
  { OP (remw), 0x80000000, ONES, 0, 0 },
  { OP (divw), 7, 0x100000000, 0, ONES },
  { OP (remw), 0x80000001, 0, 0, 0xffffffff80000001 },
  { OP (divuw), 0xffffffff, 1, 0, ONES },
  { OP (remuw), 0xffffffff, 0, 0, ONES },
  { OP (sh1add), 3, 10, 0, 16 },
  { OP (sh3add), MIN64, 10, 0, 10 },
  { OP (add_uw), ONES, 1, 0, 0x100000000 },
  { OP (sh2add_uw), ONES, 1, 0, 0x3fffffffd },
  { OP (slli_uw), ONES, 0, 4, 0xffffffff0 },
  { OP (clz), 0, 0, 0, 64 },
  { OP (ctz), 0, 0, 0, 64 },
  { OP (clzw), 0xffffffff00000000, 0, 0, 32 },
  { OP (ctzw), 0xffffffff00000000, 0, 0, 32 },
  { OP (cpop), ONES, 0, 0, 64 },
  { OP (cpopw), ONES, 0, 0, 32 },
  { OP (sext_b), 0x180, 0, 0, (uint64_t)-128 },
  { OP (sext_h), 0x18000, 0, 0, (uint64_t)-32768 },
  { OP (zext_h_rv64), ONES, 0, 0, 0xffff },
  { OP (min), MIN64, 1, 0, MIN64 },
  { OP (minu), MIN64, 1, 0, 1 },
  { OP (max), MIN64, 1, 0, 1 },
  { OP (maxu), MIN64, 1, 0, MIN64 },
  { OP (andn), 0xff, 0x0f, 0, 0xf0 },
  { OP (orn), 0, 0x0f, 0, ~0x0full },
  { OP (xnor), 0xff, 0x0f, 0, ~0xf0ull },
  { OP (rol), MIN64, 1, 0, 1 },
  { OP (rori_rv64), 1, 0, 1, MIN64 },
  { OP (rolw), 0x80000000, 1, 0, 1 },
  { OP (rorw), 1, 1, 0, MIN32 },
  { OP (roriw), 1, 0, 1, MIN32 },
  { OP (orc_b), 0x0100800000ff0010, 0, 0, 0xff00ff0000ff00ff },
  { OP (rev8_rv64), 0x0102030405060708, 0, 0, 0x0807060504030201 },
  { OP (brev8), 0x0102040810204080, 0, 0, 0x8040201008040201 },
  { OP (pack_rv64), 0x1111111122222222, 0x3333333344444444, 0, 0x4444444422222222 },
  { OP (packh), 0x1ff, 0x1ee, 0, 0xeeff },
  { OP (packw), 0x1234, 0x8765, 0, 0xffffffff87651234 },
  { OP (clmul), 3, 3, 0, 5 },
  { OP (clmulh), MIN64, 2, 0, 1 },
  { OP (clmulr), MIN64, 1, 0, 1 },
  { OP (bclr), ONES, 64 + 63, 0, ~MIN64 },
  { OP (bexti_rv64), MIN64, 0, 63, 1 },
  { OP (binv), 0, 63, 0, MIN64 },
  { OP (bseti_rv64), 0, 0, 32, 0x100000000 },
  { OP (czero_eqz), 5, 0, 0, 0 },
  { OP (czero_eqz), 5, MIN64, 0, 5 },
  { OP (czero_nez), 5, 0, 0, 5 },
  { OP (czero_nez), 5, MIN64, 0, 0 },
  { OP (mop_r), 5, 0, 31, 0 },
  { OP (mop_rr), 5, 6, 7, 0 },
};

static const Case cases32[] = {
  { OP (add), 0xffffffff, 1, 0, 0 },
  { OP (sub), 0, 1, 0, 0xffffffff },
  { OP (addi), 0x7fffffff, 0, 1, 0x80000000 },
  { OP (sll), 1, 32 + 31, 0, 0x80000000 },
  { OP (sra), 0x80000000, 31, 0, 0xffffffff },
  { OP (srai_rv32), 0x80000000, 0, 4, 0xf8000000 },
  { OP (slt), 0x80000000, 0, 0, 1 },
  { OP (sltiu), 5, 0, -1, 1 },
  { OP (xori), 0x0f, 0, -1, 0xfffffff0 },
  { OP (mulh), 0x80000000, 0x80000000, 0, 0x40000000 },
  { OP (mulhu), 0xffffffff, 0xffffffff, 0, 0xfffffffe },
  { OP (mulhsu), 0xffffffff, 0xffffffff, 0, 0xffffffff },
  { OP (div), 0x80000000, 0xffffffff, 0, 0x80000000 },
  { OP (rem), 0x80000000, 0xffffffff, 0, 0 },
  { OP (div), 5, 0, 0, 0xffffffff },
  { OP (remu), 5, 0, 0, 5 },
  { OP (clz), 0, 0, 0, 32 },
  { OP (sext_b), 0x80, 0, 0, 0xffffff80 },
  { OP (zext_h_rv32), 0xffffffff, 0, 0, 0xffff },
  { OP (rev8_rv32), 0x01020304, 0, 0, 0x04030201 },
  { OP (ror), 1, 1, 0, 0x80000000 },
  { OP (pack_rv32), 0x11112222, 0x33334444, 0, 0x44442222 },
  { OP (zip), 0x0000ffff, 0, 0, 0x55555555 },
  { OP (unzip), 0x55555555, 0, 0, 0x0000ffff },
  { OP (clmulh), 0x80000000, 2, 0, 1 },
  { OP (clmulr), 0x80000000, 1, 0, 1 },
  { OP (orn), 0, 0x0f, 0, 0xfffffff0 },
  { OP (bset), 0, 31, 0, 0x80000000 },
};

static void
check (Hart *h, const Case *c, unsigned rd, unsigned rs1, unsigned rs2, uint64_t want)
{
  h->s->var[rs2] = c->y;
  h->s->var[rs1] = c->x;
  hart_add (h, c->op, &(Ops){ .rd = rd, .rs1 = rs1, .rs2 = rs2, .imm = c->imm });
  g_assert_cmpint (hart_run (h), ==, IR_EXIT_NONE);
  if (rd != 0 && h->s->var[rd] != want)
    g_error ("%s %" G_GINT64_MODIFIER "x, %" G_GINT64_MODIFIER "x, %d gives %" G_GINT64_MODIFIER
             "x, not %" G_GINT64_MODIFIER "x",
             rv_insns[c->op].name, c->x, c->y, c->imm, h->s->var[rd], want);
}

/* Each case with its own destination, and with the destination being either source, and x0. */
static void
test_cases (gconstpointer data)
{
  unsigned bits = GPOINTER_TO_UINT (data);
  const Case *cases = bits == 64 ? cases64 : cases32;
  unsigned n = bits == 64 ? G_N_ELEMENTS (cases64) : G_N_ELEMENTS (cases32);
  g_autoptr (Hart) h = hart_new (bits, NULL);

  for (unsigned i = 0; i < n; i++) {
    check (h, &cases[i], 10, 11, 12, cases[i].want);
    check (h, &cases[i], 11, 11, 12, cases[i].want);
    check (h, &cases[i], 12, 11, 12, cases[i].want);
    h->s->var[0] = 0;
    check (h, &cases[i], 0, 11, 12, 0);
    g_assert_cmphex (h->s->var[0], ==, 0);
  }
}

/* A direct jump, an indirect one and their links. */
static void
test_jumps (void)
{
  g_autoptr (Hart) h = hart_new (64, NULL);

  hart_add (h, RV_OP_jal, &(Ops){ .rd = 1, .imm = -0x100 });
  hart_run (h);
  g_assert_cmphex (h->s->pc, ==, CODE_PC - 0x100);
  g_assert_cmphex (h->s->var[1], ==, CODE_PC + 4);

  /* The target is read before the link is written, and its lowest bit is dropped. */
  for (unsigned rd = 0; rd < 12; rd++) {
    h->s->var[5] = 0x7001;
    hart_add (h, RV_OP_jalr, &(Ops){ .rd = rd, .rs1 = 5, .imm = rd % 3 * 4 });
    hart_run (h);
    g_assert_cmphex (h->s->pc, ==, 0x7000 + rd % 3 * 4);
    if (rd != 0)
      g_assert_cmphex (h->s->var[rd], ==, CODE_PC + 4);
  }

  /* auipc and jalr make a direct call. */
  hart_add (h, RV_OP_auipc, &(Ops){ .rd = 6, .imm = 0x10000 });
  hart_add (h, RV_OP_jalr, &(Ops){ .rd = 1, .rs1 = 6, .imm = -4 });
  hart_run (h);
  g_assert_cmphex (h->s->pc, ==, CODE_PC + 0x10000 - 4);
  g_assert_cmphex (h->s->var[1], ==, CODE_PC + 8);

  hart_add (h, RV_OP_c_jalr, &(Ops){ .rs1 = 1 });
  h->s->var[1] = 0x7777;
  hart_run (h);
  g_assert_cmphex (h->s->pc, ==, 0x7776);
  g_assert_cmphex (h->s->var[1], ==, CODE_PC + 2);
}

static void
test_branches (void)
{
  static const struct {
    RvOp op;
    uint64_t x, y;
    bool taken;
  } cases[] = {
    { OP (beq), 1, 1, true },     { OP (bne), 1, 1, false },     { OP (blt), ONES, 0, true },
    { OP (bge), ONES, 0, false }, { OP (bltu), ONES, 0, false }, { OP (bgeu), ONES, 0, true },
    { OP (bge), 3, 3, true },     { OP (bltu), 3, 3, false },
  };

  for (unsigned bits = 32; bits <= 64; bits += 32)
    for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
      g_autoptr (Hart) h = hart_new (bits, NULL);
      h->s->var[11] = bits == 32 ? (uint32_t)cases[i].x : cases[i].x;
      h->s->var[12] = cases[i].y;
      hart_add (h, cases[i].op, &(Ops){ .rs1 = 11, .rs2 = 12, .imm = 0x800 });
      hart_run (h);
      g_assert_cmphex (h->s->pc, ==, cases[i].taken ? CODE_PC + 0x800 : CODE_PC + 4);
    }
}

/* A load to x0 is still made; RV32 addresses wrap. */
static void
test_memory (void)
{
  g_autoptr (Hart) h = hart_new (64, NULL), h32 = hart_new (32, NULL);

  mem_set (MEM_BASE, 8, 0x8182838485868788);
  static const struct {
    RvOp op;
    uint64_t want;
  } loads[] = {
    { OP (lb), (uint64_t)-0x78 },    { OP (lbu), 0x88 },
    { OP (lh), 0xffffffffffff8788 }, { OP (lhu), 0x8788 },
    { OP (lw), 0xffffffff85868788 }, { OP (lwu), 0x85868788 },
    { OP (ld), 0x8182838485868788 },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (loads); i++) {
    h->s->var[11] = MEM_BASE + 16;
    hart_add (h, loads[i].op, &(Ops){ .rd = 11, .rs1 = 11, .imm = -16 });
    g_assert_cmpint (hart_run (h), ==, IR_EXIT_NONE);
    g_assert_cmphex (h->s->var[11], ==, loads[i].want);
  }
  h->s->var[11] = 0x10;
  hart_add (h, RV_OP_lw, &(Ops){ .rd = 0, .rs1 = 11 });
  g_assert_cmpint (hart_run (h), ==, IR_EXIT_FAULT);
  g_assert_cmphex (h->s->pc, ==, CODE_PC);
  g_assert_cmphex (h->s->fault.addr, ==, 0x10);

  h32->s->var[11] = 0xfffffff0;
  hart_add (h32, RV_OP_lw, &(Ops){ .rd = 12, .rs1 = 11, .imm = 0x7f0 });
  g_assert_cmpint (hart_run (h32), ==, IR_EXIT_FAULT);
  g_assert_cmphex (h32->s->fault.addr, ==, 0x7e0);
}

/* What leaves to the embedder, and where pc is then. */
static void
test_exits (void)
{
  static const struct {
    RvOp op;
    IrExit exit;
    unsigned pc_after;
  } cases[] = {
    { OP (ecall), IR_EXIT_SYSCALL, 0 },       { OP (ebreak), IR_EXIT_BREAKPOINT, 0 },
    { OP (c_ebreak), IR_EXIT_BREAKPOINT, 0 }, { OP (fence_i), IR_EXIT_ICACHE, 4 },
    { OP (wrs_nto), IR_EXIT_PAUSE, 4 },       { OP (cbo_inval), IR_EXIT_ILLEGAL, 0 },
    { OP (pause), IR_EXIT_NONE, 4 },          { OP (fence_tso), IR_EXIT_NONE, 4 },
    { OP (c_mop), IR_EXIT_NONE, 2 },
  };
  g_autoptr (Hart) h = hart_new (64, NULL);

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    hart_add (h, cases[i].op, &(Ops){ .imm = 1 });
    g_assert_cmpint (hart_run (h), ==, cases[i].exit);
    g_assert_cmphex (h->s->pc, ==, CODE_PC + cases[i].pc_after);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/riscv/integer/rv32", GUINT_TO_POINTER (32), test_cases);
  g_test_add_data_func ("/riscv/integer/rv64", GUINT_TO_POINTER (64), test_cases);
  g_test_add_func ("/riscv/integer/jumps", test_jumps);
  g_test_add_func ("/riscv/integer/branches", test_branches);
  g_test_add_func ("/riscv/integer/memory", test_memory);
  g_test_add_func ("/riscv/integer/exits", test_exits);
  return g_test_run ();
}
