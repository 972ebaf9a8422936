/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What is put into guest memory at each reset: firmware, kernel, initial RAM disk, device tree, reset code.
 *
 * A file is opened and checked when it is added, so that errors come before the machine exists, and read
 * again at each reset from the same descriptor.  Files come from anywhere: their headers are not trusted. */

#include "memory.h"

typedef struct Loader Loader;

typedef struct {
  uint64_t low,
      high; /* guest physical: first byte, one beyond the last (with memory that the image only reserves) */
  uint64_t entry;
  bool linux_image; /* a Linux Image, which expects what Linux's documentation says of booting it */
} LoadedImage;

/* Files may go to [ram_start, ram_start + ram_size) only; ELF files must be little-endian ones for
 * `elf_machine`. */
Loader *loader_new (uint16_t elf_machine, uint64_t ram_start, uint64_t ram_size);
void loader_free (Loader *loader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Loader, loader_free)

/* Adds an ELF file at the physical addresses it says, or a Linux Image or anything else at `address` (for Arm
 * at its text offset from there); any of them may be compressed by gzip, or be in an EFI application that
 * unpacks itself.  `what` names it in errors ("kernel").  False and an error with cause and remedy when the
 * file cannot be read, is damaged, is for another processor, does not fit, or overlaps what was added before.
 */
bool loader_add_image (Loader *loader, const char *what, const char *path, uint64_t address, LoadedImage *ret,
                       GError **error);
/* An ELF file as above, and anything else as it is. */
bool loader_add_program (Loader *loader, const char *what, const char *path, uint64_t address,
                         LoadedImage *ret, GError **error);
/* The file as it is. */
bool loader_add_raw (Loader *loader, const char *what, const char *path, uint64_t address, LoadedImage *ret,
                     GError **error);
/* Bytes of our own, not confined to RAM. */
bool loader_add_bytes (Loader *loader, const char *what, GBytes *bytes, uint64_t address, GError **error);
/* Replaces what was added under this name with as many other bytes. */
void loader_replace_bytes (Loader *loader, const char *what, GBytes *bytes);

/* Whether nothing was added there; and the largest part of RAM of which that is true. It begins at a multiple
 * of 64 KiB: programs have stacks behind what their file says. */
bool loader_is_free (const Loader *loader, uint64_t address, uint64_t size);
void loader_free_range (const Loader *loader, uint64_t *ret_start, uint64_t *ret_end);

/* Writes it all. False and an error when a file cannot be read (any more). */
bool loader_load (Loader *loader, MemoryMap *memory, GError **error);
