/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A display as a QXL device of the library's: its canvas follows the size of the display, and changes are
 * gathered and handed on at most 60 times a second, only while a client looks. */

#include "spice-private.h"

#include <string.h>

#define TICK_US (G_USEC_PER_SEC / 60)
/* A screen without news of its own is looked at so seldom when nothing happens on it. */
#define IDLE_US (G_USEC_PER_SEC / 4)
/* How often the library is asked to give back what it holds of one that has reached its limit. */
#define STARVED_US (G_USEC_PER_SEC / 10)

/* All of the process' memory is one slot, so that addresses are pointers. */
enum { SLOT_BITS = 1, GENERATION_BITS = 8 };

/* ---- News from the device, on any thread ---- */

void
spice_screen_arrange (SpiceScreen *screen, bool soon)
{
  const int64_t next = screen->due + TICK_US;
  if (!screen->ticks || soon)
    g_source_set_ready_time (screen->tick, soon ? 0 : next);
  screen->ticks = true;
}

static void
on_resized (void *opaque, Display *display)
{
  SpiceScreen *screen = opaque;
  g_mutex_lock (&screen->lock);
  /* It may be another picture of the same size. */
  if (screen->watched && screen->ready)
    spice_dirty_add (&screen->dirty, (SpiceArea){ 0, 0, screen->width, screen->height });
  spice_screen_arrange (screen, false);
  g_mutex_unlock (&screen->lock);
}

static void
on_updated (void *opaque, Display *display, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
  SpiceScreen *screen = opaque;
  g_mutex_lock (&screen->lock);
  if (screen->watched && screen->ready) {
    spice_dirty_add (&screen->dirty, (SpiceArea){ x, y, x + width, y + height });
    spice_screen_arrange (screen, false);
  }
  g_mutex_unlock (&screen->lock);
}

static void
on_cursor (void *opaque, Display *display)
{
  SpiceScreen *screen = opaque;
  g_mutex_lock (&screen->lock);
  screen->cursor_shape = screen->cursor_place = true;
  if (screen->watched)
    spice_screen_arrange (screen, false);
  g_mutex_unlock (&screen->lock);
}

static void
on_gone (void *opaque, Display *display)
{
  SpiceScreen *screen = opaque;
  display_remove_listener (display, screen);
  g_mutex_lock (&screen->display_lock);
  screen->display = NULL;
  g_mutex_unlock (&screen->display_lock);
  g_mutex_lock (&screen->lock);
  spice_screen_arrange (screen, true);
  g_mutex_unlock (&screen->lock);
}

static const DisplayListener listener = { on_resized, on_updated, on_cursor, on_gone };

/* With the lock. */
static void
all_is_new (SpiceScreen *screen)
{
  screen->dirty = screen->batch = (SpiceDirty){ 0 };
  if (screen->ready)
    spice_dirty_add (&screen->dirty, (SpiceArea){ 0, 0, screen->width, screen->height });
  screen->cursor_shape = screen->cursor_place = true;
}

/* ---- The canvas, on the main thread ---- */

/* The device's pixels would do for a canvas if the library did not draw on it: it is ours. */
static void
create_canvas (SpiceScreen *screen, uint32_t width, uint32_t height)
{
  uint8_t *memory = g_try_malloc0 (UINT64_C (4) * width * height);
  if (!memory) {
    if (!screen->told_memory)
      g_warning ("SPICE: no memory for a screen of %ux%u pixels; clients do not see it", width, height);
    screen->told_memory = true;
    return;
  }
  QXLDevSurfaceCreate surface = {
    .width = width,
    .height = height,
    .stride = (int32_t)(4 * width),
    .format = SPICE_SURFACE_FMT_32_xRGB,
    .mouse_mode = true,
    .type = QXL_SURF_TYPE_PRIMARY,
    .mem = (uintptr_t)memory,
  };
  screen->primary = memory;
  /* A new canvas sets clients' cursors up, which they do not take twice. */
  spice_qxl_reset_cursor (&screen->qxl);
  spice_qxl_create_primary_surface (&screen->qxl, 0, &surface);
  g_mutex_lock (&screen->lock);
  screen->width = width;
  screen->height = height;
  screen->ready = true;
  all_is_new (screen);
  g_mutex_unlock (&screen->lock);
}

/* The library waits for clients to take what it is sending them of a canvas before it gives it up, up to half
 * a minute: on its own thread if asked this way. */
