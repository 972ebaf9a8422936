/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Draw and cursor commands, made when the screen's worker thread asks for one: so a frame is copied once, as
 * it is at that moment, and only when the clients are ready for it. */

#include "spice-private.h"

#include <string.h>

enum { CURSOR_SIDE = 64 };

/* What the library may hold of a screen before it gets no more: it keeps what a slow client has not been
 * sent, and what shows on the screen and is not yet drawn on the canvas. */
enum { FRAMES_MAX = 3, COMMANDS_MAX = 256 };
#define BYTES_MIN UINT64_C (4 << 20)
/* Larger areas are sent in bands: a band's copies, here and in the client, stay in the processor's cache and
 * in memory that is there, where a whole picture would have each of them fetch new pages. All bands of an
 * area are of that size, but for the last, which is smaller: so the app knows when it has all of them. */
#define BAND_BYTES (512 * 1024)
/* Of a screen; bands of very large ones are larger. */
#define BANDS_MAX 64
/* Smaller buffers are not worth keeping. */
#define SPARE_MIN (256 * 1024)

struct SpiceCommand {
  union {
    struct {
      QXLDrawable drawable;
      QXLImage image;
    };
    QXLCursorCmd cursor;
  };
  uint64_t bytes;    /* what it counts for */
  uint64_t capacity; /* of what follows */
  union {
    QXLCursor shape;
    uint8_t pixels[1];
  } __attribute__ ((aligned (16)));
};

/* ---- Memory ---- */

/* NULL: there is none. */
static SpiceCommand *
command_new (SpiceScreen *screen, uint64_t capacity)
{
  SpiceCommand *command = NULL;
  g_mutex_lock (&screen->lock);
  for (unsigned i = 0; i < G_N_ELEMENTS (screen->spare) && !command; i++) {
    SpiceCommand *spare = screen->spare[i];
    if (spare && spare->capacity >= capacity && spare->capacity / 2 <= capacity) {
      command = spare;
      screen->spare[i] = NULL;
    }
  }
  g_mutex_unlock (&screen->lock);
  if (command) {
    capacity = command->capacity;
  } else {
    command = g_try_malloc (sizeof *command + capacity);
    if (!command)
      return NULL;
  }
  memset (command, 0, G_STRUCT_OFFSET (SpiceCommand, pixels));
  command->capacity = capacity;
  command->bytes = sizeof *command + capacity;
  g_mutex_lock (&screen->lock);
  screen->bytes += command->bytes;
  screen->commands++;
  g_mutex_unlock (&screen->lock);
  return command;
}

void
spice_screen_drop_spare (SpiceScreen *screen)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (screen->spare); i++)
    g_clear_pointer (&screen->spare[i], g_free);
}

/* With the lock. */
static bool
has_room (const SpiceScreen *screen)
{
  const uint64_t frame = UINT64_C (4) * screen->width * screen->height;
  return screen->bytes < MAX (FRAMES_MAX * frame, BYTES_MIN) && screen->commands < COMMANDS_MAX;
}

static void
command_free (SpiceScreen *screen, SpiceCommand *command)
{
  g_mutex_lock (&screen->lock);
  screen->bytes -= command->bytes;
  screen->commands--;
  if (screen->starved && has_room (screen)) {
    screen->starved = false;
    spice_screen_arrange (screen, true);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (screen->spare) && command; i++) {
    if (!screen->spare[i] && screen->watched && screen->ready && command->capacity >= SPARE_MIN) {
      screen->spare[i] = command;
      command = NULL;
    }
  }
  g_mutex_unlock (&screen->lock);
  g_free (command);
}

void
spice_screen_release (QXLInstance *qxl, QXLReleaseInfoExt info)
{
  command_free ((SpiceScreen *)qxl, (SpiceCommand *)(uintptr_t)info.info->id);
}

static int
hand_over (QXLCommandExt *ext, void *data, uint32_t type)
{
  *ext = (QXLCommandExt){ .cmd = { .data = (uintptr_t)data, .type = type } };
  return 1;
}

