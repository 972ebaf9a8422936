/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Port forwards of a network adapter, and what can be wrong with one. */

#include <glib.h>

typedef struct {
  char *protocol; /* "tcp", "udp" */
  guint host_port, guest_port;
  char *guest_address; /* may be empty: the address that the guest got */
} VtForward;

typedef enum { VT_FORWARD_HOST_PORT, VT_FORWARD_GUEST_PORT, VT_FORWARD_GUEST_ADDRESS } VtForwardField;

VtForward *vt_forward_new (const char *protocol, guint host_port, const char *guest_address,
                           guint guest_port);
void vt_forward_free (VtForward *forward);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VtForward, vt_forward_free)
gboolean vt_forward_equal (const VtForward *a, const VtForward *b);

/* Of the adapter `nic` (array of VtForward); to be unreferenced. */
GPtrArray *vt_forwards_get (GVariant *settings, const char *nic);
/* The adapter's "forward": a(sqsq), floating. */
GVariant *vt_forwards_to_variant (GPtrArray *forwards);
/* A decimal port number from 1 to 65535; 0 for any other text. */
guint vt_port_from_text (const char *text);
/* NULL, or cause and remedy in a sentence each, and what is wrong. `replaced` (may be NULL) is the adapter's
 * forward that it comes in place of; ports from `first_free` on are for everybody. To be freed. */
char *vt_forward_check (const VtForward *forward, const VtForward *replaced, GVariant *settings,
                        guint first_free, VtForwardField *ret_field);
/* A port of this computer's that no forward of the machine has, to suggest for a guest's port. */
guint vt_forward_suggest (GVariant *settings, const char *protocol, guint guest_port);
/* The first port that needs no privilege, as this computer is set up. */
guint vt_first_free_port (void);
