/* SPDX-License-Identifier: GPL-3.0-or-later */

/* virtio-gpu: from the driver's commands to pixels, screens and cursors. */

#include "gpu-driver.h"

#include <string.h>

#define BGRX VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define BGRA VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM

static struct virtio_gpu_rect
rect (uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
  return (struct virtio_gpu_rect){ x, y, width, height };
}

/* ---- What the viewer is told ---- */

typedef struct {
  unsigned resized, updated, cursors;
  uint32_t x, y, width, height;
} Seen;

static void
on_resized (void *opaque, Display *display)
{
  ((Seen *)opaque)->resized++;
}

static void
on_updated (void *opaque, Display *display, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
  Seen *seen = opaque;
  seen->updated++;
  seen->x = x;
  seen->y = y;
  seen->width = width;
  seen->height = height;
}

static void
on_cursor (void *opaque, Display *display)
{
  ((Seen *)opaque)->cursors++;
}

static const DisplayListener listener = { on_resized, on_updated, on_cursor };

static void
assert_seen (const Seen *seen, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
  g_assert_cmpuint (seen->x, ==, x);
  g_assert_cmpuint (seen->y, ==, y);
  g_assert_cmpuint (seen->width, ==, width);
  g_assert_cmpuint (seen->height, ==, height);
}

/* ---- Tests ---- */

static void
test_information (void)
{
  Gfx gfx;
  gpu_open (&gfx, "max_outputs=3,xres=1024,yres=600");
  Guest *guest = &gfx.guest;
  g_assert_true (guest_features (guest) >> VIRTIO_GPU_F_EDID & 1);
  g_assert_cmphex (guest_features (guest) & 0xffff, ==, 1 << VIRTIO_GPU_F_EDID);
  g_assert_cmpuint (guest_config (guest, 8, 4), ==, 3);
  g_assert_cmpuint (guest_config (guest, 12, 4), ==, 0);
  for (unsigned n = 0; n < FORM_COUNT; n++) {
    gpu_start (&gfx, guest_form (n));
    const struct virtio_gpu_ctrl_hdr c = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };
    struct virtio_gpu_resp_display_info info;
    g_assert_cmpuint (gfx_request (&gfx, 0, &c, sizeof c, &info, sizeof info), ==, sizeof info);
    g_assert_cmphex (info.hdr.type, ==, VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    g_assert_cmpuint (info.pmodes[0].enabled, ==, 1);
    g_assert_cmpuint (info.pmodes[0].r.width, ==, 1024);
    g_assert_cmpuint (info.pmodes[0].r.height, ==, 600);
    for (unsigned i = 1; i < VIRTIO_GPU_MAX_SCANOUTS; i++)
      g_assert_cmpuint (info.pmodes[i].enabled, ==, 0);
  }
  gfx_close (&gfx);
}

static uint32_t
get_edid (Gfx *gfx, uint32_t scanout, struct virtio_gpu_resp_edid *answer)
{
  const struct virtio_gpu_cmd_get_edid c = { .hdr.type = VIRTIO_GPU_CMD_GET_EDID, .scanout = scanout };
  gfx_request (gfx, 0, &c, sizeof c, answer, sizeof *answer);
  return answer->hdr.type;
}

