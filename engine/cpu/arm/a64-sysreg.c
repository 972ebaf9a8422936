/* SPDX-License-Identifier: GPL-3.0-or-later */

/* System registers and instructions of a machine (DDI 0487, C5).  What depends on the exception level and on
 * settings that seldom change is decided here, for IrState.mode says them; registers that are variables are
 * moves. */

#include "arm-bits.h"
#include "arm-helpers.h"
#include "arm-sysreg.h"
#include "arm-trans.h"

#define REG_OF(a, op0)                                                                                       \
  ARM_REG ((op0), (unsigned)(a)->op1, (unsigned)(a)->crn, (unsigned)(a)->crm, (unsigned)(a)->op2)

static unsigned
level (const A64Trans *t)
{
  return ARM_MODE_EL (t->mode);
}

static IrVal
number (A64Trans *t, uint64_t value)
{
  return ir_const (t->b, (int64_t)value);
}

static IsaFlow
end (A64Trans *t)
{
  ir_exit (t->b, IR_EXIT_MODE, t->next_pc);
  return ISA_END;
}

/* What a helper is told of an access. */
static IrVal
packed (A64Trans *t, unsigned reg, unsigned rt, ArmSysregId id)
{
  return number (t, reg | (uint64_t)rt << 16 | (uint64_t)id << 24);
}

/* ---- Which register a name means. ---- */

/* EL2's counterpart of an EL1 register that SR_VHE flags. */
static unsigned
el2_counterpart (unsigned reg)
{
  if (reg == ARM_REG (3, 0, 1, 0, 2)) /* CPACR_EL1: CPTR_EL2 */
    return ARM_REG (3, 4, 1, 1, 2);
  return (reg & ~(7u << 11)) | 4u << 11;
}

/* The EL1 register that NAME_EL12 or NAME_EL02 is. */
static unsigned
el1_of_alias (unsigned reg)
{
  bool timer = ARM_REG_CRN (reg) == 14 && ARM_REG_CRM (reg) >= 2;
  return (reg & ~(7u << 11)) | (timer ? 3u << 11 : 0);
}

/* The register, or ARM_N_SYSREGS if none of that name can be accessed. */
static ArmSysregId
meant (const A64Trans *t, unsigned reg)
{
  unsigned el = level (t), op1 = ARM_REG_OP1 (reg);
  bool e2h = t->mode & ARM_MODE_E2H;
  ArmSysregId id;

  if (op1 == 5) { /* at EL3 it takes E2H, too, which its mode does not say: no software does that */
    id = e2h ? arm_sysreg_find (t->arm, el1_of_alias (reg)) : ARM_N_SYSREGS;
    return id != ARM_N_SYSREGS && arm_sysregs[id].flags & SR_VHE ? id : ARM_N_SYSREGS;
  }
  static const uint8_t lowest[8] = { 1, 1, 1, 0, 2, 2, 3, 1 };
  if (el < lowest[op1])
    return ARM_N_SYSREGS;
  id = arm_sysreg_find (t->arm, reg);
  if (e2h && id != ARM_N_SYSREGS && arm_sysregs[id].flags & SR_VHE)
    id = arm_sysreg_find (t->arm, el2_counterpart (reg));
  return id;
}

/* ID registers that are not there read as zero. */
static bool
is_id_space (const A64Trans *t, unsigned reg)
{
  return level (t) >= 1 && ARM_REG_OP0 (reg) == 3 && ARM_REG_OP1 (reg) == 0 && ARM_REG_CRN (reg) == 0 &&
         ARM_REG_CRM (reg) >= 1 && ARM_REG_CRM (reg) <= 7;
}

static bool
is_gic (const A64Trans *t, unsigned reg)
{
  unsigned op1 = ARM_REG_OP1 (reg);
  return arm_reg_is_gic (reg) && level (t) >= (op1 == 0 ? 1u : op1 == 4 ? 2u : 3u);
}

/* SP of another level; that of the current one has no name. */
static bool
is_current_sp (const A64Trans *t, ArmSysregId id)
{
  return id == ARM_SR_SP_EL0 && !(t->mode & ARM_MODE_SPSEL);
}

/* A variable that nothing keeps the current level from. */
static bool
is_plain (const A64Trans *t, ArmSysregId id)
{
  const ArmSysreg *r = &arm_sysregs[id];
  return r->var != 0 && (!(r->flags & SR_VM) || !(t->mode & ARM_MODE_NO_VM));
}

