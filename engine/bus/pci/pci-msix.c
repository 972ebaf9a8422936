/* SPDX-License-Identifier: GPL-3.0-or-later */

/* MSI-X (PCI Local Bus 3.0, §6.8.2): the vector table, the pending bits, and the messages. */

#include "pci-internal.h"

#include <gio/gio.h>
#include <string.h>

struct PciMsix {
  PciDevice *pci;
  GMutex lock; /* table and pending bits; never held while a message is sent */
  unsigned vectors, cap;
  uint8_t *table;    /* PCI_MSIX_ENTRY_SIZE bytes per vector */
  uint64_t *pending; /* a bit per vector */
  unsigned n_pending;
  uint32_t table_offset, table_size, pba_offset, pba_size;
  MemoryRegion own; /* the BAR, when it is not shared */
  MemoryRegion *region;
  const MmioOps *other; /* of the rest of a shared BAR */
  void *other_opaque;
  MmioOps ops;
};

static uint16_t
msix_control (const struct PciMsix *msix)
{
  /* Only the high byte changes. */
  return (uint16_t)(__atomic_load_n (&msix->pci->config[msix->cap + PCI_MSIX_FLAGS + 1], __ATOMIC_ACQUIRE)
                    << 8);
}

bool
pci_msix_enabled (const PciDevice *pci)
{
  return pci->msix != NULL && msix_control (pci->msix) & PCI_MSIX_FLAGS_ENABLE;
}

unsigned
pci_msix_vectors (const PciDevice *pci)
{
  return pci->msix != NULL ? pci->msix->vectors : 0;
}

static bool
is_masked (const struct PciMsix *msix, unsigned vector)
{
  return msix_control (msix) & PCI_MSIX_FLAGS_MASKALL ||
         msix->table[vector * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] &
             PCI_MSIX_ENTRY_CTRL_MASKBIT ||
         !pci_can_dma (msix->pci);
}

/* With the lock, which is released around the message. */
static void
deliver (struct PciMsix *msix, unsigned vector)
{
  const uint8_t *entry = msix->table + vector * PCI_MSIX_ENTRY_SIZE;
  const uint64_t address = pci_get32 (entry + PCI_MSIX_ENTRY_LOWER_ADDR) |
                           (uint64_t)pci_get32 (entry + PCI_MSIX_ENTRY_UPPER_ADDR) << 32;
  const uint32_t data = pci_get32 (entry + PCI_MSIX_ENTRY_DATA);
  g_mutex_unlock (&msix->lock);
  pci_send_message (msix->pci, address, data);
  g_mutex_lock (&msix->lock);
}

void
pci_msix_notify (PciDevice *pci, unsigned vector)
{
  struct PciMsix *msix = pci->msix;
  if (msix == NULL || vector >= msix->vectors || !pci_msix_enabled (pci))
    return;
  g_mutex_lock (&msix->lock);
  if (!is_masked (msix, vector)) {
    deliver (msix, vector);
  } else if (!(msix->pending[vector / 64] >> vector % 64 & 1)) {
    msix->pending[vector / 64] |= UINT64_C (1) << vector % 64;
    msix->n_pending++;
  }
  g_mutex_unlock (&msix->lock);
}

static void
flush_locked (struct PciMsix *msix)
{
  if (!pci_msix_enabled (msix->pci))
    return;
  for (unsigned n = 0; n < msix->vectors && msix->n_pending != 0; n++) {
    if (!(msix->pending[n / 64] >> n % 64 & 1) || is_masked (msix, n))
      continue;
    msix->pending[n / 64] &= ~(UINT64_C (1) << n % 64);
    msix->n_pending--;
    deliver (msix, n);
  }
}

void
pci_msix_flush (PciDevice *pci)
{
  if (pci->msix == NULL)
    return;
  g_mutex_lock (&pci->msix->lock);
  flush_locked (pci->msix);
  g_mutex_unlock (&pci->msix->lock);
}

