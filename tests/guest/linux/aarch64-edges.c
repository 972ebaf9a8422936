/* SPDX-License-Identifier: GPL-3.0-or-later */

/* AArch64's instructions where they end in an exception, and what Linux makes of it: signal, code, addresses
 * and syndrome; and what a program is told of its processor, which must agree wherever it is said.
 *
 * QEMU's user mode differs: it says ILL_ILLOPN, writes no syndrome, lets DC CVAC and its like pass at any
 * address, reports DC ZVA at the start of its line and a refused frame as SI_KERNEL.  The manual (DDI 0487,
 * FAR_EL1) and Linux decide. It has no SP alignment checking. */

#include "check.h"
#include <asm/hwcap.h>
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <ucontext.h>
#include <unwind.h>

enum { PAGE = 4096 };
enum { EC_DATA = 0x24, EC_FETCH = 0x20, EC_PC_ALIGNMENT = 0x22, EC_SP_ALIGNMENT = 0x26 };

/* Two pages of code and data to try on, with nothing behind them. */
static char *area;
static uint32_t *code;

static struct {
  siginfo_t info;
  uint64_t pc, x0, fault_address, esr;
  bool has_esr;
  int count;
} seen;

static const struct _aarch64_ctx *
find_record (const ucontext_t *uc, uint32_t magic)
{
  const char *p = (const char *)uc->uc_mcontext.__reserved;
  for (const struct _aarch64_ctx *head = (const void *)p; head->magic != 0;
       head = (const void *)((const char *)head + head->size))
    if (head->magic == magic)
      return head;
  return NULL;
}

/* Goes back to the caller of code[]. */
static void
on_exception (int sig, siginfo_t *info, void *context)
{
  ucontext_t *uc = context;
  const struct esr_context *esr = (const void *)find_record (uc, ESR_MAGIC);
  seen.info = *info;
  seen.pc = uc->uc_mcontext.pc;
  seen.x0 = uc->uc_mcontext.regs[0];
  seen.fault_address = uc->uc_mcontext.fault_address;
  seen.has_esr = esr != NULL;
  seen.esr = esr != NULL ? esr->esr : 0;
  seen.count++;
  uc->uc_mcontext.pc = uc->uc_mcontext.regs[30];
}

static void
catch_exceptions (int flags)
{
  struct sigaction action = { .sa_sigaction = on_exception, .sa_flags = SA_SIGINFO | flags };
  static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP };
  for (unsigned i = 0; i < 4; i++)
    sigaction (signals[i], &action, NULL);
}

/* Runs one instruction with x0 to x3 given, and says which signal it ended in, 0 for none. */
static int
run (uint32_t insn, uint64_t x0)
{
  static uint64_t at;
  memset (&seen, 0, sizeof seen);
  code[0] = insn;
  code[1] = 0xd65f03c0; /* ret */
  __builtin___clear_cache ((char *)code, (char *)(code + 2));
  at = (uint64_t)code;
  __asm__ volatile ("mov x0, %1\n mov x1, #1\n mov x2, #2\n mov x3, #3\n ldr x9, %0\n blr x9"
                    :
                    : "m"(at), "r"(x0)
                    : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                      "x14", "x15", "x16", "x17", "x30", "cc", "memory");
  return seen.info.si_signo;
}

/* ---- undefined instructions ---- */

static void
expect_undefined (uint32_t insn)
{
  int sig = run (insn, (uint64_t)area);
  if (sig != SIGILL || seen.info.si_code != ILL_ILLOPC || seen.info.si_addr != code ||
      seen.pc != (uint64_t)code || seen.x0 != (uint64_t)area || seen.has_esr || seen.fault_address != 0) {
    fprintf (stderr, "%08x: signal %d, code %d at %p, pc %lx, esr %lx\n", insn, sig, seen.info.si_code,
             seen.info.si_addr, (long)seen.pc, (long)seen.esr);
    check_failures++;
  }
}

