/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Threads for work that waits, started when there is work and gone when there has been none for a while.
 *
 * GLib's pools are not used: one of their threads that gives up waiting at the very moment work arrives leaves it lying
 * there until more arrives, and a guest may be waiting for it. */

#include <glib.h>
#include <stdbool.h>

typedef struct Pool Pool;
typedef struct PoolItem PoolItem;
struct PoolItem {
  PoolItem *next;
};

Pool *pool_new (unsigned max_threads, void (*work) (PoolItem *item));
void pool_push (Pool *pool, PoolItem *item);
/* Waits until all is done. */
void pool_free (Pool *pool);
