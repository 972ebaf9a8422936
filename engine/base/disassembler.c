/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disassembler.h"

#include <capstone/capstone.h>
#include <dlfcn.h>

static GMutex lock; /* of everything below */
static csh handles[DISASSEMBLER_N_ISAS];
static cs_insn *insns[DISASSEMBLER_N_ISAS];

static struct {
  __typeof__ (cs_open) *open;
  __typeof__ (cs_malloc) *malloc;
  __typeof__ (cs_disasm_iter) *disasm_iter;
} capstone;

static const struct {
  cs_arch arch;
  cs_mode mode;
} isas[DISASSEMBLER_N_ISAS] = {
  [DISASSEMBLER_X86_64] = { CS_ARCH_X86, CS_MODE_64 },
  [DISASSEMBLER_A64] = { CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN },
};

static bool
load (void)
{
  static gsize state;
  if (g_once_init_enter (&state)) {
    void *library = dlopen ("libcapstone.so." G_STRINGIFY (CS_API_MAJOR), RTLD_NOW);
    if (library != NULL) {
      capstone.open = (__typeof__ (capstone.open))dlsym (library, "cs_open");
      capstone.malloc = (__typeof__ (capstone.malloc))dlsym (library, "cs_malloc");
      capstone.disasm_iter = (__typeof__ (capstone.disasm_iter))dlsym (library, "cs_disasm_iter");
    }
    bool loaded = capstone.open != NULL && capstone.malloc != NULL && capstone.disasm_iter != NULL;
    g_once_init_leave (&state, loaded ? 1 : 2);
  }
  return state == 1;
}

static bool
ready (DisassemblerIsa isa)
{
  if (insns[isa] == NULL && load () &&
      capstone.open (isas[isa].arch, isas[isa].mode, &handles[isa]) == CS_ERR_OK)
    insns[isa] = capstone.malloc (handles[isa]);
  return insns[isa] != NULL;
}

bool
disassembler_available (DisassemblerIsa isa)
{
  g_mutex_lock (&lock);
  bool available = ready (isa);
  g_mutex_unlock (&lock);
  return available;
}

size_t
disassembler_print (DisassemblerIsa isa, const uint8_t *code, size_t len, uint64_t address, GString *out)
{
  size_t size = 0;
  g_mutex_lock (&lock);
  if (ready (isa) && capstone.disasm_iter (handles[isa], &code, &len, &address, insns[isa])) {
    g_string_append_printf (out, "%s %s", insns[isa]->mnemonic, insns[isa]->op_str);
    size = insns[isa]->size;
  }
  g_mutex_unlock (&lock);
  return size;
}

unsigned
disassembler_count (DisassemblerIsa isa, const uint8_t *code, size_t len)
{
  uint64_t address = 0;
  unsigned n = 0;
  g_mutex_lock (&lock);
  while (ready (isa) && capstone.disasm_iter (handles[isa], &code, &len, &address, insns[isa]))
    n++;
  g_mutex_unlock (&lock);
  return n;
}
