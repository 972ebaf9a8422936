/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The machine's screens, keyboard, pointer and agent for SPICE clients, by libspice-server.
 *
 * There is at most one server in a process. It runs on the default main context; libspice-server makes a
 * worker thread for each screen. */

#include "machine.h"

typedef struct SpiceService SpiceService;

/* From QEMU's -spice syntax: "port=5930,addr=127.0.0.1,disable-ticketing=on", "unix=on,addr=PATH",
 * "tls-port=…,x509-dir=…,password-secret=…", "image-compression=off", … With neither port, tls-port nor unix
 * it listens nowhere and serves only the connections handed to spice_service_add_client(). NULL and an error
 * with cause and remedy; unknown keys are refused with the nearest. To be called after the machine is built:
 * every screen of display_list() gets a display channel; machines without a pointer that gives positions get
 * relative motion. */
SpiceService *spice_service_new (Machine *machine, const char *options, GError **error);
/* What -spice help prints; newly allocated. */
char *spice_options_help (void);
void spice_service_free (SpiceService *service);
/* A connection made elsewhere, one per channel: a stream socket, which it takes over whatever the outcome.
 * With `skip_auth` its owner is trusted and needs no password. */
bool spice_service_add_client (SpiceService *service, int fd, bool skip_auth, GError **error);
/* NULL or empty: nobody may connect; `seconds`: for how long from now, 0: for ever. */
bool spice_service_set_password (SpiceService *service, const char *password, unsigned seconds,
                                 GError **error);
/* Text for the monitor's info spice, and the same as QMP's query-spice. */
void spice_service_describe (SpiceService *service, GString *out);

/* The chardev kind "spicevmc,id=…,name=vdagent" (also spiceport): the agent's channel for a virtio serial
 * port named com.redhat.spice.0. Registered before any chardev is made. */
void spice_register_chardevs (void);
