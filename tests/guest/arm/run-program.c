/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs a freestanding AArch64 program without an operating system but exit, write, and threads (mprotect has
 * nothing to do): on the interpreter, or with `hot` compiled.  Exits with the program's status, or 254 if it
 * stops in any other way. */

#include "arm-cpu.h"
#include "guest-mem.h"
#include "mem-direct.h"
#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STACK_SIZE (64u << 10)

static size_t
fetch (Cpu *cpu, uint64_t pc, uint8_t *out, size_t want, IrFault *ret_fault)
{
  memcpy (out, g2h (pc), want);
  return want;
}

static void
on_fault (int signo, siginfo_t *info, void *ucontext)
{
  if (!cpu_host_fault (cpu_running (), info, ucontext))
    _Exit (253);
}

/* Maps the program's segments where they want to be; returns its entry point, 0 on failure. */
static uint64_t
load (const char *path)
{
  g_autofree char *file = NULL;
  gsize size;

  if (!g_file_get_contents (path, &file, &size, NULL) || size < sizeof (Elf64_Ehdr))
    return 0;
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
  const Elf64_Phdr *segment = (const Elf64_Phdr *)(file + header->e_phoff);
  for (unsigned i = 0; i < header->e_phnum; i++) {
    uint64_t start = segment[i].p_vaddr & ~UINT64_C (4095), end = segment[i].p_vaddr + segment[i].p_memsz;
    if (segment[i].p_type != PT_LOAD)
      continue;
    if (mmap (g2h (start), end - start, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
      return 0;
    memcpy (g2h (segment[i].p_vaddr), file + segment[i].p_offset, segment[i].p_filesz);
  }
  return header->e_entry;
}

static int run (Cpu *cpu);

static gpointer
run_thread (gpointer cpu)
{
  int status = run (cpu);
  if (status != 0)
    _Exit (status);
  return NULL;
}

/* clone(): the new thread's stack is in X1. */
static void
start_thread (const Cpu *parent)
{
  cpu_memory_shared ();
  Cpu *cpu = cpu_clone (parent);
  cpu->state.var[ARM_VAR_SP] = cpu->state.var[ARM_VAR_X + 1];
  cpu->state.var[ARM_VAR_X] = 0;
  cpu->state.pc += 4;
  g_thread_unref (g_thread_new ("guest", run_thread, cpu));
}

/* False: not one that we have. */
static bool
call (Cpu *cpu)
{
  enum { WRITE = 64, CLONE = 220, MPROTECT = 226 };
  uint64_t *x = &cpu->state.var[ARM_VAR_X];
  switch (x[8]) {
    case WRITE: x[0] = fwrite (g2h (x[1]), 1, x[2], stderr); return true;
    case CLONE:
      start_thread (cpu);
      x[0] = 1;
      return true;
    case MPROTECT: x[0] = 0; return true;
    default: return false;
  }
}

/* Runs until the thread ends; returns its status. */
static int
run (Cpu *cpu)
{
  enum { EXIT = 93 };
  for (;;) {
    IrExit exit = cpu_run (cpu);
    if (exit == IR_EXIT_REQUEST)
      continue;
    if (exit == IR_EXIT_SYSCALL && cpu->state.var[ARM_VAR_X + 8] == EXIT)
      return (int)(cpu->state.var[ARM_VAR_X] & 0xff);
    if (exit != IR_EXIT_SYSCALL || !call (cpu)) {
      fprintf (stderr, "run-program: exit %d at pc %#" G_GINT64_MODIFIER "x\n", exit, cpu->state.pc);
      return 254;
    }
    cpu->state.pc += 4;
  }
}

int
main (int argc, char **argv)
{
  uint64_t entry = argc >= 2 ? load (argv[1]) : 0;
  if (entry == 0) {
    fprintf (stderr, "usage: run-program ELF [hot]\n");
    return 2;
  }
  cpu_settings.interpret = argc < 3;
  cpu_settings.hot_threshold = 1;
  guest_space_size = UINT64_C (1) << 47;
  Cpu *cpu = cpu_new (&aarch64_isa, NULL, NULL);
  struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
  sigaction (SIGFPE, &action, NULL);
  sigaction (SIGSEGV, &action, NULL);
  sigaction (SIGBUS, &action, NULL);
  char *stack = mmap (NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  cpu->fetch = fetch;
  cpu->state.mem = &mem_direct;
  cpu->state.pc = entry;
  cpu->state.var[ARM_VAR_SP] = h2g (stack) + STACK_SIZE;
  int status = run (cpu);
  cpu_free (cpu);
  return status;
}
