/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb-target.h"

#include <string.h>

char *
gdb_target_xml (const GuestIsa *isa, const char *osabi)
{
  GString *xml = g_string_new ("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n");
  const char *feature = NULL;
  g_string_append_printf (xml, "<target version=\"1.0\">\n<architecture>%s</architecture>\n", isa->gdb_arch);
  if (osabi != NULL)
    g_string_append_printf (xml, "<osabi>%s</osabi>\n", osabi);
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

void
gdb_append_register (GString *out, const Cpu *cpu, unsigned number)
{
  const IsaRegister *reg = &cpu->isa->registers[number];
  uint64_t value = GUINT64_TO_LE (reg->get (cpu, reg->index));
  gdb_append_hex (out, &value, bytes_of (reg));
}

bool
gdb_parse_register (const char **text, Cpu *cpu, unsigned number)
{
  const IsaRegister *reg = &cpu->isa->registers[number];
  uint64_t value = 0;
  if (!gdb_parse_bytes (text, &value, bytes_of (reg)))
    return false;
  reg->set (cpu, reg->index, GUINT64_FROM_LE (value));
  return true;
}

bool
gdb_append_part (GString *out, const char *data, size_t size, uint64_t offset, uint64_t length)
{
  size_t start = MIN (offset, size), n = MIN (length, size - start);
  n = MIN (n, GDB_PACKET_MAX / 2);
  g_string_append_len (out, data + start, (gssize)n);
  return start + n < size;
}
