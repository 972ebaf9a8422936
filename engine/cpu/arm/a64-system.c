/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Hints, barriers, and system registers as a program at EL0 under Linux has them (DDI 0487, C4.1.94). */

#include "arm-helpers.h"
#include "arm-trans.h"
#include <sys/random.h>
#include <time.h>

/* ---- Hints. ---- */

enum {
  HINT_YIELD = 1,
  HINT_WFE,
  HINT_WFI,
  HINT_XPACLRI = 7,
  HINT_PACIA1716 = 8,
  HINT_PACIAZ = 24,
  HINT_AUTIBSP = 31
};

/* The hints of pointer authentication. */
static bool
is_pauth_hint (unsigned number)
{
  bool with_x17 = number >= HINT_PACIA1716 && number < 16 && number % 2 == 0;
  return number == HINT_XPACLRI || with_x17 || (number >= HINT_PACIAZ && number <= HINT_AUTIBSP);
}

/* Events are not kept: who waits for one looks again soon, which the architecture allows. */
IsaFlow
a64_trans_hint (A64Trans *t, const A64Args *a)
{
  unsigned number = (unsigned)a->crm << 3 | a->op2;
  if (is_pauth_hint (number))
    return a64_pauth_hint (t, number);
  if (t->arm->system && (number == HINT_WFE || number == HINT_WFI))
    return a64_system_wait (t, number == HINT_WFE);
  if (number < HINT_YIELD || number > HINT_WFI)
    return ISA_NEXT;
  ir_exit (t->b, IR_EXIT_PAUSE, t->next_pc);
  return ISA_END;
}

/* ---- Barriers. ---- */

IsaFlow
a64_trans_clrex (A64Trans *t, const A64Args *a)
{
  ir_set (t->b, ARM_VAR_EXCL_ADDR, ir_const (t->b, (int64_t)ARM_NOT_EXCLUSIVE));
  return ISA_NEXT;
}

/* Bits 1:0 of CRm say which accesses; how far off the observers are makes no difference. */
IsaFlow
a64_trans_dmb (A64Trans *t, const A64Args *a)
{
  static const uint8_t masks[] = { IR_FENCE_LL | IR_FENCE_LS | IR_FENCE_SL | IR_FENCE_SS,
                                   IR_FENCE_LL | IR_FENCE_LS, IR_FENCE_SS,
                                   IR_FENCE_LL | IR_FENCE_LS | IR_FENCE_SL | IR_FENCE_SS };
  ir_fence (t->b, masks[a->crm & 3]);
  return ISA_NEXT;
}

/* It also waits for invalidated instructions to be gone. */
IsaFlow
a64_trans_dsb (A64Trans *t, const A64Args *a)
{
  unsigned helper = t->arm->system ? ARM_HELPER_DSB : ARM_HELPER_COMPLETE_INVALIDATION;
  a64_trans_dmb (t, a);
  ir_helper (t->b, helper, false, ir_const_pc (t->b, t->next_pc), IR_NONE, IR_NONE);
  return ISA_NEXT;
}

/* Whatever changes what the following instructions are or mean (system registers, TLB and cache maintenance
 * with the DSB that completes it) is in effect at once, and ends its block.  Nothing is left to wait for:
 * clocks are read behind an ISB, so that it has to be cheap. */
IsaFlow
a64_trans_isb (A64Trans *t, const A64Args *a)
{
  return ISA_NEXT;
}

/* The host's own speculation is not ours to stop, beyond what a full fence does. */
IsaFlow
a64_trans_sb (A64Trans *t, const A64Args *a)
{
  ir_fence (t->b, IR_FENCE_LL | IR_FENCE_LS | IR_FENCE_SL | IR_FENCE_SS);
  return ISA_NEXT;
}

/* ---- Cache maintenance. ---- */

/* IC IVAU: a loop over lines adds up to a range, which the barrier after it deals with at once. */
uint64_t
arm_invalidate_code (IrState *s, uint64_t addr, uint64_t line, uint64_t c)
{
  uint64_t start = addr & ~(line - 1), end = start + line;

  if (s->flush_end == 0 || start < s->flush_start)
    s->flush_start = start;
  if (end == 0 || end > s->flush_end)
    s->flush_end = end == 0 ? UINT64_MAX : end;
  return 0;
}

