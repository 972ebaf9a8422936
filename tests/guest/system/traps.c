/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Exceptions of each mode, delegation, who may touch which CSR, and physical memory protection. */

#include "bare.h"

#define HOLE 0x50000000000ul /* nothing answers there */

/* ---- Exceptions in machine mode ---- */

static void
machine_exceptions (void)
{
  uint64_t epc;
  CHECK_TRAP (
      CAUSE_BREAKPOINT, epc,
      __asm__ volatile ("la %0, 1f\n.option push\n.option norvc\n1: ebreak\n.option pop" : "=r"(epc)));
  CHECK_EQUAL (traps[0].epc, epc);
  CHECK_TRAP (CAUSE_ECALL_M, 0, __asm__ volatile ("ecall"));
  volatile TrapRecord *t = &traps[0];
  uint64_t before = t->count;
  __asm__ volatile (".word 0xffffffff");
  CHECK_EQUAL (t->count, before + 1);
  CHECK_EQUAL (t->cause, CAUSE_ILLEGAL);
  CHECK (t->tval == 0 || t->tval == 0xffffffff);
  __asm__ volatile (".2byte 0");
  CHECK_EQUAL (t->count, before + 2);
  CHECK_EQUAL (t->cause, CAUSE_ILLEGAL);
  CHECK_EQUAL (t->tval, 0);
  CHECK_EQUAL (t->status & MSTATUS_MPP, MSTATUS_MPP);
}

static void
access_faults (void)
{
  CHECK_TRAP (CAUSE_LOAD_ACCESS, HOLE, CHECK_EQUAL (load64 (HOLE), 0xbad));
  CHECK_TRAP (CAUSE_LOAD_ACCESS, HOLE + 3, load8 (HOLE + 3));
  CHECK_TRAP (CAUSE_STORE_ACCESS, HOLE, store32 (HOLE, 1));
  uint64_t old = 7;
  CHECK_TRAP (CAUSE_STORE_ACCESS, HOLE,
              __asm__ volatile ("amoadd.d %0, %1, (%2)" : "+&r"(old) : "r"(1ul), "r"(HOLE) : "memory"));
  CHECK_EQUAL (old, 7);
  CHECK_TRAP (CAUSE_LOAD_ACCESS, HOLE,
              __asm__ volatile ("lr.w %0, (%1)" : "+&r"(old) : "r"(HOLE) : "memory"));
  CHECK_TRAP (CAUSE_FETCH_ACCESS, HOLE, ((void (*) (void))HOLE) ());
  CHECK_EQUAL (traps[0].epc, HOLE);
}

static void
misaligned_atomics (void)
{
  static uint64_t words[4] __attribute__ ((aligned (16))) = { 1, 2, 3, 4 };
  uint64_t at = (uint64_t)words, v = 9;
  volatile TrapRecord *t = &traps[0];
  uint64_t before = t->count;
  __asm__ volatile ("lr.d %0, (%1)" : "+&r"(v) : "r"(at + 4) : "memory");
  CHECK_EQUAL (t->count, before + 1);
  CHECK (t->cause == CAUSE_LOAD_MISALIGNED || t->cause == CAUSE_LOAD_ACCESS);
  CHECK_EQUAL (t->tval, at + 4);
  CHECK_EQUAL (v, 9);
  __asm__ volatile ("sc.w %0, %0, (%1)" : "+&r"(v) : "r"(at + 1) : "memory");
  CHECK_EQUAL (t->count, before + 2);
  CHECK (t->cause == CAUSE_STORE_MISALIGNED || t->cause == CAUSE_STORE_ACCESS);
  CHECK_EQUAL (t->tval, at + 1);
  CHECK_EQUAL (words[0], 1);
}

/* ---- Modes ---- */

static uint64_t
do_ecall (uint64_t x)
{
  __asm__ volatile ("ecall");
  return x + 1;
}

static uint64_t
read_sstatus (uint64_t x)
{
  return csr_read (sstatus);
}

static uint64_t
read_mstatus (uint64_t x)
{
  uint64_t v = x;
  __asm__ volatile ("csrr %0, mstatus" : "+r"(v));
  return v;
}

static uint64_t
read_cycle (uint64_t x)
{
  uint64_t v = x;
  __asm__ volatile ("csrr %0, cycle" : "+r"(v));
  return v;
}

static uint64_t
write_satp (uint64_t x)
{
  __asm__ volatile ("csrw satp, %0" ::"r"(0ul));
  return x;
}

static uint64_t
do_sfence (uint64_t x)
{
  sfence ();
  return x;
}

static uint64_t
do_sret (uint64_t x)
{
  __asm__ volatile ("sret");
  return x;
}

