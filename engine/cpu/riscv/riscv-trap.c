/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Privilege: entering and leaving traps, and what code is translated for. */

#include "riscv-system.h"
#include "log.h"

#define CAUSE_INTERRUPT(rv) (UINT64_C (1) << ((rv)->rv32 ? 31 : 63))

RiscvPriv
riscv_data_priv (const RiscvCpu *rv)
{
  uint64_t mstatus = rv->cpu.state.var[RV_VAR_MSTATUS];

  return rv->priv == RV_PRIV_M && mstatus & MSTATUS_MPRV ? (RiscvPriv)(mstatus >> MSTATUS_MPP_SHIFT & 3)
                                                         : rv->priv;
}

/* RV_MODE_*: what a privilege below M is granted. */
static uint32_t
granted (const RiscvCpu *rv, uint64_t mstatus)
{
  bool s = rv->priv == RV_PRIV_S, u = rv->priv == RV_PRIV_U;
  uint64_t counters = rv->mcounteren & (u ? rv->scounteren : 7);
  uint64_t env = rv->menvcfg & (u ? rv->senvcfg : UINT64_MAX);
  /* CBIE's two values that permit cbo.inval have bit 4 in common. */
  bool inval = env & (UINT64_C (1) << ENVCFG_CBIE_SHIFT), sstc = rv->menvcfg & ENVCFG_STCE;

  return (counters & 1 ? RV_MODE_CYCLE : 0) | (counters & 2 ? RV_MODE_TIME : 0) |
         (counters & 4 ? RV_MODE_INSTRET : 0) | (s && sstc && counters & 2 ? RV_MODE_STIMECMP : 0) |
         (s && !(mstatus & MSTATUS_TVM) ? RV_MODE_SATP : 0) |
         (s && !(mstatus & MSTATUS_TSR) ? RV_MODE_SRET : 0) |
         (s && !(mstatus & MSTATUS_TW) ? RV_MODE_WFI : 0) | (env & ENVCFG_CBCFE ? RV_MODE_CBO_CLEAN : 0) |
         (env & ENVCFG_CBZE ? RV_MODE_CBO_ZERO : 0) | (inval ? RV_MODE_CBO_INVAL : 0);
}

bool
riscv_update_mode (RiscvCpu *rv)
{
  const uint32_t all = RV_MODE_CYCLE | RV_MODE_TIME | RV_MODE_INSTRET | RV_MODE_STIMECMP | RV_MODE_SATP |
                       RV_MODE_SRET | RV_MODE_WFI | RV_MODE_CBO_CLEAN | RV_MODE_CBO_ZERO | RV_MODE_CBO_INVAL;
  IrState *s = &rv->cpu.state;
  uint64_t mstatus = s->var[RV_VAR_MSTATUS];
  uint32_t mode = s->mode & (IR_MODE_FP_EXACT | RV_MODE_FRM_INVALID);
  CpuSpaceKey key = riscv_space (&rv->cpu);
  bool moved = key.root != rv->space_root || key.flags != rv->space_flags;

  mode |= (uint32_t)rv->priv << RV_MODE_PRIV_SHIFT;
  /* What U mode has used it goes on using; others come to it by riscv_use_fp(). */
  bool uses_fp = rv->priv == RV_PRIV_U || (s->mode & RV_MODE_FS_DIRTY && RV_MODE_PRIV (s->mode) == rv->priv);
  if (uses_fp && (mstatus & MSTATUS_FS) == MSTATUS_FS)
    mode |= RV_MODE_FS_DIRTY;
  mode |= rv->priv == RV_PRIV_M ? all : granted (rv, mstatus);
  if (moved) {
    rv->space_root = key.root;
    rv->space_flags = key.flags;
  }
  bool changed = moved || mode != s->mode;
  s->mode = mode;
  return changed;
}

uint64_t
riscv_use_fp (IrState *s, uint64_t pc, uint64_t writes, uint64_t c)
{
  RiscvCpu *rv = (RiscvCpu *)s;
  uint64_t *mstatus = &s->var[RV_VAR_MSTATUS];

  if ((*mstatus & MSTATUS_FS) == 0) {
    s->pc = pc;
    ir_leave (s, IR_EXIT_ILLEGAL);
  }
  if (writes)
    *mstatus |= MSTATUS_FS | mstatus_sd (rv);
  if ((*mstatus & MSTATUS_FS) == MSTATUS_FS) {
    s->mode |= RV_MODE_FS_DIRTY;
    s->pc = pc;
    ir_leave (s, IR_EXIT_MODE);
  }
  return 0;
}

