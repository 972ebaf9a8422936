/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory-private.h"

static const char *
kind_name (MemoryKind kind)
{
  switch (kind) {
    case MEMORY_RAM: return "ram";
    case MEMORY_ROM: return "rom";
    case MEMORY_ROMD: return "romd";
    case MEMORY_MMIO: break;
  }
  return "i/o";
}

static int
compare_bases (const void *a, const void *b)
{
  const MemoryRegion *x = *(MemoryRegion *const *)a, *y = *(MemoryRegion *const *)b;
  return x->base < y->base ? -1 : x->base > y->base;
}

static void
print_line (GString *out, int indent, uint64_t first, uint64_t last, const MemoryRegion *region,
            uint64_t offset)
{
  g_string_append_printf (out, "%*s%016" G_GINT64_MODIFIER "x-%016" G_GINT64_MODIFIER "x (prio %d, %s): %s",
                          indent, "", first, last, region->priority, kind_name (region->kind), region->name);
  if (offset != 0)
    g_string_append_printf (out, " @%016" G_GINT64_MODIFIER "x", offset);
  g_string_append_c (out, '\n');
}

static void
print_regions (MemoryMap *map, GString *out)
{
  g_autoptr (GPtrArray) regions = g_ptr_array_copy (map->regions, NULL, NULL);
  if (regions->len > 1)
    qsort (regions->pdata, regions->len, sizeof (gpointer), compare_bases);
  g_string_append (out, "address-space: memory\n"
                        "  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n");
  for (guint i = 0; i < regions->len; i++) {
    const MemoryRegion *region = regions->pdata[i];
    uint64_t after = region->size == 0 ? 0 : region->size - 1;
    print_line (out, 4, region->base, region->base > UINT64_MAX - after ? UINT64_MAX : region->base + after,
                region, 0);
  }
}

static void
print_view (MemoryMap *map, GString *out)
{
  g_string_append (out, "FlatView #0\n AS \"memory\", root: system\n Root memory region: system\n");
  const MemoryView *view = atomic_load (&map->view); /* only replaced with the lock held */
  for (unsigned i = 0; i < view->n; i++) {
    const ViewSection *section = &view->sections[i];
    print_line (out, 2, section->start, section->last, section->region, section->offset);
  }
  if (view->n == 0)
    g_string_append (out, "  No rendered FlatView\n");
}

void
memory_print (MemoryMap *map, bool flat, GString *out)
{
  g_rec_mutex_lock (&map->lock); /* keeps the regions from going */
  (flat ? print_view : print_regions) (map, out);
  g_rec_mutex_unlock (&map->lock);
}
