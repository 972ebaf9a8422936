/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Accesses that fault: where and how, and that the registers are as they were.  With `interpret` as the first
 * argument on the interpreter, else compiled. */

#include "arm-cpu.h"
#include "guest-mem.h"
#include "mem-direct.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u
#define SVC  0xd4000001u

static uint8_t *pages; /* code, data, nothing */
static Cpu *cpu;

static size_t
fetch (Cpu *cpu_, uint64_t pc, uint8_t *out, size_t want, IrFault *ret_fault)
{
  memcpy (out, g2h (pc), want);
  return want;
}

static void
on_fault (int signo, siginfo_t *info, void *ucontext)
{
  if (!cpu_host_fault (cpu_running (), info, ucontext))
    abort ();
}

static IrExit
run (uint32_t insn, uint64_t x0)
{
  static unsigned at;
  uint32_t *code = (uint32_t *)pages + 2 * at++;
  IrState *s = &cpu->state;
  code[0] = insn;
  code[1] = SVC;
  for (unsigned i = 0; i < 31; i++)
    s->var[ARM_VAR_X + i] = 100 + i;
  s->var[ARM_VAR_X] = x0;
  s->pc = (uintptr_t)code;
  IrExit exit = cpu_run (cpu);
  g_assert_cmphex (s->pc, ==, (uintptr_t)(code + (exit == IR_EXIT_SYSCALL ? 1 : 0)));
  return exit;
}

static const struct {
  uint32_t insn; /* of address X0, other registers X1 to X5 */
  unsigned size;
} aligned[] = {
  { 0x485f7c01, 2 },  /* ldxrh w1, [x0] */
  { 0x885ffc01, 4 },  /* ldaxr w1, [x0] */
  { 0xc8037c01, 8 },  /* stxr w3, x1, [x0] */
  { 0xc87f0801, 16 }, /* ldxp x1, x2, [x0] */
  { 0x887f0801, 8 },  /* ldxp w1, w2, [x0] */
  { 0xc8230801, 16 }, /* stxp w3, x1, x2, [x0] */
  { 0x48dffc01, 2 },  /* ldarh w1, [x0] */
  { 0xc89ffc01, 8 },  /* stlr x1, [x0] */
  { 0x889ffc01, 4 },  /* stlr w1, [x0] */
  { 0xf8bfc001, 8 },  /* ldapr x1, [x0] */
  { 0x99400001, 4 },  /* ldapur w1, [x0] */
  { 0x99000001, 4 },  /* stlur w1, [x0] */
  { 0xf8230001, 8 },  /* ldadd x3, x1, [x0] */
  { 0x78238001, 2 },  /* swph w3, w1, [x0] */
  { 0xc8a27c03, 8 },  /* cas x2, x3, [x0] */
  { 0x48227c04, 16 }, /* casp x2, x3, x4, x5, [x0] */
  { 0x08227c04, 8 },  /* casp w2, w3, w4, w5, [x0] */
};

static void
check_unchanged (uint64_t x0)
{
  g_assert_cmphex (cpu->state.var[ARM_VAR_X], ==, x0);
  for (unsigned i = 1; i < 31; i++)
    g_assert_cmphex (cpu->state.var[ARM_VAR_X + i], ==, 100 + i);
}

static void
test_alignment (void)
{
  uint64_t data = (uintptr_t)pages + PAGE;
  for (unsigned i = 0; i < G_N_ELEMENTS (aligned); i++) {
    g_assert_cmpint (run (aligned[i].insn, data + 32), ==, IR_EXIT_SYSCALL);
    for (unsigned off = 1; off < aligned[i].size; off++) {
      g_assert_cmpint (run (aligned[i].insn, data + 32 + off), ==, IR_EXIT_FAULT);
      g_assert_cmpint (cpu->state.fault.signo, ==, SIGBUS);
      g_assert_cmpint (cpu->state.fault.si_code, ==, BUS_ADRALN);
      g_assert_cmphex (cpu->state.fault.addr, ==, data + 32 + off);
      check_unchanged (data + 32 + off);
    }
  }
}

static void
test_unmapped (void)
{
  uint64_t nothing = (uintptr_t)pages + 2 * PAGE;
  for (unsigned i = 0; i < G_N_ELEMENTS (aligned); i++) {
    g_assert_cmpint (run (aligned[i].insn, nothing + 64), ==, IR_EXIT_FAULT);
    g_assert_cmpint (cpu->state.fault.signo, ==, SIGSEGV);
    check_unchanged (nothing + 64);
  }
}

/* The base of a load or store with write-back is as it was. */
static void
test_write_back (void)
{
  static const uint32_t insns[] = {
    0x4cdf2000, /* ld1 {v0.16b-v3.16b}, [x0], #64 */
    0x4cdf0000, /* ld4 {v0.16b-v3.16b}, [x0], #64 */
    0x4c9f4000, /* st3 {v0.16b-v2.16b}, [x0], #48 */
    0x4ddfec00, /* ld4r: {v0.2d-v3.2d}, [x0], #32 */
    0x4d9fa400, /* st3 {v0.d-v2.d}[1], [x0], #24 */
  };
  uint64_t end = (uintptr_t)pages + 2 * PAGE;
  for (unsigned i = 0; i < G_N_ELEMENTS (insns); i++) {
    g_assert_cmpint (run (insns[i], end - 8), ==, IR_EXIT_FAULT);
    check_unchanged (end - 8);
    g_assert_cmpint (run (insns[i], end - 64), ==, IR_EXIT_SYSCALL);
    g_assert_cmphex (cpu->state.var[ARM_VAR_X], >, end - 64);
  }
}

int
main (int argc, char **argv)
{
  cpu_settings.interpret = argc > 1 && strcmp (argv[1], "interpret") == 0;
  cpu_settings.hot_threshold = 1;
  g_test_init (&argc, &argv, NULL);
  guest_space_size = UINT64_C (1) << 47;
  struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
  sigaction (SIGSEGV, &action, NULL);
  sigaction (SIGBUS, &action, NULL);
  pages = mmap (NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect (pages + 2 * PAGE, PAGE, PROT_NONE);
  cpu = cpu_new (&aarch64_isa, NULL, NULL);
  cpu->fetch = fetch;
  cpu->state.mem = &mem_direct;
  g_test_add_func ("/arm/faults/alignment", test_alignment);
  g_test_add_func ("/arm/faults/unmapped", test_unmapped);
  g_test_add_func ("/arm/faults/write-back", test_write_back);
  return g_test_run ();
}
