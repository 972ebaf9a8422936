/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a file chosen by a person is, and what starts from it: by its own boot records, never by its name.
 *
 *   ISO 9660 (ECMA-119) with El Torito boot catalogue, an EFI system partition image or EFI files in it,
 * Linux kernels named by a boot loader's configuration; UDF bridge; disk images (raw with MBR or GPT, qcow2);
 * Linux kernels (bzImage, Image, ELF vmlinux, EFI zboot); firmware volumes; compressed images, which are only
 * named.
 *
 * Files are hostile: every offset is checked, nothing grows with what a file claims, and reading stops after
 * MEDIA_BYTES_MAX. */

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

#define MEDIA_BYTES_MAX (UINT64_C (64) << 20)

typedef enum {
  MEDIA_UNKNOWN, /* nothing that a machine starts from, as far as can be told */
  MEDIA_OPTICAL, /* an ISO image */
  MEDIA_DISK,    /* a disk image */
  MEDIA_KERNEL,  /* a Linux kernel */
  MEDIA_FIRMWARE,
  MEDIA_ARCHIVE, /* compressed or an archive: to be unpacked first */
} MediaKind;

/* Ways of starting, as a set. */
typedef enum {
  MEDIA_BOOT_BIOS = 1,
  MEDIA_BOOT_EFI = 2,
  MEDIA_BOOT_KERNEL = 4,
  MEDIA_BOOT_OTHER = 8
} MediaBoot;

typedef struct {
  MediaKind kind;
  char *format;  /* "iso9660", "raw", "qcow2", "vmdk", "bzImage", "Image.gz", "gzip", "html", …; NULL: not
                    known */
  uint64_t size; /* of the file, bytes */
  uint64_t disk_size;   /* what a guest would see; 0: not a disk */
  uint64_t volume_size; /* what an ISO image says of itself, bytes; 0: not one */
  char *volume, *system, *publisher,
      *application;  /* ISO 9660's primary volume descriptor, UTF-8; may be NULL */
  char *description; /* what the system on it calls itself, as in /.disk/info; may be NULL */
  /* Vitrine's names of architectures it starts on ("x86_64", "aarch64", "riscv64", "i386", "arm", …), the
   * surest first; NULL-terminated, empty when nothing tells. */
  char **architectures;
  MediaBoot boot;
  bool hybrid;    /* an ISO image that is a disk image, too */
  char **remarks; /* for people: "the file ends before its last file does", …; NULL-terminated */
} MediaInfo;

/* Reads the file behind `fd` (whose position it does not use). NULL when it cannot be read at all or is no
 * regular file or block device; a file that makes no sense is MEDIA_UNKNOWN with remarks that say why. */
MediaInfo *media_probe (int fd, GCancellable *cancellable, GError **error);
void media_info_free (MediaInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MediaInfo, media_info_free)
/* The same as a{sv}, and back: for the process that probes and the one that asks. The keys are the members'
 * names with hyphens, "boot" is a list of "bios", "efi", "kernel", "other". What is missing, or not of its
 * type, is as if nothing were known. */
GVariant *media_info_to_variant (const MediaInfo *info);
MediaInfo *media_info_from_variant (GVariant *variant);
const char *media_kind_name (MediaKind kind); /* "optical", "disk", … */

/* What libosinfo says of it: to be used in the process that probes only (its data base is large). */
typedef struct {
  char *os_id;   /* "http://debian.org/debian/13", NULL: not known */
  char *os_name; /* "Debian 13" */
  bool installer, live;
  uint64_t memory, disk; /* recommended, bytes; 0: nothing is said */
  unsigned cpus;
  char *architecture; /* Vitrine's name for what libosinfo knows this very file to be for; may be NULL */
} MediaOs;
/* NULL when libosinfo does not know it: neither by the volume's names, nor by a system's name and version in
 * the description, the volume's name or `file_name` (which may be NULL). The file itself is not read again.
 */
MediaOs *media_identify (const MediaInfo *info, const char *file_name, GCancellable *cancellable);
void media_os_free (MediaOs *os);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MediaOs, media_os_free)
/* As a{sv}, whose keys are none of media_info_to_variant()'s: "os-id", "os-name", "os-architecture",
 * "installer", "live" and "recommended" (a{sv} of "memory", "disk", "cpus"). From a dictionary without
 * "os-id": NULL. */
GVariant *media_os_to_variant (const MediaOs *os);
MediaOs *media_os_from_variant (GVariant *variant);
