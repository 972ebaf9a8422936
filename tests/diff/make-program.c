/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Writes a static RISC-V program that runs a block of random instructions many times.
 *
 * usage: make-program 32|64 SEED ITERATIONS UNITS OUTPUT [SKIPPED-UNIT]...
 *
 * The program loads its registers with values out of a pool, runs the block ITERATIONS times, folding all
 * registers into a hash after each, and writes the hash, the registers, fcsr and its memory to standard
 * output.  What the block is made of is listed on our standard output, a line for each instruction: unit,
 * address, text. */

#include "program.h"
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
  OUT_HASH = 0,
  OUT_X = 8, /* 32 registers of 8 bytes */
  OUT_F = OUT_X + 256,
  OUT_FCSR = OUT_F + 256,
  OUT_SIZE = OUT_FCSR + 8,
};
#define POOL        DATA_BASE
#define POOL_FLOATS 1536u /* offset of the floating-point containers; the integers are before */
#define OUT         (POOL + 2 * POOL_SIZE)
#define SCRATCH     (DATA_BASE + 0x2000u)
#define DATA_SIZE   (0x2000u + SCRATCH_SIZE + 64) /* the farthest accesses reach a little beyond */
G_STATIC_ASSERT (2 * POOL_SIZE + OUT_SIZE <= 0x2000);

RvOp
op_named (const Program *p, const char *name)
{
  for (RvOp op = 1; op < RV_N_OPS; op++)
    if (rv_insns[op].modes & (p->rv32 ? RV_MODE_rv32 : RV_MODE_rv64) && !strcmp (rv_insns[op].name, name))
      return op;
  g_error ("no instruction %s", name);
}

static const DecodeField *
field_of (RvOp op, RvArg arg)
{
  for (unsigned i = 0; i < rv_insns[op].n_fields; i++)
    if (rv_insns[op].fields[i].arg == arg)
      return &rv_insns[op].fields[i];
  return NULL;
}

uint32_t
with_operand (RvOp op, uint32_t w, RvArg arg, int64_t value)
{
  const DecodeField *field = field_of (op, arg);
  if (field == NULL)
    return w;
  w = decode_place (field, w, value);
  if (decode_extract (field, w) != value)
    g_error ("%s cannot hold %" G_GINT64_FORMAT, rv_insns[op].name, value);
  return w;
}

bool
has_operand (RvOp op, RvArg arg, uint32_t w, int64_t *ret_value)
{
  const DecodeField *field = field_of (op, arg);
  if (field != NULL)
    *ret_value = decode_extract (field, w);
  return field != NULL;
}

void
put_word (Program *p, uint32_t w)
{
  g_byte_array_append (p->code, (const guint8 *)&w, (w & 3) == 3 ? 4 : 2);
}

void
put (Program *p, const char *name, unsigned rd, unsigned rs1, unsigned rs2, int64_t imm)
{
  RvOp op = op_named (p, name);
  uint32_t w = rv_insns[op].value;
  w = with_operand (op, w, RV_ARG_rd, rd);
  w = with_operand (op, w, RV_ARG_rs1, rs1);
  w = with_operand (op, w, RV_ARG_rs2, rs2);
  put_word (p, with_operand (op, w, RV_ARG_imm, imm));
}

void
patch_target (Program *p, uint32_t at, uint32_t target)
{
  RvArgs args;
  unsigned size;
  RvOp op = rv_decode (p->rv32, p->code->data + at, &args, &size);
  uint32_t w = 0;
  memcpy (&w, p->code->data + at, size);
  w = with_operand (op, w, RV_ARG_imm, (int64_t)target - at);
  memcpy (p->code->data + at, &w, size);
}

void
put_address (Program *p, unsigned reg, uint32_t value)
{
  uint32_t high = (value + 0x800) & ~0xfffu;
  put (p, "lui", reg, 0, 0, (int32_t)high);
  put (p, "addi", reg, reg, 0, (int32_t)(value - high));
}

/* hash = (hash ^ x) * factor */
static void
put_hash (Program *p, unsigned reg)
{
  put (p, "xor", REG_HASH, REG_HASH, reg, 0);
  put (p, "mul", REG_HASH, REG_HASH, REG_FACTOR, 0);
}

