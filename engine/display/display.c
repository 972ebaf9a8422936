/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display.h"

#include <string.h>

enum { CURSOR_SIDE = 64 };

typedef struct {
  const DisplayListener *calls;
  void *opaque;
} Listener;

struct Display {
  char *name;
  unsigned head;
  GRecMutex lock; /* guards pixels and cursor */
  DisplaySurface surface;
  bool on;
  bool cursor_on;
  uint32_t cursor[CURSOR_SIDE * CURSOR_SIDE], hot_x, hot_y;
  int32_t cursor_x, cursor_y;
  GRecMutex listeners_lock; /* taken before `lock` */
  GArray *listeners;        /* Listener */
  void (*resize) (void *opaque, uint32_t width, uint32_t height);
  void *resize_opaque;
  void (*refresh) (void *opaque);
  void *refresh_opaque;
};

static GMutex all_lock;
static GPtrArray *all;

Display *
display_new (const char *name, unsigned head)
{
  Display *display = g_new0 (Display, 1);
  display->name = head ? g_strdup_printf ("%s.%u", name, head) : g_strdup (name);
  display->head = head;
  display->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  g_rec_mutex_init (&display->lock);
  g_rec_mutex_init (&display->listeners_lock);
  g_mutex_lock (&all_lock);
  if (!all)
    all = g_ptr_array_new ();
  g_ptr_array_add (all, display);
  g_mutex_unlock (&all_lock);
  return display;
}

void
display_free (Display *display)
{
  if (!display)
    return;
  g_mutex_lock (&all_lock);
  g_ptr_array_remove (all, display);
  g_mutex_unlock (&all_lock);
  g_rec_mutex_lock (&display->listeners_lock);
  for (unsigned i = 0; i < display->listeners->len; i++) {
    const Listener *l = &g_array_index (display->listeners, Listener, i);
    if (l->calls->gone)
      l->calls->gone (l->opaque, display);
  }
  g_rec_mutex_unlock (&display->listeners_lock);
  g_array_unref (display->listeners);
  g_rec_mutex_clear (&display->lock);
  g_rec_mutex_clear (&display->listeners_lock);
  g_free (display->name);
  g_free (display);
}

GPtrArray *
display_list (void)
{
  GPtrArray *list = g_ptr_array_new ();
  g_mutex_lock (&all_lock);
  for (unsigned i = 0; all && i < all->len; i++)
    g_ptr_array_add (list, all->pdata[i]);
  g_mutex_unlock (&all_lock);
  return list;
}

const char *
display_name (const Display *display)
{
  return display->name;
}

void
display_set_surface (Display *display, const DisplaySurface *surface)
{
  g_rec_mutex_lock (&display->lock);
  display->on = surface && surface->pixels && surface->width && surface->height &&
                surface->stride >= UINT64_C (4) * surface->width;
  if (display->on)
    display->surface = *surface;
  g_rec_mutex_unlock (&display->lock);
  g_rec_mutex_lock (&display->listeners_lock);
  for (unsigned i = 0; i < display->listeners->len; i++) {
    const Listener *l = &g_array_index (display->listeners, Listener, i);
    if (l->calls->resized)
      l->calls->resized (l->opaque, display);
  }
  g_rec_mutex_unlock (&display->listeners_lock);
}

bool
display_lock (Display *display, DisplaySurface *ret_surface)
{
  g_rec_mutex_lock (&display->lock);
  if (display->on) {
    *ret_surface = display->surface;
    return true;
  }
  g_rec_mutex_unlock (&display->lock);
  return false;
}

void
display_unlock (Display *display)
{
  g_rec_mutex_unlock (&display->lock);
}

void
display_update (Display *display, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
  DisplaySurface surface;
  if (!display_lock (display, &surface))
    return;
  display_unlock (display);
  /* The guest's numbers end at the edge of the screen. */
  if (x >= surface.width || y >= surface.height)
    return;
  width = MIN (width, surface.width - x);
  height = MIN (height, surface.height - y);
  if (width == 0 || height == 0)
    return;
  g_rec_mutex_lock (&display->listeners_lock);
  for (unsigned i = 0; i < display->listeners->len; i++) {
    const Listener *l = &g_array_index (display->listeners, Listener, i);
    if (l->calls->updated)
      l->calls->updated (l->opaque, display, x, y, width, height);
  }
  g_rec_mutex_unlock (&display->listeners_lock);
}

static void
tell_cursor (Display *display)
{
  g_rec_mutex_lock (&display->listeners_lock);
  for (unsigned i = 0; i < display->listeners->len; i++) {
    const Listener *l = &g_array_index (display->listeners, Listener, i);
    if (l->calls->cursor)
      l->calls->cursor (l->opaque, display);
  }
  g_rec_mutex_unlock (&display->listeners_lock);
}

void
display_set_cursor (Display *display, const uint32_t *argb, uint32_t hot_x, uint32_t hot_y)
{
  g_rec_mutex_lock (&display->lock);
  display->cursor_on = argb != NULL;
  if (argb)
    memcpy (display->cursor, argb, sizeof display->cursor);
  display->hot_x = MIN (hot_x, CURSOR_SIDE - 1);
  display->hot_y = MIN (hot_y, CURSOR_SIDE - 1);
  g_rec_mutex_unlock (&display->lock);
  tell_cursor (display);
}

void
display_move_cursor (Display *display, int32_t x, int32_t y)
{
  g_rec_mutex_lock (&display->lock);
  display->cursor_x = x;
  display->cursor_y = y;
  g_rec_mutex_unlock (&display->lock);
  tell_cursor (display);
}

bool
display_cursor (Display *display, uint32_t *ret_argb, uint32_t *ret_hot_x, uint32_t *ret_hot_y,
                int32_t *ret_x, int32_t *ret_y)
{
  g_rec_mutex_lock (&display->lock);
  const bool on = display->cursor_on;
  memcpy (ret_argb, display->cursor, sizeof display->cursor);
  *ret_hot_x = display->hot_x;
  *ret_hot_y = display->hot_y;
  *ret_x = display->cursor_x;
  *ret_y = display->cursor_y;
  g_rec_mutex_unlock (&display->lock);
  return on;
}

void
display_add_listener (Display *display, const DisplayListener *listener, void *opaque)
{
  const Listener l = { listener, opaque };
  g_rec_mutex_lock (&display->listeners_lock);
  g_array_append_val (display->listeners, l);
  g_rec_mutex_unlock (&display->listeners_lock);
}

void
display_remove_listener (Display *display, void *opaque)
{
  g_rec_mutex_lock (&display->listeners_lock);
  for (unsigned i = display->listeners->len; i-- > 0;)
    if (g_array_index (display->listeners, Listener, i).opaque == opaque)
      g_array_remove_index (display->listeners, i);
  g_rec_mutex_unlock (&display->listeners_lock);
}

void
display_set_resize_hook (Display *display, void (*resize) (void *opaque, uint32_t width, uint32_t height),
                         void *opaque)
{
  display->resize = resize;
  display->resize_opaque = opaque;
}

void
display_request_size (Display *display, uint32_t width, uint32_t height)
{
  if (display->resize)
    display->resize (display->resize_opaque, width, height);
}

void
display_set_refresh_hook (Display *display, void (*refresh) (void *opaque), void *opaque)
{
  display->refresh = refresh;
  display->refresh_opaque = opaque;
}

void
display_refresh (Display *display)
{
  if (display->refresh)
    display->refresh (display->refresh_opaque);
}

bool
display_needs_refresh (const Display *display)
{
  return display->refresh != NULL;
}
