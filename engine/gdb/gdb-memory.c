/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Memory.  Breakpoints live in the translator, so memory is always as the guest has it. */

#include "gdb-command.h"

#include <errno.h>

#define PAGE 4096u

/* Returns how much could be done from the start. */
static size_t
access_memory (GdbServer *s, uint64_t addr, void *bytes, size_t size, bool write)
{
  GdbThread *t = gdb_server_general (s);
  size_t done = 0;
  while (done < size) {
    size_t chunk = MIN (size - done, PAGE - ((addr + done) & (PAGE - 1)));
    if (!s->target->memory (s, t, addr + done, (uint8_t *)bytes + done, chunk, write))
      break;
    done += chunk;
  }
  return done;
}

static bool
parse_range (const char **args, char end, uint64_t *ret_addr, uint64_t *ret_size)
{
  return gdb_parse_hex_end (args, ',', ret_addr) && gdb_parse_hex_end (args, end, ret_size);
}

GdbNext
gdb_read_memory (GdbServer *s, const char *args, size_t size)
{
  uint8_t bytes[GDB_PACKET_MAX / 2];
  uint64_t addr, length;
  if (!parse_range (&args, '\0', &addr, &length))
    return gdb_error (s, EINVAL);
  size_t done = access_memory (s, addr, bytes, MIN (length, sizeof bytes), false);
  if (done == 0 && length > 0)
    return gdb_error (s, EFAULT);
  gdb_append_hex (s->reply, bytes, done);
  return GDB_STAY;
}

static GdbNext
write_all (GdbServer *s, uint64_t addr, void *bytes, size_t size)
{
  return access_memory (s, addr, bytes, size, true) == size ? gdb_ok (s) : gdb_error (s, EFAULT);
}

GdbNext
gdb_write_memory (GdbServer *s, const char *args, size_t size)
{
  uint8_t bytes[GDB_PACKET_MAX / 2];
  uint64_t addr, length;
  if (!parse_range (&args, ':', &addr, &length) || length > sizeof bytes ||
      !gdb_parse_bytes (&args, bytes, length) || *args != '\0')
    return gdb_error (s, EINVAL);
  return write_all (s, addr, bytes, length);
}

GdbNext
gdb_write_binary (GdbServer *s, const char *args, size_t size)
{
  const char *end = args + size;
  uint64_t addr, length;
  if (!parse_range (&args, ':', &addr, &length) || length != (uint64_t)(end - args))
    return gdb_error (s, EINVAL);
  return write_all (s, addr, (void *)args, length);
}