uint64_t
arm_complete_invalidation (IrState *s, uint64_t next_pc, uint64_t b, uint64_t c)
{
  if (s->flush_end != 0) {
    s->pc = next_pc;
    ir_leave (s, IR_EXIT_ICACHE);
  }
  return 0;
}

void
a64_invalidate_code (A64Trans *t, IrVal addr)
{
  uint64_t line = UINT64_C (4) << (arm_cpu_id_register (t->arm, ARM_ID_CTR) & 15);
  ir_helper (t->b, ARM_HELPER_INVALIDATE_CODE, false, addr, ir_const (t->b, (int64_t)line), IR_NONE);
}

#define SYS(op1, crn, crm, op2) ((op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

static unsigned
sys_number (const A64Args *a)
{
  return SYS ((unsigned)a->op1, (unsigned)a->crn, (unsigned)a->crm, (unsigned)a->op2);
}

/* The host keeps its caches coherent; what remains of cleaning a line is that it must be accessible. */
static IsaFlow
clean (A64Trans *t, IrVal addr)
{
  ir_load (t->b, IR_I32, IR_MEM (0, false), addr, 0);
  return ISA_NEXT;
}

IsaFlow
a64_trans_sys (A64Trans *t, const A64Args *a)
{
  IrVal addr = a64_x (t, a->rt);
  if (t->arm->system)
    return a64_system_sys (t, a);
  switch (sys_number (a)) {
    case SYS (3, 7, 4, 1): /* DC ZVA */
      ir_emit (t->b, IR_DESC (.op = IR_ZEROLINE, .imm = ARM_ZVA_SIZE), addr, IR_NONE, IR_NONE);
      return ISA_NEXT;
    case SYS (3, 7, 5, 1): /* IC IVAU */ a64_invalidate_code (t, addr); return ISA_NEXT;
    case SYS (3, 7, 10, 1): /* DC CVAC */
    case SYS (3, 7, 11, 1): /* DC CVAU */
    case SYS (3, 7, 14, 1): /* DC CIVAC */ return clean (t, addr);
    case SYS (3, 7, 12, 1): /* DC CVAP */
      return arm_has (t->arm, ARM_EXT_DPB) ? clean (t, addr) : a64_undefined (t);
    case SYS (3, 7, 13, 1): /* DC CVADP */
      return arm_has (t->arm, ARM_EXT_DPB2) ? clean (t, addr) : a64_undefined (t);
    default: return a64_undefined (t);
  }
}

/* ---- System registers. ---- */

/* Those of user mode that a machine has in the same way come first, the others are a64-sysreg.c's there. */
enum {
  NZCV = SYS (3, 4, 2, 0),
  DIT = SYS (3, 4, 2, 5),
  SSBS = SYS (3, 4, 2, 6),
  FPCR = SYS (3, 4, 4, 0),
  FPSR = SYS (3, 4, 4, 1),
  TPIDR_EL0 = SYS (3, 13, 0, 2),
  TPIDRRO_EL0 = SYS (3, 13, 0, 3),
  CTR_EL0 = SYS (3, 0, 0, 1),
  DCZID_EL0 = SYS (3, 0, 0, 7),
  RNDR = SYS (3, 2, 4, 0),
  RNDRRS = SYS (3, 2, 4, 1),
  CNTFRQ_EL0 = SYS (3, 14, 0, 0),
  CNTVCT_EL0 = SYS (3, 14, 0, 2),
};
#define PSTATE_SSBS 12
#define PSTATE_DIT  24

static IsaFlow
read_constant (A64Trans *t, unsigned rt, uint64_t value)
{
  a64_set_x (t, rt, ir_const (t->b, (int64_t)value));
  return ISA_NEXT;
}

