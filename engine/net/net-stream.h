/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net-address.h"

/* What the older kind "socket" shares with "stream" and "dgram". These take the address's text. */
bool net_stream_set_up (NetBackend *net, NetAddress *address, bool server, unsigned reconnect_ms,
                        GError **error);
bool net_dgram_set_up (NetBackend *net, NetAddress *local, NetAddress *remote, GError **error);
