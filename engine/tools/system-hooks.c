/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-options.h"

#include "gdb-machine.h"
#include "monitor.h"
#include "virtio-balloon.h"
#include <string.h>

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

/* One debugger's server at a time, "none" ends it. */
static GdbMachine *gdb_server;

static bool
gdbserver (void *machine, const char *where, GError **error)
{
  system_gdb_end ();
  if (strcmp (where, "none") == 0)
    return true;
  gdb_server = gdb_machine_new (machine, where, error);
  return gdb_server != NULL;
}

void
system_gdb_hooks (MonitorHooks *hooks)
{
  hooks->gdbserver = gdbserver;
}

void
system_gdb_end (void)
{
  g_clear_pointer (&gdb_server, gdb_machine_free);
}
