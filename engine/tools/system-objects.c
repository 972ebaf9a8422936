/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-options.h"

#include "keyval.h"
#include "suggest.h"
#include "device-display.h"
#include "device-input.h"
#include "virtio-balloon.h"
#include "virtio-blk.h"
#include "virtio-console.h"
#include "virtio-net.h"
#include "virtio-rng.h"
#include "virtio-scsi.h"
#include "virtio.h"
#include <string.h>

void
system_register_devices (void)
{
  virtio_blk_register ();
  virtio_scsi_register ();
  virtio_net_register ();
  virtio_console_register ();
  virtio_rng_register ();
  virtio_balloon_register ();
  device_display_register ();
  device_input_register ();
}

bool
system_object_new (const char *text, GError **error)
{
  static const char *const kinds[] = { "iothread", NULL };
  g_autoptr (Keyval) kv = keyval_parse (text, "qom-type", error);
  if (kv == NULL)
    return false;
  const char *kind = keyval_get (kv, "qom-type"), *id = keyval_get (kv, "id");
  if (kind == NULL || strcmp (kind, kinds[0]) != 0) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-object %s: there is no such kind; did you mean '%s'?", text,
                 suggest_nearest (kind ? kind : "", kinds));
    return false;
  }
  if (id == NULL || iothread_find (id) != NULL) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-object %s: %s", text,
                 id ? "another object has this id" : "give it an id: iothread,id=io1");
    return false;
  }
  if (!keyval_finish (kv, "-object iothread", error))
    return false;
  iothread_new (id);
  return true;
}