static void
put_hash_registers (Program *p)
{
  const char *load = p->rv32 ? "lw" : "ld";
  for (unsigned r = 1; r < 32; r++)
    if (!(RESERVED >> r & 1))
      put_hash (p, r);
  put_address (p, REG_SCRATCH, OUT);
  for (unsigned f = 0; f < 32; f++) {
    unsigned reg = 20 + f % 3; /* lost, like REG_SCRATCH: they have been hashed */
    put (p, "fsd", 0, REG_SCRATCH, f, OUT_F + 8 * f);
    put (p, load, reg, REG_SCRATCH, 0, OUT_F + 8 * f);
    put_hash (p, reg);
    if (p->rv32) {
      put (p, load, reg, REG_SCRATCH, 0, OUT_F + 8 * f + 4);
      put_hash (p, reg);
    }
  }
  RvOp op = op_named (p, "csrrs");
  put_word (p, with_operand (op, with_operand (op, rv_insns[op].value, RV_ARG_csr, 3), RV_ARG_rd, 20));
  put_hash (p, 20);
}

/* Fresh values for some registers, so that the state does not run down: from a place in the pool the hash
 * chooses. */
static void
put_refresh (Program *p)
{
  put (p, "andi", REG_SCRATCH, REG_HASH, 0, 0x3f8);
  put_address (p, 20, POOL);
  put (p, "add", REG_SCRATCH, REG_SCRATCH, 20, 0);
  for (unsigned i = 0; i < 14; i++) {
    unsigned r = g_rand_int_range (p->rand, 1, 32), f = g_rand_int_range (p->rand, 0, 32);
    if (!(RESERVED >> r & 1) && r != REG_SCRATCH)
      put (p, p->rv32 ? "lw" : "ld", r, REG_SCRATCH, 0, 8 * i);
    put (p, "fld", f, REG_SCRATCH, 0, POOL_FLOATS + 8 * i);
  }
}

static void
put_final (Program *p)
{
  const char *store = p->rv32 ? "sw" : "sd";
  put_address (p, REG_SCRATCH, OUT);
  put (p, store, 0, REG_SCRATCH, REG_HASH, OUT_HASH);
  for (unsigned r = 1; r < 32; r++)
    if (r != REG_SCRATCH)
      put (p, store, 0, REG_SCRATCH, r, OUT_X + 8 * r);
  put (p, "addi", 10, 0, 0, 1);
  put_address (p, 11, OUT);
  put_address (p, 12, DATA_BASE + DATA_SIZE - OUT);
  put (p, "addi", 17, 0, 0, 64);
  put (p, "ecall", 0, 0, 0, 0);
  put (p, "addi", 10, 0, 0, 0);
  put (p, "addi", 17, 0, 0, 94);
  put (p, "ecall", 0, 0, 0, 0);
}

/* Returns the offset of the entry. */
static uint32_t
put_program (Program *p, uint32_t iterations, unsigned units)
{
  random_subroutines (p);
  uint32_t entry = p->code->len;
  put_address (p, REG_SP, SCRATCH + SCRATCH_SIZE / 2);
  put_address (p, REG_BASE, SCRATCH + SCRATCH_SIZE / 2);
  put_address (p, REG_FACTOR, 0x01000193);
  put_address (p, REG_HASH, (uint32_t)p->seed & 0x7ffff7ff);
  put_address (p, REG_OUTER, iterations);
  put_address (p, REG_SCRATCH, POOL);
  for (unsigned r = 0; r < 32; r++) {
    put (p, "fld", r, REG_SCRATCH, 0, POOL_FLOATS + 8 * r);
    if (!(RESERVED >> r & 1) && r != REG_SCRATCH)
      put (p, p->rv32 ? "lw" : "ld", r, REG_SCRATCH, 0, 8 * r);
  }
  uint32_t head = p->code->len;
  put_refresh (p);
  random_block (p, units);
  put_hash_registers (p);
  put (p, "addi", REG_OUTER, REG_OUTER, 0, -1);
  put (p, "beq", 0, REG_OUTER, 0, 8);
  put (p, "jal", 0, 0, 0, (int64_t)head - p->code->len);
  put_final (p);
  return entry;
}

