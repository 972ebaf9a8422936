/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Saved state: resources with pixels and backing, what is shown, cursors. */

#include "virtio-gpu-private.h"

#include <gio/gio.h>
#include <string.h>

#define BACKING_TYPE  "a(tu)"
#define RESOURCE_TYPE "(uuuuayb" BACKING_TYPE ")"
#define SCANOUT_TYPE  "(uuuuubuu)"
#define CURSOR_TYPE   "(buuiiau)"

static GVariant *
save_resource (const GpuResource *r)
{
  GVariantBuilder backing;
  g_variant_builder_init (&backing, G_VARIANT_TYPE (BACKING_TYPE));
  for (unsigned i = 0; i < r->backing->len; i++) {
    const GpuPiece *piece = &g_array_index (r->backing, GpuPiece, i);
    g_variant_builder_add (&backing, "(tu)", piece->addr, piece->size);
  }
  GVariant *pixels =
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, r->pixels, (gsize)4 * r->width * r->height, 1);
  return g_variant_new ("(uuuu@ayb@" BACKING_TYPE ")", r->id, r->format, r->width, r->height, pixels,
                        r->backed, g_variant_builder_end (&backing));
}

static GVariant *
save_cursor (const GpuScanout *s)
{
  uint32_t argb[GPU_CURSOR_SIDE * GPU_CURSOR_SIDE], hot_x, hot_y;
  int32_t x, y;
  const bool on = display_cursor (s->display, argb, &hot_x, &hot_y, &x, &y);
  GVariant *image = g_variant_new_fixed_array (G_VARIANT_TYPE_UINT32, argb, on ? G_N_ELEMENTS (argb) : 0, 4);
  return g_variant_new ("(buuii@au)", on, hot_x, hot_y, x, y, image);
}

void
gpu_save (Device *dev, GVariantBuilder *state)
{
  VirtioGpu *gpu = (VirtioGpu *)dev;
  GVariantBuilder resources, scanouts, cursors;
  g_autoptr (GList) all = g_hash_table_get_values (gpu->resources);
  g_variant_builder_init (&resources, G_VARIANT_TYPE ("a" RESOURCE_TYPE));
  g_variant_builder_init (&scanouts, G_VARIANT_TYPE ("a" SCANOUT_TYPE));
  g_variant_builder_init (&cursors, G_VARIANT_TYPE ("a" CURSOR_TYPE));
  for (const GList *l = all; l != NULL; l = l->next)
    g_variant_builder_add_value (&resources, save_resource (l->data));
  for (unsigned i = 0; i < gpu->max_outputs; i++) {
    const GpuScanout *s = &gpu->scanouts[i];
    g_variant_builder_add (&scanouts, SCANOUT_TYPE, s->resource_id, s->x, s->y, s->width, s->height,
                           s->wanted, s->want_width, s->want_height);
    g_variant_builder_add_value (&cursors, save_cursor (s));
  }
  g_variant_builder_add (state, "{sv}", "resources", g_variant_builder_end (&resources));
  g_variant_builder_add (state, "{sv}", "scanouts", g_variant_builder_end (&scanouts));
  g_variant_builder_add (state, "{sv}", "cursors", g_variant_builder_end (&cursors));
}

static bool
load_resource (VirtioGpu *gpu, GVariant *state)
{
  uint32_t id, format, width, height, size;
  uint64_t addr;
  gboolean backed;
  gsize n;
  g_autoptr (GVariant) pixels = NULL;
  g_autoptr (GVariantIter) backing = NULL;
  g_variant_get (state, "(uuuu@ayb" BACKING_TYPE ")", &id, &format, &width, &height, &pixels, &backed,
                 &backing);
  const uint8_t *bytes = g_variant_get_fixed_array (pixels, &n, 1);
  if (n != UINT64_C (4) * width * height || gpu_resource_create (gpu, id, format, width, height) != 0)
    return false;
  GpuResource *resource = gpu_resource_find (gpu, id);
  memcpy (resource->pixels, bytes, n);
  resource->backed = backed;
  while (g_variant_iter_next (backing, "(tu)", &addr, &size))
    if (!backed || gpu_resource_add_backing (gpu, resource, addr, size) != 0)
      return false;
  return true;
}

