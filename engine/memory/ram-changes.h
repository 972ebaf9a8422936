/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which parts of a frame buffer in guest RAM have to be looked at again. */

#include "ram.h"

typedef struct RamChanges RamChanges;

/* For `size` bytes (not 0) of the block, which must outlive it. Logs the block's stores until it is freed. */
RamChanges *ram_changes_new (RamBlock *block, uint64_t offset, uint64_t size);
void ram_changes_free (RamChanges *changes);
/* Takes note of what was stored to since the last call; all of it at the first. To be called before the bytes
 * are read, on one thread at a time. Returns whether there is anything. */
bool ram_changes_look (RamChanges *changes);
/* Whether bytes from `offset` (counted as for ram_changes_new()) on may have changed, as of the last look. */
bool ram_changes_in (const RamChanges *changes, uint64_t offset, uint64_t size);