/* Whether other ops take an access of this size: shared BARs take more sizes than the rest of them does. */
static bool
other_takes (const struct PciMsix *msix, unsigned size)
{
  const MmioOps *ops = msix->other;
  return ops != NULL && size >= (ops->min_size != 0 ? ops->min_size : 1) &&
         size <= (ops->max_size != 0 ? ops->max_size : 8);
}

static uint64_t
msix_read (void *opaque, uint64_t offset, unsigned size)
{
  struct PciMsix *msix = opaque;
  uint64_t value = 0;
  if (offset - msix->table_offset < msix->table_size) {
    g_mutex_lock (&msix->lock);
    memcpy (&value, msix->table + (offset - msix->table_offset), size);
    g_mutex_unlock (&msix->lock);
  } else if (offset - msix->pba_offset < msix->pba_size) {
    g_mutex_lock (&msix->lock);
    memcpy (&value, (uint8_t *)msix->pending + (offset - msix->pba_offset), size);
    g_mutex_unlock (&msix->lock);
  } else if (other_takes (msix, size)) {
    value = msix->other->read (msix->other_opaque, offset, size);
  }
  return value;
}

static void
msix_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  struct PciMsix *msix = opaque;
  if (offset - msix->table_offset < msix->table_size) {
    if (size < 4 || pci_in_message ()) {
      device_guest_error (&msix->pci->dev, "a write of %u bytes to the MSI-X table", size);
      return;
    }
    g_mutex_lock (&msix->lock);
    memcpy (msix->table + (offset - msix->table_offset), &value, size);
    flush_locked (msix);
    g_mutex_unlock (&msix->lock);
  } else if (offset - msix->pba_offset >= msix->pba_size && other_takes (msix, size)) {
    msix->other->write (msix->other_opaque, offset, size, value);
  }
}

/* Tables must be aligned, lie inside the BAR and not meet; accesses are aligned, so none straddles their
 * ends. */
static bool
layout_ok (const struct PciMsix *msix, uint64_t bar_size)
{
  const uint64_t table_end = (uint64_t)msix->table_offset + msix->table_size;
  const uint64_t pba_end = (uint64_t)msix->pba_offset + msix->pba_size;
  return msix->table_offset % 8 == 0 && msix->pba_offset % 8 == 0 && table_end <= bar_size &&
         pba_end <= bar_size && (table_end <= msix->pba_offset || pba_end <= msix->table_offset);
}

static void
msix_set_region (struct PciMsix *msix, MemoryRegion *in)
{
  msix->ops = (MmioOps){ .read = msix_read, .write = msix_write, .min_size = 1, .max_size = 8 };
  if (in != NULL) {
    msix->other = in->ops;
    msix->other_opaque = in->opaque;
  } else {
    in = &msix->own;
    in->name = "msix";
    in->kind = MEMORY_MMIO;
    in->size = 4096;
    while (in->size < (uint64_t)msix->table_offset + msix->table_size ||
           in->size < (uint64_t)msix->pba_offset + msix->pba_size)
      in->size *= 2;
  }
  in->ops = &msix->ops;
  in->opaque = msix;
  msix->region = in;
}

static void
msix_free (struct PciMsix *msix)
{
  g_mutex_clear (&msix->lock);
  g_free (msix->table);
  g_free (msix->pending);
  g_free (msix);
}