static void
test_edid (void)
{
  Gfx gfx;
  struct virtio_gpu_resp_edid answer;
  gpu_open (&gfx, "xres=1366,yres=768,max_outputs=2");
  gpu_start (&gfx, guest_form (2));
  g_assert_cmphex (get_edid (&gfx, 0, &answer), ==, VIRTIO_GPU_RESP_OK_EDID);
  g_assert_cmpuint (answer.size, ==, 128);
  uint8_t sum = 0;
  for (unsigned i = 0; i < 128; i++)
    sum += answer.edid[i];
  g_assert_cmphex (sum, ==, 0);
  g_assert_cmpuint (answer.edid[56] | (answer.edid[58] & 0xf0) << 4, ==, 1366);
  g_assert_cmpuint (answer.edid[59] | (answer.edid[61] & 0xf0) << 4, ==, 768);
  g_assert_cmphex (get_edid (&gfx, 2, &answer), ==, VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
  gfx_start (&gfx, guest_form (2), 0, 2);
  g_assert_cmphex (get_edid (&gfx, 0, &answer), ==, VIRTIO_GPU_RESP_ERR_UNSPEC);
  gfx_close (&gfx);
  gpu_open (&gfx, "edid=off");
  g_assert_false (guest_features (&gfx.guest) >> VIRTIO_GPU_F_EDID & 1);
  gfx_close (&gfx);
}

/* The viewer asks for sizes; the driver hears of them by an event, which it clears. */
static void
test_resize (void)
{
  Gfx gfx;
  gpu_open (&gfx, "max_outputs=2");
  gpu_start (&gfx, guest_form (2));
  Guest *guest = &gfx.guest;
  Display *first = gpu_display ("virtio-gpu"), *second = gpu_display ("virtio-gpu.1");
  g_assert_nonnull (first);
  g_assert_nonnull (second);
  const uint32_t generation = (uint32_t)guest_read (guest, guest_registers (guest) + 0xfc, 4);
  display_request_size (first, 1600, 900);
  g_assert_cmpuint (guest_read (guest, guest_registers (guest) + 0xfc, 4), !=, generation);
  g_assert_cmpuint (guest_config (guest, 0, 4), ==, VIRTIO_GPU_EVENT_DISPLAY);
  guest_interrupts (guest);
  g_assert_cmpuint (guest->config_interrupts, ==, 1);
  guest_set_config (guest, 4, 4, VIRTIO_GPU_EVENT_DISPLAY);
  g_assert_cmpuint (guest_config (guest, 0, 4), ==, 0);
  g_assert_cmpuint (guest_config (guest, 4, 4), ==, 0);
  display_request_size (first, 1600, 900);
  g_assert_cmpuint (guest_config (guest, 0, 4), ==, 0);
  display_request_size (second, 800, 100000);

  const struct virtio_gpu_ctrl_hdr c = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };
  struct virtio_gpu_resp_display_info info;
  gfx_request (&gfx, 0, &c, sizeof c, &info, sizeof info);
  g_assert_cmpuint (info.pmodes[0].r.width, ==, 1600);
  g_assert_cmpuint (info.pmodes[1].enabled, ==, 1);
  g_assert_cmpuint (info.pmodes[1].r.x, ==, 1600);
  g_assert_cmpuint (info.pmodes[1].r.height, ==, 16384);
  display_request_size (first, 0, 0);
  display_request_size (second, 0, 0);
  gfx_request (&gfx, 0, &c, sizeof c, &info, sizeof info);
  g_assert_cmpuint (info.pmodes[0].enabled, ==, 1);
  g_assert_cmpuint (info.pmodes[1].enabled, ==, 0);
  gfx_close (&gfx);
}

