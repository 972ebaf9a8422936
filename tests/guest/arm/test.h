/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Freestanding test programs: main () returns 0, or a CHECK has said what failed and ended the program. */

#include <stdbool.h>
#include <stdint.h>

int main (void);

static inline long
system_call (long number, long a, long b, long c)
{
  register long x8 asm ("x8") = number, x0 asm ("x0") = a, x1 asm ("x1") = b, x2 asm ("x2") = c;
  asm volatile ("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}

static inline _Noreturn void
finish (int status)
{
  for (;;)
    system_call (93, status, 0, 0);
}

void
_start (void)
{
  finish (main ());
}

void *
memset (void *to, int value, unsigned long size)
{
  for (unsigned long i = 0; i < size; i++)
    ((volatile char *)to)[i] = (char)value;
  return to;
}

void *
memcpy (void *to, const void *from, unsigned long size)
{
  for (unsigned long i = 0; i < size; i++)
    ((volatile char *)to)[i] = ((const char *)from)[i];
  return to;
}

static _Noreturn void
fail (unsigned line, const char *what)
{
  char text[16];
  unsigned n = sizeof text, length = 0;
  text[--n] = ' ';
  for (text[--n] = ':'; line != 0; line /= 10)
    text[--n] = (char)('0' + line % 10);
  while (what[length] != 0)
    length++;
  system_call (64, 2, (long)(text + n), (long)(sizeof text - n));
  system_call (64, 2, (long)what, length);
  system_call (64, 2, (long)"\n", 1);
  finish (1);
}

#define CHECK(condition)                                                                                     \
  do {                                                                                                       \
    if (!(condition))                                                                                        \
      fail (__LINE__, #condition);                                                                           \
  } while (0)

/* Numbers that look like nothing. */
static uint64_t
next_random (void)
{
  static uint64_t x = 0x9e3779b97f4a7c15;
  x ^= x << 13;
  x ^= x >> 7;
  return x ^= x << 17;
}
