/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "machine.h"
#include <string.h>

#define EBREAK 0x00100073u
#define LOOP   0x0000006fu /* j . */

Machine *
machine_new (unsigned bits, const char *model)
{
  g_autoptr (GError) error = NULL;
  Machine *m = g_new0 (Machine, 1);

  m->cpu = cpu_new (riscv_system_isa (bits), model, &error);
  g_assert_no_error (error);
  m->rv = (RiscvCpu *)m->cpu;
  m->s = &m->cpu->state;
  m->isa = m->cpu->isa->system;
  m->map = memory_map_new (56);
  m->ram = ram_block_new ("ram", RAM_SIZE, &error);
  g_assert_no_error (error);
  m->region = (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = RAM_SIZE, .ram = m->ram };
  memory_region_map (m->map, &m->region, RAM_BASE);
  cpu_system_init (m->cpu, m->map);
  m->rv->resetvec = CODE;
  m->isa->reset (m->cpu);
  csr_set (m, CSR_mtvec, HANDLER_M);
  csr_set (m, CSR_stvec, HANDLER_S);
  csr_set (m, CSR_pmpaddr, UINT64_MAX);
  csr_set (m, CSR_pmpcfg, PMP_ALL);
  /* Wherever a step goes on to, it stays. */
  for (uint64_t pc = CODE; pc < CODE + 0x1000; pc += 4)
    ram_set (m, pc, 4, LOOP);
  m->code_end = CODE;
  return m;
}

void
machine_free (Machine *m)
{
  memory_region_unmap (&m->region); /* the map tells the CPU */
  cpu_system_free (m->cpu);
  riscv_cpu_set_clock (m->cpu, NULL);
  cpu_free (m->cpu);
  memory_map_free (m->map);
  ram_block_free (m->ram);
  g_free (m);
}

uint64_t
ram_get (Machine *m, uint64_t phys, unsigned size)
{
  uint64_t value = 0;
  g_assert_true (phys >= RAM_BASE && phys + size <= RAM_BASE + RAM_SIZE);
  memcpy (&value, m->ram->host + (phys - RAM_BASE), size);
  return value;
}

void
ram_set (Machine *m, uint64_t phys, unsigned size, uint64_t value)
{
  g_assert_true (phys >= RAM_BASE && phys + size <= RAM_BASE + RAM_SIZE);
  memcpy (m->ram->host + (phys - RAM_BASE), &value, size);
  ram_written (m->ram, phys - RAM_BASE, size);
}

uint64_t
csr_get (Machine *m, unsigned number)
{
  uint64_t value;
  g_assert_true (riscv_cpu_get_csr (m->cpu, number, &value));
  return value;
}

void
csr_set (Machine *m, unsigned number, uint64_t value)
{
  g_assert_true (riscv_cpu_set_csr (m->cpu, number, value));
}

void
go_to (Machine *m, RiscvPriv priv)
{
  const IsaRegister *r = m->cpu->isa->registers;
  while (strcmp (r->name, "priv") != 0)
    r++;
  r->set (m->cpu, r->index, priv);
  g_assert_cmpint (m->rv->priv, ==, priv);
}

/* One step; what made the CPU leave is dealt with as a vCPU's thread would. */
static bool
step (Machine *m)
{
  IrExit reason;

  m->cpu->single_step = true;
  do
    reason = cpu_run (m->cpu);
  while (reason == IR_EXIT_REQUEST);
  m->cpu->single_step = false;
  if (reason == IR_EXIT_DEBUG || reason == IR_EXIT_WAIT)
    return false;
  m->isa->exception (m->cpu, reason);
  return true;
}

bool
execute (Machine *m, uint32_t insn)
{
  ram_set (m, CODE, 4, insn);
  m->s->pc = CODE;
  bool trap = step (m);
  /* A change of mode, such as FS becoming dirty, ends a step with the instruction still to be done. */
  return trap || m->s->pc != CODE ? trap : step (m);
}

bool
execute_csr (Machine *m, RvOp op, unsigned number, uint64_t source)
{
  bool immediate = op == RV_OP_csrrwi || op == RV_OP_csrrsi || op == RV_OP_csrrci;

  m->s->var[11] = source;
  return execute (
      m, encode (op, &(Ops){ .rd = 10, .rs1 = 11, .csr = number, .imm = immediate ? (int)source : 0 }));
}

void
append (Machine *m, uint32_t insn)
{
  ram_set (m, m->code_end, 4, insn);
  ram_set (m, m->code_end + 4, 4, EBREAK);
  m->code_end += 4;
}

void
run_to_ebreak (Machine *m, unsigned traps)
{
  for (;;) {
    m->isa->interrupt (m->cpu);
    IrExit reason = cpu_run (m->cpu);
    if (reason == IR_EXIT_BREAKPOINT)
      return;
    if (reason == IR_EXIT_REQUEST || reason == IR_EXIT_WAIT)
      continue;
    g_assert_cmpuint (traps, >, 0);
    traps--;
    m->isa->exception (m->cpu, reason);
  }
}
