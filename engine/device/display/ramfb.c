/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ramfb.h"

#include <gio/gio.h>
#include <inttypes.h>
#include <string.h>

#define MAX_SIDE  16384
#define MAX_BYTES (UINT64_C (256) << 20)

/* ---- Formats: DRM's codes, bytes in memory to B G R x ---- */

typedef struct RamfbFormat {
  char code[4];
  unsigned bytes; /* a pixel */
  void (*convert) (const uint8_t *from, uint8_t *to, uint32_t n);
} RamfbFormat;

static void
convert_bgrx (const uint8_t *from, uint8_t *to, uint32_t n)
{
  memcpy (to, from, UINT64_C (4) * n);
}

static void
convert_rgbx (const uint8_t *from, uint8_t *to, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++, from += 4, to += 4) {
    to[0] = from[2];
    to[1] = from[1];
    to[2] = from[0];
    to[3] = 0xff;
  }
}

static void
convert_bgr (const uint8_t *from, uint8_t *to, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++, from += 3, to += 4) {
    memcpy (to, from, 3);
    to[3] = 0xff;
  }
}

static void
convert_rgb (const uint8_t *from, uint8_t *to, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++, from += 3, to += 4) {
    to[0] = from[2];
    to[1] = from[1];
    to[2] = from[0];
    to[3] = 0xff;
  }
}

static void
convert_565 (const uint8_t *from, uint8_t *to, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++, from += 2, to += 4) {
    const unsigned pixel = from[0] | from[1] << 8;
    const unsigned r = pixel >> 11, g = pixel >> 5 & 63, b = pixel & 31;
    to[0] = (uint8_t)(b << 3 | b >> 2);
    to[1] = (uint8_t)(g << 2 | g >> 4);
    to[2] = (uint8_t)(r << 3 | r >> 2);
    to[3] = 0xff;
  }
}

static const RamfbFormat formats[] = {
  { "XR24", 4, convert_bgrx }, { "AR24", 4, convert_bgrx }, { "XB24", 4, convert_rgbx },
  { "AB24", 4, convert_rgbx }, { "RG24", 3, convert_bgr },  { "BG24", 3, convert_rgb },
  { "RG16", 2, convert_565 },
};

static const RamfbFormat *
find_format (uint32_t fourcc)
{
  const uint32_t code = GUINT32_TO_LE (fourcc);
  for (unsigned i = 0; i < G_N_ELEMENTS (formats); i++)
    if (memcmp (formats[i].code, &code, 4) == 0)
      return &formats[i];
  return NULL;
}

/* ---- Configuration ---- */

typedef struct {
  uint64_t addr;
  uint32_t fourcc, flags, width, height, stride;
} __attribute__ ((packed)) RamfbConfig;

G_STATIC_ASSERT (sizeof (RamfbConfig) == 28);

/* A file cannot be taken from fw_cfg again: it outlives the device. */
static struct {
  RamfbConfig config;
  Ramfb *ramfb;
  GMutex lock; /* of `ramfb` */
} file;

/* With the lock. */
static void
switch_off (Ramfb *fb)
{
  if (fb->format == NULL)
    return;
  fb->format = NULL;
  display_set_surface (fb->display, NULL);
  g_clear_pointer (&fb->pixels, g_free);
  g_clear_pointer (&fb->changes, ram_changes_free);
}

/* Only lines that were drawn to need a look, where the frame buffer is in one piece. */
static RamChanges *
log_changes (Ramfb *fb)
{
  const uint64_t size = (uint64_t)fb->stride * (fb->height - 1) + (uint64_t)fb->format->bytes * fb->width;
  MemorySection section;
  if (!memory_find (fb->fw_cfg->memory, fb->addr, &section) || section.kind != MEMORY_RAM)
    return NULL;
  const uint64_t skip = fb->addr - section.start;
  return section.size - skip < size ? NULL : ram_changes_new (section.ram, section.ram_offset + skip, size);
}

/* Takes the numbers over if they describe a screen; all zero switches it off. */
static bool
parse (Ramfb *fb, const RamfbConfig *config)
{
  const RamfbFormat *format = find_format (GUINT32_FROM_BE (config->fourcc));
  const uint32_t width = GUINT32_FROM_BE (config->width), height = GUINT32_FROM_BE (config->height);
  const uint64_t addr = GUINT64_FROM_BE (config->addr);
  uint64_t stride = GUINT32_FROM_BE (config->stride);
  if (format == NULL || width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE ||
      UINT64_C (4) * width * height > MAX_BYTES)
    return false;
  const uint64_t line = (uint64_t)format->bytes * width;
  if (stride == 0)
    stride = line;
  if (stride < line || stride * (height - 1) + line > UINT64_MAX - addr)
    return false;
  uint8_t *pixels = g_try_malloc0 (UINT64_C (4) * width * height);
  if (pixels == NULL)
    return false;
  switch_off (fb);
  fb->format = format;
  fb->addr = addr;
  fb->width = width;
  fb->height = height;
  fb->stride = (uint32_t)stride;
  fb->pixels = pixels;
  fb->changes = log_changes (fb);
  return true;
}

