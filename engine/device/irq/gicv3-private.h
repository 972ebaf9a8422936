/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of the GICv3 share. All functions want the distributor's lock held. */

#include "gicv3.h"
#include "register.h"

#define GICV3_PRIORITY_MASK 0xf8 /* five bits of priority, of physical and virtual interrupts */
#define GICV3_IDLE          0xff
#define GICV3_SPECIAL       1020 /* INTIDs from here to 1023 are none */
#define GICV3_SPURIOUS      1023
#define GICV3_FIRST_LPI     8192
#define GICV3_LPI_BITS      16 /* of an LPI's INTID */
#define GICV3_LPI_WORDS     ((1 << GICV3_LPI_BITS) / 64)
#define GICV3_N_LRS         4

/* GICD_CTLR as it is stored: the Secure view of it. */
enum {
  GICD_CTLR_GRP0 = 1 << 0,
  GICD_CTLR_GRP1NS = 1 << 1,
  GICD_CTLR_GRP1S = 1 << 2,
  GICD_CTLR_ARE = 1 << 4, /* ARE_S, where there are two states */
  GICD_CTLR_ARE_NS = 1 << 5,
  GICD_CTLR_DS = 1 << 6,
};

typedef enum { GICV3_G0, GICV3_G1S, GICV3_G1NS, GICV3_N_GROUPS } Gicv3Group;
/* Banks of the PE's registers for the two security states. With one state it is the Non-secure bank. */
typedef enum { GICV3_S, GICV3_NS, GICV3_N_BANKS } Gicv3Bank;

/* An interrupt that may be signalled; priority GICV3_IDLE: none. */
typedef struct {
  uint32_t id;
  uint8_t priority;
  uint8_t group;
} Gicv3Best;

/* A PE's redistributor and its interface. */
struct Gicv3Cpu {
  Device dev;
  Gicv3 *gic;
  unsigned index;
  const Gicv3CpuEdges *edges;
  MemoryRegion *region;
  /* Redistributor. */
  uint32_t bits[GICV3_N_BITS];
  uint8_t priority[32];
  uint32_t waker;
  bool lpis; /* GICR_CTLR.EnableLPIs */
  uint64_t propbaser, pendbaser;
  uint64_t lpi_pending[GICV3_LPI_WORDS];
  /* The interface (ICC_*). */
  uint8_t pmr, bpr0, bpr1[GICV3_N_BANKS];
  uint32_t ctlr[GICV3_N_BANKS]; /* CBPR and EOImode */
  uint32_t ctlr_el3;            /* EOImode_EL3 */
  bool igrpen0, igrpen1[GICV3_N_BANKS];
  uint32_t apr[GICV3_N_GROUPS]; /* a bit a group priority */
  /* For virtual machines (ICH_*). */
  uint32_t ich_hcr, vmcr, ich_apr[2];
  uint64_t lr[GICV3_N_LRS];
  /* What follows from it. */
  uint32_t ready[GICV3_WORDS],
      ready_words; /* SPIs for this PE, pending, enabled and not active; words that are not 0 */
  uint64_t lpi_words[GICV3_LPI_WORDS / 64]; /* of lpi_pending, that are not 0 */
  Gicv3Best lpi_best, best;
  bool lpi_stale;                         /* lpi_best is to be found anew */
  bool ns, at_el3;                        /* the PE's state, as last told; without EL3 always Non-secure */
  bool irq, fiq, virq, vfiq, maintenance; /* the lines */
};

extern const DeviceClass gicv3_redist_class;

static inline void
gicv3_lock (Gicv3 *gic)
{
  g_rec_mutex_lock (&gic->dev.lock);
}

static inline void
gicv3_unlock (Gicv3 *gic)
{
  g_rec_mutex_unlock (&gic->dev.lock);
}

/* ---- Interrupts and who gets them (gicv3-pending.c). ---- */

static inline uint32_t
gicv3_intids (const Gicv3 *gic)
{
  return gic->num_spis + 32;
}

static inline bool
gicv3_one_state (const Gicv3 *gic)
{
  return gic->ctlr & GICD_CTLR_DS;
}

/* The word of a kind of bits that holds 32 * `word` and the following; word 0 is the PE's. */
static inline uint32_t *
gicv3_bits (Gicv3 *gic, Gicv3Cpu *cpu, Gicv3Bits kind, unsigned word)
{
  return word == 0 ? &cpu->bits[kind] : &gic->bits[kind][word];
}

