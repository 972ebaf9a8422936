/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Random operations with random blocks, about files in the current directory. It passes by getting to its
 * end; the only argument is a seed. */

#include "semihost.h"

static uint64_t seed = 88172645463325252;
static uint8_t scratch[3 * 4096] __attribute__ ((aligned (4096)));
/* None of them leads out of the directory: files are removed and renamed, perhaps by root. */
static char names[8][32] = {
  "a", "b", ":tt", ":semihosting-features", "c/d", "c", ".", "hello.txt",
};

static uint64_t
random (void)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

static uint64_t
below (uint64_t n)
{
  return random () % n;
}

/* An address, and a length that does no harm to this program. */
static void
place (uint64_t *ret_address, uint64_t *ret_length)
{
  uint64_t offset = below (sizeof scratch);
  *ret_length = below (sizeof scratch - offset + 1);
  *ret_address = (uint64_t)scratch + offset;
  switch (below (8)) {
    case 0: *ret_address = RAM_END - below (4096), *ret_length = random (); break;
    case 1: *ret_address = NOWHERE + below (4096), *ret_length = random (); break;
    case 2: *ret_address = random () | 1ul << 63, *ret_length = random (); break;
    case 3: *ret_address = UART, *ret_length = below (64); break;
    case 4: *ret_address = ~0ul - below (64), *ret_length = random () >> below (64); break;
    default: break;
  }
}

static void
name (uint64_t *ret_address, uint64_t *ret_length)
{
  uint64_t n = below (12);
  if (n < 8) {
    *ret_address = (uint64_t)names[n];
    *ret_length = length (names[n]);
    return;
  }
  place (ret_address, ret_length);
  for (unsigned i = 0; i < sizeof scratch; i++)
    if (scratch[i] == '/' || scratch[i] == '.')
      scratch[i] = '-';
}

/* All but those that end the machine, and those that wait for a person. */
static uint64_t
operation (void)
{
  static const uint8_t known[] = { SYS_OPEN,    SYS_OPEN,    SYS_OPEN,        SYS_CLOSE,    SYS_WRITE,
                                   SYS_READ,    SYS_READ,    SYS_WRITE,       SYS_WRITEC,   SYS_WRITE0,
                                   SYS_READC,   SYS_ISERROR, SYS_ISTTY,       SYS_SEEK,     SYS_FLEN,
                                   SYS_TMPNAM,  SYS_REMOVE,  SYS_RENAME,      SYS_CLOCK,    SYS_TIME,
                                   SYS_SYSTEM,  SYS_ERRNO,   SYS_GET_CMDLINE, SYS_HEAPINFO, SYS_SYNCCACHE,
                                   SYS_ELAPSED, SYS_TICKFREQ };
  uint64_t op = below (16) ? known[below (sizeof known)] : random () & 0xffffffff;
  return op == SYS_EXIT || op == SYS_EXIT_EXTENDED ? SYS_TIME : op;
}

static void
fill (uint64_t op, uint64_t block[4])
{
  for (unsigned i = 0; i < 4; i++)
    block[i] = below (2) ? random () : below (16);
  switch (op) {
    case SYS_OPEN: name (&block[0], &block[2]), block[1] = below (14); break;
    case SYS_READ:
    case SYS_WRITE: block[0] = below (24), place (&block[1], &block[2]); break;
    case SYS_REMOVE:
    case SYS_SYSTEM: name (&block[0], &block[1]); break;
    case SYS_RENAME: name (&block[0], &block[1]), name (&block[2], &block[3]); break;
    case SYS_TMPNAM: place (&block[0], &block[2]), block[1] = below (300); break;
    case SYS_GET_CMDLINE: place (&block[0], &block[1]); break;
    case SYS_HEAPINFO: place (&block[0], &block[1]); break;
    default: block[0] = below (24); break;
  }
}

void
test_main (void)
{
  static volatile uint64_t words[2];
  static uint64_t block[4];
  words[0] = (uint64_t)scratch, words[1] = sizeof scratch;
  CHECK_EQUAL (semihost (SYS_GET_CMDLINE, (uint64_t)words), 0);
  for (unsigned i = 0; scratch[i]; i++)
    seed = seed * 31 + scratch[i];
  for (unsigned n = 0; n < 20000; n++) {
    uint64_t op = operation (), address = (uint64_t)block, size;
    if (n % 16 == 0)
      for (unsigned i = 0; i < sizeof scratch; i++)
        scratch[i] = (uint8_t)random ();
    fill (op, block);
    if (op == SYS_WRITEC || op == SYS_WRITE0 || op == SYS_ELAPSED || below (16) == 0)
      place (&address, &size);
    if (op == SYS_WRITE0)
      scratch[sizeof scratch - 1] = 0;
    semihost (op, address);
  }
  leave (42);
}
