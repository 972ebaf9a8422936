/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The decoder against its own tables, and what must not decode. */

#include "harness.h"

static void
test_random_encodings (void)
{
  GRand *rand = g_rand_new_with_seed (20);

  for (RvOp op = 1; op < RV_N_OPS; op++)
    for (unsigned mode = 0; mode < 2; mode++) {
      const DecodeInsn *insn = &rv_insns[op];
      unsigned tried = 0;
      for (unsigned i = 0; i < 200 && insn->modes >> mode & 1; i++) {
        uint32_t w;
        RvArgs args;
        unsigned size;
        if (!decode_random (insn, g_rand_int (rand), &w))
          continue;
        RvOp got = rv_decode (mode == 0, (const uint8_t *)&w, &args, &size);
        if (got != op && !rv_insns[got].hint)
          g_error ("%08x of %s decodes as %s", w, insn->name, got ? rv_insns[got].name : "illegal");
        g_assert_cmpuint (size, ==, insn->size);
        tried++;
      }
      g_assert_true (tried > 0 || !(insn->modes >> mode & 1));
    }
  g_rand_free (rand);
}

/* A word is an instruction's exactly when it matches one pattern and none of its exceptions: the decision
 * tree against a plain search. */
static void
test_against_search (void)
{
  GRand *rand = g_rand_new_with_seed (21);
  unsigned illegal = 0;

  for (unsigned i = 0; i < 300000; i++) {
    uint32_t w = g_rand_int (rand);
    bool rv32 = i & 1;
    RvArgs args;
    unsigned size, wanted_size = (w & 3) == 3 ? 4 : 2;
    if (i % 3 == 0) /* random words seldom hit the narrow patterns */
      w = (w & ~0xfe007000u & ~0x7fu) | (rv_insns[1 + w % (RV_N_OPS - 1)].value & 0xfe00707fu);
    wanted_size = (w & 3) == 3 ? 4 : 2;
    uint32_t bits = wanted_size == 2 ? w & 0xffff : w;
    RvOp got = rv_decode (rv32, (const uint8_t *)&w, &args, &size), want = RV_OP_ILLEGAL;
    for (RvOp op = 1; op < RV_N_OPS; op++) {
      const DecodeInsn *insn = &rv_insns[op];
      bool match =
          insn->size == wanted_size && insn->modes >> !rv32 & 1 && (bits & insn->mask) == insn->value;
      for (unsigned j = 0; j < insn->n_excluded; j++)
        match = match && (bits & insn->excluded[j].mask) != insn->excluded[j].value;
      if (match && (want == RV_OP_ILLEGAL || insn->hint))
        want = op;
    }
    if (got != want)
      g_error ("%08x decodes as %s, not %s", bits, got ? rv_insns[got].name : "illegal",
               want ? rv_insns[want].name : "illegal");
    illegal += got == RV_OP_ILLEGAL;
  }
  g_assert_cmpuint (illegal, >, 1000);
  g_rand_free (rand);
}

static void
test_reserved (void)
{
  static const struct {
    uint32_t word;
    unsigned modes; /* bit 0: RV32, bit 1: RV64 */
  } reserved[] = {
    { 0x0000, 3 }, /* all zeros */
    { 0x2001, 2 }, /* c.addiw x0 */
    { 0x6101, 3 }, /* c.addi16sp 0 */
    { 0x6501, 3 }, /* c.lui a0, 0 */
    { 0x4002, 3 }, /* c.lwsp x0 */
    { 0x6002, 2 }, /* c.ldsp x0 */
    { 0x8002, 3 }, /* c.jr x0 */
    { 0x1506, 1 }, /* c.slli a0, 33 */
    { 0x9c0d, 1 }, /* c.subw */
    { 0xffffffff, 3 },
    { 0x00000073 | 1 << 7, 3 },  /* ecall with rd */
    { 0x02051513, 1 },           /* slli a0, a0, 32 */
    { 0x0000b503, 1 },           /* ld */
    { 0x0000705b, 3 },           /* custom */
    { 0x00c5d553, 3 },           /* fadd.s with rm = 5 */
    { 0x00c5e553, 3 },           /* fadd.s with rm = 6 */
    { 0x06c58553, 3 },           /* fadd.q */
    { 0x1005252f | 1 << 20, 3 }, /* lr.w with rs2 */
    { 0x28c745af, 2 },           /* amocas.q with an odd pair */
    { 0x30200073, 3 },           /* mret */
    { 0x10500073, 3 },           /* wfi */
    { 0x12000073, 3 },           /* sfence.vma */
    { 0x00007057, 3 },           /* vsetvli */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (reserved); i++)
    for (unsigned mode = 0; mode < 2; mode++)
      if (reserved[i].modes >> mode & 1) {
        g_autoptr (Hart) h = hart_new (mode ? 64 : 32, NULL);
        hart_add_word (h, reserved[i].word);
        IrExit exit = hart_run (h);
        if (exit != IR_EXIT_ILLEGAL)
          g_error ("%08x on RV%d gives exit %d", reserved[i].word, mode ? 64 : 32, exit);
        g_assert_cmphex (h->s->pc, ==, CODE_PC);
      }
}

