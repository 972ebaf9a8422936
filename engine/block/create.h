/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside the block room: making images. */

#include "block-int.h"

typedef enum {
  PREALLOCATION_OFF,
  PREALLOCATION_METADATA,
  PREALLOCATION_FALLOC,
  PREALLOCATION_FULL
} Preallocation;

/* What -o says, checked one by one; how they go together is the format's to check. */
typedef struct {
  uint64_t size;
  char *backing_file, *backing_format;
  uint64_t cluster_size;
  unsigned refcount_bits;
  bool lazy_refcounts, extended_l2;
  bool compat_v2;
  bool zstd;
  Preallocation preallocation;
} CreateOptions;

/* `names`: what the format has, NULL-terminated. */
bool create_parse (const char *path, const BlockCreate *create, const char *const *names,
                   CreateOptions *ret_options, GError **error);
void create_options_clear (CreateOptions *options);

/* The file, locked and empty. What was in it is gone; nothing is done to an image in use. */
BlockFile *create_file (const char *path, GError **error);
/* Makes it `size` bytes long. */
bool create_space (BlockFile *file, uint64_t size, Preallocation preallocation, GError **error);
/* Closes it. Returns ok; an unfinished image is removed, if it is a file. */
bool create_finish (BlockFile *file, bool ok);
