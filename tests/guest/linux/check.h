/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Self-checking guest programs: every check that fails prints a line, and the exit status says whether any
 * did. The programs are ordinary Linux programs: on a native system they must pass too. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int check_failures, check_count;

__attribute__ ((unused, format (printf, 3, 4))) static void
check_result (int ok, int line, const char *format, ...)
{
  __builtin_va_list args;

  check_count++;
  if (ok)
    return;
  check_failures++;
  printf ("line %d: ", line);
  __builtin_va_start (args, format);
  vprintf (format, args);
  __builtin_va_end (args);
  printf ("\n");
}

/* True. */
#define CHECK(condition) check_result (!!(condition), __LINE__, "%s (errno %d)", #condition, errno)

/* Equal integers. */
#define CHECK_EQ(got, expected)                                                                              \
  do {                                                                                                       \
    long long got_ = (long long)(got), expected_ = (long long)(expected);                                    \
    check_result (got_ == expected_, __LINE__, "%s is %lld, not %lld (errno %d)", #got, got_, expected_,     \
                  errno);                                                                                    \
  } while (0)

/* A call that succeeds: not -1. */
#define CHECK_OK(call)                                                                                       \
  do {                                                                                                       \
    errno = 0;                                                                                               \
    check_result ((long long)(call) != -1, __LINE__, "%s failed: %s", #call, strerror (errno));              \
  } while (0)

/* A call that fails with one error. */
#define CHECK_ERRNO(call, error)                                                                             \
  do {                                                                                                       \
    long long result_;                                                                                       \
    errno = 0;                                                                                               \
    result_ = (long long)(call);                                                                             \
    check_result (result_ == -1 && errno == (error), __LINE__, "%s gave %lld and %s, not %s", #call,         \
                  result_, strerrorname_np (errno) ? strerrorname_np (errno) : "?", #error);                 \
  } while (0)

/* Addresses a program must get EFAULT for: near zero, in the kernel's half, in the middle of nowhere, where a
 * 64-bit emulator's own memory could be, and a mapping without access. */
enum { N_BAD = 6 };
__attribute__ ((unused)) static void *
bad_address (int i)
{
  static void *none, *edge;

  if (!none) {
    none = mmap (NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    edge = mmap (NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap ((char *)edge + 4096, 4096);
  }
  switch (i) {
    case 0: return (void *)8;
    case 1: return (void *)-4096L;
    case 2: return (void *)(1UL << 63);
    case 3: return none;
    case 4: return (char *)edge + 4095; /* one readable byte */
    default: return (void *)((uintptr_t)1 << (sizeof (void *) * 8 - 2));
  }
}

__attribute__ ((unused)) static int
check_end (void)
{
  printf ("%d checks, %d failed\n", check_count, check_failures);
  return check_failures != 0;
}