bool
pci_msix_init (PciDevice *pci, unsigned vectors, unsigned bar, uint32_t table_offset, uint32_t pba_offset,
               MemoryRegion *in, GError **error)
{
  if (vectors < 1 || vectors > PCI_MSIX_FLAGS_QSIZE + 1) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: vectors=%u is not possible; give 1 to %u", pci->dev.path, vectors,
                 PCI_MSIX_FLAGS_QSIZE + 1);
    return false;
  }
  if (pci->bus == NULL || !pci->bus->config.msi)
    return true;
  struct PciMsix *msix = g_new0 (struct PciMsix, 1);
  g_mutex_init (&msix->lock);
  msix->pci = pci;
  msix->vectors = vectors;
  msix->table_offset = table_offset;
  msix->table_size = vectors * PCI_MSIX_ENTRY_SIZE;
  msix->pba_offset = pba_offset;
  msix->pba_size = (vectors + 63) / 64 * 8;
  msix->table = g_malloc0 (msix->table_size);
  msix->pending = g_malloc0 (msix->pba_size);
  if (!layout_ok (msix, in != NULL ? in->size : UINT32_C (1) << 31) ||
      (msix->cap = pci_add_capability (pci, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF)) == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "%s: no room for %u MSI-X vectors; give fewer with vectors=", pci->dev.path, vectors);
    msix_free (msix);
    return false;
  }
  msix_set_region (msix, in);
  if (in == NULL)
    pci_set_bar (pci, bar, &msix->own, false, false, false);
  pci_put16 (pci->config + msix->cap + PCI_MSIX_FLAGS, (uint16_t)(vectors - 1));
  pci_put16 (pci->writable + msix->cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
  pci_put32 (pci->config + msix->cap + PCI_MSIX_TABLE, table_offset | bar);
  pci_put32 (pci->config + msix->cap + PCI_MSIX_PBA, pba_offset | bar);
  pci->msix = msix;
  pci_msix_reset (pci);
  return true;
}

void
pci_msix_reset (PciDevice *pci)
{
  struct PciMsix *msix = pci->msix;
  if (msix == NULL)
    return;
  g_mutex_lock (&msix->lock);
  memset (msix->table, 0, msix->table_size);
  memset (msix->pending, 0, msix->pba_size);
  msix->n_pending = 0;
  for (unsigned n = 0; n < msix->vectors; n++)
    msix->table[n * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
  g_mutex_unlock (&msix->lock);
}

void
pci_msix_free (PciDevice *pci)
{
  struct PciMsix *msix = pci->msix;
  if (msix == NULL)
    return;
  pci->msix = NULL;
  msix_free (msix);
}

void
pci_msix_save (PciDevice *pci, GVariantBuilder *state)
{
  struct PciMsix *msix = pci->msix;
  if (msix == NULL)
    return;
  g_mutex_lock (&msix->lock);
  GVariant *table = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, msix->table, msix->table_size, 1);
  GVariant *pending = g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, msix->pending, msix->pba_size / 8, 8);
  g_mutex_unlock (&msix->lock);
  g_variant_builder_add (state, "{sv}", "msix-table", table);
  g_variant_builder_add (state, "{sv}", "msix-pending", pending);
}

bool
pci_msix_load (PciDevice *pci, GVariant *state, GError **error)
{
  struct PciMsix *msix = pci->msix;
  if (msix == NULL)
    return true;
  g_autoptr (GVariant) table = g_variant_lookup_value (state, "msix-table", G_VARIANT_TYPE ("ay"));
  g_autoptr (GVariant) pending = g_variant_lookup_value (state, "msix-pending", G_VARIANT_TYPE ("at"));
  gsize n_table = 0, n_pending = 0;
  const void *table_bytes = table != NULL ? g_variant_get_fixed_array (table, &n_table, 1) : NULL;
  const uint64_t *words = pending != NULL ? g_variant_get_fixed_array (pending, &n_pending, 8) : NULL;
  if (n_table != msix->table_size || n_pending != msix->pba_size / 8) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the saved MSI-X table is not one of %u vectors; start with the options the machine was "
                 "saved with",
                 pci->dev.path, msix->vectors);
    return false;
  }
  g_mutex_lock (&msix->lock);
  memcpy (msix->table, table_bytes, msix->table_size);
  msix->n_pending = 0;
  for (unsigned i = 0; i < n_pending; i++) {
    const unsigned rest = msix->vectors - 64 * i;
    msix->pending[i] = words[i] & (rest >= 64 ? UINT64_MAX : (UINT64_C (1) << rest) - 1);
    msix->n_pending += (unsigned)__builtin_popcountll (msix->pending[i]);
  }
  g_mutex_unlock (&msix->lock);
  return true;
}