/* An instruction is illegal on a CPU without its extensions, and only then. */
static void
test_extensions (void)
{
  g_autoptr (Hart) base = hart_new (64, "rva20u64"), max = hart_new (64, "max");

  for (RvOp op = 1; op < RV_N_OPS; op++) {
    const DecodeInsn *insn = &rv_insns[op];
    if (!(insn->modes & RV_MODE_rv64))
      continue;
    g_assert_true (decode_enabled (insn, max->rv->exts));
    if (!decode_enabled (insn, base->rv->exts)) {
      uint32_t w;
      if (!decode_random (insn, 0x00400100, &w))
        continue;
      hart_add_word (base, w);
      if (hart_run (base) != IR_EXIT_ILLEGAL)
        g_error ("%s runs without its extension", insn->name);
    }
  }
}

/* The text names the instruction and its bytes are kept to where they are too few. */
static void
test_disassemble (void)
{
  char text[64];
  uint8_t add[] = { 0x33, 0x85, 0xc5, 0x00 }, bad[] = { 0xff, 0xff, 0xff, 0xff };

  g_assert_cmpuint (riscv64_isa.disassemble (add, 4, 0, text, sizeof text), ==, 4);
  g_assert_cmpstr (text, ==, "add\ta0,a1,a2");
  g_assert_cmpuint (riscv64_isa.disassemble (add, 3, 0, text, sizeof text), ==, 3);
  g_assert_cmpstr (text, ==, ".byte\t0x33,0x85,0xc5");
  g_assert_cmpuint (riscv64_isa.disassemble (bad, 4, 0, text, sizeof text), ==, 4);
  g_assert_cmpstr (text, ==, ".insn\t4, 0xffffffff");
  g_assert_cmpuint (riscv64_isa.disassemble (add, 4, 0, text, 4), ==, 4);
  g_assert_cmpstr (text, ==, "add");
}

/* A translator given too few bytes asks for what it needs and emits nothing. */
static void
test_short_fetch (void)
{
  g_autoptr (Hart) h = hart_new (64, NULL);
  IrRegion *r = ir_region_new ();
  IrBuilder b;

  ir_region_reset (r, 0, 0, false);
  ir_builder_init (&b, r);
  ir_block_begin (&b, 0, false);
  for (unsigned have = 0; have < 4; have++) {
    IsaInsn insn = { .b = &b, .cpu = &h->rv->cpu, .len = have, .code = { 0x33, 0x85, 0xc5, 0x00 } };
    riscv64_isa.translate (&insn);
    g_assert_cmpuint (insn.len, ==, have < 2 ? 2 : 4);
    g_assert_cmpuint (r->n_ops, ==, 0);
  }
  ir_region_free (r);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/riscv/decode/random-encodings", test_random_encodings);
  g_test_add_func ("/riscv/decode/against-search", test_against_search);
  g_test_add_func ("/riscv/decode/reserved", test_reserved);
  g_test_add_func ("/riscv/decode/extensions", test_extensions);
  g_test_add_func ("/riscv/decode/disassemble", test_disassemble);
  g_test_add_func ("/riscv/decode/short-fetch", test_short_fetch);
  return g_test_run ();
}
