/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Each operation of semihosting. What is tried is the first argument; after success the status is 42. */

#include "semihost.h"
#ifndef __riscv
#include "paging.h"
#endif

static char line[256];
static uint8_t buffer[256];
extern char image_end[];

static bool
same (const void *a, const char *text, uint64_t size)
{
  for (uint64_t i = 0; i < size; i++)
    if (((const char *)a)[i] != text[i])
      return false;
  return true;
}

/* The argument behind the one that is given, or NULL. */
static const char *
argument (const char *name)
{
  for (const char *p = line; *p; p++)
    if ((p == line || p[-1] == ' ') && same (p, name, length (name)))
      return p[length (name)] ? p + length (name) + 1 : p + length (name);
  return NULL;
}

/* ---- Files. ---- */

static void
features (void)
{
  int64_t h = open_file (":semihosting-features", 0);
  CHECK (h > 0);
  CHECK (ask (SYS_FLEN, h) >= 5);
  CHECK_EQUAL (ask (SYS_READ, h, (uint64_t)buffer, 4), 0);
  CHECK (same (buffer, "SHFB", 4));
  CHECK_EQUAL (ask (SYS_READ, h, (uint64_t)buffer, 1), 0);
  CHECK_EQUAL (buffer[0] & 3, 3);
  CHECK_EQUAL (ask (SYS_SEEK, h, 1), 0);
  CHECK_EQUAL (ask (SYS_READ, h, (uint64_t)buffer, 1), 0);
  CHECK_EQUAL (buffer[0], 'H');
  CHECK_EQUAL (ask (SYS_CLOSE, h), 0);
  CHECK_EQUAL (open_file (":semihosting-features", 4), -1);
}

static void
files (void)
{
  CHECK_EQUAL (open_file ("missing", 0), -1);
  CHECK_EQUAL (semihost (SYS_ERRNO, 0), 2);
  int64_t h = open_file ("out.txt", 6);
  CHECK (h > 0);
  CHECK_EQUAL (ask (SYS_WRITE, h, (uint64_t)"0123456789", 10), 0);
  CHECK_EQUAL (ask (SYS_FLEN, h), 10);
  CHECK_EQUAL (ask (SYS_SEEK, h, 4), 0);
  CHECK_EQUAL (ask (SYS_READ, h, (uint64_t)buffer, 3), 0);
  CHECK (same (buffer, "456", 3));
  CHECK_EQUAL (ask (SYS_READ, h, (uint64_t)buffer, 100), 97);
  CHECK (same (buffer, "789", 3));
  CHECK_EQUAL (ask (SYS_READ, h, (uint64_t)buffer, 100), 100);
  CHECK_EQUAL (ask (SYS_ISTTY, h), 0);
  CHECK_EQUAL (ask (SYS_SEEK, h, ~0ul), -1);
  CHECK_EQUAL (ask (SYS_CLOSE, h), 0);
  CHECK_EQUAL (ask (SYS_CLOSE, h), -1);
  CHECK_EQUAL (semihost (SYS_ERRNO, 0), 9);
  h = open_file ("out.txt", 0);
  CHECK_EQUAL (ask (SYS_WRITE, h, (uint64_t)"AB", 2), 2); /* not for writing */
  CHECK_EQUAL (ask (SYS_CLOSE, h), 0);
  CHECK_EQUAL (open_file ("out.txt", 12), -1);
}

static void
names (void)
{
  int64_t h = open_file ("scrap", 4);
  CHECK_EQUAL (ask (SYS_CLOSE, h), 0);
  CHECK_EQUAL (ask (SYS_REMOVE, (uint64_t)"scrap", 5), 0);
  CHECK (ask (SYS_REMOVE, (uint64_t)"scrap", 5) != 0);
  CHECK_EQUAL (ask (SYS_RENAME, (uint64_t)"out.txt", 7, (uint64_t)"kept.txt", 8), 0);
  CHECK (ask (SYS_RENAME, (uint64_t)"out.txt", 7, (uint64_t)"kept.txt", 8) != 0);
  CHECK_EQUAL (ask (SYS_TMPNAM, (uint64_t)buffer, 7, sizeof buffer), 0);
  CHECK (buffer[0] == '/' && length ((char *)buffer) > 4);
  CHECK_EQUAL (ask (SYS_TMPNAM, (uint64_t)buffer, 7, 3), -1);
}

/* ---- The console. ---- */

static void
output (void)
{
  int64_t out = open_file (":tt", 4), err = open_file (":tt", 8);
  CHECK (out > 0 && err > 0 && out != err);
  CHECK_EQUAL (ask (SYS_WRITE, out, (uint64_t)"output\n", 7), 0);
  CHECK_EQUAL (ask (SYS_WRITE, err, (uint64_t)"error\n", 6), 0);
  for (const char *p = "letters\n"; *p; p++)
    semihost (SYS_WRITEC, (uint64_t)p);
  say ("a string\n");
  CHECK_EQUAL (ask (SYS_CLOSE, out), 0);
  CHECK_EQUAL (ask (SYS_CLOSE, err), 0);
}