static IsaFlow
read_helper (A64Trans *t, unsigned rt, unsigned helper)
{
  a64_set_x (t, rt, ir_helper (t->b, helper, true, IR_NONE, IR_NONE, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
read_pstate (A64Trans *t, const A64Args *a, ArmExt ext, unsigned bit)
{
  if (!arm_has (t->arm, ext))
    return a64_undefined (t);
  a64_set_x (t, a->rt, ir_op2 (t->b, IR_AND, IR_I64, ARM_VAR_PSTATE, ir_const (t->b, INT64_C (1) << bit)));
  return ISA_NEXT;
}

static IsaFlow
write_pstate (A64Trans *t, ArmExt ext, unsigned bit, IrVal value)
{
  int64_t mask = INT64_C (1) << bit;
  if (!arm_has (t->arm, ext))
    return a64_undefined (t);
  value = ir_op2 (t->b, IR_AND, IR_I64, value, ir_const (t->b, mask));
  IrVal others = ir_op2 (t->b, IR_AND, IR_I64, ARM_VAR_PSTATE, ir_const (t->b, ~mask));
  ir_set (t->b, ARM_VAR_PSTATE, ir_op2 (t->b, IR_OR, IR_I64, others, value));
  return ISA_NEXT;
}

uint64_t
arm_read_counter (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * ARM_COUNTER_FREQUENCY +
         (uint64_t)now.tv_nsec * (ARM_COUNTER_FREQUENCY / 100000) / (1000000000 / 100000);
}

/* RNDR: Z says that there is no random number at present. */
uint64_t
arm_random (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  uint64_t value;
  bool got = getrandom (&value, sizeof value, GRND_NONBLOCK) == sizeof value;
  s->var[ARM_VAR_NZCV] = got ? 0 : IR_CC_Z;
  return got ? value : 0;
}

/* What Linux lets a program see of the ID registers (its "CPU feature registers"): the fields that name
 * something a program may use, and fixed values for others.  op1 is 0 and CRn 0. */
static IsaFlow
read_id (A64Trans *t, const A64Args *a)
{
  static const struct {
    uint8_t number, id;
    uint64_t visible, fixed;
  } known[] = {
    { SYS (0, 0, 0, 0), ARM_ID_MIDR, UINT64_MAX, 0 },
    { SYS (0, 0, 0, 5), ARM_ID_MIDR, 0, UINT64_C (1) << 31 }, /* MPIDR_EL1 */
    { SYS (0, 0, 0, 6), ARM_ID_MIDR, 0, 0 },                  /* REVIDR_EL1 */
    { SYS (0, 0, 4, 0), ARM_ID_PFR0, UINT64_C (0x000f000f00ff0000), 0x11 },
    { SYS (0, 0, 4, 1), ARM_ID_PFR1, UINT64_C (0xff), 0 },
    { SYS (0, 0, 5, 0), ARM_ID_DFR0, 0, 6 },
    { SYS (0, 0, 6, 0), ARM_ID_ISAR0, UINT64_C (0xf0fffffff0fffff0), 0 },
    { SYS (0, 0, 6, 1), ARM_ID_ISAR1, UINT64_C (0x00fff0ffffffffff), 0 },
    { SYS (0, 0, 7, 0), ARM_ID_MMFR0, 0, 0xff000000 },
    { SYS (0, 0, 7, 1), ARM_ID_MMFR1, UINT64_C (0x0000f00000000000), 0 },
    { SYS (0, 0, 7, 2), ARM_ID_MMFR2, UINT64_C (0x0000000f00000000), 0 },
  };
  unsigned number = sys_number (a);
  for (unsigned i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].number == number) {
      uint64_t value = arm_cpu_id_register (t->arm, known[i].id) & known[i].visible;
      return read_constant (t, a->rt, value | known[i].fixed);
    }
  /* The others of this space read as zero. */
  return a->crm >= 2 && a->crm <= 7 ? read_constant (t, a->rt, 0) : a64_undefined (t);
}

static bool
is_fp_register (const A64Args *a)
{
  return sys_number (a) == FPCR || sys_number (a) == FPSR;
}

IsaFlow
a64_trans_mrs (A64Trans *t, const A64Args *a)
{
  if (t->mode & ARM_MODE_NO_FP && is_fp_register (a))
    return a64_fp_trap (t);
  switch (sys_number (a)) {
    case NZCV:
      a64_set_x (t, a->rt, ir_op2 (t->b, IR_SHL, IR_I64, ARM_VAR_NZCV, ir_const (t->b, 28)));
      return ISA_NEXT;
    case DIT: return read_pstate (t, a, ARM_EXT_DIT, PSTATE_DIT);
    case SSBS: return read_pstate (t, a, ARM_EXT_SSBS, PSTATE_SSBS);
    case FPCR: a64_set_x (t, a->rt, ARM_VAR_FPCR); return ISA_NEXT;
    case FPSR: return read_helper (t, a->rt, ARM_HELPER_READ_FPSR);
    case RNDR:
    case RNDRRS:
      return arm_has (t->arm, ARM_EXT_RNG) ? read_helper (t, a->rt, ARM_HELPER_RANDOM) : a64_undefined (t);
    default: break;
  }
  if (t->arm->system)
    return a64_system_mrs (t, a, 3);
  switch (sys_number (a)) {
    case TPIDR_EL0: a64_set_x (t, a->rt, ARM_VAR_TPIDR_EL0); return ISA_NEXT;
    case TPIDRRO_EL0: return read_constant (t, a->rt, 0);
    case CTR_EL0: return read_constant (t, a->rt, arm_cpu_id_register (t->arm, ARM_ID_CTR));
    case DCZID_EL0: return read_constant (t, a->rt, __builtin_ctz (ARM_ZVA_SIZE / 4));
    case CNTFRQ_EL0: return read_constant (t, a->rt, ARM_COUNTER_FREQUENCY);
    case CNTVCT_EL0: return read_helper (t, a->rt, ARM_HELPER_READ_COUNTER);
    default: return a->op1 == 0 && a->crn == 0 ? read_id (t, a) : a64_undefined (t);
  }
}

IsaFlow
a64_trans_msr (A64Trans *t, const A64Args *a)
{
  IrVal value = a64_x (t, a->rt), flags;
  if (t->mode & ARM_MODE_NO_FP && is_fp_register (a))
    return a64_fp_trap (t);
  switch (sys_number (a)) {
    case NZCV:
      flags = ir_op2 (t->b, IR_SHR, IR_I32, value, ir_const (t->b, 28));
      a64_set_flags (t, flags);
      return ISA_NEXT;
    case DIT: return write_pstate (t, ARM_EXT_DIT, PSTATE_DIT, value);
    case SSBS: return write_pstate (t, ARM_EXT_SSBS, PSTATE_SSBS, value);
    case FPCR:
      ir_helper (t->b, ARM_HELPER_WRITE_FPCR, false, value, ir_const_pc (t->b, t->next_pc), IR_NONE);
      return ISA_NEXT;
    case FPSR: ir_helper (t->b, ARM_HELPER_WRITE_FPSR, false, value, IR_NONE, IR_NONE); return ISA_NEXT;
    case TPIDR_EL0: ir_set (t->b, ARM_VAR_TPIDR_EL0, value); return ISA_NEXT;
    default: return t->arm->system ? a64_system_msr (t, a, 3) : a64_undefined (t);
  }
}

/* op0 2: debug. */
IsaFlow
a64_trans_mrs_debug (A64Trans *t, const A64Args *a)
{
  return t->arm->system ? a64_system_mrs (t, a, 2) : a64_undefined (t);
}

IsaFlow
a64_trans_msr_debug (A64Trans *t, const A64Args *a)
{
  return t->arm->system ? a64_system_msr (t, a, 2) : a64_undefined (t);
}

IsaFlow
a64_trans_msr_dit_imm (A64Trans *t, const A64Args *a)
{
  return write_pstate (t, ARM_EXT_DIT, PSTATE_DIT, ir_const (t->b, a->crm & 1 ? -1 : 0));
}

IsaFlow
a64_trans_msr_ssbs_imm (A64Trans *t, const A64Args *a)
{
  return write_pstate (t, ARM_EXT_SSBS, PSTATE_SSBS, ir_const (t->b, a->crm & 1 ? -1 : 0));
}