/* Each format's bytes of the pixel R=0x11 G=0x22 B=0x33 A=0x44. */
static void
test_formats (void)
{
  static const struct {
    uint32_t format;
    uint8_t bytes[4];
  } formats[] = {
    { VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, { 0x33, 0x22, 0x11, 0x44 } },
    { VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, { 0x33, 0x22, 0x11, 0x44 } },
    { VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, { 0x44, 0x11, 0x22, 0x33 } },
    { VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, { 0x44, 0x11, 0x22, 0x33 } },
    { VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, { 0x11, 0x22, 0x33, 0x44 } },
    { VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, { 0x11, 0x22, 0x33, 0x44 } },
    { VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM, { 0x44, 0x33, 0x22, 0x11 } },
    { VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM, { 0x44, 0x33, 0x22, 0x11 } },
  };
  Gfx gfx;
  gpu_open (&gfx, "");
  gpu_start (&gfx, guest_form (2));
  Display *display = gpu_display ("virtio-gpu");
  for (unsigned i = 0; i < G_N_ELEMENTS (formats); i++) {
    const uint64_t addr = gpu_picture (&gfx, 1, formats[i].format, 4, 2);
    for (unsigned p = 0; p < 8; p++)
      memcpy (guest_host (&gfx.guest, addr + 4 * p), formats[i].bytes, 4);
    g_assert_cmphex (gpu_scanout (&gfx, 0, 1, rect (0, 0, 4, 2)), ==, GPU_OK);
    g_assert_cmphex (gpu_transfer (&gfx, 1, rect (0, 0, 4, 1), 0), ==, GPU_OK);
    g_assert_cmphex (gpu_transfer (&gfx, 1, rect (1, 1, 2, 1), 20), ==, GPU_OK);
    g_assert_cmphex (gpu_pixel (display, 0, 0), ==, 0x112233);
    g_assert_cmphex (gpu_pixel (display, 3, 0), ==, 0x112233);
    g_assert_cmphex (gpu_pixel (display, 0, 1), ==, 0);
    g_assert_cmphex (gpu_pixel (display, 1, 1), ==, 0x112233);
    g_assert_cmphex (gpu_pixel (display, 2, 1), ==, 0x112233);
    g_assert_cmphex (gpu_pixel (display, 3, 1), ==, 0);
    g_assert_cmphex (gpu_unref (&gfx, 1), ==, GPU_OK);
  }
  gfx_close (&gfx);
}

/* A backing of pieces that end inside pixels, read from any offset. */
static void
test_scattered (void)
{
  enum { WIDTH = 33, HEIGHT = 17, SIZE = 4 * WIDTH * HEIGHT };
  Gfx gfx;
  gpu_open (&gfx, "");
  gpu_start (&gfx, guest_form (6));
  Display *display = gpu_display ("virtio-gpu");
  Segment pieces[64];
  uint32_t picture[WIDTH * HEIGHT], n = 0;
  for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
    picture[i] = i * 2654435761u;
  for (uint32_t at = 0; at < SIZE; n++) {
    const uint32_t part = MIN (SIZE - at, 37 + n);
    pieces[n] = (Segment){ guest_alloc (&gfx.guest, part + 5, 1), part };
    memcpy (guest_host (&gfx.guest, pieces[n].addr), (uint8_t *)picture + at, part);
    at += part;
  }
  g_assert_cmphex (gpu_create (&gfx, 7, BGRX, WIDTH, HEIGHT), ==, GPU_OK);
  g_assert_cmphex (gpu_attach (&gfx, 7, pieces, n), ==, GPU_OK);
  g_assert_cmphex (gpu_transfer (&gfx, 7, rect (0, 0, WIDTH, HEIGHT), 0), ==, GPU_OK);
  g_assert_cmphex (gpu_scanout (&gfx, 0, 7, rect (0, 0, WIDTH, HEIGHT)), ==, GPU_OK);
  for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
    g_assert_cmphex (gpu_pixel (display, i % WIDTH, i / WIDTH), ==, picture[i] & 0xffffff);
  /* A rectangle of lines, from another place of the backing. */
  g_assert_cmphex (gpu_transfer (&gfx, 7, rect (2, 3, 5, 4), 4 * (WIDTH * 9 + 1)), ==, GPU_OK);
  for (unsigned y = 0; y < 4; y++)
    for (unsigned x = 0; x < 5; x++)
      g_assert_cmphex (gpu_pixel (display, 2 + x, 3 + y), ==, picture[(9 + y) * WIDTH + 1 + x] & 0xffffff);
  g_assert_cmphex (gpu_pixel (display, 7, 3), ==, picture[3 * WIDTH + 7] & 0xffffff);
  g_assert_cmphex (gpu_detach (&gfx, 7), ==, GPU_OK);
  g_assert_cmphex (gpu_attach (&gfx, 7, pieces, 1), ==, GPU_OK);
  gfx_close (&gfx);
}