/* Through READ, then through READC. */
static void
input (void)
{
  int64_t in = open_file (":tt", 0);
  int64_t left = 4;
  CHECK (in > 0);
  say ("waiting\n");
  while (left > 0)
    left = ask (SYS_READ, in, (uint64_t)buffer + 4 - (uint64_t)left, (uint64_t)left);
  CHECK (same (buffer, "1234", 4));
  for (const char *p = "5678\n"; *p; p++)
    CHECK_EQUAL (semihost (SYS_READC, 0), *p);
}

/* More than any pipe takes at once, to somebody who reads late. */
static void
flood (void)
{
  static uint8_t much[300000];
  int64_t out = open_file (":tt", 4);
  for (uint64_t i = 0; i < sizeof much; i++)
    much[i] = (uint8_t)(i % 64 == 63 ? '\n' : 'a' + i / 64 % 26);
  CHECK_EQUAL (ask (SYS_WRITE, out, (uint64_t)much, sizeof much), 0);
}

/* ---- The rest. ---- */

static void
times (void)
{
  volatile uint64_t before = 0, after = 0;
  CHECK_EQUAL (semihost (SYS_ELAPSED, (uint64_t)&before), 0);
  CHECK (semihost (SYS_CLOCK, 0) >= 0);
  CHECK (semihost (SYS_TIME, 0) > 1700000000);
  CHECK (semihost (0xdeadbeef00000000ul | SYS_TIME, 0) > 1700000000); /* a number of 32 bits */
  CHECK (semihost (SYS_TICKFREQ, 0) > 0);
  do
    CHECK_EQUAL (semihost (SYS_ELAPSED, (uint64_t)&after), 0);
  while (after == before);
  CHECK (after > before);
}

static void
heap (void)
{
  volatile uint64_t words[4] = { 1, 1, 1, 1 };
  CHECK_EQUAL (ask (SYS_HEAPINFO, (uint64_t)words), 0);
  uint64_t start = words[0], end = words[1];
  CHECK_EQUAL (words[2], end);
  CHECK_EQUAL (words[3], start);
  CHECK (start >= RAM_START && end <= RAM_END && end - start >= 16ul << 20);
  /* Padding is all that the image has at its end. */
  CHECK (start >= (uint64_t)image_end - 0x10000 && (uint64_t)&line < start && (uint64_t)buffer < start);
#ifndef __riscv
  CHECK (bare_fdt + 4096 < start || bare_fdt >= end);
#endif
}

static void
errors (void)
{
  CHECK (ask (SYS_ISERROR, ~0ul) != 0);
  CHECK_EQUAL (ask (SYS_ISERROR, 0), 0);
  CHECK_EQUAL (ask (SYS_ISERROR, 5), 0);
  CHECK_EQUAL (ask (SYS_GET_CMDLINE, (uint64_t)buffer, 2), -1);
  CHECK_EQUAL (ask (SYS_ISTTY, 77), -1);
  CHECK_EQUAL (ask (SYS_FLEN, 77), -1);
  CHECK_EQUAL (ask (SYS_SEEK, 77, 0), -1);
  CHECK_EQUAL (ask (SYS_READ, 77, (uint64_t)buffer, 9), 9);
  /* Addresses where nothing is. */
  CHECK_EQUAL (semihost (SYS_CLOSE, NOWHERE), -1);
  CHECK_EQUAL (ask (SYS_OPEN, NOWHERE, 0, 5), -1);
}

/* What others may do otherwise. */
static void
of_ours (void)
{
  CHECK_EQUAL (semihost (0x77, 0), -1);
  CHECK_EQUAL (semihost (~0ul, 0), -1);
  CHECK_EQUAL (ask (SYS_SYSTEM, (uint64_t)"touch made", 10), -1);
  CHECK_EQUAL (semihost (SYS_SYNCCACHE, 0), 0);
  CHECK_EQUAL (ask (SYS_TMPNAM, (uint64_t)buffer, 256, sizeof buffer), -1);
  CHECK_EQUAL (ask (SYS_OPEN, (uint64_t)"a\0b", 4, 3), -1);
  CHECK_EQUAL (ask (SYS_OPEN, RAM_START, 4, ~0ul), -1);
  CHECK_EQUAL (semihost (SYS_WRITE0, NOWHERE), -1);
  CHECK_EQUAL (semihost (SYS_ERRNO, 0), 14);
  CHECK_EQUAL (ask (SYS_CLOSE, 256), -1); /* the console itself */
  int64_t out = open_file (":tt", 4);
  CHECK_EQUAL (ask (SYS_READ, out, (uint64_t)buffer, 9), 9); /* not waiting for what can never come */
  CHECK_EQUAL (ask (SYS_CLOSE, out), 0);
  int64_t h = open_file ("hello.txt", 0);
  CHECK (h > 0);
  CHECK (ask (SYS_READ, h, NOWHERE, 5) != 0);
  CHECK_EQUAL (ask (SYS_CLOSE, h), 0);
  /* Appended, wherever the file was. */
  h = open_file ("kept.txt", 10);
  CHECK_EQUAL (ask (SYS_SEEK, h, 0), 0);
  CHECK_EQUAL (ask (SYS_WRITE, h, (uint64_t)"AB", 2), 0);
  CHECK_EQUAL (ask (SYS_FLEN, h), 12);
  CHECK_EQUAL (ask (SYS_CLOSE, h), 0);
  /* There are 255 handles. */
  static int64_t all[300];
  unsigned n = 0;
  while (n < 300 && (all[n] = open_file ("hello.txt", 0)) > 0)
    n++;
  CHECK_EQUAL (n, 255);
  CHECK_EQUAL (semihost (SYS_ERRNO, 0), 24);
  while (n > 0)
    CHECK_EQUAL (ask (SYS_CLOSE, (uint64_t)all[--n]), 0);
}