static void
test_undefined (void)
{
  static const uint32_t always[] = {
    0x00000000, 0x0000ffff,             /* udf */
    0x00010000, 0x02000000, 0x06000000, /* reserved */
    0xd4400000, 0xd45fffe0,             /* hlt */
    0xd4000002, 0xd4000003,             /* hvc, smc */
    0xd4a00001, 0xd4a00002, 0xd4a00003, /* dcps1 to dcps3 */
    0xd69f03e0, 0xd6bf03e0,             /* eret, drps */
    0xd4200001, 0xd4000000, 0xd4000005, /* beside brk and svc */
    0xd5381000, 0xd5181000,             /* mrs and msr of sctlr_el1 */
    0xd5384240, 0xd53b4220, 0xd51b4220, /* mrs CurrentEL, mrs and msr of daif */
    0xd50342df, 0xd50342ff, 0xd50040bf, /* msr daifset, msr daifclr, msr spsel */
    0xd51b0020, 0xd5180000,             /* msr of ctr_el0 and midr_el1 */
    0xd53be020, 0xd53be240,             /* mrs of cntpct_el0 and cntp_cval_el0 */
    0xd51be040, 0xd51bd060,             /* msr of cntvct_el0 and tpidrro_el0 */
    0xd5380020, 0xd5380100, /* s3_0_c0_c0_1, id_pfr0_el1: not in the space that Linux answers for */
    0xd5087620, 0xd508751f, 0xd508711f, /* dc ivac, ic iallu, ic ialluis */
    0xd508831f, 0xd5087800, 0xd5087a40, /* tlbi vmalle1is, at s1e1r, dc csw */
    0xd5280000, 0xd5300000,             /* sysl, mrs of osdtrrx_el1 */
    0x0b207c00,                         /* add w0, w0, w0, shifted too far */
    0x4bc00000, 0x0b008000,             /* sub with ror, add w0, w0, w0, lsl #32 */
    0x5ac02400, 0x1ac00000,             /* no data-processing of one and of two sources */
    0x1ea02800,                         /* fadd of floating-point type 2 */
    0x48217c01,                         /* casp of an odd register, w1 */
    0xfcc00400,                         /* no such load of a vector register */
  };
  for (unsigned i = 0; i < sizeof always / sizeof *always; i++)
    expect_undefined (always[i]);
  unsigned long hwcap = getauxval (AT_HWCAP), hwcap2 = getauxval (AT_HWCAP2);
  const struct {
    bool there;
    uint32_t insn;
  } options[] = {
    { hwcap & HWCAP_SVE, 0x2518e3e0 },      /* ptrue p0.b */
    { hwcap & HWCAP_SVE, 0x04bf5020 },      /* rdvl x0, #1 */
    { hwcap2 & HWCAP2_SME, 0xd503477f },    /* smstart */
    { hwcap2 & HWCAP2_SME, 0xd53bd0a0 },    /* mrs x0, tpidr2_el0 */
    { hwcap2 & HWCAP2_MTE, 0x9ac01000 },    /* irg x0, x0, x0 */
    { hwcap2 & HWCAP2_MTE, 0xd9200800 },    /* stg x0, [x0] */
    { hwcap2 & HWCAP2_BF16, 0x6e42fc20 },   /* bfdot */
    { hwcap2 & HWCAP2_I8MM, 0x4e82a420 },   /* smmla */
    { hwcap2 & HWCAP2_FRINT, 0x1e684000 },  /* frint32z d0, d0 */
    { hwcap2 & HWCAP2_FLAGM2, 0xd500405f }, /* axflag */
    { hwcap & HWCAP_FLAGM, 0xd500401f },    /* cfinv */
    { hwcap2 & HWCAP2_RNG, 0xd53b2400 },    /* mrs x0, rndr */
    { hwcap2 & HWCAP2_DCPODP, 0xd50b7d20 }, /* dc cvadp, x0 */
    { hwcap & HWCAP_DCPOP, 0xd50b7c20 },    /* dc cvap, x0 */
    { hwcap & HWCAP_ATOMICS, 0xb8210001 },  /* ldadd w1, w1, [x0] */
    { hwcap & HWCAP_LRCPC, 0xb8bfc001 },    /* ldapr w1, [x0] */
    { hwcap & HWCAP_ILRCPC, 0x99400001 },   /* ldapur w1, [x0] */
    { hwcap & HWCAP_PACG, 0x9ac13000 },     /* pacga x0, x0, x1 */
    { hwcap & HWCAP_DIT, 0xd53b42a0 },      /* mrs x0, dit */
    { hwcap & HWCAP_SSBS, 0xd53b42c0 },     /* mrs x0, ssbs */
    { hwcap & HWCAP_SB, 0xd50330ff },       /* sb */
    { hwcap & HWCAP_AES, 0x4e284800 },      /* aese */
    { hwcap & HWCAP_SHA512, 0xcec08000 },   /* sha512su0 */
    { hwcap & HWCAP_SHA3, 0xce000000 },     /* eor3 */
    { hwcap & HWCAP_SM4, 0xcec08400 },      /* sm4e */
    { hwcap & HWCAP_FPHP, 0x1ee02800 },     /* fadd h0, h0, h0 */
    { hwcap & HWCAP_ASIMDDP, 0x4e809400 },  /* sdot */
    { hwcap & HWCAP_ASIMDFHM, 0x4e20ec00 }, /* fmlal */
    { hwcap & HWCAP_JSCVT, 0x1e7e0000 },    /* fjcvtzs w0, d0 */
    { hwcap & HWCAP_FCMA, 0x6e80c400 },     /* fcmla */
    { hwcap & HWCAP_CRC32, 0x1ac04000 },    /* crc32b w0, w0, w0 */
  };
  for (unsigned i = 0; i < sizeof options / sizeof *options; i++)
    if (!options[i].there)
      expect_undefined (options[i].insn);
    else
      CHECK_EQ (run (options[i].insn, (uint64_t)area), 0);
}

