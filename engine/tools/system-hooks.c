/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-options.h"

#include "monitor.h"
#include "virtio-balloon.h"

/* What the monitor's commands need of devices that it does not know. */

static Device *
find_balloon (Device *dev)
{
  if (virtio_balloon_is (dev))
    return dev;
  for (unsigned i = 0; i < dev->children->len; i++) {
    Device *found = find_balloon (dev->children->pdata[i]);
    if (found != NULL)
      return found;
  }
  return NULL;
}

static bool
balloon (void *opaque, uint64_t *ret_bytes)
{
  const Machine *machine = opaque;
  Device *dev = find_balloon (machine->root);
  if (dev != NULL)
    *ret_bytes = virtio_balloon_actual (dev, machine->ram->size);
  return dev != NULL;
}

static void
set_balloon (void *opaque, uint64_t bytes)
{
  const Machine *machine = opaque;
  Device *dev = find_balloon (machine->root);
  if (dev != NULL)
    virtio_balloon_set_target (dev, machine->ram->size, bytes);
}

void
system_balloon_hooks (MonitorHooks *hooks)
{
  hooks->balloon = balloon;
  hooks->set_balloon = set_balloon;
}