/* ---- PSTATE. ---- */

enum {
  SPSEL = ARM_REG (3, 0, 4, 2, 0),
  CURRENTEL = ARM_REG (3, 0, 4, 2, 2),
  PAN = ARM_REG (3, 0, 4, 2, 3),
  UAO = ARM_REG (3, 0, 4, 2, 4),
  DAIF = ARM_REG (3, 3, 4, 2, 1),
};

/* Whether `reg` is of PSTATE and this vCPU has it. */
static bool
is_pstate (const A64Trans *t, unsigned reg)
{
  switch (reg) {
    case SPSEL:
    case CURRENTEL: return level (t) >= 1;
    case PAN: return level (t) >= 1 && arm_has (t->arm, ARM_EXT_PAN);
    case UAO: return level (t) >= 1 && arm_has (t->arm, ARM_EXT_UAO);
    case DAIF: return true;
    default: return false;
  }
}

/* Before an access of DAIF. What EL0 may do is not in the mode: no system lets it. */
static void
check_daif (A64Trans *t, unsigned reg, unsigned rt, bool reads)
{
  if (level (t) == 0)
    ir_helper (t->b, ARM_HELPER_DAIF, false, packed (t, reg, rt, ARM_N_SYSREGS), ir_const_pc (t->b, t->pc),
               number (t, reads));
}

static IsaFlow
read_pstate (A64Trans *t, unsigned reg, unsigned rt)
{
  switch (reg) {
    case SPSEL: a64_set_x (t, rt, number (t, t->mode & ARM_MODE_SPSEL ? 1 : 0)); break;
    case CURRENTEL: a64_set_x (t, rt, number (t, level (t) << 2)); break;
    case DAIF:
      check_daif (t, reg, rt, true);
      a64_set_x (t, rt, ARM_VAR_DAIF);
      break;
    default:
      a64_set_x (t, rt,
                 ir_helper (t->b, ARM_HELPER_GET_PSTATE, true,
                            number (t, reg == PAN ? PSTATE_PAN : PSTATE_UAO), IR_NONE, IR_NONE));
      break;
  }
  return ISA_NEXT;
}

/* After masks may have been cleared. */
static void
unmasked (A64Trans *t)
{
  ir_helper (t->b, ARM_HELPER_IRQ_UNMASKED, false, ir_const_pc (t->b, t->next_pc), IR_NONE, IR_NONE);
}

static IsaFlow
set_by_helper (A64Trans *t, unsigned helper, IrVal value)
{
  ir_helper (t->b, helper, false, value, IR_NONE, IR_NONE);
  return end (t);
}

static IrVal
bit_of (A64Trans *t, IrVal x, unsigned bit)
{
  x = ir_op2 (t->b, IR_SHR, IR_I64, x, ir_const (t->b, bit));
  return ir_op2 (t->b, IR_AND, IR_I64, x, ir_const (t->b, 1));
}

static IsaFlow
write_pstate (A64Trans *t, unsigned reg, unsigned rt)
{
  IrVal x = a64_x (t, rt);
  switch (reg) {
    case SPSEL: return set_by_helper (t, ARM_HELPER_SET_SPSEL, bit_of (t, x, 0));
    case PAN: return set_by_helper (t, ARM_HELPER_SET_PAN, bit_of (t, x, 22));
    case UAO: return set_by_helper (t, ARM_HELPER_SET_UAO, bit_of (t, x, 23));
    case CURRENTEL: return a64_undefined (t);
    default: break;
  }
  check_daif (t, reg, rt, false);
  ir_set (t->b, ARM_VAR_DAIF, ir_op2 (t->b, IR_AND, IR_I64, x, number (t, PSTATE_DAIF)));
  unmasked (t);
  return ISA_NEXT;
}

/* ---- MRS and MSR. ---- */

static IsaFlow
read_by_helper (A64Trans *t, unsigned reg, unsigned rt, ArmSysregId id)
{
  IrVal value = ir_helper (t->b, ARM_HELPER_SYSREG_READ, true, packed (t, reg, rt, id),
                           ir_const_pc (t->b, t->pc), IR_NONE);
  a64_set_x (t, rt, value);
  return ISA_NEXT;
}