static void
test_breakpoints (void)
{
  static const uint32_t numbers[] = { 0, 1, 0x900, 0x1234, 0xffff };
  for (unsigned i = 0; i < 5; i++) {
    CHECK_EQ (run (0xd4200000 | numbers[i] << 5, 0), SIGTRAP);
    CHECK (seen.info.si_code == TRAP_BRKPT && seen.info.si_addr == code && seen.pc == (uint64_t)code);
  }
}

/* ---- addresses ---- */

static void
expect_fault (uint32_t insn, char *at, int sig, int si_code)
{
  int found = run (insn, (uint64_t)at);
  if (found != sig || (sig != 0 && (seen.info.si_code != si_code || seen.info.si_addr != at ||
                                    seen.fault_address != (uint64_t)at || seen.esr >> 26 != EC_DATA))) {
    fprintf (stderr, "%08x at %p: signal %d, code %d, address %p, esr %lx\n", insn, (void *)at, found,
             seen.info.si_code, seen.info.si_addr, (long)seen.esr);
    check_failures++;
  }
}

static void
test_caches (void)
{
  enum { CVAC = 0xd50b7a20, CVAU = 0xd50b7b20, CIVAC = 0xd50b7e20, ZVA = 0xd50b7420, IVAU = 0xd50b7520 };
  static const uint32_t clean[] = { CVAC, CVAU, CIVAC };
  char *end = area + 2 * PAGE;
  for (unsigned i = 0; i < 3; i++) {
    /* It is of a line, and the byte named may be the last that is there. */
    expect_fault (clean[i], end - 1, 0, 0);
    expect_fault (clean[i], end + 1, SIGSEGV, SEGV_MAPERR);
    CHECK ((seen.esr & 0x140) == 0x140); /* CM, WnR */
    CHECK_OK (mprotect (area + PAGE, PAGE, PROT_NONE));
    expect_fault (clean[i], end - 3, SIGSEGV, SEGV_ACCERR);
    CHECK_OK (mprotect (area + PAGE, PAGE, PROT_READ));
    expect_fault (clean[i], end - 3, 0, 0);
    CHECK_OK (mprotect (area + PAGE, PAGE, PROT_READ | PROT_WRITE));
  }
  expect_fault (IVAU, end - 1, 0, 0);
  /* The address reported is the register's, not that of the line. */
  CHECK_OK (mprotect (area + PAGE, PAGE, PROT_READ));
  expect_fault (ZVA, end - 5, SIGSEGV, SEGV_ACCERR);
  CHECK ((seen.esr & 0x140) == 0x40);
  CHECK_OK (mprotect (area + PAGE, PAGE, PROT_READ | PROT_WRITE));
  end[-1] = 1;
  expect_fault (ZVA, end - 5, 0, 0);
  CHECK_EQ (end[-1], 0);
  expect_fault (ZVA, end + 7, SIGSEGV, SEGV_MAPERR);
}