static uint64_t
random64 (GRand *rand)
{
  return (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
}

static uint64_t
pool_integer (GRand *rand)
{
  static const uint64_t special[] = {
    0,          1,          2,          UINT64_MAX,         INT64_MAX, (uint64_t)INT64_MIN,
    0x7fffffff, 0x80000000, 0xffffffff, 0xffffffff80000000, 63,        64,
    31,         32,         0x8000,     0xff00ff00ff00ff
  };
  uint64_t x = random64 (rand);
  switch (g_rand_int (rand) % 4) {
    case 0: return special[x % G_N_ELEMENTS (special)];
    case 1: return x >> (x & 63);
    case 2: return (uint64_t)((int64_t)x >> (x & 63));
    default: return x;
  }
}

/* Containers of every format: special values and their neighbours, near ones (so that sums cancel), random
 * bits; most narrow ones boxed. */
static uint64_t
pool_float (GRand *rand)
{
  static const struct {
    unsigned bits, fraction;
  } formats[] = { { 64, 52 }, { 32, 23 }, { 16, 10 } };
  unsigned kind = g_rand_int (rand) % 9, f = g_rand_int (rand) % 3;
  unsigned bits = formats[f].bits, fraction = formats[f].fraction, exponent_bits = bits - 1 - fraction;
  uint64_t x = random64 (rand), sign = (x & 1) << (bits - 1),
           bias = (UINT64_C (1) << (exponent_bits - 1)) - 1;
  uint64_t one = bias << fraction, infinity = (2 * bias + 1) << fraction, low = (x >> 8) & 3, value;
  switch (kind) {
    case 0: value = sign | low; break; /* zeros, least subnormals */
    case 1: value = sign | infinity; break;
    case 2:
      value = sign | infinity | (x >> 8 & 1 ? UINT64_C (1) << (fraction - 1) : 0) | low;
      break;                                                              /* NaNs */
    case 3: value = sign | (infinity - 1 - low); break;                   /* greatest numbers */
    case 4: value = sign | ((UINT64_C (1) << fraction) + low - 2); break; /* around the least normal number */
    case 5: value = sign | (one + low - 1); break;
    case 6: value = sign | (one + (((x >> 16) % 40) << fraction) + (x >> 32 & 7)); break; /* small integers */
    case 7: value = sign | (one + (((x >> 16) % 70) << fraction) - 1 - (x >> 32 & 3)); break;
    default: value = x >> (64 - bits); break;
  }
  if (bits < 64 && g_rand_int (rand) % 16 != 0)
    value |= UINT64_MAX << bits;
  return value;
}

static void
fill_data (const Program *p, uint8_t *data)
{
  for (unsigned i = 0; i < POOL_FLOATS + POOL_SIZE; i += 8) {
    uint64_t x = i < POOL_FLOATS ? pool_integer (p->rand) : pool_float (p->rand);
    memcpy (data + i, &x, 8);
  }
  for (unsigned i = 0; i < SCRATCH_SIZE; i += 8) {
    uint64_t x = g_rand_int (p->rand) & 1 ? pool_integer (p->rand) : pool_float (p->rand);
    memcpy (data + (SCRATCH - DATA_BASE) + i, &x, 8);
  }
}

#define WRITE_ELF(bits)                                                                                      \
  static void write_elf##bits (FILE *out, const Program *p, uint32_t entry, const uint8_t *data)             \
  {                                                                                                          \
    Elf##bits##_Ehdr head = {                                                                                \
      .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS##bits, ELFDATA2LSB, EV_CURRENT },                           \
      .e_type = ET_EXEC,                                                                                     \
      .e_machine = EM_RISCV,                                                                                 \
      .e_version = EV_CURRENT,                                                                               \
      .e_entry = CODE_BASE + entry,                                                                          \
      .e_phoff = sizeof head,                                                                                \
      .e_flags = EF_RISCV_RVC | EF_RISCV_FLOAT_ABI_DOUBLE,                                                   \
      .e_ehsize = sizeof head,                                                                               \
      .e_phentsize = sizeof (Elf##bits##_Phdr),                                                              \
      .e_phnum = 2,                                                                                          \
    };                                                                                                       \
    uint32_t text = p->code->len, data_at = 0x1000 + ((text + 0xfff) & ~0xfffu);                             \
    Elf##bits##_Phdr segment[2] = {                                                                          \
      { .p_type = PT_LOAD,                                                                                   \
        .p_flags = PF_R | PF_X,                                                                              \
        .p_offset = 0x1000,                                                                                  \
        .p_vaddr = CODE_BASE,                                                                                \
        .p_paddr = CODE_BASE,                                                                                \
        .p_filesz = text,                                                                                    \
        .p_memsz = text,                                                                                     \
        .p_align = 0x1000 },                                                                                 \
      { .p_type = PT_LOAD,                                                                                   \
        .p_flags = PF_R | PF_W,                                                                              \
        .p_offset = data_at,                                                                                 \
        .p_vaddr = DATA_BASE,                                                                                \
        .p_paddr = DATA_BASE,                                                                                \
        .p_filesz = DATA_SIZE,                                                                               \
        .p_memsz = DATA_SIZE,                                                                                \
        .p_align = 0x1000 },                                                                                 \
    };                                                                                                       \
    fwrite (&head, sizeof head, 1, out);                                                                     \
    fwrite (segment, sizeof segment, 1, out);                                                                \
    fseek (out, 0x1000, SEEK_SET);                                                                           \
    fwrite (p->code->data, text, 1, out);                                                                    \
    fseek (out, data_at, SEEK_SET);                                                                          \
    fwrite (data, DATA_SIZE, 1, out);                                                                        \
  }
