/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the table of CSRs leaves open: those that are parts of others, derived, or have consequences. */

#include "riscv-system.h"
#include "riscv-trans.h"

typedef struct {
  uint64_t (*read) (RiscvCpu *rv, unsigned number);
  void (*write) (RiscvCpu *rv, unsigned number, uint64_t value);
} CsrHooks;

#define MIP_SOFT (RV_IP (SSI) | RV_IP (STI) | RV_IP (SEI))

static uint64_t
read_fp (RiscvCpu *rv, unsigned number)
{
  return number == CSR_fflags ? riscv_cpu_fflags (rv) : number == CSR_frm ? rv->frm : riscv_cpu_fcsr (rv);
}

static void
write_fp (RiscvCpu *rv, unsigned number, uint64_t value)
{
  if (number == CSR_fflags)
    riscv_cpu_set_fflags (rv, (unsigned)value);
  else if (number == CSR_frm)
    riscv_cpu_set_frm (rv, (unsigned)value);
  else
    riscv_cpu_set_fcsr (rv, (unsigned)value);
}

static void
write_mstatus (RiscvCpu *rv, unsigned number, uint64_t value)
{
  riscv_set_mstatus (rv, value);
}

static uint64_t
read_sstatus (RiscvCpu *rv, unsigned number)
{
  return rv->cpu.state.var[RV_VAR_MSTATUS] & sstatus_mask (rv);
}

static void
write_sstatus (RiscvCpu *rv, unsigned number, uint64_t value)
{
  uint64_t mstatus = rv->cpu.state.var[RV_VAR_MSTATUS];
  riscv_set_mstatus (rv, (mstatus & ~SSTATUS_WRITABLE) | (value & SSTATUS_WRITABLE));
}

static uint64_t
read_misa (RiscvCpu *rv, unsigned number)
{
  uint64_t letters = riscv_cpu_hwcap (rv) | 1 << ('s' - 'a') | 1 << ('u' - 'a');
  return letters | (rv->rv32 ? UINT64_C (1) << 30 : UINT64_C (2) << 62);
}

static void
write_mie (RiscvCpu *rv, unsigned number, uint64_t value)
{
  uint64_t mask = number == CSR_sie ? rv->mideleg : riscv_csrs[RV_CSR_INDEX_mie].writable;

  __atomic_store_n (&rv->mie, (rv->mie & ~mask) | (value & mask), __ATOMIC_SEQ_CST);
  riscv_irqs_changed (rv);
}

static uint64_t
read_sie (RiscvCpu *rv, unsigned number)
{
  return rv->mie & rv->mideleg;
}

static void
write_mideleg (RiscvCpu *rv, unsigned number, uint64_t value)
{
  rv->mideleg = value;
  riscv_irqs_changed (rv);
}

/* What of the mip bits that software holds `number` may change. */
static uint64_t
mip_writable (const RiscvCpu *rv, unsigned number)
{
  if (number == CSR_sip)
    return RV_IP (SSI) & rv->mideleg;
  return rv->menvcfg & ENVCFG_STCE ? MIP_SOFT & ~RV_IP (STI) : MIP_SOFT;
}

static uint64_t
read_mip (RiscvCpu *rv, unsigned number)
{
  switch (number) {
    case CSR_sip: return riscv_mip (rv) & rv->mideleg;
    case CSR_mip: return riscv_mip (rv);
    default: return __atomic_load_n (&rv->mip, __ATOMIC_SEQ_CST) & mip_writable (rv, CSR_mip); /* mvip */
  }
}

static uint64_t
legal_envcfg (const RiscvCpu *rv, uint64_t old, uint64_t value)
{
  bool clean = rv->exts >> RV_EXT_ZICBOM & 1, zero = rv->exts >> RV_EXT_ZICBOZ & 1;

  if ((value & ENVCFG_CBIE) == UINT64_C (2) << ENVCFG_CBIE_SHIFT) /* reserved */
    value = (value & ~ENVCFG_CBIE) | (old & ENVCFG_CBIE);
  return value & ~((clean ? 0 : ENVCFG_CBIE | ENVCFG_CBCFE) | (zero ? 0 : ENVCFG_CBZE));
}

static void
write_menvcfg (RiscvCpu *rv, unsigned number, uint64_t value)
{
  uint64_t writable = riscv_csrs[RV_CSR_INDEX_menvcfg].writable, old = rv->menvcfg;

  if (number == CSR_menvcfgh)
    value = (uint32_t)old | value << 32;
  else if (rv->rv32)
    value = (old >> 32 << 32) | (uint32_t)value;
  value = legal_envcfg (rv, old, value & writable);
  value &=
      ~((rv->exts >> RV_EXT_SVADU & 1 ? 0 : ENVCFG_ADUE) |
        (rv->exts >> RV_EXT_SVPBMT & 1 ? 0 : ENVCFG_PBMTE) | (rv->exts >> RV_EXT_SSTC & 1 ? 0 : ENVCFG_STCE));
  if (rv->rv32) /* page-based memory types are RV64's */
    value &= ~ENVCFG_PBMTE;
  riscv_set_menvcfg (rv, value);
  if ((value ^ old) & (ENVCFG_ADUE | ENVCFG_PBMTE))
    cpu_tlb_flush (&rv->cpu, 0, 0);
  riscv_update_mode (rv);
  riscv_irqs_changed (rv);
}

