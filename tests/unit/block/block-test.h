/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the tests of the block room share. */

#include "block.h"

#include <glib.h>

/* A directory for this test program's files, gone at exit; a path in it, newly allocated. */
char *test_path (const char *name);
/* Runs a command made of words (NULL-terminated) and returns its exit status; *ret_output (may be NULL) is
 * what it printed. */
int test_run (char **ret_output, const char *const *words);
/* The same of a format string, split at spaces. */
int test_command (char **ret_output, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Whether qemu-img and qemu-io are there; marks the test as skipped if not. */
bool test_have_qemu (void);
/* Creates an image, options as in "cluster_size=4096,compat=1.1" ("" for none). */
void test_create (const char *path, const char *format, uint64_t size, const char *options);
void test_create_backed (const char *path, uint64_t size, const char *backing, const char *backing_format,
                         const char *options);
Block *test_open (const char *path, const BlockOptions *options);
/* qemu-img and we call it clean. */
void test_check_clean (const char *path, bool leaks_allowed);
void test_fill (uint8_t *buffer, size_t size, uint32_t seed);
/* Fails unless the disk holds exactly `model`. */
void test_same (Block *block, const uint8_t *model, uint64_t size);
