/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Registers and memory, as the vCPU that commands are about has them. */

#include "gdb-machine-private.h"

#include <errno.h>
#include <string.h>

#define PAGE 4096u

/* ---- registers ---- */

/* What every stop is shown with; gdb asks for the others one by one. */
static unsigned
n_common (const GuestIsa *isa)
{
  unsigned n = 0;
  while (n < isa->n_registers && strcmp (isa->registers[n].group, "csr") != 0 &&
         strcmp (isa->registers[n].group, "system") != 0)
    n++;
  return n;
}

GdbNext
gdb_read_registers (GdbMachine *s, const char *args, size_t size)
{
  const Cpu *cpu = gdb_general (s)->cpu;
  for (unsigned i = 0; i < n_common (cpu->isa); i++)
    gdb_append_register (s->reply, cpu, i);
  return GDB_STAY;
}

GdbNext
gdb_write_registers (GdbMachine *s, const char *args, size_t size)
{
  Cpu *cpu = gdb_general (s)->cpu;
  for (unsigned i = 0; i < cpu->isa->n_registers && *args != '\0'; i++)
    if (!gdb_parse_register (&args, cpu, i))
      return gdb_error (s, EINVAL);
  return gdb_ok (s);
}

GdbNext
gdb_read_register (GdbMachine *s, const char *args, size_t size)
{
  const Cpu *cpu = gdb_general (s)->cpu;
  uint64_t number;
  if (!gdb_parse_hex_end (&args, '\0', &number) || number >= cpu->isa->n_registers)
    return gdb_error (s, EINVAL);
  gdb_append_register (s->reply, cpu, (unsigned)number);
  return GDB_STAY;
}

GdbNext
gdb_write_register (GdbMachine *s, const char *args, size_t size)
{
  Cpu *cpu = gdb_general (s)->cpu;
  uint64_t number;
  if (!gdb_parse_hex_end (&args, '=', &number) || number >= cpu->isa->n_registers ||
      !gdb_parse_register (&args, cpu, (unsigned)number))
    return gdb_error (s, EINVAL);
  return gdb_ok (s);
}

/* ---- memory ---- */

/* Within one page. */
static bool
access_page (GdbMachine *s, uint64_t addr, void *bytes, size_t size, bool write)
{
  MemoryMap *map = s->machine->memory;
  Cpu *cpu = gdb_general (s)->cpu;
  if (s->physical)
    return (write ? memory_debug_write (map, addr, bytes, size) : memory_dma_read (map, addr, bytes, size)) ==
           MEMORY_OK;
  return write ? cpu_debug_write (cpu, addr, bytes, size) : cpu_debug_read (cpu, addr, bytes, size);
}

/* Returns how much could be done from the start. */
static size_t
access_memory (GdbMachine *s, uint64_t addr, void *bytes, size_t size, bool write)
{
  size_t done = 0;
  while (done < size) {
    size_t chunk = MIN (size - done, PAGE - ((addr + done) & (PAGE - 1)));
    if (!access_page (s, addr + done, (uint8_t *)bytes + done, chunk, write))
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
gdb_read_memory (GdbMachine *s, const char *args, size_t size)
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
write_all (GdbMachine *s, uint64_t addr, void *bytes, size_t size)
{
  return access_memory (s, addr, bytes, size, true) == size ? gdb_ok (s) : gdb_error (s, EFAULT);
}

GdbNext
gdb_write_memory (GdbMachine *s, const char *args, size_t size)
{
  uint8_t bytes[GDB_PACKET_MAX / 2];
  uint64_t addr, length;
  if (!parse_range (&args, ':', &addr, &length) || length > sizeof bytes ||
      !gdb_parse_bytes (&args, bytes, length) || *args != '\0')
    return gdb_error (s, EINVAL);
  return write_all (s, addr, bytes, length);
}

GdbNext
gdb_write_binary (GdbMachine *s, const char *args, size_t size)
{
  const char *end = args + size;
  uint64_t addr, length;
  if (!parse_range (&args, ':', &addr, &length) || length != (uint64_t)(end - args))
    return gdb_error (s, EINVAL);
  return write_all (s, addr, (void *)args, length);
}
