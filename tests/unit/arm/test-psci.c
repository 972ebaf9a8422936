/* SPDX-License-Identifier: GPL-3.0-or-later */

/* PSCI's functions as calls, and CPUs that are switched on and off with threads. */

#include "vcpus.h"
#include <string.h>

enum {
  SMCCC_VERSION = 0x80000000,
  SMCCC_ARCH_FEATURES = 0x80000001,
  PSCI_VERSION = 0x84000000,
  CPU_SUSPEND = 0x84000001,
  CPU_OFF = 0x84000002,
  CPU_ON = 0x84000003,
  AFFINITY_INFO = 0x84000004,
  MIGRATE_INFO_TYPE = 0x84000006,
  SYSTEM_OFF = 0x84000008,
  SYSTEM_RESET = 0x84000009,
  PSCI_FEATURES = 0x8400000a,
  SYSTEM_RESET2 = 0x84000012,
};
#define WIDE UINT32_C (0x40000000)
enum {
  SUCCESS = 0,
  NOT_SUPPORTED = -1,
  INVALID_PARAMETERS = -2,
  ALREADY_ON = -4,
  ON_PENDING = -5,
  INVALID_ADDRESS = -9,
};

static const ArmMachineConfig by_hvc = { .conduit = ARM_PSCI_HVC, .gic = 2 };

/* What a call leaves with, or IR_EXIT_NONE where it returns. */
static IrExit
call (ArmCpu *arm, uint64_t id, uint64_t a, uint64_t b, uint64_t c)
{
  sigjmp_buf leave;
  uint64_t *x = arm->cpu.state.var + ARM_VAR_X;

  x[0] = id;
  x[1] = a;
  x[2] = b;
  x[3] = c;
  x[4] = 4;
  arm->cpu.state.leave = &leave;
  IrExit reason = (IrExit)sigsetjmp (leave, 0);
  if (reason != IR_EXIT_NONE)
    return reason;
  g_assert_true (arm_psci_call (arm));
  g_assert_cmpuint (x[1], ==, a);
  g_assert_cmpuint (x[4], ==, 4);
  return IR_EXIT_NONE;
}

static int64_t
answer (ArmCpu *arm, uint64_t id, uint64_t a, uint64_t b, uint64_t c)
{
  g_assert_cmpint (call (arm, id, a, b, c), ==, IR_EXIT_NONE);
  return (int64_t)arm->cpu.state.var[ARM_VAR_X];
}

static void
test_features (void)
{
  static const uint32_t known[] = {
    PSCI_VERSION,  CPU_SUSPEND,          CPU_SUSPEND | WIDE, CPU_OFF,    CPU_ON,       CPU_ON | WIDE,
    AFFINITY_INFO, AFFINITY_INFO | WIDE, MIGRATE_INFO_TYPE,  SYSTEM_OFF, SYSTEM_RESET, PSCI_FEATURES,
    SYSTEM_RESET2, SYSTEM_RESET2 | WIDE, SMCCC_VERSION
  };
  static const uint32_t unknown[] = { 0,          0x84000005,     0x84000007,
                                      0x8400000b, CPU_OFF | WIDE, PSCI_VERSION | WIDE,
                                      0x80008000, 0xbf00ff01,     0xffffffff,
                                      0x04000000 };
  g_autoptr (Vcpus) v = vcpus_new (1, &by_hvc);
  ArmCpu *arm = v->arm[0];

  g_assert_cmphex (answer (arm, PSCI_VERSION, 0, 0, 0), ==, 0x10001);
  g_assert_cmphex (answer (arm, UINT64_C (0xdead00000000) | PSCI_VERSION, 0, 0, 0), ==, 0x10001);
  g_assert_cmphex (answer (arm, SMCCC_VERSION, 0, 0, 0), ==, 0x10001);
  g_assert_cmpint (answer (arm, MIGRATE_INFO_TYPE, 0, 0, 0), ==, 2);
  for (unsigned i = 0; i < G_N_ELEMENTS (known); i++)
    g_assert_cmpint (answer (arm, PSCI_FEATURES, known[i], 0, 0), ==, SUCCESS);
  for (unsigned i = 0; i < G_N_ELEMENTS (unknown); i++) {
    g_assert_cmpint (answer (arm, PSCI_FEATURES, unknown[i], 0, 0), ==, NOT_SUPPORTED);
    g_assert_cmpint (answer (arm, unknown[i], 1, 2, 3), ==, NOT_SUPPORTED);
  }
  g_assert_cmpint (answer (arm, SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0), ==, SUCCESS);
  g_assert_cmpint (answer (arm, SMCCC_ARCH_FEATURES, 0x80008000, 0, 0), ==, NOT_SUPPORTED);
}

