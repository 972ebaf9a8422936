/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The formats of §5.7.6.8, which are named by the order of bytes in memory. */

#include "virtio-gpu-private.h"

#include <string.h>

typedef enum { AS_IT_IS, REVERSED, RED_FIRST, ALPHA_FIRST } Order;

typedef struct {
  uint16_t format;
  uint8_t order;
} Format;

static const Format formats[] = {
  { VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, AS_IT_IS },    { VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, AS_IT_IS },
  { VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, REVERSED },    { VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, REVERSED },
  { VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, RED_FIRST },   { VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, RED_FIRST },
  { VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM, ALPHA_FIRST }, { VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM, ALPHA_FIRST },
};

static const Format *
find (uint32_t format)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (formats); i++)
    if (formats[i].format == format)
      return &formats[i];
  return NULL;
}

bool
gpu_format_known (uint32_t format)
{
  return find (format) != NULL;
}

/* The pixel as a little-endian number, whose lowest byte comes first. */
static uint32_t
reorder (Order order, uint32_t pixel)
{
  switch (order) {
    case REVERSED: return GUINT32_SWAP_LE_BE (pixel);
    case RED_FIRST: return (pixel & 0xff00ff00) | (pixel & 0xff) << 16 | (pixel >> 16 & 0xff);
    case ALPHA_FIRST: return pixel >> 8 | pixel << 24;
    default: return pixel;
  }
}

void
gpu_format_convert (uint32_t format, uint8_t *pixels, size_t n)
{
  const Format *f = find (format);
  if (f == NULL || f->order == AS_IT_IS)
    return;
  for (size_t i = 0; i < n; i++) {
    uint32_t pixel;
    memcpy (&pixel, pixels + 4 * i, 4);
    pixel = GUINT32_TO_LE (reorder ((Order)f->order, GUINT32_FROM_LE (pixel)));
    memcpy (pixels + 4 * i, &pixel, 4);
  }
}
