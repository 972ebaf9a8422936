/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The machine as gdb's target: vCPUs are threads of process 1. */

#include "gdb-machine-private.h"

#include "monitor.h"
#include <errno.h>
#include <string.h>

static char *
thread_name (const GdbThread *t)
{
  return g_strdup_printf ("CPU#%d", t->id - 1);
}

static bool
access_memory (GdbServer *s, GdbThread *t, uint64_t addr, void *bytes, size_t size, bool write)
{
  const GdbMachine *m = (const GdbMachine *)s;
  MemoryMap *map = m->machine->memory;
  if (m->physical)
    return (write ? memory_debug_write (map, addr, bytes, size) : memory_dma_read (map, addr, bytes, size)) ==
           MEMORY_OK;
  return write ? cpu_debug_write (t->cpu, addr, bytes, size) : cpu_debug_read (t->cpu, addr, bytes, size);
}

static GdbThread *
self (void)
{
  Vcpu *vcpu = vcpu_current ();
  return vcpu != NULL ? &gdb_machine->vcpus[vcpu_index (vcpu)].gdb : NULL;
}

/* A line of the monitor, which writes for terminals. */
static char *
run_monitor_line (GdbServer *s, const char *line)
{
  g_autofree char *text = monitor_run_line (((GdbMachine *)s)->machine, line);
  g_auto (GStrv) parts = g_strsplit (text, "\r", -1);
  return g_strjoinv ("", parts);
}

static GdbNext
memory_mode (GdbServer *s, const char *args, size_t size)
{
  g_string_append_c (s->reply, ((GdbMachine *)s)->physical ? '1' : '0');
  return GDB_STAY;
}

static GdbNext
set_memory_mode (GdbServer *s, const char *args, size_t size)
{
  if (strcmp (args, "0") != 0 && strcmp (args, "1") != 0)
    return gdb_error (s, EINVAL);
  ((GdbMachine *)s)->physical = *args == '1';
  return gdb_ok (s);
}

static const GdbCommand commands[] = {
  { "Qqemu.PhyMemMode:", set_memory_mode },
  { "qqemu.PhyMemMode", memory_mode },
  { NULL, NULL },
};

const GdbTarget gdb_machine_target = {
  /* Not what gdb was built for: it would step by breakpoints of its own, past the handlers of traps. */
  .osabi = "none",
  .features = ";qqemu.PhyMemMode+",
  .outlives = true,
  .commands = commands,
  .send = gdb_machine_send,
  .thread_name = thread_name,
  .memory = access_memory,
  .self = self,
  .monitor = run_monitor_line,
};
