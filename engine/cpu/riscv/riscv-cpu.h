/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The RISC-V hart of user mode: its model, its state beyond the IR variables, and what it tells of itself. */

#include "cpu.h"

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
  RV_N_VARS
};
#define RV_NO_RESERVATION UINT64_C (1) /* no load-reserved can be so misaligned */

/* Our bits of IrState.mode. */
enum {
  RV_MODE_FRM_INVALID = IR_MODE_GUEST << 0, /* frm holds a reserved value: dynamic rounding is illegal */
};

#define RV_CBO_SIZE       64       /* bytes of a cache block, for Zicbom, Zicbop and Zicboz */
#define RV_TIME_FREQUENCY 10000000 /* Hz of the time CSR */

typedef struct {
  Cpu cpu;       /* must be first */
  uint64_t exts; /* bit n: RiscvExt n is enabled */
  uint8_t frm;   /* as the guest wrote it, 0..7 */
  bool rv32;
} RiscvCpu;

/* The model is a name (rv64, rva20u64, rva22u64, rv32, max) and options: NAME[,ext=on|off]... */
bool riscv_cpu_init (Cpu *cpu, const char *model, GError **error);
char *riscv_cpu_models (bool rv32);

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
/* AT_HWCAP: a bit for each enabled single-letter extension. */
uint64_t riscv_cpu_hwcap (const RiscvCpu *rv);
/* The value of a riscv_hwprobe key; false for a key that is not known. */
bool riscv_cpu_hwprobe (const RiscvCpu *rv, int64_t key, uint64_t *ret_value);

extern const GuestIsa riscv64_isa, riscv32_isa;
