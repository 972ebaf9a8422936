/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Files that a few bytes tell: disk images of other programs, archives, and what a person takes for an image
 * by mistake. */

#include "media-private.h"

typedef enum {
  ADVICE_CONVERT,
  ADVICE_UNPACK,
  ADVICE_RAW_CD,
  ADVICE_ENCRYPTED,
  ADVICE_PART,
  ADVICE_INITRD
} Advice;

/* Where a header says how large the disk is. */
typedef struct {
  uint16_t at;
  uint8_t bytes; /* 0: nowhere; 4 or 8 */
  bool big_endian;
  uint16_t unit;
} SizeField;

#define M(text) text, sizeof (text) - 1

static const struct {
  uint32_t at;
  const char *magic;
  uint8_t length;
  MediaKind kind;
  const char *format;
  Advice advice;
  SizeField size;
} formats[] = {
  { 0, M ("KDMV"), MEDIA_DISK, "vmdk", ADVICE_CONVERT, { 12, 8, false, 512 } },
  { 0, M ("COWD"), MEDIA_DISK, "vmdk", ADVICE_CONVERT, { 12, 4, false, 512 } },
  { 0, M ("# Disk DescriptorFile"), MEDIA_DISK, "vmdk", ADVICE_CONVERT, { 0 } },
  { 0x40, M ("\x7f\x10\xda\xbe"), MEDIA_DISK, "vdi", ADVICE_CONVERT, { 0x170, 8, false, 1 } },
  { 0, M ("conectix"), MEDIA_DISK, "vhd", ADVICE_CONVERT, { 48, 8, true, 1 } },
  { 0, M ("vhdxfile"), MEDIA_DISK, "vhdx", ADVICE_CONVERT, { 0 } },
  { 0, M ("QED\0"), MEDIA_DISK, "qed", ADVICE_CONVERT, { 48, 8, false, 1 } },
  { 0, M ("QFI\xfb\0\0\0\1"), MEDIA_DISK, "qcow", ADVICE_CONVERT, { 24, 8, true, 1 } },
  { 0, M ("WithoutFreeSpace"), MEDIA_DISK, "parallels", ADVICE_CONVERT, { 36, 4, false, 512 } },
  { 0, M ("WithouFreSpacExt"), MEDIA_DISK, "parallels", ADVICE_CONVERT, { 36, 8, false, 512 } },
  { 0, M ("LUKS\xba\xbe"), MEDIA_DISK, "luks", ADVICE_ENCRYPTED, { 0 } },
  { 0, M ("\0\377\377\377\377\377\377\377\377\377\377\0"), MEDIA_UNKNOWN, "cd-raw", ADVICE_RAW_CD, { 0 } },
  { 0, M ("\x1f\x8b"), MEDIA_ARCHIVE, "gzip", ADVICE_UNPACK, { 0 } },
  { 0,
    M ("\xfd"
       "7zXZ\0"),
    MEDIA_ARCHIVE,
    "xz",
    ADVICE_UNPACK,
    { 0 } },
  { 0, M ("\x28\xb5\x2f\xfd"), MEDIA_ARCHIVE, "zstd", ADVICE_UNPACK, { 0 } },
  { 0, M ("BZh"), MEDIA_ARCHIVE, "bzip2", ADVICE_UNPACK, { 0 } },
  { 0, M ("\x04\x22\x4d\x18"), MEDIA_ARCHIVE, "lz4", ADVICE_UNPACK, { 0 } },
  { 0, M ("LZIP"), MEDIA_ARCHIVE, "lzip", ADVICE_UNPACK, { 0 } },
  { 0, M ("PK\3\4"), MEDIA_ARCHIVE, "zip", ADVICE_UNPACK, { 0 } },
  { 0, M ("7z\xbc\xaf\x27\x1c"), MEDIA_ARCHIVE, "7z", ADVICE_UNPACK, { 0 } },
  { 0, M ("Rar!\x1a\x07"), MEDIA_ARCHIVE, "rar", ADVICE_UNPACK, { 0 } },
  { 257, M ("ustar"), MEDIA_ARCHIVE, "tar", ADVICE_UNPACK, { 0 } },
  { 0, M ("hsqs"), MEDIA_ARCHIVE, "squashfs", ADVICE_PART, { 0 } },
  { 0, M ("070701"), MEDIA_ARCHIVE, "cpio", ADVICE_INITRD, { 0 } },
  { 0, M ("070702"), MEDIA_ARCHIVE, "cpio", ADVICE_INITRD, { 0 } },
  { 0, M ("MSWIM\0\0\0"), MEDIA_ARCHIVE, "wim", ADVICE_PART, { 0 } },
};

