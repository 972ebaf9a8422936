/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What firmware would answer: the SMC Calling Convention (DEN 0028) and the Power State Coordination
 * Interface (DEN 0022). */

#include "arm-system.h"
#include "system.h"

#define FAST64 UINT32_C (0x40000000) /* bit of a function's id: its arguments have 64 bits */

enum {
  SMCCC_VERSION = 0x80000000,
  SMCCC_ARCH_FEATURES = 0x80000001,
  PSCI_VERSION = 0x84000000,
  PSCI_CPU_SUSPEND = 0x84000001,
  PSCI_CPU_OFF = 0x84000002,
  PSCI_CPU_ON = 0x84000003,
  PSCI_AFFINITY_INFO = 0x84000004,
  PSCI_MIGRATE_INFO_TYPE = 0x84000006,
  PSCI_SYSTEM_OFF = 0x84000008,
  PSCI_SYSTEM_RESET = 0x84000009,
  PSCI_FEATURES = 0x8400000a,
  PSCI_SYSTEM_RESET2 = 0x84000012,
};

/* Results. SMCCC's NOT_SUPPORTED is the same number. */
enum {
  SUCCESS = 0,
  NOT_SUPPORTED = -1,
  INVALID_PARAMETERS = -2,
  ALREADY_ON = -4,
  ON_PENDING = -5,
  INVALID_ADDRESS = -9,
};

/* AFFINITY_INFO's. */
enum { AFFINITY_ON = 0, AFFINITY_OFF = 1, AFFINITY_ON_PENDING = 2 };

#define SMCCC_1_1         0x10001
#define PSCI_1_1          0x10001
#define NO_MIGRATION      2 /* MIGRATE_INFO_TYPE: no trusted OS is in the way of switching CPUs off */
#define AFFINITY_MASK     UINT64_C (0xff00ffffff)
#define SUSPEND_RESERVED  UINT64_C (0xbcfe0000) /* bits of the original power_state */
#define SYSTEM_WARM_RESET 0

/* A call with its arguments; those of a 32-bit function are cut to size. */
typedef struct {
  uint32_t function; /* without FAST64 */
  uint64_t arg[3];
} Call;

/* Functions there are, with the form that they have beside the 32-bit one. */
static const struct {
  uint32_t id;
  bool wide;
} functions[] = {
  { SMCCC_VERSION, false },     { SMCCC_ARCH_FEATURES, false },    { PSCI_VERSION, false },
  { PSCI_CPU_SUSPEND, true },   { PSCI_CPU_OFF, false },           { PSCI_CPU_ON, true },
  { PSCI_AFFINITY_INFO, true }, { PSCI_MIGRATE_INFO_TYPE, false }, { PSCI_SYSTEM_OFF, false },
  { PSCI_SYSTEM_RESET, false }, { PSCI_FEATURES, false },          { PSCI_SYSTEM_RESET2, true },
};

static bool
is_function (uint32_t id)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (functions); i++)
    if (functions[i].id == id || (functions[i].wide && (functions[i].id | FAST64) == id))
      return true;
  return false;
}

/* ---- The other vCPUs of this machine. ---- */

typedef struct {
  const ArmCpu *caller;
  uint64_t affinity, mask;
  ArmCpu *found; /* the last */
  bool on, starting;
} Search;

static void
look_at (Cpu *cpu, void *opaque)
{
  Search *search = opaque;
  ArmCpu *arm = ARM_CPU (cpu);

  if (cpu->isa != search->caller->cpu.isa || cpu->system->memory != search->caller->cpu.system->memory ||
      (arm->mpidr & search->mask) != (search->affinity & search->mask))
    return;
  ArmPower power = arm_power (arm);
  search->found = arm;
  search->on |= power == ARM_POWER_ON;
  search->starting |= power == ARM_POWER_STARTING;
}

/* vCPUs live as long as the machine, which does not end before its vCPUs' threads: what was found stays. */
static Search
look_for (const ArmCpu *caller, uint64_t affinity, uint64_t mask)
{
  Search search = { .caller = caller, .affinity = affinity, .mask = mask };
  system_each_cpu (look_at, &search);
  return search;
}

/* ---- CPUs. ---- */

static int64_t
cpu_on (const ArmCpu *arm, const Call *call)
{
  if (call->arg[0] & ~AFFINITY_MASK)
    return INVALID_PARAMETERS;
  Search target = look_for (arm, call->arg[0], AFFINITY_MASK);
  if (target.found == NULL)
    return INVALID_PARAMETERS;
  if (call->arg[1] & 3)
    return INVALID_ADDRESS;
  if (arm_power_on (target.found, call->arg[1], call->arg[2]))
    return SUCCESS;
  return arm_power (target.found) == ARM_POWER_STARTING ? ON_PENDING : ALREADY_ON;
}

