/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The APLIC's registers, and its life as a device. */

#include "aplic-private.h"
#include <inttypes.h>
#include <string.h>

enum {
  DOMAINCFG = 0x0000,
  SOURCECFG = 0x0004, /* of source 1 */
  SOURCECFG_END = 0x1000,
  MMSIADDRCFG = 0x1bc0,
  MMSIADDRCFGH = 0x1bc4,
  SMSIADDRCFG = 0x1bc8,
  SMSIADDRCFGH = 0x1bcc,
  SETIP = 0x1c00,
  SETIPNUM = 0x1cdc,
  IN_CLRIP = 0x1d00,
  CLRIPNUM = 0x1ddc,
  SETIE = 0x1e00,
  SETIENUM = 0x1edc,
  CLRIE = 0x1f00,
  CLRIENUM = 0x1fdc,
  SETIPNUM_LE = 0x2000,
  SETIPNUM_BE = 0x2004,
  GENMSI = 0x3000,
  TARGET = 0x3004, /* of source 1 */
  TARGET_END = 0x4000,
  IDC = 0x4000,
  IDC_SIZE = 0x20,
  IDC_IDELIVERY = 0x00,
  IDC_IFORCE = 0x04,
  IDC_ITHRESHOLD = 0x08,
  IDC_TOPI = 0x18,
  IDC_CLAIMI = 0x1c,
};

#define DOMAINCFG_FIXED    UINT32_C (0x80000000)
#define BIT_ARRAY_END      0x80 /* bytes of setip and its like */
#define MSIADDRCFGH_LOCKED UINT32_C (0x80000000)
#define MMSIADDRCFGH_KEPT  UINT32_C (0x9f77ffff)
#define SMSIADDRCFGH_KEPT  UINT32_C (0x00700fff)
#define TARGET_MSI         UINT32_C (0xfffc07ff) /* without a guest index: there are no guests' interrupt files */
#define TARGET_DIRECT      UINT32_C (0xfffc00ff)

/* The word of a bit array that a register is, or false. */
static bool
bit_word (uint64_t offset, uint64_t first, unsigned *ret_word)
{
  *ret_word = (unsigned)((offset - first) / 4);
  return offset >= first && offset < first + BIT_ARRAY_END;
}

static uint32_t
rectified_word (const AplicDomain *domain, unsigned word)
{
  uint32_t bits = 0;
  for (unsigned n = word * 32; n < word * 32 + 32 && n <= APLIC_SOURCES; n++)
    if (n >= 1 && aplic_rectified (domain, n))
      bits |= UINT32_C (1) << n % 32;
  return bits;
}

static uint32_t
read_idc (AplicDomain *domain, uint64_t offset)
{
  unsigned hart = (unsigned)((offset - IDC) / IDC_SIZE);
  if (hart >= domain->aplic->num_harts || aplic_by_msi (domain->aplic))
    return 0;
  switch (offset % IDC_SIZE) {
    case IDC_IDELIVERY: return domain->idelivery[hart];
    case IDC_IFORCE: return domain->iforce[hart];
    case IDC_ITHRESHOLD: return domain->ithreshold[hart];
    case IDC_TOPI: return aplic_topi (domain, hart);
    case IDC_CLAIMI: return aplic_claim (domain, hart);
    default: return 0;
  }
}

static uint32_t
read_msiaddrcfg (const AplicDomain *domain, uint64_t offset)
{
  const Aplic *aplic = domain->aplic;
  if (domain != &aplic->machine)
    return 0;
  switch (offset) {
    case MMSIADDRCFG: return aplic->mmsiaddrcfg;
    case MMSIADDRCFGH: return aplic->mmsiaddrcfgh;
    case SMSIADDRCFG: return aplic->smsiaddrcfg;
    default: return aplic->smsiaddrcfgh;
  }
}

