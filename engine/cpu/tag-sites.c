/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tag-sites.h"

/* Without a lock, which another thread might hold when the process forks. An entry that is still 0 is being
 * written; no instruction is there. The number is the first to change, and everything is what it says beyond
 * the entries. */
static uint64_t sites[TAG_SITES];
static unsigned n_sites;

bool
tag_ignored_at (uint64_t pc)
{
  unsigned n = __atomic_load_n (&n_sites, __ATOMIC_ACQUIRE);
  if (n > TAG_SITES)
    return true;
  for (unsigned i = 0; i < n; i++)
    if (__atomic_load_n (&sites[i], __ATOMIC_ACQUIRE) == pc)
      return true;
  return false;
}

TagNews
tag_ignore_at (uint64_t pc)
{
  if (tag_ignored_at (pc))
    return TAG_KNOWN;
  unsigned at = __atomic_fetch_add (&n_sites, 1, __ATOMIC_ACQ_REL);
  if (at >= TAG_SITES)
    return TAG_EVERYWHERE;
  __atomic_store_n (&sites[at], pc, __ATOMIC_RELEASE);
  return TAG_NEW_SITE;
}