static void
test_arguments (void)
{
  g_autoptr (Vcpus) v = vcpus_new (3, &by_hvc);
  ArmCpu *arm = v->arm[0];

  g_assert_cmpint (answer (arm, CPU_ON | WIDE, 3, VCPUS_RAM, 0), ==, INVALID_PARAMETERS);
  g_assert_cmpint (answer (arm, CPU_ON | WIDE, UINT64_C (1) << 31 | 1, VCPUS_RAM, 0), ==, INVALID_PARAMETERS);
  g_assert_cmpint (answer (arm, CPU_ON | WIDE, UINT64_MAX, VCPUS_RAM, 0), ==, INVALID_PARAMETERS);
  g_assert_cmpint (answer (arm, CPU_ON | WIDE, 1, VCPUS_RAM + 2, 0), ==, INVALID_ADDRESS);
  g_assert_cmpint (answer (arm, CPU_ON | WIDE, 0, VCPUS_RAM, 0), ==, ALREADY_ON);
  g_assert_cmpint (answer (arm, AFFINITY_INFO | WIDE, 1, 0, 0), ==, 1);
  g_assert_cmpint (answer (arm, CPU_ON | WIDE, 1, VCPUS_RAM, 0), ==, SUCCESS);
  g_assert_cmpint (answer (arm, CPU_ON | WIDE, 1, VCPUS_RAM, 0), ==, ON_PENDING);
  g_assert_cmpint (answer (arm, AFFINITY_INFO, 1, 0, 0), ==, 2);
  g_assert_cmpint (answer (arm, AFFINITY_INFO, 0, 0, 0), ==, 0);
  g_assert_cmpint (answer (arm, AFFINITY_INFO, 2, 0, 0), ==, 1);
  g_assert_cmpint (answer (arm, AFFINITY_INFO, 0, 1, 0), ==, 0); /* one of the cluster is on */
  g_assert_cmpint (answer (arm, AFFINITY_INFO, 1 << 8, 1, 0), ==, INVALID_PARAMETERS);
  g_assert_cmpint (answer (arm, AFFINITY_INFO, 0, 4, 0), ==, INVALID_PARAMETERS);
  g_assert_cmpint (answer (arm, AFFINITY_INFO | WIDE, 0, UINT64_MAX, 0), ==, INVALID_PARAMETERS);
  /* A 32-bit function does not look at the rest. */
  g_assert_cmpint (answer (arm, CPU_ON, UINT64_C (5) << 32 | 2, UINT64_C (7) << 32 | VCPUS_RAM, 9), ==,
                   SUCCESS);
  arm_power_start (v->arm[2]);
  g_assert_cmphex (v->arm[2]->cpu.state.pc, ==, VCPUS_RAM);
  g_assert_cmphex (v->arm[2]->cpu.state.var[ARM_VAR_X], ==, 9);
  g_assert_cmpint (answer (arm, AFFINITY_INFO, 2, 0, 0), ==, 0);
}

static void
test_suspend (void)
{
  g_autoptr (Vcpus) v = vcpus_new (1, &by_hvc);
  ArmCpu *arm = v->arm[0];

  g_assert_cmpint (call (arm, CPU_SUSPEND | WIDE, 0, VCPUS_RAM, 5), ==, IR_EXIT_WAIT);
  g_assert_cmphex (arm->cpu.state.var[ARM_VAR_X], ==, SUCCESS);
  g_assert_cmpint (arm_power (arm), ==, ARM_POWER_ON);
  g_assert_cmpint (answer (arm, CPU_SUSPEND, 1 << 18, VCPUS_RAM, 5), ==, INVALID_PARAMETERS);
  g_assert_cmpint (answer (arm, CPU_SUSPEND | WIDE, UINT64_C (1) << 32, VCPUS_RAM, 5), ==,
                   INVALID_PARAMETERS);
}

