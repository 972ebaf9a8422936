/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of the GICv2 share. All functions are called with the device's lock held. */

#include "gicv2.h"
#include "register.h"

#define GICV2_NONE     1023                  /* GICC_IAR: no interrupt */
#define GICV2_OTHER    1022                  /* it is in Group 1, which this register does not acknowledge */
#define GICV2_IDLE     256                   /* running priority while nothing is active */
#define GICV2_CPU_IIDR UINT32_C (0x0202143b) /* GIC-400 */
#define GICV2_MIN_BPR  2                     /* with five bits of priority */

/* GICC_CTLR, as a GIC without the security extensions or a secure access has it; GICV_CTLR. */
enum {
  GICC_ENABLE0 = 1 << 0,
  GICC_ENABLE1 = 1 << 1,
  GICC_ACKCTL = 1 << 2,
  GICC_FIQEN = 1 << 3,
  GICC_CBPR = 1 << 4,
  GICC_FIQ_BYPASS1 = 1 << 7, /* and IRQ's */
  GICC_EOIMODE = 1 << 9,
  GICC_EOIMODE_NS = 1 << 10,
};

/* GicV2.out. */
enum { GICV2_OUT_IRQ = 1, GICV2_OUT_FIQ = 2, GICV2_OUT_VIRQ = 4, GICV2_OUT_VFIQ = 8 };

static inline unsigned
gicv2_intids (const GicV2 *gic)
{
  return GICV2_PRIVATE + gic->num_spis;
}

/* The bits of a word that stand for interrupts. */
static inline uint32_t
gicv2_valid (const GicV2 *gic, unsigned word)
{
  unsigned end = gicv2_intids (gic);
  return word * 32 >= end ? 0 : end - word * 32 >= 32 ? UINT32_MAX : (UINT32_C (1) << (end - word * 32)) - 1;
}

static inline uint32_t *
gicv2_word (GicV2 *gic, GicV2Bits kind, unsigned cpu, unsigned word)
{
  return word == 0 ? &gic->private_bits[kind][cpu] : &gic->bits[kind][word];
}

static inline bool
gicv2_bit (GicV2 *gic, GicV2Bits kind, unsigned cpu, unsigned n)
{
  return *gicv2_word (gic, kind, cpu, n / 32) >> n % 32 & 1;
}

static inline void
gicv2_set_bit (GicV2 *gic, GicV2Bits kind, unsigned cpu, unsigned n, bool value)
{
  uint32_t *word = gicv2_word (gic, kind, cpu, n / 32), bit = UINT32_C (1) << n % 32;
  *word = value ? *word | bit : *word & ~bit;
}

static inline uint8_t *
gicv2_priority (GicV2 *gic, unsigned cpu, unsigned n)
{
  return n < GICV2_PRIVATE ? &gic->private_priority[cpu * GICV2_PRIVATE + n] : &gic->priority[n];
}

static inline uint8_t *
gicv2_sgi_source (GicV2 *gic, unsigned cpu, unsigned n)
{
  return &gic->sgi_source[cpu * GICV2_SGIS + n];
}

/* Bits of a priority that decide of preemption. */
static inline unsigned
gicv2_group_mask (unsigned bpr)
{
  return 0xfeu << bpr & 0xff;
}

/* Of a set of active priorities. */
static inline unsigned
gicv2_running (uint32_t active)
{
  return active != 0 ? (unsigned)__builtin_ctz (active) << 3 : GICV2_IDLE;
}

/* gicv2-state.c */
GicV2Requester gicv2_requester (GicV2 *gic);
/* Whether the requester knows of the interrupt: one without a say in the secure state does not of Group 0. */
bool gicv2_visible (GicV2 *gic, const GicV2Requester *who, unsigned n);
bool gicv2_pending (GicV2 *gic, unsigned cpu, unsigned n);
/* After a change of what is known of interrupt `n` (an SPI: of any CPU's): the queues and the CPUs' lines. */
void gicv2_refresh (GicV2 *gic, unsigned cpu, unsigned n);
void gicv2_refresh_all (GicV2 *gic);
/* The input has changed. */
void gicv2_set_level (GicV2 *gic, unsigned cpu, unsigned n, bool level);
/* The most urgent interrupt for a CPU, or GICV2_NONE; and whether it is signalled. */
unsigned gicv2_best (const GicV2 *gic, unsigned cpu);
bool gicv2_signals (GicV2 *gic, unsigned cpu, unsigned n);
/* The part of its priority that decides of preemption. */
unsigned gicv2_group_priority (GicV2 *gic, unsigned cpu, unsigned n);
/* After a change of a CPU's interface: its lines. */
void gicv2_update (GicV2 *gic, unsigned cpu);
void gicv2_set_out (GicV2 *gic, unsigned cpu, uint8_t which, uint8_t levels);
void gicv2_deactivate (GicV2 *gic, unsigned cpu, unsigned n);

/* gicv2-virt.c */
void gicv2_update_virtual (GicV2 *gic, unsigned cpu);
void gicv2_reset_virtual (GicV2 *gic, unsigned cpu);
/* Brings restored registers in their form. */
void gicv2_clean_virtual (GicV2 *gic, unsigned cpu);

extern const RegisterBank gicv2_dist_bank, gicv2_cpu_bank, gicv2_hyp_bank, gicv2_vcpu_bank;
