/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runtime.h"

#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/wait.h>

__asm__ (".globl _start\n"
         "_start:\n"
         "  .option push\n"
         "  .option norelax\n"
         "  la gp, __global_pointer$\n"
         "  .option pop\n"
         "  mv a0, sp\n"
         "  andi sp, sp, -16\n"
         "  call start_c\n");

void start_c (long *stack);

bool under_qemu;

void
start_c (long *stack)
{
  int argc = (int)stack[0];
  char **argv = (char **)(stack + 1);
  under_qemu = argc > 1 && same (argv[argc - 1], "qemu");
  exit_process (guest_main (argc, argv, argv + argc + 1));
}

void
exit_process (int status)
{
  for (;;)
    CALL (exit_group, status);
}

void *
memcpy (void *to, const void *from, size_t n)
{
  for (size_t i = 0; i < n; i++)
    ((volatile char *)to)[i] = ((const char *)from)[i];
  return to;
}

void *
memset (void *to, int byte, size_t n)
{
  for (size_t i = 0; i < n; i++)
    ((volatile char *)to)[i] = (char)byte;
  return to;
}

size_t
strlen (const char *text)
{
  const volatile char *p = text;
  while (*p)
    p++;
  return (size_t)(p - text);
}

int
memcmp (const void *a, const void *b, size_t n)
{
  const volatile unsigned char *p = a, *q = b;
  for (size_t i = 0; i < n; i++)
    if (p[i] != q[i])
      return p[i] < q[i] ? -1 : 1;
  return 0;
}

bool
same (const char *a, const char *b)
{
  size_t n = strlen (a);
  return n == strlen (b) && memcmp (a, b, n) == 0;
}

void
print (const char *text)
{
  CALL (write, 1, text, strlen (text));
}

void
print_number (uint32_t value)
{
  char digits[11], *p = digits + sizeof digits;
  *--p = 0;
  do
    *--p = (char)('0' + value % 10);
  while (value /= 10);
  print (p);
}

static void
print_signed (long value)
{
  if (value < 0)
    print ("-");
  print_number (value < 0 ? 0 - (uint32_t)value : (uint32_t)value);
}

static int check_count, check_failures;

void
check_result (bool ok, int line, const char *text, long got, long wanted)
{
  check_count++;
  if (ok)
    return;
  check_failures++;
  print ("line ");
  print_number ((uint32_t)line);
  print (": ");
  print (text);
  if (got != wanted) {
    print (" is ");
    print_signed (got);
    print (", not ");
    print_signed (wanted);
  }
  print ("\n");
}

int
check_end (void)
{
  print_number ((uint32_t)check_count);
  print (" checks, ");
  print_number ((uint32_t)check_failures);
  print (" failed\n");
  return check_failures != 0;
}

long
fork_process (void)
{
  return CALL (clone, SIGCHLD, 0, 0, 0, 0);
}

void
check_child (long pid, int line)
{
  siginfo_t info;
  memset (&info, 0, sizeof info);
  long result = CALL (waitid, P_PID, pid, &info, WEXITED, 0);
  check_result (result == 0, line, "waitid", result, 0);
  check_result (info.si_code == CLD_EXITED, line, "the child's si_code", info.si_code, CLD_EXITED);
  check_result (info.si_status == 0, line, "the child's status", info.si_status, 0);
}