static uint32_t
read_register (AplicDomain *domain, uint64_t offset)
{
  unsigned word;
  if (offset == DOMAINCFG)
    return DOMAINCFG_FIXED | domain->domaincfg | (aplic_by_msi (domain->aplic) ? APLIC_DOMAINCFG_DM : 0);
  if (offset < SOURCECFG_END)
    return offset / 4 <= APLIC_SOURCES ? domain->sourcecfg[offset / 4] : 0;
  if (offset >= MMSIADDRCFG && offset <= SMSIADDRCFGH)
    return read_msiaddrcfg (domain, offset);
  if (bit_word (offset, SETIP, &word))
    return word < APLIC_WORDS ? domain->pending[word] : 0;
  if (bit_word (offset, IN_CLRIP, &word))
    return word < APLIC_WORDS ? rectified_word (domain, word) : 0;
  if (bit_word (offset, SETIE, &word))
    return word < APLIC_WORDS ? domain->enabled[word] : 0;
  if (offset >= TARGET && offset < TARGET_END)
    return (offset - GENMSI) / 4 <= APLIC_SOURCES ? domain->target[(offset - GENMSI) / 4] : 0;
  if (offset >= IDC)
    return read_idc (domain, offset);
  return 0;
}

static void
write_idc (AplicDomain *domain, uint64_t offset, uint32_t value)
{
  unsigned hart = (unsigned)((offset - IDC) / IDC_SIZE);
  if (hart >= domain->aplic->num_harts || aplic_by_msi (domain->aplic))
    return;
  switch (offset % IDC_SIZE) {
    case IDC_IDELIVERY: domain->idelivery[hart] = value & 1; break;
    case IDC_IFORCE: domain->iforce[hart] = value & 1; break;
    case IDC_ITHRESHOLD: domain->ithreshold[hart] = value & 0xff; break;
    default: return;
  }
  aplic_deliver (domain);
}

static void
write_msiaddrcfg (AplicDomain *domain, uint64_t offset, uint32_t value)
{
  Aplic *aplic = domain->aplic;
  if (domain != &aplic->machine || !aplic_by_msi (aplic) || aplic->mmsiaddrcfgh & MSIADDRCFGH_LOCKED)
    return;
  switch (offset) {
    case MMSIADDRCFG: aplic->mmsiaddrcfg = value; break;
    case MMSIADDRCFGH: aplic->mmsiaddrcfgh = value & MMSIADDRCFGH_KEPT; break;
    case SMSIADDRCFG: aplic->smsiaddrcfg = value; break;
    default: aplic->smsiaddrcfgh = value & SMSIADDRCFGH_KEPT;
  }
}

static void
write_enabled (AplicDomain *domain, uint32_t n, bool enabled)
{
  if (aplic_active (domain, n))
    aplic_set_bit (domain->enabled, n, enabled);
}

/* One of the registers that hold a bit a source. */
static void
write_bits (AplicDomain *domain, uint64_t array, unsigned word, uint32_t bits)
{
  for (; bits != 0 && word < APLIC_WORDS; bits &= bits - 1) {
    unsigned n = word * 32 + (unsigned)__builtin_ctz (bits);
    if (array == SETIP || array == IN_CLRIP)
      aplic_write_pending (domain, n, array == SETIP);
    else
      write_enabled (domain, n, array == SETIE);
  }
  aplic_deliver (domain);
}

/* One of those that take a source's number. False: it is none. */
static bool
write_number (AplicDomain *domain, uint64_t offset, uint32_t value)
{
  switch (offset) {
    case SETIPNUM:
    case SETIPNUM_LE: aplic_write_pending (domain, value, true); break;
    case SETIPNUM_BE: aplic_write_pending (domain, GUINT32_SWAP_LE_BE (value), true); break;
    case CLRIPNUM: aplic_write_pending (domain, value, false); break;
    case SETIENUM: write_enabled (domain, value, true); break;
    case CLRIENUM: write_enabled (domain, value, false); break;
    default: return false;
  }
  aplic_deliver (domain);
  return true;
}

