/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the loader must know of a guest architecture's Linux port. One const table per ISA, in the folder of
 * its architecture. */

#include "user.h"

/* A function of the guest's vDSO: machine code in instruction words, as the guest's memory holds them. */
typedef struct {
  const char *name;
  const uint32_t *code;
  unsigned n_words;
} UserVdsoFunction;

typedef struct {
  const char *isa;       /* GuestIsa.name it belongs to */
  const char *platform;  /* AT_PLATFORM, or NULL where the kernel gives none */
  unsigned min_sigstack; /* AT_MINSIGSTKSZ */
  /* Whether this cpu can run a program with these e_flags; if not, *ret_why is a phrase for the message. */
  bool (*check_elf_flags) (const Cpu *cpu, uint32_t e_flags, const char **ret_why);
  /* AT_HWCAP, and AT_HWCAP2 where the port has one (else NULL). */
  uint64_t (*hwcap) (const Cpu *cpu);
  uint64_t (*hwcap2) (const Cpu *cpu);
  /* Registers at a program's first instruction. */
  void (*start) (Cpu *cpu, uint64_t pc, uint64_t sp);
  const char *vdso_version; /* symbol version of the functions below */
  const UserVdsoFunction *vdso;
  unsigned n_vdso;
  const char *vdso_sigreturn; /* the one a signal handler returns to */
} UserLoaderAbi;

/* The port for an ISA of isa.h, or NULL. */
const UserLoaderAbi *user_loader_abi_find (const GuestIsa *isa);

extern const UserLoaderAbi user_loader_abi_riscv64, user_loader_abi_riscv32, user_loader_abi_aarch64;