IsaFlow
a64_system_mrs (A64Trans *t, const A64Args *a, unsigned op0)
{
  unsigned reg = REG_OF (a, op0), rt = a->rt;
  if (is_pstate (t, reg))
    return read_pstate (t, reg, rt);
  if (is_gic (t, reg))
    return read_by_helper (t, reg, rt, ARM_N_SYSREGS);
  ArmSysregId id = meant (t, reg);
  if (id == ARM_N_SYSREGS)
    return is_id_space (t, reg) ? read_by_helper (t, reg, rt, id) : a64_undefined (t);
  if (arm_sysregs[id].flags & SR_WO || is_current_sp (t, id))
    return a64_undefined (t);
  if (is_plain (t, id)) {
    a64_set_x (t, rt, arm_sysregs[id].var);
    return ISA_NEXT;
  }
  bool granted = !(t->mode & ARM_MODE_NO_CTR);
  if (id == ARM_SR_CTR_EL0 && granted)
    a64_set_x (t, rt, number (t, t->arm->id[ARM_ID_CTR]));
  else if (id == ARM_SR_DCZID_EL0)
    a64_set_x (
        t, rt,
        number (t, (unsigned)__builtin_ctz (ARM_ZVA_SIZE / 4) | (t->mode & ARM_MODE_NO_ZERO ? 16 : 0)));
  else if (id == ARM_SR_CNTVCT_EL0 && granted)
    a64_set_x (t, rt, ir_helper (t->b, ARM_HELPER_COUNTER, true, IR_NONE, IR_NONE, IR_NONE));
  else
    return read_by_helper (t, reg, rt, id);
  return ISA_NEXT;
}

IsaFlow
a64_system_msr (A64Trans *t, const A64Args *a, unsigned op0)
{
  unsigned reg = REG_OF (a, op0), rt = a->rt;
  IrVal value = a64_x (t, rt);
  if (is_pstate (t, reg))
    return write_pstate (t, reg, rt);
  ArmSysregId id = is_gic (t, reg) ? ARM_N_SYSREGS : meant (t, reg);
  if (id == ARM_N_SYSREGS && !is_gic (t, reg))
    return a64_undefined (t);
  uint32_t flags = id == ARM_N_SYSREGS ? 0 : arm_sysregs[id].flags;
  if (flags & SR_RO || (flags & SR_RO0 && level (t) == 0) || (id != ARM_N_SYSREGS && is_current_sp (t, id)))
    return a64_undefined (t);
  if (id != ARM_N_SYSREGS && is_plain (t, id)) {
    if (arm_sysregs[id].writable != UINT64_MAX)
      value = ir_op2 (t->b, IR_AND, IR_I64, value, number (t, arm_sysregs[id].writable));
    ir_set (t->b, arm_sysregs[id].var, value);
    return ISA_NEXT;
  }
  ir_helper (t->b, ARM_HELPER_SYSREG_WRITE, false, packed (t, reg, rt, id), value, ir_const_pc (t->b, t->pc));
  return flags & (SR_ENDS | SR_MMU) ? end (t) : ISA_NEXT;
}

/* ---- MSR (immediate) of what user mode has not. ---- */

static IsaFlow
write_pstate_imm (A64Trans *t, const A64Args *a, unsigned helper, bool there)
{
  if (!t->arm->system || level (t) == 0 || !there)
    return a64_undefined (t);
  return set_by_helper (t, helper, number (t, a->crm & 1));
}

IsaFlow
a64_trans_msr_uao_imm (A64Trans *t, const A64Args *a)
{
  return write_pstate_imm (t, a, ARM_HELPER_SET_UAO, arm_has (t->arm, ARM_EXT_UAO));
}

IsaFlow
a64_trans_msr_pan_imm (A64Trans *t, const A64Args *a)
{
  return write_pstate_imm (t, a, ARM_HELPER_SET_PAN, arm_has (t->arm, ARM_EXT_PAN));
}

IsaFlow
a64_trans_msr_spsel_imm (A64Trans *t, const A64Args *a)
{
  return write_pstate_imm (t, a, ARM_HELPER_SET_SPSEL, true);
}