void
riscv_set_mstatus (RiscvCpu *rv, uint64_t value)
{
  IrState *s = &rv->cpu.state;
  uint64_t writable = MSTATUS_WRITABLE;

  /* SPEC: RISC-V privileged §3.1.6.6: without F, FS is zero. A privilege that does not exist leaves MPP as it
   * is. */
  if (!(rv->exts >> RV_EXT_F & 1))
    writable &= ~MSTATUS_FS;
  if ((value >> MSTATUS_MPP_SHIFT & 3) == 2)
    writable &= ~MSTATUS_MPP;
  value = (s->var[RV_VAR_MSTATUS] & ~writable & MSTATUS_WRITABLE) | (value & writable);
  if ((value & MSTATUS_FS) == MSTATUS_FS)
    value |= mstatus_sd (rv);
  if (!rv->rv32)
    value |= MSTATUS64_UXL_2 | MSTATUS64_SXL_2;
  s->var[RV_VAR_MSTATUS] = value;
  riscv_update_mode (rv);
  riscv_irqs_changed (rv);
}

/* mstatus with these bits cleared and set, where neither FS nor a WARL field is among them. */
static void
change_mstatus (RiscvCpu *rv, uint64_t clear, uint64_t set)
{
  uint64_t *mstatus = &rv->cpu.state.var[RV_VAR_MSTATUS];

  *mstatus = (*mstatus & ~clear) | set;
}

static void
enter_m (RiscvCpu *rv, uint64_t cause, uint64_t tval)
{
  IrState *s = &rv->cpu.state;
  bool enabled = s->var[RV_VAR_MSTATUS] & MSTATUS_MIE;

  s->var[RV_VAR_MEPC] = s->pc;
  s->var[RV_VAR_MCAUSE] = cause;
  s->var[RV_VAR_MTVAL] = tval;
  change_mstatus (rv, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP,
                  (enabled ? MSTATUS_MPIE : 0) | (uint64_t)rv->priv << MSTATUS_MPP_SHIFT);
  rv->priv = RV_PRIV_M;
}

static void
enter_s (RiscvCpu *rv, uint64_t cause, uint64_t tval)
{
  IrState *s = &rv->cpu.state;
  bool enabled = s->var[RV_VAR_MSTATUS] & MSTATUS_SIE;

  s->var[RV_VAR_SEPC] = s->pc;
  s->var[RV_VAR_SCAUSE] = cause;
  s->var[RV_VAR_STVAL] = tval;
  change_mstatus (rv, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP,
                  (enabled ? MSTATUS_SPIE : 0) | (rv->priv == RV_PRIV_S ? MSTATUS_SPP : 0));
  rv->priv = RV_PRIV_S;
}

static void
take_trap (RiscvCpu *rv, RiscvPriv to, bool interrupt, unsigned code, uint64_t tval)
{
  IrState *s = &rv->cpu.state;
  uint64_t cause = code | (interrupt ? CAUSE_INTERRUPT (rv) : 0);
  uint64_t tvec = s->var[to == RV_PRIV_M ? RV_VAR_MTVEC : RV_VAR_STVEC];

  if (vlog_enabled (VLOG_INT))
    vlog_always ("hart %" G_GUINT64_FORMAT ": %s %u from %c to %c, pc %" G_GINT64_MODIFIER
                 "x tval %" G_GINT64_MODIFIER "x\n",
                 rv->mhartid, interrupt ? "interrupt" : "exception", code, "US?M"[rv->priv], "US?M"[to],
                 s -> pc, tval);
  riscv_cpu_clear_reservation (rv);
  if (to == RV_PRIV_M)
    enter_m (rv, cause, tval & rv_xlen_mask (rv));
  else
    enter_s (rv, cause, tval & rv_xlen_mask (rv));
  s->pc = (tvec & ~UINT64_C (3)) + (interrupt && tvec & 1 ? 4 * code : 0);
  s->pc &= rv_xlen_mask (rv);
  riscv_update_mode (rv);
}

/* The instruction at pc. Zero if it has become unreadable since it was translated. */
static uint32_t
instruction_bits (Cpu *cpu)
{
  uint8_t code[4] = { 0 };
  IrFault ignored;
  size_t have = cpu->fetch != NULL ? cpu->fetch (cpu, cpu->state.pc, code, sizeof code, &ignored) : 0;

  if (have < 2)
    return 0;
  uint32_t bits = code[0] | code[1] << 8;
  if ((bits & 3) != 3)
    return bits;
  if (have < 4)
    cpu->fetch (cpu, cpu->state.pc + 2, code + 2, 2, &ignored);
  return bits | (uint32_t)(code[2] | code[3] << 8) << 16;
}

