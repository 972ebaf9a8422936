/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes from a QMP client. Each answer and event is one line of JSON again. */

#include "fake-machine.h"

#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static Machine *machine;
static Chardev *chr;
static Monitor *monitor;

static void
start (void)
{
  machine = fake_machine_new ();
  chr = chardev_new ("ringbuf,id=q,size=1M", NULL);
  if (!chr)
    abort ();
}

static void
check_answers (void)
{
  g_autoptr (GBytes) bytes = chardev_ringbuf_read (chr, G_MAXINT);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_auto (GStrv) lines = g_strsplit (text, "\r\n", -1);
  /* The ring may have lost the beginning of the first one. */
  const bool full = g_bytes_get_size (bytes) == 1 << 20;
  for (unsigned i = full; lines[i] && *lines[i]; i++) {
    g_autoptr (JsonParser) parser = json_parser_new ();
    if (!json_parser_load_from_data (parser, lines[i], -1, NULL))
      abort ();
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char negotiate[] = "{\"execute\":\"qmp_capabilities\"}\n";
  if (!machine)
    start ();
  /* Files may be named in it. */
  if (memmem (data, size, "filename", 8))
    return 0;
  monitor = monitor_qmp_new (machine, chr, false, NULL);
  chardev_ringbuf_send (chr, (const uint8_t *)negotiate, strlen (negotiate));
  for (size_t at = 0; at < size; at += MIN (size - at, 512))
    chardev_ringbuf_send (chr, data + at, MIN (size - at, 512));
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  check_answers ();
  monitor_free (monitor);
  g_string_truncate (fake_calls, 0);
  return 0;
}
