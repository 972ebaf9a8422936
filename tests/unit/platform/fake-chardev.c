/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "fake-chardev.h"

Chardev *
fake_chardev_new (void)
{
  Chardev *chr = g_new0 (Chardev, 1);
  chr->out = g_string_new (NULL);
  chr->in = g_string_new (NULL);
  return chr;
}

void
fake_chardev_free (Chardev *chr)
{
  g_assert_null (chr->frontend);
  g_string_free (chr->out, TRUE);
  g_string_free (chr->in, TRUE);
  g_free (chr);
}

static void
deliver (Chardev *chr)
{
  while (chr->in->len > 0) {
    size_t room = chr->frontend->can_receive (chr->opaque);
    size_t n = MIN (room, chr->in->len);
    if (n == 0)
      return;
    chr->frontend->receive (chr->opaque, (const uint8_t *)chr->in->str, n);
    g_string_erase (chr->in, 0, (gssize)n);
  }
  chr->frontend->can_receive (chr->opaque);
}

void
fake_chardev_type (Chardev *chr, const char *text, size_t size)
{
  g_string_append_len (chr->in, text, (gssize)size);
  deliver (chr);
}

void
fake_chardev_unblock (Chardev *chr)
{
  chr->blocked = false;
  void (*ready) (void *opaque) = chr->ready;
  chr->ready = NULL;
  if (ready != NULL)
    ready (chr->ready_opaque);
}

bool
chardev_attach (Chardev *chr, const ChardevFrontend *frontend, void *opaque, GError **error)
{
  if (chr->frontend != NULL) {
    g_set_error_literal (error, g_quark_from_static_string ("fake"), 1, "another device has it");
    return false;
  }
  chr->frontend = frontend;
  chr->opaque = opaque;
  return true;
}

void
chardev_detach_one (Chardev *chr, void *opaque)
{
  g_assert_true (chr->opaque == opaque);
  chr->frontend = NULL;
  chr->ready = NULL;
}

void
chardev_write (Chardev *chr, const uint8_t *data, size_t size)
{
  g_assert_false (chr->blocked);
  g_string_append_len (chr->out, (const char *)data, (gssize)size);
}

bool
chardev_writable (Chardev *chr)
{
  return !chr->blocked;
}

void
chardev_notify_writable (Chardev *chr, void (*ready) (void *opaque), void *opaque)
{
  chr->ready = ready;
  chr->ready_opaque = opaque;
}

void
chardev_accept_input (Chardev *chr)
{
  if (!chr->threaded)
    deliver (chr);
}
