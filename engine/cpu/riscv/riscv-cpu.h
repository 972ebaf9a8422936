/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The RISC-V hart: its model, its state beyond the IR variables, and what it tells of itself.  A hart of a
 * machine has the privileged architecture besides (riscv_system_isa()); one of user mode does not. */

#include "clock.h"
#include "cpu.h"
#include "irq.h"

typedef enum {
#define RV_EXT(NAME, name, requires, hwprobe) RV_EXT_##NAME,
#include "riscv-ext.def"
#undef RV_EXT
  RV_N_EXTS
} RiscvExt;
G_STATIC_ASSERT (RV_N_EXTS <= 64);

/* Numbers of the IR variables.  x0 has none: it reads as the constant 0. */
enum {
  RV_VAR_X = 0,
  RV_VAR_F = 32,
  RV_VAR_RES_ADDR = 64,  /* address of the latest load-reserved, or RV_NO_RESERVATION */
  RV_VAR_RES_VALUE = 65, /* what it loaded */
  RV_N_VARS,
  /* CSRs that a machine's hart uses most. */
  RV_VAR_MSTATUS = RV_N_VARS,
  RV_VAR_MTVEC,
  RV_VAR_MSCRATCH,
  RV_VAR_MEPC,
  RV_VAR_MCAUSE,
  RV_VAR_MTVAL,
  RV_VAR_STVEC,
  RV_VAR_SSCRATCH,
  RV_VAR_SEPC,
  RV_VAR_SCAUSE,
  RV_VAR_STVAL,
  RV_N_SYSTEM_VARS
};
#define RV_NO_RESERVATION UINT64_C (1) /* no load-reserved can be so misaligned */

typedef enum { RV_PRIV_U = 0, RV_PRIV_S = 1, RV_PRIV_M = 3 } RiscvPriv;

/* Our bits of IrState.mode. Those after the first are zero in user mode. */
enum {
  RV_MODE_FRM_INVALID = IR_MODE_GUEST << 0, /* frm holds a reserved value: dynamic rounding is illegal */
  RV_MODE_PRIV_SHIFT = 9,                   /* RiscvPriv, 2 bits */
  /* mstatus.FS is known to be dirty: floating-point instructions need no look at it. It may be so unknown to
   * the mode, outside U mode above all, where code without them would be translated twice. */
  RV_MODE_FS_DIRTY = IR_MODE_GUEST << 3,
  /* What the current privilege may do now. */
  RV_MODE_CYCLE = IR_MODE_GUEST << 5, /* these three in mcounteren's order */
  RV_MODE_TIME = IR_MODE_GUEST << 6,
  RV_MODE_INSTRET = IR_MODE_GUEST << 7,
  RV_MODE_STIMECMP = IR_MODE_GUEST << 8,
  RV_MODE_SATP = IR_MODE_GUEST << 9, /* satp and address-translation fences */
  RV_MODE_SRET = IR_MODE_GUEST << 10,
  RV_MODE_WFI = IR_MODE_GUEST << 11,
  RV_MODE_CBO_CLEAN = IR_MODE_GUEST << 12,
  RV_MODE_CBO_ZERO = IR_MODE_GUEST << 13,
  RV_MODE_CBO_INVAL = IR_MODE_GUEST << 14,
};
#define RV_MODE_PRIV(mode) ((RiscvPriv)((mode) >> RV_MODE_PRIV_SHIFT & 3))
enum { RV_FS_OFF, RV_FS_INITIAL, RV_FS_CLEAN, RV_FS_DIRTY };

/* Interrupts by their number in mip and mie. */
enum {
  RV_IRQ_SSI = 1,
  RV_IRQ_MSI = 3,
  RV_IRQ_STI = 5,
  RV_IRQ_MTI = 7,
  RV_IRQ_SEI = 9,
  RV_IRQ_MEI = 11,
};

#define RV_PMP_ENTRIES 16
typedef struct {
  uint64_t start, last; /* bytes it matches; none where start > last */
} RiscvPmpRange;

/* The interrupt file of a hart at one privilege level, as an IMSIC provides it. Called on the hart's thread.
 */
typedef struct {
  /* The value of mtopei or stopei; with `claim`, that interrupt is no longer pending afterwards. */
  uint32_t (*topei) (void *opaque, bool supervisor, bool claim);
  /* Register `reg` (0x70 eidelivery, 0x72 eithreshold, 0x80.. eip, 0xc0.. eie), `bits` (32 or 64) wide,
   * becomes (old & ~clear) | set at once. False for a register that does not exist. */
  bool (*access) (void *opaque, bool supervisor, unsigned reg, unsigned bits, uint64_t clear, uint64_t set,
                  uint64_t *ret_old);
} RiscvImsicOps;

