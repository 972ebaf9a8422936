/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Where nobody answers, the instructions are what they are otherwise. */

#include "semihost.h"

static uint64_t
ask_time (uint64_t unused)
{
  return (uint64_t)semihost (SYS_TIME, 0);
}

#ifdef __riscv
#define CHECK_REFUSED(...)                                                                                   \
  do {                                                                                                       \
    uint64_t count_ = traps[0].count;                                                                        \
    CHECK_EQUAL (__VA_ARGS__, SYS_TIME);                                                                     \
    CHECK_EQUAL (traps[0].count - count_, 1);                                                                \
    CHECK_EQUAL (traps[0].cause, CAUSE_BREAKPOINT);                                                          \
  } while (0)
#else
#define CHECK_REFUSED(...) CHECK_TRAP (0, CHECK_EQUAL (__VA_ARGS__, SYS_TIME))
#endif

void
test_main (void)
{
  CHECK_REFUSED (ask_time (0));
  CHECK_REFUSED (run_in (LEVEL_USER, ask_time, 0));
}