/* Without FEAT_LSE2 what is atomic or ordered must be aligned. */
static void
test_alignment (void)
{
  static const struct {
    unsigned long hwcap;
    uint32_t insn;
  } accesses[] = {
    { 0, 0x885f7c01 },             /* ldxr w1, [x0] */
    { 0, 0xc85ffc01 },             /* ldaxr x1, [x0] */
    { 0, 0xc87f0801 },             /* ldxp x1, x2, [x0] */
    { 0, 0x88dffc01 },             /* ldar w1, [x0] */
    { 0, 0xc89ffc01 },             /* stlr x1, [x0] */
    { 0, 0x48dffc01 },             /* ldarh w1, [x0] */
    { HWCAP_ATOMICS, 0xb8210001 }, /* ldadd w1, w1, [x0] */
    { HWCAP_ATOMICS, 0xf8218001 }, /* swp x1, x1, [x0] */
    { HWCAP_ATOMICS, 0xc8a17c01 }, /* cas x1, x1, [x0] */
    { HWCAP_ATOMICS, 0x48227c02 }, /* casp x2, x3, x2, x3, [x0] */
    { HWCAP_LRCPC, 0xb8bfc001 },   /* ldapr w1, [x0] */
  };
  unsigned long hwcap = getauxval (AT_HWCAP);
  for (unsigned i = 0; i < sizeof accesses / sizeof *accesses; i++) {
    /* Within 16 bytes it is the same with FEAT_LSE2 for those that are not exclusive. */
    unsigned offset = hwcap & HWCAP_USCAT ? 15 : 1;
    if ((accesses[i].hwcap & hwcap) != accesses[i].hwcap)
      continue;
    expect_fault (accesses[i].insn, area + 64, 0, 0);
    expect_fault (accesses[i].insn, area + 64 + offset, SIGBUS, BUS_ADRALN);
    CHECK_EQ (seen.esr & 0x3f, 0x21);
  }
  /* A pair's size counts, not that of its parts. */
  expect_fault (0xc87f0801, area + 72, SIGBUS, BUS_ADRALN);
  /* Others need no alignment, across pages neither. */
  expect_fault (0xf9400001, area + PAGE - 3, 0, 0);        /* ldr x1, [x0] */
  expect_fault (0xa9000801, area + PAGE - 5, 0, 0);        /* stp x1, x2, [x0] */
  expect_fault (0x3dc00000, area + PAGE - 7, 0, 0);        /* ldr q0, [x0] */
  CHECK_EQ (run (0xd61f0000, (uint64_t)area + 2), SIGBUS); /* br x0 */
  CHECK (seen.info.si_code == BUS_ADRALN && seen.info.si_addr == area + 2 && seen.pc == (uint64_t)area + 2);
  CHECK (seen.esr >> 26 == EC_PC_ALIGNMENT && seen.fault_address == 0);
  CHECK_EQ (run (0xd61f0000, (uint64_t)area + 4), SIGSEGV);
  CHECK (seen.info.si_code == SEGV_ACCERR && seen.esr >> 26 == EC_FETCH);
}

/* The stack pointer is moved off by some bytes for one instruction. */
static void
run_on_stack (uint32_t insn, uint64_t off)
{
  run (insn, 0); /* leaves it in code[] */
  memset (&seen, 0, sizeof seen);
  __asm__ volatile ("mov x19, sp\n sub sp, sp, %0\n mov x20, sp\n blr %1\n mov sp, x19"
                    :
                    : "r"(off), "r"(code)
                    : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                      "x14", "x15", "x16", "x17", "x19", "x20", "x30", "cc", "memory");
}

