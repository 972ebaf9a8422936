/* SPDX-License-Identifier: GPL-3.0-or-later */

/* virtio-gpu and drivers that mean it no good. */

#include "gpu-driver.h"

#include <string.h>

#define BGRX VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define HUGE UINT32_MAX

static struct virtio_gpu_rect
rect (uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
  return (struct virtio_gpu_rect){ x, y, width, height };
}

static const struct virtio_gpu_rect bad_rects[] = {
  { 0, 0, 0, 1 },
  { 0, 0, 1, 0 },
  { 0, 0, 65, 1 },
  { 0, 0, 1, 33 },
  { 1, 0, 64, 1 },
  { 0, 1, 1, 32 },
  { HUGE, 0, 1, 1 },
  { 0, HUGE, 1, 1 },
  { HUGE, 0, 2, 1 },
  { 0, HUGE, 1, 2 },
  { 1, 1, HUGE, 1 },
  { 1, 1, 1, HUGE },
  { 64, 0, 1, 1 },
  { 0, 32, 1, 1 },
  { 0, 0, HUGE, HUGE },
  { 0, 0, 64, 33 },
  { 0x80000000u, 0, 0x80000000u, 1 },
};

static void
test_rectangles (void)
{
  Gfx gfx;
  gpu_open (&gfx, "");
  gpu_start (&gfx, guest_form (2));
  gpu_picture (&gfx, 1, BGRX, 64, 32);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad_rects); i++) {
    const struct virtio_gpu_rect r = bad_rects[i];
    g_assert_cmphex (gpu_transfer (&gfx, 1, r, 0), ==, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    g_assert_cmphex (gpu_flush (&gfx, 1, r), ==, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    g_assert_cmphex (gpu_scanout (&gfx, 0, 1, r), ==, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
  }
  static const uint64_t offsets[] = { 1,          4,          4 * 64,         64 * 32 * 4,
                                      UINT32_MAX, UINT64_MAX, UINT64_MAX - 3, UINT64_MAX - 64 * 32 * 4 + 1 };
  for (unsigned i = 0; i < G_N_ELEMENTS (offsets); i++)
    g_assert_cmphex (gpu_transfer (&gfx, 1, rect (0, 0, 64, 32), offsets[i]), ==,
                     VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
  g_assert_cmphex (gpu_transfer (&gfx, 1, rect (63, 31, 1, 1), 64 * 32 * 4 - 4), ==, GPU_OK);
  g_assert_cmphex (gpu_transfer (&gfx, 1, rect (63, 31, 1, 1), 64 * 32 * 4 - 3), ==,
                   VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
  gfx_close (&gfx);
}

static void
test_resources (void)
{
  static const uint32_t bad_formats[] = { 0, 5, 66, 69, 120, 135, HUGE };
  static const uint32_t bad_sizes[][2] = { { 0, 1 },    { 1, 0 },     { HUGE, HUGE },
                                           { HUGE, 1 }, { 16385, 1 }, { 65536, 65536 } };
  Gfx gfx;
  gpu_open (&gfx, "max_hostmem=1M");
  gpu_start (&gfx, guest_form (2));
  for (unsigned i = 0; i < G_N_ELEMENTS (bad_formats); i++)
    g_assert_cmphex (gpu_create (&gfx, 1, bad_formats[i], 4, 4), ==, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad_sizes); i++)
    g_assert_cmphex (gpu_create (&gfx, 1, BGRX, bad_sizes[i][0], bad_sizes[i][1]), ==,
                     VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
  g_assert_cmphex (gpu_create (&gfx, 0, BGRX, 4, 4), ==, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
  g_assert_cmphex (gpu_create (&gfx, 1, BGRX, 16384, 16384), ==, VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY);
  g_assert_cmphex (gpu_create (&gfx, 1, BGRX, 512, 512), ==, VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY);
  g_assert_cmphex (gpu_create (&gfx, 1, BGRX, 512, 256), ==, GPU_OK);
  g_assert_cmphex (gpu_create (&gfx, 2, BGRX, 512, 256), ==, VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY);
  g_assert_cmphex (gpu_unref (&gfx, 1), ==, GPU_OK);
  g_assert_cmphex (gpu_unref (&gfx, 1), ==, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
  g_assert_cmphex (gpu_create (&gfx, HUGE, BGRX, 512, 256), ==, GPU_OK);
  g_assert_cmphex (gpu_unref (&gfx, HUGE), ==, GPU_OK);
  /* Many tiny ones cost more than their pixels. */
  unsigned n = 0;
  while (n < 100000 && gpu_create (&gfx, n + 1, BGRX, 1, 1) == GPU_OK)
    n++;
  g_assert_cmpuint (n, >, 1000);
  g_assert_cmpuint (n, <, 3000);
  gfx_close (&gfx);
}

static void
test_backing (void)
{
  Gfx gfx;
  gpu_open (&gfx, "max_hostmem=64k");
  gpu_start (&gfx, guest_form (2));
  const uint64_t addr = guest_alloc (&gfx.guest, 4096, 4096);
  g_assert_cmphex (gpu_create (&gfx, 1, BGRX, 8, 8), ==, GPU_OK);
  static const Segment bad[] = {
    { 0, 16 },
    { GUEST_RAM - 8, 16 },
    { GUEST_RAM + GUEST_SIZE - 8, 16 },
    { UINT64_MAX - 8, 16 },
    { UINT64_MAX, HUGE },
    { GUEST_RAM, HUGE },
    { UINT64_C (0x10001000), 256 }, /* the device's registers */
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    const Segment entries[2] = { { addr, 128 }, bad[i] };
    g_assert_cmphex (gpu_attach (&gfx, 1, entries, 2), ==, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
    g_assert_cmphex (gpu_detach (&gfx, 1), ==, VIRTIO_GPU_RESP_ERR_UNSPEC);
  }
  g_assert_cmphex (gpu_attach (&gfx, 2, bad, 0), ==, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
  g_assert_cmphex (gpu_detach (&gfx, 2), ==, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
  g_assert_cmphex (gpu_transfer (&gfx, 1, rect (0, 0, 1, 1), 0), ==, VIRTIO_GPU_RESP_ERR_UNSPEC);
  /* An empty one; one that is too short; and empty parts. */
  g_assert_cmphex (gpu_attach (&gfx, 1, bad, 0), ==, GPU_OK);
  g_assert_cmphex (gpu_transfer (&gfx, 1, rect (0, 0, 1, 1), 0), ==, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
  g_assert_cmphex (gpu_attach (&gfx, 1, bad, 0), ==, VIRTIO_GPU_RESP_ERR_UNSPEC);
  g_assert_cmphex (gpu_detach (&gfx, 1), ==, GPU_OK);
  const Segment parts[] = { { 0, 0 }, { addr, 255 }, { UINT64_MAX, 0 } };
  g_assert_cmphex (gpu_attach (&gfx, 1, parts, 3), ==, GPU_OK);
  g_assert_cmphex (gpu_transfer (&gfx, 1, rect (0, 0, 8, 8), 0), ==, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
  g_assert_cmphex (gpu_transfer (&gfx, 1, rect (0, 0, 8, 7), 0), ==, GPU_OK);
  g_assert_cmphex (gpu_detach (&gfx, 1), ==, GPU_OK);
  /* Entries count as memory, and are given back. */
  for (unsigned i = 0; i < 200; i++) {
    Segment many[60];
    for (unsigned j = 0; j < 60; j++)
      many[j] = (Segment){ addr + 8 * j, 4 };
    g_assert_cmphex (gpu_attach (&gfx, 1, many, 60), ==, GPU_OK);
    g_assert_cmphex (gpu_detach (&gfx, 1), ==, GPU_OK);
  }
  gfx_close (&gfx);
}

/* More entries are announced than come, or than memory is left for. */
static void
test_entries (void)
{
  Gfx gfx;
  gpu_open (&gfx, "max_hostmem=64k");
  gpu_start (&gfx, guest_form (2));
  g_assert_cmphex (gpu_create (&gfx, 1, BGRX, 8, 8), ==, GPU_OK);
  static struct {
    struct virtio_gpu_resource_attach_backing c;
    struct virtio_gpu_mem_entry entries[4000];
  } request;
  request.c = (struct virtio_gpu_resource_attach_backing){ .hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
                                                           .resource_id = 1,
                                                           .nr_entries = 4001 };
  for (unsigned i = 0; i < G_N_ELEMENTS (request.entries); i++)
    request.entries[i] = (struct virtio_gpu_mem_entry){ .addr = GUEST_RAM + 16 * i, .length = 4 };
  g_assert_cmphex (gpu_command (&gfx, &request, sizeof request), ==, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
  request.c.nr_entries = UINT32_MAX;
  g_assert_cmphex (gpu_command (&gfx, &request, sizeof request), ==, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
  request.c.nr_entries = 4000;
  g_assert_cmphex (gpu_command (&gfx, &request, sizeof request), ==, VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY);
  request.c.nr_entries = 1000;
  g_assert_cmphex (gpu_command (&gfx, &request, sizeof request), ==, GPU_OK);
  g_assert_cmphex (gpu_transfer (&gfx, 1, rect (0, 0, 8, 8), 0), ==, GPU_OK);
  gfx_close (&gfx);
}

/* Each command cut at each length, and with too little room for the answer. */
static void
test_short (void)
{
  Gfx gfx;
  struct virtio_gpu_ctrl_hdr answer;
  gpu_open (&gfx, "");
  gpu_start (&gfx, guest_form (2));
  for (uint32_t type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO; type <= VIRTIO_GPU_CMD_SET_SCANOUT_BLOB; type++)
    for (size_t size = 0; size < 56; size += 4) {
      uint8_t bytes[56] = { 0 };
      memcpy (bytes, &type, 4);
      g_assert_cmpuint (gfx_request (&gfx, 0, bytes, size, &answer, sizeof answer), ==, sizeof answer);
      if (size < sizeof answer)
        g_assert_cmphex (answer.type, ==, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
      /* A buffer must have something in it. */
      for (unsigned room = size == 0; room < 30; room += 7) {
        uint8_t some[30];
        g_assert_cmpuint (gfx_request (&gfx, 0, bytes, size, some, room), <=, room);
      }
    }
  static const uint32_t unknown[] = { 0,
                                      0xff,
                                      VIRTIO_GPU_CMD_GET_CAPSET_INFO,
                                      VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
                                      VIRTIO_GPU_CMD_CTX_CREATE,
                                      VIRTIO_GPU_CMD_SUBMIT_3D,
                                      VIRTIO_GPU_CMD_UPDATE_CURSOR,
                                      GPU_OK,
                                      HUGE };
  for (unsigned i = 0; i < G_N_ELEMENTS (unknown); i++) {
    const struct virtio_gpu_update_cursor c = { .hdr.type = unknown[i] };
    g_assert_cmphex (gpu_command (&gfx, &c, sizeof c), ==, VIRTIO_GPU_RESP_ERR_UNSPEC);
  }
  const struct virtio_gpu_ctrl_hdr c = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };
  gfx_request (&gfx, 1, &c, sizeof c, &answer, sizeof answer);
  g_assert_cmphex (answer.type, ==, VIRTIO_GPU_RESP_ERR_UNSPEC);
  g_assert_cmphex (gpu_scanout (&gfx, 1, 1, rect (0, 0, 1, 1)), ==, VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
  g_assert_cmphex (gpu_scanout (&gfx, HUGE, 0, rect (0, 0, 1, 1)), ==,
                   VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
  g_assert_cmphex (gpu_scanout (&gfx, 0, 1, rect (0, 0, 1, 1)), ==, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
  g_assert_cmphex (gpu_flush (&gfx, 1, rect (0, 0, 1, 1)), ==, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
  guest_set_config (&gfx.guest, 0, 4, 1);
  guest_set_config (&gfx.guest, 2, 2, 1);
  guest_set_config (&gfx.guest, 8, 4, 1);
  g_assert_cmpuint (guest_config (&gfx.guest, 8, 4), ==, 1);
  gfx_close (&gfx);
}

/* A viewer looks on while the picture changes, moves and goes. */
typedef struct {
  Display *display;
  bool stop;
  unsigned looks;
} Viewer;

static void *
look (void *opaque)
{
  Viewer *viewer = opaque;
  volatile uint32_t sum = 0;
  while (!__atomic_load_n (&viewer->stop, __ATOMIC_RELAXED)) {
    DisplaySurface surface;
    if (!display_lock (viewer->display, &surface))
      continue;
    for (uint32_t y = 0; y < surface.height; y++)
      sum += surface.pixels[(size_t)y * surface.stride] +
             surface.pixels[(size_t)y * surface.stride + 4 * surface.width - 1];
    display_unlock (viewer->display);
    __atomic_fetch_add (&viewer->looks, 1, __ATOMIC_RELAXED);
  }
  return NULL;
}

static void
test_viewer (void)
{
  Gfx gfx;
  gpu_open (&gfx, "");
  gpu_start (&gfx, guest_form (2));
  Viewer viewer = { .display = gpu_display ("virtio-gpu") };
  GThread *thread = g_thread_new ("viewer", look, &viewer);
  const uint64_t addr = guest_alloc (&gfx.guest, 4 * 256 * 256, 4096);
  for (unsigned i = 0; i < 200; i++) {
    const uint32_t side = 16 + i;
    g_assert_cmphex (gpu_create (&gfx, 1, BGRX, side, side), ==, GPU_OK);
    g_assert_cmphex (gpu_attach (&gfx, 1, &(Segment){ addr, 4 * side * side }, 1), ==, GPU_OK);
    g_assert_cmphex (gpu_scanout (&gfx, 0, 1, rect (0, 0, side, side)), ==, GPU_OK);
    g_assert_cmphex (gpu_transfer (&gfx, 1, rect (0, 0, side, side), 0), ==, GPU_OK);
    display_request_size (viewer.display, 100 + i, 100);
    g_assert_cmphex (gpu_unref (&gfx, 1), ==, GPU_OK);
  }
  __atomic_store_n (&viewer.stop, true, __ATOMIC_RELAXED);
  g_thread_join (thread);
  gfx_close (&gfx);
}

/* Saved states that no device has written. */
static void
refuse_state (Gfx *gfx, GVariant *vdev_state, const char *key, const char *type, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = g_variant_parse (G_VARIANT_TYPE (type), text, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GVariantDict) dict = g_variant_dict_new (vdev_state);
  g_variant_dict_insert_value (dict, key, value);
  g_autoptr (GVariant) state = g_variant_ref_sink (g_variant_dict_end (dict));
  g_assert_false (device_load (gfx->dev, state, &error));
  g_assert_nonnull (error);
  device_reset (gfx->dev);
}

static void
test_bad_state (void)
{
  static const char *const resources[] = {
    "[(1, 2, 4, 4, b'123', false, [])]",
    "[(0, 2, 1, 1, [byte 1, 2, 3, 4], false, [])]",
    "[(1, 9, 1, 1, [byte 1, 2, 3, 4], false, [])]",
    "[(1, 2, 1, 1, [byte 1, 2, 3, 4], false, [(2147483648, 4)])]",
    "[(1, 2, 1, 1, [byte 1, 2, 3, 4], true, [(1, 4)])]",
    "[(1, 2, 1, 1, [byte 1, 2, 3, 4], true, []), (1, 2, 1, 1, [byte 1, 2, 3, 4], true, [])]",
  };
  static const char *const scanouts[] = {
    "[(7, 0, 0, 1, 1, true, 100, 100)]",
    "[(0, 0, 0, 0, 0, true, 0, 100)]",
    "[(0, 0, 0, 0, 0, true, 100, 4000000000)]",
    "[(0, 0, 0, 0, 0, true, 100, 100), (0, 0, 0, 0, 0, true, 100, 100)]",
  };
  Gfx gfx;
  gpu_open (&gfx, "");
  device_quiesce (gfx.guest.dev);
  g_autoptr (GVariant) good = device_save (gfx.dev);
  for (unsigned i = 0; i < G_N_ELEMENTS (resources); i++)
    refuse_state (&gfx, good, "resources", "a(uuuuayba(tu))", resources[i]);
  for (unsigned i = 0; i < G_N_ELEMENTS (scanouts); i++)
    refuse_state (&gfx, good, "scanouts", "a(uuuuubuu)", scanouts[i]);
  refuse_state (&gfx, good, "cursors", "a(buuiiau)", "[(true, 0, 0, 0, 0, [1, 2])]");
  refuse_state (&gfx, good, "resources", "s", "'nonsense'");
  g_assert_true (device_load (gfx.dev, good, NULL));
  gfx_close (&gfx);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/virtio-gpu/hostile/rectangles", test_rectangles);
  g_test_add_func ("/virtio-gpu/hostile/resources", test_resources);
  g_test_add_func ("/virtio-gpu/hostile/backing", test_backing);
  g_test_add_func ("/virtio-gpu/hostile/entries", test_entries);
  g_test_add_func ("/virtio-gpu/hostile/short", test_short);
  g_test_add_func ("/virtio-gpu/hostile/viewer", test_viewer);
  g_test_add_func ("/virtio-gpu/hostile/state", test_bad_state);
  return g_test_run ();
}