WRITE_ELF (32)
WRITE_ELF (64)

static void
print_list (const Program *p)
{
  g_autofree unsigned *unit_at = g_new0 (unsigned, p->code->len);
  for (unsigned i = 0; i < p->units->len; i++) { /* inner units come after the ones around them */
    const Unit *u = &g_array_index (p->units, Unit, i);
    for (uint32_t at = u->start; at < u->end; at++)
      unit_at[at] = i + 1;
  }
  for (uint32_t at = 0; at < p->code->len;) {
    g_autoptr (GString) text = g_string_new (NULL);
    unsigned size = rv_disassemble (p->rv32, p->code->data + at, p->code->len - at, CODE_BASE + at, text);
    if (unit_at[at])
      printf ("%u\t%x\t%s\n", unit_at[at] - 1, CODE_BASE + at, text->str);
    at += size;
  }
}

static bool
write_program (const Program *p, uint32_t entry, const char *path)
{
  static uint8_t data[DATA_SIZE];
  FILE *out = fopen (path, "wb");
  if (out == NULL) {
    perror (path);
    return false;
  }
  fill_data (p, data);
  if (p->rv32)
    write_elf32 (out, p, entry, data);
  else
    write_elf64 (out, p, entry, data);
  fchmod (fileno (out), 0755);
  return fclose (out) == 0;
}

int
main (int argc, char **argv)
{
  if (argc < 6) {
    fprintf (stderr, "usage: make-program 32|64 SEED ITERATIONS UNITS OUTPUT [SKIPPED-UNIT]...\n");
    return 2;
  }
  Program p = { .rv32 = atoi (argv[1]) == 32,
                .seed = strtoull (argv[2], NULL, 0),
                .code = g_byte_array_new (),
                .units = g_array_new (false, false, sizeof (Unit)),
                .skip = g_hash_table_new (NULL, NULL),
                .rand = g_rand_new_with_seed ((guint32)strtoull (argv[2], NULL, 0)),
                .no_write = RESERVED };
  for (int i = 6; i < argc; i++)
    g_hash_table_add (p.skip, GUINT_TO_POINTER (atoi (argv[i])));
  random_init (&p);
  uint32_t entry = put_program (&p, (uint32_t)strtoul (argv[3], NULL, 0), (unsigned)atoi (argv[4]));
  bool written = write_program (&p, entry, argv[5]);
  if (written)
    print_list (&p);
  g_byte_array_unref (p.code);
  g_array_unref (p.units);
  g_hash_table_unref (p.skip);
  g_rand_free (p.rand);
  return written ? 0 : 1;
}