/* ---- Drawing ---- */

/* Takes the uppermost band off it, which may be all of it; false: nothing is left. */
static bool
take_band (const SpiceScreen *screen, SpiceArea *area, SpiceArea *ret)
{
  const uint64_t frame = UINT64_C (4) * screen->width * screen->height;
  const uint64_t bytes = MAX (BAND_BYTES, frame / BANDS_MAX);
  const uint32_t most = (uint32_t)MAX (bytes / (4 * (area->right - area->left)), 2);
  const uint32_t height = area->bottom - area->top;
  *ret = *area;
  ret->bottom = area->top + (height > most ? most : height == most ? most - 1 : height);
  area->top = ret->bottom;
  return area->top < area->bottom;
}

/* Takes the next rectangle; false: nothing is due, or there is no room for it. */
static bool
next_area (SpiceScreen *screen, SpiceArea *ret)
{
  bool found = false;
  g_mutex_lock (&screen->lock);
  if (screen->watched && screen->ready && screen->batch.n) {
    found = has_room (screen);
    if (found)
      screen->batch.n -= !take_band (screen, &screen->batch.areas[screen->batch.n - 1], ret);
    else if (!screen->starved)
      spice_screen_arrange (screen, false);
    screen->starved = !found;
  }
  g_mutex_unlock (&screen->lock);
  return found;
}

/* Copies the area of the display, which still has the canvas' size. */
static SpiceCommand *
copy_area (SpiceScreen *screen, SpiceArea *area)
{
  SpiceCommand *command = NULL;
  DisplaySurface s;
  g_mutex_lock (&screen->display_lock);
  if (screen->display && display_lock (screen->display, &s)) {
    area->right = MIN (area->right, s.width);
    area->bottom = MIN (area->bottom, s.height);
    if (s.width == screen->width && s.height == screen->height && area->left < area->right &&
        area->top < area->bottom) {
      const uint64_t line = UINT64_C (4) * (area->right - area->left);
      command = command_new (screen, line * (area->bottom - area->top));
      for (uint32_t y = area->top; command && y < area->bottom; y++)
        memcpy (command->pixels + line * (y - area->top),
                s.pixels + (uint64_t)s.stride * y + UINT64_C (4) * area->left, line);
    }
    display_unlock (screen->display);
  }
  g_mutex_unlock (&screen->display_lock);
  return command;
}

int
spice_screen_next_draw (QXLInstance *qxl, QXLCommandExt *ext)
{
  static guint32 unique; /* atomic: images of all screens */
  SpiceScreen *screen = (SpiceScreen *)qxl;
  SpiceArea area;
  SpiceCommand *command = NULL;
  while (!command && next_area (screen, &area))
    command = copy_area (screen, &area);
  if (!command)
    return 0;
  const uint32_t width = area.right - area.left, height = area.bottom - area.top;
  QXLDrawable *d = &command->drawable;
  d->release_info.id = (uintptr_t)command;
  d->bbox = (QXLRect){ .top = (int32_t)area.top,
                       .left = (int32_t)area.left,
                       .bottom = (int32_t)area.bottom,
                       .right = (int32_t)area.right };
  d->clip.type = SPICE_CLIP_TYPE_NONE;
  d->effect = QXL_EFFECT_OPAQUE;
  d->type = QXL_DRAW_COPY;
  d->mm_time = (uint32_t)(g_get_monotonic_time () / 1000);
  for (unsigned i = 0; i < G_N_ELEMENTS (d->surfaces_dest); i++)
    d->surfaces_dest[i] = -1;
  d->u.copy.rop_descriptor = SPICE_ROPD_OP_PUT;
  d->u.copy.src_bitmap = (uintptr_t)&command->image;
  d->u.copy.src_area = (QXLRect){ .right = (int32_t)width, .bottom = (int32_t)height };
  QXLImage *image = &command->image;
  QXL_SET_IMAGE_ID (image, QXL_IMAGE_GROUP_DEVICE, (guint32)g_atomic_int_add ((gint *)&unique, 1));
  image->descriptor.type = SPICE_IMAGE_TYPE_BITMAP;
  image->descriptor.width = width;
  image->descriptor.height = height;
  image->bitmap.format = SPICE_BITMAP_FMT_32BIT;
  image->bitmap.flags = QXL_BITMAP_DIRECT | QXL_BITMAP_TOP_DOWN;
  image->bitmap.x = width;
  image->bitmap.y = height;
  image->bitmap.stride = 4 * width;
  image->bitmap.data = (uintptr_t)command->pixels;
  return hand_over (ext, d, QXL_CMD_DRAW);
}

