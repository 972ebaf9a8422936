/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cpu.h"

#include "exec-interp.h"
#include "exec-jit.h"
#include "softmmu.h"
#include <string.h>

CpuSettings cpu_settings;

const GuestIsa *
guest_isa_find (const char *name)
{
  for (unsigned i = 0; guest_isas[i] != NULL; i++)
    if (strcmp (guest_isas[i]->name, name) == 0)
      return guest_isas[i];
  return NULL;
}

static Cpu *
cpu_alloc (const GuestIsa *isa)
{
  Cpu *cpu = g_malloc0 (isa->cpu_size);
  cpu->isa = isa;
  cpu->state.helpers = isa->helpers;
  cpu->state.vector_helpers = isa->vector_helpers;
  for (unsigned v = 0; v < isa->n_vars; v++)
    if (isa->vars[v].type == IR_V128)
      cpu->state.wide[v / 64] |= UINT64_C (1) << (v % 64);
  return cpu;
}

Cpu *
cpu_new (const GuestIsa *isa, const char *model, GError **error)
{
  Cpu *cpu = cpu_alloc (isa);
  if (!isa->cpu_init (cpu, model, error)) {
    g_free (cpu);
    return NULL;
  }
  return cpu;
}

Cpu *
cpu_clone (const Cpu *from)
{
  Cpu *cpu = cpu_alloc (from->isa);
  memcpy (cpu, from, from->isa->cpu_size);
  cpu->jit = NULL;
  jit_state_clear (&cpu->jit_state);
  cpu->jit_state.executed_insns = cpu->jit_state.executed_host_insns = 0;
  cpu->interp = NULL;
  cpu->owner = NULL;
  cpu->state.leave = NULL;
  cpu->state.exit_request = 0;
  return cpu;
}

void
cpu_free (Cpu *cpu)
{
  if (cpu == NULL)
    return;
  interp_free (cpu->interp);
  exec_jit_free (cpu);
  cpu_system_free (cpu);
  g_free (cpu);
}
