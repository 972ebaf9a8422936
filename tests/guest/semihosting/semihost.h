/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Asking the host, with the instructions of either guest. */

#include "bare.h"

enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITEC = 0x03,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_READC = 0x07,
  SYS_ISERROR = 0x08,
  SYS_ISTTY = 0x09,
  SYS_SEEK = 0x0a,
  SYS_FLEN = 0x0c,
  SYS_TMPNAM = 0x0d,
  SYS_REMOVE = 0x0e,
  SYS_RENAME = 0x0f,
  SYS_CLOCK = 0x10,
  SYS_TIME = 0x11,
  SYS_SYSTEM = 0x12,
  SYS_ERRNO = 0x13,
  SYS_GET_CMDLINE = 0x15,
  SYS_HEAPINFO = 0x16,
  SYS_EXIT = 0x18,
  SYS_SYNCCACHE = 0x19,
  SYS_EXIT_EXTENDED = 0x20,
  SYS_ELAPSED = 0x30,
  SYS_TICKFREQ = 0x31,
};

#define APPLICATION_EXIT 0x20026ul

#ifdef __riscv
#define RAM_START    0x80000000ul
#define LEVEL_USER   MODE_U
#define LEVEL_KERNEL MODE_S
#else
#define RAM_START    0x40000000ul
#define LEVEL_USER   0
#define LEVEL_KERNEL 1
#endif
#define RAM_END (RAM_START + (128ul << 20))
#define NOWHERE 0x7000000000ul /* nothing is there */

static inline int64_t
semihost (uint64_t op, uint64_t arg)
{
#ifdef __riscv
  register uint64_t a0 __asm__ ("a0") = op;
  register uint64_t a1 __asm__ ("a1") = arg;
  __asm__ volatile (
      ".option push\n .option norvc\n .balign 16\n slli x0, x0, 0x1f\n ebreak\n srai x0, x0, 7\n"
      " .option pop"
      : "+r"(a0)
      : "r"(a1)
      : "memory");
  return (int64_t)a0;
#else
  register uint64_t x0 __asm__ ("x0") = op;
  register uint64_t x1 __asm__ ("x1") = arg;
  __asm__ volatile ("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
  return (int64_t)x0;
#endif
}

/* With a block of words. */
#define ask(op, ...)                                                                                         \
  ({                                                                                                         \
    volatile uint64_t block_[] = { __VA_ARGS__ };                                                            \
    semihost (op, (uint64_t)block_);                                                                         \
  })

static inline uint64_t
length (const char *text)
{
  uint64_t n = 0;
  while (text[n])
    n++;
  return n;
}

static inline int64_t
open_file (const char *name, uint64_t mode)
{
  return ask (SYS_OPEN, (uint64_t)name, mode, length (name));
}

static inline void
say (const char *text)
{
  semihost (SYS_WRITE0, (uint64_t)text);
}

static inline _Noreturn void
leave (uint64_t status)
{
  for (;;)
    ask (SYS_EXIT_EXTENDED, APPLICATION_EXIT, status);
}
