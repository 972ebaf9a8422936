/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a boot adds to a device tree, the board's or the user's. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define VIRT_SEED_SIZE 32 /* of /chosen's rng-seed */

/* Whether it is a device tree that is whole; the error names `path`. */
bool virt_fdt_check (GBytes *fdt, const char *path, GError **error);
/* The same tree with /chosen's bootargs (unless NULL), initial RAM disk (unless initrd_end is 0) and a new
 * rng-seed. NULL and an error when the tree does not allow that. */
GBytes *virt_fdt_with_boot (GBytes *fdt, const char *bootargs, uint64_t initrd_start, uint64_t initrd_end,
                            GError **error);
/* A copy with other random numbers: rng-seed and kaslr-seed, where it has them. */
GBytes *virt_fdt_with_new_seed (GBytes *fdt);