static void
drain_canvas (SpiceScreen *screen)
{
  g_mutex_lock (&screen->lock);
  screen->ready = screen->drained = false;
  screen->starved = false;
  screen->dirty = screen->batch = (SpiceDirty){ 0 };
  spice_screen_drop_spare (screen);
  g_mutex_unlock (&screen->lock);
  screen->drains = true;
  spice_qxl_destroy_surface_async (&screen->qxl, 0, 0);
}

static void
destroy_canvas (SpiceScreen *screen)
{
  screen->drains = false;
  spice_qxl_destroy_primary_surface (&screen->qxl, 0);
  g_clear_pointer (&screen->primary, g_free);
}

/* Brings the canvas nearer to what the display is. */
static void
follow_size (SpiceScreen *screen)
{
  DisplaySurface s = { 0 };
  if (screen->display && display_lock (screen->display, &s))
    display_unlock (screen->display);
  g_mutex_lock (&screen->lock);
  const bool drained = screen->drained;
  g_mutex_unlock (&screen->lock);
  if (screen->drains && drained)
    destroy_canvas (screen);
  if (screen->primary && !screen->drains && (s.width != screen->width || s.height != screen->height))
    drain_canvas (screen);
  if (!screen->primary && s.width)
    create_canvas (screen, s.width, s.height);
}

/* ---- Ticks, on the main thread ---- */

/* Looks at a screen that tells nothing, less and less often while nothing changes. */
static void
look (SpiceScreen *screen)
{
  if (!screen->display || !display_needs_refresh (screen->display))
    return;
  display_refresh (screen->display);
  g_mutex_lock (&screen->lock);
  if (screen->watched) {
    screen->idle_us = screen->dirty.n ? TICK_US : MIN (screen->idle_us + screen->idle_us / 4, IDLE_US);
    screen->ticks = true;
    g_source_set_ready_time (screen->tick, g_get_monotonic_time () + screen->idle_us);
  }
  g_mutex_unlock (&screen->lock);
}

void
spice_screen_attend (SpiceScreen *screen)
{
  if (screen->idle_us <= TICK_US || !screen->display || !display_needs_refresh (screen->display))
    return;
  screen->idle_us = TICK_US;
  g_mutex_lock (&screen->lock);
  if (screen->watched)
    spice_screen_arrange (screen, true);
  g_mutex_unlock (&screen->lock);
}

static gboolean
on_tick (GSource *source, GSourceFunc unused, gpointer none)
{
  SpiceScreen *screen = *(SpiceScreen **)(source + 1);
  g_source_set_ready_time (source, -1);
  g_mutex_lock (&screen->lock);
  screen->ticks = false;
  /* Beats keep their distance although each comes a little late, or a guest of as many frames would lose
   * some. */
  const int64_t now = g_get_monotonic_time ();
  screen->due = CLAMP (screen->due + TICK_US, now - TICK_US, now);
  g_mutex_unlock (&screen->lock);
  look (screen);
  follow_size (screen);
  g_mutex_lock (&screen->lock);
  spice_dirty_move (&screen->batch, &screen->dirty);
  screen->cursor_shape_due |= screen->cursor_shape;
  screen->cursor_place_due |= screen->cursor_place;
  screen->cursor_shape = screen->cursor_place = false;
  const bool news = screen->watched && screen->ready &&
                    (screen->batch.n || screen->cursor_shape_due || screen->cursor_place_due);
  const bool starved = screen->starved;
  if (news && starved && !screen->ticks) {
    screen->ticks = true;
    g_source_set_ready_time (screen->tick, now + STARVED_US);
  }
  g_mutex_unlock (&screen->lock);
  if (news)
    spice_qxl_wakeup (&screen->qxl);
  /* What shows and is not drawn on the canvas yet is not given back by itself. */
  if (news && starved)
    spice_qxl_oom (&screen->qxl);
  return G_SOURCE_CONTINUE;
}

/* ---- The library's side ---- */

static void
init_info (QXLInstance *qxl, QXLDevInitInfo *info)
{
  *info = (QXLDevInitInfo){
    .num_memslots_groups = 1,
    .num_memslots = 1,
    .memslot_gen_bits = GENERATION_BITS,
    .memslot_id_bits = SLOT_BITS,
    .qxl_ram_size = 16 << 20,
    .n_surfaces = 1,
  };
}

static void
attached (QXLInstance *qxl)
{
}

static void
set_compression_level (QXLInstance *qxl, int level)
{
}

