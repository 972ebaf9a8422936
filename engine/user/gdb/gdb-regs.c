/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Registers of the thread that commands are about. */

#include "gdb-server.h"

#include <errno.h>

static bool
parse_register (GdbThread *t, unsigned number, const char **text)
{
  Cpu *cpu = t->user->cpu;
  uint64_t pc = cpu->state.pc;
  if (!gdb_parse_register (text, cpu, number))
    return false;
  /* The interrupted system call is not the one to go on with any more. */
  if (cpu->state.pc != pc)
    t->user->restart = 0;
  return true;
}

GdbNext
gdb_read_registers (GdbServer *s, const char *args, size_t size)
{
  const GdbThread *t = gdb_general_thread (s);
  if (t == NULL)
    return gdb_error (s, ESRCH);
  const GuestIsa *isa = t->user->cpu->isa;
  for (unsigned i = 0; i < isa->n_registers; i++)
    gdb_append_register (s->reply, t->user->cpu, i);
  return GDB_STAY;
}

GdbNext
gdb_write_registers (GdbServer *s, const char *args, size_t size)
{
  GdbThread *t = gdb_general_thread (s);
  if (t == NULL)
    return gdb_error (s, ESRCH);
  const GuestIsa *isa = t->user->cpu->isa;
  for (unsigned i = 0; i < isa->n_registers && *args != '\0'; i++)
    if (!parse_register (t, i, &args))
      return gdb_error (s, EINVAL);
  return gdb_ok (s);
}

GdbNext
gdb_read_register (GdbServer *s, const char *args, size_t size)
{
  const GdbThread *t = gdb_general_thread (s);
  uint64_t number;
  if (t == NULL)
    return gdb_error (s, ESRCH);
  if (!gdb_parse_hex_end (&args, '\0', &number) || number >= t->user->cpu->isa->n_registers)
    return gdb_error (s, EINVAL);
  gdb_append_register (s->reply, t->user->cpu, (unsigned)number);
  return GDB_STAY;
}

GdbNext
gdb_write_register (GdbServer *s, const char *args, size_t size)
{
  GdbThread *t = gdb_general_thread (s);
  uint64_t number;
  if (t == NULL)
    return gdb_error (s, ESRCH);
  if (!gdb_parse_hex_end (&args, '=', &number) || number >= t->user->cpu->isa->n_registers ||
      !parse_register (t, (unsigned)number, &args))
    return gdb_error (s, EINVAL);
  return gdb_ok (s);
}