static void
test_updates (void)
{
  Gfx gfx;
  Seen seen = { 0 };
  gpu_open (&gfx, "max_outputs=2");
  gpu_start (&gfx, guest_form (2));
  Display *display = gpu_display ("virtio-gpu"), *other = gpu_display ("virtio-gpu.1");
  DisplaySurface surface;
  display_add_listener (display, &listener, &seen);
  gpu_picture (&gfx, 1, BGRX, 100, 100);
  g_assert_cmphex (gpu_scanout (&gfx, 0, 1, rect (10, 20, 50, 40)), ==, GPU_OK);
  g_assert_cmphex (gpu_scanout (&gfx, 1, 1, rect (0, 0, 100, 100)), ==, GPU_OK);
  g_assert_cmpuint (seen.resized, ==, 1);
  g_assert_cmphex (gpu_flush (&gfx, 1, rect (0, 0, 100, 100)), ==, GPU_OK);
  assert_seen (&seen, 0, 0, 50, 40);
  g_assert_cmphex (gpu_flush (&gfx, 1, rect (15, 25, 5, 6)), ==, GPU_OK);
  assert_seen (&seen, 5, 5, 5, 6);
  g_assert_cmphex (gpu_flush (&gfx, 1, rect (50, 50, 50, 50)), ==, GPU_OK);
  assert_seen (&seen, 40, 30, 10, 10);
  g_assert_cmpuint (seen.updated, ==, 3);
  g_assert_cmphex (gpu_flush (&gfx, 1, rect (0, 0, 10, 100)), ==, GPU_OK);
  g_assert_cmpuint (seen.updated, ==, 3);
  g_assert_true (display_lock (other, &surface));
  g_assert_cmpuint (surface.width, ==, 100);
  display_unlock (other);
  g_assert_cmphex (gpu_scanout (&gfx, 1, 0, rect (0, 0, 0, 0)), ==, GPU_OK);
  g_assert_false (display_lock (other, &surface));
  /* What is shown goes with its resource. */
  g_assert_cmphex (gpu_unref (&gfx, 1), ==, GPU_OK);
  g_assert_false (display_lock (display, &surface));
  g_assert_cmpuint (seen.resized, ==, 2);
  display_remove_listener (display, &seen);
  gfx_close (&gfx);
}

