/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* User mode: which of the process's instructions have met an address with a tag in its top byte.  Compiled
 * code takes such an address to the host as it is, so that programs without tags pay nothing, and the host
 * faults; at these instructions it takes the tag off first.  After so many of them that the program must be
 * one that tags all it can, every instruction is taken to be one. */

#include <stdbool.h>
#include <stdint.h>

#define TAG_SITES 64

typedef enum {
  TAG_KNOWN,      /* it is one already: the code that faulted was older */
  TAG_NEW_SITE,   /* code with this instruction is to be made again */
  TAG_EVERYWHERE, /* all code is to be made again */
} TagNews;

/* The instruction at pc has met a tag. Any thread may say so. */
TagNews tag_ignore_at (uint64_t pc);
bool tag_ignored_at (uint64_t pc);
