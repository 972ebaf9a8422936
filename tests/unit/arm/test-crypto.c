/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Cryptographic and CRC instructions on the examples of the standards they serve. */

#include "arm-cpu.h"
#include "guest-mem.h"
#include <glib.h>
#include <math.h>
#include <string.h>

#define SVC 0xd4000001u

static Cpu *cpu;
static uint32_t code[4096];
static unsigned n_code;

static size_t
fetch (Cpu *c, uint64_t pc, uint8_t *out, size_t want, IrFault *ret_fault)
{
  memcpy (out, g2h (pc), want);
  return want;
}

static void
execute (uint32_t insn)
{
  uint32_t *at = &code[n_code];
  g_assert_cmpuint (n_code + 2, <=, G_N_ELEMENTS (code));
  n_code += 2;
  at[0] = GUINT32_TO_LE (insn);
  at[1] = GUINT32_TO_LE (SVC);
  cpu->state.pc = (uintptr_t)at;
  g_assert_cmpint (cpu_run (cpu), ==, IR_EXIT_SYSCALL);
}

static IrV128 *
reg (unsigned n)
{
  return (IrV128 *)&cpu->state.var[ARM_VAR_V + 2 * n];
}

/* The instruction on V0 = d, V1 = n and, unless it has two operands, V2 = m. */
static IrV128
run2 (uint32_t insn, IrV128 d, IrV128 n)
{
  *reg (0) = d;
  *reg (1) = n;
  execute (insn | 1 << 5);
  return *reg (0);
}

static IrV128
run3 (uint32_t insn, IrV128 d, IrV128 n, IrV128 m)
{
  *reg (2) = m;
  return run2 (insn | 2 << 16, d, n);
}

static const IrV128 zero;

static IrV128
bytes (const char *hex)
{
  IrV128 v;
  for (unsigned i = 0; i < 16; i++)
    v.b[i] = (uint8_t)(g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]));
  return v;
}

#define assert_bytes(v, hex) g_assert_cmpmem ((v).b, 16, bytes (hex).b, 16)

enum {
  AESE = 0x4e284800,
  AESD = 0x4e285800,
  AESMC = 0x4e286800,
  AESIMC = 0x4e287800,
  PMULL = 0x0ee0e000,
  PMULL2 = 0x4ee0e000,
  SHA1C = 0x5e000000,
  SHA1P = 0x5e001000,
  SHA1M = 0x5e002000,
  SHA1SU0 = 0x5e003000,
  SHA1H = 0x5e280800,
  SHA1SU1 = 0x5e281800,
  SHA256H = 0x5e004000,
  SHA256H2 = 0x5e005000,
  SHA256SU0 = 0x5e282800,
  SHA256SU1 = 0x5e006000,
  SM4E = 0xcec08400,
  SM4EKEY = 0xce60c800,
  CRC32B = 0x1ac04000,
  CRC32X = 0x9ac04c00,
  CRC32CB = 0x1ac05000,
  CRC32CX = 0x9ac05c00,
};

/* FIPS 197, appendices A.1 and B. */
static void
test_aes (void)
{
  static const char *const keys[11] = {
    "2b7e151628aed2a6abf7158809cf4f3c", "a0fafe1788542cb123a339392a6c7605",
    "f2c295f27a96b9435935807a7359f67f", "3d80477d4716fe3e1e237e446d7a883b",
    "ef44a541a8525b7fb671253bdb0bad00", "d4d1c6f87c839d87caf2b8bc11f915bc",
    "6d88a37a110b3efddbf98641ca0093fd", "4e54f70e5f5fc9f384a64fb24ea6dc4f",
    "ead27321b58dbad2312bf5607f8d292f", "ac7766f319fadc2128d12941575c006e",
    "d014f9a8c9ee2589e13f0cc8b6630ca6"
  };
  const char *plain = "3243f6a8885a308d313198a2e0370734";
  IrV128 state = bytes (plain);

  for (unsigned i = 0; i < 10; i++) {
    state = run2 (AESE, state, bytes (keys[i]));
    if (i < 9)
      state = run2 (AESMC, zero, state);
  }
  for (unsigned i = 0; i < 2; i++)
    state.d[i] ^= bytes (keys[10]).d[i];
  assert_bytes (state, "3925841d02dc09fbdc118597196a0b32");

  for (unsigned i = 10; i > 0; i--) {
    IrV128 key = bytes (keys[i]);
    state = run2 (AESD, state, i < 10 ? run2 (AESIMC, zero, key) : key);
    if (i > 1)
      state = run2 (AESIMC, zero, state);
  }
  for (unsigned i = 0; i < 2; i++)
    state.d[i] ^= bytes (keys[0]).d[i];
  assert_bytes (state, plain);
}

