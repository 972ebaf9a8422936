/* SPDX-License-Identifier: GPL-3.0-or-later */

/* UEFI firmware volumes (UEFI PI 1.8, volume 3) and PC BIOS images. */

#include "media-private.h"

enum {
  VOLUME_HEADER = 56,
  FILE_HEADER = 24,
  SECTION_HEADER = 4,
  SECTION_PE32 = 0x10,
  SECTION_TE = 0x12,
  FILES_MAX = 256,
  SECTIONS_MAX = 16,
  VOLUMES_MAX = 8,
  ARM_RESET_PAGE = 4096,
};

static uint32_t
le24 (const uint8_t *bytes)
{
  return le16 (bytes) | (uint32_t)bytes[2] << 16;
}

/* A file's sections; the architecture of the first program among them. */
static Arch
arch_of_file (const View *file)
{
  uint64_t at = FILE_HEADER;
  for (unsigned i = 0; i < SECTIONS_MAX; i++) {
    uint8_t head[SECTION_HEADER + 1024];
    size_t n = view_read (file, at, head, sizeof head);
    uint32_t size = n >= SECTION_HEADER + 4 ? le24 (head) : 0;
    if (size < SECTION_HEADER)
      break;
    const uint8_t *program = head + SECTION_HEADER;
    if (head[3] == SECTION_TE && program[0] == 'V' && program[1] == 'Z')
      return arch_of_pe (le16 (program + 2));
    if (head[3] == SECTION_PE32)
      return kernel_pe_arch (program, n - SECTION_HEADER);
    at = (at + size + 3) & ~UINT64_C (3);
  }
  return ARCH_NONE;
}

/* What is compressed is not looked into: the first program, which unpacks the others, cannot be. */
static Arch
arch_of_volume (const View *volume, uint16_t header)
{
  uint64_t at = header;
  for (unsigned i = 0; i < FILES_MAX; i++) {
    uint8_t head[FILE_HEADER];
    at = (at + 7) & ~UINT64_C (7);
    if (!view_read_all (volume, at, head, sizeof head))
      break;
    uint32_t size = le24 (head + 20);
    if (size < FILE_HEADER || size == 0xffffff)
      break;
    View file = view_slice (volume, at, size);
    Arch arch = arch_of_file (&file);
    if (arch)
      return arch;
    at += size;
  }
  return ARCH_NONE;
}

static bool
is_volume (const View *view, uint64_t at)
{
  uint8_t signature[4];
  return view_read_all (view, at + 40, signature, sizeof signature) && !memcmp (signature, "_FVH", 4);
}

/* Arm's processors start at the first byte, where there is a page for a jump into the first volume. */
static bool
probe_volumes (Probe *probe, const View *view)
{
  bool found = false;
  uint64_t at = is_volume (view, 0) ? 0 : ARM_RESET_PAGE;
  for (unsigned i = 0; i < VOLUMES_MAX; i++) {
    uint8_t head[VOLUME_HEADER];
    if (!is_volume (view, at) || !view_read_all (view, at, head, sizeof head))
      break;
    uint64_t size = le64 (head + 32);
    if (size < VOLUME_HEADER || size > view->size - at)
      break;
    found = true;
    View volume = view_slice (view, at, size);
    Arch arch = arch_of_volume (&volume, le16 (head + 48));
    if (arch)
      probe_evidence (probe, arch, EVIDENCE_LOADER);
    at += size;
  }
  return found;
}

/* EFI_SYSTEM_NV_DATA_FV: what firmware remembers, without the firmware. */
static bool
is_variables (const View *view)
{
  static const uint8_t guid[16] = { 0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
                                    0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50 };
  uint8_t type[16];
  return view_read_all (view, 16, type, sizeof type) && !memcmp (type, guid, sizeof guid);
}

/* A PC begins 16 bytes below the end of its ROM, with a far jump. */
static bool
is_pc_rom (const View *view)
{
  uint8_t reset[16];
  return view->size >= 65536 && view->size <= 16 << 20 && view->size % 65536 == 0 &&
         view_read_all (view, view->size - 16, reset, sizeof reset) && reset[0] == 0xea && reset[3] == 0x00 &&
         reset[4] == 0xf0;
}

bool
firmware_probe (Probe *probe, const View *view)
{
  bool code = false;
  if (probe_volumes (probe, view)) {
    for (Arch arch = ARCH_NONE + 1; arch < ARCH_COUNT; arch++)
      code = code || probe->evidence[arch];
    bool variables = !code && is_variables (view);
    probe->info->format = g_strdup (variables ? "uefi-vars" : "uefi-fv");
    if (variables)
      probe_remark (probe, "These are the variables of UEFI firmware, and not the firmware itself.");
    else
      probe->info->boot |= MEDIA_BOOT_EFI;
  } else if (is_pc_rom (view)) {
    probe->info->format = g_strdup ("bios");
    probe->info->boot |= MEDIA_BOOT_BIOS;
  } else {
    return false;
  }
  probe->info->kind = MEDIA_FIRMWARE;
  return true;
}
