/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Clients ask for other sizes of the screens only where there is an agent, although the machine sees to them
 * itself. While the guest has no agent, this stands in its place: it tells that it takes sizes and nothing
 * else, and forgets what it is sent; sizes are taken out by the library before. */

#include "spice-private.h"

#include <spice/vd_agent.h>
#include <string.h>

typedef struct SPICE_ATTR_PACKED {
  VDIChunkHeader chunk;
  VDAgentMessage message;
  uint32_t request, capabilities;
} Announcement;

static const Announcement announcement = {
  .chunk = { VDP_CLIENT_PORT, GUINT32_TO_LE (sizeof announcement - sizeof announcement.chunk) },
  .message = { .protocol = GUINT32_TO_LE (VD_AGENT_PROTOCOL),
               .type = GUINT32_TO_LE (VD_AGENT_ANNOUNCE_CAPABILITIES),
               .size = GUINT32_TO_LE (2 * sizeof (uint32_t)) },
  .capabilities =
      GUINT32_TO_LE (1u << VD_AGENT_CAP_MONITORS_CONFIG | 1u << VD_AGENT_CAP_SPARSE_MONITORS_CONFIG |
                     1u << VD_AGENT_CAP_FILE_XFER_DISABLED),
};

static SpiceCharDeviceInstance stand_in;
static SpiceServer *served;
static size_t told; /* bytes of the announcement; all: nobody asks */

static bool
asks (const uint8_t *data, size_t size)
{
  Announcement first;
  if (size < sizeof first)
    return false;
  memcpy (&first, data, sizeof first);
  return first.message.type == announcement.message.type && first.request;
}

static int
on_write (SpiceCharDeviceInstance *instance, const uint8_t *data, int size)
{
  if (size > 0 && asks (data, (size_t)size) && told == sizeof announcement) {
    told = 0;
    spice_server_char_device_wakeup (instance);
  }
  return size;
}

static int
on_read (SpiceCharDeviceInstance *instance, uint8_t *data, int size)
{
  const size_t n = MIN (sizeof announcement - told, (size_t)MAX (size, 0));
  memcpy (data, (const uint8_t *)&announcement + told, n);
  told += n;
  return (int)n;
}

static void
on_state (SpiceCharDeviceInstance *instance, int connected)
{
  told = sizeof announcement;
}

static const SpiceCharDeviceInterface interface = {
  .base = { SPICE_INTERFACE_CHAR_DEVICE, "agent's stand-in", SPICE_INTERFACE_CHAR_DEVICE_MAJOR,
            SPICE_INTERFACE_CHAR_DEVICE_MINOR },
  .state = on_state,
  .write = on_write,
  .read = on_read,
};

void
spice_stand_in_serve (SpiceServer *server, bool agent_mouse)
{
  if (server == served)
    return;
  if (served) {
    spice_server_remove_interface (&stand_in.base);
    spice_server_set_agent_mouse (served, agent_mouse);
  }
  served = server;
  if (!server)
    return;
  stand_in.base.sif = &interface.base;
  stand_in.subtype = "vdagent";
  told = sizeof announcement;
  /* It would take the pointer's positions, and the guest would never see them. */
  spice_server_set_agent_mouse (server, false);
  if (spice_server_add_interface (server, &stand_in.base) != 0)
    served = NULL;
}
