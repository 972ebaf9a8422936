/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Guest memory.  Breakpoints live in the translator, so memory is always as the guest has it. */

#include "gdb-server.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u

/* Memory that is mapped but that the guest itself may not touch: a debugger may, as through ptrace. */
static bool
forced_access (uint64_t addr, void *bytes, size_t size, bool write)
{
  if (addr >= guest_space_size || user_page_prot (addr) < 0)
    return false;
  int fd = open ("/proc/self/mem", (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (fd < 0)
    return false;
  off_t at = (off_t)(uintptr_t)g2h (addr);
  ssize_t done = write ? pwrite (fd, bytes, size, at) : pread (fd, bytes, size, at);
  close (fd);
  return done == (ssize_t)size;
}

/* Within one page. */
static bool
access_page (uint64_t addr, void *bytes, size_t size, bool write)
{
  int error = write ? user_write (addr, bytes, size) : user_read (bytes, addr, size);
  return error == 0 || forced_access (addr, bytes, size, write);
}

/* Returns how much could be done from the start. */
static size_t
access_memory (uint64_t addr, void *bytes, size_t size, bool write)
{
  size_t done = 0;
  while (done < size) {
    size_t chunk = MIN (size - done, PAGE - ((addr + done) & (PAGE - 1)));
    if (!access_page (addr + done, (uint8_t *)bytes + done, chunk, write))
      break;
    done += chunk;
  }
  if (write && done > 0)
    cpu_invalidate (addr, done);
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
  size_t done = access_memory (addr, bytes, MIN (length, sizeof bytes), false);
  if (done == 0 && length > 0)
    return gdb_error (s, EFAULT);
  gdb_append_hex (s->reply, bytes, done);
  return GDB_STAY;
}

static GdbNext
write_all (GdbServer *s, uint64_t addr, void *bytes, size_t size)
{
  return access_memory (addr, bytes, size, true) == size ? gdb_ok (s) : gdb_error (s, EFAULT);
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
