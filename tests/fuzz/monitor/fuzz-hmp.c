/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Any keys typed at the human monitor. */

#include "fake-machine.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static Machine *machine;
static Chardev *chr;

static void
start (void)
{
  machine = fake_machine_new ();
  chr = chardev_new ("ringbuf,id=h,size=1M", NULL);
  if (!chr)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const writers[] = { "save", "log", "screen", "migr" };
  if (!machine)
    start ();
  /* Files may be named after these. */
  for (unsigned i = 0; i < G_N_ELEMENTS (writers); i++)
    if (memmem (data, size, writers[i], 3))
      return 0;
  Monitor *monitor = monitor_hmp_new (machine, chr, NULL);
  for (size_t at = 0; at < size; at += MIN (size - at, 512))
    chardev_ringbuf_send (chr, data + at, MIN (size - at, 512));
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  monitor_free (monitor);
  g_string_truncate (fake_calls, 0);
  return 0;
}
