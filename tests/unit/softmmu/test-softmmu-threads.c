/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Several harts: code that one writes and another runs, jumps linked by both, and asking threads to leave. */

#include "soft-toy.h"
#include <string.h>

#define PAGE(n)   ((uint64_t)(n) << RAM_PAGE_BITS)
#define ROOT      UINT64_C (0x10000)
#define STRESS_MS 700
#define DEVICE    UINT64_C (0x10000000)

/* A hart on a thread of its own, from pc to an ecall; a request to leave just makes it go on, unless `stop`.
 */
typedef struct {
  Cpu *cpu;
  GThread *thread;
  IrExit exit;
  bool stop; /* atomic */
  unsigned requests;
} Runner;

static gpointer
runner_main (gpointer data)
{
  Runner *r = data;
  while ((r->exit = cpu_run (r->cpu)) == IR_EXIT_REQUEST && !__atomic_load_n (&r->stop, __ATOMIC_SEQ_CST))
    r->requests++;
  return NULL;
}

static void
runner_start (Runner *r, Cpu *cpu, uint64_t pc)
{
  *r = (Runner){ .cpu = cpu };
  cpu->state.pc = pc;
  r->thread = g_thread_new ("hart", runner_main, r);
}

static IrExit
runner_join (Runner *r)
{
  g_thread_join (r->thread);
  return r->exit;
}

static IrExit
runner_stop (Runner *r)
{
  __atomic_store_n (&r->stop, true, __ATOMIC_SEQ_CST);
  cpu_request_exit (r->cpu);
  return runner_join (r);
}

static uint64_t
peek (uint64_t vaddr)
{
  return __atomic_load_n ((uint64_t *)(void *)toy_host (ROOT, vaddr), __ATOMIC_SEQ_CST);
}

static void
poke (uint64_t vaddr, uint64_t value)
{
  __atomic_store_n ((uint64_t *)(void *)toy_host (ROOT, vaddr), value, __ATOMIC_SEQ_CST);
}

/* Waits for fewer than ten seconds. */
#define WAIT_FOR(condition)                                                                                  \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    gint64 until = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;                                        \
    while (!(condition)) {                                                                                   \
      g_assert_cmpint (g_get_monotonic_time (), <, until);                                                   \
      g_usleep (20);                                                                                         \
    }                                                                                                        \
  }                                                                                                          \
  G_STMT_END

/* ---- One writes code, the other runs it after its fence.i. ---- */

/* Page 1: the writer; 2: the reader; 3: the function; 4: words they share. */
enum { SEQUENCE = 0, ANSWER = 64, STOP = 128 };

/* Writes `addi a0, x0, n` for ever new n, says so, and waits for the answer. */
static void
make_writer (void)
{
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_addi (A1, A1, 1)); /* the turn */
  toy_emit (&code, rv_i_type (0x13, 7, T0, A1, 1023));
  toy_emit (&code, rv_i_type (0x13, 1, T0, T0, 20));
  toy_emit (&code, T0 << 20 | A2 << 15 | T0 << 7 | 0x33); /* the instruction: T0 + a2 */
  toy_emit (&code, rv_store (2, T0, S0, 0));
  toy_emit (&code, rv_store (2, T0, S0, 256));
  toy_emit (&code, RV_FENCE);
  toy_emit (&code, rv_store (3, A1, S1, SEQUENCE));
  uint64_t wait = code.pc;
  toy_emit (&code, rv_load (3, T1, S1, STOP));
  toy_emit (&code, rv_branch (1, T1, 0, 16));
  toy_emit (&code, rv_load (3, T1, S1, ANSWER));
  toy_emit (&code, rv_branch (1, T1, A1, (int)(wait - code.pc)));
  toy_emit (&code, rv_jal (0, (int64_t)(PAGE (1) - code.pc)));
  toy_emit (&code, RV_ECALL);
}

