/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Random code, unit by unit.  A unit is what can be left out by itself: an instruction, an access with the
 * address computation it needs, a branch around other units, a loop of them.  Each unit draws from a
 * generator seeded by the program's seed and its own number, so leaving some out does not change the others.
 */

#include "program.h"
#include <string.h>

typedef enum {
  CLASS_INT,
  CLASS_FP,
  CLASS_MEM,
  CLASS_ATOMIC,
  CLASS_CSR,
  CLASS_JUMP,
  CLASS_NEVER,
  N_CLASSES
} Class;

static GArray *ops_of[N_CLASSES];

static Class
classify_compressed (const DecodeInsn *insn)
{
  unsigned quadrant = insn->value & 3, funct3 = insn->value >> 13 & 7;
  if (g_str_has_prefix (insn->name, "c.ebreak"))
    return CLASS_NEVER;
  if (!strcmp (insn->name, "c.j") || !strcmp (insn->name, "c.jal") || !strcmp (insn->name, "c.jr") ||
      !strcmp (insn->name, "c.jalr") || !strcmp (insn->name, "c.beqz") || !strcmp (insn->name, "c.bnez"))
    return CLASS_JUMP;
  bool memory = (quadrant == 0 && funct3 != 0) || (quadrant == 2 && funct3 != 0 && funct3 != 4);
  return memory ? CLASS_MEM : CLASS_INT;
}

static Class
classify (const DecodeInsn *insn)
{
  if (insn->size == 2)
    return classify_compressed (insn);
  switch (insn->value & 0x7f) {
    case 0x03:
    case 0x07:
    case 0x23:
    case 0x27: return CLASS_MEM;
    case 0x2f: return CLASS_ATOMIC;
    case 0x63:
    case 0x67:
    case 0x6f: return CLASS_JUMP;
    case 0x0f:
      return g_str_has_prefix (insn->name, "cbo.") || !strcmp (insn->name, "fence.i") ? CLASS_NEVER
                                                                                      : CLASS_INT;
    case 0x73: return g_str_has_prefix (insn->name, "mop.") ? CLASS_INT : CLASS_NEVER;
    case 0x43:
    case 0x47:
    case 0x4b:
    case 0x4f:
    case 0x53: return CLASS_FP;
    default: return CLASS_INT;
  }
}

void
random_init (Program *p)
{
  for (unsigned c = 0; c < N_CLASSES; c++)
    ops_of[c] = g_array_new (false, false, sizeof (RvOp));
  for (RvOp op = 1; op < RV_N_OPS; op++)
    if (rv_insns[op].modes & (p->rv32 ? RV_MODE_rv32 : RV_MODE_rv64))
      g_array_append_val (ops_of[classify (&rv_insns[op])], op);
}

static unsigned
below (Program *p, unsigned n)
{
  return g_rand_int (p->rand) % n;
}

static bool
writes_integer (RvOp op)
{
  return strstr (rv_insns[op].syntax, "{fd}") == NULL && strstr (rv_insns[op].syntax, "{rd}") != NULL;
}

static bool
writes_forbidden (const Program *p, RvOp op, uint32_t w)
{
  int64_t rd;
  const DecodeInsn *insn = &rv_insns[op];
  if (!strcmp (insn->name, "c.addi16sp"))
    return true;
  if (!writes_integer (op) || !has_operand (op, RV_ARG_rd, w, &rd))
    return false;
  /* QEMU 10.0 lets a compare-and-swap into x0 change its constant zero. */
  if (g_str_has_prefix (insn->name, "amocas.") && rd == 0)
    return true;
  uint32_t pair = g_str_has_prefix (insn->name, p->rv32 ? "amocas.d" : "amocas.q") ? 3u : 1u;
  return ((p->no_write & ~1u) & (pair << rd)) != 0;
}

/* A random instruction of the class that writes no register in p->no_write. */
static RvOp
random_insn (Program *p, Class class, uint32_t *ret_word)
{
  for (;;) {
    RvOp op = g_array_index (ops_of[class], RvOp, below (p, ops_of[class]->len));
    if (decode_random (&rv_insns[op], g_rand_int (p->rand), ret_word) && !writes_forbidden (p, op, *ret_word))
      return op;
  }
}

/* A register random code may write. */
static unsigned
free_reg (Program *p)
{
  for (;;) {
    unsigned r = below (p, 32);
    if (!(p->no_write >> r & 1))
      return r;
  }
}

