/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Message signalled interrupts: the message itself, and the MSI capability (PCI Local Bus 3.0, §6.8.1). */

#include "pci-internal.h"

#include <gio/gio.h>

#define VECTORS_MAX 32

struct PciMsi {
  GMutex lock; /* protects pending; never held while a message is sent */
  unsigned cap;
  bool is_64bit, maskable;
  uint32_t pending; /* a bit per vector, also where the guest cannot see them */
};

static __thread bool sending;

bool
pci_in_message (void)
{
  return sending;
}

void
pci_send_message (PciDevice *pci, uint64_t address, uint32_t data)
{
  PciBus *bus = pci_bus_of (pci);
  if (sending || bus == NULL || !bus->config.msi)
    return;
  device_trace (&pci->dev, "message 0x%x to 0x%" PRIx64, data, address);
  const PciBusConfig *config = &bus->config;
  const uint16_t requester = (uint16_t)(pci_bus_number (bus) << 8 | pci->devfn);
  sending = true;
  bool taken = config->message != NULL && config->message (config->message_opaque, requester, address, data);
  if (!taken && memory_write (bus->config.map, address, 4, data) != MEMORY_OK)
    device_guest_error (&pci->dev, "a message interrupt goes to 0x%" PRIx64 ", where nothing takes it",
                        address);
  sending = false;
}

static uint16_t
msi_control (const PciDevice *pci)
{
  return pci_load16 (pci, pci->msi->cap + PCI_MSI_FLAGS);
}

bool
pci_msi_enabled (const PciDevice *pci)
{
  return pci->msi != NULL && msi_control (pci) & PCI_MSI_FLAGS_ENABLE;
}

unsigned
pci_msi_vectors (const PciDevice *pci)
{
  if (!pci_msi_enabled (pci))
    return 0;
  const uint16_t control = msi_control (pci);
  const unsigned capable = (control & PCI_MSI_FLAGS_QMASK) >> 1,
                 enabled = (control & PCI_MSI_FLAGS_QSIZE) >> 4;
  return 1u << MIN (enabled,
                    capable); /* The guest may ask for more than there are, and for reserved numbers. */
}

static bool
is_masked (const PciDevice *pci, unsigned vector)
{
  const struct PciMsi *msi = pci->msi;
  const unsigned mask = msi->cap + (msi->is_64bit ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32);
  return (msi->maskable && pci_load32 (pci, mask) >> vector & 1) || !pci_can_dma (pci);
}

/* With the lock. */
static void
set_pending (PciDevice *pci, uint32_t pending)
{
  struct PciMsi *msi = pci->msi;
  msi->pending = pending;
  if (!msi->maskable)
    return;
  uint8_t *bits = pci->config + msi->cap + (msi->is_64bit ? PCI_MSI_PENDING_64 : PCI_MSI_PENDING_32);
  for (unsigned i = 0; i < 4; i++)
    __atomic_store_n (bits + i, (uint8_t)(pending >> 8 * i), __ATOMIC_RELEASE);
}

/* With the lock, which is released around the message. */
static void
deliver (PciDevice *pci, unsigned vector)
{
  struct PciMsi *msi = pci->msi;
  const unsigned vectors = pci_msi_vectors (pci);
  if (vector >= vectors) /* The guest has taken it away meanwhile. */
    return;
  uint64_t address = pci_load32 (pci, msi->cap + PCI_MSI_ADDRESS_LO);
  if (msi->is_64bit)
    address |= (uint64_t)pci_load32 (pci, msi->cap + PCI_MSI_ADDRESS_HI) << 32;
  const uint16_t data = pci_load16 (pci, msi->cap + (msi->is_64bit ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32));
  g_mutex_unlock (&msi->lock);
  /* The low bits of the data say which vector it is. */
  pci_send_message (pci, address, (data & ~(vectors - 1)) | vector);
  g_mutex_lock (&msi->lock);
}

void
pci_msi_notify (PciDevice *pci, unsigned vector)
{
  struct PciMsi *msi = pci->msi;
  const unsigned vectors = msi != NULL ? pci_msi_vectors (pci) : 0;
  if (vectors == 0)
    return;
  if (vector >= vectors)
    vector = 0;
  g_mutex_lock (&msi->lock);
  if (is_masked (pci, vector))
    set_pending (pci, msi->pending | UINT32_C (1) << vector);
  else
    deliver (pci, vector);
  g_mutex_unlock (&msi->lock);
}