static IsaFlow
write_masks (A64Trans *t, const A64Args *a, bool set)
{
  if (!t->arm->system)
    return a64_undefined (t);
  /* SPEC: DDI 0487, ESR_ELx: Rt is 31, CRm the immediate. */
  check_daif (t, ARM_REG (0, 3u, 4, (unsigned)a->crm, set ? 6u : 7u), 31, false);
  IrVal masks = number (t, (uint64_t)a->crm << 6);
  ir_set (t->b, ARM_VAR_DAIF, ir_op2 (t->b, set ? IR_OR : IR_ANDN, IR_I64, ARM_VAR_DAIF, masks));
  if (!set && a->crm & 7)
    unmasked (t);
  return ISA_NEXT;
}

IsaFlow
a64_trans_msr_daifset (A64Trans *t, const A64Args *a)
{
  return write_masks (t, a, true);
}

IsaFlow
a64_trans_msr_daifclr (A64Trans *t, const A64Args *a)
{
  return write_masks (t, a, false);
}

/* ---- SYS. ---- */

static bool
is_tlbi (const A64Trans *t, unsigned reg)
{
  unsigned op1 = ARM_REG_OP1 (reg), crm = ARM_REG_CRM (reg), op2 = ARM_REG_OP2 (reg);
  bool all = crm == 3 || crm == 7;
  if (ARM_REG_CRN (reg) != 8)
    return false;
  switch (op1) {
    case 0: return level (t) >= 1 && all && (0xaf >> op2 & 1);
    case 4:
      if (level (t) < 2 || !t->arm->has_el2)
        return false;
      return crm == 0 || crm == 4 ? op2 == 1 || op2 == 5 : all && (0x73 >> op2 & 1);
    case 6: return level (t) == 3 && all && (0x23 >> op2 & 1);
    default: return false;
  }
}

static bool
is_at (const A64Trans *t, unsigned reg)
{
  unsigned op1 = ARM_REG_OP1 (reg), crm = ARM_REG_CRM (reg), op2 = ARM_REG_OP2 (reg);
  if (ARM_REG_CRN (reg) != 7 || (crm != 8 && crm != 9))
    return false;
  if (crm == 9)
    return op1 == 0 && op2 <= 1 && level (t) >= 1 && arm_has (t->arm, ARM_EXT_PAN2);
  switch (op1) {
    case 0: return op2 <= 3 && level (t) >= 1;
    case 4: return (op2 <= 1 || op2 >= 4) && level (t) >= 2 && t->arm->has_el2;
    case 6: return op2 <= 1 && level (t) == 3;
    default: return false;
  }
}

/* Cache instructions that leave nothing to do but to check. */
static bool
is_clean (const A64Trans *t, unsigned reg)
{
  switch (reg) {
    case ARM_REG (1, 0, 7, 6, 1):  /* DC IVAC */
    case ARM_REG (1, 0, 7, 6, 2):  /* DC ISW */
    case ARM_REG (1, 0, 7, 10, 2): /* DC CSW */
    case ARM_REG (1, 0, 7, 14, 2): /* DC CISW */ return level (t) >= 1;
    case ARM_REG (1, 3, 7, 10, 1): /* DC CVAC */
    case ARM_REG (1, 3, 7, 11, 1): /* DC CVAU */
    case ARM_REG (1, 3, 7, 14, 1): /* DC CIVAC */ return true;
    case ARM_REG (1, 3, 7, 12, 1): /* DC CVAP */ return arm_has (t->arm, ARM_EXT_DPB);
    case ARM_REG (1, 3, 7, 13, 1): /* DC CVADP */ return arm_has (t->arm, ARM_EXT_DPB2);
    default: return false;
  }
}

static void
cache_helper (A64Trans *t, unsigned reg, unsigned rt)
{
  ir_helper (t->b, ARM_HELPER_CACHE, false, packed (t, reg, rt, 0), a64_x (t, rt), ir_const_pc (t->b, t->pc));
}

