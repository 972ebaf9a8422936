/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of the privileged architecture share. */

#include "riscv-csr.h"
#include "softmmu.h"

#define RV_CPU(cpu) ((RiscvCpu *)(cpu))

/* SPEC: RISC-V privileged, table of mcause: exceptions. */
enum {
  RV_CAUSE_FETCH_ACCESS = 1,
  RV_CAUSE_ILLEGAL = 2,
  RV_CAUSE_BREAKPOINT = 3,
  RV_CAUSE_LOAD_MISALIGNED = 4,
  RV_CAUSE_LOAD_ACCESS = 5,
  RV_CAUSE_STORE_MISALIGNED = 6,
  RV_CAUSE_STORE_ACCESS = 7,
  RV_CAUSE_ECALL_U = 8, /* plus the privilege */
  RV_CAUSE_FETCH_PAGE = 12,
  RV_CAUSE_LOAD_PAGE = 13,
  RV_CAUSE_STORE_PAGE = 15,
};

/* Bits of mip and mie. */
#define RV_IP(irq) (UINT64_C (1) << RV_IRQ_##irq)

static inline uint64_t
rv_xlen_mask (const RiscvCpu *rv)
{
  return rv->rv32 ? UINT32_MAX : UINT64_MAX;
}

/* riscv-trap.c. The privilege that loads and stores have: MPRV may lend M mode another one. */
RiscvPriv riscv_data_priv (const RiscvCpu *rv);
/* Brings IrState.mode and the address space in step with the CSRs; true if one of them changed. */
bool riscv_update_mode (RiscvCpu *rv);
/* Sets all of mstatus that can be set, with what follows from it. */
void riscv_set_mstatus (RiscvCpu *rv, uint64_t value);
/* Before a floating-point instruction at pc; leaves where the code is not right for what FS is, or becomes by
 * it. */
uint64_t riscv_use_fp (IrState *s, uint64_t pc, uint64_t writes, uint64_t c);
void riscv_exception (Cpu *cpu, IrExit reason);
bool riscv_interrupt (Cpu *cpu);
/* Whether it would take one. */
bool riscv_interrupt_due (RiscvCpu *rv);
uint64_t riscv_xret (IrState *s, uint64_t from, uint64_t b, uint64_t c);

/* riscv-semihosting.c. Whether the ebreak at state.pc is one that the host answers; has it answered, or
 * leaves it to be executed again. */
bool riscv_is_semihosting (RiscvCpu *rv);
void riscv_semihost (RiscvCpu *rv);

/* riscv-irq.c. mip as it reads. Any thread. */
uint64_t riscv_mip (const RiscvCpu *rv);
/* The bits of mip that software holds become (old & ~clear) | set. */
void riscv_change_mip (RiscvCpu *rv, uint64_t clear, uint64_t set);
/* One bit of those that devices hold. Any thread. */
void riscv_set_line (RiscvCpu *rv, unsigned irq, bool level);
/* To be called after a change that may let an interrupt through, on the hart's thread. */
void riscv_irqs_changed (RiscvCpu *rv);
bool riscv_wakes (Cpu *cpu);
/* The most urgent of the interrupts in the set, which is not empty. */
unsigned riscv_most_urgent (uint64_t set);

/* riscv-csr.c */
uint64_t riscv_read_csr (IrState *s, uint64_t number, uint64_t b, uint64_t c);
uint64_t riscv_access_csr (IrState *s, uint64_t source, uint64_t next_pc, uint64_t what);

/* riscv-aia.c */
bool riscv_aia_access (RiscvCpu *rv, unsigned number, bool writes, uint64_t clear, uint64_t set,
                       uint64_t *ret_old);
uint64_t riscv_topi (RiscvCpu *rv, unsigned number);

/* riscv-pmp.c */
uint64_t riscv_pmpcfg (RiscvCpu *rv, unsigned number);
void riscv_set_pmpcfg (RiscvCpu *rv, unsigned number, uint64_t value);
void riscv_set_pmpaddr (RiscvCpu *rv, unsigned number, uint64_t value);
/* Derives the ranges from pmpcfg and pmpaddr. */
void riscv_pmp_update (RiscvCpu *rv);
/* What PMP says about a physical address. */
typedef struct {
  uint8_t prot;   /* the accesses (1 << CpuAccess) permitted there */
  uint16_t bytes; /* so many from the address on, inside its page, are decided by the same entry: an access
                     that reaches further is refused */
  bool uniform;   /* it is so for the whole page */
} RiscvPmpRule;
RiscvPmpRule riscv_pmp_rule (const RiscvCpu *rv, uint64_t phys, RiscvPriv priv);

/* riscv-mmu.c */
#define SATP32_MODE       (UINT64_C (1) << 31)
#define SATP32_PPN        UINT64_C (0x3fffff)
#define SATP32_ASID_SHIFT 22
#define SATP32_ASID       UINT64_C (0x1ff)
#define SATP64_MODE_SHIFT 60
#define SATP64_PPN        UINT64_C (0xfffffffffff)
#define SATP64_ASID_SHIFT 44
#define SATP64_ASID       UINT64_C (0xffff)
/* Levels of the translation that a value of satp asks for; 0: none; -1: one the hart lacks. */
int riscv_satp_levels (const RiscvCpu *rv, uint64_t satp);
CpuSpaceKey riscv_space (const Cpu *cpu);
bool riscv_translate (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret);
bool riscv_translate_debug (Cpu *cpu, uint64_t vaddr, uint64_t *ret_phys);
void riscv_bus_error (Cpu *cpu, uint64_t vaddr, CpuAccess access);
void riscv_misaligned (Cpu *cpu, uint64_t vaddr, CpuAccess access);
uint64_t riscv_fence_vma (IrState *s, uint64_t vaddr, uint64_t asid, uint64_t which);

/* riscv-time.c */
uint64_t riscv_time (const RiscvCpu *rv);
/* Arms the timer and sets its line anew. */
void riscv_update_timer (RiscvCpu *rv);
void riscv_set_stimecmp (RiscvCpu *rv, uint64_t value);
void riscv_set_menvcfg (RiscvCpu *rv, uint64_t value);
uint64_t riscv_counter (const RiscvCpu *rv, unsigned csr);
void riscv_set_counter (RiscvCpu *rv, unsigned csr, uint64_t value);
void riscv_set_countinhibit (RiscvCpu *rv, uint64_t value);
uint64_t riscv_system_time (IrState *s, uint64_t shift, uint64_t b, uint64_t c);
uint64_t riscv_system_counter (IrState *s, uint64_t shift, uint64_t csr, uint64_t c);

/* riscv-save.c */
void riscv_reset (Cpu *cpu);
GVariant *riscv_save (Cpu *cpu);
bool riscv_load (Cpu *cpu, GVariant *state, GError **error);