static void
test_cursor (void)
{
  Gfx gfx;
  uint32_t argb[64 * 64], hot_x, hot_y;
  int32_t x, y;
  gpu_open (&gfx, "");
  gpu_start (&gfx, guest_form (2));
  Display *display = gpu_display ("virtio-gpu");
  const uint64_t addr = gpu_picture (&gfx, 1, BGRA, 64, 64);
  memset (guest_host (&gfx.guest, addr), 0x80, 4 * 64 * 64);
  g_assert_cmphex (gpu_transfer (&gfx, 1, rect (0, 0, 64, 64), 0), ==, GPU_OK);
  g_assert_cmphex (gpu_cursor (&gfx, VIRTIO_GPU_CMD_UPDATE_CURSOR, 0, 1, 100, 200), ==, GPU_OK);
  g_assert_true (display_cursor (display, argb, &hot_x, &hot_y, &x, &y));
  g_assert_cmphex (argb[0], ==, 0x80808080);
  g_assert_cmphex (argb[64 * 64 - 1], ==, 0x80808080);
  g_assert_true (hot_x == 3 && hot_y == 4 && x == 100 && y == 200);
  g_assert_cmphex (gpu_cursor (&gfx, VIRTIO_GPU_CMD_MOVE_CURSOR, 0, 1, (uint32_t)-5, 7), ==, GPU_OK);
  g_assert_true (display_cursor (display, argb, &hot_x, &hot_y, &x, &y));
  g_assert_true (x == -5 && y == 7);
  /* A format without alpha has it nevertheless; a smaller picture leaves the rest clear. */
  memset (guest_host (&gfx.guest, gpu_picture (&gfx, 2, BGRX, 16, 16)), 0x40, 4 * 16 * 16);
  g_assert_cmphex (gpu_transfer (&gfx, 2, rect (0, 0, 16, 16), 0), ==, GPU_OK);
  g_assert_cmphex (gpu_cursor (&gfx, VIRTIO_GPU_CMD_UPDATE_CURSOR, 0, 2, 0, 0), ==, GPU_OK);
  g_assert_true (display_cursor (display, argb, &hot_x, &hot_y, &x, &y));
  g_assert_cmphex (argb[15 * 64 + 15], ==, 0x40404040);
  g_assert_cmphex (argb[15 * 64 + 16], ==, 0);
  g_assert_cmphex (argb[16 * 64], ==, 0);
  g_assert_cmphex (gpu_cursor (&gfx, VIRTIO_GPU_CMD_UPDATE_CURSOR, 0, 0, 0, 0), ==, GPU_OK);
  g_assert_false (display_cursor (display, argb, &hot_x, &hot_y, &x, &y));
  g_assert_cmphex (gpu_cursor (&gfx, VIRTIO_GPU_CMD_UPDATE_CURSOR, 0, 9, 0, 0), ==,
                   VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
  g_assert_cmphex (gpu_cursor (&gfx, VIRTIO_GPU_CMD_MOVE_CURSOR, 1, 0, 0, 0), ==,
                   VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
  /* Linux wants no answer here. */
  const struct virtio_gpu_update_cursor c = { .hdr.type = VIRTIO_GPU_CMD_UPDATE_CURSOR, .resource_id = 1 };
  g_assert_cmpuint (gfx_request (&gfx, 1, &c, sizeof c, NULL, 0), ==, 0);
  g_assert_true (display_cursor (display, argb, &hot_x, &hot_y, &x, &y));
  gfx_close (&gfx);
}

static void
test_fence (void)
{
  Gfx gfx;
  gpu_open (&gfx, "");
  gpu_start (&gfx, guest_form (2));
  struct virtio_gpu_resource_create_2d c = {
    .hdr = { .type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D, .flags = VIRTIO_GPU_FLAG_FENCE, .ctx_id = 5 },
    .resource_id = 1,
    .format = BGRX,
    .width = 8,
    .height = 8
  };
  c.hdr.fence_id = UINT64_C (0x123456789abcdef0);
  for (unsigned i = 0; i < 2; i++) {
    struct virtio_gpu_ctrl_hdr answer;
    gfx_request (&gfx, 0, &c, sizeof c, &answer, sizeof answer);
    /* Also of a command that fails, as it does the second time. */
    g_assert_cmphex (answer.type, ==, i == 0 ? GPU_OK : VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    g_assert_cmphex (answer.flags, ==, VIRTIO_GPU_FLAG_FENCE);
    g_assert_cmphex (answer.fence_id, ==, c.hdr.fence_id);
    g_assert_cmpuint (answer.ctx_id, ==, 5);
  }
  gfx_close (&gfx);
}

static void
test_save (void)
{
  Gfx gfx;
  gpu_open (&gfx, "max_outputs=2");
  gpu_start (&gfx, guest_form (3));
  const uint64_t addr = gpu_picture (&gfx, 5, BGRA, 64, 64);
  for (unsigned i = 0; i < 64 * 64; i++)
    memcpy (guest_host (&gfx.guest, addr + 4 * i), &i, 4);
  g_assert_cmphex (gpu_transfer (&gfx, 5, rect (0, 0, 64, 64), 0), ==, GPU_OK);
  g_assert_cmphex (gpu_scanout (&gfx, 0, 5, rect (1, 2, 32, 16)), ==, GPU_OK);
  g_assert_cmphex (gpu_cursor (&gfx, VIRTIO_GPU_CMD_UPDATE_CURSOR, 1, 5, 11, 12), ==, GPU_OK);
  g_assert_cmphex (gpu_create (&gfx, 6, BGRX, 10, 10), ==, GPU_OK);
  display_request_size (gpu_display ("virtio-gpu.1"), 700, 500);

  gfx_move (&gfx, "virtio-gpu-device", "max_outputs=2", NULL);
  Display *display = gpu_display ("virtio-gpu"), *other = gpu_display ("virtio-gpu.1");
  uint32_t argb[64 * 64], hot_x, hot_y;
  int32_t x, y;
  g_assert_cmphex (gpu_pixel (display, 0, 0), ==, 2 * 64 + 1);
  g_assert_cmphex (gpu_pixel (display, 31, 15), ==, 17 * 64 + 32);
  g_assert_true (display_cursor (other, argb, &hot_x, &hot_y, &x, &y));
  g_assert_true (x == 11 && y == 12 && hot_x == 3 && argb[65] == 65);
  g_assert_cmpuint (guest_config (&gfx.guest, 0, 4), ==, VIRTIO_GPU_EVENT_DISPLAY);
  /* The driver goes on: the backing is there, ids are taken, memory is counted. */
  memset (guest_host (&gfx.guest, addr), 0x5a, 4 * 64 * 64);
  g_assert_cmphex (gpu_transfer (&gfx, 5, rect (0, 0, 64, 64), 0), ==, GPU_OK);
  g_assert_cmphex (gpu_pixel (display, 31, 15), ==, 0x5a5a5a);
  g_assert_cmphex (gpu_create (&gfx, 6, BGRX, 10, 10), ==, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
  g_assert_cmphex (gpu_transfer (&gfx, 6, rect (0, 0, 1, 1), 0), ==, VIRTIO_GPU_RESP_ERR_UNSPEC);
  const struct virtio_gpu_ctrl_hdr c = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };
  struct virtio_gpu_resp_display_info info;
  gfx_request (&gfx, 0, &c, sizeof c, &info, sizeof info);
  g_assert_cmpuint (info.pmodes[1].r.width, ==, 700);
  gfx_close (&gfx);
}

static void
test_reset (void)
{
  Gfx gfx;
  DisplaySurface surface;
  gpu_open (&gfx, "");
  gpu_start (&gfx, guest_form (2));
  gpu_picture (&gfx, 1, BGRX, 16, 16);
  g_assert_cmphex (gpu_scanout (&gfx, 0, 1, rect (0, 0, 16, 16)), ==, GPU_OK);
  gpu_start (&gfx, guest_form (2));
  g_assert_false (display_lock (gpu_display ("virtio-gpu"), &surface));
  g_assert_cmphex (gpu_unref (&gfx, 1), ==, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
  gfx_close (&gfx);
  g_assert_null (gpu_display ("virtio-gpu"));
}

static void
test_properties (void)
{
  static const char *const bad[] = { "max_outputs=0", "max_outputs=17", "xres=0", "yres=100000" };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *message = gfx_open_error ("virtio-gpu-device", bad[i]);
    g_assert_nonnull (message);
  }
  g_assert_nonnull (device_class_find ("virtio-gpu-pci"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/virtio-gpu/information", test_information);
  g_test_add_func ("/virtio-gpu/edid", test_edid);
  g_test_add_func ("/virtio-gpu/resize", test_resize);
  g_test_add_func ("/virtio-gpu/formats", test_formats);
  g_test_add_func ("/virtio-gpu/scattered", test_scattered);
  g_test_add_func ("/virtio-gpu/updates", test_updates);
  g_test_add_func ("/virtio-gpu/cursor", test_cursor);
  g_test_add_func ("/virtio-gpu/fence", test_fence);
  g_test_add_func ("/virtio-gpu/save", test_save);
  g_test_add_func ("/virtio-gpu/reset", test_reset);
  g_test_add_func ("/virtio-gpu/properties", test_properties);
  return g_test_run ();
}