static void
make_reader (void)
{
  ToyCode code = { ROOT, PAGE (2) };
  toy_emit (&code, rv_load (3, T1, S1, STOP));
  toy_emit (&code, rv_branch (0, T1, 0, 8));
  toy_emit (&code, RV_ECALL);
  toy_emit (&code, rv_load (3, A1, S1, SEQUENCE));
  toy_emit (&code, rv_branch (0, A1, A3, (int)(PAGE (2) - code.pc)));
  toy_emit (&code, RV_FENCE);
  toy_emit (&code, RV_FENCE_I);
  toy_emit (&code, rv_jalr (RA, S0));
  toy_emit (&code, rv_addi (A3, A1, 0));
  toy_emit (&code, rv_i_type (0x13, 7, T0, A1, 1023));
  toy_emit (&code, rv_branch (0, A0, T0, 8));
  toy_emit (&code, RV_EBREAK); /* stale */
  toy_emit (&code, rv_store (3, A1, S1, ANSWER));
  toy_emit (&code, rv_jal (0, (int64_t)(PAGE (2) - code.pc)));
}

static void
set_common (Cpu *cpu)
{
  cpu->state.var[S0] = PAGE (3);
  cpu->state.var[S1] = PAGE (4);
  cpu->state.var[A2] = rv_addi (A0, 0, 0);
}

static void
test_fence_i (void)
{
  Cpu *writer = toy_cpu (ROOT), *reader = toy_cpu (ROOT);
  for (unsigned page = 1; page < 5; page++)
    toy_set (ROOT, page, page, TOY_RWX);
  memset (toy_host (ROOT, PAGE (4)), 0, RAM_PAGE_SIZE);
  make_writer ();
  make_reader ();
  for (unsigned i = 0; i < 2; i++) {
    ToyCode function = { ROOT, PAGE (3) + 256 * i };
    toy_emit (&function, rv_addi (A0, 0, 0));
    toy_emit (&function, RV_RET);
  }
  set_common (writer);
  set_common (reader);
  Runner runners[2];
  runner_start (&runners[0], writer, PAGE (1));
  runner_start (&runners[1], reader, PAGE (2));
  for (unsigned n = 0; n < STRESS_MS; n++) {
    g_usleep (1000);
    cpu_request_exit (n & 1 ? writer : reader);
  }
  poke (PAGE (4) + STOP, 1);
  g_assert_cmpint (runner_join (&runners[1]), ==, IR_EXIT_SYSCALL);
  g_assert_cmpint (runner_join (&runners[0]), ==, IR_EXIT_SYSCALL);
  g_test_message ("%" G_GUINT64_FORMAT " turns", peek (PAGE (4) + ANSWER));
  g_assert_cmpuint (peek (PAGE (4) + ANSWER), >, 2);
  toy_free (writer);
  toy_free (reader);
}

/* ---- A store that was looked up before its page became a code page. ---- */

static bool stuck, let_go; /* atomic */

static void
hold (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  __atomic_store_n (&stuck, true, __ATOMIC_SEQ_CST);
  WAIT_FOR (__atomic_load_n (&let_go, __ATOMIC_SEQ_CST));
}

static const MmioOps hold_ops = { .write = hold };
static MemoryRegion holder = { .name = "holder", .kind = MEMORY_MMIO, .size = 4096, .ops = &hold_ops };

static void
test_store_under_way (void)
{
  Cpu *writer = toy_cpu (ROOT), *reader = toy_cpu (ROOT);
  memory_region_map (toy_map, &holder, DEVICE);
  for (unsigned page = 1; page < 5; page++)
    toy_set (ROOT, page, page, TOY_RWX);
  toy_tables[0][4].phys = DEVICE;
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_store (3, 0, S0, 64));
  toy_emit (&code, rv_store (3, 0, S1, 0));
  toy_emit (&code, rv_store (2, A1, S0, 0));
  toy_emit (&code, RV_ECALL);
  code.pc = PAGE (2);
  toy_emit (&code, RV_FENCE_I);
  toy_emit (&code, rv_jalr (RA, S0));
  toy_emit (&code, RV_ECALL);
  set_common (reader);
  for (int turn = 1; turn < 8; turn++) {
    toy_set (ROOT, 3, 10 + (unsigned)turn / 3, TOY_RWX);
    ToyCode function = { ROOT, PAGE (3) };
    toy_emit (&function, rv_addi (A0, 0, 0));
    toy_emit (&function, RV_RET);
    cpu_tlb_flush (writer, 0, 0);
    cpu_tlb_flush (reader, 0, 0);
    set_common (writer);
    writer->state.var[A1] = rv_addi (A0, 0, turn);
    stuck = let_go = false;
    Runner runner;
    runner_start (&runner, writer, PAGE (1));
    WAIT_FOR (__atomic_load_n (&stuck, __ATOMIC_SEQ_CST));
    reader->state.var[RA] = PAGE (2) + 8;
    toy_call (reader, PAGE (3));
    g_assert_cmpuint (reader->state.var[A0], ==, 0);
    __atomic_store_n (&let_go, true, __ATOMIC_SEQ_CST);
    g_assert_cmpint (runner_join (&runner), ==, IR_EXIT_SYSCALL);
    toy_call (writer, PAGE (1) + 12); /* It has been outside since. */
    toy_call (reader, PAGE (2));
    g_assert_cmpint ((int)reader->state.var[A0], ==, turn);
  }
  memory_region_unmap (&holder);
  toy_free (writer);
  toy_free (reader);
}