static bool
load_scanout (VirtioGpu *gpu, unsigned index, GVariant *state)
{
  GpuScanout *s = &gpu->scanouts[index];
  struct virtio_gpu_rect r;
  uint32_t id, want_width, want_height;
  gboolean wanted;
  g_variant_get (state, SCANOUT_TYPE, &id, &r.x, &r.y, &r.width, &r.height, &wanted, &want_width,
                 &want_height);
  if (want_width - 1 >= GPU_MAX_SIDE || want_height - 1 >= GPU_MAX_SIDE)
    return false;
  s->wanted = wanted || index == 0;
  s->want_width = want_width;
  s->want_height = want_height;
  if (id == 0) {
    gpu_scanout_off (s);
    return true;
  }
  const GpuResource *resource = gpu_resource_find (gpu, id);
  if (resource == NULL || !gpu_resource_has (resource, &r))
    return false;
  gpu_scanout_show (s, resource, &r);
  display_update (s->display, 0, 0, r.width, r.height);
  return true;
}

static bool
load_cursor (GpuScanout *s, GVariant *state)
{
  g_autoptr (GVariant) image = NULL;
  uint32_t hot_x, hot_y;
  int32_t x, y;
  gboolean on;
  gsize n;
  g_variant_get (state, "(buuii@au)", &on, &hot_x, &hot_y, &x, &y, &image);
  const uint32_t *argb = g_variant_get_fixed_array (image, &n, 4);
  if (n != (on ? GPU_CURSOR_SIDE * GPU_CURSOR_SIDE : 0))
    return false;
  display_set_cursor (s->display, on ? argb : NULL, hot_x, hot_y);
  display_move_cursor (s->display, x, y);
  return true;
}

static bool
load_all (VirtioGpu *gpu, GVariant *resources, GVariant *scanouts, GVariant *cursors)
{
  bool ok = g_variant_n_children (scanouts) == gpu->max_outputs &&
            g_variant_n_children (cursors) == gpu->max_outputs;
  for (gsize i = 0; ok && i < g_variant_n_children (resources); i++) {
    g_autoptr (GVariant) one = g_variant_get_child_value (resources, i);
    ok = load_resource (gpu, one);
  }
  for (unsigned i = 0; ok && i < gpu->max_outputs; i++) {
    g_autoptr (GVariant) scanout = g_variant_get_child_value (scanouts, i);
    g_autoptr (GVariant) cursor = g_variant_get_child_value (cursors, i);
    ok = load_scanout (gpu, i, scanout) && load_cursor (&gpu->scanouts[i], cursor);
  }
  return ok;
}

bool
gpu_load (Device *dev, GVariant *state, GError **error)
{
  VirtioGpu *gpu = (VirtioGpu *)dev;
  g_autoptr (GVariant) resources =
      g_variant_lookup_value (state, "resources", G_VARIANT_TYPE ("a" RESOURCE_TYPE));
  g_autoptr (GVariant) scanouts =
      g_variant_lookup_value (state, "scanouts", G_VARIANT_TYPE ("a" SCANOUT_TYPE));
  g_autoptr (GVariant) cursors = g_variant_lookup_value (state, "cursors", G_VARIANT_TYPE ("a" CURSOR_TYPE));
  gpu_scanouts_reset (gpu);
  gpu_resources_free (gpu);
  if (resources != NULL && scanouts != NULL && cursors != NULL &&
      load_all (gpu, resources, scanouts, cursors))
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "%s: the saved pictures are not those of a device with max_outputs=%u and its max_hostmem; "
               "start with the options the machine was saved with",
               dev->path, gpu->max_outputs);
  return false;
}
