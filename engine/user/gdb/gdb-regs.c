/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Registers: their description and values come from the ISA's table. */

#include "gdb-server.h"

#include <errno.h>
#include <string.h>

char *
gdb_target_xml (const GuestIsa *isa)
{
  GString *xml = g_string_new ("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n");
  const char *feature = NULL;
  g_string_append_printf (xml, "<target version=\"1.0\">\n<architecture>%s</architecture>\n", isa->gdb_arch);
  g_string_append (xml, "<osabi>GNU/Linux</osabi>\n");
  for (unsigned i = 0; i < isa->n_registers; i++) {
    const IsaRegister *reg = &isa->registers[i];
    if (feature == NULL || strcmp (feature, reg->feature) != 0) {
      g_string_append_printf (xml, "%s<feature name=\"%s\">\n", feature ? "</feature>\n" : "", reg->feature);
      feature = reg->feature;
    }
    g_string_append_printf (xml, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" group=\"%s\" regnum=\"%u\"/>\n",
                            reg->name, reg->bits, reg->type, reg->group, i);
  }
  g_string_append_printf (xml, "%s</target>\n", feature ? "</feature>\n" : "");
  return g_string_free_and_steal (xml);
}

static unsigned
bytes_of (const IsaRegister *reg)
{
  return MIN (reg->bits / 8, 8);
}

static void
append_register (GString *out, const Cpu *cpu, const IsaRegister *reg)
{
  uint64_t value = GUINT64_TO_LE (reg->get (cpu, reg->index));
  gdb_append_hex (out, &value, bytes_of (reg));
}

static bool
parse_register (GdbThread *t, const IsaRegister *reg, const char **text)
{
  Cpu *cpu = t->user->cpu;
  uint64_t value = 0, pc = cpu->state.pc;
  if (!gdb_parse_bytes (text, &value, bytes_of (reg)))
    return false;
  reg->set (cpu, reg->index, GUINT64_FROM_LE (value));
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
    append_register (s->reply, t->user->cpu, &isa->registers[i]);
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
    if (!parse_register (t, &isa->registers[i], &args))
      return gdb_error (s, EINVAL);
  return gdb_ok (s);
}

static const IsaRegister *
find_register (const GdbThread *t, uint64_t number)
{
  const GuestIsa *isa = t->user->cpu->isa;
  return number < isa->n_registers ? &isa->registers[number] : NULL;
}

GdbNext
gdb_read_register (GdbServer *s, const char *args, size_t size)
{
  const GdbThread *t = gdb_general_thread (s);
  uint64_t number;
  if (t == NULL || !gdb_parse_hex_end (&args, '\0', &number))
    return gdb_error (s, t ? EINVAL : ESRCH);
  const IsaRegister *reg = find_register (t, number);
  if (reg == NULL)
    return gdb_error (s, EINVAL);
  append_register (s->reply, t->user->cpu, reg);
  return GDB_STAY;
}

GdbNext
gdb_write_register (GdbServer *s, const char *args, size_t size)
{
  GdbThread *t = gdb_general_thread (s);
  uint64_t number;
  if (t == NULL || !gdb_parse_hex_end (&args, '=', &number))
    return gdb_error (s, t ? EINVAL : ESRCH);
  const IsaRegister *reg = find_register (t, number);
  if (reg == NULL || !parse_register (t, reg, &args))
    return gdb_error (s, EINVAL);
  return gdb_ok (s);
}
