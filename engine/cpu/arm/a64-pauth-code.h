/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The algorithm of pointer authentication, once for IR and once for numbers (DDI 0487, D8.10).  An address
 * has 48 bits, or 52 where a machine's TCR_ELx says so, and a tag in its top byte, so the code lies in bits
 * 54 to 48 or 52.  The algorithm is our own, as ID_AA64ISAR1_EL1.API says.
 *
 * Who includes it defines PauthContext, PauthValue and
 *   op2 (t, op, x, y), number (t, constant), select_of (t, test, if_nonzero, if_zero), differ (t, x, y),
 *   key_half (t, key, half), has_wide (t): whether addresses may have 52 bits, wide_flags (t):
 * ArmCpu.pauth_wide as a number. */

#define CODE_TOP 55 /* not of the code: the bit that chooses the upper half of the address space */

#define CODE    (INT64_C (0x7f) << 48)
#define CODE_52 (INT64_C (0x7) << 52)

/* All ones where bit 55 of the pointer is one, or zero. */
static PauthValue
upper_half (PauthContext *t, PauthValue pointer)
{
  return op2 (t, IR_SAR, op2 (t, IR_SHL, pointer, number (t, 63 - CODE_TOP)), number (t, 63));
}

/* The bits of the code. */
static PauthValue
code_mask (PauthContext *t, PauthValue upper)
{
  if (!has_wide (t))
    return number (t, CODE);
  PauthValue flag = op2 (t, IR_SHR, wide_flags (t), op2 (t, IR_AND, upper, number (t, 8)));
  return select_of (t, op2 (t, IR_AND, flag, number (t, 1)), number (t, CODE_52), number (t, CODE));
}

/* ComputePAC(): in the upper half at least, all bits depend on all others. */
static PauthValue
code_of (PauthContext *t, PauthValue pointer, PauthValue modifier, unsigned key)
{
  PauthValue x = op2 (t, IR_XOR, pointer, key_half (t, key, 0));
  x = op2 (t, IR_MUL, x, number (t, (int64_t)UINT64_C (0x9e3779b97f4a7c15)));
  x = op2 (t, IR_XOR, x, op2 (t, IR_SHR, x, number (t, 32)));
  x = op2 (t, IR_XOR, op2 (t, IR_XOR, x, modifier), key_half (t, key, 1));
  x = op2 (t, IR_MUL, x, number (t, (int64_t)UINT64_C (0xd6e8feb86659fd93)));
  return op2 (t, IR_XOR, x, op2 (t, IR_SHR, x, number (t, 8)));
}

typedef struct {
  PauthValue mask;  /* of the code */
  PauthValue plain; /* the pointer as it was before it was signed */
} Parts;

static Parts
parts_of (PauthContext *t, PauthValue pointer)
{
  PauthValue upper = upper_half (t, pointer), mask = code_mask (t, upper);
  PauthValue rest = op2 (t, IR_ANDN, pointer, mask);
  return (Parts){ mask, op2 (t, IR_OR, rest, op2 (t, IR_AND, upper, mask)) };
}

/* AddPAC(). What was no address before is none afterwards. */
static PauthValue
signed_pointer (PauthContext *t, PauthValue pointer, PauthValue modifier, unsigned key)
{
  Parts p = parts_of (t, pointer);
  PauthValue code = code_of (t, p.plain, modifier, key);
  PauthValue bad = differ (t, p.plain, pointer);
  code = op2 (t, IR_XOR, code, op2 (t, IR_SHL, bad, number (t, CODE_TOP - 1)));
  return op2 (t, IR_OR, op2 (t, IR_ANDN, p.plain, p.mask), op2 (t, IR_AND, code, p.mask));
}

/* Auth(). A wrong code leaves an address that faults where it is used. */
static PauthValue
checked_pointer (PauthContext *t, PauthValue pointer, PauthValue modifier, unsigned key)
{
  Parts p = parts_of (t, pointer);
  PauthValue wrong = op2 (t, IR_AND, op2 (t, IR_XOR, code_of (t, p.plain, modifier, key), pointer), p.mask);
  PauthValue error = op2 (t, IR_ANDN, p.plain, number (t, INT64_C (3) << (CODE_TOP - 2)));
  error = op2 (t, IR_OR, error, number (t, (INT64_C (1) << (key & 1)) << (CODE_TOP - 2)));
  return select_of (t, wrong, error, p.plain);
}