static void
configured (void *opaque, size_t offset, size_t size)
{
  /* A guest may write it in pieces; none makes sense before the last one is there. */
  if (offset + size != sizeof (RamfbConfig))
    return;
  g_mutex_lock (&file.lock);
  Ramfb *fb = file.ramfb;
  if (fb != NULL) {
    g_rec_mutex_lock (&fb->dev.lock);
    if (parse (fb, &file.config)) {
      const DisplaySurface surface = {
        .width = fb->width, .height = fb->height, .stride = 4 * fb->width, .pixels = fb->pixels
      };
      device_trace (&fb->dev, "%ux%u at 0x%" PRIx64, fb->width, fb->height, fb->addr);
      display_set_surface (fb->display, &surface);
    } else {
      if (file.config.width != 0)
        device_guest_error (&fb->dev, "etc/ramfb describes no screen");
      switch_off (fb);
    }
    g_rec_mutex_unlock (&fb->dev.lock);
  }
  g_mutex_unlock (&file.lock);
}

/* ---- Refresh ---- */

/* Reads a line; true if it is another than the one shown. */
static bool
refresh_line (Ramfb *fb, uint32_t y, uint8_t *raw, uint8_t *line)
{
  const uint64_t bytes = UINT64_C (4) * fb->width, start = (uint64_t)y * fb->stride;
  const uint64_t length = (uint64_t)fb->format->bytes * fb->width;
  uint8_t *shown = fb->pixels + y * bytes;
  if ((fb->changes != NULL && !ram_changes_in (fb->changes, start, length)) ||
      memory_dma_read (fb->fw_cfg->memory, fb->addr + start, raw, length) != MEMORY_OK)
    return false;
  fb->format->convert (raw, line, fb->width);
  if (memcmp (shown, line, bytes) == 0)
    return false;
  memcpy (shown, line, bytes);
  return true;
}

static void
refresh (void *opaque)
{
  Ramfb *fb = opaque;
  DisplaySurface surface;
  uint32_t first = UINT32_MAX, last = 0;
  g_rec_mutex_lock (&fb->dev.lock);
  if (fb->format != NULL && (fb->changes == NULL || ram_changes_look (fb->changes)) &&
      display_lock (fb->display, &surface)) {
    g_autofree uint8_t *raw = g_malloc (UINT64_C (4) * fb->width);
    g_autofree uint8_t *line = g_malloc (UINT64_C (4) * fb->width);
    for (uint32_t y = 0; y < fb->height; y++)
      if (refresh_line (fb, y, raw, line)) {
        first = MIN (first, y);
        last = y;
      }
    display_unlock (fb->display);
    if (first <= last)
      display_update (fb->display, 0, first, fb->width, last - first + 1);
  }
  g_rec_mutex_unlock (&fb->dev.lock);
}

/* ---- Life ---- */

static bool
refuse (Device *dev, const char *why, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s (%s): %s", dev->path, dev->class->name, why);
  return false;
}

static bool
ramfb_realize (Device *dev, GError **error)
{
  Ramfb *fb = (Ramfb *)dev;
  if (fb->fw_cfg == NULL || fb->fw_cfg->memory == NULL)
    return refuse (dev, "this machine has no fw_cfg with DMA, by which the guest would set it up", error);
  g_mutex_lock (&file.lock);
  const bool taken = file.ramfb != NULL;
  if (!taken)
    file.ramfb = fb;
  g_mutex_unlock (&file.lock);
  if (taken)
    return refuse (dev, "the machine has a ramfb already, and can have only one", error);
  memset (&file.config, 0, sizeof file.config);
  if (!fw_cfg_add_writable_file (fb->fw_cfg, "etc/ramfb", &file.config, sizeof file.config, configured, NULL,
                                 error)) {
    file.ramfb = NULL;
    return false;
  }
  fb->display = display_new (dev->id != NULL ? dev->id : "ramfb", 0);
  display_set_refresh_hook (fb->display, refresh, fb);
  return true;
}

static void
ramfb_unrealize (Device *dev)
{
  Ramfb *fb = (Ramfb *)dev;
  g_mutex_lock (&file.lock);
  file.ramfb = NULL;
  g_mutex_unlock (&file.lock);
  switch_off (fb);
  g_clear_pointer (&fb->display, display_free);
}

static void
ramfb_reset (Device *dev)
{
  memset (&file.config, 0, sizeof file.config);
  switch_off ((Ramfb *)dev);
}

/* The configuration is part of fw_cfg's state, which tells of it when it is restored. */
const DeviceClass ramfb_class = {
  .name = "ramfb",
  .bus = "system",
  .category = "Display devices",
  .help = "frame buffer in RAM, for firmware",
  .size = sizeof (Ramfb),
  .realize = ramfb_realize,
  .unrealize = ramfb_unrealize,
  .reset = ramfb_reset,
  .user_creatable = true,
};
