/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The work of convert: several ranges at once, each read, looked at for zeroes and written by one thread. */

#include "img.h"

typedef struct {
  Block **sources; /* one after the other */
  unsigned n_sources;
  Block *target;
  uint64_t unit;    /* the target's ranges are multiples of it: its clusters */
  uint64_t granule; /* as many zeroes are not written; a multiple of `unit`; 0: all are */
  bool compress;
  bool buffered;         /* the target is written through the page cache */
  bool target_is_zero;   /* where nothing is written there are zeroes */
  bool has_backing;      /* what is in a source's backing file is in the target's, too */
  uint64_t backing_size; /* with has_backing */
  bool salvage;          /* what cannot be read is replaced with zeroes, and reported */
  bool quiet;
  unsigned threads;
  uint64_t rate; /* bytes a second; 0: any */
} ImgCopy;

/* The error is G_IO_ERROR_CANCELLED where a signal has asked for the end. */
bool img_copy (const ImgCopy *copy, GError **error);
/* Of all sources; INT64_MAX, which no image can have, if it is more than that. */
uint64_t img_copy_size (const ImgCopy *copy);
