/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The CSR table. Their hooks are in riscv-csr.c, which only machines link. */

#include "riscv-csr.h"
#include <string.h>

#define E(EXT)   (1ull << RV_EXT_##EXT)
#define NONE     .member = 0
#define VAR(V)   .var = RV_VAR_##V
#define FIELD(F) .member = offsetof (RiscvCpu, F)
const RiscvCsr riscv_csrs[RV_N_CSRS] = {
#define RV_CSR(NUMBER, NAME, NEEDS, FLAGS, STORAGE, WRITABLE)                                                \
  { .number = NUMBER,                                                                                        \
    .count = 1,                                                                                              \
    .name = #NAME,                                                                                           \
    .needs = NEEDS,                                                                                          \
    .flags = FLAGS,                                                                                          \
    .writable = WRITABLE,                                                                                    \
    STORAGE },
#define RV_CSRS(NUMBER, COUNT, NAME, FIRST, NEEDS, FLAGS, STORAGE, WRITABLE)                                 \
  { .number = NUMBER,                                                                                        \
    .count = COUNT,                                                                                          \
    .first = FIRST,                                                                                          \
    .name = #NAME,                                                                                           \
    .needs = NEEDS,                                                                                          \
    .flags = FLAGS,                                                                                          \
    .writable = WRITABLE,                                                                                    \
    STORAGE },
#include "riscv-csr.def"
};

const RiscvCsr *
riscv_csr_by_number (unsigned number)
{
  for (unsigned i = 0; i < RV_N_CSRS; i++)
    if (number >= riscv_csrs[i].number && number < riscv_csrs[i].number + riscv_csrs[i].count)
      return &riscv_csrs[i];
  return NULL;
}

const RiscvCsr *
riscv_csr_find (const RiscvCpu *rv, unsigned number)
{
  const RiscvCsr *csr = riscv_csr_by_number (number);

  if (csr == NULL || (csr->needs & ~rv->exts) != 0 || (csr->flags & RV_CSR_RV32 && !rv->rv32))
    return NULL;
  /* SPEC: RISC-V privileged §3.7.1: on RV64 only the even-numbered pmpcfg exist. */
  if (csr == &riscv_csrs[RV_CSR_INDEX_pmpcfg] && !rv->rv32 && number & 1)
    return NULL;
  return csr;
}

void
riscv_csr_name (const RiscvCsr *csr, unsigned number, char *out)
{
  unsigned element = csr->first + number - csr->number;
  size_t size = strlen (csr->name);

  if (csr->count == 1)
    g_strlcpy (out, csr->name, 16);
  else if (csr->flags & RV_CSR_RV32) /* hpmcounter3h */
    g_snprintf (out, 16, "%.*s%uh", (int)size - 1, csr->name, element);
  else
    g_snprintf (out, 16, "%s%u", csr->name, element);
}

uint64_t
riscv_csr_writable (const RiscvCpu *rv, const RiscvCsr *csr)
{
  uint64_t mask = csr->writable;
  bool is_pc = csr->number == CSR_mepc || csr->number == CSR_sepc;

  if (is_pc && !(rv->exts & E (C)))
    mask &= ~UINT64_C (3);
  return rv->rv32 && csr->number != CSR_stimecmp && csr->number != CSR_menvcfg ? (uint32_t)mask : mask;
}