/* ---- The cursor ---- */

typedef struct {
  uint32_t argb[CURSOR_SIDE * CURSOR_SIDE], hot_x, hot_y;
  int32_t x, y;
  bool on;
} Cursor;

static bool
look_at_cursor (SpiceScreen *screen, Cursor *cursor)
{
  g_mutex_lock (&screen->display_lock);
  const bool there = screen->display != NULL;
  if (there)
    cursor->on = display_cursor (screen->display, cursor->argb, &cursor->hot_x, &cursor->hot_y, &cursor->x,
                                 &cursor->y);
  g_mutex_unlock (&screen->display_lock);
  return there;
}

static void
set_shape (SpiceCommand *command, const Cursor *cursor)
{
  QXLCursor *shape = &command->shape;
  *shape = (QXLCursor){ .header = { .type = SPICE_CURSOR_TYPE_ALPHA,
                                    .width = CURSOR_SIDE,
                                    .height = CURSOR_SIDE,
                                    .hot_spot_x = (uint16_t)cursor->hot_x,
                                    .hot_spot_y = (uint16_t)cursor->hot_y },
                        .data_size = sizeof cursor->argb,
                        .chunk = { .data_size = sizeof cursor->argb } };
  memcpy (shape->chunk.data, cursor->argb, sizeof cursor->argb);
  command->cursor.type = QXL_CURSOR_SET;
  command->cursor.u.set.visible = 1;
  command->cursor.u.set.shape = (uintptr_t)shape;
}

/* The guest places the picture's corner, SPICE its hot spot. */
static QXLPoint16
place_of (const Cursor *cursor)
{
  return (QXLPoint16){ (int16_t)CLAMP ((int64_t)cursor->x + cursor->hot_x, INT16_MIN, INT16_MAX),
                       (int16_t)CLAMP ((int64_t)cursor->y + cursor->hot_y, INT16_MIN, INT16_MAX) };
}

int
spice_screen_next_cursor (QXLInstance *qxl, QXLCommandExt *ext)
{
  SpiceScreen *screen = (SpiceScreen *)qxl;
  Cursor cursor;
  g_mutex_lock (&screen->lock);
  const bool able = screen->watched && screen->ready && screen->commands < COMMANDS_MAX;
  const bool shape = able && screen->cursor_shape_due, place = able && screen->cursor_place_due;
  if (able)
    screen->cursor_shape_due = screen->cursor_place_due = false;
  g_mutex_unlock (&screen->lock);
  if ((!shape && !place) || !look_at_cursor (screen, &cursor) || (!shape && !cursor.on))
    return 0;
  SpiceCommand *command = command_new (screen, sizeof (QXLCursor) + (shape ? sizeof cursor.argb : 0));
  if (!command)
    return 0;
  command->cursor.release_info.id = (uintptr_t)command;
  if (!cursor.on)
    command->cursor.type = QXL_CURSOR_HIDE;
  else if (shape) {
    set_shape (command, &cursor);
    command->cursor.u.set.position = place_of (&cursor);
  } else {
    command->cursor.type = QXL_CURSOR_MOVE;
    command->cursor.u.position = place_of (&cursor);
  }
  return hand_over (ext, &command->cursor, QXL_CMD_CURSOR);
}
