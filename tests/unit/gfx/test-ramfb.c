/* SPDX-License-Identifier: GPL-3.0-or-later */

/* ramfb: what firmware writes to etc/ramfb, and the pixels it draws. */

#include "ramfb.h"

#include <string.h>

#define RAM  UINT64_C (0x80000000)
#define SIZE (UINT64_C (8) << 20)
#define DMA  0x100 /* the command's place in RAM */
#define DATA 0x200 /* what it writes */

typedef struct {
  uint64_t addr;
  uint32_t fourcc, flags, width, height, stride;
} __attribute__ ((packed)) Config;

typedef struct {
  MemoryMap *map;
  RamBlock *ram;
  MemoryRegion region;
  FwCfg *fw;
  Ramfb *fb;
  unsigned key; /* of etc/ramfb */
  unsigned resized, updated;
  uint32_t x, y, width, height;
} Machine;

static void
on_resized (void *opaque, Display *display)
{
  ((Machine *)opaque)->resized++;
}

static void
on_updated (void *opaque, Display *display, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
  Machine *m = opaque;
  m->updated++;
  m->x = x;
  m->y = y;
  m->width = width;
  m->height = height;
}

static const DisplayListener listener = { .resized = on_resized, .updated = on_updated };

static Ramfb *
add_ramfb (Machine *m, GError **error)
{
  Ramfb *fb = (Ramfb *)device_new (&ramfb_class, "/ramfb");
  fb->fw_cfg = m->fw;
  if (device_realize (&fb->dev, error))
    return fb;
  device_free (&fb->dev);
  return NULL;
}

static void
machine_open (Machine *m)
{
  g_autoptr (GError) error = NULL;
  *m = (Machine){ .map = memory_map_new (40), .ram = ram_block_new ("ram", SIZE, NULL) };
  m->region = (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = SIZE, .ram = m->ram };
  memory_region_map (m->map, &m->region, RAM);
  m->fw = (FwCfg *)device_new (&fw_cfg_class, "/fw-cfg");
  m->fw->memory = m->map;
  g_assert_true (device_realize (&m->fw->dev, NULL));
  m->fb = add_ramfb (m, &error);
  g_assert_no_error (error);
  memory_region_map (m->map, &m->fw->region, 0x10100000);
  device_reset (&m->fw->dev);
  device_reset (&m->fb->dev);
  m->key = FW_CFG_FILE_FIRST; /* the only file */
  display_add_listener (m->fb->display, &listener, m);
}

static void
machine_close (Machine *m)
{
  if (m->fb != NULL)
    device_free (&m->fb->dev);
  memory_region_unmap (&m->fw->region);
  device_free (&m->fw->dev);
  memory_map_free (m->map);
  ram_block_free (m->ram);
}

/* A DMA command: select, skip, write (docs/specs/fw_cfg.rst). */
static void
dma (Machine *m, uint32_t control, uint32_t length)
{
  struct {
    uint32_t control, length;
    uint64_t address;
  } command = { GUINT32_TO_BE (control), GUINT32_TO_BE (length), GUINT64_TO_BE (RAM + DATA) };
  memcpy (m->ram->host + DMA, &command, sizeof command);
  g_assert_cmpint (memory_write (m->map, 0x10100010, 8, GUINT64_SWAP_LE_BE (RAM + DMA)), ==, MEMORY_OK);
  memcpy (&command, m->ram->host + DMA, sizeof command);
  g_assert_cmphex (command.control, ==, 0);
}

static void
write_config (Machine *m, const Config *c)
{
  const Config be = { GUINT64_TO_BE (c->addr),  GUINT32_TO_BE (c->fourcc), GUINT32_TO_BE (c->flags),
                      GUINT32_TO_BE (c->width), GUINT32_TO_BE (c->height), GUINT32_TO_BE (c->stride) };
  memcpy (m->ram->host + DATA, &be, sizeof be);
  dma (m, m->key << 16 | 0x18, sizeof be);
}

