/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Registers of the thread that commands are about: as the protocol has them, by their number in the ISA's
 * table. */

#include "gdb-command.h"

#include <errno.h>
#include <string.h>

GString *
gdb_describe (const GuestIsa *isa, const char *osabi)
{
  GString *xml = g_string_new ("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n");
  const char *feature = NULL;
  g_string_append_printf (xml, "<target version=\"1.0\">\n<architecture>%s</architecture>\n", isa->gdb_arch);
  g_string_append_printf (xml, "<osabi>%s</osabi>\n", osabi);
  for (unsigned i = 0; i < isa->n_registers; i++) {
    const IsaRegister *reg = &isa->registers[i];
    if (feature == NULL || strcmp (feature, reg->feature) != 0) {
      g_string_append_printf (xml, "%s<feature name=\"%s\">\n", feature ? "</feature>\n" : "", reg->feature);
      feature = reg->feature;
      if (isa->gdb_types != NULL && strcmp (feature, isa->gdb_types_feature) == 0)
        g_string_append (xml, isa->gdb_types);
    }
    g_string_append_printf (xml, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" group=\"%s\" regnum=\"%u\"/>\n",
                            reg->name, reg->bits, reg->type, reg->group, i);
  }
  g_string_append_printf (xml, "%s</target>\n", feature ? "</feature>\n" : "");
  return xml;
}

static unsigned
bytes_of (const IsaRegister *reg)
{
  return MIN (reg->bits / 8, 16);
}

static void
append_register (GdbServer *s, const Cpu *cpu, unsigned number)
{
  const IsaRegister *reg = &cpu->isa->registers[number];
  uint64_t value[2] = { GUINT64_TO_LE (reg->get (cpu, reg->index)), 0 };
  if (reg->bits > 64)
    value[1] = GUINT64_TO_LE (reg->get (cpu, reg->index + 1));
  gdb_append_hex (s->reply, value, bytes_of (reg));
}

/* False if the text is no value of that register. */
static bool
parse_register (GdbServer *s, GdbThread *t, unsigned number, const char **text)
{
  const IsaRegister *reg = &t->cpu->isa->registers[number];
  uint64_t pc = t->cpu->state.pc, value[2] = { 0 };
  if (!gdb_parse_bytes (text, value, bytes_of (reg)))
    return false;
  reg->set (t->cpu, reg->index, GUINT64_FROM_LE (value[0]));
  if (reg->bits > 64)
    reg->set (t->cpu, reg->index + 1, GUINT64_FROM_LE (value[1]));
  if (t->cpu->state.pc != pc && s->target->moved != NULL)
    s->target->moved (t);
  return true;
}

/* What every stop is shown with; gdb asks for the others one by one. */
static bool
is_common (const IsaRegister *reg)
{
  return strcmp (reg->group, "csr") != 0 && strcmp (reg->group, "system") != 0;
}

GdbNext
gdb_read_registers (GdbServer *s, const char *args, size_t size)
{
  const GdbThread *t = gdb_server_general (s);
  if (t == NULL)
    return gdb_error (s, ESRCH);
  const GuestIsa *isa = t->cpu->isa;
  for (unsigned i = 0; i < isa->n_registers && is_common (&isa->registers[i]); i++)
    append_register (s, t->cpu, i);
  return GDB_STAY;
}

GdbNext
gdb_write_registers (GdbServer *s, const char *args, size_t size)
{
  GdbThread *t = gdb_server_general (s);
  if (t == NULL)
    return gdb_error (s, ESRCH);
  for (unsigned i = 0; i < t->cpu->isa->n_registers && *args != '\0'; i++)
    if (!parse_register (s, t, i, &args))
      return gdb_error (s, EINVAL);
  return gdb_ok (s);
}

GdbNext
gdb_read_register (GdbServer *s, const char *args, size_t size)
{
  const GdbThread *t = gdb_server_general (s);
  uint64_t number;
  if (t == NULL)
    return gdb_error (s, ESRCH);
  if (!gdb_parse_hex_end (&args, '\0', &number) || number >= t->cpu->isa->n_registers)
    return gdb_error (s, EINVAL);
  append_register (s, t->cpu, (unsigned)number);
  return GDB_STAY;
}

GdbNext
gdb_write_register (GdbServer *s, const char *args, size_t size)
{
  GdbThread *t = gdb_server_general (s);
  uint64_t number;
  if (t == NULL)
    return gdb_error (s, ESRCH);
  if (!gdb_parse_hex_end (&args, '=', &number) || number >= t->cpu->isa->n_registers ||
      !parse_register (s, t, (unsigned)number, &args))
    return gdb_error (s, EINVAL);
  return gdb_ok (s);
}
