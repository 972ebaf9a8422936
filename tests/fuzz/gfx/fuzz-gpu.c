/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Commands to virtio-gpu. The input is a list of them: a byte that says which queue (bit 0), how many bytes
 * the answer has room for (bits 1 and 2) and what else happens (bits 3 to 5), a byte with the size, and the
 * bytes of the command. */

#include "gpu-driver.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { NOTHING, SAVE_AND_RESTORE, RESIZE, LOOK, RESET };

static void
save_and_restore (Gfx *gfx)
{
  g_autoptr (GError) error = NULL;
  device_quiesce (gfx->guest.dev);
  g_autoptr (GVariant) state = device_save (gfx->guest.dev);
  device_reset (gfx->guest.dev);
  const bool ok = device_load (gfx->guest.dev, state, &error);
  /* What the device was in, it can be in again. */
  if (!ok)
    g_error ("%s", error->message);
  device_resume (gfx->guest.dev);
}

/* Reads each pixel shown, which an address sanitizer watches. */
static void
look (void)
{
  g_autoptr (GPtrArray) list = display_list ();
  for (unsigned i = 0; i < list->len; i++) {
    DisplaySurface surface;
    volatile uint8_t sum = 0;
    if (!display_lock (list->pdata[i], &surface))
      continue;
    for (uint32_t y = 0; y < surface.height; y++)
      sum = (uint8_t)(sum + surface.pixels[(size_t)y * surface.stride] +
                      surface.pixels[(size_t)y * surface.stride + 4 * surface.width - 1]);
    display_unlock (list->pdata[i]);
  }
}

static void
restart (Gfx *gfx)
{
  gfx->guest.next_free = gfx->in + GFX_BUFFER;
  gpu_start (gfx, guest_form (2));
}

static void
happen (Gfx *gfx, unsigned what, unsigned size)
{
  switch (what) {
    case SAVE_AND_RESTORE: save_and_restore (gfx); break;
    case RESIZE: display_request_size (gpu_display ("virtio-gpu.1"), size, 2 * size); break;
    case LOOK: look (); break;
    case RESET: restart (gfx); break;
    default: break;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const size_t rooms[] = { sizeof (struct virtio_gpu_ctrl_hdr), 0,
                                  sizeof (struct virtio_gpu_resp_edid), 13 };
  static Gfx gfx;
  static uint8_t answer[sizeof (struct virtio_gpu_resp_edid)];
  if (gfx.dev == NULL)
    gpu_open (&gfx, "max_outputs=2,max_hostmem=4M");
  restart (&gfx);
  for (size_t at = 0; at + 2 < size;) {
    const unsigned what = data[at], wanted = data[at + 1];
    at += 2;
    const size_t n = MIN (wanted, size - at), room = rooms[what >> 1 & 3];
    if (n + room != 0)
      gfx_request (&gfx, what & 1, data + at, n, answer, room);
    happen (&gfx, what >> 3 & 7, wanted);
    at += n;
  }
  restart (&gfx);
  return 0;
}