IsaFlow
a64_system_sys (A64Trans *t, const A64Args *a)
{
  unsigned reg = REG_OF (a, 1), rt = a->rt;
  bool all_code = reg == ARM_REG (1, 0, 7, 1, 0) || reg == ARM_REG (1, 0, 7, 5, 0);

  if (reg == ARM_REG (1, 3, 7, 4, 1)) { /* DC ZVA */
    if (t->mode & ARM_MODE_NO_ZERO) {
      ir_helper (t->b, ARM_HELPER_ZERO_TRAP, false, packed (t, reg, rt, 0), ir_const_pc (t->b, t->pc),
                 IR_NONE);
      return end (t); /* the helper has left */
    }
    ir_emit (t->b, IR_DESC (.op = IR_ZEROLINE, .imm = ARM_ZVA_SIZE), a64_x (t, rt), IR_NONE, IR_NONE);
    return ISA_NEXT;
  }
  if (is_clean (t, reg)) {
    cache_helper (t, reg, rt);
    return ISA_NEXT;
  }
  if (all_code && level (t) >= 1) { /* IC IALLU and IALLUIS */
    if (t->mode & ARM_MODE_NO_CACHE)
      cache_helper (t, reg, rt);
    ir_exit (t->b, IR_EXIT_ICACHE, t->next_pc);
    return ISA_END;
  }
  if (reg == ARM_REG (1, 3, 7, 5, 1)) { /* IC IVAU */
    if (t->mode & ARM_MODE_NO_CACHE)
      cache_helper (t, reg, rt);
    a64_invalidate_code (t, a64_x (t, rt));
    return ISA_NEXT;
  }
  if (is_at (t, reg)) {
    ir_helper (t->b, ARM_HELPER_AT, false, packed (t, reg, rt, 0), a64_x (t, rt), ir_const_pc (t->b, t->pc));
    return ISA_NEXT;
  }
  if (!is_tlbi (t, reg))
    return a64_undefined (t);
  ir_helper (t->b, ARM_HELPER_TLBI, false, packed (t, reg, rt, 0), a64_x (t, rt), ir_const_pc (t->b, t->pc));
  return end (t);
}

/* ---- Exceptions. ---- */

static IsaFlow
call_level (A64Trans *t, const A64Args *a, unsigned helper)
{
  if (!t->arm->system || level (t) == 0)
    return a64_undefined (t);
  ir_helper (t->b, helper, false, number (t, (uint64_t)a->imm & 0xffff), ir_const_pc (t->b, t->pc), IR_NONE);
  return end (t);
}

IsaFlow
a64_trans_hvc (A64Trans *t, const A64Args *a)
{
  return call_level (t, a, ARM_HELPER_HVC);
}

IsaFlow
a64_trans_smc (A64Trans *t, const A64Args *a)
{
  return call_level (t, a, ARM_HELPER_SMC);
}

IsaFlow
a64_system_eret (A64Trans *t, IrVal elr)
{
  ir_helper (t->b, ARM_HELPER_ERET, false, elr, ir_const_pc (t->b, t->pc), IR_NONE);
  return end (t); /* the helper has left */
}

IsaFlow
a64_trans_eret (A64Trans *t, const A64Args *a)
{
  if (!t->arm->system || level (t) == 0)
    return a64_undefined (t);
  return a64_system_eret (t, ARM_VAR_ELR_EL1 + level (t) - 1);
}

/* WFE, WFI. */
IsaFlow
a64_system_wait (A64Trans *t, bool event)
{
  if (t->mode & (event ? ARM_MODE_NO_WFE : ARM_MODE_NO_WFI))
    ir_helper (t->b, ARM_HELPER_TRAPPED_WAIT, false, number (t, event), ir_const_pc (t->b, t->pc), IR_NONE);
  ir_exit (t->b, event ? IR_EXIT_PAUSE : IR_EXIT_WAIT, t->next_pc);
  return ISA_END;
}

bool
a64_begins (A64Trans *t, uint32_t word)
{
  bool exclusive = (word & 0x3f400000) == 0x08400000; /* LDXR and its like */
  if (t->mode & ARM_MODE_STEP)
    ir_helper (t->b, ARM_HELPER_DEBUG_INSN, false, ir_const_pc (t->b, t->pc), ir_const (t->b, exclusive),
               IR_NONE);
  if (t->pc & 3)
    a64_exception (t, IR_EXIT_ILLEGAL, ARM_EC_PC_ALIGNMENT, 0);
  else if (t->mode & ARM_MODE_ILLEGAL)
    a64_exception (t, IR_EXIT_ILLEGAL, ARM_EC_ILLEGAL_STATE, 0);
  else
    return true;
  return false;
}

IsaFlow
a64_fp_trap (A64Trans *t)
{
  const uint32_t always = 1u << 24 | 14u << 20; /* CV and COND */
  return a64_exception (t, IR_EXIT_ILLEGAL, ARM_EC_FP, always);
}