/* Interrupts of a word that are pending. */
static inline uint32_t
gicv3_pending (Gicv3 *gic, Gicv3Cpu *cpu, unsigned word)
{
  return *gicv3_bits (gic, cpu, GICV3_LATCH, word) |
         (*gicv3_bits (gic, cpu, GICV3_LEVEL, word) & ~*gicv3_bits (gic, cpu, GICV3_EDGE, word));
}

Gicv3Group gicv3_group (Gicv3 *gic, Gicv3Cpu *cpu, uint32_t id);
/* Something of these interrupts has changed: notes which PEs that is news for. */
void gicv3_touch (Gicv3 *gic, Gicv3Cpu *cpu, unsigned word, uint32_t changed);
void gicv3_touch_all (Gicv3 *gic);
void gicv3_touch_cpu (Gicv3Cpu *cpu);
/* Tells the PEs that have news. */
void gicv3_update (Gicv3 *gic);
/* Finds the target of an SPI again, of all SPIs that any PE may get, and of all. */
void gicv3_route (Gicv3 *gic, uint32_t id);
void gicv3_route_any (Gicv3 *gic);
void gicv3_route_all (Gicv3 *gic);
/* The PE with that affinity (Aff3 in 39:32), or NULL. */
Gicv3Cpu *gicv3_find_cpu (Gicv3 *gic, uint64_t affinity);
/* It is taken by the PE, if by deactivation not again; and given back. */
void gicv3_activate (Gicv3Cpu *cpu, uint32_t id);
void gicv3_deactivate (Gicv3Cpu *cpu, uint32_t id);
void gicv3_make_pending (Gicv3 *gic, Gicv3Cpu *cpu, uint32_t id);

/* ---- LPIs (gicv3-lpi.c). ---- */

void gicv3_lpi_enable (Gicv3Cpu *cpu, bool enable);
/* Of the PE itself: it has taken the LPI. */
void gicv3_lpi_take (Gicv3Cpu *cpu, uint32_t lpi);
/* Finds lpi_best, if it is stale. */
void gicv3_lpi_find (Gicv3Cpu *cpu);
/* Makes lpi_words anew, and drops what cannot be pending. */
void gicv3_lpi_restate (Gicv3Cpu *cpu);

/* ---- Registers of interrupts, alike in distributor and redistributors (gicv3-bits.c). ---- */

/* The bits of a word that the access may see: all, or those of Non-secure interrupts. */
uint32_t gicv3_visible (Gicv3 *gic, Gicv3Cpu *cpu, unsigned word);
bool gicv3_sees_all (const Gicv3 *gic);
typedef enum { GICV3_WRITE, GICV3_SET, GICV3_CLEAR } Gicv3Change;
uint32_t gicv3_read_bits (Gicv3 *gic, Gicv3Cpu *cpu, Gicv3Bits kind, unsigned word);
void gicv3_write_bits (Gicv3 *gic, Gicv3Cpu *cpu, Gicv3Bits kind, unsigned word, Gicv3Change change,
                       uint32_t value);
uint32_t gicv3_read_config (Gicv3 *gic, Gicv3Cpu *cpu, unsigned index);
void gicv3_write_config (Gicv3 *gic, Gicv3Cpu *cpu, unsigned index, uint32_t value);
uint8_t gicv3_read_priority (Gicv3 *gic, Gicv3Cpu *cpu, uint32_t id);
void gicv3_write_priority (Gicv3 *gic, Gicv3Cpu *cpu, uint32_t id, uint8_t value);
/* GICD_IIDR and its like; what follows 0xffd0 in each frame, `part` being the second byte's low bits. */
#define GICV3_IIDR 0x43b
uint64_t gicv3_read_id (unsigned index, uint8_t part);

/* ---- The PE's interface (gicv3-cpu.c, gicv3-sysreg.c). ---- */

/* Lines IRQ and FIQ, by `best`. */
void gicv3_signal (Gicv3Cpu *cpu);
void gicv3_set_line (const IrqLine *line, bool *level, bool value);