static void
test_stack (void)
{
  static const uint32_t accesses[] = { 0xf94003e1, 0x394003e1, 0xa9400be1,
                                       0x3dc003e0 }; /* ldr, ldrb, ldp, ldr q0 */
  for (unsigned n = 0; n < 200; n++)
    for (unsigned i = 0; i < sizeof accesses / sizeof *accesses; i++) {
      run_on_stack (accesses[i], 64);
      CHECK_EQ (seen.count, 0);
      run_on_stack (accesses[i], 56);
      CHECK_EQ (seen.count, 1);
      CHECK (seen.info.si_signo == SIGBUS && seen.info.si_code == BUS_ADRALN && seen.pc == (uint64_t)code);
      CHECK ((uint64_t)seen.info.si_addr % 16 == 8 && seen.fault_address == 0);
      CHECK_EQ (seen.esr, (uint64_t)EC_SP_ALIGNMENT << 26 | 1 << 25);
    }
  run_on_stack (0xf98003e0, 56); /* prfm pldl1keep, [sp] */
  CHECK_EQ (seen.count, 0);
}

/* ---- frames that are refused ---- */

static siginfo_t refusal;
static sigjmp_buf out;
static bool refused_esr;

static void
on_refusal (int sig, siginfo_t *info, void *context)
{
  refusal = *info;
  refused_esr = find_record (context, ESR_MAGIC) != NULL;
  siglongjmp (out, 1);
}

static int spoiling;
static uint64_t frame;

static void
spoil (int sig, siginfo_t *info, void *context)
{
  ucontext_t *uc = context;
  frame = (uint64_t)info; /* The frame begins with it. */
  if (spoiling == 0)
    uc->uc_mcontext.pstate |= 4;
  else if (spoiling == 1) {
    uc->uc_mcontext.pstate |= 4;
    uc->uc_mcontext.sp = UINT64_C (0x7ffffffff0);
  } else
    ((struct fpsimd_context *)find_record (uc, FPSIMD_MAGIC))->head.size += 16;
}