static uint64_t
read_menvcfg (RiscvCpu *rv, unsigned number)
{
  return number == CSR_menvcfgh ? rv->menvcfg >> 32 : rv->menvcfg;
}

static void
write_senvcfg (RiscvCpu *rv, unsigned number, uint64_t value)
{
  rv->senvcfg = legal_envcfg (rv, rv->senvcfg, value);
  riscv_update_mode (rv);
}

static void
write_counteren (RiscvCpu *rv, unsigned number, uint64_t value)
{
  *(number == CSR_mcounteren ? &rv->mcounteren : &rv->scounteren) = value;
  riscv_update_mode (rv);
}

/* SPEC: RISC-V privileged §10.1.11: a write with a mode the hart lacks has no effect. */
static void
write_satp (RiscvCpu *rv, unsigned number, uint64_t value)
{
  int levels = riscv_satp_levels (rv, value);

  if (levels < 0)
    return;
  rv->satp = value;
  riscv_update_mode (rv);
}

static uint64_t
read_stimecmp (RiscvCpu *rv, unsigned number)
{
  return number == CSR_stimecmph ? rv->stimecmp >> 32 : rv->stimecmp;
}

static void
write_stimecmp (RiscvCpu *rv, unsigned number, uint64_t value)
{
  if (number == CSR_stimecmph)
    value = (uint32_t)rv->stimecmp | value << 32;
  else if (rv->rv32)
    value = (rv->stimecmp >> 32 << 32) | (uint32_t)value;
  riscv_set_stimecmp (rv, value);
}

static void
write_countinhibit (RiscvCpu *rv, unsigned number, uint64_t value)
{
  riscv_set_countinhibit (rv, value);
}

/* The machine's counters and the views of them: number of the counter, and whether it is its high half. */
static unsigned
counter_of (unsigned number, bool *ret_high)
{
  *ret_high = (number & 0x80) != 0;
  return CSR_mcycle + (number & 0x1f);
}

static uint64_t
read_counter (RiscvCpu *rv, unsigned number)
{
  bool high;
  uint64_t value = riscv_counter (rv, counter_of (number, &high));
  return high ? value >> 32 : value;
}

static void
write_counter (RiscvCpu *rv, unsigned number, uint64_t value)
{
  bool high;
  unsigned csr = counter_of (number, &high);
  uint64_t old = riscv_counter (rv, csr);

  if (high)
    value = (uint32_t)old | value << 32;
  else if (rv->rv32)
    value = (old >> 32 << 32) | (uint32_t)value;
  riscv_set_counter (rv, csr, value);
}

static uint64_t
read_time (RiscvCpu *rv, unsigned number)
{
  return number == CSR_timeh ? riscv_time (rv) >> 32 : riscv_time (rv);
}

/* SPEC: RISC-V debug §5.7.5: without triggers, info has bit 0 set. */
static uint64_t
read_tinfo (RiscvCpu *rv, unsigned number)
{
  return 1;
}

static const CsrHooks hooks[RV_N_CSRS] = {
#define HOOKS(name, ...) [RV_CSR_INDEX_##name] = { __VA_ARGS__ }
  HOOKS (fflags, read_fp, write_fp),
  HOOKS (frm, read_fp, write_fp),
  HOOKS (fcsr, read_fp, write_fp),
  HOOKS (sstatus, read_sstatus, write_sstatus),
  HOOKS (sie, read_sie, write_mie),
  HOOKS (scounteren, NULL, write_counteren),
  HOOKS (senvcfg, NULL, write_senvcfg),
  HOOKS (sip, read_mip, NULL),
  HOOKS (stimecmp, read_stimecmp, write_stimecmp),
  HOOKS (stimecmph, read_stimecmp, write_stimecmp),
  HOOKS (satp, NULL, write_satp),
  HOOKS (stopi, riscv_topi, NULL),
  HOOKS (mstatus, NULL, write_mstatus),
  HOOKS (misa, read_misa, NULL),
  HOOKS (mideleg, NULL, write_mideleg),
  HOOKS (mie, NULL, write_mie),
  HOOKS (mcounteren, NULL, write_counteren),
  HOOKS (mvip, read_mip, NULL),
  HOOKS (menvcfg, read_menvcfg, write_menvcfg),
  HOOKS (menvcfgh, read_menvcfg, write_menvcfg),
  HOOKS (mcountinhibit, NULL, write_countinhibit),
  HOOKS (mip, read_mip, NULL),
  HOOKS (pmpcfg, riscv_pmpcfg, riscv_set_pmpcfg),
  HOOKS (pmpaddr, NULL, riscv_set_pmpaddr),
  HOOKS (tinfo, read_tinfo, NULL),
  HOOKS (mcycle, read_counter, write_counter),
  HOOKS (minstret, read_counter, write_counter),
  HOOKS (mcycleh, read_counter, write_counter),
  HOOKS (minstreth, read_counter, write_counter),
  HOOKS (cycle, read_counter, NULL),
  HOOKS (time, read_time, NULL),
  HOOKS (instret, read_counter, NULL),
  HOOKS (cycleh, read_counter, NULL),
  HOOKS (timeh, read_time, NULL),
  HOOKS (instreth, read_counter, NULL),
  HOOKS (mtopi, riscv_topi, NULL),
#undef HOOKS
};