/* reg = an address inside the scratch memory that depends on a register, aligned to `align`. */
static void
put_random_address (Program *p, unsigned reg, unsigned align)
{
  put (p, "andi", reg, below (p, 32), 0, 0x7ff & -(int)align);
  put (p, "add", reg, reg, REG_BASE, 0);
}

static void
unit_memory (Program *p)
{
  uint32_t w;
  RvOp op = random_insn (p, CLASS_MEM, &w);
  int64_t rs1;
  if (!has_operand (op, RV_ARG_rs1, w, &rs1)) { /* relative to sp */
    put_word (p, w);
    return;
  }
  unsigned base = REG_BASE;
  if (rv_insns[op].size == 4 && below (p, 2)) {
    base = free_reg (p);
    put_random_address (p, base, 1u << below (p, 5));
  } else if (rv_insns[op].size == 4 && below (p, 2)) {
    base = REG_SP;
  }
  put_word (p, with_operand (op, w, RV_ARG_rs1, base));
}

static void
unit_atomic (Program *p)
{
  uint32_t w;
  RvOp op = random_insn (p, CLASS_ATOMIC, &w);
  const char *name = rv_insns[op].name;
  unsigned address = free_reg (p);
  unsigned size = g_str_has_suffix (name, ".q")           ? 16
                  : !strcmp (name, "amocas.d") && p->rv32 ? 8
                                                          : 1u << (w >> 12 & 3);
  put_random_address (p, address, size);
  if (g_str_has_prefix (name, "lr.")) { /* with its store-conditional, and sometimes something in between */
    unsigned keep = p->no_write;
    p->no_write |= 1u << address;
    put (p, name, free_reg (p), address, 0, 0);
    uint32_t other;
    if (below (p, 3) == 0) {
      random_insn (p, CLASS_INT, &other);
      put_word (p, other);
    }
    put (p, size == 4 ? "sc.w" : "sc.d", free_reg (p), address, below (p, 32), 0);
    p->no_write = keep;
    return;
  }
  put_word (p, with_operand (op, w, RV_ARG_rs1, address));
}

/* `source`: the register or the immediate, whichever the instruction takes. */
static void
put_csr (Program *p, const char *name, unsigned rd, unsigned csr, unsigned source)
{
  RvOp op = op_named (p, name);
  uint32_t w = with_operand (op, rv_insns[op].value, RV_ARG_csr, csr);
  w = with_operand (op, w, RV_ARG_rs1, source);
  w = with_operand (op, w, RV_ARG_imm, source);
  put_word (p, with_operand (op, w, RV_ARG_rd, rd));
}

static void
unit_csr (Program *p)
{
  static const char *const names[] = { "csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci" };
  enum { FFLAGS = 1, FRM = 2, FCSR = 3 };
  unsigned rd = free_reg (p), t = free_reg (p);
  switch (below (p, 5)) {
    case 0: put_csr (p, "csrrwi", rd, FRM, below (p, 5)); break;
    case 1: /* From 0x7f down the rounding mode stays valid. */
      put (p, "andi", t, below (p, 32), 0, 0x7f);
      put_csr (p, "csrrw", rd, FCSR, t);
      break;
    case 2: put_csr (p, "csrrs", rd, 1 + below (p, 3), 0); break;
    default: put_csr (p, names[below (p, 6)], rd, FFLAGS, below (p, 32));
  }
}

/* Without cbo.clean, cbo.flush and cbo.inval: QEMU 10.0 has them illegal in user mode, as Linux before 6.16
 * did. */
static void
unit_cache_block (Program *p)
{
  static const char *const names[] = { "cbo.zero", "cbo.zero", "prefetch.r", "prefetch.w" };
  unsigned address = free_reg (p);
  put_random_address (p, address, 1);
  put (p, names[below (p, G_N_ELEMENTS (names))], 0, address, 0, 0);
}

/* The register each subroutine returns through. */
static const unsigned sub_link[] = { REG_RA, REG_RA, REG_T0 };

static void
unit_call (Program *p)
{
  unsigned which = below (p, G_N_ELEMENTS (p->subs)), link = sub_link[which];
  uint32_t sub = p->subs[which], at = p->code->len;
  if (below (p, 2)) {
    put (p, "jal", link, 0, 0, (int64_t)sub - at);
  } else {
    unsigned t = below (p, 2) ? link : free_reg (p);
    int64_t away = (int64_t)sub - at, high = (away + 0x800) & ~INT64_C (0xfff);
    put (p, "auipc", t, 0, 0, high);
    put (p, "jalr", link, t, 0, away - high);
  }
}

static void random_unit (Program *p, unsigned depth);

