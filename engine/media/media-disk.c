/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Partition tables: MBR, GPT (UEFI 2.10, chapter 5), the disk labels of Sun and SGI, Apple's map; and what is
 * in the partitions that firmware starts from. */

#include "media-private.h"

enum {
  MBR_TABLE = 446,
  MBR_ENTRY = 16,
  MBR_PARTITIONS = 4,
  MBR_CODE = 440,
  TYPE_FAT16 = 0x06,
  TYPE_FAT32 = 0x0b,
  TYPE_FAT32_LBA = 0x0c,
  TYPE_FAT16_LBA = 0x0e,
  TYPE_PREP = 0x41,
  TYPE_GPT = 0xee,
  TYPE_ESP = 0xef,
  GPT_ENTRIES_MAX = 256,
};

typedef struct {
  Probe *probe;
  const View *view;
  unsigned sector;
  bool optical; /* an ISO image's second face */
  bool table, active, bios_boot, efi;
  uint64_t end; /* of the last partition, bytes */
} Disk;

typedef enum { ROLE_ESP, ROLE_BIOS_BOOT, ROLE_PREP, ROLE_ROOT } Role;

/* The Discoverable Partitions Specification gives each architecture a type for its root and /usr; of these,
 * the root. */
static const struct {
  const char *guid;
  Role role;
  Arch arch;
} gpt_types[] = {
  { "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", ROLE_ESP, ARCH_NONE },
  { "21686148-6449-6e6f-744e-656564454649", ROLE_BIOS_BOOT, ARCH_NONE },
  { "9e1a2d38-c612-4316-aa26-8b49521e5a8b", ROLE_PREP, ARCH_PPC64 },
  { "44479540-f297-41b2-9af7-d131d5f0458a", ROLE_ROOT, ARCH_I386 },
  { "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", ROLE_ROOT, ARCH_X86_64 },
  { "69dad710-2ce4-4e3c-b16c-21a1d49abed3", ROLE_ROOT, ARCH_ARM },
  { "b921b045-1df0-41c3-af44-4c6f280d3fae", ROLE_ROOT, ARCH_AARCH64 },
  { "60d5a7fe-8e7d-435c-b714-3dd8162144e1", ROLE_ROOT, ARCH_RISCV32 },
  { "72ec70a6-cf74-40e6-bd49-4bda08e8f224", ROLE_ROOT, ARCH_RISCV64 },
  { "77055800-792c-4f94-b39a-98c91b762bb6", ROLE_ROOT, ARCH_LOONGARCH64 },
  { "37c58c8a-d913-4156-a25f-48b1b64e07f0", ROLE_ROOT, ARCH_MIPSEL },
  { "700bda43-7a34-4507-b179-eeb93d7a7ca3", ROLE_ROOT, ARCH_MIPS64EL },
  { "1de3f1ef-fa98-47b5-8dcd-4a860a654d78", ROLE_ROOT, ARCH_PPC },
  { "912ade1d-a839-4913-8964-a10eee08fbd2", ROLE_ROOT, ARCH_PPC64 },
  { "c31c45e6-3f39-412e-80fb-4809c4980599", ROLE_ROOT, ARCH_PPC64 },
  { "5eead9a9-fe09-4a1e-a1d7-520d00531306", ROLE_ROOT, ARCH_S390X },
};

/* ---- Partitions ---- */

static void
take_esp (Disk *disk, uint64_t start, uint64_t size, bool named)
{
  View esp = view_slice (disk->view, start, size);
  bool loader = efi_probe_image (disk->probe, &esp);
  /* A plain FAT partition is one only if a loader is in it; an ISO image's may lie where no partition says.
   */
  if (loader || (named && !disk->optical))
    disk->efi = true;
}

static void
take_prep (Disk *disk)
{
  disk->probe->info->boot |= MEDIA_BOOT_OTHER;
  probe_evidence (disk->probe, ARCH_PPC64, EVIDENCE_RECORD);
}

static void
take_gpt_entry (Disk *disk, const uint8_t *entry)
{
  uint64_t first = le64 (entry + 32), last = le64 (entry + 40), most = UINT64_MAX / disk->sector - 1;
  if (last < first || last > most)
    return;
  disk->end = MAX (disk->end, (last + 1) * disk->sector);
  g_autofree char *guid = g_strdup_printf ("%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", le32 (entry),
                                           le16 (entry + 4), le16 (entry + 6), entry[8], entry[9], entry[10],
                                           entry[11], entry[12], entry[13], entry[14], entry[15]);
  for (unsigned i = 0; i < G_N_ELEMENTS (gpt_types); i++) {
    if (strcmp (guid, gpt_types[i].guid))
      continue;
    switch (gpt_types[i].role) {
      case ROLE_ESP: take_esp (disk, first * disk->sector, (last - first + 1) * disk->sector, true); break;
      case ROLE_BIOS_BOOT: disk->bios_boot = true; break;
      case ROLE_PREP: take_prep (disk); break;
      case ROLE_ROOT: probe_evidence (disk->probe, gpt_types[i].arch, EVIDENCE_STATED); break;
    }
  }
}