/* An access to a register: where the PE is. */
typedef struct {
  Gicv3Cpu *cpu;
  Gicv3 *gic;
  unsigned el;
  bool el3;    /* implemented */
  bool secure; /* the PE's state */
  bool masks;  /* Non-secure, with FIQs going to EL3: lower half of priorities is hidden */
  Gicv3Bank bank;
  bool virtual0, virtual1; /* Group 0's and Group 1's registers mean the virtual ones */
} Gicv3Access;

uint64_t gicv3_icc_acknowledge (const Gicv3Access *a, unsigned group);
uint64_t gicv3_icc_highest (const Gicv3Access *a, unsigned group);
void gicv3_icc_end (const Gicv3Access *a, unsigned group, uint64_t value);
void gicv3_icc_deactivate (const Gicv3Access *a, uint64_t value);
uint64_t gicv3_icc_running (const Gicv3Access *a);
uint64_t gicv3_icc_read_pmr (const Gicv3Access *a);
void gicv3_icc_write_pmr (const Gicv3Access *a, uint64_t value);
uint64_t gicv3_icc_read_bpr (const Gicv3Access *a, unsigned group);
void gicv3_icc_write_bpr (const Gicv3Access *a, unsigned group, uint64_t value);
uint64_t gicv3_icc_read_ctlr (const Gicv3Access *a);
void gicv3_icc_write_ctlr (const Gicv3Access *a, uint64_t value);
uint64_t gicv3_icc_read_ctlr_el3 (const Gicv3Access *a);
void gicv3_icc_write_ctlr_el3 (const Gicv3Access *a, uint64_t value);
uint64_t gicv3_icc_read_apr (const Gicv3Access *a, unsigned group);
void gicv3_icc_write_apr (const Gicv3Access *a, unsigned group, uint64_t value);
uint64_t gicv3_icc_read_igrpen (const Gicv3Access *a, unsigned group);
void gicv3_icc_write_igrpen (const Gicv3Access *a, unsigned group, uint64_t value);
uint64_t gicv3_icc_read_igrpen1_el3 (const Gicv3Access *a);
void gicv3_icc_write_igrpen1_el3 (const Gicv3Access *a, uint64_t value);
void gicv3_icc_send (const Gicv3Access *a, Gicv3Group group, uint64_t value);

/* ---- Virtual interrupts (gicv3-virt.c: ICH_*; gicv3-icv.c: ICV_*). ---- */

/* Lines VIRQ, VFIQ and maintenance. */
void gicv3_virt_update (Gicv3Cpu *cpu);
bool gicv3_ich_read (const Gicv3Access *a, unsigned reg, uint64_t *ret_value);
bool gicv3_ich_write (const Gicv3Access *a, unsigned reg, uint64_t value);
/* The list register of the virtual interrupt that is to be taken next, or -1, whether or not it may interrupt
 * now. */
int gicv3_virt_best (const Gicv3Cpu *cpu);
bool gicv3_virt_preempts (const Gicv3Cpu *cpu, int n);
uint64_t gicv3_icv_acknowledge (Gicv3Cpu *cpu, unsigned group);
uint64_t gicv3_icv_highest (Gicv3Cpu *cpu, unsigned group);
void gicv3_icv_end (Gicv3Cpu *cpu, unsigned group, uint64_t value);
void gicv3_icv_deactivate (Gicv3Cpu *cpu, uint64_t value);
uint64_t gicv3_icv_running (const Gicv3Cpu *cpu);
uint64_t gicv3_icv_read_pmr (const Gicv3Cpu *cpu);
void gicv3_icv_write_pmr (Gicv3Cpu *cpu, uint64_t value);
uint64_t gicv3_icv_read_bpr (const Gicv3Cpu *cpu, unsigned group);
void gicv3_icv_write_bpr (Gicv3Cpu *cpu, unsigned group, uint64_t value);
uint64_t gicv3_icv_read_ctlr (const Gicv3Cpu *cpu);
void gicv3_icv_write_ctlr (Gicv3Cpu *cpu, uint64_t value);
uint64_t gicv3_icv_read_igrpen (const Gicv3Cpu *cpu, unsigned group);
void gicv3_icv_write_igrpen (Gicv3Cpu *cpu, unsigned group, uint64_t value);

static inline uint8_t
gicv3_lowest_active (uint32_t apr)
{
  return apr != 0 ? (uint8_t)(__builtin_ctz (apr) << 3) : GICV3_IDLE;
}
