/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the programs without an operating system share. They start in machine mode at 0x80000000 and end
 * through the test device, whose status is 0 or the number of the line whose check has failed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLINT     0x02000000ul
#define PLIC      0x0c000000ul
#define UART      0x10000000ul
#define VIRTIO    0x10001000ul
#define FW_CFG    0x10100000ul
#define TESTDEV   0x00100000ul
#define ECAM      0x30000000ul
#define PCI_MEM   0x40000000ul
#define RAM       0x80000000ul
#define HARTS_MAX 8

enum { MODE_U, MODE_S, MODE_M = 3 };
enum {
  CAUSE_FETCH_ACCESS = 1,
  CAUSE_ILLEGAL = 2,
  CAUSE_BREAKPOINT = 3,
  CAUSE_LOAD_MISALIGNED = 4,
  CAUSE_LOAD_ACCESS = 5,
  CAUSE_STORE_MISALIGNED = 6,
  CAUSE_STORE_ACCESS = 7,
  CAUSE_ECALL_U = 8,
  CAUSE_ECALL_S = 9,
  CAUSE_ECALL_M = 11,
  CAUSE_FETCH_PAGE = 12,
  CAUSE_LOAD_PAGE = 13,
  CAUSE_STORE_PAGE = 15,
};
#define CAUSE_INTERRUPT (1ul << 63)

#define csr_read(csr)                                                                                        \
  ({                                                                                                         \
    uint64_t v_;                                                                                             \
    __asm__ volatile ("csrr %0, " #csr : "=r"(v_)::"memory");                                                \
    v_;                                                                                                      \
  })
#define csr_write(csr, value) __asm__ volatile ("csrw " #csr ", %0" ::"r"((uint64_t)(value)) : "memory")
#define csr_set(csr, value)   __asm__ volatile ("csrs " #csr ", %0" ::"r"((uint64_t)(value)) : "memory")
#define csr_clear(csr, value) __asm__ volatile ("csrc " #csr ", %0" ::"r"((uint64_t)(value)) : "memory")

#define MSTATUS_SIE  (1ul << 1)
#define MSTATUS_MIE  (1ul << 3)
#define MSTATUS_SPIE (1ul << 5)
#define MSTATUS_MPIE (1ul << 7)
#define MSTATUS_SPP  (1ul << 8)
#define MSTATUS_MPP  (3ul << 11)
#define MSTATUS_FS   (3ul << 13)
#define MSTATUS_MPRV (1ul << 17)
#define MSTATUS_SUM  (1ul << 18)
#define MSTATUS_MXR  (1ul << 19)
#define MSTATUS_TVM  (1ul << 20)
#define MSTATUS_TW   (1ul << 21)
#define MSTATUS_TSR  (1ul << 22)

typedef struct {
  uint64_t x[32]; /* x[0] and x[2] are not kept */
  uint64_t epc, status;
} TrapFrame;

/* The latest trap of a hart to machine mode that was no call of run_in(), and their number. An exception's
 * instruction is skipped; one of fetching returns to the caller (ra). */
typedef struct {
  uint64_t count, cause, tval, epc, status;
} TrapRecord;
extern volatile TrapRecord traps[HARTS_MAX];
/* Called for interrupts to machine mode, which it has to silence; NULL: an interrupt is a failure. */
extern void (*bare_interrupt) (uint64_t cause);

uint64_t run_in (unsigned mode, uint64_t (*function) (uint64_t), uint64_t argument);
void put_string (const char *text);
void put_hex (uint64_t value);
_Noreturn void finish (unsigned line);
static inline unsigned
hart (void)
{
  unsigned n;
  __asm__ ("mv %0, tp" : "=r"(n));
  return n;
}

#define CHECK(condition)                                                                                     \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      put_string (#condition "\n");                                                                          \
      finish (__LINE__);                                                                                     \
    }                                                                                                        \
  } while (0)
