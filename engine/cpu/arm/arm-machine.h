/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a board needs of the Arm processing elements of a machine. */

#include "arm-cpu.h"
#include "clock.h"
#include "irq.h"

/* The ISA of a machine's vCPUs. */
const GuestIsa *arm_system_isa (void);

/* Set by the board before the first reset. */
typedef enum { ARM_PSCI_NONE, ARM_PSCI_HVC, ARM_PSCI_SMC } ArmConduit;
typedef struct {
  bool el2, el3;      /* implemented levels */
  uint64_t mpidr;     /* affinity: Aff3 39:32, Aff2, Aff1, Aff0 23:0 */
  uint64_t rvbar;     /* where it starts after reset */
  bool powered_off;   /* until PSCI's CPU_ON */
  ArmConduit conduit; /* NONE: firmware at EL3 answers */
  Clock *clock;       /* of the timers; outlives the vCPU's use */
  unsigned
      gic; /* the GIC's version, 2 or 3: the ID registers say whether there is a system register interface */
} ArmMachineConfig;
void arm_cpu_configure (Cpu *cpu, const ArmMachineConfig *config);
/* Before the clock is freed. */
void arm_cpu_detach (Cpu *cpu);

/* What PSCI asks of the machine, on the calling vCPU's thread. */
typedef struct ArmPsciHooks {
  void (*power_off) (void *opaque);
  void (*reset) (void *opaque);
  void *opaque;
} ArmPsciHooks;
void arm_cpu_set_psci (Cpu *cpu, const ArmPsciHooks *hooks);

/* Interrupt inputs, from any thread. */
typedef enum {
  ARM_LINE_IRQ,
  ARM_LINE_FIQ,
  ARM_LINE_VIRQ,
  ARM_LINE_VFIQ,
  ARM_LINE_SERROR,
  ARM_N_LINES
} ArmLine;
IrqLine arm_cpu_irq_line (Cpu *cpu, ArmLine line);

/* Interrupt outputs: to be wired to the GIC's private peripheral interrupts. */
typedef enum {
  ARM_TIMER_PHYS,    /* EL1 physical: PPI 14 (INTID 30) */
  ARM_TIMER_VIRT,    /* EL1 virtual: PPI 11 (27) */
  ARM_TIMER_HYP,     /* EL2 physical: PPI 10 (26) */
  ARM_TIMER_SEC,     /* EL3, secure physical: PPI 13 (29) */
  ARM_TIMER_HYPVIRT, /* EL2 virtual: PPI 12 (28) */
  ARM_N_TIMERS
} ArmTimer;
void arm_cpu_set_timer_line (Cpu *cpu, ArmTimer timer, IrqLine line);
void arm_cpu_set_pmu_line (Cpu *cpu, IrqLine line); /* PPI 7 (INTID 23) */

/* The GIC's CPU interface by system registers (ICC_*, ICV_* in their place where HCR_EL2 says so, ICH_*): on
 * the vCPU's thread, after the traps of higher levels were checked. `reg` is the number that ARM_REG gives
 * (arm-system.h). False: there is no such register here, and the instruction is undefined. */
typedef struct ArmGicOps {
  bool (*read) (void *opaque, unsigned reg, uint64_t *ret_value);
  bool (*write) (void *opaque, unsigned reg, uint64_t value);
  /* With EL3: the PE has entered or left it, or Secure state; may be NULL. */
  void (*security_changed) (void *opaque);
} ArmGicOps;
void arm_cpu_set_gic (Cpu *cpu, const ArmGicOps *ops, void *opaque);

/* For a GIC: the current exception level, and HCR_EL2 as it takes effect (0 without EL2). On the vCPU's
 * thread. */
unsigned arm_cpu_el (const Cpu *cpu);
uint64_t arm_cpu_hcr (const Cpu *cpu);
uint64_t arm_cpu_mpidr (const Cpu *cpu);

/* For a boot loader, after reset: entry point and X0 to X3. */
void arm_cpu_set_entry (Cpu *cpu, uint64_t pc, const uint64_t x[4]);
/* A system register by its ARM_REG, for debuggers while the vCPU is paused. False: there is no such register.
 */
bool arm_cpu_get_sysreg (Cpu *cpu, unsigned reg, uint64_t *ret_value);
bool arm_cpu_set_sysreg (Cpu *cpu, unsigned reg, uint64_t value);
