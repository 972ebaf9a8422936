/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The Arm processing element in AArch64 state: its model, its state beyond the IR variables, and what it
 * tells of itself (Arm Architecture Reference Manual for A-profile, DDI 0487). */

#include "clock.h"
#include "cpu.h"

typedef enum {
#define ARM_EXT(NAME, name, version, id, field, value, hwcap) ARM_EXT_##NAME,
#include "arm-ext.def"
#undef ARM_EXT
  ARM_N_EXTS
} ArmExt;
G_STATIC_ASSERT (ARM_N_EXTS <= 64);

/* Numbers of the IR variables.  XZR has none: it reads as the constant 0. */
enum {
  ARM_VAR_X = 0, /* to X30 */
  ARM_VAR_SP = 31,
  ARM_VAR_NZCV = 32, /* the flags as the IR has them: N 8, Z 4, C 2, V 1 */
  ARM_VAR_TPIDR_EL0 = 33,
  ARM_VAR_EXCL_ADDR = 34, /* of the latest load-exclusive, or ARM_NOT_EXCLUSIVE */
  ARM_VAR_EXCL_LOW = 35,  /* what it loaded */
  ARM_VAR_EXCL_HIGH = 36,
  ARM_VAR_FPCR = 37,   /* as MRS reads it */
  ARM_VAR_PSTATE = 38, /* DIT and SSBS, where MRS of those has them */
  ARM_VAR_DAIF = 39,   /* of machines, where MRS has it */
  ARM_VAR_V = 40,      /* V0 to V31, two numbers each */
  ARM_VAR_QC = 104,    /* any bit set: FPSR.QC */
  /* PSTATE.BTYPE, together with the one address that it is about: where the latest BR or BLR led to, with
   * what BTYPE it made in the low bits.  Nothing has to clear it at the target then. */
  ARM_VAR_BRANCHED = 106,
  ARM_N_VARS = 107,
  /* Machines have these, too.  SP of the level and PSTATE.SP that are current is ARM_VAR_SP, and not up to
     date here. */
  ARM_VAR_SP_EL0 = ARM_N_VARS,
  ARM_VAR_SP_EL1,
  ARM_VAR_SP_EL2,
  ARM_VAR_SP_EL3,
  ARM_VAR_ELR_EL1,
  ARM_VAR_ELR_EL2,
  ARM_VAR_ELR_EL3,
  ARM_VAR_SPSR_EL1,
  ARM_VAR_SPSR_EL2,
  ARM_VAR_SPSR_EL3,
  ARM_VAR_ESR_EL1,
  ARM_VAR_ESR_EL2,
  ARM_VAR_ESR_EL3,
  ARM_VAR_FAR_EL1,
  ARM_VAR_FAR_EL2,
  ARM_VAR_FAR_EL3,
  ARM_VAR_TPIDR_EL1,
  ARM_VAR_TPIDR_EL2,
  ARM_VAR_TPIDRRO_EL0,
  ARM_VAR_SYNDROME, /* ESR_ELx for the exception that the code is left with */
  ARM_N_SYSTEM_VARS,
};
G_STATIC_ASSERT (ARM_N_SYSTEM_VARS <= IR_MAX_VARS);
#define ARM_NOT_EXCLUSIVE UINT64_MAX

