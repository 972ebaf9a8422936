/* SPDX-License-Identifier: GPL-3.0-or-later */

/* x, xp and print: memory and values in gdb's formats. */

#include "monitor-private.h"

#include <string.h>

enum { MAX_COUNT = 65536, ROW = 16 };

typedef struct {
  unsigned count, size;
  char kind; /* x d u o c i */
} Format;

/* "/10xw": count, kind, size (b h w g), the last two in any order. */
static bool
parse_format (const char *text, Format *f, GError **error)
{
  const char *p = text + 1;
  if (g_ascii_isdigit (*p)) {
    char *end;
    const guint64 count = g_ascii_strtoull (p, &end, 10);
    if (count == 0 || count > MAX_COUNT)
      return monitor_fail (error, MONITOR_ERROR_GENERIC, "the count is not between 1 and %d", MAX_COUNT);
    f->count = (unsigned)count;
    p = end;
  }
  for (; *p; p++) {
    static const char sizes[] = "bhwg";
    const char *size = strchr (sizes, *p);
    if (size)
      f->size = 1u << (size - sizes);
    else if (strchr ("xduoci", *p))
      f->kind = *p;
    else
      return monitor_fail (error, MONITOR_ERROR_GENERIC,
                           "'%s' is not a format; write /[count][x|d|u|o|c|i][b|h|w|g], as in /4xg", text);
  }
  return true;
}

/* The format, if there is one, and the value of the rest. */
static bool
parse (MonitorContext *ctx, char **words, Format *f, uint64_t *ret, GError **error)
{
  if (words[0] && words[0][0] == '/' && !parse_format (*words++, f, error))
    return false;
  g_autofree char *text = g_strjoinv (" ", words);
  return hmp_eval (ctx, text, ret, error);
}

static void
append_value (GString *out, const Format *f, uint64_t value)
{
  const unsigned bits = 8 * f->size;
  const int64_t with_sign = (int64_t)(value << (64 - bits)) >> (64 - bits);
  value = value << (64 - bits) >> (64 - bits);
  switch (f->kind) {
    case 'd': g_string_append_printf (out, "%" G_GINT64_FORMAT, with_sign); break;
    case 'u': g_string_append_printf (out, "%" G_GUINT64_FORMAT, value); break;
    case 'o': g_string_append_printf (out, "0%" G_GINT64_MODIFIER "o", value); break;
    case 'c': {
      const char c = (char)value;
      if (g_ascii_isprint (c))
        g_string_append_printf (out, c == '\'' || c == '\\' ? "'\\%c'" : "'%c'", c);
      else
        g_string_append_printf (out, "'\\x%02x'", (unsigned char)c);
      break;
    }
    default: g_string_append_printf (out, "0x%0*" G_GINT64_MODIFIER "x", (int)bits / 4, value); break;
  }
}

/* A device's bytes: in one access of that size, or, where it takes none such, in one for each byte. */
static bool
read_device (MemoryMap *map, uint64_t addr, void *out, unsigned size)
{
  uint64_t value;
  const MemoryResult result = size <= 8 ? memory_read (map, addr, size, &value) : MEMORY_NOTHING;
  if (result == MEMORY_OK)
    memcpy (out, &value, size);
  if (result != MEMORY_REFUSED)
    return result == MEMORY_OK;
  for (unsigned i = 0; i < size; i++) {
    if (memory_read (map, addr + i, 1, &value) != MEMORY_OK)
      return false;
    ((uint8_t *)out)[i] = (uint8_t)value;
  }
  return true;
}

/* `vcpu` NULL: physical. */
static bool
read_at (MonitorContext *ctx, Vcpu *vcpu, uint64_t addr, void *out, unsigned size)
{
  if (vcpu)
    return cpu_debug_read (vcpu_cpu (vcpu), addr, out, size);
  return memory_dma_read (ctx->machine->memory, addr, out, size) == MEMORY_OK ||
         read_device (ctx->machine->memory, addr, out, size);
}

static bool
unreadable (uint64_t addr, GError **error)
{
  return monitor_fail (error, MONITOR_ERROR_GENERIC, "cannot access memory at 0x%" G_GINT64_MODIFIER "x",
                       addr);
}

static bool
show_values (MonitorContext *ctx, Vcpu *vcpu, uint64_t addr, const Format *f, GString *out, GError **error)
{
  for (unsigned i = 0; i < f->count; i++, addr += f->size) {
    uint64_t value = 0;
    if (i % (ROW / f->size) == 0)
      g_string_append_printf (out, "%s%016" G_GINT64_MODIFIER "x:", i ? "\n" : "", addr);
    if (!read_at (ctx, vcpu, addr, &value, f->size)) {
      g_string_append_c (out, '\n');
      return unreadable (addr, error);
    }
    g_string_append_c (out, ' ');
    append_value (out, f, value);
  }
  g_string_append_c (out, '\n');
  return true;
}

static bool
show_code (MonitorContext *ctx, Vcpu *vcpu, uint64_t addr, unsigned count, GString *out, GError **error)
{
  const GuestIsa *isa = ctx->machine->config->isa;
  for (unsigned i = 0; i < count; i++) {
    uint8_t code[16];
    char text[128];
    unsigned n = MIN (isa->insn_max, sizeof code);
    /* The last instruction before a hole may be a short one. */
    while (n && !read_at (ctx, vcpu, addr, code, n))
      n -= MIN (n, isa->insn_align);
    if (n == 0)
      return unreadable (addr, error);
    const unsigned length = isa->disassemble (code, n, addr, text, sizeof text);
    g_string_append_printf (out, "0x%08" G_GINT64_MODIFIER "x:  %s\n", addr, text);
    addr += length ? length : isa->insn_align;
  }
  return true;
}

static bool
show (MonitorContext *ctx, Vcpu *vcpu, char **words, GString *out, GError **error)
{
  Format f = { 1, 4, 'x' };
  uint64_t addr;
  if (!parse (ctx, words, &f, &addr, error))
    return false;
  if (f.kind == 'c')
    f.size = 1;
  return f.kind == 'i' ? show_code (ctx, vcpu, addr, f.count, out, error)
                       : show_values (ctx, vcpu, addr, &f, out, error);
}

static bool
show_virtual (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  bool was_running;
  Vcpu *vcpu = monitor_hold (ctx->machine, ctx->cpu, &was_running, error);
  const bool ok = vcpu && show (ctx, vcpu, words, out, error);
  if (vcpu)
    monitor_release (vcpu, was_running);
  return ok;
}

static bool
show_physical (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  return show (ctx, NULL, words, out, error);
}

static bool
print (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  Format f = { 1, 8, 'd' };
  uint64_t value;
  if (!parse (ctx, words, &f, &value, error))
    return false;
  if (f.kind == 'x')
    g_string_append_printf (out, "0x%" G_GINT64_MODIFIER "x", value);
  else
    append_value (out, &f, value);
  g_string_append_c (out, '\n');
  return true;
}

const HmpCommand hmp_memory_commands[] = {
  { "x", "/fmt addr", "show virtual memory", .run = show_virtual },
  { "xp", "/fmt addr", "show physical memory", .run = show_physical },
  { "print|p", "/fmt expr", "show a value ($reg is a register's)", .run = print },
  { NULL },
};