void
pci_msi_flush (PciDevice *pci)
{
  struct PciMsi *msi = pci->msi;
  if (msi == NULL || !pci_msi_enabled (pci))
    return;
  g_mutex_lock (&msi->lock);
  for (unsigned n = 0; n < VECTORS_MAX && msi->pending != 0; n++) {
    if (!(msi->pending >> n & 1) || is_masked (pci, n))
      continue;
    set_pending (pci, msi->pending & ~(UINT32_C (1) << n));
    deliver (pci, n);
  }
  g_mutex_unlock (&msi->lock);
}

static void
set_masks (PciDevice *pci, unsigned vectors)
{
  const struct PciMsi *msi = pci->msi;
  const unsigned cap = msi->cap, log2 = (unsigned)__builtin_ctz (vectors);
  pci_put16 (pci->config + cap + PCI_MSI_FLAGS,
             (uint16_t)(log2 << 1 | (msi->is_64bit ? PCI_MSI_FLAGS_64BIT : 0) |
                        (msi->maskable ? PCI_MSI_FLAGS_MASKBIT : 0)));
  pci_put16 (pci->writable + cap + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
  pci_put32 (pci->writable + cap + PCI_MSI_ADDRESS_LO, 0xfffffffc);
  if (msi->is_64bit)
    pci_put32 (pci->writable + cap + PCI_MSI_ADDRESS_HI, 0xffffffff);
  pci_put16 (pci->writable + cap + (msi->is_64bit ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32), 0xffff);
  if (!msi->maskable)
    return;
  const uint32_t all = vectors == VECTORS_MAX ? UINT32_MAX : (UINT32_C (1) << vectors) - 1;
  pci_put32 (pci->writable + cap + (msi->is_64bit ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32), all);
  pci_put32 (pci->own + cap + (msi->is_64bit ? PCI_MSI_PENDING_64 : PCI_MSI_PENDING_32), all);
}

bool
pci_msi_init (PciDevice *pci, unsigned vectors, bool is_64bit, bool maskable, GError **error)
{
  const unsigned size = 10 + (is_64bit ? 4 : 0) + (maskable ? 10 : 0);
  if (vectors < 1 || vectors > VECTORS_MAX || (vectors & (vectors - 1)) != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: %u MSI vectors are not possible; give a power of two up to %u", pci->dev.path, vectors,
                 VECTORS_MAX);
    return false;
  }
  if (pci->bus == NULL || !pci->bus->config.msi)
    return true;
  const unsigned cap = pci_add_capability (pci, PCI_CAP_ID_MSI, size);
  if (cap == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "%s: no room for MSI in configuration space; give it before other capabilities",
                 pci->dev.path);
    return false;
  }
  pci->msi = g_new0 (struct PciMsi, 1);
  g_mutex_init (&pci->msi->lock);
  pci->msi->cap = cap;
  pci->msi->is_64bit = is_64bit;
  pci->msi->maskable = maskable;
  set_masks (pci, vectors);
  return true;
}

void
pci_msi_reset (PciDevice *pci)
{
  if (pci->msi == NULL)
    return;
  g_mutex_lock (&pci->msi->lock);
  set_pending (pci, 0);
  g_mutex_unlock (&pci->msi->lock);
}

void
pci_msi_free (PciDevice *pci)
{
  if (pci->msi == NULL)
    return;
  g_mutex_clear (&pci->msi->lock);
  g_clear_pointer (&pci->msi, g_free);
}

void
pci_msi_save (PciDevice *pci, GVariantBuilder *state)
{
  if (pci->msi == NULL)
    return;
  g_mutex_lock (&pci->msi->lock);
  g_variant_builder_add (state, "{sv}", "msi-pending", g_variant_new_uint32 (pci->msi->pending));
  g_mutex_unlock (&pci->msi->lock);
}

bool
pci_msi_load (PciDevice *pci, GVariant *state, GError **error)
{
  struct PciMsi *msi = pci->msi;
  guint32 pending;
  if (msi == NULL)
    return true;
  const unsigned vectors = 1u << ((msi_control (pci) & PCI_MSI_FLAGS_QMASK) >> 1);
  if (!g_variant_lookup (state, "msi-pending", "u", &pending) ||
      (vectors < VECTORS_MAX && pending >> vectors != 0)) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s: the saved MSI state is not one of %u vectors; start with the options the machine was saved "
        "with",
        pci->dev.path, vectors);
    return false;
  }
  g_mutex_lock (&msi->lock);
  set_pending (pci, pending);
  g_mutex_unlock (&msi->lock);
  return true;
}
