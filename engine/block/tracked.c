/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "block-int.h"

/* Ranges in use, in the order they came.  A range is in the way of later ones only, even while it waits
 * itself: so nobody waits for ever, and no two wait for each other. */

static bool
in_the_way (Block *block, const BlockTracked *tracked)
{
  for (const BlockTracked *other = tracked->prev; other != &block->tracked_head; other = other->prev) {
    if ((other->exclusive || tracked->exclusive) && other->start < tracked->end &&
        tracked->start < other->end)
      return true;
  }
  return false;
}

static void
enter (Block *block, BlockTracked *tracked, uint64_t start, uint64_t size, bool exclusive)
{
  BlockTracked *head = &block->tracked_head;
  *tracked = (BlockTracked){ head, head->prev, start, start + size, exclusive };
  tracked->prev->next = tracked;
  head->prev = tracked;
}

static void
leave (BlockTracked *tracked)
{
  tracked->prev->next = tracked->next;
  tracked->next->prev = tracked->prev;
}

bool
tracked_try (Block *block, BlockTracked *tracked, uint64_t start, uint64_t size, bool exclusive)
{
  enter (block, tracked, start, size, exclusive);
  if (!in_the_way (block, tracked))
    return true;
  leave (tracked);
  return false;
}

void
tracked_wait (Block *block, BlockTracked *tracked, uint64_t start, uint64_t size, bool exclusive)
{
  g_mutex_lock (&block->map_lock);
  enter (block, tracked, start, size, exclusive);
  block->tracked_waiting++;
  while (in_the_way (block, tracked)) {
    /* What is in the way may have to be completed by a queue of this very thread. */
    g_cond_wait_until (&block->tracked_changed, &block->map_lock, g_get_monotonic_time () + 2000);
    if (!in_the_way (block, tracked))
      break;
    g_mutex_unlock (&block->map_lock);
    block_poll_own_queues (block);
    g_mutex_lock (&block->map_lock);
  }
  block->tracked_waiting--;
  g_mutex_unlock (&block->map_lock);
}

void
tracked_end (Block *block, BlockTracked *tracked)
{
  g_mutex_lock (&block->map_lock);
  leave (tracked);
  if (block->tracked_waiting)
    g_cond_broadcast (&block->tracked_changed);
  g_mutex_unlock (&block->map_lock);
}