static unsigned offs, resets;

static void
count_call (void *opaque)
{
  ++*(unsigned *)opaque;
}

static void
note_off (void *opaque)
{
  count_call (&offs);
}

static void
note_reset (void *opaque)
{
  count_call (&resets);
}

static void
test_system (void)
{
  static const ArmPsciHooks hooks = { note_off, note_reset, NULL };
  g_autoptr (Vcpus) v = vcpus_new (1, &by_hvc);
  ArmCpu *arm = v->arm[0];

  g_assert_cmpint (answer (arm, SYSTEM_OFF, 0, 0, 0), ==, NOT_SUPPORTED);
  arm_cpu_set_psci (&arm->cpu, &hooks);
  g_assert_cmpint (call (arm, SYSTEM_OFF, 0, 0, 0), ==, IR_EXIT_WAIT);
  g_assert_cmpuint (offs, ==, 1);
  g_assert_true (arm_is_off (&arm->cpu)); /* nothing more runs */
  arm_reset (&arm->cpu);
  g_assert_cmpint (call (arm, SYSTEM_RESET, 0, 0, 0), ==, IR_EXIT_WAIT);
  arm_reset (&arm->cpu);
  g_assert_cmpint (call (arm, SYSTEM_RESET2 | WIDE, 0, 0, 0), ==, IR_EXIT_WAIT);
  arm_reset (&arm->cpu);
  g_assert_cmpint (answer (arm, SYSTEM_RESET2, 1, 0, 0), ==, INVALID_PARAMETERS);
  g_assert_cmpint (answer (arm, SYSTEM_RESET2, UINT32_C (1) << 31, 0, 0), ==, INVALID_PARAMETERS);
  g_assert_cmpuint (resets, ==, 2);
}

/* At which level a CPU begins. */
static void
test_levels (void)
{
  for (unsigned levels = 0; levels < 4; levels++) {
    ArmMachineConfig config = by_hvc;
    config.el2 = levels & 1;
    config.el3 = levels & 2;
    g_autoptr (Vcpus) v = vcpus_new (2, &config);
    g_assert_cmpint (answer (v->arm[0], CPU_ON, 1, VCPUS_RAM + 64, 7), ==, SUCCESS);
    arm_power_start (v->arm[1]);
    g_assert_cmpuint (arm_cpu_el (&v->arm[1]->cpu), ==, config.el2 ? 2 : 1);
    g_assert_false (arm_secure (v->arm[1]));
    g_assert_cmphex (arm_pstate (v->arm[1]) & 0x3c1, ==, 0x3c1); /* masked, its own stack */
    g_assert_cmphex (v->arm[1]->cpu.state.pc, ==, VCPUS_RAM + 64);
  }
}

typedef struct {
  ArmCpu *target;
  gint *go;
  bool won;
} Racer;

static gpointer
race (gpointer data)
{
  Racer *racer = data;
  while (!g_atomic_int_get (racer->go))
    ;
  racer->won = arm_power_on (racer->target, VCPUS_RAM, GPOINTER_TO_SIZE (racer));
  return NULL;
}

/* Of several that start the same CPU at once one succeeds, and it starts with that one's arguments. */
static void
test_race (void)
{
  g_autoptr (Vcpus) v = vcpus_new (2, &by_hvc);

  for (unsigned round = 0; round < 200; round++) {
    Racer racers[3];
    GThread *threads[G_N_ELEMENTS (racers)];
    gint go = 0;
    unsigned winners = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS (racers); i++) {
      racers[i] = (Racer){ v->arm[1], &go, false };
      threads[i] = g_thread_new ("racer", race, &racers[i]);
    }
    g_atomic_int_set (&go, 1);
    /* It may be on before the last of them looks. */
    while (arm_power (v->arm[1]) != ARM_POWER_ON)
      arm_power_start (v->arm[1]);
    for (unsigned i = 0; i < G_N_ELEMENTS (racers); i++)
      g_thread_join (threads[i]);
    for (unsigned i = 0; i < G_N_ELEMENTS (racers); i++) {
      winners += racers[i].won;
      if (racers[i].won)
        g_assert_cmphex (v->arm[1]->cpu.state.var[ARM_VAR_X], ==, GPOINTER_TO_SIZE (&racers[i]));
    }
    g_assert_cmpuint (winners, ==, 1);
    g_assert_cmpint (arm_power (v->arm[1]), ==, ARM_POWER_ON);
    arm_power_off (v->arm[1]);
  }
}

