/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-private.h"

enum {
  INTERVAL = 3, /* seconds between two pictures of a running machine */
  WIDTH = 320,  /* pixels: sharp in the list at twice the scale */
};

struct VtThumbnail {
  VtMachine *machine;
  GdkTexture *texture;
  GBytes *png; /* what the texture was made of */
  unsigned holders;
  guint timer;
  GCancellable *cancellable; /* of the picture being fetched, or NULL */
  gboolean taken_alive;      /* the last picture is of a running machine */
};

static void fetch (VtThumbnail *self);

/* The machine's picture does not change by itself unless it runs; pictures that nobody sees are not fetched.
 */
static gboolean
is_due (VtThumbnail *self)
{
  gboolean alive = vt_machine_is_alive (self->machine);
  return self->holders && self->machine->proxy && (alive || !self->png || self->taken_alive);
}

static gboolean
on_timer (gpointer data)
{
  VtThumbnail *self = data;
  self->timer = 0;
  if (is_due (self))
    fetch (self);
  return G_SOURCE_REMOVE;
}

static void
set_timer (VtThumbnail *self)
{
  if (!self->timer && !self->cancellable && self->holders && vt_machine_is_alive (self->machine))
    self->timer = g_timeout_add_seconds (INTERVAL, on_timer, self);
}

static void
decode (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  GdkTexture *texture = gdk_texture_new_from_bytes (data, &error);
  if (texture)
    g_task_return_pointer (task, texture, g_object_unref);
  else
    g_task_return_error (task, error);
}

/* The source object, the machine, holds the thumbnail until here, unless it was disposed: then this was
 * cancelled. */
static void
on_decoded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GdkTexture) texture = g_task_propagate_pointer (G_TASK (result), NULL);
  VtThumbnail *self = VT_MACHINE (source)->thumbnail;
  if (!self || g_task_get_cancellable (G_TASK (result)) != self->cancellable)
    return;
  g_clear_object (&self->cancellable);
  if (texture) {
    g_set_object (&self->texture, texture);
    g_object_notify (source, "thumbnail");
  }
  set_timer (self);
}

static void
on_screenshot (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtMachine) machine = VT_MACHINE (data);
  VtThumbnail *self = machine->thumbnail;
  g_autoptr (GVariant) png = NULL;
  g_autoptr (GError) error = NULL;
  vt_machine1_call_screenshot_finish (VT_MACHINE1 (source), &png, result, &error);
  if (!self || !self->cancellable || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_autoptr (GBytes) bytes = png ? g_variant_get_data_as_bytes (png) : g_bytes_new_static ("", 0);
  gboolean same = self->png && g_bytes_equal (bytes, self->png);
  g_clear_pointer (&self->png, g_bytes_unref);
  self->png = g_bytes_ref (bytes);
  if (same || g_bytes_get_size (bytes) == 0) {
    g_clear_object (&self->cancellable);
    set_timer (self);
    return;
  }
  g_autoptr (GTask) task = g_task_new (machine, self->cancellable, on_decoded, NULL);
  g_task_set_task_data (task, g_steal_pointer (&bytes), (GDestroyNotify)g_bytes_unref);
  g_task_run_in_thread (task, decode);
}

static void
fetch (VtThumbnail *self)
{
  if (self->cancellable)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->cancellable = g_cancellable_new ();
  self->taken_alive = vt_machine_is_alive (self->machine);
  vt_machine1_call_screenshot (self->machine->proxy, WIDTH, self->cancellable, on_screenshot,
                               g_object_ref (self->machine));
}

static void
stop (VtThumbnail *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

VtThumbnail *
vt_thumbnail_new (VtMachine *machine)
{
  VtThumbnail *self = g_new0 (VtThumbnail, 1);
  self->machine = machine;
  return self;
}

void
vt_thumbnail_free (VtThumbnail *self)
{
  stop (self);
  g_clear_object (&self->texture);
  g_clear_pointer (&self->png, g_bytes_unref);
  g_free (self);
}

GdkPaintable *
vt_thumbnail_get (VtThumbnail *self)
{
  return self ? GDK_PAINTABLE (self->texture) : NULL;
}

void
vt_thumbnail_hold (VtThumbnail *self)
{
  if (self->holders++ == 0 && is_due (self))
    fetch (self);
}

void
vt_thumbnail_release (VtThumbnail *self)
{
  g_return_if_fail (self->holders > 0);
  if (--self->holders == 0)
    stop (self);
}

/* Other properties change more often than the state: a picture that is only just taken stays. */
void
vt_thumbnail_changed (VtThumbnail *self)
{
  if (!self)
    return;
  if (!self->machine->proxy)
    stop (self);
  else if (is_due (self) && (!self->timer || self->taken_alive != vt_machine_is_alive (self->machine)))
    fetch (self);
}