/* Where a stored CSR is. */
static uint64_t *
storage (RiscvCpu *rv, const RiscvCsr *csr, unsigned number)
{
  if (csr->var != 0)
    return &rv->cpu.state.var[csr->var];
  return csr->member != 0 ? (uint64_t *)((char *)rv + csr->member) + (number - csr->number) : NULL;
}

static uint64_t
read_csr (RiscvCpu *rv, const RiscvCsr *csr, unsigned number)
{
  const CsrHooks *h = &hooks[csr - riscv_csrs];
  const uint64_t *stored = storage (rv, csr, number);
  uint64_t value = h->read != NULL ? h->read (rv, number) : stored != NULL ? *stored : 0;

  return value & rv_xlen_mask (rv);
}

static void
write_csr (RiscvCpu *rv, const RiscvCsr *csr, unsigned number, uint64_t value)
{
  const CsrHooks *h = &hooks[csr - riscv_csrs];
  uint64_t *stored = storage (rv, csr, number), mask = riscv_csr_writable (rv, csr);

  value &= rv_xlen_mask (rv);
  if (csr->writable != 0 && stored != NULL)
    value = (*stored & ~mask) | (value & mask);
  if (h->write != NULL)
    h->write (rv, number, value);
  else if (stored != NULL)
    *stored = value;
}

/* Reads, and with `writes` makes the CSR (old & ~clear) | set as far as it can be. False: the
 * access is illegal now. */
static bool
riscv_csr_access (RiscvCpu *rv, const RiscvCsr *csr, unsigned number, bool writes, uint64_t clear,
                  uint64_t set, uint64_t *ret_old)
{
  if (csr->flags & RV_CSR_DYNAMIC)
    return riscv_aia_access (rv, number, writes, clear, set, ret_old);
  *ret_old = read_csr (rv, csr, number);
  if (!writes)
    return true;
  if (number == CSR_mip || number == CSR_sip || number == CSR_mvip) {
    /* Devices and other harts change the rest of it at any time. */
    uint64_t writable = mip_writable (rv, number);
    riscv_change_mip (rv, clear & writable, set & writable);
    return true;
  }
  write_csr (rv, csr, number, (*ret_old & ~clear) | set);
  return true;
}

uint64_t
riscv_read_csr (IrState *s, uint64_t number, uint64_t b, uint64_t c)
{
  RiscvCpu *rv = (RiscvCpu *)s;
  return read_csr (rv, riscv_csr_by_number ((unsigned)number), (unsigned)number);
}

/* `what` is RV_CSR_ACCESS (...). */
uint64_t
riscv_access_csr (IrState *s, uint64_t source, uint64_t next_pc, uint64_t what)
{
  RiscvCpu *rv = (RiscvCpu *)s;
  unsigned number = what & 0xfff, rd = what >> 12 & 31;
  RvCsrOp op = (RvCsrOp)(what >> 17 & 3);
  uint32_t mode = s->mode;
  uint64_t root = rv->space_root, flags = rv->space_flags, old;

  s->pc = next_pc - 4;
  if (!riscv_csr_access (rv, riscv_csr_by_number (number), number, what >> 19 & 1,
                         op == RV_CSR_WRITE   ? UINT64_MAX
                         : op == RV_CSR_CLEAR ? source
                                              : 0,
                         op == RV_CSR_CLEAR ? 0 : source, &old))
    ir_leave (s, IR_EXIT_ILLEGAL);
  if (rd != 0)
    s->var[RV_VAR_X + rd] = old;
  s->pc = next_pc;
  bool changed = s->mode != mode || rv->space_root != root || rv->space_flags != flags;
  if (!(what & RV_CSR_ACCESS_ENDS) && (changed || (what >> 19 & 1 && riscv_interrupt_due (rv))))
    ir_leave (s, IR_EXIT_MODE);
  return 0;
}

bool
riscv_cpu_get_csr (Cpu *cpu, unsigned number, uint64_t *ret_value)
{
  const RiscvCsr *csr = riscv_csr_find (RV_CPU (cpu), number);
  return csr != NULL && riscv_csr_access (RV_CPU (cpu), csr, number, false, 0, 0, ret_value);
}

bool
riscv_cpu_set_csr (Cpu *cpu, unsigned number, uint64_t value)
{
  const RiscvCsr *csr = riscv_csr_find (RV_CPU (cpu), number);
  uint64_t old;

  return csr != NULL && number >> 10 != 3 &&
         riscv_csr_access (RV_CPU (cpu), csr, number, true, UINT64_MAX, value, &old);
}
