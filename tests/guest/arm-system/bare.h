/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the programs without an operating system share.  They start at 0x40200000 at the highest exception
 * level there is (EL1, EL2 with -machine virtualization=on, EL3 with secure=on), with the MMU off, and say on
 * the serial port "passed" or which line's check has failed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GIC_DIST    0x08000000ul
#define GIC_CPU     0x08010000ul
#define GIC_V2M     0x08020000ul
#define GIC_HYP     0x08030000ul
#define GIC_VCPU    0x08040000ul
#define GIC_ITS     0x08080000ul
#define GIC_REDIST  0x080a0000ul
#define UART        0x09000000ul
#define RTC         0x09010000ul
#define FW_CFG      0x09020000ul
#define GPIO        0x09030000ul
#define SECURE_GPIO 0x090b0000ul
#define VIRTIO      0x0a000000ul
#define RAM         0x40000000ul
#define CPUS_MAX    8
extern char image_start[], data_start[],
    image_end[]; /* multiples of 64 KiB; all before data_start is only read */

#define STRING_(x) #x
#define STRING(x)  STRING_ (x)
/* By name, or as S3_0_C12_C12_0. */
#define sysreg_read(reg)                                                                                     \
  ({                                                                                                         \
    uint64_t v_ = 0xbad;                                                                                     \
    __asm__ volatile ("mrs %0, " STRING (reg) : "+r"(v_)::"memory");                                         \
    v_;                                                                                                      \
  })
#define sysreg_write(reg, value)                                                                             \
  __asm__ volatile ("msr " STRING (reg) ", %0\n isb" ::"r"((uint64_t)(value)) : "memory")
#define isb() __asm__ volatile ("isb" ::: "memory")
#define dsb() __asm__ volatile ("dsb sy" ::: "memory")

typedef struct {
  uint64_t x[31];
  uint64_t elr, spsr, esr, far, vector, el;
} TrapFrame;

/* The latest synchronous exception of a CPU that was no end of run_in(), and their number.  The instruction
 * is skipped; after one of fetching it goes on at the caller's (x30); after SVC, HVC, SMC behind it. `el` is
 * the level that took it, `vector` the offset of the vector. */
typedef struct {
  uint64_t count, esr, far, elr, spsr, el, vector;
} TrapRecord;
extern volatile TrapRecord traps[CPUS_MAX];
#define TRAP_EC(esr)  ((esr) >> 26 & 0x3f)
#define TRAP_ISS(esr) ((esr) & 0x1ffffff)
/* May look at an exception first: true if it has dealt with it, ELR included. */
extern bool (*bare_sync) (TrapFrame *frame);
/* Called for IRQ, FIQ, SError, which it has to silence: vector is 0x80, 0x100, 0x180 of a level's own, 0x200
 * more for the same level's with its own SP, 0x400 for lower ones. NULL: it is a failure. */
extern void (*bare_interrupt) (TrapFrame *frame);

uint64_t run_in (unsigned el, uint64_t (*function) (uint64_t), uint64_t argument);
void put_string (const char *text);
void put_hex (uint64_t value);
_Noreturn void finish (unsigned line);
unsigned cpu_number (void);
static inline unsigned
current_el (void)
{
  uint64_t v;
  __asm__ ("mrs %0, CurrentEL" : "=r"(v));
  return (unsigned)v >> 2;
}

/* PSCI, by the conduit that is the machine's: SMC where there is an EL2 to call from. */
#define PSCI_VERSION      0x84000000ul
#define PSCI_CPU_SUSPEND  0xc4000001ul
#define PSCI_CPU_OFF      0x84000002ul
#define PSCI_CPU_ON       0xc4000003ul
#define PSCI_AFFINITY     0xc4000004ul
#define PSCI_SYSTEM_OFF   0x84000008ul
#define PSCI_SYSTEM_RESET 0x84000009ul
#define PSCI_FEATURES     0x8400000aul
extern bool bare_smc;
int64_t psci (uint64_t function, uint64_t a, uint64_t b, uint64_t c);
/* Starts another CPU, which calls bare_secondary() at the level of the caller. */
int64_t start_cpu (unsigned cpu);

