/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The operations that move text and data between the guest's memory and a handle. */

#include "semihosting-private.h"

#include <errno.h>
#include <string.h>

/* Of the guest's memory at a time, and in one operation: it may say any length, and what is left is reported
 * to it as with any short read. */
#define PIECE        (64 * 1024)
#define MAX_TRANSFER (UINT64_C (1) << 30)

/* Of the vCPU whose thread this is: how far its output had got when it was asked to stand still; the
 * instruction is executed again. */
static _Thread_local struct {
  const Semihosting *s;
  unsigned generation;
  uint32_t op;
  uint64_t pc, arg, done;
} unfinished;

/* ---- Output. ---- */

static uint64_t
take_unfinished (const SemihostingCall *call)
{
  bool same = unfinished.s == call->s && unfinished.generation == call->s->generation &&
              unfinished.op == call->op && unfinished.pc == call->cpu->state.pc &&
              unfinished.arg == call->arg;
  unfinished.s = NULL;
  return same ? unfinished.done : 0;
}

static void
note_unfinished (const SemihostingCall *call, uint64_t n)
{
  unfinished.s = call->s;
  unfinished.generation = call->s->generation;
  unfinished.op = call->op;
  unfinished.pc = call->cpu->state.pc;
  unfinished.arg = call->arg;
  unfinished.done = n;
}

typedef enum { OUTPUT_OK, OUTPUT_ERROR, OUTPUT_STOPPED } Output;

/* All of it. *ret_done counts what has gone out. */
static Output
put (SemihostingCall *call, uint64_t handle, const uint8_t *data, size_t size, uint64_t *ret_done)
{
  for (size_t at = 0; at < size;) {
    ssize_t n = semihosting_write (call->s, call->cpu, handle, data + at, size - at);
    if (n == SEMIHOSTING_WAIT) {
      if (!semihosting_wait (call->s, call->cpu, handle, true))
        return OUTPUT_STOPPED;
    } else if (n <= 0) {
      semihosting_note_errno (n < 0 ? errno : EIO);
      return OUTPUT_ERROR;
    } else {
      at += (size_t)n;
      *ret_done += (uint64_t)n;
    }
  }
  return OUTPUT_OK;
}

bool
semihosting_op_writec (SemihostingCall *call)
{
  uint8_t c;
  uint64_t n = 0;
  if (!cpu_guest_read (call->cpu, call->arg, &c, 1))
    return semihosting_fail (call, EFAULT);
  return put (call, SEMIHOSTING_STDERR, &c, 1, &n) != OUTPUT_STOPPED && semihosting_done (call, 0);
}

/* How many bytes of a page, at most, are at the address: less than a whole piece of a string may be there. */
static size_t
rest_of_page (uint64_t address)
{
  return RAM_PAGE_SIZE - (size_t)(address & (RAM_PAGE_SIZE - 1));
}

bool
semihosting_op_write0 (SemihostingCall *call)
{
  uint8_t buffer[RAM_PAGE_SIZE];
  uint64_t at = take_unfinished (call);

  while (at < MAX_TRANSFER) {
    size_t size = rest_of_page (call->arg + at);
    if (!cpu_guest_read (call->cpu, call->arg + at, buffer, size)) {
      size = 1; /* protection may be finer than a page */
      if (!cpu_guest_read (call->cpu, call->arg + at, buffer, size))
        return semihosting_fail (call, EFAULT);
    }
    const size_t length = strnlen ((const char *)buffer, size);
    Output output = put (call, SEMIHOSTING_STDERR, buffer, length, &at);
    if (output == OUTPUT_STOPPED) {
      note_unfinished (call, at);
      return false;
    }
    if (output == OUTPUT_ERROR || length < size)
      break;
  }
  return semihosting_done (call, 0);
}

/* SPEC: SYS_WRITE, SYS_READ: the result is the number of bytes that were not transferred. */
bool
semihosting_op_write (SemihostingCall *call)
{
  g_autofree uint8_t *buffer = g_malloc (PIECE);
  const uint64_t size = call->field[2], end = MIN (size, MAX_TRANSFER);
  uint64_t at = take_unfinished (call);

  if (semihosting_is_tty (call->s, semihosting_handle_of (call)) < 0) {
    semihosting_note_errno (errno);
    return semihosting_done (call, size);
  }
  while (at < end) {
    size_t piece = MIN (end - at, PIECE);
    if (!cpu_guest_read (call->cpu, call->field[1] + at, buffer, piece)) {
      semihosting_note_errno (EFAULT);
      break;
    }
    Output output = put (call, semihosting_handle_of (call), buffer, piece, &at);
    if (output == OUTPUT_STOPPED) {
      note_unfinished (call, at);
      return false;
    }
    if (output == OUTPUT_ERROR)
      break;
  }
  return semihosting_done (call, size - MIN (at, size));
}

/* ---- Input. ---- */

/* Where nothing is there, the instruction is executed again when there is: interrupts come first, as on a
 * vCPU that waits. */
bool
semihosting_op_read (SemihostingCall *call)
{
  const uint64_t handle = semihosting_handle_of (call), size = call->field[2], end = MIN (size, MAX_TRANSFER);
  g_autofree uint8_t *buffer = g_malloc (PIECE);
  uint64_t at = 0;

  while (at < end) {
    ssize_t n = semihosting_read (call->s, call->cpu, handle, buffer, MIN (end - at, PIECE));
    if (n == SEMIHOSTING_WAIT) {
      semihosting_wait (call->s, call->cpu, handle, false);
      return false;
    }
    if (n < 0)
      semihosting_note_errno (errno);
    if (n <= 0)
      break;
    if (!cpu_guest_write (call->cpu, call->field[1] + at, buffer, (size_t)n)) {
      semihosting_note_errno (EFAULT);
      break;
    }
    at += (uint64_t)n;
    if (!semihosting_always_ready (call->s, handle))
      break;
  }
  return semihosting_done (call, size - at);
}

bool
semihosting_op_readc (SemihostingCall *call)
{
  uint8_t c;
  ssize_t n = semihosting_read (call->s, call->cpu, SEMIHOSTING_STDIN, &c, 1);
  if (n == SEMIHOSTING_WAIT) {
    semihosting_wait (call->s, call->cpu, SEMIHOSTING_STDIN, false);
    return false;
  }
  return n == 1 ? semihosting_done (call, c) : semihosting_fail (call, n < 0 ? errno : 0);
}
