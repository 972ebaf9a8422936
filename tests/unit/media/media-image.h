/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Images for tests, made in memory: small, and as wrong as a test wants them. */

#include "media.h"

typedef struct {
  const char *path; /* "EFI/BOOT/BOOTX64.EFI" */
  const GByteArray *data;
} ImageFile; /* lists end with a NULL path */

typedef enum { ISO_PLAIN, ISO_ROCK_RIDGE, ISO_ROCK_RIDGE_FAR, ISO_JOLIET } IsoNames;

typedef struct {
  uint8_t platform;
  const GByteArray *image;
} IsoBoot;

typedef struct {
  const char *volume;
  IsoNames names; /* FAR: in continuation areas */
  const ImageFile *files;
  const IsoBoot *boot; /* ends with a NULL image */
} IsoSpec;

enum { ISO_CATALOGUE = 20, FIRST_DATA = 21 };

void image_put (GByteArray *image, size_t at, const void *bytes, size_t size);
void image_le (GByteArray *image, size_t at, unsigned bytes, uint64_t value);
void image_be (GByteArray *image, size_t at, unsigned bytes, uint64_t value);
GByteArray *image_text (const char *text);
/* A program of UEFI's. */
GByteArray *image_pe (uint16_t machine);
/* "bzImage", "bzImage32", "Image-arm64", "Image-riscv64", "Image-riscv32", "zImage" */
GByteArray *image_kernel (const char *kind);
GByteArray *image_zboot (uint16_t machine);
GByteArray *image_elf (uint16_t machine, unsigned bits, bool big_endian, bool kernel);
GByteArray *image_gzip (const GByteArray *plain);
/* FAT12, FAT16 or FAT32; files lie in pieces. */
GByteArray *image_fat (unsigned bits, const ImageFile *files);
GByteArray *image_iso (const IsoSpec *spec);
/* Adds a partition to an MBR; `at` and `size` in sectors. */
void image_mbr (GByteArray *image, unsigned index, uint8_t type, bool active, uint32_t at, uint32_t size);
/* A GPT with one partition. `guid` as it is written. */
void image_gpt (GByteArray *image, unsigned sector, const char *guid, uint64_t first, uint64_t last);

/* What is found in it. */
MediaInfo *image_probe (const GByteArray *image);
int image_fd (const GByteArray *image);
/* "x86_64 i386: bios efi" */
char *image_summary (const MediaInfo *info);
bool image_has_remark (const MediaInfo *info, const char *part);