static uint64_t
do_mret (uint64_t x)
{
  __asm__ volatile ("mret");
  return x;
}

static uint64_t
do_wfi (uint64_t x)
{
  __asm__ volatile ("wfi");
  return x;
}

static uint64_t
write_time (uint64_t x)
{
  __asm__ volatile ("csrw time, zero");
  return x;
}

#define CHECK_ILLEGAL(mode, function)                                                                        \
  do {                                                                                                       \
    uint64_t n_ = traps[0].count;                                                                            \
    CHECK_EQUAL (run_in (mode, function, 77), 77);                                                           \
    CHECK_EQUAL (traps[0].count, n_ + 1);                                                                    \
    CHECK_EQUAL (traps[0].cause, CAUSE_ILLEGAL);                                                             \
    CHECK_EQUAL ((traps[0].status & MSTATUS_MPP) >> 11, mode);                                               \
  } while (0)

static void
calls_from_modes (void)
{
  uint64_t r = 0;
  CHECK_TRAP (CAUSE_ECALL_U, 0, r = run_in (MODE_U, do_ecall, 3));
  CHECK_EQUAL (r, 4);
  CHECK_EQUAL (traps[0].status & MSTATUS_MPP, 0);
  CHECK_TRAP (CAUSE_ECALL_S, 0, r = run_in (MODE_S, do_ecall, 3));
  CHECK_EQUAL (traps[0].status & MSTATUS_MPP, 1ul << 11);
}

static void
privileges (void)
{
  CHECK_ILLEGAL (MODE_S, read_mstatus);
  CHECK_ILLEGAL (MODE_U, read_mstatus);
  CHECK_ILLEGAL (MODE_S, do_mret);
  CHECK_ILLEGAL (MODE_U, do_sret);
  CHECK_ILLEGAL (MODE_U, do_mret);
  CHECK_ILLEGAL (MODE_U, do_sfence);
  CHECK_ILLEGAL (MODE_U, write_satp);
  CHECK_ILLEGAL (MODE_S, write_time);
  CHECK_NO_TRAP (run_in (MODE_S, read_sstatus, 0));
  CHECK_NO_TRAP (run_in (MODE_S, write_satp, 0));
  CHECK_NO_TRAP (run_in (MODE_S, do_sfence, 0));

  csr_set (mstatus, MSTATUS_TVM);
  CHECK_ILLEGAL (MODE_S, write_satp);
  CHECK_ILLEGAL (MODE_S, do_sfence);
  csr_clear (mstatus, MSTATUS_TVM);
  csr_set (mstatus, MSTATUS_TSR);
  CHECK_ILLEGAL (MODE_S, do_sret);
  csr_clear (mstatus, MSTATUS_TSR);
  csr_set (mstatus, MSTATUS_TW);
  CHECK_ILLEGAL (MODE_S, do_wfi);
  CHECK_ILLEGAL (MODE_U, do_wfi);
  csr_clear (mstatus, MSTATUS_TW);

  csr_write (mcounteren, 0);
  CHECK_ILLEGAL (MODE_S, read_cycle);
  csr_write (mcounteren, 7);
  csr_write (scounteren, 0);
  CHECK_NO_TRAP (run_in (MODE_S, read_cycle, 0));
  CHECK_ILLEGAL (MODE_U, read_cycle);
  csr_write (scounteren, 7);
  CHECK_NO_TRAP (run_in (MODE_U, read_cycle, 0));
}

static void
csrs (void)
{
  csr_write (mscratch, 0x123456789abcdef0);
  CHECK_EQUAL (csr_read (mscratch), 0x123456789abcdef0);
  uint64_t old;
  __asm__ volatile ("csrrw %0, mscratch, zero" : "=r"(old));
  CHECK_EQUAL (old, 0x123456789abcdef0);
  /* WARL: an MPP of 2 is never kept. */
  csr_clear (mstatus, MSTATUS_MPP);
  csr_set (mstatus, 2ul << 11);
  CHECK ((csr_read (mstatus) & MSTATUS_MPP) != 2ul << 11);
  /* A satp of an unknown mode leaves it as it is. */
  csr_write (satp, 0);
  csr_write (satp, 5ul << 60 | 0x80000);
  CHECK_EQUAL (csr_read (satp), 0);
  /* Read-only ones read without fault and trap on every write but the empty ones. */
  CHECK_NO_TRAP (csr_read (mhartid));
  CHECK_NO_TRAP (__asm__ volatile ("csrs mhartid, zero"));
  uint64_t before = traps[0].count;
  __asm__ volatile ("li t0, 0\ncsrs mhartid, t0" ::: "t0");
  CHECK_EQUAL (traps[0].count, before + 1);
  CHECK_EQUAL (traps[0].cause, CAUSE_ILLEGAL);
  __asm__ volatile ("csrr a0, 0x8ff" ::: "a0");
  CHECK_EQUAL (traps[0].count, before + 2);
  /* misa: 64 bits, with what rv64gc has. */
  uint64_t misa = csr_read (misa);
  CHECK_EQUAL (misa >> 62, 2);
  CHECK_EQUAL (misa & 0x14112d, 0x14112d);
}

