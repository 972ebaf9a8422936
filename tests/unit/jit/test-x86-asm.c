/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Every encoder of the assembler, with every register and addressing mode, disassembled by capstone: the text
 * must be what was meant. */

#include "x86-asm.h"

#include <capstone/capstone.h>

static csh handle;
static uint8_t buffer[64];
static Asm a;

static const char *const names64[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                         "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };
static const char *const names32[16] = { "eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                         "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d" };
static const char *const names8[16] = { "al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                                        "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b" };

static const char *
reg_name (bool w, int r)
{
  return w ? names64[r] : names32[r];
}

/* What stands in the buffer is one instruction that reads `format`. */
static void G_GNUC_PRINTF (1, 2) expect (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *want = g_strdup_vprintf (format, args);
  va_end (args);
  cs_insn *insn;
  size_t n = cs_disasm (handle, buffer, a.p - buffer, 0x1000, 1, &insn);
  g_assert_cmpuint (n, ==, 1);
  g_autofree char *got = g_strdup_printf ("%s%s%s", insn->mnemonic, *insn->op_str ? " " : "", insn->op_str);
  g_assert_cmpstr (got, ==, want);
  g_assert_cmpuint (insn->size, ==, a.p - buffer);
  cs_free (insn, n);
  a.p = buffer;
}

/* The operand as capstone writes it: "[base + index*scale + 0x10]". */
static char *
mem_text (Mem m, const char *size)
{
  GString *s = g_string_new (size);
  const char *const *names = m.prefix & MEM_ADDR32 ? names32 : names64;
  g_string_append_printf (s, " ptr %s[", m.prefix & MEM_GS ? "gs:" : "");
  if (m.base >= 0)
    g_string_append (s, names[m.base]);
  if (m.index >= 0) {
    g_string_append_printf (s, "%s%s", m.base >= 0 ? " + " : "", names[m.index]);
    if (m.scale)
      g_string_append_printf (s, "*%u", 1u << m.scale);
  }
  int64_t disp = m.disp;
  if (m.base < 0 && m.index < 0)
    g_string_append_printf (s, disp < 10 ? "%" G_GINT64_FORMAT : "0x%" G_GINT64_MODIFIER "x", disp);
  else if (disp != 0)
    g_string_append_printf (s, ABS (disp) < 10 ? " %c %" G_GINT64_FORMAT : " %c 0x%" G_GINT64_MODIFIER "x",
                            disp < 0 ? '-' : '+', ABS (disp));
  g_string_append_c (s, ']');
  return g_string_free_and_steal (s);
}

/* Calls `check` with every base, index, scale, size of displacement and prefix. */
static void
each_mem (void (*check) (Mem m))
{
  static const int32_t disps[] = { 0, 1, -1, 127, -128, 128, -129, 0x12345678 };
  for (int base = -1; base < 16; base++)
    for (int index = -1; index < 16; index++) {
      if (index == RSP || (base < 0 && index < 0))
        continue;
      for (unsigned scale = 0; scale < (index < 0 ? 1 : 4); scale++)
        for (unsigned d = 0; d < G_N_ELEMENTS (disps); d++)
          for (uint8_t prefix = 0; prefix < 4; prefix++) {
            Mem m = { (int8_t)base, (int8_t)index, (uint8_t)scale, prefix, disps[d] };
            /* capstone shows no scale of 1 for an index alone */
            if (base < 0 && scale == 0)
              continue;
            check (m);
          }
    }
}

static void
check_load (Mem m)
{
  int reg = (m.base + m.index + m.scale) & 15;
  g_autofree char *m64 = mem_text (m, "qword"), *m32 = mem_text (m, "dword");
  asm_rm (&a, OP0 (0x8b), true, reg, m);
  expect ("mov %s, %s", names64[reg], m64);
  asm_rm (&a, OP0 (0x8b), false, reg, m);
  expect ("mov %s, %s", names32[reg], m32);
  asm_store64 (&a, m, reg);
  expect ("mov %s, %s", m64, names64[reg]);
}

static void
check_byte (Mem m)
{
  int reg = (m.base + 3 * m.index) & 15;
  g_autofree char *m8 = mem_text (m, "byte"), *m16 = mem_text (m, "word");
  asm_rm_n (&a, OP0 (0x88), false, reg, m, 1);
  expect ("mov %s, %s", m8, names8[reg]);
  asm_rm (&a, OP0F (0xb6), false, reg, m);
  expect ("movzx %s, %s", names32[reg], m8);
  asm_rm (&a, OP0F (0xbf), true, reg, m);
  expect ("movsx %s, %s", names64[reg], m16);
}

static void
check_vector_mem (Mem m)
{
  int x = (m.base + 5 * m.index + m.scale) & 15, y = (x * 7 + 3) & 15;
  g_autofree char *m64 = mem_text (m, "qword"), *m32 = mem_text (m, "dword"), *m128 = mem_text (m, "xmmword");
  asm_fload64 (&a, x, m);
  expect ("vmovsd xmm%d, %s", x, m64);
  asm_fstore64 (&a, m, x);
  expect ("vmovsd %s, xmm%d", m64, x);
  asm_vex_rm (&a, V_MOVSS_LOAD, false, x, 0, m);
  expect ("vmovss xmm%d, %s", x, m32);
  asm_vex_rm (&a, OP_F2 (OP0F (0x58)), false, x, y, m);
  expect ("vaddsd xmm%d, xmm%d, %s", x, y, m64);
  asm_vex_rm (&a, V_PTEST, false, x, 0, m);
  expect ("vptest xmm%d, %s", x, m128);
  asm_vex_rm (&a, OP_66 (OP0F38 (0xf7)), true, x, y, m);
  expect ("shlx %s, %s, %s", names64[x], m64, names64[y]);
}

static void
check_alu_mem (Mem m)
{
  static const char *const alu[] = { "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp" };
  int op = m.disp & 7, reg = (m.base ^ m.index) & 15;
  g_autofree char *m64 = mem_text (m, "qword"), *m32 = mem_text (m, "dword");
  asm_alu_rm (&a, op, true, reg, m);
  expect ("%s %s, %s", alu[op], names64[reg], m64);
  asm_alu_mr (&a, op, false, m, reg);
  expect ("%s %s, %s", alu[op], m32, names32[reg]);
  asm_alu_mi (&a, op, true, m, 5);
  expect ("%s %s, 5", alu[op], m64);
  asm_alu_mi (&a, op, false, m, 0x12345);
  expect ("%s %s, 0x12345", alu[op], m32);
}

static void
test_memory (void)
{
  each_mem (check_load);
  each_mem (check_byte);
  each_mem (check_vector_mem);
  each_mem (check_alu_mem);
}

static void
test_lea (void)
{
  for (int dst = 0; dst < 16; dst++)
    for (int base = 0; base < 16; base++)
      for (int index = 0; index < 16; index++) {
        if (index == RSP)
          continue;
        asm_lea (&a, true, dst,
                 (Mem){ .base = (int8_t)base, .index = (int8_t)index, .scale = 1, .disp = -8 });
        expect ("lea %s, [%s + %s*2 - 8]", names64[dst], names64[base], names64[index]);
        asm_lea (&a, false, dst, (Mem){ .base = (int8_t)base, .index = (int8_t)index, .scale = 3 });
        expect ("lea %s, [%s + %s*8]", names32[dst], names64[base], names64[index]);
      }
}

static void
check_pair (bool w, int x, int y)
{
  static const char *const alu[] = { "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp" };
  for (int op = 0; op < 8; op++) {
    asm_alu_rr (&a, op, w, x, y);
    expect ("%s %s, %s", alu[op], reg_name (w, x), reg_name (w, y));
  }
  asm_mov_rr (&a, w, x, y);
  expect ("mov %s, %s", reg_name (w, x), reg_name (w, y));
  asm_test_rr (&a, w, x, y);
  expect ("test %s, %s", reg_name (w, y), reg_name (w, x));
  asm_rr (&a, OP0F (0xaf), w, x, y);
  expect ("imul %s, %s", reg_name (w, x), reg_name (w, y));
  asm_rr (&a, OP_F3 (OP0F (0xbd)), w, x, y);
  expect ("lzcnt %s, %s", reg_name (w, x), reg_name (w, y));
  asm_rr_n (&a, OP0F (0xb6), false, x, y, 1);
  expect ("movzx %s, %s", names32[x], names8[y]);
  asm_vex_rr (&a, OP0F38 (0xf2), w, x, y, (x + y) & 15);
  expect ("andn %s, %s, %s", reg_name (w, x), reg_name (w, y), reg_name (w, (x + y) & 15));
  asm_vex_rr (&a, OP_F2 (OP0F38 (0xf7)), w, x, y, (x + y) & 15);
  expect ("shrx %s, %s, %s", reg_name (w, x), reg_name (w, (x + y) & 15), reg_name (w, y));
}

static void
test_registers (void)
{
  for (int x = 0; x < 16; x++)
    for (int y = 0; y < 16; y++) {
      check_pair (false, x, y);
      check_pair (true, x, y);
      asm_movsxd (&a, x, y);
      expect ("movsxd %s, %s", names64[x], names32[y]);
    }
}

static void
check_immediates (bool w, int r)
{
  static const char *const shifts[] = { "rol", "ror", NULL, NULL, "shl", "shr", NULL, "sar" };
  static const int32_t imms[] = { 1, 127, 128, 0x12345678 };
  for (unsigned i = 0; i < G_N_ELEMENTS (imms); i++) {
    asm_alu_ri (&a, ALU_ADD, w, r, imms[i]);
    expect (imms[i] < 10 ? "add %s, %d" : "add %s, 0x%x", reg_name (w, r), imms[i]);
  }
  asm_alu_ri (&a, ALU_AND, w, r, -1);
  expect ("and %s, 0x%s", reg_name (w, r), w ? "ffffffffffffffff" : "ffffffff");
  for (int digit = 0; digit < 8; digit++)
    if (shifts[digit]) {
      asm_shift_ri (&a, digit, w, r, 13);
      expect ("%s %s, 0xd", shifts[digit], reg_name (w, r));
    }
}

static void
test_immediates (void)
{
  for (int r = 0; r < 16; r++) {
    check_immediates (false, r);
    check_immediates (true, r);
    asm_mov_ri (&a, r, 0x89abcdef);
    expect ("mov %s, 0x89abcdef", names32[r]);
    asm_mov_ri (&a, r, -2);
    expect ("mov %s, 0xfffffffffffffffe", names64[r]);
    asm_mov_ri (&a, r, 0x123456789abcdef);
    expect ("movabs %s, 0x123456789abcdef", names64[r]);
    asm_push (&a, r);
    expect ("push %s", names64[r]);
    asm_pop (&a, r);
    expect ("pop %s", names64[r]);
  }
}

static void
test_conditions (void)
{
  static const char *const cc[] = { "o", "no", "b", "ae", "e", "ne", "be", "a",
                                    "s", "ns", "p", "np", "l", "ge", "le", "g" };
  for (int c = 0; c < 16; c++) {
    for (int r = 0; r < 16; r++) {
      asm_setcc (&a, c, r);
      expect ("set%s %s", cc[c], names8[r]);
      asm_rr (&a, OP0F (0x40 | c), true, r, 15 - r);
      expect ("cmov%s %s, %s", cc[c], names64[r], names64[15 - r]);
    }
    a.delta = 0x1000 - (intptr_t)buffer; /* capstone is told that the buffer runs at 0x1000 */
    asm_jcc (&a, c, (const void *)0x12345);
    expect ("j%s 0x12345", cc[c]);
    a.delta = 0;
  }
}

static void
test_jumps (void)
{
  a.delta = 0x1000 - (intptr_t)buffer;
  asm_jmp (&a, (const void *)0x10);
  expect ("jmp 0x10");
  asm_call (&a, (const void *)0x2000);
  expect ("call 0x2000");
  uint8_t *at = asm_jmp (&a, NULL);
  asm_patch_rel32 (&a, at, (const void *)0x7654);
  expect ("jmp 0x7654");
  a.delta = 0;
  uint8_t *from = asm_short_jcc (&a, CC_NE);
  asm_nop (&a, 20);
  asm_short_end (&a, from);
  a.p = buffer + 2;
  expect ("jne 0x1016");
}

/* Any number of bytes of padding disassembles to nothing but nops. */
static void
test_nops (void)
{
  for (unsigned n = 1; n < 40; n++) {
    asm_nop (&a, n);
    g_assert_cmpint (a.p - buffer, ==, n);
    cs_insn *insn;
    size_t count = cs_disasm (handle, buffer, n, 0, 0, &insn);
    unsigned size = 0;
    for (size_t i = 0; i < count; i++) {
      g_assert_cmpstr (insn[i].mnemonic, ==, "nop");
      size += insn[i].size;
    }
    g_assert_cmpuint (size, ==, n);
    cs_free (insn, count);
    a.p = buffer;
  }
}

static void
check_vectors (int x, int y, int z)
{
  static const struct {
    unsigned op;
    const char *name;
  } three[] = {
    { V_ANDPD, "vandpd" },
    { V_ANDNPD, "vandnpd" },
    { V_ORPD, "vorpd" },
    { V_XORPD, "vxorpd" },
    { V_PCMPEQB, "vpcmpeqb" },
    { V_PCMPEQD, "vpcmpeqd" },
    { OP_F2 (OP0F (0x58)), "vaddsd" },
    { OP_F3 (OP0F (0x5e)), "vdivss" },
    { OP_F3 (OP0F (0x51)), "vsqrtss" },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (three); i++) {
    asm_vex_rr (&a, three[i].op, false, x, y, z);
    expect ("%s xmm%d, xmm%d, xmm%d", three[i].name, x, y, z);
  }
  asm_vex_rr (&a, OP_66 (OP0F38 (0xb9)), true, x, y, z);
  expect ("vfmadd231sd xmm%d, xmm%d, xmm%d", x, y, z);
  asm_vex_rr (&a, V_ROUNDSS, false, x, y, z);
  asm_u8 (&a, 3);
  expect ("vroundss xmm%d, xmm%d, xmm%d, 3", x, y, z);
  asm_vex_rr (&a, V_PCLMULQDQ, false, x, y, z);
  asm_u8 (&a, 0x10);
  expect ("vpclmulqdq xmm%d, xmm%d, xmm%d, 0x10", x, y, z);
}

static void
test_vectors (void)
{
  for (int x = 0; x < 16; x++)
    for (int y = 0; y < 16; y++) {
      for (int z = 0; z < 16; z++)
        check_vectors (x, y, z);
      asm_fmov (&a, x, y);
      expect ("vmovapd xmm%d, xmm%d", x, y);
      asm_vex_rr (&a, V_MOVD_TO_X, true, x, 0, y);
      expect ("vmovq xmm%d, %s", x, names64[y]);
      asm_vex_rr (&a, V_MOVD_FROM_X, false, x, 0, y);
      expect ("vmovd %s, xmm%d", names32[y], x);
      asm_vex_rr (&a, V_UCOMISD, false, x, 0, y);
      expect ("vucomisd xmm%d, xmm%d", x, y);
      asm_vex_rr (&a, OP_F2 (OP0F (0x2d)), true, x, 0, y);
      expect ("vcvtsd2si %s, xmm%d", names64[x], y);
      asm_vex_rr (&a, OP_F3 (OP0F (0x2a)), true, x, y, 15 - x);
      expect ("vcvtsi2ss xmm%d, xmm%d, %s", x, y, names64[15 - x]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (cs_open (CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
    return 77;
  a = (Asm){ .p = buffer, .limit = buffer + sizeof buffer };
  g_test_add_func ("/jit/x86-asm/memory", test_memory);
  g_test_add_func ("/jit/x86-asm/lea", test_lea);
  g_test_add_func ("/jit/x86-asm/registers", test_registers);
  g_test_add_func ("/jit/x86-asm/immediates", test_immediates);
  g_test_add_func ("/jit/x86-asm/conditions", test_conditions);
  g_test_add_func ("/jit/x86-asm/jumps", test_jumps);
  g_test_add_func ("/jit/x86-asm/nops", test_nops);
  g_test_add_func ("/jit/x86-asm/vectors", test_vectors);
  int status = g_test_run ();
  cs_close (&handle);
  return status;
}