static void
test_refused_frames (void)
{
  static char stack[65536];
  struct sigaction action = { .sa_sigaction = spoil, .sa_flags = SA_SIGINFO };
  struct sigaction refusing = { .sa_sigaction = on_refusal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  stack_t other = { .ss_sp = stack, .ss_size = sizeof stack };
  CHECK_OK (sigaltstack (&other, NULL));
  sigaction (SIGUSR1, &action, NULL);
  sigaction (SIGSEGV, &refusing, NULL);
  for (spoiling = 0; spoiling < 3; spoiling++) {
    memset (&refusal, 0, sizeof refusal);
    if (sigsetjmp (out, 1) == 0)
      raise (SIGUSR1);
    CHECK (refusal.si_signo == SIGSEGV && !refused_esr);
    /* The stack pointer is that of the frame already; nothing is mapped above the second. */
    CHECK_EQ (refusal.si_code, spoiling == 1 ? SEGV_MAPERR : SEGV_ACCERR);
    if (spoiling == 1)
      CHECK (refusal.si_addr == (void *)UINT64_C (0x7ffffffff0));
    else
      CHECK ((uint64_t)refusal.si_addr > frame);
  }
  /* Where none can be. */
  char *odd = (char *)(((uint64_t)stack + sizeof stack / 2) | 8);
  memset (&refusal, 0, sizeof refusal);
  if (sigsetjmp (out, 1) == 0)
    __asm__ volatile ("mov sp, %0\n mov x8, #139\n svc #0" : : "r"(odd) : "x8", "memory");
  CHECK (refusal.si_signo == SIGSEGV && refusal.si_code == SEGV_ACCERR && refusal.si_addr == odd);
}

/* ---- what the processor is ---- */

#define READ(name)                                                                                           \
  ({                                                                                                         \
    uint64_t value;                                                                                          \
    __asm__ volatile ("mrs %0, " name : "=r"(value));                                                        \
    value;                                                                                                   \
  })

static bool
has_word (const char *text, const char *word)
{
  size_t n = strlen (word);
  for (const char *p = text; (p = strstr (p, word)) != NULL; p += n)
    if (p[-1] == ' ' && (p[n] == ' ' || p[n] == '\n'))
      return true;
  return false;
}

static void
test_features (void)
{
  static char text[65536];
  const uint64_t isar0 = READ ("id_aa64isar0_el1"), isar1 = READ ("id_aa64isar1_el1");
  const uint64_t pfr0 = READ ("id_aa64pfr0_el1"), pfr1 = READ ("id_aa64pfr1_el1"),
                 mmfr2 = READ ("s3_0_c0_c7_2");
  const struct {
    const char *name;
    uint64_t id;
    unsigned field, least;
    unsigned word, bit;
  } features[] = {
    { "aes", isar0, 4, 1, 0, 3 },        { "pmull", isar0, 4, 2, 0, 4 },
    { "sha1", isar0, 8, 1, 0, 5 },       { "sha2", isar0, 12, 1, 0, 6 },
    { "sha512", isar0, 12, 2, 0, 21 },   { "crc32", isar0, 16, 1, 0, 7 },
    { "atomics", isar0, 20, 2, 0, 8 },   { "asimdrdm", isar0, 28, 1, 0, 12 },
    { "sha3", isar0, 32, 1, 0, 17 },     { "sm3", isar0, 36, 1, 0, 18 },
    { "sm4", isar0, 40, 1, 0, 19 },      { "asimddp", isar0, 44, 1, 0, 20 },
    { "asimdfhm", isar0, 48, 1, 0, 23 }, { "flagm", isar0, 52, 1, 0, 27 },
    { "flagm2", isar0, 52, 2, 1, 7 },    { "rng", isar0, 60, 1, 1, 16 },
    { "dcpop", isar1, 0, 1, 0, 16 },     { "dcpodp", isar1, 0, 2, 1, 0 },
    { "jscvt", isar1, 12, 1, 0, 13 },    { "fcma", isar1, 16, 1, 0, 14 },
    { "lrcpc", isar1, 20, 1, 0, 15 },    { "ilrcpc", isar1, 20, 2, 0, 26 },
    { "frint", isar1, 32, 1, 1, 8 },     { "sb", isar1, 36, 1, 0, 29 },
    { "bf16", isar1, 44, 1, 1, 14 },     { "dgh", isar1, 48, 1, 1, 15 },
    { "i8mm", isar1, 52, 1, 1, 13 },     { "sve", pfr0, 32, 1, 0, 22 },
    { "dit", pfr0, 48, 1, 0, 24 },       { "bti", pfr1, 0, 1, 1, 17 },
    { "ssbs", pfr1, 4, 2, 0, 28 },       { "mte", pfr1, 8, 2, 1, 18 },
    { "sme", pfr1, 24, 1, 1, 23 },       { "uscat", mmfr2, 32, 1, 0, 25 },
  };
  const unsigned long hwcap[2] = { getauxval (AT_HWCAP), getauxval (AT_HWCAP2) };
  int fd = open ("/proc/cpuinfo", O_RDONLY);
  ssize_t n = read (fd, text, sizeof text - 1);
  CHECK (n > 0);
  text[n < 0 ? 0 : n] = 0;
  close (fd);
  for (unsigned i = 0; i < sizeof features / sizeof *features; i++) {
    bool there = (features[i].id >> features[i].field & 15) >= features[i].least;
    check_result ((hwcap[features[i].word] >> features[i].bit & 1) == there, __LINE__, "hwcap of %s",
                  features[i].name);
    check_result (has_word (text, features[i].name) == there, __LINE__, "cpuinfo of %s", features[i].name);
  }
  /* Signed fields, 15 for "none". */
  CHECK (((hwcap[0] & HWCAP_FP) != 0) == ((pfr0 >> 16 & 15) != 15));
  CHECK (((hwcap[0] & HWCAP_FPHP) != 0) == ((pfr0 >> 16 & 15) == 1));
  CHECK (((hwcap[0] & HWCAP_ASIMDHP) != 0) == ((pfr0 >> 20 & 15) == 1));
  CHECK (((hwcap[0] & HWCAP_PACA) != 0) == ((isar1 >> 4 & 0xff) != 0));
  /* What has no name for a program is hidden, what has no register is 0. */
  CHECK ((pfr0 & 0xff00ff00) == 0 && (isar1 >> 56 & 15) == 0 && READ ("id_aa64mmfr0_el1") == 0xff000000);
  CHECK (READ ("s3_0_c0_c2_0") == 0 && READ ("s3_0_c0_c3_7") == 0 && READ ("s3_0_c0_c7_7") == 0);
  CHECK ((READ ("midr_el1") >> 16 & 15) == 15 && READ ("revidr_el1") == 0);
}

/* Bits that do nothing here read as zero; traps of floating-point exceptions cannot be switched on. */
static void
test_control (void)
{
  const uint64_t all = ~UINT64_C (0), half = getauxval (AT_HWCAP) & HWCAP_FPHP ? 1 << 19 : 0;
  volatile double zero = 0, quotient;
  uint64_t got;
  __asm__ volatile ("msr fpcr, %1\n mrs %0, fpcr" : "=r"(got) : "r"(all));
  quotient = 1 / zero;
  __asm__ volatile ("msr fpcr, xzr");
  CHECK_EQ (got & 0x07ffff00 & ~UINT64_C (0x370000), 0x07c00000 | half);
  CHECK (quotient > 1e300);
}

/* ---- what a process is told of itself ---- */

static void
test_auxv (void)
{
  Elf64_auxv_t auxv[64];
  int fd = open ("/proc/self/auxv", O_RDONLY);
  ssize_t n = read (fd, auxv, sizeof auxv) / (ssize_t)sizeof *auxv;
  CHECK (n > 15 && auxv[n - 1].a_type == AT_NULL);
  for (ssize_t i = 0; i < n - 1; i++)
    CHECK_EQ (getauxval (auxv[i].a_type), auxv[i].a_un.a_val);
  close (fd);
  const Elf64_Ehdr *vdso = (const void *)getauxval (AT_SYSINFO_EHDR);
  CHECK (vdso != NULL && memcmp (vdso->e_ident, ELFMAG, SELFMAG) == 0 && vdso->e_machine == EM_AARCH64);
}

static unsigned depth;
static bool crossed;

static _Unwind_Reason_Code
look (struct _Unwind_Context *context, void *data)
{
  int before;
  uint64_t pc = _Unwind_GetIPInfo (context, &before);
  /* In a frame that a signal interrupted, the address is that of the instruction itself. */
  crossed |= before && pc == seen.pc;
  return ++depth < 50 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static void
on_unwind (int sig, siginfo_t *info, void *context)
{
  ucontext_t *uc = context;
  seen.pc = uc->uc_mcontext.pc;
  _Unwind_Backtrace (look, NULL);
  uc->uc_mcontext.pc += 4;
}

/* Unwinders know a signal's frame by the two instructions a handler returns to. */
static void
test_unwinding (void)
{
  struct sigaction action = { .sa_sigaction = on_unwind, .sa_flags = SA_SIGINFO };
  sigaction (SIGTRAP, &action, NULL);
  __asm__ volatile ("brk #7");
  CHECK (crossed);
  CHECK (depth >= 4 && depth < 50);
}

/* Out of a handler on an alternate stack, again and again: the stack is free each time. */
static void
test_jumps (void)
{
  static char stack[65536];
  stack_t other = { .ss_sp = stack, .ss_size = sizeof stack }, now;
  struct sigaction action = { .sa_sigaction = on_refusal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  static volatile int jumps;
  CHECK_OK (sigaltstack (&other, NULL));
  sigaction (SIGSEGV, &action, NULL);
  for (jumps = 0; jumps < 2000; jumps++)
    if (sigsetjmp (out, 1) == 0)
      *(volatile char *)16 = 0;
  CHECK_EQ (jumps, 2000);
  CHECK_OK (sigaltstack (NULL, &now));
  CHECK_EQ (now.ss_flags, 0);
}

int
main (void)
{
  area = mmap (NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  code = mmap (NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap (area + 2 * PAGE, PAGE);
  catch_exceptions (0);
  test_undefined ();
  test_breakpoints ();
  test_caches ();
  test_alignment ();
  test_stack ();
  test_refused_frames ();
  test_features ();
  test_control ();
  test_auxv ();
  test_unwinding ();
  test_jumps ();
  return check_end ();
}
