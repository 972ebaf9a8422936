/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* System mode: guest virtual addresses, the TLBs that compiled code looks in, and what an ISA says about
 * them.
 *
 * A hart keeps a few address spaces (JitSpace: read, write and execute TLB and a jump cache each), the least
 * recently used one is given up for a new one.  A space is named by a CpuSpaceKey: everything the outcome of
 * a translation depends on besides memory. */

#include "clock.h"
#include "cpu.h"
#include "memory.h"

typedef enum { CPU_READ, CPU_WRITE, CPU_EXEC } CpuAccess; /* atomics are writes */

typedef struct {
  uint64_t root;    /* satp, TTBR0, CR3 */
  uint64_t flags;   /* privilege and what else the ISA needs */
  uint64_t more[2]; /* TTBR1, VTTBR */
} CpuSpaceKey;

typedef struct {
  uint64_t phys; /* of the address itself */
  uint8_t prot;  /* bit 1 << CpuAccess for each access that may be cached: write only once the D bit is set */
  uint8_t log2_size; /* of the guest's page: 12 and more */
  bool once;         /* good for this access only (protection finer than a page) */
  bool guarded;      /* executed from it, a block is told by IR_RAM_GUARDED */
  bool aligned;      /* misaligned accesses are refused: by IsaSystem.misaligned */
  uint16_t
      bytes; /* with `once`: an access of more than so many from phys on is refused; 0: any in the page */
} CpuTranslation;

/* What one vCPU wants all others to do to their TLBs; the ISA's own language. */
typedef struct {
  uint64_t what, value, context;
} CpuTlbWork;

/* What an ISA adds for system mode. All are called on the vCPU's own thread unless said otherwise. */
struct IsaSystem {
  CpuSpaceKey (*space) (const Cpu *cpu);
  /* One page-table walk with protection checks and A/D updates. False: the exception is noted in the cpu
   * (state.fault.addr and the ISA's own members), to be taken by exception (IR_EXIT_FAULT or
   * IR_EXIT_FETCH_FAULT). */
  bool (*translate) (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret);
  /* Both of these for loads and stores with IR_F_USER. NULL: the ISA has none. */
  CpuSpaceKey (*user_space) (const Cpu *cpu);
  bool (*translate_user) (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret);
  /* Bits that addresses of the same page may differ in: a flush by page finds them all. */
  uint64_t tag_bits;
  /* Bits of IrState.mode that are 0 in the least privileged level only. */
  uint32_t privileged_mode;
  /* Does what another vCPU has sent (cpu_tlb_send()), or (`work` NULL) forgets everything. NULL: nobody
   * sends. */
  void (*tlb_work) (Cpu *cpu, const CpuTlbWork *work);
  /* The same for a debugger: no checks, no side effects. Any thread while the vCPU is paused. */
  bool (*translate_debug) (Cpu *cpu, uint64_t vaddr, uint64_t *ret_phys);
  /* Notes the exception for a physical access that nothing answered, and for a misaligned one that must not
   * be. */
  void (*bus_error) (Cpu *cpu, uint64_t vaddr, CpuAccess access);
  void (*misaligned) (Cpu *cpu, uint64_t vaddr, CpuAccess access);
  /* Enters the handler for what cpu_run() returned (SYSCALL, BREAKPOINT, ILLEGAL, FAULT, FETCH_FAULT). */
  void (*exception) (Cpu *cpu, IrExit reason);
  /* Takes the most urgent enabled interrupt, if any: true. */
  bool (*interrupt) (Cpu *cpu);
  /* Whether a waiting vCPU has something to wake up for. Any thread. */
  bool (*wakes) (Cpu *cpu);
  /* Whether it is switched off: nothing runs before it wakes. NULL: it never is. */
  bool (*is_off) (Cpu *cpu);
  void (*reset) (Cpu *cpu);
  /* All architectural state as a{sv}. */
  GVariant *(*save) (Cpu *cpu);
  bool (*load) (Cpu *cpu, GVariant *state, GError **error);
};

/* Makes `cpu` a system-mode one: before its first run. */
void cpu_system_init (Cpu *cpu, MemoryMap *memory);
void cpu_system_free (Cpu *cpu);

/* For front ends, on the vCPU's thread; spaces with (root & mask) == value. The caller ends its block
 * afterwards. */
void cpu_tlb_flush (Cpu *cpu, uint64_t mask, uint64_t value);
void cpu_tlb_flush_page (Cpu *cpu, uint64_t vaddr, uint64_t mask, uint64_t value);
/* The same for spaces whose key `match` is true of. */
typedef bool (*CpuSpaceMatch) (const CpuSpaceKey *key, const void *opaque);
void cpu_tlb_flush_if (Cpu *cpu, CpuSpaceMatch match, const void *opaque);
void cpu_tlb_flush_page_if (Cpu *cpu, uint64_t vaddr, CpuSpaceMatch match, const void *opaque);
/* Has all other vCPUs do it, before they next use their TLBs at the latest.  Then, on the vCPU's thread and
 * outside of compiled code's accesses (in a helper, or between blocks): true once they have; false, with
 * something else waiting to be done by this one: the caller leaves, and asks again afterwards. */