static bool
read_gpt (Disk *disk, unsigned sector)
{
  uint8_t header[92], entry[128];
  if (!view_read_all (disk->view, sector, header, sizeof header) || memcmp (header, "EFI PART", 8))
    return false;
  uint64_t table = le64 (header + 72);
  uint32_t count = MIN (le32 (header + 80), GPT_ENTRIES_MAX), size = le32 (header + 84);
  if (size < sizeof entry || size > 4096 || table > disk->view->size / sector)
    return false;
  static const uint8_t unused[16];
  disk->sector = sector;
  for (uint32_t i = 0; i < count; i++) {
    if (!view_read_all (disk->view, table * sector + (uint64_t)i * size, entry, sizeof entry))
      break;
    if (memcmp (entry, unused, sizeof unused))
      take_gpt_entry (disk, entry);
  }
  /* The table's copy stands in the disk's last sector. */
  uint64_t copy = le64 (header + 32);
  if (copy < UINT64_MAX / sector - 1)
    disk->end = MAX (disk->end, (copy + 1) * sector);
  return true;
}

static void
take_mbr_entry (Disk *disk, const uint8_t *entry)
{
  uint64_t start = (uint64_t)le32 (entry + 8) * 512, size = (uint64_t)le32 (entry + 12) * 512;
  if (!size || !entry[4])
    return;
  disk->table = true;
  disk->active = disk->active || entry[0] & 0x80;
  if (entry[4] != TYPE_GPT)
    disk->end = MAX (disk->end, start + size);
  switch (entry[4]) {
    case TYPE_ESP:
    case TYPE_FAT16:
    case TYPE_FAT32:
    case TYPE_FAT32_LBA:
    case TYPE_FAT16_LBA: take_esp (disk, start, size, entry[4] == TYPE_ESP); break;
    case TYPE_PREP: take_prep (disk); break;
    default: break;
  }
}

static bool
valid_mbr (const uint8_t *mbr)
{
  bool valid = mbr[510] == 0x55 && mbr[511] == 0xaa;
  for (unsigned i = 0; i < MBR_PARTITIONS; i++)
    valid = valid && !(mbr[MBR_TABLE + i * MBR_ENTRY] & 0x7f);
  return valid;
}

static bool
has_code (const uint8_t *mbr)
{
  for (unsigned i = 0; i < MBR_CODE; i++) {
    if (mbr[i])
      return true;
  }
  return false;
}

/* ---- Other labels ---- */

static bool
sun_label (const uint8_t *sector)
{
  uint16_t sum = 0;
  for (unsigned i = 0; i < 512; i += 2)
    sum ^= be16 (sector + i);
  return be16 (sector + 508) == 0xdabe && sum == 0;
}

static bool
other_label (Disk *disk, const uint8_t *sector)
{
  enum { SGI_MAGIC = 0x0be5a941 };
  Probe *probe = disk->probe;
  if (sun_label (sector)) {
    probe_evidence (probe, ARCH_SPARC64, EVIDENCE_RECORD);
    probe_evidence (probe, ARCH_SPARC, EVIDENCE_RECORD);
  } else if (be32 (sector) == SGI_MAGIC) {
    probe_evidence (probe, ARCH_MIPS64, EVIDENCE_RECORD);
    probe_evidence (probe, ARCH_MIPS, EVIDENCE_RECORD);
  } else {
    /* Apple's map alone tells no architecture: PowerPC and Intel machines have used it. */
    uint8_t map[2];
    return !memcmp (sector, "ER", 2) && view_read_all (disk->view, 512, map, 2) && !memcmp (map, "PM", 2);
  }
  probe->info->boot |= MEDIA_BOOT_OTHER;
  return true;
}

/* ---- The whole ---- */

static void
check_end (Disk *disk)
{
  if (disk->optical || disk->end <= disk->view->size)
    return;
  g_autofree char *end = probe_size (disk->end), *size = probe_size (disk->view->size);
  probe_remark (disk->probe,
                "The image is cut short: its partitions need %s, and it has %s. "
                "Copy or download it again.",
                end, size);
}

bool
disk_probe (Probe *probe, const View *view)
{
  Disk disk = { .probe = probe, .view = view, .sector = 512, .optical = probe->info->kind == MEDIA_OPTICAL };
  uint8_t mbr[512];
  if (!view_read_all (view, 0, mbr, sizeof mbr))
    return false;
  bool valid = valid_mbr (mbr);
  for (unsigned i = 0; valid && i < MBR_PARTITIONS; i++)
    take_mbr_entry (&disk, mbr + MBR_TABLE + i * MBR_ENTRY);
  bool gpt = read_gpt (&disk, 512) || read_gpt (&disk, 4096);
  bool other = other_label (&disk, mbr);
  if (disk.efi)
    probe->info->boot |= MEDIA_BOOT_EFI;
  /* Partitioning tools write x86 code on any disk; it means something where something is to be started by it.
   */
  bool started = gpt ? disk.bios_boot || disk.active : disk.table;
  if (valid && started && !other && !disk.optical && has_code (mbr))
    probe->info->boot |= MEDIA_BOOT_BIOS;
  check_end (&disk);
  return disk.table || gpt || other;
}