static void
floating_point_state (void)
{
  volatile TrapRecord *t = &traps[0];
  csr_clear (mstatus, MSTATUS_FS);
  uint64_t before = t->count;
  __asm__ volatile ("fadd.d ft0, ft0, ft0");
  CHECK_EQUAL (t->count, before + 1);
  CHECK_EQUAL (t->cause, CAUSE_ILLEGAL);
  __asm__ volatile ("csrr a0, fcsr" ::: "a0");
  CHECK_EQUAL (t->count, before + 2);
  __asm__ volatile ("fld ft0, (sp)");
  CHECK_EQUAL (t->count, before + 3);
  csr_set (mstatus, 1ul << 13);
  CHECK_EQUAL (csr_read (mstatus) >> 63, 0);
  __asm__ volatile ("fmv.d.x ft0, zero");
  CHECK_EQUAL (t->count, before + 3);
  CHECK_EQUAL (csr_read (mstatus) & MSTATUS_FS, MSTATUS_FS);
  CHECK_EQUAL (csr_read (mstatus) >> 63, 1);
  /* The flags an operation raises are state too. */
  csr_clear (mstatus, MSTATUS_FS);
  csr_set (mstatus, 1ul << 13);
  csr_write (fflags, 0);
  csr_clear (mstatus, MSTATUS_FS);
  csr_set (mstatus, 2ul << 13);
  __asm__ volatile ("fdiv.d ft1, ft0, ft0");
  CHECK_EQUAL (csr_read (mstatus) & MSTATUS_FS, MSTATUS_FS);
  CHECK_EQUAL (csr_read (fflags), 0x10);
}

/* ---- Delegation ---- */

static struct {
  uint64_t count, cause, epc, tval, status;
} supervisor;

/* Leaves by skipping the instruction. */
__attribute__ ((aligned (4), interrupt ("supervisor"))) static void
supervisor_trap (void)
{
  supervisor.count++;
  supervisor.cause = csr_read (scause);
  supervisor.epc = csr_read (sepc);
  supervisor.tval = csr_read (stval);
  supervisor.status = csr_read (sstatus);
  if (!(supervisor.cause & CAUSE_INTERRUPT))
    csr_write (sepc, supervisor.epc + ((*(volatile uint16_t *)supervisor.epc & 3) == 3 ? 4 : 2));
  else
    csr_clear (sip, 2);
}

static uint64_t
do_illegal (uint64_t x)
{
  __asm__ volatile (".word 0x0000000b"); /* custom-0 */
  return x;
}

static uint64_t
enable_and_wait (uint64_t x)
{
  csr_set (sstatus, MSTATUS_SIE);
  __asm__ volatile ("nop");
  csr_clear (sstatus, MSTATUS_SIE);
  return x;
}

static void
delegation (void)
{
  csr_write (stvec, (uint64_t)supervisor_trap);
  csr_write (medeleg, 1 << CAUSE_ILLEGAL | 1 << CAUSE_BREAKPOINT);
  CHECK_NO_TRAP (CHECK_EQUAL (run_in (MODE_U, do_illegal, 5), 5));
  CHECK_EQUAL (supervisor.count, 1);
  CHECK_EQUAL (supervisor.cause, CAUSE_ILLEGAL);
  CHECK (supervisor.tval == 0 || supervisor.tval == 0xb);
  CHECK_EQUAL (supervisor.status & MSTATUS_SPP, 0);
  CHECK_NO_TRAP (run_in (MODE_S, do_illegal, 5));
  CHECK_EQUAL (supervisor.count, 2);
  CHECK_EQUAL (supervisor.status & MSTATUS_SPP, MSTATUS_SPP);
  /* Never from machine mode. */
  uint64_t before = traps[0].count;
  do_illegal (0);
  CHECK_EQUAL (traps[0].count, before + 1);
  CHECK_EQUAL (supervisor.count, 2);
  csr_write (medeleg, 0);

  /* A software interrupt of supervisor mode. */
  csr_write (mideleg, 2);
  csr_write (mie, 2);
  csr_set (mip, 2);
  CHECK_NO_TRAP (run_in (MODE_S, enable_and_wait, 0));
  CHECK_EQUAL (supervisor.count, 3);
  CHECK_EQUAL (supervisor.cause, CAUSE_INTERRUPT | 1);
  CHECK_EQUAL (csr_read (mip) & 2, 0);
  /* In user mode it needs no enabling; in machine mode it never comes. */
  csr_set (mip, 2);
  CHECK_EQUAL (supervisor.count, 3);
  CHECK_NO_TRAP (run_in (MODE_U, read_cycle, 0));
  CHECK_EQUAL (supervisor.count, 4);
  csr_write (mie, 0);
  csr_write (mideleg, 0);
}