/* The number whose highest bit is the first byte's, as SP 800-38D has it, as a polynomial with the lowest
 * power first. */
static IrV128
polynomial (const char *hex)
{
  IrV128 v = bytes (hex), out = zero;
  for (unsigned i = 0; i < 128; i++)
    out.d[i / 64] |= (uint64_t)(v.b[i / 8] >> (7 - i % 8) & 1) << (i % 64);
  return out;
}

/* A product in GHASH's field: test case 2 of the proposal that became SP 800-38D. */
static void
test_pmull (void)
{
  IrV128 x = polynomial ("0388dace60b6a392f328c2b971b2fe78"),
         h = polynomial ("66e94bd4ef8a2c3b884cfa59ca342b2e");
  IrV128 swapped = { .d = { h.d[1], h.d[0] } }, want = polynomial ("5e2ec746917062882c85b0685353deb7");
  IrV128 low = run3 (PMULL, zero, x, h), high = run3 (PMULL2, zero, x, h);
  IrV128 middle = run3 (PMULL, zero, x, swapped), other = run3 (PMULL2, zero, x, swapped);
  uint64_t product[4] = { low.d[0], low.d[1] ^ middle.d[0] ^ other.d[0], high.d[0] ^ middle.d[1] ^ other.d[1],
                          high.d[1] };
  for (unsigned i = 255; i >= 128; i--) /* x^128 = x^7 + x^2 + x + 1 */
    if (product[i / 64] >> (i % 64) & 1)
      for (unsigned k = 0; k < 4; k++) {
        unsigned to = i - 128 + (unsigned[]){ 0, 1, 2, 7 }[k];
        product[to / 64] ^= UINT64_C (1) << (to % 64);
      }
  g_assert_cmphex (product[0], ==, want.d[0]);
  g_assert_cmphex (product[1], ==, want.d[1]);
}

/* The padded message "abc", as 16 words. */
static void
make_block (IrV128 w[4])
{
  memset (w, 0, 4 * sizeof *w);
  w[0].s[0] = 0x61626380;
  w[3].s[3] = 24;
}

static IrV128
add (IrV128 a, IrV128 b)
{
  for (unsigned i = 0; i < 4; i++)
    a.s[i] += b.s[i];
  return a;
}

/* FIPS 180-4: the digest of "abc". */
static void
test_sha1 (void)
{
  static const uint32_t k[] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
  static const uint32_t insns[] = { SHA1C, SHA1P, SHA1M, SHA1P };
  const IrV128 start = { .s = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 } };
  IrV128 abcd = start, e = { .s = { 0xc3d2e1f0 } }, w[4];

  make_block (w);
  for (unsigned i = 0; i < 20; i++) {
    IrV128 constant = { .s = { k[i / 5], k[i / 5], k[i / 5], k[i / 5] } };
    IrV128 next_e = run2 (SHA1H, zero, abcd), words = w[i % 4];
    abcd = run3 (insns[i / 5], abcd, e, add (words, constant));
    e = next_e;
    w[i % 4] = run2 (SHA1SU1, run3 (SHA1SU0, w[i % 4], w[(i + 1) % 4], w[(i + 2) % 4]), w[(i + 3) % 4]);
  }
  abcd = add (abcd, start);
  g_assert_cmphex (abcd.s[0], ==, 0xa9993e36);
  g_assert_cmphex (abcd.s[1], ==, 0x4706816a);
  g_assert_cmphex (abcd.s[2], ==, 0xba3e2571);
  g_assert_cmphex (abcd.s[3], ==, 0x7850c26c);
  g_assert_cmphex (e.s[0] + 0xc3d2e1f0, ==, 0x9cd0d89d);
}