static uint64_t
user_time (uint64_t unused)
{
  return (uint64_t)semihost (SYS_TIME, 0);
}

static void
levels (bool user)
{
  /* What is not answered leaves the number of the operation. */
  uint64_t count = traps[0].count;
  uint64_t result = run_in (LEVEL_USER, user_time, 0);
  CHECK_EQUAL (traps[0].count - count, user ? 0 : 1);
  CHECK (user ? result > 1700000000 : result == SYS_TIME);
#ifdef __riscv
  count = traps[0].count;
  CHECK (run_in (LEVEL_KERNEL, user_time, 0) > 1700000000);
  CHECK_EQUAL (traps[0].count - count, 0);
#endif
}

/* Pages that are not neighbours where they are, one that may not be written to, and one that is missing. */
static void
translated (void)
{
#ifndef __riscv
  static uint8_t pages[3][4096] __attribute__ ((aligned (4096)));
  const uint64_t at = 0x4000000000;
  if (current_el () != 1)
    return;
  paging_on ();
  paging_map (at, (uint64_t)pages[2] | PAGE_EL1);
  paging_map (at + 4096, (uint64_t)pages[0] | PAGE_EL1);
  paging_map (at + 8192, (uint64_t)pages[1] | PAGE_EL1 | PAGE_RO);
  __asm__ volatile ("tlbi vmalle1\n dsb ish\n isb" ::: "memory");
  int64_t h = open_file ("hello.txt", 0);
  CHECK_EQUAL (ask (SYS_READ, h, at + 4094, 5), 0);
  CHECK (same (pages[2] + 4094, "He", 2) && same (pages[0], "llo", 3));
  CHECK_EQUAL (ask (SYS_SEEK, h, 0), 0);
  CHECK (ask (SYS_READ, h, at + 8190, 5) != 0);
  CHECK_EQUAL (pages[1][0], 0);
  CHECK_EQUAL (ask (SYS_CLOSE, h), 0);
  memcpy (pages[0] + 4090, "hello.txt", 6);
  memcpy (pages[1], "txt", 3);
  h = ask (SYS_OPEN, at + 4096 + 4090, 0, 9);
  CHECK (h > 0);
  CHECK_EQUAL (ask (SYS_CLOSE, h), 0);
  CHECK_EQUAL (ask (SYS_OPEN, at + 3 * 4096 - 3, 0, 9), -1);
  sysreg_write (sctlr_el1, sysreg_read (sctlr_el1) & ~1ul);
#endif
}

static uint64_t
number (const char *text)
{
  uint64_t n = 0;
  for (; *text >= '0' && *text <= '9'; text++)
    n = n * 10 + (uint64_t)(*text - '0');
  return n;
}

static void
operations (void)
{
  features ();
  files ();
  names ();
  output ();
  times ();
  heap ();
  errors ();
  levels (false);
  if (argument ("ours")) {
    of_ours ();
    translated ();
  }
}

void
test_main (void)
{
  volatile uint64_t block[] = { (uint64_t)line, sizeof line };
  CHECK_EQUAL (semihost (SYS_GET_CMDLINE, (uint64_t)block), 0);
  CHECK_EQUAL (block[1], length (line));
  const char *text;
  if ((text = argument ("exit")))
    ask (SYS_EXIT, APPLICATION_EXIT, number (text));
  if (argument ("abort"))
    ask (SYS_EXIT, 0x20023, 0);
  if (argument ("operations"))
    operations ();
  else if (argument ("input"))
    input ();
  else if (argument ("flood"))
    flood ();
  else if (argument ("user"))
    levels (true);
  else if ((text = argument ("loaded")))
    CHECK (same ((char *)number (text), "Hello\n", 6));
  else {
    say (line);
    CHECK (argument ("-kernel-line"));
  }
  leave (42);
}
