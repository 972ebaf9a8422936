/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a guest architecture gives the translator: its variables, its front end, its registers for a debugger.
 */

#include "ir-build.h"
#include "ir-state.h"

typedef struct Cpu Cpu;
typedef struct GuestIsa GuestIsa;
typedef struct IsaSystem IsaSystem;

typedef struct {
  const char *name;
  /* IR_I32, IR_I64 (general), IR_F64 (floating point, 64-bit container), or IR_V128 (vector and floating
   * point): such a one has an even number, and the number after it is its upper half's, which is never named.
   */
  IrType type;
} IsaVar;

/* A register as a debugger sees it. The order of the table is gdb's register numbering. */
typedef struct {
  const char *name, *type, *group,
      *feature; /* gdb's names: "a0", "int", "general", "org.gnu.gdb.riscv.cpu" */
  unsigned bits;
  uint64_t (*get) (const Cpu *cpu, unsigned index);
  void (*set) (Cpu *cpu, unsigned index, uint64_t value);
  unsigned index; /* passed to get and set; where there are 128 bits, index + 1 is the upper half's */
} IsaRegister;

/* Outcome of translating one instruction. */
typedef enum {
  ISA_NEXT, /* falls through to pc + len */
  ISA_END,  /* the front end ended the block (jump, branch, exit) */
} IsaFlow;

typedef struct {
  IrBuilder *b;
  const Cpu *cpu; /* its model: enabled extensions, not its registers */
  uint64_t pc;    /* of the instruction */
  uint32_t mode;  /* IrState.mode the code is for */
  bool brief;     /* it may not run often: short code is worth more than fast code */
  unsigned len;   /* in: bytes available in `code`; out: length of the instruction */
  uint8_t code[16];
} IsaInsn;

struct GuestIsa {
  const char *name;     /* "riscv64", as in vitrine-riscv64 */
  const char *gdb_arch; /* "riscv:rv64" */
  unsigned bits;        /* 32 or 64: guest address width in user mode */
  uint16_t elf_machine; /* EM_* */
  bool tagged;          /* user mode: accesses and jumps ignore an address's top byte, which holds a tag */
  unsigned insn_align, insn_max; /* bytes */
  unsigned n_vars;
  const IsaVar *vars;
  /* Variables most worth a host register, hottest first: integer ones, floating-point ones. */
  unsigned n_hot_int, n_hot_fp;
  const uint8_t *hot_int, *hot_fp;
  /* The variable of the condition flags, as IrRegion.flags_var; 0: there is none. */
  uint8_t flags_var;
  const IrHelper *helpers;
  const IrVectorHelper *vector_helpers; /* or NULL */
  unsigned n_registers;
  const IsaRegister *registers;
  /* Types of theirs that gdb does not have of its own: XML that stands before the registers of a feature; or
   * NULL. */
  const char *gdb_types, *gdb_types_feature;

  size_t cpu_size; /* of the ISA's struct, whose first member is Cpu */
  /* Sets up a zeroed cpu for `model` (NULL: the default). FALSE and an error naming the models when unknown.
   */
  bool (*cpu_init) (Cpu *cpu, const char *model, GError **error);
  /* Lists the models and extension options, for -cpu help. */
  char *(*models) (void);
  /* Emits the IR of the instruction at insn->pc (always starts with ir_insn). Where the bytes given are fewer
   * than the instruction needs, sets insn->len to the needed length and emits nothing. Illegal ones end the
   * block with IR_EXIT_ILLEGAL. */
  IsaFlow (*translate) (IsaInsn *insn);
  /* One line of assembly of the `len` bytes at code into `out`; returns the instruction's length (at least
   * 1). */
  unsigned (*disassemble) (const uint8_t *code, size_t len, uint64_t pc, char *out, size_t out_size);
  /* What it needs for whole machines (softmmu.h); NULL: user mode only. */
  const IsaSystem *system;
  /* Text of the integer and floating-point registers, for -d cpu and crash reports. */
  void (*dump) (const Cpu *cpu, GString *out);
};

/* The ISAs this build knows, NULL-terminated; find by name. */
extern const GuestIsa *const guest_isas[];
const GuestIsa *guest_isa_find (const char *name);