/* File systems without a partition table around them. */
static const struct {
  uint32_t at;
  const char *magic;
  uint8_t length;
  const char *name;
} filesystems[] = {
  { 1080, M ("\x53\xef"), "ext2, ext3 or ext4" },
  { 0, M ("XFSB"), "XFS" },
  { 0x10040, M ("_BHRfS_M"), "Btrfs" },
  { 1024, M ("H+"), "HFS+" },
  { 1024, M ("HX"), "HFS+" },
  { 1024, M ("BD"), "HFS" },
  { 3, M ("NTFS    "), "NTFS" },
  { 3, M ("EXFAT   "), "exFAT" },
  { 1024, M ("\x10\x20\xf5\xf2"), "F2FS" },
};

static bool
has_magic (const View *view, uint32_t at, const char *magic, size_t length)
{
  uint8_t bytes[24];
  return length <= sizeof bytes && view_read_all (view, at, bytes, length) && !memcmp (bytes, magic, length);
}

static uint64_t
read_size (const View *view, const SizeField *field)
{
  uint8_t bytes[8];
  if (!field->bytes || !view_read_all (view, field->at, bytes, field->bytes))
    return 0;
  uint64_t value = field->bytes == 4   ? field->big_endian ? be32 (bytes) : le32 (bytes)
                     : field->big_endian ? be64 (bytes)
                                       : le64 (bytes);
  return value <= UINT64_MAX / field->unit ? value * field->unit : 0;
}

static void
take_advice (Probe *probe, Advice advice)
{
  const char *format = probe->info->format;
  switch (advice) {
    case ADVICE_CONVERT:
      probe_remark (probe,
                    "A machine's disk is a qcow2 or raw image, and this is a %s image. Convert it first: "
                    "qemu-img convert -O qcow2 FILE NEW.qcow2",
                    format);
      break;
    case ADVICE_UNPACK:
      probe_remark (probe, "The file is packed (%s). Unpack it, and choose the image that is in it.", format);
      break;
    case ADVICE_RAW_CD:
      probe_remark (probe, "This is a copy of a CD with raw sectors of 2352 bytes, as in BIN and CUE files. "
                           "Convert it to an ISO image first, with bchunk for example.");
      break;
    case ADVICE_ENCRYPTED:
      probe_remark (probe, "The image is encrypted (LUKS), so nothing can be said of what is on it.");
      break;
    case ADVICE_PART:
      probe_remark (probe, "This is a part of an installation medium (%s). Choose the whole ISO image.",
                    format);
      break;
    case ADVICE_INITRD:
      probe_remark (probe, "This is a file system for the start of Linux (initrd). "
                           "Choose the kernel that it belongs to.");
      break;
  }
}

/* What a gzip file holds, as far as its beginning tells. */
static bool
is_packed_initrd (const View *view)
{
  uint8_t packed[4096], plain[4096];
  size_t size = view_read (view, 0, packed, sizeof packed);
  return kernel_unpack (packed, size, plain, sizeof plain) >= 6 && !memcmp (plain, "07070", 5);
}

static bool
probe_known (Probe *probe, const View *view)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (!has_magic (view, formats[i].at, formats[i].magic, formats[i].length))
      continue;
    probe->info->kind = formats[i].kind;
    probe->info->format = g_strdup (formats[i].format);
    probe->info->disk_size = read_size (view, &formats[i].size);
    bool initrd = !strcmp (formats[i].format, "gzip") && is_packed_initrd (view);
    take_advice (probe, initrd ? ADVICE_INITRD : formats[i].advice);
    return true;
  }
  return false;
}

