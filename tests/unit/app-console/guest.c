/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest.h"

#include "chardev.h"
#include "spice-rig.h"

#include <linux/input-event-codes.h>
#include <spice/vd_agent.h>
#include <string.h>
#include <sys/socket.h>

static Rig rig;
static Chardev *agent;
static GByteArray *received; /* chunks */
static GByteArray *stream;   /* messages */
static int size_x, size_y;

/* ---- The agent ---- */

static size_t
can_receive (void *opaque)
{
  return 4096;
}

static void
receive (void *opaque, const uint8_t *data, size_t size)
{
  g_byte_array_append (received, data, (guint)size);
  VDIChunkHeader chunk;
  while (received->len >= sizeof chunk) {
    memcpy (&chunk, received->data, sizeof chunk);
    if (received->len < sizeof chunk + chunk.size)
      return;
    g_byte_array_append (stream, received->data + sizeof chunk, chunk.size);
    g_byte_array_remove_range (received, 0, (guint)sizeof chunk + chunk.size);
  }
}

static const ChardevFrontend frontend = { .can_receive = can_receive, .receive = receive };

GBytes *
guest_agent_take (guint32 type)
{
  VDAgentMessage message;
  for (guint at = 0; at + sizeof message <= stream->len;) {
    memcpy (&message, stream->data + at, sizeof message);
    const guint length = (guint)sizeof message + message.size;
    if (at + length > stream->len)
      return NULL;
    if (message.type == type) {
      GBytes *bytes = g_bytes_new (stream->data + at + sizeof message, message.size);
      g_byte_array_remove_range (stream, at, length);
      return bytes;
    }
    at += length;
  }
  return NULL;
}

void
guest_agent_send (guint32 type, gconstpointer data, gsize size)
{
  const VDAgentMessage message = { .protocol = VD_AGENT_PROTOCOL, .type = type, .size = (guint32)size };
  const VDIChunkHeader chunk = { .port = VDP_CLIENT_PORT, .size = (guint32)(sizeof message + size) };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_assert_cmpuint (sizeof message + size, <=, VD_AGENT_MAX_DATA_SIZE);
  g_byte_array_append (bytes, (const guint8 *)&chunk, sizeof chunk);
  g_byte_array_append (bytes, (const guint8 *)&message, sizeof message);
  g_byte_array_append (bytes, data, (guint)size);
  chardev_write (agent, bytes->data, bytes->len);
}

void
guest_agent_start (void)
{
  chardev_set_frontend_open (agent, true);
}

void
guest_agent_announce (void)
{
  const guint32 message[] = { 1, 1u << VD_AGENT_CAP_MONITORS_CONFIG | 1u << VD_AGENT_CAP_CLIPBOARD_BY_DEMAND |
                                     1u << VD_AGENT_CAP_CLIPBOARD_SELECTION };
  guest_agent_send (VD_AGENT_ANNOUNCE_CAPABILITIES, message, sizeof message);
}

/* ---- The rest ---- */

void
guest_open (int width, int height, gboolean tablet)
{
  static gboolean registered;
  g_autoptr (GError) error = NULL;
  if (!registered)
    spice_register_chardevs ();
  registered = TRUE;
  received = g_byte_array_new ();
  stream = g_byte_array_new ();
  agent = chardev_new ("spicevmc,id=vdagent,name=vdagent", &error);
  g_assert_no_error (error);
  g_assert_true (chardev_attach (agent, &frontend, NULL, NULL));
  chardev_set_frontend_open (agent, false);
  rig_open (&rig, "disable-ticketing=on,image-compression=off,streaming-video=off", 1,
            INPUT_KEYBOARD | (tablet ? INPUT_POINTER_ABS : INPUT_POINTER_REL));
  guest_resize (width, height);
}

void
guest_close (void)
{
  chardev_set_frontend_open (agent, false);
  rig_close (&rig);
  chardev_free (agent);
  g_clear_pointer (&received, g_byte_array_unref);
  g_clear_pointer (&stream, g_byte_array_unref);
}

int
guest_connect (void)
{
  int fds[2];
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  spice_service_add_client (rig.service, fds[0], true, &error);
  g_assert_no_error (error);
  return fds[1];
}

void
guest_resize (int width, int height)
{
  size_x = width;
  size_y = height;
  rig_resize (&rig.screens[0], (uint32_t)width, (uint32_t)height);
}

void
guest_fill (int x, int y, int width, int height, guint32 colour)
{
  rig_fill (&rig.screens[0], (uint32_t)x, (uint32_t)y, (uint32_t)width, (uint32_t)height, colour);
}

void
guest_cursor (guint32 colour, int hot_x, int hot_y)
{
  guint32 pixels[64 * 64];
  for (guint i = 0; i < G_N_ELEMENTS (pixels); i++)
    pixels[i] = colour;
  display_set_cursor (rig.screens[0].display, pixels, (uint32_t)hot_x, (uint32_t)hot_y);
}

static char *
take (GArray *events)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < events->len;) {
    const RigEvent *event = &g_array_index (events, RigEvent, i);
    if (event->type != EV_KEY) {
      i++;
      continue;
    }
    g_string_append_printf (text, "%s%c%u", text->len ? " " : "", event->value ? '+' : '-', event->code);
    g_array_remove_index (events, i);
  }
  return g_string_free (text, FALSE);
}

char *
guest_take_keys (void)
{
  return take (rig.keys);
}

char *
guest_take_buttons (void)
{
  return take (rig.positions->len ? rig.positions : rig.motion);
}

static int
to_pixel (int value, int size)
{
  return (int)(((gint64)value * (size - 1) + 0x3fff) / 0x7fff);
}

void
guest_pointer (int *ret_x, int *ret_y)
{
  *ret_x = *ret_y = -1;
  for (guint i = 0; i < rig.positions->len; i++) {
    const RigEvent *event = &g_array_index (rig.positions, RigEvent, i);
    if (event->type == EV_ABS && event->code == ABS_X)
      *ret_x = to_pixel (event->value, size_x);
    if (event->type == EV_ABS && event->code == ABS_Y)
      *ret_y = to_pixel (event->value, size_y);
  }
}

void
guest_take_motion (int *ret_dx, int *ret_dy, int *ret_wheel)
{
  GArray *lists[] = { rig.motion, rig.positions };
  *ret_dx = *ret_dy = *ret_wheel = 0;
  for (guint list = 0; list < G_N_ELEMENTS (lists); list++)
    for (guint i = 0; i < lists[list]->len;) {
      const RigEvent *event = &g_array_index (lists[list], RigEvent, i);
      if (event->type != EV_REL) {
        i++;
        continue;
      }
      *(event->code == REL_X ? ret_dx : event->code == REL_Y ? ret_dy : ret_wheel) += event->value;
      g_array_remove_index (lists[list], i);
    }
}

void
guest_wanted (int *ret_width, int *ret_height)
{
  *ret_width = (int)rig.screens[0].wanted_width;
  *ret_height = (int)rig.screens[0].wanted_height;
}