static bool
is_prime (unsigned n)
{
  for (unsigned i = 2; i * i <= n; i++)
    if (n % i == 0)
      return false;
  return true;
}

static void
test_sha256 (void)
{
  const IrV128 start[2] = { { .s = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a } },
                            { .s = { 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } } };
  const uint32_t want[8] = { 0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
                             0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad };
  IrV128 x = start[0], y = start[1], w[4];
  unsigned prime = 1;

  make_block (w);
  for (unsigned i = 0; i < 16; i++) {
    IrV128 constant, old = x;
    for (unsigned k = 0; k < 4; k++) { /* the first 32 bits of the fractions of the primes' cube roots */
      while (!is_prime (++prime))
        ;
      constant.s[k] = (uint32_t)(uint64_t)(cbrtl (prime) * 4294967296.0L);
    }
    constant = add (constant, w[i % 4]);
    x = run3 (SHA256H, x, y, constant);
    y = run3 (SHA256H2, y, old, constant);
    w[i % 4] = run3 (SHA256SU1, run2 (SHA256SU0, w[i % 4], w[(i + 1) % 4]), w[(i + 2) % 4], w[(i + 3) % 4]);
  }
  x = add (x, start[0]);
  y = add (y, start[1]);
  for (unsigned i = 0; i < 8; i++)
    g_assert_cmphex (i < 4 ? x.s[i] : y.s[i - 4], ==, want[i]);
}

/* GB/T 32907, appendix A. */
static void
test_sm4 (void)
{
  const uint32_t number[4] = { 0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210 };
  const uint32_t want[4] = { 0x681edf34, 0xd206965e, 0x86b3e94f, 0x536e4246 };
  IrV128 key = { .s = { 0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc } }, state;

  for (unsigned i = 0; i < 4; i++) {
    key.s[i] ^= number[i];
    state.s[i] = number[i];
  }
  for (unsigned i = 0; i < 8; i++) {
    IrV128 constant = zero;
    for (unsigned k = 0; k < 16; k++)
      constant.s[k / 4] = constant.s[k / 4] << 8 | ((16 * i + k) * 7 & 255);
    key = run3 (SM4EKEY, zero, key, constant);
    state = run2 (SM4E, state, key);
  }
  for (unsigned i = 0; i < 4; i++)
    g_assert_cmphex (state.s[3 - i], ==, want[i]);
}

static uint32_t
crc (uint32_t byte_insn, uint32_t doubleword_insn)
{
  const char *text = "123456789";
  uint64_t first;
  memcpy (&first, text, 8);
  cpu->state.var[ARM_VAR_X] = UINT32_MAX;
  cpu->state.var[ARM_VAR_X + 1] = GUINT64_FROM_LE (first);
  execute (doubleword_insn | 1 << 16);
  cpu->state.var[ARM_VAR_X + 1] = (uint8_t)text[8] | 0xff00;
  execute (byte_insn | 1 << 16);
  return ~(uint32_t)cpu->state.var[ARM_VAR_X];
}

static void
test_crc (void)
{
  g_assert_cmphex (crc (CRC32B, CRC32X), ==, 0xcbf43926);
  g_assert_cmphex (crc (CRC32CB, CRC32CX), ==, 0xe3069283);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GError) error = NULL;
  cpu_settings.interpret = true;
  guest_space_size = UINT64_C (1) << 47;
  cpu = cpu_new (&aarch64_isa, NULL, &error);
  g_assert_no_error (error);
  cpu->fetch = fetch;
  g_test_add_func ("/arm/crypto/aes", test_aes);
  g_test_add_func ("/arm/crypto/pmull", test_pmull);
  g_test_add_func ("/arm/crypto/sha1", test_sha1);
  g_test_add_func ("/arm/crypto/sha256", test_sha256);
  g_test_add_func ("/arm/crypto/sm4", test_sm4);
  g_test_add_func ("/arm/crypto/crc", test_crc);
  int status = g_test_run ();
  cpu_free (cpu);
  return status;
}