void cpu_tlb_send (Cpu *cpu, const CpuTlbWork *work);
bool cpu_tlb_sent_done (Cpu *cpu);
/* From any thread (the memory map has changed): done before the vCPU next looks. */
void cpu_tlb_flush_remote (Cpu *cpu);

/* Guest memory of a page-table walk: physical, RAM only. False: not RAM. */
bool cpu_phys_read64 (Cpu *cpu, uint64_t phys, uint64_t *ret_value);
bool cpu_phys_read32 (Cpu *cpu, uint64_t phys, uint32_t *ret_value);
/* Atomically replaces `expected`; false in *ret_same when it was something else by now. */
bool cpu_phys_cas64 (Cpu *cpu, uint64_t phys, uint64_t expected, uint64_t desired, bool *ret_same);
bool cpu_phys_cas32 (Cpu *cpu, uint64_t phys, uint32_t expected, uint32_t desired, bool *ret_same);

/* For debuggers and the monitor while the vCPU is paused. False where nothing is mapped. */
bool cpu_debug_read (Cpu *cpu, uint64_t vaddr, void *out, size_t size);
bool cpu_debug_write (Cpu *cpu, uint64_t vaddr, const void *data, size_t size);

/* Semihosting: who answers the instruction by which a guest asks the host. */
typedef struct {
  /* On the vCPU's thread, between two instructions. True: the operation is done, with a result. False: the
   * instruction is executed again, after what is more urgent (interrupts, standing still). */
  bool (*call) (void *opaque, Cpu *cpu, uint32_t op, uint64_t arg, uint64_t *ret_result);
  bool user; /* the least privileged level may ask, too */
  void *opaque;
} CpuSemihosting;
/* Before its first run; NULL: there is nobody. */
void cpu_set_semihosting (Cpu *cpu, const CpuSemihosting *hooks);
/* For front ends: whether somebody answers this level, and to ask (then only). */
bool cpu_semihosted (const Cpu *cpu, bool user);
bool cpu_semihost (Cpu *cpu, uint32_t op, uint64_t arg, uint64_t *ret_result);
/* For who answers: sleeps until the vCPU is kicked (at once, if it was since it last slept or ran). False: it
 * is to stand still, and the call is to return. */
bool cpu_wait_kick (Cpu *cpu);
/* RAM and (reading) ROM as the vCPU's current level sees them. False where a part is refused, with the part
 * before it transferred. Other than a load or store of the guest's, it raises nothing. */
bool cpu_guest_read (Cpu *cpu, uint64_t vaddr, void *out, size_t size);
bool cpu_guest_write (Cpu *cpu, uint64_t vaddr, const void *data, size_t size);

/* A vCPU's host thread. It starts paused. */
typedef struct Vcpu Vcpu;
typedef struct {
  /* The guest hit a debugger's breakpoint or finished a step (IR_EXIT_DEBUG): the thread is pausing. May be
   * NULL. */
  void (*debug) (void *opaque, Vcpu *vcpu);
  void *opaque;
} VcpuHooks;
Vcpu *vcpu_new (Cpu *cpu, unsigned index, const VcpuHooks *hooks, GError **error);
void vcpu_free (Vcpu *vcpu); /* ends the thread */
Cpu *vcpu_cpu (Vcpu *vcpu);
unsigned vcpu_index (Vcpu *vcpu);
void vcpu_resume (Vcpu *vcpu);
/* Asks it to pause; vcpu_wait_paused() returns when it stands still at an instruction boundary. Not from its
 * own thread (there the request takes effect when the current instruction is done). */
void vcpu_pause (Vcpu *vcpu);
void vcpu_wait_paused (Vcpu *vcpu);
bool vcpu_is_paused (Vcpu *vcpu);
/* For debuggers, while it is paused: it stays so when it is resumed, until it is no longer held. */
void vcpu_hold (Vcpu *vcpu, bool held);
/* Something it may wait for has happened (an interrupt line rose). Any thread, cheap. */
void vcpu_kick (Vcpu *vcpu);
/* The same by Cpu: what interrupt sources inside the ISA's code call. */
void cpu_kick (Cpu *cpu);
/* The vCPU of the calling thread, or NULL. */
Vcpu *vcpu_current (void);
/* Text for info cpus: "CPU #0: thread_id=…, running". */
void vcpu_describe (Vcpu *vcpu, GString *out);