/* What a load's cause is for instructions that are neither loads nor stores: a load-reserved checks its
 * alignment as atomics do; a cache-block operation touches memory by a load, and is to fault as a store. */
static unsigned
exact_cause (Cpu *cpu, unsigned code)
{
  uint32_t insn, opcode, funct3;

  if (code != RV_CAUSE_LOAD_PAGE && code != RV_CAUSE_LOAD_ACCESS && code != RV_CAUSE_STORE_MISALIGNED)
    return code;
  insn = instruction_bits (cpu);
  opcode = insn & 0x7f, funct3 = insn >> 12 & 7;
  if (code == RV_CAUSE_STORE_MISALIGNED)
    return opcode == 0x2f && insn >> 27 == 2 ? RV_CAUSE_LOAD_MISALIGNED : code;
  return opcode == 0x0f && funct3 == 2 ? code + 2 : code;
}

void
riscv_exception (Cpu *cpu, IrExit reason)
{
  RiscvCpu *rv = RV_CPU (cpu);
  unsigned code = rv->trap_cause;
  uint64_t tval = cpu->state.fault.addr;

  if (reason == IR_EXIT_BREAKPOINT && riscv_is_semihosting (rv)) {
    riscv_semihost (rv);
    return;
  }
  switch (reason) {
    case IR_EXIT_SYSCALL: code = RV_CAUSE_ECALL_U + rv->priv, tval = 0; break;
    case IR_EXIT_BREAKPOINT: code = RV_CAUSE_BREAKPOINT, tval = cpu->state.pc; break;
    case IR_EXIT_ILLEGAL: code = RV_CAUSE_ILLEGAL, tval = instruction_bits (cpu); break;
    case IR_EXIT_FAULT: code = exact_cause (cpu, code); break;
    case IR_EXIT_FETCH_FAULT: break;
    default: g_return_if_reached ();
  }
  bool delegated = rv->priv != RV_PRIV_M && rv->medeleg >> code & 1;
  take_trap (rv, delegated ? RV_PRIV_S : RV_PRIV_M, false, code, tval);
}

/* Takes the most urgent interrupt that is enabled, or (`take` false) says whether there is one. */
static bool
interrupt_now (RiscvCpu *rv, bool take)
{
  uint64_t pending = riscv_mip (rv) & rv->mie, mstatus = rv->cpu.state.var[RV_VAR_MSTATUS];
  uint64_t m = pending & ~rv->mideleg, s = pending & rv->mideleg;
  bool to_m = m != 0 && (rv->priv != RV_PRIV_M || mstatus & MSTATUS_MIE),
       to_s = s != 0 && (rv->priv == RV_PRIV_U || (rv->priv == RV_PRIV_S && mstatus & MSTATUS_SIE));

  if (take && to_m)
    take_trap (rv, RV_PRIV_M, true, riscv_most_urgent (m), 0);
  else if (take && to_s)
    take_trap (rv, RV_PRIV_S, true, riscv_most_urgent (s), 0);
  return to_m || to_s;
}

bool
riscv_interrupt (Cpu *cpu)
{
  return interrupt_now (RV_CPU (cpu), true);
}

bool
riscv_interrupt_due (RiscvCpu *rv)
{
  return interrupt_now (rv, false);
}

/* SPEC: RISC-V privileged §3.1.6.1 and §3.1.6.3: the stack of privileges and enables is popped; MPRV ends
 * with M mode. */
uint64_t
riscv_xret (IrState *s, uint64_t from, uint64_t b, uint64_t c)
{
  RiscvCpu *rv = (RiscvCpu *)s;
  uint64_t mstatus = s->var[RV_VAR_MSTATUS];

  if (from == RV_PRIV_M) {
    rv->priv = (RiscvPriv)(mstatus >> MSTATUS_MPP_SHIFT & 3);
    s->pc = s->var[RV_VAR_MEPC];
    change_mstatus (rv, MSTATUS_MIE | MSTATUS_MPP, MSTATUS_MPIE | (mstatus & MSTATUS_MPIE ? MSTATUS_MIE : 0));
  } else {
    rv->priv = mstatus & MSTATUS_SPP ? RV_PRIV_S : RV_PRIV_U;
    s->pc = s->var[RV_VAR_SEPC];
    change_mstatus (rv, MSTATUS_SIE | MSTATUS_SPP, MSTATUS_SPIE | (mstatus & MSTATUS_SPIE ? MSTATUS_SIE : 0));
  }
  if (rv->priv != RV_PRIV_M)
    change_mstatus (rv, MSTATUS_MPRV, 0);
  riscv_update_mode (rv);
  riscv_irqs_changed (rv);
  ir_leave (s, IR_EXIT_MODE);
}