#define RV_CBO_SIZE       64       /* bytes of a cache block, for Zicbom, Zicbop and Zicboz */
#define RV_TIME_FREQUENCY 10000000 /* Hz of the time CSR */

typedef struct {
  Cpu cpu;       /* must be first */
  uint64_t exts; /* bit n: RiscvExt n is enabled */
  uint8_t frm;   /* as the guest wrote it, 0..7 */
  bool rv32;
  bool system; /* of a machine: all below is zero otherwise */

  /* Set by the board, before reset. */
  uint64_t mhartid, resetvec;
  Clock *clock; /* by riscv_cpu_set_clock() */
  const RiscvImsicOps *imsic;
  void *imsic_opaque;

  RiscvPriv priv;
  uint8_t va_levels;   /* of the widest translation: 2 (Sv32), 3 (Sv39), 4 (Sv48), 5 (Sv57); by the model */
  uint32_t trap_cause; /* of the latest fault: what exception() raises */
  /* CSRs by their names, those that are not variables. */
  uint64_t medeleg, mideleg, mie, mcounteren, scounteren, mcountinhibit, menvcfg, senvcfg, satp, stimecmp;
  uint64_t siselect, miselect;
  uint64_t mip;   /* bits set by software and by edges; atomic */
  uint64_t lines; /* bits of mip that devices and the timer hold; atomic */
  /* A counter is this plus the clock, or just this while it is inhibited. */
  uint64_t mcycle_base, minstret_base;
  uint8_t pmpcfg[RV_PMP_ENTRIES];
  uint64_t pmpaddr[RV_PMP_ENTRIES];
  RiscvPmpRange pmp[RV_PMP_ENTRIES]; /* what the two give */
  unsigned pmp_used;                 /* entries up to the last that is not off */
  uint64_t space_root, space_flags;  /* of the latest address space */
  ClockTimer *timer;
  GMutex timer_lock; /* of the timer and its line */
} RiscvCpu;

/* The model is a name (rv64, rva20u64, rva22u64, rv32, max) and options: NAME[,ext=on|off]... A machine's
 * hart takes sv39, sv48 and sv57 too. */
bool riscv_cpu_init (Cpu *cpu, const char *model, GError **error);
/* Names and options, for -cpu help: of user mode or of a machine. */
char *riscv_cpu_models (bool rv32, bool system);

/* The fcsr and its parts as the guest sees them. Writing keeps IrState.mode and IrState.fp in step. */
unsigned riscv_cpu_fflags (const RiscvCpu *rv);
unsigned riscv_cpu_fcsr (const RiscvCpu *rv);
void riscv_cpu_set_fflags (RiscvCpu *rv, unsigned value);
void riscv_cpu_set_frm (RiscvCpu *rv, unsigned value);
void riscv_cpu_set_fcsr (RiscvCpu *rv, unsigned value);

/* To be called when control is diverted (a signal handler starts, a debugger writes memory): a
 * store-conditional then fails, as it does after any trap. */
void riscv_cpu_clear_reservation (RiscvCpu *rv);

/* The ISA string as /proc/cpuinfo has it: "rv64imafdc_zicbom_...". */
char *riscv_cpu_isa_string (const RiscvCpu *rv);
/* For the device tree: riscv,isa-extensions, and mmu-type ("riscv,sv57"). */
GStrv riscv_cpu_isa_extensions (const RiscvCpu *rv);
const char *riscv_cpu_mmu_type (const RiscvCpu *rv);
/* AT_HWCAP: a bit for each enabled single-letter extension. */
uint64_t riscv_cpu_hwcap (const RiscvCpu *rv);
/* The value of a riscv_hwprobe key; false for a key that is not known. */
bool riscv_cpu_hwprobe (const RiscvCpu *rv, int64_t key, uint64_t *ret_value);

extern const GuestIsa riscv64_isa, riscv32_isa;

/* The ISA of a machine's harts, 32 or 64 bits wide. */
const GuestIsa *riscv_system_isa (unsigned bits);
/* What time and stimecmp count, for a machine's hart. NULL before the hart or the clock is freed. */
void riscv_cpu_set_clock (Cpu *cpu, Clock *clock);
/* Sets an interrupt line of the hart: RV_IRQ_MSI, MTI, SEI, MEI, or SSI, which is an edge: a rise sets the
 * bit, software clears it. Others are ignored. Any thread. */
void riscv_cpu_set_irq (Cpu *cpu, unsigned cause, bool level);
/* The same as a line to be wired. */
IrqLine riscv_cpu_irq_line (Cpu *cpu, unsigned cause);
/* A CSR by number as M mode would see and set it, for debuggers while the hart is paused. False: it has no
 * such CSR. */
bool riscv_cpu_get_csr (Cpu *cpu, unsigned number, uint64_t *ret_value);
bool riscv_cpu_set_csr (Cpu *cpu, unsigned number, uint64_t value);
