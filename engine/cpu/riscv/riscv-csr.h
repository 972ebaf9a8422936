/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The table of a machine's CSRs: what translation, the debugger, save and restore need to know of each. */

#include "riscv-cpu.h"

/* RiscvCsr.flags */
enum {
  RV_CSR_RV32 = 1,    /* exists on RV32 only: the high half of another one */
  RV_CSR_ENDS = 2,    /* a write may change how code is translated or addresses are: the block ends with it */
  RV_CSR_DYNAMIC = 4, /* whether it may be accessed is known at run time only */
};

/* Numbers of the CSRs (of an array: its first), and their places in the table. */
enum {
#define RV_CSR(number, name, needs, flags, storage, writable)                CSR_##name = number,
#define RV_CSRS(number, count, name, first, needs, flags, storage, writable) CSR_##name = number,
#include "riscv-csr.def"
#undef RV_CSR
#undef RV_CSRS
};
typedef enum {
#define RV_CSR(number, name, needs, flags, storage, writable)                RV_CSR_INDEX_##name,
#define RV_CSRS(number, count, name, first, needs, flags, storage, writable) RV_CSR_INDEX_##name,
#include "riscv-csr.def"
#undef RV_CSR
#undef RV_CSRS
  RV_N_CSRS
} RiscvCsrIndex;

typedef struct {
  uint16_t number, count; /* an array's elements follow one another */
  uint8_t first;          /* the number its name's first element has */
  uint8_t flags;
  uint8_t var;     /* IR variable that holds it, or 0 */
  uint32_t member; /* offset in RiscvCpu of its uint64_t, or 0 */
  const char *name;
  uint64_t needs;    /* extensions */
  uint64_t writable; /* bits a write sets, before riscv_csr_writable() */
} RiscvCsr;
extern const RiscvCsr riscv_csrs[RV_N_CSRS];

/* The CSR of that number if the hart has it, or NULL. */
const RiscvCsr *riscv_csr_find (const RiscvCpu *rv, unsigned number);
/* The same, whatever hart. */
const RiscvCsr *riscv_csr_by_number (unsigned number);
/* Its name, with the element's number for an array, into `out` (16 bytes). */
void riscv_csr_name (const RiscvCsr *csr, unsigned number, char *out);
/* The bits of a stored CSR that a write sets on this hart. */
uint64_t riscv_csr_writable (const RiscvCpu *rv, const RiscvCsr *csr);

/* Fields of mstatus. */
#define MSTATUS_SIE       (UINT64_C (1) << 1)
#define MSTATUS_MIE       (UINT64_C (1) << 3)
#define MSTATUS_SPIE      (UINT64_C (1) << 5)
#define MSTATUS_MPIE      (UINT64_C (1) << 7)
#define MSTATUS_SPP       (UINT64_C (1) << 8)
#define MSTATUS_MPP       (UINT64_C (3) << 11)
#define MSTATUS_FS        (UINT64_C (3) << 13)
#define MSTATUS_MPRV      (UINT64_C (1) << 17)
#define MSTATUS_SUM       (UINT64_C (1) << 18)
#define MSTATUS_MXR       (UINT64_C (1) << 19)
#define MSTATUS_TVM       (UINT64_C (1) << 20)
#define MSTATUS_TW        (UINT64_C (1) << 21)
#define MSTATUS_TSR       (UINT64_C (1) << 22)
#define MSTATUS32_SD      (UINT64_C (1) << 31)
#define MSTATUS64_SD      (UINT64_C (1) << 63)
#define MSTATUS64_UXL_2   (UINT64_C (2) << 32)
#define MSTATUS64_SXL_2   (UINT64_C (2) << 34)
#define MSTATUS_MPP_SHIFT 11
#define MSTATUS_FS_SHIFT  13

#define SSTATUS_WRITABLE (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM | MSTATUS_MXR)
#define MSTATUS_WRITABLE                                                                                     \
  (SSTATUS_WRITABLE | MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_MPRV | MSTATUS_TVM | MSTATUS_TW |   \
   MSTATUS_TSR)

static inline uint64_t
mstatus_sd (const RiscvCpu *rv)
{
  return rv->rv32 ? MSTATUS32_SD : MSTATUS64_SD;
}

/* What of mstatus is sstatus. */
static inline uint64_t
sstatus_mask (const RiscvCpu *rv)
{
  return SSTATUS_WRITABLE | mstatus_sd (rv) | (rv->rv32 ? 0 : UINT64_C (3) << 32);
}

/* Fields of menvcfg and senvcfg. */
#define ENVCFG_CBIE       (UINT64_C (3) << 4)
#define ENVCFG_CBCFE      (UINT64_C (1) << 6)
#define ENVCFG_CBZE       (UINT64_C (1) << 7)
#define ENVCFG_ADUE       (UINT64_C (1) << 61)
#define ENVCFG_PBMTE      (UINT64_C (1) << 62)
#define ENVCFG_STCE       (UINT64_C (1) << 63)
#define ENVCFG_CBIE_SHIFT 4