/* ---- A neighbour that never stops storing next to the code. ---- */

static void
test_neighbour (void)
{
  Cpu *storing = toy_cpu (ROOT), *running = toy_cpu (ROOT);
  for (unsigned page = 1; page < 3; page++)
    toy_set (ROOT, page, page, TOY_RWX);
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_store (3, 0, S0, 56));
  toy_emit (&code, rv_store (3, 0, S0, 56));
  toy_emit (&code, rv_jal (0, -8));
  code.pc = PAGE (2);
  toy_emit (&code, rv_addi (A0, A0, -1));
  toy_emit (&code, rv_branch (1, A0, 0, -4));
  toy_emit (&code, RV_ECALL);
  storing->state.var[S0] = PAGE (2);
  running->state.var[A0] = 3000;
  Runner runners[2];
  runner_start (&runners[0], storing, PAGE (1));
  g_usleep (2000);
  runner_start (&runners[1], running, PAGE (2));
  g_assert_cmpint (runner_join (&runners[1]), ==, IR_EXIT_SYSCALL);
  g_assert_cmpuint (running->state.var[A0], ==, 0);
  g_assert_cmpint (runner_stop (&runners[0]), ==, IR_EXIT_REQUEST);
  toy_free (storing);
  toy_free (running);
}

/* ---- The same code in two spaces, linked to a page that is not the same. ---- */

static void
test_links (void)
{
  enum { JUMPS = 64 };
  Cpu *cpus[2] = { toy_cpu (1), toy_cpu (2) };
  Runner runners[2];
  for (unsigned i = 0; i < 2; i++) {
    for (unsigned page = 0; page < JUMPS; page++)
      toy_set (i + 1, 16 + 2 * page, 300 + page, TOY_X);
    for (unsigned page = 0; page < JUMPS; page++)
      toy_set (i + 1, 17 + 2 * page, 400 + page * 2 + i, TOY_X);
    /* Page 16, the same RAM in both, calls into 17, which counts, and jumps on to 18. */
    for (unsigned page = 0; page < JUMPS; page++) {
      ToyCode code = { i + 1, PAGE (16 + 2 * page) };
      toy_emit (&code, rv_jal (RA, 4096));
      toy_emit (&code, page + 1 < JUMPS ? rv_jal (0, 8192 - 4) : rv_jal (0, -8192 * (JUMPS - 1) - 4));
      code.pc = PAGE (17 + 2 * page);
      toy_emit (&code, rv_addi (i == 0 ? A0 : A1, i == 0 ? A0 : A1, 1));
      toy_emit (&code, RV_RET);
    }
    cpus[i]->state.var[A0] = cpus[i]->state.var[A1] = 0;
    runner_start (&runners[i], cpus[i], PAGE (16));
  }
  for (unsigned n = 0; n < STRESS_MS; n++) {
    g_usleep (1000);
    if (n % 8 == 0) /* What was linked goes, and is linked anew. */
      cpu_invalidate (0, UINT64_MAX);
    cpu_request_exit (cpus[n & 1]);
  }
  for (unsigned i = 0; i < 2; i++) {
    g_assert_cmpint (runner_stop (&runners[i]), ==, IR_EXIT_REQUEST);
    g_assert_cmpuint (cpus[i]->state.var[i == 0 ? A0 : A1], >, 0);
    g_assert_cmpuint (cpus[i]->state.var[i == 0 ? A1 : A0], ==, 0);
    toy_free (cpus[i]);
  }
}

/* ---- vCPU threads. ---- */

#define N_VCPUS 3

typedef struct {
  Vcpu *vcpu;
  bool *stop; /* atomic */
} Kicker;

