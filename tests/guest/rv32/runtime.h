/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A runtime for 32-bit RISC-V programs without a C library: start code, system calls, checks. The structures
 * are the kernel's own, from its headers; every check that fails prints a line, and the exit status says
 * whether any did. */

#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/time_types.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int guest_main (int argc, char **argv, char **envp);
/* Whether the program is run as the control, by QEMU: the last argument says so. It departs from Linux here
 * and there. */
extern bool under_qemu;

/* The arguments of a call in its registers, whether the call takes so many or not. */
static inline long
syscall6 (long nr, long a, long b, long c, long d, long e, long f)
{
  register long a0 __asm__ ("a0") = a;
  register long a1 __asm__ ("a1") = b;
  register long a2 __asm__ ("a2") = c;
  register long a3 __asm__ ("a3") = d;
  register long a4 __asm__ ("a4") = e;
  register long a5 __asm__ ("a5") = f;
  register long a7 __asm__ ("a7") = nr;
  __asm__ volatile ("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
  return a0;
}

#define CALL_N(nr, a, b, c, d, e, f, ...)                                                                    \
  syscall6 (nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
/* CALL (write, 1, text, size): the result, or a negative errno. */
#define CALL(name, ...) CALL_N (__NR_##name __VA_OPT__ (, ) __VA_ARGS__, 0, 0, 0, 0, 0, 0)
/* A 64-bit argument: two registers, the low half first. */
#define PAIR(value) (uint32_t)(value), (uint32_t)((uint64_t)(value) >> 32)

/* The compiler calls these by itself. */
void *memcpy (void *to, const void *from, size_t n);
void *memset (void *to, int byte, size_t n);
size_t strlen (const char *text);
int memcmp (const void *a, const void *b, size_t n);

bool same (const char *a, const char *b);
void print (const char *text);
void print_number (uint32_t value);

void check_result (bool ok, int line, const char *text, long got, long wanted);
/* The exit status. */
int check_end (void);

/* True. */
#define CHECK(condition) check_result (!!(condition), __LINE__, #condition, 0, 0)
/* Equal 32-bit integers. */
#define CHECK_EQ(got, wanted)                                                                                \
  do {                                                                                                       \
    long got_ = (long)(got), wanted_ = (long)(wanted);                                                       \
    check_result (got_ == wanted_, __LINE__, #got, got_, wanted_);                                           \
  } while (0)
/* A call that succeeds. */
#define CHECK_OK(call)                                                                                       \
  do {                                                                                                       \
    long result_ = (long)(call);                                                                             \
    check_result ((unsigned long)result_ < -4095UL, __LINE__, #call, result_, 0);                            \
  } while (0)

/* A child process that runs `run`; its exit status must be 0. */
long fork_process (void);
void check_child (long pid, int line);
#define CHECK_CHILD(pid) check_child (pid, __LINE__)
_Noreturn void exit_process (int status);