/* An appliance is a tar file that begins with its description. */
static void
refine_tar (Probe *probe, const View *view)
{
  uint8_t name[100];
  if (g_strcmp0 (probe->info->format, "tar") || !view_read_all (view, 0, name, sizeof name))
    return;
  size_t length = strnlen ((const char *)name, sizeof name);
  if (length < 4 || g_ascii_strncasecmp ((const char *)name + length - 4, ".ovf", 4))
    return;
  g_free (probe->info->format);
  probe->info->format = g_strdup ("ova");
  probe_remark (
      probe, "This is a virtual appliance. The disk image in it is to be taken out (tar -xf) and converted.");
}

/* A fixed VHD and Apple's images end with what says so. */
static bool
probe_footer (Probe *probe, const View *view)
{
  uint8_t footer[512];
  if (view->size < 1024 || !view_read_all (view, view->size - 512, footer, sizeof footer))
    return false;
  bool vhd = !memcmp (footer, "conectix", 8);
  if (!vhd && memcmp (footer, "koly", 4))
    return false;
  probe->info->kind = MEDIA_DISK;
  probe->info->format = g_strdup (vhd ? "vhd" : "dmg");
  probe->info->disk_size = vhd ? be64 (footer + 48) : 0;
  take_advice (probe, ADVICE_CONVERT);
  return true;
}

static void
set_filesystem (Probe *probe, const View *view, const char *name, bool loader)
{
  probe->info->kind = MEDIA_DISK;
  probe->info->format = g_strdup ("raw");
  probe->info->disk_size = view->size;
  if (loader)
    probe->info->boot |= MEDIA_BOOT_EFI;
  else
    probe_remark (probe,
                  "It is a file system (%s) without a boot record: a machine can use it as a second disk.",
                  name);
}

bool
filesystem_probe (Probe *probe, const View *view, bool in_first_sector)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (filesystems); i++) {
    if ((filesystems[i].at < 512) == in_first_sector &&
        has_magic (view, filesystems[i].at, filesystems[i].magic, filesystems[i].length)) {
      set_filesystem (probe, view, filesystems[i].name, false);
      return true;
    }
  }
  Fat fat;
  if (!in_first_sector || !fat_open (&fat, view))
    return false;
  set_filesystem (probe, view, "FAT", efi_probe_tree (probe, &fat.tree));
  return true;
}

/* ---- Texts ---- */

static bool
is_text (const uint8_t *bytes, size_t n)
{
  const char *end;
  if (!n || (!g_utf8_validate ((const char *)bytes, (gssize)n, &end) &&
             (size_t)(end - (const char *)bytes) + 4 < n)) /* a character may be cut at the end */
    return false;
  for (size_t i = 0; i < n; i++) {
    if (bytes[i] < ' ' && !strchr ("\t\n\r\f\033", bytes[i]))
      return false;
  }
  return true;
}

static bool
is_html (const char *text)
{
  g_autofree char *lower = g_ascii_strdown (text, -1);
  return strstr (lower, "<!doctype html") || strstr (lower, "<html") || strstr (lower, "<head>");
}

bool
text_probe (Probe *probe, const View *view)
{
  uint8_t bytes[2049];
  size_t n = view_read (view, 0, bytes, sizeof bytes - 1);
  bytes[n] = '\0';
  if (memchr (bytes, '\0', n) || !is_text (bytes, n))
    return false;
  bool html = is_html ((const char *)bytes);
  probe->info->format = g_strdup (html ? "html" : "text");
  if (html)
    probe_remark (probe, "This is a web page, not a disk image: the download failed. "
                         "Download the image again, from its own address.");
  else
    probe_remark (probe, "This is a text, not a disk image. Choose another file.");
  return true;
}

bool
formats_probe (Probe *probe, const View *view)
{
  if (!probe_known (probe, view))
    return probe_footer (probe, view);
  refine_tar (probe, view);
  return true;
}
