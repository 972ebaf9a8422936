/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The boot catalogue. ("El Torito" Bootable CD-ROM Format Specification 1.0; UEFI 2.10, 13.3.2.1) */

#include "media-private.h"

enum {
  ENTRY = 32,
  CATALOGUE_MAX = 4 * ISO_SECTOR,
  HEADER_VALIDATION = 0x01,
  HEADER_MORE = 0x90,
  HEADER_LAST = 0x91,
  EXTENSION = 0x44,
  BOOTABLE = 0x88,
  PLATFORM_X86 = 0x00,
  PLATFORM_POWERPC = 0x01,
  PLATFORM_MAC = 0x02,
  PLATFORM_EFI = 0xef,
};

static bool
valid_header (const uint8_t *entry)
{
  uint16_t sum = 0;
  for (unsigned i = 0; i < ENTRY; i += 2)
    sum = (uint16_t)(sum + le16 (entry + i));
  return entry[0] == HEADER_VALIDATION && entry[30] == 0x55 && entry[31] == 0xaa && sum == 0;
}

static void
take_efi (Probe *probe, const View *image, bool *known)
{
  probe->info->boot |= MEDIA_BOOT_EFI;
  *known = efi_probe_image (probe, image) || *known;
}

static void
take_entry (Probe *probe, const View *view, uint8_t platform, const uint8_t *entry, bool *efi_known)
{
  if (entry[0] != BOOTABLE)
    return;
  uint64_t start = (uint64_t)le32 (entry + 8) * ISO_SECTOR;
  if (!start || start >= view->size) {
    probe_remark (probe,
                  "A boot record points beyond the end of the file, so the image will not start from it.");
    return;
  }
  /* The number of sectors is what a BIOS loads, in 16 bits: the image's own header says how large it is. */
  View image = view_slice (view, start, UINT64_MAX);
  Fat fat;
  TreeNode node;
  switch (platform) {
    case PLATFORM_EFI: take_efi (probe, &image, efi_known); break;
    case PLATFORM_X86:
      /* Some tools have no other platform to write, and put an EFI image there. */
      if (fat_open (&fat, &image) && tree_find (&fat.tree, "efi/boot/boot*.efi", &node))
        take_efi (probe, &image, efi_known);
      else
        probe->info->boot |= MEDIA_BOOT_BIOS;
      break;
    case PLATFORM_POWERPC:
    case PLATFORM_MAC:
      probe->info->boot |= MEDIA_BOOT_OTHER;
      probe_evidence (probe, ARCH_PPC, EVIDENCE_RECORD);
      break;
    default: break;
  }
}

void
eltorito_probe (Probe *probe, const View *view, uint32_t catalogue)
{
  g_autofree uint8_t *entries = g_malloc (CATALOGUE_MAX);
  size_t size = view_read (view, (uint64_t)catalogue * ISO_SECTOR, entries, CATALOGUE_MAX);
  if (size < 2 * ENTRY || !valid_header (entries)) {
    probe_remark (probe, "Its boot catalogue is damaged, so a machine may not start from it. "
                         "Download the image again.");
    return;
  }
  bool efi_known = false;
  uint8_t platform = entries[1];
  take_entry (probe, view, platform, entries + ENTRY, &efi_known);
  unsigned left = 0;
  bool last = false;
  for (size_t at = 2 * ENTRY; at + ENTRY <= size; at += ENTRY) {
    const uint8_t *entry = entries + at;
    if (entry[0] == EXTENSION)
      continue;
    if (left) {
      take_entry (probe, view, platform, entry, &efi_known);
      left--;
    } else if (!last && (entry[0] == HEADER_MORE || entry[0] == HEADER_LAST)) {
      last = entry[0] == HEADER_LAST;
      platform = entry[1];
      left = le16 (entry + 2);
    } else {
      break;
    }
  }
  if (probe->info->boot & MEDIA_BOOT_EFI && !efi_known)
    probe_remark (probe,
                  "It starts with UEFI firmware, but its EFI image holds no boot loader that is known.");
}