static int64_t
affinity_info (const ArmCpu *arm, const Call *call)
{
  static const uint64_t masks[] = { AFFINITY_MASK, UINT64_C (0xff00ffff00), UINT64_C (0xff00ff0000),
                                    UINT64_C (0xff00000000) };

  if (call->arg[0] & ~AFFINITY_MASK || call->arg[1] >= G_N_ELEMENTS (masks))
    return INVALID_PARAMETERS;
  Search group = look_for (arm, call->arg[0], masks[call->arg[1]]);
  if (group.found == NULL)
    return INVALID_PARAMETERS;
  return group.on ? AFFINITY_ON : group.starting ? AFFINITY_ON_PENDING : AFFINITY_OFF;
}

/* SPEC: DEN 0022, CPU_SUSPEND: a power-down state may be left early, by returning; so all are as WFI. */
static int64_t
cpu_suspend (ArmCpu *arm, const Call *call)
{
  if (call->arg[0] & (SUSPEND_RESERVED | ~(uint64_t)UINT32_MAX))
    return INVALID_PARAMETERS;
  arm->cpu.state.var[ARM_VAR_X] = SUCCESS;
  ir_leave (&arm->cpu.state, IR_EXIT_WAIT);
}

G_NORETURN static void
cpu_off (ArmCpu *arm)
{
  arm_power_off (arm);
  ir_leave (&arm->cpu.state, IR_EXIT_WAIT);
}

/* ---- The machine. ---- */

/* Nothing more of the caller runs: until the machine does what it was asked for, the vCPU is off. */
static int64_t
tell_machine (ArmCpu *arm, void (*hook) (void *opaque))
{
  if (hook == NULL)
    return NOT_SUPPORTED;
  arm_power_off (arm);
  hook (arm->psci->opaque);
  ir_leave (&arm->cpu.state, IR_EXIT_WAIT);
}

static int64_t
system_off (ArmCpu *arm)
{
  return arm->psci != NULL ? tell_machine (arm, arm->psci->power_off) : NOT_SUPPORTED;
}

static int64_t
system_reset (ArmCpu *arm)
{
  return arm->psci != NULL ? tell_machine (arm, arm->psci->reset) : NOT_SUPPORTED;
}

void
arm_cpu_set_psci (Cpu *cpu, const ArmPsciHooks *hooks)
{
  ARM_CPU (cpu)->psci = hooks;
}

/* ---- Calls. ---- */

static int64_t
psci_features (const Call *call)
{
  uint32_t id = (uint32_t)call->arg[0];
  return is_function (id) && id != SMCCC_ARCH_FEATURES ? SUCCESS : NOT_SUPPORTED;
}

static int64_t
arch_features (const Call *call)
{
  uint32_t id = (uint32_t)call->arg[0];
  return id == SMCCC_VERSION || id == SMCCC_ARCH_FEATURES ? SUCCESS : NOT_SUPPORTED;
}

static int64_t
dispatch (ArmCpu *arm, const Call *call)
{
  switch (call->function) {
    case SMCCC_VERSION: return SMCCC_1_1;
    case SMCCC_ARCH_FEATURES: return arch_features (call);
    case PSCI_VERSION: return PSCI_1_1;
    case PSCI_CPU_SUSPEND: return cpu_suspend (arm, call);
    case PSCI_CPU_OFF: cpu_off (arm);
    case PSCI_CPU_ON: return cpu_on (arm, call);
    case PSCI_AFFINITY_INFO: return affinity_info (arm, call);
    case PSCI_MIGRATE_INFO_TYPE: return NO_MIGRATION;
    case PSCI_SYSTEM_OFF: return system_off (arm);
    case PSCI_SYSTEM_RESET: return system_reset (arm);
    case PSCI_FEATURES: return psci_features (call);
    case PSCI_SYSTEM_RESET2:
      return (uint32_t)call->arg[0] == SYSTEM_WARM_RESET ? system_reset (arm) : INVALID_PARAMETERS;
    default: return NOT_SUPPORTED;
  }
}

/* SPEC: DEN 0028, 2.6: X4 and up are kept, and what no result is in; a function that is not known gives
 * NOT_SUPPORTED. */
bool
arm_psci_call (ArmCpu *arm)
{
  uint64_t *x = arm->cpu.state.var + ARM_VAR_X;
  uint32_t id = (uint32_t)x[0];
  bool wide = id & FAST64;
  Call call = { .function = id & ~FAST64 };

  for (unsigned i = 0; i < G_N_ELEMENTS (call.arg); i++)
    call.arg[i] = wide ? x[1 + i] : (uint32_t)x[1 + i];
  x[0] = is_function (id) ? (uint64_t)dispatch (arm, &call) : (uint64_t)NOT_SUPPORTED;
  return true;
}