static void
write_target (AplicDomain *domain, unsigned n, uint32_t value)
{
  if (!aplic_active (domain, n))
    return;
  if (!aplic_by_msi (domain->aplic)) {
    value &= TARGET_DIRECT;
    domain->target[n] = APLIC_TARGET_PRIO (value) == 0 ? value | 1 : value;
  } else {
    domain->target[n] = value & TARGET_MSI;
  }
  aplic_deliver (domain);
}

static void
write_register (AplicDomain *domain, uint64_t offset, uint32_t value)
{
  static const uint64_t arrays[] = { SETIP, IN_CLRIP, SETIE, CLRIE };
  unsigned word;
  if (write_number (domain, offset, value))
    return;
  for (unsigned i = 0; i < G_N_ELEMENTS (arrays); i++) {
    if (bit_word (offset, arrays[i], &word)) {
      write_bits (domain, arrays[i], word, value);
      return;
    }
  }
  if (offset == DOMAINCFG) {
    domain->domaincfg = value & APLIC_DOMAINCFG_IE;
    aplic_deliver (domain);
  } else if (offset < SOURCECFG_END) {
    if (offset / 4 <= APLIC_SOURCES)
      aplic_write_sourcecfg (domain, (unsigned)(offset / 4), value);
  } else if (offset >= MMSIADDRCFG && offset <= SMSIADDRCFGH) {
    write_msiaddrcfg (domain, offset, value);
  } else if (offset == GENMSI) {
    if (aplic_by_msi (domain->aplic))
      aplic_send_msi (domain, APLIC_TARGET_HART (value), APLIC_TARGET_EIID (value));
  } else if (offset >= TARGET && offset < TARGET_END) {
    write_target (domain, (unsigned)((offset - GENMSI) / 4), value);
  } else if (offset >= IDC) {
    write_idc (domain, offset, value);
  }
}

static uint64_t
aplic_read (void *opaque, uint64_t offset, unsigned size)
{
  AplicDomain *domain = opaque;
  g_rec_mutex_lock (&domain->aplic->dev.lock);
  uint32_t value = read_register (domain, offset);
  device_trace (domain->aplic, "%s: read 0x%" PRIx64 " -> 0x%x", domain->region.name, offset, value);
  g_rec_mutex_unlock (&domain->aplic->dev.lock);
  return value;
}

static void
aplic_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  AplicDomain *domain = opaque;
  g_rec_mutex_lock (&domain->aplic->dev.lock);
  device_trace (domain->aplic, "%s: write 0x%" PRIx64 " <- 0x%" PRIx64, domain->region.name, offset, value);
  write_register (domain, offset, (uint32_t)value);
  g_rec_mutex_unlock (&domain->aplic->dev.lock);
}

static const MmioOps aplic_ops = { .read = aplic_read, .write = aplic_write, .min_size = 4, .max_size = 4 };

static void
domain_init (Aplic *aplic, AplicDomain *domain, const char *name)
{
  domain->aplic = aplic;
  domain->region = (MemoryRegion){
    .name = name,
    .kind = MEMORY_MMIO,
    .size = APLIC_SIZE,
    .ops = &aplic_ops,
    .opaque = domain,
  };
}

static void
aplic_init (Device *dev)
{
  Aplic *aplic = (Aplic *)dev;
  domain_init (aplic, &aplic->machine, "aplic-m");
  domain_init (aplic, &aplic->supervisor, "aplic-s");
}

static void
domain_unmap (AplicDomain *domain)
{
  MemoryMap *map = domain->region.map;
  if (map == NULL)
    return;
  memory_region_unmap (&domain->region);
  memory_quiesce (map);
}

static void
aplic_unrealize (Device *dev)
{
  Aplic *aplic = (Aplic *)dev;
  domain_unmap (&aplic->machine);
  domain_unmap (&aplic->supervisor);
}

static void
domain_reset (AplicDomain *domain)
{
  domain->domaincfg = 0;
  memset (domain->sourcecfg, 0, sizeof domain->sourcecfg);
  memset (domain->target, 0, sizeof domain->target);
  memset (domain->pending, 0, sizeof domain->pending);
  memset (domain->enabled, 0, sizeof domain->enabled);
  memset (domain->idelivery, 0, sizeof domain->idelivery);
  memset (domain->iforce, 0, sizeof domain->iforce);
  memset (domain->ithreshold, 0, sizeof domain->ithreshold);
  aplic_restate (domain);
}