/* ---- Memory protection ---- */

static uint8_t guarded[8192] __attribute__ ((aligned (8192)));

static uint64_t
probe_load (uint64_t at)
{
  return load64 (at);
}

static uint64_t
probe_store (uint64_t at)
{
  store64 (at, 0x55);
  return 0;
}

static void
protection (void)
{
  uint64_t at = (uint64_t)guarded, everything = csr_read (pmpaddr0);
  csr_write (pmpcfg0, 0);
  csr_write (pmpaddr0, at >> 2 | 0x1ff); /* NAPOT of 4096 bytes */
  csr_write (pmpaddr1, everything);
  csr_write (pmpcfg0, 0x1f19); /* the page: read; all: everything */
  sfence ();
  if ((csr_read (pmpcfg0) & 0xffff) != 0x1f19)
    finish (__LINE__);
  store64 (at, 42);
  CHECK_NO_TRAP (CHECK_EQUAL (run_in (MODE_S, probe_load, at), 42));
  CHECK_TRAP (CAUSE_STORE_ACCESS, at + 16, run_in (MODE_S, probe_store, at + 16));
  CHECK_NO_TRAP (run_in (MODE_U, probe_store, at + 4096));
  csr_write (pmpcfg0, 0x1f18);
  sfence ();
  CHECK_TRAP (CAUSE_LOAD_ACCESS, at, run_in (MODE_U, probe_load, at));
  CHECK_NO_TRAP (load64 (at)); /* not locked: machine mode may */
  csr_write (pmpcfg0, 0x1f98);
  sfence ();
  CHECK_TRAP (CAUSE_LOAD_ACCESS, at + 8, load64 (at + 8));
  CHECK_TRAP (CAUSE_STORE_ACCESS, at + 8, store64 (at + 8, 1));
  /* Locked: it stays. */
  csr_write (pmpcfg0, 0x1f1f);
  CHECK_EQUAL (csr_read (pmpcfg0) & 0xff, 0x98);
  csr_write (pmpaddr0, everything);
  CHECK_TRAP (CAUSE_LOAD_ACCESS, at + 4088, load64 (at + 4088));
}

/* ---- MPRV, vectored handlers ---- */

static void
modify_privilege (void)
{
  /* Loads as user mode, whose physical addresses the protection lets through. */
  static volatile uint64_t word = 0x1234;
  uint64_t v;
  csr_clear (mstatus, MSTATUS_MPP);
  csr_set (mstatus, MSTATUS_MPRV);
  v = word;
  csr_clear (mstatus, MSTATUS_MPRV);
  CHECK_EQUAL (v, 0x1234);
}

__attribute__ ((naked, aligned (256))) static void
vectors (void)
{
  __asm__ volatile (".option push\n.option norvc\n"
                    "j 9f\n j 9f\n j 9f\n j 1f\n"
                    "j 9f\n j 9f\n j 9f\n j 9f\n"
                    "1: csrw mscratch, t0\n li t0, 0x2000000\n sw zero, 0(t0)\n"
                    "la t0, vector_seen\n sd t0, 0(t0)\n csrr t0, mscratch\n mret\n"
                    "9: j trap_entry\n.option pop");
}
uint64_t vector_seen;

static void
vectored (void)
{
  uint64_t old = csr_read (mtvec);
  csr_write (mtvec, (uint64_t)vectors | 1);
  csr_write (mie, 8);
  *(volatile uint32_t *)CLINT = 1;
  csr_set (mstatus, MSTATUS_MIE);
  for (unsigned i = 0; i < 10000000 && *(volatile uint64_t *)&vector_seen == 0; i++)
    ;
  csr_clear (mstatus, MSTATUS_MIE);
  CHECK_EQUAL (vector_seen, (uint64_t)&vector_seen);
  CHECK_TRAP (CAUSE_ECALL_M, 0, __asm__ volatile ("ecall"));
  csr_write (mie, 0);
  csr_write (mtvec, old);
}

void
test_main (void)
{
  machine_exceptions ();
  access_faults ();
  misaligned_atomics ();
  calls_from_modes ();
  privileges ();
  csrs ();
  floating_point_state ();
  delegation ();
  modify_privilege ();
  vectored ();
  protection ();
}
