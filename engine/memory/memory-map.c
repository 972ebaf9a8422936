/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory-private.h"

typedef struct {
  void (*changed) (void *opaque);
  void *opaque;
} Listener;

MemoryMap *
memory_map_new (unsigned address_bits)
{
  MemoryMap *map = g_new0 (MemoryMap, 1);
  map->address_bits = CLAMP (address_bits, 1, 64);
  g_rec_mutex_init (&map->lock);
  map->regions = g_ptr_array_new ();
  map->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  atomic_store (&map->view, memory_view_new (map->regions, map->address_bits));
  return map;
}

/* Frees replaced views that nobody reads; with the lock held. */
static void
reclaim (MemoryMap *map)
{
  for (MemoryView **link = &map->replaced; *link != NULL;) {
    MemoryView *view = *link;
    if (memory_epoch_in_use (view->epoch, false)) {
      link = &view->next;
      continue;
    }
    *link = view->next;
    memory_view_free (view);
  }
}

void
memory_map_free (MemoryMap *map)
{
  if (map == NULL)
    return;
  for (guint i = 0; i < map->regions->len; i++)
    ((MemoryRegion *)map->regions->pdata[i])->map = NULL;
  while (map->replaced != NULL) {
    MemoryView *view = map->replaced;
    map->replaced = view->next;
    memory_view_free (view);
  }
  memory_view_free (atomic_load (&map->view));
  g_ptr_array_unref (map->regions);
  g_array_unref (map->listeners);
  g_rec_mutex_clear (&map->lock);
  g_free (map);
}

/* True if the view is another one now. */
static bool
renew_view (MemoryMap *map)
{
  MemoryView *old = atomic_load (&map->view);
  MemoryView *view = memory_view_new (map->regions, map->address_bits);
  map->changed = false;
  if (memory_view_equal (old, view)) {
    memory_view_free (view);
    return false;
  }
  atomic_store (&map->view, view);
  old->epoch = memory_epoch_begin ();
  old->next = map->replaced;
  map->replaced = old;
  reclaim (map);
  return true;
}

void
memory_begin (MemoryMap *map)
{
  g_rec_mutex_lock (&map->lock);
  map->depth++;
}

void
memory_commit (MemoryMap *map)
{
  g_autoptr (GArray) told = NULL;
  if (--map->depth == 0 && map->changed && renew_view (map))
    told = g_array_copy (map->listeners);
  g_rec_mutex_unlock (&map->lock);
  /* Without the lock: a listener may wait for a thread that is changing the map. */
  for (guint i = 0; told != NULL && i < told->len; i++) {
    const Listener *listener = &g_array_index (told, Listener, i);
    listener->changed (listener->opaque);
  }
}

void
memory_region_map (MemoryMap *map, MemoryRegion *region, uint64_t base)
{
  if (region->map != NULL && region->map != map)
    memory_region_unmap (region);
  memory_begin (map);
  if (region->map == NULL || region->base != base) {
    if (region->map != NULL)
      g_ptr_array_remove (map->regions, region);
    g_ptr_array_add (map->regions, region);
    region->map = map;
    region->base = base;
    map->changed = true;
  }
  memory_commit (map);
}

void
memory_region_unmap (MemoryRegion *region)
{
  MemoryMap *map = region->map;
  if (map == NULL)
    return;
  memory_begin (map);
  if (g_ptr_array_remove (map->regions, region)) {
    region->map = NULL;
    map->changed = true;
  }
  memory_commit (map);
}

void
memory_region_set_kind (MemoryRegion *region, MemoryKind kind)
{
  MemoryMap *map = region->map;
  if (map == NULL) {
    region->kind = kind;
    return;
  }
  memory_begin (map);
  if (region->kind != kind) {
    __atomic_store_n (&region->kind, kind, __ATOMIC_SEQ_CST);
    map->changed = true;
  }
  memory_commit (map);
}

void
memory_add_listener (MemoryMap *map, void (*changed) (void *opaque), void *opaque)
{
  Listener listener = { changed, opaque };
  g_rec_mutex_lock (&map->lock);
  g_array_append_val (map->listeners, listener);
  g_rec_mutex_unlock (&map->lock);
}

void
memory_remove_listener (MemoryMap *map, void *opaque)
{
  g_rec_mutex_lock (&map->lock);
  for (guint i = map->listeners->len; i-- > 0;)
    if (g_array_index (map->listeners, Listener, i).opaque == opaque)
      g_array_remove_index (map->listeners, i);
  g_rec_mutex_unlock (&map->lock);
}

void
memory_quiesce (MemoryMap *map)
{
  uint64_t epoch = memory_epoch_begin ();
  while (memory_epoch_in_use (epoch, true))
    g_usleep (50);
  g_rec_mutex_lock (&map->lock);
  reclaim (map);
  g_rec_mutex_unlock (&map->lock);
}

bool
memory_find (MemoryMap *map, uint64_t addr, MemorySection *ret_section)
{
  MemoryReader *reader = memory_reader_enter ();
  const ViewSection *section = memory_view_find (memory_map_view (map), addr);
  if (section != NULL)
    *ret_section = (MemorySection){
      .start = section->start,
      .size = section->last - section->start + 1,
      .kind = section->kind,
      .ram = section->ram,
      .ram_offset = section->ram_offset,
      .region = section->region,
      .offset = section->offset,
    };
  memory_reader_leave (reader);
  return section != NULL;
}