static uint32_t
fourcc (const char *text)
{
  uint32_t code;
  memcpy (&code, text, 4);
  return GUINT32_FROM_LE (code);
}

static bool
is_on (Machine *m)
{
  DisplaySurface surface;
  if (!display_lock (m->fb->display, &surface))
    return false;
  display_unlock (m->fb->display);
  return true;
}

static uint32_t
pixel (Machine *m, uint32_t x, uint32_t y)
{
  DisplaySurface surface;
  uint32_t value;
  g_assert_true (display_lock (m->fb->display, &surface));
  memcpy (&value, surface.pixels + (size_t)y * surface.stride + 4 * x, 4);
  display_unlock (m->fb->display);
  return value & 0xffffff;
}

static void
test_pixels (void)
{
  static const struct {
    const char *code;
    unsigned size;
    uint8_t bytes[4];
    uint32_t rgb;
  } formats[] = {
    { "XR24", 4, { 0x33, 0x22, 0x11, 0 }, 0x112233 }, { "AR24", 4, { 0x33, 0x22, 0x11, 9 }, 0x112233 },
    { "XB24", 4, { 0x11, 0x22, 0x33, 0 }, 0x112233 }, { "AB24", 4, { 0x11, 0x22, 0x33, 9 }, 0x112233 },
    { "RG24", 3, { 0x33, 0x22, 0x11 }, 0x112233 },    { "BG24", 3, { 0x11, 0x22, 0x33 }, 0x112233 },
    { "RG16", 2, { 0x1f, 0xf8 }, 0xff00ff },
  };
  Machine m;
  machine_open (&m);
  for (unsigned i = 0; i < G_N_ELEMENTS (formats); i++) {
    const uint32_t stride = i % 2 == 0 ? 0 : 100;
    const Config config = { RAM + 0x10001, fourcc (formats[i].code), 0, 20, 10, stride };
    const uint32_t line = stride != 0 ? stride : 20 * formats[i].size;
    memset (m.ram->host + 0x10001, 0, 4096);
    write_config (&m, &config);
    g_assert_true (is_on (&m));
    display_refresh (m.fb->display);
    memcpy (m.ram->host + 0x10001 + 7 * line + 3 * formats[i].size, formats[i].bytes, formats[i].size);
    m.updated = 0;
    display_refresh (m.fb->display);
    g_assert_cmpuint (m.updated, ==, 1);
    g_assert_true (m.x == 0 && m.y == 7 && m.width == 20 && m.height == 1);
    g_assert_cmphex (pixel (&m, 3, 7), ==, formats[i].rgb);
    g_assert_cmphex (pixel (&m, 4, 7), ==, 0);
    display_refresh (m.fb->display);
    g_assert_cmpuint (m.updated, ==, 1);
  }
  machine_close (&m);
}

/* Only where the RAM's log names a page are pixels read; twice, for a store that came while it was. */
static void
test_changes (void)
{
  const Config config = { RAM + 0x10800, fourcc ("XR24"), 0, 512, 10, 0 };
  Machine m;
  machine_open (&m);
  uint8_t *line = m.ram->host + 0x10800 + 5 * 2048;
  write_config (&m, &config);
  for (unsigned i = 0; i < 3; i++)
    display_refresh (m.fb->display);
  m.updated = 0;
  memset (line, 0x11, 2048);
  display_refresh (m.fb->display);
  g_assert_cmpuint (m.updated, ==, 0);
  ram_written (m.ram, (uint64_t)(line - m.ram->host), 4);
  display_refresh (m.fb->display);
  g_assert_true (m.updated == 1 && m.y == 5 && m.height == 1);
  g_assert_cmphex (pixel (&m, 511, 5), ==, 0x111111);
  memset (line, 0x22, 2048);
  display_refresh (m.fb->display);
  g_assert_cmpuint (m.updated, ==, 2);
  memset (line, 0x33, 2048);
  display_refresh (m.fb->display);
  g_assert_cmpuint (m.updated, ==, 2);
  device_reset (&m.fb->dev);
  g_assert_null (m.ram->dirty);
  machine_close (&m);
}