/* It is woken up whenever something is due, whether it has asked for that or not. */
static int
always_notified (QXLInstance *qxl)
{
  return 1;
}

static void
notify_update (QXLInstance *qxl, uint32_t id)
{
}

static int
flush_resources (QXLInstance *qxl)
{
  return 0;
}

static void
async_complete (QXLInstance *qxl, uint64_t cookie)
{
  SpiceScreen *screen = (SpiceScreen *)qxl;
  g_mutex_lock (&screen->lock);
  screen->drained = true;
  spice_screen_arrange (screen, true);
  g_mutex_unlock (&screen->lock);
}

static void
update_area_complete (QXLInstance *qxl, uint32_t surface, QXLRect *areas, uint32_t n)
{
}

/* Not for what its name suggests: it does not always come, or last, when a client goes. */
static void
set_client_capabilities (QXLInstance *qxl, uint8_t present, uint8_t capabilities[SPICE_CAPABILITIES_SIZE])
{
}

void
spice_screen_add_viewers (SpiceScreen *screen, int n)
{
  screen->viewers += n;
  g_mutex_lock (&screen->lock);
  screen->watched = screen->viewers > 0;
  if (n > 0) {
    all_is_new (screen);
    spice_screen_arrange (screen, false);
  } else {
    screen->dirty = screen->batch = (SpiceDirty){ 0 };
    screen->starved = false;
    spice_screen_drop_spare (screen);
  }
  g_mutex_unlock (&screen->lock);
}

/* The sizes that a client wants its screens to have, in the order of their numbers; NULL asks whether we see
 * to that, or the guest's agent. */
static int
client_monitors_config (QXLInstance *qxl, VDAgentMonitorsConfig *config)
{
  SpiceScreen *screen = (SpiceScreen *)qxl;
  if (config && screen->display) {
    VDAgentMonConfig wanted = { 0 };
    if (screen->index < config->num_of_monitors)
      wanted = config->monitors[screen->index];
    display_request_size (screen->display, wanted.width, wanted.height);
  }
  return 1;
}

static const QXLInterface interface = {
  .base = { SPICE_INTERFACE_QXL, "screen", SPICE_INTERFACE_QXL_MAJOR, SPICE_INTERFACE_QXL_MINOR },
  .attached_worker = attached,
  .set_compression_level = set_compression_level,
  .get_init_info = init_info,
  .get_command = spice_screen_next_draw,
  .req_cmd_notification = always_notified,
  .release_resource = spice_screen_release,
  .get_cursor_command = spice_screen_next_cursor,
  .req_cursor_notification = always_notified,
  .notify_update = notify_update,
  .flush_resources = flush_resources,
  .async_complete = async_complete,
  .update_area_complete = update_area_complete,
  .set_client_capabilities = set_client_capabilities,
  .client_monitors_config = client_monitors_config,
};

/* ---- Life ---- */

SpiceScreen *
spice_screen_new (SpiceService *service, SpiceServer *server, Display *display, unsigned index)
{
  static GSourceFuncs funcs = { .dispatch = on_tick };
  SpiceScreen *screen = g_new0 (SpiceScreen, 1);
  screen->qxl.base.sif = &interface.base;
  screen->qxl.id = (int)index;
  screen->service = service;
  screen->index = index;
  screen->display = display;
  screen->idle_us = TICK_US;
  screen->tick = g_source_new (&funcs, sizeof (GSource) + sizeof screen);
  *(SpiceScreen **)(screen->tick + 1) = screen;
  g_mutex_init (&screen->display_lock);
  g_mutex_init (&screen->lock);
  spice_server_add_interface (server, &screen->qxl.base);
  QXLDevMemSlot slot = { .virt_end = ~(uintptr_t)0, .qxl_ram_size = ~UINT32_C (0) };
  spice_qxl_add_memslot (&screen->qxl, &slot);
  display_add_listener (display, &listener, screen);
  g_source_attach (screen->tick, NULL);
  follow_size (screen);
  return screen;
}

/* The library has given everything back when its worker has ended. */
void
spice_screen_free (SpiceScreen *screen)
{
  if (screen->display)
    display_remove_listener (screen->display, screen);
  g_source_destroy (screen->tick);
  g_source_unref (screen->tick);
  spice_screen_drop_spare (screen);
  g_free (screen->primary);
  g_mutex_clear (&screen->display_lock);
  g_mutex_clear (&screen->lock);
  g_free (screen);
}
