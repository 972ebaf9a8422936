/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory-private.h"

#include <string.h>

/* Making a view: the ends of all regions cut the space into pieces, each of which shows its foremost region.
 */

typedef struct {
  MemoryRegion *region;
  uint64_t first, last;
  guint order; /* of mapping */
} Extent;

static int
compare_precedence (const void *a, const void *b)
{
  const Extent *x = a, *y = b;
  if (x->region->priority != y->region->priority)
    return x->region->priority > y->region->priority ? -1 : 1;
  return x->order > y->order ? -1 : x->order < y->order;
}

static int
compare_addresses (const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* What of the region can be seen at all: its block may be shorter, and the address space may end inside it.
 */
static bool
region_extent (MemoryRegion *region, uint64_t space_last, Extent *ret_extent)
{
  uint64_t size = region->size;
  if (region->kind != MEMORY_MMIO) {
    if (region->ram == NULL || region->ram_offset >= region->ram->size)
      return false;
    size = MIN (size, region->ram->size - region->ram_offset);
  }
  if (size == 0 || region->base > space_last)
    return false;
  *ret_extent = (Extent){ .region = region, .first = region->base };
  ret_extent->last = size - 1 > space_last - region->base ? space_last : region->base + (size - 1);
  return true;
}

static GArray *
collect_extents (const GPtrArray *regions, unsigned address_bits)
{
  uint64_t space_last = address_bits >= 64 ? UINT64_MAX : (UINT64_C (1) << address_bits) - 1;
  GArray *extents = g_array_new (FALSE, FALSE, sizeof (Extent));
  for (guint i = 0; i < regions->len; i++) {
    Extent extent;
    if (!region_extent (regions->pdata[i], space_last, &extent))
      continue;
    extent.order = i;
    g_array_append_val (extents, extent);
  }
  if (extents->len > 1)
    qsort (extents->data, extents->len, sizeof (Extent), compare_precedence);
  return extents;
}

/* The first addresses of pieces, sorted; the end of the space is none. */
static GArray *
collect_cuts (const GArray *extents)
{
  GArray *cuts = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  for (guint i = 0; i < extents->len; i++) {
    const Extent *extent = &g_array_index (extents, Extent, i);
    g_array_append_val (cuts, extent->first);
    if (extent->last != UINT64_MAX) {
      uint64_t after = extent->last + 1;
      g_array_append_val (cuts, after);
    }
  }
  if (cuts->len > 1)
    qsort (cuts->data, cuts->len, sizeof (uint64_t), compare_addresses);
  return cuts;
}

static void
add_piece (MemoryView *view, MemoryRegion *region, uint64_t first, uint64_t last)
{
  ViewSection *before = view->n == 0 ? NULL : &view->sections[view->n - 1];
  if (before != NULL && before->region == region && before->last + 1 == first) {
    before->last = last;
    return;
  }
  uint64_t offset = first - region->base;
  view->starts[view->n] = first;
  view->sections[view->n++] = (ViewSection){
    .start = first,
    .last = last,
    .kind = region->kind,
    .region = region,
    .offset = offset,
    .ram = region->ram,
    .ram_offset = region->ram_offset + offset,
    .ops = region->ops,
    .opaque = region->opaque,
  };
}

MemoryView *
memory_view_new (const GPtrArray *regions, unsigned address_bits)
{
  g_autoptr (GArray) extents = collect_extents (regions, address_bits);
  g_autoptr (GArray) cuts = collect_cuts (extents);
  MemoryView *view = g_new0 (MemoryView, 1);
  view->starts = g_new0 (uint64_t, cuts->len + 1);
  view->sections = g_new0 (ViewSection, cuts->len + 1);
  for (guint i = 0; i < cuts->len; i++) {
    uint64_t first = g_array_index (cuts, uint64_t, i);
    uint64_t last = i + 1 < cuts->len ? g_array_index (cuts, uint64_t, i + 1) - 1 : UINT64_MAX;
    if (i + 1 < cuts->len && last + 1 == first)
      continue; /* two cuts at one place */
    for (guint e = 0; e < extents->len; e++) {
      const Extent *extent = &g_array_index (extents, Extent, e);
      if (extent->first <= first && first <= extent->last) {
        add_piece (view, extent->region, first, MIN (last, extent->last));
        break;
      }
    }
  }
  return view;
}

void
memory_view_free (MemoryView *view)
{
  g_free (view->starts);
  g_free (view->sections);
  g_free (view);
}

bool
memory_view_equal (const MemoryView *a, const MemoryView *b)
{
  if (a->n != b->n)
    return false;
  for (unsigned i = 0; i < a->n; i++) {
    const ViewSection *x = &a->sections[i], *y = &b->sections[i];
    if (x->start != y->start || x->last != y->last || x->kind != y->kind || x->region != y->region ||
        x->offset != y->offset || x->ram != y->ram || x->ram_offset != y->ram_offset || x->ops != y->ops ||
        x->opaque != y->opaque)
      return false;
  }
  return true;
}