#define CHECK_EQUAL(a, b)                                                                                    \
  do {                                                                                                       \
    uint64_t a_ = (a), b_ = (b);                                                                             \
    if (a_ != b_) {                                                                                          \
      put_string (#a " is ");                                                                                \
      put_hex (a_);                                                                                          \
      put_string (", should be " #b ": ");                                                                   \
      put_hex (b_);                                                                                          \
      put_string ("\n");                                                                                     \
      finish (__LINE__);                                                                                     \
    }                                                                                                        \
  } while (0)
/* The statement traps once, with that cause and value. */
#define CHECK_TRAP(expected_cause, expected_tval, ...)                                                       \
  do {                                                                                                       \
    volatile TrapRecord *t_ = &traps[hart ()];                                                               \
    uint64_t before_ = t_->count;                                                                            \
    {                                                                                                        \
      __VA_ARGS__;                                                                                           \
    }                                                                                                        \
    __asm__ volatile ("" ::: "memory");                                                                      \
    CHECK_EQUAL (t_->count - before_, 1);                                                                    \
    CHECK_EQUAL (t_->cause, expected_cause);                                                                 \
    CHECK_EQUAL (t_->tval, expected_tval);                                                                   \
  } while (0)
#define CHECK_NO_TRAP(...)                                                                                   \
  do {                                                                                                       \
    volatile TrapRecord *t_ = &traps[hart ()];                                                               \
    uint64_t before_ = t_->count;                                                                            \
    {                                                                                                        \
      __VA_ARGS__;                                                                                           \
    }                                                                                                        \
    __asm__ volatile ("" ::: "memory");                                                                      \
    if (t_->count != before_) {                                                                              \
      put_string ("cause, tval, epc: ");                                                                     \
      put_hex (t_->cause);                                                                                   \
      put_string (" ");                                                                                      \
      put_hex (t_->tval);                                                                                    \
      put_string (" ");                                                                                      \
      put_hex (t_->epc);                                                                                     \
      put_string ("\n");                                                                                     \
      finish (__LINE__);                                                                                     \
    }                                                                                                        \
  } while (0)

/* Accesses the compiler leaves alone; 0xbad where a load traps. */
#define DEFINE_ACCESS(bits, load_insn, store_insn)                                                           \
  static inline uint64_t load##bits (uint64_t addr)                                                          \
  {                                                                                                          \
    uint64_t v = 0xbad;                                                                                      \
    __asm__ volatile (load_insn " %0, 0(%1)" : "+&r"(v) : "r"(addr) : "memory");                             \
    return v;                                                                                                \
  }                                                                                                          \
  static inline void store##bits (uint64_t addr, uint64_t value)                                             \
  {                                                                                                          \
    __asm__ volatile (store_insn " %0, 0(%1)" ::"r"(value), "r"(addr) : "memory");                           \
  }
DEFINE_ACCESS (8, "lbu", "sb")
DEFINE_ACCESS (16, "lhu", "sh")
DEFINE_ACCESS (32, "lwu", "sw")
DEFINE_ACCESS (64, "ld", "sd")

static inline void
fence_i (void)
{
  __asm__ volatile ("fence.i" ::: "memory");
}

static inline void
sfence (void)
{
  __asm__ volatile ("sfence.vma" ::: "memory");
}

/* What each program defines: the first hart's main, which returns when all is well; what other harts do once
 * bare_ready is set (by default nothing). */
void test_main (void);
void bare_secondary (uint64_t hart_id);
extern volatile uint32_t bare_ready;
void bare_main (void);
void bare_trap (TrapFrame *frame);
/* The compiler calls them. */
void *memset (void *at, int value, size_t size);
void *memcpy (void *to, const void *from, size_t size);

/* Finds a fw_cfg file: its selector, or -1. */
int fw_cfg_find (const char *name, uint32_t *ret_size);
/* One fw_cfg DMA operation: the control word the device leaves. */
uint32_t fw_cfg_dma (uint32_t control, uint64_t addr, uint32_t size);
