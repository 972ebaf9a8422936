/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Names and numbers of architectures, and what the evidence for them comes to. */

#include "media-private.h"

#include <elf.h>

static const char *const arch_names[ARCH_COUNT] = {
  [ARCH_X86_64] = "x86_64",
  [ARCH_I386] = "i386",
  [ARCH_AARCH64] = "aarch64",
  [ARCH_ARM] = "arm",
  [ARCH_RISCV64] = "riscv64",
  [ARCH_RISCV32] = "riscv32",
  [ARCH_LOONGARCH64] = "loongarch64",
  [ARCH_PPC64] = "ppc64",
  [ARCH_PPC] = "ppc",
  [ARCH_MIPS64EL] = "mips64el",
  [ARCH_MIPS64] = "mips64",
  [ARCH_MIPSEL] = "mipsel",
  [ARCH_MIPS] = "mips",
  [ARCH_SPARC64] = "sparc64",
  [ARCH_SPARC] = "sparc",
  [ARCH_S390X] = "s390x",
};

/* A machine for 64-bit PowerPC runs either byte order, so there is one name for both. */
static const struct {
  const char *word;
  Arch arch;
} arch_words[] = {
  { "amd64", ARCH_X86_64 },
  { "x86_64", ARCH_X86_64 },
  { "x64", ARCH_X86_64 },
  { "x64fre", ARCH_X86_64 },
  { "x64fres", ARCH_X86_64 },
  { "i386", ARCH_I386 },
  { "i486", ARCH_I386 },
  { "i586", ARCH_I386 },
  { "i686", ARCH_I386 },
  { "x86", ARCH_I386 },
  { "ia32", ARCH_I386 },
  { "x86fre", ARCH_I386 },
  { "aarch64", ARCH_AARCH64 },
  { "arm64", ARCH_AARCH64 },
  { "aa64", ARCH_AARCH64 },
  { "a64fre", ARCH_AARCH64 },
  { "armhf", ARCH_ARM },
  { "armel", ARCH_ARM },
  { "armhfp", ARCH_ARM },
  { "armv7", ARCH_ARM },
  { "armv7l", ARCH_ARM },
  { "arm", ARCH_ARM },
  { "riscv64", ARCH_RISCV64 },
  { "riscv32", ARCH_RISCV32 },
  { "loongarch64", ARCH_LOONGARCH64 },
  { "loong64", ARCH_LOONGARCH64 },
  { "ppc64el", ARCH_PPC64 },
  { "ppc64le", ARCH_PPC64 },
  { "ppc64", ARCH_PPC64 },
  { "powerpc64", ARCH_PPC64 },
  { "powerpc", ARCH_PPC },
  { "ppc", ARCH_PPC },
  { "mips64el", ARCH_MIPS64EL },
  { "mips64", ARCH_MIPS64 },
  { "mipsel", ARCH_MIPSEL },
  { "mips", ARCH_MIPS },
  { "sparc64", ARCH_SPARC64 },
  { "sparc", ARCH_SPARC },
  { "s390x", ARCH_S390X },
};

const char *
arch_name (Arch arch)
{
  return arch_names[arch];
}

Arch
arch_of_word (const char *word)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (arch_words); i++) {
    if (!g_ascii_strcasecmp (word, arch_words[i].word))
      return arch_words[i].arch;
  }
  return ARCH_NONE;
}

/* IMAGE_FILE_MACHINE_*. */
Arch
arch_of_pe (uint16_t machine)
{
  switch (machine) {
    case 0x8664: return ARCH_X86_64;
    case 0x014c: return ARCH_I386;
    case 0xaa64: return ARCH_AARCH64;
    case 0x01c0:
    case 0x01c2:
    case 0x01c4: return ARCH_ARM;
    case 0x5064: return ARCH_RISCV64;
    case 0x5032: return ARCH_RISCV32;
    case 0x6264: return ARCH_LOONGARCH64;
    default: return ARCH_NONE;
  }
}

