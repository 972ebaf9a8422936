/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-target.h"

#include <string.h>

/* ---- the ISA ---- */

static FakeThread *
thread_of (const Cpu *cpu)
{
  return (FakeThread *)(void *)((char *)(void *)cpu - G_STRUCT_OFFSET (FakeThread, cpu));
}

static uint64_t
get_register (const Cpu *cpu, unsigned index)
{
  return index == FAKE_PC ? cpu->state.pc : thread_of (cpu)->registers[index];
}

static void
set_register (Cpu *cpu, unsigned index, uint64_t value)
{
  if (index == FAKE_PC)
    cpu->state.pc = value;
  else
    thread_of (cpu)->registers[index] = value;
}

#define REGISTER(name, group, feature, bits, index)                                                          \
  [index] = { name, "int", group, feature, bits, get_register, set_register, index }
static const IsaRegister registers[FAKE_N_REGISTERS] = {
  REGISTER ("r0", "general", "fake.core", 64, FAKE_R0),
  REGISTER ("r1", "general", "fake.core", 64, FAKE_R1),
  REGISTER ("pc", "general", "fake.core", 64, FAKE_PC),
  REGISTER ("small", "float", "fake.float", 32, FAKE_SMALL),
  REGISTER ("control", "csr", "fake.system", 64, FAKE_CONTROL),
};
static const GuestIsa isa = {
  .gdb_arch = "fake:arch",
  .bits = 64,
  .insn_align = 2,
  .n_registers = FAKE_N_REGISTERS,
  .registers = registers,
};

/* ---- memory as code sees it ---- */

static uint64_t
load (IrState *s, uint64_t addr, unsigned size)
{
  return addr + size;
}

static void
store (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
}

static uint64_t
rmw (IrState *s, uint64_t addr, unsigned size, IrRmw op, uint64_t value)
{
  return value;
}

static uint64_t
cas (IrState *s, uint64_t addr, unsigned size, uint64_t expected, uint64_t desired)
{
  return expected;
}

static void
cas16 (IrState *s, uint64_t addr, const uint64_t *expected, const uint64_t *desired, uint64_t *ret_old)
{
}

static const IrMemOps mem = { load, store, rmw, cas, cas16 };

/* ---- the target ---- */

static Fake *fake; /* there is one at a time */

static void
take_bytes (GdbServer *s, const char *data, size_t size)
{
  g_string_append_len (((Fake *)s)->out, data, (gssize)size);
}

static char *
thread_name (const GdbThread *t)
{
  return g_strdup_printf ("<thread & %d>", t->id);
}

static bool
access_memory (GdbServer *s, GdbThread *t, uint64_t addr, void *bytes, size_t size, bool write)
{
  Fake *f = (Fake *)s;
  uint64_t offset = addr - FAKE_MEMORY;
  f->pieces++;
  g_assert_cmpuint (size, >, 0);
  g_assert_cmpuint (addr / 4096, ==, (addr + size - 1) / 4096);
  if (offset >= FAKE_SIZE || (write && offset + size > FAKE_READ_ONLY))
    return false;
  if (write)
    memcpy (f->memory + offset, bytes, size);
  else
    memcpy (bytes, f->memory + offset, size);
  return true;
}

static void
moved (GdbThread *t)
{
  ((FakeThread *)t)->moved++;
}

static void
go_on_with (GdbThread *t, unsigned number)
{
  ((FakeThread *)t)->signal = number;
}

static GdbThread *
self (void)
{
  return fake->self;
}

static char *
run_monitor_line (GdbServer *s, const char *line)
{
  g_string_assign (((Fake *)s)->line, line);
  return g_strnfill (10000, 'x');
}

static GString *
read_object (GdbServer *s, const char *annex)
{
  return strcmp (annex, "annex") == 0 ? g_string_new_len ("}#\0$", 4) : NULL;
}

static GdbNext
answer_own (GdbServer *s, const char *args, size_t size)
{
  g_string_append_printf (s->reply, "own %" G_GSIZE_FORMAT " %s", size, args);
  return GDB_STAY;
}

static const GdbCommand commands[] = { { "qOwn:", answer_own }, { "qCurrent", answer_own }, { NULL, NULL } };
static const GdbObject objects[] = { { "object", read_object }, { NULL, NULL } };
static const GdbTarget target = {
  .osabi = "fake",
  .features = ";qOwn+",
  .outlives = true,
  .commands = commands,
  .objects = objects,
  .send = take_bytes,
  .thread_name = thread_name,
  .memory = access_memory,
  .moved = moved,
  .signal = go_on_with,
  .self = self,
  .monitor = run_monitor_line,
};

/* ---- for tests ---- */

Fake *
fake_new (unsigned n_threads)
{
  Fake *f = fake = g_new0 (Fake, 1);
  f->out = g_string_new (NULL);
  f->line = g_string_new (NULL);
  f->threads = g_new0 (FakeThread *, n_threads);
  f->n_threads = n_threads;
  gdb_server_init (&f->server, &target, 0x99);
  for (unsigned i = 0; i < n_threads; i++) {
    FakeThread *t = f->threads[i] = g_new0 (FakeThread, 1);
    t->cpu.isa = &isa;
    t->cpu.state.mem = &mem;
    gdb_server_add (&f->server, &t->gdb, (int)i + 1, &t->cpu);
  }
  gdb_server_restart (&f->server);
  return f;
}

void
fake_free (Fake *f)
{
  gdb_remove_points (&f->server);
  for (unsigned i = 0; i < f->n_threads; i++)
    g_free (f->threads[i]);
  gdb_server_clear (&f->server);
  g_free (f->threads);
  g_string_free (f->out, TRUE);
  g_string_free (f->line, TRUE);
  g_free (f);
  fake = NULL;
}

GdbNext
fake_bytes (Fake *f, const void *data, size_t size)
{
  const uint8_t *bytes = data;
  GdbNext next = GDB_STAY;
  for (size_t i = 0; i < size; i++)
    next = gdb_server_byte (&f->server, bytes[i]);
  return next;
}

GdbNext
fake_packet (Fake *f, const void *data, size_t size)
{
  g_autoptr (GString) packet = g_string_new (NULL);
  gdb_frame (packet, data, size);
  return fake_bytes (f, packet->str, packet->len);
}

GString *
fake_take (Fake *f)
{
  static GdbReader reader;
  reader.state = GDB_BETWEEN;
  for (gsize i = 0; i < f->out->len; i++)
    if (gdb_reader_byte (&reader, (uint8_t)f->out->str[i]) == GDB_IN_PACKET) {
      g_string_erase (f->out, 0, (gssize)i + 1);
      return g_string_new_len (reader.data, (gssize)reader.size);
    }
  return NULL;
}

void
fake_expect (Fake *f, const char *command, const char *answer)
{
  g_string_truncate (f->out, 0);
  g_assert_cmpint (fake_packet (f, command, strlen (command)), ==, GDB_STAY);
  GString *reply = fake_take (f);
  g_assert_nonnull (reply);
  g_assert_cmpstr (reply->str, ==, answer);
  g_string_free (reply, TRUE);
}