static void
test_bad (void)
{
  const uint32_t xr24 = fourcc ("XR24");
  const Config bad[] = {
    { RAM, 0, 0, 20, 10, 0 },
    { RAM, xr24, 0, 0, 10, 0 },
    { RAM, xr24, 0, 20, 0, 0 },
    { RAM, xr24, 0, 20, 10, 79 },
    { RAM, xr24, 0, 16385, 10, 0 },
    { RAM, xr24, 0, 16384, 16384, 0 },
    { RAM, xr24, 0, UINT32_MAX, UINT32_MAX, UINT32_MAX },
    { UINT64_MAX - 100, xr24, 0, 20, 10, 0 },
    { UINT64_MAX, xr24, 0, 1, 1, UINT32_MAX },
  };
  const Config good = { RAM, xr24, 0, 20, 10, 0 };
  Machine m;
  machine_open (&m);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    write_config (&m, &good);
    g_assert_true (is_on (&m));
    write_config (&m, &bad[i]);
    g_assert_false (is_on (&m));
    display_refresh (m.fb->display);
  }
  /* Not all of it in RAM: what is there is shown. */
  const Config beyond = { RAM + SIZE - 100, xr24, 0, 20, 10, 0 };
  memset (m.ram->host + SIZE - 100, 0x77, 100);
  write_config (&m, &beyond);
  display_refresh (m.fb->display);
  g_assert_cmphex (pixel (&m, 19, 0), ==, 0x777777);
  g_assert_cmphex (pixel (&m, 0, 1), ==, 0);
  const Config nowhere = { 0, xr24, 0, 20, 10, 0 };
  write_config (&m, &nowhere);
  display_refresh (m.fb->display);
  g_assert_cmphex (pixel (&m, 0, 0), ==, 0);
  /* A part of it is no configuration. */
  device_reset (&m.fb->dev);
  g_assert_false (is_on (&m));
  write_config (&m, &(Config){ 0 });
  dma (&m, m.key << 16 | 0x18, 12);
  g_assert_false (is_on (&m));
  machine_close (&m);
}

static void
test_save (void)
{
  Machine m;
  g_autoptr (GError) error = NULL;
  machine_open (&m);
  const Config config = { RAM + 0x1000, fourcc ("XR24"), 0, 20, 10, 0 };
  memset (m.ram->host + 0x1000, 0x42, 800);
  write_config (&m, &config);
  g_autoptr (GVariant) fw = device_save (&m.fw->dev);
  g_autoptr (GVariant) fb = device_save (&m.fb->dev);
  device_reset (&m.fw->dev);
  device_reset (&m.fb->dev);
  g_assert_false (is_on (&m));
  device_load (&m.fw->dev, fw, &error);
  g_assert_no_error (error);
  device_load (&m.fb->dev, fb, &error);
  g_assert_no_error (error);
  display_refresh (m.fb->display);
  g_assert_cmphex (pixel (&m, 19, 9), ==, 0x424242);
  machine_close (&m);
}

static void
test_life (void)
{
  Machine m;
  g_autoptr (GError) error = NULL;
  machine_open (&m);
  g_assert_null (add_ramfb (&m, &error));
  g_assert_nonnull (error);
  /* Without the device its file stays, and does nothing. */
  device_free (&m.fb->dev);
  m.fb = NULL;
  const Config config = { RAM, fourcc ("XR24"), 0, 20, 10, 0 };
  write_config (&m, &config);
  FwCfg *fw = m.fw;
  m.fw = NULL;
  g_clear_error (&error);
  g_assert_null (add_ramfb (&m, &error));
  g_assert_nonnull (error);
  m.fw = fw;
  machine_close (&m);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ramfb/pixels", test_pixels);
  g_test_add_func ("/ramfb/changes", test_changes);
  g_test_add_func ("/ramfb/bad", test_bad);
  g_test_add_func ("/ramfb/save", test_save);
  g_test_add_func ("/ramfb/life", test_life);
  return g_test_run ();
}