#define CHECK(condition)                                                                                     \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      put_string (#condition "\n");                                                                          \
      finish (__LINE__);                                                                                     \
    }                                                                                                        \
  } while (0)
#define CHECK_EQUAL(a, b)                                                                                    \
  do {                                                                                                       \
    uint64_t a_ = (uint64_t)(a), b_ = (uint64_t)(b);                                                         \
    if (a_ != b_) {                                                                                          \
      put_string (#a " is ");                                                                                \
      put_hex (a_);                                                                                          \
      put_string (", should be " #b ": ");                                                                   \
      put_hex (b_);                                                                                          \
      put_string ("\n");                                                                                     \
      finish (__LINE__);                                                                                     \
    }                                                                                                        \
  } while (0)
/* The statement is trapped once, with that exception class. */
#define CHECK_TRAP(expected_ec, ...)                                                                         \
  do {                                                                                                       \
    volatile TrapRecord *t_ = &traps[cpu_number ()];                                                         \
    uint64_t before_ = t_->count;                                                                            \
    {                                                                                                        \
      __VA_ARGS__;                                                                                           \
    }                                                                                                        \
    __asm__ volatile ("" ::: "memory");                                                                      \
    CHECK_EQUAL (t_->count - before_, 1);                                                                    \
    CHECK_EQUAL (TRAP_EC (t_->esr), expected_ec);                                                            \
  } while (0)
#define CHECK_NO_TRAP(...)                                                                                   \
  do {                                                                                                       \
    volatile TrapRecord *t_ = &traps[cpu_number ()];                                                         \
    uint64_t before_ = t_->count;                                                                            \
    {                                                                                                        \
      __VA_ARGS__;                                                                                           \
    }                                                                                                        \
    __asm__ volatile ("" ::: "memory");                                                                      \
    if (t_->count != before_) {                                                                              \
      put_string ("ESR, FAR, ELR: ");                                                                        \
      put_hex (t_->esr);                                                                                     \
      put_string (" ");                                                                                      \
      put_hex (t_->far);                                                                                     \
      put_string (" ");                                                                                      \
      put_hex (t_->elr);                                                                                     \
      put_string ("\n");                                                                                     \
      finish (__LINE__);                                                                                     \
    }                                                                                                        \
  } while (0)

/* Accesses the compiler leaves alone; 0xbad where a load is trapped. */
#define DEFINE_ACCESS(bits, load_insn, store_insn, w)                                                        \
  static inline uint64_t load##bits (uint64_t addr)                                                          \
  {                                                                                                          \
    uint64_t v = 0xbad;                                                                                      \
    __asm__ volatile (load_insn " %" w "0, [%1]" : "+&r"(v) : "r"(addr) : "memory");                         \
    return v;                                                                                                \
  }                                                                                                          \
  static inline void store##bits (uint64_t addr, uint64_t value)                                             \
  {                                                                                                          \
    __asm__ volatile (store_insn " %" w "0, [%1]" ::"r"(value), "r"(addr) : "memory");                       \
  }
DEFINE_ACCESS (8, "ldrb", "strb", "w")
DEFINE_ACCESS (16, "ldrh", "strh", "w")
DEFINE_ACCESS (32, "ldr", "str", "w")
DEFINE_ACCESS (64, "ldr", "str", "x")

/* What each program defines: the first CPU's main, which returns when all is well; what other CPUs do once
 * they are started (by default nothing). */
void test_main (void);
void bare_secondary (unsigned cpu);
extern uint64_t bare_fdt; /* x0 at the start */
void bare_main (void);
void bare_secondary_main (unsigned cpu);
void bare_trap (TrapFrame *frame);
/* The compiler calls them. */
void *memset (void *at, int value, size_t size);
void *memcpy (void *to, const void *from, size_t size);