Arch
arch_of_elf (uint16_t machine, bool is_64, bool big_endian)
{
  switch (machine) {
    case EM_X86_64: return ARCH_X86_64;
    case EM_386: return ARCH_I386;
    case EM_AARCH64: return ARCH_AARCH64;
    case EM_ARM: return ARCH_ARM;
    case EM_RISCV: return is_64 ? ARCH_RISCV64 : ARCH_RISCV32;
    case EM_LOONGARCH: return is_64 ? ARCH_LOONGARCH64 : ARCH_NONE;
    case EM_PPC64: return ARCH_PPC64;
    case EM_PPC: return ARCH_PPC;
    case EM_MIPS:
      return is_64 ? big_endian ? ARCH_MIPS64 : ARCH_MIPS64EL : big_endian ? ARCH_MIPS : ARCH_MIPSEL;
    case EM_SPARCV9: return ARCH_SPARC64;
    case EM_SPARC:
    case EM_SPARC32PLUS: return ARCH_SPARC;
    case EM_S390: return is_64 ? ARCH_S390X : ARCH_NONE;
    default: return ARCH_NONE;
  }
}

void
probe_words (Probe *probe, const char *text, Evidence evidence)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t\r\n_-/.,;:()[]{}\"'", 256);
  for (unsigned i = 0; words[i]; i++) {
    /* "x86_64" is the one name with a separator in it. */
    bool split = !g_ascii_strcasecmp (words[i], "x86") && words[i + 1] && !strcmp (words[i + 1], "64");
    Arch arch = split ? ARCH_X86_64 : arch_of_word (words[i]);
    if (arch)
      probe_evidence (probe, arch, evidence);
  }
}

/* A volume's name only helps to choose among what its records say, unless they say nothing. */
static void
weigh_names (Probe *probe)
{
  unsigned all = 0;
  for (Arch arch = ARCH_NONE + 1; arch < ARCH_COUNT; arch++)
    all |= probe->evidence[arch];
  for (Arch arch = ARCH_NONE + 1; arch < ARCH_COUNT && (all & ~EVIDENCE_NAMED); arch++) {
    if (probe->evidence[arch] == EVIDENCE_NAMED)
      probe->evidence[arch] = 0;
  }
}

/* Firmware of 32 bits may start a 64-bit kernel, so its loader alone promises no 32-bit system; and a 64-bit
 * PC runs what a 32-bit one does. */
static void
weigh_x86 (Probe *probe)
{
  uint8_t *i386 = &probe->evidence[ARCH_I386], *x86_64 = &probe->evidence[ARCH_X86_64];
  bool bios = probe->info->boot & MEDIA_BOOT_BIOS;
  bool others = false;
  for (Arch arch = ARCH_AARCH64; arch < ARCH_COUNT; arch++)
    others = others || (probe->evidence[arch] & ~EVIDENCE_NAMED);
  if (*x86_64 & EVIDENCE_KERNEL && !(*i386 & (EVIDENCE_KERNEL | EVIDENCE_STATED)))
    *i386 = 0;
  else if (bios && *i386 & ~EVIDENCE_NAMED)
    *x86_64 |= EVIDENCE_RECORD;
  else if (bios && !*i386 && !*x86_64 && !others)
    *i386 = *x86_64 = EVIDENCE_RECORD;
  /* Code for a BIOS is on many a disk that something else starts. */
  if (others && !*i386 && !*x86_64)
    probe->info->boot &= ~MEDIA_BOOT_BIOS;
}

void
probe_conclude (Probe *probe)
{
  weigh_names (probe);
  weigh_x86 (probe);
  GPtrArray *names = g_ptr_array_new ();
  for (unsigned best = UINT8_MAX; best; best--) {
    for (Arch arch = ARCH_NONE + 1; arch < ARCH_COUNT; arch++) {
      if (probe->evidence[arch] == best)
        g_ptr_array_add (names, g_strdup (arch_name (arch)));
    }
  }
  g_ptr_array_add (names, NULL);
  g_strfreev (probe->info->architectures);
  probe->info->architectures = (char **)g_ptr_array_free (names, FALSE);
}