/* Our bits of IrState.mode. */
enum {
  ARM_MODE_DN = IR_MODE_GUEST << 0,  /* FPCR.DN: NaN results are the default NaN */
  ARM_MODE_FZ = IR_MODE_GUEST << 1,  /* FPCR.FZ: denormals are flushed to zero */
  ARM_MODE_AHP = IR_MODE_GUEST << 2, /* FPCR.AHP: alternative half precision */
  ARM_MODE_FZ16 = IR_MODE_GUEST << 3,
  /* Of machines. Those that begin with NO are of what code must not do without a trap: a program of user mode
     has none. */
  ARM_MODE_EL_SHIFT = 12, /* two bits */
  ARM_MODE_SPSEL = IR_MODE_GUEST << 6,
  ARM_MODE_NO_FP = IR_MODE_GUEST << 7,
  ARM_MODE_E2H = IR_MODE_GUEST << 8,       /* at EL2: HCR_EL2.E2H */
  ARM_MODE_NO_CTR = IR_MODE_GUEST << 9,    /* reading CTR_EL0 and CNTVCT_EL0 */
  ARM_MODE_NO_CACHE = IR_MODE_GUEST << 10, /* DC and IC */
  ARM_MODE_NO_ZERO = IR_MODE_GUEST << 11,  /* DC ZVA */
  ARM_MODE_NO_WFI = IR_MODE_GUEST << 12,
  ARM_MODE_NO_WFE = IR_MODE_GUEST << 13,
  ARM_MODE_NO_VM =
      IR_MODE_GUEST << 14,    /* ESR, FAR and their like; pointer authentication: few systems trap these */
  ARM_MODE_NO_KEY_SHIFT = 23, /* four bits, by ArmKey: that key's instructions do nothing */
  ARM_MODE_ILLEGAL = IR_MODE_GUEST << 19, /* PSTATE.IL */
  ARM_MODE_STEP =
      IR_MODE_GUEST << 20, /* software step or a breakpoint: each instruction asks arm_debug_insn() */
  ARM_MODE_ALIGNED = IR_MODE_GUEST << 21, /* a misaligned load or store faults */
  ARM_MODE_USER = IR_MODE_GUEST << 22,    /* LDTR and STTR have the permission of EL0 */
};
#define ARM_MODE_STACK     (UINT32_C (1) << 31) /* accesses by a misaligned SP fault */
#define ARM_N_MMU_CONTROLS 16
#define ARM_MODE_EL(mode)  ((mode) >> ARM_MODE_EL_SHIFT & 3)

/* Keys of pointer authentication, in the order of PR_PAC_RESET_KEYS' bits. */
typedef enum { ARM_KEY_IA, ARM_KEY_IB, ARM_KEY_DA, ARM_KEY_DB, ARM_KEY_GA, ARM_N_KEYS } ArmKey;

/* ID registers, without their ID_AA64 and _EL1. */
typedef enum {
  ARM_ID_NONE,
  ARM_ID_MIDR,
  ARM_ID_CTR,
  ARM_ID_PFR0,
  ARM_ID_PFR1,
  ARM_ID_DFR0,
  ARM_ID_ISAR0,
  ARM_ID_ISAR1,
  ARM_ID_MMFR0,
  ARM_ID_MMFR1,
  ARM_ID_MMFR2,
  ARM_N_IDS
} ArmId;

#define ARM_COUNTER_FREQUENCY 62500000 /* Hz, of CNTVCT_EL0 */
#define ARM_ZVA_SIZE          64       /* bytes that DC ZVA clears */

/* System registers of machines; those that are IR variables are here, too, for arm_sysreg(). */
typedef enum {
#define ARM_SYSREG(NAME, op0, op1, crn, crm, op2, var, reset, writable, flags) ARM_SR_##NAME,
#include "arm-sysreg.def"
#undef ARM_SYSREG
  ARM_N_SYSREGS
} ArmSysregId;

/* Why the latest translation of an address has failed (arm-mmu.c). */
struct ArmFault {
  uint8_t status; /* DFSC and IFSC */
  bool write;     /* or an atomic */
  bool cache;     /* of a cache instruction (ISS.CM) */
  bool stage2;    /* of stage 2: HPFAR_EL2 is set */
  bool walk;      /* stage 2 of a stage 1 walk (ISS.S1PTW) */
  bool external;
  bool watchpoint; /* there was a translation */
};

