/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>

/* Room for writes to new clusters, made and settled from what is in memory, so that a queue can do the I/O
 * itself and no worker is needed. */

/* How far the file is made longer than is needed now: an eighth of it, within these bounds. Closing cuts off
 * what was not used. */
#define AHEAD_MIN (UINT64_C (1) << 20)
#define AHEAD_MAX (UINT64_C (16) << 20)

/* File systems let one direct write at a time make a file longer, and each that needs space takes a while to
 * find it.  So both are done before, for many of them.  Where there is no space a hole is as good, and the
 * writes themselves will tell. */
void
qcow2_lengthen (Qcow2 *s, uint64_t end)
{
  if (!s->file->direct || s->file->is_device || end <= s->reserved)
    return;
  int64_t length = file_length (s->file);
  uint64_t now = (uint64_t)MAX (length, 0), ahead = CLAMP (end / 8, AHEAD_MIN, AHEAD_MAX);
  s->reserved = MAX (end + ahead, now);
  if (length < 0 || (now < s->reserved && file_reserve (s->file, now, s->reserved - now) < 0 &&
                     file_truncate (s->file, s->reserved) < 0))
    s->reserved = end;
}

/* Whether the entry holds no data and no cluster, so that nothing need be read or kept. *zero is cleared
 * where a backing file shows through. */
static bool
is_vacant (Qcow2 *s, const Qcow2Slice *slice, uint64_t start, bool *zero)
{
  Qcow2Map map;
  uint64_t entry, bitmap, size = s->cluster_size;
  qcow2_entry_load (s, slice, start, &entry, &bitmap);
  qcow2_decode (s, entry, bitmap, 0, &map);
  if (entry & QCOW2_OFFSET_MASK || (map.type != MAP_UNALLOCATED && map.type != MAP_ZERO))
    return false;
  /* Of an extended entry that is only the first subcluster; the others may be different. */
  if (map.type == MAP_UNALLOCATED || s->extended_l2)
    *zero &= qcow2_backing_is_zero (s, start, &size);
  return true;
}

/* Holds s->lock. */
static bool
find_room (Qcow2 *s, uint64_t offset, uint64_t size, BlockRoom *ret_room)
{
  uint64_t mask = s->cluster_size - 1, end = offset + size, got, host;
  BlockRoom room = { .first = offset >> s->cluster_bits,
                     .begin = offset & ~mask,
                     .stop = (end + mask) & ~mask };
  room.n = (room.stop >> s->cluster_bits) - room.first;
  const Qcow2Slice *slice = qcow2_slice_at_hand (s, offset);
  bool whole = room.begin == offset && room.stop == end, zero = true, virgin;
  if (!slice || slice->suspicious || room.first % s->slice_entries + room.n > s->slice_entries)
    return false;
  for (uint64_t at = room.begin; at < room.stop; at += s->cluster_size) {
    if (!is_vacant (s, slice, at, &zero))
      return false;
  }
  if ((!whole && !zero) || !qcow2_alloc_is_fast (s) || qcow2_alloc (s, room.n, &host, &got, &virgin) < 0)
    return false;
  if (got < room.n || (!whole && !virgin)) {
    qcow2_unalloc (s, host, got);
    return false;
  }
  if (virgin)
    qcow2_lengthen (s, host + (room.n << s->cluster_bits));
  if (s->extended_l2 && !whole) {
    room.begin = offset - offset % s->subcluster_size;
    room.stop = round_up (end, s->subcluster_size);
  }
  room.host = host;
  *ret_room = room;
  return true;
}

bool
qcow2_make_room (Block *block, uint64_t offset, uint64_t size, BlockSegment *ret_segment, BlockRoom *ret_room)
{
  Qcow2 *s = block->priv;
  if (!g_mutex_trylock (&s->lock))
    return false;
  bool found = s->modifiable && find_room (s, offset, size, ret_room);
  g_mutex_unlock (&s->lock);
  if (found)
    *ret_segment =
        (BlockSegment){ s->file, ret_room->host + (offset - (ret_room->first << s->cluster_bits)), size };
  return found;
}

int
qcow2_settle (Block *block, const BlockRoom *room, int result, bool may_wait)
{
  Qcow2 *s = block->priv;
  if (may_wait)
    g_mutex_lock (&s->lock);
  else if (result < 0 || !g_mutex_trylock (&s->lock))
    return -EAGAIN;
  if (result < 0)
    qcow2_unalloc (s, room->host, room->n);
  else if (may_wait || qcow2_slice_at_hand (s, room->first << s->cluster_bits))
    result = qcow2_link (s, room, true);
  else
    result = -EAGAIN;
  g_mutex_unlock (&s->lock);
  return result;
}