static void
children (Program *p, unsigned n, unsigned depth)
{
  for (unsigned i = 0; i < n; i++)
    random_unit (p, depth);
}

/* A conditional branch, or a jump of some kind, over some units. */
static void
unit_branch (Program *p, unsigned depth, bool skipped)
{
  unsigned n = 1 + below (p, 3), t = free_reg (p), link = free_reg (p), kind = below (p, 8);
  uint32_t w;
  RvOp op = op_named (p, "jal");
  uint32_t at = p->code->len, jump = at;
  if (kind < 6) {
    do
      op = random_insn (p, CLASS_JUMP, &w);
    while (strstr (rv_insns[op].name, "jr") || strstr (rv_insns[op].name, "jalr") ||
           !strcmp (rv_insns[op].name, "c.jal"));
    if (!skipped)
      put_word (p, w);
    if (rv_insns[op].size == 2)
      depth = 3;
  } else if (!skipped) { /* Through a register: the offset is filled in below. */
    op = op_named (p, "jalr");
    put (p, "auipc", t, 0, 0, 0);
    jump = p->code->len;
    put (p, "jalr", kind == 6 ? 0 : link, t, 0, 0);
  }
  children (p, n, depth + 1);
  if (skipped)
    return;
  if (kind < 6) {
    patch_target (p, jump, p->code->len);
  } else {
    memcpy (&w, p->code->data + jump, 4);
    w = with_operand (op, w, RV_ARG_imm, p->code->len - at);
    memcpy (p->code->data + jump, &w, 4);
  }
}

static void
unit_loop (Program *p, unsigned depth, bool skipped)
{
  unsigned n = 1 + below (p, 5), times = 1 + below (p, 6);
  if (!skipped)
    put (p, "addi", REG_INNER, 0, 0, times);
  uint32_t head = p->code->len;
  children (p, n, depth + 2);
  if (skipped)
    return;
  put (p, "addi", REG_INNER, REG_INNER, 0, -1);
  uint32_t at = p->code->len;
  put (p, "bne", 0, REG_INNER, 0, 0);
  patch_target (p, at, head);
}

static void
unit_plain (Program *p, Class class)
{
  uint32_t w;
  RvOp op = random_insn (p, class, &w);
  int64_t fd;
  put_word (p, w);
  /* QEMU 10.0 drops these, with the flags they raise, where nothing reads the result. */
  if (g_str_has_prefix (rv_insns[op].name, "fround") && has_operand (op, RV_ARG_rd, w, &fd))
    put (p, "fsd", 0, REG_BASE, (unsigned)fd, 0);
}

static void
random_unit (Program *p, unsigned depth)
{
  unsigned index = p->units->len;
  Unit unit = { index, depth, p->code->len, 0 };
  bool skipped = g_hash_table_contains (p->skip, GUINT_TO_POINTER (index));
  GRand *outer = p->rand;
  const guint32 seed[3] = { (guint32)p->seed, (guint32)(p->seed >> 32), index };
  p->rand = g_rand_new_with_seed_array (seed, G_N_ELEMENTS (seed));
  g_array_append_val (p->units, unit);
  unsigned kind = below (p, 100);
  bool compound = false;
  if (kind < 38)
    unit_plain (p, CLASS_INT);
  else if (kind < 66)
    unit_plain (p, CLASS_FP);
  else if (kind < 80)
    unit_memory (p);
  else if (kind < 86)
    unit_atomic (p);
  else if (kind < 87)
    unit_csr (p);
  else if (kind < 88)
    unit_cache_block (p);
  else if (depth >= 2 || p->subs[2] == 0)
    unit_plain (p, CLASS_INT);
  else if (kind < 91)
    unit_call (p);
  else if ((compound = true) && (kind < 97 || depth > 0))
    unit_branch (p, depth, skipped);
  else
    unit_loop (p, depth, skipped);
  g_rand_free (p->rand);
  p->rand = outer;
  if (skipped && !compound)
    g_byte_array_set_size (p->code, unit.start);
  g_array_index (p->units, Unit, index).end = p->code->len;
}

void
random_subroutines (Program *p)
{
  uint32_t start[3];
  p->no_write |= 1u << REG_RA | 1u << REG_T0;
  for (unsigned i = 0; i < G_N_ELEMENTS (start); i++) {
    start[i] = p->code->len;
    children (p, 2 + i, 3);
    put (p, "jalr", 0, sub_link[i], 0, 0);
  }
  p->no_write = RESERVED;
  memcpy (p->subs, start, sizeof start);
}

void
random_block (Program *p, unsigned n)
{
  children (p, n, 0);
}