typedef struct ArmCpu {
  Cpu cpu;        /* must be first */
  uint64_t exts;  /* bit n: ArmExt n is enabled */
  unsigned model; /* index in arm-cpu.c's table */
  uint64_t pauth_key[ARM_N_KEYS][2];
  bool pauth_wide[2]; /* addresses of the lower and upper half have 52 bits (machines) */
  bool pac_refuses;   /* SCTLR_ELx.BT0 or BT1: PACIxSP is not where jumps may lead */
  bool system;        /* of a machine: all below is zero otherwise */

  /* ArmMachineConfig (arm-machine.h). */
  bool has_el2, has_el3, powered_off;
  uint8_t conduit;
  uint8_t gic_version;
  uint64_t mpidr, rvbar;
  Clock *clock;
  const struct ArmGicOps *gic;
  void *gic_opaque;
  uint8_t gic_security; /* what it was told last: 0 Non-secure, 1 Secure, 2 EL3 */

  /* PSTATE beyond the variables. */
  uint8_t el;
  bool spsel, pan, uao, il, ss;
  uint8_t highest_el;
  uint32_t stepped; /* ISS of the software step that is under way */
  uint64_t sysreg[ARM_N_SYSREGS];
  uint64_t id[ARM_N_IDS]; /* the machine's ID registers */
  /* arm-mmu.c: the latest address space; what translations depend on besides; whether a low address was
   * global. */
  uint64_t space[4], mmu_control[ARM_N_MMU_CONTROLS];
  bool global_low;
  uint32_t lines;    /* bit n: ArmLine n is high; atomic */
  bool off;          /* by PSCI; atomic */
  uint32_t starting; /* arm-power.c; atomic */
  uint64_t start_pc, start_arg;
  struct ArmFault fault;
  struct ArmTimers *timers;        /* arm-timer.c */
  struct ArmPmu *pmu;              /* arm-pmu.c */
  const struct ArmPsciHooks *psci; /* arm-psci.c */
} ArmCpu;

/* A field of an ID register of a machine. */
static inline unsigned
arm_id_field (const ArmCpu *arm, ArmId id, unsigned shift)
{
  return arm->id[id] >> shift & 15;
}

static inline bool
arm_has (const ArmCpu *arm, ArmExt ext)
{
  return arm->exts >> ext & 1;
}

/* The model is a name (cortex-a53, cortex-a57, cortex-a72, cortex-a76, neoverse-n1, max) and options:
 * NAME[,ext=on|off]... */
bool arm_cpu_init (Cpu *cpu, const char *model, GError **error);
/* Names and options, for -cpu help. */
char *arm_cpu_models (void);

/* The register as EL1 reads it. */
uint64_t arm_cpu_id_register (const ArmCpu *arm, ArmId id);
/* CCSIDR_EL1 of a cache (0 where there is none), and CLIDR_EL1. */
uint32_t arm_cpu_cache (const ArmCpu *arm, unsigned level, bool instructions);
uint64_t arm_cpu_clidr (const ArmCpu *arm);
/* AT_HWCAP and AT_HWCAP2 of a Linux process. */
uint64_t arm_cpu_hwcap (const ArmCpu *arm);
uint64_t arm_cpu_hwcap2 (const ArmCpu *arm);
/* New random keys: a set of bits 1 << ArmKey. A new program gets all. */
void arm_cpu_reset_keys (ArmCpu *arm, unsigned keys);

/* FPCR and FPSR as MRS reads them and MSR writes them. */
uint32_t arm_cpu_fpcr (const ArmCpu *arm);
void arm_cpu_set_fpcr (ArmCpu *arm, uint32_t value);
uint32_t arm_cpu_fpsr (const ArmCpu *arm);
void arm_cpu_set_fpsr (ArmCpu *arm, uint32_t value);

/* PSTATE.BTYPE, as it is before the instruction at pc. */
unsigned arm_cpu_btype (const ArmCpu *arm);
void arm_cpu_set_btype (ArmCpu *arm, unsigned btype);
/* User mode: from now on there are guarded pages, which that function knows. Code made so far has to go. */
void arm_cpu_guard_pages (bool (*guarded) (uint64_t addr));

extern const GuestIsa aarch64_isa;
