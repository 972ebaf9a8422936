/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the APLIC's registers (aplic.c) and its sources (aplic-source.c) know of each other. With the lock
 * held. */

#include "aplic.h"

enum { APLIC_DOMAINCFG_IE = 1 << 8, APLIC_DOMAINCFG_DM = 1 << 2 };
enum { APLIC_SOURCECFG_D = 1 << 10, APLIC_SOURCECFG_SM = 7 };
enum {
  APLIC_INACTIVE = 0,
  APLIC_DETACHED = 1,
  APLIC_EDGE1 = 4,
  APLIC_EDGE0 = 5,
  APLIC_LEVEL1 = 6,
  APLIC_LEVEL0 = 7
};
/* Fields of target. */
#define APLIC_TARGET_HART(target) ((target) >> 18)
#define APLIC_TARGET_EIID(target) ((target) & 0x7ff)
#define APLIC_TARGET_PRIO(target) ((target) & 0xff)

static inline bool
aplic_bit (const uint32_t *words, unsigned n)
{
  return words[n / 32] >> (n % 32) & 1;
}

static inline void
aplic_set_bit (uint32_t *words, unsigned n, bool value)
{
  uint32_t bit = UINT32_C (1) << (n % 32);
  words[n / 32] = value ? words[n / 32] | bit : words[n / 32] & ~bit;
}

/* Whether delivery is by message. */
static inline bool
aplic_by_msi (const Aplic *aplic)
{
  return aplic->n_imsics > 0;
}

/* Whether the domain may use the source: all its bits are zero otherwise. */
bool aplic_active (const AplicDomain *domain, unsigned n);
bool aplic_rectified (const AplicDomain *domain, unsigned n);
void aplic_write_sourcecfg (AplicDomain *domain, unsigned n, uint32_t value);
/* setip and clrip, as far as the source's mode lets them. */
void aplic_write_pending (AplicDomain *domain, unsigned n, bool pending);
/* The source to be served next on a hart, as in topi; 0: none. */
uint32_t aplic_topi (const AplicDomain *domain, unsigned hart);
uint32_t aplic_claim (AplicDomain *domain, unsigned hart);
/* Sends what is to be sent, or sets the harts' lines. */
void aplic_deliver (AplicDomain *domain);
void aplic_send_msi (AplicDomain *domain, uint32_t hart, uint32_t identity);
/* Tells the harts' lines whether there is news or not. */
void aplic_restate (AplicDomain *domain);
