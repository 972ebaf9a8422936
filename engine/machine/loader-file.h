/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A file that is read again at each reset, unpacked if it is compressed: by gzip, or a kernel in an EFI
 * application that unpacks itself (Linux's CONFIG_EFI_ZBOOT). */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int refs;
  char *path;
  int fd;
  enum { LOADER_PLAIN, LOADER_GZIP, LOADER_ZSTD } packing;
  uint64_t packed_offset, packed_size; /* what is compressed of it */
  uint64_t size;                       /* unpacked */
  uint64_t limit;                      /* most bytes it may unpack to */
  GBytes *content;                     /* of a compressed file, while it is needed */
} LoaderFile;

/* `what` names the file in errors. Unpacks only if `unpack`; to at most `limit` bytes. */
LoaderFile *loader_file_open (const char *what, const char *path, bool unpack, uint64_t limit,
                              GError **error);
LoaderFile *loader_file_ref (LoaderFile *file);
void loader_file_unref (LoaderFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LoaderFile, loader_file_unref)
/* All of `size` bytes at `offset`, or an error. */
bool loader_file_read (LoaderFile *file, uint64_t offset, void *buffer, uint64_t size, GError **error);
/* Gives back the memory of unpacked content; it is unpacked again when it is read again. */
void loader_file_drop (LoaderFile *file);