/* The wires keep their levels, which are the devices'. */
static void
aplic_reset (Device *dev)
{
  Aplic *aplic = (Aplic *)dev;
  aplic->mmsiaddrcfg = aplic->mmsiaddrcfgh = aplic->smsiaddrcfg = aplic->smsiaddrcfgh = 0;
  domain_reset (&aplic->machine);
  domain_reset (&aplic->supervisor);
}

static void
domain_loaded (AplicDomain *domain)
{
  domain->pending[0] &= ~UINT32_C (1); /* source 0 does not exist */
  domain->enabled[0] &= ~UINT32_C (1);
  aplic_restate (domain);
}

static bool
aplic_loaded (Device *dev, GError **error)
{
  Aplic *aplic = (Aplic *)dev;
  domain_loaded (&aplic->machine);
  domain_loaded (&aplic->supervisor);
  return true;
}

static const DeviceProp aplic_props[] = {
  { "num-harts", DEVICE_PROP_UINT32, offsetof (Aplic, num_harts), 1, APLIC_MAX_HARTS,
    "harts that it can interrupt" },
  { 0 },
};

#define SAVED_DOMAIN(prefix, domain)                                                                         \
  { prefix "domaincfg", DEVICE_SAVE_U32, offsetof (Aplic, domain.domaincfg), 1, APLIC_DOMAINCFG_IE },        \
      { prefix "sourcecfg", DEVICE_SAVE_U32, offsetof (Aplic, domain.sourcecfg), APLIC_SOURCES + 1, 0x407 }, \
      { prefix "target", DEVICE_SAVE_U32, offsetof (Aplic, domain.target), APLIC_SOURCES + 1 },              \
      { prefix "pending", DEVICE_SAVE_U32, offsetof (Aplic, domain.pending), APLIC_WORDS },                  \
      { prefix "enabled", DEVICE_SAVE_U32, offsetof (Aplic, domain.enabled), APLIC_WORDS },                  \
      { prefix "idelivery", DEVICE_SAVE_U32, offsetof (Aplic, domain.idelivery), APLIC_MAX_HARTS, 1 },       \
      { prefix "iforce", DEVICE_SAVE_U32, offsetof (Aplic, domain.iforce), APLIC_MAX_HARTS, 1 },             \
      { prefix "ithreshold", DEVICE_SAVE_U32, offsetof (Aplic, domain.ithreshold), APLIC_MAX_HARTS, 0xff }

static const DeviceSave aplic_saved[] = {
  SAVED_DOMAIN ("m-", machine),
  SAVED_DOMAIN ("s-", supervisor),
  { "mmsiaddrcfg", DEVICE_SAVE_U32, offsetof (Aplic, mmsiaddrcfg) },
  { "mmsiaddrcfgh", DEVICE_SAVE_U32, offsetof (Aplic, mmsiaddrcfgh), 1, MMSIADDRCFGH_KEPT },
  { "smsiaddrcfg", DEVICE_SAVE_U32, offsetof (Aplic, smsiaddrcfg) },
  { "smsiaddrcfgh", DEVICE_SAVE_U32, offsetof (Aplic, smsiaddrcfgh), 1, SMSIADDRCFGH_KEPT },
  { "level", DEVICE_SAVE_U32, offsetof (Aplic, level), APLIC_WORDS },
  { 0 },
};

const DeviceClass aplic_class = {
  .name = "riscv-aplic",
  .bus = "system",
  .category = "Interrupt controllers",
  .help = "RISC-V advanced platform-level interrupt controller (AIA)",
  .size = sizeof (Aplic),
  .props = aplic_props,
  .saved = aplic_saved,
  .init = aplic_init,
  .unrealize = aplic_unrealize,
  .reset = aplic_reset,
  .loaded = aplic_loaded,
};
