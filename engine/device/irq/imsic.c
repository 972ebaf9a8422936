/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "imsic.h"
#include "register.h"

enum { EIDELIVERY = 0x70, EITHRESHOLD = 0x72, EIP = 0x80, EIE = 0xc0, REGISTERS_END = 0x100 };

#define FIRST_WORD (~UINT32_C (1)) /* identity 0 does not exist */

/* The lower the identity, the more urgent; 0: none. */
static uint32_t
most_urgent (const Imsic *imsic)
{
  for (unsigned word = 0; word < IMSIC_WORDS; word++) {
    uint32_t bits = imsic->eip[word] & imsic->eie[word];
    if (bits == 0)
      continue;
    uint32_t identity = word * 32 + (unsigned)__builtin_ctz (bits);
    return imsic->eithreshold == 0 || identity < imsic->eithreshold ? identity : 0;
  }
  return 0;
}

static void
update (Imsic *imsic)
{
  irq_set (&imsic->out, imsic->eidelivery == 1 && most_urgent (imsic) != 0);
}

void
imsic_set_pending (Imsic *imsic, uint32_t identity)
{
  g_rec_mutex_lock (&imsic->dev.lock);
  if (identity >= 1 && identity <= IMSIC_IDENTITIES) {
    device_trace (imsic, "identity %u", identity);
    imsic->eip[identity / 32] |= UINT32_C (1) << identity % 32;
    update (imsic);
  } else {
    device_guest_error (&imsic->dev, "there is no identity %u", identity);
  }
  g_rec_mutex_unlock (&imsic->dev.lock);
}

uint32_t
imsic_topei (Imsic *imsic, bool claim)
{
  g_rec_mutex_lock (&imsic->dev.lock);
  uint32_t identity = most_urgent (imsic);
  if (claim && identity != 0) {
    imsic->eip[identity / 32] &= ~(UINT32_C (1) << identity % 32);
    update (imsic);
  }
  g_rec_mutex_unlock (&imsic->dev.lock);
  return identity << 16 | identity;
}

/* One register of 32 bits. */
static bool
access_word (Imsic *imsic, unsigned reg, uint32_t clear, uint32_t set, uint32_t *ret_old)
{
  uint32_t *value, writable, none = 0;
  if (reg == EIDELIVERY) {
    value = &imsic->eidelivery;
    writable = 1;
  } else if (reg == EITHRESHOLD) {
    value = &imsic->eithreshold;
    writable = IMSIC_IDENTITIES;
  } else if (reg >= EIP && reg < REGISTERS_END) {
    unsigned word = reg % (EIE - EIP);
    bool exists = word < IMSIC_WORDS;
    value = !exists ? &none : reg < EIE ? &imsic->eip[word] : &imsic->eie[word];
    writable = !exists ? 0 : word == 0 ? FIRST_WORD : ~UINT32_C (0);
  } else {
    return false;
  }
  *ret_old = *value;
  *value = (*value & ~(clear & writable)) | (set & writable);
  return true;
}

bool
imsic_access (Imsic *imsic, unsigned reg, unsigned bits, uint64_t clear, uint64_t set, uint64_t *ret_old)
{
  uint32_t low = 0, high = 0;
  g_rec_mutex_lock (&imsic->dev.lock);
  bool ok = access_word (imsic, reg, (uint32_t)clear, (uint32_t)set, &low);
  if (ok && bits == 64 && reg >= EIP)
    ok = reg % 2 == 0 && access_word (imsic, reg + 1, (uint32_t)(clear >> 32), (uint32_t)(set >> 32), &high);
  if (ok)
    update (imsic);
  g_rec_mutex_unlock (&imsic->dev.lock);
  *ret_old = (uint64_t)high << 32 | low;
  return ok;
}

static void
seteipnum_le_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  imsic_set_pending ((Imsic *)dev, (uint32_t)written);
}

static void
seteipnum_be_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  imsic_set_pending ((Imsic *)dev, GUINT32_SWAP_LE_BE ((uint32_t)written));
}

static const Register imsic_registers[] = {
  { .name = "seteipnum_le", .offset = 0, .size = 4, .writable = UINT32_MAX, .write = seteipnum_le_write },
  { .name = "seteipnum_be", .offset = 4, .size = 4, .writable = UINT32_MAX, .write = seteipnum_be_write },
  { 0 },
};

static const RegisterBank imsic_bank = {
  .name = "imsic",
  .size = IMSIC_SIZE,
  .min_access = 4,
  .max_access = 4,
  .regs = imsic_registers,
};

static void
imsic_init (Device *dev)
{
  Imsic *imsic = (Imsic *)dev;
  imsic->region = device_add_bank (dev, &imsic_bank);
}

static bool
imsic_loaded (Device *dev, GError **error)
{
  Imsic *imsic = (Imsic *)dev;
  imsic->eip[0] &= FIRST_WORD;
  imsic->eie[0] &= FIRST_WORD;
  update (imsic);
  return true;
}

static void
imsic_reset (Device *dev)
{
  Imsic *imsic = (Imsic *)dev;
  imsic->eidelivery = imsic->eithreshold = 0;
  for (unsigned word = 0; word < IMSIC_WORDS; word++)
    imsic->eip[word] = imsic->eie[word] = 0;
  update (imsic);
}

static const DeviceSave imsic_saved[] = {
  { "eidelivery", DEVICE_SAVE_U32, offsetof (Imsic, eidelivery), 1, 1 },
  { "eithreshold", DEVICE_SAVE_U32, offsetof (Imsic, eithreshold), 1, IMSIC_IDENTITIES },
  { "eip", DEVICE_SAVE_U32, offsetof (Imsic, eip), IMSIC_WORDS },
  { "eie", DEVICE_SAVE_U32, offsetof (Imsic, eie), IMSIC_WORDS },
  { 0 },
};

const DeviceClass imsic_class = {
  .name = "riscv-imsic",
  .bus = "system",
  .category = "Interrupt controllers",
  .help = "RISC-V incoming MSI controller: one interrupt file (AIA)",
  .size = sizeof (Imsic),
  .saved = imsic_saved,
  .init = imsic_init,
  .reset = imsic_reset,
  .loaded = imsic_loaded,
};
