/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Random A64 instructions on random registers.
 *
 *   random-cases make SEED COUNT PATTERN...      writes cases of the instructions whose names match one of
 * the patterns random-cases words SEED COUNT MASK VALUE     or of random encodings with (word & MASK) ==
 * VALUE, one in each random-cases run [interpret] [hot] [MODEL]   runs them: standard input to standard
 * output random-cases compare CASES OURS THEIRS       says where two runs differ; status 1 if they do
 */

#include "arm-trans.h"
#include "cpu.h"
#include "guest-mem.h"
#include "random-cases.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SVC 0xd4000001u

/* Numbers at the edges of all widths. */
static uint64_t
random_value (GRand *rand)
{
  static const uint64_t edges[] = { 0,
                                    UINT64_MAX,
                                    UINT64_C (0x8000000000000000),
                                    UINT64_C (0x7fffffffffffffff),
                                    UINT64_C (0x8000000080000000),
                                    UINT64_C (0x7fffffff7fffffff),
                                    UINT64_C (0x8000800080008000),
                                    UINT64_C (0x7fff7fff7fff7fff),
                                    UINT64_C (0x8080808080808080),
                                    UINT64_C (0x7f7f7f7f7f7f7f7f),
                                    UINT64_C (0x00ff00ff00ff00ff),
                                    UINT64_C (0x0001000100010001),
                                    UINT64_C (0x0102030405060708),
                                    UINT64_C (0xfffefdfcfbfaf9f8),
                                    UINT64_C (0x7fc000017f800001),
                                    UINT64_C (0x3ff0000000000000),
                                    UINT64_C (0x3f8000003f800000),
                                    UINT64_C (0x0000ffff0000ffff),
                                    UINT64_C (0xfff0000000000001) };
  uint64_t x = (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand), mask;
  switch (g_rand_int (rand) % 6) {
    case 0: return edges[x % G_N_ELEMENTS (edges)];
    case 1: return edges[x % G_N_ELEMENTS (edges)] + (x >> 20) % 3 - 1;
    case 2: return x >> (x & 63);
    case 3: /* some bytes small, some of the sign alone */
      mask = (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
      mask = (mask & UINT64_C (0x0101010101010101)) * 0xff;
      return (x & mask & UINT64_C (0x0f0f0f0f0f0f0f0f)) | (UINT64_C (0x8080808080808080) & ~mask);
    case 4:
      mask = (x & UINT64_C (0x0001000100010001)) * 0xffff;
      return (UINT64_C (0x8000800080008000) & mask) | (x >> 8 & ~mask);
    default: return x;
  }
}

static void
fill (GRand *rand, RandomCase *c)
{
  memset (c, 0, sizeof *c);
  for (unsigned i = 0; i < 32; i++) {
    c->v[i][0] = random_value (rand);
    c->v[i][1] = g_rand_boolean (rand) ? c->v[i][0] : random_value (rand);
  }
  for (unsigned i = 0; i < 31; i++)
    c->x[i] = random_value (rand);
  c->nzcv = (uint64_t)(g_rand_int (rand) & 15) << 28;
}

static bool
matches (const char *name, int n, char **patterns)
{
  for (int i = 0; i < n; i++)
    if (g_pattern_match_simple (patterns[i], name))
      return true;
  return n == 0;
}

/* Where the number 31 may mean SP, which the programs that run the cases need themselves. */
static bool
may_name_sp (const DecodeInsn *insn)
{
  return g_str_has_suffix (insn->name, "_imm") || g_str_has_suffix (insn->name, "_ext");
}

/* A random encoding; its registers one and the same, or few, every now and then. */
static bool
random_word (GRand *rand, unsigned op, uint32_t *ret)
{
  const DecodeInsn *insn = &a64_insns[op];
  unsigned kind = g_rand_int (rand) % 4, reg = g_rand_int (rand) & 31;
  if (!decode_random (insn, g_rand_int (rand), ret))
    return false;
  for (unsigned i = 0; i < insn->n_fields && kind < 2; i++) {
    const DecodeField *field = &insn->fields[i];
    if (field->width == 5 &&
        (field->arg == A64_ARG_rd || field->arg == A64_ARG_rn || field->arg == A64_ARG_rm))
      *ret = decode_place (field, *ret, kind == 0 ? reg : decode_extract (field, *ret) & 3);
  }
  for (unsigned i = 0; i < insn->n_fields && may_name_sp (insn); i++) {
    const DecodeField *field = &insn->fields[i];
    if ((field->arg == A64_ARG_rd || field->arg == A64_ARG_rn) && decode_extract (field, *ret) == 31)
      *ret = decode_place (field, *ret, 30);
  }
  return true;
}

/* Every instruction gets as many cases, alone in every other one. */
static int
make (unsigned seed, unsigned count, int n_patterns, char **patterns)
{
  g_autoptr (GArray) ops = g_array_new (FALSE, FALSE, sizeof (unsigned));
  GRand *rand = g_rand_new_with_seed (seed);
  for (unsigned op = 1; op < A64_N_OPS; op++)
    if (matches (a64_insns[op].name, n_patterns, patterns))
      g_array_append_val (ops, op);
  for (unsigned i = 0; i < count; i++)
    for (unsigned j = 0; j < ops->len; j++) {
      RandomCase c;
      fill (rand, &c);
      unsigned n = i % 2 ? CASE_INSNS : 1;
      while (c.n_insns < n) {
        unsigned op = g_array_index (ops, unsigned, c.n_insns == 0 ? j : g_rand_int (rand) % ops->len);
        c.n_insns += random_word (rand, op, &c.insns[c.n_insns]);
      }
      fwrite (&c, sizeof c, 1, stdout);
    }
  g_rand_free (rand);
  return 0;
}

static int
words (unsigned seed, unsigned count, uint32_t mask, uint32_t value)
{
  GRand *rand = g_rand_new_with_seed (seed);
  for (unsigned i = 0; i < count; i++) {
    RandomCase c;
    fill (rand, &c);
    c.n_insns = 1;
    c.insns[0] = (g_rand_int (rand) & ~mask) | value;
    fwrite (&c, sizeof c, 1, stdout);
  }
  g_rand_free (rand);
  return 0;
}

/* ---- Running. ---- */

static size_t
fetch (Cpu *cpu, uint64_t pc, uint8_t *out, size_t want, IrFault *ret_fault)
{
  memcpy (out, g2h (pc), want);
  return want;
}

static void
run_case (Cpu *cpu, uint32_t *code, RandomCase *c)
{
  IrState *s = &cpu->state;
  for (unsigned i = 0; i < c->n_insns && i < CASE_INSNS; i++)
    code[i] = GUINT32_TO_LE (c->insns[i]);
  code[MIN (c->n_insns, CASE_INSNS)] = GUINT32_TO_LE (SVC);
  memcpy (s->var + ARM_VAR_V, c->v, sizeof c->v);
  memcpy (s->var + ARM_VAR_X, c->x, sizeof c->x);
  s->var[ARM_VAR_NZCV] = c->nzcv >> 28 & 15;
  s->var[ARM_VAR_QC] = s->var[ARM_VAR_QC + 1] = 0;
  s->fp.flags = 0;
  arm_cpu_set_fpcr ((ArmCpu *)cpu, (uint32_t)c->fpcr);
  IrExit exit;
  do {
    s->pc = (uintptr_t)code;
    exit = cpu_run (cpu);
  } while (exit == IR_EXIT_REQUEST);
  memcpy (c->v, s->var + ARM_VAR_V, sizeof c->v);
  memcpy (c->x, s->var + ARM_VAR_X, sizeof c->x);
  c->nzcv = s->var[ARM_VAR_NZCV] << 28;
  c->fpsr = arm_cpu_fpsr ((const ArmCpu *)cpu);
  c->illegal = exit != IR_EXIT_SYSCALL;
}

/* How compiled code learns of floating-point exceptions. */
static void
on_fpe (int signo, siginfo_t *info, void *ucontext)
{
  if (!cpu_host_fault (cpu_running (), info, ucontext))
    abort ();
}

static int
run (int argc, char **argv)
{
  const size_t room = (CASE_INSNS + 1) * 4, size = 64u << 20;
  const char *model = NULL;
  RandomCase c;
  for (int i = 0; i < argc; i++)
    if (strcmp (argv[i], "interpret") == 0)
      cpu_settings.interpret = true;
    else if (strcmp (argv[i], "hot") == 0)
      cpu_settings.hot_threshold = 1;
    else
      model = argv[i];
  g_autoptr (GError) error = NULL;
  Cpu *cpu = cpu_new (&aarch64_isa, model, &error);
  if (cpu == NULL) {
    fprintf (stderr, "random-cases: %s\n", error->message);
    return 2;
  }
  cpu->fetch = fetch;
  sigaction (SIGFPE, &(struct sigaction){ .sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO }, NULL);
  guest_space_size = UINT64_C (1) << 47;
  char *code = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  size_t used = 0;
  while (fread (&c, sizeof c, 1, stdin) == 1) {
    if (used + room > size) {
      cpu_invalidate ((uintptr_t)code, size);
      used = 0;
    }
    RandomCase start = c;
    run_case (cpu, (uint32_t *)(code + used), &c);
    if (cpu_settings.hot_threshold == 1 && !c.illegal) { /* by the region now */
      c = start;
      run_case (cpu, (uint32_t *)(code + used), &c);
    }
    used += room;
    fwrite (&c, sizeof c, 1, stdout);
  }
  cpu_free (cpu);
  return 0;
}

/* ---- Comparing. ---- */

static bool
same (const RandomCase *a, const RandomCase *b)
{
  return a->illegal == b->illegal &&
         (a->illegal || (memcmp (a->v, b->v, sizeof a->v) == 0 && memcmp (a->x, b->x, sizeof a->x) == 0 &&
                         a->nzcv == b->nzcv && a->fpsr == b->fpsr));
}

static void
explain (const RandomCase *start, const RandomCase *a, const RandomCase *b)
{
  char text[128];
  printf ("#");
  for (unsigned i = 0; i < start->n_insns; i++) {
    A64Args args;
    uint32_t word = GUINT32_TO_LE (start->insns[i]);
    aarch64_isa.disassemble ((const uint8_t *)&word, 4, 0, text, sizeof text);
    A64Op op = a64_decode_a64_32 (start->insns[i], &args);
    printf (" %08x %s (%s);", start->insns[i], text, op == A64_OP_ILLEGAL ? "?" : a64_insns[op].name);
  }
  printf ("\n");
  if (a->illegal != b->illegal)
    printf ("#   undefined: %u, not %u\n", a->illegal, b->illegal);
  if (a->illegal || b->illegal)
    return;
  for (unsigned i = 0; i < 32; i++)
    if (memcmp (a->v[i], b->v[i], 16) != 0)
      printf ("#   v%u %016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x, not %016" G_GINT64_MODIFIER
              "x%016" G_GINT64_MODIFIER "x\n",
              i, a->v[i][1], a->v[i][0], b->v[i][1], b->v[i][0]);
  for (unsigned i = 0; i < 31; i++)
    if (a->x[i] != b->x[i])
      printf ("#   x%u %016" G_GINT64_MODIFIER "x, not %016" G_GINT64_MODIFIER "x\n", i, a->x[i], b->x[i]);
  if (a->fpsr != b->fpsr || a->nzcv != b->nzcv)
    printf ("#   fpsr %x, not %x; nzcv %x, not %x\n", (unsigned)a->fpsr, (unsigned)b->fpsr, (unsigned)a->nzcv,
            (unsigned)b->nzcv);
  for (unsigned i = 0; i < 32 && start->n_insns == 1; i++)
    if (i == (start->insns[0] & 31) || i == (start->insns[0] >> 5 & 31) || i == (start->insns[0] >> 16 & 31))
      printf ("#     before: v%u %016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x\n", i, start->v[i][1],
              start->v[i][0]);
}

static int
compare (char **paths)
{
  FILE *file[3];
  RandomCase c[3];
  unsigned n = 0, n_bad = 0;
  for (unsigned i = 0; i < 3; i++)
    if ((file[i] = fopen (paths[i], "rb")) == NULL) {
      perror (paths[i]);
      return 2;
    }
  while (fread (&c[0], sizeof c[0], 1, file[0]) == 1) {
    n++;
    if (fread (&c[1], sizeof c[1], 1, file[1]) != 1 || fread (&c[2], sizeof c[2], 1, file[2]) != 1) {
      printf ("# case %u is missing\n", n);
      return 1;
    }
    if (!same (&c[1], &c[2]) && n_bad++ < 40)
      explain (&c[0], &c[1], &c[2]);
  }
  printf ("# %u of %u cases differ\n", n_bad, n);
  for (unsigned i = 0; i < 3; i++)
    fclose (file[i]);
  return n_bad != 0 || n == 0;
}

int
main (int argc, char **argv)
{
  if (argc >= 4 && strcmp (argv[1], "make") == 0)
    return make ((unsigned)atoi (argv[2]), (unsigned)atoi (argv[3]), argc - 4, argv + 4);
  if (argc == 6 && strcmp (argv[1], "words") == 0)
    return words ((unsigned)atoi (argv[2]), (unsigned)atoi (argv[3]), (uint32_t)strtoul (argv[4], NULL, 0),
                  (uint32_t)strtoul (argv[5], NULL, 0));
  if (argc >= 2 && strcmp (argv[1], "run") == 0)
    return run (argc - 2, argv + 2);
  if (argc == 5 && strcmp (argv[1], "compare") == 0)
    return compare (argv + 2);
  fprintf (stderr, "usage: random-cases make|words|run|compare ...\n");
  return 2;
}
