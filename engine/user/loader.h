/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Between the parts of the program loader. */

#include "loader-abi.h"

/* What a program's first stack tells it. */
typedef struct {
  const UserLoaderAbi *abi;
  const char *exec_name;
  char **argv, **envp;
  uint64_t pc; /* of the first instruction: the program's or its dynamic loader's */
  unsigned phnum, phentsize;
  bool exec_stack;
} UserStackInfo;

/* Maps the stack and writes to it what Linux does; the rest comes from user_process. */
bool user_stack_build (const Cpu *cpu, const UserStackInfo *info, uint64_t *ret_sp, GError **error);