/* ---- With threads. ---- */

/* The first CPU switches the second on and off for good, each time as soon as it is off:
 *
 *   again: x0 = CPU_ON, x1 = 1, x2 = second, x3 = x19; hvc; if (w0 == 0) x19++; goto again
 *   second: atomically add 1 at `count`; x0 = CPU_OFF; hvc; (not reached) loop */
static const uint32_t program[] = {
  0xd2800013, /* mov x19, #0 */
  0xd2800060, /* again: mov x0, #3 */
  0xf2b88000, /* movk x0, #0xc400, lsl #16 */
  0xd2800021, /* mov x1, #1 */
  0x100000c2, /* adr x2, second */
  0xaa1303e3, /* mov x3, x19 */
  0xd4000002, /* hvc #0 */
  0x35ffff40, /* cbnz w0, again */
  0x91000673, /* add x19, x19, #1 */
  0x17fffff8, /* b again */
  /* second: */
  0x10007ec4, /* adr x4, count */
  0xf9400085, /* ldr x5, [x4] */
  0x910004a5, /* add x5, x5, #1 */
  0xf9000085, /* str x5, [x4] */
  0xf9000480, /* str x0, [x4, #8] */
  0xd2800040, /* mov x0, #2 */
  0xf2b08000, /* movk x0, #0x8400, lsl #16 */
  0xd4000002, /* hvc #0 */
  0xf9000880, /* str x0, [x4, #16]: not reached */
  0x14000000, /* b . */
};
#define COUNT 0x1000 /* in RAM: starts, X0 of the latest, and what must stay 0 */

static uint64_t
counted (Vcpus *v, unsigned n)
{
  return __atomic_load_n ((uint64_t *)(void *)(v->ram->host + COUNT) + n, __ATOMIC_SEQ_CST);
}

static void
wait_for_starts (Vcpus *v, uint64_t n)
{
  for (unsigned i = 0; i < 10000 && counted (v, 0) < n; i++)
    g_usleep (1000);
  g_assert_cmpuint (counted (v, 0), >=, n);
}

static void
test_threads (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Vcpus) v = vcpus_new (2, &by_hvc);

  memcpy (v->ram->host, program, sizeof program);
  vcpus_start (v);
  wait_for_starts (v, 50);
  /* Stopped at whatever point, saved, forgotten, restored: no start is lost. */
  for (unsigned round = 1; round <= 20; round++) {
    vcpus_pause (v);
    uint64_t before = counted (v, 0);
    for (unsigned i = 0; i < 2; i++) {
      g_autoptr (GVariant) state = arm_save (&v->arm[i]->cpu);
      arm_reset (&v->arm[i]->cpu);
      g_assert_true (arm_load (&v->arm[i]->cpu, state, &error));
    }
    vcpus_resume (v);
    wait_for_starts (v, before + 10);
  }
  vcpus_pause (v);
  g_assert_cmpuint (counted (v, 2), ==, 0);
  /* As many starts as the first CPU has been told of, but for those under way. */
  uint64_t told = v->arm[0]->cpu.state.var[19];
  g_assert_cmpuint (told, <=, counted (v, 0) + 1);
  g_assert_cmpuint (told + 1, >=, counted (v, 0));
  g_assert_cmpuint (counted (v, 1), <=, told);
  /* Reset while it was on: off again. */
  arm_reset (&v->arm[1]->cpu);
  g_assert_cmpint (arm_power (v->arm[1]), ==, ARM_POWER_OFF);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/arm/psci/features", test_features);
  g_test_add_func ("/arm/psci/arguments", test_arguments);
  g_test_add_func ("/arm/psci/suspend", test_suspend);
  g_test_add_func ("/arm/psci/system", test_system);
  g_test_add_func ("/arm/psci/levels", test_levels);
  g_test_add_func ("/arm/psci/race", test_race);
  g_test_add_func ("/arm/psci/threads", test_threads);
  return g_test_run ();
}