/* Each interrupt is taken before the next one comes: a lost wake-up stops that for good. */
static gpointer
kicker_main (gpointer data)
{
  Kicker *k = data;
  ToyHart *hart = toy_hart (vcpu_cpu (k->vcpu));
  unsigned sent = 0;
  while (!__atomic_load_n (k->stop, __ATOMIC_SEQ_CST)) {
    unsigned before = __atomic_load_n (&hart->taken, __ATOMIC_SEQ_CST);
    __atomic_store_n (&hart->pending, true, __ATOMIC_SEQ_CST);
    vcpu_kick (k->vcpu);
    sent++;
    WAIT_FOR (__atomic_load_n (&hart->taken, __ATOMIC_SEQ_CST) != before);
  }
  return GUINT_TO_POINTER (sent);
}

/* Two vCPUs that wait for interrupts, and one that is busy. */
static void
make_vcpu_code (void)
{
  toy_set (ROOT, 1, 1, TOY_RWX);
  toy_set (ROOT, 2, 2, TOY_RWX);
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_addi (A0, A0, 1));
  toy_emit (&code, RV_WFI);
  toy_emit (&code, rv_jal (0, -8));
  code.pc = PAGE (2);
  toy_emit (&code, rv_addi (A0, A0, 1));
  toy_emit (&code, rv_jal (0, -4));
}

static void
pause_and_look (Vcpu **vcpus)
{
  uint64_t counts[N_VCPUS];
  for (unsigned i = 0; i < N_VCPUS; i++)
    vcpu_pause (vcpus[i]);
  for (unsigned i = 0; i < N_VCPUS; i++) {
    vcpu_wait_paused (vcpus[i]);
    g_assert_true (vcpu_is_paused (vcpus[i]));
    counts[i] = vcpu_cpu (vcpus[i])->state.var[A0];
  }
  g_usleep (100);
  for (unsigned i = 0; i < N_VCPUS; i++) {
    g_assert_cmpuint (vcpu_cpu (vcpus[i])->state.var[A0], ==, counts[i]);
    vcpu_resume (vcpus[i]);
  }
}

static void
test_vcpus (void)
{
  Vcpu *vcpus[N_VCPUS];
  Kicker kickers[N_VCPUS];
  GThread *threads[N_VCPUS];
  bool stop = false;
  make_vcpu_code ();
  for (unsigned i = 0; i < N_VCPUS; i++) {
    Cpu *cpu = toy_cpu (ROOT);
    cpu->state.pc = PAGE (i < 2 ? 1 : 2);
    vcpus[i] = vcpu_new (cpu, i, NULL, NULL);
    g_assert_nonnull (vcpus[i]);
    kickers[i] = (Kicker){ vcpus[i], &stop };
    vcpu_resume (vcpus[i]);
    threads[i] = g_thread_new ("kicker", kicker_main, &kickers[i]);
  }
  gint64 until = g_get_monotonic_time () + STRESS_MS * 1000;
  unsigned rounds = 0;
  while (g_get_monotonic_time () < until) {
    pause_and_look (vcpus);
    if (rounds++ % 4 == 0)
      g_usleep (500);
    cpu_tlb_flush_remote (vcpu_cpu (vcpus[rounds % N_VCPUS]));
  }
  __atomic_store_n (&stop, true, __ATOMIC_SEQ_CST);
  for (unsigned i = 0; i < N_VCPUS; i++) {
    g_assert_cmpuint (GPOINTER_TO_UINT (g_thread_join (threads[i])), >, 5);
    g_assert_cmpuint (vcpu_cpu (vcpus[i])->state.var[A0], >, 5);
    Cpu *cpu = vcpu_cpu (vcpus[i]);
    vcpu_free (vcpus[i]);
    toy_free (cpu);
  }
}

int
main (int argc, char **argv)
{
  toy_init (&argc, argv);
  g_test_init (&argc, &argv, NULL);
  if (cpu_settings.flush_every == 0) /* A flush waits for the hart that is being held. */
    g_test_add_func ("/softmmu-threads/store-under-way", test_store_under_way);
  g_test_add_func ("/softmmu-threads/fence-i", test_fence_i);
  g_test_add_func ("/softmmu-threads/neighbour", test_neighbour);
  g_test_add_func ("/softmmu-threads/links", test_links);
  g_test_add_func ("/softmmu-threads/vcpus", test_vcpus);
  return g_test_run ();
}
